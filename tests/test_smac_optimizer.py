"""SMAC inside our run loop."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import OptimizerConformance
from neps_cs.space import PipelineSpace

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

pytest.importorskip("smac")
bridge = pytest.importorskip("neps_cs_converters.smac")

SMALL = {
    "n_trials": 16,
    "model": {"n_trees": 2},
    "acquisition_maximizer": {"challengers": 20, "local_search_iterations": 1},
}


class TestSmac(OptimizerConformance):
    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        made: Optimizer = bridge.smac(space, seed=seed, max_depth=2, **SMALL)
        return made
