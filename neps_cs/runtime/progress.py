"""Showing how a run goes on: a bar in a terminal, or a function of the caller's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from neps_cs.errors import Problem, RunError
from neps_cs.runtime.budget import Budget
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import best_so_far
from neps_cs.trials import Trial

Progress: TypeAlias = Callable[[Trial], None]


def bar(console: Console | None = None) -> Bar:
    """A progress bar in the house style: text, bar, count, time."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Bar(*columns, console=console or Console(stderr=True))


@contextmanager
def reporter(progress: bool | Progress | None, budget: Budget, store: Store) -> Iterator[Progress]:
    """What is called with each trial that ended. None shows a bar if stderr is a terminal."""
    if not isinstance(progress, (bool, type(None))):
        if not callable(progress):
            raise RunError(Problem("progress must be True, False, None or callable", repr(progress), "run"))
        yield progress
        return
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda trial: None
        return
    trials = store.trials()
    done = sum(t.state.ended for t in trials)
    total = budget.total_evaluations_to_spend
    if budget.worker_evaluations_to_spend is not None:
        here = done + budget.worker_evaluations_to_spend
        total = here if total is None else min(total, here)
    best = best_so_far(trials)
    least = best[-1].report.objective if best and best[-1].report else None
    with bar() as shown:
        task = shown.add_task("trials", total=total, completed=done)

        def show(trial: Trial) -> None:
            nonlocal least
            found = trial.report.objective if trial.report else None
            least = found if least is None or (found is not None and found < least) else least
            text = "trials" if least is None else f"trials, best {least:.6g}"
            shown.update(task, advance=1, description=text)

        yield show
