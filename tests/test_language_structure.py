"""What structure means: operations, repetition, constants, objects with state."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import pytest
from making import space
from strategies import Built, gather, scale

import neps_cs as neps


def test_constants_of_every_kind_are_passed_on() -> None:
    made = space(n=None, f=scale, m=math, t=(1, [2, {"k": None}]), s="text", zero=0)
    assert made.sample(0) == (
        {},
        {"n": None, "f": scale, "m": math, "t": (1, [2, {"k": None}]), "s": "text", "zero": 0},
    )


def test_a_lambda_is_a_constant() -> None:
    class Space(neps.PipelineSpace):
        f = lambda x: x + 1  # noqa: E731
        x = neps.Float(0, 1)

    assert Space().sample(0)[1]["f"](1) == 2


def test_constants_are_not_shared_between_trials() -> None:
    made = space(t=[1])
    made.sample(0)[1]["t"].append(2)
    assert made.sample(0)[1]["t"] == [1]


def test_an_object_that_is_changed_after_the_space_was_made_changes_nothing() -> None:
    given: list[Any] = [1, [2]]
    made = space(
        plain=given, choice=neps.Categorical(given), op=neps.Operation(gather, given, {"k": given}),
        repeated=neps.Repeated(1, given), lazy=neps.Lazy(given), deep=({"k": given},),
    )  # fmt: skip
    before = repr(made)
    given[1].append(3)
    given.append(4)
    assert repr(made) == before
    assert repr(made.add(1, "one").remove("one")) == before
    assert made.sample(0)[1]["plain"] == [1, [2]]


@pytest.mark.parametrize("wrap", [lambda v: (v,), lambda v: [v], lambda v: {"k": v}])
def test_groups_may_be_nested_deeper_than_pythons_stack(wrap: Any) -> None:
    value: Any = neps.Float(0, 1)
    for _ in range(2500):
        value = wrap(value)
    made = space(
        x=value, args=neps.Operation(gather, (value,)), kwargs=neps.Operation(gather, kwargs={"k": value})
    )
    config, pipeline = made.sample(0)
    assert len(config) == 1, "one object is one decision"
    held = [pipeline["x"], pipeline["args"].args[0], pipeline["kwargs"].kwargs["k"]]
    for _ in range(2500):
        held = [v["k"] if isinstance(v, dict) else v[0] for v in held]
    assert held == [*config.values()] * 3


def test_repeated_with_an_integer() -> None:
    x = neps.Float(0, 1)
    assert neps.resolve(space(r=neps.Repeated(2, x)), {"r:0": 0.5}) == {"r": (0.5, 0.5)}
    fresh = space(r=neps.Repeated(2, x.resample()))
    assert neps.resolve(fresh, {"r:0": 0.5, "r:1": 0.25}) == {"r": (0.5, 0.25)}
    assert space(r=neps.Repeated(0, x)).sample(0) == ({}, {"r": ()})


@pytest.mark.parametrize(
    "count", [neps.Integer(0, 2), neps.Categorical((0, 1, 2)), neps.Ordinal((2, 0, 1)), neps.ByName("n")]
)
def test_repeated_with_a_parameter(count: Any) -> None:
    made = space(n=neps.Integer(0, 2), r=neps.Repeated(count, neps.Float(0, 1).resample()))
    name = "n" if isinstance(count, neps.ByName) else "r:count"
    config = {"n": 2, name: 2, "r:0": 0.25, "r:1": 0.5}
    assert neps.resolve(made, config) == {"n": 2, "r": (0.25, 0.5)}
    assert neps.resolve(made, {"n": 0, name: 0}) == {"n": 0, "r": ()}


def test_repeated_with_shared_and_resampled_counts() -> None:
    n = neps.Integer(1, 2)
    made = space(n=n, a=neps.Repeated(n, 0), b=neps.Repeated(n.resample(), 0))
    assert neps.resolve(made, {"n": 1, "b:count": 2}) == {"n": 1, "a": (0,), "b": (0, 0)}


def test_arguments_are_resolved_at_any_depth() -> None:
    x, y, z = neps.Float(0, 1), neps.Float(0, 1), neps.Float(0, 1)
    made = space(op=neps.Operation(gather, ((1, [x, {"k": y}]),), {"w": {"v": (z,)}}))
    config = {"op:0:1:0": 0.25, "op:0:1:1:k": 0.5, "op:w:v:0": 0.75}
    assert neps.resolve(made, config) == {"op": Built(((1, [0.25, {"k": 0.5}]),), {"w": {"v": (0.75,)}})}


@pytest.mark.parametrize(
    ("args", "config", "expected"),
    [
        (neps.Integer(1, 3), {"op:args": 2}, (2,)),
        (neps.Categorical(("ab", "cd")), {"op:args": "ab"}, ("ab",)),
        (neps.Categorical(((), (1, 2))), {"op:args": "(1, 2)"}, (1, 2)),
        (neps.Categorical(([1], [2])), {"op:args": "[2]"}, (2,)),
        (neps.Repeated(2, neps.Integer(1, 3).resample()), {"op:0": 1, "op:1": 3}, (1, 3)),
        (neps.ByName("_t"), {"_t:0": 2}, (2, 5)),
    ],
)
def test_args_as_one_parameter(args: Any, config: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """A sequence gives the arguments; anything else is the only one."""
    made = space(op=neps.Operation(gather, args), _t=(neps.Integer(1, 3), 5))
    assert neps.resolve(made, config) == {"op": Built(expected, {})}


def test_kwargs_as_one_parameter() -> None:
    made = space(op=neps.Operation(gather, kwargs=neps.Categorical(({"a": 1}, {"b": neps.Integer(1, 3)}))))
    config = {"op:kwargs": "{b=Integer}", "op:kwargs:{b=Integer}:b": 3}
    assert neps.resolve(made, config) == {"op": Built((), {"b": 3})}


@pytest.mark.parametrize(
    "kwargs",
    [
        neps.ByName("_k"), neps.Lazy({"a": 1}), neps.Operation(dict, kwargs={"a": 1}),
        neps.Categorical(({"a": 1},)), neps.Categorical(neps.Categorical((({"a": 1},),))),
        neps.Categorical((OrderedDict(a=1),)),
    ],
)  # fmt: skip
def test_kwargs_may_come_from_anything_that_gives_a_mapping(kwargs: Any) -> None:
    made = space(op=neps.Operation(gather, (), kwargs), _k={"a": 1})
    assert made.sample(0)[1] == {"op": Built((), {"a": 1})}


@pytest.mark.parametrize("given", [3, {1: 2}])
def test_kwargs_that_an_operator_gives_are_checked_when_it_is_called(given: Any) -> None:
    made = space(op=neps.Operation(gather, kwargs=neps.Operation(lambda: given)))
    with pytest.raises(neps.ConfigError) as caught:
        made.sample(0)
    rule = "the kwargs of an Operation must resolve to a mapping with string keys"
    assert str(caught.value) == f"{rule}, got {given!r} @ op"


def test_string_operators_become_readable_text() -> None:
    conv = neps.Operation("conv", (3,), {"pad": "same"})
    made = space(a=neps.Operation("relu"), b=neps.Operation("seq", (conv, [conv]), {"n": None}))
    assert made.sample(0)[1] == {
        "a": "relu()",
        "b": "seq(conv(3, pad='same'), [conv(3, pad='same')], n=None)",
    }


def test_an_operation_is_called_once_for_every_use() -> None:
    op = neps.Operation(gather)
    pair = space(p=(op, op)).sample(0)[1]["p"]
    assert pair[0] == pair[1]
    assert pair[0] is not pair[1]


@pytest.mark.peer
def test_a_module_instance_is_copied_for_each_resolution() -> None:
    """Training one trial's module leaves the space and all other trials alone."""
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(1, 1)
    start = layer.weight.item()
    made = space(net=neps.Categorical((layer,)), same=layer, both=(layer, layer))
    first = made.sample(0)[1]
    optimizer = torch.optim.SGD(first["net"].parameters(), lr=0.1)
    for _ in range(5):  # a trial that trains: y = 3 x
        optimizer.zero_grad()
        ((first["net"](torch.ones(1, 1)) - 3) ** 2).sum().backward()
        optimizer.step()
    assert first["net"].weight.item() != start
    assert layer.weight.item() == start
    second = made.sample(0)[1]
    assert second["net"].weight.item() == start
    assert second["net"] is not first["net"]
    assert second["both"][0] is second["both"][1], "one object stays one within a resolution"


def test_objects_may_be_nested_deeper_than_pythons_stack() -> None:
    inner: Any = neps.Float(0, 1)
    for _ in range(2500):
        inner = neps.Operation("f", (inner,))
    made = space(m=inner, n=neps.Operation("g", args=inner))
    config, pipeline = made.sample(0)
    assert len(config) == 1
    assert pipeline["m"].count("f(") == 2500
    assert neps.resolve(made, config) == pipeline
    assert list(neps.to_configspace(made).configspace) == list(config)


def test_lazy_content_is_handed_over_as_written() -> None:
    """Nothing in it is decided, and names stay names."""
    inside = (neps.Integer(1, 3), neps.Operation("f", (neps.ByName("n"),)), [neps.Float(0, 1).resample()])
    made = space(
        n=neps.Integer(1, 1), top=neps.Lazy(inside), fresh=neps.Lazy(inside).resample(),
        op=neps.Operation(gather, (neps.Lazy(inside), [neps.Lazy(1)]), {"k": {"d": neps.Lazy(inside)}}),
        args=neps.Operation(gather, neps.Lazy((1, 2)), neps.Lazy({"k": 3})),
        choice=neps.Categorical((neps.Lazy(inside),)),
        repeated=neps.Repeated(2, neps.Lazy(inside)),
    )  # fmt: skip
    config, pipeline = made.sample(0)
    assert config == {"n": 1, "choice": "(Integer, f, [Float])"}
    given = pipeline["op"].args[0], pipeline["op"].kwargs["k"]["d"], *pipeline["repeated"]
    for value in (pipeline["top"], pipeline["fresh"], pipeline["choice"], *given):
        assert repr(value) == repr(inside)
    assert pipeline["op"].args[1] == [1]
    assert pipeline["args"] == Built((1, 2), {"k": 3})
    assert neps.resolve(made, config)["args"] == Built((1, 2), {"k": 3})


def test_lazy_content_is_not_shared_between_trials() -> None:
    class Box:
        value = 0

    made = space(
        x=neps.Lazy([1]), y=neps.Operation(gather, (neps.Lazy({"k": 1}),)), z=neps.Lazy((Box(),)),
        w=neps.Lazy(neps.Operation("f", ([1],))),
    )  # fmt: skip
    first = made.sample(0)[1]
    first["x"].append(2)
    first["y"].args[0]["k"] = 2
    first["z"][0].value = 2
    first["w"].args[0].append(2)
    second = made.sample(0)[1]
    assert (second["x"], second["y"].args[0], second["z"][0].value) == ([1], {"k": 1}, 0)
    assert second["w"].args == ([1],)
