"""The dict language: what stands under a name in an old NePS space, read by the rules of one generation.

| written | is |
|---|---|
| `{lower: …, upper: …}` | an integer where both are whole numbers, a float where both have a point |
| `{type: …, lower: …, upper: …}` | what `type` says |
| `{choices: […]}` | a choice |
| `{value: …}`, or a number or a text alone | a constant |
| `(1, 10)`, `[1, 10]` | bounds; a list of anything else is a choice |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from typing_extensions import assert_never

from neps_cs.values import unwrapped
from neps_cs_converters.legacy.neps_bounds import read_bounds
from neps_cs_converters.legacy.neps_choices import read_choice, read_row
from neps_cs_converters.legacy.neps_entries import ConstantEntry, Entry, details_text, short
from neps_cs_converters.legacy.neps_numbers import scientific
from neps_cs_converters.legacy.neps_rules import Reading, near

Form: TypeAlias = Literal["integer", "float", "unsaid", "choice", "constant"]

_KINDS: dict[str, Form] = {
    "int": "integer", "integer": "integer", "float": "float", "floating": "float", "cat": "choice",
    "categorical": "choice", "const": "constant", "constant": "constant",
}  # fmt: skip
_NUMBER_KEYS = ("type", "lower", "upper", "log", "is_fidelity")
_MAX_HINTS = 20
"""Of misspelt keys: they take long."""


def read_details(reading: Reading, details: Any) -> Entry | None:
    """What an entry is; None where the reading has problems."""
    rules, details = reading.rules, unwrapped(details)
    found: Entry | None = None
    match details:
        case Mapping():
            found = _mapping(reading, details)
        case tuple() | list() if rules.rows:
            found = read_row(reading, details)
        case None if rules.null:
            found = ConstantEntry(None)
        case str() | int() | float() if rules.bare:
            reading.note_text((), details)
            found = ConstantEntry(scientific(details, floats=rules.floats))
        case _:
            rule = "a parameter must be a mapping, a list, a tuple, a number or a text"
            reading.refuse((), rule, f"{short(details)} of type {type(details).__name__}")
    return None if reading.problems else found


def _mapping(reading: Reading, details: Mapping[Any, Any]) -> Entry | None:
    kind = _kind(reading, details)
    if kind is None:
        return None
    priors = [word for pair in reading.rules.priors for word in pair]
    match kind:
        case "choice":
            _check_keys(reading, details, ("type", "choices", *priors), ("choices",))
            return None if reading.problems else read_choice(reading, details)
        case "constant":
            _check_keys(reading, details, ("type", "value"), ("value",))
            return None if reading.problems else _constant(reading, details["value"])
        case "integer" | "float" | "unsaid":
            base = () if reading.rules.floats else ("log_base",)  # which no NePS read: a word of ours
            _check_keys(reading, details, (*_NUMBER_KEYS, *base, *priors), ("lower", "upper"))
            return None if reading.problems else read_bounds(reading, details, kind)
        case _:
            assert_never(kind)


def _constant(reading: Reading, value: Any) -> ConstantEntry | None:
    """`{value: x}`: in 0.11 x was plain, and its text became a number; since 0.13 it is x as it stands."""
    reading.note_text(("value",), value)
    if not reading.rules.floats:
        return ConstantEntry(value)
    if not isinstance(value, (bool, int, float, str)):
        reading.refuse(("value",), "value must be a number, a text, true or false", short(value))
        return None
    return ConstantEntry(scientific(value, floats=True))


def _kind(reading: Reading, details: Mapping[Any, Any]) -> Form | None:
    """Integer, float, unsaid (of both), choice or constant; None, with a problem, for nothing."""
    if "type" in details and not (details["type"] is None and reading.rules.null):
        return _typed(reading, details["type"])
    if "choices" in details:
        return "choice"
    if "value" in details and reading.rules.values:
        return "constant"
    if "lower" in details or "upper" in details:
        return "unsaid"
    keys = ", ".join(short(key) for key in list(details)[:6]) or "nothing"
    words = ("lower", "upper", "choices", "value")
    hints = dict.fromkeys(near(key, words) for key in list(details)[:_MAX_HINTS])
    reading.refuse((), f"a parameter must have lower and upper, choices, or value{''.join(hints)}", keys)
    return None


def _typed(reading: Reading, given: Any) -> Form | None:
    words = reading.rules.types
    word = given.lower() if isinstance(given, str) and reading.rules.any_case else given
    if isinstance(word, str) and word in words:
        return _KINDS[word]
    reading.refuse(("type",), f"type must be one of {', '.join(words)}{near(given, words)}", short(given))
    return None


def _check_keys(
    reading: Reading, details: Mapping[Any, Any], known: Sequence[str], needed: Sequence[str]
) -> None:
    """Refuse keys that are missing or unknown."""
    for key in needed:
        if key not in details:
            reading.refuse((), f"{key} must be given", details_text(details))
    hints = _MAX_HINTS
    for key in details:
        if key in reading.rules.extra and key not in known:
            reading.note((key,), details_text({key: details[key]}), "nothing: only numbers can be fidelities")
        elif key not in known:
            hint = near(key, [k for k in known if k not in details]) if hints > 0 else ""
            hints -= 1
            rule = f"the keys must be among {', '.join(known)}{hint}"
            reading.refuse((key,), rule, short(key))
