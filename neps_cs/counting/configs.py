"""How many configs a space has, and all of them in order."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from neps_cs.counting.census import Census
from neps_cs.counting.odometer import Odometer, every_value
from neps_cs.errors import ConfigError, Problem, SpaceError, placed
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.walk import Config
from neps_cs.sampling.draw import uniform
from neps_cs.space import PipelineSpace, check_max_depth, checked_space


def size(space: PipelineSpace, *, max_depth: int | None = None) -> int | float:
    """How many distinct configs a space has: exactly, as an integer, or math.inf.

    It is infinite where a Float without `step` can be active, or where a recursion can grow without
    bound; with `max_depth` those configs count that sampling with it can give. Fidelities are no
    decisions, and forbidden configs don't count. Raises SpaceError where max_depth < 1, and where an exact
    count is out of reach: shared parts that fall into more than 1,000,000 cases, a size of more than two
    million digits, a forbidden relation of a Float without `step`, no config of which is found.
    """
    census = _census(space, max_depth, "size")
    return math.inf if _surely_infinite(space.resolver, census) else _total(census)


def enumerate(space: PipelineSpace, *, max_depth: int | None = None) -> Iterator[Config]:
    """Every config of a finite space once, made when it is asked for.

    The order is that of the decisions: the last one moves first, numbers upwards, choices as they are
    written. `max_depth` as in `size`. Raises SpaceError at once where a decision has infinitely many
    values or a recursion can grow without bound, naming their addresses.
    """
    census = _census(space, max_depth, "enumerate")
    if census.endless and _total(census) == math.inf:
        rule = "a space must be finite to be enumerated; a Float needs a step, a recursion max_depth"
        raise SpaceError(Problem(rule, f"no end at {', '.join(census.endless)}", space.graph.name))
    return _legal(space.resolver, _configs(space.resolver.narrowed, max_depth))


def _legal(resolver: Resolver, configs: Iterator[Config]) -> Iterator[Config]:
    """Those that no clause forbids."""
    forbidding = resolver.forbidding
    return configs if forbidding is None else (c for c in configs if not forbidding.held(c))


def _surely_infinite(resolver: Resolver, census: Census) -> bool:
    """Whether real numbers that a forbidden relation reads can be drawn: what is drawn among so many
    legal ones is never the only one."""
    uncounted = census.uncounted
    if not uncounted:
        return False
    try:
        drawn = resolver.resolve(uniform(np.random.default_rng(0)), build=False).config
    except ConfigError:
        return False
    return any(address in drawn for address in uncounted)


def _census(space: PipelineSpace, max_depth: int | None, place: str) -> Census:
    if max_depth is not None:
        check_max_depth(max_depth, place)
    return Census(checked_space(space, place).resolver, max_depth)


def _total(census: Census) -> int | float:
    try:
        ways = census.total()
    except SpaceError as e:
        raise placed(e, census.name) from None
    return math.inf if ways is None else ways


def _configs(resolver: Resolver, max_depth: int | None) -> Iterator[Config]:
    odometer = Odometer(every_value)
    while True:
        yield resolver.resolve(odometer, build=False, max_depth=max_depth, max_decisions=None).config
        if not odometer.turn():
            return
