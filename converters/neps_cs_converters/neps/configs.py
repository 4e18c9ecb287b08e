"""Configs both ways: decisions at our addresses, and NePS's `SAMPLING__…::…` keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from neps_cs.errors import ConfigError, Problem
from neps_cs.graph.records import ChoiceRecord, ConstantRecord, FidelityRecord, NumberRecord
from neps_cs.resolving.fitting import fitting_index
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import completed, replay
from neps_cs.space import PipelineSpace
from neps_cs.values import shown, unwrapped
from neps_cs_converters.neps.forms import form_of
from neps_cs_converters.neps.keys import ALONE, Walk, choice_key, number_key
from neps_cs_converters.neps.misfits import decided_names, is_lonely

SAMPLING, ENVIRONMENT = "SAMPLING__", "ENVIRONMENT__"


def config_from_neps(space: Any, config: Mapping[str, Any]) -> Config:
    """A config of NePS's as one of ours: decisions by address, fidelities by name.

    Args:
        space: a PipelineSpace of ours, or one of NePS's.
        config: NePS's, with keys `SAMPLING__…::…` and `ENVIRONMENT__…`; or by plain names, as NePS records
            them for spaces that it reads as classic ones. What conditions make inactive is left out.

    Raises ConfigError with everything that does not fit: missing and left-over keys, indices and numbers
    out of range.
    """
    ours = as_ours(space)
    if not isinstance(config, Mapping):
        raise ConfigError(Problem("a config of NePS must be a mapping", shown(config), ours.graph.name))
    strange = [k for k in config if not isinstance(k, str)]
    if strange:
        raise ConfigError(Problem("the keys of a config must be texts", shown(strange), ours.graph.name))
    fidelities = {k.removeprefix(ENVIRONMENT): v for k, v in config.items() if k.startswith(ENVIRONMENT)}
    if not fidelities and not any(k.startswith(SAMPLING) for k in config):
        return _flat(ours, config)
    reader = _Reader(config)
    walk = Walk(ours.resolver, reader)
    walk.run(decided_names(ours))
    unknown = [k for k in config if not k.startswith((SAMPLING, ENVIRONMENT))]
    sampled = (k for k in config if k.startswith(SAMPLING) and k not in ALONE)
    rest = [*(k for k in sampled if k not in reader.used), *unknown]
    rule = "a config of NePS must hold what the space decides, and nothing else"
    problems = [*reader.problems, *(Problem(rule, shown(config[k]), k) for k in rest)]
    if problems:
        raise ConfigError(problems)
    return _active(ours, walk.numbers, walk.taken, fidelities)


def config_to_neps(space: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """A config of ours, as `space.sample` gives it, as one of NePS's.

    Args:
        space: a PipelineSpace of ours, or one of NePS's: then the keys are the ones of that very object.
        config: decisions by address; it may hold fidelities by name, which else are full.

    What conditions make inactive gets the prior, or the lower bound or first choice, as NePS decides it
    all the same. Raises ConfigError for a config that does not fit the space.
    """
    ours = as_ours(space)
    found = replay(ours.resolver, config, build=False)
    writer = _Writer(found.config)
    walk = Walk(ours.resolver, writer)
    walk.run(decided_names(ours))
    written = writer.keys | (dict.fromkeys(ALONE, 0) if is_lonely(ours) else {})
    if not isinstance(space, PipelineSpace):
        from neps_cs_converters.neps.exact import exact_keys

        written = exact_keys(space, written, found.fidelities)
    return {**written, **{f"{ENVIRONMENT}{n}": v for n, v in found.fidelities.items()}}


def as_ours(space: Any) -> PipelineSpace:
    """A space of ours as it is, one of NePS's converted."""
    if isinstance(space, PipelineSpace):
        return space
    from neps_cs_converters.neps.reading import from_neps

    return from_neps(space)


def _path(key: str) -> str:
    """The path in a key: what follows tells the domain, which the space knows."""
    return key.removeprefix(SAMPLING).rpartition("::")[0]


class _Reader:
    """Decides by a config of NePS. Where that does not fit it notes so and takes the end that is near."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.keys = {_path(k): k for k in config if k.startswith(SAMPLING)}
        self.used: set[str] = set()
        self.problems: list[Problem] = []

    def _found(self, key: str, path: str, rule: str) -> Any:
        known = self.keys.get(path)
        if known is None:
            self.problems.append(Problem("a config of NePS must hold every decision", "nothing", key))
            return None
        self.used.add(known)
        value = unwrapped(self.config[known])
        if not _is_number(value) or value != value or value in (math.inf, -math.inf):
            self.problems.append(Problem(rule, shown(value), known))
            return None
        return value

    def number(self, site: NumberSite, path: str, lower: float, upper: float) -> float:
        key, grid = number_key(site, path, lower, upper), form_of(site.record).grid
        if grid is not None:
            return grid[self._index(key, path, len(grid)) or 0]
        rule = f"the value must be a number from {lower} to {upper}"
        value = self._found(key, path, rule)
        if value is None:
            return lower
        value = _within(value, lower, upper, site.record)
        if not lower <= value <= upper or (site.record.integer and value != int(value)):
            self.problems.append(Problem(rule, shown(value), key))
            return lower
        return int(value) if site.record.integer else float(value)

    def choice(self, site: ChoiceSite, path: str) -> int:
        open_ = site.record.open(len(site.branches.refs))
        index = self._index(choice_key(site, path), path, len(open_))
        return site.soonest[0] if index is None else open_[index]

    def _index(self, key: str, path: str, size: int) -> int | None:
        rule = f"the value must be an index below {size}"
        value = self._found(key, path, rule)
        if value is None:
            return None
        if value != int(value) or not 0 <= value < size:
            self.problems.append(Problem(rule, shown(value), key))
            return None
        return int(value)


def _within(value: float, lower: float, upper: float, record: NumberRecord) -> float:
    """NePS's logarithmic draws may miss an end by rounding, an integer by one."""
    if record.log and not lower <= value <= upper:
        near = 1.0 if record.integer else 1e-12 * max(abs(lower), abs(upper))
        if lower - near <= value <= upper + near:
            return min(upper, max(lower, value))
    return value


class _Writer:
    """Decides by a config of ours, and notes NePS's keys."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.keys: dict[str, Any] = {}

    def number(self, site: NumberSite, path: str, lower: float, upper: float) -> float:
        record, grid = site.record, form_of(site.record).grid
        value: Any = self.config.get(site.address)
        if value is None:
            point = record.prior if isinstance(record.prior, (int, float)) else lower
            value = min(upper, max(lower, point))
            value = int(value) if record.integer else value
        key = number_key(site, path, lower, upper)
        if grid is None:
            self.keys[key] = value
        else:
            index = record.scale(record.lower, record.upper).index(value)
            self.keys[key], value = index, grid[index]
        return float(value) if not record.integer else value

    def choice(self, site: ChoiceSite, path: str) -> int:
        held = site.address in self.config
        index = _index_of(site, self.config[site.address]) if held else _likely(site)
        self.keys[choice_key(site, path)] = site.record.open(len(site.branches.refs)).index(index)
        return index


def _index_of(site: ChoiceSite, value: Any) -> int:
    return fitting_index(site.branches, value)


def _likely(site: ChoiceSite) -> int:
    prior = site.record.prior
    ends = site.soonest
    return prior if isinstance(prior, int) and prior in ends else ends[0]


def _active(
    space: PipelineSpace,
    numbers: Mapping[str, float],
    taken: Mapping[str, int],
    fidelities: Mapping[str, Any],
) -> Config:
    """What of these decisions is active in the space, by address."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        found = numbers.get(site.address) if isinstance(site, NumberSite) else taken.get(site.address)
        if found is None:
            rule = "NePS does not decide what a condition reads in a structure"
            raise ConfigError(Problem(rule, "nothing", site.address))
        return found

    found = space.resolver.resolve(
        decide, fidelities, build=False, max_depth=None, max_decisions=None, legal=False
    )
    # forbidden clauses, and numbers beyond bounds that NePS does not know
    return {**replay(space.resolver, found.config, found.fidelities, build=False).config,
            **{n: found.fidelities[n] for n in fidelities}}  # fmt: skip


def _flat(space: PipelineSpace, config: Mapping[str, Any]) -> Config:
    """A config by plain names: NePS's of a classic space, constants included."""
    graph, resolver = space.graph, space.resolver
    names: dict[str, Any] = {}
    fidelities: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in config.items():
        record = graph.records[graph.root_of[name]] if name in graph.root_of else None
        match record:
            case FidelityRecord():
                fidelities[name] = value
            case NumberRecord():
                names[name] = (
                    _within(value, record.lower, record.upper, record) if _is_number(value) else value
                )
            case ChoiceRecord():
                names[name] = value
            case ConstantRecord():
                pass
            case _:
                rule = "a config of NePS must hold what the space decides, and nothing else"
                problems.append(Problem(rule, shown(value), name))
    if problems:
        raise ConfigError(problems)
    active = _without_inactive(resolver, names)
    found = replay(resolver, active, fidelities, build=False)
    return {**found.config, **{n: found.fidelities[n] for n in fidelities}}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _without_inactive(resolver: Resolver, config: Mapping[str, Any]) -> dict[str, Any]:
    """A flat config without what conditions make inactive."""
    if not resolver.tests:
        return dict(config)
    kept = completed(resolver, config)
    return {n: v for n, v in config.items() if n in kept or n not in resolver.tests}
