"""What a parameter or structure may give where a certain kind of value is needed: choices, or kwargs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from neps_cs.errors import Problem
from neps_cs.graph.cycles import attribute_of
from neps_cs.graph.labels import label
from neps_cs.graph.records import (
    ChoiceRecord,
    ConstantRecord,
    LazyRecord,
    MappingRecord,
    OperationRecord,
    Ref,
    SequenceRecord,
    SpaceGraph,
)
from neps_cs.graph.recursion import LAST_ROLE, Recursion


def given_choices(graph: SpaceGraph, recursion: Recursion, provider: Ref) -> list[Ref]:
    """What a provider may give, through providers of providers: sequences, if all is well."""
    return [_held(graph, recursion, ref) for ref in _may_give(graph, recursion, provider)]


def _may_give(graph: SpaceGraph, recursion: Recursion, start: Ref) -> list[Ref]:
    """What a record may resolve to."""
    found: dict[Ref, None] = {}
    seen: set[tuple[Ref, int]] = set()
    stack = [(start, 0)]  # the second number: how many times an item of that is taken
    while stack:
        ref, items = stack.pop()
        ref = recursion.definition(ref)
        if items:
            ref = _held(graph, recursion, ref)
        if (ref, items) in seen or items > LAST_ROLE:
            continue
        seen.add((ref, items))
        match graph.records[ref]:
            case ChoiceRecord(choices=int() as provider):
                stack.append((provider, items + 1))
            case ChoiceRecord(choices=tuple() as choices):
                stack += [(choice, items) for choice in choices[::-1]]
            case SequenceRecord(items=below) if items:
                stack += [(item, items - 1) for item in below[::-1]]
            case _ if not items:
                found[ref] = None
    return list(found)


def _held(graph: SpaceGraph, recursion: Recursion, ref: Ref) -> Ref:
    """The sequence that a Lazy holds; anything else as it is."""
    held = ref
    while isinstance(record := graph.records[held], LazyRecord):
        held = recursion.definition(record.content)
    return held if isinstance(record, SequenceRecord) else ref


def kwargs_problems(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    """Kwargs that are a parameter or structure, and may give what is no mapping with string keys.

    What an operator gives is only known when it is called.
    """
    rule = "the kwargs of an Operation must be a mapping with string keys, or what gives one"
    for ref, operation in enumerate(graph.records):
        if isinstance(operation, OperationRecord):
            for given in _may_give(graph, recursion, operation.kwargs):
                if not _are_kwargs(graph, recursion, given):
                    yield Problem(rule, described(graph, given), f"{graph.name}.{attribute_of(graph, ref)}")


def _are_kwargs(graph: SpaceGraph, recursion: Recursion, ref: Ref) -> bool:
    record = graph.records[ref]
    match record:
        case MappingRecord(keys=keys):
            return all(isinstance(k, str) for k in keys)
        case ConstantRecord(value=value):
            return isinstance(value, Mapping) and all(isinstance(k, str) for k in value)
        case LazyRecord(content=content):
            return _are_kwargs(graph, recursion, content)
        case OperationRecord(operator=operator):
            return not isinstance(operator, str)
        case _:
            return False


def described(graph: SpaceGraph, ref: Ref) -> str:
    """A record in a message."""
    record = graph.records[ref]
    match record:
        case ConstantRecord(value=value):
            return repr(value)
        case OperationRecord():
            return f"Operation({label(graph, ref)})"
        case LazyRecord(content=content):
            return f"Lazy({described(graph, content)})"
        case _:
            return label(graph, ref)
