"""The compiler's back end: the Python source of a function that resolves what records say.

A unit is the content of one definition. Its source is written once, and instantiated for each
address `p` at which the definition is used, so that addresses are made once and kept:

    def make(p, n):
        a1 = p + ':width'
        def run(config, source, w, d):
            v2 = config[a1] = 8 + int(source() * 57)
            return Linear(v2)
        return run

`n` is the nesting of recursive definitions. `config` receives the decisions. `source` is what
decides: a stream of uniform numbers while sampling, the recorded config in a replay, else the
decide-function. `w` is the Walk that holds the rest, and takes over where calls nest too deep for
Python's stack (`d` counts them), for choice providers and for what was edited.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from neps_cs.graph.records import Ref
from neps_cs.resolving.addresses import joined

if TYPE_CHECKING:
    from neps_cs.resolving.compiler.units import Units

DEEPEST = 150
"""From this many nested calls on, the Walk takes over: Python allows 1000 frames, the caller's included."""

Source: TypeAlias = Literal["uniform", "prior", "replay", "decide"]
"""What decides in compiled code."""


class Place(NamedTuple):
    """An address: `text` itself, or after that of the unit where `relative`."""

    text: str
    relative: bool = False

    def below(self, name: str) -> Place:
        """The place at a segment below this one; no segment: this one."""
        if not name:
            return self
        return Place(f"{self.text}:{name}" if self.relative else joined(self.text, name), self.relative)


class Value(NamedTuple):
    """An expression. `text`: a str that stands for an OperationText, not yet made."""

    code: str
    text: bool = False


NOTHING = Value("None")


class Writer(ABC):
    """Writes one unit. `memo`: its decisions may be met again in one resolution."""

    def __init__(self, units: Units, *, memo: bool) -> None:
        self.units, self.memo = units, memo
        self.program, self.graph = units.program, units.program.graph
        self.recursion = units.program.recursion
        self.source, self.build = units.source, units.build
        self.head: list[str] = []
        self.body: list[str] = []
        self.cells: list[str] = []
        self.reads_walk = False
        self.draws = 0
        self._indent, self._count = 0, 0
        self._addresses: dict[Place, str] = {}

    def line(self, text: str) -> None:
        """A line of the function's body."""
        self.body.append("    " * self._indent + text)

    @contextmanager
    def block(self, text: str) -> Iterator[None]:
        """A line that opens a block."""
        self.line(text)
        self._indent += 1
        yield
        self._indent -= 1

    def name(self, kind: str) -> str:
        """A fresh local name."""
        self._count += 1
        return f"{kind}{self._count}"

    def constant(self, value: Any) -> str:
        """An expression for a value: a name in the scope of all units, or the value itself."""
        short = type(value) is int and value.bit_length() <= 64  # Python refuses to write thousands of digits
        if value is None or type(value) in (bool, str) or short:
            return repr(value)
        return self.units.bound(value)

    def address(self, at: Place) -> str:
        """The name of an address."""
        if not at.relative:
            return self.units.bound(sys.intern(at.text))
        if not at.text:
            return "p"
        known = self._addresses.get(at)
        if known is None:
            known = self._addresses[at] = self.name("a")
            self.head.append(f"{known} = p + {at.text!r}")
        return known

    def cell(self, kind: str, made: str) -> str:
        """The name of something that an instance makes when it first needs it."""
        name = self.name(kind)
        self.head.append(f"{name} = None")
        self.cells.append(name)
        with self.block(f"if {name} is None:"):
            self.line(f"{name} = {made}")
        return name

    def kept(self, value: Value) -> str:
        """An expression for a value as others see it."""
        return f"text({value.code})" if value.text else value.code

    def walked(self, ref: Ref, at: Place, nest: str) -> Value:
        """Left to the Walk."""
        site = self.site(ref, at, nest)
        value, self.reads_walk = self.name("v"), True
        self.line(f"{value} = w.visit({site})")
        return Value(value)

    def site(self, ref: Ref, at: Place, nest: str) -> str:
        """The site of a use of its own, for the Walk or a decide-function."""
        return self.cell("s", f"site({ref}, {self.address(at)}, {nest})")

    @abstractmethod
    def place(self, ref: Ref, at: Place, nest: str) -> Value:
        """What is written at a place: a shared node leads to where it was defined."""

    @abstractmethod
    def items(self, items: tuple[Ref, ...], segments: tuple[str, ...], at: Place, nest: str) -> list[Value]:
        """What is written at several places below one."""
