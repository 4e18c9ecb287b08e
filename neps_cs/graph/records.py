"""The records of a SpaceGraph, one kind for each kind of node, and the graph that holds them.

A reference is the index of a record in the table. Nodes with identity (parameters, operations)
occur once, however often they are used; constants, tuples, lists and dicts have none and occur
once per place. `ByName` keeps its name: so recursion stays finite in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from neps_cs.conditions import Condition
from neps_cs.forbidden import Clause
from neps_cs.graph.native import NOTHING, Native
from neps_cs.priors import Beta, Confidence, ConfidenceLevel, Normal, Weights
from neps_cs.scales import Scale
from neps_cs.values import Plain

Ref: TypeAlias = int
Run: TypeAlias = tuple[float, float]
"""The values of a number from one up to another, both included."""


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """A Float (integer=False) or an Integer: bounds inclusive, prior as a point or a distribution.

    Where a bound is a parameter, `lower_ref` or `upper_ref` refers to it, and `lower` and `upper` are
    the least and the greatest that may be drawn. `legal`, where forbidden clauses leave holes, are the
    runs of values that are drawn; no space is written with it.
    """

    integer: bool
    lower: float
    upper: float
    log: bool = False
    log_base: float | None = None
    prior: float | Normal | Beta | None = None
    confidence: ConfidenceLevel | None = None
    default: float | None = None
    meta: Mapping[Any, Any] | None = None
    step: float | None = None
    lower_ref: Ref | None = None
    upper_ref: Ref | None = None
    legal: tuple[Run, ...] | None = None

    def scale(self, lower: float, upper: float) -> Scale:
        """The scale between bounds that were drawn."""
        if not self.integer:  # a Float between an Integer's values is a float
            lower, upper = float(lower), float(upper)
        return Scale(lower, upper, self.log, self.integer, self.step)


@dataclass(frozen=True, slots=True)
class ChoiceRecord:
    """A Categorical, or an Ordinal (ordered=True). `choices` are references, or one to the provider.

    `among` holds the indices of the choices that are open, in order; None: all.
    """

    choices: tuple[Ref, ...] | Ref
    ordered: bool = False
    prior: int | Weights | None = None
    confidence: ConfidenceLevel | None = None
    default: int | None = None
    meta: Mapping[Any, Any] | None = None
    among: tuple[int, ...] | None = None

    def open(self, size: int) -> tuple[int, ...]:
        """The indices of the open ones among `size` choices."""
        return tuple(range(size)) if self.among is None else self.among


@dataclass(frozen=True, slots=True)
class ConstantRecord:
    """A value that is no node: plain, a callable, a module, any object."""

    value: Any


@dataclass(frozen=True, slots=True)
class FidelityRecord:
    """A fidelity; `form` is the class that the user wrote."""

    form: str
    integer: bool
    lower: float
    upper: float
    log: bool = False
    log_base: float | None = None


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An operator with a reference to its arguments and to its keyword arguments."""

    operator: Callable[..., Any] | str
    args: Ref
    kwargs: Ref


@dataclass(frozen=True, slots=True)
class ResampleRecord:
    """A fresh use of the source."""

    source: Ref


@dataclass(frozen=True, slots=True)
class RepeatedRecord:
    """`count` uses of `content` as a tuple."""

    count: Ref
    content: Ref


@dataclass(frozen=True, slots=True)
class ByNameRecord:
    """A reference to an attribute of the space."""

    name: str


@dataclass(frozen=True, slots=True)
class LazyRecord:
    """Content that is handed over as it is written, not resolved."""

    content: Ref


@dataclass(frozen=True, slots=True)
class SequenceRecord:
    """A tuple (form="tuple") or a list (form="list")."""

    form: str
    items: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class MappingRecord:
    """A dict with plain keys."""

    keys: tuple[Plain, ...]
    items: tuple[Ref, ...]


Record: TypeAlias = (
    NumberRecord
    | ChoiceRecord
    | ConstantRecord
    | FidelityRecord
    | OperationRecord
    | ResampleRecord
    | RepeatedRecord
    | ByNameRecord
    | LazyRecord
    | SequenceRecord
    | MappingRecord
)


@dataclass(frozen=True, slots=True)
class Root:
    """An attribute of the space; an intermediate one is not passed to evaluate_pipeline."""

    name: str
    ref: Ref
    intermediate: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """How the decision at one address differs from its definition: narrower bounds, fewer branches
    that are open, another prior.

    None leaves a field as the definition has it; `legal` is that of a NumberRecord. With `sets_prior` the
    prior and confidence here stand in place of the definition's; a prior of None takes it away.
    """

    lower: float | None = None
    upper: float | None = None
    among: tuple[int, ...] | None = None
    sets_prior: bool = False
    prior: float | Normal | Beta | Weights | None = None
    confidence: ConfidenceLevel | None = None
    legal: tuple[Run, ...] | None = None


@dataclass(frozen=True, eq=False)
class SpaceGraph:
    """A whole space as data. Graphs are equal when their documents are: the class's name does not count.

    `edits` are by address; what is edited in a definition stands in its record. `native` is what a
    ConfigurationSpace that this came from says besides.
    Values that JSON can't hold (callables, modules) compare by import path and text; see
    `neps_cs.graph.document`.
    """

    records: tuple[Record, ...]
    roots: tuple[Root, ...]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    name: str = "Space"
    edits: Mapping[str, Edit] = field(default_factory=dict)
    native: Native = NOTHING
    forbidden: tuple[Clause, ...] = ()

    @cached_property
    def root_of(self) -> Mapping[str, Ref]:
        """Attribute name → reference."""
        return {root.name: root.ref for root in self.roots}

    @cached_property
    def name_of(self) -> Mapping[Ref, str]:
        """Reference → the first attribute that is this very record."""
        return {root.ref: root.name for root in reversed(self.roots)}


def edges(record: Record) -> tuple[Ref, ...]:
    """The references of a record in the order of the table, the names of ByName aside."""
    match record:
        case NumberRecord(lower_ref=lower, upper_ref=upper):
            return tuple(r for r in (lower, upper) if r is not None)
        case ChoiceRecord(choices=int() as provider):
            return (provider,)
        case ChoiceRecord(choices=tuple() as choices):
            return choices
        case OperationRecord(args=args, kwargs=kwargs):
            return (args, kwargs)
        case ResampleRecord(source=source):
            return (source,)
        case LazyRecord(content=content):
            return (content,)
        case RepeatedRecord(count=count, content=content):
            return (count, content)
        case SequenceRecord(items=items) | MappingRecord(items=items):
            return items
        case _:
            return ()


def open_edges(record: Record) -> tuple[Ref, ...]:
    """`edges`, without the branches that are closed."""
    match record:
        case ChoiceRecord(choices=tuple() as choices):
            return tuple(choices[i] for i in record.open(len(choices)))
        case _:
            return edges(record)


def confidence_of(value: Confidence | None) -> ConfidenceLevel | None:
    """A stored confidence as the enum."""
    return None if value is None else ConfidenceLevel(value)
