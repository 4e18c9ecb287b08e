"""The two ways of working through a run: trial by trial in this process, or by an executor."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from neps_cs.errors import EvaluationError, Problem, RunError
from neps_cs.runtime.engine import Ended, Engine, Turn
from neps_cs.runtime.evaluate import OnError, Outcome
from neps_cs.runtime.recording import Recorder, logger, raise_or_log
from neps_cs.trials import Trial

STORE_AT_ONCE_SECONDS = 0.05
"""A result that took longer is stored before the optimizer is asked: that costs a second sync. Others
share one sync with the next trial's start."""
MAX_LOSSES = 3
"""A trial that is lost with its worker so often is what kills it: a crash."""
POLL_SECONDS = 1.0


def step(engine: Engine, recorder: Recorder, on_error: OnError, ended: list[Ended], want: int) -> Turn:
    """Store what ended and start what may start; then the files. Raises EvaluationError for a crash that
    ends the run."""
    costly = any(o is not None and o.report.seconds > STORE_AT_ONCE_SECONDS for _, o in ended)
    stops = not on_error.goes_on and any(o is not None and o.report.error is not None for _, o in ended)
    if ended and (costly or stops or not want):
        recorder.turn(engine.step(ended, 0))
        raise_or_log(ended, on_error)
        ended = []
        if not want:
            return Turn([], [], True)
    turn = engine.step(ended, want)
    recorder.turn(turn)
    if turn.exhausted:
        logger.info("nothing is left to propose: the run ends before its budget is spent")
    elif not turn.claimed and not turn.waiting:
        logger.info("the budget is spent")
    raise_or_log(ended, on_error)
    return turn


@contextmanager
def working(engine: Engine, recorder: Recorder) -> Iterator[None]:
    """Whatever ends the work: what runs here is given back, and the files are those of the store."""
    recorder.begin()
    try:
        yield
    except BaseException:
        recorder.given_back(engine.give_back())
        recorder.begin()
        raise
    finally:
        recorder.summary()


def work_alone(
    engine: Engine, recorder: Recorder, evaluate: Callable[[Trial], Outcome | None], on_error: OnError
) -> None:
    """Evaluate trials in this process until the budget is spent or nothing is left to propose."""
    with working(engine, recorder):
        turn, pause = step(engine, recorder, on_error, [], 1), 0.02
        while turn.claimed or turn.waiting:
            ended: list[Ended] = [(trial, evaluate(trial)) for trial in turn.claimed]
            if not ended:  # only the end of another worker's trial, or of the worker, changes something
                time.sleep(pause)
            pause = 0.02 if ended else min(2 * pause, POLL_SECONDS)
            turn = step(engine, recorder, on_error, ended, 1)


@dataclass
class Parallel:
    """Asks and tells in this process; an executor's workers evaluate, and need neither store nor disk."""

    engine: Engine
    recorder: Recorder
    on_error: OnError
    evaluate: Callable[[Trial], Outcome | None]
    executor: Executor
    capacity: Callable[[], int]
    _running: dict[Future[Outcome | None], Trial] = field(default_factory=dict)
    _done: queue.SimpleQueue[Future[Outcome | None]] = field(default_factory=queue.SimpleQueue)
    _losses: Counter[int] = field(default_factory=Counter)

    def work(self) -> None:
        """Until the budget is spent or nothing is left to propose, and nothing runs any more."""
        with working(self.engine, self.recorder):
            try:
                self._work()
            except BaseException:
                self._save_the_rest()
                raise

    def _work(self) -> None:
        arrived: list[Future[Outcome | None]] = []
        pause = 0.02
        while True:
            free = max(0, self.capacity() - len(self._running) + len(arrived))
            ended = [(self._running[future], self._outcome(future)) for future in arrived]
            turn = step(self.engine, self.recorder, self.on_error, ended, free)
            for future in arrived:  # until its result is stored a trial counts as running
                del self._running[future]
            for trial in turn.claimed:
                self._submit(trial)
            if not self._running and not turn.waiting:
                return
            pause = 0.02 if ended or turn.claimed else min(2 * pause, POLL_SECONDS)
            arrived = [
                f for f in self._drained(POLL_SECONDS if self._running else pause) if self._is_there(f)
            ]

    def _submit(self, trial: Trial) -> None:
        try:
            future = self.executor.submit(self.evaluate, trial)
        except (BrokenExecutor, RuntimeError) as e:
            rule = "the executor must take trials; call run again with a new one to continue"
            raise RunError(Problem(rule, f"{type(e).__name__}: {e}", "executor")) from e
        self._running[future] = trial
        future.add_done_callback(self._done.put)

    def _is_there(self, future: Future[Outcome | None]) -> bool:
        """Whether a future has an outcome; a trial that was lost on the way is given back.

        KeyboardInterrupt and SystemExit in evaluate_pipeline end the run, as they do in one process.
        """
        error = _error(future)
        if error is None:
            return True
        if not isinstance(error, (Exception, CancelledError)):
            raise error
        trial = self._running[future]
        self._losses[trial.id] += 1
        if self._losses[trial.id] >= MAX_LOSSES:
            return True
        del self._running[future]
        logger.warning("%s was lost and is evaluated again: %s: %s", trial.name, type(error).__name__, error)
        self.recorder.given_back(self.engine.give_back(trial))
        return False

    def _outcome(self, future: Future[Outcome | None]) -> Outcome | None:
        error = _error(future)
        if error is None:
            return future.result()
        rule = f"a trial's evaluation must come back from its worker (it was lost {MAX_LOSSES} times)"
        place = self._running[future].name
        return self.on_error.crash(EvaluationError(Problem(rule, f"{type(error).__name__}: {error}", place)))

    def _drained(self, timeout: float) -> list[Future[Outcome | None]]:
        found = []
        try:
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            return found

    def _save_the_rest(self) -> None:
        """The results that have arrived are stored; the other trials are cancelled."""
        for future in self._running:
            future.cancel()
        arrived: list[Ended] = [
            (trial, future.result())
            for future, trial in self._running.items()
            if future.done() and _error(future) is None
        ]
        self._running.clear()
        if arrived:
            self.recorder.turn(self.engine.step(arrived, 0))


def _error(future: Future[Outcome | None]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()
