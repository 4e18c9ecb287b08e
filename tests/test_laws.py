"""The laws of the translation on generated spaces, each with a plain twin on a space written by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration
from ConfigSpace.exceptions import ActiveHyperparameterNotSetError, InactiveHyperparameterSetError
from hypothesis import given
from hypothesis import strategies as st
from strategies import TRUST, Built, flat_spaces, gather, recursive_spaces, scale, spaces

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document
from neps_cs.graph.lower import lift, lower
from neps_cs.sampling.replay import replay

DEPTH = 3
SEEDS = st.integers(0, 2**32 - 1)


ANY_SPACE = flat_spaces() | spaces() | recursive_spaces()
WHOLE_LANGUAGE = ANY_SPACE | spaces(whole=True) | recursive_spaces(whole=True)


class Net(neps.PipelineSpace):
    """A little of everything."""

    lr = neps.Float(1e-4, 1e-1, log=True, prior=1e-2, prior_confidence="high")
    _width = neps.Integer(8, 64, log=True)
    act = neps.Categorical((None, True, 1, 1.0, "relu", scale, (1, 2)), prior=4)
    size = neps.Ordinal(("s", "m", "l"))
    epochs = neps.IntegerFidelity(1, 27)
    offset = None
    block = neps.Operation(gather, (_width, neps.ByName("size")), {"w": _width.resample()})
    _cell = neps.Categorical((block, neps.ByName("block").resample(), "id"))
    model = neps.Repeated(neps.Integer(0, 2), _cell.resample())


class Grammar(neps.PipelineSpace):
    """Trees with a number at each leaf."""

    leaf = neps.Float(0, 1)
    tree = neps.Categorical(
        (
            neps.ByName("leaf").resample(),
            neps.Operation(gather, (neps.ByName("tree").resample(), neps.ByName("leaf"))).resample(),
        )
    )


PLAIN_TWINS = pytest.mark.parametrize("make", [Net, Grammar])


def exact(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """A config in which True, 1 and 1.0 differ, and 0.0 and -0.0."""
    return {k: (type(v).__name__, repr(v)) for k, v in config.items()}


def check_lift(space: neps.PipelineSpace) -> None:
    graph = space.graph
    hidden = frozenset(r.name for r in graph.roots if r.intermediate)
    again = lower(lift(graph), intermediate=hidden, conditions=graph.conditions, edits=graph.edits)
    assert to_document(again) == to_document(graph) | {"name": again.name}
    text = json.dumps(to_document(graph), allow_nan=False)
    read = neps.PipelineSpace.from_graph(from_document(json.loads(text), trust=TRUST))
    assert neps.equal(read, space)
    assert json.dumps(to_document(read.graph)) == text
    assert dict(read.conditions) == dict(space.conditions)


@given(WHOLE_LANGUAGE)
def test_lift_undoes_lower(space: neps.PipelineSpace) -> None:
    """Law 1."""
    check_lift(space)


@PLAIN_TWINS
def test_lift_undoes_lower_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 1 on spaces written by hand; sharing is kept: one object used twice stays one."""
    check_lift(make())
    attributes = lift(Net().graph)
    assert attributes["block"].args[0] is attributes["_width"]
    assert attributes["block"].kwargs["w"].source is attributes["_width"]


def test_conditions_survive_json() -> None:
    """Law 1 for conditions, which stand beside the attributes; values keep their types."""
    made = Net().add_condition("lr", neps.Or((neps.Equals("act", True), neps.In("act", (1.0, None)))))
    check_lift(made)
    assert not neps.equal(made, Net())


def test_spaces_that_differ_are_not_equal() -> None:
    """Law 1 would hold for an `equal` that is always true."""
    x = neps.Float(0, 1)
    made = [
        {"a": x, "b": x},
        {"a": x, "b": neps.Float(0, 1)},
        {"a": x, "b": neps.ByName("a")},
        {"b": x, "a": x},
        {"a": neps.Float(0, 1, log_base=10), "b": x},
        {"a": neps.Categorical((1, True)), "b": x},
        {"a": neps.Categorical((True, 1)), "b": x},
        {"a": neps.Categorical((1.0, True)), "b": x},
        {"a": (1, x), "b": x},
        {"a": [1, x], "b": x},
        {"a": x.resample(), "b": x},
    ]
    all_spaces = [neps.PipelineSpace.from_attributes(m) for m in made]
    for i, a in enumerate(all_spaces):
        for k, b in enumerate(all_spaces):
            assert neps.equal(a, b) == (i == k), (made[i], made[k])


@given(ANY_SPACE)
def test_the_sidecar_gives_the_space_back(space: neps.PipelineSpace) -> None:
    """Law 2, and nothing is lost on the way."""
    translation = neps.to_configspace(space, max_depth=DEPTH)
    assert translation.losses == ()
    assert neps.equal(neps.from_configspace(*translation), space)


@PLAIN_TWINS
def test_the_sidecar_gives_the_space_back_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 2 on spaces written by hand."""
    cs, sidecar = neps.to_configspace(make(), max_depth=DEPTH)
    assert neps.from_configspace(cs, sidecar) == make()


def check_replay(space: neps.PipelineSpace, seed: int) -> None:
    config, pipeline = space.sample(seed, max_depth=DEPTH)
    assert exact(json.loads(json.dumps(config))) == exact(config)
    again = replay(space.resolver, config)
    assert exact(again.config) == exact(config)
    assert list(again.config) == list(config)
    # repr tells True, 1 and 1.0 apart, which == does not
    assert (again.pipeline, repr(again.pipeline)) == (pipeline, repr(pipeline))
    assert repr(neps.resolve(space, config)) == repr(pipeline)
    assert set(pipeline) <= {r.name for r in space.graph.roots if not r.intermediate}


@given(WHOLE_LANGUAGE, SEEDS)
def test_replay_repeats(space: neps.PipelineSpace, seed: int) -> None:
    """Law 4."""
    check_replay(space, seed)


@PLAIN_TWINS
def test_replay_repeats_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 4 on spaces written by hand."""
    for seed in range(50):
        check_replay(make(), seed)


def test_replay_of_a_config_by_hand() -> None:
    """What is recorded is what comes out, type for type."""
    config = {
        "lr": 0.01, "act": "(1, 2)", "size": "m", "block:w": 9, "_width": 8, "model:count": 2,
        "model:0": "gather", "model:1": "block", "model:1:block:w": 10,
    }  # fmt: skip
    block = Built((8, "m"), {"w": 9})
    assert neps.resolve(Net(), config, {"epochs": 3}) == {
        "lr": 0.01, "act": (1, 2), "size": "m", "epochs": 3, "offset": None, "block": block,
        "model": (block, Built((8, "m"), {"w": 10})),
    }  # fmt: skip


def _consistent(configuration: Configuration) -> bool:
    """Whether ConfigSpace itself takes the values of its own sample: a log integer with a prior that
    decides what is active is drawn beside the vectors of its values, and then its children are wrong."""
    try:
        Configuration(configuration.config_space, values=dict(configuration))
    except (ActiveHyperparameterNotSetError, InactiveHyperparameterSetError):
        return False
    return True


def alive(sidecar: neps.Sidecar, configuration: Configuration, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what it holds although it is dead: see neps_cs.resolving.star."""
    return {k: v for k, v in dict(configuration).items() if k in config or k not in sidecar.loose}


def check_configurations(space: neps.PipelineSpace, seed: int) -> None:
    cs, sidecar = neps.to_configspace(space, max_depth=DEPTH)
    for i in range(3):
        config, pipeline = space.sample(seed + i, max_depth=DEPTH)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
        assert repr(sidecar.resolve(configuration)) == repr(pipeline)
    cs.seed(seed)
    for configuration in cs.sample_configuration(4) if len(cs) else []:
        config = sidecar.from_configuration(configuration)
        assert repr(neps.resolve(space, config)) == repr(sidecar.resolve(configuration))
        again = sidecar.to_configuration(config)
        same = alive(sidecar, again, config) == alive(sidecar, configuration, config)
        assert same or not _consistent(configuration)
        assert sidecar.loose or again == configuration or not _consistent(configuration)
        assert exact(sidecar.from_configuration(sidecar.to_configuration(config))) == exact(config)
    default = cs.get_default_configuration()
    again = sidecar.to_configuration(sidecar.from_configuration(default))
    # a default at a bound that ConfigSpace rounded outwards comes back as the exact bound
    np.testing.assert_allclose(again.get_array(), default.get_array(), atol=1e-9)


@given(ANY_SPACE, SEEDS)
def test_configs_and_configurations_are_the_same(space: neps.PipelineSpace, seed: int) -> None:
    """Law 5."""
    check_configurations(space, seed)


@PLAIN_TWINS
def test_configs_and_configurations_are_the_same_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 5 on spaces written by hand."""
    for seed in range(20):
        check_configurations(make(), seed)


def test_configuration_of_a_config_by_hand() -> None:
    """The configuration holds the labels of structures and exactly the active hyperparameters."""
    _, sidecar = neps.to_configspace(Net())
    config = {
        "lr": 0.01, "act": 1.0, "size": "m", "block:w": 9, "_width": 8, "model:count": 2,
        "model:0": "id", "model:1": "block", "model:1:block:w": 10,
    }  # fmt: skip
    configuration = sidecar.to_configuration(config)
    assert set(configuration) == {*config, "offset"}
    assert configuration["model:1"] == "block"
    assert configuration["block:w"] == 9
    assert exact(sidecar.from_configuration(configuration)) == exact(config)


def _global_state() -> tuple[Any, ...]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), kind, keys.tolist(), *rest


def _seed_global(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


def check_draws(space: neps.PipelineSpace, seed: int) -> None:
    def drawn(global_seed: int) -> str:
        _seed_global(global_seed)
        before = _global_state()
        results = [space.sample(seed, use_priors=p, max_depth=DEPTH) for p in (False, True)]
        results += [(c, neps.resolve(space, c)) for c, _ in results]
        assert _global_state() == before
        return repr(results)

    assert drawn(1) == drawn(2)


@given(WHOLE_LANGUAGE, SEEDS)
def test_a_seed_decides_every_draw(space: neps.PipelineSpace, seed: int) -> None:
    """Law 8 for the whole language."""
    check_draws(space, seed)


def check_seeds(space: neps.PipelineSpace, seed: int) -> None:
    def drawn(global_seed: int) -> str:
        _seed_global(global_seed)
        before = _global_state()
        results = [
            space.sample(s, use_priors=p, max_depth=DEPTH) for s in (seed, seed + 1) for p in (False, True)
        ]
        cs, sidecar = neps.to_configspace(space, max_depth=DEPTH)
        configs = [exact(sidecar.from_configuration(sidecar.to_configuration(c))) for c, _ in results]
        assert _global_state() == before
        return repr((results, configs, cs))

    assert drawn(1) == drawn(2)
    rng = np.random.default_rng(seed)
    assert repr(space.sample(rng, max_depth=DEPTH)) == repr(space.sample(seed, max_depth=DEPTH))


@given(ANY_SPACE, SEEDS)
def test_a_seed_decides_everything(space: neps.PipelineSpace, seed: int) -> None:
    """Law 8: global random state is neither read nor written."""
    check_seeds(space, seed)


@PLAIN_TWINS
def test_a_seed_decides_everything_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 8 on spaces written by hand; other seeds give other results, and a Generator moves on."""
    space = make()
    check_seeds(space, 7)
    assert len({repr(space.sample(seed)) for seed in range(20)}) > 10
    rng = np.random.default_rng(7)
    assert repr(space.sample(rng)) != repr(space.sample(rng))
    assert repr(space.sample()) != repr(space.sample())
