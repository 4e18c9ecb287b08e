"""Numbers of old NePS spaces: bounds, scale, prior, fidelity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from neps_cs_converters.legacy.neps_entries import NumberEntry, details_text, short
from neps_cs_converters.legacy.neps_numbers import Written, read_number
from neps_cs_converters.legacy.neps_rules import GivenPrior, Reading

Kind = Literal["integer", "float", "unsaid"]


def read_bounds(reading: Reading, details: Mapping[Any, Any], kind: Kind) -> NumberEntry | None:
    """The number of a mapping with lower and upper; None where the reading has problems."""
    lower, upper = _bound(reading, details, "lower"), _bound(reading, details, "upper")
    log, fidelity = reading.flag(details, "log"), reading.flag(details, "is_fidelity")
    base, given = _log_base(reading, details), reading.prior(details)
    if lower is None or upper is None:
        return None
    integer = _is_integer(reading, details, kind, lower, upper)
    if reading.problems:
        return None
    low, high = (int(w.value) if integer else float(w.value) for w in (lower, upper))
    check_range(reading, low, high, log=log, fidelity=fidelity)
    if reading.problems:
        return None
    prior = _prior(reading, given, low, high, integer=integer)
    if fidelity and prior is not None:
        found = f"a fidelity with {given.key}={short(given.value)}"
        if reading.rules.strict_fidelity:
            reading.refuse((given.key,), "a fidelity must have no prior", found)
        else:
            reading.note((), found, "a fidelity: those have no prior")
        prior = None
    confidence = None if prior is None else given.confidence
    return NumberEntry(integer, low, high, log, base, prior, confidence, fidelity)


def check_range(reading: Reading, lower: float, upper: float, *, log: bool, fidelity: bool) -> None:
    """Refuse bounds that make no range."""
    got = f"lower={short(lower)}, upper={short(upper)}"
    if not lower < upper:
        reading.refuse((), "lower < upper must hold", got)
    if log and lower <= 0:
        reading.refuse((), "lower > 0 must hold for log=true", got)
    if fidelity and reading.rules.strict_fidelity and lower < 0:
        reading.refuse((), "lower >= 0 must hold for a fidelity", got)


def _bound(reading: Reading, details: Mapping[Any, Any], name: str) -> Written | None:
    given = details[name]
    written = read_number(given, floats=reading.rules.floats)
    if written is None:
        reading.refuse((name,), f"{name} must be a finite number", short(given))
    elif written.form == "text" and reading.rules.number_text:
        reading.note((name,), f"{name} as the text {short(given)}", f"the number {written.value!r}")
    return written


def _is_integer(
    reading: Reading, details: Mapping[Any, Any], kind: Kind, lower: Written, upper: Written
) -> bool:
    """Whether the bounds are those of an integer. With problems where they make neither."""
    rules, both = reading.rules, (lower, upper)
    got = details_text({name: details[name] for name in ("lower", "upper")})
    ints, floats = (all(isinstance(w.value, t) for w in both) for t in (int, float))
    numbers = all(w.form == "number" for w in both)
    scientific = any(w.form == "scientific" for w in both)
    readable = rules.number_text or all(w.form != "text" for w in both)
    match kind:
        case "float":
            texts = all(w.form == "text" for w in both)
            if not (readable or texts or rules.floats):
                reading.refuse((), "lower and upper must be numbers, not text", got)
            return False
        case "integer":
            whole = all(w.value == int(w.value) for w in both)
            from_floats = (rules.whole_floats and readable) or (rules.floats and scientific)
            if not (whole and (from_floats or (ints and numbers))):
                reading.refuse((), "lower and upper must be whole numbers where type is an integer", got)
            return True
        case "unsaid":
            if rules.floats:
                if not (numbers and (ints or floats)) and not scientific:
                    reading.refuse((), _UNSAID, got)
            elif not readable or not (ints or floats):
                reading.refuse((), _UNSAID, got)
            return ints


_UNSAID = "without a type, lower and upper must both be whole numbers or both have a decimal point"


def _log_base(reading: Reading, details: Mapping[Any, Any]) -> float | None:
    given = details.get("log_base")
    written = read_number(given, floats=True)
    if given is None:
        return None
    if written is None or written.value <= 0 or written.value == 1:
        reading.refuse(("log_base",), "log_base must be positive, finite and not 1", short(given))
        return None
    return float(written.value)


def _prior(reading: Reading, given: GivenPrior, lower: float, upper: float, *, integer: bool) -> float | None:
    """The prior of a number within its bounds."""
    rules, path = reading.rules, (given.key,)
    if given.value is None:
        return None
    is_truth = isinstance(given.value, bool)
    written = read_number(int(given.value) if is_truth else given.value, floats=rules.floats)
    if is_truth:
        found = f"{given.key}={given.value} for a number"
        reading.note(path, found, f"{int(given.value)}, as Python counts it")
    if written is None or (written.form != "number" and not (rules.floats or rules.number_text)):
        reading.refuse(path, f"{given.key} must be a number", short(given.value))
        return None
    value = written.value
    if integer and value != int(value):
        if rules.floats:
            reading.refuse(path, f"{given.key} must be whole for an integer", short(given.value))
            return None
        reading.note(path, f"{given.key}={short(given.value)} for an integer", str(round(value)))
    value = round(value) if integer else float(value)
    if lower <= value <= upper:
        return value
    if not rules.lax:
        got = f"{given.key}={value!r}, lower={lower}, upper={upper}"
        reading.refuse(path, f"lower <= {given.key} <= upper must hold", got)
        return None
    nearest = min(max(value, lower), upper)
    reading.note(
        path, f"{given.key}={short(given.value)}, outside its range", f"{nearest!r}, the nearest value"
    )
    return nearest
