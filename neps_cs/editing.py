"""Editing a space at any address: other priors, narrower bounds, fewer choices.

The rule of what follows an edit:

| address | what is edited |
|---|---|
| an attribute that is a parameter | its definition: every use, fresh ones too |
| any other decision | that decision alone; a shared one is one decision, at its one address |

What stays keeps its name: labels and addresses never change. Choices leave a definition where all of
them are plain values, no condition reads it and no choice was edited by address; else they are closed
(`among`), and keep their indices. Edits compose: each holds what differs from the definition, and one
whose address no config can hold any more is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from typing_extensions import assert_never

from neps_cs.conditions import parents
from neps_cs.errors import Problem, SpaceError, meant
from neps_cs.forbidden import pruned
from neps_cs.graph.check import checked
from neps_cs.graph.edits import (
    PRIOR_RULE,
    choice_with_prior,
    difference,
    number_with_prior,
    with_bounds,
    with_open,
)
from neps_cs.graph.labels import choice_labels, choice_values
from neps_cs.graph.lower import lift, lower
from neps_cs.graph.records import (
    ChoiceRecord,
    ConstantRecord,
    Edit,
    NumberRecord,
    Ref,
    SpaceGraph,
)
from neps_cs.parameters import Prior
from neps_cs.priors import Confidence, Weights
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.locate import (
    Locator,
    check_bounds_drawn,
    definition_at,
    edited,
    given_sites,
    limits,
)
from neps_cs.resolving.program import Program
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import Branches, ChoiceSite, DecisionSite, NumberSite, ProvidedSite
from neps_cs.sampling.replay import Replay
from neps_cs.values import Plain, is_plain, is_row, plain_key, shown, unwrapped

_SHOWN = 5


class _Target(NamedTuple):
    """What is edited, as it is now: a site, the record, and the reference of the definition where that
    is what is edited."""

    site: NumberSite | ChoiceSite | ProvidedSite
    record: NumberRecord | ChoiceRecord
    ref: Ref | None


def with_prior(
    resolver: Resolver, address: str, prior: Prior | None, confidence: Confidence | None
) -> SpaceGraph:
    """See `PipelineSpace.with_prior`."""
    target = _target(resolver, address)
    new: NumberRecord | ChoiceRecord
    with _placed(resolver.graph, address):
        match target.record:
            case NumberRecord():
                new = number_with_prior(target.record, prior, confidence)
            case ChoiceRecord(ordered=True):
                raise SpaceError(Problem(PRIOR_RULE, "an Ordinal"))
            case ChoiceRecord():
                new = choice_with_prior(target.record, prior, confidence, _size(target))
            case _:
                assert_never(target.record)
    return _put(resolver, address, target, new)


def restrict(
    resolver: Resolver,
    address: str,
    lower: float | None,
    upper: float | None,
    choices: Sequence[Plain] | None,
) -> SpaceGraph:
    """See `PipelineSpace.restrict`."""
    target = _known_bounds(resolver, _target(resolver, address))
    bounds, given = lower is not None or upper is not None, choices is not None
    new: NumberRecord | ChoiceRecord
    with _placed(resolver.graph, address):
        match target.record:
            case NumberRecord():
                if given or not bounds:
                    got = f"choices={choices!r}" if given else "neither"
                    raise SpaceError(Problem("a number is restricted by lower or upper", got))
                new = with_bounds(target.record, lower, upper)
            case ChoiceRecord():
                if choices is None or bounds:
                    got = f"lower={lower!r}, upper={upper!r}" if bounds else "none"
                    raise SpaceError(Problem("a choice is restricted by choices", got))
                new = _left(resolver, target, _indices(_branches(target), choices))
            case _:
                assert_never(target.record)
    return _put(resolver, address, target, new)


def fix(resolver: Resolver, address: str, value: Plain) -> SpaceGraph:
    """See `PipelineSpace.fix`."""
    target = _known_bounds(resolver, _target(resolver, address))
    plain = unwrapped(value)
    bare = target._replace(record=replace(target.record, prior=None, confidence=None))
    new: NumberRecord | ChoiceRecord
    with _placed(resolver.graph, address):
        match bare.record:
            case NumberRecord(lower_ref=None, upper_ref=None) as record:
                number = _decided(target.site, plain)
                new = with_bounds(record, number, number)
            case NumberRecord():
                rule = (
                    "a number can be fixed where its bounds are numbers, or visible attributes fixed before"
                    if target.ref is not None
                    else "a decision with a bound that is a parameter is fixed in its definition"
                )
                raise SpaceError(Problem(rule, shown(value)))
            case ChoiceRecord():
                _branches(target)  # refuses choices that are given
                new = _left(resolver, bare, (int(_decided(target.site, plain)),))
            case _:
                assert_never(bare.record)
    return _put(resolver, address, target, new)


@contextmanager
def _placed(graph: SpaceGraph, address: str) -> Iterator[None]:
    """Puts the place into errors that know none, or only where the user's code stands."""
    try:
        yield
    except SpaceError as e:
        place = f"{graph.name}.{address}"
        raise SpaceError(Problem(p.rule, p.got, place) for p in e.problems) from None


def _target(resolver: Resolver, address: str) -> _Target:
    graph = resolver.graph
    ref = definition_at(graph, address) if isinstance(address, str) else None
    if ref is None:
        site = Locator(resolver.program, resolver.order).decision(address)
        return _Target(site, site.record, None)
    record = graph.records[ref]
    shared = resolver.program.shared(ref)
    assert isinstance(record, (NumberRecord, ChoiceRecord)), "that is what a definition is"
    assert isinstance(shared, (NumberSite, ChoiceSite, ProvidedSite)), "a parameter's site"
    return _Target(shared, record, ref)


def _known_bounds(resolver: Resolver, target: _Target) -> _Target:
    """The target with numbers in place of those bounds that are attributes of one value: every config
    holds these, whoever refers to them. Only in a definition, which is where bounds stand."""
    record, site = target.record, target.site
    if target.ref is None or not isinstance(record, NumberRecord) or not isinstance(site, NumberSite):
        return target
    held = {id(resolver.program.attribute(name)) for name in resolver.order}
    for name, bound in zip(("lower", "upper"), site.bounds, strict=True):
        if bound is not None and id(bound) in held and len({*limits(bound)}) == 1:
            fields: dict[str, Any] = {name: limits(bound)[0], f"{name}_ref": None}
            record = replace(record, **fields)
    return target._replace(record=record)


def _branches(target: _Target) -> Branches:
    match target.site:
        case ChoiceSite(branches=branches):
            return branches
        case ProvidedSite(provider=provider) as site:
            own = list(dict.fromkeys(repr(s.address) for s in given_sites(site)))
            known = ", ".join([*own[:_SHOWN], *(["…"] if len(own) > _SHOWN else [])])
            rule = f"choices that another parameter gives are restricted at an address of their own ({known})"
            raise SpaceError(Problem(rule, f"choices given at {provider.address!r}"))
        case NumberSite():
            raise AssertionError("a number has no choices")
        case _:
            assert_never(target.site)


def _size(target: _Target) -> int | None:
    """How many choices an index counts; None where a provider gives them."""
    match target.site:
        case ChoiceSite(values=values):
            return len(values)
        case ProvidedSite() | NumberSite():
            return None
        case _:
            assert_never(target.site)


def _decided(site: NumberSite | ChoiceSite | ProvidedSite, value: Plain) -> float:
    """What a config with this value decides at the site. Raises SpaceError where it does not fit."""
    assert not isinstance(site, ProvidedSite), "it has no choices of its own"
    decide = Replay({site.address: value})
    found = decide(site, site.allowed if isinstance(site, NumberSite) else site.every)
    if decide.problems:
        raise SpaceError(decide.problems)
    return found


def _indices(branches: Branches, choices: object) -> tuple[int, ...]:
    """The indices of choices that are given by what a config calls them, in the order of the space."""
    if not is_row(choices):
        raise SpaceError(Problem("choices must be a tuple or a list", f"choices={choices!r}"))
    if len(choices) == 0:
        raise SpaceError(Problem("choices must not be empty", f"choices={choices!r}"))
    found, known = dict[int, int](), [branches.values[i] for i in branches.every]
    for at, choice in enumerate(choices):
        plain = unwrapped(choice)
        index = index_of(branches, plain)
        if index is None and isinstance(plain, str) and plain in branches.labels:
            index = branches.labels.index(plain)
        if index is None or index not in branches.every:
            hint = meant(str(plain), map(str, known))
            raise SpaceError(Problem(f"choices must be among {known}", f"{choice!r}{hint}"))
        first = found.setdefault(index, at)
        if first != at:
            raise SpaceError(Problem("choices must be distinct", f"{choice!r} at {first} and {at}"))
    return tuple(i for i in branches.every if i in found)


def _left(resolver: Resolver, target: _Target, among: tuple[int, ...]) -> ChoiceRecord:
    """The record with these branches open; in a definition without the others, where that changes no
    name and nobody counts on them."""
    graph, record = resolver.graph, target.record
    assert isinstance(record, ChoiceRecord), "branches are those of a choice"
    closed = with_open(record, among, len(_branches(target).values))
    if target.ref is None or record.among is not None or isinstance(record.choices, int):
        return closed
    if any(e.among is not None or e.sets_prior for e in graph.edits.values()):
        return closed
    read = {graph.root_of[p] for c in graph.conditions.values() for p in parents(c)}
    if target.ref in {resolver.recursion.definition(r) for r in read}:
        return closed
    if record.choices in _choices_forbidden(resolver):
        return closed
    kept = tuple(record.choices[i] for i in among)
    if not _keeps_names(graph, record.choices, among, kept):
        return closed
    prior, default = closed.prior, closed.default
    if isinstance(prior, Weights):
        prior = Weights(tuple(prior.values[i] for i in among))
    elif prior is not None:
        prior = among.index(prior)
    default = None if default is None else among.index(default)
    return replace(closed, choices=kept, prior=prior, default=default, among=None)


def _choices_forbidden(resolver: Resolver) -> set[tuple[Ref, ...]]:
    """The choices of the decisions that forbidden clauses read."""
    sites = () if resolver.forbidding is None else resolver.forbidding.sites.values()
    return {site.branches.refs for site in sites if isinstance(site, ChoiceSite)}


def _keeps_names(
    graph: SpaceGraph, choices: tuple[Ref, ...], among: tuple[int, ...], kept: tuple[Ref, ...]
) -> bool:
    records = [graph.records[c] for c in choices]
    if not all(isinstance(r, ConstantRecord) and is_plain(r.value) for r in records):
        return False
    labels, values = choice_labels(graph, choices), choice_values(graph, choices)
    return choice_labels(graph, kept) == tuple(labels[i] for i in among) and (
        [plain_key(v) for v in choice_values(graph, kept)] == [plain_key(values[i]) for i in among]
    )


def _put(resolver: Resolver, address: str, target: _Target, new: NumberRecord | ChoiceRecord) -> SpaceGraph:
    """The graph with the new record, in the definition or at the address alone."""
    graph = resolver.graph
    if target.ref is not None:
        records = (new if ref == target.ref else r for ref, r in enumerate(graph.records))
        changed = replace(graph, records=tuple(records))
        hidden = frozenset(r.name for r in graph.roots if r.intermediate)
        # made anew: what the definition is a bound or a count of depends on it
        made = lower(lift(changed), intermediate=hidden, conditions=graph.conditions,
                     name=graph.name, edits=graph.edits, native=graph.native,
                     forbidden=graph.forbidden)  # fmt: skip
        with _explained(address, recursive=target.ref in resolver.recursion.recursive):
            checked(made)
        return _settled(made)
    plain = Program(replace(graph, edits={}), resolver.recursion)
    edit = difference(Locator(plain, resolver.order).decision(address).record, new)
    edits = {a: e for a, e in graph.edits.items() if a != address}
    return _settled(replace(graph, edits=edits if edit is None else edits | {address: edit}))


@contextmanager
def _explained(address: str, *, recursive: bool) -> Iterator[None]:
    """Says why a recursive definition can't be edited like one decision, and what to do instead."""
    try:
        yield
    except SpaceError as e:
        if not recursive:
            raise
        why = (
            f" ({address!r} is the definition, every use of it: to edit one use, make it an attribute, "
            f"root = ByName({address!r}).resample(), and edit that)"
        )
        raise SpaceError(Problem(p.rule, p.got + why, p.place) for p in e.problems) from None


def _settled(graph: SpaceGraph) -> SpaceGraph:
    """The graph with each edit as narrow as its definition, and without those and the clauses that nothing
    reaches."""
    if not graph.edits:
        return _possible(graph) if graph.forbidden else graph
    plain = Resolver(replace(graph, edits={}, forbidden=()))
    locator = Locator(plain.program, plain.order)
    edits: dict[str, Edit] = {}
    for address, edit in graph.edits.items():
        if locator.holds(address):
            site = locator.decision(address)
            with _placed(graph, address):
                found = _still(site, edit)
            if found is not None:
                edits[address] = found
    full = Locator(Program(replace(graph, edits=edits), plain.recursion), plain.order)
    reached = {a: e for a, e in edits.items() if full.holds(a)}
    for address in reached:
        with _placed(graph, address):
            check_bounds_drawn(full.decision(address))
    return _possible(replace(graph, edits=reached))


def _possible(graph: SpaceGraph) -> SpaceGraph:
    """The graph without clauses on what no config can decide any more: they forbid nothing."""
    bare = Resolver(replace(graph, forbidden=()))
    locator = Locator(bare.program, bare.order)

    def possible(operand: str) -> bool:
        return operand in graph.root_of or locator.holds(operand)

    left = (pruned(clause, possible) for clause in graph.forbidden)
    return replace(graph, forbidden=tuple(c for c in left if c is not None))


def _still(site: DecisionSite, edit: Edit) -> Edit | None:
    """What an edit still says of a definition that may have changed since. A new prior of the
    definition does not come to a use where it is not left."""
    try:
        return difference(site.record, edited(site, edit))
    except SpaceError:
        if edit.sets_prior or site.record.prior is None:
            raise
        return difference(site.record, edited(site, replace(edit, sets_prior=True)))
