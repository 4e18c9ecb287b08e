"""What is drawn, against the closed forms of `closed_forms`, at fixed seeds."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from closed_forms import CHOICES, DISCRETE, FLOATS, Cdf, cells, normal
from scipy import integrate, stats

import neps_cs as neps

N = 4000
ALPHA = 1e-4  # the chance that a right implementation fails at one seed; the seeds are fixed


def drawn(parameter: Any, *, use_priors: bool = False) -> list[Any]:
    """N values of a parameter, as a space draws them."""
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    rng = np.random.default_rng(7)
    return [space.sample(rng, use_priors=use_priors)[0]["x"] for _ in range(N)]


def fits(values: list[Any], masses: dict[Any, float]) -> bool:
    """Whether values are drawn with these masses: no others, and chi-square does not object."""
    assert math.isclose(sum(masses.values()), 1)
    counts = Counter(values)
    assert set(counts) <= {k for k, m in masses.items() if m > 0}
    often = [k for k, m in masses.items() if N * m >= 5]
    rest = N - sum(counts[k] for k in often), N * (1 - math.fsum(masses[k] for k in often))
    observed = [*(counts[k] for k in often), *([rest[0]] if rest[1] >= 5 else [])]
    expected = np.array([*(N * masses[k] for k in often), *([rest[1]] if rest[1] >= 5 else [])])
    return len(observed) == 1 or (
        stats.chisquare(observed, expected * sum(observed) / expected.sum()).pvalue > ALPHA
    )


def by_name(table: dict[str, tuple[Any, Any]]) -> Any:
    """One test for each entry of a table."""
    return pytest.mark.parametrize(("parameter", "expected"), list(table.values()), ids=list(table))


@by_name(FLOATS)
def test_floats_are_drawn_by_their_closed_form(parameter: neps.Float, expected: Cdf) -> None:
    values = drawn(parameter, use_priors=True)
    assert all(type(v) is float for v in values)
    assert stats.kstest(values, np.vectorize(expected)).pvalue > ALPHA
    if parameter.prior is not None:
        assert stats.kstest(drawn(parameter), np.vectorize(expected)).pvalue < ALPHA, "without its prior"


@by_name(DISCRETE)
def test_integers_and_grids_are_drawn_by_their_closed_form(parameter: Any, expected: Any) -> None:
    values = drawn(parameter, use_priors=True)
    assert {type(v) for v in values} == {int if isinstance(parameter, neps.Integer) else float}
    assert fits(values, expected)


@by_name(CHOICES)
def test_choices_are_drawn_by_their_closed_form(parameter: Any, expected: Any) -> None:
    assert fits(drawn(parameter, use_priors=True), expected)
    assert fits(drawn(parameter), dict.fromkeys(parameter.choices, 1 / len(parameter.choices)))


def test_log_integers_have_the_masses_of_the_design() -> None:
    """NePS never draws the upper end."""
    masses = DISCRETE["log integer"][1]
    assert masses[1] == pytest.approx(0.388, abs=1e-3)
    assert masses[8] == pytest.approx(0.044, abs=1e-3)
    assert {1, 8} <= set(drawn(neps.Integer(1, 8, log=True)))


@by_name(FLOATS)
def test_density_and_distribution_function_are_the_closed_form(parameter: neps.Float, expected: Cdf) -> None:
    distribution = parameter.distribution()
    x = distribution.scale.from_units(np.linspace(0.01, 0.99, 99))
    closed = np.array([expected(v) for v in x.tolist()])
    assert distribution.cdf(x) == pytest.approx(closed, abs=1e-12)
    h = 1e-5 * x if parameter.log else np.full_like(x, 1e-5)
    slope = [
        (expected(v + d) - expected(v - d)) / (2 * d) for v, d in zip(x.tolist(), h.tolist(), strict=True)
    ]
    assert distribution.pdf(x) == pytest.approx(np.array(slope), rel=1e-4, abs=1e-6)


@by_name(FLOATS)
def test_density_integrates_to_the_distribution_function(parameter: neps.Float, expected: Cdf) -> None:
    distribution = parameter.distribution()
    lower, upper = distribution.scale.lower, distribution.scale.upper
    start, end = (math.log(lower), math.log(upper)) if parameter.log else (lower, upper)

    def mass(x: float) -> float:
        return float(distribution.pdf(math.exp(x)) * math.exp(x) if parameter.log else distribution.pdf(x))

    for part in (1.0, 0.3):
        x = start + part * (end - start)
        total = integrate.quad(mass, start, x, limit=200)[0]
        assert total == pytest.approx(float(distribution.cdf(math.exp(x) if parameter.log else x)), abs=1e-6)
    assert distribution.cdf([lower - 1, upper, upper + 1]).tolist() == [0, 1, 1]
    assert distribution.pdf([lower - 1, upper + 1]).tolist() == [0, 0]


@by_name(FLOATS)
def test_quantiles_invert_the_distribution_function(parameter: neps.Float, expected: Cdf) -> None:
    distribution = parameter.distribution()
    u = np.linspace(0.001, 0.999, 97)
    assert distribution.cdf(distribution.ppf(u)) == pytest.approx(u, abs=1e-9)
    assert distribution.ppf([0, 1]).tolist() == [parameter.lower, parameter.upper]


@by_name(DISCRETE)
def test_masses_are_the_closed_form_and_add_up(parameter: Any, expected: Any) -> None:
    distribution = parameter.distribution()
    values = [distribution.scale.grid(k) for k in range(distribution.scale.points)]
    closed = [expected.get(v, 0.0) for v in values]
    assert set(expected) <= set(values)
    assert distribution.pdf(values) == pytest.approx(np.array(closed), abs=1e-12)
    assert distribution.cdf(values) == pytest.approx(np.cumsum(closed), abs=1e-12)
    below, above = values[0] - 1, values[-1] + 0.5
    assert distribution.pdf([below, above, values[0] + 0.04]).tolist() == [0, 0, 0]
    assert distribution.cdf([below, above]).tolist() == [0, 1]
    for between in (0.04, -0.04):  # what lies between counts for the lower one
        sums = np.cumsum(closed) if between > 0 else np.cumsum([0, *closed[:-1]])
        assert distribution.cdf([v + between for v in values]) == pytest.approx(sums, abs=1e-12)


@by_name(DISCRETE)
def test_a_quantile_is_the_first_value_whose_masses_reach_it(parameter: Any, expected: Any) -> None:
    distribution = parameter.distribution()
    sums = np.cumsum([*expected.values()])
    for i, (value, mass) in enumerate(expected.items()):
        if mass > 1e-9:
            inside = sums[i] - mass * np.array([0.999, 0.5, 0.001])
            assert distribution.ppf(inside).tolist() == [value] * 3


@by_name(CHOICES)
def test_masses_of_choices(parameter: Any, expected: Any) -> None:
    distribution = parameter.distribution()
    masses = list(expected.values())
    size = len(masses)
    assert distribution.pdf(np.arange(size)) == pytest.approx(np.array(masses), abs=1e-15)
    assert distribution.cdf(np.arange(size)) == pytest.approx(np.cumsum(masses), abs=1e-12)
    assert distribution.pdf([-1, size, 0.5]).tolist() == [0, 0, 0]
    assert distribution.cdf([-1, size]) == pytest.approx([0, 1])
    assert distribution.cdf(0.5) == distribution.cdf(0)
    starts = np.cumsum([0, *masses[:-1]])
    for i, mass in enumerate(masses):
        if mass > 0:
            assert distribution.ppf(starts[i] + mass * np.array([0.001, 0.5, 0.999])).tolist() == [i] * 3
    assert masses[int(distribution.ppf(1.0))] > 0


ALL = {**FLOATS, **DISCRETE, **CHOICES}


@by_name(ALL)
def test_distributions_take_arrays_of_any_shape(parameter: Any, expected: Any) -> None:
    distribution = parameter.distribution()
    u = np.random.default_rng(1).random((2, 3))
    values = distribution.ppf(u)
    for call, given in ((distribution.ppf, u), (distribution.pdf, values), (distribution.cdf, values)):
        for shaped in (given, given[0], given[0, 0], given[:0]):
            result = call(shaped)
            assert np.shape(result) == np.shape(shaped)
            assert np.ravel(result).tolist() == [call(x).item() for x in np.ravel(shaped)]


@by_name(ALL)
def test_a_space_draws_the_quantiles_of_its_parameters_distribution(parameter: Any, expected: Any) -> None:
    """One u for each value: the same in a space, one by one and all at once, with and without prior."""
    for use_prior in (True, False):
        distribution = parameter.distribution(use_prior)
        u = np.random.default_rng(7).random(N)
        singly = [distribution.quantile(x) for x in u.tolist()]
        at_once = distribution.ppf(u).tolist()
        if isinstance(parameter, neps.Float) and parameter.step is None:
            assert at_once == pytest.approx(singly, rel=1e-11, abs=1e-12)
        else:
            assert at_once == singly
        if isinstance(parameter, (neps.Categorical, neps.Ordinal)):
            singly = [parameter.choices[i] for i in singly]
        assert drawn(parameter, use_priors=use_prior) == singly


@by_name(ALL)
def test_sample_draws_by_its_seed(parameter: Any, expected: Any) -> None:
    distribution = parameter.distribution()
    assert distribution.sample(5, 3).tolist() == distribution.ppf(np.random.default_rng(3).random(5)).tolist()
    rng = np.random.default_rng(3)
    assert distribution.sample(5, rng).tolist() == distribution.sample(5, 3).tolist()
    assert distribution.sample(0).shape == (0,)


@by_name(ALL)
def test_without_its_prior_a_parameter_is_as_if_it_had_none(parameter: Any, expected: Any) -> None:
    if isinstance(parameter, (neps.Float, neps.Integer)):
        kind = type(parameter)
        plain: Any = kind(parameter.lower, parameter.upper, parameter.log, step=parameter.step)
    else:
        plain = neps.Categorical(parameter.choices)
    u = np.linspace(0, 1, 50)
    without = parameter.distribution(use_prior=False)
    assert without.ppf(u).tolist() == plain.distribution().ppf(u).tolist()


def test_masses_whose_sum_falls_short_of_one_by_rounding() -> None:
    """Ten times 0.1 is 0.9999999999999999, and the greatest u is as large."""
    distribution = neps.Categorical(range(10), prior=neps.Weights((0.1,) * 10)).distribution()
    assert distribution.quantile(1 - 2**-53) == 9


def test_a_flat_normal_is_uniform() -> None:
    parameter = neps.Float(0, 1e-10, prior=neps.Normal(0, 1e300))
    assert parameter.distribution().quantile(0.25) == pytest.approx(0.25e-10)


def test_a_sharp_normal_gives_its_mean() -> None:
    parameter = neps.Float(0, 10, prior=neps.Normal(2.5, 5e-324))
    assert parameter.distribution().quantile(0.9) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("mean", "near"), [(-10, 0.0), (11, 1.0), (-0.75, 0.0), (1.75, 1.0), (-1e100, 0.0), (1e100, 1.0)]
)
def test_a_normal_far_outside_draws_at_the_nearer_end(mean: float, near: float) -> None:
    """At 7.5 deviations the mass beyond a tenth of the interval is less than exp(-7.5)."""
    distribution = neps.Float(0, 1, prior=neps.Normal(mean, 0.1)).distribution()
    values = [distribution.quantile(u) for u in np.linspace(0.001, 0.999, 50)]
    assert max(abs(v - near) for v in values) < 0.1
    if abs(mean) < 20:
        assert len(set(values)) == 50
        assert distribution.ppf(np.linspace(0.001, 0.999, 50)) == pytest.approx(np.array(values), abs=1e-12)


def joint(space: neps.PipelineSpace, *names: str) -> list[tuple[Any, ...]]:
    """N draws of several attributes."""
    rng = np.random.default_rng(11)
    configs = [space.sample(rng, use_priors=True)[0] for _ in range(N)]
    return [tuple(c[n] for n in names) for c in configs]


def within(deviations: float) -> float:
    """The mass of a normal distribution within so many deviations of its mean."""
    return math.erf(deviations / math.sqrt(2))


NARROW: dict[str, tuple[Any, dict[float, float]]] = {
    "log integers": (neps.Integer(2**53, 2**53 + 1, log=True, prior=neps.Normal(2.0**53, 1)), {2**53: 0.5}),
    "negative integers": (
        neps.Integer(-(2**53) - 1, -(2**53), prior=neps.Normal(-(2.0**53), 0.1)),
        {-(2**53): 1, -(2**53) - 1: 0},
    ),
    "integers around their mean": (
        neps.Integer(2**60, 2**60 + 2, prior=neps.Normal(2.0**60, 1.0)),
        # the mean stands at the end of [0, 1], half of the first cell: deviation 1/2, cells of 1/3
        {2**60 + k: (within(2 * (k + 1) / 3) - within(2 * k / 3)) / within(2.0) for k in range(3)},
    ),
    "a point of negative integers": (
        neps.Integer(-(2**53) - 1, -(2**53), prior=-(2**53), prior_confidence="high"),
        {-(2**53): 1, -(2**53) - 1: 0},
    ),
    "log floats": (
        neps.Float(1e-5, 1.0000000000000003e-05, log=True, prior=neps.Normal(1e-5, 1)),
        {1e-5: 0.5, 1.0000000000000003e-05: 0.5},
    ),
}


@pytest.mark.parametrize("name", NARROW)
def test_priors_on_few_large_or_close_values(name: str) -> None:
    """As in exact arithmetic, where floats can't tell the bounds, or their logarithms, apart."""
    parameter, masses = NARROW[name]
    also = parameter.distribution().sample(N, 1).tolist()
    for found in map(Counter, (drawn(parameter, use_priors=True), also)):
        for value, mass in masses.items():
            assert found[value] / N == pytest.approx(mass, abs=0.03)
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    for priors in ("native", "warped", "drop"):
        cs, sidecar = neps.to_configspace(space, priors=priors)
        cs.seed(0)
        configs = sidecar.from_configurations(cs.sample_configuration(20))
        assert all(parameter.lower <= config["x"] <= parameter.upper for config in configs)


@pytest.mark.parametrize(
    "parameter",
    [
        neps.Float(0, 1.7e308, step=1.7e307, prior=neps.Normal(1.7e308, 1e-10)),
        neps.Float(1.0, 1e308, step=1e300, prior=neps.Beta(0.5, 0.5)),
        neps.Float(-8e307, 8e307, prior=neps.Normal(1.7e308, 1e-300)),
        neps.Float(0, 1e-300, prior=neps.Normal(1.7e308, 1.0)),
    ],
    ids=["normal", "beta", "far", "small"],
)
def test_priors_on_the_largest_floats(parameter: neps.Float) -> None:
    """Nothing overflows, which a warning would say."""
    distribution = parameter.distribution()
    values = distribution.ppf(np.linspace(0, 1, 21))
    assert np.all(np.diff(values) >= 0)
    assert np.all((distribution.cdf(values) >= 0) & (distribution.cdf(values) <= 1))
    assert np.all(np.isfinite(values))
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    for priors in ("native", "warped", "drop"):
        cs, sidecar = neps.to_configspace(space, priors=priors)
        cs.seed(0)
        for configuration in cs.sample_configuration(20):
            config = sidecar.from_configuration(configuration)
            assert parameter.lower <= config["x"] <= parameter.upper
            assert sidecar.from_configuration(sidecar.to_configuration(config)) == config


def test_a_number_is_uniform_within_the_bounds_that_were_drawn() -> None:
    low = neps.Integer(1, 5)
    space = neps.PipelineSpace.from_attributes({"low": low, "x": neps.Integer(low, 10)})
    masses = {(a, b): 1 / 5 / (11 - a) for a in range(1, 6) for b in range(a, 11)}
    assert fits(joint(space, "low", "x"), masses)


def test_both_bounds_may_be_drawn_and_the_scale_is_theirs() -> None:
    space = neps.PipelineSpace.from_attributes(
        {"low": neps.Ordinal((1, 2)), "high": neps.Categorical((3, 4)),
         "x": neps.Integer(neps.ByName("low"), neps.ByName("high"), log=True)}
    )  # fmt: skip
    masses = {
        (low, high, k): math.log((k + 0.5) / (k - 0.5)) / math.log((high + 0.5) / (low - 0.5)) / 4
        for low in (1, 2)
        for high in (3, 4)
        for k in range(low, high + 1)
    }
    assert fits(joint(space, "low", "high", "x"), masses)


def test_steps_begin_at_the_bound_that_was_drawn() -> None:
    low = neps.Integer(0, 1)
    space = neps.PipelineSpace.from_attributes({"low": low, "x": neps.Float(low, 2, step=0.75)})
    masses = {**dict.fromkeys(((0, 0.0), (0, 0.75), (0, 1.5)), 1 / 6), (1, 1.0): 1 / 4, (1, 1.75): 1 / 4}
    assert fits(joint(space, "low", "x"), masses)


def test_a_prior_is_brought_within_the_bounds_that_were_drawn() -> None:
    low = neps.Integer(1, 3)
    x = neps.Integer(low, 4, prior=2, prior_confidence="medium")
    space = neps.PipelineSpace.from_attributes({"low": low, "x": x})
    masses = {}
    for a, center in ((1, 1 / 3), (2, 0.0), (3, 0.0)):
        ends = [i / (5 - a) for i in range(6 - a)]
        among = cells(list(range(a, 5)), ends, normal(center, 0.2))
        masses.update({(a, k): m / 3 for k, m in among.items()})
    assert fits(joint(space, "low", "x"), masses)


def test_large_integers_are_all_reachable() -> None:
    """A float can't name every integer of 63 bits: the low bits of what is drawn must vary."""
    parameter = neps.Integer(0, 2**63)
    for values in (drawn(parameter), parameter.distribution().sample(N, 7).tolist()):
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
