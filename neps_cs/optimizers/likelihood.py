"""How likely a config is under the priors, and under the same priors moved to another config.

Densities are those on the unit interval of each number's scale, of integers and grids at the middle
of their cell, and for a choice n times its mass: 1 throughout is the uniform distribution. Forbidden clauses
are not taken into account. A config is as likely as the product over its decisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from neps_cs.distributions import prior_weights
from neps_cs.laws import UNIFORM, NormalLaw, point_law
from neps_cs.priors import ConfidenceLevel
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.sampling.mutate import center, recalled
from neps_cs.values import Plain

SPREAD = 0.25
"""The standard deviation around a number without a point prior (Mallik et al. 2023, Appendix E)."""
_FLAT = ConfidenceLevel.LOW

_LogDensity: TypeAlias = Callable[[DecisionSite, "tuple[float, ...]", float], float]


def log_prior(resolver: Resolver, config: Mapping[str, Plain]) -> float:
    """The logarithm of a config's density under the priors; -inf where they rule it out."""
    return _log_density(resolver, config, _under_prior)


def log_around(resolver: Resolver, config: Mapping[str, Plain], middle: Mapping[str, Plain]) -> float:
    """The logarithm of a config's density under the priors moved to `middle`.

    A number lies around the one there, normal with the standard deviation of its point prior's confidence,
    without such a prior 0.25; a choice is that there with the weight of its prior's confidence, without
    one that of "low". What `middle` does not hold is uniform.
    """

    def density(site: DecisionSite, allowed: tuple[float, ...], value: float) -> float:
        there = recalled(middle, site, allowed)
        if there is None:
            return 0.0
        confidence = site.record.confidence
        if isinstance(site, NumberSite):
            scale = site.record.scale(*allowed)
            deviation = SPREAD if confidence is None else confidence.deviation
            one_point = scale.lower == scale.top
            return 0.0 if one_point else _log_normal(point_law(scale, there, deviation), center(scale, value))
        weights = prior_weights(len(allowed), allowed.index(there), (confidence or _FLAT).weight)
        return _log(len(allowed) * weights[allowed.index(value)])

    return _log_density(resolver, config, density)


def _log_density(resolver: Resolver, config: Mapping[str, Plain], density: _LogDensity) -> float:
    total = 0.0

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        nonlocal total
        value = recalled(config, site, allowed)
        if value is None:  # a config from elsewhere: nothing is known here
            return site.quantile(0.5, allowed)
        total += density(site, allowed, value)
        return value

    resolver.resolve(decide, build=False, max_depth=None, max_decisions=None, legal=False)
    return total


def _under_prior(site: DecisionSite, allowed: tuple[float, ...], value: float) -> float:
    if site.record.prior is None:
        return 0.0
    if isinstance(site, NumberSite):
        scale = site.record.scale(*allowed)
        law = site.distribution(*allowed, use_prior=True).law
        if law is UNIFORM:
            return 0.0
        if isinstance(law, NormalLaw):
            return _log_normal(law, center(scale, value))
        return _log(float(law.pdf(center(scale, value))))  # type: ignore[arg-type]
    return _log_choice(site, allowed, int(value))


def _log_choice(site: ChoiceSite, allowed: tuple[float, ...], value: int) -> float:
    among = [site.masses[int(i)] for i in allowed]
    total = math.fsum(among)
    return _log(len(among) * site.masses[value] / total) if total > 0 else 0.0


def _log_normal(law: NormalLaw, x: float) -> float:
    """The logarithm of the density of a normal law truncated to [0, 1], in closed form."""
    z, root = (x - law.center) / law.deviation, math.sqrt(2) * law.deviation
    mass = 0.5 * (math.erf((1 - law.center) / root) + math.erf(law.center / root))
    if mass <= 0.0:
        return _log(float(law.pdf(x)))  # type: ignore[arg-type]
    return -0.5 * z * z - math.log(math.sqrt(2 * math.pi) * law.deviation * mass)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
