"""The attributes of two spaces as those of one: what both have is one object, whoever uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neps_cs.errors import Problem, SpaceError
from neps_cs.graph.document import canonical_text
from neps_cs.graph.lower import Entry, children_first, node_of, record_of, table
from neps_cs.graph.records import Edit, Root, SpaceGraph
from neps_cs.structure import ByName, Node, Resample


def same_part(ours: Mapping[str, Any], theirs: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether attributes of two spaces are the same, together: what they share among each other too. What
    they refer to by name counts as the name."""
    if all(ours[n] is theirs[n] for n in names):
        return True
    one, other = (canonical_text(_records(attributes, names)[1]) for attributes in (ours, theirs))
    return one == other


def joined_attributes(ours: Mapping[str, Any], theirs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Our attributes, then those that only they have: these use our objects where both have one.

    Raises SpaceError, in a space called `name`, for attributes of one name that are not the same.
    """
    common = [n for n in theirs if n in ours]
    problems = [
        Problem("the name of a new attribute must be free", repr(theirs[n]), f"{name}.{n}")
        for n in common
        if not same_part(ours, theirs, [n])
    ]
    if problems:
        raise SpaceError(problems)
    if not same_part(ours, theirs, common):
        rule = "attributes that both spaces have must share among each other what they share there"
        raise SpaceError(Problem(rule, ", ".join(common), name))
    pairs = zip(_records(ours, common)[0], _records(theirs, common)[0], strict=True)
    swaps = {id(b.value): a.value for a, b in pairs if isinstance(b.value, Node)}
    return {**ours, **_swapped(theirs, [n for n in theirs if n not in ours], swaps)}


def _records(attributes: Mapping[str, Any], names: Sequence[str]) -> tuple[list[Entry], SpaceGraph]:
    entries, refs = table({n: attributes[n] for n in names}, "")
    records = tuple(record_of(e.value, e.refs, attributes) for e in entries)
    return entries, SpaceGraph(records, tuple(Root(n, ref) for n, ref in zip(names, refs, strict=True)))


def _swapped(attributes: Mapping[str, Any], names: Sequence[str], swaps: Mapping[int, Any]) -> dict[str, Any]:
    """Attributes with some objects, by id, in place of others; what holds none of them stays as it is."""
    entries, graph = _records(attributes, names)
    made: list[Any] = [None] * len(entries)
    for ref in children_first(graph):
        value, refs, record = entries[ref].value, entries[ref].refs, graph.records[ref]
        kept = all(made[r] is entries[r].value for r in refs)
        fresh = isinstance(value, (Resample, ByName))  # these have no identity
        made[ref] = (
            swaps[id(value)] if id(value) in swaps and not fresh
            else value if kept else node_of(record, made)
        )  # fmt: skip
    return {root.name: made[root.ref] for root in graph.roots}


def joined_edits(ours: SpaceGraph, theirs: SpaceGraph) -> dict[str, Edit]:
    """The edits of two spaces that become one. Raises SpaceError where an attribute that both have
    is edited in different ways."""
    problems = []
    for name in ours.root_of:
        if name in theirs.root_of and _part(ours.edits, name) != _part(theirs.edits, name):
            rule = "the edits of an attribute that both spaces have must be the same"
            problems.append(Problem(rule, repr(_part(theirs.edits, name)), f"{ours.name}.{name}"))
    if problems:
        raise SpaceError(problems)
    return {**ours.edits, **theirs.edits}


def is_below(address: str, name: str) -> bool:
    """Whether an address is that of an attribute or lies below it."""
    return address == name or address.startswith(f"{name}:")


def _part(edits: Mapping[str, Edit], name: str) -> dict[str, Edit]:
    return {a: e for a, e in edits.items() if is_below(a, name)}
