"""Laws: distributions on the unit interval, as priors put them on the scale of a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np

from neps_cs.priors import Beta, Normal
from neps_cs.scales import Floats, Scale

_STANDARD = NormalDist()
_LEAST_MASS = 1e-290
_FAR, _WIDE = 10**6, 10**5
"""A normal law whose mean is this many deviations outside, or which is this much wider than its interval,
is exponential as far as floats can tell."""


def _phi(x: float) -> float:
    """The standard normal distribution function, exact in its lower tail (that of NormalDist is not)."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


class Law(Protocol):
    """A distribution on the unit interval, in the terms of scipy.stats, for arrays of any shape."""

    def quantile(self, u: float) -> float:
        """The u-quantile of one u in [0, 1]."""

    def ppf(self, u: Floats) -> Floats:
        """The u-quantiles."""

    def cdf(self, x: Floats) -> Floats:
        """The masses below x."""

    def pdf(self, x: Floats) -> Floats:
        """The densities."""


@dataclass(frozen=True)
class UniformLaw:
    """Equal mass everywhere."""

    def quantile(self, u: float) -> float:
        """See Law."""
        return u

    def ppf(self, u: Floats) -> Floats:
        """See Law."""
        return np.asarray(u, dtype=float)

    def cdf(self, x: Floats) -> Floats:
        """See Law."""
        return np.asarray(np.clip(np.asarray(x, dtype=float), 0.0, 1.0))

    def pdf(self, x: Floats) -> Floats:
        """See Law."""
        x = np.asarray(x, dtype=float)
        return np.where((x >= 0) & (x <= 1), 1.0, 0.0)


@dataclass(frozen=True)
class NormalLaw:
    """A normal distribution truncated to [0, 1]."""

    center: float
    deviation: float

    def quantile(self, u: float) -> float:
        """Phi^-1(Phi(a) + u (Phi(b) - Phi(a))) with a, b the standardised ends; mirrored where the
        mass lies in the upper tail, in which Phi would lose its digits."""
        a, b = -self.center / self.deviation, (1 - self.center) / self.deviation
        if a > 0:
            return 1 - NormalLaw(1 - self.center, self.deviation).quantile(1 - u)
        low, high = _phi(a), _phi(b)
        if high < _LEAST_MASS:
            return self._far_quantile(u, a, b)
        mark = low + u * (high - low)
        if mark <= 0.0 or mark >= 1.0:
            return 0.0 if mark <= 0.0 else 1.0
        return min(1.0, max(0.0, self.center + self.deviation * _STANDARD.inv_cdf(mark)))

    def _far_quantile(self, u: float, a: float, b: float) -> float:
        """`quantile` where all mass lies so far in the lower tail that only its logarithm is a float."""
        from scipy.special import log_ndtr, ndtri_exp

        if u <= 0.0:
            return 0.0
        mark = np.logaddexp(log_ndtr(a) + math.log1p(-u), log_ndtr(b) + math.log(u)) if u < 1 else log_ndtr(b)
        return min(1.0, max(0.0, self.center + self.deviation * float(ndtri_exp(mark))))

    @property
    def _frozen(self) -> Any:
        from scipy.stats import truncnorm

        ends = -self.center / self.deviation, (1 - self.center) / self.deviation
        return truncnorm(*ends, loc=self.center, scale=self.deviation)

    def ppf(self, u: Floats) -> Floats:
        """See Law."""
        return np.asarray(np.clip(self._frozen.ppf(u), 0.0, 1.0))

    def cdf(self, x: Floats) -> Floats:
        """See Law."""
        return np.asarray(self._frozen.cdf(x))

    def pdf(self, x: Floats) -> Floats:
        """See Law."""
        return np.asarray(self._frozen.pdf(x))


@dataclass(frozen=True)
class TiltedLaw:
    """An exponential law cut to [0, 1]: the density falls by exp(-rate x) from the near end, which is 0,
    or 1 where `mirrored`."""

    rate: float
    mirrored: bool

    def quantile(self, u: float) -> float:
        """See Law."""
        return float(self.ppf(np.asarray(u)))

    def ppf(self, u: Floats) -> Floats:
        """See Law."""
        u = np.asarray(1 - u if self.mirrored else u, dtype=float)
        with np.errstate(divide="ignore"):
            x = np.clip(-np.log1p(u * math.expm1(-self.rate)) / self.rate, 0.0, 1.0)
        return np.asarray(1 - x if self.mirrored else x)

    def cdf(self, x: Floats) -> Floats:
        """See Law."""
        inside = np.clip(np.asarray(x, dtype=float), 0.0, 1.0)
        near = 1 - inside if self.mirrored else inside
        below = np.expm1(-self.rate * near) / math.expm1(-self.rate)
        return np.asarray(1 - below if self.mirrored else below)

    def pdf(self, x: Floats) -> Floats:
        """See Law."""
        x = np.asarray(x, dtype=float)
        near = np.clip(1 - x if self.mirrored else x, 0.0, 1.0)
        density = self.rate * np.exp(-self.rate * near) / -math.expm1(-self.rate)
        return np.where((x >= 0) & (x <= 1), density, 0.0)


@dataclass(frozen=True)
class BetaLaw:
    """The Beta distribution."""

    alpha: float
    beta: float

    @cached_property
    def _frozen(self) -> Any:
        from scipy.stats import beta

        return beta(self.alpha, self.beta)

    def quantile(self, u: float) -> float:
        """See Law."""
        from scipy.special import betaincinv

        return float(betaincinv(self.alpha, self.beta, u))

    def ppf(self, u: Floats) -> Floats:
        """See Law."""
        return np.asarray(self._frozen.ppf(u))

    def cdf(self, x: Floats) -> Floats:
        """See Law."""
        return np.asarray(self._frozen.cdf(x))

    def pdf(self, x: Floats) -> Floats:
        """See Law."""
        return np.asarray(self._frozen.pdf(x))


UNIFORM = UniformLaw()


def point_law(scale: Scale, point: float, deviation: float) -> NormalLaw:
    """A normal law around a value; `deviation` in units of the unit interval.

    As in ConfigSpace the mean lies between the bounds themselves, not between the ends of their cells.
    """
    return NormalLaw(Scale(scale.lower, scale.top, scale.log).to_unit(point), deviation)


def normal_law(scale: Scale, prior: Normal) -> Law:
    """The law of a Normal prior: its mean and deviation in the unit interval of the scale.

    A mean outside of the bounds keeps its distance.
    """
    center, deviation = _placed(scale, prior)
    outside = max(-center, center - 1, 0)
    if outside <= _FAR * deviation and deviation <= _WIDE:
        return NormalLaw(float(center), float(deviation))
    rate = float(min(outside / deviation / deviation, 1e300))
    return TiltedLaw(rate, mirrored=center > 1) if rate > 1e-12 else UNIFORM


def _placed(scale: Scale, prior: Normal) -> tuple[float, float] | tuple[Fraction, Fraction]:
    """Mean and deviation in the unit interval of the scale: as floats where those do."""
    if scale.log == scale.curved and max(abs(scale.lower), abs(scale.top)) < 2**53:
        read = math.log if scale.log else float
        low, width = read(scale.lower), read(scale.top) - read(scale.lower)
        center, deviation = (read(prior.mean) - low) / width, prior.deviation / width
        if math.isfinite(center) and math.isfinite(deviation):
            return center, max(deviation, _LEAST_MASS)
    exact = _distance(scale, scale.top)
    return _distance(scale, prior.mean) / exact, max(Fraction(prior.deviation) / exact, Fraction(_LEAST_MASS))


def _distance(scale: Scale, value: float) -> Fraction:
    """From the lower bound to a value, on the scale itself: exact, but for the rounding of a logarithm."""
    lower = Fraction(scale.lower)
    if not scale.log:
        return Fraction(value) - lower
    ratio = (Fraction(value) - lower) / lower
    if abs(ratio) > 0.5:
        return Fraction(math.log(value) - math.log(scale.lower))
    return Fraction(math.log1p(ratio)) if abs(ratio) > 1e-20 else ratio  # a float there may be 0


def number_law(scale: Scale, prior: float | Normal | Beta | None, deviation: float | None) -> Law:
    """The law of a number's prior; `deviation`, that of its confidence, for a point only."""
    if prior is None or scale.lower == scale.top:
        return UNIFORM
    match prior:
        case Normal():
            return normal_law(scale, prior)
        case Beta(alpha=alpha, beta=beta):
            return BetaLaw(alpha, beta)
        case _:
            assert deviation is not None, "a point has a confidence"
            return point_law(scale, prior, deviation)
