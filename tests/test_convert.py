"""`convert`: every form, the laws of going there and back, the open registry, the command."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from making import space
from strategies import TRUST
from test_laws import DEPTH, WHOLE_LANGUAGE, Grammar, Net

import neps_cs as neps
from neps_cs.cli import main
from neps_cs_converters.convert import formats, read


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


def test_yaml_of_the_space_alone(tmp_path: Path) -> None:
    """The key of neps_cs without ConfigSpace's part, as in JSON."""
    document = yaml.safe_load(neps.convert(Flat(), "yaml"))
    path = tmp_path / "space.yml"
    path.write_text(yaml.safe_dump({"neps_cs": document["neps_cs"]}), encoding="utf-8")
    assert neps.equal(neps.convert(path, "space"), Flat())


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


def test_the_command_replaces_a_file_only_if_asked(tmp_path: Path) -> None:
    """Its own input above all."""
    file = tmp_path / "old.json"
    text = '{"hyperparameters": [{"name": "a", "type": "uniform_int", "lower": 30, "upper": 300, "q": 1}]}'
    file.write_text(text, encoding="utf-8")
    arguments = ["convert", str(file), "--to", "json", "--output", str(file)]
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 1
    assert f"--output must be a new file, unless --overwrite is given, got {file}" in refused.output
    assert file.read_text(encoding="utf-8") == text
    assert CliRunner().invoke(main, [*arguments, "--overwrite"]).exit_code == 0
    assert repr(neps.load_space(file).attributes["a"]) == "Integer(30, 300)"  # q=1 is no step


def test_python_source_is_the_same_in_every_process() -> None:
    """Sets print sorted, and what is left at its default not at all."""
    configspace = CS.ConfigurationSpace({name: [(1, 2), (3, 4)] for name in "fbdace"}, meta={})
    source = neps.convert(configspace, to="python")
    assert "    native=Native(meta={}, values=frozenset(['a', 'b', 'c', 'd', 'e', 'f'])),\n" in source
    assert neps.to_configspace(executed(source)).configspace == configspace


def test_a_form_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna.distributions", None)
    assert refused(space(x=neps.Float(0, 1)), "optuna").startswith(
        "the package of the form must be installed (pip install 'neps_cs[optuna]'), got "
    )
