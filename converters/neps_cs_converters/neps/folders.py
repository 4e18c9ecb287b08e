"""Reading the root directory of a NePS run: its text files only, never a pickle.

What is read of each `configs/config_<id>/`: `config.yaml`, `report.yaml`, `metadata.json`. Whatever is
missing, cut off, too large, a link or no file is reported with its place, and the rest is read.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from neps_cs.errors import ConfigError, EvaluationError, Problem, StoreError
from neps_cs.resolving.walk import Config
from neps_cs.runtime.root import root_path
from neps_cs.space import PipelineSpace
from neps_cs.values import shown
from neps_cs_converters.neps.configs import as_ours, config_from_neps

logger = logging.getLogger("neps_cs")

MAX_BYTES = 1_000_000
"""A text file of a trial is no larger, unless asked for."""
MAX_NODES = 200_000
"""A file holds no more values, aliases written out."""
MAX_NESTING = 50
_TRIAL = re.compile(r"config_(\d+)(.*)", re.ASCII)
_REPORT = ("objective_to_minimize", "reported_as", "tb")
_BEGUN = ("pending", "evaluating", "unknown", "corrupted", "external")


@dataclass(frozen=True)
class FoundTrial:
    """A trial of a NePS run. Times are seconds since the epoch, None where NePS did not write them.

    `id` is NePS's (`3`, `3_rung_1`). `config` holds decisions by our addresses and fidelities by name;
    `written` is the config as NePS has it. `state` is NePS's word: "success", "failed" and "crashed" have
    ended; "pending" and "evaluating" were interrupted. `result` is what evaluate_pipeline gave, as a dict
    with `objective_to_minimize`, and `cost`, `learning_curve` and `info_dict` where there were some; None
    without a report, or where a crash left no objective. `previous` is the id of the trial that this one
    continues; `seconds` is how long the evaluation took.
    """

    id: str
    config: Config
    written: Mapping[str, Any]
    fidelities: Mapping[str, float]
    state: str
    result: Mapping[str, Any] | None = None
    error: str | None = None
    traceback: str | None = None
    previous: str | None = None
    sampled: float | None = None
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None

    @property
    def cost(self) -> float | None:
        """The cost that was reported."""
        return None if self.result is None else self.result.get("cost")


@dataclass(frozen=True)
class Root:
    """What `read_root` found: trials in the order of their ids, and problems with their places."""

    trials: tuple[FoundTrial, ...]
    problems: tuple[Problem, ...] = field(default=())

    def __iter__(self) -> Iterator[FoundTrial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    def results(self, *, failed: bool = True) -> list[tuple[Config, Any]]:
        """Pairs of config and result, for `import_trials`: of each trial that ended what evaluate_pipeline
        returned, or an EvaluationError with its text where it failed (not with failed=False)."""
        pairs: list[tuple[Config, Any]] = []
        for trial in self.trials:
            if trial.result is not None:
                pairs.append((dict(trial.config), dict(trial.result)))
            elif failed and trial.state in ("failed", "crashed"):
                text = trial.error or "no error was recorded"
                pairs.append((dict(trial.config), EvaluationError(Problem(text, ""))))
        return pairs


def read_root(directory: str | Path, space: Any, *, max_bytes: int = MAX_BYTES) -> Root:
    """The trials of a NePS run, finished or interrupted, at our addresses.

    neps.import_trials(read_root("neps_results", space).results(), "results", space)

    Args:
        directory: NePS's root directory, which holds `configs/`.
        space: the run's space, ours or NePS's. The one that the directory holds is a pickle, and loading
            one runs code: it is not read.
        max_bytes: a file that is larger is reported, not read.

    Problems are listed, not raised: a trial whose config can't be read or does not fit the space is left
    out; one whose report can't be read is there without a result. Where no trial fits, a warning is logged by
    the logger "neps_cs", with the counts. Raises StoreError where the directory holds no `configs/`,
    ConversionError for a space that can't be converted.
    """
    ours = as_ours(space)
    folder = root_path(directory) / "configs"
    if not folder.is_dir():
        rule = "the root directory of a NePS run must hold a folder 'configs'"
        raise StoreError(Problem(rule, "none", str(directory)))
    reader = _Reader(ours, max_bytes)
    paths = _trial_folders(folder, reader.problems)
    trials = [t for path in paths if (t := reader.trial(path)) is not None]
    if reader.misfits and not trials:
        text = "%s: none of the %d trials fits the space; %d are of another one, as `problems` lists"
        logger.warning(text, directory, len(paths), reader.misfits)
    return Root(tuple(trials), tuple(reader.problems))


def _trial_folders(folder: Path, problems: list[Problem]) -> list[Path]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):  # NePS's caches, pickles, and its locks
                continue
            match = _TRIAL.fullmatch(entry.name)
            if match is None or entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
                rule = "what lies in configs must be folders named config_<id>, no links"
                problems.append(Problem(rule, shown(entry.name), str(folder / entry.name)))
                continue
            numbers = [int(n) for n in re.findall(r"\d+", match[2])]
            found.append((int(match[1]), numbers, match[2], folder / entry.name))
    problems.sort(key=lambda p: p.place)
    return [path for *_, path in sorted(found)]


class _NoFileError(Exception):
    """There is no file of that name."""


class _Reader:
    def __init__(self, space: PipelineSpace, max_bytes: int) -> None:
        self.space, self.max_bytes = space, max_bytes
        self.problems: list[Problem] = []
        self.misfits = 0

    def trial(self, folder: Path) -> FoundTrial | None:
        written = self._mapping(folder / "config.yaml", _read_yaml, needed=True)
        if written is None:
            return None
        try:
            config = config_from_neps(self.space, written)
        except ConfigError as e:
            self.misfits += 1
            place = str(folder / "config.yaml")
            self.problems += [Problem(p.rule, p.got, f"{place}: {p.place}") for p in e.problems]
            return None
        report = self._mapping(folder / "report.yaml", _read_yaml, needed=False)
        metadata = self._mapping(folder / "metadata.json", json.loads, needed=True) or {}
        held = {n: config.pop(n) for n in list(config) if n in self.space.resolver.fidelities}
        fidelities = self.space.resolver.checked_fidelities(None, held)
        return FoundTrial(
            id=folder.name.removeprefix("config_"),
            config={**config, **fidelities},
            written=written,
            fidelities=fidelities,
            **self._outcome(folder, report, metadata),
        )

    def _outcome(
        self, folder: Path, report: Mapping[str, Any] | None, metadata: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The fields of a trial that report and metadata give; what is of a wrong type is reported."""
        place = str(folder / "metadata.json")
        found: dict[str, Any] = {
            field: self._number(metadata.get(name), f"{place}: {name}")
            for field, name in (("sampled", "time_sampled"), ("started", "time_started"),
                                ("ended", "time_end"), ("seconds", "evaluation_duration"))
        }  # fmt: skip
        previous = metadata.get("previous_trial_id")
        found["previous"] = previous if isinstance(previous, str) else None
        state = metadata.get("state")
        if report is None:
            if state in ("success", "failed", "crashed"):
                rule = "a trial that ended must have a report"
                self.problems.append(Problem(rule, f"state={state!r}", str(folder)))
            return {**found, "state": state if state in _BEGUN else "unknown"}
        place = str(folder / "report.yaml")
        missing = [k for k in _REPORT if k not in report]
        if missing:  # a file that was cut off between two lines
            rule = f"a report must hold {', '.join(_REPORT)}"
            self.problems.append(Problem(rule, f"none of {', '.join(missing)}", place))
            return {**found, "state": "unknown"}
        said = report["reported_as"]
        if said not in ("success", "failed", "crashed"):
            rule = "reported_as must be 'success', 'failed' or 'crashed'"
            self.problems.append(Problem(rule, shown(said), place))
            return {**found, "state": "unknown"}
        found["state"] = said
        for name, key in (("error", "err"), ("traceback", "tb")):
            found[name] = None if report.get(key) is None else str(report[key])
        found["seconds"] = self._number(report.get("evaluation_duration"), place) or found["seconds"]
        found["result"] = self._result(report, place)
        return found

    def _result(self, report: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        objective = report.get("objective_to_minimize")
        if objective is None:
            return None
        several = isinstance(objective, list)
        values = objective if isinstance(objective, list) else [objective]
        if not values or not all(_is_number(v) for v in values):
            rule = "objective_to_minimize must be a number, or a list of numbers"
            self.problems.append(Problem(rule, shown(objective), place))
            return None
        result: dict[str, Any] = {"objective_to_minimize": objective if several else float(objective)}
        cost = self._number(report.get("cost"), f"{place}: cost")
        if cost is not None:
            result["cost"] = cost
        for name, key in (("learning_curve", "learning_curve"), ("info_dict", "extra")):
            if report.get(key):
                result[name] = report[key]
        return result

    def _number(self, value: Any, place: str) -> float | None:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if _is_number(value):
            return float(value)
        self.problems.append(Problem("the value must be a number", shown(value)[:200], place))
        return None

    def _mapping(self, path: Path, parse: Callable[[str], Any], *, needed: bool) -> dict[str, Any] | None:
        try:
            data = parse(_text(path, self.max_bytes))
        except _NoFileError:
            if needed:
                self.problems.append(Problem("the file must be there", "none", str(path)))
            return None
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as e:
            text = " ".join(str(e).split()) or type(e).__name__
            self.problems.append(Problem("the file must be readable", text[:300], str(path)))
            return None
        if not isinstance(data, dict) or not all(isinstance(k, str) for k in data):
            rule = "the file must hold a mapping with texts as keys"
            self.problems.append(Problem(rule, type(data).__name__, str(path)))
            return None
        if not _is_bounded(data):
            rule = f"the file must hold at most {MAX_NODES} values, nested {MAX_NESTING} deep"
            self.problems.append(Problem(rule, "more", str(path)))
            return None
        return data


def _text(path: Path, most: int) -> str:
    """The text of a plain file of a bounded size. Raises OSError, ValueError, _NoFileError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if path.is_symlink():
        raise ValueError("it is a link")
    try:
        number = os.open(path, flags)
    except FileNotFoundError:
        raise _NoFileError from None
    with os.fdopen(number, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it is larger than {most} bytes")
    return data.decode("utf-8")


class _Loader(yaml.SafeLoader):
    """YAML as NePS writes it: objects of Python, which can't be made safely, become their text.

    In Python, not in C: there nesting without end is a RecursionError.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuses merge keys, which NePS never writes: a few lines of them can stand for millions."""
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.constructor.ConstructorError(None, None, "merge keys are not read", node.start_mark)


def _tuple(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return _object(loader, "tuple", node)


def _object(loader: _Loader, suffix: str, node: yaml.Node) -> str:
    return f"<{suffix.removeprefix('object/apply:').removeprefix('object:').removeprefix('name:')}>"


_Loader.add_constructor("tag:yaml.org,2002:python/tuple", _tuple)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _object)


def _read_yaml(text: str) -> Any:
    if text and not text.endswith("\n"):
        raise ValueError("it ends in the middle of a line")
    return yaml.load(text, _Loader)


def _is_bounded(data: Any) -> bool:
    """Whether a document is small when its aliases are written out."""
    stack, nodes = [(data, 0)], 0
    while stack:
        value, depth = stack.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_NESTING:
            return False
        if isinstance(value, dict):
            stack += [(v, depth + 1) for v in value.values()]
        elif isinstance(value, (list, tuple)):
            stack += [(v, depth + 1) for v in value]
    return True


def _is_number(value: Any) -> bool:
    """Whether a float can hold it."""
    return isinstance(value, float) or (type(value) is int and value.bit_length() <= 1023)
