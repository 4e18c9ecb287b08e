"""Random search: every trial is drawn on its own (Bergstra and Bengio 2012)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neps_cs.optimizers.arguments import HIGHEST, IgnoreFidelity, read_ignore_fidelity, read_seed, read_space
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import PRIOR, UNIFORM, Novelty, drawing
from neps_cs.sampling.draw import checked_flag
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial


class RandomSearch:
    """Draws each config independently, and again where a trial had it already.

    A trial of a seed is the same config in whatever order and process it is asked for, unless it would
    repeat another: its generator is made of (seed, trial's id).
    """

    name = "random_search"

    def __init__(
        self,
        space: PipelineSpace,
        *,
        seed: int,
        use_priors: bool = False,
        ignore_fidelity: IgnoreFidelity = HIGHEST,
    ) -> None:
        self.space = read_space(space, self.name)
        self._use_priors = checked_flag("use_priors", use_priors, self.name)
        ignore = read_ignore_fidelity(space, ignore_fidelity, self.name)
        self._novelty = Novelty(space, read_seed(seed, self.name), ignore)
        self.info: Mapping[str, Any] = {"use_priors": self._use_priors, "ignore_fidelity": ignore}

    def observe(self, trial: Trial) -> None:
        """Only that the config is known counts."""
        self._novelty.observe(trial)

    def ask(self, trial_id: int) -> Proposal | None:
        """A fresh draw for the trial with this id; None once a finite space is exhausted."""
        rng = self._novelty.rng(trial_id)
        draw = drawing(self.space.resolver, rng, use_priors=self._use_priors)
        return self._novelty.propose(rng, {PRIOR if self._use_priors else UNIFORM: draw})
