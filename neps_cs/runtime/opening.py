"""Making or continuing a run: its store, its optimizer, its seed, and the lock of this worker."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeGuard

import numpy as np

from neps_cs.errors import Problem, RunError, StoreError
from neps_cs.graph.document import to_document
from neps_cs.optimizers import elsewhere
from neps_cs.optimizers.algorithms import BY_NAME, OptimizerChoice, make_optimizer
from neps_cs.optimizers.base import Optimizer
from neps_cs.runtime.root import check_same_space, opening, remove_run
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import write_run
from neps_cs.sampling.draw import Seed, checked_flag, checked_seed
from neps_cs.space import PipelineSpace, equal
from neps_cs.trials import EXTERNAL
from neps_cs.values import object_name

logger = logging.getLogger("neps_cs")


class Choice:
    """The optimizer and the seed that the caller asks for. Raises RunError, ConfigError for wrong ones.

    `optimizer` is what `run` takes, or an optimizer that was made already (then it has its seed).
    """

    def __init__(self, space: PipelineSpace, optimizer: OptimizerChoice | Optimizer, seed: Seed) -> None:
        self.space = space
        self.made = optimizer if is_made(optimizer) else None
        self.asked: Any = optimizer
        if self.made is not None and seed is not None:
            raise RunError(Problem("an optimizer that is made has its seed", f"seed={seed!r}", "seed"))
        if isinstance(seed, np.random.Generator):
            self.seed, entropy = None, int(seed.integers(2**63))
        else:
            self.seed = checked_seed(seed, "run")
            entropy = secrets.randbits(63) if self.seed is None else self.seed
        first, self.reason = self.make(entropy)
        if first.space is not space and not equal(first.space, space):
            rule = f"an optimizer must be made for the space of the run, {space.graph.name}"
            raise RunError(Problem(rule, f"one for {first.space.graph.name}", first.name))
        self._first: Optimizer | None = first
        self._entropy = entropy
        self.info = _as_stored({"name": first.name, "info": dict(first.info)})
        self.meta = {
            "space": to_document(space.graph),
            "optimizer": self.info,
            "seed": entropy,
            "created": time.time(),
        }

    @property
    def is_auto(self) -> bool:
        """Whether any optimizer is fine."""
        return self.made is None and isinstance(self.asked, str) and self.asked == "auto"

    def make(self, seed: int) -> tuple[Optimizer, str]:
        """A fresh optimizer, and why it is this one."""
        if self.made is not None:
            return self.made, "given"
        return make_optimizer(self.asked, self.space, seed)

    def first(self, seed: int) -> Optimizer | None:
        """The optimizer that was made to see what it is, if it has this seed: nobody has used it yet, and it
        is given once."""
        first, self._first = self._first, None
        return first if seed == self._entropy else None


def _as_stored(info: Mapping[str, Any]) -> dict[str, Any]:
    """What comes back from a store: rows are lists, keys are texts, objects go by their short names."""
    stored: dict[str, Any] = json.loads(json.dumps(info, default=object_name))
    return stored


def is_made(optimizer: object) -> TypeGuard[Optimizer]:
    """Whether this is an optimizer, rather than something that makes one (its class may look alike)."""
    return isinstance(optimizer, Optimizer) and not isinstance(optimizer, type)


@dataclass(frozen=True)
class Run:
    """A run that is open: its store, with this worker enlisted, and what makes its optimizer."""

    store: Store
    optimizer: Callable[[], Optimizer]


@contextmanager
def opened_run(root: Path, choice: Choice, worker: str, keep: bool, overwrite: bool) -> Iterator[Run]:
    """Make the run in a root directory, or continue it."""
    run = open_run(root, choice, worker, keep=keep, overwrite=overwrite)
    with run.store:
        yield run


def open_run(root: Path, choice: Choice, worker: str, *, keep: bool, overwrite: bool = False) -> Run:
    """The run in a root directory, made if there is none. The caller closes its store.

    Raises StoreError where it has another space, optimizer or seed, ConfigError where `overwrite` is no bool.
    """
    checked_flag("overwrite_root_directory", overwrite, "run")
    with opening(root):  # no other process removes or makes the store until this worker is enlisted
        if overwrite:
            remove_run(root)
        store = Store.create(root, choice.meta)
        try:
            _check(store, root, choice)
            store.enlist(worker, keep=keep)
            return Run(store, maker(store, choice))
        except BaseException:
            store.close()
            raise


def _check(store: Store, root: Path, choice: Choice) -> None:
    check_same_space(root, store.meta("space"), choice.space)
    asked = {"optimizer": None if choice.is_auto else choice.info, "seed": choice.seed}
    stored = {key: store.meta(key) for key in asked}
    changed = {key: value for key, value in asked.items() if value not in (None, stored[key])}
    if changed and not _is_untouched(store):
        raise StoreError(
            Problem(f"a run must keep its {key} {stored[key]}", str(value), str(root))
            for key, value in changed.items()
        )
    if changed:
        with store.transaction():
            store.change_meta(changed)
    optimizer = store.meta("optimizer")
    logger.info("optimizer %s (%s)", optimizer["name"], choice.reason)
    write_run(root, store.meta("space"), optimizer)


def _is_untouched(store: Store) -> bool:
    """Whether no optimizer has proposed anything yet: all trials were imported, and nobody else is at it."""
    return not store.living() and all(t.worker == EXTERNAL and t.started is None for t in store.trials())


def maker(store: Store, choice: Choice) -> Callable[[], Optimizer]:
    """What makes the optimizer of a run anew, from what the store holds."""
    seed, stored = store.meta("seed"), store.meta("optimizer")
    if choice.made is not None:
        return _Once(choice.made)
    asked = choice.asked
    if choice.is_auto:
        if stored["name"] not in (*BY_NAME, *elsewhere.names()):
            rule = "a run with an optimizer of your own needs it again"
            raise RunError(Problem(rule, f"optimizer='auto', stored {stored['name']!r}", "run"))
        asked = (stored["name"], stored["info"])

    def make() -> Optimizer:
        first = choice.first(seed) if choice.info == stored else None
        return make_optimizer(asked, choice.space, seed)[0] if first is None else first

    return make


class _Once:
    """An optimizer that was made by the caller can be fed once: what it observed stays in it."""

    _fed: ClassVar[list[weakref.ref[Optimizer]]] = []

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def __call__(self) -> Optimizer:
        self._fed[:] = [ref for ref in self._fed if ref() is not None]
        if any(ref() is self._optimizer for ref in self._fed):
            rule = "an optimizer that is made serves one run or study, and must be made anew after an error"
            got = f"one that has observed trials: {self._optimizer.name}"
            raise RunError(Problem(rule, got, "optimizer"))
        self._fed.append(weakref.ref(self._optimizer))
        return self._optimizer


def checked_worker(worker_id: str | None) -> str:
    """The name of a worker; None makes one. Raises RunError for what can't name a file."""
    if worker_id is None:
        return f"worker_{uuid.uuid4().hex[:12]}"
    if not isinstance(worker_id, str) or not re.fullmatch(r"[\w.-]{1,100}", worker_id):
        rule = "worker_id must be made of letters, digits, '_', '-' and '.' (it names a file)"
        raise RunError(Problem(rule, repr(worker_id), "run"))
    return worker_id
