"""Optimizers of NePS in our run, and ours in NePS's."""

from __future__ import annotations

import functools
import inspect
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

neps = pytest.importorskip("neps")

import yaml  # noqa: E402
from making import space as made  # noqa: E402
from neps_package import (  # noqa: E402
    MARKS,
    NEPS,
    called,
    flat,
    grammar,
    received_in_neps_run,
    seeded,
    shared,
)
from strategies import gather  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import ConversionError, RunError  # noqa: E402
from neps_cs.trials import Report, State, Trial  # noqa: E402
from neps_cs_converters.neps import as_neps_optimizer, neps_optimizer, read_root, to_neps  # noqa: E402

pytestmark = MARKS


class Loop:
    """What a run is to an optimizer: events in order, and its proposals become trials."""

    def __init__(self, space: Any, choice: Any) -> None:
        self.space, self.choice, self.trials = space, choice, dict[int, Trial]()
        self.restart()

    def restart(self) -> None:
        """A fresh optimizer that learns what was there already."""
        self.optimizer = neps_optimizer(self.choice)(self.space, seed=3)
        for trial in self.trials.values():
            self.optimizer.observe(replace(trial, state=State.RUNNING, report=None))
            self.optimizer.observe(trial)

    def run(self, total: int) -> None:
        for number in range(len(self.trials) + 1, total + 1):
            found = self.optimizer.ask(number)
            assert found is not None
            assert self.optimizer.ask(number) == found  # asking changes nothing
            trial = Trial(number, found.config, found.fidelities, State.RUNNING, "w", float(number),
                          previous=found.previous, note=found.note)  # fmt: skip
            self.optimizer.observe(trial)
            failed = number == 2
            report = Report(None if failed else float(number), error="a" if failed else None)
            state = State.CRASHED if failed else State.SUCCESS
            self.trials[number] = replace(trial, ended=number + 0.5, state=state, report=report)
            self.optimizer.observe(self.trials[number])


EVOLUTION = ("neps_regularized_evolution", {"population_size": 4, "tournament_size": 2})
CHOICES = [
    (grammar, "auto"), (shared, EVOLUTION), (shared, "complex_random_search"),
    (flat, ("neps_hyperband", {"eta": 3})), (flat, "asha"), (flat, "hyperband"),
    (flat, neps.algorithms.neps_priorband),
]  # fmt: skip


@pytest.mark.parametrize(("make", "choice"), CHOICES)
def test_their_optimizers_follow_our_protocol(make: Any, choice: Any) -> None:
    space, total = make(neps_cs), 14 if make is flat else 8
    with seeded(1):
        before, numpys = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index] # noqa: NPY002
        whole = Loop(space, choice)
        whole.run(total)
        # the generators that NePS draws from are as they were
        assert random.getstate() == before
        assert np.random.get_state()[1].tolist() == numpys  # type: ignore[index] # noqa: NPY002
    with seeded(2):  # the same seed gives the same trials, interrupted or not
        parts = Loop(space, choice)
        parts.run(5)
        parts.restart()
        parts.run(total)
    assert parts.trials == whole.trials
    assert len({repr(t.config) for t in whole.trials.values()}) > 2
    for trial in whole.trials.values():
        neps_cs.resolve(space, trial.config, trial.fidelities)
    promoted = [t for t in whole.trials.values() if t.previous is not None]
    assert bool(promoted) == (make is flat and choice != neps.algorithms.neps_priorband) or promoted
    for trial in promoted:
        earlier = whole.trials[trial.previous or 0]
        assert earlier.config == trial.config
        assert earlier.fidelities["epochs"] < trial.fidelities["epochs"]


def test_their_grid_goes_on_where_it_was() -> None:
    loop = Loop(flat(neps_cs).remove("epochs"), "grid_search")
    loop.run(8)
    assert len({repr(t.config) for t in loop.trials.values()}) == 8


def test_their_grid_ends_the_run(tmp_path: Path) -> None:
    space = made(a=neps_cs.Categorical(("x", "y")), b=neps_cs.Integer(0, 1))
    received: list[Any] = []
    neps_cs.run(
        lambda **given: received.append(given) or 1.0, space, root_directory=tmp_path / "root",
        optimizer=neps_optimizer("grid_search"), total_evaluations_to_spend=20,
    )  # fmt: skip
    assert len({repr(r) for r in received}) == len(received) == 4


def test_choices_of_classic_spaces_come_in_the_order_in_which_they_are_written() -> None:
    """NePS takes them out of a set of texts: in another process the same seed would give other trials."""
    names = tuple("mfkcbaelhgdji")
    loop = Loop(made(name=neps_cs.Categorical(names)), "grid_search")
    loop.run(len(names))
    assert [t.config["name"] for t in loop.trials.values()] == list(names)


def test_trials_from_elsewhere_count(tmp_path: Path) -> None:
    space = flat(neps_cs)
    loop = Loop(space, "asha")
    for number in range(1, 5):
        config, _ = space.sample(number)
        loop.trials[number] = Trial(number, config, {"epochs": 1}, State.SUCCESS, "external", 1.0, None, 2.0,
                                    Report(float(number)))  # fmt: skip
    loop.restart()
    loop.run(8)
    assert any(t.previous in (1, 2, 3, 4) for t in loop.trials.values())


def test_their_optimizer_in_our_run(tmp_path: Path) -> None:
    space = shared(neps_cs)
    found: list[Any] = []
    again: list[Any] = []
    choice = neps_optimizer("neps_random_search")
    for root, received, total in (("a", found, 3), ("a", found, 6), ("b", again, 6)):
        neps_cs.run(
            lambda _to=received, **given: _to.append(given) or 1.0,
            space,
            root_directory=tmp_path / root,
            seed=3,
            optimizer=choice,
            total_evaluations_to_spend=total,
        )
    assert found == again
    assert len({repr(f) for f in found}) > 1
    assert neps_cs.load_optimizer_info(tmp_path / "a") == {"name": "neps:neps_random_search", "info": {}}


def test_wrong_optimizers_are_refused() -> None:
    space = flat(neps_cs)
    with pytest.raises(RunError, match="must be 'auto' or one of"):
        neps_optimizer("nothing")
    with pytest.raises(RunError, match="must take the space and the arguments"):
        neps_optimizer(("asha", {"wrong": 1}))(space)
    with pytest.raises(RunError, match="Bayesian optimization does not support priors"):
        neps_optimizer("bayesian_optimization")(space.remove("epochs"))
    with pytest.raises(ConversionError, match="takes flat spaces only"):
        neps_optimizer("asha")(shared(neps_cs))
    with pytest.raises(ConversionError, match="NePS has no step"):
        neps_optimizer("auto")(made(x=neps_cs.Integer(0, 4, step=2)))
    assert neps_optimizer("auto", nearest=True)(made(x=neps_cs.Integer(0, 4, step=2))).ask(1)
    with pytest.raises(RunError, match="optimizer must be"):
        as_neps_optimizer("nothing")(flat(NEPS))


@pytest.mark.parametrize(
    ("choice", "make", "text"),
    [
        ("neps_regularized_evolution", flat, "must propose a config, got RegularizedEvolution does not"),
        ("neps_random_search", flat, "Random Search does not support fidelities"),
        ("grid_search", shared, "grid_search must take the space and the arguments, got NotImplementedError"),
        ("grid_search", grammar, "NotImplementedError: Parameter type"),
        (("primo", {"prior_centers": {}}), flat, "must be a sequence for PriMO"),
        (("neps_local_and_incumbent", {"local_prior": {}}), flat, "Failed to sample from"),
        ("hyperband", shared, "Exactly one fidelity should be defined"),
        (lambda space: 3, shared, "TypeError|not callable"),
        (lambda space, wrong: 3, shared, "wrong"),
    ],
)  # fmt: skip
def test_errors_of_neps_are_ours_with_their_cause(choice: Any, make: Any, text: str) -> None:
    with pytest.raises(RunError, match=text) as caught:
        Loop(make(neps_cs), choice).run(14)
    assert isinstance(caught.value.__cause__, Exception)
    assert "\n" not in str(caught.value)


def test_a_grammar_that_neps_draws_too_deep_for_python_is_drawn_again() -> None:
    again = neps_cs.ByName("tree").resample()
    pair = neps_cs.Operation(gather, (again, again))  # a third of all draws has no end
    space = made(tree=neps_cs.Categorical((1, 2, pair.resample(), pair.resample(), pair.resample())))
    optimizer = neps_optimizer("neps_random_search")(space, seed=1)
    assert [optimizer.ask(i) for i in range(1, 13)] == [optimizer.ask(i) for i in range(1, 13)]


class Own:
    """An optimizer of a user of NePS."""

    def __init__(self, space: Any, start: int = 0) -> None:
        self.space, self.start = space, start

    def __call__(self, trials: Any, budget_info: Any, n: int | None = None) -> Any:
        config, _ = self.space.sample()
        return neps.SampledConfig(id=str(self.start + len(trials) + 1), config=config)


def test_auto_is_what_neps_itself_takes() -> None:
    free = flat(neps_cs).remove("epochs")
    plain = made(x=neps_cs.Float(0, 1), e=neps_cs.IntegerFidelity(1, 9))
    for space, name in ((free, "pibo"), (flat(neps_cs), "priorband"), (plain, "hyperband"),
                        (shared(neps_cs), "complex_random_search")):  # fmt: skip
        assert neps_optimizer()(space).name == f"neps:{name}"
    optimizer = neps_optimizer({"name": "asha", "eta": 4})(flat(neps_cs))
    assert (optimizer.name, optimizer.info) == ("neps:asha", {"eta": 4})


def test_optimizers_of_users_of_neps() -> None:
    space = shared(neps_cs)
    for choice in (Own, neps.algorithms.custom("own", Own, kwargs={"start": 5})):
        optimizer = neps_optimizer(choice)(space, seed=1)
        assert optimizer.name == "neps:Own"
        assert optimizer.ask(1).note == {"neps_id": "1" if choice is Own else "6"}
        assert optimizer.ask(1) == optimizer.ask(1) != optimizer.ask(2)
    made_already = neps.algorithms.custom("own", Own(to_neps(space)), initialized=True)
    with pytest.raises(RunError, match="made anew for each proposal"):
        neps_optimizer(made_already)
    for wrong in (None, 3, ("asha",), ("asha", 3), {"eta": 3}):
        with pytest.raises(RunError, match="must be a name or a callable, or a tuple of one and arguments"):
            neps_optimizer(wrong)  # type: ignore[arg-type]


def test_functions_of_neps_are_taken_as_they_are(tmp_path: Path) -> None:
    """As `neps.run` takes them, with their arguments: they are what the run keeps."""
    draw = neps.algorithms.neps_random_search
    given = {"use_priors": True}
    for i, choice in enumerate(
        ((draw, given), functools.partial(draw, **given), neps_optimizer((draw, given)))
    ):
        for total in (2, 3):
            neps_cs.run(
                lambda **_: 1.0, shared(neps_cs), root_directory=tmp_path / str(i), seed=1,
                optimizer=choice, total_evaluations_to_spend=total,
            )  # fmt: skip
        known = {"name": "neps:neps_random_search", "info": given}
        assert neps_cs.load_optimizer_info(tmp_path / str(i)) == known
    with pytest.raises(neps_cs.StoreError, match="must keep its optimizer"):
        neps_cs.run(lambda **_: 1.0, shared(neps_cs), root_directory=tmp_path / "0", optimizer=draw,
                    total_evaluations_to_spend=4)  # fmt: skip
    with pytest.raises(RunError, match="NePS's neps_random_search must take the space and the arguments"):
        neps_cs.run(lambda **_: 1.0, shared(neps_cs), root_directory=tmp_path / "wrong",
                    optimizer=(draw, {"nothing": 1}), total_evaluations_to_spend=4)  # fmt: skip


@pytest.mark.parametrize("make", [flat, shared, grammar])
def test_our_optimizers_in_their_run(tmp_path: Path, make: Any) -> None:
    theirs, space = make(NEPS), make(neps_cs)
    optimizer = as_neps_optimizer(("random_search", {"use_priors": True}), seed=5)
    received = received_in_neps_run(theirs, tmp_path / "root", 6, optimizer)
    parts = received_in_neps_run(to_neps(space), tmp_path / "parts", 3, optimizer)
    parts += received_in_neps_run(to_neps(space), tmp_path / "parts", 6, optimizer)
    assert called(parts) == called(received)
    alone = neps_cs.AskAndTell(space, ("random_search", {"use_priors": True}), seed=5)
    found = read_root(tmp_path / "root", theirs)
    assert [t.config for t in found] == [{**t.config, **t.fidelities} for t in alone.ask(n=6)]
    assert len(received) == 6
    info = yaml.safe_load((tmp_path / "root/optimizer_info.yaml").read_text())
    assert info["info"] == {"choice": ["random_search", {"use_priors": True}], "seed": 5}


def test_our_optimizers_learn_what_neps_ran(tmp_path: Path) -> None:
    events: list[Any] = []

    class Watching:
        name, info = "watching", {}

        def __init__(self, space: neps_cs.PipelineSpace) -> None:
            self.space = space
            self.seen: list[Any] = []

        def observe(self, trial: Any) -> None:
            self.seen.append(trial)

        def ask(self, trial_id: int) -> Any:
            events.append(
                (trial_id, [(t.id, t.state.value, t.report and t.report.objective) for t in self.seen])
            )
            return neps_cs.algorithms.random_search(self.space, seed=1).ask(trial_id)

    received_in_neps_run(shared(NEPS), tmp_path / "root", 3, as_neps_optimizer(Watching))
    assert [e for e in events if e[0] == 3][-1] == (
        3, [(1, "running", None), (1, "success", 1.0), (2, "running", None), (2, "success", 2.0)],
    )  # fmt: skip


def test_notes_are_there_when_a_run_goes_on(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Noting:
        name, info = "noting", {}

        def __init__(self, space: neps_cs.PipelineSpace) -> None:
            self.space, self.trials = space, dict[int, Any]()

        def observe(self, trial: Any) -> None:
            self.trials[trial.id] = trial

        def ask(self, trial_id: int) -> Any:
            notes = [t.note.get("sum") for t in self.trials.values()]
            seen.append((trial_id, notes))
            found = neps_cs.algorithms.random_search(self.space, seed=1).ask(trial_id)
            return replace(found, note={"sum": trial_id + sum(notes)})

    space = to_neps(shared(neps_cs))
    received_in_neps_run(space, tmp_path / "root", 2, as_neps_optimizer(Noting))
    received_in_neps_run(space, tmp_path / "root", 4, as_neps_optimizer(Noting))
    assert max(seen) == (4, [1, 3, 7])


def test_what_neps_notes_of_ours_is_plain() -> None:
    """NePS 0.16 writes it as it is, and compares it with what it reads back."""
    for choice, noted in (
        ("auto", "auto"),
        (("random_search", {"use_priors": (True, Own)}), ["random_search", {"use_priors": [True, "Own"]}]),
        (neps_cs.algorithms.random_search, "random_search"),
    ):
        parameters = inspect.signature(as_neps_optimizer(choice, seed=7)).parameters
        assert {n: p.default for n, p in list(parameters.items())[1:]} == {"choice": noted, "seed": 7}
        assert yaml.safe_load(yaml.safe_dump(noted)) == noted


def test_one_config_at_a_time() -> None:
    ask = as_neps_optimizer("random_search")(shared(NEPS))
    with pytest.raises(ValueError, match="sample_batch_size"):
        ask({}, None, 2)
    assert len(ask({}, None, 1)) == 1
    assert gather(1) == gather(1)
