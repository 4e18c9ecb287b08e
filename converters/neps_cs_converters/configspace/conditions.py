"""Conditions ⇄ ConfigSpace's conditions and conjunctions. Inverses side by side."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import ConfigSpace as CS
from ConfigSpace.conditions import Condition as CSCondition
from ConfigSpace.conditions import Conjunction
from ConfigSpace.hyperparameters import Hyperparameter
from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConversionError, Problem
from neps_cs.values import Plain

Encode: TypeAlias = Callable[[str, Plain], Any]
Decode: TypeAlias = Callable[[str, Any], Plain]


def to_condition(
    condition: Condition,
    child: Hyperparameter[Any, Any],
    parents: Mapping[str, Hyperparameter[Any, Any]],
    encode: Encode,
) -> CSCondition | Conjunction:
    """ConfigSpace's form of a condition; `encode(parent, value)` gives the value as it holds it."""
    return _apart(_bare(condition, child, parents, encode))


def _bare(
    condition: Condition,
    child: Hyperparameter[Any, Any],
    parents: Mapping[str, Hyperparameter[Any, Any]],
    encode: Encode,
) -> CSCondition | Conjunction:
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
            return CS.AndConjunction(*(_bare(p, child, parents, encode) for p in parts))
        case Or(parts=parts):
            return CS.OrConjunction(*(_bare(p, child, parents, encode) for p in parts))
        case _:
            assert_never(condition)


@dataclass(frozen=True)
class _Alike:
    """What ConfigSpace asks of a condition to merge it with that of another child, as it should answer.
    Its own method takes And for Or, and a part written twice for two parts; and it compares the parents
    choice by choice, which takes longer than all else where there are many."""

    meaning: Any

    def __call__(self, other: CSCondition | Conjunction) -> bool:
        """Whether the other holds for the same vectors as this one, child aside."""
        known = other.__dict__.get(_MERGED_BY)
        return bool(self.meaning == (known.meaning if isinstance(known, _Alike) else _meaning(other)))


_MERGED_BY = "equivalent_condition_on_parent"


def _apart(condition: CSCondition | Conjunction) -> CSCondition | Conjunction:
    """ConfigSpace's own condition, merged with those only that mean the same; so are its pickles and deep
    copies. What is made anew from its parts (by JSON, say) is not: see `SafeConditions.apart`."""
    condition.__dict__[_MERGED_BY] = _Alike(_meaning(condition))
    return condition


def _meaning(condition: CSCondition | Conjunction) -> Any:
    """Equal for conditions that ask the same of the same places in a vector."""
    match condition:
        case Conjunction(components=parts):
            return type(condition), frozenset(map(_meaning, parts))
        case CS.InCondition(parent=parent, vector_values=places):
            return type(condition), parent.name, frozenset(map(float, places))
        case _:
            return type(condition), condition.parent.name, float(condition.vector_value)  # type: ignore[attr-defined]


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
            return In(parent.name, tuple(decode(parent.name, v) for v in values))
        case CS.AndConjunction(components=components):
            return And(tuple(from_condition(c, decode, conditional) for c in components))
        case CS.OrConjunction(components=components):
            return Or(tuple(from_condition(c, decode, conditional) for c in components))
        case _:
            rule = "a condition must be of a class of ConfigSpace 1.2"
            raise ConversionError(Problem(rule, type(condition).__name__))
