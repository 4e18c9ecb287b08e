"""Numbers of ConfigSpace's old documents: steps, normals, betas, bounds and defaults."""

from __future__ import annotations

import math
from typing import Any

import pytest
from legacy_documents import NEW, C, X, document, one, refused, row, same_as_configspace

import neps_cs as neps
from neps_cs.conditions import Greater
from neps_cs.priors import Beta, Normal
from neps_cs_converters.legacy.configspace_json import read


def test_a_default_that_configspace_takes_anyway_is_left_out() -> None:
    assert one(X).default is None
    assert one(X | {"default": 0.25}).default == 0.25
    assert one(row("x", "uniform_int", lower=0, upper=10, default_value=0), NEW).default == 0


def test_q_becomes_a_step() -> None:
    assert one(X | {"q": 0.25}).step == 0.25
    assert one(row("i", "uniform_int", lower=1, upper=9, default=5, q=2)).step == 2
    assert one(row("i", "uniform_int", lower=1, upper=9, default=5, q=None)).step is None


def test_a_step_that_does_not_fit_is_noted() -> None:
    found = read(document(X | {"q": 0.3, "default": 0.5}), "f.json")
    assert found.space.attributes["x"].default == 0.6
    assert [n.taken for n in found.notes] == ["a grid that ends at 0.9", "default 0.6"]
    small = read(document(row("i", "uniform_int", lower=1, upper=9, default=5, q=0.5)), "f.json")
    assert small.space.attributes["i"].step is None
    assert len(small.notes) == 1


def test_mu_and_sigma_of_an_old_log_normal_are_those_of_the_logarithms() -> None:
    given = row(
        "n", "normal_float", mu=-3.0, sigma=0.5, log=True, lower=1e-3, upper=1.0, default=math.exp(-3)
    )
    found = read(document(given), "f.json")
    number = found.space.attributes["n"]
    assert number.prior == Normal(math.exp(-3), 0.5)
    assert (number.lower, number.upper) == (1e-3, 1.0)
    quantile = number.distribution().ppf
    assert math.isclose(quantile(0.5), math.exp(-3), rel_tol=1e-6)
    assert math.isclose(quantile(0.8413447), math.exp(-2.5), rel_tol=1e-4)
    assert found.notes[0].taken.startswith("mean and deviation of logarithms")


def test_mu_of_a_new_log_normal_is_a_value() -> None:
    given = row("n", "normal_float", mu=0.1, sigma=0.5, log=True, lower=1e-3, upper=1.0, default_value=0.1)
    space = read(document(given, marks=NEW), "f.json").space
    assert space.attributes["n"].prior == Normal(0.1, abs(math.log(1e-3 + 0.5)))
    assert same_as_configspace(document(given, marks=NEW))


@pytest.mark.parametrize("nulls", [{}, {"lower": None, "upper": None}])
def test_a_normal_without_bounds_gets_some_and_a_note(nulls: dict[str, Any]) -> None:
    found = read(
        document(row("n", "normal_float", mu=1.0, sigma=2.0, log=False, default=1.0, **nulls)), "f.json"
    )
    number = found.space.attributes["n"]
    assert (number.lower, number.upper, number.prior) == (-9, 11, Normal(1, 2))
    assert number.default is None
    assert str(found.notes[0].found) == "n: a normal without bounds"


def test_bounds_of_ours_hold_the_default_and_what_is_compared_with() -> None:
    condition = {"child": "x", "parent": "n", "type": "GT", "value": 500.0}
    given = row("n", "normal_float", mu=0.0, sigma=1.0, log=False, default=40.0)
    space = read(document(given, X, conditions=[condition]), "f.json").space
    assert (space.attributes["n"].upper, space.attributes["n"].default) == (40, 40)
    assert space.conditions["x"] == Greater("n", 500.0)


def test_a_log_normal_whose_default_is_its_mu_has_none() -> None:
    found = read(document(row("n", "normal_float", mu=-3.0, sigma=0.5, log=True, default=-3.0)), "f.json")
    number = found.space.attributes["n"]
    assert number.default is None
    assert math.isclose(number.lower, math.exp(-5.5))
    assert math.isclose(number.upper, math.exp(-0.5))


def test_normal_integers_get_whole_bounds() -> None:
    assert repr(one(row("n", "normal_int", mu=5, sigma=2.5, log=False, default=5))).startswith(
        "Integer(-8, 18,"
    )
    logs = one(row("n", "normal_int", mu=1.0, sigma=1.0, log=True, default=3))
    assert (logs.lower, logs.upper) == (1, 404)


def test_beta() -> None:
    given = row("b", "beta_float", alpha=2, beta=3, lower=0, upper=1, log=False, default=0.25, q=None)
    assert one(given).prior == Beta(2, 3)
    assert "lower must be a number" in refused(document({k: v for k, v in given.items() if k != "lower"}))


def test_a_range_of_one_point_is_a_constant() -> None:
    found = read(document(X | {"upper": 0.0, "default": 0.0}, C), "f.json")
    assert found.space.attributes["x"] == 0.0
    assert found.notes[0].taken == "a constant"


def test_bounds_stay_exact() -> None:
    tiny = one(X | {"lower": 1e-14, "log": True})
    assert tiny.lower == 1e-14
    assert one(X | {"lower": 1.23456789012345e-08, "log": True}).lower == 1.23456789012345e-08


def test_a_default_that_is_a_rounding_beyond_a_bound_is_at_it() -> None:
    given = X | {"upper": 0.3, "default": 0.30000000000000004}
    assert one(given).default == 0.3
    assert one(given | {"lower": 0.1, "log": True, "default": 0.09999999999999999}).default == 0.1


def test_bounds_that_configspace_hardly_rounds_leave_no_mark() -> None:
    fine = X | {"lower": 0.015686262180199407, "upper": 0.07322619478695937, "default": 0.05}
    space = read(document(fine), "f.json").space
    assert space.attributes["x"].lower == 0.015686262180199407
    translation = neps.to_configspace(space)
    assert not translation.beside
    assert translation.configspace["x"].meta is None
    coarse = read(document(fine | {"lower": 1.23456789012345e-08, "log": True}), "f.json").space
    assert [r.address for r in neps.to_configspace(coarse).beside] == ["x"]
    assert not same_as_configspace(document(fine | {"lower": 1.23456789012345e-08, "log": True}))


def test_whole_numbers_are_rounded_where_configspace_rounds_them() -> None:
    """1.x rounds the bounds of an integer, 0.4 wrote the mean of a normal integer as its default."""
    bounds = row("i", "uniform_int", lower=1.5, upper=8.5, default_value=3, log=False)
    found = read(document(bounds, marks=NEW), "f.json")
    assert repr(found.space.attributes["i"]) == "Integer(2, 8, default=3)"
    assert [n.found for n in found.notes] == ["i: lower=1.5 of an integer", "i: upper=8.5 of an integer"]
    assert same_as_configspace(document(bounds, marks=NEW))
    mean = read(document(row("n", "normal_int", mu=-8.46, sigma=1.0, log=False, default=-8.46)), "f.json")
    assert mean.space.attributes["n"].prior == Normal(-8.46, 1.0)
    assert mean.notes[0].taken == "-8"
    assert one(row("i", "uniform_int", lower=1.000000001, upper=9, default=3)).lower == 1
    message = "default must be a whole number, got default=3.5 of 'i' @ f.json: hyperparameters[0].default"
    assert refused(document(row("i", "uniform_int", lower=1, upper=9, default=3.5))) == message


def test_a_normal_with_one_bound_gets_the_other() -> None:
    given = row("n", "normal_float", mu=1.0, sigma=2.0, log=False, default=1.0, lower=0.0)
    found = read(document(given), "f.json")
    number = found.space.attributes["n"]
    assert (number.lower, number.upper) == (0, 11)
    assert found.notes[0].found == "n: a normal without upper"


@pytest.mark.parametrize("q", [0, -1, 1.5])
def test_a_step_that_is_none_is_left_out_and_noted(q: float) -> None:
    found = read(document(X | {"q": q}), "f.json")
    assert found.space.attributes["x"].step is None
    assert found.notes[0].taken == "no step, as ConfigSpace 1.x reads it: it does not fit into the range"


def test_a_step_as_wide_as_the_range_but_for_rounding_is_one() -> None:
    given = X | {"lower": 0.30000000000000004, "upper": 0.4, "default": 0.4, "q": 0.1}
    assert one(given).step == 0.1
