"""Recursion in a space: where it is, and how soon it ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    LazyRecord,
    NumberRecord,
    OperationRecord,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
    open_edges,
)

_TRIED = 8
"""How many definitions are tried as the only one to count."""

LAST_ROLE = 50
"""Providers of providers of … are told apart to this depth; further on none is known to end."""

IDENTITY = (NumberRecord, ChoiceRecord, OperationRecord, RepeatedRecord)


class Recursion:
    """What a graph's cycles mean for sampling.

    `heights[ref]`: the least number of nested fresh uses of a recursive definition below it,
    infinite where it can't end. `recursive`: the definitions that can contain a fresh use of
    themselves.
    """

    def __init__(self, graph: SpaceGraph) -> None:
        self._graph = graph
        self.below = [self._targets(ref) for ref in range(len(graph.records))]
        self.component = _components(self.below)
        sizes: dict[int, int] = {}
        for c in self.component:
            sizes[c] = sizes.get(c, 0) + 1
        self.recursive = frozenset(
            ref for ref, c in enumerate(self.component) if sizes[c] > 1 or ref in self.below[ref]
        )

    @cached_property
    def counted(self) -> frozenset[Ref]:
        """Definitions that every cycle passes through, as few as are found: their nested uses are counted."""
        members: dict[int, list[Ref]] = {}
        for ref in sorted(self.recursive):
            members.setdefault(self.component[ref], []).append(ref)
        return frozenset(ref for group in members.values() for ref in self._cutting(group))

    def _cutting(self, group: list[Ref]) -> list[Ref]:
        """Nodes of a component without which it has no cycle: one if there is such a one, else greedily."""
        nodes = [ref for ref in group if isinstance(self._graph.records[ref], IDENTITY)]
        users = dict.fromkeys(group, 0)
        for ref in group:
            for target in self.below[ref]:
                if target in users:
                    users[target] += 1
        first = self._entered(set(group))
        nodes.sort(key=lambda ref: (ref not in first, -users[ref]))
        for ref in nodes[:_TRIED]:
            if not self._has_cycle(group, {ref}):
                return [ref]
        cut: set[Ref] = set()
        for ref in nodes:
            if not self._has_cycle(group, cut):
                break
            cut.add(ref)
        return sorted(cut)

    def _entered(self, group: set[Ref]) -> set[Ref]:
        """The definitions of a component that are met first on the way into it. Where one of them lies on
        every cycle, no other is ever nested deeper."""
        roots = {root.ref for root in self._graph.roots}
        outside = (t for ref, below in enumerate(self.below) if ref not in group for t in below)
        stack = [ref for ref in {*outside, *roots} if ref in group]
        found, seen = set[Ref](), set[Ref]()
        while stack:
            ref = stack.pop()
            if ref in seen:
                continue
            seen.add(ref)
            if isinstance(self._graph.records[ref], IDENTITY):
                found.add(ref)
            else:
                stack += [t for t in self.below[ref] if t in group]
        return found

    def _has_cycle(self, group: list[Ref], without: set[Ref]) -> bool:
        inside = set(group) - without
        below = [tuple(t for t in self.below[ref] if t in inside) if ref in inside else ()
                 for ref in range(len(self.below))]  # fmt: skip
        component = _components(below)
        return any(r in below[r] for r in inside) or len({component[r] for r in inside}) < len(inside)

    def _targets(self, ref: Ref) -> tuple[Ref, ...]:
        record = self._graph.records[ref]
        match record:
            case ByNameRecord(name=name):
                return (self._graph.root_of[name],)
            case ResampleRecord():
                return (self.definition(ref),)
            case LazyRecord():
                return ()
            case ChoiceRecord(choices=int() as provider):
                return (provider, *self._lazily_given(provider))
            case _:
                return open_edges(record)

    def _lazily_given(self, provider: Ref) -> tuple[Ref, ...]:
        """The contents of the Lazy objects that a provider may give: from those is chosen."""
        found, seen, stack = list[Ref](), set[Ref](), [provider]
        while stack:
            ref = self.definition(stack.pop())
            if ref in seen:
                continue
            seen.add(ref)
            record = self._graph.records[ref]
            if isinstance(record, LazyRecord):
                found.append(record.content)
            if isinstance(record, (LazyRecord, ChoiceRecord, SequenceRecord)):
                stack.extend(open_edges(record))
        return tuple(found)

    def definition(self, ref: Ref) -> Ref:
        """What a chain of Resample and ByName finally refers to; `ref` itself for anything else."""
        records, seen = self._graph.records, set[Ref]()
        while ref not in seen:
            seen.add(ref)
            match records[ref]:
                case ByNameRecord(name=name):
                    ref = self._graph.root_of[name]
                case ResampleRecord(source=source):
                    ref = source
                case _:
                    return ref
        return ref

    def shares(self, ref: Ref, target: Ref) -> bool:
        """Whether the step leads to the one shared object, not to a fresh use of it."""
        records = self._graph.records
        if isinstance(records[ref], ResampleRecord):
            return False
        return isinstance(records[ref], ByNameRecord) or isinstance(records[target], IDENTITY)

    def same_cycle(self, ref: Ref, target: Ref) -> bool:
        """Whether the step is part of a cycle."""
        return self.component[ref] == self.component[target] and ref in self.recursive

    @cached_property
    def heights(self) -> list[float]:
        """See the class."""
        if not self.recursive:
            return [0] * len(self._graph.records)
        return [max(self._heights[ref, role] for role in roles) for ref, roles in enumerate(self._roles)]

    def branch_height(self, choice: Ref, branch: Ref) -> float:
        """How soon a branch of a choice ends, for every role in which the choice is used."""
        return max(self._heights[branch, r] for r in self._roles[choice]) if self.recursive else 0

    @cached_property
    def _roles(self) -> list[list[int]]:
        """In which roles each record is used: 0 as a value, 1 to give choices, 2 to give those who do, …

        What gives choices ends where one of the items it gives ends: only that one is resolved.
        """
        roles: list[list[int]] = [[] for _ in self._graph.records]
        visible = [root.ref for root in self._graph.roots if not root.intermediate]
        for k, start in enumerate([*visible, *range(len(roles))]):
            stack = [(start, 0)] if k < len(visible) or not roles[start] else []
            while stack:
                ref, role = stack.pop()
                if role not in roles[ref]:
                    roles[ref].append(role)
                    stack.extend(self._needed(ref, role))
        return roles

    def _needed(self, ref: Ref, role: int) -> list[tuple[Ref, int]]:
        """What is used where a record is used in a role, and in which roles."""
        record = self._graph.records[ref]
        match record:
            case ChoiceRecord(choices=int() as provider):
                return [(provider, role + 1)] if role < LAST_ROLE else []
            case ChoiceRecord() | ByNameRecord() | ResampleRecord():
                return [(target, role) for target in self.below[ref]]
            case LazyRecord(content=content):
                return [(content, role)] if role else []
            case SequenceRecord(items=items) if role:
                return [(item, role - 1) for item in items]
            case _:
                return [] if role else [(target, 0) for target in self.below[ref]]

    @cached_property
    def _heights(self) -> dict[tuple[Ref, int], float]:
        """Heights by record and role. A least fixed point: heights only fall, from infinity."""
        height = {(ref, role): math.inf for ref, roles in enumerate(self._roles) for role in roles}
        users: dict[tuple[Ref, int], list[tuple[Ref, int]]] = {use: [] for use in height}
        for use in height:
            for needed in self._read(*use):
                users[needed].append(use)
        work = sorted(height)
        while work:
            use = work.pop()
            new = self._height(*use, height)
            if new < height[use]:
                height[use] = new
                work.extend(users[use])
        return height

    def _read(self, ref: Ref, role: int) -> list[tuple[Ref, int]]:
        """The heights that one is made of: a choice takes the same branch in every role."""
        record = self._graph.records[ref]
        if isinstance(record, ChoiceRecord) and isinstance(record.choices, tuple):
            return [(choice, other) for choice in self.below[ref] for other in self._roles[ref]]
        return self._needed(ref, role)

    def _height(self, ref: Ref, role: int, height: dict[tuple[Ref, int], float]) -> float:
        record = self._graph.records[ref]
        below = [height[use] for use in self._needed(ref, role)]
        match record:
            case ResampleRecord():
                return below[0] + (self.below[ref][0] in self.recursive)
            case ChoiceRecord(choices=tuple()):
                roles = self._roles[ref]
                return min(max(height[choice, other] for other in roles) for choice in self.below[ref])
            case RepeatedRecord(count=count, content=content) if not role:
                return height[count if self.can_be_empty(ref) else content, 0]
            case SequenceRecord() if role:
                return min(below, default=math.inf)
            case ByNameRecord() | LazyRecord() | ChoiceRecord():
                return max(below, default=math.inf if role else 0)
            case _:
                return math.inf if role else max(below, default=0)

    def can_be_empty(self, ref: Ref) -> bool:
        """Whether a Repeated can end a recursion by a count of 0, drawn afresh for each use of it."""
        record = self._graph.records[ref]
        if not isinstance(record, RepeatedRecord):
            return False
        found = self._graph.records[self.definition(record.count)]
        match found:
            case ConstantRecord(value=0):
                return True
            case NumberRecord(lower=0, lower_ref=None):
                return isinstance(self._graph.records[record.count], ResampleRecord)
            case ChoiceRecord(choices=tuple()):
                counts = [self._graph.records[c] for c in open_edges(found)]
                ends = any(isinstance(c, ConstantRecord) and c.value == 0 for c in counts)
                return ends and isinstance(self._graph.records[record.count], ResampleRecord)
            case _:
                return False


def _components(below: list[tuple[Ref, ...]]) -> list[int]:
    """Strongly connected components (Tarjan 1972), with an explicit stack."""
    n = len(below)
    order, low, component = [-1] * n, [0] * n, [-1] * n
    path: list[Ref] = []
    clock = count = 0
    for start in range(n):
        if order[start] >= 0:
            continue
        order[start] = low[start] = clock
        clock += 1
        path.append(start)
        stack: list[tuple[Ref, Iterator[Ref]]] = [(start, iter(below[start]))]
        while stack:
            ref, rest = stack[-1]
            step = next(rest, None)
            if step is not None:
                if order[step] < 0:
                    order[step] = low[step] = clock
                    clock += 1
                    path.append(step)
                    stack.append((step, iter(below[step])))
                elif component[step] < 0:
                    low[ref] = min(low[ref], order[step])
                continue
            stack.pop()
            if stack:
                above = stack[-1][0]
                low[above] = min(low[above], low[ref])
            if low[ref] == order[ref]:
                while True:
                    member = path.pop()
                    component[member] = count
                    if member == ref:
                        break
                count += 1
    return component
