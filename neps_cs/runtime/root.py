"""The root directory of a run: whose it is, what may be removed, and whether the space still is the same."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from neps_cs.errors import Problem, StoreError, TrustError
from neps_cs.graph.document import canonical_text, document_text, from_document
from neps_cs.runtime.roster import WORKERS
from neps_cs.runtime.sameness import means_the_same
from neps_cs.runtime.store import FILE, Store
from neps_cs.space import PipelineSpace

_FILES = (FILE, f"{FILE}-wal", f"{FILE}-shm", "optimizer_info.yaml", "pipeline_space.json")
LOCK = ".neps_cs.lock"
_FOLDERS = ("configs", "summary", WORKERS)
_NEPS_MARKS = ("optimizer_state.pkl", "pipeline_space.pkl")
_TAKER = "neps_cs_converters.neps.read_root and neps.import_trials take its trials into another directory"


class NotLoaded:
    """Stands for an object that a file names and nobody needs to load: compared and shown by its path."""

    def __init__(self, path: str) -> None:
        module, _, name = path.partition(":")
        self.__module__, self.__qualname__ = module, name or module
        self.__name__ = self.__qualname__.rpartition(".")[2]

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise TrustError(f"{self.__module__}:{self.__qualname__} was not loaded from the file that names it")

    def __repr__(self) -> str:
        return self.__name__


class Unloaded(Mapping[str, Any]):
    """A mapping that has an `NotLoaded` for every path."""

    def __getitem__(self, path: str) -> Any:
        return NotLoaded(path)

    def __contains__(self, path: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def described(document: Mapping[str, Any]) -> PipelineSpace:
    """The space of a document for reading only: its operators are named, not loaded."""
    return PipelineSpace.from_graph(from_document(dict(document), operators=Unloaded()))


@contextmanager
def opening(root: Path) -> Iterator[None]:
    """One process at a time in here: removing an old run, making a store, enlisting."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / LOCK)
        lock.acquire(timeout=60)
    except (OSError, Timeout) as e:
        rule = "the root directory must be writable, and not held by another process for long"
        raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", str(root))) from e
    try:
        yield
    finally:
        lock.release()


def root_path(given: object) -> Path:
    """The absolute path of a root directory, `~` expanded. Raises StoreError for what can't be a path."""
    try:
        path = Path(given).expanduser().absolute()  # type: ignore[arg-type]
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (TypeError, ValueError, OSError, RuntimeError) as e:
        rule = "the root directory must be a path that the system can hold"
        raise StoreError(Problem(rule, f"{given!r} ({type(e).__name__}: {e})", "root_directory")) from e
    return path


def check_root(root: Path) -> None:
    """Raises StoreError where the path is a file, holds a run of the NePS package, or a run whose
    store was emptied."""
    if root.exists() and not root.is_dir():
        raise StoreError(Problem("the root directory must be a directory", "a file", str(root)))
    store = root / FILE
    emptied = store.is_file() and not store.stat().st_size and not (root / f"{FILE}-wal").exists()
    if emptied and any((root / "configs").glob("config_*")):
        rule = "the store of a run must hold its trials"
        raise StoreError(Problem(rule, f"an empty file beside {root / 'configs'}", str(store)))
    marks = [m for m in _NEPS_MARKS if (root / m).exists()]
    if marks and not Store.exists(root):
        rule = "the root directory must be new, or hold a run of neps_cs"
        got = f"a run of the NePS package ({', '.join(marks)}); {_TAKER}"
        raise StoreError(Problem(rule, got, str(root)))


def remove_run(root: Path) -> None:
    """Remove a run, and nothing else that the directory holds.

    Raises StoreError where a worker still runs, or where there is no run but files that would be
    taken for one.
    """
    if not Store.exists(root):
        strange = [n for n in (*_FILES, *_FOLDERS) if (root / n).exists()]
        if strange:
            rule = "overwrite_root_directory removes runs of neps_cs only"
            raise StoreError(Problem(rule, f"{', '.join(strange)} without {FILE}", str(root)))
        return
    try:
        with Store.open(root) as store:
            living = store.living()
    except StoreError:
        living = []  # a damaged store may be overwritten
    if living:
        rule = "a run can't be overwritten while its workers run"
        raise StoreError(Problem(rule, ", ".join(living), str(root)))
    try:
        for name in _FOLDERS:
            shutil.rmtree(root / name, ignore_errors=False) if (root / name).exists() else None
        for name in _FILES:
            (root / name).unlink(missing_ok=True)
    except OSError as e:
        rule = "the files of the old run must be removable"
        raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", str(root))) from e


CONTINUED = (
    "a run must be continued with its own space (choose another root_directory, "
    "or overwrite_root_directory=True)"
)
READ = "a config must be read with the space of its run"


def check_same_space(
    root: Path, document: Mapping[str, Any], space: PipelineSpace, rule: str = CONTINUED
) -> None:
    """Raises StoreError with the difference where the run in `root` has another space.

    The order of a Categorical's choices may differ: what a stored config says stays the same.
    """
    if document_text(document) == canonical_text(space.graph):
        return
    stored = described(document)
    if means_the_same(stored.graph, space.graph):
        return
    before, after = (repr(s).splitlines()[1:] for s in (stored, space))
    changes = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    shown = (
        "\n".join(changes) or "(what it shows is alike: the code of a lambda, or an object's state, differs)"
    )
    raise StoreError(Problem(rule, f"another one: - stored, + given\n{shown}\n", str(root)))
