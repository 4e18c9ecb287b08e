"""The trial store: an SQLite file in the root directory, the one truth about a run.

Every change is one transaction, synced to disk before it counts as done; several processes on
one machine may share the file. A worker holds a lock on a file of its own as long as it lives, so
a trial whose worker was killed is known by its free lock, without clocks or process ids.

That a trial starts and that it ends are events. They are numbered in the order in which they were
stored, which is the same for every process; whoever keeps a state (the optimizer, the sums that
budgets look at) reads the events that are new to it, so a step costs the same however long the run is.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from neps_cs.errors import Problem, RunError, StoreError
from neps_cs.optimizers.base import Proposal
from neps_cs.runtime import database
from neps_cs.runtime.database import explained
from neps_cs.runtime.roster import Roster
from neps_cs.trials import Report, State, Trial

FILE = "neps_cs.sqlite"
VERSION = 2

_UNFINISHED = "state IN ('running', 'interrupted')"
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE trials (
    id INTEGER PRIMARY KEY, config TEXT NOT NULL, fidelities TEXT NOT NULL, state TEXT NOT NULL,
    worker TEXT NOT NULL, sampled REAL NOT NULL, started REAL, ended REAL, report TEXT,
    previous INTEGER, note TEXT NOT NULL
);
CREATE TABLE events (number INTEGER PRIMARY KEY, trial INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE INDEX unfinished ON trials (state) WHERE {_UNFINISHED};
"""
_COLUMNS = "id, config, fidelities, state, worker, sampled, started, ended, report, previous, note"
_QUALIFIED = ", ".join(f"trials.{name}" for name in _COLUMNS.split(", "))
_OPEN = (State.RUNNING.value, State.INTERRUPTED.value, State.SUBMITTED.value)


class Event(NamedTuple):
    """A trial as it was when it started (then it has no report) or when it ended."""

    number: int
    trial: Trial


class Store:
    """The trials of a run. Make one with `create`, `open`, `change` or `memory`; use it as a context
    manager. Without a root it is kept in memory.

    Raises StoreError, which names the file, for anything that the disk or SQLite refuses.
    """

    def __init__(self, root: Path | None, connection: sqlite3.Connection) -> None:
        self._root = root
        self._file = Path(":memory:") if root is None else root / FILE
        self._connection = connection
        self._roster = None if root is None else Roster(root)

    @property
    def root(self) -> Path:
        """The root directory. Only a store on disk has one."""
        assert self._root is not None, "a store in memory has no root directory"
        return self._root

    @property
    def on_disk(self) -> bool:
        """Whether there is a root directory."""
        return self._root is not None

    @classmethod
    def exists(cls, root: Path) -> bool:
        """Whether the directory holds a store."""
        return (root / FILE).is_file()

    @classmethod
    def create(cls, root: Path, meta: Mapping[str, Any]) -> Store:
        """The store of a directory, made with this meta if there is none yet."""
        with explained(root / FILE):
            root.mkdir(parents=True, exist_ok=True)
            store = cls(root, database.connect(root / FILE))
            with store._closed_on_error():
                store._make(meta)
                store._check_version()
        return store

    @classmethod
    def memory(cls, meta: Mapping[str, Any]) -> Store:
        """A store that is gone when it is closed."""
        store = cls(None, database.connect_memory())
        store._make(meta)
        return store

    @classmethod
    def open(cls, root: Path) -> Store:
        """The store of a directory for reading. Raises StoreError where there is none."""
        return cls._existing(root, writing=False)

    @classmethod
    def change(cls, root: Path) -> Store:
        """The store of a directory, which must be there, for writing."""
        return cls._existing(root, writing=True)

    @classmethod
    def _existing(cls, root: Path, *, writing: bool) -> Store:
        if not cls.exists(root):
            raise StoreError(Problem("the directory must hold a run of neps_cs", f"no {FILE}", str(root)))
        with explained(root / FILE):
            connect = database.connect if writing else database.connect_reading
            store = cls(root, connect(root / FILE))
            with store._closed_on_error():
                store._check_version()
        return store

    def _make(self, meta: Mapping[str, Any]) -> None:
        with database.transaction(self._connection):
            if self._connection.execute("SELECT name FROM sqlite_master").fetchall():
                return
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)
            rows = {"version": VERSION, **meta}
            self._connection.executemany(
                "INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in rows.items()]
            )

    def _check_version(self) -> None:
        tables = {
            name
            for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if not {"meta", "trials"} <= tables:
            rule = "the file must be a store of neps_cs"
            got = f"an SQLite file with the tables {', '.join(sorted(tables)) or 'none'}"
            raise StoreError(Problem(rule, got, str(self._file)))
        version = self.meta("version")
        if version != VERSION:
            rule = f"this neps_cs reads version {VERSION} of the store"
            raise StoreError(Problem(rule, f"version {version!r}", str(self._file)))

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and release the worker's lock."""
        self._connection.close()
        if self._roster is not None:
            self._roster.leave()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written in here is written whole, or not at all; afterwards it is on disk."""
        if self._root is not None and not self._file.exists():  # SQLite would write to what was unlinked
            rule = "the root directory must stay as long as its run"
            raise StoreError(Problem(rule, f"no {FILE} any more", str(self._root)))
        with explained(self._file), database.transaction(self._connection):
            yield

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a transaction that an error undoes alone."""
        with explained(self._file), database.savepoint(self._connection):
            yield

    def meta(self, key: str) -> Any:
        """A value of the run's meta, None where it has none."""
        with explained(self._file):
            row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        try:
            return None if row is None else json.loads(row[0])
        except (ValueError, TypeError, RecursionError) as e:
            rule = "the store must be as neps_cs wrote it"
            raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", f"{self._file}, {key}")) from e

    def change_meta(self, values: Mapping[str, Any]) -> None:
        """Other values of the run's meta; to be called in a transaction."""
        self._connection.executemany(
            "UPDATE meta SET value = ? WHERE key = ?", [(json.dumps(v), k) for k, v in values.items()]
        )

    def enlist(self, worker: str, *, keep: bool) -> None:
        """Be known as living (see Roster). What still runs under this name was a dead namesake's: it is
        interrupted. Raises StoreError where the name is taken."""
        if self._roster is not None:
            self._roster.enlist(worker, keep=keep)
            self.release(worker)

    def living(self) -> list[str]:
        """The workers, other than this one, that live."""
        return [] if self._roster is None else self._roster.living()

    def release(self, worker: str, trial: Trial | None = None) -> list[Trial]:
        """Give back what runs under a worker's name (that one trial alone): it is evaluated again."""
        running = [t for t in self._in_state(State.RUNNING) if t.worker == worker]
        given = [t for t in running if trial is None or t.id == trial.id]
        if given:
            with self.transaction():
                self._interrupt(given)
        return [replace(t, state=State.INTERRUPTED) for t in given]

    def free_the_dead(self, worker: str) -> bool:
        """Interrupt what runs under the names of workers that live no more; whether there was any. To be
        called in a transaction."""
        others = [t for t in self._in_state(State.RUNNING) if t.worker != worker]
        if self._roster is None or not others:
            return False
        dead = {name for name in {t.worker for t in others} if self._roster.is_dead(name)}
        self._interrupt([t for t in others if t.worker in dead])
        return bool(dead)

    def _interrupt(self, trials: list[Trial]) -> None:
        self._connection.executemany(
            "UPDATE trials SET state = ? WHERE id = ? AND state = ?",
            [(State.INTERRUPTED.value, t.id, State.RUNNING.value) for t in trials],
        )

    # what happens to a trial; to be called in a transaction

    def start(self, number: int, proposal: Proposal, worker: str) -> Trial:
        """A new trial that runs. Raises RunError for a proposal that JSON can't hold."""
        now = time.time()
        trial = Trial(
            number, proposal.config, proposal.fidelities, State.RUNNING, worker, now, now,
            previous=proposal.previous, note=proposal.note,
        )  # fmt: skip
        self._insert(trial)
        return trial

    def restart(self, trial: Trial, worker: str) -> Trial:
        """An interrupted trial that runs again."""
        now = time.time()
        self._connection.execute(
            "UPDATE trials SET state = ?, worker = ?, started = ? WHERE id = ?",
            (State.RUNNING.value, worker, now, trial.id),
        )
        return replace(trial, state=State.RUNNING, worker=worker, started=now)

    def end(self, trial: Trial, report: Report, state: State, ended: float | None = None) -> Trial:
        """Keep a report. The first report of a trial stays."""
        ended = time.time() if ended is None else ended
        changed = self._connection.execute(
            f"UPDATE trials SET state = ?, ended = ?, report = ? WHERE id = ? AND state IN ({_marks(_OPEN)})",
            (state.value, ended, _report_text(report), trial.id, *_OPEN),
        ).rowcount
        if not changed:
            return self.trial(trial.id)
        self._connection.execute("INSERT INTO events (trial, ended) VALUES (?, 1)", (trial.id,))
        return replace(trial, state=state, ended=ended, report=report)

    def submit(self, trial: Trial) -> Trial:
        """The trial is evaluated elsewhere: its report comes by itself, perhaps it is there already."""
        self._connection.execute(
            "UPDATE trials SET state = ? WHERE id = ? AND state = ?",
            (State.SUBMITTED.value, trial.id, State.RUNNING.value),
        )
        return self.trial(trial.id)

    def add(self, trial: Trial) -> None:
        """A trial that was evaluated elsewhere, with its report."""
        assert trial.report is not None, "it ended"
        self._insert(trial)
        self._connection.execute("INSERT INTO events (trial, ended) VALUES (?, 1)", (trial.id,))

    def _insert(self, trial: Trial) -> None:
        try:
            texts = [json.dumps(dict(part)) for part in (trial.config, trial.fidelities, trial.note)]
        except (TypeError, ValueError) as e:
            rule = "a proposal must hold plain values only"
            raise RunError(Problem(rule, f"{type(e).__name__}: {e}", trial.name)) from e
        report = None if trial.report is None else _report_text(trial.report)
        config, fidelities, note = texts
        self._connection.execute(
            f"INSERT INTO trials ({_COLUMNS}) VALUES ({_marks(range(11))})",
            (
                trial.id, config, fidelities, trial.state.value, trial.worker, trial.sampled, trial.started,
                trial.ended, report, trial.previous, note,
            ),
        )  # fmt: skip
        self._connection.execute("INSERT INTO events (trial, ended) VALUES (?, 0)", (trial.id,))

    # reading

    def events(self, after: int) -> list[Event]:
        """The events with a number above `after`, which counts from 1, in their order."""
        with explained(self._file):
            rows = self._connection.execute(
                f"SELECT events.number, events.ended, {_QUALIFIED} FROM events"
                " JOIN trials ON trials.id = events.trial WHERE events.number > ? ORDER BY events.number",
                (after,),
            ).fetchall()
        return [Event(number, self._at(ended, self._trial(row))) for number, ended, *row in rows]

    def _at(self, ended: int, trial: Trial) -> Trial:
        if ended:
            return trial
        return replace(trial, state=State.RUNNING, started=trial.sampled, ended=None, report=None)

    def last_id(self) -> int:
        """The id of the last trial, 0 without any."""
        with explained(self._file):
            return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM trials").fetchone()[0])

    def interrupted(self) -> list[Trial]:
        """The trials that are to be evaluated again."""
        return self._in_state(State.INTERRUPTED)

    def running(self) -> list[Trial]:
        """The trials that some worker evaluates; it may have died."""
        return self._in_state(State.RUNNING)

    def _in_state(self, state: State) -> list[Trial]:
        # SQLite takes the index `unfinished` only where its very condition stands in the query
        return self._select(f"WHERE {_UNFINISHED} AND state = '{state.value}' ORDER BY id")

    def trials(self) -> list[Trial]:
        """All trials by id."""
        return self._select("ORDER BY id")

    def _select(self, which: str) -> list[Trial]:
        with explained(self._file):
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM trials {which}").fetchall()
        return [self._trial(row) for row in rows]

    def trial(self, number: int) -> Trial:
        """One trial. Raises StoreError, naming those that there are, where it does not exist."""
        with explained(self._file):
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM trials WHERE id = ?", (number,)
            ).fetchone()
            last = self._connection.execute("SELECT max(id) FROM trials").fetchone()[0]
        if row is None:
            known = f"config_1 to config_{last}" if last else "no trial yet"
            raise StoreError(Problem(f"a trial must exist ({known})", f"config_{number}", str(self._file)))
        return self._trial(row)

    def _trial(self, row: Any) -> Trial:
        try:
            return _trial(row)
        except (ValueError, TypeError, KeyError) as e:
            rule = "a trial in the store must be as neps_cs wrote it"
            raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", f"{self._file}, {row[0]}")) from e


def _marks(values: Any) -> str:
    return ", ".join("?" for _ in values)


def _report_text(report: Report) -> str:
    fields = {  # asdict copies deeply, which takes longer than all the rest of a step
        "objective": report.objective, "cost": report.cost, "info": dict(report.info), "error": report.error,
        "traceback": report.traceback, "seconds": report.seconds,
    }  # fmt: skip
    return json.dumps(fields)


def _trial(row: Any) -> Trial:
    number, config, fidelities, state, worker, sampled, started, ended, report, previous, note = row
    return Trial(
        number, json.loads(config), json.loads(fidelities), State(state), worker, sampled, started, ended,
        None if report is None else Report(**json.loads(report)), previous, json.loads(note),
    )  # fmt: skip
