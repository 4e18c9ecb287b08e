"""Where something stands in the text of a JSON or YAML document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import yaml

Path: TypeAlias = "tuple[str | int, ...]"
MAX_TEXT = 2**23

MAX_YAML = 2**20
"""Characters in which places are looked for; of YAML fewer: its parser is slow."""


class _Token(NamedTuple):
    text: str
    start: int


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def line_and_column(text: str, path: Path) -> tuple[int, int] | None:
    """Line and column, from 1, of the value at a path in a document that could be parsed: as far down the
    path as there is something; None where nothing of it is found."""
    if len(text) > MAX_TEXT:
        return None
    start = _in_json(text, path) if text.lstrip("\ufeff \t\r\n").startswith("{") else None
    if start is not None:
        return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    return _in_yaml(text, path)


def _in_json(text: str, path: Path) -> int | None:
    tokens = (_Token(m.group(), m.start()) for m in _TOKEN.finditer(text))
    found = None
    try:
        token = next(tokens)
        for step in path:
            inside = _step(tokens, token, step)
            if inside is None:
                break
            token = inside
            found = token.start
    except StopIteration:
        return found
    return found


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


def _in_yaml(text: str, path: Path) -> tuple[int, int] | None:
    if len(text) > MAX_YAML:
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    found = None
    for step in path:
        inside = _inside(node, step)
        if inside is None:
            break
        node = inside
        found = node.start_mark.line + 1, node.start_mark.column + 1
    return found


def _inside(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    match node:
        case yaml.MappingNode(value=pairs):
            return next((value for key, value in pairs if key.value == step), None)
        case yaml.SequenceNode(value=items) if isinstance(step, int) and step < len(items):
            item: yaml.Node = items[step]
            return item
        case _:
            return None
