"""Arguments that `run` does not have: what NePS calls so, and what to write here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from neps_cs.errors import Problem, RunError, meant

# NePS's names, up to 0.17, of what has another name here
RENAMED: Mapping[str, str] = {
    "run_pipeline": "evaluate_pipeline",
    "search_space": "pipeline_space",
    "working_directory": "root_directory",
    "overwrite_working_directory": "overwrite_root_directory",
    "max_evaluations_total": "total_evaluations_to_spend",
    "max_evaluations_per_run": "worker_evaluations_to_spend",
    "max_cost_total": "total_cost_to_spend",
    "loss_value_on_error": "objective_value_on_error",
    "objective_to_minimize_value_on_error": "objective_value_on_error",
    "searcher": "optimizer",
}

# … and of what has none
MISSING: Mapping[str, str] = {
    "continue_until_max_evaluation_completed": "budgets count what has started",
    "sample_batch_size": "workers=… evaluates several trials at once",
    "live_plots": "neps.status and the folder summary show how the run stands",
    "post_run_summary": "the folder summary is always written",
    "task_id": "make it a part of root_directory",
    "development_stage_id": "make it a part of root_directory",
    "searcher_kwargs": "optimizer=(name, arguments) takes them",
    "searcher_path": "optimizer=… takes a callable",
    "pre_load_hooks": "there are no hooks",
    "run_args": "pass the arguments themselves",
}


def check_no_others(function: Callable[..., Any], given: Mapping[str, object]) -> None:
    """Raises RunError with all arguments in `given`, which `function` was called with and does not have."""
    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    rule = f"{function.__name__} must be called with arguments that it has"
    problems = [Problem(rule, f"{n}={v!r:.60}{_hint(n, known)}", function.__name__) for n, v in given.items()]
    if problems:
        raise RunError(problems)


def _hint(name: str, known: list[str]) -> str:
    if name in RENAMED:
        return f", which is {RENAMED[name]} here"
    if name in MISSING:
        return f", which does not exist here: {MISSING[name]}"
    return meant(name, known)
