"""lower: what a user wrote → SpaceGraph. lift: SpaceGraph → what a user would write. Inverses."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from typing_extensions import assert_never

from neps_cs.checks import copied
from neps_cs.conditions import Condition
from neps_cs.errors import Problem, SpaceError, meant
from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.forbidden import Clause
from neps_cs.graph.bounds import bound_problems, bounds_from, extremes
from neps_cs.graph.native import NOTHING, Native
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    Edit,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Record,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    Root,
    SequenceRecord,
    SpaceGraph,
    edges,
)
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.structure import ByName, Lazy, Node, Operation, Repeated, Resample
from neps_cs.values import is_plain, object_text

ATTRIBUTE_RULE = (
    "an attribute must be a parameter, a structure, a plain value, a callable, or a tuple, list or dict"
)
_CONSTANT_TYPES = (bool, int, float, str, bytes, enum.Enum, PurePath, types.ModuleType, types.NoneType)


class _Child(NamedTuple):
    value: Any
    segment: str


class Entry(NamedTuple):
    """A value on its way to a record: its place, for messages, and the references of what it holds."""

    value: Any
    place: str
    refs: list[Ref]


def lower(
    attributes: Mapping[str, Any],
    *,
    intermediate: frozenset[str] = frozenset(),
    conditions: Mapping[str, Condition] | None = None,
    name: str = "Space",
    edits: Mapping[str, Edit] | None = None,
    native: Native = NOTHING,
    forbidden: Iterable[Clause] = (),
) -> SpaceGraph:
    """The graph of a space with these attributes, in their order.

    Raises SpaceError with every problem: stray objects, references to nothing, misplaced
    fidelities. Recursion and conditions are checked by `neps_cs.graph.check`, edits and forbidden
    clauses where their addresses are known, by `neps_cs.resolving`.
    """
    attributes = copied_attributes(attributes, name)
    entries, roots = table(attributes, name)
    fidelities = {id(v) for v in attributes.values() if isinstance(v, Fidelity)}
    problems = [p for e in entries for p in _problems(e, attributes, fidelities)]
    problems += [p for n, v in attributes.items() for p in _stray(v, f"{name}.{n}")]
    if problems:
        raise SpaceError(problems)
    return SpaceGraph(
        tuple(record_of(e.value, e.refs, attributes) for e in entries),
        tuple(Root(n, ref, n in intermediate) for n, ref in zip(attributes, roots, strict=True)),
        dict(conditions or {}),
        name,
        dict(edits or {}),
        native.among(attributes.keys()),
        tuple(forbidden),
    )


def copied_attributes(attributes: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The attributes with their tuples, lists and dicts made anew. Raises SpaceError as `copied` does."""
    copies, problems = {}, list[Problem]()
    for key, value in attributes.items():
        try:
            copies[key] = copied(value, name)
        except SpaceError as e:
            problems += [Problem(p.rule, p.got, f"{name}.{key}") for p in e.problems]
    if problems:
        raise SpaceError(problems)
    return copies


def table(attributes: Mapping[str, Any], name: str) -> tuple[list[Entry], list[Ref]]:
    """Pre-order with an explicit stack: nesting of any depth. A node's second use is a reference."""
    index: dict[int, Ref] = {}
    entries: list[Entry] = []
    roots = [-1] * len(attributes)
    stack = [(v, f"{name}.{n}", roots, i) for i, (n, v) in enumerate(attributes.items())][::-1]
    while stack:
        value, place, slots, i = stack.pop()
        # every use of a Resample is fresh and every ByName the same: neither has an identity to keep
        shared = isinstance(value, Node) and not isinstance(value, (Resample, ByName))
        if shared and id(value) in index:
            slots[i] = index[id(value)]
            continue
        slots[i] = ref = len(entries)
        if shared:
            index[id(value)] = ref
        children = _children(value)
        refs = [-1] * len(children)
        entries.append(Entry(value, place, refs))
        below = [(c.value, f"{place}.{c.segment}" if c.segment else place, refs, k)
                 for k, c in enumerate(children)]  # fmt: skip
        stack.extend(reversed(below))
    return entries, roots


def _children(value: Any) -> list[_Child]:
    match value:
        case Float(lower=lower, upper=upper) | Integer(lower=lower, upper=upper):
            return [_Child(v, n) for v, n in ((lower, "lower"), (upper, "upper")) if isinstance(v, Node)]
        case Categorical(choices=Node() as provider):
            return [_Child(provider, "choices")]
        case Categorical(choices=choices) | Ordinal(choices=choices):
            return [_Child(c, f"choices[{i}]") for i, c in enumerate(choices)]  # type: ignore[arg-type]
        case Operation(args=args, kwargs=kwargs):
            given = kwargs if isinstance(kwargs, Node) else dict(kwargs)
            return [_Child(args, "args"), _Child(given, "kwargs")]
        case Resample(source=source):
            return [_Child(source, "")]
        case Lazy(content=content):
            return [_Child(content, "content")]
        case Repeated(count=count, content=content):
            return [_Child(count, "count"), _Child(content, "content")]
        case _ if type(value) in (tuple, list):
            return [_Child(v, f"[{i}]") for i, v in enumerate(value)]
        case _ if type(value) is dict:
            return [_Child(v, str(k)) for k, v in value.items()]
        case _:
            return []


def record_of(value: Any, refs: list[Ref], attributes: Mapping[str, Any]) -> Record:
    """The record of a value; `attributes` are those of the space, which names of bounds refer to."""
    if not isinstance(value, Node):
        if type(value) in (tuple, list):
            return SequenceRecord(type(value).__name__, tuple(refs))
        if type(value) is dict:
            return MappingRecord(tuple(value), tuple(refs))
        return ConstantRecord(value)
    match value:
        case Float() | Integer():
            return _number(value, refs, attributes)
        case Categorical():
            choices = refs[0] if isinstance(value.choices, Node) else tuple(refs)
            return ChoiceRecord(
                choices, False, value.prior, value.prior_confidence, value.default, value.meta, value.among
            )
        case Ordinal():
            return ChoiceRecord(tuple(refs), True, None, None, value.default, value.meta, value.among)
        case Fidelity(domain=domain):
            form, integer = type(value).__name__, isinstance(domain, Integer)
            return FidelityRecord(form, integer, value.lower, value.upper, domain.log, domain.log_base)
        case Operation(operator=operator):
            return OperationRecord(operator, refs[0], refs[1])
        case Resample():
            return ResampleRecord(refs[0])
        case Lazy():
            return LazyRecord(refs[0])
        case Repeated():
            return RepeatedRecord(refs[0], refs[1])
        case ByName(name=name):
            return ByNameRecord(name)
        case _:
            raise SpaceError(Problem("a node must be of a class of neps_cs", type(value).__name__))


def _number(value: Float | Integer, refs: list[Ref], attributes: Mapping[str, Any]) -> NumberRecord:
    given = iter(refs)
    lower_ref = next(given) if isinstance(value.lower, Node) else None
    upper_ref = next(given) if isinstance(value.upper, Node) else None
    lower, upper = extremes(value.lower, attributes)[0], extremes(value.upper, attributes)[1]
    return NumberRecord(
        isinstance(value, Integer), lower, upper, value.log, value.log_base, value.prior,
        value.prior_confidence, value.default, value.meta, value.step, lower_ref, upper_ref,
    )  # fmt: skip


def _problems(entry: Entry, attributes: Mapping[str, Any], fidelities: set[int]) -> Iterator[Problem]:
    value, place = entry.value, entry.place
    if isinstance(value, Fidelity) and id(value) not in fidelities:
        yield Problem("a fidelity must be a direct attribute of the space", repr(value), place)
    if isinstance(value, ByName) and value.name not in attributes:
        hint = meant(value.name, attributes)
        known = ", ".join(attributes)
        yield Problem(f"ByName must name an attribute of the space ({known})", f"{value!r}{hint}", place)
    if isinstance(value, type) and issubclass(value, Node):
        yield Problem(f"a parameter must be made: {value.__name__}(...)", "the class itself", place)
    if type(value) is dict:
        for key in value:
            if not is_plain(key):
                yield Problem("the keys of a dict must be plain values", repr(key), place)
    if isinstance(value, (Float, Integer)) and any(isinstance(b, Node) for b in (value.lower, value.upper)):
        yield from bound_problems(value, attributes, place)
    if isinstance(value, Repeated) and isinstance(value.count, Node):
        yield from _count_problems(value.count, attributes, place)


def _count_problems(count: Node, attributes: Mapping[str, Any], place: str) -> Iterator[Problem]:
    rule = "the count of a Repeated must be an integer >= 0, or a parameter of such integers"
    seen: set[int] = set()
    found: Any = count
    while isinstance(found, (Resample, ByName)) and id(found) not in seen:
        seen.add(id(found))
        found = found.source if isinstance(found, Resample) else attributes.get(found.name)
    match found:
        case Integer(lower=Node() as least) if bounds_from(least, attributes) >= 0:
            return
        case Integer(lower=int() as least) if least >= 0:
            return
        case Categorical(choices=tuple() as values) | Ordinal(choices=values):
            if all(type(v) is int and v >= 0 for v in values):
                return
        case int() if not isinstance(found, bool) and found >= 0:
            return
    yield Problem(rule, f"count={count!r}", place)


def _stray(value: Any, place: str) -> Iterator[Problem]:
    """Objects that are no part of the language, directly or inside a tuple, list or dict."""
    stack = [(value, place)]
    while stack:
        value, place = stack.pop()
        if isinstance(value, (Node, *_CONSTANT_TYPES)) or callable(value):
            continue
        if type(value) in (tuple, list, dict):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            stack += [(item, f"{place}[{key!r}]") for key, item in items][::-1]
            continue
        got = f"{object_text(value)} of type {type(value).__module__}.{type(value).__qualname__}"
        yield Problem(ATTRIBUTE_RULE, got, place)


def lift(graph: SpaceGraph) -> dict[str, Any]:
    """The attributes that lower to this graph: fresh objects, shared where the graph shares."""
    made = lifted(graph)
    return {root.name: made[root.ref] for root in graph.roots}


def lifted(graph: SpaceGraph) -> list[Any]:
    """Each record as a fresh object."""
    made: list[Any] = [None] * len(graph.records)
    for ref in children_first(graph):
        made[ref] = node_of(graph.records[ref], made)
    return made


def children_first(graph: SpaceGraph) -> list[Ref]:
    """Every reference after those it refers to; the table has no cycles, only names make them."""
    from_roots: list[Ref] = []
    state = [0] * len(graph.records)
    for root in graph.roots:
        stack = [root.ref]
        while stack:
            ref = stack[-1]
            if state[ref] == 0:
                state[ref] = 1
                stack.extend(r for r in edges(graph.records[ref]) if state[r] == 0)
            else:
                stack.pop()
                if state[ref] == 1:
                    state[ref] = 2
                    from_roots.append(ref)
    return from_roots


def node_of(record: Record, made: list[Any]) -> Any:
    """The inverse of `record_of`, of the objects that were made for its references."""
    match record:
        case NumberRecord():
            kind = Integer if record.integer else Float
            return kind(
                record.lower if record.lower_ref is None else made[record.lower_ref],
                record.upper if record.upper_ref is None else made[record.upper_ref],
                record.log, record.log_base, record.prior, record.confidence, record.default, record.meta,
                record.step,
            )  # fmt: skip
        case ChoiceRecord(choices=choices):
            given = made[choices] if isinstance(choices, int) else tuple(made[c] for c in choices)
            if record.ordered:
                return Ordinal(given, record.default, record.meta, record.among)
            return Categorical(
                given, record.prior, record.confidence, record.default, record.meta, record.among
            )
        case ConstantRecord(value=value):
            return value
        case FidelityRecord():
            return _fidelity(record)
        case OperationRecord(operator=operator, args=args, kwargs=kwargs):
            return Operation(operator, made[args], made[kwargs])
        case ResampleRecord(source=source):
            return Resample(made[source])
        case LazyRecord(content=content):
            return Lazy(made[content])
        case RepeatedRecord(count=count, content=content):
            return Repeated(made[count], made[content])
        case ByNameRecord(name=name):
            return ByName(name)
        case SequenceRecord(form=form, items=items):
            values = (made[i] for i in items)
            return tuple(values) if form == "tuple" else list(values)
        case MappingRecord(keys=keys, items=items):
            return {k: made[i] for k, i in zip(keys, items, strict=True)}
        case _:
            assert_never(record)


def _fidelity(record: FidelityRecord) -> Fidelity:
    if record.form == "IntegerFidelity":
        return IntegerFidelity(int(record.lower), int(record.upper), log=record.log)
    if record.form == "FloatFidelity":
        return FloatFidelity(record.lower, record.upper, log=record.log)
    kind = Integer if record.integer else Float
    return Fidelity(kind(record.lower, record.upper, record.log, record.log_base))
