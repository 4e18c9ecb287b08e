"""`convert`: every form, the laws of going there and back, the open registry, the command."""

from __future__ import annotations

import collections
import enum
import functools
import importlib.util
import json
import logging
import math
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from making import space
from strategies import TRUST, flat_spaces, gather
from test_laws import DEPTH, WHOLE_LANGUAGE, Grammar, Net

import neps_cs as neps
from neps_cs.cli import main
from neps_cs_converters.convert import Converted, Format, Note, Notes, Read, World, converted, formats, read


def executed(text: str) -> neps.PipelineSpace:
    """The space of a module."""
    names: dict[str, Any] = {}
    exec(compile(text, "space.py", "exec"), names)
    found = names["pipeline_space"]
    assert isinstance(found, neps.PipelineSpace)
    return found


def refused(thing: Any, to: str) -> str:
    with pytest.raises(neps.ConversionError) as caught:
        neps.convert(thing, to)
    return str(caught.value)


class Flat(neps.PipelineSpace):
    lr = neps.Float(1e-5, 1e-1, log=True, prior=1e-3, prior_confidence="high")
    n = neps.Integer(0, 9, prior=0)
    opt = neps.Categorical(("adam", "sgd", 1, True), prior=1, prior_confidence="medium")
    epochs = neps.IntegerFidelity(1, 50, log=True)
    name = "1e3"
    sizes = [1, {"a": None}]  # noqa: RUF012
    nothing = None


class Opt(enum.Enum):
    ADAM = 1


# Python


@given(WHOLE_LANGUAGE)
def test_python_source_makes_the_space(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


@pytest.mark.parametrize("made", [Net(), Grammar(), Flat()], ids=["Net", "Grammar", "Flat"])
def test_python_source_makes_the_space_plain(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


def test_python_source_of_a_class() -> None:
    assert neps.convert(
        space(layer=neps.Operation(collections.Counter, kwargs={"a": neps.Integer(1, 3)})), "python"
    ) == (
        """from collections import Counter
from neps_cs import Integer, Operation, PipelineSpace


class Space(PipelineSpace):
    layer = Operation(Counter, kwargs={'a': Integer(1, 3)})


pipeline_space = Space()
"""
    )


def test_python_source_of_conditions() -> None:
    made = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1), "c": neps.Categorical(("a", "b"))}, conditions={"x": neps.Equals("c", "a")}
    )
    text = neps.convert(made, "python")
    assert text == (
        """from neps_cs import Categorical, Equals, Float, PipelineSpace


pipeline_space = PipelineSpace.from_attributes(
    {
        'x': Float(0.0, 1.0),
        'c': Categorical(('a', 'b')),
    },
    conditions={
        'x': Equals('c', 'a'),
    },
    name='Space',
)
"""
    )
    assert neps.equal(executed(text), made)


def test_python_source_of_all_kinds_of_objects() -> None:
    made = space(
        a=neps.Categorical((math.sqrt, json, functools.partial(gather, 1, k=Opt.ADAM), dict, float("inf"))),
        b=Opt.ADAM,
    )
    text = neps.convert(made, "python")
    assert text.splitlines()[:3] == ["import functools", "import json", "from math import sqrt"]
    assert neps.equal(executed(text), made)


class Outer:
    def inner(self) -> None: ...

    class Inner:
        pass


def test_python_source_of_nested_names() -> None:
    made = space(a=neps.Operation(Outer.Inner))
    text = neps.convert(made, "python")
    assert "Inner = Outer.Inner\n" in text
    assert neps.equal(executed(text), made)


def float_like() -> None: ...


float_like.__name__ = float_like.__qualname__ = "Float"


def test_objects_without_source_are_refused() -> None:
    made = space(a=neps.Categorical((lambda: 1, object(), len)), b=neps.Operation(float_like))
    lines = refused(made, "python").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "functions and classes must have import paths to be written as Python, got <function"
    )
    assert lines[1] == (
        "the objects of a space must have import paths to be written as Python, got '<object object>' of "
        "type "
        "object @ Space"
    )
    assert lines[2] == (
        "objects must not have names that the source of a space uses itself, got test_convert:Float @ Space"
    )


def test_two_objects_of_one_name_are_refused() -> None:
    made = space(a=neps.Categorical((math.sqrt, __import__("cmath").sqrt)))
    assert refused(made, "python") == (
        "objects must have names of their own to be written as Python, got math:sqrt and cmath:sqrt @ Space"
    )


# JSON and YAML


@given(WHOLE_LANGUAGE)
def test_json_and_yaml_hold_the_whole_space(made: neps.PipelineSpace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for form in ("json", "yaml"):
            path = Path(folder) / f"space.{form}"
            path.write_text(neps.convert(made, form, max_depth=DEPTH), encoding="utf-8")
            assert neps.equal(read(path, trust=TRUST).space, made)


def test_configspace_reads_its_part() -> None:
    translation = neps.to_configspace(Net(), max_depth=DEPTH)
    document = yaml.safe_load(neps.convert(Net(), "yaml", max_depth=DEPTH))
    assert CS.ConfigurationSpace.from_serialized_dict(document) == translation.configspace
    document = json.loads(neps.convert(Net(), "json", max_depth=DEPTH))
    assert CS.ConfigurationSpace.from_serialized_dict(document) == translation.configspace


def test_json_is_what_save_space_writes(tmp_path: Path) -> None:
    neps.save_space(Net(), tmp_path / "net.json")
    assert (tmp_path / "net.json").read_text(encoding="utf-8") == neps.convert(Net(), "json")


def test_yaml_of_a_large_space_is_refused() -> None:
    message = refused(space(x=neps.Float(0, 1), text="a" * 1_100_000), "yaml")
    assert message.startswith(
        "a file of YAML must have at most 1048576 characters (to='json' takes more), got "
    )


def test_yaml_of_text_that_is_no_unicode_is_refused() -> None:
    made = space(x=neps.Categorical(("a", "\ud800")))
    assert refused(made, "yaml") == (
        "texts must be Unicode to be written as YAML (to='json' takes others), got '\\ud800' @ convert"
    )


# NePS YAML


def says_all(made: neps.PipelineSpace) -> bool:
    return not converted(made, "neps-yaml")[1].notes


@given(flat_spaces())
def test_neps_yaml_comes_back(made: neps.PipelineSpace) -> None:
    try:
        text = neps.convert(made, "neps-yaml")
    except neps.ConversionError:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "space.yaml"
        path.write_text(text, encoding="utf-8")
        back = neps.from_legacy(path)
    if says_all(made):
        assert neps.equal(back, made)
    assert neps.convert(back, "neps-yaml") == text


NEPS_YAML = """\
lr:
  type: float
  lower: 1.0e-05
  upper: 0.1
  log: true
  prior: 0.001
  prior_confidence: high
n:
  type: int
  lower: 0
  upper: 9
  prior: 0
  prior_confidence: low
opt:
  choices:
  - adam
  - sgd
  - 1
  prior: sgd
  prior_confidence: medium
epochs:
  type: int
  lower: 1
  upper: 50
  log: true
  is_fidelity: true
name:
  value: 1e3
sizes:
  value:
  - 1
  - a: null
nothing: null
"""


class FlatNeps(Flat):
    opt = neps.Categorical(("adam", "sgd", 1), prior=1, prior_confidence="medium")


def test_neps_yaml_comes_back_plain(tmp_path: Path) -> None:
    text = neps.convert(FlatNeps(), "neps-yaml")
    assert yaml.safe_load(text) == yaml.safe_load(NEPS_YAML)
    path = tmp_path / "space.yaml"
    path.write_text(text, encoding="utf-8")
    assert neps.equal(neps.from_legacy(path), FlatNeps())


@pytest.mark.peer
def test_the_real_package_reads_neps_yaml() -> None:
    parsing = pytest.importorskip("neps.space.parsing")
    found = parsing.convert_mapping(yaml.safe_load(neps.convert(FlatNeps(), "neps-yaml")))
    lr, opt = found["lr"], found["opt"]
    assert (lr.lower, lr.upper, lr.log, lr.prior, lr.prior_confidence) == (1e-5, 0.1, True, 1e-3, "high")
    assert (opt.choices, opt.prior) == (["adam", "sgd", 1], "sgd")
    assert list(found.fidelities) == ["epochs"]
    assert found.constants == {"name": "1e3", "sizes": [1, {"a": None}], "nothing": None}
    back = neps.from_legacy(found).attributes  # NePS sorts names
    assert {n: repr(v) for n, v in back.items()} == {n: repr(v) for n, v in FlatNeps().attributes.items()}


def test_what_neps_yaml_can_not_say_is_refused_at_once() -> None:
    made = neps.PipelineSpace.from_attributes(
        {
            "op": neps.Operation("conv"),
            "step": neps.Float(0, 1, step=0.5),
            "one": neps.Integer(1, 1),
            "normal": neps.Float(0, 1, prior=neps.Normal(0.5, 0.1)),
            "weights": neps.Categorical(("a", "b"), prior=neps.Weights((1, 2))),
            "order": neps.Ordinal((1, 2)),
            "choice": neps.Categorical((None, "1e3", "a")),
            "equal": neps.Categorical((1, True)),
            "alone": neps.Categorical(("a",)),
            "low": neps.FloatFidelity(-1, 1),
            "other": neps.IntegerFidelity(1, 3),
            "constant": (1, 2),
            "_hidden": 3,
        },
        conditions={"step": neps.Equals("order", 1)},
        forbidden=(neps.Equals("equal", 1),),
    )
    assert refused(made, "neps-yaml").splitlines() == [
        "a NePS YAML space must have no conditions, got a condition @ step",
        "a NePS YAML space must have no forbidden clauses, got 1 of them @ Space",
        "every attribute must be passed to evaluate_pipeline: NePS YAML knows no other, got an "
        "intermediate one "
        "@ _hidden",
        "there must be at most one fidelity, got low, other @ Space",
        "every attribute must be a number, a Categorical, a fidelity or a constant, got a Operation @ op",
        "a number must have no step, got step=0.5 @ step",
        "lower < upper must hold, got lower=1, upper=1 @ one",
        "a prior must be a point, got Normal(mean=0.5, deviation=0.1) @ normal",
        "a prior must be one of the choices, got Weights(values=(1.0, 2.0)) @ weights",
        "choices must have no order, got an Ordinal @ order",
        "a choice must be a number, a text, true or false, got None @ choice",
        "a choice must not be a text that NePS reads as a number, got '1e3' @ choice",
        "choices must differ by more than their type, got [1, True] @ equal",
        "there must be two choices or more, got ['a'] @ alone",
        "lower >= 0 must hold for a fidelity, got lower=-1.0 @ low",
        "a constant must be null, a number, a text, true or false, or lists and mappings of those, got "
        "(1, 2) @ "
        "constant",
    ]


def test_what_neps_yaml_leaves_out_is_noted() -> None:
    made = space(x=neps.Float(1, 8, log=True, log_base=2, default=2, meta={"unit": "s"}))
    notes = converted(made, "neps-yaml")[1].notes
    assert [(n.place, n.found) for n in notes] == [("x", "log_base=2.0"), ("x", "default=2.0"), ("x", "meta")]


# other things, other forms


def test_configurationspaces_both_ways() -> None:
    cs = CS.ConfigurationSpace({"x": (0.0, 1.0), "c": ["a", "b"]})
    made = neps.convert(cs, "space")
    assert neps.convert(made, "configspace") == cs
    assert neps.equal(executed(neps.convert(cs, "python")), made)
    assert neps.convert(made, "space") is made


def test_legacy_things_and_their_notes(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("x: [1, 10]\n", encoding="utf-8")
    for thing in (path, str(path), {"x": [1, 10]}):
        with caplog.at_level(logging.WARNING, logger="neps_cs"):
            assert repr(neps.convert(thing, to="space").attributes["x"]) == "Integer(1, 10)"
        assert ["the list [1, 10]" in message for message in caplog.messages] == [True]
        caplog.clear()


def test_a_recursive_space_needs_its_bound() -> None:
    with pytest.raises(neps.ConversionError, match="max_depth"):
        neps.convert(Grammar(), "configspace")
    assert isinstance(neps.convert(Grammar(), "configspace", max_depth=2), CS.ConfigurationSpace)


def test_wrong_arguments() -> None:
    assert refused(Flat(), "jsom") == (
        f"to must be one of {', '.join(formats())} (is it json?), got 'jsom' @ convert"
    )
    assert refused(Flat(), None) == f"to must be one of {', '.join(formats())}, got None @ convert"  # type: ignore[arg-type]
    with pytest.raises(
        neps.FormatError,
        match=r"^a space must be made, got the class Flat, not Flat\(\) "
        "@ convert$",
    ):
        neps.convert(Flat, "json")
    with pytest.raises(neps.FormatError, match=r"^an old space must be a mapping"):
        neps.convert(3, "json")
    with pytest.raises(neps.SpaceError, match="max_depth"):
        neps.convert(Flat(), "json", max_depth=0)


@pytest.mark.skipif(
    importlib.util.find_spec("neps_cs_converters.legacy.pcs") is None, reason="there is no module for .pcs"
)
@pytest.mark.parametrize("form", ["pcs", "pcs-new"])
def test_pcs_both_ways(form: str, tmp_path: Path) -> None:
    made = space(x=neps.Float(0, 1), n=neps.Integer(1, 64, log=True), c=neps.Categorical(("a", "b")))
    path = tmp_path / "space.pcs"
    path.write_text(neps.convert(made, form), encoding="utf-8")
    back = read(path).space
    assert {n: type(v) for n, v in back.attributes.items()} == {
        n: type(v) for n, v in made.attributes.items()
    }
    flat = neps.convert(space(op=neps.Operation("conv", kwargs={"k": neps.Integer(1, 5)})), form)
    assert "op:k" in flat


# the registry


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
     "json": Format(words_of)},
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
    install(tmp_path, "words = test_convert:WORLD")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [e.name for e in metadata.entry_points(group="neps_cs.worlds") if e.name == "words"] == ["words"]
    assert {"words", "count"} <= set(formats())
    assert "count" not in formats(texts=True)
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
    install(tmp_path, "broken = test_convert_gone:WORLD\nstrange = test_convert:METADATA")
    monkeypatch.syspath_prepend(str(tmp_path))
    neps.convert(Flat(), "json")
    assert not caplog.messages
    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        refused(Flat(), "words")
    assert (
        "the entry point broken = test_convert_gone:WORLD can't be loaded: No module named "
        "'test_convert_gone'" in caplog.messages
    )
    assert any("strange = test_convert:METADATA must name a World" in message for message in caplog.messages)


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
