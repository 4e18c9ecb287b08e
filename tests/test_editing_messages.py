"""What editing refuses, and what it says: the rule, the values, the place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_editing import cells, grammar, space
from test_messages import text_of

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document

RULE = "an address must be that of a decision that a config may hold"
AWAY = "(with_prior(address, None) takes it away)"
Edit = Callable[[neps.PipelineSpace], object]
REFUSALS: list[tuple[Edit, str]] = [
    (lambda s: s.fix("model:1:x", 1), f"{RULE}, got 'model:1:x'; did you mean 'model:1'? @ Space"),
    (lambda s: s.fix("modl:0", 1), f"{RULE}, got 'modl:0'; did you mean 'model:0'? @ Space"),
    (lambda s: s.fix("zzz", 1), f"{RULE}, got 'zzz' @ Space"),
    (lambda s: s.fix("model", 1), f"{RULE}, got 'model', a structure; did you mean 'model:1'? @ Space"),
    (lambda s: s.fix("model:n:3", 1), f"{RULE}, got 'model:n:3'; did you mean 'model:n:2'? @ Space"),
    (lambda s: s.fix("model:n:02", 1), f"{RULE}, got 'model:n:02'; did you mean 'model:n:2'? @ Space"),
    (lambda s: s.fix("same", 1), f"{RULE}, got 'same', whose decision is at 'k' @ Space"),
    (lambda s: s.fix("c", 5), f"{RULE}, got 'c', a constant @ Space"),
    (lambda s: s.restrict("e", lower=2), f"{RULE}, got 'e', a fidelity @ Space"),
    (lambda s: s.with_prior("e", 2), f"{RULE}, got 'e', a fidelity @ Space"),
    (lambda s: s.fix("z" * 301, 2), f"{RULE}, got '{'z' * 301}' @ Space"),
    (
        lambda s: s.fix("z" * 20_001, 2),
        f"an address must be a text of 20000 characters at most, got '{'z' * 59} @ Space",
    ),
    (lambda s: s.fix(3, 2), "an address must be a text of 20000 characters at most, got 3 @ Space"),  # type: ignore[arg-type]
    (
        lambda s: s.restrict("lr", upper=2),
        "new bounds must lie within the old ones, got lower=0.0001, upper=2.0, "
        "was lower=0.0001, upper=1.0 @ Space.lr",
    ),
    (
        lambda s: s.restrict("model:1", lower=0),
        "new bounds must lie within the old ones, got lower=0, upper=9, was lower=1, upper=9 @ Space.model:1",
    ),
    (lambda s: s.restrict("k", lower=5, upper=3), "lower < upper must hold, got lower=5, upper=3 @ Space.k"),
    (lambda s: s.restrict("k", lower=1.5), "lower must be a whole number, got lower=1.5 @ Space.k"),
    (lambda s: s.restrict("k", lower="a"), "lower must be a number, got lower='a' @ Space.k"),  # type: ignore[arg-type]
    (lambda s: s.restrict("k"), "a number is restricted by lower or upper, got neither @ Space.k"),
    (
        lambda s: s.restrict("k", choices=(1,)),
        "a number is restricted by lower or upper, got choices=(1,) @ Space.k",
    ),
    (lambda s: s.restrict("opt"), "a choice is restricted by choices, got none @ Space.opt"),
    (
        lambda s: s.restrict("opt", lower=1),
        "a choice is restricted by choices, got lower=1, upper=None @ Space.opt",
    ),
    (
        lambda s: s.restrict("lr", upper=1e-3),
        f"a point prior must lie within the bounds {AWAY}, "
        "got prior=0.01, lower=0.0001, upper=0.001 @ Space.lr",
    ),
    (
        lambda s: s.restrict("opt", choices=("sgd", "rms")),
        f"an index prior must be an open choice {AWAY}, got prior=1, among=(0, 2) @ Space.opt",
    ),
    (
        lambda s: s.with_prior("opt", neps.Weights((1, 0, 0))).restrict("opt", choices=("adam", "rms")),
        f"an open choice must have a weight > 0 {AWAY}, "
        "got Weights(values=(1.0, 0.0, 0.0)), among=(1, 2) @ Space.opt",
    ),
    (
        lambda s: s.restrict("opt", choices=("rmz",)),
        "choices must be among ['sgd', 'adam', 'rms'], got 'rmz'; did you mean 'rms'? @ Space.opt",
    ),
    (
        lambda s: s.restrict("model:0", choices=("conv", "id")).restrict("model:0", choices=("relu",)),
        "choices must be among ['conv', 'id'], got 'relu' @ Space.model:0",
    ),
    (lambda s: s.restrict("opt", choices=()), "choices must not be empty, got choices=() @ Space.opt"),
    (
        lambda s: s.restrict("opt", choices="sgd"),
        "choices must be a tuple or a list, got choices='sgd' @ Space.opt",
    ),
    (lambda s: s.fix("k", 12), "the value must be a whole number from 1 to 9, got 12 @ Space.k"),
    (
        lambda s: s.fix("model:1", True),
        "the value must be a whole number from 1 to 9, got True @ Space.model:1",
    ),
    (lambda s: s.fix("opt", 1), "the value must be one of ['sgd', 'adam', 'rms'], got 1 @ Space.opt"),
    (
        lambda s: s.with_prior("size", 1),
        "only Float, Integer and Categorical can have a prior, got an Ordinal @ Space.size",
    ),
    (
        lambda s: s.with_prior("model:0", 4),
        "0 <= prior < len(choices) must hold, got prior=4, len(choices)=4 @ Space.model:0",
    ),
    (
        lambda s: s.with_prior("opt", "adam"),  # type: ignore[arg-type]
        "prior must be the index of a choice, got prior='adam' @ Space.opt",
    ),
    (
        lambda s: s.restrict("_op", choices=("id", "relu")).with_prior("_op", 0),
        "prior must be an open choice, got prior=0, among=(2, 3) @ Space._op",
    ),
    (
        lambda s: s.with_prior("model:1", 12),
        "lower <= prior <= upper must hold, got prior=12, lower=1, upper=9 @ Space.model:1",
    ),
    (
        lambda s: s.with_prior("lr", None, "low"),
        "prior_confidence needs a prior, got prior_confidence='low', prior=None @ Space.lr",
    ),
    (
        lambda s: s.restrict("model:1", upper=5).restrict("k", lower=6),
        "a value must be left, got lower=6, upper=5 @ Space.model:1",
    ),
    (
        lambda s: s.fix("model:0", "id").fix("_op", "relu"),
        "a choice must be left, got among=(3,), in the definition among=(2,) @ Space.model:0",
    ),
    (
        lambda s: s.with_prior("model:1", 2).restrict("k", lower=6),
        f"a point prior must lie within the bounds {AWAY}, got prior=2, lower=6, upper=9 @ Space.model:1",
    ),
    (
        lambda _: grammar().fix("tree", "n"),
        "a grammar must be able to end, got the cycle tree → Operation → Sequence → tree with no way out "
        "('tree' is the definition, every use of it: to edit one use, make it an attribute, "
        "root = ByName('tree').resample(), and edit that) @ Space.tree",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "text"), REFUSALS, ids=[text[:80] for _, text in REFUSALS])
def test_what_is_refused(edit: Edit, text: str) -> None:
    assert text_of(neps.SpaceError, lambda: edit(cells())) == text


def bounded() -> neps.PipelineSpace:
    """Numbers between bounds that are parameters, a provider, an anonymous shared node."""
    x = neps.Float(0, 1)
    return space(
        k=neps.Integer(neps.Integer(1, 4), 9),
        r=[neps.ByName("k").resample()],
        step=neps.Float(0, 1, step=0.25),
        p=neps.Categorical(neps.Categorical(((1, 2), ("a", "b", "c")))),
        a=[x],
        b=[x],
    )


NUMBERS = "a number can be fixed where its bounds are numbers, or visible attributes fixed before"
DRAWN = "lower <= upper must hold for all bounds that may be drawn"
BOUNDED: list[tuple[Edit, str]] = [
    (
        lambda s: s.restrict("k", lower=2),
        "a bound that is a parameter is narrowed by narrowing that parameter, got lower=2 @ Space.k",
    ),
    (
        lambda s: s.fix("r:0", 5),
        "a decision with a bound that is a parameter is fixed in its definition, got 5 @ Space.r:0",
    ),
    (
        lambda s: s.fix("k", 5),
        f"{NUMBERS}, got 5 @ Space.k",
    ),
    (
        lambda _: (
            space(_low=neps.Integer(1, 5), w=neps.Integer(neps.ByName("_low"), 9)).fix("_low", 2).fix("w", 3)
        ),
        f"{NUMBERS}, got 3 @ Space.w",
    ),
    (
        lambda s: s.restrict("step", choices=None, lower=0.25).restrict("p", choices=[1]),
        "choices that another parameter gives are restricted at an address of their own "
        "('p:(1, 2)', 'p:(a, b, c)'), got choices given at 'p:choices' @ Space.p",
    ),
    (
        lambda _: space(c=neps.Categorical((1, "1", 2))).restrict("c", choices=[2, "1", 2]),
        "choices must be distinct, got 2 at 0 and 2 @ Space.c",
    ),
    (
        lambda s: s.restrict("k", upper=3),
        f"{DRAWN}, got lower up to 4, upper from 3 @ Space.k",
    ),
    (
        lambda s: s.restrict("r:0", upper=3),
        f"{DRAWN}, got lower up to 4, upper from 3 @ Space.r:0",
    ),
    (
        lambda s: s.restrict("step", lower=0.3, upper=0.4),
        "a value must be left, got lower=0.3, upper=0.4, step=0.25 @ Space.step",
    ),
    (
        lambda s: s.fix("step", 0.3),
        "the value must be a number from 0.0 to 1.0 in steps of 0.25, got 0.3 @ Space.step",
    ),
    (
        lambda s: s.fix("p", 2),
        "choices that another parameter gives are restricted at an address of their own "
        "('p:(1, 2)', 'p:(a, b, c)'), got choices given at 'p:choices' @ Space.p",
    ),
    (
        lambda s: s.with_prior("p", 2),
        "0 <= prior < len(choices) must hold for all choices that may be given, "
        "got prior=2, len(choices)=2 @ Space.p",
    ),
    (
        lambda s: s.fix("p:choices:(1, 2)", 2),
        f"{RULE}, got 'p:choices:(1, 2)'; did you mean 'p:choices'? @ Space",
    ),
    (
        lambda s: s.fix("a:0", 0.5).remove("a"),
        "an edited decision must not move, so what it is part of must not be shared, "
        "got other attributes that use it @ Space.a:0",
    ),
    (
        lambda s: renamed(s.fix("a:0", 0.5)),
        "what is edited must keep its address, got 'a:0'; did you mean 'r:0'? @ Space",
    ),
    (
        lambda _: space(y=[neps.Float(0, 1)]).fix("y:0", 0.5).add(space(y=[neps.Float(0, 1)])),
        "the edits of an attribute that both spaces have must be the same, got {} @ Space.y",
    ),
]


def renamed(made: neps.PipelineSpace) -> neps.PipelineSpace:
    """A space in which the anonymous node of `a` has a name."""
    return made.add(made.attributes["a"][0], "named")


@pytest.mark.parametrize(("edit", "text"), BOUNDED, ids=[text[:80] for _, text in BOUNDED])
def test_what_is_refused_of_rarer_spaces(edit: Edit, text: str) -> None:
    assert text_of(neps.SpaceError, lambda: edit(bounded())) == text


def edited_document(edits: Any) -> dict[str, Any]:
    """The document of `cells` with these edits."""
    return to_document(cells().graph) | {"edits": edits}


def read(written: Any) -> neps.PipelineSpace:
    """The space of a document."""
    return neps.PipelineSpace.from_graph(from_document(written, trust=("strategies", "test_editing")))


FIELDS = "an edit must hold some of lower, upper, among, prior, prior_confidence"
SAYS = "an edit must say what differs from the definition, got"
WRITTEN: list[tuple[Any, str]] = [
    ([1], "the document must be complete, got AttributeError: 'list' object has no attribute 'items'"),
    ({"model:1": 3}, f"{FIELDS}, got 3 @ model:1"),
    ({"model:1": {}}, f"{FIELDS}, got {{}} @ model:1"),
    ({"model:1": {"low": 3}}, f"{FIELDS}, got {{'low': 3}} @ model:1"),
    ({"model:1": {"lower": "3"}}, "lower must be a number, got '3' @ model:1"),
    ({"model:1": {"upper": True}}, "upper must be a number, got True @ model:1"),
    ({"model:0": {"among": 0}}, "among must be a list of indices, got 0 @ model:0"),
    ({"model:0": {"among": None}}, "among must be a list of indices, got None @ model:0"),
    ({"model:0": {"among": [True]}}, "among must be a list of indices, got [True] @ model:0"),
    (
        {"model:1": {"prior": {"kind": "uniform"}}},
        "the kind of a prior must be normal, beta or weights, got 'uniform'",
    ),
    (
        {"model:1": {"prior": {"kind": "beta", "alpha": 0, "beta": 1}}},
        "alpha > 0 must hold, got alpha=0 @ model:1",
    ),
    (
        {"model:1": {"prior": 3, "prior_confidence": "huge"}},
        "the document must be complete, got ValueError: 'huge' is not a valid ConfidenceLevel",
    ),
    ({"model:1": {"prior": "x"}}, "prior must be a number, got prior='x' @ {place}"),
    ({"model:7": {"lower": 3}}, f"{RULE}, got 'model:7'; did you mean 'model:1'? @ Space"),
    ({"zzz": {"lower": 3}, "yyy": {"lower": 3}}, f"{RULE}, got 'zzz' @ Space\n{RULE}, got 'yyy' @ Space"),
    (
        {"k": {"lower": 3}},
        "an edit of an attribute that is a parameter must stand in its definition @ Space.k",
    ),
    (
        {"model:1": {"lower": 3.0}},
        f"{SAYS} lower=3.0 @ Space.model:1",
    ),
    (
        {"model:1": {"upper": 12}},
        f"{SAYS} upper=12 @ Space.model:1",
    ),
    (
        {"model:0": {"among": [3, 0]}},
        f"{SAYS} among=(3, 0) @ Space.model:0",
    ),
    (
        {"model:1": {"lower": 12}},
        "a value must be left, got lower=12, upper=9 @ {place}",
    ),
    ({"model:1": {"among": [0]}}, "a number has no choices, got among=(0,) @ {place}"),
    ({"model:0": {"lower": 3}}, "a choice has no bounds, got lower=3, upper=None @ {place}"),
    (
        {"model:0": {"among": [7]}},
        "a choice must be left, got among=(7,), in the definition among=(0, 1, 2, 3) @ {place}",
    ),
    (
        {"model:n:count": {"upper": 1}, "model:n:2": {"lower": 3}},
        f"{RULE}, got 'model:n:2'; did you mean 'model:n:0'? @ Space",
    ),
]


@pytest.mark.parametrize(("edits", "text"), WRITTEN, ids=[text[:80] for _, text in WRITTEN])
def test_edits_that_do_not_fit_are_not_read(edits: Any, text: str) -> None:
    place = f"Space.{next(iter(edits))}" if isinstance(edits, dict) else ""
    assert text_of(neps.FormatError, lambda: read(edited_document(edits))) == text.replace("{place}", place)


def test_edits_that_fit_are_read() -> None:
    written = {"model:1": {"lower": 3, "prior": None}, "model:0": {"among": [0, 3], "prior": 3}}
    with pytest.raises(neps.FormatError):
        read(edited_document(written))  # there is no prior to take away, and a point has a confidence
    written = {"model:1": {"lower": 3}, "model:0": {"among": [0, 3], "prior": 3, "prior_confidence": "high"}}
    made = read(edited_document(written))
    assert made == cells().with_prior("model:0", 3, "high").restrict("model:1", lower=3).restrict(
        "model:0", choices=("id", "conv")
    )
    assert to_document(made.graph)["edits"] == written
    assert "edits" not in to_document(cells().graph)


AMONG: list[tuple[Callable[[], object], str]] = [
    (lambda: neps.Categorical((1, 2), among=()), "among must leave a choice open, got among=()"),
    (
        lambda: neps.Categorical((1, 2), among=(2,)),
        "0 <= among < len(choices) must hold, got among=2, len(choices)=2",
    ),
    (
        lambda: neps.Ordinal((1, 2), among=("a",)),  # type: ignore[arg-type]
        "among must be the index of a choice, got among='a'",
    ),
    (
        lambda: neps.Ordinal((1, 2), among=1),  # type: ignore[arg-type]
        "among must be the indices of choices, got among=1",
    ),
    (
        lambda: neps.Ordinal((1, 2), 0, among=(1,)),
        "default must be an open choice, got default=0, among=(1,)",
    ),
    (
        lambda: neps.Categorical((1, 2), 0, among=(1,)),
        "prior must be an open choice, got prior=0, among=(1,)",
    ),
    (
        lambda: neps.Categorical((1, 2), neps.Weights((0, 1)), among=(0,)),
        "an open choice must have a weight > 0, got Weights(values=(0.0, 1.0)), among=(0,)",
    ),
    (
        lambda: space(x=neps.Categorical(neps.ByName("t"), among=(2,)), t=(1, 2)),
        "0 <= among < len(choices) must hold for all choices that may be given, got among=2, len(choices)=2",
    ),
]


@pytest.mark.parametrize(("make", "text"), AMONG, ids=[text[:80] for _, text in AMONG])
def test_among_is_checked_when_a_choice_is_made(make: Callable[[], object], text: str) -> None:
    assert text_of(neps.SpaceError, make).partition(" @ ")[0] == text


def test_among_is_in_order_and_absent_where_all_is_open() -> None:
    assert neps.Categorical((1, 2), among=[1, 0, 1]).among is None
    assert repr(neps.Ordinal((1, 2, 3), among=[2, 0])) == "Ordinal((1, 2, 3), among=(0, 2))"
