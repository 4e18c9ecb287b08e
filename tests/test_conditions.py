"""Conditions of ConfigSpace there and back, and what they mean for samples."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import ConfigSpace as CS
import pytest

import neps_cs as neps

Make = Callable[[dict[str, Any], Any], Any]


def base() -> dict[str, Any]:
    """One parent of each kind, fresh, by name."""
    parents = [
        CS.CategoricalHyperparameter("cat", ["a", "b", "c"]),
        CS.CategoricalHyperparameter("flag", [True, False]),
        CS.OrdinalHyperparameter("ord", ["s", "m", "l"]),
        CS.OrdinalHyperparameter("rank", [30, 10, 20]),
        CS.UniformIntegerHyperparameter("int", 1, 9),
        CS.UniformFloatHyperparameter("float", 0.0, 1.0),
        CS.Constant("const", "on"),
    ]
    return {p.name: p for p in parents}


CONDITIONS: dict[str, tuple[Make, Callable[[dict[str, Any]], bool]]] = {
    "equals_categorical": (lambda p, c: CS.EqualsCondition(c, p["cat"], "b"), lambda v: v["cat"] == "b"),
    "equals_bool": (lambda p, c: CS.EqualsCondition(c, p["flag"], False), lambda v: v["flag"] is False),
    "equals_ordinal": (lambda p, c: CS.EqualsCondition(c, p["ord"], "m"), lambda v: v["ord"] == "m"),
    "equals_integer": (lambda p, c: CS.EqualsCondition(c, p["int"], 3), lambda v: v["int"] == 3),
    "equals_constant": (lambda p, c: CS.EqualsCondition(c, p["const"], "on"), lambda v: True),
    "not_equals_ordinal": (lambda p, c: CS.NotEqualsCondition(c, p["ord"], "m"), lambda v: v["ord"] != "m"),
    "not_equals_integer": (lambda p, c: CS.NotEqualsCondition(c, p["int"], 3), lambda v: v["int"] != 3),
    "in_categorical": (lambda p, c: CS.InCondition(c, p["cat"], ["c", "a"]), lambda v: v["cat"] in "ca"),
    "in_integer": (lambda p, c: CS.InCondition(c, p["int"], [1, 2, 9]), lambda v: v["int"] in (1, 2, 9)),
    "less_integer": (lambda p, c: CS.LessThanCondition(c, p["int"], 4), lambda v: v["int"] < 4),
    "less_float": (lambda p, c: CS.LessThanCondition(c, p["float"], 0.3), lambda v: v["float"] < 0.3),
    "less_ordinal": (lambda p, c: CS.LessThanCondition(c, p["ord"], "l"), lambda v: v["ord"] in "sm"),
    "less_rank": (lambda p, c: CS.LessThanCondition(c, p["rank"], 20), lambda v: v["rank"] in (30, 10)),
    "greater_integer": (lambda p, c: CS.GreaterThanCondition(c, p["int"], 4), lambda v: v["int"] > 4),
    "greater_float": (lambda p, c: CS.GreaterThanCondition(c, p["float"], 0.3), lambda v: v["float"] > 0.3),
    "greater_ordinal": (lambda p, c: CS.GreaterThanCondition(c, p["ord"], "s"), lambda v: v["ord"] in "ml"),
    "and": (
        lambda p, c: CS.AndConjunction(
            CS.EqualsCondition(c, p["cat"], "a"), CS.GreaterThanCondition(c, p["int"], 2)
        ),
        lambda v: v["cat"] == "a" and v["int"] > 2,
    ),
    "or": (
        lambda p, c: CS.OrConjunction(
            CS.EqualsCondition(c, p["cat"], "a"), CS.InCondition(c, p["ord"], ["s", "l"])
        ),
        lambda v: v["cat"] == "a" or v["ord"] in "sl",
    ),
    "nested": (
        lambda p, c: CS.OrConjunction(
            CS.AndConjunction(CS.EqualsCondition(c, p["cat"], "a"), CS.NotEqualsCondition(c, p["int"], 5)),
            CS.AndConjunction(CS.LessThanCondition(c, p["float"], 0.5), CS.InCondition(c, p["flag"], [True])),
        ),
        lambda v: (v["cat"] == "a" and v["int"] != 5) or (v["float"] < 0.5 and v["flag"] is True),
    ),
}  # fmt: skip


def conditional(make: Make) -> CS.ConfigurationSpace:
    """A ConfigurationSpace of all parents and one child under the condition."""
    cs, parents = CS.ConfigurationSpace(name="conditional"), base()
    child = CS.UniformFloatHyperparameter("child", 0.0, 1.0)
    cs.add([*parents.values(), child, make(parents, child)])
    return cs


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_conditional_space_comes_back_equal(name: str) -> None:
    cs = conditional(CONDITIONS[name][0])
    space = neps.from_configspace(cs)
    assert set(space.conditions) == {"child"}
    assert neps.to_configspace(space).configspace == cs


@pytest.mark.parametrize("name", CONDITIONS)
def test_inactive_parameters_are_left_out(name: str) -> None:
    make, holds = CONDITIONS[name]
    space = neps.from_configspace(conditional(make))
    seen = set()
    for seed in range(60):
        config, pipeline = space.sample(seed)
        assert ("child" in pipeline) == ("child" in config) == holds(pipeline)
        seen.add("child" in pipeline)
    assert seen == ({True} if name == "equals_constant" else {True, False})


@pytest.mark.parametrize("name", CONDITIONS)
def test_configurations_and_configs_agree_on_what_is_active(name: str) -> None:
    cs, sidecar = neps.to_configspace(neps.from_configspace(conditional(CONDITIONS[name][0])))
    cs.seed(1)
    for configuration in cs.sample_configuration(40):
        config = sidecar.from_configuration(configuration)
        assert set(config) | {"const"} == set(configuration)
        assert sidecar.to_configuration(config) == configuration
        assert sidecar.resolve(configuration).keys() == set(configuration)


def test_conditions_read_back_as_ours() -> None:
    space = neps.from_configspace(conditional(CONDITIONS["nested"][0]))
    assert space.conditions["child"] == neps.Or(
        (
            neps.And((neps.Equals("cat", "a"), neps.NotEquals("int", 5))),
            neps.And((neps.Less("float", 0.5), neps.In("flag", (True,)))),
        )
    )


def test_a_chain_of_conditions_comes_back_equal() -> None:
    cs = CS.ConfigurationSpace()
    links = [CS.CategoricalHyperparameter(f"c{i}", [0, 1]) for i in range(4)]
    cs.add([*links, *(CS.EqualsCondition(b, a, 1) for a, b in pairwise(links))])
    space = neps.from_configspace(cs)
    assert neps.to_configspace(space).configspace == cs
    assert neps.resolve(space, {"c0": 1, "c1": 0}) == {"c0": 1, "c1": 0}


def test_several_children_of_one_parent_come_back_equal() -> None:
    cs = CS.ConfigurationSpace()
    parent = CS.CategoricalHyperparameter("p", ["a", "b"])
    x, y = CS.UniformFloatHyperparameter("x", 0, 1), CS.UniformIntegerHyperparameter("y", 1, 4, log=True)
    cs.add([parent, x, y, CS.EqualsCondition(x, parent, "a"), CS.NotEqualsCondition(y, parent, "a")])
    space = neps.from_configspace(cs)
    assert neps.to_configspace(space).configspace == cs
    assert {frozenset(space.sample(s)[0]) for s in range(30)} == {frozenset("px"), frozenset("py")}


def own(conditions: dict[str, Any], **more: Any) -> neps.PipelineSpace:
    """A space with two choices and two numbers."""
    attributes = {
        "a": neps.Categorical((1, 2)),
        "b": neps.Categorical((1, 2)),
        "c": neps.Float(0, 1),
        "d": neps.Float(0, 1),
    }
    return neps.PipelineSpace.from_attributes(attributes | more, conditions=conditions)


def check_agreement(space: neps.PipelineSpace) -> set[frozenset[str]]:
    """Both sides sample the same sets of active parameters, and each takes what the other draws."""
    cs, sidecar = neps.to_configspace(space)
    ours = [space.sample(seed)[0] for seed in range(300)]
    for config in ours:
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert sidecar.from_configuration(configuration) == config
    cs.seed(0)
    theirs = [sidecar.from_configuration(c) for c in cs.sample_configuration(300)]
    for config in theirs:
        neps.resolve(space, config)
    assert {frozenset(c) for c in ours} == {frozenset(c) for c in theirs}
    return {frozenset(c) for c in ours}


def test_not_equals_with_an_inactive_parent_means_inactive() -> None:
    """ConfigSpace on its own would activate the child."""
    space = own({"b": neps.Equals("a", 1), "c": neps.NotEquals("b", 1)})
    assert check_agreement(space) == {frozenset("ad"), frozenset("abd"), frozenset("abcd")}


def test_not_equals_inside_or_with_an_inactive_parent() -> None:
    space = own({"b": neps.Equals("a", 1), "c": neps.Or((neps.NotEquals("b", 1), neps.Less("d", 0.5)))})
    assert check_agreement(space) == {frozenset(s) for s in ("ad", "acd", "abd", "abcd")}


def test_and_beside_or_over_the_same_parts() -> None:
    """ConfigSpace merges the two conjunctions, if nothing keeps them apart."""
    parts = (neps.Equals("a", 1), neps.Equals("b", 1))
    space = own({"c": neps.And(parts), "d": neps.Or(parts)})
    expected = {frozenset(s) for s in ("ab", "abd", "abcd")}
    assert check_agreement(space) == expected
    # by ConfigSpace's own JSON too, which makes the conditions anew
    cs = CS.ConfigurationSpace.from_serialized_dict(
        neps.to_configspace(space).configspace.to_serialized_dict()
    )
    cs.seed(0)
    assert {frozenset(c) for c in cs.sample_configuration(300)} == expected


def test_or_over_parents_of_several_levels() -> None:
    """An inactive parent of an inactive parent never makes a child active."""
    chain = {f"p{i}": neps.Categorical(("here", "deeper", "stop")) for i in range(3)}
    conditions: dict[str, Any] = {f"p{i + 1}": neps.Equals(f"p{i}", "deeper") for i in range(2)}
    conditions["x"] = neps.Or(tuple(neps.Equals(p, "here") for p in chain))
    made = neps.PipelineSpace.from_attributes({**chain, "x": neps.Float(0, 1)}, conditions=conditions)
    check_agreement(made)


def test_a_node_shared_by_nested_branches() -> None:
    """The same with structure: x is used at three depths, and never where no branch uses it."""
    x = neps.Float(0, 1)
    choice: Any = "last"
    for _ in range(3):
        choice = neps.Categorical((neps.Operation("use", (x,)), neps.Operation("deeper", (choice,)), "stop"))
    check_agreement(neps.PipelineSpace.from_attributes({"m": choice}))


def test_a_condition_on_a_range_of_one_point() -> None:
    """Such a range is a Constant over there, which has no order."""
    space = own({"c": neps.Greater("n", 2), "d": neps.Less("n", 2)}, n=neps.Integer(3, 3))
    assert check_agreement(space) == {frozenset("abcn")}


def test_a_condition_on_the_exact_bound_of_a_float() -> None:
    """ConfigSpace rounds the bound 2/3 up to 0.6666666666667, and would call 2/3 out of range."""
    space = own({"c": neps.Greater("f", 2 / 3)}, f=neps.Float(2 / 3, 1))
    assert check_agreement(space) == {frozenset("abcdf")}


def test_conditions_compare_true_and_1_apart() -> None:
    space = own({"c": neps.Equals("t", True), "d": neps.Equals("t", 1)}, t=neps.Categorical((1, True)))
    assert check_agreement(space) == {frozenset("abtc"), frozenset("abtd")}


def test_a_shared_node_under_conditions_on_true_and_1() -> None:
    """Equals("t", 1) == Equals("t", True), but the node is there for both."""
    x = neps.Float(0, 1)
    conditions = {"p": neps.Equals("t", 1), "q": neps.Equals("t", True)}
    space = own(
        conditions,
        t=neps.Categorical((1, True, 2)),
        p=neps.Operation("f", (x,)),
        q=neps.Operation("g", (x,)),
    )
    assert check_agreement(space) == {frozenset("abcdt"), frozenset({*"abcdt", "p:0"})}


def test_a_condition_on_a_structure() -> None:
    space = own(
        {"c": neps.Equals("s", "conv")},
        s=neps.Categorical((neps.Operation("conv", (neps.Integer(1, 3),)), "id")),
    )
    assert check_agreement(space) == {frozenset({"a", "b", "c", "d", "s", "s:conv:0"}), frozenset("abds")}


def test_a_conditional_structure_takes_its_decisions_along() -> None:
    """Inactive with it are its branches, items and whatever else it decides."""
    net = neps.Operation("net", neps.Repeated(neps.Integer(1, 2), neps.Integer(1, 3).resample()))
    space = own({"net": neps.Equals("a", 1)}, net=net)
    active = {"net:count", "net:0"}
    assert check_agreement(space) == {
        frozenset("abcd"), frozenset("abcd") | active, frozenset("abcd") | active | {"net:1"},
    }  # fmt: skip


@pytest.mark.parametrize("kind", [neps.Equals, neps.NotEquals, neps.Less, neps.Greater])
def test_a_condition_on_a_log_integer_with_a_prior(kind: Any) -> None:
    """ConfigSpace compares vectors, and those that it draws here lie beside those of the values."""
    n = neps.Integer(7, 35, log=True, prior=10, prior_confidence="high")
    cs, sidecar = neps.to_configspace(own({"c": kind("n", 10)}, n=n))
    cs.seed(0)
    for configuration in cs.sample_configuration(300):
        sidecar.resolve(configuration)


def test_constants_used_by_name_only_are_no_hyperparameters() -> None:
    made = neps.PipelineSpace.from_attributes(
        {"_width": 64, "model": neps.Operation("net", (neps.ByName("_width"), neps.Float(0, 1)))}
    )
    assert list(neps.to_configspace(made).configspace) == ["model:1"]
    check_agreement(made)


def test_providers_of_providers_of_providers() -> None:
    deep = (((1, 2), (3, 4)), ((5, 6), (7, 8)))
    made = neps.PipelineSpace.from_attributes(
        {"p": neps.Categorical(neps.Categorical(neps.Categorical((deep[0], deep[1]))))}
    )
    check_agreement(made)
    assert {made.sample(i)[1]["p"] for i in range(60)} == {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_provided_choice_that_is_called_choices() -> None:
    made = neps.PipelineSpace.from_attributes(
        {
            "choices": (neps.Float(0, 1), neps.Float(5, 6)),
            "p": neps.Categorical(neps.Categorical((neps.ByName("choices"), neps.ByName("choices")))),
        }
    )
    check_agreement(made)


def test_what_a_provider_holds_is_used_only_where_it_is_chosen() -> None:
    """The branch of a provider is read, not visited: a decision in it is made below the choice alone."""
    inner = neps.Categorical(("plain", neps.Operation("op", (neps.Float(0, 1),))))
    made = neps.PipelineSpace.from_attributes(
        {"p": neps.Categorical(neps.Categorical(((inner.resample(),),)))}
    )
    check_agreement(made)


def test_a_constant_under_several_names_is_one_hyperparameter() -> None:
    """An attribute that is only another's name is that other one, however often it is asked for."""
    space = neps.PipelineSpace.from_attributes(
        {
            "a": None,
            "same": neps.ByName("a"),
            "depth": neps.Operation("f", args=neps.Categorical(((), (neps.ByName("same"), 1)))),
        }
    )
    cs, sidecar = neps.to_configspace(space)
    assert [e.address for e in sidecar.entries].count("a") == 1
    for seed in range(4):
        config, _ = space.sample(seed)
        assert dict(sidecar.to_configuration(config))["a"] == "None"
    assert len(cs) == 2


def test_a_count_that_is_a_choice_ends_a_recursion_in_the_translation() -> None:
    """At the last level only the branch with the count 0 is a choice of its hyperparameter."""
    space = neps.PipelineSpace.from_attributes(
        {
            "tree": neps.Operation(
                "many",
                neps.Repeated(neps.Categorical((2, 0)).resample(), neps.ByName("tree").resample()).resample(),
            )
        }
    )
    cs, sidecar = neps.to_configspace(space, max_depth=2)
    assert [str(v) for v in getattr(cs["tree:0:count"], "choices", ())] == ["0"]
    for seed in range(10):
        config, _ = space.sample(seed, max_depth=2)
        assert sidecar.from_configuration(sidecar.to_configuration(config)) == config


@pytest.mark.parametrize("make", [neps.Less, neps.Greater])
@pytest.mark.parametrize("default", [1000.0, 0.7, 863681.431165758])
def test_a_condition_on_the_default_itself_holds_in_both_or_in_none(make: Any, default: float) -> None:
    """ConfigSpace reads 1000 back from its place on a log scale as 999.9999999999998."""
    space = neps.PipelineSpace.from_attributes(
        {"a": neps.Float(0.1, 1e7, log=True, default=default), "b": neps.Integer(1, 5)},
        conditions={"b": make("a", default)},
    )
    configspace, sidecar = neps.to_configspace(space)
    assert sidecar.from_configuration(configspace.get_default_configuration()) == {"a": default}
    vector = configspace.get_default_configuration().get_array()
    again = neps.to_configspace(neps.from_configspace(configspace)).sidecar
    assert again.from_configuration(CS.Configuration(configspace, vector=vector)) == {"a": default}
