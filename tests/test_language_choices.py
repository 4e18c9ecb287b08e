"""What choices mean: only the branch taken, choices as written, providers, labels."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from making import decisions, space
from strategies import Built, gather, scale

import neps_cs as neps


def test_the_operators_of_other_branches_are_never_called() -> None:
    called = []

    def note(name: str) -> str:
        called.append(name)
        return name

    made = space(x=neps.Categorical((neps.Operation(note, ("a",)), neps.Operation(partial(note, "b")))))
    assert neps.resolve(made, {"x": "note#2"}) == {"x": "b"}
    assert called == ["b"]


def test_a_config_that_does_not_fit_is_reported_even_where_an_operator_fails() -> None:
    def fails(_: int) -> None:
        raise RuntimeError("not this one")

    made = space(x=neps.Operation(fails, (1,)), y=neps.Float(0, 1))
    with pytest.raises(neps.ConfigError, match="the value must be a number from"):
        neps.resolve(made, {"y": 2.0})
    with pytest.raises(RuntimeError, match="not this one"):
        neps.resolve(made, {"y": 0.5})


def test_a_choice_decides_only_what_its_branch_holds() -> None:
    made = space(x=neps.Categorical((neps.Operation(gather, (neps.Float(0, 1),)), "none")))
    assert neps.resolve(made, {"x": "none"}) == {"x": "none"}
    assert neps.resolve(made, {"x": "gather", "x:gather:0": 0.5}) == {"x": Built((0.5,), {})}


@pytest.mark.parametrize(
    ("choice", "recorded"),
    [
        (None, None), (True, True), (1, 1), (1.0, 1.0), ("1", "1"), ("x:y", "x:y"), (scale, "scale"),
        (dict, "dict"), (math, "module"), ((1, 2), "(1, 2)"), ([1, 2], "[1, 2]"), ({"k": 1}, "{k=1}"),
    ],
)  # fmt: skip
def test_choices_are_handed_over_as_written(choice: Any, recorded: Any) -> None:
    """None, callables and modules count as any other choice; True, 1, 1.0 and "1" differ."""
    others = [v for v in (None, True, 1, 1.0, "1") if (type(v), v) != (type(choice), choice)]
    made = space(x=neps.Categorical((*others, choice)))
    seen = [made.sample(seed) for seed in range(100)]
    found = [(c["x"], p["x"]) for c, p in seen if type(p["x"]) is type(choice) and p["x"] == choice]
    assert found
    assert {(type(c), c) for c, _ in found} == {(type(recorded), recorded)}


def test_a_nested_choice_gives_its_value() -> None:
    made = space(x=neps.Categorical((neps.Categorical((1, 2)), "a")))
    assert neps.resolve(made, {"x": "Categorical", "x:Categorical": 2}) == {"x": 2}


def tracing(calls: list[str]) -> Any:
    """An operator that notes its argument."""

    def trace(name: str) -> str:
        calls.append(name)
        return name

    return trace


def test_what_a_provider_did_not_give_or_was_not_taken_is_never_called() -> None:
    calls: list[str] = []
    lists = tuple(
        tuple(neps.Operation(tracing(calls), (f"{i}{j}",)) for j in range(2)) for i in range(2)
    )  # fmt: skip
    for provider in (neps.Categorical(lists), neps.Categorical(tuple(neps.Lazy(v) for v in lists))):
        made = space(x=neps.Categorical(provider), n=neps.Repeated(2, neps.Categorical(provider.resample())))
        for seed in range(10):
            calls.clear()
            config, pipeline = made.sample(seed)
            assert calls == [pipeline["x"], *[pipeline["n"][0]] * 2]
            calls.clear()
            assert neps.resolve(made, config) == pipeline
            assert calls == [pipeline["x"], *[pipeline["n"][0]] * 2]


AB, CD = ("a", "b"), ("c", "d")


@pytest.mark.parametrize(
    ("choices", "decided"),
    [
        (neps.Categorical((AB, CD)), {"x:choices": "(c, d)", "x:(c, d)": "c"}),
        (neps.Categorical((AB, CD)).resample(), {"x:choices": "(c, d)", "x:(c, d)": "c"}),
        (neps.Categorical(([*AB], [*CD])), {"x:choices": "[c, d]", "x:[c, d]": "c"}),
        (neps.Ordinal((AB, CD)), {"x:choices": "(c, d)", "x:(c, d)": "c"}),
        (neps.ByName("_p"), {"_p": "(c, d)", "x:(c, d)": "c"}),
        (neps.ByName("_p").resample(), {"x:choices": "(c, d)", "x:(c, d)": "c"}),
        (neps.ByName("_list"), {"x": "c"}),
        (neps.Lazy(CD), {"x": "c"}),
        (neps.Categorical((neps.Lazy(AB), neps.Lazy(CD))), {"x:choices": "(c, d)", "x:(c, d)": "c"}),
        (neps.Categorical((AB, neps.ByName("_list"))), {"x:choices": "_list", "x:_list": "c"}),
        (
            neps.Categorical((AB, neps.Categorical((AB, CD)))),
            {"x:choices": "Categorical", "x:choices:Categorical": "(c, d)", "x:Categorical:(c, d)": "c"},
        ),
        (
            neps.Categorical(neps.Categorical(((AB, CD), (AB,)))),
            {"x:choices:choices": "((a, b), (c, d))", "x:choices:((a, b), (c, d))": "(c, d)",
             "x:((a, b), (c, d)):(c, d)": "c"},
        ),
        (
            neps.Categorical(neps.Categorical(((AB, CD), (AB,))).resample()).resample(),
            {"x:choices:choices": "((a, b), (c, d))", "x:choices:((a, b), (c, d))": "(c, d)",
             "x:((a, b), (c, d)):(c, d)": "c"},
        ),
    ],
)  # fmt: skip
def test_what_may_give_the_choices(choices: Any, decided: dict[str, Any]) -> None:
    made = space(x=neps.Categorical(choices), _p=neps.Categorical((AB, CD)), _list=CD)
    assert neps.resolve(made, decided) == {"x": "c"}
    seen = [made.sample(seed) for seed in range(40)]
    assert decided in [config for config, _ in seen]
    assert all(neps.resolve(made, config) == pipeline for config, pipeline in seen)
    assert {pipeline["x"] for _, pipeline in seen} <= {*AB, *CD}


def test_a_fresh_choice_keeps_its_provider_unless_that_is_fresh_too() -> None:
    for fresh in (False, True):
        provider = neps.Categorical((AB, CD))
        x = neps.Categorical(provider.resample() if fresh else provider)
        made = space(x=x, y=x.resample())
        config = {"x:choices": "(a, b)", "x:(a, b)": "a"}
        config |= {"y:choices": "(c, d)", "y:(c, d)": "d"} if fresh else {"y:(a, b)": "b"}
        assert neps.resolve(made, config) == {"x": "a", "y": "d" if fresh else "b"}
        assert {len(decisions(made, seed)) for seed in range(20)} == {len(config)}


def test_a_lazy_choice_of_a_provider_is_what_it_gives() -> None:
    """The same decisions as without: only the branch that was taken is resolved anyway."""
    lists = ((neps.Operation("f", (neps.Integer(1, 3),)), "a"), ("b", neps.Float(0, 1)))
    plain = space(x=neps.Categorical(neps.Categorical(lists)))
    lazy = space(x=neps.Categorical(neps.Categorical(tuple(neps.Lazy(v) for v in lists))))
    for seed in range(20):
        assert plain.sample(seed) == lazy.sample(seed)


def test_a_choice_may_give_the_choices() -> None:
    provider = neps.Categorical(((1, 2), ("a", neps.Operation(gather, (neps.Float(0, 1),)))))
    made = space(x=neps.Categorical(provider))
    config, pipeline = {"x:choices": "(1, 2)", "x:(1, 2)": 2}, {"x": 2}
    assert neps.resolve(made, config) == pipeline
    config = {"x:choices": "(a, gather)", "x:(a, gather)": "gather", "x:choices:(a, gather):1:0": 0.5}
    assert neps.resolve(made, config) == {"x": Built((0.5,), {})}
    assert {len(decisions(made, seed)) for seed in range(40)} == {2, 3}


def test_a_shared_provider_decides_once_for_all_that_use_it() -> None:
    provider = neps.Categorical(((1, 2), ("a", "b")))
    made = space(x=neps.Categorical(provider), y=neps.Categorical(provider))
    for seed in range(20):
        _, pipeline = made.sample(seed)
        assert type(pipeline["x"]) is type(pipeline["y"])


def test_labels_of_twins_are_numbered() -> None:
    def conv2d(size: int) -> int:
        return size

    class ReLU:
        pass

    twins = [neps.Operation(conv2d, (i,)) for i in range(3)]
    made = space(x=neps.Categorical((twins[0], neps.Operation(ReLU), twins[1], "conv2d", twins[2])))
    seen = {config["x"]: pipeline["x"] for config, pipeline in map(made.sample, range(100))}
    assert set(seen) == {"conv2d#2", "ReLU", "conv2d#3", "conv2d", "conv2d#4"}
    assert [seen[k] for k in ("conv2d", "conv2d#2", "conv2d#3", "conv2d#4")] == ["conv2d", 0, 1, 2]


def test_a_config_survives_reordered_choices() -> None:
    config = {"x": "b"}
    for choices in (("a", "b"), ("b", "a"), ("c", "b", "a")):
        assert neps.resolve(space(x=neps.Categorical(choices)), config) == {"x": "b"}


def test_numpy_scalars_as_bounds_choices_and_seeds() -> None:
    made = space(
        b=neps.Categorical(tuple(np.array([16, 32, 64])), prior=np.int64(1)),
        f=neps.Float(np.float32(0), np.int64(1), prior=neps.Normal(np.float32(0), np.int64(1))),
        r=neps.Repeated(np.int64(2), 0),
    )
    assert made.attributes["r"].count == 2
    config, pipeline = made.sample(np.int64(3))
    assert type(config["b"]) is int
    assert type(pipeline["b"]) is np.int64  # handed over as written
    assert config["b"] == pipeline["b"]
    assert neps.resolve(made, config) == pipeline
