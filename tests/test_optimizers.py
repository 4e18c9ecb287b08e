"""The optimizers one by one: what each draws, what it refuses, and how a choice becomes an optimizer."""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import neps_cs as neps
from neps_cs.optimizers import elsewhere
from neps_cs.optimizers.algorithms import BY_NAME, make_optimizer
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.draws import loss
from neps_cs.optimizers.playing import Player, ended, started
from neps_cs.optimizers.random_search import RandomSearch
from neps_cs.trials import State, Trial

algorithms = neps.algorithms
ALPHA = 1e-4
WITHOUT_FIDELITY = ("random_search", "complex_random_search", "grid_search", "regularized_evolution")


class Flat(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)
    n = neps.Integer(1, 1000, log=True)
    kind = neps.Categorical(("a", "b", "c"))


class Priors(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0, prior=0.2, prior_confidence="high")
    kind = neps.Categorical(("a", "b", "c"), prior=2, prior_confidence="high")


class Sphere(neps.PipelineSpace):
    x0 = neps.Float(-1.0, 1.0)
    x1 = neps.Float(-1.0, 1.0)
    x2 = neps.Float(-1.0, 1.0)
    x3 = neps.Float(-1.0, 1.0)
    x4 = neps.Float(-1.0, 1.0)


FIDELITY = neps.IntegerFidelity(1, 9)
FINITE = neps.PipelineSpace.from_attributes({"a": neps.Integer(1, 3), "b": neps.Categorical(("u", "v"))})


def zero(trial: Trial) -> float:
    return 0.0


def trials(optimizer: Optimizer, n: int, objective: Callable[[Trial], float | None] = zero) -> list[Trial]:
    return Player(optimizer, objective).play(n)


def sphere_regret(name: str, seed: int, **arguments: Any) -> float:
    """The least value of 150 evaluations of a sphere whose middle is drawn by the seed; its minimum is 0."""
    middle = np.random.default_rng(seed).uniform(-0.8, 0.8, 5)

    def objective(trial: Trial) -> float:
        x = np.array([trial.config[f"x{i}"] for i in range(5)], dtype=float)
        return float(np.sum((x - middle) ** 2))

    optimizer = getattr(algorithms, name)(Sphere(), seed=seed, **arguments)
    return min(objective(t) for t in trials(optimizer, 150, objective))


@pytest.fixture(scope="module")
def random_regret() -> float:
    return float(np.mean([sphere_regret("random_search", s) for s in range(20)]))


@pytest.mark.parametrize("name", ["complex_random_search", "regularized_evolution"])
def test_mutation_halves_the_regret_of_random_search(name: str, random_regret: float) -> None:
    """Issue: at most half of random search's regret on a 5-d sphere at 150 evaluations; it is a quarter."""
    assert float(np.mean([sphere_regret(name, s) for s in range(20)])) < random_regret / 4


def test_random_search_draws_uniformly_or_by_priors() -> None:
    for use_priors in (False, True):
        found = trials(algorithms.random_search(Priors(), use_priors=use_priors), 600)
        x = [t.config["x"] for t in found]
        law = Priors().resolver.program.attribute("x").distribution(0.0, 1.0, use_prior=use_priors)
        assert stats.kstest(x, law.cdf).pvalue > ALPHA
        counts = Counter(t.config["kind"] for t in found)
        p = 0.75 + 0.25 / 3 if use_priors else 1 / 3
        assert abs(counts["c"] - 600 * p) < 5 * (600 * p * (1 - p)) ** 0.5


def test_a_trial_of_random_search_depends_on_seed_and_id_alone() -> None:
    alone = algorithms.random_search(Flat(), seed=3).ask(17)
    optimizer = algorithms.random_search(Flat(), seed=3)
    trials(optimizer, 16)
    assert optimizer.ask(17) == alone
    assert algorithms.random_search(Flat(), seed=4).ask(17) != alone


@pytest.mark.parametrize("name", WITHOUT_FIDELITY)
def test_what_becomes_of_a_fidelity(name: str) -> None:
    """Full unless it is drawn; False refuses it, as in NePS."""
    space = Flat().add(neps.IntegerFidelity(1, 100, log=True), "epochs")
    make = getattr(algorithms, name)
    assert {t.fidelities["epochs"] for t in trials(make(space), 30)} == {100}
    drawn = [t.fidelities["epochs"] for t in trials(make(space, ignore_fidelity=True), 60)]
    assert len(set(drawn)) > 4
    assert {type(f) for f in drawn} == {int}
    assert 1 <= min(drawn) <= max(drawn) <= 100
    assert make(Flat(), ignore_fidelity=False).ask(1) is not None
    rule = "this optimizer plans no fidelities"
    with pytest.raises(neps.RunError, match=rf"{rule}.*, got ignore_fidelity=False with epochs @ {name}$"):
        make(space, ignore_fidelity=False)
    with pytest.raises(neps.RunError, match="ignore_fidelity must be one of False, True, 'highest_fidelity'"):
        make(space, ignore_fidelity=1)


def test_a_drawn_fidelity_is_uniform_on_its_scale() -> None:
    space = Flat().add(neps.FloatFidelity(0.01, 1.0, log=True), "share")
    found = trials(algorithms.random_search(space, ignore_fidelity=True), 500)
    places = np.log10([t.fidelities["share"] for t in found]) / 2 + 1
    assert stats.kstest(places, "uniform").pvalue > ALPHA


@pytest.mark.parametrize("name", WITHOUT_FIDELITY)
def test_a_finite_space_is_exhausted(name: str) -> None:
    """Each of six configs once, then None; also where four are asked for at once, and some crash."""
    for workers in (1, 4):
        player = Player(
            getattr(algorithms, name)(FINITE, seed=1), lambda t: None if t.id == 2 else 1.0, workers
        )
        found = player.play(50)
        assert sorted((t.config["a"], t.config["b"]) for t in found) == [
            (a, b) for a in (1, 2, 3) for b in ("u", "v")
        ]
        assert player.optimizer.ask(7) is None


def test_priors_that_rule_out_values_do_not_end_a_search() -> None:
    """A weight of 0 is drawn last: where nothing else is left."""
    space = neps.PipelineSpace.from_attributes({
        "w": neps.Categorical((1, 2, 3), neps.Weights((0, 1, 1))),
    })  # fmt: skip
    found = trials(algorithms.random_search(space, use_priors=True), 9)
    assert sorted(t.config["w"] for t in found[:2]) == [2, 3]
    assert [t.config["w"] for t in found[2:]] == [1]


def test_complex_random_search_says_what_it_does() -> None:
    """Each kind comes; a mutant shares decisions with one of the best five, a child all with two of them."""
    player = Player(
        algorithms.complex_random_search(Sphere(), seed=2),
        lambda t: float(sum(abs(x) for x in t.config.values())),
    )
    shared: dict[str, list[int]] = {}
    best: list[Mapping[str, Any]] = []
    for i in range(1, 401):
        player.play(i)
        trial = player.trials[-1]
        kind = str(trial.note["sampler"])
        common = max((sum(trial.config[a] == b[a] for a in b) for b in best), default=0)
        shared.setdefault(kind, []).append(common)
        if kind == "crossover":
            assert any(
                all(v in (one[a], other[a]) for a, v in trial.config.items())
                for one in best
                for other in best
            )
        ranked = sorted(player.trials, key=lambda t: (t.report.objective, t.id))
        best = [t.config for t in ranked[:5]]
    kinds = {"uniform", "move one", "move some", "forget one", "forget some", "crossover"}
    assert set(shared) == kinds
    assert set(shared["uniform"]) == {0}
    assert set(shared["move one"]) == set(shared["forget one"]) == {4}
    assert set(shared["move some"]) == set(shared["forget some"]) == {3, 4}
    assert set(shared["crossover"]) <= {3, 4}
    assert len(shared["uniform"]) < 100
    assert all(len(v) > 60 for k, v in shared.items() if k not in ("uniform", "crossover"))


@pytest.mark.parametrize("name", ["complex_random_search", "regularized_evolution"])
def test_clauses_that_mutants_break_do_not_end_mutation(name: str) -> None:
    """Half of the plane is forbidden, and the best lies at its edge: many a mutant is on the wrong side and
    mutated again; hardly ever a uniform draw stands in."""
    space = neps.PipelineSpace.from_attributes(
        {"a": neps.Float(0.0, 1.0), "b": neps.Float(0.0, 1.0)}, forbidden=(neps.Relation("a", ">", "b"),)
    )
    found = trials(
        getattr(algorithms, name)(space), 300, lambda t: float(t.config["b"]) - float(t.config["a"])
    )
    assert all(t.config["a"] <= t.config["b"] for t in found)
    late = Counter(t.note["sampler"] for t in found[100:])
    assert late["uniform"] < 30


def test_a_mutation_that_can_not_be_legal_is_given_up() -> None:
    """Each decision alone is tied to the other: a uniform draw stands in."""
    pair = neps.Categorical(("u", "v"))
    space = neps.PipelineSpace.from_attributes(
        {"a": pair, "b": neps.Categorical(("u", "v")), "x": neps.Integer(1, 10**6)},
        forbidden=(
            neps.And((neps.Equals("a", "u"), neps.Equals("b", "v"))),
            neps.And((neps.Equals("a", "v"), neps.Equals("b", "u"))),
        ),
    )
    optimizer = algorithms.regularized_evolution(
        space, population_size=3, tournament_size=2, mutation_type=1.0, n_mutations=1
    )
    found = trials(optimizer, 60)
    assert all(t.config["a"] == t.config["b"] for t in found)
    assert len({t.config["x"] for t in found}) > 40


def test_a_crash_is_the_worst_whatever_objective_it_was_given() -> None:
    running = Trial(1, {"x": 0.5}, {}, State.RUNNING, "w", 0.0)
    assert loss(ended(running, 3.0)) == 3.0
    assert loss(ended(running, None)) == math.inf
    assert loss(replace(ended(running, -9.0), state=State.CRASHED)) == math.inf
    assert loss(ended(running, math.nan)) == math.inf
    assert loss(running) == math.inf


def test_complex_random_search_begins_with_the_prior() -> None:
    found = trials(algorithms.complex_random_search(Priors()), 200, lambda t: float(t.config["x"]))
    assert found[0].config == {"x": 0.2, "kind": "c"}
    assert found[0].note == {"sampler": "prior mode"}
    assert "prior" in {t.note["sampler"] for t in found}
    assert trials(algorithms.complex_random_search(Flat()), 1)[0].note == {"sampler": "uniform"}


def test_evolution_ages() -> None:
    """Real et al. 2019, Algorithm 1: parents are among the last `population_size` that ended well."""
    optimizer = algorithms.regularized_evolution(
        Flat(), population_size=5, tournament_size=3, mutation_type="mutate_best"
    )
    found = trials(optimizer, 60, lambda t: None if t.id % 4 == 0 else float(t.id))
    alive: list[int] = []
    parents: list[int] = []
    for trial in found:
        if len(alive) < 5:
            assert trial.note == {"sampler": "uniform"}
        else:
            assert trial.note["sampler"] == "mutation"
            assert trial.note["parent"] in alive[-5:]
            parents.append(alive[-5:].index(trial.note["parent"]))
        if trial.state is State.SUCCESS:
            alive.append(trial.id)
    assert set(parents) >= {0, 1, 2}  # the oldest are the best; others win tournaments without those


def test_evolution_selects_by_tournament() -> None:
    """With objectives that grow with the id, the oldest of the tournament is the parent; with the whole
    population in it (drawn often enough with replacement) nearly always the very oldest."""

    def share(size: int) -> float:
        optimizer = algorithms.regularized_evolution(
            Flat(), population_size=10, tournament_size=size, mutation_type=1.0
        )
        found = trials(optimizer, 300, lambda t: float(t.id))
        return float(np.mean([t.note["parent"] == t.id - 10 for t in found[10:]]))

    for size in (1, 10):
        p = 1 - 0.9**size
        assert abs(share(size) - p) < 5 * (p * (1 - p) / 290) ** 0.5


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ({"n_mutations": 1}, {1}),
        ({"n_mutations": 2}, {2}),
        ({"n_mutations": "half"}, {2}),
        ({"n_mutations": "random"}, {1, 2}),
        ({"n_mutations": None, "n_forgets": 1}, {1}),
        ({"n_mutations": 1, "n_forgets": 2}, {3}),
    ],
)
def test_evolution_changes_so_many_decisions(arguments: dict[str, Any], changes: set[int]) -> None:
    optimizer = algorithms.regularized_evolution(
        Sphere(), population_size=4, tournament_size=2, mutation_type="mutate_best", **arguments
    )
    found = trials(optimizer, 60)
    of = {t.id: t.config for t in found}
    assert {sum(t.config[a] != of[t.note["parent"]][a] for a in t.config) for t in found[4:]} == changes


def test_evolution_crosses_the_two_best() -> None:
    optimizer = algorithms.regularized_evolution(
        Sphere(), population_size=6, tournament_size=6, mutation_type="crossover_top_2"
    )
    found = trials(optimizer, 80)
    of = {t.id: t.config for t in found}
    crossed = [t for t in found if t.note["sampler"] == "crossover"]
    assert len(crossed) > 20  # others had parents too alike, and are mutants
    for t in crossed:
        mother, father = of[t.note["parent"]], of[t.note["other_parent"]]
        assert all(t.config[a] in (mother[a], father[a]) for a in t.config)
        assert t.config not in (mother, father)


def grid(space: neps.PipelineSpace, **arguments: Any) -> list[tuple[Any, ...]]:
    return [tuple(t.config.values()) for t in trials(algorithms.grid_search(space, **arguments), 10_000)]


def test_a_grid_by_hand() -> None:
    made = neps.PipelineSpace.from_attributes
    x, log = neps.Float(0.0, 1.0), neps.Float(1e-4, 1.0, log=True)
    assert grid(made({"x": x, "b": neps.Categorical(("u", "v"))}), size_per_numerical_dimension=3) == [
        (0.0, "u"), (0.0, "v"), (0.5, "u"), (0.5, "v"), (1.0, "u"), (1.0, "v"),
    ]  # fmt: skip
    assert [v for (v,) in grid(made({"x": log}))] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    assert grid(made({"n": neps.Integer(1, 4)})) == [(1,), (2,), (3,), (4,)]
    assert grid(made({"n": neps.Integer(0, 100)}), size_per_numerical_dimension=2) == [(0,), (100,)]
    assert [n for (n,) in grid(made({"n": neps.Integer(0, 10**30)}))][::4] == [0, 10**30]
    assert grid(made({"x": x, "y": x}), size_per_numerical_dimension=2) == [
        (0.0,),
        (1.0,),
    ]  # shared: one decision
    both = {"a": neps.Float(0.0, 1.0), "b": neps.Float(0.0, 1.0)}
    assert len(grid(made(both), size_per_numerical_dimension={"a": 2})) == 2 * 5
    assert grid(made(both), size_per_numerical_dimension={"a": 1, "b": 1}) == [(0.5, 0.5)]
    assert grid(made({"x": neps.Float(2.0, 2.0), "constant": 3})) == [(2.0,)]


def test_a_grid_over_conditions_clauses_bounds_and_structure() -> None:
    made = neps.PipelineSpace.from_attributes
    kind, x = neps.Categorical(("a", "b")), neps.Float(0.0, 1.0)
    conditional = made({"kind": kind, "x": x}, conditions={"x": neps.Equals("kind", "a")})
    assert grid(conditional, size_per_numerical_dimension=2) == [("a", 0.0), ("a", 1.0), ("b",)]
    n, m = neps.Integer(1, 3), neps.Integer(1, 3)
    related = made({"n": n, "m": m}, forbidden=(neps.Relation("n", ">=", "m"),))
    assert grid(related) == [(1, 2), (1, 3), (2, 3)]
    low = neps.Integer(1, 2)
    assert grid(made({"low": low, "high": neps.Integer(low, 3)})) == [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)]
    repeated = made({"layers": neps.Repeated(neps.Integer(0, 2), neps.Categorical((8, 9)).resample())})
    assert len(grid(repeated)) == 1 + 2 + 4


def test_a_grid_over_the_fidelity() -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1), "e": neps.IntegerFidelity(1, 9)})
    optimizer = algorithms.grid_search(
        space, ignore_fidelity=True, size_per_numerical_dimension={"x": 2, "e": 3}
    )
    assert [(t.config["x"], t.fidelities["e"]) for t in trials(optimizer, 99)] == [
        (0.0, 1), (0.0, 5), (0.0, 9), (1.0, 1), (1.0, 5), (1.0, 9),
    ]  # fmt: skip


def test_a_grid_needs_an_end() -> None:
    again = neps.ByName("tree").resample()
    tree = neps.Categorical((neps.Operation("node", (again, again)).resample(), "leaf"))
    space = neps.PipelineSpace.from_attributes({"tree": tree})
    rule = "a grid needs an end: a space with a recursion needs max_depth=…"
    message = f"{rule}, got a recursion in tree @ grid_search"
    with pytest.raises(neps.RunError, match=f"^{re.escape(message)}$"):
        algorithms.grid_search(space)
    assert len(grid(space, max_depth=2)) == neps.size(space, max_depth=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: algorithms.grid_search(Flat(), size_per_numerical_dimension=0),
         "size_per_numerical_dimension must be a whole number >= 1, "
         "got size_per_numerical_dimension=0 @ grid_search"),
        (lambda: algorithms.random_search(Flat),
         "a space must be made: Flat(), got the class Flat @ random_search"),
        (lambda: algorithms.random_search(Flat(), use_priors="no"),
         "use_priors must be True or False, got use_priors='no' @ random_search"),
        (lambda: algorithms.random_search(Flat(), seed=-1), "seed >= 0 must hold, got -1 @ random_search"),
        (lambda: algorithms.random_search(Flat(), seed=None), "seed must be an integer"),
        (lambda: algorithms.regularized_evolution(Flat(), population_size=4),
         "tournament_size <= population_size must hold, "
         "got tournament_size=5, population_size=4 @ regularized_evolution"),
        (lambda: algorithms.regularized_evolution(Flat(), mutation_type=2),
         "0 <= mutation_type <= 1 must hold, got mutation_type=2 @ regularized_evolution"),
        (lambda: algorithms.regularized_evolution(Flat(), mutation_type="best"),
         "mutation_type must be one of 'mutate_best', 'crossover_top_2', "
         "got mutation_type='best' @ regularized_evolution"),
        (lambda: algorithms.regularized_evolution(Flat(), n_mutations=None),
         "a mutation must change something: n_mutations or n_forgets, "
         "got n_mutations=None, n_forgets=None @ regularized_evolution"),
        (lambda: algorithms.regularized_evolution(Flat(), n_mutations="all"),
         "n_mutations must be one of None, 'random', 'half', got n_mutations='all' @ regularized_evolution"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(neps.NepsCsError) as found:
        make()
    assert message in str(found.value)


def test_all_wrong_sizes_of_a_grid_are_reported() -> None:
    with pytest.raises(neps.RunError) as found:
        algorithms.grid_search(Flat(), size_per_numerical_dimension={"y": 3, "kind": 2, "x": 0})
    assert str(found.value).split("\n") == [
        "an address must be that of a decision that a config may hold, got 'y' @ grid_search",
        "the address must be that of a number, got kind @ grid_search",
        "size_per_numerical_dimension['x'] must be a whole number >= 1, "
        "got size_per_numerical_dimension['x']=0 @ grid_search",
    ]


# Choosing


def chosen(choice: Any, space: neps.PipelineSpace | None = None) -> tuple[str, dict[str, Any]]:
    made = make_optimizer(choice, Flat() if space is None else space, 7)[0]
    return made.name, dict(made.info)


def test_a_choice_by_name_tuple_mapping_or_callable() -> None:
    by_priors = ("random_search", {"use_priors": True, "ignore_fidelity": "highest_fidelity"})
    assert chosen("random_search")[0] == "random_search"
    assert chosen(("random_search", {"use_priors": True})) == by_priors
    assert chosen(["random_search", {"use_priors": True}]) == by_priors  # as YAML has it
    assert chosen({"name": "random_search", "use_priors": True}) == by_priors
    assert chosen({"name": "random_search"})[0] == "random_search"
    assert chosen(algorithms.random_search)[0] == "random_search"
    assert chosen((algorithms.random_search, {"use_priors": True})) == by_priors
    assert chosen(functools.partial(algorithms.random_search, use_priors=True)) == by_priors
    assert chosen(lambda space: RandomSearch(space, seed=1, use_priors=True)) == by_priors
    assert chosen("neps_random_search")[0] == "random_search"


@pytest.mark.parametrize("name", BY_NAME)
def test_every_name_makes_its_optimizer_again(name: str) -> None:
    """What a run stores, name and info as JSON, makes the same optimizer; the seed is the run's."""
    space = Priors().add(FIDELITY, "epochs")
    made = make_optimizer(name, space, 7)[0]
    info = json.loads(json.dumps(dict(made.info)))
    again = make_optimizer((made.name, info), space, 7)[0]
    assert (made.name, dict(made.info)) == (name, info) == (again.name, dict(again.info))
    assert made.ask(1) == again.ask(1) == BY_NAME[name](space, seed=7).ask(1)
    parameters = inspect.signature(BY_NAME[name]).parameters
    assert list(parameters)[:2] == ["space", "seed"]
    assert set(info) == set(parameters) - {"space", "seed"}


NESTED = neps.PipelineSpace.from_attributes({
    "net": neps.Operation("net", (neps.Categorical((1, 2)).resample(), neps.Categorical((1, 2)).resample())),
}).with_prior("net:0", 1, "low")  # fmt: skip
"""Its prior is that of one place: it stands beside the graph's records."""
NARROW = Flat().add(neps.IntegerFidelity(5, 7), "epochs")


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        (Flat(), "complex_random_search, for no fidelity, without priors"),
        (Priors(), "complex_random_search, for no fidelity, with priors"),
        (Flat().add(FIDELITY, "epochs"), "hyperband, for a fidelity, without priors"),
        (Priors().add(FIDELITY, "epochs"), "priorband, for a fidelity, with priors"),
        (Flat().with_prior("x", 0.5, "low").add(FIDELITY, "epochs"),
         "priorband, for a fidelity, with priors"),
        (NESTED, "complex_random_search, for no fidelity, with priors"),
        (NARROW,
         "complex_random_search, for a fidelity too narrow for brackets (upper < 3 lower), without priors"),
        (NARROW.add(FIDELITY, "e"),
         "complex_random_search, for no fidelity for brackets (a space with 2: epochs, e), without priors"),
    ],
)  # fmt: skip
def test_auto_gives_its_reason(space: neps.PipelineSpace, reason: str) -> None:
    made, why = make_optimizer("auto", space, 7)
    assert why == f"auto: {reason}"
    assert why.startswith(f"auto: {made.name}, for ")


NAMES = ", ".join((*BY_NAME, *elsewhere.names()))
FORMS = (
    "optimizer must be a name, a tuple of name and arguments, a mapping with 'name' and arguments, or a "
    "callable that takes the space"
)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("random_serch", f"optimizer must be 'auto' or one of {NAMES}, got 'random_serch'; "
                         "did you mean 'random_search'? @ optimizer"),
        ("ifbo", f"optimizer must be 'auto' or one of {NAMES}, got 'ifbo', which NePS has: "
                 "neps_cs_converters.neps.neps_optimizer('ifbo') @ optimizer"),
        (("priorband", {"bayesian_optimization_kick_in_point": 3}),
         "the optimizer must take the arguments given, got an unexpected keyword argument "
         "'bayesian_optimization_kick_in_point' @ optimizer"),
        (("random_search", {"seed": 3}),
         "the seed of an optimizer is that of the run: run(…, seed=…), "
         "got seed=3 among the arguments @ optimizer"),
        ({"use_priors": True}, f"{FORMS}, got a mapping without 'name': {{'use_priors': True}} @ optimizer"),
        (3, f"{FORMS}, got 3 @ optimizer"),
        (("random_search", 3), f"{FORMS}, got ('random_search', 3) @ optimizer"),
        (("random_search", {3: 4}), "the names of arguments must be texts, got {3: 4} @ optimizer"),
        (lambda: None,
         "the optimizer must take the arguments given, got too many positional arguments @ optimizer"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_refused(choice: Any, message: str) -> None:
    with pytest.raises(neps.RunError, match=f"^{re.escape(message)}$"):
        make_optimizer(choice, Flat(), 0)


# Speed


@pytest.mark.parametrize("name", [n for n in BY_NAME if n != "grid_search"])
def test_an_ask_costs_the_same_in_a_long_run(name: str) -> None:
    """CPU time of 100 trials around trial 2,700, against that around trial 500: where it grew with the number
    of trials it would be five times as long. The least of several stretches, as the machine is shared."""
    optimizer = getattr(algorithms, name)(Sphere().add(neps.IntegerFidelity(1, 27), "epochs"))
    player = Player(optimizer, lambda t: float(t.config["x0"]) ** 2)

    def stretch(end: int) -> float:
        begun = time.process_time()
        while player._n_started < end:
            trial = started(optimizer.ask(player._n_started + 1), player._n_started + 1)
            player._observe(trial)
            player._observe(ended(trial, float(trial.config["x0"]) ** 2))
        return time.process_time() - begun

    stretch(300)
    early = min(stretch(300 + 100 * i) for i in range(1, 6))
    stretch(2500)
    late = min(stretch(2500 + 100 * i) for i in range(1, 6))
    assert late < 3 * early
