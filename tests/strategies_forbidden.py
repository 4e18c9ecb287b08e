"""Generated forbidden clauses that leave something: of spaces, with a config that stays legal, and of
ConfigurationSpaces, whose default configuration stays legal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ConfigSpace as CS
from ConfigSpace import forbidden as csf
from hypothesis import reject
from hypothesis import strategies as st
from strategies_configspace import configspaces

import neps_cs as neps
from neps_cs.errors import SpaceError
from neps_cs.forbidden import OPERATORS, Clause
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.values import unwrapped

Draw = Any


def holds(clause: Clause, config: Mapping[str, Any], space: neps.PipelineSpace) -> bool:
    """What a clause means, said once more and plainly: of a config of a space in which its operands are
    the addresses of decisions."""
    match clause:
        case neps.And(parts=parts):
            return all(holds(p, config, space) for p in parts)
        case neps.Or(parts=parts):
            return any(holds(p, config, space) for p in parts)
        case neps.Relation(left=left, operator=operator, right=right):
            if left not in config or right not in config:
                return False
            try:
                return bool(OPERATORS[operator](config[left], config[right]))
            except TypeError:
                return False
    if clause.parent not in config:
        return False
    site = Locator(space.resolver.program, space.resolver.order).decision(clause.parent)

    def read(value: Any) -> Any:
        """The place of a choice, that of the very value if there is one; a number as it is."""
        if not isinstance(site, ChoiceSite):
            return value
        exact = [i for i, v in enumerate(site.values) if repr(v) == repr(value)]
        return exact[0] if exact else next(i for i, v in enumerate(site.values) if v == value)

    value = read(config[clause.parent])
    if isinstance(clause, neps.In):
        return any(value == read(v) for v in clause.values)
    sign = SIGNS[type(clause)]
    return value != read(clause.value) if sign == "!=" else bool(OPERATORS[sign](value, read(clause.value)))


SIGNS = {neps.Equals: "==", neps.NotEquals: "!=", neps.Less: "<", neps.LessEqual: "<=", neps.Greater: ">",
         neps.GreaterEqual: ">="}  # fmt: skip


def _literal(draw: Draw, address: str, space: neps.PipelineSpace, config: Mapping[str, Any]) -> Clause:
    site = Locator(space.resolver.program, space.resolver.order).decision(address)
    orders = (neps.Less, neps.LessEqual, neps.Greater, neps.GreaterEqual)
    kinds: tuple[Any, ...] = (neps.Equals, neps.NotEquals, neps.In)
    if isinstance(site, ChoiceSite):
        values = st.sampled_from([site.values[i] for i in site.every])
        kinds = (*kinds, *orders) if site.record.ordered else kinds
    else:
        low, high = site.allowed
        near = [low, high, config[address], low + (high - low) / 2, low + (high - low) / 7, high + 1]
        values = st.sampled_from(
            [int(v) for v in near] if site.record.integer and draw(st.booleans()) else near
        )
        kinds = (*kinds, *orders, *orders)
    kind = draw(st.sampled_from(kinds))
    if kind is neps.In:
        return neps.In(address, tuple(draw(st.lists(values, min_size=1, max_size=3))))
    return kind(address, draw(values))  # type: ignore[no-any-return]


def _clause(draw: Draw, space: neps.PipelineSpace, config: Mapping[str, Any], depth: int) -> Clause:
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from((neps.And, neps.And, neps.Or)))
        size = draw(st.integers(1, 3))
        return kind(tuple(_clause(draw, space, config, depth - 1) for _ in range(size)))  # type: ignore[no-any-return]
    addresses = st.sampled_from(list(config))
    if draw(st.integers(0, 2)) == 0:
        return neps.Relation(draw(addresses), draw(st.sampled_from(list(OPERATORS))), draw(addresses))
    return _literal(draw, draw(addresses), space, config)


@st.composite
def with_clauses(draw: Draw, spaces: Any, max_depth: int = 3) -> neps.PipelineSpace:
    """A space of `spaces` with one to four clauses, and at least one legal config."""
    space = draw(spaces)
    legal = [space.sample(seed, max_depth=max_depth)[0] for seed in range(3)]
    if not legal[0]:
        reject()
    made = space
    for _ in range(draw(st.integers(1, 4))):
        clause = _clause(draw, space, legal[0], 2)
        left = [c for c in legal if not holds(clause, c, space)]
        if not left:
            continue
        try:
            made = made.add_forbidden(clause)
        except SpaceError as e:
            if not str(e).startswith("the sides of a Relation must have values to compare"):
                raise
            continue
        legal = left
    if not made.forbidden:
        reject()
    return made  # type: ignore[no-any-return]


RELATIONS = (CS.ForbiddenLessThanRelation, csf.ForbiddenLessThanEqualsRelation, CS.ForbiddenEqualsRelation,
             csf.ForbiddenGreaterThanEqualsRelation, CS.ForbiddenGreaterThanRelation)  # fmt: skip
ORDERS = (csf.ForbiddenLessThanClause, csf.ForbiddenLessThanEqualsClause, csf.ForbiddenGreaterThanClause,
          csf.ForbiddenGreaterThanEqualsClause)  # fmt: skip


def _foreign_literal(draw: Draw, hp: Any) -> Any:
    kinds: tuple[Any, ...] = (CS.ForbiddenEqualsClause, CS.ForbiddenInClause)
    match hp:
        case CS.CategoricalHyperparameter(choices=choices) | CS.OrdinalHyperparameter(sequence=choices):
            values = st.sampled_from(choices)
        case CS.Constant(value=value):
            values = st.just(value)
        case _:
            inside = [unwrapped(v) for v in (hp.lower, hp.upper, hp.default_value)]
            values = st.sampled_from(inside)
            kinds = (*kinds, *ORDERS)
    if isinstance(hp, CS.OrdinalHyperparameter):
        kinds = (*kinds, *ORDERS)
    kind = draw(st.sampled_from(kinds))
    if kind is CS.ForbiddenInClause:
        return kind(hp, draw(st.lists(values, min_size=1, max_size=3)))
    return kind(hp, draw(values))


def _foreign(draw: Draw, hps: list[Any], depth: int) -> Any:
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from((CS.ForbiddenAndConjunction, csf.ForbiddenOrConjunction)))
        return kind(*(_foreign(draw, hps, depth - 1) for _ in range(draw(st.integers(1, 3)))))
    pair = draw(st.sampled_from(hps)), draw(st.sampled_from(hps))
    if draw(st.integers(0, 2)) == 0:
        kind = draw(st.sampled_from(RELATIONS))
        # others that meet raise a TypeError
        kinds = [_kinds(hp) for hp in pair]
        if kind is CS.ForbiddenEqualsRelation or kinds[0] == kinds[1] in ({"number"}, {"text"}):
            return kind(*pair)
    return _foreign_literal(draw, pair[0])


def _kinds(hp: Any) -> set[str]:
    match hp:
        case CS.CategoricalHyperparameter(choices=values) | CS.OrdinalHyperparameter(sequence=values):
            pass
        case CS.Constant(value=value):
            values = [value]
        case _:
            values = [0.5]
    return {"text" if isinstance(v, str) else "None" if v is None else "number" for v in values}


def _allows(clause: Any, cs: CS.ConfigurationSpace, configurations: list[Any]) -> bool:
    """Whether a clause can be asked of all, and forbids the first of them not."""
    clause.set_vector_idx(cs.index_of)
    try:
        forbidden = [bool(clause.is_forbidden_vector(c.get_array())) for c in configurations]
    except (TypeError, ValueError):  # values that can't be compared
        return False
    return not forbidden[0]


@st.composite
def forbidden_configspaces(draw: Draw) -> CS.ConfigurationSpace:
    """Any ConfigurationSpace with clauses of every class, whose default configuration is legal."""
    cs = draw(configspaces())
    hps = [hp for hp in cs.values() if not _has_tuples(hp)]
    if not hps:
        reject()
    cs.seed(1)
    asked = [cs.get_default_configuration(), *cs.sample_configuration(20)]
    made = [_foreign(draw, hps, 2) for _ in range(draw(st.integers(1, 4)))]
    allowed = [c for c in made if _allows(c, cs, asked)]
    if not allowed:
        reject()
    first = draw(st.integers(0, len(allowed)))
    cs.add(allowed[:first])
    for clause in allowed[first:]:
        cs.add(clause)
    return cs  # type: ignore[no-any-return]


def _has_tuples(hp: Any) -> bool:
    match hp:
        case CS.CategoricalHyperparameter(choices=values) | CS.OrdinalHyperparameter(sequence=values):
            return any(isinstance(v, tuple) for v in values)
        case CS.Constant(value=value):
            return isinstance(value, tuple) or value is None
        case _:
            return False
