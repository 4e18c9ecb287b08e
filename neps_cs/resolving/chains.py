"""How long ConfigSpace would take over the conditions of a table: measured in 1.2.2, see docs/decisions.

For each hyperparameter it lists the conditions to look at when that changes. It finds them by walking from
condition to condition, to all that depend on the one it stands on, directly or not, and never
remembers where it was: in a chain of n it comes to the last 2**(n - 2) times, and sorts the list each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, or_

from neps_cs.conditions import And, Condition, NotEquals, Or, literals, parents
from neps_cs.resolving.unroll import Entry

MOST_STEPS = 500_000
"""About half a second: a chain of 11 conditions, or one of 9 with two more hyperparameters under each."""

MOST_LITERALS = 5_000
"""Where conditions read conditional parents inside of And and Or, each needs the path of those."""


def deep(entries: Sequence[Entry]) -> Iterator[list[str]]:
    """The addresses of each connected part of a table over which ConfigSpace would take too long."""
    for part in _connected(entries):
        by_address = {e.address: e for e in part}
        written = list(_written(by_address))
        added = sum(read.total() - literals(c) for c, read in written)
        if added > MOST_LITERALS or _steps(by_address, written) > MOST_STEPS:
            yield list(by_address)


def _connected(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The parts of a table that no condition joins, but for entries that have nothing to do with any."""
    joined: dict[str, str] = {e.address: e.address for e in entries}

    def top(address: str) -> str:
        while joined[address] != address:
            joined[address] = address = joined[joined[address]]
        return address

    for entry in entries:
        for parent in _reads(entry):
            if parent in joined:
                joined[top(entry.address)] = top(parent)
    parts: dict[str, list[Entry]] = {}
    for entry in entries:
        parts.setdefault(top(entry.address), []).append(entry)
    return (part for part in parts.values() if len(part) > 2)


def _reads(entry: Entry) -> tuple[str, ...]:
    return () if entry.condition is None else parents(entry.condition)


def _written(part: Mapping[str, Entry]) -> Iterator[tuple[Condition, Counter[str]]]:
    """Each different condition, those that it depends on first, and how often it names each parent once the
    paths of conditional parents stand beside the literals inside of And and Or, as ConfigSpace needs it."""
    paths: dict[str, Counter[str]] = {}

    def reads(condition: Condition, *, inside: bool) -> Counter[str]:
        match condition:
            case And(parts=parts):  # what several of them take for granted is written once
                return reduce(or_, [reads(p, inside=True) for p in parts])
            case Or(parts=parts):
                return reduce(add, [reads(p, inside=True) for p in parts])
            case _:
                above = paths.get(condition.parent) if inside or isinstance(condition, NotEquals) else None
                return Counter([condition.parent]) + (above or Counter())

    done: set[Condition] = set()
    for address in parents_first(part.values()):
        condition = part[address].condition
        if condition is not None:
            paths[address] = reads(condition, inside=True)
            if condition not in done:
                done.add(condition)
                yield condition, reads(condition, inside=False)


@dataclass
class _Group:
    """The children of one condition, which ConfigSpace keeps together: those that it depends on, as bits, how
    often ConfigSpace comes to it, what one comparison in sorting takes, and for it and all below it."""

    read: Counter[str]
    above: int
    visits: int
    weight: int
    below: int


def _steps(part: Mapping[str, Entry], written: Sequence[tuple[Condition, Counter[str]]]) -> int:
    """How many keys ConfigSpace computes to sort its lists, all in all; large conditions count more."""
    groups: list[_Group] = []
    numbers: dict[Condition, int] = {}
    for condition, read in written:
        above = 0
        for parent in parents(condition):
            over = part[parent].condition if parent in part else None
            if over is not None:
                above |= groups[numbers[over]].above | 1 << numbers[over]
        inside = [groups[i] for i in _bits(above)]
        weight = 1 + read.total() // 8
        for group in inside:
            group.below += weight
        numbers[condition] = len(groups)
        groups.append(_Group(read, above, sum(g.visits for g in inside) or 1, weight, weight))
    sorts, keys = Counter[str](), Counter[str]()
    for group in groups:
        for parent, times in group.read.items():
            sorts[parent] += group.visits * times
            keys[parent] += group.visits * times * group.below
    return sum(n * keys[parent] // 2 for parent, n in sorts.items())


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def parents_first(entries: Iterable[Entry]) -> Iterator[str]:
    """The addresses of a table, each after those that its condition reads."""
    reads = {e.address: _reads(e) for e in entries}
    done: set[str] = set()
    for start in reads:
        stack = [start]
        while stack:
            address = stack[-1]
            rest = [] if address in done else [p for p in reads[address] if p not in done and p in reads]
            if rest:
                stack += rest
                continue
            stack.pop()
            if address not in done:
                done.add(address)
                yield address
