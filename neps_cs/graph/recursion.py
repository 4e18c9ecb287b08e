"""Recursion in a space: where it is, how soon it ends, and the refusal of what can't end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from neps_cs.errors import Problem, SpaceError
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
    edges,
    open_edges,
)

_TRIED = 8
"""How many definitions are tried as the only one to count."""

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
        nodes.sort(key=lambda ref: -users[ref])
        for ref in nodes[:_TRIED]:
            if not self._has_cycle(group, {ref}):
                return [ref]
        cut: set[Ref] = set()
        for ref in nodes:
            if not self._has_cycle(group, cut):
                break
            cut.add(ref)
        return sorted(cut)

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
        """See the class. A least fixed point: heights only fall, from infinity."""
        records = self._graph.records
        height = [math.inf] * len(records)
        users: list[list[Ref]] = [[] for _ in records]
        for ref, targets in enumerate(self.below):
            for target in targets:
                users[target].append(ref)
        work = list(range(len(records) - 1, -1, -1))
        while work:
            ref = work.pop()
            new = self._height(ref, height)
            if new < height[ref]:
                height[ref] = new
                work.extend(users[ref])
        return height

    def _height(self, ref: Ref, height: list[float]) -> float:
        record, targets = self._graph.records[ref], self.below[ref]
        match record:
            case ResampleRecord():
                return height[targets[0]] + (targets[0] in self.recursive)
            case ChoiceRecord(choices=tuple()):
                return min(height[t] for t in targets)
            case RepeatedRecord(count=count, content=content):
                return height[count] if self.can_be_empty(ref) else height[content]
            case _:
                return max((height[t] for t in targets), default=0)

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


def check_recursion(graph: SpaceGraph, recursion: Recursion) -> None:
    """Refuse cycles of shared references, and grammars that can't end. Names the cycle.

    Raises SpaceError.
    """
    problems = list(_shared_cycles(graph, recursion)) or list(_endless(graph, recursion))
    if problems:
        raise SpaceError(problems)


def _names(graph: SpaceGraph, path: list[Ref]) -> str:
    """A cycle by its attributes, anonymous nodes by their kind."""
    by_ref = graph.name_of
    names = [
        by_ref.get(ref) or type(graph.records[ref]).__name__.removesuffix("Record")
        for ref in path
        if not isinstance(graph.records[ref], (ResampleRecord, ByNameRecord)) or ref in by_ref
    ]
    return " → ".join([*names, names[0]])


def _shared_cycles(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    """Every step of a cycle must be fresh: a shared object can't contain itself.

    `x = Categorical((1, Operation(f, (ByName("x").resample(),))))` fails: the Operation is one
    object, and a fresh x would be made of it again.
    """
    seen: set[int] = set()
    for ref, targets in enumerate(recursion.below):
        for target in targets:
            cycle = recursion.component[ref]
            if cycle in seen or not recursion.same_cycle(ref, target) or not recursion.shares(ref, target):
                continue
            seen.add(cycle)
            yield Problem(
                "every step of a cycle must use .resample(), for a shared object can't contain itself",
                f"the cycle {_names(graph, _path(recursion.below, target, ref))}",
                f"{graph.name}.{attribute_of(graph, target)}",
            )


def _endless(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    heights = recursion.heights
    reported: set[int] = set()
    for ref in range(len(graph.records)):
        component = recursion.component[ref]
        if heights[ref] < math.inf or ref not in recursion.recursive or component in reported:
            continue
        reported.add(component)
        cycle = _path([tuple(t for t in b if heights[t] == math.inf) for b in recursion.below], ref, ref)
        yield Problem(
            "a grammar must be able to end",
            f"the cycle {_names(graph, cycle)} with no way out",
            f"{graph.name}.{attribute_of(graph, ref)}",
        )


def _path(below: list[tuple[Ref, ...]], start: Ref, end: Ref) -> list[Ref]:
    """A shortest path of at least one step's choice from start to end; for start == end a cycle."""
    came: dict[Ref, Ref] = {}
    layer = [start]
    while layer:
        following = []
        for ref in layer:
            for step in below[ref]:
                if step == end:
                    path = [ref]
                    while path[-1] != start:
                        path.append(came[path[-1]])
                    path.reverse()
                    return path if start == end else [*path, end]
                if step not in came and step != start:
                    came[step] = ref
                    following.append(step)
        layer = following
    return [start]


def attribute_of(graph: SpaceGraph, ref: Ref) -> str:
    """The first attribute from which `ref` is reached without a name."""
    for root in graph.roots:
        stack, seen = [root.ref], set[Ref]()
        while stack:
            at = stack.pop()
            if at == ref:
                return root.name
            if at not in seen:
                seen.add(at)
                stack.extend(edges(graph.records[at]))
    return "?"
