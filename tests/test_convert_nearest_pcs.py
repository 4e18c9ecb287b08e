"""`convert(…, nearest=True)` to .pcs: what comes nearest, with a note on each change."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from legacy_pcs import read_by_configspace
from making import space
from nearest_forms import ANY, HINT, LAW, PARAMETERS, is_sayable, refused, written
from test_legacy_pcs_write import bare

import neps_cs as neps
from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConfigError, ConversionError
from neps_cs.forbidden import LessEqual, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.resolving.sites import NumberSite
from neps_cs.space import PipelineSpace
from neps_cs.values import plain_key
from neps_cs_converters.convert.flat import is_flat, is_flat_record
from neps_cs_converters.legacy.pcs import read as read_pcs

PCS = ("pcs", "pcs-new")


def everything() -> PipelineSpace:
    return PipelineSpace.from_attributes(
        {
            "normal": Float(0, 1, prior=neps.Normal(0.25, 0.1)),
            "beta": Float(0, 1, prior=neps.Beta(2, 2)),
            "point": Integer(0, 9, prior=3, prior_confidence="high"),
            "weights": Categorical(("a", "b"), prior=neps.Weights((1, 2))),
            "index": Categorical(("a", "b"), prior=1, default=0),
            "step": Float(0, 1, step=0.25, default=0.25),
            "base": Float(1, 8, log=True, log_base=2, meta={"unit": "s"}),
            "one": Integer(3, 3),
            "numbers": Categorical((1, True, 2.5, None)),
            "twins": Categorical((1, "1", "a,b"), meta={"a": 1}),
            "odd": Ordinal(("low", "a b", "high")),
            "text": "constant",
            "flag": True,
            "pair": (1, 2),
            "infinite": float("inf"),
            "plain": 5,
            "two words": Float(0, 1),
            "two_words": Float(0, 1),
            "epochs": neps.IntegerFidelity(1, 50),
            "_read": Categorical(("p", "q")),
            "_unread": Float(0, 1),
        },
        conditions={
            "two words": And((Equals("numbers", True), Equals("_read", "p"))),
            "two_words": NotEquals("odd", "a b"),
            "beta": NotEquals("two words", 0.5, or_inactive=True),
            "base": Equals("text", "other"),
        },
        forbidden=[Relation("numbers", "==", "point"), And((Equals("numbers", None), Equals("flag", True)))],
    )


NEW = """\
normal real [0.0, 1.0] [0.25]
beta real [0.0, 1.0] [0.5]
point integer [0, 9] [3]
weights categorical {a, b} [b]
index categorical {a, b} [a]
step real [0.0, 1.0] [0.25]
base real [1.0, 8.0] [2.8284271247462] log
one categorical {3} [3]
numbers categorical {1, True, 2.5, None} [1]
twins categorical {1_2, 1, a_b} [1_2]
odd ordinal {low, a b, high} [low]
text categorical {constant} [constant]
flag categorical {True} [True]
pair categorical {1_2} [1_2]
infinite categorical {inf} [inf]
plain categorical {5} [5]
two_words_2 real [0.0, 1.0] [0.5]
two_words real [0.0, 1.0] [0.5]
epochs integer [1, 50] [50]
_read categorical {p, q} [p]

two_words_2 | numbers == True && _read == p
two_words | odd in {low, high}
beta | two_words_2 != 0.5
base | text != constant

{numbers=1, point=1}
{numbers=True, point=1}
{numbers=None, flag=True}
"""


def test_everything_in_new_pcs() -> None:
    text, notes = written(everything(), "pcs-new")
    assert text == NEW
    assert notes == [
        ("_unread", "an intermediate attribute", "left out: nothing reads it"),
        ("normal", "prior=Normal(mean=0.25, deviation=0.1)", "uniform, with the default 0.25"),
        ("beta", "prior=Beta(alpha=2.0, beta=2.0)", "uniform, with the default 0.5"),
        ("point", "prior=3, prior_confidence='high'", "uniform, with the default 3"),
        ("weights", "prior=Weights(values=(1.0, 2.0))", "uniform, with the default 'b'"),
        ("index", "prior=1, prior_confidence='low'", "uniform, with the default 'a'"),
        ("step", "step=0.25", "any value from 0.0 to 1.0"),
        ("base", "log_base=2.0", "left out"),
        ("base", "meta={'unit': 's'}", "left out"),
        ("one", "a range of one point, Integer(3, 3)", "a choice with the one text '3'"),
        (
            "numbers",
            "choices that are no texts: 1, True, 2.5, None",
            "the texts '1', 'True', '2.5', 'None'",
        ),
        ("twins", "the choice 1", "the text '1_2'"),
        ("twins", "the choice 'a,b'", "the text 'a_b'"),
        ("twins", "meta={'a': 1}", "left out"),
        ("text", "the constant 'constant'", "a choice with the one text 'constant'"),
        ("flag", "the constant True", "a choice with the one text 'True'"),
        ("pair", "the constant (1, 2)", "a choice with the one text '1_2'"),
        ("infinite", "the constant inf", "a choice with the one text 'inf'"),
        ("plain", "the constant 5", "a choice with the one text '5'"),
        ("two words", "the name 'two words'", "'two_words_2'"),
        ("epochs", "a fidelity", "a parameter, with the default 50"),
        ("_read", "an intermediate attribute", "a parameter that evaluate_pipeline receives"),
        ("beta", "a condition that holds where two words is inactive too", "only where two words is active"),
    ]


def test_classic_pcs_has_no_orders() -> None:
    made = PipelineSpace.from_attributes(
        {"o": Ordinal((1, 2, 3)), "x": Float(0, 1), "y": Float(0, 1), "i": Integer(0, 9)},
        conditions={"x": Greater("o", 1), "y": Or((Less("o", 3), Equals("o", 3)))},
        forbidden=[LessEqual("o", 2), Less("i", 3)],
    )
    text, notes = written(made, "pcs")
    assert text == (
        "o {1, 2, 3} [1]\nx [0.0, 1.0] [0.5]\ny [0.0, 1.0] [0.5]\ni [0, 9] [4]i\n\n"
        "x | o in {2, 3}\ny | o in {1, 2, 3}\n\n{o=1}\n{o=2}\n"
    )
    assert notes == [
        ("o", "choices that are no texts: 1, 2, 3", "the texts '1', '2', '3'"),
        ("o", "an Ordinal", "a Categorical, which has no order"),
        ("i", "the forbidden clause i < 3",
         "nothing: a clause in a classic .pcs file must be of the form: a=x, b=y"),
    ]  # fmt: skip


def test_conditions_that_classic_pcs_can_not_hold_are_refused_all_at_once() -> None:
    made = PipelineSpace.from_attributes(
        {"c": Categorical((1, 2)), "o": Ordinal((1, 2)), "i": Integer(0, 9), "x": Float(0, 1),
         "y": Float(0, 1), "z": Float(0, 1)},
        conditions={"x": Or((Equals("c", 1), Equals("i", 3))), "y": Less("o", 1), "z": Equals("i", 2.5)},
    )  # fmt: skip
    expected = [
        "a condition in a .pcs file must hold for some value of o, got o < 1 @ y",
        "i must be compared with a value that it can have, got i == 2.5 @ z",
        "a condition in a classic .pcs file must be of the form: parent in values, "
        "got c == '1' or i == 3 @ x",
    ]
    assert refused(made, "pcs", nearest=True) == expected
    assert HINT not in refused(made, "pcs")
    assert refused(made, "pcs-new", nearest=True) == [expected[1]]


def test_numbers_are_compared_with_what_they_can_be() -> None:
    made = PipelineSpace.from_attributes(
        {"i": Integer(1, 9), "k": 5, **{n: Float(0, 1) for n in "abcdef"}},
        conditions={
            "a": Greater("i", 2.5), "b": Less("i", 2.5), "c": NotEquals("i", 20),
            "d": In("i", (0, 3, 4.5, 9)),
            "e": Equals("k", "text"), "f": NotEquals("k", True),
        },
        forbidden=[Equals("i", 77), And((Equals("i", 2), Greater("a", 0.5)))],
    )  # fmt: skip
    text, notes = written(made, "pcs-new")
    assert text.splitlines()[9:] == [
        "a | i > 2", "b | i < 3", "c | i > 0", "d | i in {3, 9}", "e | k != 5", "f | k == 5", "",
        "{i == 2 && a > 0.5}",
    ]  # fmt: skip
    assert notes == [("k", "the constant 5", "a choice with the one text '5'")]


def test_relations_with_choices_are_written_out() -> None:
    made = PipelineSpace.from_attributes(
        {"a": Categorical((1, 2, "x")), "b": Ordinal((2, 3)), "n": Integer(0, 9), "k": 2},
        forbidden=[
            Relation("a", ">=", "b"), Relation("a", "<", "n"), Relation("n", "<", "b"),
            Relation("k", ">", "b"),
        ],
    )  # fmt: skip
    text, notes = written(made, "pcs-new")
    assert text.splitlines()[5:] == [
        "{a=2, b=2}",
        "{a == 1 && n > 1}", "{a == 2 && n > 2}", "{b == 2 && n < 2}", "{b == 3 && n < 3}",
    ]  # fmt: skip
    assert {n[0] for n in notes} == {"a", "b", "k"}
    many = tuple(map(str, range(40)))
    large = PipelineSpace.from_attributes(
        {"a": Categorical(many), "b": Categorical(many)}, forbidden=[Relation("a", "==", "b")]
    )
    assert written(large, "pcs-new")[1] == [
        (
            "a, b",
            "the forbidden clause a == b",
            "nothing: a relation must be written out to at most 1,000 alternatives",
        )
    ]


def test_two_names_and_closed_choices_are_as_configspace_has_them() -> None:
    shared = Float(0, 1)
    made = PipelineSpace.from_attributes(
        {"a": shared, "b": shared, "c": Categorical((1, 2, 3), among=(0, 2)), "f": neps.IntegerFidelity(1, 3),
         "x": Float(0, 1)},
        conditions={"x": In("c", (2, 3))},
    )  # fmt: skip
    text, notes = written(made, "pcs-new")
    assert text.splitlines() == [
        "a real [0.0, 1.0] [0.5]", "c categorical {1, 3} [1]", "f integer [1, 3] [2]",
        "x real [0.0, 1.0] [0.5]", "", "x | c == 3",
    ]  # fmt: skip
    assert ("b", "it is the same object as a", "nothing") in notes
    assert "c" in {place for place, _, _ in notes}


def test_structure_is_written_as_before() -> None:
    made = space(
        op=neps.Operation("conv", kwargs={"k": Categorical((1, 3)), "x": Float(0, 1, prior=0.25)}), n=3
    )
    text, notes = written(made, "pcs-new")
    assert text.splitlines() == [
        "n categorical {3} [3]", "op:k categorical {1, 3} [1]", "op:x real [0.0, 1.0] [0.25]"
    ]  # fmt: skip
    assert {place for place, _, _ in notes} == {"op", "op:k", "op:x", "n"}


@LAW
@given(ANY, st.sampled_from(PCS), st.integers(0, 99))
def test_law_the_nearest_form_is_read_again(made: PipelineSpace, to: str, seed: int) -> None:
    try:
        text, notes = written(made, to)
    except ConversionError as e:
        rules = [p.rule for p in e.problems]
        known = ("compared with", "must hold", "must leave a config", "must have a hyperparameter")
        if to == "pcs-new" and not all(any(k in r for k in known) for r in rules):
            raise
        return
    if is_sayable(made, to) and not any("a choice with the one text" in n[2] for n in notes):
        assert text == neps.convert(made, to)
    else:
        assert notes
    back = bare(read_pcs(text, "f.pcs").space)
    assert neps.equal(bare(read_pcs(neps.convert(back, to), "f.pcs").space), back)
    if is_flat(made) and not any("it is the same" in n[1] or "inactive too" in n[1] for n in notes):
        check_same_decisions(made, back, seed)


def check_same_decisions(made: PipelineSpace, back: PipelineSpace, seed: int) -> None:
    """What is decided alike is active alike, and allowed."""
    kept = [n for n in made.attributes if n in made.resolver.order]
    names = dict(zip(back.attributes, kept, strict=True))
    try:
        config = made.sample(seed)[0]
    except ConfigError:  # its clauses leave nothing, or next to nothing
        return

    def decide(site: Any, allowed: tuple[float, ...]) -> float:
        name = names[site.address]
        own = made.resolver.program.attribute(name)
        if name not in config or not isinstance(own, type(site)):  # what became a constant
            return allowed[0]
        value: Any = config[name]
        return value if isinstance(own, NumberSite) else own.index[plain_key(value)]

    decided = {names[address] for address in back.sample_by(decide)[0]}
    changed = {n for n, v in made.attributes.items() if not isinstance(v, PARAMETERS)}
    numbers = {n: v for n, v in made.attributes.items() if isinstance(v, (Float, Integer))}
    changed |= {n for n, v in numbers.items() if v.lower == v.upper}
    assert decided - changed == set(config) - changed


@LAW
@given(ANY)
def test_configspace_reads_the_parameters_of_the_nearest_form(made: PipelineSpace) -> None:
    """Where the choices have only the characters that it knows."""
    flat = [r for r in made.graph.roots if is_flat_record(made.graph, r.ref)]
    attributes = {f"p{i}": made.attributes[r.name] for i, r in enumerate(flat)}
    if not attributes:
        return
    plain = PipelineSpace.from_attributes(attributes)
    for to in PCS:
        text, _ = written(plain, to)
        back = read_pcs(text, "f.pcs").space
        choices = [c for v in back.attributes.values() for c in getattr(v, "choices", ())]
        if not all(re.fullmatch(r"[a-zA-Z0-9_.:;/?$%*+@-]+", c) for c in choices):
            return
        expected = neps.to_configspace(back).configspace
        for hyperparameter in expected.values():
            hyperparameter.meta = None  # it may say that a bound was rounded
        assert read_by_configspace(text, new=to == "pcs-new") == expected
