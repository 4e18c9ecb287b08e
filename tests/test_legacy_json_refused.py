"""Documents of ConfigSpace that are wrong, or larger than there may be."""

from __future__ import annotations

import copy
import json
import re
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from legacy_documents import C, D, O, X, document, refused, row

from neps_cs.errors import FormatError
from neps_cs_converters.legacy.configspace_json import read
from neps_cs_converters.legacy.reading import Read


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
    ("given", "message", "place"),
    [
        (
            {},
            "hyperparameters must be a list, got None",
            "hyperparameters",
        ),
        (
            document(),
            "the file must define a parameter, got none",
            "",
        ),
        (
            document(7),
            "a hyperparameter must be an object, got 7",
            "hyperparameters[0]",
        ),
        (
            document(X | {"type": "gamma"}),
            "the type of a hyperparameter must be one of uniform_float, uniform_int, normal_float, "
            "normal_int, beta_float, beta_int, categorical, ordinal, constant, unparametrized, got "
            "type='gamma' of 'x'",
            "hyperparameters[0].type",
        ),
        (
            document(X | {"lower": True}),
            "lower must be a finite number, got lower=True of 'x'",
            "hyperparameters[0].lower",
        ),
        (
            document(X | {"lower": float("nan")}),
            "lower must be a finite number, got lower=nan of 'x'",
            "hyperparameters[0].lower",
        ),
        (
            document(X | {"lower": 2.0}),
            "lower < upper must hold, got lower=2.0, upper=1.0",
            "hyperparameters[0].lower",
        ),
        (
            document(X | {"default": 2.0}),
            "lower <= default <= upper must hold, got default=2.0, lower=0.0, upper=1.0",
            "hyperparameters[0].default",
        ),
        (
            document(C | {"default": "z"}),
            "the default must be one of 'a', 'b', got default='z' of 'c'",
            "hyperparameters[0].default",
        ),
        (
            document(row("i", "uniform_int", lower=0, upper=3, default=1.5)),
            "default must be a whole number, got default=1.5 of 'i'",
            "hyperparameters[0].default",
        ),
        (
            document(X, marks={"json_format_version": 9}),
            "json_format_version must be one of 0.1, 0.2, 0.3, 0.4, got json_format_version=9",
            "json_format_version",
        ),
        (
            document(X, marks={"python_module_version": 3}),
            "python_module_version must be a version: a text such as '1.2.1', got "
            "python_module_version=3",
            "python_module_version",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "cc", "type": "EQ", "value": "a"}]),
            "the parent of a condition must be a parameter of the file, got 'cc'; did you mean c?",
            "conditions[0].parent",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "c", "type": "EQ", "value": "z"}]),
            "a comparison must be with a value that the parameter can have, got 'z' for 'c'",
            "conditions[0].value",
        ),
        (
            document(C, X, conditions=[{"child": "x", "parent": "c", "type": "GT", "value": "a"}]),
            "only numbers and ordinals are less or greater than a value, got 'c'",
            "conditions[0]",
        ),
        (
            document(C, X, forbiddens=[{"type": "RELATION", "left": "x", "right": "c", "lambda": "<"}]),
            "the lambda of a relation must be one of LESS, EQUALS, GREATER, LT, EQ, GT, got '<'",
            "forbiddens[0].lambda",
        ),
        (
            document(C, D, conditions=[
                {"child": "c", "parent": "d", "type": "EQ", "value": "p"},
                {"child": "d", "parent": "c", "type": "EQ", "value": "a"},
            ]),
            "conditions must not form a circle, got c → d → c",
            "conditions[0]",
        ),
    ],
)  # fmt: skip
def test_messages(given: dict[str, Any], message: str, place: str) -> None:
    assert refused(given) == f"{message} @ f.json{': ' if place else ''}{place}"


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
    assert (
        "a file must define at most 10,000 parameters, got 10,001 @ f.json: hyperparameters[10000]"
        in refused(document(*many))
    )
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


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (document(X | {"default": 2}), '2\n'),
        (document(X | {"log": True}), 'true\n'),
        (document(C | {"weights": [1, -1]}), '['),
        (document(row("n", "beta_float", alpha=0, beta=1, lower=0, upper=1)), '0,'),
        (document(row("n", "normal_float", mu=0, sigma=-1, lower=0, upper=1)), '-1,'),
        (document(C, forbiddens=[{"type": "IN", "name": "c", "values": ["a", "b"]}]), '{\n   "type": "IN"'),
        (document(C, D, conditions=[
            {"child": "c", "parent": "d", "type": "EQ", "value": "p"},
            {"child": "d", "parent": "c", "type": "EQ", "value": "a"},
        ]), '{\n   "child": "c"'),
    ],
)  # fmt: skip
def test_what_the_language_refuses_has_its_own_line_and_column(given: dict[str, Any], place: str) -> None:
    text = json.dumps(given, indent=1)
    (found,) = places(given, text)
    line, column = map(int, re.findall(r"(?:line|column) (\d+)", found))
    assert "\n".join(text.splitlines()[line - 1 :])[column - 1 :].startswith(place.rstrip("\n"))


def test_every_one_of_many_problems_has_its_place_and_a_thousand_are_enough() -> None:
    many = document(*(row(f"p{i}", "uniform_float", lower=2, upper=1) for i in range(3000)))
    text = json.dumps(many)
    found = places(many, text)
    assert len(found) == 1000
    assert all(p.startswith("f, line 1, column ") for p in found)
    assert text[int(re.findall(r"\d+", found[999])[1]) - 1 :].startswith('2, "upper": 1')


def test_a_long_text_takes_little_time_and_memory() -> None:
    given = document(row("c", "categorical", choices=["x" * 2**22], default="y"))
    text = json.dumps(given)
    tracemalloc.start()
    start = time.perf_counter()
    places(given, text)
    assert time.perf_counter() - start < 5
    assert tracemalloc.get_traced_memory()[1] < 2**27
    tracemalloc.stop()
