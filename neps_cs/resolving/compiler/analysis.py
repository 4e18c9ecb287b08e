"""What the compiler must know of a graph: which shared uses occur once, and what may be inlined."""

from __future__ import annotations

import math
from collections.abc import Callable

from neps_cs.conditions import parents
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
    open_edges,
)
from neps_cs.graph.recursion import IDENTITY, Recursion
from neps_cs.values import is_plain

INLINE = 16
"""Content of up to this weight is written where it is used; heavier content is a function of its own."""


INLINE_SHARED = 6
"""The same for shared nodes that may be met again: they are written out at every use."""


def used_once(graph: SpaceGraph, recursion: Recursion) -> frozenset[Ref]:
    """The records whose shared use is resolved once at most: so no decision at it is met again.

    Those reached from an attribute by steps that nothing else makes; not below what is also used
    afresh, nor in repeated content. The parent of a condition is resolved for itself, hidden or not.
    """
    shared, afresh = [0] * len(graph.records), [0] * len(graph.records)
    read = {p for c in graph.conditions.values() for p in parents(c)}
    starts = [_named(graph, root.ref) for root in graph.roots if not root.intermediate or root.name in read]
    for ref, record in enumerate(graph.records):
        if isinstance(record, ResampleRecord):
            afresh[recursion.definition(ref)] += 1
        elif not isinstance(record, ByNameRecord):
            for target in open_edges(record):
                shared[_named(graph, target)] += 1
    for ref in starts:
        shared[ref] += 1
    once: set[Ref] = set()
    stack = [ref for ref in starts if shared[ref] == 1]
    while stack:
        ref = stack.pop()
        once.add(ref)
        below = () if afresh[ref] else (_named(graph, t) for t in _steps(graph.records[ref]))
        stack.extend(t for t in below if shared[t] == 1)
    return frozenset(once)


def _named(graph: SpaceGraph, ref: Ref) -> Ref:
    """What a chain of names ends at."""
    record = graph.records[ref]
    while isinstance(record, ByNameRecord):
        ref = graph.root_of[record.name]
        record = graph.records[ref]
    return ref


def _steps(record: Record) -> tuple[Ref, ...]:
    match record:
        case RepeatedRecord(count=count):
            return (count,)
        case ResampleRecord() | LazyRecord() | ChoiceRecord(choices=int()):
            return ()
        case _:
            return open_edges(record)


def undecided(graph: SpaceGraph, recursion: Recursion) -> frozenset[Ref]:
    """The records in which nothing is decided: all their uses are alike."""
    found: set[Ref] = set()
    for ref in sorted(range(len(graph.records)), key=recursion.component.__getitem__):
        decides = isinstance(graph.records[ref], (NumberRecord, ChoiceRecord)) or ref in recursion.recursive
        if not decides and all(target in found for target in recursion.below[ref]):
            found.add(ref)
    return frozenset(found)


def texts(graph: SpaceGraph, recursion: Recursion) -> frozenset[Ref]:
    """The records that always resolve to the text of an operation."""
    return _greatest(graph, _values(graph, recursion), _is_text)


def _is_text(record: Record) -> bool:
    match record:
        case OperationRecord(operator=operator):
            return isinstance(operator, str)
        case ChoiceRecord(choices=choices):
            return isinstance(choices, tuple)
        case _:
            return isinstance(record, (ResampleRecord, ByNameRecord))


def unchanging(graph: SpaceGraph, recursion: Recursion) -> frozenset[Ref]:
    """The records whose values nobody can change, and no operator makes: one value serves all uses."""
    quiet = _greatest(graph, recursion.below, _is_quiet)
    return quiet & _greatest(graph, _values(graph, recursion), _is_immutable)


def _is_quiet(record: Record) -> bool:
    match record:
        case OperationRecord(operator=operator):
            return isinstance(operator, str)
        case ConstantRecord(value=value):
            return is_plain(value)
        case _:
            return not isinstance(record, LazyRecord)


def _is_immutable(record: Record) -> bool:
    match record:
        case SequenceRecord(form=form):
            return form == "tuple"
        case ChoiceRecord(choices=choices):
            return isinstance(choices, tuple)
        case _:
            return not isinstance(record, MappingRecord)


def _values(graph: SpaceGraph, recursion: Recursion) -> list[tuple[Ref, ...]]:
    """What each record's value is made of: the arguments of an operation are not part of what it gives."""
    return [
        () if isinstance(record, OperationRecord) else below
        for record, below in zip(graph.records, recursion.below, strict=True)
    ]


def _greatest(
    graph: SpaceGraph, below: list[tuple[Ref, ...]], holds: Callable[[Record], bool]
) -> frozenset[Ref]:
    """The records for which something holds, and for all below them too."""
    users: list[list[Ref]] = [[] for _ in graph.records]
    for ref, targets in enumerate(below):
        for target in targets:
            users[target].append(ref)
    lost = [ref for ref, record in enumerate(graph.records) if not holds(record)]
    seen = set(lost)
    while lost:
        for user in users[lost.pop()]:
            if user not in seen:
                seen.add(user)
                lost.append(user)
    return frozenset(range(len(graph.records))) - seen


def weights(graph: SpaceGraph, recursion: Recursion, alone: frozenset[Ref]) -> list[float]:
    """About how many statements the content of each record takes; infinite for the definitions at which
    recursion is counted, so that no content holds itself.

    What is too heavy to be inlined counts as one call, and so does a shared node, unless it is one of
    `alone`: those whose shared use may be written out where it stands.
    """
    weight = [math.inf] * len(graph.records)
    for ref in _children_first(recursion):
        if ref not in recursion.counted:
            weight[ref] = _weight(graph, recursion, ref, weight, alone)
    return weight


def _children_first(recursion: Recursion) -> list[Ref]:
    """The records, each after all that it is made of but the definitions at which recursion is counted."""
    order = list[Ref]()
    seen = set[Ref]()
    stack = [(ref, False) for ref in range(len(recursion.below))]
    while stack:
        ref, done = stack.pop()
        if done:
            order.append(ref)
        elif ref not in seen:
            seen.add(ref)
            stack.append((ref, True))
            stack += [(target, False) for target in recursion.below[ref] if target not in recursion.counted]
    return order


def _weight(
    graph: SpaceGraph, recursion: Recursion, ref: Ref, weight: list[float], alone: frozenset[Ref]
) -> float:
    def cost(child: Ref) -> float:
        shared = isinstance(graph.records[child], (ByNameRecord, *IDENTITY)) and child not in alone
        return weight[child] if weight[child] <= (INLINE_SHARED if shared else INLINE) else 1

    record = graph.records[ref]
    match record:
        case ConstantRecord() | LazyRecord() | FidelityRecord():
            return 0
        case ResampleRecord() | ByNameRecord():
            return weight[recursion.definition(ref)]
        case ChoiceRecord(choices=int()):
            return 1
        case RepeatedRecord():
            return INLINE + 1
        case OperationRecord():  # a written tuple or dict of arguments is never a function of its own
            written = (SequenceRecord, MappingRecord)
            return sum(
                weight[child] if isinstance(graph.records[child], written) else cost(child)
                for child in open_edges(record)
            )
        case NumberRecord() | ChoiceRecord() | SequenceRecord() | MappingRecord():
            return 1 + sum(cost(child) for child in open_edges(record))
