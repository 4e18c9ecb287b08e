"""Optimizers that begin many configs at a low fidelity and continue the best at higher ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neps_cs.optimizers.arguments import PriorFirst
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import (
    PRIOR_MODE,
    UNIFORM,
    Draw,
    Known,
    drawing,
    generator,
    has_priors,
    loss,
    prior_mode,
)
from neps_cs.optimizers.rungs import Rungs
from neps_cs.optimizers.samplers import Sampler
from neps_cs.optimizers.schedules import Job, Schedule
from neps_cs.resolving.walk import Config
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial
from neps_cs.values import Plain


class MultiFidelity:
    """A schedule plans which rung is next, a sampler draws the new configs.

    Each proposal's note says its `bracket` and `rung`, counted from 0, and the `sampler` of a new config:
    by it the trial is known again. A trial without is taken into account by the sampler alone.

    `prior_first`: the first new config is the prior's mode; with "highest_fidelity" it is
    evaluated at full fidelity, outside of the brackets.

    `max_depth` bounds the recursion of new configs where the sampler has none; None: as in sampling.

    Once a finite space is exhausted, brackets go on with the configs they have, and None follows when
    there is nothing to continue.
    """

    def __init__(
        self,
        name: str,
        info: Mapping[str, Any],
        space: PipelineSpace,
        *,
        seed: int,
        rungs: Rungs,
        schedule: Schedule,
        sampler: Sampler,
        prior_first: PriorFirst,
        max_depth: int | None = None,
    ) -> None:
        self.name, self.info, self.space = name, info, space
        self.rungs = rungs
        self._seed, self._schedule, self._sampler = seed, schedule, sampler
        self._prior_first = prior_first if has_priors(space) else False
        self._known, self._max_depth = Known(space, max_depth), max_depth
        self._configs: dict[int, Config] = {}
        self._is_first = True

    def observe(self, trial: Trial) -> None:
        """Tell schedule and sampler."""
        self._is_first = False
        self._known.add(trial.config)
        if trial.state is State.RUNNING:
            job = self._job_of(trial)
            if job is not None and trial.id not in self._configs:  # one that starts again is no other
                self._configs[trial.id] = trial.config
                self._schedule.start(trial.id, job)
        elif trial.state.ended:
            self._schedule.end(trial.id, loss(trial))
        self._sampler.observe(trial)

    def _job_of(self, trial: Trial) -> Job | None:
        bracket, rung = trial.note.get("bracket"), trial.note.get("rung")
        if type(bracket) is not int or type(rung) is not int or not 0 <= rung <= self.rungs.top:
            return None
        return Job(bracket, rung, trial.previous)

    def ask(self, trial_id: int) -> Proposal | None:
        """The next job's config and fidelity; None where there is nothing to begin or to continue."""
        rng = generator(self._seed, trial_id)
        if self._is_first and self._prior_first == "highest_fidelity":
            mode, full = prior_mode(self.space.resolver), self.rungs.fidelities(self.rungs.top)
            return Proposal(mode, full, note={"sampler": PRIOR_MODE})
        job = self._schedule.job(rng, closed=False)
        if job is not None and job.previous is None:
            found = self._known.novel(self._draws(rng, job.rung))
            if found is not None:
                return self._proposal(job, found[0], {"sampler": found[1]})
            job = self._schedule.job(rng, closed=True)
        if job is None or job.previous is None:
            return None
        return self._proposal(job, dict(self._configs[job.previous]), {})

    def _draws(self, rng: np.random.Generator, rung: int) -> Mapping[str, Draw]:
        resolver = self.space.resolver
        name, draw = self._sampler.choose(rng, rung)
        if self._is_first and self._prior_first:
            name, draw = PRIOR_MODE, lambda: prior_mode(resolver)
        uniform = drawing(resolver, rng, use_priors=False, max_depth=self._max_depth)
        return {name: draw, UNIFORM: uniform}

    def _proposal(self, job: Job, config: Config, note: Mapping[str, Plain]) -> Proposal:
        full_note = {"bracket": job.bracket, "rung": job.rung, **note}
        return Proposal(config, self.rungs.fidelities(job.rung), job.previous, full_note)
