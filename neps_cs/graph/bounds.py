"""Bounds that are parameters: what they may be, and the least and greatest that may be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from neps_cs.checks import check_bounds, check_step
from neps_cs.errors import Problem, SpaceError
from neps_cs.parameters import Categorical, Float, Integer, Ordinal, open_choices
from neps_cs.structure import ByName, Node, Resample

_RULE = "a bound must be a number, or a Float, Integer, Categorical or Ordinal of finite numbers"


def extremes(bound: Any, attributes: Mapping[str, Any]) -> tuple[float, float]:
    """The least and the greatest number that a bound may be. Raises SpaceError for what is no bound."""
    return _extreme(bound, 0, attributes), _extreme(bound, 1, attributes)


def bounds_from(bound: Any, attributes: Mapping[str, Any]) -> float:
    """The least number that a bound may be, minus infinity for what is no bound."""
    try:
        return _extreme(bound, 0, attributes)
    except SpaceError:
        return -math.inf


def _extreme(bound: Any, end: int, attributes: Mapping[str, Any]) -> float:
    found, seen = bound, set[int]()
    while isinstance(found, Node):
        if id(found) in seen:
            raise SpaceError(Problem("a bound must not depend on itself", repr(bound)))
        seen.add(id(found))
        found = _towards(found, end, attributes)
    if not _is_number(found):
        raise SpaceError(Problem(_RULE, repr(bound)))
    return found  # type: ignore[no-any-return]


def _towards(bound: Node, end: int, attributes: Mapping[str, Any]) -> Any:
    """One step towards the extreme number: the least for end=0, the greatest for end=1."""
    match bound:
        case Float(lower=lower, upper=upper) | Integer(lower=lower, upper=upper):
            return upper if end else lower
        case Resample(source=source):
            return source
        case ByName(name=name):
            return attributes.get(name)
        case Categorical(choices=tuple() as choices) | Ordinal(choices=choices) if all(
            _is_number(c) for c in choices
        ):
            return (max if end else min)(open_choices(bound))
        case _:
            return None


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _is_whole(bound: Any, attributes: Mapping[str, Any]) -> bool:
    """Whether a bound, which is known to be one, gives integers only."""
    while isinstance(bound, (Resample, ByName)):
        bound = bound.source if isinstance(bound, Resample) else attributes[bound.name]
    if isinstance(bound, (Categorical, Ordinal)):
        return isinstance(bound.choices, tuple) and all(type(c) is int for c in bound.choices)
    return isinstance(bound, (int, Integer))


def bound_problems(number: Float | Integer, attributes: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """What is wrong with the bounds of a number, one of which is a parameter."""
    kind = type(number).__name__
    try:
        (low, lower), (upper, high) = (extremes(b, attributes) for b in (number.lower, number.upper))
        check_bounds(low, high, log=number.log, floor=1 if kind == "Integer" else 5e-324, kind=kind)
        check_step(low, high, number.step, kind)
    except SpaceError as e:
        yield from (Problem(p.rule, p.got, place) for p in e.problems)
        return
    if lower > upper:
        rule = "lower <= upper must hold for all bounds that may be drawn"
        yield Problem(rule, f"lower up to {lower}, upper from {upper}", place)
    if kind == "Integer" and not all(_is_whole(b, attributes) for b in (number.lower, number.upper)):
        yield Problem("the bounds of an Integer must be integers", repr(number), place)
    for name, value in (("prior", number.prior), ("default", number.default)):
        if isinstance(value, (int, float)) and not low <= value <= high:
            rule = f"lower <= {name} <= upper must hold"
            yield Problem(rule, f"{name}={value}, lower={low}, upper={high}", place)
