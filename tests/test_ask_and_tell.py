"""AskAndTell: the caller evaluates, in memory or in a root directory."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ConfigSpace
import pytest
from running import trials

import neps_cs as neps
from neps_cs.runtime.store import Store
from neps_cs.trials import State, Trial

REPOSITORY = Path(__file__).parent.parent


class Space(neps.PipelineSpace):
    a = neps.Float(lower=0, upper=1)
    b = neps.Integer(lower=1, upper=10)


class FidelitySpace(Space):
    epochs = neps.IntegerFidelity(1, 9)


def test_the_snippet_of_neps() -> None:
    my_optimizer = neps.AskAndTell(optimizer=neps.algorithms.random_search(Space()))
    trial = my_optimizer.ask()
    config_id = trial.metadata.id
    config = trial.config
    my_optimizer.tell(config_id, config["a"] * 2 + config["b"])
    told = my_optimizer.trials[config_id]
    assert told.state is State.SUCCESS
    assert told.report.objective == config["a"] * 2 + config["b"]
    assert trial.metadata.previous_trial_id is None
    custom = my_optimizer.tell_custom(
        config_id="my_config_id", config={"a": 1, "b": 2}, result={"objective_to_minimize": 0.5}
    )
    assert custom.config == {"a": 1.0, "b": 2}
    assert custom.report.objective == 0.5
    assert list(my_optimizer.trials) == ["1", "2"]


def test_it_gives_what_run_gives(tmp_path: Path) -> None:
    neps.run(
        lambda a, b: a, Space(), root_directory=tmp_path, total_evaluations_to_spend=4, seed=7,
        optimizer="random_search",
    )  # fmt: skip
    study = neps.AskAndTell(Space(), "random_search", seed=7)
    asked = [study.ask(), *study.ask(n=3)]
    assert [t.config for t in asked] == [t.config for t in trials(tmp_path)]
    for trial in reversed(asked):
        told = study.tell(
            trial, {"objective_to_minimize": trial.config["a"], "cost": 2, "info_dict": {"k": 1}}
        )
        assert (told.report.objective, told.report.cost, told.report.info) == (
            trial.config["a"],
            2.0,
            {"k": 1},
        )
    with Store.open(tmp_path) as store:
        assert len(store.events(0)) == 8
    assert [t.state for t in study.trials.values()] == [State.SUCCESS] * 4


@pytest.mark.parametrize(
    "choice",
    [
        ("random_search", {"use_priors": True}),
        {"name": "random_search", "use_priors": True},
        lambda space, seed: neps.algorithms.random_search(space, seed=seed, use_priors=True),
    ],
)
def test_ways_to_name_an_optimizer(tmp_path: Path, choice: Any) -> None:
    space = neps.PipelineSpace.from_attributes({"a": neps.Float(0, 1, prior=0.9, prior_confidence="high")})
    study = neps.AskAndTell(space, choice, seed=3)
    drawn = [t.config for t in study.ask(n=5)]
    assert sum(c["a"] > 0.6 for c in drawn) == 5
    neps.run(
        lambda a: a, space, root_directory=tmp_path, optimizer=choice, seed=3, total_evaluations_to_spend=5
    )
    assert [t.config for t in trials(tmp_path)] == drawn


def test_a_mapping_needs_a_name() -> None:
    with pytest.raises(neps.RunError, match="a mapping without 'name'"):
        neps.AskAndTell(Space(), {"use_priors": True})


def test_a_study_on_disk_goes_on_in_another_process(tmp_path: Path) -> None:
    code = f"""if True:
        import sys, os
        sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / "converters")!r}]
        import neps_cs as neps

        class Space(neps.PipelineSpace):
            a = neps.Float(lower=0, upper=1)
            b = neps.Integer(lower=1, upper=10)

        study = neps.AskAndTell(Space(), root_directory={str(tmp_path)!r}, seed=5)
        first, second, third = study.ask(n=3)
        study.tell(second, 2.0)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [t.state for t in trials(tmp_path)] == [State.RUNNING, State.SUCCESS, State.RUNNING]
    with neps.AskAndTell(root_directory=tmp_path) as study:
        again = study.ask(n=3)
        assert [t.id for t in again] == [1, 3, 4]
        whole = neps.AskAndTell(Space(), seed=5).ask(n=4)
        assert [t.config for t in again] == [whole[i].config for i in (0, 2, 3)]
        study.tell(1, 1.0)
        study.tell("config_3", ValueError("no luck"))
    found = trials(tmp_path)
    assert [t.state.value for t in found] == ["success", "success", "crashed", "interrupted"]
    assert found[2].report.error == "ValueError: no luck"
    assert (tmp_path / "configs/config_3/report.yaml").exists()
    assert "num_success,2" in (tmp_path / "summary/short.csv").read_text()
    neps.run(lambda a, b: a, Space(), root_directory=tmp_path, total_evaluations_to_spend=5)
    assert [t.state.value for t in trials(tmp_path)] == [
        "success",
        "success",
        "crashed",
        "success",
        "success",
    ]


def test_pipelines_are_what_run_hands_over() -> None:
    study = neps.AskAndTell(FidelitySpace(), "random_search", seed=1)
    trial = study.ask()
    assert trial.fidelities == {"epochs": 9}
    assert study.pipeline(trial) == {**trial.config, "epochs": 9}


def test_results_that_cannot_be_used_leave_the_trial_open() -> None:
    study = neps.AskAndTell(Space(), seed=1)
    trial = study.ask()
    for result in (float("nan"), None, "0.5", {"cost": 1}, [1.0, 2.0]):
        with pytest.raises(neps.EvaluationError, match="@ config_1"):
            study.tell(trial, result)
    assert study.trials["1"].state is State.RUNNING
    told = study.tell(trial, 0.5, time_end=12.0, evaluation_duration=3.0)
    assert (told.ended, told.report.seconds) == (12.0, 3.0)
    with pytest.raises(neps.RunError) as caught:
        study.tell(trial, 0.25)
    assert str(caught.value) == "a trial is told once, got config_1, which is success @ tell"
    assert study.trials["1"].report.objective == 0.5


def test_failures_are_told_as_exceptions() -> None:
    study = neps.AskAndTell(Space(), seed=1)
    try:
        raise KeyError("a")
    except KeyError as e:
        told = study.tell(study.ask(), e)
    assert told.state is State.CRASHED
    assert told.report.error == "KeyError: 'a'"
    assert "raise KeyError" in told.report.traceback
    told = study.tell(study.ask(), {"exception": ValueError("b")}, traceback_str="elsewhere")
    assert (told.report.error, told.report.traceback) == ("ValueError: b", "elsewhere")


@pytest.mark.parametrize(
    ("trial", "error", "message"),
    [
        (9, neps.StoreError, r"a trial must exist \(config_1 to config_1\), got config_9"),
        ("x", neps.RunError, "the id of a trial must be like 3, '3' or 'config_3', got 'x' @ tell"),
        (10**30, neps.RunError, f"the id of a trial must be like 3, '3' or 'config_3', got {10**30} @ tell"),
        (True, neps.RunError, "the id of a trial must be like 3, '3' or 'config_3', got True @ tell"),
    ],
)
def test_ids_that_were_not_asked(trial: Any, error: type[Exception], message: str) -> None:
    study = neps.AskAndTell(Space(), seed=1)
    study.ask()
    with pytest.raises(error, match=message):
        study.tell(trial, 1.0)


def test_custom_trials_are_observed_and_checked(tmp_path: Path) -> None:
    seen: list[tuple[int, float | None]] = []

    class Noting:
        space: neps.PipelineSpace = Space()  # the class looks like an optimizer
        name = "noting"
        info: Mapping[str, Any] = MappingProxyType({})

        def __init__(self, space: neps.PipelineSpace) -> None:
            self.space = space
            self.inner = neps.algorithms.random_search(space)

        def observe(self, trial: Trial) -> None:
            seen.append((trial.id, None if trial.report is None else trial.report.objective))

        def ask(self, trial_id: int) -> Any:
            return self.inner.ask(trial_id)

    study = neps.AskAndTell(FidelitySpace(), Noting, root_directory=tmp_path)
    custom = study.tell_custom(
        config={"a": 0.5, "b": 3, "epochs": 2}, result=0.25, config_id="mine", time_end=5.0,
        evaluation_duration=2.0, worker_id="elsewhere", location=Path("there"),
    )  # fmt: skip
    assert (custom.id, custom.fidelities, custom.worker, custom.ended) == (1, {"epochs": 2}, "elsewhere", 5.0)
    assert custom.note == {"config_id": "mine", "location": "there"}
    assert study.ask().id == 2
    assert seen == [(1, None), (1, 0.25)]
    with pytest.raises(neps.RunError, match="config_id must be new, got 'mine'"):
        study.tell_custom(config={"a": 0.5, "b": 4}, result=0.25, config_id="mine")
    with pytest.raises(neps.ConfigError, match="from 1 to 10, got 11 @ b"):
        study.tell_custom(config={"a": 0.5, "b": 11}, result=0.25)
    study.close()
    study.close()
    assert [t.id for t in trials(tmp_path)] == [1, 2]
    assert (tmp_path / "configs/config_1/report.yaml").exists()


def test_where_nothing_is_left_there_is_none() -> None:
    class Three:
        name = "three"
        info: Mapping[str, Any] = MappingProxyType({})

        def __init__(self, space: neps.PipelineSpace) -> None:
            self.space = space

        def observe(self, trial: Trial) -> None: ...

        def ask(self, trial_id: int) -> Any:
            return neps.algorithms.random_search(self.space).ask(trial_id) if trial_id <= 3 else None

    study = neps.AskAndTell(Three(Space()))
    assert [t.id for t in study.ask(n=5)] == [1, 2, 3]
    assert study.ask() is None
    assert study.ask(n=2) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: neps.AskAndTell(), "AskAndTell needs a space, an optimizer, or the root directory of a run"),
        (lambda: neps.AskAndTell(Space(), neps.algorithms.random_search(Space())),
         "an optimizer that is made has its space, got pipeline_space too"),
        (lambda: neps.AskAndTell(neps.algorithms.random_search(Space()), seed=1),
         "an optimizer that is made has its seed, got seed=1"),
        (lambda: neps.AskAndTell(neps.algorithms.random_search(Space()), "auto"),
         "one optimizer must be given, got two"),
        (lambda: neps.AskAndTell(Space).ask(), "pipeline_space must be made"),
        (lambda: neps.AskAndTell(Space()).ask(n=0), "n must be a whole number >= 1, got 0 @ ask"),
        (lambda: neps.AskAndTell(3), "pipeline_space must be a PipelineSpace, a ConfigurationSpace, or"),
    ],
)  # fmt: skip
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(neps.RunError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_a_configspace_and_an_own_optimizer_on_disk(tmp_path: Path) -> None:
    space = ConfigSpace.ConfigurationSpace({"x": (0.0, 1.0), "k": ["a", "b"]})
    for expected in ([1, 2], [3, 4]):
        study = neps.AskAndTell(space, root_directory=tmp_path, seed=2)
        asked = study.ask(n=2)
        assert [t.id for t in asked] == expected
        for trial in asked:
            assert trial.config["k"] in ("a", "b")
            study.tell(trial, 1.0)
        del study
        gc.collect()
    with pytest.raises(neps.StoreError, match="a run must keep its seed 2, got 3"):
        neps.AskAndTell(space, root_directory=tmp_path, seed=3)


@pytest.mark.parametrize("on_disk", [True, False])
def test_threads_may_share_a_study(tmp_path: Path, on_disk: bool) -> None:
    study = neps.AskAndTell(Space(), seed=2, root_directory=tmp_path if on_disk else None)

    def work(_: int) -> None:
        trial = study.ask()
        study.tell(trial, trial.config["a"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert list(study.trials) == [str(i) for i in range(1, 41)]
    assert all(t.report.objective == t.config["a"] for t in study.trials.values())
    study.close()


SECONDS = "must be a finite number of seconds, or None, got"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time_end": "a"}, f"time_end {SECONDS} 'a' @ tell"),
        ({"time_end": float("nan")}, f"time_end {SECONDS} nan @ tell"),
        ({"evaluation_duration": "a"}, f"evaluation_duration {SECONDS} 'a' @ tell"),
    ],
)
def test_times_that_are_none_leave_the_trial_open(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with neps.AskAndTell(Space(), root_directory=tmp_path) as study:
        trial = study.ask()
        with pytest.raises(neps.RunError) as caught:
            study.tell(trial, 1.0, **arguments)
        assert str(caught.value) == message
        assert study.tell(trial, 1.0).report.objective == 1.0
    assert neps.status(tmp_path).short["num_success"] == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"time_sampled": "a"}, neps.RunError, f"time_sampled {SECONDS} 'a' @ tell_custom"),
        ({"time_started": True}, neps.RunError, f"time_started {SECONDS} True @ tell_custom"),
        ({"previous_trial_id": 9}, neps.StoreError, "a trial must exist (no trial yet), got config_9 @ "),
        ({"worker_id": 3}, neps.RunError, "worker_id must be made of letters, digits"),
    ],
)
def test_custom_trials_with_what_cannot_be(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    study = neps.AskAndTell(Space())
    with pytest.raises(error) as caught:
        study.tell_custom(config={"a": 0.5, "b": 1}, result=1.0, **arguments)
    assert str(caught.value).startswith(message)
    assert study.trials == {}


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_study_that_was_closed_says_so(tmp_path: Path, on_disk: bool) -> None:
    study = neps.AskAndTell(Space(), root_directory=tmp_path if on_disk else None)
    study.ask()
    study.close()
    study.close()
    for name, use in {
        "ask": study.ask,
        "tell": lambda: study.tell(1, 1.0),
        "tell_custom": lambda: study.tell_custom(config={"a": 0.5, "b": 1}, result=1.0),
        "trials": lambda: study.trials,
    }.items():
        with pytest.raises(neps.RunError) as caught:
            use()
        assert str(caught.value) == f"a study must be open, got one that was closed @ {name}"


def test_an_optimizer_that_is_made_is_fed_once(tmp_path: Path) -> None:
    made = neps.algorithms.regularized_evolution(Space(), seed=1)
    neps.AskAndTell(made).ask()
    rule = "an optimizer that is made serves one run or study, and must be made anew after an error, got one"
    message = f"{rule} that has observed trials: regularized_evolution @ optimizer"
    with pytest.raises(neps.RunError, match=re.escape(message)):
        neps.AskAndTell(made).ask()
    with pytest.raises(neps.RunError, match=re.escape(message)):
        neps.run(
            lambda a, b: a, made.space, root_directory=tmp_path, optimizer=made, total_evaluations_to_spend=2
        )
