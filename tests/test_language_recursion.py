"""What recursion means: where it ends, and what is refused because it can't."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from making import space
from strategies import gather

import neps_cs as neps


def test_recursion_ends_at_max_depth() -> None:
    """From the second nested use on only the branch that ends is open."""
    again = neps.Operation("t", (neps.ByName("tree").resample(),)).resample()
    made = space(tree=neps.Categorical(("end", again)))
    texts = [{made.sample(seed, max_depth=depth)[1]["tree"] for seed in range(60)} for depth in (1, 2, 3)]
    assert texts == [{"end"}, {"end", "t('end')"}, {"end", "t('end')", "t(t('end'))"}]


def test_a_grammar_that_grows_on_average_still_ends() -> None:
    tree = neps.ByName("tree").resample()
    grow = neps.Operation(gather, (tree, tree, tree)).resample()
    made = space(tree=neps.Categorical((neps.Float(0, 1).resample(), grow)))
    for seed in range(5):
        assert made.sample(seed)[0]


def test_nesting_may_be_deeper_than_pythons_stack() -> None:
    deep: Any = neps.Float(0, 1)
    for _ in range(3000):
        deep = neps.Categorical((deep,))
    assert len(space(x=deep).sample(0)[0]) == 3001


FRESH = neps.ByName("tree").resample()


def grown(value: Any) -> neps.PipelineSpace:
    """A space whose only attribute is `tree`."""
    return space(tree=value)


@pytest.mark.parametrize(
    "count", [neps.Integer(0, 2), neps.Integer(0, 4, step=2), neps.Categorical((0, 1)), neps.Ordinal((0, 2)),
              neps.Ordinal((2, 0)), neps.Categorical((3, 0), prior=0, prior_confidence="high")]
)  # fmt: skip
def test_a_grammar_may_end_by_a_count_of_zero_alone(count: Any) -> None:
    made = grown(neps.Operation("n", neps.Repeated(count.resample(), FRESH).resample()))
    for seed in range(20):
        config, pipeline = made.sample(seed, max_depth=3, use_priors=True)
        assert neps.resolve(made, config) == pipeline
        assert 1 <= pipeline["tree"].count("n(") <= 1 + 4 + 16
    assert {made.sample(seed, max_depth=1)[1]["tree"] for seed in range(20)} == {"n()"}
    assert max(made.sample(seed, max_depth=2)[1]["tree"].count("n(") for seed in range(20)) > 1


@pytest.mark.parametrize(
    ("count", "ends"),
    [
        (0, True), (1, False), (neps.ByName("_zero"), True), (neps.ByName("_n").resample(), True),
        (neps.ByName("_n"), False), (neps.Integer(0, 2), False), (neps.Categorical((0, 1)), False),
        (neps.Integer(1, 2).resample(), False), (neps.Ordinal((1, 2)).resample(), False),
        (neps.Integer(neps.Integer(0, 1), 2).resample(), False),
    ],
)  # fmt: skip
def test_a_shared_count_ends_no_recursion(count: Any, ends: bool) -> None:
    """A shared count of 2 is 2 at every level; only a fresh one may be 0 further down."""
    tree = neps.Operation("n", neps.Repeated(count, FRESH).resample())
    if ends:
        made = space(tree=tree, _zero=0, _n=neps.Integer(0, 2))
        assert made.sample(0, max_depth=3)[1]["tree"].startswith("n(")
    else:
        with pytest.raises(neps.SpaceError, match="a grammar must be able to end, got the cycle tree → "):
            space(tree=tree, _zero=0, _n=neps.Integer(0, 2))


def test_a_derivation_of_5000_levels_resolves_and_replays() -> None:
    made = grown(neps.Categorical(("end", neps.Operation(gather, (FRESH,)).resample())))
    config: dict[str, Any] = {}
    address = "tree"
    for _ in range(5000):
        config[address] = "gather"
        address += ":gather:0"
    config[address] = "end"
    tree = neps.resolve(made, config)["tree"]
    for _ in range(5000):
        (tree,) = tree.args
    assert tree == "end"

    def decide(site: Any, allowed: tuple[float, ...]) -> float:
        return config[site.address] == "gather"

    resolution = made.resolver.resolve(decide, max_depth=None, max_decisions=None)
    assert resolution.config == config


@pytest.mark.parametrize("form", [tuple, list])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_list_that_is_given_ends_where_one_of_its_items_does(form: Any, lazy: bool) -> None:
    """Only the item that is taken is resolved, so every list may hold a recursion."""
    wrap = neps.Lazy if lazy else (lambda v: v)
    again = neps.Operation("t", (FRESH,)).resample()
    made = grown(
        neps.Categorical(neps.Categorical((wrap(form(("a", again))), wrap(form((again, "b"))))).resample())
    )
    texts = [{made.sample(seed, max_depth=d)[1]["tree"] for seed in range(80)} for d in (1, 2)]
    assert texts == [{"a", "b"}, {"a", "b", "t('a')", "t('b')"}]


def test_the_soonest_end_is_sought_among_what_a_provider_gives() -> None:
    """The list (far, "end") ends at once, though `far` does not; (near,) takes another round."""
    far = neps.Operation("far", (neps.ByName("_detour").resample(),)).resample()
    near = neps.Operation("near", (FRESH,)).resample()
    made = space(
        tree=neps.Categorical(neps.Categorical(((far, "end"), (near,))).resample()),
        _detour=neps.Operation("detour", (FRESH,)),
    )
    assert {made.sample(seed, max_depth=1)[1]["tree"] for seed in range(40)} == {"end"}


def test_a_provider_of_providers_in_a_grammar() -> None:
    again = neps.Operation("t", (FRESH, FRESH)).resample()
    provider = neps.Categorical((((again, 1), (again,)), ((again, again, 2),)))
    made = grown(neps.Categorical(neps.Categorical(provider.resample()).resample()))
    for seed in range(20):
        config, pipeline = made.sample(seed, max_depth=2)
        assert neps.resolve(made, config) == pipeline
    assert {made.sample(seed, max_depth=1)[1]["tree"] for seed in range(20)} == {1, 2}


class _Grammars:
    """Random grammars of three definitions, with providers of every kind."""

    def __init__(self, seed: int) -> None:
        self.random, self.leaves = random.Random(seed), 0

    def attributes(self) -> dict[str, Any]:
        return {name: self.choice(2) for name in ("a", "b", "_c")}

    def fresh(self) -> Any:
        return neps.ByName(self.random.choice(("a", "b", "_c"))).resample()

    def item(self, depth: int) -> Any:
        kind = self.random.random()
        if kind < 0.35:
            self.leaves += 1
            return self.leaves
        if kind < 0.7 or depth == 0:
            args = tuple(self.fresh() for _ in range(self.random.randint(1, 3)))
            return neps.Operation("f", args).resample()
        if kind < 0.8:
            return self.fresh()
        if kind < 0.9:
            count = self.random.choice((neps.Integer(0, 2), neps.Categorical((0, 3))))
            return neps.Operation("g", neps.Repeated(count.resample(), self.fresh()).resample()).resample()
        return self.choice(depth - 1).resample()

    def given(self, depth: int, levels: int) -> Any:
        inner = self.item if levels == 1 else lambda d: self.given(d, levels - 1)
        items = tuple(inner(depth) for _ in range(self.random.randint(1, 3)))
        return neps.Lazy(items) if levels == 1 and self.random.random() < 0.3 else items

    def choice(self, depth: int) -> Any:
        kind = self.random.random()
        if kind < 0.4 or depth == 0:
            return neps.Categorical(tuple(self.item(depth) for _ in range(self.random.randint(1, 3))))
        levels = 1 if kind < 0.8 else 2
        found = neps.Categorical(
            tuple(self.given(depth - 1, levels) for _ in range(self.random.randint(1, 3)))
        )
        for _ in range(levels):
            found = neps.Categorical(found.resample())
        return found


def test_every_grammar_that_is_not_refused_ends() -> None:
    """From max_depth on every choice brings the end nearer, so few decisions are left."""
    made, refused = 0, 0
    for seed in range(150):
        try:
            grammar = space(**_Grammars(seed).attributes())
        except neps.SpaceError as e:
            refused += "a grammar must be able to end, got the cycle " in str(e)
            continue
        made += 1
        config, pipeline = grammar.sample(seed, max_depth=1)
        assert len(config) < 1000
        assert repr(neps.resolve(grammar, config)) == repr(pipeline)
    assert made + refused == 150
    assert min(made, refused) > 10


ENDLESS: list[tuple[dict[str, Any], str, str]] = [
    ({"tree": neps.Operation("f", (FRESH,))}, "tree → Sequence → tree", "tree"),
    ({"x": 1, "_tree": neps.Operation("f", (neps.Resample("_tree"),))}, "_tree → Sequence → _tree", "_tree"),
    (
        {"a": neps.Operation("f", (neps.Resample("b"),)), "b": neps.Operation("g", (neps.Resample("a"),))},
        "a → Sequence → b → Sequence → a", "a",
    ),
    ({"tree": FRESH}, "tree → tree", "tree"),
    ({"tree": neps.Categorical(FRESH)}, "tree → tree", "tree"),
    (
        {"tree": neps.Categorical((neps.Operation("f", (FRESH,)).resample(), (FRESH, 1)))},
        "tree → Sequence → tree", "tree",
    ),
    (
        {"tree": neps.Categorical(neps.Categorical(((FRESH,), (FRESH, FRESH))).resample())},
        "tree → Choice → Sequence → tree", "tree",
    ),
    (
        {"tree": neps.Operation("f", neps.Repeated(neps.Integer(0, 2), FRESH).resample())},
        "tree → Repeated → tree", "tree",
    ),
    (  # only what leads there is part of no cycle itself
        {"a": neps.Categorical((neps.Resample("a"), neps.Resample("b"))),
         "b": neps.Operation("f", (neps.Resample("b"),))},
        "a → a", "a",
    ),
    (
        {"a": neps.Operation("f", (neps.Resample("b"), neps.Categorical((1, neps.Resample("a"))).resample())),
         "b": neps.Operation("f", (neps.Resample("b"),))},
        "b → Sequence → b", "b",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("attributes", "cycle", "place"), ENDLESS, ids=[cycle for _, cycle, _ in ENDLESS])
def test_a_grammar_that_can_not_end_is_refused_naming_the_cycle(
    attributes: dict[str, Any], cycle: str, place: str
) -> None:
    with pytest.raises(neps.SpaceError) as caught:
        space(**attributes)
    expected = f"a grammar must be able to end, got the cycle {cycle} with no way out @ Space.{place}"
    assert expected in str(caught.value).splitlines()


def test_a_provider_that_is_used_as_a_value_too_lets_a_grammar_end() -> None:
    """Its branches are values for the one, and give choices to the other: both must end."""
    leaf = neps.Float(0, 1)
    provider = neps.Categorical((("a", leaf.resample()),))
    chosen = neps.Categorical(provider)
    part, tree = neps.ByName("_part").resample(), neps.ByName("tree").resample()
    attributes: dict[str, Any] = {
        "leaf": leaf,
        "tree": neps.Categorical(
            (neps.Operation("end", (chosen,)), neps.Operation("more", (part,), {"k": chosen}).resample())
        ),
        "_part": neps.Operation("node", neps.Categorical(((provider,), (tree,))).resample()),
    }
    for order in permutations(attributes):
        space = neps.PipelineSpace.from_attributes({name: attributes[name] for name in order})
        for seed in range(20):
            assert space.sample(seed, max_depth=3)[0]["tree"] in ("end", "more")
