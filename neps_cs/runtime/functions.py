"""evaluate_pipeline as a text: "module:function" or "path.py:function"."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

from neps_cs.errors import Problem, RunError
from neps_cs.runtime.evaluate import Evaluate

_RULE = 'evaluate_pipeline must be callable, "module:function" or "path.py:function"'


def absolute(given: Any) -> Any:
    """A text with the file's absolute path (the directory may change), anything else as it is."""
    if not isinstance(given, str):
        return given
    place, name = _parts(given)
    return f"{Path(place).expanduser().absolute()}:{name}" if place.endswith(".py") else given


def loaded(given: Any) -> Evaluate:
    """The function that was meant. A text imports its module: give none that is not your own.

    Raises RunError for what names no function, and whatever the module raises when it is imported.
    """
    if callable(given):
        return given  # type: ignore[no-any-return]
    if not isinstance(given, str):
        raise RunError(Problem(_RULE, repr(given)))
    place, name = _parts(given)
    found: Any = _from_file(Path(place), given) if place.endswith(".py") else _from_name(place, given)
    for part in name.split("."):
        if part not in dir(found):
            raise RunError(Problem("evaluate_pipeline must be in its module", f"no {name}", given))
        found = getattr(found, part)
    if not callable(found):
        raise RunError(Problem(_RULE, f"{found!r}", given))
    return found  # type: ignore[no-any-return]


def _parts(text: str) -> tuple[str, str]:
    r"""Before and after the last colon: a Windows path, `C:\x\train.py:evaluate`, has two."""
    place, colon, name = text.rpartition(":")
    if not colon or not place or not all(p.isidentifier() for p in name.split(".")):
        raise RunError(Problem(_RULE, repr(text)))
    return place, name


def _from_name(module: str, given: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        if e.name is None or not (module == e.name or module.startswith(f"{e.name}.")):
            raise  # the module is there, but not one that it imports
        rule = "the module of evaluate_pipeline must be importable"
        raise RunError(Problem(rule, str(e), given)) from e
    except (ValueError, TypeError) as e:  # an empty or a relative name
        raise RunError(Problem(_RULE, repr(given))) from e


def _from_file(path: Path, given: str) -> ModuleType:
    path = path.expanduser().absolute()
    name = f"neps_cs_file_{path.stem}_{zlib.crc32(str(path).encode()):x}"
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        raise RunError(Problem("the file of evaluate_pipeline must exist", str(path), given))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "it ends in .py"
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
