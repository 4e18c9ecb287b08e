"""SpaceGraph ⇄ document: plain JSON data with a format version. Inverses side by side.

Two graphs are the same space when their documents are the same text. What JSON can't hold is
written as an object with the key `$`:

| value | written as |
|---|---|
| a function, a class | its import path; one that can't be imported (a lambda) adds a digest of what it says |
| a Python module | its name |
| a functools.partial | its function and arguments |
| a bound method | its owner's text and its name |
| NaN, infinities, bytes | their text |
| any other object | its class and its repr, memory addresses left out |

Reading imports nothing unless its path begins with a trusted package or is in `operators`.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import importlib
import json
import math
import sys
import types
from collections.abc import Collection, Mapping
from typing import Any

from typing_extensions import assert_never

from neps_cs import conditions as cond
from neps_cs.errors import FormatError, NepsCsError, Problem, SpaceError, TrustError
from neps_cs.graph.edits import edit_from_document, edit_to_document, read_prior, write_prior
from neps_cs.graph.lower import lift, lower
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
from neps_cs.values import object_text

FORMAT = "neps_cs.space"
FORMAT_VERSION = 1
MAX_RECORDS = 100_000


def to_document(graph: SpaceGraph) -> dict[str, Any]:
    """The graph as JSON data. Loses nothing that `equal` looks at."""
    # a document without edits is what it was before there were any
    edits = {"edits": {a: edit_to_document(e) for a, e in graph.edits.items()}} if graph.edits else {}
    return edits | {
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
    reader = _Reader(frozenset(trust), operators)
    try:
        rows = document["records"]
        if len(rows) > MAX_RECORDS:
            raise FormatError(Problem(f"len(records) <= {MAX_RECORDS} must hold", str(len(rows)), "records"))
        records = tuple(_read(row, reader) for row in rows)
        roots = tuple(Root(a["name"], a["ref"], a.get("intermediate", False)) for a in document["attributes"])
        limits = {k: condition_from_document(c) for k, c in document["conditions"].items()}
        edits = {a: edit_from_document(e, a) for a, e in document.get("edits", {}).items()}
        _check_references(records, roots)
        _check_used_once(records, roots)
    except NepsCsError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as e:
        raise FormatError(Problem("the document must be complete", f"{type(e).__name__}: {e}")) from e
    reader.raise_refused()
    graph = SpaceGraph(records, roots, limits, str(document.get("name", "Space")), edits)
    hidden = frozenset(r.name for r in roots if r.intermediate)
    try:  # what a user may not write, a file may not say: every value checks itself again
        return lower(lift(graph), intermediate=hidden, conditions=limits, name=graph.name, edits=edits)
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
        if not isinstance(root.name, str) or not root.name:
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
                meta=None if record.meta is None else _write_value(dict(record.meta)),
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
                meta=None if record.meta is None else _write_value(dict(record.meta)),
                among=None if record.among is None else list(record.among),
            )
        case ConstantRecord(value=value):
            return {"kind": "constant", "value": _write_value(value)}
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
            return {"kind": "operation", "operator": _write_value(operator), "args": args, "kwargs": kwargs}
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
            return {"kind": "dict", "keys": [_write_value(k) for k in keys], "items": list(items)}
        case _:
            assert_never(record)


def _read(row: dict[str, Any], reader: _Reader) -> Record:
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


def import_path(value: Any) -> str | None:
    """`module:qualified.name` of a function or class, or None where it has no such name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    is_named = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)) or (
        callable(value) and isinstance(name, str)
    )
    return f"{module}:{name}" if is_named and isinstance(module, str) and isinstance(name, str) else None


def _write_value(value: Any) -> Any:
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
    if type(value) is bytes:
        return {"$": "bytes", "value": value.hex()}
    if type(value) in (tuple, list):
        return {"$": type(value).__name__, "items": [_write_value(v) for v in value]}
    if type(value) is dict:
        return {"$": "dict", "items": [[_write_value(k), _write_value(v)] for k, v in value.items()]}
    if isinstance(value, types.ModuleType):
        return {"$": "module", "name": value.__name__}
    if type(value) is functools.partial:
        parts = {"func": value.func, "args": value.args, "kwargs": dict(value.keywords)}
        return {"$": "partial"} | {k: _write_value(v) for k, v in parts.items()}
    owner = getattr(value, "__self__", None) if isinstance(value, _METHODS) else None
    if owner is not None and not isinstance(owner, types.ModuleType):
        name = f"{object_text(owner)}.{value.__name__}"
        return {"$": "object", "path": f"{type(owner).__module__}:{type(owner).__qualname__}", "text": name}
    path = import_path(value)
    if path is None:
        kind = type(value)
        return {"$": "object", "path": f"{kind.__module__}:{kind.__qualname__}", "text": object_text(value)}
    if "<" in path and isinstance(value, types.FunctionType):
        return {"$": "function", "path": path, "code": _function_digest(value)}
    return {"$": "import", "path": path}


def _function_digest(function: types.FunctionType) -> str:
    """What a function without an import path says, not how this Python compiles it: the names and
    constants in it, its operators, defaults, and the plain values that it closes over."""
    cells = (c.cell_contents if _is_filled(c) else None for c in function.__closure__ or ())
    outside = [function.__defaults__, function.__kwdefaults__, *cells]
    text = repr((_code_text(function.__code__), [_write_value(v) for v in outside]))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a variable that has no value yet
        return False


def _constant_text(constant: object) -> str:
    if isinstance(constant, frozenset):  # its order changes from process to process
        return f"frozenset({sorted(map(repr, constant))})"
    return _code_text(constant) if isinstance(constant, types.CodeType) else repr(constant)


def _code_text(code: types.CodeType) -> str:
    constants = [_constant_text(c) for c in code.co_consts]
    operators = [
        i.argrepr or i.opname
        for i in dis.get_instructions(code)
        if i.opname.startswith(("BINARY_", "UNARY_", "INPLACE_", "COMPARE_", "IS_OP", "CONTAINS_OP"))
    ]
    return repr((code.co_names, code.co_varnames, code.co_freevars, constants, operators))


_METHODS = (types.MethodType, types.BuiltinMethodType)


class _Reader:
    """Reads values; collects the import paths that were refused, to name them all."""

    def __init__(self, trust: frozenset[str], operators: Mapping[str, Any]) -> None:
        self.trust, self.operators, self.refused = trust, operators, dict[str, None]()

    def value(self, written: Any) -> Any:
        if not isinstance(written, dict):
            if written is None or isinstance(written, (bool, int, float, str)):
                return written
            raise FormatError(
                Problem("a value must be plain or an object with the key $", repr(written)[:60])
            )
        match written["$"]:
            case "float":
                return float(written["value"])
            case "bytes":
                return bytes.fromhex(written["value"])
            case "tuple":
                return tuple(self.value(v) for v in written["items"])
            case "list":
                return [self.value(v) for v in written["items"]]
            case "dict":
                return {self.value(k): self.value(v) for k, v in written["items"]}
            case "partial":
                function, args = self.value(written["func"]), self.value(written["args"])
                kwargs = self.value(written["kwargs"])
                return None if self.refused else functools.partial(function, *args, **kwargs)
            case "module":
                return self._named(written["name"], "")
            case "import":
                module, _, name = written["path"].partition(":")
                return self._named(module, name)
            case "function" | "object":
                key = written["text"] if written["$"] == "object" else written["path"]
                return self._given(str(key), str(written["path"]))
            case other:
                raise FormatError(Problem("$ must be a kind of this format", repr(other)))

    def _given(self, key: str, path: str) -> Any:
        for name in (key, path):
            if name in self.operators:
                return self.operators[name]
        self.refused[key] = None
        return None

    def _named(self, module: str, name: str) -> Any:
        path = f"{module}:{name}" if name else module
        if path in self.operators:
            return self.operators[path]
        if module.partition(".")[0] not in self.trust:
            self.refused[path] = None
            return None
        try:
            found: Any = sys.modules.get(module) or importlib.import_module(module)
            for part in name.split(".") if name else ():
                found = getattr(found, part)
        except Exception as e:  # whatever a module does when it is imported
            raise FormatError(Problem("a trusted path must be importable", f"{path}: {e}")) from e
        # `torch.hub:os.system` would lead out of the trusted package: an object must live where it is named
        if name and import_path(found) != path:
            self.refused[path] = None
            return None
        return found

    def raise_refused(self) -> None:
        if self.refused:
            names = ", ".join(self.refused)
            importable = (
                r.partition(".")[0].partition(":")[0] for r in self.refused if "<" not in r and ":" in r
            )
            packages = sorted(set(importable) - self.trust - {"__main__"})
            example = f"trust=({', '.join(repr(p) for p in packages)},) or " if packages else ""
            raise TrustError(
                f"the file names objects that are not trusted: {names}. "
                f"If you know them, pass {example}operators={{name: object}}"
            )


def condition_to_document(condition: cond.Condition) -> dict[str, Any]:
    """A condition as JSON data."""
    match condition:
        case cond.And(parts=parts) | cond.Or(parts=parts):
            name = type(condition).__name__.lower()
            return {"kind": name, "parts": [condition_to_document(p) for p in parts]}
        case cond.In(parent=parent, values=values):
            return {"kind": "in", "parent": parent, "values": [_write_value(v) for v in values]}
        case cond.Equals() | cond.NotEquals() | cond.Less() | cond.Greater():
            kind = _LITERAL_NAMES[type(condition)]
            return {"kind": kind, "parent": condition.parent, "value": _write_value(condition.value)}
        case _:
            assert_never(condition)


def condition_from_document(document: dict[str, Any]) -> cond.Condition:
    """The inverse of `condition_to_document`."""
    kind, reader = document["kind"], _Reader(frozenset(), {})
    if kind in ("and", "or"):
        parts = tuple(condition_from_document(p) for p in document["parts"])
        return cond.And(parts) if kind == "and" else cond.Or(parts)
    if kind == "in":
        return cond.In(document["parent"], tuple(reader.value(v) for v in document["values"]))
    if kind not in _LITERALS:
        raise FormatError(Problem("the kind of a condition must be one of this format", repr(kind)))
    return _LITERALS[kind](document["parent"], reader.value(document["value"]))


_LITERAL_NAMES: dict[type[cond.Condition], str] = {
    cond.Equals: "equals", cond.NotEquals: "not_equals", cond.Less: "less", cond.Greater: "greater",
}  # fmt: skip
_LITERALS: dict[str, type[cond.Equals | cond.NotEquals | cond.Less | cond.Greater]] = {
    "equals": cond.Equals, "not_equals": cond.NotEquals, "less": cond.Less, "greater": cond.Greater,
}  # fmt: skip
