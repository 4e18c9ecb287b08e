"""A conditional ConfigurationSpace, searched by neps_cs.run: inactive parameters are left out."""

import tempfile

from ConfigSpace import ConfigurationSpace, EqualsCondition

import neps_cs as neps

space = ConfigurationSpace({"algorithm": ["svm", "forest"], "C": (0.1, 10.0), "trees": (10, 100)})
space.add(
    EqualsCondition(space["C"], space["algorithm"], "svm"),
    EqualsCondition(space["trees"], space["algorithm"], "forest"),
)


def evaluate_pipeline(algorithm: str, C: float | None = None, trees: int | None = None) -> float:
    return abs(C - 1.0) if C is not None else abs((trees or 0) - 50) / 50


with tempfile.TemporaryDirectory() as root:
    neps.run(evaluate_pipeline, space, root_directory=root, total_evaluations_to_spend=30, seed=0)
    with open(f"{root}/summary/best_config.txt") as file:
        print(file.read())  # noqa: T201
