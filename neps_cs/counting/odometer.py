"""A decide-function that goes through all configs: each decision is a wheel, the last one turns first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite

Wheel: TypeAlias = tuple[Callable[[int], float], int]
"""The values of a decision by their place, and how many there are: at least one."""


class Odometer:
    """Decides by a row of wheels, one for each decision; `turn` goes on to the next config."""

    def __init__(self, wheel: Callable[[DecisionSite, tuple[float, ...]], Wheel]) -> None:
        self._wheel = wheel
        self._wheels: list[Wheel] = []
        self._places: list[int] = []
        self._next = 0

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if self._next == len(self._wheels):
            self._wheels.append(self._wheel(site, allowed))
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


def every_value(site: DecisionSite, allowed: tuple[float, ...]) -> Wheel:
    """All values of a decision; of a real number, which has but one here, the lower bound."""
    match site:
        case ChoiceSite():
            return allowed.__getitem__, len(allowed)
        case NumberSite(record=record):
            scale = record.scale(*allowed)
            return (scale.grid, scale.points) if scale.discrete else (lambda _: float(scale.lower), 1)
        case _:
            assert_never(site)
