"""Who uses whom in a space: the graph in which its configs are counted.

A node is a site, or what is decided at a shared one. An edge says how often the one uses the other,
2 standing for more: what matters is whether all uses of a node lie below a site.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.errors import Problem, SpaceError
from neps_cs.graph.records import Ref
from neps_cs.resolving.locate import prefixes
from neps_cs.resolving.program import Program
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    FidelitySite,
    GroupSite,
    Nesting,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)
from neps_cs.resolving.walk import least_counts

MAX_NODES = 200_000
"""Of a graph; a recursion may nest in ever so many ways."""
_DIGITS = 20


@dataclass(frozen=True, eq=False)
class Decision:
    """What is decided at a shared site, apart from the branch that is taken there; or at a fresh one
    that is shared because it decides for a shared choice, the `owner`. Made by `Shapes.decision`."""

    site: NumberSite | ChoiceSite | ConstantSite
    owner: tuple[Site, ...] = ()

    @property
    def address(self) -> str:
        """That of the site."""
        return self.site.address


Node: TypeAlias = Decision | Site
Edge: TypeAlias = tuple[Node, int]
Way: TypeAlias = tuple[tuple[Decision, int], ...]
"""Branches that are taken, each where the ones before it lead."""


class Shapes(Program):
    """A program in which fresh uses that look alike are one site: they may be exponentially many.
    `operands` are the addresses of decisions that stand for themselves alone.

    `once` holds the sites that are shared: decided once, whoever uses them. `read` holds the numbers
    whose value decides about something else: counts and bounds.
    """

    def __init__(
        self, resolver: Resolver, max_depth: int | None, operands: AbstractSet[str] = frozenset()
    ) -> None:
        super().__init__(resolver.graph, resolver.recursion)
        self._operands = operands
        self.max_depth = max_depth
        self.once: set[Site] = set()
        self.read: set[NumberSite] = set()
        # what is above an edit, or what a forbidden clause reads, looks like nothing else
        single = (*self.graph.edits, *operands)
        above = dict.fromkeys(a for address in single for a in prefixes(address))
        self._named = frozenset((*self.homes, *self.graph.root_of, *above))
        self._edited_items = _indices_below(above)
        self._deepest = Nesting({-1: max_depth or 0})
        self._shapes: dict[tuple[Ref, frozenset[tuple[Ref, int]], str], Site] = {}
        self._decisions: dict[tuple[Site, tuple[Site, ...]], Decision] = {}

    def decision(
        self, site: NumberSite | ChoiceSite | ConstantSite, owner: tuple[Site, ...] = ()
    ) -> Decision:
        """The one decision at a site."""
        key = site, () if site in self.once else owner
        return self._decisions.setdefault(key, Decision(*key))

    def attribute(self, name: str) -> Site:
        """The site of an attribute, which is shared."""
        site = super().attribute(name)
        self.once.add(site)
        return site

    def shared(self, ref: Ref) -> Site:
        """The shared use of a node."""
        site = super().shared(ref)
        self.once.add(site)
        return site

    def fresh(self, ref: Ref, address: str, nesting: Nesting) -> Site:
        """A use of `ref`, one for all that nest alike; a shared use is told by its address."""
        key = ref, frozenset(nesting.counts.items()), address if address in self._named else ""
        site = self._shapes.get(key)
        if site is None:
            site = self._shapes[key] = super().fresh(ref, address, nesting)
            if address in self._operands:
                self.once.add(site)
        return site

    def deeper(self, ref: Ref, nesting: Nesting) -> Nesting:
        """The nesting as far as it matters: not without a bound, nor beyond it."""
        if self.max_depth is None:
            return self.root
        found = super().deeper(ref, nesting)
        return self._deepest if self._ends(found.depth) else found

    def _ends(self, nesting: int) -> bool:
        return self.max_depth is not None and nesting >= self.max_depth

    def open(self, site: ChoiceSite) -> tuple[int, ...]:
        """The branches that may be taken."""
        return site.soonest if self._ends(site.nesting) else site.every

    def shortest(self, site: RepeatedSite) -> bool:
        """Whether the count has to be the least."""
        return site.may_end and self._ends(site.nesting)

    def decided(self, site: ChoiceSite | ProvidedSite, owner: tuple[Site, ...] = ()) -> Iterator[Way]:
        """Each way to decide a choice: the branches of its providers, then its own."""
        match site:
            case ChoiceSite():
                decision = self.decision(site, owner)
                yield from (((decision, i),) for i in self.open(site))
            case ProvidedSite():
                inner = (*owner, site) if owner else ()
                for above, variant in self.variants(site, owner):
                    yield from (above + own for own in self.decided(variant, inner))
            case _:
                assert_never(site)

    def variants(
        self, site: ProvidedSite, owner: tuple[Site, ...] = ()
    ) -> Iterator[tuple[Way, ChoiceSite | ProvidedSite]]:
        """Each way to decide the provider, and the choice that is left; shared where the site is."""
        shared = site in self.once
        for above in self.decided(site.provider, (site,) if shared else (*owner, site) if owner else ()):
            decided, i = above[-1]
            assert isinstance(decided.site, ChoiceSite), "numbers give no choices"
            variant = site.variant(decided.site, i)
            if shared:
                self.once.add(variant)
            yield above, variant

    def counts(self, site: RepeatedSite, count: ChoiceSite) -> list[tuple[int, int]]:
        """The branches that may be taken for a count, and the number that each gives."""
        branches = least_counts(count) if self.shortest(site) else self.open(count)
        return [(i, int(s.value)) for i in branches if isinstance(s := count.branch(i), ConstantSite)]

    def runs(self, site: RepeatedSite, start: int, stop: int) -> Iterator[tuple[Site, int]]:
        """The items from `start` up to `stop`, exclusive: each with how many that look alike stand
        beside each other. Those in which something is edited or read by a clause look like no other."""
        edited, at = self._edited_items.get(site.address, []), start
        first = next(i for i in itertools.count() if i not in edited)  # the one that stands for all others
        for i in edited:
            if at <= i < stop:
                if at < i:
                    yield site.item(first), i - at
                yield site.item(i), 1
                at = i + 1
        if at < stop:
            yield site.item(first), stop - at

    def is_shared(self, node: Node) -> bool:
        """Whether all uses of a node are one."""
        match node:
            case Decision(site=site, owner=owner):
                return bool(owner) or site in self.once
            case _:
                return node in self.once

    def used(self, site: Site, times: int = 1) -> list[Edge]:
        """The edge to what is resolved as a value, none where nothing is decided."""
        match site:
            case ConstantSite() | FidelitySite():
                return []
            case NumberSite() if site in self.once:
                return [(self.decision(site), times)]
            case _:
                return [(site, times)]


class Uses:
    """The graph below some sites. Grows by `explore`.

    `edges` lists what each node uses, users after what they use; `totals` how often each is used in
    all; `keys` are the shared nodes that are used more than once. `endless` are the addresses of
    decisions with infinitely many values, and of recursions that can grow without bound;
    `surely_endless` says whether one of them can be active, conditions aside.
    """

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.edges: dict[Node, list[Edge]] = {}
        self.totals: Counter[Node] = Counter()
        self.keys: set[Node] = set()
        self._endless: dict[str, None] = {}
        self._provided = False

    @property
    def endless(self) -> tuple[str, ...]:
        """See the class."""
        return tuple(self._endless)

    @property
    def surely_endless(self) -> bool:
        """See the class. Where a choice is given by another one, not all branches are open at a time."""
        return bool(self._endless) and not self._provided

    def count(self, starts: Iterable[Edge]) -> None:
        """Set `totals` and `keys`. What lies in a shared node is used once for all uses of that."""
        found: Counter[Node] = Counter()
        for node, times in starts:
            found[node] += times
        for user, edges in reversed(self.edges.items()):
            uses = 1 if self.shapes.is_shared(user) else found[user]
            for node, times in edges:
                found[node] += times * uses
        self.totals = found
        self.keys = {node for node, n in found.items() if n > 1 and self.shapes.is_shared(node)}

    def live(self, edges: Iterable[Edge], within: Mapping[Node, Mapping[Node, int]]) -> dict[Node, int]:
        """How often each key is used along these edges; `within` says so for what is no key."""
        found: dict[Node, int] = {}
        for node, times in edges:
            for key, n in ((node, 1),) if node in self.keys else within.get(node, {}).items():
                found[key] = found.get(key, 0) + n * times
        return found

    def explore(self, starts: Iterable[Edge]) -> None:
        """Add all that is below, depth first with a stack; a step back, into a cycle, is left out.

        Raises SpaceError beyond 200,000 nodes.
        """
        for start, _ in starts:
            path: dict[Node, list[Edge]] = {}
            stack = self._entered(start, path)
            while stack:
                node, rest = stack[-1]
                step = next(rest, None)
                if step is None:
                    self.edges[node] = path.pop(node)
                    stack.pop()
                elif step[0] in path:
                    self._endless[step[0].address] = None
                else:
                    path[node].append(step)
                    stack += self._entered(step[0], path)

    def _entered(self, node: Node, path: dict[Node, list[Edge]]) -> list[tuple[Node, Iterator[Edge]]]:
        if node in self.edges:
            return []
        path[node] = []
        if len(self.edges) > MAX_NODES:
            rule = f"a space must have {MAX_NODES:,} sites of a kind at most, to be counted; lower max_depth"
            raise SpaceError(Problem(rule, f"more at {node.address}", self.shapes.graph.name))
        return [(node, iter(self._below(node)))]

    def _below(self, node: Node) -> list[Edge]:
        used = self.shapes.used
        match node:
            case Decision(site=NumberSite() as number) | (NumberSite() as number):
                return self._number(number)
            case Decision() | ConstantSite() | FidelitySite():
                return []
            case ChoiceSite():
                own: list[Edge] = [(self.shapes.decision(node), 1)] if node in self.shapes.once else []
                return own + [e for i in self.shapes.open(node) for e in used(node.branch(i))]
            case GroupSite(items=sites) | OperationSite(parts=sites):
                return [e for site in sites for e in used(site)]
            case RepeatedSite():
                return self._repeated(node)
            case ProvidedSite(provider=provider):
                self._provided = True
                return self._reads(provider) + [e for _, v in self.shapes.variants(node) for e in used(v)]
            case _:
                assert_never(node)

    def _reads(self, site: Site) -> list[Edge]:
        """The edges to what is decided for a count, a bound or a provider."""
        match site:
            case NumberSite():
                self.shapes.read.add(site)
                return self.shapes.used(site)
            case ChoiceSite() | ProvidedSite():
                made = dict.fromkeys(decision for way in self.shapes.decided(site) for decision, _ in way)
                return [(decision, 1) for decision in made if self.shapes.is_shared(decision)]
            case _:
                return []

    def _number(self, site: NumberSite) -> list[Edge]:
        record, bounds = site.record, [b for b in site.bounds if b is not None]
        if record.lower < record.upper and not record.integer and record.step is None:
            self._endless[site.address] = None
        return [e for bound in bounds for e in self._reads(bound)]

    def _repeated(self, site: RepeatedSite) -> list[Edge]:
        reads: list[Edge] = []
        match site.count:
            case ConstantSite(value=value):
                most = int(value)
            case NumberSite(record=record) if self.shapes.shortest(site):
                most = int(record.lower)
            case NumberSite(record=record) as count:
                most, reads = int(record.upper), self._reads(count)
            case ChoiceSite() as count:
                most, reads = max(n for _, n in self.shapes.counts(site, count)), self._reads(count)
            case _:
                raise AssertionError("checked when the space was made")
        runs = self.shapes.runs(site, 0, most)
        return reads + [e for item, times in runs for e in self.shapes.used(item, min(times, 2))]


def _indices_below(addresses: Iterable[str]) -> dict[str, list[int]]:
    """The last segments that are numbers, in order, by what stands above them."""
    found: dict[str, list[int]] = {}
    for address in addresses:
        above, _, last = address.rpartition(":")
        if last.isascii() and last.isdigit() and len(last) < _DIGITS:  # longer ones are no index
            found.setdefault(above, []).append(int(last))
    return {above: sorted(indices) for above, indices in found.items()}
