"""In which form NePS holds each parameter: what `to_neps` writes, and what its configs hold."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from neps_cs.distributions import prior_weights
from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    LazyRecord,
    NumberRecord,
    OperationRecord,
    Record,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
    SpaceGraph,
)
from neps_cs.priors import DISTRIBUTIONS, Beta, ConfidenceLevel, Normal, Weights
from neps_cs.scales import Scale

FRESH = (NumberRecord, ChoiceRecord, OperationRecord, RepeatedRecord)
"""What NePS can resample."""
MAX_NESTING = 200
"""Objects nest no deeper, an operation and its arguments being two: NePS resolves by recursion."""
MAX_GRID = 1000
"""So many values of a number with a step become choices."""


class Form(NamedTuple):
    """NePS's class of a number in lower case, and the values where it is a choice among them."""

    kind: str
    grid: tuple[float, ...] | None = None


def form_of(record: NumberRecord) -> Form:
    """A number with a step is a choice among its values, where they are known and not too many."""
    kind = "integer" if record.integer else "float"
    if record.step is None or record.lower_ref is not None or record.upper_ref is not None:
        return Form(kind)
    scale = record.scale(record.lower, record.upper)
    if scale.points > MAX_GRID:
        return Form(kind)
    return Form("categorical", tuple(scale.grid(k) for k in range(scale.points)))


def resampled_name(record: Record) -> str:
    """NePS's name for a fresh use of one of FRESH."""
    match record:
        case NumberRecord():
            return form_of(record).kind
        case ChoiceRecord():
            return "categorical"
        case OperationRecord():
            return "operation"
        case _:
            return "repeated"


def is_tuple(record: Record) -> bool:
    """Whether a choice is a tuple for NePS."""
    match record:
        case SequenceRecord(form="tuple"):
            return True
        case ConstantRecord(value=value):
            return isinstance(value, tuple)
        case _:
            return False


def is_mixed(graph: SpaceGraph, refs: tuple[Ref, ...]) -> bool:
    """Whether some choices are tuples and others are none: NePS would make tuples of all."""
    tuples = [is_tuple(graph.records[r]) for r in refs]
    return any(tuples) and not all(tuples)


def provider_branches(graph: SpaceGraph) -> frozenset[Ref]:
    """The sequences that a Categorical chooses from once another one, its provider, gave them."""
    found: set[Ref] = set()
    for record in graph.records:
        if isinstance(record, ChoiceRecord) and isinstance(record.choices, int):
            provider = graph.records[record.choices]
            while isinstance(provider, (ResampleRecord, ByNameRecord, LazyRecord)):
                provider = graph.records[next_ref(graph, provider)]
            if isinstance(provider, ChoiceRecord) and isinstance(provider.choices, tuple):
                found.update(provider.choices)
    return frozenset(found)


def next_ref(graph: SpaceGraph, record: ResampleRecord | ByNameRecord | LazyRecord) -> Ref:
    """What a record that stands for another one refers to."""
    match record:
        case ByNameRecord(name=name):
            return graph.root_of[name]
        case ResampleRecord(source=ref) | LazyRecord(content=ref):
            return ref


def nearest_prior(record: NumberRecord | ChoiceRecord) -> tuple[Any, ConfidenceLevel | None]:
    """A point (of a choice: its index among the open ones) and a confidence; (None, None) without a prior."""
    prior = record.prior
    if isinstance(record, ChoiceRecord):
        return _choice_prior(record)
    if prior is None or form_of(record).grid is not None:
        return None, None
    if not isinstance(prior, (Normal, Beta)):
        return prior, record.confidence
    scale = Scale(record.lower, record.upper, record.log, record.integer)
    if isinstance(prior, Normal):
        point = min(record.upper, max(record.lower, prior.mean))
        spread = _spread(record, prior)
    else:
        a, b = prior.alpha, prior.beta
        point = scale.from_unit(a / (a + b))
        spread = math.sqrt(a * b / (a + b + 1)) / (a + b)
    level = min(ConfidenceLevel, key=lambda c: abs(c.deviation - spread))
    return (round(point) if record.integer else point), level


_SAME = 1e-9
"""Deviations and masses that differ by less, relatively, went through a ConfigurationSpace."""


def exact_prior(record: NumberRecord | ChoiceRecord) -> tuple[Any, ConfidenceLevel | None] | None:
    """The point and confidence that stand for the very prior of the record, (None, None) for one that is
    uniform; None where NePS has none. A point p with confidence is Normal(p, 0.4, 0.2 or 2/15 of the unit
    interval), of a choice the weights p + (1 - p) / n and (1 - p) / n: the table of `to_configspace`."""
    prior = record.prior
    if not isinstance(prior, DISTRIBUTIONS):
        return nearest_prior(record)
    point, level = nearest_prior(record)
    match prior, record:
        case Weights(), ChoiceRecord():
            masses = [prior.values[i] for i in record.open(len(prior.values))]
            if math.isclose(min(masses), max(masses), rel_tol=_SAME):
                return None, None
            assert level is not None, "a prior has a nearest form"
            wanted = prior_weights(len(masses), point, level.weight)
            pairs = zip(masses, wanted, strict=True)
            same = all(math.isclose(m / sum(masses), w, rel_tol=_SAME) for m, w in pairs)
        case Beta(alpha=alpha, beta=beta), NumberRecord():
            return (None, None) if alpha == beta == 1 else None
        case Normal(), NumberRecord(lower_ref=None, upper_ref=None, step=None) if level is not None:
            near = math.isclose(level.deviation, _spread(record, prior), rel_tol=_SAME)
            same = near and math.isclose(point, prior.mean, rel_tol=_SAME)
        case _:
            return None
    return (point, level) if same else None


def _spread(record: NumberRecord, prior: Normal) -> float:
    """The standard deviation in the unit interval of the scale."""
    low, high = (math.log(v) if record.log else v for v in (record.lower, record.upper))
    return prior.deviation / (high - low) if high > low else 0.0


def _choice_prior(record: ChoiceRecord) -> tuple[int | None, ConfidenceLevel | None]:
    prior = record.prior
    if prior is None:
        return None, None
    if isinstance(prior, Weights):
        open_ = record.open(len(prior.values))
        masses = [prior.values[i] for i in open_]
        best = max(range(len(masses)), key=masses.__getitem__)
        even = 1 / len(masses)
        weight = (masses[best] / sum(masses) - even) / (1 - even) if even < 1 else 1.0
        return best, min(ConfidenceLevel, key=lambda c: abs(c.weight - weight))
    if record.among is not None:
        prior = record.among.index(prior)
    return prior, record.confidence
