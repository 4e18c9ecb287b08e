"""What an optimizer is to the run loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from neps_cs.resolving.walk import Config


@dataclass(frozen=True)
class Proposal:
    """What to evaluate next: the decisions, and a value for each fidelity."""

    config: Config
    fidelities: Mapping[str, float] = field(default_factory=dict)


class Optimizer(Protocol):
    """Proposes configs. The same `trial_id` and seed must give the same proposal, so that a run
    that was interrupted goes on as if it had not been."""

    name: str
    info: Mapping[str, Any]

    def ask(self, trial_id: int) -> Proposal:
        """The proposal for the trial with this id, which counts from 1."""
        ...
