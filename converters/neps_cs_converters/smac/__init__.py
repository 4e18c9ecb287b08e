"""SMAC: its facades search our spaces, alone (`to_scenario`, `target_function`) or inside `neps.run`.

scenario = to_scenario(space, n_trials=50, seed=1)
facade = MultiFidelityFacade(scenario, target_function(evaluate_pipeline, space))
pipeline = neps.to_configspace(space).sidecar.resolve(optimize(facade))

neps.run(evaluate_pipeline, space, optimizer="smac", total_evaluations_to_spend=50)
"""

from neps_cs_converters.smac.optimizer import smac
from neps_cs_converters.smac.scenario import optimize, prior_design, target_function, to_scenario

__all__ = ["optimize", "prior_design", "smac", "target_function", "to_scenario"]
