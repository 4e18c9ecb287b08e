"""Keeping the files of a run beside its store, and telling of its progress."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from neps_cs.errors import EvaluationError
from neps_cs.runtime.engine import Ended, Turn
from neps_cs.runtime.evaluate import OnError
from neps_cs.runtime.progress import Progress
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import write_config, write_metadata, write_missing, write_report, write_summary
from neps_cs.trials import State, Trial

logger = logging.getLogger("neps_cs")

SUMMARY_SECONDS = 5.0
SUMMARY_SHARE = 0.05
"""A summary is all of the run: it is written as often as it costs this share of the time."""


@dataclass
class Recorder:
    """Writes the files of what happened. The store holds it already."""

    store: Store
    progress: Progress
    _next_summary: float = 0.0
    _told_of_submitted: bool = False

    def begin(self) -> None:
        """Write what a killed process did not."""
        write_missing(self.store.root, self.store.trials())

    def turn(self, turn: Turn) -> None:
        """Files and progress of a step."""
        for trial in turn.ended:
            if trial.state is State.SUBMITTED:
                write_metadata(self.store.root, trial)
                level = logging.INFO if self._told_of_submitted else logging.WARNING
                self._told_of_submitted = True  # a forgotten return looks the same: it is said once
                rule = "evaluate_pipeline returned None: the result is to come by save_pipeline_results"
                logger.log(level, "%s: %s", trial.name, rule)
            else:
                write_report(self.store.root, trial)
                self.progress(trial)
        for trial in turn.claimed:
            write_config(self.store.root, trial)
        if turn.ended and time.monotonic() >= self._next_summary:
            self.summary()

    def added(self, trials: Iterable[Trial]) -> None:
        """Files of trials that were evaluated elsewhere."""
        for trial in trials:
            write_config(self.store.root, trial)
            write_report(self.store.root, trial)

    def given_back(self, trials: Iterable[Trial]) -> None:
        """Files of trials that are to be evaluated again."""
        for trial in trials:
            write_metadata(self.store.root, trial)

    def summary(self) -> None:
        """The folder summary/."""
        start = time.monotonic()
        write_summary(self.store.root, self.store.trials())
        end = time.monotonic()
        self._next_summary = end + max(SUMMARY_SECONDS, (end - start) / SUMMARY_SHARE)


def raise_or_log(ended: Iterable[Ended], on_error: OnError) -> None:
    """Raises EvaluationError for the first crash where a run does not go on; else logs each."""
    for trial, outcome in ended:
        if outcome is None or outcome.state is not State.CRASHED:
            continue
        if on_error.goes_on:
            logger.warning("%s crashed: %s", trial.name, outcome.report.error)
            continue
        cause = outcome.exception
        error = str(cause) if isinstance(cause, EvaluationError) else outcome.report.error
        text = f"{trial.name} failed and is kept as crashed; ignore_errors=True goes on"
        where = "" if cause is not None or not outcome.report.traceback else f"\n{outcome.report.traceback}"
        raise EvaluationError(f"{error}\n({text}){where}") from cause
