"""What a config may reach: the attributes and shared nodes that are resolved, or only decided.

A fresh use has its address from the way to it. All others have an address of their own, so they are
where the way to an address may begin. A provider of choices is only decided: what it gives is chosen
from elsewhere, and what its branches hold has no address below it. Branches that a definition closes
count, those that are closed at one address only do not: what they alone reach seems reached.
"""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import assert_never

from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
    open_edges,
)
from neps_cs.resolving.program import Program
from neps_cs.resolving.sites import Site


def reached(program: Program, order: Iterable[str]) -> dict[str, list[tuple[Site, bool]]]:
    """Address → the sites there, and whether they are resolved as values, from the attributes that are
    resolved. An operation and the Repeated that gives its arguments have one address."""
    reach = _Reach(program)
    for name in order:
        reach.attribute(name, value=True)
    reach.finish()
    starts: dict[str, list[tuple[Site, bool]]] = {}
    for site, value in reach.found.values():
        starts.setdefault(site.address, []).append((site, value))
    return starts


class _Reach:
    """Goes over the records, not the sites: each use of a record reaches the same shared nodes."""

    def __init__(self, program: Program) -> None:
        self._program, self._records = program, program.graph.records
        self.found: dict[int, tuple[Site, bool]] = {}
        self._todo: list[tuple[Ref, bool]] = []
        self._entered: set[tuple[Ref, bool]] = set()
        self._given: dict[Ref, tuple[Ref, ...]] = {}

    def finish(self) -> None:
        while self._todo:
            self._use(*self._todo.pop())

    def attribute(self, name: str, *, value: bool) -> None:
        own = self._program.own_name(name)
        self._start(self._program.attribute(own), value)
        ref = self._program.graph.root_of[own]
        if isinstance(self._records[ref], ResampleRecord):
            ref = self._program.recursion.definition(ref)
        self._enter(ref, value)

    def _start(self, site: Site, value: bool) -> None:
        known = self.found.get(id(site))
        self.found[id(site)] = site, value or (known is not None and known[1])

    def _enter(self, ref: Ref, value: bool) -> None:
        if (ref, value) not in self._entered:
            self._entered.add((ref, value))
            self._todo.append((ref, value))

    def _place(self, ref: Ref, *, value: bool = True) -> None:
        """What `Program.place` leads to."""
        record = self._records[ref]
        match record:
            case ByNameRecord(name=name):
                self.attribute(name, value=value)
            case ResampleRecord():
                self._enter(self._program.recursion.definition(ref), value)
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                self._start(self._program.shared(ref), value)
                self._enter(ref, value)
            case ConstantRecord() | SequenceRecord() | MappingRecord():
                self._enter(ref, value)
            case LazyRecord() | FidelityRecord():
                return
            case _:
                assert_never(record)

    def _use(self, ref: Ref, value: bool) -> None:
        record = self._records[ref]
        match record:
            case ChoiceRecord(choices=int() as source):
                for choice in self._choices_of(source):
                    if value:
                        self._place(choice)
            case ChoiceRecord():
                for choice in open_edges(record) if value else ():
                    self._place(choice)
            case RepeatedRecord(count=count, content=content):
                self._place(count, value=False)
                self._place(content)
            case NumberRecord():
                for bound in open_edges(record):
                    self._place(bound, value=False)
            case _:
                for child in () if isinstance(record, LazyRecord) else open_edges(record):
                    self._place(child)

    def _choices_of(self, source: Ref) -> tuple[Ref, ...]:
        """What is chosen from where `source` gives the choices; who decides that is reached."""
        known = self._given.get(source)
        if known is None:
            self._given[source] = ()
            known = self._given[source] = tuple(dict.fromkeys(self._read(source)))
        return known

    def _read(self, source: Ref) -> Iterable[Ref]:
        given = self._program.given(source)
        if not isinstance(given, ChoiceRecord):
            return open_edges(given)
        self._place(source, value=False)
        options = self._choices_of(given.choices) if isinstance(given.choices, int) else open_edges(given)
        return [ref for option in options for ref in self._choices_of(option)]
