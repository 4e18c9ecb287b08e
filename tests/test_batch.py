"""`neps.sample`: many configs at once, by columns."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from making import space as made
from scipy import stats
from strategies import flat_spaces, recursive_spaces, spaces
from strategies_forbidden import with_clauses

import neps_cs as neps
from neps_cs.columns.drawing import draws_columns
from neps_cs.resolving.sites import ChoiceSite, NumberSite

SEEDS = st.integers(0, 2**32 - 1)
FLAT = flat_spaces() | with_clauses(flat_spaces())
ANY_SPACE = FLAT | spaces(whole=True) | recursive_spaces(whole=True)


class Flat(neps.PipelineSpace):
    lr = neps.Float(1e-4, 1, log=True, prior=1e-2, prior_confidence="high")
    depth = neps.Integer(1, 8, log=True)
    optimizer = neps.Categorical(("sgd", "adam", None, True), prior=1)
    momentum = neps.Float(0, 1)
    nesterov = neps.Categorical((True, False))
    steps = neps.Integer(0, 10)
    epochs = neps.IntegerFidelity(1, 27)
    offset = 3


class Net(neps.PipelineSpace):
    lr = neps.Float(0, 1)
    layers = neps.Repeated(neps.Integer(1, 3), neps.Integer(8, 64).resample())


def conditional() -> neps.PipelineSpace:
    return (
        Flat()
        .add_condition("momentum", neps.Equals("optimizer", "sgd"))
        .add_condition("nesterov", neps.Greater("momentum", 0.5))
        .add_condition("steps", neps.In("depth", (1, 2, 3)))
    )


def exact(configs: Any) -> list[dict[str, tuple[type, str]]]:
    return [{k: (type(v), repr(v)) for k, v in c.items()} for c in configs]


def close(a: Any, b: Any) -> bool:
    """Floats up to the last digits, anything else exactly."""
    if type(a) is float and type(b) is float:
        return bool(np.isclose(a, b, rtol=1e-12, atol=0))
    return type(a) is type(b) and bool(a == b)


def check_columns(space: neps.PipelineSpace, seed: int, use_prior: bool) -> None:
    """Drawing by columns gives what a walk decides by the same uniform numbers."""
    resolver, n = space.resolver, 5
    if not draws_columns(resolver, use_prior=use_prior):
        return
    configs = list(neps.sample(space, n, seed, priors=use_prior))
    sites = [resolver.narrowed.program.attribute(name) for name in resolver.narrowed.order]
    decisions = [s.address for s in sites if isinstance(s, (NumberSite, ChoiceSite))]
    numbers = np.random.default_rng(seed).random((n, len(decisions)))
    for row, config in zip(numbers.tolist(), configs, strict=True):
        u = dict(zip(decisions, row, strict=True))
        walked = resolver.narrowed.resolve(
            lambda site, allowed, u=u: site.quantile(u[site.address], allowed, use_prior=use_prior),
            legal=False,
        ).config
        assert list(config) == list(walked)
        assert all(close(config[a], walked[a]) for a in walked)


@given(FLAT, SEEDS, st.booleans())
def test_columns_are_what_a_walk_decides(space: neps.PipelineSpace, seed: int, use_prior: bool) -> None:
    check_columns(space, seed, use_prior)


@pytest.mark.parametrize("use_prior", [False, True])
def test_columns_are_what_a_walk_decides_plain(use_prior: bool) -> None:
    space = conditional()
    assert draws_columns(space.resolver, use_prior=use_prior)
    for seed in range(20):
        check_columns(space, seed, use_prior)


@given(ANY_SPACE, SEEDS, st.booleans())
def test_the_configs_of_a_batch_are_configs(space: neps.PipelineSpace, seed: int, priors: bool) -> None:
    """They resolve, columns say what configs say, and a smaller batch is the start of a larger one."""
    batch = neps.sample(space, 4, seed, priors=priors, max_depth=3)
    assert len(batch) == len(list(batch)) == 4
    for i, config in enumerate(batch):
        neps.resolve(space, config)
        assert exact([batch[i]]) == exact([config])
        for name in batch.names:
            column = batch[name]
            assert column.shape == (4,)
            if name in config:
                assert exact([{"v": np.asarray(column).tolist()[i]}]) == exact([{"v": config[name]}])
            else:
                assert np.ma.getmaskarray(column)[i]
    assert set(batch.names) == {name for config in batch for name in config}
    assert exact(neps.sample(space, 2, seed, priors=priors, max_depth=3)) == exact(batch[:2])
    assert exact(batch[1:3]) == exact(list(batch)[1:3])
    assert exact(batch[-1:]) == exact([batch[-1]])


@given(ANY_SPACE, SEEDS)
def test_the_array_of_a_batch_is_that_of_its_configurations(space: neps.PipelineSpace, seed: int) -> None:
    """Law 7."""
    try:
        cs, sidecar = neps.to_configspace(space, 3)
    except neps.ConversionError:
        assume(False)
    batch = neps.sample(space, 3, seed, max_depth=2)
    try:
        configurations = sidecar.to_configurations(batch)
    except neps.ConfigError:
        assume(False)  # a clause closed a branch, and the sample went deeper
    np.testing.assert_array_equal(
        sidecar.to_array(batch), np.reshape([c.get_array() for c in configurations], (3, len(cs)))
    )


def test_the_array_of_a_batch_plain() -> None:
    """Law 7, by hand."""
    _, sidecar = neps.to_configspace(conditional())
    batch = neps.sample(conditional(), 50, 1)
    arrays = [c.get_array() for c in sidecar.to_configurations(batch)]
    np.testing.assert_array_equal(sidecar.to_array(batch), arrays)
    assert np.isnan(arrays).any()


@pytest.mark.parametrize("priors", [False, True])
def test_each_column_has_the_distribution_of_its_parameter(priors: bool) -> None:
    """Law 6: Kolmogorov-Smirnov and chi-square at a fixed seed."""
    space, n = conditional(), 20_000
    batch = neps.sample(space, n, 0, priors=priors)
    law = Flat.lr.distribution() if priors else neps.Float(1e-4, 1, log=True).distribution()
    assert stats.kstest(batch["lr"], law.cdf).pvalue > 0.01
    depth = neps.Integer(1, 8, log=True).distribution().pdf(np.arange(1, 9))
    assert stats.chisquare(np.bincount(batch["depth"])[1:], n * depth).pvalue > 0.01
    p = 0.25 if priors else 0.0  # of low confidence
    expected = [n * ((1 - p) / 4 + p * (value == "adam")) for value in ("sgd", "adam", None, True)]
    counts = Counter(batch["optimizer"].tolist())
    assert stats.chisquare([counts[v] for v in ("sgd", "adam", None, True)], expected).pvalue > 0.01
    momentum = batch["momentum"]
    assert (~momentum.mask == (batch["optimizer"] == "sgd")).all()
    assert stats.kstest(momentum.compressed(), "uniform").pvalue > 0.01
    assert (~batch["nesterov"].mask == (momentum > 0.5).filled(False)).all()


def test_columns_have_types() -> None:
    batch = neps.sample(conditional(), 100, 3)
    assert batch.names == ("lr", "depth", "optimizer", "momentum", "nesterov", "steps")
    kinds = {name: (type(batch[name]), batch[name].dtype) for name in batch.names}
    masked = np.ma.MaskedArray
    assert kinds == {
        "lr": (np.ndarray, np.float64), "depth": (np.ndarray, np.int64),
        "optimizer": (np.ndarray, np.dtype(object)), "momentum": (masked, np.float64),
        "nesterov": (masked, np.dtype(object)), "steps": (masked, np.int64),
    }  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        batch["lr"][0] = 1.0


def test_structure_and_large_integers() -> None:
    net = neps.sample(Net(), 30, 1)
    assert net.names == ("lr", "layers:count", "layers:0", "layers:1", "layers:2")
    assert (~np.ma.getmaskarray(net["layers:2"]) == (net["layers:count"] == 3)).all()
    assert net["layers:2"].dtype == np.int64
    large = neps.sample(made(n=neps.Integer(0, 2**70), k=neps.Integer(0, 2**60)), 50, 1)
    assert large["n"].dtype == object
    assert any(v >= 2**64 for v in large["n"])
    assert large["k"].dtype == np.int64


def test_drawn_bounds_and_recursion() -> None:
    low = neps.Integer(1, 5)
    bounded = neps.sample(made(low=low, x=neps.Integer(low, 10)), 200, 0)
    assert (bounded["low"] <= bounded["x"]).all()
    tree = neps.ByName("tree").resample()
    grammar = made(tree=neps.Categorical(("leaf", neps.Operation("node", (tree, tree)).resample())))
    names = {depth: neps.sample(grammar, 50, 0, max_depth=depth).names for depth in (1, 3)}
    assert names[1] == ("tree",)
    assert max(name.count("node") for name in names[3]) == 2


def test_clauses_hold() -> None:
    alone = Flat().add_forbidden(neps.Equals("optimizer", "sgd")).add_forbidden(neps.Greater("momentum", 0.5))
    assert draws_columns(alone.resolver, use_prior=False)
    batch = neps.sample(alone, 500, 0)
    assert "sgd" not in batch["optimizer"].tolist()
    assert stats.kstest(batch["momentum"], "uniform", args=(0, 0.5)).pvalue > 0.01
    pair = Flat().add_forbidden(neps.Relation("lr", ">", "momentum"))
    assert not draws_columns(pair.resolver, use_prior=False)
    batch = neps.sample(pair, 200, 0)
    assert (batch["lr"] <= batch["momentum"]).all()


def test_a_shared_parameter_has_one_column() -> None:
    x = neps.Float(0, 1)
    batch = neps.sample(made(a=x, b=x), 3, 0)
    assert batch.names == ("a",)


def test_few_and_no_configs() -> None:
    for space in (Flat(), Net()):
        batch = neps.sample(space, 0, 0)
        assert (len(batch), list(batch), batch.names) == (0, [], ())
        with pytest.raises(IndexError):
            batch[0]
    empty = neps.sample(made(offset=3), 2, 0)
    assert (list(empty), empty.names) == ([{}, {}], ())


def test_seeds() -> None:
    """Law 8."""
    space, state = conditional(), np.random.get_state()[1].tolist()  # noqa: NPY002
    before = random.getstate()
    assert exact(neps.sample(space, 9, 7)) == exact(neps.sample(space, 9, 7))
    assert exact(neps.sample(space, 9, 7)) != exact(neps.sample(space, 9, 8))
    rng = np.random.default_rng(7)
    first, second = neps.sample(space, 9, rng), neps.sample(space, 9, rng)
    assert exact(first) == exact(neps.sample(space, 9, 7))
    assert exact(first) != exact(second)
    assert exact(neps.sample(space, 9)) != exact(neps.sample(space, 9))
    assert random.getstate() == before
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_a_batch_keeps_its_configs() -> None:
    batch = neps.sample(Flat(), 2, 0)
    batch[0]["lr"] = 5
    next(iter(batch))["lr"] = 5
    assert batch[0]["lr"] == batch["lr"][0] != 5
    assert repr(batch) == "<Batch of 2 configs of Flat: 6 columns>"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: neps.sample(Flat(), -1), neps.ConfigError, "n must be an integer >= 0, got -1 @ sample"),
        (lambda: neps.sample(Flat(), True), neps.ConfigError, "n must be an integer >= 0, got True @ sample"),
        (lambda: neps.sample(Flat(), 2.0), neps.ConfigError, "n must be an integer >= 0, got 2.0 @ sample"),
        (
            lambda: neps.sample(Flat(), 1, "a"),
            neps.ConfigError,
            "seed must be an integer, a Generator or None, got 'a' @ sample",
        ),
        (
            lambda: neps.sample(Flat(), 1, priors="yes"),  # type: ignore[arg-type]
            neps.ConfigError,
            "priors must be True or False, got priors='yes' @ sample",
        ),
        (
            lambda: neps.sample(Flat(), 1, 0)["lrr"],
            neps.ConfigError,
            "the name of a column must be an address that a config of the batch holds, got 'lrr'; "
            "did you mean 'lr'? @ Flat",
        ),
        (
            lambda: neps.sample(Net(), 1, 0)["nothing like it"],
            neps.ConfigError,
            "the name of a column must be an address that a config of the batch holds, got 'nothing like it' "
            "@ Net",
        ),
    ],
)
def test_messages(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_other_things_than_spaces() -> None:
    for wrong in (Flat, 3, None):
        with pytest.raises(neps.SpaceError, match="@ sample"):
            neps.sample(wrong, 1)  # type: ignore[arg-type]
    with pytest.raises(neps.SpaceError, match="max_depth"):
        neps.sample(Flat(), 1, max_depth=0)
