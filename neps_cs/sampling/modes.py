"""The decide-function that always follows the prior: the config that its author believes in most."""

from __future__ import annotations

from typing_extensions import assert_never

from neps_cs.priors import Beta, Normal
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.scales import Scale


def always_prior(site: DecisionSite, allowed: tuple[float, ...]) -> float:
    """The prior's mode. Without a prior the median u = 0.5 of a number, and of a choice its default if
    it has one that is open, else the first that is. It draws nothing, so it needs no seed."""
    found = mode(site, allowed)
    if found is not None:
        return found
    if isinstance(site, NumberSite):
        return site.quantile(0.5, allowed)
    default = site.record.default
    return default if default is not None and default in allowed else int(allowed[0])


def mode(site: DecisionSite, allowed: tuple[float, ...]) -> float | None:
    """Where a prior has its mode among what is allowed, or None without a prior.

    A point prior and the mean of a Normal are brought to the nearest value within the bounds. A Beta's
    mode is that of its density. Of a choice's weights it is the greatest that is open, of equal
    ones the first.
    """
    if isinstance(site, NumberSite):
        found = _number_mode(site, site.record.scale(*allowed))
        return found if found is None else _legal(site, found)
    return _choice_mode(site, allowed)


def _number_mode(site: NumberSite, scale: Scale) -> float | None:
    prior = site.record.prior
    match prior:
        case None:
            return None
        case Normal(mean=mean):
            return nearest(scale, mean)
        case Beta(alpha=alpha, beta=beta):
            return nearest(scale, scale.from_unit(beta_mode(alpha, beta)))
        case int() | float():
            return nearest(scale, prior)
        case _:
            assert_never(prior)


def _legal(site: NumberSite, value: float) -> float:
    """The nearest value that no forbidden clause rules out, of two the lower."""
    runs = site.record.legal
    if runs is None:
        return value
    inside = (min(high, max(low, value)) for low, high in runs)
    return min(inside, key=lambda x: abs(x - value))


def _choice_mode(site: ChoiceSite, allowed: tuple[float, ...]) -> int | None:
    if site.record.prior is None:
        return None
    return max((int(i) for i in allowed), key=site.masses.__getitem__)


def beta_mode(alpha: float, beta: float) -> float:
    """The mode of the Beta distribution: (alpha - 1) / (alpha + beta - 2) where both exceed 1.

    Else the density has no greatest value inside of [0, 1], and the mode is the end that it rises
    to; where it rises to both, the one to which it rises faster, of equal ones the lower. The uniform
    one, Beta(1, 1), gives its median 0.5. (Johnson, Kotz and Balakrishnan 1995, chapter 25.)
    """
    if alpha > 1 and beta > 1:
        return (alpha - 1) / (alpha + beta - 2)
    if alpha == beta == 1:
        return 0.5
    return 0.0 if alpha <= beta else 1.0


def nearest(scale: Scale, value: float) -> float:
    """The value of a scale that is nearest to a number."""
    inside = min(scale.top, max(scale.lower, value))
    return scale.grid(scale.index(inside)) if scale.discrete else float(inside)
