"""Parameter configuration spaces (.pcs), classic and new, read."""

from __future__ import annotations

import pytest
from legacy_pcs import BASE, CLASSIC, NEW, read_by_configspace, space

import neps_cs as neps
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation
from neps_cs_converters.legacy.pcs import read


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


A_X, B_Y = Equals("a", "x"), Equals("b", "y")


@pytest.mark.parametrize(
    ("lines", "condition"),
    [
        (("c | a in {x}", "c | a in {x}"), A_X),
        (("c | a in {x}", "c | a == x"), A_X),
        (("c | a in {x} || b in {y}", "c | b in {y} || a in {x}"), Or((A_X, B_Y))),
        (("c | a == x && b == y", "c | b == y && a == x"), And((A_X, B_Y))),
        (("c | a == x", "c | b == y", "c | a == x"), And((A_X, B_Y))),
    ],
)
def test_a_condition_that_stands_twice_is_one_in_the_new_syntax(
    lines: tuple[str, ...], condition: Condition
) -> None:
    new = [f"{name} categorical {{x, y}} [x]" for name in "abc"]
    assert space("\n".join([*new, *lines])).conditions == {"c": condition}


@pytest.mark.peer
def test_a_condition_that_stands_twice_is_what_configspace_has_it_for() -> None:
    """It keeps both in the classic syntax only."""
    for word in ("", " categorical"):
        lines = [f"{name}{word} {{x, y}} [x]" for name in "abc"] + ["c | a in {x}"] * 2
        text = "\n".join(lines)
        assert neps.to_configspace(space(text)).configspace == read_by_configspace(text, new=bool(word))


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
    "line",
    [
        "p {a,b} [b]; x",
        "p [1,9] [4]i // x",
        "p [1,9] [4] l; x",
        "p real [1,9] [4] log, x",
        "p [1,9] [4]i l",
        "p [1,9] [4]ilx",
        "p real [1,9] [4]l",
        "p real [1,9] [4] logx",
        "p integer [1,9] [4] i",
    ],
)
def test_what_follows_a_parameter_is_left_out_as_configspace_does(line: str) -> None:
    found = read(line, "f.pcs")
    assert [n.taken for n in found.notes] == ["left out, as ConfigSpace does: it follows the parameter"]
    typed = line.split()[1].isalpha()
    assert neps.to_configspace(found.space).configspace == read_by_configspace(line, new=typed)


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


@pytest.mark.parametrize(
    "line",
    [
        "p [1.5,10] [3]i",
        "p [0.5,3] [1]i",
        "p [2.5,10] [3]il",
        "p [1,10.5] [3]i",
        "p [-1.5,1.5] [0]i",
        "p [.5,9] [3]i",
        "p [1.00000001,9] [3]i",
        "p [1,9] [1.000000001]i",
        "p [1e0,1e1] [3]i",
        "p [1,9] [3]ii",
        "p [1,9] [3]log",
    ],
)
def test_integers_are_what_configspace_makes_of_them(line: str) -> None:
    assert neps.to_configspace(space(line)).configspace == read_by_configspace(line, new=False)


def test_a_bound_that_is_rounded_is_noted() -> None:
    found = read("p [1.5,10] [3]i", "f.pcs")
    assert [(n.place, n.found, n.taken) for n in found.notes] == [
        ("f.pcs, line 1, column 4", "1.5", "2, as ConfigSpace 1.x rounds it")
    ]


@pytest.mark.parametrize("end", [" z", ";", ",", " // or y"])
def test_what_follows_a_condition_is_left_out_as_configspace_does(end: str) -> None:
    line = f"u | a in {{x, y}}{end}"
    found = read(CLASSIC + line, "f.pcs")
    assert found.space.conditions == {"u": In("a", ("x", "y"))}
    assert [n.taken for n in found.notes] == ["left out, as ConfigSpace does: it follows the condition"]
    assert neps.to_configspace(found.space).configspace == read_by_configspace(CLASSIC + line, new=False)
