"""Forbidden clauses ⇄ those of ConfigSpace. Inverses side by side.

| what ConfigSpace 1.2.2 does | what stands here |
|---|---|
| its sampler takes <= for >= | its clause, with a function of ours in that place |
| its check of >= prints | the same |
| knows no != | In the others, or < and > |
| refuses values that a hyperparameter can't have | the clause by those it can, or none |
| compares labels where it can't hold the values | the pairs of values for which a relation holds |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import ConfigSpace as CS
import numpy as np
from ConfigSpace import forbidden as csf
from ConfigSpace.forbidden import ForbiddenLike
from ConfigSpace.hyperparameters import FloatHyperparameter, Hyperparameter
from typing_extensions import assert_never

from neps_cs.conditions import And, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConversionError, Problem
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Literal, Relation
from neps_cs.resolving.forbidding import Forbidding
from neps_cs.resolving.literals import choice_indices, constant_fits, number_test
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.sidecar import sequence_of
from neps_cs.values import Plain, plain_key

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


def to_forbidden(
    forbidding: Forbidding, entries: Mapping[str, Entry], made: Mapping[str, Hyperparameter[Any, Any]]
) -> list[ForbiddenLike]:
    """ConfigSpace's form of all clauses of a space that may hold."""
    to = _ToForbidden(entries, made)
    return [c for bound in forbidding.clauses if (c := to.clause(bound.addressed)) is not None]


class _ToForbidden:
    """Clauses, by the addresses of decisions, in ConfigSpace's form. `made` are the hyperparameters: what
    has none is never active, and forbids nothing."""

    def __init__(self, entries: Mapping[str, Entry], made: Mapping[str, Hyperparameter[Any, Any]]) -> None:
        self._entries, self._made = entries, made

    def clause(self, clause: Clause) -> ForbiddenLike | None:
        """ConfigSpace's form of a clause, None where it never holds."""
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
                return self._literal(clause) if clause.parent in self._made else None
            case _:
                assert_never(clause)

    def _literal(self, literal: Literal) -> ForbiddenLike | None:
        entry, hyperparameter = self._entries[literal.parent], self._made[literal.parent]
        site = entry.site
        match site:
            case ConstantSite(value=value):
                held = hyperparameter.default_value
                fits = constant_fits(literal, value)
                return self._native(_of_constant(literal, held), hyperparameter) if fits else None
            case ChoiceSite():
                return self._choice(literal, entry, site, hyperparameter)
            case NumberSite() if entry.allowed[0] == entry.allowed[1]:
                held = hyperparameter.default_value
                fits = number_test(literal)(entry.allowed[0])
                return self._native(Equals(literal.parent, held), hyperparameter) if fits else None
            case NumberSite():
                return self._number(literal, entry, site, hyperparameter)
            case FidelitySite():
                raise AssertionError("checked when the space was made")
            case _:
                assert_never(site)

    def _choice(
        self, literal: Literal, entry: Entry, site: ChoiceSite, hyperparameter: Any
    ) -> ForbiddenLike | None:
        names, open_ = sequence_of(hyperparameter), [int(i) for i in entry.allowed]
        given = [site.index[plain_key(v)] for v in _values(literal)]
        if all(i in open_ for i in given) and not isinstance(literal, NotEquals):
            return self._native(literal, hyperparameter, [names[open_.index(i)] for i in given])
        holds = [names[k] for k, i in enumerate(open_) if i in choice_indices(literal, site)]
        if len(holds) == 1:
            return CS.ForbiddenEqualsClause(hyperparameter, holds[0])
        return CS.ForbiddenInClause(hyperparameter, holds) if holds else None

    def _number(
        self, literal: Literal, entry: Entry, site: NumberSite, hyperparameter: Any
    ) -> ForbiddenLike | None:
        """With values that ConfigSpace accepts: within the bounds, and whole for an integer."""
        (lower, upper), integer = entry.allowed, site.record.integer

        def possible(value: float) -> bool:
            return lower <= value <= upper and (not integer or value == int(value))

        given = [v for v in _values(literal) if isinstance(v, (int, float)) and not isinstance(v, bool)]
        legal = [_clipped(v, hyperparameter) for v in given if possible(v)]
        if len(legal) == len(given) and not isinstance(literal, NotEquals):
            return self._native(literal, hyperparameter, legal)
        match literal:
            case Equals() | In():
                return CS.ForbiddenInClause(hyperparameter, legal) if legal else None
            case NotEquals() if legal:
                sides = (csf.ForbiddenLessThanClause, csf.ForbiddenGreaterThanClause)
                return csf.ForbiddenOrConjunction(*(side(hyperparameter, legal[0]) for side in sides))
            case NotEquals():
                return _always(hyperparameter)
            case Less() | LessEqual():
                if given[0] > upper:
                    return _always(hyperparameter)
                found = math.floor(given[0]) if given[0] >= lower else None  # a fraction, between integers
                return (
                    None
                    if found is None
                    else _guarded(csf.ForbiddenLessThanEqualsClause(hyperparameter, found))
                )
            case Greater() | GreaterEqual():
                if given[0] < lower:
                    return _always(hyperparameter)
                found = math.ceil(given[0]) if given[0] <= upper else None
                return (
                    None
                    if found is None
                    else _guarded(csf.ForbiddenGreaterThanEqualsClause(hyperparameter, found))
                )
            case _:
                assert_never(literal)

    def _native(
        self, literal: Literal, hyperparameter: Any, values: list[Any] | None = None
    ) -> ForbiddenLike:
        given = list(_values(literal)) if values is None else values
        if isinstance(literal, In):
            return CS.ForbiddenInClause(hyperparameter, given)
        return _guarded(_LITERALS[type(literal)](hyperparameter, given[0]))

    def _relation(self, relation: Relation) -> ForbiddenLike | None:
        if relation.left not in self._made or relation.right not in self._made:
            return None
        sides = relation.left, relation.right
        if all(self._holds_values(a) for a in sides):
            return _RELATIONS[relation.operator](self._made[relation.left], self._made[relation.right])
        return self.clause(Or(parts)) if (parts := tuple(self._pairs(relation))) else None

    def _holds_values(self, address: str) -> bool:
        """Whether a hyperparameter is over the values that a config holds, not over labels of them."""
        entry, hyperparameter = self._entries[address], self._made[address]
        match entry.site:
            case ChoiceSite(values=values):
                held = [values[int(i)] for i in entry.allowed]
                return all(_same(a, b) for a, b in zip(held, sequence_of(hyperparameter), strict=True))
            case ConstantSite(value=value):
                return _same(value, hyperparameter.default_value)
            case _:
                return True

    def _pairs(self, relation: Relation) -> list[Clause]:
        """The values of a choice or constant, each with what the other side must be then."""
        left, operator, right = relation.left, relation.operator, relation.right
        values = self._values_of(left)
        if values is None:
            turned = {"<": ">", "<=": ">=", "==": "==", ">=": "<=", ">": "<"}
            return self._pairs(Relation(right, turned[operator], left))
        others, parts = self._values_of(right), list[Clause]()
        for value in values:
            if others is not None:
                fitting = tuple(v for v in others if relation.holds(value, v))
                if fitting:
                    parts.append(And((Equals(left, value), In(right, fitting))))
            elif isinstance(value, (bool, int, float)):
                kinds: Mapping[str, type[Equals | Less | LessEqual | Greater | GreaterEqual]]
                kinds = {"<": Greater, "<=": GreaterEqual, "==": Equals, ">=": LessEqual, ">": Less}
                number = int(value) if isinstance(value, bool) else value
                parts.append(And((Equals(left, value), kinds[operator](right, number))))
        return parts

    def _values_of(self, address: str) -> list[Plain] | None:
        entry = self._entries[address]
        match entry.site:
            case ChoiceSite(values=values):
                return [values[int(i)] for i in entry.allowed]
            case ConstantSite(value=value):
                return [value]
            case _:
                return None


def _values(literal: Literal) -> tuple[Plain, ...]:
    return literal.values if isinstance(literal, In) else (literal.value,)


def _of_constant(literal: Literal, held: Any) -> Literal:
    """A literal that holds, with the value as the Constant has it."""
    return (
        In(literal.parent, (held,) * len(literal.values))
        if isinstance(literal, In)
        else Equals(literal.parent, held)
    )


def _clipped(value: float, hyperparameter: Any) -> float:
    """The value itself; the bounds of a float may lie a rounding inside of ours."""
    if not isinstance(hyperparameter, FloatHyperparameter):
        return value
    return min(hyperparameter.upper, max(hyperparameter.lower, value))


def _always(hyperparameter: Any) -> ForbiddenLike:
    """Holds wherever the hyperparameter is active."""
    return _guarded(csf.ForbiddenGreaterThanEqualsClause(hyperparameter, hyperparameter.lower))


def _same(a: Any, b: Any) -> bool:
    plain = b.item() if isinstance(b, np.generic) else b
    return plain_key(a) == plain_key(plain)


@dataclass(frozen=True, eq=False)
class _Vectors:
    """What ConfigSpace asks of a clause <= or >=, as it should answer."""

    clause: Any
    at_most: bool

    def __call__(self, vectors: Any) -> Any:
        """For one vector, or an array with a vector in each column. An inactive value is NaN."""
        values, bound = vectors[self.clause.vector_id], self.clause.vector_value
        return np.less_equal(values, bound) if self.at_most else np.greater_equal(values, bound)


def _guarded(clause: Any) -> ForbiddenLike:
    """ConfigSpace's own clause, of its own class, but for what is wrong with it in 1.2.2."""
    at_most = type(clause) is csf.ForbiddenLessThanEqualsClause
    if at_most or type(clause) is csf.ForbiddenGreaterThanEqualsClause:
        vectors = _Vectors(clause, at_most)
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
