"""Arithmetic in advanced forbidden clauses of a .pcs file: `{a + b > 10}`, `{2 * a^2 <= sqrt(c)}`.

Signs and functions are those of exp4j, which SMAC 2 evaluates such clauses with. What they come to is said
by clauses of single parameters:

| what is compared | clause |
|---|---|
| comes to one number against a bound: 2 * a + 1 > 4 | a > 1.5 |
| comes to two numbers, alike: a - b > 0 | a > b |
| integers and choices among numbers, of at most 10,000 combinations | those for which it holds |
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neps_cs.conditions import And, Equals, In, Less, NotEquals, Or
from neps_cs.forbidden import Clause, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs_converters.legacy.draft import Draft
from neps_cs_converters.legacy.numbers import number_of
from neps_cs_converters.legacy.pcs_conditions import CLAUSES, compared
from neps_cs_converters.legacy.pcs_text import SyntaxProblemError, Token

MAX_COMBINATIONS = 10_000
MAX_OF_FILE = 200_000
"""Combinations of values that a clause is written out for, and all clauses of a file."""

MAX_TOKENS = 200
"""Signs and words on one side of a comparison."""

TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_PIECE = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[-+*/%^]|[^-+*/%^]+")
_SUMS = {"+": operator.add, "-": operator.sub}
_PRODUCTS = {"*": operator.mul, "/": operator.truediv, "%": math.fmod}
_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "abs": abs, "acos": math.acos, "asin": math.asin, "atan": math.atan, "ceil": math.ceil, "cos": math.cos,
    "cosh": math.cosh, "exp": math.exp, "floor": math.floor, "log": math.log, "log10": math.log10,
    "log2": math.log2, "sin": math.sin, "sinh": math.sinh, "sqrt": math.sqrt, "tan": math.tan,
    "tanh": math.tanh,
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """What stands on one side. `linear` are the factors of its parameters where it is a weighted sum of them
    and `constant`, else None; `of` gives its value."""

    names: tuple[str, ...]
    of: Callable[[Mapping[str, float]], float]
    linear: Mapping[str, float] | None
    constant: float = 0.0


def pieces(tokens: Sequence[Token], draft: Draft) -> list[Token]:
    """The tokens, with words such as a+2*b taken apart, if they are neither names nor numbers."""
    found = list[Token]()
    for token in tokens:
        if token.is_sign or token.text in draft.seen or number_of(token.text) is not None:
            found.append(token)
        else:
            parts = [Token(m.group(), token.column + m.start()) for m in _PIECE.finditer(token.text)]
            known = all(p.text in draft.seen or p.text in "+-*/%^" or _is_value(p) for p in parts)
            found += parts if known else [token]
    return found


def _is_value(token: Token) -> bool:
    return number_of(token.text) is not None or token.text in _FUNCTIONS


class Reader:
    """Reads one side, by precedence: + and -, then * / %, then signs, then ^."""

    def __init__(self, tokens: Sequence[Token], draft: Draft) -> None:
        self._tokens, self._draft, self._at = tokens, draft, 0

    def read(self) -> Expression:
        """All of it. Raises SyntaxProblemError."""
        if len(self._tokens) > MAX_TOKENS:
            rule = f"one side of a comparison must have at most {MAX_TOKENS} signs and words"
            raise SyntaxProblemError(rule, "more", self._tokens[0].column)
        found = self._sum()
        if self._at < len(self._tokens):
            self._fail("+, -, *, /, %, ^ or a comparison must follow")
        return found

    @property
    def _text(self) -> str | None:
        return self._tokens[self._at].text if self._at < len(self._tokens) else None

    def _fail(self, rule: str) -> Any:
        token = self._tokens[min(self._at, len(self._tokens) - 1)]
        raise SyntaxProblemError(rule, repr(token.text), token.column)

    def _sum(self) -> Expression:
        found = self._product()
        while (sign := self._text) in _SUMS:
            self._at += 1
            found = _added(found, self._product(), 1 if sign == "+" else -1)
        return found

    def _product(self) -> Expression:
        found = self._signed()
        while (sign := self._text) in _PRODUCTS:
            self._at += 1
            found = _multiplied(found, self._signed(), sign or "")
        return found

    def _signed(self) -> Expression:
        if self._text not in _SUMS:
            return self._power()
        sign = self._text
        self._at += 1
        inner = self._signed()
        return inner if sign == "+" else _added(_number(0), inner, -1)

    def _power(self) -> Expression:
        base = self._atom()
        if self._text != "^":
            return base
        self._at += 1
        return _folded(operator.pow, base, self._signed())

    def _atom(self) -> Expression:
        text = self._text
        if text is None:
            self._fail("a parameter or a number must follow")
        token = self._tokens[self._at]
        self._at += 1
        if text == "(":
            return self._inside()
        if token.text in self._draft.seen:
            name = token.text
            return Expression((name,), operator.itemgetter(name), {name: 1.0})
        if token.text in _FUNCTIONS and self._text == "(":
            self._at += 1
            return _folded(_FUNCTIONS[token.text], self._inside())
        value = number_of(token.text)
        if value is None:
            rule = "arithmetic must be on parameters of the file and numbers"
            raise SyntaxProblemError(rule, repr(token.text), token.column)
        return _number(value)

    def _inside(self) -> Expression:
        found = self._sum()
        if self._text != ")":
            self._fail("')' must follow")
        self._at += 1
        return found


def _number(value: float) -> Expression:
    exact = float(value)
    return Expression((), lambda _: exact, {}, exact)


def _added(one: Expression, other: Expression, factor: int) -> Expression:
    linear: dict[str, float] | None = None
    if one.linear is not None and other.linear is not None:
        linear = dict(one.linear)
        for name, f in other.linear.items():
            linear[name] = linear.get(name, 0.0) + factor * f
    names = tuple(dict.fromkeys((*one.names, *other.names)))
    constant = one.constant + factor * other.constant
    return Expression(names, lambda v: one.of(v) + factor * other.of(v), linear, constant)


def _multiplied(one: Expression, other: Expression, sign: str) -> Expression:
    folded = _folded(_PRODUCTS[sign], one, other)
    if sign == "*" and not one.names:
        one, other = other, one
    if sign == "%" or other.names or one.linear is None or (sign == "/" and not other.constant):
        return folded
    factor = other.constant if sign == "*" else 1 / other.constant
    linear = {name: f * factor for name, f in one.linear.items()}
    return Expression(folded.names, folded.of, linear, one.constant * factor)


def _folded(make: Callable[..., Any], *parts: Expression) -> Expression:
    names = tuple(dict.fromkeys(itertools.chain(*(p.names for p in parts))))

    def of(values: Mapping[str, float]) -> float:
        try:
            return float(make(*(p.of(values) for p in parts)))
        except (ArithmeticError, ValueError, TypeError):  # 1/0, log(0), the root of -1
            return math.nan  # no comparison with it holds

    return Expression(names, of, None if names else {}, 0.0 if names else of({}))


def arithmetic_clause(draft: Draft, left: Expression, sign: str, right: Expression, place: Token) -> Clause:
    """The clause of a comparison. Raises SyntaxProblemError for what no clause can say."""
    difference = _added(left, right, -1)
    if not difference.names:
        raise SyntaxProblemError(
            "a forbidden clause must be on a parameter of the file", place.text, place.column
        )
    found = _linear(draft, difference, sign)
    if found is not None:
        return found
    values = [_values(draft.attributes[name]) for name in difference.names]
    sizes = [None if v is None else len(v) for v in values]
    if None in sizes or math.prod(s or 0 for s in sizes) > MAX_COMBINATIONS:
        rule = (
            "arithmetic must come to one number against a bound, to two numbers of the same factor, or be on "
            f"integers and choices among numbers, of at most {MAX_COMBINATIONS:,} combinations"
        )
        raise SyntaxProblemError(rule, ", ".join(difference.names), place.column)
    spend(draft, math.prod(s or 0 for s in sizes), place)
    return _written_out(draft, difference, sign, [v for v in values if v is not None])


def spend(draft: Draft, combinations: int, place: Token) -> None:
    """Count what is written out in the file. Raises SyntaxProblemError for too much."""
    draft.combinations += combinations
    if draft.combinations > MAX_OF_FILE:
        rule = f"clauses of a file must be written out for at most {MAX_OF_FILE:,} combinations of values"
        raise SyntaxProblemError(rule, "more", place.column)


def _linear(draft: Draft, difference: Expression, sign: str) -> Clause | None:
    """As a bound of one number, or as a relation of two."""
    terms = [(n, f) for n, f in (difference.linear or {}).items() if f]
    numbers = all(isinstance(draft.attributes[n], (Float, Integer)) for n, _ in terms)
    if not terms or not numbers or not all(map(math.isfinite, (difference.constant, *(f for _, f in terms)))):
        return None
    (name, factor), turned = terms[0], TURNED.get(sign, sign)
    if len(terms) == 1 and sign not in ("==", "!="):
        bound = -difference.constant / factor
        clause: Clause = CLAUSES[sign if factor > 0 else turned](name, bound)
        return clause if math.isfinite(bound) else None
    if len(terms) != 2 or terms[1][1] != -factor or difference.constant:
        return None
    other = terms[1][0]
    if sign == "!=":
        return Or((Relation(name, "<", other), Relation(name, ">", other)))
    return Relation(name, sign if factor > 0 else turned, other)


def _values(attribute: Any) -> list[tuple[Any, float]] | None:
    """The values of a parameter, as a config holds them and as numbers; None for more than there may be, for
    real numbers, and for choices that are no numbers."""
    match attribute:
        case Integer(lower=int(lower), upper=int(upper)) if upper - lower < MAX_COMBINATIONS:
            return [(i, float(i)) for i in range(lower, upper + 1)]
        case Categorical(choices=choices) | Ordinal(choices=choices):
            found = [(c, number_of(c)) for c in choices if isinstance(c, str)]  # type: ignore[union-attr]
            numbers = [(c, float(n)) for c, n in found if n is not None]
            return numbers if len(numbers) == len(found) else None
        case int() | float():
            return [(attribute, float(attribute))]
        case _:
            return None


def _written_out(
    draft: Draft, difference: Expression, sign: str, values: Sequence[list[tuple[Any, float]]]
) -> Clause:
    *outer, last = difference.names

    def holds(at: Mapping[str, float]) -> bool:
        value = difference.of(at)
        return not math.isnan(value) and compared(value, sign, 0)

    parts = list[Clause]()
    for chosen in itertools.product(*values[:-1]):
        at = {n: v for n, (_, v) in zip(outer, chosen, strict=True)}
        held = tuple(c for c, v in values[-1] if holds({**at, last: v}))
        if held:
            own = Equals(last, held[0]) if len(held) == 1 else In(last, held)
            equals = [Equals(n, c) for n, (c, _) in zip(outer, chosen, strict=True)]
            parts.append(And((*equals, own)) if equals else own)
    if not parts and isinstance(draft.attributes[last], Integer):
        return Less(last, values[-1][0][0])  # never
    if not parts:
        return And(tuple(NotEquals(last, c) for c, _ in values[-1]))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))
