"""JSON and YAML documents of ConfigSpace, 0.2 to 1.x.

| written by | marks | what is particular |
|---|---|---|
| 0.4.7 to 0.4.12 | `json_format_version` 0.1 | `default`; no weights |
| 0.4.17 to 0.5 | 0.2, 0.3 | `probabilities`: a list, or null |
| 0.6, 0.7 | 0.4 | `weights`; relations by `lambda` LESS, EQUALS, GREATER; 0.7 has `q` |
| 1.x | `format_version` 0.4 | `default_value`, `meta`; relations and clauses of their own types |

Before 1.0, mu and sigma of a normal with log are those of ln x, normals need no bounds, and NotEquals does
not hold where its parent is inactive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neps_cs.errors import FormatError, Problem
from neps_cs.values import shown
from neps_cs_converters.legacy.configspace_clauses import Clauses
from neps_cs_converters.legacy.configspace_rows import READERS, Row
from neps_cs_converters.legacy.draft import MAX_PARAMETERS, Draft, Where
from neps_cs_converters.legacy.places import Places
from neps_cs_converters.legacy.reading import Read

FORMATS = ("0.1", "0.2", "0.3", "0.4")
"""Of `json_format_version` and `format_version`."""

MAX_VALUES, MAX_LEVELS = 2_000_000, 400

_KEYS = frozenset({
    "name", "hyperparameters", "conditions", "forbiddens", "python_module_version", "json_format_version",
    "format_version",
})  # fmt: skip
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})[0-9A-Za-z.+-]{0,40}")


class _Shown:
    """Where something is: the file, line and column where its text is at hand, and the path."""

    def __init__(self, file: str, places: Places | None) -> None:
        self._file, self._places = file, places

    def __call__(self, where: Where) -> str:
        match where:
            case (int(line), int(column)):
                return f"{self._file}, line {line}, column {column}"
            case ():
                return self._file if self._places is None else f"{self._file}, line 1, column 1"
            case _:
                found = None if self._places is None else self._places(where)
                line_of = "" if found is None else f", line {found[0]}, column {found[1]}"
                return f"{self._file}{line_of}: {_shown(where)}"


def _shown(path: Where) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    return text if len(text) <= 100 else f"{text[:60]}…{text[-30:]}"


def read(document: Mapping[Any, Any], place: str, text: str | None = None) -> Read:
    """The space of a document that ConfigSpace's JSON or YAML holds.

    Where ConfigSpace 1.2 reads the document, `to_configspace` of the space gives what it reads, but for what
    it gets wrong in older files: see docs/legacy-configspace.md. Nothing in the document is changed.

    Args:
        document: what the JSON or YAML parser gave.
        place: the file's name, for messages.
        text: the text that was parsed; with it messages have line and column.

    Raises FormatError with all that is wrong.
    """
    places = None if text is None else Places(text)
    draft = Draft(_Shown(place, places), rounds=True)
    _check_size(document, draft)
    for path, at in [] if places is None else places.repeated():
        draft.note(at, f"the key {_shown(path)} once more", "the last of them, as ConfigSpace reads it")
    old, form = _generation(document, draft)
    rows = _rows(document, "hyperparameters", draft, required=True)
    if len(rows) > MAX_PARAMETERS:
        rule = f"a file must define at most {MAX_PARAMETERS:,} parameters"
        raise FormatError(Problem(rule, f"{len(rows):,}", draft.show(("hyperparameters", MAX_PARAMETERS))))
    for i, row in enumerate(rows):
        _read_row(draft, row, ("hyperparameters", i), old=old)
    conditions = _rows(document, "conditions", draft)
    conditional = frozenset() if old else frozenset(_children(conditions))
    clauses = Clauses(draft, conditional)
    for i, row in enumerate(conditions):
        with draft.checked(("conditions", i)):
            clauses.condition(row, ("conditions", i))
    for i, row in enumerate(_rows(document, "forbiddens", draft)):
        with draft.checked(("forbiddens", i)):
            clauses.forbidden(row, ("forbiddens", i))
    for key in document:
        if key not in _KEYS:
            draft.note(
                (key,) if isinstance(key, str) else (),
                f"the key {shown(key)[:80]}",
                "left out: no ConfigSpace writes it",
            )
    name = document.get("name")
    if name is not None and not isinstance(name, str):
        draft.problem("name must be text", f"name={shown(name)}", ("name",))
        name = None
    return draft.finished(form, name, inactive_differs=old)


def _check_size(document: Mapping[Any, Any], draft: Draft) -> None:
    """Values and levels, counted as written out: a few aliases of YAML can stand for any number of them."""
    todo: list[tuple[Any, int]] = [(document, 1)]
    count = 0
    while todo:
        node, depth = todo.pop()
        inner = node.values() if isinstance(node, Mapping) else node
        count += len(inner)
        if count > MAX_VALUES or depth > MAX_LEVELS:
            rule = f"a document must have at most {MAX_VALUES:,} values, and {MAX_LEVELS} levels"
            raise FormatError(Problem(rule, "more", draft.show(())))
        todo += [(v, depth + 1) for v in inner if isinstance(v, (Mapping, list))]


def _rows(document: Mapping[Any, Any], key: str, draft: Draft, *, required: bool = False) -> list[Any]:
    rows = document.get(key)
    if rows is None and not required:
        return []
    if not isinstance(rows, list):
        draft.problem(f"{key} must be a list", shown(rows)[:60], (key,))
        return []
    return rows


def _read_row(draft: Draft, row: Any, path: Where, *, old: bool) -> None:
    if not isinstance(row, Mapping):
        draft.problem("a hyperparameter must be an object", shown(row)[:60], path)
        return
    name, kind = row.get("name"), row.get("type")
    if not isinstance(name, str):
        rule = "a hyperparameter must have a name, which is a text"
        draft.problem(rule, f"name={shown(name)[:60]}", (*path, "name"))
        return
    if not draft.define(name, (*path, "name")):
        return
    if not isinstance(kind, str) or kind not in READERS:
        rule = f"the type of a hyperparameter must be one of {', '.join(READERS)}"
        draft.problem(rule, f"type={shown(kind)[:60]} of {name!r}", (*path, "type"))
        return
    reader, keys = READERS[kind]
    given = Row(draft, name, row, path, old)
    with draft.checked(given.place, given.place_of):
        reader(given)
    for key in row:
        if key not in keys and key not in ("type", "name", "meta"):
            found = f"{name}: the key {shown(key)[:80]}"
            draft.note((*path, "name"), found, f"left out: no ConfigSpace writes it for {kind}")


def _children(rows: list[Any]) -> list[str]:
    return [r["child"] for r in _literal_rows(rows) if isinstance(r.get("child"), str)]


def _literal_rows(rows: list[Any]) -> list[Mapping[Any, Any]]:
    found, todo = list[Mapping[Any, Any]](), list(rows)
    while todo:
        row = todo.pop()
        if isinstance(row, Mapping):
            found.append(row)
            inner = row.get("conditions")
            todo += inner if isinstance(inner, list) else []
    return found


def _generation(document: Mapping[Any, Any], draft: Draft) -> tuple[bool, str]:
    """Whether a ConfigSpace before 1.0 wrote the document, and the name of the form."""
    for key in ("json_format_version", "format_version"):
        written = document.get(key)
        if written is not None and (isinstance(written, bool) or str(written) not in FORMATS):
            rule = f"{key} must be one of {', '.join(FORMATS)}"
            draft.problem(rule, f"{key}={shown(written)[:60]}", (key,))
    version = document.get("python_module_version")
    found = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if version is not None and found is None:
        rule = "python_module_version must be a version: a text such as '1.2.1'"
        draft.problem(rule, f"python_module_version={shown(version)[:60]}", ("python_module_version",))
    name = "ConfigSpace JSON" if found is None else f"ConfigSpace JSON {version}"
    if document.get("format_version") is not None:
        return False, name
    if document.get("json_format_version") is not None:
        return True, name
    if found is not None:
        return int(found.group(1)) < 1, name
    return _by_keys(document, draft), f"{name} without version"


def _by_keys(document: Mapping[Any, Any], draft: Draft) -> bool:
    """The generation of a document without version: `default_value` is of 1.x, `default` is older."""
    given = document.get("hyperparameters")
    rows = [r for r in given if isinstance(r, Mapping)] if isinstance(given, list) else []
    new = any("default_value" in r for r in rows)
    old = any("default" in r or "probabilities" in r or r.get("type") == "unparametrized" for r in rows)
    conditions = document.get("conditions")
    literals = _literal_rows(conditions if isinstance(conditions, list) else [])
    children = {r.get("child") for r in literals if isinstance(r.get("child"), str)}
    unequal = any(r.get("type") == "NEQ" and _text(r.get("parent")) in children for r in literals)
    normal = any(_text(r.get("type")).startswith("normal") and r.get("log") for r in rows)
    taken_old = old and not new
    if unequal or normal:
        shown_by = "its defaults are called default" if taken_old else "nothing in it is of an older one"
        what = "NotEquals on an inactive parent" if unequal else "mu and sigma with log"
        generation = "0.7 and earlier" if taken_old else "1.x"
        draft.note((), f"{what}, in a file without version", f"as ConfigSpace {generation} did: {shown_by}")
    return taken_old


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
