"""Distributions of what is drawn, against closed forms, at fixed seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import neps_cs as neps
from neps_cs.distributions import NormalLaw
from neps_cs.scales import Scale

N = 4000
ALPHA = 1e-4  # the chance that a right implementation fails at one seed; the seeds are fixed


def drawn(parameter: Any, *, use_priors: bool = False) -> list[Any]:
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    rng = np.random.default_rng(7)
    return [space.sample(rng, use_priors=use_priors)[0]["x"] for _ in range(N)]


def fits_masses(values: list[Any], masses: dict[Any, float]) -> bool:
    counts = Counter(values)
    assert set(counts) <= set(masses)
    expected = [N * m for m in masses.values()]
    return stats.chisquare([counts[k] for k in masses], expected).pvalue > ALPHA


@pytest.mark.parametrize(
    ("parameter", "cdf"),
    [
        (neps.Float(-1.0, 3.0), lambda x: (x + 1) / 4),
        (neps.Float(1e-6, 1e2, log=True), lambda x: np.log(x / 1e-6) / np.log(1e8)),
    ],
)
def test_floats_are_uniform_on_their_scale(parameter: Any, cdf: Callable[[Any], Any]) -> None:
    assert stats.kstest(drawn(parameter), cdf).pvalue > ALPHA


def test_integers_are_uniform() -> None:
    assert fits_masses(drawn(neps.Integer(-2, 5)), dict.fromkeys(range(-2, 6), 1 / 8))


def test_log_integers_have_the_masses_of_the_design() -> None:
    total = math.log(8.5 / 0.5)
    masses = {k: math.log((k + 0.5) / (k - 0.5)) / total for k in range(1, 9)}
    assert masses[1] == pytest.approx(0.388, abs=1e-3)
    assert masses[8] == pytest.approx(0.044, abs=1e-3)
    assert fits_masses(drawn(neps.Integer(1, 8, log=True)), masses)


@pytest.mark.parametrize(("confidence", "p"), [("low", 0.25), ("medium", 0.5), ("high", 0.75)])
def test_priors(confidence: str, p: float) -> None:
    choice = neps.Categorical(("a", "b", "c"), prior=2, prior_confidence=confidence)
    masses = {"a": (1 - p) / 3, "b": (1 - p) / 3, "c": p + (1 - p) / 3}
    assert fits_masses(drawn(choice, use_priors=True), masses)
    assert fits_masses(drawn(choice), dict.fromkeys("abc", 1 / 3))

    deviation = 1 / (10 * p)
    center = math.log(1e-3 / 1e-5) / math.log(1e5)
    normal = stats.truncnorm(-center / deviation, (1 - center) / deviation, center, deviation)
    number = neps.Float(1e-5, 1.0, log=True, prior=1e-3, prior_confidence=confidence)
    units = np.log(np.array(drawn(number, use_priors=True)) / 1e-5) / np.log(1e5)
    assert stats.kstest(units, normal.cdf).pvalue > ALPHA
    assert stats.kstest(units, "uniform").pvalue < ALPHA


@pytest.mark.parametrize("center", [0.0, 0.3, 1.0])
def test_the_normal_quantile_is_scipys(center: float) -> None:
    normal = stats.truncnorm(-center / 0.2, (1 - center) / 0.2, center, 0.2)
    for u in (0.0, 1e-9, 0.2, 0.5, 0.9, 1 - 1e-9):
        assert NormalLaw(center, 0.2).quantile(u) == pytest.approx(normal.ppf(u), abs=1e-9)


@pytest.mark.parametrize(
    "scale",
    [
        Scale(0.0, 1.0),
        Scale(1e-300, 1e300, log=True),
        Scale(-(10**18), 10**18, integer=True),
        Scale(1, 2**70, log=True, integer=True),
        Scale(3, 3, integer=True),
        Scale(5.0, 5.0),
    ],
)
def test_scales_stay_within_their_bounds(scale: Scale) -> None:
    values = [scale.from_unit(u) for u in np.linspace(0, 1, 101).tolist()]
    assert values == sorted(values)
    assert values[0] == scale.lower
    assert values[-1] == scale.upper
    for value in values:
        assert type(value) is (int if scale.integer else float)
        assert 0.0 <= scale.to_unit(value) <= 1.0


def test_large_integers_are_all_reachable() -> None:
    """A float can't name every integer of 63 bits: the low bits of what is drawn must vary."""
    values = drawn(neps.Integer(0, 2**63))
    assert len({v % 2 for v in values}) == 2
    assert max(values) > 2**62


@pytest.mark.parametrize(
    "parameter",
    [
        neps.Integer(0, 3, prior=0, prior_confidence="high"),
        neps.Integer(0, 3, prior=2, prior_confidence="high"),
        neps.Integer(1, 2, prior=1, prior_confidence="low"),
        neps.Integer(-5, 20, prior=20, prior_confidence="medium"),
    ],
)
def test_integer_priors_are_those_of_configspace(parameter: neps.Integer) -> None:
    cs, _ = neps.to_configspace(neps.PipelineSpace.from_attributes({"x": parameter}))
    cs.seed(3)
    ours = Counter(drawn(parameter, use_priors=True))
    theirs = Counter(int(c["x"]) for c in cs.sample_configuration(N))
    values = [k for k in sorted({*ours, *theirs}) if ours[k] + theirs[k] >= 10]
    table = [[c[k] for k in values] for c in (ours, theirs)]
    assert stats.chi2_contingency(table).pvalue > ALPHA
