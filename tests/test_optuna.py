"""Optuna itself: define-by-run over our spaces, its samplers in our run loop, flat spaces both ways."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.optimizers.playing import Player, ended, started
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


class Networks(neps.PipelineSpace):
    lr = neps.Float(1e-4, 1.0, log=True)
    share = neps.Float(0, 1, step=0.25)
    width = neps.Integer(2, 64, log=True)
    even = neps.Integer(2, 9, step=2)
    kind = neps.Categorical((None, "adam", 3, 2.5))
    mixed = neps.Categorical((1, True, 1.0))
    size = neps.Ordinal(("s", "m", "l"))
    _unit = neps.Integer(1, 9)
    model = neps.Operation(
        torch.nn.Sequential,
        args=neps.Repeated(
            neps.Integer(1, 3),
            neps.Operation(torch.nn.Linear, args=(neps.Integer(1, 9).resample(), _unit)).resample(),
        ),
    )


def test_each_decision_is_asked_for_by_its_address() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    config, pipeline = bridge.suggest(trial, Networks())
    asked = trial.distributions
    distributions = optuna.distributions
    assert asked["lr"] == distributions.FloatDistribution(1e-4, 1.0, log=True)
    assert asked["share"] == distributions.FloatDistribution(0, 1, step=0.25)
    assert asked["width"] == distributions.IntDistribution(2, 64, log=True)
    assert asked["even"] == distributions.IntDistribution(2, 8, step=2)
    assert asked["kind"] == distributions.CategoricalDistribution((None, "adam", 3, 2.5))
    assert len(set(asked["mixed"].choices)) == 3  # Optuna takes 1, True and 1.0 for one
    assert asked["size"] == distributions.CategoricalDistribution(("s", "m", "l"))
    assert set(asked) == set(config)
    for address in ("lr", "share", "width", "even", "kind", "size", "model:count", "_unit"):
        assert trial.params[address] == config[address]
    assert isinstance(pipeline["model"], torch.nn.Sequential)
    assert len(pipeline["model"]) == config["model:count"]
    assert trial.user_attrs["neps_cs_config"] == config
    # the very same comes of a trial that is fixed
    again, _ = bridge.suggest(optuna.trial.FixedTrial(trial.params), Networks())
    assert repr(again) == repr(config)


def test_every_value_comes_and_is_legal() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen: dict[str, set[str]] = {}
    for _ in range(200):
        trial = study.ask()
        config, _ = bridge.suggest(trial, Networks().remove("model"))
        study.tell(trial, 0.0)
        neps.resolve(Networks().remove("model"), config)
        for address, value in config.items():
            seen.setdefault(address, set()).add(repr(value))
    assert seen["share"] == {"0.0", "0.25", "0.5", "0.75", "1.0"}
    assert seen["even"] == {"2", "4", "6", "8"}
    assert seen["mixed"] == {"1", "True", "1.0"}
    assert seen["kind"] == {"None", "'adam'", "3", "2.5"}


class Grammar(neps.PipelineSpace):
    tree = neps.Categorical(
        (
            neps.Operation("leaf", args=(neps.Float(0, 1).resample(),)).resample(),
            neps.Operation(
                "node", args=(neps.ByName("tree").resample(), neps.ByName("tree").resample())
            ).resample(),
            "end",
        )
    )


def test_recursion_in_a_study() -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))

    def objective(trial: Any) -> float:
        _, pipeline = bridge.suggest(trial, Grammar(), max_depth=3)
        return abs(str(pipeline["tree"]).count("leaf") - 3)

    study.optimize(objective, n_trials=60)
    assert study.best_value == 0
    cut = [n for trial in study.trials for n in trial.distributions if " of leaf, end" in n]
    assert cut  # past max_depth two branches are open, and Optuna's choices can't change under one name


def test_conditions_and_clauses_hold() -> None:
    made = space(kind=neps.Categorical(("a", "b")), x=neps.Float(0, 1), n=neps.Integer(1, 9))
    made = made.add_condition("x", neps.Equals("kind", "a")).add_forbidden(
        neps.And((neps.Equals("kind", "b"), neps.Greater("n", 3)))
    )
    suggested = bridge.suggest
    config, pipeline = suggested(optuna.trial.FixedTrial({"kind": "b", "n": 2}), made)
    assert config == {"kind": "b", "n": 2} == pipeline
    with pytest.raises(optuna.TrialPruned, match=r"kind.*n"):
        suggested(optuna.trial.FixedTrial({"kind": "b", "n": 4}), made)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: suggested(trial, made)[0]["n"], n_trials=30)
    states = {trial.state for trial in study.trials}
    assert states == {optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED}


def test_priors_are_followed_by_quantiles() -> None:
    made = space(
        x=neps.Float(0, 1, prior=0.9, prior_confidence="high"),
        c=neps.Categorical(("u", "v", "w"), prior=2, prior_confidence="high"),
    )

    def drawn(**arguments: Any) -> tuple[float, float]:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        configs = [bridge.suggest(study.ask(), made, **arguments)[0] for _ in range(200)]
        return np.mean([c["x"] for c in configs]), np.mean([c["c"] == "w" for c in configs])

    by_prior, uniform = drawn(), drawn(use_priors=False)
    assert by_prior[0] > 0.75
    assert by_prior[1] > 0.7  # 0.75 + 0.25 / 3
    assert 0.4 < uniform[0] < 0.6
    assert 0.2 < uniform[1] < 0.5
    trial = optuna.create_study().ask()
    config, _ = bridge.suggest(trial, made, use_priors=False)
    assert trial.params == config


def test_drawn_bounds_large_integers_and_fidelities() -> None:
    low = neps.Integer(1, 5)
    made = space(low=low, n=neps.Integer(low, 10), big=neps.Integer(0, 2**80), e=neps.IntegerFidelity(1, 9))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=3))
    for _ in range(12):
        trial = study.ask()
        config, pipeline = bridge.suggest(trial, made, fidelity_values={"e": 3})
        assert config["low"] <= config["n"] <= 10
        assert type(config["big"]) is int
        assert pipeline["e"] == 3
        study.tell(trial, config["n"])


@pytest.mark.parametrize(
    ("made", "params", "message"),
    [
        ({"x": neps.Integer(0, 8)}, {"x": 99}, "IntDistribution(high=8, log=False, low=0, step=1), got 99"),
        ({"x": neps.Integer(0, 8, step=2)}, {"x": 3},
         "IntDistribution(high=8, log=False, low=0, step=2), got 3"),
        ({"x": neps.Float(0, 1, step=0.25)}, {"x": 0.3},
         "FloatDistribution(high=1.0, log=False, low=0.0, step=0.25), got 0.3"),
        ({"x": neps.Float(0, 8, prior=3)}, {"x": 7},  # a quantile is asked for
         "FloatDistribution(high=1.0, log=False, low=0.0, step=None), got 7"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*out of")
def test_values_outside_are_refused(made: Mapping[str, Any], params: Mapping[str, Any], message: str) -> None:
    """Optuna warns only, of fixed trials and of enqueued ones."""
    study = optuna.create_study()
    study.enqueue_trial(params)
    for trial in (optuna.trial.FixedTrial(params), study.ask()):
        with pytest.raises(neps.ConfigError) as caught:
            bridge.suggest(trial, space(**made))
        assert (
            str(caught.value).removesuffix(".0 @ x").removesuffix(" @ x")
            == f"a trial must decide within {message}"
        )


def test_wrong_arguments_of_suggest() -> None:
    trial = optuna.create_study().ask()
    for wrong in (None, optuna.create_study()):
        with pytest.raises(neps.ConfigError, match=r"^a trial of Optuna's is needed, got"):
            bridge.suggest(wrong, Networks())
    with pytest.raises(neps.SpaceError):
        bridge.suggest(trial, 3)
    with pytest.raises(neps.ConfigError, match="use_priors must be True or False"):
        bridge.suggest(trial, Networks(), use_priors="no")


# in the run


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


def test_an_ask_that_starts_nothing_leaves_no_trace() -> None:
    quiet, asked = (bridge.optuna(Sphere(), seed=0, sampler="random") for _ in range(2))
    for trial_id in (1, 2):
        trial = started(quiet.ask(trial_id), trial_id)
        for optimizer in (quiet, asked):
            optimizer.observe(trial)
    asked.ask(3)
    for optimizer in (quiet, asked):
        optimizer.observe(ended(trial, 0.5))
    for trial_id in (3, 4, 5):
        assert repr(asked.ask(trial_id)) == repr(quiet.ask(trial_id))
        trial = started(quiet.ask(trial_id), trial_id)
        for optimizer in (quiet, asked):
            optimizer.observe(trial)


def test_verbosity_stays() -> None:
    before = optuna.logging.get_verbosity()
    Player(bridge.optuna(Sphere(), seed=0), lambda trial: 1.0).play(3)
    assert optuna.logging.get_verbosity() == before


# flat spaces


def test_flat_spaces_go_both_ways() -> None:
    d = optuna.distributions
    distributions = {
        "lr": d.FloatDistribution(1e-4, 1.0, log=True),
        "share": d.FloatDistribution(0.0, 1.0, step=0.25),
        "width": d.IntDistribution(2, 64, log=True),
        "even": d.IntDistribution(2, 8, step=2),
        "kind": d.CategoricalDistribution((None, "adam", 3, 2.5, False)),
    }
    found = bridge.from_optuna(distributions)
    assert found == space(
        lr=neps.Float(1e-4, 1.0, log=True),
        share=neps.Float(0.0, 1.0, step=0.25),
        width=neps.Integer(2, 64, log=True),
        even=neps.Integer(2, 8, step=2),
        kind=neps.Categorical((None, "adam", 3, 2.5, False)),
    )
    assert bridge.to_optuna(found) == distributions
    assert bridge.to_optuna(space(n=3)) == {"n": d.CategoricalDistribution((3,))}


@pytest.mark.parametrize(
    "options",
    [
        {"FloatDistribution": (2.0, 2.0)},
        {"FloatDistribution": (2.0, 2.0, True)},
        {"FloatDistribution": (2.0, 2.0, False, 0.5)},
        {"IntDistribution": (3, 3)},
        {"IntDistribution": (3, 3, True)},
        {"IntDistribution": (3, 3, False, 5)},
        {"IntDistribution": (0, 2**60)},
    ],
)
def test_a_distribution_comes_back_as_it_is(options: Mapping[str, Any]) -> None:
    ((kind, arguments),) = options.items()
    given = {"x": getattr(optuna.distributions, kind)(*arguments)}
    found = bridge.from_optuna(given)
    assert bridge.to_optuna(found) == given
    assert isinstance(found.attributes["x"], (neps.Float, neps.Integer))


@pytest.mark.parametrize(
    ("lower", "upper", "step", "points"),
    [(0.0, 1.0, 0.3, 4), (3.8273202406645375, 6.627320240664538, 0.1, 29), (0.0, 0.5, 1.0, 1)],
)
def test_no_point_of_a_grid_is_lost(lower: float, upper: float, step: float, points: int) -> None:
    """Nor does Optuna warn of an upper end between two steps."""
    made = space(x=neps.Float(lower, upper, step=step), n=neps.Integer(0, 9, step=4))
    flat = bridge.to_optuna(made)
    assert round((flat["x"].high - flat["x"].low) / step) + 1 == points
    assert flat["n"] == optuna.distributions.IntDistribution(0, 8, step=4)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = {bridge.suggest(study.ask(), made)[0]["x"] for _ in range(12 * points)}
    assert len(seen) == points


def test_what_optuna_confuses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    made = space(same=neps.Categorical((1, True)), big=neps.Integer(0, 2**60), fine=neps.Integer(0, 2**53))
    assert bridge.from_optuna(bridge.to_optuna(made)) == made
    assert caplog.messages == [
        "Optuna takes choices that are equal for one, got (1, True) @ same",
        f"Optuna keeps integers exactly up to 2**53, got Integer(0, {2**60}) @ big",
    ]


def test_all_that_optuna_cannot_say_is_listed() -> None:
    made = space(
        structure=neps.Operation("conv", args=(3,)),
        grid=neps.Float(1, 8, log=True, step=1),
        big=neps.Integer(0, 2**60),
        prior=neps.Float(0, 1, prior=0.5),
        default=neps.Integer(1, 5, default=2),
        strange=neps.Categorical(((1, 2), "a")),
        order=neps.Ordinal((1, 2)),
        epochs=neps.IntegerFidelity(1, 9),
        function=print,
        fine=neps.Float(0, 1),
    )
    made = made.add_condition("fine", neps.Equals("order", 1)).add_forbidden(neps.Equals("big", 3))
    with pytest.raises(neps.ConversionError) as caught:
        bridge.to_optuna(made)
    lines = [(p.rule, p.place) for p in caught.value.problems]
    assert lines == [
        ("Optuna's distributions know no conditions", "fine"),
        ("Optuna's distributions know no forbidden clauses", "Space"),
        ("Optuna's distributions know numbers and choices only", "structure"),
        ("Optuna's distributions have a log scale or a step", "grid"),
        ("Optuna's distributions know no priors", "prior"),
        ("Optuna's distributions know no defaults", "default"),
        ("Optuna's choices are None, bools, numbers and texts", "strange"),
        ("Optuna's distributions know numbers and choices only", "order"),
        ("Optuna's distributions know numbers and choices only", "epochs"),
        ("Optuna's distributions know plain constants only", "function"),
    ]
    with pytest.raises(neps.ConversionError) as caught:
        bridge.from_optuna({"x": 3, "y": "uniform", "not a name": optuna.distributions.IntDistribution(1, 2)})
    assert [p.place for p in caught.value.problems][:2] == ["x", "y"]
    for wrong, got in (([], "list"), ({}, "none")):
        with pytest.raises(neps.ConversionError, match=f"a mapping from names to distributions, got {got}"):
            bridge.from_optuna(wrong)


def test_convert_knows_distributions() -> None:
    given = {
        "x": optuna.distributions.FloatDistribution(0.0, 1.0),
        "n": optuna.distributions.IntDistribution(1, 1),
    }
    made = neps.convert(given, "space")
    assert made == bridge.from_optuna(given)
    assert neps.convert(made, "optuna") == given


def test_the_params_of_a_trial_from_elsewhere_decide_it() -> None:
    """Where a clause leaves a gap, and by priors."""
    suggesting = pytest.importorskip("neps_cs_converters.optuna.suggesting")
    gaps = space(
        n=neps.Integer(0, 5, prior=0), m=neps.Integer(0, 5), c=neps.Categorical(("a", "b"), prior=0)
    ).add_forbidden(neps.Or((neps.Equals("n", 0), neps.Equals("m", 3))))
    for config in neps.enumerate(gaps):
        for use_priors in (True, False):
            params, _ = suggesting.answers(config, gaps.resolver, use_priors=use_priors)
            trial = optuna.trial.FixedTrial(params)
            assert bridge.suggest(trial, gaps, use_priors=use_priors)[0] == config
