"""Files of old spaces, by their endings and by what stands in them."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neps_cs import storage
from neps_cs.errors import FormatError, Problem
from neps_cs_converters.legacy.neps_dict import read_neps
from neps_cs_converters.legacy.neps_yaml import MAX_BYTES as MAX_YAML
from neps_cs_converters.legacy.neps_yaml import read_neps_yaml, read_yaml
from neps_cs_converters.legacy.reading import Read

SUFFIXES = (".yaml", ".yml", ".json", ".pcs")
_CONFIGSPACE = "neps_cs_converters.legacy.configspace_json"
_PCS = "neps_cs_converters.legacy.pcs"


def read_file(
    path: Path, trust: Collection[str] | str = (), operators: Mapping[str, Any] = MappingProxyType({})
) -> Read:
    """The space of a file. Raises StoreError where it can't be read, FormatError for what it is not,
    TrustError where it names objects of neither `trust` nor `operators`."""
    place, suffix = str(path), path.suffix.lower()
    if suffix == ".pcs":
        text = storage.read_text(path)
        found = importlib.import_module(_PCS).read(text, place)
        assert isinstance(found, Read)
        return found
    if suffix == ".json":
        return _document(storage.read_document(path), path, "JSON", trust, operators)
    if suffix in (".yaml", ".yml"):
        document = read_yaml(storage.read_text(path, MAX_YAML), place)
        value = document.value
        if isinstance(value, dict) and (storage.is_own(value) or _is_configspace(value)):
            return _document(value, path, "YAML", trust, operators)
        return read_neps_yaml(document)
    rule = f"a file of a space must end in {', '.join(SUFFIXES)}"
    raise FormatError(Problem(rule, suffix or "no ending", place))


def _is_configspace(document: Mapping[Any, Any]) -> bool:
    return isinstance(document.get("hyperparameters"), list)


def _document(
    document: dict[str, Any],
    path: Path,
    form: str,
    trust: Collection[str] | str,
    operators: Mapping[str, Any],
) -> Read:
    """The space of a document of neps_cs or of ConfigSpace, or of the dict language of NePS."""
    if storage.is_own(document):
        return Read(storage.own_space(document, path, trust, operators), f"neps_cs {form}")
    if _is_configspace(document):
        text = storage.read_text(path)  # for the line and column of what is wrong
        found = importlib.import_module(_CONFIGSPACE).read(document, str(path), text)
        assert isinstance(found, Read)
        return found
    inner = next((k for k in ("pipeline_space", "search_space") if isinstance(document.get(k), dict)), None)
    entries = document if inner is None else document[inner]
    return read_neps(
        entries, lambda p: f"{path}: {'.'.join(map(str, p))}" if p else str(path), f"NePS {form}"
    )
