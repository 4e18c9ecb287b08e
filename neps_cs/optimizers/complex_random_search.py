"""Complex random search: random draws, mutations and crossovers of the best, mixed at random.

Where NePS draws a pool of candidates and takes one of them at random, here the kind is drawn first,
with the pool's shares, and then one candidate of it: the same distribution for the cost of one draw.

| kind | share | candidate |
|---|---|---|
| uniform | 5 | a uniform draw |
| prior | 5 | a draw by the priors |
| move one, move some | 5 each per best | one decision moves; some do, 1 to half of them |
| forget one, forget some | 5 each per best | one decision is drawn anew; some are |
| crossover | 6 | each decision from one of two of the best, uniform crossover |
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from typing import Any

import numpy as np

from neps_cs.optimizers.arguments import HIGHEST, IgnoreFidelity, read_ignore_fidelity, read_seed, read_space
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import Draw, Novelty, deciding, drawing, has_priors, loss, prior_mode
from neps_cs.optimizers.variations import drawn_amount, drawn_deviation, moving
from neps_cs.resolving.walk import Config
from neps_cs.sampling.crossover import crossover
from neps_cs.sampling.mutate import forgetting
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

N_BEST = 5
_PER_DRAW, _PER_BEST, _CROSSOVERS = 5, 5, 6
_OF_BEST = ("move one", "move some", "forget one", "forget some")


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
        self._is_first = True
        self.info: Mapping[str, Any] = {"ignore_fidelity": ignore}

    def observe(self, trial: Trial) -> None:
        """Keep the five best."""
        self._novelty.observe(trial)
        self._is_first = False
        if trial.state is State.SUCCESS:
            insort(self._best, (loss(trial), trial.id, trial.config), key=lambda b: b[:2])
            del self._best[N_BEST:]

    def ask(self, trial_id: int) -> Proposal | None:
        """A candidate for the trial with this id; None once a finite space is exhausted."""
        rng = self._novelty.rng(trial_id)
        if self._is_first and self._has_priors:
            mode = prior_mode(self.space.resolver)
            return self._novelty.propose(rng, lambda: mode, {"sampler": "prior mode"})
        kind = self._kind(rng)
        return self._novelty.propose(rng, self._candidates(kind, rng), {"sampler": kind})

    def _kind(self, rng: np.random.Generator) -> str:
        n = len(self._best)
        shares = {"uniform": _PER_DRAW, "prior": _PER_DRAW if self._has_priors else 0}
        shares |= dict.fromkeys(_OF_BEST, _PER_BEST * n)
        shares["crossover"] = _CROSSOVERS if n > 1 else 0
        weights = np.array(list(shares.values())) / sum(shares.values())
        return list(shares)[int(rng.choice(len(shares), p=weights))]

    def _candidates(self, kind: str, rng: np.random.Generator) -> Draw:
        resolver = self.space.resolver
        if kind in ("uniform", "prior"):
            return drawing(resolver, rng, use_priors=kind == "prior")
        if kind == "crossover":
            first, second = (
                self._best[i][2] for i in rng.choice(len(self._best), size=2, replace=False).tolist()
            )
            return deciding(resolver, lambda: crossover(first, second, rng))
        parent = self._best[int(rng.integers(len(self._best)))][2]

        def mutant() -> Any:
            k = 1 if kind.endswith("one") else drawn_amount("random", len(parent), rng)
            if kind.startswith("move"):
                return moving(resolver, parent, k, rng, deviation=drawn_deviation(rng))
            return forgetting(resolver, parent, k, rng)

        return deciding(resolver, mutant)
