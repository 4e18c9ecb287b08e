"""The text of a .pcs file as lines and tokens, each with its column."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import NamedTuple

LINE_END = re.compile(r"\r\n|\r|\n")
OPERATORS = ("==", "!=", "<=", ">=", "<", ">", "=")
CONNECTIVES = ("&&", "||")

MAX_LINES = 500_000

_CHUNK = re.compile(r"\|\||[{}(),|]|[^\s{}(),|]+")
_SPLIT = re.compile(r"==|!=|<=|>=|&&|<|>|=")


class Token(NamedTuple):
    """A word or a sign, and its column from 1. Of a word, `text` has no quotes."""

    text: str
    column: int

    @property
    def is_sign(self) -> bool:
        return self.text in _SIGNS


_SIGNS = frozenset((*OPERATORS, *CONNECTIVES, *"{}(),|"))


class SyntaxProblemError(Exception):
    """A line that can't be read: the rule, what was there, and the column."""

    def __init__(self, rule: str, got: str, column: int) -> None:
        super().__init__(rule)
        self.rule, self.got, self.column = rule, got, column


@dataclass(frozen=True)
class Line:
    """A line without its comment. `number` counts from 1."""

    number: int
    text: str

    def part(self, start: int, end: int) -> Token:
        """A piece of the line as one word, without the space and the quotes around it."""
        raw = self.text[start:end]
        return Token(unquoted(raw), start + len(raw) - len(raw.lstrip()) + 1)

    def items(self, start: int, end: int) -> list[Token]:
        """The pieces between commas. An empty one is the empty text."""
        found, at = list[Token](), start
        for piece in self.text[start:end].split(","):
            found.append(self.part(at, at + len(piece)))
            at += len(piece) + 1
        return found

    def closing(self, opening: int) -> int:
        """Where the bracket closes that opens at a place. Raises SyntaxProblemError."""
        sign = {"{": "}", "[": "]"}[self.text[opening]]
        at = self.text.find(sign, opening)
        if at < 0:
            rule = f"'{self.text[opening]}' must be closed in the same line by '{sign}'"
            raise SyntaxProblemError(rule, "the end of the line", opening + 1)
        return at


def unquoted(text: str) -> str:
    """Without quotes, as ConfigSpace reads it, and without space around it."""
    return text.replace('"', "").replace("'", "").strip()


def lines_of(text: str) -> Iterator[Line]:
    """The lines that say something. What follows a # is a comment. Raises SyntaxProblemError for more lines
    than MAX_LINES."""
    start, end = len(text) - len(text.removeprefix("\ufeff")), 0
    for number in range(1, MAX_LINES + 2):
        found = LINE_END.search(text, start)
        end = len(text) if found is None else found.start()
        bare = text[start:end].partition("#")[0].rstrip()
        if bare.strip():
            yield Line(number, bare)
        if found is None:
            return
        start = found.end()
    raise SyntaxProblemError(f"a file must have at most {MAX_LINES:,} lines", "more", 1)


def tokens_of(line: Line, start: int, end: int, known: Container[str]) -> Iterator[Token]:
    """Words and signs between two places. Signs need no space around them, but what is `known`, names and
    choices such as a<b, stays whole."""
    for chunk in _CHUNK.finditer(line.text, start, end):
        raw, at = chunk.group(), chunk.start()
        if raw in _SIGNS:
            yield Token(raw, at + 1)
            continue
        if unquoted(raw) in known:
            yield Token(unquoted(raw), at + 1)
            continue
        done = 0
        for sign in _SPLIT.finditer(raw):
            if sign.start() > done:
                yield Token(unquoted(raw[done : sign.start()]), at + done + 1)
            yield Token(sign.group(), at + sign.start() + 1)
            done = sign.end()
        if done < len(raw):
            yield Token(unquoted(raw[done:]), at + done + 1)
