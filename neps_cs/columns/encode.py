"""Configs → array. Inverse of `neps_cs.columns.decode`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from neps_cs.columns.exact import NO_VALUES, exact
from neps_cs.columns.table import Encoded, Shown, Table
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.masks import column_of
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite
from neps_cs.sampling.replay import replay
from neps_cs.values import Plain, object_array, shown


def encode(table: Table, configs: Sequence[Mapping[str, Plain]]) -> Encoded:
    """Configs as an array. Raises ConfigError with what does not fit in any of them."""
    found = _by_columns(table, configs) if table.is_simple and all(type(c) is dict for c in configs) else None
    return _by_replay(table, configs) if found is None else found


def _by_columns(table: Table, configs: Sequence[Mapping[str, Plain]]) -> Encoded | None:
    """Where every config is as the space records it. None where one is not: replay converts what fits and
    reports what does not."""
    places = np.full((len(table.positions), len(configs)), np.nan)  # a row for each hyperparameter
    codes, decided, differing = table.never(len(configs)), 0, list[tuple[str, Any, Sequence[Any]]]()
    given = object_array(configs)
    for group in table.groups:
        active: Any = slice(None)
        if group.condition is not None:
            active = np.flatnonzero(table.mask(group.condition, codes))
        rows = given[active].tolist()
        columns = group.columns(rows)
        if columns is None:
            return None
        decided += len(rows) * len(group.decisions)
        for entry, values in columns:
            address, coding = entry.address, table.codings[entry.address]
            found = exact(coding, entry, values) if rows else NO_VALUES
            if found is None:
                return None
            places[table.positions[address]][active] = found.units
            if address in table.read:
                codes[address] = column_of(found.codes, active, len(configs))
            if address not in table.shown_as_held:
                differing.append((address, active, coding.seen(values, found.units)))
    if decided != sum(map(len, configs)):  # each holds what it must, one more than that
        return None
    if table.resolver.forbidding is not None:
        table.resolver.forbidding.check_all(configs)
    return Encoded(np.ascontiguousarray(places.T), _shown(table, configs, differing))


def _shown(
    table: Table, configs: Iterable[Mapping[str, Any]], differing: Iterable[tuple[str, Any, Sequence[Any]]]
) -> list[Shown]:
    """What configs hold, but for the columns that hyperparameters hold in another way."""
    made = [Shown(c) for c in configs]
    for row in made if table.constants else ():
        row.extra = table.constants
    for address, active, seen in differing:
        rows = range(len(made)) if isinstance(active, slice) else active.tolist()
        for i, value in zip(rows, seen, strict=True):
            made[i].put(address, value)
    return made


def _by_replay(table: Table, configs: Sequence[Mapping[str, Plain]]) -> Encoded:
    found, problems = list[dict[str, Any]](), list[Problem]()
    for i, config in enumerate(configs):
        try:
            found.append(_replayed(table, config))
        except ConfigError as e:
            among = f" in config {i}" if len(configs) > 1 else ""
            problems += [Problem(p.rule, f"{p.got}{among}", p.place) for p in e.problems]
    if problems:
        raise ConfigError(problems)
    array = np.full((len(configs), len(table.positions)), np.nan)
    differing = list[tuple[str, Any, Sequence[Any]]]()
    for address, at in table.positions.items():
        active = np.array([i for i, d in enumerate(found) if address in d], dtype=np.intp)
        rows = [found[i] for i in active.tolist()]
        if not rows:
            continue
        coding, values = table.codings[address], [d[address] for d in rows]
        units = coding.units(values, partial(_others, rows))
        array[active, at] = units
        if address not in table.shown_as_held:
            differing.append((address, active, coding.seen(values, units)))
    return Encoded(array, _shown(table, found, differing))


def _others(rows: Sequence[Mapping[str, Any]], address: str) -> list[Any]:
    return [d[address] for d in rows]


def _replayed(table: Table, config: Mapping[str, Plain]) -> dict[str, Any]:
    """What the hyperparameters stand for, fidelities and constants (as None) included."""
    resolution = replay(table.resolver, config, build=False)
    problems = [
        Problem("the decision must lie within the translation's max_depth", shown(v), a)
        for a, v in resolution.config.items()
        if not _holds(table, a, v)
    ]
    if problems:
        raise ConfigError(problems)
    decided: dict[str, Any] = dict(resolution.config)
    for address, entry in table.entries.items():
        if isinstance(entry.site, FidelitySite):
            decided[address] = resolution.fidelities[address]
        elif isinstance(entry.site, ConstantSite) and address in resolution.attributes:
            decided[address] = None
    return decided


def _holds(table: Table, address: str, value: Plain) -> bool:
    entry = table.entries.get(address)
    if entry is None:
        return False
    if isinstance(entry.site, ChoiceSite):
        return index_of(entry.site.branches, value) in entry.allowed
    return entry.allowed[0] <= value <= entry.allowed[1]  # type: ignore[operator]
