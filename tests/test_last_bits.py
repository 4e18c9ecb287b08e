"""Real numbers whose place in a vector says another value in the last bits: on the bounds of conditions and
clauses, defaults, and what a configuration was made of."""

from __future__ import annotations

from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neps_cs as neps

NAMES = ("a", "x")


def spaces(bound: float, default: float) -> Any:
    """A ConfigurationSpace whose x is there below a bound of a."""
    cs = CS.ConfigurationSpace()
    a = CS.UniformFloatHyperparameter("a", 1, 100_000, log=True, default_value=default)
    x = CS.UniformFloatHyperparameter("x", 0, 1)
    cs.add(a, x, CS.LessThanCondition(x, a, bound))
    return neps.to_configspace(neps.from_configspace(cs))


@given(st.floats(1.001, 99_999.0).map(lambda x: round(x, 10)))
def test_a_number_on_the_bound_of_a_condition(bound: float) -> None:
    """From the default, from values, from the vector alone: it lies where ConfigSpace has it."""
    try:
        cs, sidecar = spaces(bound, bound)
    except ValueError:
        assume(False)  # ConfigSpace's rounding contradicts itself
    default = cs.get_default_configuration()
    assume(list(default) == ["a"])  # it takes some numbers for less than themselves
    by_values = CS.Configuration(cs, values={"a": default["a"]})
    by_vector = CS.Configuration(cs, vector=default.get_array())
    found = sidecar.from_configurations([default, by_values, by_vector])
    found += sidecar.from_array([default.get_array()])
    assert [list(c) for c in found] == [["a"]] * 4
    assert [c["a"] for c in found] == pytest.approx([default["a"]] * 4, rel=1e-15)


def test_a_number_on_the_bound_of_a_condition_plain() -> None:
    cs, sidecar = spaces(1000.0, 1000.0)
    vector = cs.get_default_configuration().get_array()
    at = cs.index_of["a"]
    assert cs["a"].to_value(vector[at]) < 1000.0  # the trap
    assert sidecar.from_array([vector]) == [{"a": 1000.0}]


def test_a_number_on_the_bound_of_a_clause() -> None:
    cs = CS.ConfigurationSpace()
    a = CS.UniformFloatHyperparameter("a", 1, 100_000, log=True, default_value=2000.0)
    cs.add(a, CS.ForbiddenLessThanClause(a, 1000.0))
    made, sidecar = neps.to_configspace(neps.from_configspace(cs))
    configuration = CS.Configuration(made, vector=sidecar.to_array([{"a": 1000.0}])[0])
    assert sidecar.from_configuration(configuration) == {"a": 1000.0}


@given(st.lists(st.floats(1.0, 100_000.0).map(lambda x: round(x, 10)), min_size=1, max_size=5))
def test_what_a_configuration_was_made_of_comes_back(values: list[float]) -> None:
    cs, sidecar = spaces(1.0, 7.0)
    made = [CS.Configuration(cs, values={"a": v}) for v in values]
    assert sidecar.from_configurations(made) == [dict(c) for c in made]
    typed = [CS.Configuration(cs, values={"a": np.float64(v)}) for v in values]
    found = sidecar.from_configurations(typed)
    assert [(type(c["a"]), c["a"]) for c in found] == [(float, dict(c)["a"]) for c in made]


def test_what_was_changed_since_counts() -> None:
    """The vector is what a configuration is; values beside it that say something else are not."""
    cs, sidecar = spaces(1.0, 7.0)
    configuration = CS.Configuration(cs, values={"a": 3000.1})
    configuration._vector = sidecar.to_array([{"a": 10.0}])[0]
    assert sidecar.from_configuration(configuration)["a"] == pytest.approx(10.0)
    configuration = CS.Configuration(cs, values={"a": 3000.1})
    configuration["a"] = 20.0
    assert sidecar.from_configuration(configuration) == {"a": 20.0}
