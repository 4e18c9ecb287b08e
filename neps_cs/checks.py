"""Reading the fields of a value that is being made: what may stand there, and what it becomes.

Each function raises SpaceError, with the rule, for what may not stand there.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neps_cs.errors import refuse
from neps_cs.values import is_plain, plain_key


def read_float(name: str, value: object, kind: str) -> float:
    """A finite number as a float; those of numpy, fractions and decimals count."""
    try:
        if isinstance(value, (bool, np.bool_, str, bytes)):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise refuse(f"{name} must be a number", f"{name}={value!r}", kind) from None
    if not math.isfinite(number):
        raise refuse(f"{name} must be finite", f"{name}={number}", kind)
    return number


def read_integer(name: str, value: object, kind: str) -> int:
    """A whole number as an integer; a whole float counts."""
    number = read_float(name, value, kind)
    if isinstance(value, int):
        return int(value)
    if number != int(number):
        raise refuse(f"{name} must be a whole number", f"{name}={value!r}", kind)
    return int(value) if not isinstance(value, float) else int(number)  # type: ignore[call-overload]


def read_positive(name: str, value: object, kind: str) -> float:
    """A finite number > 0 as a float."""
    number = read_float(name, value, kind)
    if number <= 0:
        raise refuse(f"{name} > 0 must hold", f"{name}={value!r}", kind)
    return number


def read_flag(name: str, value: object, kind: str) -> bool:
    """True or False."""
    if value is not True and value is not False:
        raise refuse(f"{name} must be True or False", f"{name}={value!r}", kind)
    return value


def read_meta(meta: object, kind: str) -> Mapping[Any, Any] | None:
    """A mapping, made anew, or None."""
    if meta is None:
        return None
    if not isinstance(meta, Mapping):
        raise refuse("meta must be a mapping", f"meta={meta!r}", kind)
    return dict(copied(dict(meta), kind))


def check_bounds(lower: float, upper: float, *, log: bool, floor: float, kind: str) -> None:
    """Raise SpaceError unless the bounds make a range."""
    if lower > upper:
        raise refuse("lower < upper must hold", f"lower={lower}, upper={upper}", kind)
    if not math.isfinite(float(upper) - float(lower)):
        raise refuse("upper - lower must be finite", f"lower={lower}, upper={upper}", kind)
    if log and lower < floor:
        rule = "lower > 0 must hold for log=True" if floor < 1 else "lower >= 1 must hold for log=True"
        raise refuse(rule, f"lower={lower}", kind)


def check_step(lower: float, upper: float, step: float | None, kind: str) -> None:
    """Raise SpaceError where a step is too small: the values of a grid must be different floats."""
    if step is not None and kind == "Float" and step < 4 * math.ulp(max(abs(lower), abs(upper))):
        rule = "step must be large enough that floats tell the values apart"
        raise refuse(rule, f"step={step}, lower={lower}, upper={upper}", kind)


def copied(value: Any, kind: str) -> Any:
    """`value` with its tuples, lists and dicts made anew, so that later changes to them stay outside.

    They may be nested deeper than Python's stack. Raises SpaceError for one that contains itself.
    """
    done: list[Any] = []
    todo: list[tuple[Any, bool]] = [(value, False)]
    inside: set[int] = set()
    while todo:
        group, complete = todo.pop()
        form = type(group)
        if form not in (tuple, list, dict):
            done.append(group)
        elif not complete:
            if id(group) in inside:
                raise refuse("a tuple, list or dict must not contain itself", repr(group), kind)
            inside.add(id(group))
            todo.append((group, True))
            todo += [(v, False) for v in reversed(group.values() if form is dict else group)]
        else:
            inside.remove(id(group))
            start = len(done) - len(group)
            items = done[start:]
            done[start:] = [dict(zip(group, items, strict=True)) if form is dict else form(items)]
    return done.pop()


def read_index(name: str, value: object, size: int | None, kind: str) -> int | None:
    """The index of one of `size` choices, or of a choice that is not yet known, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise refuse(f"{name} must be the index of a choice", f"{name}={value!r}", kind)
    index = int(value)
    if index < 0 or (size is not None and index >= size):
        got = f"{name}={index}" if size is None else f"{name}={index}, len(choices)={size}"
        raise refuse(f"0 <= {name} < len(choices) must hold", got, kind)
    return index


def read_choices(choices: object, kind: str) -> tuple[Any, ...]:
    """Choices as a tuple, copied: not empty, and plain ones distinct."""
    if isinstance(choices, (str, bytes, Mapping)) or not isinstance(choices, Sequence):
        raise refuse("choices must be a tuple or a list", f"choices={choices!r}", kind)
    if not choices:
        raise refuse("choices must not be empty", f"choices={choices!r}", kind)
    copies: tuple[Any, ...] = copied(tuple(choices), kind)
    _check_distinct(copies, kind)
    return copies


def _check_distinct(choices: Sequence[object], kind: str) -> None:
    seen: dict[tuple[str, str], int] = {}
    for i, choice in enumerate(choices):
        if is_plain(choice):
            first = seen.setdefault(plain_key(choice), i)
            if first != i:
                raise refuse("choices must be distinct", f"{choice!r} at {first} and {i}", kind)
