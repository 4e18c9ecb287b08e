"""Worlds that packages add to `convert`, and the command `neps-cs convert`."""

from __future__ import annotations

import collections
import errno
import json
import logging
import os
import subprocess
import sys
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
    named = "the entry point strange = test_convert_registry:METADATA can't be loaded: it must name a World"
    assert [message.startswith(named) for message in caplog.messages] == [False, True]  # each once


def raising(*_: object) -> Any:
    raise KeyError("deep inside")


BAD = World(
    "bad",
    {"raises": Format(raising), "number": Format(lambda s, _: Converted(3)),
     "bare": Format(lambda s, _: "text")},  # type: ignore[arg-type,return-value]
    lambda thing: raising() if isinstance(thing, int) else isinstance(thing, Words),
    raising,
)  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "to", "message"),
    [
        (Flat(), "raises", "the world bad must write raises, got KeyError: 'deep inside' @ convert"),
        (Flat(), "number", "the world bad must write number as a text, got int @ convert"),
        (Flat(), "bare", "the world bad must write bare and return a Converted, got str @ convert"),
        (Words(), "json", "the world bad must read what it accepts, got KeyError: 'deep inside' @ convert"),
    ],
)
def test_what_a_world_does_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thing: Any, to: str, message: str
) -> None:
    install(tmp_path, "bad = test_convert_registry:BAD")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert refused(thing, to) == message


def test_a_world_that_fails_to_accept_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, "bad = test_convert_registry:BAD")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(neps.FormatError, match=r"^an old space must be a mapping"):
        neps.convert(3, "json")
    assert caplog.messages == ["the world bad can't say whether it reads this: KeyError: 'deep inside'"]


PACKAGE = """
from neps_cs import Float, PipelineSpace
from neps_cs_converters.convert import Converted, Format, Read, World

class Names(list): pass

def read(names):
    return Read(PipelineSpace.from_attributes({n: Float(0, 1) for n in names}), "names")

def write(space, max_depth):
    return Converted("|".join(space.attributes))

WORLD = World("names", {"names": Format(write)}, lambda thing: isinstance(thing, Names), read)
"""
USE = """
import neps_cs, names_for_neps_cs
print(neps_cs.convert(names_for_neps_cs.Names(["a", "b"]), "names"))
"""


def test_a_real_package_beside_broken_ones(tmp_path: Path) -> None:
    """In processes of their own: `convert`, the command as `python -m neps_cs`, its help."""
    (tmp_path / "names_for_neps_cs.py").write_text(PACKAGE, encoding="utf-8")
    (tmp_path / "leaves.py").write_text("import sys; sys.exit('gone')", encoding="utf-8")
    (tmp_path / "space.yaml").write_text("x: {lower: 1, upper: 3}\n", encoding="utf-8")
    install(tmp_path, "gone = no_such_module:WORLD\nleaves = leaves:WORLD\nnames = names_for_neps_cs:WORLD")

    def python(*args: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join([str(tmp_path), *sys.path])
        return subprocess.run(
            [sys.executable, *args], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths},
            capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip

    assert python("-c", USE).stdout == "a|b\n"
    command = python("-m", "neps_cs", "convert", "space.yaml", "--to", "names")
    assert command.stdout == "x"
    assert "the entry point leaves = leaves:WORLD can't be loaded: gone" in command.stderr
    assert python("-m", "neps_cs", "convert", "space.yaml", "--to", "json").stderr == ""
    shown = python("-m", "neps_cs", "convert", "--help").stdout
    assert shown.startswith("Usage: neps-cs convert")
    assert "json, yaml, python, pcs, pcs-new, neps-yaml, names" in shown


# the command


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(args), input=stdin)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("yaml", "x: [1, 10]\r\n"), ("pcs", "x integer [1, 10] [1]\r\n"), ("JSON", '{"x": [1, 10]}')],
)
def test_the_command_reads_the_standard_input(kind: str, text: str, tmp_path: Path) -> None:
    result = run("convert", "-", "--from", kind, "--to", "python", stdin=text)
    assert result.exit_code == 0, result.output
    assert "x = Integer(1, 10" in result.stdout
    assert ("standard input, line" in result.stderr) == (kind != "pcs")  # where a list is taken for bounds
    path = tmp_path / "space.txt"  # and files whose ending says nothing
    path.write_text(text, encoding="utf-8")
    assert run("convert", str(path), "--from", kind, "--to", "python").stdout == result.stdout


def test_errors_of_the_standard_input_name_it(tmp_path: Path) -> None:
    for args, text, message in [
        ((), "x: [1, 10]", "--from must say what the standard input is: json, yaml or pcs"),
        (("--from", "json"), '{"x": ', "the file must be JSON, got Expecting value; the "
         "file may be cut short @ standard input, line 1, column 7"),
        (("--from", "pcs"), "", "the file must define a parameter, got none @ standard input, "
         "line 1, column 1"),
        (("--from", "yaml"), "a" * 2_000_000, "size <= 1048576 bytes must hold, got more @ standard input"),
        (("--from", "yaml"), b"\xff", "the file must be text in UTF-8, got byte 0xff @ standard input, "
         "line 1, column 1"),
    ]:  # fmt: skip
        result = run("convert", "-", *args, "--to", "json", stdin=text)
        assert (result.exit_code, result.stderr) == (1, f"Error: {message}\n")
    result = run("convert", str(tmp_path / "no.txt"), "--from", "yaml", "--to", "json")
    assert result.stderr == f"Error: {tmp_path / 'no.txt'} can't be read: No such file or directory\n"


def test_what_is_printed_is_utf8_everywhere() -> None:
    result = CliRunner(charset="cp1252").invoke(
        main, ["convert", "-", "--from", "yaml", "--to", "python"], input='é☃: {choices: ["ä", "☃"]}'.encode()
    )
    assert result.exit_code == 0
    assert "'é☃': Categorical(('ä', '☃'))" in result.stdout_bytes.decode("utf-8")


def test_an_output_that_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("click.echo", lambda text, **k: full() if isinstance(text, bytes) else print(text))  # noqa: T201
    result = run("convert", "-", "--from", "yaml", "--to", "json", stdin="x: {lower: 1, upper: 3}")
    assert result.exit_code == 1
    assert "the output can't be written: No space left on device" in result.output


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
        ((str(path), "--to", "space"), f"to must be a text, one of {', '.join(formats(texts=True))}, "
         f"got 'space' @ convert"),
        ((str(path), "--to", "YML"), f"to must be a text, one of {', '.join(formats(texts=True))} "
         f"(is it yaml?), got 'YML' @ convert"),
    ]:  # fmt: skip
        result = run("convert", *args)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {message}")
    path.write_text("x: {lower: 1, upper: 3}\n", encoding="utf-8")
    result = run("convert", str(path), "--to", "json", "--output", str(tmp_path / "none" / "x.json"))
    assert result.exit_code == 1
    assert "can't be written: No such file or directory" in result.stderr
