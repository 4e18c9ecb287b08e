"""What NePS can't express of a space, found before anything is made.

| of a space | NePS | the nearest |
|---|---|---|
| conditions | none | decided always; what is inactive is dropped before evaluate_pipeline |
| forbidden clauses, edits at single addresses, closed choices | none | left out; open choices alone |
| Normal, Beta, Weights that equal no point with a confidence | those only | the nearest of those |
| a step | none | a choice among the values, up to 1000 |
| a provider of choices by its name, a fresh use of an alias | can't be resolved | the object itself |
| a fidelity used in a structure, keys that NePS can't tell apart | refused | none |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from neps_cs.conditions import Condition, parents
from neps_cs.forbidden import clause_text
from neps_cs.graph.lower import children_first
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    Record,
    Ref,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
    edges,
)
from neps_cs.losses import LossKind
from neps_cs.priors import DISTRIBUTIONS, Beta, Normal, Weights
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, NumberSite
from neps_cs.space import PipelineSpace
from neps_cs.values import is_plain, plain_key
from neps_cs_converters.neps.forms import MAX_NESTING, exact_prior, form_of, nearest_prior, next_ref


@dataclass(frozen=True)
class Misfit:
    """Something NePS can't express; `instead` is None where nothing comes near."""

    address: str
    kind: LossKind
    rule: str
    got: str
    instead: str | None


def found(space: PipelineSpace, names: Collection[str], *, drawn: bool) -> list[Misfit]:
    """All of them, in the order of the space. `names` are those that NePS's own attributes have; `drawn`:
    distributions are no misfits."""
    graph = space.graph
    rows = [*_named(graph, names), *_records(space, drawn), *_references(space), *_fidelities(graph)]
    rows += _nesting(graph)
    kept = kept_conditions(space)
    for name, condition in space.conditions.items():
        instead = "decided always, dropped where inactive" if name in kept else "active always"
        rows.append(Misfit(name, LossKind.INACTIVE, "NePS has no conditions", repr(condition), instead))
    for clause in space.forbidden:
        rule = "NePS has no forbidden clauses"
        rows.append(Misfit(graph.name, LossKind.FORBIDDEN, rule, clause_text(clause), "not forbidden"))
    for address in graph.edits:
        rule = "NePS has no edits at single addresses"
        got = repr(graph.edits[address])
        rows.append(Misfit(address, LossKind.STRUCTURE, rule, got, "as its definition says"))
    return rows


def kept_conditions(space: PipelineSpace) -> dict[str, Condition]:
    """The conditions that can be told from the resolved values of the attributes that they read."""
    program = space.resolver.program

    def is_told(parent: str) -> bool:
        match program.attribute(parent):
            case NumberSite() | ConstantSite():
                return True
            case ChoiceSite(branches=branches):
                values = [r.value for ref in branches.refs
                          if isinstance(r := space.graph.records[ref], ConstantRecord)]  # fmt: skip
                plain = len(values) == len(branches.refs) and all(is_plain(v) for v in values)
                return plain and len({plain_key(v) for v in values}) == len(values)
            case _:
                return False

    return {n: c for n, c in space.conditions.items() if all(is_told(p) for p in parents(c))}


def with_kept_conditions(space: PipelineSpace) -> PipelineSpace:
    """The space with those conditions alone, without edits and forbidden clauses."""
    hidden = frozenset(r.name for r in space.graph.roots if r.intermediate)
    return PipelineSpace.from_attributes(
        space.attributes, conditions=kept_conditions(space), intermediate=hidden, name=space.graph.name
    )


def decided_names(space: PipelineSpace) -> list[str]:
    """The attributes that NePS resolves, in its order: those that evaluate_pipeline receives, and those that
    the conditions read that are kept."""
    kept = space if kept_conditions(space) == space.conditions else with_kept_conditions(space)
    order = set(kept.resolver.order)
    return [root.name for root in space.graph.roots if root.name in order]


def is_flat(space: PipelineSpace, *, drawn: bool) -> bool:
    """Whether NePS reads it right as a classic SearchSpace: what it does with most optimizers. Else it has
    to be kept from that."""
    shown = [r for r in space.graph.roots if not r.intermediate]
    if any(not r.name for r in shown):
        return False
    records = [space.graph.records[r.ref] for r in shown]
    for record in records:
        match record:
            case NumberRecord(prior=prior) | ChoiceRecord(prior=prior) if drawn and isinstance(
                prior, DISTRIBUTIONS
            ):
                return False
            case NumberRecord(lower_ref=None, upper_ref=None, step=None) | FidelityRecord():
                if not record.lower < record.upper:
                    return False
            case ChoiceRecord(choices=tuple() as choices):
                values = [r.value for ref in choices
                          if isinstance(r := space.graph.records[ref], ConstantRecord)]  # fmt: skip
                kinds = {type(v) for v in values}
                if len(values) < len(choices) or len(kinds) > 1 or not kinds <= {str, int, float, bool}:
                    return False
                if len(set(values)) < len(values) or len(values) < 2:
                    return False
            case ConstantRecord(value=value) if type(value) in (str, int, float, bool):
                pass
            case _:
                return False
    return any(isinstance(r, (NumberRecord, ChoiceRecord)) for r in records)


def is_lonely(space: PipelineSpace) -> bool:
    """Whether a space without structure, that NePS can't read as a classic one, has fewer than two
    decisions."""
    records = [space.graph.records[space.graph.root_of[n]] for n in decided_names(space)]
    if is_flat(space, drawn=True):
        return False
    plain = all(_is_plain(space.graph, r) for r in records)
    return plain and sum(isinstance(r, (NumberRecord, ChoiceRecord)) for r in records) < 2


def _is_plain(graph: SpaceGraph, record: Record) -> bool:
    """Whether it is a value, or one decision among values."""
    match record:
        case NumberRecord(lower_ref=None, upper_ref=None) | FidelityRecord():
            return True
        case ChoiceRecord(choices=tuple() as choices):
            return all(_is_value_only(graph, graph.records[ref]) for ref in choices)
        case _:
            return _is_value_only(graph, record)


def _is_value_only(graph: SpaceGraph, record: Record) -> bool:
    match record:
        case ConstantRecord():
            return True
        case SequenceRecord() | MappingRecord() | LazyRecord():
            return all(_is_value_only(graph, graph.records[ref]) for ref in edges(record))
        case _:
            return False


def _named(graph: SpaceGraph, names: Collection[str]) -> Iterator[Misfit]:
    referred = {r.name for r in graph.records if isinstance(r, ByNameRecord)}
    for root in graph.roots:
        named = root.name in referred or isinstance(graph.records[root.ref], FidelityRecord)
        if not root.name and named:
            rule = "NePS needs a name for a fidelity, and for what is referred to by name"
            yield Misfit(root.name, LossKind.OBJECT, rule, "''", None)
        if root.name in names and root.name in referred:
            rule = "ByName can't name what NePS has under that name"
            yield Misfit(root.name, LossKind.OBJECT, rule, f"ByName({root.name!r})", None)


def _records(space: PipelineSpace, drawn: bool) -> Iterator[Misfit]:
    graph, homes = space.graph, space.resolver.program.homes
    for ref, record in enumerate(graph.records):
        address = homes[ref] or graph.name
        match record:
            case NumberRecord():
                yield from _number(record, address, drawn)
            case ChoiceRecord():
                yield from _choice(graph, record, address, drawn)
            case LazyRecord(content=content) if _holds_node(graph, content):
                rule = "a Lazy in NePS hands over objects of NePS, and its operations called"
                yield Misfit(address, LossKind.OBJECT, rule, "Lazy with a parameter or structure", "those")
            case MappingRecord(keys=keys, items=items):
                twins = [k for k, n in Counter(str(k) for k in keys).items() if n > 1]
                if twins and not all(isinstance(graph.records[i], ConstantRecord) for i in items):
                    rule = "NePS needs keys that differ as texts"
                    yield Misfit(address, LossKind.VALUE, rule, repr(list(keys)), None)
            case _:
                pass


def _number(record: NumberRecord, address: str, drawn: bool) -> Iterator[Misfit]:
    if record.step is not None:
        grid = form_of(record).grid
        instead = "any value between" if grid is None else f"a choice among {len(grid)} values"
        if grid is not None and record.prior is not None:
            instead += ", without the prior"
        yield Misfit(address, LossKind.NUMBER, "NePS has no step", f"step={record.step}", instead)
    if isinstance(record.prior, (Normal, Beta)) and not drawn and exact_prior(record) is None:
        yield _distribution(record, record.prior, address)


def _distribution(
    record: NumberRecord | ChoiceRecord, prior: Normal | Beta | Weights, address: str
) -> Misfit:
    point, confidence = nearest_prior(record)
    instead = "none" if confidence is None else f"prior={point}, prior_confidence={confidence.value!r}"
    return Misfit(address, LossKind.PRIOR, "NePS's priors are points", repr(prior), instead)


def _choice(graph: SpaceGraph, record: ChoiceRecord, address: str, drawn: bool) -> Iterator[Misfit]:
    if isinstance(record.prior, Weights) and not drawn and exact_prior(record) is None:
        yield _distribution(record, record.prior, address)
    if record.among is not None:
        instead = "the open ones alone" if isinstance(record.choices, tuple) else "all"
        rule = "NePS has no closed choices"
        yield Misfit(address, LossKind.STRUCTURE, rule, f"among={record.among}", instead)
    if isinstance(record.choices, int):
        yield from _provider(graph, record.choices, address)


def _provider(graph: SpaceGraph, ref: Ref, address: str) -> Iterator[Misfit]:
    first, named, fresh = ref, False, False
    record = graph.records[ref]
    while isinstance(record, (ResampleRecord, ByNameRecord, LazyRecord)):
        fresh = fresh or isinstance(record, ResampleRecord)
        named = named or not isinstance(record, ResampleRecord)
        ref = next_ref(graph, record)
        record = graph.records[ref]
    if named:
        rule, instead = "NePS finds no choices by name or behind a Lazy", "what gives them, itself"
        yield Misfit(address, LossKind.STRUCTURE, rule, type(graph.records[first]).__name__[:-6], instead)
    if not isinstance(record, ChoiceRecord):
        return
    if isinstance(record.choices, int):
        rule, instead = "NePS decides in a provider's provider what is not chosen too", "as written"
        yield Misfit(address, LossKind.STRUCTURE, rule, "a provider of a provider", instead)
        return
    given = [graph.records[r] for r in record.choices]
    forms = {g.form if isinstance(g, SequenceRecord) else None for g in given}
    if len(forms) > 1 or None in forms:
        rule = "what NePS's providers choose from must be tuples written out, or lists"
        yield Misfit(address, LossKind.STRUCTURE, rule, f"{len(given)} of other kinds", None)
        return
    items = [graph.records[i] for g in given if isinstance(g, SequenceRecord) for i in g.items]
    if not fresh and not all(isinstance(i, ConstantRecord) for i in items) and _is_value(graph, ref):
        rule = "NePS resolves a provider that is a value too in another way"
        yield Misfit(address, LossKind.STRUCTURE, rule, "a provider used as a value", "as written")


def _is_value(graph: SpaceGraph, ref: Ref) -> bool:
    """Whether a provider is used for what it resolves to as well."""
    names = {r.name for r in graph.roots if r.ref == ref}
    if any(r.ref == ref and not r.intermediate for r in graph.roots):
        return True
    for record in graph.records:
        provides = isinstance(record, ChoiceRecord) and isinstance(record.choices, int)
        if not provides and not isinstance(record, ResampleRecord) and ref in edges(record):
            return True
        if isinstance(record, ByNameRecord) and record.name in names:
            return True
    return False


def _references(space: PipelineSpace) -> Iterator[Misfit]:
    """Where NePS decides anew, and we once, or the other way round."""
    graph, homes = space.graph, space.resolver.program.homes
    resampled = {r.source for r in graph.records if isinstance(r, ResampleRecord)}
    shared = Counter(r.name for ref, r in enumerate(graph.records)
                     if isinstance(r, ByNameRecord) and ref not in resampled)  # fmt: skip
    for ref, record in enumerate(graph.records):
        if not isinstance(record, ByNameRecord) or ref not in resampled:
            continue
        if isinstance(graph.records[graph.root_of[record.name]], ByNameRecord):
            rule = "NePS's fresh use of a name that stands for another name is none"
            address = homes[ref] or record.name
            yield Misfit(address, LossKind.STRUCTURE, rule, f"{record.name!r} resampled", None)
    for root in graph.roots:
        uses = shared[root.name] + (not root.intermediate)
        if uses > 1 and _is_fresh(graph, root.ref):
            rule = "NePS decides anew at each reference to a fresh use, or to a tuple, list or dict with one"
            yield Misfit(root.name, LossKind.STRUCTURE, rule, f"ByName({root.name!r})", "as written")


def _is_fresh(graph: SpaceGraph, ref: Ref) -> bool:
    stack = [ref]
    while stack:
        record = graph.records[stack.pop()]
        if isinstance(record, ResampleRecord):
            return True
        if isinstance(record, (SequenceRecord, MappingRecord)):
            stack += record.items
    return False


def _fidelities(graph: SpaceGraph) -> Iterator[Misfit]:
    for ref, record in enumerate(graph.records):
        if not isinstance(record, FidelityRecord):
            continue
        roots = [r for r in graph.roots if r.ref == ref]
        names = {r.name for r in roots}
        inside = sum(ref in edges(r) for r in graph.records)
        inside += sum(isinstance(r, ByNameRecord) and r.name in names for r in graph.records)
        if inside or len(roots) > 1:
            rule = "NePS hands a fidelity to evaluate_pipeline only"
            yield Misfit(roots[0].name, LossKind.FIDELITY, rule, "a fidelity used in a structure", None)


def _nesting(graph: SpaceGraph) -> Iterator[Misfit]:
    depths = [0] * len(graph.records)
    for ref in children_first(graph):
        depths[ref] = 1 + max((depths[r] for r in edges(graph.records[ref])), default=-1)
    for root in graph.roots:
        if depths[root.ref] > MAX_NESTING:
            rule = f"NePS resolves by recursion: objects must not nest deeper than {MAX_NESTING}"
            yield Misfit(root.name, LossKind.STRUCTURE, rule, str(depths[root.ref]), None)


def _holds_node(graph: SpaceGraph, ref: Ref) -> bool:
    stack = [ref]
    while stack:
        record = graph.records[stack.pop()]
        if not isinstance(record, (ConstantRecord, SequenceRecord, MappingRecord)):
            return True
        stack += edges(record)
    return False
