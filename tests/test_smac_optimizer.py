"""SMAC inside our run loop."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import (
    OptimizerConformance,
    spaces_with_fidelity,
    spaces_without_fidelity,
)
from neps_cs.space import PipelineSpace

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

pytest.importorskip("smac")
bridge = pytest.importorskip("neps_cs_converters.smac")

SMALL = {
    "n_trials": 12,
    "retrain_after": 4,
    "model": {"n_trees": 1},
    "acquisition_maximizer": {"challengers": 10, "local_search_iterations": 1},
}


class TestSmac(OptimizerConformance):
    n_trials = 9  # three of the initial design, then two batches

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """Each kind once, half of them with a fidelity."""
        without, fidelity = spaces_without_fidelity(), spaces_with_fidelity()
        chosen = [n for n in fidelity if n.split(",")[0] in ("conditional", "structural", "finite")]
        plain = ("forbidden", "recursive", "one")
        return {**{n: without[n] for n in plain}, **{n: fidelity[n] for n in chosen}}

    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        kind = "auto" if space.resolver.fidelities else "hyperparameter"  # a black box takes too long here
        made: Optimizer = bridge.smac(space, seed=seed, max_depth=2, facade=kind, **SMALL)
        return made
