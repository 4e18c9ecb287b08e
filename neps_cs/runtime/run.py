"""run: evaluate configs until a budget is spent, with everything kept in the root directory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NoReturn

from neps_cs.errors import Problem, RunError, TrustError
from neps_cs.optimizers.algorithms import OptimizerChoice
from neps_cs.runtime.arguments import check_no_others
from neps_cs.runtime.budget import Budget
from neps_cs.runtime.engine import Engine
from neps_cs.runtime.evaluate import Evaluate, OnError, check_signature
from neps_cs.runtime.evaluation import Evaluation, Shipped, ship
from neps_cs.runtime.foreign import as_space
from neps_cs.runtime.functions import absolute, loaded
from neps_cs.runtime.load import load_pipeline_space
from neps_cs.runtime.loops import Parallel, work_alone
from neps_cs.runtime.opening import Choice, checked_worker, opened_run
from neps_cs.runtime.pool import LocalPool, capacity, is_in_process
from neps_cs.runtime.progress import reporter
from neps_cs.runtime.recording import Recorder
from neps_cs.runtime.root import check_root, root_path
from neps_cs.sampling.draw import Seed
from neps_cs.space import PipelineSpace
from neps_cs.trials import Trial


def run(
    evaluate_pipeline: Evaluate | str,
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
    workers: int | None = None,
    executor: Executor | None = None,
    worker_id: str | None = None,
    progress: bool | Callable[[Trial], None] | None = None,
    **others: NoReturn,
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
            `cost` and `info_dict`; or None: the result comes later, by `save_pipeline_results`.
            "module:function" and "path.py:function" name one.
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
        optimizer: "auto", a name of `neps.algorithms`, a tuple of a name and its arguments, a mapping
            of "name" and the arguments, or a callable that takes the space.
        seed: an integer or a Generator; the same seed gives the same trials. None: fresh
            entropy, kept in the store.
        workers: evaluate so many trials at once, each in a process of its own; this process asks and
            tells. With `executor`: how many trials it is given at once, None for as many as it takes.
        executor: where trials are evaluated: any `concurrent.futures.Executor`, of threads, processes,
            Dask (`client.get_executor()`), MPI. It is not shut down.
        worker_id: a name for this worker; None makes one.
        progress: a progress bar (None: if the output is a terminal), or a function that is called with
            each trial that ended.
        others: there are none; those of other versions are refused, with what to write instead.

    Raises RunError for wrong arguments and for what can't be pickled where other processes evaluate,
    StoreError for a root directory that holds something else, EvaluationError where a trial failed (it
    is kept as crashed). A KeyboardInterrupt ends the run with everything saved.
    """
    check_no_others(run, others)
    budget = Budget(
        worker_evaluations_to_spend,
        total_evaluations_to_spend,
        worker_cost_to_spend,
        total_cost_to_spend,
        worker_fidelities_to_spend,
        total_fidelities_to_spend,
    )
    on_error = OnError(ignore_errors, objective_value_on_error, cost_value_on_error)
    _check_workers(workers, executor)
    root = root_path(root_directory)  # evaluate_pipeline may change the directory
    check_root(root)
    worker = checked_worker(worker_id)
    space = _stored_space(root) if pipeline_space is None else as_space(pipeline_space)
    function = absolute(evaluate_pipeline)
    extras = check_signature(loaded(function), space)
    if budget.needs_fidelity and not space.resolver.fidelities:
        rule = "a budget of fidelities needs a space with a fidelity"
        raise RunError(Problem(rule, "a space without", space.graph.name))
    evaluation = Evaluation(function, space, extras, root / "configs", on_error, budget.needs_cost)
    choice = Choice(space, optimizer, seed)  # refuses a wrong one before anything is removed or made
    place = _Place(evaluation, workers, executor)
    with (
        place,
        opened_run(root, choice, worker, worker_id is not None, overwrite_root_directory) as opened,
        reporter(progress, budget, opened.store) as report,
    ):
        engine = Engine(opened.store, opened.optimizer, worker, budget)
        recorder = Recorder(opened.store, report)
        if place.executor is None:
            work_alone(engine, recorder, evaluation, on_error)
        else:
            allowed = capacity(place.executor, workers)
            Parallel(engine, recorder, on_error, place.evaluate, place.executor, allowed).work()


def _stored_space(root: Path) -> PipelineSpace:
    try:
        return load_pipeline_space(root)
    except TrustError as e:
        raise TrustError(
            f"a run whose space holds operators is continued with its pipeline_space: {e}"
        ) from e


class _Place:
    """Where trials are evaluated: None as executor is this process. Ends its own processes, at once after
    an error.

    Raises RunError where they can't start, or what they need can't be pickled.
    """

    def __init__(self, evaluation: Evaluation, workers: int | None, executor: Executor | None) -> None:
        self.executor = executor
        self._own: LocalPool | None = None
        self.evaluate: Evaluation | Shipped = evaluation
        if executor is None and (workers or 1) > 1:
            self.executor = self._own = LocalPool(workers or 1)
        if self.executor is not None and not is_in_process(self.executor):
            self.evaluate = ship(evaluation)

    def __enter__(self) -> _Place:
        if self._own is not None:
            try:
                self._own.check()
            except BaseException:
                self._own.shutdown(wait=False)
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._own is not None:
            self._own.shutdown(wait=kind is None)


def _check_workers(workers: object, executor: object) -> None:
    problems = []
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        problems.append(Problem("workers must be a whole number >= 1", repr(workers), "run"))
    if executor is not None and not isinstance(executor, Executor):
        hint = "; of a Dask client: client.get_executor()" if type(executor).__name__ == "Client" else ""
        rule = "executor must be a concurrent.futures.Executor"
        problems.append(Problem(rule, f"{type(executor).__name__}{hint}", "run"))
    if problems:
        raise RunError(problems)
