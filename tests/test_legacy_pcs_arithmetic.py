"""Arithmetic in advanced forbidden clauses of .pcs."""

from __future__ import annotations

import itertools
import math

import pytest
from legacy_pcs import problems, space

import neps_cs as neps
from neps_cs.conditions import Equals, Greater, In, Less, Or
from neps_cs.forbidden import Clause, GreaterEqual, Relation

BASE = """
a integer [0, 5] [0]
b integer [0, 5] [0]
c categorical {1, 2, 4} [1]
t categorical {x, y} [x]
r real [0, 10] [0]
s real [0, 10] [0]
a-b real [0, 1] [0]
k integer [3, 3] [3]
"""


@pytest.mark.parametrize(
    "expression",
    [
        "a + b > 7",
        "a+b>7",
        "(a + b) > 7",
        "2 * a - b == 3",
        "a * b >= 12",
        "a ^ 2 + b ^ 2 < 9",
        "a % 2 != b % 2",
        "sqrt(a) > b - 1",
        "abs(a - b) > 3",
        "-a + 3 > b",
        "c + a > 7",
        "a / 2 > b / 3 + c",
        "1 / a > 0.4",
        "log(a) >= log(b)",
        "a == b + 1 || c * b > 12",
        "a + b > 5 && a * c <= 8",
        "(a > 3 || (a + 1) * c == 4) && b != 2",
        "floor(a / 2) == ceil(b / 2)",
        "5 > a + c",
        "a + k > 7",
        "2 ^ a ^ 0 == 2 * b",
        "- - a > 3 - +b",
        "exp(a) > 1e2",
    ],
)
def test_what_is_forbidden_is_what_the_expression_says(expression: str) -> None:
    found = space(BASE + "{" + expression + "}")
    names = {n: getattr(math, n) for n in ("sqrt", "log", "floor", "ceil", "exp")} | {"abs": abs, "k": 3}
    code = expression.replace("^", "**").replace("&&", " and ").replace("||", " or ")
    for a, b, c in itertools.product(range(6), range(6), (1, 2, 4)):
        try:
            forbidden = eval(code, {"a": a, "b": b, "c": c, **names})
        except (ZeroDivisionError, ValueError):  # no comparison with it holds
            forbidden = False
        config = {"a": a, "b": b, "c": str(c), "t": "x", "r": 0.0, "s": 0.0, "a-b": 0.0}
        try:
            neps.resolve(found, config)
            assert not forbidden, config
        except neps.NepsCsError:
            assert forbidden, config


@pytest.mark.parametrize(
    ("expression", "clause"),
    [
        ("2*a + 1 > 4", Greater("a", 1.5)),
        ("-r < -3", Greater("r", 3.0)),
        ("3 - r / 2 <= 1", GreaterEqual("r", 4.0)),
        ("r - s > 0", Relation("r", ">", "s")),
        ("(r - s) * 2 != 0", Or((Relation("r", "<", "s"), Relation("r", ">", "s")))),
        ("s < r + 0", Relation("s", "<", "r")),
        ("a-b > 0.5", Greater("a-b", 0.5)),
        ("a % 2 == 1", In("a", (1, 3, 5))),
        ("a ^ 2 == 9", Equals("a", 3)),
        ("a + b > 100", Less("b", 0)),
    ],
)
def test_the_simplest_clause_says_it(expression: str, clause: Clause) -> None:
    assert space(BASE + "{" + expression + "}").forbidden == (clause,)


RULE = (
    "arithmetic must come to one number against a bound, to two numbers of the same factor, or be on "
    "integers and choices among numbers, of at most 10,000 combinations, got "
)


@pytest.mark.parametrize(
    ("expression", "message", "column"),
    [
        ("r * s > 3", f"{RULE}r, s", 2),
        ("r + s > 3", f"{RULE}r, s", 2),
        ("a + t > 3", f"{RULE}a, t", 2),
        ("1 + 1 > 1", "a forbidden clause must be on a parameter of the file, got 1", 2),
        ("a + > 1", "a parameter or a number must follow, got '+'", 4),
        ("a + q > 1", "arithmetic must be on parameters of the file and numbers, got 'q'", 6),
        ("a + 1 2 > 1", "+, -, *, /, %, ^ or a comparison must follow, got '2'", 8),
        ("sqrt(a > 1", "')' must follow, got 'a'", 7),
        ("> 1", "a parameter or a value must follow, got '>'", 2),
    ],
)
def test_messages(expression: str, message: str, column: int) -> None:
    assert problems(BASE + "{" + expression + "}") == [f"{message} @ f.pcs, line 10, column {column}"]
