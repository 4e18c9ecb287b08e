"""Narrower domains: what a clause that reads one decision rules out is never drawn.

The narrowed graph has no clauses. What is left of a decision is drawn as if it had been drawn from all
of it, and again until no such clause held: choices keep their masses relative to each other, numbers
those of the runs of values that are left. So nothing is lost by never drawing the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from neps_cs.conditions import And, In, Or
from neps_cs.errors import Problem, SpaceError
from neps_cs.forbidden import Clause, Literal, Relation, clause_text, leaves, operands
from neps_cs.graph.records import ChoiceRecord, Edit, NumberRecord, ResampleRecord, Run, SpaceGraph
from neps_cs.graph.recursion import Recursion
from neps_cs.priors import Weights
from neps_cs.resolving.forbidding import Forbidding
from neps_cs.resolving.locate import definition_at
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    GroupSite,
    NumberSite,
    OperationSite,
    RepeatedSite,
    Site,
    is_large,
)
from neps_cs.scales import Scale

DecisionRecord: TypeAlias = NumberRecord | ChoiceRecord
_RULE = "forbidden clauses must leave a config"


class Narrowed(NamedTuple):
    """A graph without clauses, and whether all its configs are legal."""

    graph: SpaceGraph
    legal: bool


class _Left(NamedTuple):
    """The record that is left of a decision, and whether it holds what is legal only."""

    record: DecisionRecord
    exact: bool


def narrowed(forbidding: Forbidding) -> Narrowed:
    """The graph without clauses, and without what those that read one decision forbid.

    Raises SpaceError where nothing is left of a decision that every config has to make.
    """
    program, found, problems = forbidding.program, dict[str, list[Clause]](), list[Problem]()
    exact = True
    for bound in forbidding.clauses:
        for clause in _alternatives(bound.addressed):
            rest = _without_constants(clause, forbidding)
            if rest is None:
                continue
            reads = operands(rest) if not isinstance(rest, bool) else ()
            if not reads:
                problems.append(Problem(_RULE, f"always {clause_text(bound.clause)}", program.graph.name))
            elif len(reads) == 1:
                found.setdefault(reads[0], []).append(rest)  # type: ignore[arg-type]
            else:
                exact = False
    graph = replace(program.graph, forbidden=())
    for address, clauses in found.items():
        site = forbidding.sites[address]
        if isinstance(site, ConstantSite):  # its conditions decide
            exact = False
            continue
        left = _left(site, clauses, forbidding)
        exact = exact and left is not None and left.exact
        if left is not None:
            graph = _with(graph, program.recursion, site, left.record)
        elif any(s is site for s in _certain(forbidding)):
            got = " or ".join(clause_text(c) for c in clauses)
            problems.append(Problem(_RULE, f"{got} always", f"{program.graph.name}.{address}"))
    if problems:
        raise SpaceError(problems)
    return Narrowed(graph, exact)


def _alternatives(clause: Clause) -> Iterator[Clause]:
    """What forbids on its own: the parts of an Or."""
    if isinstance(clause, Or):
        for part in clause.parts:
            yield from _alternatives(part)
    else:
        yield clause


def _without_constants(clause: Clause, forbidding: Forbidding) -> Clause | bool | None:
    """The clause without what always holds: True where that is all of it, None where it never holds."""
    if isinstance(clause, And):
        kept = []
        for part in clause.parts:
            rest = _without_constants(part, forbidding)
            if rest is None:
                return None
            if not isinstance(rest, bool):
                kept.append(rest)
        return And(tuple(kept)) if len(kept) > 1 else kept[0] if kept else True
    sites = [forbidding.sites[a] for a in operands(clause)]
    if not all(isinstance(s, ConstantSite) for s in sites):
        return clause
    if not all(forbidding.always_active(s.address) for s in sites):
        return clause  # their conditions decide
    return True if forbidding.test(clause)({}) else None


def _left(site: DecisionSite, clauses: list[Clause], forbidding: Forbidding) -> _Left | None:
    """The record of a decision without what the clauses forbid; None where nothing is left."""
    tests = [forbidding.test(c) for c in clauses]

    def legal(value: object) -> bool:
        return not any(t({site.address: value}) for t in tests)  # type: ignore[dict-item]

    if isinstance(site, ChoiceSite):
        among = tuple(i for i in site.every if legal(site.values[i]))
        return _Left(_choice(site, among), True) if among else None
    record, named = site.record, [leaf for c in clauses for leaf in leaves(c)]
    drawn_bounds = record.lower_ref is not None or record.upper_ref is not None
    if drawn_bounds or any(isinstance(leaf, Relation) for leaf in named):
        return _Left(record, False)
    cuts = sorted({v for leaf in named for v in _compared(leaf) if v == v})
    scale = record.scale(record.lower, record.upper)
    runs = legal_runs(scale, cuts, legal)
    if not runs:
        return None
    record = _number(site, runs)
    inside = (low for low, _ in _classes(scale, cuts) if record.lower <= low <= record.upper)
    return _Left(record, all(map(legal, inside)))


def _choice(site: ChoiceSite, among: tuple[int, ...]) -> ChoiceRecord:
    record, prior = site.record, site.record.prior
    if among == site.every:
        return record
    if prior is not None:  # an index counts the open choices; these keep their masses
        prior = Weights(site.masses) if any(site.masses[i] for i in among) else None
    return replace(record, among=among, prior=prior, confidence=None, default=None)


def _number(site: NumberSite, runs: tuple[Run, ...]) -> NumberRecord:
    """Within narrower bounds where that changes no mass; else, or beside, in the runs of values alone."""
    record, (low, high) = site.record, (runs[0][0], runs[-1][1])
    if record.prior is None:
        record = replace(record, lower=low, upper=high, default=None)
    whole = len(runs) == 1 and (record.prior is None or (low, high) == site.allowed)
    # masses of so many values are no floats
    return record if whole or is_large(record, use_prior=False) else replace(record, legal=runs)


def _compared(leaf: Literal | Relation) -> list[float]:
    """The numbers that a literal on a number compares with."""
    if isinstance(leaf, Relation):
        return []
    values = leaf.values if isinstance(leaf, In) else (leaf.value,)
    return [v for v in values if isinstance(v, (int, float))]


def legal_runs(scale: Scale, cuts: list[float], legal: Callable[[float], bool]) -> tuple[Run, ...]:
    """The values of a scale that are legal, as runs from a value up to another, both included.

    `cuts` are where it may change, in order. Of real numbers no single one is ruled out between two runs:
    it has no mass.
    """
    runs: list[Run] = []
    joins = False
    for low, high in _classes(scale, cuts):
        if legal(low):
            if runs and joins:
                runs[-1] = (runs[-1][0], high)
            else:
                runs.append((low, high))
            joins = True
        else:
            joins = joins and low == high and not scale.discrete and low != scale.top
    return tuple(runs)


def _classes(scale: Scale, cuts: list[float]) -> Iterator[Run]:
    """The values below, at, between and above the cuts: the first and the last of each that there is."""
    if scale.discrete:
        start = 0
        for cut in cuts:
            for above in (False, True):
                end = _first(scale, cut, above=above)
                if end > start:
                    yield scale.grid(start), scale.grid(end - 1)
                    start = end
        if start < scale.points:
            yield scale.grid(start), scale.grid(scale.points - 1)
        return
    low = scale.lower
    for cut in cuts:
        if scale.lower <= cut <= scale.upper:
            if low < cut:
                yield low, math.nextafter(cut, -math.inf)
            yield float(cut), float(cut)
            low = math.nextafter(cut, math.inf)
    if low <= scale.upper:
        yield low, scale.upper


def _first(scale: Scale, cut: float, *, above: bool) -> int:
    """The index of the first value from a cut on, or above it."""
    low, high = 0, scale.points
    while low < high:
        middle = (low + high) // 2
        value = scale.grid(middle)
        before = value <= cut if above else value < cut
        low, high = (middle + 1, high) if before else (low, middle)
    return low


def _with(graph: SpaceGraph, recursion: Recursion, site: DecisionSite, record: DecisionRecord) -> SpaceGraph:
    """The graph with this record for a decision: in its definition where that decides nothing else."""
    if record is site.record:
        return graph
    ref = definition_at(graph, site.address)
    again = (r.source for r in graph.records if isinstance(r, ResampleRecord))
    if ref is not None and all(recursion.definition(source) != ref for source in again):
        records = (record if i == ref else r for i, r in enumerate(graph.records))
        return replace(graph, records=tuple(records))
    known = graph.edits.get(site.address, Edit())
    edit = replace(known, sets_prior=True, prior=record.prior, confidence=record.confidence)
    if isinstance(record, NumberRecord):
        edit = replace(edit, lower=record.lower, upper=record.upper, legal=record.legal)
    else:
        edit = replace(edit, among=record.among)
    return replace(graph, edits={**graph.edits, site.address: edit})


def _certain(forbidding: Forbidding) -> Iterator[Site]:
    """The sites that every config decides, as far as can be told without looking at conditions."""
    program = forbidding.program
    stack = [program.attribute(n) for n in forbidding.order if n not in program.graph.conditions]
    seen: set[int] = set()
    while stack:
        site = stack.pop()
        if id(site) in seen:
            continue
        seen.add(id(site))
        yield site
        match site:
            case GroupSite(items=items):
                stack += items
            case OperationSite(parts=parts):
                stack += parts
            case NumberSite(bounds=bounds):
                stack += [b for b in bounds if b is not None]
            case RepeatedSite(count=ConstantSite(value=count)):
                stack += [site.item(i) for i in range(min(int(count), 1000))]
            case RepeatedSite(count=NumberSite(record=record) as count):
                stack += [count, *(site.item(i) for i in range(min(int(record.lower), 1000)))]
            case RepeatedSite(count=ChoiceSite() as count):
                stack.append(count)
            case ChoiceSite(every=(only,)):
                stack.append(site.branch(only))
            case _:
                pass
