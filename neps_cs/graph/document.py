"""SpaceGraph ⇄ document: plain JSON data with a format version. Inverses side by side.

Two graphs are the same space when their documents are the same text. How values are
written: document_values.
"""

from __future__ import annotations

import json
import types
from collections.abc import Collection, Mapping
from typing import Any

from typing_extensions import assert_never

from neps_cs.errors import FormatError, NepsCsError, Problem, SpaceError
from neps_cs.graph.document_clauses import (
    clause_from_document,
    clause_to_document,
    condition_from_document,
    condition_to_document,
)
from neps_cs.graph.document_values import ValueReader, write_value
from neps_cs.graph.edits import edit_from_document, edit_to_document, read_prior, write_prior
from neps_cs.graph.lower import lift, lower
from neps_cs.graph.native import NOTHING, native_from_document, native_to_document
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
    RepeatedRecord,
    ResampleRecord,
    Root,
    SequenceRecord,
    SpaceGraph,
    confidence_of,
    edges,
)

FORMAT = "neps_cs.space"
FORMAT_VERSION = 1
MAX_RECORDS = 100_000


def to_document(graph: SpaceGraph) -> dict[str, Any]:
    """The graph as JSON data. Loses nothing that `equal` looks at."""
    # a document without edits or clauses is what it was before there were any
    edits = {"edits": {a: edit_to_document(e) for a, e in graph.edits.items()}} if graph.edits else {}
    native = {} if graph.native == NOTHING else {"native": native_to_document(graph.native)}
    forbidden = {"forbidden": [clause_to_document(c) for c in graph.forbidden]} if graph.forbidden else {}
    return (
        edits
        | native
        | forbidden
        | {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "name": graph.name,
            "attributes": [
                {"name": r.name, "ref": r.ref} | ({"intermediate": True} if r.intermediate else {})
                for r in graph.roots
            ],
            "conditions": {k: condition_to_document(c) for k, c in graph.conditions.items()},
            "records": [_write(r) for r in graph.records],
        }
    )


def from_document(
    document: Any,
    *,
    trust: Collection[str] = (),
    operators: Mapping[str, Any] = types.MappingProxyType({}),
) -> SpaceGraph:
    """The graph of a document.

    `trust` holds names of top-level packages from which objects may be imported, `operators`
    maps import paths (as the file names them) to objects. Raises TrustError, naming every path
    that was refused, and FormatError for anything that is not such a document.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FormatError(Problem(f"a space document must have format={FORMAT!r}", repr(document)[:60]))
    if document.get("version") != FORMAT_VERSION:
        rule = f"this neps_cs reads version {FORMAT_VERSION} of the format"
        raise FormatError(Problem(rule, f"version={document.get('version')!r}"))
    reader = ValueReader(frozenset(trust), operators)
    try:
        rows = document["records"]
        if len(rows) > MAX_RECORDS:
            raise FormatError(Problem(f"len(records) <= {MAX_RECORDS} must hold", str(len(rows)), "records"))
        records = tuple(_read(row, reader) for row in rows)
        roots = tuple(Root(a["name"], a["ref"], a.get("intermediate", False)) for a in document["attributes"])
        limits = {k: condition_from_document(c) for k, c in document["conditions"].items()}
        edits = {a: edit_from_document(e, a) for a, e in document.get("edits", {}).items()}
        native = native_from_document(document["native"], reader) if "native" in document else NOTHING
        forbidden = tuple(clause_from_document(c) for c in document.get("forbidden", ()))
        _check_references(records, roots)
        _check_used_once(records, roots)
    except NepsCsError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as e:
        raise FormatError(Problem("the document must be complete", f"{type(e).__name__}: {e}")) from e
    reader.raise_refused()
    graph = SpaceGraph(records, roots, limits, str(document.get("name", "Space")), edits, native, forbidden)
    hidden = frozenset(r.name for r in roots if r.intermediate)
    try:  # what a user may not write, a file may not say: every value checks itself again
        return lower(
            lift(graph), intermediate=hidden, conditions=limits, name=graph.name, edits=edits, native=native,
            forbidden=forbidden,
        )  # fmt: skip
    except SpaceError as e:
        raise FormatError(e.problems) from e
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as e:
        raise FormatError(Problem("the document must be complete", f"{type(e).__name__}: {e}")) from e


def _check_used_once(records: tuple[Record, ...], roots: tuple[Root, ...]) -> None:
    used: set[int] = set()
    for ref in (*(r for record in records for r in edges(record)), *(root.ref for root in roots)):
        # a few tuples that each hold the next one twice would be a file of any size when read
        if ref in used and isinstance(records[ref], (ConstantRecord, SequenceRecord, MappingRecord)):
            rule = "a constant, tuple, list or dict must be referred to once"
            raise FormatError(Problem(rule, f"reference {ref} twice", "records"))
        used.add(ref)


def _check_references(records: tuple[Record, ...], roots: tuple[Root, ...]) -> None:
    for i, record in enumerate(records):
        for ref in edges(record):
            if type(ref) is not int or not 0 <= ref < len(records):
                raise FormatError(
                    Problem("a reference must be the index of a record", repr(ref), f"records[{i}]")
                )
    # the table is a tree with shared nodes: a cycle of references would never end
    state = [0] * len(records)
    for root in roots:
        if not isinstance(root.name, str):
            raise FormatError(Problem("an attribute must have a name", repr(root.name), "attributes"))
        if type(root.ref) is not int or not 0 <= root.ref < len(records):
            raise FormatError(Problem("a reference must be the index of a record", repr(root.ref), root.name))
        stack = [(root.ref, iter(edges(records[root.ref])))]
        state[root.ref] = state[root.ref] or 1
        while stack:
            ref, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                state[ref] = 2
                stack.pop()
            elif state[step] == 1:
                raise FormatError(Problem("references must not form a cycle", f"{ref} → {step}", "records"))
            elif state[step] == 0:
                state[step] = 1
                stack.append((step, iter(edges(records[step]))))


def canonical_text(graph: SpaceGraph) -> str:
    """The text by which spaces are compared: the document without the class's name."""
    return document_text(to_document(graph))


def document_text(document: Mapping[str, Any]) -> str:
    """The same text from a document that was read, nothing of which need be imported."""
    return json.dumps({**document, "name": ""}, sort_keys=True, separators=(",", ":"))


def _present(**fields: Any) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if v is not None and v is not False}


def _write(record: Record) -> dict[str, Any]:
    match record:
        case NumberRecord():
            return _present(
                kind="integer" if record.integer else "float",
                lower=record.lower,
                upper=record.upper,
                log=record.log,
                log_base=record.log_base,
                prior=write_prior(record.prior),
                prior_confidence=record.confidence and record.confidence.value,
                default=record.default,
                meta=None if record.meta is None else write_value(dict(record.meta)),
                step=record.step,
                lower_ref=record.lower_ref,
                upper_ref=record.upper_ref,
            )
        case ChoiceRecord(choices=choices):
            return _present(
                kind="ordinal" if record.ordered else "categorical",
                choices=choices if isinstance(choices, int) else list(choices),
                prior=write_prior(record.prior),
                prior_confidence=record.confidence and record.confidence.value,
                default=record.default,
                meta=None if record.meta is None else write_value(dict(record.meta)),
                among=None if record.among is None else list(record.among),
            )
        case ConstantRecord(value=value):
            return {"kind": "constant", "value": write_value(value)}
        case FidelityRecord():
            return _present(
                kind="fidelity",
                form=record.form,
                integer=record.integer,
                lower=record.lower,
                upper=record.upper,
                log=record.log,
                log_base=record.log_base,
            )
        case OperationRecord(operator=operator, args=args, kwargs=kwargs):
            return {"kind": "operation", "operator": write_value(operator), "args": args, "kwargs": kwargs}
        case ResampleRecord(source=source):
            return {"kind": "resample", "source": source}
        case RepeatedRecord(count=count, content=content):
            return {"kind": "repeated", "count": count, "content": content}
        case ByNameRecord(name=name):
            return {"kind": "by_name", "name": name}
        case LazyRecord(content=content):
            return {"kind": "lazy", "content": content}
        case SequenceRecord(form=form, items=items):
            return {"kind": form, "items": list(items)}
        case MappingRecord(keys=keys, items=items):
            return {"kind": "dict", "keys": [write_value(k) for k in keys], "items": list(items)}
        case _:
            assert_never(record)


def _read(row: dict[str, Any], reader: ValueReader) -> Record:
    kind, get = row["kind"], row.get
    meta = None if "meta" not in row else reader.value(row["meta"])
    match kind:
        case "integer" | "float":
            return NumberRecord(
                kind == "integer", row["lower"], row["upper"], get("log", False), get("log_base"),
                read_prior(get("prior")), confidence_of(get("prior_confidence")), get("default"), meta,
                get("step"), get("lower_ref"), get("upper_ref"),
            )  # fmt: skip
        case "categorical" | "ordinal":
            choices = row["choices"] if isinstance(row["choices"], int) else tuple(row["choices"])
            confidence = confidence_of(get("prior_confidence"))
            prior = read_prior(get("prior"))
            among = None if "among" not in row else tuple(row["among"])
            return ChoiceRecord(choices, kind == "ordinal", prior, confidence, get("default"), meta, among)
        case "constant":
            return ConstantRecord(reader.value(row["value"]))
        case "fidelity":
            return FidelityRecord(
                row["form"],
                get("integer", False),
                row["lower"],
                row["upper"],
                get("log", False),
                get("log_base"),
            )
        case "operation":
            return OperationRecord(reader.value(row["operator"]), row["args"], row["kwargs"])
        case "resample":
            return ResampleRecord(row["source"])
        case "repeated":
            return RepeatedRecord(row["count"], row["content"])
        case "by_name":
            return ByNameRecord(row["name"])
        case "lazy":
            return LazyRecord(row["content"])
        case "tuple" | "list":
            return SequenceRecord(kind, tuple(row["items"]))
        case "dict":
            return MappingRecord(tuple(reader.value(k) for k in row["keys"]), tuple(row["items"]))
        case _:
            raise FormatError(Problem("kind must be one of this format", repr(kind), "records"))
