"""What ConfigSpace can't hold itself: exact through the side-car all the same."""

from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from ConfigSpace.util import get_one_exchange_neighbourhood
from strategies import gather
from test_laws import exact

import neps_cs as neps

UNIFORM, INDEX = CS.UniformFloatHyperparameter, CS.UniformIntegerHyperparameter
CHOICE = CS.CategoricalHyperparameter
LOW = neps.Integer(1, 5)


def flat(**attributes: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(attributes)


EDGES: dict[str, tuple[Any, type]] = {
    "bounds below 1e-13": (neps.Float(0, 1e-14), UNIFORM),
    "log bounds below 1e-13": (neps.Float(1e-20, 1e-15, log=True), UNIFORM),
    "bounds of more than 13 decimals": (neps.Float(1 / 3, 2 / 3), UNIFORM),
    "bounds beyond 1e290": (neps.Float(1, 1e300, log=True), UNIFORM),
    "a range of one ulp": (neps.Float(1.0, math.nextafter(1.0, 2)), UNIFORM),
    "integers around 2**53": (neps.Integer(2**53 - 2, 2**53 + 5), INDEX),
    "integers of 70 bits": (neps.Integer(2**60, 2**70), UNIFORM),
    "log integers of 70 bits": (neps.Integer(1, 2**70, log=True), UNIFORM),
    "True, 1 and 1.0": (neps.Categorical((True, 1, 1.0)), CHOICE),
    "True and 2.5": (neps.Categorical((True, 2.5)), CHOICE),
    "None, tuples, functions, modules": (
        neps.Categorical((None, (1, 2), gather, math, [1], {"a": 1})), CHOICE,
    ),
    "structures": (neps.Categorical((neps.Operation(gather, (1,)), (1, neps.Float(0, 1)))), CHOICE),
    "one choice": (neps.Categorical(("only",)), CHOICE),
    "one value of an ordinal": (neps.Ordinal((None,)), CS.OrdinalHyperparameter),
    "an ordinal of mixed values": (neps.Ordinal((True, 2.5, "x", None)), CS.OrdinalHyperparameter),
    "one point": (neps.Float(0.1, 0.1), CS.Constant),
    "a step that leaves one point": (neps.Integer(0, 1, step=2, default=0), CS.Constant),
    "a step of floats that leaves one point": (neps.Float(0.5, 1, step=2), CS.Constant),
    "an ordinal of numbers that a float can't hold": (
        neps.Ordinal((0.0, 2**53 + 1), default=1), CS.OrdinalHyperparameter,
    ),
    "choices of numbers that a float can't hold": (
        neps.Categorical((2**53 + 1, 0.0, True), default=0), CHOICE,
    ),
    "one integer beyond 2**53": (neps.Integer(2**60 + 1, 2**60 + 1), CS.Constant),
    "log_base": (neps.Float(1e-3, 1.0, log=True, log_base=10), UNIFORM),
    "a step": (neps.Float(0.1, 1.0, step=0.1), INDEX),
    "a step of integers": (neps.Integer(8, 64, step=8, default=16), INDEX),
    "a step on a log scale": (neps.Integer(1, 64, step=3, log=True), UNIFORM),
    "a step with a prior": (neps.Float(0, 1, step=0.25, prior=0.5), UNIFORM),
    "a lower bound that is a parameter": (neps.Integer(LOW, 9), UNIFORM),
    "bounds that are parameters": (neps.Float(neps.Float(0, 1), neps.Float(2, 3)), UNIFORM),
    "a prior between such bounds": (neps.Float(LOW, 9, prior=neps.Normal(5, 2)), UNIFORM),
    "Beta below 1": (neps.Float(0, 1, prior=neps.Beta(0.5, 0.5)), UNIFORM),
    "a sigma below 1e-13": (neps.Float(0, 1, prior=neps.Normal(0.5, 1e-15)), UNIFORM),
    "text that ends in NUL": (neps.Categorical(("a", "a\0")), CHOICE),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_edges_are_exact_through_the_sidecar(name: str) -> None:
    parameter, kind = EDGES[name]
    space = neps.PipelineSpace.from_attributes({"x": parameter})
    translation = neps.to_configspace(space)
    cs, sidecar = translation
    assert type(cs["x"]) is kind
    assert translation.losses == ()
    assert neps.from_configspace(cs, sidecar) == space
    configs = [space.sample(seed, use_priors=bool(seed % 2))[0] for seed in range(20)]
    configurations = sidecar.to_configurations(configs)
    assert [exact(c) for c in sidecar.from_configurations(configurations)] == [exact(c) for c in configs]
    assert [exact(sidecar.from_configuration(c)) for c in configurations] == [exact(c) for c in configs]
    for configuration in configurations:
        configuration.check_valid_configuration()
    cs.seed(0)
    for configuration in cs.sample_configuration(20):
        config = sidecar.from_configuration(configuration)
        assert neps.resolve(space, config).keys() == {"x"}
        assert exact(sidecar.from_configuration(sidecar.to_configuration(config))) == exact(config)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_exact_values_survive_copies_of_configurations(copied: Any) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Integer(2**60, 2**70), "y": neps.Float(0, 1e-14)})
    sidecar = neps.to_configspace(space).sidecar
    config = {"x": 2**65 + 1, "y": 1e-15 / 3}
    assert sidecar.from_configuration(copied(sidecar.to_configuration(config))) == config


def test_a_changed_configuration_is_read_anew() -> None:
    sidecar = neps.to_configspace(
        neps.PipelineSpace.from_attributes({"x": neps.Integer(2**60, 2**70)})
    ).sidecar
    configuration = sidecar.to_configuration({"x": 2**65})
    configuration["x"] = 0.0
    assert sidecar.from_configuration(configuration) == {"x": 2**60}


def test_names_that_differ_in_odd_characters_only() -> None:
    names = [
        "a",
        "a ",
        " a",
        "A",
        "\u00e1",
        "a\u0301",
        "a\n",
        "a\t",
        "a:b",
        "a/b",
        "a.b",
        "a#",
        "",
        "None",
        "1",
        "\u200ba",
    ]
    space = neps.PipelineSpace.from_attributes({n: neps.Float(0, 1) for n in names})
    cs, sidecar = neps.to_configspace(space)
    assert sorted(cs) == sorted(names)
    config, _ = space.sample(1)
    assert sidecar.from_configuration(sidecar.to_configuration(config)) == config


def test_a_seldom_bound_is_reached() -> None:
    """Both ends of a grid, of integers beyond 2**53, and of a range below 1e-13."""
    parameters = {
        "g": neps.Float(0.1, 1.0, step=0.1),
        "i": neps.Integer(2**60, 2**60 + 1),
        "f": neps.Float(0, 1e-14),
    }
    space = neps.PipelineSpace.from_attributes(parameters)
    sidecar = neps.to_configspace(space).sidecar
    for config in ({"g": 0.1, "i": 2**60, "f": 0.0}, {"g": 1.0, "i": 2**60 + 1, "f": 1e-14}):
        array = sidecar.to_array([config])
        assert sidecar.from_array(array) == [config]
        np.testing.assert_array_equal(sidecar.to_configuration(config).get_array(), array[0])


def test_configurations_show_plain_values() -> None:
    """JSON takes what ConfigSpace samples from a translation; from its own spaces it hands out numpy's."""
    choices = {"s": ("a", "b"), "b": (True, False), "i": (1, 2), "f": (0.5, 2.5), "m": (1, "a", 2.5, None)}
    raw = CS.ConfigurationSpace(seed=1)
    raw.add([CS.CategoricalHyperparameter(n, list(c)) for n, c in choices.items()])
    assert type(raw.sample_configuration()["b"]) is np.bool_
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(dict(raw.sample_configuration()))
    cs = neps.to_configspace(neps.from_configspace(raw)).configspace
    cs.seed(1)
    for configuration in cs.sample_configuration(20):
        values = dict(configuration)
        assert {n: type(v) for n, v in json.loads(json.dumps(values)).items()} == {
            n: type(v) for n, v in values.items()
        }
    assert cs == raw


def test_equal_configurations_hash_alike() -> None:
    """SMAC counts configurations by their hash: ConfigSpace's own differ with the way they were made."""
    raw = CS.ConfigurationSpace({"c": ["a", "b"]}, seed=0)
    sampled = raw.sample_configuration()
    made = CS.Configuration(raw, values={"c": str(sampled["c"])})
    assert made == sampled
    assert hash(made) != hash(sampled)
    cs, sidecar = neps.to_configspace(neps.from_configspace(raw))
    cs.seed(0)
    sampled = cs.sample_configuration()
    ways = [
        sampled,
        CS.Configuration(cs, values={"c": str(sampled["c"])}),
        CS.Configuration(cs, vector=sampled.get_array()),
        sidecar.to_configuration(sidecar.from_configuration(sampled)),
    ]
    assert len(set(ways)) == 1
    assert len({hash(c) for c in ways}) == 1


def test_conditions_on_what_is_held_by_its_place() -> None:
    """Steps, integers beyond 2**53, and warped parents decide as their values say."""
    parents = {
        "grid": (neps.Float(0.1, 1.0, step=0.1), neps.Greater("grid", 0.35)),
        "large": (neps.Integer(2**60, 2**60 + 3), neps.Less("large", 2**60 + 2)),
        "tiny": (neps.Float(0, 1e-14), neps.Less("tiny", 5e-15)),
        "log": (neps.Integer(1, 40, step=3, log=True), neps.In("log", (4, 7, 16))),
        "prior": (neps.Integer(1, 9, prior=3), neps.NotEquals("prior", 3)),
        "choice": (neps.Categorical(("a", "b", "c", "d"), prior=1), neps.In("choice", ("a", "c", "d"))),
        "normal": (neps.Float(0, 1, prior=0.2), neps.Greater("normal", 0.25)),
    }
    attributes: dict[str, Any] = {n: p for n, (p, _) in parents.items()}
    attributes |= {f"{n}_child": neps.Float(0, 1) for n in parents}
    conditions = {f"{n}_child": c for n, (_, c) in parents.items()}
    space = neps.PipelineSpace.from_attributes(attributes, conditions=conditions)
    seen: set[tuple[str, bool]] = set()
    for priors in ("native", "warped", "drop"):
        cs, sidecar = neps.to_configspace(space, priors=priors)
        cs.seed(3)
        for configuration in cs.sample_configuration(60):
            config = sidecar.from_configuration(configuration)
            neps.resolve(space, config)
            assert exact(sidecar.from_configuration(sidecar.to_configuration(config))) == exact(config)
            seen |= {(n, f"{n}_child" in config) for n in parents}
        for seed in range(30):
            config, _ = space.sample(seed, use_priors=True)
            sidecar.to_configuration(config).check_valid_configuration()
    assert seen == {(n, active) for n in parents for active in (True, False)}


def test_a_number_of_one_grid_point_may_decide_what_is_active() -> None:
    """It is a Constant, which ConfigSpace does not order."""
    space = flat(x=neps.Integer(0, 1, step=2), y=neps.Float(0, 1), z=neps.Float(0, 1))
    space = space.add_condition("y", neps.Less("x", 1)).add_condition("z", neps.Greater("x", 0))
    cs, sidecar = neps.to_configspace(space)
    config, _ = space.sample(0)
    assert config.keys() == {"x", "y"}
    assert sidecar.from_configuration(sidecar.to_configuration(config)) == config
    assert set(cs.sample_configuration()) == {"x", "y"}


def test_an_integer_beyond_all_floats_is_refused_as_any_other() -> None:
    _, sidecar = neps.to_configspace(flat(x=neps.Integer(0, 9)))
    with pytest.raises(neps.ConfigError) as error:
        sidecar.to_configurations([{"x": 1}, {"x": 10**400}])
    assert [p.place for p in error.value.problems] == ["x"]


def test_a_number_whose_bounds_are_drawn_may_decide_what_is_active() -> None:
    """As a count, and as the parent of a condition: ConfigSpace can't say it, the side-car drops the rest."""
    low = neps.Integer(1, 3)
    space = flat(
        low=low,
        items=neps.Repeated(neps.Integer(low, 4), neps.Float(0, 1).resample()),
        x=neps.Integer(low, 9),
    )
    space = space.add(neps.Float(0, 1), "child").add_condition("child", neps.Greater("x", 5))
    cs, sidecar = neps.to_configspace(space)
    configs = [space.sample(seed)[0] for seed in range(40)]
    configurations = sidecar.to_configurations(configs)
    assert sidecar.from_configurations(configurations) == configs
    for configuration in configurations:
        configuration.check_valid_configuration()
    cs.seed(0)
    counts = set()
    for configuration in cs.sample_configuration(60):
        config = sidecar.from_configuration(configuration)
        pipeline = neps.resolve(space, config)
        assert ("child" in pipeline) == (pipeline["x"] > 5)
        counts.add(len(pipeline["items"]))
    assert counts == {1, 2, 3, 4}


LARGE = {
    "linear": neps.Integer(-(2**53), 2**53),
    "log": neps.Integer(2, 2**53, log=True),
    "log, prior": neps.Integer(1, 2**53, log=True, prior=2**50),
    "narrow": neps.Integer(2**50, 2**50 + 3, log=True),
    "narrower than ConfigSpace takes": neps.Integer(2**53 - 1, 2**53, log=True),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_integers_come_back_to_the_last_digit(name: str) -> None:
    number = LARGE[name]
    _, sidecar = neps.to_configspace(flat(x=number))
    assert isinstance(number.upper, int)
    values = [v for v in range(number.upper - 300, number.upper + 1) if v >= number.lower]  # type: ignore[operator]
    configurations = sidecar.to_configurations([{"x": v} for v in values])
    assert [c["x"] for c in sidecar.from_configurations(configurations)] == values
    copies = pickle.loads(pickle.dumps(configurations))
    assert [c["x"] for c in sidecar.from_configurations(copies)] == values


UNLIKELY: dict[str, tuple[Any, Any]] = {
    "a grid": (neps.Integer(0, 40, step=10, prior=neps.Normal(40, 1)), neps.Equals("n", 10)),
    "integers": (neps.Integer(0, 100, prior=neps.Normal(90, 1)), neps.Less("n", 7)),
    "floats below": (neps.Float(0, 100, prior=neps.Normal(90, 1)), neps.Less("n", 40)),
    "floats above": (neps.Float(0, 100, prior=neps.Normal(90, 1)), neps.Greater("n", 40)),
    "a branch without weight": (
        neps.Categorical((9, 10, 11), prior=neps.Weights((1, 0, 1))), neps.Equals("n", 10),
    ),
}  # fmt: skip


@pytest.mark.parametrize("priors", ["native", "warped"])
@pytest.mark.parametrize("name", UNLIKELY)
def test_what_a_prior_makes_unlikely_has_a_place(name: str, priors: Any) -> None:
    """Law 5 where the quantiles of values are alike in 13 decimals, and conditions read them."""
    parent, condition = UNLIKELY[name]
    space = flat(n=parent, x=neps.Float(0, 1)).add_condition("x", condition)
    cs, sidecar = neps.to_configspace(space, priors=priors)
    for seed in range(40):
        config, _ = space.sample(seed)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
    for config in sidecar.from_configurations(cs.sample_configuration(40)):
        neps.resolve(space, config)


def test_two_unlikely_values_are_two_configurations() -> None:
    _, sidecar = neps.to_configspace(flat(n=neps.Integer(0, 40, step=10, prior=neps.Normal(40, 1))))
    assert len(set(sidecar.to_configurations([{"n": n} for n in range(0, 41, 10)]))) == 5
    assert sidecar.from_array(sidecar.to_array([{"n": 10}])) == [{"n": 10}]


def test_neighbours_of_integers_with_a_prior_are_read() -> None:
    """ConfigSpace finds them beside the vectors of their values, and compares vectors."""
    count = neps.Integer(0, 3, prior=1)
    space = flat(n=count, m=neps.Repeated(count, neps.Float(0, 1).resample()))
    cs, sidecar = neps.to_configspace(space)
    cs.seed(0)
    for configuration in cs.sample_configuration(20):
        for neighbour in get_one_exchange_neighbourhood(configuration, seed=1):
            config = sidecar.from_configuration(neighbour)
            sidecar.to_configuration(config).check_valid_configuration()


@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_a_sidecar_goes_to_other_processes(copied: Any) -> None:
    space = flat(n=neps.Integer(0, 40, step=10, prior=20), k=neps.Categorical((gather, None)))
    cs, sidecar = neps.to_configspace(space, priors="warped")
    there = copied(sidecar)
    assert there.configspace == cs
    assert neps.equal(there.space, space)
    for seed in range(5):
        config, _ = space.sample(seed)
        assert exact(there.from_configuration(sidecar.to_configuration(config))) == exact(config)
