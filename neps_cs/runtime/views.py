"""The files that people and NePS tools read. Views of the store: they can be written again from it.

| file | holds |
|---|---|
| configs/config_<id>/config.yaml | the decisions, and the fidelities by name |
| configs/config_<id>/report.yaml | what the evaluation gave |
| configs/config_<id>/metadata.json | state, worker and times, once the trial ended or was interrupted |
| summary/full.csv | one row for each trial |
| summary/short.csv | counts and the best trial |
| summary/best_config.txt, best_config_trajectory.txt | the best trials so far, in order |
| optimizer_info.yaml | the optimizer and its arguments |
| pipeline_space.json | the space |
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from neps_cs.errors import Problem, StoreError
from neps_cs.files import replace_file
from neps_cs.runtime.store import Store
from neps_cs.trials import State, Trial

_RULE = "-" * 80


def dump_yaml(data: Any) -> str:
    """YAML that reads back as the same values: floats keep every digit."""
    lines = _simple_yaml(data)
    if lines is not None:
        return lines
    shown = repr(data)  # PyYAML writes these line breaks of Unicode in a way that it reads back as spaces
    breaks = any(mark in shown for mark in ("\\x85", "\\u2028", "\\u2029", "\\ud"))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=not breaks, width=120)


_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_NOT_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off"))


def _simple_yaml(data: Any) -> str | None:
    """What PyYAML writes for a dict of words to words and numbers, in a fiftieth of its time; None for
    others. Each trial has two such files."""
    if type(data) is not dict or not data:
        return None
    lines = []
    for key, value in data.items():
        name, text = _scalar(key), "{}" if value == {} else _scalar(value)
        if type(key) is not str or name is None or text is None:
            return None
        lines.append(f"{name}: {text}\n")
    return "".join(lines)


def _scalar(value: Any) -> str | None:
    if type(value) is str:
        return value if _WORD.fullmatch(value) and value.lower() not in _NOT_WORDS else None
    if type(value) is float and math.isfinite(value):
        text = repr(value)
        return text.replace("e", ".0e", 1) if "." not in text else text  # 1e-05 would be read as a text
    if type(value) is bool or value is None:
        return "null" if value is None else str(value).lower()
    return str(value) if type(value) is int and abs(value) < 2**63 else None


def _write(path: str, text: str) -> None:
    """Replace a file in one step, in a folder that is made where it is missing. Raises StoreError."""
    try:
        try:
            replace_file(path, text)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            replace_file(path, text)
    except OSError as e:
        rule = "the files of the run must be writable, with space left"
        raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", path)) from e


def _in_folder(root: Path, trial: Trial, name: str) -> str:
    return os.path.join(root, "configs", trial.name, name)


def config_of(trial: Trial) -> dict[str, Any]:
    """What config.yaml holds: the decisions and the fidelities."""
    return {**trial.config, **trial.fidelities}


def write_config(root: Path, trial: Trial) -> None:
    """config.yaml of a trial that was asked."""
    _write(_in_folder(root, trial, "config.yaml"), dump_yaml(config_of(trial)))


def write_metadata(root: Path, trial: Trial) -> None:
    """metadata.json: the trial's life so far."""
    data = {
        "id": str(trial.id),
        "state": trial.state.value,
        "previous_trial_id": None if trial.previous is None else str(trial.previous),
        "note": dict(trial.note),
        "evaluating_worker_id": trial.worker,
        "time_sampled": trial.sampled,
        "time_started": trial.started,
        "time_end": trial.ended,
        "evaluation_duration": None if trial.report is None else trial.report.seconds,
    }
    lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in data.items())
    _write(_in_folder(root, trial, "metadata.json"), f"{{\n{lines}\n}}\n")


def write_report(root: Path, trial: Trial) -> None:
    """report.yaml of a trial that ended."""
    report = trial.report
    if report is None:
        return
    data = {
        "objective_to_minimize": report.objective,
        "cost": report.cost,
        "extra": dict(report.info),
        "err": report.error,
        "tb": report.traceback,
        "evaluation_duration": report.seconds,
        "reported_as": trial.state.value,
    }
    _write(_in_folder(root, trial, "report.yaml"), dump_yaml(data))
    write_metadata(root, trial)


def best_so_far(trials: Iterable[Trial]) -> list[Trial]:
    """The trials that were the best when they ended, in that order; the last is the best of all."""
    best: list[Trial] = []
    ended = [t for t in trials if t.state is State.SUCCESS and t.report is not None]
    for trial in sorted(ended, key=lambda t: (t.ended or 0.0, t.id)):
        assert trial.report is not None
        assert trial.report.objective is not None
        if not best or trial.report.objective < best[-1].report.objective:  # type: ignore[union-attr,operator]
            best.append(trial)
    return best


def write_summary(root: Path, trials: Sequence[Trial]) -> None:
    """The folder summary/ for these trials."""
    folder, best = root / "summary", best_so_far(trials)
    _write(os.path.join(folder, "full.csv"), _full(trials))
    _write(os.path.join(folder, "short.csv"), _short(trials, best))
    head = "Best configs and their objectives across evaluations:\n" + _RULE + "\n"
    _write(os.path.join(folder, "best_config_trajectory.txt"), head + "".join(_block(t) for t in best))
    _write(os.path.join(folder, "best_config.txt"), head + "".join(_block(t) for t in best[-1:]))


def write_missing(root: Path, trials: Iterable[Trial]) -> None:
    """The reports that a killed process stored but did not write."""
    for trial in trials:
        if trial.state.ended and not os.path.exists(_in_folder(root, trial, "report.yaml")):
            write_config(root, trial)
            write_report(root, trial)


def write_all(store: Store) -> int:
    """Every view of a store, written again; how many trials it has."""
    trials = store.trials()
    for trial in trials:
        write_config(store.root, trial)
        write_report(store.root, trial)
    write_run(store.root, store.meta("space"), store.meta("optimizer"))
    write_summary(store.root, trials)
    return len(trials)


def write_run(root: Path, space: Mapping[str, Any], optimizer: Mapping[str, Any]) -> None:
    """optimizer_info.yaml and pipeline_space.json."""
    _write(os.path.join(root, "optimizer_info.yaml"), dump_yaml(dict(optimizer)))
    _write(os.path.join(root, "pipeline_space.json"), json.dumps(space, indent=1) + "\n")


def _block(trial: Trial) -> str:
    report = trial.report
    assert report is not None
    lines = [f"Config ID: {trial.id}", f"Objective to minimize: {report.objective}"]
    if report.cost is not None:
        lines.append(f"Cost: {report.cost}")
    return "\n".join([*lines, f"Config: {config_of(trial)}", _RULE]) + "\n"


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


_LAST = (
    "objective_to_minimize", "cost", "err", "state", "evaluation_duration", "evaluating_worker_id",
    "time_sampled", "time_started", "time_end", "previous_trial_id",
)  # fmt: skip


def table(trials: Sequence[Trial]) -> tuple[list[str], list[list[Any]]]:
    """(names of columns, a row for each trial); None where a trial has nothing."""
    keys = list(dict.fromkeys(k for t in trials for k in config_of(t)))
    extra = list(dict.fromkeys(k for t in trials if t.report for k in t.report.info))
    head = ["id", *(f"config.{k}" for k in keys), *(f"extra.{k}" for k in extra), *_LAST]
    return head, [_row(t, keys, extra) for t in trials]


def _row(t: Trial, keys: Sequence[str], extra: Sequence[str]) -> list[Any]:
    config, report = config_of(t), t.report
    info = report.info if report else {}
    row: list[Any] = [t.id, *(config.get(k) for k in keys), *(info.get(k) for k in extra)]
    row += [report.objective, report.cost, report.error] if report else [None, None, None]
    row += [t.state.value, report.seconds if report else None, t.worker, t.sampled, t.started, t.ended]
    return [*row, t.previous]


def _full(trials: Sequence[Trial]) -> str:
    head, rows = table(trials)
    return _csv([head, *rows])


def short_rows(trials: Sequence[Trial], best: Sequence[Trial]) -> list[tuple[str, Any]]:
    """The counts of states and the best trial, as pairs."""
    rows: list[tuple[str, Any]] = [
        (f"num_{state.value}", sum(t.state is state for t in trials))
        for state in State
        if any(t.state is state for t in trials)
    ]
    if best:
        assert best[-1].report is not None
        rows += [("best_objective_to_minimize", best[-1].report.objective), ("best_config_id", best[-1].id)]
        rows += list(config_of(best[-1]).items())
    return rows


def _short(trials: Sequence[Trial], best: Sequence[Trial]) -> str:
    return _csv(short_rows(trials, best))
