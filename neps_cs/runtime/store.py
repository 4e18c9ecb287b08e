"""The trial store: an SQLite file in the root directory, the one truth about a run.

Every change is one transaction, synced to disk before it counts as done; several processes on
one machine may share the file. A worker holds a lock on a file of its own as long as it lives, so
a trial whose worker was killed is known by its free lock, without clocks or process ids.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from neps_cs import files
from neps_cs.errors import Problem, StoreError
from neps_cs.optimizers.base import Proposal
from neps_cs.trials import Report, State, Trial

FILE = "neps_cs.sqlite"
WORKERS = "workers"
VERSION = 1

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE trials (
    id INTEGER PRIMARY KEY, config TEXT NOT NULL, fidelities TEXT NOT NULL, state TEXT NOT NULL,
    worker TEXT NOT NULL, sampled REAL NOT NULL, started REAL, ended REAL, report TEXT
);
"""
_COLUMNS = "id, config, fidelities, state, worker, sampled, started, ended, report"


class Store:
    """The trials of a run. Make one with `Store.create` or `Store.open`; use it as a context manager.

    Raises StoreError, which names the file, for anything that the disk or SQLite refuses.
    """

    def __init__(self, root: Path, connection: sqlite3.Connection) -> None:
        self.root = root
        self._connection = connection
        self._lock: FileLock | None = None
        self._keep = True
        self._ended: list[Trial] = []

    @classmethod
    def exists(cls, root: Path) -> bool:
        """Whether the directory holds a store."""
        return (root / FILE).is_file()

    @classmethod
    def create(cls, root: Path, meta: Mapping[str, Any]) -> Store:
        """The store of a directory, made with this meta if there is none yet."""
        with _explained(root / FILE):
            root.mkdir(parents=True, exist_ok=True)
            store = cls(root, _connect(root / FILE))
            with store._transaction():
                tables = store._connection.execute("SELECT name FROM sqlite_master").fetchall()
                if not tables:
                    for statement in _SCHEMA.split(";"):
                        store._connection.execute(statement)
                    rows = {"version": VERSION, **meta}
                    store._connection.executemany(
                        "INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in rows.items()]
                    )
        store._check_version()
        return store

    @classmethod
    def open(cls, root: Path) -> Store:
        """The store of a directory for reading. Raises StoreError where there is none."""
        if not cls.exists(root):
            raise StoreError(Problem("the directory must hold a run of neps_cs", f"no {FILE}", str(root)))
        with _explained(root / FILE):
            store = cls(root, _connect_reading(root / FILE))
            store._check_version()
        return store

    def _check_version(self) -> None:
        with _explained(self.root / FILE):
            version = self.meta("version")
        if version != VERSION:
            rule = f"this neps_cs reads version {VERSION} of the store"
            raise StoreError(Problem(rule, repr(version), str(self.root / FILE)))

    def close(self) -> None:
        """Close the file and release the worker's lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()
            if not self._keep:
                Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self, key: str) -> Any:
        """A value of the run's meta, None where it has none."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        try:
            return None if row is None else json.loads(row[0])
        except (ValueError, TypeError, RecursionError) as e:
            rule = "the store must be as neps_cs wrote it"
            raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", f"{self.root / FILE}, {key}")) from e

    def enlist(self, worker: str, *, keep: bool) -> None:
        """Take the lock that says that this worker lives. Raises StoreError where it is taken.

        `keep` leaves the lock's file behind: removing the file of a name that another process may
        take at that moment would let two of them hold it.
        """
        with _explained(self.root / WORKERS):
            (self.root / WORKERS).mkdir(exist_ok=True)
            lock = FileLock(self.root / WORKERS / f"{worker}.lock")
            try:
                lock.acquire(timeout=1)  # another process may be looking whether it is free
            except Timeout:
                rule = "a worker_id must be used by one process at a time"
                raise StoreError(Problem(rule, repr(worker), str(self.root))) from None
        self._lock, self._keep = lock, keep

    def living(self) -> list[str]:
        """The workers, other than this one, whose lock is held."""
        own = None if self._lock is None else Path(self._lock.lock_file).name
        paths = sorted((self.root / WORKERS).glob("*.lock"))
        return [p.stem for p in paths if p.name != own and not _is_free(p)]

    def claim(
        self, worker: str, ask: Callable[[int], Proposal | None], may_start: Callable[[list[Trial]], bool]
    ) -> Trial | None:
        """The trial that this worker evaluates next, marked as running; None when none may start.

        One whose evaluation was interrupted goes first, then a new one by `ask(id)`. `may_start`
        sees all trials, those that ended and those that run: budgets hold across processes,
        since all this is one transaction.
        """
        with _explained(self.root / FILE), self._transaction():
            self._free_the_dead(worker)
            trials = self.trials()
            if not may_start([t for t in trials if t.state is not State.INTERRUPTED]):
                return None
            now = time.time()
            waiting = next((t for t in trials if t.state is State.INTERRUPTED), None)
            if waiting is not None:
                self._connection.execute(
                    "UPDATE trials SET state = ?, worker = ?, started = ? WHERE id = ?",
                    (State.RUNNING.value, worker, now, waiting.id),
                )
                number = waiting.id
            else:
                number = 1 + max((t.id for t in trials), default=0)
                proposal = ask(number)
                if proposal is None:
                    return None
                self._connection.execute(
                    f"INSERT INTO trials ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                    (
                        number, json.dumps(proposal.config), json.dumps(dict(proposal.fidelities)),
                        State.RUNNING.value, worker, now, now,
                    ),
                )  # fmt: skip
            return self.trial(number)

    def _free_the_dead(self, worker: str) -> None:
        rows = self._connection.execute(
            "SELECT DISTINCT worker FROM trials WHERE state = ?", (State.RUNNING.value,)
        ).fetchall()
        for (other,) in rows:
            # a worker evaluates one trial at a time: what still runs under its own name was a dead namesake's
            if other == worker or _is_free(self.root / WORKERS / f"{other}.lock"):
                self._connection.execute(
                    "UPDATE trials SET state = ? WHERE state = ? AND worker = ?",
                    (State.INTERRUPTED.value, State.RUNNING.value, other),
                )

    def finish(self, trial: Trial, report: Report, state: State) -> Trial:
        """Keep a report; when this returns it is on disk. The first report of a trial stays."""
        with _explained(self.root / FILE), self._transaction():
            self._connection.execute(
                "UPDATE trials SET state = ?, ended = ?, report = ?"
                " WHERE id = ? AND worker = ? AND state = ?",
                (
                    state.value, time.time(), json.dumps(asdict(report)),
                    trial.id, trial.worker, State.RUNNING.value,
                ),
            )  # fmt: skip
        return self.trial(trial.id)

    def release(self, trial: Trial) -> None:
        """Give a running trial back, to be evaluated again."""
        with _explained(self.root / FILE), self._transaction():
            self._connection.execute(
                "UPDATE trials SET state = ? WHERE id = ? AND worker = ? AND state = ?",
                (State.INTERRUPTED.value, trial.id, trial.worker, State.RUNNING.value),
            )

    def trials(self) -> list[Trial]:
        """All trials by id."""
        with _explained(self.root / FILE):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM trials WHERE id > ? ORDER BY id", (len(self._ended),)
            ).fetchall()
        read = [self._trial(row) for row in rows]
        for trial in read:  # what has ended never changes: the leading ones need no second reading
            if not trial.state.ended or trial.id != len(self._ended) + 1:
                break
            self._ended.append(trial)
        return self._ended[: read[0].id - 1 if read else None] + read

    def trial(self, number: int) -> Trial:
        """One trial. Raises StoreError, naming those that there are, where it does not exist."""
        with _explained(self.root / FILE):
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM trials WHERE id = ?", (number,)
            ).fetchone()
            last = self._connection.execute("SELECT max(id) FROM trials").fetchone()[0]
        if row is None:
            known = f"config_1 to config_{last}" if last else "no trial yet"
            raise StoreError(Problem(f"a trial must exist ({known})", f"config_{number}", str(self.root)))
        return self._trial(row)

    def _trial(self, row: tuple[Any, ...]) -> Trial:
        try:
            return _trial(row)
        except (ValueError, TypeError, KeyError) as e:
            rule = "a trial in the store must be as neps_cs wrote it"
            raise StoreError(
                Problem(rule, f"{type(e).__name__}: {e}", f"{self.root / FILE}, {row[0]}")
            ) from e

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_reading(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing; where even SQLite's own side files can't be written, the
    file alone is read."""
    place = path.absolute().as_uri()
    connection = sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=60, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{place}?immutable=1", uri=True, isolation_level=None)
    return connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as e:
        rule = "the root directory must be writable, with space left, and its store undamaged"
        raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", str(path))) from e


def _is_free(path: Path) -> bool:
    """Whether no living process holds the lock. Taking it is the only safe way to know."""
    if not path.exists():
        return True
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True


def _trial(row: tuple[Any, ...]) -> Trial:
    number, config, fidelities, state, worker, sampled, started, ended, report = row
    return Trial(
        number, json.loads(config), json.loads(fidelities), State(state), worker, sampled, started, ended,
        None if report is None else Report(**json.loads(report)),
    )  # fmt: skip


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, in a folder that is made where it is missing. Raises StoreError."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, text)
