"""Array → configs. Inverse of `neps_cs.columns.encode`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from neps_cs.codings import Carrier, Coding, Cut, Grid, Held, Objects, Position, Spread, no_others
from neps_cs.columns.exact import codes_of
from neps_cs.columns.table import Shown, Table, bounds
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.masks import Codes, Mask, column_of
from neps_cs.resolving.sites import ConstantSite
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.scales import Floats

_BLOCK = 64
"""So many configs are made at a time: what they are made of stays in the processor's cache."""

_NOTHING: Objects = np.empty(0, dtype=object)
_TOLERANCE = 1e-9
_RULE = "a configuration must have a value where a hyperparameter is active, and only there"


def decode(table: Table, array: Floats, given: Sequence[Mapping[str, Any] | None]) -> list[Config]:
    """The configs of an array; `given` is what its configurations show, with exact values where they were
    made by a side-car.

    Raises ConfigError for what lies outside of a hyperparameter's places, for a value where none may
    be, and for one that is missing; but not where ConfigSpace itself may be wrong about that.
    """
    order = [a for a, e in table.entries.items() if not isinstance(e.site, ConstantSite)]
    row_of = {a: j for j, a in enumerate(order)}
    places = array.T[[table.positions[a] for a in order]]  # a row for each hyperparameter
    absent = np.isnan(places)
    filled = np.where(absent, 0.0, places)
    problems = list(_outside(table, order, filled))
    if problems:
        raise ConfigError(problems)
    values = np.empty(places.shape, dtype=object)
    every = [(i, seen) for i, seen in enumerate(given) if seen is not None]
    ours = [(i, seen) for i, seen in every if isinstance(seen, Shown)]  # others show no more than places say
    codes, masks = table.never(len(array)), dict[int, Mask]()
    for entry in table.in_order:
        address, coding = entry.address, table.codings[entry.address]
        j = row_of.get(address)
        gone = np.isnan(array[:, table.positions[address]]) if j is None else absent[j]
        problems += _misplaced(table, entry, gone, codes, masks)
        column, units = (_NOTHING, np.zeros(len(array))) if j is None else (values[j], filled[j])
        if j is not None and bounds(coding):
            chosen = np.flatnonzero(~gone)
            column[chosen] = coding.values(units[chosen], partial(_taken, values, row_of, chosen))
        elif j is not None:  # any place will do where it is inactive: nothing of that is kept
            column[:] = coding.values(units, no_others)
        if isinstance(coding, (Held, Grid)):
            _restore(column, address, ours, coding)
        elif isinstance(coding, (Spread, Cut)):
            _restore(column, address, every, coding)
        if address in table.read:
            code = codes_of(coding, entry, units, column)
            codes[address] = column_of(code[~gone], ~gone, len(array))
    if problems and not table.compares_vectors:
        raise ConfigError(dict.fromkeys(problems))
    return _dicts(order, values.T, ~absent.T)


def _outside(table: Table, order: Sequence[str], filled: Floats) -> Iterator[Problem]:
    """Places that no hyperparameter has."""
    if not filled.size:
        return
    codings = [table.codings[a] for a in order]
    tops = np.array([len(c.choices) - 1 if isinstance(c, Position) else 1 for c in codings])
    low, high = filled.min(axis=1), filled.max(axis=1)
    for j in np.flatnonzero((low < -_TOLERANCE) | (high > tops + _TOLERANCE)).tolist():
        got = low[j] if low[j] < 0 else high[j]
        if isinstance(codings[j], Position):
            yield Problem("the vector of a choice must be one of its positions", repr(float(got)), order[j])
        else:
            yield Problem("the vector of a number must lie in [0, 1]", repr(float(got)), order[j])


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


def _taken(values: Objects, row_of: Mapping[str, int], rows: Any, address: str) -> list[Any]:
    return values[row_of[address], rows].tolist()  # type: ignore[no-any-return]


def _restore(
    column: Objects, address: str, given: Sequence[tuple[int, Mapping[str, Any]]], coding: Coding
) -> None:
    """Put exact values in place of those that places can't tell apart."""
    for i, seen in given:
        value: Any = seen.get(address)
        if isinstance(value, Carrier):
            column[i] = value.value
        elif type(value) in (int, float) and isinstance(seen, Shown):
            if isinstance(coding, Held):
                column[i] = min(coding.upper, max(coding.lower, value))
            elif isinstance(coding, Grid):
                column[i] = coding.scale.grid(value)


def _dicts(names: list[str], values: Objects, active: Mask) -> list[Config]:
    """A dict for each row, of what is active."""
    if active.all():
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    found, columns = list[Config](), np.array(names, dtype=object)
    for start in range(0, len(values), _BLOCK):
        here = active[start : start + _BLOCK]
        keys = iter(np.broadcast_to(columns, here.shape)[here].tolist())
        kept = iter(values[start : start + _BLOCK][here].tolist())
        found += [dict(zip(islice(keys, n), kept, strict=False)) for n in here.sum(axis=1).tolist()]
    return found
