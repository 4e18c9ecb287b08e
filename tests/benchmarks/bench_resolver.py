"""Sample and resolve, and replay: NePS and neps_cs side by side on equal spaces, in one process.

    pip install -c constraints.txt -e ".[bench]" && pytest tests/benchmarks/bench_resolver.py

Both decide, and build the objects that evaluate_pipeline receives. Grammars draw configs of any
size, so ratios are of CPU time per decision. `by hand` only creates config and objects, in code
written out for each config: nothing that decides can be faster.
"""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import spaces

import neps_cs

with warnings.catch_warnings():  # of what NePS itself imports
    warnings.simplefilter("ignore")
    import neps
    from neps.space.neps_spaces.neps_space import (
        OnlyPredefinedValuesSampler,
        RandomSampler,
        convert_operation_to_callable,
        resolve,
    )
    from neps.space.neps_spaces.parameters import Operation

CONFIGS = 100
Work = Callable[[], object]


def handed_over(resolved: Any) -> dict[str, Any]:
    """What NePS passes to evaluate_pipeline."""
    values = resolved.get_attrs().items()
    return {k: convert_operation_to_callable(v) if isinstance(v, Operation) else v for k, v in values}


def of_neps(space: Any, work: str) -> tuple[Work, float]:
    """CONFIGS samples or replays, and how many decisions there are in one."""
    random.seed(0)
    made = [dict(resolve(space, RandomSampler({}))[1].samplings_made) for _ in range(CONFIGS)]
    decisions = sum(map(len, made)) / CONFIGS

    def sample() -> None:
        random.seed(0)  # the same configs in each round
        for _ in range(CONFIGS):
            handed_over(resolve(space, RandomSampler({}))[0])

    def replay() -> None:
        for config in made:
            handed_over(resolve(space, OnlyPredefinedValuesSampler(config))[0])

    return (sample if work == "sample" else replay), decisions


def of_neps_cs(space: Any, work: str) -> tuple[Work, float]:
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    made = [space.sample(rng)[0] for _ in range(CONFIGS)]
    decisions = sum(map(len, made)) / CONFIGS

    def sample() -> None:
        rng.bit_generator.state = state
        for _ in range(CONFIGS):
            space.sample(rng)

    def replay() -> None:
        for config in made:
            neps_cs.resolve(space, config)

    return (sample if work == "sample" else replay), decisions


def by_hand(space: Any, work: str) -> tuple[Work, float]:
    rng = np.random.default_rng(0)
    made = [space.sample(rng) for _ in range(CONFIGS)]
    scope = {**spaces.__dict__}
    written = [eval(f"lambda: ({c!r}, {{{', '.join(f'{k!r}: {_source(v)}' for k, v in p.items())}}})", scope)
               for c, p in made]  # fmt: skip

    def create() -> None:
        for function in written:
            function()

    return create, sum(len(c) for c, _ in made) / CONFIGS


def _source(value: Any) -> str:
    if isinstance(value, spaces.Part):
        return f"{type(value).__name__}({', '.join(map(_source, value.args))})"
    return repr(value)


SIDES: dict[str, Callable[[Any, str], tuple[Work, float]]] = {
    "neps": of_neps, "neps_cs": of_neps_cs, "by hand": by_hand,
}  # fmt: skip
TIMES: dict[tuple[str, str, str], tuple[float, float]] = {}


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """The ratios, once all is measured."""
    yield
    lines = [
        "",
        f"{'':14}{'work':8}{'NePS µs':>10}{'neps_cs µs':>12}{'ratio':>8}{'decisions/s':>13}{'× by hand':>11}",
    ]
    for work in ("sample", "replay"):
        ratios = []
        for name in spaces.ALL:
            if (name, work, "neps") not in TIMES:
                continue
            theirs, ours, hand = (TIMES[name, work, side] for side in SIDES)
            ratios.append(theirs[0] / theirs[1] / (ours[0] / ours[1]))
            lines.append(
                f"{name:14}{work:8}{theirs[0] * 1e6:10.0f}{ours[0] * 1e6:12.2f}{ratios[-1]:8.0f}"
                f"{ours[1] / ours[0]:13,.0f}{ours[0] / hand[0]:11.2f}"
            )
        if ratios:
            lines.append(f"{'geometric mean':14}{work:>7}{math.prod(ratios) ** (1 / len(ratios)):31.0f}")
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n".join(lines))  # noqa: T201


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("work", ["sample", "replay"])
@pytest.mark.parametrize("name", spaces.ALL)
def test_resolver(benchmark: Any, name: str, work: str, side: str) -> None:
    """One line of pytest-benchmark's table: CONFIGS configs of a space by one side."""
    benchmark.group = f"{name}, {work}"
    run, decisions = SIDES[side](spaces.ALL[name](neps if side == "neps" else neps_cs), work)
    benchmark.pedantic(run, rounds=5 if side == "neps" else 40, warmup_rounds=1)
    TIMES[name, work, side] = benchmark.stats.stats.min / CONFIGS, decisions


pytestmark = pytest.mark.benchmark(timer=time.process_time)
