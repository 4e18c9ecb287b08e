"""Decide-functions: what they may return, on generated spaces and on spaces written by hand."""

from __future__ import annotations

import io
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_laws import ANY_SPACE, DEPTH, SEEDS, Grammar, Net, exact

import neps_cs as neps
from neps_cs.optimizers.random_search import RandomSearch
from neps_cs.resolving.resolver import Resolution, Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Decide
from neps_cs.sampling import conformance
from neps_cs.sampling.ask import ask
from neps_cs.sampling.conformance import DecideConformance
from neps_cs.sampling.crossover import crossover
from neps_cs.sampling.draw import prior, uniform
from neps_cs.sampling.modes import always_prior, beta_mode
from neps_cs.sampling.mutate import around, forgetting
from neps_cs.sampling.replay import Replay, replay

N = 4000
ALPHA = 1e-4  # the chance that a right implementation fails at one seed; the seeds are fixed
REPOSITORY = Path(__file__).parent.parent


def one(parameter: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes({"x": parameter})


def drawn(space: neps.PipelineSpace, decide: Decide, name: str = "x", n: int = N) -> list[Any]:
    return [space.sample_by(decide)[0][name] for _ in range(n)]


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The addresses that both hold, with different values."""
    old, new = exact(before), exact(after)
    return {a for a in old.keys() & new.keys() if old[a] != new[a]}


def is_share(count: int, n: int, p: float) -> bool:
    """Whether a count is what a probability lets expect, within five standard errors."""
    return abs(count - n * p) <= 5 * math.sqrt(n * p * (1 - p))


def is_legal(space: neps.PipelineSpace, config: dict[str, Any], pipeline: dict[str, Any]) -> None:
    again = replay(space.resolver, config)
    assert exact(again.config) == exact(config)
    assert list(again.config) == list(config)
    assert repr(again.pipeline) == repr(pipeline)


class Flat(neps.PipelineSpace):
    """Six decisions that never come out the same twice."""

    a = neps.Float(0, 1)
    b = neps.Float(-1, 3)
    c = neps.Float(1e-6, 1, log=True)
    d = neps.Float(0, 1)
    e = neps.Float(0, 1)
    f = neps.Float(0, 1)


class Branching(neps.PipelineSpace):
    """Decisions that appear and vanish, and bounds that move."""

    low = neps.Integer(1, 9)
    n = neps.Integer(low, 10)
    layer = neps.Categorical(("id", neps.Operation("conv", (neps.Integer(1, 9),))))


BOUND_MOVES = {"n"}
"""The decision of Branching that may be drawn because its bound moved; no other space has this name."""

PLAIN_TWINS = pytest.mark.parametrize("make", [Net, Grammar, Flat, Branching])
COUNTS = st.integers(0, 8)


# forgetting


def check_forgetting(space: neps.PipelineSpace, seed: int, k: int, *, use_priors: bool) -> None:
    config, _ = space.sample(seed, max_depth=DEPTH)
    decide = forgetting(space.resolver, config, k, seed, use_priors=use_priors)
    mutant, pipeline = space.sample_by(decide, max_depth=DEPTH)
    is_legal(space, mutant, pipeline)
    assert len(decide.forgotten) == min(k, len(config))
    assert decide.forgotten <= config.keys()
    assert changed(config, mutant) <= decide.forgotten | BOUND_MOVES
    if k == 0:
        assert list(exact(mutant).items()) == list(exact(config).items())


@given(ANY_SPACE, SEEDS, COUNTS, st.booleans())
def test_mutants_are_legal(space: neps.PipelineSpace, seed: int, k: int, use_priors: bool) -> None:
    """k decisions are forgotten, no other one of the old ones that are still active differs."""
    check_forgetting(space, seed, k, use_priors=use_priors)


@given(ANY_SPACE, SEEDS)
def test_forgetting_nothing_changes_nothing(space: neps.PipelineSpace, seed: int) -> None:
    check_forgetting(space, seed, 0, use_priors=False)


@PLAIN_TWINS
def test_mutants_are_legal_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    for seed in range(30):
        for k in (0, 1, 2, 99):
            check_forgetting(make(), seed, k, use_priors=bool(seed % 2))


@pytest.mark.parametrize("k", range(9))
def test_exactly_k_decisions_are_drawn_anew(k: int) -> None:
    config, _ = Flat().sample(999)
    for seed in range(20):
        decide = forgetting(Flat().resolver, config, k, seed)
        mutant, _ = Flat().sample_by(decide)
        assert changed(config, mutant) == decide.forgotten
        assert len(decide.forgotten) == min(k, 6)


def test_each_decision_is_forgotten_as_often() -> None:
    config, _ = Flat().sample(0)
    rng = np.random.default_rng(3)
    pairs = Counter(forgetting(Flat().resolver, config, 2, rng).forgotten for _ in range(N))
    assert len(pairs) == 15
    assert stats.chisquare(list(pairs.values())).pvalue > ALPHA


def test_a_forgotten_decision_may_come_out_the_same() -> None:
    """It is drawn from its distribution: of two equal choices half the time the old one, and by a
    prior as often as that says."""
    space = one(neps.Categorical(("a", "b"), prior=0, prior_confidence="high"))
    mutants = drawn(space, forgetting(space.resolver, {"x": "a"}, 1, 0))
    assert is_share(mutants.count("a"), N, 0.5)
    mutants = drawn(space, forgetting(space.resolver, {"x": "a"}, 1, 0, use_priors=True))
    assert is_share(mutants.count("a"), N, 0.875)


def test_decisions_appear_and_vanish() -> None:
    space = Branching()
    plain, nested = (
        {"low": 1, "n": 10, "layer": "id"},
        {"low": 1, "n": 10, "layer": "conv", "layer:conv:0": 3},
    )
    seen = set()
    for seed in range(60):
        for config in (plain, nested):
            mutant, pipeline = space.sample_by(forgetting(space.resolver, config, 1, seed))
            is_legal(space, mutant, pipeline)
            assert ("layer:conv:0" in mutant) == (mutant["layer"] == "conv")
            seen.add((config["layer"], mutant["layer"]))
    assert seen == {(a, b) for a in ("id", "conv") for b in ("id", "conv")}


def test_a_kept_value_that_a_bound_leaves_behind_is_drawn() -> None:
    config = {"low": 1, "n": 2, "layer": "id"}
    moved = 0
    for seed in range(60):
        mutant, _ = Branching().sample_by(forgetting(Branching().resolver, config, 1, seed))
        assert mutant["low"] <= mutant["n"]
        moved += mutant["low"] > 2
        near, _ = Branching().sample_by(around(config, seed, deviation=1.0))
        assert near["low"] <= near["n"]
    assert moved > 5


def test_a_config_of_an_older_space_is_taken_as_far_as_it_fits() -> None:
    """What moved or was closed since is drawn, and does not count among the k."""

    class Old(neps.PipelineSpace):
        lr = neps.Float(0, 1)
        n = neps.Integer(1, 9)
        gone = neps.Float(0, 1)
        act = neps.Categorical(("relu", neps.Operation("leaky", (neps.Float(0, 1),)), "tanh"))

    config = {"lr": 0.9, "n": 3, "gone": 0.5, "act": "leaky", "act:leaky:0": 0.25}
    new = Old().remove("gone").restrict("lr", upper=0.5).restrict("act", choices=["relu", "tanh"])
    new = new.add(neps.Float(0, 1), "more")
    seen = set()
    for seed in range(20):
        decide = forgetting(new.resolver, config, 0, seed)
        assert decide.forgotten == set()
        mutant, pipeline = new.sample_by(decide)
        is_legal(new, mutant, pipeline)
        assert mutant["n"] == 3
        assert mutant.keys() == {"lr", "n", "act", "more"}
        seen.add(mutant["act"])
        assert forgetting(new.resolver, config, 9, seed).forgotten == {"n"}
    assert seen == {"relu", "tanh"}


def test_an_address_that_no_config_holds_is_as_if_it_were_not_there() -> None:
    """A typo looks like a decision of an older space."""
    mistyped = {"learning_rate": 0.5}
    for decide, empty in (
        (forgetting(Flat().resolver, mistyped, 1, 3), forgetting(Flat().resolver, {}, 1, 3)),
        (around(mistyped, 3), around({}, 3)),
        (crossover(mistyped, mistyped, 3), crossover({}, {}, 3)),
    ):
        assert Flat().sample_by(decide) == Flat().sample_by(empty)


def test_a_config_with_fidelities_is_taken() -> None:
    config, _ = Net().sample(0)
    with_epochs = {**config, "epochs": 3}
    assert "epochs" not in forgetting(Net().resolver, with_epochs, 99, 0).forgotten
    assert exact(Net().sample_by(forgetting(Net().resolver, with_epochs, 0, 0))[0]) == exact(config)


# around


@given(ANY_SPACE, SEEDS, st.sampled_from((1e-300, 0.01, 0.1, 5.0)), st.sampled_from((0, 0.5, 1)))
def test_neighbours_are_legal(space: neps.PipelineSpace, seed: int, deviation: float, p: float) -> None:
    config, _ = space.sample(seed, max_depth=DEPTH)
    decide = around(config, seed, deviation=deviation, p_keep=p)
    near, pipeline = space.sample_by(decide, max_depth=DEPTH)
    is_legal(space, near, pipeline)
    if p == 1:
        sites = asked(space, config)
        assert all(isinstance(sites[a], NumberSite) for a in changed(config, near))


def asked(space: neps.PipelineSpace, config: Mapping[str, Any]) -> dict[str, DecisionSite]:
    """The sites of a config's decisions."""
    sites: dict[str, DecisionSite] = {}
    held = Replay(config)

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        sites[site.address] = site
        return held(site, allowed)

    space.resolver.resolve(decide, build=False, max_depth=None)
    return sites


@PLAIN_TWINS
def test_neighbours_are_legal_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    for seed in range(30):
        config, _ = make().sample(seed, max_depth=DEPTH)
        near, pipeline = make().sample_by(around(config, seed), max_depth=DEPTH)
        is_legal(make(), near, pipeline)


@pytest.mark.parametrize(
    ("parameter", "old", "unit"),
    [
        (neps.Float(-1.0, 3.0), 1.0, lambda x: (x + 1) / 4),
        (neps.Float(-1.0, 3.0), 2.8, lambda x: (x + 1) / 4),
        (neps.Float(1e-6, 1e2, log=True), 1e-3, lambda x: np.log(x / 1e-6) / np.log(1e8)),
    ],
)
@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.25])
def test_numbers_move_by_the_deviation(
    parameter: Any, old: float, unit: Callable[[Any], Any], deviation: float
) -> None:
    """A truncated normal law around the old value, in the unit interval; no other deviation fits."""
    units = unit(np.array(drawn(one(parameter), around({"x": old}, 11, deviation=deviation))))

    def p(spread: float) -> float:
        ends = -unit(old) / spread, (1 - unit(old)) / spread
        return float(stats.kstest(units, stats.truncnorm(*ends, unit(old), spread).cdf).pvalue)

    assert p(deviation) > ALPHA
    assert p(deviation * 1.3) < ALPHA
    assert p(deviation / 1.3) < ALPHA


@pytest.mark.parametrize(
    ("parameter", "old"),
    [(neps.Integer(-3, 9), 2), (neps.Integer(0, 24, step=4), 24), (neps.Float(0, 1, step=0.1), 0.3)],
)
def test_integers_and_grids_are_kept(parameter: Any, old: float) -> None:
    """Each value has the mass of its cell, the old one in the middle of its own."""
    step = parameter.step or 1
    values = [round(parameter.lower + i * step, 1) for i in range(20)]
    values = [v for v in values if v <= parameter.upper]
    center, cells = (values.index(old) + 0.5) / len(values), len(values)
    law = stats.truncnorm(-center / 0.1, (1 - center) / 0.1, center, 0.1)
    masses = {v: law.cdf((i + 1) / cells) - law.cdf(i / cells) for i, v in enumerate(values)}
    counts = Counter(drawn(one(parameter), around({"x": old}, 5)))
    assert set(counts) <= set(values)
    common = [v for v in values if N * masses[v] >= 5]
    rest = N - sum(counts[v] for v in common)
    observed, expected = [*(counts[v] for v in common), rest], [N * masses[v] for v in common]
    expected.append(N - sum(expected))
    assert stats.chisquare(observed, expected).pvalue > ALPHA


def test_integers_beyond_the_floats_stay_near() -> None:
    parameter = neps.Integer(2**60, 2**60 + 100)
    values = drawn(one(parameter), around({"x": 2**60 + 50}, 1, deviation=0.02), n=200)
    assert all(type(v) is int and abs(v - 2**60 - 50) <= 15 for v in values)
    assert len(set(values)) > 4


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", [neps.Categorical, neps.Ordinal])
def test_a_choice_is_kept_with_its_probability(kind: Any, p: float) -> None:
    counts = Counter(drawn(one(kind(("a", "b", "c"))), around({"x": "b"}, 2, p_keep=p)))
    assert is_share(counts["b"], N, p)
    assert is_share(counts["a"], N, (1 - p) / 2)
    assert is_share(counts["c"], N, (1 - p) / 2)


def test_the_only_choice_is_kept() -> None:
    assert drawn(one(neps.Categorical((None,))), around({"x": None}, 2, p_keep=0), n=3) == [None] * 3


@pytest.mark.parametrize("use_priors", [False, True])
def test_what_no_config_holds_is_drawn(use_priors: bool) -> None:
    """None is a value of a config, not the absence of one."""
    space = one(neps.Categorical((None, "b", "c"), prior=neps.Weights((0, 1, 0))))
    expected = {"b"} if use_priors else {None, "b", "c"}
    assert set(drawn(space, around({}, 2, use_priors=use_priors), n=60)) == expected
    assert set(drawn(space, crossover({}, {}, 2, use_priors=use_priors), n=60)) == expected
    assert set(drawn(space, around({"x": "gone"}, 2, use_priors=use_priors), n=60)) == expected
    assert set(drawn(space, crossover({"x": None}, {}, 2, use_priors=use_priors), n=60)) == {None}


# crossover


def check_crossover(space: neps.PipelineSpace, seed: int, p: float) -> None:
    parents = [space.sample(s, max_depth=DEPTH)[0] for s in (seed, seed + 1)]
    child, pipeline = space.sample_by(crossover(*parents, seed, p=p), max_depth=DEPTH)
    is_legal(space, child, pipeline)
    first, second = (exact(parent) for parent in parents)
    for address, value in exact(child).items():
        held = [x[address] for x in (first, second) if address in x]
        assert not held or value in held or address in BOUND_MOVES
        if p == 1 and address in first:
            assert value == first[address]
    twin, _ = space.sample_by(crossover(parents[0], parents[0], seed, p=p), max_depth=DEPTH)
    assert list(exact(twin).items()) == list(first.items())


@given(ANY_SPACE, SEEDS, st.sampled_from((0, 0.5, 1)))
def test_children_are_legal(space: neps.PipelineSpace, seed: int, p: float) -> None:
    """Every value is a parent's, or was drawn because neither has one; a config with itself gives itself."""
    check_crossover(space, seed, p)


@PLAIN_TWINS
def test_children_are_legal_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    for seed in range(30):
        for p in (0, 0.5, 1):
            check_crossover(make(), seed, p)


@pytest.mark.parametrize("p", [0.0, 0.2, 1.0])
def test_a_child_takes_after_the_first_with_p(p: float) -> None:
    mother, father = Flat().sample(0)[0], Flat().sample(1)[0]
    rng = np.random.default_rng(4)
    children = [Flat().sample_by(crossover(mother, father, rng, p=p))[0] for _ in range(500)]
    for name in mother:
        assert is_share(sum(c[name] == mother[name] for c in children), 500, p)
        assert {c[name] for c in children} <= {mother[name], father[name]}


def test_a_value_that_fits_goes_before_a_draw() -> None:
    """Where the value of one parent does not fit the bounds any more it is the other's, else it is drawn."""

    def above_7(first: dict[str, Any], second: dict[str, Any]) -> set[int]:
        children = [Branching().sample_by(crossover(first, second, seed))[0] for seed in range(60)]
        return {c["n"] for c in children if c["low"] == 7}

    low = {"low": 1, "n": 2, "layer": "id"}
    assert above_7({"low": 7, "n": 8, "layer": "id"}, low) == {8}
    assert above_7({"low": 7, "layer": "id"}, low) == {7, 8, 9, 10}


def test_a_branch_that_is_closed_is_drawn() -> None:
    deep = {"leaf": 0.5, **{"tree" + ":gather:0" * i: "gather" for i in range(9)}}
    for max_depth in (2, 5):
        child, pipeline = Grammar().sample_by(crossover(deep, deep, 0), max_depth=max_depth)
        is_legal(Grammar(), child, pipeline)
        assert list(child.values()).count("gather") == max_depth - 1


# always_prior


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (neps.Float(1e-5, 1, log=True, prior=1e-3), 1e-3),
        (neps.Integer(0, 9, prior=9), 9),
        (neps.Float(0, 1, prior=0.44, step=0.1), 0.4),
        (neps.Integer(2**60, 2**60 + 9, prior=2**60 + 3), 2**60 + 3),
        (neps.Float(0, 1, prior=neps.Normal(0.3, 5)), 0.3),
        (neps.Float(0, 1, prior=neps.Normal(-7, 0.1)), 0.0),
        (neps.Float(-1e307, 1, prior=neps.Normal(1e308, 1)), 1.0),
        (neps.Integer(0, 9, prior=neps.Normal(4.6, 1)), 5),
        (neps.Integer(0, 9, prior=neps.Normal(99, 1), step=4), 8),
        (neps.Integer(1, 100, log=True, prior=neps.Normal(9.7, 1)), 10),
        (neps.Float(0, 2, prior=neps.Beta(3, 2)), 2 * 2 / 3),
        (neps.Float(1, 100, log=True, prior=neps.Beta(2, 2)), 10.0),
        (neps.Integer(0, 9, prior=neps.Beta(0.5, 2)), 0),
        (neps.Integer(0, 9, prior=neps.Beta(2, 1)), 9),
        (neps.Float(0, 1), 0.5),
        (neps.Float(1e-4, 1, log=True), 1e-2),
        (neps.Integer(0, 8), 4),
        (neps.Categorical(("a", "b", "c"), prior=2, default=1), "c"),
        (neps.Categorical(("a", "b", "c"), prior=neps.Weights((1, 3, 3))), "b"),
        (neps.Categorical(("a", "b", "c"), default=1), "b"),
        (neps.Categorical(("a", "b", "c")), "a"),
        (neps.Ordinal((3, 5, 7), default=2), 7),
        (neps.Ordinal((3, 5, 7)), 3),
    ],
)
def test_always_prior(parameter: Any, expected: Any) -> None:
    value = one(parameter).sample_by(always_prior)[0]["x"]
    assert value == pytest.approx(expected, rel=1e-12) if type(expected) is float else value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 1.5, 6.0])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.5])
def test_the_mode_of_beta_has_the_greatest_density(alpha: float, beta: float) -> None:
    # so near to the ends that it matters which of two infinities is the steeper one
    points = np.concatenate([[1e-12], np.linspace(0.001, 0.999, 999), [1 - 1e-12]])
    density = stats.beta(alpha, beta).pdf(points)
    near = min(1 - 1e-12, max(1e-12, beta_mode(alpha, beta)))
    assert stats.beta(alpha, beta).pdf(near) >= density.max() * (1 - 1e-9)


def test_the_mode_of_an_even_beta() -> None:
    assert (beta_mode(0.5, 0.5), beta_mode(1, 1), beta_mode(4, 4)) == (0.0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("parameter", "allowed", "expected"),
    [
        (neps.Categorical(("a", "b", "c"), prior=2), (0, 1), 0),
        (neps.Categorical(("a", "b", "c"), prior=neps.Weights((0, 1, 5))), (0, 1), 1),
        (neps.Categorical(("a", "b", "c"), default=0), (1, 2), 1),
        (neps.Integer(0, 9, prior=5), (0, 3), 3),
        (neps.Float(0, 9, prior=5), (7, 9), 7.0),
        (neps.Float(0, 9, prior=neps.Beta(1, 2)), (7, 9), 7.0),
        (neps.Integer(0, 9), (0, 0), 0),
    ],
)
def test_always_prior_stays_among_what_is_open(
    parameter: Any, allowed: tuple[float, ...], expected: float
) -> None:
    site: Any = one(parameter).resolver.program.attribute("x")
    value = always_prior(site, allowed)
    assert value == expected
    assert type(value) is type(expected)


@given(ANY_SPACE)
def test_the_config_of_the_modes_is_legal(space: neps.PipelineSpace) -> None:
    config, pipeline = space.sample_by(always_prior, max_depth=DEPTH)
    is_legal(space, config, pipeline)
    assert exact(space.sample_by(always_prior, max_depth=DEPTH)[0]) == exact(config)


# ask


class Terminal:
    """What is shown to a person, and the lines that come back."""

    def __init__(self, answers: Iterable[str]) -> None:
        self.answers = iter(answers)
        self.shown: list[str] = []

    def read(self, prompt: str) -> str:
        self.shown.append(prompt)
        try:
            return next(self.answers)
        except StopIteration:
            raise EOFError from None

    def decide(self) -> Decide:
        return ask(self.read, self.shown.append)


class Asked(neps.PipelineSpace):
    lr = neps.Float(1e-5, 0.1, log=True, prior=1e-3)
    layers = neps.Integer(1, 9, step=2)
    momentum = neps.Float(0, 1, default=0.9)
    act = neps.Categorical((None, "None", neps.Operation("relu")), default=1)
    fixed = neps.Integer(3, 3)


def test_a_person_is_asked() -> None:
    terminal = Terminal(["", "4", "seven", "", " 7 ", "0.5", "3"])
    config, pipeline = Asked().sample_by(terminal.decide())
    assert config == {"lr": 1e-3, "layers": 7, "momentum": 0.5, "act": "relu", "fixed": 3}
    assert pipeline["act"] == "relu()"
    rule = "the value must be a whole number from 1 to 9 in steps of 2"
    prompt = "layers, a whole number from 1 to 9 in steps of 2: "
    assert terminal.shown == [
        "lr, a number from 1e-05 to 0.1 on a log scale [0.001]: ",
        prompt, f"{rule}, got 4 @ layers", prompt, f"{rule}, got 'seven' @ layers",
        prompt, f"{rule}, got '' @ layers", prompt,
        "momentum, a number from 0.0 to 1.0 [0.9]: ",
        "act:", "  1  None", "  2  'None'", "  3  'relu'", "act, from 1 to 3 [2]: ",
        "fixed: 3, the only value possible",
    ]  # fmt: skip


def test_the_defaults_are_taken_by_empty_lines() -> None:
    config, _ = Asked().sample_by(Terminal(["", "1", "  ", "\t"]).decide())
    assert exact(config) == exact({"lr": 1e-3, "layers": 1, "momentum": 0.9, "act": "None", "fixed": 3})


@pytest.mark.parametrize("wrong", ["0", "4", "relu", "1.0", "", "-1"])
def test_a_choice_is_answered_by_its_number(wrong: str) -> None:
    terminal = Terminal([wrong, "2"])
    assert one(neps.Ordinal((4, 1, 2))).sample_by(terminal.decide())[0] == {"x": 1}
    assert f"the number of a choice from 1 to 3 is needed, got {wrong!r} @ x" in terminal.shown


@pytest.mark.parametrize("wrong", ["nan", "inf", "1e999", "-0.1", "1.1", "None", "0,5", "True", "9" * 5000])
def test_a_number_has_to_be_one(wrong: str) -> None:
    terminal = Terminal([wrong, "1"])
    config, _ = one(neps.Float(0, 1)).sample_by(terminal.decide())
    assert exact(config) == exact({"x": 1.0})
    assert terminal.shown[1].startswith("the value must be a number from 0.0 to 1.0, got ")


def test_a_default_that_is_not_open_is_no_suggestion() -> None:
    space = neps.PipelineSpace.from_attributes(
        {"low": neps.Integer(1, 9), "x": neps.Integer(neps.ByName("low"), 10, default=2)}
    )
    terminal = Terminal(["5", "", "6"])
    assert space.sample_by(terminal.decide())[0] == {"low": 5, "x": 6}
    assert terminal.shown[1] == "x, a whole number from 5 to 10: "


def test_a_default_branch_that_is_closed_is_no_suggestion() -> None:
    again = neps.Operation("again", (neps.ByName("x").resample(),)).resample()
    terminal = Terminal(["", "1"])
    config, _ = one(neps.Categorical((again, "a", "b"), default=0)).sample_by(terminal.decide(), max_depth=2)
    assert config == {"x": "again", "x:again:0": "a"}
    assert terminal.shown[-1] == "x:again:0, from 1 to 2: "


def test_the_end_of_the_input() -> None:
    rule = "every decision must be answered, got the end of the input @ momentum"
    with pytest.raises(neps.ConfigError, match=rule):
        Asked().sample_by(Terminal(["", "1"]).decide())


def test_an_interrupt_passes_through() -> None:
    def read(prompt: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Asked().sample_by(ask(read, lambda line: None))


def test_the_terminal_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n"))
    assert one(neps.Categorical(("a", "b"))).sample_by(ask())[0] == {"x": "b"}
    assert capsys.readouterr().out == "x:\n  1  'a'\n  2  'b'\nx, from 1 to 2: "


def person(rng: np.random.Generator) -> Decide:
    """Someone who types nonsense now and then, takes suggestions, and goes for the ends of ranges."""

    def read(prompt: str) -> str:
        ends = re.findall(r"from (\S+) to ([^\s:]+)", prompt)[-1]
        suggested = [""] if prompt.endswith("]: ") else []
        return str(rng.choice([*ends, "nonsense", *suggested]))

    return ask(read, lambda line: None)


@given(ANY_SPACE, SEEDS)
def test_what_a_person_answers_is_legal(space: neps.PipelineSpace, seed: int) -> None:
    config, pipeline = space.sample_by(person(np.random.default_rng(seed)), max_depth=DEPTH)
    is_legal(space, config, pipeline)


# replay, and functions of somebody else


@given(ANY_SPACE, SEEDS)
def test_a_replay_decides_as_its_config_says(space: neps.PipelineSpace, seed: int) -> None:
    config, pipeline = space.sample(seed, max_depth=DEPTH)
    again, result = space.sample_by(Replay(config), max_depth=1)
    assert list(exact(again).items()) == list(exact(config).items())
    assert repr(result) == repr(pipeline)


def test_a_replay_that_does_not_fit_says_all_that_is_wrong() -> None:
    calls: list[int] = []

    class Space(neps.PipelineSpace):
        lr = neps.Float(0, 1)
        model = neps.Operation(calls.append, (neps.Integer(1, 9),))
        epochs = neps.IntegerFidelity(1, 5)

    with pytest.raises(neps.ConfigError) as caught:
        Space().sample_by(Replay({"lr": "x", "model:0": 33, "typo": 1, "epochs": 2}))
    assert str(caught.value) == "\n".join(
        (
            "the value must be a number from 0.0 to 1.0, got 'x' @ lr",
            "the value must be a whole number from 1 to 9, got 33 @ model:0",
            "a config must hold active decisions only, got 1 @ typo",
        )
    )
    with pytest.raises(neps.ConfigError, match="a config must hold every active decision, got nothing @ lr"):
        Space().sample_by(Replay({}))
    assert calls == [], "no operator is called with what does not fit"
    config, pipeline = Space().sample_by(Replay({"lr": 0, "model:0": 3.0, "epochs": 2}))
    assert repr(config) == "{'lr': 0.0, 'model:0': 3}"
    assert pipeline["epochs"] == 2


@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, "3", None, [3], True, 2.5, 0, 10, np.int64(10), np.bool_(True)]
)
def test_a_number_that_is_not_allowed(wrong: Any) -> None:
    shown = repr(wrong.item() if isinstance(wrong, np.generic) else wrong)
    with pytest.raises(neps.ConfigError) as caught:
        one(neps.Integer(1, 9)).sample_by(lambda site, allowed: wrong)
    assert str(caught.value) == f"the value must be a whole number from 1 to 9, got {shown} @ x"


@pytest.mark.parametrize("wrong", [-1, 2, 0.5, 1.0, True, None, "a", [0], np.int64(2), np.float64(1.0)])
def test_a_branch_that_is_not_allowed(wrong: Any) -> None:
    shown = repr(wrong.item() if isinstance(wrong, np.generic) else wrong)
    with pytest.raises(neps.ConfigError) as caught:
        one(neps.Categorical(("a", "b"))).sample_by(lambda site, allowed: wrong)
    rule = "the decision must be the index of an open branch, one of [0, 1]"
    assert str(caught.value) == f"{rule}, got {shown} @ x"


def test_a_branch_that_is_closed_is_not_allowed() -> None:
    leaf = one(neps.Categorical(("a", neps.Operation("b"), "c"), among=(0, 2)))
    with pytest.raises(neps.ConfigError, match=r"one of \[0, 2\], got 1 @ x"):
        leaf.sample_by(lambda site, allowed: 1)
    again = neps.Operation("n", (neps.ByName("x").resample(),)).resample()
    with pytest.raises(neps.ConfigError, match=r"one of \[0\], got 1 @ x:n:0"):
        one(neps.Categorical(("end", again))).sample_by(lambda site, allowed: 1, max_depth=2)


def test_what_is_allowed_comes_out_as_python_has_it() -> None:
    class Space(neps.PipelineSpace):
        n = neps.Integer(1, 9)
        x = neps.Float(0, 1)
        s = neps.Float(0, 1, step=0.1)
        c = neps.Categorical(("a", "b"))

    given = {"n": np.int64(3), "x": np.float32(0.25), "s": 0.1 + 0.2, "c": np.int8(1)}
    config, pipeline = Space().sample_by(lambda site, allowed: given[site.address])
    assert repr(config) == repr(pipeline) == "{'n': 3, 'x': 0.25, 's': 0.3, 'c': 'b'}"
    whole = one(neps.Integer(1, 9)).sample_by(lambda site, allowed: 3.0)[0]
    assert repr(whole) == "{'x': 3}"


# arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda r: forgetting(r, {}, -1, 0), "k >= 0 must hold, got k=-1 @ forgetting"),
        (lambda r: forgetting(r, {}, True, 0), "k must be a whole number, got True @ forgetting"),
        (lambda r: forgetting(r, {}, 1.5, 0), "k must be a whole number, got 1.5 @ forgetting"),
        (lambda r: forgetting(r, [], 1, 0), r"config must be a mapping .*, got \[\] @ forgetting"),
        (
            lambda r: forgetting(Flat(), {}, 1, 0),
            r"resolver must be that of a space: space\.resolver, got class Flat(.|\n)* @ forgetting",
        ),
        (lambda r: forgetting(r, {}, 1, 0, use_priors="no"), "use_priors must be True or False, got .*'no'"),
        (lambda r: around({}, 0, use_priors="no"), "got use_priors='no' @ around"),
        (lambda r: crossover({}, {}, 0, use_priors=1), "got use_priors=1 @ crossover"),
        (lambda r: Flat().sample(0, use_priors="no"), "got use_priors='no' @ sample"),
        (lambda r: RandomSearch(Flat(), seed=0, use_priors="no"), "got use_priors='no' @ random_search"),
        (lambda r: uniform("x"), "seed must be an integer, a Generator or None, got 'x'"),
        (lambda r: prior(1.5), "seed must be an integer, a Generator or None, got 1.5"),
        (lambda r: Replay(None), "a config must be a mapping from addresses to values, got None @ Replay"),
        (lambda r: Replay((1,)), r"a config must be a mapping from addresses to values, got \(1,\) @ Replay"),
        *(
            (
                lambda r, wrong=wrong: Flat().sample_by(wrong),
                "decide must be a function of a site and what is allowed there, got .* @ sample_by",
            )
            for wrong in ({"a": 1}, None, "x")
        ),
        (lambda r: around([], 0), r"config must be a mapping from addresses to values, got \[\] @ around"),
        (lambda r: around({}, "x"), "seed must be an integer, a Generator or None, got 'x'"),
        (
            lambda r: around({}, 0, deviation=0),
            "deviation must be a positive, finite number, got deviation=0",
        ),
        (lambda r: around({}, 0, deviation=-1), "got deviation=-1 @ around"),
        (lambda r: around({}, 0, deviation=math.inf), "got deviation=inf"),
        (lambda r: around({}, 0, deviation=math.nan), "got deviation=nan"),
        (lambda r: around({}, 0, deviation="1"), "got deviation='1'"),
        (lambda r: around({}, 0, deviation=True), "got deviation=True"),
        (lambda r: around({}, 0, p_keep=1.1), "0 <= p_keep <= 1 must hold, got p_keep=1.1 @ around"),
        (lambda r: crossover(3, {}, 0), "first must be a mapping .*, got 3 @ crossover"),
        (lambda r: crossover({}, None, 0), "second must be a mapping .*, got None @ crossover"),
        (lambda r: crossover({}, {}, 0, p=-0.1), "0 <= p <= 1 must hold, got p=-0.1 @ crossover"),
        (lambda r: crossover({}, {}, 0, p=math.nan), "0 <= p <= 1 must hold, got p=nan"),
        (lambda r: crossover({}, {}, 0, p=True), "0 <= p <= 1 must hold, got p=True"),
        (lambda r: crossover({}, {}, 0, p="0.5"), "0 <= p <= 1 must hold, got p='0.5'"),
        (lambda r: crossover({}, {}, 1.5), "seed must be an integer, a Generator or None, got 1.5"),
    ],
)
def test_wrong_arguments(make: Callable[[Resolver], Any], message: str) -> None:
    with pytest.raises(neps.ConfigError, match=message):
        make(Flat().resolver)


def test_a_config_may_change_afterwards() -> None:
    """What was handed over is what counts; and it is not changed."""
    config, other = Flat().sample(0)[0], Flat().sample(1)[0]
    before = dict(config)
    made = [forgetting(Flat().resolver, config, 0, 0), crossover(config, config, 0)]
    config.update(other)
    for decide in made:
        assert Flat().sample_by(decide)[0] == before
    assert config == other


# conformance of what is built in


def recorded(resolver: Resolver, rng: np.random.Generator) -> dict[str, Any]:
    return resolver.resolve(uniform(rng), build=False, max_depth=4).config


class TestUniform(DecideConformance):
    def make(self, rng: np.random.Generator) -> Decide:
        return uniform(rng)


class TestPrior(DecideConformance):
    def make(self, rng: np.random.Generator) -> Decide:
        return prior(rng)


class TestAlwaysPrior(DecideConformance):
    def make(self, rng: np.random.Generator) -> Decide:
        return always_prior


class TestAsk(DecideConformance):
    def make(self, rng: np.random.Generator) -> Decide:
        return person(rng)


class TestReplay(DecideConformance):
    def make_for(self, resolver: Resolver, rng: np.random.Generator) -> Decide:
        return Replay(recorded(resolver, rng))


class TestForgetting(DecideConformance):
    def make_for(self, resolver: Resolver, rng: np.random.Generator) -> Decide:
        return forgetting(resolver, recorded(resolver, rng), 2, rng, use_priors=True)


class TestAround(DecideConformance):
    def make_for(self, resolver: Resolver, rng: np.random.Generator) -> Decide:
        return around(recorded(resolver, rng), rng, deviation=0.3, p_keep=0.5)


class TestCrossover(DecideConformance):
    def make_for(self, resolver: Resolver, rng: np.random.Generator) -> Decide:
        return crossover(recorded(resolver, rng), recorded(resolver, rng), rng)


# conformance of third parties


def towards_the_middle(rng: np.random.Generator) -> Decide:
    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        return site.quantile((rng.random() + rng.random()) / 2, allowed)

    return decide


class TestTowardsTheMiddle(DecideConformance):
    def make(self, rng: np.random.Generator) -> Decide:
        return towards_the_middle(rng)


CHECKS = [name for name in dir(DecideConformance) if name.startswith("test_")]


def failures(make: Callable[[np.random.Generator], Decide]) -> dict[str, str]:
    """The checks that a decide-function fails, and what they say."""

    class Case(DecideConformance):
        def make(self, rng: np.random.Generator) -> Decide:
            return make(rng)

    found = {}
    for check in CHECKS:
        try:
            getattr(Case(), check)()
        except AssertionError as e:
            found[check] = str(e)
    return found


def broken(
    number: Callable[[float, tuple[float, ...], DecisionSite], Any] = lambda x, allowed, site: x,
    choice: Callable[[int, tuple[float, ...]], Any] = lambda i, allowed: i,
) -> Callable[[np.random.Generator], Decide]:
    """A decide-function that spoils what a right one returns."""

    def make(rng: np.random.Generator) -> Any:
        right = uniform(rng)

        def decide(site: DecisionSite, allowed: tuple[float, ...]) -> Any:
            value = right(site, allowed)
            return (
                number(value, allowed, site) if isinstance(site, NumberSite) else choice(int(value), allowed)
            )

        return decide

    return make


def beside(x: float) -> float:
    """A float so near to a grid point that it counts as one, but is not it."""
    return math.nextafter(x, 0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (broken(lambda x, a, s: type(x)(a[1] + 1)), r"a number from -1.0 to 3.0, got 4.0 of .* @ flat.x"),
        (broken(lambda x, a, s: type(x)(a[0] - 1)), r"a number from -1.0 to 3.0, got -2.0 of .* @ flat.x"),
        (broken(lambda x, a, s: x * math.nan if type(x) is float else x), "got nan of type float @ flat.x"),
        (broken(lambda x, a, s: np.float64(x) if type(x) is float else x), "must be a float, got np.float64"),
        (broken(lambda x, a, s: np.int64(x) if abs(x) < 9 and type(x) is int else x), "an int, got np.int"),
        (broken(lambda x, a, s: float(x)), "the number must be an int, got .* of type float @ flat.n"),
        (broken(lambda x, a, s: int(x)), "the number must be a float, got .* of type int @ flat.x"),
        (broken(lambda x, a, s: x == a[0]), "the number must be a float, got False of type bool @ flat.x"),
        (broken(lambda x, a, s: None), "the number must be a float, got None of type NoneType @ flat.x"),
        (broken(lambda x, a, s: x + (s.record.step == 4)), "from -5 to 6 in steps of 4, got .* @ step.n"),
        (broken(lambda x, a, s: beside(x) if s.record.step == 0.3 else x), "the very point of .* @ step.x"),
        (broken(lambda x, a, s: s.allowed[0] if s.bounds[0] else x), r"from \d to 10, got 1 .* @ bounds.n"),
        (broken(choice=lambda i, a: np.bool_(i)), "an int, got np.(True|False)_ of type bool @ flat.choice"),
        (broken(choice=lambda i, a: bool(i)), "must be an int, got (True|False) of type bool @ flat.choice"),
        (broken(choice=lambda i, a: np.int64(i)), r"must be an int, got np.int64\(\d\) of type int64"),
        (broken(choice=lambda i, a: len(a)), r"the open branches \[0, 1, 2, 3, 4\], got 5 of type int"),
        (broken(choice=lambda i, a: -1), r"one of the open branches .*, got -1 of type int @ flat.choice"),
        (broken(choice=lambda i, a: str(i)), r"must be an int, got '\d' of type str @ flat.choice"),
        (broken(choice=lambda i, a: 0), r"the open branches \[.*\], got 0 of type int @ (tree|mutual)"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_caught(make: Callable[[np.random.Generator], Decide], message: str) -> None:
    found = failures(make)
    assert re.search(message, found["test_decisions_are_allowed"])


def test_every_check_says_rule_values_and_address() -> None:
    for text in failures(broken(choice=lambda i, a: len(a))).values():
        assert re.search(r"^the .* must .*, got .* @ .*$", text)


def test_branches_that_never_end_are_caught() -> None:
    """A decide-function that heeds what is allowed until it is deep down."""
    found = failures(broken(choice=lambda i, a: 0 if len(a) < 3 and 0 not in a else i))
    assert re.search("open branches .* @ tree.tree", found["test_recursion_ends"])


def by(u: Callable[[], float]) -> Callable[[np.random.Generator], Decide]:
    """A decide-function that draws from elsewhere."""
    return lambda rng: lambda site, allowed: site.quantile(u(), allowed)


def test_global_random_state_is_caught() -> None:
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    found = failures(by(random.random))
    rule = (
        "a decide-function must draw from the Generator it is given, got a use of the global state of {} @ "
    )
    assert found["test_global_random_state_is_left_alone"].startswith(rule.format("random"))
    found = failures(by(np.random.random))
    assert found["test_global_random_state_is_left_alone"].startswith(rule.format("numpy.random"))
    state = before[0]
    random.setstate(state)
    found = failures(by(lambda: random.getstate()[1][1] / 2**32))
    assert list(found) == ["test_global_random_state_is_left_alone"]
    assert found["test_global_random_state_is_left_alone"].startswith(
        "the global random state must decide nothing, got ({'x': "
    )
    assert random.getstate() == state


def test_global_random_state_is_put_back() -> None:
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    assert failures(uniform) == {}
    assert before == (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002


def test_entropy_and_memory_are_caught() -> None:
    """What draws from a generator of its own, or goes on where it stopped."""
    own = np.random.default_rng(1)
    for u in (lambda: np.random.default_rng().random(), own.random):
        found = failures(by(u))
        assert found["test_the_same_seed_gives_the_same"].startswith(
            "the same seed must give the same decisions, got ("
        )


def test_a_traversal_that_asks_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = Resolver.resolve

    def twice(self: Resolver, decide: Decide, *args: Any, **kwargs: Any) -> Resolution:
        return resolve(self, lambda s, a: (decide(s, a), decide(s, a))[1], *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Resolver, "resolve", twice)
        found = failures(uniform)
    assert (
        found["test_each_address_is_decided_once"]
        == "an address must be decided once, got a second call @ flat.x"
    )


def test_a_traversal_that_does_not_ask_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = Resolver.resolve

    def by_itself(self: Resolver, *args: Any, **kwargs: Any) -> Resolution:
        resolution = resolve(self, *args, **kwargs)
        resolution.config["stray"] = 1
        return resolution

    with monkeypatch.context() as patch:
        patch.setattr(Resolver, "resolve", by_itself)
        found = failures(uniform)["test_each_address_is_decided_once"]
    assert found.startswith("the decisions asked for must be those of the config, got ['x', ")


def test_a_config_that_does_not_replay_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def another(resolver: Resolver, config: Mapping[str, Any]) -> Resolution:
        return resolver.resolve(uniform(np.random.default_rng(99)), max_depth=2)

    def unfit(resolver: Resolver, config: Mapping[str, Any]) -> Resolution:
        return replay(resolver, {**config, "stray": 1})

    monkeypatch.setattr(conformance, "replay", another)
    assert failures(uniform)["test_configs_replay"].startswith(
        "a config must give the same decisions and pipe"
    )
    monkeypatch.setattr(conformance, "replay", unfit)
    assert failures(uniform)["test_configs_replay"].startswith("a config must fit its space, got ")


def test_recursion_that_goes_on_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "MAX_CALLS", 12)
    assert failures(by(lambda: 0.0))["test_recursion_ends"].startswith(
        "recursion must end, got 12 decisions @ "
    )


def test_make_has_to_be_defined() -> None:
    with pytest.raises(NotImplementedError, match="define make"):
        DecideConformance().test_configs_replay()


# the page


def test_the_page_says_what_comes_out() -> None:
    page = (REPOSITORY / "docs" / "deciding.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    scope: dict[str, Any] = {"neps": neps, "__name__": "__main__"}
    for block in blocks:
        exec(block, scope)
    for name in ("TestTowardsTheMiddle", "TestMyMutation"):
        for check in CHECKS:
            getattr(scope[name](), check)()
    own = blocks[1].split("config, pipeline")[0].strip().splitlines()
    assert len([line for line in own if line]) <= 10
    assert scope["mother"] == {"learning_rate": 1e-3, "layers": 5, "optimizer": "sgd"}
