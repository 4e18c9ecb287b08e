"""Choices of old NePS spaces, and the tuples and lists that are choices or bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from neps_cs.values import is_row, plain_key, unwrapped
from neps_cs_converters.legacy.neps_bounds import check_range
from neps_cs_converters.legacy.neps_entries import ChoiceEntry, NumberEntry, short
from neps_cs_converters.legacy.neps_numbers import read_number, scientific
from neps_cs_converters.legacy.neps_rules import GivenPrior, Path, Reading, near


def read_choice(reading: Reading, details: Mapping[Any, Any]) -> ChoiceEntry | None:
    """The choice of a mapping with choices; None where the reading has problems."""
    listed, given = details["choices"], reading.prior(details)
    if not is_row(listed):
        reading.refuse(("choices",), "choices must be a list", short(listed))
        return None
    choices = _choices(reading, listed, ("choices",))
    if reading.problems:
        return None
    prior = _prior(reading, given, choices)
    return ChoiceEntry(choices, prior, None if prior is None else given.confidence)


def read_row(reading: Reading, row: Sequence[Any]) -> NumberEntry | ChoiceEntry | None:
    """What a tuple or a list stands for: two ordered numbers of one type are bounds, anything else in a
    list is a choice. A tuple is bounds or nothing."""
    is_list = isinstance(row, list)
    pair: list[Any] = [scientific(unwrapped(v), floats=False) for v in row] if len(row) == 2 else []
    if is_list and any(isinstance(value, bool) for value in pair):
        taken = "choices; NePS's reader counted false as 0 and true as 1, and looked for bounds"
        reading.note((), f"the list {short(row)}", taken)
    elif pair and all(type(value) in (int, float) for value in pair):
        lower, upper = pair
        if type(lower) is not type(upper):
            rule = "two bounds must both be whole numbers or both have a decimal point"
            reading.refuse((), f"{rule}; two choices are written {{choices: […]}}", short(row))
            return None
        if lower <= upper or not is_list:
            return _bounds(reading, row, lower, upper)
    if not is_list:
        reading.refuse(
            (), "a tuple must hold a lower and an upper bound; choices stand in a list", short(row)
        )
        return None
    choices = _choices(reading, row, ())
    return None if reading.problems else ChoiceEntry(choices)


def _bounds(reading: Reading, row: Sequence[Any], lower: float, upper: float) -> NumberEntry | None:
    if any(read_number(value, floats=False) is None for value in (lower, upper)):
        reading.refuse((), "two bounds must be finite", short(row))
        return None
    check_range(reading, lower, upper, log=False, fidelity=False)
    if isinstance(row, list) and lower < upper:
        taken = "bounds, as NePS since 0.13 has it; two choices are written {choices: […]}"
        reading.note((), f"the list {short(row)}", taken)
    return NumberEntry(isinstance(lower, int), lower, upper)


def _choices(reading: Reading, listed: Sequence[Any], path: Path) -> tuple[Any, ...]:
    """The choices: distinct, in their order, numbers in scientific notation as numbers."""
    rules = reading.rules
    found = [unwrapped(value) for value in listed]
    if not rules.keeps_text:
        found = [scientific(value, floats=rules.floats) for value in found]
    for i, value in enumerate(found):
        if not rules.keeps_text:
            reading.note_text((*path, i), value)
        if not isinstance(value, (bool, int, float, str)):
            rule = "a choice must be a number, a text, true or false; others belong into a PipelineSpace"
            reading.refuse((*path, i), rule, short(value))
    if reading.problems:
        return ()
    first: dict[Any, int] = {}
    times: Counter[int] = Counter()
    for i, value in enumerate(found):
        before = first.setdefault(plain_key(value) if rules.lax else value, i)
        times[before] += 1
        if before != i and not rules.lax:
            got = f"{short(found[before])} at {before}, {short(value)} at {i}"
            reading.refuse((*path, i), "choices must be distinct", got)
    for i, n in times.items():
        if n > 1 and rules.lax:
            taken = f"one choice; NePS drew it {n} times as often as others"
            reading.note((*path, i), f"the choice {short(found[i])} {n} times", taken)
    if not first or (len(first) == 1 and not (rules.lax or rules.number_text)):
        reading.refuse(path, "there must be two choices or more", short(listed))
    elif len(first) == 1 and rules.number_text:
        reading.note(path, f"the only choice {short(found[0])}", "a choice all the same; NePS refuses it")
    return tuple(found[i] for i in first.values())


def _prior(reading: Reading, given: GivenPrior, choices: tuple[Any, ...]) -> int | None:
    """The index of the choice that is the prior: one of the same type first."""
    rules, wanted = reading.rules, unwrapped(given.value)
    if wanted is None:
        return None
    if rules.floats or rules.number_text:
        wanted = scientific(wanted, floats=rules.floats)
    equal = [i for i, choice in enumerate(choices) if choice == wanted]
    same = [i for i in equal if type(choices[i]) is type(wanted)]
    if equal:
        return (same or equal)[0]
    if rules.lax:
        reading.note((given.key,), f"{given.key}={short(given.value)}, none of the choices", "no prior")
        return None
    rule = f"{given.key} must be one of the choices{near(wanted, [c for c in choices if isinstance(c, str)])}"
    reading.refuse((given.key,), rule, f"{short(given.value)}, choices={short(list(choices))}")
    return None
