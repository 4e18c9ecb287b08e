"""Old NePS spaces: dicts, YAML of every generation, objects; what is noted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import neps_cs as neps
from neps_cs.cli import main
from neps_cs_converters.legacy import Read, read


def attributes(thing: Any) -> dict[str, str]:
    return {name: repr(value) for name, value in read(thing).space.attributes.items()}


def saved(folder: Path, text: str, name: str = "space.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read_text(folder: Path, text: str) -> Read:
    return read(saved(folder, text))


ENTRIES: list[tuple[Any, str]] = [
    ((1, 10), "Integer(1, 10)"),
    ((1e-5, 1e-1), "Float(1e-05, 0.1)"),
    (("1e-5", "1e-1"), "Float(1e-05, 0.1)"),
    (("1e1", "1e3"), "Integer(10, 1000)"),
    ([1, 10], "Integer(1, 10)"),
    ([0.5, 1.5], "Float(0.5, 1.5)"),
    ([10, 1], "Categorical((10, 1))"),
    (["a", "b"], "Categorical(('a', 'b'))"),
    (["1e-3", "1e2", 4], "Categorical((0.001, 100, 4))"),
    ([True, False], "Categorical((True, False))"),
    (3, "3"),
    (0.5, "0.5"),
    ("adam", "'adam'"),
    ("1e3", "1000"),
    ("1e-3", "0.001"),
    (True, "True"),
    (None, "None"),
    ({"value": 64}, "64"),
    ({"type": "const", "value": "1e3"}, "'1e3'"),
    ({"type": "constant", "value": [1, 2]}, "[1, 2]"),
    ({"lower": 1, "upper": 3}, "Integer(1, 3)"),
    ({"lower": 0.0, "upper": 1.0}, "Float(0.0, 1.0)"),
    ({"type": "float", "lower": 0, "upper": 1}, "Float(0.0, 1.0)"),
    ({"type": "floating", "lower": "1e-5", "upper": 1}, "Float(1e-05, 1.0)"),
    ({"type": "integer", "lower": "1e2", "upper": 3e4}, "Integer(100, 30000)"),
    ({"lower": 1, "upper": 9, "log": True, "is_fidelity": True}, "IntegerFidelity(1, 9, log=True)"),
    ({"lower": 1.0, "upper": 9.0, "is_fidelity": True}, "FloatFidelity(1.0, 9.0)"),
    ({"lower": 1.0, "upper": 8.0, "log": True, "log_base": 2}, "Float(1.0, 8.0, log=True, log_base=2.0)"),
    ({"lower": 0, "upper": 9, "prior": 0}, "Integer(0, 9, prior=0, prior_confidence='low')"),
    (
        {"lower": -1.0, "upper": 1.0, "prior": 0.0, "prior_confidence": "high"},
        "Float(-1.0, 1.0, prior=0.0, prior_confidence='high')",
    ),
    ({"lower": 0, "upper": 9, "default": 0}, "Integer(0, 9, prior=0, prior_confidence='low')"),
    (
        {"type": "Float", "lower": "1e-5", "upper": 1, "default": "1e-3", "default_confidence": "medium"},
        "Float(1e-05, 1.0, prior=0.001, prior_confidence='medium')",
    ),
    ({"choices": ["a", "b"]}, "Categorical(('a', 'b'))"),
    (
        {"type": "cat", "choices": [True, False], "prior": False, "prior_confidence": "medium"},
        "Categorical((True, False), prior=1, prior_confidence='medium')",
    ),
    ({"choices": [2, 0], "default": 0}, "Categorical((2, 0), prior=1, prior_confidence='low')"),
    ({"choices": ["a", ""], "prior": ""}, "Categorical(('a', ''), prior=1, prior_confidence='low')"),
    ({"choices": ["a", "b"], "prior": None, "prior_confidence": None}, "Categorical(('a', 'b'))"),
]  # fmt: skip


@pytest.mark.parametrize(("details", "expected"), ENTRIES, ids=[str(d) for d, _ in ENTRIES])
def test_an_entry_of_a_dict(details: Any, expected: str) -> None:
    assert attributes({"x": details}) == {"x": expected}


def test_what_was_passed_in_is_not_changed() -> None:
    given = {"x": {"type": "Float", "lower": "1e-5", "upper": "1e-1"}, "y": {"choices": ["1e3", "b"]}}
    read(given)
    assert given == {"x": {"type": "Float", "lower": "1e-5", "upper": "1e-1"}, "y": {"choices": ["1e3", "b"]}}


def test_every_name_is_a_parameter() -> None:
    """NePS passes underscored names too."""
    space = neps.from_legacy({"_x": (0, 1), "a b:c": 3, "add": (0.0, 1.0)})
    assert set(space.sample(0)[1]) == {"_x", "a b:c", "add"}


OLD, NEW = "1e3 in old words", "1e3 in new words"
GENERATIONS: list[tuple[str, str, str, dict[str, str]]] = [
    ("new words", "x: {lower: 1, upper: 1e3}", "0.13 and later", {"x": "Integer(1, 1000)"}),
    (
        "old words",
        "x: {lower: 1, upper: 1e3, default: 5}",
        "0.12",
        {"x": "Float(1.0, 1000.0, prior=5.0, prior_confidence='low')"},
    ),
    ("a capital", "x: {type: Integer, lower: 1, upper: 3}\ny: 1e3", "0.12",
     {"x": "Integer(1, 3)", "y": "1000.0"}),
    ("a new prior", "x: {lower: 1, upper: 3, prior: 2}\ny: 1e3", "0.13 and later",
     {"x": "Integer(1, 3, prior=2, prior_confidence='low')", "y": "1000"}),
    ("run_pipeline", "run_pipeline: {path: a.py}\npipeline_space:\n  x: [1, 2, 3]\n  y: 1e3", "0.13 and "
     "later",
     {"x": "Categorical((1, 2, 3))", "y": "1000"}),
    ("run_pipeline alone", "run_pipeline: {path: a.py}\npipeline_space:\n  y: 1e3\n  x: {choices: [1e2, a]}",
     "0.12", {"y": "1000.0", "x": "Categorical((100.0, 'a'))"}),
    ("searcher", "searcher: random_search\npipeline_space:\n  y: 1e3\n  x: {choices: [1e2, a]}",
     "0.12", {"y": "1000.0", "x": "Categorical((100.0, 'a'))"}),
    ("a space in a group", "setup:\n  space:\n    pipeline_space:\n      x: {lower: 1, upper: 1e3}",
     "0.12", {"x": "Float(1.0, 1000.0)"}),
    ("a mark in a group", "a:\n  evaluate_pipeline: f\n  pipeline_space: {x: {lower: 1, upper: 1e3}}",
     "0.13 and later", {"x": "Integer(1, 1000)"}),
    ("a parameter called as a mark", "pipeline_space:\n  searcher: {choices: [1e3, b]}",
     "0.13 and later", {"searcher": "Categorical((1000, 'b'))"}),
    ("spaces in a number", "x: {choices: ['1 e3', b]}", "0.13 and later", {"x": "Categorical((1000, 'b'))"}),
    ("spaces in a number of 0.12", "x: {choices: ['1 e3', ' 1e3 '], default: '1 e3'}", "0.12",
     {"x": "Categorical(('1 e3', 1000.0), prior=0, prior_confidence='low')"}),
    ("a type of null", "x: {type: null, lower: 1, upper: 3}", "0.13 and later", {"x": "Integer(1, 3)"}),
    ("evaluate_pipeline", "evaluate_pipeline: {path: a.py}\npipeline_space:\n  y: 1e3",
     "0.13 and later", {"y": "1000"}),
    ("value and default", "pipeline_space:\n  y: {value: 1e3}\n  x: {lower: 1, upper: 3, default: 2}",
     "up to 0.11", {"y": "1000.0", "x": "Integer(1, 3, prior=2, prior_confidence='low')"}),
    ("search_space", "search_space:\n  y: {type: const, value: 1e3}", "up to 0.11", {"y": "1000.0"}),
    ("a fidelity below 0", "x: {lower: -3, upper: 30, is_fidelity: true}\ny: 1e3", "0.12",
     {"x": "IntegerFidelity(-3, 30)", "y": "1000.0"}),
    ("two fidelities", "x: {lower: 1, upper: 3, is_fidelity: true}\nz: {lower: 1, upper: 3, is_fidelity: "
     "true}",
     "0.12", {"x": "IntegerFidelity(1, 3)", "z": "IntegerFidelity(1, 3)"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "expected"), [g[1:] for g in GENERATIONS], ids=[g[0] for g in GENERATIONS]
)
def test_the_marks_of_a_file_show_its_generation(
    text: str, name: str, expected: Mapping[str, str], tmp_path: Path
) -> None:
    found = read_text(tmp_path, text)
    assert found.form == f"NePS YAML, NePS {name}"
    assert {n: repr(v) for n, v in found.space.attributes.items()} == expected


def test_words_of_two_generations_are_read_and_noted(tmp_path: Path) -> None:
    found = read_text(
        tmp_path, "x: {type: Float, lower: 1, upper: 1e3, prior: 2}\ny: {value: 3}\nz: {lower: 1, upper: 1e3}"
    )
    assert found.form == "NePS YAML, no single version of NePS"
    assert {n: repr(v) for n, v in found.space.attributes.items()} == {
        "x": "Float(1.0, 1000.0, prior=2.0, prior_confidence='low')",
        "y": "3",
        "z": "Integer(1, 1000)",
    }
    rows = [(note.place.rpartition("/")[2], note.found, note.taken) for note in found.notes]
    assert rows == [
        (
            "space.yaml, line 1, column 1",
            "what no single version of NePS reads",
            "the words of all versions together; what is not plain, as NePS 0.13 and later took it",
        ),
        (
            "space.yaml, line 3, column 1: z",
            "lower: 1, upper: 1e3",
            "Integer(1, 1000), as no single version of NePS took it; NePS 0.12 took Float(1.0, 1000.0)",
        ),
    ]


NOTES: list[tuple[Any, str, str]] = [
    (
        [1, 10],
        "the list [1, 10]",
        "bounds, as NePS since 0.13 has it; two choices are written {choices: […]}",
    ),
    ("1e3", "1e3", "the constant 1000, as NePS 0.13 and later took it; NePS 0.12 took the constant 1000.0"),
    ("1e+3", "the text '1e+3'", "a text, as NePS took it, and not a number"),
    (
        {"lower": "1e1", "upper": "1e3"},
        "lower: 1e1, upper: 1e3",
        "Integer(10, 1000), as NePS 0.13 and later took it; NePS 0.12 took Float(10.0, 1000.0)",
    ),
    (
        {"choices": ["1e3", "a"]},
        "choices: ['1e3', 'a']",
        "Categorical((1000, 'a')), as NePS 0.13 and later took it; NePS 0.12 took Categorical((1000.0, 'a'))",
    ),
    (
        {"lower": 1, "upper": 3, "is_fidelity": True, "default": 2},
        "a fidelity with default=2",
        "a fidelity: those have no prior",
    ),
    (
        {"lower": 1, "upper": 3, "prior_confidence": "high"},
        "the confidence 'high' without a prior",
        "no prior",
    ),
    (
        {"lower": 1, "upper": 3, "log": "yes"},
        "log: 'yes'",
        "true: NePS took any value for true but 0, null and an empty text",
    ),
    ({"lower": 1, "upper": 9, "prior": 2.5}, "prior=2.5 for an integer", "2"),
    ({"lower": 0, "upper": 9, "prior": False}, "prior=False for a number", "0, as Python counts it"),
    (
        [False, True],
        "the list [False, True]",
        "choices; NePS's reader counted false as 0 and true as 1, and looked for bounds",
    ),
    (
        {"lower": 0, "upper": 9, "prior": 1, "prior_confidence": "HIGH"},
        "the confidence 'HIGH'",
        "high; NePS read it, and failed when it sampled",
    ),
    (
        {"lower": 0, "upper": 9, "prior_confidence": "sure"},
        "the confidence 'sure' without a prior",
        "no prior",
    ),
]


@pytest.mark.parametrize(("details", "found", "taken"), NOTES, ids=[str(d) for d, _, _ in NOTES])
def test_what_is_not_plain_is_noted(details: Any, found: str, taken: str) -> None:
    notes = read({"x": details, "y": {"lower": 0.0, "upper": 1.0}}).notes
    assert [(n.found, n.taken) for n in notes if n.place.startswith("x")] == [(found, taken)]


def test_prior_and_default_of_one_parameter() -> None:
    found = read({"x": {"lower": 0, "upper": 9, "prior": 0, "default": 5}})
    assert repr(found.space.attributes["x"]) == "Integer(0, 9, prior=0, prior_confidence='low')"
    assert ("prior: 0 and default: 5", "the prior") in [(n.found, n.taken) for n in found.notes]


def test_confidences_of_both_generations() -> None:
    details = {"prior": 1, "prior_confidence": "low", "default": 1.0, "default_confidence": "high"}
    notes = read({"x": {"lower": 0.0, "upper": 9.0, **details}}).notes
    assert [(n.found, n.taken) for n in notes if n.place == "x"] == [
        ("prior: 1 and default: 1.0", "the prior"),
        ("prior_confidence: 'low' and default_confidence: 'high'", "the prior_confidence"),
    ]


def test_two_spaces_in_a_file_are_noted(tmp_path: Path) -> None:
    found = read_text(tmp_path, "pipeline_space: {x: {lower: 1, upper: 3}}\nsearch_space: {y: 1}\n")
    assert set(found.space.attributes) == {"x"}
    (note,) = found.notes
    assert note.place.endswith("space.yaml, line 2, column 1: search_space")
    assert note.found == "search_space beside pipeline_space"
    assert note.taken == "nothing: the space is what stands under pipeline_space"
    found = read_text(tmp_path, "pipeline_space:\nsearch_space: {y: {lower: 1, upper: 3}}\n")
    assert set(found.space.attributes) == {"y"}


def test_a_key_that_stands_twice_is_noted(tmp_path: Path) -> None:
    found = read_text(tmp_path, "x: 1\ny: {lower: 1, upper: 3, lower: 2}\nx: {choices: [a, b]}\n")
    assert {n: repr(v) for n, v in found.space.attributes.items()} == {
        "x": "Categorical(('a', 'b'))",
        "y": "Integer(2, 3)",
    }
    assert [(n.place.partition(", ")[2], n.found, n.taken) for n in found.notes] == [
        (
            "line 3, column 1: x",
            "the key 'x', which stands in line 1, column 1 too",
            "the last of them, as YAML's reader did",
        ),
        (
            "line 2, column 25: y.lower",
            "the key 'lower', which stands in line 2, column 5 too",
            "the last of them, as YAML's reader did",
        ),
    ]


def test_paths_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    saved(tmp_path / "sub", "x: {lower: 1, upper: 3}\n", "Space.YML")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    class Entry:
        def __fspath__(self) -> str:
            return "sub/Space.YML"

    for path in (
        "~/sub/Space.YML",
        PureWindowsPath("sub\\Space.YML"),
        PurePosixPath("sub/Space.YML"),
        Entry(),
    ):
        assert attributes(path) == {"x": "Integer(1, 3)"}


@pytest.mark.parametrize("as_given", [str, Path, lambda p: yaml.safe_load(p.read_text())["pipeline_space"]])
def test_a_run_over_an_old_space(as_given: Callable[[Path], Any], tmp_path: Path) -> None:
    text = "searcher: bo\npipeline_space:\n  lr: {lower: 1e-4, upper: 1e-1, log: true, default: 1e-2}\n"
    text += "  epochs: {lower: 1, upper: 3, is_fidelity: true}\n  batch_size: 64\n"
    path = saved(tmp_path, text)
    seen = []

    def evaluate(lr: float, epochs: int, batch_size: int) -> float:
        seen.append((type(lr), type(epochs), batch_size))
        return lr

    root = tmp_path / "root"
    neps.run(evaluate, as_given(path), root_directory=root, total_evaluations_to_spend=3, seed=0)
    assert seen == [(float, int, 64)] * 3
    neps.run(evaluate, as_given(path), root_directory=root, total_evaluations_to_spend=4, seed=0)
    assert len(seen) == 4
    assert neps.equal(neps.load_pipeline_space(root), read(path).space)


def test_the_arguments_of_a_run_as_a_mapping() -> None:
    found = read({"searcher": "bo", "pipeline_space": {"x": {"lower": 1, "upper": "1e3"}}})
    assert repr(found.space.attributes["x"]) == "Float(1.0, 1000.0)"
    assert found.form == "NePS dict, NePS 0.12"
    with pytest.raises(neps.FormatError, match=r"^lower < upper must hold, got lower=3, upper=1 @ x$"):
        read({"pipeline_space": {"x": (3, 1)}})


def test_values_of_numpy_and_of_the_language() -> None:
    given = {
        "x": {"lower": np.int64(1), "upper": np.int64(9), "log": np.bool_(True), "prior": np.int64(2)},
        "y": {"choices": np.array(["a", "b"]), "prior": "a", "prior_confidence": neps.ConfidenceLevel.HIGH},
        "z": {"choices": range(3)},
    }
    assert attributes(given) == {
        "x": "Integer(1, 9, log=True, prior=2, prior_confidence='low')",
        "y": "Categorical(('a', 'b'), prior=0, prior_confidence='high')",
        "z": "Categorical((0, 1, 2))",
    }


def test_what_0_11_let_pass_is_read_and_noted(tmp_path: Path) -> None:
    text = """pipeline_space:
  a: {choices: [a, a, b], default: c}
  b: {lower: 1, upper: 3, default: 9}
  c: {choices: [a], is_fidelity: fals}
"""
    found = read_text(tmp_path, text)
    assert {n: repr(v) for n, v in found.space.attributes.items()} == {
        "a": "Categorical(('a', 'b'))",
        "b": "Integer(1, 3, prior=3, prior_confidence='low')",
        "c": "Categorical(('a',))",
    }
    assert [(n.place.partition(", ")[2], n.found, n.taken) for n in found.notes] == [
        (
            "line 2, column 17: a.choices.0",
            "the choice 'a' 2 times",
            "one choice; NePS drew it 2 times as often as others",
        ),
        ("line 2, column 27: a.default", "default='c', none of the choices", "no prior"),
        ("line 3, column 27: b.default", "default=9, outside its range", "3, the nearest value"),
        ("line 4, column 21: c.is_fidelity", "is_fidelity: fals", "nothing: only numbers can be fidelities"),
    ]


def test_a_prior_is_the_choice_of_its_own_type(tmp_path: Path) -> None:
    found = read_text(tmp_path, "pipeline_space:\n  x: {choices: [1, 1.0, true], default: true}\n")
    assert repr(found.space.attributes["x"]) == (
        "Categorical((1, 1.0, True), prior=2, prior_confidence='low')"
    )


def test_notes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        neps.from_legacy({"x": [1, 10]})
    assert caplog.messages == [
        "x: found the list [1, 10], taken as bounds, as NePS since 0.13 has it; two choices are written "
        "{choices: […]}"
    ]


def test_a_plain_space_has_no_notes(caplog: pytest.LogCaptureFixture) -> None:
    neps.from_legacy({"lr": {"lower": 1e-5, "upper": 0.1, "log": True}, "opt": ["a", "b"], "n": 3})
    assert not caplog.messages


def test_a_file_of_constants_is_doubted(tmp_path: Path) -> None:
    found = read_text(tmp_path, "pipeline_space:\n  path: space.py\n  name: pipeline_space\n")
    assert [n.taken for n in found.notes] == [
        "constants, as NePS's readers of spaces did; its run imported a space from that file of Python"
    ]
    (note,) = read_text(tmp_path, "strategy: bo\neta: 3\n").notes
    assert note.found == "nothing but constants: strategy, eta"
    assert note.taken == "constants: there is nothing to search. Is this the file of a space?"


# objects


def named(cls: str, module: str = "neps.space.parameters", **fields: Any) -> Any:
    """An object of a class of NePS, as its attributes are."""
    return type(cls, (), {"__module__": module, **fields})()


OLD_NUMBER = {"log": True, "is_fidelity": False, "default_confidence_choice": "high"}
NEW_NUMBER = {"log": False, "prior_confidence": "low", "is_fidelity": False, "log_base": None}
OBJECTS: list[tuple[Any, str]] = [
    (
        named("FloatParameter", lower=1e-5, upper=1.0, default=0.1, **OLD_NUMBER),
        "Float(1e-05, 1.0, log=True, prior=0.1, prior_confidence='high')",
    ),
    (
        named("IntegerParameter", lower=0.0, upper=9.0, log=False, is_fidelity=False, default=0,
              default_confidence_score=0.25),
        "Integer(0, 9, prior=0, prior_confidence='medium')",
    ),
    (
        named("CategoricalParameter", choices=["1e3", False], default=False, has_prior=True,
              is_fidelity=False, default_confidence_score=6),
        "Categorical(('1e3', False), prior=1, prior_confidence='high')",
    ),
    (named("ConstantParameter", value="1e3", default="1e3"), "'1e3'"),
    (named("HPOFloat", lower=0.0, upper=1.0, prior=0.0, **NEW_NUMBER),
     "Float(0.0, 1.0, prior=0.0, prior_confidence='low')"),
    (named("HPOInteger", lower=1, upper=9, prior=None, **{**NEW_NUMBER, "is_fidelity": True}),
     "IntegerFidelity(1, 9)"),
    (named("HPOCategorical", choices=["a", "b"], prior="b", prior_confidence="medium"),
     "Categorical(('a', 'b'), prior=1, prior_confidence='medium')"),
    (named("HPOConstant", value=None), "None"),
    (named("Float", lower=0.0, upper=1.0, prior=None, **NEW_NUMBER), "Float(0.0, 1.0)"),
    (named("Constant", value=3), "3"),
    (neps.Integer(1, 3, log=True), "Integer(1, 3, log=True)"),
]  # fmt: skip


@pytest.mark.parametrize(("thing", "expected"), OBJECTS, ids=[type(t).__name__ for t, _ in OBJECTS])
def test_parameters_of_old_classes(thing: Any, expected: str) -> None:
    assert attributes({"x": thing, "n": 3}) == {"x": expected, "n": "3"}


@pytest.mark.parametrize("field", ["elements", "hyperparameters"])
def test_search_spaces_of_old_classes(field: str) -> None:
    inner = {
        "x": named("HPOFloat", lower=0.0, upper=1.0, prior=0.5, **NEW_NUMBER),
        "c": named("HPOConstant", value=1),
    }
    found = read(named("SearchSpace", **{field: inner}))
    assert found.form == "NePS SearchSpace"
    assert list(found.space.attributes) == ["x", "c"]


@pytest.mark.peer
def test_objects_of_the_real_package() -> None:
    parameters = pytest.importorskip("neps.space.parameters")
    spaces = pytest.importorskip("neps.space.neps_spaces.parameters")
    search_space = pytest.importorskip("neps.space.search_space").SearchSpace
    flat = {
        "a": parameters.HPOFloat(1e-5, 1.0, log=True, prior=0.1, prior_confidence="high"),
        "b": parameters.HPOInteger(0, 10, prior=0),
        "c": parameters.HPOCategorical(["1e3", "x", False], prior=False),
        "d": parameters.HPOConstant("1e3"),
        "e": parameters.HPOInteger(1, 9, is_fidelity=True),
    }
    expected = {
        "a": "Float(1e-05, 1.0, log=True, prior=0.1, prior_confidence='high')",
        "b": "Integer(0, 10, prior=0, prior_confidence='low')",
        "c": "Categorical(('1e3', 'x', False), prior=2, prior_confidence='low')",
        "d": "'1e3'",
        "e": "IntegerFidelity(1, 9)",
    }
    assert attributes(flat) == attributes(search_space(flat)) == expected
    new = {
        "a": spaces.Float(0, 1, prior=0.0, prior_confidence="high"),
        "b": spaces.Categorical(("a", "b"), prior=0, prior_confidence="low"),
        "f": spaces.IntegerFidelity(1, 9),
    }
    assert attributes(new) == {
        "a": "Float(0.0, 1.0, prior=0.0, prior_confidence='high')",
        "b": "Categorical(('a', 'b'), prior=0, prior_confidence='low')",
        "f": "IntegerFidelity(1, 9)",
    }


def test_aliases_and_merge_keys_are_read(tmp_path: Path) -> None:
    text = "a: &a {lower: 1, upper: 3}\nb: *a\nc:\n  <<: *a\n  upper: 9\n"
    assert attributes(saved(tmp_path, text)) == {
        "a": "Integer(1, 3)",
        "b": "Integer(1, 3)",
        "c": "Integer(1, 9)",
    }


def test_keys_beside_the_space_may_be_anything(tmp_path: Path) -> None:
    text = "when: 2020-01-01\nagain: 1\nagain: 2\npipeline_space:\n  x: {lower: 1, upper: 3}\n"
    assert attributes(saved(tmp_path, text)) == {"x": "Integer(1, 3)"}


def test_the_dict_language_in_json(tmp_path: Path) -> None:
    text = '{"pipeline_space": {"x": {"lower": 1, "upper": 3}, "y": [0.5, 1.5]}}'
    found = read(saved(tmp_path, text, "space.JSON"))
    assert {n: repr(v) for n, v in found.space.attributes.items()} == {
        "x": "Integer(1, 3)",
        "y": "Float(0.5, 1.5)",
    }
    path = saved(tmp_path, '{"x": {"lower": 3, "upper": 1}}', "space.json")
    with pytest.raises(neps.FormatError) as caught:
        read(path)
    assert str(caught.value) == f"lower < upper must hold, got lower=3, upper=1 @ {path}, line 1, column 7: x"


def test_own_files_are_read(tmp_path: Path) -> None:
    space = neps.from_legacy({"x": (1, 3)})
    neps.save_space(space, tmp_path / "x.json")
    assert neps.equal(neps.from_legacy(tmp_path / "x.json"), space)
    assert neps.from_legacy(space) is space


def test_the_command_shows_an_old_space(tmp_path: Path) -> None:
    path = saved(tmp_path, "x: {lower: 1, upper: 1e3}\n")
    shown = CliRunner().invoke(main, ["show", str(path)])
    assert shown.exit_code == 0
    assert "Integer(1, 1000)" in shown.output
    assert "Read as" in shown.output + shown.stderr
    bad = CliRunner().invoke(main, ["show", str(saved(tmp_path, "x: {lower: 3, upper: 1}\n"))])
    assert bad.exit_code == 1
    assert "line 1, column 1: x" in bad.output + bad.stderr
