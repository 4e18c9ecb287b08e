"""Old spaces: those of older NePS (dicts, YAML, objects) and of older ConfigSpace (JSON, YAML, .pcs)."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any

from neps_cs.errors import FormatError, Problem
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.files import SUFFIXES, read_file
from neps_cs_converters.legacy.neps_dict import read_neps
from neps_cs_converters.legacy.neps_documents import Document, read_neps_document
from neps_cs_converters.legacy.neps_entries import short
from neps_cs_converters.legacy.neps_objects import is_search_space, search_space_entries
from neps_cs_converters.legacy.reading import Note, Notes, Read

__all__ = ["Note", "Notes", "Read", "from_legacy", "read"]

_LOG = logging.getLogger("neps_cs")


def from_legacy(thing: Any) -> PipelineSpace:
    """The space of an old one.

    Args:
        thing: a mapping from names to what NePS up to 0.17 read (tuples, lists, constants, mappings,
            parameters), a SearchSpace of an installed NePS, or the path of a file: .yaml and .yml of any
            generation of NePS, or of ConfigSpace; .json of any version of ConfigSpace; .pcs of both
            dialects. A PipelineSpace is given back.

    What could be read in more ways than one is logged by the logger "neps_cs", as a warning;
    `neps_cs_converters.legacy.read` returns it.

    Raises FormatError for what no such space is, naming all problems; StoreError where a file can't be
    read; TrustError for a file of neps_cs that names objects: `load_space` takes them.
    """
    found = read(thing)
    for note in found.notes:
        _LOG.warning("%s: found %s, taken as %s", note.place, note.found, note.taken)
    return found.space


def read(
    thing: Any, trust: Collection[str] | str = (), operators: Mapping[str, Any] = MappingProxyType({})
) -> Read:
    """The space of an old one, and notes on it: see `from_legacy`. `trust` and `operators` are those of
    `load_space`, for files of neps_cs itself. Raises as `from_legacy` does."""
    if isinstance(thing, PipelineSpace):
        return Read(thing, "PipelineSpace")
    if isinstance(thing, os.PathLike):
        path = Path(thing) if isinstance(thing, PurePath) else Path(os.fsdecode(thing))
        return read_file(_at_home(path), trust, operators)
    if isinstance(thing, str):
        return read_file(_at_home(_path(thing)), trust, operators)
    if is_search_space(thing):
        return read_neps(search_space_entries(thing), form="NePS SearchSpace")
    _refuse_new(thing)
    if isinstance(thing, Mapping):
        return read_neps_document(Document(thing), "NePS dict")
    rule = "an old space must be a mapping, a SearchSpace of NePS, or the path of a file"
    raise FormatError(Problem(rule, f"{short(thing)} of type {type(thing).__name__}", "from_legacy"))


_NEW: Mapping[tuple[str, str], str] = {
    ("ConfigSpace", "ConfigurationSpace"): "from_configspace(configspace) reads it",
    (
        "ConfigSpace",
        "Configuration",
    ): "sidecar.from_configuration(configuration) reads it, a config and no space",
    ("neps_cs_converters", "Translation"): "from_configspace(*translation) gives its space back",
    ("neps_cs", "Sidecar"): "sidecar.space is its space",
}
"""Package and class of what is not old → what reads it."""


def _refuse_new(thing: Any) -> None:
    """Raises FormatError for what other functions are for."""
    for kind in type(thing).__mro__:
        hint = _NEW.get((kind.__module__.partition(".")[0], kind.__name__))
        if hint is not None:
            rule = "an old space must be a mapping, a SearchSpace of NePS, or the path of a file"
            raise FormatError(Problem(rule, f"a {kind.__name__}; {hint}", "from_legacy"))


def _path(text: str) -> Path:
    """A text as a path. Raises FormatError for a text that is a space itself."""
    if "\n" in text or "\0" in text or not text.lower().endswith(SUFFIXES):
        rule = (
            f"a text must be the path of a file that ends in {', '.join(SUFFIXES)}; "
            "the text of a space must be saved to a file, or passed as the mapping that yaml.safe_load gives"
        )
        raise FormatError(Problem(rule, short(text), "from_legacy"))
    return Path(text)


def _at_home(path: Path) -> Path:
    """The path with ~ as the home; as it is where there is no such home."""
    return Path(os.path.expanduser(path))
