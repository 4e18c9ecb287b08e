"""from_configspace: a ConfigurationSpace as a space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ConfigSpace as CS
from ConfigSpace.hyperparameters import NumericalHyperparameter

from neps_cs.conditions import And, Condition
from neps_cs.errors import ConversionError, Problem, SpaceError
from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.forbidden import Clause
from neps_cs.parameters import Float, Integer
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.sidecar import Sidecar, sequence_of
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain
from neps_cs_converters.configspace.conditions import Decode, from_condition
from neps_cs_converters.configspace.encode import NAMELESS
from neps_cs_converters.configspace.forbidden import from_forbidden
from neps_cs_converters.configspace.hyperparameters import from_hyperparameter


def from_configspace(
    cs: CS.ConfigurationSpace, sidecar: Sidecar | None = None, fidelities: Sequence[str] = ()
) -> PipelineSpace:
    """The space of a ConfigurationSpace: one attribute for each hyperparameter, by its name.

    With the side-car that was made along with `cs`, the original space comes back. Without,
    the space is flat: inactive parameters are left out of the pipeline, and every parameter is
    passed, names with underscores too. `fidelities` names numbers that become fidelities.

    Raises ConversionError with every problem: Beta distributions, normals and
    weights that no prior with a confidence gives, and the space's own meta are not read yet.
    """
    if not isinstance(cs, CS.ConfigurationSpace):
        rule = "from_configspace takes a ConfigurationSpace"
        raise ConversionError(Problem(rule, f"{cs!r} of type {type(cs).__name__}"))
    if sidecar is not None:
        if set(cs) != set(sidecar.configspace):
            rule = "the side-car must belong to the ConfigurationSpace"
            strange = ", ".join(sorted(set(cs) ^ set(sidecar.configspace)))
            raise ConversionError(Problem(rule, f"differing hyperparameters {strange}"))
        return sidecar.space
    problems: list[Problem] = []
    if cs.meta:
        problems.append(Problem("the meta of a ConfigurationSpace is not read yet", repr(cs.meta)))
    attributes: dict[str, Any] = {}
    for name, hyperparameter in cs.items():
        try:
            attributes[name] = from_hyperparameter(hyperparameter)
        except ConversionError as e:
            problems += e.problems
        except SpaceError as e:
            problems += [Problem(p.rule, p.got, name) for p in e.problems]
    if problems:
        raise ConversionError(problems)
    decode = _decoder(cs, attributes)
    conditions, forbidden = _conditions(cs, decode), _forbidden(cs, decode)
    for name in fidelities:
        attributes[name] = _fidelity(name, attributes)
    try:
        return PipelineSpace.from_attributes(
            attributes, conditions=conditions, intermediate=frozenset(), name=cs.name or NAMELESS,
            forbidden=forbidden,
        )  # fmt: skip
    except SpaceError as e:
        raise ConversionError(e.problems) from e


def _decoder(cs: CS.ConfigurationSpace, attributes: dict[str, Any]) -> Decode:
    """What a config holds for a value of a hyperparameter."""
    flat = PipelineSpace.from_attributes(attributes, intermediate=frozenset())

    def decode(parent: str, value: Any) -> Plain:
        site = flat.resolver.program.attribute(parent)
        if isinstance(site, ChoiceSite):
            hyperparameter = cs[parent]
            return site.values[list(sequence_of(hyperparameter)).index(value)]
        if isinstance(attributes[parent], Integer):
            return int(value)
        return float(value) if isinstance(attributes[parent], Float) else attributes[parent]

    return decode


def _forbidden(cs: CS.ConfigurationSpace, decode: Decode) -> list[Clause]:
    def exact(name: str, value: Any) -> Plain:
        # ConfigSpace sorts clauses by their text: a number stays what it is, 2 or 2.0
        return (
            value
            if type(value) in (int, float) and isinstance(cs[name], NumericalHyperparameter)
            else decode(name, value)
        )

    clauses, problems = [], list[Problem]()
    for clause in cs.forbidden_clauses:
        try:
            clauses.append(from_forbidden(clause, exact))
        except ConversionError as e:
            problems += [Problem(p.rule, p.got, cs.name or "") for p in e.problems]
    if problems:
        raise ConversionError(problems)
    return clauses


def _conditions(cs: CS.ConfigurationSpace, decode: Decode) -> dict[str, Condition]:
    found: dict[str, list[Condition]] = {}
    for condition in cs.conditions:
        child = condition.child.name
        found.setdefault(child, []).append(from_condition(condition, decode))
    return {child: c[0] if len(c) == 1 else And(tuple(c)) for child, c in found.items()}


def _fidelity(name: str, attributes: dict[str, Any]) -> Fidelity:
    number = attributes.get(name)
    if not isinstance(number, (Float, Integer)) or number.prior is not None:
        rule = "a fidelity must be a number of the ConfigurationSpace without a prior"
        raise ConversionError(Problem(rule, repr(number), name))
    plain = Fidelity(number)
    if isinstance(number, Integer):
        return IntegerFidelity(int(plain.lower), int(plain.upper), log=plain.log)
    return FloatFidelity(plain.lower, plain.upper, log=plain.log)
