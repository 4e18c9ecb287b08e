"""Deep conditions as stars: every condition reads hyperparameters that are always active.

ConfigSpace's time is exponential in the depth of a chain of conditions, but not in their length. So where
chains are deep, the decisions that others depend on become free, that is unconditional, and each condition
carries the path that it takes for granted: x | p == a, with p | q == b, becomes x | p == a and q == b.

A path that is shared by many places, or very long, is cut short: the nearest of its literals stay. A
condition holds then in more cases than it should, never in fewer. Free decisions and those below short
paths are `loose`: a ConfigurationSpace may hold them active where they are dead. Whoever reads a
configuration leaves out what is dead, by the conditions of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from neps_cs.conditions import And, Condition, NotEquals, Or, literals, parents, unique_conditions
from neps_cs.resolving.chains import deep, parents_first
from neps_cs.resolving.unroll import Entry

LONGEST = 100
"""So many literals a path may have at most."""

SHORTEST = 8
MOST_WORK = 25_000_000
"""About 2.5 seconds: see `_Paths.work`."""


@dataclass(frozen=True, eq=False)
class Star:
    """A table in which deep chains are stars.

    `given` are the entries of the table, and `entries` the same in the same order with the conditions for
    ConfigSpace. `paths` says of each free decision when it is alive. `loose` names the decisions that may
    be active where they are dead, `short` those of them of which `paths` and conditions say too little.
    `starred` names all whose conditions may be others than in the table.
    """

    given: tuple[Entry, ...]
    entries: tuple[Entry, ...]
    paths: Mapping[str, Condition] = field(default_factory=dict)
    loose: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()
    starred: frozenset[str] = frozenset()


def star(entries: tuple[Entry, ...], given: frozenset[str] = frozenset()) -> Star:
    """The table with stars where ConfigSpace would take too long over chains, else as it is.

    `given` names entries whose conditions came from ConfigSpace: where all are such, they stay.
    """
    by_address = {e.address: e for e in entries}
    starred = frozenset(a for chain in deep(entries) if not _given(chain, by_address, given) for a in chain)
    if not starred:
        return Star(entries, entries)
    order = [by_address[a] for a in parents_first(entries) if a in starred]
    longest = LONGEST
    paths = _Paths(order, longest)
    while paths.work() > MOST_WORK and longest > SHORTEST:
        longest //= 2
        paths = _Paths(order, longest)
    free = {
        p for e in order if e.condition is not None for p in parents(e.condition) if paths.of[p] is not None
    }
    rewritten = tuple(
        replace(e, condition=None if e.address in free else paths.of[e.address])
        if e.address in starred
        else e
        for e in entries
    )
    alive = {a: c for a in paths.of if a in free and (c := paths.of[a]) is not None}
    loose = frozenset(a for a in starred if a in free or a in paths.short)
    return Star(entries, rewritten, alive, loose, frozenset(paths.short), starred)


def _given(chain: Iterable[str], by_address: Mapping[str, Entry], given: frozenset[str]) -> bool:
    return all(by_address[a].condition is None or a in given for a in chain)


class _Paths:
    """`of` each address the condition with its whole path, or what is left of it within `longest` literals;
    None where it always holds. `short` names those that say less than they should."""

    def __init__(self, order: Sequence[Entry], longest: int) -> None:
        self.of: dict[str, Condition | None] = {}
        self.short: set[str] = set()
        for entry in order:
            given = entry.condition
            if given is None:
                self.of[entry.address] = None
                continue
            self._cut = any(p in self.short for p in parents(given))
            whole = self._with_path(given)
            self.of[entry.address] = self._fit(whole, max(longest, literals(given)))
            if self._cut:
                self.short.add(entry.address)

    def work(self) -> int:
        """What ConfigSpace does: for each parent it sorts its children again with every literal that it
        adds, and the different conditions on it with every other, looking at all of their literals."""
        children: dict[str, int] = {}
        conditions: dict[str, list[int]] = {}
        for condition in self.of.values():
            for parent in parents(condition) if condition is not None else ():
                children[parent] = children.get(parent, 0) + 1
        for condition in {repr(c): c for c in self.of.values() if c is not None}.values():
            size = literals(condition)
            for parent in parents(condition):
                conditions.setdefault(parent, []).append(size)
        sorting = sum(n * n for n in children.values())
        return 5 * sorting + sum(len(s) * sum(s) for s in conditions.values())

    def _with_path(self, condition: Condition) -> Condition | None:
        match condition:
            case And(parts=parts):
                return _all([self._with_path(p) for p in parts])
            case Or(parts=parts):
                return _any([self._with_path(p) for p in parts])
            case _:
                above, either = self.of[condition.parent], _or_inactive(condition)
                if either and (above is not None or condition.parent in self.short):
                    self._cut = True  # a parent that is dead has any value
                    return None
                return _all([condition, above])

    def _fit(self, condition: Condition | None, room: int) -> Condition | None:
        """The condition with at most `room` literals: a conjunction loses its last parts, the farthest."""
        if condition is None or literals(condition) <= room:
            return condition
        self._cut = True
        if isinstance(condition, Or):
            share = room // len(condition.parts)
            return _any([self._fit(p, share) for p in condition.parts]) if share else None
        kept: list[Condition | None] = []
        for part in condition.parts if isinstance(condition, And) else ():
            fitting = self._fit(part, room)
            if fitting is not None:
                room -= literals(fitting)
                kept.append(fitting)
            if not room:
                break
        return _all(kept)


def _or_inactive(condition: Condition) -> bool:
    return isinstance(condition, NotEquals) and condition.or_inactive


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, And) else (condition,)


def _all(parts: Sequence[Condition | None]) -> Condition | None:
    """That all hold, each once: first the first one of each part, which is the nearest, then the others."""
    split = [_conjuncts(p) for p in parts if p is not None]
    kept = unique_conditions([s[0] for s in split] + [c for s in split for c in s[1:]])
    return (kept[0] if len(kept) == 1 else And(kept)) if kept else None


def _any(parts: Sequence[Condition | None]) -> Condition | None:
    """That one holds, with what all of them need written once: so paths that part and meet stay short."""
    some = [p for p in parts if p is not None]
    if len(some) < len(parts):
        return None
    split = [{repr(c): c for c in _conjuncts(p)} for p in unique_conditions(some)]
    common = set(split[0]).intersection(*split[1:])
    shared = [c for key, c in split[0].items() if key in common]
    rests = [tuple(c for key, c in s.items() if key not in common) for s in split]
    if not all(rests):  # one part needs no more than all need
        return _all(shared)
    return _all([Or(tuple(r[0] if len(r) == 1 else And(r) for r in rests)), *shared])
