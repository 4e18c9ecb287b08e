"""Decide-functions that draw: each decision is the quantile of one uniform number."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TypeAlias

import numpy as np

from neps_cs.distributions import drawn_large
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite, is_large
from neps_cs.resolving.walk import MAX_DEPTH, Config, Walk

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


def checked_flag(name: str, value: object, place: str) -> bool:
    """True or False. Raises ConfigError for anything else: any text would count as True."""
    if value is True or value is False:
        return value
    raise ConfigError(Problem(f"{name} must be True or False", f"{name}={value!r}", place))


def drawing(rng: np.random.Generator, *, use_priors: bool, place: str) -> Quantiles:
    """`prior` or `uniform`. Raises ConfigError where `use_priors` is no bool."""
    return (prior if checked_flag("use_priors", use_priors, place) else uniform)(rng)


def uniform(rng: Seed) -> Quantiles:
    """Uniform on each parameter's own scale; priors are ignored. Raises ConfigError for another rng than
    a Generator, a seed or None."""
    rng = generator(rng)
    return Quantiles(rng.random, rng, use_prior=False)


def prior(rng: Seed) -> Quantiles:
    """By the prior where a parameter has one, else uniform. Raises ConfigError as `uniform` does."""
    rng = generator(rng)
    return Quantiles(rng.random, rng, use_prior=True)


def drawn(
    resolver: Resolver,
    rng: np.random.Generator,
    fidelity_values: Mapping[str, float] | None = None,
    use_prior: bool = False,
    max_depth: int = MAX_DEPTH,
    build: bool = True,
) -> tuple[Config, Pipeline]:
    """Config and pipeline of one draw: what `uniform` or `prior` decide, by compiled code. Without `build`
    the pipeline is empty. Raises ConfigError where no legal config is found."""
    if resolver.forbidding is not None:
        return _drawn_legal(resolver, rng, fidelity_values, use_prior, max_depth, build)
    space = resolver.compiled("prior" if use_prior else "uniform", build=build)
    run = space.run
    if not space.needs_walk and fidelity_values is None:  # a flat space: the number of decisions is known
        config: Config = {}
        return config, run(config, iter(rng.random(space.draws).tolist()).__next__, None, 0)
    stream = chain(rng.random(_BLOCK).tolist(), _more(rng)).__next__
    walk = Walk(
        resolver.program, lambda: Quantiles(stream, rng, use_prior=use_prior),
        resolver.checked_fidelities(fidelity_values), build, max_depth,
    )  # fmt: skip
    return walk.config, run(walk.config, stream, walk, 0)


def _drawn_legal(
    resolver: Resolver,
    rng: np.random.Generator,
    fidelity_values: Mapping[str, float] | None,
    use_prior: bool,
    max_depth: int,
    build: bool,
) -> tuple[Config, Pipeline]:
    """`drawn` from the narrowed space, again until no clause forbids it. Operators are called once."""
    if resolver.draws_legal:
        return drawn(resolver.narrowed, rng, fidelity_values, use_prior, max_depth, build)
    fidelities, attempts = resolver.checked_fidelities(fidelity_values), resolver.attempts()
    while True:
        config, pipeline = drawn(resolver.narrowed, rng, fidelity_values, use_prior, max_depth, build=False)
        if attempts.accept(config):
            return config, resolver.recorded(config, fidelities).pipeline if build else pipeline


_BLOCK = 32
"""Uniform numbers are drawn in blocks: one by one each would cost ten times as much."""


def _more(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(_BLOCK).tolist()


class Quantiles:
    """Decides by the quantile of a number in [0, 1) that `random` gives; `rng` draws large integers."""

    __slots__ = ("_random", "_rng", "_use_prior")

    def __init__(self, random: Callable[[], float], rng: np.random.Generator, *, use_prior: bool) -> None:
        self._random, self._rng, self._use_prior = random, rng, use_prior

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if isinstance(site, NumberSite) and is_large(site.record, use_prior=self._use_prior):
            return drawn_large(self._rng, *allowed)
        return site.quantile(self._random(), allowed, use_prior=self._use_prior)
