"""What SMAC proposes after some trials: a function of a facade's parts, the trials, and a seed.

The parts are those of a facade (model, acquisition function, its maximizer, random design, encoder and
config selector), made anew for each batch by the facade's own `get_...` functions. The facade itself is not
made: it writes files, configures logging, and its intensifier repeats what the run loop does.
"""

from __future__ import annotations

import logging
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from neps_cs.errors import Problem, RunError, call_text

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

PARTS = (
    "model", "acquisition_function", "acquisition_maximizer", "initial_design", "random_design",
    "config_selector",
)  # fmt: skip
"""The parts of a facade whose `get_...` function takes keyword arguments."""
_BATCH_PARTS = tuple(part for part in PARTS if part != "initial_design")
_N_CHECKED = 3
"""So many made-up trials a model is trained with to see whether it takes its arguments."""
_SMAC_SEED = 0
"""SMAC's seed of a trial: evaluations are taken for deterministic."""


@dataclass(frozen=True)
class Told:
    """A trial as SMAC is told it. `cost` is None while it runs, infinite where it crashed."""

    configuration: Configuration
    budget: float | None
    cost: float | None


@dataclass(frozen=True, eq=False)
class Selection:
    """A facade's way to propose. `parts` are keyword arguments by the name of the part, `scenario` those
    of the Scenario."""

    name: str
    facade: Any
    configspace: ConfigurationSpace
    parts: Mapping[str, Mapping[str, Any]]
    scenario: Mapping[str, Any] = field(default_factory=dict)

    def initial(self, seed: int) -> list[Configuration]:
        """The initial design. Changes nothing that is seen."""
        scenario = self._scenario(seed)
        with _quiet(), self._refusing("initial_design"):
            return list(self._part("initial_design", scenario).select_configurations())

    def check(self, seed: int) -> None:
        """Make each part once, so that a wrong name of an argument is told before the run, and go through a
        batch with what has arguments of its own: SMAC looks at values when it uses them. Raises RunError."""
        scenario = self._scenario(seed)
        for part in _BATCH_PARTS:
            self._part(part, scenario)
        if any(self.parts.get(part) for part in _BATCH_PARTS):
            self.configspace.seed(seed)
            made = [self.configspace.sample_configuration() for _ in range(_N_CHECKED)]
            budget = scenario.max_budget
            self.batch([Told(c, budget, float(i)) for i, c in enumerate(made)], 1, seed)

    def batch(self, told: Iterable[Told], n: int, seed: int) -> list[Configuration]:
        """The next n configurations after these trials, the most promising first, none of theirs; fewer where
        SMAC finds no more that are new."""
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        found: list[Configuration] = []
        with (
            _quiet(),
            _in_this_thread(),
            self._refusing(", ".join(p for p in _BATCH_PARTS if p in self.parts)),
        ):
            selector = self._selector(list(told), seed)
            try:
                found.extend(islice(selector, n))
            except ConfigurationSpaceExhaustedException:
                return found  # what was found before is new nevertheless
        return found

    def _selector(self, told: list[Told], seed: int) -> Any:
        scenario = self._scenario(seed)
        made = {part: self._part(part, scenario) for part in _BATCH_PARTS}
        encoder = self.facade.get_runhistory_encoder(scenario)
        runhistory = history(told, _base(told, encoder))
        encoder.runhistory = runhistory
        made["acquisition_function"].model = made["model"]
        made["acquisition_maximizer"].acquisition_function = made["acquisition_function"]
        _in_order(made["acquisition_maximizer"])
        selector = made.pop("config_selector")
        selector._set_components(
            initial_design=_Proposed([t.configuration for t in told[:1]]),
            runhistory=runhistory,
            runhistory_encoder=encoder,
            **made,
        )
        self.configspace.seed(seed)
        return iter(selector)

    def _scenario(self, seed: int) -> Any:
        from smac import Scenario

        with self._refusing("Scenario", Scenario):
            return Scenario(self.configspace, seed=seed, **self.scenario)

    def _part(self, part: str, scenario: Any) -> Any:
        make = getattr(self.facade, f"get_{part}")
        with self._refusing(part, make):
            return make(scenario, **self.parts.get(part, {}))

    @contextmanager
    def _refusing(self, part: str, called: Callable[..., object] | None = None) -> Iterator[None]:
        """SMAC's errors, of any kind (its assertions have no text), as RunErrors that name its part, and the
        arguments of what is called that were meant."""
        try:
            yield
        except RunError:
            raise
        except Exception as e:
            of = f"the arguments of {part}" if part else "the space and the trials"
            rule = f"SMAC's {self.facade.__name__} must take {of}"
            text = str(e) if called is None else call_text(e, called)
            raise RunError(Problem(rule, f"{type(e).__name__}: {text}".strip(), self.name)) from e


@contextmanager
def _in_this_thread() -> Iterator[None]:
    """Without joblib's threads: SMAC's forest predicts for one trial after another, and starting as many
    threads as there are cores for each takes longer than the prediction."""
    from joblib import parallel_config

    with parallel_config("sequential"):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Without SMAC's warnings (means of nothing, names its dependencies deprecate) and its lines about
    configurations that it did not find: the optimizer draws others."""
    selector = logging.getLogger("smac.main.config_selector")
    selector.addFilter(_nothing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        selector.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


@dataclass(frozen=True)
class _Proposed:
    """An initial design that has been proposed: one configuration of it is enough for SMAC not to warn."""

    configurations: list[Configuration]

    def select_configurations(self) -> list[Configuration]:
        """See SMAC's AbstractInitialDesign. The selector skips what a trial has."""
        return self.configurations


def _in_order(maximizer: Any) -> None:
    """Let the local search of a maximizer, if it has one, begin at its points in an order of their own.

    SMAC's is that of a set of configurations, which differs from process to process: so would a resumed run.
    """
    from smac.acquisition.maximizer import LocalAndSortedRandomSearch

    if not isinstance(maximizer, LocalAndSortedRandomSearch):
        return
    search: Any = maximizer._local_search
    points = search._get_init_points_from_previous_configs

    def ordered(*arguments: Any, **keywords: Any) -> list[Configuration]:
        return sorted(points(*arguments, **keywords), key=lambda c: c.get_array().tobytes())

    search._get_init_points_from_previous_configs = ordered


def _base(told: list[Told], encoder: Any) -> float:
    """What is taken from all costs. SMAC's scaled logarithm takes 1e-10 from the lowest cost, lest it is 0:
    in vain where that is as large as 1e7, and two trials have it. It means the same for shifted costs."""
    from smac.constants import VERY_SMALL_NUMBER
    from smac.runhistory.encoder import RunHistoryLogScaledEncoder

    lowest = min((t.cost for t in told if t.cost is not None), default=0.0)
    in_vain = lowest - VERY_SMALL_NUMBER == lowest and math.isfinite(lowest)
    return lowest if in_vain and isinstance(encoder, RunHistoryLogScaledEncoder) else 0.0


def history(told: list[Told], base: float = 0.0) -> Any:
    """SMAC's RunHistory of trials, with their costs above `base`. A crashed one has the greatest cost that
    was seen, as models can't take infinity; where none succeeded it is left out, and only its configuration
    is known."""
    from smac.runhistory import RunHistory, StatusType, TrialInfo

    costs = [t.cost for t in told if t.cost is not None and math.isfinite(t.cost)]
    worst = max(costs, default=None)
    made: Any = RunHistory()
    bounds = made._update_objective_bounds
    made._update_objective_bounds = lambda: (
        None
    )  # it goes through all trials, for each: here once, at the end
    for trial in told:
        cost = worst if trial.cost is not None and not math.isfinite(trial.cost) else trial.cost
        if cost is None:
            info = TrialInfo(trial.configuration, seed=_SMAC_SEED, budget=trial.budget)
            made.add_running_trial(info)
        else:
            above = min(cost - base, sys.float_info.max / 2)
            made.add(
                trial.configuration, above, status=StatusType.SUCCESS, seed=_SMAC_SEED, budget=trial.budget
            )
    del made._update_objective_bounds
    bounds()
    return made
