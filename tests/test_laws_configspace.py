"""The laws on generated ConfigurationSpaces (3 and 5: test_configspace.py), and law 7 on generated spaces."""

from __future__ import annotations

import random
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from ConfigSpace.hyperparameters import NumericalHyperparameter
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest
from strategies_configspace import configspaces, numbers
from test_configspace import consistent
from test_laws import ANY_SPACE, DEPTH, PLAIN_TWINS, SEEDS, exact

import neps_cs as neps
from neps_cs.sampling.replay import Replay


def by_hand() -> CS.ConfigurationSpace:
    """A little of everything, with conditions and a clause."""
    cs = CS.ConfigurationSpace(name="by hand", seed=1)
    kind = CS.CategoricalHyperparameter("kind", ["a", "b", (1, 2)], weights=[1, 2, 3])
    rate = CS.NormalFloatHyperparameter("rate", mu=0.1, sigma=0.2, lower=1e-3, upper=1.0, log=True)
    layers = CS.UniformIntegerHyperparameter("layers", 1, 9)
    size = CS.OrdinalHyperparameter("size", ["s", "m", "l"])
    share = CS.BetaFloatHyperparameter("share", 2, 3, 0.0, 1.0)
    cs.add(kind, rate, layers, size, share, CS.Constant("fixed", "x"))
    cs.add(
        CS.EqualsCondition(rate, kind, "a"),
        CS.OrConjunction(CS.GreaterThanCondition(size, layers, 4), CS.NotEqualsCondition(size, kind, "b")),
    )
    cs.add(
        CS.ForbiddenAndConjunction(CS.ForbiddenEqualsClause(kind, "b"), CS.ForbiddenInClause(layers, [3, 4]))
    )
    return cs


def check_law_2(cs: CS.ConfigurationSpace) -> None:
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space)
    assert neps.equal(neps.from_configspace(made, sidecar), space)
    assert neps.equal(neps.from_configspace(made), space)


@given(configspaces())
def test_a_space_of_a_configuration_space_comes_back(cs: CS.ConfigurationSpace) -> None:
    """Law 2."""
    check_law_2(cs)


def check_law_4(cs: CS.ConfigurationSpace, seed: int) -> None:
    space = neps.from_configspace(cs)
    for priors in (False, True):
        config, pipeline = space.sample(seed, use_priors=priors)
        assert set(pipeline) >= set(config)
        assert repr(neps.resolve(space, config)) == repr(pipeline)
        again, pipeline_again = space.sample_by(Replay(config))
        assert exact(again) == exact(config)
        assert repr(pipeline_again) == repr(pipeline)


@given(configspaces(), SEEDS)
def test_a_sampled_config_resolves_and_replays(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 4."""
    check_law_4(cs, seed)


def check_law_7(
    space: neps.PipelineSpace, seed: int, priors: Any = "native", max_depth: int | None = None
) -> None:
    """The array of configs is that of their configurations, one by one and of many, NaN where inactive; and
    that of ConfigSpace's own samples once they were configs."""
    cs, sidecar = neps.to_configspace(space, max_depth, priors=priors)
    depth = {} if max_depth is None else {"max_depth": max_depth}
    configs = [space.sample(seed + i, use_priors=bool(i % 2), **depth)[0] for i in range(4)]
    configurations = sidecar.to_configurations(configs)
    array = sidecar.to_array(configs)
    assert array.shape == (4, len(cs))
    np.testing.assert_array_equal(array, [c.get_array() for c in configurations])
    np.testing.assert_array_equal(array, [sidecar.to_configuration(c).get_array() for c in configs])
    for row, configuration in zip(array, configurations, strict=True):
        assert [bool(np.isnan(row[cs.index_of[name]])) for name in cs] == [n not in configuration for n in cs]
    assert [exact(c) for c in sidecar.from_configurations(configurations)] == [exact(c) for c in configs]
    if not len(cs):
        return
    cs.seed(seed)
    drawn = [c for c in cs.sample_configuration(4) if consistent(c)]
    if drawn and not sidecar.loose and priors == "native":
        again = sidecar.to_array(sidecar.from_configurations(drawn))
        np.testing.assert_allclose(again, snapped(cs, drawn), atol=1e-9)


def snapped(cs: CS.ConfigurationSpace, configurations: list[CS.Configuration]) -> Any:
    """Their arrays, with the vectors of the values in place of those that ConfigSpace drew beside them."""
    made = [CS.Configuration(cs, values=dict(c)).get_array() for c in configurations]
    return np.array(made)


@given(ANY_SPACE, SEEDS)
def test_arrays_are_those_of_configurations(space: neps.PipelineSpace, seed: int) -> None:
    """Law 7 on generated spaces."""
    check_law_7(space, seed, max_depth=DEPTH)


@given(ANY_SPACE, SEEDS)
def test_warped_arrays_are_those_of_configurations(space: neps.PipelineSpace, seed: int) -> None:
    """Law 7 on generated spaces, warped."""
    check_law_7(space, seed, "warped", DEPTH)


@PLAIN_TWINS
def test_arrays_are_those_of_configurations_plain(make: Any) -> None:
    """Law 7 on spaces written by hand."""
    for seed in range(10):
        check_law_7(make(), seed, max_depth=DEPTH)


@given(configspaces(), SEEDS)
def test_arrays_of_configuration_spaces(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 7."""
    check_law_7(neps.from_configspace(cs), seed)


def check_law_8(cs: CS.ConfigurationSpace, seed: int) -> None:
    space = neps.from_configspace(cs)

    def drawn(global_seed: int) -> str:
        random.seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr,index] # noqa: NPY002
        made, sidecar = neps.to_configspace(space)
        configs = [space.sample(seed + i, use_priors=bool(i))[0] for i in range(2)]
        said = repr((configs, sidecar.from_configurations(sidecar.to_configurations(configs)), made))
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[union-attr,index] # noqa: NPY002
        return said

    assert drawn(1) == drawn(2)


@given(configspaces(), SEEDS)
def test_a_seed_decides_everything(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 8."""
    check_law_8(cs, seed)


def test_the_laws_by_hand() -> None:
    """Laws 2, 4, 7 and 8 on a ConfigurationSpace written by hand."""
    check_law_2(by_hand())
    for seed in range(10):
        check_law_4(by_hand(), seed)
        check_law_7(neps.from_configspace(by_hand()), seed)
        check_law_8(by_hand(), seed)


N = 600


@settings(max_examples=80)
@given(numbers(), st.integers(0, 1000))
def test_a_number_is_drawn_as_its_hyperparameter(hp: NumericalHyperparameter[Any], seed: int) -> None:
    """Law 6 on generated hyperparameters: ConfigSpace's samples follow the distribution of the attribute that
    it is read as. Log integers are ConfigSpace's own exception."""
    integer = isinstance(hp.lower, int)
    assume(not (hp.log and integer))
    cs = CS.ConfigurationSpace(seed=seed)
    cs.add(hp)
    distribution = neps.from_configspace(cs).attributes[hp.name].distribution()
    found = np.array([c[hp.name] for c in cs.sample_configuration(N)], dtype=float)
    if not integer:
        assert kstest(found, distribution.cdf).pvalue > 1e-5
        return
    # about thirty classes of integers that lie next to each other
    edges = np.unique(np.linspace(hp.lower, hp.upper, 30).round())
    upper = np.append(edges[1:] - 1, hp.upper)
    expected = distribution.cdf(upper) - np.append(0.0, distribution.cdf(upper)[:-1])
    counts = np.array([((found >= a) & (found <= b)).sum() for a, b in zip(edges, upper, strict=True)])
    kept = expected * N >= 5
    if kept.sum() > 1:
        rest = [counts[~kept].sum()] if (~kept).any() and expected[~kept].sum() * N >= 1 else []
        masses = [expected[~kept].sum() * N] if rest else []
        observed, wanted = np.append(counts[kept], rest), np.append(expected[kept] * N, masses)
        assert chisquare(observed, wanted * observed.sum() / wanted.sum()).pvalue > 1e-5


@pytest.mark.parametrize("seed", [1, 2])
def test_choices_are_drawn_by_their_weights(seed: int) -> None:
    """Law 6 for weights, of zero too."""
    cs = CS.ConfigurationSpace(seed=seed)
    cs.add(CS.CategoricalHyperparameter("c", ["a", "b", "c", "d"], weights=[1, 0, 2.5, 4]))
    masses = neps.from_configspace(cs).attributes["c"].distribution().pdf(np.arange(4))
    found = [c["c"] for c in cs.sample_configuration(N)]
    counts = np.array([found.count(c) for c in "abcd"])
    assert counts[1] == 0 == masses[1]
    assert chisquare(counts[masses > 0], masses[masses > 0] * N).pvalue > 1e-4
