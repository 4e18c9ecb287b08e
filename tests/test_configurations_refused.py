"""Configurations and configs that a side-car refuses: of other spaces, impossible, incomplete."""

from __future__ import annotations

import math
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest

import neps_cs as neps


def flat(**attributes: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(attributes)


ILLEGAL: dict[str, tuple[Any, str]] = {
    "no position": ([0.5, 0.2, np.nan], "the vector of a choice must be one of its positions, got 0.5 @ a"),
    "a position too far": ([2, 0.2, 0.1], "the vector of a choice must be one of its positions, got 2.0 @ a"),
    "an infinite position": (
        [math.inf, 0.2, 0.1], "the vector of a choice must be one of its positions, got inf @ a",
    ),
    "above the range": ([1, 1.2, 0.1], "the vector of a number must lie in [0, 1], got 1.2 @ i"),
    "below the range": ([1, -0.1, 0.1], "the vector of a number must lie in [0, 1], got -0.1 @ i"),
    "nothing where something is active": ([1, 0.2, np.nan], "got none @ b"),
    "nothing of what is always active": ([np.nan, 0.2, np.nan], "got none @ a"),
    "something where nothing is": ([0, 0.2, 0.3], "got a value @ b"),
}  # fmt: skip
"""By the vectors of a choice, an integer and a number under the second choice."""


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_and_incomplete_configurations_are_refused(name: str) -> None:
    space = flat(a=neps.Categorical(("x", "y")), i=neps.Integer(1, 10), b=neps.Float(0, 1))
    cs, sidecar = neps.to_configspace(space.add_condition("b", neps.Equals("a", "y")))
    assert list(cs) == ["a", "i", "b"]
    vector, message = ILLEGAL[name]
    rule = "a configuration must have a value where a hyperparameter is active, and only there, "
    with pytest.raises(neps.ConfigError) as error:
        sidecar.from_configuration(CS.Configuration(cs, vector=np.array(vector, dtype=float)))
    assert str(error.value) == (message if message.startswith("the") else rule + message)
    with pytest.raises(neps.ConfigError):
        sidecar.from_array([vector])
    legal = sidecar.to_array([{"a": "x", "i": 3}])[0]
    with pytest.raises(neps.ConfigError) as error:
        sidecar.from_array([legal, legal, vector])
    assert str(error.value) == (message if message.startswith("the") else rule + message).replace(
        " @ b", " in configuration 2 @ b"
    ).replace("none @ a", "none in configuration 2 @ a")


def test_configurations_of_another_space_are_refused() -> None:
    """Those of hyperparameters that mean something else by the same vectors, all at once."""
    own = flat(a=neps.Categorical(("x", "y")), i=neps.Integer(1, 10), k=neps.Categorical((1, 2)), c=5)
    other = CS.ConfigurationSpace({"a": ["y", "x"], "i": (1, 1000), "k": [True, 2], "c": 6})
    _, sidecar = neps.to_configspace(own)
    with pytest.raises(neps.ConfigError) as error:
        sidecar.from_configurations([other.sample_configuration()])
    rule = "a configuration must have the hyperparameters of this space"
    assert str(error.value).splitlines() == [
        f"{rule}, one of ('x', 'y'), got one of ('y', 'x') @ a",
        f"{rule}, the constant 5, got the constant 6 @ c",
        f"{rule}, an integer from 1 to 10, got an integer from 1 to 1000 @ i",
        f"{rule}, one of (1, 2), got one of (True, 2) @ k",
    ]
    more = CS.ConfigurationSpace({"a": ["x", "y"], "z": (0.0, 1.0)})
    with pytest.raises(neps.ConfigError) as error:
        sidecar.from_configuration(more.sample_configuration())
    assert str(error.value).splitlines() == [
        f"{rule}, got one that is not there @ z",
        *(f"{rule}, got none @ {name}" for name in "cik"),
    ]
    equal, _ = neps.to_configspace(own)
    assert sidecar.from_configuration(equal.get_default_configuration()) == {"a": "x", "i": 6, "k": 1}


def test_a_configuration_space_that_was_changed_since_is_refused() -> None:
    cs, sidecar = neps.to_configspace(flat(a=neps.Float(0, 1)))
    cs.add(CS.Constant("late", 1))
    rule = "a ConfigurationSpace must stay as it was translated (make another one for more)"
    for use in (
        lambda: sidecar.to_configuration({"a": 0.5}),
        lambda: sidecar.from_configuration(cs.sample_configuration()),
        lambda: sidecar.from_array([[0.5, 1.0]]),
    ):
        with pytest.raises(neps.ConfigError) as error:
            use()
        assert str(error.value) == f"{rule}, got more hyperparameters: late @ Space"


def test_several_are_asked_for() -> None:
    cs, sidecar = neps.to_configspace(flat(a=neps.Float(0, 1)))
    with pytest.raises(neps.ConfigError, match="from_configurations takes several: a list, or any other"):
        sidecar.from_configurations(cs.sample_configuration())
    with pytest.raises(
        neps.ConfigError, match=r"to_configurations takes several: .* got None of type NoneType"
    ):
        sidecar.to_configurations(None)  # type: ignore[arg-type]
    with pytest.raises(neps.ConfigError, match="an array must hold numbers, got could not convert"):
        sidecar.from_array([["a"]])
    assert sidecar.from_configurations([]) == sidecar.to_configurations(()) == []
    assert sidecar.from_configurations(iter(cs.sample_configuration(2)))


def test_which_of_many_configs_is_wrong_is_said() -> None:
    _, sidecar = neps.to_configspace(flat(x=neps.Float(0, 1)))
    rule = "the value must be a number from 0.0 to 1.0"
    with pytest.raises(neps.ConfigError) as error:
        sidecar.to_configurations([{"x": 0.5}, {"x": 7}, {"x": 0.25}, {"x": -1.0}])
    assert str(error.value).splitlines() == [
        f"{rule}, got 7 in config 1 @ x", f"{rule}, got -1.0 in config 3 @ x",
    ]  # fmt: skip
    with pytest.raises(neps.ConfigError) as error:
        sidecar.to_configuration({"x": 7})
    assert str(error.value) == f"{rule}, got 7 @ x"
