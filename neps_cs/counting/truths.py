"""When conditions hold: what they tell apart of a parent's values, and the cases in which they hold."""

from __future__ import annotations

import types
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.counting.shapes import Decision, Shapes
from neps_cs.counting.ways import MAX_CASES, ONE, Case, Cases, State, Ways, add, both, either
from neps_cs.errors import Problem, SpaceError
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Literal, Relation, leaves, operands
from neps_cs.resolving.resolver import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, NumberSite
from neps_cs.scales import Scale

UNCOUNTED = "the sides of a forbidden relation must be countable, to be counted"
_Truth: TypeAlias = tuple[Cases, Cases]


class Truths:
    """The conditions of a space.

    The values that a number is compared with cut its range into classes: 0 is what lies below the
    first of them, 1 the first itself, 2 what lies between it and the second, and so on.
    """

    def __init__(
        self,
        shapes: Shapes,
        conditions: Mapping[str, Condition],
        clauses: Iterable[Clause] = (),
        operands: Mapping[str, Decision] = types.MappingProxyType({}),
    ) -> None:
        self._shapes, self.conditions, self._operands = shapes, conditions, operands
        self.clauses = tuple(clauses)
        cuts: dict[Decision, set[float]] = {}
        for condition in (*conditions.values(), *self.clauses):
            for literal in leaves(condition):
                if isinstance(literal, Relation):
                    for decision in self.parents(literal):
                        if isinstance(decision.site, NumberSite):
                            shapes.read.add(decision.site)
                    continue
                (parent,) = self.parents(literal)
                if isinstance(parent.site, NumberSite):
                    cuts.setdefault(parent, set()).update(_compared(literal))
        self._cuts = {parent: sorted(values) for parent, values in cuts.items()}

    def parents(self, condition: Clause) -> list[Decision]:
        """What is decided at the parents of a condition, or at the operands of a clause."""
        names = operands(condition)
        if all(name in self._operands for name in names):
            return [self._operands[name] for name in names]
        sites = (self._shapes.attribute(name) for name in names)
        # others are refused when the space is made
        return [
            self._shapes.decision(s) for s in sites if isinstance(s, (NumberSite, ChoiceSite, ConstantSite))
        ]

    def states(self, site: NumberSite, scale: Scale) -> Iterator[tuple[float, Ways]]:
        """What is told apart of the numbers on a scale, and how many each stands for: the values
        where something else depends on them, else their classes."""
        cuts, read = self._cuts.get(self._shapes.decision(site), []), site in self._shapes.read
        if not scale.discrete and scale.lower < scale.upper:
            if self._shapes.decision(site) in self._operands.values():
                yield from self._parts(cuts, scale, site)
                return
            # infinitely many, whatever is told apart: one will do
            yield (scale.lower if read else _place(cuts, scale.lower)), None
            return
        points, value = (scale.points, scale.grid) if scale.discrete else (1, lambda _: scale.lower)
        if read:
            if points > MAX_CASES:
                rule = f"a count or bound must have {MAX_CASES:,} values at most, to be counted"
                raise SpaceError(Problem(rule, f"{points:,}", site.address))
            yield from ((value(k), 1) for k in range(points))
            return
        ends = [_first(points, value, cut, above) for cut in cuts for above in (False, True)]
        for place, (start, end) in enumerate(pairwise([0, *ends, points])):
            if start < end:
                yield place, end - start

    def _parts(self, cuts: list[float], scale: Scale, site: NumberSite) -> Iterator[tuple[float, Ways]]:
        """The classes of real numbers: those between the cuts are infinite."""
        if site in self._shapes.read:
            raise SpaceError(Problem(UNCOUNTED, "a Float without a step", site.address))
        inside = [c for c in cuts if scale.lower <= c <= scale.upper]
        yield from ((_place(cuts, c), 1) for c in inside)
        for low, high in pairwise(dict.fromkeys([scale.lower, *inside, scale.upper])):
            yield _place(cuts, low + (high - low) / 2), None

    def truth(self, condition: Clause, states: Mapping[Decision, frozenset[float]]) -> _Truth:
        """The cases in which a condition holds and those in which it fails; no way is in two of them.

        `states` are what each parent may be: the indices of branches, and for a number its classes, or
        its values where those are told apart.
        """
        match condition:
            case And(parts=parts):
                return _every([self.truth(p, states) for p in parts])
            case Or(parts=parts):
                holds, fails = _every([self.truth(p, states)[::-1] for p in parts])
                return fails, holds
            case Relation():
                return self._compared(condition, states)
            case Equals() | NotEquals() | In() | Less() | Greater() | LessEqual() | GreaterEqual():
                (parent,) = self.parents(condition)
                every = states[parent]
                true = every & self._true(condition, parent, every)
                false, none = every - true, frozenset({None})
                if isinstance(condition, NotEquals) and condition.or_inactive:
                    return _read(parent, true | none), _read(parent, false)
                return _read(parent, true), _read(parent, false | none)
            case _:
                assert_never(condition)

    def _compared(self, relation: Relation, states: Mapping[Decision, frozenset[float]]) -> _Truth:
        """A relation, for each state of its left side."""
        left, right = self._operands[relation.left], self._operands[relation.right]
        holds, fails = Cases(), Cases()
        if left is right:
            true = frozenset(s for s in states[left] if relation.holds(_value(left, s), _value(left, s)))
            add(fails, Case(reads=frozenset({(left, (states[left] - true) | {None})})), 1)
            if true:
                add(holds, Case(reads=frozenset({(left, true)})), 1)
            return holds, fails
        groups: dict[frozenset[float], set[float]] = {}
        for state in states[left]:
            value = _value(left, state)
            fitting = frozenset(s for s in states[right] if relation.holds(value, _value(right, s)))
            groups.setdefault(fitting, set()).add(state)
        for fitting, given in groups.items():
            here = (left, frozenset(given))
            if fitting:
                add(holds, Case(reads=frozenset({here, (right, fitting)})), 1)
            rest: frozenset[State] = (states[right] - fitting) | {None}
            add(fails, Case(reads=frozenset({here, (right, rest)})), 1)
        add(fails, Case(reads=frozenset({(left, frozenset({None}))})), 1)
        return holds, fails

    def _true(self, literal: Literal, parent: Decision, states: frozenset[float]) -> frozenset[float]:
        match parent.site:
            case ChoiceSite() as choice:
                return choice_indices(literal, choice)
            case ConstantSite(value=value):
                return states if constant_fits(literal, value) else frozenset()
            case NumberSite() as number:
                if number not in self._shapes.read:
                    literal = _placed(literal, self._cuts[parent])
                return frozenset(filter(number_test(literal), states))
            case _:
                assert_never(parent.site)


def _read(parent: Decision, states: frozenset[float | None]) -> Cases:
    """The case in which a parent is in one of these states."""
    return {Case(reads=frozenset({(parent, states)})): 1} if states else {}


def _every(parts: list[_Truth]) -> _Truth:
    """All parts hold; or those up to one hold, and that one fails."""
    holds, fails = ONE, Cases()
    for true, false in parts:
        fails = either(fails, both(holds, false))
        holds = both(holds, true)
    return holds, fails


def _value(decision: Decision, state: float) -> object:
    """What a config holds, or what a constant is."""
    match decision.site:
        case ChoiceSite(values=values):
            return values[int(state)]
        case ConstantSite(value=value):
            return value
        case NumberSite():
            return state
        case _:
            assert_never(decision.site)


def _compared(literal: Literal) -> list[float]:
    """The numbers that a literal on a number compares with."""
    values = literal.values if isinstance(literal, In) else (literal.value,)
    return [v for v in values if isinstance(v, (int, float))]


def _placed(literal: Literal, cuts: list[float]) -> Literal:
    """A literal on a number as one on its classes."""
    places = tuple(_place(cuts, v) for v in _compared(literal))
    return replace(literal, values=places) if isinstance(literal, In) else replace(literal, value=places[0])


def _place(cuts: list[float], value: float) -> float:
    """The class of a value."""
    i = bisect_left(cuts, value)
    return 2 * i + (i < len(cuts) and cuts[i] == value)


def _first(points: int, value: Callable[[int], float], cut: float, above: bool) -> int:
    """The index of the first value from a cut on, or above it; of ever so many, which grow."""
    low, high = 0, points
    while low < high:
        middle = (low + high) // 2
        before = value(middle) <= cut if above else value(middle) < cut
        low, high = (middle + 1, high) if before else (low, middle)
    return low
