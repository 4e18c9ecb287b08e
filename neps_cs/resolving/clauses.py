"""Clauses: one way in which a site is reached, as what must have been decided on the way to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, parents


@dataclass(frozen=True)
class Taken:
    """The choice at `address` took one of these branches."""

    address: str
    indices: frozenset[int]


@dataclass(frozen=True)
class Exceeds:
    """The number at `address` is greater than `value`."""

    address: str
    value: int


@dataclass(frozen=True)
class Written:
    """A condition that the space states. By its text, for those on 1, 1.0 and True are equal."""

    text: str = field(init=False)
    condition: Condition = field(compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", repr(self.condition))


Literal: TypeAlias = "Taken | Exceeds | Written"
Clause: TypeAlias = frozenset[Literal]
ALWAYS: frozenset[Clause] = frozenset({frozenset()})


def read(clause: Clause) -> tuple[str, ...]:
    """The addresses of the decisions that a clause reads."""
    return tuple(
        a for x in clause for a in (parents(x.condition) if isinstance(x, Written) else (x.address,))
    )


def literal_key(literal: Literal) -> tuple[str, str]:
    """What literals are sorted by."""
    if isinstance(literal, Taken):
        return literal.address, repr(sorted(literal.indices))
    return ("", literal.text) if isinstance(literal, Written) else (literal.address, repr(literal.value))


def clause_key(clause: Clause) -> list[tuple[str, str]]:
    """What clauses are sorted by."""
    return sorted(literal_key(x) for x in clause)


def without_absorbed(clauses: Collection[Clause]) -> set[Clause]:
    """Those clauses that ask for no more than another one does."""
    if frozenset() in clauses:
        return {frozenset()}
    marked: dict[Literal, list[Clause]] = {}  # each clause by one of its literals, which it must share
    for clause in clauses:
        marked.setdefault(next(iter(clause)), []).append(clause)
    return {c for c in clauses if not any(other < c for x in c for other in marked.get(x, ()))}


def addressed(condition: Condition | None, address: Callable[[str], str]) -> Condition | None:
    """A condition with the addresses of its parents: an attribute may be another's shared node."""
    match condition:
        case None:
            return None
        case And(parts=parts) | Or(parts=parts):
            inner = tuple(c for p in parts if (c := addressed(p, address)) is not None)
            return type(condition)(inner)
        case In(parent=parent, values=values):
            return In(address(parent), values)
        case Equals() | NotEquals() | Less() | Greater():
            return replace(condition, parent=address(condition.parent))
        case _:
            assert_never(condition)
