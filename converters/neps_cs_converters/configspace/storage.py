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
# a chain of 18 levels, for which ConfigSpace takes a quarter of an hour
MAX_WORK = 2**20


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
    if _work(document.get("conditions") or []) > MAX_WORK:
        rule = "conditions must form no circle, and no chains for which ConfigSpace needs hours"
        raise FormatError(Problem(rule, "deeper ones", "conditions"))


def _work(conditions: Any) -> int:
    """How long ConfigSpace takes, from measurements: for every hyperparameter 1, and twice what each of its
    parents takes. Chains are followed for 20 levels, which are beyond the bound in any case."""
    above: dict[str, list[str]] = {}
    stack = list(conditions) if isinstance(conditions, list) else []
    while stack:
        row = stack.pop()
        if not isinstance(row, dict):
            continue  # ConfigSpace will say what is wrong
        inner = row.get("conditions")
        stack += inner if isinstance(inner, list) else []
        child, parent = row.get("child"), row.get("parent")
        if isinstance(child, str) and isinstance(parent, str):
            above.setdefault(child, []).append(parent)
    work = dict.fromkeys(above, 1)
    for _ in range(20):
        work = {child: 1 + sum(2 * work.get(p, 1) for p in parents) for child, parents in above.items()}
    return sum(work.values())
