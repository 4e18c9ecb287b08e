"""PriorBand: its weights by the paper's formulas, its densities, and what it draws."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import neps_cs as neps
from neps_cs.optimizers.likelihood import log_around, log_prior
from neps_cs.optimizers.playing import Player, ended, started
from neps_cs.optimizers.rungs import read_rungs
from neps_cs.optimizers.samplers import PriorBandSampler
from neps_cs.optimizers.variations import perturbing
from neps_cs.sampling.draw import prior, uniform
from neps_cs.trials import State, Trial

algorithms = neps.algorithms


class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0, prior=0.2, prior_confidence="medium")
    y = neps.Float(0.0, 1.0)
    kind = neps.Categorical(("a", "b", "c", "d"), prior=1, prior_confidence="high")
    epochs = neps.IntegerFidelity(1, 9)


def sampler(
    space: neps.PipelineSpace | None = None, eta: int = 3, after_bracket: bool = False
) -> PriorBandSampler:
    space = Space() if space is None else space
    return PriorBandSampler(space, read_rungs(space, eta, "test"), after_bracket=after_bracket)


def trial(
    i: int,
    x: float,
    fidelity: float,
    objective: float | None,
    *,
    previous: int | None = None,
    kind: str = "a",
) -> Trial:
    config = {"x": x, "y": 0.5, "kind": kind}
    running = Trial(i, config, {"epochs": fidelity}, State.RUNNING, "w", 0.0, previous=previous)
    return ended(running, objective)


def bracket(xs: Sequence[float]) -> list[Trial]:
    """One bracket of successive halving, 9, 3, 1: 9 + 3 · 2 + 6 = 21 is spent. The best is trial 13."""
    low = [trial(i, x, 1, 10.0 + i) for i, x in enumerate(xs, start=1)]
    middle = [trial(9 + i, xs[i - 1], 3, 5.0 + i, previous=i) for i in (1, 2, 3)]
    return [*low, *middle, trial(13, xs[0], 9, 1.0, previous=10)]


XS = (0.8, 0.75, 0.7, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def observed(events: Sequence[Trial], after_bracket: bool = False) -> PriorBandSampler:
    made = sampler(after_bracket=after_bracket)
    for event in events:
        made.observe(event)
    return made


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_random_decays_geometrically_with_the_rung(eta: int) -> None:
    """Section 5.1: p_U = 1 / (1 + eta^r), p_pi = eta^r p_U: 1/2, 1/4, 1/10 for eta = 3."""
    made = sampler(eta=eta)
    for rung in range(3):
        weights = made.weights(rung)
        assert weights["uniform"] == pytest.approx(1 / (1 + eta**rung))
        assert weights["prior"] == pytest.approx(eta**rung * weights["uniform"])
        assert weights["incumbent"] == 0
        assert sum(weights.values()) == pytest.approx(1)


def share(events: Sequence[Trial], after_bracket: bool) -> float:
    return observed(events, after_bracket).weights(1)["incumbent"]


def test_the_incumbent_waits_for_eta_at_a_rung() -> None:
    assert share(bracket(XS)[:2], False) == 0
    assert share(bracket(XS)[:3], False) > 0
    crashed = [trial(i, 0.1 * i, 1, None if i == 2 else 1.0) for i in (1, 2, 3)]
    assert share(crashed, False) == 0
    assert share([trial(1, 0.1, 1, 1.0), trial(2, 0.2, 3, 1.0), trial(3, 0.3, 9, 1.0)], False) == 0


def test_in_the_paper_it_waits_for_a_bracket_and_a_full_evaluation_too() -> None:
    events = bracket(XS)
    assert share(events, True) > 0
    assert share(events[:-1], True) == 0  # no full evaluation, and less is spent
    crashed = trial(13, 0.8, 9, None, previous=10)
    assert share([*events[:-1], crashed], True) == 0
    few = [trial(1, 0.8, 9, 1.0), trial(2, 0.8, 9, 2.0)]
    assert share(few, True) == 0  # 18 of 21 spent
    assert share([*few, trial(3, 0.1, 3, 3.0)], True) == 0  # 21, but no rung has three
    assert share([*few, trial(3, 0.1, 9, 3.0)], True) > 0


def test_what_is_continued_counts_once() -> None:
    """Three that go on from 1 to 3 spend 9, one of them to 9 makes 15, another 21."""
    low = [trial(i, 0.1 * i, 1, 1.0 * i) for i in (1, 2, 3)]
    again = [trial(i + 3, 0.1 * i, 3, 1.0 * i, previous=i) for i in (1, 2, 3)]
    top = trial(7, 0.1, 9, 0.5, previous=4)
    assert share([*low, *again, top], True) == 0
    assert share([*low, *again, top, trial(8, 0.2, 9, 0.6, previous=5)], True) > 0


def density(x: float, middle: float, deviation: float) -> float:
    a, b = -middle / deviation, (1 - middle) / deviation
    return float(stats.truncnorm(a, b, middle, deviation).pdf(x))


def test_densities_by_hand() -> None:
    """A number with confidence "medium" has the deviation 0.2, one without a prior 0.25 around the incumbent;
    a choice with confidence "high", p = 0.75, has p + (1 - p) / 4 on the one, times 4."""
    config, middle = {"x": 0.3, "y": 0.5, "kind": "b"}, {"x": 0.7, "y": 0.1, "kind": "c"}
    resolver = Space().resolver
    on, off = 4 * (0.75 + 0.25 / 4), 4 * 0.25 / 4
    assert math.exp(log_prior(resolver, config)) == pytest.approx(density(0.3, 0.2, 0.2) * on)
    by_hand = density(0.3, 0.7, 0.2) * density(0.5, 0.1, 0.25) * off
    assert math.exp(log_around(resolver, config, middle)) == pytest.approx(by_hand)
    assert math.exp(log_around(resolver, middle, middle)) == pytest.approx(
        density(0.7, 0.7, 0.2) * density(0.1, 0.1, 0.25) * on
    )


def test_densities_of_laws_and_of_what_is_not_held() -> None:
    made = neps.PipelineSpace.from_attributes
    beta = made({"x": neps.Float(0.0, 2.0, prior=neps.Beta(2, 5))})
    assert math.exp(log_prior(beta.resolver, {"x": 0.5})) == pytest.approx(stats.beta(2, 5).pdf(0.25))
    weights = made({"k": neps.Categorical((1, 2, 3), neps.Weights((0, 1, 3)))})
    assert math.exp(log_prior(weights.resolver, {"k": 3})) == pytest.approx(3 * 3 / 4)
    assert log_prior(weights.resolver, {"k": 1}) == -math.inf
    log = made({"x": neps.Float(1e-4, 1.0, log=True, prior=1e-2, prior_confidence="low")})
    assert math.exp(log_prior(log.resolver, {"x": 1e-1})) == pytest.approx(density(0.75, 0.5, 0.4))
    whole = made({"n": neps.Integer(1, 4, prior=2, prior_confidence="low")})
    assert math.exp(log_prior(whole.resolver, {"n": 4})) == pytest.approx(density(0.875, 1 / 3, 0.4))
    point = made({"x": neps.Float(2.0, 2.0), "n": neps.Integer(3, 3, prior=3)})
    assert log_prior(point.resolver, {"x": 2.0, "n": 3}) == 0
    assert log_around(point.resolver, {"x": 2.0, "n": 3}, {"x": 2.0, "n": 3}) == 0
    conditional = made(
        {"k": neps.Categorical(("a", "b")), "x": neps.Float(0, 1)}, conditions={"x": neps.Equals("k", "a")}
    )
    held = log_around(conditional.resolver, {"k": "a", "x": 0.5}, {"k": "a", "x": 0.5})
    absent = log_around(conditional.resolver, {"k": "a", "x": 0.5}, {"k": "b"})
    assert (
        held > absent == pytest.approx(math.log(2 * 0.75 / 2))
    )  # "low": p = 0.25, so that 0.375 on the other


def test_the_incumbents_share_by_hand() -> None:
    """Section 5.2. The highest rung with three is that at 3; of its three one is the best third: trial 10.
    With one config the weights of ranks are equal."""
    weights = observed(bracket(XS)).weights(1)
    config = {"x": 0.8, "y": 0.5, "kind": "a"}
    resolver = Space().resolver
    around = math.exp(log_around(resolver, config, config))
    under_prior = math.exp(log_prior(resolver, config))
    share = around / (around + under_prior)
    assert weights["uniform"] == pytest.approx(1 / 4)
    assert weights["incumbent"] == pytest.approx(3 / 4 * share)
    assert weights["prior"] == pytest.approx(3 / 4 * (1 - share))
    assert share > 0.9  # the best is far from the prior


def test_ranks_weigh_the_best() -> None:
    """Six at full fidelity: the best two have the weights 2 and 1."""
    xs = [0.9, 0.15, 0.3, 0.4, 0.5, 0.6]
    made = observed([trial(i, x, 9, float(i), kind="b") for i, x in enumerate(xs, start=1)])
    resolver, configs = Space().resolver, [{"x": x, "y": 0.5, "kind": "b"} for x in xs]
    around = [math.exp(log_around(resolver, c, configs[0])) for c in configs[:2]]
    under = [math.exp(log_prior(resolver, c)) for c in configs[:2]]
    s_around, s_prior = 2 * around[0] + around[1], 2 * under[0] + under[1]
    assert made.weights(2)["incumbent"] == pytest.approx(9 / 10 * s_around / (s_around + s_prior))


def test_a_good_prior_keeps_its_share_a_misleading_one_loses_it() -> None:
    near = observed([trial(i, 0.2 + 0.001 * i, 9, float(i), kind="b") for i in range(1, 7)]).weights(2)
    far = observed([trial(i, 0.99 - 0.001 * i, 9, float(i), kind="d") for i in range(1, 7)]).weights(2)
    assert near["incumbent"] == pytest.approx(near["prior"], rel=0.9)
    assert far["prior"] < 0.01 < 0.85 < far["incumbent"]
    assert near["uniform"] == far["uniform"] == pytest.approx(1 / 10)


def test_what_no_distribution_explains_is_shared() -> None:
    """The prior rules out what the best are: they have the density 0 under it."""
    space = neps.PipelineSpace.from_attributes({
        "k": neps.Categorical((1, 2), neps.Weights((0, 1))), "epochs": neps.IntegerFidelity(1, 9),
    })  # fmt: skip
    made = sampler(space)
    for i in range(1, 7):
        made.observe(ended(Trial(i, {"k": 1}, {"epochs": 9}, State.RUNNING, "w", 0.0), float(i)))
    assert made.weights(2)["incumbent"] == pytest.approx(9 / 10)


def test_draws_follow_the_weights() -> None:
    events = [trial(i, 0.9 - 0.1 * i, 9, float(i), kind="b") for i in range(1, 7)]
    made = observed(events)
    weights = made.weights(1)
    names = Counter(made.choose(np.random.default_rng([5, i]), 1)[0] for i in range(2000))
    for name, p in weights.items():
        assert abs(names[name] - 2000 * p) <= 5 * math.sqrt(2000 * p * (1 - p)), name


def draws(made: PriorBandSampler, name: str, n: int) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    i = 0
    while len(found) < n:
        i += 1
        got, draw = made.choose(np.random.default_rng([9, i]), 1)
        if got == name and (config := draw()) is not None:
            found.append(config)
    return found


def test_each_part_of_the_mixture_draws_from_its_own_distribution() -> None:
    made = sampler()  # before the incumbent has a share
    x = [c["x"] for c in draws(made, "uniform", 300)]
    assert stats.kstest(x, "uniform").pvalue > 1e-4
    x = [c["x"] for c in draws(made, "prior", 300)]
    assert stats.kstest(x, stats.truncnorm(-1, 4, 0.2, 0.2).cdf).pvalue > 1e-4


def test_the_incumbent_is_perturbed_as_in_the_paper() -> None:
    """Appendix E: each decision with probability 0.5, numbers with the deviation 0.25."""
    made = observed([trial(i, 0.9 - 0.1 * i, 9, float(i), kind="b") for i in range(1, 7)])
    found, n = draws(made, "incumbent", 600), 600
    for name, kept in (("x", 0.8), ("y", 0.5), ("kind", "b")):
        moved = [c[name] for c in found if c[name] != kept]
        assert abs(len(moved) - n / 2) < 5 * math.sqrt(n / 4), name
        if name == "kind":
            assert set(moved) == {"a", "c", "d"}
        else:
            assert isinstance(kept, float)
            law = stats.truncnorm(-kept / 0.25, (1 - kept) / 0.25, kept, 0.25)
            assert stats.kstest(moved, law.cdf).pvalue > 1e-4


def test_perturbing_keeps_all_at_rate_0_and_moves_all_at_rate_1() -> None:
    space, rng = Space(), np.random.default_rng(1)
    config, _ = space.sample_by(uniform(3))
    assert space.sample_by(perturbing(config, rng, rate=0.0, deviation=0.25))[0] == config
    moved, _ = space.sample_by(perturbing(config, rng, rate=1.0, deviation=0.25))
    assert all(moved[a] != config[a] for a in config)


def test_the_incumbent_is_the_least_objective_whatever_its_fidelity() -> None:
    events = [*bracket(XS), trial(14, 0.33, 1, 0.5)]
    found = draws(observed(events), "incumbent", 50)
    assert sum(c["x"] == 0.33 for c in found) > 10


def test_trials_from_elsewhere_count_for_the_rung_within_their_fidelity() -> None:
    """Imported at 8 of 9 epochs: rung 1, so none is at full fidelity; a fidelity below all rungs is none."""
    imported = [trial(i, 0.5, 8, float(i)) for i in range(1, 10)]
    assert share(imported, True) == 0
    assert share([*imported, trial(10, 0.5, 9, 0.0)], True) > 0
    space = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1), "epochs": neps.FloatFidelity(0.3, 1.0)}
    )
    made = PriorBandSampler(space, read_rungs(space, 2, "test"))
    for i in range(1, 5):
        made.observe(ended(Trial(i, {"x": 0.5}, {"epochs": 0.3}, State.RUNNING, "w", 0.0), 1.0))
    assert made.weights(0)["incumbent"] == 0


def test_a_run_uses_all_three() -> None:
    player = Player(algorithms.priorband(Space(), seed=1), lambda t: abs(float(t.config["x"]) - 0.7))
    player.play(300)
    by_rung: dict[int, Counter[str]] = {}
    for t in player.trials:
        if t.previous is None:
            by_rung.setdefault(int(t.note["rung"]), Counter())[str(t.note["sampler"])] += 1
    assert player.trials[0].note["sampler"] == "prior mode"
    assert player.trials[0].config == {"x": 0.2, "y": 0.5, "kind": "b"}
    assert all({"uniform", "prior", "incumbent"} >= set(c) - {"prior mode"} for c in by_rung.values())
    assert by_rung[0]["incumbent"] > 10
    low, high = (by_rung[r]["uniform"] / by_rung[r].total() for r in (0, 2))
    assert high < low


def test_without_priors_it_warns_and_draws_uniformly(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(logging.getLogger("neps_cs"), "warning", lambda text, *rest: said.append(text % rest))
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0.0, 1.0), "e": neps.IntegerFidelity(1, 9)})
    first = algorithms.priorband(space).ask(1)
    assert said == ["priorband in a space without priors draws uniformly in place of the prior"]
    assert first.note["sampler"] in ("uniform", "prior")
    algorithms.priorband(Space())
    assert len(said) == 1


def test_when_the_incumbent_begins_is_an_argument() -> None:
    def first(after: Any) -> int:
        optimizer = algorithms.priorband(Space(), seed=1, incumbent_after=after)
        trials = Player(optimizer, lambda t: abs(float(t.config["x"]) - 0.7)).play(40)
        return min(t.id for t in trials if t.note.get("sampler") == "incumbent")

    assert 3 < first("rung") <= 9
    assert first("bracket") > 13
    with pytest.raises(neps.RunError, match="incumbent_after must be one of 'rung', 'bracket'"):
        algorithms.priorband(Space(), incumbent_after="always")


def test_it_beats_hyperband_where_the_prior_is_good() -> None:
    """The least objective after 60 trials, a mean over 12 seeds: the optimum lies where the prior says."""

    def regret(name: str, seed: int) -> float:
        optimizer = getattr(algorithms, name)(Space(), seed=seed)
        player = Player(
            optimizer, lambda t: abs(float(t.config["x"]) - 0.25) + (t.config["kind"] != "b")
        )  # fmt: skip
        return min(player.objective(t) for t in player.play(60))

    means = {n: np.mean([regret(n, s) for s in range(12)]) for n in ("priorband", "hyperband")}
    assert means["priorband"] < means["hyperband"] / 2


def test_the_prior_law_is_the_one_that_is_drawn() -> None:
    """The density of a config under the priors is that of `prior`'s draws: shares of cells by both."""
    space = neps.PipelineSpace.from_attributes({"n": neps.Integer(1, 20, prior=5, prior_confidence="medium")})
    rng = np.random.default_rng(0)
    counts = Counter(space.sample_by(prior(rng))[0]["n"] for _ in range(2000))
    for n in (3, 5, 8):
        p = math.exp(log_prior(space.resolver, {"n": n})) / 20
        assert abs(counts[n] - 2000 * p) < 5 * math.sqrt(2000 * p)


def test_started_trials_count_for_nothing() -> None:
    made = sampler()
    proposal = algorithms.priorband(Space()).ask(1)
    assert proposal is not None
    made.observe(started(proposal, 1))
    assert made.weights(0) == sampler().weights(0)


def test_a_run_without_priors_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    space = neps.PipelineSpace.from_attributes({"x": neps.Float(0, 1), "e": neps.IntegerFidelity(1, 9)})
    neps.run(
        lambda x, e: x, space, optimizer="priorband", root_directory=tmp_path, total_evaluations_to_spend=2
    )
    said = "priorband in a space without priors draws uniformly in place of the prior"
    assert [r.message for r in caplog.records].count(said) == 1
