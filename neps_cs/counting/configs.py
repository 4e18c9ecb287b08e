"""How many configs a space has, and all of them in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from typing_extensions import assert_never

from neps_cs.counting.census import Census
from neps_cs.errors import ConfigError, Problem, SpaceError, placed
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
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
    odometer = _Odometer()
    while True:
        yield resolver.resolve(odometer, build=False, max_depth=max_depth, max_decisions=None).config
        if not odometer.turn():
            return


class _Odometer:
    """Decides by a row of wheels, one for each decision; the last one turns first."""

    def __init__(self) -> None:
        self._wheels: list[tuple[Callable[[int], float], int]] = []
        self._places: list[int] = []
        self._next = 0

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if self._next == len(self._wheels):
            self._wheels.append(_wheel(site, allowed))
            self._places.append(0)
        value, _ = self._wheels[self._next]
        self._next += 1
        return value(self._places[self._next - 1])

    def turn(self) -> bool:
        """Go on to the next config. False after the last one."""
        self._next = 0
        while self._wheels:
            _, size = self._wheels[-1]
            self._places[-1] += 1
            if self._places[-1] < size:
                return True
            self._wheels.pop()
            self._places.pop()
        return False


def _wheel(site: DecisionSite, allowed: tuple[float, ...]) -> tuple[Callable[[int], float], int]:
    """The values of a decision by their place, and how many there are."""
    match site:
        case ChoiceSite():
            return allowed.__getitem__, len(allowed)
        case NumberSite(record=record):
            scale = record.scale(*allowed)
            return (scale.grid, scale.points) if scale.discrete else (lambda _: float(scale.lower), 1)
        case _:
            assert_never(site)
