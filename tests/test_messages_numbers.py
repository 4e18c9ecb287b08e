"""What users read about wrong steps, bounds, priors and lazy content: all of it before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from making import space

import neps_cs as neps

NAN, INF = float("nan"), float("inf")
WEIGHTS = "every weight must be finite and >= 0, and one > 0"
COUNT = "the count of a Repeated must be an integer >= 0, or a parameter of such integers"
BOUND = "a bound must be a number, or a Float, Integer, Categorical or Ordinal of finite numbers"
WHOLE = "the bounds of an Integer must be integers"
OF_FLOAT = "Integer(Float(0.0, 1.0), 3)"
ITS_OWN = "a bound must not depend on itself"

VALUES: list[tuple[Callable[[], Any], str]] = [
    (lambda: neps.Float(0, 1, step=0), "step > 0 must hold, got step=0.0 @ Float"),
    (lambda: neps.Integer(0, 9, step=-2), "step > 0 must hold, got step=-2 @ Integer"),
    (lambda: neps.Float(0, 1, step=NAN), "step must be finite, got step=nan @ Float"),
    (lambda: neps.Float(0, 1, step="a"), "step must be a number, got step='a' @ Float"),  # type: ignore[arg-type]
    (lambda: neps.Integer(0, 9, step=0.5), "step must be a whole number, got step=0.5 @ Integer"),
    (
        lambda: neps.Float(0, 1, step=1e-17),
        "step must be large enough that floats tell the values apart, "
        "got step=1e-17, lower=0.0, upper=1.0 @ Float",
    ),
    (
        lambda: neps.Float(0, 1, step=0.3, default=0.5),
        "default must be one of lower, lower + step, … up to upper, "
        "got default=0.5, lower=0.0, step=0.3 @ Float",
    ),
    (
        lambda: neps.Integer(0, 9, step=4, default=9),
        "default must be one of lower, lower + step, … up to upper, got default=9, lower=0, step=4 @ Integer",
    ),
    (
        lambda: neps.Integer(1, neps.Operation("f")),
        "upper must be a number, or a parameter that gives one, got upper=Operation('f') @ Integer",
    ),
    (
        lambda: neps.Float(neps.FloatFidelity(0, 1), 2),
        "lower must be a number, or a parameter that gives one, got lower=FloatFidelity(0.0, 1.0) @ Float",
    ),
    (lambda: neps.Normal("a", 1), "mean must be a number, got mean='a' @ Normal"),  # type: ignore[arg-type]
    (lambda: neps.Normal(True, 1), "mean must be a number, got mean=True @ Normal"),
    (lambda: neps.Normal(INF, 1), "mean must be finite, got mean=inf @ Normal"),
    (lambda: neps.Normal(0, 0), "deviation > 0 must hold, got deviation=0 @ Normal"),
    (lambda: neps.Normal(0, INF), "deviation must be finite, got deviation=inf @ Normal"),
    (lambda: neps.Beta(0, 1), "alpha > 0 must hold, got alpha=0 @ Beta"),
    (lambda: neps.Beta(1, -1.5), "beta > 0 must hold, got beta=-1.5 @ Beta"),
    (lambda: neps.Beta(NAN, 1), "alpha must be finite, got alpha=nan @ Beta"),
    (lambda: neps.Weights("12"), "weights must be a sequence of numbers, got '12' @ Weights"),  # type: ignore[arg-type]
    (lambda: neps.Weights(3), "weights must be a sequence of numbers, got 3 @ Weights"),  # type: ignore[arg-type]
    (lambda: neps.Weights(()), f"{WEIGHTS}, got () @ Weights"),
    (lambda: neps.Weights((0, 0)), f"{WEIGHTS}, got (0, 0) @ Weights"),
    (lambda: neps.Weights((1, -1)), f"{WEIGHTS}, got (1, -1) @ Weights"),
    (lambda: neps.Weights((1, INF)), f"{WEIGHTS}, got (1, inf) @ Weights"),
    (lambda: neps.Weights((1, "2")), f"{WEIGHTS}, got (1, '2') @ Weights"),  # type: ignore[arg-type]
    (lambda: neps.Weights((1, True)), f"{WEIGHTS}, got (1, True) @ Weights"),
    (
        lambda: neps.Weights((1e308, 1e308)),
        "the sum of the weights must be finite, got (1e+308, 1e+308) @ Weights",
    ),
    (
        lambda: neps.Float(1, 2, log=True, prior=neps.Normal(0, 1)),
        "mean > 0 must hold for log=True, got Normal(mean=0.0, deviation=1.0) @ Float",
    ),
    (
        lambda: neps.Integer(1, 2, prior=neps.Weights((1, 2))),  # type: ignore[arg-type]
        "Weights are a prior for choices, got Weights(values=(1.0, 2.0)) @ Integer",
    ),
    (
        lambda: neps.Categorical((1, 2), prior=neps.Beta(1, 2)),  # type: ignore[arg-type]
        "the prior of a choice must be an index or Weights, "
        "got prior=Beta(alpha=1.0, beta=2.0) @ Categorical",
    ),
    (
        lambda: neps.Categorical((1, 2), prior=neps.Weights((1, 2, 3))),
        "every choice must have one weight, got 3 weights, len(choices)=2 @ Categorical",
    ),
    (
        lambda: neps.Float(0, 1, prior=neps.Beta(1, 2), prior_confidence="low"),
        "a prior that is a distribution has no prior_confidence, "
        "got prior=Beta(alpha=1.0, beta=2.0), prior_confidence='low' @ Float",
    ),
    (
        lambda: neps.Fidelity(neps.Integer(1, 9, step=2)),
        "a fidelity can't have a step, got step=2 @ Fidelity",
    ),
    (
        lambda: neps.Fidelity(neps.Integer(neps.Integer(1, 2), 9)),
        "the bounds of a fidelity must be numbers, got Integer(Integer(1, 2), 9) @ Fidelity",
    ),
    (
        lambda: neps.Integer(1, neps.Integer(2, 3)).distribution(),
        "only a number whose bounds are numbers has a distribution, got Integer(1, Integer(2, 3)) @ Integer",
    ),
    (
        lambda: neps.Categorical(neps.Categorical(((1, 2),))).distribution(),
        "only a Categorical whose choices are written out has a distribution, "
        "got Categorical(Categorical(((1, 2),))) @ Categorical",
    ),
]


@pytest.mark.parametrize(("make", "text"), VALUES, ids=[text for _, text in VALUES])
def test_wrong_values(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(neps.SpaceError) as caught:
        make()
    assert str(caught.value) == text


def test_numbers_beyond_floats_are_no_numbers() -> None:
    for make in (neps.Normal, neps.Beta, neps.Float, neps.Integer):
        with pytest.raises(neps.SpaceError, match="must be a number, got "):
            make(10**400, 1)
    with pytest.raises(neps.SpaceError, match=WEIGHTS):
        neps.Weights((1, 10**400))


SPACES: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: space(x=neps.Repeated(neps.Lazy(3), 1)),
        f"{COUNT}, got count=Lazy(3) @ Space.x",
    ),
    (
        lambda: space(x=neps.Lazy((1, neps.ByName("y")))),
        "ByName must name an attribute of the space (x), got ByName('y') @ Space.x.content.[1]",
    ),
    (
        lambda: space(x=neps.Lazy(neps.IntegerFidelity(1, 2))),
        "a fidelity must be a direct attribute of the space, got IntegerFidelity(1, 2) @ Space.x.content",
    ),
    (lambda: space(n=neps.Integer(neps.Float(0, 1), 3)), f"{WHOLE}, got {OF_FLOAT} @ Space.n"),
    (
        lambda: space(n=neps.Integer(neps.Categorical((1, 2.0)), 3)),
        f"{WHOLE}, got Integer(Categorical((1, 2.0)), 3) @ Space.n",
    ),
    (
        lambda: space(n=neps.Integer(neps.Integer(1, 5), neps.Ordinal((4, 9)))),
        "lower <= upper must hold for all bounds that may be drawn, "
        "got lower up to 5, upper from 4 @ Space.n",
    ),
    (lambda: space(n=neps.Integer(neps.ByName("n"), 3)), f"{ITS_OWN}, got ByName('n') @ Space.n"),
    (
        lambda: space(n=neps.Integer(neps.Resample("m"), 3), m=neps.Integer(1, neps.ByName("n"))),
        "every step of a cycle must use .resample(), for a shared object can't contain itself, "
        "got the cycle n → m → n @ Space.n",
    ),
    (
        lambda: space(n=neps.Integer(neps.ByName("f"), 3), f=neps.Operation("f")),
        f"{BOUND}, got ByName('f') @ Space.n",
    ),
    (
        lambda: space(n=neps.Integer(neps.ByName("e"), 3), e=neps.IntegerFidelity(1, 2)),
        f"{BOUND}, got ByName('e') @ Space.n",
    ),
    (
        lambda: space(n=neps.Integer(0, neps.Categorical((1, "a")))),
        f"{BOUND}, got Categorical((1, 'a')) @ Space.n",
    ),
    (
        lambda: space(n=neps.Float(0, neps.Categorical((True, 2)))),
        f"{BOUND}, got Categorical((True, 2)) @ Space.n",
    ),
    (
        lambda: space(n=neps.Float(0, neps.Categorical((NAN, 2)))),
        f"{BOUND}, got Categorical((nan, 2)) @ Space.n",
    ),
    (
        lambda: space(n=neps.Float(neps.Float(0, 1), 3, log=True)),
        "lower > 0 must hold for log=True, got lower=0.0 @ Space.n",
    ),
    (
        lambda: space(n=neps.Integer(neps.Integer(0, 2), 3, log=True)),
        "lower >= 1 must hold for log=True, got lower=0 @ Space.n",
    ),
    (
        lambda: space(n=neps.Float(neps.Float(0, 1), 3, prior=4)),
        "lower <= prior <= upper must hold, got prior=4.0, lower=0.0, upper=3.0 @ Space.n",
    ),
    (
        lambda: space(n=neps.Float(neps.Float(0, 1), 3, step=1e-16)),
        "step must be large enough that floats tell the values apart, "
        "got step=1e-16, lower=0.0, upper=3.0 @ Space.n",
    ),
]


@pytest.mark.parametrize(("make", "text"), SPACES, ids=[text for _, text in SPACES])
def test_wrong_spaces(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(neps.SpaceError) as caught:
        make()
    assert str(caught.value) == text


def test_a_bound_beyond_floats_is_no_number() -> None:
    for bound in (neps.Categorical((1, 10**400)), neps.ByName("m")):
        with pytest.raises(neps.SpaceError, match=BOUND):
            space(n=neps.Integer(0, bound), m=10**400)


def test_a_wrong_prior_in_a_class_body_is_placed_by_its_name() -> None:
    with pytest.raises(neps.SpaceError) as caught:

        class MySpace(neps.PipelineSpace):
            lr = neps.Float(0, 1, prior=neps.Weights((1, 2)))  # type: ignore[arg-type]

    assert str(caught.value).endswith(" @ MySpace.lr")
