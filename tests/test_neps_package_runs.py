"""neps.run with our spaces, our run with NePS's, and the optimizers of each in the other."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

neps = pytest.importorskip("neps")

import yaml  # noqa: E402
from making import space as made  # noqa: E402
from neps_package import (  # noqa: E402
    MARKS,
    NEPS,
    SPACES,
    called,
    evaluated,
    flat,
    grammar,
    received_in_neps_run,
    sampled,
    seeded,
    shared,
)
from neps_package import given as given_things  # noqa: E402
from strategies import gather  # noqa: E402
from strategies_configspace import configspaces  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConversionError, RunError  # noqa: E402
from neps_cs.trials import Report, State, Trial  # noqa: E402
from neps_cs_converters.neps import as_neps_optimizer, neps_optimizer, read_root, to_neps  # noqa: E402

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
    assume("" not in cs)  # NePS needs names
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


class Loop:
    """What a run is to an optimizer: events in order, and its proposals become trials."""

    def __init__(self, space: Any, choice: Any) -> None:
        self.space, self.choice, self.trials = space, choice, dict[int, Trial]()
        self.restart()

    def restart(self) -> None:
        """A fresh optimizer that learns what was there already."""
        self.optimizer = neps_optimizer(self.choice)(self.space, seed=3)
        for trial in self.trials.values():
            self.optimizer.observe(replace(trial, state=State.RUNNING, report=None))
            self.optimizer.observe(trial)

    def run(self, total: int) -> None:
        for number in range(len(self.trials) + 1, total + 1):
            found = self.optimizer.ask(number)
            assert found is not None
            assert self.optimizer.ask(number) == found  # asking changes nothing
            trial = Trial(number, found.config, found.fidelities, State.RUNNING, "w", float(number),
                          previous=found.previous, note=found.note)  # fmt: skip
            self.optimizer.observe(trial)
            failed = number == 2
            report = Report(None if failed else float(number), error="a" if failed else None)
            state = State.CRASHED if failed else State.SUCCESS
            self.trials[number] = replace(trial, ended=number + 0.5, state=state, report=report)
            self.optimizer.observe(self.trials[number])


EVOLUTION = ("neps_regularized_evolution", {"population_size": 4, "tournament_size": 2})
CHOICES = [
    (grammar, "auto"), (shared, EVOLUTION), (shared, "complex_random_search"),
    (flat, ("neps_hyperband", {"eta": 3})), (flat, "asha"), (flat, "hyperband"),
    (flat, neps.algorithms.neps_priorband),
]  # fmt: skip


@pytest.mark.parametrize(("make", "choice"), CHOICES)
def test_their_optimizers_follow_our_protocol(make: Any, choice: Any) -> None:
    space, total = make(neps_cs), 14 if make is flat else 8
    with seeded(1):
        before, numpys = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index] # noqa: NPY002
        whole = Loop(space, choice)
        whole.run(total)
        # the generators that NePS draws from are as they were
        assert random.getstate() == before
        assert np.random.get_state()[1].tolist() == numpys  # type: ignore[index] # noqa: NPY002
    with seeded(2):  # the same seed gives the same trials, interrupted or not
        parts = Loop(space, choice)
        parts.run(5)
        parts.restart()
        parts.run(total)
    assert parts.trials == whole.trials
    assert len({repr(t.config) for t in whole.trials.values()}) > 2
    for trial in whole.trials.values():
        neps_cs.resolve(space, trial.config, trial.fidelities)
    promoted = [t for t in whole.trials.values() if t.previous is not None]
    assert bool(promoted) == (make is flat and choice != neps.algorithms.neps_priorband) or promoted
    for trial in promoted:
        earlier = whole.trials[trial.previous or 0]
        assert earlier.config == trial.config
        assert earlier.fidelities["epochs"] < trial.fidelities["epochs"]


def test_their_grid_goes_on_where_it_was() -> None:
    loop = Loop(flat(neps_cs).remove("epochs"), "grid_search")
    loop.run(8)
    assert len({repr(t.config) for t in loop.trials.values()}) == 8


def test_trials_from_elsewhere_count(tmp_path: Path) -> None:
    space = flat(neps_cs)
    loop = Loop(space, "asha")
    for number in range(1, 5):
        config, _ = space.sample(number)
        loop.trials[number] = Trial(number, config, {"epochs": 1}, State.SUCCESS, "external", 1.0, None, 2.0,
                                    Report(float(number)))  # fmt: skip
    loop.restart()
    loop.run(8)
    assert any(t.previous in (1, 2, 3, 4) for t in loop.trials.values())


def test_their_optimizer_in_our_run(tmp_path: Path) -> None:
    space = shared(neps_cs)
    found: list[Any] = []
    again: list[Any] = []
    choice = neps_optimizer("neps_random_search")
    for root, received, total in (("a", found, 3), ("a", found, 6), ("b", again, 6)):
        neps_cs.run(
            lambda _to=received, **given: _to.append(given) or 1.0,
            space,
            root_directory=tmp_path / root,
            seed=3,
            optimizer=choice,
            total_evaluations_to_spend=total,
        )
    assert found == again
    assert len({repr(f) for f in found}) > 1
    assert neps_cs.load_optimizer_info(tmp_path / "a") == {"name": "neps:neps_random_search", "info": {}}


def test_wrong_optimizers_are_refused() -> None:
    space = flat(neps_cs)
    with pytest.raises(RunError, match="must be 'auto' or one of"):
        neps_optimizer("nothing")
    with pytest.raises(RunError, match="must take the space and the arguments"):
        neps_optimizer(("asha", {"wrong": 1}))(space)
    with pytest.raises(RunError, match="Bayesian optimization does not support priors"):
        neps_optimizer("bayesian_optimization")(space.remove("epochs"))
    with pytest.raises(ConversionError, match="takes flat spaces only"):
        neps_optimizer("asha")(shared(neps_cs))
    with pytest.raises(ConversionError, match="NePS has no step"):
        neps_optimizer("auto")(made(x=neps_cs.Integer(0, 4, step=2)))
    assert neps_optimizer("auto", nearest=True)(made(x=neps_cs.Integer(0, 4, step=2))).ask(1)
    with pytest.raises(RunError, match="optimizer must be"):
        as_neps_optimizer("nothing")(flat(NEPS))


@pytest.mark.parametrize("make", [flat, shared, grammar])
def test_our_optimizers_in_their_run(tmp_path: Path, make: Any) -> None:
    theirs, space = make(NEPS), make(neps_cs)
    optimizer = as_neps_optimizer(("random_search", {"use_priors": True}), seed=5)
    received = received_in_neps_run(theirs, tmp_path / "root", 6, optimizer)
    parts = received_in_neps_run(to_neps(space), tmp_path / "parts", 3, optimizer)
    parts += received_in_neps_run(to_neps(space), tmp_path / "parts", 6, optimizer)
    assert called(parts) == called(received)
    alone = neps_cs.AskAndTell(space, ("random_search", {"use_priors": True}), seed=5)
    found = read_root(tmp_path / "root", theirs)
    assert [t.config for t in found] == [{**t.config, **t.fidelities} for t in alone.ask(n=6)]
    assert len(received) == 6
    info = yaml.safe_load((tmp_path / "root/optimizer_info.yaml").read_text())
    assert info["info"] == {"choice": ["random_search", {"use_priors": True}], "seed": 5}


def test_our_optimizers_learn_what_neps_ran(tmp_path: Path) -> None:
    events: list[Any] = []

    class Watching:
        name, info = "watching", {}

        def __init__(self, space: neps_cs.PipelineSpace) -> None:
            self.space = space
            self.seen: list[Any] = []

        def observe(self, trial: Any) -> None:
            self.seen.append(trial)

        def ask(self, trial_id: int) -> Any:
            events.append(
                (trial_id, [(t.id, t.state.value, t.report and t.report.objective) for t in self.seen])
            )
            return neps_cs.algorithms.random_search(self.space, seed=1).ask(trial_id)

    received_in_neps_run(shared(NEPS), tmp_path / "root", 3, as_neps_optimizer(Watching))
    assert [e for e in events if e[0] == 3][-1] == (
        3, [(1, "running", None), (1, "success", 1.0), (2, "running", None), (2, "success", 2.0)],
    )  # fmt: skip


def test_notes_are_there_when_a_run_goes_on(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Noting:
        name, info = "noting", {}

        def __init__(self, space: neps_cs.PipelineSpace) -> None:
            self.space, self.trials = space, dict[int, Any]()

        def observe(self, trial: Any) -> None:
            self.trials[trial.id] = trial

        def ask(self, trial_id: int) -> Any:
            notes = [t.note.get("sum") for t in self.trials.values()]
            seen.append((trial_id, notes))
            found = neps_cs.algorithms.random_search(self.space, seed=1).ask(trial_id)
            return replace(found, note={"sum": trial_id + sum(notes)})

    space = to_neps(shared(neps_cs))
    received_in_neps_run(space, tmp_path / "root", 2, as_neps_optimizer(Noting))
    received_in_neps_run(space, tmp_path / "root", 4, as_neps_optimizer(Noting))
    assert max(seen) == (4, [1, 3, 7])


def test_one_config_at_a_time() -> None:
    ask = as_neps_optimizer("random_search")(shared(NEPS))
    with pytest.raises(ValueError, match="sample_batch_size"):
        ask({}, None, 2)
    assert len(ask({}, None, 1)) == 1
    assert gather(1) == gather(1)
