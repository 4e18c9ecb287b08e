"""What a space is: attributes along the class hierarchy, fidelities, edits, conditions, equality."""

from __future__ import annotations

import enum
import math
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from making import space
from strategies import Built, gather

import neps_cs as neps


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


class _Left(_Base):
    width = neps.Categorical(("left",))
    _hidden = neps.Float(0, 1)


class _Right(_Base):
    width = neps.Categorical(("right",))
    height = 3


class _Diamond(_Left, _Right):
    size_of = neps.Operation(gather, (neps.ByName("width"), neps.ByName("_hidden")))


def test_a_diamond_takes_the_nearest_in_pythons_order() -> None:
    """_Left comes before _Right; what is overridden keeps the place of its first definition."""
    assert list(_Diamond().attributes) == ["lr", "width", "height", "_hidden", "size_of"]
    config, pipeline = _Diamond().sample(0)
    assert pipeline["width"] == "left"
    assert pipeline["height"] == 3
    assert pipeline["size_of"] == Built(("left", config["_hidden"]), {})
    assert _Diamond().helper() == 7


class _Plain:
    """A class that is no space."""

    momentum = neps.Float(0, 1)
    layers = (1, 2)

    def helper(self) -> int:
        return 9


class _Mixed(_Plain, _Base):
    own = neps.Operation(gather, (neps.ByName("momentum"),))


def test_attributes_of_a_plain_class_among_the_bases_count() -> None:
    assert set(_Mixed().attributes) == {"lr", "width", "momentum", "layers", "own"}
    _, pipeline = _Mixed().sample(0)
    assert pipeline["own"] == Built((pipeline["momentum"],), {})
    assert pipeline["layers"] == (1, 2)
    assert _Mixed().helper() == 9


class _Shadowed(_Base):
    def lr(self) -> str:
        return "a method"

    @property
    def width(self) -> str:
        return "a property"

    shown = 1


def test_a_method_or_property_hides_an_inherited_attribute() -> None:
    made = _Shadowed()
    assert set(made.attributes) == {"shown"}
    assert (made.lr(), made.width) == ("a method", "a property")


class _Emptied(_Base):
    lr = None


def test_an_attribute_may_be_overridden_by_none() -> None:
    assert _Emptied().sample(0)[1]["lr"] is None


def test_an_override_reaches_what_refers_by_name_and_not_what_holds_the_object() -> None:
    x = neps.Float(0, 1)

    class Base(neps.PipelineSpace):
        a = x
        held = neps.Operation(gather, (x,))
        named = neps.Operation(gather, (neps.ByName("a"),))

    class Child(Base):
        a = neps.Integer(5, 5)

    config, pipeline = Child().sample(0)
    assert list(config) == ["a", "held:0"]
    assert pipeline["named"] == Built((5,), {})
    assert pipeline["held"] == Built((config["held:0"],), {})


def test_an_attribute_may_have_the_name_of_a_method_of_spaces() -> None:
    class Space(neps.PipelineSpace):
        add = neps.Float(0, 1)
        sample = neps.Float(2, 3)
        _graph = 1

    made = Space()
    config, pipeline = neps.PipelineSpace.sample(made, 0)
    assert config == pipeline == made.sample(0)[0]
    assert list(config) == ["add", "sample"]
    assert dict(made.attributes)["_graph"] == 1


def test_names_with_two_underscores_are_as_python_mangles_them() -> None:
    class Space(neps.PipelineSpace):
        __secret = neps.Float(0, 1)
        shown = neps.ByName("_Space__secret")

    config, pipeline = Space().sample(0)
    assert config == {"_Space__secret": pipeline["shown"]}


def test_a_fidelity_may_be_used_anywhere_and_never_is_a_decision() -> None:
    e = neps.IntegerFidelity(1, 9)
    made = space(
        _e=e, group=(e, [neps.ByName("_e")]), op=neps.Operation(gather, (e,), {"k": e}),
        choice=neps.Categorical((e,)), repeated=neps.Repeated(2, e), args=neps.Operation(gather, e),
    )  # fmt: skip
    config, pipeline = made.sample(0, {"_e": 4})
    assert config == {"choice": "_e"}
    assert pipeline == {
        "group": (4, [4]), "op": Built((4,), {"k": 4}), "choice": 4, "repeated": (4, 4),
        "args": Built((4,), {}),
    }  # fmt: skip
    assert neps.resolve(made, config, {"_e": 4}) == pipeline


def test_a_fidelity_comes_from_outside() -> None:
    made = space(epochs=neps.IntegerFidelity(1, 9), op=neps.Operation(gather, (neps.ByName("epochs"),)))
    assert made.sample(0, {"epochs": 3}) == ({}, {"epochs": 3, "op": Built((3,), {})})
    assert made.sample(0)[1]["epochs"] == 9
    assert made.sample({"epochs": 2})[1]["epochs"] == 2
    assert neps.resolve(made, {"epochs": 4}) == {"epochs": 4, "op": Built((4,), {})}
    assert neps.resolve(made, {"epochs": 4}, {"epochs": 5})["epochs"] == 5


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


def test_add_keeps_what_the_other_space_shares() -> None:
    """Where both have an equal attribute, what the other space made of its own is made of ours."""
    width = neps.Integer(1, 100)
    one = space(w=width)
    net = neps.Operation(gather, (width, neps.Categorical((width.resample(), (width,)))), {"n": [width]})
    other = pickle.loads(pickle.dumps(space(net=net, w=width, _apart=neps.Integer(1, 100))))
    for joined in (one.add(other), other.add(one)):
        for seed in range(20):
            config, pipeline = joined.sample(seed)
            assert pipeline["net"].args[0] == pipeline["w"] == config["w"]
            assert pipeline["net"].kwargs["n"] == [config["w"]]
    assert one.add(other).attributes["w"] is width
    assert neps.equal(one.add(other).add(other), one.add(other))
    deep = neps.Float(0, 1)
    held = space(a=neps.Operation(gather, (deep,)))
    inner = pickle.loads(pickle.dumps(held.add(neps.Operation(gather, (deep, deep)), "b")))
    pipeline = held.add(inner).sample(0)[1]
    assert pipeline["b"].args == pipeline["a"].args * 2


def test_add_refuses_what_is_shared_otherwise() -> None:
    x = neps.Float(0, 1)
    apart, shared = space(a=neps.Float(0, 1), b=neps.Float(0, 1)), space(a=x, b=x)
    for one, other in ((apart, shared), (shared, apart)):
        with pytest.raises(neps.SpaceError) as caught:
            one.add(other)
        rule = "attributes that both spaces have must share among each other what they share there"
        assert str(caught.value) == f"{rule}, got a, b @ Space"


def test_a_space_may_be_added_to_its_copy() -> None:
    grammar = space(
        tree=neps.Categorical(("leaf", neps.Operation("n", (neps.ByName("tree").resample(),)).resample())),
        low=neps.Integer(1, 3),
        high=neps.Integer(neps.ByName("low"), 9),
    )
    copied = pickle.loads(pickle.dumps(grammar))
    assert neps.equal(grammar.add(copied), grammar)
    assert neps.equal(grammar.add(neps.Integer(neps.ByName("low"), 9), "high"), grammar)


def test_new_spaces_hide_what_was_hidden() -> None:
    made = neps.PipelineSpace.from_attributes(
        {"x": neps.Integer(1, 2), "_y": 3, "z": 4}, intermediate=frozenset({"x"})
    )
    for edited in (
        made.add(5, "w"), made.remove("z"), made.add_condition("z", neps.Equals("x", 1)),
        made.add(space(v=1)), space(v=1).add(made), made.restrict("x", upper=1),
    ):  # fmt: skip
        assert {r.name for r in edited.graph.roots if r.intermediate} == {"x"}


@pytest.mark.parametrize(
    "name", ["_graph", "_resolver", "_attributes", "_own", "sample", "graph", "resolver"]
)
def test_attributes_may_have_any_name(name: str) -> None:
    """Those of the members of a space too, in a class, in a plain base class, and without a class."""
    choice = neps.Categorical(("a", "b"))
    parts = {name: choice, "x": neps.Operation("f", (choice,))}
    body = type("Body", (neps.PipelineSpace,), dict(parts))
    mixed = type("Mixed", (type("Plain", (), {name: choice}), neps.PipelineSpace), {"x": parts["x"]})
    expected = neps.PipelineSpace.from_attributes(parts)
    for kind in (body, mixed, type("Heir", (body,), {}), type("Heir", (mixed,), {"y": 1})):
        made = kind()
        assert made.attributes[name] is choice
        assert made.sample(3)[0] == {name: expected.sample(3)[0][name]}
        assert "y" in made.attributes or neps.equal(made, expected)
        assert neps.equal(pickle.loads(pickle.dumps(made)), made)


def test_names_become_texts_of_python() -> None:
    class Names(str, enum.Enum):
        RATE = "rate"

    made = neps.PipelineSpace.from_attributes(
        {np.str_("n"): neps.Integer(1, 3), Names.RATE: neps.Float(0, 1), "k": neps.ByName(np.str_("n"))},
        conditions={Names.RATE: neps.Equals(np.str_("n"), 1)},
        intermediate=frozenset({np.str_("k")}),
    ).add(neps.Operation(gather, (), {np.str_("a"): neps.Integer(1, 3)}), np.str_("op"))
    config, _ = made.sample(0)
    names = [*made.attributes, *made.conditions, *config, *(r.name for r in made.graph.roots)]
    assert {type(n) for n in names} == {str}
    assert set(made.attributes) == {"n", "rate", "k", "op"}
    assert not isinstance(next(iter(made.conditions)), Names)


def test_one_fidelity_under_two_names_is_set_by_the_first() -> None:
    epochs = neps.IntegerFidelity(1, 9)
    made = space(epochs=epochs, again=epochs, x=neps.Integer(1, 2))
    assert made.sample(0, {"epochs": 3})[1] | {"x": 1} == {"epochs": 3, "again": 3, "x": 1}
    with pytest.raises(neps.ConfigError, match=r"must name fidelities \(epochs\), got 'again'"):
        made.sample(0, {"again": 3})


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
