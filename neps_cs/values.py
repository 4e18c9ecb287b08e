"""Plain values: what a config may hold, when two of them are the same, and how others are named.

A config is JSON and YAML, so it holds None, bool, int, float and str only. Anything else that
can be chosen (a tuple, a function, a module) goes by a label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

Plain: TypeAlias = "bool | int | float | str | None"
PlainKey: TypeAlias = tuple[str, str]

PLAIN_TYPES = (type(None), bool, int, float, str)
_NUMPY = np.bool_ | np.integer | np.floating | np.str_
WRITTEN_BITS = 2000
"""Python may refuse to write out integers of more than about 640 digits in decimals."""
_HEX_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def object_array(values: Sequence[Any]) -> npt.NDArray[Any]:
    """An array of these very objects, shape (len(values),): numpy itself would take rows among them apart."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def is_plain(value: object) -> bool:
    """Whether a config can hold `value` as it is. Subclasses (np.float64, enums) can't."""
    return type(value) in PLAIN_TYPES


def unwrapped(value: Any) -> Any:
    """A truth value, number or text of numpy's as Python's own, anything else as it is: dates, say."""
    if isinstance(value, _NUMPY) and not isinstance(value, np.timedelta64):  # which is an integer to numpy
        return value.item()
    return value


def exact_text(text: str) -> str:
    """A text as Python's own str: of numpy's, of an enum's."""
    return str.__str__(text)


def is_row(values: object) -> TypeGuard[Sequence[Any]]:
    """Whether values are given one after the other: a tuple, a list, an array with one axis; no text."""
    if isinstance(values, np.ndarray):
        return values.ndim == 1
    return isinstance(values, Sequence) and not isinstance(values, (str, bytes))


def shown(value: object) -> str:
    """repr for messages, of integers too that have more digits than Python writes out."""
    try:
        return repr(value)
    except ValueError:
        bits = value.bit_length() if isinstance(value, int) else 0
        return f"{type(value).__name__} of {bits} bits" if bits else f"a {type(value).__name__}"


def shortened(text: str, most: int = 100) -> str:
    """The text; of a longer one its first `most` characters and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def long_text(value: object) -> str:
    """repr, of lists and dicts too, in which integers of more digits than Python writes out are
    hexadecimal."""
    try:
        return repr(value)
    except ValueError:
        match value:
            case int():
                return hex(value)
            case list() | tuple():
                return f"{type(value).__name__}({', '.join(map(long_text, value))})"
            case dict():
                return f"{{{', '.join(f'{long_text(k)}: {long_text(v)}' for k, v in value.items())}}}"
            case _:
                raise


def plain_key(value: object) -> PlainKey:
    """A hashable key under which True, 1 and 1.0 differ, and NaN equals itself."""
    if type(value) is float:
        return "float", value.hex()
    if type(value) is int:
        return "int", hex(value)  # of any length
    return type(value).__name__, str(value)


def callable_name(function: Callable[..., object]) -> str:
    """The short name of a callable: `Conv2d`, `relu`, `<lambda>`; of a partial, that of its function."""
    inner = getattr(function, "func", function)
    name = getattr(inner, "__name__", None)
    return name if isinstance(name, str) else type(inner).__name__


def object_name(value: object) -> str:
    """The short name of any value: itself where plain, a callable's name, else its type's name."""
    if type(value) is int and value.bit_length() > WRITTEN_BITS:
        return hex(value)
    if is_plain(value):
        return str(value)
    if isinstance(value, type) or (callable(value) and getattr(value, "__name__", None) is not None):
        return callable_name(value)
    if isinstance(value, (bool, int, float, str, np.generic)):  # np.int64(5), an IntEnum: by its text
        return str(value)
    return type(value).__name__


def object_text(value: object) -> str:
    """A repr that is the same in every process: memory addresses left out."""
    return _HEX_ADDRESS.sub("", repr(value))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """The names in order, later twins marked: a, b, a → a, b, a#2."""
    seen: set[str] = set()
    twins: dict[str, int] = {}
    result = []
    for name in names:
        candidate = name
        while candidate in seen:
            twins[name] = twins.get(name, 1) + 1
            candidate = f"{name}#{twins[name]}"
        seen.add(candidate)
        result.append(candidate)
    return tuple(result)
