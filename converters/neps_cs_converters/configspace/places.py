"""Conditions on parents that stand in a ConfigurationSpace by their place: see `neps_cs.codings`.

| parent | x < v | x > v | x == v |
|---|---|---|---|
| Grid, the index k | k < that of the first point >= v | k > that of the last point <= v | k == that of v |
| Spread, a real number | u < P(x <= v) | u > P(x <= v) | u == P(x <= v) |
| Spread, integers and grids | u < P(x < v) | u >= P(x <= v) | P(x < v) <= u < P(x <= v) |
| Cut | | | the pieces of the branches that fit, neighbours joined |
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Grid, Spread, is_drawn, unit_of
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, Literal, NotEquals, Or
from neps_cs.distributions import NumberDistribution
from neps_cs.resolving.resolver import choice_indices
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.resolving.unroll import Entry
from neps_cs.scales import Scale
from neps_cs.values import Plain

_NEAR = 1e-6
"""Of the width of a scale."""

Settled: TypeAlias = "Condition | bool"


def placed(literal: Literal, entry: Entry, coding: Grid | Spread | Cut) -> Settled:
    """A condition on a decision, with values that it may have, as one on the place that the
    hyperparameter holds; True or False where it always or never holds. The bounds of the number are
    not drawn."""
    match coding:
        case Grid(scale=scale):
            return _on_grid(literal, scale)
        case Spread():
            assert not is_drawn(coding), "conditions on those are loosened"
            if coding.distribution.scale.discrete:
                return _pieces(literal.parent, _ranges(literal, coding))
            return _on_line(literal, coding.distribution)
        case Cut(ends=ends):
            assert isinstance(entry.site, ChoiceSite), "only choices are cut"
            holds = choice_indices(literal, entry.site)
            pairs = zip(entry.allowed, [0.0, *ends[:-1].tolist()], ends.tolist(), strict=True)
            return _pieces(literal.parent, [(low, high) for i, low, high in pairs if int(i) in holds])
        case _:
            assert_never(coding)


def tells(literal: Literal, coding: Coding) -> bool:
    """Whether places, which have 13 decimals, say what a literal says of the values near those that it names.

    They don't where a prior leaves next to no mass around.
    """
    if not isinstance(coding, Spread) or is_drawn(coding) or coding.pieces is not None:
        return True
    scale = coding.distribution.scale
    for value in map(_number, literal.values if isinstance(literal, In) else (literal.value,)):
        if not scale.lower <= value <= scale.upper:
            continue
        unit = scale.to_unit(value)
        near = [scale.from_unit(u) for u in (unit - _NEAR, unit + _NEAR) if 0 <= u <= 1]
        places = unit_of(coding.distribution, np.array([*near, value], dtype=float)).tolist()
        if len(set(places)) < len(places):
            return False
    return True


def _on_line(literal: Literal, distribution: NumberDistribution) -> Settled:
    def place(value: Plain) -> float:
        return float(unit_of(distribution, np.array(_number(value), dtype=float)))

    if isinstance(literal, In):
        return In(literal.parent, tuple(dict.fromkeys(map(place, literal.values))))
    return replace(literal, value=place(literal.value))


def _on_grid(literal: Literal, scale: Scale) -> Settled:
    parent = literal.parent
    match literal:
        case Less(value=value):
            bound = _first(scale, value, above=False)
            return bound > 0 and (bound >= scale.points or Less(parent, bound))
        case Greater(value=value):
            bound = _first(scale, value, above=True) - 1
            return bound < scale.points - 1 and (bound < 0 or Greater(parent, bound))
        case Equals(value=value):
            return scale.holds(_number(value)) and Equals(parent, scale.index(_number(value)))
        case NotEquals(value=value):
            return not scale.holds(_number(value)) or replace(literal, value=scale.index(_number(value)))
        case In(values=values):
            kept = tuple(scale.index(_number(v)) for v in values if scale.holds(_number(v)))
            return bool(kept) and In(parent, kept)
        case _:
            assert_never(literal)


def _first(scale: Scale, value: Plain, *, above: bool) -> int:
    """The index of the first point that is >= a value, or > it."""
    low, high = 0, scale.points
    while low < high:
        middle = (low + high) // 2
        point = scale.grid(middle)
        before = point <= _number(value) if above else point < _number(value)
        low, high = (middle + 1, high) if before else (low, middle)
    return low


def _ranges(literal: Literal, coding: Spread) -> list[tuple[float, float]]:
    """The pieces of [0, 1] where a condition on an integer or grid holds: lower end inclusive."""

    def cell(value: Plain) -> tuple[float, float]:
        return _edge(coding, value, above=False), _edge(coding, value, above=True)

    match literal:
        case Less(value=value):
            return [(0.0, cell(value)[0])]
        case Greater(value=value):
            return [(cell(value)[1], 1.0)]
        case Equals(value=value):
            return [cell(value)]
        case NotEquals(value=value):
            low, high = cell(value)
            return [(0.0, low), (high, 1.0)]
        case In(values=values):
            return sorted({cell(v) for v in values})
        case _:
            assert_never(literal)


def _edge(coding: Spread, value: Plain, *, above: bool) -> float:
    """Where the places of the values >= a value begin, or of those > it."""
    distribution = coding.distribution
    scale, index = distribution.scale, _first(distribution.scale, value, above=above)
    if index == 0:
        return 0.0
    if index >= scale.points:
        return 1.0
    if coding.pieces is not None:
        return float(coding.pieces[index - 1])
    return float(distribution.law.cdf(scale.cells(np.array(float(scale.grid(index))))[0]))


def _pieces(parent: str, ranges: list[tuple[float, float]]) -> Settled:
    """That the place lies in one of these, lower ends inclusive, upper ones exclusive but for 1."""
    joined = list[tuple[float, float]]()
    for low, high in ranges:
        if joined and joined[-1][1] == low:
            joined[-1] = joined[-1][0], high
        elif low < high:
            joined.append((low, high))
    parts = [_piece(parent, low, high) for low, high in joined if low < high]
    if not parts or any(p is True for p in parts):
        return bool(parts)
    conditions = tuple(p for p in parts if not isinstance(p, bool))
    return conditions[0] if len(conditions) == 1 else Or(conditions)


def _piece(parent: str, low: float, high: float) -> Settled:
    above = [] if low <= 0 else [Greater(parent, math.nextafter(low, 0))]
    below = [] if high >= 1 else [Less(parent, high)]
    parts: tuple[Condition, ...] = (*above, *below)
    return And(parts) if len(parts) == 2 else parts[0] if parts else True


def _number(value: Plain) -> float:
    assert isinstance(value, (int, float)), "checked when the space was made"
    return value
