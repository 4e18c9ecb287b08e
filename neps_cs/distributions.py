"""How values are drawn: quantile functions on a parameter's own scale.

A number's scale maps it to the unit interval, linearly or by logarithm. An integer k owns the
interval from k - 1/2 to k + 1/2 on that scale, so both ends have their full mass. Every value
is the quantile of one uniform u in [0, 1): u decides all, and the same u gives the same value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a number: x → (x - lower) / (upper - lower), of logarithms where `log`.

    For an integer the ends lie at lower - 1/2 and upper + 1/2. One point: everything is 0.
    """

    lower: float
    upper: float
    log: bool = False
    integer: bool = False

    def _ends(self) -> tuple[float, float]:
        half = 0.5 if self.integer else 0.0
        start, end = self.lower - half, self.upper + half
        return (math.log(start), math.log(end)) if self.log else (start, end)

    def to_unit(self, value: float) -> float:
        """The place of a value in [0, 1]."""
        start, end = self._ends()
        if end == start:
            return 0.0
        x = math.log(value) if self.log else value
        return min(1.0, max(0.0, (x - start) / (end - start)))

    def from_unit(self, unit: float) -> float:
        """The value at a place in [0, 1], never out of range; whole for an integer."""
        if unit <= 0 or unit >= 1:  # an exponential of a logarithm may miss the very bound
            return self.lower if unit <= 0 else self.upper
        start, end = self._ends()
        x = start + unit * (end - start)
        if self.log:
            x = math.exp(x)
        value = math.floor(x + 0.5) if self.integer else x
        return min(self.upper, max(self.lower, value))


def large_integer(bits: int, size: int, lower: int, upper: int) -> int:
    """The integer in [lower, upper] at the place `bits / 2**size`, in whole numbers.

    A float has 53 bits: it can't name every integer of a larger range.
    """
    return lower + (bits * (upper - lower + 1) >> size)


def normal_quantile(u: float, center: float, deviation: float) -> float:
    """The u-quantile of a normal distribution truncated to [0, 1].

    Phi^-1(Phi(a) + u (Phi(b) - Phi(a))) with a, b the standardised ends; mirrored where the
    mass lies in the upper tail, in which Phi would lose its digits.
    """
    a, b = -center / deviation, (1 - center) / deviation
    if a > 0:
        return 1 - normal_quantile(1 - u, 1 - center, deviation)
    low, high = _STANDARD.cdf(a), _STANDARD.cdf(b)
    mark = low + u * (high - low)
    if mark <= 0.0 or mark >= 1.0:
        return 0.0 if mark <= 0.0 else 1.0
    unit = center + deviation * _STANDARD.inv_cdf(mark)
    return min(1.0, max(0.0, unit))


def index_quantile(u: float, weights: Sequence[float]) -> int:
    """The u-quantile of indices with these weights, which need not add up to 1."""
    mark = u * math.fsum(weights)
    total = 0.0
    for i, weight in enumerate(weights):
        total += weight
        if mark < total:
            return i
    return max(i for i, w in enumerate(weights) if w > 0)


def prior_weights(size: int, prior: int, p: float) -> list[float]:
    """The masses of a choice's prior: p + (1 - p) / n on it, (1 - p) / n on each other (from NePS)."""
    rest = (1 - p) / size
    return [p + rest if i == prior else rest for i in range(size)]
