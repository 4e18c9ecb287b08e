"""Where something stands in the text of a JSON or YAML document."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import yaml

Path: TypeAlias = "tuple[str | int, ...]"
Place: TypeAlias = "tuple[int, int]"
"""Line and column, from 1."""

MAX_TEXT = 2**26
MAX_YAML = 2**20
"""Characters in which places are looked for; of YAML fewer: its parser is slow."""

MAX_TOKENS = 5_000_000
"""Read in all to find places in a document; then its rows are the places of what is in them."""

MAX_REPEATED = 100


class _Token(NamedTuple):
    text: str
    start: int


_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ROWS = 2
"""Steps of the paths that are known after one reading: those of hyperparameters, conditions, forbiddens."""


class Places:
    """Lines and columns of the paths in one text: it is read once, and then the row that a path is in."""

    def __init__(self, text: str) -> None:
        self._text, self._left = text, MAX_TOKENS

    def __call__(self, path: Path) -> Place | None:
        """Line and column of the value at a path in a document that could be parsed: as far down the path as
        there is something; None where nothing of it is found."""
        if not self._is_json:
            return self._in_yaml(path)
        start = self._start(path)
        return None if start is None else self.at(start)

    def at(self, start: int) -> Place:
        """Line and column of an index into the text."""
        line = bisect.bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1

    def repeated(self) -> list[tuple[Path, Place]]:
        """The keys that stand in an object once more, with the place of the value that counts; the first
        hundred."""
        if not self._is_json:
            return list(islice(self._repeated_nodes(self._root, ()), MAX_REPEATED))
        if len(self._text) > MAX_TEXT or not _repeats(self._text):
            return []
        return [(path, self.at(start)) for path, start in islice(_repeated(self._text), MAX_REPEATED)]

    @cached_property
    def _is_json(self) -> bool:
        return self._text.lstrip("\ufeff \t\r\n").startswith("{")

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line starts."""
        return [0, *(m.end() for m in re.finditer("\n", self._text))]

    def _tokens(self, start: int) -> Iterator[_Token]:
        if len(self._text) > MAX_TEXT:
            return
        for found in _TOKEN.finditer(self._text, start):
            if self._left <= 0:
                return
            self._left -= 1
            yield _Token(found.group(), found.start())

    @cached_property
    def _rows(self) -> dict[Path, int]:
        return {path: start for path, start in _values(self._tokens(0), _ROWS) if path}

    def _start(self, path: Path) -> int | None:
        known = next((n for n in range(min(_ROWS, len(path)), 0, -1) if path[:n] in self._rows), 0)
        if not known:
            return None
        found = self._rows[path[:known]]
        tokens = self._tokens(found)
        try:
            token = next(tokens)
            for step in path[known:]:
                inside = _step(tokens, token, step)
                if inside is None:
                    break
                token = inside
                found = token.start
        except StopIteration:
            pass  # as far as was read
        return found

    @cached_property
    def _root(self) -> yaml.Node | None:
        if len(self._text) > MAX_YAML:
            return None
        try:
            return yaml.compose(self._text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError):
            return None

    def _in_yaml(self, path: Path) -> Place | None:
        node, found = self._root, None
        for step in path:
            inside = _inside(node, step)
            if inside is None:
                break
            node = inside
            found = node.start_mark.line + 1, node.start_mark.column + 1
        return found

    def _repeated_nodes(self, node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, Place]]:
        match node:
            case yaml.MappingNode(value=pairs):
                seen = set[str]()
                for key, value in pairs:
                    if isinstance(key, yaml.ScalarNode) and key.value in seen:
                        yield (*path, key.value), (value.start_mark.line + 1, value.start_mark.column + 1)
                    elif isinstance(key, yaml.ScalarNode):
                        seen.add(key.value)
                        yield from self._repeated_nodes(value, (*path, key.value))
            case yaml.SequenceNode(value=items):
                for i, item in enumerate(items):
                    yield from self._repeated_nodes(item, (*path, i))


def _repeats(text: str) -> bool:
    """Whether an object in a JSON text has a key twice."""
    found = False

    def check(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    json.loads(text.lstrip("\ufeff"), object_pairs_hook=check)
    return found


def _repeated(text: str) -> Iterator[tuple[Path, int]]:
    seen = set[Path]()
    tokens = (_Token(m.group(), m.start()) for m in _TOKEN.finditer(text))
    for path, start in _values(tokens, None):
        if path in seen and isinstance(path[-1], str):
            yield path, start
        seen.add(path)


def _values(tokens: Iterator[_Token], depth: int | None) -> Iterator[tuple[Path, int]]:
    """Paths of at most `depth` steps, and where their values start. An object's second value of a key has
    the path of the first."""
    path: list[Any] = []  # a key or an index for each object and array that is open
    opened: list[str] = []
    wants_key = False
    for text, start in tokens:
        if text in ("}", "]"):
            opened.pop()
            path.pop()
            wants_key = False
        elif text == ",":
            wants_key = opened[-1] == "{"
            if not wants_key:
                path[-1] += 1
        elif wants_key:
            path[-1], wants_key = _plain(text), False
        elif text != ":":
            if depth is None or len(path) <= depth:
                yield tuple(path), start
            if text in ("{", "["):
                opened.append(text)
                path.append(0)
                wants_key = text == "{"


def _step(tokens: Iterator[_Token], opening: _Token, step: str | int) -> _Token | None:
    """The first token of the value under one step, None where it is not there."""
    if opening.text not in ("{", "["):
        return None
    index = 0
    while True:
        token = next(tokens)
        if token.text in ("}", "]"):
            return None
        key: str | int = index
        if opening.text == "{":
            key = _plain(token.text)
            next(tokens)  # the colon
            token = next(tokens)
        if key == step:
            return token
        _skip(tokens, token)
        index += 1
        if next(tokens).text != ",":
            return None


def _skip(tokens: Iterator[_Token], first: _Token) -> None:
    depth = int(first.text in ("{", "["))
    while depth:
        text = next(tokens).text
        depth += (text in ("{", "[")) - (text in ("}", "]"))


def _plain(text: str) -> str:
    return _ESCAPE.sub(
        lambda m: chr(int(m.group(1), 16)) if m.group(1) else _CONTROL.get(m.group(2), m.group(2)),
        text[1:-1],
    )


def _inside(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    match node:
        case yaml.MappingNode(value=pairs):
            return next((value for key, value in pairs if key.value == step), None)
        case yaml.SequenceNode(value=items) if isinstance(step, int) and step < len(items):
            item: yaml.Node = items[step]
            return item
        case _:
            return None
