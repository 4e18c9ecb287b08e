"""Peers that are asked and told: an optimizer with a state of its own, inside our protocol.

Our `ask` changes nothing, theirs does. So a peer is asked ahead at most once; when the trial starts, that
ask has counted. Each event moves the peer by a rule, whatever was asked before: a start asks it, an end tells
it. A peer that was asked ahead when something ended is made anew and led through the events again: in a run
that never happens, as asking and starting are one step there. A run that is resumed asks the peer again for
all that it proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import point_key
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

Handle = TypeVar("Handle")


@dataclass(frozen=True)
class Asked(Generic[Handle]):
    """What a peer proposed, and what it wants back with the result; without a proposal nothing is left."""

    proposal: Proposal | None
    handle: Handle | None = None


class Peer(Protocol[Handle]):
    """A foreign optimizer. What each method does depends on what was called before, and on nothing else."""

    def ask(self, trial_id: int) -> Asked[Handle]:
        """What to evaluate next. `trial_id` is one more than that of the latest trial that started."""
        ...

    def start(self, trial: Trial, handle: Handle | None) -> None:
        """A trial started: the one asked for with its handle, or one from elsewhere with None."""
        ...

    def unused(self, handle: Handle) -> None:
        """What was asked for did not start: a trial from elsewhere did."""
        ...

    def end(self, trial: Trial, handle: Handle | None) -> None:
        """A trial ended, with the handle that it started with."""
        ...


@dataclass(eq=False)
class PeerOptimizer(Generic[Handle]):
    """An optimizer of our protocol, made of a peer. `make` gives that as it is before anything happened."""

    name: str
    info: Mapping[str, Any]
    space: PipelineSpace
    make: Callable[[], Peer[Handle]]
    _events: list[Trial] = field(default_factory=list)
    _handles: dict[int, Handle | None] = field(default_factory=dict)
    _ahead: Asked[Handle] | None = None
    _latest: int = 0

    def __post_init__(self) -> None:
        self._peer = self.make()

    def observe(self, trial: Trial) -> None:
        """See `neps_cs.optimizers.base.Optimizer`."""
        if trial.state is State.RUNNING:
            if trial.id not in self._handles:  # one that starts again is no other
                self._start(trial)
        elif trial.state.ended:
            if self._ahead is not None:
                self._again()
            self._peer.end(trial, self._handles.get(trial.id))
            self._latest = max(self._latest, trial.id)
        self._events.append(trial)

    def _start(self, trial: Trial) -> None:
        asked = self._asked()
        self._ahead = None
        handle = asked.handle if asked.proposal is not None and _same(asked.proposal, trial) else None
        if handle is None and asked.handle is not None:
            self._peer.unused(asked.handle)
        self._peer.start(trial, handle)
        self._handles[trial.id] = handle
        self._latest = max(self._latest, trial.id)

    def _asked(self) -> Asked[Handle]:
        if self._ahead is None:
            self._ahead = self._peer.ask(self._latest + 1)
        return self._ahead

    def _again(self) -> None:
        events, self._events = self._events, []
        self._handles, self._ahead, self._latest = {}, None, 0
        self._peer = self.make()
        for event in events:
            self.observe(event)

    def ask(self, trial_id: int) -> Proposal | None:
        """See `neps_cs.optimizers.base.Optimizer`."""
        return self._asked().proposal


def _same(proposal: Proposal, trial: Trial) -> bool:
    if proposal.previous != trial.previous:
        return False
    return point_key(proposal.config, proposal.fidelities) == point_key(trial.config, trial.fidelities)
