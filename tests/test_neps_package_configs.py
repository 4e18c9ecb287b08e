"""Configs of the NePS package and ours: the same decisions, and NePS resolves them to the same pipeline."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

neps = pytest.importorskip("neps")

from making import space as made  # noqa: E402
from neps_package import MARKS, NEPS, SPACES, called, evaluated, flat, sampled  # noqa: E402
from strategies import flat_spaces, gather, recursive_spaces, spaces  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConfigError, ConversionError  # noqa: E402
from neps_cs_converters.neps import config_from_neps, config_to_neps, from_neps, to_neps  # noqa: E402

pytestmark = MARKS


def _checked(space: neps_cs.PipelineSpace, seed: int) -> None:
    try:
        nearest = to_neps(space, nearest=True)
    except ConversionError:
        reject()
    assume(all(loss.instead == "decided always, dropped where inactive" for loss in nearest.losses))
    theirs, fidelities = nearest.space, space.resolver.fidelities
    config, pipeline = space.sample(seed)
    written = config_to_neps(space, config)
    received = evaluated(theirs, written)
    assert repr({n: received[n] for n in pipeline}) == repr(pipeline)
    assert set(received) == set(pipeline)
    assert config_to_neps(theirs, config) == written  # NePS itself names the keys so
    back = config_from_neps(space, written)
    assert {n: v for n, v in back.items() if n not in fidelities} == config
    try:
        drawn = sampled(theirs, seed, {n: r.upper for n, r in fidelities.items()})
    except RecursionError:  # NePS's, of a grammar
        return
    ours = config_from_neps(space, drawn)
    received, pipeline = evaluated(theirs, drawn), neps_cs.resolve(space, ours)
    assert repr({n: received[n] for n in pipeline}) == repr(pipeline)
    if not space.conditions:
        assert config_to_neps(space, ours) == drawn


@settings(max_examples=80)
@given(spaces(whole=True), st.integers(0, 1000))
def test_configs_both_ways(space: neps_cs.PipelineSpace, seed: int) -> None:
    _checked(space, seed)


@settings(max_examples=40)
@given(recursive_spaces(), st.integers(0, 1000))
def test_configs_of_grammars(space: neps_cs.PipelineSpace, seed: int) -> None:
    _checked(space, seed)


@settings(max_examples=40)
@given(flat_spaces(), st.integers(0, 1000))
def test_configs_with_conditions(space: neps_cs.PipelineSpace, seed: int) -> None:
    _checked(space, seed)


@pytest.mark.parametrize("make", SPACES, ids=lambda m: m.__name__)
def test_configs_of_neps_own_spaces(make: Any) -> None:
    theirs = make(NEPS)
    space = from_neps(theirs)
    fidelities = {name: value.upper for name, value in theirs.fidelity_attrs.items()}
    for seed in range(30):
        try:
            drawn = sampled(theirs, seed, fidelities)
        except RecursionError:
            continue
        ours = config_from_neps(theirs, drawn)
        assert ours == config_from_neps(space, drawn)
        assert neps_cs.resolve(space, ours) == called(evaluated(theirs, drawn))
        assert config_to_neps(theirs, ours) == drawn


def test_plain_keys() -> None:
    """The table in `neps_cs_converters.neps.keys`, written out."""
    low = neps_cs.Integer(0, 3)
    space = made(
        lr=neps_cs.Float(1e-4, 1, log=True),
        op=neps_cs.Operation(gather, (low, [low.resample()]), {"k": neps_cs.ByName("lr").resample()}),
        many=neps_cs.Repeated(2, neps_cs.Categorical((neps_cs.Categorical(("a", "b")), 5)).resample()),
        mixed=neps_cs.Categorical(((neps_cs.Integer(0, 1), "a"), 2)),
        bounded=neps_cs.Float(low, 5, log=False),
        epochs=neps_cs.IntegerFidelity(1, 9),
    )  # fmt: skip
    config = {
        "lr": 0.5,
        "op:0": 3,
        "op:1:0": 1,
        "op:k": 0.25,
        "many:0": "Categorical",
        "many:0:Categorical": "b",
        "many:1": 5,
        "mixed": "(Integer, a)",
        "mixed:(Integer, a):0": 1,
        "bounded": 4.5,
        "epochs": 7,
    }
    written = config_to_neps(space, config)
    assert written == {
        "SAMPLING__Resolvable.lr::float__0.0001_1.0_True": 0.5,
        "SAMPLING__Resolvable.op.args.sequence[0]::integer__0_3_False": 3,
        "SAMPLING__Resolvable.op.args.sequence[1].sequence[0].resampled_integer::integer__0_3_False": 1,
        "SAMPLING__Resolvable.op.kwargs.mapping_value{k}.resampled_float::float__0.0001_1.0_True": 0.25,
        "SAMPLING__Resolvable.many.repeated_item[0].resampled_categorical::categorical__2": 0,
        "SAMPLING__Resolvable.many.repeated_item[0].resampled_categorical.sampled_value::categorical__2": 1,
        "SAMPLING__Resolvable.many.repeated_item[1].resampled_categorical::categorical__2": 1,
        "SAMPLING__Resolvable.mixed::categorical__2": 0,
        "SAMPLING__Resolvable.mixed.sampled_value.resampled_tuple.sequence[0]::integer__0_1_False": 1,
        "SAMPLING__Resolvable.bounded::float__3_5.0_False": 4.5,
        "ENVIRONMENT__epochs": 7,
    }
    assert config_from_neps(space, written) == config
    assert evaluated(to_neps(space), written) == neps_cs.resolve(space, config)


def test_keys_are_those_of_the_very_object() -> None:
    class Whole(neps.PipelineSpace):
        x = neps.Float(0, 1)

    assert config_to_neps(Whole(), {"x": 0.5}) == {"SAMPLING__Resolvable.x::float__0_1_False": 0.5}
    assert config_from_neps(Whole(), {"SAMPLING__Resolvable.x::float__0.0_1.0_False": 0.5}) == {"x": 0.5}


def test_the_nearest_forms_have_configs_too() -> None:
    space = made(
        step=neps_cs.Integer(0, 9, step=3), closed=neps_cs.Categorical(("a", "b", "c"), among=(0, 2))
    )
    written = {
        "SAMPLING__Resolvable.step::categorical__4": 2,
        "SAMPLING__Resolvable.closed::categorical__2": 1,
    }
    assert config_to_neps(space, {"step": 6, "closed": "c"}) == written
    assert config_from_neps(space, written) == {"step": 6, "closed": "c"}


def test_what_is_inactive_gets_a_value_in_neps_and_is_left_out_here() -> None:
    space = made(a=neps_cs.Categorical(("x", "y")), b=neps_cs.Integer(1, 9, prior=4))
    space = space.add_condition("b", neps_cs.Equals("a", "x"))
    written = config_to_neps(space, {"a": "y"})
    assert written == {"SAMPLING__Resolvable.a::categorical__2": 1,
                       "SAMPLING__Resolvable.b::integer__1_9_False": 4}  # fmt: skip
    assert config_from_neps(space, written) == {"a": "y"}
    assert config_from_neps(space, {"a": "y", "b": 3}) == {"a": "y"}


def test_a_condition_on_structure_is_not_known_to_neps() -> None:
    space = made(_a=neps_cs.Categorical((neps_cs.Operation("f"), "y")), b=neps_cs.Integer(1, 9))
    space = space.add_condition("b", neps_cs.Equals("_a", "f"))
    nearest = to_neps(space, nearest=True)
    assert [loss.instead for loss in nearest.losses] == ["active always"]
    written = config_to_neps(space, {"_a": "f", "b": 3})
    assert written == {"SAMPLING__Resolvable.b::integer__1_9_False": 3}
    assert evaluated(nearest.space, written) == {"b": 3}
    with pytest.raises(ConfigError, match="NePS does not decide what a condition reads in a structure"):
        config_from_neps(space, written)


def test_plain_names_of_classic_spaces() -> None:
    space = flat(neps_cs)
    config = {"lr": 0.5, "width": 2, "name": "c"}
    assert config_from_neps(space, {**config, "epochs": 4, "seed": 3}) == {**config, "epochs": 4}
    with pytest.raises(ConfigError, match="nothing else, got 1 @ other"):
        config_from_neps(space, {**config, "other": 1})


def test_everything_that_does_not_fit_is_listed() -> None:
    space = made(a=neps_cs.Integer(0, 3), b=neps_cs.Categorical(("x", "y")), c=neps_cs.Float(0, 1),
                 d=neps_cs.Float(0, 1), e=neps_cs.Float(0, 1))  # fmt: skip
    wrong = {
        "SAMPLING__Resolvable.a::integer__0_3_False": 4,
        "SAMPLING__Resolvable.b::categorical__2": 2,
        "SAMPLING__Resolvable.c::float__0_1_False": "0.5",
        "SAMPLING__Resolvable.d::float__0_1_False": float("nan"),
        "SAMPLING__Resolvable.x::float__0_1_False": 0.5,
        "more": 1,
    }
    with pytest.raises(ConfigError) as caught:
        config_from_neps(space, wrong)
    assert (
        str(caught.value)
        == """\
the value must be a number from 0 to 3, got 4 @ SAMPLING__Resolvable.a::integer__0_3_False
the value must be an index below 2, got 2 @ SAMPLING__Resolvable.b::categorical__2
the value must be a number from 0.0 to 1.0, got '0.5' @ SAMPLING__Resolvable.c::float__0_1_False
the value must be a number from 0.0 to 1.0, got nan @ SAMPLING__Resolvable.d::float__0_1_False
a config of NePS must hold every decision, got nothing @ SAMPLING__Resolvable.e::float__0.0_1.0_False
a config of NePS must hold what the space decides, and nothing else, got 0.5 \
@ SAMPLING__Resolvable.x::float__0_1_False
a config of NePS must hold what the space decides, and nothing else, got 1 @ more"""
    )
    for strange in (None, [1], {1: 2}):
        with pytest.raises(ConfigError, match=r"NePS must be a mapping|must be texts"):
            config_from_neps(space, strange)  # type: ignore[arg-type]


def test_numbers_that_no_float_holds_and_keys_that_are_one_are_refused() -> None:
    space = made(a=neps_cs.Categorical((1, 2)), b=neps_cs.Float(0, 1))
    key, number = "SAMPLING__Resolvable.a::categorical__2", "SAMPLING__Resolvable.b::float__0_1_False"
    for wrong in (10**400, float("inf"), -1, 0.5):
        with pytest.raises(ConfigError, match="must be an index below 2, got"):
            config_from_neps(space, {key: wrong, number: 0.5})
        with pytest.raises(
            ConfigError, match="must be a number from 0.0 to 1.0, got" if wrong != 0.5 else "index"
        ):
            config_from_neps(space, {key: 0.5, number: wrong})
    with pytest.raises(
        ConfigError, match=r"and nothing else, got 0 @ SAMPLING__Resolvable.a::categorical__2"
    ):
        config_from_neps(space, {key: 0, "SAMPLING__Resolvable.a::categorical__3": 1, number: 0.5})


def test_logarithmic_draws_that_miss_an_end_by_rounding_are_taken() -> None:
    space = made(x=neps_cs.Float(1e-3, 0.5, log=True), n=neps_cs.Integer(6, 9, log=True))
    keys = list(config_to_neps(space, {"x": 0.1, "n": 7}))
    assert config_from_neps(space, dict(zip(keys, (0.5000000000000001, 5), strict=True))) == {
        "x": 0.5,
        "n": 6,
    }
    with pytest.raises(ConfigError):
        config_from_neps(space, dict(zip(keys, (0.6, 4), strict=True)))


def test_a_grammar_deeper_than_python_nests() -> None:
    again = neps_cs.ByName("tree").resample()
    space = made(tree=neps_cs.Categorical((1, neps_cs.Operation("s", (again,)).resample())))
    address, config = "tree", {}
    for _ in range(600):
        config[address] = "s"
        address += ":s:0"
    config[address] = 1
    assert config_from_neps(space, config_to_neps(space, config)) == config


def test_nothing_of_the_global_generator_is_used() -> None:
    before = random.getstate()
    space = flat(neps_cs)
    config_from_neps(space, config_to_neps(to_neps(space), space.sample(1)[0]))
    assert random.getstate() == before
