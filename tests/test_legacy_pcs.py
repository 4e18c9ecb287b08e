# ruff: noqa: E501 (whole messages)
"""Parameter configuration spaces (.pcs), classic and new: read, refused and written."""

from __future__ import annotations

import time
import warnings
from typing import Any

import ConfigSpace as CS
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neps_cs as neps
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConversionError, FormatError, SpaceError
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.pcs import read, write
from neps_cs_converters.legacy.ranges import own_default

BASE = """
a {x, y} [x]
i integer [1, 9] [3] log
r [0, 1] [0.25]
o ordinal {1, 2, 10} [2]
w ordinal {low, mid, high} [low]
"""


def space(text: str) -> PipelineSpace:
    return read(text, "f.pcs").space


def problems(text: str) -> list[str]:
    with pytest.raises(FormatError) as e:
        read(text, "f.pcs")
    return str(e.value).splitlines()


@pytest.mark.parametrize(
    ("line", "parameter"),
    [
        ("p {a,b}[b]", "Categorical(('a', 'b'), default=1)"),
        ("p{a,b}[a]", "Categorical(('a', 'b'))"),
        ('p {"a", \'b\'} ["b"]', "Categorical(('a', 'b'), default=1)"),
        ("p {a} [a]", "Categorical(('a',))"),
        ("p {,a,b}[]", "Categorical(('', 'a', 'b'))"),
        ("p {1, 2.0, on off} [1]", "Categorical(('1', '2.0', 'on off'))"),
        ("p {-1,a=b,<none>} [-1] # c", "Categorical(('-1', 'a=b', '<none>'))"),
        ("p categorical {True, False} [False]", "Categorical(('True', 'False'), default=1)"),
        ("p ordinal {b, a, c} [a]", "Ordinal(('b', 'a', 'c'), default=1)"),
        ("p [0,1] [0.5]", "Float(0.0, 1.0)"),
        ("p [0,1][.25]", "Float(0.0, 1.0, default=0.25)"),
        ("p [1e-3, 1E+1] [0.1] l", "Float(0.001, 10.0, log=True)"),
        ("p real [-1.5,2.] [0.25]", "Float(-1.5, 2.0)"),
        ("p real [0.001, 10] [1]log", "Float(0.001, 10.0, log=True, default=1.0)"),
        ("p [1, 9] [5]i", "Integer(1, 9)"),
        ("p [1.0, 9] [2]i", "Integer(1, 9, default=2)"),
        ("p [1, 9] [2] il", "Integer(1, 9, log=True, default=2)"),
        ("p [1, 9] [2] li", "Integer(1, 9, log=True, default=2)"),
        ("p integer [1, 1e3] [2] log", "Integer(1, 1000, log=True, default=2)"),
        ("p [0, 90071992547409930] [1]i", "Integer(0, 90071992547409930, default=1)"),
        ("\ufeffp {a} [a]\r\n\r\n", "Categorical(('a',))"),
        ("   p   {a}   [a]   \n", "Categorical(('a',))"),
    ],
)
def test_parameters(line: str, parameter: str) -> None:
    assert repr(space(line).attributes["p"]) == parameter


@pytest.mark.parametrize(
    "name", ["a:b:__choice__", "@1:x", "-flag", "--flag", "x.y", "a&b", "a<b", "integer", "é"]
)
def test_names(name: str) -> None:
    text = f"{name} {{a, b}} [a]\nq [0, 1] [0.5]\nq | {name} in {{a}}\n{{{name}=b, q=0.5}}\n"
    found = space(text)
    assert list(found.attributes) == [name, "q"]
    assert found.conditions["q"] == Equals(name, "a")
    assert found.forbidden == (And((Equals(name, "b"), Equals("q", 0.5))),)


def test_a_range_of_one_point_is_a_constant() -> None:
    found = read("p integer [100,100] [100]\nq [0.5,0.5] [0.5]\nr {a} [a]\nr | p > 3\n", "f.pcs")
    assert found.space.attributes["p"] == 100
    assert found.space.attributes["q"] == 0.5
    assert [(n.place, n.taken) for n in found.notes] == [
        ("f.pcs, line 1, column 1", "a constant"),
        ("f.pcs, line 2, column 1", "a constant"),
    ]
    assert "r" in found.space.sample(seed=0)[0]
    never = space("p integer [100,100] [100]\nr {a} [a]\nr | p in {1, 2}\n")
    assert "r" not in never.sample(seed=0)[0]


@pytest.mark.parametrize(
    ("text", "form"),
    [("p {a} [a]", ".pcs"), ("p ordinal {a} [a]", ".pcs, new"), (BASE, ".pcs, old and new")],
)
def test_the_form_names_the_dialect(text: str, form: str) -> None:
    assert read(text, "f").form == form


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("r | a in {x}", Equals("a", "x")),
        ("r|a in{x,y}", In("a", ("x", "y"))),
        ("r | a == x", Equals("a", "x")),
        ("r | a==x", Equals("a", "x")),
        ("r | a != x", NotEquals("a", "x")),
        ("r | i > 3", Greater("i", 3)),
        ("r | i<3", Less("i", 3)),
        ("r | o < 10", Less("o", "10")),
        ("r | i in {1, 2}", In("i", (1, 2))),
        ("r | i <= 3", Or((Less("i", 3), Equals("i", 3)))),
        ("r | a == x && i > 3", And((Equals("a", "x"), Greater("i", 3)))),
        (
            "r | a == x && i > 3 || w == mid",
            Or((And((Equals("a", "x"), Greater("i", 3))), Equals("w", "mid"))),
        ),
        (
            "r | a == x && (i > 3 || w == mid)",
            And((Equals("a", "x"), Or((Greater("i", 3), Equals("w", "mid"))))),
        ),
        ("r | a in {x}\nr | i in {3}", And((Equals("a", "x"), Equals("i", 3)))),
        ("r | a in {x} && w in {low, mid}", And((Equals("a", "x"), In("w", ("low", "mid"))))),
    ],
)
def test_conditions(line: str, condition: Condition) -> None:
    assert space(BASE + line).conditions == {"r": condition}


def test_unequal_does_not_hold_on_an_inactive_parent() -> None:
    found = space("a {x,y} [x]\nb {p,q} [p]\nr [0,1] [0.5]\nb | a in {x}\nr | b != p\n")
    for seed in range(20):
        config = found.sample(seed=seed)[0]
        assert ("r" in config) == (config.get("b") == "q")
    translation = neps.to_configspace(found)
    for c in map(dict, translation.configspace.sample_configuration(40)):
        assert ("r" in c) == (c.get("b") == "q")


@pytest.mark.parametrize(
    ("line", "clause"),
    [
        ("{a=x}", And((Equals("a", "x"),))),
        ("{a=x, i=3 , r = 0.5}", And((Equals("a", "x"), Equals("i", 3), Equals("r", 0.5)))),
        ("{i < 3}", Less("i", 3)),
        ("{r >= i}", Relation("r", ">=", "i")),
        ("{r != i}", Or((Relation("r", "<", "i"), Relation("r", ">", "i")))),
        ("{r <= i || i > 3}", Or((Relation("r", "<=", "i"), Greater("i", 3)))),
        ("{a == x && (r<0.1||r>0.9)}", And((Equals("a", "x"), Or((Less("r", 0.1), Greater("r", 0.9)))))),
        ("{a = x && i = 3}", And((Equals("a", "x"), Equals("i", 3)))),
        ("{3 < i}", Greater("i", 3)),
        ("{w > low}", Greater("w", "low")),
        ("{w <= mid}", LessEqual("w", "mid")),
        ("{o > 3}", Equals("o", "10")),
        ("{o >= 2}", GreaterEqual("o", "2")),
        ("{a != y}", NotEquals("a", "y")),
        (
            "{o > i}",
            Or((
                And((Equals("o", "1"), Less("i", 1))),
                And((Equals("o", "2"), Less("i", 2))),
                And((Equals("o", "10"), Less("i", 10))),
            )),
        ),
    ],
)  # fmt: skip
def test_clauses(line: str, clause: Clause) -> None:
    assert space(BASE + line).forbidden == (clause,)


def test_choices_that_are_numbers_compare_as_numbers() -> None:
    found = space("o ordinal {1,2,10} [2]\nq {2, 9} [9]\ni [0, 20] [1]i\n{o <= q}\n{i != o}\n")
    for seed in range(30):
        config = found.sample(seed=seed)[0]
        assert float(str(config["o"])) > float(str(config["q"]))
        assert config["i"] == int(str(config["o"]))


def test_choices_that_are_texts_are_equal_or_not() -> None:
    found = space("a {x,y} [x]\nb {y,x} [y]\n{a == b}\n")
    assert {tuple(found.sample(seed=s)[0].values()) for s in range(20)} == {("x", "y"), ("y", "x")}


def test_comments_blank_lines_and_headings() -> None:
    found = read("# all\n\nConditionals:\n a {x} [x] # {y} [y]\r\nForbidden:\r\nsome words\r\n", "f.pcs")
    assert list(found.space.attributes) == ["a"]
    assert [(n.place, n.found) for n in found.notes] == [("f.pcs, line 6, column 1", "'some words'")]


@pytest.mark.parametrize(
    "line", ["p {a,b} [b]; x", "p [1,9] [4]i // x", "p [1,9] [4] l; x", "p real [1,9] [4] log, x"]
)
def test_what_follows_a_parameter_is_left_out_as_configspace_does(line: str) -> None:
    found = read(line, "f.pcs")
    assert [n.taken for n in found.notes] == ["left out, as ConfigSpace does: it follows the parameter"]
    assert neps.to_configspace(found.space).configspace == read_by_configspace(line, new="real" in line)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p [0,1] [2]", "lower <= default <= upper must hold, got default=2.0, lower=0.0, upper=1.0 @ f.pcs, line 1, column 10"),
        ("p {a,b} [c]", "the default must be one of 'a', 'b', got 'c' @ f.pcs, line 1, column 10"),
        ("p {a,b,a} [a]", "choices must be distinct, got 'a' twice @ f.pcs, line 1, column 8"),
        ("p {a,b}", "a default in [ ] must follow, got the end of the line @ f.pcs, line 1, column 8"),
        ("p {a,b [a]", "'{' must be closed in the same line by '}', got the end of the line @ f.pcs, line 1, column 3"),
        ("p [0,1] [0.5]lx", "only log, or i and l, must follow the default of a number, got 'lx' @ f.pcs, line 1, column 14"),
        ("p [0,nan] [0]", "a bound or default must be a finite number, got 'nan' @ f.pcs, line 1, column 6"),
        ("p [0,1e999] [0]", "a bound or default must be a finite number, got '1e999' @ f.pcs, line 1, column 6"),
        ("p [0.5,3] [1]i", "the bounds and the default of an integer must be whole numbers, got 0.5 @ f.pcs, line 1, column 4"),
        ("p [3,1] [2]", "lower <= upper must hold, got lower=3.0, upper=1.0 @ f.pcs, line 1, column 4"),
        ("p [0,1] [0.5]l", "lower > 0 must hold for log=True, got lower=0.0 @ f.pcs, line 1, column 1"),
        ("p [0,1,2] [0]", "a range must be [lower, upper], got [0,1,2] @ f.pcs, line 1, column 3"),
        ("p complex {a} [a]", "the type of a parameter must be categorical, ordinal, integer, real, or be left out, got 'complex' @ f.pcs, line 1, column 3"),
        ("p integer {a} [a]", "the range of a parameter that is integer must be in [ ], got { @ f.pcs, line 1, column 11"),
        ("p ordinal [0,1] [0]", "the choices of a parameter that is ordinal must be in { }, got [ @ f.pcs, line 1, column 11"),
        ("p {} []", "a parameter must have a choice, got {} @ f.pcs, line 1, column 3"),
        ("p {a} [a] | q", "nothing must follow the default, got '| q' @ f.pcs, line 1, column 11"),
        ("p real [0,1] [0.5] i", "only log must follow the default of a real, got 'i' @ f.pcs, line 1, column 19"),
        ("p {a} [a]\np {b} [b]", "a parameter must be defined once (first f.pcs, line 1, column 1), got 'p' @ f.pcs, line 2, column 1"),
        ("p {a} [a]\n p | pp == a", "the parent of a condition must be a parameter of the file, got 'pp'; did you mean p? @ f.pcs, line 2, column 6"),
        ("p {a} [a]\nq | p == a", "the child of a condition must be a parameter of the file, got 'q' @ f.pcs, line 2, column 1"),
        (BASE + "r | a > x", "only numbers and ordinals are less or greater than a value, got a > x @ f.pcs, line 7, column 7"),
        (BASE + "r | a == z", "a comparison must be with a value that the parameter can have, got 'z' for a @ f.pcs, line 7, column 10"),
        (BASE + "r | a x", "in, ==, !=, <=, >=, < or > must follow, got 'x' @ f.pcs, line 7, column 7"),
        (BASE + "r | a == x &&", "a parameter must follow, got the end of the line @ f.pcs, line 7, column 14"),
        (BASE + "r | a in {x", "'{' must be closed in the same line by '}', got the end of the line @ f.pcs, line 7, column 10"),
        (BASE + "r | (a == x", "')' must follow, got the end of the line @ f.pcs, line 7, column 12"),
        (BASE + "r | a == x y", "&& or || must follow, or the end, got 'y' @ f.pcs, line 7, column 12"),
        (BASE + "{b=x}", "a forbidden clause must be on a parameter of the file, got 'b' @ f.pcs, line 7, column 2"),
        (BASE + "{i=30}", "a comparison must be with a value that the parameter can have, got '30' for i @ f.pcs, line 7, column 4"),
        (BASE + "{}", "a forbidden clause must not be empty, got {} @ f.pcs, line 7, column 1"),
        (BASE + "{i + 1 > r}", "==, !=, <=, >=, <, > or = must follow, got '+' @ f.pcs, line 7, column 4"),
        (BASE + "{2 > 1}", "a forbidden clause must compare parameters and values (arithmetic is not read), got 2 > 1 @ f.pcs, line 7, column 2"),
        (BASE + "a | w == mid\nw | a == x", "conditions must not form a circle, got a → w → a @ f.pcs, line 7, column 1"),
        ("", "the file must define a parameter, got none @ f.pcs"),
        ("# nothing", "the file must define a parameter, got none @ f.pcs"),
        ("p categorical", "a parameter must be name {a, b} [a], name [0, 1] [0.5]il or name type {…} or […] [default], got p categorical @ f.pcs, line 1, column 1"),
        ('p "--p " r (0,1)', "a .pcs file must hold parameters as ConfigSpace and SMAC write them; this is irace's format. Write "
            "'name \"switch\" r (0, 1)' as 'name real [0, 1] [default]', got p \"--p \" r (0,1) @ f.pcs, line 1, column 1"),
        ('p "" c (a,b) | q == "x"', "a .pcs file must hold parameters as ConfigSpace and SMAC write them; this is irace's format. Write "
            "'name \"switch\" r (0, 1)' as 'name real [0, 1] [default]', got p \"\" c (a,b) | q == \"x\" @ f.pcs, line 1, column 1"),
    ],
)  # fmt: skip
def test_messages(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_all_problems_are_told_at_once() -> None:
    found = problems("p [0,1] [2]\nq {a} [b]\nr {a} [a]\nr | s == a\nr | p == 1\n{t=1}\n")
    assert [f.rpartition(" @ ")[2] for f in found] == [
        "f.pcs, line 1, column 10", "f.pcs, line 2, column 8", "f.pcs, line 4, column 5", "f.pcs, line 6, column 2",
    ]  # fmt: skip


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
    ],
    ids=range(11),
)
def test_hostile_files_are_refused_in_bounded_time(text: str) -> None:
    start = time.perf_counter()
    assert outcome(text) == "refused"
    assert time.perf_counter() - start < 10


def read_by_configspace(text: str, *, new: bool) -> CS.ConfigurationSpace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ConfigSpace.read_and_write import pcs, pcs_new

        return (pcs_new if new else pcs).read(text.splitlines())


CLASSIC = "a {x, y, z} [y]\nb {p, q} [p]\ni [1, 64] [8]il\nr [0.001, 1] [0.1]l\nu [0, 1] [0.25]\n"
NEW = (
    "a categorical {x, y, z} [y]\nb categorical {p, q} [p]\ni integer [1, 64] [8] log\n"
    "r real [0.001, 1] [0.1] log\nu real [0, 1] [0.25]\no ordinal {1, 2, 3} [2]\n"
)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (CLASSIC, False),
        (CLASSIC + "u | a in {x, y}\ni | a in {x}\ni | b in {p, q}\n{a=x, b=q}\n{b=q, a=z}\n", False),
        (NEW, True),
        (NEW + "u | a in {x, y} && b == p\nr | i > 3 || o < 3\ni | a != x\n{a=x, o=3}\n{b=q, i=9}\n", True),
    ],
)
def test_agrees_with_configspaces_own_readers(text: str, new: bool) -> None:
    assert neps.to_configspace(space(text)).configspace == read_by_configspace(text, new=new)


# what is written


def test_text_that_is_written() -> None:
    made = PipelineSpace.from_attributes(
        {"a": Categorical(("x", "y"), default=1), "n": Integer(1, 9, log=True), "r": Float(0, 1), "k": 5},
        conditions={"n": And((Equals("a", "x"), In("r", (0.5, 0.25)))), "r": NotEquals("a", "x")},
        forbidden=[And((Equals("a", "y"), In("n", (2, 3))))],
    )
    assert write(made, new=False) == (
        "a {x, y} [y]\nn [1, 9] [3]il\nr [0.0, 1.0] [0.5]\nk [5, 5] [5]i\n\n"
        "n | a in {x}\nn | r in {0.5, 0.25}\nr | a in {y}\n\n{a=y, n=2}\n{a=y, n=3}\n"
    )
    assert write(made, new=True) == (
        "a categorical {x, y} [y]\nn integer [1, 9] [3] log\nr real [0.0, 1.0] [0.5]\nk integer [5, 5] [5]\n\n"
        "n | a == x && r in {0.5, 0.25}\nr | a != x\n\n{a=y, n=2}\n{a=y, n=3}\n"
    )


def test_everything_that_can_not_be_written_is_listed() -> None:
    shared = Float(0, 1)
    made = PipelineSpace.from_attributes(
        {
            "normal": Float(0, 1, prior=neps.Normal(0.5, 0.1)),
            "point": Integer(0, 9, prior=3),
            "weights": Categorical(("a", "b"), prior=neps.Weights((1, 2))),
            "step": Float(0, 1, step=0.25),
            "meta": Float(0, 1, meta={"a": 1}),
            "numbers": Categorical((1, 2)),
            "odd": Categorical(("a,b", " c")),
            "text": "constant",
            "flag": True,
            "order": Ordinal(("a", "b")),
            "two words": Float(0, 1),
            "one": shared,
            "other": shared,
            "budget": neps.IntegerFidelity(1, 9),
            "_hidden": Float(0, 1),
            "layers": neps.Repeated(2, shared.resample()),
        },
        conditions={"step": Greater("normal", 0.5)},
        forbidden=[Relation("step", "<", "meta")],
    )
    with pytest.raises(ConversionError) as e:
        write(made, new=False)
    assert {p.place for p in e.value.problems} == {*made.attributes, "Space"} - {"one"}
    assert len(e.value.problems) == 17
    with pytest.raises(ConversionError) as e:
        write(made, new=True)
    assert "order" not in {p.place for p in e.value.problems}


@pytest.mark.parametrize("condition", [NotEquals("b", "p", or_inactive=True), Greater("i", 2.5)])
def test_conditions_that_can_not_be_written(condition: Condition) -> None:
    attributes = {
        "a": Categorical(("x", "y")),
        "b": Categorical(("p", "q")),
        "i": Integer(1, 9),
        "r": Float(0, 1),
    }
    made = PipelineSpace.from_attributes(attributes, conditions={"b": Equals("a", "x"), "r": condition})
    with pytest.raises(ConversionError):
        write(made, new=True)


def test_write_takes_a_space() -> None:
    with pytest.raises(SpaceError):
        write({"a": 1}, new=True)  # type: ignore[arg-type]


WORDS = st.text(alphabet=st.sampled_from("abcxyz0189_-@.:;/?$%*+"), min_size=1, max_size=6)
"""What ConfigSpace's own readers know."""

NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9_:@.-]{0,6}", fullmatch=True), min_size=2, max_size=7, unique=True
)


@st.composite
def flat_spaces(draw: st.DrawFn, *, new: bool) -> PipelineSpace:
    names = draw(NAMES)
    attributes = {name: draw(parameters(new=new)) for name in names}
    conditions: dict[str, Condition] = {}
    for i, name in enumerate(names[1:], 1):
        if draw(st.booleans()):
            conditions[name] = draw(limits(names[:i], attributes, new=new))
    clauses: list[Clause] = []
    parts = [
        Equals(n, draw(values(attributes[n])))
        for n in draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    ]
    if len(parts) > 1:
        clauses.append(And(tuple(parts)))
    try:
        return PipelineSpace.from_attributes(
            attributes, conditions=conditions, forbidden=clauses, intermediate=frozenset()
        )
    except SpaceError:  # clauses that leave nothing
        return PipelineSpace.from_attributes(attributes, intermediate=frozenset())


@st.composite
def parameters(draw: st.DrawFn, *, new: bool) -> Any:
    kind = draw(st.sampled_from(("float", "integer", "choice", *(("ordinal",) if new else ()))))
    if kind in ("choice", "ordinal"):
        choices = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
        default = draw(st.sampled_from((None, *range(1, len(choices)))))
        return (Ordinal if kind == "ordinal" else Categorical)(choices, default=default)
    log = draw(st.booleans())
    if kind == "integer":
        low = draw(st.integers(1 if log else -100, 1000))
        high = draw(st.integers(low + 1, low + 2000))
        return _with_default(Integer, low, high, log, draw(st.sampled_from((None, low, high))))
    first = round(draw(st.floats(0.01 if log else -1e6, 1e6)), 6)
    wide = draw(st.floats(1.1, 1e3))
    upper = round(first * wide if log else first + wide, 6)
    return _with_default(Float, first, upper, log, draw(st.sampled_from((None, first, upper))))


def _with_default(
    kind: type[Float] | type[Integer], lower: float, upper: float, log: bool, default: float | None
) -> Any:
    """A default that would be taken anyway reads back as none."""
    plain = kind(lower, upper, log)
    return plain if default == own_default(plain) else kind(lower, upper, log, default=default)


@st.composite
def values(draw: st.DrawFn, parameter: Any) -> Any:
    if isinstance(parameter, (Categorical, Ordinal)):
        return draw(st.sampled_from(parameter.choices))  # type: ignore[arg-type]
    if isinstance(parameter, Integer):
        return draw(st.integers(parameter.lower, parameter.upper))  # type: ignore[arg-type]
    return draw(st.floats(parameter.lower, parameter.upper))  # type: ignore[arg-type]


@st.composite
def limits(draw: st.DrawFn, names: list[str], attributes: dict[str, Any], *, new: bool) -> Condition:
    parts = [
        draw(literals(n, attributes[n], new=new))
        for n in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    ]
    if len(parts) == 1:
        return parts[0]
    if new and draw(st.booleans()):
        return Or((And((parts[0], parts[1])), *parts[1:])) if draw(st.booleans()) else Or(tuple(parts))
    return And(tuple(parts))


@st.composite
def literals(draw: st.DrawFn, name: str, parameter: Any, *, new: bool) -> Condition:
    value = draw(values(parameter))
    several = (
        tuple(draw(st.lists(values(parameter), min_size=2, max_size=3, unique=True)))
        if _many(parameter)
        else ()
    )
    kinds: list[Condition] = [Equals(name, value), *([In(name, several)] if several else [])]
    if new:
        kinds.append(NotEquals(name, value))
    if new and not isinstance(parameter, Categorical):
        kinds += [Less(name, value), Greater(name, value)]
    return draw(st.sampled_from(kinds))


def _many(parameter: Any) -> bool:
    return not isinstance(parameter, (Categorical, Ordinal)) or len(parameter.choices) > 2  # type: ignore[arg-type]


def bare(made: PipelineSpace) -> PipelineSpace:
    """Without what is remembered of ConfigSpace's own form of conditions."""
    limits = dict(made.conditions)
    return PipelineSpace.from_attributes(
        dict(made.attributes), conditions=limits, forbidden=made.forbidden, intermediate=frozenset()
    )


LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(flat_spaces(new=True))
def test_law_what_is_written_new_is_read_again(made: PipelineSpace) -> None:
    text = write(made, new=True)
    assert neps.equal(bare(space(text)), made), text


@LAW
@given(flat_spaces(new=False))
def test_law_what_is_written_classic_is_read_again(made: PipelineSpace) -> None:
    text = write(made, new=False)
    assert neps.equal(bare(space(text)), made), text


def test_plain_twin_of_the_laws() -> None:
    made = space(NEW + "u | a in {x, y} && b == p\nr | i > 3 || o < 3\n{a=x, o=3}\n{r < u}\n")
    assert neps.equal(space(write(made, new=True)), made)
    classic = space(CLASSIC + "u | a in {x, y}\nu | b in {p}\n{a=x, b=q}\n")
    assert neps.equal(space(write(classic, new=False)), classic)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(flat_spaces(new=True))
def test_configspace_reads_parameters_that_are_written(made: PipelineSpace) -> None:
    free = PipelineSpace.from_attributes(dict(made.attributes), intermediate=frozenset())
    expected = neps.to_configspace(free).configspace
    for hyperparameter in expected.values():
        hyperparameter.meta = None  # it may say that a bound was rounded
    assert read_by_configspace(write(free, new=True), new=True) == expected
    if not any(isinstance(v, Ordinal) for v in free.attributes.values()):
        assert read_by_configspace(write(free, new=False), new=False) == expected


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (CLASSIC + "u | a in {x, y}\ni | a in {x}\ni | b in {p, q}\n{a=x, b=q}\n", False),
        (NEW + "u | a in {x, y} && b == p\nr | i > 3 || o < 3\ni | a != x\n{a=x, o=3}\n{b=q, i=9}\n", True),
    ],
)
def test_configspace_reads_conditions_and_clauses_that_are_written(text: str, new: bool) -> None:
    written = write(space(text), new=new)
    assert read_by_configspace(written, new=new) == read_by_configspace(text, new=new)
