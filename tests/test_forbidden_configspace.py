"""Forbidden clauses of ConfigSpace there and back, and its traps."""

from __future__ import annotations

import copy
import pickle
from itertools import permutations
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from ConfigSpace import forbidden as csf
from ConfigSpace.exceptions import ForbiddenValueError
from hypothesis import given
from making import space
from strategies import flat_spaces, gather, spaces
from strategies_forbidden import forbidden_configspaces, with_clauses
from test_configspace import check_law_3
from test_laws import DEPTH, SEEDS, exact

import neps_cs as neps
from neps_cs.resolving.resolver import Resolver
from neps_cs.sampling.draw import uniform

Int, Cat = neps.Integer, neps.Categorical


def parts(clause: Any) -> Any:
    """Everything that a clause was made of, with types."""
    if isinstance(clause, csf.ForbiddenConjunction):
        return type(clause), [parts(c) for c in clause.components]
    if isinstance(clause, csf.ForbiddenRelation):
        return type(clause), clause.left.name, clause.right.name
    held = clause.values if isinstance(clause, CS.ForbiddenInClause) else (clause.value,)
    return type(clause), clause.hyperparameter.name, [(type(v), v) for v in held]


@given(forbidden_configspaces())
def test_clauses_come_back_as_they_were(cs: CS.ConfigurationSpace) -> None:
    """Law 3, field by field."""
    check_law_3(cs)
    made = neps.to_configspace(neps.from_configspace(cs))
    assert list(map(parts, made.configspace.forbidden_clauses)) == list(map(parts, cs.forbidden_clauses))
    assert made.losses == ()


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("calls", [(1, 1, 1, 1), (2, 2), (1, 3), (4,)])
def test_clauses_that_were_added_call_by_call(order: tuple[int, ...], calls: tuple[int, ...]) -> None:
    """Law 3: ConfigSpace's == tells apart in which calls they came."""
    cs = CS.ConfigurationSpace({"i": (1, 10), "j": (1, 10), "k": ["a", "b"]})
    i, j, k = cs["i"], cs["j"], cs["k"]
    clauses = [
        CS.ForbiddenEqualsClause(i, 3),
        CS.ForbiddenEqualsClause(i, 2),
        CS.ForbiddenAndConjunction(CS.ForbiddenInClause(i, [7, 6]), CS.ForbiddenEqualsClause(j, 1)),
        csf.ForbiddenOrConjunction(CS.ForbiddenLessThanRelation(i, j), CS.ForbiddenEqualsClause(i, 2)),
    ]
    left = [clauses[n] for n in order]
    for n in calls:
        cs.add(left[:n])
        left = left[n:]
    check_law_3(cs)
    cs.add(CS.EqualsCondition(j, k, "a"))  # what stood among the unconditional ones no longer does
    check_law_3(cs)
    bare = neps.to_configspace(without(neps.from_configspace(cs)))  # the order fits no longer
    assert bare.configspace.forbidden_clauses == []


def often_legal(made: neps.PipelineSpace) -> bool:
    """Whether ConfigSpace, which draws from all, finds legal configurations soon."""
    forbidding, found = made.resolver.forbidding, 0
    assert forbidding is not None
    for seed in range(40):
        draw = uniform(np.random.default_rng(seed))
        config = made.resolver.resolve(draw, build=False, max_depth=DEPTH, legal=False).config
        found += not forbidding.held(config)
    return found >= 4


def check_law_5(made: neps.PipelineSpace, translation: neps.Translation, seed: int) -> None:
    cs, sidecar = translation.configspace, translation.sidecar
    bare = Resolver(neps.PipelineSpace.from_graph(made.graph).graph)
    for i in range(3):
        try:
            config, pipeline = made.sample(seed + i, max_depth=DEPTH)
        except neps.ConfigError:
            continue  # too rare
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
        assert repr(sidecar.resolve(configuration)) == repr(pipeline)
    # what ours refuses, ConfigSpace refuses; and the other way round
    forbidding = bare.forbidding
    assert forbidding is not None
    free = neps.to_configspace(without(made), max_depth=DEPTH)
    for i in range(6):
        draw = uniform(np.random.default_rng(seed + i))
        config = bare.resolve(draw, build=False, max_depth=DEPTH, legal=False).config
        vector = free.sidecar.to_configuration(config).get_array()
        try:
            CS.Configuration(cs, vector=vector).check_valid_configuration()
            legal = True
        except ForbiddenValueError:
            legal = False
        assert legal == (not forbidding.held(config)), (made.forbidden, config)
    if often_legal(made) and len(cs):
        cs.seed(seed % 2**32)
        for configuration in cs.sample_configuration(5):
            config = sidecar.from_configuration(configuration)
            assert forbidding.held(config) == []


def without(made: neps.PipelineSpace) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(
        dict(made.attributes), conditions=made.conditions, native=made.graph.native,
        intermediate=frozenset(r.name for r in made.graph.roots if r.intermediate),
    )  # fmt: skip


@given(with_clauses(flat_spaces() | spaces()), SEEDS)
def test_legal_configs_are_legal_configurations(made: neps.PipelineSpace, seed: int) -> None:
    """Laws 2 and 5."""
    try:
        translation = neps.to_configspace(made, max_depth=DEPTH)
    except neps.ConversionError as e:
        # too rare, or a real number alone that has more decimals than ConfigSpace
        if "attempts must give a config" not in str(e) and "rounded to 13 decimals" not in str(e):
            raise
        return
    assert neps.from_configspace(*translation) == made
    if not translation.losses:
        check_law_5(made, translation, seed)


@given(forbidden_configspaces(), SEEDS)
def test_their_configurations_are_ours(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 5 for ConfigurationSpaces of others."""
    made = neps.from_configspace(cs)
    translation = neps.to_configspace(made)
    for i in range(3):
        config = made.sample(seed + i)[0] if often_legal(made) else None
        if config is None:
            continue
        configuration = translation.sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        CS.Configuration(cs, vector=configuration.get_array()).check_valid_configuration()
        assert exact(translation.sidecar.from_configuration(configuration)) == exact(config)
    default = translation.sidecar.from_configuration(cs.get_default_configuration())
    assert made.resolver.forbidding is not None
    assert made.resolver.forbidding.held(default) == []


def base() -> CS.ConfigurationSpace:
    cs = CS.ConfigurationSpace(name="base", seed=1)
    cs.add([
        CS.UniformIntegerHyperparameter("a", 1, 10, default_value=5),
        CS.UniformIntegerHyperparameter("b", 1, 10, default_value=4),
        CS.UniformFloatHyperparameter("f", 1, 10, default_value=5),
        CS.CategoricalHyperparameter("kind", ["x", "y"]),
        CS.OrdinalHyperparameter("o", [30, 10, 20], default_value=10),
        CS.OrdinalHyperparameter("p", [30, 10, 20], default_value=20),
        CS.Constant("z", 3),
    ])  # fmt: skip
    cs.add(CS.EqualsCondition(cs["f"], cs["kind"], "x"), CS.EqualsCondition(cs["p"], cs["kind"], "x"))
    return cs


CLAUSES = {
    "equals": (lambda c: CS.ForbiddenEqualsClause(c["a"], 3), neps.Equals("a", 3)),
    "equals constant": (
        lambda c: CS.ForbiddenAndConjunction(
            CS.ForbiddenEqualsClause(c["z"], 3), CS.ForbiddenEqualsClause(c["b"], 3)
        ),
        neps.And((neps.Equals("z", 3), neps.Equals("b", 3))),
    ),
    "in": (lambda c: CS.ForbiddenInClause(c["kind"], ["y", "y"]), neps.In("kind", ("y", "y"))),
    "less": (lambda c: csf.ForbiddenLessThanClause(c["o"], 10), neps.Less("o", 10)),
    "less equal": (lambda c: csf.ForbiddenLessThanEqualsClause(c["a"], 3.0), neps.LessEqual("a", 3.0)),
    "greater": (lambda c: csf.ForbiddenGreaterThanClause(c["f"], 7), neps.Greater("f", 7)),
    "greater equal": (
        lambda c: csf.ForbiddenGreaterThanEqualsClause(c["o"], 20), neps.GreaterEqual("o", 20)
    ),
    "or": (
        lambda c: csf.ForbiddenOrConjunction(CS.ForbiddenEqualsClause(c["a"], 1)),
        neps.Or((neps.Equals("a", 1),)),
    ),
    "nested": (
        lambda c: CS.ForbiddenAndConjunction(
            csf.ForbiddenOrConjunction(
                CS.ForbiddenLessThanRelation(c["a"], c["b"]), CS.ForbiddenInClause(c["o"], [20, 30])
            ),
            CS.ForbiddenEqualsClause(c["kind"], "x"),
        ),
        neps.And((neps.Or((neps.Relation("a", "<", "b"), neps.In("o", (20, 30)))), neps.Equals("kind", "x"))),
    ),
    "<": (lambda c: CS.ForbiddenLessThanRelation(c["a"], c["b"]), neps.Relation("a", "<", "b")),
    "<=": (lambda c: csf.ForbiddenLessThanEqualsRelation(c["o"], c["z"]), neps.Relation("o", "<=", "z")),
    "==": (lambda c: CS.ForbiddenEqualsRelation(c["a"], c["b"]), neps.Relation("a", "==", "b")),
    ">=": (lambda c: csf.ForbiddenGreaterThanEqualsRelation(c["o"], c["p"]), neps.Relation("o", ">=", "p")),
    ">": (lambda c: CS.ForbiddenGreaterThanRelation(c["b"], c["f"]), neps.Relation("b", ">", "f")),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAUSES)
def test_each_class_reads_as_ours_and_back(name: str) -> None:
    make, clause = CLAUSES[name]
    cs = base()
    cs.add(make(cs))
    made = neps.from_configspace(cs)
    assert repr(made.forbidden) == repr((clause,))
    translation = neps.to_configspace(made)
    back = translation.configspace
    assert back == cs
    assert cs == back
    assert list(map(parts, back.forbidden_clauses)) == list(map(parts, cs.forbidden_clauses))
    assert CS.ConfigurationSpace.from_serialized_dict(back.to_serialized_dict()) == cs
    check_law_5(made, translation, 7)


def test_clauses_on_what_a_hyperparameter_can_not_have() -> None:
    """Values out of range, between integers, closed, labels, steps, points: written as what they mean."""
    made = space(
        m=neps.Ordinal((1, True, 2.5)), i=Int(1, 5), j=Int(1, 30), point=neps.Float(0.1, 0.1),
        g=neps.Float(0, 1), cat=Cat(("p", "q", (1, 2), scale_of)), step=neps.Float(0.1, 1.0, step=0.1),
        low=Int(0, 9, prior=3), closed=neps.Ordinal(("s", "m", "l"), among=(0, 2)),
        big=Int(2**60, 2**60 + 40),
    )  # fmt: skip
    for clause in (
        neps.Relation("m", "<", "i"),
        neps.Less("i", 1.5),
        neps.And((neps.LessEqual("i", 9), neps.Greater("g", 0.97))),
        neps.NotEquals("point", 0.1),
        neps.And((neps.GreaterEqual("point", 0), neps.Less("g", 0.02))),
        neps.In("cat", ("p", "(1, 2)")),
        neps.And((neps.NotEquals("j", 7), neps.Equals("i", 4))),
        neps.And((neps.NotEquals("j", 70), neps.Equals("i", 3), neps.Equals("cat", "q"))),
        neps.And((neps.GreaterEqual("step", 0.55), neps.LessEqual("j", 6))),
        neps.And((neps.Equals("step", 0.3), neps.Equals("i", 5))),
        neps.Relation("step", ">", "g"),
        neps.LessEqual("closed", "m"),
        neps.GreaterEqual("big", 2**60 + 30),
    ):
        made = made.add_forbidden(clause)
        translation = neps.to_configspace(made)
        assert translation.losses == ()
        check_law_5(made, translation, 3)
        assert neps.from_configspace(*translation) == made


def scale_of(x: float) -> float:
    return x


def test_warped_priors_under_clauses() -> None:
    made = space(x=neps.Float(0, 1, prior=0.3), c=Cat(("a", "b", "d"), prior=1), n=Int(1, 9, prior=4))
    for clause in (neps.Less("x", 0.2), neps.And((neps.Equals("c", "b"), neps.GreaterEqual("n", 4)))):
        made = made.add_forbidden(clause)
    made = made.add_forbidden(neps.Equals("c", "a"))
    cs, sidecar = neps.to_configspace(made, priors="warped")
    cs.seed(1)
    for configuration in cs.sample_configuration(200):
        neps.resolve(made, sidecar.from_configuration(configuration))
    for seed in range(50):
        config, _ = made.sample(seed, use_priors=True)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert sidecar.from_configuration(configuration) == config


def test_what_can_not_be_said_is_a_loss() -> None:
    made = space(x=neps.Float(0, 1, prior=0.3), y=neps.Float(0, 1, prior=0.3), k=Int(1, 3))
    made = made.add_forbidden(neps.Relation("x", "<", "y")).add_forbidden(neps.Equals("k", 2))
    assert neps.to_configspace(made).losses == ()
    translation = neps.to_configspace(made, priors="warped")
    (loss,) = translation.losses
    assert loss.address == "x, y"
    assert loss.reason == (
        "the forbidden clause x < y can't be said: places can't be compared with each other: x < y"
    )
    assert loss.instead == "no clause: the side-car refuses such configurations"
    assert len(translation.configspace.forbidden_clauses) == 1
    with pytest.raises(neps.ConversionError, match="can't be said"):
        neps.to_configspace(made, priors="warped", strict=True)
    translation.configspace.seed(0)
    configurations = translation.configspace.sample_configuration(20)
    with pytest.raises(neps.ConfigError, match="a config must not have x < y, got x="):
        translation.sidecar.from_configurations(configurations)


def test_structure_and_depth() -> None:
    """Decisions beyond max_depth forbid nothing."""
    tree = Cat((neps.Operation("leaf", (Int(1, 9).resample(),)).resample(),
                neps.Operation("node", (neps.ByName("tree").resample(),) * 2).resample()))  # fmt: skip
    made = space(tree=tree).add_forbidden(neps.Relation("tree:node:0:leaf:0", "<=", "tree:node:1:leaf:0"))
    made = made.add_forbidden(
        neps.And((neps.Equals("tree:node:0:node:0", "leaf"), neps.Equals("tree", "node")))
    )
    for depth, count in ((1, 0), (2, 1), (3, 2)):
        translation = neps.to_configspace(made, max_depth=depth)
        assert len(translation.configspace.forbidden_clauses) == count
        translation.configspace.seed(1)
        for configuration in translation.configspace.sample_configuration(20):
            neps.resolve(made, translation.sidecar.from_configuration(configuration))


def test_a_legal_default_is_found() -> None:
    made = space(a=Int(1, 9, default=5), b=Int(1, 9, default=5), c=Int(1, 9, default=2), kind=Cat(("x", "y")))
    made = made.add_condition("b", neps.Equals("kind", "x"))
    made = made.add_forbidden(neps.Relation("a", "<=", "b")).add_forbidden(neps.Equals("kind", "y"))
    cs, sidecar = neps.to_configspace(made)
    default = cs.get_default_configuration()
    default.check_valid_configuration()
    assert default["a"] > default["b"]
    assert (default["c"], default["kind"]) == (2, "x")  # what no clause holds of stays
    assert neps.from_configspace(cs, sidecar) == made
    assert cs == neps.to_configspace(made).configspace
    flat = neps.from_configspace(cs)
    assert neps.to_configspace(flat).configspace == cs
    for priors in ("warped", "drop"):
        neps.to_configspace(made.with_prior("a", 3), priors=priors)  # type: ignore[arg-type]


def test_no_legal_default() -> None:
    made = space(a=Int(1, 1000), b=Int(1, 1000)).add_forbidden(neps.Relation("a", "<=", "b"))
    made = made.add_forbidden(neps.Relation("a", ">", "b"))
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(made)
    assert str(caught.value).startswith(
        "10,000 attempts must give a config that no clause forbids, got rejections: "
    )


def test_illegal_configs_and_configurations_are_refused() -> None:
    made = space(a=Int(1, 9), b=Int(1, 9)).add_forbidden(neps.Relation("a", "<", "b"))
    cs, sidecar = neps.to_configspace(made)
    text = "a config must not have a < b, got a=1, b=2 @ Space"
    for call in (
        lambda: sidecar.to_configuration({"a": 1, "b": 2}),
        lambda: sidecar.to_configurations([{"a": 2, "b": 2}, {"a": 1, "b": 2}]),
        lambda: sidecar.resolve({"a": 1, "b": 2}),
        lambda: sidecar.from_array([[0.06, 0.17]]),
        lambda: sidecar.from_configuration(CS.Configuration(cs, vector=np.array([0.06, 0.17]))),
    ):
        with pytest.raises(neps.ConfigError) as caught:
            call()
        assert str(caught.value) == text


def test_clauses_that_have_no_counterpart_are_all_named() -> None:
    cs = base()

    class Mine(CS.ForbiddenEqualsClause):
        pass

    cs.add(Mine(cs["a"], 1), csf.ForbiddenOrConjunction(), CS.ForbiddenInClause(cs["b"], []))
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(cs)
    rule = "a forbidden clause must be of a class of ConfigSpace 1.2, and not empty"
    assert [p.rule for p in caught.value.problems] == [rule] * 3
    fidelity = base()
    fidelity.add(CS.ForbiddenEqualsClause(fidelity["a"], 1))
    with pytest.raises(neps.ConversionError, match="got 'a', a fidelity"):
        neps.from_configspace(fidelity, fidelities=("a",))


class TestTraps:
    """What ConfigSpace 1.2.2 does, and our way round it."""

    def test_its_sampler_takes_less_equal_for_greater_equal(self) -> None:
        cs = base()
        cs.add(csf.ForbiddenLessThanEqualsClause(cs["a"], 3))
        assert max(c["a"] for c in cs.sample_configuration(100)) == 2  # all forbidden
        made = neps.from_configspace(cs)
        ours = neps.to_configspace(made).configspace
        again = pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)
        for each in (ours, *again):
            each.seed(2)
            assert {c["a"] for c in each.sample_configuration(200)} == set(range(4, 11))
        assert {made.sample(seed)[0]["a"] for seed in range(200)} == set(range(4, 11))

    def test_its_check_of_greater_equal_prints(self, capsys: pytest.CaptureFixture[str]) -> None:
        cs = base()
        cs.add(csf.ForbiddenGreaterThanEqualsClause(cs["a"], 8))
        cs.get_default_configuration().check_valid_configuration()
        assert capsys.readouterr().out
        made = neps.from_configspace(cs)
        ours, sidecar = neps.to_configspace(made)
        capsys.readouterr()
        sidecar.to_configuration(made.sample(0)[0]).check_valid_configuration()
        ours.get_default_configuration().check_valid_configuration()
        assert capsys.readouterr().out == ""

    def test_its_log_integers_stand_beside_their_vectors(self) -> None:
        """So an Equals of ConfigSpace misses what it draws."""
        made = space(n=Int(1, 5, log=True, prior=1))
        clause = neps.Or((neps.Equals("n", 1), neps.In("n", (3, 4))))
        cs, sidecar = neps.to_configspace(made.add_forbidden(clause))
        theirs = neps.to_configspace(made).configspace
        theirs.add(CS.ForbiddenEqualsClause(theirs["n"], 2))
        theirs.seed(1)
        assert 2 in {c["n"] for c in theirs.sample_configuration(100)}
        cs.seed(1)
        found = cs.sample_configuration(100)
        assert {c["n"] for c in found} == {2, 5} == {c["n"] for c in sidecar.from_configurations(found)}

    def test_relations_on_ordinals(self) -> None:
        cs = base()
        cs.add(CS.ForbiddenGreaterThanRelation(cs["o"], cs["p"]))
        pairs = {(int(c["o"]), int(c["p"])) for c in cs.sample_configuration(400) if "p" in c}
        made = neps.from_configspace(cs)
        ours = {(c["o"], c["p"]) for s in range(400) if "p" in (c := made.sample(s)[0])}
        assert pairs == ours == {(o, p) for o in (30, 10, 20) for p in (30, 10, 20) if o <= p}

    def test_an_inactive_operand_forbids_nothing(self) -> None:
        cs = base()
        cs.add(csf.ForbiddenLessThanClause(cs["p"], 20), CS.ForbiddenGreaterThanRelation(cs["a"], cs["f"]))
        made = neps.from_configspace(cs)
        kinds = [made.sample(s)[0] for s in range(200)]
        assert {c["a"] for c in kinds if c["kind"] == "y"} == set(range(1, 11))
        assert all(c["p"] == 20 and c["a"] <= c["f"] for c in kinds if c["kind"] == "x")
        theirs = [dict(c) for c in cs.sample_configuration(200)]
        assert {int(c["a"]) for c in theirs if c["kind"] == "y"} == set(range(1, 11))

    def test_rare_configurations(self) -> None:
        """ConfigSpace draws until it has found some, for ever; ours narrows, or says what is in the way."""
        cs = CS.ConfigurationSpace()
        cs.add([CS.CategoricalHyperparameter(f"x{i}", [0, 1], default_value=1) for i in range(20)])
        cs.add([CS.ForbiddenEqualsClause(cs[f"x{i}"], 0) for i in range(20)])
        made = neps.from_configspace(cs)
        assert set(made.sample(0)[0].values()) == {1}
        sidecar = neps.to_configspace(made).sidecar
        assert sidecar.to_configuration(made.sample(0)[0]) == cs.get_default_configuration()

    def test_illegal_defaults(self) -> None:
        cs = base()
        with pytest.raises(ForbiddenValueError):
            cs.add(CS.ForbiddenEqualsClause(cs["a"], 5))
        made = neps.from_configspace(base()).add_forbidden(neps.Equals("a", 5))
        assert neps.to_configspace(made).configspace.get_default_configuration()["a"] != 5


def test_a_relation_of_operations() -> None:
    """Addresses are names: structure translates its clauses too."""
    layer = neps.Operation(gather, kwargs={"k": Int(1, 9).resample()}).resample()
    made = space(model=neps.Repeated(Int(1, 3), layer)).add_forbidden(
        neps.Relation("model:0:k", "<", "model:1:k")
    )
    cs, _ = neps.to_configspace(made)
    assert [str(c) for c in cs.forbidden_clauses] == ["Forbidden: model:0:k < model:1:k"]
    check_law_5(made, neps.to_configspace(made), 1)


@pytest.mark.parametrize("priors", ["native", "warped"])
def test_relations_with_a_grid_on_places_are_said(priors: Any) -> None:
    """A step with a prior stands as a place in [0, 1]; its values are few enough to name."""
    made = space(a=neps.Float(0, 1, step=0.1, prior=0.3), b=neps.Float(0, 1, prior=0.5))
    made = made.add_forbidden(neps.Relation("a", ">", "b"))
    translation = neps.to_configspace(made, priors=priors)
    assert translation.losses == ()
    cs, sidecar = translation
    cs.seed(3)
    configs = sidecar.from_configurations(cs.sample_configuration(100))
    assert all(c["a"] <= c["b"] for c in configs)  # type: ignore[operator]
    for seed in range(30):
        sidecar.to_configuration(made.sample(seed)[0]).check_valid_configuration()
