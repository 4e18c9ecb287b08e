"""PipelineSpace: a search space as a Python class whose attributes are parameters and structure."""

from __future__ import annotations

import numbers
import types
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from neps_cs import editing
from neps_cs.bodies import checked_names, inherited_attributes, take_body
from neps_cs.conditions import CONDITIONS, Condition, checked_conditions
from neps_cs.errors import FormatError, Problem, SpaceError, meant
from neps_cs.forbidden import Clause, clause_text, operands
from neps_cs.graph.document import canonical_text
from neps_cs.graph.edits import PRIOR_RULE
from neps_cs.graph.join import is_below, joined_attributes, joined_edits, same_part
from neps_cs.graph.lower import copied_attributes, lift, lower
from neps_cs.graph.native import NOTHING, Native
from neps_cs.graph.records import Edit, SpaceGraph
from neps_cs.graph.source import space_text
from neps_cs.parameters import Categorical, Float, Integer, Prior
from neps_cs.priors import Confidence
from neps_cs.resolving.locate import edits_without
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.walk import MAX_DEPTH, Config, Decide
from neps_cs.sampling.decided import decided
from neps_cs.sampling.draw import Seed, checked_flag, drawn, generator
from neps_cs.sampling.replay import replayed
from neps_cs.values import Plain, exact_text, is_row


class PipelineSpace:
    """A search space. Subclass it; the attributes of the class, inherited ones first, are the space.

    A parameter or structure is resolved; a plain value, a callable or a tuple, list or dict is a
    constant. Underscored attributes are intermediate: reachable by reference, not passed to
    evaluate_pipeline. Attributes of plain classes among the bases count too. Methods, properties and
    nested classes that a body defines are members of the class, not of the space; what such a method is
    called, `add` or `sample`, an attribute may be called too. Spaces never change: `add`, `remove`,
    `add_prior`, `with_prior`, `restrict`, `fix`, `add_condition` and `add_forbidden` give new ones. These,
    copies and unpickled spaces are plain PipelineSpaces, without the methods of a subclass.

    Raises SpaceError when it is made, with every rule that is broken: no attributes, objects
    that are no part of the language, references to nothing, recursion that can't end.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        take_body(cls, PipelineSpace, _RESERVED)

    def __init__(self) -> None:
        attributes = inherited_attributes(type(self), PipelineSpace)
        graph = lower(attributes, intermediate=_underscored(attributes), name=type(self).__name__)
        self._fill(graph, attributes)

    def _fill(self, graph: SpaceGraph, attributes: Mapping[str, Any]) -> None:
        put = object.__setattr__
        put(self, "_graph", graph)
        attributes = copied_attributes(attributes, graph.name)
        put(self, "_attributes", types.MappingProxyType(attributes))
        put(self, "_resolver", Resolver(graph))
        for name, value in attributes.items():
            if name not in _RESERVED:
                put(self, name, value)

    _graph: SpaceGraph
    _attributes: Mapping[str, Any]
    _resolver: Resolver

    @classmethod
    def from_attributes(
        cls,
        attributes: Mapping[str, Any],
        *,
        conditions: Mapping[str, Condition] | None = None,
        intermediate: frozenset[str] | None = None,
        name: str = "Space",
        edits: Mapping[str, Edit] | None = None,
        native: Native = NOTHING,
        forbidden: Sequence[Clause] = (),
    ) -> PipelineSpace:
        """A space without a class body: names may be any text.

        `intermediate` names what evaluate_pipeline does not receive; None: the underscored ones. `edits`
        and `native` are those of another space's graph; `forbidden` are clauses as in `add_forbidden`.
        Raises SpaceError as the class does, FormatError for edits that don't fit.
        """
        rule = "attributes must be a mapping from names, which are strings, to values"
        if not isinstance(attributes, Mapping):
            raise SpaceError(Problem(rule, repr(attributes), name))
        if not isinstance(name, str):
            raise SpaceError(Problem("the name of a space must be a text", repr(name)))
        strange = [key for key in attributes if not isinstance(key, str)]
        if strange:
            raise SpaceError(Problem(rule, repr(strange), name))
        attributes = {exact_text(key): value for key, value in attributes.items()}
        conditions = checked_conditions(conditions, name)
        if not is_row(forbidden):
            raise SpaceError(Problem("forbidden must be a tuple or a list of clauses", repr(forbidden), name))
        hidden = _underscored(attributes) if intermediate is None else checked_names(intermediate, name)
        graph = lower(attributes, intermediate=hidden, conditions=conditions, name=name, edits=edits,
                      native=native, forbidden=forbidden)  # fmt: skip
        space = object.__new__(PipelineSpace)
        space._fill(graph, attributes)
        return space

    @classmethod
    def from_graph(cls, graph: SpaceGraph) -> PipelineSpace:
        """The space that a graph describes, with objects of its own."""
        space = object.__new__(PipelineSpace)
        attributes = lift(graph)
        space._fill(graph, attributes)
        return space

    def __setattr__(self, name: str, value: object) -> NoReturn:
        rule = "a space can't be changed; use add, remove, add_prior or add_condition for a new one"
        made = "_graph" in self.__dict__
        raise SpaceError(
            Problem(rule, f"{name}={value!r}", self._graph.name if made else type(self).__name__)
        )

    def __delattr__(self, name: str) -> NoReturn:
        rule = "a space can't be changed; use remove for a new one"
        raise SpaceError(Problem(rule, f"del {name}", self._graph.name))

    def __reduce__(self) -> tuple[Any, ...]:
        hidden = frozenset(r.name for r in self._graph.roots if r.intermediate)
        parts = dict(self._attributes), dict(self._graph.conditions), hidden, self._graph.name
        return _rebuilt, (*parts, dict(self._graph.edits), self._graph.native, self._graph.forbidden)

    @property
    def graph(self) -> SpaceGraph:
        """The space as plain records: what equality, storage and translation work on."""
        return self._graph

    @property
    def resolver(self) -> Resolver:
        """The space compiled for sampling and replay."""
        return self._resolver

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Name → what was written, in order, intermediate ones included."""
        return self._attributes

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """Attribute name → when it is active."""
        return self._graph.conditions

    @property
    def forbidden(self) -> tuple[Clause, ...]:
        """The clauses that no config may hold."""
        return self._graph.forbidden

    def sample(
        self,
        seed: Seed = None,
        fidelity_values: Mapping[str, float] | None = None,
        *,
        use_priors: bool = False,
        max_depth: int = MAX_DEPTH,
    ) -> tuple[Config, Pipeline]:
        """Draw a config and resolve it: `(config, pipeline)`.

        `seed` is an integer, a numpy.random.Generator (which moves on), or None for fresh
        entropy. Fidelities that are not given are full. Priors count with `use_priors` only.
        `max_depth` >= 1 bounds the nested uses of one definition. Raises ConfigError for a wrong seed,
        wrong fidelities or use_priors, and where 10,000 draws gave no config that the forbidden clauses
        allow; SpaceError for a wrong max_depth.
        """
        if not isinstance(seed, np.random.Generator):
            if isinstance(seed, Mapping):
                fidelity_values, seed = seed, None  # NePS: space.sample({"epochs": 3})
            seed = generator(seed)
        if max_depth is not MAX_DEPTH:
            check_max_depth(max_depth, "sample")
        if use_priors is not False:
            checked_flag("use_priors", use_priors, "sample")
        return drawn(self._resolver, seed, fidelity_values, use_priors, max_depth)

    def sample_by(
        self,
        decide: Decide,
        fidelity_values: Mapping[str, float] | None = None,
        *,
        max_depth: int = MAX_DEPTH,
    ) -> tuple[Config, Pipeline]:
        """`sample` by a decide-function: mutation, crossover, asking a person, one's own.

        Where the space has forbidden clauses it is asked again, from the start, until a config is legal.
        What a Replay holds is taken at any depth. Raises as `sample` does, ConfigError for a decision
        that is not allowed and for a config to be replayed that does not fit; and whatever `decide` raises.
        """
        check_max_depth(max_depth, "sample_by")
        resolution = decided(self._resolver, decide, fidelity_values, max_depth)
        return resolution.config, resolution.pipeline

    def add(self, new: Any, name: str | None = None) -> PipelineSpace:
        """A new space with one more attribute, or with all those of another space.

        Without a name a parameter is called `param_<number>`. Adding an equal attribute under its
        name again changes nothing. Raises SpaceError where the name is taken by another one.
        """
        if isinstance(new, PipelineSpace):
            return self._joined(new)
        if name is None:
            number = len(self._attributes) + 1
            while f"param_{number}" in self._attributes:
                number += 1
            name = f"param_{number}"
        if not isinstance(name, str) or not name:
            raise SpaceError(Problem("a name must be a non-empty string", repr(name), self._graph.name))
        name = exact_text(name)
        if name in self._attributes:
            if self._has(name, new):
                return self._edited(dict(self._attributes), dict(self.conditions))
            raise self._error("the name of a new attribute must be free", f"{new!r}", name)
        return self._edited({**self._attributes, name: new}, dict(self.conditions))

    def _has(self, name: str, new: Any) -> bool:
        """Whether an attribute equals what would be put in its place."""
        changed = {**self._attributes, name: new}
        lower(changed, name=self._graph.name)  # what is no part of the language is refused
        return same_part(self._attributes, copied_attributes(changed, self._graph.name), [name])

    def _joined(self, other: PipelineSpace) -> PipelineSpace:
        attributes = joined_attributes(self._attributes, other._attributes, self._graph.name)
        conditions = {**dict(other.conditions), **dict(self.conditions)}
        edits = joined_edits(self._graph, other._graph)
        forbidden = (*self.forbidden, *(c for c in other.forbidden if c not in self.forbidden))
        return self._edited(attributes, conditions, other, edits=edits, forbidden=forbidden)

    def remove(self, name: str) -> PipelineSpace:
        """A new space without the attribute. Raises SpaceError where there is none, where another
        attribute, a condition or a forbidden clause still refers to it by name, or where an edit inside
        would move."""
        self._checked_name(name)
        read = [c for c in self.forbidden if any(self._is_inside(o, name) for o in operands(c))]
        if read:
            rule = "what a forbidden clause reads must stay"
            raise SpaceError(Problem(rule, clause_text(c), f"{self._graph.name}.{name}") for c in read)
        attributes = {k: v for k, v in self._attributes.items() if k != name}
        conditions = {k: c for k, c in self.conditions.items() if k != name}
        return self._edited(attributes, conditions, edits=edits_without(self._resolver.program, name))

    def add_prior(self, name: str, prior: Any, prior_confidence: Confidence = "low") -> PipelineSpace:
        """A new space in which the parameter `name` has a prior (for a choice: its index).

        Raises SpaceError where there is no such parameter, where it already has a prior, or
        where the prior is out of range.
        """
        parameter = self._checked_name(name)
        if not isinstance(parameter, (Float, Integer, Categorical)):
            raise self._error(PRIOR_RULE, repr(parameter), name)
        if parameter.prior is not None:
            raise self._error("the parameter must not have a prior yet", repr(parameter), name)
        return self.with_prior(name, prior, prior_confidence)

    def with_prior(
        self, address: str, prior: Prior | None, prior_confidence: Confidence | None = None
    ) -> PipelineSpace:
        """A new space with another prior at any address; None takes the prior away.

        The name of an attribute that is a parameter stands for its definition: every use of it follows,
        fresh ones too. Any other address, as in configs (`model:1:kernel_size`), stands for that decision
        alone. `prior` is a point, for a choice its index in the choices as they are written, or a
        distribution; a point without `prior_confidence` has "low".

        Raises SpaceError for an address that no config can hold, constants, fidelities, Ordinals, and a
        prior that is out of range or of a closed choice.
        """
        graph = editing.with_prior(self._resolver, address, prior, prior_confidence)
        return PipelineSpace.from_graph(graph)

    def restrict(
        self,
        address: str,
        *,
        lower: float | None = None,
        upper: float | None = None,
        choices: Sequence[Plain] | None = None,
    ) -> PipelineSpace:
        """A new space with narrower bounds, inclusive, or fewer choices at an address as in `with_prior`.

        Its configs are configs of this space: addresses and labels of what is left stay. `choices`
        holds what a config calls them, values or labels; their order stays that of the space. Choices
        that are not all plain values, or that a condition reads, are closed: the definition says so by
        `among`, and indices stay. Other choices leave their definition, and indices count what is left.
        With a step, the lower bound moves up to the next grid point.

        A prior keeps its words on what is left: deviations and Beta count on the narrower range, Weights
        belong to the same choices. A default that is not left is dropped, as it is only where ConfigSpace
        starts.

        Raises SpaceError for an address that no config can hold, bounds that do not lie within the old
        ones, unknown choices, nothing left, a point or index prior that is not left (take it away
        first), a bound that is a parameter (unless an attribute that has one value), and a grammar that
        could not end.
        """
        return PipelineSpace.from_graph(editing.restrict(self._resolver, address, lower, upper, choices))

    def fix(self, address: str, value: Plain) -> PipelineSpace:
        """A new space in which the decision at an address, as in `with_prior`, has one value, as a config
        holds it. The decision stays in the config, so its configs are configs of this space; its prior goes.

        Raises SpaceError as `restrict` does, for a value that the decision can't have, and for a number
        with a bound that is a parameter, unless an attribute of one value that every config holds.
        """
        return PipelineSpace.from_graph(editing.fix(self._resolver, address, value))

    def add_condition(self, name: str, condition: Condition) -> PipelineSpace:
        """A new space in which the attribute is active only where the condition holds; where it
        does not, evaluate_pipeline does not receive it. Raises SpaceError for an unknown name or
        parent, an attribute that has a condition already, and circles."""
        self._checked_name(name)
        if not isinstance(condition, CONDITIONS):
            raise self._error("a condition must be Equals, NotEquals, In, Less, Greater, And or Or",
                              repr(condition), name)  # fmt: skip
        if name in self.conditions:
            raise self._error("an attribute has one condition; join them by And or Or", repr(condition), name)
        return self._edited(dict(self._attributes), {**self.conditions, name: condition})

    def add_forbidden(self, clause: Clause) -> PipelineSpace:
        """A new space in which no config holds the clause: nothing proposes one, and one that is given is
        refused with a ConfigError.

        A clause is made of Equals, NotEquals, In, Less, LessEqual, Greater, GreaterEqual, Relation, And
        and Or. It names attributes, or decisions by their addresses (`model:1:kernel_size`); of one that is
        inactive nothing holds. Raises SpaceError for other addresses, for values that those decisions
        can't have, and where no config would be left of a decision that all configs make.
        """
        forbidden = (*self.forbidden, clause)
        return self._edited(dict(self._attributes), dict(self.conditions), forbidden=forbidden)

    def _is_inside(self, operand: str, name: str) -> bool:
        """Whether an operand is an attribute, or a decision below it."""
        return operand == name or (operand not in self._attributes and is_below(operand, name))

    def _checked_name(self, name: str) -> Any:
        if not isinstance(name, str) or name not in self._attributes:
            rule = f"name must be an attribute ({', '.join(self._attributes)})"
            hint = meant(name, self._attributes) if isinstance(name, str) else ""
            raise SpaceError(Problem(rule, f"{name!r}{hint}", self._graph.name))
        return self._attributes[name]

    def _error(self, rule: str, got: str, name: str) -> SpaceError:
        return SpaceError(Problem(rule, got, f"{self._graph.name}.{name}"))

    def _edited(
        self,
        attributes: dict[str, Any],
        conditions: dict[str, Condition],
        *others: PipelineSpace,
        edits: Mapping[str, Edit] | None = None,
        forbidden: tuple[Clause, ...] | None = None,
    ) -> PipelineSpace:
        forbidden = self.forbidden if forbidden is None else forbidden
        edits = self._graph.edits if edits is None else edits
        roots = [r for s in (self, *others) for r in s._graph.roots]
        visible = {r.name for r in roots if not r.intermediate}
        known = {r.name for r in roots}
        hidden = frozenset(n for n in attributes if n not in visible and (n in known or n.startswith("_")))
        native = self._graph.native
        for other in others:
            native = native.joined(other._graph.native)
        try:
            return PipelineSpace.from_attributes(
                attributes, conditions=conditions, intermediate=hidden, name=self._graph.name, edits=edits,
                native=native, forbidden=forbidden,
            )  # fmt: skip
        except FormatError as e:
            rule = "what is edited must keep its address"
            raise SpaceError(Problem(rule, p.got, p.place) for p in e.problems) from None

    def __eq__(self, other: object) -> bool:
        return equal(self, other) if isinstance(other, PipelineSpace) else NotImplemented

    def __hash__(self) -> int:
        return hash(canonical_text(self._graph))

    def __repr__(self) -> str:
        return space_text(self._graph)


_RESERVED = frozenset((*dir(PipelineSpace), "_graph", "_attributes", "_resolver"))


def _rebuilt(
    attributes: dict[str, Any],
    conditions: dict[str, Condition],
    hidden: frozenset[str],
    name: str,
    edits: dict[str, Edit],
    native: Native = NOTHING,
    forbidden: tuple[Clause, ...] = (),
) -> PipelineSpace:
    return PipelineSpace.from_attributes(
        attributes, conditions=conditions, intermediate=hidden, name=name, edits=edits, native=native,
        forbidden=forbidden,
    )  # fmt: skip


def _underscored(attributes: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(n for n in attributes if n.startswith("_"))


# the package of a space that is not ours → what reads it
_MAKERS = {"ConfigSpace": "neps.from_configspace", "neps": "neps_cs_converters.neps.from_neps"}


def checked_space(space: object, place: str) -> PipelineSpace:
    """The space itself. Raises SpaceError for a class that was not called, or anything else; of what some
    function makes a space of, that is named."""
    if isinstance(space, PipelineSpace):
        return space
    if isinstance(space, type) and issubclass(space, PipelineSpace):
        rule = f"a space must be made: {space.__name__}()"
        raise SpaceError(Problem(rule, f"the class {space.__name__}", place))
    packages = (kind.__module__.partition(".")[0] for kind in type(space).__mro__)
    maker = next((_MAKERS[p] for p in packages if p in _MAKERS), None)
    if maker is not None:  # these print as many lines
        rule = f"a PipelineSpace is needed; {maker} makes one"
        raise SpaceError(Problem(rule, f"a {type(space).__name__}", place))
    raise SpaceError(Problem("a PipelineSpace is needed", f"{space!r} of type {type(space).__name__}", place))


def equal(a: PipelineSpace, b: PipelineSpace) -> bool:
    """Whether two spaces are the same: same attributes in the same order, structure, sharing,
    bounds, priors, conditions, forbidden clauses and edits. The class's name does not count; callables
    and modules compare by import path and text."""
    a, b = checked_space(a, "equal"), checked_space(b, "equal")
    return canonical_text(a.graph) == canonical_text(b.graph)


def resolve(
    space: PipelineSpace, config: Mapping[str, Plain], fidelity_values: Mapping[str, float] | None = None
) -> Pipeline:
    """The pipeline that a config stands for. Raises ConfigError that lists all that does not fit."""
    if not isinstance(space, PipelineSpace):
        checked_space(space, "resolve")
    return replayed(space._resolver, config, fidelity_values)


def check_max_depth(max_depth: object, place: str) -> None:
    """Raises SpaceError unless max_depth is an integer >= 1."""
    if isinstance(max_depth, bool) or not isinstance(max_depth, numbers.Integral) or max_depth < 1:
        raise SpaceError(Problem("max_depth must be a whole number >= 1", f"max_depth={max_depth!r}", place))
