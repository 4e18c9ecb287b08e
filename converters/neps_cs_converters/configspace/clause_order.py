"""The order in which the hyperparameters of a ConfigurationSpace list their forbidden clauses.

ConfigSpace's == compares it, and nothing reads it. Each call of `add` appends what is new, sorted by its
text: clauses that were added one by one stand as they came, those of one call sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ConfigSpace as CS
from ConfigSpace.forbidden import ForbiddenConjunction, ForbiddenRelation


def orders_of(cs: CS.ConfigurationSpace) -> dict[str, tuple[int, ...]]:
    """By hyperparameter, where each of its clauses would stand had all been added in one call; without
    those that stand so."""
    if not cs.forbidden_clauses:
        return {}
    together: dict[str, dict[str, int]] = {}
    for clause in sorted(cs.forbidden_clauses, key=str):
        for name, text in _places(clause):
            at = together.setdefault(name, {})
            at.setdefault(text, len(at))
    found = {}
    for name, at in together.items():
        order = tuple(at.get(str(clause), -1) for clause in cs._dag.nodes[name].forbiddens)
        if order != tuple(range(len(at))):
            found[name] = order
    return found


def set_orders(cs: CS.ConfigurationSpace, orders: Mapping[str, tuple[int, ...]]) -> None:
    """The inverse, for a ConfigurationSpace whose clauses were added in one call. What does not fit, as the
    clauses are others now, is left as it is."""
    for name, order in orders.items():
        node = cs._dag.nodes.get(name)
        if node is not None and sorted(order) == list(range(len(node.forbiddens))):
            node.forbiddens = [node.forbiddens[i] for i in order]


def _places(clause: Any) -> Iterator[tuple[str, str]]:
    """The hyperparameters that list a clause or parts of it, and the texts of those, as they come."""
    if isinstance(clause, ForbiddenConjunction):
        for part in sorted(clause.dlcs, key=str):
            yield from _places(part)
    elif isinstance(clause, ForbiddenRelation):
        yield clause.left.name, str(clause)
        yield clause.right.name, str(clause)
    else:
        yield clause.hyperparameter.name, str(clause)
