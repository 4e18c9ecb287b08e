"""from_configspace: a ConfigurationSpace as a space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ConfigSpace as CS

from neps_cs.conditions import And, Condition
from neps_cs.errors import ConversionError, Problem, SpaceError
from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.graph.records import FidelityRecord, SpaceGraph
from neps_cs.parameters import Float, Integer
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.sidecar import Sidecar, sequence_of
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain
from neps_cs_converters.configspace.beside import warn_if_marked
from neps_cs_converters.configspace.conditions import from_condition
from neps_cs_converters.configspace.encode import NAMELESS
from neps_cs_converters.configspace.hyperparameters import from_hyperparameter
from neps_cs_converters.configspace.known import recall, rows_of


def from_configspace(
    cs: CS.ConfigurationSpace, sidecar: Sidecar | None = None, fidelities: Sequence[str] = ()
) -> PipelineSpace:
    """The space of a ConfigurationSpace: one attribute for each hyperparameter, by its name.

    With the side-car that was made along with `cs`, the original space comes back, and so it does
    without for the very object that `to_configspace` gave, if it was not changed since. Any other
    is read as a flat space: inactive parameters are left out of the pipeline, and every parameter is
    passed, names with underscores too. A MissingSidecarWarning tells where the space was not
    flat that `cs` was made from. `fidelities` names numbers that become fidelities.

    Raises ConversionError with every problem: forbidden clauses, Beta distributions, normals and
    weights that no prior with a confidence gives, and the space's own meta are not read yet.
    """
    _check_configspace(cs)
    if sidecar is not None:
        if cs is not sidecar.configspace:
            _check_same(cs, sidecar.configspace)
        return sidecar.space
    graph = recall(cs)
    if graph is not None and set(fidelities) <= _fidelities(graph):
        return PipelineSpace.from_graph(graph)
    warn_if_marked(cs, stacklevel=2)
    return flat_space(cs, fidelities)


def flat_space(cs: CS.ConfigurationSpace, fidelities: Sequence[str] = ()) -> PipelineSpace:
    """The flat space of a ConfigurationSpace, whatever it was made from: `run` searches this one, so that
    evaluate_pipeline receives the hyperparameters. Raises ConversionError as `from_configspace` does."""
    _check_configspace(cs)
    if not len(cs):
        rule = "a ConfigurationSpace must have a hyperparameter to be a space"
        raise ConversionError(Problem(rule, "none", cs.name or ""))
    problems = [
        Problem("forbidden clauses are not read yet", str(clause), cs.name or "")
        for clause in cs.forbidden_clauses
    ]
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
    conditions = _conditions(cs, attributes)
    for name in fidelities:
        attributes[name] = _fidelity(name, attributes)
    return PipelineSpace.from_attributes(
        attributes, conditions=conditions, intermediate=frozenset(), name=cs.name or NAMELESS
    )


def _check_configspace(cs: object) -> None:
    if not isinstance(cs, CS.ConfigurationSpace):
        rule = "from_configspace takes a ConfigurationSpace"
        raise ConversionError(Problem(rule, f"{cs!r} of type {type(cs).__name__}"))


def _check_same(cs: CS.ConfigurationSpace, made: CS.ConfigurationSpace) -> None:
    rule = "the side-car must belong to the ConfigurationSpace"
    strange = ", ".join(sorted(set(cs) ^ set(made)))
    if strange:
        raise ConversionError(Problem(rule, f"differing hyperparameters {strange}"))
    (rows, rest), (made_rows, made_rest) = rows_of(cs), rows_of(made)
    differing = [name for name in made if rows[name] != made_rows[name]]
    if rest != made_rest:
        differing.append("conditions or forbidden clauses")
    if differing:
        raise ConversionError(Problem(rule, f"differing {', '.join(differing)}"))


def _fidelities(graph: SpaceGraph) -> set[str]:
    return {r.name for r in graph.roots if isinstance(graph.records[r.ref], FidelityRecord)}


def _conditions(cs: CS.ConfigurationSpace, attributes: dict[str, Any]) -> dict[str, Condition]:
    flat = PipelineSpace.from_attributes(attributes, intermediate=frozenset())

    def decode(parent: str, value: Any) -> Plain:
        site = flat.resolver.program.attribute(parent)
        if isinstance(site, ChoiceSite):
            hyperparameter = cs[parent]
            return site.values[list(sequence_of(hyperparameter)).index(value)]
        if isinstance(attributes[parent], Integer):
            return int(value)
        return float(value) if isinstance(attributes[parent], Float) else attributes[parent]

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
