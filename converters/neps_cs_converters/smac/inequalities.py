"""Forbidden clauses that SMAC can copy.

Its multi-fidelity facade draws the initial design from a uniform copy of the space, made by
ConfigSpace's `substitute_hyperparameters_in_forbiddens`, which knows clauses with == and `in` alone, and
raises TypeError for <, <=, > and >=. Written out by the values that they forbid, they are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ConfigSpace as CS
import numpy as np
from ConfigSpace import forbidden as csf
from ConfigSpace.forbidden import ForbiddenLike
from ConfigSpace.hyperparameters import IntegerHyperparameter

from neps_cs.errors import ConversionError, Problem

MAX_VALUES = 1_000
_INEQUALITIES = (
    csf.ForbiddenLessThanClause, csf.ForbiddenLessThanEqualsClause, csf.ForbiddenGreaterThanClause,
    csf.ForbiddenGreaterThanEqualsClause,
)  # fmt: skip
_RULE = (
    "SMAC's multi-fidelity facade must copy the space, and can copy a forbidden inequality of up to "
    f"{MAX_VALUES:,} values only, and of no warped parameter (priors='drop' leaves it as it is); "
    "optimizer='smac' of neps.run takes every clause"
)


def with_copyable_clauses(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    """The space itself if it has no inequality, else an equal one in which they are written out.

    Raises ConversionError with every inequality on a float, or on too many values.
    """
    if not any(isinstance(c, _INEQUALITIES) for clause in cs.forbidden_clauses for c in _parts(clause)):
        return cs
    problems: list[Problem] = []
    clauses = [_copyable(clause, problems) for clause in cs.forbidden_clauses]
    if problems:
        raise ConversionError(problems)
    made = CS.ConfigurationSpace(name=cs.name, meta=cs.meta)
    made.add(list(cs.values()))
    made.add(list(cs.conditions))
    made.add([c for c in clauses if c is not None])
    return made


def _parts(clause: ForbiddenLike) -> Iterator[ForbiddenLike]:
    if isinstance(clause, csf.ForbiddenConjunction):
        for part in clause.components:
            yield from _parts(part)
    else:
        yield clause


def _copyable(clause: ForbiddenLike, problems: list[Problem]) -> Any:
    """The clause; None where it forbids no value."""
    if isinstance(clause, csf.ForbiddenConjunction):
        parts = [_copyable(part, problems) for part in clause.components]
        return None if None in parts else type(clause)(*parts)
    if not isinstance(clause, _INEQUALITIES):
        return clause
    hyperparameter: Any = clause.hyperparameter
    values = _values(hyperparameter)
    if values is None:
        problems.append(Problem(_RULE, str(clause).removeprefix("Forbidden: "), hyperparameter.name))
        return clause
    vectors = np.asarray(hyperparameter.to_vector(np.asarray(values)), dtype=float)
    held = [v for v, x in zip(values, vectors, strict=True) if clause.is_forbidden_vector(_row(clause, x))]
    return csf.ForbiddenInClause(hyperparameter, held) if held else None


def _row(clause: Any, place: float) -> Any:
    row = np.full(clause.vector_id + 1, np.nan)
    row[clause.vector_id] = place
    return row


def _values(hyperparameter: Any) -> list[Any] | None:
    """All values, where they are at most MAX_VALUES."""
    match hyperparameter:
        case CS.OrdinalHyperparameter():
            return list(hyperparameter.sequence)
        case IntegerHyperparameter():
            lower, upper = int(hyperparameter.lower), int(hyperparameter.upper)
            return list(range(lower, upper + 1)) if upper - lower < MAX_VALUES else None
        case _:
            return None
