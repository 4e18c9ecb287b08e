"""The decide-function that makes a child of two configs."""

from __future__ import annotations

from collections.abc import Mapping

from neps_cs.resolving.sites import DecisionSite
from neps_cs.resolving.walk import Decide
from neps_cs.sampling.draw import Seed, drawing, generator
from neps_cs.sampling.mutate import checked_config, checked_probability, recalled
from neps_cs.values import Plain


def crossover(
    first: Mapping[str, Plain],
    second: Mapping[str, Plain],
    rng: Seed,
    *,
    p: float = 0.5,
    use_priors: bool = False,
) -> Decide:
    """Takes each decision from one of two parents: uniform crossover (Syswerda 1989), address by address.

    Where both hold a value that fits, it is the first's with probability `p` in [0, 1], else the
    second's. Where one does, it is that one's. Where none does, it is drawn: uniform, or with
    `use_priors` by its prior. A value fits if the bounds and branches that are open now hold it.

    Raises ConfigError for a parent that is no mapping, or a `p` out of its range.
    """
    parents = checked_config("first", first, "crossover"), checked_config("second", second, "crossover")
    p, rng = checked_probability("p", p, "crossover"), generator(rng)
    draw = drawing(rng, use_priors=use_priors, place="crossover")

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        one, other = (recalled(parent, site, allowed) for parent in parents)
        if one is None or other is None:
            found = other if one is None else one
            return draw(site, allowed) if found is None else found
        return one if rng.random() < p else other

    return decide
