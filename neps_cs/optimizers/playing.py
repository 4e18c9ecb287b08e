"""Plays an optimizer in memory: trials are asked for, run at once or side by side, end in any order.

For tests and for studies of optimizers: nothing is written, evaluations are a function of the trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.sampling.draw import Seed, generator
from neps_cs.trials import Report, State, Trial

Objective = Callable[[Trial], "float | None"]
"""What an evaluation of a trial gives; None: it crashes."""


def started(proposal: Proposal, trial_id: int) -> Trial:
    """The trial of a proposal, as it is observed when it starts."""
    return Trial(
        trial_id, proposal.config, proposal.fidelities, State.RUNNING, "player", float(trial_id),
        started=float(trial_id), previous=proposal.previous, note=proposal.note,
    )  # fmt: skip


def ended(trial: Trial, objective: float | None) -> Trial:
    """A trial as it is observed when it ended; crashed without an objective."""
    if objective is None:
        report = Report(None, error="RuntimeError: it crashed")
        return replace(trial, state=State.CRASHED, ended=trial.sampled, report=report)
    return replace(trial, state=State.SUCCESS, ended=trial.sampled, report=Report(objective))


@dataclass
class Player:
    """Plays trials of one optimizer. `events` are all that it observed, in order; given ones are
    observed first, and what they leave running is evaluated.

    `workers` trials run side by side; which of them ends next is drawn by `seed`.
    """

    optimizer: Optimizer
    objective: Objective
    workers: int = 1
    seed: Seed = 0
    events: list[Trial] = field(default_factory=list)
    exhausted: bool = False
    running: list[Trial] = field(init=False, default_factory=list)
    trials: list[Trial] = field(init=False, default_factory=list)
    _n_started: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._rng, given, self.events = generator(self.seed), self.events, []
        for event in given:
            self._observe(event)

    def play(self, n: int) -> list[Trial]:
        """Start trials until n were started in all or the optimizer is exhausted; let all of them end.

        Gives those that ended, in that order; `trials` has them too.
        """
        while True:
            while len(self.running) < self.workers and self._n_started < n and not self.exhausted:
                self._start()
            if not self.running:
                return self.trials
            self._end()
            self.exhausted = False  # what ended may give something to continue

    def _start(self) -> None:
        proposal = self.optimizer.ask(self._n_started + 1)
        if proposal is None:
            self.exhausted = True
        else:
            self._observe(started(proposal, self._n_started + 1))

    def _end(self) -> None:
        trial = self.running[int(self._rng.integers(len(self.running)))]
        self._observe(ended(trial, self.objective(trial)))

    def _observe(self, trial: Trial) -> None:
        self.events.append(trial)
        if trial.state is State.RUNNING:
            self.running.append(trial)
            self._n_started = max(self._n_started, trial.id)
        else:
            self.running = [t for t in self.running if t.id != trial.id]
            self.trials.append(trial)
            self._n_started = max(self._n_started, trial.id)
        self.optimizer.observe(trial)


def replayed(optimizer: Optimizer, events: Iterable[Trial]) -> Optimizer:
    """The optimizer, after it observed the events."""
    for event in events:
        optimizer.observe(event)
    return optimizer


def seeded_objective(seed: int) -> Objective:
    """An objective for tests on any space: noise that the config alone decides, less at high fidelity."""

    def objective(trial: Trial) -> float:
        text = repr(sorted(trial.config.items()))
        rng = np.random.default_rng([seed, *text.encode()])
        return float(rng.random()) + 0.1 / (1 + sum(trial.fidelities.values()))

    return objective
