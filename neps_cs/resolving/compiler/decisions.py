"""Decisions in compiled code: drawn, read from a record, or left to a decide-function."""

from __future__ import annotations

from typing import Any, NamedTuple

from typing_extensions import assert_never

from neps_cs.graph.records import ChoiceRecord, ConstantRecord, NumberRecord, Ref
from neps_cs.resolving.compiler.writer import Place, Value, Writer
from neps_cs.resolving.program import STATELESS
from neps_cs.resolving.sites import Branches, ChoiceSite, NumberSite, is_large

_IF_CHAIN = 8
"""Choices with up to so many branches are written out, others go through a table of functions."""


class Choice(NamedTuple):
    """A use of a choice: the nesting around and inside of it."""

    ref: Ref
    record: ChoiceRecord
    choices: tuple[Ref, ...]
    at: Place
    nest: str
    inner: str


class DecisionWriter(Writer):
    """Writes numbers and choices."""

    def number(self, ref: Ref, record: NumberRecord, at: Place, nest: str) -> Value:
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
                self.line(f"{value} = source({self.site(ref, at, nest)}, ({low}, {high}))")
            case "uniform" | "prior" if not fixed:
                self.reads_walk = True
                self.line(f"{value} = w.decide({self.units.bound(NumberSite('', record))}, ({low}, {high}))")
            case "prior" if record.prior is not None:
                self.line(f"{value} = {self.units.bound(NumberSite('', record).by_prior)}(source())")
            case "uniform" | "prior":
                self._uniform(record, value)
            case _:
                assert_never(self.source)
        self.line(f"config[{address}] = {value}")

    def _recorded_number(
        self, record: NumberRecord, address: str, value: str, bounds: tuple[str, str]
    ) -> None:
        (low, high), kind = bounds, "int" if record.integer else "float"
        fits = f"number({self.units.bound(record)}, {low}, {high}, {value})"
        self.line(f"{value} = source[{address}]")
        if record.step is not None:
            self.line(f"{value} = {fits}")
            return
        with self.block(f"if {value}.__class__ is not {kind} or not {low} <= {value} <= {high}:"):
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
            self.line(f"{value} = w.decide({self.units.bound(NumberSite('', record))}, ({low}, {high}))")
        elif record.legal is not None:
            self.line(f"{value} = {self.units.bound(NumberSite('', record).uniform)}(source())")
        elif record.step is not None or record.log != scale.curved:
            self.line(f"{value} = {self.units.bound(scale.from_unit)}(source())")
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

    def choice(self, choice: Choice) -> Value:
        branches = self.program.branches(choice.ref, choice.choices, choice.record.among)
        address = self.address(choice.at)
        constants = [self.graph.records[c] for c in choice.choices]
        plain = all(isinstance(c, ConstantRecord) and isinstance(c.value, STATELESS) for c in constants)
        if not self.memo:
            if plain and self._reads_value(constants, branches):
                return self._recorded_value(branches, address)
            index = self._index(choice, branches, address)
            if plain:
                return self._plain_choice(constants, branches, address, index)
            index = self._kept_index(index)
            self.line(f"config[{address}] = {self.units.bound(branches.values)}[{index}]")
            return self._branches(branches, choice.at, choice.inner, index)
        index, self.reads_walk = self.name("i"), True
        self.line(f"{index} = w.taken.get({address})")
        with self.block(f"if {index} is None:"):
            self.line(f"{index} = w.taken[{address}] = {self._index(choice, branches, address)}")
            self.line(f"config[{address}] = {self.units.bound(branches.values)}[{index}]")
        if plain:
            return Value(f"{self.units.bound(tuple(c.value for c in constants))}[{index}]")  # type: ignore[union-attr]
        return self._branches(branches, choice.at, choice.inner, index)

    def _reads_value(self, constants: list[Any], branches: Branches) -> bool:
        """Whether a recorded value can be taken as it is: all are strings, or all integers."""
        values = branches.values
        handed_over = not self.build or all(c.value is v for c, v in zip(constants, values, strict=True))
        return self.source == "replay" and handed_over and {type(v) for v in values} in ({str}, {int})

    def _recorded_value(self, branches: Branches, address: str) -> Value:
        value, open_ = self.name("v"), {branches.values[i]: branches.values[i] for i in branches.every}
        self.draws += 1
        if type(branches.values[0]) is str:
            self.line(f"{value} = config[{address}] = {self.units.bound(open_)}[source[{address}]]")
            return Value(value)
        self.line(f"{value} = source[{address}]")
        with self.block(f"if {value}.__class__ is not int or {value} not in {self.units.bound(open_)}:"):
            held, index = self.units.bound(branches.values), self._recorded_index(branches, value)
            self.line(f"{value} = {held}[{index}]")
        self.line(f"config[{address}] = {value}")
        return Value(value)

    def _plain_choice(self, constants: list[Any], branches: Branches, address: str, index: str) -> Value:
        """A choice among values, most often those that a config holds too."""
        value, held = self.name("v"), self.units.bound(branches.values)
        given = tuple(c.value for c in constants)
        if not self.build or all(a is b for a, b in zip(given, branches.values, strict=True)):
            self.line(f"{value} = config[{address}] = {held}[{index}]")
            return Value(value)
        index = self._kept_index(index)
        self.line(f"config[{address}] = {held}[{index}]")
        return Value(f"{self.units.bound(given)}[{index}]")

    def _kept_index(self, index: str) -> str:
        """The name of an index that is needed twice."""
        if index.isidentifier():
            return index
        name = self.name("i")
        self.line(f"{name} = {index}")
        return name

    def _index(self, choice: Choice, branches: Branches, address: str) -> str:
        """An expression for the index of the branch: drawn, read or decided."""
        self.draws += 1
        if self.source == "replay":
            return self._recorded_index(branches, f"source[{address}]")
        root = self.program.root
        template = ChoiceSite(
            "", choice.record, branches, 0, lambda i: self.program.fresh(branches.refs[i], "", root)
        )
        site = "" if self.source != "decide" else self.site(choice.ref, choice.at, choice.nest)
        if branches.soonest == branches.every:
            return self._one_of(template, branches.every, site)
        index = self.name("i")
        with self.block(f"if {self.ends(choice.inner)}:"):
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
            place = f"{self.units.bound(quantile)}(source())"
        else:
            place = f"int(source() * {len(allowed)})"
        return place if allowed == tuple(range(len(allowed))) else f"{allowed!r}[{place}]"

    def _recorded_index(self, branches: Branches, recorded: str) -> str:
        if {type(v) for v in branches.values} == {str}:
            return f"{self.units.bound({branches.values[i]: i for i in branches.every})}[{recorded}]"
        return f"index({self.units.bound(branches)}, {recorded})"

    def ends(self, inner: str) -> str:
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
                parts = f"{self.units.bound(branches)}, {index}, {self.address(at)}, {nest}, {self.memo}"
                self.line(f"{value} = {table}[{index}] = branch({parts})")
            self.line(f"{value} = {value}(config, source, w, d + 1)")
            return Value(value)
        text = all(branches.refs[i] in self.units.texts for i in branches.every)
        first, last = branches.every[0], branches.every[-1]
        for i in branches.every:  # what is closed is not even written
            opening = (
                f"if {index} == {i}:" if i == first else "else:" if i == last else f"elif {index} == {i}:"
            )
            with self.block("if True:" if first == last else opening):
                found = self.place(branches.refs[i], at.below(branches.labels[i]), nest)
                self.line(f"{value} = {found.code if text else self.kept(found)}")
        return Value(value, text)
