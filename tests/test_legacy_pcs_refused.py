"""Files of .pcs that are wrong, cut, or hostile."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legacy_pcs import BASE, problems

from neps_cs.errors import FormatError
from neps_cs_converters.legacy.pcs import read


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (
            "p [0,1] [2]",
            "lower <= default <= upper must hold, got default=2.0, lower=0.0, upper=1.0",
            (1, 10),
        ),
        ("p {a,b} [c]", "the default must be one of 'a', 'b', got 'c'", (1, 10)),
        ("p {a,b,a} [a]", "choices must be distinct, got 'a' twice", (1, 8)),
        ("p {a,b}", "a default in [ ] must follow, got the end of the line", (1, 8)),
        ("p {a,b [a]", "'{' must be closed in the same line by '}', got the end of the line", (1, 3)),
        ("p [0,1] [0.5]l {a}", "nothing must follow the default, got '{a}'", (1, 16)),
        ("p [0,nan] [0]", "a bound or default must be a finite number, got 'nan'", (1, 6)),
        ("p [0,1e999] [0]", "a bound or default must be a finite number, got '1e999'", (1, 6)),
        (
            "p [0,3] [0.5]i",
            "the bounds and the default of an integer must be whole numbers, got 0.5",
            (1, 10),
        ),
        ("p [3,1] [2]", "lower <= upper must hold, got lower=3.0, upper=1.0", (1, 4)),
        ("p [0,1] [0.5]l", "lower > 0 must hold for log=True, got lower=0.0", (1, 1)),
        ("p [0,1,2] [0]", "a range must be [lower, upper], got [0,1,2]", (1, 3)),
        (
            "p complex {a} [a]",
            "the type of a parameter must be categorical, ordinal, integer, real, or be left out, "
            "got 'complex'",
            (1, 3),
        ),
        ("p integer {a} [a]", "the range of a parameter that is integer must be in [ ], got {", (1, 11)),
        ("p ordinal [0,1] [0]", "the choices of a parameter that is ordinal must be in { }, got [", (1, 11)),
        ("p {} []", "a parameter must have a choice, got {}", (1, 3)),
        ("p {a} [a] | q", "nothing must follow the default, got '| q'", (1, 11)),
        (
            "p integer [0.5,3] [1]",
            "the bounds and the default of an integer must be whole numbers, got 0.5",
            (1, 12),
        ),
        ("p {a,b} [a] q {c} [c]", "nothing must follow the default, got 'q {c} [c]'", (1, 13)),
        (
            "p {a} [a]\np {b} [b]",
            "a parameter must be defined once (first f.pcs, line 1, column 1), got 'p'",
            (2, 1),
        ),
        (
            "p {a} [a]\n p | pp == a",
            "the parent of a condition must be a parameter of the file, got 'pp'; did you mean p?",
            (2, 6),
        ),
        (
            "p {a} [a]\nq | p == a",
            "the child of a condition must be a parameter of the file, got 'q'",
            (2, 1),
        ),
        (BASE + "r | a > x", "only numbers and ordinals are less or greater than a value, got a > x", (7, 7)),
        (
            BASE + "r | a == z",
            "a comparison must be with a value that the parameter can have, got 'z' for a",
            (7, 10),
        ),
        (BASE + "r | a x", "in, ==, !=, <=, >=, < or > must follow, got 'x'", (7, 7)),
        (BASE + "r | a == x &&", "a parameter must follow, got the end of the line", (7, 14)),
        (
            BASE + "r | a in {x",
            "'{' must be closed in the same line by '}', got the end of the line",
            (7, 10),
        ),
        (BASE + "r | (a == x", "')' must follow, got the end of the line", (7, 12)),
        (BASE + "r | a == x & w == mid", "&& or || must follow, or the end, got '&'", (7, 12)),
        (BASE + "{b=x}", "a forbidden clause must be on a parameter of the file, got 'b'", (7, 2)),
        (
            BASE + "{i=30}",
            "a comparison must be with a value that the parameter can have, got '30' for i",
            (7, 4),
        ),
        (BASE + "{}", "a forbidden clause must not be empty, got {}", (7, 1)),
        (BASE + "{i + r}", "==, !=, <=, >=, <, > or = must follow, got }", (7, 7)),
        (BASE + "{2 > 1}", "a forbidden clause must compare parameters and values, got 2 > 1", (7, 2)),
        (BASE + "{a=x}{w=mid}", "nothing must follow a forbidden clause, got {w=mid}", (7, 6)),
        (
            "p {a,b} [a]\n{p=a}\n {p=b}",
            "forbidden clauses must leave a config, got p == 'a' or p == 'b' always",
            (2, 1),
        ),
        (BASE + "a | w == mid\nw | a == x", "conditions must not form a circle, got a → w → a", (7, 1)),
        ("", "the file must define a parameter, got none", (1, 1)),
        ("# nothing", "the file must define a parameter, got none", (1, 1)),
        (
            "p categorical",
            "a parameter must be name {a, b} [a], name [0, 1] [0.5]il or name type {…} or […] "
            "[default], got p categorical",
            (1, 1),
        ),
        (
            'p "--p " r (0,1)',
            "a .pcs file must hold parameters as ConfigSpace and SMAC write them; this is irace's "
            "format. Write 'name \"switch\" r (0, 1)' as 'name real [0, 1] [default]', got p \"--p "
            "\" r (0,1)",
            (1, 1),
        ),
        (
            'p "" c (a,b) | q == "x"',
            "a .pcs file must hold parameters as ConfigSpace and SMAC write them; this is irace's "
            "format. Write 'name \"switch\" r (0, 1)' as 'name real [0, 1] [default]', got p \"\" "
            "c (a,b) | q == \"x\"",
            (1, 1),
        ),
    ],
)  # fmt: skip
def test_messages(text: str, message: str, place: tuple[int, int]) -> None:
    assert problems(text) == [f"{message} @ f.pcs, line {place[0]}, column {place[1]}"]


def test_all_problems_are_told_at_once() -> None:
    found = problems("p [0,1] [2]\nq {a} [b]\nr {a} [a]\nr | s == a\nr | p == 1\n{t=1}\n")
    places = ((1, 10), (2, 8), (4, 5), (6, 2))
    assert [f.rpartition(" @ ")[2] for f in found] == [f"f.pcs, line {a}, column {b}" for a, b in places]


WHOLE = (
    BASE
    + "r | a in {x} && i > 3 || (o < 2 && w != mid)\nw | a == y\n{a=x, i=3}\n{r <= i || o > 2 && a != x}\n"
)


SIGNS = (*"{}[](),|#=<>!&\"' \n\t0ax.-", "&&", "||", "\ufeff", "\0", "\u2028", "9" * 500)


def outcome(text: str) -> str:
    try:
        read(text, "f.pcs")
    except FormatError as e:
        return "refused" if all(p.place.startswith("f.pcs") for p in e.problems) else "without place"
    return "read"


def test_a_file_that_is_cut_or_wrong_anywhere_gives_a_space_or_a_format_error() -> None:
    cut = {outcome(WHOLE[:end]) for end in range(len(WHOLE))}
    without = {outcome(WHOLE[:at] + WHOLE[at + 1 :]) for at in range(len(WHOLE))}
    added = {outcome(WHOLE[:at] + SIGNS[at % len(SIGNS)] + WHOLE[at:]) for at in range(3 * len(WHOLE))}
    assert cut == without == added == {"read", "refused"}


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("{}[](),|#=<>!&\"' \n01ax.-il"), max_size=60))
def test_any_text_gives_a_space_or_a_format_error(text: str) -> None:
    assert {outcome(text), outcome(BASE + text)} <= {"read", "refused"}


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2**22,
        "{a=\n" * 2**16,
        "\n" * 2**21,
        "foo bar\n" * 2**16,
        "a {x}[x]\na | " + "(" * 40_000,
        "a {x}[x]\na | " + "=<!" * 30_000,
        "a " + '"' * 90_000,
        "a [" + "9" * 90_000 + ",1] [1]",
        "a {"
        + ",".join(map(str, range(15_000)))
        + "} [3]\nb {"
        + ",".join(map(str, range(15_000)))
        + "} [3]\n{a<b}",
        "".join(f"parameter{i} [0,1] [0.5]\n" for i in range(500))
        + "".join(f"p{i} | q{i} > 1\n" for i in range(900)),
        "".join(f"p{i} [0,1] [0.5]\n" for i in range(10_001)),
        "".join(f"p{i} {{a}} [a]\n" for i in range(5000))
        + "".join(f"p{i} | p{i - 1} == a\n" for i in range(1, 5000))
        + "p0 | p4999 == a\n",
        BASE + "{" + "i+" * 40_000 + "i > 1}\n",
        BASE + "{" + "(" * 30_000 + "i" + ")" * 30_000 + " + i > 1}\n",
        BASE + "{9^9^9^9^9^9 > 1}\n{" + "9" * 399 + " > i + r}\n",
        "c integer [0,99] [1]\nd integer [0,99] [1]\n" + "{c * d > 500}\n" * 20_000,
    ],
    ids=range(16),
)
def test_hostile_files_are_refused_in_bounded_time(text: str) -> None:
    start = time.perf_counter()
    assert outcome(text) == "refused"
    assert time.perf_counter() - start < 10
