"""What the tests of the NePS package share: evaluating as NePS does, and spaces in its own words."""

from __future__ import annotations

import contextlib
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import neps
import pytest
from neps.space.neps_spaces.neps_space import (
    NepsCompatConverter,
    adjust_evaluation_pipeline_for_neps_space,
    resolve,
)
from neps.space.neps_spaces.parameters import Lazy, Repeated
from neps.space.neps_spaces.sampling import RandomSampler
from strategies import gather

MARKS = [
    pytest.mark.peer,
    # NePS's own and its dependencies'
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
NEPS = SimpleNamespace(**{n: getattr(neps, n) for n in neps.__all__}, Lazy=Lazy, Repeated=Repeated)


def neps_run(
    evaluate_pipeline: Callable[..., Any], space: Any, root: Path, total: int, **options: Any
) -> None:
    """`neps.run` until the directory holds `total` trials: NePS 0.16 counts those of a call alone."""
    if "total_evaluations_to_spend" in inspect.signature(neps.run).parameters:
        options["total_evaluations_to_spend"] = total
    else:
        options["evaluations_to_spend"] = total - len([*root.glob("configs/config_*")])
    neps.run(evaluate_pipeline, space, root_directory=root, **options)


def received_in_neps_run(space: Any, root: Path, total: int, optimizer: Any = "auto") -> list[dict[str, Any]]:
    """What evaluate_pipeline received in a run of NePS."""
    received: list[dict[str, Any]] = []

    def evaluate_pipeline(**given: Any) -> float:
        received.append(given)
        return float(len(received))

    neps_run(evaluate_pipeline, space, root, total, optimizer=optimizer)
    return received


def evaluated(space: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """What evaluate_pipeline receives from NePS for a config of its own."""
    received: dict[str, Any] = {}
    adjust_evaluation_pipeline_for_neps_space(lambda **given: received.update(given), space)(**config)
    return received


def sampled(space: Any, seed: int, fidelities: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A config that NePS itself draws and records."""
    with seeded(seed):
        _, context = resolve(space, RandomSampler({}), dict(fidelities or {}))
    return dict(NepsCompatConverter.to_neps_config(context))


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The generator that NePS draws from, seeded and put back."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def called(value: Any) -> Any:
    """A value with every operation in it called: NePS leaves those in tuples of attributes as they are."""
    match value:
        case neps.Operation():
            parts = value.get_attrs()
            args = called(parts["args"])
            args = args if isinstance(args, (tuple, list)) else (args,)
            return value.operator(*args, **called(dict(parts["kwargs"])))
        case tuple() | list():
            return type(value)(called(v) for v in value)
        case dict():
            return {k: called(v) for k, v in value.items()}
        case _:
            return value


def flat(lib: Any) -> Any:
    class Flat(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        lr = lib.Float(1e-4, 1.0, log=True, prior=0.01, prior_confidence="low")
        width = lib.Integer(0, 7, prior=0, prior_confidence="high")
        name = lib.Categorical(("a", "b", "c"), prior=0, prior_confidence="medium")
        epochs = lib.IntegerFidelity(1, 9)
        seed = 3

    return Flat()


def shared(lib: Any) -> Any:
    class Shared(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        _width = lib.Integer(1, 3)
        first = lib.Operation(gather, (_width,), {"again": _width, "new": _width.resample()})
        second = lib.Operation(gather, kwargs={"first": first, "fresh": first.resample()})
        named = lib.ByName("_width")

    return Shared()


def grammar(lib: Any) -> Any:
    class Grammar(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        tree = lib.Categorical(
            (
                lib.Operation(gather, ("leaf",)),
                lib.Operation(gather, (lib.ByName("_deeper").resample(), lib.ByName("later"))).resample(),
            )
        )
        _deeper = lib.Categorical((1, lib.ByName("tree").resample()), prior=0, prior_confidence="high")
        later = lib.Integer(1, 2)

    return Grammar()


def repeated(lib: Any) -> Any:
    class Counted(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        _count = lib.Integer(0, 2)
        same = lib.Operation(gather, lib.Repeated(_count, lib.Categorical((1, 2)).resample()))
        rows = lib.Operation(gather, [{"k": (lib.Repeated(2, lib.ByName("_count").resample()), [_count])}])
        chosen = lib.Operation(gather, lib.Categorical(((), (1, _count))).resample())

    return Counted()


def provided(lib: Any) -> Any:
    class Provided(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        _given = lib.Categorical((("a", "b", lib.Integer(0, 1)), ("c", lib.Operation(gather, (1,)), "d")))
        first = lib.Categorical(_given)
        second = lib.Categorical(_given)
        third = lib.Categorical(_given.resample(), prior=1, prior_confidence="low")
        _other = lib.Categorical(((("t", lib.Integer(0, 1)), ()), ((1, 2), ("e",))))
        fourth = lib.Categorical(_other.resample())
        fifth = _other.resample()

    return Provided()


def bounded(lib: Any) -> Any:
    class Bounded(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        low = lib.Integer(1, 3)
        number = lib.Integer(low, lib.Categorical((4, 5)))
        fresh = lib.Integer(lib.ByName("low").resample(), 6)

    return Bounded()


def given(lib: Any) -> Any:
    class Given(lib.PipelineSpace):  # type: ignore[misc, name-defined]
        handed = lib.Lazy(("a", 1))
        rows = lib.Categorical(((1, 2), (lib.Integer(1, 2), 3)))
        whole = ([1], {"k": lib.Integer(0, 1)})
        epochs = lib.Fidelity(lib.Float(1.0, 27.0, log=True, log_base=3))

    return Given()


SPACES = (flat, shared, grammar, repeated, provided, bounded, given)
