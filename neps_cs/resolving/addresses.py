"""Addresses: what stands where, written out in the table of `neps_cs.resolving.sites`."""

from __future__ import annotations

from neps_cs.graph.labels import choice_labels
from neps_cs.graph.records import (
    ChoiceRecord,
    LazyRecord,
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
from neps_cs.values import Plain, object_name, unique


def joined(address: str, segment: str) -> str:
    """The address of what stands at a segment below another address; no segment: right there."""
    return f"{address}:{segment}" if segment else address


def segment(key: Plain) -> str:
    """The segment of a dict's key."""
    return object_name(key).replace(":", ".")


def argument_segments(
    graph: SpaceGraph, recursion: Recursion, record: OperationRecord
) -> tuple[str, tuple[str, ...]]:
    """The segment of `args` (empty where its items stand right below the operation) and those of kwargs."""
    args, kwargs = graph.records[record.args], graph.records[record.kwargs]
    words = [segment(k) for k in kwargs.keys] if isinstance(kwargs, MappingRecord) else ["kwargs"]
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
            return [(record.args, joined(address, args)), *pairs]
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
            names = unique(segment(k) for k in keys)
            return [(r, f"{address}:{n}") for r, n in zip(items, names, strict=True)]
        case ResampleRecord(source=source):
            return [(source, address)]
        case LazyRecord(content=content):  # a provider's: elsewhere nothing in it is decided
            return [(content, address)]
        case NumberRecord(lower_ref=lower, upper_ref=upper):
            bounds = (lower, f"{address}:lower"), (upper, f"{address}:upper")
            return [(ref, a) for ref, a in bounds if ref is not None]
        case _:
            return []
