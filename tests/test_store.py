"""The store: events in one order for every process, kills, full disks, files that are something else."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import trials

import neps_cs as neps
from neps_cs.optimizers.base import Proposal
from neps_cs.runtime import database
from neps_cs.runtime.store import FILE, Store
from neps_cs.trials import State, Trial

REPOSITORY = Path(__file__).parent.parent
SETUP = f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / 'converters')!r}]\n"


class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)


class FidelitySpace(Space):
    epochs = neps.IntegerFidelity(1, 9)


class Scripted:
    """An optimizer for tests: `decide` gives what to propose, by the trial's id and the events so far."""

    name = "scripted"
    info: Mapping[str, Any] = {}

    def __init__(self, space: neps.PipelineSpace, decide: Callable[..., Any]) -> None:
        self.space = space
        self.decide = decide
        self.events: list[tuple[int, str]] = []
        made.append(self)

    def observe(self, trial: Trial) -> None:
        assert (trial.report is None) == (trial.state is State.RUNNING)
        self.events.append((trial.id, trial.state.value))

    def ask(self, trial_id: int) -> Any:
        return self.decide(trial_id, list(self.events))


made: list[Scripted] = []


def scripted(decide: Callable[..., Any]) -> Callable[..., Scripted]:
    made.clear()
    return lambda space: Scripted(space, decide)


def by_id(space: neps.PipelineSpace) -> Scripted:
    return Scripted(space, proposal)


def proposal(number: int, events: object) -> Proposal:
    return Proposal({"x": number / 1000})


def test_each_optimizer_observes_each_event_once_in_the_same_order(tmp_path: Path) -> None:
    choice = scripted(proposal)
    for total in (3, 5):
        neps.run(
            lambda x: x if x != 0.002 else 1 / 0, Space(), root_directory=tmp_path, optimizer=choice,
            total_evaluations_to_spend=total, ignore_errors=True,
        )  # fmt: skip
    states = ["success", "crashed", "success", "success", "success"]
    expected = [(n, s) for n, end in enumerate(states, start=1) for s in ("running", end)]
    first, second = (o for o in made if o.events)
    assert first.events == expected[:6]
    assert second.events == expected
    with Store.open(tmp_path) as store:
        assert [(e.trial.id, e.trial.state.value) for e in store.events(0)] == expected
        assert [e.number for e in store.events(4)] == [5, 6, 7, 8, 9, 10]


def test_threads_observe_the_same_events(tmp_path: Path) -> None:
    choice = scripted(proposal)

    def work() -> None:
        neps.run(
            lambda x: time.sleep(0.002) or x, Space(), root_directory=tmp_path, optimizer=choice,
            total_evaluations_to_spend=30,
        )  # fmt: skip

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(tmp_path) as store:
        stored = [(e.trial.id, e.trial.state.value) for e in store.events(0)]
    assert len(stored) == 60
    fed = [o for o in made if o.events]
    assert len(fed) == 3
    for optimizer in fed:
        assert optimizer.events == stored[: len(optimizer.events)]
        assert len(optimizer.events) >= 50


def test_a_trial_costs_the_same_however_long_the_run_is(tmp_path: Path) -> None:
    counts: list[int] = []

    def progress(trial: Trial) -> None:
        counts.append(len(read))

    read: list[object] = []
    original = Store._trial

    def counted(self: Store, row: Any) -> Trial:
        read.append(row)
        return original(self, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_trial", counted)
        neps.run(
            lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=300, progress=progress,
            worker_evaluations_to_spend=300,
        )  # fmt: skip
    early, late = counts[100] - counts[50], counts[290] - counts[240]
    assert early == late == 50 * 2  # two events each


def test_those_that_run_are_found_without_reading_all(tmp_path: Path) -> None:
    steps: list[int] = []
    for count in (30, 300):
        root = tmp_path / str(count)
        neps.run(lambda x: x, Space(), root_directory=root, total_evaluations_to_spend=count, optimizer=by_id)
        with Store.open(root) as store:
            counted: list[None] = []
            store._connection.set_progress_handler(lambda: counted.append(None), 1)  # noqa: B023
            assert store.running() == store.interrupted() == []
            steps.append(len(counted))
    assert steps[0] == steps[1]  # instructions of SQLite's machine


def test_an_optimizer_that_waits_for_results_is_asked_again(tmp_path: Path) -> None:
    def decide(number: int, events: list[tuple[int, str]]) -> Proposal | None:
        return proposal(number, events) if number < 3 or (1, "success") in events else None

    release = threading.Event()

    def slow(x: float) -> float:
        if x == 0.001:
            assert release.wait(30)
        return x

    run = {"root_directory": tmp_path, "optimizer": scripted(decide), "total_evaluations_to_spend": 4}
    first = threading.Thread(target=neps.run, args=(slow, Space()), kwargs=run)
    first.start()
    while not (tmp_path / "configs/config_1/config.yaml").exists():
        time.sleep(0.01)
    second = threading.Thread(target=neps.run, args=(slow, Space()), kwargs=run)
    second.start()
    while not (tmp_path / "configs/config_2/report.yaml").exists():
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(trials(tmp_path)) == 2
    assert second.is_alive()
    release.set()
    first.join(30)
    second.join(30)
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS] * 4


def test_a_run_ends_where_nothing_is_left_to_propose(tmp_path: Path) -> None:
    def decide(number: int, events: object) -> Proposal | None:
        return proposal(number, events) if number <= 3 else None

    for _ in range(2):
        neps.run(
            lambda x: x, Space(), root_directory=tmp_path, optimizer=scripted(decide),
            total_evaluations_to_spend=10,
        )  # fmt: skip
        assert len(trials(tmp_path)) == 3


def test_a_result_is_kept_when_the_optimizer_fails(tmp_path: Path) -> None:
    def decide(number: int, events: object) -> Proposal:
        if number == 3:
            raise ZeroDivisionError("in the optimizer")
        return proposal(number, events)

    with pytest.raises(ZeroDivisionError, match="in the optimizer"):
        neps.run(
            lambda x: x, Space(), root_directory=tmp_path, optimizer=scripted(decide),
            total_evaluations_to_spend=4,
        )  # fmt: skip
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS] * 2
    assert (tmp_path / "configs/config_2/report.yaml").exists()
    assert "num_success,2" in (tmp_path / "summary/short.csv").read_text()


DIES_ASKING = (
    SETUP
    + """
import os
import time
import neps_cs as neps
from neps_cs.optimizers.base import Proposal

class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)

class Dying:
    name, info = "dying", {{}}
    def __init__(self, space):
        self.space = space
    def observe(self, trial):
        pass
    def ask(self, trial_id):
        if trial_id == 2:
            os._exit(1)
        return Proposal({{"x": 0.5}})

neps.run(lambda x: time.sleep(0.1) or x, Space(), root_directory={root!r}, optimizer=Dying,
         total_evaluations_to_spend=3)
"""
)


def test_a_result_that_took_long_is_stored_before_the_optimizer_is_asked(tmp_path: Path) -> None:
    code = DIES_ASKING.format(root=str(tmp_path))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS]


def test_trials_of_an_ask_that_fails_are_undone(tmp_path: Path) -> None:
    def decide(number: int, events: object) -> Proposal:
        if number == 3 and not failed:
            failed.append(number)
            raise ZeroDivisionError("in the optimizer")
        return proposal(number, events)

    failed: list[int] = []
    study = neps.AskAndTell(Space(), scripted(decide), root_directory=tmp_path)
    with pytest.raises(ZeroDivisionError):
        study.ask(n=4)
    assert trials(tmp_path) == []
    assert [t.id for t in study.ask(n=4)] == [1, 2, 3, 4]
    assert study.ask().id == 5
    assert made[-1].events == [(n, "running") for n in (1, 2, 3, 4)]
    study.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": 1}, "an optimizer must give a Proposal or None, got {'x': 1} of type dict @ scripted"),
        (
            Proposal({"x": 0.5}, previous=1),
            "a proposal must continue an earlier trial, got previous=1, trial 1 @ scripted",
        ),
        (
            Proposal({"x": 0.5}, note={"why": object}),  # type: ignore[dict-item]
            "a proposal must hold plain values only, got TypeError: Object of type type is not JSON "
            "serializable @ config_1",
        ),
    ],
)
def test_proposals_that_are_none(tmp_path: Path, given: Any, message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(
            lambda x: x, Space(), root_directory=tmp_path, optimizer=scripted(lambda *_: given),
            total_evaluations_to_spend=1,
        )  # fmt: skip
    assert str(caught.value) == message
    assert trials(tmp_path) == []


def test_numbers_of_numpy_in_a_proposal_become_plain(tmp_path: Path) -> None:
    class Both(Space):
        n = neps.Integer(1, 9)

    def decide(number: int, events: object) -> Proposal:
        return Proposal({"x": np.float64(0.25), "n": np.int64(number)})  # type: ignore[dict-item]

    neps.run(
        lambda x, n: x, Both(), root_directory=tmp_path, total_evaluations_to_spend=2,
        optimizer=scripted(decide),
    )  # fmt: skip
    assert [dict(t.config) for t in trials(tmp_path)] == [{"x": 0.25, "n": 1}, {"x": 0.25, "n": 2}]
    assert (tmp_path / "configs/config_2/config.yaml").read_text() == "x: 0.25\nn: 2\n"


def test_continuing_a_trial_hands_over_its_folder(tmp_path: Path) -> None:
    def decide(number: int, events: object) -> Proposal:
        if number == 1:
            return Proposal({"x": 0.25}, {"epochs": 1}, note={"rung": 0})
        return Proposal({"x": 0.25}, {"epochs": 3 ** (number - 1)}, previous=number - 1)

    def evaluate(
        x: float, epochs: int, pipeline_directory: Path, previous_pipeline_directory: Path | None
    ) -> float:
        done = 0
        if previous_pipeline_directory is not None:
            done = int((previous_pipeline_directory / "epochs").read_text())
        (pipeline_directory / "epochs").write_text(str(epochs))
        seen.append((done, epochs))
        return x / epochs

    seen: list[tuple[int, int]] = []
    for total in (2, 3):
        neps.run(
            evaluate, FidelitySpace(), root_directory=tmp_path, optimizer=scripted(decide),
            total_evaluations_to_spend=total,
        )  # fmt: skip
    assert seen == [(0, 1), (1, 3), (3, 9)]
    assert [(t.previous, dict(t.note)) for t in trials(tmp_path)] == [(None, {"rung": 0}), (1, {}), (2, {})]


@pytest.mark.parametrize(("budget", "count"), [(4, 2), (4.5, 3), (13, 3), (13.5, 4)])
def test_fidelities_are_counted_in_full(tmp_path: Path, budget: float, count: int) -> None:
    """As NePS counts them: a trial at 3 that continues one at 1 spends 3."""

    def decide(number: int, events: object) -> Proposal:
        epochs = {1: 1, 2: 3}.get(number, 9)
        return Proposal({"x": 0.25}, {"epochs": epochs}, previous=None if number == 1 else number - 1)

    neps.run(
        lambda x, epochs: x, FidelitySpace(), root_directory=tmp_path, optimizer=scripted(decide),
        total_fidelities_to_spend=budget,
    )  # fmt: skip
    assert len(trials(tmp_path)) == count


def test_sums_of_costs_are_exact(tmp_path: Path) -> None:
    neps.run(
        lambda x: {"objective_to_minimize": x, "cost": 0.1}, Space(), root_directory=tmp_path,
        total_cost_to_spend=1,
    )  # fmt: skip
    assert len(trials(tmp_path)) == 10  # added one by one, ten times 0.1 is less than 1


KILLED = (
    SETUP
    + """
import os
import neps_cs as neps

class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)

log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def told(trial):
    os.write(log, f"{{trial.id}} {{trial.report.objective!r}}\\n".encode())

neps.run(
    lambda x: x, Space(), root_directory={root!r}, total_evaluations_to_spend=100_000, seed=1, progress=told,
)
"""
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_kills_at_any_moment_lose_and_double_nothing(tmp_path: Path) -> None:
    root, log = tmp_path / "root", tmp_path / "log"
    code = KILLED.format(log=str(log), root=str(root))
    moments = random.Random(3)
    for _ in range(3):
        size = log.stat().st_size if log.exists() else 0
        workers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
        while not log.exists() or log.stat().st_size == size:
            time.sleep(0.01)
        time.sleep(0.2 + 0.2 * moments.random())
        for worker in workers:
            worker.kill()
            worker.wait()
    told = {int(n): float(v) for n, v in (line.split() for line in log.read_text().splitlines())}
    before = trials(root)
    reported = {t.id: t.report.objective for t in before if t.report is not None}
    assert told.items() <= reported.items()
    assert len(before) - len(reported) <= 6  # what ran when a worker was killed
    total = len(before) + 5
    neps.run(lambda x: x, Space(), root_directory=root, total_evaluations_to_spend=total, seed=1)
    after = trials(root)
    assert [t.id for t in after] == list(range(1, total + 1))
    assert all(t.state is State.SUCCESS for t in after)
    assert {t.id: t.report.objective for t in after if t.id in reported} == reported
    assert len({t.config["x"] for t in after}) == total
    with Store.open(root) as store:
        events = [(e.trial.id, e.trial.state) for e in store.events(0)]
    assert len(events) == len(set(events)) == 2 * total


LIMITED = (
    SETUP
    + """
import resource
import neps_cs as neps

class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file may grow beyond that
try:
    neps.run(lambda x: x, Space(), root_directory={root!r}, total_evaluations_to_spend=5000, seed=1)
except neps.StoreError as e:
    print(e)
"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_disk_that_can_hold_no_more_keeps_what_it_has(tmp_path: Path) -> None:
    code = LIMITED.format(root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rule = (
        "the root directory must be writable, with space left, and its store undamaged, got OperationalError"
    )
    assert done.stdout.startswith(rule), done.stdout
    assert str(tmp_path / FILE) in done.stdout
    check_whole_and_continued(tmp_path)


def check_whole_and_continued(root: Path) -> None:
    connection = sqlite3.connect(root / FILE)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    before = trials(root)
    assert sum(t.state is State.SUCCESS for t in before) >= 5
    total = len(before) + 2
    neps.run(lambda x: x, Space(), root_directory=root, total_evaluations_to_spend=total, seed=1)
    after = trials(root)
    assert [t.state for t in after] == [State.SUCCESS] * total
    assert after[: len(before) - 1] == before[:-1]
    assert all((root / "configs" / t.name / "report.yaml").exists() for t in after)


def test_a_full_database_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = database.connect

    def limited(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(database, "connect", limited)
        with pytest.raises(neps.StoreError, match=f"database or disk is full @ .*{FILE}"):
            neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=500, seed=1)
    check_whole_and_continued(tmp_path)


def test_a_store_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    before = trials(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(database, "connect", database.connect_reading)
        with pytest.raises(neps.StoreError, match="attempt to write a readonly database"):
            neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    assert trials(tmp_path) == before


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write everywhere")
def test_a_directory_that_may_only_be_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(neps.StoreError, match="the root directory must be writable"):
            neps.run(lambda x: x, Space(), root_directory=tmp_path / "a", total_evaluations_to_spend=3)
    finally:
        tmp_path.chmod(0o700)


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(neps.StoreError, match=r"must be writable.*NotADirectoryError"):
        neps.run(lambda x: x, Space(), root_directory=tmp_path / "file/a", total_evaluations_to_spend=3)


def edit(root: Path, *statements: str) -> None:
    connection = sqlite3.connect(root / FILE)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (("UPDATE meta SET value = '1' WHERE key = 'version'",),
         "this neps_cs reads version 2 of the store, got version 1"),
        (("DROP TABLE meta",),
         "the file must be a store of neps_cs, got an SQLite file with the tables events, trials @"),
        (("UPDATE trials SET config = '{' WHERE id = 1",),
         "a trial in the store must be as neps_cs wrote it, got JSONDecodeError"),
        (("UPDATE trials SET state = 'lost' WHERE id = 1",),
         "a trial in the store must be as neps_cs wrote it, got ValueError: 'lost' is not a valid State"),
        (("UPDATE meta SET value = '{' WHERE key = 'space'",), "the store must be as neps_cs wrote it"),
    ],
)  # fmt: skip
def test_other_stores_are_refused_and_left_alone(
    tmp_path: Path, statements: tuple[str, ...], message: str
) -> None:
    neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    edit(tmp_path, *statements)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(neps.StoreError) as caught:
        neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    assert str(caught.value).startswith(message)
    assert FILE in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == before


def test_someone_elses_sqlite_file(tmp_path: Path) -> None:
    edit(tmp_path, "CREATE TABLE songs (name TEXT)")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(neps.StoreError, match="got an SQLite file with the tables songs @"):
        neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    with pytest.raises(neps.StoreError, match="got an SQLite file with the tables songs @"):
        neps.status(tmp_path)
    assert (tmp_path / FILE).read_bytes()[100:] == before[100:]  # WAL mode is noted in the header


def test_a_worker_that_dies_is_replaced_by_one_that_lives(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import time
        import neps_cs as neps

        class Space(neps.PipelineSpace):
            x = neps.Float(0.0, 1.0)

        neps.run(lambda x: time.sleep(60), Space(), root_directory={root!r}, total_evaluations_to_spend=3)
        """
    ).format(root=str(tmp_path))
    dying = subprocess.Popen([sys.executable, "-c", SETUP + code])
    while not (tmp_path / "configs/config_1/config.yaml").exists():
        time.sleep(0.02)
    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 3}
    neps.run(lambda x: x, Space(), **run)
    assert [t.state for t in trials(tmp_path)] == [State.RUNNING, State.SUCCESS, State.SUCCESS]

    def kills(x: float, pipeline_id: str) -> float:
        if pipeline_id == "4":
            dying.kill()
            dying.wait()
        seen.append(pipeline_id)
        return x

    seen: list[str] = []
    neps.run(kills, Space(), root_directory=tmp_path, total_evaluations_to_spend=4)
    assert seen == ["4", "1"]
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS] * 4


@pytest.mark.parametrize("at", range(1, 7))
def test_an_interrupt_while_a_transaction_begins_is_what_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    begun: list[str] = []
    original = database.retried

    def interrupted(connection: sqlite3.Connection, statement: str) -> None:
        original(connection, statement)
        begun.append(statement)
        if begun.count("BEGIN IMMEDIATE") == at and statement == "BEGIN IMMEDIATE":
            raise KeyboardInterrupt

    def run() -> None:
        neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=5, optimizer=by_id)

    with monkeypatch.context() as patch:
        patch.setattr(database, "retried", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run()
    run()
    assert [(t.id, t.state) for t in trials(tmp_path)] == [(n, State.SUCCESS) for n in range(1, 6)]


ORPHAN = """
import multiprocessing, os, signal, time
import neps_cs as neps

class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)

def evaluate(x):
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(20,)).start()
    os.kill(os.getpid(), signal.SIGKILL)

neps.run(evaluate, Space(), root_directory=sys.argv[1], total_evaluations_to_spend=3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_what_an_evaluation_forked_keeps_no_lock_and_none_is_left(tmp_path: Path) -> None:
    """filelock releases its locks in forked processes since 4.0."""
    for _ in range(2):
        killed = subprocess.run(
            [sys.executable, "-c", SETUP + ORPHAN, str(tmp_path)], check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL
    assert [t.state for t in trials(tmp_path)] == [State.RUNNING]
    assert len(list((tmp_path / "workers").iterdir())) == 1
    neps.run(lambda x: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS] * 3
    assert list((tmp_path / "workers").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a file that is open")
def test_a_root_directory_that_is_removed_stops_the_run(tmp_path: Path) -> None:
    root = tmp_path / "run"

    def evaluate(x: float, pipeline_id: str) -> float:
        if pipeline_id == "2":
            shutil.rmtree(root)
        return x

    with pytest.raises(neps.StoreError) as caught:
        neps.run(evaluate, Space(), root_directory=root, total_evaluations_to_spend=5)
    problem = f"the root directory must stay as long as its run, got no {FILE} any more @ {root}"
    assert str(caught.value) == problem
