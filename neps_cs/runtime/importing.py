"""Trials that were evaluated elsewhere: whole ones, and results that come after their evaluation."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neps_cs.errors import ConfigError, EvaluationError, Problem, RunError, placed
from neps_cs.optimizers.algorithms import OptimizerChoice
from neps_cs.runtime.evaluate import OnError, Outcome, read_outcome
from neps_cs.runtime.foreign import as_space, results_in
from neps_cs.runtime.load import load_pipeline_space
from neps_cs.runtime.opening import Choice, checked_worker, opened_run
from neps_cs.runtime.recording import Recorder
from neps_cs.runtime.root import check_root, root_path
from neps_cs.runtime.store import Store
from neps_cs.sampling.draw import Seed
from neps_cs.sampling.replay import replay
from neps_cs.space import PipelineSpace
from neps_cs.trials import EXTERNAL, Trial, number_of
from neps_cs.values import Plain, plain_key


def imported(
    space: PipelineSpace,
    number: int,
    config: Mapping[str, Plain],
    outcome: Outcome,
    worker: str,
    *,
    sampled: float | None = None,
    started: float | None = None,
    ended: float | None = None,
) -> Trial:
    """A trial of a config that was evaluated elsewhere; times that are not known are now. Raises
    ConfigError for a config that does not fit."""
    found = replay(space.resolver, config, build=False)
    now = time.time()
    return Trial(
        number, found.config, found.fidelities, outcome.state, worker, now if sampled is None else sampled,
        started, now if ended is None else ended, outcome.report,
    )  # fmt: skip


def import_trials(
    evaluated_trials: Sequence[tuple[Mapping[str, Any], Any]] | str | Path,
    root_directory: str | Path,
    pipeline_space: Any = None,
    overwrite_root_directory: bool = False,
    optimizer: OptimizerChoice = "auto",
    *,
    seed: Seed = None,
) -> None:
    """Add trials that were evaluated elsewhere to a run, which is made if there is none.

    They count towards the run's total budgets, as in NePS, and the optimizer learns from them. What the
    run has already (the same decisions and fidelities) is left out, so importing twice adds nothing.

    Args:
        evaluated_trials: pairs of a config and its result. A config holds its decisions by address and
            may hold fidelities by name, which else are full. A result is what evaluate_pipeline
            returns, or the exception that it failed with. Or the root directory of a run of the NePS
            package: its trials that ended; what can't be read there is logged. No pickle is opened.
        root_directory: that of the run.
        pipeline_space: what `run` takes; None takes the stored one.
        overwrite_root_directory, optimizer, seed: as of `run`. Until a trial is proposed, `run` may name
            another optimizer and seed.

    All or nothing: raises ConfigError with every config that does not fit, EvaluationError with every
    result that can't be used, RunError and StoreError as `run` does.
    """
    root = root_path(root_directory)
    check_root(root)
    space = load_pipeline_space(root) if pipeline_space is None else as_space(pipeline_space)
    if isinstance(evaluated_trials, (str, Path)) and (root_path(evaluated_trials) / "configs").is_dir():
        evaluated_trials = results_in(evaluated_trials, space)
    pairs = _pairs(evaluated_trials)
    ready = _checked(space, pairs)
    choice = Choice(space, optimizer, seed)
    with opened_run(root, choice, checked_worker(None), False, overwrite_root_directory) as run:
        recorder = Recorder(run.store, lambda _: None)
        with run.store.transaction():
            seen = {_key(t) for t in run.store.trials()}
            added = []
            for config, outcome in ready:
                number = run.store.last_id() + 1
                trial = imported(space, number, config, outcome, EXTERNAL)
                if _key(trial) not in seen:
                    seen.add(_key(trial))
                    run.store.add(trial)
                    added.append(trial)
        recorder.added(added)
        recorder.summary()


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    rule = "evaluated_trials must be pairs of a config and a result, or the directory of a NePS run"
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise RunError(Problem(rule, repr(given)[:80], "import_trials"))
    pairs = list(given)
    wrong = [i for i, p in enumerate(pairs) if not isinstance(p, (tuple, list)) or len(p) != 2]
    if wrong:
        shown = repr(pairs[wrong[0]])[:80]
        raise RunError(Problem(rule, shown, f"evaluated_trials[{wrong[0]}]"))
    return [(config, result) for config, result in pairs]


def _checked(space: PipelineSpace, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Outcome]]:
    """Every pair that fits. Raises one error with every problem of the first kind that there is."""
    ready, misfits, unusable = [], list[Problem](), list[Problem]()
    for i, (config, result) in enumerate(pairs):
        place = f"evaluated_trials[{i}]"
        try:
            replay(space.resolver, config, build=False)
        except ConfigError as e:
            misfits += placed(e, place).problems
        try:
            ready.append((config, read_outcome(result, place, OnError())))
        except EvaluationError as e:
            unusable += e.problems
    if misfits:
        raise ConfigError(misfits)
    if unusable:
        raise EvaluationError(unusable)
    return ready


def _key(trial: Trial) -> frozenset[tuple[str, Any]]:
    parts = {**trial.config, **trial.fidelities}
    return frozenset((name, plain_key(value)) for name, value in parts.items())


def save_pipeline_results(
    user_result: Any,
    pipeline_id: str | int,
    root_directory: str | Path,
    *,
    post_run_summary: bool = True,
    live_plots: bool = False,
) -> None:
    """Store the result of a trial whose evaluate_pipeline returned None, from any process on the machine.

    Args:
        user_result: what evaluate_pipeline would return, or an exception.
        pipeline_id: the trial's id, as evaluate_pipeline received it.
        root_directory: that of the run.
        post_run_summary: whether to write the folder summary/ anew.
        live_plots: nothing is plotted; NePS has this argument.

    Raises EvaluationError for a result that can't be used, StoreError for a trial that does not exist,
    RunError for one that has its result.
    """
    number = number_of(pipeline_id, "save_pipeline_results")
    with Store.change(root_path(root_directory)) as store:
        recorder = Recorder(store, lambda _: None)
        outcome = read_outcome(user_result, store.trial(number).name, OnError())
        with store.transaction():
            trial = store.trial(number)
            if trial.state.ended:
                rule = "a trial is reported once"
                got = f"{trial.name}, which is {trial.state.value}"
                raise RunError(Problem(rule, got, "save_pipeline_results"))
            seconds = max(0.0, time.time() - (trial.started or trial.sampled))
            trial = store.end(trial, outcome.timed(seconds), outcome.state)
        recorder.added([trial])
        if post_run_summary:
            recorder.summary()
