"""The translation beside ConfigSpace's own ways, in one process.

    pip install -c constraints.txt -e ".[bench]" && pytest tests/benchmarks/bench_translation.py

| work | ours | ConfigSpace's |
|---|---|---|
| spaces | from_configspace, then to_configspace | ConfigurationSpace.from_json |
| decode | from_configurations | dict(configuration) of each |
| encode | to_configurations | Configuration(space, values=…) of each |

A space of 150 hyperparameters, with 100 conditions and without; CPU time, best of several rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest

import neps_cs as neps

CONFIGS = 1000
TIMES: dict[tuple[str, int, str], float] = {}


def space_of(conditions: int, size: int = 150) -> CS.ConfigurationSpace:
    """Choices, and numbers of all kinds; conditions on thirty of the choices."""
    rng, cs = np.random.default_rng(0), CS.ConfigurationSpace(name="large", seed=1)
    parents: list[Any] = [CS.CategoricalHyperparameter(f"c{i}", ["a", "b", "c"]) for i in range(30)]
    kinds: list[Callable[[str], Any]] = [
        lambda name: CS.UniformFloatHyperparameter(name, 1e-4, 1, log=True),
        lambda name: CS.UniformFloatHyperparameter(name, 0, 1),
        lambda name: CS.UniformIntegerHyperparameter(name, 1, 100),
        lambda name: CS.CategoricalHyperparameter(name, ["x", "y"]),
        lambda name: CS.UniformIntegerHyperparameter(name, 1, 100, log=True),
    ]
    children = [kinds[i % 5](f"x{i}") for i in range(size - 30)]
    made = []
    for i in range(conditions):
        child, parent = children[i], parents[int(rng.integers(30))]
        one = CS.EqualsCondition(child, parent, "a")
        made.append(one if i % 2 else CS.InCondition(child, parent, ["a", "b"]))
    cs.add([*parents, *children, *made])
    return cs


def works(cs: CS.ConfigurationSpace, folder: Path) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """By name: ours, and ConfigSpace's."""
    path = folder / "space.json"
    cs.to_json(path)
    made, sidecar = neps.to_configspace(neps.from_configspace(cs))
    vectors = [c.get_array() for c in made.sample_configuration(CONFIGS)]

    def fresh() -> list[CS.Configuration]:
        """Without what reading them once leaves in them."""
        return [CS.Configuration(made, vector=v) for v in vectors]

    configs = sidecar.from_configurations(fresh())
    values = [dict(c) for c in fresh()]
    return {
        "spaces": (
            lambda: neps.to_configspace(neps.from_configspace(cs)),
            lambda: CS.ConfigurationSpace.from_json(path),
        ),
        "decode": (lambda: sidecar.from_configurations(fresh()), lambda: [dict(c) for c in fresh()]),
        "encode": (
            lambda: sidecar.to_configurations(configs),
            lambda: [CS.Configuration(made, values=v) for v in values],
        ),
    }


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """The ratios, once all is measured."""
    yield
    lines = ["", f"{'work':10}{'conditions':>12}{'ours ms':>10}{'theirs ms':>11}{'theirs/ours':>13}"]
    for (work, conditions, side), ours in TIMES.items():
        theirs = TIMES.get((work, conditions, "ConfigSpace"))
        if side == "neps_cs" and theirs is not None:
            lines.append(
                f"{work:10}{conditions:12}{ours * 1e3:10.2f}{theirs * 1e3:11.2f}{theirs / ours:13.2f}"
            )
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n".join(lines))  # noqa: T201


@pytest.mark.parametrize("side", ["neps_cs", "ConfigSpace"])
@pytest.mark.parametrize("work", ["spaces", "decode", "encode"])
@pytest.mark.parametrize("conditions", [100, 0])
def test_translation(benchmark: Any, tmp_path: Path, conditions: int, work: str, side: str) -> None:
    """One line of pytest-benchmark's table."""
    benchmark.group = f"{work}, {conditions} conditions"
    ours, theirs = works(space_of(conditions), tmp_path)[work]
    run = ours if side == "neps_cs" else theirs
    made: list[Any] = []  # kept: throwing results away is not what is measured
    benchmark.pedantic(lambda: made.append(run()), rounds=15 if side == "neps_cs" else 5, warmup_rounds=1)
    TIMES[work, conditions, side] = benchmark.stats.stats.min


pytestmark = pytest.mark.benchmark(timer=time.process_time)
