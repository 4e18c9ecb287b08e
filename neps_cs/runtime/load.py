"""Reading a run from its root directory: a trial's pipeline, the space, the optimizer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from neps_cs.errors import FormatError, Problem, RunError, StoreError
from neps_cs.graph.document import from_document
from neps_cs.resolving.resolver import Pipeline
from neps_cs.resolving.walk import Config
from neps_cs.runtime.foreign import as_space
from neps_cs.runtime.root import READ, check_root, check_same_space, described, root_path
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import config_of
from neps_cs.sampling.ask import ask
from neps_cs.space import PipelineSpace, resolve
from neps_cs.trials import number_of
from neps_cs.values import Plain, shown


def load_config(
    config_path: str | Path | PipelineSpace | None = None,
    pipeline_space: Any = None,
    config: Mapping[str, Plain] | None = None,
    config_id: str | int | None = None,
    *,
    trust: Collection[str] = (),
    operators: Mapping[str, Any] | None = None,
) -> Pipeline:
    """What evaluate_pipeline received for a trial: the same values, and operators called anew.

    Args:
        config_path: a config.yaml, the folder of a trial, or the root directory of a run (then with
            `config_id`).
        pipeline_space: the space of the run; None reads it from the root directory.
        config: a config to resolve instead of a file.
        config_id: "config_3", "3" or 3.
        trust: packages whose operators may be imported when the space is read from disk.
        operators: import path → object, for operators that are not importable.

    The order (space, config, path, id), as newer NePS has it, works by keyword; without keywords a space is
    taken as the space and an id as the id wherever they stand.

    Raises RunError for two of a kind, and for a path or id that leads nowhere, StoreError where the run has
    another space, ConfigError where the config does not fit the space, TrustError for operators not trusted.
    """
    path, pipeline_space, config, config_id = _placed(config_path, pipeline_space, config, config_id)
    root, data = (None, dict(config)) if config is not None else _located(path, config_id)
    if pipeline_space is not None:
        space = as_space(pipeline_space)
        if root is not None and Store.exists(root):
            with Store.open(root) as store:
                check_same_space(root, store.meta("space"), space, READ)
    elif root is None:
        raise RunError(Problem("a config without a run needs pipeline_space", "none", "load_config"))
    else:
        space = load_pipeline_space(root, trust=trust, operators=operators)
    return resolve(space, data)


def load_pipeline_space(
    root_directory: str | Path, *, trust: Collection[str] = (), operators: Mapping[str, Any] | None = None
) -> PipelineSpace:
    """The space of a run. Nothing is imported unless its package is in `trust` or its import path
    in `operators`.

    Raises StoreError where there is no run, TrustError naming every operator that was refused.
    """
    root = root_path(root_directory)
    check_root(root)
    with Store.open(root) as store:
        document = store.meta("space")
    return PipelineSpace.from_graph(from_document(document, trust=trust, operators=operators or {}))


def described_space(store: Store) -> PipelineSpace:
    """The space of a store for reading only: its operators are named, not loaded."""
    return described(store.meta("space"))


def create_config(
    pipeline_space: Any = None,
    root_directory: str | Path | None = None,
    *,
    trust: Collection[str] = (),
    operators: Mapping[str, Any] | None = None,
) -> tuple[Config, Pipeline]:
    """Ask a person at the terminal for each decision: `(config, pipeline)`. Fidelities are full.

    Args:
        pipeline_space: what `run` takes as a space; None takes that of the run in `root_directory`.
        root_directory: of a run; its space must be the one given.
        trust, operators: as of `load_pipeline_space`.

    Raises RunError without both, StoreError where the run has another space, ConfigError at the end of
    the input.
    """
    root = None if root_directory is None else root_path(root_directory)
    if pipeline_space is None:
        if root is None:
            rule = "create_config needs a space or the root directory of a run"
            raise RunError(Problem(rule, "none", "create_config"))
        space = load_pipeline_space(root, trust=trust, operators=operators)
    else:
        space = as_space(pipeline_space)
        if root is not None:
            with Store.open(root) as store:
                check_same_space(root, store.meta("space"), space, READ)
    return space.sample_by(ask(input))


def load_optimizer_info(root_directory: str | Path) -> dict[str, Any]:
    """The optimizer of a run as `{"name": ..., "info": {...}}`. Raises StoreError where there is none."""
    with Store.open(root_path(root_directory)) as store:
        return dict(store.meta("optimizer"))


def _placed(path: Any, space: Any, config: Any, number: Any) -> tuple[Any, Any, Any, Any]:
    """The arguments of `load_config` by what they are, where some are not in their places."""
    given = path, space, config, number
    in_place = config is None or isinstance(config, Mapping)
    if in_place and not isinstance(path, PipelineSpace) and not _is_id(space):
        return given
    found: dict[str, Any] = {}
    for i, value in enumerate(given):
        if value is None:
            continue
        kind = "space"
        if isinstance(value, Mapping):
            kind = "config"
        elif i > 0 and _is_id(value):
            kind = "id"
        elif isinstance(value, (str, Path)):
            kind = "path"
        if kind in found:
            rule = "load_config takes a path, a space, a config and an id, one of each"
            raise RunError(Problem(rule, f"{shown(found[kind])[:60]} and {shown(value)[:60]}", "load_config"))
        found[kind] = value
    return found.get("path"), found.get("space"), found.get("config"), found.get("id")


def _is_id(given: object) -> bool:
    """Whether something is the id of a trial, `config_1` or 1."""
    return type(given) is int or (isinstance(given, str) and bool(re.fullmatch(r"(config_)?[0-9]+", given)))


def _located(path: str | Path | None, config_id: str | int | None) -> tuple[Path | None, dict[str, Any]]:
    """(root directory if it is known, config with fidelities)."""
    if path is None:
        raise RunError(Problem("config_path or config must be given", "none", "load_config"))
    place = Path(path).expanduser()
    if place.suffix in (".yaml", ".yml"):
        return _root_of(place.parent), _read_yaml(place)
    if not place.is_dir():
        raise RunError(Problem("config_path must be a config.yaml or a folder", str(place), "load_config"))
    if config_id is None and (place / "config.yaml").exists():
        return _root_of(place), _read_yaml(place / "config.yaml")
    if config_id is None:
        rule = "the root directory of a run needs config_id"
        raise RunError(Problem(rule, "config_id=None", str(place)))
    root = place.parent if place.name == "configs" else place
    with Store.open(root) as store:
        return root, config_of(store.trial(number_of(config_id, "load_config")))


def _root_of(folder: Path) -> Path | None:
    """The root directory above `<root>/configs/config_1`, if it is one."""
    root = folder.absolute().parent.parent
    return root if folder.absolute().parent.name == "configs" and Store.exists(root) else None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise StoreError(Problem("the file must be readable", f"{type(e).__name__}: {e}", str(path))) from e
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        raise FormatError(Problem("the file must be YAML", str(e), str(path))) from e
    if data is not None and not isinstance(data, dict):
        raise FormatError(Problem("the file must hold a mapping", type(data).__name__, str(path)))
    return data or {}
