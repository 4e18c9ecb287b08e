"""Numbers of old files as parameters: ranges of one point, grids, and normals without bounds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neps_cs.codings import PLACES
from neps_cs.parameters import Float, Integer
from neps_cs.priors import Beta, Normal
from neps_cs.scales import Scale
from neps_cs_converters.legacy.draft import Draft, Where

DEVIATIONS = 5
"""Where a normal without bounds ends, in standard deviations on either side of its mean. ConfigSpace's own
`to_uniform` (0.4 to 0.7) takes 3, beyond which lies one draw in 370: configurations that such a space gave
would no longer belong to it. Beyond 5 lies one in 1.7 million."""

ROUNDING = 1e-9
"""Of the range: where ConfigSpace's rounding changes a bound by less, its rounded ones mean the same."""


@dataclass(frozen=True)
class Range:
    """What a file says of a number. None: nothing. `place` is where it says so."""

    name: str
    place: Where
    integer: bool
    lower: float
    upper: float
    log: bool = False
    default: float | None = None
    prior: Normal | Beta | None = None
    step: float | None = None
    sigma: float | None = None
    meta: Mapping[Any, Any] | None = None

    @property
    def _common(self) -> dict[str, Any]:
        return {"default": self.default, "prior": self.prior, "step": self.step, "meta": self.meta}

    @property
    def parameter(self) -> Float | Integer:
        make = Integer if self.integer else Float
        return make(self.lower, self.upper, self.log, **self._common)


def add_number(draft: Draft, given: Range) -> None:
    """Add a number to the draft, with notes on what is not plain. Raises SpaceError for what is none."""
    if given.lower == given.upper:
        _add_point(draft, given)
        return
    given = _on_grid(draft, _within(given))
    parameter = given.parameter
    if parameter.default is not None and parameter.default == own_default(parameter):
        parameter = _without_default(given)
    if draft.rounds and not given.integer and _rounds_little(given):
        draft.values.add(given.name)
    if given.sigma is not None:
        draft.sigmas[given.name] = given.sigma
    draft.attributes[given.name] = parameter


def _rounds_little(given: Range) -> bool:
    """Whether ConfigSpace's 13 decimals are other bounds, but hardly so."""
    near = given.lower if given.log else given.upper - given.lower
    off = max(abs(round(b, PLACES) - b) for b in (given.lower, given.upper))
    return 0 < off <= ROUNDING * near


def _without_default(given: Range) -> Float | Integer:
    """The parameter without its default: ConfigSpace takes the same by itself."""
    return replace(given, default=None).parameter


def _add_point(draft: Draft, given: Range) -> None:
    value = given.parameter.lower  # checks the bounds and the default too
    draft.note(given.place, f"{given.name}: a range of one point, {given.lower}", "a constant")
    draft.constant(given.name, value, given.meta)


def _within(given: Range) -> Range:
    """With a default that is a rounding beyond a bound at that bound."""
    default, lower, upper = given.default, given.lower, given.upper
    if default is None or given.integer or lower <= default <= upper:
        return given
    near = min(upper, max(lower, default))
    if abs(near - default) <= ROUNDING * (near if given.log else upper - lower):
        return replace(given, default=near)
    return given


def _on_grid(draft: Draft, given: Range) -> Range:
    """With a default on the grid, where there is one."""
    step, lower, upper = given.step, given.lower, given.upper
    if step is None or not lower < upper:
        return given
    if not 0 < step <= (upper - lower) * (1 + ROUNDING):
        taken = "no step, as ConfigSpace 1.x reads it: it does not fit into the range"
        draft.note(given.place, f"{given.name}: q={step}", taken)
        return replace(given, step=None)
    scale = Scale(lower, upper, given.log, given.integer, step)
    if not scale.close(scale.top, upper):
        found = f"{given.name}: q={step} does not divide {lower} to {upper}"
        draft.note(given.place, found, f"a grid that ends at {scale.top}")
    default = given.default
    if default is None or not lower <= default <= upper or scale.holds(default):
        return given
    near = scale.grid(scale.index(default))
    draft.note(
        given.place, f"{given.name}: default {default}, not on the grid of q={step}", f"default {near}"
    )
    return replace(given, default=near)


def own_default(parameter: Float | Integer) -> float | None:
    """What ConfigSpace takes where no default is given, the middle of the scale where it can't hold the
    range; None for a grid."""
    import ConfigSpace as CS

    integer, prior = isinstance(parameter, Integer), parameter.prior
    lower, upper, log = parameter.lower, parameter.upper, parameter.log
    assert isinstance(lower, (int, float)), "read from a file"
    assert isinstance(upper, (int, float)), "read from a file"
    if parameter.step is not None:
        return None
    if isinstance(prior, Normal):
        nearest = min(upper, max(lower, prior.mean))
        return round(nearest) if integer else round(nearest, PLACES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if isinstance(prior, Beta):
                beta = CS.BetaIntegerHyperparameter if integer else CS.BetaFloatHyperparameter
                return _plain(beta("x", prior.alpha, prior.beta, lower, upper, log=log).default_value)
            uniform = CS.UniformIntegerHyperparameter if integer else CS.UniformFloatHyperparameter
            return _plain(uniform("x", lower, upper, log=log).default_value)
    except (ValueError, TypeError, ArithmeticError, RuntimeWarning):  # TypeError of integers beyond 64 bits
        if integer and not log:
            return (int(lower) + int(upper)) // 2
        middle = math.sqrt(lower) * math.sqrt(upper) if log else lower / 2 + upper / 2
        inside = min(upper, max(lower, middle))
        return round(inside) if integer else inside


def _plain(value: Any) -> float:
    return value.item() if hasattr(value, "item") else value  # type: ignore[no-any-return]


def log_normal(mu: float, sigma: float) -> Normal:
    """A normal of logarithms as ConfigSpace up to 0.7 has it: mu is the mean of ln x, sigma its deviation.
    Raises OverflowError."""
    return Normal(math.exp(mu), sigma)


def bounds_of(
    prior: Normal, mu: float, *, log: bool, integer: bool, step: float | None
) -> tuple[float, float]:
    """The bounds of a normal that has none: mu - 5 sigma to mu + 5 sigma on its own scale, whole numbers
    or multiples of the step outside of those. Raises OverflowError."""
    low, high = mu - DEVIATIONS * prior.deviation, mu + DEVIATIONS * prior.deviation
    if log:
        low, high = math.exp(low), math.exp(high)
    unit = step or (1 if integer else None)
    if unit is not None:
        low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
        if log and low <= 0:
            low = unit
        high = max(high, low + unit)
    if not math.isfinite(high - low):
        raise OverflowError("the bounds of a normal")
    return low, high
