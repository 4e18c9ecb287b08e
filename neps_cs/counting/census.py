"""The census of a space: how many configs it has, without making them.

The ways of a site come from those of the sites below it. What is used more than once (a node in two
places, a count, a bound, the parent of a condition) is a key: its users only note that they reach or
read it, and it is settled at the first site that has all its uses below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import product

from typing_extensions import assert_never

from neps_cs.conditions import parents
from neps_cs.counting.shapes import Decision, Edge, Node, Shapes, Uses, Way
from neps_cs.counting.truths import Truths
from neps_cs.counting.ways import (
    MAX_BITS,
    MAX_CASES,
    ONE,
    Case,
    Cases,
    Parts,
    Pool,
    Ways,
    add,
    both,
    either,
    power,
    times,
)
from neps_cs.errors import Problem, SpaceError
from neps_cs.forbidden import Clause, Relation, leaves, operands, pruned
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    FidelitySite,
    GroupSite,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)


class Census:
    """Counts the configs of a space. `endless` are the addresses of decisions with infinitely many
    values, and of recursions that can grow without bound, as far as conditions let them be."""

    def __init__(self, resolver: Resolver, max_depth: int | None) -> None:
        self.name, self._order = resolver.graph.name, resolver.order
        clauses = () if resolver.forbidding is None or resolver.all_legal else resolver.forbidding.clauses
        resolver = resolver.narrowed
        given = resolver.graph.conditions  # those of attributes that nobody asks for have no effect
        conditions = {n: given[n] for n in self._order if n in given}
        read = {a for c in clauses for a in operands(c.addressed)}
        self._shapes = Shapes(resolver, max_depth, read)
        known = dict(_located(self._shapes, self._order, read))
        given_clauses = [c for b in clauses if (c := pruned(b.addressed, known.__contains__)) is not None]
        self._truths = Truths(self._shapes, conditions, given_clauses, known)
        self._uses = Uses(self._shapes)
        self._uses.explore(e for n in self._order if n not in conditions for e in self._root(n))
        self._surely_endless = self._uses.surely_endless
        self._uses.explore(e for n in conditions for e in self._root(n))
        self.endless = self._uses.endless
        reached = (pruned(c, lambda a: known[a] in self._uses.edges) for c in given_clauses)
        self._clauses = [c for c in reached if c is not None]
        self._parts: dict[Node, Parts] = {}
        self._live: dict[Node, dict[Node, int]] = {}
        self._states: dict[Node, dict[float, Cases]] = {}

    @property
    def uncounted(self) -> list[str]:
        """The addresses of the real numbers that forbidden relations read."""
        relations = [r for c in self._clauses for r in leaves(c) if isinstance(r, Relation)]
        sites = {d.site for r in relations for d in self._truths.parents(r)}
        return [
            s.address
            for s in sites
            if isinstance(s, NumberSite)
            and s.record.lower < s.record.upper
            and not s.record.integer
            and s.record.step is None
        ]

    def total(self) -> Ways:
        """The number of configs, None where it is infinite. Raises SpaceError where it is out of reach."""
        if self._surely_endless and not self._clauses:
            return None
        attributes = [e for n in self._order for e in self._root(n)]
        self._uses.count(attributes)
        self._refuse_late()
        conditions = self._truths.conditions.values()
        reading = (*conditions, *self._clauses)
        edges = [*attributes, *((parent, 1) for c in reading for parent in self._truths.parents(c))]
        self._uses.count(edges)
        for node in self._uses.edges:
            self._evaluate(node)
        parts = [p for n in self._order for p in self._attribute(n)]
        return self._settled([*parts, *map(self._allowed, self._clauses)], edges)[0].ways

    def _allowed(self, clause: Clause) -> Parts:
        """The cases that a clause does not forbid."""
        states = {p: frozenset(self._states[p]) for p in self._truths.parents(clause)}
        return Parts(factors=(self._truths.truth(clause, states)[1],))

    def _root(self, name: str) -> list[Edge]:
        """The edge to an attribute. Of a constant it matters only whether it is active."""
        site = self._shapes.attribute(name)
        return (
            [(self._shapes.decision(site), 1)] if isinstance(site, ConstantSite) else self._shapes.used(site)
        )

    def _refuse_late(self) -> None:
        """A condition reads what was decided before it: of a conditional parent that others decide
        too, maybe later, that can't be told."""
        conditions, uses = self._truths.conditions, self._uses.totals
        for child, condition in conditions.items():
            for name, parent in zip(parents(condition), self._truths.parents(condition), strict=True):
                # a choice that is resolved reads its own decision
                more = uses[parent] + (uses[parent.site] - 1 if isinstance(parent.site, ChoiceSite) else 0)
                if name in conditions and more > 1:
                    rule = "a parent that has a condition must not be another attribute too, to be counted"
                    raise SpaceError(Problem(rule, f"parent={name!r}", child))

    def _attribute(self, name: str) -> Iterator[Parts]:
        condition = self._truths.conditions.get(name)
        for node, _ in self._root(name):
            parts = self._reached(node)
            if condition is not None:
                states = {p: frozenset(self._states[p]) for p in self._truths.parents(condition)}
                holds, fails = self._truths.truth(condition, states)
                parts = Parts(factors=(either(both(holds, parts.cases()), fails),))
            yield parts

    def _evaluate(self, node: Node) -> None:
        edges = self._uses.edges[node]
        match node:
            case Decision() | NumberSite():
                states = self._states[node] = self._decision(node)
                # others want the states apart: what lies below them is settled there
                self._parts[node] = Pool([Parts(factors=(either(*states.values()),))]).parts()
                self._live[node] = self._uses.live(edges, self._live)
            case _:
                self._parts[node], self._live[node] = self._settled(self._site(node), edges)

    def _settled(self, parts: Iterable[Parts], edges: list[Edge]) -> tuple[Parts, dict[Node, int]]:
        """Parts beside each other, without the keys that are used nowhere else; and the uses of the rest."""
        pool, live, totals = Pool(parts), self._uses.live(edges, self._live), self._uses.totals
        ready = {key: None for key, n in live.items() if n == totals[key]}
        while ready:
            key = pool.cheapest(ready)
            del ready[key], live[key]
            pool.settle(key, self._parts[key], self._states.get(key, {}))
            for inner, n in self._live[key].items():
                live[inner] = live.get(inner, 0) + n
                if live[inner] == totals[inner]:
                    ready[inner] = None
        return pool.parts(), live

    def _site(self, site: Site) -> list[Parts]:
        match site:
            case GroupSite(items=sites) | OperationSite(parts=sites):
                return [self._used(s) for s in sites]
            case ChoiceSite():
                return [
                    self._one_of(
                        (((self._shapes.decision(site), i),), site.branch(i)) for i in self._shapes.open(site)
                    )
                ]
            case ProvidedSite():
                return [self._one_of(self._shapes.variants(site))]
            case RepeatedSite():
                return self._repeated(site)
            case NumberSite() | ConstantSite() | FidelitySite():
                return []
            case _:
                assert_never(site)

    def _used(self, site: Site) -> Parts:
        """The parts of what is resolved as a value."""
        return next((self._reached(node) for node, _ in self._shapes.used(site)), Parts())

    def _reached(self, node: Node) -> Parts:
        """The parts of a node; of a key only that it is reached."""
        # what has no parts yet lies above: a recursion without bound
        parts = self._parts.get(node, Parts(None))
        key = node in self._uses.keys and (isinstance(node, Decision) or not parts.trivial)
        return Parts(sure=frozenset({node})) if key else parts

    def _one_of(self, ways: Iterable[tuple[Way, Site]]) -> Parts:
        """One of several sites, each with the branches that lead to it."""
        return Parts(factors=(either(*(both(self._taken(way), self._used(s).cases()) for way, s in ways)),))

    def _taken(self, way: Way) -> Cases:
        """The cases in which these branches are taken."""
        return reduce(both, (self._gives(decision, i) for decision, i in way), ONE)

    def _gives(self, node: Node, state: float, cases: Cases = ONE) -> Cases:
        """The cases in which a decision gives this: `cases` where nothing else asks for it."""
        if node not in self._uses.keys:
            return cases
        return {Case(frozenset({node}), frozenset({(node, frozenset({state}))})): 1}

    def _repeated(self, site: RepeatedSite) -> list[Parts]:
        match site.count:
            case ConstantSite(value=value):
                return [self._used(item).repeated(n) for item, n in self._shapes.runs(site, 0, int(value))]
            case NumberSite(record=record) if self._shapes.shortest(site):
                counts = [(record.lower, ONE)]
            case ChoiceSite() as count:
                counts = [
                    (n, self._taken(((self._shapes.decision(count), i),)))
                    for i, n in self._shapes.counts(site, count)
                ]
            case count:
                counts = self._outcomes(count)
        return [Parts(factors=(either(*self._by_count(site, sorted(counts, key=lambda c: c[0]))),))]

    def _by_count(self, site: RepeatedSite, counts: list[tuple[float, Cases]]) -> Iterator[Cases]:
        items, at, bits = ONE, 0, 0
        content: dict[Site, Cases] = {}
        for count, cases in counts:
            for item, n in self._shapes.runs(site, at, int(count)):
                if item not in content:
                    content[item] = self._used(item).cases()
                items = both(items, power(content[item], n))
            at = int(count)
            bits += sum(0 if n is None else n.bit_length() for n in items.values())
            if bits > 64 * MAX_BITS:
                rule = "what is repeated by a parameter must have fewer counts or fewer ways, to be counted"
                raise SpaceError(Problem(rule, f"{len(counts):,} counts up to {counts[-1][0]}", site.address))
            yield both(cases, items)

    def _outcomes(self, site: Site) -> list[tuple[float, Cases]]:
        """Each number that a count or a bound may be, with the cases in which it is."""
        match site:
            case ConstantSite(value=value):
                return [(value, ONE)]
            case NumberSite():
                ((node, _),) = self._shapes.used(site)
                return [(n, self._gives(node, n, cases)) for n, cases in self._states[node].items()]
            case ChoiceSite():
                taken = (
                    (self._taken(((self._shapes.decision(site), i),)), site.branch(i))
                    for i in self._shapes.open(site)
                )
                return [(s.value, cases) for cases, s in taken if isinstance(s, ConstantSite)]
            case _:
                raise AssertionError("checked when the space was made")

    def _decision(self, node: Decision | NumberSite) -> dict[float, Cases]:
        """What a decision may be, and the cases in which it is."""
        match node:
            case Decision(site=NumberSite() as number) | (NumberSite() as number):
                return self._number(number)
            case Decision(site=ChoiceSite() as choice):
                return dict.fromkeys(self._shapes.open(choice), ONE)
            case _:
                return {0: ONE}

    def _number(self, site: NumberSite) -> dict[float, Cases]:
        record, (lower, upper) = site.record, site.bounds
        lows = [(record.lower, ONE)] if lower is None else self._outcomes(lower)
        highs = [(record.upper, ONE)] if upper is None else self._outcomes(upper)
        if len(lows) * len(highs) > MAX_CASES:
            rule = f"bounds that are parameters must have {MAX_CASES:,} pairs at most, to be counted"
            raise SpaceError(Problem(rule, f"{len(lows) * len(highs):,}", site.address))
        found: dict[float, Cases] = {}
        for (low, a), (high, b) in product(lows, highs):
            scale, joint = record.scale(low, high), both(a, b)
            for state, ways in self._truths.states(site, scale) if joint else ():
                for case, n in joint.items():
                    add(found.setdefault(state, {}), case, times(n, ways))
        return found


def _located(
    shapes: Shapes, order: tuple[str, ...], addresses: Iterable[str]
) -> Iterator[tuple[str, Decision]]:
    """What is decided at these addresses, those of decisions that are not open any more left out."""
    locator = Locator(shapes, order)
    for address in addresses:
        if address in shapes.graph.root_of:
            site = shapes.attribute(address)
            if isinstance(site, (NumberSite, ChoiceSite, ConstantSite)):
                yield address, shapes.decision(site)
        elif locator.holds(address):
            yield address, shapes.decision(locator.decision(address))
