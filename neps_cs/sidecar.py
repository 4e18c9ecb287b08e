"""The side-car: what a space and its ConfigurationSpace share, and the way between their configs.

It holds the exact values. A configuration made here keeps them, so that a config comes back as
it was; one that ConfigSpace sampled is read by its vector, and floats as ConfigSpace rounds them
(13 decimals), clipped to the exact bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neps_cs.conditions import parents
from neps_cs.errors import ConfigError, Problem
from neps_cs.graph.records import FidelityRecord, SpaceGraph
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import completed, replay
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Sidecar:
    """The structure behind a ConfigurationSpace: configs, configurations and pipelines from it.

    `entries` are the rows of the translation, one for each hyperparameter of `configspace`.
    """

    resolver: Resolver
    configspace: ConfigurationSpace
    entries: tuple[Entry, ...]

    @property
    def graph(self) -> SpaceGraph:
        """The space as records."""
        return self.resolver.graph

    @cached_property
    def space(self) -> PipelineSpace:
        """The space itself, with objects of its own."""
        return PipelineSpace.from_graph(self.graph)

    @property
    def budget(self) -> tuple[str, float, float] | None:
        """The fidelity as (name, min, max), both inclusive; None without one.

        Raises ConfigError where there are several: name one of `fidelities` yourself.
        """
        fidelities = self.resolver.fidelities
        if len(fidelities) > 1:
            rule = "a budget stands for one fidelity"
            raise ConfigError(Problem(rule, ", ".join(fidelities), self.graph.name))
        return next(((n, r.lower, r.upper) for n, r in fidelities.items()), None)

    @cached_property
    def _by_address(self) -> Mapping[str, Entry]:
        return {e.address: e for e in self.entries}

    @cached_property
    def _positions(self) -> Mapping[str, Sequence[float]]:
        """For each choice the vector's value of each open branch."""
        space = self.configspace
        return {
            e.address: [float(space[e.address].to_vector(v)) for v in sequence_of(space[e.address])]
            for e in self.entries
            if isinstance(e.site, ChoiceSite)
        }

    @cached_property
    def _compares_vectors(self) -> bool:
        """Whether a log integer with a prior decides what is active: ConfigSpace draws its vectors
        beside those of its values, and then compares them, so that it may be wrong."""
        deciding = {p for e in self.entries if e.condition is not None for p in parents(e.condition)}
        sites = [self._by_address[a].site for a in deciding if a in self._by_address]
        return any(
            isinstance(s, NumberSite) and s.record.integer and s.record.log and s.record.prior is not None
            for s in sites
        )

    def to_configuration(self, config: Mapping[str, Plain]) -> Configuration:
        """The configuration of a config. Inverse of `from_configuration`, and loses nothing.

        Raises ConfigError with everything that does not fit, decisions that lie beyond the
        translation's max_depth included.
        """
        import numpy as np
        from ConfigSpace import Configuration

        resolution = replay(self.resolver, config, build=False)
        problems = [
            Problem("the decision must lie within the translation's max_depth", repr(v), a)
            for a, v in resolution.config.items()
            if not self._holds(a, v)
        ]
        if problems:
            raise ConfigError(problems)
        values: dict[str, Any] = {}
        vector = np.full(len(self.configspace), np.nan)
        for address, hyperparameter in self.configspace.items():
            entry = self._by_address[address]
            at = self.configspace.index_of[address]
            match entry.site:
                case ChoiceSite() if address in resolution.config:
                    index = index_of(entry.site.branches, resolution.config[address])
                    position = entry.allowed.index(index)
                    vector[at] = self._positions[address][position]
                    values[address] = sequence_of(hyperparameter)[position]
                case NumberSite() if address in resolution.config:
                    values[address] = number = resolution.config[address]
                    vector[at] = _unit(hyperparameter, number)
                case FidelitySite():
                    values[address] = number = resolution.fidelities[address]
                    vector[at] = _unit(hyperparameter, number)
                case ConstantSite() if address in resolution.attributes:
                    values[address] = hyperparameter.default_value
                    vector[at] = float(hyperparameter.to_vector(hyperparameter.default_value))
                case _:
                    pass
        configuration = Configuration(self.configspace, vector=vector)
        configuration.check_valid_configuration()
        # ConfigSpace would read floats back from the vector, rounded; these are the exact ones
        configuration._values = values
        return configuration

    def from_configuration(self, configuration: Configuration) -> Config:
        """The config of a configuration: active decisions only, plain Python values.

        Raises ConfigError for a configuration of another space.
        """
        space = configuration.config_space
        if space is not self.configspace and set(space) != set(self.configspace):
            strange = sorted(set(space) ^ set(self.configspace))
            rule = "a configuration must have the hyperparameters of this space"
            raise ConfigError([Problem(rule, "a difference", name) for name in strange])
        array = configuration.get_array()
        config: Config = {}
        for entry in self.entries:
            unit = float(array[space.index_of[entry.address]])
            if unit != unit:  # NaN: inactive
                continue
            match entry.site:
                case ChoiceSite(address=address, values=names):
                    config[address] = names[int(entry.allowed[self._position(address, unit)])]
                case NumberSite() | FidelitySite():
                    config[entry.address] = self._number(entry, configuration[entry.address])
                case ConstantSite():
                    pass
        return completed(self.resolver, config) if self._compares_vectors else config

    def to_configurations(self, configs: Iterable[Mapping[str, Plain]]) -> list[Configuration]:
        """`to_configuration` of each."""
        return [self.to_configuration(c) for c in configs]

    def from_configurations(self, configurations: Iterable[Configuration]) -> list[Config]:
        """`from_configuration` of each."""
        return [self.from_configuration(c) for c in configurations]

    def resolve(
        self,
        config: Mapping[str, Any] | Configuration,
        fidelity_values: Mapping[str, float] | None = None,
    ) -> Pipeline:
        """The pipeline of a config or a configuration. Fidelities that are not given are full.

        Raises ConfigError for what does not fit.
        """
        from ConfigSpace import Configuration

        plain = self.from_configuration(config) if isinstance(config, Configuration) else config
        return replay(self.resolver, plain, fidelity_values).pipeline

    def _holds(self, address: str, value: Plain) -> bool:
        entry = self._by_address.get(address)
        if entry is None:
            return False
        if isinstance(entry.site, ChoiceSite):
            return index_of(entry.site.branches, value) in entry.allowed
        return entry.allowed[0] <= value <= entry.allowed[1]  # type: ignore[operator]

    def _position(self, address: str, unit: float) -> int:
        for i, at in enumerate(self._positions[address]):
            if abs(at - unit) < _TOLERANCE:
                return i
        raise ConfigError(Problem("the vector of a choice must be one of its positions", repr(unit), address))

    def _number(self, entry: Entry, value: Any) -> float:
        record = entry.site.record  # type: ignore[union-attr]
        assert not isinstance(record, FidelityRecord) or entry.allowed, "fidelities have their bounds"
        lower, upper = entry.allowed
        number = int(value) if record.integer else float(value)  # type: ignore[union-attr]
        return min(upper, max(lower, number))


def sequence_of(hyperparameter: Any) -> tuple[Any, ...]:
    """The choices of a categorical, the sequence of an ordinal."""
    from ConfigSpace import OrdinalHyperparameter

    ordered = isinstance(hyperparameter, OrdinalHyperparameter)
    return tuple(hyperparameter.sequence if ordered else hyperparameter.choices)


def _unit(hyperparameter: Any, value: Any) -> float:
    """The vector's value of a number; its exact bounds may lie a rounding outside of ConfigSpace's."""
    unit = float(hyperparameter.to_vector(value))
    return min(1.0, max(0.0, unit))
