"""Structure of a space: operations, fresh and repeated uses, references by name.

Nodes compare and hash by identity: the same object used in two places is one decision,
two equal objects are two.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from neps_cs.checks import copied
from neps_cs.errors import refuse
from neps_cs.values import callable_name, exact_text


class Node:
    """Whatever a space resolves: parameters, fidelities and structure."""

    __slots__ = ()

    def resample(self) -> Resample:
        """A use of this object that decides anew.

        Renews the object itself only; what it refers to without `.resample()` stays shared.
        """
        return Resample(self)


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Operation(Node):
    """An operator called with resolved arguments, at any nesting depth of tuples, lists and dicts.

    `operator` is a callable, or a string: then the operation resolves to a readable text such
    as `conv(3, stride=2)`. `args` is a sequence, or one parameter or structure that gives it
    (what it gives is the only argument if it is no tuple or list). `kwargs` is a mapping with
    string keys, or one parameter or structure that gives one. The operator is called once for
    every place in which the operation is used.

    Raises SpaceError for an operator that can't be called, or args and kwargs of another type.
    """

    operator: Callable[..., Any] | str
    args: tuple[Any, ...] | Node
    kwargs: Mapping[str, Any] | Node

    def __init__(
        self,
        operator: Callable[..., Any] | str,
        args: Sequence[Any] | Node | None = None,
        kwargs: Mapping[str, Any] | Node | None = None,
    ) -> None:
        is_text = isinstance(operator, str)
        if (is_text and not operator) or isinstance(operator, Node) or not (is_text or callable(operator)):
            rule = "operator must be a callable or a non-empty string (choose by a Categorical of Operations)"
            raise refuse(rule, repr(operator), "Operation")
        if args is not None and not isinstance(args, (tuple, list, Node)):
            raise refuse(
                "args must be a tuple, a list, a parameter or a structure", f"args={args!r}", "Operation"
            )
        if kwargs is not None and not isinstance(kwargs, (Mapping, Node)):
            raise refuse(
                "kwargs must be a mapping, a parameter or a structure", f"kwargs={kwargs!r}", "Operation"
            )
        if isinstance(kwargs, Mapping):
            strange = [k for k in kwargs if not isinstance(k, str)]
            if strange:
                raise refuse("the keys of kwargs must be strings", repr(strange), "Operation")
            kwargs = MappingProxyType(copied({exact_text(k): v for k, v in kwargs.items()}, "Operation"))
        object.__setattr__(self, "operator", operator)
        given = args if isinstance(args, Node) else copied(tuple(args or ()), "Operation")
        object.__setattr__(self, "args", given)
        object.__setattr__(self, "kwargs", MappingProxyType({}) if kwargs is None else kwargs)

    def __repr__(self) -> str:
        name = repr(self.operator) if isinstance(self.operator, str) else callable_name(self.operator)
        parts = [name]
        if self.args != ():
            parts.append(f"args={self.args!r}")
        if isinstance(self.kwargs, Node):
            parts.append(f"kwargs={self.kwargs!r}")
        elif self.kwargs:
            parts.append(f"kwargs={dict(self.kwargs)!r}")
        return f"Operation({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        kwargs = self.kwargs if isinstance(self.kwargs, Node) else dict(self.kwargs)
        return Operation, (self.operator, self.args, kwargs)


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Resample(Node):
    """A fresh decision at each use, even where one Resample object is used twice.

    Made by `x.resample()`; `Resample("x")` is `ByName("x").resample()`.
    Raises SpaceError for a source that is no parameter or structure, or a fidelity.
    """

    source: Node

    def __init__(self, source: Node | str) -> None:
        if isinstance(source, str):
            source = ByName(source)
        if not isinstance(source, Node):
            raise refuse("only parameters and structures can be resampled", repr(source), "Resample")
        object.__setattr__(self, "source", source.source if isinstance(source, Resample) else source)

    def __repr__(self) -> str:
        return f"{self.source!r}.resample()"


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Repeated(Node):
    """A tuple of `count` times `content`: `Repeated(n, x)` repeats one value, and
    `Repeated(n, x.resample())` decides n times.

    `count` is an integer >= 0, or a parameter of such integers, resampled or by name.
    Raises SpaceError for any other count.
    """

    count: int | Node
    content: Any

    def __init__(self, count: int | Node, content: Any) -> None:
        if isinstance(count, numbers.Integral) and not isinstance(count, bool):
            count = int(count)
            if count < 0:
                raise refuse("count >= 0 must hold", f"count={count}", "Repeated")
        elif not isinstance(count, Node):
            raise refuse("count must be an integer or a parameter", f"count={count!r}", "Repeated")
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "content", copied(content, "Repeated"))

    def __repr__(self) -> str:
        return f"Repeated({self.count!r}, {self.content!r})"


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Lazy(Node):
    """Content that is handed over as it is written: resolving stops here, and nothing in it is decided.
    Lists, dicts and objects with state in it are copied for each resolution, as elsewhere.

    Among the choices of a choice provider it is what the provider gives, from which is then chosen.
    """

    content: Any

    def __init__(self, content: Any) -> None:
        object.__setattr__(self, "content", copied(content, "Lazy"))

    def __repr__(self) -> str:
        return f"Lazy({self.content!r})"


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class ByName(Node):
    """The attribute `name` of the space, shared; with `.resample()` a fresh use of it.

    The attribute may be underscored, and may be defined later or be the one that holds this
    reference: so grammars are written. Raises SpaceError where `name` is no text or empty.
    """

    name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise refuse("name must be a non-empty string", f"name={name!r}", "ByName")
        object.__setattr__(self, "name", exact_text(name))

    def __repr__(self) -> str:
        return f"ByName({self.name!r})"
