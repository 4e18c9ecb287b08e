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

from neps_cs.codings import Carrier, Coding, Fixed, Held, Position, Spread
from neps_cs.conditions import parents
from neps_cs.errors import ConfigError, Problem
from neps_cs.graph.records import SpaceGraph
from neps_cs.resolving.alive import DEAD, alive
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite, Site
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
    def _by_address(self) -> Mapping[str, Entry]:
        return {e.address: e for e in self.entries}

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
        return self.to_configurations([config])[0]

    def from_configuration(self, configuration: Configuration) -> Config:
        """The config of a configuration: active decisions only, plain Python values.

        Raises ConfigError for a configuration of another space.
        """
        return self.from_configurations([configuration])[0]

    def to_configurations(self, configs: Iterable[Mapping[str, Plain]]) -> list[Configuration]:
        """`to_configuration` of each. Raises ConfigError with the problems of all, each with its place."""
        from ConfigSpace import Configuration

        decided = self._decided(configs)
        vectors, shown = self._encoded(decided)
        found = []
        for vector, values in zip(vectors, shown, strict=True):
            configuration = Configuration(self.configspace, vector=vector)
            # ConfigSpace would read floats back from the vector, rounded; these are the exact ones
            configuration._values = values
            found.append(configuration)
        return found

    def from_configurations(self, configurations: Iterable[Configuration]) -> list[Config]:
        """`from_configuration` of each."""
        given = list(configurations)
        for configuration in given:
            self._check_space(configuration)
        if not given:
            return []
        array = np.array([c.get_array() for c in given])
        configs = self._decoded(array, [c._values for c in given])
        return [completed(self.resolver, c) for c in configs] if self._compares_vectors else configs

    def to_array(self, configs: Iterable[Mapping[str, Plain]]) -> Floats:
        """The vectors of configs as ConfigSpace has them, shape (configs, hyperparameters): places in
        [0, 1], positions of choices, NaN where inactive. Raises ConfigError as `to_configurations`."""
        return self._encoded(self._decided(configs))[0]

    def from_array(self, array: npt.ArrayLike) -> list[Config]:
        """The configs of vectors, shape (configs, hyperparameters). Inverse of `to_array`, but for the
        last bits of floats. Raises ConfigError for another shape and for impossible places."""
        vectors = np.asarray(array, dtype=float)
        if vectors.ndim != 2 or vectors.shape[1] != len(self.configspace):
            rule = f"an array must have the shape (configs, {len(self.configspace)})"
            raise ConfigError(Problem(rule, f"{vectors.shape}", self.graph.name))
        configs = self._decoded(vectors, [None] * len(vectors))
        return [completed(self.resolver, c) for c in configs] if self._compares_vectors else configs

    def _check_space(self, configuration: Configuration) -> None:
        from ConfigSpace import Configuration

        if not isinstance(configuration, Configuration):
            kind = f"{configuration!r} of type {type(configuration).__name__}"
            raise ConfigError(Problem("a Configuration is needed", kind, self.graph.name))
        space = configuration.config_space
        if space is not self.configspace and set(space) != set(self.configspace):
            strange = sorted(set(space) ^ set(self.configspace))
            rule = "a configuration must have the hyperparameters of this space"
            raise ConfigError([Problem(rule, "a difference", name) for name in strange])

    def _decided(self, configs: Iterable[Mapping[str, Plain]]) -> list[dict[str, Any]]:
        """What the hyperparameters stand for in each config, fidelities and constants included."""
        found, problems = [], list[Problem]()
        for config in configs:
            try:
                found.append(self._one_decided(config))
            except ConfigError as e:
                problems += e.problems
        if problems:
            raise ConfigError(problems)
        return found

    def _one_decided(self, config: Mapping[str, Plain]) -> dict[str, Any]:
        resolution = replay(self.resolver, config, build=False)
        problems = [
            Problem("the decision must lie within the translation's max_depth", repr(v), a)
            for a, v in resolution.config.items()
            if not self._holds(a, v)
        ]
        if problems:
            raise ConfigError(problems)
        decided: dict[str, Any] = dict(resolution.config)
        for address, site in self._undecided:
            if isinstance(site, FidelitySite):
                decided[address] = resolution.fidelities[address]
            elif address in resolution.attributes:
                decided[address] = None
        return decided

    @cached_property
    def _undecided(self) -> list[tuple[str, Site]]:
        return [(e.address, e.site) for e in self.entries if isinstance(e.site, (ConstantSite, FidelitySite))]

    def _encoded(self, decided: Sequence[Mapping[str, Any]]) -> tuple[Floats, list[dict[str, Any]]]:
        """The vectors, and what the mappings of their configurations show."""
        vectors = np.full((len(decided), len(self.configspace)), np.nan)
        shown: list[dict[str, Any]] = [{} for _ in decided]
        for address, at in self.configspace.index_of.items():
            coding = self.codings[address]
            rows = [i for i, d in enumerate(decided) if address in d]
            if address in self.loose:
                self._fill_dead(address, vectors, shown)
            if not rows:
                continue
            values = [decided[i][address] for i in rows]
            units = coding.units(values, lambda other, rows=rows: [decided[i][other] for i in rows])  # type: ignore[misc]
            vectors[rows, at] = units
            for i, value in zip(rows, coding.seen(values, units), strict=True):
                shown[i][address] = value
        return vectors, shown

    def _fill_dead(self, address: str, vectors: Floats, shown: Sequence[dict[str, Any]]) -> None:
        """Give a loose hyperparameter its default where ConfigSpace takes it for active."""
        hyperparameter, at = self.configspace[address], self.configspace.index_of[address]
        active = np.full(len(vectors), True)
        for condition in self.configspace.parent_conditions_of[address]:
            active &= condition.satisfied_by_vector_array(vectors.T)
        vectors[active, at] = hyperparameter.to_vector(hyperparameter.default_value)
        for i in np.flatnonzero(active).tolist():
            shown[i][address] = hyperparameter.default_value

    def _decoded(self, array: Floats, shown: Sequence[Mapping[str, Any] | None]) -> list[Config]:
        """The configs of vectors; where a configuration was made here, `shown` has the exact values."""
        columns: dict[str, list[Any]] = {}
        sites = {e.address: e.site for e in self.entries} if self.loose else {}
        for entry in self._read_first:
            if isinstance(entry.site, ConstantSite) and not self.loose:  # else it may be a parent
                continue
            address, coding = entry.address, self.codings[entry.address]
            column = array[:, self.configspace.index_of[address]]
            active = ~np.isnan(column)
            if address in self.loose and entry.condition is not None:
                active &= alive(entry.condition, sites, columns, len(array))
            if active.all():
                columns[address] = list(coding.values(column, columns.__getitem__))
            else:
                rows = np.flatnonzero(active).tolist()
                others = lambda other, rows=rows: [columns[other][i] for i in rows]  # noqa: E731
                columns[address] = filled = [DEAD] * len(array)
                for i, value in zip(rows, coding.values(column[active], others), strict=True):
                    filled[i] = value
            if not isinstance(coding, (Position, Fixed)):
                _restore(columns[address], address, shown, coding)
        order = [e.address for e in self.entries if not isinstance(e.site, ConstantSite)]
        rows_ = zip(*(columns[a] for a in order), strict=True) if order else ([] for _ in array)
        if any(DEAD in columns[a] for a in order):
            return [{a: v for a, v in zip(order, row, strict=True) if v is not DEAD} for row in rows_]
        return [dict(zip(order, row, strict=True)) for row in rows_]

    @cached_property
    def _read_first(self) -> list[Entry]:
        """The entries, those that others have as bounds, or are loose under, before these."""
        order: dict[str, Entry] = {}
        stack = list(reversed(self.entries))
        while stack:
            entry = stack[-1]
            coding = self.codings[entry.address]
            bounds = (coding.lower_at, coding.upper_at) if isinstance(coding, Spread) else ()
            above = (
                parents(entry.condition)
                if entry.condition is not None and entry.address in self.loose
                else ()
            )
            read = (*bounds, *(a for a in above if a in self._by_address))
            open_ = [self._by_address[a] for a in read if a is not None and a not in order]
            if open_:
                stack += open_
            else:
                order.setdefault(stack.pop().address, entry)
        return list(order.values())

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


def _restore(
    column: list[Any], address: str, shown: Sequence[Mapping[str, Any] | None], coding: Coding
) -> None:
    """Put the exact values of configurations that were made by a side-car in place of the rounded ones."""
    for i, values in enumerate(shown):
        if values is not None and address in values and column[i] is not DEAD:
            value = values[address]
            if isinstance(value, Carrier):
                column[i] = value.value
            elif isinstance(coding, Held) and type(value) is type(column[i]) is float:
                column[i] = min(coding.upper, max(coding.lower, value))


def sequence_of(hyperparameter: Any) -> tuple[Any, ...]:
    """The choices of a categorical, the sequence of an ordinal."""
    from ConfigSpace import OrdinalHyperparameter

    ordered = isinstance(hyperparameter, OrdinalHyperparameter)
    return tuple(hyperparameter.sequence if ordered else hyperparameter.choices)
