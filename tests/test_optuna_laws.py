"""Laws of the Optuna bridge over generated spaces and distributions, each with a plain twin elsewhere."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import flat_spaces, recursive_spaces, spaces
from strategies_forbidden import with_clauses

import neps_cs as neps
from neps_cs.space import PipelineSpace
from neps_cs.values import plain_key

pytestmark = pytest.mark.peer

optuna = pytest.importorskip("optuna")
bridge = pytest.importorskip("neps_cs_converters.optuna")
suggesting = pytest.importorskip("neps_cs_converters.optuna.suggesting")
optuna.logging.set_verbosity(optuna.logging.ERROR)

DEPTH = 3
ANY_SPACE = flat_spaces() | spaces(whole=True) | recursive_spaces(whole=True) | with_clauses(spaces())


@settings(deadline=None, max_examples=120)
@given(ANY_SPACE, st.booleans(), st.integers(0, 2**32 - 1))
def test_what_a_trial_decides_is_a_config_of_the_space(
    space: PipelineSpace, use_priors: bool, seed: int
) -> None:
    """Legal, with Optuna's own checks of one study, and the same again from its params or its config."""
    arguments: dict[str, Any] = {"use_priors": use_priors, "max_depth": DEPTH}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for _ in range(5):
        trial = study.ask()
        try:
            config, _ = bridge.suggest(trial, space, **arguments)
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        study.tell(trial, 0.0)
        assert repr(neps.resolve(space, config)) is not None
        frozen = study.trials[-1]
        for again in (frozen, optuna.trial.FixedTrial(frozen.params)):
            assert repr(bridge.suggest(again, space, **arguments)[0]) == repr(config)
        params, distributions = suggesting.answers(config, space.resolver, **arguments)
        assert distributions == frozen.distributions
        again = optuna.trial.create_trial(value=0.0, params=params, distributions=distributions)
        assert same(bridge.suggest(again, space, **arguments)[0], config)


def same(found: dict[str, Any], config: dict[str, Any]) -> bool:
    """Floats from their quantiles to ten digits or so, all else exactly."""
    pairs = [(found.get(a, ...), value) for a, value in config.items()]
    return len(found) == len(config) and all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) if type(a) is float is type(b) and math.isfinite(b)
        else repr(a) == repr(b) for a, b in pairs
    )  # fmt: skip


def made(kind: Any, *args: Any, **kwargs: Any) -> Any:
    """A distribution; Optuna warns where the upper end is off the grid, and moves it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(*args, **kwargs)


@st.composite
def distributions(draw: Any) -> Any:
    """Every distribution of Optuna's whose values floats tell apart."""
    kind = draw(st.sampled_from(("float", "log", "step", "int", "int log", "int step", "choice")))
    if kind == "choice":
        scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers(0, 2)
        choices = draw(st.lists(scalars, min_size=1, max_size=6, unique_by=plain_key))
        return optuna.distributions.CategoricalDistribution(choices)
    if kind.startswith("int"):
        low = draw(st.integers(-(2**70), 2**70) if kind != "int log" else st.integers(1, 2**70))
        high = low + draw(st.integers(0, 9) | st.integers(0, 2**70))
        step = draw(st.integers(1, 9) | st.integers(1, 2**60)) if kind == "int step" else 1
        return made(optuna.distributions.IntDistribution, low, high, log=kind == "int log", step=step)
    if kind == "step":
        low = draw(st.floats(-1e3, 1e3) | st.integers(-99, 99).map(lambda n: n / 10))
        step = draw(st.floats(1e-9, 1e3) | st.sampled_from((0.1, 0.05, 0.3, 1.0)))
        return made(optuna.distributions.FloatDistribution, low, low + draw(st.floats(0, 1e3)), step=step)
    ends = st.floats(-1e300, 1e300) if kind == "float" else st.floats(5e-324, 1e300)
    low, high = sorted((draw(ends), draw(ends)))
    return optuna.distributions.FloatDistribution(low, high, log=kind == "log")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(("a", "é", "two words", "1")), distributions(), min_size=1))
def test_distributions_come_back(given: dict[str, Any]) -> None:
    """And what a trial decides, the space takes."""
    space = bridge.from_optuna(given)
    back = bridge.to_optuna(space)
    assert back == given
    assert list(map(repr, back.values())) == list(map(repr, given.values()))  # 1, True and 1.0 apart
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    config, pipeline = bridge.suggest(trial, space)
    assert pipeline.keys() == given.keys()
    assert repr(neps.resolve(space, config)) == repr(pipeline)
    for name, value in pipeline.items():
        match given[name]:
            case optuna.distributions.CategoricalDistribution(choices=choices):
                assert repr(value) in map(repr, choices)
            case distribution:
                assert distribution.low <= value <= distribution.high


@settings(deadline=None)
@given(distributions(), st.integers(0, 2**32 - 1))
def test_values_of_a_distribution_are_those_of_its_parameter(distribution: Any, seed: int) -> None:
    space = bridge.from_optuna({"x": distribution})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    value = study.ask({"x": distribution}).params["x"]
    if type(distribution) is optuna.distributions.CategoricalDistribution or abs(value) < 2**53:
        neps.resolve(space, {"x": value})  # legal there, too
    drawn = space.sample(seed=seed)[1]["x"]
    if not (type(drawn) is int and abs(drawn) > 2**53):
        assert distribution._contains(distribution.to_internal_repr(drawn))
