"""Budgets: how much may still be spent, by this call and by all workers together."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from neps_cs.errors import Problem, RunError
from neps_cs.trials import Trial

_RULES = {
    True: "a budget of evaluations must be a whole number > 0",
    False: "a budget must be a number > 0",
}


@dataclass(frozen=True)
class Budget:
    """Upper bounds on what is spent; None: no bound. Crashed trials count.

    A trial starts while everything spent so far, by trials that ended or still run, is below
    every bound: so the number of evaluations is exact, fidelities may exceed their bound by the last trial
    alone, and cost by the trials that run at once.
    """

    worker_evaluations_to_spend: int | None = None
    total_evaluations_to_spend: int | None = None
    worker_cost_to_spend: float | None = None
    total_cost_to_spend: float | None = None
    worker_fidelities_to_spend: float | None = None
    total_fidelities_to_spend: float | None = None

    def __post_init__(self) -> None:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        problems = [
            Problem(_RULES["evaluations" in name], f"{name}={value!r}", "run")
            for name, value in given.items()
            if value is not None and not _is_positive(value, whole="evaluations" in name)
        ]
        if not problems and all(v is None for v in given.values()):
            rule = f"a run needs a budget: one of {', '.join(given)}"
            problems.append(Problem(rule, "none", "run"))
        if problems:
            raise RunError(problems)

    @property
    def needs_cost(self) -> bool:
        """Whether every evaluation must report a cost."""
        return self.worker_cost_to_spend is not None or self.total_cost_to_spend is not None

    @property
    def needs_fidelity(self) -> bool:
        """Whether the space must have a fidelity."""
        return self.worker_fidelities_to_spend is not None or self.total_fidelities_to_spend is not None

    def allows(self, everywhere: Spent, here: Spent) -> bool:
        """Whether one more trial may start. Trials that run count with what is known of them."""
        bounds = (
            (self.total_evaluations_to_spend, self.total_cost_to_spend, self.total_fidelities_to_spend),
            (self.worker_evaluations_to_spend, self.worker_cost_to_spend, self.worker_fidelities_to_spend),
        )
        return all(
            (evaluations is None or spent.evaluations < evaluations)
            and (cost is None or float(spent.cost) < cost)
            and (fidelities is None or float(spent.fidelities) < fidelities)
            for (evaluations, cost, fidelities), spent in zip(bounds, (everywhere, here), strict=True)
        )


@dataclass
class Spent:
    """What trials spent. Sums are exact: ten times 0.1 is 1, in whatever order trials end.

    A trial counts from its start, with its fidelities (their full values, also where it continues
    another trial: as NePS counts them); its cost counts once it is reported.
    """

    evaluations: int = 0
    cost: Fraction = Fraction(0)
    fidelities: Fraction = Fraction(0)

    def add_start(self, trial: Trial, sign: int = 1) -> None:
        """A trial started; with sign -1: it was given back."""
        self.evaluations += sign
        for value in trial.fidelities.values():
            self.fidelities += sign * Fraction(value)

    def add_end(self, trial: Trial) -> None:
        """A trial ended."""
        if trial.report is not None and trial.report.cost is not None:
            self.cost += Fraction(trial.report.cost)

    def without(self, trials: Iterable[Trial]) -> Spent:
        """The same, had these trials not started."""
        left = replace(self)
        for trial in trials:
            left.add_start(trial, -1)
        return left


def _is_positive(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    if isinstance(value, numbers.Integral):
        return int(value) > 0  # of any size
    number = float(value)
    return number > 0 and not math.isnan(number) and (not whole or number.is_integer())
