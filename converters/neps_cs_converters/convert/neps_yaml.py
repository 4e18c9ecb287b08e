"""The flat dict language of NePS 0.13 to 0.16, as YAML. What it can't say is refused, all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import yaml

from neps_cs.errors import ConversionError, Problem
from neps_cs.fidelities import Fidelity
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import DISTRIBUTIONS
from neps_cs.space import PipelineSpace
from neps_cs.structure import Node
from neps_cs_converters.convert.flat import is_flat_record
from neps_cs_converters.convert.neps_yaml_nearest import nearest
from neps_cs_converters.convert.registry import Converted
from neps_cs_converters.legacy.neps_entries import short
from neps_cs_converters.legacy.neps_numbers import is_scientific
from neps_cs_converters.legacy.reading import Note, Notes


def write_neps_yaml(space: PipelineSpace, max_depth: int | None) -> Converted:
    """The space as NePS 0.13 to 0.16 read it. Raises ConversionError for structure, conditions, clauses,
    distributions, steps, orders, and values that this language does not hold."""
    return _written(space)


def write_nearest_neps_yaml(space: PipelineSpace, max_depth: int | None) -> Converted:
    """The nearest form that NePS 0.13 to 0.16 read, with notes on what is changed. Raises ConversionError
    for structure, which nothing comes near, and nothing else."""
    graph, writer = space.graph, _Writer()
    for root in graph.roots:
        if not is_flat_record(graph, root.ref):
            writer.entry(root.name, space.attributes[root.name])
    if writer.problems:
        raise ConversionError(writer.problems)
    near, notes = nearest(space)
    made = _written(near)
    return Converted(made.value, Notes([*notes, *made.notes]))


def _written(space: PipelineSpace) -> Converted:
    writer = _Writer()
    writer.check_space(space)
    document = {name: writer.entry(name, value) for name, value in space.attributes.items()}
    if writer.problems:
        raise ConversionError(writer.problems)
    return Converted(yaml.safe_dump(document, sort_keys=False), Notes(writer.notes))


class _Writer:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Note] = []

    def check_space(self, space: PipelineSpace) -> None:
        """What belongs to the space as a whole."""
        graph = space.graph
        for name in graph.conditions:
            self._refuse("a NePS YAML space must have no conditions", "a condition", name)
        if graph.forbidden:
            got = f"{len(graph.forbidden)} of them"
            self._refuse("a NePS YAML space must have no forbidden clauses", got, graph.name)
        for address in graph.edits:
            self._refuse("a NePS YAML space must have no edits below its attributes", "an edit", address)
        seen: dict[int, str] = {}
        for root in graph.roots:
            value = space.attributes[root.name]
            if isinstance(value, Node) and seen.setdefault(id(value), root.name) != root.name:
                rule = "a parameter must have one name"
                self._refuse(rule, f"the same object as {seen[id(value)]}", root.name)
            if root.intermediate:
                rule = "every attribute must be passed to evaluate_pipeline: NePS YAML knows no other"
                self._refuse(rule, "an intermediate one", root.name)
        fidelities = [n for n, v in space.attributes.items() if isinstance(v, Fidelity)]
        if len(fidelities) > 1:
            self._refuse("there must be at most one fidelity", ", ".join(fidelities), graph.name)

    def entry(self, name: str, value: Any) -> Any:
        """What stands under a name."""
        match value:
            case Fidelity(domain=domain):
                if domain.lower < 0:  # type: ignore[operator]
                    self._refuse("lower >= 0 must hold for a fidelity", f"lower={domain.lower}", name)
                return self._number(name, domain) | {"is_fidelity": True}
            case Float() | Integer():
                return self._number(name, value)
            case Categorical():
                return self._choice(name, value)
            case Ordinal():
                self._refuse("choices must have no order", "an Ordinal", name)
            case Node():
                rule = "every attribute must be a number, a Categorical, a fidelity or a constant"
                self._refuse(rule, f"a {type(value).__name__}", name)
            case _:
                return self._constant(name, value)
        return None

    def _refuse(self, rule: str, got: str, place: str) -> None:
        self.problems.append(Problem(rule, got, place))

    def _lacks(self, name: str, what: str) -> None:
        self.notes.append(Note(name, what, "left out: NePS YAML does not have it"))

    def _number(self, name: str, number: Float | Integer) -> dict[str, Any]:
        lower, upper = number.lower, number.upper
        integer = isinstance(number, Integer)
        if isinstance(lower, Node) or isinstance(upper, Node):
            self._refuse("bounds must be numbers", repr(number), name)
        elif lower == upper:
            self._refuse("lower < upper must hold", f"lower={lower}, upper={upper}", name)
        if number.step is not None:
            self._refuse("a number must have no step", f"step={number.step}", name)
        found: dict[str, Any] = {"type": "int" if integer else "float", "lower": lower, "upper": upper}
        if number.log:
            found["log"] = True
        if number.log_base is not None:
            self._lacks(name, f"log_base={number.log_base}")
        if isinstance(number.prior, DISTRIBUTIONS):
            self._refuse("a prior must be a point", repr(number.prior), name)
        elif number.prior is not None:
            found |= self._prior(number, number.prior)
        self._beside(name, number)
        return found

    def _choice(self, name: str, choice: Categorical) -> dict[str, Any]:
        choices = choice.choices
        if isinstance(choices, Node):
            self._refuse("choices must be written out", repr(choice), name)
            return {}
        if choice.among is not None:
            choices = tuple(choices[i] for i in choice.among)
        self._check_choices(name, choices)
        found: dict[str, Any] = {"choices": list(choices)}
        if isinstance(choice.prior, DISTRIBUTIONS):
            self._refuse("a prior must be one of the choices", repr(choice.prior), name)
        elif choice.prior is not None:
            assert isinstance(choice.choices, tuple)
            assert isinstance(choice.prior, int)
            found |= self._prior(choice, choice.choices[choice.prior])
        self._beside(name, choice)
        return found

    def _check_choices(self, name: str, choices: tuple[Any, ...]) -> None:
        for value in choices:
            if type(value) not in (bool, int, float, str) or value != value:
                self._refuse("a choice must be a number, a text, true or false", short(value), name)
            elif is_scientific(value):
                self._refuse("a choice must not be a text that NePS reads as a number", short(value), name)
        plain = [c for c in choices if type(c) in (bool, int, float, str)]
        if len(choices) < 2:
            self._refuse("there must be two choices or more", short(list(choices)), name)
        elif len(set(plain)) < len(plain):
            self._refuse("choices must differ by more than their type", short(plain), name)

    def _prior(self, parameter: Float | Integer | Categorical, value: Any) -> dict[str, Any]:
        assert parameter.prior_confidence is not None
        return {"prior": value, "prior_confidence": parameter.prior_confidence.value}

    def _beside(self, name: str, parameter: Float | Integer | Categorical) -> None:
        if parameter.default is not None:
            self._lacks(name, f"default={parameter.default}")
        if parameter.meta is not None:
            self._lacks(name, "meta")

    def _constant(self, name: str, value: Any) -> Any:
        """Alone where NePS leaves it as it is, else under `value`."""
        if any(_is_strange(part) for part in _parts(value)):
            rule = "a constant must be null, a number, a text, true or false, or lists and mappings of those"
            self._refuse(rule, short(value), name)
            return None
        if value is None or (type(value) in (bool, int, float, str) and not is_scientific(value)):
            return value
        return {"value": value}


def _parts(value: Any) -> Iterator[Any]:
    """A value, and what its lists and mappings hold."""
    work = [value]
    while work:
        part = work.pop()
        yield part
        if type(part) is list:
            work += part
        elif type(part) is dict:
            work += [*part, *part.values()]


def _is_strange(value: Any) -> bool:
    if type(value) is float:
        return math.isnan(value)
    return value is not None and type(value) not in (bool, int, float, str, list, dict)
