"""One run's evaluation of a trial: what a worker has to know, in this process or in another one."""

from __future__ import annotations

import pickle
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from neps_cs.errors import Problem, RunError
from neps_cs.graph.records import ConstantRecord, OperationRecord
from neps_cs.runtime.evaluate import Evaluate, OnError, Outcome, evaluate_trial
from neps_cs.runtime.functions import loaded
from neps_cs.sampling.replay import replay
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial, folder_name


@dataclass(frozen=True)
class Evaluation:
    """Calls evaluate_pipeline for a trial. `function` is a callable, or a text that names one."""

    function: Evaluate | str
    space: PipelineSpace
    extras: tuple[str, ...]
    configs: Path
    """The folder that holds those of the trials."""
    on_error: OnError
    needs_cost: bool = False

    def __call__(self, trial: Trial) -> Outcome | None:
        """What the trial's evaluation gave; None where its result comes later."""
        return evaluate_trial(
            loaded(self.function), lambda: self._arguments(trial), trial.name, self.on_error,
            needs_cost=self.needs_cost,
        )  # fmt: skip

    def _arguments(self, trial: Trial) -> Mapping[str, Any]:
        pipeline = replay(self.space.resolver, trial.config, trial.fidelities).pipeline
        if not self.extras:
            return pipeline
        folder = self.configs / trial.name
        if "pipeline_directory" in self.extras:
            folder.mkdir(parents=True, exist_ok=True)  # a machine of its own has no such folder yet
        previous = None if trial.previous is None else self.configs / folder_name(trial.previous)
        known: dict[str, Any] = {
            "pipeline_directory": folder,
            "previous_pipeline_directory": previous,
            "pipeline_id": str(trial.id),
        }
        return {**{n: known[n] for n in self.extras}, **pipeline}


@dataclass(frozen=True)
class Shipped:
    """An Evaluation on its way to other processes, which unpack it once."""

    data: bytes
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __call__(self, trial: Trial) -> Outcome | None:
        """As the Evaluation; an exception that can't travel back stays behind, its text comes."""
        evaluation = _unpacked.get(self.token)
        if evaluation is None:
            _unpacked.clear()  # one run at a time
            evaluation = _unpacked[self.token] = pickle.loads(self.data)
        outcome = evaluation(trial)
        if outcome is None or outcome.exception is None or _travels(outcome.exception):
            return outcome
        return replace(outcome, exception=None)


_unpacked: dict[str, Evaluation] = {}


def _travels(error: Exception) -> bool:
    try:
        return isinstance(pickle.loads(pickle.dumps(error)), Exception)
    except Exception:  # whatever a class of the user's does
        return False


def ship(evaluation: Evaluation) -> Shipped:
    """The evaluation as bytes, by pickle, or else by cloudpickle where that is installed.

    cloudpickle carries what has no import path: closures, lambdas, and what a notebook defines. Raises
    RunError that names everything which can't be pickled.
    """
    try:
        data = pickle.dumps(evaluation)
        pickle.loads(data)
    except Exception as e:  # pickle raises anything
        carried = _by_value(evaluation)
        if carried is None:
            raise RunError(list(_problems(evaluation)) or [Problem(_RULE, _text(e), "run")]) from e
        return Shipped(carried)
    if b"__main__" in data:  # what another process calls __main__ may be another file, or none
        data = _by_value(evaluation) or data
    return Shipped(data)


_RULE = (
    "evaluate_pipeline and what the space holds must be picklable to reach other processes: "
    "define functions and classes at the top of a module"
)


def _by_value(evaluation: Evaluation) -> bytes | None:
    cloudpickle = _cloudpickle()
    if cloudpickle is None:
        return None
    try:
        data: bytes = cloudpickle.dumps(evaluation)
        pickle.loads(data)
    except Exception:
        return None  # ship names what it is
    return data


def _cloudpickle() -> ModuleType | None:
    try:
        import cloudpickle
    except ImportError:
        return None
    assert isinstance(cloudpickle, ModuleType)
    return cloudpickle


def _problems(evaluation: Evaluation) -> Iterator[Problem]:
    dumps: Callable[[Any], bytes] = (_cloudpickle() or sys.modules["pickle"]).dumps
    parts: list[tuple[str, Any]] = [("evaluate_pipeline", evaluation.function)]
    for record in evaluation.space.graph.records:
        if isinstance(record, ConstantRecord):
            parts.append((evaluation.space.graph.name, record.value))
        elif isinstance(record, OperationRecord):
            parts.append((evaluation.space.graph.name, record.operator))
    for place, value in parts:
        try:
            pickle.loads(dumps(value))
        except Exception as e:
            yield Problem(_RULE, _text(e), place)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
