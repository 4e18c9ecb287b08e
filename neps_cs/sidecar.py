"""The side-car: what a space and its ConfigurationSpace share, and the way between their configs.

It holds the exact values. A configuration made here keeps them, so that a config comes back as
it was; one that ConfigSpace sampled is read by its vector, and floats as ConfigSpace rounds them
(13 decimals), clipped to the exact bounds.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neps_cs.codings import Coding
from neps_cs.columns.decode import decode
from neps_cs.columns.encode import encode
from neps_cs.columns.table import Encoded, Shown, Table
from neps_cs.errors import ConfigError, Problem
from neps_cs.graph.records import SpaceGraph
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import completed, replay
from neps_cs.scales import Floats
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain, plain_key, shown

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace


@dataclass(frozen=True, eq=False)
class Sidecar:
    """The structure behind a ConfigurationSpace: configs, configurations and pipelines from it.

    `entries` are the rows of the translation, one for each hyperparameter of `configspace`; `codings`
    say by address how that holds the values. `arguments` are those that `to_configspace` was called with,
    besides the space: pickled, and copied, a side-car is translated again. `loose` names the
    hyperparameters that may have a value where they are dead (see `neps_cs.resolving.star`): it is the
    default in what is made here, and left out of what is read.
    """

    resolver: Resolver
    configspace: ConfigurationSpace
    entries: tuple[Entry, ...]
    codings: Mapping[str, Coding]
    loose: frozenset[str] = frozenset()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return _translated, (self.space, dict(self.arguments))

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
    def _table(self) -> Table:
        return Table(self.resolver, self.entries, self.codings, self.configspace.index_of, self.loose)

    def to_configuration(self, config: Mapping[str, Plain]) -> Configuration:
        """The configuration of a config. Inverse of `from_configuration`, and loses nothing.

        Raises ConfigError with everything that does not fit, decisions that lie beyond the
        translation's max_depth included.
        """
        return self.to_configurations([config])[0]

    def from_configuration(self, configuration: Configuration) -> Config:
        """The config of a configuration: active decisions only, plain Python values. One of another
        translation of this space (with other priors, say) is read by what that means.

        Raises ConfigError for a configuration of another space, for one with an impossible vector, without a
        value where one must be or with one where none may be, and for one that a clause forbids.
        """
        return self.from_configurations([configuration])[0]

    def to_configurations(self, configs: Iterable[Mapping[str, Plain]]) -> list[Configuration]:
        """`to_configuration` of each. Raises ConfigError with the problems of all, each with its place."""
        from ConfigSpace import Configuration

        encoded = self._encoded(configs)
        found = []
        for vector, values in zip(encoded.array, encoded.shown, strict=True):
            values.vector = own = vector.copy()
            configuration = Configuration(self.configspace, vector=own)
            # ConfigSpace would read floats back from the vector, rounded; these are the exact ones
            configuration._values = values
            found.append(configuration)
        return found

    def from_configurations(self, configurations: Iterable[Configuration]) -> list[Config]:
        """`from_configuration` of each. Raises ConfigError as that does."""
        given = _listed(configurations, "from_configurations")
        self._check_unchanged()
        self._check_kinds(given)
        spaces = {id(c.config_space): c.config_space for c in given}
        spaces.pop(id(self.configspace), None)
        elsewhere = self._translations(spaces) if spaces else {}
        if elsewhere:
            return self._from_translations(given, elsewhere)
        self._check_spaces(spaces.values())
        found = [self._known(c) if type(c._values) is Shown else None for c in given]
        unread = [i for i, config in enumerate(found) if config is None]
        if unread:
            array = np.array([given[i].get_array() for i in unread])
            configs = self._settled(decode(self._table, array, [given[i]._values for i in unread]))
            for i, config in zip(unread, configs, strict=True):
                found[i] = config
        return found  # type: ignore[return-value]

    def _translations(self, spaces: Mapping[int, ConfigurationSpace]) -> dict[int, Mapping[str, Any]]:
        """Those of other ConfigurationSpaces, by id, that are translations of this space: with which
        arguments."""
        bridge = importlib.import_module("neps_cs_converters.configspace.known")
        found = {key: bridge.arguments_of(space, self.graph) for key, space in spaces.items()}
        return {key: a for key, a in found.items() if a is not None and a != self.arguments}

    def _from_translations(
        self, given: list[Any], elsewhere: Mapping[int, Mapping[str, Any]]
    ) -> list[Config]:
        """Each by the side-car of its own translation: with other priors a place means another value."""
        found: dict[int, Config] = {}
        groups: dict[int | None, list[int]] = {}
        for i, configuration in enumerate(given):
            key = id(configuration.config_space)
            groups.setdefault(key if key in elsewhere else None, []).append(i)
        for group, places in groups.items():
            sidecar = self if group is None else self._sibling(elsewhere[group])
            configs = sidecar.from_configurations([given[i] for i in places])
            found.update(zip(places, configs, strict=True))
        return [found[i] for i in range(len(given))]

    def _sibling(self, arguments: Mapping[str, Any]) -> Sidecar:
        key = repr(sorted(arguments.items()))
        if key not in self._siblings:
            self._siblings[key] = _translated(self.space, arguments)
        return self._siblings[key]

    @cached_property
    def _siblings(self) -> dict[str, Sidecar]:
        return {}

    def _known(self, configuration: Configuration) -> Config | None:
        """The config that a configuration was made of here, if nobody changed it since."""
        values = configuration._values
        assert isinstance(values, Shown), "it was made by a side-car"
        same = configuration.config_space is self.configspace and values.vector is configuration._vector
        return values.config if same else None

    def to_array(self, configs: Iterable[Mapping[str, Plain]]) -> Floats:
        """The vectors of configs as ConfigSpace has them, shape (configs, hyperparameters): places in
        [0, 1], positions of choices, NaN where inactive. Raises ConfigError as `to_configurations`."""
        return self._encoded(configs).array

    def from_array(self, array: npt.ArrayLike) -> list[Config]:
        """The configs of vectors, shape (configs, hyperparameters). Inverse of `to_array`, but for the
        last bits of floats. Raises ConfigError for another shape and for impossible places."""
        self._check_unchanged()
        try:
            vectors = np.asarray(array, dtype=float)
        except (TypeError, ValueError) as e:
            raise ConfigError(Problem("an array must hold numbers", str(e), self.graph.name)) from e
        if vectors.ndim != 2 or vectors.shape[1] != len(self.configspace):
            rule = f"an array must have the shape (configs, {len(self.configspace)})"
            raise ConfigError(Problem(rule, f"{vectors.shape}", self.graph.name))
        return self._settled(decode(self._table, vectors, [None] * len(vectors)))

    def _encoded(self, configs: Iterable[Mapping[str, Plain]]) -> Encoded:
        """With the default where ConfigSpace takes what is dead for active."""
        self._check_unchanged()
        array, rows = encode(self._table, _listed(configs, "to_configurations"))
        for address, at in self.configspace.index_of.items() if self.loose else ():
            if address not in self.loose:
                continue
            active = np.isnan(array[:, at])
            for condition in self.configspace.parent_conditions_of[address]:
                active &= condition.satisfied_by_vector_array(array.T)
            hyperparameter = self.configspace[address]
            array[active, at] = hyperparameter.to_vector(hyperparameter.default_value)
            for i in np.flatnonzero(active).tolist():
                rows[i].extra |= {address}
                rows[i][address] = hyperparameter.default_value
        return Encoded(array, rows)

    def _settled(self, configs: list[Config]) -> list[Config]:
        if self._table.compares_vectors:
            configs = [completed(self.resolver, c) for c in configs]
        if self.resolver.forbidding is not None:
            self.resolver.forbidding.check_all(configs)
        return configs

    def _check_kinds(self, given: Sequence[object]) -> None:
        from ConfigSpace import Configuration

        strange = next((c for c in given if not isinstance(c, Configuration)), None)
        if strange is not None:
            kind = f"{shown(strange)} of type {type(strange).__name__}"
            raise ConfigError(Problem("a Configuration is needed", kind, self.graph.name))

    def _check_spaces(self, others: Iterable[ConfigurationSpace]) -> None:
        problems = [p for space in others for p in _differences(space, self.configspace)]
        if problems:
            raise ConfigError(dict.fromkeys(problems))

    def _check_unchanged(self) -> None:
        if len(self.configspace) != len(self.entries):
            rule = "a ConfigurationSpace must stay as it was translated (make another one for more)"
            more = set(self.configspace).difference(e.address for e in self.entries)
            raise ConfigError(
                Problem(rule, f"more hyperparameters: {', '.join(sorted(more))}", self.graph.name)
            )

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


def _translated(space: PipelineSpace, arguments: Mapping[str, Any]) -> Sidecar:
    """The core knows the bridge by name only."""
    bridge = importlib.import_module("neps_cs_converters.configspace")
    sidecar: Sidecar = bridge.to_configspace(space, **arguments).sidecar
    return sidecar


def _listed(given: object, call: str) -> list[Any]:
    """What `call` was given, as a list."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        rule = f"{call} takes several: a list, or any other iterable of them"
        raise ConfigError(Problem(rule, f"{shown(given)[:80]} of type {type(given).__name__}"))
    return list(given)


def _differences(space: ConfigurationSpace, own: ConfigurationSpace) -> Iterator[Problem]:
    """In what vectors of one space mean something else than those of another."""
    rule = "a configuration must have the hyperparameters of this space"
    yield from (Problem(rule, "one that is not there", name) for name in sorted(set(space).difference(own)))
    yield from (Problem(rule, "none", name) for name in sorted(set(own).difference(space)))
    for name in own:
        if name not in space:
            continue
        said, meant = _meaning(space[name]), _meaning(own[name])
        if said != meant:
            yield Problem(f"{rule}, {meant[1]}", said[1], name)
        elif space.index_of[name] != own.index_of[name]:
            yield Problem(rule, "its vector in another place, as conditions differ", name)


def _meaning(hyperparameter: Any) -> tuple[object, str]:
    """What a place in a vector stands for: something to compare, and a text."""
    from ConfigSpace import Constant
    from ConfigSpace.hyperparameters import FloatHyperparameter, IntegerHyperparameter

    match hyperparameter:
        case FloatHyperparameter() | IntegerHyperparameter():
            kind = "a float" if isinstance(hyperparameter, FloatHyperparameter) else "an integer"
            said = kind, hyperparameter.lower, hyperparameter.upper, hyperparameter.log
            scale = " on a log scale" if hyperparameter.log else ""
            return said, f"{kind} from {hyperparameter.lower} to {hyperparameter.upper}{scale}"
        case Constant(value=value):
            return plain_key(value), f"the constant {shown(value)}"
        case _:
            values = sequence_of(hyperparameter)
            return tuple(map(plain_key, values)), f"one of {shown(values)[:80]}"


def sequence_of(hyperparameter: Any) -> tuple[Any, ...]:
    """The choices of a categorical, the sequence of an ordinal."""
    from ConfigSpace import OrdinalHyperparameter

    ordered = isinstance(hyperparameter, OrdinalHyperparameter)
    return tuple(hyperparameter.sequence if ordered else hyperparameter.choices)
