"""Hyperparameter classes of other libraries: taught by a pair of functions."""

from __future__ import annotations

from typing import Any

import ConfigSpace as CS
import pytest
from test_laws import exact
from test_messages import text_of

import neps_cs as neps
from neps_cs_converters.configspace import register_hyperparameter


class Percent(CS.UniformIntegerHyperparameter):
    """A share of 100."""

    def __init__(self, name: str, *, most: int = 100) -> None:
        super().__init__(name, 0, most)


class Colour(CS.CategoricalHyperparameter):
    """One of three."""

    def __init__(self, name: str) -> None:
        super().__init__(name, ["red", "green", "blue"])


class Unknown(CS.UniformFloatHyperparameter):
    """Nobody knows it."""


register_hyperparameter(
    Percent, lambda hp: neps.Integer(0, hp.upper), lambda name, number: Percent(name, most=number.upper)
)
register_hyperparameter(Colour, lambda hp: neps.Categorical(hp.choices), lambda name, choice: Colour(name))


def test_a_registered_class_comes_back() -> None:
    cs = CS.ConfigurationSpace()
    share, colour = Percent("share", most=50), Colour("colour")
    cs.add([share, colour, CS.EqualsCondition(share, colour, "red")])
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space)
    assert made == cs
    assert [type(hp) for hp in made.values()] == [Colour, Percent]
    for seed in range(20):
        config, _ = space.sample(seed)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)


def test_an_unknown_class_is_refused_both_ways() -> None:
    cs = CS.ConfigurationSpace()
    cs.add(Unknown("x", 0, 1))
    rule = "a hyperparameter must be of ConfigSpace's own classes, or one of register_hyperparameter"
    assert text_of(neps.ConversionError, lambda: neps.from_configspace(cs)) == (
        f"{rule}, got test_registered:Unknown @ x"
    )


WRONG: list[tuple[Any, Any, str]] = [
    (int, lambda hp: 1, "kind must be a class of hyperparameters, got <class 'int'>"),
    (CS.Constant, lambda hp: 1, "ConfigSpace's own classes have their readers, got Constant"),
]


@pytest.mark.parametrize(("kind", "read", "text"), WRONG)
def test_wrong_registrations(kind: Any, read: Any, text: str) -> None:
    assert text_of(neps.ConversionError, lambda: register_hyperparameter(kind, read, read)) == text


def test_a_reader_that_gives_no_parameter() -> None:
    class Wrong(CS.UniformFloatHyperparameter):
        pass

    register_hyperparameter(Wrong, lambda hp: "x", lambda name, value: Wrong(name, 0, 1))
    cs = CS.ConfigurationSpace()
    cs.add(Wrong("x", 0, 1))
    expected = "read must give a Float, Integer, Categorical or Ordinal, got 'x' @ x"
    assert text_of(neps.ConversionError, lambda: neps.from_configspace(cs)) == expected


def test_a_subclass_of_a_configuration_space_is_refused() -> None:
    class Mine(CS.ConfigurationSpace):
        pass

    text = text_of(neps.ConversionError, lambda: neps.from_configspace(Mine({"x": (0.0, 1.0)})))
    assert text == (
        "from_configspace takes a ConfigurationSpace itself, as a subclass may mean more; "
        "add its hyperparameters, conditions and forbidden clauses to a ConfigurationSpace, got a Mine"
    )
