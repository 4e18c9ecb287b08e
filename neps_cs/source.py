"""A space as the class body that would make it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neps_cs.conditions import Condition
from neps_cs.graph.edits import edit_text
from neps_cs.graph.records import Edit
from neps_cs.parameters import Categorical
from neps_cs.structure import Node, Operation, Repeated, Resample
from neps_cs.values import callable_name


def class_text(
    name: str,
    attributes: Mapping[str, Any],
    conditions: Mapping[str, Condition],
    edits: Mapping[str, Edit],
) -> str:
    """The class body: an attribute that is used again stands by its name, as it was written.

    Callables stand by their short names; conditions and edits by address, which a class body can't
    hold, as comments.
    """
    first = {id(v): k for k, v in reversed(list(attributes.items())) if isinstance(v, Node)}
    lines = [f"class {name}(PipelineSpace):"]
    for key, value in attributes.items():
        others = {i: k for i, k in first.items() if k != key}
        lines.append(f"    {key} = {value_text(value, others)}")
    lines += [f"    # {key} is active where {condition!r}" for key, condition in conditions.items()]
    lines += [f"    # {address} is edited: {edit_text(edit)}" for address, edit in edits.items()]
    return "\n".join(lines)


def value_text(value: Any, names: Mapping[int, str]) -> str:
    """A value as Python text; nodes in `names` (by identity) stand by their name."""
    known = names.get(id(value)) if isinstance(value, Node) else None
    if known is not None:
        return known
    match value:
        case Resample(source=source):
            return f"{value_text(source, names)}.resample()"
        case Operation(operator=operator, args=args, kwargs=kwargs):
            parts = [repr(operator) if isinstance(operator, str) else callable_name(operator)]
            if args != ():
                parts.append(f"args={value_text(args, names)}")
            if isinstance(kwargs, Node) or kwargs:
                given = kwargs if isinstance(kwargs, Node) else dict(kwargs)
                parts.append(f"kwargs={value_text(given, names)}")
            return f"Operation({', '.join(parts)})"
        case Repeated(count=count, content=content):
            return f"Repeated({value_text(count, names)}, {value_text(content, names)})"
        case Categorical(choices=choices):
            shown = repr(value).removeprefix(f"Categorical({choices!r}").removesuffix(")")
            return f"Categorical({value_text(choices, names)}{shown})"
        case _ if type(value) in (tuple, list):
            inner = ", ".join(value_text(v, names) for v in value)
            comma = "," if type(value) is tuple and len(value) == 1 else ""
            return f"({inner}{comma})" if type(value) is tuple else f"[{inner}]"
        case _ if type(value) is dict:
            return "{" + ", ".join(f"{k!r}: {value_text(v, names)}" for k, v in value.items()) + "}"
        case Node():
            return repr(value)
        case _:
            named = callable(value) and isinstance(getattr(value, "__name__", None), str)
            return callable_name(value) if named else repr(value)
