"""A space as the source text of a Python module: imports, what is shared, the class, and the space."""

from __future__ import annotations

import ast
import enum
import functools
import keyword
import operator
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import neps_cs
from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.records import ConstantRecord, MappingRecord, OperationRecord, SpaceGraph
from neps_cs.graph.source import space_text
from neps_cs.runtime.root import NotLoaded
from neps_cs.space import PipelineSpace
from neps_cs.values import callable_name, object_text
from neps_cs_converters.convert.registry import Converted
from neps_cs_converters.legacy.neps_entries import short
from neps_cs_converters.legacy.reading import Note, Notes

NAME = "pipeline_space"
_CALL = "PipelineSpace.from_attributes("
_BESIDE = {"Edit": "neps_cs.graph.records", "Native": "neps_cs.graph.native"}


def write_python(space: PipelineSpace, max_depth: int | None) -> Converted:
    """A module that defines `pipeline_space`, equal to the space: a class, or a call of
    `PipelineSpace.from_attributes` for what no class body can say. Raises ConversionError for objects that
    have no import path, and for two of one name."""
    graph = space.graph
    found = _Found(graph.name)
    for value in _values(graph):
        found.add(value)
    if found.problems:
        raise ConversionError(found.problems)
    text = space_text(graph)
    lines = text.split("\n")
    if _CALL in lines:
        at = lines.index(_CALL)
        lines[at] = f"{NAME} = {_CALL}"
    else:
        at = next(i for i, line in enumerate(lines) if line.startswith("class "))
        lines += ["", "", f"{NAME} = {graph.name}()"]
    blank = [""] if at else []
    body = "\n".join([*lines[:at], *blank, *blank, *lines[at:]])
    parts = ["\n".join(_imports(body, found)), body]
    main = [path for path in found.paths.values() if path.startswith("__main__:")]
    notes = [Note(path, "an object of __main__", "an import that only works from there") for path in main]
    return Converted("\n\n\n".join(part for part in parts if part) + "\n", Notes(notes))


def _imports(text: str, found: _Found) -> list[str]:
    """The import statements for the names that a text uses."""
    used = {node.id for node in ast.walk(_parsed(text, found.place)) if isinstance(node, ast.Name)}
    modules: dict[str, set[str]] = {}
    lines = [f"import {name}" for name in sorted(found.modules)]
    nested = []
    for name in sorted(used):
        if name in found.paths:
            module, _, qualified = found.paths[name].partition(":")
            first, _, rest = qualified.partition(".")
            if module != "builtins" or rest:
                modules.setdefault(module, set()).add(first)
            if rest:
                nested.append(f"{name} = {qualified}")
        elif name in _BESIDE:
            modules.setdefault(_BESIDE[name], set()).add(name)
        elif name in _LANGUAGE:
            modules.setdefault("neps_cs", set()).add(name)
    lines += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]
    return [*lines, *([""] if nested else []), *nested]


def _parsed(text: str, place: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError) as e:
        rule = "the values of a space must nest less deeply to be written as Python"
        raise ConversionError(Problem(rule, str(e) or type(e).__name__, place)) from e


def _values(graph: SpaceGraph) -> Iterator[Any]:
    """Every value that the text of a space writes out."""
    for record in graph.records:
        match record:
            case ConstantRecord(value=value):
                yield value
            case OperationRecord(operator=operator):
                yield operator
            case MappingRecord(keys=keys):
                yield from keys
            case _:
                yield getattr(record, "meta", None)


class _Found:
    """The objects of a space by their short names, and what has no such name."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.paths: dict[str, str] = {}
        """short name → `module:qualified.name`"""
        self.modules: set[str] = set()
        self.problems: list[Problem] = []
        self._taken: dict[str, str] = {}

    def add(self, value: Any) -> None:
        """Take a value and what it holds."""
        match value:
            case None | bool() | int() | float() | str() | bytes() if type(value) in _WRITTEN:
                pass
            case tuple() | list() if type(value) in (tuple, list):
                for part in value:
                    self.add(part)
            case Mapping():
                for key, part in value.items():
                    self.add(key)
                    self.add(part)
            case enum.Enum():
                self._name(type(value).__name__, type(value))
            case functools.partial(func=function, args=args, keywords=keywords):
                self.modules.add("functools")
                for part in (function, *args, *keywords.values()):
                    self.add(part)
            case types.ModuleType(__name__=name):
                if sys.modules.get(name) is not value or not _is_path(name):
                    self._refuse("modules must have import paths to be written as Python", short(name))
                elif self._takes(name.partition(".")[0], name.partition(".")[0]):
                    self.modules.add(name)
            case _ if callable(value) and isinstance(getattr(value, "__name__", None), str):
                self._name(callable_name(value), value)
            case _:
                rule = "the objects of a space must have import paths to be written as Python"
                self._refuse(rule, f"{short(object_text(value))} of type {type(value).__name__}")

    def _name(self, name: str, value: Any) -> None:
        path = _path(value)
        if path is None:
            rule = "functions and classes must have import paths to be written as Python"
            self._refuse(rule, object_text(value))
        elif self._takes(name, path):
            self.paths[name] = path

    def _takes(self, name: str, path: str) -> bool:
        """Whether a name is free for an object."""
        if self._taken.setdefault(name, path) != path:
            rule = "objects must have names of their own to be written as Python"
            self._refuse(rule, f"{self._taken[name]} and {path}")
            return False
        if name in _TAKEN and not path.startswith("builtins:") and path != name:
            self._refuse("objects must not have names that the source of a space uses itself", path)
            return False
        return True

    def _refuse(self, rule: str, got: str) -> None:
        self.problems.append(Problem(rule, got, self.place))


def _is_path(path: str) -> bool:
    return all(word.isidentifier() and not keyword.iskeyword(word) for word in path.split("."))


def _path(value: Any) -> str | None:
    """`module:qualified.name` under which an object is found; of one that was not loaded, what it says."""
    module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str):
        return None
    names = [n for n in (qualified, getattr(value, "__name__", None)) if isinstance(n, str) and _is_path(n)]
    if isinstance(value, NotLoaded) or module not in sys.modules:
        return f"{module}:{names[0]}" if names else None
    return next((f"{module}:{name}" for name in names if _is_at(value, sys.modules[module], name)), None)


def _is_at(value: Any, module: types.ModuleType, name: str) -> bool:
    try:
        found = operator.attrgetter(name)(module)
    except AttributeError:
        return False
    # each access makes a method anew
    return found is value or (isinstance(value, types.MethodType) and found == value)


_LANGUAGE = frozenset(name for name in neps_cs.__all__ if not name.islower())
_TAKEN = _LANGUAGE | {*_BESIDE, "float", "frozenset", "functools", NAME}
_WRITTEN = (type(None), bool, int, float, str, bytes)
