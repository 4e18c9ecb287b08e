"""Optuna: a trial resolves a space, its samplers search inside `neps.run`, flat spaces go both ways.

def objective(trial):
    config, pipeline = suggest(trial, space)
    return evaluate_pipeline(**pipeline)

neps.run(evaluate_pipeline, space, optimizer=("optuna", {"sampler": "tpe"}), total_evaluations_to_spend=50)
"""

from neps_cs_converters.optuna.flat import from_optuna, to_optuna
from neps_cs_converters.optuna.optimizer import optuna
from neps_cs_converters.optuna.suggesting import suggest

__all__ = ["from_optuna", "optuna", "suggest", "to_optuna"]
