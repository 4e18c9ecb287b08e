"""The run loop: budgets, continuing, interruption, errors, and the files it writes."""

from __future__ import annotations

import csv
import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from running import FidelitySpace, Space, trials

import neps_cs as neps
from neps_cs.optimizers import elsewhere
from neps_cs.optimizers.algorithms import BY_NAME
from neps_cs.optimizers.base import Proposal
from neps_cs.runtime.store import FILE, Store
from neps_cs.runtime.views import write_all
from neps_cs.trials import State, Trial

REPOSITORY = Path(__file__).parent.parent


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_a_run_continues_and_counts_what_was_there(tmp_path: Path) -> None:
    calls: list[float] = []

    def evaluate(x: float, n: int) -> float:
        calls.append(x)
        return x

    neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=3, seed=1)
    neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=3, seed=1)
    assert len(calls) == 3
    neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=5)
    neps.run(evaluate, Space(), root_directory=tmp_path, worker_evaluations_to_spend=2)
    assert len(calls) == 7
    assert [t.id for t in trials(tmp_path)] == [1, 2, 3, 4, 5, 6, 7]
    assert [t.config["x"] for t in trials(tmp_path)] == calls


def test_an_interrupted_run_gives_what_an_uninterrupted_one_gives(tmp_path: Path) -> None:
    for name, parts in (("whole", [6]), ("parts", [1, 4, 6])):
        for total in parts:
            neps.run(
                lambda x, n: x,
                Space(),
                root_directory=tmp_path / name,
                total_evaluations_to_spend=total,
                seed=4,
            )
    whole, parts_ = ([t.config for t in trials(tmp_path / n)] for n in ("whole", "parts"))
    assert whole == parts_
    assert len({str(c) for c in whole}) == 6


def test_the_space_may_be_left_out_when_continuing(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    neps.run(lambda x, n: x, root_directory=tmp_path, total_evaluations_to_spend=2)
    assert len(trials(tmp_path)) == 2


def test_a_keyboard_interrupt_keeps_what_is_reported_and_gives_the_trial_back(tmp_path: Path) -> None:
    seen: list[float] = []

    def evaluate(x: float, n: int) -> float:
        seen.append(x)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=5, seed=1)
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS, State.SUCCESS, State.INTERRUPTED]
    neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=5, seed=1)
    assert [t.state for t in trials(tmp_path)] == [State.SUCCESS] * 5
    assert seen[2] == seen[3]
    assert len(seen) == 6


KILLED = """
    import os, signal, sys
    sys.path[:0] = [{repository!r}, {converters!r}]
    import neps_cs as neps

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        n = neps.Integer(1, 1000, log=True)

    def evaluate(x, n, pipeline_id):
        if pipeline_id == "3":
            os.kill(os.getpid(), signal.SIGKILL)
        return x

    neps.run(evaluate, Space(), root_directory={root!r}, total_evaluations_to_spend=6, seed=1)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_killed_run_continues(tmp_path: Path) -> None:
    code = textwrap.dedent(KILLED).format(
        repository=str(REPOSITORY), converters=str(REPOSITORY / "converters"), root=str(tmp_path)
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    before = trials(tmp_path)
    assert [t.state for t in before] == [State.SUCCESS, State.SUCCESS, State.RUNNING]
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=6, seed=1)
    after = trials(tmp_path)
    assert [t.state for t in after] == [State.SUCCESS] * 6
    assert [t.config for t in after[:3]] == [t.config for t in before]
    assert after[:2] == before[:2]


WORKER = """
    import sys
    sys.path[:0] = [{repository!r}, {converters!r}]
    import neps_cs as neps

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        n = neps.Integer(1, 1000, log=True)

    neps.run(lambda x, n: x, Space(), root_directory={root!r}, total_evaluations_to_spend=40, seed=1)
"""


def test_processes_share_a_root_directory_and_keep_its_budget(tmp_path: Path) -> None:
    code = textwrap.dedent(WORKER).format(
        repository=str(REPOSITORY), converters=str(REPOSITORY / "converters"), root=str(tmp_path)
    )
    workers = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    found = trials(tmp_path)
    assert [t.id for t in found] == list(range(1, 41))
    assert all(t.state is State.SUCCESS for t in found)
    assert len({repr(sorted(t.config.items())) for t in found}) == 40
    assert not list((tmp_path / "workers").iterdir())


def test_budgets_of_cost_and_fidelities(tmp_path: Path) -> None:
    def evaluate(x: float, n: int, epochs: int) -> dict[str, float]:
        return {"objective_to_minimize": x, "cost": 2.5}

    def run(root: str, **budget: float) -> None:
        neps.run(
            evaluate, FidelitySpace(), root_directory=tmp_path / root, optimizer="random_search", **budget
        )

    run("cost", total_cost_to_spend=10)
    assert len(trials(tmp_path / "cost")) == 4
    run("fid", total_fidelities_to_spend=20)
    assert len(trials(tmp_path / "fid")) == 3  # 9 + 9 < 20 <= 9 + 9 + 9
    run("fid", worker_cost_to_spend=2.6)
    assert len(trials(tmp_path / "fid")) == 5


def test_the_files_that_people_read(tmp_path: Path) -> None:
    def evaluate(x: float, n: int, epochs: int, pipeline_directory: Path, pipeline_id: str) -> dict[str, Any]:
        (pipeline_directory / "own.txt").write_text(pipeline_id)
        if pipeline_id == "2":
            raise ValueError("no luck")
        info = {"loss": np.float32(0.5), "path": pipeline_directory, "curve": np.arange(3)}
        return {"objective_to_minimize": x, "cost": 3, "info_dict": info}

    neps.run(
        evaluate,
        FidelitySpace(),
        root_directory=tmp_path,
        total_evaluations_to_spend=3,
        ignore_errors=True,
        seed=2,
        optimizer="random_search",
    )
    found = trials(tmp_path)
    for trial in found:
        folder = tmp_path / "configs" / f"config_{trial.id}"
        assert yaml.safe_load((folder / "config.yaml").read_text()) == {**trial.config, "epochs": 9}
        assert (folder / "own.txt").read_text() == str(trial.id)
    report = yaml.safe_load((tmp_path / "configs/config_1/report.yaml").read_text())
    assert report["objective_to_minimize"] == found[0].config["x"]
    assert report["cost"] == 3.0
    assert report["extra"]["loss"] == 0.5
    assert report["extra"]["curve"] == [0, 1, 2]
    crash = yaml.safe_load((tmp_path / "configs/config_2/report.yaml").read_text())
    assert crash["err"] == "ValueError: no luck"
    assert "raise ValueError" in crash["tb"]
    assert crash["reported_as"] == "crashed"
    with (tmp_path / "summary/full.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["id"] for r in rows] == ["1", "2", "3"]
    assert float(rows[0]["config.x"]) == found[0].config["x"]
    best = min((t for t in found if t.state is State.SUCCESS), key=lambda t: t.report.objective)
    assert f"Config ID: {best.id}\n" in (tmp_path / "summary/best_config.txt").read_text()
    short = (tmp_path / "summary/short.csv").read_text().splitlines()
    assert f"best_config_id,{best.id}" in short
    assert yaml.safe_load((tmp_path / "optimizer_info.yaml").read_text())["name"] == "random_search"


def test_the_files_can_be_written_again_from_the_store(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    before = files(tmp_path)
    views = [p for p in before if not p.startswith((FILE, "workers", ".neps_cs.lock"))]
    assert len(views) == 3 * 3 + 4 + 2
    for path in views:
        (tmp_path / path).unlink()
    with Store.open(tmp_path) as store:
        write_all(store)
    after = files(tmp_path)
    assert {p: after[p] for p in views} == {p: before[p] for p in views}


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (
            float("nan"),
            "the objective must be finite (raise an error for a failed evaluation), got nan @ config_1",
        ),
        (
            float("-inf"),
            "the objective must be finite (raise an error for a failed evaluation), got -inf @ config_1",
        ),
        ("0.5", "the objective must be a number, got '0.5' of type str @ config_1"),
        (True, "the objective must be a number, got True of type bool @ config_1"),
        (
            [1.0, 2.0],
            "the objective must be one number: several objectives are not supported yet, "
            "got [1.0, 2.0] @ config_1",
        ),
        (
            {"loss": 1.0},
            "a dict from evaluate_pipeline must hold objective_to_minimize, and may hold cost and info_dict, "
            "got the keys ['loss'] @ config_1",
        ),
        (
            {"objective_to_minimize": 1.0, "cost": "x"},
            "cost must be a number, got 'x' of type str @ config_1",
        ),
        pytest.param(
            10**400,
            "the objective must be finite (raise an error for a failed evaluation), got inf @ config_1",
            id="10**400",
        ),
        ({"objective_to_minimize": 1.0, "info_dict": 3}, "info_dict must be a mapping, got 3 @ config_1"),
    ],
)
def test_results_that_cannot_be_used(tmp_path: Path, result: Any, message: str) -> None:
    with pytest.raises(neps.EvaluationError) as caught:
        neps.run(lambda x, n: result, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    assert str(caught.value).splitlines()[0] == message
    (trial,) = trials(tmp_path)
    assert trial.state is State.CRASHED
    assert trial.report.error == f"EvaluationError: {message}"


def test_info_that_cannot_be_kept_costs_no_result(tmp_path: Path) -> None:
    class Strange:
        def __repr__(self) -> str:
            raise ValueError("no text")

    endless: list[Any] = []
    endless.append(endless)
    info = {"strange": [Strange()], "endless": endless, "fine": 1}
    neps.run(
        lambda x, n: {"objective_to_minimize": x, "info_dict": info}, Space(), root_directory=tmp_path,
        total_evaluations_to_spend=1,
    )  # fmt: skip
    (trial,) = trials(tmp_path)
    assert trial.state is State.SUCCESS
    assert trial.report.info["strange"] == "(a list that can't be kept: ValueError: no text)"
    assert trial.report.info["endless"].startswith("(a list that can't be kept: RecursionError: ")
    assert trial.report.info["fine"] == 1


def test_an_error_stops_the_run_and_is_kept(tmp_path: Path) -> None:
    def evaluate(x: float, n: int) -> float:
        raise KeyError("a")

    with pytest.raises(neps.EvaluationError) as caught:
        neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    expected = "KeyError: 'a'\n(config_1 failed and is kept as crashed; ignore_errors=True goes on)"
    assert str(caught.value) == expected
    assert isinstance(caught.value.__cause__, KeyError)
    neps.run(
        evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=3,
        objective_value_on_error=7.0, cost_value_on_error=1.0,
    )  # fmt: skip
    assert [t.report.objective for t in trials(tmp_path)] == [None, 7.0, 7.0]
    assert [t.report.cost for t in trials(tmp_path)] == [None, 1.0, 1.0]


def test_a_cost_budget_needs_costs(tmp_path: Path) -> None:
    message = "evaluate_pipeline must return a cost when a budget of cost is given, got none @ config_1"
    with pytest.raises(neps.EvaluationError) as caught:
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_cost_to_spend=2)
    assert str(caught.value).splitlines()[0] == message


def _takes_too_little(x: float) -> float:
    return x


def _takes_too_much(x: float, n: int, more: int) -> float:
    return x


def _takes_positions(x: float, /, **rest: Any) -> float:
    return x


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            _takes_too_little,
            "evaluate_pipeline must take every attribute of the space (or **kwargs), got no parameter n "
            "@ _takes_too_little",
        ),
        (
            _takes_too_much,
            "every required parameter of evaluate_pipeline must be an attribute of the space (x, n), "
            "got more "
            "@ _takes_too_much",
        ),
        (_takes_positions, "evaluate_pipeline is called by keywords, got x @ _takes_positions"),
        (
            "no function",
            'evaluate_pipeline must be callable, "module:function" or "path.py:function", '
            "got 'no function'",
        ),
        (3, 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got 3'),
    ],
)
def test_a_wrong_signature_is_refused_before_anything_is_written(
    tmp_path: Path, function: Any, message: str
) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(function, Space(), root_directory=tmp_path / "new", total_evaluations_to_spend=2)
    assert str(caught.value) == message
    assert not (tmp_path / "new").exists()


def test_a_parameter_that_may_be_inactive_needs_a_default(tmp_path: Path) -> None:
    space = Space().add_condition("n", neps.Greater("x", 0.5))
    with pytest.raises(neps.RunError, match=r"not always active needs a default, got n @ <lambda>"):
        neps.run(lambda x, n: x, space, root_directory=tmp_path, total_evaluations_to_spend=2)
    neps.run(lambda x, n=0: x + n, space, root_directory=tmp_path, total_evaluations_to_spend=12, seed=0)
    assert {"n" in t.config for t in trials(tmp_path)} == {True, False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "a run needs a budget: one of worker_evaluations_to_spend, total_evaluations_to_spend, "
             "worker_cost_to_spend, total_cost_to_spend, worker_fidelities_to_spend, "
             "total_fidelities_to_spend, got none @ run"),
        ({"total_evaluations_to_spend": 0},
         "a budget of evaluations must be a whole number > 0, got total_evaluations_to_spend=0 @ run"),
        ({"worker_evaluations_to_spend": 1.5},
         "a budget of evaluations must be a whole number > 0, got worker_evaluations_to_spend=1.5 @ run"),
        ({"total_fidelities_to_spend": 3}, "a budget of fidelities needs a space with a fidelity, "
                                            "got a space without @ Space"),
        ({"total_evaluations_to_spend": 1, "seed": -1}, "seed >= 0 must hold, got -1 @ run"),
        ({"total_evaluations_to_spend": 1, "seed": "a"},
         "seed must be an integer, a Generator or None, got 'a' @ run"),
        ({"total_evaluations_to_spend": 1, "worker_id": "a/b"},
         "worker_id must be made of letters, digits, '_', '-' and '.' (it names a file), got 'a/b' @ run"),
        ({"total_evaluations_to_spend": 1, "optimizer": "random_serch"},
         f"optimizer must be 'auto' or one of {', '.join((*BY_NAME, *elsewhere.names()))}, got "
         "'random_serch'; did you mean 'random_search'? @ optimizer"),
        ({"total_evaluations_to_spend": 1, "ignore_errors": "no"},
         "ignore_errors must be True or False, got 'no' @ run"),
        ({"total_evaluations_to_spend": 1, "overwrite_root_directory": "false"},
         "overwrite_root_directory must be True or False, got overwrite_root_directory='false' @ run"),
        ({"total_evaluations_to_spend": 1, "optimizer": lambda space: 3},
         "what makes the optimizer must give one: an object with name, info, space, observe and ask, "
         "got 3 of type int @ optimizer"),
        ({"total_evaluations_to_spend": 1, "optimizer": ("random_search", {"prior": True})},
         "the optimizer must take the arguments given, "
         "got an unexpected keyword argument 'prior'; did you mean 'use_priors'? @ optimizer"),
    ],
)  # fmt: skip
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((neps.RunError, neps.ConfigError)) as caught:
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path / "new", **arguments)
    assert str(caught.value) == message
    assert not (tmp_path / "new").exists()


def test_a_budget_may_be_of_any_size(tmp_path: Path) -> None:
    neps.run(
        lambda x, n: {"objective_to_minimize": x, "cost": 1}, Space(), root_directory=tmp_path,
        total_evaluations_to_spend=10**400, total_cost_to_spend=10**400, worker_evaluations_to_spend=2,
    )  # fmt: skip
    assert len(trials(tmp_path)) == 2


ROOT_READERS: dict[str, Callable[[Any], Any]] = {
    "run": lambda root: neps.run(lambda x, n: x, Space(), root_directory=root, total_evaluations_to_spend=1),
    "AskAndTell": lambda root: neps.AskAndTell(Space(), root_directory=root),
    "import_trials": lambda root: neps.import_trials([], root, Space()),
    "save_pipeline_results": lambda root: neps.save_pipeline_results(1.0, 1, root),
    "status": neps.status,
    "rebuild": neps.rebuild,
    "load_pipeline_space": neps.load_pipeline_space,
    "load_optimizer_info": neps.load_optimizer_info,
    "create_config": lambda root: neps.create_config(Space(), root),
}


@pytest.mark.parametrize("name", ROOT_READERS)
@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (3, "3 (TypeError: "),
        ("a\0b", "'a\\x00b' (ValueError: embedded null byte)"),
        ("x" * 300, f"'{'x' * 300}' (OSError: "),
    ],
    ids=["no path", "zero", "long"],
)
def test_what_cannot_be_a_root_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, root: Any, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(neps.StoreError) as caught:
        ROOT_READERS[name](root)
    rule = "the root directory must be a path that the system can hold, got "
    assert str(caught.value).startswith(rule + reason)
    assert list(tmp_path.iterdir()) == []


def test_old_spaces_are_searched_too(tmp_path: Path) -> None:
    """What from_legacy reads: a mapping, and the path of a file; the same space goes on."""
    neps.run(lambda x, n: x, {"x": (0.0, 1.0), "n": 3}, root_directory=tmp_path, total_evaluations_to_spend=2)
    file = tmp_path / "space.yaml"
    file.write_text("pipeline_space:\n  x: {lower: 0.0, upper: 1.0}\n  n: 3\n", encoding="utf-8")
    neps.run(lambda x, n: x, str(file), root_directory=tmp_path, total_evaluations_to_spend=4)
    assert [t.id for t in trials(tmp_path)] == [1, 2, 3, 4]
    with pytest.raises(neps.FormatError, match="lower"):
        neps.run(
            lambda x: x, {"x": (1.0, 0.0)}, root_directory=tmp_path / "new", total_evaluations_to_spend=1
        )


@pytest.mark.parametrize("space", [Space, [("x", 0)], 3])
def test_something_else_as_space(tmp_path: Path, space: Any) -> None:
    with pytest.raises(neps.RunError, match="pipeline_space must be"):
        neps.run(lambda x, n: x, space, root_directory=tmp_path, total_evaluations_to_spend=1)


def test_another_space_is_refused_with_the_difference(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    before = files(tmp_path)

    class Other(neps.PipelineSpace):
        x = neps.Float(0.0, 2.0)
        n = neps.Integer(1, 1000, log=True)

    with pytest.raises(neps.StoreError) as caught:
        neps.run(lambda x, n: x, Other(), root_directory=tmp_path, total_evaluations_to_spend=4)
    text = str(caught.value)
    assert "-     x = Float(0.0, 1.0)\n" in text
    assert "+     x = Float(0.0, 2.0)\n" in text
    assert str(tmp_path) in text
    assert "n = Integer" not in text
    after = files(tmp_path)
    assert {k: v for k, v in after.items() if not k.startswith(FILE)} == {
        k: v for k, v in before.items() if not k.startswith(FILE)
    }
    assert len(trials(tmp_path)) == 2


def test_a_space_that_was_defined_again_is_the_same(tmp_path: Path) -> None:
    class Again(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)
        n = neps.Integer(1, 1000, log=True)

    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    neps.run(lambda x, n: x, Again(), root_directory=tmp_path, total_evaluations_to_spend=2)
    assert len(trials(tmp_path)) == 2


def test_another_seed_or_optimizer_is_refused(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1, seed=1)
    with pytest.raises(neps.StoreError, match="a run must keep its seed 1, got 2"):
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2, seed=2)
    choice = ("random_search", {"use_priors": True})
    with pytest.raises(neps.StoreError, match="a run must keep its optimizer"):
        neps.run(
            lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2, optimizer=choice
        )


def test_overwriting_removes_the_run_and_nothing_else(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    (tmp_path / "notes.txt").write_text("mine")
    neps.run(
        lambda x, n, epochs: x, FidelitySpace(), root_directory=tmp_path, total_evaluations_to_spend=1,
        overwrite_root_directory=True,
    )  # fmt: skip
    assert len(trials(tmp_path)) == 1
    assert not (tmp_path / "configs/config_2").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_overwriting_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "precious").write_text("x")
    with pytest.raises(neps.StoreError, match="removes runs of neps_cs only"):
        neps.run(
            lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1,
            overwrite_root_directory=True,
        )  # fmt: skip
    assert (tmp_path / "configs" / "precious").read_text() == "x"


def test_a_directory_of_the_neps_package_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "optimizer_state.pkl").write_bytes(b"not to be read")
    with pytest.raises(neps.StoreError, match=r"a run of the NePS package .*read_root"):
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    assert os.listdir(tmp_path) == ["optimizer_state.pkl"]


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(neps.StoreError, match="must be a directory, got a file"):
        neps.run(lambda x, n: x, Space(), root_directory=path, total_evaluations_to_spend=1)
    assert path.read_text() == "mine"


def test_a_damaged_store_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database" * 100)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(neps.StoreError, match=f"DatabaseError: file is not a database @ .*{FILE}"):
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_store_that_was_killed_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    assert len(trials(tmp_path)) == 1


def test_a_worker_name_is_used_once_at_a_time(tmp_path: Path) -> None:
    def evaluate(x: float, n: int) -> float:
        with pytest.raises(neps.StoreError, match="a worker_id must be used by one process at a time"):
            neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=9, worker_id="me")
        return x

    neps.run(evaluate, Space(), root_directory=tmp_path, total_evaluations_to_spend=1, worker_id="me")
    assert [t.worker for t in trials(tmp_path)] == ["me"]


def test_loading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(neps.StoreError, match="must hold a run of neps_cs"):
        neps.load_pipeline_space(tmp_path / "nothing")
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    with pytest.raises(neps.StoreError, match=r"a trial must exist \(config_1 to config_2\), got config_0"):
        neps.load_config(tmp_path, config_id="config_0", pipeline_space=Space())
    with pytest.raises(neps.RunError, match="needs config_id"):
        neps.load_config(tmp_path, pipeline_space=Space())
    with pytest.raises(neps.StoreError, match="a config must be read with the space of its run"):
        neps.load_config(tmp_path / "configs/config_1/config.yaml", pipeline_space=FidelitySpace())


def test_progress_is_told_of_each_trial(tmp_path: Path) -> None:
    seen: list[int] = []
    neps.run(
        lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=4,
        progress=lambda trial: seen.append(trial.id),
    )  # fmt: skip
    assert seen == [1, 2, 3, 4]


def test_spaces_with_lambdas_and_objects_continue(tmp_path: Path) -> None:
    def space(factor: int) -> neps.PipelineSpace:
        return neps.PipelineSpace.from_attributes(
            {
                "made": neps.Operation(lambda a: a * 2, args=(neps.Integer(1, 9),)),
                "chosen": neps.Categorical((np.dtype("float32"), np.dtype("float64"), (1, factor))),
            }
        )

    for total in (1, 3):
        neps.run(
            lambda made, chosen: made, space(2), root_directory=tmp_path, total_evaluations_to_spend=total
        )
    assert len(trials(tmp_path)) == 3
    with pytest.raises(neps.StoreError, match="with its own space"):
        neps.run(lambda made, chosen: made, space(3), root_directory=tmp_path, total_evaluations_to_spend=4)


def test_a_relative_root_survives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def evaluate(x: float) -> float:
        os.chdir(tmp_path / "elsewhere")
        return x

    neps.run(
        evaluate,
        neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1)}),
        root_directory="here",
        total_evaluations_to_spend=2,
    )
    assert not list((tmp_path / "elsewhere").iterdir())
    assert (tmp_path / "here/configs/config_2/report.yaml").exists()


def test_texts_that_are_hard_to_write(tmp_path: Path) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    failures = iter([ValueError("name \udcff"), Unprintable(), None])

    def evaluate(mark: str) -> dict[str, Any]:
        error = next(failures)
        if error is not None:
            raise error
        return {"objective_to_minimize": 1, "info_dict": {"\udcff": 10**5000, "mark": mark}}

    space = neps.PipelineSpace.from_attributes({"mark": neps.Categorical(("\x85", " ", "\u2028"))})
    neps.run(evaluate, space, root_directory=tmp_path, total_evaluations_to_spend=3, ignore_errors=True)
    found = trials(tmp_path)
    assert [t.state for t in found] == [State.CRASHED, State.CRASHED, State.SUCCESS]
    assert found[1].report.error == "Unprintable: (its text fails: RuntimeError)"
    for trial in found:
        loaded = neps.load_config(tmp_path / f"configs/config_{trial.id}/config.yaml", pipeline_space=space)
        assert loaded == trial.config


def test_reports_that_a_killed_process_did_not_write_are_written(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    (tmp_path / "configs/config_1/report.yaml").unlink()
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    report = yaml.safe_load((tmp_path / "configs/config_1/report.yaml").read_text())
    assert report["objective_to_minimize"] == trials(tmp_path)[0].report.objective


def test_a_store_that_was_emptied_is_no_new_run(tmp_path: Path) -> None:
    neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(neps.StoreError, match="the store of a run must hold its trials, got an empty file"):
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)


OVERWRITER = """
    import sys
    sys.path[:0] = [{repository!r}, {converters!r}]
    import neps_cs as neps

    class Space(neps.PipelineSpace):
        x = neps.Float(0.0, 1.0)

    try:
        neps.run(lambda x: x, Space(), root_directory={root!r}, worker_evaluations_to_spend=30,
                 overwrite_root_directory=True)
    except neps.StoreError as e:
        assert "can't be overwritten while its workers run" in str(e), e
        print("refused")
"""


def test_processes_that_overwrite_at_once_lose_no_trial(tmp_path: Path) -> None:
    code = textwrap.dedent(OVERWRITER).format(
        repository=str(REPOSITORY), converters=str(REPOSITORY / "converters"), root=str(tmp_path)
    )
    workers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)]
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [w.returncode for w in workers] == [0, 0, 0]
    assert outputs.count(b"") >= 1
    assert len(trials(tmp_path)) == 30  # of the last that was not refused; the others were over by then


def test_threads_share_a_root_directory(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        calls = [
            pool.submit(
                neps.run, lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=30
            )
            for _ in range(6)
        ]
        for call in calls:
            call.result(timeout=120)
    assert [t.id for t in trials(tmp_path)] == list(range(1, 31))


class Stubborn:
    """Proposes one config, whatever the space."""

    name = "stubborn"

    def __init__(self, space: neps.PipelineSpace, config: dict[str, Any]) -> None:
        self.space, self.config = space, config
        self.info = {"config": config}

    def observe(self, trial: Trial) -> None:
        """Nothing counts."""

    def ask(self, trial_id: int) -> Proposal | None:
        """The same again."""
        return Proposal(self.config)


def test_what_an_optimizer_does_wrong_is_no_crash_of_the_evaluation(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "root_directory": tmp_path,
        "total_evaluations_to_spend": 3,
        "ignore_errors": True,
    }
    with pytest.raises(neps.RunError) as error:
        neps.run(lambda x, n: x, Space(), optimizer=(Stubborn, {"config": {"x": 7.0}}), **given)
    assert str(error.value).splitlines() == [
        "an optimizer must propose legal configs: the value must be a number from 0.0 to 1.0, got 7.0 @ x"
        " @ trial 1 of stubborn",
        "an optimizer must propose legal configs: a config must hold every active decision, got nothing @ n"
        " @ trial 1 of stubborn",
    ]
    assert trials(tmp_path) == []
    other = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 2)}, name="Other")
    with pytest.raises(neps.RunError) as error:
        neps.run(lambda x, n: x, Space(), optimizer=lambda _: neps.algorithms.random_search(other), **given)
    rule = "an optimizer must be made for the space of the run, Space, got one for Other"
    assert str(error.value) == f"{rule} @ random_search"


def test_a_budget_that_is_spent_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("neps_cs"), "disabled", False)  # SMAC disables other loggers
    caplog.set_level("INFO", "neps_cs")
    for _ in range(2):
        caplog.clear()
        neps.run(lambda x, n: x, Space(), root_directory=tmp_path, total_evaluations_to_spend=2)
        assert caplog.messages.count("the budget is spent") == 1
