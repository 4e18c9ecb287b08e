"""Complex random search: random draws, mutations and crossovers of the best, mixed at random.

NePS draws a pool of candidates of each kind and takes one at random; two thirds of it are mutants from the
second trial on, and soon nine tenths. Here a kind is drawn, then a candidate of it, and the first ten are
draws: while little is known, what is best so far says little. With n trials that succeeded and
q = min(1, 10 / n):

| kind | probability | candidate |
|---|---|---|
| prior, uniform | q, 0.15 of it by the prior where there is one | a draw |
| crossover | 0.05 (1 - q) | each decision from one of two of the best five |
| move one, move some | 0.475 (1 - q), in equal parts | one decision of a best one moves; 1 to half |
| forget one, forget some | 0.475 (1 - q), in equal parts | one is drawn anew, or 1 to half |

Where a crossover gives nothing new, a mutant stands in for it, and for that a uniform draw.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from typing import Any

import numpy as np

from neps_cs.optimizers.arguments import HIGHEST, IgnoreFidelity, read_ignore_fidelity, read_seed, read_space
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import (
    PRIOR,
    PRIOR_MODE,
    UNIFORM,
    Draw,
    Novelty,
    deciding,
    drawing,
    has_priors,
    loss,
    prior_mode,
)
from neps_cs.optimizers.variations import drawn_amount, drawn_deviation, moving
from neps_cs.resolving.walk import Config, Decide
from neps_cs.sampling.crossover import crossover
from neps_cs.sampling.mutate import forgetting
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

N_BEST = 5
N_DRAWS = 10
P_PRIOR = 0.15
P_CROSSOVER = 0.05
_VARIATIONS = ("move one", "move some", "forget one", "forget some")


class ComplexRandomSearch:
    """Mutations around the five best and by forgetting, crossovers of two of them, and random draws.

    The first trial is the prior's mode, where there are priors. A crashed trial is never among the best.
    """

    name = "complex_random_search"

    def __init__(self, space: PipelineSpace, *, seed: int, ignore_fidelity: IgnoreFidelity = HIGHEST) -> None:
        self.space = read_space(space, self.name)
        ignore = read_ignore_fidelity(space, ignore_fidelity, self.name)
        self._novelty = Novelty(space, read_seed(seed, self.name), ignore)
        self._has_priors = has_priors(space)
        self._best: list[tuple[float, int, Config]] = []
        self._n_ended = 0
        self._is_first = True
        self.info: Mapping[str, Any] = {"ignore_fidelity": ignore}

    def observe(self, trial: Trial) -> None:
        """Keep the five best."""
        self._novelty.observe(trial)
        self._is_first = False
        if trial.state is State.SUCCESS:
            self._n_ended += 1
            insort(self._best, (loss(trial), trial.id, trial.config), key=lambda b: b[:2])
            del self._best[N_BEST:]

    def ask(self, trial_id: int) -> Proposal | None:
        """A candidate for the trial with this id; None once a finite space is exhausted."""
        rng, resolver = self._novelty.rng(trial_id), self.space.resolver
        if self._is_first and self._has_priors:
            return self._novelty.propose(rng, {PRIOR_MODE: lambda: prior_mode(resolver)})
        return self._novelty.propose(rng, self._draws(rng))

    def _draws(self, rng: np.random.Generator) -> Mapping[str, Draw]:
        resolver = self.space.resolver
        if rng.random() * self._n_ended < N_DRAWS:
            by_prior = self._has_priors and rng.random() < P_PRIOR
            return {PRIOR if by_prior else UNIFORM: drawing(resolver, rng, use_priors=by_prior)}
        kind = _VARIATIONS[int(rng.integers(len(_VARIATIONS)))]
        one, other = (self._best[i][2] for i in rng.choice(len(self._best), size=2, replace=False).tolist())
        draws = {kind: deciding(resolver, lambda: self._mutant(kind, one, rng))}
        if rng.random() >= P_CROSSOVER:
            return draws
        return {"crossover": deciding(resolver, lambda: crossover(one, other, rng)), **draws}

    def _mutant(self, kind: str, parent: Config, rng: np.random.Generator) -> Decide:
        resolver = self.space.resolver
        k = 1 if kind.endswith("one") else drawn_amount("random", len(parent), rng)
        if kind.startswith("move"):
            return moving(resolver, parent, k, rng, deviation=drawn_deviation(rng))
        return forgetting(resolver, parent, k, rng)
