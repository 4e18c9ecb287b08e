"""Anytime quality of our priorband and complex_random_search beside NePS's own, in one run.

    pip install -c constraints.txt -e ".[bench]"
    python tests/benchmarks/bench_quality.py [seeds [optimizers]]

The function is the multi-fidelity Hartmann function in 3 and 6 dimensions (Kandasamy et al. 2017; as in
the PriorBand paper, Mallik et al. 2023, it has a bias and noise that vanish at full fidelity):

    f(x, z) = -sum_i (alpha_i - b (1 - z/100)) exp(-sum_j A_ij (x_j - P_ij)^2) + |e| s (1 - z/100)

with z in 3, …, 100, b = 0.5, s = 0.1 and e standard normal, drawn per evaluation. Priors have the confidence
"medium". A good one is the optimum plus normal noise of deviation 0.1 in each dimension, a useless one a
uniform point, a misleading one the corner farthest from the optimum; all of them are drawn per seed, the same
for both sides.

At each budget, in evaluations at full fidelity (fidelity that is continued counts once), the table shows
the mean regret of the incumbent, the config with the least objective reported so far, at full fidelity:
the mean over the seeds and its 95 % interval (normal). A mark says where intervals are apart.
complex_random_search evaluates at full fidelity only. NePS takes nearly all of the half an hour.
"""

from __future__ import annotations

import logging
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import neps_cs
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.playing import ended, started

Array = npt.NDArray[np.float64]

LOW, FULL = 3, 100
BIAS, NOISE = 0.5, 0.1
BUDGETS = {"priorband": (1, 2, 4, 8, 16, 32), "complex_random_search": (1, 2, 4, 8, 16, 32, 64)}
ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
A = {
    3: np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]], dtype=float),
    6: np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
         [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    ),
}  # fmt: skip
P = {
    3: 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
    6: 1e-4 * np.array([
        [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
    ]),
}  # fmt: skip
OPTIMUM = {
    3: np.array([0.114614, 0.555649, 0.852547]),
    6: np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573]),
}


def hartmann(x: Array, z: float = FULL, noise: float = 0.0) -> float:
    """The function at a fidelity; `noise` is |e|."""
    short, d = 1 - z / FULL, len(x)
    terms = np.exp(-np.sum(A[d] * (x - P[d]) ** 2, axis=1))
    return float(-np.sum((ALPHA - BIAS * short) * terms) + noise * NOISE * short)


def prior_points(kind: str, d: int, seed: int) -> Array:
    rng = np.random.default_rng([seed, d])
    if kind == "good":
        return np.clip(OPTIMUM[d] + rng.normal(0, 0.1, d), 0, 1)
    if kind == "useless":
        return rng.random(d)
    return np.where(OPTIMUM[d] > 0.5, 0.0, 1.0)


class Side(Protocol):
    """An optimizer at work."""

    def ask(self) -> tuple[Array, float, float]:
        """The point, its fidelity, and the fidelity that it continues, 0 for a new one."""
        ...

    def tell(self, value: float) -> None: ...


def attributes(package: Any, points: Array, *, with_fidelity: bool) -> dict[str, Any]:
    made = {
        f"x{j}": package.Float(0.0, 1.0, prior=float(p), prior_confidence="medium")
        for j, p in enumerate(points)
    }
    return {**made, "z": package.IntegerFidelity(LOW, FULL)} if with_fidelity else made


class Ours:
    def __init__(self, name: str, points: Array, seed: int) -> None:
        parts = attributes(neps_cs, points, with_fidelity=name == "priorband")
        space = neps_cs.PipelineSpace.from_attributes(parts)
        self.optimizer: Optimizer = getattr(neps_cs.algorithms, name)(space, seed=seed)
        self.d, self.n, self.at = len(points), 0, dict[int, float]()

    def ask(self) -> tuple[Array, float, float]:
        self.n += 1
        proposal = self.optimizer.ask(self.n)
        assert proposal is not None
        self.trial = started(proposal, self.n)
        self.optimizer.observe(self.trial)
        z = self.at[self.n] = proposal.fidelities.get("z", FULL)
        before = 0.0 if proposal.previous is None else self.at[proposal.previous]
        return np.array([proposal.config[f"x{j}"] for j in range(self.d)]), z, before

    def tell(self, value: float) -> None:
        self.optimizer.observe(ended(self.trial, value))


_NAME = re.compile(r"(?:^|[._])(x\d+|z)(?:::|$)")
"""Of SAMPLING__Resolvable.x0::float__0.0_1.0_False and ENVIRONMENT__z."""


class Theirs:
    def __init__(self, name: str, points: Array, seed: int) -> None:
        import neps
        import torch

        a, b, c = np.random.SeedSequence([seed, 1]).generate_state(3).tolist()  # small integers seed alike
        random.seed(a)
        np.random.seed(b)  # noqa: NPY002
        torch.manual_seed(c)
        self.d, self.at = len(points), dict[str, float]()
        parts = attributes(neps, points, with_fidelity=name == "priorband")
        space = type("Space", (neps.PipelineSpace,), parts)()
        self.asking = neps.AskAndTell(getattr(neps.algorithms, name)(space))

    def ask(self) -> tuple[Array, float, float]:
        self.trial = self.asking.ask()
        short = {_NAME.search(key)[1]: v for key, v in self.trial.config.items()}
        z = self.at[str(self.trial.metadata.id)] = float(short.get("z", FULL))
        previous = self.trial.metadata.previous_trial_id
        before = 0.0 if previous is None else self.at[str(previous)]
        return np.array([short[f"x{j}"] for j in range(self.d)], dtype=float), z, before

    def tell(self, value: float) -> None:
        self.asking.tell(self.trial, {"objective_to_minimize": value})


def regrets(side: Side, seed: int, budgets: tuple[int, ...]) -> list[float]:
    """The incumbent's regret at each budget."""
    noise, spent, best, found = np.random.default_rng([seed, 7]), 0.0, np.inf, list[float]()
    regret = np.nan
    while len(found) < len(budgets):
        x, z, before = side.ask()
        spent += (z - before) / FULL
        while len(found) < len(budgets) and spent > budgets[len(found)] + 1e-9:
            found.append(regret)
        value = hartmann(x, z, abs(float(noise.normal())))
        if value < best:
            best, regret = value, hartmann(x) - hartmann(OPTIMUM[len(x)])
        side.tell(value)
    return found


@dataclass(frozen=True)
class Interval:
    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.half:.3f}"


def interval(values: Array) -> Interval:
    """Mean and the half of its 95 % interval; a budget that no trial fits into has none."""
    return Interval(float(np.mean(values)), float(1.96 * np.std(values, ddof=1) / np.sqrt(len(values))))


def compare(name: str, kind: str, d: int, seeds: int) -> list[tuple[int, Interval, Interval]]:
    makers: tuple[Callable[[str, Array, int], Side], ...] = (Ours, Theirs)
    budgets = BUDGETS[name]
    runs = [
        np.array([regrets(make(name, prior_points(kind, d, s), s), s, budgets) for s in range(seeds)])
        for make in makers
    ]
    return [(b, interval(runs[0][:, i]), interval(runs[1][:, i])) for i, b in enumerate(budgets)]


def main(seeds: int, names: list[str]) -> None:
    logging.disable(logging.WARNING)
    for name in names:
        for d in (3, 6):
            for kind in ("good", "useless", "misleading"):
                begun = time.perf_counter()
                rows = compare(name, kind, d, seeds)
                print(f"\n{name}, Hartmann-{d}, {kind} priors, {seeds} seeds "  # noqa: T201
                      f"({time.perf_counter() - begun:.0f} s)", flush=True)  # fmt: skip
                print(f"{'budget':>8} {'neps_cs':>16} {'NePS':>16}")  # noqa: T201
                for budget, ours, theirs in rows:
                    apart = abs(ours.mean - theirs.mean) > ours.half + theirs.half
                    mark = ("better" if ours.mean < theirs.mean else "WORSE") if apart else ""
                    print(f"{budget:>8} {ours!s:>16} {theirs!s:>16} {mark}")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30, sys.argv[2:] or list(BUDGETS))
