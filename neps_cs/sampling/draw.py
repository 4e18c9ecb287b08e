"""Decide-functions that draw: each decision is the quantile of one uniform number."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from neps_cs.distributions import Scale, index_quantile, normal_quantile, prior_weights
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Decide

Seed: TypeAlias = "int | np.random.Generator | None"


def generator(seed: Seed) -> np.random.Generator:
    """A Generator as it is, or a new one; None gives fresh entropy. No global state is used."""
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)


def uniform(rng: np.random.Generator) -> Decide:
    """Uniform on each parameter's own scale; priors are ignored."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        return quantile(site, allowed, float(rng.random()), use_prior=False)

    return decide


def prior(rng: np.random.Generator) -> Decide:
    """By the prior where a parameter has one, else uniform."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        return quantile(site, allowed, float(rng.random()), use_prior=True)

    return decide


def quantile(site: DecisionSite, allowed: tuple[float, ...], u: float, *, use_prior: bool) -> float:
    """The u-quantile of a decision, u in [0, 1): a number within `allowed`, or an index out of it."""
    record = site.record
    weighted = use_prior and record.prior is not None and record.confidence is not None
    if not isinstance(site, NumberSite):
        if not weighted:
            return allowed[int(u * len(allowed))]
        assert record.confidence is not None
        assert isinstance(record.prior, int)
        weights = prior_weights(len(site.values), record.prior, record.confidence.weight)
        return allowed[index_quantile(u, [weights[int(i)] for i in allowed])]
    lower, upper = allowed
    scale = Scale(lower, upper, site.record.log, site.record.integer)
    if weighted and (lower, upper) == (site.record.lower, site.record.upper) and lower < upper:
        assert record.confidence is not None
        assert record.prior is not None
        u = normal_quantile(u, scale.to_unit(record.prior), record.confidence.deviation)
    return scale.from_unit(u)
