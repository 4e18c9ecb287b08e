"""The refusal of cycles: of shared objects that contain themselves, and of grammars that can't end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from neps_cs.errors import Problem, SpaceError
from neps_cs.graph.records import ByNameRecord, Ref, ResampleRecord, SpaceGraph, edges
from neps_cs.graph.recursion import Recursion


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
    return " → ".join([*names, *names[:1]])


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
    endless = [tuple(t for t in below if heights[t] == math.inf) for below in recursion.below]
    reported: set[int] = set()
    for ref in range(len(graph.records)):
        if heights[ref] < math.inf or ref not in recursion.recursive:
            continue
        start = ref if endless[ref] and _path(endless, ref, ref) else _dead_end(endless, ref)
        if recursion.component[start] in reported:
            continue
        reported.add(recursion.component[start])
        yield Problem(
            "a grammar must be able to end",
            f"the cycle {_names(graph, _path(endless, start, start) or [start])} with no way out",
            f"{graph.name}.{attribute_of(graph, start)}",
        )


def _dead_end(below: list[tuple[Ref, ...]], ref: Ref) -> Ref:
    """Where one comes round again, or no further, on the first way down from `ref`."""
    seen: set[Ref] = set()
    while ref not in seen and below[ref]:
        seen.add(ref)
        ref = below[ref][0]
    return ref


def _path(below: list[tuple[Ref, ...]], start: Ref, end: Ref) -> list[Ref]:
    """A shortest path of at least one step from start to end, none if there is none; for start == end a
    cycle, whose end is left out."""
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
    return []


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
