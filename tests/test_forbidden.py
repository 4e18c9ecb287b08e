"""Forbidden clauses of spaces: language, sampling, edits, counting."""

from __future__ import annotations

import json
import math
import pickle
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import space
from scipy.stats import chi2, ks_2samp
from strategies import TRUST, flat_spaces, gather, recursive_spaces, scale, spaces
from strategies_forbidden import holds, with_clauses
from test_laws import DEPTH, SEEDS, exact
from test_show import NAMES, read_back

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document
from neps_cs.optimizers.random_search import RandomSearch
from neps_cs.sampling.crossover import crossover
from neps_cs.sampling.draw import prior, uniform
from neps_cs.sampling.modes import always_prior
from neps_cs.sampling.mutate import around, forgetting

Clauses = with_clauses(flat_spaces() | spaces(whole=True) | recursive_spaces())
Int, Cat = neps.Integer, neps.Categorical


def drawn(made: neps.PipelineSpace, draw: Any) -> dict[str, Any] | None:
    """What was drawn, None where legal configs are too rare."""
    try:
        return draw()[0]  # type: ignore[no-any-return]
    except neps.ConfigError as e:
        if "attempts must give a config that no clause forbids" not in str(e):
            raise
        return None


@given(Clauses, SEEDS)
def test_no_proposal_violates_a_clause(made: neps.PipelineSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ways: list[Any] = [
        lambda: made.sample(rng, max_depth=DEPTH),
        lambda: made.sample(rng, use_priors=True, max_depth=DEPTH),
        lambda: made.sample_by(uniform(rng), max_depth=DEPTH),
        lambda: made.sample_by(prior(rng), max_depth=DEPTH),
        lambda: made.sample_by(always_prior, max_depth=DEPTH),
        lambda: (RandomSearch(made, seed=seed, use_priors=seed % 2 == 0).ask(3).config,),
    ]
    found = [c for way in ways if (c := drawn(made, way)) is not None]
    if len(found) > 1:
        one, other = found[0], found[-1]
        ways = [
            lambda: made.sample_by(forgetting(made.resolver, one, 2, rng), max_depth=DEPTH),
            lambda: made.sample_by(around(one, rng), max_depth=DEPTH),
            lambda: made.sample_by(crossover(one, other, rng), max_depth=DEPTH),
        ]
        found += [c for way in ways if (c := drawn(made, way)) is not None]
    for config in found:
        for clause in made.forbidden:
            assert not holds(clause, config, made), (clause, config)
        neps.resolve(made, config)


@given(Clauses, SEEDS)
def test_a_config_is_refused_by_the_clauses_that_it_holds(made: neps.PipelineSpace, seed: int) -> None:
    """And a legal one is not; the bare space takes both."""
    bare = neps.PipelineSpace.from_graph(_without(made).graph)
    config, pipeline = bare.sample(seed, max_depth=DEPTH)
    held = [c for c in made.forbidden if holds(c, config, made)]
    if not held:
        assert repr(neps.resolve(made, config)) == repr(pipeline)
        return
    with pytest.raises(neps.ConfigError) as caught:
        neps.resolve(made, config)
    assert len(caught.value.problems) == len(held)


def _without(made: neps.PipelineSpace) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(
        dict(made.attributes), conditions=made.conditions,
        intermediate=frozenset(r.name for r in made.graph.roots if r.intermediate),
    )  # fmt: skip


@given(Clauses)
def test_clauses_survive_documents_copies_and_texts(made: neps.PipelineSpace) -> None:
    """Law 1."""
    document = json.loads(json.dumps(to_document(made.graph)))
    read = neps.PipelineSpace.from_graph(from_document(document, trust=TRUST))
    for again in (read, read_back(repr(made), **NAMES)):
        assert again == made
        assert again.forbidden == made.forbidden
        assert repr(again.forbidden) == repr(made.forbidden)  # 1 and 1.0 apart
    if "<lambda>" not in repr(made):
        assert pickle.loads(pickle.dumps(made)).forbidden == made.forbidden
    assert _without(made) != made
    assert "forbidden" not in to_document(_without(made).graph)


@given(with_clauses(flat_spaces() | spaces()))
def test_counting_counts_what_is_legal(made: neps.PipelineSpace) -> None:
    try:
        size = neps.size(made)
    except neps.SpaceError as e:
        if "to be counted" not in str(e):
            raise
        return
    every = neps.size(_without(made))
    assert size <= every
    if every > 3000:
        return
    legal = [
        exact(c) for c in neps.enumerate(_without(made)) if not any(holds(x, c, made) for x in made.forbidden)
    ]
    assert [exact(c) for c in neps.enumerate(made)] == legal
    assert size == len(legal)


def test_counting_of_structure() -> None:
    tree = Cat((neps.Operation("leaf"), neps.Operation("node", (neps.ByName("tree").resample(),
              Int(1, 3).resample())).resample()))  # fmt: skip
    layer = neps.Operation(gather, kwargs={"k": Int(1, 4).resample()}).resample()
    made = space(tree=tree, model=neps.Repeated(Int(1, 3), layer), q=Int(1, 4))
    for clause in (
        neps.Relation("model:0:k", ">", "model:1:k"),
        neps.In("model:0:k", (2,)),
        neps.Equals("tree", "leaf"),
        neps.And((neps.Relation("model:2:k", "==", "q"), neps.Relation("model:count", "<=", "tree:node:1"))),
    ):
        before = list(map(exact, neps.enumerate(made, max_depth=3)))
        made = made.add_forbidden(clause)
        after = list(map(exact, neps.enumerate(made, max_depth=3)))
        assert neps.size(made, max_depth=3) == len(after) < len(before)


def test_counting_of_what_several_keys_make_sure() -> None:
    """A key that becomes sure makes others sure: each is taken into account once."""
    shared = Cat((0,))
    limited = Cat((1, neps.Operation("f", (neps.Float(0.0, 1.0),))))
    made = neps.PipelineSpace.from_attributes(
        {"_x": shared, "lr": shared, "limited": limited, "_held": Cat(("p", "q")), "told": neps.Float(0, 1)},
        conditions={"limited": neps.Equals("_x", 0), "told": neps.Equals("_held", "p")},
    ).add_forbidden(neps.Relation("_x", "<", "limited"))
    assert neps.size(made) == math.inf
    assert neps.size(made.restrict("_held", choices=["q"]).restrict("limited:f:0", upper=0)) == 1


def test_counting_far_beyond_enumeration() -> None:
    """Twelve integers that never fall: combinations with repetition."""
    made = space(**{f"i{k}": Int(1, 100) for k in range(12)})
    for k in range(11):
        made = made.add_forbidden(neps.Relation(f"i{k}", ">", f"i{k + 1}"))
    assert neps.size(made) == math.comb(111, 12)


def test_counting_of_real_numbers() -> None:
    x = space(x=neps.Float(0, 1), k=Int(0, 1))
    assert neps.size(x.add_forbidden(neps.Less("x", 1))) == 2
    at_0 = neps.And((neps.Less("x", 1), neps.Equals("k", 0)))
    at_1 = neps.And((neps.Greater("x", 0), neps.Equals("k", 1)))
    assert neps.size(x.add_forbidden(at_0)) == math.inf
    assert neps.size(x.add_forbidden(at_0).add_forbidden(at_1)) == 2
    pair = space(x=neps.Float(0, 1), y=neps.Float(0, 1))
    assert neps.size(pair.add_forbidden(neps.Relation("x", "<", "y"))) == math.inf
    none = space(x=neps.Float(0, 1), k=Int(2, 3)).add_forbidden(neps.Relation("x", "<", "k"))
    with pytest.raises(neps.SpaceError) as caught:
        neps.size(none)
    assert str(caught.value) == (
        "the sides of a forbidden relation must be countable, to be counted, got a Float without a step "
        "@ Space.x"
    )


PRIORS = {
    "integer": (Int(1, 20, prior=4, prior_confidence="high"), neps.In("x", (3, 4, 5, 17))),
    "log integer": (Int(1, 60, log=True), neps.Or((neps.LessEqual("x", 2), neps.In("x", (5, 6, 40))))),
    "plain integer": (Int(-5, 30), neps.And((neps.Greater("x", 0), neps.Less("x", 28)))),
    "step": (neps.Float(0.1, 3.0, step=0.1, prior=1.0),
             neps.And((neps.Greater("x", 0.75), neps.Less("x", 2)))),
    "float": (neps.Float(0, 1), neps.And((neps.GreaterEqual("x", 0.2), neps.LessEqual("x", 0.7)))),
    "log float": (neps.Float(1e-4, 1, log=True), neps.Or((neps.Less("x", 1e-3), neps.Greater("x", 0.3)))),
    "point": (neps.Float(0, 1, prior=0.3, prior_confidence="high"), neps.Greater("x", 0.35)),
    "normal": (neps.Float(0, 10, prior=neps.Normal(3, 1)),
               neps.And((neps.Greater("x", 2), neps.Less("x", 4)))),
    "beta": (neps.Float(0, 1, prior=neps.Beta(2, 5)), neps.Less("x", 0.2)),
    "index": (Cat(("a", "b", "c", "d"), prior=1, prior_confidence="medium"), neps.Equals("x", "b")),
    "weights": (Cat(("a", "b", "c", "d"), prior=neps.Weights((5, 1, 0, 2))), neps.In("x", ("a", "c"))),
    "ordinal": (neps.Ordinal((30, 10, 20, 0)), neps.GreaterEqual("x", 20)),
}  # fmt: skip


@pytest.mark.parametrize("use_priors", [False, True])
@pytest.mark.parametrize("name", PRIORS)
def test_narrowing_keeps_the_distribution_of_what_is_left(name: str, use_priors: bool) -> None:
    """As if it had been drawn until it was legal."""
    parameter, clause = PRIORS[name]
    bare = space(x=parameter)
    made = bare.add_forbidden(clause)
    every = (bare.sample(seed, use_priors=use_priors)[0] for seed in range(30_000))
    expected = [c["x"] for c in every if not holds(clause, c, bare)][:6000]
    found = [made.sample(seed + 10**6, use_priors=use_priors)[0]["x"] for seed in range(6000)]
    assert len(expected) > 1000
    if isinstance(found[0], float) and name != "step":
        assert ks_2samp(found, expected).pvalue > 1e-3
        return
    values = sorted(set(expected))
    assert set(found) <= set(values)
    share = np.array([expected.count(v) for v in values]) / len(expected)
    common = share * len(found) >= 20  # rare ones together
    observed = np.array([found.count(v) for v in values])
    seen = np.append(observed[common], observed[~common].sum())
    wanted = np.append(share[common], share[~common].sum()) * len(found)
    kept = wanted > 0
    # the expected counts vary too
    statistic = ((seen - wanted)[kept] ** 2 / wanted[kept]).sum() / (1 + len(found) / len(expected))
    assert chi2.sf(statistic, kept.sum() - 1) > 1e-4


def test_twenty_clauses_that_leave_one_in_a_million_cost_nothing() -> None:
    bare = space(**{f"x{i}": Cat((0, 1)) for i in range(20)})
    made, holes = bare, space(**{f"x{i}": Int(1, 10) for i in range(20)})
    for i in range(20):
        made = made.add_forbidden(neps.Equals(f"x{i}", 0))
        holes = holes.add_forbidden(neps.And((neps.Greater(f"x{i}", 1), neps.Less(f"x{i}", 10))))

    def seconds(space: neps.PipelineSpace) -> float:
        def once() -> float:
            start = time.perf_counter()
            for seed in range(200):
                space.sample(seed)
            return time.perf_counter() - start

        return min(once() for _ in range(5))

    assert set(made.sample(1)[0].values()) == {1}
    assert neps.size(made) == 1
    assert seconds(made) < 2 * seconds(bare) + 0.002
    assert {v for seed in range(30) for v in holes.sample(seed)[0].values()} == {1, 10}
    assert neps.size(holes) == 2**20


def test_rare_configs_are_reported_with_what_rejects_them() -> None:
    made = space(a=Int(1, 1000), b=Int(1, 1000))
    made = made.add_forbidden(neps.Relation("a", "<", "b")).add_forbidden(neps.Relation("a", ">", "b"))
    made = made.add_forbidden(neps.And((neps.Equals("a", 1), neps.Equals("b", 1))))
    with pytest.raises(neps.ConfigError) as caught:
        made.add_forbidden(neps.Relation("a", "==", "b")).sample(0)
    rule, counts = str(caught.value).split(", got rejections: ")
    assert rule == "10,000 attempts must give a config that no clause forbids"
    parts = counts.removesuffix(" @ Space").split("; ")
    shares = {text.split(" by ")[1]: int(text.split(" by ")[0].replace(",", "")) for text in parts}
    assert list(shares)[:2] in (["a < b", "a > b"], ["a > b", "a < b"])
    assert sum(shares[f"a {sign} b"] for sign in ("<", ">", "==")) == 10_000
    assert abs(shares["a < b"] - 4995) < 250


def test_a_decide_function_that_repeats_itself_comes_to_an_end() -> None:
    """The mode of the priors is forbidden: what the clause reads is drawn, the rest stays."""
    made = space(a=Int(1, 9, prior=5), b=Int(1, 9, prior=5), c=neps.Float(0, 1, prior=0.3))
    made = made.add_forbidden(neps.Relation("a", "==", "b"))
    config, _ = made.sample_by(always_prior)
    assert config["a"] != config["b"]
    assert config["c"] == 0.3
    assert made.sample_by(always_prior)[0] == config


def test_operators_are_called_for_legal_configs_only() -> None:
    calls: list[tuple[int, int]] = []

    def build(a: int, b: int) -> None:
        calls.append((a, b))
        if a > b:
            raise RuntimeError("a forbidden combination breaks")

    made = space(x=neps.Operation(build, (Int(1, 9), Int(1, 9)))).add_forbidden(
        neps.Relation("x:0", ">", "x:1")
    )
    for seed in range(20):
        made.sample(seed)
    assert len(calls) == 20
    with pytest.raises(neps.ConfigError, match="a config must not have x:0 > x:1, got x:0=9, x:1=3"):
        neps.resolve(made, {"x:0": 9, "x:1": 3})


def test_inactive_operands_forbid_nothing() -> None:
    made = space(kind=Cat(("a", "b")), x=Int(1, 3), y=Int(1, 3), c=7)
    made = made.add_condition("x", neps.Equals("kind", "a")).add_condition("c", neps.Equals("kind", "b"))
    made = made.add_forbidden(neps.Relation("x", "<=", "y")).add_forbidden(neps.NotEquals("x", 3))
    made = made.add_forbidden(neps.And((neps.Equals("c", 7), neps.Equals("y", 2))))
    assert list(neps.enumerate(made)) == [
        {"kind": "a", "x": 3, "y": 1}, {"kind": "a", "x": 3, "y": 2},
        {"kind": "b", "y": 1}, {"kind": "b", "y": 3},
    ]  # fmt: skip
    assert neps.size(made) == 4


def test_a_constant_may_be_forbidden_where_its_condition_decides() -> None:
    made = (
        space(x=Int(1, 3), c="on").add_condition("c", neps.Less("x", 3)).add_forbidden(neps.Equals("c", "on"))
    )
    assert made.sample(0)[0] == {"x": 3}
    assert neps.size(made) == 1
    with pytest.raises(neps.ConfigError, match="a config must not have c == 'on', got c='on' @ Space"):
        neps.resolve(made, {"x": 1})
    with pytest.raises(neps.SpaceError, match="must leave a config, got always c == 'on' @ Space"):
        space(x=Int(1, 3), c="on").add_forbidden(neps.Equals("c", "on"))


def test_relations_compare_values_and_clauses_ranks() -> None:
    made = space(a=neps.Ordinal((30, 10, 20)), b=neps.Ordinal((30, 10, 20)))
    relation = made.add_forbidden(neps.Relation("a", "<", "b"))
    assert [tuple(c.values()) for c in neps.enumerate(relation)] == [
        (30, 30), (30, 10), (30, 20), (10, 10), (20, 10), (20, 20)
    ]  # fmt: skip
    ranks = made.add_forbidden(neps.Less("a", 20)).add_forbidden(neps.GreaterEqual("b", 10))
    assert [tuple(c.values()) for c in neps.enumerate(ranks)] == [(20, 30)]


def test_edits_keep_clauses() -> None:
    made = space(kind=Cat(("a", "b", "c")), n=Int(1, 9), m=neps.Repeated(Int(1, 3), Int(1, 5).resample()))
    made = made.add_forbidden(neps.And((neps.Equals("kind", "c"), neps.Less("n", 3))))
    made = made.add_forbidden(neps.Relation("m:0", ">", "m:2"))
    narrower = made.restrict("kind", choices=("a", "b")).restrict("n", lower=2).with_prior("n", 5)
    assert narrower.forbidden == made.forbidden
    assert narrower.add(Int(1, 2), "new").forbidden == made.forbidden
    assert made.restrict("m:count", upper=2).forbidden == made.forbidden[:1]  # there is no m:2 any more
    other = space(z=Int(1, 3)).add_forbidden(neps.Equals("z", 2))
    assert made.add(other).forbidden == (*made.forbidden, neps.Equals("z", 2))
    assert made.add(made).forbidden == made.forbidden
    either = neps.Or((neps.Equals("m:2", 1), neps.Equals("n", 1)))
    left = made.add_forbidden(either).restrict("m:count", upper=2).forbidden[-1]
    assert left == neps.Or((neps.Equals("n", 1),))


def test_a_fresh_use_is_forbidden_alone() -> None:
    """The attribute's clause is on its own decision, not on its definition."""
    made = space(n=Int(1, 3), again=neps.ByName("n").resample()).add_forbidden(neps.NotEquals("n", 2))
    assert {tuple(made.sample(seed)[0].values()) for seed in range(40)} == {(2, 1), (2, 2), (2, 3)}
    assert neps.size(made) == 3


def test_what_lazy_hands_over_stays_as_it_is_written() -> None:
    shared = Cat(("a", "b", "c"))
    made = space(x=shared, lazy=neps.Lazy(shared)).add_forbidden(neps.In("x", ("a", "b")))
    config, pipeline = made.sample(0)
    assert config == {"x": "c"}
    assert pipeline["lazy"].choices == ("a", "b", "c")
    assert pipeline["lazy"].among is None


def test_a_person_is_told_that_answers_are_forbidden() -> None:
    from neps_cs.sampling.ask import ask

    lines: list[str] = []
    answers = iter(["2", "1", "1", "2"])
    made = space(a=Int(1, 3), b=Int(1, 3)).add_forbidden(neps.Relation("a", ">", "b"))
    config, _ = made.sample_by(ask(lambda prompt: next(answers), lines.append))
    assert config == {"a": 1, "b": 2}
    assert lines == ["These answers together are forbidden; from the start:"]


def test_the_tree_shows_clauses() -> None:
    made = space(a=Int(1, 3), b=Int(1, 3)).add_forbidden(
        neps.Or((neps.And((neps.LessEqual("a", 1), neps.In("b", (1, 2)))), neps.Relation("a", ">=", "b")))
    )
    assert neps.format(made).splitlines()[-1] == "└── forbidden: (a <= 1 and b in (1, 2)) or a >= b"


def base() -> neps.PipelineSpace:
    return space(
        x=neps.Float(0, 1), n=Int(1, 3), c=Cat(("a", "b")), f=scale, epochs=neps.IntegerFidelity(1, 9),
        op=neps.Operation(gather, kwargs={"k": Int(1, 7)}),
        given=Cat(Cat(((1, 2), (3, 4)))),
    )  # fmt: skip


READ = "a forbidden clause must read parameters, plain constants or decisions, got"
MESSAGES: dict[str, tuple[Any, str]] = {
    "unknown": (
        neps.Equals("nn", 1),
        "an address must be that of a decision that a config may hold, got 'nn'; did you mean 'n'? "
        "@ Space.forbidden[0]",
    ),
    "structure": (neps.Equals("op", 1), f"{READ} 'op', a structure @ Space.forbidden[0]"),
    "provided": (neps.Equals("given", 1), f"{READ} 'given', a structure @ Space.forbidden[0]"),
    "fidelity": (neps.Less("epochs", 3), f"{READ} 'epochs', a fidelity @ Space.forbidden[0]"),
    "callable": (neps.Equals("f", 1), f"{READ} 'f', a constant that is no plain value @ Space.forbidden[0]"),
    "value": (
        neps.Equals("c", "z"),
        "a forbidden clause must compare with a choice of c ['a', 'b'], got 'z' @ Space.forbidden[0]",
    ),
    "order": (
        neps.LessEqual("c", "a"),
        "Less and Greater need a parent with an order: a number or an Ordinal, got c, a Categorical "
        "@ Space.forbidden[0]",
    ),
    "number": (
        neps.GreaterEqual("n", "a"),
        "a forbidden clause on a number must compare with finite numbers, got 'a' @ Space.forbidden[0]",
    ),
    "relation": (
        neps.Relation("c", "<", "n"),
        "the sides of a Relation must have values to compare: numbers, or texts, got c, texts, and n, "
        "numbers @ Space.forbidden[0]",
    ),
    "nothing left": (
        neps.GreaterEqual("op:k", 1),
        "forbidden clauses must leave a config, got op:k >= 1 always @ Space.op:k",
    ),
    "inactive": (
        neps.NotEquals("n", 1, or_inactive=True),
        "a forbidden clause says nothing of what is inactive: NotEquals without or_inactive, "
        "got NotEquals(parent='n', value=1, or_inactive=True) @ Space.forbidden[0]",
    ),
    "no clause": (
        "n > 1",
        "a forbidden clause must be made of Equals, NotEquals, In, Less, Greater, LessEqual, GreaterEqual, "
        "Relation, And, Or, got 'n > 1' @ Space.forbidden[0]",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_wrong_clauses_are_refused(name: str) -> None:
    clause, text = MESSAGES[name]
    with pytest.raises(neps.SpaceError) as caught:
        base().add_forbidden(clause)
    assert str(caught.value) == text


def test_all_problems_are_reported() -> None:
    with pytest.raises(neps.SpaceError) as caught:
        neps.PipelineSpace.from_attributes(
            {"n": Int(1, 3)}, forbidden=[neps.Equals("a", 1), neps.Relation("b", "<", "c")]
        )
    assert [p.place for p in caught.value.problems] == ["Space.forbidden[0]", *["Space.forbidden[1]"] * 2]


def test_other_messages() -> None:
    made = base().add_forbidden(neps.And((neps.Equals("op:k", 3), neps.Equals("n", 1))))
    with pytest.raises(neps.SpaceError) as caught:
        made.remove("op")
    assert str(caught.value) == "what a forbidden clause reads must stay, got op:k == 3 and n == 1 @ Space.op"
    with pytest.raises(neps.SpaceError, match="a condition must be Equals, NotEquals, In, Less"):
        made.add_condition("x", neps.Relation("n", "<", "x"))  # type: ignore[arg-type]
    nested = neps.And((neps.Equals("n", 1), neps.LessEqual("n", 2)))
    with pytest.raises(neps.SpaceError) as caught:
        made.add_condition("x", nested)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "a condition must be made of Equals, NotEquals, In, Less, Greater, And, Or, "
        "got LessEqual(parent='n', value=2) @ Space.x"
    )
    with pytest.raises(neps.SpaceError, match="the operator of a Relation must be one of <, <=, ==, >=, >"):
        neps.Relation("a", "!=", "b")
    with pytest.raises(neps.SpaceError, match="the parent must be named by its address, got 3"):
        neps.Relation("a", "<", 3)  # type: ignore[arg-type]
    with pytest.raises(neps.SpaceError, match="forbidden must be a tuple or a list of clauses"):
        neps.PipelineSpace.from_attributes({"n": Int(1, 3)}, forbidden=neps.Equals("n", 1))  # type: ignore[arg-type]


@given(st.sampled_from(range(20)))
def test_seeds_decide(seed: int) -> None:
    """Law 8."""
    made = space(a=Int(1, 50), b=Int(1, 50)).add_forbidden(neps.Relation("a", "<", "b"))
    assert made.sample(seed) == made.sample(seed) == made.sample(np.random.default_rng(seed))
