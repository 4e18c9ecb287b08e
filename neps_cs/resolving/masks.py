"""Conditions on many configs at once: which of them they hold in, as arrays of booleans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.resolving.resolver import choice_indices, constant_fits
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, Site
from neps_cs.scales import Floats

Mask: TypeAlias = "npt.NDArray[np.bool_]"


def mask(condition: Condition, sites: Mapping[str, Site], columns: Mapping[str, Floats]) -> Mask:
    """Where a condition holds.

    `columns` are by address, shape (configs,): for a choice the index of the branch, for a number its
    value, for a constant anything; NaN where inactive. What has no site is never active.
    """
    match condition:
        case And(parts=parts):
            return np.asarray(np.logical_and.reduce([mask(p, sites, columns) for p in parts]))
        case Or(parts=parts):
            return np.asarray(np.logical_or.reduce([mask(p, sites, columns) for p in parts]))
        case Equals() | NotEquals() | In() | Less() | Greater():
            column = columns[condition.parent]
            site = sites.get(condition.parent)
            holds = np.full(len(column), False) if site is None else _literal(condition, site, column)
            if isinstance(condition, NotEquals) and condition.or_inactive:
                return np.asarray(holds | np.isnan(column))
            return np.asarray(holds & ~np.isnan(column))
        case _:
            assert_never(condition)


def _literal(literal: ConditionLiteral, site: Site, column: Floats) -> Mask:
    if isinstance(site, ChoiceSite):
        indices = choice_indices(literal, site)
        if len(indices) == 1:
            return np.asarray(column == min(indices))
        return np.asarray(np.logical_or.reduce([column == i for i in indices]))
    if isinstance(site, ConstantSite):
        return np.full(len(column), constant_fits(literal, site.value))
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
