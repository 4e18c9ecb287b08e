"""Forbidden clauses of a .pcs file: classic `{a=x, b=y}`, and advanced `{a <= b || (c > 3 && d != x)}`.

In an advanced clause parameters are compared with values, with each other, or in arithmetic (see
`pcs_arithmetic`). Choices that are all numbers
count as numbers; other choices can only be equal or not, but for an ordinal and one of its own values, which
go by its order.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from neps_cs.conditions import And, Equals, In, NotEquals, Or
from neps_cs.forbidden import Clause, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs_converters.legacy.draft import Draft
from neps_cs_converters.legacy.numbers import number_of
from neps_cs_converters.legacy.pcs_arithmetic import TURNED, Reader, arithmetic_clause, pieces, spend
from neps_cs_converters.legacy.pcs_conditions import CLAUSES, ORDERED, compared, held_value
from neps_cs_converters.legacy.pcs_grammar import Grammar
from neps_cs_converters.legacy.pcs_text import OPERATORS, Line, SyntaxProblemError, Token, tokens_of

ON = "a forbidden clause must be on a parameter of the file"
PLAIN = "a forbidden clause must compare parameters and values"
MAX_PAIRS = 10_000
"""Pairs of choices that a relation between two choices is written out for."""


def read_forbidden(line: Line, draft: Draft, known: Container[str]) -> None:
    """Add the clause of a line to the draft. Raises SyntaxProblemError."""
    start = line.text.index("{")
    closing = line.closing(start)
    rest = line.text[closing + 1 :]
    if rest.strip():
        raise SyntaxProblemError("nothing must follow a forbidden clause", rest.strip(), closing + 2)
    if not line.text[start + 1 : closing].strip():
        raise SyntaxProblemError("a forbidden clause must not be empty", "{}", start + 1)
    equals = _classic(line, start + 1, closing, known)
    if equals is None:
        clause = _advanced(line, start + 1, closing, draft, known)
    else:
        read = [_equals(line, draft, name, value) for name, value in equals]
        clause = And(tuple(c for c in read if c is not None)) if all(read) else None
    if clause is not None:
        draft.forbid(clause, (line.number, start + 1))


def _classic(line: Line, start: int, end: int, known: Container[str]) -> list[tuple[Token, Token]] | None:
    """The names and values of a=x, b=y; None where it is something else."""
    found, at = list[tuple[Token, Token]](), start
    for piece in line.text[start:end].split(","):
        name, sign, value = piece.partition("=")
        middle = at + len(name)
        title, given = line.part(at, middle), line.part(middle + 1, at + len(piece))
        other = "=" in value or (title.text[-1:] in ("<", ">", "!") and title.text not in known)
        if not sign or not title.text or other or "&&" in piece or "||" in piece:
            return None
        found.append((title, given))
        at += len(piece) + 1
    return found


def _equals(line: Line, draft: Draft, name: Token, value: Token) -> Clause | None:
    if not draft.knows(name.text, (line.number, name.column), ON):
        return None
    return _literal(draft, line.number, name, "==", value, inside=True)


def _advanced(line: Line, start: int, end: int, draft: Draft, known: Container[str]) -> Clause | None:
    def comparison(grammar: Grammar[Clause]) -> Clause | None:
        left = _side(grammar)
        sign = grammar.sign(OPERATORS).text
        right = _side(grammar)
        sign = "==" if sign == "=" else sign
        sides = [pieces(side, draft) for side in (left, right)]
        if all(len(side) == 1 for side in sides):
            return _compare(draft, line.number, left[0], sign, right[0])
        one, other = (Reader(side, draft).read() for side in sides)
        if not all(name in draft.attributes for name in (*one.names, *other.names)):
            return None
        return arithmetic_clause(draft, one, sign, other, left[0])

    grammar = Grammar(tuple(tokens_of(line, start, end, known)), Token("}", end + 1), comparison)
    clause, rest = grammar.read()
    if rest:
        grammar.fail("&& or || must follow, or the end")
    return clause


def _side(grammar: Grammar[Clause]) -> list[Token]:
    """The tokens of one side of a comparison, taken."""
    found, depth = list[Token](), 0
    while grammar.text is not None and grammar.text not in (*OPERATORS, "&&", "||"):
        depth += (grammar.text == "(") - (grammar.text == ")")
        if depth < 0:
            break
        found.append(grammar.tokens[grammar.at])
        grammar.at += 1
    if not found:
        grammar.fail("a parameter or a value must follow")
    return found


def _compare(draft: Draft, number: int, left: Token, sign: str, right: Token) -> Clause | None:
    attributes = draft.attributes
    if left.text in draft.seen:
        known, wanted = attributes.get(left.text), attributes.get(right.text)
        own = isinstance(known, (Categorical, Ordinal)) and right.text in known.choices  # type: ignore[operator]
        if right.text not in draft.seen or own:
            return None if known is None else _literal(draft, number, left, sign, right, inside=sign == "==")
        return None if known is None or wanted is None else _relation(draft, number, left, sign, right)
    if right.text in draft.seen:
        if right.text not in attributes:
            return None
        turned = TURNED.get(sign, sign)
        return _literal(draft, number, right, turned, left, inside=sign == "==")
    draft.problem(PLAIN, f"{left.text} {sign} {right.text}", (number, left.column))
    return None


def _literal(
    draft: Draft, number: int, name: Token, sign: str, value: Token, *, inside: bool
) -> Clause | None:
    """A parameter against a value."""
    attribute, title = draft.attributes[name.text], name.text
    if isinstance(attribute, (Categorical, Ordinal)):
        return _choice(draft, number, name, sign, value)
    if isinstance(attribute, (Integer, Float)) and sign not in ("==", "="):
        bound = number_of(value.text)
        if bound is not None:
            return CLAUSES[sign](title, bound)  # type: ignore[no-any-return]
    if isinstance(attribute, (Integer, Float)):
        held = held_value(draft, number, title, value, inside=inside)
        return None if held is None else CLAUSES[sign](title, held)
    bound = number_of(value.text)
    if bound is None:
        rule = f"{title} must be compared with a number"
        draft.problem(rule, repr(value.text), (number, value.column))
        return None
    return _sure(title, attribute, compared(attribute, sign, bound))


def _sure(name: str, point: Any, holds: bool) -> Clause:
    """A clause that holds always, or never: on the constant of a one-point range."""
    return Equals(name, point) if holds else NotEquals(name, point)


def _choice(draft: Draft, number: int, name: Token, sign: str, value: Token) -> Clause | None:
    attribute = draft.attributes[name.text]
    choices: tuple[str, ...] = attribute.choices
    equal = sign in ("==", "=", "!=")
    if value.text in choices and (equal or isinstance(attribute, Ordinal)):
        return CLAUSES[sign](name.text, value.text)  # type: ignore[no-any-return]
    numbers, bound = _numbers(choices), number_of(value.text)
    if numbers is None or bound is None:
        if equal:
            rule = "a comparison must be with a value that the parameter can have"
        else:
            rule = ORDERED
        draft.problem(rule, f"{name.text} {sign} {value.text}", (number, value.column))
        return None
    return _among(name.text, choices, [compared(n, sign, bound) for n in numbers])


def _among(name: str, choices: Sequence[str], holds: Sequence[bool]) -> Clause:
    """The choices for which something holds; a clause that never holds where there are none."""
    kept = tuple(c for c, held in zip(choices, holds, strict=True) if held)
    if not kept:
        return And(tuple(NotEquals(name, c) for c in choices))
    return Equals(name, kept[0]) if len(kept) == 1 else In(name, kept)


def _numbers(choices: Sequence[str]) -> list[float] | None:
    found = [number_of(c) for c in choices]
    numbers = [n for n in found if n is not None]
    return numbers if len(numbers) == len(found) else None


def _relation(draft: Draft, number: int, left: Token, sign: str, right: Token) -> Clause | None:
    """Two parameters against each other."""
    one, other = draft.attributes[left.text], draft.attributes[right.text]
    if isinstance(one, (Integer, Float)) and isinstance(other, (Integer, Float)):
        if sign == "!=":
            return Or((Relation(left.text, "<", right.text), Relation(left.text, ">", right.text)))
        return Relation(left.text, sign, right.text)
    if not isinstance(other, (Integer, Float, Categorical, Ordinal)):
        return _literal(draft, number, left, sign, Token(repr(other), right.column), inside=False)
    turned = TURNED.get(sign, sign)
    if not isinstance(one, (Integer, Float, Categorical, Ordinal)):
        return _literal(draft, number, right, turned, Token(repr(one), left.column), inside=False)
    if isinstance(one, (Integer, Float)):
        return _relation(draft, number, right, turned, left)
    return _pairs(draft, number, left, sign, right)


def _pairs(draft: Draft, number: int, left: Token, sign: str, right: Token) -> Clause | None:
    """A choice against a number or another choice: for each of its values what the other must be."""
    choices: tuple[str, ...] = draft.attributes[left.text].choices
    numbers, other = _numbers(choices), draft.attributes[right.text]
    others = None if isinstance(other, (Integer, Float)) else _numbers(other.choices)
    comparable = numbers is not None and (others is not None or isinstance(other, (Integer, Float)))
    if not comparable and (sign not in ("==", "!=") or isinstance(other, (Integer, Float))):
        draft.problem(ORDERED, f"{left.text} {sign} {right.text}", (number, left.column))
        return None
    if not isinstance(other, (Integer, Float)) and len(choices) * len(other.choices) > MAX_PAIRS:
        rule = f"a relation must compare at most {MAX_PAIRS:,} pairs of choices"
        draft.problem(rule, f"{left.text} {sign} {right.text}", (number, left.column))
        return None
    spend(draft, len(choices) * (1 if isinstance(other, (Integer, Float)) else len(other.choices)), left)
    parts = list[Clause]()
    for i, choice in enumerate(choices):
        mine: Any = choice if not comparable or numbers is None else numbers[i]
        if isinstance(other, (Integer, Float)):
            fits: Clause = CLAUSES[TURNED.get(sign, sign)](right.text, mine)
        else:
            theirs: Sequence[Any] = other.choices if not comparable or others is None else others
            fits = _among(right.text, other.choices, [compared(mine, sign, t) for t in theirs])
        parts.append(And((Equals(left.text, choice), fits)))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))
