"""Forbidden clauses: what must never hold of a config, in the words of conditions and a few more.

    Equals("optimizer", "sgd")                            # this value never
    And((Equals("optimizer", "sgd"), Greater("lr", 0.1)))  # these never together
    Relation("low", ">", "high")                          # two parameters against each other

A clause on a decision that is not made (inactive) does not hold: it forbids nothing.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import (
    And,
    Comparison,
    Equals,
    Greater,
    In,
    Less,
    NotEquals,
    Or,
    Statement,
    read_parent,
)
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.errors import Problem, SpaceError, refuse
from neps_cs.values import Plain


@dataclass(frozen=True)
class LessEqual(Comparison):
    """Holds where the parent is at most the value (an ordinal: by its order). For clauses only."""

    parent: str
    value: Plain


@dataclass(frozen=True)
class GreaterEqual(Comparison):
    """Holds where the parent is at least the value (an ordinal: by its order). For clauses only."""

    parent: str
    value: Plain


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operators.lt, "<=": operators.le, "==": operators.eq, ">=": operators.ge, ">": operators.gt,
}  # fmt: skip


@dataclass(frozen=True)
class Relation(Statement):
    """Holds where both are active and their values compare so; `operator` is <, <=, ==, >= or >.

    Choices, ordinals too, compare by their values, not by their order. Values that Python can't
    compare, text with numbers, don't hold.
    """

    left: str
    operator: str
    right: str

    def __post_init__(self) -> None:
        for side in ("left", "right"):
            object.__setattr__(self, side, read_parent(getattr(self, side), "Relation"))
        if self.operator not in OPERATORS:
            rule = f"the operator of a Relation must be one of {', '.join(OPERATORS)}"
            raise refuse(rule, repr(self.operator), "Relation")

    def holds(self, left: Any, right: Any) -> bool:
        """Whether it holds of two values."""
        try:
            return bool(OPERATORS[self.operator](left, right))
        except TypeError:
            return False


Literal: TypeAlias = "ConditionLiteral | LessEqual | GreaterEqual"
Clause: TypeAlias = "Literal | Relation | And[Clause] | Or[Clause]"


def operands(clause: Clause) -> tuple[str, ...]:
    """The addresses that a clause reads, in order, each once."""
    return tuple(dict.fromkeys(_read(clause)))


def _read(clause: Clause) -> Iterator[str]:
    match clause:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _read(part)
        case Relation(left=left, right=right):
            yield from (left, right)
        case _:
            yield clause.parent


def leaves(clause: Clause) -> Iterator[Literal | Relation]:
    """The literals and relations of a clause, in order."""
    match clause:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield clause


def renamed(clause: Clause, name: Callable[[str], str]) -> Clause:
    """The clause with other addresses."""
    match clause:
        case And(parts=parts):
            return And(tuple(renamed(p, name) for p in parts))
        case Or(parts=parts):
            return Or(tuple(renamed(p, name) for p in parts))
        case Relation(left=left, operator=operator, right=right):
            return Relation(name(left), operator, name(right))
        case In(parent=parent, values=values):
            return In(name(parent), values)
        case Equals() | NotEquals() | Less() | Greater() | LessEqual() | GreaterEqual():
            return replace(clause, parent=name(clause.parent))
        case _:
            assert_never(clause)


def pruned(clause: Clause, possible: Callable[[str], bool]) -> Clause | None:
    """What is left of a clause where some addresses can't be active; None where it can't hold any more."""
    match clause:
        case And(parts=parts):
            left = [pruned(p, possible) for p in parts]
            kept = tuple(p for p in left if p is not None)
            return And(kept) if len(kept) == len(parts) else None
        case Or(parts=parts):
            kept = tuple(p for p in (pruned(p, possible) for p in parts) if p is not None)
            return Or(kept) if kept else None
        case _:
            return clause if all(possible(a) for a in operands(clause)) else None


def clause_text(clause: Clause) -> str:
    """A clause for people: `optimizer == 'sgd' and lr > 0.1`."""
    match clause:
        case And(parts=parts) | Or(parts=parts):
            word = " and " if isinstance(clause, And) else " or "
            return word.join(f"({clause_text(p)})" if isinstance(p, (And, Or)) else clause_text(p)
                             for p in parts)  # fmt: skip
        case Relation(left=left, operator=operator, right=right):
            return f"{left} {operator} {right}"
        case In(parent=parent, values=values):
            return f"{parent} in {values!r}"
        case Equals() | NotEquals() | Less() | Greater() | LessEqual() | GreaterEqual():
            return f"{clause.parent} {_SIGNS[type(clause)]} {clause.value!r}"
        case _:
            assert_never(clause)


_SIGNS: Mapping[type, str] = {
    Equals: "==", NotEquals: "!=", Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">=",
}  # fmt: skip
_CLAUSES = (Equals, NotEquals, In, Less, Greater, LessEqual, GreaterEqual, Relation)
MAX_NESTING = 100


def check_clause(clause: object, place: str) -> None:
    """Raises SpaceError for what is no clause, also among the parts of one."""
    stack: list[tuple[object, int]] = [(clause, 0)]
    while stack:
        part, depth = stack.pop()
        if depth > MAX_NESTING:
            raise SpaceError(Problem(f"a clause must nest {MAX_NESTING} deep at most", "more", place))
        if isinstance(part, (And, Or)):
            stack += [(p, depth + 1) for p in part.parts]
        elif not isinstance(part, _CLAUSES):
            known = ", ".join(c.__name__ for c in (*_CLAUSES, And, Or))
            raise SpaceError(Problem(f"a forbidden clause must be made of {known}", repr(part), place))
