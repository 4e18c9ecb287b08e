"""The worlds that come with neps_cs."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import yaml

from neps_cs import storage
from neps_cs.errors import ConversionError, FormatError, Problem
from neps_cs.fidelities import Fidelity
from neps_cs.losses import Losses
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs.structure import Node
from neps_cs_converters import legacy
from neps_cs_converters.configspace import flat_space, from_configspace, to_configspace
from neps_cs_converters.convert.neps_yaml import write_neps_yaml
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
    if not _is_flat(space):
        translation = to_configspace(space, max_depth)
        notes = as_notes(Losses([*translation.beside, *translation.losses]))
        space = flat_space(_without_marks(translation.configspace))
    return Converted(importlib.import_module(_PCS).write(space, new=new), notes)


def _without_marks(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    """A translation that nobody else has, without what our own side-car needs in the meta of it."""
    cs.meta = {key: value for key, value in (cs.meta or {}).items() if key != storage.KEY}
    for hyperparameter in cs.values():
        meta = {k: v for k, v in (hyperparameter.meta or {}).items() if k != storage.KEY}
        hyperparameter.meta = meta or None
    return cs


def _is_flat(space: PipelineSpace) -> bool:
    """Whether every attribute is a parameter of plain choices, a fidelity or a constant."""
    if space.graph.edits:
        return False
    for value in space.attributes.values():
        match value:
            case Float(lower=lower, upper=upper) | Integer(lower=lower, upper=upper):
                if isinstance(lower, Node) or isinstance(upper, Node):
                    return False
            case Categorical(choices=choices) | Ordinal(choices=choices):
                if isinstance(choices, Node) or any(isinstance(c, Node) for c in choices):
                    return False
            case Fidelity():
                pass
            case Node():
                return False
    return True


def _neps(space: PipelineSpace, max_depth: int | None) -> Converted:
    return Converted(_installed(_NEPS, "to_neps", space))


def _optuna(space: PipelineSpace, max_depth: int | None) -> Converted:
    return Converted(_installed(_OPTUNA, "to_optuna", space))


def _installed(module: str, function: str, space: PipelineSpace) -> Any:
    """What a bridge makes of a space. Raises ConversionError where its package is not installed."""
    try:
        return getattr(importlib.import_module(module), function)(space)
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
        {"neps": Format(_neps, is_text=False)},
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
        {"pcs": Format(lambda space, depth: _pcs(space, depth, new=False)),
         "pcs-new": Format(lambda space, depth: _pcs(space, depth, new=True)),
         "neps-yaml": Format(write_neps_yaml)},
        _is_legacy,
        legacy.read,
    ),
)  # fmt: skip
