"""Numbers as old files write them."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
MAX_LENGTH = 400
"""Characters of a number: no float needs more, and long ones take Python long to read."""


def number_of(text: str) -> float | None:
    """The number that a text writes in decimal digits: an int where it has no point and no exponent.
    None for anything else, infinity and NaN too."""
    if len(text) > MAX_LENGTH or not _NUMBER.fullmatch(text) or not text.isascii():
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def whole(number: float) -> int | None:
    """The same as an int; None where it is none."""
    return int(number) if number == int(number) else None


def nearly_whole(number: float) -> int | None:
    """The nearest int where the number is one but for 1e-8, which every ConfigSpace lets pass; else None."""
    nearest = round(number)
    return nearest if abs(nearest - number) <= 1e-8 else None
