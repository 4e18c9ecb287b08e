"""What optimizers share: generators by trial, configs that are new, draws of a fidelity, losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from neps_cs.counting.configs import enumerate as enumerated
from neps_cs.errors import SpaceError
from neps_cs.graph.records import ChoiceRecord, NumberRecord
from neps_cs.optimizers.arguments import IgnoreFidelity
from neps_cs.optimizers.base import Proposal
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.walk import MAX_DEPTH, Config, Decide
from neps_cs.sampling.draw import drawn
from neps_cs.sampling.modes import always_prior
from neps_cs.scales import Scale
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial
from neps_cs.values import Plain, PlainKey, plain_key

Draw: TypeAlias = Callable[[], "Config | None"]
"""Gives a legal config; None where it finds none."""
ConfigKey: TypeAlias = tuple[tuple[str, PlainKey], ...]

ATTEMPTS = 100
"""So often a draw of the whole space is repeated to find a config that no trial had."""
VARIATIONS = 20
"""So often others are: two configs may have no crossover but themselves."""
UNIFORM, PRIOR, PRIOR_MODE = "uniform", "prior", "prior mode"
LEGAL_ATTEMPTS = 30
"""So often a variation of a config is repeated to find one that no forbidden clause rules out: where
nothing near is legal, it is given up."""


def generator(seed: int, trial_id: int) -> np.random.Generator:
    """The generator of one trial: what it draws depends on nothing that other trials drew."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(trial_id,)))


def config_key(config: Mapping[str, Plain]) -> ConfigKey:
    """A hashable key of a config, whatever the order of its addresses; True, 1 and 1.0 apart."""
    return tuple((a, plain_key(config[a])) for a in sorted(config))


def point_key(
    config: Mapping[str, Plain], fidelities: Mapping[str, float]
) -> tuple[ConfigKey, tuple[float, ...]]:
    """The key of a config at its fidelities."""
    return config_key(config), tuple(fidelities[n] for n in sorted(fidelities))


def loss(trial: Trial) -> float:
    """The objective of a trial that ended; infinite where it crashed or there is none."""
    if trial.state is not State.SUCCESS or trial.report is None or trial.report.objective is None:
        return math.inf
    return math.inf if math.isnan(trial.report.objective) else trial.report.objective


def has_priors(space: PipelineSpace) -> bool:
    """Whether any parameter has a prior."""
    records = space.graph.records
    edited = any(e.sets_prior and e.prior is not None for e in space.graph.edits.values())
    return edited or any(isinstance(r, (NumberRecord, ChoiceRecord)) and r.prior is not None for r in records)


def drawing(
    resolver: Resolver, rng: np.random.Generator, *, use_priors: bool, max_depth: int = MAX_DEPTH
) -> Draw:
    """Draws from the space: uniform, or by its priors."""
    return lambda: drawn(resolver, rng, use_prior=use_priors, max_depth=max_depth, build=False)[0]


def deciding(resolver: Resolver, decide: Callable[[], Decide]) -> Draw:
    """Draws what decide-functions decide, made anew for each draw and each attempt to find a legal one."""
    forbidding = resolver.forbidding

    def draw() -> Config | None:
        for _ in range(LEGAL_ATTEMPTS):
            config = resolver.narrowed.resolve(decide(), build=False).config
            if forbidding is None or not forbidding.held(config):
                return config
        return None

    return draw


def prior_mode(resolver: Resolver) -> Config:
    """The config that the author of the priors believes in most."""
    return resolver.resolve(always_prior, build=False).config


class Known:
    """The configs that trials of a run had, and what is left of a finite space, or of a recursive one
    within `max_depth`."""

    def __init__(self, space: PipelineSpace, max_depth: int | None = None) -> None:
        self._space, self._max_depth = space, max_depth
        self._keys: set[ConfigKey] = set()
        self._rest: Iterator[Config] | None = None
        self._is_endless: bool | None = None
        self._head: Config | None = None

    def __contains__(self, config: Mapping[str, Plain]) -> bool:
        return config_key(config) in self._keys

    def add(self, config: Mapping[str, Plain]) -> None:
        """Note a config that a trial has."""
        self._keys.add(config_key(config))

    def novel(self, draws: Mapping[str, Draw]) -> tuple[Config, str] | None:
        """A config that no trial had, with the name of the draw that gave it: each is tried so often in turn.

        Where none is found, the first that is left, in the order of `neps.enumerate`, named "rest"; None
        where none is left. In an infinite space, which has no such order, it may be one that a trial had.
        """
        last: tuple[Config, str] | None = None
        for name, draw in draws.items():
            for _ in range(_attempts(name)):
                config = draw()
                if config is None:
                    break
                if config not in self:
                    return config, name
                last = config, name
        if self._endless:
            return last
        rest = self._left()
        return None if rest is None else (rest, "rest")

    @property
    def _endless(self) -> bool:
        if self._is_endless is None:
            try:
                self._rest = enumerated(self._space, max_depth=self._max_depth)
                self._is_endless = False
            except SpaceError:
                self._is_endless = True
        return self._is_endless

    def _left(self) -> Config | None:
        """The first config in order that no trial had: all before it are known for good."""
        assert self._rest is not None, "the space is finite"
        while self._head is None or self._head in self:
            self._head = next(self._rest, None)
            if self._head is None:
                self._rest = iter(())
                return None
        return self._head


class Fidelities:
    """What optimizers that plan no fidelity do with it: full, or drawn."""

    def __init__(self, space: PipelineSpace, ignore: IgnoreFidelity) -> None:
        self._records = space.resolver.fidelities
        self.drawn = ignore is True and bool(self._records)

    def __call__(self, rng: np.random.Generator) -> dict[str, float]:
        """A value for each fidelity; if drawn, uniform on its own scale."""
        if not self.drawn:
            return {n: r.upper for n, r in self._records.items()}
        scales = {n: Scale(r.lower, r.upper, r.log, r.integer) for n, r in self._records.items()}
        return {n: s.from_unit(float(rng.random())) for n, s in scales.items()}


class Novelty:
    """Proposals of configs that are new, with fidelities that are not planned.

    Where fidelities are drawn a config may come again at another fidelity, and once all have come at all
    fidelities anything may.
    """

    def __init__(self, space: PipelineSpace, seed: int, ignore: IgnoreFidelity) -> None:
        self.resolver = space.resolver
        self.known = Known(space)
        self._seed = seed
        self._fidelities = Fidelities(space, ignore)
        self._evaluated: set[tuple[ConfigKey, tuple[float, ...]]] = set()

    def rng(self, trial_id: int) -> np.random.Generator:
        """The generator of a trial."""
        return generator(self._seed, trial_id)

    def observe(self, trial: Trial) -> None:
        """Note the config of a trial."""
        if self._fidelities.drawn:
            self._evaluated.add(point_key(trial.config, trial.fidelities))
        else:
            self.known.add(trial.config)

    def propose(
        self,
        rng: np.random.Generator,
        draws: Mapping[str, Draw],
        note: Mapping[str, Plain] = MappingProxyType({}),
    ) -> Proposal | None:
        """A new config by the first of the draws that gives one, else a uniform one; None where the space is
        exhausted. The note says which draw it was, as its `sampler`."""
        draws = {**draws, UNIFORM: drawing(self.resolver, rng, use_priors=False)}
        if self._fidelities.drawn:
            config, fidelities, name = self._point(rng, draws)
            return Proposal(config, fidelities, note={"sampler": name, **note})
        found = self.known.novel(draws)
        if found is None:
            return None
        return Proposal(found[0], self._fidelities(rng), note={"sampler": found[1], **note})

    def _point(
        self, rng: np.random.Generator, draws: Mapping[str, Draw]
    ) -> tuple[Config, dict[str, float], str]:
        for name, draw in draws.items():
            for _ in range(_attempts(name)):
                config, fidelities = draw(), self._fidelities(rng)
                if config is None:
                    break
                if point_key(config, fidelities) not in self._evaluated:
                    return config, fidelities, name
        config = draws[UNIFORM]()
        assert config is not None, "uniform draws give a config, or raise"
        return config, self._fidelities(rng), UNIFORM


def _attempts(name: str) -> int:
    return ATTEMPTS if name in (UNIFORM, PRIOR) else VARIATIONS
