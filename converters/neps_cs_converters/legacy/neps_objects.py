"""Parameters and spaces of an installed NePS, by class name and attributes: NePS is not imported.

| class | since |
|---|---|
| FloatParameter, IntegerParameter, CategoricalParameter, ConstantParameter | up to 0.12: `default` |
| Float, Integer, Categorical, Constant | 0.13 to 0.15: `prior` |
| HPOFloat, HPOInteger, HPOCategorical, HPOConstant | 0.16 and later: `prior` |
| those of its PipelineSpaces | in a dict: the `prior` of a Categorical is an index |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neps_cs.structure import Node
from neps_cs.values import unwrapped
from neps_cs_converters.legacy.neps_bounds import Kind, read_bounds
from neps_cs_converters.legacy.neps_choices import read_choice
from neps_cs_converters.legacy.neps_entries import ConstantEntry, Entry, OwnEntry, short
from neps_cs_converters.legacy.neps_rules import Reading

_KINDS = {
    "FloatParameter": "float", "HPOFloat": "float", "Float": "float",
    "IntegerParameter": "integer", "HPOInteger": "integer", "Integer": "integer",
    "CategoricalParameter": "choice", "HPOCategorical": "choice", "Categorical": "choice",
    "ConstantParameter": "constant", "HPOConstant": "constant", "Constant": "constant",
    "Fidelity": "fidelity", "IntegerFidelity": "fidelity", "FloatFidelity": "fidelity",
}  # fmt: skip
_SPACE = "SearchSpace"
# the scores by which NePS 0.11 kept a confidence
_SCORES = {0.5: "low", 0.25: "medium", 0.125: "high", 2: "low", 4: "medium", 6: "high"}


def is_search_space(thing: object) -> bool:
    """Whether a thing is a SearchSpace of NePS."""
    return _named(thing, (_SPACE,)) is not None


def search_space_entries(space: Any) -> Mapping[str, Any]:
    """Name → parameter of a SearchSpace: `elements` since 0.13, `hyperparameters` before."""
    for name in ("elements", "hyperparameters"):
        found = getattr(space, name, None)
        if isinstance(found, Mapping):
            return dict(found)
    return dict(space)


def is_parameter(thing: object) -> bool:
    """Whether a thing is a parameter of NePS or of neps_cs."""
    return isinstance(thing, Node) or _named(thing, _KINDS) is not None


def read_object(reading: Reading, thing: Any) -> Entry | None:
    """What a parameter is; None where the reading has problems."""
    if isinstance(thing, Node):
        return OwnEntry(thing)
    kind = _KINDS[_named(thing, _KINDS) or ""]
    match kind:
        case "constant":
            return ConstantEntry(getattr(thing, "value", None))
        case "choice":
            return read_choice(reading, _choice_details(thing))
        case "fidelity":
            inner = getattr(thing, "domain", None)
            found = read_bounds(reading, _number_details(inner) | {"is_fidelity": True}, _number_kind(inner))
        case _:
            found = read_bounds(reading, _number_details(thing), _number_kind(thing))
    return None if reading.problems else found


def _named(thing: object, names: Any) -> str | None:
    """The name among `names` that a class of the thing has; none for what is only a class."""
    if isinstance(thing, type):
        return None
    return next((c.__name__ for c in type(thing).__mro__ if c.__name__ in names and _is_foreign(c)), None)


def _is_foreign(cls: type) -> bool:
    """Not a class of neps_cs or of ConfigSpace, which have such names too."""
    return cls.__module__.partition(".")[0] not in ("neps_cs", "ConfigSpace")


def _number_kind(thing: Any) -> Kind:
    return "integer" if _KINDS.get(_named(thing, _KINDS) or "") == "integer" else "float"


def _number_details(thing: Any) -> dict[str, Any]:
    """A number as a mapping of the dict language."""
    fidelity = getattr(thing, "is_fidelity", None) or getattr(thing, "_is_fidelity_compat", None) or False
    bounds = {name: _bound(thing, name) for name in ("lower", "upper")}
    rest = {"log": bool(getattr(thing, "log", False)), "is_fidelity": fidelity}
    return {**bounds, **rest, "log_base": _attribute(thing, "log_base"), **_prior_details(thing)}


def _bound(thing: Any, name: str) -> Any:
    """A bound; those of an integer of NePS 0.11 are whole floats."""
    value = unwrapped(getattr(thing, name, None))
    return (
        int(value)
        if isinstance(value, float) and value.is_integer() and _number_kind(thing) == "integer"
        else value
    )


def _choice_details(thing: Any) -> dict[str, Any]:
    choices = getattr(thing, "choices", None)
    listed = list(choices) if isinstance(choices, (list, tuple)) else choices
    details = {"choices": listed, **_prior_details(thing)}
    prior = details["prior"]
    is_index = type(thing).__module__.startswith("neps.space.neps_spaces")
    if is_index and isinstance(listed, list) and isinstance(prior, int) and 0 <= prior < len(listed):
        details["prior"] = listed[prior]
    return details


def _prior_details(thing: Any) -> dict[str, Any]:
    """The prior of an object: `default` up to 0.12, `prior` since; a PipelineSpace's has one where
    `has_prior` says so, and raises otherwise."""
    if getattr(thing, "has_prior", True) is False:
        return {"prior": None}
    prior = getattr(thing, "prior", None)
    prior = getattr(thing, "default", None) if prior is None else prior
    level = getattr(thing, "prior_confidence", None) or getattr(thing, "default_confidence_choice", None)
    level = getattr(level, "value", level)
    score = getattr(thing, "default_confidence_score", None)
    if level is None and isinstance(score, (int, float)):
        level = _SCORES.get(score)
    return {"prior": unwrapped(prior), "prior_confidence": level if prior is not None else None}


def _attribute(thing: Any, name: str) -> Any:
    return unwrapped(getattr(thing, name, None))


def unreadable(thing: object) -> str:
    """What a message says of an object that is no parameter."""
    return f"{short(thing)} of type {type(thing).__name__}"
