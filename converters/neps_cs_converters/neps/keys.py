"""The keys of NePS's configs: one path for each decision, by where NePS meets it first.

| below the path `p` | path |
|---|---|
| attribute `x` of the space | `Resolvable.x` |
| args, kwargs of an Operation | `p.args`, `p.kwargs` |
| item i of a tuple or list; key k of a dict | `p.sequence[i]`; `p.mapping_value{k}` |
| count, item i of a Repeated | `p.repeat_count`, `p.repeated_item[i]` |
| the chosen branch of a Categorical; its provider | `p.sampled_value`; `p.choice_provider` |
| bounds that are parameters | `p.lower`, `p.upper` |
| a fresh use; a reference by name to `x` | `p.resampled_<type>`; `p.x` |

A key is `SAMPLING__<path>::<type>__<domain>`: `integer__1_7_False` (lower, upper, log), `categorical__3`; a
choice is held as an index. Learned by observing the configs that NePS 0.16 and 0.17 write.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from typing_extensions import assert_never

from neps_cs.errors import ConversionError, Problem
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
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    GroupSite,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)
from neps_cs_converters.neps.forms import (
    FRESH,
    form_of,
    is_mixed,
    is_tuple,
    provider_branches,
    resampled_name,
)

MAX_KEYS = 100_000
ROOT = "Resolvable"
KEPT = "_neps_cs_structure"
"""The name of an attribute that a space made by `to_neps` has beside its own."""
EMPTY = "_neps_cs_empty"
"""The attribute that is called "" in a ConfigurationSpace: NePS needs a name."""
ALONE = tuple(
    f"SAMPLING__{ROOT}.{KEPT}.resampled_operation.args.sequence[{i}].resampled_categorical::categorical__1"
    for i in range(2)
)
"""Keys of two decisions for nothing. NePS's complex_random_search, which is its "auto", mutates up to half of
a config's decisions, and fails where there is one alone."""


class Decider(Protocol):
    """Says what is decided at a path of NePS's."""

    def number(self, site: NumberSite, path: str, lower: float, upper: float) -> float:
        """The number, between bounds that were decided."""
        ...

    def choice(self, site: ChoiceSite, path: str) -> int:
        """The index of the branch, in the choices as we write them."""
        ...


_Step: TypeAlias = "Callable[[], None]"


class Walk:
    """One traversal in the order of NePS, which decides everything that it can reach, conditions aside.

    A stack of its own: grammars may nest deeper than Python. `numbers` and `taken` hold what was decided.
    """

    def __init__(self, resolver: Resolver, decide: Decider) -> None:
        self.graph, self.program, self.decide = resolver.graph, resolver.program, decide
        self.given = provider_branches(resolver.graph)
        self.numbers: dict[str, float] = {}
        self.taken: dict[str, int] = {}
        self._todo: list[_Step] = []
        self._entered: set[tuple[int, Ref]] = set()
        self._kept: list[Site] = []  # so that an id stays that of one site

    def run(self, names: list[str]) -> None:
        """Decide below these attributes, in their order. Raises ConversionError where it does not end."""
        for name in reversed(names):
            ref = self.graph.root_of[name]
            self._later(ref, self.program.attribute(name), f"{ROOT}.{name or EMPTY}")
        while self._todo:
            self._todo.pop()()
            if len(self.numbers) + len(self.taken) > MAX_KEYS:
                rule = f"a config must not hold more than {MAX_KEYS} decisions"
                raise ConversionError(Problem(rule, "more", self.graph.name))

    def _later(self, ref: Ref, site: Site, path: str) -> None:
        self._todo.append(partial(self._visit, ref, site, path))

    def _visit(self, ref: Ref, site: Site, path: str) -> None:
        record = self.graph.records[ref]
        match record:
            case ByNameRecord(name=name):
                self._later(self.graph.root_of[name], site, f"{path}.{name}")
            case ResampleRecord(source=source):
                self._resampled(source, site, path)
            case ConstantRecord() | LazyRecord() | FidelityRecord():
                pass
            case SequenceRecord(items=items):
                assert isinstance(site, GroupSite), "one site for one record"
                mixed = ref in self.given and is_mixed(self.graph, items)
                for i in reversed(range(len(items))):
                    again = ".resampled_tuple" if mixed and is_tuple(self.graph.records[items[i]]) else ""
                    self._later(items[i], site.items[i], f"{path}.sequence[{i}]{again}")
            case MappingRecord(items=items, keys=keys):
                assert isinstance(site, GroupSite), "one site for one record"
                for i in reversed(range(len(items))):
                    self._later(items[i], site.items[i], f"{path}.mapping_value{{{keys[i]}}}")
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                self._node(ref, record, site, path)
            case _:
                assert_never(record)

    def _resampled(self, source: Ref, site: Site, path: str) -> None:
        record = self.graph.records[source]
        if isinstance(record, ByNameRecord):
            target = self.graph.root_of[record.name]
            if isinstance(self.graph.records[target], FRESH):
                self._later(target, site, f"{path}.resampled_{resampled_name(self.graph.records[target])}")
            else:
                self._later(target, site, f"{path}.resampled_byname.{record.name}")
        elif isinstance(record, FRESH):
            self._later(source, site, f"{path}.resampled_{resampled_name(record)}")

    def _node(self, ref: Ref, record: Record, site: Site, path: str) -> None:
        """What NePS resolves once: later uses find it decided."""
        if (id(site), ref) in self._entered:
            return
        self._entered.add((id(site), ref))
        self._kept.append(site)
        match record, site:
            case NumberRecord(), NumberSite():
                self._number(record, site, path)
            case ChoiceRecord(choices=tuple()), ChoiceSite():
                self._choice(site, path)
            case ChoiceRecord(choices=int() as provider), ProvidedSite() | ChoiceSite():
                self._provided(provider, site, path)
            case OperationRecord(args=args, kwargs=kwargs), OperationSite():
                args_site, kwargs_site = site.parts
                self._later(kwargs, kwargs_site, f"{path}.kwargs")
                self._later(args, args_site, f"{path}.args")
            case RepeatedRecord(count=count), RepeatedSite():
                self._todo.append(partial(self._items, record, site, path))
                self._later(count, site.count, f"{path}.repeat_count")
            case _:
                raise AssertionError("one site for one record")

    def _number(self, record: NumberRecord, site: NumberSite, path: str) -> None:
        lower, upper = site.bounds
        self._todo.append(partial(self._decide_number, site, path))
        for ref, bound, name in ((record.upper_ref, upper, "upper"), (record.lower_ref, lower, "lower")):
            if ref is not None and bound is not None:
                self._later(ref, bound, f"{path}.{name}")

    def _decide_number(self, site: NumberSite, path: str) -> None:
        if site.address not in self.numbers:
            lower, upper = site.bounds
            low = site.record.lower if lower is None else self.value(lower)
            high = site.record.upper if upper is None else self.value(upper)
            self.numbers[site.address] = self.decide.number(site, path, low, high)

    def _choice(self, site: ChoiceSite, path: str) -> None:
        index = self._taken(site, path)
        refs = site.branches.refs
        below = f"{path}.sampled_value"
        open_ = tuple(refs[i] for i in site.record.open(len(refs)))
        if is_tuple(self.graph.records[refs[index]]) and is_mixed(self.graph, open_):
            below += ".resampled_tuple"
        self._later(refs[index], site.branch(index), below)

    def _provided(self, provider: Ref, site: ProvidedSite | ChoiceSite, path: str) -> None:
        if isinstance(site, ChoiceSite):  # a tuple behind a name gives the choices
            self._choice(site, path)
            return
        if isinstance(site.provider, ProvidedSite):
            rule = "NePS's keys for a provider of a provider are not known"
            raise ConversionError(Problem(rule, repr(site.address), site.address))
        index = self._taken(site.provider, f"{path}.choice_provider")
        found = site.variant(site.provider, index)
        assert isinstance(found, ChoiceSite), "the provider has no provider"
        self._choice(found, path)

    def _taken(self, site: ChoiceSite, path: str) -> int:
        index = self.taken.get(site.address)
        if index is None:
            index = self.taken[site.address] = self.decide.choice(site, path)
        return index

    def _items(self, record: RepeatedRecord, site: RepeatedSite, path: str) -> None:
        count = int(self.value(site.count))
        for i in reversed(range(count)):
            self._later(record.content, site.item(i), f"{path}.repeated_item[{i}]")

    def value(self, site: Site) -> float:
        """What was decided at a site of numbers: a bound or a count."""
        while isinstance(site, ChoiceSite):
            site = site.branch(self.taken[site.address])
        if isinstance(site, NumberSite):
            return self.numbers[site.address]
        assert isinstance(site, ConstantSite), "checked when the space was made"
        number: float = site.value
        return number


def number_key(site: NumberSite, path: str, lower: float, upper: float) -> str:
    """The key of a number."""
    record, (kind, grid) = site.record, form_of(site.record)
    domain = f"{lower}_{upper}_{record.log}" if grid is None else str(len(grid))
    return f"SAMPLING__{path}::{kind}__{domain}"


def choice_key(site: ChoiceSite, path: str) -> str:
    """The key of a choice."""
    return f"SAMPLING__{path}::categorical__{len(site.record.open(len(site.branches.refs)))}"
