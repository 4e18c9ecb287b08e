"""Where the new configs of brackets come from: uniform draws, the priors, or PriorBand's mixture."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from neps_cs.optimizers.draws import PRIOR, UNIFORM, Draw, deciding, drawing, loss
from neps_cs.optimizers.likelihood import log_around, log_prior
from neps_cs.optimizers.rungs import Rungs, halving_layout
from neps_cs.optimizers.variations import perturbing
from neps_cs.resolving.walk import Config
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

RATE, DEVIATION = 0.5, 0.25
MAX_TOP = 100
"""So many of the best configs are weighed at most: an ask must not take longer in a longer run."""


class Sampler(Protocol):
    """Chooses how a new config for a rung is drawn."""

    def observe(self, trial: Trial) -> None:
        """A trial started or ended."""
        ...

    def choose(self, rng: np.random.Generator, rung: int) -> tuple[str, Draw]:
        """The name of the distribution, and draws from it. Changes nothing."""
        ...


class Independent:
    """Draws that nothing observed changes: uniform, or by the priors."""

    def __init__(self, space: PipelineSpace, *, use_priors: bool) -> None:
        self._resolver, self._use_priors = space.resolver, use_priors

    def observe(self, trial: Trial) -> None:
        """Nothing of what happened counts."""

    def choose(self, rng: np.random.Generator, rung: int) -> tuple[str, Draw]:
        """See Sampler."""
        name = PRIOR if self._use_priors else UNIFORM
        return name, drawing(self._resolver, rng, use_priors=self._use_priors)


class PriorBandSampler:
    """PriorBand's mixture of uniform draws, the prior and the incumbent (Mallik et al. 2023, Section 5).

    A config for rung r is drawn uniformly with the probability p_U = 1 / (1 + eta^r), else by the
    prior: p_pi = eta^r p_U, so that the higher, the dearer rung trusts the prior more (Section 5.1).

    Once a rung has eta trials that succeeded, the prior shares p_pi with the incumbent, the config with the
    least objective so far (Section 5.2):

        p_incumbent = p_pi S_incumbent / (S_incumbent + S_pi),   S_d = sum_i (K + 1 - i) d(config_i)

    where config_1, …, config_K are the best K = max(1, floor(n / eta)) of the n at the highest rung that
    has eta or more, K at most 100, and d is the density under the prior, or under the prior moved to the
    incumbent (`neps_cs.optimizers.likelihood`).

    The paper waits longer: until trials have spent as much fidelity as one bracket of successive halving,
    what is continued counting once, and one succeeded at full fidelity. So does `after_bracket`.

    By the incumbent means: each of its decisions moves with probability 0.5, numbers normally with the
    deviation 0.25 of their unit scale, choices to another branch (Appendix E).
    """

    def __init__(self, space: PipelineSpace, rungs: Rungs, *, after_bracket: bool = False) -> None:
        self._resolver, self._rungs, self._after_bracket = space.resolver, rungs, after_bracket
        layout, values = halving_layout(rungs.top, rungs.eta, 0), rungs.values
        self._to_spend = sum(n * self._increment(rung, continued=rung > 0) for rung, n in layout)
        self._spent, self._reached_top = 0.0, False
        self._ranked: list[list[tuple[float, int]]] = [[] for _ in values]
        self._configs: dict[int, Config] = {}
        self._incumbent: tuple[float, int] | None = None
        self._log_prior: dict[int, float] = {}
        self._log_around: dict[int, float] = {}
        self._share: tuple[object, float] | None = None

    def _increment(self, rung: int, *, continued: bool) -> float:
        values = self._rungs.values
        return values[rung] - (values[rung - 1] if continued and rung else 0)

    def observe(self, trial: Trial) -> None:
        """Rank what ended by rung. A trial from elsewhere counts for the highest rung within its fidelity."""
        if not trial.state.ended:
            return
        fidelity = trial.fidelities.get(self._rungs.name, self._rungs.values[-1])
        rung = bisect_right(self._rungs.values, fidelity) - 1
        if rung < 0:
            return
        self._spent += self._increment(rung, continued=trial.previous is not None)
        if trial.state is not State.SUCCESS:
            return
        self._reached_top |= rung == self._rungs.top
        rank = loss(trial), trial.id
        insort(self._ranked[rung], rank)
        self._configs[trial.id] = trial.config
        if self._incumbent is None or rank < self._incumbent:
            self._incumbent = rank
            self._log_around = {}

    def weights(self, rung: int) -> Mapping[str, float]:
        """The probabilities of uniform draws, of the prior and of the incumbent, for a rung."""
        uniform = 1 / (1 + float(self._rungs.eta) ** rung)
        share = self._incumbent_share()
        return {UNIFORM: uniform, PRIOR: (1 - uniform) * (1 - share), "incumbent": (1 - uniform) * share}

    def choose(self, rng: np.random.Generator, rung: int) -> tuple[str, Draw]:
        """See Sampler."""
        weights = self.weights(rung)
        name = str(rng.choice(list(weights), p=list(weights.values())))
        if name == "incumbent":
            assert self._incumbent is not None, "it has a weight"
            config = self._configs[self._incumbent[1]]
            return name, deciding(
                self._resolver, lambda: perturbing(config, rng, rate=RATE, deviation=DEVIATION)
            )
        return name, drawing(self._resolver, rng, use_priors=name == PRIOR)

    def _incumbent_share(self) -> float:
        """The incumbent's part of what the prior has, 0 before there is one to trust."""
        eta = self._rungs.eta
        ranked = next((r for r in reversed(self._ranked) if len(r) >= eta), None)
        if ranked is None:
            return 0.0
        if self._after_bracket and not (self._reached_top and self._spent >= self._to_spend):
            return 0.0
        top = [trial_id for _, trial_id in ranked[: min(MAX_TOP, max(1, len(ranked) // eta))]]
        state = (self._incumbent, tuple(top))
        if self._share is None or self._share[0] != state:
            self._share = state, self._computed_share(top)
        return self._share[1]

    def _computed_share(self, top: list[int]) -> float:
        assert self._incumbent is not None, "something succeeded"
        middle = self._configs[self._incumbent[1]]
        for i in top:
            if i not in self._log_prior:
                self._log_prior[i] = log_prior(self._resolver, self._configs[i])
            if i not in self._log_around:
                self._log_around[i] = log_around(self._resolver, self._configs[i], middle)
        ranks = np.log(np.arange(len(top), 0, -1))
        under_prior = np.logaddexp.reduce(ranks + [self._log_prior[i] for i in top])
        around = np.logaddexp.reduce(ranks + [self._log_around[i] for i in top])
        if math.isinf(under_prior) and math.isinf(around):
            return 0.5
        return float(1 / (1 + np.exp(np.clip(under_prior - around, -700, 700))))
