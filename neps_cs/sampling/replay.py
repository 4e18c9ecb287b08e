"""The decide-function that replays a config, by the rule of `neps_cs.resolving.fitting`.

Whatever is missing, wrong or left over is reported at once, with its address.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.fitting import MisfitError, index_of, number_of
from neps_cs.resolving.resolver import Pipeline, Resolution, Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Config, Walk
from neps_cs.values import Plain, shown


class Replay:
    """Decides by a config. After the traversal `finish` raises if anything did not fit.

    Raises ConfigError for a config that is no mapping.
    """

    def __init__(self, config: Mapping[str, Plain]) -> None:
        if not isinstance(config, (dict, Mapping)):  # dict: the short way, taken at each decision
            rule = "a config must be a mapping from addresses to values"
            raise ConfigError(Problem(rule, repr(config), "Replay"))
        self.config = config
        self._used: set[str] = set()
        self.problems: list[Problem] = []

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        address = site.address
        if address not in self.config:
            self.problems.append(Problem("a config must hold every active decision", "nothing", address))
            return soonest(site, allowed)
        self._used.add(address)
        value = self.config[address]
        found = _fitting(site, value, allowed)
        if found is None:
            self.problems.append(Problem(rule_at(site, allowed), shown(value), address))
            return soonest(site, allowed)
        return found

    def finish(self, ignore: Iterable[str] = ()) -> None:
        """Raise ConfigError with every problem, entries that nothing asked for included."""
        rest = [k for k in self.config if k not in self._used and k not in set(ignore)]
        missing = [p.place for p in self.problems if p.got == "nothing"]
        for key in rest:
            near = difflib.get_close_matches(str(key), missing, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            rule = "a config must hold active decisions only"
            self.problems.append(Problem(rule, f"{shown(self.config[key])}{hint}", str(key)))
        if self.problems:
            raise ConfigError(self.problems)


def completed(resolver: Resolver, config: Mapping[str, Plain]) -> Config:
    """The nearest config that fits: values that fit are kept, inactive ones dropped, and in place of
    missing ones stands the lower end of a range, or the first of the branches that end soonest."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        held = site.address in config  # None is a value
        found = _fitting(site, config[site.address], allowed) if held else None
        return soonest(site, allowed) if found is None else found

    return resolver.resolve(decide, build=False, max_depth=None, max_decisions=None, legal=False).config


def soonest(site: DecisionSite, allowed: tuple[float, ...]) -> float:
    """A decision that leads to an end: the traversal goes on after a problem, to find all of them."""
    if isinstance(site, NumberSite):
        return allowed[0]
    return site.soonest[0] if allowed == site.every else allowed[0]


def _fitting(site: DecisionSite, value: object, allowed: tuple[float, ...]) -> float | None:
    if isinstance(site, NumberSite):
        found, runs = number_of(site.record.scale(*allowed), value), site.record.legal
        if found is not None and runs is not None and not any(low <= found <= high for low, high in runs):
            return None  # forbidden
        return found
    index = index_of(site.branches, value)
    return index if index in allowed else None


def rule_at(site: DecisionSite, allowed: tuple[float, ...]) -> str:
    """What a value that is recorded for a decision must be."""
    if not isinstance(site, NumberSite):
        return f"the value must be one of {[site.values[int(i)] for i in allowed]}"
    kind = "a whole number" if site.record.integer else "a number"
    step = "" if site.record.step is None else f" in steps of {site.record.step}"
    return f"the value must be {kind} from {allowed[0]} to {allowed[1]}{step}"


def replay(
    resolver: Resolver,
    config: Mapping[str, Plain],
    fidelity_values: Mapping[str, float] | None = None,
    *,
    build: bool = True,
) -> Resolution:
    """Resolve a config. Raises ConfigError that lists everything that does not fit, even where an
    operator fails too: operators may have been called before the misfit was met.

    A config may hold the values of fidelities under their names; `fidelity_values` go before them.
    """
    if not isinstance(config, Mapping):
        rule = "a config must be a mapping from addresses to values"
        raise ConfigError(Problem(rule, repr(config), resolver.graph.name))
    if type(config) is not dict:  # a defaultdict would make up what is missing
        config = dict(config)
    inside = {n: config[n] for n in resolver.fidelities if n in config}
    fidelities = resolver.checked_fidelities(fidelity_values, inside)
    walk = Walk(resolver.program, lambda: Replay(config), fidelities, build, math.inf, math.inf)
    try:
        pipeline = resolver.compiled("replay", build=build).run(walk.config, config, walk, 0)
    except Exception as error:
        return _after(resolver, config, walk, error)
    if len(walk.config) != len(config) - len(inside) or _missed(walk):
        _checked(resolver, config, fidelities)
    if resolver.forbidding is not None:
        resolver.forbidding.check(walk.config)
    return resolver.resolution(walk, pipeline)


def replayed(
    resolver: Resolver, config: Mapping[str, Plain], fidelity_values: Mapping[str, float] | None = None
) -> Pipeline:
    """The pipeline of `replay`, by the shortest way: without fidelities there is nothing to prepare."""
    if type(config) is not dict or fidelity_values is not None or resolver.fidelities:
        return replay(resolver, config, fidelity_values).pipeline
    space = resolver.spaces.get("replay")
    if space is None or space.needs_walk:
        space = resolver.compiled("replay")
    if space.needs_walk:
        walk = Walk(resolver.program, lambda: Replay(config), {}, True, math.inf, math.inf)
        used = walk.config
    else:
        walk, used = _NO_WALK, {}
    try:
        pipeline: Pipeline = space.run(used, config, walk, 0)
    except Exception as error:
        return _after(resolver, config, walk, error).pipeline
    if len(used) != len(config) or (walk.took_over and _missed(walk)):
        _checked(resolver, config, {})
    if resolver.forbidding is not None:
        resolver.forbidding.check(used)
    return pipeline


_NO_WALK = Walk(None, None, {})  # type: ignore[arg-type]
"""For spaces whose code does not look at it."""

_MISFITS = (KeyError, TypeError, MisfitError)
"""What compiled code raises for a value that is missing, can't be looked up, or needs a closer look."""


def _after(resolver: Resolver, config: Mapping[str, Plain], walk: Walk, error: Exception) -> Resolution:
    """What to do after an error in compiled code: report the misfits, else raise it again if it is an
    operator's; what is left are values that fit once they are converted."""
    checked = _checked(resolver, config, walk.fidelities)
    if error is walk.failed or not isinstance(error, _MISFITS):
        raise error
    return resolver.resolve(
        Replay(checked), walk.fidelities, build=walk.build, max_depth=None, max_decisions=None, legal=False
    )


def _missed(walk: Walk) -> bool:
    """Whether the Walk took over somewhere and met what does not fit."""
    return walk.took_over and isinstance(walk.decide, Replay) and bool(walk.decide.problems)


def _checked(resolver: Resolver, config: Mapping[str, Plain], fidelities: Mapping[str, float]) -> Config:
    """The config as the space would record it. Raises ConfigError that lists everything that does not fit,
    or else the clauses that forbid it."""
    decide = Replay(config)
    checked = resolver.resolve(
        decide, fidelities, build=False, max_depth=None, max_decisions=None, legal=False
    )
    decide.finish(resolver.fidelities)
    if resolver.forbidding is not None:
        resolver.forbidding.check(checked.config)
    return checked.config
