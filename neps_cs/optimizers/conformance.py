"""What every optimizer must do, as checks that a third party runs on its own.

    class TestMine(OptimizerConformance):
        def make(self, space, seed):
            return Mine(space, seed=seed)

pytest runs the checks as they are; nothing here needs it: each `test_` method raises AssertionError
with the rule, the values and the place, or returns. An optimizer for certain spaces only overrides `spaces`;
one that needs a fidelity returns `spaces_with_fidelity()` there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache

from neps_cs.conditions import And, Equals, Greater
from neps_cs.counting.configs import size
from neps_cs.errors import ConfigError, Problem, SpaceError
from neps_cs.fidelities import FloatFidelity, IntegerFidelity
from neps_cs.forbidden import Relation
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.optimizers.draws import config_key
from neps_cs.optimizers.playing import Objective, Player, ended, replayed, seeded_objective
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.sampling.globals import global_seed, global_states
from neps_cs.sampling.replay import replay
from neps_cs.space import PipelineSpace
from neps_cs.structure import ByName, Operation, Repeated
from neps_cs.trials import State, Trial

N_TRIALS = 32
"""Enough for a bracket of 27 and more."""
N_AHEAD = 2
_OTHER = 1_000


class OptimizerConformance:
    """Subclass it and define `make(space, seed)`: it gives the optimizer, made anew for each call."""

    ends_early = False
    """Whether it proposes some configs of an infinite space only, as a grid does."""
    n_trials = N_TRIALS
    """How many trials are played at a time; fewer for an optimizer that takes its time."""

    def make(self, space: PipelineSpace, seed: int) -> Optimizer:
        """The optimizer to check. Raises NotImplementedError until it is defined."""
        raise NotImplementedError("define make(space, seed)")

    def remake(self, name: str, info: Mapping[str, object], space: PipelineSpace, seed: int) -> Optimizer:
        """The optimizer that its `name` and `info` stand for; `make(space, seed)` unless overridden."""
        return self.make(space, seed)

    def spaces(self) -> Mapping[str, PipelineSpace]:
        """The spaces to check it on by name: flat, conditional, constrained, structural, recursive, finite,
        with and without a fidelity."""
        return {**spaces_without_fidelity(), **spaces_with_fidelity()}

    def test_proposals_are_legal(self) -> None:
        """A config fits its space, types included, and no clause forbids it; each fidelity has a value
        within its bounds, an int where it is whole."""
        for name, space in self.spaces().items():
            for proposal in _proposals(self._played(space, workers=1)):
                _check_legal(space, proposal, name)

    def test_the_same_seed_gives_the_same(self) -> None:
        """Two optimizers of one seed that observe the same propose the same."""
        for name, space in self.spaces().items():
            one, other = (_shown(self._played(space, workers=4)) for _ in range(2))
            if one != other:
                raise _broken("the same seed must give the same proposals", _difference(one, other), name)

    def test_asking_changes_nothing(self) -> None:
        """The same id after the same events gives the same proposal, whatever was asked for in between,
        before something started or ended."""
        for name, space in self.spaces().items():
            events = self._played(space, workers=2).events
            quiet, asked = self.make(space, 0), self.make(space, 0)
            for event in events:
                if event.state is State.RUNNING:
                    first = asked.ask(event.id)
                    for other in range(1, N_AHEAD + 1):
                        asked.ask(event.id + other * _OTHER)
                    again, unasked = asked.ask(event.id), quiet.ask(event.id)
                    if repr(first) != repr(again) or repr(first) != repr(unasked):
                        rule = f"ask({event.id}) must not change what is proposed"
                        raise _broken(rule, f"{first}, then {again}; {unasked} if not asked before", name)
                else:  # what starts nothing, before something ends
                    asked.ask(event.id + _OTHER)
                quiet.observe(event)
                asked.observe(event)

    def test_a_run_that_is_resumed_goes_on_as_it_would_have(self) -> None:
        """An optimizer that is made anew and observes the events so far proposes what the first one did."""
        for name, space in self.spaces().items():
            events = self._played(space, workers=3).events
            for cut in sorted({0, 1, len(events) // 3, len(events) // 2, max(0, len(events) - 2)}):
                resumed = replayed(self.make(space, 0), events[:cut])
                for event in events[cut:]:
                    if event.state is State.RUNNING:
                        got = resumed.ask(event.id)
                        if got is None or repr(got) != repr(_proposal(event)):
                            rule = f"a run resumed after {cut} events must go on as it would have"
                            raise _broken(rule, f"{got} in place of {_proposal(event)}", name)
                    resumed.observe(event)

    def test_no_config_comes_twice(self) -> None:
        """A new proposal, one that continues nothing, differs from all before, in its config or its fidelity,
        as long as the space has another config."""
        for name, space in self.spaces().items():
            for workers in (1, 4):
                _check_new(space, self._played(space, workers=workers), name)

    def test_crashed_trials_are_taken(self) -> None:
        """Every third trial crashes, and all do: proposals go on, and are legal."""
        for name, space in self.spaces().items():
            for every in (3, 1):
                player = self._played(space, workers=2, objective=_crashing(every))
                for proposal in _proposals(player):
                    _check_legal(space, proposal, name)
                if not player.trials:
                    raise _broken("crashed trials must not end a run at once", "no proposal", name)

    def test_trials_may_run_side_by_side(self) -> None:
        """Four run at once and end in any order: while a config is left, no worker is left without one."""
        for name, space in self.spaces().items():
            for seed in range(2):
                player = self._played(space, workers=4, seed=seed)
                for proposal in _proposals(player):
                    _check_legal(space, proposal, name)
                if len(player.trials) < self.n_trials and not self.ends_early and size_of(space) == math.inf:
                    got = f"None after {len(player.trials)} trials"
                    raise _broken("a space without end must not be exhausted", got, name)

    def test_what_is_continued_has_ended(self) -> None:
        """`previous` is a trial that ended, with the same config, at a lower fidelity, continued once."""
        for name, space in self.spaces().items():
            player = self._played(space, workers=4)
            known: dict[int, Trial] = {}
            continued: set[int] = set()
            for event in player.events:
                if event.state is State.RUNNING and event.previous is not None:
                    _check_continued(event, known, continued, name)
                    continued.add(event.previous)
                known[event.id] = event

    def test_trials_from_elsewhere_are_taken(self) -> None:
        """A trial that is only observed as ended, as imported ones are, is no reason to fail; its config
        does not come again."""
        for name, space in self.spaces().items():
            noise = seeded_objective(2)
            first = [e for e in self._played(space, workers=1, n=5).trials if e.previous is None]
            imported = [
                ended(Trial(i, t.config, t.fidelities, State.RUNNING, "elsewhere", 0.0), noise(t))
                for i, t in enumerate(first, start=1)
            ]
            player = Player(self.make(space, 1), seeded_objective(0), events=imported)
            player.play(len(imported) + 20)
            held = {_key(t) for t in imported}
            new = [t for t in player.trials[len(imported) :] if t.previous is None]
            again = [t.id for t in new if _key(t) in held]
            if again and not self.ends_early and size_of(space) > len(held) + len(new):
                raise _broken("an imported config must not come again", f"it came as trial {again[0]}", name)
            for proposal in _proposals(player):
                _check_legal(space, proposal, name)

    def test_global_random_state_is_left_alone(self) -> None:
        """`random` and `numpy.random` are neither read nor written. Their state is put back at the end."""
        for name, space in self.spaces().items():
            found = []
            for seed in (1, 2):
                with global_seed(seed):
                    before = global_states()
                    found.append(_shown(self._played(space, workers=2)))
                    used = [module for module, state in global_states().items() if state != before[module]]
                if used:
                    got = f"a use of the global state of {used[0]}"
                    raise _broken("an optimizer must draw from its seed", got, name)
            if found[0] != found[1]:
                rule = "the global random state must decide nothing"
                raise _broken(rule, _difference(*found), name)

    def test_info_is_json_and_makes_it_again(self) -> None:
        """`info` survives JSON; the optimizer that is made of it proposes the same."""
        for name, space in self.spaces().items():
            optimizer = self.make(space, 0)
            try:
                info = json.loads(json.dumps(dict(optimizer.info), allow_nan=False))
            except (TypeError, ValueError) as e:
                raise _broken("info must be JSON", str(e), name) from e
            if info != dict(optimizer.info):
                raise _broken("info must survive JSON", f"{info} of {dict(optimizer.info)}", name)
            again = self.remake(optimizer.name, info, space, 0)
            if (again.name, dict(again.info)) != (optimizer.name, info):
                raise _broken("name and info must stay", f"{again.name}, {dict(again.info)}", name)
            one, other = (_shown(_play(o, workers=2, n=self.n_trials)) for o in (optimizer, again))
            if one != other:
                rule = "what is made of name and info must propose the same"
                raise _broken(rule, _difference(one, other), name)

    def _played(
        self,
        space: PipelineSpace,
        *,
        workers: int,
        seed: int = 0,
        objective: Objective | None = None,
        n: int | None = None,
    ) -> Player:
        n = self.n_trials if n is None else n
        return _play(self.make(space, 0), workers=workers, seed=seed, objective=objective, n=n)


def _play(
    optimizer: Optimizer,
    *,
    workers: int,
    seed: int = 0,
    objective: Objective | None = None,
    n: int,
) -> Player:
    player = Player(optimizer, objective or seeded_objective(0), workers, seed)
    player.play(n)
    return player


def _proposal(trial: Trial) -> Proposal:
    return Proposal(trial.config, trial.fidelities, trial.previous, trial.note)


def _proposals(player: Player) -> Iterator[Proposal]:
    return (_proposal(e) for e in player.events if e.state is State.RUNNING)


def _crashing(every: int) -> Objective:
    noise = seeded_objective(1)
    return lambda trial: None if trial.id % every == 0 else noise(trial)


def _shown(player: Player) -> list[str]:
    return [f"{e.id} {e.state.value} {_proposal(e)}" for e in player.events]


def _difference(one: list[str], other: list[str]) -> str:
    both = zip([*one, "no more"], [*other, "no more"], strict=False)
    return next((f"{a} and {b}" for a, b in both if a != b), "")


def _key(trial: Trial) -> object:
    return config_key(trial.config), tuple(sorted(trial.fidelities.items()))


def _check_legal(space: PipelineSpace, proposal: Proposal, name: str) -> None:
    try:
        again = replay(space.resolver, proposal.config, proposal.fidelities, build=False)
    except ConfigError as e:
        raise _broken("a proposal must be legal", str(e), name) from e
    if repr(again.config) != repr(dict(proposal.config)):
        rule = "a config must be as the space records it"
        raise _broken(rule, f"{dict(proposal.config)} in place of {again.config}", name)
    if repr(dict(again.fidelities)) != repr(dict(proposal.fidelities)):
        rule = "every fidelity must have a value of its type"
        raise _broken(rule, f"{dict(proposal.fidelities)} in place of {dict(again.fidelities)}", name)
    try:
        json.dumps(dict(proposal.note), allow_nan=False)
    except (TypeError, ValueError) as e:
        raise _broken("a note must be JSON", str(e), name) from e


def _check_new(space: PipelineSpace, player: Player, name: str) -> None:
    seen: dict[object, int] = {}
    configs: set[object] = set()
    total = size_of(space)
    for event in player.events:
        if event.state is not State.RUNNING or event.previous is not None:
            continue
        if _key(event) in seen and len(configs) < total:
            rule = f"no config must come twice while there are others ({len(configs)} of {total} came)"
            raise _broken(rule, f"trial {event.id} as trial {seen[_key(event)]}: {event.config}", name)
        seen.setdefault(_key(event), event.id)
        configs.add(config_key(event.config))


def _check_continued(event: Trial, known: Mapping[int, Trial], continued: set[int], name: str) -> None:
    assert event.previous is not None, "asked for"
    before = known.get(event.previous)
    if before is None or not before.state.ended:
        got = f"trial {event.id} continues trial {event.previous}, which has not ended"
        raise _broken("only trials that ended can be continued", got, name)
    if event.previous in continued:
        raise _broken("a trial must be continued once at most", f"trial {event.previous} again", name)
    if repr(dict(before.config)) != repr(dict(event.config)):
        got = f"{dict(event.config)}, continued from {dict(before.config)}"
        raise _broken("what is continued must keep its config", got, name)
    higher = [event.fidelities[n] - before.fidelities[n] for n in event.fidelities]
    if not higher or min(higher) < 0 or max(higher) <= 0:
        got = f"{dict(event.fidelities)} after {dict(before.fidelities)}"
        raise _broken("a trial must be continued at a higher fidelity", got, name)


def size_of(space: PipelineSpace) -> float:
    """How many configs a space has; infinite where that can't be counted."""
    try:
        return size(space)
    except SpaceError:
        return math.inf


def _broken(rule: str, got: str, place: str) -> AssertionError:
    return AssertionError(str(Problem(rule, got, place)))


@cache
def spaces_without_fidelity() -> Mapping[str, PipelineSpace]:
    """A space of each kind that has no fidelity."""
    made = PipelineSpace.from_attributes
    layer = Categorical(("id", Operation("conv", (Integer(1, 9).resample(),), {"k": Ordinal((3, 5))})))
    again = ByName("tree").resample()
    node = Operation("node", (again, again, Float(0, 1).resample())).resample()
    return {
        "flat": made({
            "x": Float(-1.0, 3.0, prior=0.5), "rate": Float(1e-4, 1, log=True), "n": Integer(1, 10**20),
            "choice": Categorical((None, True, 1, 1.0, "a"), prior=2), "step": Float(0, 1, step=0.25),
        }),
        "conditional": made(
            {"kind": Categorical(("a", "b")), "x": Float(0, 1), "n": Integer(1, 50), "deep": Float(0, 1)},
            conditions={"x": Equals("kind", "a"), "deep": And((Equals("kind", "a"), Greater("x", 0.5)))},
        ),
        "forbidden": made(
            {"a": Integer(1, 20), "b": Integer(1, 20), "c": Float(0, 1), "d": Categorical(("u", "v"))},
            forbidden=(Relation("a", ">", "b"), And((Equals("d", "v"), Equals("a", 1)))),
        ),
        "structural": made({"net": Operation("net", Repeated(Integer(1, 3), layer.resample()))}),
        "recursive": made({"tree": Categorical((node, Float(0, 1).resample(), "end"))}),
        "finite": made({"a": Integer(1, 3), "b": Categorical(("u", "v", "w"))}),
        "one": made({"x": Categorical(("only",)), "y": 3}),
    }  # fmt: skip


@cache
def spaces_with_fidelity() -> Mapping[str, PipelineSpace]:
    """The same with a fidelity: whole, real, on a log scale, and one too narrow for two rungs."""
    fidelities = (
        IntegerFidelity(1, 27), FloatFidelity(0.1, 1.0), IntegerFidelity(2, 81, log=True),
        FloatFidelity(1e-3, 1.0, log=True), IntegerFidelity(1, 9), IntegerFidelity(5, 7),
        IntegerFidelity(1, 9),
    )  # fmt: skip
    without = spaces_without_fidelity()
    return {
        f"{name}, {fidelity!r}": space.add(fidelity, "budget")
        for (name, space), fidelity in zip(without.items(), fidelities, strict=True)
    }
