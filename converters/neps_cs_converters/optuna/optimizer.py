"""`optimizer="optuna"`: any sampler of Optuna's proposes, our run loop evaluates, stores and resumes."""

from __future__ import annotations

import copy
import inspect
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from neps_cs.errors import ConfigError, NepsCsError, Problem, RunError, call_text, meant
from neps_cs.optimizers.arguments import read_seed, read_space
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.optimizers.draws import UNIFORM, ConfigKey, Known, config_key, drawing, generator, loss
from neps_cs.optimizers.elsewhere import missing
from neps_cs.resolving.walk import MAX_DEPTH, Config
from neps_cs.sampling.draw import checked_flag
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial
from neps_cs_converters.asking import Asked, PeerOptimizer
from neps_cs_converters.optuna.suggesting import answers, asked, depth_of, is_exhaustive, too_many

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial as OptunaTrial

NAME = "optuna"
ATTEMPTS = 20
"""So often Optuna is asked for a config that is legal and that no trial had; then it is drawn uniformly."""
PARTIAL_ATTEMPTS = 100
"""So often where some decisions are fixed: no draw of ours keeps to that, and the run ends."""


def optuna(
    space: PipelineSpace,
    *,
    seed: int = 0,
    sampler: str | type[BaseSampler] | BaseSampler = "tpe",
    sampler_arguments: Mapping[str, Any] | None = None,
    use_priors: bool = True,
    max_depth: int | None = None,
) -> Optimizer:
    """A sampler of Optuna's (Akiba et al. 2019), asked by `suggest`. Fidelities are full.

    Args:
        space: what to search.
        seed: an integer >= 0; the sampler gets it, if it takes one.
        sampler: a name ("tpe", "random", "gp", "cmaes", "nsgaii", "qmc", …: the class without "Sampler"), a
            class, or a sampler that is made, which has its own seed: give it one.
        sampler_arguments: keyword arguments of the class.
        use_priors, max_depth: as in `suggest`.

    A combination that is forbidden is told as pruned, one that a trial had with that trial's result, and
    another one is asked for, 20 times; then a uniform draw stands in. A sampler that visits all there is
    (grid, brute force) is asked until it ends, and the run ends with it; so it does where
    PartialFixedSampler proposes nothing new 100 times.

    Raises RunError where optuna is not installed, for a sampler or arguments that it does not know, for a
    recursive space without max_depth where all there is must be visited, and for whatever a sampler raises.
    """
    checked = read_space(space, NAME)
    try:
        import optuna as package
    except ImportError as e:
        raise missing(NAME, e) from e
    entropy = read_seed(seed, NAME)
    given = _read_arguments(sampler_arguments)
    if isinstance(sampler, package.samplers.BaseSampler):
        if given:
            raise RunError(Problem("a sampler that is made has its arguments", repr(given), NAME))
        name, pristine = f"a {type(sampler).__name__}", _copied(sampler)
    else:
        kind = _sampler_class(package, sampler)
        name, pristine = kind.__name__, _copied(_made(kind, given, entropy))
    depth_of(max_depth, checked, is_exhaustive(pristine), NAME)
    info = {
        "sampler": name, "sampler_arguments": given,
        "use_priors": checked_flag("use_priors", use_priors, NAME), "max_depth": max_depth,
    }  # fmt: skip
    return PeerOptimizer(
        NAME, info, checked, lambda: _Study(checked, copy.deepcopy(pristine), entropy, use_priors, max_depth)
    )


def _read_arguments(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if given is not None and not (isinstance(given, Mapping) and all(isinstance(k, str) for k in given)):
        rule = "sampler_arguments must be a mapping of keyword arguments"
        raise RunError(Problem(rule, repr(given), NAME))
    return dict(given or {})


def _copied(sampler: BaseSampler) -> BaseSampler:
    """A sampler has a state: each run starts with a copy."""
    try:
        return copy.deepcopy(sampler)
    except Exception as e:  # whatever the parts of a sampler do when they are copied
        rule = "a sampler must be one that copy.deepcopy copies"
        got = f"a {type(sampler).__name__}: {type(e).__name__}: {e}"
        raise RunError(Problem(rule, got, NAME)) from e


def _sampler_class(package: Any, sampler: object) -> Any:
    if isinstance(sampler, type) and issubclass(sampler, package.samplers.BaseSampler):
        return sampler
    known = {n.lower(): n for n in package.samplers.__all__ if n.endswith("Sampler") and "Base" not in n}
    name = str(sampler).lower()
    found = known.get(name) or known.get(f"{name}sampler")
    if not isinstance(sampler, str) or found is None:
        names = [n.removesuffix("sampler") for n in known]
        rule = f"sampler must be one of {', '.join(names)}, or a sampler"
        raise RunError(Problem(rule, f"{sampler!r}{meant(name, names)}", NAME))
    return getattr(package.samplers, found)


def _made(kind: Any, given: Mapping[str, Any], seed: int) -> BaseSampler:
    takes_seed = "seed" in inspect.signature(kind).parameters
    seeded = {"seed": seed % 2**32, **given} if takes_seed else dict(given)
    try:
        with _quiet():
            sampler: BaseSampler = kind(**seeded)
    except (TypeError, ValueError, ImportError) as e:
        raise RunError(
            Problem(f"{kind.__name__} must take the arguments given", call_text(e, kind), NAME)
        ) from e
    return sampler


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's lines about a study in memory, and its warnings of what is experimental."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


class _Study:
    """A study in memory: see `neps_cs_converters.asking.Peer`."""

    def __init__(
        self,
        space: PipelineSpace,
        sampler: BaseSampler,
        seed: int,
        use_priors: bool,
        max_depth: int | None,
    ) -> None:
        import optuna

        self._space, self._seed = space, seed
        self._is_exhaustive, self._has_ended = is_exhaustive(sampler), False
        self._is_partial = isinstance(sampler, optuna.samplers.PartialFixedSampler)
        self._use_priors = use_priors and not self._is_exhaustive
        self._depth = MAX_DEPTH if max_depth is None else max_depth
        with _quiet():
            self._study = optuna.create_study(sampler=sampler)
        self._known = Known(space, max_depth)
        self._results: dict[ConfigKey, float] = {}
        self._full = {n: r.upper for n, r in space.resolver.fidelities.items()}

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        """Whatever a sampler raises is told as one error of ours."""
        kind = type(self._study.sampler).__name__
        try:
            with _quiet():
                yield
        except NepsCsError:
            raise
        except ImportError as e:  # samplers import what they need when they are asked
            raise RunError(Problem(f"{kind} must be installed with all it needs", str(e), NAME)) from e
        except RecursionError as e:
            raise too_many(f"{kind}: {e}", NAME) from e
        except Exception as e:
            rule = f"{kind} must manage the decisions of {self._space.graph.name}"
            raise RunError(Problem(rule, f"{type(e).__name__}: {e}", NAME)) from e

    def ask(self, trial_id: int) -> Asked[OptunaTrial]:
        """See Peer."""
        with self._sampling():
            for _ in self._attempts():
                if self._has_ended:
                    return Asked(None)
                trial = self._study.ask()
                config = self._decided(trial)
                if config is not None:
                    return Asked(self._proposal(config, "optuna"), trial)
        if self._is_partial:
            return Asked(None)
        rng = generator(self._seed, trial_id)
        draw = drawing(self._space.resolver, rng, use_priors=False, max_depth=self._depth)
        found = self._known.novel({UNIFORM: draw})
        return Asked(None if found is None else self._proposal(*found))

    def _attempts(self) -> Iterable[int]:
        if self._is_exhaustive:  # each attempt is one of the points that are left, and past those it ends
            return count()
        return range(PARTIAL_ATTEMPTS if self._is_partial else ATTEMPTS)

    def _proposal(self, config: Config, sampler: str) -> Proposal:
        return Proposal(config, dict(self._full), note={"sampler": sampler})

    def _decided(self, trial: OptunaTrial) -> Config | None:
        """The config of a trial; None where it is told at once, forbidden or known."""
        from optuna.trial import TrialState

        resolver = self._space.resolver
        config = asked(trial, resolver, use_priors=self._use_priors, max_depth=self._depth)
        if resolver.forbidding is not None and resolver.forbidding.held(config):
            self._tell(trial, None, TrialState.PRUNED)
            return None
        if config not in self._known:
            return config
        result = self._results.get(config_key(config))
        self._tell(trial, result, TrialState.FAIL if result is None else None)
        return None

    def _tell(self, trial: OptunaTrial, value: float | None, state: Any) -> None:
        try:
            self._study.tell(trial, value, state)
        except RuntimeError as e:
            # samplers that end (grid, brute force) stop the study, which has no loop here to be stopped
            if "Study.stop" not in str(e):
                raise
            self._has_ended = True

    def start(self, trial: Trial, handle: OptunaTrial | None) -> None:
        """See Peer."""
        self._known.add(trial.config)

    def unused(self, handle: OptunaTrial) -> None:
        """See Peer."""
        from optuna.trial import TrialState

        with self._sampling():
            self._tell(handle, None, TrialState.FAIL)

    def end(self, trial: Trial, handle: OptunaTrial | None) -> None:
        """See Peer. A crashed trial has failed for Optuna, unless an objective stands for it."""
        from optuna.trial import TrialState, create_trial

        self._known.add(trial.config)
        value = _value(trial)
        if value is not None:
            self._results.setdefault(config_key(trial.config), value)
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        with self._sampling():
            if handle is not None:
                self._tell(handle, value, state)
                return
            try:
                params, distributions = answers(
                    trial.config, self._space.resolver, use_priors=self._use_priors, max_depth=self._depth
                )
                frozen = create_trial(state=state, value=value, params=params, distributions=distributions)
            except (ConfigError, ValueError):
                return  # a config from elsewhere that Optuna's distributions have no place for
            self._study.add_trial(frozen)


def _value(trial: Trial) -> float | None:
    report = trial.report
    if trial.state is State.CRASHED and report is not None and report.objective is not None:
        return report.objective
    value = loss(trial)
    return value if math.isfinite(value) else None
