"""The compiler's front end: units, made when they are first used, and the function for a whole space.

| in the source of a unit | means |
|---|---|
| unit(ref, p, n, memo) | the function for a use of its own of a definition at address p |
| placed(ref, p, n, memo) | the function for what is written at address p |
| branch(branches, i, p, n, memo) | the same for the i-th branch of a choice |
| extend(r, count, ref, p, n, memo) | append the functions for the items of a Repeated that r lacks |
| S3 | the function for a shared node, which makes itself at its first call |
| site(ref, p, n) | the site that a decide-function or the Walk receives |
| K3 | else a value: an operator, a constant, the choices of a config, an interned address |
| E | the nesting outside of every recursive definition |

`memo` says that decisions may be met again in one resolution.

Several threads may use one space: what they make for themselves alone (an instance, a site) may be made
twice, what is put into a table is put there under a lock.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import assert_never

from neps_cs.graph.records import (
    ByNameRecord,
    ChoiceRecord,
    ConstantRecord,
    FidelityRecord,
    LazyRecord,
    MappingRecord,
    NumberRecord,
    OperationRecord,
    Ref,
    RepeatedRecord,
    ResampleRecord,
    SequenceRecord,
)
from neps_cs.resolving.compiler.analysis import texts, unchanging, undecided, used_once, weights
from neps_cs.resolving.compiler.emitter import Emitter
from neps_cs.resolving.compiler.writer import DEEPEST, Place, Source
from neps_cs.resolving.fitting import fitting_index, fitting_number
from neps_cs.resolving.program import Program
from neps_cs.resolving.sites import Branches, Nesting
from neps_cs.resolving.walk import OperationText, Walk, checked_kwargs, positionals

Run: TypeAlias = Callable[[dict[str, Any], Any, Any, int], Any]
Make: TypeAlias = Callable[[str, Nesting], Run]
Test: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, int]], bool]


_MAKING = threading.RLock()
MAX_UNITS = 20_000
"""Units of a grammar are made for each address; past so many they are forgotten and made anew."""


class Space(NamedTuple):
    """The function for a whole space.

    `needs_walk`: whether it reads the Walk; flat spaces do without. `draws`: how many decisions its
    own code makes at most, those of the units that it calls aside.
    """

    run: Run
    needs_walk: bool
    draws: int
    units: Units
    make: Callable[[], Run]

    def renewed(self) -> Space:
        """The same with no instances but its own: those of a grammar's many addresses are forgotten."""
        self.units.forget()
        return self._replace(run=self.make())


ABSENT = object()
"""In place of the value of an attribute that is inactive."""


class Units:
    """The units of a program for one kind of source. With `build` they make the pipeline too."""

    def __init__(self, program: Program, source: Source, *, build: bool) -> None:
        self.program, self.source, self.build = program, source, build
        self.once = used_once(program.graph, program.recursion)
        self.undecided = undecided(program.graph, program.recursion)
        self.texts = texts(program.graph, program.recursion)
        self.unchanging = unchanging(program.graph, program.recursion)
        self.weights = weights(program.graph, program.recursion, self.once | self.undecided)
        self.edited = frozenset(
            ":".join(parts[:end])
            for parts in (address.split(":") for address in program.graph.edits)
            for end in range(1, len(parts) + 1)
        )
        self.instances = 0
        self._makers: dict[tuple[Ref, bool], Make] = {}
        self._shared: dict[tuple[Ref, str, bool], str] = {}
        self._firsts: dict[str, Run] = {}
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []
        self.scope: dict[str, Any] = {
            "E": program.root, "ABSENT": ABSENT, "site": program.fresh, "unit": self.unit,
            "placed": self.placed, "branch": self._branch, "extend": self._extend,
            "number": fitting_number, "index": fitting_index, "text": OperationText, "described": _described,
            "positionals": positionals, "checked_kwargs": checked_kwargs, "exp": math.exp,
            "floor": math.floor,
        }  # fmt: skip

    def bound(self, value: Any) -> str:
        """The name of a value in the scope of all units."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"K{len(self._kept)}"
            self._kept.append(value)  # an id is only one's own while the object lives
            self.scope[name] = value
        return name

    def shared(self, ref: Ref, home: str, *, memo: bool) -> str:
        """The function for a shared node, or for what an attribute holds, as source."""
        # a Repeated as args stands at the address of its operation
        name = self._shared.get((ref, home, memo))
        if name is None:
            with _MAKING:
                name = self._shared.get((ref, home, memo))
                if name is None:
                    name = f"S{len(self._shared)}"
                    self._firsts[name] = self.scope[name] = self._first(name, ref, home, memo)
                    self._shared[ref, home, memo] = name  # last: who finds the name uses it
        return name

    def forget(self) -> None:
        """Let go of all instances; the compiled sources stay."""
        self.scope.update(self._firsts)
        self.instances = 0

    def _first(self, name: str, ref: Ref, home: str, memo: bool) -> Run:
        def first(config: dict[str, Any], source: Any, w: Walk, d: int) -> Any:
            run = self.unit(ref, home, self.program.root, memo)
            if memo and (not self.build or ref in self.unchanging):
                run = _kept(run, name)
            self.scope[name] = run
            return run(config, source, w, d)

        return first

    def unit(self, ref: Ref, address: str, nest: Nesting, memo: bool) -> Run:
        """The function for a use of its own of a record at an address."""
        self.instances += 1
        if address in self.edited:
            site = self.program.fresh(ref, address, nest)
            return lambda config, source, w, d: w.visit(site)
        make = self._makers.get((ref, memo))
        if make is None:
            with _MAKING:
                make = self._makers.get((ref, memo))
                if make is None:
                    make = self._makers[ref, memo] = self._maker(ref, memo)
        return make(address, nest)

    def _maker(self, ref: Ref, memo: bool) -> Make:
        emitter = Emitter(self, memo=memo)
        found = emitter.expand(ref, Place("", relative=True), "n")
        value = found.code if ref in self.texts else emitter.kept(found)
        lines = [
            "def make(p, n):",
            *([f"    m = n.inner({ref})"] if ref in self.program.recursion.counted else []),
            *_function("run", emitter, [*emitter.body, f"return {value}"], f"site({ref}, p, n)"),
            "    return run",
        ]
        return self._defined(lines, "make")  # type: ignore[no-any-return]

    def _defined(self, lines: list[str], name: str) -> Any:
        file = "".join(c if c.isprintable() else "?" for c in self.program.graph.name)
        code, made = compile("\n".join(lines), f"<space {file}>", "exec"), dict[str, Any]()
        exec(code, self.scope, made)  # source of our own making, of records that were checked
        return made[name]

    def placed(self, ref: Ref, address: str, nest: Nesting, memo: bool) -> Run:
        """The function for what is written at an address."""
        run = self._placed(ref, address, nest, memo)
        if ref not in self.texts or not self.build:
            return run
        return lambda config, source, w, d: OperationText(run(config, source, w, d))

    def _placed(self, ref: Ref, address: str, nest: Nesting, memo: bool) -> Run:
        record, program = self.program.graph.records[ref], self.program
        match record:
            case ResampleRecord():
                return self.unit(program.recursion.definition(ref), address, nest, memo)
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                return self._at_home(ref, program.homes[ref])
            case ByNameRecord(name=name):
                own = program.own_name(name)
                inner = program.graph.root_of[own]
                return self._at_home(inner, program.homes[inner] or own)
            case ConstantRecord() | SequenceRecord() | MappingRecord():
                return self.unit(ref, address, nest, memo)
            case FidelityRecord() | LazyRecord():
                site = program.place(ref, address, nest)
                return lambda config, source, w, d: w.visit(site)
            case _:
                assert_never(record)

    def _at_home(self, ref: Ref, home: str) -> Run:
        scope, name = self.scope, self.shared(ref, home, memo=True)
        return lambda config, source, w, d: scope[name](config, source, w, d)

    def _extend(self, runs: list[Run], count: int, ref: Ref, address: str, nest: Nesting, memo: bool) -> None:
        with _MAKING:
            while len(runs) < count:
                runs.append(self.placed(ref, f"{address}:{len(runs)}", nest, memo))

    def _branch(self, branches: Branches, i: int, address: str, nest: Nesting, memo: bool) -> Run:
        return self.placed(branches.refs[i], f"{address}:{branches.labels[i]}", nest, memo)

    def space(self, order: tuple[str, ...], tests: Mapping[str, Test], parents: frozenset[str]) -> Space:
        """The function for a whole space: attributes in this order, some under a test.

        It returns what evaluate_pipeline receives, and leaves in `w.active` the names of the
        attributes and the addresses of the constants that were active where there are tests.
        `parents` are the attributes that tests read.
        """
        with _MAKING:
            return self._space(order, tests, parents)

    def _space(self, order: tuple[str, ...], tests: Mapping[str, Test], parents: frozenset[str]) -> Space:
        emitter = Emitter(self, memo=False)
        values: dict[str, str] = {}
        if tests:
            emitter.line("active = w.active = set()")
        for name in order:
            emitter.memo = name in parents
            values[name] = value = emitter.name("v")
            if name not in tests:
                self._attribute(emitter, name, value, marked=bool(tests))
                continue
            with emitter.block(f"if {self.bound(tests[name])}(config, w.taken):"):
                self._attribute(emitter, name, value, marked=True)
            with emitter.block("else:"):
                emitter.line(f"{value} = ABSENT")
        shown = [r.name for r in self.program.graph.roots if not r.intermediate]
        body = emitter.body + _pipeline(shown, values, tests, self.build)
        lines = ["def make():", *_function("space", emitter, body), "    return space"]
        make = self._defined(lines, "make")
        return Space(make(), emitter.reads_walk or bool(tests), emitter.draws, self, make)

    def _attribute(self, emitter: Emitter, name: str, value: str, *, marked: bool) -> None:
        own = self.program.own_name(name)
        found = emitter.attribute(own)
        emitter.line(f"{value} = {emitter.kept(found)}")
        if not marked:
            return
        emitter.line(f"active.add({name!r})")
        if isinstance(self.program.graph.records[self.program.graph.root_of[own]], ConstantRecord):
            emitter.line(f"active.add({own!r})")
            emitter.line(f"w.taken[{own!r}] = 0")


def _kept(run: Run, name: str) -> Run:
    """A shared use that is resolved once, its value kept for the others."""

    def once(config: dict[str, Any], source: Any, w: Walk, d: int) -> Any:
        values = w.values
        if name not in values:
            values[name] = run(config, source, w, d)
        return values[name]

    return once


def _function(name: str, emitter: Emitter, body: list[str], site: str = "") -> list[str]:
    """What an instance keeps, and the function that uses it; `site` is what the Walk visits in its place."""
    deep = [f"if d > {DEEPEST}:", f"    return w.visit({site})"] if site else []
    cells = [f"nonlocal {', '.join(emitter.cells)}"] if emitter.cells else []
    return [
        *(f"    {line}" for line in emitter.head),
        f"    def {name}(config, source, w, d):",
        *(f"        {line}" for line in [*cells, *deep, *body]),
    ]


def _pipeline(
    shown: list[str], values: Mapping[str, str], tests: Mapping[str, Test], build: bool
) -> list[str]:
    if not build:
        return ["return {}"]
    if not tests:
        return [f"return {{{', '.join(f'{n!r}: {values[n]}' for n in shown)}}}"]
    lines = ["pipeline = {}"]
    for name in shown:
        value = values[name]
        store = f"pipeline[{name!r}] = {value}"
        lines.append(f"if {value} is not ABSENT: {store}" if name in tests else store)
    return [*lines, "return pipeline"]


def _described(operator: str, /, *args: Any, **kwargs: Any) -> str:
    """The text of an operation whose arguments are only known when it is resolved."""
    parts = [*(repr(a) for a in args), *(f"{k}={v!r}" for k, v in kwargs.items())]
    return f"{operator}({', '.join(parts)})"
