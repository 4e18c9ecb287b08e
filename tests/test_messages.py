"""What users read when they do something wrong: the rule, the values, the place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from strategies import TRUST, gather

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document
from neps_cs.sampling.modes import always_prior
from neps_cs.sampling.replay import replay

NAN, INF = float("nan"), float("inf")
TREE = neps.ByName("tree").resample()


class Odd(CS.UniformFloatHyperparameter):
    """A hyperparameter class of someone else's."""

    def __init__(self, name: str) -> None:
        super().__init__(name, 0, 1)


def space(**attributes: Any) -> neps.PipelineSpace:
    """A space of these attributes, called Space."""
    return neps.PipelineSpace.from_attributes(attributes)


def text_of(kind: type[Exception], call: Callable[[], Any]) -> str:
    """The text of the error that `call` raises; it must be of this very class."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert isinstance(caught.value, neps.NepsCsError)
    return str(caught.value)


ITSELF = "a tuple, list or dict must not contain itself"
ENDLESS: list[Any] = [1]
ENDLESS.append(ENDLESS)

VALUES: list[tuple[Callable[[], Any], str]] = [
    (lambda: neps.Float(1, 0), "lower < upper must hold, got lower=1.0, upper=0.0 @ Float"),
    (lambda: neps.Integer(5, 2), "lower < upper must hold, got lower=5, upper=2 @ Integer"),
    (lambda: neps.Float(0, 1, log=True), "lower > 0 must hold for log=True, got lower=0.0 @ Float"),
    (lambda: neps.Integer(0, 4, log=True), "lower >= 1 must hold for log=True, got lower=0 @ Integer"),
    (
        lambda: neps.Float(0, 1, prior=2),
        "lower <= prior <= upper must hold, got prior=2.0, lower=0.0, upper=1.0 @ Float",
    ),
    (
        lambda: neps.Integer(0, 4, default=9),
        "lower <= default <= upper must hold, got default=9, lower=0, upper=4 @ Integer",
    ),
    (lambda: neps.Float(NAN, 1), "lower must be finite, got lower=nan @ Float"),
    (lambda: neps.Float(0, INF), "upper must be finite, got upper=inf @ Float"),
    (lambda: neps.Float(0, 1, prior=NAN), "prior must be finite, got prior=nan @ Float"),
    (lambda: neps.Integer(1, INF), "upper must be finite, got upper=inf @ Integer"),
    (lambda: neps.Float("a", 1), "lower must be a number, got lower='a' @ Float"),  # type: ignore[arg-type]
    (lambda: neps.Integer(True, 3), "lower must be a number, got lower=True @ Integer"),
    (lambda: neps.Integer(1, 2.5), "upper must be a whole number, got upper=2.5 @ Integer"),  # type: ignore[arg-type]
    (
        lambda: neps.Float(-1e308, 1e308),
        "upper - lower must be finite, got lower=-1e+308, upper=1e+308 @ Float",
    ),
    (
        lambda: neps.Float(0, 1, prior=0.5, prior_confidence="huge"),  # type: ignore[arg-type]
        "prior_confidence must be 'low', 'medium' or 'high', got prior_confidence='huge' @ Float",
    ),
    (
        lambda: neps.Integer(0, 1, prior_confidence="low"),  # type: ignore[arg-type]
        "prior_confidence needs a prior, got prior_confidence='low', prior=None @ Integer",
    ),
    (
        lambda: neps.Float(1, 2, log=True, log_base=1),
        "log_base must be positive, finite and not 1, got log_base=1.0 @ Float",
    ),
    (lambda: neps.Categorical(()), "choices must not be empty, got choices=() @ Categorical"),
    (lambda: neps.Ordinal(()), "choices must not be empty, got choices=() @ Ordinal"),
    (
        lambda: neps.Categorical("abc"),  # type: ignore[arg-type]
        "choices must be a tuple or a list, got choices='abc' @ Categorical",
    ),
    (lambda: neps.Categorical((1, 2, 1)), "choices must be distinct, got 1 at 0 and 2 @ Categorical"),
    (lambda: neps.Ordinal(("a", "a")), "choices must be distinct, got 'a' at 0 and 1 @ Ordinal"),
    (
        lambda: neps.Ordinal((neps.Float(0, 1),)),
        "the choices of an Ordinal must be values, got Float(0.0, 1.0) @ Ordinal",
    ),
    (
        lambda: neps.Categorical((1, 2), prior=2),
        "0 <= prior < len(choices) must hold, got prior=2, len(choices)=2 @ Categorical",
    ),
    (
        lambda: neps.Categorical((1, 2), prior=0.5),  # type: ignore[arg-type]
        "prior must be the index of a choice, got prior=0.5 @ Categorical",
    ),
    (
        lambda: neps.Categorical((1, 2), default=True),
        "default must be the index of a choice, got default=True @ Categorical",
    ),
    (lambda: neps.Repeated(True, 1), "count must be an integer or a parameter, got count=True @ Repeated"),
    (lambda: neps.Repeated(-1, 1), "count >= 0 must hold, got count=-1 @ Repeated"),
    (
        lambda: neps.Repeated(1.5, 1),  # type: ignore[arg-type]
        "count must be an integer or a parameter, got count=1.5 @ Repeated",
    ),
    (
        lambda: neps.Operation(3),
        "operator must be a callable or a non-empty string (choose by a Categorical of Operations), "
        "got 3 @ Operation",
    ),  # type: ignore[arg-type]
    (
        lambda: neps.Operation("f", 5),  # type: ignore[arg-type]
        "args must be a tuple, a list, a parameter or a structure, got args=5 @ Operation",
    ),
    (
        lambda: neps.Operation("f", kwargs={1: 2}),  # type: ignore[dict-item]
        "the keys of kwargs must be strings, got [1] @ Operation",
    ),
    (lambda: neps.Operation("f", ENDLESS), f"{ITSELF}, got [1, [...]] @ Operation"),
    (lambda: neps.Operation("f", kwargs={"k": ENDLESS}), f"{ITSELF}, got [1, [...]] @ Operation"),
    (lambda: neps.Categorical((ENDLESS,)), f"{ITSELF}, got [1, [...]] @ Categorical"),
    (lambda: neps.Repeated(1, ENDLESS), f"{ITSELF}, got [1, [...]] @ Repeated"),
    (lambda: neps.Lazy(ENDLESS), f"{ITSELF}, got [1, [...]] @ Lazy"),
    (lambda: neps.Resample(3), "only parameters and structures can be resampled, got 3 @ Resample"),  # type: ignore[arg-type]
    (lambda: neps.ByName(""), "name must be a non-empty string, got name='' @ ByName"),
    (
        lambda: neps.IntegerFidelity(1, 3).resample(),
        "a fidelity can't be resampled, got IntegerFidelity(1, 3) @ IntegerFidelity",
    ),
    (
        lambda: neps.Fidelity(neps.Float(0, 1, prior=0.5)),
        "a fidelity can't have a prior, got prior=0.5 @ Fidelity",
    ),
    (lambda: neps.And(()), "And needs at least one part, got () @ And"),
    (lambda: neps.In("a", ()), "values must not be empty, got () @ In"),
    (
        lambda: neps.Equals("a", (1,)),  # type: ignore[arg-type]
        "a condition compares with plain values or labels, got (1,) @ Equals",
    ),
]


@pytest.mark.parametrize(("make", "text"), VALUES, ids=[text for _, text in VALUES])
def test_wrong_values(make: Callable[[], Any], text: str) -> None:
    assert text_of(neps.SpaceError, make) == text


def test_wrong_values_are_value_errors_too() -> None:
    with pytest.raises(ValueError, match=r"lower must be finite"):
        neps.Float(NAN, 1)


def test_a_value_in_a_class_body_is_placed_by_its_name() -> None:
    def define() -> None:
        class MySpace(neps.PipelineSpace):
            lr = neps.Float(2, 3, prior=1)

    expected = "lower <= prior <= upper must hold, got prior=1.0, lower=2.0, upper=3.0 @ MySpace.lr"
    assert text_of(neps.SpaceError, define) == expected


def test_a_value_with_a_name_is_placed_by_it() -> None:
    def define() -> None:
        width = neps.Categorical(())
        assert width

    assert text_of(neps.SpaceError, define) == "choices must not be empty, got choices=() @ width"


RECEIVES = "a space must have an attribute that evaluate_pipeline receives (without underscore)"
ATTRIBUTE = (
    "an attribute must be a parameter, a structure, a plain value, a callable, or a tuple, list or dict"
)
ORDER = "Less and Greater need a parent with an order: a number or an Ordinal"
CHANGED = "a space can't be changed; use add, remove, add_prior or add_condition for a new one"
EMPTY = {"kind": "tuple", "items": []}
COUNT = "the count of a Repeated must be an integer >= 0, or a parameter of such integers"
GIVES = "what gives the choices must be tuples, or Categoricals of tuples, none empty"
KWARGS = "the kwargs of an Operation must be a mapping with string keys, or what gives one"
FRESH = "every step of a cycle must use .resample(), for a shared object can't contain itself"


def set_x(self: Any) -> None:
    """An __init__ that sets an attribute, as only a class body may."""
    self.x = 1


SPACES: list[tuple[Callable[[], Any], str]] = [
    (lambda: space(), f"{RECEIVES}, got no attributes in the class body @ Space"),
    (lambda: space(_x=1), f"{RECEIVES}, got _x @ Space"),
    (
        lambda: space(x=neps.ByName("lrr"), lr=1),
        "ByName must name an attribute of the space (x, lr), got ByName('lrr'); did you mean 'lr'? @ Space.x",
    ),
    (
        lambda: space(x=neps.Operation("f", (neps.IntegerFidelity(1, 3),))),
        "a fidelity must be a direct attribute of the space, got IntegerFidelity(1, 3) @ Space.x.args.[0]",
    ),
    (lambda: space(x=1, y=({"k": ENDLESS},)), f"{ITSELF}, got [1, [...]] @ Space.y"),
    (lambda: space(x={1, 2}), f"{ATTRIBUTE}, got {{1, 2}} of type builtins.set @ Space.x"),
    (lambda: space(x=neps.Float), "a parameter must be made: Float(...), got the class itself @ Space.x"),
    (
        lambda: space(tree=neps.Operation("f", (TREE,))),
        "a grammar must be able to end, got the cycle tree → Sequence → tree with no way out @ Space.tree",
    ),
    (
        lambda: space(a=neps.ByName("b"), b=neps.ByName("a")),
        f"{FRESH}, got the cycle b → a → b @ Space.b",
    ),
    (lambda: space(a=neps.Categorical((1, neps.ByName("a")))), f"{FRESH}, got the cycle a → a @ Space.a"),
    (
        lambda: space(x=neps.Repeated(neps.Float(0, 1), 1)),
        f"{COUNT}, got count=Float(0.0, 1.0) @ Space.x",
    ),
    (
        lambda: space(x=neps.Repeated(neps.Integer(-1, 1), 1)),
        f"{COUNT}, got count=Integer(-1, 1) @ Space.x",
    ),
    (lambda: space(x=neps.Categorical(neps.Repeated(2, 1))), f"{GIVES}, got Repeated @ Space.x"),
    (
        lambda: space(x=neps.Categorical(neps.Operation(gather))),
        f"{GIVES}, got Operation(gather) @ Space.x",
    ),
    (lambda: space(x=neps.Categorical(neps.Categorical(((1, 2), 5)))), f"{GIVES}, got 5 @ Space.x"),
    (lambda: space(x=neps.Categorical(neps.Categorical(((1, 2), ())))), f"{GIVES}, got () @ Space.x"),
    (
        lambda: space(x=neps.Operation("f", (neps.Categorical(neps.ByName("n")),)), n=neps.Integer(1, 2)),
        f"{GIVES}, got n @ Space.x",
    ),
    (
        lambda: space(x=neps.Categorical(neps.Categorical((neps.Lazy(neps.Categorical(((1, 2),))), (1,))))),
        f"{GIVES}, got Lazy(Categorical) @ Space.x",
    ),
    (lambda: space(x=neps.Categorical(neps.Lazy(3))), f"{GIVES}, got Lazy(3) @ Space.x"),
    (
        lambda: space(x=neps.Operation("f", kwargs=neps.Integer(1, 2))),
        f"{KWARGS}, got Integer @ Space.x",
    ),
    (
        lambda: space(x=neps.Operation("f", kwargs=neps.Categorical(({"a": 1}, 3)))),
        f"{KWARGS}, got 3 @ Space.x",
    ),
    (
        lambda: space(x=neps.Operation("f", kwargs=neps.Categorical(({"a": 1}, {1: 2})))),
        f"{KWARGS}, got {{1=2}} @ Space.x",
    ),
    (
        lambda: space(x=[neps.Operation("f", kwargs=neps.ByName("y"))], y=neps.Operation("g")),
        f"{KWARGS}, got Operation(g) @ Space.x",
    ),
    (
        lambda: space(x=neps.Operation("f", kwargs=neps.Lazy((1, 2)))),
        f"{KWARGS}, got Lazy((1, 2)) @ Space.x",
    ),
    (
        lambda: space(lr=neps.Float(0, 1)).add_prior("lrr", 1),
        "name must be an attribute (lr), got 'lrr'; did you mean 'lr'? @ Space",
    ),
    (
        lambda: space(lr=neps.Float(0, 1)).add_prior("lr", 2),
        "lower <= prior <= upper must hold, got prior=2.0, lower=0.0, upper=1.0 @ Space.lr",
    ),
    (
        lambda: space(lr=neps.Ordinal((0, 1))).add_prior("lr", 1),
        "only Float, Integer and Categorical can have a prior, got Ordinal((0, 1)) @ Space.lr",
    ),
    (lambda: space(lr=1).add(2, "lr"), "the name of a new attribute must be free, got 2 @ Space.lr"),
    (lambda: space(lr=1).remove("x"), "name must be an attribute (lr), got 'x' @ Space"),
    (
        lambda: space(a=neps.Categorical((1, 2)), x=1).add_condition("x", neps.Equals("a", 3)),
        "a condition must compare with a choice of a [1, 2], got 3 @ Space.x",
    ),
    (
        lambda: space(a=neps.Categorical((1, 2)), x=1).add_condition("x", neps.Less("a", 2)),
        f"{ORDER}, got a, a Categorical @ Space.x",
    ),
    (
        lambda: (
            space(a=1, x=1).add_condition("x", neps.Equals("a", 1)).add_condition("a", neps.Equals("x", 1))
        ),
        "conditions must not form a circle, got x → a → x @ Space",
    ),
    (
        lambda: setattr(space(lr=1), "lr", 3),
        f"{CHANGED}, got lr=3 @ Space",
    ),
    (
        lambda: delattr(space(lr=1), "lr"),
        "a space can't be changed; use remove for a new one, got del lr @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({1: 2, "a": 3}),  # type: ignore[dict-item]
        "attributes must be a mapping from names, which are strings, to values, got [1] @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes([1]),  # type: ignore[arg-type]
        "attributes must be a mapping from names, which are strings, to values, got [1] @ Space",
    ),
    (lambda: type("Own", (neps.PipelineSpace,), {"__init__": set_x})(), f"{CHANGED}, got x=1 @ Own"),
    *(
        (
            lambda d=depth: space(x=1).sample(0, max_depth=d),
            f"max_depth must be a whole number >= 1, got max_depth={depth!r} @ sample",
        )
        for depth in (0, 2.0, True, "3", None)
    ),
    (
        lambda: space(x=1).sample_by(always_prior, max_depth=2.0),
        "max_depth must be a whole number >= 1, got max_depth=2.0 @ sample_by",
    ),
    (
        lambda: neps.size(space(x=1), max_depth=2.0),
        "max_depth must be a whole number >= 1, got max_depth=2.0 @ size",
    ),
    (
        lambda: neps.to_configspace(CS.ConfigurationSpace({"x": (0, 1)})),
        "a PipelineSpace is needed; neps.from_configspace makes one, got a ConfigurationSpace @ "
        "to_configspace",
    ),
    (
        lambda: neps.to_configspace(space(x=1), max_depth="2"),
        "max_depth must be a whole number >= 1, got max_depth='2' @ to_configspace",
    ),
]


@pytest.mark.parametrize(("make", "text"), SPACES, ids=[text for _, text in SPACES])
def test_wrong_spaces(make: Callable[[], Any], text: str) -> None:
    assert text_of(neps.SpaceError, make) == text


def test_a_stray_object_in_a_class_body_is_placed() -> None:
    class Stray(neps.PipelineSpace):
        lr = neps.Float(0, 1)
        other = (1, {2})

    expected = f"{ATTRIBUTE}, got {{2}} of type builtins.set @ Stray.other[1]"
    assert text_of(neps.SpaceError, Stray) == expected


def test_all_problems_of_a_space_are_named_at_once() -> None:
    made = lambda: space(a={1}, b=neps.ByName("x"), c=neps.Repeated(neps.ByName("a"), 1))  # noqa: E731
    assert text_of(neps.SpaceError, made).splitlines() == [
        "ByName must name an attribute of the space (a, b, c), got ByName('x') @ Space.b",
        f"{COUNT}, got count=ByName('a') @ Space.c",
        f"{ATTRIBUTE}, got {{1}} of type builtins.set @ Space.a",
    ]


FIDELITY = neps.IntegerFidelity(1, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: space(e=FIDELITY, x=neps.ByName("e").resample()),
        lambda: space(e=FIDELITY, x=neps.Resample("e")),
        lambda: space(e=FIDELITY, x=neps.Operation("f", (neps.Resample(FIDELITY),))),
    ],
)
def test_a_fidelity_is_not_resampled_on_any_way(make: Callable[[], Any]) -> None:
    assert text_of(neps.SpaceError, make).startswith("a fidelity can't be resampled, got ")


@pytest.mark.parametrize(
    "make",
    [
        lambda: space(x=neps.Categorical(neps.Categorical(((1, 1), (2, 3))))),
        lambda: space(t=("a", "a"), x=neps.Categorical(neps.ByName("t"))),
    ],
)
def test_equal_choices_are_refused_from_a_provider_too(make: Callable[[], Any]) -> None:
    """Else a config could not tell which of them was taken."""
    assert text_of(neps.SpaceError, make).startswith("choices must be distinct, got ")


def test_a_config_that_does_not_fit_lists_every_problem() -> None:
    made = space(
        lr=neps.Float(0, 1),
        n=neps.Integer(1, 3),
        act=neps.Categorical(("a", "b")),
        m=neps.Float(0, 1),
        k=neps.Integer(1, 3),
    )
    config = {"lr": 2.0, "n": "x", "act": "c", "mm": 0.5, "other": 1, "k": True}
    assert text_of(neps.ConfigError, lambda: neps.resolve(made, config)).splitlines() == [
        "the value must be a number from 0.0 to 1.0, got 2.0 @ lr",
        "the value must be a whole number from 1 to 3, got 'x' @ n",
        "the value must be one of ['a', 'b'], got 'c' @ act",
        "a config must hold every active decision, got nothing @ m",
        "the value must be a whole number from 1 to 3, got True @ k",
        "a config must hold active decisions only, got 0.5 (did you mean 'm'?) @ mm",
        "a config must hold active decisions only, got 1 @ other",
    ]


@pytest.mark.parametrize("config", [5, None, [1], "lr"])
def test_a_config_that_is_no_mapping(config: Any) -> None:
    with pytest.raises(neps.ConfigError, match="mapping"):
        neps.resolve(space(lr=neps.Float(0, 1)), config)


FIDELITIES: list[tuple[dict[str, Any], str]] = [
    ({"e": 10}, "lower <= fidelity <= upper must hold, got 10, lower=1, upper=9 @ Space.e"),
    ({"e": "3"}, "the fidelity must be a number, got '3' @ Space.e"),
    ({"e": True}, "the fidelity must be a number, got True @ Space.e"),
    ({"e": np.int64(10)}, "lower <= fidelity <= upper must hold, got 10, lower=1, upper=9 @ Space.e"),
    ({"e": NAN}, "lower <= fidelity <= upper must hold, got nan, lower=1, upper=9 @ Space.e"),
    ({"epoch": 1}, "fidelity_values must name fidelities (e), got 'epoch' @ Space"),
    ({"e": 2.5}, "the fidelity must be a whole number, got 2.5 @ Space.e"),
]


@pytest.mark.parametrize(("values", "text"), FIDELITIES, ids=[text for _, text in FIDELITIES])
def test_wrong_fidelity_values(values: dict[str, Any], text: str) -> None:
    made = space(e=neps.IntegerFidelity(1, 9))
    assert text_of(neps.ConfigError, lambda: made.sample(0, values)) == text


def test_a_fidelity_may_be_a_scalar_of_numpy() -> None:
    made = space(e=neps.IntegerFidelity(1, 9), x=neps.Integer(1, 2))
    for value in (np.int64(3), np.float32(3), 3.0):
        for found in (made.sample(0, {"e": value})[1], neps.resolve(made, {"e": value, "x": 1})):
            assert repr(found["e"]) == "3"


def test_a_config_may_hold_scalars_of_numpy() -> None:
    """They are taken as Python's own, by compiled code as well, and what comes out is Python's own."""
    made = space(
        n=neps.Integer(1, 9), x=neps.Float(0, 1), s=neps.Float(0, 1, step=0.5),
        t=neps.Categorical(("a", "b")), c=neps.Categorical((3, 4)), m=neps.Categorical((None, True, 1.5)),
        w=neps.Ordinal((1, 2.5, "z")),
    )  # fmt: skip
    config = {"n": 3, "x": 0.25, "s": 0.5, "t": "b", "c": 4, "m": True, "w": 2.5}
    given = {
        "n": np.int64(3), "x": np.float32(0.25), "s": np.float64(0.5), "t": np.str_("b"), "c": np.int8(4),
        "m": np.bool_(True), "w": np.float16(2.5),
    }  # fmt: skip
    assert repr(neps.resolve(made, given)) == repr(config)
    assert repr(replay(made.resolver, given).config) == repr(config)
    rule = "the value must be a whole number from 1 to 9, got"
    for wrong in (np.int64(10), np.bool_(True), np.float64(2.5)):
        found = text_of(neps.ConfigError, lambda wrong=wrong: neps.resolve(made, given | {"n": wrong}))  # type: ignore[misc]
        assert found == f"{rule} {wrong!r} @ n"


def recursive() -> neps.PipelineSpace:
    """A tree that can end."""
    return space(tree=neps.Categorical((1, neps.Operation("f", (TREE,)).resample())))


CONVERSIONS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: neps.to_configspace(recursive()),
        "a recursive space needs max_depth to become finite, got max_depth=None, recursion by tree @ Space",
    ),
    (lambda: neps.from_configspace(3), "from_configspace takes a ConfigurationSpace, got 3 of type int"),  # type: ignore[arg-type]
    (
        lambda: neps.from_configspace(space(x=1)),  # type: ignore[arg-type]
        "from_configspace takes a ConfigurationSpace, got a PipelineSpace",
    ),
    (
        lambda: neps.from_configspace(neps.to_configspace(space(x=1))),  # type: ignore[arg-type]
        "from_configspace takes a ConfigurationSpace, got a Translation; pass its parts: "
        "from_configspace(*translation)",
    ),
    (
        lambda: neps.from_configspace(CS.ConfigurationSpace({"epochs": (1, 9)}), fidelities=("epoch",)),
        "a fidelity must be a number of the ConfigurationSpace without a prior, got no such name; "
        "did you mean 'epochs'? @ epoch",
    ),
    (
        lambda: neps.to_configspace(space(x=1), fidelity="x"),  # type: ignore[arg-type]
        "fidelity must be one of ('budget', 'hyperparameter'), got 'x' @ to_configspace",
    ),
    (
        lambda: neps.to_configspace(space(a=neps.Float(0, 1, prior=1)), priors="drop", strict=True),
        "with strict=True nothing may be lost, got a loss: the prior was dropped; in its place a uniform "
        "distribution @ a",
    ),
]


@pytest.mark.parametrize(("make", "text"), CONVERSIONS, ids=[text for _, text in CONVERSIONS])
def test_wrong_conversions(make: Callable[[], Any], text: str) -> None:
    assert text_of(neps.ConversionError, make) == text


def test_a_conversion_lists_every_problem() -> None:
    cs = CS.ConfigurationSpace()
    cs.add(Odd("x"), CS.UniformFloatHyperparameter("y", 0, 1), Odd("z"))
    lines = text_of(neps.ConversionError, lambda: neps.from_configspace(cs)).splitlines()
    rule = "a hyperparameter must be of ConfigSpace's own classes, or one of register_hyperparameter"
    assert lines == [f"{rule}, got test_messages:Odd @ {name}" for name in ("x", "z")]


def test_a_config_beyond_the_depth_of_the_translation() -> None:
    sidecar = neps.to_configspace(recursive(), max_depth=2).sidecar
    config = {"tree": "f", "tree:f:0": "f", "tree:f:0:f:0": 1}
    rule = "the decision must lie within the translation's max_depth"
    expected = [f"{rule}, got 'f' @ tree:f:0", f"{rule}, got 1 @ tree:f:0:f:0"]
    assert text_of(neps.ConfigError, lambda: sidecar.to_configuration(config)).splitlines() == expected


def document(*records: Any, **more: Any) -> dict[str, Any]:
    """A document of these records, with the first one as attribute `a`."""
    head = {"format": "neps_cs.space", "version": 1, "attributes": [{"name": "a", "ref": 0}]}
    return head | {"conditions": {}, "records": list(records)} | more


def imported(path: str) -> dict[str, Any]:
    """The document of a space whose only attribute is what lies at `path`."""
    return document({"kind": "constant", "value": {"$": "import", "path": path}})


def test_all_untrusted_paths_are_named() -> None:
    made = to_document(space(x=gather, y=math, z=neps.Operation(dict)).graph)
    assert text_of(neps.TrustError, lambda: from_document(made)) == (
        "the file names objects that are not trusted: strategies:gather, math, builtins:dict. "
        "If you know them, pass trust=('builtins', 'strategies') or operators={name: object}"
    )
    assert neps.PipelineSpace.from_graph(from_document(made, trust=TRUST)).attributes["x"] is gather
    given = {"strategies:gather": len, "math": math, "builtins:dict": dict}
    assert neps.PipelineSpace.from_graph(from_document(made, operators=given)).attributes["x"] is len


@pytest.mark.parametrize(
    "path", ["json:codecs.open", "json.decoder:scanner", "json:decoder.scanner.re.compile"]
)
def test_a_path_never_leads_out_of_a_trusted_package(path: str) -> None:
    text = text_of(neps.TrustError, lambda: from_document(imported(path), trust=("json",)))
    assert text.startswith(f"the file names objects that are not trusted: {path}. ")


def test_reading_imports_nothing_that_is_not_trusted() -> None:
    import sys

    assert "this" not in sys.modules
    with pytest.raises(neps.TrustError):
        from_document(imported("this:c"))
    assert "this" not in sys.modules


def test_a_lambda_is_only_read_from_operators() -> None:
    made = to_document(space(f=lambda: 1).graph)
    with pytest.raises(neps.TrustError, match=r"test_messages:.*<lambda>"):
        from_document(made, trust=("test_messages",))


DOCUMENTS: list[tuple[Any, str]] = [
    ({}, "a space document must have format='neps_cs.space', got {}"),
    ([], "a space document must have format='neps_cs.space', got []"),
    (document() | {"version": 2}, "this neps_cs reads version 1 of the format, got version=2"),
    (
        {"format": "neps_cs.space", "version": 1},
        "the document must be complete, got KeyError: 'records'",
    ),
    (document({"kind": "sum"}), "kind must be one of this format, got 'sum' @ records"),
    (
        document({"kind": "resample", "source": 7}),
        "a reference must be the index of a record, got 7 @ records[0]",
    ),
    (
        document({"kind": "resample", "source": True}),
        "a reference must be the index of a record, got True @ records[0]",
    ),
    (
        document({"kind": "resample", "source": -1}),
        "a reference must be the index of a record, got -1 @ records[0]",
    ),
    (document({"kind": "resample", "source": 0}), "references must not form a cycle, got 0 → 0 @ records"),
    (
        document({"kind": "constant", "value": [1]}),
        "a value must be plain or an object with the key $, got [1]",
    ),
    (
        document({"kind": "constant", "value": {"$": "code"}}),
        "$ must be a kind of this format, got 'code'",
    ),
]


@pytest.mark.parametrize(("written", "text"), DOCUMENTS, ids=[text for _, text in DOCUMENTS])
def test_malformed_documents(written: Any, text: str) -> None:
    assert text_of(neps.FormatError, lambda: from_document(written)) == text


@pytest.mark.parametrize(
    "written",
    [
        document({"kind": "by_name", "name": "nothing"}),
        document({"kind": "float", "lower": 2, "upper": 1}),
        document({"kind": "float", "lower": "x", "upper": 1}),
        document({"kind": "categorical", "choices": []}),
        document({"kind": "repeated", "count": 1, "content": 1}, {"kind": "constant", "value": "many"}),
        document({"kind": "constant", "value": 1}, conditions={"a": {"kind": "xor"}}),
        document({"kind": "constant", "value": 1}, attributes=[]),
        document({"kind": "constant", "value": 1}, attributes=[{"name": 3, "ref": 0}]),
        document({"kind": "operation", "operator": 3, "args": 1, "kwargs": 2}, EMPTY, EMPTY),
    ],
)  # fmt: skip
def test_documents_that_break_the_language_are_refused(written: Any) -> None:
    """A file is never believed: what a user could not write is not read either."""
    with pytest.raises((neps.FormatError, neps.SpaceError)):
        neps.PipelineSpace.from_graph(from_document(written))


def test_a_class_that_was_not_made() -> None:
    class Made(neps.PipelineSpace):
        x = neps.Float(0, 1)

    calls: list[tuple[str, Callable[[Any], object]]] = [
        ("resolve", lambda s: neps.resolve(s, {})),
        ("equal", lambda s: neps.equal(s, s)),
        ("to_configspace", neps.to_configspace),
        ("format", neps.format),
    ]
    for place, call in calls:
        with pytest.raises(neps.SpaceError) as caught:
            call(Made)
        assert str(caught.value) == f"a space must be made: Made(), got the class Made @ {place}"


@pytest.mark.parametrize("seed", ["1", 1.0, True, [1]])
def test_a_seed_of_another_type(seed: Any) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1)})
    with pytest.raises(neps.ConfigError) as caught:
        space.sample(seed)
    assert str(caught.value) == f"seed must be an integer, a Generator or None, got {seed!r} @ sample"


def test_an_operator_that_fails_names_its_place() -> None:
    def fails(a: int) -> None:
        raise RuntimeError("no")

    space = neps.PipelineSpace.from_attributes({"op": neps.Operation("f", (neps.Operation(fails, (1,)),))})
    with pytest.raises(RuntimeError) as caught:
        space.sample(0)
    assert getattr(caught.value, "__notes__", None) == ["while the operator fails was called @ op:0"]


def test_an_incomplete_config_of_a_grammar_is_refused_at_once() -> None:
    tree = neps.Categorical((neps.Operation("f", (neps.ByName("tree").resample(),)).resample(), 1))
    grammar = neps.PipelineSpace.from_attributes({"tree": tree})
    for config in ({}, {"tree": b"x"}, {"tree": "f"}):
        with pytest.raises(neps.ConfigError, match=r"every active decision|must be one of"):
            neps.resolve(grammar, config)  # type: ignore[arg-type]


def test_a_small_file_may_not_stand_for_a_large_space() -> None:
    rows: list[dict[str, Any]] = [{"kind": "tuple", "items": [i + 1, i + 1]} for i in range(40)]
    document = to_document(space(x=1).graph) | {"records": [*rows, {"kind": "constant", "value": 1}]}
    with pytest.raises(neps.FormatError) as caught:
        from_document(document)
    expected = "a constant, tuple, list or dict must be referred to once, got reference 1 twice @ records"
    assert str(caught.value) == expected
