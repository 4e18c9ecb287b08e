"""ConfigSpace's part of a file: `write` and `read`. `neps_cs.storage` loads this module by its name."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import ConfigSpace as CS

from neps_cs.errors import ConversionError, FormatError, NepsCsError, Problem
from neps_cs.losses import Loss, Losses, LossKind
from neps_cs.space import PipelineSpace
from neps_cs_converters.configspace.decode import from_configspace
from neps_cs_converters.configspace.encode import to_configspace

MAX_HYPERPARAMETERS = 10_000
MAX_CHAIN = 24


def write(space: PipelineSpace, max_depth: int | None) -> tuple[dict[str, Any], Losses]:
    """What ConfigSpace's `to_json` writes for the translation, and what that does not say.

    Raises ConversionError as `to_configspace` does, and where ConfigSpace can't write it.
    """
    translation = to_configspace(space, max_depth)
    buffer = io.StringIO()
    try:
        translation.configspace.to_json(buffer)
    except (TypeError, ValueError) as e:
        rule = "ConfigSpace must be able to write the meta of its hyperparameters as JSON"
        raise ConversionError(Problem(rule, str(e), space.graph.name)) from e
    lacks = [*translation.beside, *translation.losses]
    if space.resolver.recursion.recursive:
        reason = f"recursion goes on below max_depth={max_depth}"
        lacks.append(Loss(space.graph.name, LossKind.DEPTH, reason, "branches that end"))
    part: dict[str, Any] = json.loads(buffer.getvalue())
    return part, Losses(lacks)


def read(document: dict[str, Any]) -> PipelineSpace:
    """The space of a document that ConfigSpace's `to_json` wrote, as `from_configspace` reads it.

    Raises FormatError for what ConfigSpace can't read or would take hours for, and ConversionError as
    `from_configspace` does.
    """
    _check_limits(document)
    try:
        cs = CS.ConfigurationSpace.from_serialized_dict(document)
    except NepsCsError:
        raise
    except Exception as e:  # ConfigSpace checks little: a wrong file fails in many ways
        rule = "ConfigSpace must be able to read the file"
        raise FormatError(Problem(rule, f"{type(e).__name__}: {e}")) from e
    return from_configspace(cs)


def _check_limits(document: Mapping[str, Any]) -> None:
    count = len(document["hyperparameters"])
    if count > MAX_HYPERPARAMETERS:
        rule = f"len(hyperparameters) <= {MAX_HYPERPARAMETERS} must hold"
        raise FormatError(Problem(rule, str(count), "hyperparameters"))
    longest = _longest_chain(document.get("conditions") or [])
    if longest > MAX_CHAIN:
        # its time doubles with every level and more: 16 levels take a minute
        rule = f"a chain of conditions that ConfigSpace can read has at most {MAX_CHAIN} levels"
        raise FormatError(Problem(rule, str(longest), "conditions"))


def _longest_chain(conditions: Any) -> int:
    """Levels of hyperparameters under conditions; 0 for what is no list of conditions."""
    above: dict[str, set[str]] = {}
    stack = list(conditions) if isinstance(conditions, list) else []
    while stack:
        row = stack.pop()
        if not isinstance(row, dict):
            continue
        inner = row.get("conditions")
        stack += inner if isinstance(inner, list) else []
        child, parent = row.get("child"), row.get("parent")
        if isinstance(child, str) and isinstance(parent, str):
            above.setdefault(child, set()).add(parent)
    levels, reached = 0, set(above)
    while reached and levels <= len(above):
        levels += 1
        # those whose parents still are under conditions
        reached = {child for child in reached if above[child] & reached}
    return levels
