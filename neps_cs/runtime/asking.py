"""AskAndTell: the caller evaluates. The same engine as `run`, in memory or in a root directory."""

from __future__ import annotations

import math
import numbers
import threading
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, overload

from neps_cs.errors import Problem, RunError
from neps_cs.optimizers.algorithms import OptimizerChoice
from neps_cs.optimizers.base import Optimizer
from neps_cs.resolving.resolver import Pipeline
from neps_cs.runtime.engine import Engine
from neps_cs.runtime.evaluate import OnError, Outcome, read_outcome
from neps_cs.runtime.foreign import as_space
from neps_cs.runtime.importing import imported
from neps_cs.runtime.load import load_pipeline_space
from neps_cs.runtime.opening import Choice, Run, checked_worker, is_made, maker, open_run
from neps_cs.runtime.recording import Recorder
from neps_cs.runtime.root import check_root, root_path
from neps_cs.runtime.store import Store
from neps_cs.sampling.draw import Seed
from neps_cs.space import PipelineSpace, resolve
from neps_cs.trials import Trial, number_of
from neps_cs.values import Plain

Told: TypeAlias = "float | Mapping[str, Any] | Exception"


class AskAndTell:
    """Ask for configs, evaluate them in any way and order, and tell what they gave.

        study = neps.AskAndTell(Space(), seed=1)          # "auto", in memory
        study = neps.AskAndTell(Space(), "priorband", root_directory="results")
        study = neps.AskAndTell(neps.algorithms.random_search(Space()))

        trial = study.ask()
        study.tell(trial, evaluate(**study.pipeline(trial)))

    With a root directory everything is on disk when `ask` or `tell` returns, `run` can go on with
    it, and what was asked but not told by a process that ended is asked for again, first. Use it as
    a context manager, or `close` it; it is closed when it is collected, too. Threads may share it.

    Args:
        pipeline_space: what `run` takes as a space, or an optimizer that is made; None with a root
            directory: the stored one.
        optimizer: what `run` takes as an optimizer, or one that is made.
        worker_id, root_directory, overwrite_root_directory, seed: as of `run`.

    Raises RunError, StoreError as `run` does.
    """

    def __init__(
        self,
        pipeline_space: Any = None,
        optimizer: OptimizerChoice | Optimizer | None = None,
        *,
        worker_id: str | None = None,
        root_directory: str | Path | None = None,
        overwrite_root_directory: bool = False,
        seed: Seed = None,
    ) -> None:
        if is_made(pipeline_space):
            if optimizer is not None:
                raise RunError(Problem("one optimizer must be given", "two", "AskAndTell"))
            pipeline_space, optimizer = None, pipeline_space
        root = None if root_directory is None else root_path(root_directory)
        if root is not None:
            check_root(root)
        self.space = _space(pipeline_space, optimizer, root)
        self.worker_id = checked_worker(worker_id)
        choice = Choice(self.space, "auto" if optimizer is None else optimizer, seed)
        if root is None:
            store = Store.memory(choice.meta)
            run = Run(store, maker(store, choice))
        else:
            keep = worker_id is not None
            run = open_run(root, choice, self.worker_id, keep=keep, overwrite=overwrite_root_directory)
        self._store = run.store
        self._engine = Engine(run.store, run.optimizer, self.worker_id)
        self._recorder = Recorder(run.store, lambda _: None) if root is not None else None
        self._mutex = threading.RLock()
        self._close = weakref.finalize(self, run.store.close)
        if self._recorder is not None:
            self._recorder.begin()

    @overload
    def ask(self, *, n: int, budget_info: object = ...) -> list[Trial]: ...

    @overload
    def ask(self, *, n: None = None, budget_info: object = ...) -> Trial | None: ...

    def ask(self, *, n: int | None = None, budget_info: object = None) -> Trial | list[Trial] | None:
        """The next trial to evaluate; with `n` a list of n.

        None (a shorter list) where nothing is left to propose, or nothing before more is told.
        `budget_info` is there for NePS's sake: optimizers here know what was spent.
        """
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
            raise RunError(Problem("n must be a whole number >= 1", repr(n), "ask"))
        with self._mutex:
            self._check_open("ask")
            turn = self._engine.step((), 1 if n is None else n)
            if self._recorder is not None:
                self._recorder.turn(turn)
        if n is not None:
            return turn.claimed
        return turn.claimed[0] if turn.claimed else None

    def pipeline(self, trial: Trial) -> Pipeline:
        """What evaluate_pipeline would receive for a trial."""
        return resolve(self.space, trial.config, trial.fidelities)

    def tell(
        self,
        trial: Trial | str | int,
        result: Told,
        *,
        time_end: float | None = None,
        evaluation_duration: float | None = None,
        traceback_str: str | None = None,
    ) -> Trial:
        """Keep what a trial gave, and return the trial with its report.

        `trial` is a trial or its id. `result` is what evaluate_pipeline would return, or the exception
        that it failed with. Raises EvaluationError for a result that can't be used (then the trial
        stays open), StoreError for an id that was not asked, RunError for a trial that was told and for
        times that are no numbers.
        """
        _check_numbers("tell", time_end=time_end, evaluation_duration=evaluation_duration)
        with self._mutex:
            self._check_open("tell")
            known = self._store.trial(trial.id if isinstance(trial, Trial) else number_of(trial, "tell"))
            if known.state.ended:
                rule = "a trial is told once"
                raise RunError(Problem(rule, f"{known.name}, which is {known.state.value}", "tell"))
            outcome = _outcome(result, known.name, evaluation_duration, traceback_str)
            turn = self._engine.step([(known, outcome)], 0, ended_at=time_end)
            if self._recorder is not None:
                self._recorder.turn(turn)
        return turn.ended[0]

    def tell_custom(
        self,
        *,
        config: Mapping[str, Plain],
        result: Told,
        config_id: str | None = None,
        time_sampled: float | None = None,
        time_started: float | None = None,
        time_end: float | None = None,
        evaluation_duration: float | None = None,
        previous_trial_id: str | int | None = None,
        worker_id: str | None = None,
        traceback_str: str | None = None,
        location: Path | None = None,
    ) -> Trial:
        """Keep a config that was not asked for, with its result: the optimizer learns from it.

        `config` may hold fidelities under their names, which else are full. The trial has an id of its
        own; `config_id`, which must be new, and `location` are kept in its `note`. Raises ConfigError
        for a config that does not fit the space, EvaluationError for a result that can't be used,
        StoreError for a previous trial that does not exist, RunError for times that are no numbers.
        """
        _check_numbers(
            "tell_custom", time_sampled=time_sampled, time_started=time_started, time_end=time_end,
            evaluation_duration=evaluation_duration,
        )  # fmt: skip
        worker = self.worker_id if worker_id is None else checked_worker(worker_id)
        outcome = _outcome(result, "tell_custom", evaluation_duration, traceback_str)
        previous = None if previous_trial_id is None else number_of(previous_trial_id, "tell_custom")
        note = {"config_id": config_id, "location": None if location is None else str(location)}
        note = {key: value for key, value in note.items() if value is not None}
        with self._mutex:
            self._check_open("tell_custom")
            if config_id is not None and config_id in [t.note.get("config_id") for t in self.trials.values()]:
                raise RunError(Problem("config_id must be new", repr(config_id), "tell_custom"))
            if previous is not None:
                self._store.trial(previous)
            with self._store.transaction():
                trial = imported(
                    self.space, self._store.last_id() + 1, config, outcome, worker,
                    sampled=time_sampled, started=time_started, ended=time_end,
                )  # fmt: skip
                trial = replace(trial, previous=previous, note=note)
                self._store.add(trial)
            if self._recorder is not None:
                self._recorder.added([trial])
        return trial

    @property
    def trials(self) -> dict[str, Trial]:
        """All trials, by their id as a text."""
        with self._mutex:
            self._check_open("trials")
            return {str(t.id): t for t in self._store.trials()}

    def _check_open(self, place: str) -> None:
        if not self._close.alive:
            raise RunError(Problem("a study must be open", "one that was closed", place))

    def close(self) -> None:
        """Write the summary and close the store; what was not told is to be asked for again."""
        with self._mutex:
            if self._recorder is not None and self._close.alive:
                self._recorder.given_back(self._engine.give_back())
                self._recorder.summary()
            self._close()

    def __enter__(self) -> AskAndTell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _space(given: Any, optimizer: object, root: Path | None) -> PipelineSpace:
    if is_made(optimizer):
        if given is not None:
            rule = "an optimizer that is made has its space"
            raise RunError(Problem(rule, "pipeline_space too", "AskAndTell"))
        return optimizer.space
    if given is not None:
        return as_space(given)
    if root is None:
        rule = "AskAndTell needs a space, an optimizer, or the root directory of a run"
        raise RunError(Problem(rule, "none", "AskAndTell"))
    return load_pipeline_space(root)


def _check_numbers(place: str, **given: object) -> None:
    """Raises RunError unless all are finite numbers or None."""
    problems = [
        Problem(f"{name} must be a finite number of seconds, or None", repr(value), place)
        for name, value in given.items()
        if value is not None
        and (isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value))
    ]
    if problems:
        raise RunError(problems)


def _outcome(result: Told, place: str, seconds: float | None, traceback_text: str | None) -> Outcome:
    outcome = read_outcome(result, place, OnError())
    report = outcome.report
    report = report if seconds is None else replace(report, seconds=float(seconds))
    report = report if traceback_text is None else replace(report, traceback=str(traceback_text))
    return replace(outcome, report=report)
