"""What is no old NePS space: wrong entries, damaged and hostile files, and the messages that say so."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

import neps_cs as neps


def saved(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(thing: Any) -> str:
    with pytest.raises(neps.FormatError) as caught:
        neps.from_legacy(thing)
    return str(caught.value)


def refused_text(folder: Path, text: str) -> str:
    return refused(saved(folder, text)).replace(str(folder), "here")


REFUSED: list[tuple[Any, str]] = [
    ({}, "a space must have a parameter, got none @ the space"),
    ({1: (0, 1)}, "the name of a parameter must be a text (YAML reads yes, no, on, off and numbers as such: "
     "quote them), got 1 @ 1"),
    ({"x": {"lower": 3, "upper": 1}}, "lower < upper must hold, got lower=3, upper=1 @ x"),
    ({"x": {"lower": 1, "upper": 1}}, "lower < upper must hold, got lower=1, upper=1 @ x"),
    ({"x": {"lower": 0, "upper": 1, "log": True}}, "lower > 0 must hold for log=true, got lower=0, "
     "upper=1 @ x"),
    ({"x": {"lower": 0, "upper": 1.0}}, "without a type, lower and upper must both be whole numbers or both "
     "have a decimal point, got lower: 0, upper: 1.0 @ x"),
    ({"x": {"type": "int", "lower": 0.5, "upper": 2}}, "lower and upper must be whole numbers where type "
     "is an "
     "integer, got lower: 0.5, upper: 2 @ x"),
    ({"x": {"lower": "a", "upper": float("nan")}}, "lower must be a finite number, got 'a' @ x.lower\n"
     "upper must be a finite number, got nan @ x.upper"),
    ({"x": {"lower": 1}}, "upper must be given, got lower: 1 @ x"),
    ({"x": {"lower": 1, "uper": 3}}, "upper must be given, got lower: 1, uper: 3 @ x\n"
     "the keys must be among type, lower, upper, log, is_fidelity, log_base, prior, prior_confidence, "
     "default, "
     "default_confidence (is it upper?), got 'uper' @ x.uper"),
    ({"x": {"choises": [1, 2]}}, "a parameter must have lower and upper, choices, or value (is it choices?), "
     "got 'choises' @ x"),
    ({"x": {"type": "flaot", "lower": 1, "upper": 2}}, "type must be one of int, integer, float, "
     "floating, cat, "
     "categorical, const, constant (is it float?), got 'flaot' @ x.type"),
    ({"x": {"type": 3, "lower": 1, "upper": 2}}, "type must be one of int, integer, float, floating, cat, "
     "categorical, const, constant, got 3 @ x.type"),
    ({"x": {"lower": 1, "upper": 3, "prior": 5}}, "lower <= prior <= upper must hold, got prior=5, lower=1, "
     "upper=3 @ x.prior"),
    ({"x": {"lower": 1, "upper": 3, "prior": "x"}}, "prior must be a number, got 'x' @ x.prior"),
    ({"x": {"lower": 1, "upper": 3, "prior": 2, "prior_confidence": "hihg"}},
     "the confidence of a prior must be low, medium or high (is it high?), got 'hihg' @ x.prior_confidence"),
    ({"x": {"choices": ["adam", "sgd"], "prior": "adm"}}, "prior must be one of the choices (is it "
     "adam?), got "
     "'adm', choices=['adam', 'sgd'] @ x.prior"),
    ({"x": {"choices": []}}, "there must be two choices or more, got [] @ x.choices"),
    ({"x": {"choices": "adam"}}, "choices must be a list, got 'adam' @ x.choices"),
    ({"x": {"choices": [1, 1.0]}}, "choices must be distinct, got 1 at 0, 1.0 at 1 @ x.choices.1"),
    ({"x": {"choices": [1, None]}}, "a choice must be a number, a text, true or false; others belong into a "
     "PipelineSpace, got None @ x.choices.1"),
    ({"x": ("a", "b")}, "a tuple must hold a lower and an upper bound; choices stand in a list, got ('a', "
     "'b') @ x"),
    ({"x": (1, 2, 3)}, "a tuple must hold a lower and an upper bound; choices stand in a list, got (1, 2, "
     "3) @ x"),
    ({"x": [3, 3]}, "lower < upper must hold, got lower=3, upper=3 @ x"),
    ({"x": [1, 2.5]}, "two bounds must both be whole numbers or both have a decimal point; two choices are "
     "written {choices: […]}, got [1, 2.5] @ x"),
    ({"x": {1, 2}}, "a parameter must be a mapping, a list, a tuple, a number or a text, got {1, 2} of "
     "type set @ x"),
    ({"x": {"lower": 1, "upper": 3, "is_fidelity": "maybe", "default": 1}},
     "is_fidelity must be true or false, got 'maybe' @ x.is_fidelity"),
    (3, "an old space must be a mapping, a SearchSpace of NePS, or the path of a file, got 3 of type int @ "
     "from_legacy"),
    ("lr: {lower: 1, upper: 3}", "a text must be the path of a file that ends in .yaml, .yml, .json, "
     ".pcs; the text "
     "of a space must be saved to a file, or passed as the mapping that yaml.safe_load gives, got "
     "'lr: {lower: 1, upper: 3}' @ from_legacy"),
    (Path("space.txt"), "a file of a space must end in .yaml, .yml, .json, .pcs, got .txt @ space.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("thing", "message"), REFUSED, ids=[str(t) for t, _ in REFUSED])
def test_what_no_generation_reads_is_refused(thing: Any, message: str) -> None:
    assert refused(thing) == message


def test_all_problems_are_named_at_once() -> None:
    thing = {"x": {"lower": 3, "upper": 1}, "good": 3, "y": {"choices": "a"}}
    assert len(refused(thing).splitlines()) == 2


def test_a_mapping_that_contains_itself() -> None:
    thing: dict[str, Any] = {"x": (0, 1)}
    thing["y"] = thing
    assert refused(thing).startswith(
        "a parameter must have lower and upper, choices, or value, got 'x', 'y' @ y"
    )
    value: list[Any] = []
    value.append(value)
    assert refused({"y": {"value": value}}).startswith("a tuple, list or dict must not contain itself")


LAUGHS = "a0: &a0 [x, y]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{x: *a{i - 1}}}\n" for i in range(1, 80))
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
BAD_FILES: list[tuple[str, str, str]] = [
    ("empty", "", "the file must hold a space, got an empty file @ here/space.yaml, line 1, column 1"),
    ("only a comment", "# x\n", "the file must hold a space, got an empty file @ here/space.yaml, line 1, "
     "column 1"),
    ("a text", "hello\n", "a file of a NePS space must be a mapping from names to parameters, got a str @ "
     "here/space.yaml, line 1, column 1"),
    ("a list", "- 1\n", "a file of a NePS space must be a mapping from names to parameters, got a list @ "
     "here/space.yaml, line 1, column 1"),
    ("cut short", "x:\n  lower: 1\n  choices: [a, b", "the file must be YAML, got did not find expected "
     "',' or ']' "
     "while parsing a flow sequence @ here/space.yaml, line 4, column 1"),
    ("two documents", "a: 1\n---\nb: 2\n", "the file must be YAML, got but found another document "
     "expected a single "
     "document in the stream @ here/space.yaml, line 2, column 1"),
    ("a tag", "x: !!python/object/apply:os.system ['touch /tmp/x']\n", "a file must hold plain values, "
     "and no tags "
     "that make objects, got !!python/object/apply:os.system @ here/space.yaml, line 1, column 4: x"),
    ("another tag", "x: !mine 3\n", "a file must hold plain values, and no tags that make objects, got "
     "!mine @ "
     "here/space.yaml, line 1, column 4: x"),
    ("the last of two keys", "x: 1\nx: {lower: 3, upper: 1}\n", "lower < upper must hold, got lower=3, "
     "upper=1 @ here/space.yaml, line 2, column 1: x"),
    ("a circle", "x: &x\n  y: *x\n", "an alias must not stand inside of what it names, got *x @ "
     "here/space.yaml, "
     "line 2, column 6"),
    ("an unknown alias", "x: *y\n", "the file must be YAML, got found undefined alias @ here/space.yaml, "
     "line 1, "
     "column 4"),
    ("deep", "x: " + "[" * 100_000, "a file of YAML must nest at most 50 levels deep, aliases written "
     "out, got more @ "
     "here/space.yaml, line 1, column 53"),
    ("deep by aliases", CHAIN, "a file of YAML must nest at most 50 levels deep, aliases written out, got "
     "more @ "
     "here/space.yaml, line 50, column 15"),
    ("laughs", LAUGHS, "a file of YAML must have at most 200000 values, aliases written out, got more @ "
     "here/space.yaml, line 6, column 50"),
    ("merged laughs", MERGED, "a file of YAML must have at most 200000 values, aliases written out, got "
     "more @ "
     "here/space.yaml, line 11, column 43"),
    ("huge", "x: 1\n" * 300_000, "size <= 1048576 bytes must hold, got more @ here/space.yaml"),
    ("a number too long", "x: " + "9" * 5000, "a value must be what its form or its tag says, got '"
     + "9" * 47 + "..." + "9" * 48 + "' @ here/space.yaml, line 1, column 4"),
    ("a list as a key", "? [1, 2]\n: 3\n", "a key must be a number or a text, got [1, 2] @ "
     "here/space.yaml, line 1, "
     "column 3"),
    ("names that are none", "on: {lower: 1, upper: 2}\n3: 1\n", "the name of a parameter must be a text "
     "(YAML reads "
     "yes, no, on, off and numbers as such: quote them), got True @ here/space.yaml, line 1, column 1: True\n"
     "the name of a parameter must be a text (YAML reads yes, no, on, off and numbers as such: quote "
     "them), got 3 @ "
     "here/space.yaml, line 2, column 1: 3"),
    ("nothing below", "pipeline_space:\n", "pipeline_space must be a mapping from names to parameters, "
     "got None @ "
     "here/space.yaml, line 1, column 1: pipeline_space"),
    ("another file", "root_directory: x\npipeline_space: space/mine.yaml\n", "pipeline_space must be a "
     "mapping from "
     "names to parameters (read the file space/mine.yaml itself), got 'space/mine.yaml' @ "
     "here/space.yaml, line 2, "
     "column 1: pipeline_space"),
    ("below another key", "settings:\n  pipeline_space: mine.yaml\n", "pipeline_space must be a mapping from "
     "names to parameters (read the file mine.yaml itself), got 'mine.yaml' @ here/space.yaml, line 2, "
     "column 3: settings.pipeline_space"),
    ("two spaces", "a: {pipeline_space: {x: 1}}\nb: {search_space: {x: 1}}\n", "a space must stand once in a "
     "file, got a.pipeline_space and b.search_space @ here/space.yaml, line 2, column 5: b.search_space"),
    ("a number of base 60", "x: 1" + ":1" * 300_000, "a value must be what its form or its tag says, got "
     "'1" + ":1" * 23 + "..." + ":1" * 24 + "' @ here/space.yaml, line 1, column 4"),
    ("a long hexadecimal number", "x: 0x" + "f" * 300_000, "a value must be what its form or its tag says, "
     "got '0x" + "f" * 45 + "..." + "f" * 48 + "' @ here/space.yaml, line 1, column 4"),
    ("many parameters", "".join(f"x{i}: 1\n" for i in range(10_001)), "a space must have at most 10,000 "
     "parameters, got 10,001 @ here/space.yaml, line 1, column 1"),
    ("many misspelt keys", "x: {" + ", ".join(f"lowe{i}: 1" for i in range(10_000)) + "}", "a parameter must "
     "have lower and upper, choices, or value (is it lower?), got 'lowe0', 'lowe1', 'lowe2', 'lowe3', "
     "'lowe4', 'lowe5' @ here/space.yaml, line 1, column 1: x"),
    ("what only 0.11 let pass, in a file that it did not read", "x: {choices: [a, b], default: c}\n",
     "default must be one of the choices, got 'c', choices=['a', 'b'] @ here/space.yaml, line 1, column 22: "
     "x.default"),
    ("wrong types", "search_space:\n  lr:\n    type: int\n    lower: 0.1\n    upper: 1.0\n  n:\n    type: "
     "cat\n"
     "    choises: [1, 2]\n", "lower and upper must be whole numbers where type is an integer, got lower: "
     "0.1, upper: "
     "1.0 @ here/space.yaml, line 2, column 3: lr\n"
     "choices must be given, got type: cat, choises: [1, 2] @ here/space.yaml, line 6, column 3: n\n"
     "the keys must be among type, choices, prior, prior_confidence, default, default_confidence (is it "
     "choices?), "
     "got 'choises' @ here/space.yaml, line 8, column 5: n.choises"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [b[1:] for b in BAD_FILES], ids=[b[0] for b in BAD_FILES])
def test_a_bad_file_is_refused_soon_and_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    started = time.perf_counter()
    said = refused_text(tmp_path, text)
    if message.startswith("the file must be YAML"):  # in the words of the YAML library
        assert said.partition(", got ")[0] == message.partition(", got ")[0]
        assert said.partition(", line ")[1:] == message.partition(", line ")[1:]
    else:
        assert said == message
    assert time.perf_counter() - started < 3


def test_a_date_is_no_parameter(tmp_path: Path) -> None:
    assert refused_text(tmp_path, "x: 2020-01-01\n") == (
        "a parameter must be a mapping, a list, a tuple, a number or a text, got datetime.date(2020, 1, "
        "1) of type "
        "date @ here/space.yaml, line 1, column 1: x"
    )


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_bytes(b"x: \xff\n")
    assert refused(path) == f"the file must be text in UTF-8, got byte 0xff @ {path}, line 1, column 4"
    path.write_bytes(b"x: \x00\n")
    assert refused(path) == f"the file must be YAML, got the character '\\x00' @ {path}, line 1, column 4"


def test_files_that_are_none(tmp_path: Path) -> None:
    """Of what can't be opened the place is the path: a StoreError."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "circle.yaml").symlink_to(tmp_path / "circle.yaml")
    expected = {
        tmp_path / "none.yaml": "path must be a file, got nothing there",
        tmp_path / "pipe.yaml": "path must be a file, got something else",
        tmp_path
        / "folder.yaml": "path must be a file; load_pipeline_space reads the root directory of a run, "
        "got a directory",
        tmp_path / "circle.yaml": "the file must be readable, got Too many levels of symbolic links",
        Path("a" * 5000 + ".yaml"): "the file must be readable, got File name too long",
        Path("~no_such_user/space.yaml"): "path must be a file, got nothing there",
    }
    for path, message in expected.items():
        for given in (path, str(path)):
            with pytest.raises(neps.StoreError) as caught:
                neps.from_legacy(given)
            assert str(caught.value) == f"{message} @ {path}"
    assert refused(tmp_path).startswith(
        "a file of a space must end in .yaml, .yml, .json, .pcs, got no ending"
    )


BAD_JSON = [
    ("", "the file must be JSON, got an empty file @ here, line 1, column 1"),
    ('{"x":\n [1, 8', "the file must be JSON, got Expecting ',' delimiter; the file may be cut short @ here, "
     "line 2, column 7"),
    ("{}", "a space must have a parameter, got none @ here, line 1, column 1"),
    ('{\n"x": {"lower": 1}}', "upper must be given, got lower: 1 @ here, line 2, column 6: x"),
    ('{"x": ' + "[" * 401 + "]" * 401 + "}", "a file must nest at most 400 levels deep, got more @ here, "
     "line 1, column 406"),
    ('{"x": [' + "0, " * 200_001 + "0]}", "a space must hold at most 200,000 values, got more @ here, "
     "line 1, column 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD_JSON, ids=[m for _, m in BAD_JSON])
def test_bad_json_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    path.write_text(text, encoding="utf-8")
    assert refused(path).replace(str(path), "here") == message


def nested(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


HUGE = 10**5000
HOSTILE: list[tuple[Any, str]] = [
    ({"x": {"value": nested(100_000)}}, "a space must nest at most 400 levels deep, got more @ the space"),
    ({"x": (1, HUGE)}, "two bounds must be finite, got a tuple too long to show @ x"),
    ({"x": {"lower": 1, "upper": HUGE}}, "upper must be a finite number, got a int too long to show "
     "@ x.upper"),
    ({HUGE: 1}, "the name of a parameter must be a text (YAML reads yes, no, on, off and numbers as such: "
     "quote them), got a int too long to show @ a int too long to show"),
    ({"y" * 500: (3, 1)}, "lower < upper must hold, got lower=3, upper=1 "
     "@ '" + "y" * 47 + "..." + "y" * 48 + "'"),
]  # fmt: skip


@pytest.mark.parametrize(("thing", "message"), HOSTILE, ids=[m[:60] for _, m in HOSTILE])
def test_hostile_mappings(thing: Any, message: str) -> None:
    assert refused(thing) == message


def test_a_huge_integer_is_a_constant_and_a_choice() -> None:
    space = neps.from_legacy({"x": HUGE, "y": {"choices": [1, HUGE]}})
    assert space.sample(0)[1]["x"] == HUGE
