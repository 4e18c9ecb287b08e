"""What both directions know of a translation: its columns, in which order they can be read, and what
conditions read."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neps_cs.codings import Coding, Held, Position, Spread, no_others
from neps_cs.conditions import Condition, In, parents
from neps_cs.forbidden import Clause, Relation, leaves
from neps_cs.resolving.masks import Codes, Mask, mask
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ConstantSite, FidelitySite, NumberSite, Site
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.scales import Floats
from neps_cs.values import Plain


class Shown(dict[str, Any]):
    """What the mapping of a configuration that was made here shows: values as the hyperparameters hold them.

    `exact` has what the config holds in place of some of them, `extra` names those that it does not hold;
    both hold as long as `vector` is that of the configuration.
    """

    exact: Mapping[str, Plain] = types.MappingProxyType({})
    extra: frozenset[str] = frozenset()
    vector: Floats | None = None

    def put(self, address: str, seen: Any) -> None:
        """Show something else than the config holds there."""
        if address not in self.extra:
            self.exact = {**self.exact, address: self[address]}
        self[address] = seen

    @property
    def config(self) -> Config:
        """The config that this was made of."""
        if not self.extra and not self.exact:
            return dict(self)
        return {k: self.exact.get(k, v) for k, v in self.items() if k not in self.extra}


class Encoded(NamedTuple):
    """The array, shape (configs, hyperparameters), and what each configuration shows."""

    array: Floats
    shown: list[Shown]


class Group(NamedTuple):
    """The entries that one condition makes active, those of decisions before constants."""

    condition: Condition | None
    decisions: list[Entry]
    constants: list[Entry]

    def columns(self, rows: Sequence[Mapping[str, Plain]]) -> list[tuple[Entry, list[Any]]] | None:
        """What configs that the condition holds in have at each entry; None if one lacks something."""
        try:
            decided = [(e, _values(e.address, rows)) for e in self.decisions]
        except KeyError:
            return None
        nothing = [None] * len(rows)
        return [*decided, *((e, nothing) for e in self.constants)]


class Table:
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

    @cached_property
    def is_simple(self) -> bool:
        """Whether a config can be checked column by column: nothing comes from outside, and what may be
        decided depends on no other decision."""
        drawn = any(bounds(coding) for coding in self.codings.values())
        outside = any(isinstance(e.site, FidelitySite) for e in self.entries.values())
        return not drawn and not outside and not self.resolver.fidelities

    @cached_property
    def in_order(self) -> list[Entry]:
        """The entries, those of what others have as bounds or in their conditions before these."""
        order: dict[str, Entry] = {}
        stack = list(reversed(self.entries.values()))
        while stack:
            entry = stack[-1]
            above = (*bounds(self.codings[entry.address]), *reads(entry))
            open_ = [self.entries[a] for a in above if a in self.entries and a not in order]
            if open_:
                stack += open_
            else:
                order.setdefault(stack.pop().address, entry)
        return list(order.values())

    @cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """Where in a vector each of the entries in order stands."""
        return np.array([self.positions[e.address] for e in self.in_order], dtype=np.intp)

    @cached_property
    def tops(self) -> Floats:
        """The greatest place of each of the entries in order."""
        codings = (self.codings[e.address] for e in self.in_order)
        return np.array([len(c.choices) - 1 if isinstance(c, Position) else 1 for c in codings], dtype=float)

    @cached_property
    def names(self) -> list[str]:
        """The addresses of decisions, as a config has them."""
        return [a for a in self.entries if a not in self.constants]

    @cached_property
    def value_rows(self) -> list[int]:
        """Where in `names` each of the entries in order stands, -1 for constants."""
        at = {a: i for i, a in enumerate(self.names)}
        return [at.get(e.address, -1) for e in self.in_order]

    @cached_property
    def decided(self) -> npt.NDArray[np.intp]:
        """Where among the entries in order those of `names` stand."""
        at = {e.address: j for j, e in enumerate(self.in_order)}
        return np.array([at[a] for a in self.names], dtype=np.intp)

    @cached_property
    def condition_number(self) -> Mapping[str, int]:
        """By address a number of its condition. Conditions on 1 and on True are two, though equal."""
        numbers: dict[str, int] = {}
        return {a: numbers.setdefault(repr(e.condition), len(numbers)) for a, e in self.entries.items()}

    @cached_property
    def groups(self) -> list[Group]:
        """All entries, those that conditions read before what depends on them."""
        groups: dict[int, Group] = {}
        for entry in self.in_order:
            number = self.condition_number[entry.address]
            group = groups.setdefault(number, Group(entry.condition, [], []))
            (group.constants if isinstance(entry.site, ConstantSite) else group.decisions).append(entry)
        return list(groups.values())

    @cached_property
    def constants(self) -> frozenset[str]:
        """The addresses that a config does not hold."""
        return frozenset(a for a, e in self.entries.items() if isinstance(e.site, ConstantSite))

    @cached_property
    def read(self) -> frozenset[str]:
        """The addresses that conditions read."""
        return frozenset(p for e in self.entries.values() for p in reads(e))

    @cached_property
    def marks(self) -> Mapping[str, Sequence[tuple[float, float]]]:
        """By address (place, value) of what conditions and clauses compare real numbers with, and of
        defaults, where a place says something else: last bits decide on which side of a bound it lies."""
        statements: list[Clause] = [e.condition for e in self.entries.values() if e.condition is not None]
        if self.resolver.forbidding is not None:
            statements += [bound.addressed for bound in self.resolver.forbidding.clauses]
        compared: dict[str, set[Any]] = {}
        for literal in (leaf for statement in statements for leaf in leaves(statement)):
            if not isinstance(literal, Relation):
                values = literal.values if isinstance(literal, In) else (literal.value,)
                compared.setdefault(literal.parent, set()).update(values)
        return {a: _marks(self.codings[a], compared.get(a, set())) for a in self.entries}

    @cached_property
    def shown_as_held(self) -> frozenset[str]:
        """Where a configuration shows the very values of configs."""
        return frozenset(a for a, coding in self.codings.items() if _is_identity(coding))

    @cached_property
    def _sites(self) -> Mapping[str, Site]:
        return {a: e.site for a, e in self.entries.items()}

    def never(self, n: int) -> dict[str, Codes]:
        """The columns of parents of conditions that are never active, and so have no hyperparameter."""
        return {a: np.full(n, np.nan) for a in self.read if a not in self.entries}

    def mask(self, condition: Condition, codes: Mapping[str, Codes]) -> Mask:
        """Where a condition holds; `codes` are what it reads, see `masks`."""
        return mask(condition, self._sites, codes)

    @cached_property
    def compares_vectors(self) -> bool:
        """Whether an integer with a prior decides what is active: the vectors that ConfigSpace draws for it,
        or finds near by, lie beside those of its values, and it compares them, so that it may be wrong."""
        found = (self.entries.get(a) for a in self.read)
        return any(
            isinstance(e.site, NumberSite) and e.site.record.integer and e.site.record.prior is not None
            for e in found
            if e is not None and isinstance(self.codings[e.address], Held)
        )


def _values(address: str, rows: Sequence[Mapping[str, Plain]]) -> list[Any]:
    return [config[address] for config in rows]


def reads(entry: Entry) -> tuple[str, ...]:
    """The addresses that the condition of an entry reads."""
    return () if entry.condition is None else parents(entry.condition)


def bounds(coding: Coding) -> tuple[str, ...]:
    """The addresses at which the bounds of a number are drawn."""
    found = (coding.lower_at, coding.upper_at) if isinstance(coding, Spread) else ()
    return tuple(a for a in found if a is not None)


def _marks(coding: Coding, compared: Iterable[Any]) -> list[tuple[float, float]]:
    if not isinstance(coding, Held) or coding.integer:
        return []
    numbers = (v for v in (*compared, coding.hyperparameter.default_value) if isinstance(v, (int, float)))
    values = np.array(sorted({float(v) for v in numbers if coding.lower <= v <= coding.upper}))
    units = coding.units(values, no_others)
    differ = coding.values(units, no_others) != values
    return list(zip(units[differ].tolist(), values[differ].tolist(), strict=True))


def _is_identity(coding: Coding) -> bool:
    match coding:
        case Held():
            return True
        case Position(choices=choices, held=held):
            return all(a is b for a, b in zip(choices, held, strict=True))
        case _:
            return False
