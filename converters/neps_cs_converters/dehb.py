"""DEHB: differential evolution and Hyperband (Awad et al. 2021) over the decisions of a space.

    neps.run(evaluate_pipeline, space, optimizer="dehb", total_evaluations_to_spend=100)

DEHB moves points of the unit cube, one dimension for each decision of the translation. Here a place in [0, 1]
is the quantile of its decision, uniform or by its prior, so conditions, drawn bounds and structure need no
form of ConfigSpace's (of which DEHB 0.1.2 calls functions that ConfigSpace 1.2 has deprecated).
"""

from __future__ import annotations

import inspect
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neps_cs.errors import Problem, RunError, meant
from neps_cs.optimizers.arguments import (
    read_among,
    read_count,
    read_seed,
    read_share,
    read_space,
    read_spread,
)
from neps_cs.optimizers.base import Optimizer, Proposal
from neps_cs.optimizers.draws import UNIFORM, ConfigKey, Known, config_key, drawing, generator, loss
from neps_cs.optimizers.elsewhere import missing
from neps_cs.optimizers.rungs import read_rungs
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.resolving.unroll import unroll
from neps_cs.resolving.walk import MAX_DEPTH, Config
from neps_cs.space import PipelineSpace, check_max_depth
from neps_cs.trials import Trial
from neps_cs.values import Plain
from neps_cs_converters.asking import Asked, PeerOptimizer

NAME = "dehb"
STRATEGIES = tuple(
    f"{mutation}_{crossover}"
    for mutation in ("rand1", "rand2", "rand2dir", "best1", "best2", "currenttobest1", "randtobest1")
    for crossover in ("bin", "exp")
)
ARGUMENTS: Mapping[str, Callable[[Any], Any]] = {
    "mutation_factor": lambda v: read_spread("mutation_factor", v, NAME),
    "crossover_prob": lambda v: read_share("crossover_prob", v, NAME),
    "strategy": lambda v: read_among("strategy", v, STRATEGIES, NAME),
    "min_clip": lambda v: None if v is None else read_count("min_clip", v, 1, NAME),
    "max_clip": lambda v: None if v is None else read_count("max_clip", v, 1, NAME),
    "boundary_fix_type": lambda v: read_among("boundary_fix_type", v, ("random", "clip"), NAME),
}
"""DEHB looks at their values late, or never. Its max_age and async_strategy change nothing where it is asked
and told (0.1.2)."""
ATTEMPTS = 100
"""So often DEHB is asked for a point that is legal and new; then a config is drawn uniformly."""
_WORST = sys.float_info.max
"""What a crashed trial and a forbidden config are worth: DEHB takes infinity for not evaluated."""
_BELOW_ONE = 1 - 2**-53
_Point = tuple[ConfigKey, float]


def dehb(
    space: PipelineSpace,
    *,
    seed: int = 0,
    priors: Literal["warped", "drop"] = "warped",
    max_depth: int | None = None,
    eta: int = 3,
    **arguments: Any,
) -> Optimizer:
    """DEHB of the package `dehb`, asked and told.

    Args:
        space: what to search; it has one fidelity, with a lower bound > 0 (a whole number's 0 counts as 1)
            and an upper bound above that.
        seed: an integer >= 0.
        priors: "warped" takes places in [0, 1] for quantiles of the priors, "drop" leaves these out.
        max_depth: bound on recursion, as in `to_configspace`; a recursive space needs it.
        eta: a whole number >= 2.
        arguments: as DEHB takes them: mutation_factor (> 0), crossover_prob (in [0, 1]), strategy (such as
            "rand1_bin", the default), boundary_fix_type ("random" or "clip"), min_clip and max_clip (bounds
            of the size of a rung, inclusive; the upper one goes with the lower one only).

    Whole fidelities are rounded, halves up. A point whose config had a trial at that fidelity is told that
    trial's result, a forbidden one the greatest float, and another point is asked for, 100 times; then
    a uniform draw at full fidelity stands in, and in an exhausted space the best of what was not evaluated
    there. None follows when all was.

    Raises RunError where dehb is not installed, without such a fidelity, and for other arguments;
    ConversionError for a recursive space without max_depth.
    """
    checked = read_space(space, NAME)
    try:
        from dehb import DEHB  # noqa: F401
    except ImportError as e:
        raise missing(NAME, e) from e
    strange = [n for n in arguments if n not in ARGUMENTS]
    if strange:
        rule = f"dehb takes the arguments priors, max_depth, eta, {', '.join(ARGUMENTS)}"
        known = (*inspect.signature(dehb).parameters, *ARGUMENTS)
        raise RunError(Problem(rule, ", ".join(f"{n}{meant(n, known)}" for n in strange), NAME))
    rungs = read_rungs(checked, eta, NAME)
    record = checked.resolver.fidelities[rungs.name]
    lower = float(max(1, record.lower) if record.integer else record.lower)
    if lower >= record.upper:
        bounds = f"lower={lower}, upper={record.upper}"
        raise RunError(Problem("DEHB needs a fidelity with lower < upper", bounds, f"{NAME}.{rungs.name}"))
    arguments = {n: ARGUMENTS[n](v) for n, v in arguments.items()}
    least, most = arguments.get("min_clip"), arguments.get("max_clip")
    if most is not None and (least is None or least > most):
        raise RunError(Problem("min_clip <= max_clip must hold", f"min_clip={least}, max_clip={most}", NAME))
    kept = read_among("priors", priors, ("warped", "drop"), NAME)
    if max_depth is not None:
        check_max_depth(max_depth, NAME)
    entropy = read_seed(seed, NAME)
    cube = Cube(checked, kept == "warped", max_depth)
    if not cube.dimensions:
        raise RunError(Problem("DEHB needs a space with a decision", "a space of constants", NAME))
    given = {
        "min_fidelity": lower, "max_fidelity": float(record.upper), "eta": rungs.eta,
        "seed": entropy % 2**32, **arguments,
    }  # fmt: skip
    info = {"priors": kept, "max_depth": max_depth, "eta": rungs.eta, **arguments}
    return PeerOptimizer(NAME, info, checked, lambda: _Search(cube, rungs.name, given, entropy))


class Cube:
    """The decisions of a space as dimensions of the unit cube."""

    def __init__(self, space: PipelineSpace, use_priors: bool, max_depth: int | None) -> None:
        self.space, self._use_priors, self.max_depth = space, use_priors, max_depth
        entries = unroll(space.resolver, max_depth, with_fidelities=False)
        sites = [e.address for e in entries if isinstance(e.site, (NumberSite, ChoiceSite))]
        self._at = {address: i for i, address in enumerate(sites)}

    @property
    def dimensions(self) -> int:
        """How many decisions there are, active or not."""
        return len(self._at)

    def config(self, point: Any) -> Config | None:
        """The config of a point; None where a clause forbids it."""
        places = [min(float(u), _BELOW_ONE) for u in point]

        def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
            return site.quantile(places[self._at[site.address]], allowed, use_prior=self._use_priors)

        resolver = self.space.resolver
        depth = MAX_DEPTH if self.max_depth is None else self.max_depth
        found = resolver.narrowed.resolve(decide, build=False, max_depth=depth, legal=False).config
        forbidding = resolver.forbidding
        return None if forbidding is not None and forbidding.held(found) else found


@dataclass(frozen=True)
class _Job:
    """What DEHB asked for, to be told; and the points of the cube that wait for the same result."""

    info: Mapping[str, Any]


class _Search:
    """One DEHB: see `neps_cs_converters.asking.Peer`."""

    def __init__(self, cube: Cube, fidelity: str, given: Mapping[str, Any], seed: int) -> None:
        self._cube, self._name, self._seed = cube, fidelity, seed
        self._record = cube.space.resolver.fidelities[fidelity]
        self._dehb = _made(cube.dimensions, given)
        self._known = Known(cube.space, cube.max_depth)
        self._results: dict[_Point, float] = {}
        self._waiting: dict[_Point, list[_Job]] = {}
        self._ended: dict[ConfigKey, list[tuple[float, int]]] = {}
        self._configs: dict[ConfigKey, Config] = {}

    def ask(self, trial_id: int) -> Asked[_Job]:
        """See Peer."""
        for _ in range(ATTEMPTS):
            job = _Job(self._dehb.ask())
            value = self._value_of(float(job.info["fidelity"]))
            config = self._cube.config(job.info["config"])
            if config is None:
                self._tell(job, _WORST)
                continue
            point = config_key(config), value
            if self._is_open(point):
                return Asked(self._proposal(config, value, job), job)
            if point in self._results:
                self._tell(job, self._results[point])
            else:
                self._waiting[point].append(job)
        return Asked(self._drawn(trial_id) or self._unfinished())

    def _drawn(self, trial_id: int) -> Proposal | None:
        """A new config at full fidelity; None where the space is exhausted."""
        rng, full, space = generator(self._seed, trial_id), self._record.upper, self._cube.space
        uniform = drawing(space.resolver, rng, use_priors=False, max_depth=self._cube.max_depth)
        found = self._known.novel({UNIFORM: uniform})
        if found is None or not self._is_open((config_key(found[0]), full)):
            return None
        return Proposal(found[0], {self._name: full}, note={"sampler": found[1]})

    def _unfinished(self) -> Proposal | None:
        """The best config that no trial has at full fidelity, continued there; None where all have."""
        full = self._record.upper
        latest = {
            key: max(ended) for key, ended in self._ended.items() if ended and self._is_open((key, full))
        }
        left = [(self._results[key, value], i, key) for key, (value, i) in latest.items()]
        if not left:
            return None
        _, previous, key = min(left)
        return Proposal(self._configs[key], {self._name: full}, previous, {"sampler": "rest"})

    def _is_open(self, point: _Point) -> bool:
        return point not in self._results and point not in self._waiting

    def _proposal(self, config: Config, value: float, job: _Job) -> Proposal:
        below = [(f, i) for f, i in self._ended.get(config_key(config), ()) if f < value]
        previous = max(below)[1] if below else None
        note: dict[str, Plain] = {"sampler": NAME, "bracket": int(job.info["bracket_id"])}
        return Proposal(config, {self._name: value}, previous, note)

    def _value_of(self, fidelity: float) -> float:
        value = math.floor(fidelity + 0.5) if self._record.integer else fidelity
        return min(self._record.upper, max(self._record.lower, value))

    def start(self, trial: Trial, handle: _Job | None) -> None:
        """See Peer. What goes on is continued once."""
        self._known.add(trial.config)
        self._waiting.setdefault(self._point(trial), [])
        if trial.previous is not None:
            key = config_key(trial.config)
            self._ended[key] = [(f, i) for f, i in self._ended.get(key, ()) if i != trial.previous]

    def unused(self, handle: _Job) -> None:
        """See Peer: its bracket must not wait."""
        self._tell(handle, _WORST)

    def end(self, trial: Trial, handle: _Job | None) -> None:
        """See Peer."""
        self._known.add(trial.config)
        point, found = self._point(trial), min(loss(trial), _WORST)
        self._results[point] = min(found, self._results.get(point, math.inf))
        if found < _WORST:
            self._ended.setdefault(point[0], []).append((point[1], trial.id))
            self._configs[point[0]] = dict(trial.config)
        for job in [*([] if handle is None else [handle]), *self._waiting.pop(point, ())]:
            self._tell(job, found)

    def _point(self, trial: Trial) -> _Point:
        return config_key(trial.config), trial.fidelities.get(self._name, self._record.upper)

    def _tell(self, job: _Job, fitness: float) -> None:
        self._dehb.tell(dict(job.info), {"fitness": fitness, "cost": float(job.info["fidelity"])})


def _made(dimensions: int, given: Mapping[str, Any]) -> Any:
    """A DEHB that writes no file and leaves the handlers of loguru, which it shares with all, as they are."""
    from dehb import DEHB
    from loguru import logger

    class Search(DEHB):  # type: ignore[misc]
        def _setup_logger(self, resume: bool, kwargs: Mapping[str, Any]) -> None:
            self.output_path = Path(tempfile.gettempdir())  # looked at, not written to
            self.logger = logger

    try:
        return Search(dimensions=dimensions, n_workers=1, save_freq=None, **given)
    except (TypeError, ValueError, AssertionError) as e:
        rule = "DEHB must take the arguments given"
        raise RunError(Problem(rule, f"{type(e).__name__}: {e}", NAME)) from e
