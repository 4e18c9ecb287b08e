"""to_configspace: a space as a ConfigurationSpace with its side-car."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import ConfigSpace as CS
from ConfigSpace.exceptions import (
    ActiveHyperparameterNotSetError,
    ForbiddenValueError,
    InactiveHyperparameterSetError,
)
from ConfigSpace.forbidden import ForbiddenLike
from ConfigSpace.hyperparameters import Hyperparameter
from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Fixed, Grid, Held, Position, Spread, is_drawn
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, each_literal, parents
from neps_cs.errors import ConversionError, Problem
from neps_cs.forbidden import clause_text, operands
from neps_cs.graph.native import NAMELESS
from neps_cs.losses import Loss, Losses, LossKind
from neps_cs.resolving.chains import parents_first
from neps_cs.resolving.fitting import index_of
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.star import Star, star
from neps_cs.resolving.unroll import Entry, unroll
from neps_cs.sidecar import Sidecar
from neps_cs.space import PipelineSpace, check_max_depth, checked_space
from neps_cs.values import Plain, plain_key
from neps_cs_converters.configspace.attributes import write_registered
from neps_cs_converters.configspace.beside import beside, mark
from neps_cs_converters.configspace.clause_order import set_orders
from neps_cs_converters.configspace.conditions import to_condition
from neps_cs_converters.configspace.defaults import set_legal_default
from neps_cs_converters.configspace.forbidden import to_forbidden
from neps_cs_converters.configspace.hyperparameters import Coded, Priors, to_hyperparameter, written_choice
from neps_cs_converters.configspace.known import remember
from neps_cs_converters.configspace.places import tells
from neps_cs_converters.configspace.safe import SafeConditions


@dataclass(frozen=True, eq=False)
class Translation:
    """A ConfigurationSpace and its side-car: unpacks as `cs, sidecar = translation`.

    `losses` lists what the two don't say together. `beside` lists what the side-car says alone: the
    attributes that reading the ConfigurationSpace without it would change.
    """

    configspace: CS.ConfigurationSpace
    sidecar: Sidecar
    losses: Losses = Losses()  # noqa: RUF009 (it never changes)
    beside: Losses = Losses()  # noqa: RUF009

    def __iter__(self) -> Iterator[Any]:
        return iter((self.configspace, self.sidecar))

    def __str__(self) -> str:
        """The ConfigurationSpace, and tables of what is lost and of what the side-car says alone."""
        parts = [str(self.configspace).rstrip()]
        if self.beside:
            parts.append(f"In the side-car alone:\n{self.beside}")
        parts.append(f"Lost:\n{self.losses}" if self.losses else "Lost: nothing")
        return "\n\n".join(parts)


def to_configspace(
    space: PipelineSpace,
    max_depth: int | None = None,
    fidelity: Literal["budget", "hyperparameter"] = "budget",
    priors: Priors = "native",
    strict: bool = False,
) -> Translation:
    """Translate a space. Its hyperparameters are its decisions, named by their addresses.

    Structure becomes conditions: what lies below a choice is active where its branch is taken,
    a shared node under the OR of the places that use it, the items of a Repeated by its count.
    Plain constants among the attributes become Constants; operators, modules and other objects
    stay in the side-car.

    Args:
        space: the space.
        max_depth: bound >= 1 on nested uses of a recursive definition; such a space needs it.
        fidelity: "budget" keeps fidelities in the side-car (`sidecar.budget`), "hyperparameter"
            puts them into the ConfigurationSpace.
        priors: "native" gives normal and beta distributions and weights. "warped" gives uniform ones: a
            number or choice with a prior becomes the place in [0, 1] of which it is the quantile, so that
            uniform samples follow the prior. "drop" gives uniform ones, and forgets the priors.
        strict: raise instead of listing losses.

    Losses: a prior that was dropped by `priors="drop"`; a forbidden relation between numbers that
    ConfigSpace can't hold, and a clause on one whose bounds are drawn: the side-car refuses what they forbid.
    Raises ConversionError with every problem: recursion without max_depth, more than 10,000
    hyperparameters, forbidden clauses that no default configuration was found for.
    """
    for name, value, known in (
        ("fidelity", fidelity, ("budget", "hyperparameter")),
        ("priors", priors, ("native", "warped", "drop")),
    ):
        if value not in known:
            raise ConversionError(Problem(f"{name} must be one of {known}", repr(value), "to_configspace"))
    checked_space(space, "to_configspace")
    if max_depth is not None:
        check_max_depth(max_depth, "to_configspace")
    entries = unroll(space.resolver, max_depth, with_fidelities=fidelity == "hyperparameter")
    own = space.graph.native.conditions
    try:
        try:
            built = _built(space, star(entries, own), own, priors, max_depth)
        except ActiveHyperparameterNotSetError:  # at its own NotEquals below an inactive one
            rows = {e.address: e for e in entries}
            own = frozenset(a for a in own if a in rows and not _can_hold_inactive(rows[a], rows))
            built = _built(space, star(entries, own), own, priors, max_depth)
    except (ActiveHyperparameterNotSetError, InactiveHyperparameterSetError) as e:
        rule = (
            "ConfigSpace must take its own default configuration (it fails where a default rounds across "
            "the bound of a condition)"
        )
        raise ConversionError(Problem(rule, str(e).splitlines()[-1], space.graph.name)) from e
    losses = Losses((*(_losses(entries) if priors == "drop" else ()), *built.losses))
    if strict and losses:
        rule = "with strict=True nothing may be lost"
        gots = ((f"a loss: {x.reason}; in its place {x.instead}", x.address) for x in losses)
        raise ConversionError(Problem(rule, *got) for got in gots)
    arguments = {"max_depth": max_depth, "fidelity": fidelity, "priors": priors}
    remember(built.configspace, space.graph, arguments)
    entries = tuple(e for e in entries if e.address in built.configspace)
    sidecar = Sidecar(space.resolver, built.configspace, entries, built.codings, built.loose, arguments)
    return Translation(built.configspace, sidecar, losses, built.beside)


class _Built(NamedTuple):
    configspace: CS.ConfigurationSpace
    codings: dict[str, Coding]
    losses: list[Loss]
    beside: Losses
    loose: frozenset[str]


def _losses(entries: tuple[Entry, ...]) -> Iterator[Loss]:
    for entry in entries:
        if isinstance(entry.site, (NumberSite, ChoiceSite)) and entry.site.record.prior is not None:
            yield Loss(entry.address, LossKind.PRIOR, "the prior was dropped", "a uniform distribution")


def _built(
    space: PipelineSpace, table: Star, own: frozenset[str], priors: Priors, max_depth: int | None
) -> _Built:
    """`own` are the decisions whose conditions stand as ConfigSpace's own, if they can."""
    made: dict[str, Hyperparameter[Any, Any]] = {}
    codings: dict[str, Coding] = {}
    native, entries = space.graph.native, table.entries
    by_address = {e.address: e for e in entries}
    problems = [
        Problem("the parent of a condition must be a hyperparameter", parent, entry.address)
        for entry in entries
        for parent in (parents(entry.condition) if entry.condition is not None else ())
        if parent not in by_address
    ]
    cause: BaseException | None = None
    for entry in entries:
        try:
            made[entry.address], codings[entry.address] = _coded(space, entry, priors)
        except ConversionError as e:
            problems += e.problems
            cause = cause or e.__cause__
    if problems:
        raise ConversionError(problems) from cause

    def encode(parent: str, value: Plain) -> Any:
        return _held(by_address[parent], codings[parent], value)

    table = _loosened(table, own, codings)
    entries = table.entries
    safe, conditions = SafeConditions(table, codings), []
    told, as_given = {e.address: e for e in entries}, dict[str, Condition]()
    for address in parents_first(entries):
        settled = safe.of(address)
        given = told[address].condition if address in own - table.starred else None
        if given is not None and _as_given(given, codings) and all(p in made for p in parents(given)):
            as_given[address] = given
        elif settled is False:  # nothing ever makes it active
            del made[address]
    for address, hyperparameter in made.items():
        settled = safe.of(address)
        if address in as_given:
            conditions.append(to_condition(as_given[address], hyperparameter, made, encode))
        elif not isinstance(settled, bool):
            conditions.append(to_condition(safe.apart(settled), hyperparameter, made, encode))
    coded = {address: Coded(hp, codings[address]) for address, hp in made.items()}
    clauses, losses = _clauses(space, table, coded)
    alone = beside(space.graph, made, table.loose, warped=priors == "warped")
    mark(alone, made)
    configspace = _empty(space)
    try:
        _fill(configspace, [*made.values(), *conditions, *clauses])
    except ForbiddenValueError:  # its default configuration
        bare, configspace = _empty(space), _empty(space)
        _fill(bare, [*made.values(), *conditions])
        rows, loose = tuple(e for e in table.given if e.address in bare), table.loose.intersection(bare)
        sidecar = Sidecar(Resolver(replace(space.graph, forbidden=())), bare, rows, codings, loose)
        set_legal_default(space.resolver, sidecar, coded, max_depth)
        try:
            _fill(configspace, [*made.values(), *conditions, *clauses])
        except ForbiddenValueError as e:
            rule = "ConfigSpace must take a default configuration, rounded to 13 decimals"
            raise ConversionError(Problem(rule, str(e), space.graph.name)) from e
    set_orders(configspace, native.orders)
    return _Built(configspace, codings, losses, alone, table.loose.intersection(configspace))


def _loosened(table: Star, native: frozenset[str], codings: Mapping[str, Coding]) -> Star:
    """The table in which conditions that ConfigSpace can't say leave their child, and what depends on it,
    without condition: the side-car drops the dead. They are a NotEquals that holds for an inactive parent
    too, where it can't stand as it was, and those on a number whose bounds are drawn, or whose places don't
    tell its values apart."""
    rows = {e.address: e for e in table.entries}
    loose = set[str]()
    for address in parents_first(table.entries):
        condition = rows[address].condition
        if condition is None:
            continue
        as_given = address in native - table.starred and _as_given(condition, codings)
        above = parents(condition)
        drawn = any(is_drawn(codings[p]) for p in above)
        untold = not all(tells(x, codings[x.parent]) for x in each_literal(condition))
        if (
            drawn
            or untold
            or loose.intersection(above)
            or (not as_given and _holds_inactive(condition, rows))
        ):
            loose.add(address)
    if not loose:
        return table
    entries = tuple(replace(e, condition=None) if e.address in loose else e for e in table.entries)
    return replace(table, entries=entries, loose=table.loose | loose, short=table.short | loose)


def _can_hold_inactive(entry: Entry, rows: Mapping[str, Entry]) -> bool:
    return entry.condition is not None and _holds_inactive(entry.condition, rows)


def _holds_inactive(condition: Condition, rows: Mapping[str, Entry]) -> bool:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return any(_holds_inactive(p, rows) for p in parts)
        case NotEquals(parent=parent, or_inactive=True):
            return rows[parent].condition is not None
        case _:
            return False


def _empty(space: PipelineSpace) -> CS.ConfigurationSpace:
    graph, meta = space.graph, space.graph.native.meta
    name = graph.native.name if graph.name == NAMELESS else graph.name
    return CS.ConfigurationSpace(name=name, meta=None if meta is None else dict(meta))


def _clauses(
    space: PipelineSpace, table: Star, coded: Mapping[str, Coded]
) -> tuple[list[ForbiddenLike], list[Loss]]:
    """The forbidden clauses in ConfigSpace's form, and those that it can't say."""
    forbidding = space.resolver.forbidding
    if forbidding is None:
        return [], []
    clauses, unsaid = to_forbidden(forbidding, table, coded, space.graph.native)
    instead = "no clause: the side-car refuses such configurations"
    losses = []
    for clause, why in unsaid:
        reason = f"the forbidden clause {clause_text(clause)} can't be said: {why}"
        losses.append(Loss(", ".join(operands(clause)), LossKind.FORBIDDEN, reason, instead))
    return clauses, losses


def _fill(configspace: CS.ConfigurationSpace, parts: list[Any]) -> None:
    """Add everything at once. For each literal of each condition ConfigSpace walks its whole graph to find
    circles, which takes as long as all else, for the many literals of a star longer: here it does so once."""
    graph: Any = configspace._dag
    graph._check_cyclic_dependancy = lambda: None
    try:
        configspace.add(parts)
    finally:
        del graph._check_cyclic_dependancy
    graph._check_cyclic_dependancy()


def _coded(space: PipelineSpace, entry: Entry, priors: Priors) -> Coded:
    """The hyperparameter of an entry, by the writer that its class was registered with if it has one."""
    kind = space.graph.native.kinds.get(entry.address)
    if kind is None or priors == "drop" or isinstance(entry.site, (ConstantSite, FidelitySite)):
        return to_hyperparameter(entry, priors, space.graph.native)
    site, parameter = entry.site, space.attributes[entry.address]
    if isinstance(site, NumberSite):
        number = write_registered(kind, entry.address, parameter, None)
        return Coded(number, Held(number, site.record.integer, *entry.allowed))
    indices = [int(i) for i in entry.allowed]
    values = [written_choice(site, i) for i in indices]
    made = write_registered(kind, entry.address, parameter, values)
    choices = tuple(site.values[i] for i in indices)
    return Coded(made, Position(entry.address, choices, tuple(values)))


def _as_given(condition: Condition, codings: Mapping[str, Coding]) -> bool:
    """Whether ConfigSpace's own condition can stand as it was: its parents are held as they were, and may
    still have the values that it names."""
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return all(_as_given(p, codings) for p in parts)
        case In(parent=parent, values=values):
            return parent in codings and _names(codings[parent], values)
        case Equals() | NotEquals() | Less() | Greater():
            return condition.parent in codings and _names(codings[condition.parent], (condition.value,))
        case _:
            assert_never(condition)


def _names(coding: Coding, values: tuple[Plain, ...]) -> bool:
    match coding:
        case Position():
            return coding.places(values) is not None
        case Held(lower=lower, upper=upper):
            return all(isinstance(v, (int, float)) and lower <= v <= upper for v in values)
        case Fixed(value=fixed):
            return all(plain_key(fixed) == plain_key(v) for v in values)
        case Grid() | Spread() | Cut():
            return False
        case _:
            assert_never(coding)


def _held(entry: Entry, coding: Coding, value: Plain) -> Any:
    """A value of a condition as the hyperparameter holds it: for a choice over labels, the label."""
    match coding:
        case Position(held=held):
            assert isinstance(entry.site, ChoiceSite), "of a choice"
            index = index_of(entry.site.branches, value)
            assert index is not None, "checked when the space was made"
            return held[entry.allowed.index(index)]
        case Held(integer=False, hyperparameter=hp):  # its bounds may lie a rounding inside of ours
            return min(hp.upper, max(hp.lower, float(value)))  # type: ignore[arg-type]
        case Fixed(held=held):
            return held
        case _:  # a number, or a place: see places
            return value
