"""The arithmetic of brackets: which fidelities, and how many configs at each.

With r and R the bounds of the fidelity, s_max = floor(log_eta(R / r)). Rung k of 0, …, s_max has the fidelity
R eta^(k - s_max), in the fidelity's own units whatever its scale; a whole number is rounded, halves up, and
rungs that fall together are one.

| | starts at rung | with n configs | source |
|---|---|---|---|
| Hyperband's bracket s | s_max - s | ceil((s_max + 1) eta^s / (s + 1)) | Li et al. 2018, Algorithm 1 |
| successive halving | e | eta^(s_max - e) | Li et al. 2020, Algorithm 1 |
| ASHA | e | any number | Li et al. 2020, Algorithm 2 |

Of the n, floor(n eta^-i) reach the rung that is i above the first; in ASHA, the best 1 / eta of each rung.
Hyperband goes through s = s_max, …, 0 again and again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from neps_cs.graph.records import FidelityRecord
from neps_cs.optimizers.arguments import read_count, refuse
from neps_cs.space import PipelineSpace

Layout: TypeAlias = tuple[tuple[int, int], ...]
"""A bracket: its rungs from the lowest up, and how many configs each has at most."""


@dataclass(frozen=True)
class Rungs:
    """The fidelities of the rungs, increasing; the last is the upper bound."""

    name: str
    values: tuple[float, ...]
    eta: int

    @property
    def top(self) -> int:
        """The index of the rung at full fidelity."""
        return len(self.values) - 1

    def fidelities(self, rung: int) -> dict[str, float]:
        """The fidelities of a trial at a rung."""
        return {self.name: self.values[rung]}


_NONE = (
    "a space with none (a PipelineSpace has one as an attribute, epochs = IntegerFidelity(1, 100); "
    'from_configspace(cs, fidelities=("epochs",)) makes one of a hyperparameter)'
)


def read_rungs(space: PipelineSpace, eta: object, place: str) -> Rungs:
    """The rungs of a space. Raises RunError unless it has one fidelity with a lower bound > 0 (an integer's
    bound of 0 counts as 1), and eta is a whole number >= 2."""
    found = read_count("eta", eta, 2, place)
    records = space.resolver.fidelities
    if len(records) != 1:
        got = f"a space with {len(records)}: {', '.join(records)}" if records else _NONE
        raise refuse("brackets need a space with one fidelity", got, place)
    ((name, record),) = records.items()
    lower = max(1, record.lower) if record.integer and record.lower >= 0 else record.lower
    if lower <= 0 or record.upper < lower:
        rule = "brackets need a fidelity with lower > 0: each rung has eta times that of the one below"
        raise refuse(rule, f"lower={record.lower}, upper={record.upper}", f"{place}.{name}")
    return Rungs(name, rung_values(lower, record, found), found)


def rung_values(lower: float, record: FidelityRecord, eta: int) -> tuple[float, ...]:
    """The fidelities of the rungs between `lower` and the record's upper bound."""
    upper, values = record.upper, [record.upper]
    s = 1
    while (value := upper / eta**s) >= lower * (1 - 1e-12):  # 3.0 / 3**1 may miss 1.0 by rounding
        values.append(math.floor(value + 0.5) if record.integer else max(value, lower))
        s += 1
    return tuple(sorted(dict.fromkeys(values)))


def hyperband_layouts(top: int, eta: int) -> tuple[Layout, ...]:
    """The brackets of one round of Hyperband, the one with most configs first."""
    layouts = []
    for s in range(top, -1, -1):
        n = -(-(top + 1) * eta**s // (s + 1))
        layouts.append(_layout(top - s, n, top, eta))
    return tuple(layouts)


def halving_layout(top: int, eta: int, early_stopping_rate: int) -> Layout:
    """The bracket of successive halving that skips the lowest `early_stopping_rate` rungs."""
    return _layout(early_stopping_rate, eta ** (top - early_stopping_rate), top, eta)


def _layout(start: int, n: int, top: int, eta: int) -> Layout:
    return tuple((rung, n // eta ** (rung - start)) for rung in range(start, top + 1))


def read_early_stopping_rate(value: object, rungs: Rungs, place: str) -> int:
    """How many of the lowest rungs are skipped: from 0 to all but the highest."""
    found = read_count("early_stopping_rate", value, 0, place)
    if found > rungs.top:
        got = f"early_stopping_rate={found} of {len(rungs.values)} rungs"
        raise refuse("early_stopping_rate must leave a rung", got, place)
    return found
