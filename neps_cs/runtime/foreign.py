"""What `run` accepts as a space: a PipelineSpace, or an object of a package that has a bridge; and trials in
a folder of such a package.

The core knows the bridges by name only, and loads one when such an object arrives.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neps_cs.errors import Problem, RunError
from neps_cs.space import PipelineSpace

logger = logging.getLogger("neps_cs")

_LEGACY = "neps_cs_converters.legacy:from_legacy"

# package and name of the object's class (None: any) → the function that reads it
READERS: Mapping[tuple[str, str | None], str] = {
    ("ConfigSpace", None): "neps_cs_converters.configspace:flat_space",
    ("neps", "SearchSpace"): _LEGACY,
    ("neps", None): "neps_cs_converters.neps:from_neps",
}


def as_space(given: Any) -> PipelineSpace:
    """The space that was meant. Raises RunError for what is none, and as the bridge's function does."""
    if isinstance(given, PipelineSpace):
        return given
    if isinstance(given, type) and issubclass(given, PipelineSpace):
        rule = "pipeline_space must be made"
        raise RunError(Problem(rule, f"the class {given.__name__}, not {given.__name__}()", "run"))
    path = next(filter(None, map(_reader, type(given).__mro__)), None)
    if path is None and isinstance(given, (Mapping, str, os.PathLike)):
        path = _LEGACY
    if path is None:
        rule = (
            "pipeline_space must be a PipelineSpace, a ConfigurationSpace, or an old space: a mapping, or "
            "the path of a file"
        )
        raise RunError(Problem(rule, f"{given!r} of type {type(given).__name__}", "run"))
    module, _, name = path.partition(":")
    space = getattr(importlib.import_module(module), name)(given)
    assert isinstance(space, PipelineSpace)
    return space


def _reader(kind: type) -> str | None:
    package = kind.__module__.partition(".")[0]
    return READERS.get((package, kind.__name__)) or READERS.get((package, None))


def results_in(directory: str | Path, space: PipelineSpace) -> list[tuple[Any, Any]]:
    """Pairs of a config and a result: the trials that ended in the root directory of a run of the NePS
    package. What can't be read is logged. Raises StoreError where there is no such directory."""
    found = importlib.import_module("neps_cs_converters.neps").read_root(directory, space)
    for problem in found.problems:
        logger.warning("not imported: %s", problem)
    pairs: list[tuple[Any, Any]] = found.results()
    return pairs
