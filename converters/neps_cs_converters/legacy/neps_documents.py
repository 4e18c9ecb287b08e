"""Where the NePS space stands in a file or in a mapping, and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from neps_cs.errors import FormatError, Problem
from neps_cs_converters.legacy.neps_dict import read_neps
from neps_cs_converters.legacy.neps_entries import path_text, short
from neps_cs_converters.legacy.neps_generations import MARKS, NESTED, NEWEST_FIRST, OF_0_12, SINCE_0_13
from neps_cs_converters.legacy.neps_rules import Path
from neps_cs_converters.legacy.reading import Note, Notes, Read

_TOP_KEYS = ("pipeline_space", "search_space")
_MAX_GROUPS = 10
"""Levels of groups of arguments in which a space is looked for."""

Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """The value of a file, or a mapping without one, whose `name` is empty.

    `find` gives line and column of a path in it, or of what is nearest above, or None; `twice` has the
    paths of keys that stand twice in a mapping.
    """

    value: Any
    name: str = ""
    find: Callable[[Path], Place | None] = lambda path: None
    twice: Sequence[tuple[Path, Place, Place]] = ()

    def where(self, path: Path, start: Path = ()) -> str:
        """The place of a path below `start`, which is left out: file, line, column and the path itself."""
        inner = path_text(path)
        if not self.name:
            return inner or "the space"
        found = self.find((*start, *path))
        place = self.name if found is None else f"{self.name}, line {found[0]}, column {found[1]}"
        return f"{place}: {inner}" if inner else place


def read_neps_document(document: Document, form: str) -> Read:
    """The NePS space of a document: under `pipeline_space` or `search_space`, or the whole of it.

    Raises FormatError for what no generation of NePS reads.
    """
    value = document.value
    if not isinstance(value, Mapping):
        rule = "a file of a NePS space must be a mapping from names to parameters"
        raise FormatError(Problem(rule, f"a {type(value).__name__}", document.where(())))
    start, others = _space_paths(document, value)
    entries = value
    for key in start:
        entries = entries[key]
    if not isinstance(entries, Mapping):
        rule = f"{start[-1]} must be a mapping from names to parameters{_hint(entries)}"
        raise FormatError(Problem(rule, short(entries), document.where(start)))
    shown = [MARKS[key] for key in _keys_beside(value, start) if key in MARKS] if start else []
    if len(start) > 1:
        shown.append(NESTED)
    marked = [g for g in NEWEST_FIRST if all(g in generations for generations in shown)]
    possible = NEWEST_FIRST if start else (SINCE_0_13, OF_0_12)
    found = read_neps(entries, lambda path: document.where(path, start), form, possible, marked)
    taken = f"nothing: the space is what stands under {path_text(start)}"
    notes = [Note(document.where(path), f"{path[-1]} beside {start[-1]}", taken) for path in others]
    return Read(found.space, found.form, Notes([*notes, *_twice(document, start), *found.notes]))


def _space_paths(document: Document, value: Mapping[Any, Any]) -> tuple[Path, list[Path]]:
    """Where the space stands, and what else is called so. NePS 0.12 looked for it at any depth."""
    found = [(key,) for key in _TOP_KEYS if key in value]
    if found:
        start = next((path for path in found if isinstance(value[path[0]], Mapping)), found[0])
        return start, [path for path in found if path != start]
    deeper = list(_deeper(value))
    if len(deeper) > 1:
        rule = "a space must stand once in a file"
        got = " and ".join(path_text(path) for path in deeper)
        raise FormatError(Problem(rule, got, document.where(deeper[1])))
    return (deeper[0] if deeper else ()), []


def _deeper(value: Mapping[Any, Any]) -> Iterator[Path]:
    todo: list[tuple[Path, Mapping[Any, Any]]] = [((), value)]
    for path, group in todo:  # which grows
        for key, inner in group.items():
            if path and key in _TOP_KEYS:
                yield (*path, key)
            elif isinstance(inner, Mapping) and len(path) < _MAX_GROUPS:
                todo.append(((*path, key), inner))


def _keys_beside(value: Mapping[Any, Any], start: Path) -> Iterator[Any]:
    """The keys beside the space, and beside the mappings in which it stands."""
    for key in start:
        yield from value
        value = value[key]


def _hint(value: object) -> str:
    return (
        f" (read the file {value} itself)"
        if isinstance(value, str) and value.endswith((".yaml", ".yml"))
        else ""
    )


def _twice(document: Document, start: Path) -> Iterator[Note]:
    """Keys that stand twice in the space, or on the way to it."""
    for path, (line, column), (again, at) in document.twice:
        if path[: len(start)] == start[: len(path)]:
            place = f"{document.name}, line {again}, column {at}: {path_text(path)}"
            found = f"the key {short(path[-1])}, which stands in line {line}, column {column} too"
            yield Note(place, found, "the last of them, as YAML's reader did")
