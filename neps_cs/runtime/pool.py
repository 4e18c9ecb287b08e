"""Where trials are evaluated in parallel: processes of our own, or any executor of concurrent.futures."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from neps_cs.errors import Problem, RunError


class LocalPool(Executor):
    """Processes on this machine, each a pool of its own: one that dies takes one trial with it, and
    another stands in its place.

    They are spawned, not forked: nothing of this process is shared, not its locks and not its threads.
    Each ends when this process does. At most `size` calls at a time.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._idle = [_Slot() for _ in range(size)]
        self._slots = tuple(self._idle)
        self._mutex = threading.Lock()

    def check(self) -> None:
        """Start the processes. Raises RunError where they can't."""
        calls = [slot.pool.submit(os.getpid) for slot in self._slots]
        try:
            for call in calls:
                call.result()
        except BrokenExecutor as e:
            rule = (
                "worker processes must be able to start: a script must call run under "
                "if __name__ == '__main__':, since each of them imports it"
            )
            raise RunError(Problem(rule, f"{type(e).__name__}: {e}", "run")) from e

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call in a process that is idle; there must be one."""
        with self._mutex:
            slot = self._idle.pop()
        try:
            future = slot.pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:  # it died while it was idle
            slot.renew()
            future = slot.pool.submit(fn, *args, **kwargs)
        future.add_done_callback(lambda done: self._ended(slot, done))
        return future

    def _ended(self, slot: _Slot, done: Future[Any]) -> None:
        with self._mutex:
            self._idle.append(slot)
        if not done.cancelled() and isinstance(done.exception(), BrokenExecutor):
            slot.broken = True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: at once where nobody waits."""
        for slot in self._slots:
            slot.end(wait=wait)


class _Slot:
    """One process. It ends when the pipe to it closes, as it does when this process dies."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        context = multiprocessing.get_context("spawn")
        theirs, self._ours = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(1, context, initializer=_watch, initargs=(theirs,))
        self._theirs = theirs
        self.broken = False

    @property
    def pool(self) -> ProcessPoolExecutor:
        if self.broken:
            self.end(wait=False)
            self.renew()
        return self._pool

    def end(self, *, wait: bool) -> None:
        if not wait:
            self._ours.close()
        self._pool.shutdown(wait=wait, cancel_futures=True)
        self._ours.close()
        self._theirs.close()


def _watch(pipe: Connection) -> None:
    """In a worker: a person's interrupt is for the driver, and the end of the driver is the end."""

    def watch() -> None:
        try:
            pipe.recv()
        except (EOFError, OSError):
            os._exit(1)

    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=watch, daemon=True).start()


def capacity(executor: Executor, workers: int | None) -> Callable[[], int]:
    """How many trials an executor evaluates at once: `workers` where given, else what it says itself.

    Executors of the standard library, loky and mpi4py have a fixed number, a cluster of Dask has the
    threads that its workers have at the moment. Of others the number of CPUs is taken.
    """
    if workers is not None:
        return lambda: workers
    fixed = getattr(executor, "_max_workers", None)
    if isinstance(fixed, int):
        return lambda: fixed
    client = getattr(executor, "_client", None)
    if client is not None and type(executor).__module__.startswith("distributed."):
        return _Recent(lambda: max(1, sum(client.nthreads().values())))
    return lambda: os.cpu_count() or 1


class _Recent:
    """A number that is looked up once a second: Dask's scheduler answers in milliseconds."""

    def __init__(self, look_up: Callable[[], int]) -> None:
        self._look_up = look_up
        self._value, self._at = 1, -math.inf

    def __call__(self) -> int:
        if time.monotonic() > self._at + 1:
            self._value, self._at = self._look_up(), time.monotonic()
        return self._value


def is_in_process(executor: Executor) -> bool:
    """Whether calls stay in this process, so that nothing need be pickled."""
    return isinstance(executor, ThreadPoolExecutor)
