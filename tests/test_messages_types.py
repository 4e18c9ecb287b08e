"""What users read when they give something of the wrong type, and what counts as the right one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import ConfigSpace as CS
import numpy as np
import pytest
from making import space
from test_messages import text_of

import neps_cs as neps
from neps_cs.sampling.mutate import around

LESS = neps.Less("n", 3)
NAN, INF = float("nan"), float("inf")


def limited(name: str, condition: Any) -> neps.PipelineSpace:
    """A space with a number x and a constant n, one of which has a condition."""
    return space(x=neps.Float(0, 1), n=1).add_condition(name, condition)


PARTS = "takes its parts as one tuple"
WRONG_CONDITIONS: list[tuple[Callable[[], Any], str]] = [
    (lambda: neps.And((1, 2)), "the parts of And must be conditions, got 1, 2 @ And"),
    (lambda: neps.And("ab"), f"And {PARTS}: And((a, b)), got 'ab' @ And"),
    (lambda: neps.And(LESS), f"And {PARTS}: And((a, b)), got Less(parent='n', value=3) @ And"),
    (lambda: neps.And(LESS, 5), f"And {PARTS}: And((a, b)), got Less(parent='n', value=3), 5 @ And"),
    (lambda: neps.Or(0), f"Or {PARTS}: Or((a, b)), got 0 @ Or"),
    (lambda: neps.Or(()), "Or needs at least one part, got () @ Or"),
    (lambda: neps.Or([LESS, "n"]), "the parts of Or must be conditions, got 'n' @ Or"),
    (lambda: neps.In("n", 3), "values must be a tuple or a list, got values=3 @ In"),
    (lambda: neps.In("n", "ab"), "values must be a tuple or a list, got values='ab' @ In"),
    (lambda: neps.In("n", ()), "values must not be empty, got () @ In"),
    (
        lambda: neps.Equals("n", (3, 3)),
        "a condition compares with plain values or labels, got (3, 3) @ Equals",
    ),
    (lambda: neps.Less(3, 3), "the parent must be named by its address, got 3 @ Less"),
    *(
        (
            lambda wrong=wrong: space(n=1, x=2).add_condition("x", wrong),
            f"a condition must be Equals, NotEquals, In, Less, Greater, And or Or, got {wrong!r} @ Space.x",
        )
        for wrong in ("n==1", None, 3)
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({"u": 1, "v": 1}, conditions={"u": "no", 3: LESS}),
        "conditions must be a mapping from names of attributes to conditions, got 'no' for 'u' @ Space\n"
        "conditions must be a mapping from names of attributes to conditions, "
        "got Less(parent='n', value=3) for 3 @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({"u": 1}, conditions=5),
        "conditions must be a mapping from names of attributes to conditions, got 5 @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({"u": 1}, intermediate=5),
        "intermediate must be a set of names, got 5 @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({"u": 1}, intermediate="u"),
        "intermediate must be a set of names, got 'u' @ Space",
    ),
    (
        lambda: neps.PipelineSpace.from_attributes({"u": 1}, name=5),
        "the name of a space must be a text, got 5",
    ),
    *(
        (
            lambda kind=kind, wrong=wrong: space(x=neps.Float(0, 1), n=1).add_condition(
                "n", kind("x", wrong)
            ),
            f"a condition on a number must compare with finite numbers, got {wrong!r} @ Space.n",
        )
        for kind in (neps.Equals, neps.NotEquals, neps.Less, neps.Greater)
        for wrong in (NAN, INF, True, "1")
    ),
    (
        lambda: space(x=[1], n=1).add_condition("n", neps.Less("x", 3)),
        "the parent of a condition must be an attribute that is a parameter or a constant, got parent='x' @ "
        "Space.n",
    ),
]


@pytest.mark.parametrize(("make", "text"), WRONG_CONDITIONS)
def test_wrong_conditions(make: Callable[[], Any], text: str) -> None:
    assert text_of(neps.SpaceError, make) == text


def test_conditions_compare_as_configs_do() -> None:
    """1.0 is the choice 1 where no other choice is; labels stand for what is not plain; numpy's count."""
    made = space(c=neps.Categorical((1, 2)), x=neps.Float(0, 1), k=1)
    for parent in ("c", "k"):
        one = made.add_condition("x", neps.Equals(parent, 1.0))
        configs = [one.sample(seed)[0] for seed in range(20)]
        assert all(("x" in config) == (parent == "k" or config["c"] == 1) for config in configs)
        translated = neps.to_configspace(one)
        for seed in range(5):
            config = one.sample(seed)[0]
            assert (
                translated.sidecar.from_configuration(translated.sidecar.to_configuration(config)) == config
            )
    tuples = space(c=neps.Categorical(((3, 3), (5, 5))), x=neps.Float(0, 1))
    labelled = tuples.add_condition("x", neps.Equals("c", "(3, 3)"))
    assert {("x" in c, c["c"]) for c, _ in map(labelled.sample, range(20))} == {
        (True, "(3, 3)"),
        (False, "(5, 5)"),
    }
    assert neps.Equals(np.str_("n"), np.int64(3)) == neps.Equals("n", 3)
    assert repr(neps.In("n", np.array([1, 2]))) == "In(parent='n', values=(1, 2))"


RAW: list[tuple[type[Exception], Callable[[], Any], str]] = [
    (neps.SpaceError, lambda: space(a=1).remove(["a"]), "name must be an attribute (a), got ['a'] @ Space"),
    (
        neps.SpaceError,
        lambda: space(a=1).add_prior(["a"], 1),
        "name must be an attribute (a), got ['a'] @ Space",
    ),
    (
        neps.ConfigError,
        lambda: neps.resolve(space(a=1), {}, 5),
        "fidelity_values must be a mapping, got 5 @ Space",
    ),
    (
        neps.SpaceError,
        lambda: neps.Operation(np.array([1, 2])),
        "operator must be a callable or a non-empty string (choose by a Categorical of Operations), "
        "got array([1, 2]) @ Operation",
    ),
    (
        neps.SpaceError,
        lambda: neps.Weights(np.array(1.0)),
        "weights must be a sequence of numbers, got array(1.) @ Weights",
    ),
    (
        neps.SpaceError,
        lambda: space(c=neps.Categorical((1, 2))).restrict("c", choices=np.array(1)),
        "choices must be a tuple or a list, got choices=array(1) @ Space.c",
    ),
    (
        neps.SpaceError,
        lambda: neps.format({1: 2}),
        "a config must be a mapping from addresses to values, got {1: 2}",
    ),
]


@pytest.mark.parametrize(("kind", "make", "text"), RAW, ids=[text for _, _, text in RAW])
def test_no_error_of_python_for_wrong_types(
    kind: type[Exception], make: Callable[[], Any], text: str
) -> None:
    assert text_of(kind, make) == text


@pytest.mark.parametrize("huge", [10**400, -(10**5000)], ids=["400 digits", "5000 digits"])
def test_integers_beyond_all_floats(huge: int) -> None:
    made = space(
        x=neps.Float(0, 1), n=neps.Integer(0, 9), s=neps.Integer(0, 9, step=3), c=neps.Categorical((1, 2))
    )
    good = {"x": 0.5, "n": 3, "s": 3, "c": 1}
    for name in good:
        with pytest.raises(neps.ConfigError, match=f"the value must be .* got .* @ {name}"):
            neps.resolve(made, good | {name: huge})
        with pytest.raises(neps.SpaceError, match=r"the value must be .* got "):
            made.fix(name, huge)
        assert name in made.sample_by(around(good | {name: huge}, 0))[0]


def test_a_config_that_makes_up_what_is_missing() -> None:
    given: defaultdict[str, Any] = defaultdict(lambda: 1)
    made = space(n=neps.Integer(1, 9))
    with pytest.raises(neps.ConfigError, match="a config must hold every active decision, got nothing @ n"):
        neps.resolve(made, given)
    assert given == {}


def test_a_condition_that_repeats_a_value_is_read() -> None:
    """ConfigSpace lets a value stand twice; it means nothing."""
    configspace = CS.ConfigurationSpace()
    parent, child = CS.Categorical("a", ["x", "y", "z"]), CS.Float("b", (0, 1))
    configspace.add([parent, child, CS.InCondition(child, parent, ["x", "y", "x"])])
    assert neps.from_configspace(configspace).conditions == {"b": neps.In("a", ("x", "y"))}
