"""The one traversal: decides what is open, builds what was decided.

`Walk` visits sites with a stack of its own, so that a grammar may nest deeper than Python's.
Who decides is a parameter: sampling, replay and mutation only swap the decide-function.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from typing_extensions import assert_never

from neps_cs.errors import ConfigError, NepsCsError, Problem
from neps_cs.resolving.program import Program
from neps_cs.resolving.sites import (
    ChoiceSite,
    ConstantSite,
    DecisionSite,
    FidelitySite,
    GroupSite,
    NumberSite,
    OperationSite,
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
    `site.quantile(u, allowed)` gives the decision that one u in [0, 1) stands for.
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


class _Number:
    """Take the bounds that are parameters from the results, and decide the number."""

    __slots__ = ("site",)

    def __init__(self, site: NumberSite) -> None:
        self.site = site


class _Repeat:
    """Take the count from the results, and resolve the content as often."""

    __slots__ = ("site",)

    def __init__(self, site: RepeatedSite) -> None:
        self.site = site


_Task: TypeAlias = Site | _Call | _Gather | _Number | _Repeat


class Walk:
    """One resolution: the decisions made so far, and what is needed to make more.

    `config` holds what was decided by address, `taken` the index for each choice. `max_depth`
    bounds nested uses of the same definition: from there on, and after `max_decisions` decisions
    in all, only branches that end soonest are open. math.inf: unbounded.
    """

    failed: Exception | None = None
    active: set[str] | None = None
    took_over = False

    def __init__(
        self,
        program: Program,
        decider: Callable[[], Decide],
        fidelities: Mapping[str, float],
        build: bool = True,
        max_depth: float = MAX_DEPTH,
        max_decisions: float = MAX_DECISIONS,
    ) -> None:
        self.program = program
        self.decider = decider
        self.fidelities = fidelities
        self.build = build
        self.max_depth = max_depth
        self.max_decisions = max_decisions
        self.taken: dict[str, int] = {}
        self.config: Config = {}

    @cached_property
    def decide(self) -> Decide:
        """The decide-function, made by `decider` when it is first needed: seldom, by compiled code."""
        self.took_over = True
        return self.decider()

    @cached_property
    def values(self) -> dict[str, Any]:
        """What shared nodes resolved to, where one value serves all uses: compiled code's own."""
        return {}

    @cached_property
    def copies(self) -> dict[int, Any]:
        """The memo of deepcopy, one per resolution."""
        return {}

    def visit(self, start: Site) -> Any:
        """Decide everything at and below a site; with `build`, what it resolves to."""
        build = self.build
        todo: list[_Task] = [start]
        done: list[Any] = []
        while todo:
            task = todo.pop()
            match task:
                case NumberSite(address=address) if address in self.config:
                    done.append(self.config[address])
                case NumberSite():
                    lower, upper = task.bounds
                    todo.append(_Number(task))
                    todo += [bound for bound in (upper, lower) if bound is not None]
                case _Number(site=site):
                    done.append(self._between(site, done))
                case ChoiceSite():
                    todo.append(task.branch(self.choice(task)))
                case ConstantSite():
                    done.append(
                        task.value if task.shared or not build else self.copied(task.value, task.address)
                    )
                case GroupSite(form=form, keys=keys):
                    items = task.items
                    todo.append(_Gather(form, len(items), keys))
                    todo.extend(reversed(items))
                case OperationSite():
                    args, kwargs = task.parts
                    todo += (_Call(task), kwargs, args)
                case _Call(site=site):
                    keywords, positional = done.pop(), done.pop()
                    done.append(self._called(site, positional, keywords) if build else None)
                case _Gather(form=form, size=size, keys=keys):
                    start_of = len(done) - size
                    done[start_of:] = [_gathered(form, done[start_of:], keys)]
                case RepeatedSite(count=ConstantSite(value=value)):
                    self._repeat(task, value, todo)
                case RepeatedSite(count=NumberSite() as count) if not self._shortest(task):
                    todo += (_Repeat(task), count)
                case RepeatedSite():
                    self._repeat(task, self._count(task), todo)
                case _Repeat(site=site):
                    self._repeat(site, done.pop(), todo)
                case ProvidedSite():
                    todo.append(self._provided(task))
                case FidelitySite(address=address):
                    done.append(self.fidelities[address])
                case _:
                    assert_never(task)
        return done.pop()

    def _between(self, site: NumberSite, done: list[Any]) -> float:
        """The number decided at a site whose bounds are the last results."""
        lower, upper = site.bounds
        record = site.record
        high = record.upper if upper is None else done.pop()
        low = record.lower if lower is None else done.pop()
        return self._number(site, (low, high))

    def _number(self, site: NumberSite, allowed: tuple[float, float]) -> float:
        value = self.config[site.address] = self.decide(site, allowed)
        return value

    def choice(self, site: ChoiceSite, allowed: tuple[int, ...] | None = None) -> int:
        """The index of the branch decided at a site, decided now if it was not yet."""
        address = site.address
        index = self.taken.get(address)
        if index is None:
            if allowed is None:
                allowed = site.soonest if self._ends(site.nesting) else site.every
            index = self.taken[address] = int(self.decide(site, allowed))
            self.config[address] = site.values[index]
        return index

    def _ends(self, nesting: int) -> bool:
        return nesting >= self.max_depth or len(self.config) >= self.max_decisions

    def _provided(self, site: ProvidedSite) -> ChoiceSite:
        """The plain choice that remains when its providers are decided."""
        provider = site.provider
        decided = self._provided(provider) if isinstance(provider, ProvidedSite) else provider
        found = site.variant(decided, self.choice(decided))
        return self._provided(found) if isinstance(found, ProvidedSite) else found

    def _shortest(self, site: RepeatedSite) -> bool:
        """Whether the count has to be the least, so that a recursion ends."""
        return site.may_end and self._ends(site.nesting)

    def least(self, count: Site) -> int:
        """The least count there may be: it ends a recursion."""
        if isinstance(count, NumberSite):
            known = self.config.get(count.address)
            end = count.record.lower
            return int(self._number(count, (end, end)) if known is None else known)
        assert isinstance(count, ChoiceSite), "checked when the space was made"
        return int(self.visit(count.branch(self.choice(count, least_counts(count)))))

    def _count(self, site: RepeatedSite) -> int:
        """A count that is a choice, or that has to be the least."""
        count = site.count
        if self._shortest(site):
            return self.least(count)
        assert isinstance(count, ChoiceSite), "checked when the space was made"
        return int(self.visit(count.branch(self.choice(count))))

    def _repeat(self, site: RepeatedSite, count: int, todo: list[_Task]) -> None:
        todo.append(_Gather("tuple", count))
        todo.extend(site.item(i) for i in range(count - 1, -1, -1))

    def copied(self, value: Any, address: str) -> Any:
        """A copy of an object with state, one per resolution however often it is used."""
        try:
            return copy.deepcopy(value, self.copies)
        except Exception as e:
            rule = (
                "an object with state is copied for each resolution; wrap what can't be copied in a function"
            )
            raise ConfigError(Problem(rule, f"{type(value).__name__}: {e}", address)) from e

    def _called(self, site: OperationSite, args: Any, kwargs: Any) -> Any:
        positional, operator = positionals(args), site.operator
        keywords = checked_kwargs(kwargs, site.address)
        if isinstance(operator, str):
            parts = [*(repr(a) for a in positional), *(f"{k}={v!r}" for k, v in keywords.items())]
            return OperationText(f"{operator}({', '.join(parts)})")
        try:
            return operator(*positional, **keywords)
        except Exception as e:
            self.failed_in(e, callable_name(operator), site.address)
            raise

    def failed_in(self, error: Exception, name: str, address: str) -> None:
        """Note on an operator's error where it was called; one of neps_cs already says where."""
        self.failed = error
        if not isinstance(error, NepsCsError):
            _note(error, f"while the operator {name} was called @ {address}")


def least_counts(count: ChoiceSite) -> tuple[int, ...]:
    """The branches of a count that give the least number."""
    sizes = {i: int(s.value) if isinstance(s := count.branch(i), ConstantSite) else 0 for i in count.every}
    return tuple(i for i, size in sizes.items() if size == min(sizes.values()))


def positionals(args: Any) -> Sequence[Any]:
    """What `args` resolved to as a sequence; what is none is the only argument."""
    return args if isinstance(args, (tuple, list)) else (args,)


def checked_kwargs(kwargs: Any, address: str) -> Mapping[str, Any]:
    """What `kwargs` resolved to. Raises ConfigError unless it is a mapping with string keys."""
    if not isinstance(kwargs, Mapping) or not all(isinstance(k, str) for k in kwargs):
        rule = "the kwargs of an Operation must resolve to a mapping with string keys"
        raise ConfigError(Problem(rule, repr(kwargs), address))
    return kwargs


def _gathered(form: str, items: list[Any], keys: Sequence[Plain]) -> Any:
    if form == "tuple":
        return tuple(items)
    return items if form == "list" else dict(zip(keys, items, strict=True))


def _note(error: Exception, text: str) -> None:
    """PEP 678; before Python 3.11 the note is there for those who look, but no traceback shows it."""
    add: Callable[[str], None] | None = getattr(error, "add_note", None)
    if add is not None:
        add(text)
    else:
        error.__notes__ = [*getattr(error, "__notes__", ()), text]  # type: ignore[attr-defined, unused-ignore]
