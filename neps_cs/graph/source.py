"""A space as the Python text that would make it.

An attribute that is used again stands by its name. What is used twice without being an attribute,
or before its attribute is defined, gets a name of its own in a line before the class.
"""

from __future__ import annotations

import enum
import functools
import keyword
import math
import re
import types
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from typing_extensions import assert_never

from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation
from neps_cs.graph.lower import children_first
from neps_cs.graph.native import NOTHING
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
    SequenceRecord,
    SpaceGraph,
    edges,
)
from neps_cs.priors import ConfidenceLevel
from neps_cs.values import callable_name, is_plain, long_text

_SHARED = (NumberRecord, ChoiceRecord, OperationRecord, RepeatedRecord, FidelityRecord, LazyRecord)

_DEEP = 40
"""So many records stand one inside the other; of brackets there are about twice as many, of which Python
reads 200."""

_WORD = re.compile(r"\w+")
_LANGUAGE = (
    "PipelineSpace", "Float", "Integer", "Categorical", "Ordinal", "Fidelity", "IntegerFidelity",
    "FloatFidelity", "Normal", "Beta", "Weights", "Operation", "Resample", "Repeated", "ByName", "Lazy",
    "float", "frozenset",
)  # fmt: skip


def space_text(graph: SpaceGraph) -> str:
    """The class body, after the lines for what it shares; for what no class body can say (conditions,
    forbidden clauses, edits by address, some names), a call of `PipelineSpace.from_attributes`.

    It reads back where the names of neps_cs are known, `Edit` of `neps_cs.graph.records`, and those of all
    callables, enumerations and modules. These stand by their short names, so that lambdas don't read back,
    nor do objects whose repr does not.
    """
    hidden = {r.name for r in graph.roots if r.intermediate}
    underscored = {r.name for r in graph.roots if r.name.startswith("_")}
    beside = graph.conditions or graph.edits or graph.forbidden
    plain = hidden == underscored and graph.native == NOTHING and not beside
    as_class = plain and all(map(_may_be_assigned, (graph.name, *graph.root_of)))
    writer = _Writer(graph, as_class=as_class)
    if as_class and not (writer.words.isdisjoint(graph.root_of) and not any(map(_is_mangled, writer.words))):
        as_class, writer = False, _Writer(graph, as_class=False)
    lines = [f"{writer.shared[ref]} = {writer.texts[ref]}" for ref in writer.order if ref in writer.shared]
    if not as_class:
        return "\n".join([*lines, *_call(graph, writer, hidden, underscored)])
    lines.append(f"class {graph.name}(PipelineSpace):")
    lines += [f"    {name} = {text}" for name, text in writer.attributes()]
    return "\n".join(lines)


def _call(graph: SpaceGraph, writer: _Writer, hidden: set[str], underscored: set[str]) -> Iterator[str]:
    yield "PipelineSpace.from_attributes("
    yield "    {"
    yield from (f"        {name!r}: {text}," for name, text in writer.attributes())
    yield "    },"
    if graph.conditions:
        yield "    conditions={"
        for name, condition in graph.conditions.items():
            yield f"        {name!r}: {_condition(condition)},"
        yield "    },"
    if graph.forbidden:
        yield "    forbidden=("
        yield from (f"        {_condition(clause)}," for clause in graph.forbidden)
        yield "    ),"
    if hidden != underscored:
        yield f"    intermediate=frozenset({sorted(hidden)!r}),"
    if graph.edits:
        yield "    edits={"
        yield from (f"        {address!r}: {_edit(edit)}," for address, edit in graph.edits.items())
        yield "    },"
    if graph.native != NOTHING:
        yield f"    native={graph.native!r},"
    yield f"    name={graph.name!r},"
    yield ")"


def _may_be_assigned(name: str) -> bool:
    """Whether a class body may define a name, and the space will have it: no keyword, none that the class
    keeps for itself or writes in another way, and one that reads as it is written."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__"
    return is_name and not name.startswith("__") and unicodedata.normalize("NFKC", name) == name


def _is_mangled(word: str) -> bool:
    """Whether a class body takes a name for one of its own."""
    return word.startswith("__") and not word.endswith("__")


def _condition(condition: Clause) -> str:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            inner = ", ".join(map(_condition, parts))
            return f"{type(condition).__name__}(({inner}{',' if len(parts) == 1 else ''}))"
        case In(parent=parent, values=values):
            return f"In({parent!r}, {value_text(values)})"
        case Relation(left=left, operator=operator, right=right):
            return f"Relation({left!r}, {operator!r}, {right!r})"
        case NotEquals(or_inactive=True):
            return f"NotEquals({condition.parent!r}, {value_text(condition.value)}, or_inactive=True)"
        case Equals() | NotEquals() | Less() | Greater() | LessEqual() | GreaterEqual():
            return f"{type(condition).__name__}({condition.parent!r}, {value_text(condition.value)})"
        case _:
            assert_never(condition)


def _edit(edit: Edit) -> str:
    level = None if edit.confidence is None else edit.confidence.value
    fields: dict[str, Any] = {"lower": edit.lower, "upper": edit.upper, "among": edit.among}
    fields |= {"sets_prior": edit.sets_prior or None, "prior": edit.prior}
    confidence = [] if level is None else [f"confidence=ConfidenceLevel({level!r})"]
    given = [f"{name}={value_text(value)}" for name, value in fields.items() if value is not None]
    return f"Edit({', '.join(given + confidence)})"


class _Writer:
    """Texts of records; `shared` maps those with a line of their own to its name."""

    def __init__(self, graph: SpaceGraph, *, as_class: bool) -> None:
        self.graph = graph
        self.order = children_first(graph)
        self._first: dict[Ref, int] = {}
        for i, root in enumerate(graph.roots):
            self._first.setdefault(root.ref, i)
        self.shared = self._named(self._hoisted(as_class=as_class))
        self.words = set(_LANGUAGE)
        """The names that the text uses, those of attributes aside."""
        self.texts: dict[Ref, str] = {}
        for ref in self.order:
            self.texts[ref] = self._text(graph.records[ref])

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Name and text of each attribute."""
        for i, root in enumerate(self.graph.roots):
            first = self._first[root.ref]
            known = self.shared.get(root.ref)
            yield root.name, known or (self.texts[root.ref] if first == i else self.graph.roots[first].name)

    def _hoisted(self, *, as_class: bool) -> set[Ref]:
        """What is needed before the attribute that defines it, or twice without one."""
        records = self.graph.records
        users = [0] * len(records)
        for record in records:
            for target in edges(record):
                users[target] += 1
        found: set[Ref] = set()
        work = [(root.ref, i) for i, root in enumerate(self.graph.roots) if self._first[root.ref] == i]
        if not as_class:  # one attribute can't name another
            again = {root.ref for i, root in enumerate(self.graph.roots) if self._first[root.ref] != i}
            found |= again
            work += [(ref, -1) for ref in again]
        while work:
            start, at = work.pop()
            stack = list(edges(records[start]))
            while stack:
                ref = stack.pop()
                defined = self._first.get(ref)
                if isinstance(records[ref], _SHARED) and (
                    users[ref] > 1 if defined is None else defined > at or not as_class
                ):
                    if ref not in found:
                        found.add(ref)
                        work.append((ref, -1))  # what it holds is needed before the class
                elif defined is None:
                    stack.extend(edges(records[ref]))
        return found | self._deep(found)

    def _deep(self, hoisted: set[Ref]) -> set[Ref]:
        """What would otherwise make a text of more nested brackets than Python reads."""
        found: set[Ref] = set()
        depths: dict[Ref, int] = {}
        for ref in self.order:
            record = self.graph.records[ref]
            depth = 1 + max((depths[target] for target in edges(record) if target in depths), default=0)
            if depth >= _DEEP and isinstance(record, _SHARED) and self._first.get(ref) is None:
                found.add(ref)
            depths[ref] = 0 if ref in found or ref in hoisted else depth
        return found

    def _named(self, hoisted: set[Ref]) -> dict[Ref, str]:
        taken = {r.name for r in self.graph.roots}
        taken |= {word for r in self.graph.records
                  if isinstance(r, OperationRecord) and callable(r.operator)
                  for word in _WORD.findall(value_text(r.operator))}  # fmt: skip
        names = (name for i in range(1, 10**9) if (name := f"shared_{i}") not in taken)
        return {ref: next(names) for ref in self.order if ref in hoisted}

    def _use(self, ref: Ref) -> str:
        """A record where another one holds it."""
        known = self.shared.get(ref)
        if known is None and isinstance(self.graph.records[ref], _SHARED) and ref in self._first:
            known = self.graph.roots[self._first[ref]].name
        return known or self.texts[ref]

    def _text(self, record: Record) -> str:
        match record:
            case NumberRecord() | ChoiceRecord() | FidelityRecord():
                return self._parameter(record)
            case ConstantRecord(value=value):
                text = value_text(value)
                if not is_plain(value):
                    self.words.update(_WORD.findall(text))
                return text
            case OperationRecord(operator=operator):
                return self._operation(record, operator)
            case ResampleRecord(source=source):
                return f"{self._use(source)}.resample()"
            case RepeatedRecord(count=count, content=content):
                return f"Repeated({self._use(count)}, {self._use(content)})"
            case ByNameRecord(name=name):
                return f"ByName({name!r})"
            case LazyRecord(content=content):
                return f"Lazy({self._use(content)})"
            case SequenceRecord(form=form, items=items):
                inner = ", ".join(map(self._use, items))
                return f"[{inner}]" if form == "list" else f"({inner}{',' if len(items) == 1 else ''})"
            case MappingRecord(keys=keys, items=items):
                pairs = (f"{value_text(k)}: {self._use(v)}" for k, v in zip(keys, items, strict=True))
                return f"{{{', '.join(pairs)}}}"
            case _:
                assert_never(record)

    def _operation(self, record: OperationRecord, operator: Any) -> str:
        parts = [repr(operator) if isinstance(operator, str) else value_text(operator)]
        if not isinstance(operator, str):
            self.words.update(_WORD.findall(parts[0]))
        for name, ref in (("args", record.args), ("kwargs", record.kwargs)):
            given = self.graph.records[ref]
            if not isinstance(given, (SequenceRecord, MappingRecord)) or given.items:
                parts.append(f"{name}={self._use(ref)}")
        return f"Operation({', '.join(parts)})"

    def _parameter(self, record: NumberRecord | ChoiceRecord | FidelityRecord) -> str:
        if isinstance(record, FidelityRecord):
            return _fidelity(record)
        options: dict[str, Any] = {"prior": record.prior, "prior_confidence": record.confidence}
        options |= {"default": record.default, "meta": None if record.meta is None else dict(record.meta)}
        if isinstance(record, ChoiceRecord):
            choices = record.choices
            given = (
                self._use(choices)
                if isinstance(choices, int)
                else self._text(SequenceRecord("tuple", choices))
            )
            options["among"] = record.among
            return f"{'Ordinal' if record.ordered else 'Categorical'}({given}{_options(options)})"
        options = {"log": record.log or None, "log_base": record.log_base, **options, "step": record.step}
        lower, upper = (
            repr(bound) if ref is None else self._use(ref)
            for bound, ref in ((record.lower, record.lower_ref), (record.upper, record.upper_ref))
        )
        return f"{'Integer' if record.integer else 'Float'}({lower}, {upper}{_options(options)})"


def _fidelity(record: FidelityRecord) -> str:
    options = {"log": record.log or None, "log_base": record.log_base}
    number = f"({record.lower}, {record.upper}{_options(options)})"
    if record.form != "Fidelity":
        return record.form + number
    return f"Fidelity({'Integer' if record.integer else 'Float'}{number})"


def _options(options: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value_text(value)}" for name, value in options.items() if value is not None)


def _is_keyword_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name


def _member(member: enum.Enum) -> str:
    """A member of an enumeration; those of a Flag that are combined have no name of their own."""
    kind, name = type(member), member.name
    if kind.__members__.get(name) is not member:
        return f"{kind.__name__}({value_text(member.value)})"
    return f"{kind.__name__}.{name}" if _is_keyword_name(name) else f"{kind.__name__}[{name!r}]"


def value_text(value: Any) -> str:
    """A value that is no node, as Python text; callables, modules and members of enumerations by their
    names."""
    match value:
        case enum.Enum() if not isinstance(value, ConfidenceLevel):
            return _member(value)
        case tuple() | list() if type(value) in (tuple, list):
            inner = ", ".join(map(value_text, value))
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
        case dict() if type(value) is dict:
            return f"{{{', '.join(f'{value_text(k)}: {value_text(v)}' for k, v in value.items())}}}"
        case functools.partial(func=function, args=args, keywords=keywords):
            parts = [value_text(function), *map(value_text, args)]
            if all(map(_is_keyword_name, keywords)):
                parts += [f"{k}={value_text(v)}" for k, v in keywords.items()]
            else:
                parts.append(f"**{value_text(keywords)}")
            return f"functools.partial({', '.join(parts)})"
        case float() if not math.isfinite(value):
            return f"float('{value}')"
        case types.ModuleType():
            return value.__name__
        case ConfidenceLevel():
            return repr(value.value)
        case _:
            named = callable(value) and isinstance(getattr(value, "__name__", None), str)
            return callable_name(value) if named else long_text(value)
