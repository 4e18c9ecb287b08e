"""Array → configs. Inverse of `neps_cs.columns.encode`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numpy as np

from neps_cs.codings import (
    PLACES,
    Carrier,
    Coding,
    Cut,
    Grid,
    Held,
    Objects,
    Position,
    Spread,
    is_drawn,
    no_others,
)
from neps_cs.columns.exact import codes_of
from neps_cs.columns.table import Shown, Table
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.masks import Codes, Mask, column_of
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.scales import Floats

_BLOCK = 64
"""So many configs are made at a time: what they are made of stays in the processor's cache."""

_TOLERANCE = 1e-9
_RULE = "a configuration must have a value where a hyperparameter is active, and only there"


def decode(table: Table, array: Floats, given: Sequence[Mapping[str, Any] | None]) -> list[Config]:
    """The configs of an array; `given` is what its configurations show, with exact values where they were
    made by a side-car.

    Raises ConfigError for what lies outside of a hyperparameter's places, for a value where none may
    be, and for one that is missing; but not where ConfigSpace itself may be wrong about that.
    """
    places = array.T[table.rows]  # a row for each of the entries in order
    absent = np.isnan(places)
    lacking = absent.any(axis=1).tolist()
    filled = np.where(absent, 0.0, places)
    problems = list(_outside(table, filled))
    if problems:
        raise ConfigError(problems)
    values = np.empty((len(table.names) + 1, len(array)), dtype=object)  # the last row is for constants
    every = [(i, seen) for i, seen in enumerate(given) if seen]
    ours = [(i, seen) for i, seen in every if isinstance(seen, Shown)]
    codes, masks = table.never(len(array)), dict[int, Mask]()
    for j, (entry, row) in enumerate(zip(table.in_order, table.value_rows, strict=True)):
        address, coding = entry.address, table.codings[entry.address]
        gone, column, units = absent[j], values[row], filled[j]
        if entry.condition is not None or lacking[j]:
            problems += _misplaced(table, entry, gone, codes, masks)
        if is_drawn(coding):
            chosen = np.flatnonzero(~gone)
            column[chosen] = coding.values(units[chosen], partial(_taken, table, values, chosen))
        else:  # any place will do where it is inactive: nothing of that is kept
            column[:] = coding.values(units, no_others)
        for unit, value in table.marks[address]:
            column[units == unit] = value
        if every:
            _restore(column, address, every if _may_say_more(coding) else ours, coding)
        if address in table.read:
            code = codes_of(coding, entry, units, column)
            codes[address] = column_of(code[~gone], ~gone, len(array))
    if problems and not table.compares_vectors:
        raise ConfigError(dict.fromkeys(problems))
    return dicts(table.names, values[:-1].T, ~absent[table.decided].T)


def _outside(table: Table, filled: Floats) -> Iterator[Problem]:
    """Places that no hyperparameter has."""
    if not filled.size:
        return
    low, high = filled.min(axis=1), filled.max(axis=1)
    for j in np.flatnonzero((low < -_TOLERANCE) | (high > table.tops + _TOLERANCE)).tolist():
        address, got = table.in_order[j].address, repr(float(low[j] if low[j] < 0 else high[j]))
        if isinstance(table.codings[address], Position):
            yield Problem("the vector of a choice must be one of its positions", got, address)
        else:
            yield Problem("the vector of a number must lie in [0, 1]", got, address)


def _misplaced(
    table: Table, entry: Entry, gone: Mask, codes: Mapping[str, Codes], masks: dict[int, Mask]
) -> Iterator[Problem]:
    """Where there is no value that should be, or the other way round; what is dead is `gone` afterwards."""
    if entry.condition is None:
        missing, left = gone, None
    else:
        number = table.condition_number[entry.address]
        alive = masks.get(number)
        if alive is None:
            alive = masks[number] = table.mask(entry.condition, codes)
        if entry.address in table.loose:
            missing, left = gone & alive, None
            gone |= ~alive
        else:
            missing = left = gone == alive
    if missing.any():
        at = int(np.flatnonzero(missing)[0])
        what = "a value" if left is not None and not gone[at] else "none"
        got = what if len(gone) == 1 else f"{what} in configuration {at}"
        yield Problem(_RULE, got, entry.address)


def _taken(table: Table, values: Objects, rows: Any, address: str) -> list[Any]:
    return values[table.names.index(address), rows].tolist()  # type: ignore[no-any-return]


def _may_say_more(coding: Coding) -> bool:
    """Whether what any configuration shows may be nearer to what it was made of than its places are."""
    return isinstance(coding, (Spread, Cut)) or (isinstance(coding, Held) and not coding.integer)


def _restore(
    column: Objects, address: str, given: Sequence[tuple[int, Mapping[str, Any]]], coding: Coding
) -> None:
    """Put exact values in place of those that places can't tell apart."""
    for i, seen in given:
        value: Any = seen.get(address)
        if isinstance(value, Carrier):
            column[i] = value.value
        elif isinstance(coding, Held) and not coding.integer and isinstance(value, float):
            if isinstance(seen, Shown) or abs(value - column[i]) <= _rounding(column[i]):
                column[i] = float(min(coding.upper, max(coding.lower, value)))
        elif type(value) is int and isinstance(seen, Shown):
            if isinstance(coding, Held):
                column[i] = min(coding.upper, max(coding.lower, value))
            elif isinstance(coding, Grid):
                column[i] = coding.scale.grid(value)


def _rounding(value: float) -> float:
    """How far what a configuration was made of may lie from what its vector says."""
    return 1e-9 * abs(value) + 10.0**-PLACES


def dicts(names: list[str], values: Objects, active: Mask) -> list[Config]:
    """A dict for each row, of what is active; `values` and `active` have a row for each config."""
    if active.all():
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    found, size = list[Config](), len(names)
    for start in range(0, len(values), _BLOCK):
        here = np.ascontiguousarray(active[start : start + _BLOCK])
        flags, kept = here.tobytes(), iter(values[start : start + _BLOCK][here].tolist())
        keys = (compress(names, flags[i : i + size]) for i in range(0, len(flags), size))
        found += [dict(zip(each, kept, strict=False)) for each in keys]
    return found
