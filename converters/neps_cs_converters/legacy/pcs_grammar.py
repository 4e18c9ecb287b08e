"""`or` of `and` of comparisons, in conditions and advanced forbidden clauses: && binds closer than ||, and
brackets are allowed, which no ConfigSpace writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NoReturn, TypeVar

from neps_cs.conditions import And, Or
from neps_cs_converters.legacy.draft import MAX_NESTING
from neps_cs_converters.legacy.pcs_text import OPERATORS, SyntaxProblemError, Token

T = TypeVar("T")
_CONNECTING = frozenset({"&", "and", "or", "AND", "OR"})
"""Words that nobody writes without meaning a connective."""


class Grammar(Generic[T]):
    """Reads tokens of one line; `comparison` reads one comparison from it, and gives None where a name or a
    value is a problem of the draft. What comes after the last token is `end`, at a column."""

    def __init__(
        self, tokens: Sequence[Token], end: Token, comparison: Callable[[Grammar[T]], T | None]
    ) -> None:
        self.tokens, self._end, self._comparison = tokens, end, comparison
        self.at, self._depth = 0, 0

    def read(self) -> tuple[T | None, Sequence[Token]]:
        """What the tokens say, and the words that follow it. Raises SyntaxProblemError, also for what follows
        and is more than words."""
        found, rest = self._any(), self.tokens[self.at :]
        remark = bool(rest) and rest[0].text.startswith(("//", ";"))
        if not remark and any(t.text in _CONNECTING or (t.is_sign and t.text != ",") for t in rest):
            self.fail("&& or || must follow, or the end")
        return found, rest

    @property
    def text(self) -> str | None:
        """The token that comes; None at the end."""
        return self.tokens[self.at].text if self.at < len(self.tokens) else None

    def fail(self, rule: str) -> NoReturn:
        """A problem with the token that comes."""
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            raise SyntaxProblemError(rule, repr(token.text), token.column)
        raise SyntaxProblemError(rule, self._end.text, self._end.column)

    def word(self, rule: str) -> Token:
        """The word that comes, taken."""
        if self.at == len(self.tokens) or self.tokens[self.at].is_sign:
            self.fail(rule)
        self.at += 1
        return self.tokens[self.at - 1]

    def sign(self, signs: Sequence[str]) -> Token:
        """The sign that comes, taken: one of these."""
        if self.text not in signs:
            self.fail(f"{', '.join(signs[:-1])} or {signs[-1]} must follow")
        self.at += 1
        return self.tokens[self.at - 1]

    def _any(self) -> T | None:
        parts = [self._all()]
        while self.text == "||":
            self.at += 1
            parts.append(self._all())
        return _joined(Or, parts)

    def _all(self) -> T | None:
        parts = [self._one()]
        while self.text == "&&":
            self.at += 1
            parts.append(self._one())
        return _joined(And, parts)

    def _one(self) -> T | None:
        if self.text != "(" or not self._groups():
            return self._comparison(self)
        self._depth += 1
        if self._depth > MAX_NESTING:
            self.fail(f"brackets must nest at most {MAX_NESTING} levels deep")
        self.at += 1
        inner = self._any()
        if self.text != ")":
            self.fail("')' must follow")
        self.at += 1
        self._depth -= 1
        return inner

    def _groups(self) -> bool:
        """Whether there are comparisons in the brackets that open: else they are a part of one."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.text == "(") - (token.text == ")")
            if token.text in (*OPERATORS, "in"):
                return True
            if not depth:
                return False
        return True


def _joined(make: Any, parts: Sequence[T | None]) -> T | None:
    known = tuple(p for p in parts if p is not None)
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else make(known)
