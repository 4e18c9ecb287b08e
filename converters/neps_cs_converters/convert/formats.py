"""The worlds that come with neps_cs."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import ConfigSpace as CS
import yaml

from neps_cs import storage
from neps_cs.errors import ConversionError, FormatError, Problem
from neps_cs.losses import Losses
from neps_cs.space import PipelineSpace
from neps_cs_converters import legacy
from neps_cs_converters.configspace import flat_space, from_configspace, to_configspace
from neps_cs_converters.convert.flat import has_closed_choices, is_flat, is_shared
from neps_cs_converters.convert.neps_yaml import write_nearest_neps_yaml, write_neps_yaml
from neps_cs_converters.convert.python import write_python
from neps_cs_converters.convert.registry import Converted, Format, World, as_notes
from neps_cs_converters.legacy.files import SUFFIXES
from neps_cs_converters.legacy.neps_objects import is_search_space
from neps_cs_converters.legacy.neps_yaml import check_size
from neps_cs_converters.legacy.reading import Notes, Read

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PCS = "neps_cs_converters.legacy.pcs"
_NEPS = "neps_cs_converters.neps"
_OPTUNA = "neps_cs_converters.optuna"


def _json(space: PipelineSpace, max_depth: int | None) -> Converted:
    """What `save_space` writes: it says all of the space, and what ConfigSpace's part does not."""
    document, _ = storage.written(space, max_depth, "convert")
    return Converted(storage.json_text(document, "convert"))


def _yaml(space: PipelineSpace, max_depth: int | None) -> Converted:
    """The document of `save_space` as YAML: ConfigSpace's `from_yaml` reads its part."""
    plain = json.loads(_json(space, max_depth).value)
    try:
        text = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, width=100)
    except UnicodeEncodeError as e:
        rule = "texts must be Unicode to be written as YAML (to='json' takes others)"
        raise ConversionError(Problem(rule, repr(e.object[e.start : e.end]), "convert")) from e
    try:
        check_size(text, "convert")
    except FormatError as e:
        raise ConversionError(
            Problem(f"{p.rule} (to='json' takes more)", p.got, p.place) for p in e.problems
        ) from e
    return Converted(text)


def _space(space: PipelineSpace, max_depth: int | None) -> Converted:
    return Converted(space)


def _configspace(space: PipelineSpace, max_depth: int | None) -> Converted:
    translation = to_configspace(space, max_depth)
    return Converted(translation.configspace, as_notes(translation.losses))


def _pcs(space: PipelineSpace, max_depth: int | None, *, new: bool) -> Converted:
    """Structure has no place in .pcs: its decisions are written, as ConfigSpace has them."""
    notes = Notes()
    if not is_flat(space):
        space, notes = _flattened(space, max_depth, "budget")
    return Converted(importlib.import_module(_PCS).write(space, new=new), notes)


def _nearest_pcs(space: PipelineSpace, max_depth: int | None, *, new: bool) -> Converted:
    """Two names of one parameter, and closed choices, are written as ConfigSpace has them too."""
    notes, flat = Notes(), is_flat(space)
    if not flat or is_shared(space) or has_closed_choices(space):
        space, notes = _flattened(space, max_depth, "hyperparameter" if flat else "budget")
    text, changed = importlib.import_module(_PCS).write_nearest(space, new=new)
    return Converted(text, Notes([*notes, *changed]))


def _flattened(
    space: PipelineSpace, max_depth: int | None, fidelity: Literal["budget", "hyperparameter"]
) -> tuple[PipelineSpace, Notes]:
    """The decisions of a space, as ConfigSpace has them."""
    translation = to_configspace(space, max_depth, fidelity)
    notes = as_notes(Losses([*translation.beside, *translation.losses]))
    return flat_space(_without_marks(translation.configspace)), notes


def _without_marks(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    """A translation that nobody else has, without what our own side-car needs in the meta of it."""
    cs.meta = {key: value for key, value in (cs.meta or {}).items() if key != storage.KEY}
    for hyperparameter in cs.values():
        meta = {k: v for k, v in (hyperparameter.meta or {}).items() if k != storage.KEY}
        hyperparameter.meta = meta or None
    return cs


def _neps(space: PipelineSpace, max_depth: int | None) -> Converted:
    return Converted(_installed(_NEPS, "to_neps", space))


def _nearest_neps(space: PipelineSpace, max_depth: int | None) -> Converted:
    made = _installed(_NEPS, "to_neps", space, nearest=True)
    return Converted(made.space, as_notes(made.losses))


def _optuna(space: PipelineSpace, max_depth: int | None) -> Converted:
    return Converted(_installed(_OPTUNA, "to_optuna", space))


def _installed(module: str, function: str, space: PipelineSpace, **options: Any) -> Any:
    """What a bridge makes of a space. Raises ConversionError where its package is not installed."""
    try:
        return getattr(importlib.import_module(module), function)(space, **options)
    except ImportError as e:
        extra = module.rpartition(".")[2]
        rule = f"the package of the form must be installed (pip install 'neps_cs[{extra}]')"
        raise ConversionError(Problem(rule, str(e), "convert")) from e


def _are_distributions(thing: Any) -> bool:
    """A mapping to Optuna's distributions, by the name of their module."""
    return (
        isinstance(thing, Mapping)
        and bool(thing)
        and all(type(v).__module__ == "optuna.distributions" for v in thing.values())
    )


def _is_neps_space(thing: Any) -> bool:
    """A PipelineSpace of the NePS package, by the name of its class."""
    return any(
        c.__name__ == "PipelineSpace" and c.__module__.startswith("neps.") for c in type(thing).__mro__
    )


def _is_legacy(thing: Any) -> bool:
    if isinstance(thing, (str, Path)):
        return str(thing).lower().endswith(SUFFIXES)
    return isinstance(thing, Mapping) or is_search_space(thing)


def _pcs_format(*, new: bool) -> Format:
    return Format(
        lambda space, depth: _pcs(space, depth, new=new),
        nearest=lambda space, depth: _nearest_pcs(space, depth, new=new),
    )


WORLDS = (
    World(
        "neps_cs",
        {"json": Format(_json), "yaml": Format(_yaml), "python": Format(write_python),
         "space": Format(_space, is_text=False)},
        lambda thing: isinstance(thing, PipelineSpace),
        lambda thing: Read(thing, "PipelineSpace"),
    ),
    World(
        "ConfigSpace",
        {"configspace": Format(_configspace, is_text=False)},
        lambda thing: isinstance(thing, CS.ConfigurationSpace),
        lambda thing: Read(from_configspace(thing), "ConfigurationSpace"),
    ),
    World(
        "NePS",
        {"neps": Format(_neps, is_text=False, nearest=_nearest_neps)},
        _is_neps_space,
        lambda thing: Read(importlib.import_module(_NEPS).from_neps(thing), "NePS PipelineSpace"),
    ),
    World(
        "Optuna",
        {"optuna": Format(_optuna, is_text=False)},
        _are_distributions,
        lambda thing: Read(importlib.import_module(_OPTUNA).from_optuna(thing), "Optuna distributions"),
    ),
    World(
        "legacy",
        {"pcs": _pcs_format(new=False), "pcs-new": _pcs_format(new=True),
         "neps-yaml": Format(write_neps_yaml, nearest=write_nearest_neps_yaml)},
        _is_legacy,
        legacy.read,
    ),
)  # fmt: skip
