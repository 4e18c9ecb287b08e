"""The optimizers by name: each function takes a space and gives an optimizer for it.

Names and arguments are those of NePS. Every function raises SpaceError for what is no space, RunError
for wrong arguments, and takes `seed`, an integer >= 0: the same seed and events give the same proposals.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from neps_cs.optimizers.arguments import (
    HIGHEST,
    IgnoreFidelity,
    PriorFirst,
    read_among,
    read_seed,
    read_space,
)
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.complex_random_search import ComplexRandomSearch
from neps_cs.optimizers.draws import has_priors
from neps_cs.optimizers.grid_search import GridSearch
from neps_cs.optimizers.multi_fidelity import MultiFidelity
from neps_cs.optimizers.random_search import RandomSearch
from neps_cs.optimizers.regularized_evolution import MutationType, RegularizedEvolution
from neps_cs.optimizers.rungs import (
    Rungs,
    halving_layout,
    hyperband_layouts,
    read_early_stopping_rate,
    read_rungs,
)
from neps_cs.optimizers.samplers import Independent, PriorBandSampler
from neps_cs.optimizers.schedules import AsynchronousSchedule, Schedule, SynchronousSchedule
from neps_cs.optimizers.variations import Amount
from neps_cs.space import PipelineSpace

logger = logging.getLogger("neps_cs")

Base: TypeAlias = Literal["hyperband", "successive_halving", "asha", "async_hb"]
IncumbentAfter: TypeAlias = Literal["rung", "bracket"]
SamplerName: TypeAlias = Literal["uniform", "prior"]
BASES: tuple[Base, ...] = ("hyperband", "successive_halving", "asha", "async_hb")
_FIRST: tuple[PriorFirst, ...] = (False, True, HIGHEST)


def random_search(
    space: PipelineSpace,
    *,
    seed: int = 0,
    use_priors: bool = False,
    ignore_fidelity: IgnoreFidelity = HIGHEST,
) -> Optimizer:
    """Independent draws: uniform, or by the priors with `use_priors`. None once a finite space is exhausted.

    `ignore_fidelity`: "highest_fidelity" evaluates at full fidelity, True draws the fidelity uniformly on its
    own scale, False refuses a space that has one.
    """
    return RandomSearch(space, seed=seed, use_priors=use_priors, ignore_fidelity=ignore_fidelity)


def complex_random_search(
    space: PipelineSpace, *, seed: int = 0, ignore_fidelity: IgnoreFidelity = HIGHEST
) -> Optimizer:
    """Random draws mixed with mutations around the best, by forgetting, and crossovers of the best.

    `ignore_fidelity` as in `random_search`. See `neps_cs.optimizers.complex_random_search` for the shares.
    """
    return ComplexRandomSearch(space, seed=seed, ignore_fidelity=ignore_fidelity)


def grid_search(
    space: PipelineSpace,
    *,
    seed: int = 0,
    ignore_fidelity: IgnoreFidelity = HIGHEST,
    size_per_numerical_dimension: int | Mapping[str, int] = 5,
    max_depth: int | None = None,
) -> Optimizer:
    """Every point of a grid once, then None. The seed has no effect.

    Args:
        space: what to search.
        seed: taken, for the sake of all other optimizers.
        ignore_fidelity: as in `random_search`; True makes a grid over the fidelity too.
        size_per_numerical_dimension: how many values of a number the grid holds at most, evenly spread on
            its scale with both ends; a mapping by address gives some of them, the others have 5.
        max_depth: as in `neps.size`; a space with a recursion needs it.
    """
    return GridSearch(
        space, seed=seed, ignore_fidelity=ignore_fidelity,
        size_per_numerical_dimension=size_per_numerical_dimension, max_depth=max_depth,
    )  # fmt: skip


def regularized_evolution(
    space: PipelineSpace,
    *,
    seed: int = 0,
    population_size: int = 20,
    tournament_size: int = 5,
    use_priors: bool = True,
    mutation_type: MutationType = 0.5,
    n_mutations: Amount = "random",
    n_forgets: Amount = None,
    ignore_fidelity: IgnoreFidelity = HIGHEST,
) -> Optimizer:
    """Evolution in which the oldest of a population dies (Real et al. 2019).

    Args:
        space: what to search.
        seed: an integer >= 0.
        population_size: how many of the last trials that ended well are the population.
        tournament_size: how many of them are drawn, with replacement; the best is the parent.
        use_priors: the first configs, and decisions that are forgotten, are drawn by the priors.
        mutation_type: the probability of a mutation, in [0, 1], else the two best of the tournament are
            crossed; "mutate_best" is 1, "crossover_top_2" is 0.
        n_mutations: how many decisions move: a number, "random" from 1 to half of them, "half", None.
        n_forgets: how many are drawn anew, likewise.
        ignore_fidelity: as in `random_search`.
    """
    return RegularizedEvolution(
        space, seed=seed, population_size=population_size, tournament_size=tournament_size,
        use_priors=use_priors, mutation_type=mutation_type, n_mutations=n_mutations, n_forgets=n_forgets,
        ignore_fidelity=ignore_fidelity,
    )  # fmt: skip


def successive_halving(
    space: PipelineSpace,
    *,
    seed: int = 0,
    eta: int = 3,
    early_stopping_rate: int = 0,
    sampler: SamplerName = "uniform",
    sample_prior_first: PriorFirst = False,
) -> Optimizer:
    """Brackets of successive halving, one after the other (Jamieson and Talwalkar 2016).

    Args:
        space: what to search; it has one fidelity.
        seed: an integer >= 0.
        eta: the best 1 / eta of a rung go on, with eta times the fidelity; a whole number >= 2.
        early_stopping_rate: how many of the lowest rungs are skipped.
        sampler: new configs are drawn "uniform" or by the "prior".
        sample_prior_first: the first config is the prior's mode, where the space has priors; with
            "highest_fidelity" at full fidelity, before the brackets.
    """
    return _brackets("successive_halving", space, seed, eta, early_stopping_rate, sampler, sample_prior_first)


def hyperband(
    space: PipelineSpace,
    *,
    seed: int = 0,
    eta: int = 3,
    sampler: SamplerName = "uniform",
    sample_prior_first: PriorFirst = False,
) -> Optimizer:
    """Hyperband (Li et al. 2018): brackets of successive halving that start at different fidelities, in turn.

    Arguments as in `successive_halving`.
    """
    return _brackets("hyperband", space, seed, eta, None, sampler, sample_prior_first)


def asha(
    space: PipelineSpace,
    *,
    seed: int = 0,
    eta: int = 3,
    early_stopping_rate: int = 0,
    sampler: SamplerName = "uniform",
    sample_prior_first: PriorFirst = False,
) -> Optimizer:
    """Asynchronous successive halving (Li et al. 2020): the best 1 / eta of a rung go on at once.

    Arguments as in `successive_halving`.
    """
    return _brackets("asha", space, seed, eta, early_stopping_rate, sampler, sample_prior_first)


def async_hb(
    space: PipelineSpace,
    *,
    seed: int = 0,
    eta: int = 3,
    sampler: SamplerName = "uniform",
    sample_prior_first: PriorFirst = False,
) -> Optimizer:
    """Asynchronous Hyperband: ASHA that starts at each rung, drawn in proportion to the number of configs
    with which Hyperband starts there (Klein et al. 2020, Appendix A).

    Arguments as in `successive_halving`.
    """
    return _brackets("async_hb", space, seed, eta, None, sampler, sample_prior_first)


def priorband(
    space: PipelineSpace,
    *,
    seed: int = 0,
    eta: int = 3,
    sample_prior_first: PriorFirst = True,
    base: Base = "hyperband",
    incumbent_after: IncumbentAfter = "rung",
) -> Optimizer:
    """PriorBand (Mallik et al. 2023): new configs of brackets come from uniform draws, the prior, and around
    the incumbent, with weights that follow the rung and what the best configs have in common.

    Args:
        space: what to search; it has one fidelity. Without priors the prior is the uniform distribution.
        seed: an integer >= 0.
        eta: as in `successive_halving`.
        sample_prior_first: as there.
        base: who plans the brackets: "hyperband", "successive_halving", "asha", "async_hb".
        incumbent_after: the incumbent is used once a "rung" has eta trials that succeeded, or, as in the
            paper, once a "bracket" of successive halving is spent and one succeeded at full fidelity.

    The formulas are in `neps_cs.optimizers.samplers.PriorBandSampler`.
    """
    rungs = read_rungs(read_space(space, "priorband"), eta, "priorband")
    kind = read_among("base", base, BASES, "priorband")
    first = read_among("sample_prior_first", sample_prior_first, _FIRST, "priorband")
    after: IncumbentAfter = read_among("incumbent_after", incumbent_after, ("rung", "bracket"), "priorband")
    if not has_priors(space):
        logger.warning("priorband in a space without priors draws uniformly in place of the prior")
    return MultiFidelity(
        "priorband",
        {"eta": rungs.eta, "sample_prior_first": first, "base": kind, "incumbent_after": after}, space,
        seed=read_seed(seed, "priorband"), rungs=rungs, schedule=_schedule(kind, rungs, 0),
        sampler=PriorBandSampler(space, rungs, after_bracket=after == "bracket"), prior_first=first,
    )  # fmt: skip


def _brackets(
    name: Base,
    space: PipelineSpace,
    seed: int,
    eta: int,
    early_stopping_rate: int | None,
    sampler: SamplerName,
    sample_prior_first: PriorFirst,
) -> Optimizer:
    rungs = read_rungs(read_space(space, name), eta, name)
    drawn: SamplerName = read_among("sampler", sampler, ("uniform", "prior"), name)
    first = read_among("sample_prior_first", sample_prior_first, _FIRST, name)
    info: dict[str, int | str] = {"eta": rungs.eta, "sampler": drawn, "sample_prior_first": first}
    skipped = 0
    if early_stopping_rate is not None:
        skipped = info["early_stopping_rate"] = read_early_stopping_rate(early_stopping_rate, rungs, name)
    return MultiFidelity(
        name, info, space,
        seed=read_seed(seed, name), rungs=rungs, schedule=_schedule(name, rungs, skipped),
        sampler=Independent(space, use_priors=drawn == "prior"), prior_first=first,
    )  # fmt: skip


def _schedule(base: Base, rungs: Rungs, skipped: int) -> Schedule:
    top, eta = rungs.top, rungs.eta
    match base:
        case "hyperband":
            return SynchronousSchedule(hyperband_layouts(top, eta))
        case "successive_halving":
            return SynchronousSchedule((halving_layout(top, eta, skipped),))
        case "asha":
            return AsynchronousSchedule((skipped,), top, eta, (1,))
        case "async_hb":
            sizes = [layout[0][1] for layout in hyperband_layouts(top, eta)]
            return AsynchronousSchedule(range(top + 1), top, eta, sizes)


neps_random_search = random_search
neps_grid_search = grid_search
neps_regularized_evolution = regularized_evolution
neps_hyperband = hyperband
neps_priorband = priorband

BY_NAME: Mapping[str, Callable[..., Optimizer]] = {
    f.__name__: f
    for f in (
        random_search, complex_random_search, priorband, hyperband, successive_halving, asha, async_hb,
        grid_search, regularized_evolution,
    )
}  # fmt: skip
"""The optimizers by the names that a run stores."""
