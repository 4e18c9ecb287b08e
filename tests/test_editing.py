"""Editing a space at any address: what follows an edit, what stays, what is refused."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import flat_spaces, gather, recursive_spaces, scale, spaces
from test_laws import DEPTH, SEEDS, check_configurations, check_lift, check_replay, exact

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document
from neps_cs.graph.records import ChoiceRecord, NumberRecord
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.values import plain_key

ANY_SPACE = flat_spaces() | spaces() | recursive_spaces()


def space(**attributes: Any) -> neps.PipelineSpace:
    """A space of these attributes."""
    return neps.PipelineSpace.from_attributes(attributes)


def site_at(made: neps.PipelineSpace, address: str) -> DecisionSite:
    """The decision at an address."""
    return Locator(made.resolver.program, made.resolver.order).decision(address)


def configs(made: neps.PipelineSpace, n: int = 40, **options: Any) -> list[dict[str, Any]]:
    """Some configs of a space."""
    return [made.sample(seed, max_depth=DEPTH, **options)[0] for seed in range(n)]


def check_narrower(edited: neps.PipelineSpace, original: neps.PipelineSpace, seed: int) -> None:
    """Configs of the edited space are configs of the original, with the same pipelines; the laws hold."""
    for i in range(4):
        config, pipeline = edited.sample(seed + i, max_depth=DEPTH, use_priors=bool(i % 2))
        assert repr(neps.resolve(original, config)) == repr(pipeline)
    check_lift(edited)
    check_replay(edited, seed)
    check_configurations(edited, seed)
    assert neps.equal(neps.from_configspace(*neps.to_configspace(edited, max_depth=DEPTH)), edited)
    again = pickle.loads(pickle.dumps(edited))
    assert again == edited
    assert edited.add(neps.Float(0, 1), "new").remove("new") == edited
    assert neps.PipelineSpace.from_graph(edited.graph) == edited
    assert exact(again.sample(seed, max_depth=DEPTH)[0]) == exact(edited.sample(seed, max_depth=DEPTH)[0])


def drawn_address(data: st.DataObject, made: neps.PipelineSpace, seed: int) -> tuple[str, dict[str, Any]]:
    config, _ = made.sample(seed, max_depth=DEPTH)
    assume(config)
    assume("(-0.0, 0.0" not in repr(made))  # ConfigSpace loses the sign of a range that is zero
    return data.draw(st.sampled_from(sorted(config))), config


def edited(made: neps.PipelineSpace, edit: Callable[[], neps.PipelineSpace]) -> neps.PipelineSpace:
    """The edited space; a grammar whose definition could not end is not looked at."""
    try:
        return edit()
    except neps.SpaceError as e:
        if "a grammar must be able to end" not in str(e) or not made.resolver.recursion.recursive:
            raise
    assume(False)
    return made


REFUSED = {
    "a grammar must be able to end", "a value must be left", "a choice must be left",
    "a point prior must lie within the bounds", "an index prior must be an open choice",
    "an open choice must have a weight > 0",
}  # fmt: skip


def is_ordinal(site: DecisionSite) -> bool:
    """Whether the decision is for an Ordinal."""
    return isinstance(site.record, ChoiceRecord) and site.record.ordered


def is_alone(made: neps.PipelineSpace, address: str) -> bool:
    """Whether an edit at the address is of that decision alone, not of a definition."""
    ref = made.graph.root_of.get(address)
    return ref is None or not isinstance(made.graph.records[ref], (NumberRecord, ChoiceRecord))


@given(ANY_SPACE, SEEDS, st.data())
def test_a_fixed_decision_has_its_value(made: neps.PipelineSpace, seed: int, data: st.DataObject) -> None:
    before = copy.deepcopy(to_document(made.graph))
    address, config = drawn_address(data, made, seed)
    fixed = edited(made, lambda: made.fix(address, config[address]))
    if is_alone(made, address):
        assert repr(neps.resolve(fixed, config)) == repr(neps.resolve(made, config))
    for i in range(20):
        found, _ = fixed.sample(seed + i, max_depth=DEPTH)
        if address in found:
            assert exact({address: found[address]}) == exact({address: config[address]})
    assert fixed.fix(address, config[address]) == fixed
    assert to_document(made.graph) == before
    check_narrower(fixed, made, seed)


@given(ANY_SPACE, SEEDS, st.data())
def test_a_restricted_decision_stays_inside(made: neps.PipelineSpace, seed: int, data: st.DataObject) -> None:
    before = copy.deepcopy(to_document(made.graph))
    address, config = drawn_address(data, made, seed)
    value, site = config[address], site_at(made, address)
    bare = made if site.record.prior is None else made.with_prior(address, None)
    if isinstance(site, NumberSite):
        lower, upper = data.draw(st.sampled_from(((value, None), (None, value), (value, value))))
        narrow = edited(made, lambda: bare.restrict(address, lower=lower, upper=upper))
    else:
        more = data.draw(st.lists(st.sampled_from([site.values[i] for i in site.every]), max_size=2))
        distinct = list({plain_key(v): v for v in (value, *more)}.values())
        narrow = edited(made, lambda: bare.restrict(address, choices=distinct))
    if is_alone(made, address):
        assert repr(neps.resolve(narrow, config)) == repr(neps.resolve(made, config))
    for i in range(20):
        found, _ = narrow.sample(seed + i, max_depth=DEPTH)
        if address not in found:
            continue
        if isinstance(site, NumberSite):
            assert lower is None or found[address] >= lower
            assert upper is None or found[address] <= upper
        else:
            assert repr(found[address]) in {repr(v) for v in (value, *more)}
    assert to_document(made.graph) == before
    check_narrower(narrow, made, seed)


def drawn_edit(data: st.DataObject, made: neps.PipelineSpace, seed: int) -> neps.PipelineSpace:
    """A space with one more edit, somewhere a config reaches."""
    address, config = drawn_address(data, made, seed)
    value, site = config[address], site_at(made, address)
    kind = data.draw(st.integers(0, 4))
    if kind == 0:
        return made.fix(address, value)
    if kind == 1 or isinstance(site, NumberSite):
        if kind > 2:
            return made.with_prior(address, None).restrict(address, lower=value)
        prior = value if isinstance(site, NumberSite) else site.index[plain_key(value)]
        return made if is_ordinal(site) else made.with_prior(address, prior, "high")
    return made if kind == 2 else made.restrict(address, choices=[value])


@given(ANY_SPACE, SEEDS, st.data())
def test_edits_compose(made: neps.PipelineSpace, seed: int, data: st.DataObject) -> None:
    """Any edits one after the other; one that leaves nothing of an earlier one is refused as a whole."""
    now = made
    for i in range(4):
        before = to_document(now.graph)
        try:
            after = drawn_edit(data, now, seed + i)
        except neps.SpaceError as e:
            if str(e).partition(",")[0].partition(" (")[0] not in REFUSED:
                raise
            continue
        assert to_document(now.graph) == before
        now = after
    for address in now.graph.edits:
        assert site_at(now, address).address == address
    check_narrower(now, made, seed)


@given(ANY_SPACE, SEEDS)
def test_every_decision_is_found_by_its_address(made: neps.PipelineSpace, seed: int) -> None:
    for use_priors in (False, True):
        config, _ = made.sample(seed, use_priors=use_priors)
        for address, value in list(config.items())[:50]:
            site = site_at(made, address)
            assert site.address == address
            if isinstance(site, NumberSite):
                assert site.allowed[0] <= value <= site.allowed[1]
            else:
                assert plain_key(value) in site.index


def conv(kernel: int = 1) -> int:
    """An operator."""
    return kernel


def relu() -> str:
    """Another."""
    return "relu"


def cells() -> neps.PipelineSpace:
    """Definitions, fresh uses of them, shared uses, and a Repeated."""
    op = neps.Categorical(
        (
            neps.Operation(conv, (neps.Integer(1, 5),)),
            neps.Operation(conv, (neps.Integer(1, 5),)),
            neps.Operation(relu),
            "id",
        )
    )
    k = neps.Integer(1, 9)
    return space(
        k=k,
        _op=op,
        lr=neps.Float(1e-4, 1.0, log=True, prior=1e-2),
        opt=neps.Categorical(("sgd", "adam", "rms"), prior=1),
        size=neps.Ordinal(("s", "m", "l", "xl"), default=2),
        model=neps.Operation(
            gather, (op.resample(), k.resample(), op), {"n": neps.Repeated(neps.Integer(0, 3), k.resample())}
        ),
        e=neps.IntegerFidelity(1, 3),
        c=5,
        same=neps.ByName("k"),
    )


def held(made: neps.PipelineSpace, address: str, **options: Any) -> set[Any]:
    """The values that some samples have at an address."""
    return {c[address] for c in configs(made, 60, **options) if address in c}


def test_a_definition_is_edited_for_every_use() -> None:
    """Where an attribute is a parameter, fresh uses of it follow."""
    made = cells().restrict("k", lower=4, upper=5)
    assert held(made, "k") == held(made, "model:1") == held(made, "model:n:2") == {4, 5}
    assert repr(made.attributes["k"]) == "Integer(4, 5)"
    assert dict(made.graph.edits) == {}
    assert held(cells().fix("k", 7), "model:1") == {7}
    assert cells().with_prior("k", 2, "high").attributes["k"].prior == 2


def test_any_other_address_is_edited_alone() -> None:
    made = cells().restrict("model:1", lower=4, upper=5)
    assert held(made, "model:1") == {4, 5}
    assert len(held(made, "k")) == 9
    assert len(held(made, "model:n:0")) == 9
    assert repr(made.attributes["k"]) == "Integer(1, 9)"


def test_an_underscored_definition_is_edited_though_no_config_holds_it() -> None:
    made = space(_x=neps.Float(0, 1), y=[neps.ByName("_x").resample(), neps.ByName("_x").resample()])
    assert exact(made.fix("_x", 0.5).sample(0)[0]) == exact({"y:0": 0.5, "y:1": 0.5})
    assert exact(made.fix("y:1", 0.5).restrict("_x", lower=0.5).fix("y:0", 1).sample(0)[0]) == exact(
        {"y:0": 1.0, "y:1": 0.5}
    )


def test_a_shared_node_is_one_decision_wherever_it_is_used() -> None:
    x = neps.Float(0, 1)
    made = space(a=[x], b=(x, x), c=x.resample()).fix("a:0", 0.25)
    config, pipeline = made.sample(0)
    assert pipeline["b"] == (0.25, 0.25)
    assert config["c"] != 0.25


def test_choices_that_are_closed_keep_all_names() -> None:
    """`conv#2` stays `conv#2`, and its kernel stays where it was: the first conv is closed, not gone."""
    made = cells().restrict("_op", choices=("conv#2", "id"))
    assert made.attributes["_op"].among == (1, 3)
    assert held(made, "_op") == held(made, "model:0") == {"conv#2", "id"}
    assert all("_op:conv#2:0" in c for c in configs(made) if c["model:0"] == "conv#2")
    for config in configs(made):
        assert repr(neps.resolve(made, config)) == repr(neps.resolve(cells(), config))
    assert neps.to_configspace(made).configspace["_op"].choices == ("conv#2", "id")


def test_a_shared_node_keeps_its_address_where_its_first_branch_is_closed() -> None:
    x = neps.Float(0, 1)
    made = space(a=neps.Categorical((neps.Operation("f", (x,)), neps.Operation("g", (x,)))))
    assert set(made.fix("a", "g").sample(0)[0]) == {"a", "a:f:0"}


def test_plain_choices_leave_the_definition() -> None:
    """The space is the one that has fewer choices; indices and weights belong to what they belonged to."""
    assert cells().restrict("opt", choices=("rms", "adam")).attributes["opt"].choices == ("adam", "rms")
    many = space(x=neps.Categorical(tuple(range(10))))
    assert many.restrict("x", choices=(9, 1)).attributes["x"].choices == (1, 9)
    assert many.restrict("x", choices=("9", 1)).attributes["x"].choices == (1, 9), "labels do as well"
    for choice, fewer in (
        (neps.Categorical(("a", "b", "c"), prior=2, default=1),
         neps.Categorical(("b", "c"), prior=1, default=0)),
        (neps.Categorical(("a", "b", "c"), prior=neps.Weights((1, 2, 3))),
         neps.Categorical(("b", "c"), prior=neps.Weights((2, 3)))),
        (neps.Categorical(("a", "b", "c"), default=0), neps.Categorical(("b", "c"))),
        (neps.Ordinal(("a", "b", "c"), default=2), neps.Ordinal(("b", "c"), default=1)),
    ):  # fmt: skip
        assert neps.equal(space(x=choice).restrict("x", choices=["c", "b"]), space(x=fewer))


def test_plain_choices_whose_names_would_change_are_closed() -> None:
    """1 is called `1#2` beside "1": without "1" it would be called 1 in translations."""
    for choices in (("1", 1, 2), (np.int64(1), 1, 2), ((1, 2), "(1, 2)", 2)):
        made = space(x=neps.Categorical(choices))
        values = site_at(made, "x")
        assert isinstance(values, ChoiceSite)
        narrow = made.restrict("x", choices=values.values[1:])
        assert narrow.attributes["x"].among == (1, 2)
        assert held(narrow, "x") == set(values.values[1:])


def test_choices_that_a_condition_reads_are_closed() -> None:
    """The condition stays what it was: it may name what can't be chosen any more."""
    made = space(
        opt=neps.Categorical(("sgd", "adam", "rms")), m=neps.Float(0, 1),
        size=neps.Ordinal(("s", "m", "l", "xl")), w=neps.Float(0, 1), v=neps.Float(0, 1),
    )  # fmt: skip
    made = made.add_condition("m", neps.Equals("opt", "sgd")).add_condition("w", neps.Less("size", "l"))
    made = made.add_condition("v", neps.NotEquals("opt", "sgd"))
    fixed = made.fix("opt", "adam").restrict("size", choices=("xl", "m", "l"))
    assert fixed.attributes["opt"].among == (1,)
    assert {(c["size"], *sorted(c)) for c in configs(fixed)} == {
        ("m", "opt", "size", "v", "w"), ("l", "opt", "size", "v"), ("xl", "opt", "size", "v"),
    }  # fmt: skip
    cs = neps.to_configspace(fixed).configspace
    assert set(cs) == {"opt", "size", "v", "w"}
    assert [str(c) for c in cs.conditions] == ["w | size < 'l'"]
    greater = made.restrict("size", choices=("s", "xl"))
    assert [str(c) for c in neps.to_configspace(greater).configspace.conditions][-1] == "w | size == 's'"
    for seed in range(10):
        check_narrower(fixed, made, seed)
        check_narrower(greater, made, seed)


def test_the_mass_of_a_prior_counts_what_is_open() -> None:
    """Closed or gone, the prior is drawn as in a choice that never had more: p + (1 - p) / 2 = 0.875."""
    closed = space(x=neps.Categorical((relu, "b", "c", "d"), prior=1, prior_confidence="high"))
    site = site_at(closed.restrict("x", choices=("b", "d")), "x")
    assert isinstance(site, ChoiceSite)
    assert site.masses == (0.0, 0.875, 0.0, 0.125)
    hyperparameter = neps.to_configspace(closed.restrict("x", choices=("b", "d"))).configspace["x"]
    assert hyperparameter.probabilities.tolist() == [0.875, 0.125]
    weighted = closed.with_prior("x", neps.Weights((4, 1, 2, 3))).restrict("x", choices=("b", "d"))
    assert held(weighted, "x", use_priors=True) == {"b", "d"}
    drawn = [c["x"] for c in configs(weighted, 400, use_priors=True)]
    assert abs(drawn.count("d") / 400 - 0.75) < 4 * (0.75 * 0.25 / 400) ** 0.5


def test_a_prior_at_an_address_is_drawn_there() -> None:
    made = cells().with_prior("model:1", 9, "high").with_prior("model:n:0", neps.Beta(1, 1e9))
    made = made.with_prior("model:0", neps.Weights((0, 0, 0, 1))).with_prior("_op", 2, "medium")
    drawn = configs(made, 60, use_priors=True)
    assert {c["model:0"] for c in drawn} == {"id"}
    assert {c["model:n:0"] for c in drawn if "model:n:0" in c} == {1}
    assert sum(c["model:1"] for c in drawn) / 60 > 6.5
    assert sum(c["k"] for c in drawn) / 60 < 6.5
    assert len({c["model:0"] for c in configs(made)}) > 1, "without priors they count for nothing"


def test_a_prior_is_replaced_or_taken_away() -> None:
    made = cells()
    assert repr(made.with_prior("lr", None).attributes["lr"]) == "Float(0.0001, 1.0, log=True)"
    assert made.with_prior("lr", neps.Normal(0.1, 1.0)).attributes["lr"].prior == neps.Normal(0.1, 1.0)
    assert made.with_prior("lr", 0.5).attributes["lr"].prior_confidence is neps.ConfidenceLevel.LOW
    fresh = space(x=neps.Float(0, 1, prior=0.5), y=neps.ByName("x").resample())
    bare = fresh.with_prior("y", None)
    assert site_at(bare, "y").record.prior is None
    assert site_at(bare, "x").record.prior == 0.5
    assert bare != fresh
    assert bare.with_prior("y", 0.5, "low") == fresh, "an edit that says nothing new is none"
    assert site_at(fresh.with_prior("y", 0.5, "high"), "y").record.confidence is neps.ConfidenceLevel.HIGH


def test_edits_at_one_address_compose() -> None:
    made = cells().restrict("model:1", lower=2, upper=8).restrict("model:1", lower=4).with_prior("model:1", 5)
    made = made.restrict("model:1", upper=6).with_prior("k", 9)
    edit = made.graph.edits["model:1"]
    assert (edit.lower, edit.upper, edit.prior) == (4, 6, 5)
    assert held(made, "model:1") == {4, 5, 6}
    assert held(made.fix("model:1", 4), "model:1") == {4}


def test_a_definition_narrows_what_was_edited_at_its_uses() -> None:
    made = cells().restrict("model:1", lower=2, upper=8).restrict("k", lower=2, upper=6)
    assert held(made, "model:1") == {2, 3, 4, 5, 6}
    assert dict(made.graph.edits) == {}, "nothing of the edit is left to say"
    partly = cells().restrict("model:1", lower=4, upper=8).restrict("k", lower=2, upper=6)
    assert (partly.graph.edits["model:1"].lower, partly.graph.edits["model:1"].upper) == (4, None)
    assert held(partly, "model:1") == {4, 5, 6}
    assert held(cells().restrict("model:1", lower=2).restrict("k", lower=7), "model:1") == {7, 8, 9}
    chosen = cells().restrict("model:0", choices=("conv", "id")).restrict("_op", choices=("id", "relu"))
    assert held(chosen, "model:0") == {"id"}
    assert held(chosen, "_op") == {"id", "relu"}


def test_choices_with_edited_uses_are_closed_so_that_indices_stay() -> None:
    made = space(x=neps.Categorical(("a", "b", "c")), y=neps.ByName("x").resample())
    narrow = made.restrict("y", choices=("b", "c")).restrict("x", choices=("a", "c"))
    assert narrow.attributes["x"].among == (0, 2)
    assert held(narrow, "x") == {"a", "c"}
    assert held(narrow, "y") == {"c"}


def test_what_can_not_be_reached_any_more_is_forgotten() -> None:
    made = cells().fix("model:n:2", 3).fix("model:n:0", 4)
    assert set(made.restrict("model:n:count", upper=2).graph.edits) == {"model:n:0", "model:n:count"}
    assert set(made.fix("model:n:count", 0).graph.edits) == {"model:n:count"}
    tree = grammar().fix("start:n:0", "leaf")
    assert set(tree.fix("start", "leaf").graph.edits) == {"start"}
    assert dict(tree.fix("tree", "leaf").graph.edits) == {}
    counted = space(n=neps.Integer(0, 3), r=neps.Repeated(neps.ByName("n"), neps.Float(0, 1).resample()))
    assert dict(counted.fix("r:2", 0.5).restrict("n", upper=2).graph.edits) == {}


def grammar() -> neps.PipelineSpace:
    """Trees: `tree` is the definition, `start` a fresh use."""
    again = neps.ByName("tree").resample()
    grow = neps.Operation("n", (again, again)).resample()
    return space(tree=neps.Categorical((neps.Operation("leaf"), grow)), start=neps.ByName("tree").resample())


def test_a_grammar_is_edited_at_any_depth() -> None:
    made = grammar().fix("start", "n").fix("start:n:0", "n").fix("start:n:1", "leaf")
    tree = {
        "start": "n",
        "start:n:0": "n",
        "start:n:0:n:0": "leaf",
        "start:n:0:n:1": "leaf",
        "start:n:1": "leaf",
    }
    for seed in range(10):  # beyond max_depth, too, where an edit leaves nothing else
        config, _ = made.sample(seed, max_depth=1)
        assert config == {"tree": "leaf"} | tree
        check_narrower(made, grammar(), seed)
    deep = "start" + ":n:0" * 200
    assert grammar().fix(deep, "n").graph.edits[deep].among == (1,)


def test_a_definition_without_its_recursion_is_finite() -> None:
    made = grammar().fix("tree", "leaf")
    assert set(neps.to_configspace(made).configspace) == {"tree", "start"}
    counted = space(
        n=neps.Categorical((0, 1, 2)),
        t=neps.Operation(
            "t", neps.Repeated(neps.ByName("n").resample(), neps.ByName("t").resample()).resample()
        ),
    )
    assert set(neps.to_configspace(counted.fix("n", 0), max_depth=2).configspace) == {"n", "t:count"}
    with pytest.raises(neps.SpaceError, match="a grammar must be able to end"):
        counted.restrict("n", choices=(1, 2))
    with pytest.raises(neps.SpaceError, match="a grammar must be able to end"):
        counted.fix("n", 2)


def test_a_count_that_may_not_be_zero_here_still_ends() -> None:
    """The count is a choice; at one place 0 is closed, so that the next one ends the recursion."""
    for count in (neps.Categorical((0, 1, 2)), neps.Integer(0, 2)):
        content = neps.Repeated(count.resample(), neps.ByName("t").resample())
        made = space(t=neps.Operation("t", content.resample()))
        if isinstance(count, neps.Integer):
            narrow = made.restrict("t:count", lower=1)
        else:
            narrow = made.restrict("t:count", choices=(1, 2))
        for seed in range(10):
            config, _ = narrow.sample(seed, max_depth=1)
            assert config["t:count"] == 1
            check_narrower(narrow, made, seed)


def test_a_bound_on_a_grid_moves_to_its_next_point() -> None:
    made = space(x=neps.Float(0, 1, step=0.1, default=0.2), y=[neps.Integer(1, 20, step=5)])
    assert held(made.restrict("x", lower=0.25, upper=0.55), "x") == {0.3, 0.4, 0.5}
    assert held(made.restrict("x", lower=0.1 + 0.2, upper=0.4), "x") == {0.3, 0.4}, "up to rounding"
    assert held(made.restrict("y:0", lower=2), "y:0") == {6, 11, 16}
    assert made.restrict("x", lower=0.25).attributes["x"].default is None
    assert made.restrict("x", upper=0.25).attributes["x"].default == 0.2
    assert held(made.fix("x", 0.1 + 0.2), "x") == {0.3}
    check_lift(made.restrict("y:0", lower=2))


def test_bounds_that_are_parameters() -> None:
    made = space(
        low=neps.Integer(1, 4),
        k=neps.Integer(neps.ByName("low"), 9),
        m=neps.Integer(neps.Categorical((1, 3)), 9),
        r=[neps.ByName("m").resample()],
    )
    assert max(held(made.restrict("k", upper=5), "k")) == 5
    assert held(made.fix("low", 4).restrict("k", upper=4), "k") == {4}
    assert held(made.restrict("r:0", upper=3).fix("m:lower", 3), "r:0") == {3}
    both = made.fix("m:lower", 1).restrict("r:0", upper=2)
    assert held(both, "r:0") == {1, 2}
    for narrow in (both, made.restrict("low", lower=3), made.with_prior("r:0", 4)):
        check_lift(narrow)
        for config in configs(narrow, 10):
            assert neps.resolve(narrow, config) == neps.resolve(made, config)


def test_bounds_that_are_choices_and_counts_that_are_closed() -> None:
    """A condition reads the choice, so it is closed: what depends on it follows all the same."""
    made = space(
        low=neps.Categorical((1, 3, 5)), x=neps.Float(0, 1),
        k=neps.Integer(neps.ByName("low"), 9, step=2, default=4),
    ).add_condition("x", neps.Equals("low", 1))  # fmt: skip
    narrow = made.restrict("low", choices=(3, 5))
    assert narrow.attributes["low"].among == (1, 2)
    assert site_at(narrow, "k").record.lower == 3
    assert site_at(narrow.with_prior("k", 5), "k").record.default == 4, "on the grid from 4"
    again = neps.ByName("t").resample()
    counted = space(
        n=neps.Categorical((0, 1, 2)), x=neps.Float(0, 1),
        t=neps.Operation("t", neps.Repeated(neps.ByName("n").resample(), again).resample()),
    ).add_condition("x", neps.Equals("n", 0))  # fmt: skip
    assert counted.restrict("n", choices=(0, 1)).attributes["n"].among == (0, 1)
    with pytest.raises(neps.SpaceError, match="a grammar must be able to end"):
        counted.restrict("n", choices=(1, 2))


def test_what_a_provider_only_gives_has_no_address_in_it() -> None:
    """It is chosen from elsewhere, and there its fresh uses are; unless the provider is a value too."""
    k = neps.Integer(1, 5)
    one = neps.Categorical(((k.resample(), "a"), ("b",)))
    inner = neps.Categorical((one, (1, 2)))
    outer = neps.Categorical(neps.Categorical((((k.resample(), "a"), (1, 2)), ((3,),))))
    for made, there, nowhere in (
        (space(x=neps.Categorical(one), _k=k), "x:(_k, a):_k", "x:choices:(_k, a):0"),
        (space(x=neps.Categorical(one), y=one, _k=k), "y:(_k, a):0", "x:choices"),
        (space(y=one, x=neps.Categorical(one), _k=k), "y:(_k, a):0", "x:choices"),
        (
            space(x=neps.Categorical(inner), _k=k),
            "x:Categorical:(_k, a):_k",
            "x:choices:Categorical:(_k, a):0",
        ),
        (
            space(x=neps.Categorical(outer), _k=k),
            "x:((_k, a), (1, 2)):(_k, a):_k",
            "x:choices:((_k, a), (1, 2)):(_k, a):0",
        ),
    ):
        assert held(made.fix(there, 3), there) == {3}
        with pytest.raises(neps.SpaceError, match="that a config may hold"):
            made.fix(nowhere, 3)


def test_choices_that_are_given() -> None:
    """The provider is at `choices`; what is chosen among each of its branches has an address of its own."""
    given = neps.Categorical(((1, 2), ("a", neps.Operation("g", (neps.Float(0, 1),)), "b")))
    made = space(x=neps.Categorical(given), t=neps.Categorical(neps.ByName("_t")), _t=(1, scale, 3))
    assert made.fix("x:choices", "(1, 2)").fix("x:(1, 2)", 2).fix("t", 3).sample(0)[0] == {
        "x:choices": "(1, 2)", "x:(1, 2)": 2, "t": 3,
    }  # fmt: skip
    inner = made.fix("x:(a, g, b)", "g").fix("x:choices:(a, g, b):1:0", 0.5)
    assert inner.with_prior("x", 1).attributes["x"].prior == 1
    for seed in range(10):
        check_narrower(inner, made, seed)
    assert made.restrict("t", choices=("scale", 3)).attributes["t"].among == (1, 2)


def test_edits_are_kept_wherever_a_space_is_made_of_another() -> None:
    made = cells().fix("model:1", 4).restrict("_op", choices=("id", "relu"))
    others = [
        pickle.loads(pickle.dumps(made)),
        copy.deepcopy(made),
        neps.PipelineSpace.from_graph(made.graph),
        neps.PipelineSpace.from_graph(
            from_document(to_document(made.graph), trust=("test_editing", "strategies"))
        ),
        made.add(neps.Float(0, 1), "new"),
        made.add(space(new=1)),
        space(new=1).add(made),
        made.remove("c"),
        made.add_condition("c", neps.Equals("k", 3)),
        made.add_prior("k", 3),
        neps.from_configspace(*neps.to_configspace(made)),
    ]
    for other in others:
        assert held(other, "model:1") == {4}
        assert held(other, "model:0") == {"id", "relu"}
    assert len({hash(o) for o in (made, others[0], cells())}) == 2
    assert made != cells()
    assert made.fix("k", 4) != cells().fix("k", 4)


def test_a_number_is_fixed_once_its_bounds_are() -> None:
    """Where the bound is an attribute that every config holds, one value of it is as good as a number."""
    made = space(
        low=neps.Integer(1, 5), high=neps.Categorical((7, 9)), alias=neps.ByName("low"),
        w=neps.Integer(neps.ByName("alias"), neps.ByName("high"), prior=4),
        again=[neps.ByName("w").resample()],
    ).fix("low", 2)  # fmt: skip
    narrow = made.restrict("w", lower=3)
    assert (narrow.attributes["w"].lower, repr(narrow.attributes["w"].upper)) == (3, "ByName('high')")
    fixed = made.fix("high", 9).fix("w", 6)
    for edited_space, seed in itertools.product((narrow, fixed), range(20)):
        config, pipeline = edited_space.sample(seed)
        assert config.keys() == made.sample(seed)[0].keys()
        assert repr(neps.resolve(made, config)) == repr(pipeline)
        assert 3 <= config["w"] <= config["high"]
    assert fixed.sample(0)[0] == {"low": 2, "high": 9, "w": 6, "again:0": 6}
    hidden = space(_low=neps.Integer(1, 5), w=neps.Integer(neps.ByName("_low"), 9))
    by_bounds = hidden.fix("_low", 3).restrict("w", upper=3)
    assert by_bounds.sample(0)[0] == {"_low": 3, "w": 3}, "a hidden bound stays a decision"


def test_one_use_of_a_grammar_is_edited_as_an_attribute() -> None:
    """The way that the error of `fix("tree", "n")` shows."""
    made = grammar().add(neps.ByName("tree").resample(), "root").fix("root", "n")
    assert {made.sample(seed, max_depth=DEPTH)[0]["root"] for seed in range(20)} == {"n"}
    assert {made.sample(seed, max_depth=DEPTH)[0]["tree"] for seed in range(20)} == {"n", "leaf"}


def test_an_edit_goes_with_its_attribute() -> None:
    made = space(a=[neps.Float(0, 1)], b=neps.Float(0, 1)).fix("a:0", 0.5)
    assert dict(made.remove("a").graph.edits) == {}
    assert set(made.remove("b").graph.edits) == {"a:0"}


def test_an_edited_space_is_shown() -> None:
    made = space(
        x=neps.Categorical((relu, "b")),
        y=[neps.ByName("x").resample(), neps.Integer(1, 9)],
        z=neps.Float(0, 1),
    )
    made = made.fix("y:0", "b").restrict("y:1", lower=2, upper=8).with_prior("y:1", 3)
    made = made.restrict("x", choices=("b",))
    assert repr(made) == (
        "PipelineSpace.from_attributes(\n"
        "    {\n"
        "        'x': Categorical((relu, 'b'), among=(1,)),\n"
        "        'y': [ByName('x').resample(), Integer(1, 9)],\n"
        "        'z': Float(0.0, 1.0),\n"
        "    },\n"
        "    edits={\n"
        "        'y:1': Edit(lower=2, upper=8, sets_prior=True, prior=3, "
        "confidence=ConfidenceLevel('low')),\n"
        "    },\n"
        "    name='Space',\n"
        ")"
    )
    assert "y:1 is edited: lower=2, upper=8" in neps.format(made)
    assert "_op: Categorical, among (0, 3)" in neps.format(cells().restrict("_op", choices=("conv", "id")))
