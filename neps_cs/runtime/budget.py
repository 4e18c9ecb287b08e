"""Budgets: how much may still be spent, by this call and by all workers together."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass, fields

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
    every bound: so the number of evaluations is exact, and cost and fidelities may exceed their bound
    by the last trial alone.
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

    def allows(self, everywhere: Iterable[Trial], here: Iterable[Trial]) -> bool:
        """Whether one more trial may start. Trials that run count with what is known of them."""
        bounds = (
            (self.total_evaluations_to_spend, self.total_cost_to_spend, self.total_fidelities_to_spend),
            (self.worker_evaluations_to_spend, self.worker_cost_to_spend, self.worker_fidelities_to_spend),
        )
        for (evaluations, cost, fidelities), trials in zip(
            bounds, (list(everywhere), list(here)), strict=True
        ):
            if evaluations is not None and len(trials) >= evaluations:
                return False
            if cost is not None and math.fsum(_cost(t) for t in trials) >= cost:
                return False
            if (
                fidelities is not None
                and math.fsum(v for t in trials for v in t.fidelities.values()) >= fidelities
            ):
                return False
        return True


def _is_positive(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    number = float(value)
    return number > 0 and not math.isnan(number) and (not whole or number.is_integer())


def _cost(trial: Trial) -> float:
    return 0.0 if trial.report is None or trial.report.cost is None else trial.report.cost
