"""The scale of a number: how its values lie on the unit interval.

x → (x - lower) / (upper - lower), of logarithms where `log`. An integer k owns the interval from
k - 1/2 to k + 1/2 on that scale, so both ends have their full mass; a grid point k steps above the
lower bound is the integer k. On a grid with log=True, what a place gives is the grid point nearest
to its value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float64]"
Quantile: TypeAlias = Callable[[float], float]

_SURE, _POWERS, _MANY = 2.0**48, 22, 2**30
"""numpy's rounding to decimal digits gives the float nearest to the decimal number up to so many units of the
last digit, where a float is that power of ten; the last bit of its exponentials is too small to decide which
grid point is nearest, up to so many steps."""

_NARROW = 1e-8
"""Logarithms tell no more of a range that is so narrow: it is even to as many digits as they have left."""


@dataclass(frozen=True)
class Scale:
    """The scale of a number in [lower, upper]; with `step` only lower, lower + step, … up to upper."""

    lower: float
    upper: float
    log: bool = False
    integer: bool = False
    step: float | None = None

    @property
    def discrete(self) -> bool:
        """Whether the values can be counted: integers and grids."""
        return self.integer or self.step is not None

    @property
    def large(self) -> bool:
        """Whether these are more whole numbers, evenly spread, than a float in [0, 1) can name."""
        return self.integer and not self.log and self.step is None and self.upper - self.lower >= 2**53

    @cached_property
    def top(self) -> float:
        """The greatest value: upper, or the last point of the grid."""
        return self.upper if self.step is None else self.grid(self.points - 1)

    @cached_property
    def points(self) -> int:
        """How many values there are. Only for integers and grids."""
        if self.integer:
            return (int(self.upper) - int(self.lower)) // int(self.step or 1) + 1
        lower, upper, step = (Fraction(repr(float(x))) for x in (self.lower, self.upper, self.step or 1))
        return int((upper - lower) / step) + 1

    @cached_property
    def _digits(self) -> int:
        exponents = (Decimal(repr(float(x))).as_tuple().exponent for x in (self.lower, self.step or 0))
        return max(0, *(-e for e in exponents if isinstance(e, int)))

    def grid(self, k: int) -> float:
        """The k-th value from 0, the decimal number that a person expects: 0.3, not 0.30000000000000004."""
        if self.integer:
            return int(self.lower) + k * int(self.step or 1)
        return round(self.lower + k * (self.step or 0.0), self._digits)

    def index(self, value: float) -> int:
        """The index of the grid point nearest to a value, of two the upper one."""
        step = 1 if self.step is None else self.step
        if isinstance(value, int) and self.integer:
            k = (2 * (value - int(self.lower)) + int(step)) // (2 * int(step))
        else:
            k = math.floor((value - self.lower) / step + 0.5)
        return min(self.points - 1, max(0, k))

    def holds(self, value: float) -> bool:
        """Whether a number is a value: within the bounds, and on the grid up to rounding."""
        if not self.lower <= value <= self.upper:
            return False
        return self.step is None or bool(self.close(self.grid(self.index(value)), value))

    def close(self, point: Any, value: Any) -> Any:
        """Whether a value is this point of the grid: integers exactly, others up to the rounding of a sum."""
        if self.integer or self.step is None:
            return point == value
        rounding = 4 * math.ulp(max(abs(self.lower), abs(self.upper)))
        return abs(point - value) <= min(self.step / 4, 1e-9 * self.step + rounding)

    @cached_property
    def curved(self) -> bool:
        """Whether places go by logarithms: where `log`, but for ranges too narrow for that."""
        return self.log and self.top - self.lower > _NARROW * self.lower

    @property
    def _even(self) -> bool:
        """Whether these are integers or grid points that all have equal parts of [0, 1]."""
        return self.discrete and not self.curved and (self.step is None or not self.log)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The ends of the scale itself, as numbers or logarithms: those of the cells of the end values."""
        half: float = 0  # not 0.0: integers beyond 2**53 stay exact
        if self.integer and self.step is None:
            half = 0.5
        elif self.step is not None and not self.log:
            half = 0.5 * self.step
        start, end = self.lower - half, self.top + half
        return (math.log(start), math.log(end)) if self.curved else (start, end)

    def to_unit(self, value: float) -> float:
        """The place of a value in [0, 1]."""
        if self.lower == self.top:
            return 0.0
        if self._even:  # of integers exact, however large
            place = ((value - self.lower) / (self.step or 1) + 0.5) / self.points
        else:
            start, end = self.ends
            place = ((math.log(value) if self.curved else value) - start) / (end - start)
        return min(1.0, max(0.0, place))

    @cached_property
    def from_unit(self) -> Quantile:
        """The function from a place in [0, 1] to the value there, never out of range."""
        lower, top = self.lower, self.top
        start, end = self.ends
        width, exp, floor = end - start, math.exp, math.floor
        if lower == top:
            return lambda unit: lower
        at: Quantile = lambda unit: start + unit * width  # noqa: E731
        if self.curved:
            at = lambda unit: exp(start + unit * width)  # noqa: E731
        if self._even:
            points = self.points
            inside: Quantile = lambda unit: self.grid(int(unit * points))  # noqa: E731
        elif self.step is not None:
            inside = lambda unit: self.grid(self.index(at(unit)))  # noqa: E731
        elif self.integer:
            inside = lambda unit: floor(at(unit) + 0.5)  # noqa: E731
        else:
            inside = at
        # a sum or an exponential may miss the very bound
        return lambda unit: lower if unit <= 0 else top if unit >= 1 else min(top, max(lower, inside(unit)))

    @property
    def _huge(self) -> bool:
        """Whether some of these integers are no floats."""
        return self.integer and max(abs(self.lower), abs(self.upper)) >= 2**53

    @cached_property
    def _sure(self) -> bool:
        """Whether arrays give the same values as one number after the other: else last bits may differ."""
        if not self.discrete or self._huge:
            return not self._huge
        greatest = max(abs(self.lower), abs(self.top))
        if self.curved and greatest / (self.step or 1) > _MANY:
            return False
        return self.integer or (self._digits <= _POWERS and greatest < _SURE / 10.0**self._digits)

    def from_units(self, units: Floats) -> npt.NDArray[Any]:
        """`from_unit` of an array of any shape: floats, int64, or Python integers beyond 2**53."""
        if not self._sure:
            flat = [self.from_unit(x) for x in np.ravel(units).tolist()]
            return np.array(flat, dtype=object if self._huge else None).reshape(np.shape(units))
        start, end = self.ends
        if not self.discrete:
            x = start + units * (end - start) if self.lower < self.top else np.full_like(units, start)
            x = np.exp(x) if self.curved else x
            x = np.where(units <= 0, self.lower, np.where(units >= 1, self.top, x))
            return np.clip(x, self.lower, self.top)
        step = self.step or 1
        if self._even:
            k = units * self.points
        else:
            x = start + units * (end - start)
            k = ((np.exp(x) if self.curved else x) - self.lower) / step + 0.5
        whole = np.clip(np.floor(np.where(units >= 1, self.points, k)), 0, self.points - 1)
        if self.integer:
            return (int(self.lower) + whole * step).astype(np.int64)
        return np.round(self.lower + whole * step, self._digits)

    def to_units(self, values: Floats) -> Floats:
        """`to_unit` of an array; what lies outside of the bounds is brought to the nearer end."""
        if self.lower == self.top:
            return np.zeros_like(values)
        with np.errstate(over="ignore"):  # of values far outside
            if self._even:
                return np.clip(((values - self.lower) / (self.step or 1) + 0.5) / self.points, 0.0, 1.0)
            start, end = self.ends
            x = np.log(np.maximum(values, math.ulp(0.0))) if self.curved else values
            return np.clip((x - start) / (end - start), 0.0, 1.0)

    def cells(self, values: Floats) -> tuple[Floats, Floats]:
        """The part of [0, 1] that each value of an integer or a grid owns: where it begins and ends."""
        step = self.step or 1
        if self.lower == self.top:
            return np.zeros_like(values), np.ones_like(values)
        if self._even:
            k = np.clip(np.rint((values - self.lower) / step), 0, self.points - 1)
            return k / self.points, (k + 1) / self.points
        with np.errstate(over="ignore"):
            return self.to_units(values - 0.5 * step), self.to_units(values + 0.5 * step)
