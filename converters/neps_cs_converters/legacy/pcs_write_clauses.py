"""Conditions and forbidden clauses as lines of a .pcs file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import Problem
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation, clause_text, leaves
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain, shown

MAX_PRODUCT = 1_000
"""Lines that a classic clause with several values is written out to, and alternatives of a condition."""

_SIGNS: Mapping[type, str] = {
    Equals: "==", NotEquals: "!=", Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">=",
}  # fmt: skip
_AWKWARD = frozenset(" ()")


def is_awkward(text: str) -> bool:
    """Whether a choice can be compared only as one of those of `in`."""
    return not text or bool(set(text) & _AWKWARD)


class _UnsaidError(Exception):
    """What the format can't say."""


def condition_lines(
    child: str, condition: Condition, space: PipelineSpace, problems: list[Problem], new: bool
) -> list[str]:
    """The lines of a child's condition, which all must hold."""
    writer = _Writer(space, new)
    parts = writer.lines(condition)
    try:
        return [f"{child} | {writer.condition(part)}" for part in parts]
    except _UnsaidError as e:
        problems.append(Problem(str(e), clause_text(condition)[:200], child))
        return []


def forbidden_lines(clause: Clause, space: PipelineSpace, problems: list[Problem], new: bool) -> list[str]:
    """The lines of a clause, each of which forbids a part of it."""
    writer = _Writer(space, new)
    try:
        return list(writer.forbidden(clause))
    except _UnsaidError as e:
        problems.append(Problem(str(e), clause_text(clause)[:200], space.graph.name))
        return []


class _Writer:
    def __init__(self, space: PipelineSpace, new: bool) -> None:
        self._attributes, self._conditional, self._new = space.attributes, space.conditions, new

    def lines(self, condition: Condition) -> tuple[Condition, ...]:
        """What stands in lines of its own: in classic syntax each part of an `and`, in the new one only where
        it has an `or` in it."""
        if not isinstance(condition, And) or (self._new and not _has_or(condition)):
            return (condition,)
        return tuple(line for p in condition.parts for line in self.lines(p))

    def condition(self, condition: Condition) -> str:
        match condition:
            case And() | Or():
                return self._alternatives(condition)
            case In(parent=parent, values=values):
                return f"{parent} in {self._braced(parent, values)}"
            case NotEquals(parent=parent, or_inactive=True) if parent in self._conditional:
                raise _UnsaidError("a condition in a .pcs file does not hold where its parent is inactive")
            case Equals() | NotEquals() | Less() | Greater():
                return self._compared(condition)
            case _:
                assert_never(condition)

    def _alternatives(self, condition: Condition) -> str:
        """`or` of `and` of comparisons, without brackets: at one ConfigSpace stops reading, in silence."""
        if not self._new:
            raise _UnsaidError("a condition in a classic .pcs file must be of the form: parent in values")
        alternatives = _alternatives(condition)
        return " || ".join(" && ".join(map(self.condition, parts)) for parts in alternatives)

    def _compared(self, literal: Equals | NotEquals | Less | Greater) -> str:
        parent, attribute = literal.parent, self._attributes.get(literal.parent)
        if not self._new:
            if isinstance(literal, NotEquals) and isinstance(attribute, (Categorical, Ordinal)):
                others = tuple(c for c in _choices(attribute) if c != literal.value)
                if others:
                    return f"{parent} in {self._braced(parent, others)}"
            if not isinstance(literal, Equals):
                raise _UnsaidError("a condition in a classic .pcs file must be of the form: parent in values")
            return f"{parent} in {self._braced(parent, (literal.value,))}"
        inside = isinstance(literal, (Equals, NotEquals))
        text = self._value(parent, literal.value, inside=inside)
        if is_awkward(text):
            if not isinstance(literal, Equals):
                raise _UnsaidError("a value that is no word can only be one of those of `in`")
            return f"{parent} in {{{text}}}"
        return f"{parent} {_SIGNS[type(literal)]} {text}"

    def _braced(self, parent: str, values: tuple[Plain, ...]) -> str:
        return f"{{{', '.join(self._value(parent, v, inside=True) for v in values)}}}"

    def _value(self, name: str, value: Plain, *, inside: bool) -> str:
        """A value as text that `read` gives back. Other attributes are problems of their own."""
        attribute = self._attributes.get(name)
        if isinstance(value, str) or isinstance(attribute, (Categorical, Ordinal)):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise _UnsaidError(f"{name} must be compared with a number or a text")
        if isinstance(attribute, Integer) and value != int(value):
            raise _UnsaidError(f"{name} must be compared with a whole number")
        if inside and not _is_within(attribute, value):
            raise _UnsaidError(f"{name} must be compared with a value that it can have")
        return repr(int(value) if isinstance(attribute, Integer) else value)

    def forbidden(self, clause: Clause) -> Iterator[str]:
        """Each part of an outer `or` forbids by itself. What is made of equals and `in` alone is classic."""
        if isinstance(clause, Or):
            for part in clause.parts:
                yield from self.forbidden(part)
            return
        parts = _flat(clause)
        if all(isinstance(p, (Equals, In)) for p in parts):
            yield from self._classic(parts)
        elif self._new:
            yield f"{{{self._advanced(clause)}}}"
        else:
            raise _UnsaidError("a clause in a classic .pcs file must be of the form: a=x, b=y")

    def _classic(self, parts: list[Any]) -> Iterator[str]:
        values = [p.values if isinstance(p, In) else (p.value,) for p in parts]
        if math.prod(map(len, values)) > MAX_PRODUCT:
            raise _UnsaidError(f"a clause must be written out to at most {MAX_PRODUCT:,} lines")
        for combination in itertools.product(*values):
            texts = [self._assigned(p.parent, v) for p, v in zip(parts, combination, strict=True)]
            yield f"{{{', '.join(texts)}}}"

    def _assigned(self, name: str, value: Plain) -> str:
        text = self._value(name, value, inside=True)
        if "=" in text or "&&" in text:
            raise _UnsaidError("a value in a clause of a .pcs file must not have = or && in it")
        return f"{name}={text}"

    def _advanced(self, clause: Clause) -> str:
        match clause:
            case And(parts=parts) | Or(parts=parts):
                texts = [
                    f"({self._advanced(p)})" if isinstance(p, (And, Or)) else self._advanced(p) for p in parts
                ]
                return (" && " if isinstance(clause, And) else " || ").join(texts)
            case In(parent=parent, values=values):
                texts = [self._advanced(Equals(parent, v)) for v in values]
                return texts[0] if len(texts) == 1 else f"({' || '.join(texts)})"
            case Relation(left=left, operator=operator, right=right):
                sides = (self._attributes.get(n) for n in (left, right))
                if not all(isinstance(s, (Float, Integer)) for s in sides):
                    raise _UnsaidError("a relation in a .pcs file must be between numbers")
                return f"{left} {operator} {right}"
            case _:
                inside = isinstance(clause, Equals)
                text = self._value(clause.parent, clause.value, inside=inside)
                if is_awkward(text):
                    raise _UnsaidError("a value that is no word can't be compared in a clause")
                return f"{clause.parent} {_SIGNS[type(clause)]} {text}"


def _has_or(condition: Condition) -> bool:
    return isinstance(condition, Or) or (isinstance(condition, And) and any(map(_has_or, condition.parts)))


def _alternatives(condition: Condition) -> list[tuple[Condition, ...]]:
    """The comparisons of which all must hold, one or the other of these. Raises _UnsaidError for too many."""
    match condition:
        case Or(parts=parts):
            return [alternative for p in parts for alternative in _alternatives(p)]
        case And(parts=parts):
            each = [_alternatives(p) for p in parts]
            if math.prod(map(len, each)) > MAX_PRODUCT:
                raise _UnsaidError(f"a condition must be written out to at most {MAX_PRODUCT:,} alternatives")
            return [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*each)]
        case _:
            return [(condition,)]


def _is_within(attribute: Any, value: float) -> bool:
    if not isinstance(attribute, (Integer, Float)):
        return True
    return bool(attribute.lower <= value <= attribute.upper)  # type: ignore[operator]


def _flat(clause: Clause) -> list[Any]:
    """The parts of an `and`, those of inner ones too."""
    return list(leaves(clause)) if _only_and(clause) else [clause]


def _only_and(clause: Clause) -> bool:
    if isinstance(clause, And):
        return all(map(_only_and, clause.parts))
    return not isinstance(clause, Or)


def _choices(attribute: Categorical | Ordinal) -> tuple[str, ...]:
    return tuple(map(str, attribute.choices)) if isinstance(attribute.choices, tuple) else (shown(attribute),)
