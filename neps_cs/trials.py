"""Trials: what is asked, what came back, and in which state each is."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neps_cs.errors import Problem, RunError
from neps_cs.resolving.walk import Config
from neps_cs.values import Plain

EXTERNAL = "external"
"""The worker of trials that were imported."""


class State(enum.Enum):
    """Where a trial stands. An interrupted one is evaluated again when the run goes on; of a submitted
    one evaluate_pipeline returned None: its result comes by `save_pipeline_results`."""

    RUNNING = "running"
    SUBMITTED = "submitted"
    INTERRUPTED = "interrupted"
    SUCCESS = "success"
    CRASHED = "crashed"

    @property
    def ended(self) -> bool:
        """Whether the trial has a report."""
        return self in (State.SUCCESS, State.CRASHED)


@dataclass(frozen=True)
class Report:
    """What an evaluation gave. `objective` is minimised; of a crash it may be absent."""

    objective: float | None
    cost: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Metadata:
    """What NePS keeps beside a trial's config, by its names; ids are texts there."""

    id: str
    previous_trial_id: str | None
    sampling_worker_id: str
    time_sampled: float
    time_started: float | None
    time_end: float | None


@dataclass(frozen=True)
class Trial:
    """One evaluation of a config. Ids count from 1; times are seconds since the epoch.

    `previous` is the id of the trial that it continues at a higher fidelity; `note` says why it was proposed.
    """

    id: int
    config: Config
    fidelities: Mapping[str, float]
    state: State
    worker: str
    sampled: float
    started: float | None = None
    ended: float | None = None
    report: Report | None = None
    previous: int | None = None
    note: Mapping[str, Plain] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its folder: `config_1`."""
        return folder_name(self.id)

    @property
    def metadata(self) -> Metadata:
        """The trial by the names of NePS."""
        previous = None if self.previous is None else str(self.previous)
        return Metadata(str(self.id), previous, self.worker, self.sampled, self.started, self.ended)


def folder_name(number: int) -> str:
    """The name of a trial's folder."""
    return f"config_{number}"


def number_of(name: object, place: str) -> int:
    """The id that `3`, "3" or "config_3" stands for. Raises RunError for anything else."""
    found = None if isinstance(name, bool) else re.fullmatch(r"(?:config_)?0*(\d{1,18})", str(name), re.ASCII)
    if found is None:
        raise RunError(Problem("the id of a trial must be like 3, '3' or 'config_3'", repr(name), place))
    return int(found.group(1))
