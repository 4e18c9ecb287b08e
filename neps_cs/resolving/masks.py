"""Conditions on many configs at once: which of them they hold in, as arrays of booleans.

What they read is a column of codes, shape (configs,): the index of the branch for a choice, the value for a
number, anything for a constant; NaN where inactive. Integers that a float can't hold stand in an array of
objects, with None where inactive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.resolving.literals import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, Site

Mask: TypeAlias = "npt.NDArray[np.bool_]"
Codes: TypeAlias = "npt.NDArray[Any]"


def column_of(codes: Codes, active: Any, n: int) -> Codes:
    """The column of n configs with these codes where they are active: a mask, indices or a slice."""
    large = codes.dtype == object
    column = np.full(n, None, dtype=object) if large else np.full(n, np.nan)
    column[active] = codes
    return column


def mask(condition: Condition, sites: Mapping[str, Site], columns: Mapping[str, Codes]) -> Mask:
    """Where a condition holds. `columns` are codes by address. What has no site is never active."""
    match condition:
        case And(parts=parts):
            return np.asarray(np.logical_and.reduce([mask(p, sites, columns) for p in parts]))
        case Or(parts=parts):
            return np.asarray(np.logical_or.reduce([mask(p, sites, columns) for p in parts]))
        case Equals() | NotEquals() | In() | Less() | Greater():
            column = columns[condition.parent]
            site = sites.get(condition.parent)
            holds = np.full(len(column), False) if site is None else _literal(condition, site, column)
            gone = _gone(column)
            if isinstance(condition, NotEquals) and condition.or_inactive:
                return np.asarray(holds | gone)
            return np.asarray(holds & ~gone)
        case _:
            assert_never(condition)


def _gone(column: Codes) -> Mask:
    if column.dtype == object:
        return np.array([code is None for code in column], dtype=bool)
    return np.isnan(column)


def _literal(literal: ConditionLiteral, site: Site, column: Codes) -> Mask:
    if isinstance(site, ChoiceSite):
        indices = choice_indices(literal, site)
        if len(indices) == 1:
            return np.asarray(column == min(indices))
        return np.asarray(np.logical_or.reduce([column == i for i in indices]))
    if isinstance(site, ConstantSite):
        return np.full(len(column), constant_fits(literal, site.value))
    if column.dtype == object:
        holds = number_test(literal)
        return np.array([code is not None and holds(code) for code in column], dtype=bool)
    match literal:
        case Equals(value=value):
            return np.asarray(column == value)
        case NotEquals(value=value):
            return np.asarray(column != value)
        case In(values=values):
            return np.isin(column, np.array(values, dtype=float))
        case Less(value=value):
            return np.asarray(column < np.float64(value))
        case Greater(value=value):
            return np.asarray(column > np.float64(value))
        case _:
            assert_never(literal)
