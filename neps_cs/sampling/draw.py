"""Decide-functions that draw: each decision is the quantile of one uniform number."""

from __future__ import annotations

import numbers
from typing import TypeAlias

import numpy as np

from neps_cs.distributions import Scale, index_quantile, large_integer, normal_quantile, prior_weights
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Decide

_FLOATS_NAME = 2**53
"""Below this every integer is a float."""

Seed: TypeAlias = "int | np.random.Generator | None"


def generator(seed: Seed) -> np.random.Generator:
    """A Generator as it is, or a new one; None gives fresh entropy. No global state is used.

    Raises ConfigError for any other seed than an integer >= 0.
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(checked_seed(seed))


def checked_seed(seed: object, place: str = "sample") -> int | None:
    """An integer >= 0 (numpy's too) or None. Raises ConfigError for anything else."""
    if seed is None:
        return None
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, numbers.Integral):
        raise ConfigError(Problem("seed must be an integer, a Generator or None", repr(seed), place))
    if seed < 0:
        raise ConfigError(Problem("seed >= 0 must hold", repr(seed), place))
    return int(seed)


def uniform(rng: np.random.Generator) -> Decide:
    """Uniform on each parameter's own scale; priors are ignored."""

    return _deciding(rng, use_prior=False)


def prior(rng: np.random.Generator) -> Decide:
    """By the prior where a parameter has one, else uniform."""

    return _deciding(rng, use_prior=True)


def _deciding(rng: np.random.Generator, *, use_prior: bool) -> Decide:
    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if isinstance(site, NumberSite) and allowed[1] - allowed[0] >= _FLOATS_NAME and site.record.integer:
            plain = not site.record.log and (not use_prior or site.record.prior is None)
            if plain:
                lower, upper = (int(x) for x in allowed)
                size = (upper - lower).bit_length() + 64
                bits = int.from_bytes(rng.bytes(size // 8 + 1), "little") % 2**size
                return large_integer(bits, size, lower, upper)
        return quantile(site, allowed, float(rng.random()), use_prior=use_prior)

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
        # as in ConfigSpace: the mean lies between the bounds themselves, not between the ends of their cells
        center = Scale(lower, upper, site.record.log).to_unit(record.prior)
        u = normal_quantile(u, center, record.confidence.deviation)
    return scale.from_unit(u)
