"""What must hold for a whole graph, beyond what each value checks itself: run once, when a space is made."""

from __future__ import annotations

from collections.abc import Iterator

from neps_cs.conditions import LITERALS, And, NotEquals, Or, parents
from neps_cs.errors import Problem, SpaceError, meant
from neps_cs.forbidden import check_clause, leaves
from neps_cs.graph.cycles import attribute_of, check_recursion
from neps_cs.graph.given import described, given_choices, kwargs_problems
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    NumberRecord,
    Ref,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
    edges,
)
from neps_cs.graph.recursion import Recursion
from neps_cs.priors import Weights
from neps_cs.values import PlainKey, is_plain, plain_key


def checked(graph: SpaceGraph) -> Recursion:
    """The recursion of a graph that keeps every rule. Raises SpaceError with the problems."""
    if not any(not root.intermediate for root in graph.roots):
        rule = "a space must have an attribute that evaluate_pipeline receives (without underscore)"
        names = ", ".join(r.name for r in graph.roots) or "no attributes in the class body"
        raise SpaceError(Problem(rule, names, graph.name))
    recursion = Recursion(graph)
    providers = list(_providers(graph, recursion))
    if not providers:
        check_recursion(graph, recursion)
    problems = [
        *_fidelities(graph, recursion),
        *providers,
        *kwargs_problems(graph, recursion),
        *_names(graph),
        *_conditions(graph, recursion),
        *_forbidden(graph),
    ]
    if problems:
        raise SpaceError(problems)
    return recursion


def _fidelities(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    for ref, record in enumerate(graph.records):
        found = graph.records[recursion.definition(ref)]
        if isinstance(record, ResampleRecord) and isinstance(found, FidelityRecord):
            place = f"{graph.name}.{attribute_of(graph, ref)}"
            yield Problem("a fidelity can't be resampled", found.form, place)


def _providers(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    for ref, record in enumerate(graph.records):
        if not isinstance(record, ChoiceRecord) or not isinstance(record.choices, int):
            continue
        place = f"{graph.name}.{attribute_of(graph, ref)}"
        for given in given_choices(graph, recursion, record.choices):
            found = graph.records[given]
            if not isinstance(found, SequenceRecord) or not found.items:
                rule = "what gives the choices must be tuples, or Categoricals of tuples, none empty"
                yield Problem(rule, described(graph, given), place)
                continue
            yield from _equal_choices(graph, found.items, place)
            size = len(found.items)
            if isinstance(record.prior, Weights) and len(record.prior.values) != size:
                got = f"{len(record.prior.values)} weights, len(choices)={size}"
                yield Problem("every choice that may be given must have one weight", got, place)
            last = None if record.among is None else record.among[-1]
            for name, index in (("prior", record.prior), ("default", record.default), ("among", last)):
                if isinstance(index, int) and index >= size:
                    rule = f"0 <= {name} < len(choices) must hold for all choices that may be given"
                    yield Problem(rule, f"{name}={index}, len(choices)={size}", place)


def _equal_choices(graph: SpaceGraph, items: tuple[Ref, ...], place: str) -> Iterator[Problem]:
    seen: dict[PlainKey, int] = {}
    for i, ref in enumerate(items):
        record = graph.records[ref]
        if isinstance(record, ConstantRecord) and is_plain(record.value):
            first = seen.setdefault(plain_key(record.value), i)
            if first != i:
                yield Problem("choices must be distinct", f"{record.value!r} at {first} and {i}", place)


def _names(graph: SpaceGraph) -> Iterator[Problem]:
    """Foreign names may hold colons, which separate the segments of an address."""
    for root in graph.roots:
        parts = root.name.split(":")
        for end in range(1, len(parts)):
            above = graph.root_of.get(":".join(parts[:end]))
            if above is not None and edges(graph.records[above]) and _has_structure(graph, above):
                rule = "a name with a colon must not look like an address inside another attribute"
                yield Problem(rule, repr(root.name), graph.name)


def _has_structure(graph: SpaceGraph, ref: Ref) -> bool:
    """Whether something may be decided below it."""
    record = graph.records[ref]
    return not isinstance(record, LazyRecord) and not (
        isinstance(record, ChoiceRecord)
        and all(isinstance(graph.records[r], (ConstantRecord, LazyRecord)) for r in edges(record))
    )


def _conditions(graph: SpaceGraph, recursion: Recursion) -> Iterator[Problem]:
    used = {t for r in graph.records for t in edges(r)}
    named = {r.name for r in graph.records if isinstance(r, ByNameRecord)}
    strange = [p for child, condition in graph.conditions.items() for p in _strange(condition, child, graph)]
    if strange:
        yield from strange
        return
    for child, condition in graph.conditions.items():
        place = f"{graph.name}.{child}"
        if child not in graph.root_of:
            yield Problem("a condition must be on an attribute of the space", repr(child), graph.name)
            continue
        if isinstance(graph.records[graph.root_of[child]], FidelityRecord):
            yield Problem("a fidelity can't have a condition", repr(child), place)
        if graph.root_of[child] in used or child in named:
            rule = "an attribute with a condition must not be used by other attributes"
            yield Problem(rule, f"{child!r} is", place)
        for parent in parents(condition):
            ref = graph.root_of.get(parent)
            kind = None if ref is None else graph.records[recursion.definition(ref)]
            if not isinstance(kind, (NumberRecord, ChoiceRecord, ConstantRecord)):
                rule = "the parent of a condition must be an attribute that is a parameter or a constant"
                yield Problem(rule, f"parent={parent!r}{meant(parent, graph.root_of)}", place)
    yield from _circles(graph)


def _strange(condition: object, child: str, graph: SpaceGraph) -> Iterator[Problem]:
    """What is no condition, or what only forbidden clauses can say."""
    known = ", ".join(c.__name__ for c in (*LITERALS, And, Or))
    rule, place = f"a condition must be made of {known}", f"{graph.name}.{child}"
    try:
        check_clause(condition, place)
    except SpaceError as e:
        yield from (Problem(rule, p.got, p.place) for p in e.problems)
        return
    for leaf in leaves(condition):  # type: ignore[arg-type]
        if not isinstance(leaf, LITERALS):
            yield Problem(rule, repr(leaf), place)


def _forbidden(graph: SpaceGraph) -> Iterator[Problem]:
    for i, clause in enumerate(graph.forbidden):
        try:
            check_clause(clause, place := f"{graph.name}.forbidden[{i}]")
        except SpaceError as e:
            yield from e.problems
            continue
        for leaf in leaves(clause):
            if isinstance(leaf, NotEquals) and leaf.or_inactive:
                rule = "a forbidden clause says nothing of what is inactive: NotEquals without or_inactive"
                yield Problem(rule, repr(leaf), place)


def _circles(graph: SpaceGraph) -> Iterator[Problem]:
    done: set[str] = set()
    for start in graph.conditions:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leave = stack.pop()
            if leave:
                path.pop()
                done.add(name)
            elif name in path:
                circle = " → ".join([*path[path.index(name) :], name])
                yield Problem("conditions must not form a circle", circle, graph.name)
                return
            elif name not in done and name in graph.conditions:
                path.append(name)
                stack.append((name, True))
                stack.extend((p, False) for p in parents(graph.conditions[name]))
