"""Spaces of the NePS package and ours: one is the other."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given as with_examples
from hypothesis import reject, settings

neps = pytest.importorskip("neps")

import torch  # noqa: E402
from making import space as made  # noqa: E402
from neps_package import MARKS, NEPS, SPACES, called, evaluated, given, sampled  # noqa: E402
from strategies import flat_spaces, gather, recursive_spaces, scale, spaces  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConversionError  # noqa: E402
from neps_cs_converters.neps import config_to_neps, from_neps, to_neps  # noqa: E402

pytestmark = MARKS


def _there_and_back(space: neps_cs.PipelineSpace) -> None:
    try:
        theirs = to_neps(space)
    except ConversionError:
        reject()
    assert neps_cs.equal(from_neps(theirs), space)
    assert neps_cs.equal(from_neps(pickle.loads(pickle.dumps(theirs))), space)


@settings(max_examples=60)
@with_examples(spaces(whole=True))
def test_a_space_comes_back(space: neps_cs.PipelineSpace) -> None:
    _there_and_back(space)


@settings(max_examples=30)
@with_examples(recursive_spaces(whole=True))
def test_a_grammar_comes_back(space: neps_cs.PipelineSpace) -> None:
    _there_and_back(space)


@settings(max_examples=40)
@with_examples(flat_spaces())
def test_a_flat_space_with_conditions_comes_back_from_the_nearest_form(space: neps_cs.PipelineSpace) -> None:
    nearest, losses = to_neps(space, nearest=True)
    assert {loss.address for loss in losses} == set(space.conditions)
    assert neps_cs.equal(from_neps(nearest), space)


@pytest.mark.parametrize("make", SPACES, ids=lambda m: m.__name__)
def test_the_same_snippet_is_the_same_space(make: Any) -> None:
    ours = make(neps_cs)
    assert from_neps(make(NEPS)) == ours
    assert from_neps(to_neps(ours)) == ours


@pytest.mark.parametrize("make", SPACES, ids=lambda m: m.__name__)
def test_back_in_neps_the_same_pipelines_are_drawn(make: Any) -> None:
    theirs = make(NEPS)
    again = to_neps(from_neps(theirs))
    fidelities = {name: value.upper for name, value in theirs.fidelity_attrs.items()}
    drawn: list[set[str]] = [set(), set()]
    for seed in range(120):
        for found, space in zip(drawn, (theirs, again), strict=True):
            try:
                config = sampled(space, seed, fidelities)
            except RecursionError:  # NePS's, of a grammar
                continue
            received = called(evaluated(space, config))
            assert received == called(evaluated(theirs, config)) == called(evaluated(again, config))
            received.pop("lr", None)
            found.add(repr(received))
    assert drawn[0]
    if make.__name__ not in ("grammar", "repeated"):
        assert drawn[0] == drawn[1]


def test_the_same_object_stays_one() -> None:
    width = neps_cs.Integer(1, 9)
    space = made(a=neps_cs.Operation(gather, (width, width)), b=width, c=neps_cs.Integer(1, 9))
    theirs = to_neps(space).get_attrs()
    assert theirs["a"].args[0] is theirs["a"].args[1] is theirs["b"]
    assert theirs["c"] is not theirs["b"]


def test_what_neps_drops_is_handed_over() -> None:
    net = torch.nn.Linear(1, 1)
    space = made(
        none=None,
        function=scale,
        choice=neps_cs.Categorical((None, scale)),
        net=net,
        ops=neps_cs.Repeated(2, neps_cs.Operation(gather, (1,))),
        text=neps_cs.Operation("f", (1,)),
    )
    for index, choice in enumerate((None, scale)):
        config = config_to_neps(space, {"choice": space.resolver.program.attribute("choice").values[index]})
        received = evaluated(to_neps(space), config)
        assert received.pop("net") is not net
        assert received == {"none": None, "function": scale, "choice": choice, "text": "f(1)",
                            "ops": (gather(1), gather(1))}  # fmt: skip


def test_choices_of_tuples_and_others_stay_as_written() -> None:
    space = made(x=neps_cs.Categorical(((1, 2), 3, (neps_cs.Integer(4, 5),))))
    theirs = to_neps(space)
    received = {repr(evaluated(theirs, sampled(theirs, seed))["x"]) for seed in range(40)}
    assert received == {"(1, 2)", "3", "(4,)", "(5,)"}


def test_choices_that_are_given_stay_as_written_too() -> None:
    given = neps_cs.Categorical((("a", (1, neps_cs.Integer(2, 3))), (4, ())))
    space = made(x=neps_cs.Categorical(given), y=given.resample(), z=neps_cs.Categorical(given.resample()))
    theirs = to_neps(space)
    assert from_neps(theirs) == space
    for seed in range(20):
        config, pipeline = space.sample(seed)
        assert evaluated(theirs, config_to_neps(space, config)) == pipeline

    class Mixed(neps.PipelineSpace):
        _given = neps.Categorical((("a", (1, 2)), (4, ())))
        x = neps.Categorical(_given)

    values = {evaluated(Mixed(), sampled(Mixed(), seed))["x"] for seed in range(40)}
    assert values == {("a",), (1, 2), (4,), ()}  # NePS makes tuples of all
    assert values == {from_neps(Mixed()).sample(seed)[1]["x"] for seed in range(40)}


def test_a_logarithmic_integer_is_drawn_at_both_ends() -> None:
    theirs = to_neps(made(n=neps_cs.Integer(6, 8, log=True)))
    found = {evaluated(theirs, sampled(theirs, seed))["n"] for seed in range(200)}
    assert found == {6, 7, 8}


EVERYTHING = {
    "normal": neps_cs.Float(0, 10, prior=neps_cs.Normal(2.0, 1.9)),
    "beta": neps_cs.Integer(0, 100, prior=neps_cs.Beta(2, 2)),
    "log": neps_cs.Float(1, 100, log=True, prior=neps_cs.Normal(10.0, 0.6)),
    "weights": neps_cs.Categorical(("a", "b"), prior=neps_cs.Weights((1, 9))),
    "step": neps_cs.Float(0, 1, step=0.25),
    "steps": neps_cs.Float(0, 1, step=0.0001),
    "closed": neps_cs.Categorical(("a", "b", "c"), prior=2, among=(0, 2)),
    "tuples": ((1, 2), (3,)),
    "named": neps_cs.Categorical(neps_cs.ByName("tuples")),
    "lazy": neps_cs.Lazy(neps_cs.Integer(0, 1)),
}
TEXT = """\
NePS's priors are points, got Normal(mean=2.0, deviation=1.9) @ normal
NePS's priors are points, got Beta(alpha=2.0, beta=2.0) @ beta
NePS's priors are points, got Normal(mean=10.0, deviation=0.6) @ log
NePS's priors are points, got Weights(values=(1.0, 9.0)) @ weights
NePS has no step, got step=0.25 @ step
NePS has no step, got step=0.0001 @ steps
NePS has no closed choices, got among=(0, 2) @ closed
NePS finds no choices by name or behind a Lazy, got ByName @ named
a Lazy in NePS hands over objects of NePS, and its operations called, got Lazy with a parameter or structure \
@ lazy
NePS has no conditions, got Equals(parent='weights', value='a') @ beta
NePS has no forbidden clauses, got log > 50.0 @ Space
NePS has no edits at single addresses, got """
INSTEAD = [
    "prior=2.0, prior_confidence='medium'", "prior=50, prior_confidence='medium'",
    "prior=10.0, prior_confidence='high'", "prior=1, prior_confidence='high'", "a choice among 5 values",
    "any value between", "the open ones alone", "what gives them, itself", "those",
    "decided always, dropped where inactive", "not forbidden", "as its definition says",
]  # fmt: skip


def test_everything_that_neps_cant_express_is_listed() -> None:
    inner = neps_cs.Operation(gather, (neps_cs.Integer(0, 9),))
    space = made(**EVERYTHING, twice=(inner.resample(), inner.resample()))
    space = space.add_condition("beta", neps_cs.Equals("weights", "a"))
    space = space.add_forbidden(neps_cs.Greater("log", 50.0)).restrict("twice:0:0", upper=3)
    with pytest.raises(ConversionError) as caught:
        to_neps(space)
    assert str(caught.value).startswith(TEXT)
    assert len(caught.value.problems) == len(INSTEAD)
    nearest = to_neps(space, nearest=True)
    assert [loss.instead for loss in nearest.losses] == INSTEAD
    assert "NePS has no forbidden clauses" in str(nearest.losses)
    theirs = nearest.space
    assert theirs.get_attrs()["step"].choices == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert (theirs.get_attrs()["closed"].choices, theirs.get_attrs()["closed"].prior) == (("a", "c"), 1)
    seen = [evaluated(theirs, sampled(theirs, seed)) for seed in range(40)]
    assert {s["step"] for s in seen} == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert {s["named"] for s in seen} == {(1, 2), (3,)}
    assert {"beta" in s for s in seen} == {True, False}
    assert all(("beta" in s) == (s["weights"] == "a") for s in seen)


@pytest.mark.parametrize(
    ("space", "rule"),
    [
        (made(e=neps_cs.IntegerFidelity(1, 3), x=neps_cs.ByName("e")), "NePS hands a fidelity to"),
        (neps_cs.PipelineSpace.from_attributes({"": neps_cs.IntegerFidelity(1, 3)}), "NePS needs a name for"),
        (made(x={1: neps_cs.Integer(0, 1), "1": 2}), "NePS needs keys that differ as texts"),
        (made(sample=neps_cs.Integer(0, 1), x=neps_cs.ByName("sample")), "ByName can't name what NePS has"),
        (
            made(x=neps_cs.Integer(0, 1), y=neps_cs.ByName("x"), z=neps_cs.ByName("y").resample()),
            "NePS's fresh use of a name that stands for another name is none",
        ),
        (
            made(x=neps_cs.Categorical(neps_cs.Categorical((neps_cs.Lazy(("a", "b")), ("c", "d"))))),
            "what NePS's providers choose from must be tuples written out, or lists",
        ),
    ],
)
def test_where_nothing_comes_near(space: neps_cs.PipelineSpace, rule: str) -> None:
    for nearest in (False, True):
        with pytest.raises(ConversionError, match=rule):
            to_neps(space, nearest=nearest)


def test_what_nests_deeper_than_neps_resolves_is_refused() -> None:
    def nested(depth: int) -> neps_cs.PipelineSpace:
        inner: Any = neps_cs.Integer(0, 1)
        for _ in range(depth):
            inner = neps_cs.Operation(gather, (inner,))
        return made(ok=1, x=inner)

    theirs = to_neps(nested(75))
    assert from_neps(theirs) == nested(75)
    assert evaluated(theirs, sampled(theirs, 1))["x"].args
    for depth in (101, 900):
        with pytest.raises(ConversionError, match=r"must not nest deeper than 200, got \d+ @ x"):
            to_neps(nested(depth), nearest=True)


def test_where_neps_decides_anew_is_said() -> None:
    number = neps_cs.Integer(0, 1)
    space = made(x=number.resample(), y=neps_cs.ByName("x"))
    with pytest.raises(ConversionError, match="NePS decides anew at each reference"):
        to_neps(space)
    provider = neps_cs.Categorical((("a", number), ("b", number)))
    space = made(x=provider, y=neps_cs.Categorical(provider))
    with pytest.raises(ConversionError, match="a provider that is a value too"):
        to_neps(space)


def test_from_neps_lists_everything_that_is_wrong() -> None:
    class Wrong(neps.PipelineSpace):
        a = neps.Float(1, 0)
        b = neps.Categorical(("x", "y"), prior=5, prior_confidence="low")
        c = neps.Operation(neps.Categorical((1, 2)), (neps.Integer(0.5, 2),))
        d = neps.Resample(neps.Integer(0, 10, prior=11, prior_confidence="low"))

    with pytest.raises(ConversionError) as caught:
        from_neps(Wrong())
    assert [p.place for p in caught.value.problems] == ["Wrong.a", "Wrong.b", "Wrong.c", "Wrong.c.args[0]",
                                                        "Wrong.d"]  # fmt: skip
    assert "lower < upper must hold, got lower=1.0, upper=0.0 @ Wrong.a" in str(caught.value)


def test_where_ours_is_needed_the_message_names_from_neps() -> None:
    text = "a PipelineSpace is needed; neps_cs_converters.neps.from_neps makes one, got a .* @ to_configspace"
    for theirs in (neps.PipelineSpace(), to_neps(made(a=1))):
        with pytest.raises(neps_cs.SpaceError, match=text):
            neps_cs.to_configspace(theirs)


def test_from_neps_refuses_what_is_no_space() -> None:
    class Space(neps.PipelineSpace):
        a = neps.Float(0, 1)

    for wrong, text in ((Space, "a space must be made"), (3, "from_neps reads an instance"),
                        ({"a": 1}, "from_neps reads an instance")):  # fmt: skip
        with pytest.raises(ConversionError, match=text):
            from_neps(wrong)

    ring: list[Any] = [1]
    ring.append(ring)

    class Circle(neps.PipelineSpace):
        a = ring

    with pytest.raises(ConversionError, match="must not nest deeper"):
        from_neps(Circle())

    class Nowhere(neps.PipelineSpace):
        a = neps.ByName("b")

    with pytest.raises(ConversionError, match="ByName must name an attribute"):
        from_neps(Nowhere())

    class Endless(neps.PipelineSpace):
        a = neps.Operation(gather, (neps.ByName("a").resample(),))

    with pytest.raises(ConversionError, match="end"):
        from_neps(Endless())


def test_inherited_attributes_are_those_that_neps_sees() -> None:
    class Base(neps.PipelineSpace):
        unused = neps.Integer(0, 1)
        width = neps.Integer(1, 3)
        dropped = scale

    class Space(Base):
        depth = neps.Operation(gather, (neps.ByName("width"),))
        nothing = None

        def helper(self) -> int:
            return 1

    space = from_neps(Space())
    assert list(space.attributes) == ["depth", "width"]
    assert set(space.sample(1)[1]) == {"depth"} == set(called(evaluated(Space(), sampled(Space(), 1))))
    assert set(from_neps(Space(), inherited=True).sample(1)[1]) == {"unused", "width", "depth"}


def test_a_space_changes_as_those_of_neps_do() -> None:
    width = neps_cs.Integer(1, 9)
    space = made(a=width, b=neps_cs.Operation(gather, (width,)), c=neps_cs.Categorical(("x", "y")))
    theirs = to_neps(space)
    prior = theirs.add_prior("a", 4, neps.ConfidenceLevel.HIGH).add_prior("c", 1, "low")
    assert from_neps(prior) == space.add_prior("a", 4, "high").add_prior("c", 1, "low")
    assert prior.get_attrs()["b"].args[0] is prior.get_attrs()["a"]  # NePS's own would be two from here on
    assert prior.has_priors()
    assert not theirs.has_priors()
    assert set(prior.remove("b").add(neps.Float(0, 1), "d").get_attrs()) >= {"a", "c", "d"}
    again = theirs.add(neps.Operation(gather, (theirs.a, theirs.c)), "e").add(neps.Integer(0, 1))
    assert from_neps(again) == space.add(neps_cs.Operation(gather, (width, space.attributes["c"])), "e").add(
        neps_cs.Integer(0, 1), "param_5"
    )
    assert from_neps(theirs.add(theirs.c, "c")) == space
    more = theirs.add(to_neps(made(x=neps_cs.Float(0, 1), y=None)))
    assert evaluated(more, sampled(more, 1)).keys() == {"a", "b", "c", "x", "y"}


def test_a_conditional_space_changes_too() -> None:
    space = made(a=neps_cs.Categorical(("x", "y")), b=neps_cs.Integer(1, 9), n=neps_cs.Float(0, 1))
    space = space.add_condition("b", neps_cs.Equals("a", "x"))
    theirs = to_neps(space, nearest=True).space.add_prior("a", 0, "high").remove("n")
    assert from_neps(theirs) == space.add_prior("a", 0, "high").remove("n")
    for seed in range(10):
        received = evaluated(theirs, sampled(theirs, seed))
        assert ("b" in received) == (received["a"] == "x")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.add(neps.Float(0, 1), "rows"), "the name of a new attribute must be free"),
        (lambda s: s.add(neps.Float(1, 0), "new"), "lower < upper must hold"),
        (lambda s: s.remove("nothing"), "nothing"),
        (lambda s: s.add_prior("rows", 7, "low"), "prior"),
        (lambda s: s.add_prior("rows", 0, "much"), "prior_confidence must be"),
        (lambda s: s.add_prior("rows", 0, "low").add_prior("rows", 1, "low"), "must not have a prior yet"),
        (lambda s: s.add_prior("epochs", 2, "low"), "epochs"),
        (lambda s: s.add_prior("nothing", 0, "low"), "nothing"),
    ],
)
def test_changes_that_are_refused(change: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):  # as NePS's own do
        change(to_neps(given(neps_cs)))
