"""Arguments of run that are NePS's, old, or misspelt: the message says what to write instead."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import neps_cs as neps
from neps_cs.errors import meant
from neps_cs.runtime.arguments import MISSING, RENAMED


class Space(neps.PipelineSpace):
    lr = neps.Float(0, 1)


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ({"max_evaluations_total": 20}, "max_evaluations_total=20, which is total_evaluations_to_spend here"),
        ({"post_run_summary": True},
         "post_run_summary=True, which does not exist here: the folder summary is always written"),
        ({"evaluations_to_spend": 3}, "evaluations_to_spend=3; did you mean 'total_evaluations_to_spend'?"),
        ({"Seed": 3}, "Seed=3; did you mean 'seed'?"),
        ({"zzz": "x" * 200}, f"zzz='{'x' * 59}"),
    ],
)  # fmt: skip
def test_other_arguments_are_refused(tmp_path: Path, arguments: dict[str, Any], got: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(lambda lr: lr, Space(), root_directory=tmp_path / "run", **arguments)
    assert str(caught.value) == f"run must be called with arguments that it has, got {got} @ run"
    assert not (tmp_path / "run").exists()


def test_all_are_named_at_once() -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(lambda lr: lr, Space(), live_plots=True, searcher="asha")  # type: ignore[arg-type]
    assert [p.got.split("=")[0] for p in caught.value.problems] == ["live_plots", "searcher"]


def test_hints_name_arguments_that_run_has() -> None:
    known = set(inspect.signature(neps.run).parameters)
    assert set(RENAMED.values()) <= known
    assert not known & {*RENAMED, *MISSING}


@pytest.mark.peer
def test_all_arguments_of_the_neps_package_are_known_or_have_a_hint() -> None:
    theirs = set(inspect.signature(pytest.importorskip("neps").run).parameters)
    assert theirs <= {*inspect.signature(neps.run).parameters, *RENAMED, *MISSING}


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("lrr", ["lr", "opt"], "; did you mean 'lr'?"),
        ("SMAC", ["smac", "dehb"], "; did you mean 'smac'?"),
        ("c", ["C", "c"], "; did you mean 'C'?"),
        ("lr", ["lr"], ""),
        ("far", ["lr"], ""),
        ("x" * 101, ["x" * 100], ""),
    ],
)
def test_a_near_name_is_meant(name: str, known: list[str], hint: str) -> None:
    assert meant(name, known) == hint
