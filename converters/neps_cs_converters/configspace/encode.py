"""to_configspace: a space as a ConfigurationSpace with its side-car."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import ConfigSpace as CS
from ConfigSpace.hyperparameters import FloatHyperparameter, Hyperparameter

from neps_cs.conditions import parents
from neps_cs.errors import ConversionError, Problem
from neps_cs.losses import Loss, Losses, LossKind
from neps_cs.resolving.sites import ChoiceSite, NumberSite
from neps_cs.resolving.unroll import Entry, unroll
from neps_cs.sidecar import Sidecar, sequence_of
from neps_cs.space import PipelineSpace, check_max_depth, checked_space
from neps_cs.values import Plain, plain_key
from neps_cs_converters.configspace.beside import beside, mark
from neps_cs_converters.configspace.conditions import to_condition
from neps_cs_converters.configspace.hyperparameters import to_hyperparameter
from neps_cs_converters.configspace.known import remember
from neps_cs_converters.configspace.safe import SafeConditions

NAMELESS = "Space"


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
    priors: Literal["native", "drop"] = "native",
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
        priors: "native" gives normal distributions and weights, "drop" uniform ones.
        strict: raise instead of listing losses.

    Losses: a prior that was dropped by `priors="drop"`.
    Raises ConversionError with every problem: what ConfigSpace can't hold (it rounds to 13
    decimals), recursion without max_depth, more than 10,000 hyperparameters.
    """
    for name, value, known in (
        ("fidelity", fidelity, ("budget", "hyperparameter")),
        ("priors", priors, ("native", "drop")),
    ):
        if value not in known:
            raise ConversionError(Problem(f"{name} must be one of {known}", repr(value), "to_configspace"))
    checked_space(space, "to_configspace")
    if max_depth is not None:
        check_max_depth(max_depth)
    entries = unroll(space.resolver, max_depth, with_fidelities=fidelity == "hyperparameter")
    losses = Losses(_losses(entries)) if priors == "drop" else Losses()
    if strict and losses:
        raise ConversionError(Problem(loss.reason, loss.instead, loss.address) for loss in losses)
    configspace, alone = _built(space, entries, use_prior=priors == "native")
    remember(configspace, space.graph)
    entries = tuple(e for e in entries if e.address in configspace)
    return Translation(configspace, Sidecar(space.resolver, configspace, entries), losses, alone)


def _losses(entries: tuple[Entry, ...]) -> Iterator[Loss]:
    for entry in entries:
        if isinstance(entry.site, (NumberSite, ChoiceSite)) and entry.site.record.prior is not None:
            yield Loss(entry.address, LossKind.PRIOR, "the prior was dropped", "a uniform distribution")


def _built(
    space: PipelineSpace, entries: tuple[Entry, ...], *, use_prior: bool
) -> tuple[CS.ConfigurationSpace, Losses]:
    made: dict[str, Hyperparameter[Any, Any]] = {}
    by_address = {e.address: e for e in entries}
    problems = [
        Problem("the parent of a condition must be a hyperparameter", parent, entry.address)
        for entry in entries
        for parent in (parents(entry.condition) if entry.condition is not None else ())
        if parent not in by_address
    ]
    for entry in entries:
        try:
            made[entry.address] = to_hyperparameter(entry, use_prior=use_prior)
        except ConversionError as e:
            problems += e.problems
    if problems:
        raise ConversionError(problems)

    def encode(parent: str, value: Plain) -> Any:
        return _held(by_address[parent], made[parent], value)

    safe, conditions = SafeConditions(entries), []
    for entry in entries:
        settled = safe.of(entry.address)
        if settled is False:  # nothing ever makes it active
            del made[entry.address]
        elif settled is not True:
            condition = safe.apart(settled)
            conditions.append(to_condition(condition, made[entry.address], made, encode))
    alone = beside(space.graph, made)
    mark(alone, made)
    name = space.graph.name
    configspace = CS.ConfigurationSpace(name=None if name == NAMELESS else name)
    configspace.add([*made.values(), *conditions])
    return configspace, alone


def _held(entry: Entry, hyperparameter: Hyperparameter[Any, Any], value: Plain) -> Any:
    """A config's value as the hyperparameter holds it: for a choice over labels, the label."""
    if isinstance(entry.site, ChoiceSite):
        index = entry.site.index[plain_key(value)]
        return sequence_of(hyperparameter)[entry.allowed.index(index)]
    if isinstance(hyperparameter, FloatHyperparameter):  # its bounds may lie a rounding inside of ours
        return min(hyperparameter.upper, max(hyperparameter.lower, float(value)))  # type: ignore[arg-type]
    return value
