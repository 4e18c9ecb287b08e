"""Flat spaces and the distributions of Optuna itself, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import neps_cs as neps
from neps_cs.space import PipelineSpace

pytestmark = pytest.mark.peer

optuna = pytest.importorskip("optuna")
bridge = pytest.importorskip("neps_cs_converters.optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def space(**attributes: Any) -> PipelineSpace:
    return PipelineSpace.from_attributes(attributes)


def test_flat_spaces_go_both_ways() -> None:
    d = optuna.distributions
    distributions = {
        "lr": d.FloatDistribution(1e-4, 1.0, log=True),
        "share": d.FloatDistribution(0.0, 1.0, step=0.25),
        "width": d.IntDistribution(2, 64, log=True),
        "even": d.IntDistribution(2, 8, step=2),
        "kind": d.CategoricalDistribution((None, "adam", 3, 2.5, False)),
    }
    found = bridge.from_optuna(distributions)
    assert found == space(
        lr=neps.Float(1e-4, 1.0, log=True),
        share=neps.Float(0.0, 1.0, step=0.25),
        width=neps.Integer(2, 64, log=True),
        even=neps.Integer(2, 8, step=2),
        kind=neps.Categorical((None, "adam", 3, 2.5, False)),
    )
    assert bridge.to_optuna(found) == distributions
    assert bridge.to_optuna(space(n=3)) == {"n": d.CategoricalDistribution((3,))}


@pytest.mark.parametrize(
    "options",
    [
        {"FloatDistribution": (2.0, 2.0)},
        {"FloatDistribution": (2.0, 2.0, True)},
        {"FloatDistribution": (2.0, 2.0, False, 0.5)},
        {"IntDistribution": (3, 3)},
        {"IntDistribution": (3, 3, True)},
        {"IntDistribution": (3, 3, False, 5)},
        {"IntDistribution": (0, 2**60)},
    ],
)
def test_a_distribution_comes_back_as_it_is(options: Mapping[str, Any]) -> None:
    ((kind, arguments),) = options.items()
    given = {"x": getattr(optuna.distributions, kind)(*arguments)}
    found = bridge.from_optuna(given)
    assert bridge.to_optuna(found) == given
    assert isinstance(found.attributes["x"], (neps.Float, neps.Integer))


@pytest.mark.parametrize(
    ("lower", "upper", "step", "points"),
    [(0.0, 1.0, 0.3, 4), (3.8273202406645375, 6.627320240664538, 0.1, 29), (0.0, 0.5, 1.0, 1)],
)
def test_no_point_of_a_grid_is_lost(lower: float, upper: float, step: float, points: int) -> None:
    """Nor does Optuna warn of an upper end between two steps."""
    made = space(x=neps.Float(lower, upper, step=step), n=neps.Integer(0, 9, step=4))
    flat = bridge.to_optuna(made)
    assert round((flat["x"].high - flat["x"].low) / step) + 1 == points
    assert flat["n"] == optuna.distributions.IntDistribution(0, 8, step=4)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = {bridge.suggest(study.ask(), made)[0]["x"] for _ in range(12 * points)}
    assert len(seen) == points


def test_what_optuna_confuses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    made = space(same=neps.Categorical((1, True)), big=neps.Integer(0, 2**60), fine=neps.Integer(0, 2**53))
    assert bridge.from_optuna(bridge.to_optuna(made)) == made
    assert caplog.messages == [
        "Optuna takes choices that are equal for one, got (1, True) @ same",
        f"Optuna keeps integers exactly up to 2**53, got Integer(0, {2**60}) @ big",
    ]


def test_all_that_optuna_cannot_say_is_listed() -> None:
    made = space(
        structure=neps.Operation("conv", args=(3,)),
        grid=neps.Float(1, 8, log=True, step=1),
        big=neps.Integer(0, 2**60),
        prior=neps.Float(0, 1, prior=0.5),
        default=neps.Integer(1, 5, default=2),
        strange=neps.Categorical(((1, 2), "a")),
        order=neps.Ordinal((1, 2)),
        epochs=neps.IntegerFidelity(1, 9),
        function=print,
        fine=neps.Float(0, 1),
    )
    made = made.add_condition("fine", neps.Equals("order", 1)).add_forbidden(neps.Equals("big", 3))
    with pytest.raises(neps.ConversionError) as caught:
        bridge.to_optuna(made)
    lines = [(p.rule, p.place) for p in caught.value.problems]
    assert lines == [
        ("Optuna's distributions know no conditions", "fine"),
        ("Optuna's distributions know no forbidden clauses", "Space"),
        ("Optuna's distributions know numbers and choices only", "structure"),
        ("Optuna's distributions have a log scale or a step", "grid"),
        ("Optuna's distributions know no priors", "prior"),
        ("Optuna's distributions know no defaults", "default"),
        ("Optuna's choices are None, bools, numbers and texts", "strange"),
        ("Optuna's distributions know numbers and choices only", "order"),
        ("Optuna's distributions know numbers and choices only", "epochs"),
        ("Optuna's distributions know plain constants only", "function"),
    ]
    with pytest.raises(neps.ConversionError) as caught:
        bridge.from_optuna({"x": 3, "y": "uniform", "not a name": optuna.distributions.IntDistribution(1, 2)})
    assert [p.place for p in caught.value.problems][:2] == ["x", "y"]
    for wrong, got in (([], "list"), ({}, "none")):
        with pytest.raises(neps.ConversionError, match=f"a mapping from names to distributions, got {got}"):
            bridge.from_optuna(wrong)


def test_convert_knows_distributions() -> None:
    given = {
        "x": optuna.distributions.FloatDistribution(0.0, 1.0),
        "n": optuna.distributions.IntDistribution(1, 1),
    }
    made = neps.convert(given, "space")
    assert made == bridge.from_optuna(given)
    assert neps.convert(made, "optuna") == given
