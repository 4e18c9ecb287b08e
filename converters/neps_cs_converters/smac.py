"""SMAC: a space as a Scenario, evaluate_pipeline as its target function.

scenario = to_scenario(space, n_trials=50, seed=1)
facade = MultiFidelityFacade(scenario, target_function(evaluate_pipeline, space))
incumbent = facade.optimize()
pipeline = neps.to_configspace(space).sidecar.resolve(incumbent)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.records import FidelityRecord
from neps_cs.resolving.sites import NumberSite
from neps_cs.runtime.evaluate import Evaluate, check_signature, read_result
from neps_cs.sidecar import Sidecar
from neps_cs.space import PipelineSpace
from neps_cs.values import callable_name
from neps_cs_converters.configspace import Translation, to_configspace

if TYPE_CHECKING:
    from ConfigSpace import Configuration
    from smac import Scenario

logger = logging.getLogger("neps_cs")


def to_scenario(
    space: PipelineSpace | Translation,
    *,
    max_depth: int | None = None,
    priors: Literal["native", "drop"] | None = None,
    **arguments: Any,
) -> Scenario:
    """SMAC's Scenario of a space. A fidelity becomes `min_budget` and `max_budget`.

    Args:
        space: a space, or its translation.
        max_depth: bound on recursion, as in `to_configspace`; for a space that has some.
        priors: as in `to_configspace`. None: native; where SMAC can't take them (numbers with a
            prior under a condition) all are dropped, and a warning names those.
        arguments: passed to Scenario; `deterministic` is True unless given, and what is given for
            `min_budget` and `max_budget` goes before the fidelity's bounds.

    Raises ConversionError for several fidelities, and for priors="native" or a translation that
    SMAC can't take.
    """
    from smac import Scenario

    translation = _translated(space, max_depth, priors)
    refused = _refused(translation)
    if refused:
        rule = "SMAC takes no normal distribution under a condition; use priors='drop'"
        raise ConversionError(Problem(rule, "a prior", address) for address in refused)
    budget = _one_fidelity(translation.sidecar)
    if budget is not None:
        name, record = budget
        arguments = {"min_budget": record.lower, "max_budget": record.upper, **arguments}
        logger.debug("SMAC's budget is the fidelity %s", name)
    return Scenario(translation.configspace, **{"deterministic": True, **arguments})


def target_function(
    evaluate_pipeline: Evaluate,
    space: PipelineSpace | Translation,
    *,
    max_depth: int | None = None,
    on_result: Callable[[Configuration, float | None, float], None] | None = None,
) -> Callable[..., float | tuple[float, dict[str, Any]]]:
    """A function for SMAC's facades that builds the pipeline of a configuration and evaluates it.

    It takes (config, seed), and `budget` where the space has a fidelity: the fidelity's value,
    rounded for an IntegerFidelity (SMAC's budgets are floats). A dict that evaluate_pipeline returns
    gives the objective, and its cost and info_dict go into SMAC's additional info. `on_result` is
    called with the configuration, the fidelity used and the objective.

    Raises RunError where the signature of evaluate_pipeline does not fit the space. Errors of an
    evaluation are left to SMAC, which counts the trial as crashed.
    """
    translation = _translated(space, max_depth, None)
    sidecar = translation.sidecar
    extras = check_signature(evaluate_pipeline, sidecar.space)
    if extras:
        rule = "SMAC has no folders for trials: evaluate_pipeline must not ask for"
        raise ConversionError(Problem(rule, ", ".join(extras), callable_name(evaluate_pipeline)))
    fidelity = _one_fidelity(sidecar)

    def evaluated(config: Configuration, budget: float | None) -> float | tuple[float, dict[str, Any]]:
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
        return evaluated(config, budget)

    def without_budget(config: Configuration, seed: int = 0) -> float | tuple[float, dict[str, Any]]:
        return evaluated(config, None)

    return with_budget if fidelity is not None else without_budget


def _translated(
    space: PipelineSpace | Translation, max_depth: int | None, priors: Literal["native", "drop"] | None
) -> Translation:
    if isinstance(space, Translation):
        return space
    native = to_configspace(space, max_depth=max_depth, priors=priors or "native")
    if priors is not None or not (refused := _refused(native)):
        return native
    logger.warning("SMAC takes no prior under a condition, so the priors are dropped: %s", ", ".join(refused))
    return to_configspace(space, max_depth=max_depth, priors="drop")


def _refused(translation: Translation) -> list[str]:
    """The numbers with a normal distribution under a condition."""
    dropped = {loss.address for loss in translation.losses}
    conditional = set(translation.configspace.conditional_hyperparameters)
    numbers = [e.address for e in translation.sidecar.entries
               if isinstance(e.site, NumberSite) and e.site.record.prior is not None]  # fmt: skip
    return [a for a in numbers if a in conditional and a not in dropped]


def _one_fidelity(sidecar: Sidecar) -> tuple[str, FidelityRecord] | None:
    fidelities = sidecar.resolver.fidelities
    if len(fidelities) > 1:
        raise ConversionError(Problem("SMAC knows one budget", f"the fidelities {', '.join(fidelities)}"))
    return next(iter(fidelities.items()), None)


def _fidelity_value(record: FidelityRecord, budget: float) -> float:
    value = round(budget) if record.integer else float(budget)
    return min(record.upper, max(record.lower, value))
