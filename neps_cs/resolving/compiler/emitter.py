"""What stands where in compiled code: content written out, or a call of the unit that holds it."""

from __future__ import annotations

from typing import Any

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
from neps_cs.resolving.addresses import segment
from neps_cs.resolving.compiler.analysis import INLINE, INLINE_SHARED
from neps_cs.resolving.compiler.decisions import Choice
from neps_cs.resolving.compiler.operations import OperationWriter
from neps_cs.resolving.compiler.writer import NOTHING, Place, Value
from neps_cs.resolving.program import STATELESS
from neps_cs.values import unique


class Emitter(OperationWriter):
    """Writes one unit: any record, at any place."""

    def place(self, ref: Ref, at: Place, nest: str) -> Value:
        """See Writer."""
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
        if identity or ref in self.units.once:
            return self.place(ref, Place(name), "E")
        return self._called(ref, self.units.shared(ref, name, memo=True))

    def shared(self, ref: Ref) -> Value:
        """The value of the shared use of a node."""
        home = self.program.homes[ref]
        if home in self.units.edited:
            return self.walked(ref, Place(home), "E")
        once, weight = ref in self.units.once, self.units.weights[ref]
        if (once or ref in self.units.undecided) and weight <= INLINE:
            return self.expand(ref, Place(home), "E")
        if weight <= INLINE_SHARED:
            outer, self.memo = self.memo, True
            value = self.expand(ref, Place(home), "E")
            self.memo = outer
            return value
        return self._called(ref, self.units.shared(ref, home, memo=self.memo or not once))

    def _called(self, ref: Ref, run: str) -> Value:
        value, self.reads_walk = self.name("v"), True
        self.line(f"{value} = {run}(config, source, w, d + 1)")
        return Value(value, ref in self.units.texts)

    def fresh(self, ref: Ref, at: Place, nest: str) -> Value:
        """The value of a use of its own."""
        if not at.relative and at.text in self.units.edited:
            return self.walked(ref, at, nest)
        if self.units.weights[ref] <= INLINE:
            return self.expand(ref, at, nest)
        return self._called(ref, self.cell("c", f"unit({ref}, {self.address(at)}, {nest}, {self.memo})"))

    def expand(self, ref: Ref, at: Place, nest: str) -> Value:
        """The content of a record, used at a place."""
        record = self.graph.records[ref]
        inner = "m" if ref in self.recursion.counted else nest
        match record:
            case ConstantRecord(value=value):
                return self._constant(value, at, isinstance(value, STATELESS))
            case LazyRecord(content=content):
                return self._constant(self.program.written[content], at, self.program.stateless(content))
            case NumberRecord():
                return self.number(ref, record, at, nest)
            case ChoiceRecord(choices=int() as provider):
                given = self.program.given(provider)
                if isinstance(given, SequenceRecord):
                    return self.choice(Choice(ref, record, given.items, at, nest, inner))
                return self.walked(ref, at, nest)
            case ChoiceRecord(choices=choices):
                assert isinstance(choices, tuple), "providers come first"
                return self.choice(Choice(ref, record, choices, at, nest, inner))
            case OperationRecord():
                return self.operation(record, at, inner)
            case RepeatedRecord():
                return self.repeated(ref, record, at, inner)
            case SequenceRecord(form=form, items=items):
                segments = tuple(str(i) for i in range(len(items)))
                return self._group(form, self.items(items, segments, at, nest))
            case MappingRecord(keys=keys, items=items):
                segments = unique(segment(k) for k in keys)
                values = self.items(items, segments, at, nest)
                pairs = (f"{self.constant(k)}: {self.kept(v)}" for k, v in zip(keys, values, strict=True))
                return Value(f"{{{', '.join(pairs)}}}") if self.build else NOTHING
            case ResampleRecord() | ByNameRecord() | FidelityRecord():
                return self.place(ref, at, nest)
            case _:
                assert_never(record)

    def _constant(self, value: Any, at: Place, shared: bool) -> Value:
        if shared or not self.build:
            return Value(self.constant(value))
        self.reads_walk = True
        return Value(f"w.copied({self.units.bound(value)}, {self.address(at)})")

    def items(self, items: tuple[Ref, ...], segments: tuple[str, ...], at: Place, nest: str) -> list[Value]:
        """See Writer."""
        return [self.place(r, at.below(s), nest) for r, s in zip(items, segments, strict=True)]

    def _group(self, form: str, values: list[Value]) -> Value:
        if not self.build:
            return NOTHING
        inner = ", ".join(self.kept(v) for v in values)
        if form == "list":
            return Value(f"[{inner}]")
        return Value(f"({inner},)" if values else "()")
