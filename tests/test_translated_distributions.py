"""Law 6: a hyperparameter's samples are distributed as the parameter, natively and warped."""

from __future__ import annotations

from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from scipy.stats import chisquare, kstest

import neps_cs as neps

N = 4000

FLOATS: dict[str, neps.Float] = {
    "uniform": neps.Float(-2, 5),
    "log": neps.Float(1e-4, 1, log=True),
    "low": neps.Float(0, 10, prior=2),
    "medium": neps.Float(0, 10, prior=9, prior_confidence="medium"),
    "high": neps.Float(1e-5, 1e-1, log=True, prior=1e-3, prior_confidence="high"),
    "low, log": neps.Float(1e-5, 1e-1, log=True, prior=1e-1, prior_confidence="low"),
    "log above 1": neps.Float(2, 300, log=True, prior=20, prior_confidence="medium"),
    "normal": neps.Float(0, 10, prior=neps.Normal(12, 3)),
    "normal, log": neps.Float(1e-3, 10, log=True, prior=neps.Normal(0.1, 0.7)),
    "beta": neps.Float(-1, 1, prior=neps.Beta(2, 5)),
    "beta, log": neps.Float(1e-3, 10, log=True, prior=neps.Beta(3, 1.5)),
    "beta below 1": neps.Float(0, 1, prior=neps.Beta(0.5, 0.7)),
    "below 1e-13": neps.Float(0, 1e-14, prior=2e-15),
}
DISCRETE: dict[str, Any] = {
    "uniform": neps.Integer(-3, 4),
    "low": neps.Integer(1, 9, prior=3),
    "high": neps.Integer(1, 9, prior=8, prior_confidence="high"),
    "normal": neps.Integer(1, 9, prior=neps.Normal(4, 2)),
    "beta": neps.Integer(1, 9, prior=neps.Beta(2, 2)),
    "step": neps.Integer(1, 30, step=4),
    "step, log": neps.Integer(1, 64, step=7, log=True),
    "step, prior": neps.Integer(0, 20, step=2, prior=6, prior_confidence="high"),
}
CHOICES: dict[str, neps.Categorical] = {
    "uniform": neps.Categorical(("a", "b", "c")),
    "prior": neps.Categorical(("a", "b", "c"), prior=1, prior_confidence="medium"),
    "weights": neps.Categorical(("a", "b", "c", "d"), prior=neps.Weights((1, 0, 3, 2))),
}
MODES = pytest.mark.parametrize("priors", ["native", "warped", "drop"])


def sampled(parameter: Any, priors: Any) -> list[Any]:
    """N values that ConfigSpace samples, as configs say them."""
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    cs, sidecar = neps.to_configspace(space, priors=priors)
    if priors != "native":
        uniform = (
            CS.UniformFloatHyperparameter,
            CS.UniformIntegerHyperparameter,
            CS.CategoricalHyperparameter,
        )
        assert all(isinstance(hp, uniform) for hp in cs.values())
        assert all(hp.weights is None for hp in cs.values() if isinstance(hp, CS.CategoricalHyperparameter))
    cs.seed(11)
    return [c["x"] for c in sidecar.from_configurations(cs.sample_configuration(N))]


@MODES
@pytest.mark.parametrize("name", FLOATS)
def test_floats(name: str, priors: Any) -> None:
    distribution = FLOATS[name].distribution(use_prior=priors != "drop")
    assert kstest(sampled(FLOATS[name], priors), distribution.cdf).pvalue > 0.001


def fits(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> bool:
    """By chi-square, where there is any mass."""
    assert found[expected == 0].sum() == 0
    kept = expected > 0
    return bool(chisquare(found[kept], expected[kept] / expected.sum() * found.sum()).pvalue > 0.001)


@pytest.mark.parametrize("priors", ["native", "warped", "drop"])
@pytest.mark.parametrize("name", DISCRETE)
def test_integers(name: str, priors: Any) -> None:
    number = DISCRETE[name]
    values = np.arange(number.lower, number.upper + 1)
    expected = number.distribution(use_prior=priors != "drop").pdf(values)
    found = np.array([sampled(number, priors).count(v) for v in values.tolist()])
    assert fits(found, expected)


@MODES
@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str, priors: Any) -> None:
    choice = CHOICES[name]
    expected = choice.distribution(use_prior=priors != "drop").pdf(np.arange(len(choice.choices)))
    values = sampled(choice, priors)
    assert fits(np.array([values.count(c) for c in choice.choices]), expected)


def test_bounds_that_are_parameters() -> None:
    """The number is uniform within the bounds that were drawn: u of each is uniform."""
    space = neps.PipelineSpace.from_attributes(
        {"low": neps.Float(0, 1), "x": neps.Float(neps.ByName("low"), 2)}
    )
    cs, sidecar = neps.to_configspace(space)
    cs.seed(5)
    configs = sidecar.from_configurations(cs.sample_configuration(N))
    places = [(c["x"] - c["low"]) / (2 - c["low"]) for c in configs]  # type: ignore[operator]
    assert kstest(places, "uniform").pvalue > 0.001


def test_native_and_warped_samples_of_a_whole_space_agree() -> None:
    """Under conditions too, where SMAC takes no Normal."""

    class Space(neps.PipelineSpace):
        lr = neps.Float(1e-5, 1e-1, log=True, prior=1e-3, prior_confidence="high")
        model = neps.Categorical(
            ("small", neps.Operation("large", (neps.Integer(1, 9, prior=7, prior_confidence="high"),))),
            prior=1,
        )

    space = Space()
    cs, sidecar = neps.to_configspace(space, priors="warped")
    cs.seed(2)
    configs = sidecar.from_configurations(cs.sample_configuration(N))
    own = [space.sample(seed, use_priors=True)[0] for seed in range(N)]
    shares = [sum(c["model"] == "large" for c in found) / N for found in (configs, own)]
    assert shares == pytest.approx([0.625, 0.625], abs=0.025)
    at = "model:large:0"
    expected = neps.Integer(1, 9, prior=7, prior_confidence="high").distribution().pdf(np.arange(1, 10))
    found = np.array([sum(c.get(at) == k for c in configs) for k in range(1, 10)])
    assert fits(found, expected)
