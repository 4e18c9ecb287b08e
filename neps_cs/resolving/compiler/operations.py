"""Operations and repetitions in compiled code."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from typing import Any

from neps_cs.graph.records import MappingRecord, OperationRecord, Ref, RepeatedRecord, SequenceRecord
from neps_cs.resolving.addresses import argument_segments
from neps_cs.resolving.compiler.decisions import DecisionWriter
from neps_cs.resolving.compiler.writer import NOTHING, Place, Value
from neps_cs.values import callable_name

_WORD = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
_LONG = 200
"""Sums of so many texts nest too deep for Python's compiler."""


class OperationWriter(DecisionWriter):
    """Writes operations and repeated content."""

    def operation(self, record: OperationRecord, at: Place, nest: str) -> Value:
        args, words = argument_segments(self.graph, self.recursion, record)
        given, named = self.graph.records[record.args], self.graph.records[record.kwargs]
        if isinstance(given, SequenceRecord):
            segments = tuple(str(i) for i in range(len(given.items)))
            positional = self.items(given.items, segments, at.below(args), nest)
        else:
            inner = self.place(record.args, at.below(args), nest)
            positional = [Value(f"*positionals({self.kept(inner)})")]
        if isinstance(named, MappingRecord):
            values = self.items(named.items, words, at, nest)
            keywords: list[tuple[str | None, Value]] = [
                (str(k), v) for k, v in zip(named.keys, values, strict=True)
            ]
        else:
            inner = self.place(record.kwargs, at.below(words[0]), nest)
            keywords = [(None, Value(f"**checked_kwargs({self.kept(inner)}, {self.address(at)})"))]
        if not self.build:
            return NOTHING
        if isinstance(record.operator, str):
            return self._text(record.operator, positional, keywords)
        return self._call(record.operator, positional, keywords, at)

    def _call(
        self,
        operator: Callable[..., Any],
        args: list[Value],
        kwargs: list[tuple[str | None, Value]],
        at: Place,
    ) -> Value:
        value = self.name("v")
        parts = [self.kept(a) for a in args]
        # what is not ASCII may be another name once it is read as source, and __debug__ is no name
        odd = [
            k for k, _ in kwargs if k is not None and not (_WORD.fullmatch(k) and not keyword.iskeyword(k))
        ]
        for key, given in kwargs:
            if key is None:
                parts.append(given.code)
            elif odd:
                parts.append(f"**{{{key!r}: {self.kept(given)}}}")
            else:
                parts.append(f"{key}={self.kept(given)}")
        self.reads_walk = True
        with self.block("try:"):
            self.line(f"{value} = {self.units.bound(operator)}({', '.join(parts)})")
        with self.block("except Exception as e:"):
            self.line(f"w.failed_in(e, {callable_name(operator)!r}, {self.address(at)})")
            self.line("raise")
        return Value(value)

    def _text(self, operator: str, args: list[Value], kwargs: list[tuple[str | None, Value]]) -> Value:
        """The text of an operation whose operator is one."""
        value = self.name("v")
        if any(a.code.startswith("*") for a in args) or any(k is None for k, _ in kwargs):
            inner = ", ".join([*(self.kept(a) for a in args), *(self._pair(k, v) for k, v in kwargs)])
            self.line(f"{value} = described({operator!r}, {inner})")
            return Value(value, text=True)
        pieces = [f"{operator}("]
        for i, (key, given) in enumerate([*((None, a) for a in args), *kwargs]):
            pieces[-1] += (", " if i else "") + ("" if key is None else f"{key}=")
            pieces += [given.code if given.text else f"repr({given.code})", ")"]
            if i < len(args) + len(kwargs) - 1:
                pieces[-1] = ""
        texts = [repr(piece) if k % 2 == 0 else piece for k, piece in enumerate(pieces)]
        joined = " + ".join(texts) if len(texts) < _LONG else f"''.join(({', '.join(texts)}))"
        if len(pieces) == 1:
            return Value(repr(pieces[0] + ")"), text=True)
        self.line(f"{value} = {joined}")
        return Value(value, text=True)

    def _pair(self, key: str | None, value: Value) -> str:
        return value.code if key is None else f"**{{{key!r}: {self.kept(value)}}}"

    def repeated(self, ref: Ref, record: RepeatedRecord, at: Place, nest: str) -> Value:
        count = self._count_of(ref, record, at, nest)
        items, runs, self.reads_walk = self.name("v"), self.name("r"), True
        self.head.append(f"{runs} = []")
        with self.block(f"if len({runs}) < {count}:"):
            content = f"{record.content}, {self.address(at)}, {nest}, {self.memo}"
            self.line(f"extend({runs}, {count}, {content})")
        if self.build:
            self.line(f"{items} = []")
        with self.block(f"for f in {runs}[:{count}]:"):
            call = "f(config, source, w, d + 1)"
            self.line(f"{items}.append({call})" if self.build else call)
        return Value(f"tuple({items})") if self.build else NOTHING

    def _count_of(self, ref: Ref, record: RepeatedRecord, at: Place, nest: str) -> str:
        place = at.below("count")
        may_end = self.recursion.can_be_empty(ref) and self.recursion.heights[record.content] > 0
        if not may_end or self.source == "replay":
            return self.place(record.count, place, nest).code
        count = self.name("n")
        with self.block(f"if {self.ends(nest)}:"):
            site = self.site(self.recursion.definition(record.count), place, nest)
            self.line(f"{count} = w.least({site})")
        with self.block("else:"):
            self.line(f"{count} = {self.place(record.count, place, nest).code}")
        return count
