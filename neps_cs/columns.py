"""Many configs as an array and back: column by column, each by the coding of its hyperparameter.

The array is that of `Configuration.get_array` for each config: places in [0, 1], positions of
choices, NaN where inactive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from typing_extensions import assert_never

from neps_cs.codings import Carrier, Coding, Cut, Fixed, Grid, Held, Objects, Position, Spread
from neps_cs.conditions import parents
from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.fitting import index_of, number_of
from neps_cs.resolving.masks import Mask, mask
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, Site
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import replay
from neps_cs.scales import Floats, Scale
from neps_cs.values import Plain, plain_key

Shown: TypeAlias = dict[str, Any]
"""What the mapping of a configuration shows: values as the hyperparameters hold them."""


class Encoded(NamedTuple):
    """The array, shape (configs, hyperparameters), and what each configuration shows."""

    array: Floats
    shown: list[Shown]


class Columns:
    """`positions` says by address which column it is; `loose` is that of the side-car."""

    def __init__(
        self,
        resolver: Resolver,
        entries: Sequence[Entry],
        codings: Mapping[str, Coding],
        positions: Mapping[str, int],
        loose: frozenset[str] = frozenset(),
    ) -> None:
        self.resolver, self.codings, self.positions, self.loose = resolver, codings, positions, loose
        self.entries = {e.address: e for e in entries}

    def encode(self, configs: Sequence[Mapping[str, Plain]]) -> Encoded:
        """Configs as an array. Raises ConfigError with what does not fit in any of them."""
        return self._checked_encode(configs) if self._is_simple else self._replayed_encode(configs)

    def decode(self, array: Floats, shown: Sequence[Shown | None]) -> list[Config]:
        """The configs of an array; `shown` has exact values, where its configurations were made here.

        Raises ConfigError for what is no position of a choice.
        """
        order = [a for a, e in self.entries.items() if not isinstance(e.site, ConstantSite)]
        column_of = {a: j for j, a in enumerate(order)}
        places = array.T[[self.positions[a] for a in order]]  # a row for each hyperparameter
        absent = np.isnan(places)
        filled = np.where(absent, 0.0, places)
        made_here = [(i, s) for i, s in enumerate(shown) if s is not None]
        values = np.empty(places.shape, dtype=object)
        codes = self._never(len(array))
        for entry in self._read_first:
            address = entry.address
            j = column_of.get(address)
            gone = np.isnan(array[:, self.positions[address]]) if j is None else absent[j]
            if address in self.loose and entry.condition is not None:
                gone |= ~mask(entry.condition, self._sites, codes)
            if j is not None:
                coding = self.codings[address]
                if not _bounds(coding):  # any place will do where it is inactive: nothing of that is kept
                    values[j] = coding.values(filled[j], _no_others)
                else:
                    chosen = np.flatnonzero(~gone)
                    given = partial(_taken, values, column_of, chosen)
                    values[j, chosen] = coding.values(places[j, chosen], given)
                if not isinstance(coding, (Position, Fixed)):
                    _restore(values[j], address, made_here, coding)
            if address in self._read_by_loose:
                codes[address] = _code(entry.site, [] if j is None else values[j], gone)
        return _dicts(order, values.T, ~absent.T)

    @cached_property
    def _read_first(self) -> list[Entry]:
        """The entries, those of what others have as bounds, or are loose under, before these."""
        return self._sorted(lambda e: (*_bounds(self.codings[e.address]), *self._above(e)))

    def _above(self, entry: Entry) -> tuple[str, ...]:
        loose = entry.condition is not None and entry.address in self.loose
        return parents(entry.condition) if loose and entry.condition is not None else ()

    @cached_property
    def _read_by_loose(self) -> frozenset[str]:
        return frozenset(p for e in self.entries.values() for p in self._above(e))

    def _never(self, n: int) -> dict[str, Floats]:
        """The columns of parents of conditions that are never active, and so have no hyperparameter."""
        return {a: np.full(n, np.nan) for a in self._read if a not in self.entries}

    @cached_property
    def _parents_first(self) -> list[Entry]:
        """The entries, those that conditions of others read before these."""
        return self._sorted(lambda e: () if e.condition is None else parents(e.condition))

    def _sorted(self, before: Callable[[Entry], Iterable[str]]) -> list[Entry]:
        order: dict[str, Entry] = {}
        stack = list(reversed(self.entries.values()))
        while stack:
            entry = stack[-1]
            open_ = [self.entries[a] for a in before(entry) if a in self.entries and a not in order]
            if open_:
                stack += open_
            else:
                order.setdefault(stack.pop().address, entry)
        return list(order.values())

    @cached_property
    def _is_simple(self) -> bool:
        """Whether a config can be checked column by column: nothing comes from outside, and what may be
        decided depends on no other decision."""
        drawn = any(_bounds(coding) for coding in self.codings.values())
        outside = any(isinstance(e.site, FidelitySite) for e in self.entries.values())
        return not drawn and not outside and not self.resolver.fidelities

    def _checked_encode(self, configs: Sequence[Mapping[str, Plain]]) -> Encoded:
        """By columns, where every config is as the space records it; else by replay, which converts what
        fits and reports what does not."""
        if any(type(c) is not dict for c in configs):
            return self._replayed_encode(configs)
        places = np.full((len(self.positions), len(configs)), np.nan)  # a row for each hyperparameter
        shown: list[Shown] = [c.copy() for c in configs]  # type: ignore[attr-defined]
        decided = np.zeros(len(configs), dtype=int)
        codes = self._never(len(configs))
        for entry in self._parents_first:
            address, coding = entry.address, self.codings[entry.address]
            active = None if entry.condition is None else mask(entry.condition, self._sites, codes)
            chosen = slice(None) if active is None else active
            rows = shown if active is None else list(compress(shown, active.tolist()))
            if isinstance(entry.site, ConstantSite):
                values: Sequence[Plain] = [None] * len(rows)
            else:
                decided += 1 if active is None else active
                try:
                    values = list(map(itemgetter(address), rows))
                except KeyError:
                    return self._replayed_encode(configs)
            if not rows:
                codes[address] = np.full(len(configs), np.nan)
                continue
            found = _exact(coding, entry, values)
            if found is None:
                return self._replayed_encode(configs)
            places[self.positions[address], chosen] = found.units
            if address in self._read:
                codes[address] = code = np.full(len(configs), np.nan)
                code[chosen] = found.codes
            if address not in self._shown_as_held:
                for row, value in zip(rows, coding.seen(values, found.units), strict=True):
                    row[address] = value
        if decided.tolist() != list(map(len, configs)):
            return self._replayed_encode(configs)
        if self.resolver.forbidding is not None:
            self.resolver.forbidding.check_all(configs)
        return Encoded(np.ascontiguousarray(places.T), shown)

    @cached_property
    def _shown_as_held(self) -> frozenset[str]:
        return frozenset(a for a, coding in self.codings.items() if _is_identity(coding))

    @cached_property
    def _sites(self) -> Mapping[str, Site]:
        return {a: e.site for a, e in self.entries.items()}

    @cached_property
    def _read(self) -> frozenset[str]:
        conditions = (e.condition for e in self.entries.values() if e.condition is not None)
        return frozenset(p for c in conditions for p in parents(c))

    def _replayed_encode(self, configs: Sequence[Mapping[str, Plain]]) -> Encoded:
        found, problems = list[dict[str, Any]](), list[Problem]()
        for config in configs:
            try:
                found.append(self._replayed(config))
            except ConfigError as e:
                problems += e.problems
        if problems:
            raise ConfigError(problems)
        array = np.full((len(configs), len(self.positions)), np.nan)
        shown: list[Shown] = [{} for _ in configs]
        for address, at in self.positions.items():
            rows = [i for i, d in enumerate(found) if address in d]
            if not rows:
                continue
            coding, values = self.codings[address], [found[i][address] for i in rows]
            units = coding.units(values, _others(found, rows))
            array[rows, at] = units
            for i, value in zip(rows, coding.seen(values, units), strict=True):
                shown[i][address] = value
        return Encoded(array, shown)

    def _replayed(self, config: Mapping[str, Plain]) -> dict[str, Any]:
        """What the hyperparameters stand for, fidelities and constants (as None) included."""
        resolution = replay(self.resolver, config, build=False)
        problems = [
            Problem("the decision must lie within the translation's max_depth", repr(v), a)
            for a, v in resolution.config.items()
            if not self._holds(a, v)
        ]
        if problems:
            raise ConfigError(problems)
        decided: dict[str, Any] = dict(resolution.config)
        for address, entry in self.entries.items():
            if isinstance(entry.site, FidelitySite):
                decided[address] = resolution.fidelities[address]
            elif isinstance(entry.site, ConstantSite) and address in resolution.attributes:
                decided[address] = None
        return decided

    def _holds(self, address: str, value: Plain) -> bool:
        entry = self.entries.get(address)
        if entry is None:
            return False
        if isinstance(entry.site, ChoiceSite):
            return index_of(entry.site.branches, value) in entry.allowed
        return entry.allowed[0] <= value <= entry.allowed[1]  # type: ignore[operator]


def _bounds(coding: Coding) -> tuple[str, ...]:
    """The addresses at which the bounds of a number are drawn."""
    found = (coding.lower_at, coding.upper_at) if isinstance(coding, Spread) else ()
    return tuple(a for a in found if a is not None)


def _others(found: Sequence[Mapping[str, Any]], rows: list[int]) -> Any:
    return lambda other: [found[i][other] for i in rows]


def _taken(values: Objects, column_of: Mapping[str, int], rows: Any, address: str) -> list[Any]:
    return values[column_of[address], rows].tolist()  # type: ignore[no-any-return]


def _restore(column: Objects, address: str, made_here: Sequence[tuple[int, Shown]], coding: Coding) -> None:
    """Put the exact values of configurations that were made by a side-car in place of the rounded ones."""
    for i, values in made_here:
        value = values.get(address)
        if isinstance(value, Carrier):
            column[i] = value.value
        elif type(value) is float and isinstance(coding, Held):  # else it is a place
            column[i] = min(coding.upper, max(coding.lower, value))


def _code(site: Site, values: Any, gone: Mask) -> Floats:
    """What conditions read of decisions: see `masks`."""
    code = np.full(len(gone), np.nan)
    for i in np.flatnonzero(~gone).tolist():
        if isinstance(site, ChoiceSite):
            index = index_of(site.branches, values[i])
            code[i] = np.nan if index is None else index
        else:
            code[i] = 0.0 if isinstance(site, ConstantSite) else values[i]
    return code


def _dicts(names: list[str], values: Objects, active: Mask) -> list[Config]:
    """A dict for each row, of what is active."""
    if active.all():
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    kept = values[active].tolist()
    keys = np.broadcast_to(np.array(names, dtype=object), values.shape)[active].tolist()
    ends = np.cumsum(active.sum(axis=1)).tolist()
    return [dict(zip(keys[a:b], kept[a:b], strict=True)) for a, b in zip([0, *ends], ends, strict=False)]


def _is_identity(coding: Coding) -> bool:
    """Whether a configuration shows what a config holds."""
    match coding:
        case Held():
            return True
        case Position(choices=choices, held=held):
            return all(a is b for a, b in zip(choices, held, strict=True))
        case _:
            return False


class _Exact(NamedTuple):
    """The places of a column, and what conditions on it read: the index of a branch, or the number."""

    units: Floats
    codes: Floats


def _exact(coding: Coding, entry: Entry, values: Sequence[Any]) -> _Exact | None:
    """A column of values that are as the space records them; None if one of them is not."""
    match coding:
        case Position() | Cut():
            places = coding.places(values)
            if places is None:
                return None
            units = places if isinstance(coding, Position) else coding.units(values, _no_others)
            every = entry.allowed == tuple(range(len(entry.allowed)))
            return _Exact(units, places if every else np.array(entry.allowed)[places.astype(np.intp)])
        case Held(integer=integer, lower=lower, upper=upper):
            if set(map(type, values)) != {int if integer else float}:
                return None
            numbers = np.array(values, dtype=float)
            if not (numbers.min() >= lower and numbers.max() <= upper):  # false for NaN
                return None
            return _Exact(coding.units(numbers, _no_others), numbers)
        case Fixed(value=value):
            held = isinstance(entry.site, ConstantSite) or all(
                plain_key(v) == plain_key(value) for v in values
            )
            code = value if isinstance(value, (int, float)) else 0.0
            return _Exact(coding.units(values, _no_others), np.full(len(values), code)) if held else None
        case Grid() | Spread():
            scale = coding.scale if isinstance(coding, Grid) else coding.distribution.scale
            if not all(_is_point(scale, v) for v in values):
                return None
            return _Exact(coding.units(values, _no_others), np.array(values, dtype=float))
        case _:
            assert_never(coding)


def _no_others(address: str) -> Sequence[Any]:
    raise AssertionError(f"bounds at {address} are read by replay only")


def _is_point(scale: Scale, value: object) -> bool:
    found = number_of(scale, value)
    return found is not None and type(found) is type(value) and found == value
