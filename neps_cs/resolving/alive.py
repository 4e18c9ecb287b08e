"""Which decisions are alive, by the conditions of a table, for many configs at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Literal, NotEquals, Or
from neps_cs.resolving.resolver import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.values import plain_key

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

EntrySite: TypeAlias = ChoiceSite | NumberSite | ConstantSite | FidelitySite

DEAD: Any = object()
"""In a column: nothing was decided there."""


def alive(
    condition: Condition, sites: Mapping[str, EntrySite], columns: Mapping[str, Sequence[Any]], n: int
) -> npt.NDArray[np.bool_]:
    """For each of n configs whether a condition holds. `columns` has by address what each of them decided,
    DEAD where it did not; an address without a column is dead in all."""
    import numpy as np

    match condition:
        case And(parts=parts):
            every: npt.NDArray[np.bool_] = np.logical_and.reduce([alive(p, sites, columns, n) for p in parts])
            return every
        case Or(parts=parts):
            some: npt.NDArray[np.bool_] = np.logical_or.reduce([alive(p, sites, columns, n) for p in parts])
            return some
        case _:
            without = isinstance(condition, NotEquals) and condition.or_inactive
            if condition.parent not in columns:
                return np.full(n, without)
            holds, column = _test(condition, sites[condition.parent]), columns[condition.parent]
            return np.array([without if v is DEAD else holds(v) for v in column], dtype=bool)


def _test(literal: Literal, site: EntrySite) -> Callable[[Any], bool]:
    """Whether a literal holds, as a function of what was decided."""
    match site:
        case ChoiceSite(values=values):
            fitting = {plain_key(values[i]) for i in choice_indices(literal, site)}
            return lambda value: plain_key(value) in fitting
        case NumberSite() | FidelitySite():
            return number_test(literal)
        case ConstantSite(value=constant):
            fits = constant_fits(literal, constant)
            return lambda _: fits
        case _:
            assert_never(site)
