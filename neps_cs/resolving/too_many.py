"""The guard on the size of a translation: what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from neps_cs.errors import Problem
from neps_cs.graph.records import RepeatedRecord
from neps_cs.resolving.resolver import Resolver

MAX_ENTRIES = 10_000
"""So many hyperparameters a translation may have."""

MAX_COUNTED = 45_000
"""So many places are looked at, all in all, to tell which attributes have most: about half a second."""

_SHOWN = 3


@dataclass(frozen=True)
class Count:
    """So many decisions were seen below an attribute at `sites` places; `all`: there are no more."""

    seen: int
    all: bool
    sites: int = 0

    def __str__(self) -> str:
        return str(self.seen) if self.all else f"more than {max(0, self.seen - 1)}"


def counted(order: Sequence[str], count: Callable[[str, int], Count]) -> dict[str, Count]:
    """How many decisions are made below each attribute, as far as that is seen soon. `count` gives it for
    one of them, and looks at so many places at most."""
    counts, unfinished, left = dict[str, Count](), list(order), MAX_COUNTED
    room, more = 0, max(1, left // len(order))
    while unfinished and more > room:  # first all, then those that need more, as long as there is more
        room = more
        for name in unfinished:
            counts[name] = count(name, room + 1)
            left -= counts[name].sites
        unfinished = [n for n in unfinished if not counts[n].all and counts[n].seen <= MAX_ENTRIES]
        more = left // max(1, len(unfinished))
    if len(unfinished) == 1:  # it has whatever the others have not
        others = sum(c.seen for name, c in counts.items() if name != unfinished[0])
        seen = max(counts[unfinished[0]].seen, MAX_ENTRIES + 1 - others)
        counts[unfinished[0]] = Count(seen, all=False)
    return counts


def too_many(resolver: Resolver, counts: Mapping[str, Count], max_depth: int | None) -> Problem:
    """The problem of a space with too many decisions; `counts` has those below each attribute."""
    remedies = " or ".join(_remedies(resolver, max_depth))
    rule = f"a translation may have {MAX_ENTRIES} hyperparameters at most; {remedies}"
    return Problem(rule, _found(counts), resolver.graph.name)


def _found(counts: Mapping[str, Count]) -> str:
    """The attributes with most decisions, or how many attributes there are where none stands out."""
    largest = sorted(counts.items(), key=lambda item: -item[1].seen)[:_SHOWN]
    total = Count(sum(c.seen for c in counts.values()), all(c.all for c in counts.values()))
    if 2 * sum(c.seen for _, c in largest) < total.seen:
        most = f", at most {largest[0][1]} below each" if total.all else ""
        return f"{total} in {len(counts)} attributes{most}"
    return "most of them below " + ", ".join(f"{name} ({count})" for name, count in largest if count.seen)


def _remedies(resolver: Resolver, max_depth: int | None) -> Iterator[str]:
    repeated = any(isinstance(r, RepeatedRecord) for r in resolver.graph.records)
    if resolver.recursion.recursive:
        yield f"lower max_depth={max_depth}"
    if repeated:
        yield "lower the counts of Repeated"
    if not repeated and not resolver.recursion.recursive:
        yield "remove attributes or use shared nodes instead of resampled ones"
