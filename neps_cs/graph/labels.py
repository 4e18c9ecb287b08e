"""Labels: how a choice is called in configs and addresses.

A plain choice is called by its value. Any other has a short name: an operation that of its
operator (`Conv2d`), a reference and any other attribute its own (`cell`), a tuple that of its items
(`(3, 3)`). Later twins get a number: `Conv2d#2`.
"""

from __future__ import annotations

from collections import Counter

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
)
from neps_cs.values import Plain, callable_name, is_plain, object_name, plain_key, unique, unwrapped

MAX_LABEL = 24


def choice_values(graph: SpaceGraph, choices: tuple[Ref, ...]) -> tuple[Plain, ...]:
    """What a config holds for each choice: its value where that is plain, else its label."""
    names = choice_labels(graph, choices)
    held = [_plain_choice(graph.records[ref]) for ref in choices]
    keys = Counter(plain_key(h[0]) for h in held if h)
    return tuple(
        h[0] if h and keys[plain_key(h[0])] == 1 else name for h, name in zip(held, names, strict=True)
    )


def _plain_choice(record: Record) -> tuple[Plain] | None:
    """What a config holds for a plain choice (for a numpy scalar: the Python value), None for others."""
    if not isinstance(record, ConstantRecord):
        return None
    value = unwrapped(record.value)
    return (value,) if is_plain(value) else None


def choice_labels(graph: SpaceGraph, choices: tuple[Ref, ...]) -> tuple[str, ...]:
    """The segment of each choice in an address: unique among them, without colons.

    Text choices keep their value, so structures that would be called the same are renumbered.
    """
    texts = [_text_choice(graph, ref) for ref in choices]
    names = iter(
        unique([*(t for t in texts if t is not None),
                *(_segment(graph, ref) for ref, t in zip(choices, texts, strict=True) if t is None)])
    )  # fmt: skip
    taken = dict(zip([i for i, t in enumerate(texts) if t is not None], names, strict=False))
    return tuple(taken[i] if i in taken else next(names) for i in range(len(choices)))


def _text_choice(graph: SpaceGraph, ref: Ref) -> str | None:
    record = graph.records[ref]
    return record.value if isinstance(record, ConstantRecord) and type(record.value) is str else None


def _segment(graph: SpaceGraph, ref: Ref) -> str:
    return label(graph, ref).replace(":", ".")


def label(graph: SpaceGraph, ref: Ref) -> str:
    """The short name of any record, not yet unique."""
    record = graph.records[ref]
    named = graph.name_of
    match record:
        case ConstantRecord(value=value):
            return object_name(value)
        case OperationRecord(operator=operator):
            return operator if isinstance(operator, str) else callable_name(operator)
        case ResampleRecord(source=source):
            return named.get(ref) or label(graph, source)
        case ByNameRecord(name=name):
            return name
        case LazyRecord(content=content):
            return named.get(ref) or label(graph, content)
        case SequenceRecord(form=form, items=items):
            return _bracketed("()" if form == "tuple" else "[]", [label(graph, i) for i in items], form)
        case MappingRecord(keys=keys, items=items):
            parts = [f"{k}={label(graph, i)}" for k, i in zip(keys, items, strict=True)]
            return _bracketed("{}", parts, "dict")
        case NumberRecord(integer=integer):
            return named.get(ref) or ("Integer" if integer else "Float")
        case ChoiceRecord(ordered=ordered):
            return named.get(ref) or ("Ordinal" if ordered else "Categorical")
        case RepeatedRecord():
            return named.get(ref) or "Repeated"
        case FidelityRecord(form=form):
            return named.get(ref) or form


def _bracketed(brackets: str, parts: list[str], form: str) -> str:
    text = f"{brackets[0]}{', '.join(parts)}{brackets[1]}"
    return text if len(text) <= MAX_LABEL else f"{form}({len(parts)})"
