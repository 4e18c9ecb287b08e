"""DEHB itself, in our run loop."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import NO_FIDELITY

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.optimizers.playing import Player
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
         f"{NO_FIDELITY} @ dehb"),
        (Sphere(), {"generations": 3, "max_age": 2}, "dehb takes the arguments priors, max_depth, eta, "
         "mutation_factor, crossover_prob, strategy, min_clip, max_clip, boundary_fix_type, "
         "got generations, max_age; did you mean 'max_depth'? @ dehb"),
        (Sphere(), {"mutation_factor": "a"},
         "mutation_factor must be a positive, finite number, got mutation_factor='a' @ dehb"),
        (Sphere(), {"crossover_prob": 2}, "0 <= crossover_prob <= 1 must hold, got crossover_prob=2 @ dehb"),
        (Sphere(), {"boundary_fix_type": "cut"},
         "boundary_fix_type must be one of 'random', 'clip', got boundary_fix_type='cut' @ dehb"),
        (Sphere(), {"min_clip": 0}, "min_clip must be a whole number >= 1, got min_clip=0 @ dehb"),
        (Sphere(), {"max_clip": 3}, "min_clip <= max_clip must hold, got min_clip=None, max_clip=3 @ dehb"),
        (Sphere(), {"min_clip": 5, "max_clip": 2},
         "min_clip <= max_clip must hold, got min_clip=5, max_clip=2 @ dehb"),
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


@pytest.mark.parametrize("strategy", bridge.STRATEGIES)
def test_every_strategy(strategy: str) -> None:
    given = {"strategy": strategy, "min_clip": 2, "max_clip": 20, "boundary_fix_type": "clip"}
    player = Player(bridge.dehb(Sphere(), seed=0, **given), lambda t: sphere(**t.config, epochs=50))  # type: ignore[arg-type]
    assert len(player.play(150)) == 150
    with pytest.raises(neps.RunError, match="strategy must be one of 'rand1_bin', "):
        bridge.dehb(Sphere(), seed=0, strategy=strategy.replace("_", "-"))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_finite_space_ends_when_all_of_it_is_at_full_fidelity(workers: int) -> None:
    space = PipelineSpace.from_attributes(
        {"a": neps.Integer(1, 3), "b": neps.Categorical(("u", "v", "w")), "e": neps.IntegerFidelity(1, 27)}
    )
    player = Player(bridge.dehb(space, seed=1), lambda trial: float(str(trial.config["a"])), workers=workers)
    player.play(400)
    assert player.exhausted
    assert len({repr(t.config) for t in player.trials if t.fidelities["e"] == 27}) == 9
    points = [(repr(t.config), t.fidelities["e"]) for t in player.trials]
    assert len(points) == len(set(points)) < 36


def test_no_draw_goes_deeper_than_max_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "ATTEMPTS", 0)  # so that each draw is the one that stands in
    tree = neps.ByName("tree").resample()
    node = neps.Operation("node", (tree, neps.Float(0, 1).resample())).resample()
    space = PipelineSpace.from_attributes(
        {
            "tree": neps.Categorical((node, "end")),
            "e": neps.IntegerFidelity(1, 9),
        }
    )
    player = Player(bridge.dehb(space, seed=0, max_depth=2), lambda trial: 1.0)
    sidecar = neps.to_configspace(space, max_depth=2).sidecar
    assert len({len(t.config) for t in player.play(60)}) > 1
    sidecar.to_configurations(t.config for t in player.trials)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dehb", None)
    with pytest.raises(neps.RunError) as caught:
        neps.AskAndTell(Sphere(), "dehb", seed=0)
    assert str(caught.value).startswith("the optimizer 'dehb' must be installed with all it needs, got ")
    assert str(caught.value).endswith("install it with: pip install 'neps_cs[dehb]' @ optimizer")


def test_a_recursive_space_needs_max_depth() -> None:
    space = next(s for n, s in spaces_with_fidelity().items() if n.startswith("recursive"))
    with pytest.raises(neps.ConversionError, match="max_depth"):
        bridge.dehb(space, seed=0)
