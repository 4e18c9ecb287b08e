"""Conditions and forbidden clauses of a space, on what stands in place of its parameters in a .pcs file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, parents
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation
from neps_cs.parameters import Float, Integer, Ordinal
from neps_cs.resolving.literals import choice_indices, constant_fits
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain
from neps_cs_converters.legacy.pcs_write_clauses import MAX_PRODUCT, is_awkward

_STRAIGHT: Mapping[str, type] = {
    "<": Less, "<=": LessEqual, "==": Equals, ">=": GreaterEqual, ">": Greater,
}  # fmt: skip
_MIRRORED: Mapping[str, type] = {
    "<": Greater, "<=": GreaterEqual, "==": Equals, ">=": LessEqual, ">": Less,
}  # fmt: skip
"""What must hold of a number on the right, against a value on the left."""


class UntoldError(Exception):
    """The format can't say it, nor anything near."""


class NeverError(UntoldError):
    """It never holds: what it is to forbid need not be said."""


@dataclass(frozen=True)
class Texts:
    """What stands for a choice, or for a constant: its texts, in order.

    `site` is the choice; None for a constant, which is `value`.
    """

    texts: tuple[str, ...]
    site: ChoiceSite | None = None
    value: Any = None

    @property
    def values(self) -> tuple[Plain, ...]:
        """What a config of the space calls them: relations compare these."""
        return (self.value,) if self.site is None else self.site.values

    def holding(self, literal: Any) -> tuple[int, ...]:
        """The places of the texts for which a literal holds, in order."""
        if self.site is None:
            return (0,) if constant_fits(literal, self.value) else ()
        return tuple(sorted(choice_indices(literal, self.site)))

    def of(self, parent: str, value: Plain) -> str:
        """The text of a value of the choice."""
        return self.texts[self.holding(Equals(parent, value))[0]]


class Translator:
    """Rewrites the conditions and clauses of `space` for `attributes`, which are called `names`; `texts` are
    those of its choices. With `note(place, found, taken)` it tells what means something else."""

    def __init__(
        self,
        space: PipelineSpace,
        attributes: Mapping[str, Any],
        names: Mapping[str, str],
        texts: Mapping[str, Texts],
        note: Callable[[str, str, str], None],
    ) -> None:
        self._space, self._attributes, self._names, self._texts = space, attributes, names, texts
        self._note = note

    def condition(self, child: str, condition: Condition, *, new: bool) -> Condition:
        """Raises UntoldError for one that can't be said."""
        if isinstance(condition, (And, Or)):
            read = parents(condition)
            if isinstance(condition, Or) and not new and len(read) == 1 and read[0] in self._texts:
                return self._among(read[0], sorted(self._holding(condition, self._texts[read[0]])))
            return type(condition)(tuple(self.condition(child, p, new=new) for p in condition.parts))
        if isinstance(condition, NotEquals) and condition.or_inactive:
            if condition.parent in self._space.conditions:
                found = f"a condition that holds where {condition.parent} is inactive too"
                self._note(child, found, f"only where {condition.parent} is active")
            condition = NotEquals(condition.parent, condition.value)
        said: Condition = self._literal(condition)
        return said

    def _holding(self, condition: Condition, texts: Texts) -> set[int]:
        match condition:
            case Or(parts=parts):
                return set().union(*(self._holding(p, texts) for p in parts))
            case And(parts=parts):
                return set.intersection(*(self._holding(p, texts) for p in parts))
            case _:
                return set(texts.holding(condition))

    def clause(self, clause: Clause) -> Clause | None:
        """None for one that never holds. Raises UntoldError for one that can't be said."""
        match clause:
            case And(parts=parts):
                each = [self.clause(p) for p in parts]
                kept = tuple(p for p in each if p is not None)
                return And(kept) if len(kept) == len(each) else None
            case Or(parts=parts):
                kept = tuple(p for p in map(self.clause, parts) if p is not None)
                return Or(kept) if kept else None
            case Relation():
                return self._relation(clause)
            case _:
                try:
                    said: Clause = self._literal(clause)
                except NeverError:
                    return None
                return said

    def _literal(self, literal: Any) -> Any:
        """Raises NeverError for one that never holds, and that no comparison says."""
        name = literal.parent
        texts, attribute = self._texts.get(name), self._attributes[name]
        if texts is None:
            return self._on_number(literal, attribute)
        written = self._names[name]
        if texts.site is None:
            return (Equals if texts.holding(literal) else NotEquals)(written, texts.texts[0])
        match literal:
            case In(values=values):
                return In(written, tuple(texts.of(name, v) for v in values))
            case Equals(value=value):
                return Equals(written, texts.of(name, value))
            case _:
                text = texts.of(name, literal.value)
                ordered = isinstance(attribute, Ordinal) or isinstance(literal, NotEquals)
                if ordered and not is_awkward(text):
                    return type(literal)(written, text)
                return self._among(name, texts.holding(literal))

    def _among(self, name: str, places: Sequence[int]) -> Equals | In:
        if not places:
            raise NeverError(f"a condition in a .pcs file must hold for some value of {name}")
        texts = tuple(self._texts[name].texts[i] for i in places)
        written = self._names[name]
        return Equals(written, texts[0]) if len(texts) == 1 else In(written, texts)

    def _on_number(self, literal: Any, attribute: Float | Integer) -> Any:
        """With values that the number can have, whole ones for an Integer."""
        literal = replace(literal, parent=self._names[literal.parent])
        values: tuple[Any, ...] = literal.values if isinstance(literal, In) else (literal.value,)
        kept = tuple(v for v in values if _can_be(attribute, v))
        match literal:
            case In() | Equals() if not kept:
                raise NeverError(f"{literal.parent} must be compared with a value that it can have")
            case In():
                return In(literal.parent, kept)
            case NotEquals() if not kept:
                least: Any = attribute.lower
                return Greater(literal.parent, least - 1)
            case Less() | GreaterEqual() if isinstance(attribute, Integer):
                return type(literal)(literal.parent, math.ceil(values[0]))
            case Greater() | LessEqual() if isinstance(attribute, Integer):
                return type(literal)(literal.parent, math.floor(values[0]))
            case _:
                return literal

    def _relation(self, relation: Relation) -> Clause | None:
        """Between numbers as it stands; with choices written out, by the values that they can have."""
        left, right = self._values(relation.left), self._values(relation.right)
        written = self._names[relation.left], self._names[relation.right]
        if left is None and right is None:
            return Relation(written[0], relation.operator, written[1])
        if len(left or (0,)) * len(right or (0,)) > MAX_PRODUCT:
            raise UntoldError(f"a relation must be written out to at most {MAX_PRODUCT:,} alternatives")
        found: list[Clause] = []
        if left is not None and right is not None:
            for (x, mine), (y, theirs) in itertools.product(left, right):
                if relation.holds(x, y):
                    found.append(And((Equals(written[0], mine), Equals(written[1], theirs))))
        else:
            choice, signs, at = (left, _MIRRORED, 0) if left is not None else (right, _STRAIGHT, 1)
            assert choice is not None, "one of them"
            for value, text in choice:
                if isinstance(value, (int, float)) and math.isfinite(value):  # True counts as 1
                    literal = signs[relation.operator]((relation.right, relation.left)[at], +value)
                    said = self.clause(literal)
                    if said is not None:
                        found.append(And((Equals(written[at], text), said)))
        return Or(tuple(found)) if found else None

    def _values(self, name: str) -> Sequence[tuple[Any, Any]] | None:
        """What a choice or a constant can be, each with what stands for it; None for a number."""
        if isinstance(self._attributes[name], (Float, Integer)):
            return None
        texts = self._texts[name]
        return tuple(zip(texts.values, texts.texts, strict=True))


def _can_be(number: Float | Integer, value: float) -> bool:
    inside = number.lower <= value <= number.upper  # type: ignore[operator]
    return bool(inside) and (isinstance(number, Float) or value == int(value))
