"""Regularized evolution (Real, Aggarwal, Huang and Le 2019, Algorithm 1): the oldest dies, not the worst."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from neps_cs.optimizers.arguments import (
    HIGHEST,
    IgnoreFidelity,
    read_among,
    read_count,
    read_ignore_fidelity,
    read_seed,
    read_share,
    read_space,
    refuse,
)
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import PRIOR, UNIFORM, Novelty, deciding, drawing, has_priors, loss
from neps_cs.optimizers.variations import Amount, drawn_amount, drawn_deviation, moving
from neps_cs.resolving.walk import Config, Decide
from neps_cs.sampling.crossover import crossover
from neps_cs.sampling.draw import checked_flag
from neps_cs.sampling.mutate import Forgetting, around, forgetting
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

MutationType: TypeAlias = "float | Literal['mutate_best', 'crossover_top_2']"


class RegularizedEvolution:
    """A population of the last `population_size` trials that ended well; crashed ones never enter it.

    Until it is full, configs are drawn, by the priors with `use_priors`. Then `tournament_size` members
    are drawn with replacement, and the best of them is mutated, or crossed with the second best.
    """

    name = "regularized_evolution"

    def __init__(
        self,
        space: PipelineSpace,
        *,
        seed: int,
        population_size: int = 20,
        tournament_size: int = 5,
        use_priors: bool = True,
        mutation_type: MutationType = 0.5,
        n_mutations: Amount = "random",
        n_forgets: Amount = None,
        ignore_fidelity: IgnoreFidelity = HIGHEST,
    ) -> None:
        self.space = read_space(space, self.name)
        size = read_count("population_size", population_size, 1, self.name)
        self._tournament = read_count("tournament_size", tournament_size, 1, self.name)
        if self._tournament > size:
            got = f"tournament_size={tournament_size}, population_size={size}"
            raise refuse("tournament_size <= population_size must hold", got, self.name)
        self._p_mutate = _p_mutate(mutation_type, self.name)
        self._moves = _read_amount("n_mutations", n_mutations, self.name)
        self._forgets = _read_amount("n_forgets", n_forgets, self.name)
        if self._p_mutate > 0 and not self._moves and not self._forgets:
            got = f"n_mutations={n_mutations!r}, n_forgets={n_forgets!r}"
            raise refuse("a mutation must change something: n_mutations or n_forgets", got, self.name)
        ignore = read_ignore_fidelity(space, ignore_fidelity, self.name)
        self._novelty = Novelty(space, read_seed(seed, self.name), ignore)
        self._use_priors = checked_flag("use_priors", use_priors, self.name)
        self._by_prior = self._use_priors and has_priors(space)
        self._population: deque[tuple[float, int, Config]] = deque(maxlen=size)
        self._size = size
        self.info: Mapping[str, Any] = {
            "population_size": size, "tournament_size": self._tournament, "use_priors": self._use_priors,
            "mutation_type": mutation_type, "n_mutations": n_mutations, "n_forgets": n_forgets,
            "ignore_fidelity": ignore,
        }  # fmt: skip

    def observe(self, trial: Trial) -> None:
        """What ended well joins the population; its oldest member leaves."""
        self._novelty.observe(trial)
        if trial.state is State.SUCCESS:
            self._population.append((loss(trial), trial.id, trial.config))

    def ask(self, trial_id: int) -> Proposal | None:
        """A child of the population, or a draw for it; None once a finite space is exhausted."""
        rng, resolver = self._novelty.rng(trial_id), self.space.resolver
        if len(self._population) < self._size:
            draw = drawing(resolver, rng, use_priors=self._by_prior)
            return self._novelty.propose(rng, {PRIOR if self._by_prior else UNIFORM: draw})
        drawn = rng.integers(self._size, size=self._tournament).tolist()
        ranked = sorted({i: self._population[i][:2] for i in drawn}.items(), key=lambda item: item[1])
        best = self._population[ranked[0][0]]
        draws = {"mutation": deciding(resolver, lambda: self._mutant(best[2], rng))}
        if len(ranked) == 1 or rng.random() < self._p_mutate:
            return self._novelty.propose(rng, draws, {"parent": best[1]})
        second = self._population[ranked[1][0]]
        children = deciding(resolver, lambda: crossover(best[2], second[2], rng))
        note = {"parent": best[1], "other_parent": second[1]}
        return self._novelty.propose(rng, {"crossover": children, **draws}, note)

    def _mutant(self, parent: Config, rng: np.random.Generator) -> Decide:
        """Some decisions drawn anew, others moved."""
        resolver, size = self.space.resolver, len(parent)
        moves = drawn_amount(self._moves, size, rng)
        forgets = drawn_amount(self._forgets, size, rng)
        if not moves and not forgets:  # by crossover alone, where a tournament had one member
            moves = 1
        if not forgets:
            return moving(resolver, parent, moves, rng, deviation=drawn_deviation(rng))
        chosen = forgetting(resolver, parent, forgets, rng, use_priors=self._by_prior)
        moved = rng.permutation(sorted(chosen.kept))[:moves].tolist()
        move = around(parent, rng, deviation=drawn_deviation(rng), p_keep=0.0)
        kept = {a: v for a, v in chosen.kept.items() if a not in moved}
        return Forgetting(
            kept,
            chosen.forgotten,
            lambda site, allowed: (move if site.address in moved else chosen.draw)(site, allowed),
        )


def _read_amount(name: str, value: Amount, place: str) -> Amount:
    if value is None or isinstance(value, str):
        return read_among(name, value, (None, "random", "half"), place)
    return read_count(name, value, 0, place)


def _p_mutate(value: MutationType, place: str) -> float:
    """The probability of a mutation; a crossover has the rest."""
    if isinstance(value, str):
        return {"mutate_best": 1.0, "crossover_top_2": 0.0}[
            read_among("mutation_type", value, ("mutate_best", "crossover_top_2"), place)
        ]
    return read_share("mutation_type", value, place)
