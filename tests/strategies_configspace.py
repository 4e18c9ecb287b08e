"""Generated ConfigurationSpaces: every hyperparameter class, names of any characters, nested conditions."""

from __future__ import annotations

import math
from typing import Any

import ConfigSpace as CS
from ConfigSpace.hyperparameters import Hyperparameter, IntegerHyperparameter
from hypothesis import assume, reject
from hypothesis import strategies as st

Draw = Any

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from((0.5, 2.5, -1e-3)),
    st.sampled_from(("a", "b", "", "None", "True", "a b", "é:#", "1")),
    st.sampled_from(((1, 2), (1, "a"), ("x",), ((1,), 2))),
)  # fmt: skip
META = st.sampled_from((None, None, {}, {"unit": "s"}, {"tags": ["a", 1], 3: None, "t": (1, 2)}))


def _bounds(draw: Draw, *, integer: bool, log: bool) -> tuple[float, float]:
    least = 1 if log else -20
    if integer:
        lower = draw(st.integers(least, 20))
        return lower, lower + draw(st.integers(1, 200))
    lower = draw(st.sampled_from((1e-9, 1e-3, 0.25, 1.0, 7.5))) if log else draw(st.integers(-40, 40)) / 8
    return lower, lower + draw(st.sampled_from((0.1, 1.0, 3.0, 1000.0)))


def _inside(draw: Draw, lower: float, upper: float, *, integer: bool) -> Any:
    if integer:
        return draw(st.integers(int(lower), int(upper)))
    return lower + draw(st.sampled_from((0.0, 0.25, 0.5, 1.0))) * (upper - lower)


def _number(draw: Draw, name: str) -> Hyperparameter[Any, Any]:
    integer, log = draw(st.booleans()), draw(st.booleans())
    lower, upper = _bounds(draw, integer=integer, log=log)
    default = _inside(draw, lower, upper, integer=integer) if draw(st.booleans()) else None
    common: dict[str, Any] = {"default_value": default, "log": log, "meta": draw(META)}
    kind = draw(st.sampled_from(("uniform", "uniform", "normal", "beta")))
    if kind == "uniform":
        made = CS.UniformIntegerHyperparameter if integer else CS.UniformFloatHyperparameter
        return made(name, lower, upper, **common)
    if kind == "beta":
        beta = CS.BetaIntegerHyperparameter if integer else CS.BetaFloatHyperparameter
        shapes = st.sampled_from((1.0, 1.5, 2.0, 7.25))
        return beta(name, draw(shapes), draw(shapes), lower, upper, **common)
    normal = CS.NormalIntegerHyperparameter if integer else CS.NormalFloatHyperparameter
    mu = _inside(draw, lower, upper, integer=False)
    sigma = draw(st.sampled_from((0.1, 0.3333333333333, 1.0, 10.0)))
    if log and math.isclose(lower + sigma, 1, abs_tol=1e-6):  # its deviation would be 0
        sigma += 0.5
    return normal(name, mu, sigma, lower, upper, **common)


@st.composite
def numbers(draw: Draw) -> Hyperparameter[Any, Any]:
    """Any numerical hyperparameter."""
    return _number(draw, "x")


def _choices(draw: Draw) -> list[Any]:
    # equal values (1, 1.0 and True) are refused by ConfigSpace itself
    return draw(st.lists(VALUES, min_size=1, max_size=5, unique=True))  # type: ignore[no-any-return]


def _categorical(draw: Draw, name: str) -> Hyperparameter[Any, Any]:
    choices = _choices(draw)
    more: dict[str, Any] = {"meta": draw(META)}
    if draw(st.booleans()):
        more["default_value"] = draw(st.sampled_from(choices))
    if draw(st.booleans()):
        size = len(choices)
        more["weights"] = draw(st.lists(st.sampled_from((1, 2, 0.5, 3.75)), min_size=size, max_size=size))
    return CS.CategoricalHyperparameter(name, choices, **more)


def _ordinal(draw: Draw, name: str) -> Hyperparameter[Any, Any]:
    values = _choices(draw)
    more: dict[str, Any] = {"default_value": draw(st.sampled_from(values))} if draw(st.booleans()) else {}
    made = CS.OrdinalHyperparameter(name, values, meta=draw(META), **more)
    # tuples among other values: ConfigSpace finds such an Ordinal unequal to its own copy
    assume(CS.OrdinalHyperparameter(name, values) == CS.OrdinalHyperparameter(name, values))
    return made


def _constant(draw: Draw, name: str) -> Hyperparameter[Any, Any]:
    return CS.Constant(name, draw(VALUES), meta=draw(META))


def _hyperparameter(draw: Draw, name: str) -> Hyperparameter[Any, Any]:
    make = draw(st.sampled_from((_number, _number, _categorical, _ordinal, _constant)))
    return make(draw, name)


def literal(draw: Draw, child: Hyperparameter[Any, Any], parent: Hyperparameter[Any, Any]) -> Any:
    """A condition on one parent, of any kind that the parent takes."""
    match parent:
        case CS.CategoricalHyperparameter(choices=values) | CS.OrdinalHyperparameter(sequence=values):
            value = draw(st.sampled_from(values))
            kinds = [CS.EqualsCondition, CS.NotEqualsCondition, CS.InCondition]
            if isinstance(parent, CS.OrdinalHyperparameter):
                kinds += [CS.LessThanCondition, CS.GreaterThanCondition]
        case CS.Constant(value=value):
            kinds = [CS.EqualsCondition]
        case _:
            integer = isinstance(parent, IntegerHyperparameter)
            value = _inside(draw, parent.lower, parent.upper, integer=integer)  # type: ignore[attr-defined]
            kinds = [CS.EqualsCondition, CS.NotEqualsCondition, CS.InCondition, CS.LessThanCondition,
                     CS.GreaterThanCondition]  # fmt: skip
    kind = draw(st.sampled_from(kinds))
    return kind(child, parent, [value]) if kind is CS.InCondition else kind(child, parent, value)


def condition(draw: Draw, child: Hyperparameter[Any, Any], parents: list[Any], depth: int = 2) -> Any:
    """A condition, And and Or nested to `depth`."""
    if depth and len(parents) > 1 and draw(st.booleans()):
        kind = draw(st.sampled_from((CS.AndConjunction, CS.OrConjunction)))
        parts = [condition(draw, child, parents, depth - 1) for _ in range(2)]
        return kind(*parts)
    return literal(draw, child, draw(st.sampled_from(parents)))


NAMES = ("", "lr", "x:y", "x", "a b", "é", "_hidden", "class", "add", "1", "lr:lr", "#", "α/β")


@st.composite
def configspaces(draw: Draw, *, nested: bool = True) -> CS.ConfigurationSpace:
    """Any ConfigurationSpace without forbidden clauses."""
    cs = CS.ConfigurationSpace(
        name=draw(st.sampled_from((None, "", "Space", "cs", "a space"))), meta=draw(META)
    )
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    made: list[Any] = []
    conditions = []
    for name in names:
        hyperparameter = _hyperparameter(draw, name)
        # parents that are tuples are compared item by item by ConfigSpace
        parents = [p for p in made if not _has_tuples(p)]
        if parents and draw(st.booleans()):
            conditions.append(condition(draw, hyperparameter, parents))
        made.append(hyperparameter)
    try:
        cs.add([*made, *conditions])
    except ValueError:  # its own default configuration breaks its own conditions, seldom
        reject()
    if nested and draw(st.integers(0, 4)) == 0:
        inner = draw(configspaces(nested=False))
        cs.add_configuration_space("inner", inner)
    return cs


def _has_tuples(parent: Hyperparameter[Any, Any]) -> bool:
    match parent:
        case CS.CategoricalHyperparameter(choices=values) | CS.OrdinalHyperparameter(sequence=values):
            return any(isinstance(v, tuple) for v in values)
        case CS.Constant(value=value):
            return isinstance(value, tuple) or value is None
        case _:
            return False
