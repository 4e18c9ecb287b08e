"""Circles of conditions: a shared count that is read again below what it decides.

| t = Categorical(("leaf", f(Repeated(n, t.resample())))) | reached by |
|---|---|
| t | always |
| t:f:0 | n > 0 and t == f |
| n | t == f, or t:f:0 == f |

What is decided deeper in this table needs n, so n was decided before: the second way to n says nothing
that the first doesn't. Such ways are taken away; the condition of n reads t alone then.

The argument goes by time. In a resolution the ways to a decision come one after the other, and all that a
way reads was decided before it. So a way on which the decision itself is surely made already, or another
way to it holds, is never the only one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from functools import reduce
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, NotEquals, Or
from neps_cs.resolving.clauses import Clause, Exceeds, Literal, Taken, Written, clause_key, read

Fact: TypeAlias = "frozenset[int] | int | None"
Facts: TypeAlias = Mapping["str | Written", Fact]
"""What surely holds: of a decision that it is made (None), took one of some branches, or exceeds a number;
and conditions as they are written (None)."""

Ways: TypeAlias = MutableMapping[str, frozenset[Clause]]
"""The ways to each decision."""


def circle(ways: Ways) -> list[str]:
    """The addresses of a circle in what the ways to decisions read, each read by the one before; empty
    where there is none."""
    done: set[str] = set()
    for start in ways:
        path = {} if start in done else {start: iter(_parents(ways, start))}
        while path:
            last = next(reversed(path))
            parent = next(path[last], None)
            if parent is None:
                del path[last]
                done.add(last)
            elif parent in path:
                addresses = list(path)
                return addresses[addresses.index(parent) :]
            elif parent not in done:
                path[parent] = iter(_parents(ways, parent))
    return []


def without_circles(ways: Ways) -> list[str]:
    """Takes ways away that say nothing, where they make circles. Gives a circle that is left, or nothing."""
    tried: set[str] = set()
    while found := circle(ways):
        shared = [a for a in found if len(ways[a]) > 1 and a not in tried]
        if not shared:
            return found
        tried.update(shared)
        for address in shared:
            ways[address] = first_ways(address, ways)
    return []


def first_ways(address: str, ways: Ways) -> frozenset[Clause]:
    """The ways to a decision on which it may not be made yet, and of those that say the same the first."""
    above = _above(address, ways)
    asked: set[str | Written] = {address}
    surely = _surely(address, above, ways, asked)
    kept = [c for c in sorted(ways[address], key=_by_size) if address not in _facts(c, surely, asked)]
    asked |= {a for c in kept for a in read(c)}
    asked |= {x for c in kept for x in c if isinstance(x, Written)}
    surely = _surely(address, above, ways, asked)
    for clause in list(reversed(kept)):
        facts = _facts(clause, surely, asked)
        if any(all(_holds(x, facts) for x in other) for other in kept if other is not clause):
            kept.remove(clause)
    return frozenset(kept)


def _by_size(clause: Clause) -> tuple[int, list[tuple[str, str]]]:
    return len(clause), clause_key(clause)


def _parents(ways: Ways, address: str) -> list[str]:
    """The other decisions that the ways to one read, in order."""
    clauses = ways[address] if len(ways[address]) == 1 else sorted(ways[address], key=clause_key)
    return [a for c in clauses if address not in read(c) for a in sorted(read(c)) if a in ways]


def _above(address: str, ways: Ways) -> list[str]:
    """The decisions that one depends on, as far as possible each after those that it depends on itself."""
    order: list[str] = []
    seen = {address}
    stack = [iter(_parents(ways, address))]
    names = [address]
    while stack:
        parent = next(stack[-1], None)
        if parent is None:
            stack.pop()
            order.append(names.pop())
        elif parent not in seen:
            seen.add(parent)
            stack.append(iter(_parents(ways, parent)))
            names.append(parent)
    return order[:-1]


def _surely(address: str, above: Iterable[str], ways: Ways, asked: set[str | Written]) -> dict[str, Facts]:
    """What surely holds where each of the decisions above is made, as far as it is `asked`: the greatest
    solution, for what goes round in a circle alone is never made."""
    surely: dict[str, Facts] = {address: {address: None}}
    changed = True
    while changed:
        changed = False
        for decision in above:
            known = [c for c in ways[decision] if all(a in surely or a not in ways for a in read(c))]
            if not known:
                continue
            facts = reduce(_either, (_facts(c, surely, asked) for c in known))
            if decision in asked:
                facts = {decision: None, **facts}
            if surely.get(decision) != facts:
                surely[decision] = facts
                changed = True
    return surely


def _facts(clause: Clause, surely: Mapping[str, Facts], asked: set[str | Written]) -> Facts:
    """What surely holds where a clause does."""
    facts: dict[str | Written, Fact] = {}
    for literal in clause:
        made = _made(literal.condition) if isinstance(literal, Written) else (literal.address,)
        for decision in made:
            for key, fact in surely.get(decision, {}).items():
                facts[key] = _both(facts.get(key), fact)
        match literal:
            case Taken(address=key, indices=fact) | Exceeds(address=key, value=fact):
                if key in asked:
                    facts[key] = _both(facts.get(key), fact)
            case Written():
                if literal in asked:
                    facts[literal] = None
            case _:
                assert_never(literal)
    return facts


def _made(condition: Condition) -> frozenset[str]:
    """The decisions that were surely made where a condition holds."""
    match condition:
        case And(parts=parts):
            return frozenset[str]().union(*map(_made, parts))
        case Or(parts=parts):
            return frozenset.intersection(*map(_made, parts))
        case NotEquals(or_inactive=True):
            return frozenset()
        case _:
            return frozenset({condition.parent})


def _both(a: Fact, b: Fact) -> Fact:
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a & b
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return b if a is None else a


def _either(a: Facts, b: Facts) -> Facts:
    return {key: _weaker(fact, b[key]) for key, fact in a.items() if key in b}


def _weaker(a: Fact, b: Fact) -> Fact:
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a | b
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else None


def _holds(literal: Literal, facts: Facts) -> bool:
    match literal:
        case Taken(address=address, indices=indices):
            fact = facts.get(address)
            return isinstance(fact, frozenset) and fact <= indices
        case Exceeds(address=address, value=value):
            fact = facts.get(address)
            return isinstance(fact, int) and fact >= value
        case Written():
            return literal in facts
        case _:
            assert_never(literal)
