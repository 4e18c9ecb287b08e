"""Hyperparameter classes of other libraries: taught by a pair of functions."""

from __future__ import annotations

from typing import Any

import ConfigSpace as CS
import pytest
from test_laws import exact
from test_messages import text_of

import neps_cs as neps
from neps_cs_converters.configspace import known, register_hyperparameter


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


def test_a_changed_one_is_read_anew() -> None:
    """ConfigSpace can't write the class, but what it says is known."""
    cs = CS.ConfigurationSpace()
    cs.add(Percent("share", most=50))
    made, sidecar = neps.to_configspace(neps.from_configspace(cs))
    assert known.recall(made) is not None
    made.add(CS.ForbiddenEqualsClause(made["share"], 3))
    assert known.recall(made) is None
    text = text_of(neps.ConversionError, lambda: neps.from_configspace(made, sidecar))
    assert text.endswith("got differing conditions or forbidden clauses")


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
    path = f"{__name__}:test_a_reader_that_gives_no_parameter.<locals>.Wrong"
    expected = f"read of {path} must give a Float, Integer, Categorical or Ordinal, got 'x' @ x"
    assert text_of(neps.ConversionError, lambda: neps.from_configspace(cs)) == expected


class Share(CS.UniformIntegerHyperparameter):
    """A share of some."""


class Word(CS.CategoricalHyperparameter):
    """One of some."""


def test_functions_that_are_none() -> None:
    """They are refused where they are given, together."""
    text = text_of(neps.ConversionError, lambda: register_hyperparameter(Share, 3, None))  # type: ignore[arg-type]
    path = "test_registered:Share"
    assert text == f"read must be a function, got 3 @ {path}\nwrite must be a function, got None @ {path}"


SAME = (
    "write of test_registered:Share must give a hyperparameter of this class and of the name that it is given"
)
BOUNDS = "write of test_registered:Share must give a hyperparameter with the bounds of its parameter"
CHOICES = "write of test_registered:Word must give a hyperparameter with the choices of its parameter"
WRITES: dict[str, tuple[Any, str]] = {
    "nothing": (lambda name, number: None, f"{SAME}, got a NoneType @ share"),
    "another name": (lambda name, number: Share("x", 0, 9), f"{SAME}, got a Share named 'x' @ share"),
    "another class": (
        lambda name, number: CS.UniformIntegerHyperparameter(name, 0, 9),
        f"{SAME}, got a UniformIntegerHyperparameter named 'share' @ share",
    ),
    "other bounds": (
        lambda name, number: Share(name, 0, 8),
        f"{BOUNDS}, got share, Type: Share, Range: [0, 8], Default: 4, for bounds 0, 9 @ share",
    ),
    "raises": (
        lambda name, number: number.most,
        "write of test_registered:Share must not raise, "
        "got AttributeError: 'Integer' object has no attribute 'most' @ share",
    ),
    "other choices": (
        lambda name, choice: Word(name, ["b", "a"]),
        f"{CHOICES}, got word, Type: Word, Choices: {{b, a}}, Default: b, for choices 'a', 'b' @ word",
    ),
    "fewer choices": (
        lambda name, choice: Word(name, ["a"]),
        f"{CHOICES}, got word, Type: Word, Choices: {{a}}, Default: a, for choices 'a', 'b' @ word",
    ),
    "more choices": (
        lambda name, choice: Word(name, ["a", "b", "c"]),
        f"{CHOICES}, got word, Type: Word, Choices: {{a, b, c}}, Default: a, for choices 'a', 'b' @ word",
    ),
}


@pytest.mark.parametrize("case", WRITES)
def test_writers_that_give_something_else(case: str) -> None:
    """Class, hyperparameter and rule are named; what was raised is the cause."""
    write, expected = WRITES[case]
    chooses = "choices" in case
    kind: Any = Word if chooses else Share
    register_hyperparameter(
        kind, lambda hp: neps.Categorical(hp.choices) if chooses else neps.Integer(hp.lower, hp.upper), write
    )
    cs = CS.ConfigurationSpace()
    cs.add(Word("word", ["a", "b"]) if chooses else Share("share", 0, 9))
    space = neps.from_configspace(cs)
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(space)
    assert str(caught.value) == expected
    assert isinstance(caught.value.__cause__, AttributeError) == (case == "raises")


def test_a_choice_of_objects_comes_back() -> None:
    """The class holds them; a config calls them by labels."""
    register_hyperparameter(
        Word,
        lambda hp: neps.Categorical(tuple(map(neps.Lazy, hp.choices))),
        lambda name, choice: Word(name, [c.content for c in choice.choices]),
    )
    cs = CS.ConfigurationSpace(seed=0)
    cs.add(Word("word", [(1, 2), (3,)]))
    made, sidecar = neps.to_configspace(neps.from_configspace(cs))
    assert made == cs
    configs = [sidecar.from_configuration(c) for c in made.sample_configuration(9)]
    assert {c["word"] for c in configs} == {"(1, 2)", "(3)"}


def test_a_reader_that_raises() -> None:
    register_hyperparameter(Share, lambda hp: {}["most"], lambda name, number: Share(name, 0, 9))
    cs = CS.ConfigurationSpace()
    cs.add(Share("share", 0, 9), Unknown("x", 0, 1))
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(cs)
    assert isinstance(caught.value.__cause__, KeyError)
    first, second = str(caught.value).split("\n")
    assert first == "read of test_registered:Share must not raise, got KeyError: 'most' @ share"
    assert "test_registered:Unknown @ x" in second


def test_a_subclass_of_a_configuration_space_is_refused() -> None:
    class Mine(CS.ConfigurationSpace):
        pass

    text = text_of(neps.ConversionError, lambda: neps.from_configspace(Mine({"x": (0.0, 1.0)})))
    assert text == (
        "from_configspace takes a ConfigurationSpace itself, as a subclass may mean more; "
        "add its hyperparameters, conditions and forbidden clauses to a ConfigurationSpace, got a Mine"
    )
