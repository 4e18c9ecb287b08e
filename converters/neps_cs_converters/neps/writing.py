"""to_neps: a space of ours as a PipelineSpace of NePS, object by object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, overload

import neps
from neps.space.neps_spaces.parameters import Lazy, Repeated
from typing_extensions import assert_never

from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.lower import children_first
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Record,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
)
from neps_cs.losses import Loss, Losses
from neps_cs.priors import DISTRIBUTIONS, ConfidenceLevel, Weights
from neps_cs.space import PipelineSpace, checked_space
from neps_cs_converters.neps import misfits, objects, parameters
from neps_cs_converters.neps.forms import (
    FRESH,
    exact_prior,
    form_of,
    is_mixed,
    nearest_prior,
    next_ref,
    provider_branches,
)
from neps_cs_converters.neps.reading import from_neps

NEAREST = "nearest=True takes what NePS can express of the space"
"""What the refusal of a space that has a nearest one ends with."""
_UNCHANGEABLE = frozenset(dir(objects.Space))


@dataclass(frozen=True, eq=False)
class NearestSpace:
    """The nearest that NePS can express: unpacks as `space, losses = nearest`.

    `space` is for `neps.run`; `losses` lists what it does not say, and what stands in its place.
    """

    space: neps.PipelineSpace
    losses: Losses

    def __iter__(self) -> Iterator[Any]:
        return iter((self.space, self.losses))


Distributions: TypeAlias = Literal["points", "drawn"]


@overload
def to_neps(
    space: PipelineSpace, *, nearest: Literal[False] = False, distributions: Distributions = "points"
) -> neps.PipelineSpace: ...
@overload
def to_neps(
    space: PipelineSpace, *, nearest: Literal[True], distributions: Distributions = "points"
) -> NearestSpace: ...
def to_neps(
    space: PipelineSpace, *, nearest: bool = False, distributions: Distributions = "points"
) -> neps.PipelineSpace | NearestSpace:
    """The space for `neps.run`: the same decisions, drawn alike, and the same values for evaluate_pipeline.

    One object used twice stays one. An Ordinal becomes a Categorical that keeps its order, `default` and
    `meta` are kept: NePS draws without them, as we do. Where NePS draws by priors, it does so by
    its own rule: on a linear scale.

    Args:
        space: the space.
        nearest: give a NearestSpace with what NePS can say of the space, and the losses.
        distributions: what becomes of `Normal`, `Beta` and `Weights`. With "points" those that equal a point
            with a confidence, or that are uniform, are given to NePS as such; others can't be expressed.
            With "drawn" NePS draws by the distributions themselves, as a ConfigurationSpace does, whatever
            optimizer asks; those that need a classic SearchSpace then don't take the space.

    Raises ConversionError with everything that NePS can't express: conditions, forbidden clauses, Normal,
    Beta and Weights, steps, closed choices, edits at single addresses, and structure that NePS resolves
    in another way than we do (docs/neps.md lists it). With `nearest` only where nothing comes near.
    """
    if distributions not in ("points", "drawn"):
        rule = "distributions must be 'points' or 'drawn'"
        raise ConversionError(Problem(rule, repr(distributions), "to_neps"))
    writer = _Writer(checked_space(space, "to_neps"), drawn=distributions == "drawn")
    fatal = [m for m in writer.misfits if m.instead is None or not nearest]
    if fatal:
        hint = "" if nearest or any(m.instead is None for m in fatal) else NEAREST
        raise ConversionError([Problem(m.rule, m.got, m.address) for m in fatal], hint)
    made = writer.space()
    if not nearest:
        return made
    return NearestSpace(
        made, Losses(Loss(m.address, m.kind, m.rule, m.instead or "") for m in writer.misfits)
    )


class Space(objects.Space):
    """A Space that can be changed as NePS's can: read back, changed, and written again."""

    def add(self, new_param: Any, name: str | None = None) -> neps.PipelineSpace:
        """A new space with one more object of NePS, or with all of a space's. Objects of this space in
        it stay the same ones. Raises ConversionError, or SpaceError where the name is taken."""
        if isinstance(new_param, neps.PipelineSpace):
            found: neps.PipelineSpace = self
            for each, value in new_param.get_attrs().items():
                found = found.add(value, each)
            return found
        attributes = self.written.attributes
        name = f"param_{len(attributes) - len(self.written.hidden) + 1}" if name is None else name
        if name in attributes:
            return self._rewritten(from_neps(self).add(_alone(new_param), name))
        written = replace(self.written, attributes={**attributes, name: new_param})
        return self._rewritten(from_neps(objects.Space(written)))

    def remove(self, name: str) -> neps.PipelineSpace:
        """A new space without the attribute. Raises SpaceError where there is none, or it is referred to."""
        return self._rewritten(from_neps(self).remove(name))

    def add_prior(self, parameter_name: str, prior: Any, prior_confidence: Any) -> neps.PipelineSpace:
        """A new space with a prior, at each use of the parameter. Raises SpaceError where there is no such
        parameter, or it has one."""
        level = prior_confidence
        level = level.value if isinstance(level, neps.ConfidenceLevel) else level
        return self._rewritten(from_neps(self).add_prior(parameter_name, prior, level))

    def _rewritten(self, changed: PipelineSpace) -> neps.PipelineSpace:
        """What it could not say before was a loss then, and is none now."""
        drawn: Distributions = "drawn" if self.written.drawn else "points"
        return to_neps(changed, nearest=True, distributions=drawn).space


def _alone(value: Any) -> Any:
    """One object of NePS as one of ours."""
    return from_neps(objects.Space(objects.Written({"new": value}))).attributes["new"]


class _Writer:
    def __init__(self, space: PipelineSpace, *, drawn: bool) -> None:
        self.source, self.drawn = space, drawn
        self.graph = space.graph
        self.misfits = misfits.found(space, _UNCHANGEABLE, drawn=drawn)
        self.made: list[Any] = [None] * len(self.graph.records)

    def space(self) -> neps.PipelineSpace:
        graph = self.graph
        given = provider_branches(graph)
        for ref in children_first(graph):
            record = graph.records[ref]
            if isinstance(record, SequenceRecord) and ref in given:
                values = self._choices(record.items)
                self.made[ref] = values if record.form == "tuple" else list(values)
            else:
                self.made[ref] = self._object(record)
        attributes = {root.name: self.made[root.ref] for root in graph.roots}
        hidden = frozenset(r.name for r in graph.roots if r.intermediate)
        conditional = self.source if misfits.kept_conditions(self.source) else None
        if conditional is not None:
            conditional = misfits.with_kept_conditions(self.source)
        flat = conditional is None and misfits.is_flat(self.source, drawn=self.drawn)
        text = repr(self.source)
        written = objects.Written(
            attributes, hidden, graph.name, flat, graph.native, conditional, text, self.drawn,
            misfits.is_lonely(self.source),
        )  # fmt: skip
        return objects.as_unpickled(Space(written))

    def _object(self, record: Record) -> Any:
        made = self.made
        match record:
            case NumberRecord():
                return self._number(record)
            case ChoiceRecord():
                return self._choice(record)
            case ConstantRecord(value=value):
                return value
            case FidelityRecord():
                return _fidelity(record)
            case OperationRecord(operator=operator, args=args, kwargs=kwargs):
                return neps.Operation(operator, made[args], made[kwargs])
            case ResampleRecord(source=source):
                return self._resample(source)
            case LazyRecord(content=content):
                return Lazy(made[content])
            case RepeatedRecord(count=count, content=content):
                return Repeated(made[count], made[content])
            case ByNameRecord(name=name):
                return neps.ByName(name)
            case SequenceRecord(form=form, items=items):
                values = [made[i] for i in items]
                return tuple(values) if form == "tuple" else values
            case MappingRecord(keys=keys, items=items):
                return {k: made[i] for k, i in zip(keys, items, strict=True)}
            case _:
                assert_never(record)

    def _number(self, record: NumberRecord) -> Any:
        values = form_of(record).grid
        if values is not None:
            return neps.Categorical(values)
        lower = record.lower if record.lower_ref is None else self.made[record.lower_ref]
        upper = record.upper if record.upper_ref is None else self.made[record.upper_ref]
        options: dict[str, Any] = {"log": record.log}
        if record.log_base is not None:
            options["log_base"] = record.log_base
        options |= self._prior(record)
        extras = (record.default, record.meta, options.get("distribution"))
        if not record.log and all(e is None for e in extras):
            return (neps.Integer if record.integer else neps.Float)(lower, upper, **options)
        kind = parameters.Integer if record.integer else parameters.Float
        return kind(lower, upper, default=record.default, meta=record.meta, **options)

    def _prior(self, record: NumberRecord | ChoiceRecord) -> dict[str, Any]:
        """Arguments: NePS's prior, or a distribution, or both where the one stands for the other."""
        prior, exact = record.prior, exact_prior(record)
        options = _point(*(nearest_prior(record) if exact is None else exact))
        if not isinstance(prior, DISTRIBUTIONS) or (exact is None and not self.drawn):
            return options
        if isinstance(prior, Weights) and isinstance(record, ChoiceRecord):
            prior = Weights(tuple(prior.values[i] for i in record.open(len(prior.values))))
        return {"distribution": prior} if self.drawn else options | {"distribution": prior}

    def _choice(self, record: ChoiceRecord) -> Any:
        choices = record.choices
        if isinstance(choices, int):
            given: Any = self._provider(choices)
        else:
            open_ = record.open(len(choices))
            record = replace(record, default=_moved(record.default, open_))
            given = self._choices(tuple(choices[i] for i in open_))
        options = self._prior(record)
        extras = (record.default, record.meta, options.get("distribution"))
        if not record.ordered and all(e is None for e in extras):
            return neps.Categorical(given, **options)
        return parameters.Categorical(
            given, default=record.default, meta=record.meta, ordered=record.ordered, **options
        )

    def _choices(self, refs: tuple[Ref, ...]) -> tuple[Any, ...]:
        """Choices as they are: NePS makes tuples of all where some are tuples, so those go inside Again."""
        values = tuple(self.made[r] for r in refs)
        if not is_mixed(self.graph, refs):
            return values
        return tuple(objects.Again(v) if isinstance(v, tuple) else v for v in values)

    def _provider(self, ref: Ref) -> Any:
        """What gives choices: a Categorical, or a fresh use of one; names are followed, as NePS does not."""
        graph, fresh = self.graph, False
        record = graph.records[ref]
        while isinstance(record, (ResampleRecord, ByNameRecord, LazyRecord)):
            fresh = fresh or isinstance(record, ResampleRecord)
            ref = next_ref(graph, record)
            record = graph.records[ref]
        if isinstance(record, SequenceRecord):
            return self._choices(record.items)
        provider = self.made[ref]
        return neps.Resample(provider) if fresh else provider

    def _resample(self, source: Ref) -> Any:
        record = self.graph.records[source]
        if isinstance(record, ByNameRecord):
            target = self.graph.records[self.graph.root_of[record.name]]
            if isinstance(target, FRESH):
                return neps.Resample(neps.ByName(record.name))
            return objects.Again(neps.ByName(record.name))
        if isinstance(record, FRESH):
            return neps.Resample(self.made[source])
        return objects.Again(self.made[source])


def _moved(index: int | None, open_: tuple[int, ...]) -> int | None:
    return open_.index(index) if index is not None and index in open_ else None


def _point(prior: Any, confidence: ConfidenceLevel | None) -> dict[str, Any]:
    if prior is None or confidence is None:
        return {}
    return {"prior": prior, "prior_confidence": neps.ConfidenceLevel(confidence.value)}


def _fidelity(record: FidelityRecord) -> Any:
    if record.form == "IntegerFidelity":
        return neps.IntegerFidelity(int(record.lower), int(record.upper), log=record.log)
    if record.form == "FloatFidelity":
        return neps.FloatFidelity(record.lower, record.upper, log=record.log)
    kind: Any = neps.Integer if record.integer else neps.Float
    return neps.Fidelity(kind(record.lower, record.upper, log=record.log, log_base=record.log_base))
