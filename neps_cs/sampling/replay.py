"""The decide-function that replays a config.

The rule: a recorded value is taken as it is if it is of the right type and in range. An int for
a Float, or a whole float for an Integer, is converted; a choice is named by its value or label,
True, 1 and 1.0 apart (one that fits no choice exactly may equal a single one: 1.0 for 1).
Whatever is missing, wrong or left over is reported at once, with its address.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.resolver import Resolution, Resolver
from neps_cs.resolving.sites import Branches, DecisionSite, NumberSite
from neps_cs.resolving.walk import Config
from neps_cs.scales import Scale
from neps_cs.values import Plain, plain_key


class Replay:
    """Decides by a config. After the traversal `finish` raises if anything did not fit."""

    def __init__(self, config: Mapping[str, Plain]) -> None:
        self._config = config
        self._used: set[str] = set()
        self.problems: list[Problem] = []

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        address = site.address
        if address not in self._config:
            self.problems.append(Problem("a config must hold every active decision", "nothing", address))
            return _soonest(site, allowed)
        self._used.add(address)
        value = self._config[address]
        found = _fitting(site, value, allowed)
        if found is None:
            self.problems.append(Problem(_rule(site, allowed), repr(value), address))
            return _soonest(site, allowed)
        return found

    def finish(self, ignore: Iterable[str] = ()) -> None:
        """Raise ConfigError with every problem, entries that nothing asked for included."""
        rest = [k for k in self._config if k not in self._used and k not in set(ignore)]
        missing = [p.place for p in self.problems if p.got == "nothing"]
        for key in rest:
            near = difflib.get_close_matches(str(key), missing, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            rule = "a config must hold active decisions only"
            self.problems.append(Problem(rule, f"{self._config[key]!r}{hint}", str(key)))
        if self.problems:
            raise ConfigError(self.problems)


def completed(resolver: Resolver, config: Mapping[str, Plain]) -> Config:
    """The nearest config that fits: values that fit are kept, inactive ones dropped, and in place of
    missing ones stands the lower end of a range, or the first of the branches that end soonest."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        value = config.get(site.address)
        found = _fitting(site, value, allowed)
        return _soonest(site, allowed) if found is None else found

    return resolver.resolve(decide, build=False, max_depth=None, max_decisions=None).config


def _soonest(site: DecisionSite, allowed: tuple[float, ...]) -> float:
    """A decision that leads to an end: the traversal goes on after a problem, to find all of them."""
    if isinstance(site, NumberSite):
        return allowed[0]
    return site.soonest[0] if allowed == site.every else allowed[0]


def _fitting(site: DecisionSite, value: object, allowed: tuple[float, ...]) -> float | None:
    if isinstance(site, NumberSite):
        return number_of(site.record.scale(*allowed), value)
    index = index_of(site.branches, value)
    return index if index in allowed else None


def number_of(scale: Scale, value: object) -> float | None:
    """A recorded number as the scale's type, or None where it does not fit."""
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
        return None
    if not math.isfinite(value) or not scale.holds(value):
        return None
    if scale.step is not None:
        return scale.grid(scale.index(value))
    if not scale.integer:
        return float(value)
    return int(value) if value == int(value) else None


def index_of(branches: Branches, value: object) -> int | None:
    """The branch that a recorded value names, or None."""
    exact = branches.index.get(plain_key(value))
    if exact is not None:
        return exact
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
        return None
    equal = [i for i, v in enumerate(branches.values) if type(v) in (int, float) and v == value]
    return equal[0] if len(equal) == 1 else None


def _rule(site: DecisionSite, allowed: tuple[float, ...]) -> str:
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
    """Resolve a config. Raises ConfigError that lists everything that does not fit.

    A config may hold the values of fidelities under their names; `fidelity_values` go before them.
    """
    if not isinstance(config, Mapping):
        rule = "a config must be a mapping from addresses to values"
        raise ConfigError(Problem(rule, repr(config), resolver.graph.name))
    inside = {n: config[n] for n in resolver.fidelities if n in config}
    fidelities = {**inside, **(fidelity_values or {})}
    # operators are only called once the whole config is known to fit
    decide = Replay(config)
    checked = resolver.resolve(
        decide,
        fidelities,
        build=False,
        max_depth=None,
        max_decisions=None,
    )
    decide.finish(resolver.fidelities)
    if not build:
        return checked
    return resolver.resolve(
        Replay(checked.config),
        fidelities,
        max_depth=None,
        max_decisions=None,
    )
