"""A space while it is read from a file of ConfigSpace's: what was found, and all that is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from neps_cs.conditions import And, Condition, Equals, In, NotEquals, Or, each_literal, parents
from neps_cs.errors import FormatError, Problem, SpaceError
from neps_cs.forbidden import Clause, operands
from neps_cs.graph.native import NAMELESS, Native
from neps_cs.parameters import Categorical, Ordinal
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.space import PipelineSpace
from neps_cs.structure import Lazy
from neps_cs.values import Plain, is_plain, plain_key, shortened
from neps_cs_converters.legacy.reading import Note, Notes, Read

MAX_PARAMETERS = 10_000
MAX_NESTING = 100
"""Levels of conjunctions in one another."""

MAX_PROBLEMS = 1_000
MAX_HINTS = 20
"""Problems with a guess what was meant: it takes long among many names."""


Choice: TypeAlias = Categorical | Ordinal
Where: TypeAlias = "tuple[str | int, ...]"
"""A path in a document, or line and column of a text; () is the file."""


@dataclass
class Draft:
    """`show` gives the place of something that is said where it is: only what goes wrong is looked for.
    `free` are the numbers whose bounds are not the file's own: values beyond them are no mistake there.
    `rounds`: ConfigSpace wrote the bounds, and where it rounds them hardly, the rounded ones will do.
    `seen` has every name that the file defines, wrong ones too. `combinations` of values were written out
    for clauses. `repeats`: a condition that a child has already stands once more, as ConfigSpace keeps it
    in classic .pcs files; in all others it takes them for one, also with parts in another order."""

    show: Callable[[Where], str]
    rounds: bool = False
    repeats: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    forbidden: list[Clause] = field(default_factory=list)
    notes: list[tuple[Where, str, str]] = field(default_factory=list)
    problems: list[tuple[str, str, Where]] = field(default_factory=list)
    free: set[str] = field(default_factory=set)
    sigmas: dict[str, float] = field(default_factory=dict)
    constants: dict[str, Mapping[Any, Any]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    seen: dict[str, Where] = field(default_factory=dict)
    children: dict[str, Where] = field(default_factory=dict)
    clauses: list[Where] = field(default_factory=list)
    combinations: int = 0
    _meanings: dict[str, set[object]] = field(default_factory=dict)
    _names: dict[str, tuple[Plain, ...]] = field(default_factory=dict)
    _positions: dict[str, Positions] = field(default_factory=dict)

    def problem(self, rule: str, got: str, place: Where) -> None:
        self.problems.append((rule, _short(got), place))

    def note(self, place: Where, found: str, taken: str) -> None:
        self.notes.append((place, found, taken))

    @contextmanager
    def checked(self, place: Where, of: Callable[[str], Where] | None = None) -> Iterator[None]:
        """What breaks a rule of the language inside becomes a problem at this place, or at that `of` the
        rule. Raises FormatError where the file has MAX_PROBLEMS already: it is something else."""
        if len(self.problems) >= MAX_PROBLEMS:
            raise self.error()
        try:
            yield
        except SpaceError as e:
            self.problems += [(p.rule, _short(p.got), of(p.rule) if of else place) for p in e.problems]
        except OverflowError as e:
            self.problem("numbers must be within the range of floats", str(e), place)

    def define(self, name: str, place: Where) -> bool:
        """Take a name for a parameter; a problem where it is taken already."""
        if name in self.seen:
            rule = f"a parameter must be defined once (first {self.show(self.seen[name])})"
            self.problem(rule, repr(name), place)
            return False
        self.seen[name] = place
        return True

    def knows(self, name: str, place: Where, rule: str) -> bool:
        """Whether there is such a parameter; a problem where the file defines none of this name."""
        if name in self.attributes:
            return True
        if name not in self.seen:
            near = []
            if len(self.problems) < MAX_HINTS:
                near = difflib.get_close_matches(name[:100], list(self.seen)[:1000], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self.problem(rule, f"{name!r}{hint}", place)
        return False

    def choice(self, name: str, make: Callable[..., Choice], values: list[Any], **given: Any) -> None:
        """Add a choice. Lists and dicts are choices as they are: the language would read structure."""
        if not all(map(is_plain, values)):
            self.values.add(name)
        made = tuple(v if is_plain(v) else Lazy(v) for v in values)
        self.attributes[name] = make(made, **given)

    def constant(self, name: str, value: Any, meta: Mapping[Any, Any] | None = None) -> None:
        if value is None or not is_plain(value):
            self.values.add(name)
        if meta is not None:
            self.constants[name] = dict(meta)
        self.attributes[name] = value if is_plain(value) else Lazy(value)

    def position(self, name: str, value: Any) -> int | None:
        """Which choice of a parameter a value is."""
        if name not in self._positions:
            self._positions[name] = Positions(self.attributes[name].choices)
        return self._positions[name].of(value)

    def names_of(self, name: str) -> tuple[Plain, ...]:
        """What a config calls the choices."""
        if name not in self._names and name not in self.values:
            self._names[name] = tuple(self.attributes[name].choices)
        if name not in self._names:
            alone = PipelineSpace.from_attributes({name: self.attributes[name]}, intermediate=frozenset())
            site = alone.resolver.program.attribute(name)
            assert isinstance(site, ChoiceSite), "of a choice"
            self._names[name] = site.values
        return self._names[name]

    def condition(self, child: str, condition: Condition, place: Where) -> None:
        """One more condition that must hold of a child."""
        known = self._meanings.setdefault(child, set())
        meaning = _meaning(condition)
        if self.repeats or meaning not in known:
            known.add(meaning)
            self.conditions.setdefault(child, []).append(condition)
            self.children.setdefault(child, place)

    def forbid(self, clause: Clause, place: Where) -> None:
        """One more clause that must never hold."""
        self.forbidden.append(clause)
        self.clauses.append(place)

    def finished(self, form: str, name: str | None, *, inactive_differs: bool) -> Read:
        """The space. `inactive_differs`: unlike ConfigSpace 1.x, the file's NotEquals does not hold where
        the parent is inactive.

        Raises FormatError with all problems.
        """
        if not self.seen and not self.problems:
            self.problem("the file must define a parameter", "none", ())
        if len(self.seen) > MAX_PARAMETERS:
            rule = f"a file must define at most {MAX_PARAMETERS:,} parameters"
            self.problem(rule, f"{len(self.seen):,}", list(self.seen.values())[MAX_PARAMETERS])
        joined = {n: c[0] if len(c) == 1 else And(tuple(c)) for n, c in self.conditions.items()}
        order = [] if self.problems else self._in_order(joined)
        if self.problems:
            raise self.error()
        own = {
            n
            for n in _remembered(order, joined, self.attributes)
            if not (inactive_differs and _differs(joined[n], joined))
        }
        native = Native(
            constants=self.constants,
            values=frozenset(self.values),
            sigmas=self.sigmas,
            conditions=frozenset(own),
            name=None if name and name != NAMELESS else name,
        )
        try:
            space = PipelineSpace.from_attributes(
                self.attributes, conditions=joined, intermediate=frozenset(), name=name or NAMELESS,
                native=native, forbidden=self.forbidden,
            )  # fmt: skip
        except SpaceError as e:
            raise FormatError(Problem(p.rule, _short(p.got), self._place(p)) for p in e.problems) from e
        return Read(space, form, Notes(Note(self.show(w), found, taken) for w, found, taken in self.notes))

    def error(self) -> FormatError:
        """All that is wrong."""
        return FormatError(Problem(rule, got, self.show(where)) for rule, got, where in self.problems)

    def _place(self, problem: Problem) -> str:
        """Where the file says what a space refuses: the clause, the condition or the parameter."""
        name = problem.place.partition(".")[2]
        if "clause" in problem.rule:
            for clause, place in zip(self.forbidden, self.clauses, strict=True):
                if not name or name in operands(clause):
                    return self.show(place)
        return self.show(self.children.get(name) or self.seen.get(name) or ())

    def _in_order(self, conditions: Mapping[str, Condition]) -> list[str]:
        """Children after their parents: from the parameters without conditions down. What is never reached
        hangs on a circle, which is a problem."""
        above = {n: set(parents(c)) for n, c in conditions.items()}
        below: dict[str, list[str]] = {}
        for child, names in above.items():
            for parent in names:
                below.setdefault(parent, []).append(child)
        todo, order = [n for n in below if n not in above], list[str]()
        while todo:
            name = todo.pop()
            for child in below.get(name, ()):
                above[child].discard(name)
                if not above[child]:
                    todo.append(child)
                    order.append(child)
        circle = _circle({n: names for n, names in above.items() if names})
        if circle:
            shown = circle if len(circle) <= 10 else [*circle[:9], "…", circle[-1]]
            rule = "conditions must not form a circle"
            self.problem(rule, " → ".join(shown), self.children.get(circle[0], ()))
        return order


def _meaning(condition: Condition) -> object:
    """Equal for conditions that are the same but for the order of their parts; 1, 1.0 and True are apart."""
    if isinstance(condition, (And, Or)):
        return type(condition), frozenset(map(_meaning, condition.parts))
    return repr(condition)


def _circle(above: Mapping[str, set[str]]) -> list[str]:
    """One way from a parameter up to itself; empty where there is none."""
    if not above:
        return []
    at: dict[str, int] = {}
    name = next(iter(above))
    while name not in at:
        at[name] = len(at)
        name = min(n for n in above[name] if n in above)
    return [*list(at)[at[name] :], name]


def _remembered(
    order: Iterable[str], conditions: Mapping[str, Condition], attributes: Mapping[str, Any]
) -> set[str]:
    """The children whose conditions a translation might write in another form than ConfigSpace's readers
    do, or leave out with the child. `order` has parents before their children."""
    found = set[str]()
    for child in order:
        condition = conditions[child]
        joined = isinstance(condition, (And, Or))
        parts = condition.parts if isinstance(condition, (And, Or)) else (condition,)
        plain = all(
            isinstance(p, (Equals, In)) and isinstance(attributes[p.parent], (Categorical, Ordinal))
            for p in parts
        )
        names = parents(condition)
        free = all(n not in conditions if joined else n not in found for n in names)
        if not plain or not free or len(names) < len(parts):
            found.add(child)
    return found


def _differs(condition: Condition, conditions: Mapping[str, Condition]) -> bool:
    return any(isinstance(c, NotEquals) and c.parent in conditions for c in each_literal(condition))


class Positions:
    """Where values stand among others: True, 1 and 1.0 apart where they differ, else by equality."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._exact: dict[object, int] = {}
        self._equal: dict[object, int] = {}
        self._rest: list[tuple[int, Any]] = []
        for i, value in enumerate(v.content if isinstance(v, Lazy) else v for v in values):
            if is_plain(value):
                self._exact.setdefault(plain_key(value), i)
                self._equal.setdefault(value, i)
            else:
                self._rest.append((i, value))

    def of(self, wanted: Any) -> int | None:
        """The first place; None where the value is not among them."""
        if not is_plain(wanted):
            return next((i for i, value in self._rest if value == wanted), None)
        return self._exact.get(plain_key(wanted), self._equal.get(wanted))


def _short(text: str) -> str:
    return shortened(text, 300)
