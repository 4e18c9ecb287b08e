"""SMAC itself, searching our spaces through the translation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ConfigSpace
import numpy as np
import pytest
import torch

import neps_cs as neps

pytestmark = [
    pytest.mark.peer,
    # SMAC's own: deprecated names of its dependencies, and means of nothing when no neighbour is better
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
]

smac = pytest.importorskip("smac")
bridge = pytest.importorskip("neps_cs_converters.smac")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """SMAC disables other loggers and sets the level of the root, which tests of logging would see."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)
    logging.getLogger("neps_cs").disabled = False


class Networks(neps.PipelineSpace):
    epochs = neps.IntegerFidelity(1, 9)
    lr = neps.Float(1e-4, 1.0, log=True, prior=1e-2, prior_confidence="medium")
    _width = neps.Integer(2, 64, log=True)
    _activation = neps.Categorical(
        (
            neps.Operation(torch.nn.ReLU),
            neps.Operation(torch.nn.LeakyReLU, kwargs={"negative_slope": neps.Float(0.01, 0.5)}),
        )
    )
    _block = neps.Operation(
        torch.nn.Sequential,
        args=(neps.Operation(torch.nn.Linear, args=(4, _width.resample())).resample(), _activation),
    )
    model = neps.Operation(torch.nn.Sequential, args=neps.Repeated(neps.Integer(1, 3), _block.resample()))


def objective(model: torch.nn.Sequential, lr: float, epochs: int) -> float:
    widths = [block[0].out_features for block in model]
    return abs(lr - 0.1) + abs(sum(widths) - 40) / 40 + 1 / epochs


def scenario_arguments(tmp_path: Path) -> dict[str, Any]:
    return {"n_trials": 30, "seed": 3, "output_directory": tmp_path}


def test_multi_fidelity_search_over_an_architecture_space(tmp_path: Path) -> None:
    seen: list[tuple[Any, float | None, float]] = []
    translation = neps.to_configspace(Networks())
    scenario = bridge.to_scenario(translation, **scenario_arguments(tmp_path))
    assert (scenario.min_budget, scenario.max_budget) == (1, 9)
    assert scenario.deterministic
    target = bridge.target_function(
        objective, translation, on_result=lambda config, used, value: seen.append((config, used, value))
    )
    facade = smac.MultiFidelityFacade(scenario, target, overwrite=True, logging_level=logging.ERROR)
    incumbent = facade.optimize()
    assert len(seen) == 30
    assert all(type(used) is int and 1 <= used <= 9 for _, used, _ in seen)
    assert {1, 9} <= {used for _, used, _ in seen}
    # the incumbent comes back as the very pipeline that SMAC's value belongs to
    pipeline = translation.sidecar.resolve(incumbent)
    assert objective(**pipeline) == facade.runhistory.get_min_cost(incumbent)
    for config, used, value in seen:
        assert objective(**translation.sidecar.resolve(config, {"epochs": used})) == value


def test_black_box_search_without_a_fidelity(tmp_path: Path) -> None:
    space = Networks().remove("epochs")

    def evaluate_pipeline(model: torch.nn.Sequential, lr: float) -> dict[str, Any]:
        return {"objective_to_minimize": lr, "cost": 2.0, "info_dict": {"blocks": len(model)}}

    scenario = bridge.to_scenario(space, **scenario_arguments(tmp_path))
    assert scenario.min_budget is None
    target = bridge.target_function(evaluate_pipeline, space)
    facade = smac.HyperparameterOptimizationFacade(
        scenario, target, overwrite=True, logging_level=logging.ERROR
    )
    incumbent = facade.optimize()
    assert len(facade.runhistory) == 30
    assert facade.runhistory.get_min_cost(incumbent) == min(v.cost for v in facade.runhistory.values())
    info = next(iter(facade.runhistory.values())).additional_info
    assert info["cost"] == 2.0
    assert info["info"]["blocks"] in (1, 2, 3)


def test_a_recursive_space(tmp_path: Path) -> None:
    class Grammar(neps.PipelineSpace):
        tree = neps.Categorical(
            (
                neps.Operation("leaf", args=(neps.Float(0, 1).resample(),)).resample(),
                neps.Operation(
                    "node", args=(neps.ByName("tree").resample(), neps.ByName("tree").resample())
                ).resample(),
            )
        )

    def evaluate_pipeline(tree: str) -> float:
        return abs(tree.count("leaf") - 3)

    scenario = bridge.to_scenario(Grammar(), max_depth=3, **scenario_arguments(tmp_path))
    target = bridge.target_function(evaluate_pipeline, Grammar(), max_depth=3)
    facade = smac.HyperparameterOptimizationFacade(
        scenario, target, overwrite=True, logging_level=logging.ERROR
    )
    incumbent = facade.optimize()
    tree = neps.to_configspace(Grammar(), max_depth=3).sidecar.resolve(incumbent)["tree"]
    assert evaluate_pipeline(tree) == facade.runhistory.get_min_cost(incumbent) == 0


class Tower(neps.PipelineSpace):
    """A recursion as deep as you like: ConfigSpace gets it as a star, see neps_cs.resolving.star."""

    tower = neps.Categorical(
        (
            neps.Operation("top", args=(neps.Float(0, 1).resample(),)).resample(),
            neps.Operation(
                "floor",
                args=(neps.ByName("tower").resample(), neps.Integer(1, 9, prior=3).resample()),
            ).resample(),
        ),
        prior=1,
        prior_confidence="high",
    )


def test_a_recursion_30_levels_deep(tmp_path: Path) -> None:
    seen: list[tuple[Any, float]] = []

    def evaluate_pipeline(tower: str) -> float:
        return abs(tower.count("floor") - 5)

    translation = neps.to_configspace(Tower(), max_depth=30, priors="drop")
    assert len(translation.sidecar.loose) == 28
    scenario = bridge.to_scenario(translation, n_trials=15, seed=3, output_directory=tmp_path)
    target = bridge.target_function(
        evaluate_pipeline, translation, on_result=lambda config, used, value: seen.append((config, value))
    )
    facade = smac.HyperparameterOptimizationFacade(
        scenario, target, overwrite=True, logging_level=logging.ERROR
    )
    incumbent = facade.optimize()
    assert len(seen) == 15
    for configuration, value in seen:
        assert evaluate_pipeline(**translation.sidecar.resolve(configuration)) == value
    assert facade.runhistory.get_min_cost(incumbent) == min(value for _, value in seen)


class Conditional(neps.PipelineSpace):
    kind = neps.Categorical(("a", "b"))
    x = neps.Float(0, 1, prior=0.5, prior_confidence="low")


def test_priors_under_a_condition_are_warped(tmp_path: Path) -> None:
    space = Conditional().add_condition("x", neps.Equals("kind", "a"))
    scenario = bridge.to_scenario(space, **scenario_arguments(tmp_path))
    assert isinstance(scenario.configspace["x"], ConfigSpace.UniformFloatHyperparameter)
    target = bridge.target_function(lambda kind, x=9.0: x, space)
    facade = smac.RandomFacade(scenario, target, overwrite=True, logging_level=False)
    incumbent = bridge.optimize(facade)
    # read by a translation with other priors, in which x in [0, 1] would mean the value, not the quantile
    pipeline = neps.to_configspace(space, priors="drop").sidecar.resolve(incumbent)
    assert pipeline["x"] == facade.runhistory.get_min_cost(incumbent)
    assert pipeline["x"] != incumbent["x"]
    with pytest.raises(neps.ConversionError) as caught:
        bridge.to_scenario(space, priors="native", **scenario_arguments(tmp_path))
    assert str(caught.value) == (
        "SMAC takes no normal distribution under a condition; use priors='warped' or 'drop', got a prior @ x"
    )
    native = bridge.to_scenario(Conditional(), priors="native", **scenario_arguments(tmp_path))
    assert isinstance(native.configspace["x"], ConfigSpace.NormalFloatHyperparameter)


def test_initial_designs_follow_the_priors(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1, prior=0.9, prior_confidence="high"), "y": neps.Float(0, 1)}
    )
    read = neps.to_configspace(space).sidecar.from_configuration
    scenario = bridge.to_scenario(space, n_trials=200, seed=3, output_directory=tmp_path)
    facade = smac.HyperparameterOptimizationFacade
    sobol = facade.get_initial_design(scenario, n_configs=40).select_configurations()
    assert np.mean([read(c)["x"] for c in sobol]) > 0.8
    native = bridge.to_scenario(space, priors="native", n_trials=200, seed=3, output_directory=tmp_path)
    ignoring = facade.get_initial_design(native, n_configs=40).select_configurations()
    assert np.mean([read(c)["x"] for c in ignoring]) < 0.6  # why warped is the default
    drawn = bridge.prior_design(native, 40)
    assert drawn == bridge.prior_design(native, 40, seed=3)
    design = facade.get_initial_design(native, n_configs=0, additional_configs=drawn).select_configurations()
    assert np.mean([read(c)["x"] for c in design]) > 0.8
    assert [len(bridge.prior_design(native, n)) for n in (0, 1, 2)] == [0, 1, 2]


def test_configurations_of_the_copy_that_smac_makes_are_read_rightly(tmp_path: Path) -> None:
    space = Conditional().add(neps.IntegerFidelity(1, 9), "epochs")
    values: list[float] = []
    for priors in ("warped", "native", "drop"):
        scenario = bridge.to_scenario(
            space, priors=priors, n_trials=12, seed=3, output_directory=tmp_path, name=priors
        )
        target = bridge.target_function(lambda kind, x, epochs: values.append(x) or x, space)
        facade = smac.MultiFidelityFacade(scenario, target, overwrite=True, logging_level=False)
        bridge.optimize(facade)
        configurations = facade.runhistory.get_configs()
        assert any(c.config_space is not scenario.configspace for c in configurations)  # the initial design
        sidecar = neps.to_configspace(space).sidecar
        for configuration in configurations:
            read = sidecar.resolve(configuration)["x"]
            assert read == facade.runhistory.get_min_cost(configuration)
            assert (read == configuration["x"]) == (priors != "warped")


def test_a_translation_of_the_user_is_read_by_every_sidecar(tmp_path: Path) -> None:
    space = Conditional().add(neps.IntegerFidelity(1, 9), "epochs")
    translation = neps.to_configspace(space, priors="warped")
    scenario = bridge.to_scenario(translation, **scenario_arguments(tmp_path))
    assert translation.configspace.meta is None  # what was passed in stays as it is
    target = bridge.target_function(lambda kind, x, epochs: x, translation)
    facade = smac.MultiFidelityFacade(scenario, target, overwrite=True, logging_level=False)
    bridge.optimize(facade)
    for priors in ("warped", "native", "drop"):
        sidecar = neps.to_configspace(space, priors=priors).sidecar
        for configuration in facade.runhistory.get_configs():
            assert sidecar.resolve(configuration)["x"] == facade.runhistory.get_min_cost(configuration)


def test_a_fidelity_that_is_a_hyperparameter_is_no_budget(tmp_path: Path) -> None:
    space = Conditional().add(neps.IntegerFidelity(1, 9), "epochs").add(neps.FloatFidelity(0, 1), "share")
    translation = neps.to_configspace(space, fidelity="hyperparameter")
    scenario = bridge.to_scenario(translation, **scenario_arguments(tmp_path))
    assert (scenario.min_budget, scenario.max_budget) == (None, None)
    seen: list[tuple[int, float]] = []
    target = bridge.target_function(
        lambda kind, x, epochs, share: seen.append((epochs, share)) or x, translation
    )
    facade = smac.RandomFacade(scenario, target, overwrite=True, logging_level=False)
    pipeline = translation.sidecar.resolve(bridge.optimize(facade))
    assert {epochs for epochs, _ in seen} > {1, 9}
    assert (pipeline["epochs"], pipeline["share"]) in seen


def test_budgets_are_rounded_and_duplicates_run_once(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1), "epochs": neps.IntegerFidelity(1, 50)})
    evaluated: list[tuple[float, int]] = []
    target = bridge.target_function(lambda x, epochs: evaluated.append((x, epochs)) or x + 1 / epochs, space)
    scenario = bridge.to_scenario(space, n_trials=40, seed=3, output_directory=tmp_path)
    facade = smac.MultiFidelityFacade(scenario, target, overwrite=True, logging_level=False)
    bridge.optimize(facade)
    budgets = sorted({key.budget for key in facade.runhistory})
    assert budgets[:3] == pytest.approx([50 / 27, 50 / 9, 50 / 3])
    assert {epochs for _, epochs in evaluated} <= {2, 6, 17, 50}
    assert all(type(epochs) is int for _, epochs in evaluated)
    configuration, n = scenario.configspace.sample_configuration(), len(evaluated)
    assert target(configuration, seed=0, budget=2.4) == target(configuration, seed=0, budget=1.5)
    assert len(evaluated) == n + 1
    target(configuration, seed=1, budget=2.4)
    target(configuration, seed=0, budget=2.5)  # halves up
    assert [epochs for _, epochs in evaluated[n:]] == [2, 2, 3]


def test_a_fidelity_of_0(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1), "epochs": neps.IntegerFidelity(0, 9)})
    assert bridge.to_scenario(space, **scenario_arguments(tmp_path)).min_budget == 1
    real = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1), "share": neps.FloatFidelity(0, 1)})
    with pytest.raises(neps.ConversionError, match=r"budgets must be > 0, got min_budget=0\.0 @ share"):
        bridge.to_scenario(real, **scenario_arguments(tmp_path))


def test_inequalities_under_a_fidelity(tmp_path: Path) -> None:
    class Space(neps.PipelineSpace):
        n = neps.Integer(1, 20)
        size = neps.Ordinal(("small", "medium", "large"))
        x = neps.Float(0, 1)
        epochs = neps.IntegerFidelity(1, 9)

    space = Space().add_forbidden(neps.Greater("n", 12))
    space = space.add_forbidden(neps.And((neps.Greater("size", "small"), neps.Less("n", 4))))
    seen: list[tuple[int, str]] = []
    target = bridge.target_function(lambda n, size, x, epochs: seen.append((n, size)) or n + x, space)
    scenario = bridge.to_scenario(space, **scenario_arguments(tmp_path))
    facade = smac.MultiFidelityFacade(scenario, target, overwrite=True, logging_level=False)
    incumbent = bridge.optimize(facade)
    assert len(seen) == 30
    assert all(n <= 12 and (size == "small" or n >= 4) for n, size in seen)
    assert neps.to_configspace(space).sidecar.from_configuration(incumbent)["n"] <= 12
    assert neps.from_configspace(scenario.configspace) == space
    with pytest.raises(neps.ConversionError) as caught:
        bridge.to_scenario(
            space.add_forbidden(neps.Greater("x", 0.5)), priors="native", **scenario_arguments(tmp_path)
        )
    assert str(caught.value) == (
        "SMAC's multi-fidelity facade must copy the space, and can copy a forbidden inequality of up to "
        "1,000 values only, and of no warped parameter (priors='drop' leaves it as it is); optimizer='smac' "
        "of neps.run takes every clause, got x > 0.5 @ x"
    )
    without = space.remove("epochs").add_forbidden(neps.Greater("x", 0.5))
    assert bridge.to_scenario(without, **scenario_arguments(tmp_path)).min_budget is None


def test_a_finite_space_ends(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes(
        {"a": neps.Categorical(("u", "v", "w")), "b": neps.Integer(1, 2)}
    )
    scenario = bridge.to_scenario(space, **scenario_arguments(tmp_path))
    target = bridge.target_function(lambda a, b: ord(a) + b, space)
    facade = smac.HyperparameterOptimizationFacade(scenario, target, overwrite=True, logging_level=False)
    incumbent = bridge.optimize(facade)
    assert neps.to_configspace(space).sidecar.resolve(incumbent) == {"a": "u", "b": 1}
    assert len(facade.runhistory) <= 6


def test_our_logger_is_not_silenced(tmp_path: Path) -> None:
    configuration = tmp_path / "logging.yml"
    configuration.write_text("version: 1")  # dictConfig disables other loggers, unless told not to
    log, handlers, level = logging.getLogger("neps_cs"), list(logging.root.handlers), logging.root.level
    scenario = bridge.to_scenario(Conditional(), **{**scenario_arguments(tmp_path), "n_trials": 3})
    heard: list[bool] = []
    target = bridge.target_function(lambda kind, x: heard.append(not log.disabled) or x, Conditional())
    try:
        facade = smac.RandomFacade(scenario, target, overwrite=True, logging_level=configuration)
        assert log.disabled
        bridge.optimize(facade)
    finally:
        logging.root.handlers[:], logging.root.level = handlers, level
    assert not log.disabled
    assert heard == [True] * 3


def test_free_counts_keep_their_priors(tmp_path: Path) -> None:
    """In a deep space they are under no condition: see neps_cs.resolving.star."""
    net: Any = "end"
    for i in range(14):
        count = neps.Integer(0, 2, prior=2)
        net = neps.Operation(f"layer{i}", neps.Repeated(count, neps.Categorical((net, 1))))
    space = neps.PipelineSpace.from_attributes({"net": net})
    scenario = bridge.to_scenario(space, priors="native", **scenario_arguments(tmp_path))
    kinds = {type(hp) for name, hp in scenario.configspace.items() if name.endswith("count")}
    assert kinds == {ConfigSpace.NormalIntegerHyperparameter}


def test_wrong_use(tmp_path: Path) -> None:
    space = Networks().add(neps.IntegerFidelity(1, 3), "shots")
    with pytest.raises(neps.ConversionError, match="SMAC knows one budget, got the fidelities epochs, shots"):
        bridge.to_scenario(space, **scenario_arguments(tmp_path))
    with pytest.raises(neps.RunError, match="must take every attribute of the space"):
        bridge.target_function(lambda model: 1.0, Networks())
    target = bridge.target_function(lambda **_: float("nan"), Conditional())
    configuration = neps.to_configspace(Conditional()).configspace.sample_configuration()
    with pytest.raises(neps.EvaluationError, match="the objective must be finite"):
        target(configuration)


@pytest.mark.parametrize("facade", ["HyperparameterOptimizationFacade", "BlackBoxFacade"])
def test_crashes_do_not_end_a_search(tmp_path: Path, facade: str) -> None:
    """With infinity as the cost of a crash, which is SMAC's own, its models fail."""

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        n = neps.Integer(1, 9)

    def evaluate_pipeline(x: float, n: int) -> float:
        if x < 0.5:
            raise ValueError("too small")
        return x * n

    scenario = bridge.to_scenario(Space(), **{**scenario_arguments(tmp_path), "n_trials": 14})
    assert scenario.crash_cost == bridge.scenario.CRASH_COST
    target = bridge.target_function(evaluate_pipeline, Space())
    made = getattr(smac, facade)(scenario, target, overwrite=True, logging_level=logging.CRITICAL)
    best = neps.to_configspace(Space()).sidecar.resolve(bridge.optimize(made))
    states = {value.status.name for value in made.runhistory.values()}
    assert states == {"SUCCESS", "CRASHED"}
    assert made.runhistory.finished == 14
    assert best["x"] >= 0.5
    assert bridge.to_scenario(Space(), crash_cost=7.0, output_directory=tmp_path).crash_cost == 7.0
