"""Whether two spaces mean the same to a run: configs that one recorded stand for the same in the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from neps_cs.graph.document import canonical_text
from neps_cs.graph.labels import choice_values
from neps_cs.graph.lower import lift, lower
from neps_cs.graph.records import ChoiceRecord, SpaceGraph, edges
from neps_cs.priors import Weights
from neps_cs.values import plain_key


def means_the_same(a: SpaceGraph, b: SpaceGraph) -> bool:
    """Whether the graphs are equal but for the order of the choices of Categoricals.

    A config names a choice by its value or label, so their order does not matter to it. It does where
    two choices would be called the same (`Conv2d`, `Conv2d#2`): then their labels are swapped, and
    so are the texts that are compared. The order of an Ordinal is what it means.
    """
    return canonical_text(a) == canonical_text(b) or _text(a) == _text(b)


def _text(graph: SpaceGraph) -> str:
    """The text of the graph with the choices of Categoricals in the order of what configs call them."""
    if graph.edits or _has_wandering_addresses(graph):
        return canonical_text(graph)
    records = tuple(_sorted(graph, r) if isinstance(r, ChoiceRecord) else r for r in graph.records)
    moved = replace(graph, records=records)
    hidden = frozenset(r.name for r in graph.roots if r.intermediate)
    numbered = lower(  # records are numbered in the order in which they are met
        lift(moved), intermediate=hidden, conditions=graph.conditions, native=graph.native,
        forbidden=graph.forbidden,
    )  # fmt: skip
    return canonical_text(numbered)


def _has_wandering_addresses(graph: SpaceGraph) -> bool:
    """Whether a node without a name is used twice: its address is that of the first branch that has it."""
    uses = Counter(ref for record in graph.records for ref in edges(record))
    return any(count > 1 and ref not in graph.name_of for ref, count in uses.items())


def _sorted(graph: SpaceGraph, record: ChoiceRecord) -> ChoiceRecord:
    if record.ordered or isinstance(record.choices, int):
        return record
    held = choice_values(graph, record.choices)
    order = sorted(range(len(held)), key=lambda i: plain_key(held[i]))
    place = {old: new for new, old in enumerate(order)}
    prior = record.prior
    if isinstance(prior, Weights):
        prior = Weights(tuple(prior.values[i] for i in order))
    elif prior is not None:
        prior = place[prior]
    return replace(
        record,
        choices=tuple(record.choices[i] for i in order),
        prior=prior,
        default=None if record.default is None else place[record.default],
        among=None if record.among is None else tuple(sorted(place[i] for i in record.among)),
    )
