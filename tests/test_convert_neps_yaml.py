"""The flat dict language of NePS as a form of `convert`: there and back, and what it can't say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from making import space
from strategies import flat_spaces

import neps_cs as neps
from neps_cs_converters.convert import converted


def refused(thing: Any, to: str) -> str:
    with pytest.raises(neps.ConversionError) as caught:
        neps.convert(thing, to)
    return str(caught.value)


class Flat(neps.PipelineSpace):
    lr = neps.Float(1e-5, 1e-1, log=True, prior=1e-3, prior_confidence="high")
    n = neps.Integer(0, 9, prior=0)
    opt = neps.Categorical(("adam", "sgd", 1), prior=1, prior_confidence="medium")
    epochs = neps.IntegerFidelity(1, 50, log=True)
    name = "1e3"
    sizes = [1, {"a": None}]  # noqa: RUF012
    nothing = None


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


def test_neps_yaml_comes_back_plain(tmp_path: Path) -> None:
    text = neps.convert(Flat(), "neps-yaml")
    assert yaml.safe_load(text) == yaml.safe_load(NEPS_YAML)
    path = tmp_path / "space.yaml"
    path.write_text(text, encoding="utf-8")
    assert neps.equal(neps.from_legacy(path), Flat())


@pytest.mark.peer
def test_the_real_package_reads_neps_yaml() -> None:
    parsing = pytest.importorskip("neps.space.parsing")
    found = parsing.convert_mapping(yaml.safe_load(neps.convert(Flat(), "neps-yaml")))
    lr, opt = found["lr"], found["opt"]
    assert (lr.lower, lr.upper, lr.log, lr.prior, lr.prior_confidence) == (1e-5, 0.1, True, 1e-3, "high")
    assert (opt.choices, opt.prior) == (["adam", "sgd", 1], "sgd")
    assert list(found.fidelities) == ["epochs"]
    assert found.constants == {"name": "1e3", "sizes": [1, {"a": None}], "nothing": None}
    back = neps.from_legacy(found).attributes  # NePS sorts names
    assert {n: repr(v) for n, v in back.items()} == {n: repr(v) for n, v in Flat().attributes.items()}


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
