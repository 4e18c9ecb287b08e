"""What to call, or to write, instead: hints in the errors of slips that are easily made."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

import pytest
from making import NO_FIDELITY

import neps_cs as neps
from neps_cs.errors import ConversionError, FormatError, NepsCsError, RunError
from neps_cs.space import PipelineSpace


class Line(neps.PipelineSpace):
    x = neps.Float(0, 1)


def peer(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")


# what is not old


def test_what_is_not_old_has_functions_of_its_own() -> None:
    translation = neps.to_configspace(Line())
    rule = "an old space must be a mapping, a SearchSpace of NePS, or the path of a file, got "
    for thing, hint in (
        (translation, "a Translation; from_configspace(*translation) gives its space back"),
        (translation.sidecar, "a Sidecar; sidecar.space is its space"),
        (
            translation.configspace.get_default_configuration(),
            "a Configuration; sidecar.from_configuration(configuration) reads it, a config and no space",
        ),
    ):
        for function in (neps.from_legacy, lambda t: neps.convert(t, to="json")):
            with pytest.raises(FormatError) as caught:
                function(thing)
            assert str(caught.value) == f"{rule}{hint} @ from_legacy"
    with pytest.raises(FormatError) as caught:
        neps.from_legacy(translation.configspace)
    hint = "a ConfigurationSpace; from_configspace(configspace) reads it"
    assert str(caught.value) == f"{rule}{hint} @ from_legacy"
    assert neps.equal(neps.from_configspace(*translation), translation.sidecar.space)


# the NePS package


def root_of(folder: Path, *texts: str) -> Path:
    for i, text in enumerate(texts, 1):
        trial = folder / "theirs" / "configs" / f"config_{i}"
        trial.mkdir(parents=True)
        (trial / "config.yaml").write_text(text, encoding="utf-8")
        (trial / "report.yaml").write_text("objective_to_minimize: 1.0\nreported_as: success\n", "utf-8")
        (trial / "metadata.json").write_text('{"state": "success"}', encoding="utf-8")
    return folder / "theirs"


def test_a_root_directory_of_another_space_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from neps_cs_converters.neps import read_root

    root = root_of(tmp_path, "y: 0.5\n", "y: 0.25\n", "y: [\n")
    text = f"{root}: none of the 3 trials fits the space; 2 are of another one, as `problems` lists"
    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        assert len(read_root(root, Line())) == 0
        assert caplog.messages == [text]
        neps.import_trials(root, tmp_path / "ours", Line())
        assert text in caplog.messages[1:]


def test_a_root_directory_with_a_trial_that_fits_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from neps_cs_converters.neps import read_root

    with caplog.at_level(logging.WARNING, logger="neps_cs"):
        found = read_root(root_of(tmp_path, "y: 0.5\n", "x: 0.25\n"), Line())
    assert (len(found), len(found.problems) > 0, caplog.messages) == (1, True, [])


@peer("neps")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what NePS imports
def test_a_conditional_space_is_offered_its_nearest_one_in_neps() -> None:
    from neps_cs_converters.neps import neps_optimizer, to_neps

    made = PipelineSpace.from_attributes(
        {"a": neps.Categorical((1, 2)), "x": neps.Float(0, 1)}, conditions={"x": neps.Equals("a", 1)}
    )
    for function in (to_neps, neps_optimizer("neps_random_search")):
        with pytest.raises(ConversionError) as caught:
            function(made)  # type: ignore[operator]
        assert str(caught.value).splitlines() == [
            "NePS has no conditions, got Equals(parent='a', value=1) @ x",
            "nearest=True takes what NePS can express of the space",
        ]
    fidelity = neps.IntegerFidelity(1, 3)
    hopeless = PipelineSpace.from_attributes(
        {"e": fidelity, "op": neps.Operation("f", (fidelity,)), "x": neps.Float(0, 1, step=0.5)}
    )
    with pytest.raises(ConversionError) as caught:
        to_neps(hopeless)
    assert (len(caught.value.problems), caught.value.hint) == (2, "")


# arguments


def told(folder: Path, optimizer: Any) -> str:
    with pytest.raises(RunError) as caught:
        neps.run(lambda x: x, Line(), root_directory=folder / "run", total_evaluations_to_spend=1,
                 optimizer=optimizer)  # fmt: skip
    return str(caught.value)


def test_misspelt_arguments_of_optimizers(tmp_path: Path) -> None:
    rule = "the optimizer must take the arguments given, got an unexpected keyword argument"
    for name in ("priorband", "hyperband", "asha"):
        assert told(tmp_path, (name, {"etta": 3})) == f"{rule} 'etta'; did you mean 'eta'? @ optimizer"
    assert told(tmp_path, ("priorband", {"zzz": 3})) == f"{rule} 'zzz' @ optimizer"
    assert told(tmp_path, ("random_search", {"use_prior": True})) == (
        f"{rule} 'use_prior'; did you mean 'use_priors'? @ optimizer"
    )


@peer("optuna")
def test_misspelt_arguments_of_optuna(tmp_path: Path) -> None:
    assert told(tmp_path, ("optuna", {"samplerr": "tpe"})) == (
        "the optimizer must take the arguments given, got an unexpected keyword argument 'samplerr'; "
        "did you mean 'sampler'? @ optimizer"
    )
    assert told(tmp_path, ("optuna", {"sampler_arguments": {"n_startup_trails": 3}})) == (
        "TPESampler must take the arguments given, got TPESampler.__init__() got an unexpected keyword "
        "argument 'n_startup_trails'; did you mean 'n_startup_trials'? @ optuna"
    )
    assert told(tmp_path, ("optuna", {"sampler": "tep"})).endswith("got 'tep'; did you mean 'tpe'? @ optuna")


@peer("smac")
def test_misspelt_arguments_of_smac(tmp_path: Path) -> None:
    assert told(tmp_path, ("smac", {"n_trails": 3})) == (
        "SMAC's BlackBoxFacade must take the arguments of Scenario, got TypeError: Scenario.__init__() got "
        "an unexpected keyword argument 'n_trails'; did you mean 'n_trials'? @ smac"
    )
    assert "did you mean 'n_trees'?" in told(
        tmp_path, ("smac", {"facade": "hyperparameter", "model": {"n_tres": 3}})
    )


@peer("dehb")
def test_misspelt_arguments_of_dehb(tmp_path: Path) -> None:
    text = told(tmp_path, ("dehb", {"mutation_factr": 0.5, "etta": 3}))
    assert "got mutation_factr; did you mean 'mutation_factor'?, etta; did you mean 'eta'? @ dehb" in text


def test_brackets_say_how_a_space_gets_a_fidelity(tmp_path: Path) -> None:
    assert told(tmp_path, "priorband") == f"{NO_FIDELITY} @ priorband"


@peer("smac")
def test_on_result_is_checked_when_the_target_function_is_made() -> None:
    from neps_cs_converters.smac import target_function

    with pytest.raises(RunError) as caught:
        target_function(lambda x: x, Line(), on_result=3)  # type: ignore[arg-type]
    assert str(caught.value) == "on_result must be None or callable, got 3 @ target_function"


@peer("optuna")
def test_a_study_is_no_trial() -> None:
    import optuna

    from neps_cs_converters.optuna import suggest

    with pytest.raises(NepsCsError) as caught:
        suggest(optuna.create_study(), Line())  # type: ignore[arg-type]
    assert str(caught.value) == (
        "a trial of Optuna's is needed, got a Study: ask it for one, study.ask(), or pass a function of one "
        "to study.optimize @ suggest"
    )


# load_config


def test_load_config_without_keywords(tmp_path: Path) -> None:
    root = tmp_path / "run"
    neps.run(lambda x: x, Line(), root_directory=root, total_evaluations_to_spend=2, seed=0)
    expected = neps.load_config(root, config_id=2)
    made, load = Line(), neps.load_config
    for given in (
        (root, "config_2"), (root, "config_2", made), (root, made, "config_2"), (root, 2, made), (root, "2"),
        (made, root, "config_2"), (made, None, root, "config_2"), (made, expected),
        (str(root), made, None, 2),
    ):  # fmt: skip
        assert load(*given) == expected  # type: ignore[arg-type]
    with pytest.raises(RunError) as caught:
        load(root, "config_2", "config_1")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "load_config takes a path, a space, a config and an id, one of each, got 'config_2' and 'config_1' "
        "@ load_config"
    )
