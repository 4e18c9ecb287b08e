"""The engine below every way of running: who is proposed next, within the budget, in one transaction.

`run` in one process, its parallel workers and AskAndTell all do the same step: store what ended, let the
optimizer observe what is new, and start what may start.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from neps_cs.errors import ConfigError, Problem, RunError, StoreError
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.runtime.budget import Budget, Spent
from neps_cs.runtime.evaluate import Outcome
from neps_cs.runtime.store import Store
from neps_cs.sampling.replay import replay
from neps_cs.trials import Trial

Ended: TypeAlias = "tuple[Trial, Outcome | None]"
"""A trial and what its evaluation gave; None where the result comes later (see State.SUBMITTED)."""

LOOK_FOR_DEAD_SECONDS = 1.0


class Turn(NamedTuple):
    """What a step gave. `waiting`: more may start once trials that run now have ended. `exhausted`: nothing
    is left to propose, whatever the budget."""

    ended: list[Trial]
    claimed: list[Trial]
    waiting: bool = False
    exhausted: bool = False


@dataclass
class Engine:
    """Steps of one worker of a run. `make` gives a fresh optimizer: the store's events are its state."""

    store: Store
    make: Callable[[], Optimizer]
    worker: str
    budget: Budget | None = None
    here: Spent = field(default_factory=Spent)
    """What this worker spent."""
    _optimizer: Optimizer | None = None
    _total: Spent = field(default_factory=Spent)
    _seen: int = 0
    """The number of the last event that the optimizer observed."""
    _nothing_at: int = -1
    """The number of the last event when there was nothing to propose."""
    _looked: float = -LOOK_FOR_DEAD_SECONDS

    def step(self, ended: Sequence[Ended] = (), want: int = 1, *, ended_at: float | None = None) -> Turn:
        """Store what ended (at a time, None: now) and start up to `want` trials, in one transaction: one
        sync to disk. Where the optimizer fails, what ended is stored nevertheless."""
        if self._optimizer is None:
            self.catch_up()  # a long history is read before others have to wait
        failure: BaseException | None = None
        here, turn = replace(self.here), Turn([], [])
        try:
            with self.store.transaction():
                stored = [self._end(trial, outcome, ended_at) for trial, outcome in ended]
                for trial in stored:
                    here.add_end(trial)
                try:
                    with self.store.part():
                        turn = self._claim(stored, want, here) if want else Turn(stored, [], True)
                except (sqlite3.Error, StoreError):
                    raise
                except BaseException as e:
                    failure = e
        except BaseException:
            self._forget()
            raise
        self.here = here
        for trial in turn.claimed:
            here.add_start(trial)
        if failure is not None:
            self._forget()
            raise failure
        return turn

    def give_back(self, trial: Trial | None = None) -> list[Trial]:
        """Give trials of this worker back (all that run without an argument): they are evaluated again."""
        given = self.store.release(self.worker, trial)
        for one in given:
            self.here.add_start(one, -1)
        return given

    def catch_up(self) -> Optimizer:
        """The optimizer, after it has observed every event."""
        if self._optimizer is None:
            self._optimizer = self.make()
        for number, trial in self.store.events(self._seen):
            self._optimizer.observe(trial)
            if trial.state.ended:
                self._total.add_end(trial)
            else:
                self._total.add_start(trial)
            self._seen = number
        return self._optimizer

    def _forget(self) -> None:
        """After a failure what was observed may not be what is stored: begin again."""
        self._optimizer, self._total, self._seen, self._nothing_at = None, Spent(), 0, -1

    def _end(self, trial: Trial, outcome: Outcome | None, at: float | None) -> Trial:
        if outcome is None:
            return self.store.submit(trial)
        return self.store.end(trial, outcome.report, outcome.state, at)

    def _claim(self, ended: list[Trial], want: int, spent: Spent) -> Turn:
        self._look_for_dead()
        here, claimed = replace(spent), list[Trial]()
        while len(claimed) < want:
            optimizer = self.catch_up()
            given_back = self.store.interrupted()
            if not self._may_start(given_back, here):
                if self._look_for_dead(now=True):
                    continue
                return Turn(ended, claimed)
            trial = self._next(optimizer, given_back)
            if trial is None:
                if self._look_for_dead(now=True):
                    continue
                waiting = bool(self.store.running())
                return Turn(ended, claimed, waiting, exhausted=not waiting)
            here.add_start(trial)
            claimed.append(trial)
        return Turn(ended, claimed, waiting=True)

    def _may_start(self, given_back: list[Trial], here: Spent) -> bool:
        if self.budget is None:
            return True
        return self.budget.allows(self._total.without(given_back) if given_back else self._total, here)

    def _next(self, optimizer: Optimizer, given_back: list[Trial]) -> Trial | None:
        """One that was interrupted goes first, then a new one."""
        if given_back:
            return self.store.restart(given_back[0], self.worker)
        if self._nothing_at == self._seen:
            return None
        number = self._total.evaluations + 1
        proposal = optimizer.ask(number)
        if proposal is None:
            self._nothing_at = self._seen
            return None
        return self.store.start(number, checked(proposal, optimizer, number), self.worker)

    def _look_for_dead(self, *, now: bool = False) -> bool:
        if not now and time.monotonic() < self._looked + LOOK_FOR_DEAD_SECONDS:
            return False
        self._looked = time.monotonic()
        return self.store.free_the_dead(self.worker)


def checked(proposal: Proposal, optimizer: Optimizer, number: int) -> Proposal:
    """The proposal with a value for each fidelity: budgets count them; numpy's numbers become Python's.
    Raises RunError for what is none."""
    if not isinstance(proposal, Proposal):
        rule = "an optimizer must give a Proposal or None"
        raise RunError(Problem(rule, f"{proposal!r} of type {type(proposal).__name__}", optimizer.name))
    if proposal.previous is not None and not 1 <= proposal.previous < number:
        rule = "a proposal must continue an earlier trial"
        raise RunError(Problem(rule, f"previous={proposal.previous}, trial {number}", optimizer.name))
    config = {a: v.item() if isinstance(v, np.generic) else v for a, v in proposal.config.items()}
    resolver = optimizer.space.resolver
    fidelities = resolver.checked_fidelities(proposal.fidelities)
    if not type(optimizer).__module__.startswith("neps_cs."):  # ours are tested for it
        try:
            replay(resolver, config, fidelities, build=False)
        except ConfigError as e:
            place = f"trial {number} of {optimizer.name}"
            rule = "an optimizer must propose legal configs"
            raise RunError(Problem(f"{rule}: {p}", "", place) for p in e.problems) from e
    return replace(proposal, config=config, fidelities=fidelities)
