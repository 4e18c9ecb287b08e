"""Files of old spaces, by their endings and by what stands in them."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neps_cs import storage
from neps_cs.errors import FormatError, Problem
from neps_cs_converters.legacy.neps_documents import Document, read_neps_document
from neps_cs_converters.legacy.neps_yaml import MAX_BYTES as MAX_YAML
from neps_cs_converters.legacy.neps_yaml import read_yaml
from neps_cs_converters.legacy.places import Places
from neps_cs_converters.legacy.reading import Read

SUFFIXES = (".yaml", ".yml", ".json", ".pcs")
_CONFIGSPACE = "neps_cs_converters.legacy.configspace_json"
_PCS = "neps_cs_converters.legacy.pcs"
_MAX_LOOKUPS, _MAX_SCANNED = 100, 2**23


def read_file(
    path: Path, trust: Collection[str] | str = (), operators: Mapping[str, Any] = MappingProxyType({})
) -> Read:
    """The space of a file. Raises StoreError where it can't be read, FormatError for what it is not,
    TrustError where it names objects of neither `trust` nor `operators`."""
    name, suffix = str(path), path.suffix.lower()
    if suffix not in SUFFIXES:
        rule = f"a file of a space must end in {', '.join(SUFFIXES)}"
        raise FormatError(Problem(rule, suffix or "no ending", name))
    if suffix == ".pcs":
        found = importlib.import_module(_PCS).read(storage.read_text(path), name)
        assert isinstance(found, Read)
        return found
    form = "JSON" if suffix == ".json" else "YAML"
    if form == "JSON":
        text = storage.read_text(path)
        value = storage.parse_document(text, name)
        document = Document(value, name, _finder(text))
    else:
        text = storage.read_text(path, MAX_YAML)
        document = read_yaml(text, name)
        value = document.value
    if isinstance(value, dict) and storage.is_own(value):
        return Read(storage.own_space(value, path, trust, operators), f"neps_cs {form}")
    if isinstance(value, dict) and isinstance(value.get("hyperparameters"), list):
        found = importlib.import_module(_CONFIGSPACE).read(value, name, text)
        assert isinstance(found, Read)
        return found
    return read_neps_document(document, f"NePS {form}")


def _finder(text: str) -> Callable[[tuple[Any, ...]], tuple[int, int] | None]:
    """Line and column of the first hundred paths in a text of JSON, and of fewer in a long one."""
    left = itertools.count(min(_MAX_LOOKUPS, _MAX_SCANNED // max(1, len(text))), -1)
    places = Places(text)

    def find(path: tuple[Any, ...]) -> tuple[int, int] | None:
        if not path:
            return 1, 1
        return places(path) if next(left) > 0 else None

    return find
