"""neps.run with our spaces, and our run with NePS's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

neps = pytest.importorskip("neps")

import yaml  # noqa: E402
from making import space as made  # noqa: E402
from neps_package import (  # noqa: E402
    MARKS,
    NEPS,
    SPACES,
    evaluated,
    flat,
    grammar,
    received_in_neps_run,
    sampled,
    shared,
)
from neps_package import given as given_things  # noqa: E402
from strategies_configspace import configspaces  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConversionError  # noqa: E402
from neps_cs_converters.neps import as_neps_optimizer, read_root, to_neps  # noqa: E402

pytestmark = MARKS


def _configuration_space() -> CS.ConfigurationSpace:
    space = CS.ConfigurationSpace(seed=1)
    space.add([
        CS.UniformFloatHyperparameter("lr", 1e-4, 1.0, log=True),
        CS.UniformIntegerHyperparameter("depth", 1, 5),
        CS.CategoricalHyperparameter("optimizer", ["sgd", "adam"]),
        CS.OrdinalHyperparameter("size", [1, 2, 4]),
        CS.Constant("batch", 32),
        CS.CategoricalHyperparameter("mixed", [True, 2.5, "a"]),
        CS.CategoricalHyperparameter("_hidden", ["a", "b"]),
        CS.UniformFloatHyperparameter("momentum", 0, 0.9),
        CS.UniformFloatHyperparameter("sample", 0, 1),
        CS.UniformIntegerHyperparameter("a:b", 1, 3, log=True),
    ])  # fmt: skip
    return space


@pytest.mark.parametrize("optimizer", ["auto", "neps_random_search", "complex_random_search"])
def test_neps_runs_a_configuration_space(tmp_path: Path, optimizer: str) -> None:
    cs = _configuration_space()
    received = received_in_neps_run(to_neps(neps_cs.from_configspace(cs)), tmp_path / "root", 4, optimizer)
    # a second call reads the space from its pickle, and goes on
    received += received_in_neps_run(to_neps(neps_cs.from_configspace(cs)), tmp_path / "root", 6, optimizer)
    received += received_in_neps_run(None, tmp_path / "root", 7, optimizer)
    assert len(received) == 7
    for values in received:
        assert CS.Configuration(cs, values=values).check_valid_configuration() is None


@pytest.mark.parametrize("optimizer", ["auto", "neps_random_search"])
def test_neps_runs_conditions_and_inactive_values_are_not_handed_over(tmp_path: Path, optimizer: str) -> None:
    cs = _configuration_space()
    cs.add(CS.EqualsCondition(cs["momentum"], cs["optimizer"], "sgd"))
    cs.add(CS.AndConjunction(CS.GreaterThanCondition(cs["sample"], cs["depth"], 2),
                             CS.LessThanCondition(cs["sample"], cs["momentum"], 0.5)))  # fmt: skip
    space = neps_cs.from_configspace(cs)
    with pytest.raises(ConversionError, match="NePS has no conditions"):
        to_neps(space)
    nearest = to_neps(space, nearest=True)
    assert [loss.address for loss in nearest.losses] == ["momentum", "sample"]
    received = received_in_neps_run(nearest.space, tmp_path / "root", 12, optimizer)
    assert {"momentum" in values for values in received} == {True, False}
    for values in received:
        CS.Configuration(cs, values=values).check_valid_configuration()
    found = read_root(tmp_path / "root", space)
    assert not found.problems
    assert [neps_cs.resolve(space, t.config) for t in found] == received


@pytest.mark.parametrize("make", SPACES, ids=lambda m: m.__name__)
def test_neps_goes_on_with_every_space(tmp_path: Path, make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """NePS compares the bytes of pickles, and refuses spaces of its own for them."""
    fidelity = {"ignore_fidelity": "highest_fidelity"} if make in (flat, given_things) else {}
    optimizer = ("neps_random_search", fidelity)
    if make is grammar:
        optimizer = as_neps_optimizer("random_search")
    received = received_in_neps_run(to_neps(make(neps_cs)), tmp_path / "root", 2, optimizer)
    received += received_in_neps_run(to_neps(make(neps_cs)), tmp_path / "root", 4, optimizer)
    assert len(received) == 4
    neps.status(tmp_path / "root", print_summary=True)
    assert "config 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "space",
    [
        made(a=neps_cs.Categorical(("x", "y")), b=neps_cs.Integer(0, 9)).add_condition(
            "b", neps_cs.Equals("a", "x")
        ),
        made(a=neps_cs.Integer(0, 9), b=neps_cs.Categorical((True, False, 1))),
        made(a=neps_cs.Integer(0, 9), b=neps_cs.Repeated(2, neps_cs.Integer(0, 9).resample())),
        made(a=neps_cs.Integer(0, 9), b=None),
    ],
)
def test_neps_does_not_read_as_classic_what_would_lose_something(tmp_path: Path, space: Any) -> None:
    received = received_in_neps_run(to_neps(space, nearest=True).space, tmp_path / "root", 6, "random_search")
    found = read_root(tmp_path / "root", space)
    assert not found.problems
    assert all(name.startswith("SAMPLING__") for trial in found for name in trial.written)
    assert [neps_cs.resolve(space, t.config) for t in found] == received


def test_neps_reads_a_flat_space_as_a_classic_one(tmp_path: Path) -> None:
    space = flat(neps_cs)
    received = received_in_neps_run(to_neps(space), tmp_path / "root", 4, ("priorband", {}))
    assert set(yaml.safe_load((tmp_path / "root/configs/config_1_rung_0/config.yaml").read_text())) == {
        "lr", "width", "name", "epochs", "seed",
    }  # fmt: skip
    found = read_root(tmp_path / "root", space)
    assert not found.problems
    assert [neps_cs.resolve(space, t.config) for t in found] == received


@settings(max_examples=25)
@given(configspaces(), st.integers(0, 100))
def test_any_configuration_space(cs: CS.ConfigurationSpace, seed: int) -> None:
    space = neps_cs.from_configspace(cs)
    nearest = to_neps(space, nearest=True)
    kinds = {loss.kind.value for loss in nearest.losses}
    assert kinds <= {"inactive", "forbidden", "prior"}
    received = evaluated(nearest.space, sampled(nearest.space, seed))
    if not kinds & {"forbidden"}:
        found = cs.sample_configuration()
        assert set(received) <= set(cs)
        CS.Configuration(cs, values=received).check_valid_configuration()
        assert found is not None


def test_our_run_takes_a_space_of_neps(tmp_path: Path) -> None:
    received = []

    def evaluate_pipeline(**given: Any) -> float:
        received.append(given)
        return 1.0

    theirs = shared(NEPS)
    neps_cs.run(evaluate_pipeline, theirs, root_directory=tmp_path, total_evaluations_to_spend=3, seed=1)
    assert len(received) == 3
    assert set(received[0]) == {"first", "second", "named"}
    assert received[0]["first"].args == (received[0]["named"],)
