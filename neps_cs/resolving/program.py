"""A graph compiled into sites.

A site makes the sites below it when they are first reached; so recursion costs what is used of
it, and an address is built once. Two uses of one shared node are one site.
"""

from __future__ import annotations

import enum
import sys
import types
from functools import cached_property, partial
from typing import Any

from typing_extensions import assert_never

from neps_cs.graph.edits import edited_choice, edited_number
from neps_cs.graph.labels import choice_labels, choice_values
from neps_cs.graph.lower import lifted
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Record,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
    edges,
)
from neps_cs.graph.recursion import Recursion
from neps_cs.resolving.addresses import argument_segments, homes, joined, segment
from neps_cs.resolving.sites import (
    Branches,
    ChoiceSite,
    ConstantSite,
    FidelitySite,
    GroupSite,
    Nesting,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)
from neps_cs.values import unique

STATELESS = (
    type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, enum.Enum,
    bool, int, float, str, bytes, types.NoneType,
)  # fmt: skip


class Program:
    """A compiled graph. `recursion` must have been checked."""

    def __init__(self, graph: SpaceGraph, recursion: Recursion) -> None:
        self.graph, self.recursion, self.root = graph, recursion, Nesting()
        self._shared: dict[Ref, Site] = {}
        self._attributes: dict[str, Site] = {}
        self._branches: dict[tuple[Ref, tuple[Ref, ...], tuple[int, ...] | None], Branches] = {}

    @cached_property
    def homes(self) -> list[str]:
        """For each record the address of its shared use."""
        return homes(self.graph, self.recursion)

    @cached_property
    def written(self) -> list[Any]:
        """Each record as the object that a user would write: what a Lazy hands over."""
        return lifted(self.graph)

    def stateless(self, ref: Ref) -> bool:
        """Whether nobody can change what is written at a record."""
        stack = [ref]
        while stack:
            record = self.graph.records[stack.pop()]
            match record:
                case ConstantRecord(value=value) if not isinstance(value, STATELESS):
                    return False
                case SequenceRecord(form="list") | MappingRecord():
                    return False
                case OperationRecord(args=args, kwargs=kwargs):
                    written = self.graph.records[kwargs]
                    stack += [args, *(written.items if isinstance(written, MappingRecord) else (kwargs,))]
                case _:
                    stack += edges(record)
        return True

    def branches(
        self, choice: Ref, choices: tuple[Ref, ...], among: tuple[int, ...] | None = None
    ) -> Branches:
        """What a choice among these references, its own or those it is given, chooses from; `among` are
        the open ones, None: all."""
        found = self._branches.get((choice, choices, among))
        if found is None:
            every = tuple(range(len(choices))) if among is None else among
            heights = {i: self.recursion.branch_height(choice, choices[i]) for i in every}
            least = min(heights.values())
            soonest = tuple(i for i, h in heights.items() if h == least)
            names = choice_labels(self.graph, choices), choice_values(self.graph, choices)
            found = self._branches[choice, choices, among] = Branches(choices, *names, every, soonest)
        return found

    def attribute(self, name: str) -> Site:
        """The site of an attribute: what ByName(name) refers to."""
        site = self._attributes.get(name)
        if site is None:
            own = self.own_name(name)  # an attribute that is only another's name is that other one
            site = self._attributes.get(own) or self.place(self.graph.root_of[own], own, self.root)
            self._attributes[own] = self._attributes[name] = site
        return site

    def own_name(self, name: str) -> str:
        """The attribute that a chain of attributes, each only another's name, ends at."""
        record = self.graph.records[self.graph.root_of[name]]
        while isinstance(record, ByNameRecord):
            name = record.name
            record = self.graph.records[self.graph.root_of[name]]
        return name

    def place(self, ref: Ref, address: str, nesting: Nesting) -> Site:
        """What is written at `address`: a shared node leads to where it was defined."""
        record = self.graph.records[ref]
        match record:
            case ByNameRecord(name=name):
                return self.attribute(name)
            case ResampleRecord():
                return self.fresh(self.recursion.definition(ref), address, nesting)
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                return self.shared(ref)
            case FidelityRecord():
                return FidelitySite(self.homes[ref], record)
            case ConstantRecord() | SequenceRecord() | MappingRecord() | LazyRecord():
                return self.fresh(ref, address, nesting)
            case _:
                assert_never(record)

    def shared(self, ref: Ref) -> Site:
        """The shared use of a node."""
        site = self._shared.get(ref)
        if site is None:
            site = self._shared[ref] = self.fresh(ref, self.homes[ref], self.root)
        return site

    def fresh(self, ref: Ref, address: str, nesting: Nesting) -> Site:
        """A use of its own of `ref` at `address`."""
        record = self.graph.records[ref]
        nesting = self.deeper(ref, nesting)
        match record:
            case NumberRecord():
                return self._number(record, address, nesting)
            case ChoiceRecord(choices=choices):
                if isinstance(choices, int):
                    return self._provided(choices, ref, address, nesting)
                return self._choice(ref, choices, address, nesting)
            case LazyRecord(content=content):
                return ConstantSite(address, self.written[content], self.stateless(content))
            case ConstantRecord(value=value):
                return ConstantSite(address, value, isinstance(value, STATELESS))
            case OperationRecord(operator=operator):
                return OperationSite(address, operator, partial(self._parts, record, address, nesting))
            case RepeatedRecord():
                return self._repeated(ref, record, address, nesting)
            case SequenceRecord(form=form, items=items):
                segments = tuple(str(i) for i in range(len(items)))
                return GroupSite(address, form, partial(self._items, items, segments, address, nesting))
            case MappingRecord(keys=keys, items=items):
                segments = unique(segment(k) for k in keys)
                return GroupSite(
                    address, "dict", partial(self._items, items, segments, address, nesting), keys
                )
            case FidelityRecord() | ResampleRecord() | ByNameRecord():
                return self.place(ref, address, nesting)
            case _:
                assert_never(record)

    def deeper(self, ref: Ref, nesting: Nesting) -> Nesting:
        """The nesting of what lies in a use of `ref`."""
        return nesting.inner(ref) if ref in self.recursion.counted else nesting

    def _number(self, record: NumberRecord, address: str, nesting: Nesting) -> NumberSite:
        edit = self.graph.edits.get(address)
        record = record if edit is None else edited_number(record, edit)
        interned = sys.intern(address)
        if record.lower_ref is None and record.upper_ref is None:
            return NumberSite(interned, record)
        return NumberSite(interned, record, partial(self._bounds, record, address, nesting))

    def _bounds(
        self, record: NumberRecord, address: str, nesting: Nesting
    ) -> tuple[Site | None, Site | None]:
        lower, upper = (
            None if ref is None else self.place(ref, f"{address}:{name}", nesting)
            for ref, name in ((record.lower_ref, "lower"), (record.upper_ref, "upper"))
        )
        return lower, upper

    def _items(
        self, items: tuple[Ref, ...], segments: tuple[str, ...], address: str, nesting: Nesting
    ) -> tuple[Site, ...]:
        return tuple(self.place(r, f"{address}:{s}", nesting) for r, s in zip(items, segments, strict=True))

    def _parts(self, record: OperationRecord, address: str, nesting: Nesting) -> tuple[Site, Site]:
        args, words = argument_segments(self.graph, self.recursion, record)
        args_site = self.place(record.args, joined(address, args), nesting)
        kwargs = self.graph.records[record.kwargs]
        if not isinstance(kwargs, MappingRecord):
            return args_site, self.place(record.kwargs, f"{address}:{words[0]}", nesting)
        items = partial(self._items, kwargs.items, words, address, nesting)
        return args_site, GroupSite(address, "dict", items, kwargs.keys)

    def _repeated(self, ref: Ref, record: RepeatedRecord, address: str, nesting: Nesting) -> Site:
        count = self.place(record.count, f"{address}:count", nesting)
        may_end = self.recursion.can_be_empty(ref) and self.recursion.heights[record.content] > 0
        item = partial(self._item, record.content, address, nesting)
        return RepeatedSite(address, count, nesting.depth, may_end, item)

    def _item(self, content: Ref, address: str, nesting: Nesting, i: int) -> Site:
        return self.place(content, f"{address}:{i}", nesting)

    def _choice(self, ref: Ref, choices: tuple[Ref, ...], address: str, nesting: Nesting) -> ChoiceSite:
        record, edit = self.graph.records[ref], self.graph.edits.get(address)
        assert isinstance(record, ChoiceRecord), "the caller's part"
        record = record if edit is None else edited_choice(record, edit, len(choices))
        branches = self.branches(ref, choices, record.among)
        branch = partial(self._branch, branches, address, nesting)
        return ChoiceSite(sys.intern(address), record, branches, nesting.depth, branch)

    def _branch(self, branches: Branches, address: str, nesting: Nesting, i: int) -> Site:
        return self.place(branches.refs[i], f"{address}:{branches.labels[i]}", nesting)

    def given(self, source: Ref) -> Record:
        """What a provider's source refers to; a Lazy is what it holds."""
        record = self.graph.records[self.recursion.definition(source)]
        while isinstance(record, LazyRecord):
            record = self.graph.records[self.recursion.definition(record.content)]
        return record

    def _provided(self, source: Ref, ref: Ref, address: str, nesting: Nesting) -> ChoiceSite | ProvidedSite:
        """The site of a Categorical whose choices `source` gives."""
        given = self.given(source)
        if isinstance(given, SequenceRecord):
            return self._choice(ref, given.items, address, nesting)
        provider = self.place(source, f"{address}:choices", nesting)
        assert isinstance(provider, (ChoiceSite, ProvidedSite)), "checked when the space was made"
        return ProvidedSite(
            address, provider, partial(self._variant, ref, address, nesting, provider.address)
        )

    def _variant(
        self, ref: Ref, address: str, nesting: Nesting, base: str, decided: ChoiceSite, i: int
    ) -> ChoiceSite | ProvidedSite:
        inner = decided.address.removeprefix(base)
        # the provider itself stands at `choices`
        label = unique(["choices", *decided.branches.labels])[i + 1]
        return self._provided(decided.branches.refs[i], ref, f"{address}{inner}:{label}", nesting)
