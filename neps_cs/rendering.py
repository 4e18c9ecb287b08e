"""Spaces and configs as trees for people."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from neps_cs.errors import Problem, SpaceError
from neps_cs.fidelities import Fidelity
from neps_cs.forbidden import clause_text
from neps_cs.graph.edits import edit_text
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace, checked_space
from neps_cs.structure import ByName, Node, Operation, Repeated, Resample
from neps_cs.values import Plain, callable_name, object_name


def format(thing: PipelineSpace | Mapping[str, Plain], width: int = 110) -> str:
    """A space, or a config of one, as an indented tree in plain text; `width` in characters, at which
    lines wrap.

    Of a space, a shared object that stands elsewhere is shown as `→ name`, a fresh use of it as
    `→ name, resampled`. Of a config, every decision stands below what it belongs to, and what lies in
    the branch that was taken right below the choice. Raises SpaceError for anything else.
    """
    shown = config_tree(thing) if isinstance(thing, Mapping) else tree(thing)
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(shown)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())


def config_tree(config: Mapping[str, Plain]) -> Tree:
    """A config as a rich Tree: the segments of its addresses, and the values decided there.

    Raises SpaceError for addresses that are no texts.
    """
    strange = [a for a in config if not isinstance(a, str)]
    if strange:
        raise SpaceError(Problem("a config must be a mapping from addresses to values", repr(dict(config))))
    root = Tree(Text("config"))
    known: dict[str, Tree] = {"": root}
    for address, value in config.items():
        above, segment = _above(address, config, known)
        known[address] = above.add(Text(f"{_printable(segment)}: {value!r}"))
    return root


def _above(address: str, config: Mapping[str, Plain], known: dict[str, Tree]) -> tuple[Tree, str]:
    """The tree that an address belongs in, made as far as it is missing, and its own last segment."""
    *path, last = address.split(":")
    at, tree = "", known[""]
    for segment in path:
        taken = at in config and str(config[at]) == segment  # the branch that the choice above took
        at = f"{at}:{segment}" if at else segment
        if at not in known:
            known[at] = tree if taken else tree.add(Text(_printable(segment)))
        tree = known[at]
    return tree, last


def _printable(segment: str) -> str:
    return segment if segment.isprintable() else repr(segment)[1:-1]


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
    for clause in space.forbidden:
        root.add(Text(f"forbidden: {clause_text(clause)}"))
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
        case Float() | Integer():  # a bound that is a parameter has a line of its own
            return value.described(lambda bound: "…" if isinstance(bound, Node) else repr(bound))
        case Ordinal() | Fidelity():
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
        case Float(lower=lower, upper=upper) | Integer(lower=lower, upper=upper):
            yield from ((n, b) for n, b in (("lower", lower), ("upper", upper)) if isinstance(b, Node))
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
