"""Distributions on a parameter's own scale, and weights for choices.

A number's scale maps it to the unit interval (see `neps_cs.scales`), and a law says how mass lies on
that interval (see `neps_cs.laws`). Every value is the quantile of one u in [0, 1): the same u gives the
same value.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from neps_cs.laws import UNIFORM, Law
from neps_cs.priors import Weights
from neps_cs.scales import Floats, Quantile, Scale


@dataclass(frozen=True)
class NumberDistribution:
    """How a number is drawn: a law on the unit interval of its scale. Arrays of any shape."""

    scale: Scale
    law: Law = UNIFORM

    def quantile(self, u: float) -> float:
        """The value of one u in [0, 1)."""
        return self.scale.from_unit(self.law.quantile(u))

    def ppf(self, u: npt.ArrayLike) -> npt.NDArray[Any]:
        """The values of many u in [0, 1]: what `quantile` gives for each."""
        return self.scale.from_units(self.law.ppf(np.asarray(u, dtype=float)))

    def pdf(self, x: npt.ArrayLike) -> Floats:
        """The density of a continuous number, per unit of its value; the mass of an integer or a grid
        point. 0 for what is no value."""
        scale, values = self.scale, np.asarray(x, dtype=float)
        inside = (values >= scale.lower) & (values <= scale.upper)
        if scale.discrete:
            nearest = scale.from_units(scale.to_units(values)).astype(float)
            low, high = scale.cells(nearest)
            mass = self.law.cdf(high) - self.law.cdf(low)
            return np.where(inside & scale.close(nearest, values), mass, 0.0)
        start, end = scale.ends
        if start == end:
            return np.where(inside, np.inf, 0.0)
        slope = 1 / (np.where(inside, values, 1.0) if scale.log else 1.0) / (end - start)
        return np.where(inside, self.law.pdf(scale.to_units(values)) * slope, 0.0)

    def cdf(self, x: npt.ArrayLike) -> Floats:
        """The mass of values <= x."""
        scale, values = self.scale, np.asarray(x, dtype=float)
        units = scale.to_units(values)
        if scale.discrete:
            nearest = scale.from_units(units).astype(float)
            low, high = scale.cells(nearest)
            units = np.where(nearest <= values, high, low)
        below, above = values < scale.lower, values >= scale.top
        return np.where(below, 0.0, np.where(above, 1.0, self.law.cdf(units)))

    def sample(self, n: int, seed: int | np.random.Generator | None = None) -> npt.NDArray[Any]:
        """n values."""
        rng, scale = np.random.default_rng(seed), self.scale
        if scale.large and self.law is UNIFORM:
            return np.array([drawn_large(rng, scale.lower, scale.upper) for _ in range(n)], dtype=object)
        return self.ppf(rng.random(n))


def within(distribution: NumberDistribution, runs: Sequence[tuple[float, float]]) -> Quantile:
    """u → value, as the distribution has it if it is known to lie in one of these runs of values (from
    one up to another, both included, in order). Where it has no mass there, uniform on the scale."""
    scale, law = distribution.scale, distribution.law
    low, high = np.array(runs, dtype=float).T
    if scale.discrete:
        starts, ends = law.cdf(scale.cells(low)[0]), law.cdf(scale.cells(high)[1])
    else:
        starts, ends = law.cdf(scale.to_units(low)), law.cdf(scale.to_units(high))
    masses = np.maximum(ends - starts, 0.0)
    if masses.sum() <= 0.0:
        if law is not UNIFORM:
            return within(NumberDistribution(scale), runs)
        masses = np.ones(len(runs))  # points of a range that is none
    first, marks = starts.tolist(), [0.0, *np.cumsum(masses / masses.sum()).tolist()]
    total, last = float(masses.sum()), int(np.flatnonzero(masses)[-1])

    def quantile(u: float) -> float:
        i = min(bisect_right(marks, u) - 1, last)
        value = distribution.quantile(min(1.0, first[i] + (u - marks[i]) * total))
        return max(runs[i][0], min(runs[i][1], value))  # a sum may miss the very end

    return quantile


@dataclass(frozen=True)
class ChoiceDistribution:
    """How a choice is drawn, by index: the i-th has the mass weights[i] / sum(weights)."""

    weights: tuple[float, ...]

    @cached_property
    def _marks(self) -> list[float]:
        total = math.fsum(self.weights)
        return [x / total for x in accumulate(self.weights)]

    @cached_property
    def _last(self) -> int:
        """The last index of any mass: a sum that falls short of 1 by rounding must not lead past it."""
        return max(i for i, w in enumerate(self.weights) if w > 0)

    def quantile(self, u: float) -> int:
        """The index of one u in [0, 1)."""
        return min(bisect_right(self._marks, u), self._last)

    def ppf(self, u: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The indices of many u in [0, 1]."""
        found = np.searchsorted(self._marks, np.asarray(u, dtype=float), side="right")
        return np.minimum(found, self._last).astype(np.int64)

    def pdf(self, index: npt.ArrayLike) -> Floats:
        """The mass of each index; 0 for what is no index."""
        indices = np.asarray(index, dtype=float)
        known = (indices >= 0) & (indices < len(self.weights)) & (indices == np.floor(indices))
        masses = np.array(self.weights) / math.fsum(self.weights)
        return np.asarray(np.where(known, masses[np.where(known, indices, 0).astype(int)], 0.0))

    def cdf(self, index: npt.ArrayLike) -> Floats:
        """The mass of all indices <= index."""
        at = np.clip(np.floor(np.asarray(index, dtype=float)) + 1, 0, len(self.weights)).astype(int)
        return np.asarray(np.array([0.0, *self._marks])[at])

    def sample(self, n: int, seed: int | np.random.Generator | None = None) -> npt.NDArray[np.int64]:
        """n indices."""
        return self.ppf(np.random.default_rng(seed).random(n))


def drawn_large(rng: np.random.Generator, lower: float, upper: float) -> int:
    """An integer in [lower, upper], uniform in whole numbers.

    A float has 53 bits: it can't name every integer of a range larger than 2**53.
    """
    low, width = int(lower), int(upper) - int(lower)
    size = width.bit_length() + 64
    bits = int.from_bytes(rng.bytes(size // 8 + 1), "little") % 2**size
    return low + int(bits * (width + 1) >> size)


def choice_weights(
    size: int, prior: int | Weights | None, p: float | None, among: tuple[int, ...] | None = None
) -> tuple[float, ...]:
    """The masses of a choice's prior, equal ones without; `p`, that of its confidence, for an index only.

    `among` are the choices that are open, None: all. The others have no mass, and don't count in n.
    """
    if among is not None:
        given = dict(zip(among, _open_weights(among, prior, p), strict=True))
        return tuple(given.get(i, 0.0) for i in range(size))
    if prior is None:
        return (1.0,) * size
    if isinstance(prior, Weights):
        return prior.values
    assert p is not None, "an index has a confidence"
    return prior_weights(size, prior, p)


def _open_weights(among: tuple[int, ...], prior: int | Weights | None, p: float | None) -> tuple[float, ...]:
    if isinstance(prior, Weights):
        return tuple(prior.values[i] for i in among)
    return choice_weights(len(among), None if prior is None else among.index(prior), p)


def prior_weights(size: int, prior: int, p: float) -> tuple[float, ...]:
    """The masses of a choice's prior: p + (1 - p) / n on it, (1 - p) / n on each other (from NePS)."""
    rest = (1 - p) / size
    return tuple(p + rest if i == prior else rest for i in range(size))
