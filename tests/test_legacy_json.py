# ruff: noqa: E501 (whole messages)
"""JSON and YAML documents of ConfigSpace, of every version."""

from __future__ import annotations

import copy
import json
import math
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
import strategies_configspace
import yaml
from hypothesis import HealthCheck, given, settings

import neps_cs as neps
from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import FormatError
from neps_cs.forbidden import GreaterEqual, LessEqual, Relation
from neps_cs.priors import Beta, Normal, Weights
from neps_cs_converters.legacy.configspace_json import read
from neps_cs_converters.legacy.reading import Read

OLD: dict[str, Any] = {"python_module_version": "0.4.21", "json_format_version": 0.2}
OLDEST: dict[str, Any] = {"python_module_version": "0.4.10", "json_format_version": 0.1}
NEW: dict[str, Any] = {"python_module_version": "1.2.0", "format_version": 0.4}


def row(name: str, kind: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **given}


def document(
    *rows: dict[str, Any], conditions: Any = (), forbiddens: Any = (), marks: dict[str, Any] = OLD
) -> dict[str, Any]:
    parts = {"hyperparameters": list(rows), "conditions": list(conditions), "forbiddens": list(forbiddens)}
    return {"name": "s", **parts, **marks}


def one(given: dict[str, Any], marks: dict[str, Any] = OLD) -> Any:
    return read(document(given, marks=marks), "f.json").space.attributes[given["name"]]


def refused(given: dict[str, Any]) -> str:
    with pytest.raises(FormatError) as e:
        read(given, "f.json")
    return str(e.value)


X = row("x", "uniform_float", lower=0.0, upper=1.0, default=0.5, log=False)
C = row("c", "categorical", choices=["a", "b"], default="a")
D = row("d", "categorical", choices=["p", "q"], default="p")
O = row("o", "ordinal", sequence=["lo", "mid", "hi"], default="mid")  # noqa: E741


def test_each_kind_of_an_old_document() -> None:
    kinds = [
        row("f", "uniform_float", lower=0.001, upper=1.0, default=0.25, log=True),
        row("i", "uniform_int", lower=1, upper=9, default=3, log=False),
        row("k", "constant", value=3),
        row("u", "unparametrized", value="abc"),
        C,
        O,
    ]
    space = read(document(*kinds), "f.json").space
    assert [repr(v) for v in space.attributes.values()] == [
        "Float(0.001, 1.0, log=True, default=0.25)",
        "Integer(1, 9, default=3)",
        "3",
        "'abc'",
        "Categorical(('a', 'b'))",
        "Ordinal(('lo', 'mid', 'hi'), default=1)",
    ]
    assert space.graph.name == "s"


def test_a_default_that_configspace_takes_anyway_is_left_out() -> None:
    assert one(X).default is None
    assert one(X | {"default": 0.25}).default == 0.25
    assert one(row("x", "uniform_int", lower=0, upper=10, default_value=0), NEW).default == 0


@pytest.mark.parametrize(
    ("version", "form"),
    [
        (OLDEST, "ConfigSpace JSON 0.4.10"),
        (OLD, "ConfigSpace JSON 0.4.21"),
        ({"python_module_version": "0.6.1", "json_format_version": 0.4}, "ConfigSpace JSON 0.6.1"),
        (NEW, "ConfigSpace JSON 1.2.0"),
        ({}, "ConfigSpace JSON without version"),
    ],
)
def test_the_form_names_the_version(version: dict[str, Any], form: str) -> None:
    assert read(document(X, marks=version), "f.json").form == form


@pytest.mark.parametrize(
    ("marks", "holds"),
    [
        (OLDEST, False),
        (OLD, False),
        ({"python_module_version": "0.6.1", "json_format_version": 0.4}, False),
        ({"python_module_version": "0.7.1"}, False),
        (NEW, True),
        ({"python_module_version": "1.0.0"}, True),
    ],
)
def test_not_equals_on_an_inactive_parent(marks: dict[str, Any], holds: bool) -> None:
    conditions = [
        {"child": "d", "parent": "c", "type": "EQ", "value": "a"},
        {"child": "x", "parent": "d", "type": "NEQ", "value": "p"},
    ]
    space = read(document(C, D, X, conditions=conditions, marks=marks), "f.json").space
    assert space.conditions["x"] == NotEquals("d", "p", holds)
    translation = neps.to_configspace(space)
    array = [dict(c) for c in translation.configspace.sample_configuration(50)]
    inactive = [c for c in array if c["c"] == "b"]
    assert inactive
    assert all(("x" in c) == holds for c in inactive)
    assert all(("x" in c) == (c["d"] == "q") for c in array if c["c"] == "a")


def test_a_document_without_version_is_known_by_its_keys_and_that_is_noted() -> None:
    conditions = [
        {"child": "d", "parent": "c", "type": "EQ", "value": "a"},
        {"child": "x", "parent": "d", "type": "NEQ", "value": "p"},
    ]
    old = read(document(C, D, X, conditions=conditions, marks={}), "f.json")
    assert old.space.conditions["x"] == NotEquals("d", "p", False)
    assert [n.taken for n in old.notes] == [
        "as ConfigSpace 0.7 and earlier did: its defaults are called default"
    ]
    renamed = [{"default_value" if k == "default" else k: v for k, v in r.items()} for r in (C, D, X)]
    new = read(document(*renamed, conditions=conditions, marks={}), "f.json")
    assert new.space.conditions["x"] == NotEquals("d", "p", True)
    assert len(new.notes) == 1


GOLDEN = json.loads((Path(__file__).parent / "golden" / "configspace_old.json").read_text(encoding="utf-8"))
"""Written, and sampled from, by ConfigSpace 0.6.1 and 0.7.1 themselves."""


@pytest.mark.parametrize("given", GOLDEN, ids=[g["written_by"] for g in GOLDEN])
def test_what_an_old_configspace_sampled_belongs_to_the_space_and_the_other_way_round(given: Any) -> None:
    space = read(given["document"], "f.json").space
    constants = {n for n, v in space.attributes.items() if isinstance(v, str)}
    translation = neps.to_configspace(space)

    def active(config: Any) -> tuple[Any, ...]:
        """What decides which parameters are active, and which these are."""
        names = frozenset(config) - constants
        return config["a"], config.get("b"), config["o"] != "lo", names

    for sample in (given["default"], *given["samples"]):
        config = {n: v for n, v in sample.items() if n not in constants}
        assert neps.resolve(space, config)
        translation.sidecar.to_configuration(config)
    genuine = {active(s)[:3]: active(s)[3] for s in given["samples"]}
    ours = {active(c)[:3]: active(c)[3] for c in map(dict, translation.configspace.sample_configuration(200))}
    assert len(genuine) > 5
    assert all(ours[key] == names for key, names in genuine.items() if key in ours)
    assert not translation.losses


def test_probabilities_become_weights_but_even_ones_none() -> None:
    assert one(C | {"probabilities": [0.25, 0.75]}).prior == Weights((0.25, 0.75))
    assert one(C | {"probabilities": [0.5, 0.5]}).prior is None
    assert one(C | {"probabilities": None}).prior is None
    assert one(C | {"weights": [1, 1]}).prior == Weights((1, 1))
    third = [1 / 3, 0.3333333333333333, 0.33333333333333337]
    assert one(row("t", "categorical", choices=["a", "b", "c"], probabilities=third)).prior is None


def test_the_default_beside_weights_stays() -> None:
    assert one(C | {"weights": [1, 2]}).default == 0
    assert one(C | {"weights": [1, 2], "default": "b"}).default is None


def test_q_becomes_a_step() -> None:
    assert one(X | {"q": 0.25}).step == 0.25
    assert one(row("i", "uniform_int", lower=1, upper=9, default=5, q=2)).step == 2
    assert one(row("i", "uniform_int", lower=1, upper=9, default=5, q=None)).step is None


def test_a_step_that_does_not_fit_is_noted() -> None:
    found = read(document(X | {"q": 0.3, "default": 0.5}), "f.json")
    assert found.space.attributes["x"].default == 0.6
    assert [n.taken for n in found.notes] == ["a grid that ends at 0.9", "default 0.6"]
    small = read(document(row("i", "uniform_int", lower=1, upper=9, default=5, q=0.5)), "f.json")
    assert small.space.attributes["i"].step is None
    assert len(small.notes) == 1


def test_mu_and_sigma_of_an_old_log_normal_are_those_of_the_logarithms() -> None:
    given = row(
        "n", "normal_float", mu=-3.0, sigma=0.5, log=True, lower=1e-3, upper=1.0, default=math.exp(-3)
    )
    found = read(document(given), "f.json")
    number = found.space.attributes["n"]
    assert number.prior == Normal(math.exp(-3), 0.5)
    assert (number.lower, number.upper) == (1e-3, 1.0)
    quantile = number.distribution().ppf
    assert math.isclose(quantile(0.5), math.exp(-3), rel_tol=1e-6)
    assert math.isclose(quantile(0.8413447), math.exp(-2.5), rel_tol=1e-4)
    assert found.notes[0].taken.startswith("mean and deviation of logarithms")


def test_mu_of_a_new_log_normal_is_a_value() -> None:
    given = row("n", "normal_float", mu=0.1, sigma=0.5, log=True, lower=1e-3, upper=1.0, default_value=0.1)
    space = read(document(given, marks=NEW), "f.json").space
    assert space.attributes["n"].prior == Normal(0.1, abs(math.log(1e-3 + 0.5)))
    assert same_as_configspace(document(given, marks=NEW))


@pytest.mark.parametrize("nulls", [{}, {"lower": None, "upper": None}])
def test_a_normal_without_bounds_gets_some_and_a_note(nulls: dict[str, Any]) -> None:
    found = read(
        document(row("n", "normal_float", mu=1.0, sigma=2.0, log=False, default=1.0, **nulls)), "f.json"
    )
    number = found.space.attributes["n"]
    assert (number.lower, number.upper, number.prior) == (-9, 11, Normal(1, 2))
    assert number.default is None
    assert str(found.notes[0].found) == "n: a normal without bounds"


def test_bounds_of_ours_hold_the_default_and_what_is_compared_with() -> None:
    condition = {"child": "x", "parent": "n", "type": "GT", "value": 500.0}
    given = row("n", "normal_float", mu=0.0, sigma=1.0, log=False, default=40.0)
    space = read(document(given, X, conditions=[condition]), "f.json").space
    assert (space.attributes["n"].upper, space.attributes["n"].default) == (40, 40)
    assert space.conditions["x"] == Greater("n", 500.0)


def test_a_log_normal_whose_default_is_its_mu_has_none() -> None:
    found = read(document(row("n", "normal_float", mu=-3.0, sigma=0.5, log=True, default=-3.0)), "f.json")
    number = found.space.attributes["n"]
    assert number.default is None
    assert math.isclose(number.lower, math.exp(-5.5))
    assert math.isclose(number.upper, math.exp(-0.5))


def test_normal_integers_get_whole_bounds() -> None:
    assert repr(one(row("n", "normal_int", mu=5, sigma=2.5, log=False, default=5))).startswith(
        "Integer(-8, 18,"
    )
    logs = one(row("n", "normal_int", mu=1.0, sigma=1.0, log=True, default=3))
    assert (logs.lower, logs.upper) == (1, 404)


def test_beta() -> None:
    given = row("b", "beta_float", alpha=2, beta=3, lower=0, upper=1, log=False, default=0.25, q=None)
    assert one(given).prior == Beta(2, 3)
    assert "lower must be a number" in refused(document({k: v for k, v in given.items() if k != "lower"}))


def test_a_range_of_one_point_is_a_constant() -> None:
    found = read(document(X | {"upper": 0.0, "default": 0.0}, C), "f.json")
    assert found.space.attributes["x"] == 0.0
    assert found.notes[0].taken == "a constant"


def test_bounds_stay_exact() -> None:
    tiny = one(X | {"lower": 1e-14, "log": True})
    assert tiny.lower == 1e-14
    assert one(X | {"lower": 1.23456789012345e-08, "log": True}).lower == 1.23456789012345e-08


def test_a_default_that_is_a_rounding_beyond_a_bound_is_at_it() -> None:
    given = X | {"upper": 0.3, "default": 0.30000000000000004}
    assert one(given).default == 0.3
    assert one(given | {"lower": 0.1, "log": True, "default": 0.09999999999999999}).default == 0.1


def test_bounds_that_configspace_hardly_rounds_leave_no_mark() -> None:
    fine = X | {"lower": 0.015686262180199407, "upper": 0.07322619478695937, "default": 0.05}
    space = read(document(fine), "f.json").space
    assert space.attributes["x"].lower == 0.015686262180199407
    translation = neps.to_configspace(space)
    assert not translation.beside
    assert translation.configspace["x"].meta is None
    coarse = read(document(fine | {"lower": 1.23456789012345e-08, "log": True}), "f.json").space
    assert [r.address for r in neps.to_configspace(coarse).beside] == ["x"]
    assert not same_as_configspace(document(fine | {"lower": 1.23456789012345e-08, "log": True}))


def test_conditions_of_every_kind() -> None:
    def to(child: str, parent: str, kind: str, **given: Any) -> dict[str, Any]:
        return {"child": child, "parent": parent, "type": kind, **given}

    rows = [C, D, O, X, *(row(n, "uniform_int", lower=0, upper=9, default=4) for n in "ghijk")]
    conditions = [
        to("g", "c", "IN", values=["a", "b"]),
        to("h", "o", "GT", value="lo"),
        to("i", "x", "LT", value=0.5),
        {"child": "j", "type": "AND", "conditions": [to("j", "c", "EQ", value="a"), to("j", "d", "NEQ", value="p")]},
        {"child": "k", "type": "OR", "conditions": [
            {"child": "k", "type": "AND", "conditions": [to("k", "c", "EQ", value="a"), to("k", "x", "GT", value=0.1)]},
            to("k", "d", "EQ", value="q"),
        ]},
    ]  # fmt: skip
    space = read(document(*rows, conditions=conditions), "f.json").space
    assert space.conditions == {
        "g": In("c", ("a", "b")),
        "h": Greater("o", "lo"),
        "i": Less("x", 0.5),
        "j": And((Equals("c", "a"), NotEquals("d", "p"))),
        "k": Or((And((Equals("c", "a"), Greater("x", 0.1))), Equals("d", "q"))),
    }


def test_clauses_of_every_kind() -> None:
    y = X | {"name": "y"}
    words = {"LESS": "<", "EQUALS": "==", "GREATER": ">", "LT": "<", "EQ": "==", "GT": ">"}
    types = {"LT": "<", "LE": "<=", "EQ": "==", "GE": ">=", "GT": ">"}
    forbiddens = [
        {"type": "EQUALS", "name": "c", "value": "a"},
        {"type": "IN", "name": "o", "values": ["lo", "hi"]},
        {"type": "AND", "clauses": [
            {"type": "EQUALS", "name": "x", "value": 1}, {"type": "CLAUSE_GE", "name": "y", "value": 0.5},
        ]},
        {"type": "OR", "clauses": [
            {"type": "CLAUSE_LT", "name": "x", "value": 0.1}, {"type": "CLAUSE_GT", "name": "x", "value": 0.9},
        ]},
        {"type": "CLAUSE_LE", "name": "o", "value": "lo"},
        *({"type": "RELATION", "lambda": w, "left": "x", "right": "y"} for w in words),
        *({"type": f"RELATION_{t}", "left": "x", "right": "y"} for t in types),
    ]  # fmt: skip
    space = read(document(C, O, X, y, forbiddens=forbiddens), "f.json").space
    assert space.forbidden[:5] == (
        Equals("c", "a"),
        In("o", ("lo", "hi")),
        And((Equals("x", 1), GreaterEqual("y", 0.5))),
        Or((Less("x", 0.1), Greater("x", 0.9))),
        LessEqual("o", "lo"),
    )
    operators = [*words.values(), *types.values()]
    assert space.forbidden[5:] == tuple(Relation("x", o, "y") for o in operators)


def test_choices_of_every_type() -> None:
    given = row("m", "categorical", choices=[True, 1, 1.0, None, "1", [1, 2]], default_value=[1, 2])
    other = row("n", "categorical", choices=[1, 2], default_value=1.0)
    space = read(document(given, other, marks=NEW), "f.json").space
    assert space.attributes["m"].default == 5
    assert space.attributes["n"].default is None
    like = [row("m", "categorical", choices=[True, 1, 1.0], default_value=v) for v in (True, 1, 1.0)]
    assert [one(r, NEW).default for r in like] == [None, 1, 2]
    null = row("l", "categorical", choices=[True, None], default_value=None)
    assert one(null, NEW).default == 1
    condition = {"child": "n", "parent": "m", "type": "EQ", "value": [1, 2]}
    again = read(document(given, other, conditions=[condition], marks=NEW), "f.json").space
    seen = {repr(again.sample(seed=s)[1].get("m")): "n" in again.sample(seed=s)[1] for s in range(40)}
    assert seen["[1, 2]"]
    assert not any(active for value, active in seen.items() if value != "[1, 2]")


def test_meta_is_kept() -> None:
    given = X | {"meta": {"a": 1}}
    space = read(document(given, row("k", "constant", value=1, meta={"b": 2}), marks=NEW), "f.json").space
    assert space.attributes["x"].meta == {"a": 1}
    assert dict(neps.to_configspace(space).configspace["k"].meta or {}) == {"b": 2}


def test_what_is_not_read_is_noted() -> None:
    found = read(document(X | {"comment": "?"}) | {"author": "me"}, "f.json", None)
    assert [n.found for n in found.notes] == ["x: the key 'comment'", "the key 'author'"]
    text = read(document(X | {"lower": "1e-3"}), "f.json")
    assert text.space.attributes["x"].lower == 0.001
    assert text.notes[0].taken == "the number 0.001"


def test_nothing_in_the_document_is_changed() -> None:
    given = document(C, X, conditions=[{"child": "x", "parent": "c", "type": "EQ", "value": "a"}])
    before = copy.deepcopy(given)
    read(given, "f.json")
    assert given == before


def same_as_configspace(given: dict[str, Any]) -> bool:
    ours = neps.to_configspace(read(given, "f.json").space).configspace
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CS.ConfigurationSpace.from_serialized_dict(copy.deepcopy(given))
    return bool(ours == theirs)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies_configspace.configspaces())
def test_law_what_configspace_writes_is_read_as_configspace_does(cs: CS.ConfigurationSpace) -> None:
    try:
        text = json.dumps(cs.to_serialized_dict())
    except TypeError:  # choices that are functions
        return
    given = json.loads(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = CS.ConfigurationSpace.from_serialized_dict(json.loads(text))
        except ValueError:  # its own file, with lists among the choices: that we read it is enough
            read(given, "f.json", text)
            return
    assert neps.to_configspace(read(given, "f.json", text).space).configspace == theirs


def test_yaml_of_configspace(tmp_path: Path) -> None:
    cs = CS.ConfigurationSpace(space={"x": (1e-5, 0.1), "c": ["a", "b"], "n": (1, 10)}, name="y")
    cs.add(CS.EqualsCondition(cs["x"], cs["c"], "a"))
    cs.to_yaml(tmp_path / "s.yaml")
    text = (tmp_path / "s.yaml").read_text()
    found = read(yaml.safe_load(text), "s.yaml", text)
    assert neps.to_configspace(found.space).configspace == CS.ConfigurationSpace.from_yaml(
        tmp_path / "s.yaml"
    )


def places(given: dict[str, Any], text: str) -> list[str]:
    with pytest.raises(FormatError) as e:
        read(given, "f", text)
    return [p.place for p in e.value.problems]


def test_problems_have_line_and_column_in_json_and_yaml() -> None:
    wrong = document(C, X | {"default": "?"}, C, D | {"choices": []})
    text = json.dumps(wrong, indent=1)
    assert places(wrong, text) == [
        "f, line 18, column 15: hyperparameters[1].default",
        "f, line 22, column 12: hyperparameters[2].name",
        "f, line 33, column 15: hyperparameters[3].choices",
    ]
    lines = text.splitlines()
    assert (lines[17], lines[21], lines[32]) == ('   "default": "?",', '   "name": "c",', '   "choices": [],')
    as_yaml = yaml.safe_dump(json.loads(text), sort_keys=False)
    line = as_yaml.splitlines().index("  default: '?'") + 1
    assert places(wrong, as_yaml)[0] == f"f, line {line}, column 12: hyperparameters[1].default"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "hyperparameters must be a list, got None @ f.json: hyperparameters"),
        (document(), "the file must define a parameter, got none @ f.json"),
        (document(7), "a hyperparameter must be an object, got 7 @ f.json: hyperparameters[0]"),  # type: ignore[arg-type]
        (
            document(X | {"type": "gamma"}),
            "the type of a hyperparameter must be one of uniform_float, uniform_int, normal_float, "
            "normal_int, beta_float, beta_int, categorical, ordinal, constant, unparametrized, "
            "got type='gamma' of 'x' @ f.json: hyperparameters[0].type",
        ),
        (
            document(X | {"lower": True}),
            "lower must be a finite number, got lower=True of 'x' @ f.json: hyperparameters[0].lower",
        ),
        (
            document(X | {"lower": float("nan")}),
            "lower must be a finite number, got lower=nan of 'x' @ f.json: hyperparameters[0].lower",
        ),
        (
            document(X | {"lower": 2.0}),
            "lower < upper must hold, got lower=2.0, upper=1.0 @ f.json: hyperparameters[0].name",
        ),
        (
            document(X | {"default": 2.0}),
            "lower <= default <= upper must hold, got default=2.0, lower=0.0, upper=1.0 @ "
            "f.json: hyperparameters[0].name",
        ),
        (
            document(C | {"default": "z"}),
            "the default must be one of 'a', 'b', got default='z' of 'c' @ f.json: hyperparameters[0].default",
        ),
        (
            document(row("i", "uniform_int", lower=0.5, upper=3, default=1)),
            "lower must be a whole number, got lower=0.5 of 'i' @ f.json: hyperparameters[0].lower",
        ),
        (
            document(X, marks={"json_format_version": 9}),
            "json_format_version must be one of 0.1, 0.2, 0.3, 0.4, got json_format_version=9 @ "
            "f.json: json_format_version",
        ),
        (
            document(X, marks={"python_module_version": 3}),
            "python_module_version must be a version: a text such as '1.2.1', got "
            "python_module_version=3 @ f.json: python_module_version",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "cc", "type": "EQ", "value": "a"}]),
            "the parent of a condition must be a parameter of the file, got 'cc'; did you mean c? @ "
            "f.json: conditions[0].parent",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "c", "type": "EQ", "value": "z"}]),
            "a comparison must be with a value that the parameter can have, got 'z' for 'c' @ "
            "f.json: conditions[0].value",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "c", "type": "GT", "value": "a"}]),
            "only numbers and ordinals are less or greater than a value, got 'c' @ f.json: conditions[0]",
        ),
        (
            document(C, X, forbiddens=[{"type": "RELATION", "left": "x", "right": "c", "lambda": "<"}]),
            "the lambda of a relation must be one of LESS, EQUALS, GREATER, LT, EQ, GT, got '<' @ "
            "f.json: forbiddens[0].lambda",
        ),
        (
            document(C, D, conditions=[
                {"child": "c", "parent": "d", "type": "EQ", "value": "p"},
                {"child": "d", "parent": "c", "type": "EQ", "value": "a"},
            ]),
            "conditions must not form a circle, got c → d → c @ f.json: conditions[0]",
        ),
    ],
)  # fmt: skip
def test_messages(given: dict[str, Any], message: str) -> None:
    assert refused(given) == message


def test_all_problems_are_told_at_once() -> None:
    wrong = document(
        X | {"lower": None}, C | {"choices": 3}, O, conditions=[{"type": "?"}], forbiddens=[{"type": 1}]
    )
    assert len(refused(wrong).splitlines()) == 4


def test_guesses_are_made_for_the_first_problems_only() -> None:
    conditions = [{"child": "x", "parent": "xx", "type": "EQ", "value": 1} for _ in range(50)]
    assert refused(document(X, C, conditions=conditions)).count("did you mean x?") == 20


def test_deep_nesting_is_refused() -> None:
    deep: dict[str, Any] = {"child": "x", "parent": "c", "type": "EQ", "value": "a"}
    for _ in range(150):
        deep = {"child": "x", "type": "AND", "conditions": [deep]}
    assert "must nest at most 100 levels deep" in refused(document(C, X, conditions=[deep]))


def test_large_documents_take_bounded_time() -> None:
    start = time.perf_counter()
    many = [row(f"p{i}", "uniform_float", lower=0, upper=1, default=0.5) for i in range(10_001)]
    assert "len(hyperparameters) <= 10000 must hold, got 10,001" in refused(document(*many))
    chain = [{"child": f"p{i + 1}", "parent": f"p{i}", "type": "GT", "value": 0.5} for i in range(999)]
    assert len(read(document(*many[:1000], conditions=chain), "f.json").space.conditions) == 999
    values = list(range(1000))
    big = row("a", "categorical", choices=values, default=3)
    limits = [{"child": f"p{i}", "parent": "a", "type": "IN", "values": values} for i in range(50)]
    read(document(big, *many[:50], conditions=limits), "f.json")
    assert time.perf_counter() - start < 20


def test_aliases_that_stand_for_more_than_there_can_be() -> None:
    lines = ["hyperparameters:", "- name: k", "  type: constant", "  value:", "  - &x0 [1, 2]"]
    lines += [f"  - &x{i + 1} [{', '.join([f'*x{i}'] * 9)}]" for i in range(40)]
    rule = "a document must have at most 2,000,000 values, and 400 levels, got more @ f.json"
    start = time.perf_counter()
    assert refused(yaml.safe_load("\n".join(lines))) == rule
    circle: dict[str, Any] = {"type": "AND"}
    circle["conditions"] = [circle, circle]
    assert refused(document(X, conditions=[circle])) == rule
    assert time.perf_counter() - start < 10


JUNK = [None, True, 0, -1, 1.5, float("inf"), "", "x", [], {}, [1], 10**400, "1e5", "AND", [[1]], "\ud800"]


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from paths(value, (*path, key))


def test_a_document_that_is_wrong_anywhere_gives_a_space_or_a_format_error() -> None:
    conditions = [
        {"child": "d", "parent": "c", "type": "IN", "values": ["a"]},
        {
            "child": "x",
            "type": "OR",
            "conditions": [{"child": "x", "parent": "d", "type": "NEQ", "value": "p"}],
        },
    ]
    forbiddens = [
        {"type": "AND", "clauses": [{"type": "EQUALS", "name": "c", "value": "a"}]},
        {"type": "RELATION", "lambda": "LESS", "left": "x", "right": "n"},
    ]
    normal = row("n", "normal_int", mu=1.0, sigma=1.0, log=True, default=3, q=None)
    whole = document(C | {"weights": [1, 2]}, D, O, X, normal, conditions=conditions, forbiddens=forbiddens)
    outcomes = {"read": 0, "refused": 0}
    for path in paths(whole):
        for junk in JUNK if path else ():
            wrong = copy.deepcopy(whole)
            at: Any = wrong
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = junk
            try:
                assert isinstance(read(wrong, "f.json"), Read)
                outcomes["read"] += 1
            except FormatError as e:
                outcomes["refused"] += all(p.place.startswith("f.json") for p in e.problems)
    assert outcomes["read"] > 50
    assert sum(outcomes.values()) == (len(list(paths(whole))) - 1) * len(JUNK)
