"""What spaces mean: semantics with expectations computed by hand."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from strategies import Built, gather, scale

import neps_cs as neps


def space(**attributes: Any) -> neps.PipelineSpace:
    """A space of these attributes."""
    return neps.PipelineSpace.from_attributes(attributes)


def decisions(made: neps.PipelineSpace, seed: int = 0) -> list[str]:
    """The addresses that one sample decides."""
    return list(made.sample(seed)[0])


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
    choices = [1, 2]
    parameter = neps.Categorical(choices)
    choices.append(3)
    assert parameter.choices == (1, 2)


def test_a_nested_choice_gives_its_value() -> None:
    made = space(x=neps.Categorical((neps.Categorical((1, 2)), "a")))
    assert neps.resolve(made, {"x": "Categorical", "x:Categorical": 2}) == {"x": 2}


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


def test_underscored_attributes_are_not_passed_on() -> None:
    x = neps.Float(0, 1)
    made = space(_x=x, y=neps.Operation(gather, (x,)), _unused=neps.Float(0, 1))
    config, pipeline = made.sample(0)
    assert list(config) == ["_x"]
    assert set(pipeline) == {"y"}


class _Base(neps.PipelineSpace):
    lr = neps.Float(0, 1)
    width = neps.Integer(1, 2)

    def helper(self) -> int:
        """A method is no attribute of the space."""
        return 7

    @property
    def size(self) -> int:
        """Neither is a property."""
        return 8


class _Mixin(neps.PipelineSpace):
    depth = neps.Integer(3, 4)
    width = neps.Integer(5, 6)


class _Child(_Base, _Mixin):
    lr = neps.Categorical(("override",))
    own = neps.Operation(gather, (neps.ByName("width"),))


def test_inherited_attributes_count_and_nearer_ones_win() -> None:
    """`width` is that of _Base, which comes before _Mixin in the order of bases."""
    assert set(_Child().attributes) == {"lr", "width", "depth", "own"}
    _, pipeline = _Child().sample(0)
    assert pipeline["lr"] == "override"
    assert pipeline["width"] in (1, 2)
    assert pipeline["depth"] in (3, 4)
    assert pipeline["own"] == Built((pipeline["width"],), {})
    assert (_Child().helper(), _Child().size) == (7, 8)


def test_a_fidelity_comes_from_outside() -> None:
    made = space(epochs=neps.IntegerFidelity(1, 9), op=neps.Operation(gather, (neps.ByName("epochs"),)))
    assert made.sample(0, {"epochs": 3}) == ({}, {"epochs": 3, "op": Built((3,), {})})
    assert made.sample(0)[1]["epochs"] == 9
    assert made.sample({"epochs": 2})[1]["epochs"] == 2
    assert neps.resolve(made, {"epochs": 4}) == {"epochs": 4, "op": Built((4,), {})}
    assert neps.resolve(made, {"epochs": 4}, {"epochs": 5})["epochs"] == 5


@pytest.mark.peer
def test_a_module_instance_is_copied_for_each_resolution() -> None:
    """Training one trial's module leaves the space and all other trials alone."""
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(1, 1)
    start = layer.weight.item()
    made = space(net=neps.Categorical((layer,)), same=layer, both=(layer, layer))
    first = made.sample(0)[1]
    with torch.no_grad():
        first["net"].weight.fill_(start + 5)
    assert layer.weight.item() == start
    second = made.sample(0)[1]
    assert second["net"].weight.item() == start
    assert second["net"] is not first["net"]
    assert second["both"][0] is second["both"][1], "one object stays one within a resolution"


def test_recursion_ends_at_max_depth() -> None:
    """From the second nested use on only the branch that ends is open."""
    again = neps.Operation("t", (neps.ByName("tree").resample(),)).resample()
    made = space(tree=neps.Categorical(("end", again)))
    texts = [{made.sample(seed, max_depth=depth)[1]["tree"] for seed in range(60)} for depth in (1, 2, 3)]
    assert texts == [{"end"}, {"end", "t('end')"}, {"end", "t('end')", "t(t('end'))"}]


def test_a_grammar_that_grows_on_average_still_ends() -> None:
    tree = neps.ByName("tree").resample()
    grow = neps.Operation(gather, (tree, tree, tree)).resample()
    made = space(tree=neps.Categorical((neps.Float(0, 1).resample(), grow)))
    for seed in range(5):
        assert made.sample(seed)[0]


def test_nesting_may_be_deeper_than_pythons_stack() -> None:
    deep: Any = neps.Float(0, 1)
    for _ in range(3000):
        deep = neps.Categorical((deep,))
    assert len(space(x=deep).sample(0)[0]) == 3001


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


def test_both_ends_of_a_log_integer_are_reached() -> None:
    """Mass of k is ln((k+1/2)/(k-1/2)) / ln(17): 0.388 for 1 and 0.044 for 8."""
    made = space(n=neps.Integer(1, 8, log=True))
    drawn = [made.sample(seed)[0]["n"] for seed in range(2000)]
    for k, mass in ((1, 0.388), (8, 0.044)):
        assert abs(drawn.count(k) / 2000 - mass) < 4 * math.sqrt(mass * (1 - mass) / 2000)


def test_a_prior_of_zero_is_a_prior() -> None:
    made = space(
        x=neps.Float(0, 1, prior=0, prior_confidence="high"),
        c=neps.Categorical(("a", "b"), prior=0, prior_confidence="high"),
    )
    drawn = [made.sample(seed, use_priors=True)[0] for seed in range(400)]
    assert sum(d["x"] < 0.2 for d in drawn) > 300, "P(|N(0, 2/15)| < 0.2) = 0.866"
    assert sum(d["c"] == "a" for d in drawn) > 300, "0.75 + 0.25 / 2 = 0.875"


def test_edits_give_new_spaces_and_leave_the_old_one() -> None:
    old = space(lr=neps.Float(0, 1))
    before = repr(old)
    added = old.add(neps.Integer(1, 2), "n")
    assert set(added.attributes) == {"lr", "n"}
    assert set(added.remove("lr").attributes) == {"n"}
    assert set(old.add(neps.Integer(1, 2)).attributes) == {"lr", "param_2"}
    assert old.add_prior("lr", 0.5, "high").attributes["lr"].prior == 0.5
    assert added.add_condition("n", neps.Less("lr", 0.5)).conditions == {"n": neps.Less("lr", 0.5)}
    assert repr(old) == before
    assert old.attributes["lr"].prior is None
    assert dict(added.conditions) == {}


def test_add_joins_spaces() -> None:
    joined = space(a=1, x=neps.Float(0, 1)).add(space(b=2, a=1))
    assert list(joined.attributes) == ["a", "x", "b"]
    with pytest.raises(neps.SpaceError, match="the name of a new attribute must be free"):
        space(a=1).add(space(a=2))


def test_adding_an_equal_attribute_again_changes_nothing() -> None:
    made = space(x=neps.Float(0, 1))
    assert neps.equal(made.add(neps.Float(0, 1), "x"), made)


def test_a_prior_reaches_every_use_of_the_parameter() -> None:
    x = neps.Float(0, 1)
    made = space(x=x, same=x, op=neps.Operation(gather, (x,))).add_prior("x", 0.5)
    config, pipeline = made.sample(0)
    assert list(config) == ["x"], "x, same and the argument stay one decision"
    assert pipeline["op"] == Built((pipeline["x"],), {})


def test_conditions_leave_inactive_attributes_out() -> None:
    made = space(opt=neps.Categorical(("sgd", "adam")), momentum=neps.Float(0, 1)).add_condition(
        "momentum", neps.Equals("opt", "sgd")
    )
    assert neps.resolve(made, {"opt": "adam"}) == {"opt": "adam"}
    assert neps.resolve(made, {"opt": "sgd", "momentum": 0.5}) == {"opt": "sgd", "momentum": 0.5}
    with pytest.raises(neps.ConfigError):
        neps.resolve(made, {"opt": "adam", "momentum": 0.5})
    with pytest.raises(neps.ConfigError):
        neps.resolve(made, {"opt": "sgd"})


@pytest.mark.parametrize(
    ("condition", "active"),
    [
        (neps.Equals("n", 2), {2}), (neps.NotEquals("n", 2), {1, 3}), (neps.In("n", (1, 3)), {1, 3}),
        (neps.Less("n", 2), {1}), (neps.Greater("n", 2), {3}),
        (neps.And((neps.Greater("n", 1), neps.Less("n", 3))), {2}),
        (neps.Or((neps.Less("n", 2), neps.Greater("n", 2))), {1, 3}),
    ],
)  # fmt: skip
def test_every_kind_of_condition(condition: Any, active: set[int]) -> None:
    made = space(n=neps.Integer(1, 3), x=neps.Float(0, 1)).add_condition("x", condition)
    seen = {(config["n"], "x" in pipeline) for config, pipeline in map(made.sample, range(60))}
    assert seen == {(n, n in active) for n in (1, 2, 3)}


def test_a_condition_on_an_inactive_parent_does_not_hold() -> None:
    made = neps.PipelineSpace.from_attributes(
        {"a": neps.Categorical((1, 2)), "b": neps.Categorical((1, 2)), "c": neps.Float(0, 1)},
        conditions={"b": neps.Equals("a", 1), "c": neps.NotEquals("b", 1)},
    )
    assert neps.resolve(made, {"a": 2}) == {"a": 2}
    assert neps.resolve(made, {"a": 1, "b": 2, "c": 0.5}) == {"a": 1, "b": 2, "c": 0.5}


def test_a_space_pickles_and_equals_itself() -> None:
    import pickle

    made = _Child()
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert hash(again) == hash(made)
    assert again.sample(3) == made.sample(3)


def test_a_prior_may_be_added_to_each_kind() -> None:
    made = space(f=neps.Float(0, 1), i=neps.Integer(1, 9, log=True), c=neps.Categorical(("a", (1, 2), None)))
    priors = made.add_prior("f", 0.0, "high").add_prior("i", 3).add_prior("c", 1, neps.ConfidenceLevel.MEDIUM)
    expected = space(
        f=neps.Float(0, 1, prior=0.0, prior_confidence="high"),
        i=neps.Integer(1, 9, log=True, prior=3, prior_confidence="low"),
        c=neps.Categorical(("a", (1, 2), None), prior=1, prior_confidence="medium"),
    )
    assert neps.equal(priors, expected)
    assert not neps.equal(priors, made)


def test_numpy_scalars_as_bounds_choices_and_seeds() -> None:
    made = space(b=neps.Categorical(tuple(np.array([16, 32, 64]))), f=neps.Float(np.float32(0), np.int64(1)))
    config, pipeline = made.sample(np.int64(3))
    assert type(config["b"]) is int
    assert type(pipeline["b"]) is np.int64  # handed over as written
    assert config["b"] == pipeline["b"]
    assert neps.resolve(made, config) == pipeline


def act_of(n: int) -> int:
    return n


def test_lambdas_are_compared_by_what_they_say() -> None:
    def of(function: Any) -> neps.PipelineSpace:
        return space(x=neps.Categorical((function, 1)))

    def close(n: int) -> Any:
        return lambda: n

    assert neps.equal(of(lambda a: a + 1), of(lambda a: a + 1))
    assert not neps.equal(of(lambda a: a + 1), of(lambda a: a + 2))
    assert not neps.equal(of(lambda a: a + 1), of(lambda a: a - 1))
    assert not neps.equal(of(lambda a, k=1: a), of(lambda a, k=2: a))
    assert neps.equal(of(partial(act_of, 1)), of(partial(act_of, 1)))
    assert not neps.equal(of(partial(act_of, 1)), of(partial(act_of, 2)))
    assert not neps.equal(of(", ".join), of("; ".join))
    assert neps.equal(of(close(1)), of(close(1)))
    assert not neps.equal(of(close(1)), of(close(2)))


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


def test_names_may_be_chained_deeper_than_pythons_stack() -> None:
    names: dict[str, Any] = {f"a{i}": neps.ByName(f"a{i + 1}") for i in range(1500)}
    made = space(**names, a1500=neps.Float(0, 1))
    config, pipeline = made.sample(0)
    assert list(config) == ["a1500"]
    assert set(pipeline.values()) == {config["a1500"]}
