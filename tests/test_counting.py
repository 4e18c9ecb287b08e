"""size and enumerate: against each other, against a naive walk, and against numbers counted by hand."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import flat_spaces, gather, recursive_spaces, spaces

import neps_cs as neps
from neps_cs import Categorical, Float, Integer, Operation, Repeated
from neps_cs.counting import enumerate as configs_of
from neps_cs.counting import size
from neps_cs.graph.records import NumberRecord, Record
from neps_cs.resolving.sites import ChoiceSite, DecisionSite
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import replay

DEPTH = 3
MOST = 1500
Draw = Callable[[st.SearchStrategy[Any]], Any]


def space_of(conditions: dict[str, Any] | None = None, **attributes: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions)


def exact(config: Config) -> tuple[tuple[str, str, str], ...]:
    """A config as something to hash, in which True, 1 and 1.0 differ."""
    return tuple(sorted((k, type(v).__name__, repr(v)) for k, v in config.items()))


def naive(space: neps.PipelineSpace, max_depth: int | None = None) -> set[Any]:
    """All configs, by following each decision that any walk comes upon to each of its values."""
    found, todo = set[Any](), [list[float]()]
    while todo:
        given, made = todo.pop(), list[float]()

        def decide(
            site: DecisionSite,
            allowed: tuple[float, ...],
            given: list[float] = given,
            made: list[float] = made,
        ) -> float:
            if isinstance(site, ChoiceSite):
                values = list(allowed)
            elif allowed[0] == allowed[1]:
                values = [allowed[0]]
            else:
                scale = site.record.scale(*allowed)
                values = [scale.grid(k) for k in range(scale.points)]
            if len(made) >= len(given):
                todo.extend([*made, v] for v in values[1:])
            made.append(given[len(made)] if len(made) < len(given) else values[0])
            return made[-1]

        walk = space.resolver.resolve(decide, build=False, max_depth=max_depth, max_decisions=None)
        found.add(exact(walk.config))
    return found


def discrete(space: neps.PipelineSpace) -> neps.PipelineSpace:
    """The space with two points for each Float and three for each Integer at most."""

    def cut(record: Record) -> Record:
        if not isinstance(record, NumberRecord):
            return record
        record = replace(record, prior=None, confidence=None, default=None)
        if record.integer:
            return replace(record, upper=min(record.upper, record.lower + 2))
        width = record.upper - record.lower
        return replace(record, step=0.6 * width) if width else record

    graph = space.graph
    return neps.PipelineSpace.from_graph(replace(graph, records=tuple(cut(r) for r in graph.records)))


def check(space: neps.PipelineSpace, max_depth: int | None = None) -> int | float:
    """size is the number of configs of enumerate: distinct ones, those of a naive walk, which replay
    and which are all that is sampled. Where there are many, there are at least as many as looked at."""
    configs = list(itertools.islice(configs_of(space, max_depth=max_depth), MOST))
    count = size(space, max_depth=max_depth)
    distinct = {exact(c) for c in configs}
    assert len(distinct) == len(configs)
    for config in configs[:: max(1, len(configs) // 20)]:
        assert exact(replay(space.resolver, config).config) == exact(config)
    if len(configs) == MOST:
        assert count >= MOST
        return count
    assert count == len(configs)
    assert distinct == naive(space, max_depth)
    depth = {} if max_depth is None else {"max_depth": max_depth}
    assert {exact(space.sample(seed, **depth)[0]) for seed in range(10)} <= distinct
    return count


@st.composite
def tangled(draw: Draw) -> neps.PipelineSpace:
    """Small finite spaces in which much is shared: bounds, counts, providers and parents of conditions."""
    lows, high = [Integer(0, 1), Integer(1, 2), Categorical((0, 2))], Integer(2, 3)
    numbers: list[Any] = [*lows, high]
    plain: list[Any] = [Categorical(("a", "b")), Integer(4, 5), Float(0, 1, step=0.5), *numbers]
    providers: list[Any] = [Categorical((("p", plain[0]), (plain[1], "q", "r")))]
    nodes = list(plain)

    def some(given: list[Any]) -> Any:
        node = draw(st.sampled_from(given))
        return node.resample() if draw(st.booleans()) else node

    def added() -> Any:
        kind = draw(st.integers(0, 6))
        if kind == 0:
            number = Integer(some(lows), draw(st.sampled_from((2, high, high.resample()))))
            numbers.insert(0, number)
            return number
        if kind == 1:
            return Categorical(tuple(some(nodes) for _ in range(draw(st.integers(1, 3)))))
        if kind == 2:
            return Operation(gather, tuple(some(nodes) for _ in range(draw(st.integers(1, 2)))))
        if kind == 3:
            return Repeated(some(numbers[:3]), some(nodes))
        if kind == 4:
            return Repeated(draw(st.integers(0, 2)), some(nodes))
        if kind == 5:
            providers.append(Categorical(((some(nodes), 1), (some(nodes), some(nodes)))))
            return providers[-1]
        providers_of = Categorical((tuple(providers[-1].choices), (("u", some(nodes)), ("v",))))
        return Categorical(some(providers) if draw(st.booleans()) else Categorical(some([providers_of])))

    for _ in range(draw(st.integers(1, 5))):
        nodes.append(added())
    attributes = {
        f"a{i}": node for i, node in enumerate(draw(st.lists(st.sampled_from(nodes[2:]), max_size=3)))
    }
    attributes["a"] = nodes[-1]
    parents: dict[str, Any] = {"n": numbers[0], "x": plain[0], "y": Integer(0, 2), "on": "on"}
    conditions = {}
    for name in ("c", "d", "e"):
        literals = []
        for _ in range(draw(st.integers(1, 2))):
            parent = draw(st.sampled_from(sorted(parents)))
            values = {"x": ("a", "b"), "on": ("on", "off")}.get(parent, (0, 1, 2))
            order = (neps.Less, neps.Greater) if parent not in ("x", "on") else ()
            literal = draw(st.sampled_from((neps.Equals, neps.NotEquals, *order)))
            literals.append(literal(parent, draw(st.sampled_from(values))))
        conditions[name] = draw(st.sampled_from((neps.And, neps.Or)))(tuple(literals))
        attributes[name] = Integer(0, 2) if draw(st.booleans()) else (some(nodes), some(nodes))
        if isinstance(attributes[name], Integer):
            parents[name] = attributes[name]
    wanted = {p for c in conditions.values() for part in c.parts for p in [part.parent]}
    attributes |= {p: v for p, v in parents.items() if p in wanted}
    order = draw(st.permutations(sorted(attributes)))
    return neps.PipelineSpace.from_attributes({n: attributes[n] for n in order}, conditions=conditions)


@given(flat_spaces() | spaces() | recursive_spaces())
def test_size_counts_what_enumerate_gives(space: neps.PipelineSpace) -> None:
    """The law, on spaces of every kind made finite."""
    check(discrete(space), DEPTH)


@given(tangled())
def test_size_counts_what_is_shared_once(space: neps.PipelineSpace) -> None:
    """The law, where much is shared."""
    check(space)


@st.composite
def repeating(draw: Draw) -> neps.PipelineSpace:
    """Spaces of Repeated in Repeated, in branches, under conditions and in a recursion."""
    counts = (3, COUNT, COUNT.resample(), Categorical((2, 0, 3)), Categorical((3, 1)).resample())
    content: Any = draw(st.sampled_from((COIN, DIE, LOW, Categorical((TWICE, "t")), (COIN.resample(), LOW))))
    for _ in range(draw(st.integers(1, 2))):
        fresh = content if isinstance(content, tuple) else content.resample()
        content = Repeated(draw(st.sampled_from(counts)), fresh if draw(st.integers(0, 3)) else content)
        if draw(st.booleans()):
            content = Categorical((content, draw(st.sampled_from(("none", DIE)))))
    attributes = {"n": Integer(1, 2), "y": content}
    conditions = {"y": neps.Equals("n", 2)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        again = Repeated(draw(st.sampled_from(counts)), neps.ByName("tree").resample())
        attributes["tree"] = Categorical(("leaf", (again.resample(), LOW)))
        attributes["start"] = neps.ByName("tree").resample()
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions)


@given(repeating() | tangled() | (spaces() | recursive_spaces()).map(discrete), st.data())
def test_size_counts_what_is_edited(space: neps.PipelineSpace, data: st.DataObject) -> None:
    """The law, where decisions differ from their definitions: those of the items of a Repeated too."""
    for seed in range(data.draw(st.integers(1, 3))):
        config = space.sample(seed, max_depth=DEPTH)[0]
        inside = [a for a in config if any(part.isdigit() for part in a.split(":"))] or list(config)
        if inside:
            address = data.draw(st.sampled_from(inside))
            # a grammar whose definition could not end any more, or Weights that leave nothing
            with contextlib.suppress(neps.SpaceError):
                space = space.fix(address, config[address])
    check(space, DEPTH)


@given(flat_spaces() | spaces() | recursive_spaces())
def test_a_size_is_infinite_or_that_of_its_configs(space: neps.PipelineSpace) -> None:
    """The law, on spaces as they are: enumerate refuses exactly what is infinite."""
    if size(space, max_depth=DEPTH) == math.inf:
        with pytest.raises(neps.SpaceError, match="a space must be finite"):
            configs_of(space, max_depth=DEPTH)
    else:
        check(space, DEPTH)


COIN = Categorical(("heads", "tails"))
DIE = Integer(1, 6)
LOW = Integer(1, 4)
COUNT = Integer(0, 3)
GIVEN = Categorical(((1, 2), (3, 4, 5)))
TWICE = Categorical((Operation(gather, (DIE,)), Operation(gather, (DIE, COIN)), "none"))
NAMED = neps.ByName("coin")

COUNTED: dict[str, tuple[dict[str, Any], int]] = {
    "independent": ({"a": COIN, "b": DIE, "c": neps.Ordinal((1, 2, 3))}, 2 * 6 * 3),
    "constants_and_fidelities": ({"a": COIN, "b": 5, "c": None, "f": neps.FloatFidelity(1, 9)}, 2),
    "one_point": ({"a": Float(1, 1), "b": Integer(3, 3)}, 1),
    "float_steps": ({"a": Float(0, 1, step=0.25)}, 5),
    "float_steps_to_the_last_point": ({"a": Float(0, 1, step=0.3)}, 4),
    "integer_steps": ({"a": Integer(1, 10, step=4)}, 3),
    "log_integer": ({"a": Integer(1, 8, log=True)}, 8),
    "large_integer": ({"a": Integer(0, 2**70), "b": COIN}, 2 * (2**70 + 1)),
    "shared": ({"a": COIN, "b": COIN}, 2),
    "equal_is_not_shared": ({"a": Categorical((1, 2)), "b": Categorical((1, 2))}, 4),
    "resampled": ({"a": COIN, "b": COIN.resample(), "c": COIN.resample()}, 8),
    "one_resample_in_two_places": ({"a": (fresh := COIN.resample()), "b": (fresh, fresh)}, 8),
    "resampled_attribute": ({"a": COIN.resample(), "b": (neps.ByName("a"), neps.ByName("a"))}, 2),
    "by_name": ({"coin": COIN, "b": NAMED, "c": (NAMED, NAMED.resample())}, 4),
    "hidden_and_unused": ({"_a": DIE, "b": COIN}, 2),
    "branches": ({"a": TWICE}, 6 + 6 * 2 + 1),
    # neither: 1; die: 6 of 2 * 2 - 1; die and coin: 12 of the 5 others
    "shared_by_branches": ({"a": TWICE, "b": TWICE.resample()}, 1 + 3 * 6 + 5 * 12),
    "shared_and_always_there": ({"a": TWICE, "b": DIE}, 6 * 4),
    "renewed_on_the_outside_only": ({"a": (out := Operation(gather, (COIN,))), "b": out.resample()}, 2),
    "nothing_in_branches": ({"a": Categorical((gather, Operation(gather, (1,)), (2, 3)))}, 3),
    "repeated": ({"a": Repeated(3, COIN.resample())}, 8),
    "repeated_shared": ({"a": Repeated(3, COIN)}, 2),
    "repeated_never": ({"a": Repeated(0, COIN.resample())}, 1),
    "repeated_by_a_parameter": ({"a": Repeated(COUNT, COIN.resample())}, 1 + 2 + 4 + 8),
    "repeated_by_a_parameter_shared": ({"a": Repeated(COUNT, COIN)}, 1 + 3 * 2),
    "repeated_by_a_choice": ({"a": Repeated(Categorical((4, 1)), COIN.resample())}, 16 + 2),
    "repeated_by_one_count": (
        {"a": Repeated(COUNT, COIN.resample()), "b": Repeated(COUNT, DIE.resample())},
        1 + 12 + 12**2 + 12**3,
    ),
    "repeated_by_fresh_counts": (
        {"a": Repeated(COUNT.resample(), COIN.resample()), "b": Repeated(COUNT.resample(), COIN)},
        15 * 7,
    ),
    "bounds": ({"a": Integer(LOW, 10)}, 10 + 9 + 8 + 7),
    "bounds_shared": ({"a": Integer(LOW, 10), "b": Integer(LOW, 4)}, 10 * 4 + 9 * 3 + 8 * 2 + 7),
    "bounds_on_both_sides": ({"a": Integer(Integer(0, 1), Categorical((2, 5)))}, 3 + 6 + 2 + 5),
    "bounds_with_steps": ({"a": Float(Integer(0, 1), 2, step=0.5)}, 5 + 3),
    "bounds_of_bounds": ({"a": Integer(Integer(LOW, 4), 5)}, 5 + 2 * 4 + 3 * 3 + 4 * 2),
    "bounds_by_name": ({"five": 5, "a": Integer(LOW, neps.ByName("five"))}, 5 + 4 + 3 + 2),
    "provided": ({"a": Categorical(GIVEN)}, 2 + 3),
    "provided_shared": ({"a": Categorical(GIVEN), "b": Categorical(GIVEN)}, 4 + 9),
    "provided_fresh": ({"a": Categorical(GIVEN.resample()), "b": Categorical(GIVEN.resample())}, 25),
    "provided_and_itself": ({"a": Categorical(GIVEN), "b": GIVEN}, 5),
    "provided_by_provided": (
        {"a": (last := Categorical(Categorical(Categorical(((GIVEN.choices), ((6,),))).resample()))),
         "b": last.resample()},
        4 + 9 + 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_sizes_counted_by_hand(name: str) -> None:
    attributes, expected = COUNTED[name]
    space = space_of(**attributes)
    assert size(space) == expected
    assert type(size(space)) is int
    if expected <= MOST:
        assert check(space) == expected


def test_a_size_with_edited_items() -> None:
    """Each item of a Repeated counts as it is: none stands for the others."""
    y = space_of(y=Repeated(3, DIE.resample()))
    assert check(y.fix("y:0", 3)) == 36
    assert check(y.fix("y:1", 3)) == 36
    assert check(y.fix("y:0", 3).restrict("y:2", upper=2)) == 12
    counted = space_of(n=COUNT, y=Repeated(COUNT, COIN.resample()))
    assert check(counted) == 1 + 2 + 4 + 8
    assert check(counted.fix("y:0", "heads")) == 1 + 1 + 2 + 4
    assert check(counted.fix("y:2", "heads")) == 1 + 2 + 4 + 4
    assert check(counted.fix("y:2", "heads").restrict("n", upper=2)) == 1 + 2 + 4
    limited = space_of({"y": neps.Equals("c", 1)}, c=Integer(0, 1), y=Repeated(2, COIN.resample()))
    assert check(limited.fix("y:1", "heads")) == 1 + 2
    nested = space_of(y=Categorical((Repeated(2, Repeated(2, COIN.resample()).resample()), "none")))
    assert check(nested) == 16 + 1
    assert check(nested.fix("y:Repeated:1:0", "heads")) == 8 + 1
    items = Repeated(2, neps.ByName("tree").resample()).resample()
    grown = space_of(tree=Categorical(("leaf", items)), start=neps.ByName("tree").resample())
    assert check(grown, 3) == (1 + (1 + 1) ** 2) ** 2
    assert check(grown.fix("start:Repeated:1", "leaf"), 3) == (1 + (1 + 1) ** 2) * (1 + (1 + 1))
    many = space_of(y=Repeated(100_000, COIN.resample()))
    assert size(many.fix("y:0", "heads").fix("y:99999", "heads")) == 2**99_998


def test_one_edited_item_does_not_make_a_space_finite() -> None:
    fixed = space_of(y=Repeated(2, Float(0, 1).resample())).fix("y:0", 0.5)
    assert size(fixed) == math.inf
    with pytest.raises(neps.SpaceError, match="no end at y:1"):
        configs_of(fixed)
    assert check(fixed.fix("y:1", 0.25)) == 1


def test_a_size_with_conditions() -> None:
    """An attribute counts where its condition holds; one on an inactive parent does not hold."""
    gears = {"a": Integer(0, 9), "b": Integer(0, 4)}
    assert check(space_of({"b": neps.Equals("a", 3)}, **gears)) == 9 + 5
    assert check(space_of({"b": neps.NotEquals("a", 3)}, **gears)) == 1 + 9 * 5
    assert check(space_of({"b": neps.Less("a", 3)}, **gears)) == 7 + 3 * 5
    assert check(space_of({"b": neps.Greater("a", 2.5)}, **gears)) == 3 + 7 * 5
    assert check(space_of({"b": neps.In("a", (3, 4, 99))}, **gears)) == 8 + 2 * 5
    assert check(space_of({"b": neps.Equals("a", 99)}, **gears)) == 10
    chain = {"b": neps.Less("a", 3), "c": neps.NotEquals("b", 0)}
    assert check(space_of(chain, **gears, c=COIN)) == 7 + 3 * (1 + 4 * 2)
    joined = neps.And((neps.Less("a", 6), neps.Or((neps.Equals("a", 1), neps.Greater("b", 3)))))
    assert check(space_of({"c": joined}, **gears, c=COIN)) == 50 + 5 + 5


def test_a_size_with_conditions_on_choices_and_constants() -> None:
    size_of = {"kind": neps.Ordinal(("s", "m", "l")), "x": Integer(1, 5), "on": "on"}
    assert check(space_of({"x": neps.Less("kind", "l")}, **size_of)) == 1 + 2 * 5
    assert check(space_of({"x": neps.Equals("on", "on")}, **size_of)) == 3 * 5
    assert check(space_of({"x": neps.Equals("on", "off")}, **size_of)) == 3
    quiet = {"on": neps.Equals("kind", "m"), "x": neps.Equals("on", "on")}
    assert check(space_of(quiet, **size_of)) == 2 + 5


def test_a_size_with_conditions_on_what_is_shared() -> None:
    """A count, a bound and a provider's neighbour may be parents too; a child may hold what others hold."""
    assert check(
        space_of({"b": neps.Greater("n", 1)}, n=COUNT, a=Repeated(COUNT, COIN.resample()), b=DIE)
    ) == (1 + 2 + 4 * 6 + 8 * 6)
    assert check(space_of({"b": neps.Equals("n", 4)}, n=LOW, a=Integer(LOW, 10), b=DIE)) == 10 + 9 + 8 + 7 * 6
    assert check(space_of({"b": neps.Equals("a", 4)}, a=Integer(LOW, 5), b=DIE)) == 5 + 4 + 3 + 2 + 4 * 5
    assert check(space_of({"b": neps.Equals("c", 0)}, c=Integer(0, 1), a=TWICE, b=(DIE,))) == 19 + (
        6 + 12 + 6
    )
    assert check(space_of({"b": neps.Equals("c", 0)}, c=Integer(0, 1), a=COIN, b=COIN)) == 4


def tree(**attributes: Any) -> neps.PipelineSpace:
    again = neps.ByName("tree").resample()
    return space_of(tree=Categorical(("leaf", Operation(gather, (again, again)).resample())), **attributes)


def test_a_recursion_is_counted_to_its_depth() -> None:
    """As in sampling: what lies in `max_depth` nested uses ends at once."""
    sizes = [size(tree(), max_depth=depth) for depth in range(1, 7)]
    assert sizes == [1, 2, 5, 26, 677, 458330]
    assert [check(tree(), depth) for depth in (1, 2, 3, 4, 5)] == sizes[:5]
    assert size(tree()) == math.inf
    assert size(tree(a=Repeated(COUNT, COIN)), max_depth=3) == 5 * 7


def test_a_recursion_that_shares_and_repeats() -> None:
    again = neps.ByName("t").resample()
    shared = space_of(t=Categorical((COIN, Operation(gather, (again, DIE)).resample())))
    assert [check(shared, depth) for depth in (1, 2, 3)] == [2, 2 + 2 * 6, 2 + 2 * 6 + 2 * 6]
    many = space_of(t=Operation(gather, Repeated(Integer(0, 2).resample(), again).resample()))
    assert [check(many, depth) for depth in (1, 2, 3)] == [1, 3, 1 + 3 + 9]
    assert size(many) == math.inf
    never = space_of(t=Categorical((1, Operation(gather, (Repeated(0, again).resample(),)).resample())))
    assert check(never) == 2


def test_a_size_is_infinite_only_where_something_infinite_can_be_active() -> None:
    number = Float(0, 1)
    assert size(space_of(a=number)) == math.inf
    assert size(space_of(a=Categorical((1, Operation(gather, (number,)))))) == math.inf
    assert size(space_of(a=COIN, _b=number)) == 2
    assert size(space_of(a=Repeated(0, number))) == 1
    assert size(space_of({"b": neps.Equals("a", 1)}, a=COUNT, b=number)) == math.inf
    assert check(space_of({"b": neps.Equals("a", 7)}, a=COUNT, b=number)) == 4
    assert size(space_of(a=Float(LOW, 5))) == math.inf
    assert size(space_of(a=Float(number, 1, step=0.5))) == math.inf
    # what is chosen depends on what is chosen: the number is in a branch that is never open
    choice = Categorical((("a", Categorical((provider := Categorical((("x", number), ("y",)))))), ("b",)))
    assert size(space_of(a=Categorical(choice), b=Categorical(provider))) == math.inf


def test_enumerate_refuses_what_is_infinite_when_it_is_called() -> None:
    space = space_of(a=COIN, b=Operation(gather, (Float(0, 1), Float(0, 1, step=0.5))), c=Float(1, 2))
    with pytest.raises(neps.SpaceError, match=r"no end at b:0, c @ Space"):
        configs_of(space)
    with pytest.raises(neps.SpaceError, match="a recursion max_depth, got no end at tree"):
        configs_of(tree())


def test_enumerate_goes_from_the_first_values_to_the_last() -> None:
    space = space_of({"c": neps.Equals("a", "y")}, a=Categorical(("x", "y")), b=Integer(1, 5, step=2), c=COIN)
    assert list(configs_of(space)) == [
        {"a": "x", "b": 1},
        {"a": "x", "b": 3},
        {"a": "x", "b": 5},
        {"a": "y", "b": 1, "c": "heads"},
        {"a": "y", "b": 1, "c": "tails"},
        {"a": "y", "b": 3, "c": "heads"},
        {"a": "y", "b": 3, "c": "tails"},
        {"a": "y", "b": 5, "c": "heads"},
        {"a": "y", "b": 5, "c": "tails"},
    ]


def test_enumerate_is_lazy() -> None:
    space = space_of(a=Integer(0, 10**6), b=Integer(0, 10**6), c=Repeated(40, COIN.resample()))
    first = list(itertools.islice(configs_of(space), 3))
    assert [c["c:39"] for c in first] == ["heads", "tails", "heads"]
    assert {exact(c) for c in first} <= {exact(c) for c in itertools.islice(configs_of(space), 4)}


def test_the_values_of_a_config_have_their_types() -> None:
    (config,) = configs_of(space_of(a=Float(Integer(1, 1), 1), b=Float(2, 2), c=Integer(3, 3)))
    assert exact(config) == exact({"a:lower": 1, "a": 1.0, "b": 2.0, "c": 3})


def test_large_spaces_are_counted_at_once() -> None:
    flat = space_of(**{f"p{i}": Integer(0, 10**9) for i in range(200)})
    assert size(flat) == (10**9 + 1) ** 200
    conditions = {f"c{i}": neps.Greater(f"p{i // 2}", 10**8 - 1) for i in range(100)}
    groups = space_of(
        conditions,
        **{f"p{i}": Integer(0, 10**9) for i in range(50)},
        **{f"c{i}": Integer(0, 1) for i in range(100)},
    )
    assert size(groups) == (10**8 + (9 * 10**8 + 1) * 4) ** 50
    chain = {f"p{i}": neps.Equals(f"p{i - 1}", 0) for i in range(1, 150)}
    assert size(space_of(chain, **{f"p{i}": Integer(0, 1) for i in range(150)})) == 151
    assert size(space_of(a=Repeated(Integer(1, 50), DIE.resample()))) == (6**51 - 6) // 5


def test_deep_nesting_is_counted() -> None:
    nested: Any = DIE
    for _ in range(2000):
        nested = Operation(gather, (nested, Categorical((1, 2))))
    assert size(space_of(a=nested)) == 6 * 2**2000
    for _ in range(300):
        nested = Categorical((0, Operation(gather, (nested,))))
    assert size(space_of(a=nested)) == 300 + 6 * 2**2000
    assert size(tree(), max_depth=12) == 1 + size(tree(), max_depth=11) ** 2


def layers(n: int) -> tuple[Any, ...]:
    """Layers that share a parameter between their own branches."""
    kernels = [Categorical((1, 3, 5)) for _ in range(n)]
    return tuple(Categorical((Operation("conv", (k,)), Operation("pool", (k,)), "id")) for k in kernels)


def test_what_is_shared_locally_is_counted_locally() -> None:
    """Forty shared parameters would fall into 2**40 cases, each on its own into two."""
    assert (
        size(space_of(a=Categorical((Operation("a", layers(40)), Operation("b", layers(40)))))) == 2 * 7**40
    )


def alternatives(n: int, *, shared: bool) -> neps.PipelineSpace:
    """Two definitions with n steps each, in their own or the same operations."""
    part, whole = neps.ByName("part").resample(), neps.ByName("whole").resample()
    steps = [[Operation(f"f{i}", (part, whole)).resample() for i in range(n)] for _ in range(2)]
    return space_of(whole=Categorical((1, *steps[0])), part=Categorical((1, 2, *steps[not shared])))


def test_many_alternatives_in_a_recursion_are_counted() -> None:
    """What has one user needs no nesting of its own: else the ways to nest would be too many."""
    # inside of two uses of a definition only the values are open: 1 whole, 2 parts
    whole, part = 1 + 8 * (2 + 8 * 2 * 1) * 1, 2 + 8 * 2 * (1 + 8 * 2 * 1)
    assert size(alternatives(8, shared=False), max_depth=2) == whole * part
    assert size(alternatives(8, shared=False), max_depth=8).bit_length() > 5000  # type: ignore[union-attr]
    assert check(alternatives(1, shared=False), 2) == (1 + 4) * (2 + 2 * 3)
    assert check(alternatives(1, shared=True), 2) > 1


def test_what_can_not_be_counted_is_refused() -> None:
    with pytest.raises(neps.SpaceError, match=r"must have 8,388,608 bits at most.* @ Space"):
        size(tree(), max_depth=100)
    with pytest.raises(neps.SpaceError, match=r"1,000,000 values at most.*got 1,000,000,000 @ Space.a:count"):
        size(space_of(a=Repeated(Integer(1, 10**9), COIN.resample())))
    shared = [Integer(0, i + 1) for i in range(24)]
    cell = Categorical(tuple(Operation(f"f{i}", (x,)) for i, x in enumerate(shared)))
    with pytest.raises(neps.SpaceError, match=r"into 1,000,000 cases at most.* for a:0"):
        size(space_of(a=Repeated(24, cell.resample())))
    late = {"b": neps.Equals("q", 1), "c": neps.Equals("b", "heads")}
    with pytest.raises(neps.SpaceError, match=r"must not be another attribute too.*got parent='b' @ Space.c"):
        size(space_of(late, q=COUNT, b=neps.ByName("a"), c=DIE, a=COIN))


def test_too_many_sites_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neps_cs.counting.shapes.MAX_NODES", 100)
    with pytest.raises(neps.SpaceError, match=r"100 sites of a kind at most.* @ Space"):
        size(alternatives(8, shared=True), max_depth=8)
    assert size(alternatives(2, shared=False), max_depth=2) > 0


def test_wrong_arguments_are_refused() -> None:
    for call in (size, configs_of):
        with pytest.raises(neps.SpaceError, match="max_depth must be a whole number >= 1"):
            call(tree(), max_depth=0)
        with pytest.raises(neps.SpaceError, match="a space must be made"):
            call(neps.PipelineSpace)  # type: ignore[arg-type]
