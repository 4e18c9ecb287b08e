"""Continuing a run: which spaces are the same, from which process, and what a stored config means."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import ConfigSpace
import numpy as np
import pytest
from running import trials

import neps_cs as neps
from neps_cs.trials import Trial

REPOSITORY = Path(__file__).parent.parent


def any_pipeline(**values: Any) -> float:
    return 1.0


def run(root: Path, space: Any, total: int) -> list[Trial]:
    neps.run(any_pipeline, space, root_directory=root, total_evaluations_to_spend=total, seed=1)
    return trials(root)


def space_of(**attributes: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(attributes)


def configspace() -> ConfigSpace.ConfigurationSpace:
    made = ConfigSpace.ConfigurationSpace(seed=3)
    kind = ConfigSpace.Categorical("kind", ["a", "b"])
    x = ConfigSpace.Float("x", (1e-3, 1.0), log=True)
    made.add(kind, x, ConfigSpace.EqualsCondition(x, kind, "b"))
    return made


def test_a_configspace_resumes_as_itself_and_as_an_equal_one(tmp_path: Path) -> None:
    mine = configspace()
    assert len(run(tmp_path, mine, 2)) == 2
    mine.sample_configuration(3)  # its random state is no part of what it means
    assert len(run(tmp_path, mine, 3)) == 3
    assert len(run(tmp_path, configspace(), 4)) == 4
    other = configspace()
    other.add(ConfigSpace.Integer("new", (1, 4)))
    with pytest.raises(neps.StoreError, match=r"(?s)with its own space.*\+ .*'new': Integer\(1, 4\)"):
        run(tmp_path, other, 5)
    assert len(trials(tmp_path)) == 4


CLASS = """
    import sys
    sys.path[:0] = [{repository!r}, {converters!r}]
    import neps_cs as neps

    def double(a):
        return 2 * a

    class {name}(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        made = neps.Operation(double, args=(neps.Integer(1, 9),))

    neps.run(lambda x, made: x, {name}(), root_directory={root!r}, total_evaluations_to_spend={total})
"""


def test_a_class_that_is_defined_again_in_another_process_resumes(tmp_path: Path) -> None:
    places = {"repository": str(REPOSITORY), "converters": str(REPOSITORY / "converters")}
    for total, name in ((2, "Space"), (4, "Renamed")):
        code = textwrap.dedent(CLASS).format(**places, name=name, root=str(tmp_path), total=total)
        subprocess.run([sys.executable, "-c", code], check=True)
        assert len(trials(tmp_path)) == total


def test_reordered_choices_mean_the_same(tmp_path: Path) -> None:
    shared = neps.Float(0.0, 1.0)

    def space(order: tuple[int, ...], prior: int) -> neps.PipelineSpace:
        choices = (
            "text", (1, 2), neps.Operation(np.float64, args=(neps.ByName("_s"),)),
            neps.Operation(np.float32, args=(neps.Integer(1, 5),)),
        )  # fmt: skip
        chosen = neps.Categorical(tuple(choices[i] for i in order), prior=prior, prior_confidence="low")
        return space_of(_s=shared, kind=chosen)

    first, again = space((0, 1, 2, 3), 1), space((3, 2, 1, 0), 2)
    assert not neps.equal(first, again)
    before = run(tmp_path, first, 30)
    assert len({str(t.config["kind"]) for t in before}) == 4
    after = run(tmp_path, again, 32)
    assert after[:30] == before
    for trial in before:
        values = [
            neps.load_config(tmp_path, pipeline_space=s, config_id=trial.id)["kind"] for s in (first, again)
        ]
        assert values[0] == values[1]
        assert type(values[0]) is type(values[1])
    with pytest.raises(neps.StoreError, match="with its own space"):
        run(tmp_path, space((3, 2, 1, 0), 1), 33)  # the prior is on another choice


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (neps.Ordinal((1, 2, 3)), neps.Ordinal((3, 2, 1))),
        (neps.Categorical((1, 2)), neps.Categorical((1, 2, 3))),
        (neps.Categorical((1, 2)), neps.Categorical((1, 2.0))),
        (
            neps.Categorical((1, 2), prior=neps.Weights((1, 3))),
            neps.Categorical((2, 1), prior=neps.Weights((1, 3))),
        ),
        (  # both are called float64 and float64#2, but these names are swapped
            neps.Categorical((neps.Operation(np.float64, args=(1,)), neps.Operation(np.float64, args=(2,)))),
            neps.Categorical((neps.Operation(np.float64, args=(2,)), neps.Operation(np.float64, args=(1,)))),
        ),
    ],
)  # fmt: skip
def test_other_orders_are_refused(tmp_path: Path, first: Any, second: Any) -> None:
    run(tmp_path, space_of(kind=first), 2)
    with pytest.raises(neps.StoreError, match="with its own space"):
        run(tmp_path, space_of(kind=second), 3)
    run(tmp_path, space_of(kind=first), 3)


def test_weights_move_with_their_choices(tmp_path: Path) -> None:
    run(tmp_path, space_of(kind=neps.Categorical((1, 2), prior=neps.Weights((1, 3)))), 2)
    run(tmp_path, space_of(kind=neps.Categorical((2, 1), prior=neps.Weights((3, 1)))), 3)


def test_an_unnamed_node_in_two_branches_keeps_its_order(tmp_path: Path) -> None:
    def space(order: int) -> neps.PipelineSpace:
        inner = neps.Float(0.0, 1.0)
        branches = (neps.Operation(np.float64, args=(inner,)), neps.Operation(np.float32, args=(inner,)))
        return space_of(kind=neps.Categorical(branches[::order]))

    before = run(tmp_path, space(1), 6)
    assert {a for t in before for a in t.config} == {"kind", "kind:float64:0"}
    assert {a for t in run(tmp_path / "b", space(-1), 6) for a in t.config} == {"kind", "kind:float32:0"}
    with pytest.raises(neps.StoreError, match="with its own space"):
        run(tmp_path, space(-1), 7)


def test_a_space_that_is_exhausted_ends_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleanly, in words, and again when it is continued; with several workers too."""
    monkeypatch.setattr(logging.getLogger("neps_cs"), "disabled", False)  # SMAC disables other loggers
    space = space_of(kind=neps.Categorical(("a", "b", "c")))
    caplog.set_level("INFO", "neps_cs")
    for workers in (None, 2):
        caplog.clear()
        neps.run(
            any_pipeline,
            space,
            root_directory=tmp_path,
            total_evaluations_to_spend=9,
            seed=1,
            workers=workers,
        )
        assert sorted(str(t.config["kind"]) for t in trials(tmp_path)) == ["a", "b", "c"]
        assert "nothing is left to propose: the run ends before its budget is spent" in caplog.messages
