"""The nearest space that NePS YAML can say, with a note on everything that it changes.

| of a space | in its place |
|---|---|
| conditions, forbidden clauses | nothing: always active, not forbidden |
| an Ordinal | a Categorical |
| closed choices | the open ones alone |
| Normal, Beta, Weights | the nearest point and confidence |
| a step | a choice among the values, up to 1000; else any value |
| a range of one point, a single choice | a constant |
| other choices than numbers, texts, true and false | their texts |
| choices that are equal (1 and true) | the later ones as texts |
| a text that NePS reads as a number | the number |
| a second fidelity, or one below 0 | a parameter |
| an intermediate attribute | nothing |
| two names of one parameter | two parameters |
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from neps_cs.fidelities import Fidelity
from neps_cs.forbidden import clause_text, operands
from neps_cs.graph.records import ChoiceRecord, NumberRecord
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import DISTRIBUTIONS, ConfidenceLevel
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.space import PipelineSpace
from neps_cs.values import object_name, object_text, shortened, unwrapped
from neps_cs_converters.legacy.neps_numbers import is_scientific, scientific
from neps_cs_converters.legacy.reading import Note, Notes
from neps_cs_converters.neps.forms import exact_prior, form_of, nearest_prior

_SCALARS = (bool, int, float, str)


def nearest(space: PipelineSpace) -> tuple[PipelineSpace, Notes]:
    """A space of flat attributes as one that the writer of NePS YAML takes, and what was changed."""
    made = _Nearest(space)
    return made.space(), Notes(made.notes)


class _Nearest:
    def __init__(self, space: PipelineSpace) -> None:
        self._space = space
        self.notes: list[Note] = []
        self._first: dict[int, str] = {}
        self._fidelity: str | None = None

    def space(self) -> PipelineSpace:
        space, graph = self._space, self._space.graph
        hidden = {root.name for root in graph.roots if root.intermediate}
        attributes: dict[str, Any] = {}
        for name, value in space.attributes.items():
            if name in hidden:
                self._note(name, "an intermediate attribute", "left out")
            else:
                attributes[name] = self._attribute(name, value)
        for name in space.conditions:
            if name not in hidden:
                self._note(name, f"the condition {clause_text(space.conditions[name])}", "active always")
        for clause in space.forbidden:
            text = f"the forbidden clause {clause_text(clause)}"
            self._note(", ".join(operands(clause)), text, "not forbidden")
        return PipelineSpace.from_attributes(attributes, intermediate=frozenset(), name=graph.name)

    def _note(self, place: str, found: str, taken: str) -> None:
        self.notes.append(Note(place, shortened(found), shortened(taken)))

    def _attribute(self, name: str, value: Any) -> Any:
        if isinstance(value, (Float, Integer, Categorical, Ordinal)):
            first = self._first.setdefault(id(value), name)
            if first != name:
                self._note(name, f"the same object as {first}", "a parameter of its own")
        match value:
            case Fidelity(domain=domain):
                return self._fidelities(name, value, domain)
            case Float() | Integer():
                return self._number(name, value)
            case Categorical(choices=tuple()) | Ordinal():
                return self._choice(name, value)
            case _:
                plain = _plain(value)
                if object_text(plain) != object_text(unwrapped(value)):
                    self._note(name, f"the constant {object_text(value)}", object_text(plain))
                return plain

    def _fidelities(self, name: str, fidelity: Fidelity, domain: Float | Integer) -> Any:
        if fidelity.lower == fidelity.upper:
            return self._point(name, domain)
        if fidelity.lower < 0:
            self._note(name, f"a fidelity from {fidelity.lower!r}", "a parameter: fidelities are >= 0")
        elif self._fidelity is not None:
            self._note(name, "a second fidelity", f"a parameter: {self._fidelity} is the one")
        else:
            self._fidelity = name
            return fidelity
        return domain

    def _point(self, name: str, number: Float | Integer) -> Any:
        self._note(name, f"a range of one point, {number!r}", f"the constant {number.lower!r}")
        return number.lower

    def _number(self, name: str, number: Float | Integer) -> Any:
        if number.lower == number.upper:
            return self._point(name, number)
        record = self._space.graph.records[self._space.graph.root_of[name]]
        assert isinstance(record, NumberRecord), "of a number"
        values = form_of(record).grid
        if values is not None:
            return self._grid(name, number, values)
        if number.step is not None:
            self._note(name, f"step={number.step!r}", f"any value from {number.lower!r} to {number.upper!r}")
        prior, confidence = number.prior, number.prior_confidence
        if isinstance(prior, DISTRIBUTIONS):
            found, confidence = _nearest_prior(record)
            self._note(name, f"prior={prior!r}", _prior_text(found, confidence))
            prior = found
        kind: Any = Integer if isinstance(number, Integer) else Float
        return kind(number.lower, number.upper, number.log, number.log_base, prior, confidence,
                    number.default, number.meta)  # fmt: skip

    def _grid(self, name: str, number: Float | Integer, values: tuple[float, ...]) -> Any:
        taken = f"a choice among {len(values)} values" if len(values) > 1 else f"the constant {values[0]!r}"
        if number.prior is not None:
            taken += ", without the prior"
        self._note(name, f"step={number.step!r}", taken)
        if len(values) == 1:
            return values[0]
        default = None if number.default is None else values.index(number.default)
        return Categorical(values, default=default, meta=number.meta)

    def _choice(self, name: str, choice: Categorical | Ordinal) -> Any:
        graph = self._space.graph
        record, site = graph.records[graph.root_of[name]], self._space.resolver.program.attribute(name)
        assert isinstance(record, ChoiceRecord), "of a choice"
        assert isinstance(site, ChoiceSite), "of a choice"
        if isinstance(choice, Ordinal):
            self._note(name, "an Ordinal", "a Categorical, which has no order")
        open_ = record.open(len(site.values))
        if choice.among is not None:
            self._note(name, f"closed choices, among={choice.among}", "the open ones alone")
        assert isinstance(choice.choices, tuple), "flat"
        values = self._values(name, tuple(choice.choices[i] for i in open_), [site.values[i] for i in open_])
        if len(values) == 1:
            self._note(name, "a single choice", f"the constant {values[0]!r}")
            return values[0]
        point, confidence = _nearest_prior(record)
        if isinstance(record.prior, DISTRIBUTIONS):
            best = None if point is None else values[point]
            self._note(name, f"prior={record.prior!r}", _prior_text(best, confidence))
        default = None if choice.default is None else open_.index(choice.default)
        return Categorical(values, point, confidence, default, choice.meta)

    def _values(self, name: str, choices: Sequence[Any], labels: Sequence[Any]) -> tuple[Any, ...]:
        """Choices that NePS takes and tells apart; `labels` are what a config calls them."""
        written = [unwrapped(c) for c in choices]
        found: list[Any] = []
        for i, (choice, label) in enumerate(zip(written, labels, strict=True)):
            value: Any = scientific(choice, floats=False)
            if type(value) not in _SCALARS or value != value:
                value = _text(label)
            later = [] if value is choice else [w for w in written[i + 1 :] if type(w) in _SCALARS]
            if value in found or value in later:
                value = _another(value, [*found, *(w for w in written if type(w) in _SCALARS)])
            if value is not choice:
                self._note(name, f"the choice {object_text(choice)}", repr(value))
            found.append(value)
        return tuple(found)


def _nearest_prior(record: NumberRecord | ChoiceRecord) -> tuple[Any, ConfidenceLevel | None]:
    """A point and a confidence; (None, None) for what is uniform."""
    exact = exact_prior(record)
    return nearest_prior(record) if exact is None else exact


def _prior_text(point: Any, confidence: ConfidenceLevel | None) -> str:
    return "no prior" if confidence is None else f"prior={point!r}, prior_confidence={confidence.value!r}"


def _text(label: Any) -> str:
    """A text that NePS leaves as it is."""
    text = object_name(label)
    return f"{text}_" if is_scientific(text) else text


def _another(value: Any, taken: Sequence[Any]) -> str:
    """A text for a value that equals another one."""
    first = candidate = _text(value)
    twins = itertools.count(2)
    while candidate in taken:
        candidate = f"{first}_{next(twins)}"
    return candidate


def _plain(value: Any) -> Any:
    """A constant of what YAML holds: lists for tuples, texts for objects."""
    value = unwrapped(value)
    match value:
        case list() | tuple():
            return [_plain(v) for v in value]
        case dict():
            return {_key(k): _plain(v) for k, v in value.items()}
        case float() if math.isnan(value):
            return "nan"
        case _ if value is None or type(value) in _SCALARS:
            return value
        case _:
            return object_name(value)


def _key(key: Any) -> Any:
    return _plain(key) if not isinstance(key, tuple) else object_text(key)
