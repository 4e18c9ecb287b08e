"""Counts that are read again below what they decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_laws import SEEDS, alive, check_configurations, exact

import neps_cs as neps
from neps_cs.conditions import Condition
from neps_cs.resolving.unroll import unroll


def grammar(count: Any, **others: Any) -> neps.PipelineSpace:
    """A tree, each node of which has `count` children."""
    step = neps.Operation("r", (neps.Repeated(count, neps.ByName("t").resample()).resample(),)).resample()
    return neps.PipelineSpace.from_attributes({"t": neps.Categorical(("leaf", step)), **others})


def two_counts() -> neps.PipelineSpace:
    """Two shared counts side by side, one of them below an item of a third one."""
    n, k, m = neps.Integer(0, 1), neps.Integer(1, 2), neps.Integer(0, 1)
    again = neps.ByName("t").resample()
    right = neps.Operation("f", (neps.Repeated(m, again).resample(),)).resample()
    parts = neps.Repeated(n, again).resample(), neps.Repeated(k, right).resample()
    attributes = {"t": neps.Categorical(("leaf", neps.Operation("r", parts).resample()))}
    return neps.PipelineSpace.from_attributes(attributes)


def conditional() -> neps.PipelineSpace:
    """A grammar in attributes with conditions: on 1, on True, and on a parent that is not there."""
    count, again = neps.Integer(0, 2), neps.ByName("_t").resample()
    step = neps.Operation("r", (neps.Repeated(count, again).resample(),)).resample()
    tops = {name: neps.Operation(name, (again,)) for name in "stuv"}
    a, b = neps.Categorical((1, True, 2)), neps.Categorical((1, 2))
    attributes = {"a": a, "b": b, "_t": neps.Categorical(("leaf", step)), **tops}
    conditions = {
        "b": neps.Equals("a", 2),
        "s": neps.Equals("a", 1),
        "t": neps.Equals("a", True),
        "u": neps.And((neps.Equals("b", 1), neps.Equals("a", 2))),
        "v": neps.Or((neps.NotEquals("b", 1, or_inactive=True), neps.Equals("a", True))),
    }
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions)


CIRCLES: dict[str, Callable[[], neps.PipelineSpace]] = {
    "a shared integer": lambda: grammar(neps.Integer(0, 2)),
    "a shared choice": lambda: grammar(neps.Categorical((0, 1))),
    "a shared choice that is never 0": lambda: grammar(neps.Categorical((2, 1))),
    "a shared integer from 1": lambda: grammar(neps.Integer(1, 2)),
    "a hidden attribute": lambda: grammar(neps.ByName("_n"), _n=neps.Integer(0, 2)),
    "two counts": two_counts,
    "conditions": conditional,
}


def holds(condition: Condition | None, config: Mapping[str, Any]) -> bool:
    """Whether a condition of the table holds for a config, by the words of neps_cs.conditions."""
    match condition:
        case None:
            return True
        case neps.And(parts=parts):
            return all(holds(p, config) for p in parts)
        case neps.Or(parts=parts):
            return any(holds(p, config) for p in parts)
        case neps.NotEquals(parent=parent, value=value, or_inactive=either):
            return either if parent not in config else repr(config[parent]) != repr(value)
        case _:
            pass
    if condition.parent not in config:
        return False
    value = config[condition.parent]
    match condition:
        case neps.Equals(value=wanted):
            return repr(value) == repr(wanted)
        case neps.In(values=values):
            return repr(value) in map(repr, values)
        case neps.Greater(value=bound):
            return bool(value > bound)  # type: ignore[operator]
        case _:
            raise AssertionError(condition)


def check_conditions(space: neps.PipelineSpace, depth: int, seeds: int) -> None:
    """In each sampled config exactly the entries are active whose conditions hold in it."""
    table = unroll(space.resolver, depth)
    for seed in range(seeds):
        config, _ = space.sample(seed, max_depth=depth)
        assert {e.address for e in table if holds(e.condition, config)} == set(config)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("name", CIRCLES)
def test_what_a_shared_count_decides_may_read_it_again(name: str, depth: int) -> None:
    """Laws 2 and 5 where a shared count is read again below what it decides."""
    space = CIRCLES[name]()
    check_conditions(space, depth, 100)
    cs, sidecar = neps.to_configspace(space, max_depth=depth)
    assert neps.equal(neps.from_configspace(cs, sidecar), space)
    configs = [space.sample(seed, max_depth=depth)[0] for seed in range(60)]
    cs.seed(1)
    for configuration in [*sidecar.to_configurations(configs), *cs.sample_configuration(60)]:
        configuration.check_valid_configuration()
        config = sidecar.from_configuration(configuration)
        neps.resolve(space, config)
        again = sidecar.to_configuration(config)
        assert alive(sidecar, again, config) == alive(sidecar, configuration, config)
        assert exact(sidecar.from_configuration(again)) == exact(config)


def test_the_first_use_alone_says_when_a_shared_count_is_made() -> None:
    table = {e.address: e.condition for e in unroll(CIRCLES["a shared integer"]().resolver, 3)}
    assert table["t:r:0:count"] == neps.Equals("t", "r")
    parts = neps.Equals("t:r:0:0", "r"), neps.Greater("t:r:0:count", 1)
    assert table["t:r:0:0:r:0:1"] == neps.And(parts)
    assert {len(unroll(CIRCLES["a shared integer"]().resolver, d)) for d in (3, 4, 7)} == {8, 16, 128}


@st.composite
def sharing_grammars(draw: Callable[[st.SearchStrategy[Any]], Any]) -> neps.PipelineSpace:
    """One or two definitions with counts that they share."""
    names = draw(st.sampled_from((("t",), ("t", "u"), ("t", "_u"))))
    kinds = (neps.Integer(0, 2), neps.Categorical((1, 0)), neps.Integer(1, 2), neps.ByName("_n"))
    counts = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2))

    def part(depth: int) -> Any:
        form = draw(st.integers(0, 5)) if depth else 4
        if form < 3:
            return neps.Repeated(draw(st.sampled_from(counts)), part(depth - 1)).resample()
        if form == 3:
            return neps.Operation("f", (part(depth - 1),)).resample()
        return neps.ByName(draw(st.sampled_from(names))).resample() if form == 4 else neps.Float(0, 1)

    def step(i: int) -> Any:
        return neps.Operation(f"s{i}", tuple(part(2) for _ in range(draw(st.integers(1, 2))))).resample()

    attributes: dict[str, Any] = {"_n": neps.Integer(0, 1)}
    for name in names:
        attributes[name] = neps.Categorical(("leaf", *map(step, range(draw(st.integers(1, 2))))))
    return neps.PipelineSpace.from_attributes(attributes)


@given(sharing_grammars(), SEEDS)
def test_grammars_that_share_counts(space: neps.PipelineSpace, seed: int) -> None:
    """Law 5, unless the counts depend on each other."""
    try:
        size = len(unroll(space.resolver, 3))
    except neps.ConversionError as error:
        assert "depend on what it decides" in str(error)  # noqa: PT017
        return
    check_conditions(space, 3, 20)
    if size < 60:
        check_configurations(space, seed)


def test_counts_that_depend_on_each_other() -> None:
    """Which is made first depends on t: no condition can say that, but with public or fresh counts."""
    n, m = neps.Integer(0, 2), neps.Integer(0, 2)

    def made(one: Any, two: Any, **public: Any) -> neps.PipelineSpace:
        def nest(name: str, outer: Any, inner: Any) -> neps.Operation:
            numbers = neps.Operation("g", (neps.Repeated(inner, neps.Float(0, 1).resample()),))
            return neps.Operation(name, (neps.Repeated(outer, neps.Categorical((1, numbers)).resample()),))

        t = neps.Categorical((nest("a", one, two), nest("b", two, one)))
        return neps.PipelineSpace.from_attributes({"t": t, **public})

    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(made(n, m))
    assert str(caught.value) == (
        "the activity of a count or provider must not depend on what it decides itself; make it an attribute "
        "without underscore, which is always active, or use it with .resample(), got a circle of conditions "
        "on t:a:0:0:g:0:count, t:a:0:0, t:a:0:count, t:b:0:0 @ t:a:0:0:g:0:count"
    )
    for remedied in (made(n, m, n=n), made(n.resample(), m), made(neps.ByName("n"), m, n=n)):
        check_conditions(remedied, 1, 100)
        check_configurations(remedied, 0)


def test_circles_are_looked_for_once() -> None:
    """Not again for each decision, up to the root: 2,000 levels took 4.5 seconds so."""
    again = neps.ByName("t").resample()
    step = neps.Operation("f", (again, neps.Float(0, 1).resample())).resample()
    space = neps.PipelineSpace.from_attributes({"t": neps.Categorical((1, step))})
    start = time.process_time()
    assert len(unroll(space.resolver, 2_000)) == 3_999
    assert time.process_time() - start < 2
