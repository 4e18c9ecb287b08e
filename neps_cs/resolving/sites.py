"""A graph compiled into sites: one for each place in which something is resolved.

A site knows its address and its record, and makes the sites below it when they are first
reached; so recursion costs what is used of it, and an address is built once. Two uses of one
shared node are one site. Sites never change once made, and hold nothing of a resolution.

| written at address `p` | below it |
|---|---|
| Operation(f, (a, b), {"k": c}) | p:0, p:1, p:k |
| Operation(f, args=x, kwargs=y), x and y nodes | p:args, p:kwargs |
| Operation(f, Repeated(n, x)) | p:count, p:0, p:1, … |
| Categorical((a, b)) | p is the decision; p:<label of the choice> |
| Categorical(choices=provider) | p:choices decides the provider, p:<label> chooses among what it gave |
| Repeated(n, x) | p:count, p:0, p:1, … |
| tuple, list, dict | p:0, p:1, p:<key> |
| x.resample(), ByName("x").resample() | p itself |
| a shared node | where it was defined, not below p |
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeAlias

from typing_extensions import assert_never

from neps_cs.graph.labels import choice_labels, choice_values
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
)
from neps_cs.graph.recursion import Recursion
from neps_cs.values import Plain, PlainKey, object_name, plain_key, unique

Nesting: TypeAlias = Mapping[Ref, int]
"""For each recursive definition, in how many nested uses of it a site lies."""


@dataclass(frozen=True, eq=False)
class NumberSite:
    """A decision for a number."""

    address: str
    record: NumberRecord


@dataclass(frozen=True, eq=False)
class ChoiceSite:
    """A decision for one of several branches. `values` are what a config calls them."""

    address: str
    record: ChoiceRecord
    choices: tuple[Ref, ...]
    labels: tuple[str, ...]
    values: tuple[Plain, ...]
    soonest: tuple[int, ...]
    nesting: int
    _branch: Callable[[int], Site] = field(repr=False)
    _made: dict[int, Site] = field(default_factory=dict, repr=False)

    @cached_property
    def every(self) -> tuple[int, ...]:
        """The indices of all branches."""
        return tuple(range(len(self.values)))

    @cached_property
    def index(self) -> Mapping[PlainKey, int]:
        """Config value → index, True, 1 and 1.0 apart."""
        return {plain_key(v): i for i, v in enumerate(self.values)}

    def branch(self, i: int) -> Site:
        """The site of the i-th branch."""
        site = self._made.get(i)
        if site is None:
            site = self._made[i] = self._branch(i)
        return site


@dataclass(frozen=True, eq=False)
class ProvidedSite:
    """A choice among what another choice, the provider, gives."""

    address: str
    provider: ChoiceSite | ProvidedSite
    _variant: Callable[[ChoiceSite, int], ChoiceSite | ProvidedSite] = field(repr=False)
    _made: dict[tuple[str, int], ChoiceSite | ProvidedSite] = field(default_factory=dict, repr=False)

    def variant(self, decided: ChoiceSite, i: int) -> ChoiceSite | ProvidedSite:
        """The choice that is left once the provider took the i-th branch of `decided`."""
        key = decided.address, i
        site = self._made.get(key)
        if site is None:
            site = self._made[key] = self._variant(decided, i)
        return site


@dataclass(frozen=True, eq=False)
class ConstantSite:
    """A value as it is; `shared` where it carries no state of its own, else copied per resolution."""

    address: str
    value: Any
    shared: bool


@dataclass(frozen=True, eq=False)
class FidelitySite:
    """A value that comes from outside, by the name of its attribute."""

    address: str
    record: FidelityRecord


@dataclass(frozen=True, eq=False)
class GroupSite:
    """A tuple, list or dict of sites; `keys` for a dict only."""

    address: str
    form: str
    _items: Callable[[], tuple[Site, ...]] = field(repr=False)
    keys: tuple[Plain, ...] = ()

    @cached_property
    def items(self) -> tuple[Site, ...]:
        """The sites of the items, made when they are first asked for: so nesting may be deep."""
        return self._items()


@dataclass(frozen=True, eq=False)
class OperationSite:
    """An operator with the sites of its arguments: a GroupSite where they are written out."""

    address: str
    operator: Callable[..., Any] | str
    _parts: Callable[[], tuple[Site, Site]] = field(repr=False)

    @cached_property
    def parts(self) -> tuple[Site, Site]:
        """The sites of args and kwargs, made when they are first asked for."""
        return self._parts()


@dataclass(frozen=True, eq=False)
class RepeatedSite:
    """Content, as often as `count` says. `may_end`: a count of 0 ends a recursion here."""

    address: str
    count: Site
    nesting: int
    may_end: bool
    _item: Callable[[int], Site] = field(repr=False)
    _made: dict[int, Site] = field(default_factory=dict, repr=False)

    def item(self, i: int) -> Site:
        """The site of the i-th item, from 0."""
        site = self._made.get(i)
        if site is None:
            site = self._made[i] = self._item(i)
        return site


Site: TypeAlias = (
    NumberSite
    | ChoiceSite
    | ProvidedSite
    | ConstantSite
    | FidelitySite
    | GroupSite
    | OperationSite
    | RepeatedSite
)
DecisionSite: TypeAlias = NumberSite | ChoiceSite

_STATELESS = (
    type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, enum.Enum,
    bool, int, float, str, bytes, types.NoneType,
)  # fmt: skip


class Program:
    """A compiled graph. `recursion` must have been checked."""

    def __init__(self, graph: SpaceGraph, recursion: Recursion) -> None:
        self.graph, self.recursion = graph, recursion
        self._homes = homes(graph, recursion)
        self._shared: dict[Ref, Site] = {}
        self._attributes: dict[str, Site] = {}
        self._labels: dict[tuple[Ref, ...], tuple[tuple[str, ...], tuple[Plain, ...]]] = {}

    def attribute(self, name: str) -> Site:
        """The site of an attribute: what ByName(name) refers to."""
        site = self._attributes.get(name)
        if site is None:
            own = self._named(name)  # an attribute that is only another's name is that other one
            site = self._attributes.get(own) or self._place(self.graph.root_of[own], own, {})
            self._attributes[own] = self._attributes[name] = site
        return site

    def _named(self, name: str) -> str:
        record = self.graph.records[self.graph.root_of[name]]
        while isinstance(record, ByNameRecord):
            name = record.name
            record = self.graph.records[self.graph.root_of[name]]
        return name

    def _place(self, ref: Ref, address: str, nesting: Nesting) -> Site:
        """What is written at `address`: a shared node leads to where it was defined."""
        record = self.graph.records[ref]
        match record:
            case ByNameRecord(name=name):
                return self.attribute(name)
            case ResampleRecord():
                return self._fresh(self.recursion.definition(ref), address, nesting)
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                site = self._shared.get(ref)
                if site is None:
                    site = self._shared[ref] = self._fresh(ref, self._homes[ref], {})
                return site
            case FidelityRecord():
                return FidelitySite(self._homes[ref], record)
            case ConstantRecord() | SequenceRecord() | MappingRecord():
                return self._fresh(ref, address, nesting)
            case _:
                assert_never(record)

    def _fresh(self, ref: Ref, address: str, nesting: Nesting) -> Site:
        """A use of its own of `ref` at `address`."""
        record = self.graph.records[ref]
        if ref in self.recursion.recursive:
            nesting = {**nesting, ref: nesting.get(ref, 0) + 1}
        match record:
            case NumberRecord():
                return NumberSite(address, record)
            case ChoiceRecord(choices=choices):
                if isinstance(choices, int):
                    return self._provided(choices, record, address, nesting)
                return self._choice(record, choices, address, nesting)
            case ConstantRecord(value=value):
                return ConstantSite(address, value, isinstance(value, _STATELESS))
            case OperationRecord(operator=operator):
                return OperationSite(address, operator, partial(self._parts, record, address, nesting))
            case RepeatedRecord():
                return self._repeated(ref, record, address, nesting)
            case SequenceRecord(form=form, items=items):
                segments = tuple(str(i) for i in range(len(items)))
                return GroupSite(address, form, partial(self._items, items, segments, address, nesting))
            case MappingRecord(keys=keys, items=items):
                segments = unique(_segment(k) for k in keys)
                return GroupSite(
                    address, "dict", partial(self._items, items, segments, address, nesting), keys
                )
            case FidelityRecord() | ResampleRecord() | ByNameRecord():
                return self._place(ref, address, nesting)
            case _:
                assert_never(record)

    def _items(
        self, items: tuple[Ref, ...], segments: tuple[str, ...], address: str, nesting: Nesting
    ) -> tuple[Site, ...]:
        return tuple(self._place(r, f"{address}:{s}", nesting) for r, s in zip(items, segments, strict=True))

    def _parts(self, record: OperationRecord, address: str, nesting: Nesting) -> tuple[Site, Site]:
        args, words = argument_segments(self.graph, self.recursion, record)
        args_site = self._place(record.args, _join(address, args), nesting)
        kwargs = self.graph.records[record.kwargs]
        if not isinstance(kwargs, MappingRecord):
            return args_site, self._place(record.kwargs, f"{address}:{words[0]}", nesting)
        items = partial(self._items, kwargs.items, words, address, nesting)
        return args_site, GroupSite(address, "dict", items, kwargs.keys)

    def _repeated(self, ref: Ref, record: RepeatedRecord, address: str, nesting: Nesting) -> Site:
        count = self._place(record.count, f"{address}:count", nesting)
        may_end = self.recursion.can_be_empty(ref) and self.recursion.heights[record.content] > 0
        item = partial(self._item, record.content, address, nesting)
        return RepeatedSite(address, count, max(nesting.values(), default=0), may_end, item)

    def _item(self, content: Ref, address: str, nesting: Nesting, i: int) -> Site:
        return self._place(content, f"{address}:{i}", nesting)

    def _choice(
        self, record: ChoiceRecord, choices: tuple[Ref, ...], address: str, nesting: Nesting
    ) -> ChoiceSite:
        known = self._labels.get(choices)
        if known is None:
            known = choice_labels(self.graph, choices), choice_values(self.graph, choices)
            self._labels[choices] = known
        labels, values = known
        heights = [self.recursion.heights[c] for c in choices]
        least = min(heights)
        soonest = tuple(i for i, h in enumerate(heights) if h == least)
        depth = max(nesting.values(), default=0)
        branch = partial(self._branch, choices, labels, address, nesting)
        return ChoiceSite(address, record, choices, labels, values, soonest, depth, branch)

    def _branch(
        self, choices: tuple[Ref, ...], labels: tuple[str, ...], address: str, nesting: Nesting, i: int
    ) -> Site:
        return self._place(choices[i], f"{address}:{labels[i]}", nesting)

    def _provided(
        self, source: Ref, record: ChoiceRecord, address: str, nesting: Nesting
    ) -> ChoiceSite | ProvidedSite:
        """The site of a Categorical whose choices `source` gives."""
        given = self.graph.records[self.recursion.definition(source)]
        if isinstance(given, SequenceRecord):
            return self._choice(record, given.items, address, nesting)
        provider = self._place(source, f"{address}:choices", nesting)
        assert isinstance(provider, (ChoiceSite, ProvidedSite)), "checked when the space was made"
        return ProvidedSite(
            address, provider, partial(self._variant, record, address, nesting, provider.address)
        )

    def _variant(
        self, record: ChoiceRecord, address: str, nesting: Nesting, base: str, decided: ChoiceSite, i: int
    ) -> ChoiceSite | ProvidedSite:
        inner = decided.address.removeprefix(base)
        label = unique(["choices", *decided.labels])[i + 1]  # the provider itself stands at `choices`
        return self._provided(decided.choices[i], record, f"{address}{inner}:{label}", nesting)


def _join(address: str, segment: str) -> str:
    return f"{address}:{segment}" if segment else address


def _segment(key: Plain) -> str:
    return object_name(key).replace(":", ".")


def argument_segments(
    graph: SpaceGraph, recursion: Recursion, record: OperationRecord
) -> tuple[str, tuple[str, ...]]:
    """The segment of `args` (empty where its items stand right below the operation) and those of kwargs."""
    args, kwargs = graph.records[record.args], graph.records[record.kwargs]
    words = [_segment(k) for k in kwargs.keys] if isinstance(kwargs, MappingRecord) else ["kwargs"]
    if isinstance(args, SequenceRecord):
        own, taken = "", [str(i) for i in range(len(args.items))]
    elif isinstance(graph.records[recursion.definition(record.args)], RepeatedRecord):
        own, taken = "", ["count", *dict.fromkeys(w for w in words if w.isdigit())]
    else:
        own, taken = "args", ["args"]
    return own, unique([*taken, *words])[len(taken) :]


def homes(graph: SpaceGraph, recursion: Recursion) -> list[str]:
    """For each record the address of its shared use: an attribute's name, else where it stands first.

    Fresh uses don't count: the place of `x.resample()` belongs to that use alone.
    """
    home = [graph.name_of.get(ref, "") for ref in range(len(graph.records))]
    entered: set[Ref] = set()
    for root in graph.roots:
        stack = [(root.ref, home[root.ref], False)]
        while stack:
            ref, address, fresh = stack.pop()
            if not fresh and not home[ref]:
                home[ref] = address
            inner = ref in graph.name_of and address != home[ref]
            if ref in entered or inner:  # what an attribute holds is named below the attribute
                continue
            entered.add(ref)
            again = isinstance(graph.records[ref], ResampleRecord)
            stack.extend((r, a, again) for r, a in reversed(_below(graph, recursion, ref, address)))
    return home


def _below(graph: SpaceGraph, recursion: Recursion, ref: Ref, address: str) -> list[tuple[Ref, str]]:
    record = graph.records[ref]
    match record:
        case OperationRecord():
            args, words = argument_segments(graph, recursion, record)
            kwargs = graph.records[record.kwargs]
            given = kwargs.items if isinstance(kwargs, MappingRecord) else (record.kwargs,)
            pairs = [(r, f"{address}:{w}") for r, w in zip(given, words, strict=True)]
            return [(record.args, _join(address, args)), *pairs]
        case RepeatedRecord(count=count, content=content):
            return [(count, f"{address}:count"), (content, f"{address}:0")]
        case ChoiceRecord(choices=int() as provider):
            return [(provider, f"{address}:choices")]
        case ChoiceRecord(choices=tuple() as choices):
            names = choice_labels(graph, choices)
            return [(r, f"{address}:{n}") for r, n in zip(choices, names, strict=True)]
        case SequenceRecord(items=items):
            return [(r, f"{address}:{i}") for i, r in enumerate(items)]
        case MappingRecord(keys=keys, items=items):
            names = unique(_segment(k) for k in keys)
            return [(r, f"{address}:{n}") for r, n in zip(items, names, strict=True)]
        case ResampleRecord(source=source):
            return [(source, address)]
        case _:
            return []
