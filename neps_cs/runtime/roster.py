"""Who works on a run: each worker holds a lock on a file of its own as long as it lives."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from neps_cs.errors import Problem, StoreError
from neps_cs.runtime.database import explained

WORKERS = "workers"


class Roster:
    """The folder of the workers' locks. The system frees a lock when its process dies: there are no
    heartbeats. The file that a killed worker leaves is removed when the next one enlists."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / WORKERS
        self._lock: FileLock | None = None
        self._keep = True

    def enlist(self, worker: str, *, keep: bool) -> None:
        """Take the lock that says that this worker lives. Raises StoreError where it is taken. One process
        at a time may enlist.

        `keep` leaves the lock's file behind: removing the file of a name that another process may take
        at that moment would let two of them hold it.
        """
        with explained(self._folder):
            self._folder.mkdir(exist_ok=True)
            for left in self._folder.glob("*.lock"):
                if _is_free(left):
                    with suppress(OSError):  # on Windows where another process looks at it just now
                        left.unlink(missing_ok=True)
            lock = FileLock(self._folder / f"{worker}.lock")
            try:
                lock.acquire(timeout=1)  # another process may be looking whether it is free
            except Timeout:
                rule = "a worker_id must be used by one process at a time"
                raise StoreError(Problem(rule, repr(worker), str(self._root))) from None
        self._lock, self._keep = lock, keep

    def leave(self) -> None:
        """Release this worker's lock."""
        if self._lock is not None:
            self._lock.release()
            if not self._keep:
                Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock = None

    def living(self) -> list[str]:
        """The workers, other than this one, whose lock is held."""
        own = None if self._lock is None else Path(self._lock.lock_file).name
        paths = sorted(self._folder.glob("*.lock"))
        return [p.stem for p in paths if p.name != own and not _is_free(p)]

    def is_dead(self, worker: str) -> bool:
        """Whether no living process holds the lock of a worker."""
        return _is_free(self._folder / f"{worker}.lock")


def _is_free(path: Path) -> bool:
    """Taking a lock is the only safe way to know."""
    if not path.exists():
        return True
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
