"""Forbidden clauses bound to the decisions of a space, so that a config can be asked for those it holds.

An operand is the name of an attribute, or the address of any decision that a config may hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConfigError, Problem, SpaceError
from neps_cs.forbidden import (
    Clause,
    GreaterEqual,
    LessEqual,
    Literal,
    Relation,
    clause_text,
    leaves,
    operands,
    renamed,
)
from neps_cs.resolving.literals import choice_indices, constant_fits, number_test
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.program import Program
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, DecisionSite, FidelitySite, NumberSite
from neps_cs.resolving.walk import Decide
from neps_cs.values import Plain, is_plain, plain_key

Holds: TypeAlias = Callable[[Mapping[str, Plain]], bool]
Operand: TypeAlias = "NumberSite | ChoiceSite | ConstantSite"

MAX_ATTEMPTS = 10_000
_TRIED, _FEW = 1_000, 100
"""A decide-function that gave no more than so few configs in so many attempts has no others to give."""
_ABSENT = object()
_WHAT = "a forbidden clause"


@dataclass(frozen=True, eq=False)
class Bound:
    """A clause, the same by the addresses of configs, and whether a config holds it."""

    clause: Clause
    addressed: Clause
    holds: Holds


class Forbidding:
    """The clauses of a graph. `order` names the attributes that are resolved.

    Raises SpaceError with every operand that is no decision, and every value that is none of its own.
    """

    def __init__(self, program: Program, order: Iterable[str]) -> None:
        self.program, self.order = program, tuple(order)
        self.sites: dict[str, Operand] = {}
        bound, problems = [], list[Problem]()
        for i, clause in enumerate(program.graph.forbidden):
            try:
                bound.append(self._bound(clause))
            except SpaceError as e:
                place = f"{program.graph.name}.forbidden[{i}]"
                problems += [Problem(p.rule, p.got, place) for p in e.problems]
        if problems:
            raise SpaceError(problems)
        self.clauses = tuple(bound)

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self.program, self.order)

    def _bound(self, clause: Clause) -> Bound:
        sites, problems = dict[str, Operand](), list[Problem]()
        for operand in operands(clause):
            try:
                sites[operand] = self._site(operand)
            except SpaceError as e:
                problems += e.problems
        if problems:
            raise SpaceError(problems)
        addressed = renamed(clause, lambda operand: sites[operand].address)
        self.sites |= {site.address: site for site in sites.values()}
        for leaf in leaves(addressed):
            if isinstance(leaf, Relation):
                self._check_comparable(leaf)
        return Bound(clause, addressed, self.test(addressed))

    def _site(self, operand: str) -> Operand:
        if operand not in self.program.graph.root_of:
            return self._locator.decision(operand)
        site = self.program.attribute(operand)
        if isinstance(site, (NumberSite, ChoiceSite)):
            return site
        if isinstance(site, ConstantSite) and is_plain(site.value):
            return site
        kind = {FidelitySite: "a fidelity", ConstantSite: "a constant that is no plain value"}
        got = f"{operand!r}, {kind.get(type(site), 'a structure')}"
        raise SpaceError(Problem(f"{_WHAT} must read parameters, plain constants or decisions", got))

    def _check_comparable(self, relation: Relation) -> None:
        """Where no two values could be compared, a mistake was made."""
        left, right = (_kinds(self.sites[a]) for a in (relation.left, relation.right))
        if relation.operator != "==" and not (left & right) - {"None"}:
            rule = "the sides of a Relation must have values to compare: numbers, or texts"
            got = f"{relation.left}, {' and '.join(sorted(left))}, and {relation.right}, "
            raise SpaceError(Problem(rule, got + " and ".join(sorted(right))))

    def test(self, clause: Clause) -> Holds:
        """Whether a clause by addresses holds, as a function of a config. Raises SpaceError for values
        that its decisions can't be compared with."""
        match clause:
            case And(parts=parts):
                every = [self.test(p) for p in parts]
                return lambda config: all(t(config) for t in every)
            case Or(parts=parts):
                some = [self.test(p) for p in parts]
                return lambda config: any(t(config) for t in some)
            case Relation(left=left, right=right, holds=holds):
                first, second = self._value(left), self._value(right)
                return lambda config: (
                    (a := first(config)) is not _ABSENT
                    and (b := second(config)) is not _ABSENT
                    and holds(a, b)
                )
            case Equals() | NotEquals() | In() | Less() | Greater() | LessEqual() | GreaterEqual():
                return self._literal(clause, self.sites[clause.parent])
            case _:
                assert_never(clause)

    def _literal(self, literal: Literal, site: Operand) -> Holds:
        address = site.address
        match site:
            case ChoiceSite(values=values):
                if isinstance(literal, NotEquals) and literal.or_inactive:  # of a condition
                    out = self.test(Equals(address, literal.value))
                    return lambda config: not out(config)
                held = [values[i] for i in choice_indices(literal, site, _WHAT)]
                if all(type(v) is str for v in values):
                    texts = frozenset(held)
                    return lambda config: config.get(address, _ABSENT) in texts
                keys = frozenset(plain_key(v) for v in held)
                return lambda config: address in config and plain_key(config[address]) in keys
            case NumberSite():
                holds = number_test(literal, _WHAT)
                if isinstance(literal, NotEquals) and literal.or_inactive:
                    return lambda config: (value := config.get(address)) is None or holds(value)  # type: ignore[arg-type]
                return lambda config: (value := config.get(address)) is not None and holds(value)  # type: ignore[arg-type]
            case ConstantSite(value=value):
                fits, active = constant_fits(literal, value, _WHAT), self.active(address)
                if isinstance(literal, NotEquals) and literal.or_inactive:
                    return lambda config: fits or not active(config)
                return active if fits else lambda config: False
            case _:
                assert_never(site)

    def _value(self, address: str) -> Callable[[Mapping[str, Plain]], Any]:
        site = self.sites[address]
        if not isinstance(site, ConstantSite):
            return lambda config: config.get(address, _ABSENT)
        value, active = site.value, self.active(address)
        return lambda config: value if active(config) else _ABSENT

    def active(self, address: str) -> Holds:
        """Whether the constant at an address is active: it stands in no config, its conditions tell."""
        conditions = self._conditions(address)
        if None in conditions:
            return lambda config: True
        tests = [self.test(self._condition(c)) for c in conditions if c is not None]
        return lambda config: any(t(config) for t in tests)

    def always_active(self, address: str) -> bool:
        """Whether the constant at an address is active in every config."""
        return None in self._conditions(address)

    def _conditions(self, address: str) -> list[Condition | None]:
        named = (n for n in self.order if self.program.attribute(n).address == address)
        return [self.program.graph.conditions.get(n) for n in named]

    def _condition(self, condition: Condition) -> Clause:
        """A condition by the addresses of its parents, as a clause."""
        for parent in operands(condition):
            site = self.program.attribute(parent)
            assert isinstance(site, (NumberSite, ChoiceSite, ConstantSite)), "checked when the space was made"
            self.sites[site.address] = site
        return renamed(condition, lambda parent: self.program.attribute(parent).address)

    def held(self, config: Mapping[str, Plain]) -> list[Bound]:
        """The clauses that a config holds: none, if it is legal."""
        return [c for c in self.clauses if c.holds(config)]

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ConfigError with each clause that a config holds, and its values."""
        held = self.held(config)
        if held:
            raise ConfigError(self._problem(c, config) for c in held)

    def check_all(self, configs: Iterable[Mapping[str, Plain]]) -> None:
        """`check` of each; the error has the problems of all."""
        problems = [self._problem(c, config) for config in configs for c in self.held(config)]
        if problems:
            raise ConfigError(problems)

    def _problem(self, bound: Bound, config: Mapping[str, Plain]) -> Problem:
        read = ((a, self._value(a)(config)) for a in operands(bound.addressed))
        got = ", ".join(f"{a}={v!r}" for a, v in read if v is not _ABSENT)
        return Problem(f"a config must not have {clause_text(bound.clause)}", got, self.program.graph.name)


class Attempts:
    """Accepts configs that no clause forbids. Past 10,000 others it gives up."""

    def __init__(self, forbidding: Forbidding) -> None:
        self._clauses, self._name = forbidding.clauses, forbidding.program.graph.name
        self._made, self._rejected = 0, Counter[int]()
        self._seen: set[object] = set()

    def accept(self, config: Mapping[str, Plain]) -> bool:
        """Whether the config is legal. Raises ConfigError that says how many each clause rejected."""
        for clause in self._clauses:
            if clause.holds(config):
                break
        else:
            return True
        self._made += 1
        if self._made <= _TRIED and len(self._seen) <= _FEW:
            self._seen.add(tuple(config.items()))
        for i, clause in enumerate(self._clauses):
            self._rejected[i] += clause.holds(config)
        if self._made < MAX_ATTEMPTS:
            return False
        counts = [
            f"{n:,} by {clause_text(self._clauses[i].clause)}" for i, n in self._rejected.most_common() if n
        ]
        rule = f"{MAX_ATTEMPTS:,} attempts must give a config that no clause forbids"
        raise ConfigError(Problem(rule, f"rejections: {'; '.join(counts)}", self._name))

    def eased(self, decide: Decide) -> Decide:
        """The decide-function to go on with. One that always says the same, as that for the mode of the
        priors does, would never come to an end: then what the clauses read is drawn in its place."""
        if self._made != _TRIED or len(self._seen) > _FEW:
            return decide
        rng = np.random.default_rng(0)
        free = {a for i in self._rejected for a in operands(self._clauses[i].addressed)}

        def decide_or_draw(site: DecisionSite, allowed: tuple[float, ...]) -> float:
            return site.quantile(rng.random(), allowed) if site.address in free else decide(site, allowed)

        return decide_or_draw


def _kinds(site: Operand) -> set[str]:
    """What the values of an operand compare as."""
    match site:
        case NumberSite():
            return {"numbers"}
        case ChoiceSite(values=values):
            return {_kind(values[i]) for i in site.every}
        case ConstantSite(value=value):
            return {_kind(value)}
        case _:
            assert_never(site)


def _kind(value: object) -> str:
    return "None" if value is None else "texts" if isinstance(value, str) else "numbers"
