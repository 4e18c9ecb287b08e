"""The three searches of the demo, each with the same budget of epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neps_cs.demo.digits import DigitsSpace, train
from neps_cs.runtime.run import run
from neps_cs.trials import Trial

Step = Callable[[], None]


@dataclass
class Search:
    """What one search found: after each evaluation the epochs spent so far, the error and the config."""

    name: str
    spent: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    configs: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, epochs: float, error: float, config: Mapping[str, Any]) -> None:
        """Note an evaluation."""
        self.spent.append(epochs + (self.spent[-1] if self.spent else 0))
        self.errors.append(error)
        self.configs.append(config)

    @property
    def best(self) -> int:
        """The index of the best evaluation, the first of equals."""
        return min(range(len(self.errors)), key=self.errors.__getitem__)


def search_pipeline_space(directory: Path, evaluations: int, seed: int, step: Step) -> Search:
    """Random search by `run` over the PipelineSpace: evaluate_pipeline receives a torch module."""
    found = Search("random search, PipelineSpace")

    def evaluate_pipeline(model: Any, learning_rate: float, epochs: int) -> float:
        return train(model, learning_rate, epochs)

    run(
        evaluate_pipeline, DigitsSpace(), root_directory=directory, overwrite_root_directory=True,
        total_evaluations_to_spend=evaluations, optimizer=("random_search", {"use_priors": True}),
        seed=seed, progress=_noting(found, step),
    )  # fmt: skip
    return found


def search_configspace(directory: Path, evaluations: int, seed: int, step: Step) -> Search:
    """Random search by `run` over the ConfigurationSpace: flat values come in, the side-car makes modules."""
    from neps_cs_converters.configspace import to_configspace

    found = Search("random search, ConfigurationSpace")
    configspace, sidecar = to_configspace(DigitsSpace())

    def evaluate_pipeline(**values: Any) -> float:
        return train(**sidecar.resolve(values))

    full = sidecar.budget[2] if sidecar.budget else 0.0
    run(
        evaluate_pipeline, configspace, root_directory=directory, overwrite_root_directory=True,
        total_evaluations_to_spend=evaluations, optimizer=("random_search", {"use_priors": True}),
        seed=seed, progress=_noting(found, step, full),
    )  # fmt: skip
    return found


def _noting(found: Search, step: Step, epochs: float | None = None) -> Callable[[Trial], None]:
    """A function for `progress`; `epochs` where the run itself knows no fidelity."""

    def note(trial: Trial) -> None:
        assert trial.report is not None
        assert trial.report.objective is not None
        spent = trial.fidelities["epochs"] if epochs is None else epochs
        found.add(spent, trial.report.objective, trial.config)
        step()

    return note


def search_smac(directory: Path, epochs: float, seed: int, step: Callable[[float], None]) -> Search:
    """SMAC's multi-fidelity search over the translation, until it has spent these epochs."""
    from smac import MultiFidelityFacade
    from smac.callback import Callback

    from neps_cs_converters.configspace import to_configspace
    from neps_cs_converters.smac import target_function, to_scenario

    found = Search("SMAC, by the translation")
    translation = to_configspace(DigitsSpace())

    def note(configuration: Any, used: float | None, error: float) -> None:
        found.add(used or 0.0, error, translation.sidecar.from_configuration(configuration))
        step(used or 0.0)

    class Stop(Callback):
        """Ends the search when the epochs are spent; SMAC itself counts trials only."""

        def on_tell_end(self, smbo: Any, info: Any, value: Any) -> bool | None:
            return False if found.spent and found.spent[-1] >= epochs else None

    scenario = to_scenario(
        translation, n_trials=10_000, seed=seed, output_directory=directory, name="smac", n_workers=1
    )
    facade = MultiFidelityFacade(
        scenario,
        target_function(train, translation, on_result=note),
        overwrite=True,
        logging_level=False,  # it would set the level of everybody's loggers
        callbacks=[Stop()],
    )
    facade.optimize()
    return found
