"""Distributions in the NePS package: as its priors where those are equal, else drawn by."""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

neps = pytest.importorskip("neps")

from making import space as made  # noqa: E402
from neps_package import MARKS, evaluated, received_in_neps_run, sampled, seeded  # noqa: E402
from strategies_configspace import configspaces  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConversionError  # noqa: E402
from neps_cs.priors import ConfidenceLevel  # noqa: E402
from neps_cs_converters.neps import config_to_neps, from_neps, neps_optimizer, read_root, to_neps  # noqa: E402

pytestmark = MARKS
LEVELS = [*ConfidenceLevel]


@pytest.mark.parametrize("level", LEVELS)
def test_distributions_that_are_points_with_a_confidence_go_to_neps_as_such(level: ConfidenceLevel) -> None:
    """Their counterparts are those of the table of `to_configspace`."""
    p, s = level.weight, level.deviation
    space = made(
        a=neps_cs.Float(-2, 8, prior=neps_cs.Normal(3.0, s * 10)),
        b=neps_cs.Integer(0, 50, prior=neps_cs.Normal(7, s * 50)),
        c=neps_cs.Float(1e-4, 1, log=True, prior=neps_cs.Normal(0.01, s * math.log(1e4))),
        d=neps_cs.Categorical(("x", "y", "z"), prior=neps_cs.Weights((1 - p, 1 + 2 * p, 1 - p))),
        even=neps_cs.Categorical(("x", "y"), prior=neps_cs.Weights((3, 3))),
        flat=neps_cs.Float(0, 1, prior=neps_cs.Beta(1, 1)),
    )
    theirs = to_neps(space)
    attributes = theirs.get_attrs()
    found = {n: (v.prior, v.prior_confidence.value) for n, v in attributes.items() if v.has_prior}
    assert found == {n: (x, level.value) for n, x in (("a", 3.0), ("b", 7), ("c", 0.01), ("d", 1))}
    assert from_neps(theirs) == space == from_neps(pickle.loads(pickle.dumps(theirs)))


@pytest.mark.parametrize("level", LEVELS)
def test_a_prior_comes_back_out_of_a_configuration_space(level: ConfidenceLevel) -> None:
    space = made(
        lr=neps_cs.Float(1e-5, 0.3, log=True, prior=3e-3, prior_confidence=level),
        width=neps_cs.Integer(3, 17, prior=5, prior_confidence=level),
        kind=neps_cs.Categorical(("a", "b", "c", "d"), prior=2, prior_confidence=level),
    )
    attributes = to_neps(neps_cs.from_configspace(neps_cs.to_configspace(space).configspace)).get_attrs()
    for name, expected in to_neps(space).get_attrs().items():
        found = attributes[name]
        assert math.isclose(found.prior, expected.prior, rel_tol=1e-9)
        assert found.prior_confidence is expected.prior_confidence


@pytest.mark.parametrize(
    "parameter",
    [
        neps_cs.Float(0, 1, prior=neps_cs.Normal(0.5, 0.21)),
        neps_cs.Float(0, 1, prior=neps_cs.Normal(1.5, 0.2)),
        neps_cs.Integer(0, 10, prior=neps_cs.Normal(4.5, 2)),
        neps_cs.Float(0, 1, prior=neps_cs.Beta(2, 2)),
        neps_cs.Float(neps_cs.Float(0, 0.5), 1, prior=neps_cs.Normal(0.6, 0.2)),
        neps_cs.Categorical(("a", "b"), prior=neps_cs.Weights((1, 2))),
        neps_cs.Categorical(("a", "b"), prior=neps_cs.Weights((0, 1))),
        neps_cs.Categorical(("a", "b", "c"), prior=neps_cs.Weights((0.25, 0.6, 0.15))),
    ],
)
def test_others_are_refused_or_drawn(parameter: Any) -> None:
    space = made(x=parameter)
    with pytest.raises(ConversionError, match="NePS's priors are points"):
        to_neps(space)
    assert [loss.address for loss in to_neps(space, nearest=True).losses] == ["x"]
    theirs = to_neps(space, distributions="drawn")
    assert from_neps(theirs) == space == from_neps(pickle.loads(pickle.dumps(theirs)))
    assert not to_neps(space, nearest=True, distributions="drawn").losses
    with pytest.raises(ConversionError, match="distributions must be 'points' or 'drawn', got 'warped'"):
        to_neps(space, distributions="warped")  # type: ignore[call-overload]


NUMBERS = [
    CS.NormalFloatHyperparameter("x", 0.2, 0.1, 0, 1),
    CS.NormalFloatHyperparameter("x", 0.01, 0.5, 1e-3, 1, log=True),
    CS.NormalIntegerHyperparameter("x", 3, 2, 0, 9),
    CS.BetaFloatHyperparameter("x", 2, 5, -3, 3),
    CS.BetaIntegerHyperparameter("x", 2, 3, 0, 6),
    CS.NormalFloatHyperparameter("x", 0.5, 0.2, 0, 1),  # a point with a confidence, drawn all the same
]


def _drawn(space: Any, count: int) -> list[Any]:
    with seeded(5):
        return [evaluated(space, space.sample()[0])["x"] for _ in range(count)]


@pytest.mark.parametrize("hyperparameter", NUMBERS, ids=repr)
def test_numbers_are_drawn_by_their_distributions(hyperparameter: Any) -> None:
    cs = CS.ConfigurationSpace()
    cs.add(hyperparameter)
    space = neps_cs.from_configspace(cs)
    found = _drawn(to_neps(space, distributions="drawn"), 600)
    site = space.resolver.program.attribute("x")
    law = site.distribution(*site.allowed, use_prior=True)
    if site.record.integer:
        values = range(int(site.record.lower), int(site.record.upper) + 1)
        expected = [600 * float(law.pdf(v)) for v in values]
        assert stats.chisquare([found.count(v) for v in values], expected).pvalue > 1e-3
        assert {type(v) for v in found} == {int}
    else:
        assert stats.kstest(found, law.cdf).pvalue > 1e-3
        assert (
            stats.kstest(found, lambda x: stats.uniform.cdf(x, law.scale.lower, law.scale.upper)).pvalue
            < 1e-6
        )


def test_choices_are_drawn_by_their_weights() -> None:
    cs = CS.ConfigurationSpace()
    cs.add(CS.CategoricalHyperparameter("x", ["a", "b", "c", "d"], weights=[1, 0, 2, 5]))
    found = _drawn(to_neps(neps_cs.from_configspace(cs), distributions="drawn"), 800)
    assert "b" not in found
    assert stats.chisquare([found.count(c) for c in "acd"], [100, 200, 500]).pvalue > 1e-3


def test_closed_choices_have_no_weight() -> None:
    space = made(x=neps_cs.Categorical(("a", "b", "c"), prior=neps_cs.Weights((5, 1, 3)), among=(1, 2)))
    found = _drawn(to_neps(space, nearest=True, distributions="drawn").space, 400)
    assert stats.chisquare([found.count(c) for c in "bc"], [100, 300]).pvalue > 1e-3


OPTIMIZERS = ["auto", "complex_random_search", "random_search", "neps_regularized_evolution"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_of_neps_draws_them_and_goes_on(tmp_path: Path, optimizer: str) -> None:
    cs = CS.ConfigurationSpace()
    cs.add(CS.NormalFloatHyperparameter("x", 0.5, 0.001, 0, 1), CS.UniformFloatHyperparameter("y", 0, 1))
    space = neps_cs.from_configspace(cs)
    received = []
    for total in (3, 5):
        theirs = to_neps(space, distributions="drawn")
        received += received_in_neps_run(theirs, tmp_path / "root", total, optimizer)
    assert len(received) == 5
    assert all(0.495 < r["x"] < 0.505 for r in received)
    found = read_root(tmp_path / "root", space)
    assert not found.problems
    assert [neps_cs.resolve(space, t.config) for t in found] == received


def test_optimizers_of_classic_spaces_dont_take_what_is_drawn() -> None:
    space = made(x=neps_cs.Float(0, 1, prior=neps_cs.Beta(3, 4)), e=neps_cs.IntegerFidelity(1, 9))
    with pytest.raises(ConversionError, match="flat spaces only"):
        neps_optimizer("asha", distributions="drawn")(space)
    assert neps_optimizer("hyperband", distributions="drawn")(space).ask(1)


def test_a_prior_of_neps_replaces_a_distribution_only_through_our_space() -> None:
    theirs = to_neps(made(x=neps_cs.Float(0, 1, prior=neps_cs.Beta(3, 4))), distributions="drawn")
    with pytest.raises(ValueError, match="must not have a prior yet"):
        theirs.add_prior("x", 0.5, "low")
    more = theirs.add(neps.Float(0, 1), "y")
    assert more.x.distribution == neps_cs.Beta(3, 4)
    assert not more.x.has_prior


def test_near_a_value_numbers_are_drawn_as_ours() -> None:
    """What NePS's mutations draw of: its own draws on a log scale leave the bounds."""
    theirs = to_neps(made(n=neps_cs.Integer(6, 90, log=True), x=neps_cs.Float(1e-3, 0.5, log=True)))
    random.seed(1)
    for attribute, value in ((theirs.n, 7), (theirs.x, 0.49)):
        near = attribute.centered_around(value, neps.ConfidenceLevel.HIGH)
        assert near.prior == value
        drawn = [near.sample() for _ in range(500)]
        assert attribute.lower <= near.lower <= min(drawn) <= max(drawn) <= near.upper <= attribute.upper
    assert {6, 16} <= {theirs.n.centered_around(7, neps.ConfidenceLevel.HIGH).sample() for _ in range(900)}


@pytest.mark.parametrize(
    "hyperparameters",
    [
        [CS.Constant("x", None), CS.Constant("é", (1, "a"))],
        [CS.OrdinalHyperparameter("x", [False])],
        [CS.NormalFloatHyperparameter("x", 0, 0.1, 0, 1)],
        [CS.CategoricalHyperparameter("x", [(1, 2), None])],
        [CS.UniformFloatHyperparameter("", 0, 1), CS.UniformFloatHyperparameter("x", 0, 1)],
        [CS.CategoricalHyperparameter("x", ["a"]), CS.UniformIntegerHyperparameter("class", 1, 9)],
    ],
    ids=repr,
)
def test_neps_runs_spaces_of_few_decisions(tmp_path: Path, hyperparameters: list[Any]) -> None:
    """NePS's complex_random_search, which is its "auto" for such spaces, fails for its own ones."""
    cs = CS.ConfigurationSpace()
    cs.add(hyperparameters)
    space = neps_cs.from_configspace(cs)
    received = received_in_neps_run(to_neps(space, distributions="drawn"), tmp_path / "root", 9)
    assert len(received) == 9
    for values in received:
        CS.Configuration(cs, values=values).check_valid_configuration()
    found = read_root(tmp_path / "root", space)
    assert not found.problems
    assert [neps_cs.resolve(space, t.config) for t in found] == received
    for trial in found:
        written = config_to_neps(space, trial.config)
        assert written == trial.written == config_to_neps(to_neps(space, distributions="drawn"), trial.config)


def _without_conditions(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    free = CS.ConfigurationSpace(name=cs.name, meta=cs.meta)
    free.add(list(cs.values()))
    return free


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configspaces(nested=False), st.integers(0, 100))
def test_neps_runs_any_configuration_space(
    tmp_path_factory: pytest.TempPathFactory, cs: CS.ConfigurationSpace, seed: int
) -> None:
    cs = _without_conditions(cs)
    theirs = to_neps(neps_cs.from_configspace(cs), distributions="drawn")
    root = tmp_path_factory.mktemp("any") / "root"
    with seeded(seed):
        received = received_in_neps_run(theirs, root, 2)
        theirs = to_neps(neps_cs.from_configspace(cs), distributions="drawn")
        received += received_in_neps_run(theirs, root, 3)
    assert len(received) == 3
    for values in received:
        assert set(values) == set(cs)
        CS.Configuration(cs, values=values).check_valid_configuration()
    found = read_root(root, neps_cs.from_configspace(cs))
    assert not found.problems
    pipelines = [neps_cs.resolve(neps_cs.from_configspace(cs), t.config) for t in found]
    assert [repr(sorted(p.items())) for p in pipelines] == [repr(sorted(r.items())) for r in received]


@settings(max_examples=40)
@given(configspaces(), st.integers(0, 100))
def test_with_conditions_too(cs: CS.ConfigurationSpace, seed: int) -> None:
    space = neps_cs.from_configspace(cs)
    theirs, losses = to_neps(space, nearest=True, distributions="drawn")
    assert {loss.address for loss in losses} == set(space.conditions)
    assert from_neps(theirs) == space
    received = evaluated(theirs, sampled(theirs, seed))
    CS.Configuration(cs, values=received).check_valid_configuration()
