"""What class bodies add to a space: their attributes, along the class hierarchy."""

from __future__ import annotations

import abc
import inspect
import types
from functools import cached_property
from typing import Any, Generic, Protocol

_MEMBERS = (staticmethod, classmethod, property, cached_property)
_NO_BODIES = (object, abc.ABC, Generic, Protocol)


def inherited_attributes(cls: type, root: type) -> dict[str, Any]:
    """The attributes of a space, those of the furthest base first; a nearer one takes the place of another
    of its name, and a method or property of that name hides it. `root` is the class of all spaces."""
    attributes: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is root or base in _NO_BODIES:
            continue
        own = base.__dict__["_own"] if issubclass(base, root) else own_attributes(base)
        for name in base.__dict__.keys() - own.keys():
            attributes.pop(name, None)
        attributes.update(own)
    return attributes


def own_attributes(cls: type) -> dict[str, Any]:
    """What the body of a class adds to a space."""
    return {k: v for k, v in cls.__dict__.items() if not _is_member(cls, k, v)}


def _is_member(cls: type, name: str, value: object) -> bool:
    """Whether a name of the body belongs to the class: dunders, `def`, nested classes, properties."""
    if (name.startswith("__") and name.endswith("__")) or isinstance(value, _MEMBERS):
        return True
    if name in ("_own", "_abc_impl"):
        return True
    if isinstance(value, (types.FunctionType, type)):
        return value.__qualname__ == f"{cls.__qualname__}.{name}" and value.__module__ == cls.__module__
    return inspect.ismemberdescriptor(value)
