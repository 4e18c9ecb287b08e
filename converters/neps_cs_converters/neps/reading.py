"""from_neps: a PipelineSpace of NePS as one of ours, object by object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import neps
from neps.space.neps_spaces.parameters import Lazy, Repeated, Resolvable

from neps_cs.bodies import own_attributes
from neps_cs.errors import ConversionError, Problem, SpaceError
from neps_cs.fidelities import Fidelity, FloatFidelity, IntegerFidelity
from neps_cs.graph.native import NOTHING, Native
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs.structure import ByName, Node, Operation, Resample
from neps_cs.structure import Lazy as OurLazy
from neps_cs.structure import Repeated as OurRepeated
from neps_cs.values import is_plain, object_text
from neps_cs_converters.neps import objects, parameters
from neps_cs_converters.neps.forms import MAX_NESTING


def from_neps(space: neps.PipelineSpace, *, inherited: bool = False) -> PipelineSpace:
    """The space of ours that decides and gives what NePS's does.

    One object used twice stays one. The attributes are those that NePS sees: public ones of the class
    itself and of the instance, but for callables and None, which it drops. Underscored ones are
    intermediate, and so are others that only references by name reach, as inherited ones.

    Args:
        space: an instance of a subclass of `neps.PipelineSpace`.
        inherited: count inherited public attributes too, as spaces of ours do; NePS leaves them out.

    Raises ConversionError with everything that is no part of our language: bounds or priors out of range,
    operators that are chosen, spaces in spaces, references to nothing, recursion that can't end.
    """
    if isinstance(space, type) and issubclass(space, neps.PipelineSpace):
        rule = f"a space must be made: {space.__name__}()"
        raise ConversionError(Problem(rule, f"the class {space.__name__}", "from_neps"))
    if not isinstance(space, neps.PipelineSpace):
        rule = "from_neps reads an instance of neps.PipelineSpace"
        raise ConversionError(Problem(rule, f"{object_text(space)} of type {type(space).__name__}"))
    if isinstance(space, objects.Space):
        written = space.written
        visible = {n: v for n, v in written.attributes.items() if n not in written.hidden}
        reader = _Reader(written.name, dict(written.attributes), space)
        conditional = written.conditional
        conditions = {} if conditional is None else dict(conditional.conditions)
        return reader.space(visible, conditions, written.native)
    visible, attributes = _attributes(space, inherited)
    return _Reader(type(space).__name__, attributes, space).space(visible, {}, NOTHING)


def _attributes(space: neps.PipelineSpace, inherited: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What evaluate_pipeline receives, and all that the language of spaces can read, in order."""
    every: dict[str, Any] = {}
    for base in reversed(type(space).__mro__):
        if base not in (object, neps.PipelineSpace, Resolvable) and base.__module__ != "typing":
            every.update(own_attributes(base))
    every.update(vars(space))
    visible = dict(space.get_attrs())
    if inherited:
        more = {n: v for n, v in every.items() if not n.startswith("_") and v is not None}
        visible = {n: v for n, v in more.items() if n in visible or not callable(v)} | visible
    machinery = dir(neps.PipelineSpace)  # of protocols: each class has its own
    kept = {n: v for n, v in every.items()
            if n in visible or (n.startswith("_") and n not in machinery and _is_content(v))}  # fmt: skip
    return visible, {**kept, **visible}


def _is_content(value: object) -> bool:
    return isinstance(value, (Resolvable, tuple, list, dict)) or is_plain(value)


class _Reader:
    """Objects of NePS → objects of ours, each once."""

    def __init__(self, name: str, attributes: dict[str, Any], source: neps.PipelineSpace) -> None:
        self.name, self.attributes, self.source = name, attributes, source
        self.problems: list[Problem] = []
        self.made: dict[int, tuple[Any, Any]] = {}
        self.names: Counter[str] = Counter()
        self.providers = _providers([*attributes.values()])

    def space(self, visible: Mapping[str, Any], conditions: dict[str, Any], native: Native) -> PipelineSpace:
        found: dict[str, Any] = {}
        waiting = list(self.attributes)
        while waiting:
            for name in waiting:
                found[name] = self.value(self.attributes[name], f"{self.name}.{name}", 0)
            waiting = [n for n in self.names if n not in self.attributes and self._reach(n)]
        if self.problems:
            raise ConversionError(self.problems)
        hidden = frozenset(n for n in found if n not in visible)
        try:
            return PipelineSpace.from_attributes(
                found, intermediate=hidden, name=self.name, conditions=conditions, native=native
            )
        except SpaceError as e:
            raise ConversionError(e.problems) from None

    def _reach(self, name: str) -> bool:
        """Take in an attribute that only a reference by name reaches. What is none is reported later."""
        value = getattr(self.source, name, None)
        if name in dir(neps.PipelineSpace) or (value is None and not hasattr(type(self.source), name)):
            return False
        self.attributes[name] = value
        return True

    def value(self, given: Any, place: str, depth: int) -> Any:
        """Any object that stands in a space."""
        if depth > MAX_NESTING:
            rule = f"objects must not nest deeper than {MAX_NESTING}, or in a circle"
            self.problems.append(Problem(rule, type(given).__name__, place))
            return None
        if isinstance(given, Resolvable):
            known = self.made.get(id(given))
            if known is None:  # kept with the object, so that its id stays its own
                known = self.made[id(given)] = given, self._node(given, place, depth)
            return known[1]
        if type(given) is tuple:
            return tuple(self.value(v, f"{place}[{i}]", depth + 1) for i, v in enumerate(given))
        if type(given) is list:
            return [self.value(v, f"{place}[{i}]", depth + 1) for i, v in enumerate(given)]
        if type(given) is dict:
            return {k: self.value(v, f"{place}.{k}", depth + 1) for k, v in given.items()}
        return given

    def _node(self, given: Any, place: str, depth: int) -> Any:
        try:
            return self._converted(given, place, depth)
        except SpaceError as e:
            self.problems += [Problem(p.rule, p.got, place) for p in e.problems]
        except (ValueError, TypeError) as e:  # NePS's own, of a property
            rule = "NePS must be able to read its own object"
            self.problems.append(Problem(rule, f"{type(e).__name__}: {e}", place))
        return Float(0, 1)  # it stands in, so that all problems are found

    def _converted(self, given: Any, place: str, depth: int) -> Any:
        match given:
            case objects.Again(content=neps.ByName(name=name)):
                self.names[name] += 1
                return Resample(ByName(name))
            case objects.Again(content=content):
                found = self.value(content, place, depth + 1)
                return Resample(found) if isinstance(found, Node) else found
            case neps.ByName(name=name):
                self.names[name] += 1
                return ByName(name)
            case neps.Resample(source=source):
                return Resample(self.value(source, place, depth + 1))
            case neps.Fidelity():
                return _fidelity(given)
            case neps.Float() | neps.Integer() | neps.Categorical():
                return self._parameter(given, place, depth)
            case neps.Operation():
                return self._operation(given, place, depth)
            case Repeated(count=count, content=content):
                inner = self.value(count, f"{place}.count", depth + 1)
                return OurRepeated(inner, self.value(content, f"{place}.content", depth + 1))
            case Lazy(content=content):
                return OurLazy(self.value(content, f"{place}.content", depth + 1))
            case _:
                kind = "a space" if isinstance(given, neps.PipelineSpace) else type(given).__name__
                rule = "an object in a space must be one of NePS's parameters or structures"
                self.problems.append(Problem(rule, kind, place))
                return Float(0, 1)

    def _parameter(self, given: Any, place: str, depth: int) -> Any:
        options: dict[str, Any] = {}
        if given.has_prior:
            options = {"prior": given.prior, "prior_confidence": given.prior_confidence.value}
        ordered = False
        if isinstance(given, (parameters.Float, parameters.Integer, parameters.Categorical)):
            options |= {"default": given.default, "meta": given.meta}
            if given.distribution is not None:
                options |= {"prior": given.distribution, "prior_confidence": None}
            ordered = isinstance(given, parameters.Categorical) and given.ordered
        if isinstance(given, neps.Categorical):
            choices = given.choices
            if isinstance(choices, tuple):
                if id(given) in self.providers:
                    choices = tuple(_unmixed(c) for c in choices)
                read: Any = tuple(
                    self.value(c, f"{place}.choices[{i}]", depth + 1) for i, c in enumerate(choices)
                )
            else:
                read = self.value(choices, f"{place}.choices", depth + 1)
            return Ordinal(read, **options) if ordered else Categorical(read, **options)
        lower = self.value(given.lower, f"{place}.lower", depth + 1)
        upper = self.value(given.upper, f"{place}.upper", depth + 1)
        kind: Callable[..., Any] = Integer if isinstance(given, neps.Integer) else Float
        number = kind(lower, upper, log=given.log, log_base=given.log_base, **options)
        if given.get_attrs().get("is_fidelity_compat"):
            return Fidelity(number)
        return number

    def _operation(self, given: neps.Operation, place: str, depth: int) -> Any:
        parts = given.get_attrs()  # the properties refuse what is to be resolved
        operator = parts["operator"]
        if isinstance(operator, Resolvable):
            rule = "the operator must be a callable or a text (choose by a Categorical of Operations)"
            self.problems.append(Problem(rule, type(operator).__name__, place))
            operator = "operator"
        kwargs = parts["kwargs"]
        kwargs = kwargs if isinstance(kwargs, Resolvable) else dict(kwargs)
        args = self.value(parts["args"], f"{place}.args", depth + 1)
        return Operation(operator, args, self.value(kwargs, f"{place}.kwargs", depth + 1))


def _providers(values: list[Any]) -> set[int]:
    """The ids of the Categoricals from whose choice another one chooses."""
    found: set[int] = set()
    seen: set[int] = set()
    while values:
        value = values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case tuple() | list():
                values += value
            case dict():
                values += value.values()
            case neps.Categorical(choices=neps.Categorical() as provider):
                found.add(id(provider))
                values.append(provider)
            case neps.Categorical(choices=neps.Resample(source=neps.Categorical() as provider)):
                found.add(id(provider))
                values.append(provider)
            case objects.Again(content=content) | Lazy(content=content):
                values.append(content)
            case neps.Resample(source=source):
                values.append(source)
            case neps.Float() | neps.Integer() | neps.Categorical() | neps.Operation() | Repeated():
                values += value.get_attrs().values()
            case _:
                pass
    return found


def _unmixed(branch: Any) -> Any:
    """What a provider gives as NePS then chooses from it: all tuples, where some are."""
    if not isinstance(branch, (tuple, list)):
        return branch
    tuples = [isinstance(v, tuple) for v in branch]
    if all(tuples) or not any(tuples):
        return branch
    return type(branch)(v if isinstance(v, tuple) else (v,) for v in branch)


def _fidelity(given: neps.Fidelity) -> Fidelity:
    domain = given.domain
    if isinstance(given, neps.IntegerFidelity):
        return IntegerFidelity(domain.lower, domain.upper, log=domain.log)
    if isinstance(given, neps.FloatFidelity):
        return FloatFidelity(domain.lower, domain.upper, log=domain.log)
    kind = Integer if isinstance(domain, neps.Integer) else Float
    return Fidelity(kind(domain.lower, domain.upper, log=domain.log, log_base=domain.log_base))
