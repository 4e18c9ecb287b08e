"""The translation of the whole language: steps, bounds that are parameters, any prior; warped and dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from ConfigSpace import Configuration
from hypothesis import given
from hypothesis import strategies as st
from strategies import recursive_spaces, spaces
from test_laws import ANY_SPACE, DEPTH, SEEDS, exact

import neps_cs as neps

WHOLE = spaces(whole=True) | recursive_spaces(whole=True) | ANY_SPACE
PRIORS: Any = st.sampled_from(("native", "warped", "drop"))


def check(space: neps.PipelineSpace, seed: int, priors: Any) -> None:
    cs, sidecar = neps.to_configspace(space, max_depth=DEPTH, priors=priors)
    assert neps.equal(neps.from_configspace(cs, sidecar), space)
    configs = [space.sample(seed + i, max_depth=DEPTH)[0] for i in range(3)]
    configurations = sidecar.to_configurations(configs)
    assert [exact(c) for c in sidecar.from_configurations(configurations)] == [exact(c) for c in configs]
    for configuration in configurations:
        configuration.check_valid_configuration()
        Configuration(cs, values=dict(configuration))
    np.testing.assert_array_equal(sidecar.to_array(configs), [c.get_array() for c in configurations])
    cs.seed(seed)
    for configuration in cs.sample_configuration(4) if len(cs) else []:
        config = sidecar.from_configuration(configuration)
        neps.resolve(space, config)
        again = sidecar.to_configuration(config)
        assert exact(sidecar.from_configuration(again)) == exact(config)
        assert exact(sidecar.from_array(configuration.get_array()[None])[0]).keys() == exact(config).keys()


@given(WHOLE, SEEDS, PRIORS)
def test_configs_and_configurations(space: neps.PipelineSpace, seed: int, priors: Any) -> None:
    """Laws 2, 5 and 7."""
    check(space, seed, priors)
