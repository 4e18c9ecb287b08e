"""Decide-functions that draw: each decision is the quantile of one uniform number."""

from __future__ import annotations

import numbers
from typing import TypeAlias

import numpy as np

from neps_cs.distributions import drawn_large
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.sites import DecisionSite, NumberSite, is_large
from neps_cs.resolving.walk import Decide

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
        if isinstance(site, NumberSite) and is_large(site.record, use_prior=use_prior):
            return drawn_large(rng, *allowed)
        return site.quantile(float(rng.random()), allowed, use_prior=use_prior)

    return decide
