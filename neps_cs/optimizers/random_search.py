"""Random search: every trial is drawn on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neps_cs.optimizers.base import Proposal
from neps_cs.sampling.draw import checked_flag, prior, uniform
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial


class RandomSearch:
    """Draws each config independently, with the fidelity full.

    Trial i of a seed is always the same config, in whatever order and process it is asked for:
    its generator is made of (seed, i).
    """

    name = "random_search"

    def __init__(self, space: PipelineSpace, *, seed: int, use_priors: bool = False) -> None:
        self.space = space
        self._seed = seed
        self._draw = prior if checked_flag("use_priors", use_priors, "random_search") else uniform
        self.info: Mapping[str, Any] = {"use_priors": use_priors}

    def observe(self, trial: Trial) -> None:
        """Nothing of what happened counts."""

    def ask(self, trial_id: int) -> Proposal:
        """A fresh draw for the trial with this id."""
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(trial_id,)))
        resolution = self.space.resolver.resolve(self._draw(rng), build=False)
        return Proposal(resolution.config, resolution.fidelities)
