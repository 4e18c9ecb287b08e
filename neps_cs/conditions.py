"""Conditions: when a parameter is active. Written by attribute name and plain value.

A condition on a parent that is itself inactive does not hold, but for NotEquals with `or_inactive`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from neps_cs.errors import refuse
from neps_cs.values import Plain, is_plain


def _check_literal(parent: object, values: tuple[object, ...], kind: str) -> None:
    if not isinstance(parent, str) or not parent:
        raise refuse("the parent must be named by its address", repr(parent), kind)
    if not values:
        raise refuse("values must not be empty", "()", kind)
    for value in values:
        if not is_plain(value):
            raise refuse("a condition compares with plain values or labels", repr(value), kind)


@dataclass(frozen=True)
class Equals:
    """Active where the parent has this value."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        _check_literal(self.parent, (self.value,), "Equals")


@dataclass(frozen=True)
class NotEquals:
    """Active where the parent is active and has another value; with `or_inactive` also where the parent
    is inactive, which is how ConfigSpace reads it."""

    parent: str
    value: Plain
    or_inactive: bool = False

    def __post_init__(self) -> None:
        _check_literal(self.parent, (self.value,), "NotEquals")
        if not isinstance(self.or_inactive, bool):
            raise refuse("or_inactive must be True or False", repr(self.or_inactive), "NotEquals")


@dataclass(frozen=True)
class In:
    """Active where the parent has one of these values."""

    parent: str
    values: tuple[Plain, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        _check_literal(self.parent, self.values, "In")


@dataclass(frozen=True)
class Less:
    """Active where the parent is less than the value (an ordinal: by its order), exclusive."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        _check_literal(self.parent, (self.value,), "Less")


@dataclass(frozen=True)
class Greater:
    """Active where the parent is greater than the value (an ordinal: by its order), exclusive."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        _check_literal(self.parent, (self.value,), "Greater")


@dataclass(frozen=True)
class And:
    """Active where all parts hold."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise refuse("And needs at least one part", "()", "And")


@dataclass(frozen=True)
class Or:
    """Active where one part holds at least."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise refuse("Or needs at least one part", "()", "Or")


Literal: TypeAlias = Equals | NotEquals | In | Less | Greater
Condition: TypeAlias = Literal | And | Or


def parents(condition: Condition) -> tuple[str, ...]:
    """The addresses that a condition reads, in order, each once."""
    if isinstance(condition, (And, Or)):
        return tuple(dict.fromkeys(p for part in condition.parts for p in parents(part)))
    return (condition.parent,)


def literals(condition: Condition) -> int:
    """How many comparisons a condition is made of."""
    if isinstance(condition, (And, Or)):
        return sum(map(literals, condition.parts))
    return 1


def unique_conditions(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Each of several conditions once, in order; those on 1, 1.0 and True, which are equal, differ."""
    return tuple({repr(c): c for c in conditions}.values())
