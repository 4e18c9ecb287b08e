"""`optimizer="smac"`: SMAC proposes, our run loop evaluates, stores and resumes.

SMAC plans in batches: its model is trained, and the best few candidates of its acquisition function are
proposed one after the other. Here a batch is a function of the events before its first trial and of the
seed, so nothing but the events needs to be kept, and a run that is resumed goes on as it would have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neps_cs.errors import ConfigError, Problem, RunError
from neps_cs.optimizers.arguments import read_among, read_count, read_seed, read_space
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.optimizers.draws import UNIFORM, Draw, Known, drawing, generator, loss
from neps_cs.optimizers.elsewhere import missing
from neps_cs.optimizers.multi_fidelity import MultiFidelity
from neps_cs.optimizers.rungs import Rungs, hyperband_layouts, read_rungs
from neps_cs.optimizers.schedules import SynchronousSchedule
from neps_cs.resolving.sites import NumberSite
from neps_cs.resolving.walk import Config
from neps_cs.sampling.replay import replay
from neps_cs.space import PipelineSpace
from neps_cs.trials import State, Trial
from neps_cs_converters.configspace import Translation, to_configspace
from neps_cs_converters.smac.scenario import check_priors
from neps_cs_converters.smac.selection import PARTS, Selection, Told

if TYPE_CHECKING:
    from ConfigSpace import Configuration

Priors = Literal["warped", "drop", "native"]
NAME = "smac"
MULTI_FIDELITY, BLACK_BOX, HYPERPARAMETER, RANDOM = "multi_fidelity", "black_box", "hyperparameter", "random"
HYPERBAND = "hyperband"
FACADES: Mapping[str, str] = {
    MULTI_FIDELITY: "MultiFidelityFacade",
    BLACK_BOX: "BlackBoxFacade",
    HYPERPARAMETER: "HyperparameterOptimizationFacade",
    "algorithm_configuration": "AlgorithmConfigurationFacade",
    RANDOM: "RandomFacade",
    HYPERBAND: "HyperbandFacade",
}
MAX_BLACK_BOX, MAX_BLACK_BOX_TRIALS = 10, 200
"""A Gaussian process is chosen for so many numbers and trials at most: its cost grows with the cube of
these."""
_DECIDED = (
    "configspace", "seed", "deterministic", "min_budget", "max_budget", "n_workers", "output_directory",
    "name", "objectives", "instances", "instance_features", "walltime_limit", "cputime_limit",
    "trial_walltime_limit", "trial_memory_limit", "termination_cost_threshold", "adaptive_capping",
    "adaptive_capping_slackfactor", "runtime_cutoff", "crash_cost", "target_function", "intensifier",
    "multi_objective_algorithm", "runhistory_encoder", "logging_level", "callbacks", "overwrite",
    "dask_client",
)  # fmt: skip
"""Arguments of SMAC's Scenario and facades."""


def smac(
    space: PipelineSpace,
    *,
    seed: int = 0,
    facade: str = "auto",
    max_depth: int | None = None,
    priors: Priors = "warped",
    n_trials: int = 100,
    retrain_after: int | None = None,
    eta: int = 3,
    **arguments: Any,
) -> Optimizer:
    """SMAC (Lindauer et al. 2022) over the translation of a space.

    Args:
        space: what to search.
        seed: an integer >= 0.
        facade: "multi_fidelity" (random forest, Hyperband), "hyperparameter" (random forest), "black_box"
            (Gaussian process), "algorithm_configuration" (random forest, half of the proposals random),
            "random", "hyperband" (random, Hyperband), or SMAC's class, or its name. "auto": the first where
            the space has one fidelity with room for two rungs, "black_box" where it has 10 or fewer
            decisions, all of them numbers and unconditional, and n_trials <= 200, else "hyperparameter".
        max_depth: bound on recursion, as in `to_configspace`; a recursive space needs it.
        priors: as in `to_configspace`. Warped, so that the initial design and the model follow them.
        n_trials: how many trials there will be, about; the initial design is at most a quarter.
        retrain_after: so many proposals come of one trained model. None: as the facade has it, 8, or
            1 of a black box.
        eta: of the brackets, as in `hyperband`.
        arguments: mappings of keyword arguments for the facade's functions `get_model`,
            `get_acquisition_function`, `get_acquisition_maximizer`, `get_initial_design`,
            `get_random_design`, `get_config_selector`, by the name without `get_`; anything else goes
            to Scenario. All of them such as JSON has: they are kept with the run.

    The fidelities are those of `neps_cs.optimizers.rungs`: a whole number is rounded, halves up, and what
    falls together is one. Without brackets, fidelities are full.

    Raises RunError where smac is not installed and for arguments that it does not take, ConversionError
    for a space that can't be translated, or with native priors that SMAC can't take.
    """
    checked = read_space(space, NAME)
    try:
        import smac as package
    except ImportError as e:
        raise missing(NAME, e) from e
    entropy, count = read_seed(seed, NAME), read_count("n_trials", n_trials, 1, NAME)
    read_count("eta", eta, 2, NAME)
    translation = to_configspace(
        checked, max_depth=max_depth, priors=read_among("priors", priors, ("warped", "drop", "native"), NAME)
    )
    check_priors(translation)
    kind = _chosen(translation, eta, count) if facade == "auto" else _kind(facade)
    parts, scenario = _split(arguments)
    made = getattr(package, FACADES[kind])
    if kind == MULTI_FIDELITY:  # the initial design of that one ignores priors, and can't copy every clause
        made = _with_sobol(package)
    scenario = {"deterministic": True, "n_trials": count, **scenario}
    after = 1 if kind == BLACK_BOX else 8
    if retrain_after is not None:
        after = read_count("retrain_after", retrain_after, 1, NAME)
    in_brackets = kind in (MULTI_FIDELITY, HYPERBAND)
    rungs = read_rungs(checked, eta, NAME) if in_brackets else None
    if rungs is not None:
        scenario |= {"min_budget": rungs.values[0], "max_budget": rungs.values[-1]}
    selection = Selection(NAME, made, translation.configspace, parts, scenario)
    sampler = SmacSampler(translation, selection, entropy, after, in_brackets)
    info = {
        "facade": facade if facade == "auto" else kind, "max_depth": max_depth, "priors": priors,
        "n_trials": count, "retrain_after": retrain_after, "eta": eta, **arguments,
    }  # fmt: skip
    if rungs is None:
        return SmacSearch(info, checked, sampler, entropy, max_depth)
    return MultiFidelity(
        NAME, info, checked, seed=entropy, rungs=rungs, sampler=sampler, prior_first=False,
        schedule=SynchronousSchedule(hyperband_layouts(rungs.top, rungs.eta)), max_depth=max_depth,
    )  # fmt: skip


def _chosen(translation: Translation, eta: int, n_trials: int) -> str:
    sidecar = translation.sidecar
    try:
        rungs: Rungs | None = read_rungs(sidecar.space, eta, NAME)
    except RunError:
        rungs = None
    if rungs is not None and rungs.top > 0:
        return MULTI_FIDELITY
    free = not translation.configspace.conditional_hyperparameters and all(
        isinstance(entry.site, NumberSite) for entry in sidecar.entries
    )
    few = 0 < len(sidecar.entries) <= MAX_BLACK_BOX and n_trials <= MAX_BLACK_BOX_TRIALS
    return BLACK_BOX if free and few else HYPERPARAMETER


def _kind(facade: object) -> str:
    by_class = {name: kind for kind, name in FACADES.items()}
    name = facade.__name__ if isinstance(facade, type) else facade
    found = by_class.get(str(name), str(name))
    return read_among("facade", found, ("auto", *FACADES), NAME)


def _with_sobol(package: Any) -> Any:
    class MultiFidelityFacade(package.MultiFidelityFacade):  # type: ignore[misc]
        """SMAC's, with the Sobol design of its base class."""

        get_initial_design = staticmethod(package.HyperparameterOptimizationFacade.get_initial_design)

    return MultiFidelityFacade


def _split(arguments: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], dict[str, Any]]:
    """Those of the facade's parts, and those of the Scenario. Raises RunError with all that can't be."""
    parts = {n: arguments[n] for n in PARTS if n in arguments}
    problems = [p for name, value in arguments.items() for p in _misfits(name, value)]
    if problems:
        raise RunError(problems)
    return parts, {n: v for n, v in arguments.items() if n not in PARTS}


def _misfits(name: str, value: object) -> Iterator[Problem]:
    if name in _DECIDED:
        yield Problem("the run decides this, not SMAC", f"{name}={value!r}", NAME)
        return
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as e:
        yield Problem("arguments must be JSON: they are kept with the run", f"{name}: {e}", NAME)
    if name not in PARTS:
        return
    if not isinstance(value, Mapping):
        yield Problem(f"{name} must be a mapping of keyword arguments", repr(value), NAME)
        return
    for key, number in value.items():
        if (name, key) == ("config_selector", "retrain_after"):
            yield Problem("retrain_after is an argument of its own", "one of config_selector", NAME)
        elif isinstance(number, int) and number < 0:  # SMAC takes some for the end of a slice, and goes on
            yield Problem(f"{key} >= 0 must hold", f"{key}={number}", f"{NAME}.{name}")


class SmacSampler:
    """Draws from SMAC: its initial design, then batches. A `Sampler` for brackets, too."""

    def __init__(
        self, translation: Translation, selection: Selection, seed: int, retrain_after: int, budgets: bool
    ) -> None:
        self._sidecar, self._selection, self._seed = translation.sidecar, selection, seed
        self._after, self._budgets = retrain_after, budgets
        self._has_rows = len(translation.configspace) > 0
        self._initial: list[Config] = []
        if self._has_rows:
            selection.check(self._seed_of(0))
            self._initial = list(self._configs(selection.initial(self._seed_of(0))))
        self._known: set[int] = set()
        self._told: list[tuple[int, Told]] = []
        self._n_new, self._start = 0, 0
        self._batch: tuple[tuple[int, int], list[Config]] | None = None

    def _seed_of(self, batch: int) -> int:
        """SMAC's seeds are 32 bits wide."""
        return int(np.random.SeedSequence(self._seed, spawn_key=(batch,)).generate_state(1)[0]) >> 1

    def observe(self, trial: Trial) -> None:
        """A batch begins with the first of its new configs: what was told before is what its model knows."""
        if trial.state is State.RUNNING and trial.previous is None and trial.id not in self._known:
            if self._position % self._after == 0:
                self._start = len(self._told)
            self._n_new += 1
        if trial.state is not State.RUNNING and not trial.state.ended:
            return
        self._known.add(trial.id)
        told = self._telling(trial)
        if told is not None:
            self._told.append((trial.id, told))

    @property
    def _position(self) -> int:
        """How many new configs came after the initial design."""
        return max(0, self._n_new - len(self._initial))

    def _telling(self, trial: Trial) -> Told | None:
        if not self._has_rows:
            return None
        try:
            configuration = self._sidecar.to_configuration(trial.config)
        except ConfigError:
            return None  # a config from elsewhere, deeper than max_depth: SMAC can't be told
        budget = None
        if self._budgets:
            budget = float(next(iter(trial.fidelities.values())))
        return Told(configuration, budget, _cost(trial))

    def choose(self, rng: np.random.Generator, rung: int) -> tuple[str, Draw]:
        """See `neps_cs.optimizers.samplers.Sampler`."""
        candidates = self._candidates()
        return NAME, lambda: next(candidates, None)

    def _candidates(self) -> Iterator[Config]:
        if self._n_new < len(self._initial):
            yield from self._initial[self._n_new :]
        if self._has_rows:
            yield from self._planned()

    def _planned(self) -> list[Config]:
        """What the batch proposes, whose first trial started after `_start` events, or starts now."""
        index, within = divmod(self._position, self._after)
        start = self._start if within else len(self._told)
        key = index, start
        if self._batch is None or self._batch[0] != key:
            latest = dict(self._told[:start])
            configurations = self._selection.batch(latest.values(), self._after, self._seed_of(index + 1))
            self._batch = key, list(self._configs(configurations))
        return self._batch[1]

    def _configs(self, configurations: list[Configuration]) -> Iterator[Config]:
        for configuration in configurations:
            try:
                config = self._sidecar.from_configuration(configuration)
                # in the order in which the space records it: the hyperparameters have one of their own
                yield replay(self._sidecar.resolver, config, build=False).config
            except ConfigError:
                continue  # forbidden by a clause that ConfigSpace can't say: see the translation's losses


def _cost(trial: Trial) -> float | None:
    if trial.state is State.RUNNING:
        return None
    if trial.report is not None and trial.report.objective is not None and trial.state is State.CRASHED:
        return trial.report.objective  # objective_value_on_error
    return loss(trial)


class SmacSearch:
    """SMAC without brackets: each config once, at full fidelity."""

    name = NAME

    def __init__(
        self,
        info: Mapping[str, Any],
        space: PipelineSpace,
        sampler: SmacSampler,
        seed: int,
        max_depth: int | None,
    ) -> None:
        self.info, self.space = info, space
        self._sampler, self._seed, self._max_depth = sampler, seed, max_depth
        self._known = Known(space, max_depth)
        self._full = {n: r.upper for n, r in space.resolver.fidelities.items()}

    def observe(self, trial: Trial) -> None:
        """See `neps_cs.optimizers.base.Optimizer`."""
        self._known.add(trial.config)
        self._sampler.observe(trial)

    def ask(self, trial_id: int) -> Proposal | None:
        """The next config of SMAC's that no trial had; a uniform one where it has none, and None once the
        space is exhausted."""
        rng = generator(self._seed, trial_id)
        name, draw = self._sampler.choose(rng, 0)
        uniform = drawing(self.space.resolver, rng, use_priors=False, max_depth=self._max_depth)
        found = self._known.novel({name: draw, UNIFORM: uniform})
        return None if found is None else Proposal(found[0], dict(self._full), note={"sampler": found[1]})
