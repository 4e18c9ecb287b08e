"""A ConfigurationSpace finds the space that it was made from, and says where it can't."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ConfigSpace as CS
import pytest
from hypothesis import given
from making import space
from test_laws import ANY_SPACE, DEPTH, Grammar, Net

import neps_cs as neps
from neps_cs_converters.configspace import known


class Flat(neps.PipelineSpace):
    """All of it is native to ConfigSpace."""

    batch = neps.Integer(8, 64, log=True, meta={"unit": "samples"})
    kind = neps.Categorical(("a", "b"), prior=1)
    lr = neps.Float(1e-4, 1e-1, log=True, prior=1e-2, default=2e-2)
    name = "adam"
    size = neps.Ordinal(("s", "m", "l"))


def through_json(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    text = io.StringIO()
    cs.to_json(text)
    text.seek(0)
    return CS.ConfigurationSpace.from_json(text)


def through_pickle(cs: CS.ConfigurationSpace) -> CS.ConfigurationSpace:
    """ConfigSpace takes what comes back for another where there is a log integer or a normal."""
    return pickle.loads(pickle.dumps(cs))  # type: ignore[no-any-return]


COPIES: list[Callable[[CS.ConfigurationSpace], CS.ConfigurationSpace]] = [
    copy.copy, copy.deepcopy, through_pickle, through_json,
]  # fmt: skip


def check_copies(made: neps.PipelineSpace) -> None:
    translation = neps.to_configspace(made, max_depth=DEPTH)
    cs, sidecar = translation
    assert neps.equal(neps.from_configspace(cs), made)
    carriers = [h for h in cs.values() if not isinstance(h, CS.Constant)]
    marked = [h for h in cs.values() if h.meta and "neps_cs" in h.meta]
    assert len(marked) == bool(translation.beside and carriers)
    for copied in COPIES:
        other = copied(cs)
        assert other == cs or copied is through_pickle
        assert neps.equal(neps.from_configspace(other, sidecar), made)


@given(ANY_SPACE)
def test_the_very_object_gives_its_space(made: neps.PipelineSpace) -> None:
    """Law 2 without the side-car at hand; with it, for copies and what ConfigSpace's JSON gives back."""
    check_copies(made)


@pytest.mark.parametrize("make", [Net, Grammar, Flat])
def test_the_very_object_gives_its_space_plain(make: Callable[[], neps.PipelineSpace]) -> None:
    """Law 2 without the side-car at hand, on spaces written by hand."""
    check_copies(make())


@pytest.mark.parametrize("copied", COPIES)
def test_a_native_space_leaves_no_mark(copied: Callable[[Any], Any]) -> None:
    """Nothing is missing from its copies, so nothing is said (warnings are errors here), nothing added."""
    translation = neps.to_configspace(Flat())
    assert translation.beside == ()
    assert {n: h.meta for n, h in translation.configspace.items() if h.meta} == {"batch": {"unit": "samples"}}
    other = copied(translation.configspace)
    flat = neps.from_configspace(other)
    assert dict(flat.attributes).keys() == dict(Flat().attributes).keys()
    assert neps.to_configspace(flat).configspace == translation.configspace
    again = neps.to_configspace(flat).configspace
    assert again == other or copied is through_pickle
    assert repr(again) == repr(other)
    assert [h.meta for h in again.values()] == [h.meta for h in other.values()]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_a_structure_is_flat_and_says_so(copied: Callable[[Any], Any]) -> None:
    """The space is equal as a ConfigurationSpace, marks included; once more through JSON it warns again."""
    cs = neps.to_configspace(Net()).configspace
    other = copied(cs)
    for _ in range(2):
        with pytest.warns(neps.MissingSidecarWarning) as caught:
            flat = neps.from_configspace(other)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        again = neps.to_configspace(flat)
        assert again.configspace == cs
        assert again.beside == ()
        assert [h.meta for h in again.configspace.values()] == [h.meta for h in cs.values()]
        assert neps.equal(neps.from_configspace(again.configspace), flat)
        other = copied(again.configspace)


def test_what_the_warning_says() -> None:
    """Rule, what is missing and what stands there, what to do."""
    made = space(model=neps.Operation("f", (neps.Float(0, 1),)), epochs=neps.IntegerFidelity(1, 9))
    cs = through_json(neps.to_configspace(made).configspace)
    with pytest.warns(neps.MissingSidecarWarning) as caught:
        neps.from_configspace(cs)
    assert str(caught[0].message) == (
        "a ConfigurationSpace that was made from a space needs its side-car to give that space back, got "
        "none: model (structure; in its place: hyperparameters of its own), epochs (fidelity; in its place: "
        "nothing). Read without it, the space is flat. Pass the side-car: from_configspace(cs, sidecar); or "
        "keep the space by save_space and load_space"
    )


def test_a_long_warning_is_cut() -> None:
    """The mark does not grow with the space."""
    made = space(x=neps.Float(0, 1), **{f"f{i:02}": neps.Operation("f") for i in range(25)})
    cs = copy.deepcopy(neps.to_configspace(made).configspace)
    with pytest.warns(
        neps.MissingSidecarWarning, match=r"f19 \(structure; in its place: nothing\) and 5 more\. "
    ):
        neps.from_configspace(cs)


@pytest.mark.parametrize(
    "mark", [1, None, {}, {"beside": 3}, {"beside": [["a"]]}, {"beside": [], "more": "x"}]
)
def test_meta_of_others_is_no_mark(mark: Any) -> None:
    """Its key is taken, but not by us: nothing is missing (warnings are errors here)."""
    cs = CS.ConfigurationSpace()
    cs.add(CS.UniformFloatHyperparameter("x", 0, 1, meta={"neps_cs": mark}))
    assert neps.to_configspace(neps.from_configspace(cs)).configspace == cs


def test_a_second_mark_stands_beside_the_first() -> None:
    """A flat space that came from a structure, and got one of its own: both are missing."""
    first = neps.to_configspace(space(a=neps.Float(0, 1), f=neps.Operation("f"))).configspace
    with pytest.warns(neps.MissingSidecarWarning):
        flat = neps.from_configspace(copy.deepcopy(first))
    with_more = flat.add(neps.Operation("g", (neps.Integer(1, 2),)), "g")
    second = neps.to_configspace(with_more).configspace
    with pytest.warns(neps.MissingSidecarWarning) as caught:
        neps.from_configspace(copy.deepcopy(second))
    missing = "f (structure; in its place: nothing); g (structure; in its place: hyperparameters of its own)"
    assert f"got none: {missing}. Read" in str(caught[0].message)


def test_a_run_searches_what_it_is_given(tmp_path: Path) -> None:
    """A ConfigurationSpace is flat for `run`, whether it finds its side-car or not, and no warning is due."""
    cs = neps.to_configspace(space(x=neps.Operation("f", (neps.Float(0, 1),)))).configspace
    received: list[dict[str, Any]] = []

    def evaluate_pipeline(**values: Any) -> float:
        received.append(values)
        return 0.0

    neps.run(evaluate_pipeline, cs, root_directory=tmp_path, total_evaluations_to_spend=1)
    # a run goes on with what ConfigSpace's JSON gives back
    again = through_json(cs)
    neps.run(evaluate_pipeline, again, root_directory=tmp_path, total_evaluations_to_spend=2)
    assert [set(values) for values in received] == [{"x:0"}, {"x:0"}]


def test_meta_of_the_user_stays_beside_the_mark() -> None:
    """And the user's mapping is not changed."""
    meta = {"unit": "m"}
    made = space(x=neps.Float(0, 1, meta=meta), f=neps.Operation("f"))
    cs = neps.to_configspace(made).configspace
    mark = {"beside": [["f", "structure", "nothing"]]}
    assert cs["x"].meta == {"unit": "m", "neps_cs": mark}
    assert meta == {"unit": "m"}
    assert made.attributes["x"].meta == {"unit": "m"}


# ---------------------------------------------------------------- changed afterwards

CHANGES: dict[str, Callable[[CS.ConfigurationSpace], object]] = {
    "another hyperparameter": lambda cs: cs.add(CS.Constant("new", 1)),
    "a condition": lambda cs: cs.add(CS.EqualsCondition(cs["lr"], cs["kind"], "a")),
    "a forbidden clause": lambda cs: cs.add(CS.ForbiddenEqualsClause(cs["kind"], "a")),
    "a name": lambda cs: setattr(cs, "name", "other"),
    "meta": lambda cs: setattr(cs, "meta", {"a": 1}),
    "a default": lambda cs: setattr(cs["lr"], "default_value", 3e-2),
    "meta of a hyperparameter": lambda cs: setattr(cs["lr"], "meta", {"a": 1}),
    "meta changed in place": lambda cs: cs["batch"].meta.update(unit="rows"),  # type: ignore[union-attr]
    "through a copy": lambda cs: copy.copy(cs).add(CS.Constant("new", 1)),
}


HELD = CHANGES.keys() - {"a name", "meta", "meta of a hyperparameter", "meta changed in place"}


@pytest.mark.parametrize("change", sorted(HELD))
def test_a_changed_one_no_longer_belongs_to_its_sidecar(change: str) -> None:
    """It is refused, with what differs: the side-car holds the very object."""
    cs, sidecar = neps.to_configspace(Flat())
    CHANGES[change](cs)
    rule = "a ConfigurationSpace must be as it was when its side-car was made, got differing"
    differing = {
        "another hyperparameter": "hyperparameters new",
        "through a copy": "hyperparameters new",
        "a default": "lr",
    }.get(change, "conditions or forbidden clauses")
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(cs, sidecar)
    assert str(caught.value) == f"{rule} {differing}"


def test_meta_may_change_beside_a_sidecar() -> None:
    cs, sidecar = neps.to_configspace(Flat())
    cs["lr"].meta, cs.meta, cs.name = {"a": 1}, {"b": 2}, "other"
    assert neps.from_configspace(cs, sidecar) == Flat()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_one_is_another(change: str) -> None:
    """What was made from the space is no longer there."""
    cs = neps.to_configspace(Flat()).configspace
    assert known.recall(cs) is not None
    CHANGES[change](cs)
    assert known.recall(cs) is None


def test_a_changed_one_is_read_as_it_is() -> None:
    """Not as the space that it was made from."""
    cs = neps.to_configspace(Flat()).configspace
    cs.add(CS.UniformFloatHyperparameter("new", 0, 1))
    assert neps.from_configspace(cs).attributes["new"] is not None
    structured = neps.to_configspace(Net()).configspace
    structured.add(CS.UniformFloatHyperparameter("new", 0, 1))
    with pytest.warns(neps.MissingSidecarWarning):
        assert "new" in neps.from_configspace(structured).attributes


def test_the_seed_does_not_count() -> None:
    """Sampling changes a ConfigurationSpace only in its random state."""
    cs = neps.to_configspace(Net()).configspace
    cs.seed(3)
    cs.sample_configuration(5)
    cs.get_default_configuration()
    assert neps.from_configspace(cs) == Net()


# ---------------------------------------------------------------- no leak


def test_nothing_is_kept_alive() -> None:
    """Neither the ConfigurationSpace nor what is known about it outlives the translation."""
    gc.collect()
    before = len(known._KNOWN)
    translation = neps.to_configspace(Net())
    alive = weakref.ref(translation.configspace), weakref.ref(translation.sidecar)
    assert len(known._KNOWN) == before + 1
    assert neps.from_configspace(translation.configspace) == Net()
    del translation
    gc.collect()
    assert [a() for a in alive] == [None, None]
    assert len(known._KNOWN) == before


def test_the_sidecar_is_found_after_the_translation_is_gone() -> None:
    """Only the ConfigurationSpace itself need live."""
    cs, _ = neps.to_configspace(Net())
    del _
    gc.collect()
    assert neps.from_configspace(cs) == Net()


# ---------------------------------------------------------------- fidelities, other side-cars


def test_fidelities_of_the_space_and_others() -> None:
    """Those that the space has are there; naming another reads a flat space."""
    made = space(x=neps.Float(0, 1), n=neps.Integer(1, 9), epochs=neps.IntegerFidelity(1, 9))
    cs = neps.to_configspace(made, fidelity="hyperparameter").configspace
    assert neps.from_configspace(cs, fidelities=("epochs",)) == made
    flat = neps.from_configspace(cs, fidelities=("n",))
    assert isinstance(flat.attributes["n"], neps.Fidelity)
    assert isinstance(flat.attributes["epochs"], neps.Integer)
    # as asked for, the ConfigurationSpace holds it: no mark
    again = neps.from_configspace(copy.deepcopy(cs), fidelities=("epochs",))
    assert {n: repr(v) for n, v in again.attributes.items()} == {
        n: repr(v) for n, v in made.attributes.items()
    }


def test_meta_does_not_decide_whose_sidecar_it_is() -> None:
    """ConfigSpace's JSON turns its tuples into lists."""
    made = space(x=neps.Float(0, 1, meta={"shape": (1, 2)}))
    cs, sidecar = neps.to_configspace(made)
    assert neps.from_configspace(through_json(cs), sidecar) == made


def conditional(value: str) -> neps.PipelineSpace:
    return Flat().add_condition("lr", neps.Equals("kind", value))


WRONG: list[tuple[Callable[[], tuple[Any, Any]], str]] = [
    (lambda: (neps.to_configspace(Flat()), neps.to_configspace(Flat().remove("lr"))), "hyperparameters lr"),
    (
        lambda: (
            neps.to_configspace(space(x=neps.Float(0, 1), y=1)),
            neps.to_configspace(space(x=neps.Float(0, 2), y=2)),
        ),
        "x, y",
    ),
    (
        lambda: (neps.to_configspace(conditional("a")), neps.to_configspace(conditional("b"))),
        "conditions or forbidden clauses",
    ),
    (
        lambda: (
            neps.to_configspace(space(x=neps.Categorical((1, 2)))),
            neps.to_configspace(space(x=neps.Categorical((True, 2)))),
        ),
        "x",
    ),
]


@pytest.mark.parametrize(("make", "text"), WRONG, ids=[text for _, text in WRONG])
def test_the_sidecar_of_another(make: Callable[[], tuple[Any, Any]], text: str) -> None:
    """It is refused, with what differs."""
    one, other = make()
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(one.configspace, other.sidecar)
    rule = "the side-car must belong to the ConfigurationSpace"
    assert str(caught.value) == f"{rule}, got differing {text}"


NAMES = "fidelities must be a tuple or a list of names of hyperparameters"
ARGUMENTS: list[tuple[Callable[[neps.Translation], Any], str]] = [
    (lambda t: (t.configspace, "sc"), "sidecar must be a Sidecar, got 'sc' of type str @ from_configspace"),
    (lambda t: (t.configspace, t), "pass translation.sidecar, got a Translation @ from_configspace"),
    (lambda t: (t.configspace, None, None), f"{NAMES}, got None @ from_configspace"),
    (lambda t: (t.configspace, None, "lr"), f"{NAMES}, got 'lr' @ from_configspace"),
    (lambda t: (t.configspace, None, ([],)), f"{NAMES}, got ([],) @ from_configspace"),
    (
        lambda t: (t.configspace, t.sidecar, ("lr",)),
        "with a side-car the fidelities must be those of its space, got lr @ Flat",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), ARGUMENTS, ids=[text for _, text in ARGUMENTS])
def test_wrong_arguments(arguments: Callable[[neps.Translation], Any], text: str) -> None:
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(*arguments(neps.to_configspace(Flat())))
    assert str(caught.value) == text


def test_fidelities_with_a_sidecar_are_those_of_its_space() -> None:
    made = space(x=neps.Float(0, 1), epochs=neps.IntegerFidelity(1, 9))
    translation = neps.to_configspace(made)
    assert neps.from_configspace(*translation, fidelities=("epochs",)) == made


META: list[Any] = ["str", [1], -1, True, float("inf"), [("a", 1)]]


@pytest.mark.parametrize("meta", META)
def test_meta_that_is_no_mapping(meta: Any) -> None:
    """All at once, from files too; ConfigSpace takes anything."""
    cs = CS.ConfigurationSpace(name="cs", meta=meta)
    number = CS.UniformFloatHyperparameter("x", 0, 1, meta=meta)
    cs.add(number, CS.Constant("y", 1, meta=meta), CS.OrdinalHyperparameter("z", [1], meta=meta))
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(cs)
    expected = [f"meta must be a mapping, got {meta!r} @ {name}" for name in ("cs", *cs)]
    assert str(caught.value).split("\n") == expected


@pytest.mark.parametrize("meta", META)
def test_a_file_with_meta_that_is_no_mapping(meta: Any, tmp_path: Path) -> None:
    cs = CS.ConfigurationSpace()
    cs.add(CS.UniformFloatHyperparameter("x", 0, 1, meta=meta))
    cs.to_json(tmp_path / "cs.json")
    with pytest.raises(neps.ConversionError, match=r"meta must be a mapping, got .* @ x"):
        neps.load_space(tmp_path / "cs.json")


def test_an_empty_one_is_no_space() -> None:
    with pytest.raises(neps.ConversionError) as caught:
        neps.from_configspace(CS.ConfigurationSpace("none"))
    assert (
        str(caught.value) == "a ConfigurationSpace must have a hyperparameter to be a space, got none @ none"
    )
