"""`optimizer="optuna"`: samplers of Optuna itself in our run loop."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.optimizers.playing import Player
from neps_cs.runtime.store import Store
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial

pytestmark = pytest.mark.peer

optuna = pytest.importorskip("optuna")
bridge = pytest.importorskip("neps_cs_converters.optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def space(**attributes: Any) -> PipelineSpace:
    return PipelineSpace.from_attributes(attributes)


class TestOptuna(OptimizerConformance):
    n_trials = 12

    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        made: Optimizer = bridge.optuna(space, seed=seed, sampler_arguments={"n_startup_trials": 4})
        return made

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """All without a fidelity, and one with: they are full."""
        name, with_fidelity = next(iter(spaces_with_fidelity().items()))
        return {**spaces_without_fidelity(), name: with_fidelity}


class Sphere(neps.PipelineSpace):
    x = neps.Float(-2, 2)
    y = neps.Float(-2, 2)


def sphere(x: float, y: float) -> float:
    return (x - 0.5) ** 2 + (y - 1) ** 2


def trials(root: Path) -> list[Trial]:
    with Store.open(root) as store:
        return store.trials()


def run(root: Path, total: int, optimizer: Any) -> None:
    neps.run(
        sphere, Sphere(), root_directory=root, total_evaluations_to_spend=total, seed=3, optimizer=optimizer
    )


def test_it_beats_random_search(tmp_path: Path) -> None:
    run(tmp_path / "optuna", 60, "optuna")
    run(tmp_path / "random", 60, "random_search")
    best = [
        min(t.report.objective for t in trials(tmp_path / name) if t.report and t.report.objective)
        for name in ("optuna", "random")
    ]
    assert best[0] < best[1] / 3


SAMPLERS = ("random", "tpe", "nsgaii", "NSGAIIISampler", "qmc", "gp", "brute_force")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_run_with_any_sampler_goes_on_as_it_would_have(tmp_path: Path, sampler: str) -> None:
    optimizer = {"name": "optuna", "sampler": sampler.replace("_", "")}
    finite = space(x=neps.Integer(0, 5), y=neps.Categorical((0, 1, 2)))
    given = {"optimizer": optimizer, "seed": 3}
    for root, totals in (("whole", (10,)), ("parts", (1, 4, 10))):
        for total in totals:
            neps.run(
                sphere, finite, root_directory=tmp_path / root, total_evaluations_to_spend=total, **given
            )
    whole, parts = ([t.config for t in trials(tmp_path / root)] for root in ("whole", "parts"))
    assert whole == parts
    assert len({tuple(c.items()) for c in whole}) == 10


def test_classes_and_samplers_that_are_made() -> None:
    def configs(sampler: Any, **arguments: Any) -> list[Any]:
        optimizer = bridge.optuna(Sphere(), seed=5, sampler=sampler, **arguments)
        return [t.config for t in Player(optimizer, lambda trial: 1.0).play(5)]

    sampler = optuna.samplers.RandomSampler
    assert configs(sampler) == configs("random") == configs("RandomSampler")
    made = sampler(seed=5)
    assert configs(made) == configs("random")
    assert configs(made) == configs(made)  # what is passed in is not changed
    assert configs("tpe", sampler_arguments={"n_startup_trials": 1}) != configs("tpe")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampler": "best"},
         "sampler must be one of bruteforce, cmaes, grid, nsgaii, nsgaiii, partialfixed, "
         "qmc, random, tpe, gp, or a sampler, got 'best' @ optuna"),
        ({"sampler": 3},
         "sampler must be one of bruteforce, cmaes, grid, nsgaii, nsgaiii, partialfixed, qmc, "
         "random, tpe, gp, or a sampler, got 3 @ optuna"),
        ({"sampler_arguments": ["seed"]},
         "sampler_arguments must be a mapping of keyword arguments, got ['seed'] @ optuna"),
        ({"sampler_arguments": {"best": 3}}, "TPESampler must take the arguments given, got "
         "TPESampler.__init__() got an unexpected keyword argument 'best' @ optuna"),
        ({"sampler": optuna.samplers.RandomSampler(), "sampler_arguments": {"seed": 3}},
         "a sampler that is made has its arguments, got {'seed': 3} @ optuna"),
    ],
)  # fmt: skip
def test_wrong_arguments(arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        bridge.optuna(Sphere(), seed=0, **arguments)
    assert str(caught.value) == message


def test_a_sampler_whose_package_is_missing() -> None:
    class Needy(optuna.samplers.RandomSampler):  # type: ignore[misc]
        def sample_independent(self, *_: Any) -> Any:
            raise ImportError("No module named 'needed'")

    with pytest.raises(neps.RunError, match="Needy must be installed with all it needs, got No module named"):
        bridge.optuna(Sphere(), seed=0, sampler=Needy).ask(1)


class Chain(neps.PipelineSpace):
    tree = neps.Categorical(
        ("end", neps.Operation("node", args=(neps.ByName("tree").resample(),)).resample())
    )


GRID = {"sampler": "grid", "sampler_arguments": {"search_space": {"tree": ["end", "node"]}}}


@pytest.mark.parametrize("arguments", [{"sampler": "bruteforce"}, GRID, {"sampler": "partialfixed"}])
def test_all_there_is_needs_an_end(arguments: Mapping[str, Any]) -> None:
    rule = "a sampler that visits all there is needs an end: a space with a recursion needs max_depth=…"
    if arguments["sampler"] == "partialfixed":
        base = quietly(optuna.samplers.BruteForceSampler)
        arguments = {**arguments, "sampler_arguments": {"fixed_params": {}, "base_sampler": base}}
    with pytest.raises(neps.RunError) as caught:
        bridge.optuna(Chain(), seed=0, **arguments)
    assert str(caught.value) == f"{rule}, got a recursion in tree @ optuna"
    assert bridge.optuna(Chain(), seed=0, max_depth=3, **arguments).info["max_depth"] == 3
    study = optuna.create_study(sampler=quietly(optuna.samplers.BruteForceSampler))
    with pytest.raises(neps.RunError) as caught:
        bridge.suggest(study.ask(), Chain())
    assert str(caught.value) == f"{rule}, got a recursion in tree @ suggest"


def quietly(kind: Any, *args: Any, **kwargs: Any) -> Any:
    """A sampler that warns that it is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(*args, **kwargs)


def test_all_there_is_comes_once_then_the_run_ends() -> None:
    """With max_depth, priors that say nothing to such a sampler, and most of it forbidden."""

    def configs(made: PipelineSpace, **arguments: Any) -> list[Any]:
        played = Player(bridge.optuna(made, seed=1, **arguments), lambda trial: 1.0).play(100)
        return [t.config for t in played]

    chain = configs(Chain(), sampler="bruteforce", max_depth=3)
    assert sorted(len(c) for c in chain) == [1, 2, 3]
    both = {"x": neps.Integer(0, 9, prior=3), "y": neps.Categorical(("a", "b"), prior=0)}
    assert len(configs(space(**both), sampler="bruteforce")) == 20
    pairs = neps.And((neps.Greater("x", 0), neps.In("y", ("a", "b"))))  # no narrower range says it
    few = space(x=neps.Integer(0, 99), y=neps.Categorical(("a", "b"))).add_forbidden(pairs)
    assert sorted(c["y"] for c in configs(few, sampler="bruteforce")) == ["a", "b"]
    grid = {"search_space": {"x": [3, 5], "y": ["a"]}}
    found = configs(space(**both), sampler="grid", sampler_arguments=grid)
    assert sorted(c["x"] for c in found) == [3, 5]


def test_what_is_fixed_stays_so() -> None:
    base = optuna.samplers.RandomSampler(seed=1)
    sampler = quietly(optuna.samplers.PartialFixedSampler, {"x": 3}, base)
    made = space(x=neps.Integer(0, 9), y=neps.Categorical(("a", "b")))
    played = Player(bridge.optuna(made, seed=1, sampler=sampler), lambda trial: 1.0).play(10)
    assert [t.config["x"] for t in played] == [3, 3]


def test_draws_that_stand_in_keep_to_max_depth() -> None:
    played = Player(bridge.optuna(Chain(), seed=1, max_depth=3), lambda trial: 1.0).play(30)
    assert sorted(len(t.config) for t in played) == [1, 2, 3]


def test_what_a_sampler_raises_is_told() -> None:
    def asked(made: PipelineSpace, **arguments: Any) -> str:
        optimizer = bridge.optuna(made, seed=0, **arguments)
        with pytest.raises(neps.NepsCsError) as caught:
            Player(optimizer, lambda trial: 1.0).play(3)
        return str(caught.value)

    assert asked(Sphere(), sampler="bruteforce").startswith(
        "BruteForceSampler must manage the decisions of Sphere, got ValueError: FloatDistribution.step must"
    )
    grid = {"search_space": {"y": [1]}}
    assert asked(Sphere(), sampler="grid", sampler_arguments=grid) == (
        "GridSampler must manage the decisions of Sphere, got ValueError: The parameter name, x, is not "
        "found in the given grid. @ optuna"
    )
    grid = {"search_space": {"x": [9], "y": [1]}}
    assert asked(Sphere(), sampler="grid", sampler_arguments=grid) == (
        "a trial must decide within FloatDistribution(high=2.0, log=False, low=-2.0, step=None), got 9 @ x"
    )
    many = space(x=neps.Repeated(1200, neps.Integer(0, 1).resample()))
    assert asked(many, sampler="bruteforce").startswith("the sampler must manage so many decisions in one")

    class Uncopied(optuna.samplers.RandomSampler):  # type: ignore[misc]
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("no")

    with pytest.raises(neps.RunError, match=r"^a sampler must be one that copy.deepcopy copies, got a Unc"):
        bridge.optuna(Sphere(), seed=0, sampler=Uncopied(seed=1))


def test_arguments_that_are_objects_are_kept_by_name(tmp_path: Path) -> None:
    """And the run goes on with them."""
    base = optuna.samplers.RandomSampler(seed=1)
    arguments = {"fixed_params": {"x": 0.5}, "base_sampler": base}
    optimizer = ("optuna", {"sampler": "partialfixed", "sampler_arguments": arguments})
    for total in (2, 4):
        run(tmp_path, total, optimizer)
    assert [t.config["x"] for t in trials(tmp_path)] == [0.5] * 4
    stored = neps.load_optimizer_info(tmp_path)["info"]["sampler_arguments"]
    assert stored == {"fixed_params": {"x": 0.5}, "base_sampler": "RandomSampler"}
    grid = {"search_space": {"x": (0.5, 1.0), "y": (0.0, 1.0)}}  # tuples come back as lists
    for total in (2, 4):
        run(tmp_path / "grid", total, ("optuna", {"sampler": "grid", "sampler_arguments": grid}))
    assert len({(t.config["x"], t.config["y"]) for t in trials(tmp_path / "grid")}) == 4


def test_verbosity_stays() -> None:
    before = optuna.logging.get_verbosity()
    Player(bridge.optuna(Sphere(), seed=0), lambda trial: 1.0).play(3)
    assert optuna.logging.get_verbosity() == before
