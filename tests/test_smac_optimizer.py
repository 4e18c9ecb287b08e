"""SMAC inside our run loop."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import NO_FIDELITY

import neps_cs as neps
from neps_cs.optimizers import elsewhere
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

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

pytest.importorskip("smac")
bridge = pytest.importorskip("neps_cs_converters.smac")

REPOSITORY = Path(__file__).parent.parent
SMALL = {
    "n_trials": 12,
    "retrain_after": 3,
    "model": {"n_trees": 1},
    "acquisition_maximizer": {"challengers": 10, "local_search_iterations": 1},
}


class TestSmac(OptimizerConformance):
    n_trials = 7  # three of the initial design, then a batch of three, then one of another

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """Each kind once, half of them with a fidelity."""
        without, fidelity = spaces_without_fidelity(), spaces_with_fidelity()
        chosen = [n for n in fidelity if n.split(",")[0] in ("conditional", "structural")]
        plain = ("forbidden", "recursive")
        return {**{n: without[n] for n in plain}, **{n: fidelity[n] for n in chosen}}

    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        kind = "auto" if space.resolver.fidelities else "hyperparameter"  # a black box takes too long here
        made: Optimizer = bridge.smac(space, seed=seed, max_depth=2, facade=kind, **SMALL)
        return made


class Sphere(neps.PipelineSpace):
    x = neps.Float(-2, 2)
    y = neps.Float(-2, 2, prior=1.0, prior_confidence="low")


def sphere(x: float, y: float) -> float:
    return (x - 0.5) ** 2 + (y - 1) ** 2


QUICK = {**SMALL, "facade": "hyperparameter"}


def trials(root: Path) -> list[Trial]:
    with Store.open(root) as store:
        return store.trials()


def told(root: Path) -> list[tuple[Any, ...]]:
    return [(t.id, t.config, t.fidelities, t.previous, t.note) for t in trials(root)]


def run(root: Path, total: int, **arguments: Any) -> None:
    given = {"pipeline_space": Sphere(), "optimizer": ("smac", QUICK), "seed": 3, **arguments}
    neps.run(sphere, root_directory=root, total_evaluations_to_spend=total, **given)


def test_it_beats_random_search(tmp_path: Path) -> None:
    strong = {
        "n_trials": 40,
        "facade": "HyperparameterOptimizationFacade",
        "acquisition_maximizer": {"challengers": 300, "local_search_iterations": 2},
    }
    run(tmp_path / "smac", 32, optimizer={"name": "smac", **strong})
    run(tmp_path / "random", 32, optimizer="random_search")
    best = {
        name: min(t.report.objective for t in trials(tmp_path / name) if t.report and t.report.objective)
        for name in ("smac", "random")
    }
    assert best["smac"] < 0.3 * best["random"]
    assert neps.load_optimizer_info(tmp_path / "smac")["info"]["n_trials"] == 40


def test_a_run_that_is_resumed_goes_on_as_it_would_have(tmp_path: Path) -> None:
    run(tmp_path / "whole", 9)
    for total in (2, 5, 9):
        run(tmp_path / "parts", total)
    run(tmp_path / "parts", 9, optimizer="auto")  # what is stored is made again
    assert told(tmp_path / "parts") == told(tmp_path / "whole")


PROPOSALS = """
import warnings
warnings.simplefilter("ignore")
from neps_cs.optimizers.algorithms import make_optimizer
from neps_cs.optimizers.conformance import spaces_without_fidelity
from neps_cs.optimizers.playing import Player, seeded_objective
for name in ("flat", "conditional", "structural"):
    optimizer, _ = make_optimizer(("smac", {QUICK}), spaces_without_fidelity()[name], 3)
    print([t.config for t in Player(optimizer, seeded_objective(0)).play(12)])
"""


def test_every_process_gives_the_same() -> None:
    """SMAC's local search goes through a set of configurations, in an order that differs by process."""
    quick = {**QUICK, "acquisition_maximizer": {"challengers": 30, "local_search_iterations": 4}}
    given = [sys.executable, "-c", PROPOSALS.replace("{QUICK}", repr(quick))]
    folders = os.pathsep.join(str(REPOSITORY / name) for name in ("", "converters"))
    texts = {
        subprocess.run(
            given, env={**os.environ, "PYTHONPATH": folders, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 1
    assert texts.pop().count("\n") == 3


def test_a_model_is_trained_once_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from neps_cs_converters.smac.selection import Selection

    trained: list[int] = []
    batch = Selection.batch

    def counted(self: Any, told_: Any, n: int, seed: int) -> Any:
        trained.append(n)
        return batch(self, told_, n, seed)

    monkeypatch.setattr(Selection, "batch", counted)
    optimizer = bridge.smac(Sphere(), seed=0, **QUICK)
    assert trained == [1]  # which tries the arguments
    Player(optimizer, lambda trial: sphere(**trial.config)).play(9)  # type: ignore[arg-type]
    assert trained == [1, 3, 3]  # after three of the initial design


def test_several_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as executor:
        run(tmp_path, 9, executor=executor)
    configs = [tuple(t.config.items()) for t in trials(tmp_path)]
    assert len(set(configs)) == 9


def test_brackets_at_whole_fidelities(tmp_path: Path) -> None:
    space = Sphere().add(neps.IntegerFidelity(1, 50), "epochs")
    seen: list[int] = []

    def evaluate(x: float, y: float, epochs: int) -> float:
        seen.append(epochs)
        return sphere(x, y) + 1 / epochs

    neps.run(
        evaluate, space, root_directory=tmp_path, total_evaluations_to_spend=41, seed=1,
        optimizer=("smac", SMALL),
    )  # fmt: skip
    assert set(seen) == {2, 6, 17, 50}
    assert all(type(epochs) is int for epochs in seen)
    done = trials(tmp_path)
    for trial in done:
        if trial.previous is not None:
            assert trial.config == done[trial.previous - 1].config


def test_a_finite_space_ends(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes(
        {"a": neps.Categorical(("u", "v", "w")), "b": neps.Integer(1, 2)}
    )
    neps.run(
        lambda a, b: ord(a) + b, space, root_directory=tmp_path, total_evaluations_to_spend=20, seed=0,
        optimizer=("smac", QUICK),
    )  # fmt: skip
    assert sorted(tuple(t.config.values()) for t in trials(tmp_path)) == [
        (a, b) for a in "uvw" for b in (1, 2)
    ]


@pytest.mark.parametrize("costs", [(1e8, 2e8), (-3e12, -1.0), (-1.7e308, 1.7e308)])
def test_large_costs_of_which_the_lowest_comes_often(tmp_path: Path, costs: tuple[float, float]) -> None:
    """SMAC's encoder makes minus infinity of them, which its models don't take."""

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        n = neps.Integer(1, 2)

    neps.run(
        lambda x, n: costs[n - 1], Space(), root_directory=tmp_path, seed=1,
        optimizer=("smac", {**SMALL, "facade": "hyperparameter"}), total_evaluations_to_spend=7,
    )  # fmt: skip
    assert len(trials(tmp_path)) == 7


def test_a_space_of_constants() -> None:
    study = neps.AskAndTell(neps.PipelineSpace.from_attributes({"c": 1}), ("smac", QUICK), seed=0)
    trial = study.ask()
    assert trial is not None
    assert study.pipeline(trial) == {"c": 1}
    study.tell(trial, 0.0)
    assert study.ask() is None


def test_the_facade_follows_the_space() -> None:
    def kind(space: PipelineSpace, **arguments: Any) -> str:
        translation = neps.to_configspace(space, priors="warped", max_depth=2)
        return str(chosen(translation, 3, arguments.get("n_trials", 100)))

    from neps_cs_converters.smac.optimizer import _chosen as chosen

    spaces = spaces_without_fidelity()
    assert kind(Sphere()) == "black_box"
    assert kind(Sphere(), n_trials=201) == "hyperparameter"
    assert kind(Sphere().add_condition("x", neps.Greater("y", 0))) == "hyperparameter"
    eleven = neps.PipelineSpace.from_attributes({f"x{i}": neps.Float(0, 1) for i in range(11)})
    assert kind(eleven) == "hyperparameter"
    assert kind(spaces["flat"]) == kind(spaces["structural"]) == kind(spaces["recursive"]) == "hyperparameter"
    assert kind(Sphere().add(neps.IntegerFidelity(1, 9), "epochs")) == "multi_fidelity"
    assert kind(Sphere().add(neps.IntegerFidelity(5, 9), "epochs")) == "black_box"


def test_a_black_box_and_random() -> None:
    def best(facade: str, **arguments: Any) -> float:
        optimizer = bridge.smac(Sphere(), seed=1, n_trials=16, facade=facade, **arguments)
        player = Player(optimizer, lambda trial: sphere(**trial.config))  # type: ignore[arg-type]
        return min(t.report.objective for t in player.play(12) if t.report and t.report.objective is not None)

    few = {"challengers": 50, "local_search_iterations": 2}
    assert best("black_box", acquisition_maximizer=few) < 0.1 < best("random")


def test_every_facade_of_smac() -> None:
    import smac as package

    from neps_cs_converters.smac.optimizer import FACADES

    assert set(FACADES.values()) == {name for name in package.__all__ if name.endswith("Facade")}
    space = Sphere().add(neps.IntegerFidelity(1, 9), "epochs")
    for facade in ("AlgorithmConfigurationFacade", "HyperbandFacade"):
        made = bridge.smac(space, seed=1, facade=facade, n_trials=12)
        done = Player(made, lambda t: sphere(t.config["x"], t.config["y"])).play(14)  # type: ignore[arg-type]
        rungs = {t.fidelities["epochs"] for t in done}
        assert rungs == ({1, 3, 9} if facade == "HyperbandFacade" else {9})


def test_no_draw_goes_deeper_than_max_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    from neps_cs_converters.smac.optimizer import SmacSampler

    monkeypatch.setattr(SmacSampler, "_candidates", lambda self: iter(()))  # SMAC finds nothing
    tree = neps.ByName("tree").resample()
    node = neps.Operation("node", (tree, neps.Integer(1, 2).resample())).resample()
    space = neps.PipelineSpace.from_attributes({"tree": neps.Categorical((node, "end"))})
    for chosen in (space, space.add(neps.IntegerFidelity(1, 9), "epochs")):
        player = Player(bridge.smac(chosen, seed=0, max_depth=3, **SMALL), lambda trial: 1.0)
        player.play(80)
        assert player.exhausted  # bounded so, it is finite
        configs = {repr(t.config) for t in player.trials}
        assert len(configs) == neps.size(space, max_depth=3)
        neps.to_configspace(chosen, max_depth=3).sidecar.to_configurations(t.config for t in player.trials)


def test_a_batch_takes_about_as_long_after_more_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """SMAC's history goes through all trials for each added; its forest starts threads for each."""
    from smac.runhistory import RunHistory

    from neps_cs_converters.smac import selection

    added: list[int] = []
    bounds = RunHistory._update_objective_bounds
    monkeypatch.setattr(RunHistory, "_update_objective_bounds", lambda self: added.append(1) or bounds(self))
    cs = neps.to_configspace(Sphere(), priors="warped").configspace
    told_ = [selection.Told(c, None, float(i)) for i, c in enumerate(cs.sample_configuration(20))]
    history = selection.history(told_)
    assert (len(history), len(added)) == (20, 1)
    assert history.objective_bounds == [(0.0, 19.0)]

    def refused(self: Any, *arguments: Any, **keywords: Any) -> None:
        raise AssertionError("a pool of threads")

    monkeypatch.setattr("joblib._parallel_backends.ThreadingBackend._get_pool", refused)
    Player(bridge.smac(Sphere(), seed=0, **QUICK), lambda trial: 1.0).play(5)


def test_priors_are_drawn_from_first() -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1, prior=0.9, prior_confidence="high")})

    def mean(priors: str) -> float:
        optimizer = bridge.smac(space, seed=1, **{**QUICK, "n_trials": 80}, priors=priors)
        player = Player(optimizer, lambda trial: 0.0)
        return float(np.mean([t.config["x"] for t in player.play(10)]))

    assert mean("warped") > 0.75
    assert 0.3 < mean("drop") < 0.7


def test_every_clause_holds() -> None:
    space = Sphere().add_forbidden(neps.Greater("x", 0.0)).add(neps.IntegerFidelity(1, 9), "epochs")
    player = Player(bridge.smac(space, seed=1, **SMALL), lambda trial: -float(trial.config["x"]))  # type: ignore[arg-type]
    assert all(t.config["x"] <= 0 for t in player.play(20))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"facade": "best"}, "facade must be one of 'auto', 'multi_fidelity', 'black_box', 'hyperparameter', "
         "'algorithm_configuration', 'random', 'hyperband', got facade='best' @ smac"),
        ({"eta": 1}, "eta must be a whole number >= 2, got eta=1 @ smac"),
        ({"n_trials": 0}, "n_trials must be a whole number >= 1, got n_trials=0 @ smac"),
        ({"priors": "best"}, "priors must be one of 'warped', 'drop', 'native', got priors='best' @ smac"),
        ({"walltime_limit": 3, "model": 3},
         "the run decides this, not SMAC, got walltime_limit=3 @ smac\n"
         "model must be a mapping of keyword arguments, got 3 @ smac"),
        ({"model": {"n_tree": 3}},
         "SMAC's HyperparameterOptimizationFacade must take the arguments of model, got TypeError: "
         "HyperparameterOptimizationFacade.get_model() got an unexpected keyword argument 'n_tree'; "
         "did you mean 'n_trees'? @ smac"),
        ({"depth": 3}, "SMAC's HyperparameterOptimizationFacade must take the arguments of Scenario, got "
         "TypeError: Scenario.__init__() got an unexpected keyword argument 'depth' @ smac"),
        ({"intensifier": {"eta": 2}}, "the run decides this, not SMAC, got intensifier={'eta': 2} @ smac"),
        ({"config_selector": {"retrain_after": 3}},
         "retrain_after is an argument of its own, got one of config_selector @ smac"),
        ({"acquisition_maximizer": {"challengers": -1}},
         "challengers >= 0 must hold, got challengers=-1 @ smac.acquisition_maximizer"),
        ({"initial_design": {"additional_configs": [object]}}, "arguments must be JSON: they are kept with "
         "the run, got initial_design: Object of type type is not JSON serializable @ smac"),
        ({"initial_design": {"n_configs": "x"}}, "SMAC's HyperparameterOptimizationFacade must take the "
         "arguments of initial_design, got TypeError: '>' not supported between instances of 'str' and 'int' "
         "@ smac"),
        ({"random_design": {"probability": 3}}, "SMAC's HyperparameterOptimizationFacade must take the "
         "arguments of random_design, got AssertionError: @ smac"),
        ({"acquisition_function": {"xi": None}}, "SMAC's HyperparameterOptimizationFacade must take the "
         "arguments of acquisition_function, got AssertionError: @ smac"),
        ({"facade": "multi_fidelity"},
         f"{NO_FIDELITY} @ smac"),
    ],
)  # fmt: skip
def test_wrong_arguments(arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        bridge.smac(Sphere(), seed=0, **{"facade": "hyperparameter", **arguments})
    assert str(caught.value) == message


def test_native_priors_under_a_condition_are_refused() -> None:
    space = Sphere().add_condition("y", neps.Greater("x", 0))
    with pytest.raises(neps.ConversionError, match=r"no normal distribution under a condition.* @ y"):
        bridge.smac(space, seed=0, priors="native")
    assert bridge.smac(space, seed=0).ask(1) is not None


def test_a_class_is_known_by_its_kind() -> None:
    from smac import HyperparameterOptimizationFacade

    one, other = (
        bridge.smac(Sphere(), seed=0, facade=f)
        for f in (HyperparameterOptimizationFacade, "HyperparameterOptimizationFacade")
    )
    assert one.info["facade"] == other.info["facade"] == "hyperparameter"


def test_a_recursive_space_needs_max_depth() -> None:
    with pytest.raises(neps.ConversionError, match="max_depth"):
        bridge.smac(spaces_without_fidelity()["recursive"], seed=0)


def test_nothing_is_written_and_logging_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    handlers, level = list(logging.root.handlers), logging.root.level
    Player(bridge.smac(Sphere(), seed=0, **QUICK), lambda trial: 1.0).play(9)
    assert list(tmp_path.iterdir()) == []
    assert not logging.getLogger("neps_cs").disabled
    assert (logging.root.handlers, logging.root.level) == (handlers, level)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smac", None)
    with pytest.raises(neps.RunError) as caught:
        neps.AskAndTell(Sphere(), "smac", seed=0)
    assert str(caught.value).startswith("the optimizer 'smac' must be installed with all it needs, got ")
    assert str(caught.value).endswith("install it with: pip install 'neps_cs[smac]' @ optimizer")


def test_others_register_by_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    points = [
        EntryPoint("theirs", "neps_cs.optimizers.makers:random_search", elsewhere.GROUP),
        EntryPoint("broken", "not_there.at_all:make", elsewhere.GROUP),
        EntryPoint("odd", "neps_cs.optimizers.elsewhere:GROUP", elsewhere.GROUP),
    ]

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        return [p for p in points if p.group == group and name in (None, p.name)]

    monkeypatch.setattr(elsewhere, "entry_points", entry_points)
    assert elsewhere.names() == ("smac", "optuna", "dehb", "theirs", "broken", "odd")
    study = neps.AskAndTell(Sphere(), ("theirs", {"use_priors": True}), seed=0)
    assert study.ask() is not None
    for name, message in (("broken", "No module named 'not_there'"), ("odd", "which can't be called")):
        with pytest.raises(neps.RunError, match=message):
            neps.AskAndTell(Sphere(), name)
