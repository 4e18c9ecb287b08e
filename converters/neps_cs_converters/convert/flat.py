"""Which spaces are flat: numbers, choices among values, fidelities and constants, without structure."""

from __future__ import annotations

from neps_cs.graph.records import (
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    MappingRecord,
    NumberRecord,
    Ref,
    SequenceRecord,
    SpaceGraph,
)
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace


def is_flat(space: PipelineSpace) -> bool:
    """Whether every attribute is a parameter among plain values, a fidelity or a constant, and none is
    edited at a single address."""
    graph = space.graph
    return not graph.edits and all(is_flat_record(graph, root.ref) for root in graph.roots)


def is_flat_record(graph: SpaceGraph, ref: Ref) -> bool:
    """Whether what an attribute is has no structure in it."""
    match graph.records[ref]:
        case NumberRecord(lower_ref=None, upper_ref=None) | FidelityRecord():
            return True
        case ChoiceRecord(choices=tuple() as choices):
            return all(_is_value(graph, choice) for choice in choices)
        case _:
            return _is_value(graph, ref)


def _is_value(graph: SpaceGraph, ref: Ref) -> bool:
    todo = [ref]
    while todo:
        record = graph.records[todo.pop()]
        match record:
            case ConstantRecord():
                pass
            case SequenceRecord(items=items) | MappingRecord(items=items):
                todo += items
            case _:
                return False
    return True


def is_shared(space: PipelineSpace) -> bool:
    """Whether one parameter has two names: then it is decided once."""
    values = [v for v in space.attributes.values() if isinstance(v, (Float, Integer, Categorical, Ordinal))]
    return len({id(v) for v in values}) < len(values)


def has_closed_choices(space: PipelineSpace) -> bool:
    """Whether some attribute has choices that can't be taken."""
    return any(
        isinstance(v, (Categorical, Ordinal)) and v.among is not None for v in space.attributes.values()
    )
