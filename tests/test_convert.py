"""`convert`: every form, the laws of going there and back, the open registry, the command."""

from __future__ import annotations

import collections
import enum
import functools
import importlib.util
import json
import keyword
import logging
import math
import random
import tempfile
import types
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from making import space
from strategies import TRUST, gather, spaces
from strategies_forbidden import with_clauses
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


class Opt(enum.Enum):
    ADAM = 1


# Python


@given(WHOLE_LANGUAGE)
def test_python_source_makes_the_space(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(
    [*keyword.kwlist, *keyword.softkwlist, "__x", "__init__", "Float", "shared_1", "pipeline_space", "self",
     "len", "gather", "sample", "\n", "'", '"""', "\\", "ﬁ", "\u2028", "');import os;('"]
)  # fmt: skip


@given(st.dictionaries(NAMES, st.integers(0, 4), min_size=1, max_size=5), NAMES)
def test_python_source_holds_any_names(names: dict[str, int], name: str) -> None:
    shared = neps.Float(0, 1)
    values = (
        shared,
        neps.Operation(gather, (shared, len)),
        neps.Categorical((*names, 1)),
        print,
        float("inf"),
    )
    try:
        made = neps.PipelineSpace.from_attributes({n: values[i] for n, i in names.items()}, name=name)
    except neps.SpaceError:
        return  # a name that no space has
    text = neps.convert(made, "python")
    assert neps.equal(executed(text), made)
    assert neps.convert(executed(text), "python") == text


@given(with_clauses(spaces()))
def test_python_source_holds_clauses(made: neps.PipelineSpace) -> None:
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

    @classmethod
    def made(cls) -> Outer:
        return cls()

    class math:
        pass

    class Inner:
        pass


def test_python_source_of_nested_names() -> None:
    made = space(a=neps.Operation(Outer.Inner))
    text = neps.convert(made, "python")
    assert "Inner = Outer.Inner\n" in text
    assert neps.equal(executed(text), made)


def Float() -> None: ...


def test_objects_without_source_are_refused() -> None:
    made = space(a=neps.Categorical((lambda: 1, object(), len)), b=neps.Operation(Float))
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
    made = space(a=neps.Categorical((Outer.math, math)))
    assert refused(made, "python") == (
        "objects must have names of their own to be written as Python, got test_convert:Outer.math and math "
        "@ Space"
    )


@pytest.mark.parametrize(
    "value",
    [Outer().inner, list[int], types.ModuleType("not_there"), random.SystemRandom().random, "a".upper],
)
def test_objects_that_are_not_where_their_names_say_are_refused(value: Any) -> None:
    """A bound method is not the function of its class, nor is list[int] list."""
    assert "must have import paths to be written as Python" in refused(space(a=neps.Lazy(value)), "python")


def test_methods_of_modules_are_where_they_are_found() -> None:
    """numpy.random.normal is a method of an instance in its module."""
    made = space(a=neps.Operation(np.random.normal), b=neps.Operation(Outer.made))
    text = neps.convert(made, "python")
    assert "from numpy.random import normal\n" in text
    assert executed(text).attributes["a"].operator == np.random.normal
    assert executed(text).attributes["b"].operator == Outer.made


class Flags(enum.Flag):
    A, B, C = 1, 2, 4


Odd = enum.Enum("Odd", {"a b": 1, "class": 2})  # type: ignore[misc]


def test_python_source_of_odd_enumerations_and_partials() -> None:
    made = space(
        a=neps.Categorical((Flags.A | Flags.C, Flags.B, Odd["a b"], Odd["class"])),
        b=functools.partial(gather, 1, **{"class": 2, "a b": [3]}),
    )
    text = neps.convert(made, "python")
    assert "(Flags(5), Flags.B, Odd['a b'], Odd['class'])" in text
    assert "functools.partial(gather, 1, **{'class': 2, 'a b': [3]})" in text
    assert neps.equal(executed(text), made)


class __Private: ...


def test_names_that_a_class_would_take_for_its_own() -> None:
    made = space(a=neps.Operation(__Private))
    text = neps.convert(made, "python")
    assert "class Space" not in text
    assert neps.equal(executed(text), made)


def test_deep_structures_are_written_in_parts() -> None:
    value: Any = neps.Float(0, 1)
    for _ in range(300):
        value = neps.Operation("f", (value,))
    text = neps.convert(space(deep=value), "python")
    assert neps.equal(executed(text), space(deep=value))
    rows: Any = []
    for _ in range(150):
        rows = [rows, {"k": 1}]
    text = neps.convert(space(rows=rows), "python")
    assert neps.equal(executed(text), space(rows=rows))
    for _ in range(100):
        rows = [rows]
    assert refused(space(rows=rows), "python").startswith(
        "the values of a space must nest less deeply to be written as Python, got too many nested parentheses"
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
