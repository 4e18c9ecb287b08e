"""Every optimizer passes the conformance class; what breaks a rule fails its check."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, EqualsCondition, ForbiddenAndConjunction, ForbiddenEqualsClause

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.optimizers.choosing import make_optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.trials import Trial

FEW = ("flat", "forbidden", "finite")


@cache
def configspace() -> neps.PipelineSpace:
    cs = ConfigurationSpace({"kind": ["a", "b", "c"], "x": (0.0, 1.0), "n": (1, 20), "flag": [True, False]})
    cs.add(EqualsCondition(cs["x"], cs["kind"], "a"))
    cs.add(
        ForbiddenAndConjunction(
            ForbiddenEqualsClause(cs["kind"], "b"), ForbiddenEqualsClause(cs["flag"], True)
        )
    )
    return neps.from_configspace(cs)


class Ours(OptimizerConformance):
    """One of `neps.algorithms`, made of its name and arguments."""

    choice: tuple[str, dict[str, Any]]
    with_fidelity = True
    without_fidelity = False
    only: tuple[str, ...] = ("",)
    """How the names of spaces begin that are checked."""

    def make(self, space: neps.PipelineSpace, seed: int) -> Optimizer:
        return make_optimizer(self.choice, space, seed)[0]

    def remake(
        self, name: str, info: Mapping[str, object], space: neps.PipelineSpace, seed: int
    ) -> Optimizer:
        return make_optimizer((name, info), space, seed)[0]

    def spaces(self) -> Mapping[str, neps.PipelineSpace]:
        spaces: dict[str, neps.PipelineSpace] = {}
        if self.without_fidelity:
            spaces |= {**spaces_without_fidelity(), "configspace": configspace()}
        if self.with_fidelity:
            spaces |= spaces_with_fidelity()
            spaces["configspace with fidelity"] = configspace().add(neps.IntegerFidelity(1, 9), "epochs")
        return {n: s for n, s in spaces.items() if n.startswith(self.only)}


class TestRandomSearch(Ours):
    choice = ("random_search", {})
    without_fidelity, with_fidelity = True, False


class TestRandomSearchByPriors(Ours):
    choice = ("random_search", {"use_priors": True, "ignore_fidelity": True})
    only = FEW


class TestComplexRandomSearch(Ours):
    choice = ("complex_random_search", {})
    without_fidelity, with_fidelity = True, False


class TestComplexRandomSearchOfFidelities(Ours):
    choice = ("complex_random_search", {"ignore_fidelity": True})
    only = FEW


class TestRegularizedEvolution(Ours):
    choice = ("regularized_evolution", {"population_size": 8, "tournament_size": 3, "n_forgets": 1})
    without_fidelity, with_fidelity = True, False


class TestGridSearch(Ours):
    choice = ("grid_search", {"size_per_numerical_dimension": 3, "max_depth": 3})
    without_fidelity, with_fidelity = True, False
    ends_early = True


class TestGridSearchOfFidelities(Ours):
    choice = ("grid_search", {"size_per_numerical_dimension": 2, "max_depth": 2, "ignore_fidelity": True})
    ends_early = True


class TestHyperband(Ours):
    choice = ("hyperband", {})


class TestSuccessiveHalving(Ours):
    choice = ("successive_halving", {"eta": 2, "sampler": "prior", "sample_prior_first": True})


class TestAsha(Ours):
    choice = ("asha", {"sample_prior_first": "highest_fidelity"})


class TestAsyncHyperband(Ours):
    choice = ("async_hb", {})


class TestPriorBand(Ours):
    choice = ("priorband", {})


class TestPriorBandOnAsha(Ours):
    choice = ("priorband", {"base": "asha", "sample_prior_first": "highest_fidelity"})
    only = FEW


class TestPriorBandOnAsyncHyperband(Ours):
    choice = ("priorband", {"base": "async_hb", "eta": 4, "sample_prior_first": False})
    only = FEW


class TestPriorBandOnSuccessiveHalving(Ours):
    choice = ("priorband", {"base": "successive_halving"})
    only = FEW


# What breaks a rule fails its check


class Wrapped:
    """An optimizer whose proposals are changed on their way."""

    def __init__(self, space: neps.PipelineSpace, seed: int, name: str = "random_search") -> None:
        self.inner = make_optimizer(name, space, seed)[0]
        self.name, self.info, self.space = self.inner.name, self.inner.info, space
        self.trials: dict[int, Trial] = {}

    def observe(self, trial: Trial) -> None:
        self.trials[trial.id] = trial
        self.inner.observe(trial)

    def ask(self, trial_id: int) -> Proposal | None:
        proposal = self.inner.ask(trial_id)
        return None if proposal is None else self.change(proposal, trial_id)

    def change(self, proposal: Proposal, trial_id: int) -> Proposal | None:
        return proposal


class OutOfRange(Wrapped):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, config={**proposal.config, "a": 99})


class NumpyScalars(Wrapped):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, config={**proposal.config, "a": np.int64(proposal.config["a"])})


class Unseeded(Wrapped):
    def ask(self, trial_id: int) -> Proposal | None:
        return make_optimizer("random_search", self.space, secrets.randbits(60))[0].ask(trial_id)


class GlobalState(Wrapped):
    def ask(self, trial_id: int) -> Proposal | None:
        return make_optimizer("random_search", self.space, random.getrandbits(30))[0].ask(trial_id)


class CountsAsks(Wrapped):
    asked = 0

    def ask(self, trial_id: int) -> Proposal | None:
        self.asked += 1
        return self.inner.ask(self.asked)


class TakesAsksForStarts(Wrapped):
    """An ask leaves a trace once something ends after it; asks one after the other leave none."""

    open, ends = 0, 0

    def observe(self, trial: Trial) -> None:
        super().observe(trial)
        self.ends += trial.state.ended and self.open > 1_000
        self.open = trial.id

    def ask(self, trial_id: int) -> Proposal | None:
        self.open = trial_id
        return self.inner.ask(trial_id + self.ends)


class ForgetsAtTheStart(Wrapped):
    """Its state hangs on the moment at which it was made: how many trials it saw start itself."""

    def __init__(self, space: neps.PipelineSpace, seed: int) -> None:
        super().__init__(space, seed)
        self.first: int | None = None

    def ask(self, trial_id: int) -> Proposal | None:
        self.first = trial_id if self.first is None else self.first
        return self.inner.ask(trial_id + (self.first > 1))


class Repeats(Wrapped):
    def ask(self, trial_id: int) -> Proposal | None:
        return self.inner.ask(min(trial_id, 3)) if trial_id < 4 else self.repeated()

    def repeated(self) -> Proposal:
        return Proposal(self.trials[3].config, self.trials[3].fidelities)


class Stops(Wrapped):
    def ask(self, trial_id: int) -> Proposal | None:
        return self.inner.ask(trial_id) if trial_id < 10 else None


class FailsAtCrashes(Wrapped):
    def observe(self, trial: Trial) -> None:
        super().observe(trial)
        if trial.state.ended and (trial.report is None or trial.report.objective is None):
            raise KeyError("objective")


class NeedsAStart(Wrapped):
    def observe(self, trial: Trial) -> None:
        if trial.state.ended and trial.id not in self.trials:
            raise KeyError(trial.id)
        super().observe(trial)


class InfoOfObjects(Wrapped):
    def __init__(self, space: neps.PipelineSpace, seed: int) -> None:
        super().__init__(space, seed)
        self.info = {"space": space}


class InfoOfTuples(Wrapped):
    def __init__(self, space: neps.PipelineSpace, seed: int) -> None:
        super().__init__(space, seed)
        self.info = {"pair": (1, 2)}


class NotesOfObjects(Wrapped):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, note={"rng": np.random.default_rng(1)})


class Brackets(Wrapped):
    def __init__(self, space: neps.PipelineSpace, seed: int) -> None:
        super().__init__(space, seed, "hyperband")


class ContinuesAnother(Brackets):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, previous=1) if proposal.previous is not None else proposal


class ContinuesLower(Brackets):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        low = dict.fromkeys(proposal.fidelities, 1)
        return replace(proposal, fidelities=low) if proposal.previous is not None else proposal


class ContinuesRunning(Wrapped):
    def __init__(self, space: neps.PipelineSpace, seed: int) -> None:
        super().__init__(space, seed, "hyperband")

    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        running = [t for t in self.trials.values() if not t.state.ended]
        if trial_id < 5 or not running:
            return proposal
        return Proposal(running[0].config, {"budget": 9}, running[0].id)


class FidelityOutOfBounds(Wrapped):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, fidelities=dict.fromkeys(proposal.fidelities, 1000))


class FidelityLeftOut(Wrapped):
    def change(self, proposal: Proposal, trial_id: int) -> Proposal:
        return replace(proposal, fidelities={})


SMALL = neps.PipelineSpace.from_attributes({"a": neps.Integer(1, 5), "x": neps.Float(0.0, 1.0)})
SMALL_WITH = SMALL.add(neps.IntegerFidelity(1, 9), "budget")


def failures(kind: Callable[..., Optimizer], space: neps.PipelineSpace) -> dict[str, str]:
    """The checks that an optimizer fails on a space, with what they say."""

    class Checked(OptimizerConformance):
        def make(self, space: neps.PipelineSpace, seed: int) -> Optimizer:
            return kind(space, seed)

        def spaces(self) -> Mapping[str, neps.PipelineSpace]:
            return {"small": space}

    found = {}
    for check in (n for n in dir(Checked) if n.startswith("test_")):
        try:
            getattr(Checked(), check)()
        except (AssertionError, KeyError) as e:
            found[check] = str(e)
    return found


@pytest.mark.parametrize(
    ("kind", "space", "check", "message"),
    [
        (OutOfRange, SMALL, "test_proposals_are_legal",
         "a proposal must be legal, got the value must be a whole number from 1 to 5, got 99 @ a @ small"),
        (NumpyScalars, SMALL, "test_proposals_are_legal", "a config must be as the space records it"),
        (FidelityOutOfBounds, SMALL_WITH, "test_proposals_are_legal", "lower <= fidelity <= upper must hold"),
        (FidelityLeftOut, SMALL_WITH, "test_proposals_are_legal",
         "every fidelity must have a value of its type, got {} in place of {'budget': 9} @ small"),
        (NotesOfObjects, SMALL, "test_proposals_are_legal", "a note must be JSON"),
        (Unseeded, SMALL, "test_the_same_seed_gives_the_same", "the same seed must give the same proposals"),
        (GlobalState, SMALL, "test_global_random_state_is_left_alone",
         "an optimizer must draw from its seed, got a use of the global state of random @ small"),
        (CountsAsks, SMALL, "test_asking_changes_nothing", "ask(1) must not change what is proposed"),
        (TakesAsksForStarts, SMALL, "test_asking_changes_nothing", "must not change what is proposed"),
        (ForgetsAtTheStart, SMALL, "test_a_run_that_is_resumed_goes_on_as_it_would_have",
         "a run resumed after 1 events must go on as it would have"),
        (Repeats, SMALL, "test_no_config_comes_twice",
         "no config must come twice while there are others (3 of inf came), got trial 4 as trial 3"),
        (Stops, SMALL, "test_trials_may_run_side_by_side",
         "a space without end must not be exhausted, got None after 9 trials @ small"),
        (FailsAtCrashes, SMALL, "test_crashed_trials_are_taken", "'objective'"),
        (NeedsAStart, SMALL, "test_trials_from_elsewhere_are_taken", "1"),
        (InfoOfObjects, SMALL, "test_info_is_json_and_makes_it_again", "info must be JSON"),
        (InfoOfTuples, SMALL, "test_info_is_json_and_makes_it_again",
         "info must survive JSON, got {'pair': [1, 2]} of {'pair': (1, 2)} @ small"),
        (ContinuesAnother, SMALL_WITH, "test_what_is_continued_has_ended",
         "must"),
        (ContinuesLower, SMALL_WITH, "test_what_is_continued_has_ended",
         "a trial must be continued at a higher fidelity, got {'budget': 1} after {'budget': 1} @ small"),
        (ContinuesRunning, SMALL_WITH, "test_what_is_continued_has_ended",
         "only trials that ended can be continued"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(
    kind: Callable[..., Optimizer], space: neps.PipelineSpace, check: str, message: str
) -> None:
    assert message in failures(kind, space)[check]


def test_what_breaks_no_rule_passes() -> None:
    assert failures(Wrapped, SMALL) == {}
    assert failures(Brackets, SMALL_WITH) == {}


def test_make_must_be_defined() -> None:
    with pytest.raises(NotImplementedError, match="define make"):
        OptimizerConformance().test_proposals_are_legal()


def test_the_docs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippets of docs/optimizers.md, and the checks of the optimizer that they define."""
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parent.parent / "docs" / "optimizers.md").read_text()
    scope: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, scope)
    checks = scope["TestHillClimber"]()
    for check in (n for n in dir(checks) if n.startswith("test_")):
        getattr(checks, check)()
    assert neps.load_optimizer_info("results")["name"] == "priorband"
    assert neps.load_optimizer_info("climbed") == {"name": "hill_climber", "info": {"deviation": 0.2}}
