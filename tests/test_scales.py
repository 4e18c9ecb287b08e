"""Laws of scales, for generated ones: how values lie on the unit interval."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neps_cs as neps
from neps_cs.scales import Scale

UNITS = st.lists(st.floats(0, 1) | st.sampled_from((0.0, 0.5, 1.0)), min_size=1, max_size=8)


@st.composite
def scales(draw: Any) -> Scale:
    """Scales of every kind: linear and log, real and whole, with and without steps, of one point."""
    integer, log, stepped = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    if integer:
        lower = draw(st.integers(1, 50) if log else st.integers(-1000, 1000) | st.integers(-(2**70), 2**70))
        upper = lower + draw(st.integers(0, 1000) | st.integers(0, 2**70))
        return Scale(lower, upper, log, True, draw(st.integers(1, 300)) if stepped else None)
    thousandths = draw(st.integers(1, 10**5) if log else st.integers(-(10**5), 10**5))
    width = draw(st.integers(0, 10**5))
    lower, upper = thousandths / 1000, (thousandths + width) / 1000
    return Scale(lower, upper, log, False, draw(st.integers(1, 10**4)) / 1000 if stepped else None)


def exact_grid(scale: Scale) -> list[Any]:
    """The first values of a grid, from exact fractions of the decimals that were written."""
    lower, upper, step = (
        Fraction(str(x)) if isinstance(x, float) else Fraction(x)
        for x in (scale.lower, scale.upper, scale.step or 1)
    )
    count = min(50, (upper - lower) // step + 1)
    exact = [lower + k * step for k in range(count)]
    return [int(x) if scale.integer else float(x) for x in exact]


@given(scales(), UNITS)
def test_every_place_has_a_value_within_the_bounds(scale: Scale, units: list[float]) -> None:
    for u in units:
        value = scale.from_unit(u)
        assert type(value) is (int if scale.integer else float)
        assert scale.lower <= value <= scale.upper
        assert scale.holds(value)
        assert 0.0 <= scale.to_unit(value) <= 1.0


@given(scales())
def test_the_ends_of_the_interval_are_the_ends_of_the_range(scale: Scale) -> None:
    assert (scale.from_unit(0.0), scale.from_unit(1.0)) == (scale.lower, scale.top)


@given(scales(), UNITS)
def test_values_rise_with_their_places(scale: Scale, units: list[float]) -> None:
    values = [scale.from_unit(u) for u in sorted(units)]
    assert values == sorted(values)


@given(scales(), UNITS)
def test_many_places_at_once_give_what_each_gives(scale: Scale, units: list[float]) -> None:
    """Integers and grid points themselves; of two exponential functions the last digits may differ."""
    singly = [scale.from_unit(u) for u in units]
    at_once = scale.from_units(np.array([units, units]))
    assert at_once.shape == (2, len(units))
    if scale.discrete:
        assert at_once.tolist() == [singly, singly]
    else:
        assert at_once[0] == pytest.approx(np.array(singly, dtype=float), rel=1e-12, abs=0)


@given(scales(), UNITS)
def test_many_values_at_once_have_the_places_that_each_has(scale: Scale, units: list[float]) -> None:
    values = [scale.from_unit(u) for u in units]
    places = scale.to_units(np.array([values], dtype=float))
    assert places[0] == pytest.approx(np.array([scale.to_unit(v) for v in values]), abs=1e-12)


@given(scales(), UNITS)
def test_a_place_comes_back_from_its_value(scale: Scale, units: list[float]) -> None:
    """Up to rounding; a whole number or grid point comes back itself, and its cell holds the place."""
    for u in units:
        value = scale.from_unit(u)
        if scale.lower == scale.top:
            continue
        if not scale.discrete:
            rounding = math.ulp(max(abs(scale.lower), abs(scale.upper))) / (scale.upper - scale.lower)
            relative = rounding * scale.upper / scale.lower if scale.log else rounding
            assert scale.to_unit(value) == pytest.approx(u, abs=4 * relative + 1e-12)
        elif abs(value) < 2**50 and scale.upper - scale.lower < 2**50:
            assert scale.from_unit(scale.to_unit(value)) == value
            low, high = scale.cells(np.array([float(value)]))
            assert low[0] - 1e-9 <= u <= high[0] + 1e-9


@given(scales())
def test_cells_of_neighbours_meet_and_fill_the_interval(scale: Scale) -> None:
    if not scale.discrete or scale.points > 200 or abs(scale.upper) > 2**40 or abs(scale.lower) > 2**40:
        return
    low, high = scale.cells(np.array([scale.grid(k) for k in range(scale.points)], dtype=float))
    assert (low[0], high[-1]) == (0.0, 1.0)
    assert high[:-1] == pytest.approx(low[1:], abs=1e-9)


@given(scales())
def test_grid_points_are_the_decimals_that_a_person_expects(scale: Scale) -> None:
    if not scale.discrete:
        return
    expected = exact_grid(scale)
    assert [scale.grid(k) for k in range(len(expected))] == expected
    assert (
        scale.points
        == (Fraction(str(scale.upper)) - Fraction(str(scale.lower))) // Fraction(str(scale.step or 1)) + 1
    )
    assert [scale.index(v) for v in expected] == list(range(len(expected)))
    assert all(scale.holds(v) for v in expected)


@given(scales())
def test_nothing_else_is_held(scale: Scale) -> None:
    beyond = 1 if scale.integer else 0.001
    assert not scale.holds(scale.lower - beyond)
    assert not scale.holds(scale.upper + beyond)
    if scale.step is not None and scale.points > 1:
        between = scale.lower + 1 if scale.integer else scale.lower + scale.step / 3
        assert scale.holds(between) is (scale.integer and scale.step == 1)


@pytest.mark.parametrize(
    "scale",
    [
        Scale(1e-300, 1e300, log=True),
        Scale(-(10**18), 10**18, integer=True),
        Scale(1, 2**70, log=True, integer=True),
        Scale(5e-324, 1.0, log=True),
        Scale(-8e307, 8e307),
        Scale(1e15, 1e15 + 8, step=1.0),
        Scale(1, 1125899906842570, log=True, integer=True),
    ],
)
def test_extreme_scales_stay_within_their_bounds(scale: Scale) -> None:
    values = [scale.from_unit(u) for u in np.linspace(0, 1, 101).tolist()]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (scale.lower, scale.upper)
    assert scale.from_units(np.array([0.0, 1.0])).tolist() == [scale.lower, scale.upper]
    assert all(0.0 <= scale.to_unit(v) <= 1.0 for v in values)


def test_a_grid_point_is_held_up_to_the_rounding_of_a_sum() -> None:
    """0.1 + 0.2 is above 0.3, and 0.1 + 0.2 - 0.3 is not quite 0."""
    assert Scale(0.0, 0.35, step=0.1).holds(0.1 + 0.2)
    assert Scale(-1.0, 1.0, step=0.1).holds(0.1 + 0.2 - 0.3)
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 0.35, step=0.1)})
    assert neps.resolve(space, {"x": 0.1 + 0.2}) == {"x": 0.3}


def test_a_large_whole_number_between_two_steps_is_not_held() -> None:
    scale = Scale(0, 10**14, integer=True, step=2)
    assert scale.holds(10**13)
    assert not scale.holds(10**13 + 1)


def test_the_count_of_a_grid_does_not_hang_on_pythons_decimal_context() -> None:
    import decimal

    with decimal.localcontext() as context:
        context.prec = 2
        assert Scale(0.0, 1.0, step=0.001).points == 1001


@pytest.mark.parametrize(
    "scale",
    [
        Scale(1e-13, 1e13, log=True, step=0.1),
        Scale(1e-13, 1e13, step=0.1),
        Scale(0.001, 1e11, log=True, step=0.001),
        Scale(1.0, 1e15, log=True, step=1.0),
        Scale(1, 2**52, log=True, integer=True),
        Scale(1, 10**15, log=True, integer=True, step=7),
        Scale(1e-30, 1.0, log=True, step=1e-4),
    ],
)
def test_arrays_have_the_last_bits_of_single_numbers(scale: Scale) -> None:
    units = np.random.default_rng(0).random(20_000)
    assert scale.from_units(units).tolist() == [scale.from_unit(u) for u in units.tolist()]
    if scale.step is not None:
        assert all(v == scale.grid(scale.index(v)) for v in scale.from_units(units[:1_000]).tolist())


@pytest.mark.parametrize(
    "scale",
    [
        Scale(0.0, 1.7e308, step=1.7e307),
        Scale(0.0, 1.7e308, step=1.7e308),
        Scale(1.0, 1e308, step=1e300),
        Scale(-8e307, 8e307, step=1e307),
        Scale(1.0, 1.7e308, log=True, step=1.6e308),
        Scale(1e-300, 1.7e308, log=True),
        Scale(-8e307, 8e307),
    ],
)
def test_the_largest_floats(scale: Scale) -> None:
    """Nothing overflows, which a warning would say; and their places are right."""
    units = np.linspace(0, 1, 101)
    values = scale.from_units(units)
    assert values.tolist() == pytest.approx([scale.from_unit(u) for u in units.tolist()], rel=1e-12)
    assert scale.to_units(values).tolist() == pytest.approx([scale.to_unit(v) for v in values.tolist()])
    assert scale.to_units(np.array([-1.7e308, 1.7e308])).tolist()[1] > 0.7
    if scale.discrete:
        low, high = scale.cells(values)
        assert np.all((low - 1e-9 <= units) & (units <= high + 1e-9))
        assert (low[0], high[-1]) == (0.0, 1.0)
    else:
        assert scale.to_units(values) == pytest.approx(units, abs=1e-12)


@pytest.mark.parametrize(
    "scale",
    [
        Scale(2**53, 2**53 + 1, log=True, integer=True),
        Scale(2**60, 2**60 + 3, log=True, integer=True),
        Scale(-(2**60) - 3, -(2**60), integer=True),
    ],
)
def test_few_large_integers_are_equally_likely(scale: Scale) -> None:
    """Logarithms and floats can't tell them apart, their distances can."""
    n, first = scale.points, int(scale.lower)
    units = (np.arange(n) + 0.5) / n
    assert scale.from_units(units).tolist() == [scale.from_unit(u) for u in units.tolist()]
    assert scale.from_units(units).tolist() == [first + k for k in range(n)]
    assert [scale.to_unit(first + k) for k in range(n)] == units.tolist()


def test_a_narrow_logarithmic_range_is_even() -> None:
    """x = lower (1 + w)^u with w -> 0, which logarithms of floats can't say."""
    for width in (1e-7, 1e-8, 1e-9, 1e-12, 1e-15):
        scale = Scale(3e-5, 3e-5 * (1 + width), log=True)
        for u in (0.1, 0.5, 0.9):
            exact = Fraction(scale.lower) + Fraction(u) * Fraction(scale.top - scale.lower)
            rounding = math.ulp(scale.top) + (scale.top - scale.lower) * 1e-6
            assert abs(Fraction(scale.from_unit(u)) - exact) <= Fraction(rounding)
