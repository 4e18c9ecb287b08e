"""Resolving by any decide-function: what one of somebody else gives is checked."""

from __future__ import annotations

from collections.abc import Mapping

from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.fitting import number_of
from neps_cs.resolving.resolver import Resolution, Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import MAX_DEPTH, Decide
from neps_cs.sampling.draw import Quantiles
from neps_cs.sampling.replay import Replay, replay, rule_at
from neps_cs.values import shown, unwrapped


def decided(
    resolver: Resolver,
    decide: Decide,
    fidelity_values: Mapping[str, float] | None = None,
    max_depth: int = MAX_DEPTH,
) -> Resolution:
    """One resolution. A Replay is the whole config, at any depth: it must fit.

    Raises ConfigError for a config to be replayed that does not fit, for what is no function, for a
    decision that is not allowed, and for wrong fidelities.
    """
    if isinstance(decide, Replay):
        return replay(resolver, decide.config, fidelity_values)
    if not callable(decide):
        rule = "decide must be a function of a site and what is allowed there"
        raise ConfigError(Problem(rule, repr(decide), "sample_by"))
    if not isinstance(decide, Quantiles):  # those are never beside what is allowed
        decide = _Checked(decide)
    return resolver.resolve(decide, fidelity_values, max_depth=max_depth)


class _Checked:
    """A decide-function that raises ConfigError for what is not allowed; numpy's scalars become Python's."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        value: object = unwrapped(self._decide(site, allowed))
        if isinstance(site, NumberSite):
            number = number_of(site.record.scale(*allowed), value)
            if number is None:
                raise ConfigError(Problem(rule_at(site, allowed), shown(value), site.address))
            return number
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            rule = f"the decision must be the index of an open branch, one of {list(allowed)}"
            raise ConfigError(Problem(rule, shown(value), site.address))
        return value
