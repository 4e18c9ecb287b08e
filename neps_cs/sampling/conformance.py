"""What every decide-function must do, as checks that a third party runs on its own.

    class TestMine(DecideConformance):
        def make(self, rng):
            return mine(rng)

pytest runs the checks as they are; nothing here needs it: each `test_` method raises AssertionError
with the rule, the values and the address, or returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from neps_cs.conditions import Condition, Equals, Greater
from neps_cs.errors import ConfigError, Problem
from neps_cs.fidelities import IntegerFidelity
from neps_cs.graph.lower import lower
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import Beta, Normal, Weights
from neps_cs.resolving.resolver import Resolution, Resolver
from neps_cs.resolving.sites import DecisionSite, NumberSite
from neps_cs.resolving.walk import MAX_DEPTH, Decide
from neps_cs.sampling.globals import global_seed, global_states
from neps_cs.sampling.replay import Replay, replay
from neps_cs.structure import ByName, Operation, Repeated

MAX_CALLS = 20_000
"""So many decisions are never needed: past MAX_DECISIONS only what ends soonest is open."""

SEEDS = range(8)
_SHALLOW = 3


class DecideConformance:
    """Subclass it and define `make(rng)`: it gives the decide-function, which draws from `rng` only.

    One that is made for a space, to mutate a config of it say, overrides `make_for(resolver, rng)`
    instead. It is called anew for each resolution.
    """

    def make(self, rng: np.random.Generator) -> Decide:
        """The decide-function to check. Raises NotImplementedError until it is defined."""
        raise NotImplementedError("define make(rng), or make_for(resolver, rng)")

    def make_for(self, resolver: Resolver, rng: np.random.Generator) -> Decide:
        """The decide-function for the space of a resolver; `make(rng)` unless overridden."""
        return self.make(rng)

    def test_decisions_are_allowed(self) -> None:
        """A number is an int or a float as its parameter says, within the bounds and on the grid; a
        choice is the index of an open branch as an int. Bools and numpy's scalars are neither."""
        for name, resolver in _cases().items():
            for seed in SEEDS:
                self._resolved(name, resolver, seed)

    def test_each_address_is_decided_once(self) -> None:
        """What is shared is decided once: the decisions asked for are those of the config."""
        for name, resolver in _cases().items():
            for seed in SEEDS:
                watched, resolution = self._resolved(name, resolver, seed)
                asked, held = list(watched.seen), list(resolution.config)
                if asked != held:
                    rule = "the decisions asked for must be those of the config"
                    raise _broken(rule, f"{asked} and {held}", name)

    def test_the_same_seed_gives_the_same(self) -> None:
        """Two generators of one seed lead to one config, types included, and to one pipeline."""
        for name, resolver in _cases().items():
            for seed in SEEDS:
                one, other = (_text(self._resolved(name, resolver, seed)[1]) for _ in range(2))
                if one != other:
                    rule = "the same seed must give the same decisions"
                    raise _broken(rule, f"{one} and {other} for seed {seed}", name)

    def test_global_random_state_is_left_alone(self) -> None:
        """`random` and `numpy.random` are neither read nor written. Their state is put back at the end."""
        for name, resolver in _cases().items():
            found = []
            for seed in (1, 2):
                with global_seed(seed):
                    before = global_states()
                    found.append(_text(self._resolved(name, resolver, 0)[1]))
                    used = [module for module, state in global_states().items() if state != before[module]]
                if used:
                    rule = "a decide-function must draw from the Generator it is given"
                    raise _broken(rule, f"a use of the global state of {used[0]}", name)
            if found[0] != found[1]:
                rule = "the global random state must decide nothing"
                raise _broken(rule, f"{found[0]} and {found[1]} for two such states", name)

    def test_configs_replay(self) -> None:
        """The config alone gives the same decisions, types included, and the same pipeline."""
        for name, resolver in _cases().items():
            for seed in SEEDS:
                first = self._resolved(name, resolver, seed)[1]
                try:
                    again = _text(replay(resolver, first.config))
                except ConfigError as e:
                    raise _broken("a config must fit its space", str(e), name) from e
                if again != _text(first):
                    rule = "a config must give the same decisions and pipeline again"
                    raise _broken(rule, f"{_text(first)} and {again}", name)

    def test_recursion_ends(self) -> None:
        """At any depth, and after many decisions: there only the branches that end soonest are open."""
        for name in _recursive():
            for depth in (1, _SHALLOW, MAX_DEPTH):
                self._resolved(name, _cases()[name], 0, max_depth=depth, max_decisions=300)

    def _resolved(
        self, name: str, resolver: Resolver, seed: int, max_depth: int = _SHALLOW, max_decisions: int = 1000
    ) -> tuple[_Watched, Resolution]:
        watched = _Watched(self.make_for(resolver, np.random.default_rng(seed)), name)
        return watched, resolver.resolve(watched, max_depth=max_depth, max_decisions=max_decisions)


@dataclass(eq=False)
class _Watched:
    """A decide-function whose every decision is checked: it raises AssertionError for a wrong one.

    `case` is put before the address in messages. `seen` holds the decisions so far by address.
    """

    decide: Decide
    case: str
    seen: dict[str, float] = field(default_factory=dict)

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float:
        address, place = site.address, f"{self.case}.{site.address}"
        if address in self.seen:
            raise _broken("an address must be decided once", "a second call", place)
        if len(self.seen) >= MAX_CALLS:
            raise _broken("recursion must end", f"{MAX_CALLS} decisions", place)
        value = self.seen[address] = _checked(self.decide(site, allowed), site, allowed, place)
        return value


def _checked(value: object, site: DecisionSite, allowed: tuple[float, ...], place: str) -> float:
    """The value itself. Raises AssertionError unless it is of the right type and among what is allowed."""
    got = f"{value!r} of type {type(value).__name__}"
    if not isinstance(site, NumberSite):
        if type(value) is not int:
            raise _broken("the index of a choice must be an int", got, place)
        if value not in allowed:
            raise _broken(f"the index must be one of the open branches {list(allowed)}", got, place)
        return value
    if type(value) is not (int if site.record.integer else float):
        kind = "an int" if site.record.integer else "a float"
        raise _broken(f"the number must be {kind}", got, place)
    replaying = Replay({site.address: value})
    found = replaying(site, allowed)
    if replaying.problems:
        raise _broken(replaying.problems[0].rule, got, place)
    if found != value:
        raise _broken(f"the number must be the very point of the grid, {found!r}", got, place)
    return value


def _broken(rule: str, got: str, place: str) -> AssertionError:
    return AssertionError(str(Problem(rule, got, place)))


def _text(resolution: Resolution) -> str:
    """The decisions and the pipeline, True, 1 and 1.0 apart."""
    return repr((resolution.config, resolution.pipeline))


@cache
def _cases() -> Mapping[str, Resolver]:
    """The spaces that are decided, by name: a little of everything in the language."""
    made = {**_numbers(), **_structures(), **_recursive()}
    conditions: dict[str, Mapping[str, Condition]] = {
        "flat": {"c": Equals("choice", True)},
        "ordinal": {"width": Greater("size", "s")},
    }
    return {name: _resolver(name, parts, conditions.get(name)) for name, parts in made.items()}


def _resolver(name: str, parts: Mapping[str, Any], conditions: Mapping[str, Condition] | None) -> Resolver:
    hidden = frozenset(n for n in parts if n.startswith("_"))
    return Resolver(lower(parts, intermediate=hidden, conditions=conditions, name=name))


def _numbers() -> dict[str, dict[str, Any]]:
    low, rate = Integer(1, 5), Float(0.5, 1.0)
    return {
        "flat": {
            "x": Float(-1.0, 3.0), "n": Integer(-2, 5), "choice": Categorical((None, True, 1, 1.0, "a")),
            "c": Float(0, 1), "epochs": IntegerFidelity(1, 9), "constant": None,
        },
        "log": {"x": Float(1e-300, 1e300, log=True), "n": Integer(1, 1000, log=True)},
        "points": {"x": Float(2.5, 2.5), "n": Integer(3, 3), "one": Categorical(("only",))},
        "large": {"n": Integer(-(2**63), 2**63), "m": Integer(2**60, 2**60 + 5)},
        "step": {
            "x": Float(0.1, 1.0, step=0.3), "n": Integer(-5, 6, step=4),
            "log": Float(0.001, 1.0, log=True, step=0.002), "m": Integer(1, 100, log=True, step=7),
        },
        "priors": {
            "x": Float(0, 1, prior=0.2, prior_confidence="high"), "n": Integer(1, 9, prior=Normal(4.4, 2)),
            "b": Float(1e-3, 1, log=True, prior=Beta(0.5, 2)), "w": Categorical((1, 2), Weights((0, 1))),
            "choice": Categorical(("a", "b", "c"), prior=2),
        },
        "bounds": {
            "low": low, "n": Integer(low, 10), "m": Integer(1, ByName("n")),
            "x": Float(rate, 2.0, step=0.25), "y": Float(1e-3, rate, log=True, prior=0.6),
            "z": Float(Integer(1, 3), 3),
        },
        "ordinal": {"size": Ordinal(("s", "m", "l"), default=1), "width": Ordinal((3, 5, 7))},
    }  # fmt: skip


def _structures() -> dict[str, dict[str, Any]]:
    width, block = Integer(8, 64), Operation("block", (Float(0, 1), Categorical((1, 2))))
    layer = Categorical(("id", block, Operation("conv", (width,), {"k": Ordinal((3, 5))})))
    given = Categorical((("a", "b"), ("c", Categorical(("d", Integer(0, 9))), ByName("width"))))
    return {
        "choices": {"width": width, "layer": layer, "given": given, "provided": Categorical(given)},
        "repeated": {
            "count": Integer(0, 3), "same": Repeated(ByName("count"), Float(0, 1)),
            "fresh": Repeated(Ordinal((1, 2, 3)), layer.resample()),
            "inner": Repeated(2, Repeated(Integer(0, 2).resample(), Integer(0, 9).resample()).resample()),
        },
        "shared": {
            "block": block, "again": block, "named": ByName("block"), "fresh": block.resample(),
            "pair": (width, {"w": width, "v": width.resample()}), "_hidden": Float(0, 1),
            "reached": Operation("f", (ByName("_hidden"),)),
        },
    }  # fmt: skip


def _recursive() -> dict[str, dict[str, Any]]:
    def again(name: str) -> Any:
        return ByName(name).resample()

    node = Operation("node", (again("tree"), again("tree"), Integer(0, 9).resample()))
    many = Repeated(Integer(0, 3).resample(), again("tree"))
    return {
        "tree": {"tree": Categorical((node.resample(), Operation("leaf", (Float(0, 1),)), "end"))},
        "forest": {"tree": Operation("many", many.resample())},
        "mutual": {
            "a": Categorical((Operation("a", (again("b"),)).resample(), 1)),
            "b": Operation("b", Categorical(((again("a"), again("a")), ())).resample()),
        },
    }  # fmt: skip
