"""`suggest`: define-by-run over our spaces, with Optuna itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

import neps_cs as neps
from neps_cs.space import PipelineSpace

pytestmark = pytest.mark.peer

optuna = pytest.importorskip("optuna")
bridge = pytest.importorskip("neps_cs_converters.optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def space(**attributes: Any) -> PipelineSpace:
    return PipelineSpace.from_attributes(attributes)


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
