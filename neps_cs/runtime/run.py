"""run: evaluate configs until a budget is spent, with everything kept in the root directory."""

from __future__ import annotations

import logging
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neps_cs.errors import EvaluationError, Problem, RunError, StoreError
from neps_cs.graph.document import to_document
from neps_cs.optimizers.algorithms import BY_NAME, OptimizerChoice, make_optimizer
from neps_cs.optimizers.base import Optimizer
from neps_cs.runtime.budget import Budget
from neps_cs.runtime.evaluate import Evaluate, check_signature, evaluate_trial
from neps_cs.runtime.foreign import as_space
from neps_cs.runtime.load import load_pipeline_space
from neps_cs.runtime.progress import Progress, reporter
from neps_cs.runtime.root import check_root, check_same_space, opening, remove_run
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import (
    trial_directory,
    write_config,
    write_metadata,
    write_missing,
    write_report,
    write_run,
    write_summary,
)
from neps_cs.sampling.draw import Seed, checked_seed
from neps_cs.sampling.replay import replay
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial

logger = logging.getLogger("neps_cs")

SUMMARY_SECONDS = 5.0


def run(
    evaluate_pipeline: Evaluate,
    pipeline_space: Any = None,
    *,
    root_directory: str | Path = "neps_results",
    overwrite_root_directory: bool = False,
    worker_evaluations_to_spend: int | None = None,
    total_evaluations_to_spend: int | None = None,
    worker_cost_to_spend: float | None = None,
    total_cost_to_spend: float | None = None,
    worker_fidelities_to_spend: float | None = None,
    total_fidelities_to_spend: float | None = None,
    ignore_errors: bool = False,
    objective_value_on_error: float | None = None,
    cost_value_on_error: float | None = None,
    optimizer: OptimizerChoice = "auto",
    seed: Seed = None,
    worker_id: str | None = None,
    progress: bool | Callable[[Trial], None] | None = None,
) -> None:
    """Search the space for the config with the least objective.

    Every trial is in `root_directory` as soon as it is reported; calling `run` again continues
    there, in this or another process, and an interrupted trial is evaluated again. Several
    processes may run in one directory at once: the total budgets hold across them.

    Args:
        evaluate_pipeline: called with the attributes of the space by keyword (those that a condition
            makes inactive are left out), and with `pipeline_directory`,
            `previous_pipeline_directory` and `pipeline_id` if it has such parameters. Returns a
            finite number to minimise, or a dict with `objective_to_minimize` and, if wanted,
            `cost` and `info_dict`.
        pipeline_space: a PipelineSpace or a ConfigurationSpace; None continues with the stored
            one, where that holds no operators.
        root_directory: where the run is kept; made if it does not exist.
        overwrite_root_directory: remove the run that is there first.
        worker_evaluations_to_spend: how many trials this call evaluates at most.
        total_evaluations_to_spend: how many trials the run has at most, crashed ones included.
        worker_cost_to_spend: no trial starts here once the costs returned here reach this.
        total_cost_to_spend: no trial starts once the costs of the run reach this.
        worker_fidelities_to_spend: the same for the sum of fidelities, here.
        total_fidelities_to_spend: the same for the sum of fidelities, of the run.
        ignore_errors: go on after a trial that failed, instead of raising.
        objective_value_on_error: the objective of a trial that failed; the run then goes on.
        cost_value_on_error: the cost of a trial that failed.
        optimizer: "auto", a name of `neps.algorithms`, a tuple of a name and its arguments, or a
            callable that takes the space.
        seed: an integer or a Generator; the same seed gives the same trials. None: fresh
            entropy, kept in the store.
        worker_id: a name for this worker; None makes one.
        progress: a progress bar (None: if the output is a terminal), or a function that is called with
            each trial that ended.

    Raises RunError for wrong arguments, StoreError for a root directory that holds something else,
    EvaluationError where a trial failed (it is kept as crashed).
    """
    budget = Budget(
        worker_evaluations_to_spend,
        total_evaluations_to_spend,
        worker_cost_to_spend,
        total_cost_to_spend,
        worker_fidelities_to_spend,
        total_fidelities_to_spend,
    )
    root = Path(root_directory).expanduser().absolute()  # evaluate_pipeline may change the directory
    check_root(root)
    worker = _checked_worker(worker_id)
    space = load_pipeline_space(root) if pipeline_space is None else as_space(pipeline_space)
    extras = check_signature(evaluate_pipeline, space)
    if budget.needs_fidelity and not space.resolver.fidelities:
        rule = "a budget of fidelities needs a space with a fidelity"
        raise RunError(Problem(rule, "a space without", space.graph.name))
    if not isinstance(seed, np.random.Generator):
        checked_seed(seed, "run")
    make_optimizer(optimizer, space, 0)  # refuse a wrong choice before anything is removed or made
    with opening(root):  # no other process removes or makes the store until this worker is enlisted
        if overwrite_root_directory:
            remove_run(root)
        store = _opened(root, space, optimizer, seed)
        try:
            store.enlist(worker, keep=worker_id is not None)
        except BaseException:
            store.close()
            raise
    with store:
        chosen = _stored_optimizer(store, space, optimizer)
        on_error = ignore_errors or objective_value_on_error is not None
        with reporter(progress, budget, store) as report:
            _Worker(
                store, space, evaluate_pipeline, extras, chosen, budget, worker, report,
                on_error, objective_value_on_error, cost_value_on_error,
            ).work()  # fmt: skip


def _checked_worker(worker_id: str | None) -> str:
    if worker_id is None:
        return f"worker_{uuid.uuid4().hex[:12]}"
    if not isinstance(worker_id, str) or not re.fullmatch(r"[\w.-]{1,100}", worker_id):
        rule = "worker_id must be made of letters, digits, '_', '-' and '.' (it names a file)"
        raise RunError(Problem(rule, repr(worker_id), "run"))
    return worker_id


def _opened(root: Path, space: PipelineSpace, choice: OptimizerChoice, seed: Seed) -> Store:
    """The store of the run, made if there is none. Refuses another space, optimizer or seed."""
    if isinstance(seed, np.random.Generator):
        entropy, given = int(seed.integers(2**63)), None
    else:
        given = checked_seed(seed)
        entropy = secrets.randbits(63) if given is None else given
    made, reason = make_optimizer(choice, space, entropy)
    info = {"name": made.name, "info": dict(made.info)}
    meta = {"space": to_document(space.graph), "optimizer": info, "seed": entropy, "created": time.time()}
    store = Store.create(root, meta)
    try:
        check_same_space(root, store.meta("space"), space)
        stored = store.meta("optimizer")
        if choice != "auto" and stored != info:
            raise StoreError(Problem(f"a run must keep its optimizer {stored}", str(info), str(root)))
        if given is not None and store.meta("seed") != given:
            rule = f"a run must keep its seed {store.meta('seed')}"
            raise StoreError(Problem(rule, str(given), str(root)))
        logger.info("optimizer %s (%s)", stored["name"], reason)
        write_run(root, store.meta("space"), stored)
    except BaseException:
        store.close()
        raise
    return store


def _stored_optimizer(store: Store, space: PipelineSpace, choice: OptimizerChoice) -> Optimizer:
    seed, stored = store.meta("seed"), store.meta("optimizer")
    if choice == "auto":
        if stored["name"] not in BY_NAME:
            rule = "a run with an optimizer of your own needs it again"
            raise RunError(Problem(rule, f"optimizer='auto', stored {stored['name']!r}", "run"))
        choice = (stored["name"], stored["info"])
    return make_optimizer(choice, space, seed)[0]


@dataclass
class _Worker:
    """One worker's loop over trials."""

    store: Store
    space: PipelineSpace
    evaluate: Evaluate
    extras: tuple[str, ...]
    optimizer: Optimizer
    budget: Budget
    name: str
    report: Progress
    goes_on: bool
    objective_on_error: float | None
    cost_on_error: float | None
    _mine: list[Trial] = field(default_factory=list)
    _summarised: float = 0.0

    def work(self) -> None:
        """Evaluate trials until the budget is spent."""
        write_missing(self.store.root, self.store.trials())
        try:
            while (trial := self._claimed()) is not None:
                self._step(trial)
        finally:
            write_summary(self.store.root, self.store.trials())

    def _claimed(self) -> Trial | None:
        return self.store.claim(
            self.name, self.optimizer.ask, lambda trials: self.budget.allows(trials, self._mine)
        )

    def _step(self, trial: Trial) -> None:
        write_config(self.store.root, trial)
        try:
            outcome = evaluate_trial(
                self.evaluate,
                lambda: self._arguments(trial),
                trial.name,
                objective_on_error=self.objective_on_error,
                cost_on_error=self.cost_on_error,
                needs_cost=self.budget.needs_cost,
            )
        except BaseException:  # a person or the system ends the process: the trial is given back
            self.store.release(trial)
            write_metadata(self.store.root, self.store.trial(trial.id))
            raise
        ended = self.store.finish(trial, outcome.report, outcome.state)
        self._mine.append(ended)
        write_report(self.store.root, ended)
        self.report(ended)
        if time.monotonic() - self._summarised > SUMMARY_SECONDS:
            write_summary(self.store.root, self.store.trials())
            self._summarised = time.monotonic()
        if outcome.state is State.CRASHED:
            if self.goes_on:
                logger.warning("%s crashed: %s", trial.name, outcome.report.error)
            else:
                cause = outcome.exception
                error = str(cause) if isinstance(cause, EvaluationError) else outcome.report.error
                text = f"{trial.name} failed and is kept as crashed; ignore_errors=True goes on"
                raise EvaluationError(f"{error}\n({text})") from cause

    def _arguments(self, trial: Trial) -> Mapping[str, Any]:
        pipeline = replay(self.space.resolver, trial.config, trial.fidelities).pipeline
        known: dict[str, Any] = {
            "pipeline_directory": trial_directory(self.store.root, trial).absolute(),
            "previous_pipeline_directory": None,
            "pipeline_id": str(trial.id),
        }
        return {**{n: known[n] for n in self.extras}, **pipeline}
