"""The snippets of the NePS documentation, run as they stand with `import neps_cs as neps`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ConfigSpace
import pytest
import torch

import neps_cs as neps

pytestmark = pytest.mark.peer


class MySpace(neps.PipelineSpace):
    float_param = neps.Float(lower=0.1, upper=1.0)
    int_param = neps.Integer(lower=1, upper=10)
    cat_param = neps.Categorical(choices=("A", "B", "C"))


def test_three_parameters_are_run(tmp_path: Path) -> None:
    calls: list[tuple[float, int, str]] = []

    def evaluate_pipeline(float_param: float, int_param: int, cat_param: str) -> float:
        calls.append((float_param, int_param, cat_param))
        return float_param * int_param

    neps.run(
        evaluate_pipeline=evaluate_pipeline,
        pipeline_space=MySpace(),
        root_directory=tmp_path / "results",
        total_evaluations_to_spend=20,
    )
    assert len(calls) == 20
    assert len(set(calls)) == 20
    for float_param, int_param, cat_param in calls:
        assert type(float_param) is float
        assert 0.1 <= float_param <= 1.0
        assert type(int_param) is int
        assert 1 <= int_param <= 10
        assert cat_param in ("A", "B", "C")


@pytest.mark.parametrize(
    ("fidelity", "kind", "lower", "upper"),
    [
        (neps.IntegerFidelity(lower=1, upper=16), int, 1, 16),
        (neps.IntegerFidelity(1, 16), int, 1, 16),
        (neps.FloatFidelity(lower=0.1, upper=1.0), float, 0.1, 1.0),
        (neps.Fidelity(neps.Integer(1, 16)), int, 1, 16),
    ],
)
def test_fidelities(fidelity: neps.Fidelity, kind: type, lower: float, upper: float) -> None:
    space = neps.PipelineSpace.from_attributes({"lr": neps.Float(0, 1), "fidelity": fidelity})
    config, pipeline = space.sample(seed=0)
    assert set(config) == {"lr"}
    assert pipeline["fidelity"] == upper
    assert type(pipeline["fidelity"]) is kind
    assert space.sample(seed=0, fidelity_values={"fidelity": lower})[1]["fidelity"] == lower
    assert (fidelity.lower, fidelity.upper) == (lower, upper)


def test_a_prior_is_the_index_of_a_choice() -> None:
    parameter = neps.Categorical(choices=("A", "B", "C"), prior=0, prior_confidence="high")
    space = neps.PipelineSpace.from_attributes({"cat_param": parameter})
    drawn = [space.sample(seed=i, use_priors=True)[0]["cat_param"] for i in range(3000)]
    # p + (1 - p) / n with p = 0.75 is 0.8333; five standard errors are 0.034
    assert abs(drawn.count("A") / 3000 - 0.8333) < 0.034


def test_add_and_remove_give_new_spaces() -> None:
    space = MySpace()
    larger = space.add(neps.Integer(lower=5, upper=15), name="new_int_param")
    smaller = space.remove("cat_param")
    assert list(larger.attributes) == ["float_param", "int_param", "cat_param", "new_int_param"]
    assert list(smaller.attributes) == ["float_param", "int_param"]
    assert neps.equal(space, MySpace())
    assert 5 <= larger.sample(seed=1)[1]["new_int_param"] <= 15


class NetworkSpace(neps.PipelineSpace):
    _width = neps.Integer(lower=4, upper=8)
    hidden_layer = neps.Operation(
        operator=torch.nn.Linear, kwargs={"in_features": 3, "out_features": _width}, args=()
    )
    positional_layer = neps.Operation(torch.nn.Linear, args=(2, _width))
    activation = neps.Categorical(
        choices=(neps.Operation(torch.nn.ReLU), neps.Operation(torch.nn.LeakyReLU, args=(0.2,)))
    )


def test_evaluate_pipeline_receives_built_modules(tmp_path: Path) -> None:
    received: list[dict[str, Any]] = []

    def evaluate_pipeline(
        hidden_layer: torch.nn.Linear, positional_layer: torch.nn.Linear, activation: torch.nn.Module
    ) -> float:
        received.append({"hidden": hidden_layer, "positional": positional_layer, "activation": activation})
        return float(hidden_layer.out_features)

    neps.run(
        evaluate_pipeline, NetworkSpace(), root_directory=tmp_path, total_evaluations_to_spend=12, seed=0
    )
    for parts in received:
        assert isinstance(parts["hidden"], torch.nn.Linear)
        assert parts["hidden"].out_features == parts["positional"].out_features
        assert 4 <= parts["hidden"].out_features <= 8
    assert {type(p["activation"]) for p in received} == {torch.nn.ReLU, torch.nn.LeakyReLU}


def test_resample_as_an_attribute() -> None:
    class Space(neps.PipelineSpace):
        float_param = neps.Float(lower=0, upper=1)
        resampled_float = float_param.resample()

    config, pipeline = Space().sample(seed=3)
    assert list(config) == ["float_param", "resampled_float"]
    assert pipeline["float_param"] != pipeline["resampled_float"]


def test_a_cell_block_resampled_three_times() -> None:
    class CellSpace(neps.PipelineSpace):
        _kernel_size = neps.Integer(lower=1, upper=1000)
        _cell_block = neps.Operation(
            operator=torch.nn.Sequential,
            args=(
                neps.Operation(torch.nn.Linear, args=(_kernel_size.resample(), 4)).resample(),
                neps.Operation(torch.nn.ReLU),
            ),
        )
        cell = neps.Operation(
            operator=torch.nn.Sequential,
            args=(_cell_block.resample(), _cell_block.resample(), _cell_block.resample()),
        )

    config, pipeline = CellSpace().sample(seed=0)
    assert list(config) == ["cell:0:0:0", "cell:1:0:0", "cell:2:0:0"]
    assert isinstance(pipeline["cell"], torch.nn.Sequential)
    assert [block[0].in_features for block in pipeline["cell"]] == list(config.values())
    assert len(set(config.values())) == 3


class RecursiveSpace(neps.PipelineSpace):
    self_reference = neps.Categorical(
        choices=(
            (neps.ByName("self_reference").resample(), neps.ByName("self_reference").resample()),
            (neps.ByName("future_param").resample(),),
        )
    )
    future_param = neps.Float(lower=0, upper=5)


def _leaves(value: Any) -> list[float]:
    return [x for v in value for x in _leaves(v)] if isinstance(value, tuple) else [value]


def test_self_reference() -> None:
    sizes = set()
    for seed in range(40):
        config, pipeline = RecursiveSpace().sample(seed=seed)
        leaves = _leaves(pipeline["self_reference"])
        sizes.add(len(leaves))
        assert all(0 <= x <= 5 for x in leaves)
        assert len(set(leaves)) == len(leaves)
        again = neps.resolve(RecursiveSpace(), config)
        assert again == pipeline
    assert 1 in sizes
    assert max(sizes) > 4


def _conditional() -> ConfigSpace.ConfigurationSpace:
    space = ConfigSpace.ConfigurationSpace(
        {"algorithm": ["svm", "forest"], "C": (0.1, 10.0), "trees": (10, 100)}
    )
    space.add(ConfigSpace.EqualsCondition(space["C"], space["algorithm"], "svm"))
    space.add(ConfigSpace.EqualsCondition(space["trees"], space["algorithm"], "forest"))
    return space


def test_a_configuration_space_leaves_out_what_is_inactive(tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = []

    def evaluate_pipeline(algorithm: str, **rest: Any) -> float:
        calls.append({"algorithm": algorithm, **rest})
        return 1.0

    neps.run(
        evaluate_pipeline, _conditional(), root_directory=tmp_path, total_evaluations_to_spend=20, seed=0
    )
    assert {c["algorithm"] for c in calls} == {"svm", "forest"}
    for call in calls:
        assert set(call) == {"algorithm", "C" if call["algorithm"] == "svm" else "trees"}


def test_load_config_gives_what_evaluate_pipeline_got(tmp_path: Path) -> None:
    class Space(neps.PipelineSpace):
        layer = neps.Operation(
            torch.nn.Linear, kwargs={"in_features": 3, "out_features": neps.Integer(1, 99)}
        )
        lr = neps.Float(1e-9, 1.0, log=True)
        epochs = neps.IntegerFidelity(1, 16)

    received: list[tuple[int, float, int]] = []

    def evaluate_pipeline(layer: torch.nn.Linear, lr: float, epochs: int) -> float:
        received.append((layer.out_features, lr, epochs))
        return lr

    root = tmp_path / "folder"
    neps.run(evaluate_pipeline, Space(), root_directory=root, total_evaluations_to_spend=3)
    for number, expected in enumerate(received, start=1):
        loaded = [
            neps.load_config(f"{root}/configs/config_{number}/config.yaml", pipeline_space=Space()),
            neps.load_config(f"{root}", config_id=f"config_{number}", pipeline_space=Space()),
            neps.load_config(root / "configs" / f"config_{number}", pipeline_space=Space()),
            neps.load_config(config_path=root, config_id=number, trust=("torch",)),
            neps.load_config(Space(), config_path_of(root, number)),
        ]
        for pipeline in loaded:
            assert list(pipeline) == ["layer", "lr", "epochs"]
            assert isinstance(pipeline["layer"], torch.nn.Linear)
            assert (pipeline["layer"].out_features, pipeline["lr"], pipeline["epochs"]) == expected


def config_path_of(root: Path, number: int) -> Path:
    return root / "configs" / f"config_{number}" / "config.yaml"


def test_load_pipeline_space(tmp_path: Path) -> None:
    neps.run(lambda **_: 1.0, MySpace(), root_directory=tmp_path, worker_evaluations_to_spend=1)
    space = neps.load_pipeline_space(tmp_path)
    assert neps.equal(space, MySpace())
    info = {"ignore_fidelity": "highest_fidelity"}
    assert neps.load_optimizer_info(tmp_path) == {"name": "complex_random_search", "info": info}
