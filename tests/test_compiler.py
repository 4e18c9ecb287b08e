"""Compiled code does what the Walk does, which follows the rules site by site."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import gather
from test_laws import DEPTH, SEEDS, WHOLE_LANGUAGE, Grammar, Net, exact

import neps_cs as neps
from neps_cs.resolving.compiler import units, writer
from neps_cs.resolving.compiler.writer import Source
from neps_cs.resolving.walk import Decide, Walk
from neps_cs.sampling.draw import prior, uniform
from neps_cs.sampling.replay import Replay, replay


def walked(
    space: neps.PipelineSpace, decide: Decide, *, max_depth: float = DEPTH
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Config and pipeline by the Walk alone."""
    resolver = space.resolver
    walk = Walk(resolver.program, lambda: decide, resolver.checked_fidelities(None), True, max_depth)
    values: dict[str, Any] = {}
    for name in resolver.order:
        test = resolver.tests.get(name)
        if test is None or test(walk.config, walk.taken):
            site = resolver.program.attribute(name)
            values[name] = walk.visit(site)
            if name in space.graph.root_of:
                walk.taken.setdefault(site.address, 0)
    shown = [r.name for r in space.graph.roots if not r.intermediate and r.name in values]
    return walk.config, {n: values[n] for n in shown}


def same(one: tuple[Mapping[str, Any], Any], other: tuple[Mapping[str, Any], Any]) -> None:
    assert list(exact(one[0]).items()) == list(exact(other[0]).items())
    assert repr(one[1]) == repr(other[1])


def check_sources(space: neps.PipelineSpace, seed: int) -> None:
    for use_priors, decide in ((False, uniform), (True, prior)):
        expected = walked(space, decide(np.random.default_rng(seed)))
        same(space.sample(seed, use_priors=use_priors, max_depth=DEPTH), expected)
        same(space.sample_by(decide(np.random.default_rng(seed)), max_depth=DEPTH), expected)
        again = replay(space.resolver, expected[0])
        same((again.config, again.pipeline), expected)
        same((expected[0], neps.resolve(space, expected[0])), expected)
        same((expected[0], walked(space, Replay(expected[0]), max_depth=math.inf)[1]), expected)
        checked = replay(space.resolver, expected[0], build=False)
        assert (exact(checked.config), checked.pipeline) == (exact(expected[0]), {})
        assert checked.attributes == again.attributes


@given(WHOLE_LANGUAGE, SEEDS)
def test_compiled_code_does_what_the_walk_does(space: neps.PipelineSpace, seed: int) -> None:
    """Uniform, prior, replay and any decide-function: the same decisions in the same order."""
    check_sources(space, seed)


@pytest.mark.parametrize("make", [Net, Grammar])
def test_compiled_code_does_what_the_walk_does_plain(make: Any) -> None:
    for seed in range(20):
        check_sources(make(), seed)


@given(WHOLE_LANGUAGE, SEEDS, st.integers(0, 3))
def test_the_walk_takes_over_at_any_depth(space: neps.PipelineSpace, seed: int, deepest: int) -> None:
    """Whatever was decided by compiled code above is known to the Walk below, and back."""
    expected = walked(space, uniform(np.random.default_rng(seed)))
    before = writer.DEEPEST
    units.DEEPEST = deepest
    try:
        made = neps.PipelineSpace.from_graph(space.graph)
        same(made.sample(seed, max_depth=DEPTH), expected)
        same((expected[0], neps.resolve(made, expected[0])), expected)
        with pytest.raises(neps.ConfigError, match="active decisions only"):
            neps.resolve(made, {**expected[0], "no such address": 1})
    finally:
        units.DEEPEST = before


def test_a_hidden_parent_of_a_condition_is_decided_once() -> None:
    class Held(neps.PipelineSpace):
        _held = neps.Categorical(("p", "q", "r"))
        _alias = neps.ByName("_held")
        a = neps.Operation("f", (neps.ByName("_held"),))
        x = neps.Float(0, 1)

    for parent in ("_held", "_alias"):
        space = Held().add_condition("x", neps.Equals(parent, "p"))
        for seed in range(20):
            config, pipeline = space.sample(seed)
            assert pipeline["a"] == f"f({config['_held']!r})"
            assert ("x" in pipeline) == (config["_held"] == "p")
            check_sources(space, seed)


def by_threads(space: neps.PipelineSpace, seeds: range) -> list[Any]:
    """What several threads get that use a space at the same time, by seed."""
    together, found = threading.Barrier(4), dict[int, Any]()

    def work(start: int) -> None:
        together.wait()
        for seed in seeds[start::4]:
            try:
                config, pipeline = space.sample(seed)
                assert repr(neps.resolve(space, config)) == repr(pipeline)
                found[seed] = config, pipeline
            except Exception as e:
                found[seed] = e

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[seed] for seed in seeds]


class Wide(neps.PipelineSpace):
    """Many units, made while it is sampled: of branches, and of the items of a Repeated."""

    head = neps.Categorical(
        tuple(
            neps.Operation(
                gather, tuple(neps.Categorical(((b, i), (b, i, "x"))).resample() for i in range(12))
            ).resample()
            for b in range(12)
        )
    )
    items = neps.Repeated(
        neps.Integer(0, 30), neps.Operation(gather, (neps.Integer(0, 99).resample(),)).resample()
    )


def test_several_threads_may_use_one_space() -> None:
    seeds = range(60)
    expected = repr([Wide().sample(seed) for seed in seeds])
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        for _ in range(6):
            space = Wide()
            assert repr(by_threads(space, seeds)) == expected
            assert repr([space.sample(seed) for seed in seeds]) == expected
    finally:
        sys.setswitchinterval(before)


def test_text_operations_with_any_arguments() -> None:
    named = neps.Categorical(({"operator": 1, "self": 2},))
    texts = neps.PipelineSpace.from_attributes(
        {
            "a": neps.Operation("f", kwargs=named),
            "b": neps.Operation("f", neps.Categorical(((1, 2),)), {"operator": 3, "args": 4}),
            "long": neps.Operation("f", tuple(neps.Integer(1, 2) for _ in range(3000))),
        }
    )
    check_sources(texts, 0)
    pipeline = texts.sample(0)[1]
    assert pipeline["a"] == "f(operator=1, self=2)"
    assert pipeline["b"] == "f(1, 2, operator=3, args=4)"
    assert pipeline["long"].count(", ") == 2999


def test_keywords_that_no_source_can_say() -> None:
    """What the reader of source would take for another name, or refuse."""
    kwargs = {"ﬁ": neps.Integer(1, 9), "__debug__": 5, "class": 6, "fi": 7}
    made = neps.PipelineSpace.from_attributes({"x": neps.Operation(gather, (), kwargs)}, name="a\0b\n")
    config, pipeline = made.sample(0)
    assert pipeline["x"].kwargs == {**kwargs, "ﬁ": config["x:ﬁ"]}
    check_sources(made, 0)


@pytest.mark.parametrize("operator", ["net", gather])
@pytest.mark.parametrize("args", [(), (neps.Integer(4, 6),), neps.Categorical(((1,), (2, 3)))])
@pytest.mark.parametrize("kwargs", [{"x:y": 1, "": 2}, {"": neps.Integer(0, 3)}, {"a": 1, "": 2, "b": 3}])
def test_a_keyword_without_letters_is_one(operator: Any, args: Any, kwargs: dict[str, Any]) -> None:
    space = neps.PipelineSpace.from_attributes({"m": neps.Operation(operator, args, kwargs)})
    check_sources(space, 0)
    config, pipeline = space.sample(0)
    expected = {k: config.get(f"m:{k}", v) for k, v in kwargs.items()}
    if operator == "net":
        assert str(pipeline["m"]).endswith(", ".join(f"{k}={v}" for k, v in expected.items()) + ")")
    else:
        assert pipeline["m"].kwargs == expected
        assert len(pipeline["m"].args) == (
            len(args) if isinstance(args, tuple) else {"(1)": 1, "(2, 3)": 2}[config["m:args"]]
        )


class Chain(neps.PipelineSpace):
    """A number at every level, and one more level or none."""

    chain = neps.Categorical(
        (
            (),
            neps.Operation(gather, (neps.Float(0, 1).resample(), neps.ByName("chain").resample())).resample(),
        )
    )


@pytest.mark.parametrize("depth", [10, 149, 150, 151, 5000])
def test_derivations_of_any_depth(depth: int) -> None:
    """Past Python's stack too: by a decide-function, and from the config that it gave."""
    limit = sys.getrecursionlimit()
    levels = iter(range(2 * depth))

    def decide(site: Any, allowed: tuple[float, ...]) -> float:
        return 0.5 if isinstance(allowed[0], float) else int(next(levels) < depth)

    space = Chain()
    config = space.resolver.resolve(decide, max_depth=None, max_decisions=None, build=False).config
    assert len(config) == 2 * depth + 1
    value = neps.resolve(space, config)["chain"]
    for _ in range(depth):
        number, value = value.args
        assert number == 0.5
    assert value == ()
    assert sys.getrecursionlimit() == limit


def test_what_is_missing_below_the_walk_is_reported() -> None:
    config = {"chain": "gather"}
    address = "chain:gather"
    for _ in range(200):
        config |= {f"{address}:0": 0.5, f"{address}:1": "gather"}  # type: ignore[dict-item]
        address += ":1:gather"
    with pytest.raises(neps.ConfigError, match="every active decision, got nothing @ chain"):
        neps.resolve(Chain(), config)


def test_units_of_a_grammar_are_forgotten_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar has no end of addresses: what is kept of them is bounded."""
    monkeypatch.setattr("neps_cs.resolving.resolver.MAX_UNITS", 20)
    space, rng = Grammar(), np.random.default_rng(0)
    expected = [walked(space, uniform(np.random.default_rng(seed))) for seed in range(50)]
    for seed in range(50):
        same(space.sample(seed, max_depth=DEPTH), expected[seed])
    made = [space.resolver.compiled("uniform").units.instances for _ in range(30) if space.sample(rng)]
    assert max(made) < 20 + 1000
    assert min(made) <= 20


def test_addresses_are_the_same_objects_in_every_config() -> None:
    """Interned: many configs of a space hold each address once."""
    space = Net()
    configs = [space.sample(seed)[0] for seed in range(30)]
    replayed = [replay(space.resolver, c).config for c in configs]
    by_text: dict[str, set[int]] = {}
    for config in [*configs, *replayed[:1]]:
        for address in config:
            by_text.setdefault(address, set()).add(id(address))
    static = {"lr", "act", "size", "_width", "block:w", "model:count"}
    assert all(len(by_text[a]) == 1 for a in static)


def test_a_space_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once per source of decisions, when it is first needed; never again."""
    sources: list[Source] = []
    original = units.Units.space

    def counted(self: units.Units, *args: Any) -> units.Space:
        sources.append(self.source)
        return original(self, *args)

    monkeypatch.setattr(units.Units, "space", counted)
    space = Net()
    assert sources == []
    for seed in range(5):
        neps.resolve(space, space.sample(seed)[0])
    assert sources == ["uniform", "replay"]


def test_an_operator_that_fails_says_where() -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("here")

    class Failing(neps.PipelineSpace):
        x = neps.Operation(gather, (neps.Operation(fails, (neps.Float(0, 1),)),))

    with pytest.raises(ZeroDivisionError, match="here") as caught:
        Failing().sample(0)
    assert caught.value.__notes__ == ["while the operator fails was called @ x:0"]


def test_names_and_texts_of_any_kind_compile() -> None:
    """Braces, quotes, keywords and line ends in names, keys, labels and operators are only text."""
    odd = "a'\"{b}\\n\n%s"
    space = neps.PipelineSpace.from_attributes(
        {
            odd: neps.Float(0, 1),
            "class": neps.Operation(odd, (neps.ByName(odd),), {"lambda": 1, odd: neps.Integer(1, 2)}),
            "call": neps.Operation(gather, (), {"for": 1, odd: neps.Categorical((odd, 2))}),
        }
    )
    config, pipeline = space.sample(3)
    x = config[odd]
    assert pipeline["class"] == f"{odd}({x!r}, lambda=1, {odd}={config[f'class:{odd}']})"
    assert pipeline["call"].kwargs == {"for": 1, odd: config[f"call:{odd}"]}
    same((config, neps.resolve(space, config)), (config, pipeline))
