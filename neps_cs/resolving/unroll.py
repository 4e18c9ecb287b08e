"""A graph as a finite table: every decision that can be made, and when it is active.

Activity is read off the uses of each site. A site used without condition is always active; one
below a branch is active where that branch is taken, which implies all that lies above. A shared
site reached from several places is active under the OR of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from typing_extensions import assert_never

from neps_cs.conditions import And, Condition, Equals, Greater, In, Or
from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.records import ConstantRecord, LazyRecord, MappingRecord, SequenceRecord
from neps_cs.resolving.circles import without_circles
from neps_cs.resolving.clauses import (
    ALWAYS,
    Clause,
    Exceeds,
    Literal,
    Taken,
    Written,
    addressed,
    clause_key,
    literal_key,
    read,
    without_absorbed,
)
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    FidelitySite,
    GroupSite,
    NumberSite,
    OperationSite,
    ProvidedSite,
    RepeatedSite,
    Site,
)
from neps_cs.resolving.too_many import MAX_ENTRIES, Count, counted, too_many
from neps_cs.resolving.walk import least_counts
from neps_cs.values import is_plain

MAX_SITES = 100_000
"""So many places a translation may look at, whether something is decided there or not."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A decision or a constant: its address, what may be decided, and when it is active (None: always).

    `allowed` is (lower, upper) for a number, the indices of the open branches for a choice. A
    fidelity stands in the table only where it is wanted as a hyperparameter.
    """

    address: str
    site: DecisionSite | ConstantSite | FidelitySite
    allowed: tuple[float, ...]
    condition: Condition | None


@dataclass(eq=False)
class _Use:
    """When a site is visited as a value, and when only its decision is read (counts, providers)."""

    site: Site
    users: int = 0
    as_value: set[Clause] = field(default_factory=set)
    as_decision: set[Clause] = field(default_factory=set)
    decided: frozenset[Clause] = frozenset()


def unroll(
    resolver: Resolver, max_depth: int | None = None, *, with_fidelities: bool = False
) -> tuple[Entry, ...]:
    """The table of a space, in the order in which its sites are first reached.

    `max_depth` bounds the nested uses of a recursive definition, as in sampling; without
    recursion it may be None. Raises ConversionError where it is needed and not given, and where the
    table has more than 10,000 entries (naming the attributes that have most, and what to lower).
    """
    if max_depth is None and resolver.recursion.recursive:
        names = [n for r, n in resolver.graph.name_of.items() if r in resolver.recursion.recursive]
        rule = "a recursive space needs max_depth to become finite"
        raise ConversionError(
            Problem(rule, f"max_depth=None, recursion by {', '.join(names)}", resolver.graph.name)
        )
    deepest = float("inf") if max_depth is None else max_depth
    try:
        table = _Unroller(resolver, deepest).table()
    except _TooManyError:
        counts = counted(resolver.order, lambda name, most: _Unroller(resolver, deepest, most).count(name))
        raise ConversionError(too_many(resolver, counts, max_depth)) from None
    if not with_fidelities:
        return table
    fidelities = ((n, r, resolver.program.attribute(n)) for n, r in resolver.fidelities.items())
    return table + tuple(
        Entry(name, site, (record.lower, record.upper), None)
        for name, record, site in fidelities
        if isinstance(site, FidelitySite)
    )


class _TooManyError(Exception):
    """The table would be too large."""


class _Unroller:
    def __init__(self, resolver: Resolver, max_depth: float, most: float = math.inf) -> None:
        self.resolver, self.max_depth, self.most = resolver, max_depth, most
        self.uses: dict[int, _Use] = {}
        self.decisions: dict[str, _Use] = {}
        self.least: dict[str, tuple[float, ...]] = {}  # counts that must end a recursion: what is open

    def table(self) -> tuple[Entry, ...]:
        graph, program = self.resolver.graph, self.resolver.program
        starts = [(program.attribute(n), addressed(graph.conditions.get(n), self._address))
                  for n in self.resolver.order]  # fmt: skip
        order = self._topological([site for site, _ in starts])
        for site, condition in starts:
            self.uses[id(site)].as_value.add(
                frozenset() if condition is None else frozenset({Written(condition)})
            )
        for site in order:
            use = self.uses[id(site)]
            value = self._merged(use.as_value)
            use.decided = self._merged(use.as_value | use.as_decision)
            for child, literal, as_value in self._children(site):
                # no value: inside the branch of a provider, which is only read
                base = ALWAYS if value and self._implied(use, literal) else value
                clauses = base if literal is None else {c | {literal} for c in base}
                found = self.uses[id(child)]
                (found.as_value if as_value else found.as_decision).update(clauses)
        self._refuse_circles()
        return tuple(self._entries(order))

    def _refuse_circles(self) -> None:
        """Decisions that are shared may be reached again below what they decide: such ways say nothing."""
        ways = {address: use.decided for address, use in self.decisions.items()}
        left = without_circles(ways)
        if left:
            # what is only read can be public or fresh; what it decides, an item or a branch, can't
            shared = [a for a in left if len(ways[a]) > 1 and self.decisions[a].as_decision]
            rule = (
                "the activity of a count or provider must not depend on what it decides itself; make it an "
                "attribute without underscore, which is always active, or use it with .resample()"
            )
            place = (shared or left)[0]
            raise ConversionError(Problem(rule, f"a circle of conditions on {', '.join(left)}", place))
        for address, use in self.decisions.items():
            use.decided = ways[address]

    def _address(self, parent: str) -> str:
        return self.resolver.program.attribute(parent).address

    def _topological(self, starts: list[Site]) -> list[Site]:
        """Every site before what it uses, else in the order of writing; depth first with a stack."""
        order: list[Site] = []
        for start in reversed(starts):
            stack = self._entered(start)
            while stack:
                site, rest = stack[-1]
                step = next(rest, None)
                if step is None:
                    order.append(site)
                    stack.pop()
                else:
                    stack += self._entered(step)
        order.reverse()
        return order

    def _entered(self, site: Site) -> list[tuple[Site, Iterator[Site]]]:
        known = self.uses.get(id(site))
        if known is not None:
            known.users += 1
            return []
        use = self.uses[id(site)] = _Use(site, users=1)
        if isinstance(site, (NumberSite, ChoiceSite)):
            self.decisions[site.address] = use
        if len(self.decisions) > MAX_ENTRIES or len(self.uses) > self.most:
            raise _TooManyError
        if len(self.uses) > MAX_SITES:  # fresh uses of what decides nothing, over and over
            rule = f"a translation may have {MAX_SITES} places at most; lower max_depth or counts"
            raise ConversionError(Problem(rule, "more", self.resolver.graph.name))
        # last first: reversed post-order then keeps the order of writing
        return [(site, iter([child for child, _, _ in self._children(site)][::-1]))]

    def count(self, name: str) -> Count:
        """How many decisions are made below an attribute, among `most` sites at most."""
        try:
            self._topological([self.resolver.program.attribute(name)])
        except _TooManyError:
            seen_all = False
        else:
            seen_all = True
        below = sum(address == name or address.startswith(f"{name}:") for address in self.decisions)
        return Count(below, seen_all, len(self.uses))

    def _children(self, site: Site) -> list[_Step]:
        """What a site uses: (child, what must hold besides the site's own activity, as a value?)."""
        match site:
            case ChoiceSite():
                return [
                    (site.branch(i), _taken(site, i), True) for i in self._open(site) if self._leads(site, i)
                ]
            case GroupSite():
                return [(item, None, True) for item in site.items]
            case OperationSite():
                return [(part, None, True) for part in site.parts]
            case RepeatedSite():
                return self._items(site)
            case ProvidedSite():
                return self._variants(site)
            case NumberSite(bounds=bounds):
                return [(bound, None, False) for bound in bounds if bound is not None]
            case ConstantSite() | FidelitySite():
                return []
            case _:
                assert_never(site)

    def _leads(self, site: ChoiceSite, i: int) -> bool:
        """Whether there is anything to see in a branch: a constant that is written there is no entry."""
        stack = [site.branches.refs[i]]
        while stack:
            record = self.resolver.graph.records[stack.pop()]
            if isinstance(record, (SequenceRecord, MappingRecord)):
                stack += record.items
            elif not isinstance(record, (ConstantRecord, LazyRecord)):
                return True
        return False

    def _open(self, site: ChoiceSite) -> tuple[int, ...]:
        least = self.least.get(site.address)
        if least is not None:
            return tuple(int(i) for i in least)
        return site.soonest if site.nesting >= self.max_depth else site.every

    def _items(self, site: RepeatedSite) -> list[_Step]:
        count = site.count
        if isinstance(count, ConstantSite):
            return [(site.item(i), None, True) for i in range(min(count.value, MAX_ENTRIES + 1))]
        ends = site.may_end and site.nesting >= self.max_depth
        if isinstance(count, ChoiceSite):
            if ends:
                self.least[count.address] = least_counts(count)
            branches = ((k, count.branch(k)) for k in self._open(count))
            sizes = {k: int(s.value) for k, s in branches if isinstance(s, ConstantSite)}
            return [(count, None, False)] + [
                (site.item(i), Taken(count.address, frozenset(k for k, n in sizes.items() if n > i)), True)
                for i in range(max(sizes.values()))
            ]
        assert isinstance(count, NumberSite), "checked when the space was made"
        if ends:
            self.least[count.address] = (count.record.lower, count.record.lower)
        lower, upper = (int(x) for x in self.least.get(count.address, count.allowed))
        return [(count, None, False)] + [
            (site.item(i), Exceeds(count.address, i) if i >= lower else None, True)
            for i in range(min(upper, MAX_ENTRIES + 1))
        ]

    def _variants(self, site: ProvidedSite) -> list[_Step]:
        steps: list[_Step] = []
        for decided, given, last in self._deciding(site.provider):
            steps.append((decided, given, False))
            for i in self._open(decided) if last else ():
                steps.append((site.variant(decided, i), _taken(decided, i), True))
        return steps

    def _deciding(
        self, provider: ChoiceSite | ProvidedSite, given: Literal | None = None
    ) -> Iterator[tuple[ChoiceSite, Literal | None, bool]]:
        """The plain choices behind a provider: under which branch above each is decided, and whether
        its own choice is what the provider gives, or only decides which choice does."""
        if isinstance(provider, ChoiceSite):
            yield provider, given, True
            return
        for decided, above, last in self._deciding(provider.provider, given):
            yield decided, above, False
            for i in self._open(decided) if last else ():
                yield from self._deciding(provider.variant(decided, i), _taken(decided, i))

    def _implied(self, use: _Use, literal: Literal | None) -> bool:
        """Whether the literal alone says that the site is active: its decision is made nowhere else."""
        if not isinstance(literal, (Taken, Exceeds)):
            return False
        read = self.decisions[literal.address]
        if read is use:
            return not use.as_decision
        return read.users == 1

    def _merged(self, clauses: set[Clause]) -> frozenset[Clause]:
        """The same condition in fewer clauses: branches joined, full choices and absorbed clauses gone."""
        if not clauses or clauses == ALWAYS:
            return frozenset(clauses)
        while True:
            joined = self._joined(clauses)
            kept = without_absorbed(joined)
            if kept == clauses:
                return frozenset(kept)
            clauses = kept

    def _joined(self, clauses: set[Clause]) -> set[Clause]:
        groups: dict[tuple[Clause, str, type], list[Taken | Exceeds]] = {}
        result = set(clauses)
        for clause in clauses:
            for literal in clause:
                if isinstance(literal, (Taken, Exceeds)):
                    key = clause - {literal}, literal.address, type(literal)
                    groups.setdefault(key, []).append(literal)
        for (rest, address, _), literals in groups.items():
            taken = frozenset(i for x in literals if isinstance(x, Taken) for i in x.indices)
            over = min((x.value for x in literals if isinstance(x, Exceeds)), default=0)
            site = self.decisions[address].site
            known = self.decisions[address].decided  # empty: not known yet
            full = bool(known) and isinstance(site, ChoiceSite) and taken == frozenset(self._open(site))
            if len(literals) > 1 or full:
                result -= {rest | {x} for x in literals}
                if full:
                    result |= {rest | c for c in known}
                else:
                    result.add(rest | {Taken(address, taken) if taken else Exceeds(address, over)})
        return result

    def _entries(self, order: list[Site]) -> Iterator[Entry]:
        # by identity: in a flat space that was read, an attribute may be called as a branch's address
        attributes = {id(self.resolver.program.attribute(name)) for name in self.resolver.order}
        for site in order:
            use = self.uses[id(site)]
            if not use.decided:  # inside the branch of a provider, which is never visited as a value
                continue
            if isinstance(site, ConstantSite):
                name = site.address
                held = is_plain(site.value) or name in self.resolver.graph.native.values
                if held and id(site) in attributes:
                    yield Entry(name, site, (), self._condition(use, name))
            elif isinstance(site, NumberSite):
                bounds = self.least.get(site.address, _range(site))
                yield Entry(site.address, site, bounds, self._condition(use, site.address))
            elif isinstance(site, ChoiceSite):
                yield Entry(site.address, site, self._open(site), self._condition(use, site.address))

    def _condition(self, use: _Use, address: str) -> Condition | None:
        # a clause that reads the site itself adds nothing: the site was decided before it
        clauses = [c for c in use.decided if address not in read(c)]
        if frozenset() in clauses:
            return None
        parts = [self._conjunction(c) for c in sorted(clauses, key=clause_key)]
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, clause: Clause) -> Condition:
        parts = [self._literal(x) for x in sorted(clause, key=literal_key)]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _literal(self, literal: Literal) -> Condition:
        match literal:
            case Exceeds(address=address, value=value):
                return Greater(address, value)
            case Taken(address=address, indices=indices):
                site = self.decisions[address].site
                assert isinstance(site, ChoiceSite), "only choices are taken"
                values = tuple(site.values[i] for i in sorted(indices))
                return Equals(site.address, values[0]) if len(values) == 1 else In(site.address, values)
            case Written(condition=condition):
                return condition
            case _:
                assert_never(literal)


_Step: TypeAlias = "tuple[Site, Literal | None, bool]"


def _range(site: NumberSite) -> tuple[float, float]:
    """The bounds of a number: of one point where its step leaves no other."""
    lower, upper = site.allowed
    alone = site.record.step is not None and site.bounds == (None, None)
    return (lower, lower) if alone and site.record.scale(lower, upper).points == 1 else (lower, upper)


def _taken(site: ChoiceSite, i: int) -> Taken:
    return Taken(site.address, frozenset({i}))
