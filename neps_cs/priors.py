"""Priors: how much to trust a value that is believed to be good, and distributions as priors."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from neps_cs.checks import read_float, read_index, read_positive
from neps_cs.errors import SpaceError, refuse
from neps_cs.values import is_row


class ConfidenceLevel(enum.Enum):
    """How much to trust a prior. In the unit interval of the parameter's own scale the standard
    deviation is 1 / (10 p) with p = 0.25, 0.5, 0.75; a choice gets p + (1 - p) / n (from NePS)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def weight(self) -> float:
        """p: 0.25, 0.5 or 0.75."""
        return _CONFIDENCE_WEIGHTS[self.value]

    @property
    def deviation(self) -> float:
        """The standard deviation in the unit interval: 0.4, 0.2 or 2/15."""
        return 1 / (10 * self.weight)


_CONFIDENCE_WEIGHTS = {"low": 0.25, "medium": 0.5, "high": 0.75}
Confidence: TypeAlias = "ConfidenceLevel | str"


@dataclass(frozen=True, slots=True)
class Normal:
    """A prior: normal around `mean`, truncated to the bounds of its parameter.

    `mean` is a value of the parameter. `deviation` > 0 is the standard deviation before truncation on
    the parameter's own scale: in the parameter's units, or of natural logarithms where log=True.
    Raises SpaceError for other numbers.
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", read_float("mean", self.mean, "Normal"))
        object.__setattr__(self, "deviation", read_positive("deviation", self.deviation, "Normal"))


@dataclass(frozen=True, slots=True)
class Beta:
    """A prior: the Beta distribution with density x^(alpha-1) (1-x)^(beta-1) / B(alpha, beta) on the unit
    interval of the parameter's own scale. Raises SpaceError unless alpha > 0 and beta > 0."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        for name in ("alpha", "beta"):
            object.__setattr__(self, name, read_positive(name, getattr(self, name), "Beta"))


@dataclass(frozen=True, slots=True)
class Weights:
    """A prior for a choice: the i-th choice has the mass values[i] / sum(values).

    Raises SpaceError unless all are finite and >= 0, one is > 0, and their sum is finite.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        values = self.values
        if not is_row(values):
            raise refuse("weights must be a sequence of numbers", repr(values), "Weights")
        rule = "every weight must be finite and >= 0, and one > 0"
        try:
            numbers = tuple(read_float("weight", v, "Weights") for v in values)
        except SpaceError:
            raise refuse(rule, repr(values), "Weights") from None
        if not all(v >= 0 for v in numbers) or not sum(numbers) > 0:
            raise refuse(rule, repr(values), "Weights")
        if not math.isfinite(sum(numbers)):
            raise refuse("the sum of the weights must be finite", repr(values), "Weights")
        object.__setattr__(self, "values", numbers)


DISTRIBUTIONS = (Normal, Beta, Weights)


def read_number_prior(prior: Normal | Beta | Weights, log: object, kind: str) -> Normal | Beta:
    """A distribution for a number. Raises SpaceError for others."""
    if isinstance(prior, Weights):
        raise refuse("Weights are a prior for choices", repr(prior), kind)
    if isinstance(prior, Normal) and log is True and prior.mean <= 0:
        raise refuse("mean > 0 must hold for log=True", repr(prior), kind)
    return prior


def read_choice_prior(prior: object, size: int | None, kind: str) -> int | Weights | None:
    """The index of a choice, or a weight for each. Raises SpaceError for others."""
    if isinstance(prior, (Normal, Beta)):
        raise refuse("the prior of a choice must be an index or Weights", f"prior={prior!r}", kind)
    if not isinstance(prior, Weights):
        return read_index("prior", prior, size, kind)
    if size is not None and len(prior.values) != size:
        got = f"{len(prior.values)} weights, len(choices)={size}"
        raise refuse("every choice must have one weight", got, kind)
    return prior


def read_among(
    among: object, size: int | None, prior: object, default: int | None, kind: str
) -> tuple[int, ...] | None:
    """The indices of the open choices in order, None where all are. Raises SpaceError for others, for
    none, and where the prior or the default is closed."""
    if among is None:
        return None
    if not isinstance(among, Sequence) or isinstance(among, (str, bytes)):
        raise refuse("among must be the indices of choices", f"among={among!r}", kind)
    found = sorted({i for a in among if (i := read_index("among", a, size, kind)) is not None})
    open_ = tuple(found)
    if not open_:
        raise refuse("among must leave a choice open", f"among={among!r}", kind)
    for name, index in (("prior", prior), ("default", default)):
        if isinstance(index, int) and index not in open_:
            raise refuse(f"{name} must be an open choice", f"{name}={index}, among={open_}", kind)
    if isinstance(prior, Weights) and not any(v > 0 for i, v in enumerate(prior.values) if i in open_):
        raise refuse("an open choice must have a weight > 0", f"{prior!r}, among={open_}", kind)
    return None if len(open_) == size else open_


def read_confidence(prior: object, level: Confidence | None, kind: str) -> ConfidenceLevel | None:
    """The confidence of a prior that is a point: low where none is given. Raises SpaceError."""
    if level is None:
        return None if prior is None or isinstance(prior, DISTRIBUTIONS) else ConfidenceLevel.LOW
    if prior is None:
        raise refuse("prior_confidence needs a prior", f"prior_confidence={level!r}, prior=None", kind)
    if isinstance(prior, DISTRIBUTIONS):
        rule = "a prior that is a distribution has no prior_confidence"
        raise refuse(rule, f"prior={prior!r}, prior_confidence={level!r}", kind)
    try:
        return ConfidenceLevel(level.lower() if isinstance(level, str) else level)
    except (ValueError, AttributeError):
        rule = "prior_confidence must be 'low', 'medium' or 'high'"
        raise refuse(rule, f"prior_confidence={level!r}", kind) from None
