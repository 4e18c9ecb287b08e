"""Conditions and classic forbidden clauses of a .pcs file.

child | parent in {a, b}        child | parent == a && other > 3 || third != b
{a=x, b=y}
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from neps_cs.conditions import Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import GreaterEqual, LessEqual
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.values import Plain
from neps_cs_converters.legacy.draft import Draft
from neps_cs_converters.legacy.numbers import number_of, whole
from neps_cs_converters.legacy.pcs_grammar import Grammar
from neps_cs_converters.legacy.pcs_text import Line, SyntaxProblemError, Token, tokens_of

PARENT = "the parent of a condition must be a parameter of the file"
ORDERED = "only numbers and ordinals are less or greater than a value"
_COMPARISONS = ("in", "==", "!=", "<=", ">=", "<", ">")


def read_condition(line: Line, draft: Draft, known: Container[str]) -> None:
    """Add the condition of a line to the draft. Raises SyntaxProblemError."""
    bar = line.text.index("|")
    child = line.part(0, bar)
    if not child.text or len(child.text.split()) > 1:
        raise SyntaxProblemError("one parameter must stand before |", repr(child.text), child.column)
    rule = "the child of a condition must be a parameter of the file"
    good = draft.knows(child.text, (line.number, child.column), rule)
    tokens, end = tuple(tokens_of(line, bar + 1, len(line.text), known)), len(line.text) + 1
    reader = _Condition(line, draft)
    condition, rest = Grammar(tokens, Token("the end of the line", end), reader.comparison).read()
    if rest:
        found = repr(line.text[rest[0].column - 1 :][:80])
        draft.note(
            (line.number, rest[0].column), found, "left out, as ConfigSpace does: it follows the condition"
        )
    if good and condition is not None:
        draft.condition(child.text, condition, (line.number, child.column))


class _Condition:
    """Reads the comparisons of a condition."""

    def __init__(self, line: Line, draft: Draft) -> None:
        self._line, self._draft = line, draft

    def comparison(self, grammar: Grammar[Condition]) -> Condition | None:
        parent = grammar.word("a parameter must follow")
        sign = grammar.sign(_COMPARISONS)
        values = self._values(grammar) if sign.text == "in" else [self._value(grammar)]
        if not self._draft.knows(parent.text, (self._line.number, parent.column), PARENT):
            return None
        return comparison(self._draft, self._line.number, parent, sign, values)

    def _value(self, grammar: Grammar[Condition]) -> Token:
        """A single value, in braces or not."""
        braced = grammar.text == "{"
        grammar.at += braced
        value = grammar.word("a value must follow")
        if braced:
            grammar.sign(("a single value", "}"))
        return value

    def _values(self, grammar: Grammar[Condition]) -> list[Token]:
        """The values in braces, which are whatever stands between commas; a single one needs none."""
        if grammar.text != "{":
            return [grammar.word("values in { } must follow")]
        opening = grammar.tokens[grammar.at].column - 1
        closing = self._line.closing(opening)
        while grammar.at < len(grammar.tokens) and grammar.tokens[grammar.at].column <= closing + 1:
            grammar.at += 1
        return self._line.items(opening + 1, closing)


def comparison(
    draft: Draft, number: int, parent: Token, sign: Token, values: Sequence[Token]
) -> Condition | None:
    """One comparison; None where the values are a problem of the draft."""
    name, attribute = parent.text, draft.attributes[parent.text]
    order = sign.text in ("<", ">", "<=", ">=")
    if order and isinstance(attribute, Categorical):
        draft.problem(ORDERED, f"{name} {sign.text} {values[0].text}", (number, sign.column))
        return None
    if not isinstance(attribute, (Categorical, Ordinal, Float, Integer)):
        return _on_point(draft, number, name, sign.text, values)
    held = [held_value(draft, number, name, v, inside=not order) for v in values]
    if any(h is None for h in held):
        return None
    if sign.text == "in":
        return Equals(name, held[0]) if len(held) == 1 else In(name, tuple(held))
    return literal(name, sign.text, held[0])


def literal(name: str, sign: str, value: Plain) -> Condition:
    """A comparison of one value by its sign."""
    match sign:
        case "==" | "=":
            return Equals(name, value)
        case "!=":
            return NotEquals(name, value)
        case "<":
            return Less(name, value)
        case ">":
            return Greater(name, value)
        case "<=":
            return Or((Less(name, value), Equals(name, value)))
        case _:
            return Or((Greater(name, value), Equals(name, value)))


def _on_point(draft: Draft, number: int, name: str, sign: str, values: Sequence[Token]) -> Condition | None:
    """A comparison with the constant of a one-point range: it holds always, or never."""
    point, found = draft.attributes[name], [number_of(v.text) for v in values]
    for token, value in zip(values, found, strict=True):
        if value is None:
            rule = f"{name} must be compared with a number"
            draft.problem(rule, repr(token.text), (number, token.column))
            return None
    holds = point in found if sign == "in" else compared(point, sign, found[0])
    return Equals(name, point) if holds else NotEquals(name, point)


def compared(left: Any, sign: str, right: Any) -> bool:
    """Whether a comparison holds of two numbers, or of two texts for == and !=."""
    match sign:
        case "==" | "=":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)
        case "<=":
            return bool(left <= right)
        case _:
            return bool(left >= right)


def held_value(draft: Draft, number: int, name: str, token: Token, *, inside: bool) -> Any:
    """A value as a config holds it; None, and a problem, where the parameter can't have it. `inside`: a
    number must be within the bounds."""
    attribute = draft.attributes[name]
    value: Any = None
    match attribute:
        case Categorical() | Ordinal():
            value = token.text if draft.position(name, token.text) is not None else None
        case Integer() | Float():
            value = _held_number(attribute, token.text, inside=inside)
    if value is None:
        rule = "a comparison must be with a value that the parameter can have"
        draft.problem(rule, f"{token.text!r} for {name}", (number, token.column))
    return value


def _held_number(parameter: Integer | Float, text: str, *, inside: bool) -> float | None:
    number = number_of(text)
    if number is None or (inside and not parameter.lower <= number <= parameter.upper):  # type: ignore[operator]
        return None
    return whole(number) if isinstance(parameter, Integer) else float(number)


CLAUSES: dict[str, Any] = {
    "==": Equals, "=": Equals, "!=": NotEquals, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual,
}  # fmt: skip
"""A forbidden clause by its sign."""
