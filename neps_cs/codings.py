"""How a ConfigurationSpace holds a decision: places in its vectors ⇄ values of configs.

| coding | hyperparameter | for |
|---|---|---|
| Position | Categorical, Ordinal | choices, by their place among those that are open |
| Held | uniform, normal, beta | numbers that ConfigSpace can hold |
| Fixed | Constant | a single value |
| Grid | UniformInteger from 0 on | the index of a point: steps, integers beyond 2**53 |
| Spread | UniformFloat on [0, 1] | any other number, and warped ones: the quantile of its distribution |
| Cut | UniformFloat on [0, 1] | a warped choice: each branch has a piece as long as its mass |

`values` and `units` are inverses: places in [0, 1] (for Position: whole numbers) and what a config
holds, for many configurations at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import countOf
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from neps_cs.distributions import NumberDistribution
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.sites import NumberSite
from neps_cs.scales import Floats, Scale
from neps_cs.values import PLAIN_TYPES, Plain, object_array, plain_key

PLACES = 13
"""To so many decimals ConfigSpace rounds floats."""

_PLAIN = set(PLAIN_TYPES)
_TOLERANCE = 1e-9
_SHORTEST = 1e-9
_MOST_PIECES = 1000

Column: TypeAlias = "Sequence[Plain] | npt.NDArray[Any]"
Objects: TypeAlias = "npt.NDArray[Any]"
"""Values that are Python's own once they stand in an array of objects."""

Columns: TypeAlias = Callable[[str], Sequence[Any]]
"""Address → what was decided there, for the same configurations."""


def no_others(address: str) -> Sequence[Any]:
    """`Columns` for codings without drawn bounds."""
    raise AssertionError(f"bounds at {address} are read by replay only")


class Carrier(float):
    """What ConfigSpace sees of a decision that it can't hold, with the exact `value` beside it."""

    __slots__ = ("value",)
    value: Plain

    def __new__(cls, unit: float, value: Plain) -> Carrier:
        made = super().__new__(cls, unit)
        made.value = value
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Carrier, (float(self), self.value)


class _Index:
    """Where values stand among choices, True, 1 and 1.0 apart."""

    def __init__(self, choices: tuple[Plain, ...]) -> None:
        kinds = {type(c) for c in choices}
        # values of one type can't be mixed up, and need no key
        self._kind = kinds.pop() if kinds in ({str}, {int}, {bool}) else None
        self._direct = {} if self._kind is None else {c: float(i) for i, c in enumerate(choices)}
        self._keys = {plain_key(c): float(i) for i, c in enumerate(choices)}

    def places(self, values: Column) -> Floats | None:
        """As whole numbers; None if one is no choice."""
        try:
            if self._kind is not None and are_all(self._kind, values):
                found = map(self._direct.__getitem__, values)
                return np.fromiter(found, dtype=np.float64, count=len(values))
            if set(map(type, values)) <= _PLAIN:
                keyed = map(self._keys.__getitem__, map(plain_key, values))
                return np.fromiter(keyed, dtype=np.float64, count=len(values))
        except KeyError:
            return None
        return None


def are_all(kind: type, values: Column) -> bool:
    """Whether all are of this very type."""
    return countOf(map(type, values), kind) == len(values)


@dataclass(frozen=True, eq=False)
class Position:
    """`choices` are what a config calls the open branches, `held` what the hyperparameter has for them."""

    address: str
    choices: tuple[Plain, ...]
    held: tuple[Any, ...]

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.choices)

    def places(self, values: Column) -> Floats | None:
        """Where they stand among the open choices, as whole numbers; None if one is none of them."""
        return self._index.places(values)

    def values(self, units: Floats, others: Columns) -> Objects:
        places = np.rint(units)
        strange = (np.abs(places - units) > _TOLERANCE) | (places < 0) | (places >= len(self.choices))
        if strange.any():
            rule = "the vector of a choice must be one of its positions"
            raise ConfigError(Problem(rule, repr(float(units[strange][0])), self.address))
        return object_array(self.choices)[places.astype(np.intp)]

    def units(self, values: Column, others: Columns) -> Floats:
        places = self._index.places(values)
        assert places is not None, "decided among these choices"
        return places

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return list(map(self.held.__getitem__, units.astype(int).tolist()))


@dataclass(frozen=True, eq=False)
class Held:
    """A number as the hyperparameter holds it, brought back within its exact bounds."""

    hyperparameter: Any
    integer: bool
    lower: float
    upper: float

    @cached_property
    def beyond_floats(self) -> bool:
        """Whether there may be integers that a float can't hold."""
        return self.integer and max(abs(self.lower), abs(self.upper)) > 2**53

    def values(self, units: Floats, others: Columns) -> Objects:
        found = self.hyperparameter.to_value(units)
        if self.integer:
            return np.asarray(found)
        return np.asarray(np.clip(np.round(found, PLACES), self.lower, self.upper))

    def units(self, values: Column, others: Columns) -> Floats:
        # exact bounds may lie a rounding outside of ConfigSpace's
        found: Floats = np.clip(self.hyperparameter.to_vector(np.asarray(values)), 0.0, 1.0)
        return found

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return values.tolist() if isinstance(values, np.ndarray) else values


@dataclass(frozen=True, eq=False)
class Fixed:
    """One value; `unit` is the place of the Constant that is called `held`."""

    value: Plain
    held: Any
    unit: float

    def values(self, units: Floats, others: Columns) -> Objects:
        return object_array([self.value] * len(units))

    def units(self, values: Column, others: Columns) -> Floats:
        return np.full(len(values), self.unit)

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return [self.held] * len(values)


@dataclass(frozen=True, eq=False)
class Grid:
    """The index of a grid point, or of a whole number counted from the lower bound."""

    hyperparameter: Any
    scale: Scale

    @cached_property
    def beyond_floats(self) -> bool:
        """Whether there may be integers that a float can't hold."""
        return self.scale.integer and max(abs(self.scale.lower), abs(self.scale.upper)) > 2**53

    def values(self, units: Floats, others: Columns) -> Objects:
        return object_array(list(map(self.scale.grid, self.hyperparameter.to_value(units).tolist())))

    def units(self, values: Column, others: Columns) -> Floats:
        found: Floats = np.clip(self.hyperparameter.to_vector(np.array(self._indices(values))), 0.0, 1.0)
        return found

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return self._indices(values)

    def _indices(self, values: Column) -> list[int]:
        return [self.scale.index(v) for v in values]  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Spread:
    """u in [0, 1] stands for the u-quantile of the number's distribution.

    Where that is over at most 1,000 points, each has a piece of [0, 1] to itself, however unlikely it is:
    see `pieces`. `lower_at` and `upper_at` are the addresses of bounds that are parameters: then it is the
    distribution between the bounds that were drawn.
    """

    site: NumberSite
    use_prior: bool
    lower_at: str | None = None
    upper_at: str | None = None

    @cached_property
    def distribution(self) -> NumberDistribution:
        """That between bounds that are numbers, or the widest."""
        return self.site.distribution(*self.site.allowed, use_prior=self.use_prior)

    @cached_property
    def beyond_floats(self) -> bool:
        """Whether there may be integers that a float can't hold."""
        return self.site.record.integer and max(map(abs, self.site.allowed)) > 2**53

    def values(self, units: Floats, others: Columns) -> Objects:
        rounded = np.round(units, PLACES)  # as ConfigSpace shows it
        if self.points is not None and self.pieces is not None:
            return object_array(self.points)[np.searchsorted(self.pieces[:-1], rounded, side="right")]
        if self.lower_at is None and self.upper_at is None:
            return self.distribution.ppf(rounded)
        pairs = zip(rounded.tolist(), self._bounds(len(units), others), strict=True)
        return object_array([d.ppf(u).tolist() for u, d in pairs])

    @cached_property
    def points(self) -> tuple[float, ...] | None:
        """All values, where they are at most 1,000 and always the same."""
        if is_drawn(self) or not self.distribution.scale.discrete:
            return None
        scale = self.distribution.scale
        return tuple(map(scale.grid, range(scale.points))) if scale.points <= _MOST_PIECES else None

    @cached_property
    def pieces(self) -> Floats | None:
        """Where the piece of each of the points ends."""
        if self.points is None:
            return None
        low, high = self.distribution.scale.cells(np.array(self.points, dtype=float))
        return ends_of(self.distribution.law.cdf(high) - self.distribution.law.cdf(low))

    def units(self, values: Column, others: Columns) -> Floats:
        if self.pieces is not None:
            index = self.distribution.scale.index
            return middles(self.pieces)[[index(v) for v in values]]  # type: ignore[arg-type]
        if self.lower_at is None and self.upper_at is None:
            return unit_of(self.distribution, np.array(values, dtype=float))
        pairs = zip(values, self._bounds(len(values), others), strict=True)
        return np.array([unit_of(d, np.array(v, dtype=float)) for v, d in pairs])

    def _bounds(self, n: int, others: Columns) -> list[NumberDistribution]:
        lower, upper = self.site.allowed
        lows = [lower] * n if self.lower_at is None else others(self.lower_at)
        highs = [upper] * n if self.upper_at is None else others(self.upper_at)
        pairs = zip(lows, highs, strict=True)
        return [self.site.distribution(low, high, use_prior=self.use_prior) for low, high in pairs]

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return [Carrier(u, v) for u, v in zip(units.tolist(), values, strict=True)]


@dataclass(frozen=True, eq=False)
class Cut:
    """The i-th open branch owns the places from `ends[i - 1]`, inclusive, to `ends[i]`, exclusive (1 is
    the last one's)."""

    choices: tuple[Plain, ...]
    masses: tuple[float, ...]

    @cached_property
    def ends(self) -> Floats:
        """Where each branch's piece ends."""
        return ends_of(np.array(self.masses, dtype=float))

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.choices)

    def places(self, values: Column) -> Floats | None:
        """Where they stand among the open choices, as whole numbers; None if one is none of them."""
        return self._index.places(values)

    def values(self, units: Floats, others: Columns) -> Objects:
        return object_array(self.choices)[np.searchsorted(self.ends[:-1], units, side="right")]

    def units(self, values: Column, others: Columns) -> Floats:
        places = self._index.places(values)
        assert places is not None, "decided among these choices"
        return middles(self.ends)[places.astype(np.intp)]

    def seen(self, values: Column, units: Floats) -> Sequence[Any]:
        """What the configuration's mapping shows."""
        return [Carrier(u, v) for u, v in zip(units.tolist(), values, strict=True)]


Coding: TypeAlias = Position | Held | Fixed | Grid | Spread | Cut


def is_drawn(coding: Coding) -> bool:
    """Whether a bound of the number is drawn."""
    return isinstance(coding, Spread) and (coding.lower_at is not None or coding.upper_at is not None)


def ends_of(masses: Floats) -> Floats:
    """Where pieces of [0, 1] end that are as long as these masses: but none shorter than 1e-9 or so, since
    places have 13 decimals, and what is unlikely, or has no mass, has a place all the same."""
    total = masses.sum()  # 0 where a float can't tell the logarithms of points apart
    shares = np.maximum(masses / total if total > 0 else 1 / len(masses), _SHORTEST)
    ends = np.cumsum(np.broadcast_to(shares, len(masses)))
    return np.asarray(ends / ends[-1])


def middles(ends: Floats) -> Floats:
    """The place in the middle of each piece."""
    starts = np.concatenate([[0.0], ends[:-1]])
    return np.asarray(np.round((starts + ends) / 2, PLACES))


def unit_of(distribution: NumberDistribution, values: Floats) -> Floats:
    """The u whose quantile is each value: the middle of those that are, for integers and grids."""
    scale, law = distribution.scale, distribution.law
    if scale.lower == scale.upper:
        return np.full(np.shape(values), 0.5)
    if scale.discrete:
        low, high = scale.cells(values)
        units = (law.cdf(low) + law.cdf(high)) / 2
    else:
        units = law.cdf(scale.to_units(values))
    return np.asarray(np.round(np.clip(units, 0.0, 1.0), PLACES), dtype=np.float64)
