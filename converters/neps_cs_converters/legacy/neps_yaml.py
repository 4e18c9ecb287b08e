"""YAML in bounded time and memory, with the line and column of everything, and the NePS spaces in it.

The events of the parser are counted before anything is built: levels, nodes, and what aliases would
multiply. Values are made as `yaml.safe_load` makes them, so that numbers are what NePS saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from neps_cs.errors import FormatError, Problem
from neps_cs_converters.legacy.neps_dict import Where, read_neps
from neps_cs_converters.legacy.neps_entries import short
from neps_cs_converters.legacy.neps_generations import MARKS, NEWEST_FIRST, OF_0_12, SINCE_0_13
from neps_cs_converters.legacy.neps_rules import Path
from neps_cs_converters.legacy.reading import Read

MAX_BYTES = 2**20
MAX_LEVELS = 50
MAX_NODES = 200_000
_TOP_KEYS = ("pipeline_space", "search_space")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")}
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """The value of a file of YAML; `places` has the line and column of each path in it, `twice` the
    paths of keys that stand twice in a mapping."""

    value: Any
    name: str
    places: Mapping[Path, Place] = field(default_factory=dict)
    twice: Sequence[tuple[Path, Place, Place]] = ()

    def where(self, path: Path) -> str:
        """The place of a path, for messages: file, line, column and the path itself."""
        known = path
        while known not in self.places:
            known = known[:-1]
        line, column = self.places[known]
        inner = ".".join(map(str, path))
        return f"{self.name}, line {line}, column {column}" + (f": {inner}" if inner else "")

    def below(self, start: Path) -> Where:
        """Places of the paths below `start`, which stand without it."""

        def place(path: Path) -> str:
            text, inner = self.where((*start, *path)), ".".join(map(str, path))
            return f"{text.partition(': ')[0] if start or path else text}" + (f": {inner}" if inner else "")

        return place


def read_yaml(text: str, name: str) -> Document:
    """The document of a text. Raises FormatError for text that is no YAML, for more than one document, for
    tags that would make objects, aliases in a circle, and what is larger than the limits."""
    try:
        check_size(text, name)
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            raise FormatError(Problem("the file must hold a space", "an empty file", name))
        builder = _Builder(name)
        return Document(builder.value(node, ()), name, builder.places, builder.twice)
    except yaml.MarkedYAMLError as e:
        place = _marked(name, e.problem_mark or e.context_mark)
        raise FormatError(Problem("the file must be YAML", _said(e), place)) from e
    except yaml.YAMLError as e:  # characters that no YAML may have
        got = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise FormatError(Problem("the file must be YAML", got, name)) from e


def read_neps_yaml(document: Document) -> Read:
    """The NePS space of a document: under `pipeline_space` or `search_space`, or the whole of it.

    Raises FormatError for what no generation of NePS reads.
    """
    value = document.value
    if not isinstance(value, Mapping):
        rule = "a file of a NePS space must be a mapping from names to parameters"
        raise FormatError(Problem(rule, f"a {type(value).__name__}", document.where(())))
    key = next((k for k in _TOP_KEYS if k in value), None)
    start: Path = () if key is None else (key,)
    entries = value if key is None else value[key]
    _check_twice(document, start)
    if not isinstance(entries, Mapping):
        raise FormatError(Problem(f"{key} must be a mapping from names to parameters{_hint(entries)}",
                                  short(entries), document.where(start)))  # fmt: skip
    _check_nested(document, entries, key)
    shown = [generations for mark, generations in MARKS.items() if mark in value and key is not None]
    marked = [g for g in NEWEST_FIRST if all(g in generations for generations in shown)]
    possible = NEWEST_FIRST if key else (SINCE_0_13, OF_0_12)
    return read_neps(entries, document.below(start), "NePS YAML", possible, marked)


def _check_nested(document: Document, entries: Mapping[Any, Any], key: str | None) -> None:
    """Refuse a file whose space stands deeper, or in another file, with a hint."""
    if key is not None:
        return
    for outer, inner in entries.items():
        found = next((k for k in _TOP_KEYS if isinstance(inner, Mapping) and k in inner), None)
        if found is not None:
            rule = f"a space must stand at the top of a file, or under {' or '.join(_TOP_KEYS)}"
            got = f"{found} under {short(outer)}{_hint(inner[found])}"
            raise FormatError(Problem(rule, got, document.where((outer, found))))


def _hint(value: object) -> str:
    return (
        f" (read the file {value} itself)"
        if isinstance(value, str) and value.endswith((".yaml", ".yml"))
        else ""
    )


def _check_twice(document: Document, start: Path) -> None:
    rows = [row for row in document.twice if row[0][: len(start)] == start or row[0] == start]
    problems = []
    for path, (line, column), (again, at) in rows:
        got = f"line {line}, column {column} and line {again}, column {at}"
        place = f"{document.name}, line {again}, column {at}: {'.'.join(map(str, path))}"
        problems.append(Problem("a key must stand once in a mapping", got, place))
    if problems:
        raise FormatError(problems)


def _said(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.problem, error.context) if part]
    return " ".join(parts) or "something else"


@dataclass
class _Open:
    """A mapping or a list whose end is still to come; `height` is that of what it holds so far."""

    anchor: str | None
    before: int
    height: int = 0


def check_size(text: str, name: str) -> None:
    """Raise FormatError for what is too long, deep or large, before a recursion or a multiplication starts:
    nodes and levels are counted with every alias written out."""
    if len(text) > MAX_BYTES:
        rule = f"a file of YAML must have at most {MAX_BYTES} characters"
        raise FormatError(Problem(rule, str(len(text)), name))
    known: dict[str, tuple[int, int]] = {}  # anchor → nodes and levels below it
    open_ = [_Open(None, 0)]
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        height = 0
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_.append(_Open(event.anchor, count))
            count += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            closed = open_.pop()
            height = closed.height + 1
            if closed.anchor is not None:
                known[closed.anchor] = count - closed.before, height
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if event.anchor is not None:
                known[event.anchor] = 1, 0
        elif isinstance(event, yaml.AliasEvent):
            if any(frame.anchor == event.anchor for frame in open_):
                rule = "an alias must not stand inside of what it names"
                raise FormatError(Problem(rule, f"*{event.anchor}", _marked(name, event.start_mark)))
            nodes, height = known.get(event.anchor or "", (1, 0))
            count += nodes
        open_[-1].height = max(open_[-1].height, height)
        if len(open_) - 1 + height > MAX_LEVELS:
            rule = f"a file of YAML must nest at most {MAX_LEVELS} levels deep, aliases written out"
            raise FormatError(Problem(rule, "more", _marked(name, event.start_mark)))
        if count > MAX_NODES:
            rule = f"a file of YAML must have at most {MAX_NODES} values, aliases written out"
            raise FormatError(Problem(rule, "more", _marked(name, event.start_mark)))


def _marked(name: str, mark: Any) -> str:
    return name if mark is None else f"{name}, line {mark.line + 1}, column {mark.column + 1}"


class _Builder:
    """Values of nodes as `yaml.safe_load` makes them, with places and keys that stand twice."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path, Place] = {}
        self.twice: list[tuple[Path, Place, Place]] = []
        self._makers: Any = yaml.SafeLoader("")

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.places.setdefault(path, _place(node))
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN:
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node, path)
        line, column = _place(node)
        rule = "a file must hold plain values, and no tags that make objects"
        place = f"{self.name}, line {line}, column {column}: {'.'.join(map(str, path))}"
        raise FormatError(Problem(rule, node.tag.replace("tag:yaml.org,2002:", "!!"), place))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._makers.construct_object(node)
        except (ValueError, LookupError, OverflowError, AttributeError) as e:  # `!!int x`, `!!timestamp x`
            line, column = _place(node)
            got = short(node.value)
            place = f"{self.name}, line {line}, column {column}"
            raise FormatError(Problem("a value must be what its form or its tag says", got, place)) from e

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        own: dict[Any, Place] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag in _PLAIN:
                key = self._scalar(key_node)
                if key in own:
                    self.twice.append(((*path, key), own[key], _place(key_node)))
                own.setdefault(key, _place(key_node))
        found: dict[Any, Any] = {}
        self._makers.flatten_mapping(node)  # `<<`: what is merged comes first
        for key_node, value_node in node.value:
            key = self.value(key_node, (*path, "a key"))
            if isinstance(key, (list, dict)):
                line, column = _place(key_node)
                place = f"{self.name}, line {line}, column {column}"
                raise FormatError(Problem("a key must be a number or a text", short(key), place))
            below = (*path, key)
            self.places[below] = own.get(key, _place(key_node))
            found[key] = self.value(value_node, below)
        return found


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
