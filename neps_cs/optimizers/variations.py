"""Configs near others: some decisions of a config change, the rest stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import DecisionSite
from neps_cs.resolving.walk import Decide
from neps_cs.sampling.mutate import Forgetting, around, forgetting, recalled
from neps_cs.values import Plain

Amount: TypeAlias = "int | Literal['random', 'half'] | None"

LEAST_DEVIATION, GREATEST_DEVIATION = 0.02, 0.5
"""Between these a step's deviation is drawn, uniform in its logarithm: some steps look far, others close."""


def moving(
    resolver: Resolver, config: Mapping[str, Plain], k: int, rng: np.random.Generator, *, deviation: float
) -> Decide:
    """k decisions of a config move: numbers a little, by `around` with this deviation; choices to another
    branch. What the config does not hold is drawn."""
    chosen = forgetting(resolver, config, k, rng)
    return Forgetting(chosen.kept, chosen.forgotten, around(config, rng, deviation=deviation, p_keep=0.0))


def perturbing(
    config: Mapping[str, Plain], rng: np.random.Generator, *, rate: float, deviation: float
) -> Decide:
    """Each decision of a config moves as by `moving` with probability `rate`, on its own."""
    move = around(config, rng, deviation=deviation, p_keep=0.0)

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if rng.random() < rate:
            return move(site, allowed)
        kept = recalled(config, site, allowed)
        return move(site, allowed) if kept is None else kept

    return decide


def drawn_deviation(rng: np.random.Generator) -> float:
    """A deviation in [0.02, 0.5], uniform in its logarithm."""
    low, high = np.log(LEAST_DEVIATION), np.log(GREATEST_DEVIATION)
    return float(np.exp(low + float(rng.random()) * (high - low)))


def drawn_amount(amount: Amount, size: int, rng: np.random.Generator) -> int:
    """How many of `size` decisions change: a number as it is, "half" of them, "random": from 1 to half of
    them, each with equal probability; None: none. At least one but for 0 and None."""
    half = max(1, size // 2)
    match amount:
        case None:
            return 0
        case "half":
            return half
        case "random":
            return int(rng.integers(1, half + 1))
        case _:
            return int(amount)
