"""Optimizers of ours in NePS's run: see the table in `optimizers`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import neps
from neps.optimizers.optimizer import ImportedConfig

from neps_cs.errors import ConversionError, Problem, RunError
from neps_cs.optimizers.algorithms import OptimizerChoice, make_optimizer
from neps_cs.optimizers.base import Optimizer
from neps_cs.trials import Report, State, Trial
from neps_cs.values import callable_name, is_plain, object_text
from neps_cs_converters.neps.configs import as_ours, config_from_neps, config_to_neps


def as_neps_optimizer(choice: OptimizerChoice = "auto", *, seed: int = 0) -> Callable[..., Any]:
    """One of our optimizers for `neps.run(..., optimizer=as_neps_optimizer("random_search", seed=1))`.

    Args:
        choice: as our `run` takes it: a name, a tuple of a name and arguments, or a callable.
        seed: an integer >= 0.

    The function returned takes a PipelineSpace of NePS. It raises as `from_neps` does, and RunError for a
    wrong choice. Where nothing is left to propose, asking raises RunError, as NePS has no word for it: give
    NePS a budget.
    """
    noted = _noted(choice)

    def make(pipeline_space: Any, choice: Any = noted, seed: int = seed) -> NepsCsOptimizer:
        """The defaults are what NePS notes in optimizer_info.yaml, and compares when a run goes on."""
        return NepsCsOptimizer(pipeline_space, choice=given, seed=seed)

    given, make.__name__ = choice, NepsCsOptimizer.__name__
    return make


def _noted(choice: Any) -> Any:
    """A choice as YAML holds it: a sequence is a list, what is not plain its text, a callable its name."""
    match choice:
        case Mapping():
            return {str(k): _noted(v) for k, v in choice.items()}
        case list() | tuple():
            return [_noted(v) for v in choice]
        case _ if choice is None or is_plain(choice):
            return choice
        case _:
            return callable_name(choice) if callable(choice) else object_text(choice)


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
