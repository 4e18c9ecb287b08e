"""A space as SMAC's Scenario, evaluate_pipeline as its target function: for a search that SMAC runs."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from neps_cs.errors import ConversionError, Problem, RunError
from neps_cs.graph.records import FidelityRecord
from neps_cs.resolving.sites import NumberSite
from neps_cs.runtime.evaluate import Evaluate, check_signature, read_result
from neps_cs.sampling.draw import Seed, generator
from neps_cs.sidecar import Sidecar
from neps_cs.space import PipelineSpace
from neps_cs.values import callable_name
from neps_cs_converters.configspace import Translation, to_configspace
from neps_cs_converters.configspace.known import mark
from neps_cs_converters.extras import needs
from neps_cs_converters.smac.inequalities import with_copyable_clauses

if TYPE_CHECKING:
    from ConfigSpace import Configuration
    from smac import Scenario
    from smac.facade import AbstractFacade

logger = logging.getLogger("neps_cs")

Priors = Literal["native", "warped", "drop"]

CRASH_COST = 2.0**31 - 1
"""What a crash costs, as in SMAC 1: with the infinity of SMAC 2 its models fail at the first one."""


@needs("smac", "smac")
def to_scenario(
    space: PipelineSpace | Translation,
    *,
    max_depth: int | None = None,
    priors: Priors | None = None,
    **arguments: Any,
) -> Scenario:
    """SMAC's Scenario of a space. A fidelity becomes `min_budget` and `max_budget`.

    Args:
        space: a space, or its translation. The scenario's ConfigurationSpace has a mark in its meta, by which
            the side-cars of the space know the copies that SMAC makes; of a translation it is a copy. A
            translation that holds the fidelities as hyperparameters gives no budgets.
        max_depth: bound on recursion, as in `to_configspace`; for a space that has some.
        priors: as in `to_configspace`; None: warped, as SMAC's initial designs ignore other priors, and its
            models take none under a condition. `sidecar.resolve` of any translation of the space reads the
            configurations nevertheless.
        arguments: passed to Scenario; `deterministic` is True and `crash_cost` 2**31 - 1 unless given (with
            infinity, SMAC's own, its models fail at the first crash), and what is given for `min_budget` and
            `max_budget` goes before the fidelity's bounds. A whole number's lower bound of 0 becomes 1, as
            SMAC's budgets are positive.

    With a fidelity, forbidden clauses with <, <=, > or >= on whole numbers or ordinals are written out by
    their values: SMAC's multi-fidelity facade copies the space, and can't copy those.

    Raises ConversionError for several fidelities or one that may be 0 or less; with a fidelity for such a
    clause on a float or on more than 1,000 values; for priors="native" or a translation that SMAC can't take.
    """
    from smac import Scenario

    translation = _translated(space, max_depth, priors)
    check_priors(translation)
    budget, configspace = _budget(translation.sidecar), translation.configspace
    if budget is not None:
        name, record = budget
        lower = max(1, record.lower) if record.integer and record.lower == 0 else record.lower
        arguments = {"min_budget": lower, "max_budget": record.upper, **arguments}
        if arguments["min_budget"] is not None and arguments["min_budget"] <= 0:
            rule = "SMAC's budgets must be > 0"
            raise ConversionError(Problem(rule, f"min_budget={arguments['min_budget']}", name))
        configspace = with_copyable_clauses(configspace)
        logger.debug("SMAC's budget is the fidelity %s", name)
    if configspace is translation.configspace and translation is space:
        configspace = copy.copy(configspace)  # theirs stays without mark
    mark(configspace, translation.sidecar.graph, translation.sidecar.arguments)
    return Scenario(configspace, **{"deterministic": True, "crash_cost": CRASH_COST, **arguments})


def optimize(facade: AbstractFacade) -> Configuration:
    """`facade.optimize()`, the incumbent, but that a finite space which is exhausted ends the search, where
    SMAC raises.

    A facade that is made with a logging file disables the loggers of others, unless that says otherwise: ours
    is enabled again.
    """
    from smac.main.exceptions import ConfigurationSpaceExhaustedException

    logger.disabled = False
    try:
        found = facade.optimize()
    except ConfigurationSpaceExhaustedException:
        logger.info("SMAC finds no new configuration after %s trials", facade.runhistory.finished)
        found = facade.intensifier.get_incumbents()
    incumbents = found if isinstance(found, list) else [found]
    return next(i for i in incumbents if i is not None)


def prior_design(scenario: Scenario, n_configs: int, *, seed: Seed = None) -> list[Configuration]:
    """Configurations drawn by the priors of a scenario's space, to begin with: pass them as
    `additional_configs` to the facade's `get_initial_design`. For native priors, which Sobol designs ignore.

    `seed`: an integer or a Generator; None is the scenario's seed.
    """
    rng = generator(scenario.seed if seed is None else seed)
    scenario.configspace.seed(int(rng.integers(2**31)))
    drawn = scenario.configspace.sample_configuration(n_configs) if n_configs else []
    return list(drawn) if n_configs != 1 else [drawn]  # type: ignore[list-item]


def target_function(
    evaluate_pipeline: Evaluate,
    space: PipelineSpace | Translation,
    *,
    max_depth: int | None = None,
    on_result: Callable[[Configuration, float | None, float], None] | None = None,
) -> Callable[..., float | tuple[float, dict[str, Any]]]:
    """A function for SMAC's facades that builds the pipeline of a configuration and evaluates it.

    It takes (config, seed), and `budget` where the space has a fidelity: the fidelity's value,
    rounded for an IntegerFidelity, halves up (SMAC's budgets are floats). Where two budgets round to one, the
    same configuration and seed are evaluated once. A dict that evaluate_pipeline returns
    gives the objective, and its cost and info_dict go into SMAC's additional info. `on_result` is
    called with the configuration, the fidelity used and the objective.

    Raises RunError where the signature of evaluate_pipeline does not fit the space, and for an on_result that
    can't be called. Errors of an evaluation are left to SMAC, which counts the trial as crashed.
    """
    if on_result is not None and not callable(on_result):
        raise RunError(Problem("on_result must be None or callable", repr(on_result), "target_function"))
    translation = _translated(space, max_depth, None)
    sidecar = translation.sidecar
    extras = check_signature(evaluate_pipeline, sidecar.space)
    if extras:
        rule = "SMAC has no folders for trials: evaluate_pipeline must not ask for"
        raise ConversionError(Problem(rule, ", ".join(extras), callable_name(evaluate_pipeline)))
    fidelity = _budget(sidecar)
    results: dict[object, float | tuple[float, dict[str, Any]]] = {}

    def evaluated(config: Configuration, budget: float | None) -> float | tuple[float, dict[str, Any]]:
        logger.disabled = False  # see `optimize`
        values: Mapping[str, float] = {}
        if fidelity is not None and budget is not None:
            values = {fidelity[0]: _fidelity_value(fidelity[1], budget)}
        used = values.get(fidelity[0], fidelity[1].upper) if fidelity is not None else None
        pipeline = sidecar.resolve(config, values)
        objective, cost, info = read_result(evaluate_pipeline(**pipeline), "SMAC's trial")
        if on_result is not None:
            on_result(config, used, objective)
        if cost is None and not info:
            return objective
        return objective, {"cost": cost, "info": info}

    def with_budget(
        config: Configuration, seed: int = 0, budget: float | None = None
    ) -> float | tuple[float, dict[str, Any]]:
        assert fidelity is not None, "it is chosen where there is one"
        if budget is None or not fidelity[1].integer:
            return evaluated(config, budget)
        key = config.get_array().tobytes(), seed, _fidelity_value(fidelity[1], budget)
        if key not in results:
            results[key] = evaluated(config, budget)
        return results[key]

    def without_budget(config: Configuration, seed: int = 0) -> float | tuple[float, dict[str, Any]]:
        return evaluated(config, None)

    return with_budget if fidelity is not None else without_budget


def _translated(
    space: PipelineSpace | Translation, max_depth: int | None, priors: Priors | None
) -> Translation:
    if isinstance(space, Translation):
        return space
    return to_configspace(space, max_depth=max_depth, priors=priors or "warped")


def check_priors(translation: Translation) -> None:
    """Raises ConversionError with the numbers that have a normal or beta distribution under a condition."""
    if translation.sidecar.arguments.get("priors") != "native":
        return
    conditional = set(translation.configspace.conditional_hyperparameters)
    numbers = [e.address for e in translation.sidecar.entries
               if isinstance(e.site, NumberSite) and e.site.record.prior is not None]  # fmt: skip
    refused = [a for a in numbers if a in conditional and not _is_uniform(translation, a)]
    if refused:
        rule = "SMAC takes no normal distribution under a condition; use priors='warped' or 'drop'"
        raise ConversionError(Problem(rule, "a prior", address) for address in refused)


def _is_uniform(translation: Translation, address: str) -> bool:
    """A prior that ConfigSpace can't hold is warped in a native translation, too."""
    from ConfigSpace import UniformFloatHyperparameter, UniformIntegerHyperparameter

    kinds = UniformFloatHyperparameter, UniformIntegerHyperparameter
    return isinstance(translation.configspace[address], kinds)


def _budget(sidecar: Sidecar) -> tuple[str, FidelityRecord] | None:
    """The fidelity that is SMAC's budget."""
    fidelities = sidecar.resolver.fidelities
    if sidecar.arguments.get("fidelity") == "hyperparameter":
        return None
    if len(fidelities) > 1:
        raise ConversionError(Problem("SMAC knows one budget", f"the fidelities {', '.join(fidelities)}"))
    return next(iter(fidelities.items()), None)


def _fidelity_value(record: FidelityRecord, budget: float) -> float:
    value = math.floor(budget + 0.5) if record.integer else float(budget)
    return min(record.upper, max(record.lower, value))
