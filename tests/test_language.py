"""What spaces mean: identity, fresh uses, references by name, addresses; expectations computed by hand."""

from __future__ import annotations

from typing import Any

from making import decisions, space
from strategies import Built, gather

import neps_cs as neps


def test_one_object_in_two_places_is_one_decision() -> None:
    x = neps.Float(0, 1)
    made = space(pair=(x, x))
    config, pipeline = made.sample(0)
    assert list(config) == ["pair:0"]
    assert pipeline["pair"][0] == pipeline["pair"][1] == config["pair:0"]


def test_two_equal_objects_are_two_decisions() -> None:
    made = space(a=neps.Float(0, 1), b=neps.Float(0, 1))
    config, _ = made.sample(0)
    assert config["a"] != config["b"]


def test_an_attribute_that_is_another_shares_its_decision() -> None:
    x = neps.Float(0, 1)
    assert neps.resolve(space(a=x, b=x), {"a": 0.25}) == {"a": 0.25, "b": 0.25}


def test_each_use_of_resample_decides_anew() -> None:
    x = neps.Float(0, 1)
    made = space(x=x, pair=(x.resample(), x.resample()), same=x)
    config = {"x": 0.0, "pair:0": 0.25, "pair:1": 0.5}
    assert neps.resolve(made, config) == {"x": 0.0, "pair": (0.25, 0.5), "same": 0.0}


def test_one_resample_object_used_twice_decides_twice() -> None:
    fresh = neps.Float(0, 1).resample()
    assert neps.resolve(space(p=(fresh, fresh)), {"p:0": 0.0, "p:1": 1.0}) == {"p": (0.0, 1.0)}


def test_resample_of_a_resample_is_one_fresh_use() -> None:
    x = neps.Float(0, 1)
    assert neps.equal(space(a=x, b=x.resample().resample()), space(a=x, b=x.resample()))


def test_resample_renews_the_object_only_and_not_what_it_holds() -> None:
    shared, own = neps.Float(0, 1), neps.Float(0, 1)
    op = neps.Operation(gather, (shared, own.resample()))
    made = space(op=op, again=op.resample())
    config = {"op:0": 0.0, "op:1": 0.25, "again:1": 0.5}
    assert set(decisions(made)) == set(config)
    assert neps.resolve(made, config) == {"op": Built((0.0, 0.25), {}), "again": Built((0.0, 0.5), {})}


def test_by_name_is_shared_and_may_point_forward() -> None:
    made = space(a=neps.ByName("b"), b=neps.Float(0, 1))
    assert neps.resolve(made, {"b": 0.5}) == {"a": 0.5, "b": 0.5}


def test_by_name_resampled_is_fresh() -> None:
    made = space(a=neps.ByName("b").resample(), b=neps.Float(0, 1))
    assert neps.resolve(made, {"a": 0.25, "b": 0.5}) == {"a": 0.25, "b": 0.5}
    assert neps.equal(made, space(a=neps.Resample("b"), b=neps.Float(0, 1)))


def test_by_name_reaches_underscored_attributes() -> None:
    made = space(a=neps.ByName("_b"), c=neps.ByName("_b").resample(), _b=neps.Float(0, 1))
    assert neps.resolve(made, {"_b": 0.5, "c": 0.25}) == {"a": 0.5, "c": 0.25}


def test_addresses() -> None:
    conv = neps.Operation(gather, kwargs={"kernel_size": neps.Integer(1, 3)})
    made = space(
        lr=neps.Float(0, 1),
        model=neps.Operation(gather, (neps.Integer(1, 3), conv)),
        nested=[(neps.Integer(1, 3), {"k": neps.Integer(1, 3), "x:y": neps.Integer(1, 3)})],
        choice=neps.Categorical((neps.Operation("relu", (neps.Integer(1, 3),)),)),
        blocks=neps.Repeated(neps.Integer(1, 1), neps.Integer(1, 3).resample()),
    )
    assert decisions(made) == [
        "lr", "model:0", "model:1:kernel_size", "nested:0:0", "nested:0:1:k", "nested:0:1:x.y",
        "choice", "choice:relu:0", "blocks:count", "blocks:0",
    ]  # fmt: skip


def test_a_shared_address_is_that_of_the_definition() -> None:
    """Whoever reaches it first: the attribute comes later here, the anonymous node in its first place."""
    x, anonymous = neps.Float(0, 1), neps.Float(0, 1)
    made = space(
        model=neps.Operation(gather, (x, anonymous)), x=x, other=anonymous.resample(), third=[anonymous]
    )
    assert set(decisions(made)) == {"x", "model:1", "other"}
    hidden = space(a=neps.Categorical(((anonymous, 0), (anonymous, 1))))
    assert {frozenset(decisions(hidden, s)) for s in range(20)} == {frozenset({"a", "a:(Float, 0):0"})}


def test_a_fresh_use_never_gives_its_address_to_the_shared_node() -> None:
    x = neps.Float(0, 1)
    assert decisions(space(a=x.resample(), b=(x, x))) == ["a", "b:0"]


def test_a_keyword_that_looks_like_a_position_has_an_address_of_its_own() -> None:
    made = space(op=neps.Operation("f", (neps.Integer(1, 1),), {"0": neps.Integer(2, 2)}))
    assert made.sample(0) == ({"op:0": 1, "op:0#2": 2}, {"op": "f(1, 0=2)"})


def test_names_may_be_chained_deeper_than_pythons_stack() -> None:
    names: dict[str, Any] = {f"a{i}": neps.ByName(f"a{i + 1}") for i in range(1500)}
    made = space(**names, a1500=neps.Float(0, 1))
    config, pipeline = made.sample(0)
    assert list(config) == ["a1500"]
    assert set(pipeline.values()) == {config["a1500"]}
