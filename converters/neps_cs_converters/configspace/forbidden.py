"""Forbidden clauses ⇄ those of ConfigSpace. Inverses side by side.

| what ConfigSpace 1.2.2 does | what stands here |
|---|---|
| its sampler takes <= for >= | its clause, with a function of ours in that place |
| its check of >= prints | the same |
| draws log integers with a prior beside their vectors | such a function, of the vectors of the values |
| knows no != | In the others, or < and > |
| refuses values that a hyperparameter can't have | the clause by those it can, or none |
| compares labels or places where it can't hold the values | the pairs of values for which a relation holds |
| raises where a relation meets values that can't be compared | the same |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import ConfigSpace as CS
import numpy as np
from ConfigSpace import forbidden as csf
from ConfigSpace.forbidden import ForbiddenLike
from ConfigSpace.hyperparameters import FloatHyperparameter
from typing_extensions import assert_never

from neps_cs.codings import Cut, Fixed, Grid, Held, Position, Spread
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.conditions import Literal as ConditionLiteral
from neps_cs.errors import ConversionError, Problem
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Literal, Relation, operands
from neps_cs.graph.native import Native
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.forbidding import Forbidding
from neps_cs.resolving.literals import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.star import Star
from neps_cs.resolving.unroll import Entry
from neps_cs.values import Plain, plain_key
from neps_cs_converters.configspace.hyperparameters import Coded
from neps_cs_converters.configspace.places import placed

Decode: TypeAlias = Callable[[str, Any], Plain]

_RELATIONS: Mapping[str, type[csf.ForbiddenRelation]] = {
    "<": CS.ForbiddenLessThanRelation,
    "<=": csf.ForbiddenLessThanEqualsRelation,
    "==": CS.ForbiddenEqualsRelation,
    ">=": csf.ForbiddenGreaterThanEqualsRelation,
    ">": CS.ForbiddenGreaterThanRelation,
}
_OPERATORS = {kind: operator for operator, kind in _RELATIONS.items()}
_LITERALS: Mapping[type[Literal], Any] = {
    Equals: CS.ForbiddenEqualsClause,
    Less: csf.ForbiddenLessThanClause,
    LessEqual: csf.ForbiddenLessThanEqualsClause,
    Greater: csf.ForbiddenGreaterThanClause,
    GreaterEqual: csf.ForbiddenGreaterThanEqualsClause,
}
_KINDS: Mapping[Any, Any] = {kind: literal for literal, kind in _LITERALS.items()}


MAX_PAIRS = 10_000
"""So many pairs of values are written out at most for a relation."""


class Unsaid(NamedTuple):
    """A clause that ConfigSpace can't say, and why."""

    clause: Clause
    reason: str


class _UnsaidError(Exception):
    """Never reaches a user: becomes an `Unsaid`."""


def to_forbidden(
    forbidding: Forbidding,
    table: Star,
    coded: Mapping[str, Coded],
    native: Native,
) -> tuple[list[ForbiddenLike], list[Unsaid]]:
    """ConfigSpace's form of all clauses of a space that may hold, and those that it can't say.

    `coded` are the hyperparameters: what has none is never active, and forbids nothing.
    """
    entries = {e.address: e for e in table.entries}
    to, clauses, unsaid = _ToForbidden(entries, coded, native), list[ForbiddenLike](), list[Unsaid]()
    for bound in forbidding.clauses:
        try:
            made = to.clause(_among_living(bound.addressed, table))
        except _UnsaidError as e:
            unsaid.append(Unsaid(bound.clause, str(e)))
            continue
        if made is not None:
            clauses.append(made)
    return clauses, unsaid


def _among_living(clause: Clause, table: Star) -> Clause:
    """The clause, with the path of each decision that may have a value where it is dead beside it."""
    match clause:
        case And(parts=parts):
            return And(tuple(_among_living(p, table) for p in parts))
        case Or(parts=parts):
            return Or(tuple(_among_living(p, table) for p in parts))
        case _:
            loose = [a for a in operands(clause) if a in table.loose]
            if table.short.intersection(loose):
                raise _UnsaidError(f"too many paths lead to {', '.join(loose)}")
            return And((clause, *(table.paths[a] for a in loose))) if loose else clause


class _ToForbidden:
    """Clauses by the addresses of decisions; None stands for what never holds."""

    def __init__(self, entries: Mapping[str, Entry], coded: Mapping[str, Coded], native: Native) -> None:
        self._entries, self._coded, self._native = entries, coded, native

    def clause(self, clause: Clause) -> ForbiddenLike | None:
        """ConfigSpace's form of a clause."""
        match clause:
            case And(parts=parts):
                every = [self.clause(p) for p in parts]
                kept = [c for c in every if c is not None]
                return CS.ForbiddenAndConjunction(*kept) if len(kept) == len(every) else None
            case Or(parts=parts):
                some = [c for p in parts if (c := self.clause(p)) is not None]
                return csf.ForbiddenOrConjunction(*some) if some else None
            case Relation():
                return self._relation(clause)
            case Equals() | NotEquals() | In() | Less() | Greater() | LessEqual() | GreaterEqual():
                return self._literal(clause) if clause.parent in self._coded else None
            case _:
                assert_never(clause)

    def _literal(self, literal: Literal) -> ForbiddenLike | None:
        entry, (hyperparameter, coding) = self._entries[literal.parent], self._coded[literal.parent]
        match coding:
            case Fixed(value=value, held=held):
                if isinstance(entry.site, ConstantSite):
                    fits = constant_fits(literal, value)
                else:  # a range of one point
                    fits = number_test(literal)(entry.allowed[0])
                return _on_constant(literal, hyperparameter, held) if fits else None
            case Position(held=held):
                return self._choice(literal, entry, hyperparameter, held)
            case Held():
                return _native_number(literal, entry, hyperparameter)
            case Grid() | Spread() | Cut():
                return self._place(literal, entry, hyperparameter, coding)
            case _:
                assert_never(coding)

    def _choice(
        self, literal: Literal, entry: Entry, hyperparameter: Any, held: tuple[Any, ...]
    ) -> ForbiddenLike | None:
        site = entry.site
        assert isinstance(site, ChoiceSite), "of a choice"
        open_ = [int(i) for i in entry.allowed]
        given = [index_of(site.branches, v) for v in _values(literal)]
        if all(i in open_ for i in given) and not isinstance(literal, NotEquals):
            return _native(literal, hyperparameter, [held[open_.index(i)] for i in given if i is not None])
        holds = [held[k] for k, i in enumerate(open_) if i in choice_indices(literal, site)]
        if len(holds) == 1:
            return CS.ForbiddenEqualsClause(hyperparameter, holds[0])
        return CS.ForbiddenInClause(hyperparameter, holds) if holds else None

    def _place(
        self, literal: Literal, entry: Entry, hyperparameter: Any, coding: Grid | Spread | Cut
    ) -> ForbiddenLike | None:
        """A clause on the place that stands for a decision."""
        if isinstance(coding, Spread) and (coding.lower_at is not None or coding.upper_at is not None):
            raise _UnsaidError(f"a place between drawn bounds can't be compared @ {literal.parent}")
        if isinstance(entry.site, NumberSite):
            bounds = _by_bounds(literal, *entry.allowed)
            if isinstance(bounds, bool):
                return _always(hyperparameter) if bounds else None
        parts = _as_conditions(literal)
        settled = [placed(part, entry, coding) for part in parts]
        if True in settled:
            return _always(hyperparameter)
        plain = (_plainly(s, hyperparameter) for s in settled if not isinstance(s, bool))
        made = [c for c in plain if c is not None]
        return made[0] if len(made) == 1 else csf.ForbiddenOrConjunction(*made) if made else None

    def _relation(self, relation: Relation) -> ForbiddenLike | None:
        if relation.left not in self._coded or relation.right not in self._coded:
            return None
        plain = self._holds_values(relation.left) and self._holds_values(relation.right)
        if plain and self._compares(relation):
            sides = (self._coded[a].hyperparameter for a in (relation.left, relation.right))
            return _RELATIONS[relation.operator](*sides)
        parts = tuple(self._pairs(relation))
        return self.clause(Or(parts)) if parts else None

    def _holds_values(self, address: str) -> bool:
        """Whether a hyperparameter is over the values that a config holds, not over labels or places."""
        match self._coded[address].coding:
            case Position(choices=choices, held=held):
                same = all(_same(a, b) for a, b in zip(choices, held, strict=True))
                return same or address in self._native.values
            case Fixed(value=value, held=held):
                return _same(value, held)
            case Held():
                return True
            case Grid() | Spread() | Cut():
                return False

    def _compares(self, relation: Relation) -> bool:
        """Whether all values of the two sides can be compared: ConfigSpace raises where some can't."""
        left, right = (
            {_kind(v) for v in self._values_of(a) or (0.0,)} for a in (relation.left, relation.right)
        )
        return relation.operator == "==" or left == right in ({"number"}, {"text"})

    def _pairs(self, relation: Relation) -> Iterator[Clause]:
        """The values of one side, each with what the other must be then."""
        left, operator, right = relation.left, relation.operator, relation.right
        values, others = self._values_of(left), self._values_of(right)
        if values is None:
            if others is None:
                raise _UnsaidError(f"places can't be compared with each other: {left} {operator} {right}")
            yield from self._pairs(Relation(right, _TURNED[operator], left))
            return
        if len(values) * len(others or ()) > MAX_PAIRS:
            raise _UnsaidError(f"more than {MAX_PAIRS:,} pairs of values: {left} {operator} {right}")
        for value in values:
            if others is not None:
                fitting = tuple(v for v in others if relation.holds(value, v))
                if fitting:
                    yield And((Equals(left, value), In(right, fitting)))
            elif isinstance(value, (bool, int, float)):
                number = int(value) if isinstance(value, bool) else value
                yield And((Equals(left, value), _SIDES[operator](right, number)))

    def _values_of(self, address: str) -> list[Plain] | None:
        """All values of a decision; None where they are too many."""
        match self._coded[address].coding:
            case Position(choices=choices) | Cut(choices=choices):
                return list(choices)
            case Fixed(value=value):
                return [value]
            case Grid(scale=scale):
                return [scale.grid(k) for k in range(scale.points)] if scale.points <= MAX_PAIRS else None
            case Spread(points=tuple() as points):
                return list(points)
            case Held() | Spread():
                return None


_TURNED = {"<": ">", "<=": ">=", "==": "==", ">=": "<=", ">": "<"}
_SIDES: Mapping[str, type[Equals | Less | LessEqual | Greater | GreaterEqual]] = {
    "<": Greater, "<=": GreaterEqual, "==": Equals, ">=": LessEqual, ">": Less,
}  # fmt: skip


def _native_number(literal: Literal, entry: Entry, hyperparameter: Any) -> ForbiddenLike | None:
    """With values that ConfigSpace accepts: within the bounds, and whole for an integer."""
    assert isinstance(entry.site, NumberSite | FidelitySite), "of a number"
    (lower, upper), integer = entry.allowed, entry.site.record.integer

    def possible(value: float) -> bool:
        return lower <= value <= upper and (not integer or value == int(value))

    given = _numbers(literal)
    legal = [_clipped(v, hyperparameter) for v in given if possible(v)]
    if isinstance(literal, NotEquals):
        if not legal:
            return _always(hyperparameter)
        sides = (csf.ForbiddenLessThanClause, csf.ForbiddenGreaterThanClause)
        return csf.ForbiddenOrConjunction(*(_guarded(side(hyperparameter, legal[0])) for side in sides))
    if len(legal) == len(given):
        return _native(literal, hyperparameter, legal)
    if isinstance(literal, (Equals, In)):
        return _guarded(CS.ForbiddenInClause(hyperparameter, legal)) if legal else None
    bounds = _by_bounds(literal, lower, upper)
    if isinstance(bounds, bool):
        return _always(hyperparameter) if bounds else None
    if isinstance(literal, (Less, LessEqual)):  # a fraction between integers
        return _guarded(csf.ForbiddenLessThanEqualsClause(hyperparameter, math.floor(given[0])))
    return _guarded(csf.ForbiddenGreaterThanEqualsClause(hyperparameter, math.ceil(given[0])))


def _by_bounds(literal: Literal, lower: float, upper: float) -> bool | None:
    """Whether a literal holds where the bounds alone decide that, else None."""
    value = _numbers(literal)[0]
    match literal:
        case Less() | LessEqual():
            return None if lower <= value <= upper else value > upper
        case Greater() | GreaterEqual():
            return None if lower <= value <= upper else value < lower
        case _:
            return None


def _as_conditions(literal: Literal) -> tuple[ConditionLiteral, ...]:
    """The literals of conditions of which one must hold."""
    match literal:
        case LessEqual(parent=parent, value=value):
            return Less(parent, value), Equals(parent, value)
        case GreaterEqual(parent=parent, value=value):
            return Greater(parent, value), Equals(parent, value)
        case _:
            return (literal,)


def _plainly(condition: Condition, hyperparameter: Any) -> ForbiddenLike | None:
    """A condition on a place as a clause."""
    match condition:
        case And(parts=parts):
            every = [_plainly(p, hyperparameter) for p in parts]
            kept = [c for c in every if c is not None]
            return CS.ForbiddenAndConjunction(*kept) if len(kept) == len(every) else None
        case Or(parts=parts):
            some = [c for p in parts if (c := _plainly(p, hyperparameter)) is not None]
            return csf.ForbiddenOrConjunction(*some) if some else None
        case NotEquals(value=value):
            sides = (csf.ForbiddenLessThanClause, csf.ForbiddenGreaterThanClause)
            return csf.ForbiddenOrConjunction(*(side(hyperparameter, value) for side in sides))
        case Equals() | In() | Less() | Greater():
            return _native(condition, hyperparameter, list(_values(condition)))
        case _:
            assert_never(condition)


def _native(literal: Literal, hyperparameter: Any, values: list[Any]) -> ForbiddenLike:
    if isinstance(literal, In):
        return _guarded(CS.ForbiddenInClause(hyperparameter, values))
    return _guarded(_LITERALS[type(literal)](hyperparameter, values[0]))


def _on_constant(literal: Literal, hyperparameter: Any, held: Any) -> ForbiddenLike:
    """A literal that holds, with the value as the Constant has it."""
    if isinstance(literal, In):
        return CS.ForbiddenInClause(hyperparameter, [held] * len(literal.values))
    return CS.ForbiddenEqualsClause(hyperparameter, held)


def _values(literal: Literal) -> tuple[Plain, ...]:
    return literal.values if isinstance(literal, In) else (literal.value,)


def _numbers(literal: Literal) -> list[float]:
    return [v for v in _values(literal) if isinstance(v, (int, float))]


def _clipped(value: float, hyperparameter: Any) -> float:
    """The value itself; the bounds of a float may lie a rounding inside of ours."""
    if not isinstance(hyperparameter, FloatHyperparameter):
        return value
    return min(hyperparameter.upper, max(hyperparameter.lower, value))


def _always(hyperparameter: Any) -> ForbiddenLike:
    """Holds wherever the hyperparameter is active."""
    return _guarded(csf.ForbiddenGreaterThanEqualsClause(hyperparameter, hyperparameter.lower))


def _kind(value: object) -> str:
    return (
        "text" if isinstance(value, str) else "number" if isinstance(value, (bool, int, float)) else "other"
    )


def _same(a: Any, b: Any) -> bool:
    plain = b.item() if isinstance(b, np.generic) else b
    return plain_key(a) == plain_key(plain)


@dataclass(frozen=True, eq=False)
class _Vectors:
    """What ConfigSpace asks of a clause on one hyperparameter, as it should answer."""

    clause: Any
    compared: Callable[..., Any]
    snaps: bool

    def __call__(self, vectors: Any) -> Any:
        """For one vector, or an array with a vector in each column. An inactive value is NaN."""
        values, hyperparameter = np.asarray(vectors[self.clause.vector_id]), self.clause.hyperparameter
        if self.snaps:
            active = ~np.isnan(values)
            values = values.copy()
            values[active] = hyperparameter.to_vector(hyperparameter.to_value(values[active]))
        several = isinstance(self.clause, CS.ForbiddenInClause)
        return self.compared(values, self.clause.vector_values if several else self.clause.vector_value)


_COMPARED: Mapping[Any, Callable[..., Any]] = {
    CS.ForbiddenEqualsClause: np.equal,
    CS.ForbiddenInClause: np.isin,
    csf.ForbiddenLessThanClause: np.less,
    csf.ForbiddenLessThanEqualsClause: np.less_equal,
    csf.ForbiddenGreaterThanClause: np.greater,
    csf.ForbiddenGreaterThanEqualsClause: np.greater_equal,
}


def _guarded(clause: Any) -> ForbiddenLike:
    """ConfigSpace's own clause, of its own class, but for what is wrong with it in 1.2.2."""
    kind, hp = type(clause), clause.hyperparameter
    wrong = kind in (csf.ForbiddenLessThanEqualsClause, csf.ForbiddenGreaterThanEqualsClause)
    snaps = isinstance(hp, (CS.NormalIntegerHyperparameter, CS.BetaIntegerHyperparameter)) and hp.log
    if wrong or snaps:
        vectors = _Vectors(clause, _COMPARED[kind], snaps)
        clause.__dict__ |= {"is_forbidden_vector": vectors, "is_forbidden_vector_array": vectors}
    return clause  # type: ignore[no-any-return]


def from_forbidden(clause: ForbiddenLike, decode: Decode) -> Clause:
    """Our form of a clause; `decode(name, value)` gives a value as a config holds it.

    Raises ConversionError for a class that ConfigSpace 1.2 does not have, and for a conjunction or a
    collection of nothing.
    """
    kind = type(clause)
    if kind in _OPERATORS:
        return Relation(clause.left.name, _OPERATORS[kind], clause.right.name)  # type: ignore[union-attr]
    if kind in _KINDS:
        name = clause.hyperparameter.name  # type: ignore[union-attr]
        return _KINDS[kind](name, decode(name, clause.value))  # type: ignore[no-any-return,union-attr]
    match clause:
        case CS.ForbiddenInClause(hyperparameter=hyperparameter, values=values) if values:
            return In(hyperparameter.name, tuple(decode(hyperparameter.name, v) for v in values))
        case CS.ForbiddenAndConjunction(components=components) if components:
            return And(tuple(from_forbidden(c, decode) for c in components))
        case csf.ForbiddenOrConjunction(components=components) if components:
            return Or(tuple(from_forbidden(c, decode) for c in components))
        case _:
            rule = "a forbidden clause must be of a class of ConfigSpace 1.2, and not empty"
            raise ConversionError(Problem(rule, f"{kind.__name__} {clause}"))
