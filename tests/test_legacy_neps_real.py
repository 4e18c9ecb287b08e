"""NePS YAML that other people wrote, beside what the genuine readers made of it. The files lie beside the
checkout, or nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import neps_cs as neps
from neps_cs.fidelities import Fidelity
from neps_cs_converters.legacy import Read, read

FOLDER = Path(__file__).parents[2] / "shared" / "real_spaces"
FILES = sorted(FOLDER.glob("neps_yaml/*"))
NEWEST_FIRST = ("0.17.0", "0.13.0", "0.12.2", "0.11.1")
VERSION = {"NePS up to 0.11": "0.11.1", "NePS 0.12": "0.12.2", "NePS 0.13 and later": "0.17.0"}
# the scores by which 0.11 kept a confidence
SCORES = {0.5: "low", 0.25: "medium", 0.125: "high", 2: "low", 4: "medium", 6: "high"}

pytestmark = pytest.mark.skipif(not FILES, reason="there are none beside this checkout")


def typed(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value


def theirs(row: dict[str, Any]) -> dict[str, Any]:
    """What a genuine reader made of an entry."""
    kind = row["type"].removeprefix("HPO").removesuffix("Parameter")
    if kind == "Constant":
        return {"kind": kind, "value": typed(row["value"])}
    fidelity = kind != "Categorical" and bool(row.get("is_fidelity"))
    prior = None if fidelity else row.get("default", row.get("prior"))
    confidence = row.get("default_confidence_choice") or row.get("prior_confidence")
    confidence = confidence or SCORES[row["default_confidence_score"]]
    found = {"kind": kind, "prior": prior, "confidence": None if prior is None else confidence}
    if kind == "Categorical":
        return found | {"choices": [typed(c) for c in row["choices"]]}
    bounds = {name: float(row[name]) for name in ("lower", "upper")}
    return found | bounds | {"log": bool(row["log"]), "fidelity": fidelity}


def ours(value: Any) -> dict[str, Any]:
    """The same of an attribute."""
    fidelity = isinstance(value, Fidelity)
    match value.domain if fidelity else value:
        case neps.Categorical(choices=choices, prior=prior, prior_confidence=level):
            assert isinstance(choices, tuple)
            found = {"kind": "Categorical", "choices": [typed(c) for c in choices]}
            prior = None if prior is None else choices[prior]
        case (
            neps.Float(prior=prior, prior_confidence=level)
            | neps.Integer(prior=prior, prior_confidence=level)
        ):
            number = value.domain if fidelity else value
            found = {
                "kind": type(number).__name__,
                "lower": float(number.lower),
                "upper": float(number.upper),
            }
            found |= {"log": number.log, "fidelity": fidelity}
        case _:
            return {"kind": "Constant", "value": typed(value)}
    return found | {"prior": prior, "confidence": None if level is None else level.value}


def genuine(file: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Version → name → entry, for the versions that read a file."""
    known = json.loads((FOLDER / "expected_neps_yaml.json").read_text(encoding="utf-8"))[file.name]
    return {v: {n: theirs(p) for n, p in r["ok"].items()} for v, r in known.items() if "ok" in r}


def read_or_none(file: Path) -> Read | None:
    try:
        return read(file)
    except neps.FormatError as e:
        assert all(str(file) in p.place and ", line " in p.place for p in e.problems)  # noqa: PT017
        return None


@pytest.mark.parametrize("file", FILES, ids=[f.name for f in FILES])
def test_a_real_space_is_read_as_by_the_version_it_was_written_for(file: Path) -> None:
    expected, found = genuine(file), read_or_none(file)
    if not expected:
        return
    assert found is not None
    mine = {name: ours(value) for name, value in found.space.attributes.items()}
    version = VERSION[found.form.removeprefix("NePS YAML, ")]
    # of `search_space` no version here was the reader: the newest that reads it stands for it
    known = expected.get(version) or expected[next(v for v in NEWEST_FIRST if v in expected)]
    assert mine == known


def test_what_every_version_refuses() -> None:
    """Three are refused; the fourth is older than the readers at hand, and had a fidelity below 0."""
    nobody = [file for file in FILES if not genuine(file)]
    still = [file.name for file in nobody if read_or_none(file) is not None]
    assert len(nobody) - len(still) >= 3
    assert still == [
        "yaml_history__870d957491__tests__test_yaml_search_space__correct_config_including_types.yaml"
    ]


def test_a_file_from_before_the_readers_at_hand() -> None:
    (file,) = [f for f in FILES if "870d957491" in f.name]
    assert {name: repr(value) for name, value in read(file).space.attributes.items()} == {
        "param_float1": "Float(1e-05, 0.1, log=True)",
        "param_int1": "IntegerFidelity(-3, 30)",
        "param_int2": "Integer(100, 30000, log=True)",
        "param_float2": "Float(3.3e-05, 0.15)",
        "param_cat": "Categorical((2, 'sgd', 0.01))",
        "param_const1": "0.5",
        "param_const2": "1000.0",
    }
