"""from_configspace: a ConfigurationSpace as a space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ConfigSpace as CS

from neps_cs.conditions import And, Condition
from neps_cs.errors import ConversionError, Problem, SpaceError, meant
from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.forbidden import Clause
from neps_cs.graph.native import NAMELESS, Native
from neps_cs.graph.records import FidelityRecord, SpaceGraph
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.resolving.sites import ChoiceSite
from neps_cs.sidecar import Sidecar, sequence_of
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain, is_plain, is_row, shown
from neps_cs_converters.configspace.attributes import Read, from_hyperparameter, kind_name
from neps_cs_converters.configspace.beside import warn_if_marked
from neps_cs_converters.configspace.clause_order import orders_of
from neps_cs_converters.configspace.conditions import from_condition
from neps_cs_converters.configspace.encode import Translation
from neps_cs_converters.configspace.forbidden import from_forbidden
from neps_cs_converters.configspace.known import changes, differing, recall, said_of


def from_configspace(
    cs: CS.ConfigurationSpace, sidecar: Sidecar | None = None, fidelities: Sequence[str] = ()
) -> PipelineSpace:
    """The space of a ConfigurationSpace: one attribute for each hyperparameter, by its name.

    With the side-car that was made along with `cs`, the original space comes back, and so it does
    without for the very object that `to_configspace` gave, if it was not changed since. Any other
    is read as a flat space: inactive parameters are left out of the pipeline, and every parameter is
    passed, names with underscores too. Distributions, defaults, weights and meta are kept as they are.
    A MissingSidecarWarning tells where the space was not flat that `cs` was made from. `fidelities`
    names numbers that become fidelities; with a side-car, those of its space at most.

    Raises ConversionError with every problem: classes of hyperparameters, conditions and forbidden
    clauses that are not known; meta that is no mapping; the side-car of another ConfigurationSpace, or of
    this one if it was changed since.
    """
    _check_configspace(cs)
    _check_names(fidelities)
    if sidecar is not None:
        _check_sidecar(cs, sidecar, fidelities)
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
    _check_names(fidelities)
    if not len(cs):
        rule = "a ConfigurationSpace must have a hyperparameter to be a space"
        raise ConversionError(Problem(rule, "none", cs.name or ""))
    problems, cause = list[Problem](), None
    if cs.meta is not None and not isinstance(cs.meta, Mapping):
        problems.append(Problem("meta must be a mapping", shown(cs.meta), cs.name or ""))
    found: dict[str, Read] = {}
    for name, hyperparameter in cs.items():
        try:
            found[name] = from_hyperparameter(hyperparameter)
        except ConversionError as e:
            problems += e.problems
            cause = cause or e.__cause__
        except SpaceError as e:
            problems += [Problem(p.rule, p.got, name) for p in e.problems]
    if problems:
        raise ConversionError(problems) from cause
    attributes = {name: read.attribute for name, read in found.items()}
    conditions, forbidden = _conditions(cs, attributes), _forbidden(cs, attributes)
    for name in dict.fromkeys(fidelities):
        attributes[name] = _fidelity(name, attributes)
    try:
        return PipelineSpace.from_attributes(
            attributes, conditions=conditions, intermediate=frozenset(), name=cs.name or NAMELESS,
            native=_native(cs, found, conditions), forbidden=forbidden,
        )  # fmt: skip
    except SpaceError as e:
        raise ConversionError(e.problems) from e


def _check_configspace(cs: object) -> None:
    if type(cs) is CS.ConfigurationSpace:
        return
    if isinstance(cs, CS.ConfigurationSpace):
        rule = (
            "from_configspace takes a ConfigurationSpace itself, as a subclass may mean more; "
            "add its hyperparameters, conditions and forbidden clauses to a ConfigurationSpace"
        )
        raise ConversionError(Problem(rule, f"a {type(cs).__name__}"))
    rule = "from_configspace takes a ConfigurationSpace"
    match cs:
        case PipelineSpace():
            got = "a PipelineSpace"
        case Translation():
            got = "a Translation; pass its parts: from_configspace(*translation)"
        case _:
            got = f"{cs!r} of type {type(cs).__name__}"
    raise ConversionError(Problem(rule, got))


def _native(
    cs: CS.ConfigurationSpace, found: Mapping[str, Read], conditions: Mapping[str, Condition]
) -> Native:
    return Native(
        meta=None if cs.meta is None else dict(cs.meta),
        constants={
            n: r.meta for n, r in found.items() if isinstance(cs[n], CS.Constant) and r.meta is not None
        },
        values=frozenset(n for n, r in found.items() if r.as_is),
        sigmas={n: r.sigma for n, r in found.items() if r.sigma is not None},
        kinds={n: name for n, hp in cs.items() if (name := kind_name(hp)) is not None},
        conditions=frozenset(conditions),
        orders=orders_of(cs),
        defaults={n: r.beyond for n, r in found.items() if r.beyond is not None},
        name=None if cs.name and cs.name != NAMELESS else cs.name,
    )


def _check_sidecar(cs: CS.ConfigurationSpace, sidecar: object, fidelities: Sequence[str]) -> None:
    """Raises ConversionError unless the side-car is one, of this ConfigurationSpace and fidelities."""
    if isinstance(sidecar, Translation):
        raise ConversionError(Problem("pass translation.sidecar", "a Translation", "from_configspace"))
    if not isinstance(sidecar, Sidecar):
        got = f"{shown(sidecar)} of type {type(sidecar).__name__}"
        raise ConversionError(Problem("sidecar must be a Sidecar", got, "from_configspace"))
    made = sidecar.configspace
    different = changes(cs) if cs is made else differing(said_of(cs), said_of(made))
    if different:
        rule = "the side-car must belong to the ConfigurationSpace"
        if cs is made:
            rule = "a ConfigurationSpace must be as it was when its side-car was made"
        raise ConversionError(Problem(rule, f"differing {', '.join(different)}"))
    own = _fidelities(sidecar.graph)
    if not own.issuperset(fidelities):
        rule = "with a side-car the fidelities must be those of its space"
        strange = [f for f in fidelities if f not in own]
        raise ConversionError(Problem(rule, ", ".join(strange), sidecar.graph.name))


def _check_names(fidelities: object) -> None:
    if not is_row(fidelities) or not all(isinstance(f, str) for f in fidelities):
        rule = "fidelities must be a tuple or a list of names of hyperparameters"
        raise ConversionError(Problem(rule, shown(fidelities), "from_configspace"))


def _fidelities(graph: SpaceGraph) -> set[str]:
    return {r.name for r in graph.roots if isinstance(graph.records[r.ref], FidelityRecord)}


def _conditions(cs: CS.ConfigurationSpace, attributes: dict[str, Any]) -> dict[str, Condition]:
    if not cs.conditions:
        return {}
    decode, conditional = value_decoder(cs, attributes), frozenset(cs.conditional_hyperparameters)
    found: dict[str, list[Condition]] = {}
    for condition in cs.conditions:
        child = condition.child.name
        found.setdefault(child, []).append(from_condition(condition, decode, conditional))
    return {child: c[0] if len(c) == 1 else And(tuple(c)) for child, c in found.items()}


def _forbidden(cs: CS.ConfigurationSpace, attributes: Mapping[str, Any]) -> list[Clause]:
    if not cs.forbidden_clauses:
        return []
    decode, clauses, problems = value_decoder(cs, attributes), list[Clause](), list[Problem]()

    def exact(name: str, value: Any) -> Plain:
        # ConfigSpace sorts clauses by their text: a number stays what it is, 2 or 2.0
        number = type(value) in (int, float) and isinstance(attributes[name], (Integer, Float))
        return value if number else decode(name, value)

    for clause in cs.forbidden_clauses:
        try:
            clauses.append(from_forbidden(clause, exact))
        except (ConversionError, SpaceError) as e:
            problems += [Problem(p.rule, p.got, cs.name or "") for p in e.problems]
    if problems:
        raise ConversionError(problems)
    return clauses


def value_decoder(cs: CS.ConfigurationSpace, attributes: Mapping[str, Any]) -> Callable[[str, Any], Plain]:
    """name, value of the hyperparameter → what a config holds."""
    chosen: dict[str, Callable[[Any], Plain]] = {}

    def decode(name: str, value: Any) -> Plain:
        match attributes[name]:
            case Integer():
                return int(value)
            case Float():
                return float(value)
            case Categorical() | Ordinal() as choice:
                if name not in chosen:
                    chosen[name] = _choice_decoder(name, choice, sequence_of(cs[name]))
                return chosen[name](value)
            case constant:
                return constant  # type: ignore[no-any-return]

    return decode


def _choice_decoder(name: str, choice: Categorical | Ordinal, held: Sequence[Any]) -> Callable[[Any], Plain]:
    """A value that the hyperparameter holds → what a config calls it."""
    called: Sequence[Any] = choice.choices  # type: ignore[assignment]
    if not all(map(is_plain, called)):
        alone = PipelineSpace.from_attributes({name: choice}, intermediate=frozenset())
        site = alone.resolver.program.attribute(name)
        assert isinstance(site, ChoiceSite), "of a choice"
        called = site.values
    try:
        places = {value: i for i, value in enumerate(held)}
    except TypeError:  # lists, say
        return lambda value: called[list(held).index(value)]
    return lambda value: called[places[value]]


def _fidelity(name: str, attributes: dict[str, Any]) -> Fidelity:
    number = attributes.get(name)
    if not isinstance(number, (Float, Integer)) or number.prior is not None:
        rule = "a fidelity must be a number of the ConfigurationSpace without a prior"
        got = repr(number) if name in attributes else f"no such name{meant(name, attributes)}"
        raise ConversionError(Problem(rule, got, name))
    plain = Fidelity(number)
    if isinstance(number, Integer):
        return IntegerFidelity(int(plain.lower), int(plain.upper), log=plain.log)
    return FloatFidelity(plain.lower, plain.upper, log=plain.log)
