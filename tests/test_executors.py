"""Trials evaluated in parallel: processes of our own, executors of concurrent.futures, Dask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from running import FidelitySpace, Space, trials

import neps_cs as neps
from neps_cs.runtime.pool import capacity
from neps_cs.runtime.store import Store
from neps_cs.trials import State, Trial

REPOSITORY = Path(__file__).parent.parent


def check_all_there_once(root: Path, count: int) -> None:
    found = trials(root)
    assert [t.id for t in found] == list(range(1, count + 1))
    assert all(t.state is State.SUCCESS for t in found)
    with Store.open(root) as store:
        events = [(e.trial.id, e.trial.state.ended) for e in store.events(0)]
    assert len(events) == len(set(events)) == 2 * count
    for trial in found:
        assert (root / "configs" / trial.name / "report.yaml").exists()
    assert not list((root / "workers").iterdir())


def own_pid(x: float, n: int) -> dict[str, Any]:
    return {"objective_to_minimize": x, "info_dict": {"pid": os.getpid()}}


def slow_pid(x: float, n: int) -> dict[str, Any]:
    time.sleep(0.02)
    return own_pid(x, n)


def dies_once(x: float, n: int, pipeline_directory: Path, pipeline_id: str) -> float:
    mark = pipeline_directory / "died"
    if pipeline_id in ("2", "5") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def dies_always(x: float, n: int, pipeline_id: str) -> float:
    if pipeline_id == "2":
        os._exit(3)
    return x


class _Unwilling(Exception):
    def __init__(self, a: int, b: int) -> None:  # pickles, but does not come back
        super().__init__("unwilling")


def fails(x: float, n: int, pipeline_id: str) -> float:
    if pipeline_id == "1":
        raise _Unwilling(1, 2)
    if pipeline_id == "2":
        raise ValueError("no luck")
    return float("nan")


def test_workers_evaluate_in_processes_of_their_own(tmp_path: Path) -> None:
    given: dict[str, Any] = {"total_evaluations_to_spend": 20, "seed": 1, "optimizer": "random_search"}
    neps.run(slow_pid, Space(), root_directory=tmp_path, workers=2, **given)
    check_all_there_once(tmp_path, 20)
    pids = {t.report.info["pid"] for t in trials(tmp_path)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    neps.run(own_pid, Space(), root_directory=tmp_path / "one", **given)
    alone, together = ([t.config for t in trials(p)] for p in (tmp_path / "one", tmp_path))
    assert alone == together  # random search: the trial's id decides


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_worker_that_is_killed_loses_no_trial(tmp_path: Path) -> None:
    for budget in ("total_evaluations_to_spend", "worker_evaluations_to_spend"):
        neps.run(dies_once, Space(), root_directory=tmp_path, workers=2, seed=1, **{budget: 4})
    check_all_there_once(tmp_path, 8)
    assert {p.parent.name for p in tmp_path.glob("configs/*/died")} == {"config_2", "config_5"}


def test_a_trial_that_always_kills_its_worker_is_a_crash(tmp_path: Path) -> None:
    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 5, "workers": 2, "seed": 1}
    neps.run(dies_always, Space(), ignore_errors=True, **run)
    found = trials(tmp_path)
    assert [t.state for t in found] == [State.SUCCESS, State.CRASHED, *[State.SUCCESS] * 3]
    message = (
        "a trial's evaluation must come back from its worker (it was lost 3 times), got BrokenProcessPool"
    )
    assert found[1].report.error.startswith(f"EvaluationError: {message}")


def test_errors_come_back_from_other_processes(tmp_path: Path) -> None:
    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 3, "workers": 2, "seed": 1}
    neps.run(fails, Space(), objective_value_on_error=7, cost_value_on_error=1, **run)
    found = trials(tmp_path)
    assert [t.report.error for t in found] == [
        "_Unwilling: unwilling",
        "ValueError: no luck",
        "EvaluationError: the objective must be finite (raise an error for a failed evaluation), "
        "got nan @ config_3",
    ]
    assert [(t.report.objective, t.report.cost) for t in found] == [(7.0, 1.0)] * 3
    assert "raise _Unwilling" in (tmp_path / "configs/config_1/report.yaml").read_text()
    with pytest.raises(neps.EvaluationError, match="the objective must be finite"):
        neps.run(fails, Space(), root_directory=tmp_path, total_evaluations_to_spend=6, workers=2)
    assert {t.state for t in trials(tmp_path)} <= {State.CRASHED, State.INTERRUPTED}


class Counting(ThreadPoolExecutor):
    """Threads that note how many calls there are at most at once."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.now = self.most = 0
        self.mutex = threading.Lock()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self.mutex:
            self.now += 1
            self.most = max(self.most, self.now)
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._less)
        return future

    def _less(self, _: object) -> None:
        with self.mutex:
            self.now -= 1


def test_budgets_are_exact_with_parallel_workers(tmp_path: Path) -> None:
    def evaluate(x: float, n: int, epochs: int) -> dict[str, float]:
        time.sleep(0.01 * x)
        return {"objective_to_minimize": x, "cost": 2.5}

    def count(name: str, **budget: Any) -> int:
        with Counting(4) as pool:
            neps.run(
                evaluate, FidelitySpace(), root_directory=tmp_path / name, executor=pool,
                optimizer="random_search", **budget,
            )  # fmt: skip
            assert pool.most <= 4
        return len(trials(tmp_path / name))

    assert count("a", total_evaluations_to_spend=10) == 10
    assert count("a", total_evaluations_to_spend=10) == 10
    assert count("a", worker_evaluations_to_spend=3) == 13
    assert count("b", total_fidelities_to_spend=20) == 3  # 9 + 9 < 20 <= 9 + 9 + 9
    assert count("b", worker_fidelities_to_spend=30) == 7
    # cost is known at the end: until 25 is spent, at most the other three that run at once come on top
    assert 10 <= count("c", total_cost_to_spend=25) <= 13


def test_threads_need_no_pickling_and_workers_bound_them(tmp_path: Path) -> None:
    seen: list[float] = []

    def evaluate(x: float, n: int) -> float:
        time.sleep(0.01)
        seen.append(x)
        return x

    with Counting(8) as pool:
        neps.run(
            evaluate, Space(), root_directory=tmp_path, executor=pool, workers=2,
            total_evaluations_to_spend=30, seed=1,
        )  # fmt: skip
        assert pool.most == 2
    assert len(seen) == 30
    check_all_there_once(tmp_path, 30)


def test_an_interrupt_in_an_executor_saves_what_is_there(tmp_path: Path) -> None:
    def evaluate(x: float, n: int, pipeline_id: str) -> float:
        if pipeline_id == "4":
            raise KeyboardInterrupt
        return x

    with ThreadPoolExecutor(2) as pool, pytest.raises(KeyboardInterrupt):
        neps.run(evaluate, Space(), root_directory=tmp_path, executor=pool, total_evaluations_to_spend=9)
    states = {t.id: t.state for t in trials(tmp_path)}
    assert states[4] is State.INTERRUPTED
    assert all(states[i] is State.SUCCESS for i in (1, 2, 3))
    assert State.RUNNING not in states.values()
    for name in ("report.yaml", "metadata.json"):
        assert (tmp_path / "configs/config_1" / name).exists()
    assert "num_interrupted" in (tmp_path / "summary/short.csv").read_text()
    neps.run(own_pid, Space(), root_directory=tmp_path, total_evaluations_to_spend=9)
    check_all_there_once(tmp_path, 9)


class Immediate(ThreadPoolExecutor):
    """Evaluates when it is given a trial, so that several results arrive at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as e:
            future.set_exception(e)
        return future


def test_results_that_arrive_with_an_interrupt_are_saved(tmp_path: Path) -> None:
    def evaluate(x: float, n: int, pipeline_id: str) -> float:
        if pipeline_id == "4":
            raise KeyboardInterrupt
        return x

    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 8}
    with pytest.raises(KeyboardInterrupt):
        neps.run(evaluate, Space(), executor=Immediate(), workers=8, **run)
    assert {t.id for t in trials(tmp_path) if t.state is State.SUCCESS} == {1, 2, 3, 5, 6, 7, 8}
    assert len(list(tmp_path.glob("configs/*/report.yaml"))) == 7


def test_an_executor_that_is_broken_for_good_ends_the_run(tmp_path: Path) -> None:
    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 5, "seed": 1}
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(neps.RunError, match="the executor must take trials; call run again with a new one"),
    ):
        neps.run(dies_always, Space(), executor=pool, **run)
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS, State.INTERRUPTED]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        neps.run(own_pid, Space(), executor=pool, **run)
    check_all_there_once(tmp_path, 5)


def test_what_cannot_be_pickled_is_named_before_the_first_trial(tmp_path: Path) -> None:
    lock = threading.Lock()
    space = neps.PipelineSpace.from_attributes({"x": neps.Categorical((1, (2, lock)))})
    with pytest.raises(neps.RunError) as caught:
        neps.run(
            lambda x: 1.0 if lock else 0.0, space, root_directory=tmp_path / "new", workers=2,
            total_evaluations_to_spend=2,
        )  # fmt: skip
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    for line, place in zip(lines, ("evaluate_pipeline", "Space"), strict=True):
        assert line.startswith("evaluate_pipeline and what the space holds must be picklable")
        assert line.endswith(f"TypeError: cannot pickle '_thread.lock' object @ {place}")
    assert not (tmp_path / "new").exists()


def test_closures_need_cloudpickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cloudpickle")
    offset = 3.0
    run = {"total_evaluations_to_spend": 2, "workers": 2}
    neps.run(lambda x, n: x + offset, Space(), root_directory=tmp_path / "a", **run)
    assert all(t.report.objective >= 3 for t in trials(tmp_path / "a"))
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(neps.RunError, match=r"must be picklable .* Can't pickle .* @ evaluate_pipeline"):
        neps.run(lambda x, n: x + offset, Space(), root_directory=tmp_path / "b", **run)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers must be a whole number >= 1, got 0 @ run"),
        ({"workers": True}, "workers must be a whole number >= 1, got True @ run"),
        ({"executor": "dask"}, "executor must be a concurrent.futures.Executor, got str @ run"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(own_pid, Space(), root_directory=tmp_path / "new", total_evaluations_to_spend=1, **arguments)
    assert str(caught.value) == message
    assert not (tmp_path / "new").exists()


SCRIPT = """
    import os, sys, time
    sys.path[:0] = [{repository!r}, {converters!r}]
    import neps_cs as neps

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)

    def evaluate(x, pipeline_directory):
        (pipeline_directory / "pid").write_text(str(os.getpid()))
        time.sleep({seconds})
        return x

    {guard}
        neps.run(evaluate, Space(), root_directory={root!r}, total_evaluations_to_spend={total}, workers=2)
"""


def script(tmp_path: Path, *, seconds: float, total: int, guard: str) -> list[str]:
    path = tmp_path / "script.py"
    places = {"repository": str(REPOSITORY), "converters": str(REPOSITORY / "converters")}
    text = textwrap.dedent(SCRIPT).format(
        **places, seconds=seconds, total=total, guard=guard, root=str(tmp_path / "root")
    )
    path.write_text(text)
    return [sys.executable, str(path)]


def pids(root: Path, count: int) -> list[int]:
    """The processes that evaluate, once there are so many."""
    for _ in range(600):
        files = [p for p in root.glob("configs/*/pid") if p.read_text()]
        if len(files) == count:
            return [int(p.read_text()) for p in files]
        time.sleep(0.05)
    raise AssertionError("the workers do not start")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def check_gone(processes: list[int]) -> None:
    for _ in range(100):
        if not any(alive(pid) for pid in processes):
            return
        time.sleep(0.05)
    raise AssertionError("workers outlive their driver")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("end", ["SIGKILL", "SIGINT"])
def test_workers_end_with_their_driver_and_the_run_continues(tmp_path: Path, end: str) -> None:
    command = script(tmp_path, seconds=60, total=4, guard="if __name__ == '__main__':")
    driver = subprocess.Popen(command, stderr=subprocess.PIPE)
    processes = pids(tmp_path / "root", 2)
    driver.send_signal(getattr(signal, end))
    _, errors = driver.communicate(timeout=30)
    check_gone(processes)
    expected = State.RUNNING if end == "SIGKILL" else State.INTERRUPTED
    assert [t.state for t in trials(tmp_path / "root")] == [expected] * 2
    assert (b"KeyboardInterrupt" in errors) == (end == "SIGINT")
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0.0, 1.0)})
    neps.run(lambda x: x, space, root_directory=tmp_path / "root", total_evaluations_to_spend=4)
    found = trials(tmp_path / "root")
    assert [t.state for t in found] == [State.SUCCESS] * 4
    assert [t.id for t in found] == [1, 2, 3, 4]


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    command = script(tmp_path, seconds=0, total=2, guard="if True:")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
    assert done.returncode == 1
    assert "RunError: worker processes must be able to start: a script must call run under" in done.stderr
    assert not (tmp_path / "root").exists()


def test_how_many_trials_an_executor_takes() -> None:
    class Unknown(Executor):
        pass

    class Client:
        def __init__(self) -> None:
            self.threads = {"a": 2, "b": 3}

        def nthreads(self) -> dict[str, int]:
            return self.threads

    class Cluster(Executor):
        def __init__(self, client: Client) -> None:
            self._client = client

    Cluster.__module__ = "distributed.cfexecutor"
    client = Client()
    with ThreadPoolExecutor(3) as pool:
        assert capacity(pool, None)() == 3
        assert capacity(pool, 7)() == 7
    assert capacity(Unknown(), None)() == os.cpu_count()
    of_cluster = capacity(Cluster(client), None)
    assert of_cluster() == 5
    client.threads = {}
    time.sleep(1.1)
    assert of_cluster() == 1  # it still waits for its first worker


@pytest.mark.peer
def test_dask_loses_and_doubles_nothing_when_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    killed: list[int] = []

    def kill_one(trial: Trial) -> None:
        if trial.id >= 60 and not killed:
            killed.append(trial.report.info["pid"])
            os.kill(killed[0], signal.SIGKILL)

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        neps.run(
            slow_pid, Space(), root_directory=tmp_path, executor=client.get_executor(),
            total_evaluations_to_spend=200, seed=1, progress=kill_one,
        )  # fmt: skip
    assert killed
    check_all_there_once(tmp_path, 200)
    assert len({repr(t.config) for t in trials(tmp_path)}) == 200
    by_others = [t for t in trials(tmp_path) if t.report.info["pid"] != killed[0]]
    assert len(by_others) >= 100
