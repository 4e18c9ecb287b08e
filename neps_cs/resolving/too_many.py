"""The guard on the size of a translation: what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from neps_cs.errors import Problem
from neps_cs.graph.records import RepeatedRecord
from neps_cs.resolving.resolver import Resolver

MAX_ENTRIES = 10_000
"""So many hyperparameters a translation may have."""

_SHOWN = 3


def too_many(resolver: Resolver, counts: Mapping[str, int], max_depth: int | None) -> Problem:
    """The problem of a space with too many decisions; `counts` has those below each attribute."""
    largest = sorted(counts.items(), key=lambda item: -item[1])[:_SHOWN]
    most = ", ".join(
        f"{name} (more than {MAX_ENTRIES})" if n > MAX_ENTRIES else f"{name} ({n})"
        for name, n in largest
        if n
    )
    remedies = " or ".join(_remedies(resolver, max_depth))
    rule = f"a translation may have {MAX_ENTRIES} hyperparameters at most; {remedies}"
    return Problem(rule, f"most of them below {most}", resolver.graph.name)


def _remedies(resolver: Resolver, max_depth: int | None) -> Iterator[str]:
    repeated = any(isinstance(r, RepeatedRecord) for r in resolver.graph.records)
    if resolver.recursion.recursive:
        yield f"lower max_depth={max_depth}"
    if repeated:
        yield "lower the counts of Repeated"
    if not repeated and not resolver.recursion.recursive:
        yield "remove attributes or use shared nodes instead of resampled ones"
