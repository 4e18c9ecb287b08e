"""Spaces that other people wrote, against what a genuine ConfigSpace understood of each. They lie beside the
checkout, or nowhere."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest

import neps_cs as neps
from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import GreaterEqual, LessEqual
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy import configspace_json, pcs
from neps_cs_converters.legacy.reading import Read

FOLDER = Path(__file__).parents[2] / "shared" / "real_spaces"
FILES = sorted(f for kind in ("json_*", "pcs_*") for f in FOLDER.glob(f"{kind}/*"))
EXPECTED: dict[str, Any] = (
    json.loads((FOLDER / "expected_configspace.json").read_text(encoding="utf-8")) if FILES else {}
)
EACH = pytest.mark.parametrize("file", FILES, ids=[f.name for f in FILES])
pytestmark = pytest.mark.skipif(not FILES, reason="there are none beside this checkout")


def read(file: Path) -> Read:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        return configspace_json.read(json.loads(text), file.name, text)
    return pcs.read(text, file.name)


def read_by_configspace(file: Path) -> CS.ConfigurationSpace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if file.suffix == ".json":
            return CS.ConfigurationSpace.from_json(file)
        from ConfigSpace.read_and_write import pcs as old
        from ConfigSpace.read_and_write import pcs_new

        lines = file.read_text(encoding="utf-8").splitlines()
        return (pcs_new if file.parent.name == "pcs_new" else old).read(lines)


@EACH
def test_what_a_genuine_configspace_understood_is_what_we_read(file: Path) -> None:
    expected = EXPECTED[f"{file.parent.name}/{file.name}"]["space"]
    space = read(file).space
    assert set(space.attributes) == set(expected["hps"])
    for name, row in expected["hps"].items():
        assert same(parameter_row(space.attributes[name]), comparable(row)), name
    conditions = [condition_row(child, c) for child, c in space.conditions.items()]
    assert ordered(conditions) == ordered(expected["conds"])
    assert ordered(clause_row(c) for c in space.forbidden) == ordered(expected["forbs"])


@EACH
def test_the_default_configuration_is_the_genuine_one(file: Path) -> None:
    expected = EXPECTED[f"{file.parent.name}/{file.name}"]["space"]["default"]
    space = read(file).space
    translation = neps.to_configspace(space)
    default = translation.configspace.get_default_configuration()
    config = translation.sidecar.from_configuration(default)
    constants = {n: v for n, v in space.attributes.items() if isinstance(v, (str, int, float))}
    active = {n for n in constants if n in dict(default)}
    assert same(config | {n: constants[n] for n in active}, expected)


@EACH
def test_the_translation_is_what_configspace_reads(file: Path) -> None:
    if not EXPECTED[f"{file.parent.name}/{file.name}"]["reads_in_1.2.2"]:
        pytest.skip("ConfigSpace 1.2.2 does not read it")
    assert neps.to_configspace(read(file).space).configspace == read_by_configspace(file)


@EACH
def test_samples_of_every_file_resolve(file: Path) -> None:
    space = read(file).space
    for seed in range(3):
        config, pipeline = space.sample(seed=seed)
        assert neps.resolve(space, config) == pipeline


@EACH
@pytest.mark.parametrize("new", [False, True], ids=["classic", "new"])
def test_what_can_be_written_as_pcs_comes_back(file: Path, new: bool) -> None:
    space = read(file).space
    if file.suffix == ".json" or not new:
        try:
            pcs.write(space, new=new)
        except neps.NepsCsError:
            return
    text = pcs.write(space, new=new)
    again = pcs.read(text, "again.pcs").space
    assert repr(again.attributes) == repr(space.attributes)
    assert again.conditions == space.conditions
    assert again.forbidden == space.forbidden


def parameter_row(value: Any) -> dict[str, Any]:
    if isinstance(value, (neps.Float, neps.Integer)):
        kind = type(value).__name__
        prior = type(value.prior).__name__ if value.prior is not None else "Uniform"
        return {"t": f"{prior}{kind}", "lower": value.lower, "upper": value.upper, "log": value.log}
    if isinstance(value, neps.Categorical):
        prior = value.prior
        weights = list(prior.values) if isinstance(prior, neps.Weights) else None
        return {"t": "Categorical", "choices": list(value.choices), "weights": weights}  # type: ignore[arg-type]
    if isinstance(value, neps.Ordinal):
        return {"t": "Ordinal", "sequence": list(value.choices)}
    return {"t": "Constant", "value": value}


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in ("default", "prob", "q")}


def same(a: Any, b: Any) -> bool:
    """Equal, numbers up to the digits that the expectations have; types too, but for 1 and 1.0."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool) or isinstance(a, str) or isinstance(b, str):
        return type(a) is type(b) and a == b
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-7)


def condition_row(child: str, condition: Any) -> list[Any]:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            kind = "AndConjunction" if isinstance(condition, And) else "OrConjunction"
            return [kind, *(condition_row(child, p) for p in parts)]
        case In(parent=parent, values=values):
            return ["InCondition", child, parent, list(values)]
        case _:
            names = {Equals: "Equals", NotEquals: "NotEquals", Less: "LessThan", Greater: "GreaterThan"}
            return [f"{names[type(condition)]}Condition", child, condition.parent, condition.value]


def clause_row(clause: Any) -> list[Any]:
    match clause:
        case And(parts=parts) | Or(parts=parts):
            kind = "And" if isinstance(clause, And) else "Or"
            return [f"Forbidden{kind}Conjunction", *map(clause_row, parts)]
        case In(parent=parent, values=values):
            return ["ForbiddenInClause", parent, list(values)]
        case _:
            names = {
                Equals: "Equals", Less: "LessThan", LessEqual: "LessThanEquals",
                Greater: "GreaterThan", GreaterEqual: "GreaterThanEquals",
            }  # fmt: skip
            return [f"Forbidden{names[type(clause)]}Clause", clause.parent, clause.value]


def ordered(rows: Any) -> list[str]:
    """The rows without the order of parts and values, which means nothing."""
    return sorted(map(_text, rows))


def _text(row: Any) -> str:
    if isinstance(row, list):
        return f"[{', '.join(sorted(map(_text, row)))}]"
    return repr(round(row, 9) if isinstance(row, float) else row)


def test_the_comparison_sees_a_difference() -> None:
    row = parameter_row(neps.Float(0, 1))
    assert not same(row, row | {"upper": 1.0001})
    assert not same([True], [1])
    space = PipelineSpace.from_attributes(
        {"a": neps.Categorical(("x", "y")), "b": neps.Float(0, 1)}, conditions={"b": Equals("a", "x")}
    )
    conditions = [condition_row(n, c) for n, c in space.conditions.items()]
    assert ordered(conditions) != ordered([["EqualsCondition", "b", "a", "y"]])
