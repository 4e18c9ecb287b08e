"""JSON and YAML documents of ConfigSpace, of every version."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
import strategies_configspace
import yaml
from hypothesis import HealthCheck, given, settings
from legacy_documents import NEW, OLD, OLDEST, C, D, O, X, document, one, row, same_as_configspace

import neps_cs as neps
from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import GreaterEqual, LessEqual, Relation
from neps_cs.priors import Weights
from neps_cs_converters.legacy.configspace_json import read


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


def test_conditions_of_every_kind() -> None:
    def to(child: str, parent: str, kind: str, **given: Any) -> dict[str, Any]:
        return {"child": child, "parent": parent, "type": kind, **given}

    def both(child: str, *parts: dict[str, Any]) -> dict[str, Any]:
        return {"child": child, "type": "AND", "conditions": list(parts)}

    rows = [C, D, O, X, *(row(n, "uniform_int", lower=0, upper=9, default=4) for n in "ghijk")]
    conditions = [
        to("g", "c", "IN", values=["a", "b"]),
        to("h", "o", "GT", value="lo"),
        to("i", "x", "LT", value=0.5),
        both("j", to("j", "c", "EQ", value="a"), to("j", "d", "NEQ", value="p")),
        {"child": "k", "type": "OR", "conditions": [
            both("k", to("k", "c", "EQ", value="a"), to("k", "x", "GT", value=0.1)),
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
            {"type": "CLAUSE_LT", "name": "x", "value": 0.1},
            {"type": "CLAUSE_GT", "name": "x", "value": 0.9},
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


def test_a_condition_that_stands_twice_is_one_as_for_configspace() -> None:
    twice = [{"child": "x", "parent": "c", "type": "EQ", "value": "a"} for _ in range(2)]
    given = document(C, X, conditions=twice, marks=NEW)
    assert read(given, "f.json").space.conditions == {"x": Equals("c", "a")}
    assert same_as_configspace(given)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            '{"json_format_version": 0.2, "hyperparameters": [\n{"name": "x", "type": "uniform_float", '
            '"lower": 0, "upper": 1,\n "lower": 0.5, "default": 0.7}]}',
            "f, line 3, column 11",
        ),
        (
            "hyperparameters:\n- name: x\n  type: uniform_float\n  lower: 0\n  upper: 1\n  lower: 0.5\n",
            "f, line 6, column 10",
        ),
    ],
    ids=["json", "yaml"],
)
def test_of_a_key_that_stands_twice_the_last_is_taken_and_noted(text: str, place: str) -> None:
    found = read(yaml.safe_load(text), "f", text)
    assert found.space.attributes["x"].lower == 0.5
    assert [(n.place, n.found) for n in found.notes] == [
        (place, "the key hyperparameters[0].lower once more")
    ]


def test_what_lies_below_a_parameter_that_is_never_active_is_left_out_of_the_translation() -> None:
    def when(child: str, parent: str, kind: str, value: Any) -> dict[str, Any]:
        return {"child": child, "parent": parent, "type": kind, "value": value}

    never = [when("d", "i", "NEQ", 1), when("d", "i", "LT", 1)]
    conditions = [
        when("i", "c", "EQ", "a"),
        {"child": "d", "type": "AND", "conditions": never},
        when("x", "d", "EQ", "p"),
    ]
    whole = row("i", "uniform_int", lower=1, upper=9, default=3, log=False)
    space = read(document(C, D, X, whole, conditions=conditions), "f.json").space
    translation = neps.to_configspace(space)
    assert set(translation.configspace) == {"c", "i"}
    assert not {"d", "x"}.intersection(*(space.sample(seed=s)[0] for s in range(5)))


def test_not_equals_below_not_equals_at_which_configspace_fails() -> None:
    conditions = [
        {"child": "d", "parent": "c", "type": "NEQ", "value": "a"},
        {"child": "x", "parent": "d", "type": "NEQ", "value": "p"},
    ]
    renamed = [{"default_value" if k == "default" else k: v for k, v in r.items()} for r in (C, D, X)]
    given = document(*renamed, conditions=conditions, marks=NEW)
    with pytest.raises(CS.exceptions.ActiveHyperparameterNotSetError):
        CS.ConfigurationSpace.from_serialized_dict(copy.deepcopy(given))
    translation = neps.to_configspace(read(given, "f.json").space)
    assert not translation.losses
    configs = translation.sidecar.from_configurations(translation.configspace.sample_configuration(40))
    assert {("d" in c, "x" in c) for c in configs if c["c"] == "a"} == {(False, True)}
    assert all(("x" in c) == (c["d"] != "p") for c in configs if c["c"] == "b")


def test_a_default_that_configspace_itself_refuses_is_told() -> None:
    a = row("a", "uniform_float", lower=1e-05, upper=0.01, default=0.0043059801, log=True)
    b = row("b", "uniform_float", lower=0.1, upper=1e7, default=4022238.610541299, log=True)
    limits = [("b", "LT", 350.5946450362603), ("a", "GT", 0.0043059801), ("b", "GT", 4022238.610541299)]
    parts = [{"child": "x", "parent": p, "type": t, "value": v} for p, t, v in limits]
    given = document(a, b, X, conditions=[{"child": "x", "type": "OR", "conditions": parts}])
    with pytest.raises(neps.ConversionError, match="must take its own default configuration"):
        neps.to_configspace(read(given, "f.json").space)
