"""Conditions ⇄ ConfigSpace's conditions and conjunctions. Inverses side by side."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, TypeAlias

import ConfigSpace as CS
from ConfigSpace.conditions import Condition as CSCondition
from ConfigSpace.conditions import Conjunction
from ConfigSpace.hyperparameters import Hyperparameter
from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConversionError, Problem
from neps_cs.values import Plain, plain_key

Encode: TypeAlias = Callable[[str, Plain], Any]
Decode: TypeAlias = Callable[[str, Any], Plain]


def to_condition(
    condition: Condition,
    child: Hyperparameter[Any, Any],
    parents: Mapping[str, Hyperparameter[Any, Any]],
    encode: Encode,
) -> CSCondition | Conjunction:
    """ConfigSpace's form of a condition; `encode(parent, value)` gives the value as it holds it."""
    match condition:
        case Equals(parent=parent, value=value):
            return CS.EqualsCondition(child, parents[parent], encode(parent, value))
        case NotEquals(parent=parent, value=value):
            return CS.NotEqualsCondition(child, parents[parent], encode(parent, value))
        case Less(parent=parent, value=value):
            return CS.LessThanCondition(child, parents[parent], encode(parent, value))
        case Greater(parent=parent, value=value):
            return CS.GreaterThanCondition(child, parents[parent], encode(parent, value))
        case In(parent=parent, values=values):
            return CS.InCondition(child, parents[parent], [encode(parent, v) for v in values])
        case And(parts=parts):
            return CS.AndConjunction(*(to_condition(p, child, parents, encode) for p in parts))
        case Or(parts=parts):
            return CS.OrConjunction(*(to_condition(p, child, parents, encode) for p in parts))
        case _:
            assert_never(condition)


def from_condition(
    condition: CSCondition | Conjunction, decode: Decode, conditional: Container[str] = ()
) -> Condition:
    """Our form of a condition; `decode(parent, value)` gives a value as a config holds it.

    `conditional` are the names of the hyperparameters that may be inactive: ConfigSpace takes NotEquals
    for satisfied then.

    Raises ConversionError for a class that ConfigSpace 1.2 does not have.
    """
    match condition:
        case CS.EqualsCondition(parent=parent, value=value):
            return Equals(parent.name, decode(parent.name, value))
        case CS.NotEqualsCondition(parent=parent, value=value):
            return NotEquals(parent.name, decode(parent.name, value), parent.name in conditional)
        case CS.LessThanCondition(parent=parent, value=value):
            return Less(parent.name, decode(parent.name, value))
        case CS.GreaterThanCondition(parent=parent, value=value):
            return Greater(parent.name, decode(parent.name, value))
        case CS.InCondition(parent=parent, values=values):
            found = {plain_key(v): v for v in (decode(parent.name, v) for v in values)}  # it may repeat some
            return In(parent.name, tuple(found.values()))
        case CS.AndConjunction(components=components):
            return And(tuple(from_condition(c, decode, conditional) for c in components))
        case CS.OrConjunction(components=components):
            return Or(tuple(from_condition(c, decode, conditional) for c in components))
        case _:
            rule = "a condition must be of a class of ConfigSpace 1.2"
            raise ConversionError(Problem(rule, type(condition).__name__))
