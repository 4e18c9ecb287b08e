"""Conditions: when a parameter is active. Written by attribute name and plain value.

A condition on a parent that is itself inactive does not hold, but for NotEquals with `or_inactive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from neps_cs.errors import Problem, SpaceError, refuse
from neps_cs.values import Plain, exact_text, is_plain, is_row, unwrapped

PartT = TypeVar("PartT", covariant=True)
"""What And and Or join: conditions, or forbidden clauses (`neps_cs.forbidden`)."""


def read_parent(parent: object, kind: str) -> str:
    """An address as plain text. Raises SpaceError for what is none."""
    if not isinstance(parent, str):
        raise refuse("the parent must be named by its address", repr(parent), kind)
    return exact_text(parent)


def _read_value(value: object, kind: str) -> Plain:
    plain: Plain = unwrapped(value)
    if not is_plain(plain):
        raise refuse("a condition compares with plain values or labels", repr(value), kind)
    return plain


class Statement:
    """What a condition or a forbidden clause is made of."""


class Comparison(Statement):
    """Checks the two fields of a comparison once, when it is made."""

    parent: str
    value: Plain

    def __post_init__(self) -> None:
        kind = type(self).__name__
        object.__setattr__(self, "parent", read_parent(self.parent, kind))
        object.__setattr__(self, "value", _read_value(self.value, kind))


@dataclass(frozen=True)
class Equals(Comparison):
    """Active where the parent has this value.

    Raises SpaceError for a parent that is no text, or a value that is not plain. Whether the parent can
    have the value is known with the space.
    """

    parent: str
    value: Plain


@dataclass(frozen=True)
class NotEquals(Comparison):
    """Active where the parent is active and has another value; with `or_inactive` also where the parent
    is inactive, which is how ConfigSpace reads it. Raises as Equals does."""

    parent: str
    value: Plain
    or_inactive: bool = False

    def __post_init__(self) -> None:
        Comparison.__post_init__(self)
        if not isinstance(self.or_inactive, bool):
            raise refuse("or_inactive must be True or False", repr(self.or_inactive), "NotEquals")


@dataclass(frozen=True)
class In(Statement):
    """Active where the parent has one of these values: a tuple or a list, not empty.

    Raises SpaceError for other values, and as Equals does.
    """

    parent: str
    values: tuple[Plain, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parent", read_parent(self.parent, "In"))
        given: object = self.values
        if not is_row(given):
            raise refuse("values must be a tuple or a list", f"values={given!r}", "In")
        values = tuple(_read_value(v, "In") for v in given)
        if not values:
            raise refuse("values must not be empty", "()", "In")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Less(Comparison):
    """Active where the parent is less than the value (an ordinal: by its order), exclusive. Raises as
    Equals does."""

    parent: str
    value: Plain


@dataclass(frozen=True)
class Greater(Comparison):
    """Active where the parent is greater than the value (an ordinal: by its order), exclusive. Raises as
    Equals does."""

    parent: str
    value: Plain


def _read_parts(parts: Sequence[PartT], more: tuple[object, ...], kind: str) -> tuple[PartT, ...]:
    if more or not isinstance(parts, Sequence) or isinstance(parts, (str, bytes)):
        got = ", ".join(repr(p) for p in (parts, *more))
        raise refuse(f"{kind} takes its parts as one tuple: {kind}((a, b))", got, kind)
    if not parts:
        raise refuse(f"{kind} needs at least one part", "()", kind)
    strange = [p for p in parts if not isinstance(p, Statement)]
    if strange:
        raise refuse(f"the parts of {kind} must be conditions", ", ".join(map(repr, strange)), kind)
    return tuple(parts)


@dataclass(frozen=True, init=False)
class And(Statement, Generic[PartT]):
    """Active where all parts hold: a tuple or a list of conditions. Raises SpaceError for other parts."""

    parts: tuple[PartT, ...]

    def __init__(self, parts: Sequence[PartT], *more: object) -> None:
        object.__setattr__(self, "parts", _read_parts(parts, more, "And"))


@dataclass(frozen=True, init=False)
class Or(Statement, Generic[PartT]):
    """Active where one part holds at least. Raises as And does."""

    parts: tuple[PartT, ...]

    def __init__(self, parts: Sequence[PartT], *more: object) -> None:
        object.__setattr__(self, "parts", _read_parts(parts, more, "Or"))


Literal: TypeAlias = Equals | NotEquals | In | Less | Greater
Condition: TypeAlias = "Literal | And[Condition] | Or[Condition]"
LITERALS = (Equals, NotEquals, In, Less, Greater)
CONDITIONS = (*LITERALS, And, Or)


def parents(condition: Condition) -> tuple[str, ...]:
    """The addresses that a condition reads, in order, each once."""
    if isinstance(condition, (And, Or)):
        return tuple(dict.fromkeys(p for part in condition.parts for p in parents(part)))
    return (condition.parent,)


def checked_conditions(conditions: object, place: str) -> dict[str, Condition]:
    """Conditions by name. Raises SpaceError, with all that is wrong, for anything else than a mapping."""
    rule = "conditions must be a mapping from names of attributes to conditions"
    if conditions is None:
        return {}
    if not isinstance(conditions, Mapping):
        raise SpaceError(Problem(rule, repr(conditions), place))
    problems = [
        Problem(rule, f"{condition!r} for {name!r}", place)
        for name, condition in conditions.items()
        if not isinstance(name, str) or not isinstance(condition, CONDITIONS)
    ]
    if problems:
        raise SpaceError(problems)
    return {exact_text(name): condition for name, condition in conditions.items()}


def literals(condition: Condition) -> int:
    """How many comparisons a condition is made of."""
    return sum(1 for _ in each_literal(condition))


def each_literal(condition: Condition) -> Iterator[Literal]:
    """The comparisons that a condition is made of."""
    if isinstance(condition, (And, Or)):
        for part in condition.parts:
            yield from each_literal(part)
    else:
        yield condition


def unique_conditions(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Each of several conditions once, in order; those on 1, 1.0 and True, which are equal, differ."""
    return tuple({repr(c): c for c in conditions}.values())
