"""ConfigurationSpaces as they come from elsewhere: read, and written back as they were."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import time
import warnings
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from hypothesis import given
from strategies_configspace import configspaces
from test_laws import SEEDS, exact

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document


def fields(hyperparameter: Any) -> dict[str, Any]:
    """Everything that a hyperparameter was made of, with types."""
    names = ("name", "lower", "upper", "log", "mu", "sigma", "alpha", "beta", "choices", "sequence",
             "value", "weights", "default_value", "meta")  # fmt: skip
    held = {n: getattr(hyperparameter, n) for n in names if n in dir(hyperparameter)}
    if held.get("weights") is not None:
        held["weights"] = tuple(map(float, held["weights"]))
    if isinstance(held.get("default_value"), np.integer):  # as BetaInteger has it
        held["default_value"] = int(held["default_value"])
    return {"class": type(hyperparameter), **{n: (v, type(v)) for n, v in held.items()}}


def check_same(made: CS.ConfigurationSpace, cs: CS.ConfigurationSpace) -> None:
    """Equal to ConfigSpace, and field by field where its == is blind."""
    assert made == cs
    assert list(made) == list(cs)
    assert [fields(made[n]) for n in made] == [fields(cs[n]) for n in cs]
    assert (made.name, made.meta) == (cs.name, cs.meta)
    assert repr(made.conditions) == repr(cs.conditions)
    assert repr(made.forbidden_clauses) == repr(cs.forbidden_clauses)
    assert made.get_default_configuration() == cs.get_default_configuration()


def check_law_3(cs: CS.ConfigurationSpace) -> None:
    space = neps.from_configspace(cs)
    check_same(neps.to_configspace(space).configspace, cs)
    assert neps.equal(neps.from_configspace(cs), space)
    # and by way of JSON
    text = json.dumps(to_document(space.graph))
    again = neps.PipelineSpace.from_graph(from_document(json.loads(text), trust=("builtins",)))
    assert neps.equal(again, space)
    check_same(neps.to_configspace(again).configspace, cs)


@given(configspaces())
def test_a_configuration_space_comes_back_as_it_was(cs: CS.ConfigurationSpace) -> None:
    """Law 3."""
    check_law_3(cs)


def check_law_5(cs: CS.ConfigurationSpace, seed: int) -> None:
    space = neps.from_configspace(cs)
    _, sidecar = neps.to_configspace(space)
    for i in range(3):
        config, _ = space.sample(seed + i)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        CS.Configuration(cs, vector=configuration.get_array()).check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
    cs.seed(seed)
    for configuration in cs.sample_configuration(4):
        if not consistent(configuration):
            continue
        config = sidecar.from_configuration(configuration)
        assert neps.resolve(space, config).keys() == set(configuration)
        again = sidecar.to_configuration(config)
        assert again == configuration
        assert exact(sidecar.from_configuration(again)) == exact(config)


def consistent(configuration: CS.Configuration) -> bool:
    """Whether ConfigSpace itself takes its own sample, and the values of it: seldom it does not."""
    try:
        configuration.check_valid_configuration()
        CS.Configuration(configuration.config_space, values=dict(configuration))
    except (ValueError, TypeError):
        return False
    return True


@given(configspaces(), SEEDS)
def test_a_warped_translation_has_the_same_configs(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 5 where conditions can't stand as they were: places in [0, 1] decide in place of values."""
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space, priors="warped")
    for i in range(3):
        config, _ = space.sample(seed + i)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
    made.seed(seed)
    for configuration in made.sample_configuration(4):
        if consistent(configuration):
            config = sidecar.from_configuration(configuration)
            neps.resolve(space, config)
            assert exact(sidecar.from_configuration(sidecar.to_configuration(config))) == exact(config)


@given(configspaces(), SEEDS)
def test_configs_are_its_legal_configurations(cs: CS.ConfigurationSpace, seed: int) -> None:
    """Law 5."""
    check_law_5(cs, seed)


def test_an_attribute_may_be_called_as_the_address_of_a_branch() -> None:
    """A structural translation, read flat: `x` chooses among labels, `x:skip` is a hyperparameter too."""
    cs = CS.ConfigurationSpace()
    chosen, on = (
        CS.CategoricalHyperparameter("x", ["conv", "skip"]),
        CS.CategoricalHyperparameter("on", [1, 2]),
    )
    cs.add(chosen, on, CS.Constant("x:skip", 3), CS.EqualsCondition(chosen, on, 1))
    check_law_3(cs)
    check_law_5(cs, 0)


@pytest.mark.parametrize("name", [None, "", "Space", "other"])
def test_the_name_of_a_configuration_space_comes_back(name: str | None) -> None:
    """A space without a name is called Space, which is a name too."""
    cs = CS.ConfigurationSpace(name=name, space={"x": (0.0, 1.0)})
    check_law_3(cs)
    more = neps.from_configspace(cs).add(neps.Integer(1, 2), "more")
    assert neps.to_configspace(more).configspace.name == name


def test_a_hyperparameter_may_be_called_nothing(tmp_path: Path) -> None:
    """Conditions, clauses and files take the empty name."""
    cs = CS.ConfigurationSpace()
    kind, x = CS.CategoricalHyperparameter("", ["a", "b"]), CS.UniformFloatHyperparameter("x", 0, 1)
    clauses = (
        CS.ForbiddenEqualsClause(kind, "b"),
        CS.ForbiddenAndConjunction(
            CS.ForbiddenEqualsClause(kind, "a"), CS.ForbiddenGreaterThanRelation(x, x)
        ),
    )
    cs.add(kind, x, CS.EqualsCondition(x, kind, "a"), clauses)
    check_law_3(cs)
    check_law_5(cs, 0)
    neps.save_space(neps.from_configspace(cs), tmp_path / "space.json")
    assert neps.to_configspace(neps.load_space(tmp_path / "space.json")).configspace == cs


# ---------------------------------------------------------------- numbers that floats can't tell


UI, UF = CS.UniformIntegerHyperparameter, CS.UniformFloatHyperparameter
NI, NF = CS.NormalIntegerHyperparameter, CS.NormalFloatHyperparameter

EXTREME: dict[str, Any] = {
    "a seed": lambda: UI("x", 0, 2**62),
    "a negative one": lambda: UI("x", -(2**61), 2**61),
    "above 2**53": lambda: UI("x", 2**53, 2**53 + 10),
    "a default above the bound": lambda: UI("x", 0, 2**53 + 1, default_value=2**53 + 1),
    "log": lambda: UI("x", 1, 2**62, log=True),
    "normal": lambda: NI("x", 2**60, 2**55, 0, 2**62),
    "beta": lambda: CS.BetaIntegerHyperparameter("x", 2, 3, 0, 2**62),
    "large floats": lambda: UF("x", 1e290, 1e291),
    "one step wide": lambda: UF("x", 0, 1e-13),
    "far above": lambda: NF("x", 1e9, 1e-6, 1, 10),
    "far below": lambda: NF("x", -1e9, 1e-6, 1, 10),
    "narrow": lambda: NF("x", 5, 1e-9, 1, 10),
    "narrow integer": lambda: NI("x", 5, 1e-14, 1, 10),
    "narrow integer, log": lambda: NI("x", 5, 0, 1, 10, log=True),
}


def of(make: Any) -> CS.ConfigurationSpace:
    """A ConfigurationSpace of one, for which ConfigSpace may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs = CS.ConfigurationSpace(seed=0)
        cs.add(make())
        return cs


@pytest.mark.parametrize("extreme", EXTREME)
def test_numbers_of_extremes_come_back(extreme: str) -> None:
    """Whatever ConfigSpace can compute with them: no places, no indices, and nothing is refused."""
    cs = of(EXTREME[extreme])
    check_law_3(cs)
    space = neps.from_configspace(cs)
    translation = neps.to_configspace(space)
    assert (translation.losses, translation.beside) == ((), ())
    for seed in range(5):
        translation.sidecar.to_configuration(space.sample(seed)[0]).check_valid_configuration()


POINTS: dict[str, tuple[Any, float]] = {
    "float": (lambda: NF("x", 5, 1e-14, 1, 10), 5),
    "at a bound": (lambda: NF("x", 10, 0, 1, 11), 10),
    "log": (lambda: NF("x", 5, 0.5, 0.5, 10, log=True), 5),
    "integer": (lambda: NI("x", 5, 1e-14, 1, 10), 5),
    "far above": (lambda: NF("x", 1e9, 1e-6, 1, 10), 10),
}


@pytest.mark.parametrize("point", POINTS)
def test_normals_without_width(point: str) -> None:
    """All samples are one value, here as there; there, two such are not even equal to each other."""
    make, value = POINTS[point]
    cs = of(make)
    space = neps.from_configspace(cs)
    made = neps.to_configspace(space).configspace
    if point in ("far above", "integer"):
        assert made == cs
    else:
        assert of(make) != of(make), "the trap"
        assert repr(made.get_default_configuration()) == repr(cs.get_default_configuration())
    assert fields(made["x"]) == fields(cs["x"])
    again = neps.PipelineSpace.from_graph(from_document(json.loads(json.dumps(to_document(space.graph)))))
    assert fields(neps.to_configspace(again).configspace["x"]) == fields(cs["x"])
    assert {round(float(c["x"]), 9) for c in cs.sample_configuration(9)} == {value}
    assert {round(space.sample(s, use_priors=True)[0]["x"], 9) for s in range(9)} == {value}  # type: ignore[arg-type]


def test_a_number_that_was_given_other_bounds_since_is_one_of_ours() -> None:
    """What ConfigSpace held before is no reason to round the bounds."""
    space = neps.from_configspace(of(EXTREME["a seed"]))
    narrow = neps.PipelineSpace.from_attributes({"x": neps.Float(1e-14, 1e-13)}, native=space.graph.native)
    configuration = neps.to_configspace(narrow).sidecar.to_configuration({"x": 5.5e-14})
    assert configuration["x"] == pytest.approx(0.5)


# ---------------------------------------------------------------- values of odd kinds


class Number(enum.IntEnum):
    """Equal to an int, and hashed otherwise."""

    ONE = 1
    TWO = 2


class Word(str, enum.Enum):
    """Text that numpy cuts: `S` for all of them."""

    A = "Sa"
    B = "Sb"


D, T = np.datetime64, np.timedelta64

ODD: dict[str, tuple[Any, ...]] = {
    "days": (D("2020-01-01"), D("2021-01-01")),
    "nanoseconds": (D(5, "ns"), D(6, "ns")),
    "spans": (T(5, "s"), T(6, "s")),
    "a date among text": ("a", D("2020-01-01")),
    "bytes": (np.bytes_(b"a"), np.bytes_(b"b")),
    "complex": (1j, 2j),
    "ends in NUL": ("a\0", "b"),
    "NUL or not": ("a", "a\0"),
    "text enum": tuple(Word),
    "text enum among text": ("x", Word.A),
    "int enum": tuple(Number),
}


@pytest.mark.parametrize("kind", [CS.CategoricalHyperparameter, CS.OrdinalHyperparameter])
@pytest.mark.parametrize("odd", ODD)
def test_choices_of_odd_kinds(kind: Any, odd: str) -> None:
    """They stay what they are: in the ConfigurationSpace, in the pipeline, in configurations."""
    values = ODD[odd]
    cs = CS.ConfigurationSpace(seed=0)
    cs.add(kind("c", values))
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space)
    assert made == cs
    chosen = made["c"]
    held = chosen.choices if kind is CS.CategoricalHyperparameter else chosen.sequence
    assert list(map(type, held)) == list(map(type, values))
    check_odd(space, made, sidecar, "c", values)
    assert neps.from_configspace(made, sidecar) == space


@pytest.mark.parametrize("odd", sorted(ODD.keys() - {"ends in NUL", "text enum"}))
def test_constants_of_odd_kinds(odd: str) -> None:
    value = ODD[odd][0]
    cs = CS.ConfigurationSpace(seed=0)
    cs.add(CS.Constant("c", value))
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space)
    assert made == cs
    assert type(made["c"].value) is type(value)
    check_odd(space, made, sidecar, "c", (value,))


def check_odd(space: neps.PipelineSpace, made: Any, sidecar: Any, name: str, values: tuple[Any, ...]) -> None:
    configs = [space.sample(seed)[0] for seed in range(12)]
    found = [neps.resolve(space, c)[name] for c in configs]
    assert {(type(v), hash(v)) for v in found} == {(type(v), hash(v)) for v in values}
    for config, value in zip(configs, found, strict=True):
        configuration = sidecar.to_configuration(config)
        assert sidecar.from_configuration(configuration) == config
        same = CS.Configuration(made, vector=configuration.get_array())
        again = pickle.loads(pickle.dumps(made))
        for other in (same, CS.Configuration(again, vector=configuration.get_array())):
            assert (type(other[name]), hash(other[name])) == (type(value), hash(value))
        assert (same, hash(same)) == (configuration, hash(configuration))


HUGE = 10**5000  # more digits than Python writes out


@pytest.mark.parametrize(
    "hyperparameter",
    [
        CS.CategoricalHyperparameter("c", [HUGE, 1]),
        CS.CategoricalHyperparameter("c", [HUGE, 0.5]),
        CS.OrdinalHyperparameter("c", ["a", HUGE]),
        CS.Constant("c", HUGE),
    ],
    ids=["categorical", "among floats", "ordinal", "constant"],
)
def test_a_huge_integer(hyperparameter: Any) -> None:
    cs = CS.ConfigurationSpace(seed=0)
    cs.add(hyperparameter)
    made, sidecar = neps.to_configspace(neps.from_configspace(cs))
    assert made == cs
    for configuration in made.sample_configuration(9):
        config = sidecar.from_configuration(configuration)
        assert config == {n: v for n, v in configuration.items() if not isinstance(made[n], CS.Constant)}
        assert sidecar.to_configuration(config) == configuration


def test_a_huge_integer_is_written(tmp_path: Path) -> None:
    """In our part of a document as its hexadecimal text; ConfigSpace's can't have it."""
    cs = CS.ConfigurationSpace()
    cs.add(CS.CategoricalHyperparameter("c", [HUGE, 1]))
    space = neps.from_configspace(cs)
    text = json.dumps(to_document(space.graph))
    assert hex(HUGE) in text
    assert neps.PipelineSpace.from_graph(from_document(json.loads(text))) == space
    assert f"c = Categorical(({hex(HUGE)}, 1))" in repr(space)
    other = CS.ConfigurationSpace()
    other.add(CS.CategoricalHyperparameter("c", [HUGE + 1, 1]))
    with pytest.raises(neps.ConversionError, match="the side-car must belong to the ConfigurationSpace"):
        neps.from_configspace(other, neps.to_configspace(space).sidecar)
    (lack,) = neps.save_space(space, tmp_path / "space.json")
    assert lack.reason.startswith("ConfigSpace must be able to write")
    assert neps.load_space(tmp_path / "space.json") == space


# ---------------------------------------------------------------- conjunctions that ConfigSpace merges

X, Y, U, V = (
    CS.CategoricalHyperparameter("x", ["a", "b"]),
    CS.CategoricalHyperparameter("y", ["p", "q"]),
    CS.UniformFloatHyperparameter("u", 0, 1),
    CS.UniformFloatHyperparameter("v", 0, 1),
)


def both(child: Any) -> tuple[Any, Any]:
    return CS.EqualsCondition(child, X, "a"), CS.EqualsCondition(child, Y, "p")


def twice(child: Any) -> Any:
    return CS.AndConjunction(*[CS.InCondition(child, Y, ["p"])] * 2)


MERGED: dict[str, tuple[Any, Any]] = {
    "and, or": (CS.AndConjunction(*both(U)), CS.OrConjunction(*both(V))),
    "or, and": (CS.OrConjunction(*both(U)), CS.AndConjunction(*both(V))),
    "a part twice": (
        twice(U),
        CS.AndConjunction(CS.InCondition(V, Y, ["p"]), CS.InCondition(V, X, ["a"])),
    ),
    "nested": (
        CS.AndConjunction(both(U)[0], CS.AndConjunction(*both(U))),
        CS.AndConjunction(both(V)[0], CS.OrConjunction(*both(V))),
    ),
}


def active_when(cs: CS.ConfigurationSpace) -> set[tuple[Any, ...]]:
    """x, y and what is active, of many samples."""
    return {(c["x"], c["y"], *sorted({*c} - {"x", "y"})) for c in cs.sample_configuration(300)}


@pytest.mark.parametrize("merged", MERGED)
def test_conjunctions_that_configspace_merges_stand_apart(merged: str) -> None:
    """ConfigSpace decides the later child by the condition of the earlier one. Ours samples and checks by
    its own, as do its copies, and is equal."""
    cs = CS.ConfigurationSpace(seed=0)
    cs.add(X, Y, U, V, *MERGED[merged])
    expected = {
        (x, y, *(c.child.name for c in cs.conditions if c.satisfied_by_value({"x": x, "y": y})))
        for x in X.choices
        for y in Y.choices
    }
    assert active_when(cs) != expected, "the trap"
    check_law_3(cs)
    space = neps.from_configspace(cs)
    made, sidecar = neps.to_configspace(space)
    for same in (made, copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        same.seed(0)
        assert active_when(same) == expected
    for seed in range(30):
        config, _ = space.sample(seed)
        configuration = sidecar.to_configuration(config)
        configuration.check_valid_configuration()
        CS.Configuration(made, values=config).check_valid_configuration()
        assert exact(sidecar.from_configuration(configuration)) == exact(config)
    for configuration in made.sample_configuration(30):
        neps.resolve(space, sidecar.from_configuration(configuration))


def test_conjunctions_that_mean_the_same_are_merged() -> None:
    """As ConfigSpace does, for its speed: the order of parts and of values does not count."""
    cs = CS.ConfigurationSpace()
    parts, others = both(U), both(V)
    cs.add(X, Y, U, V, CS.AndConjunction(*parts), CS.AndConjunction(*others[::-1]))
    made = neps.to_configspace(neps.from_configspace(cs)).configspace
    assert len(made._dag.minimum_conditions) == len(cs._dag.minimum_conditions) == 1


def test_conditions_on_many_values_take_no_longer_than_configspace_does() -> None:
    """Each value is looked up, among those of its hyperparameter."""

    def build() -> CS.ConfigurationSpace:
        cs = CS.ConfigurationSpace()
        parent = CS.CategoricalHyperparameter("p", list(range(600)))
        children = [CS.UniformFloatHyperparameter(f"x{i}", 0, 1) for i in range(20)]
        conditions = [CS.InCondition(c, parent, list(range(i, 300 + i))) for i, c in enumerate(children)]
        cs.add(parent, children, conditions)
        return cs

    start = time.perf_counter()
    cs = build()
    built = time.perf_counter()
    made = neps.to_configspace(neps.from_configspace(cs)).configspace
    done = time.perf_counter()
    assert made == cs
    assert done - built < built - start
