"""Optuna itself: define-by-run over our spaces, its samplers in our run loop, flat spaces both ways."""

from __future__ import annotations

import pytest

from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import OptimizerConformance
from neps_cs.space import PipelineSpace

pytestmark = pytest.mark.peer

optuna = pytest.importorskip("optuna")
bridge = pytest.importorskip("neps_cs_converters.optuna")


class TestOptuna(OptimizerConformance):
    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        made: Optimizer = bridge.optuna(space, seed=seed, sampler_arguments={"n_startup_trials": 5})
        return made
