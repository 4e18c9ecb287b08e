"""YAML in bounded time and memory, with the line and column of everything.

The events of the parser are counted before anything is built: levels, nodes, and what aliases would
multiply. Values are made as `yaml.safe_load` makes them, so that numbers are what NePS saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from neps_cs.errors import FormatError, Problem
from neps_cs.storage import text_place
from neps_cs_converters.legacy.neps_documents import Document, Place
from neps_cs_converters.legacy.neps_entries import path_text, short
from neps_cs_converters.legacy.neps_rules import Path

MAX_BYTES = 2**20
MAX_LEVELS = 50
MAX_NODES = 200_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")}
_INT, _MAX_DIGITS = "tag:yaml.org,2002:int", 1000
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


def read_yaml(text: str, name: str) -> Document:
    """The document of a text. Raises FormatError for text that is no YAML, for more than one document, for
    tags that would make objects, aliases in a circle, and what is larger than the limits."""
    try:
        check_size(text, name)
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            place = text_place(name, text, 0)
            raise FormatError(Problem("the file must hold a space", "an empty file", place))
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
                own[key] = _place(key_node)
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
