"""Optimizers of NePS in our run (and `in_neps`: ours in NePS's).

NePS asks an optimizer anew each time, with all trials: `ask(trials, budget_info, n) -> SampledConfig`. Ours
observe events and propose without changing. So each way is a small adapter, with these limits:

| | theirs in our run | ours in theirs |
|---|---|---|
| seed | they draw from global generators: seeded for each proposal, and put back | as given |
| state | made anew for each proposal; slow for models | made anew: NePS may go on in another process |
| what conditions make inactive | decided by them, dropped | filled in, dropped again |
| notes of a proposal | NePS's id is kept in one | NePS keeps none: found by asking again |
| several workers | one event order for all: ours | NePS's times of the trials order them |
| batches (`sample_batch_size`), artifacts | never asked for | one config at a time; none |
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import neps
import numpy as np
from neps.optimizers.algorithms import (
    CustomOptimizer,
    PredefinedOptimizers,
    determine_optimizer_automatically,
)
from neps.space import SearchSpace
from neps.space.neps_spaces.neps_space import (
    check_neps_space_compatibility,
    convert_neps_to_classic_search_space,
)
from neps.state.seed_snapshot import SeedSnapshot

from neps_cs.errors import ConversionError, NepsCsError, Problem, RunError
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial
from neps_cs.values import callable_name, object_text
from neps_cs_converters.neps.configs import config_from_neps, config_to_neps
from neps_cs_converters.neps.writing import Distributions, to_neps

_ID = "neps_id"
_ATTEMPTS = 20
_EXHAUSTED = "Grid search exhausted!"
"""NePS's only word for that nothing is left."""


def neps_optimizer(
    choice: str | tuple[str, Mapping[str, Any]] | Callable[..., Any] | CustomOptimizer = "auto",
    *,
    nearest: bool = False,
    distributions: Distributions = "points",
) -> Callable[..., Optimizer]:
    """An optimizer of NePS for our `run`: `run(..., optimizer=neps_optimizer("neps_regularized_evolution"))`.

    NePS draws from the global generators of random, numpy and torch. They are seeded by the run's seed, the
    trial's id and nothing else while a proposal is made, and put back after: the same seed gives the same
    trials. Other threads that draw from them meanwhile see the seeded ones. Optimizers that read the clock
    or the budget have no budget to read here.

    Args:
        choice: what NePS takes: the name of an algorithm or a callable that takes a space of NePS, a tuple
            of one and its arguments, a mapping of both (with the key "name"), or an `algorithms.custom(…)`
            that is not made yet. `run` takes NePS's callables and `custom(…)` as they are too.
        nearest, distributions: as in `to_neps`; with `nearest` it takes what NePS can express of a space.

    The function returned takes a space and a seed. It raises RunError for an unknown name and where NePS's
    optimizer refuses the space or its arguments, ConversionError as `to_neps` does.
    """
    builder, arguments = _read(choice)

    def make(space: PipelineSpace, *, seed: int = 0) -> Optimizer:
        if nearest:
            theirs = to_neps(space, nearest=True, distributions=distributions).space
        else:
            theirs = to_neps(space, distributions=distributions)
        return NepsOptimizer(space, theirs, builder, arguments, seed)

    return make


def _read(choice: Any) -> tuple[Any, Mapping[str, Any]]:
    """A name or a callable, and arguments. Raises RunError."""
    builder: Any
    arguments: Mapping[str, Any]
    match choice:
        case str():
            builder, arguments = choice, {}
        case {"name": str() as builder, **rest}:
            arguments = {str(k): v for k, v in rest.items()}
        case (builder, Mapping() as arguments) if isinstance(builder, str) or callable(builder):
            pass
        case CustomOptimizer(initialized=False):
            builder, arguments = choice.optimizer, choice.kwargs
        case CustomOptimizer():
            rule = "an optimizer of NePS is made anew for each proposal: give the class, not an instance"
            raise RunError(Problem(rule, object_text(choice.optimizer)))
        case _ if callable(choice):
            builder, arguments = choice, {}
        case _:
            rule = "an optimizer of NePS must be a name or a callable, or a tuple of one and arguments"
            raise RunError(Problem(rule, object_text(choice)))
    while isinstance(builder, functools.partial) and not builder.args:
        builder, arguments = builder.func, {**builder.keywords, **arguments}
    if isinstance(builder, str) and builder != "auto" and builder not in PredefinedOptimizers:
        known = ", ".join(PredefinedOptimizers)
        raise RunError(Problem(f"an optimizer of NePS must be 'auto' or one of {known}", repr(builder)))
    return builder, arguments


def _builder(choice: str | Callable[..., Any]) -> Any:
    return PredefinedOptimizers[choice] if isinstance(choice, str) else choice


class NepsOptimizer:
    """An AskFunction of NePS as one of our optimizers."""

    def __init__(
        self,
        space: PipelineSpace,
        theirs: Any,
        choice: str | Callable[..., Any],
        arguments: Mapping[str, Any],
        seed: int,
    ) -> None:
        self.space, self._seed, self._arguments = space, seed, dict(arguments)
        # what neps.run does: flat spaces become classic ones, where the optimizer takes those
        fits = "both" if choice == "auto" else check_neps_space_compatibility(_builder(choice))
        self._classic = fits != "neps" and theirs.written.flat
        self._theirs: Any = _classic(theirs) if self._classic else theirs
        if choice == "auto":
            choice = determine_optimizer_automatically(self._theirs)
        self._build: Callable[..., Any] = _builder(choice)
        name = choice if isinstance(choice, str) else callable_name(choice)
        self._choice_name, self.name = name, f"neps:{name}"
        self.info: Mapping[str, Any] = dict(arguments)
        if fits == "classic" and not self._classic:
            rule = f"NePS's {name} takes flat spaces only: numbers, and choices of one type"
            raise ConversionError(Problem(rule, "structure", space.graph.name))
        self._trials: dict[int, Trial] = {}
        try:
            with _seeded(self._seed, 0):
                self._build(self._theirs, **self._arguments)
        except Exception as e:  # whatever code of others raises
            raise self._refusal(e, "take the space and the arguments") from e

    def observe(self, trial: Trial) -> None:
        """A trial started or ended."""
        self._trials[trial.id] = trial

    def ask(self, trial_id: int) -> Proposal | None:
        """What NePS proposes, given all trials so far; None where its grid is used up. Raises RunError with
        NePS's own error as its cause where NePS fails."""
        try:
            sampled, names = self._sampled(trial_id)
        except NepsCsError:
            raise
        except Exception as e:  # whatever code of others raises
            if isinstance(e, ValueError) and str(e) == _EXHAUSTED:
                return None
            raise self._refusal(e, "propose a config") from e
        found = config_from_neps(self.space, sampled.config)
        fidelities = {n: found.pop(n) for n in list(found) if n in self.space.resolver.fidelities}
        full = self.space.resolver.checked_fidelities(None, fidelities)
        ours = {name: number for number, name in names.items()}
        previous = ours.get(sampled.previous_config_id or "")
        return Proposal(found, full, previous, {_ID: sampled.id})

    def _sampled(self, trial_id: int) -> tuple[neps.SampledConfig, dict[int, str]]:
        """What NePS proposes, and NePS's ids of our trials. NePS follows a grammar by recursion, as deep as
        its draws lead, so some fail: others take their place."""
        for attempt in range(_ATTEMPTS):
            with _seeded(self._seed, trial_id, attempt):
                try:
                    optimizer = self._build(self._theirs, **self._arguments)
                    known, names = self._known(optimizer)
                    return optimizer(known, None, None), names
                except RecursionError:
                    if attempt + 1 == _ATTEMPTS:
                        raise
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, error: Exception, duty: str) -> RunError:
        """An error of NePS's as ours."""
        said = " ".join(str(error).split())
        got = said if type(error) in (TypeError, ValueError) else f"{type(error).__name__}: {said}"
        return RunError(Problem(f"NePS's {self._choice_name} must {duty}", got, self.space.graph.name))

    def _known(self, optimizer: Any) -> tuple[dict[str, neps.Trial], dict[int, str]]:
        """All trials by NePS's ids, and those ids by ours. To trials that came from elsewhere the optimizer
        gives ids of its own; it leaves out those that it has already."""
        known: dict[str, neps.Trial] = {}
        names: dict[int, str] = {}
        ordered = [self._trials[i] for i in sorted(self._trials)]
        for trial in (*(t for t in ordered if _ID in t.note), *(t for t in ordered if _ID not in t.note)):
            config = self._config(trial)
            name = trial.note.get(_ID)
            if name is None:
                report = trial.report
                result = {"objective_to_minimize": None if report is None else report.objective}
                imported = optimizer.import_trials([(config, result)], known)
                if not imported:
                    continue
                name = imported[0].id
            names[trial.id] = str(name)
            known[str(name)] = self._trial(trial, config, names)
        return known, names

    def _config(self, trial: Trial) -> dict[str, Any]:
        if not self._classic:
            return config_to_neps(self.space, {**trial.config, **trial.fidelities})
        constants = dict(self._theirs.constants)
        return {**constants, **trial.config, **trial.fidelities}

    def _trial(self, trial: Trial, config: Mapping[str, Any], names: Mapping[int, str]) -> neps.Trial:
        found = neps.Trial.new(
            trial_id=names[trial.id], config=config, location="",
            previous_trial=None if trial.previous is None else names.get(trial.previous),
            previous_trial_location=None, time_sampled=trial.sampled, worker_id=trial.worker,
        )  # fmt: skip
        found.set_evaluating(time_started=trial.started or trial.sampled, worker_id=trial.worker)
        report = trial.report
        if report is not None:
            done = trial.state is State.SUCCESS
            found.report = found.set_complete(
                report_as="success" if done else "crashed", time_end=trial.ended or trial.sampled,
                objective_to_minimize=report.objective, cost=report.cost, learning_curve=None,
                err=None if done else RuntimeError(report.error), tb=report.traceback, extra={},
                evaluation_duration=report.seconds,
            )  # fmt: skip
        return found


def _classic(space: neps.PipelineSpace) -> SearchSpace:
    """The space as NePS's classic optimizers take it. NePS takes choices out of a set, in an order that
    differs from process to process; here they are as written."""
    found = convert_neps_to_classic_search_space(space)
    assert found is not None, "the space is flat"
    elements = dict(found.elements)
    for name, value in space.get_attrs().items():
        if isinstance(value, neps.Categorical):
            elements[name] = replace(elements[name], choices=list(value.choices))
    return SearchSpace(elements)


@contextmanager
def _seeded(seed: int, *numbers: int) -> Iterator[None]:
    """The global generators seeded by these numbers, and put back after."""
    before = SeedSnapshot.new_capture()
    words = np.random.SeedSequence(seed, spawn_key=numbers).generate_state(3)
    try:
        random.seed(int(words[0]))
        np.random.seed(int(words[1]))  # noqa: NPY002 (what NePS draws from)
        if before.torch_rng is not None:
            import torch

            torch.manual_seed(int(words[2]))
        yield
    finally:
        before.set_as_global_seed_state()
