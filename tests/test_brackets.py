"""Brackets by hand: which fidelity comes when, who is continued, and what it all costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from making import NO_FIDELITY

import neps_cs as neps
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.multi_fidelity import MultiFidelity
from neps_cs.optimizers.playing import Player, ended, started
from neps_cs.optimizers.rungs import halving_layout, hyperband_layouts, read_rungs
from neps_cs.optimizers.schedules import AsynchronousSchedule, Job, SynchronousSchedule, _Bracket
from neps_cs.trials import State, Trial

algorithms = neps.algorithms


def space(fidelity: Any = None, **more: Any) -> neps.PipelineSpace:
    budget = neps.IntegerFidelity(1, 9) if fidelity is None else fidelity
    return neps.PipelineSpace.from_attributes({"x": neps.Float(0.0, 1.0), **more, "budget": budget})


def by_x(trial: Trial) -> float:
    value = trial.config["x"]
    assert isinstance(value, float)
    return value


def played(optimizer: Optimizer, n: int, workers: int = 1, seed: int = 0) -> list[Trial]:
    """The trials in the order in which they started; the smallest x is the best."""
    player = Player(optimizer, by_x, workers, seed)
    player.play(n)
    return [e for e in player.events if e.state is State.RUNNING]


def steps(trials: Sequence[Trial]) -> list[tuple[float, str]]:
    return [(t.fidelities["budget"], "new" if t.previous is None else "continued") for t in trials]


def new(fidelity: float, n: int) -> list[tuple[float, str]]:
    return [(fidelity, "new")] * n


def continued(fidelity: float, n: int) -> list[tuple[float, str]]:
    return [(fidelity, "continued")] * n


def total(trials: Sequence[Trial]) -> float:
    return sum(t.fidelities["budget"] for t in trials)


def increments(trials: Sequence[Trial]) -> float:
    """What it costs where continuing counts the rest only."""
    at = {t.id: t.fidelities["budget"] for t in trials}
    return sum(at[t.id] - (0 if t.previous is None else at[t.previous]) for t in trials)


# Li et al. 2018, Table 1, for R = 9 and 81 with eta = 3
ROUND_9 = [
    *new(1, 9), *continued(3, 3), *continued(9, 1),
    *new(3, 5), *continued(9, 1),
    *new(9, 3),
]  # fmt: skip
ROUND_81 = [
    *new(1, 81), *continued(3, 27), *continued(9, 9), *continued(27, 3), *continued(81, 1),
    *new(3, 34), *continued(9, 11), *continued(27, 3), *continued(81, 1),
    *new(9, 15), *continued(27, 5), *continued(81, 1),
    *new(27, 8), *continued(81, 2),
    *new(81, 5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("upper", "round_", "spent", "spent_by_increments"),
    [
        (9, ROUND_9, 27 + 24 + 27, 21 + 21 + 27),
        (81, ROUND_81, 405 + 363 + 351 + 378 + 405, 297 + 276 + 279 + 324 + 405),
    ],
)  # fmt: skip
def test_hyperband_goes_through_its_brackets(
    upper: int, round_: list[tuple[float, str]], spent: float, spent_by_increments: float
) -> None:
    n = len(round_)
    trials = played(algorithms.hyperband(space(neps.IntegerFidelity(1, upper))), 2 * n)
    assert steps(trials) == [*round_, *round_]
    assert total(trials[:n]) == total(trials[n:]) == spent
    assert increments(trials[:n]) == spent_by_increments


@pytest.mark.parametrize(
    ("upper", "rate", "bracket", "spent"),
    [
        (9, 0, [*new(1, 9), *continued(3, 3), *continued(9, 1)], 27),
        (9, 1, [*new(3, 3), *continued(9, 1)], 18),
        (9, 2, new(9, 1), 9),
        (81, 0, ROUND_81[:121], 405),
        (81, 2, [*new(9, 9), *continued(27, 3), *continued(81, 1)], 243),
    ],
)
def test_successive_halving_repeats_one_bracket(
    upper: int, rate: int, bracket: list[tuple[float, str]], spent: float
) -> None:
    optimizer = algorithms.successive_halving(space(neps.IntegerFidelity(1, upper)), early_stopping_rate=rate)
    trials = played(optimizer, 2 * len(bracket))
    assert steps(trials) == [*bracket, *bracket]
    assert total(trials[: len(bracket)]) == spent


def test_the_best_of_a_rung_are_continued_with_their_config() -> None:
    trials = played(algorithms.hyperband(space()), 13)
    at = {t.id: t for t in trials}
    ranked = sorted(trials[:9], key=by_x)
    assert [t.previous for t in trials[9:12]] == [t.id for t in ranked[:3]]
    assert trials[12].previous == trials[9].id
    for trial in trials[9:]:
        assert trial.previous is not None
        assert trial.config == at[trial.previous].config
    assert [t.note["bracket"] for t in trials] == [0] * 13
    assert [t.note["rung"] for t in trials] == [0] * 9 + [1] * 3 + [2]


def test_four_at_once_begin_the_next_bracket_while_one_waits() -> None:
    """By hand: trials 1 to 8 have ended, 9 runs, so the next bracket begins; once 9 has ended, the first
    bracket goes before it."""
    optimizer = algorithms.hyperband(space())
    events: list[Trial] = []
    running: dict[int, Trial] = {}

    def start(i: int) -> Trial:
        proposal = optimizer.ask(i)
        assert proposal is not None
        running[i] = started(proposal, i)
        optimizer.observe(running[i])
        events.append(running[i])
        return running[i]

    def end(i: int) -> None:
        optimizer.observe(ended(running[i], float(i)))

    for i in range(1, 9):
        assert (start(i).fidelities, start_bracket(running[i])) == ({"budget": 1}, 0)
        end(i)
    start(9)
    assert [(start(i).fidelities["budget"], start_bracket(running[i])) for i in (10, 11, 12)] == [(3, 1)] * 3
    end(9)
    assert [(start(i).previous, start_bracket(running[i])) for i in (13, 14, 15)] == [(1, 0), (2, 0), (3, 0)]
    assert [start_bracket(start(i)) for i in (16, 17)] == [1, 1]  # five are begun: it is full
    assert (start(18).fidelities, start_bracket(running[18])) == ({"budget": 9}, 2)
    end(14)
    end(13)
    assert start_bracket(start(19)) == 2
    end(15)
    assert (start(20).previous, running[20].fidelities) == (13, {"budget": 9})
    assert start(21).note == {"bracket": 2, "rung": 2, "sampler": "uniform"}
    assert start(22).note == {"bracket": 3, "rung": 0, "sampler": "uniform"}


def start_bracket(trial: Trial) -> Any:
    return trial.note["bracket"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workers", [2, 4, 16])
def test_parallel_hyperband_fills_the_same_brackets(workers: int, seed: int) -> None:
    """In whatever order trials end, bracket by bracket it is what one worker does."""
    trials = played(algorithms.hyperband(space()), 400, workers, seed)
    for bracket, expected in enumerate((ROUND_9[:13], ROUND_9[13:19], ROUND_9[19:], ROUND_9[:13])):
        mine = [t for t in trials if t.note["bracket"] == bracket]
        assert Counter(steps(mine)) == Counter(expected)
        assert total(mine) == sum(f for f, _ in expected)
        winners = sorted((t for t in mine if t.previous is None), key=by_x)
        first = [t.previous for t in mine if t.note["rung"] == mine[0].note["rung"] + 1]
        assert sorted(first) == sorted(t.id for t in winners[: len(first)])


def test_brackets_that_wait_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    original = _Bracket.job

    def job(self: _Bracket, closed: bool) -> Job | None:
        looked.append(self.index)
        return original(self, closed)

    monkeypatch.setattr(_Bracket, "job", job)
    schedule, rng = SynchronousSchedule(hyperband_layouts(2, 3)), np.random.default_rng(0)
    for trial_id in range(1, 1001):  # 58 rounds of 9 + 5 + 3, of which no trial ends
        found = schedule.job(rng, closed=False)
        assert found is not None
        schedule.start(trial_id, found)
    assert len(looked) == 1000
    for trial_id in range(9, 0, -1):
        schedule.end(trial_id, trial_id)
    assert schedule.job(rng, closed=False) == Job(0, 1, 1)


def test_crashed_trials_count_as_the_worst() -> None:
    """Of nine configs the seven smallest crash: the two others go on, though the rung has three places."""
    optimizer = algorithms.successive_halving(space())
    first: dict[int, float] = {}

    def objective(trial: Trial) -> float | None:
        first[trial.id] = by_x(trial)
        return by_x(trial) if trial.previous is not None or trial.id in (4, 7) else None

    player = Player(optimizer, objective)
    trials = player.play(13)
    assert [t.previous for t in trials[9:12]] == [*sorted((4, 7), key=first.__getitem__), 10]
    assert steps(trials[:13]) == [*new(1, 9), *continued(3, 2), *continued(9, 1), *new(1, 1)]


@pytest.mark.parametrize("name", ["hyperband", "successive_halving", "asha", "async_hb"])
def test_where_all_crash_nothing_is_continued(name: str) -> None:
    optimizer = getattr(algorithms, name)(space())
    trials = Player(optimizer, lambda trial: None, workers=3).play(60)
    assert len(trials) == 60
    assert all(t.previous is None for t in trials)


def asha_steps(objectives: Sequence[float], n: int, **arguments: Any) -> list[tuple[float, int | None]]:
    """Fidelity and `previous` of ASHA's first n trials; the i-th new config has the i-th objective."""
    optimizer = algorithms.asha(space(), **arguments)
    of: dict[int, float] = {}
    given = iter(objectives)

    def objective(trial: Trial) -> float:
        of[trial.id] = next(given) if trial.previous is None else of[trial.previous]
        return of[trial.id]

    trials = Player(optimizer, objective).play(n)
    return [(t.fidelities["budget"], t.previous) for t in trials]


def test_asha_promotes_at_once() -> None:
    """Li et al. 2020, Algorithm 2 by hand: after three at a rung its best rises, after six the second best,
    if it is none that rose; three at rung 1 let one rise to rung 2."""
    worsening = asha_steps(range(1, 20), 13)
    assert worsening == [
        (1, None), (1, None), (1, None), (3, 1),
        (1, None), (1, None), (1, None), (3, 2),
        (1, None), (1, None), (1, None), (3, 3), (9, 4),
    ]  # fmt: skip
    improving = asha_steps([9, 8, 7, 6, 5, 4, 3, 2, 1], 9)
    assert improving == [
        (1, None), (1, None), (1, None), (3, 3),  # of 3
        (1, None), (3, 5),  # of 4, one place: 6 is now the best
        (1, None), (3, 7), (9, 8),  # three at rung 1
    ]  # fmt: skip


def test_asha_promotes_from_the_highest_rung_first() -> None:
    """Rungs 0 and 1 both have one that may rise: nine ended at rung 0, and three of them at rung 1 too."""
    schedule, rng = AsynchronousSchedule((0,), 2, 3, (1,)), np.random.default_rng(0)

    def run(ids: Sequence[int], previous: Sequence[int | None]) -> None:
        for i, p in zip(ids, previous, strict=True):
            schedule.start(i, Job(0, 0 if p is None else 1, p))
        for i in ids:
            schedule.end(i, float(i))

    run(range(1, 10), [None] * 9)
    assert schedule.job(rng, closed=False) == Job(0, 1, 1)
    run((10, 11, 12), (1, 2, 3))
    run((13, 14, 15), [None] * 3)
    assert schedule.job(rng, closed=False) == Job(0, 2, 10)
    schedule.start(16, Job(0, 2, 10))
    assert schedule.job(rng, closed=False) == Job(0, 1, 4)


def test_asha_skips_rungs() -> None:
    assert asha_steps(range(1, 20), 5, early_stopping_rate=1) == [
        (3, None), (3, None), (3, None), (9, 1), (3, None),
    ]  # fmt: skip
    assert asha_steps(range(1, 20), 3, early_stopping_rate=2) == [(9, None)] * 3


def test_asha_counts_crashes_as_ended() -> None:
    """Three ended, two of them crashed: the third is among the best third."""
    optimizer = algorithms.asha(space())
    trials = Player(optimizer, lambda t: None if t.id in (1, 2) else 1.0).play(4)
    assert [(t.fidelities["budget"], t.previous) for t in trials] == [(1, None)] * 3 + [(3, 3)]


def test_async_hyperband_draws_ladders_as_hyperband_fills_brackets() -> None:
    """Weights 9, 5, 3: the shares of the ladders among new configs, within five standard errors."""
    trials = played(algorithms.async_hb(space()), 1500, workers=4)
    counts = Counter(t.note["bracket"] for t in trials)
    for bracket, weight in enumerate((9, 5, 3)):
        p = weight / 17
        assert abs(counts[bracket] - 1500 * p) < 5 * (1500 * p * (1 - p)) ** 0.5
    for trial in trials:
        start = trial.note["bracket"]
        assert isinstance(start, int)
        assert trial.previous is not None or trial.fidelities["budget"] == 3**start


@pytest.mark.parametrize(
    ("fidelity", "eta", "expected"),
    [
        (neps.IntegerFidelity(1, 9), 3, (1, 3, 9)),
        (neps.IntegerFidelity(1, 81), 3, (1, 3, 9, 27, 81)),
        (neps.IntegerFidelity(1, 243), 3, (1, 3, 9, 27, 81, 243)),
        (neps.IntegerFidelity(3, 100), 3, (4, 11, 33, 100)),  # 3.7, 11.1, 33.3, 100
        (neps.IntegerFidelity(3, 100, log=True), 3, (4, 11, 33, 100)),
        (neps.IntegerFidelity(1, 5), 2, (1, 3, 5)),  # 1.25, 2.5, 5: halves go up
        (neps.IntegerFidelity(0, 4), 2, (1, 2, 4)),
        (neps.IntegerFidelity(0, 1), 3, (1,)),
        (neps.IntegerFidelity(5, 14), 3, (14,)),
        (neps.IntegerFidelity(5, 15), 3, (5, 15)),
        (neps.IntegerFidelity(1, 10**15), 10, tuple(10**k for k in range(16))),
        (neps.FloatFidelity(0.1, 0.9), 3, (0.1, 0.3, 0.9)),
        (neps.FloatFidelity(0.01, 1.0, log=True), 10, (0.01, 0.1, 1.0)),
        (neps.FloatFidelity(0.3, 1.0), 2, (0.5, 1.0)),
    ],
)
def test_rungs(fidelity: Any, eta: int, expected: tuple[float, ...]) -> None:
    found = read_rungs(space(fidelity), eta, "test").values
    assert found == pytest.approx(expected, rel=1e-12)
    assert {type(v) for v in found} == {type(fidelity.upper)}
    assert found[0] >= fidelity.lower
    assert found[-1] == fidelity.upper


def test_layouts_by_the_papers_formula() -> None:
    assert [layout[0] for layout in hyperband_layouts(4, 3)] == [(0, 81), (1, 34), (2, 15), (3, 8), (4, 5)]
    assert hyperband_layouts(0, 3) == (((0, 1),),)
    assert hyperband_layouts(2, 2) == (((0, 4), (1, 2), (2, 1)), ((1, 3), (2, 1)), ((2, 3),))
    assert halving_layout(3, 4, 1) == ((1, 16), (2, 4), (3, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: algorithms.hyperband(space(), eta=1),
         "eta must be a whole number >= 2, got eta=1 @ hyperband"),
        (lambda: algorithms.hyperband(space(), eta=2.5),
         "eta must be a whole number >= 2, got eta=2.5 @ hyperband"),
        (lambda: algorithms.asha(space(), early_stopping_rate=3),
         "early_stopping_rate must leave a rung, got early_stopping_rate=3 of 3 rungs @ asha"),
        (lambda: algorithms.asha(space(), sampler="priors"),
         "sampler must be one of 'uniform', 'prior', got sampler='priors' @ asha"),
        (lambda: algorithms.priorband(space(), base="bohb"),
         "base must be one of 'hyperband', 'successive_halving', 'asha', 'async_hb', "
         "got base='bohb' @ priorband"),
        (lambda: algorithms.hyperband(space(), sample_prior_first="lowest"),
         "sample_prior_first must be one of False, True, 'highest_fidelity', "
         "got sample_prior_first='lowest' @ hyperband"),
        (lambda: algorithms.hyperband(space().remove("budget")),
         f"{NO_FIDELITY} @ hyperband"),
        (lambda: algorithms.hyperband(space(other=neps.FloatFidelity(1, 2))),
         "brackets need a space with one fidelity, got a space with 2: other, budget @ hyperband"),
        (lambda: algorithms.hyperband(space(neps.FloatFidelity(0, 1))),
         "brackets need a fidelity with lower > 0: each rung has eta times that of the one below, "
         "got lower=0.0, upper=1.0 @ hyperband.budget"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(neps.RunError, match=f"^{re.escape(message)}$"):
        make()


def finite(fidelity: Any) -> neps.PipelineSpace:
    return neps.PipelineSpace.from_attributes({"x": neps.Integer(1, 4), "budget": fidelity})


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", ["hyperband", "successive_halving", "asha", "async_hb", "priorband"])
def test_an_exhausted_space_ends_with_its_best_at_full_fidelity(name: str, workers: int) -> None:
    """Four configs where a bracket asks for nine: it goes on with the four it has, then None comes."""
    optimizer = getattr(algorithms, name)(finite(neps.IntegerFidelity(1, 9)))
    player = Player(optimizer, lambda t: float(t.config["x"]), workers)
    trials = player.play(100)
    assert len(trials) < 100
    assert sorted(t.config["x"] for t in trials if t.previous is None) == [1, 2, 3, 4]
    assert 9 in [t.fidelities["budget"] for t in trials]
    if name in ("hyperband", "successive_halving"):
        assert sorted(steps(trials)) == sorted([*new(1, 4), *continued(3, 3), *continued(9, 1)])
    assert optimizer.ask(101) is None


def test_notes_from_elsewhere_are_no_danger() -> None:
    """Trials whose notes name brackets that are not theirs are known, and nothing more."""
    for name in ("hyperband", "asha", "async_hb", "priorband"):
        plain, disturbed = getattr(algorithms, name)(space()), getattr(algorithms, name)(space())
        notes: list[dict[str, Any]] = [
            {"bracket": 7, "rung": 0}, {"bracket": 0, "rung": 2}, {"bracket": -1, "rung": 0},
            {"bracket": "0"},
            {"bracket": 0, "rung": 99}, {"bracket": True, "rung": 0}, {"rung": None, "bracket": 0},
        ]  # fmt: skip
        for i, note in enumerate(notes):
            trial = Trial(100 + i, {"x": i / 10}, {"budget": 1}, State.RUNNING, "w", 0.0, note=note)
            disturbed.observe(trial)
            disturbed.observe(ended(trial, float("inf")))
        assert isinstance(plain, MultiFidelity)
        found = [steps(played(o, 13)) for o in (plain, disturbed)]
        assert found[0] == found[1], name


@pytest.mark.parametrize("name", ["hyperband", "asha", "async_hb", "priorband"])
def test_a_trial_that_starts_again_counts_once(name: str) -> None:
    """An interrupted trial may be seen to start twice: the plan stays as it was."""
    once, twice = (getattr(algorithms, name)(space()) for _ in range(2))
    player = Player(once, by_x, workers=2)
    player.play(40)
    for event in player.events:
        if event.state is State.RUNNING:
            proposal = twice.ask(event.id)
            assert (proposal.config, proposal.previous) == (event.config, event.previous)
            twice.observe(event)
        twice.observe(event)


def test_the_prior_mode_comes_first() -> None:
    priors = {"x": neps.Float(0.0, 1.0, prior=0.25), "budget": neps.IntegerFidelity(1, 9)}
    made = neps.PipelineSpace.from_attributes(priors)
    low = played(algorithms.hyperband(made, sample_prior_first=True), 13)
    assert (low[0].config, low[0].fidelities) == ({"x": 0.25}, {"budget": 1})
    assert steps(low) == ROUND_9[:13]  # it is one of the bracket's nine
    full = played(algorithms.hyperband(made, sample_prior_first="highest_fidelity"), 14)
    assert (full[0].config, full[0].fidelities) == ({"x": 0.25}, {"budget": 9})
    assert steps(full[1:]) == ROUND_9[:13]
    without = played(algorithms.hyperband(space(), sample_prior_first=True), 1)
    assert without[0].note["sampler"] == "uniform"
