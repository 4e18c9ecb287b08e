"""Trials per second of `run` beside neural-pipeline-search and Optuna, in one process.

    pip install -c constraints.txt -e ".[bench,optuna]" && pytest -s tests/benchmarks/bench_run.py

Random search over 4 parameters with a trivial objective; wall time, after a run of 3 trials to warm up,
the best of the rounds; the libraries take turns, since disks are shared. Everyone keeps every trial on
disk: we sync each one, Optuna's SQLite storage too, NePS does not sync. What takes longer than LIMIT
seconds is ended there and rated by what it did; NePS at 10,000 trials would take hours and is left out.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import neps_cs

with warnings.catch_warnings():  # of what NePS itself imports
    warnings.simplefilter("ignore")
    import neps
    import optuna

SIZES = (100, 500, 10_000)
ROUNDS = {100: 3, 500: 2, 10_000: 1}
LIMIT = 60.0


def objective(a: float, b: int, c: float, d: str) -> float:
    return a + b + c + len(d)


class Ours(neps_cs.PipelineSpace):
    a = neps_cs.Float(0, 1)
    b = neps_cs.Integer(1, 1000, log=True)
    c = neps_cs.Float(1e-4, 1, log=True)
    d = neps_cs.Categorical(("x", "yy"))


class Theirs(neps.PipelineSpace):
    a = neps.Float(0, 1)
    b = neps.Integer(1, 1000, log=True)
    c = neps.Float(1e-4, 1, log=True)
    d = neps.Categorical(("x", "yy"))


def run_ours(root: Path, trials: int) -> int:
    neps_cs.run(
        objective, Ours(), root_directory=root, total_evaluations_to_spend=trials, seed=0,
        optimizer="random_search", progress=False,
    )  # fmt: skip
    return trials


def run_neps(root: Path, trials: int) -> int:
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neps.run(
            objective, Theirs(), root_directory=root, total_evaluations_to_spend=trials,
            optimizer="random_search",
        )  # fmt: skip
    logging.disable(logging.NOTSET)
    return trials


def run_optuna(root: Path, trials: int) -> int:
    root.mkdir(parents=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{root}/study.db", sampler=optuna.samplers.RandomSampler(seed=0)
    )

    def evaluate(trial: optuna.Trial) -> float:
        return objective(
            trial.suggest_float("a", 0, 1), trial.suggest_int("b", 1, 1000, log=True),
            trial.suggest_float("c", 1e-4, 1, log=True), trial.suggest_categorical("d", ["x", "yy"]),
        )  # fmt: skip

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.optimize(evaluate, n_trials=trials, timeout=LIMIT)
        return len(study.get_trials(deepcopy=False))


WAYS: dict[str, Callable[[Path, int], int]] = {"neps_cs": run_ours, "NePS": run_neps, "Optuna": run_optuna}


def measured(tmp_path: Path) -> dict[tuple[str, int], float]:
    rates: dict[tuple[str, int], float] = {}
    for name, way in WAYS.items():
        way(tmp_path / name / "warm", 3)
    for size in SIZES:
        for i in range(ROUNDS[size]):
            for name, way in WAYS.items():
                if name == "NePS" and size > 500:
                    continue
                start = time.perf_counter()
                done = way(tmp_path / name / f"{size}_{i}", size)
                rate = done / (time.perf_counter() - start)
                rates[name, size] = max(rate, rates.get((name, size), 0.0))
    return rates


def test_trials_per_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = measured(tmp_path)
    with capsys.disabled():
        print("\n| trials | " + " | ".join(WAYS) + " |\n|---|" + "---|" * len(WAYS))  # noqa: T201
        for size in SIZES:
            shown = (f"{rates[n, size]:.0f}" if (n, size) in rates else "–" for n in WAYS)
            print(f"| {size} | " + " | ".join(shown) + " |")  # noqa: T201
    assert rates["neps_cs", 500] >= 20 * rates["NePS", 500]
    for size in SIZES:
        assert rates["neps_cs", size] >= 3 * rates["Optuna", size]


def test_the_rate_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10,000 trials beside runs of 100 before, between and after, since disks have moods of minutes."""
    run_ours(tmp_path / "warm", 3)
    seconds = {100: 0.0, 10_000: 0.0}
    for i, trials in enumerate([*[100] * 10, 10_000, *[100] * 10, 10_000, *[100] * 10]):
        start = time.perf_counter()
        run_ours(tmp_path / str(i), trials)
        seconds[trials] += time.perf_counter() - start
    short, long = 3000 / seconds[100], 20_000 / seconds[10_000]
    with capsys.disabled():
        print(f"\nat 100 trials {short:.0f} per second, at 10,000 {long:.0f}: {long / short:.2f}")  # noqa: T201
    assert long >= 0.8 * short


class Immediate(ThreadPoolExecutor):
    """Evaluates at once, as if there were so many workers that one is always done."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize("workers", [1, 8, 64])
def test_trials_per_second_of_one_driver(
    tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one process asks and tells at most, while `workers` trials are out at a time."""
    run_ours(tmp_path / "warm", 3)
    start = time.perf_counter()
    neps_cs.run(
        objective, Ours(), root_directory=tmp_path / "run", total_evaluations_to_spend=5000, seed=0,
        optimizer="random_search", progress=False, executor=Immediate(), workers=workers,
    )  # fmt: skip
    rate = 5000 / (time.perf_counter() - start)
    with capsys.disabled():
        print(f"\nrun with {workers} workers: {rate:.0f} trials per second")  # noqa: T201
    assert rate > 50


def test_asks_and_tells_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    study = neps_cs.AskAndTell(Ours(), "random_search", seed=0)
    start = time.perf_counter()
    for _ in range(5000):
        study.tell(study.ask(), 1.0)
    rate = 5000 / (time.perf_counter() - start)
    with capsys.disabled():
        print(f"\nAskAndTell in memory: {rate:.0f} asks and tells per second")  # noqa: T201
    assert rate > 500
