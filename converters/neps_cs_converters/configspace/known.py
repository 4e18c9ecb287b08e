"""Which spaces the ConfigurationSpaces of this process were made from: `remember` and `recall`.

A ConfigurationSpace can't be hashed, and everything that hangs on it takes part in its ==, so the
record stands outside, by identity, and goes when the ConfigurationSpace does.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import ConfigSpace as CS

from neps_cs.graph.records import SpaceGraph
from neps_cs.values import long_text


@dataclass(frozen=True)
class _Known:
    made: weakref.ref[CS.ConfigurationSpace]
    graph: SpaceGraph
    text: str


_KNOWN: dict[int, _Known] = {}


def remember(cs: CS.ConfigurationSpace, graph: SpaceGraph) -> None:
    """Note that `cs`, as it is now, was made from this graph. Holds neither `cs` nor its side-car."""
    key = id(cs)
    # runs before the id can be anyone else's
    made = weakref.ref(cs, lambda _: _KNOWN.pop(key, None))
    _KNOWN[key] = _Known(made, graph, text_of(cs))


def recall(cs: CS.ConfigurationSpace) -> SpaceGraph | None:
    """The graph that this very object was made from, if it still is as it was then."""
    known = _KNOWN.get(id(cs))
    if known is None or known.made() is not cs or text_of(cs) != known.text:
        return None
    return known.graph


def text_of(cs: CS.ConfigurationSpace) -> str:
    """All that a ConfigurationSpace says, its seed aside; True, 1 and 1.0 differ. Empty where it holds a
    class that ConfigSpace can't write, which no translation does."""
    try:
        return long_text((cs.to_serialized_dict(), cs.meta))
    except ValueError:
        return ""


def rows_of(cs: CS.ConfigurationSpace) -> tuple[dict[str, str], str]:
    """What each hyperparameter says, and the conditions and forbidden clauses. Meta aside: it changes
    nothing, and ConfigSpace's JSON turns its tuples into lists."""
    said = dict.fromkeys(cs, "")
    try:
        written: dict[str, Any] = cs.to_serialized_dict()
    except ValueError:
        return said, ""
    for row in written["hyperparameters"]:
        said[row["name"]] = long_text({k: v for k, v in row.items() if k != "meta"})
    return said, long_text((written["conditions"], written["forbiddens"]))
