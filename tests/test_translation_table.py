"""Every row of the tables in docs/translation.md, by the text of its first cell."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from strategies import gather

import neps_cs as neps

DOCS = Path(__file__).parents[1] / "docs" / "translation.md"


def flat(**attributes: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(attributes)


def made(space: neps.PipelineSpace, **options: Any) -> CS.ConfigurationSpace:
    translation = neps.to_configspace(space, **options)
    assert neps.from_configspace(*translation) == space
    return translation.configspace  # type: ignore[no-any-return]


def one(parameter: Any, **options: Any) -> Any:
    """The hyperparameter of a parameter alone."""
    return made(flat(x=parameter), **options)["x"]


def unit(parameter: Any) -> None:
    """It stands on [0, 1]."""
    hp = one(parameter)
    assert isinstance(hp, CS.UniformFloatHyperparameter)
    assert (hp.lower, hp.upper, hp.log) == (0.0, 1.0, False)


def float_row() -> None:
    hp = one(neps.Float(0.5, 2, log=True))
    assert hp == CS.UniformFloatHyperparameter("x", 0.5, 2, log=True)


def integer_row() -> None:
    assert one(neps.Integer(1, 9)) == CS.UniformIntegerHyperparameter("x", 1, 9)


def point_row() -> None:
    for level, share in (("low", 0.4), ("medium", 0.2), ("high", 2 / 15)):
        hp = one(neps.Float(0, 10, prior=3, prior_confidence=level))
        assert hp == CS.NormalFloatHyperparameter("x", mu=3, sigma=share * 10, lower=0, upper=10)
        assert hp.default_value == 3
    assert isinstance(one(neps.Integer(1, 9, prior=3)), CS.NormalIntegerHyperparameter)


def normal_row() -> None:
    hp = one(neps.Float(0, 10, prior=neps.Normal(3, 0.5)))
    assert hp == CS.NormalFloatHyperparameter("x", mu=3, sigma=0.5, lower=0, upper=10)
    log = one(neps.Float(2, 50, log=True, prior=neps.Normal(10, 0.5)))
    assert log.sigma == pytest.approx(math.exp(0.5) - 2)


def beta_row() -> None:
    assert one(neps.Float(0, 1, prior=neps.Beta(2, 3))) == CS.BetaFloatHyperparameter("x", 2, 3, 0, 1)
    assert one(neps.Integer(0, 9, prior=neps.Beta(2, 3))) == CS.BetaIntegerHyperparameter("x", 2, 3, 0, 9)


def weights_of(parameter: Any) -> Any:
    return one(parameter).weights


def prior_row() -> None:
    for level, p in (("low", 0.25), ("medium", 0.5), ("high", 0.75)):
        rest = (1 - p) / 2
        choice = neps.Categorical(("a", "b"), prior=1, prior_confidence=level)
        assert weights_of(choice) == pytest.approx((rest, p + rest))
        assert one(choice).default_value == "b"


def weights_row() -> None:
    assert weights_of(neps.Categorical(("a", "b"), prior=neps.Weights((3, 1)))) == (3, 1)


def ordinal_row() -> None:
    assert one(neps.Ordinal(("s", "m"))) == CS.OrdinalHyperparameter("x", ["s", "m"])


def constants_row() -> None:
    assert one(3) == CS.Constant("x", 3)
    assert one(None) == CS.Constant("x", "None")


def step_row() -> None:
    index = one(neps.Float(0, 1, step=0.25))
    assert (type(index), index.lower, index.upper) == (CS.UniformIntegerHyperparameter, 0, 4)


def large_row() -> None:
    index = one(neps.Integer(2**60, 2**60 + 9))
    assert (type(index), index.lower, index.upper) == (CS.UniformIntegerHyperparameter, 0, 9)


def decimals_row() -> None:
    unit(neps.Float(1e-20, 1e-15, log=True))
    unit(neps.Float(0, 1e-14))


def odd_steps_row() -> None:
    unit(neps.Integer(1, 64, log=True, step=3))
    unit(neps.Float(0, 1, step=0.5, prior=1.0))
    unit(neps.Float(0, 1, prior=neps.Beta(0.5, 2)))


def branch_row() -> None:
    cs = made(flat(x=neps.Categorical(("skip", neps.Operation("conv", (neps.Integer(1, 7),))))))
    assert [str(c) for c in cs.conditions] == ["x:conv:0 | x == 'conv'"]


def shared_row() -> None:
    shared = neps.Float(0, 1)
    branches = [neps.Operation(name, (shared,)) for name in ("f", "g")]
    cs = made(flat(_s=shared, x=neps.Categorical((branches[0], 1)), y=neps.Categorical((branches[1], 1))))
    assert [str(c) for c in cs.conditions] == ["(_s | x == 'f' || _s | y == 'g')"]


def repeated_row() -> None:
    cs = made(flat(x=neps.Repeated(neps.Integer(1, 2), neps.Float(0, 1).resample())))
    assert sorted(cs) == ["x:0", "x:1", "x:count"]
    assert [str(c) for c in cs.conditions] == ["x:1 | x:count > 1"]


def recursion_row() -> None:
    tree = neps.Categorical(("leaf", neps.Operation("node", (neps.ByName("tree").resample(),)).resample()))
    assert sorted(made(flat(tree=tree), max_depth=2)) == ["tree", "tree:node:0"]


def star_row() -> None:
    attributes = {f"c{i}": neps.Categorical((1, 2)) for i in range(20)}
    conditions = {f"c{i + 1}": neps.Equals(f"c{i}", 1) for i in range(19)}
    cs = made(neps.PipelineSpace.from_attributes(attributes, conditions=conditions))
    assert cs.conditional_hyperparameters == ["c19"]
    literals = [CS.EqualsCondition(cs["c19"], cs[f"c{i}"], 1) for i in reversed(range(19))]
    assert cs.conditions == [CS.AndConjunction(*literals)]


def fidelity_row() -> None:
    space = flat(epochs=neps.IntegerFidelity(1, 27), x=neps.Float(0, 1))
    translation = neps.to_configspace(space)
    assert (set(translation.configspace), translation.sidecar.budget) == ({"x"}, ("epochs", 1, 27))
    assert set(made(space, fidelity="hyperparameter")) == {"epochs", "x"}


def conditions_row() -> None:
    space = flat(a=neps.Integer(1, 3), b=neps.Float(0, 1)).add_condition("b", neps.Greater("a", 1))
    assert [str(c) for c in made(space).conditions] == ["b | a > 1"]


def forbidden_row() -> None:
    space = flat(a=neps.Integer(1, 9), b=neps.Integer(1, 9)).add_forbidden(neps.Relation("a", ">=", "b"))
    cs = made(space)
    assert [str(c) for c in cs.forbidden_clauses] == ["Forbidden: a >= b"]
    default = cs.get_default_configuration()
    assert default["a"] < default["b"]


def forbidden_pairs_row() -> None:
    space = flat(a=neps.Ordinal((1, True, 3)), b=neps.Integer(1, 3, default=3))
    cs = made(space.add_forbidden(neps.Relation("a", ">", "b")))
    (clause,) = cs.forbidden_clauses
    assert str(clause) == (
        "((Forbidden: a == '1' && Forbidden: b < 1) || (Forbidden: a == 'True' && Forbidden: b < 1)"
        " || (Forbidden: a == '3' && Forbidden: b < 3))"
    )


def sidecar_row() -> None:
    space = flat(f=gather, m=math, x=neps.Operation(gather, (neps.Float(0, 1),)))
    assert set(made(space)) == {"x:0"}


def native_row() -> None:
    assert isinstance(one(neps.Float(0, 1, prior=0.5), priors="native"), CS.NormalFloatHyperparameter)


def warped_row() -> None:
    for parameter in (neps.Float(5, 9, prior=6), neps.Categorical(("a", "b"), prior=0)):
        hp = one(parameter, priors="warped")
        assert isinstance(hp, CS.UniformFloatHyperparameter)
        assert (hp.lower, hp.upper) == (0.0, 1.0)


def drop_row() -> None:
    translation = neps.to_configspace(flat(x=neps.Float(5, 9, prior=6)), priors="drop")
    assert translation.configspace["x"] == CS.UniformFloatHyperparameter("x", 5, 9)
    assert [loss.address for loss in translation.losses] == ["x"]


def read(hyperparameter: Any) -> Any:
    """The attribute of a hyperparameter, which comes back equal."""
    cs = CS.ConfigurationSpace()
    cs.add(hyperparameter)
    space = neps.from_configspace(cs)
    assert neps.to_configspace(space).configspace == cs
    return space.attributes["x"]


def read_uniform_row() -> None:
    assert repr(read(CS.UniformFloatHyperparameter("x", 1, 2, log=True))) == "Float(1.0, 2.0, log=True)"
    assert repr(read(CS.UniformIntegerHyperparameter("x", 1, 2))) == "Integer(1, 2)"


def read_normal_row() -> None:
    assert read(CS.NormalFloatHyperparameter("x", 3, 0.7, 0, 9)).prior == neps.Normal(3, 0.7)
    log = read(CS.NormalIntegerHyperparameter("x", 3, 0.7, 2, 9, log=True)).prior
    assert log == neps.Normal(3, math.log(2.7))


def read_beta_row() -> None:
    assert read(CS.BetaIntegerHyperparameter("x", 2, 3, 0, 9)).prior == neps.Beta(2, 3)


def read_categorical_row() -> None:
    assert read(CS.CategoricalHyperparameter("x", ["a", "b"], weights=[3, 1])).prior == neps.Weights((3, 1))


def read_values_row() -> None:
    check_values({"(1, 2)": (1, 2), "len": len, "a": "a"})
    check_values({"2020-01-01": np.datetime64("2020-01-01"), "ConfidenceLevel": neps.ConfidenceLevel.LOW})


def check_values(values: dict[str, Any]) -> None:
    """By the labels that a config has for them."""
    space = flat(x=read(CS.CategoricalHyperparameter("x", list(values.values()))))
    found = {space.sample(seed)[0]["x"]: space.sample(seed)[1]["x"] for seed in range(30)}
    assert found == values


def read_ordinal_row() -> None:
    assert repr(read(CS.OrdinalHyperparameter("x", [1, 5]))) == "Ordinal((1, 5))"


def read_constant_row() -> None:
    assert read(CS.UnParametrizedHyperparameter("x", "v")) == "v"


def read_default_row() -> None:
    assert read(CS.UniformFloatHyperparameter("x", 0, 1, default_value=0.25)).default == 0.25


def read_meta_row() -> None:
    assert read(CS.UniformFloatHyperparameter("x", 0, 1, meta={"unit": "s"})).meta == {"unit": "s"}
    cs = CS.ConfigurationSpace(meta={"a": 1})
    cs.add(CS.Constant("x", 1, meta={"b": 2}))
    back = neps.to_configspace(neps.from_configspace(cs)).configspace
    assert (back.meta, back["x"].meta) == ({"a": 1}, {"b": 2})


def read_conditions_row() -> None:
    cs = CS.ConfigurationSpace()
    a, b, c = (CS.CategoricalHyperparameter(n, ["x", "y"]) for n in "abc")
    cs.add([a, b, c, CS.EqualsCondition(b, a, "x"), CS.NotEqualsCondition(c, b, "x")])
    space = neps.from_configspace(cs)
    assert space.conditions == {"b": neps.Equals("a", "x"), "c": neps.NotEquals("b", "x", or_inactive=True)}
    active = {"".join(sorted(space.sample(seed)[0])) for seed in range(30)}
    assert active == {"ab", "abc", "ac"}


def read_forbidden_row() -> None:
    cs = CS.ConfigurationSpace()
    a, b = CS.UniformIntegerHyperparameter("a", 1, 9, 2), CS.UniformIntegerHyperparameter("b", 1, 9, 5)
    less, equal = CS.ForbiddenLessThanRelation(b, a), CS.ForbiddenEqualsClause(a, 1)
    cs.add([a, b, CS.ForbiddenAndConjunction(less, equal)])
    space = neps.from_configspace(cs)
    assert space.forbidden == (neps.And((neps.Relation("b", "<", "a"), neps.Equals("a", 1))),)
    assert neps.to_configspace(space).configspace == cs


Check = Callable[[], object]
ROWS: dict[str, Check] = {
    "Float": float_row,
    "Integer": integer_row,
    "point prior": point_row,
    "prior=Normal": normal_row,
    "prior=Beta, alpha and beta >= 1": beta_row,
    "Categorical": lambda: check(one(neps.Categorical(("a", 1, None))).choices == ("a", 1, None)),
    "choices with a prior": prior_row,
    "prior=Weights": weights_row,
    "1 beside True or 1.0, NaN, text that ends in NUL": lambda: check(
        one(neps.Categorical((1, True, 1.0))).choices == ("1", "True", "1.0")
    ),
    "tuples, callables, objects, structure as choices": lambda: check(
        one(neps.Categorical(((1, 2), gather, neps.Operation("f")))).choices == ("(1, 2)", "gather", "f")
    ),
    "Ordinal": ordinal_row,
    "a plain constant that evaluate_pipeline receives": constants_row,
    "a range of one point": lambda: check(one(neps.Float(2, 2)) == CS.Constant("x", 2.0)),
    "step, linear and without prior": step_row,
    "integers beyond 2**53, at most 2**53 of them": large_row,
    "a bound that is a parameter": lambda: unit(neps.Integer(neps.Integer(1, 3), 9)),
    "a number that ConfigSpace's 13 decimals can't hold": decimals_row,
    "a step on a log scale or with a prior; Beta below 1": odd_steps_row,
    "what lies below a branch": branch_row,
    "a shared node": shared_row,
    "Repeated": repeated_row,
    "recursion": recursion_row,
    "conditions too deep for ConfigSpace": star_row,
    "fidelity": fidelity_row,
    "conditions of a space": conditions_row,
    "forbidden clauses": forbidden_row,
    "a forbidden relation of values that ConfigSpace mixes up": forbidden_pairs_row,
    "operators, modules, other objects": sidecar_row,
    '"native"': native_row,
    '"warped"': warped_row,
    '"drop"': drop_row,
    "UniformFloat, UniformInteger": read_uniform_row,
    "NormalFloat, NormalInteger": read_normal_row,
    "BetaFloat, BetaInteger": read_beta_row,
    "Categorical, with weights": read_categorical_row,
    "values that are tuples, lists, dicts, functions, enums or dates of numpy's": read_values_row,
    "OrdinalHyperparameter": read_ordinal_row,
    "Constant, the old UnParametrized": read_constant_row,
    "a default that is not ConfigSpace's own choice": read_default_row,
    "meta": read_meta_row,
    "conditions": read_conditions_row,
    "forbidden clauses, relations, conjunctions": read_forbidden_row,
    "a class of another library": lambda: None,  # test_registered.py
}  # fmt: skip


def check(holds: object) -> None:
    assert holds


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    ROWS[row]()


def test_the_tables_hold_these_rows() -> None:
    cells = re.findall(r"^\| (.+?) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    headings = {"space", "priors", "hyperparameter"}
    assert [c for c in cells if c not in headings] == list(ROWS)
