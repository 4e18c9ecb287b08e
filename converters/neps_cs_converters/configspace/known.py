"""Which spaces the ConfigurationSpaces of this process were made from: `remember` and `recall`.

A ConfigurationSpace can't be hashed, and everything that hangs on it takes part in its ==, so the
record stands outside, by identity, and goes when the ConfigurationSpace does.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import ConfigSpace as CS

from neps_cs.graph.document import canonical_text
from neps_cs.graph.records import SpaceGraph
from neps_cs.values import long_text, shown


class Said(NamedTuple):
    """All that a ConfigurationSpace says, its seed aside; True, 1 and 1.0 differ.

    `rows` is what each hyperparameter says, `rest` the conditions and forbidden clauses, `meta` that of all
    and the name. Meta changes nothing, and ConfigSpace's JSON turns its tuples into lists.
    """

    rows: dict[str, str]
    rest: str
    meta: str


@dataclass(frozen=True)
class _Known:
    made: weakref.ref[CS.ConfigurationSpace]
    graph: SpaceGraph
    said: Said
    arguments: Mapping[str, Any]


_KNOWN: dict[int, _Known] = {}
MARK = "neps_cs_translation"


def remember(cs: CS.ConfigurationSpace, graph: SpaceGraph, arguments: Mapping[str, Any]) -> None:
    """Note that `cs`, as it is now, was made from this graph, with these arguments of `to_configspace`. Holds
    neither `cs` nor its side-car."""
    key = id(cs)
    # runs before the id can be anyone else's
    made = weakref.ref(cs, lambda _: _KNOWN.pop(key, None))
    _KNOWN[key] = _Known(made, graph, said_of(cs), arguments)


def recall(cs: CS.ConfigurationSpace) -> SpaceGraph | None:
    """The graph that this very object was made from, if it still is as it was then."""
    known = _known(cs)
    return None if known is None or said_of(cs) != known.said else known.graph


def arguments_of(cs: CS.ConfigurationSpace, graph: SpaceGraph) -> Mapping[str, Any] | None:
    """The arguments with which this very object was made from this graph, or, of one that is not known (a
    copy), those that it was marked with; else None."""
    known = _known(cs)
    if known is not None:
        same = known.graph is graph or canonical_text(known.graph) == canonical_text(graph)
        return known.arguments if same else None
    marked = cs.meta.get(MARK) if isinstance(cs.meta, Mapping) else None
    return marked if isinstance(marked, Mapping) else None


def mark(cs: CS.ConfigurationSpace, graph: SpaceGraph, arguments: Mapping[str, Any]) -> None:
    """Write into the meta of a space with which arguments it was made: SMAC's copies keep it."""
    cs.meta = {**(cs.meta or {}), MARK: dict(arguments)}
    remember(cs, graph, arguments)


def changes(cs: CS.ConfigurationSpace) -> list[str]:
    """What this very object no longer says as it did when it was made here, meta aside."""
    known = _known(cs)
    return [] if known is None else differing(said_of(cs), known.said)


def _known(cs: CS.ConfigurationSpace) -> _Known | None:
    known = _KNOWN.get(id(cs))
    return known if known is not None and known.made() is cs else None


def differing(one: Said, other: Said) -> list[str]:
    """The hyperparameters that only one of two has, else those that differ, and what else does; meta
    aside."""
    strange = sorted(set(one.rows) ^ set(other.rows))
    if strange:
        return [f"hyperparameters {', '.join(strange)}"]
    found = [name for name in other.rows if one.rows[name] != other.rows[name]]
    return found if one.rest == other.rest else [*found, "conditions or forbidden clauses"]


def said_of(cs: CS.ConfigurationSpace) -> Said:
    """What a ConfigurationSpace says now; as Python prints it where ConfigSpace can't write a class."""
    try:
        written: dict[str, Any] = cs.to_serialized_dict()
    except ValueError:
        clauses = shown((cs.conditions, cs.forbidden_clauses))
        return Said({n: shown(hp) for n, hp in cs.items()}, clauses, shown((cs.name, cs.meta)))
    every = written["hyperparameters"]
    rows = {row["name"]: long_text({k: v for k, v in row.items() if k != "meta"}) for row in every}
    rest = long_text((written["conditions"], written["forbiddens"]))
    return Said(rows, rest, long_text((cs.name, cs.meta, [row.get("meta") for row in every])))
