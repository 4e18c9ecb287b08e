"""How long ConfigSpace would take over the conditions of a table: measured in 1.2.2, see docs/decisions.

For each hyperparameter it lists the conditions to look at when that changes. It finds them by walking from
condition to condition, to all that depend on the one it stands on, directly or not, and never
remembers where it was: in a chain of n it comes to the last 2**(n - 2) times, and sorts the list each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from neps_cs.conditions import And, Condition, Or, literals, parents
from neps_cs.resolving.unroll import Entry

MOST_STEPS = 500_000
"""About a quarter of a second: 10 conditions in a chain, with two more hyperparameters under each."""

MOST_LITERALS = 5_000
"""Where conditions read conditional parents inside of And and Or, each needs the path of those."""


def deep(entries: Sequence[Entry]) -> Iterator[list[str]]:
    """The addresses of each connected part of a table over which ConfigSpace would take too long."""
    for part in _connected(entries):
        by_address = {e.address: e for e in part}
        if _steps(by_address) > MOST_STEPS or _literals(by_address) > MOST_LITERALS:
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


@dataclass
class _Group:
    """The children of one condition: ConfigSpace keeps them together."""

    read: set[str]
    above: int = 0
    below: int = 0
    visits: int = 0


def _steps(part: dict[str, Entry]) -> int:
    """How many entries the lists have that ConfigSpace sorts, all in all."""
    groups: dict[Condition, _Group] = {}
    numbers: dict[Condition, int] = {}
    ordered: list[_Group] = []
    for address in parents_first(part.values()):
        condition = part[address].condition
        if condition is None or condition in groups:
            continue
        group = groups[condition] = _Group(set(parents(condition)))
        for parent in list(group.read):
            above = part[parent].condition if parent in part else None
            if above is not None:
                group.above |= groups[above].above | 1 << numbers[above]
                if isinstance(condition, (And, Or)):  # the path of a parent is written beside it
                    group.read |= groups[above].read
        numbers[condition] = len(ordered)
        ordered.append(group)
    lists: dict[str, tuple[int, int]] = {}
    for group in ordered:
        inside = [ordered[i] for i in _bits(group.above)]
        group.visits = sum(g.visits for g in inside) or 1
        for over in inside:
            over.below += 1
    for group in ordered:
        for parent in group.read:
            visits, length = lists.get(parent, (0, 0))
            lists[parent] = visits + group.visits, length + group.visits * (1 + group.below)
    return sum(visits * length // 2 for visits, length in lists.values())


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _literals(part: dict[str, Entry]) -> int:
    """How many literals more the conditions have once those inside of And and Or have their paths beside."""
    paths: dict[str, int] = {}

    def size(condition: Condition | None, *, inside: bool) -> int:
        if condition is None:
            return 0
        if isinstance(condition, (And, Or)):
            return sum(size(p, inside=True) for p in condition.parts)
        return 1 + (paths.get(condition.parent, 0) if inside else 0)

    total = 0
    for address in parents_first(part.values()):
        condition = part[address].condition
        paths[address] = size(condition, inside=True)
        total += size(condition, inside=False) - (literals(condition) if condition is not None else 0)
    return total


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
