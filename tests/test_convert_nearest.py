"""`convert(…, nearest=True)`: what comes nearest to what a form can't say, with a note on each change."""

from __future__ import annotations

import logging
import pickle
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from making import space
from nearest_forms import ANY, HINT, LAW, is_sayable, refused, written
from strategies import flat_spaces
from test_convert_registry import install
from test_legacy_pcs_write import bare

import neps_cs as neps
from neps_cs.cli import main
from neps_cs.conditions import Equals, Greater
from neps_cs.errors import ConversionError, FormatError
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs_converters.convert import Converted, Format, Note, Notes, World, converted, read
from neps_cs_converters.convert.flat import is_flat
from neps_cs_converters.legacy.pcs import read as read_pcs

FOLDER = Path(__file__).parents[2] / "shared" / "real_spaces"
FILES = sorted(f for f in FOLDER.glob("*/*") if f.parent.is_dir())


def test_everything_in_neps_yaml(tmp_path: Path) -> None:
    shared = Float(0, 1)
    made = PipelineSpace.from_attributes(
        {
            "step": Float(0, 1, step=0.5, prior=0.5, default=0.5),
            "steps": Integer(0, 5000, step=2),
            "alone": Integer(0, 3, step=5),
            "one": Integer(3, 3),
            "normal": Float(0, 1, prior=neps.Normal(0.5, 0.15)),
            "even": Float(0, 1, prior=neps.Beta(1, 1)),
            "weights": Categorical(("a", "b", "c"), prior=neps.Weights((1, 8, 1))),
            "order": Ordinal((1, 2)),
            "strange": Categorical((None, "1e3", "a", len, 1000.0, float("nan"))),
            "equal": Categorical((1, True, 1.0, "True")),
            "single": Categorical(("a",)),
            "open": Categorical(("a", "b", "c"), prior=2, among=(0, 2)),
            "low": neps.FloatFidelity(-1, 1),
            "epochs": neps.IntegerFidelity(1, 3),
            "other": neps.IntegerFidelity(1, 3),
            "constant": {"a": (1, float("nan"), len)},
            "first": shared,
            "second": shared,
            "_hidden": 3,
        },
        conditions={"steps": Equals("order", 1)},
        forbidden=(Equals("equal", 1),),
    )
    text, notes = written(made, "neps-yaml")
    document = yaml.safe_load(text)
    assert document == {
        "step": {"choices": [0.0, 0.5, 1.0]},
        "steps": {"type": "int", "lower": 0, "upper": 5000},
        "alone": 0,
        "one": 3,
        "normal": {"type": "float", "lower": 0.0, "upper": 1.0, "prior": 0.5, "prior_confidence": "high"},
        "even": {"type": "float", "lower": 0.0, "upper": 1.0},
        "weights": {"choices": ["a", "b", "c"], "prior": "b", "prior_confidence": "high"},
        "order": {"choices": [1, 2]},
        "strange": {"choices": ["None", "1000", "a", "len", 1000.0, "nan"]},
        "equal": {"choices": [1, "True_2", "1.0", "True"]},
        "single": "a",
        "open": {"choices": ["a", "c"], "prior": "c", "prior_confidence": "low"},
        "low": {"type": "float", "lower": -1.0, "upper": 1.0},
        "epochs": {"type": "int", "lower": 1, "upper": 3, "is_fidelity": True},
        "other": {"type": "int", "lower": 1, "upper": 3},
        "constant": {"value": {"a": [1, "nan", "len"]}},
        "first": {"type": "float", "lower": 0.0, "upper": 1.0},
        "second": {"type": "float", "lower": 0.0, "upper": 1.0},
    }
    assert notes == [
        ("step", "step=0.5", "a choice among 3 values, without the prior"),
        ("steps", "step=2", "any value from 0 to 5000"),
        ("alone", "step=5", "the constant 0"),
        ("one", "a range of one point, Integer(3, 3)", "the constant 3"),
        ("normal", "prior=Normal(mean=0.5, deviation=0.15)", "prior=0.5, prior_confidence='high'"),
        ("even", "prior=Beta(alpha=1.0, beta=1.0)", "no prior"),
        ("weights", "prior=Weights(values=(1.0, 8.0, 1.0))", "prior='b', prior_confidence='high'"),
        ("order", "an Ordinal", "a Categorical, which has no order"),
        ("strange", "the choice None", "'None'"),
        ("strange", "the choice '1e3'", "'1000'"),
        ("strange", "the choice <built-in function len>", "'len'"),
        ("strange", "the choice nan", "'nan'"),
        ("equal", "the choice True", "'True_2'"),
        ("equal", "the choice 1.0", "'1.0'"),
        ("single", "a single choice", "the constant 'a'"),
        ("open", "closed choices, among=(0, 2)", "the open ones alone"),
        ("low", "a fidelity from -1.0", "a parameter: fidelities are >= 0"),
        ("other", "a second fidelity", "a parameter: epochs is the one"),
        ("constant", "the constant {'a': (1, nan, <built-in function len>)}", "{'a': [1, 'nan', 'len']}"),
        ("second", "the same object as first", "a parameter of its own"),
        ("_hidden", "an intermediate attribute", "left out"),
        ("steps", "the condition order == 1", "active always"),
        ("equal", "the forbidden clause equal == 1", "not forbidden"),
        ("step", "default=1", "left out: NePS YAML does not have it"),
    ]


def test_structure_has_no_nearest_neps_yaml() -> None:
    made = PipelineSpace.from_attributes(
        {"op": neps.Operation("conv"), "step": Float(0, 1, step=0.5), "n": Integer(Integer(0, 3), 9),
         "inside": (Float(0, 1),), "choice": Categorical((1, Float(0, 1)))},
        forbidden=[Greater("step", 0.7)],
    )  # fmt: skip
    assert refused(made, "neps-yaml", nearest=True) == [
        "every attribute must be a number, a Categorical, a fidelity or a constant, got a Operation @ op",
        "bounds must be numbers, got Integer(Integer(0, 3), 9) @ n",
        "a constant must be null, a number, a text, true or false, or lists and mappings of those, "
        "got (Float(0.0, 1.0),) @ inside",
        "a choice must be a number, a text, true or false, got Float(0.0, 1.0) @ choice",
    ]
    assert HINT not in refused(made, "neps-yaml")


# the rest


def test_a_refusal_that_nearest_would_solve_says_so() -> None:
    made = space(x=Float(0, 1, step=0.5), c=Categorical((1, 2)))
    assert refused(made, "pcs") == [
        "a .pcs file holds no step, got step=0.5 @ x",
        "a choice in a .pcs file must be a text without brackets, quotes and any of , | #, got 1, 2 @ c",
        HINT,
    ]
    assert refused(made, "neps-yaml") == ["a number must have no step, got step=0.5 @ x", HINT]
    with pytest.raises(ConversionError) as caught:
        neps.convert(made, "pcs")
    assert len(caught.value.problems) == 2
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.hint) == (str(caught.value), HINT)
    with pytest.raises(ConversionError, match=r"^nearest must be True or False, got nearest=1 @ convert$"):
        neps.convert(made, "pcs", nearest=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("to", ["neps-yaml", "pcs"])
def test_what_nests_too_deep_is_refused(to: str, nearest: bool) -> None:
    deep: list[Any] = []
    for _ in range(1500):
        deep = [deep]
    made = space(deep=deep, x=Float(0, 1))
    assert refused(made, to, nearest=nearest)[0].startswith(
        "lists and dicts must nest less deep to be written in this form, got maximum recursion depth"
    )


def test_notes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        assert neps.convert(space(x=True, y=Float(0, 1)), "pcs", nearest=True).startswith("x {True} [True]\n")
    assert caplog.messages == ["x: found the constant True, taken as a choice with the one text 'True'"]


def test_the_command_has_nearest(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("x: {lower: 1, upper: 3}\nc: {choices: [1, 2]}\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["convert", str(path), "--to", "pcs"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "--nearest writes what comes nearest, and notes what it changes"
    result = CliRunner().invoke(main, ["convert", str(path), "--to", "pcs", "--nearest"])
    assert result.exit_code == 0
    assert result.stdout == "x [1, 3] [2]i\nc {1, 2} [1]\n"
    assert "the texts '1', '2'" in result.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what NePS imports
def test_the_neps_package_gets_its_nearest_space() -> None:
    pytest.importorskip("neps")
    made = PipelineSpace.from_attributes(
        {"a": Categorical((1, 2)), "x": Float(0, 1)}, conditions={"x": Equals("a", 1)}
    )
    assert refused(made, "neps")[-1] == HINT
    found = converted(made, "neps", nearest=True)[1]
    assert [(n.place, n.taken) for n in found.notes] == [("x", "decided always, dropped where inactive")]
    assert set(found.value.get_attrs()) == {"a", "x", "_neps_cs_structure"}


def plainly(made: PipelineSpace, max_depth: int | None) -> Converted:
    if made.conditions:
        raise ConversionError("no conditions")
    return Converted(" ".join(made.attributes))


def nearly(made: PipelineSpace, max_depth: int | None) -> Converted:
    notes = Notes(Note(n, "a condition", "nothing") for n in made.conditions)
    return Converted(" ".join(made.attributes), notes)


def broken(made: PipelineSpace, max_depth: int | None) -> Converted:
    raise RuntimeError("broken")


NEAR = World(
    "near",
    {"old": Format(plainly), "near": Format(plainly, nearest=nearly),
     "broken": Format(plainly, nearest=broken)},
)  # fmt: skip


def test_forms_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "near = test_convert_nearest:NEAR")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [e.name for e in metadata.entry_points(group="neps_cs.worlds") if e.name == "near"] == ["near"]
    free = space(a=Categorical((1, 2)), x=Float(0, 1))
    made = PipelineSpace.from_attributes(free.attributes, conditions={"x": Equals("a", 1)})
    assert written(free, "old") == ("a x", [])
    assert refused(made, "old") == refused(made, "old", nearest=True) == ["no conditions"]
    assert refused(made, "near") == ["no conditions", HINT]
    assert written(made, "near") == ("a x", [("x", "a condition", "nothing")])
    assert refused(made, "broken") == ["no conditions"]
    assert refused(made, "broken", nearest=True) == [
        "the world near must write broken, got RuntimeError: broken @ convert"
    ]


@LAW
@given(ANY)
def test_law_the_nearest_neps_yaml_is_read_again(made: PipelineSpace) -> None:
    if not is_flat(made):
        assert HINT not in refused(made, "neps-yaml")
        return
    text, notes = written(made, "neps-yaml")
    if is_sayable(made, "neps-yaml"):
        assert text == neps.convert(made, "neps-yaml")
    else:
        assert notes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "space.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            back = neps.from_legacy(path)
        except FormatError as e:
            pytest.fail(f"{e}\n{text}")
    assert neps.convert(back, "neps-yaml") == text


@pytest.mark.skipif(not FILES, reason="there are none beside this checkout")
@pytest.mark.parametrize("file", FILES, ids=[f.name for f in FILES])
def test_every_real_space_has_a_nearest_form(file: Path) -> None:
    """None of them has structure."""
    try:
        made = read(file).space
    except FormatError:
        pytest.skip("no space that anyone reads")
    text, notes = written(made, "pcs-new")
    assert notes or text == neps.convert(made, "pcs-new")
    back = bare(read_pcs(text, "f.pcs").space)
    assert len(back.attributes) == len(made.attributes)
    assert neps.equal(bare(read_pcs(neps.convert(back, "pcs-new"), "f.pcs").space), back)
    text, notes = written(made, "neps-yaml")
    assert yaml.safe_load(text).keys() == made.attributes.keys()


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what NePS imports
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(flat_spaces())
def test_neps_reads_the_nearest_yaml(made: PipelineSpace) -> None:
    parsing = pytest.importorskip("neps.space.parsing")
    text, _ = written(made, "neps-yaml")
    found = parsing.convert_mapping(yaml.safe_load(text))
    shown = {r.name for r in made.graph.roots if not r.intermediate}
    assert {*found.searchables, *found.fidelities, *found.constants} == shown


# what was said wrongly, and is refused or said right


def test_structure_inside_of_a_tuple_is_structure() -> None:
    made = space(pair=(Float(0, 1), 3))
    assert neps.convert(made, "pcs-new") == "pair:0 real [0.0, 1.0] [0.5]\n"


def test_constants_in_pcs_are_numbers_that_can_be_read() -> None:
    made = space(k=np.float64(5.0), x=Float(0, 1))
    assert neps.convert(made, "pcs-new") == "k real [5.0, 5.0] [5.0]\nx real [0.0, 1.0] [0.5]\n"
    assert refused(space(k=float("inf"), x=Float(0, 1)), "pcs-new")[0] == (
        "a .pcs file holds numbers, choices among texts, and constant numbers, got inf @ k"
    )


def test_two_names_of_one_parameter_are_refused_in_neps_yaml() -> None:
    shared = Float(0, 1)
    assert refused(space(a=shared, b=shared), "neps-yaml") == [
        "a parameter must have one name, got the same object as a @ b",
        HINT,
    ]
