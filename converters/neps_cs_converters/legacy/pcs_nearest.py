"""The nearest space that a .pcs file can hold, with a note on everything that it changes.

| of a space | in its place |
|---|---|
| a choice that is no text | its text, as ConfigSpace's own writers have it |
| a constant, a range of one point | a Categorical of this one text, as those have it too |
| a prior, weights | a uniform parameter whose default is the prior's best value |
| step, log_base, meta | nothing |
| a fidelity | a parameter whose default is the full fidelity |
| an intermediate attribute | a parameter if a condition reads it, else nothing |
| an Ordinal, in classic syntax | a Categorical |
| a name, or a choice, with signs of the format in it | the same with other signs |
| a forbidden clause that can't be said | nothing |
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from neps_cs.conditions import Condition
from neps_cs.errors import ConversionError, Problem, SpaceError
from neps_cs.fidelities import Fidelity
from neps_cs.forbidden import Clause, clause_text, operands, pruned
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import Weights
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.space import PipelineSpace, checked_space
from neps_cs.values import Plain, object_name, object_text, shortened, unwrapped
from neps_cs_converters.configspace.beside import MARK
from neps_cs_converters.legacy.pcs_nearest_clauses import Texts, Translator, UntoldError
from neps_cs_converters.legacy.pcs_write import is_choice, is_name, write
from neps_cs_converters.legacy.pcs_write_clauses import forbidden_lines
from neps_cs_converters.legacy.ranges import own_default
from neps_cs_converters.legacy.reading import Note, Notes

_STRANGE = re.compile(r"[^\w.:;/?$%*+@-]+")
"""What no word that ConfigSpace's own readers know has in it."""
_SHOWN = 5
LEFT_OUT = "left out"


def write_nearest(space: PipelineSpace, *, new: bool) -> tuple[str, Notes]:
    """The text of the nearest flat space that the syntax can hold, and what was changed for it.

    For a space that `write` takes this is the same text, without notes, but for constants.

    Raises ConversionError with all that nothing comes near: conditions that the syntax can't say, and what
    is no flat attribute.
    """
    nearest = _Nearest(checked_space(space, "write"), new)
    made = nearest.space()
    try:
        text = write(made, new=new)
    except ConversionError as e:
        raise ConversionError([*nearest.untold, *e.problems]) from e
    if nearest.untold:
        raise ConversionError(nearest.untold)
    return text, Notes(nearest.notes)


class _Nearest:
    def __init__(self, space: PipelineSpace, new: bool) -> None:
        self._space, self._new = space, new
        self.notes: list[Note] = []
        self.untold: list[Problem] = []
        decided = set(space.resolver.order)
        self._hidden = {r.name for r in space.graph.roots if r.intermediate}
        self._kept = [n for n in space.attributes if n not in self._hidden or n in decided]
        names = unique_words(self._kept, is_name)
        self._names = dict(zip(self._kept, names, strict=True))
        self._texts: dict[str, Texts] = {}

    def space(self) -> PipelineSpace:
        """Without the conditions in `untold`."""
        self._note_space()
        attributes = {name: self._attribute(name) for name in self._kept}
        made = {self._names[name]: value for name, value in attributes.items()}
        translator = Translator(self._space, attributes, self._names, self._texts, self._note)
        conditions: dict[str, Condition] = {}
        for child, condition in self._space.conditions.items():
            if child in self._names:
                try:
                    conditions[self._names[child]] = translator.condition(child, condition, new=self._new)
                except UntoldError as e:
                    self.untold.append(Problem(str(e), clause_text(condition)[:200], child))
        free = self._checked(made, conditions, ())
        if self.untold:  # what is left may be another space, in which the clauses leave nothing
            return free
        clauses = [c for clause in self._space.forbidden for c in self._clause(clause, translator, free)]
        return self._checked(made, conditions, clauses)

    def _checked(
        self, attributes: Mapping[str, Any], conditions: Mapping[str, Condition], clauses: Sequence[Clause]
    ) -> PipelineSpace:
        try:
            return PipelineSpace.from_attributes(
                attributes, conditions=conditions, forbidden=clauses, intermediate=frozenset(),
                name=self._space.graph.name,
            )  # fmt: skip
        except SpaceError as e:
            raise ConversionError(e.problems) from e

    def _note(self, place: str, found: str, taken: str) -> None:
        self.notes.append(Note(place, shortened(found), shortened(taken)))

    def _note_space(self) -> None:
        native, name = self._space.graph.native, self._space.graph.name
        if native.meta:
            self._note(name, f"meta={dict(native.meta)!r}", LEFT_OUT)
        for key in native.constants:
            self._note(key, f"meta={dict(native.constants[key])!r}", LEFT_OUT)
        for key, kind in native.kinds.items():
            self._note(key, f"a hyperparameter of the class {kind}", "one of ConfigSpace's own")
        for key in self._space.attributes:
            if key not in self._names:
                self._note(key, "an intermediate attribute", f"{LEFT_OUT}: nothing reads it")

    def _attribute(self, name: str) -> Any:
        value, written = self._space.attributes[name], self._names[name]
        if written != name:
            self._note(name, f"the name {name!r}", repr(written))
        if name in self._hidden:
            self._note(name, "an intermediate attribute", "a parameter that evaluate_pipeline receives")
        match value:
            case Fidelity(domain=domain):
                return self._fidelity(name, domain)
            case Float() | Integer():
                return self._number(name, value)
            case Categorical(choices=tuple()) | Ordinal():
                return self._choice(name, value)
            case _:
                return self._constant(name, value)

    def _fidelity(self, name: str, domain: Float | Integer) -> Any:
        self._note(name, "a fidelity", f"a parameter, with the default {domain.upper!r}")
        return self._number(name, domain, domain.upper)  # type: ignore[arg-type]

    def _number(self, name: str, number: Float | Integer, full: float | None = None) -> Any:
        """`full`: the default where the number has none."""
        lower, upper = number.lower, number.upper
        assert isinstance(lower, (int, float)), "flat"
        assert isinstance(upper, (int, float)), "flat"
        if lower == upper:
            return self._one_text(name, lower, f"a range of one point, {number!r}")
        kind: Any = Integer if isinstance(number, Integer) else Float
        plain = kind(lower, upper, number.log)
        default = full if number.default is None else number.default
        prior = number.prior
        if default is None and isinstance(prior, (int, float)):
            default = prior
        elif default is None and prior is not None:
            default = own_default(kind(lower, upper, number.log, prior=prior))
        own = own_default(plain)
        if number.step is not None:
            self._note(name, f"step={number.step!r}", f"any value from {lower!r} to {upper!r}")
        if prior is not None:
            best = own if default is None else default
            self._note(name, _prior_text(number), f"uniform, with the default {best!r}")
        if number.log_base is not None:
            self._note(name, f"log_base={number.log_base!r}", LEFT_OUT)
        self._note_meta(name, number.meta)
        return plain if default is None or default == own else kind(lower, upper, number.log, default=default)

    def _note_meta(self, name: str, meta: Mapping[Any, Any] | None) -> None:
        own = {k: v for k, v in (meta or {}).items() if k != MARK}
        if own or meta == {}:
            self._note(name, f"meta={own!r}", LEFT_OUT)

    def _choice(self, name: str, choice: Categorical | Ordinal) -> Categorical | Ordinal:
        site = self._space.resolver.program.attribute(name)
        assert isinstance(site, ChoiceSite), "of a choice"
        texts = self._in_texts(name, site.values)
        default = choice.default
        if isinstance(choice, Categorical) and choice.prior is not None:
            if default is None:
                default = _best(choice.prior)
            self._note(name, _prior_text(choice), f"uniform, with the default {texts[default]!r}")
        self._note_meta(name, choice.meta)
        ordered = isinstance(choice, Ordinal)
        if ordered and not self._new:
            self._note(name, "an Ordinal", "a Categorical, which has no order")
        self._texts[name] = Texts(texts, site)
        return (Ordinal if ordered and self._new else Categorical)(texts, default=default or None)

    def _in_texts(self, name: str, values: Sequence[Plain]) -> tuple[str, ...]:
        """Each choice as a text of its own."""
        texts = unique_words(values, is_choice)
        if texts == ("",):
            texts = ("_",)
        plain = [(v, t) for v, t in zip(values, texts, strict=True) if not isinstance(v, str)]
        simple = [(v, t) for v, t in plain if t == object_name(v)]
        if simple:
            found, taken = _row(object_text(v) for v, _ in simple), _row(repr(t) for _, t in simple)
            self._note(name, f"choices that are no texts: {found}", f"the texts {taken}")
        for value, text in zip(values, texts, strict=True):
            if text != object_name(value):
                self._note(name, f"the choice {object_text(value)}", f"the text {text!r}")
        return texts

    def _constant(self, name: str, value: Any) -> Any:
        return self._one_text(name, unwrapped(value), f"the constant {object_text(value)}")

    def _one_text(self, name: str, value: Any, found: str) -> Categorical:
        """As ConfigSpace's own writers have constants. A number would be a range of one point, which its
        readers refuse."""
        text = object_text(value) if isinstance(value, (tuple, list, dict)) else object_name(value)
        text = text if text and is_choice(text) else word_of(text)
        self._note(name, found, f"a choice with the one text {text!r}")
        self._texts[name] = Texts((text,), value=value)
        return Categorical((text,))

    def _clause(self, clause: Clause, translator: Translator, free: PipelineSpace) -> Iterator[Clause]:
        """What can be said of a clause; nothing of one that never holds."""
        left = pruned(clause, lambda address: address in self._names)
        problems: list[Problem] = []
        try:
            said = None if left is None else translator.clause(left)
            if said is not None:
                forbidden_lines(said, free, problems, self._new)
        except UntoldError as e:
            problems.append(Problem(str(e), ""))
        if problems:
            place = ", ".join(operands(clause))
            self._note(place, f"the forbidden clause {clause_text(clause)}", f"nothing: {problems[0].rule}")
        elif said is not None:
            yield said


def _best(prior: int | Weights) -> int:
    """The first choice of the greatest mass."""
    return prior.values.index(max(prior.values)) if isinstance(prior, Weights) else prior


def _prior_text(parameter: Float | Integer | Categorical) -> str:
    confidence = parameter.prior_confidence
    text = f"prior={parameter.prior!r}"
    return text if confidence is None else f"{text}, prior_confidence={confidence.value!r}"


def _row(texts: Iterable[str]) -> str:
    """The first of several texts."""
    listed = list(texts)
    return ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")


def word_of(text: str) -> str:
    """A word that every reader of .pcs files takes, as near to a text as can be."""
    return _STRANGE.sub("_", text).strip("_") or "_"


def unique_words(values: Sequence[Plain], fits: Callable[[str], bool]) -> tuple[str, ...]:
    """A text for each value, all different: texts that fit stay as they are."""
    taken = {v for v in values if isinstance(v, str) and fits(v)}
    found = []
    for value in values:
        if isinstance(value, str) and value in taken:
            found.append(value)
            continue
        text = object_name(value)
        first = candidate = text if fits(text) else word_of(text)
        twins = itertools.count(2)
        while candidate in taken:
            candidate = f"{first}_{next(twins)}"
        taken.add(candidate)
        found.append(candidate)
    return tuple(found)
