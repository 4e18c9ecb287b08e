"""A space as something that can be resolved: its program, its conditions, its fidelities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, parents
from neps_cs.errors import ConfigError, Problem, SpaceError, meant
from neps_cs.graph.check import checked
from neps_cs.graph.records import FidelityRecord, LazyRecord, SpaceGraph
from neps_cs.resolving.compiler.units import MAX_UNITS, Space, Test, Units
from neps_cs.resolving.compiler.writer import Source
from neps_cs.resolving.forbidding import Attempts, Forbidding
from neps_cs.resolving.literals import choice_indices as choice_indices
from neps_cs.resolving.literals import constant_fits as constant_fits
from neps_cs.resolving.literals import number_test as number_test
from neps_cs.resolving.locate import check_edits
from neps_cs.resolving.narrowing import narrowed
from neps_cs.resolving.program import Program
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    NumberSite,
    ProvidedSite,
    Site,
)
from neps_cs.resolving.walk import MAX_DECISIONS, MAX_DEPTH, Config, Decide, Walk
from neps_cs.values import plain_key, unwrapped

Pipeline: TypeAlias = dict[str, Any]


class Resolution(NamedTuple):
    """What one traversal gave: the decisions by address, what evaluate_pipeline receives, the
    fidelities, and the names of the attributes and addresses of the constants that were active."""

    config: Config
    pipeline: Pipeline
    fidelities: Mapping[str, float]
    attributes: AbstractSet[str]


class Resolver:
    """Compiles a graph once. Raises SpaceError for a graph that breaks a rule, FormatError for one that
    holds an edit that does not fit.

    `forbidding` holds the forbidden clauses, None without any; then `narrowed` is what is drawn from: the
    same space, its domains without the values that a clause alone rules out; `all_legal` says whether no
    other config of it is forbidden.
    """

    def __init__(self, graph: SpaceGraph, *, is_narrowed: bool = False) -> None:
        self.graph = graph
        self.recursion = checked(graph)
        self.program = Program(graph, self.recursion)
        self.fidelities: Mapping[str, FidelityRecord] = {
            r.name: record
            for r in graph.roots
            if isinstance(record := graph.records[r.ref], FidelityRecord) and graph.name_of[r.ref] == r.name
        }  # under its first name, if it has several
        self.order = _order(graph)
        if not is_narrowed:  # its edits are not made by a user
            check_edits(self.program, self.order)
        self.tests = self._bound_conditions()
        self.forbidding: Forbidding | None = None
        self.narrowed, self.all_legal = self, True
        if graph.forbidden:
            self.forbidding = Forbidding(self.program, self.order)
            graph, self.all_legal = narrowed(self.forbidding)
            self.narrowed = Resolver(graph, is_narrowed=True)
        self.spaces: dict[Source, Space] = {}  # those that `compiled` made, with build
        self._checks: dict[Source, Space] = {}

    def _bound_conditions(self) -> dict[str, Test]:
        tests, problems = {}, list[Problem]()
        for child, condition in self.graph.conditions.items():
            try:
                tests[child] = _test(condition, self.program)
            except SpaceError as e:
                problems += [Problem(p.rule, p.got, f"{self.graph.name}.{child}") for p in e.problems]
        if problems:
            raise SpaceError(problems)
        return tests

    @cached_property
    def _always_active(self) -> frozenset[str]:
        """Without conditions: every attribute that is visited, and the constants behind other names."""
        constants = (self.program.attribute(name) for name in self.order)
        return frozenset({*self.order, *(s.address for s in constants if isinstance(s, ConstantSite))})

    def compiled(self, kind: Source, *, build: bool = True) -> Space:
        """The compiled space, made when it is first asked for."""
        spaces = self.spaces if build else self._checks
        known = spaces.get(kind)
        if known is not None and known.units.instances <= MAX_UNITS:
            return known
        if known is None:
            read = frozenset(p for c in self.graph.conditions.values() for p in parents(c))
            known = Units(self.program, kind, build=build).space(self.order, self.tests, read)
            spaces[kind] = known
        else:
            known = spaces[kind] = known.renewed()
        return known

    def resolve(
        self,
        decide: Decide,
        fidelity_values: Mapping[str, Any] | None = None,
        *,
        build: bool = True,
        max_depth: int | None = MAX_DEPTH,
        max_decisions: int | None = MAX_DECISIONS,
        legal: bool = True,
    ) -> Resolution:
        """Decide everything that is active; with `build`, make the pipeline too (else it is empty).

        Fidelities that are not given are full. What a forbidden clause rules out is decided again, from
        the start, unless `legal` is False. Raises ConfigError for unknown fidelities or values out of
        range, and where no legal config is found.
        """
        if legal and self.forbidding is not None:
            attempts = self.attempts()
            while True:
                found = self.narrowed.resolve(
                    decide, fidelity_values, build=False, max_depth=max_depth, max_decisions=max_decisions
                )
                if attempts.accept(found.config):
                    return self.recorded(found.config, found.fidelities) if build else found
                decide = attempts.eased(decide)
        walk = Walk(
            self.program, lambda: decide, self.checked_fidelities(fidelity_values), build,
            math.inf if max_depth is None else max_depth,
            math.inf if max_decisions is None else max_decisions,
        )  # fmt: skip
        pipeline = self.compiled("decide", build=build).run(walk.config, decide, walk, 0)
        return self.resolution(walk, pipeline)

    def attempts(self) -> Attempts:
        """A judge of configs that are drawn anew until one is legal."""
        assert self.forbidding is not None, "there are clauses"
        return Attempts(self.forbidding)

    @cached_property
    def draws_legal(self) -> bool:
        """Whether all that is drawn from `narrowed` is legal, and the pipeline that it makes is ours."""
        lazy = any(isinstance(r, LazyRecord) for r in self.graph.records)  # it hands over what is written
        return not lazy and self.all_legal

    def recorded(self, config: Config, fidelities: Mapping[str, float]) -> Resolution:
        """The resolution of a config that was made here: it fits."""

        def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
            value = config[site.address]
            return site.index[plain_key(value)] if isinstance(site, ChoiceSite) else value  # type: ignore[return-value]

        walk = Walk(self.program, lambda: decide, fidelities, True, math.inf, math.inf)
        pipeline = self.compiled("replay").run(walk.config, config, walk, 0)
        return self.resolution(walk, pipeline)

    def resolution(self, walk: Walk, pipeline: Pipeline) -> Resolution:
        """What a walk that came to its end gave."""
        active = self._always_active if walk.active is None else walk.active
        return Resolution(walk.config, pipeline, walk.fidelities, active)

    def checked_fidelities(
        self, given: Mapping[str, Any] | None, inside: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, float]:
        """A value for each fidelity: the one given, else the one inside of a config, else the upper bound.
        Raises ConfigError."""
        if given is None and not self.fidelities:
            return {}
        given, problems = {} if given is None else given, list[Problem]()
        if not isinstance(given, Mapping):
            raise ConfigError(Problem("fidelity_values must be a mapping", repr(given), self.graph.name))
        given = {**inside, **given}
        for name in given:
            if name not in self.fidelities:
                known = ", ".join(self.fidelities) or "none"
                rule = f"fidelity_values must name fidelities ({known})"
                hint = meant(name, self.fidelities) if isinstance(name, str) else ""
                problems.append(Problem(rule, f"{name!r}{hint}", self.graph.name))
        values = {}
        for name, record in self.fidelities.items():
            value, place = unwrapped(given.get(name, record.upper)), f"{self.graph.name}.{name}"
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                problems.append(Problem("the fidelity must be a number", repr(value), place))
            elif not record.lower <= value <= record.upper:
                rule = "lower <= fidelity <= upper must hold"
                got = f"{value!r}, lower={record.lower}, upper={record.upper}"
                problems.append(Problem(rule, got, place))
            elif record.integer and value != int(value):
                problems.append(Problem("the fidelity must be a whole number", repr(value), place))
            else:
                values[name] = int(value) if record.integer else float(value)
        if problems:
            raise ConfigError(problems)
        return values


def _order(graph: SpaceGraph) -> tuple[str, ...]:
    """What has to be visited, the parents of conditions before their children."""
    order: dict[str, None] = {}
    for root in graph.roots:
        if root.intermediate:
            continue
        stack = [root.name]
        while stack:
            name = stack[-1]
            condition = graph.conditions.get(name)
            open_ = [p for p in (parents(condition) if condition else ()) if p not in order]
            if open_:
                stack.extend(open_)
            else:
                order.setdefault(stack.pop())
    return tuple(order)


def _test(condition: Condition, program: Program) -> Test:
    """Whether a condition holds, as a function of the config and the choices taken so far."""
    match condition:
        case And(parts=parts):
            every = [_test(p, program) for p in parts]
            return lambda config, taken: all(t(config, taken) for t in every)
        case Or(parts=parts):
            some = [_test(p, program) for p in parts]
            return lambda config, taken: any(t(config, taken) for t in some)
        case Equals() | NotEquals() | In() | Less() | Greater():
            return _literal_test(condition, program.attribute(condition.parent))
        case _:
            assert_never(condition)


def _literal_test(literal: Equals | NotEquals | In | Less | Greater, site: Site) -> Test:
    without = isinstance(literal, NotEquals) and literal.or_inactive
    match site:
        case ChoiceSite(address=address):
            indices: AbstractSet[int | None] = choice_indices(literal, site) | ({None} if without else set())
            return lambda _, taken: taken.get(address) in indices
        case NumberSite(address=address):
            holds = number_test(literal)
            return lambda config, _: without if (value := config.get(address)) is None else holds(value)
        case ConstantSite(address=address, value=value):
            fits = constant_fits(literal, value)
            return lambda _, taken: fits if address in taken else without
        case _:
            kind = "a choice provider" if isinstance(site, ProvidedSite) else type(site).__name__
            raise SpaceError(Problem("the parent of a condition must be a parameter or a constant", kind))
