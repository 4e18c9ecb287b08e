"""The compiler's back end: from records to the Python source of a function that resolves them.

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

import keyword
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

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
from neps_cs.graph.recursion import IDENTITY
from neps_cs.resolving.addresses import argument_segments, joined, segment
from neps_cs.resolving.analysis import INLINE, INLINE_SHARED
from neps_cs.resolving.program import STATELESS
from neps_cs.resolving.sites import Branches, ChoiceSite, NumberSite, is_large
from neps_cs.values import callable_name, unique

if TYPE_CHECKING:
    from neps_cs.resolving.compiled import Compiled

DEEPEST = 150
"""From this many nested calls on, the Walk takes over: Python allows 1000 frames, the caller's included."""

_IF_CHAIN = 8


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


class _Choice(NamedTuple):
    """A use of a choice: the nesting around and inside of it."""

    ref: Ref
    record: ChoiceRecord
    choices: tuple[Ref, ...]
    at: Place
    nest: str
    inner: str


_NOTHING = Value("None")


class Emitter:
    """Writes one unit. `memo`: its decisions may be met again in one resolution."""

    def __init__(self, compiled: Compiled, *, memo: bool) -> None:
        self.compiled, self.memo = compiled, memo
        self.program, self.graph = compiled.program, compiled.program.graph
        self.recursion = compiled.program.recursion
        self.source, self.build = compiled.source, compiled.build
        self.head: list[str] = []
        self.body: list[str] = []
        self.cells: list[str] = []
        self.reads_walk = False
        self.draws = 0
        self._indent, self._count = 0, 0
        self._addresses: dict[Place, str] = {}

    # writing

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
        if value is None or type(value) in (bool, int, str):
            return repr(value)
        return self.compiled.bound(value)

    def address(self, at: Place) -> str:
        """The name of an address."""
        if not at.relative:
            return self.compiled.bound(sys.intern(at.text))
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

    # what is used where

    def place(self, ref: Ref, at: Place, nest: str) -> Value:
        """What is written at a place: a shared node leads to where it was defined."""
        record = self.graph.records[ref]
        match record:
            case ByNameRecord(name=name):
                return self.attribute(self.program.own_name(name))
            case ResampleRecord():
                return self.fresh(self.recursion.definition(ref), at, nest)
            case NumberRecord() | ChoiceRecord() | OperationRecord() | RepeatedRecord():
                return self.shared(ref)
            case FidelityRecord():
                self.reads_walk = True
                return Value(f"w.fidelities[{self.program.homes[ref]!r}]")
            case ConstantRecord() | SequenceRecord() | MappingRecord() | LazyRecord():
                return self.fresh(ref, at, nest)
            case _:
                assert_never(record)

    def attribute(self, name: str) -> Value:
        """The value of an attribute, which is not another's name."""
        ref = self.graph.root_of[name]
        record = self.graph.records[ref]
        identity = isinstance(record, (*IDENTITY, FidelityRecord, ConstantRecord, LazyRecord))
        if identity or ref in self.compiled.once:
            return self.place(ref, Place(name), "E")
        return self._called(ref, self.compiled.shared(ref, name, memo=True))

    def shared(self, ref: Ref) -> Value:
        """The value of the shared use of a node."""
        home = self.program.homes[ref]
        if home in self.compiled.edited:
            return self._walked(ref, Place(home), "E")
        once, weight = ref in self.compiled.once, self.compiled.weights[ref]
        if (once or ref in self.compiled.undecided) and weight <= INLINE:
            return self.expand(ref, Place(home), "E")
        if weight <= INLINE_SHARED:
            outer, self.memo = self.memo, True
            value = self.expand(ref, Place(home), "E")
            self.memo = outer
            return value
        return self._called(ref, self.compiled.shared(ref, home, memo=self.memo or not once))

    def _called(self, ref: Ref, run: str) -> Value:
        value, self.reads_walk = self.name("v"), True
        self.line(f"{value} = {run}(config, source, w, d + 1)")
        return Value(value, ref in self.compiled.texts)

    def fresh(self, ref: Ref, at: Place, nest: str) -> Value:
        """The value of a use of its own."""
        if not at.relative and at.text in self.compiled.edited:
            return self._walked(ref, at, nest)
        if self.compiled.weights[ref] <= INLINE:
            return self.expand(ref, at, nest)
        return self._called(ref, self.cell("c", f"unit({ref}, {self.address(at)}, {nest}, {self.memo})"))

    def _walked(self, ref: Ref, at: Place, nest: str) -> Value:
        """Left to the Walk."""
        site = self._site(ref, at, nest)
        value, self.reads_walk = self.name("v"), True
        self.line(f"{value} = w.visit({site})")
        return Value(value)

    def _site(self, ref: Ref, at: Place, nest: str) -> str:
        """The site of a use of its own, for the Walk or a decide-function."""
        return self.cell("s", f"site({ref}, {self.address(at)}, {nest})")

    # the content of each kind of record

    def expand(self, ref: Ref, at: Place, nest: str) -> Value:
        """The content of a record, used at a place."""
        record = self.graph.records[ref]
        inner = "m" if ref in self.recursion.counted else nest
        match record:
            case ConstantRecord(value=value):
                return self._constant(value, at)
            case LazyRecord(content=content):
                return Value(self.constant(self.program.written[content]))
            case NumberRecord():
                return self._number(ref, record, at, nest)
            case ChoiceRecord(choices=int() as provider):
                given = self.program.given(provider)
                if isinstance(given, SequenceRecord):
                    return self._choice(_Choice(ref, record, given.items, at, nest, inner))
                return self._walked(ref, at, nest)
            case ChoiceRecord(choices=choices):
                assert isinstance(choices, tuple), "providers come first"
                return self._choice(_Choice(ref, record, choices, at, nest, inner))
            case OperationRecord():
                return self._operation(record, at, inner)
            case RepeatedRecord():
                return self._repeated(ref, record, at, inner)
            case SequenceRecord(form=form, items=items):
                segments = tuple(str(i) for i in range(len(items)))
                return self._group(form, self._items(items, segments, at, nest))
            case MappingRecord(keys=keys, items=items):
                segments = unique(segment(k) for k in keys)
                values = self._items(items, segments, at, nest)
                pairs = (f"{self.constant(k)}: {self.kept(v)}" for k, v in zip(keys, values, strict=True))
                return Value(f"{{{', '.join(pairs)}}}") if self.build else _NOTHING
            case ResampleRecord() | ByNameRecord() | FidelityRecord():
                return self.place(ref, at, nest)
            case _:
                assert_never(record)

    def _constant(self, value: Any, at: Place) -> Value:
        if isinstance(value, STATELESS) or not self.build:
            return Value(self.constant(value))
        self.reads_walk = True
        return Value(f"w.copied({self.compiled.bound(value)}, {self.address(at)})")

    def _items(self, items: tuple[Ref, ...], segments: tuple[str, ...], at: Place, nest: str) -> list[Value]:
        return [self.place(r, at.below(s), nest) for r, s in zip(items, segments, strict=True)]

    def _group(self, form: str, values: list[Value]) -> Value:
        if not self.build:
            return _NOTHING
        inner = ", ".join(self.kept(v) for v in values)
        if form == "list":
            return Value(f"[{inner}]")
        return Value(f"({inner},)" if values else "()")

    # decisions

    def _number(self, ref: Ref, record: NumberRecord, at: Place, nest: str) -> Value:
        address, value = self.address(at), self.name("v")
        if not self.memo:
            self._drawn_number(ref, record, at, nest, address, value)
            return Value(value)
        self.line(f"{value} = config.get({address})")
        with self.block(f"if {value} is None:"):
            self._drawn_number(ref, record, at, nest, address, value)
        return Value(value)

    def _drawn_number(
        self, ref: Ref, record: NumberRecord, at: Place, nest: str, address: str, value: str
    ) -> None:
        self.draws += 1
        bounds = (record.lower_ref, record.lower, "lower"), (record.upper_ref, record.upper, "upper")
        low, high = (
            repr(end) if bound is None else self.place(bound, at.below(name), nest).code
            for bound, end, name in bounds
        )
        fixed = record.lower_ref is None and record.upper_ref is None
        match self.source:
            case "replay":
                self._recorded_number(record, address, value, (low, high))
            case "decide":
                self.line(f"{value} = source({self._site(ref, at, nest)}, ({low}, {high}))")
            case "uniform" | "prior" if not fixed:
                self.reads_walk = True
                self.line(
                    f"{value} = w.decide({self.compiled.bound(NumberSite('', record))}, ({low}, {high}))"
                )
            case "prior" if record.prior is not None:
                self.line(f"{value} = {self.compiled.bound(NumberSite('', record).by_prior)}(source())")
            case "uniform" | "prior":
                self._uniform(record, value)
            case _:
                assert_never(self.source)
        self.line(f"config[{address}] = {value}")

    def _recorded_number(
        self, record: NumberRecord, address: str, value: str, bounds: tuple[str, str]
    ) -> None:
        (low, high), kind = bounds, "int" if record.integer else "float"
        fits = f"number({self.compiled.bound(record)}, {low}, {high}, {value})"
        self.line(f"{value} = source[{address}]")
        if record.step is not None:
            self.line(f"{value} = {fits}")
            return
        with self.block(f"if type({value}) is not {kind} or not {low} <= {value} <= {high}:"):
            self.line(f"{value} = {fits}")

    def _uniform(self, record: NumberRecord, value: str) -> None:
        """What NumberSite.quantile does with one u, written out for the common scales."""
        scale = record.scale(record.lower, record.upper)
        low, high = repr(record.lower), repr(record.upper)
        if record.lower == record.upper:
            self.line("source()")
            self.line(f"{value} = {low}")
        elif is_large(record, use_prior=False):
            self.reads_walk = True
            self.line(f"{value} = w.decide({self.compiled.bound(NumberSite('', record))}, ({low}, {high}))")
        elif record.step is not None:
            self.line(f"{value} = {self.compiled.bound(scale.from_unit)}(source())")
        elif record.integer and not record.log:
            self.line(f"{value} = {low} + int(source() * {scale.points})")
        else:
            self._continuous(record, value)

    def _continuous(self, record: NumberRecord, value: str) -> None:
        low, high = repr(record.lower), repr(record.upper)
        start, end = record.scale(record.lower, record.upper).ends
        place = f"{start!r} + source() * {end - start!r}"
        if record.integer:
            self.line(f"{value} = floor(exp({place}) + 0.5)")
        else:
            self.line(f"{value} = exp({place})" if record.log else f"{value} = {place}")
        with self.block(f"if {value} > {high}:"):
            self.line(f"{value} = {high}")
        if record.log:
            with self.block(f"elif {value} < {low}:"):
                self.line(f"{value} = {low}")

    def _choice(self, choice: _Choice) -> Value:
        branches = self.program.branches(choice.choices)
        address = self.address(choice.at)
        constants = [self.graph.records[c] for c in choice.choices]
        plain = all(isinstance(c, ConstantRecord) and isinstance(c.value, STATELESS) for c in constants)
        if not self.memo:
            index = self._index(choice, branches, address)
            if plain:
                return self._plain_choice(constants, branches, address, index)
            index = self._kept_index(index)
            self.line(f"config[{address}] = {self.compiled.bound(branches.values)}[{index}]")
            return self._branches(branches, choice.at, choice.inner, index)
        index, self.reads_walk = self.name("i"), True
        self.line(f"{index} = w.taken.get({address})")
        with self.block(f"if {index} is None:"):
            self.line(f"{index} = w.taken[{address}] = {self._index(choice, branches, address)}")
            self.line(f"config[{address}] = {self.compiled.bound(branches.values)}[{index}]")
        if plain:
            return Value(f"{self.compiled.bound(tuple(c.value for c in constants))}[{index}]")  # type: ignore[union-attr]
        return self._branches(branches, choice.at, choice.inner, index)

    def _plain_choice(self, constants: list[Any], branches: Branches, address: str, index: str) -> Value:
        """A choice among values, most often those that a config holds too."""
        value, held = self.name("v"), self.compiled.bound(branches.values)
        given = tuple(c.value for c in constants)
        if not self.build or all(a is b for a, b in zip(given, branches.values, strict=True)):
            self.line(f"{value} = config[{address}] = {held}[{index}]")
            return Value(value)
        index = self._kept_index(index)
        self.line(f"config[{address}] = {held}[{index}]")
        return Value(f"{self.compiled.bound(given)}[{index}]")

    def _kept_index(self, index: str) -> str:
        """The name of an index that is needed twice."""
        if index.isidentifier():
            return index
        name = self.name("i")
        self.line(f"{name} = {index}")
        return name

    def _index(self, choice: _Choice, branches: Branches, address: str) -> str:
        """An expression for the index of the branch: drawn, read or decided."""
        self.draws += 1
        if self.source == "replay":
            return self._recorded_index(branches, f"source[{address}]")
        root = self.program.root
        template = ChoiceSite(
            "", choice.record, branches, 0, lambda i: self.program.fresh(branches.refs[i], "", root)
        )
        site = "" if self.source != "decide" else self._site(choice.ref, choice.at, choice.nest)
        if branches.soonest == branches.every:
            return self._one_of(template, branches.every, site)
        index = self.name("i")
        with self.block(f"if {self._ends(choice.inner)}:"):
            self.line(f"{index} = {self._one_of(template, branches.soonest, site)}")
        with self.block("else:"):
            self.line(f"{index} = {self._one_of(template, branches.every, site)}")
        return index

    def _one_of(self, template: ChoiceSite, allowed: tuple[int, ...], site: str) -> str:
        """An expression for the index of an allowed branch. What ChoiceSite.quantile does, written out."""
        if self.source == "decide":
            return f"int(source({site}, {allowed!r}))"
        if self.source == "prior" and template.record.prior is not None:
            quantile = template.distribution(allowed, use_prior=True).quantile
            place = f"{self.compiled.bound(quantile)}(source())"
        else:
            place = f"int(source() * {len(allowed)})"
        return place if allowed == template.every else f"{allowed!r}[{place}]"

    def _recorded_index(self, branches: Branches, recorded: str) -> str:
        if {type(v) for v in branches.values} == {str}:
            return f"{self.compiled.bound({v: i for i, v in enumerate(branches.values)})}[{recorded}]"
        return f"index({self.compiled.bound(branches)}, {recorded})"

    def _ends(self, inner: str) -> str:
        """Whether a recursion has to end: see Walk."""
        self.reads_walk = True
        if inner == "E":
            return "len(config) >= w.max_decisions"
        return f"{self.depth(inner)} >= w.max_depth or len(config) >= w.max_decisions"

    def depth(self, inner: str) -> str:
        """The name of the depth of a nesting."""
        if f"q{inner} = {inner}.depth" not in self.head:
            self.head.append(f"q{inner} = {inner}.depth")
        return f"q{inner}"

    def _branches(self, branches: Branches, at: Place, nest: str, index: str) -> Value:
        value = self.name("v")
        if len(branches.refs) > _IF_CHAIN:
            self.reads_walk = True
            table = self.name("t")
            self.head.append(f"{table} = [None] * {len(branches.refs)}")
            self.line(f"{value} = {table}[{index}]")
            with self.block(f"if {value} is None:"):
                parts = f"{self.compiled.bound(branches)}, {index}, {self.address(at)}, {nest}, {self.memo}"
                self.line(f"{value} = {table}[{index}] = branch({parts})")
            self.line(f"{value} = {value}(config, source, w, d + 1)")
            return Value(value)
        text = all(ref in self.compiled.texts for ref in branches.refs)
        for i, (ref, label) in enumerate(zip(branches.refs, branches.labels, strict=True)):
            last = i == len(branches.refs) - 1
            opening = f"if {index} == {i}:" if i == 0 else "else:" if last else f"elif {index} == {i}:"
            with self.block("if True:" if i == 0 and last else opening):
                found = self.place(ref, at.below(label), nest)
                self.line(f"{value} = {found.code if text else self.kept(found)}")
        return Value(value, text)

    # structure

    def _operation(self, record: OperationRecord, at: Place, nest: str) -> Value:
        args, words = argument_segments(self.graph, self.recursion, record)
        given, named = self.graph.records[record.args], self.graph.records[record.kwargs]
        if isinstance(given, SequenceRecord):
            segments = tuple(str(i) for i in range(len(given.items)))
            positional = self._items(given.items, segments, at.below(args), nest)
        else:
            inner = self.place(record.args, at.below(args), nest)
            positional = [Value(f"*positionals({self.kept(inner)})")]
        if isinstance(named, MappingRecord):
            values = self._items(named.items, words, at, nest)
            keywords = list(zip((str(k) for k in named.keys), values, strict=True))
        else:
            inner = self.place(record.kwargs, at.below(words[0]), nest)
            keywords = [("", Value(f"**checked_kwargs({self.kept(inner)}, {self.address(at)})"))]
        if not self.build:
            return _NOTHING
        if isinstance(record.operator, str):
            return self._text(record.operator, positional, keywords)
        return self._call(record.operator, positional, keywords, at)

    def _call(
        self, operator: Callable[..., Any], args: list[Value], kwargs: list[tuple[str, Value]], at: Place
    ) -> Value:
        value = self.name("v")
        parts = [self.kept(a) for a in args]
        odd = [k for k, _ in kwargs if k and (not k.isidentifier() or keyword.iskeyword(k))]
        for key, given in kwargs:
            if not key:
                parts.append(given.code)
            elif odd:
                parts.append(f"**{{{key!r}: {self.kept(given)}}}")
            else:
                parts.append(f"{key}={self.kept(given)}")
        self.reads_walk = True
        with self.block("try:"):
            self.line(f"{value} = {self.compiled.bound(operator)}({', '.join(parts)})")
        with self.block("except Exception as e:"):
            self.line(f"w.failed_in(e, {callable_name(operator)!r}, {self.address(at)})")
            self.line("raise")
        return Value(value)

    def _text(self, operator: str, args: list[Value], kwargs: list[tuple[str, Value]]) -> Value:
        """The text of an operation whose operator is one."""
        value = self.name("v")
        if any(a.code.startswith("*") for a in args) or any(not k for k, _ in kwargs):
            inner = ", ".join([*(self.kept(a) for a in args), *(self._pair(k, v) for k, v in kwargs)])
            self.line(f"{value} = described({operator!r}, {inner})")
            return Value(value, text=True)
        pieces = [f"{operator}("]
        for i, (key, given) in enumerate([*(("", a) for a in args), *kwargs]):
            pieces[-1] += (", " if i else "") + (f"{key}=" if key else "")
            pieces += [given.code if given.text else f"repr({given.code})", ")"]
            if i < len(args) + len(kwargs) - 1:
                pieces[-1] = ""
        texts = [repr(piece) if k % 2 == 0 else piece for k, piece in enumerate(pieces)]
        if len(pieces) == 1:
            return Value(repr(pieces[0] + ")"), text=True)
        self.line(f"{value} = {' + '.join(texts)}")
        return Value(value, text=True)

    def _pair(self, key: str, value: Value) -> str:
        return f"**{{{key!r}: {self.kept(value)}}}" if key else value.code

    def _repeated(self, ref: Ref, record: RepeatedRecord, at: Place, nest: str) -> Value:
        count = self._count_of(ref, record, at, nest)
        items, runs, self.reads_walk = self.name("v"), self.name("r"), True
        self.head.append(f"{runs} = []")
        with self.block(f"while len({runs}) < {count}:"):
            address = f"{self.address(at)} + ':' + str(len({runs}))"
            self.line(f"{runs}.append(placed({record.content}, {address}, {nest}, {self.memo}))")
        if self.build:
            self.line(f"{items} = []")
        with self.block(f"for f in {runs}[:{count}]:"):
            call = "f(config, source, w, d + 1)"
            self.line(f"{items}.append({call})" if self.build else call)
        return Value(f"tuple({items})") if self.build else _NOTHING

    def _count_of(self, ref: Ref, record: RepeatedRecord, at: Place, nest: str) -> str:
        place = at.below("count")
        may_end = self.recursion.can_be_empty(ref) and self.recursion.heights[record.content] > 0
        if not may_end or self.source == "replay":
            return self.place(record.count, place, nest).code
        count = self.name("n")
        with self.block(f"if {self._ends(nest)}:"):
            site = self._site(self.recursion.definition(record.count), place, nest)
            self.line(f"{count} = w.least({site})")
        with self.block("else:"):
            self.line(f"{count} = {self.place(record.count, place, nest).code}")
        return count
