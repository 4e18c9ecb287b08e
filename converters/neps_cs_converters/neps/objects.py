"""What a space of ours is to NePS: classes of its own that also say what NePS has no word for.

All of it goes through NePS's public protocol: `get_attrs` and `from_attrs` of its Resolvables.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import neps
from neps.space.neps_spaces.parameters import Lazy, Resolvable

from neps_cs.graph.native import NOTHING, Native
from neps_cs.resolving.program import STATELESS
from neps_cs.resolving.sites import ChoiceSite, ConstantSite
from neps_cs.resolving.walk import OperationText, checked_kwargs, positionals
from neps_cs.space import PipelineSpace
from neps_cs.values import plain_key
from neps_cs_converters.neps.keys import ALONE, EMPTY, KEPT


def _kept(*, lonely: bool) -> neps.Resample:
    """An attribute that is resolved anew and dropped: with it NePS resolves the space as written, and
    neither turns it into a classic SearchSpace nor hands out the space itself. For `lonely` spaces it makes
    the decisions of ALONE."""
    decision = neps.Resample(neps.Categorical(("as_written",)))
    return neps.Resample(neps.Operation("as_written", (decision,) * len(ALONE) if lonely else ()))


class Again(neps.Resample):
    """Content that NePS resolves at every use and never keeps: a tuple among choices that are none (NePS
    would make tuples of all of them), or a fresh use of what NePS can't resample."""

    def __init__(self, content: Any) -> None:
        super().__init__(Lazy(content))
        self._content = content

    @property
    def content(self) -> Any:
        """What is resolved."""
        return self._content

    def get_attrs(self) -> Mapping[str, Any]:
        """Nothing that would be resolved before."""
        return {}

    def from_attrs(self, attrs: Mapping[str, Any]) -> Any:
        """What NePS resolves: for a name a new reference, as those are kept."""
        content = self._content
        return neps.ByName(content.name) if isinstance(content, neps.ByName) else content


@dataclass(frozen=True, eq=False)
class Written:
    """A space of ours in objects of NePS.

    `attributes` holds them by name, in order, intermediate ones included; `hidden` names those. `flat`: NePS
    may read the space as a classic SearchSpace. `native` is what a ConfigurationSpace that it came from
    says besides, `conditional` the space whose conditions decide what evaluate_pipeline receives, `text`
    what people see of the space. `drawn`: distributions are drawn by, and not turned into NePS's priors.
    `lonely`: the decisions of ALONE are made too.
    """

    attributes: Mapping[str, Any]
    hidden: frozenset[str] = frozenset()
    name: str = "Space"
    flat: bool = False
    native: Native = NOTHING
    conditional: PipelineSpace | None = None
    text: str = ""
    drawn: bool = False
    lonely: bool = False

    @cached_property
    def read(self) -> frozenset[str]:
        """The attributes that conditions read."""
        return frozenset() if self.conditional is None else frozenset(self.conditional.resolver.order)

    def __reduce__(self) -> tuple[Any, ...]:
        return Written, (
            self.attributes, self.hidden, self.name, self.flat, self.native, self.conditional,
            self.text, self.drawn, self.lonely,
        )  # fmt: skip


class Space(neps.PipelineSpace):
    """A PipelineSpace of ours as one of NePS's. Made by `to_neps`.

    NePS reads it by `get_attrs`. evaluate_pipeline receives what it would receive from us: values that are
    None or callable too, operations called at any depth, texts of operators that are texts, copies of
    objects with state, and, where the space has conditions, no inactive attributes.
    """

    def __init__(self, written: Written) -> None:
        self._written = written

    @property
    def written(self) -> Written:
        """What the space is made of."""
        return self._written

    def __getattr__(self, name: str) -> Any:
        written = self.__dict__.get("_written")
        if written is not None and name in written.attributes:
            return written.attributes[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._written,)

    def get_attrs(self) -> Mapping[str, Any]:
        """What NePS resolves."""
        written = self._written
        given = {
            n or EMPTY: v
            for n, v in written.attributes.items()
            if n not in written.hidden or n in written.read
        }
        return given if written.flat else {**given, KEPT: _kept(lonely=written.lonely)}

    def from_attrs(self, attrs: Mapping[str, Any]) -> neps.PipelineSpace:
        """The resolved space: only what evaluate_pipeline receives."""
        attrs = {"" if n == EMPTY else n: v for n, v in attrs.items()}
        active = _active(self._written.conditional, attrs)
        shown = {n: v if active is None or n in active or n == KEPT else "inactive" for n, v in attrs.items()}
        gone = {KEPT, *self._written.hidden}
        return Resolved(shown, [n for n in attrs if n not in gone and (active is None or n in active)])

    def __str__(self) -> str:
        return self._written.text  # NePS's own can't show every Categorical


class Resolved(neps.PipelineSpace):
    """What NePS makes of a Space: `get_attrs` gives what evaluate_pipeline receives, with operations that
    NePS calls when it evaluates. As attributes it has all that was resolved, which NePS shows."""

    def __init__(self, attributes: Mapping[str, Any], given: Sequence[str]) -> None:
        self._attributes, self._given = dict(attributes), given

    def __getattr__(self, name: str) -> Any:
        attributes = self.__dict__.get("_attributes", {})
        if name in attributes:
            return attributes[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_attrs(self) -> Mapping[str, Any]:
        """Name → value, or an Operation that gives the value."""
        memo: dict[int, Any] = {}
        given = {name: self._attributes[name] for name in self._given}
        return {
            name: neps.Operation(Built(value, memo)) if _holds_operation(value) else built(value, memo)
            for name, value in given.items()
        }


@dataclass(frozen=True)
class Built:
    """An operator without arguments that gives a value, all operations in it called."""

    value: Any
    memo: dict[int, Any]

    def __call__(self) -> Any:
        return built(self.value, self.memo)


def _holds_operation(value: Any) -> bool:
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, neps.Operation):
            return True
        if type(value) in (tuple, list):
            stack += value
        elif type(value) is dict:
            stack += value.values()
    return False


def built(value: Any, memo: dict[int, Any]) -> Any:
    """A resolved value as evaluate_pipeline receives it. `memo` is that of deepcopy, one per resolution."""
    if isinstance(value, neps.Operation):
        parts = value.get_attrs()  # `args` of NePS refuses what is no sequence
        args, kwargs = built(parts["args"], memo), built(parts["kwargs"], memo)
        return called(value.operator, positionals(args), checked_kwargs(kwargs, "operation"))
    if type(value) is tuple:
        return tuple(built(v, memo) for v in value)
    if type(value) is list:
        return [built(v, memo) for v in value]
    if isinstance(value, Mapping) and type(value).__name__ in ("dict", "mappingproxy"):
        return {k: built(v, memo) for k, v in value.items()}
    if isinstance(value, (*STATELESS, Resolvable)):
        return value
    return copy.deepcopy(value, memo)


def called(operator: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """What an operator gives; one that is a text gives a text."""
    if not isinstance(operator, str):
        return operator(*args, **kwargs)
    parts = [*(repr(a) for a in args), *(f"{k}={v!r}" for k, v in kwargs.items())]
    return OperationText(f"{operator}({', '.join(parts)})")


def _active(space: PipelineSpace | None, resolved: Mapping[str, Any]) -> frozenset[str] | None:
    """The attributes whose conditions hold; None: all. Parents are numbers, plain choices and constants."""
    if space is None:
        return None
    config: dict[str, Any] = {}
    taken: dict[str, int] = {}
    active = set()
    for name in space.resolver.order:
        test = space.resolver.tests.get(name)
        if test is not None and not test(config, taken):
            continue
        active.add(name)
        site, value = space.resolver.program.attribute(name), resolved.get(name)
        if isinstance(site, ConstantSite):
            taken[site.address] = 0
        elif isinstance(site, ChoiceSite):
            index = site.index.get(plain_key(value))
            if index is not None:
                taken[site.address] = index
        else:
            config[site.address] = value
    return frozenset(active)


_COPIED = (str, tuple, list, dict, Resolvable, Written)


def as_unpickled(space: Space) -> Space:
    """The space as it will be when it was pickled and read: NePS compares bytes of pickles when a run goes
    on, and those tell whether two equal texts are one object. All else in it stays the very object."""
    kept: dict[int, Any] = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> int | None:
            if isinstance(obj, _COPIED) or obj is None or type(obj) in (bool, int, float):
                return None
            kept[id(obj)] = obj
            return id(obj)

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            return kept[pid]

    file = io.BytesIO()
    Pickler(file).dump(space)
    file.seek(0)
    copied: Space = Unpickler(file).load()
    return copied
