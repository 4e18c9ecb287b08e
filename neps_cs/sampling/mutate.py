"""Decide-functions that change a config: what is not changed is taken from it.

A decision that the config does not hold is drawn. So is one whose value does not fit any more,
because a bound moved, or because other branches are open than were. What becomes inactive is never
asked for, and vanishes; so does what no config of the space holds: an address that is mistyped looks
like one of an older space.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neps_cs.distributions import NumberDistribution
from neps_cs.errors import ConfigError, Problem
from neps_cs.laws import NormalLaw
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Decide
from neps_cs.sampling.draw import Seed, drawing, generator
from neps_cs.sampling.replay import Replay, soonest
from neps_cs.scales import Scale
from neps_cs.values import Plain


@dataclass(frozen=True, eq=False)
class Forgetting:
    """Decides as `kept` says, and by `draw` what that does not hold. `forgotten`: what was left out."""

    kept: Mapping[str, Plain]
    forgotten: frozenset[str]
    draw: Decide

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        found = recalled(self.kept, site, allowed)
        return self.draw(site, allowed) if found is None else found


def forgetting(
    resolver: Resolver, config: Mapping[str, Plain], k: int, rng: Seed, *, use_priors: bool = False
) -> Forgetting:
    """Keeps a config but for k of its decisions, which are drawn anew.

    The k are chosen at once, at random without replacement, all where k exceeds their number. Each
    is drawn from its distribution, uniform or with `use_priors` by its prior: it may come out as it
    was. One that is inactive by then, because another was forgotten too, is not drawn. Used again, it
    draws other values for the same k.

    What the config holds is taken as far as it fits: it may come from an older space. Only decisions
    that still fit are chosen from; those that don't, or that it does not hold, are drawn in any case.

    Raises ConfigError for a config that is no mapping, or unless k is an integer >= 0.
    """
    if not isinstance(resolver, Resolver):
        rule = "resolver must be that of a space: space.resolver"
        raise ConfigError(Problem(rule, repr(resolver), "forgetting"))
    if isinstance(k, bool) or not isinstance(k, numbers.Integral):
        raise ConfigError(Problem("k must be a whole number", repr(k), "forgetting"))
    if k < 0:
        raise ConfigError(Problem("k >= 0 must hold", f"k={k}", "forgetting"))
    held = checked_config("config", config, "forgetting")
    rng, addresses = generator(rng), _fitting_addresses(resolver, held)
    draw = drawing(rng, use_priors=use_priors, place="forgetting")
    chosen = rng.choice(len(addresses), size=min(int(k), len(addresses)), replace=False)
    forgotten = frozenset(addresses[i] for i in chosen.tolist())
    kept = {a: v for a, v in held.items() if a not in forgotten}
    return Forgetting(kept, forgotten, draw)


def _fitting_addresses(resolver: Resolver, config: Mapping[str, Plain]) -> list[str]:
    """The decisions of a config that still fit, in the order in which they are decided."""
    found: list[str] = []

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        value = recalled(config, site, allowed)
        if value is None:
            return soonest(site, allowed)
        found.append(site.address)
        return value

    resolver.resolve(decide, build=False, max_depth=None, max_decisions=None, legal=False)
    return found


def around(
    config: Mapping[str, Plain],
    rng: Seed,
    *,
    deviation: float = 0.1,
    p_keep: float = 0.75,
    use_priors: bool = False,
) -> Decide:
    """Moves every number a little, and some choices.

    A number is drawn from a normal law around its old value, truncated to the bounds. `deviation`
    > 0 is the standard deviation before truncation, in units of the unit interval of the number's own
    scale (ConfigSpace's neighbours have 0.2); integers and grids are kept, and the value may come out
    as it was. Beyond 2**53 values it is as coarse as a float.

    A choice, ordered or not, keeps its value with probability `p_keep` in [0, 1] (Ray Tune's population
    based training resamples with 0.25), else it takes another one, each with equal probability. What is
    drawn is uniform, or with `use_priors` by its prior.

    Raises ConfigError for a config that is no mapping, and for numbers out of these ranges.
    """
    kept = checked_config("config", config, "around")
    p_keep = checked_probability("p_keep", p_keep, "around")
    is_real = isinstance(deviation, numbers.Real) and not isinstance(deviation, bool)
    if not is_real or not 0 < deviation < math.inf:
        rule = "deviation must be a positive, finite number"
        raise ConfigError(Problem(rule, f"deviation={deviation!r}", "around"))
    rng, spread = generator(rng), float(deviation)
    draw = drawing(rng, use_priors=use_priors, place="around")

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        old = recalled(kept, site, allowed)
        if old is None:
            return draw(site, allowed)
        if isinstance(site, NumberSite):
            scale = site.record.scale(*allowed)
            law = NormalLaw(center(scale, old), spread)
            return site.legal(NumberDistribution(scale, law))(float(rng.random()))
        return _another(old, allowed, p_keep, rng)

    return decide


def _another(old: float, allowed: tuple[float, ...], p_keep: float, rng: np.random.Generator) -> int:
    others = [int(i) for i in allowed if i != old]
    if not others or rng.random() < p_keep:
        return int(old)
    return others[int(rng.integers(len(others)))]


def center(scale: Scale, value: float) -> float:
    """The place in [0, 1] of a value: that of an integer or a grid point is the middle of its cell."""
    if scale.discrete and not scale.log:
        return (scale.index(value) + 0.5) / scale.points  # exact where a float can't hold the integer
    return scale.to_unit(value)


def recalled(config: Mapping[str, Plain], site: DecisionSite, allowed: tuple[float, ...]) -> float | None:
    """The decision that a config holds for a site, or None where it holds none that fits."""
    held = Replay(config)
    found = held(site, allowed)
    return None if held.problems else found


def checked_config(name: str, config: object, place: str) -> dict[str, Plain]:
    """A copy of a config. Raises ConfigError unless it is a mapping."""
    if not isinstance(config, Mapping):
        raise ConfigError(Problem(f"{name} must be a mapping from addresses to values", repr(config), place))
    return dict(config)


def checked_probability(name: str, p: float, place: str) -> float:
    """p as a float. Raises ConfigError unless it is a number in [0, 1]."""
    if isinstance(p, bool) or not isinstance(p, numbers.Real) or not 0 <= p <= 1:
        raise ConfigError(Problem(f"0 <= {name} <= 1 must hold", f"{name}={p!r}", place))
    return float(p)
