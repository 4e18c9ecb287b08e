"""What a translation loses, what its side-car says alone, and how both are shown."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from making import space
from strategies import gather
from test_laws import ANY_SPACE, DEPTH, Net

import neps_cs as neps
from neps_cs.losses import Losses, LossKind
from neps_cs.resolving.sites import ChoiceSite, NumberSite


class Priors(neps.PipelineSpace):
    """Three decisions with a prior, one without."""

    kind = neps.Categorical((neps.Operation("f", (neps.Float(0, 1, prior=0.5),)), "none"), prior=1)
    lr = neps.Float(1e-4, 1, log=True, prior=1e-2)
    n = neps.Integer(1, 9)


@given(ANY_SPACE)
def test_every_dropped_prior_is_a_row(made: neps.PipelineSpace) -> None:
    """And nothing else is one; the side-car still gives the space back."""
    native = neps.to_configspace(made, max_depth=DEPTH)
    assert native.losses == ()
    dropped = neps.to_configspace(made, max_depth=DEPTH, priors="drop")
    expected = [
        e.address
        for e in dropped.sidecar.entries
        if isinstance(e.site, (NumberSite, ChoiceSite)) and e.site.record.prior is not None
    ]
    known = [loss.address for loss in dropped.losses if loss.address in dropped.configspace]
    assert known == expected
    assert {(loss.kind, loss.instead) for loss in dropped.losses} <= {
        (LossKind.PRIOR, "a uniform distribution")
    }
    assert neps.equal(neps.from_configspace(*dropped), made)


def test_rows_for_machines() -> None:
    """Plain text in JSON, and back by pickle."""
    losses = neps.to_configspace(Priors(), priors="drop").losses
    assert [loss.address for loss in losses] == ["kind", "kind:f:0", "lr"]
    assert json.loads(json.dumps([asdict(loss) for loss in losses]))[2] == {
        "address": "lr", "kind": "prior",
        "reason": "the prior was dropped", "instead": "a uniform distribution",
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(losses)) == losses
    assert type(pickle.loads(pickle.dumps(losses))) is Losses


def test_strict_raises_with_every_row() -> None:
    with pytest.raises(neps.ConversionError) as caught:
        neps.to_configspace(Priors(), priors="drop", strict=True)
    assert [p.place for p in caught.value.problems] == ["kind", "kind:f:0", "lr"]
    assert neps.to_configspace(Priors(), strict=True).losses == ()
    assert neps.to_configspace(space(n=neps.Integer(1, 9)), priors="drop", strict=True).losses == ()


def test_the_table_of_losses() -> None:
    losses = neps.to_configspace(Priors(), priors="drop").losses
    assert str(losses) == (
        "address   kind   reason                 in its place\n"
        "kind      prior  the prior was dropped  a uniform distribution\n"
        "kind:f:0  prior  the prior was dropped  a uniform distribution\n"
        "lr        prior  the prior was dropped  a uniform distribution"
    )
    assert str(Losses()) == "no losses"


def test_odd_addresses_stay_on_their_line() -> None:
    """No markup, no line breaks, no escapes of the terminal."""
    odd = {"[red]a": neps.Float(0, 1, prior=0.5), "b\n\x1b[1m": neps.Float(0, 1, prior=0.5)}
    made = neps.PipelineSpace.from_attributes(odd)
    lines = str(neps.to_configspace(made, priors="drop").losses).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["address", "[red]a", "b\\n\\x1b[1m"]


def test_a_translation_prints() -> None:
    """ConfigSpace's own text, and the tables."""
    native, dropped = (str(neps.to_configspace(Priors(), priors=p)) for p in ("native", "drop"))  # type: ignore[arg-type]
    assert native.startswith("Configuration space object:\n  Hyperparameters:\nPriors\n")
    assert native.endswith(
        "In the side-car alone:\n"
        "address  kind       reason                       in its place\n"
        "kind     structure  it chooses among structures  a categorical over labels\n\n"
        "Lost: nothing"
    )
    assert "\n\nLost:\naddress   kind   reason " in dropped
    assert str(neps.to_configspace(space(n=neps.Integer(1, 9)))).endswith("Default: 5\n\nLost: nothing")


X = neps.Float(0, 1)
OWN, LABELS = "hyperparameters of its own", "a categorical over labels"
BESIDE: dict[str, tuple[dict[str, Any], list[tuple[str, str, str, str]]]] = {
    "native": (
        {"a": X, "b": neps.Integer(1, 9, log=True, prior=3), "c": neps.Categorical(("x", 1)), "d": 3,
         "e": neps.Ordinal((1, 2)), "f": "text", "g": neps.Categorical((True, False), prior=1)},
        [],
    ),
    "an operation": ({"a": neps.Operation("f", (X,))},
                     [("a", "structure", "an operation makes it", OWN)]),
    "an operation without decisions": ({"a": neps.Operation("f"), "b": X},
                                       [("a", "structure", "an operation makes it", "nothing")]),
    "structures": ({"a": neps.Categorical((neps.Operation("f"), 1))},
                   [("a", "structure", "it chooses among structures", LABELS)]),
    "a provider": ({"a": neps.Categorical(neps.Categorical(((1, 2), (3,))))},
                   [("a", "structure", "its choices are given by another choice", OWN)]),
    "repeated": ({"a": neps.Repeated(2, X.resample())},
                 [("a", "structure", "it is repeated", OWN)]),
    "a fresh use": ({"a": X, "b": X.resample()},
                    [("b", "structure", "it is a fresh use of something else", "a number")]),
    "a name": ({"a": X, "b": neps.ByName("a")}, [("b", "structure", "it is a", "nothing")]),
    "one object twice": ({"a": X, "b": X}, [("b", "structure", "it is the same object as a", "nothing")]),
    "unresolved": ({"a": neps.Lazy((1, X)), "b": X},
                   [("a", "structure", "it is handed over unresolved", "nothing")]),
    "groups": ({"a": (1, X), "b": [X], "c": {"k": 1}, "d": X},
               [("a", "structure", "it is a tuple", "nothing"), ("b", "structure", "it is a list", "nothing"),
                ("c", "structure", "it is a dict", "nothing")]),
    "labels": ({"a": neps.Categorical((1, True)), "b": neps.Categorical((gather, 1)),
                "c": neps.Categorical(((1, 2), 3))},
               [(n, "value", "ConfigSpace can't hold its values or tell them apart", LABELS) for n in "abc"]),
    "closed choices": ({"a": neps.Categorical((1, 2, 3), among=(0, 2))},
                       [("a", "value", "some of its choices are closed", "a categorical")]),
    "objects": ({"a": gather, "b": None, "c": X},
                [("a", "object", "ConfigSpace holds no objects", "nothing"),
                 ("b", "value", "ConfigSpace can't hold None", "a constant")]),
    "numbers": ({"a": neps.Float(1, 1), "b": neps.Float(1, 9, True, log_base=2), "c": neps.Float(1 / 3, 1)},
                [("a", "number", "its range is one point", "a constant"),
                 ("b", "number", "log_base=2.0", "a number"),
                 ("c", "number", "its range is 0.3333333333333333 to 1.0", "a number")]),
    "fidelity": ({"a": neps.IntegerFidelity(1, 9), "b": X},
                 [("a", "fidelity", "it is a fidelity", "nothing")]),
    "intermediate": ({"_a": X, "b": neps.Operation("f", (neps.ByName("_a"),)), "_c": 3},
                     [("_a", "intermediate", "evaluate_pipeline does not receive it", "a number"),
                      ("b", "structure", "an operation makes it", "nothing"),
                      ("_c", "intermediate", "evaluate_pipeline does not receive it", "nothing")]),
}  # fmt: skip


@pytest.mark.parametrize("case", BESIDE)
def test_what_the_sidecar_says_alone(case: str) -> None:
    attributes, rows = BESIDE[case]
    translation = neps.to_configspace(space(**attributes))
    found = [(loss.address, loss.kind.value, loss.reason, loss.instead) for loss in translation.beside]
    assert found == rows
    assert translation.losses == ()


def test_what_is_never_active_is_said() -> None:
    """ConfigSpace has no hyperparameter for it."""
    made = space(x=neps.Integer(1, 9), y=neps.Float(0, 1)).add_condition("y", neps.Greater("x", 20))
    (row,) = neps.to_configspace(made).beside
    assert (row.address, row.kind, row.instead) == ("y", LossKind.INACTIVE, "nothing")


def test_every_kind_is_used() -> None:
    """In a row of a translation or of a file."""
    assert {k.value for k in LossKind} == {
        *(kind for _, rows in BESIDE.values() for _, kind, _, _ in rows),
        "prior", "inactive", "depth", "forbidden", "untranslated",
    }  # fmt: skip
    assert str(neps.to_configspace(Net()).beside).startswith("address  kind          reason ")
