"""Literals: what a comparison, of a condition or a forbidden clause, means for a decision or a constant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from typing_extensions import assert_never

from neps_cs.conditions import Equals, Greater, In, Less, NotEquals
from neps_cs.errors import Problem, SpaceError
from neps_cs.forbidden import GreaterEqual, LessEqual, Literal
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.values import Plain, plain_key, shown


def choice_indices(literal: Literal, site: ChoiceSite, what: str = "a condition") -> frozenset[int]:
    """The branches under which a literal on a choice holds. Raises SpaceError for unknown values."""

    def at(value: Plain) -> int:
        found = index_of(site.branches, value)
        if found is None:
            rule = f"{what} must compare with a choice of {site.address} {list(site.values)}"
            raise SpaceError(Problem(rule, shown(value)))
        return found

    match literal:
        case Equals(value=value):
            return frozenset({at(value)})
        case NotEquals(value=value):
            return frozenset(range(len(site.values))) - {at(value)}
        case In(values=values):
            return frozenset(at(v) for v in values)
        case Less() | Greater() | LessEqual() | GreaterEqual() if not site.record.ordered:
            rule = "Less and Greater need a parent with an order: a number or an Ordinal"
            raise SpaceError(Problem(rule, f"{site.address}, a Categorical"))
        case Less(value=value):
            return frozenset(range(at(value)))
        case LessEqual(value=value):
            return frozenset(range(at(value) + 1))
        case Greater(value=value):
            return frozenset(range(at(value) + 1, len(site.values)))
        case GreaterEqual(value=value):
            return frozenset(range(at(value), len(site.values)))
        case _:
            assert_never(literal)


def _number(value: Any, what: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (isinstance(value, int) or math.isfinite(value)):
        raise SpaceError(Problem(f"{what} on a number must compare with finite numbers", shown(value)))
    return value  # type: ignore[no-any-return]


def number_test(literal: Literal, what: str = "a condition") -> Callable[[float], bool]:
    """Whether a literal on a number holds, as a function of it. Raises SpaceError for other values."""
    match literal:
        case In(values=values):
            allowed = frozenset(_number(v, what) for v in values)
            return lambda x: x in allowed
        case Equals(value=value):
            bound = _number(value, what)
            return lambda x: x == bound
        case NotEquals(value=value):
            bound = _number(value, what)
            return lambda x: x != bound
        case Less(value=value):
            bound = _number(value, what)
            return lambda x: x < bound
        case LessEqual(value=value):
            bound = _number(value, what)
            return lambda x: x <= bound
        case Greater(value=value):
            bound = _number(value, what)
            return lambda x: x > bound
        case GreaterEqual(value=value):
            bound = _number(value, what)
            return lambda x: x >= bound
        case _:
            assert_never(literal)


def _is_same(value: Any, compared: Plain) -> bool:
    """Whether a constant is what it is compared with: as for choices 1.0 counts for 1, True does not."""
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (value, compared))
    return bool(value == compared) if numbers else plain_key(value) == plain_key(compared)


def constant_fits(literal: Literal, value: Any, what: str = "a condition") -> bool:
    """Whether a literal on a constant holds where the constant is active."""
    match literal:
        case In(values=values):
            return any(_is_same(value, v) for v in values)
        case Equals():
            return _is_same(value, literal.value)
        case NotEquals():
            return not _is_same(value, literal.value)
        case Less() | Greater() | LessEqual() | GreaterEqual():
            return number_test(literal, what)(_number(value, what))
        case _:
            assert_never(literal)
