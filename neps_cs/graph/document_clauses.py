"""Conditions and forbidden clauses ⇄ JSON data. Inverses side by side."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_never

from neps_cs.conditions import LITERALS, And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import FormatError, Problem
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation, leaves
from neps_cs.graph.document_values import ValueReader, write_value


def clause_to_document(clause: Clause) -> dict[str, Any]:
    """A forbidden clause as JSON data."""
    match clause:
        case And(parts=parts) | Or(parts=parts):
            kind = "and" if isinstance(clause, And) else "or"
            return {"kind": kind, "parts": [clause_to_document(p) for p in parts]}
        case Relation(left=left, operator=operator, right=right):
            return {"kind": "relation", "left": left, "operator": operator, "right": right}
        case In(parent=parent, values=values):
            return {"kind": "in", "parent": parent, "values": [write_value(v) for v in values]}
        case Equals() | NotEquals() | Less() | Greater() | LessEqual() | GreaterEqual():
            kind = _NAMES[type(clause)]
            row = {"kind": kind, "parent": clause.parent, "value": write_value(clause.value)}
            either = isinstance(clause, NotEquals) and clause.or_inactive
            return row | {"or_inactive": True} if either else row
        case _:
            assert_never(clause)


def clause_from_document(document: dict[str, Any]) -> Clause:
    """The inverse of `clause_to_document`. Raises FormatError for an unknown kind."""
    kind, reader = document["kind"], ValueReader(frozenset(), {})
    if kind in ("and", "or"):
        parts = tuple(clause_from_document(p) for p in document["parts"])
        return And(parts) if kind == "and" else Or(parts)
    if kind == "relation":
        return Relation(document["left"], document["operator"], document["right"])
    if kind == "in":
        return In(document["parent"], tuple(reader.value(v) for v in document["values"]))
    if kind == "not_equals" and "or_inactive" in document:
        return NotEquals(document["parent"], reader.value(document["value"]), document["or_inactive"])
    if kind not in _LITERALS:
        raise FormatError(Problem("the kind of a condition must be one of this format", repr(kind)))
    return _LITERALS[kind](document["parent"], reader.value(document["value"]))


def condition_to_document(condition: Condition) -> dict[str, Any]:
    """A condition as JSON data: it is written as the clause of the same words."""
    return clause_to_document(condition)


def condition_from_document(document: dict[str, Any]) -> Condition:
    """The inverse of `condition_to_document`. Raises FormatError for what only clauses can say."""
    clause = clause_from_document(document)
    for leaf in leaves(clause):
        if not isinstance(leaf, LITERALS):
            rule = "the kind of a condition must be one of this format"
            raise FormatError(Problem(rule, repr(clause_to_document(leaf)["kind"])))
    return clause  # type: ignore[return-value]


_LITERALS: dict[str, type[Equals | NotEquals | Less | Greater | LessEqual | GreaterEqual]] = {
    "equals": Equals, "not_equals": NotEquals, "less": Less, "greater": Greater,
    "less_equal": LessEqual, "greater_equal": GreaterEqual,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _LITERALS.items()}
