"""Random spaces, valid by construction.

Attributes are made one after the other and may only use what is there already, so references
can't form a cycle. Then their order is shuffled: references by name point forward as well. What a
fresh use would cost is counted, so that a translation stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

import neps_cs as neps
from neps_cs.priors import ConfidenceLevel
from neps_cs.structure import Node
from neps_cs.values import plain_key

Draw = Callable[[st.SearchStrategy[Any]], Any]

MAX_USE = 12
MAX_LEVELS = 3
TRUST = ("strategies", "builtins", "math")


@dataclass(frozen=True)
class Built:
    """What `gather` returns: its arguments, comparable."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def gather(*args: Any, **kwargs: Any) -> Built:
    """An operator that takes anything."""
    return Built(args, kwargs)


def scale(x: float) -> float:
    """A function that is handed over as a value and never called."""
    return 2 * x


PLAIN: tuple[Any, ...] = (
    None, True, False, 0, 1, -3, 2**53 + 1, 2**53, 2**70, 0.0, -0.0, 1.0, 2.5, 1 / 3, 1e-300, float("inf"),
    "", "a", "A", "a#2", "1", "1.0", "True", "None", "gather", "count", "choices", "0", "x:y", "x y", "é☃",
    "\n", '"', "'", "\\", "$", "{a}", "nul\0",
)  # fmt: skip
CALLABLES: tuple[Any, ...] = (scale, gather, dict, len, Built)
TEXT_OPERATORS = ("conv", "a", "x:y", "two words", "0", "count")
PUBLIC = ("lr", "model", "a", "count", "depth", "block", "odd name", "é")
HIDDEN = ("_x", "_cell", "_count", "_op")


@dataclass
class _Grown:
    """A space on its way: the attributes so far, nodes that may be used again, fidelities."""

    attributes: dict[str, Any] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    fidelities: list[neps.Fidelity] = field(default_factory=list)
    whole: bool = False

    def keep(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def cost(self, value: Any) -> tuple[int, int]:
        """How many decisions one fresh use of `value` may make, and how deep it nests."""
        match value:
            case neps.Float(lower=lower, upper=upper) | neps.Integer(lower=lower, upper=upper):
                uses, levels = self.cost((lower, upper))
                return 1 + uses, 1 + levels
            case neps.Ordinal():
                return 1, 1
            case neps.ByName(name=name):
                return self.cost(self.attributes[name])
            case neps.Resample(source=source):
                return self.cost(source)
            case neps.Categorical(choices=choices):
                uses, levels = self.cost(choices)
                return 1 + uses, 1 + levels
            case neps.Operation(args=args, kwargs=kwargs):
                given = kwargs if isinstance(kwargs, Node) else tuple(kwargs.values())
                return self.cost((args, given))
            case neps.Repeated(count=count, content=content):
                (n, deep), (uses, levels) = self.cost(count), self.cost(content)
                return n + 3 * uses, deep + levels
            case tuple() | list():
                costs = [self.cost(v) for v in value]
                return sum(c for c, _ in costs), max((d for _, d in costs), default=0)
            case dict():
                return self.cost(tuple(value.values()))
            case _:
                return 0, 0

    def cheap(self, value: Any) -> bool:
        uses, levels = self.cost(value)
        return uses <= MAX_USE and levels <= MAX_LEVELS


def _fraction(draw: Draw) -> float:
    return draw(st.sampled_from((0.0, 0.5, 1.0)) | st.floats(0, 1))


def _confidence(draw: Draw) -> Any:
    return draw(st.sampled_from([*ConfidenceLevel, "low", "medium", "high"]))


def _float(draw: Draw) -> neps.Float:
    log = draw(st.booleans())
    if log:
        lower = draw(st.floats(1e-4, 10))
        upper = lower * draw(st.just(1.0) | st.floats(1.01, 1e4))
    else:
        lower = draw(st.floats(-1e3, 1e3))
        upper = lower + draw(st.just(0.0) | st.floats(1e-3, 1e3))

    def inside() -> float:
        return min(upper, max(lower, lower + _fraction(draw) * (upper - lower)))

    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options = {"prior": inside(), "prior_confidence": _confidence(draw)}
    if draw(st.integers(0, 3)) == 0:
        options["default"] = inside()
    if log and draw(st.booleans()):
        options["log_base"] = 10
    return neps.Float(lower, upper, log=log, **options)


def _integer(draw: Draw) -> neps.Integer:
    log = draw(st.booleans())
    lower = draw(st.integers(1, 10) if log else st.integers(-50, 50) | st.integers(-(2**40), 2**40))
    upper = lower + draw(st.integers(0, 100))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options = {"prior": draw(st.integers(lower, upper)), "prior_confidence": _confidence(draw)}
    elif draw(st.integers(0, 3)) == 0:
        upper = lower + 2**45
    if draw(st.integers(0, 3)) == 0:
        options["default"] = draw(st.integers(lower, upper))
    return neps.Integer(lower, upper, log=log, **options)


def _plain_values(least: int = 1, most: int = 5) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(PLAIN), min_size=least, max_size=most, unique_by=plain_key)


def _index_options(draw: Draw, size: int, *, prior: bool = True) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if prior and draw(st.booleans()):
        options = {"prior": draw(st.integers(0, size - 1)), "prior_confidence": _confidence(draw)}
    if draw(st.integers(0, 3)) == 0:
        options["default"] = draw(st.integers(0, size - 1))
    return options


def _plain_choice(draw: Draw) -> neps.Categorical:
    values = draw(_plain_values())
    return neps.Categorical(tuple(values), **_index_options(draw, len(values)))


def _ordinal(draw: Draw) -> neps.Ordinal:
    values = draw(_plain_values())
    return neps.Ordinal(tuple(values), **_index_options(draw, len(values), prior=False))


def _parameter(draw: Draw) -> Any:
    return draw(st.sampled_from((_float, _integer, _plain_choice, _ordinal)))(draw)


def _stepped(draw: Draw, grown: _Grown) -> Any:
    if draw(st.booleans()):
        low, step = draw(st.integers(-20, 20)), draw(st.integers(1, 9))
        return neps.Integer(low, low + draw(st.integers(0, 60)), step=step)
    low, log = draw(st.sampled_from((0.1, 0.5, 1.0))), draw(st.booleans())
    step = draw(st.sampled_from((0.1, 0.25, 0.3)))
    prior = draw(st.none() | st.just(low + 0.2))
    return neps.Float(low, low + draw(st.sampled_from((0.3, 1.0, 2.05))), log, prior=prior, step=step)


def _bounded(draw: Draw, grown: _Grown) -> Any:
    """A number whose bounds are parameters: some of its own, some of others'."""
    named = [n for n in grown.attributes if _is_count(grown, n)]
    if named and draw(st.booleans()):
        low: Any = neps.ByName(draw(st.sampled_from(named)))
    else:
        low = grown.keep(draw(st.sampled_from((neps.Integer(0, 4), neps.Ordinal((1, 4, 2))))))
    low = low.resample() if draw(st.booleans()) else low
    high = draw(st.sampled_from((5, neps.Integer(5, 9), neps.Categorical((7, 6)))))
    kind = draw(st.sampled_from((neps.Float, neps.Integer)))
    return kind(low, high, step=draw(st.none() | st.just(2)))


def _distributed(draw: Draw, grown: _Grown) -> Any:
    """A parameter with a distribution as its prior."""
    kind = draw(st.integers(0, 2))
    if kind == 2:
        values = draw(_plain_values())
        weights = [draw(st.sampled_from((0, 1, 2.5))) for _ in values]
        return neps.Categorical(tuple(values), prior=neps.Weights((*weights[1:], 1)))
    law = draw(st.sampled_from((neps.Normal(2.0, 0.5), neps.Beta(2, 3), neps.Beta(0.5, 0.5))))
    return draw(st.sampled_from((neps.Float, neps.Integer)))(1, 9, draw(st.booleans()), prior=law)


def _lazy(draw: Draw, grown: _Grown) -> Any:
    """What is not resolved, and a choice that gets past it to what it may choose from."""
    given = neps.Lazy(("a", neps.Integer(0, 3), neps.Operation(gather, (neps.Float(0, 1),))))
    if draw(st.booleans()):
        return neps.Lazy(draw(st.sampled_from((neps.Float(0, 1), (1, neps.Integer(0, 1)), "text"))))
    return neps.Categorical(neps.Categorical((given, ("b", "c"))))


def _fidelity(draw: Draw) -> neps.Fidelity:
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return neps.IntegerFidelity(1, draw(st.integers(1, 100)), log=draw(st.booleans()))
    if kind == 1:
        return neps.FloatFidelity(0.5, 0.5 + draw(st.floats(0.1, 10)), log=draw(st.booleans()))
    return neps.Fidelity(neps.Float(1, 27, log=True, log_base=3))


def _constant(draw: Draw) -> Any:
    return draw(st.sampled_from([*PLAIN, *CALLABLES]))


def _count_parameter(draw: Draw) -> Any:
    if draw(st.booleans()):
        lower = draw(st.integers(0, 2))
        return neps.Integer(lower, lower + draw(st.integers(0, 2)))
    kind = draw(st.sampled_from((neps.Categorical, neps.Ordinal)))
    return kind(tuple(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))))


def _is_count(grown: _Grown, name: str) -> bool:
    value = grown.attributes[name]
    if isinstance(value, neps.Integer):
        return type(value.lower) is int and type(value.upper) is int and 0 <= value.lower <= value.upper <= 4
    choices = value.choices if isinstance(value, (neps.Categorical, neps.Ordinal)) else ()
    return (
        bool(choices) and isinstance(choices, tuple) and all(type(c) is int and 0 <= c < 5 for c in choices)
    )


def _count(draw: Draw, grown: _Grown) -> Any:
    named = [n for n in grown.attributes if _is_count(grown, n)]
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.integers(0, 3))
    count = neps.ByName(draw(st.sampled_from(named))) if named and kind == 1 else _count_parameter(draw)
    return count.resample() if draw(st.booleans()) else count


def _repeated(draw: Draw, grown: _Grown, depth: int) -> Any:
    content = _value(draw, grown, depth - 1)
    if isinstance(content, Node) and not isinstance(content, neps.Fidelity) and draw(st.booleans()):
        content = _fresh(content, grown)
    return neps.Repeated(_count(draw, grown), content)


def _fresh(node: Node, grown: _Grown) -> Any:
    """`node.resample()`; nothing that leads to a fidelity can be resampled."""
    found: Any = node
    while isinstance(found, (neps.ByName, neps.Resample)):
        found = grown.attributes[found.name] if isinstance(found, neps.ByName) else found.source
    return node if isinstance(found, neps.Fidelity) else node.resample()


def _group(draw: Draw, grown: _Grown, depth: int) -> Any:
    form = draw(st.sampled_from((tuple, list, dict)))
    items = [_value(draw, grown, depth - 1) for _ in range(draw(st.integers(0, 2)))]
    keys = draw(st.permutations(("k", 1, "1", "x:y", None)))
    return dict(zip(keys, items, strict=False)) if form is dict else form(items)


def _keywords(draw: Draw, grown: _Grown, depth: int) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(("k", "stride", "args", "0", "count")), max_size=2, unique=True))
    return {n: _value(draw, grown, depth - 1) for n in names}


def _operation(draw: Draw, grown: _Grown, depth: int) -> Any:
    operator = draw(st.sampled_from([gather, dict, *TEXT_OPERATORS]))
    if operator is dict:
        return neps.Operation(dict, kwargs=_keywords(draw, grown, depth))
    form = draw(st.integers(0, 4))
    args: Any
    if form == 0:
        args = _parameter(draw)
    elif form == 1:
        args = neps.Repeated(_count(draw, grown), _value(draw, grown, depth - 1))
    elif form == 2:
        args = neps.Categorical(((), (_value(draw, grown, depth - 1), 1)))
    else:
        args = [_value(draw, grown, depth - 1) for _ in range(draw(st.integers(0, 2)))]
    kwargs: Any = _keywords(draw, grown, depth)
    if draw(st.integers(0, 5)) == 0:
        kwargs = neps.Categorical(({}, kwargs))
    return neps.Operation(operator, args, kwargs)


def _branches(draw: Draw, grown: _Grown, depth: int, least: int = 1) -> tuple[Any, ...]:
    plain = draw(_plain_values(0, 2))
    values = [_value(draw, grown, depth - 1) for _ in range(draw(st.integers(least, 3)))]
    taken = {plain_key(p) for p in plain}
    structures = [v for v in values if isinstance(v, (Node, tuple, list, dict))]
    others = [v for v in values if v in CALLABLES]
    new = [v for v in values if v is None or type(v) in (bool, int, float, str)]
    distinct = [v for i, v in enumerate(new) if plain_key(v) not in taken | {plain_key(w) for w in new[:i]}]
    branches = [*plain, *structures, *others, *distinct]
    return tuple(draw(st.permutations(branches))) if branches else (0,)


def _structural_choice(draw: Draw, grown: _Grown, depth: int) -> Any:
    branches = _branches(draw, grown, depth)
    return neps.Categorical(branches, **_index_options(draw, len(branches)))


def _provided_choice(draw: Draw, grown: _Grown, depth: int) -> Any:
    given = tuple(_branches(draw, grown, depth) for _ in range(draw(st.integers(1, 2))))
    provider: Any = neps.Categorical(given)
    grown.keep(provider)
    if draw(st.booleans()):
        provider = provider.resample()
    return neps.Categorical(provider, **_index_options(draw, min(len(g) for g in given)))


def _used_again(draw: Draw, grown: _Grown) -> Any:
    """Something that is there already: the object itself or by its name, shared or fresh."""
    nodes = [n for n in grown.nodes if grown.cheap(n)]
    named = [neps.ByName(n) for n in grown.attributes if grown.cheap(neps.ByName(n))]
    found: Sequence[Any] = [*nodes, *named, *grown.fidelities]
    if not found:
        return _parameter(draw)
    node = draw(st.sampled_from(found))
    return _fresh(node, grown) if draw(st.booleans()) else node


def _value(draw: Draw, grown: _Grown, depth: int) -> Any:
    """Anything that may stand inside a structure."""
    deep = (_operation, _structural_choice, _provided_choice, _repeated, _group, _operation)
    kind = draw(st.integers(0, 3 if depth <= 0 else 3 + len(deep)))
    if kind == 0:
        return _constant(draw)
    if kind == 1:
        rest = (_stepped, _bounded, _distributed, _lazy) if grown.whole else ()
        form = draw(st.integers(0, 2 * len(rest)))
        return grown.keep(_parameter(draw) if form >= len(rest) else rest[form](draw, grown))
    if kind <= 3:
        return _used_again(draw, grown)
    value = deep[kind - 4](draw, grown, depth)
    return grown.keep(value) if isinstance(value, Node) else value


def _literal(draw: Draw, name: str, parent: Any) -> Any:
    if isinstance(parent, (neps.Categorical, neps.Ordinal)):
        values = st.sampled_from(parent.choices)
        kinds = [neps.Equals, neps.NotEquals, neps.In]
        kinds += [neps.Less, neps.Greater] if isinstance(parent, neps.Ordinal) else []
    elif isinstance(parent, neps.Integer):
        values = st.integers(parent.lower, parent.upper)
        kinds = [neps.Equals, neps.NotEquals, neps.In, neps.Less, neps.Greater]
    else:
        values = st.floats(parent.lower, parent.upper)
        kinds = [neps.Less, neps.Greater]
    kind = draw(st.sampled_from(kinds))
    if kind is neps.In:
        return neps.In(name, tuple(draw(st.lists(values, min_size=1, max_size=2, unique_by=plain_key))))
    return kind(name, draw(values))


def _condition(draw: Draw, parents: dict[str, Any], depth: int = 1) -> Any:
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from((neps.And, neps.Or)))
        parts = [_condition(draw, parents, depth - 1) for _ in range(2)]
        return kind(tuple(parts)) if parts[0] != parts[1] else parts[0]
    name = draw(st.sampled_from(sorted(parents)))
    return _literal(draw, name, parents[name])


def _may_be_parent(value: Any) -> bool:
    if isinstance(value, (neps.Float, neps.Integer)):
        plain = not isinstance(value.lower, Node) and not isinstance(value.upper, Node)
        return plain and value.step is None and value.lower < value.upper
    if not isinstance(value, (neps.Categorical, neps.Ordinal)) or not isinstance(value.choices, tuple):
        return False
    return all(c is None or type(c) in (bool, int, float, str) for c in value.choices)


def _names(draw: Draw, least: int, most: int) -> list[str]:
    public = draw(st.lists(st.sampled_from(PUBLIC), min_size=1, max_size=most, unique=True))
    hidden = draw(st.lists(st.sampled_from(HIDDEN), max_size=max(0, most - len(public)), unique=True))
    return draw(st.permutations([*hidden, *public]))[: max(least, most)]


def _shuffled(draw: Draw, attributes: dict[str, Any]) -> dict[str, Any]:
    return {n: attributes[n] for n in draw(st.permutations(list(attributes)))}


@st.composite
def flat_spaces(draw: Draw) -> neps.PipelineSpace:
    """Parameters, constants and fidelities as attributes; some attributes have conditions."""
    attributes: dict[str, Any] = {}
    conditions: dict[str, Any] = {}
    for name in _names(draw, 1, 6):
        kind = draw(st.integers(0, 5))
        attributes[name] = (_constant if kind == 0 else _fidelity if kind == 1 else _parameter)(draw)
        parents = {n: v for n, v in attributes.items() if n != name and _may_be_parent(v)}
        if kind != 1 and parents and draw(st.booleans()):
            conditions[name] = _condition(draw, parents)
    return neps.PipelineSpace.from_attributes(_shuffled(draw, attributes), conditions=conditions)


@st.composite
def spaces(draw: Draw, *, whole: bool = False) -> neps.PipelineSpace:
    """Spaces with everything but recursion.

    With `whole` also what has no translation yet: steps, bounds that are parameters, distributions
    as priors, Lazy.
    """
    grown = _Grown(whole=whole)
    for name in _names(draw, 1, 5):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            value: Any = _fidelity(draw)
            grown.fidelities.append(value)
        elif kind == 1:
            value = grown.keep(_count_parameter(draw))
        else:
            value = _value(draw, grown, 2)
        grown.attributes[name] = value
    conditions: dict[str, Any] = {}
    parents = {n: v for n, v in grown.attributes.items() if _may_be_parent(v)}
    if parents and draw(st.booleans()):
        grown.attributes["limited"] = neps.Categorical((1, neps.Operation("f", (neps.Float(0, 1),))))
        conditions["limited"] = _condition(draw, parents)
    if draw(st.integers(0, 3)) == 0:
        _hold(draw, grown, conditions)
    return neps.PipelineSpace.from_attributes(_shuffled(draw, grown.attributes), conditions=conditions)


def _hold(draw: Draw, grown: _Grown, conditions: dict[str, Any]) -> None:
    """A hidden parent of a condition, itself or by another name, that others use too."""
    held = draw(st.sampled_from((neps.Categorical(("p", "q", "r")), neps.Integer(0, 2), neps.Float(0, 1))))
    name, alias = draw(st.sampled_from(("_held", "held"))), draw(st.sampled_from(("_alias", "alias")))
    grown.attributes[name], grown.attributes[alias] = held, neps.ByName(name)
    if draw(st.booleans()):
        grown.attributes["holder"] = neps.Operation(
            "hold", (draw(st.sampled_from((held, neps.ByName(alias)))),)
        )
    conditions["told"] = _literal(draw, draw(st.sampled_from((name, alias))), held)
    grown.attributes["told"] = neps.Float(0, 1)


@st.composite
def recursive_spaces(draw: Draw, *, whole: bool = False) -> neps.PipelineSpace:
    """Spaces in which one or two definitions contain fresh uses of themselves and can end.

    Every step of a cycle is fresh, as the language asks for: a shared object can't contain itself.
    """
    names = draw(st.sampled_from((("tree",), ("tree", "_part"))))
    grown = _Grown({"leaf": neps.Float(0, 1)}, whole=whole)
    grown.keep(grown.attributes["leaf"])
    attributes = dict(grown.attributes)
    for name, following in zip(names, (*names[1:], names[0]), strict=True):
        again = neps.ByName(following).resample()
        leaf = _value(draw, grown, 1)
        inner = draw(st.lists(st.sampled_from((again, neps.ByName("leaf"), 1)), max_size=1))
        step = neps.Operation(draw(st.sampled_from((gather, "step"))), (again, *inner), {"k": leaf})
        form = draw(st.integers(0, 2))
        if form == 0:
            attributes[name] = neps.Categorical((neps.Operation("end", (leaf,)), step.resample()))
        elif form == 1:
            args = neps.Categorical(((leaf,), (again, *inner)))
            attributes[name] = neps.Operation("node", args.resample())
        else:
            count: Any = draw(
                st.sampled_from((neps.Integer(0, 2), neps.Categorical((2, 0)), neps.Ordinal((0, 1))))
            )
            attributes[name] = neps.Operation("many", neps.Repeated(count.resample(), again).resample())
    return neps.PipelineSpace.from_attributes(_shuffled(draw, attributes))
