"""Worlds that packages add to `convert`, and the command `neps-cs convert`."""

from __future__ import annotations

import collections
import json
import logging
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from making import space
from test_convert import Flat, executed, refused
from test_laws import Grammar

import neps_cs as neps
from neps_cs.cli import main
from neps_cs_converters.convert import Converted, Format, Note, Notes, Read, World, formats


def words_of(made: neps.PipelineSpace, max_depth: int | None) -> Converted:
    text = " ".join(made.attributes)
    return Converted(text, Notes((Note("words", "domains", "nothing"),)))


def read_words(thing: Any) -> Read:
    return Read(space(**dict.fromkeys(thing.words, neps.Float(0, 1))), "words")


class Words:
    words = ("a", "b")


WORLD = World(
    "words",
    {"words": Format(words_of), "count": Format(lambda s, _: Converted(len(s.attributes)), is_text=False),
     "json": Format(words_of), "space": Format(words_of)},
    lambda thing: isinstance(thing, Words),
    read_words,
)  # fmt: skip

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def install(folder: Path, entries: str) -> None:
    """A package with entry points, as pip would leave it."""
    info = folder / "words-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(name="words"), encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[neps_cs.worlds]\n{entries}\n", encoding="utf-8")


def test_a_package_adds_a_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "words = test_convert_registry:WORLD")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [e.name for e in metadata.entry_points(group="neps_cs.worlds") if e.name == "words"] == ["words"]
    assert {"words", "count"} <= set(formats())
    assert not {"count", "space"} & set(formats(texts=True))
    assert neps.convert(Flat(), "words").startswith("lr n opt")
    assert neps.convert(Words(), "count") == 2
    assert neps.convert(Words(), "json") == neps.convert(read_words(Words()).space, "json")  # ours stays ours
    path = tmp_path / "old.yaml"
    path.write_text("x: {lower: 1, upper: 3}\n", encoding="utf-8")
    result = run("convert", str(path), "--to", "words")
    assert result.exit_code == 0
    assert result.stdout == "x"
    assert "domains" in result.stderr


def test_a_broken_package_is_named_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, "broken = test_gone:WORLD\nstrange = test_convert_registry:METADATA")
    monkeypatch.syspath_prepend(str(tmp_path))
    neps.convert(Flat(), "json")
    assert not caplog.messages
    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        refused(Flat(), "words")
    assert (
        "the entry point broken = test_gone:WORLD can't be loaded: No module named "
        "'test_gone'" in caplog.messages
    )
    assert any(
        "strange = test_convert_registry:METADATA must name a World" in message for message in caplog.messages
    )


# the command


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_the_command_prints_the_new_form_and_notes_apart(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("x: [1, 10]\n", encoding="utf-8")
    result = run("convert", str(path), "--to", "python")
    assert result.exit_code == 0
    assert repr(executed(result.stdout).attributes["x"]) == "Integer(1, 10)"
    assert "the list [1, 10]" in result.stderr


def test_the_command_writes_a_file_and_imports_nothing(tmp_path: Path) -> None:
    neps.save_space(space(layer=neps.Operation(collections.Counter)), tmp_path / "space.json")
    output = tmp_path / "space.py"
    result = run("convert", str(tmp_path / "space.json"), "--to", "python", "--output", str(output))
    assert (result.exit_code, result.stdout) == (0, "")
    assert output.read_text(encoding="utf-8").startswith("from collections import Counter\n")
    again = tmp_path / "again.json"
    assert run("convert", str(tmp_path / "space.json"), "--to", "json", "--output", str(again)).exit_code == 0
    assert again.read_bytes() == (tmp_path / "space.json").read_bytes()


def test_the_command_bounds_recursion(tmp_path: Path) -> None:
    neps.save_space(Grammar(), tmp_path / "space.json")
    result = run("convert", str(tmp_path / "space.json"), "--to", "json", "--max-depth", "2")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["neps_cs"]["max_depth"] == 2


def test_the_command_reports_errors_as_text(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("x: {lower: 3, upper: 1}\n", encoding="utf-8")
    for args, message in [
        ((str(path), "--to", "json"), f"lower < upper must hold, got lower=3, upper=1 @ {path}, line 1, "
         f"column 1: x"),
        ((str(tmp_path / "no.yaml"), "--to", "json"), f"path must be a file, got nothing there @ "
         f"{tmp_path / 'no.yaml'}"),
        ((str(path), "--to", "space"), f"--to must be a text: one of {', '.join(formats(texts=True))}, "
         f"got 'space'"),
        ((str(path), "--to", "yml"), f"to must be one of {', '.join(formats())}"),
    ]:  # fmt: skip
        result = run("convert", *args)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {message}")
    path.write_text("x: {lower: 1, upper: 3}\n", encoding="utf-8")
    result = run("convert", str(path), "--to", "json", "--output", str(tmp_path / "none" / "x.json"))
    assert result.exit_code == 1
    assert "can't be written: No such file or directory" in result.stderr
