"""A default configuration that no forbidden clause rules out: ConfigSpace takes no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ConfigSpace.hyperparameters import FloatHyperparameter

from neps_cs.codings import PLACES, Held
from neps_cs.errors import ConfigError, ConversionError
from neps_cs.forbidden import operands
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.walk import Config
from neps_cs.sampling.draw import uniform
from neps_cs.sampling.mutate import Forgetting
from neps_cs.sidecar import Sidecar
from neps_cs.values import unwrapped
from neps_cs_converters.configspace.hyperparameters import Coded

SEED = 0


def set_legal_default(
    resolver: Resolver, bare: Sidecar, coded: Mapping[str, Coded], max_depth: int | None
) -> None:
    """Give the hyperparameters defaults that together are legal, near those that they have.

    `bare` is the side-car of the same space and ConfigurationSpace, both without clauses. First what the
    clauses read that hold is drawn anew, at a fixed seed; then what any clause reads; then all. Raises
    ConversionError with what rejected the draws.
    """
    own = bare.from_configuration(bare.configspace.get_default_configuration())
    legal = _found(resolver, own, max_depth)
    array = bare.to_array([legal])[0]
    for address, value in legal.items():
        if address in own and repr(own[address]) == repr(value):
            continue
        hyperparameter, coding = coded[address]
        unit = float(array[bare.configspace.index_of[address]])
        default: Any = value if isinstance(coding, Held) else unwrapped(hyperparameter.to_value(unit))
        if isinstance(hyperparameter, FloatHyperparameter):
            default = round(min(hyperparameter.upper, max(hyperparameter.lower, default)), PLACES)
        hyperparameter.default_value = default
        hyperparameter._normalized_default_value = hyperparameter.to_vector(default)


def _found(resolver: Resolver, own: Config, max_depth: int | None) -> Config:
    assert resolver.forbidding is not None, "there are clauses"
    clauses, error = resolver.forbidding.clauses, ConfigError("no attempt was made")
    held = {a for c in clauses if c.holds(own) for a in operands(c.addressed)}
    read = {a for c in clauses for a in operands(c.addressed)}
    for forgotten in (held, read, set(own)):
        kept = {a: v for a, v in own.items() if a not in forgotten}
        decide = Forgetting(kept, frozenset(forgotten), uniform(np.random.default_rng(SEED)))
        try:
            return resolver.resolve(decide, build=False, max_depth=max_depth, max_decisions=None).config
        except ConfigError as e:
            error = e
    raise ConversionError(error.problems)
