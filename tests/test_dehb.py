"""DEHB itself, in our run loop."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.conformance import OptimizerConformance, spaces_with_fidelity
from neps_cs.space import PipelineSpace

pytestmark = pytest.mark.peer

pytest.importorskip("dehb")
bridge = pytest.importorskip("neps_cs_converters.dehb")


class TestDehb(OptimizerConformance):
    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        made: Optimizer = bridge.dehb(space, seed=seed, max_depth=3)
        return made

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """DEHB needs a fidelity."""
        return spaces_with_fidelity()
