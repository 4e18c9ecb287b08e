"""Numbers as text: YAML reads `1e-3` as text, and each generation of NePS made something else of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from neps_cs.values import unwrapped

_SCIENTIFIC = re.compile(r"-?\d+(\.\d+)?[eE]-?\d+$")  # NePS's own: a line end may follow
_MAX_TEXT = 400


@dataclass(frozen=True)
class Written:
    """A number, and how it was written: as one, as text in scientific notation, or as other text."""

    value: float
    form: Literal["number", "scientific", "text"]


def is_scientific(value: object, *, floats: bool = False) -> bool:
    """Whether NePS takes a text for a number: `1e-3`, `1.5E10`, neither `1e+3` nor `0.1`; `1 e3` since 0.13,
    but not with `floats`."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT or (floats and " " in value.strip()):
        return False
    return bool(_SCIENTIFIC.match(value.replace(" ", "")))


def scientific(value: object, *, floats: bool) -> object:
    """A text in scientific notation as a number, anything else as it is. Whole ones are integers, or
    floats with `floats`."""
    if not isinstance(value, str) or not is_scientific(value, floats=floats):
        return value
    return _number(value, floats=floats)


def read_number(value: object, *, floats: bool) -> Written | None:
    """A number, or the text of one; None for anything else, truth values, NaN, infinities, and integers
    beyond all floats among it."""
    value = unwrapped(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return Written(value, "number") if _is_finite(value) else None
    text = value.strip() if floats else value.replace(" ", "")
    try:
        if len(text) > _MAX_TEXT or not math.isfinite(float(text)):
            return None
    except ValueError:
        return None
    if is_scientific(value, floats=floats):
        return Written(_number(value, floats=floats), "scientific")
    return Written(int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text), "text")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _number(text: str, *, floats: bool) -> float:
    number = float(text.replace(" ", ""))
    return int(number) if not floats and math.isfinite(number) and number == int(number) else number
