"""Parameters with the closed forms of their distributions, written out independently of neps_cs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import neps_cs as neps

CONFIDENCES = {"low": 0.4, "medium": 0.2, "high": 2 / 15}
LEVELS = {"low": 0.25, "medium": 0.5, "high": 0.75}

Cdf = Callable[[float], float]


def phi(x: float) -> float:
    """The standard normal distribution function."""
    return math.erfc(-x / math.sqrt(2)) / 2


def normal(center: float, deviation: float) -> Cdf:
    """A normal distribution function on the unit interval, truncated to it."""
    low, high = phi(-center / deviation), phi((1 - center) / deviation)
    return lambda x: (phi((x - center) / deviation) - low) / (high - low)


def linear(lower: float, upper: float, law: Cdf = lambda x: x) -> Cdf:
    """A law of the unit interval on a linear scale."""
    return lambda x: law((x - lower) / (upper - lower))


def log(lower: float, upper: float, law: Cdf = lambda x: x) -> Cdf:
    """A law of the unit interval on a logarithmic scale."""
    return lambda x: law(math.log(x / lower) / math.log(upper / lower))


def cells(values: list[Any], ends: list[float], cdf: Cdf) -> dict[Any, float]:
    """Masses of values of which each owns the part of the line between two ends."""
    marks = [cdf(e) for e in ends]
    return {v: high - low for v, low, high in zip(values, marks, marks[1:], strict=False)}


ENDS_LOG_1_8 = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]
BETA_2_1: Cdf = lambda x: x * x  # noqa: E731
BETA_1_3: Cdf = lambda x: 1 - (1 - x) ** 3  # noqa: E731

FLOATS: dict[str, tuple[neps.Float, Cdf]] = {
    "linear": (neps.Float(-1.0, 3.0), linear(-1, 3)),
    "log": (neps.Float(1e-6, 1e2, log=True), log(1e-6, 1e2)),
    "log_base changes nothing": (neps.Float(1, 100, log=True, log_base=2), log(1, 100)),
    **{
        f"point prior, {level}": (
            neps.Float(-1, 3, prior=2, prior_confidence=level),
            linear(-1, 3, normal(0.75, deviation)),
        )
        for level, deviation in CONFIDENCES.items()
    },
    **{
        f"log point prior, {level}": (
            neps.Float(1e-5, 1, log=True, prior=1e-3, prior_confidence=level),
            log(1e-5, 1, normal(0.4, deviation)),
        )
        for level, deviation in CONFIDENCES.items()
    },
    "prior at the lower end": (
        neps.Float(0, 1, prior=0, prior_confidence="medium"),
        linear(0, 1, normal(0, 0.2)),
    ),
    "Normal": (neps.Float(10, 30, prior=neps.Normal(15, 4)), linear(10, 30, normal(0.25, 0.2))),
    "Normal, mean outside": (neps.Float(10, 30, prior=neps.Normal(34, 4)), linear(10, 30, normal(1.2, 0.2))),
    "Normal in natural logarithms": (
        neps.Float(1e-4, 1, log=True, prior=neps.Normal(1e-3, 0.5)),
        log(1e-4, 1, normal(0.25, 0.5 / math.log(1e4))),
    ),
    "Normal, so wide and far outside that it is exponential": (
        neps.Float(0, 1, prior=neps.Normal(-2e12, 1e6)),
        lambda x: (1 - math.exp(-2 * x)) / (1 - math.exp(-2)),
    ),
    "Normal, exponential from the upper end": (
        neps.Float(0, 1, prior=neps.Normal(1 + 3e12, 1e6)),
        lambda x: math.exp(-3) * (math.exp(3 * x) - 1) / (1 - math.exp(-3)),
    ),
    "Beta": (neps.Float(-2, 2, prior=neps.Beta(2, 1)), linear(-2, 2, BETA_2_1)),
    "log Beta": (neps.Float(0.1, 10, log=True, prior=neps.Beta(1, 3)), log(0.1, 10, BETA_1_3)),
}

DISCRETE: dict[str, tuple[Any, dict[Any, float]]] = {
    "integer": (neps.Integer(-2, 5), dict.fromkeys(range(-2, 6), 1 / 8)),
    "log integer": (
        neps.Integer(1, 8, log=True),
        {k: math.log((k + 0.5) / (k - 0.5)) / math.log(8.5 / 0.5) for k in range(1, 9)},
    ),
    "log integer, not from 1": (
        neps.Integer(7, 30, log=True),
        {k: math.log((k + 0.5) / (k - 0.5)) / math.log(30.5 / 6.5) for k in range(7, 31)},
    ),
    "steps, exact in decimals": (
        neps.Float(0.1, 0.75, step=0.1),
        dict.fromkeys((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1 / 7),
    ),
    "steps below zero": (neps.Float(-0.3, 0.3, step=0.15), dict.fromkeys((-0.3, -0.15, 0.0, 0.15, 0.3), 0.2)),
    "integer steps": (neps.Integer(2, 20, step=5), dict.fromkeys((2, 7, 12, 17), 1 / 4)),
    "one step only": (neps.Float(0, 1, step=2), {0.0: 1.0}),
    "one step only, with a prior": (neps.Float(0, 1, step=2, prior=neps.Normal(1, 1)), {0.0: 1.0}),
    "log steps": (
        neps.Float(1, 11, log=True, step=3),
        cells([1.0, 4.0, 7.0, 10.0], [1, 2.5, 5.5, 8.5, 10], log(1, 10)),
    ),
    "log integer steps": (
        neps.Integer(1, 20, log=True, step=5),
        cells([1, 6, 11, 16], [1, 3.5, 8.5, 13.5, 16], log(1, 16)),
    ),
    "integer point prior": (
        neps.Integer(1, 8, prior=3, prior_confidence="medium"),
        cells(list(range(1, 9)), ENDS_LOG_1_8, linear(0.5, 8.5, normal(2 / 7, 0.2))),
    ),
    "log integer point prior": (
        neps.Integer(1, 8, log=True, prior=3, prior_confidence="high"),
        cells(list(range(1, 9)), ENDS_LOG_1_8, log(0.5, 8.5, normal(math.log(3) / math.log(8), 2 / 15))),
    ),
    "prior at the last step, below upper": (
        neps.Float(0, 1.9, step=1, prior=1, prior_confidence="high"),
        cells([0.0, 1.0], [0, 0.5, 1], normal(1, 2 / 15)),
    ),
    "prior between the last step and upper": (
        neps.Integer(0, 19, step=10, prior=18, prior_confidence="low"),
        cells([0, 10], [0, 0.5, 1], normal(1, 0.4)),
    ),
    "integer Normal": (
        neps.Integer(0, 4, prior=neps.Normal(3, 1)),
        cells([0, 1, 2, 3, 4], [0, 0.2, 0.4, 0.6, 0.8, 1], normal(0.75, 0.25)),
    ),
    "log integer Normal": (
        neps.Integer(1, 8, log=True, prior=neps.Normal(2, 0.7)),
        cells(list(range(1, 9)), ENDS_LOG_1_8, log(0.5, 8.5, normal(1 / 3, 0.7 / math.log(8)))),
    ),
    "Normal on steps": (
        neps.Float(0, 1.2, step=0.5, prior=neps.Normal(0.5, 0.25)),
        cells([0.0, 0.5, 1.0], [0, 1 / 3, 2 / 3, 1], normal(0.5, 0.25)),
    ),
    "integer Beta": (
        neps.Integer(5, 8, prior=neps.Beta(2, 1)),
        {5: 1 / 16, 6: 3 / 16, 7: 5 / 16, 8: 7 / 16},
    ),
    "Normal far outside": (neps.Integer(0, 10, prior=neps.Normal(1e6, 1)), {10: 1.0}),
    "Normal far below": (neps.Integer(0, 10, prior=neps.Normal(-1e6, 1)), {0: 1.0}),
    "range of one point": (neps.Integer(3, 3, prior=neps.Beta(2, 1)), {3: 1.0}),
}

CHOICES: dict[str, tuple[Any, dict[Any, float]]] = {
    "choice": (neps.Categorical(("a", "b", "c")), dict.fromkeys("abc", 1 / 3)),
    "ordinal": (neps.Ordinal((3, 1, 2)), dict.fromkeys((3, 1, 2), 1 / 3)),
    **{
        f"prior of a choice, {level}": (
            neps.Categorical(("a", "b", "c"), prior=2, prior_confidence=level),
            {"a": (1 - p) / 3, "b": (1 - p) / 3, "c": p + (1 - p) / 3},
        )
        for level, p in LEVELS.items()
    },
    "Weights": (
        neps.Categorical(("a", "b", "c", "d"), prior=neps.Weights((1, 0, 2, 5))),
        {"a": 1 / 8, "b": 0.0, "c": 2 / 8, "d": 5 / 8},
    ),
    "Weights, none on the last": (
        neps.Categorical(("a", "b"), prior=neps.Weights((0.1, 0))),
        {"a": 1.0, "b": 0.0},
    ),
}
