"""What class bodies add to a space: their attributes, along the class hierarchy."""

from __future__ import annotations

import abc
import inspect
import types
from collections.abc import Collection
from functools import cached_property
from typing import Any, Generic, Protocol

from neps_cs.errors import Problem, SpaceError
from neps_cs.values import exact_text

OWN = "__own_attributes__"
"""Where a class keeps what its own body adds: no attribute has such a name."""
_MEMBERS = (staticmethod, classmethod, property, cached_property)
_NO_BODIES = (object, abc.ABC, Generic, Protocol)


def inherited_attributes(cls: type, root: type) -> dict[str, Any]:
    """The attributes of a space, those of the furthest base first; a nearer one takes the place of another
    of its name, and a method or property of that name hides it. `root` is the class of all spaces."""
    attributes: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is root or base in _NO_BODIES:
            continue
        own = base.__dict__[OWN] if issubclass(base, root) else own_attributes(base)
        for name, value in base.__dict__.items():
            if name not in own and value is not root.__dict__.get(name):  # not one put back by `take_body`
                attributes.pop(name, None)
        attributes.update(own)
    return attributes


def take_body(cls: type, root: type, reserved: Collection[str]) -> None:
    """Keep what the body of a new class adds to a space; under reserved names the members of `root` stay,
    whatever the body or a plain base class has there."""
    own = own_attributes(cls)
    for name in own:
        if name in reserved:  # a parameter may be called `add`; the method stays
            delattr(cls, name)
    for base in cls.__mro__:
        if not issubclass(base, root) and base not in _NO_BODIES:
            for name in own_attributes(base):
                if name in reserved and name in root.__dict__ and name not in cls.__dict__:
                    setattr(cls, name, root.__dict__[name])
    setattr(cls, OWN, types.MappingProxyType(own))


def own_attributes(cls: type) -> dict[str, Any]:
    """What the body of a class adds to a space."""
    return {k: v for k, v in cls.__dict__.items() if not _is_member(cls, k, v)}


def _is_member(cls: type, name: str, value: object) -> bool:
    """Whether a name of the body belongs to the class: dunders, `def`, nested classes, properties."""
    if (name.startswith("__") and name.endswith("__")) or isinstance(value, _MEMBERS):
        return True
    if name == "_abc_impl":
        return True
    if isinstance(value, (types.FunctionType, type)):
        return value.__qualname__ == f"{cls.__qualname__}.{name}" and value.__module__ == cls.__module__
    return inspect.ismemberdescriptor(value)


def checked_names(names: object, place: str) -> frozenset[str]:
    """Names of attributes. Raises SpaceError for anything else than a collection of texts."""
    is_set = isinstance(names, Collection) and not isinstance(names, str)
    if not is_set or not all(isinstance(n, str) for n in names):  # type: ignore[attr-defined]
        raise SpaceError(Problem("intermediate must be a set of names", repr(names), place))
    return frozenset(exact_text(n) for n in names)  # type: ignore[attr-defined]
