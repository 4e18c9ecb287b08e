"""What the side-car of a translation holds alone, and the mark that says so.

A ConfigurationSpace that comes back without its side-car (through ConfigSpace's own JSON, pickle, a
copy) is read as a flat space. Where that space is not the one that was translated, one hyperparameter
carries a mark in its meta, which is what ConfigSpace's JSON keeps. A translation that ConfigSpace holds
whole carries none.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import ConfigSpace as CS
from ConfigSpace.hyperparameters import FloatHyperparameter, Hyperparameter, IntegerHyperparameter
from typing_extensions import assert_never

from neps_cs.codings import PLACES
from neps_cs.errors import MissingSidecarWarning, Problem
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
    Root,
    SequenceRecord,
    SpaceGraph,
)
from neps_cs.losses import Loss, Losses, LossKind
from neps_cs.sidecar import sequence_of
from neps_cs.values import is_plain, plain_key

MARK = "neps_cs"
_MARKED = 20
_STRUCTURES = "it chooses among structures"
_MIXED = "ConfigSpace can't hold its values or tell them apart"

Made = Mapping[str, Hyperparameter[Any, Any]]


def beside(graph: SpaceGraph, made: Made, loose: frozenset[str], *, warped: bool) -> Losses:
    """A row for each attribute that a flat reading of these hyperparameters would not give back, but for
    priors that were dropped on purpose. `loose` ones may have a value where they are inactive."""
    return Losses(row for root in graph.roots for row in _rows(graph, root, made, loose, warped=warped))


def _rows(
    graph: SpaceGraph, root: Root, made: Made, loose: frozenset[str], *, warped: bool
) -> Iterator[Loss]:
    name, found = root.name, made.get(root.name)
    first, record = graph.name_of[root.ref], graph.records[root.ref]
    kept = name in graph.native.values or name in graph.native.kinds
    if kept and isinstance(record, NumberRecord) and name not in graph.native.kinds:
        reason = _number_reason(record, found, rounded=True)
    else:
        reason = None if kept else _reason(graph, root.ref, found)
    if (
        reason is None
        and warped
        and isinstance(record, (NumberRecord, ChoiceRecord))
        and record.prior is not None
    ):
        reason = LossKind.PRIOR, "its prior is warped"
    if first != name and not isinstance(record, ConstantRecord):
        yield Loss(name, LossKind.STRUCTURE, f"it is the same object as {first}", "nothing")
    elif isinstance(record, FidelityRecord):
        if found is None:
            yield Loss(name, LossKind.FIDELITY, "it is a fidelity", "nothing")
    elif reason is not None:
        labels = found is not None and reason[1] in (_STRUCTURES, _MIXED)
        yield Loss(name, *reason, f"{_standing(name, made)}{' over labels' if labels else ''}")
    elif found is None and not root.intermediate:
        yield Loss(name, LossKind.INACTIVE, "it is never active", "nothing")
    elif found is not None and name in loose:
        yield Loss(name, LossKind.INACTIVE, "it has a value even where it is inactive", _standing(name, made))
    elif root.intermediate:
        yield Loss(
            name, LossKind.INTERMEDIATE, "evaluate_pipeline does not receive it", _standing(name, made)
        )


def _reason(
    graph: SpaceGraph, ref: Ref, found: Hyperparameter[Any, Any] | None
) -> tuple[LossKind, str] | None:
    """Why a hyperparameter does not say all of a record; None where it does."""
    record = graph.records[ref]
    match record:
        case NumberRecord():
            return _number_reason(record, found)
        case ChoiceRecord():
            return _choice_reason(graph, record, found)
        case ConstantRecord(value=value):
            if not is_plain(value):
                return LossKind.OBJECT, "ConfigSpace holds no objects"
            if isinstance(found, CS.Constant) and not _same(found.value, value):
                return LossKind.VALUE, f"ConfigSpace can't hold {value!r}"
            return None
        case FidelityRecord():
            return None
        case OperationRecord():
            return LossKind.STRUCTURE, "an operation makes it"
        case ResampleRecord():
            return LossKind.STRUCTURE, "it is a fresh use of something else"
        case RepeatedRecord():
            return LossKind.STRUCTURE, "it is repeated"
        case ByNameRecord(name=name):
            return LossKind.STRUCTURE, f"it is {name}"
        case LazyRecord():
            return LossKind.STRUCTURE, "it is handed over unresolved"
        case SequenceRecord(form=form):
            return LossKind.STRUCTURE, f"it is a {form}"
        case MappingRecord():
            return LossKind.STRUCTURE, "it is a dict"
        case _:
            assert_never(record)


def _number_reason(
    record: NumberRecord, found: Hyperparameter[Any, Any] | None, *, rounded: bool = False
) -> tuple[LossKind, str] | None:
    if record.lower_ref is not None or record.upper_ref is not None:
        return LossKind.NUMBER, "its bounds are parameters"
    if record.step is not None:
        return LossKind.NUMBER, f"step={record.step}"
    if record.log_base is not None:
        return LossKind.NUMBER, f"log_base={record.log_base}"
    if found is None:
        return None
    if not isinstance(found, (FloatHyperparameter, IntegerHyperparameter)):
        return LossKind.NUMBER, "its range is one point"
    if rounded and (found.lower, found.upper) == (round(record.lower, PLACES), round(record.upper, PLACES)):
        return None
    if (found.lower, found.upper) != (record.lower, record.upper):
        return LossKind.NUMBER, f"its range is {record.lower!r} to {record.upper!r}"
    return None


def _choice_reason(
    graph: SpaceGraph, record: ChoiceRecord, found: Hyperparameter[Any, Any] | None
) -> tuple[LossKind, str] | None:
    if isinstance(record.choices, int):
        return LossKind.STRUCTURE, "its choices are given by another choice"
    open_ = record.open(len(record.choices))
    values = [_constant(graph, record.choices[i]) for i in open_]
    if any(v is _STRUCTURE for v in values):
        return LossKind.STRUCTURE, _STRUCTURES
    if len(open_) < len(record.choices):
        return LossKind.VALUE, "some of its choices are closed"
    if found is None:
        return None
    if isinstance(found, CS.UniformFloatHyperparameter):
        return LossKind.PRIOR, "its prior is warped"
    held = (found.value,) if isinstance(found, CS.Constant) else sequence_of(found)
    if len(held) != len(values) or not all(map(_same, held, values)):
        return LossKind.VALUE, _MIXED
    return None


_STRUCTURE = object()


def _constant(graph: SpaceGraph, ref: Ref) -> Any:
    """The value of a branch, `_STRUCTURE` where there is something to resolve."""
    record = graph.records[ref]
    match record:
        case ConstantRecord(value=value):
            return value
        case SequenceRecord(form=form, items=items):
            parts = [_constant(graph, i) for i in items]
            made = tuple(parts) if form == "tuple" else parts
            return _STRUCTURE if any(p is _STRUCTURE for p in parts) else made
        case _:
            return _STRUCTURE


def _same(held: Any, value: Any) -> bool:
    if is_plain(value):
        return plain_key(held) == plain_key(value)
    return type(held) is type(value) and bool(held == value)


def _standing(name: str, made: Made) -> str:
    """What stands in the place of an attribute."""
    match made.get(name):
        case CS.CategoricalHyperparameter():
            return "a categorical"
        case CS.OrdinalHyperparameter():
            return "an ordinal"
        case CS.Constant():
            return "a constant"
        case None:
            inner = any(address.startswith(f"{name}:") for address in made)
            return "hyperparameters of its own" if inner else "nothing"
        case _:
            return "a number"


def mark(rows: Losses, made: Made) -> None:
    """Put the mark on one of the hyperparameters, none of which anybody else holds yet; not on one that
    came here with a mark, which says what was missing before.

    A categorical where there is one: ConfigSpace's == does not look at its meta. Constants carry none:
    as attributes of a flat space they have no place for meta.
    """
    order = (
        CS.CategoricalHyperparameter,
        (FloatHyperparameter, IntegerHyperparameter, CS.OrdinalHyperparameter),
    )
    free = [h for h in made.values() if MARK not in (h.meta or {})]
    carrier = next((h for kind in order for h in free if isinstance(h, kind)), None)
    if not rows or carrier is None:
        return
    said: dict[str, Any] = {"beside": [[r.address, r.kind.value, r.instead] for r in rows[:_MARKED]]}
    if len(rows) > _MARKED:
        said["more"] = len(rows) - _MARKED
    carrier.meta = {MARK: said, **(carrier.meta or {})}


def warn_if_marked(cs: CS.ConfigurationSpace, stacklevel: int) -> None:
    """Warn where a ConfigurationSpace was made with a side-car, which is not here."""
    metas = [h.meta for h in cs.values() if isinstance(h.meta, Mapping)]
    said = "; ".join(dict.fromkeys(filter(None, (_said(m[MARK]) for m in metas if MARK in m))))
    if said:
        text = str(Problem(_RULE, f"none: {said}", cs.name or ""))
        warnings.warn(MissingSidecarWarning(f"{text}. {_ADVICE}"), stacklevel=stacklevel + 1)


_RULE = "a ConfigurationSpace that was made from a space needs its side-car to give that space back"
_ADVICE = (
    "Read without it, the space is flat. Pass the side-car: from_configspace(cs, sidecar); "
    "or keep the space by save_space and load_space"
)


def _said(mark: Any) -> str:
    """The words of a mark; none where it is not of our form, but someone else's."""
    rows = mark.get("beside") if isinstance(mark, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(r, (list, tuple)) and len(r) == 3 for r in rows):
        return ""
    said = ", ".join(f"{address} ({kind}; in its place: {instead})" for address, kind, instead in rows)
    more = mark.get("more")
    return said + (f" and {more} more" if isinstance(more, int) else "")
