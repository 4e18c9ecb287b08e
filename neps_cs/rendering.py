"""Spaces as trees for people."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from neps_cs.fidelities import Fidelity
from neps_cs.graph.edits import edit_text
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace, checked_space
from neps_cs.structure import ByName, Node, Operation, Repeated, Resample
from neps_cs.values import callable_name, object_name


def format(space: PipelineSpace, width: int = 110) -> str:
    """The space as an indented tree in plain text; `width` in characters, at which lines wrap.

    A shared object that stands elsewhere is shown as `→ name`, a fresh use of it as
    `→ name, resampled`. Raises SpaceError for anything but a PipelineSpace.
    """
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(tree(space))
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())


def tree(space: PipelineSpace) -> Tree:
    """The space as a rich Tree, for a Console."""
    checked_space(space, "format")
    root = Tree(Text(space.graph.name))
    names = {id(v): k for k, v in reversed(list(space.attributes.items())) if isinstance(v, Node)}
    for name, value in space.attributes.items():
        _grow(root, name, value, names, top=True)
        if name in space.conditions:
            root.children[-1].add(Text(f"active where {space.conditions[name]!r}"))
        for address, edit in space.graph.edits.items():
            if address == name or address.startswith(f"{name}:"):
                root.children[-1].add(Text(f"{address} is edited: {edit_text(edit)}"))
    return root


def _grow(above: Tree, label: str, value: Any, names: Mapping[int, str], *, top: bool = False) -> None:
    """Add a value and what it holds; an attribute is spelled out only where it is defined."""
    fresh = isinstance(value, Resample)
    inner = value.source if isinstance(value, Resample) else value
    known = inner.name if isinstance(inner, ByName) else names.get(id(inner))
    if known is not None and not (top and known == label and not fresh):
        above.add(Text(f"{label}: → {known}{', resampled' if fresh else ''}"))
        return
    branch = above.add(Text(f"{label}: {_title(inner)}{', resampled' if fresh else ''}"))
    for name, part in _parts(inner):
        _grow(branch, name, part, names)


def _title(value: Any) -> str:
    match value:
        case Categorical(choices=choices):
            prior = "" if value.prior is None else f", prior {value.prior} ({_level(value)})"
            prior += "" if value.among is None else f", among {value.among}"
            plain = not isinstance(choices, Node) and not any(_parts_of(c) for c in choices)
            return (repr(value) if plain else "Categorical") + ("" if plain else prior)
        case Float() | Integer() | Ordinal() | Fidelity():
            return repr(value)
        case Operation(operator=operator):
            return operator if isinstance(operator, str) else callable_name(operator)
        case Repeated(count=int() as count):
            return f"{count} times"
        case Repeated():
            return "Repeated"
        case tuple() | list() | dict():
            return type(value).__name__ if _parts_of(value) else repr(value)
        case _:
            return object_name(value) if callable(value) else repr(value)


def _level(value: Categorical) -> str:
    return "" if value.prior_confidence is None else value.prior_confidence.value


def _parts_of(value: Any) -> bool:
    """Whether a value holds nodes, so that it is worth lines of its own."""
    if isinstance(value, (tuple, list)):
        return any(_parts_of(v) for v in value)
    if isinstance(value, dict):
        return any(_parts_of(v) for v in value.values())
    return isinstance(value, Node)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case Categorical(choices=Node() as provider):
            yield "choices", provider
        case Categorical(choices=choices):
            if any(_parts_of(c) for c in choices):  # type: ignore[union-attr]
                yield from ((f"[{i}]", c) for i, c in enumerate(choices))  # type: ignore[arg-type]
        case Operation(args=args, kwargs=kwargs):
            yield from (
                [("args", args)] if isinstance(args, Node) else [(str(i), a) for i, a in enumerate(args)]
            )
            yield from [("kwargs", kwargs)] if isinstance(kwargs, Node) else kwargs.items()
        case Repeated(count=count, content=content):
            if isinstance(count, Node):
                yield "count", count
            yield "content", content
        case tuple() | list() if _parts_of(value):
            yield from ((str(i), v) for i, v in enumerate(value))
        case dict() if _parts_of(value):
            yield from ((str(k), v) for k, v in value.items())
        case _:
            return
