"""SMAC in our run loop against random search: `python tests/benchmarks/bench_smac.py [seeds]`.

Two problems, without fidelities:

* conditional: a synthetic function of ten decisions; three parts have two to three numbers of their own,
  which are inactive where another part is chosen.
* digits: the demo's architecture space (torch networks for scikit-learn's digits) with three epochs in place
  of up to nine, to be affordable; validation error in per cent.

The table shows the mean of the best objective so far over the seeds, with its standard error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import neps_cs as neps
from neps_cs.demo.digits import DigitsSpace, train
from neps_cs.optimizers.algorithms import make_optimizer
from neps_cs.optimizers.playing import Player
from neps_cs.trials import Trial

EVALUATIONS, SHOWN, EPOCHS = 100, (25, 50, 100), 3
OPTIMIZERS: Mapping[str, Any] = {
    "random search": "random_search",
    "random search by priors": ("random_search", {"use_priors": True}),
    "SMAC": ("smac", {"n_trials": EVALUATIONS}),
}


class Conditional(neps.PipelineSpace):
    """Three parts with numbers of their own: the deepest valley is that of c."""

    kind = neps.Categorical(("a", "b", "c"))
    rate = neps.Float(1e-5, 1.0, log=True)
    _a1, _a2 = neps.Float(-2, 2), neps.Float(-2, 2)
    _b1, _b2 = neps.Integer(1, 64, log=True), neps.Float(0, 1)
    _c1, _c2, _c3 = neps.Float(-2, 2), neps.Float(-2, 2), neps.Float(-2, 2)
    part = neps.Categorical(
        (
            neps.Operation("a", args=(_a1, _a2)),
            neps.Operation("b", args=(_b1, _b2)),
            neps.Operation("c", args=(_c1, _c2, _c3)),
        )
    )


def conditional(config: Mapping[str, Any]) -> float:
    """Squared distances to the valley of the part that is active; 0 is the least."""
    rate = (np.log10(config["rate"]) + 3) ** 2 / 4 + (0.2 if config["kind"] != "b" else 0.0)
    match config["part"]:
        case "a":
            return float(rate + 0.5 + (config["_a1"] - 1) ** 2 + (config["_a2"] + 1) ** 2)
        case "b":
            return float(rate + 0.3 + (np.log2(config["_b1"]) - 4) ** 2 / 4 + (config["_b2"] - 0.7) ** 2)
        case _:
            return float(rate + sum((config[f"_c{i}"] - 0.5) ** 2 for i in (1, 2, 3)))


@dataclass(frozen=True)
class Problem:
    """A space and the objective of a trial."""

    space: neps.PipelineSpace
    objective: Callable[[Trial], float]


def problems() -> Mapping[str, Problem]:
    """By name."""
    digits = DigitsSpace().remove("epochs")

    def error(trial: Trial) -> float:
        found = neps.resolve(digits, trial.config)
        return 100 * train(found["model"], found["learning_rate"], EPOCHS)

    return {
        "conditional": Problem(Conditional(), lambda trial: conditional(trial.config)),
        "digits": Problem(digits, error),
    }


def best_so_far(problem: Problem, choice: Any, seed: int) -> list[float]:
    """The best objective after each evaluation."""
    optimizer, _ = make_optimizer(choice, problem.space, seed)
    player = Player(optimizer, problem.objective)
    objectives = [t.report.objective for t in player.play(EVALUATIONS) if t.report is not None]
    return np.minimum.accumulate(np.array(objectives, dtype=float)).tolist()


def main(seeds: int) -> None:
    """Print the table, as Markdown."""
    torch.set_num_threads(1)
    print(f"{seeds} seeds\n")  # noqa: T201
    print(f"| problem | optimizer | {' | '.join(map(str, SHOWN))} | seconds per run |")  # noqa: T201
    print("|---|---|" + "---|" * (len(SHOWN) + 1))  # noqa: T201
    for name, problem in problems().items():
        for label, choice in OPTIMIZERS.items():
            if name == "conditional" and "priors" in label:
                continue  # it has none
            start = time.perf_counter()
            curves = np.array([best_so_far(problem, choice, seed) for seed in range(seeds)])
            seconds = (time.perf_counter() - start) / seeds
            means, errors = curves.mean(axis=0), curves.std(axis=0, ddof=1) / np.sqrt(seeds)
            cells = " | ".join(f"{means[n - 1]:.3f} ± {errors[n - 1]:.3f}" for n in SHOWN)
            print(f"| {name} | {label} | {cells} | {seconds:.1f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
