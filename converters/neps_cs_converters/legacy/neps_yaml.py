"""YAML in bounded time and memory, with the line and column of everything, and the NePS spaces in it.

The events of the parser are counted before anything is built: levels, nodes, and what aliases would
multiply. Values are made as `yaml.safe_load` makes them, so that numbers are what NePS saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from neps_cs.errors import FormatError, Problem
from neps_cs.storage import text_place
from neps_cs_converters.legacy.neps_dict import Where, read_neps
from neps_cs_converters.legacy.neps_entries import path_text, short
from neps_cs_converters.legacy.neps_generations import MARKS, NESTED, NEWEST_FIRST, OF_0_12, SINCE_0_13
from neps_cs_converters.legacy.neps_rules import Path
from neps_cs_converters.legacy.reading import Note, Notes, Read

MAX_BYTES = 2**20
MAX_LEVELS = 50
MAX_NODES = 200_000
_TOP_KEYS = ("pipeline_space", "search_space")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")}
_INT, _MAX_DIGITS = "tag:yaml.org,2002:int", 1000
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """The value of a file; `find` gives line and column of a path in it, or of what is nearest above, or
    None; `twice` has the paths of keys that stand twice in a mapping."""

    value: Any
    name: str
    find: Callable[[Path], Place | None] = lambda path: None
    twice: Sequence[tuple[Path, Place, Place]] = ()

    def where(self, path: Path) -> str:
        """The place of a path, for messages: file, line, column and the path itself."""
        found, inner = self.find(path), path_text(path)
        place = self.name if found is None else f"{self.name}, line {found[0]}, column {found[1]}"
        return place + (f": {inner}" if inner else "")

    def below(self, start: Path) -> Where:
        """Places of the paths below `start`, which stand without it."""

        def place(path: Path) -> str:
            found, inner = self.find((*start, *path)), path_text(path)
            place = self.name if found is None else f"{self.name}, line {found[0]}, column {found[1]}"
            return place + (f": {inner}" if inner else "")

        return place


def read_yaml(text: str, name: str) -> Document:
    """The document of a text. Raises FormatError for text that is no YAML, for more than one document, for
    tags that would make objects, aliases in a circle, and what is larger than the limits."""
    try:
        check_size(text, name)
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            raise FormatError(Problem("the file must hold a space", "an empty file", text_place(name, text, 0)))
        builder = _Builder(name)
        return Document(builder.value(node, ()), name, builder.find, builder.twice)
    except yaml.MarkedYAMLError as e:
        place = _marked(name, e.problem_mark or e.context_mark)
        raise FormatError(Problem("the file must be YAML", _said(e), place)) from e
    except yaml.YAMLError as e:  # characters that no YAML may have
        bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
        got = str(e).splitlines()[0] if bad is None else f"the character {bad.group()!r}"
        place = text_place(name, text, 0 if bad is None else bad.start())
        raise FormatError(Problem("the file must be YAML", got, place)) from e


def read_neps_document(document: Document, form: str) -> Read:
    """The NePS space of a document: under `pipeline_space` or `search_space`, or the whole of it.

    Raises FormatError for what no generation of NePS reads.
    """
    value = document.value
    if not isinstance(value, Mapping):
        rule = "a file of a NePS space must be a mapping from names to parameters"
        raise FormatError(Problem(rule, f"a {type(value).__name__}", document.where(())))
    start, others = _space_paths(document, value)
    entries = value
    for key in start:
        entries = entries[key]
    _check_twice(document, start)
    if not isinstance(entries, Mapping):
        rule = f"{start[-1]} must be a mapping from names to parameters{_hint(entries)}"
        raise FormatError(Problem(rule, short(entries), document.where(start)))
    shown = [MARKS[key] for key in _keys_beside(value, start) if key in MARKS] if start else []
    if len(start) > 1:
        shown.append(NESTED)
    marked = [g for g in NEWEST_FIRST if all(g in generations for generations in shown)]
    possible = NEWEST_FIRST if start else (SINCE_0_13, OF_0_12)
    found = read_neps(entries, document.below(start), form, possible, marked)
    taken = f"nothing: the space is what stands under {path_text(start)}"
    notes = [Note(document.where(path), f"{path[-1]} beside {start[-1]}", taken) for path in others]
    return Read(found.space, found.form, Notes([*notes, *found.notes]))


def _space_paths(document: Document, value: Mapping[Any, Any]) -> tuple[Path, list[Path]]:
    """Where the space stands, and what else is called so. NePS 0.12 looked for it at any depth."""
    found = [(key,) for key in _TOP_KEYS if key in value]
    if found:
        start = next((path for path in found if isinstance(value[path[0]], Mapping)), found[0])
        return start, [path for path in found if path != start]
    deeper = list(_deeper(value, ()))
    if len(deeper) > 1:
        rule = "a space must stand once in a file"
        got = " and ".join(path_text(path) for path in deeper)
        raise FormatError(Problem(rule, got, document.where(deeper[1])))
    return (deeper[0] if deeper else ()), []


def _deeper(value: Mapping[Any, Any], path: Path) -> Iterator[Path]:
    for key, inner in value.items():
        if path and key in _TOP_KEYS:
            yield (*path, key)
        elif isinstance(inner, Mapping):
            yield from _deeper(inner, (*path, key))


def _keys_beside(value: Mapping[Any, Any], start: Path) -> Iterator[Any]:
    """The keys beside the space, and beside the mappings in which it stands."""
    for key in start:
        yield from value
        value = value[key]


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
        place = f"{document.name}, line {again}, column {at}: {path_text(path)}"
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

    def find(self, path: Path) -> Place:
        """Line and column of a path; where it has none of its own, of what is nearest above."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

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
        place = f"{self.name}, line {line}, column {column}: {path_text(path)}"
        raise FormatError(Problem(rule, node.tag.replace("tag:yaml.org,2002:", "!!"), place))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            if len(node.value) > _MAX_DIGITS and node.tag == _INT:  # 1:30:00 takes the square of its length
                raise ValueError("too long")
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
