"""Reading the arguments of an optimizer: what may stand there, and what it becomes.

Each function raises RunError with the rule, the value and the optimizer's name.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

from neps_cs.errors import Problem, RunError
from neps_cs.sampling.draw import checked_seed
from neps_cs.space import PipelineSpace, checked_space

IgnoreFidelity: TypeAlias = "bool | Literal['highest_fidelity']"
PriorFirst: TypeAlias = "bool | Literal['highest_fidelity']"
HIGHEST: Literal["highest_fidelity"] = "highest_fidelity"

_T = TypeVar("_T")


def refuse(rule: str, got: str, place: str) -> RunError:
    """The error of one broken rule."""
    return RunError(Problem(rule, got, place))


def read_space(space: object, place: str) -> PipelineSpace:
    """A space that was made. Raises SpaceError for anything else."""
    return checked_space(space, place)


def read_seed(seed: object, place: str) -> int:
    """An integer >= 0. Raises ConfigError for anything else."""
    found = checked_seed(seed, place)
    if found is None:
        raise refuse("seed must be an integer: an optimizer draws from nothing else", "seed=None", place)
    return found


def read_among(name: str, value: _T, allowed: Sequence[_T], place: str) -> _T:
    """One of a few values, True and 1 apart."""
    for candidate in allowed:
        if type(candidate) is type(value) and candidate == value:
            return candidate
    shown = ", ".join(map(repr, allowed))
    raise refuse(f"{name} must be one of {shown}", f"{name}={value!r}", place)


def read_count(name: str, value: object, least: int, place: str) -> int:
    """A whole number >= least."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise refuse(f"{name} must be a whole number >= {least}", f"{name}={value!r}", place)
    return int(value)


def read_share(name: str, value: object, place: str) -> float:
    """A number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise refuse(f"0 <= {name} <= 1 must hold", f"{name}={value!r}", place)
    return float(value)


def read_spread(name: str, value: object, place: str) -> float:
    """A finite number > 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise refuse(f"{name} must be a positive, finite number", f"{name}={value!r}", place)
    return float(value)


def read_ignore_fidelity(space: PipelineSpace, value: IgnoreFidelity, place: str) -> IgnoreFidelity:
    """True, "highest_fidelity", or False, which refuses a space that has a fidelity."""
    found = read_among("ignore_fidelity", value, (False, True, HIGHEST), place)
    if found is False and space.resolver.fidelities:
        rule = (
            "this optimizer plans no fidelities: ignore_fidelity='highest_fidelity' evaluates at full "
            "fidelity, ignore_fidelity=True draws it; priorband, hyperband, asha and others plan it"
        )
        raise refuse(rule, f"ignore_fidelity=False with {', '.join(space.resolver.fidelities)}", place)
    return found
