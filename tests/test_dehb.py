"""DEHB itself, in our run loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.optimizers.playing import Player, ended, started
from neps_cs.runtime.store import Store
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial

pytestmark = pytest.mark.peer

pytest.importorskip("dehb")
bridge = pytest.importorskip("neps_cs_converters.dehb")


class TestDehb(OptimizerConformance):
    n_trials = 16

    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        made: Optimizer = bridge.dehb(space, seed=seed, max_depth=3)
        return made

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """DEHB needs a fidelity."""
        return spaces_with_fidelity()


class Sphere(neps.PipelineSpace):
    x = neps.Float(-2, 2)
    y = neps.Float(-2, 2)
    epochs = neps.IntegerFidelity(1, 50)


def sphere(x: float, y: float, epochs: int) -> float:
    return (x - 0.5) ** 2 + (y - 1) ** 2 + 1 / epochs


def trials(root: Path) -> list[Trial]:
    with Store.open(root) as store:
        return store.trials()


def run(root: Path, total: int, optimizer: Any = "dehb") -> None:
    neps.run(
        sphere, Sphere(), root_directory=root, total_evaluations_to_spend=total, seed=3, optimizer=optimizer
    )


def test_it_beats_random_search_at_the_same_fidelities(tmp_path: Path) -> None:
    run(tmp_path, 200)
    done = trials(tmp_path)
    assert {t.fidelities["epochs"] for t in done} == {2, 6, 17, 50}
    assert all(type(t.fidelities["epochs"]) is int for t in done)
    full = sum(t.fidelities["epochs"] for t in done) / 50
    drawn = Player(neps.algorithms.random_search(Sphere(), seed=3), lambda t: sphere(**t.config, epochs=50))  # type: ignore[arg-type]
    random = min(t.report.objective for t in drawn.play(round(full)) if t.report and t.report.objective)
    best = min(t.report.objective for t in done if t.report and t.report.objective)
    assert best - 1 / 50 < (random - 1 / 50) / 2
    continued = [t for t in done if t.previous is not None]
    assert continued
    assert all(t.config == done[t.previous - 1].config for t in continued if t.previous)


def test_a_run_that_is_resumed_goes_on_as_it_would_have(tmp_path: Path) -> None:
    given = ("dehb", {"mutation_factor": 0.7, "strategy": "best1_bin"})
    run(tmp_path / "whole", 40, given)
    for total in (3, 20, 40):
        run(tmp_path / "parts", total, given)
    run(tmp_path / "parts", 40, "auto")
    whole, parts = (
        [(t.config, t.fidelities, t.previous) for t in trials(tmp_path / root)] for root in ("whole", "parts")
    )
    assert whole == parts


def test_an_ask_that_starts_nothing_leaves_no_trace() -> None:
    quiet, asked = (bridge.dehb(Sphere(), seed=0, mutation_factor=0.5) for _ in range(2))
    for trial_id in (1, 2):
        trial = started(quiet.ask(trial_id), trial_id)
        for optimizer in (quiet, asked):
            optimizer.observe(trial)
    asked.ask(3)
    for optimizer in (quiet, asked):
        optimizer.observe(ended(trial, 0.5))
    for trial_id in (3, 4, 5):
        assert repr(asked.ask(trial_id)) == repr(quiet.ask(trial_id))
        trial = started(quiet.ask(trial_id), trial_id)
        for optimizer in (quiet, asked):
            optimizer.observe(trial)


def test_priors_are_followed() -> None:
    space = PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1, prior=0.9, prior_confidence="high"), "e": neps.IntegerFidelity(1, 27)}
    )

    def mean(priors: str) -> float:
        player = Player(bridge.dehb(space, seed=1, priors=priors), lambda trial: 1.0)
        return float(np.mean([t.config["x"] for t in player.play(27)]))

    assert mean("warped") > 0.75
    assert 0.35 < mean("drop") < 0.65


def test_structure_and_clauses() -> None:
    space = spaces_with_fidelity()
    for name in ("structural", "forbidden", "recursive"):
        chosen = next(s for n, s in space.items() if n.startswith(name))
        for trial in Player(bridge.dehb(chosen, seed=1, max_depth=2), lambda trial: 1.0).play(40):
            neps.resolve(chosen, trial.config, trial.fidelities)


def test_nothing_is_written_and_the_handlers_of_loguru_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loguru import logger

    monkeypatch.chdir(tmp_path)
    heard: list[str] = []
    handler = logger.add(lambda message: heard.append(str(message)))
    try:
        Player(bridge.dehb(Sphere(), seed=0), lambda trial: 1.0).play(20)
        logger.warning("still here")
    finally:
        logger.remove(handler)
    assert any("still here" in line for line in heard)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("space", "arguments", "message"),
    [
        (spaces_without_fidelity()["flat"], {},
         "brackets need a space with one fidelity, got a space with none @ dehb"),
        (Sphere(), {"generations": 3, "n_workers": 2}, "dehb takes the arguments priors, max_depth, eta, "
         "mutation_factor, crossover_prob, strategy, min_clip, max_clip, boundary_fix_type, max_age, "
         "async_strategy, got generations, n_workers @ dehb"),
        (Sphere(), {"async_strategy": "best"},
         "DEHB must take the arguments given, got AssertionError: best is "
         "not a valid choice for type of DE @ dehb"),
        (Sphere().remove("epochs").add(neps.IntegerFidelity(0, 1), "epochs"), {},
         "DEHB needs a fidelity with lower < upper, got lower=1.0, upper=1 @ dehb.epochs"),
        (PipelineSpace.from_attributes({"c": 1, "e": neps.IntegerFidelity(1, 9)}), {},
         "DEHB needs a space with a decision, got a space of constants @ dehb"),
    ],
)  # fmt: skip
def test_wrong_use(space: PipelineSpace, arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        bridge.dehb(space, seed=0, **arguments)
    assert str(caught.value) == message


def test_a_recursive_space_needs_max_depth() -> None:
    space = next(s for n, s in spaces_with_fidelity().items() if n.startswith("recursive"))
    with pytest.raises(neps.ConversionError, match="max_depth"):
        bridge.dehb(space, seed=0)
