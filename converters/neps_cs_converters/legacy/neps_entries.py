"""What one entry of an old NePS space says, whatever it was written in, and the value that it becomes."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from typing_extensions import assert_never

from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.parameters import Categorical, Float, Integer
from neps_cs.structure import Node
from neps_cs.values import is_plain, plain_key


@dataclass(frozen=True)
class NumberEntry:
    """A float or an integer in [lower, upper], with its prior, or a fidelity."""

    integer: bool
    lower: float
    upper: float
    log: bool = False
    log_base: float | None = None
    prior: float | None = None
    confidence: str | None = None
    fidelity: bool = False


@dataclass(frozen=True)
class ChoiceEntry:
    """One of `choices`; `prior` is the index of one."""

    choices: tuple[Any, ...]
    prior: int | None = None
    confidence: str | None = None


@dataclass(frozen=True)
class ConstantEntry:
    """A value that is handed over as it is."""

    value: Any


@dataclass(frozen=True)
class OwnEntry:
    """A parameter of neps_cs among old ones."""

    value: Node


Entry: TypeAlias = NumberEntry | ChoiceEntry | ConstantEntry | OwnEntry


def made(entry: Entry) -> Any:
    """The attribute of the space. Raises SpaceError for numbers that no parameter can have."""
    match entry:
        case NumberEntry(integer=integer, lower=lower, upper=upper, fidelity=True):
            if entry.log_base is not None:
                return Fidelity((Integer if integer else Float)(lower, upper, entry.log, entry.log_base))
            if integer:
                return IntegerFidelity(lower, upper, log=entry.log)  # type: ignore[arg-type]
            return FloatFidelity(lower, upper, log=entry.log)
        case NumberEntry(integer=integer, lower=lower, upper=upper):
            kind = Integer if integer else Float
            confidence = None if entry.prior is None else entry.confidence
            return kind(lower, upper, entry.log, entry.log_base, entry.prior, confidence)
        case ChoiceEntry(choices=choices, prior=prior):
            return Categorical(choices, prior, None if prior is None else entry.confidence)
        case ConstantEntry(value=value) | OwnEntry(value=value):
            return value
        case _:
            assert_never(entry)


def same(one: Entry, other: Entry) -> bool:
    """Whether two readings of one entry are the same, types of numbers included."""
    return _key(one) == _key(other)


def _key(entry: Entry) -> tuple[object, ...]:
    match entry:
        case NumberEntry():
            numbers = (entry.lower, entry.upper, entry.log_base, entry.prior)
            return entry.integer, entry.log, entry.fidelity, entry.confidence, *map(plain_key, numbers)
        case ChoiceEntry(choices=choices):
            return entry.prior, entry.confidence, *map(plain_key, choices)
        case ConstantEntry(value=value) | OwnEntry(value=value):
            return (plain_key(value) if is_plain(value) else id(value),)
        case _:
            assert_never(entry)


def described(entry: Entry) -> str:
    """The entry as a call, or a constant's repr, cut short."""
    return (
        short(made(entry)) if not isinstance(entry, ConstantEntry) else f"the constant {short(entry.value)}"
    )


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 6
_SHORT.maxlevel = 3


def short(value: object) -> str:
    """repr, cut short: of a value of any size, of one that contains itself."""
    if isinstance(value, Mapping) and type(value) is not dict:
        return f"a {type(value).__name__} of {len(value)} entries"
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer of thousands of digits
        return f"a {type(value).__name__} too long to show"


def path_text(path: Sequence[Any]) -> str:
    """A path in an old space: `lr.choices.0`; what is no short text is shown by its repr, cut short."""
    return ".".join(step if isinstance(step, str) and len(step) <= 100 else short(step) for step in path)


def details_text(details: object) -> str:
    """What an entry says, as YAML has it: `lower: 1, upper: 1e3`."""
    if isinstance(details, Mapping):
        return ", ".join(f"{key}: {_plain(value)}" for key, value in list(details.items())[:8])
    return _plain(details)


def _plain(value: object) -> str:
    return value if isinstance(value, str) and len(value) < 60 else short(value)
