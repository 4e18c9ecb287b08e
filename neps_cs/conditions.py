"""Conditions: when a parameter is active. Written by attribute name and plain value.

A condition on a parent that is itself inactive does not hold, whatever its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from neps_cs.errors import refuse
from neps_cs.values import Plain, is_plain

PartT = TypeVar("PartT", covariant=True)
"""What And and Or join: conditions, or forbidden clauses (`neps_cs.forbidden`)."""


def check_parent(parent: object, kind: str) -> None:
    """Raises SpaceError for what is no address."""
    if not isinstance(parent, str) or not parent:
        raise refuse("the parent must be named by its address", repr(parent), kind)


def check_literal(parent: object, values: tuple[object, ...], kind: str) -> None:
    """Raises SpaceError unless a literal compares an address with plain values."""
    check_parent(parent, kind)
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
        check_literal(self.parent, (self.value,), "Equals")


@dataclass(frozen=True)
class NotEquals:
    """Active where the parent is active and has another value."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        check_literal(self.parent, (self.value,), "NotEquals")


@dataclass(frozen=True)
class In:
    """Active where the parent has one of these values."""

    parent: str
    values: tuple[Plain, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        check_literal(self.parent, self.values, "In")


@dataclass(frozen=True)
class Less:
    """Active where the parent is less than the value (an ordinal: by its order), exclusive."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        check_literal(self.parent, (self.value,), "Less")


@dataclass(frozen=True)
class Greater:
    """Active where the parent is greater than the value (an ordinal: by its order), exclusive."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        check_literal(self.parent, (self.value,), "Greater")


@dataclass(frozen=True)
class And(Generic[PartT]):
    """Active where all parts hold."""

    parts: tuple[PartT, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise refuse("And needs at least one part", "()", "And")


@dataclass(frozen=True)
class Or(Generic[PartT]):
    """Active where one part holds at least."""

    parts: tuple[PartT, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise refuse("Or needs at least one part", "()", "Or")


Literal: TypeAlias = Equals | NotEquals | In | Less | Greater
Condition: TypeAlias = "Literal | And[Condition] | Or[Condition]"
LITERALS = (Equals, NotEquals, In, Less, Greater)


def parents(condition: Condition) -> tuple[str, ...]:
    """The addresses that a condition reads, in order, each once."""
    if isinstance(condition, (And, Or)):
        return tuple(dict.fromkeys(p for part in condition.parts for p in parents(part)))
    return (condition.parent,)
