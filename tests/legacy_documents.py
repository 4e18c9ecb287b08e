"""Documents as ConfigSpace wrote them, for tests of their readers."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import ConfigSpace as CS
import pytest

import neps_cs as neps
from neps_cs.errors import FormatError
from neps_cs_converters.legacy.configspace_json import read

OLD: dict[str, Any] = {"python_module_version": "0.4.21", "json_format_version": 0.2}

OLDEST: dict[str, Any] = {"python_module_version": "0.4.10", "json_format_version": 0.1}

NEW: dict[str, Any] = {"python_module_version": "1.2.0", "format_version": 0.4}


def row(name: str, kind: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **given}


def document(
    *rows: dict[str, Any], conditions: Any = (), forbiddens: Any = (), marks: dict[str, Any] = OLD
) -> dict[str, Any]:
    parts = {"hyperparameters": list(rows), "conditions": list(conditions), "forbiddens": list(forbiddens)}
    return {"name": "s", **parts, **marks}


def one(given: dict[str, Any], marks: dict[str, Any] = OLD) -> Any:
    return read(document(given, marks=marks), "f.json").space.attributes[given["name"]]


def refused(given: dict[str, Any]) -> str:
    with pytest.raises(FormatError) as e:
        read(given, "f.json")
    return str(e.value)


def same_as_configspace(given: dict[str, Any]) -> bool:
    ours = neps.to_configspace(read(given, "f.json").space).configspace
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CS.ConfigurationSpace.from_serialized_dict(copy.deepcopy(given))
    return bool(ours == theirs)


X = row("x", "uniform_float", lower=0.0, upper=1.0, default=0.5, log=False)

C = row("c", "categorical", choices=["a", "b"], default="a")

D = row("d", "categorical", choices=["p", "q"], default="p")

O = row("o", "ordinal", sequence=["lo", "mid", "hi"], default="mid")  # noqa: E741
