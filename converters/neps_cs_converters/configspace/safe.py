"""Conditions in a form that ConfigSpace 1.2.2 evaluates rightly.

| what it does | what stands here instead |
|---|---|
| takes NotEquals as satisfied where the parent is inactive | the parent's own condition beside it |
| evaluates And and Or before it knows that deeper parents are inactive | the same, for each literal |
| merges an And and an Or over the same parts, as if they were one | a part of the later one written twice |
| has no order for the Constant of a one-point range | Equals, or no condition, or no hyperparameter |
| refuses values out of the parent's range | no condition, or no hyperparameter |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Grid, Spread
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.resolver import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.values import Plain
from neps_cs_converters.configspace.places import placed

Settled: TypeAlias = "Condition | bool"


class SafeConditions:
    """The conditions of a table, made safe one by one. `of(address)` is True where it is always
    active, False where it never is."""

    def __init__(self, entries: tuple[Entry, ...], codings: Mapping[str, Coding]) -> None:
        self._entries = {e.address: e for e in entries}
        self._codings = codings
        self._settled: dict[str, Settled] = {}
        self._shapes: dict[object, set[Condition]] = {}

    def of(self, address: str) -> Settled:
        """When the hyperparameter at an address is active."""
        found = self._settled.get(address)
        if found is None:
            condition = self._entries[address].condition
            found = True if condition is None else self._safe(condition, inside=False)
            self._settled[address] = found
        return found

    def apart(self, condition: Condition) -> Condition:
        """The condition, rewritten where ConfigSpace would merge it with another that was asked before."""
        while True:
            known = self._shapes.setdefault(_shape(condition), set())
            if not known or condition in known:
                known.add(condition)
                return condition
            condition = _longer(condition)

    def _safe(self, condition: Condition, *, inside: bool) -> Settled:
        match condition:
            case And(parts=parts):
                return _all([self._safe(p, inside=True) for p in parts])
            case Or(parts=parts):
                return _any([self._safe(p, inside=True) for p in parts])
            case _:
                return self._safe_literal(condition, inside=inside)

    def _safe_literal(self, literal: ConditionLiteral, *, inside: bool) -> Settled:
        above = self.of(literal.parent)
        if above is False:
            return False
        entry = self._entries[literal.parent]
        match entry.site:
            case NumberSite():
                settled = _within(literal, entry)
            case ConstantSite(value=value):
                settled = constant_fits(literal, value) and Equals(literal.parent, value)
            case ChoiceSite():
                settled = _among(literal, entry)
            case _:
                settled = literal
        coding = self._codings[literal.parent]
        if isinstance(coding, (Grid, Spread, Cut)) and isinstance(settled, ConditionLiteral):
            settled = placed(settled, entry, coding)
        alone = isinstance(settled, (Equals, In, Less, Greater))
        guards = above is not True and settled is not False and (inside or not alone)
        return _all([self._path(literal.parent), settled]) if guards else settled

    def _path(self, address: str) -> Settled:
        """The whole path to an address: its condition, and those of the parents in it."""
        condition = self._entries[address].condition
        return True if condition is None else self._safe(condition, inside=True)


def _within(literal: ConditionLiteral, entry: Entry) -> Settled:
    """A condition on a number with a value that ConfigSpace accepts: one within the bounds, and
    whole for an integer; True or False where the bounds alone decide."""
    assert isinstance(entry.site, NumberSite)
    parent, (lower, upper), integer = literal.parent, entry.allowed, entry.site.record.integer
    holds = number_test(literal)
    if lower == upper:
        return holds(lower) and Equals(parent, lower)
    match literal:
        case Less(value=value):
            bound = math.ceil(_number(value)) if integer else _number(value)
            return bound > lower and (bound > upper or Less(parent, bound))
        case Greater(value=value):
            bound = math.floor(_number(value)) if integer else _number(value)
            return bound < upper and (bound < lower or Greater(parent, bound))
        case Equals(value=value):
            return _possible(value, lower, upper, integer=integer) and literal
        case NotEquals(value=value):
            return not _possible(value, lower, upper, integer=integer) or literal
        case In(values=values):
            kept = tuple(v for v in values if _possible(v, lower, upper, integer=integer))
            return bool(kept) and In(parent, kept)
        case _:
            assert_never(literal)


def _among(literal: ConditionLiteral, entry: Entry) -> Settled:
    """A condition on a choice with values that are open; True or False where those alone decide."""
    assert isinstance(entry.site, ChoiceSite)
    site, open_ = entry.site, frozenset(int(i) for i in entry.allowed)
    given = literal.values if isinstance(literal, In) else (literal.value,)
    if all(index_of(site.branches, v) in open_ for v in given):
        return literal
    holds = sorted(choice_indices(literal, site) & open_)
    if len(holds) in (0, len(open_)):
        return bool(holds)
    values = tuple(site.values[i] for i in holds)
    return Equals(literal.parent, values[0]) if len(values) == 1 else In(literal.parent, values)


def _number(value: Plain) -> float:
    assert isinstance(value, (int, float)), "checked when the space was made"
    return value


def _possible(value: Plain, lower: float, upper: float, *, integer: bool) -> bool:
    number = _number(value)
    return lower <= number <= upper and (not integer or number == int(number))


def _all(parts: list[Settled]) -> Settled:
    kept: dict[Condition, Literal[True]] = {}
    for part in parts:
        if part is False:
            return False
        for inner in part.parts if isinstance(part, And) else [part]:
            if not isinstance(inner, bool):
                kept[inner] = True
    conditions = tuple(kept)
    if not conditions:
        return True
    return conditions[0] if len(conditions) == 1 else And(conditions)


def _any(parts: list[Settled]) -> Settled:
    kept: dict[Condition, Literal[True]] = {}
    for part in parts:
        if part is True:
            return True
        if not isinstance(part, bool):
            kept[part] = True
    conditions = tuple(kept)
    if not conditions:
        return False
    return conditions[0] if len(conditions) == 1 else Or(conditions)


def _shape(condition: Condition) -> object:
    """What ConfigSpace compares conditions by: the parts of a conjunction as a set, not its kind."""
    if isinstance(condition, (And, Or)):
        return len(condition.parts), frozenset(_shape(p) for p in condition.parts)
    return condition


def _longer(condition: Condition) -> Condition:
    """The same condition with a part written twice: conjunctions of other lengths are never merged."""
    assert isinstance(condition, (And, Or)), "literals of one shape are equal"
    return type(condition)((*condition.parts, condition.parts[0]))
