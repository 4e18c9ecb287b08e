"""Who is evaluated at which rung: brackets that wait for their rungs, and ladders that don't."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Protocol

import numpy as np

from neps_cs.optimizers.rungs import Layout

_Rank = tuple[float, int]
"""Loss and id of a trial: of equal losses the earlier one is better."""


@dataclass(frozen=True)
class Job:
    """Evaluate at a rung of a bracket: a new config, or that of the trial `previous`."""

    bracket: int
    rung: int
    previous: int | None = None


class Schedule(Protocol):
    """Plans jobs. `job` changes nothing: what is planned counts once its trial started."""

    def job(self, rng: np.random.Generator, *, closed: bool) -> Job | None:
        """What to do next. `closed`: there is no new config, so only trials that ended are continued;
        None where there are none to continue now."""
        ...

    def start(self, trial_id: int, job: Job) -> None:
        """The trial of a job started."""
        ...

    def end(self, trial_id: int, loss: float) -> None:
        """A trial that started has ended; its loss is infinite where it crashed."""
        ...


@dataclass(eq=False)
class _Bracket:
    """One bracket of successive halving: the next rung begins when all at this one have ended.

    A crashed trial counts as the worst and is never continued: if fewer succeeded than the next rung
    may have, that has fewer.
    """

    index: int
    layout: Layout
    level: int = 0
    started: int = 0
    ended: list[_Rank] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def job(self, closed: bool) -> Job | None:
        rung, size = self.layout[self.level]
        if self.waiting:
            return Job(self.index, rung, self.waiting[0])
        if self.level == 0 and self.started < size:
            if not closed:
                return Job(self.index, rung)
            if self.started == len(self.ended) and (winners := self._winners()):
                return Job(self.index, self.layout[1][0], winners[0])
        return None

    def start(self, job: Job) -> bool:
        """Whether the job was one of this bracket's."""
        if job.previous is None:
            if self.level > 0 or job.rung != self.layout[0][0]:
                return False
        else:
            if self.level == 0 and job.previous in self._winners():
                self._rise()  # no new config was left to fill the rung
            if job.previous not in self.waiting or job.rung != self.layout[self.level][0]:
                return False
            self.waiting.remove(job.previous)
        self.started += 1
        return True

    def end(self, rank: _Rank) -> None:
        self.ended.append(rank)
        full = self.started >= self.layout[0][1] if self.level == 0 else not self.waiting
        if full and len(self.ended) == self.started:
            self._rise()

    @property
    def offers(self) -> bool:
        """Whether there may be a job; if not, there is none before a trial of the bracket ends."""
        return bool(self.waiting) or (self.level == 0 and self.started < self.layout[0][1])

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to evaluate."""
        return self.level == len(self.layout)

    def _winners(self) -> list[int]:
        if self.level + 1 == len(self.layout):
            return []
        best = sorted(r for r in self.ended if r[0] < inf)
        return [trial_id for _, trial_id in best[: self.layout[self.level + 1][1]]]

    def _rise(self) -> None:
        self.waiting = self._winners()
        self.level = self.level + 1 if self.waiting else len(self.layout)
        self.started, self.ended = 0, []


class SynchronousSchedule:
    """Brackets in turn, by their layouts again and again; while the oldest waits for trials that run, the
    next one goes on or is begun, so that no worker ever waits."""

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self._layouts = tuple(layouts)
        self._open: dict[int, _Bracket] = {}
        self._offering: list[int] = []  # a run whose results come late has many that wait
        self._begun = 0
        self._running: dict[int, int] = {}

    def job(self, rng: np.random.Generator, *, closed: bool) -> Job | None:
        """See Schedule. The oldest bracket goes first."""
        for index in self._offering:
            job = self._open[index].job(closed)
            if job is not None:
                return job
        return None if closed else self._fresh().job(False)

    def _fresh(self) -> _Bracket:
        return _Bracket(self._begun, self._layouts[self._begun % len(self._layouts)])

    def start(self, trial_id: int, job: Job) -> None:
        """See Schedule."""
        if job.bracket == self._begun:
            self._open[self._begun] = self._fresh()
            self._begun += 1
        bracket = self._open.get(job.bracket)
        if bracket is None:
            return
        if bracket.start(job):
            self._running[trial_id] = job.bracket
        self._note(bracket)

    def end(self, trial_id: int, loss: float) -> None:
        """See Schedule."""
        index = self._running.pop(trial_id, None)
        if index is None:
            return
        bracket = self._open[index]
        bracket.end((loss, trial_id))
        self._note(bracket)
        if bracket.is_over:
            del self._open[index]

    def _note(self, bracket: _Bracket) -> None:
        """Keep the brackets that offer jobs, the oldest first."""
        place = bisect_left(self._offering, bracket.index)
        is_noted = self._offering[place : place + 1] == [bracket.index]
        if bracket.offers and not is_noted:
            self._offering.insert(place, bracket.index)
        elif is_noted and not bracket.offers:
            del self._offering[place]


@dataclass(eq=False)
class _Step:
    """One rung of a ladder: all that ended there, best first, and those that may still rise."""

    ended: list[_Rank] = field(default_factory=list)
    stayed: list[_Rank] = field(default_factory=list)
    risen: set[int] = field(default_factory=set)

    def end(self, rank: _Rank) -> None:
        insort(self.ended, rank)
        if rank[0] < inf:
            heappush(self.stayed, rank)

    def rise(self, trial_id: int) -> None:
        self.risen.add(trial_id)
        while self.stayed and self.stayed[0][1] in self.risen:
            self.risen.remove(heappop(self.stayed)[1])

    def promotable(self, eta: int, closed: bool) -> int | None:
        """The best that did not rise yet, if it is among the best 1 / eta."""
        if not self.stayed:
            return None
        n = len(self.ended)
        places = -(-n // eta) if closed else n // eta
        best = self.stayed[0]
        return best[1] if bisect_left(self.ended, best) < places else None


class _Ladder:
    """ASHA (Li et al. 2020, Algorithm 2): whoever is among the best 1 / eta of a rung rises at once."""

    def __init__(self, index: int, rungs: Sequence[int], eta: int) -> None:
        self._index, self._rungs, self._eta = index, tuple(rungs), eta
        self._steps = {rung: _Step() for rung in rungs}

    def job(self, closed: bool) -> Job | None:
        for rung in reversed(self._rungs[:-1]):
            found = self._steps[rung].promotable(self._eta, closed)
            if found is not None:
                return Job(self._index, rung + 1, found)
        return None if closed else Job(self._index, self._rungs[0])

    def start(self, job: Job) -> bool:
        """Whether the job was one of this ladder's."""
        if job.rung not in self._steps:
            return False
        if job.previous is None:
            return job.rung == self._rungs[0]
        if job.rung == self._rungs[0]:
            return False
        self._steps[job.rung - 1].rise(job.previous)
        return True

    def end(self, rung: int, rank: _Rank) -> None:
        self._steps[rung].end(rank)


class AsynchronousSchedule:
    """Ladders that start at different rungs: one is ASHA; several are asynchronous Hyperband, where each
    job's ladder is drawn in proportion to `weights`.

    Once there is no new config, the best ceil(n / eta) of each rung rise, so that the best comes to full
    fidelity.
    """

    def __init__(self, starts: Sequence[int], top: int, eta: int, weights: Sequence[float]) -> None:
        self._ladders = [_Ladder(i, range(start, top + 1), eta) for i, start in enumerate(starts)]
        self._weights = np.array(weights, dtype=float) / sum(weights)
        self._running: dict[int, Job] = {}

    def job(self, rng: np.random.Generator, *, closed: bool) -> Job | None:
        """See Schedule. Rising goes before new configs."""
        if closed:
            return next((job for ladder in self._ladders if (job := ladder.job(True)) is not None), None)
        chosen = int(rng.choice(len(self._ladders), p=self._weights)) if len(self._ladders) > 1 else 0
        return self._ladders[chosen].job(False)

    def start(self, trial_id: int, job: Job) -> None:
        """See Schedule."""
        if 0 <= job.bracket < len(self._ladders) and self._ladders[job.bracket].start(job):
            self._running[trial_id] = job

    def end(self, trial_id: int, loss: float) -> None:
        """See Schedule."""
        job = self._running.pop(trial_id, None)
        if job is not None:
            self._ladders[job.bracket].end(job.rung, (loss, trial_id))
