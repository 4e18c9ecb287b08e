"""Whether a recorded value fits a decision, and what it says.

The rule: a value is taken as it is if it is of the right type and in range. An int for a Float, or
a whole float for an Integer, is converted; a number on a grid is brought to the grid point that it
equals up to rounding; a choice is named by its value or label, True, 1 and 1.0 apart (one that
fits no choice exactly may equal a single one: 1.0 for 1). Scalars of numpy count as Python's own.
"""

from __future__ import annotations

import math

from neps_cs.graph.records import NumberRecord
from neps_cs.resolving.sites import Branches
from neps_cs.scales import Scale
from neps_cs.values import plain_key, unwrapped


class MisfitError(Exception):
    """A recorded value does not fit. Never reaches a user: the report is made by `sampling.replay`."""


def number_of(scale: Scale, value: object) -> float | None:
    """A recorded number as the scale's type, or None where it does not fit."""
    if type(value) not in (int, float):
        value = unwrapped(value)
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
        return None
    if (isinstance(value, float) and not math.isfinite(value)) or not scale.holds(value):
        return None
    if scale.step is not None:
        return scale.grid(scale.index(value))
    if not scale.integer:
        return float(value)
    return int(value) if value == int(value) else None


def index_of(branches: Branches, value: object) -> int | None:
    """The branch that a recorded value names, or None."""
    value = unwrapped(value)
    exact = branches.index.get(plain_key(value))
    if exact is not None:
        return exact
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
        return None
    equal = [i for i, v in enumerate(branches.values) if type(v) in (int, float) and v == value]
    return equal[0] if len(equal) == 1 else None


def fitting_number(record: NumberRecord, lower: float, upper: float, value: object) -> float:
    """`number_of`, between bounds that were drawn. Raises MisfitError."""
    found = number_of(record.scale(lower, upper), value)
    if found is None:
        raise MisfitError
    return found


def fitting_index(branches: Branches, value: object) -> int:
    """`index_of` a branch that is open. Raises MisfitError."""
    found = index_of(branches, value)
    if found is None or found not in branches.every:
        raise MisfitError
    return found
