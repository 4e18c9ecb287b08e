"""Deep conditions in ConfigSpace: the traps as they are there, and the way round each."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from ConfigSpace.exceptions import CyclicDependancyError
from ConfigSpace.util import get_one_exchange_neighbourhood
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from strategies import flat_spaces, recursive_spaces, spaces
from test_laws import DEPTH, SEEDS, alive, exact

import neps_cs as neps
from neps_cs.conditions import literals
from neps_cs.resolving import chains, star, too_many
from neps_cs.resolving.unroll import unroll

N = 3_000


class Chain(neps.PipelineSpace):
    """A linear recursion, each step with an operator of its own and a number."""

    tree = neps.Categorical(
        (
            neps.Operation("leaf", (neps.Float(0, 1).resample(),)).resample(),
            neps.Operation(
                "wrap",
                (neps.ByName("tree").resample(), neps.Integer(1, 3).resample()),
                {"act": neps.Categorical(("relu", "tanh")).resample()},
            ).resample(),
        ),
        prior=1,
        prior_confidence="high",
    )


class Forest(neps.PipelineSpace):
    """A list of towers: a recursion within a recursion."""

    tower = neps.Categorical(
        (neps.Float(0, 1).resample(), neps.Operation("up", (neps.ByName("tower").resample(),)).resample())
    )
    forest = neps.Categorical(
        (
            "bare",
            neps.Operation(
                "trees", (neps.ByName("tower").resample(), neps.ByName("forest").resample())
            ).resample(),
        )
    )


def nested(levels: int) -> neps.PipelineSpace:
    """An architecture of choices in operations in choices, with numbers and a count on each level."""
    net: Any = "end"
    for i in range(levels):
        parts = neps.Repeated(neps.Integer(0, 2), neps.Integer(1, 4).resample())
        choices = (neps.Operation(f"a{i}", (net, neps.Float(0, 1))), neps.Operation(f"b{i}", parts), "stop")
        net = neps.Categorical(choices, prior=0, prior_confidence="high")
    return neps.PipelineSpace.from_attributes({"net": net})


DEEP: dict[str, tuple[Callable[[], neps.PipelineSpace], int]] = {
    "a recursion 30 levels deep": (Chain, 30),
    "a branching recursion": (Forest, 12),
    "an architecture nested 20 deep": (lambda: nested(20), 1),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_spaces_translate_and_sample_within_five_seconds(name: str) -> None:
    make, depth = DEEP[name]
    space = make()
    start = time.perf_counter()
    cs, sidecar = neps.to_configspace(space, max_depth=depth)
    cs.seed(0)
    drawn = cs.sample_configuration(100)
    assert time.perf_counter() - start < 5
    assert sidecar.loose
    for configuration in drawn:
        configuration.check_valid_configuration()
        neps.resolve(space, sidecar.from_configuration(configuration))


def shape(config: Mapping[str, Any], depth: int = 4) -> str:
    """What a config chose on its upper levels."""
    return repr(
        {k: v for k, v in sorted(config.items()) if k.count(":") < 2 * depth and type(v) is not float}
    )


@pytest.mark.parametrize("name", DEEP)
def test_live_choices_keep_their_distribution(name: str) -> None:
    """Law 6: chi-square of choices, counts and integers, and of how many are made; and of the floats."""
    make, depth = DEEP[name]
    space = make()
    cs, sidecar = neps.to_configspace(space, max_depth=depth)
    cs.seed(1)
    theirs = sidecar.from_configurations(cs.sample_configuration(N))
    rng = np.random.default_rng(2)
    ours = [space.sample(rng, use_priors=True, max_depth=depth)[0] for _ in range(N)]
    for view in (lambda c: shape(c, 1), shape, lambda c: str(len(c))):
        assert chi_square([view(c) for c in theirs], [view(c) for c in ours]) > 0.01
    values = [[v for c in made for v in c.values() if type(v) is float] for made in (theirs, ours)]
    assert stats.ks_2samp(*values).pvalue > 0.01
    assert max(len(c) for c in theirs) > 20


def chi_square(a: list[str], b: list[str]) -> float:
    """The p-value for two samples of one distribution, what is rare taken together."""
    first, second = Counter(a), Counter(b)
    common = [k for k in first | second if first[k] + second[k] >= 20]
    table = [[c[k] for k in common] + [len(a) - sum(c[k] for k in common)] for c in (first, second)]
    rows = np.array(table)
    return float(stats.chi2_contingency(rows[:, rows.sum(axis=0) > 0]).pvalue)


@pytest.mark.parametrize("name", DEEP)
def test_configs_come_back_and_the_dead_get_their_default(name: str) -> None:
    """Law 5, up to what is dead."""
    make, depth = DEEP[name]
    space = make()
    cs, sidecar = neps.to_configspace(space, max_depth=depth)
    configs = [space.sample(seed, max_depth=depth)[0] for seed in range(40)]
    configurations = sidecar.to_configurations(configs)
    assert [exact(c) for c in sidecar.from_configurations(configurations)] == [exact(c) for c in configs]
    for config, configuration in zip(configs, configurations, strict=True):
        configuration.check_valid_configuration()
        dead = [k for k in configuration if k not in config]
        assert sidecar.loose.issuperset(dead)
        assert all(configuration[k] == cs[k].default_value for k in dead)
        by_value = CS.Configuration(cs, values=dict(configuration))
        np.testing.assert_allclose(by_value.get_array(), configuration.get_array(), atol=1e-9)
    cs.seed(0)
    for configuration in cs.sample_configuration(40):
        config = sidecar.from_configuration(configuration)
        again = sidecar.to_configuration(config)
        assert alive(sidecar, again, config) == alive(sidecar, configuration, config)
        assert sidecar.to_configuration(sidecar.from_configuration(again)) == again
    np.testing.assert_array_equal(sidecar.to_array(configs), [c.get_array() for c in configurations])
    assert neps.equal(neps.from_configspace(cs, sidecar), space)


def test_what_is_dead_says_nothing() -> None:
    """Two configurations that differ in dead choices only are one config."""
    cs, sidecar = neps.to_configspace(Chain(), max_depth=30)
    cs.seed(3)
    config = {"tree": "leaf", "tree:leaf:0": 0.5}
    vector = sidecar.to_configuration(config).get_array()
    seen = set()
    for other in cs.sample_configuration(50):
        changed = np.where(np.isnan(vector), np.nan, other.get_array())
        for address in config:
            changed[cs.index_of[address]] = vector[cs.index_of[address]]
        configuration = CS.Configuration(cs, vector=changed)
        configuration.check_valid_configuration()
        seen.add(configuration.get_array().tobytes())
        assert sidecar.from_configuration(configuration) == config
    assert len(seen) == 50


def test_neighbours_are_legal_configs() -> None:
    """SMAC's local search moves from a configuration to such neighbours."""
    space = nested(20)
    cs, sidecar = neps.to_configspace(space)
    cs.seed(0)
    start = time.perf_counter()
    for configuration in cs.sample_configuration(5):
        neighbours = list(get_one_exchange_neighbourhood(configuration, seed=1))
        assert len(neighbours) > 40
        for neighbour in neighbours:
            neighbour.check_valid_configuration()
            neps.resolve(space, sidecar.from_configuration(neighbour))
    assert time.perf_counter() - start < 5
    sidecar.resolve(cs.get_default_configuration())


def test_every_condition_of_a_star_reads_unconditional_parents() -> None:
    cs, sidecar = neps.to_configspace(Chain(), max_depth=30)
    conditional = set(cs.conditional_hyperparameters)
    read = {p.name for c in cs.conditions for p in getattr(c, "parents", None) or [c.parent]}
    assert read.isdisjoint(conditional)
    assert sidecar.loose == {n for n in read if n != "tree"}
    deepest = max(cs.conditions, key=lambda c: len(getattr(c, "dlcs", ())))
    assert len(deepest.dlcs) == 29  # type: ignore[union-attr]


# ------------------------------------------------------------------ the chain


def raw_chain(links: int) -> CS.ConfigurationSpace:
    cs = CS.ConfigurationSpace()
    made = [CS.CategoricalHyperparameter(f"c{i:02}", ["on", "off"]) for i in range(links + 1)]
    cs.add([*made, *(CS.EqualsCondition(b, a, "on") for a, b in pairwise(made))])
    return cs


def visits(cs: CS.ConfigurationSpace) -> int:
    """How many conditions ConfigSpace has in its lists of what to look at when something changes."""
    return sum(len(conditions) for conditions in cs._dag.change_hp_lookup.values())


def test_a_chain_is_exponential_in_configspace_and_not_here() -> None:
    assert [visits(raw_chain(n)) for n in (4, 5, 6, 7, 8)] == [15, 31, 63, 127, 255]
    sizes = [visits(neps.to_configspace(Chain(), max_depth=d).configspace) for d in (15, 20, 30)]
    assert sizes[2] < 5 * sizes[0] < 2_000


def chained(links: int, *, foreign: bool = False) -> neps.PipelineSpace:
    if foreign:
        return neps.from_configspace(raw_chain(links))
    names = [f"c{i:02}" for i in range(links + 1)]
    attributes = {n: neps.Categorical(("on", "off")) for n in names}
    conditions = {b: neps.Equals(a, "on") for a, b in pairwise(names)}
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions)


def test_shallow_chains_stay_chains() -> None:
    for links in (1, 8, 10):
        cs, sidecar = neps.to_configspace(chained(links))
        assert cs == raw_chain(links)
        assert not sidecar.loose
    cs, sidecar = neps.to_configspace(chained(40))
    assert sidecar.loose == {f"c{i:02}" for i in range(1, 40)}
    assert len(cs.conditions) == 1


def test_what_came_from_configspace_stays_as_it_was() -> None:
    """Law 3: who made such a ConfigurationSpace has waited for it once."""
    cs = raw_chain(12)
    assert neps.to_configspace(neps.from_configspace(cs)).configspace == cs
    more = neps.from_configspace(cs).add(neps.Float(0, 1), "x").add_condition("x", neps.Equals("c12", "on"))
    assert neps.to_configspace(more).sidecar.loose


def test_a_star_without_its_sidecar_is_no_chain() -> None:
    """The ConfigurationSpace carries the mark of what only the side-car knows."""
    translation = neps.to_configspace(chained(40))
    assert translation.losses == ()
    assert {row.address for row in translation.beside} == translation.sidecar.loose
    row = translation.beside[0]
    assert (row.kind.value, row.reason) == ("inactive", "it has a value even where it is inactive")
    assert neps.from_configspace(translation.configspace) == chained(40)
    copy = CS.ConfigurationSpace.from_serialized_dict(translation.configspace.to_serialized_dict())
    with pytest.warns(neps.MissingSidecarWarning, match="c01 .inactive; in its place: a categorical."):
        flat = neps.from_configspace(copy)
    assert set(flat.conditions) == {"c40"}
    assert neps.to_configspace(chained(10)).beside == ()


def test_a_shallow_part_stays_beside_a_deep_one() -> None:
    space = chained(40).add(nested(3).attributes["net"], "net")
    cs, sidecar = neps.to_configspace(space)
    assert not any(a.startswith("net") for a in sidecar.loose)
    assert any(c.parent.name.startswith("net") for c in cs.conditions if isinstance(c, CS.EqualsCondition))


def test_configspace_looks_for_circles_again_afterwards() -> None:
    cs = neps.to_configspace(chained(40)).configspace
    made = [CS.CategoricalHyperparameter(n, [0, 1]) for n in "xy"]
    cs.add(made)
    with pytest.raises(CyclicDependancyError):
        cs.add(CS.EqualsCondition(made[0], made[1], 1), CS.EqualsCondition(made[1], made[0], 1))


# ------------------------------------------------------------------ what else conditions may do


def with_chain(attributes: dict[str, Any], conditions: dict[str, Any], below: Any) -> neps.PipelineSpace:
    """A space with a deep chain under the condition `below`, so that it and all it hangs on is a star."""
    links = {f"d{i:02}": neps.Categorical(("on", "off")) for i in range(14)}
    under = {b: neps.Equals(a, "on") for a, b in pairwise(links)} | {"d00": below}
    return neps.PipelineSpace.from_attributes({**attributes, **links}, conditions={**conditions, **under})


def check_agreement(space: neps.PipelineSpace) -> set[frozenset[str]]:
    """Both sides sample the same sets of what is active besides the chain, and each takes the other's."""
    cs, sidecar = neps.to_configspace(space)
    assert sidecar.loose
    ours = [space.sample(seed)[0] for seed in range(400)]
    for config, configuration in zip(ours, sidecar.to_configurations(ours), strict=True):
        configuration.check_valid_configuration()
        assert sidecar.from_configuration(configuration) == config
    cs.seed(0)
    drawn = cs.sample_configuration(400)
    theirs = sidecar.from_configurations(drawn)
    for config in theirs:
        neps.resolve(space, config)
    sets = [[frozenset(k for k in c if k[0] != "d") for c in made] for made in (ours, theirs)]
    assert chi_square(*([repr(sorted(s)) for s in made] for made in sets)) > 0.01
    return set(sets[0]) | set(sets[1])


def ab() -> dict[str, Any]:
    return {n: neps.Categorical((1, 2)) for n in "ab"}


def raw_ab(*children: str) -> tuple[CS.ConfigurationSpace, dict[str, Any]]:
    cs = CS.ConfigurationSpace(seed=0)
    made: dict[str, Any] = {n: CS.CategoricalHyperparameter(n, [1, 2]) for n in "ab"}
    made |= {n: CS.UniformFloatHyperparameter(n, 0.0, 1.0) for n in children}
    cs.add(list(made.values()))
    return cs, made


def one(child: Any, parent: Any) -> CS.EqualsCondition:
    return CS.EqualsCondition(child, parent, 1)


def active(cs: CS.ConfigurationSpace, size: int = 200) -> set[str]:
    return {"".join(sorted(c)) for c in cs.sample_configuration(size)}


def test_and_beside_or_over_the_same_parts() -> None:
    cs, hp = raw_ab("x", "y")
    cs.add(
        CS.AndConjunction(one(hp["x"], hp["a"]), one(hp["x"], hp["b"])),
        CS.OrConjunction(one(hp["y"], hp["a"]), one(hp["y"], hp["b"])),
    )
    assert active(cs) == {"ab", "abxy"}  # abx without y is impossible, but aby is missing
    parts = (neps.Equals("a", 1), neps.Equals("b", 1))
    numbers = {n: neps.Float(0, 1) for n in "xy"}
    space = with_chain({**ab(), **numbers}, {"x": neps.And(parts), "y": neps.Or(parts)}, parts[0])
    assert check_agreement(space) == {frozenset("ab"), frozenset("aby"), frozenset("abxy")}


def test_a_part_written_twice_merges_with_a_longer_conjunction() -> None:
    """ConfigSpace only asks whether the parts of the first are among those of the second."""
    cs, hp = raw_ab("c", "x", "y")
    cs.add(
        CS.OrConjunction(one(hp["x"], hp["a"]), one(hp["x"], hp["b"]), one(hp["x"], hp["a"])),
        CS.AndConjunction(
            one(hp["y"], hp["a"]), one(hp["y"], hp["b"]), CS.LessThanCondition(hp["y"], hp["c"], 0.6)
        ),
    )
    assert active(cs) == {"abc", "abcxy"}
    parts = (neps.Equals("a", 1), neps.Equals("b", 1))
    conditions = {"w": neps.And(parts), "x": neps.Or(parts), "y": neps.And((*parts, neps.Less("c", 0.6)))}
    numbers = {n: neps.Float(0, 1) for n in "cwxy"}
    expected = {frozenset(s) for s in ("abc", "abcx", "abcwx", "abcwxy")}
    assert check_agreement(with_chain({**ab(), **numbers}, conditions, parts[0])) == expected
    shallow = neps.PipelineSpace.from_attributes({**ab(), **numbers}, conditions=conditions)
    cs, sidecar = neps.to_configspace(shallow)
    cs.seed(0)
    assert {frozenset(c) for c in sidecar.from_configurations(cs.sample_configuration(200))} == expected


def test_not_equals_on_an_inactive_parent() -> None:
    cs, hp = raw_ab("x")
    cs.add(one(hp["b"], hp["a"]), CS.NotEqualsCondition(hp["x"], hp["b"], 1))
    assert active(cs) == {"ab", "abx", "ax"}  # ax: b is inactive, and x is not
    numbers = {"x": neps.Float(0, 1)}
    conditions = {"b": neps.Equals("a", 1), "x": neps.NotEquals("b", 1)}
    space = with_chain({**ab(), **numbers}, conditions, neps.Equals("a", 1))
    assert check_agreement(space) == {frozenset("a"), frozenset("ab"), frozenset("abx")}


def test_not_equals_that_holds_of_the_inactive() -> None:
    """As ConfigSpace reads it: x is active where b is not."""
    numbers = {n: neps.Float(0, 1) for n in "xyz"}
    conditions = {
        "b": neps.Equals("a", 1),
        "x": neps.NotEquals("b", 1, or_inactive=True),
        "y": neps.And((neps.NotEquals("b", 1, or_inactive=True), neps.Less("x", 0.5))),
        "z": neps.Less("y", 0.5),
    }
    space = with_chain({**ab(), **numbers}, conditions, neps.Equals("b", 2))
    assert check_agreement(space) == {
        frozenset(s) for s in ("ab", "abx", "abxy", "abxyz", "ax", "axy", "axyz")
    }


def test_or_with_an_inactive_side() -> None:
    """ConfigSpace is right here; a star must be as well, where the dead side has a value."""
    cs, hp = raw_ab("x", "y")
    cs.add(
        one(hp["b"], hp["a"]),
        CS.OrConjunction(one(hp["x"], hp["b"]), CS.LessThanCondition(hp["x"], hp["y"], 0.5)),
    )
    expected = {frozenset(s) for s in ("ay", "axy", "aby", "abxy")}
    assert {frozenset(s) for s in active(cs)} == expected
    numbers = {n: neps.Float(0, 1) for n in "xy"}
    conditions = {"b": neps.Equals("a", 1), "x": neps.Or((neps.Equals("b", 1), neps.Less("y", 0.5)))}
    space = with_chain({**ab(), **numbers}, conditions, neps.Equals("b", 1))
    assert check_agreement(space) == expected


def test_and_with_a_parent_below_a_parent() -> None:
    """ConfigSpace evaluates the And before it knows that the deeper one of its parents is inactive."""
    cs, hp = raw_ab("x")
    middle = CS.CategoricalHyperparameter("m", [1, 2])
    cs.add(middle)
    cs.add(
        one(middle, hp["a"]),
        one(hp["b"], middle),
        CS.AndConjunction(one(hp["x"], hp["b"]), one(hp["x"], hp["a"])),
    )
    assert "amx" in active(cs)  # x, although b is inactive
    conditions = {
        "m": neps.Equals("a", 1),
        "b": neps.Equals("m", 1),
        "x": neps.And((neps.Equals("b", 1), neps.Equals("a", 1))),
    }
    attributes = {**ab(), "m": neps.Categorical((1, 2)), "x": neps.Float(0, 1)}
    space = with_chain(attributes, conditions, neps.Equals("b", 1))
    assert check_agreement(space) == {frozenset(s) for s in ("a", "am", "abm", "abmx")}


def test_conditions_on_true_and_1_side_by_side() -> None:
    """The two compare equal in Python."""
    attributes = {"t": neps.Categorical((1, True, 1.0)), "x": neps.Float(0, 1)}
    conditions = {"x": neps.Or((neps.Equals("t", True), neps.Equals("t", 1)))}
    space = with_chain(attributes, conditions, neps.Equals("t", 1.0))
    check_agreement(space)
    configs = [space.sample(seed)[0] for seed in range(40)]
    assert {type(c["t"]) for c in configs if "x" in c} == {bool, int}
    cs, sidecar = neps.to_configspace(neps.PipelineSpace.from_attributes(attributes, conditions=conditions))
    cs.seed(0)
    drawn = sidecar.from_configurations(cs.sample_configuration(40))
    assert {type(c["t"]) for c in drawn if "x" in c} == {bool, int}


@pytest.mark.parametrize("kind", [neps.Less, neps.Greater, neps.Equals, neps.NotEquals, neps.In])
def test_numbers_deep_in_a_chain(kind: Any) -> None:
    """Integers and ordinals as free parents; the dead ones have values too."""
    attributes: dict[str, Any] = {"n0": neps.Integer(1, 5)}
    conditions: dict[str, Any] = {}
    for i in range(14):
        last = f"n{i}"
        value: Any = 3 if i % 2 == 0 else "m"
        conditions[f"n{i + 1}"] = kind(last, (value,) if kind is neps.In else value)
        attributes[f"n{i + 1}"] = neps.Ordinal(("s", "m", "l")) if i % 2 == 0 else neps.Integer(1, 5)
    space = neps.PipelineSpace.from_attributes(attributes, conditions=conditions)
    check_agreement(space)


def test_a_constant_deep_in_a_chain() -> None:
    attributes = {**ab(), "one": 1, "x": neps.Float(0, 1)}
    conditions = {"one": neps.Equals("b", 1), "b": neps.Equals("a", 1), "x": neps.Equals("one", 1)}
    space = with_chain(attributes, conditions, neps.Equals("one", 1))
    assert check_agreement(space) == {frozenset("a"), frozenset("ab"), frozenset("abx")}


def test_what_is_never_active_is_left_out() -> None:
    space = with_chain({"n": neps.Integer(1, 5)}, {}, neps.Less("n", 1))
    assert list(neps.to_configspace(space).configspace) == ["n"]


def test_a_parent_that_is_never_active() -> None:
    """It has no hyperparameter, and is on one side of an Or."""
    attributes = {**ab(), "n": neps.Integer(1, 5), "c": neps.Float(0, 1), "x": neps.Float(0, 1)}
    either = neps.Or((neps.Equals("a", 1), neps.Less("c", 0.5)))
    conditions = {"a": neps.Less("n", 1), "x": either}
    shallow = neps.PipelineSpace.from_attributes(attributes, conditions=conditions)
    cs, sidecar = neps.to_configspace(shallow)
    assert "a" not in cs
    configs = [shallow.sample(seed)[0] for seed in range(20)]
    assert sidecar.from_configurations(sidecar.to_configurations(configs)) == configs
    expected = {frozenset("bcn"), frozenset("bcnx")}
    assert {frozenset(c) for c in configs} == expected
    assert check_agreement(with_chain(attributes, conditions, either)) == expected


def test_what_configspace_shows_of_a_place_is_no_value() -> None:
    """A configuration that was looked at decodes as before; a default at a bound stays within it."""
    made = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(2, 5, prior=4), "third": neps.Float(4 / 3, 2, default=4 / 3)}
    )
    cs, sidecar = neps.to_configspace(made, priors="warped")
    cs.seed(0)
    configuration = cs.sample_configuration()
    config = sidecar.from_configuration(configuration)
    assert 0 <= dict(configuration)["x"] <= 1
    assert sidecar.from_configuration(configuration) == pytest.approx(config)
    neps.resolve(made, sidecar.from_configuration(cs.get_default_configuration()))


def test_a_place_shared_by_many_levels() -> None:
    """x is used on every one of 20 levels, and nowhere else."""
    x = neps.Float(0, 1)
    choice: Any = "last"
    for _ in range(20):
        choice = neps.Categorical((neps.Operation("use", (x,)), neps.Operation("deeper", (choice,)), "stop"))
    space = neps.PipelineSpace.from_attributes({"m": choice})
    start = time.perf_counter()
    cs, sidecar = neps.to_configspace(space)
    assert time.perf_counter() - start < 5
    cs.seed(0)
    for config in sidecar.from_configurations(cs.sample_configuration(300)):
        neps.resolve(space, config)
        assert ("use" in config.values()) == any(type(v) is float for v in config.values())


def lattice(levels: int) -> neps.PipelineSpace:
    """Two choices on each level, each below both of the level above: 2**levels ways lead to the last."""
    attributes = {f"{n}{i:02}": neps.Categorical((1, 2, 3)) for i in range(levels) for n in "pq"}
    conditions: dict[str, Any] = {}
    for i in range(1, levels):
        p, q = f"p{i - 1:02}", f"q{i - 1:02}"
        conditions[f"p{i:02}"] = neps.Or((neps.In(p, (1, 2)), neps.Equals(q, 3)))
        conditions[f"q{i:02}"] = neps.Or((neps.Equals(p, 2), neps.In(q, (1, 2))))
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions)


def test_ways_that_part_and_meet_are_cut_short() -> None:
    space = lattice(40)
    start = time.perf_counter()
    cs, sidecar = neps.to_configspace(space)
    assert time.perf_counter() - start < 5
    table = star.star(unroll(space.resolver))
    assert max(literals(c) for c in table.paths.values()) <= star.LONGEST
    ours = [space.sample(seed)[0] for seed in range(300)]
    assert sidecar.from_configurations(sidecar.to_configurations(ours)) == ours
    cs.seed(0)
    drawn = sidecar.from_configurations(cs.sample_configuration(300))
    for config in drawn:
        neps.resolve(space, config)
    assert chi_square([str(len(c) // 8) for c in drawn], [str(len(c) // 8) for c in ours]) > 0.01


def test_diamonds_are_written_once() -> None:
    """A branch leads to both of two choices, and both lead to the next: no way is shorter than the other."""
    attributes = {"s00": neps.Categorical((1, 2))}
    conditions: dict[str, Any] = {}
    for i in range(20):
        s = f"s{i:02}"
        for side in ("l", "r"):
            attributes[f"{side}{i:02}"] = neps.Categorical((1, 2))
            conditions[f"{side}{i:02}"] = neps.Equals(s, 1)
        attributes[f"s{i + 1:02}"] = neps.Categorical((1, 2))
        conditions[f"s{i + 1:02}"] = neps.Or((neps.Equals(f"l{i:02}", 1), neps.Equals(f"r{i:02}", 1)))
    table = star.star(unroll(neps.PipelineSpace.from_attributes(attributes, conditions=conditions).resolver))
    assert table.loose
    assert max(literals(c) for c in table.paths.values()) == 3 * 19 + 1  # l, r and s of every level


def test_a_very_deep_recursion_is_cut_short() -> None:
    cs, sidecar = neps.to_configspace(Chain(), max_depth=110)
    space = Chain()
    cs.seed(0)
    for configuration in cs.sample_configuration(50):
        neps.resolve(space, sidecar.from_configuration(configuration))
    configs = [space.sample(seed, use_priors=True, max_depth=110)[0] for seed in range(20)]
    configurations = sidecar.to_configurations(configs)
    assert sidecar.from_configurations(configurations) == configs
    for configuration in configurations:
        configuration.check_valid_configuration()


# ------------------------------------------------------------------ forbidden clauses


def clauses_below_a_chain(*clauses: Any) -> neps.PipelineSpace:
    names = [f"d{i:02}" for i in range(14)]
    attributes: dict[str, Any] = {n: neps.Categorical((1, 2, 3)) for n in names}
    attributes |= {"x": neps.Float(0, 1), "n": neps.Integer(1, 9)}
    conditions: dict[str, Any] = {b: neps.In(a, (1, 2)) for a, b in pairwise(names)}
    conditions |= {"x": neps.NotEquals("d03", 3), "n": neps.Equals("d12", 1)}
    return neps.PipelineSpace.from_attributes(attributes, conditions=conditions, forbidden=clauses)


def test_clauses_forbid_nothing_where_a_decision_is_dead() -> None:
    """A free decision that is dead has a value, which would forbid what is legal."""
    free = neps.Equals("d02", 1)
    plain = clauses_below_a_chain()
    space = clauses_below_a_chain(free, neps.And((neps.Equals("d08", 2), neps.Less("x", 0.5))))
    cs, sidecar = neps.to_configspace(space)
    assert cs.forbidden_clauses
    assert {"d02", "d08"} <= sidecar.loose
    rng = np.random.default_rng(0)
    drawn = [plain.sample(rng)[0] for _ in range(3 * N)]
    # as ConfigSpace does it: what a clause forbids is drawn anew
    ours = [c for c in drawn if c.get("d02") != 1 and not (c.get("d08") == 2 and c.get("x", 1) < 0.5)][:N]
    for configuration in sidecar.to_configurations([space.sample(rng)[0] for _ in range(200)]):
        configuration.check_valid_configuration()
    cs.seed(1)
    theirs = sidecar.from_configurations(cs.sample_configuration(N))
    rows = [[str({k: v for k, v in c.items() if k < "d04"}) for c in made] for made in (ours, theirs)]
    assert chi_square(*rows) > 0.01
    assert chi_square(*[[str(len(c)) for c in made] for made in (ours, theirs)]) > 0.01
    assert not any(c.get("d02") == 1 for c in theirs)
    assert any(c.get("d02") == 1 for c in (plain.sample(rng)[0] for _ in range(50)))
    assert sum("d02" not in c for c in theirs) > N / 2  # these a naive clause would reject half of


def test_clauses_on_decisions_with_too_many_paths_are_losses() -> None:
    made = lattice(40)
    space = neps.PipelineSpace.from_attributes(
        dict(made.attributes),
        conditions=made.conditions,
        forbidden=[neps.Equals("p39", 3), neps.Equals("p00", 3)],
    )
    translation = neps.to_configspace(space)
    assert [(loss.address, loss.reason) for loss in translation.losses] == [
        ("p39", "the forbidden clause p39 == 3 can't be said: too many paths lead to p39")
    ]
    with pytest.raises(neps.ConversionError, match="too many paths lead to p39"):
        neps.to_configspace(space, strict=True)
    config = next(c for seed in range(5_000) if "p39" in (c := space.sample(seed)[0]))
    assert translation.sidecar.from_configuration(translation.sidecar.to_configuration(config)) == config


# ------------------------------------------------------------------ laws where everything is a star


def forced(space: neps.PipelineSpace, longest: int, priors: Any) -> Any:
    """The translation as it would be if no chain were short enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "MOST_STEPS", -1)
        patch.setattr(star, "LONGEST", longest)
        return neps.to_configspace(space, max_depth=DEPTH, priors=priors)


def some(cs: CS.ConfigurationSpace, seed: int) -> Iterator[CS.Configuration]:
    cs.seed(seed)
    drawn = cs.sample_configuration(4) if len(cs) else []
    yield from drawn
    for configuration in drawn[:1]:
        yield from list(get_one_exchange_neighbourhood(configuration, seed=1))[:5]


@given(
    flat_spaces() | spaces(whole=True) | recursive_spaces(whole=True),
    SEEDS,
    st.sampled_from((100, 1, 3)),
    st.sampled_from(("native", "warped", "drop")),
)
def test_the_laws_hold_for_stars(space: neps.PipelineSpace, seed: int, longest: int, priors: Any) -> None:
    """Law 5 with stars in place of shallow chains, and with paths cut short to the bone."""
    cs, sidecar = forced(space, longest, priors)
    configs = [space.sample(seed + i, max_depth=DEPTH)[0] for i in range(4)]
    configurations = sidecar.to_configurations(configs)
    assert [exact(c) for c in sidecar.from_configurations(configurations)] == [exact(c) for c in configs]
    for configuration in configurations:
        configuration.check_valid_configuration()
    for configuration in some(cs, seed):
        config = sidecar.from_configuration(configuration)
        neps.resolve(space, config)
        again = sidecar.to_configuration(config)
        assert exact(sidecar.from_configuration(again)) == exact(config)


def test_the_forced_star_is_one() -> None:
    """The law above would hold in vain if nothing were loose."""
    cs, sidecar = forced(nested(3), 100, "native")
    assert sidecar.loose == {"net:a2:0", "net:a2:0:a1:0", "net:b2:count", "net:a2:0:b1:count",
                             "net:a2:0:a1:0:b0:count"} & set(cs)  # fmt: skip
    assert forced(nested(3), 1, "native").sidecar.loose > sidecar.loose


# ------------------------------------------------------------------ the size guard


def test_the_size_guard_names_the_largest_and_what_to_do() -> None:
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(Forest().add(neps.Float(0, 1), "x"), max_depth=300)
    assert str(caught.value) == (
        "a translation may have 10000 hyperparameters at most; lower max_depth=300, got most of them below "
        "forest (more than 10000), tower (600), x (1) @ Forest"
    )
    numbers = neps.Repeated(neps.Integer(1, 20_000), neps.Float(0, 1).resample())
    many = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1), "net": numbers, "y": neps.Integer(0, 9)}
    )
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(many)
    assert str(caught.value) == (
        "a translation may have 10000 hyperparameters at most; lower the counts of Repeated, got most of "
        "them below net (more than 10000), x (1), y (1) @ Space"
    )
    wide = {f"a{i}": tuple(neps.Float(0, 1) for _ in range(i)) for i in range(1, 150)}
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(neps.PipelineSpace.from_attributes(wide))
    assert str(caught.value) == (
        "a translation may have 10000 hyperparameters at most; remove attributes or use shared nodes instead "
        "of resampled ones, got 11175 in 149 attributes, at most 149 below each @ Space"
    )


def test_the_size_guard_is_quick_and_says_where_no_attribute_stands_out() -> None:
    flat = neps.PipelineSpace.from_attributes({f"x{i}": neps.Float(0, 1) for i in range(20_000)})
    start = time.process_time()
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(flat)
    assert time.process_time() - start < 2
    assert str(caught.value).endswith(", got 20000 in 20000 attributes, at most 1 below each @ Space")


def test_the_size_guard_counts_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more attributes than places to look at, and with attributes that are cut short."""
    monkeypatch.setattr(too_many, "MAX_COUNTED", 1_000)
    blocks = neps.PipelineSpace.from_attributes(
        {f"x{i}": tuple(neps.Float(0, 1) for _ in range(8)) for i in range(1_500)}
    )
    with pytest.raises(neps.ConversionError, match=r"got more than \d+ in 1500 attributes @ Space"):
        neps.to_configspace(blocks)
    numbers = neps.Repeated(neps.Integer(1, 20_000), neps.Float(0, 1).resample())
    with pytest.raises(neps.ConversionError, match=r"below n \(more than 9996\), x0 \(1\), x1 \(1\) @ Space"):
        neps.to_configspace(
            neps.PipelineSpace.from_attributes(
                {"n": numbers, **{f"x{i}": neps.Float(0, 1) for i in range(4)}}
            )
        )


def test_the_size_guard_is_quick_where_definitions_use_each_other() -> None:
    again = {n: neps.ByName(n).resample() for n in "abcdefghijkl"}
    attributes: dict[str, Any] = {
        n: neps.Categorical(
            (1, neps.Operation("f", tuple(x for m, x in again.items() if m != n)[:2]).resample())
        )
        for n in again
    }
    space = neps.PipelineSpace.from_attributes({**attributes, "x": neps.Float(0, 1)})
    start = time.process_time()
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(space, max_depth=30)
    assert time.process_time() - start < 3
    assert re.search(r"lower max_depth=30, got more than \d{5} in 13 attributes @ Space", str(caught.value))
