"""A column of values as the space records them: their places, without a second look at each value."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Fixed, Grid, Held, Position, Spread, are_all, no_others
from neps_cs.resolving.fitting import number_of
from neps_cs.resolving.sites import ConstantSite
from neps_cs.resolving.unroll import Entry
from neps_cs.scales import Floats, Scale
from neps_cs.values import plain_key


class Exact(NamedTuple):
    """The places of a column, and what conditions on it read: the index of a branch, or the number."""

    units: Floats
    codes: Floats


NO_VALUES = Exact(np.empty(0), np.empty(0))


def exact(coding: Coding, entry: Entry, values: Sequence[Any]) -> Exact | None:
    """Of what a config may hold as it is; None if one of the values is something else, however near.

    Bounds are not drawn: see `neps_cs.codings.is_drawn`.
    """
    match coding:
        case Position() | Cut():
            places = coding.places(values)
            if places is None:
                return None
            units = places if isinstance(coding, Position) else coding.units(values, no_others)
            every = entry.allowed == tuple(range(len(entry.allowed)))
            return Exact(units, places if every else np.array(entry.allowed)[places.astype(np.intp)])
        case Held(integer=integer, lower=lower, upper=upper):
            numbers = _floats(values) if are_all(int if integer else float, values) else None
            if numbers is None or not (
                np.minimum.reduce(numbers) >= lower and np.maximum.reduce(numbers) <= upper
            ):
                return None
            return Exact(coding.units(numbers, no_others), numbers)
        case Fixed(value=value):
            held = isinstance(entry.site, ConstantSite) or all(
                plain_key(v) == plain_key(value) for v in values
            )
            code = value if isinstance(value, (int, float)) else 0.0
            return Exact(coding.units(values, no_others), np.full(len(values), code)) if held else None
        case Grid() | Spread():
            scale = coding.scale if isinstance(coding, Grid) else coding.distribution.scale
            if not all(_is_point(scale, v) for v in values):
                return None
            return Exact(coding.units(values, no_others), np.array(values, dtype=float))
        case _:
            assert_never(coding)


def is_identity(coding: Coding) -> bool:
    """Whether a configuration shows what a config holds."""
    match coding:
        case Held():
            return True
        case Position(choices=choices, held=held):
            return all(a is b for a, b in zip(choices, held, strict=True))
        case _:
            return False


def _floats(values: Sequence[Any]) -> Floats | None:
    """As an array; None where an integer is too large for a float. Half the time of numpy's own ways."""
    try:
        return np.frombuffer(struct.pack(f"{len(values)}d", *values))
    except (OverflowError, struct.error):
        return None


def _lie_within(numbers: Floats, lower: float, upper: float) -> bool:
    return bool(np.minimum.reduce(numbers) >= lower and np.maximum.reduce(numbers) <= upper)  # nor is one NaN


def _is_point(scale: Scale, value: object) -> bool:
    found = number_of(scale, value)
    return found is not None and type(found) is type(value) and found == value
