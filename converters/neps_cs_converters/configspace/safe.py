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
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Grid, Spread
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, unique_conditions
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.resolver import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, NumberSite
from neps_cs.resolving.star import Star
from neps_cs.resolving.unroll import Entry
from neps_cs.values import Plain
from neps_cs_converters.configspace.places import placed

Settled: TypeAlias = "Condition | bool"


class SafeConditions:
    """The conditions of a table, made safe one by one. `of(address)` is True where it is always
    active, False where it never is."""

    def __init__(self, table: Star, codings: Mapping[str, Coding]) -> None:
        self._entries = {e.address: e for e in table.entries}
        self._paths = table.paths
        self._codings = codings
        self._settled: dict[str, Settled] = {}
        self._shapes: dict[object, dict[str, Condition]] = {}
        self._repeating: dict[str, Condition] = {}

    def of(self, address: str) -> Settled:
        """When the hyperparameter at an address is active."""
        found = self._settled.get(address)
        if found is None:
            condition = self._entries[address].condition
            if condition is not None:
                found = self._safe(condition, inside=False)
            else:  # a free decision that is never alive is left out too
                path = self._paths.get(address)
                found = path is None or self._safe(path, inside=False) is not False
            self._settled[address] = found
        return found

    def apart(self, condition: Condition) -> Condition:
        """The condition, rewritten where ConfigSpace would merge it with another that was asked before."""
        while any(self._strangers(condition)):
            condition = _longer(condition)
        self._shapes.setdefault(_shape(condition), {})[repr(condition)] = condition
        if _repeats(condition):
            self._repeating[repr(condition)] = condition
        return condition

    def _strangers(self, condition: Condition) -> Iterator[Condition]:
        """The conditions of before that ConfigSpace would merge with this one, but for itself."""
        key = repr(condition)
        yield from (c for k, c in self._shapes.get(_shape(condition), {}).items() if k != key)
        if isinstance(condition, (And, Or)):
            known = self._known() if _repeats(condition) else self._repeating.items()
            yield from (c for k, c in known if k != key and (_merges(c, condition) or _merges(condition, c)))

    def _known(self) -> Iterator[tuple[str, Condition]]:
        for same in self._shapes.values():
            yield from same.items()

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
    if any(part is False for part in parts):
        return False
    each = [part for part in parts if not isinstance(part, bool)]
    kept = unique_conditions(c for p in each for c in (p.parts if isinstance(p, And) else (p,)))
    if not kept:
        return True
    return kept[0] if len(kept) == 1 else And(kept)


def _any(parts: list[Settled]) -> Settled:
    if any(part is True for part in parts):
        return True
    kept = unique_conditions(part for part in parts if not isinstance(part, bool))
    if not kept:
        return False
    return kept[0] if len(kept) == 1 else Or(kept)


def _merges(condition: Condition, other: Condition) -> bool:
    """Whether ConfigSpace takes another child's condition for this one, of which it knows first."""
    if isinstance(condition, (And, Or)) and isinstance(other, (And, Or)):
        same_length = len(condition.parts) == len(other.parts)
        return same_length and all(any(_merges(p, o) for o in other.parts) for p in condition.parts)
    return repr(condition) == repr(other)


def _shape(condition: Condition) -> object:
    """What ConfigSpace compares conditions by: the parts of a conjunction as a set, not its kind."""
    if isinstance(condition, (And, Or)):
        return len(condition.parts), frozenset(_shape(p) for p in condition.parts)
    return repr(condition)


def _repeats(condition: Condition) -> bool:
    """Whether parts are written several times: such a conjunction may merge with one of more parts."""
    if not isinstance(condition, (And, Or)):
        return False
    return len({_shape(p) for p in condition.parts}) < len(condition.parts) or any(
        map(_repeats, condition.parts)
    )


def _longer(condition: Condition) -> Condition:
    """The same condition with a part written twice: conjunctions of other lengths are never merged."""
    assert isinstance(condition, (And, Or)), "literals of one shape are equal"
    return type(condition)((*condition.parts, condition.parts[0]))
