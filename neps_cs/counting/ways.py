"""Ways: in how many ways something can be decided, by what it shares with the rest.

What is shared must be counted once, whoever reaches it. So `Cases` say how many ways there are for
each case: which keys (shared sites) are reached, and what has to be decided at those that are read.
Cases multiply where parts stand beside each other, and add where one of several is taken. A key is
settled, which takes it out of the cases, once all that mention it are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, TypeAlias

from neps_cs.counting.shapes import Node
from neps_cs.errors import Problem, SpaceError

MAX_CASES = 1_000_000
MAX_BITS = 2**23
"""Of a number of ways: beyond two million digits a product takes minutes."""

Ways: TypeAlias = "int | None"
"""None: infinitely many."""
State: TypeAlias = "float | None"
"""What a decision gave: a value, a class of values or the index of a branch; None: it was not made."""
Reads: TypeAlias = frozenset[tuple[Node, frozenset[State]]]


class Case(NamedTuple):
    """The keys that are reached, and for the decisions that are read the states that they may have."""

    reached: frozenset[Node] = frozenset()
    reads: Reads = frozenset()


Cases: TypeAlias = dict[Case, Ways]
ONE: Cases = {Case(): 1}


def plus(a: Ways, b: Ways) -> Ways:
    """The sum, infinite if one is."""
    return None if a is None or b is None else a + b


def times(a: Ways, b: Ways) -> Ways:
    """The product, infinite if one is and none is 0. Raises SpaceError for a number that is too long."""
    if a == 0 or b == 0:
        return 0
    if a is None or b is None:
        return None
    if (bits := a.bit_length() + b.bit_length()) > MAX_BITS:
        rule = f"a size to be counted must have {MAX_BITS:,} bits at most; lower max_depth or counts"
        raise SpaceError(Problem(rule, f"about {bits:,} bits"))
    return a * b


def add(cases: Cases, case: Case, ways: Ways) -> None:
    """Add so many ways to a case."""
    cases[case] = plus(cases[case], ways) if case in cases else ways


def either(*given: Cases) -> Cases:
    """The cases of what is decided as one of these."""
    result: Cases = {}
    for cases in given:
        for case, ways in cases.items():
            add(result, case, ways)
    return result


def both(a: Cases, b: Cases) -> Cases:
    """The cases of what is decided as a and as b: the keys of both, the states that both allow.

    Raises SpaceError where there may be more than 1,000,000.
    """
    check_work(len(a) * len(b), (a, b))
    result: Cases = {}
    for (reached, reads), n in a.items():
        for (others, more), k in b.items():
            agreed = _agreed(reads, more) if reads and more else reads or more
            if agreed is not None:
                add(result, Case(reached | others, agreed), times(n, k))
    return result


def check_work(work: int, given: Iterable[Cases]) -> None:
    """Raise SpaceError where it takes too many cases to multiply these."""
    if work > MAX_CASES:
        names = sorted({key.address for cases in given for key in _mentioned(cases)})
        shown = f"{', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
        rule = f"what is shared must fall into {MAX_CASES:,} cases at most, to be counted"
        raise SpaceError(Problem(rule, f"{work:,} for {shown}"))


def _agreed(reads: Reads, more: Reads) -> Reads | None:
    """What both read; None where they need different states of one decision."""
    states = dict(reads)
    for key, needed in more:
        found = needed & states[key] if key in states else needed
        if not found:
            return None
        states[key] = found
    return frozenset(states.items())


def power(cases: Cases, n: int) -> Cases:
    """The cases of n of them beside each other."""
    result, square = ONE, cases
    while n:
        if n & 1:
            result = both(result, square)
        n >>= 1
        if n:
            square = both(square, square)
    return result


@dataclass(frozen=True, eq=False)
class Parts:
    """Cases that are not multiplied out: a number of ways, what is always reached, and factors."""

    ways: Ways = 1
    sure: frozenset[Node] = frozenset()
    factors: tuple[Cases, ...] = ()

    @property
    def trivial(self) -> bool:
        """Whether nothing is decided here."""
        return self.ways == 1 and not self.sure and not self.factors

    def cases(self) -> Cases:
        """The product of all."""
        return reduce(both, self.factors, {Case(self.sure): self.ways})

    def repeated(self, n: int) -> Parts:
        """n of them beside each other."""
        if n == 0:
            return Parts()
        (ways,) = power({Case(): self.ways}, n).values()
        return Parts(ways, self.sure, tuple(power(f, n) for f in self.factors))


class Pool:
    """Parts that stand beside each other, in which keys are settled one after the other.

    It multiplies only what mentions the key: so groups that share nothing stay apart.
    """

    def __init__(self, parts: Iterable[Parts]) -> None:
        self._ways: Ways = 1
        self._sure: set[Node] = set()
        self._factors: dict[int, Cases] = {}
        self._where: dict[Node, set[int]] = {}
        self._made = self._tried = 0
        for each in parts:
            self._put(each)

    def parts(self) -> Parts:
        """What is left."""
        return Parts(self._ways, frozenset(self._sure), tuple(self._factors.values()))

    def cheapest(self, keys: Iterable[Node]) -> Node:
        """The key that is settled with the least work."""
        return min(keys, key=self._work)

    def _work(self, key: Node) -> int:
        bucket = self._where.get(key, ())
        return 0 if len(bucket) < 2 else math.prod(len(self._factors[i]) for i in bucket)

    def settle(self, key: Node, whole: Parts, states: Mapping[float, Cases]) -> None:
        """Take a key out that nothing else mentions: `whole` is what is decided where it is reached,
        `states` the same by state."""
        bucket = sorted((self._taken(i) for i in tuple(self._where.get(key, ()))), key=len)
        sure = key in self._sure
        self._sure.discard(key)
        if not bucket:
            if sure:
                self._put(whole)
            return
        if any(key == read for cases in bucket for case in cases for read, _ in case.reads):
            self._add(self._by_state(key, [_Table(key, cases) for cases in bucket], states, sure=sure))
        else:  # what is sure is mentioned by reads only
            unreached, reached = _split(key, self._joint(bucket))
            self._add(either(unreached, self._joint((reached, whole.cases()))))

    def _by_state(
        self, key: Node, tables: list[_Table], states: Mapping[float, Cases], *, sure: bool
    ) -> Cases:
        def joint(state: State) -> Cases:
            return self._joint(t.at(state) for t in tables)

        inactive = {} if sure else _split(key, joint(None))[0]
        active = ((joint(s) if sure else _split(key, joint(s))[1], inner) for s, inner in states.items())
        return either(inactive, *(self._joint(pair) for pair in active))

    def _joint(self, factors: Iterable[Cases]) -> Cases:
        result = ONE
        for cases in factors:
            self._tried += len(result) * len(cases) - 1
            check_work(self._tried, (result, cases))
            result = both(result, cases)
        return result

    def _put(self, parts: Parts) -> None:
        self._ways = times(self._ways, parts.ways)
        self._be_sure(parts.sure)
        for cases in parts.factors:
            self._add(cases)

    def _be_sure(self, keys: frozenset[Node]) -> None:
        new = keys - self._sure
        self._sure |= new
        for i in {i for key in new for i in self._where.get(key, ())}:
            if i in self._factors:  # else what was added before made it sure, too
                self._add(self._taken(i))

    def _add(self, cases: Cases) -> None:
        if not self._sure.isdisjoint(_mentioned(cases)):
            cases = _surely(cases, self._sure)
        if not cases:  # forbidden, whatever else is decided
            self._ways = 0
            return
        common = frozenset.intersection(*(case.reached for case in cases))
        if common:
            cases = _surely(cases, common)
        if cases.keys() == ONE.keys():
            self._ways = times(self._ways, cases[Case()])
        else:
            self._made += 1
            self._factors[self._made] = cases
            for key in _mentioned(cases):
                self._where.setdefault(key, set()).add(self._made)
        self._be_sure(common)

    def _taken(self, i: int) -> Cases:
        cases = self._factors.pop(i)
        for key in _mentioned(cases):
            self._where[key].discard(i)
        return cases


def _mentioned(cases: Cases) -> set[Node]:
    return {k for case in cases for k in case.reached} | {k for case in cases for k, _ in case.reads}


def _surely(cases: Cases, keys: Iterable[Node]) -> Cases:
    """The cases where these keys are reached anyway."""
    known = frozenset(keys)
    result: Cases = {}
    for case, ways in cases.items():
        reads = frozenset((k, s - {None}) if k in known else (k, s) for k, s in case.reads)
        if all(states for _, states in reads):
            add(result, Case(case.reached - known, reads), ways)
    return result


def _split(key: Node, cases: Cases) -> tuple[Cases, Cases]:
    """The cases that don't reach the key, and those that do, without it."""
    unreached = {case: ways for case, ways in cases.items() if key not in case.reached}
    reached = {Case(c.reached - {key}, c.reads): n for c, n in cases.items() if key in c.reached}
    return unreached, reached


class _Table:
    """Cases by the state of one decision, which is not read any more then."""

    def __init__(self, key: Node, cases: Cases) -> None:
        self._any: Cases = {}
        self._of: dict[State, Cases] = {}
        for case, ways in cases.items():
            states = dict(case.reads).get(key)
            left = Case(case.reached, frozenset(r for r in case.reads if r[0] != key))
            for table in (self._any,) if states is None else (self._of.setdefault(s, {}) for s in states):
                add(table, left, ways)

    def at(self, state: State) -> Cases:
        """The cases that allow the state."""
        return either(self._any, self._of.get(state, {}))
