"""Flat spaces and Optuna's distributions, both ways.

| space | distribution |
|---|---|
| Float(lower, upper, log, step) | FloatDistribution(low, high, log, step) |
| Integer(lower, upper, log, step) | IntDistribution(low, high, log, step) |
| Categorical of None, bools, numbers and texts | CategoricalDistribution |
| a constant of these kinds | CategoricalDistribution of one choice, which is a Categorical on the way back |
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neps_cs.errors import ConversionError, NepsCsError, Problem
from neps_cs.parameters import Categorical, Float, Integer
from neps_cs.scales import Scale
from neps_cs.space import PipelineSpace, checked_space
from neps_cs.structure import Node
from neps_cs.values import shown
from neps_cs_converters.extras import needs
from neps_cs_converters.optuna.suggesting import is_decimal

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution, FloatDistribution

_EXACT = 2**53
_LOG = logging.getLogger("neps_cs")


@needs("optuna", "optuna")
def from_optuna(distributions: Mapping[str, BaseDistribution]) -> PipelineSpace:
    """The flat space of Optuna's distributions by name (those of a trial are `trial.distributions`).

    Raises ConversionError with every distribution that is unknown, and every name that a space can't have.
    """
    if not isinstance(distributions, Mapping) or not distributions:
        rule = "from_optuna takes a mapping from names to distributions"
        got = "none" if isinstance(distributions, Mapping) else type(distributions).__name__
        raise ConversionError(Problem(rule, got, "from_optuna"))
    made: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, distribution in distributions.items():
        try:
            made[name] = _parameter(distribution)
            PipelineSpace.from_attributes({name: made[name]})
        except NepsCsError as e:
            problems.append(Problem("a distribution must have a place in a space", str(e), str(name)))
        except TypeError as e:
            problems.append(Problem("a distribution must be one of Optuna's", str(e), str(name)))
    if problems:
        raise ConversionError(problems)
    return PipelineSpace.from_attributes(made)


def _parameter(distribution: object) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution:
        case FloatDistribution() as d:
            return Float(d.low, _upper(d), log=d.log, step=d.step)
        case IntDistribution() as d:
            return Integer(d.low, d.high, log=d.log, step=None if d.step == 1 else d.step)
        case CategoricalDistribution() as d:
            return Categorical(tuple(d.choices))
        case _:
            raise TypeError(f"{shown(distribution)} of type {type(distribution).__name__}")


def _upper(d: FloatDistribution) -> float:
    """The upper end; Optuna's is rounded to a float that may be just below the last step."""
    upper, steps = float(d.high), 0.0 if d.step is None else (d.high - d.low) / d.step
    while 0 < steps < 2**53 and Scale(d.low, upper, step=d.step).points <= round(steps):
        upper = math.nextafter(upper, math.inf)
    return upper


@needs("optuna", "optuna")
def to_optuna(space: PipelineSpace) -> dict[str, BaseDistribution]:
    """Optuna's distributions of a flat space, by attribute. Inverse of `from_optuna`.

    Raises ConversionError with everything that Optuna's distributions can't say: structure, conditions,
    forbidden clauses, fidelities, priors, defaults, orders, choices that are no scalars. What they say but
    Optuna confuses is logged as a warning by the logger "neps_cs": choices that are equal (1, True), of which
    `trial.params` holds the first, and integers beyond 2**53, which it keeps as floats.
    `suggest` asks for all of that.
    """
    checked_space(space, "to_optuna")
    problems = [Problem("Optuna's distributions know no conditions", str(c), n)
                for n, c in space.conditions.items()]  # fmt: skip
    problems += [Problem("Optuna's distributions know no forbidden clauses", str(c), space.graph.name)
                 for c in space.forbidden]  # fmt: skip
    if space.graph.edits:
        problems.append(Problem("Optuna's distributions know no edited decisions",
                                ", ".join(space.graph.edits), space.graph.name))  # fmt: skip
    made: dict[str, BaseDistribution] = {}
    for name, attribute in space.attributes.items():
        found = list(_unsaid(attribute, name))
        problems += found
        if not found:
            made[name] = _distribution(attribute)
    if problems:
        raise ConversionError(problems)
    for problem in (p for name, attribute in space.attributes.items() for p in _confused(attribute, name)):
        _LOG.warning("%s", problem)
    return made


def _confused(attribute: Any, name: str) -> Iterator[Problem]:
    """What a distribution says, but Optuna does not keep apart."""
    match attribute:
        case Categorical(choices=tuple() as choices) if len(set(choices)) < len(choices):
            yield Problem("Optuna takes choices that are equal for one", shown(choices), name)
        case Integer(lower=int() as lower, upper=int() as upper) if max(abs(lower), abs(upper)) > _EXACT:
            yield Problem("Optuna keeps integers exactly up to 2**53", shown(attribute), name)


def _unsaid(attribute: Any, name: str) -> Iterator[Problem]:
    """What a distribution can't say of an attribute."""
    match attribute:
        case Float() | Integer():
            yield from _unsaid_number(attribute, name)
        case Categorical(choices=tuple() as choices):
            yield from _unsaid_choices(choices, name)
        case None | bool() | int() | float() | str():
            return
        case Node():
            yield Problem("Optuna's distributions know numbers and choices only", shown(attribute), name)
            return
        case _:
            yield Problem("Optuna's distributions know plain constants only", shown(attribute), name)
            return
    if attribute.prior is not None:
        yield Problem("Optuna's distributions know no priors", f"prior={shown(attribute.prior)}", name)
    if attribute.default is not None:
        yield Problem("Optuna's distributions know no defaults", f"default={attribute.default!r}", name)


def _unsaid_number(number: Any, name: str) -> Iterator[Problem]:
    if isinstance(number.lower, Node) or isinstance(number.upper, Node):
        yield Problem("Optuna's distributions have fixed bounds", shown(number), name)
        return
    if number.log and number.step is not None:
        yield Problem("Optuna's distributions have a log scale or a step", shown(number), name)


def _unsaid_choices(choices: tuple[Any, ...], name: str) -> Iterator[Problem]:
    strange = [c for c in choices if not (c is None or isinstance(c, (bool, int, float, str)))]
    if strange:
        rule = "Optuna's choices are None, bools, numbers and texts"
        yield Problem(rule, ", ".join(map(shown, strange)), name)


def _distribution(attribute: Any) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    number: Any = attribute  # its bounds are numbers: see `_unsaid_number`
    match attribute:
        case Float():
            return _floats(Scale(number.lower, number.upper, number.log, step=number.step))
        case Integer():
            step = 1 if number.step is None else number.step
            top = number.upper - (number.upper - number.lower) % step
            return IntDistribution(number.lower, top, number.log, step)
        case Categorical(choices=tuple() as choices):
            return CategoricalDistribution(choices)
        case constant:
            return CategoricalDistribution((constant,))


def _floats(scale: Scale) -> FloatDistribution:
    from optuna.distributions import FloatDistribution

    if scale.step is None or is_decimal(scale):
        return FloatDistribution(scale.lower, scale.top, scale.log, scale.step)
    with (
        warnings.catch_warnings()
    ):  # half a step more leaves no doubt how many steps there are, but a warning
        warnings.simplefilter("ignore")
        return FloatDistribution(
            scale.lower, scale.lower + (scale.points - 0.5) * scale.step, step=scale.step
        )
