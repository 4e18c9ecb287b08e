"""What a column of values says: its places, without a second look at each value, and what conditions read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Fixed, Grid, Held, Position, Spread, are_all, no_others
from neps_cs.resolving.fitting import number_of
from neps_cs.resolving.masks import Codes
from neps_cs.resolving.sites import ConstantSite
from neps_cs.resolving.unroll import Entry
from neps_cs.scales import Floats, Scale
from neps_cs.values import object_array, plain_key


class Exact(NamedTuple):
    """The places of a column, and what conditions on it read: see `masks`."""

    units: Floats
    codes: Codes


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
            codes = object_array(values) if coding.beyond_floats else numbers
            return Exact(coding.units(numbers, no_others), codes)
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
            codes = object_array(values) if coding.beyond_floats else np.array(values, dtype=float)
            return Exact(coding.units(values, no_others), codes)
        case _:
            assert_never(coding)


def codes_of(coding: Coding, entry: Entry, units: Floats, values: Any) -> Codes:
    """What conditions read of a column that was decoded: see `masks`."""
    match coding:
        case Position():
            return np.array(entry.allowed, dtype=float)[np.rint(units).astype(np.intp)]
        case Cut():
            places = coding.places(values.tolist())
            assert places is not None, "they come from there"
            return np.array(entry.allowed, dtype=float)[places.astype(np.intp)]
        case Fixed(value=value):
            return np.full(len(units), value if isinstance(value, (int, float)) else 0.0)
        case Held() | Grid() | Spread():
            return np.asarray(values, dtype=object if coding.beyond_floats else float)
        case _:
            assert_never(coding)


def _floats(values: Sequence[Any]) -> Floats | None:
    """As an array; None where an integer is too large for a float. Half the time of numpy's own ways."""
    try:
        return np.frombuffer(struct.pack(f"{len(values)}d", *values))
    except (OverflowError, struct.error):
        return None


def _is_point(scale: Scale, value: object) -> bool:
    found = number_of(scale, value)
    return found is not None and type(found) is type(value) and found == value
