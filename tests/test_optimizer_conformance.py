"""Every optimizer passes the conformance class; what breaks a rule fails its check."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ConfigSpace import ConfigurationSpace, EqualsCondition, ForbiddenAndConjunction, ForbiddenEqualsClause

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.choosing import make_optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)

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
