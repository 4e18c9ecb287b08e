"""Many configs as an array and back: column by column, each by the coding of its hyperparameter.

The array is that of `Configuration.get_array` for each config: places in [0, 1], positions of
choices, NaN where inactive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import compress, islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from neps_cs.codings import Carrier, Coding, Fixed, Held, Objects, Position, Spread, no_others
from neps_cs.conditions import Condition, parents
from neps_cs.errors import ConfigError, Problem
from neps_cs.exact import NO_VALUES, exact, is_identity
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.masks import Mask, mask
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, Site
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import replay
from neps_cs.scales import Floats
from neps_cs.values import Plain

_BLOCK = 64
"""So many configs are made at a time: what they are made of stays in the processor's cache."""

Shown: TypeAlias = dict[str, Any]
"""What the mapping of a configuration shows: values as the hyperparameters hold them."""


class Encoded(NamedTuple):
    """The array, shape (configs, hyperparameters), and what each configuration shows."""

    array: Floats
    shown: list[Shown]


class _Group(NamedTuple):
    """The entries that one condition makes active, those of decisions before constants."""

    condition: Condition | None
    decisions: list[Entry]
    constants: list[Entry]

    def columns(self, rows: Sequence[Mapping[str, Plain]]) -> list[tuple[Entry, Sequence[Any]]] | None:
        """What configs that the condition holds in have at each entry; None if one lacks something."""
        columns: Iterable[Sequence[Any]] = [()] * len(self.decisions)
        if rows and self.decisions:
            # config by config, as each is in the processor's cache then
            try:
                found = list(map(itemgetter(*(e.address for e in self.decisions)), rows))
            except KeyError:
                return None
            columns = [found] if len(self.decisions) == 1 else zip(*found, strict=True)
        nothing: Sequence[Any] = [None] * len(rows)
        return [*zip(self.decisions, columns, strict=True), *((e, nothing) for e in self.constants)]


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
                    values[j] = coding.values(filled[j], no_others)
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
        codes, decided, differing = self._never(len(configs)), 0, list[tuple[str, Any, Sequence[Any]]]()
        for group in self._groups:
            active: Any = slice(None)
            rows = configs
            if group.condition is not None:
                active = mask(group.condition, self._sites, codes)
                rows = list(compress(configs, active.tolist()))
            columns = group.columns(rows)
            if columns is None:
                return self._replayed_encode(configs)
            decided += len(rows) * len(group.decisions)
            for entry, values in columns:
                address, coding = entry.address, self.codings[entry.address]
                found = exact(coding, entry, values) if rows else NO_VALUES
                if found is None:
                    return self._replayed_encode(configs)
                places[self.positions[address], active] = found.units
                if address in self._read:
                    codes[address] = np.full(len(configs), np.nan)
                    codes[address][active] = found.codes
                if address not in self._shown_as_held:
                    differing.append((address, active, coding.seen(values, found.units)))
        if decided != sum(map(len, configs)):  # each holds what it must, one more than that
            return self._replayed_encode(configs)
        if self.resolver.forbidding is not None:
            self.resolver.forbidding.check_all(configs)
        return Encoded(np.ascontiguousarray(places.T), _shown(configs, differing))

    @cached_property
    def _groups(self) -> list[_Group]:
        """All entries, those that conditions read before what depends on them."""
        groups: dict[Condition | None, _Group] = {}
        for entry in self._sorted(lambda e: () if e.condition is None else parents(e.condition)):
            group = groups.setdefault(entry.condition, _Group(entry.condition, [], []))
            (group.constants if isinstance(entry.site, ConstantSite) else group.decisions).append(entry)
        return list(groups.values())

    @cached_property
    def _shown_as_held(self) -> frozenset[str]:
        return frozenset(a for a, coding in self.codings.items() if is_identity(coding))

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


def _shown(
    configs: Sequence[Mapping[str, Plain]], differing: Iterable[tuple[str, Any, Sequence[Any]]]
) -> list[Shown]:
    """What configs hold, but for the columns that hyperparameters hold in another way."""
    shown: list[Shown] = [c.copy() for c in configs]  # type: ignore[attr-defined]
    for address, active, seen in differing:
        rows = shown if isinstance(active, slice) else compress(shown, active.tolist())
        for row, value in zip(rows, seen, strict=True):
            row[address] = value
    return shown


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
