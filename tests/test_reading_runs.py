"""Runs read and fed from outside: status, imported trials, results that come later, questions, texts."""

from __future__ import annotations

import logging
import queue
import sys
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from running import FidelitySpace, Space, trials

import neps_cs as neps
from neps_cs.cli import main
from neps_cs.runtime import recording
from neps_cs.runtime.functions import _parts
from neps_cs.runtime.store import Store
from neps_cs.trials import State, Trial


def evaluate(x: float, n: int, pipeline_id: str) -> dict[str, Any]:
    if pipeline_id == "2":
        raise ValueError("no luck")
    return {"objective_to_minimize": x, "cost": 2, "info_dict": {"loss": x / 2}}


def a_run(root: Path, total: int = 4) -> list[Trial]:
    neps.run(
        evaluate, Space(), root_directory=root, total_evaluations_to_spend=total, ignore_errors=True, seed=1
    )
    return trials(root)


# status


def test_status_is_the_pair_of_neps(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    found = a_run(tmp_path)
    full, short = neps.status(tmp_path)
    assert list(full.index) == [1, 2, 3, 4]
    assert list(full["config.x"]) == [t.config["x"] for t in found]
    assert list(full["state"]) == ["success", "crashed", "success", "success"]
    assert full.loc[2, "err"] == "ValueError: no luck"
    assert full.loc[1, "extra.loss"] == found[0].report.info["loss"]
    assert np.isnan(full.loc[2, "objective_to_minimize"])
    best = min((t for t in found if t.id != 2), key=lambda t: t.report.objective)
    assert (short["num_success"], short["num_crashed"], short["best_config_id"]) == (3, 1, best.id)
    assert short["n"] == best.config["n"]


def test_status_without_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = a_run(tmp_path)
    pytest.importorskip("pandas")
    frame = neps.status(tmp_path).full
    find = neps.runtime.status.importlib.util.find_spec  # type: ignore[attr-defined]
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "pandas" else find(n))
    rows, short = neps.status(tmp_path)
    assert [r["id"] for r in rows] == [1, 2, 3, 4]
    assert [r["objective_to_minimize"] for r in rows] == [t.report.objective for t in found]
    assert set(rows[0]) == {"id", *frame.columns}
    assert short["num_crashed"] == 1


def test_status_of_a_run_without_trials_and_of_none(tmp_path: Path) -> None:
    neps.AskAndTell(Space(), root_directory=tmp_path).close()
    full, short = neps.status(tmp_path)
    assert len(full) == len(short) == 0
    with pytest.raises(neps.StoreError, match="the directory must hold a run of neps_cs"):
        neps.status(tmp_path / "nothing")


def test_the_commands(tmp_path: Path) -> None:
    found = a_run(tmp_path)
    shown = CliRunner().invoke(main, ["status", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert "num_success" in shown.output
    assert str(min(t.report.objective for t in found if t.report.objective)) in shown.output
    before = {p: p.read_bytes() for p in tmp_path.glob("[cs]*/**/*") if p.is_file()}
    for path in before:
        path.unlink()
    (tmp_path / "configs/config_1/own.txt").write_text("mine")
    done = CliRunner().invoke(main, ["rebuild", str(tmp_path)])
    assert done.exit_code == 0
    assert "4 trials written again" in done.output
    assert {p: p.read_bytes() for p in before} == before
    assert (tmp_path / "configs/config_1/own.txt").read_text() == "mine"
    for command in ("status", "rebuild"):
        failed = CliRunner().invoke(main, [command, str(tmp_path / "nothing")])
        assert failed.exit_code == 1
        assert failed.output.startswith(
            "Error: the directory must hold a run of neps_cs, got no neps_cs.sqlite"
        )


# imported trials


def test_imported_trials_are_part_of_the_run(tmp_path: Path) -> None:
    given = [
        ({"x": 0.5, "n": 3}, 0.25),
        ({"x": 0.75, "n": 4, "epochs": 2}, {"objective_to_minimize": 0.5, "cost": 3, "info_dict": {"a": 1}}),
        ({"x": np.float64(0.25), "n": np.int64(5)}, ValueError("no luck")),
    ]
    neps.import_trials(given, tmp_path, FidelitySpace())
    neps.import_trials(given, str(tmp_path))  # again, and without naming the space: nothing is added
    found = trials(tmp_path)
    assert [t.config for t in found] == [{"x": 0.5, "n": 3}, {"x": 0.75, "n": 4}, {"x": 0.25, "n": 5}]
    assert [t.fidelities for t in found] == [{"epochs": 9}, {"epochs": 2}, {"epochs": 9}]
    assert [t.state for t in found] == [State.SUCCESS, State.SUCCESS, State.CRASHED]
    assert found[1].report.info == {"a": 1}
    assert {t.worker for t in found} == {"external"}
    report = yaml.safe_load((tmp_path / "configs/config_2/report.yaml").read_text())
    assert (report["objective_to_minimize"], report["cost"]) == (0.5, 3.0)
    neps.run(lambda x, n, epochs: x, root_directory=tmp_path, total_evaluations_to_spend=5)
    assert len(trials(tmp_path)) == 5  # imported ones count, as in NePS
    neps.import_trials([({"x": 0.5, "n": 4}, 1.0)] * 2, tmp_path, FidelitySpace())
    assert [t.worker for t in trials(tmp_path)][5:] == ["external"]


def test_optimizers_observe_imported_trials(tmp_path: Path) -> None:
    neps.import_trials([({"x": 0.5, "n": 3}, 0.25)], tmp_path, Space())
    with Store.open(tmp_path) as store:
        assert [(e.trial.id, e.trial.state.value) for e in store.events(0)] == [
            (1, "running"),
            (1, "success"),
        ]


def test_wrong_imports_add_nothing_and_name_everything(tmp_path: Path) -> None:
    given = [({"x": 2.0, "n": 3}, 0.25), ({"x": 0.5}, 0.25), ({"x": 0.5, "n": 3}, 0.25)]
    with pytest.raises(neps.ConfigError) as caught:
        neps.import_trials(given, tmp_path / "new", Space())
    lines = str(caught.value).splitlines()
    assert [line.rpartition(" @ ")[2] for line in lines] == ["evaluated_trials[0].x", "evaluated_trials[1].n"]
    with pytest.raises(neps.EvaluationError, match=r"must be finite .* got nan @ evaluated_trials\[0\]"):
        neps.import_trials([({"x": 0.5, "n": 3}, float("nan"))], tmp_path / "new", Space())
    for wrong in ("abc", {"x": 1}, [({"x": 0.5, "n": 3},)], [3], 3):
        with pytest.raises(neps.RunError, match="must be pairs of a config and a result"):
            neps.import_trials(wrong, tmp_path / "new", Space())  # type: ignore[arg-type]
    with pytest.raises(neps.StoreError, match="must hold a run of neps_cs"):
        neps.import_trials([], tmp_path / "new")
    assert not (tmp_path / "new").exists()
    a_run(tmp_path / "old")
    with pytest.raises(neps.StoreError, match="with its own space"):
        neps.import_trials([], tmp_path / "old", FidelitySpace())


def test_importing_over_an_old_run(tmp_path: Path) -> None:
    a_run(tmp_path)
    neps.import_trials(
        [({"x": 0.5, "n": 3}, 0.25)], tmp_path, Space(), overwrite_root_directory=True,
        optimizer=("random_search", {"use_priors": True}), seed=3,
    )  # fmt: skip
    assert len(trials(tmp_path)) == 1
    assert neps.load_optimizer_info(tmp_path) == {
        "name": "random_search", "info": {"use_priors": True, "ignore_fidelity": "highest_fidelity"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "optimizer", ["random_search", ("regularized_evolution", {"population_size": 3, "tournament_size": 2})]
)
def test_what_was_imported_is_continued_by_any_optimizer(tmp_path: Path, optimizer: Any) -> None:
    """It gives the same trials as when it was named at once, and is kept from its first proposal on."""
    given = [({"x": 0.5, "n": 3}, 0.25), ({"x": 0.25, "n": 5}, 0.5)]
    neps.import_trials(given, tmp_path / "later", Space())
    neps.import_trials(given, tmp_path / "at once", Space(), optimizer=optimizer, seed=7)
    for root in (tmp_path / "later", tmp_path / "at once"):
        neps.run(
            lambda x, n: x * n, Space(), root_directory=root, optimizer=optimizer, seed=7,
            total_evaluations_to_spend=6,
        )  # fmt: skip
    later, at_once = trials(tmp_path / "later"), trials(tmp_path / "at once")
    assert [t.config for t in later] == [t.config for t in at_once]
    info = neps.load_optimizer_info(tmp_path / "later")
    assert info == neps.load_optimizer_info(tmp_path / "at once")
    with pytest.raises(neps.StoreError) as caught:
        neps.run(
            lambda x, n: x, Space(), root_directory=tmp_path / "later", optimizer="grid_search", seed=8,
            total_evaluations_to_spend=7,
        )  # fmt: skip
    told = str(caught.value).splitlines()
    assert [line.split(" {")[0].split(",")[0] for line in told] == [
        "a run must keep its optimizer", "a run must keep its seed 7",
    ]  # fmt: skip


def test_imported_trials_keep_the_optimizer_of_whoever_is_at_it(tmp_path: Path) -> None:
    neps.import_trials([({"x": 0.5, "n": 3}, 0.25)], tmp_path, Space())
    with (
        neps.AskAndTell(Space(), root_directory=tmp_path, optimizer="random_search", seed=1),
        pytest.raises(neps.StoreError, match="a run must keep its optimizer"),
    ):
        neps.import_trials([], tmp_path, Space(), optimizer="grid_search")


# results that come later


def test_results_may_come_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = queue.SimpleQueue[logging.LogRecord]()
    logger = logging.Logger("own", logging.WARNING)  # SMAC changes the loggers that there are
    logger.addHandler(QueueHandler(said))
    monkeypatch.setattr(recording, "logger", logger)
    submitted: list[str] = []

    def submit(x: float, n: int, pipeline_id: str) -> None:
        submitted.append(pipeline_id)

    run = {"root_directory": tmp_path, "total_evaluations_to_spend": 3}
    neps.run(submit, Space(), **run)
    rule = "evaluate_pipeline returned None: the result is to come by save_pipeline_results"
    assert said.get_nowait().getMessage() == f"config_1: {rule}"
    assert said.empty()
    neps.run(submit, Space(), **run)  # they count, and are not evaluated again
    assert submitted == ["1", "2", "3"]
    assert [t.state for t in trials(tmp_path)] == [State.SUBMITTED] * 3
    neps.save_pipeline_results({"objective_to_minimize": 0.5, "cost": 1}, "2", tmp_path)
    neps.save_pipeline_results(ValueError("no luck"), "config_1", str(tmp_path), post_run_summary=False)
    neps.save_pipeline_results(user_result=0.25, pipeline_id=3, root_directory=tmp_path)
    found = trials(tmp_path)
    assert [t.state for t in found] == [State.CRASHED, State.SUCCESS, State.SUCCESS]
    assert [t.report.objective for t in found] == [None, 0.5, 0.25]
    assert found[1].report.seconds >= 0
    assert "best_config_id,3" in (tmp_path / "summary/short.csv").read_text()
    assert yaml.safe_load((tmp_path / "configs/config_2/report.yaml").read_text())["cost"] == 1.0
    with Store.open(tmp_path) as store:
        assert [e.trial.id for e in store.events(3)] == [2, 1, 3]


def test_later_results_are_checked(tmp_path: Path) -> None:
    neps.run(lambda x, n: None, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    with pytest.raises(neps.EvaluationError, match="must be finite"):
        neps.save_pipeline_results({"objective_to_minimize": float("inf")}, "1", tmp_path)
    with pytest.raises(neps.StoreError, match=r"a trial must exist \(config_1 to config_1\), got config_7"):
        neps.save_pipeline_results({"objective_to_minimize": 1}, "7", tmp_path)
    neps.save_pipeline_results({"objective_to_minimize": 1}, "1", tmp_path)
    with pytest.raises(neps.RunError, match="a trial is reported once, got config_1, which is success"):
        neps.save_pipeline_results({"objective_to_minimize": 2}, "1", tmp_path)
    assert trials(tmp_path)[0].report.objective == 1.0
    with pytest.raises(neps.StoreError, match="must hold a run of neps_cs"):
        neps.save_pipeline_results({"objective_to_minimize": 2}, "1", tmp_path / "nothing")


def test_a_result_may_come_before_evaluate_pipeline_returns(tmp_path: Path) -> None:
    def submit(x: float, n: int, pipeline_id: str) -> None:
        neps.save_pipeline_results({"objective_to_minimize": x}, pipeline_id, tmp_path)

    neps.run(submit, Space(), root_directory=tmp_path, total_evaluations_to_spend=3)
    assert [t.report.objective for t in trials(tmp_path)] == [t.config["x"] for t in trials(tmp_path)]


# a person's config


def test_a_person_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_run(tmp_path)

    def answers(*lines: str) -> None:
        given = iter(lines)
        monkeypatch.setattr("builtins.input", lambda _: next(given))

    for arguments in ({"pipeline_space": Space()}, {"root_directory": tmp_path}):
        answers("0.5", "7")
        assert neps.create_config(**arguments) == ({"x": 0.5, "n": 7}, {"x": 0.5, "n": 7})
    answers("0.5", "7")
    assert neps.create_config(FidelitySpace())[1] == {"x": 0.5, "n": 7, "epochs": 9}
    with pytest.raises(neps.StoreError, match="a config must be read with the space of its run"):
        neps.create_config(FidelitySpace(), tmp_path)
    with pytest.raises(neps.RunError, match="create_config needs a space or the root directory"):
        neps.create_config()


# evaluate_pipeline as a text

MODULE = """
from dataclasses import dataclass

@dataclass
class Scaled:
    factor: float

class Tools:
    @staticmethod
    def evaluate(x, n):
        return Scaled(2.0).factor * x

def evaluate(x, n):
    return x

number = 3
"""


def test_texts_name_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/train_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    texts = {
        "package.train_module:evaluate": 1, "package.train_module:Tools.evaluate": 2,
        "package/train_module.py:evaluate": 1, f"{tmp_path}/package/train_module.py:Tools.evaluate": 2,
    }  # fmt: skip
    for i, (text, factor) in enumerate(texts.items()):
        for workers in (1, 2) if i == 2 else (1,):
            root = tmp_path / f"{i}_{workers}"
            neps.run(text, Space(), root_directory=root, total_evaluations_to_spend=3, workers=workers)
            assert [t.report.objective for t in trials(root)] == [
                factor * t.config["x"] for t in trials(root)
            ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no_such_module:evaluate", "the module of evaluate_pipeline must be importable, got No module named "
         "'no_such_module' @ no_such_module:evaluate"),
        ("no_such_file.py:evaluate", "the file of evaluate_pipeline must exist, got "),
        ("os:no_such_function", "evaluate_pipeline must be in its module, got no no_such_function"),
        ("os:sep", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got '),
        ("train.py", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got '),
        (":evaluate", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got '),
        ("os:", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got '),
        (r"C:\x\train.py", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", '),
        (".x:evaluate", 'evaluate_pipeline must be callable, "module:function" or "path.py:function", got '),
    ],
)  # fmt: skip
def test_texts_that_name_none(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(text, Space(), root_directory=tmp_path / "new", total_evaluations_to_spend=1)
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "new").exists()


def test_windows_paths_have_a_colon_of_their_own() -> None:
    assert _parts(r"C:\x\train.py:evaluate") == (r"C:\x\train.py", "evaluate")
    assert _parts("C:/x/train.py:Tools.evaluate") == ("C:/x/train.py", "Tools.evaluate")


def test_a_module_that_fails_says_so_itself(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module_inside")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_module_inside"):
            neps.run(
                f"{tmp_path}/broken.py:evaluate", Space(), root_directory=tmp_path / "new",
                total_evaluations_to_spend=1,
            )  # fmt: skip
    assert not [m for m in sys.modules if m.startswith("neps_cs_file_broken")]


# errors


@pytest.mark.parametrize("name", ["objective_value_on_error", "cost_value_on_error"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", True])
def test_values_on_error_are_finite_numbers(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(neps.RunError) as caught:
        neps.run(
            evaluate, Space(), root_directory=tmp_path / "new", total_evaluations_to_spend=1, **{name: value}
        )
    assert str(caught.value) == f"{name} must be a finite number, got {value!r} @ run"


def test_learning_curves_are_kept_as_info(tmp_path: Path) -> None:
    result = {"objective_to_minimize": 1, "learning_curve": np.array([3.0, 1.0]), "info_dict": {"a": 1}}
    neps.run(lambda x, n: result, Space(), root_directory=tmp_path, total_evaluations_to_spend=1)
    assert trials(tmp_path)[0].report.info == {"a": 1, "learning_curve": [3.0, 1.0]}


def test_a_space_with_operators_must_be_named_to_continue(tmp_path: Path) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Operation(np.float64, args=(neps.Float(0, 1),))})
    neps.run(lambda x: x, space, root_directory=tmp_path, total_evaluations_to_spend=1)
    with pytest.raises(neps.TrustError, match=r"continued with its pipeline_space: .*numpy:float64"):
        neps.run(lambda x: x, root_directory=tmp_path, total_evaluations_to_spend=2)
    assert neps.load_pipeline_space(tmp_path, trust=("numpy",)).sample(seed=1)[0]
