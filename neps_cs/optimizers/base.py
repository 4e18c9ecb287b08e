"""What an optimizer is to the run loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from neps_cs.resolving.walk import Config
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial
from neps_cs.values import Plain


@dataclass(frozen=True)
class Proposal:
    """What to evaluate next: the decisions, and a value for each fidelity.

    `previous` is the id of the trial that this one continues at a higher fidelity, None for a new config.
    `note` says why it was proposed (bracket, rung, sampler, …); it is kept with the trial.
    """

    config: Config
    fidelities: Mapping[str, float] = field(default_factory=dict)
    previous: int | None = None
    note: Mapping[str, Plain] = field(default_factory=dict)


@runtime_checkable
class Optimizer(Protocol):
    """Proposes configs, by what it observed.

    Its state is a function of the space, its arguments, its seed and the sequence of observed events: it
    reads no clock, no global random state and no file. `ask` does not change that state, as a
    proposal may never become a trial; once it does, it is observed. So a run that was interrupted goes
    on as if it had not been, and workers that share a run need share nothing but its events.
    """

    name: str
    info: Mapping[str, Any]
    """The arguments that it was made with, as JSON can hold them, but for the space and the seed."""
    space: PipelineSpace

    def observe(self, trial: Trial) -> None:
        """A trial started (its state is RUNNING, `report` is None) or ended (SUCCESS or CRASHED).

        Called once for each of these events of the run, in the order in which the store took them in,
        the trials of other workers and those imported included. An interrupted trial stays running for
        the optimizer: it will be evaluated again.
        """
        ...

    def ask(self, trial_id: int) -> Proposal | None:
        """The proposal for the trial with this id, which counts from 1; None where nothing is left to
        propose: the run ends when the trials that run have ended. The same id after the same events gives
        the same proposal."""
        ...
