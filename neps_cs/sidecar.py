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

import numpy as np
import numpy.typing as npt

from neps_cs.codings import Coding
from neps_cs.columns import Columns, Encoded
from neps_cs.conditions import parents
from neps_cs.errors import ConfigError, Problem
from neps_cs.graph.records import SpaceGraph
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.sites import NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import completed, replay
from neps_cs.scales import Floats
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace


@dataclass(frozen=True, eq=False)
class Sidecar:
    """The structure behind a ConfigurationSpace: configs, configurations and pipelines from it.

    `entries` are the rows of the translation, one for each hyperparameter of `configspace`; `codings`
    say by address how that holds the values. `loose` names the hyperparameters that may have a value
    where they are dead (see `neps_cs.resolving.star`): it is the default in what is made here, and left
    out of what is read.
    """

    resolver: Resolver
    configspace: ConfigurationSpace
    entries: tuple[Entry, ...]
    codings: Mapping[str, Coding]
    loose: frozenset[str] = frozenset()

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
    def _columns(self) -> Columns:
        return Columns(self.resolver, self.entries, self.codings, self.configspace.index_of, self.loose)

    @cached_property
    def _compares_vectors(self) -> bool:
        """Whether a log integer with a prior decides what is active: ConfigSpace draws its vectors
        beside those of its values, and then compares them, so that it may be wrong."""
        deciding = {p for e in self.entries if e.condition is not None for p in parents(e.condition)}
        sites = [self._columns.entries[a].site for a in deciding if a in self._columns.entries]
        return any(
            isinstance(s, NumberSite) and s.record.integer and s.record.log and s.record.prior is not None
            for s in sites
        )

    def to_configuration(self, config: Mapping[str, Plain]) -> Configuration:
        """The configuration of a config. Inverse of `from_configuration`, and loses nothing.

        Raises ConfigError with everything that does not fit, decisions that lie beyond the
        translation's max_depth included.
        """
        return self.to_configurations([config])[0]

    def from_configuration(self, configuration: Configuration) -> Config:
        """The config of a configuration: active decisions only, plain Python values.

        Raises ConfigError for a configuration of another space, and for one that a clause forbids.
        """
        return self.from_configurations([configuration])[0]

    def to_configurations(self, configs: Iterable[Mapping[str, Plain]]) -> list[Configuration]:
        """`to_configuration` of each. Raises ConfigError with the problems of all, each with its place."""
        from ConfigSpace import Configuration

        array, shown = self._encoded(configs)
        found = []
        for vector, values in zip(array, shown, strict=True):
            configuration = Configuration(self.configspace, vector=vector.copy())
            # ConfigSpace would read floats back from the vector, rounded; these are the exact ones
            configuration._values = values
            found.append(configuration)
        return found

    def from_configurations(self, configurations: Iterable[Configuration]) -> list[Config]:
        """`from_configuration` of each."""
        given = list(configurations)
        self._check_spaces(given)
        if not given:
            return []
        array = np.array([c.get_array() for c in given])
        return self._settled(self._columns.decode(array, [c._values for c in given]))

    def to_array(self, configs: Iterable[Mapping[str, Plain]]) -> Floats:
        """The vectors of configs as ConfigSpace has them, shape (configs, hyperparameters): places in
        [0, 1], positions of choices, NaN where inactive. Raises ConfigError as `to_configurations`."""
        return self._encoded(configs).array

    def from_array(self, array: npt.ArrayLike) -> list[Config]:
        """The configs of vectors, shape (configs, hyperparameters). Inverse of `to_array`, but for the
        last bits of floats. Raises ConfigError for another shape and for impossible places."""
        vectors = np.asarray(array, dtype=float)
        if vectors.ndim != 2 or vectors.shape[1] != len(self.configspace):
            rule = f"an array must have the shape (configs, {len(self.configspace)})"
            raise ConfigError(Problem(rule, f"{vectors.shape}", self.graph.name))
        return self._settled(self._columns.decode(vectors, [None] * len(vectors)))

    def _encoded(self, configs: Iterable[Mapping[str, Plain]]) -> Encoded:
        """With the default where ConfigSpace takes what is dead for active."""
        array, shown = self._columns.encode(list(configs))
        for address, at in self.configspace.index_of.items() if self.loose else ():
            if address not in self.loose:
                continue
            active = np.isnan(array[:, at])
            for condition in self.configspace.parent_conditions_of[address]:
                active &= condition.satisfied_by_vector_array(array.T)
            hyperparameter = self.configspace[address]
            array[active, at] = hyperparameter.to_vector(hyperparameter.default_value)
            for i in np.flatnonzero(active).tolist():
                shown[i][address] = hyperparameter.default_value
        return Encoded(array, shown)

    def _settled(self, configs: list[Config]) -> list[Config]:
        if self._compares_vectors:
            configs = [completed(self.resolver, c) for c in configs]
        if self.resolver.forbidding is not None:
            self.resolver.forbidding.check_all(configs)
        return configs

    def _check_spaces(self, configurations: Sequence[Configuration]) -> None:
        from ConfigSpace import Configuration

        problems, own = [], self.configspace
        for configuration in configurations:
            if not isinstance(configuration, Configuration):
                kind = f"{configuration!r} of type {type(configuration).__name__}"
                raise ConfigError(Problem("a Configuration is needed", kind, self.graph.name))
            space = configuration.config_space
            if space is not own and list(space) != list(own):
                rule = "a configuration must have the hyperparameters of this space"
                strange = sorted(set(space) ^ set(own))
                problems += [Problem(rule, "a difference", name) for name in strange]
        if problems:
            raise ConfigError(dict.fromkeys(problems))

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


def sequence_of(hyperparameter: Any) -> tuple[Any, ...]:
    """The choices of a categorical, the sequence of an ordinal."""
    from ConfigSpace import OrdinalHyperparameter

    ordered = isinstance(hyperparameter, OrdinalHyperparameter)
    return tuple(hyperparameter.sequence if ordered else hyperparameter.choices)
