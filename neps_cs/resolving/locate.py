"""From an address to the decision that has it, without sampling.

The way to an address begins where one may begin: at an attribute or a shared node that a config may
reach. From there on each step is written in the address, so even a recursion is walked only as deep
as the address goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from typing_extensions import assert_never

from neps_cs.errors import FormatError, Problem, SpaceError, meant
from neps_cs.graph.edits import difference, edit_text, edited_choice, edited_number
from neps_cs.graph.join import is_below
from neps_cs.graph.records import ByNameRecord, ChoiceRecord, Edit, NumberRecord, Ref, SpaceGraph, edges
from neps_cs.graph.recursion import IDENTITY
from neps_cs.resolving.program import Program
from neps_cs.resolving.reach import reached
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    FidelitySite,
    GroupSite,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)

RULE = "an address must be that of a decision that a config may hold"
MAX_ADDRESS = 20_000
"""Addresses of more characters are refused: the walk to one costs the square of its length."""
_LONG = 300
"""Of addresses with more characters none is compared with others: that takes too long."""
_LOOKED_AT = 2000
"""So many sites are looked at to find the address that may have been meant."""


def definition_at(graph: SpaceGraph, address: str) -> Ref | None:
    """The parameter that is the attribute of this very name, None where there is none."""
    ref = graph.root_of.get(address)
    found = None if ref is None else graph.records[ref]
    return ref if isinstance(found, (NumberRecord, ChoiceRecord)) else None


class Locator:
    """Finds decisions by address. `order` names the attributes that are resolved."""

    def __init__(self, program: Program, order: Iterable[str]) -> None:
        self._program, self._order = program, tuple(order)

    @cached_property
    def _starts(self) -> dict[str, list[tuple[Site, bool]]]:
        """Address → the attributes and shared nodes there, and whether they are resolved as values."""
        return reached(self._program, self._order)

    def decision(self, address: str) -> DecisionSite:
        """The decision at an address.

        Raises SpaceError, with the nearest address there is, where no config can hold the address.
        """
        if not isinstance(address, str) or len(address) > MAX_ADDRESS:
            rule = f"an address must be a text of {MAX_ADDRESS} characters at most"
            raise self._error(rule, repr(address)[:60])
        on_way = list(self._way(address))
        for site, _ in on_way:
            if site.address == address and isinstance(site, (NumberSite, ChoiceSite)):
                return site
        raise self._error(RULE, f"{address!r}{self._instead(address, on_way)}")

    def holds(self, address: str) -> bool:
        """Whether there is a decision at an address."""
        sites = (site for site, _ in self._way(address) if site.address == address)
        return any(isinstance(site, (NumberSite, ChoiceSite)) for site in sites)

    def _way(self, address: str) -> Iterator[tuple[Site, bool]]:
        """The sites on the way to an address, and whether they are resolved as values."""
        stack = [start for a in prefixes(address) for start in self._starts.get(a, ())]
        seen: set[tuple[int, bool]] = set()
        while stack:
            site, value = stack.pop()
            if (id(site), value) not in seen:
                seen.add((id(site), value))
                yield site, value
                stack += [s for s in _below(site, value, address) if _leads(s[0].address, address)]

    def _error(self, rule: str, got: str) -> SpaceError:
        return SpaceError(Problem(rule, got, self._program.graph.name))

    def _instead(self, address: str, on_way: list[tuple[Site, bool]]) -> str:
        """What is there instead, or the address that may have been meant."""
        graph = self._program.graph
        own = self._program.attribute(address) if address in graph.root_of else None
        here = [s for s, _ in on_way if s.address == address] + ([] if own is None else [own])
        for site in here:
            match site:
                case ConstantSite():
                    return ", a constant"
                case FidelitySite():
                    return ", a fidelity"
                case NumberSite(address=a) | ChoiceSite(address=a) if a != address:
                    return f", whose decision is at {a!r}"
                case _:
                    pass
        kind = ", a structure" if here else ""
        if len(address) > _LONG:
            return kind
        starts = sorted(on_way, key=lambda s: -len(s[0].address))
        known = {a for a in graph.root_of if definition_at(graph, a) is not None}
        known |= set(_decisions([*starts, *(s for here in self._starts.values() for s in here)]))
        return f"{kind}{meant(address, sorted(known))}"


def prefixes(address: str) -> Iterator[str]:
    """The addresses above an address, the highest first, and itself."""
    at = address.find(":")
    while at >= 0:
        yield address[:at]
        at = address.find(":", at + 1)
    yield address


def _leads(address: str, to: str) -> bool:
    return to == address or to.startswith(f"{address}:")


def _decisions(starts: Iterable[tuple[Site, bool]]) -> Iterator[str]:
    """The addresses of some decisions at and below these sites, nearest first."""
    queue, seen = deque(starts), set[int]()
    while queue and len(seen) < _LOOKED_AT:
        site, value = queue.popleft()
        if id(site) not in seen:
            seen.add(id(site))
            if isinstance(site, (NumberSite, ChoiceSite)):
                yield site.address
            queue.extend(_below(site, value, None))


def _below(site: Site, value: bool, address: str | None) -> Iterator[tuple[Site, bool]]:
    """What a site uses, and whether as a value; with an address what may lie on the way to it."""
    match site:
        case ChoiceSite(branches=branches):
            for i in site.every if value else ():
                if address is None or _leads(f"{site.address}:{branches.labels[i]}", address):
                    yield site.branch(i), True
        case GroupSite(items=items):
            yield from ((item, True) for item in items)
        case OperationSite(parts=parts):
            yield from ((part, True) for part in parts)
        case RepeatedSite(count=count):
            yield count, False
            yield from ((site.item(i), True) for i in _item_indices(site, address))
        case ProvidedSite(provider=provider):
            yield provider, False
            yield from ((site.variant(d, i), value) for d in _deciding(provider) for i in d.every)
        case NumberSite(bounds=bounds):
            yield from ((bound, False) for bound in bounds if bound is not None)
        case ConstantSite() | FidelitySite():
            return
        case _:
            assert_never(site)


def _deciding(provider: ChoiceSite | ProvidedSite) -> Iterator[ChoiceSite]:
    """The plain choices whose branch is what a provider gives."""
    match provider:
        case ChoiceSite():
            yield provider
        case ProvidedSite():
            for decided in _deciding(provider.provider):
                for i in decided.every:
                    yield from _deciding(provider.variant(decided, i))
        case _:
            assert_never(provider)


def given_sites(site: ProvidedSite) -> Iterator[ChoiceSite]:
    """The plain choices that are left once the providers are decided, one for each way to decide them."""
    for decided in _deciding(site.provider):
        for i in decided.every:
            left = site.variant(decided, i)
            yield from (left,) if isinstance(left, ChoiceSite) else given_sites(left)


def _item_indices(site: RepeatedSite, address: str | None) -> range:
    most = int(limits(site.count)[1])
    if address is None:
        return range(min(most, 9))
    segment = address[len(site.address) + 1 :].partition(":")[0]
    short = segment.isascii() and segment.isdigit() and len(segment) < 20
    i = int(segment) if short else most
    return range(i, i + 1) if i < most else range(0)


def limits(site: Site) -> tuple[float, float]:
    """The least and the greatest number that a count or a bound may be."""
    match site:
        case NumberSite(allowed=allowed):
            return allowed
        case ChoiceSite():
            numbers = [v for i in site.every if isinstance(v := site.values[i], (int, float))]
            return min(numbers), max(numbers)
        case ConstantSite(value=number):
            return number, number
        case _:
            raise AssertionError("checked when the space was made")


def check_edits(program: Program, order: Iterable[str]) -> None:
    """Raises FormatError with every edit of a graph that does not fit. Edits that are made fit: one that
    does not was read, or written by hand."""
    graph = program.graph
    if not graph.edits:
        return
    plain = Locator(Program(replace(graph, edits={}), program.recursion), order)
    problems = [p for address, edit in graph.edits.items() for p in _misfits(graph, plain, address, edit)]
    if not problems:  # each fits by itself: now all together
        edited = Locator(program, order)
        problems = [p for address in graph.edits for p in _unreached(edited, address)]
    if problems:
        raise FormatError(problems)


def _misfits(graph: SpaceGraph, plain: Locator, address: str, edit: Edit) -> Iterator[Problem]:
    place = f"{graph.name}.{address}"
    if definition_at(graph, address) is not None:
        yield Problem("an edit of an attribute that is a parameter must stand in its definition", "", place)
        return
    try:
        site = plain.decision(address)
    except SpaceError as e:
        yield from e.problems
        return
    try:
        found = difference(site.record, edited(site, edit))
    except SpaceError as e:
        yield from (Problem(p.rule, p.got, place) for p in e.problems)
        return
    if repr(found) != repr(edit):  # repr tells 1 and 1.0 apart
        yield Problem("an edit must say what differs from the definition", edit_text(edit), place)


def _unreached(locator: Locator, address: str) -> Iterator[Problem]:
    try:
        check_bounds_drawn(locator.decision(address))
    except SpaceError as e:
        yield from e.problems


def check_bounds_drawn(site: DecisionSite) -> None:
    """Raises SpaceError where bounds that are parameters may leave no number."""
    match site:
        case NumberSite(bounds=(low, high), record=record):
            lower = record.lower if low is None else limits(low)[1]
            upper = record.upper if high is None else limits(high)[0]
            if lower > upper:
                rule = "lower <= upper must hold for all bounds that may be drawn"
                raise SpaceError(Problem(rule, f"lower up to {lower}, upper from {upper}", site.address))
        case ChoiceSite():
            return
        case _:
            assert_never(site)


def edited(site: DecisionSite, edit: Edit) -> NumberRecord | ChoiceRecord:
    """The record of a site under an edit. Raises SpaceError where it does not fit."""
    match site:
        case NumberSite(record=record):
            return edited_number(record, edit)
        case ChoiceSite(record=record):
            return edited_choice(record, edit, len(site.values))
        case _:
            assert_never(site)


def edits_without(program: Program, name: str) -> dict[str, Edit]:
    """The edits that stay where an attribute is removed: all but those at and below it.

    Raises SpaceError where one of those is at a node that other attributes share: it would move.
    """
    graph, homes = program.graph, program.homes
    gone = {a for a in graph.edits if is_below(a, name)}
    elsewhere = _used_by(graph, [r.ref for r in graph.roots if r.name != name]) if gone else set()
    shared = {homes[r] for r in elsewhere if isinstance(graph.records[r], IDENTITY)}
    rule = "an edited decision must not move, so what it is part of must not be shared"
    problems = [
        Problem(rule, "other attributes that use it", f"{graph.name}.{address}")
        for address in graph.edits
        if address in gone and shared.intersection(prefixes(address))
    ]
    if problems:
        raise SpaceError(problems)
    return {a: e for a, e in graph.edits.items() if a not in gone}


def _used_by(graph: SpaceGraph, starts: list[Ref]) -> set[Ref]:
    """All references that are reached from some, by name too."""
    found: set[Ref] = set()
    stack = list(starts)
    while stack:
        ref = stack.pop()
        if ref not in found:
            found.add(ref)
            record = graph.records[ref]
            stack += [graph.root_of[record.name]] if isinstance(record, ByNameRecord) else edges(record)
    return found
