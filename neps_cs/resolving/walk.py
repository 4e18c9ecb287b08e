"""The one traversal: decides what is open, builds what was decided.

`Walk` visits sites with a stack of its own, so that a grammar may nest deeper than Python's.
Who decides is a parameter: sampling, replay and mutation only swap the decide-function.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from typing_extensions import assert_never

from neps_cs.errors import ConfigError, NepsCsError, Problem
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    FidelitySite,
    GroupSite,
    NumberSite,
    OperationSite,
    Program,
    ProvidedSite,
    RepeatedSite,
    Site,
)
from neps_cs.values import Plain, callable_name

Config: TypeAlias = dict[str, Plain]

MAX_DEPTH = 100
MAX_DECISIONS = 10_000


class Decide(Protocol):
    """Decides at one site.

    For a NumberSite `allowed` is (lower, upper), both inclusive, and the number is returned; for
    a ChoiceSite it holds the indices of the open branches, and one of them is returned.
    """

    def __call__(self, site: DecisionSite, allowed: tuple[float, ...]) -> float: ...


class OperationText(str):
    """What an operation with a string as operator resolves to: a text that nests without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Call:
    """Take the results of `args` and `kwargs` and call the operator."""

    __slots__ = ("site",)

    def __init__(self, site: OperationSite) -> None:
        self.site = site


class _Gather:
    """Take the last `size` results as one tuple, list or dict."""

    __slots__ = ("form", "keys", "size")

    def __init__(self, form: str, size: int, keys: Sequence[Plain] = ()) -> None:
        self.form, self.size, self.keys = form, size, keys


_Task: TypeAlias = Site | _Call | _Gather


class Walk:
    """One resolution: the decisions made so far, and what is needed to make more.

    `max_depth` bounds nested uses of the same definition: from there on, and after
    `max_decisions` decisions in all, only branches that end soonest are open.
    """

    def __init__(
        self,
        program: Program,
        decide: Decide,
        fidelities: Mapping[str, float],
        *,
        max_depth: int | None = MAX_DEPTH,
        max_decisions: int | None = MAX_DECISIONS,
    ) -> None:
        self.program, self.decide, self.fidelities = program, decide, fidelities
        self.max_depth = float("inf") if max_depth is None else max_depth
        self.max_decisions = float("inf") if max_decisions is None else max_decisions
        self.decided: dict[str, float] = {}
        self.config: Config = {}
        self._copies: dict[int, Any] = {}

    def visit(self, start: Site, *, build: bool) -> Any:
        """Decide everything at and below a site; with `build`, what it resolves to."""
        todo: list[_Task] = [start]
        done: list[Any] = []
        while todo:
            task = todo.pop()
            match task:
                case NumberSite():
                    done.append(self.number(task))
                case ChoiceSite():
                    todo.append(task.branch(self.choice(task)))
                case ConstantSite():
                    done.append(task.value if task.shared or not build else self._copied(task))
                case GroupSite(form=form, keys=keys):
                    items = task.items
                    todo.append(_Gather(form, len(items), keys))
                    todo.extend(reversed(items))
                case OperationSite():
                    args, kwargs = task.parts
                    todo += (_Call(task), kwargs, args)
                case _Call(site=site):
                    keywords, positional = done.pop(), done.pop()
                    done.append(_called(site, positional, keywords) if build else None)
                case _Gather(form=form, size=size, keys=keys):
                    start_of = len(done) - size
                    done[start_of:] = [_gathered(form, done[start_of:], keys)]
                case RepeatedSite():
                    count = self._count(task)
                    todo.append(_Gather("tuple", count))
                    todo.extend(task.item(i) for i in range(count - 1, -1, -1))
                case ProvidedSite():
                    todo.append(self._provided(task))
                case FidelitySite(address=address):
                    done.append(self.fidelities[address])
                case _:
                    assert_never(task)
        return done.pop()

    def number(self, site: NumberSite, upper: float | None = None) -> float:
        """The number decided at a site, decided now if it was not yet."""
        address = site.address
        value = self.decided.get(address)
        if value is None:
            record = site.record
            value = self.decide(site, (record.lower, record.upper if upper is None else upper))
            self.decided[address] = self.config[address] = value
        return value

    def choice(self, site: ChoiceSite) -> int:
        """The index of the branch decided at a site, decided now if it was not yet."""
        address = site.address
        index = self.decided.get(address)
        if index is None:
            chosen = int(self.decide(site, site.soonest if self._ends(site.nesting) else site.every))
            self.decided[address] = chosen
            self.config[address] = site.values[chosen]
            return chosen
        return int(index)

    def _ends(self, nesting: int) -> bool:
        return nesting >= self.max_depth or len(self.decided) >= self.max_decisions

    def _provided(self, site: ProvidedSite) -> ChoiceSite:
        """The plain choice that remains when its providers are decided."""
        provider = site.provider
        decided = self._provided(provider) if isinstance(provider, ProvidedSite) else provider
        found = site.variant(decided, self.choice(decided))
        return self._provided(found) if isinstance(found, ProvidedSite) else found

    def _count(self, site: RepeatedSite) -> int:
        count = site.count
        if isinstance(count, NumberSite):
            shortest = count.record.lower if site.may_end and self._ends(site.nesting) else None
            return int(self.number(count, shortest))
        return int(self.visit(count, build=False))

    def _copied(self, site: ConstantSite) -> Any:
        """A copy of an object with state, one per resolution however often it is used."""
        try:
            return copy.deepcopy(site.value, self._copies)
        except Exception as e:
            rule = (
                "an object with state is copied for each resolution; wrap what can't be copied in a function"
            )
            raise ConfigError(Problem(rule, f"{type(site.value).__name__}: {e}", site.address)) from e


def _gathered(form: str, items: list[Any], keys: Sequence[Plain]) -> Any:
    if form == "tuple":
        return tuple(items)
    return items if form == "list" else dict(zip(keys, items, strict=True))


def _called(site: OperationSite, args: Any, kwargs: Any) -> Any:
    positional = args if isinstance(args, (tuple, list)) else (args,)
    if not isinstance(kwargs, Mapping):
        rule = "the kwargs of an Operation must resolve to a mapping"
        raise ConfigError(Problem(rule, repr(kwargs), site.address))
    operator = site.operator
    if isinstance(operator, str):
        parts = [*(repr(a) for a in positional), *(f"{k}={v!r}" for k, v in kwargs.items())]
        return OperationText(f"{operator}({', '.join(parts)})")
    try:
        return operator(*positional, **kwargs)
    except NepsCsError:
        raise
    except Exception as e:
        _note(e, f"while the operator {callable_name(operator)} was called @ {site.address}")
        raise


def _note(error: Exception, text: str) -> None:
    """PEP 678; before Python 3.11 the note is there for those who look, but no traceback shows it."""
    add: Callable[[str], None] | None = getattr(error, "add_note", None)
    if add is not None:
        add(text)
    else:
        error.__notes__ = [*getattr(error, "__notes__", ()), text]  # type: ignore[attr-defined, unused-ignore]
