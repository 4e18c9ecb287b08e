"""Spaces as files: `save_space` and `load_space`, inverses side by side.

A file is one JSON document. At its top stands what ConfigSpace's own `to_json` writes, so that
ConfigSpace reads the file; beside it, under the key `neps_cs`, stands the space itself:

| key in `neps_cs` | holds |
|---|---|
| format, version | "neps_cs.file", 1 |
| space | the space document, see `neps_cs.graph.document` |
| max_depth | the bound on recursion in ConfigSpace's part; left out where none was given |
| lacks | what ConfigSpace's part does not say: address, kind, reason, instead |
| digests | of both parts: parts of two files, or one that was edited, don't belong together |

Where there is no ConfigurationSpace, a hyperparameter of a type that no ConfigSpace knows stands there,
so that ConfigSpace refuses the file and does not read an empty space.

Only ASCII is written, which is UTF-8 too: ConfigSpace reads files in the encoding of the machine.
"""

from __future__ import annotations

import codecs
import hashlib
import importlib
import json
import os
import re
import stat
import types
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neps_cs.errors import ConversionError, FormatError, Problem, StoreError, TrustError
from neps_cs.files import write_atomically
from neps_cs.graph import document as space_document
from neps_cs.losses import Loss, Losses, LossKind
from neps_cs.space import PipelineSpace, check_max_depth, checked_space

FORMAT = "neps_cs.file"
FORMAT_VERSION = 1
KEY = "neps_cs"
MAX_BYTES = 2**26
MAX_VALUES = 2**22
MAX_NESTING = 400

_BRIDGE = "neps_cs_converters.configspace.storage"
_REFUSED = "of neps_cs: this space has no ConfigurationSpace, read it with neps_cs.load_space"


def save_space(space: PipelineSpace, path: str | Path, *, max_depth: int | None = None) -> Losses:
    """Write a space to one file, which `load_space` reads, and ConfigSpace its part of it.

    `ConfigurationSpace.from_json(path)` gives what `to_configspace(space, max_depth)` gives. A space
    that has no ConfigurationSpace (recursion without `max_depth`, what `to_configspace` refuses) is
    saved too; ConfigSpace then refuses the file. A file that is there already is replaced in one step.

    Args:
        space: the space. Operators and objects are saved by their import paths.
        path: a file in a directory that exists.
        max_depth: bound >= 1 on nested uses of a recursive definition in ConfigSpace's part.

    Returns what ConfigSpace's part does not say; the file says it too, and `load_space` loses nothing.

    Raises SpaceError for anything but a space and a wrong max_depth, FormatError for a space that nests
    deeper or is larger than a file may be, StoreError where the file can't be written.
    """
    checked_space(space, "save_space")
    if max_depth is not None:
        check_max_depth(max_depth, "save_space")
    place = _place(path, "save_space")
    if place.is_dir():
        raise StoreError(Problem("path must be a file", "a directory", str(place)))
    if not place.parent.is_dir():
        raise StoreError(Problem("path must lie in a directory that exists", str(place.parent), str(place)))
    document, lacks = written(space, max_depth, str(place))
    whole = json_text(document, str(place))
    try:
        write_atomically(place, whole, sync=True)
    except OSError as e:
        raise StoreError(Problem("path must be writable", e.strerror or type(e).__name__, str(place))) from e
    return lacks


def load_space(
    path: str | Path,
    trust: Collection[str] | str = (),
    operators: Mapping[str, Any] = types.MappingProxyType({}),
) -> PipelineSpace:
    """The space of a file that `save_space` wrote: equal to the one saved.

    Reads ConfigSpace's JSON too, as `from_configspace` does, and the pipeline_space.json of a run.

    Args:
        path: the file.
        trust: top-level packages from which operators and objects may be imported. Nothing else is.
        operators: import path, as the file names it → object, for what is not importable.

    Raises StoreError where there is no file to read; FormatError where it is damaged, of a later version,
    something else, larger than 64 MiB or nested deeper than 400 levels; TrustError naming every
    path that was refused; ConversionError for a ConfigurationSpace that can't be a space.
    """
    place = _place(path, "load_space")
    document = read_document(place)
    if is_own(document):
        return own_space(document, place, trust, operators)
    try:
        if isinstance(document.get("hyperparameters"), list):
            return _bridge().read(document)  # type: ignore[no-any-return]
    except FormatError as e:
        raise FormatError(_inside(p, place) for p in e.problems) from e
    keys = ", ".join(map(repr, list(document)[:5])) or "nothing"
    rule = "a file must hold a space of neps_cs, or ConfigSpace's JSON"
    raise FormatError(Problem(rule, f"an object with {keys}", str(place)))


def is_own(document: Mapping[str, Any]) -> bool:
    """Whether a document holds a space of neps_cs itself, not only ConfigSpace's part."""
    return KEY in document or document.get("format") == space_document.FORMAT


def own_space(
    document: dict[str, Any],
    path: Path,
    trust: Collection[str] | str = (),
    operators: Mapping[str, Any] = types.MappingProxyType({}),
) -> PipelineSpace:
    """The space of a document of neps_cs that was read from `path`. Raises as `load_space` does."""
    trusted = frozenset((trust,) if isinstance(trust, str) else trust)
    try:
        found = _checked_block(document)["space"] if KEY in document else document
        return _space(found, trusted, operators)
    except FormatError as e:
        raise FormatError(_inside(p, path) for p in e.problems) from e
    except TrustError as e:
        raise TrustError(_inside(p, path) for p in e.problems) from e


def load_lacks(path: str | Path) -> Losses:
    """What ConfigSpace's part of a file does not say, as `save_space` returned it; none for a file of
    another kind. Raises StoreError and FormatError as `load_space` does."""
    place = _place(path, "load_lacks")
    document = read_document(place)
    if KEY not in document:
        return Losses()
    try:
        rows = _checked_block(document).get("lacks", [])
        return Losses(
            Loss(str(r["address"]), LossKind(r["kind"]), str(r["reason"]), str(r["instead"])) for r in rows
        )
    except FormatError as e:
        raise FormatError(_inside(p, place) for p in e.problems) from e
    except (KeyError, TypeError, ValueError) as e:
        rule = "lacks must be rows of address, kind, reason and instead"
        raise FormatError(Problem(rule, f"{type(e).__name__}: {e}", f"{place}: {KEY}")) from e


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises StoreError where it can't be read, FormatError for anything else
    than such an object within the limits."""
    return parse_document(read_text(path), str(path))


def parse_document(text: str, name: str) -> dict[str, Any]:
    """The JSON object that is the text of the file `name`. Raises FormatError with line and column for
    anything else than such an object within the limits."""
    _check_values(text, name)
    deep = _deepest(text)
    if deep is not None:
        raise FormatError(_too_deep(text_place(name, text, deep)))
    start = len(text) - len(text.lstrip())
    try:
        document = json.loads(text)
    except json.JSONDecodeError as e:
        rest = "; the file may be cut short" if not text[e.pos :].strip() or "Unterminated" in e.msg else ""
        got = f"{e.msg.removesuffix(' at')}{rest}" if text.strip() else "an empty file"
        raise FormatError(Problem("the file must be JSON", got, text_place(name, text, e.pos))) from e
    except RecursionError as e:  # called from deep inside of something
        raise FormatError(_too_deep(name)) from e
    except ValueError as e:  # an integer of thousands of digits
        found = next((m.start() for m in _DIGITS.finditer(text) if m.group()[0] != '"'), start)
        raise FormatError(Problem("the file must be JSON", str(e), text_place(name, text, found))) from e
    if not isinstance(document, dict):
        rule = "a file must hold a space of neps_cs, or ConfigSpace's JSON"
        raise FormatError(Problem(rule, f"a {type(document).__name__}", text_place(name, text, start)))
    return document


def text_place(name: str, text: str, index: int) -> str:
    """File, line and column, from 1, of an index into its text."""
    line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
    return f"{name}, line {line}, column {column}"


def written(space: PipelineSpace, max_depth: int | None, place: str = "") -> tuple[dict[str, Any], Losses]:
    """The document that `save_space` writes, and what ConfigSpace's part of it does not say."""
    try:
        top, block, lacks = _written(space, max_depth)
    except RecursionError as e:
        raise FormatError(_too_deep(place)) from e
    return {**top, KEY: block}, lacks


def json_text(document: Mapping[str, Any], place: str = "") -> str:
    """A document as the text of a file. Raises FormatError for one beyond the limits of a file."""
    try:
        whole = json.dumps(document, indent=1) + "\n"
    except RecursionError as e:
        raise FormatError(_too_deep(place)) from e
    _check_size(len(whole), place)
    _check_values(whole, place)
    if _deepest(whole) is not None:
        raise FormatError(_too_deep(place))
    return whole


def _written(space: PipelineSpace, max_depth: int | None) -> tuple[dict[str, Any], dict[str, Any], Losses]:
    """ConfigSpace's part, our block beside it, and what the former lacks. Inverse of `_checked_block`."""
    document = space_document.to_document(space.graph)
    try:
        top, lacks = _bridge().write(space, max_depth)
    except ConversionError as e:
        got = [Loss(p.place, LossKind.UNTRANSLATED, f"{p.rule}, got {p.got}", "nothing") for p in e.problems]
        top, lacks = _refusing(space.graph.name), Losses(got)
    block: dict[str, Any] = {"format": FORMAT, "version": FORMAT_VERSION}
    if max_depth is not None:
        block["max_depth"] = int(max_depth)
    block["lacks"] = [asdict(loss) for loss in lacks]
    block["digests"] = {"configspace": _digest(top), "space": _digest(document)}
    return top, block | {"space": document}, lacks


def _checked_block(document: dict[str, Any]) -> dict[str, Any]:
    """Our block of a file, if it is whole and belongs to ConfigSpace's part."""
    block = document[KEY]
    if not isinstance(block, dict) or block.get("format") != FORMAT:
        raise FormatError(Problem(f"a side-car must have format={FORMAT!r}", repr(block)[:60], KEY))
    if block.get("version") != FORMAT_VERSION:
        rule = f"this neps_cs reads version {FORMAT_VERSION} of the file format"
        raise FormatError(Problem(rule, f"version={block.get('version')!r}", KEY))
    digests, space = block.get("digests"), block.get("space")
    if not isinstance(digests, dict) or not isinstance(space, dict):
        raise FormatError(Problem("a side-car must have space and digests", ", ".join(block), KEY))
    top = {k: v for k, v in document.items() if k != KEY}
    if top:  # without ConfigSpace's part the space stands alone
        parts = (("configspace", "ConfigSpace's part", top), ("space", "the space", space))
        edited = [name for key, name, part in parts if _digest(part) != digests.get(key)]
        if edited:
            rule = (
                "the parts of a file must be those that were saved together (without the key "
                f"{KEY!r} it is a flat ConfigurationSpace, with nothing but that key it is the space)"
            )
            raise FormatError(Problem(rule, f"a change of {' and '.join(edited)}", KEY))
    return block


def _space(document: dict[str, Any], trust: Collection[str], operators: Mapping[str, Any]) -> PipelineSpace:
    graph = space_document.from_document(document, trust=trust, operators=operators)
    try:
        return PipelineSpace.from_graph(graph)
    except RecursionError as e:
        raise FormatError(_too_deep("space")) from e


def _bridge() -> Any:
    """The functions that write and read ConfigSpace's part: the core knows the bridge by name only."""
    return importlib.import_module(_BRIDGE)


def _refusing(name: str) -> dict[str, Any]:
    """What stands in ConfigSpace's place: every version of it names the unknown type."""
    parts: dict[str, Any] = {"hyperparameters": [{"name": KEY, "type": _REFUSED}]}
    return {"name": name, **parts, "conditions": [], "forbiddens": []}


def _digest(part: dict[str, Any]) -> str:
    text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(path: str | Path, call: str) -> Path:
    if not isinstance(path, (str, Path)) or not str(path):
        raise StoreError(Problem("path must be a string or a Path", repr(path), call))
    return Path(os.path.expanduser(path))


def read_text(path: Path, max_bytes: int | None = None) -> str:
    """The text of a file in UTF-8 of at most `max_bytes` bytes, None: MAX_BYTES. Raises StoreError where it
    can't be read, FormatError for a larger file and one that is no such text."""
    most = MAX_BYTES if max_bytes is None else max_bytes
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind == stat.S_IFREG:
            with path.open("rb") as file:
                data = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError) as e:
        raise StoreError(Problem("path must be a file", "nothing there", str(path))) from e
    except OSError as e:
        got = e.strerror or type(e).__name__
        raise StoreError(Problem("the file must be readable", got, str(path))) from e
    if kind == stat.S_IFDIR:
        rule = "path must be a file; load_pipeline_space reads the root directory of a run"
        raise StoreError(Problem(rule, "a directory", str(path)))
    if kind != stat.S_IFREG:
        raise StoreError(Problem("path must be a file", "something else", str(path)))
    _check_size(len(data), str(path), most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        before = e.object[: e.start].decode()
        utf16 = ", as UTF-16 has it" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
        got = f"byte {e.object[e.start]:#04x}{utf16}"
        place = text_place(str(path), before, len(before))
        raise FormatError(Problem("the file must be text in UTF-8", got, place)) from e


def _check_size(size: int, place: str, most: int | None = None) -> None:
    most = MAX_BYTES if most is None else most
    if size > most:
        raise FormatError(Problem(f"size <= {most} bytes must hold", "more", place))


def _check_values(text: str, place: str) -> None:
    """Each value but the first follows a comma or an opening bracket: this many can be read in seconds."""
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise FormatError(Problem(f"a file must hold at most {MAX_VALUES:,} values", "more", place))


_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_BRACKETS = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_DIGITS = re.compile(rf"{_STRING}|\d{{4301,}}", re.DOTALL)  # more than Python reads


def _deepest(text: str) -> int | None:
    """Where brackets outside of strings nest too deep, which is known before anything recurses."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        first = found.group()[0]
        depth += 1 if first in "[{" else -1 if first in "]}" else 0
        if depth > MAX_NESTING:
            return found.start()
    return None


def _too_deep(place: str) -> Problem:
    return Problem(f"a file must nest at most {MAX_NESTING} levels deep", "more", place)


def _inside(problem: Problem, path: Path) -> Problem:
    return Problem(problem.rule, problem.got, f"{path}: {problem.place}" if problem.place else str(path))
