"""Optimizers of NePS in our run, and ours in NePS's.

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

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import neps
import numpy as np
from neps.optimizers.optimizer import ImportedConfig
from neps.space.neps_spaces.neps_space import (
    check_neps_space_compatibility,
    convert_neps_to_classic_search_space,
)
from neps.state.seed_snapshot import SeedSnapshot

from neps_cs.errors import ConversionError, Problem, RunError
from neps_cs.optimizers.algorithms import OptimizerChoice, make_optimizer
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.space import PipelineSpace
from neps_cs.trials import Report, State, Trial
from neps_cs_converters.neps.configs import as_ours, config_from_neps, config_to_neps
from neps_cs_converters.neps.writing import to_neps

_ID = "neps_id"


def neps_optimizer(
    choice: str | tuple[str, Mapping[str, Any]] | Callable[..., Any] = "auto", *, nearest: bool = False
) -> Callable[..., Optimizer]:
    """An optimizer of NePS for our `run`: `run(..., optimizer=neps_optimizer("neps_regularized_evolution"))`.

    NePS draws from the global generators of random, numpy and torch. They are seeded by the run's seed, the
    trial's id and nothing else while a proposal is made, and put back after: the same seed gives the same
    trials. Other threads that draw from them meanwhile see the seeded ones. Optimizers that read the clock
    or the budget have no budget to read here.

    Args:
        choice: the name of an algorithm of NePS, a tuple of the name and its arguments, or a callable that
            takes a space of NePS.
        nearest: take what NePS can express of a space, as in `to_neps`.

    The function returned takes a space and a seed. It raises RunError for an unknown name, and as
    `to_neps` does.
    """
    name, arguments = choice if isinstance(choice, tuple) else (choice, {})
    if isinstance(name, str) and name != "auto" and name not in neps.algorithms.PredefinedOptimizers:
        known = ", ".join(neps.algorithms.PredefinedOptimizers)
        raise RunError(Problem(f"an optimizer of NePS must be 'auto' or one of {known}", repr(name)))

    def make(space: PipelineSpace, *, seed: int = 0) -> Optimizer:
        return NepsOptimizer(space, name, arguments, seed, nearest=nearest)

    return make


class NepsOptimizer:
    """An AskFunction of NePS as one of our optimizers."""

    def __init__(
        self,
        space: PipelineSpace,
        choice: str | Callable[..., Any],
        arguments: Mapping[str, Any],
        seed: int,
        *,
        nearest: bool,
    ) -> None:
        self.space, self._seed, self._arguments = space, seed, dict(arguments)
        theirs = to_neps(space, nearest=True).space if nearest else to_neps(space)
        self._build: Callable[..., Any]
        if isinstance(choice, str):
            choice = neps.algorithms.determine_optimizer_automatically(theirs) if choice == "auto" else choice
            self._build, name = neps.algorithms.PredefinedOptimizers[choice], choice
        else:
            self._build, name = choice, getattr(choice, "__name__", type(choice).__name__)
        self.name = f"neps:{name}"
        self.info: Mapping[str, Any] = dict(arguments)
        fits = check_neps_space_compatibility(self._build)
        self._theirs: Any = theirs
        self._classic = fits != "neps" and theirs.written.flat  # as neps.run does
        if self._classic:
            self._theirs = convert_neps_to_classic_search_space(theirs)
        elif fits == "classic":
            rule = f"NePS's {name} takes flat spaces only: numbers, and choices of one type"
            raise ConversionError(Problem(rule, "structure", space.graph.name))
        self._trials: dict[int, Trial] = {}
        try:
            with _seeded(self._seed, 0):
                self._build(self._theirs, **self._arguments)
        except (TypeError, ValueError) as e:
            rule = f"NePS's {name} must take the space and the arguments"
            raise RunError(Problem(rule, str(e), space.graph.name)) from e

    def observe(self, trial: Trial) -> None:
        """A trial started or ended."""
        self._trials[trial.id] = trial

    def ask(self, trial_id: int) -> Proposal:
        """What NePS proposes, given all trials so far."""
        with _seeded(self._seed, trial_id):
            optimizer = self._build(self._theirs, **self._arguments)
            known, names = self._known(optimizer)
            sampled = optimizer(known, None, None)
        found = config_from_neps(self.space, sampled.config)
        fidelities = {n: found.pop(n) for n in list(found) if n in self.space.resolver.fidelities}
        full = self.space.resolver.checked_fidelities(None, fidelities)
        ours = {name: number for number, name in names.items()}
        previous = ours.get(sampled.previous_config_id or "")
        return Proposal(found, full, previous, {_ID: sampled.id})

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


@contextmanager
def _seeded(seed: int, number: int) -> Iterator[None]:
    """The global generators seeded by two numbers, and put back after."""
    before = SeedSnapshot.new_capture()
    words = np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(3)
    try:
        random.seed(int(words[0]))
        np.random.seed(int(words[1]))  # noqa: NPY002 (what NePS draws from)
        if before.torch_rng is not None:
            import torch

            torch.manual_seed(int(words[2]))
        yield
    finally:
        before.set_as_global_seed_state()


def as_neps_optimizer(choice: OptimizerChoice = "auto", *, seed: int = 0) -> Callable[..., Any]:
    """One of our optimizers for `neps.run(..., optimizer=as_neps_optimizer("random_search", seed=1))`.

    Args:
        choice: as our `run` takes it: a name, a tuple of a name and arguments, or a callable.
        seed: an integer >= 0.

    The function returned takes a PipelineSpace of NePS. It raises as `from_neps` does, and RunError for a
    wrong choice. Where nothing is left to propose, asking raises RunError, as NePS has no word for it: give
    NePS a budget.
    """

    return partial(NepsCsOptimizer, choice=choice, seed=seed)  # NePS notes both in optimizer_info.yaml


class NepsCsOptimizer:
    """One of our optimizers as NePS asks one."""

    def __init__(self, pipeline_space: Any, *, choice: OptimizerChoice, seed: int) -> None:
        self._theirs, self._ours = pipeline_space, as_ours(pipeline_space)
        self._choice, self._seed = choice, seed
        make_optimizer(choice, self._ours, seed)  # a wrong choice is refused now
        self._notes: dict[int, Mapping[str, Any]] = {}

    def __call__(
        self, trials: Mapping[str, neps.Trial], budget_info: Any = None, n: int | None = None
    ) -> neps.SampledConfig | list[neps.SampledConfig]:
        """The next config, given all trials."""
        if n is not None and n != 1:
            raise ValueError("this optimizer proposes one config at a time: leave sample_batch_size out")
        optimizer, _ = make_optimizer(self._choice, self._ours, self._seed)
        numbers = {name: i + 1 for i, name in enumerate(sorted(trials, key=_order))}
        for _, trial in sorted(_events(trials, numbers, self._trial), key=lambda e: e[0]):
            optimizer.observe(replace(trial, note=self._note(optimizer, trial)))
        number = len(trials) + 1
        proposal = optimizer.ask(number)
        if proposal is None:
            raise RunError(Problem("nothing is left to propose", f"{len(trials)} trials", optimizer.name))
        self._notes[number] = proposal.note
        names = {i: name for name, i in numbers.items()}
        config = config_to_neps(self._theirs, {**proposal.config, **proposal.fidelities})
        previous = None if proposal.previous is None else names[proposal.previous]
        free = 1 + max((_order(name)[0] for name in trials), default=0)
        sampled = neps.SampledConfig(id=str(free), config=config, previous_config_id=previous)
        return sampled if n is None else [sampled]

    def _note(self, optimizer: Optimizer, trial: Trial) -> Mapping[str, Any]:
        """The note of a trial, which NePS does not keep: proposed by another process it is found by asking
        again, as the same events give the same proposal."""
        if trial.id not in self._notes:
            found = optimizer.ask(trial.id) if trial.state is State.RUNNING else None
            same = found is not None and (found.config, found.fidelities) == (trial.config, trial.fidelities)
            self._notes[trial.id] = found.note if found is not None and same else {}
        return self._notes[trial.id]

    def import_trials(
        self,
        external_evaluations: Sequence[tuple[Mapping[str, Any], Any]],
        trials: Mapping[str, neps.Trial],
    ) -> list[ImportedConfig]:
        """Trials that were evaluated elsewhere, with ids after the others."""
        last = max((_order(name)[0] for name in trials), default=0)
        return [
            ImportedConfig(id=str(last + i), config=config, result=result)
            for i, (config, result) in enumerate(external_evaluations, 1)
        ]

    def get_trial_artifacts(self, trials: Mapping[str, neps.Trial] | None = None) -> None:
        """There are none."""
        return

    def _trial(self, trial: neps.Trial, numbers: Mapping[str, int]) -> Trial:
        found = config_from_neps(self._theirs, trial.config)
        held = {n: found.pop(n) for n in list(found) if n in self._ours.resolver.fidelities}
        meta = trial.metadata
        number = numbers[trial.id]
        return Trial(
            number, found, self._ours.resolver.checked_fidelities(None, held), State.RUNNING,
            meta.sampling_worker_id, meta.time_sampled, meta.time_started,
            previous=numbers.get(meta.previous_trial_id or ""),
        )  # fmt: skip


def _order(name: str) -> tuple[int, str]:
    head = name.partition("_")[0]
    return (int(head) if head.isdecimal() else 0), name


def _events(
    trials: Mapping[str, neps.Trial],
    numbers: Mapping[str, int],
    convert: Callable[[neps.Trial, Mapping[str, int]], Trial],
) -> Iterator[tuple[tuple[float, int, int], Trial]]:
    """Each trial as it started, and as it ended, with what orders them: times, then ids."""
    for name, number in numbers.items():
        theirs = trials[name]
        ours = convert(theirs, numbers)
        start = ours.sampled if ours.sampled == ours.sampled else 0.0  # NaN: an imported trial
        yield (start, 0, number), ours
        report = theirs.report
        if report is None:
            continue
        objective = report.objective_to_minimize
        if isinstance(objective, list):
            raise ConversionError(Problem("our optimizers take one objective", f"{objective}", name))
        ended = replace(
            ours,
            state=State.SUCCESS if report.reported_as == "success" else State.CRASHED,
            ended=theirs.metadata.time_end,
            report=Report(
                objective, report.cost, dict(report.extra),
                None if report.err is None else str(report.err), report.tb, report.evaluation_duration or 0.0,
            ),
        )  # fmt: skip
        yield (max(start, theirs.metadata.time_end or start), 1, number), ended
