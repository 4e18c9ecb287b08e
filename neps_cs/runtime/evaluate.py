"""Calling evaluate_pipeline: does its signature fit the space, and what does its answer mean."""

from __future__ import annotations

import inspect
import math
import numbers
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from neps_cs.errors import EvaluationError, Problem, RunError
from neps_cs.space import PipelineSpace
from neps_cs.trials import Report, State
from neps_cs.values import callable_name, object_text

Evaluate: TypeAlias = Callable[..., Any]

EXTRAS = ("pipeline_directory", "previous_pipeline_directory", "pipeline_id")
MAX_BITS = 10_000
_RESULT_KEYS = ("objective_to_minimize", "cost", "info_dict", "learning_curve", "exception")


def check_signature(evaluate: Evaluate, space: PipelineSpace) -> tuple[str, ...]:
    """Which of `EXTRAS` evaluate_pipeline asks for. Raises RunError with everything that does not fit."""
    if not callable(evaluate):
        raise RunError(Problem("evaluate_pipeline must be callable", repr(evaluate)))
    place = callable_name(evaluate)
    try:
        parameters = inspect.signature(evaluate).parameters
    except (TypeError, ValueError):
        return ()  # some builtins have none: then the call itself shows
    visible = [r.name for r in space.graph.roots if not r.intermediate]
    problems = [*_unfit(parameters, visible, set(space.conditions), place)]
    clash = [n for n in EXTRAS if n in visible and n in parameters]
    problems += [
        Problem("an attribute must not be called as an argument of run's own", n, place) for n in clash
    ]
    if problems:
        raise RunError(problems)
    return tuple(n for n in EXTRAS if n in parameters)


def _unfit(
    parameters: Mapping[str, inspect.Parameter], visible: list[str], conditional: set[str], place: str
) -> list[Problem]:
    kinds = inspect.Parameter
    takes_any = any(p.kind is kinds.VAR_KEYWORD for p in parameters.values())
    named = {
        n: p for n, p in parameters.items() if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    }
    problems = []
    unknown = [n for n in visible if n not in named]
    if unknown and not takes_any:
        rule = "evaluate_pipeline must take every attribute of the space (or **kwargs)"
        problems.append(Problem(rule, f"no parameter {', '.join(unknown)}", place))
    required = [n for n, p in named.items() if p.default is kinds.empty]
    absent = [n for n in required if n not in visible and n not in EXTRAS]
    if absent:
        known = ", ".join(visible)
        rule = f"every required parameter of evaluate_pipeline must be an attribute of the space ({known})"
        problems.append(Problem(rule, ", ".join(absent), place))
    positional = [
        n for n, p in parameters.items() if p.kind is kinds.POSITIONAL_ONLY and p.default is kinds.empty
    ]
    if positional:
        problems.append(Problem("evaluate_pipeline is called by keywords", ", ".join(positional), place))
    inactive = [n for n in required if n in conditional]
    if inactive:
        rule = "a parameter of evaluate_pipeline that is not always active needs a default"
        problems.append(Problem(rule, ", ".join(inactive), place))
    return problems


@dataclass(frozen=True)
class Outcome:
    """A report with the state it leads to, and the exception behind a crash."""

    report: Report
    state: State
    exception: Exception | None = None

    def timed(self, seconds: float) -> Report:
        """The report with the time that the evaluation took."""
        return replace(self.report, seconds=seconds)


@dataclass(frozen=True)
class OnError:
    """What stands for the objective and the cost of a failed evaluation, and whether the run goes on.

    Raises RunError unless they are finite numbers or None, and `ignore` is True or False.
    """

    ignore: bool = False
    objective: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        given = {"objective_value_on_error": self.objective, "cost_value_on_error": self.cost}
        problems = []
        if not isinstance(self.ignore, (bool, np.bool_)):
            problems.append(Problem("ignore_errors must be True or False", repr(self.ignore), "run"))
        for name, value in given.items():
            try:
                None if value is None else _finite(name, value, "run")
            except EvaluationError:
                problems.append(Problem(f"{name} must be a finite number", repr(value), "run"))
        if problems:
            raise RunError(problems)

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on after a failure."""
        return self.ignore or self.objective is not None

    def crash(self, error: BaseException, seconds: float = 0.0, traceback_text: str | None = None) -> Outcome:
        """The outcome of an evaluation that failed."""
        text = traceback_text or "".join(traceback.format_exception(type(error), error, error.__traceback__))
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        shown = f"{type(error).__name__}: {_message(error)}{notes}"
        objective, cost = (None if v is None else float(v) for v in (self.objective, self.cost))
        report = Report(objective, cost, {}, shown, text, seconds)
        return Outcome(report, State.CRASHED, error if isinstance(error, Exception) else None)


def evaluate_trial(
    evaluate: Evaluate,
    arguments: Callable[[], Mapping[str, Any]],
    place: str,
    on_error: OnError,
    *,
    needs_cost: bool = False,
) -> Outcome | None:
    """Build the arguments, call evaluate_pipeline and read its answer; a failure becomes a crash. None
    where it returned None: the result comes later, by `save_pipeline_results`."""
    start = time.monotonic()
    try:
        result = evaluate(**arguments())
        if result is None:
            return None
        return read_outcome(result, place, on_error, time.monotonic() - start, needs_cost=needs_cost)
    except Exception as e:
        return on_error.crash(e, time.monotonic() - start)


def read_outcome(
    result: Any, place: str, on_error: OnError, seconds: float = 0.0, *, needs_cost: bool = False
) -> Outcome:
    """The outcome of a result as evaluate_pipeline returns it, or of the exception that it failed with.

    Raises EvaluationError for a result that can't be used.
    """
    failed = result.get("exception") if isinstance(result, Mapping) else result
    if isinstance(failed, Exception):
        return on_error.crash(failed, seconds)
    objective, cost, info = read_result(result, place)
    if needs_cost and cost is None:
        rule = "evaluate_pipeline must return a cost when a budget of cost is given"
        raise EvaluationError(Problem(rule, "none", place))
    return Outcome(Report(objective, cost, info, seconds=seconds), State.SUCCESS)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as e:
        return f"(its text fails: {type(e).__name__})"


def read_result(result: Any, place: str) -> tuple[float, float | None, dict[str, Any]]:
    """(objective, cost, info) of what evaluate_pipeline returned.

    It returns a finite number, or a dict with `objective_to_minimize` and, if wanted, `cost` and
    `info_dict`; a `learning_curve`, as NePS knows it, becomes a part of the info. Raises EvaluationError
    for anything else, with the value and the trial.
    """
    if not isinstance(result, Mapping):
        return _finite("the objective", result, place), None, {}
    unknown = [k for k in result if k not in _RESULT_KEYS]
    if unknown or "objective_to_minimize" not in result:
        rule = (
            "a dict from evaluate_pipeline must hold objective_to_minimize, and may hold cost and info_dict"
        )
        raise EvaluationError(Problem(rule, f"the keys {list(result)}", place))
    cost = result.get("cost")
    info = result.get("info_dict") or {}
    if not isinstance(info, Mapping):
        raise EvaluationError(Problem("info_dict must be a mapping", repr(info), place))
    if result.get("learning_curve") is not None:
        info = {**info, "learning_curve": result["learning_curve"]}
    return (
        _finite("objective_to_minimize", result["objective_to_minimize"], place),
        None if cost is None else _finite("cost", cost, place),
        {str(k): _info(v) for k, v in info.items()},
    )


def _finite(name: str, value: Any, place: str) -> float:
    if isinstance(value, (list, tuple)):
        rule = f"{name} must be one number: several objectives are not supported yet"
        raise EvaluationError(Problem(rule, repr(value), place))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        hint = "; call .item() on it" if "Tensor" in type(value).__name__ else ""
        got = f"{object_text(value)[:80]} of type {type(value).__name__}{hint}"
        raise EvaluationError(Problem(f"{name} must be a number", got, place))
    try:
        number = float(value)
    except OverflowError:
        number = -math.inf if value < 0 else math.inf
    if not math.isfinite(number):
        rule = f"{name} must be finite (raise an error for a failed evaluation)"
        raise EvaluationError(Problem(rule, repr(number), place))
    return number


def _info(value: Any) -> Any:
    """A value of the info as JSON data. What fails to be read (its own repr, a list in itself) is no reason
    to lose the objective: its error stands in its place."""
    try:
        return plain_data(value)
    except Exception as e:  # whatever a class of the user's does
        return f"(a {type(value).__name__} that can't be kept: {type(e).__name__}: {_message(e)})"


def plain_data(value: Any) -> Any:
    """A value as JSON data: numpy becomes Python, and what JSON has no form for becomes its text."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return hex(value)  # Python refuses to write it as a decimal
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (np.generic, np.ndarray)):
        return plain_data(value.tolist())
    if isinstance(value, Mapping):
        return {str(k): plain_data(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(v) for v in value]
    as_list = getattr(value, "tolist", None)
    if callable(as_list):  # a torch tensor
        return plain_data(as_list())
    return str(value) if isinstance(value, Path) else object_text(value)
