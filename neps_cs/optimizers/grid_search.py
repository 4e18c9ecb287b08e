"""Grid search: all configs of a grid over the space, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from neps_cs.counting.odometer import Odometer, Wheel, every_value
from neps_cs.errors import Problem, RunError
from neps_cs.optimizers.arguments import (
    HIGHEST,
    IgnoreFidelity,
    read_count,
    read_ignore_fidelity,
    read_seed,
    read_space,
    refuse,
)
from neps_cs.optimizers.base import Proposal
from neps_cs.optimizers.draws import ConfigKey, point_key
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import Config
from neps_cs.scales import Scale
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial

_Point = tuple[Config, Mapping[str, float]]


class GridSearch:
    """Proposes each point of the grid once, the last decision first, and None at its end.

    The grid holds every branch of a choice. Of a number it holds all values where they are no more than
    `size_per_numerical_dimension`, else that many, evenly spread on its own scale with both ends in it.
    Points that a forbidden clause rules out are left out, and so are those that a trial had already.
    The seed has no effect.
    """

    name = "grid_search"

    def __init__(
        self,
        space: PipelineSpace,
        *,
        seed: int = 0,
        ignore_fidelity: IgnoreFidelity = HIGHEST,
        size_per_numerical_dimension: int | Mapping[str, int] = 5,
        max_depth: int | None = None,
    ) -> None:
        self.space = read_space(space, self.name)
        read_seed(seed, self.name)
        self._ignore = read_ignore_fidelity(space, ignore_fidelity, self.name)
        self._sizes, self._size = self._read_sizes(size_per_numerical_dimension)
        self._max_depth = None if max_depth is None else read_count("max_depth", max_depth, 1, self.name)
        if self._max_depth is None and space.resolver.recursion.recursive:
            names = ", ".join(
                r.name for r in space.graph.roots if r.ref in space.resolver.recursion.recursive
            )
            rule = "a grid needs an end: a space with a recursion needs max_depth=…"
            raise refuse(rule, f"a recursion in {names or space.graph.name}", self.name)
        self._seen: set[tuple[ConfigKey, tuple[float, ...]]] = set()
        self._points = self._grid()
        self._head = next(self._points, None)
        given = size_per_numerical_dimension
        self.info: Mapping[str, Any] = {
            "ignore_fidelity": self._ignore,
            "size_per_numerical_dimension": dict(given) if isinstance(given, Mapping) else self._size,
            "max_depth": self._max_depth,
        }

    def observe(self, trial: Trial) -> None:
        """Go past the points that trials had."""
        self._seen.add(point_key(trial.config, trial.fidelities))
        while self._head is not None and point_key(*self._head) in self._seen:
            self._head = next(self._points, None)

    def ask(self, trial_id: int) -> Proposal | None:
        """The first point of the grid that no trial had; None where all are done."""
        if self._head is None:
            return None
        config, fidelities = self._head
        return Proposal(dict(config), dict(fidelities))

    def _read_sizes(self, given: object) -> tuple[dict[str, int], int]:
        """The sizes by address, and that of all others."""
        name = "size_per_numerical_dimension"
        if not isinstance(given, Mapping):
            return {}, read_count(name, given, 1, self.name)
        locator = Locator(self.space.resolver.program, self.space.resolver.order)
        fidelities = self.space.resolver.fidelities if self._ignore is True else {}
        sizes, problems = {}, list[Problem]()
        for address, size in given.items():
            try:
                sizes[address] = read_count(f"{name}[{address!r}]", size, 1, self.name)
                if address not in fidelities and not isinstance(locator.decision(address), NumberSite):
                    problems.append(Problem("the address must be that of a number", address, self.name))
            except ValueError as e:
                problems += [Problem(p.rule, p.got, self.name) for p in e.problems]  # type: ignore[attr-defined]
        if problems:
            raise RunError(problems)
        return sizes, 5

    def _grid(self) -> Iterator[_Point]:
        resolver = self.space.resolver
        odometer = Odometer(self._wheel)
        fidelities = self._fidelity_grid()
        while True:
            config = resolver.narrowed.resolve(
                odometer, build=False, max_depth=self._max_depth, max_decisions=None
            ).config
            if resolver.forbidding is None or not resolver.forbidding.held(config):
                for values in fidelities:
                    yield config, values
            if not odometer.turn():
                return

    def _fidelity_grid(self) -> list[Mapping[str, float]]:
        records = self.space.resolver.fidelities
        if self._ignore is not True:
            return [{n: r.upper for n, r in records.items()}]
        rows = []
        for name, r in records.items():
            scale = Scale(r.lower, r.upper, r.log, r.integer)
            rows.append(_spread(scale.from_unit, self._sizes.get(name, self._size)))
        return [dict(zip(records, values, strict=True)) for values in product(*rows)]

    def _wheel(self, site: DecisionSite, allowed: tuple[float, ...]) -> Wheel:
        if not isinstance(site, NumberSite):
            return every_value(site, allowed)
        size, scale = self._sizes.get(site.address, self._size), site.record.scale(*allowed)
        if scale.discrete and scale.points <= size and site.record.legal is None:
            return every_value(site, allowed)
        values = _spread(lambda u: site.quantile(u, allowed), size)
        return values.__getitem__, len(values)


def _spread(quantile: Any, size: int) -> list[float]:
    """Values at evenly spread places of [0, 1], the ends included; the middle for one. Each value once."""
    places = [0.5] if size == 1 else np.linspace(0.0, 1.0, size).tolist()
    return list(dict.fromkeys(quantile(u) for u in places))
