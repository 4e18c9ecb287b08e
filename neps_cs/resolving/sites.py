"""Sites: one for each place in which something is resolved.

A site knows its address and its record, and how to make the sites below it. Sites never change
once made, and hold nothing of a resolution.

| written at address `p` | below it |
|---|---|
| Operation(f, (a, b), {"k": c}) | p:0, p:1, p:k |
| Operation(f, args=x, kwargs=y), x and y nodes | p:args, p:kwargs |
| Operation(f, Repeated(n, x)) | p:count, p:0, p:1, … |
| Categorical((a, b)) | p is the decision; p:<label of the choice> |
| Categorical(choices=provider) | p:choices decides the provider, p:<label> chooses among what it gave |
| Repeated(n, x) | p:count, p:0, p:1, … |
| Integer(x, y), x and y nodes | p:lower, p:upper |
| tuple, list, dict | p:0, p:1, p:<key> |
| x.resample(), ByName("x").resample() | p itself |
| a shared node | where it was defined, not below p |
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from neps_cs.distributions import ChoiceDistribution, NumberDistribution, choice_weights, within
from neps_cs.graph.records import (
    ChoiceRecord,
    FidelityRecord,
    NumberRecord,
    Ref,
)
from neps_cs.laws import number_law
from neps_cs.scales import Quantile
from neps_cs.values import Plain, PlainKey, plain_key

_KEPT_DEPTH = 20


class Nesting:
    """In how many nested uses of each recursive definition something lies. Made once for each state.

    `counts` holds these numbers, `depth` is the greatest of them.
    """

    __slots__ = ("_inner", "counts", "depth")

    def __init__(self, counts: Mapping[Ref, int] = types.MappingProxyType({})) -> None:
        self.counts = counts
        self._inner: dict[Ref, Nesting] = {}
        self.depth = max(counts.values(), default=0)

    def inner(self, ref: Ref) -> Nesting:
        """The nesting inside of a use of a definition."""
        found = self._inner.get(ref)
        if found is None:
            found = Nesting({**self.counts, ref: self.counts.get(ref, 0) + 1})
            if len(found.counts) == 1 or found.depth <= _KEPT_DEPTH:  # states of several counts are many
                self._inner[ref] = found
        return found


@dataclass(frozen=True, eq=False)
class NumberSite:
    """A decision for a number."""

    address: str
    record: NumberRecord
    _bounds: Callable[[], tuple[Site | None, Site | None]] | None = field(default=None, repr=False)

    @cached_property
    def bounds(self) -> tuple[Site | None, Site | None]:
        """The sites of lower and upper where those are parameters."""
        return (None, None) if self._bounds is None else self._bounds()

    @property
    def allowed(self) -> tuple[float, float]:
        """The least and the greatest value there may be."""
        return self.record.lower, self.record.upper

    def distribution(self, lower: float, upper: float, *, use_prior: bool) -> NumberDistribution:
        """How the number is drawn between bounds."""
        record = self.record
        scale = record.scale(lower, upper)
        if not use_prior:
            return NumberDistribution(scale)
        return NumberDistribution(
            scale, number_law(scale, record.prior, record.confidence and record.confidence.deviation)
        )

    def quantile(self, u: float, allowed: tuple[float, ...], *, use_prior: bool = False) -> float:
        """The value of one u in [0, 1), within the bounds `allowed`."""
        if allowed == self.allowed:
            return (self.by_prior if use_prior else self.uniform)(u)
        return self.legal(self.distribution(*allowed, use_prior=use_prior))(u)

    def legal(self, distribution: NumberDistribution) -> Quantile:
        """u → value of a distribution, without what forbidden clauses rule out."""
        runs = self.record.legal
        return distribution.quantile if runs is None else within(distribution, runs)

    @cached_property
    def uniform(self) -> Quantile:
        """u → value, uniform on the scale."""
        distribution = self.distribution(*self.allowed, use_prior=False)
        return distribution.scale.from_unit if self.record.legal is None else self.legal(distribution)

    @cached_property
    def by_prior(self) -> Quantile:
        """u → value, by the prior where there is one."""
        if self.record.prior is None:
            return self.uniform
        return self.legal(self.distribution(*self.allowed, use_prior=True))


@dataclass(frozen=True)
class Branches:
    """What a choice chooses from: references, labels for addresses, and what a config calls them.

    `every` holds the indices of the branches that are open, `soonest` those of them that end soonest.
    """

    refs: tuple[Ref, ...]
    labels: tuple[str, ...]
    values: tuple[Plain, ...]
    every: tuple[int, ...]
    soonest: tuple[int, ...]

    @cached_property
    def index(self) -> Mapping[PlainKey, int]:
        """Config value → index, True, 1 and 1.0 apart."""
        return {plain_key(v): i for i, v in enumerate(self.values)}


@dataclass(frozen=True, eq=False)
class ChoiceSite:
    """A decision for one of several branches. `values` are what a config calls them."""

    address: str
    record: ChoiceRecord
    branches: Branches
    nesting: int
    _branch: Callable[[int], Site] = field(repr=False)
    _made: dict[int, Site] = field(default_factory=dict, repr=False)

    @property
    def values(self) -> tuple[Plain, ...]:
        """What a config calls each branch."""
        return self.branches.values

    @property
    def every(self) -> tuple[int, ...]:
        """The indices of all branches that are open."""
        return self.branches.every

    @property
    def soonest(self) -> tuple[int, ...]:
        """The indices of the open branches that end soonest."""
        return self.branches.soonest

    @property
    def index(self) -> Mapping[PlainKey, int]:
        """Config value → index, True, 1 and 1.0 apart."""
        return self.branches.index

    def branch(self, i: int) -> Site:
        """The site of the i-th branch."""
        site = self._made.get(i)
        if site is None:
            site = self._made[i] = self._branch(i)
        return site

    def distribution(self, allowed: tuple[int, ...], *, use_prior: bool) -> ChoiceDistribution:
        """How one of the branches in `allowed` is drawn, by its place in it."""
        if not use_prior:
            return ChoiceDistribution((1.0,) * len(allowed))
        among = tuple(self.masses[i] for i in allowed)
        return ChoiceDistribution(among if any(among) else (1.0,) * len(allowed))

    @cached_property
    def masses(self) -> tuple[float, ...]:
        """What the prior gives to each branch, up to a factor."""
        record = self.record
        weight = record.confidence and record.confidence.weight
        return choice_weights(len(self.values), record.prior, weight, record.among)

    def quantile(self, u: float, allowed: tuple[float, ...], *, use_prior: bool = False) -> int:
        """The index, one of `allowed`, of one u in [0, 1)."""
        if not use_prior or self.record.prior is None:
            return int(allowed[int(u * len(allowed))])
        indices = tuple(int(i) for i in allowed)
        distribution = self._by_prior if indices == self.every else self.distribution(indices, use_prior=True)
        return indices[distribution.quantile(u)]

    @cached_property
    def _by_prior(self) -> ChoiceDistribution:
        return self.distribution(self.every, use_prior=True)


@dataclass(frozen=True, eq=False)
class ProvidedSite:
    """A choice among what another choice, the provider, gives."""

    address: str
    provider: ChoiceSite | ProvidedSite
    _variant: Callable[[ChoiceSite, int], ChoiceSite | ProvidedSite] = field(repr=False)
    _made: dict[tuple[str, int], ChoiceSite | ProvidedSite] = field(default_factory=dict, repr=False)

    def variant(self, decided: ChoiceSite, i: int) -> ChoiceSite | ProvidedSite:
        """The choice that is left once the provider took the i-th branch of `decided`."""
        key = decided.address, i
        site = self._made.get(key)
        if site is None:
            site = self._made[key] = self._variant(decided, i)
        return site


@dataclass(frozen=True, eq=False)
class ConstantSite:
    """A value as it is; `shared` where it carries no state of its own, else copied per resolution."""

    address: str
    value: Any
    shared: bool


@dataclass(frozen=True, eq=False)
class FidelitySite:
    """A value that comes from outside, by the name of its attribute."""

    address: str
    record: FidelityRecord


@dataclass(frozen=True, eq=False)
class GroupSite:
    """A tuple, list or dict of sites; `keys` for a dict only."""

    address: str
    form: str
    _items: Callable[[], tuple[Site, ...]] = field(repr=False)
    keys: tuple[Plain, ...] = ()

    @cached_property
    def items(self) -> tuple[Site, ...]:
        """The sites of the items, made when they are first asked for: so nesting may be deep."""
        return self._items()


@dataclass(frozen=True, eq=False)
class OperationSite:
    """An operator with the sites of its arguments: a GroupSite where they are written out."""

    address: str
    operator: Callable[..., Any] | str
    _parts: Callable[[], tuple[Site, Site]] = field(repr=False)

    @cached_property
    def parts(self) -> tuple[Site, Site]:
        """The sites of args and kwargs, made when they are first asked for."""
        return self._parts()


@dataclass(frozen=True, eq=False)
class RepeatedSite:
    """Content, as often as `count` says. `may_end`: a count of 0 ends a recursion here."""

    address: str
    count: Site
    nesting: int
    may_end: bool
    _item: Callable[[int], Site] = field(repr=False)
    _made: dict[int, Site] = field(default_factory=dict, repr=False)

    def item(self, i: int) -> Site:
        """The site of the i-th item, from 0."""
        site = self._made.get(i)
        if site is None:
            site = self._made[i] = self._item(i)
        return site


Site: TypeAlias = (
    NumberSite
    | ChoiceSite
    | ProvidedSite
    | ConstantSite
    | FidelitySite
    | GroupSite
    | OperationSite
    | RepeatedSite
)
DecisionSite: TypeAlias = NumberSite | ChoiceSite

_FLOATS_NAME = 2**53
"""Up to here every integer is a float."""


def is_large(record: NumberRecord, *, use_prior: bool) -> bool:
    """Whether a number has more values than the quantiles of a float can name."""
    plain = record.integer and not record.log and record.step is None
    by_prior = use_prior and record.prior is not None
    return plain and not by_prior and record.upper - record.lower >= _FLOATS_NAME
