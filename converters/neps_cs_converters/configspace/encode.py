"""to_configspace: a space as a ConfigurationSpace with its side-car."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import ConfigSpace as CS
import numpy as np
from ConfigSpace.hyperparameters import Hyperparameter
from typing_extensions import assert_never

from neps_cs.codings import Coding, Cut, Fixed, Grid, Held, Position, Spread
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or, parents
from neps_cs.errors import ConversionError, Problem
from neps_cs.resolving.chains import parents_first
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.star import Star, star
from neps_cs.resolving.unroll import Entry, unroll
from neps_cs.sidecar import Sidecar
from neps_cs.space import PipelineSpace, check_max_depth, checked_space
from neps_cs.values import Plain, plain_key
from neps_cs_converters.configspace.attributes import WRITERS
from neps_cs_converters.configspace.conditions import to_condition
from neps_cs_converters.configspace.hyperparameters import Coded, Priors, to_hyperparameter
from neps_cs_converters.configspace.safe import SafeConditions

NAMELESS = "Space"


@dataclass(frozen=True)
class Loss:
    """What the other side can't say: where, why, and what stands in its place."""

    address: str
    reason: str
    instead: str


@dataclass(frozen=True, eq=False)
class Translation:
    """A ConfigurationSpace and its side-car: unpacks as `cs, sidecar = translation`.

    `losses` lists what the ConfigurationSpace can't say; the side-car has lost nothing.
    """

    configspace: CS.ConfigurationSpace
    sidecar: Sidecar
    losses: tuple[Loss, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.configspace, self.sidecar))


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

    Losses: a prior that was dropped by `priors="drop"`.
    Raises ConversionError with every problem: recursion without max_depth, more than 10,000
    hyperparameters, conditions on numbers whose bounds are parameters.
    """
    for name, value, known in (
        ("fidelity", fidelity, ("budget", "hyperparameter")),
        ("priors", priors, ("native", "warped", "drop")),
    ):
        if value not in known:
            raise ConversionError(Problem(f"{name} must be one of {known}", repr(value), "to_configspace"))
    checked_space(space, "to_configspace")
    if max_depth is not None:
        check_max_depth(max_depth)
    entries = unroll(space.resolver, max_depth, with_fidelities=fidelity == "hyperparameter")
    losses = tuple(_losses(entries)) if priors == "drop" else ()
    if strict and losses:
        raise ConversionError(Problem(loss.reason, loss.instead, loss.address) for loss in losses)
    table = star(entries, space.graph.native.conditions)
    configspace, codings = _built(space, table, priors)
    entries = tuple(e for e in entries if e.address in configspace)
    loose = table.loose.intersection(configspace)
    return Translation(configspace, Sidecar(space.resolver, configspace, entries, codings, loose), losses)


def _losses(entries: tuple[Entry, ...]) -> Iterator[Loss]:
    for entry in entries:
        if isinstance(entry.site, (NumberSite, ChoiceSite)) and entry.site.record.prior is not None:
            yield Loss(entry.address, "the prior was dropped", "a uniform distribution")


def _built(
    space: PipelineSpace, table: Star, priors: Priors
) -> tuple[CS.ConfigurationSpace, dict[str, Coding]]:
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
    for entry in entries:
        try:
            made[entry.address], codings[entry.address] = _coded(space, entry, priors)
        except ConversionError as e:
            problems += e.problems
    if problems:
        raise ConversionError(problems)

    def encode(parent: str, value: Plain) -> Any:
        return _held(codings[parent], value)

    safe, conditions = SafeConditions(table, codings), []
    for address in parents_first(entries):
        safe.of(address)
    for entry in entries:
        given = entry.condition if entry.address in native.conditions - table.starred else None
        if given is not None and _as_given(given, codings):
            conditions.append(to_condition(given, made[entry.address], made, encode))
            continue
        settled = safe.of(entry.address)
        if settled is False:  # nothing ever makes it active
            del made[entry.address]
        elif settled is not True:
            condition = safe.apart(settled)
            conditions.append(to_condition(condition, made[entry.address], made, encode))
    name, meta = space.graph.name, native.meta
    configspace = CS.ConfigurationSpace(
        name=None if name == NAMELESS else name, meta=None if meta is None else dict(meta)
    )
    with _without_circle_checks(configspace) if table.starred else nullcontext():
        configspace.add([*made.values(), *conditions])
    return configspace, codings


@contextmanager
def _without_circle_checks(configspace: CS.ConfigurationSpace) -> Iterator[None]:
    """For each literal of each condition ConfigSpace walks its whole graph to find circles: for the many
    literals of a star that takes longer than everything else. A table has no circles."""
    graph: Any = configspace._dag
    graph._check_cyclic_dependancy = lambda: None
    try:
        yield
    finally:
        del graph._check_cyclic_dependancy


def _coded(space: PipelineSpace, entry: Entry, priors: Priors) -> Coded:
    """The hyperparameter of an entry, by the writer that its class was registered with if it has one."""
    kind = space.graph.native.kinds.get(entry.address)
    if kind is None or priors == "drop" or isinstance(entry.site, (ConstantSite, FidelitySite)):
        return to_hyperparameter(entry, priors, space.graph.native)
    if kind not in WRITERS:
        rule = "the class of a hyperparameter must be registered by register_hyperparameter"
        raise ConversionError(Problem(rule, kind, entry.address))
    hyperparameter = WRITERS[kind](entry.address, space.attributes[entry.address])
    if isinstance(entry.site, NumberSite):
        return Coded(hyperparameter, Held(hyperparameter, entry.site.record.integer, *entry.allowed))
    choices = tuple(entry.site.values[int(i)] for i in entry.allowed)
    held = tuple(hyperparameter.to_value(np.arange(len(choices), dtype=float)).tolist())
    return Coded(hyperparameter, Position(entry.address, choices, held))


def _as_given(condition: Condition, codings: Mapping[str, Coding]) -> bool:
    """Whether ConfigSpace's own condition can stand as it was: its parents are held as they were, and may
    still have the values that it names."""
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return all(_as_given(p, codings) for p in parts)
        case In(parent=parent, values=values):
            return parent in codings and all(_names(codings[parent], v) for v in values)
        case Equals() | NotEquals() | Less() | Greater():
            return condition.parent in codings and _names(codings[condition.parent], condition.value)
        case _:
            assert_never(condition)


def _names(coding: Coding, value: Plain) -> bool:
    match coding:
        case Position(choices=choices):
            return plain_key(value) in {plain_key(c) for c in choices}
        case Held(lower=lower, upper=upper):
            return isinstance(value, (int, float)) and lower <= value <= upper
        case Fixed(value=fixed):
            return plain_key(fixed) == plain_key(value)
        case Grid() | Spread() | Cut():
            return False
        case _:
            assert_never(coding)


def _held(coding: Coding, value: Plain) -> Any:
    """A value of a condition as the hyperparameter holds it: for a choice over labels, the label."""
    match coding:
        case Position(choices=choices, held=held):
            return held[[plain_key(c) for c in choices].index(plain_key(value))]
        case Held(integer=False, hyperparameter=hp):  # its bounds may lie a rounding inside of ours
            return min(hp.upper, max(hp.lower, float(value)))  # type: ignore[arg-type]
        case Fixed(held=held):
            return held
        case _:  # a number, or a place: see places
            return value
