"""Making spaces in tests."""

from __future__ import annotations

from typing import Any

import neps_cs as neps

NO_FIDELITY = (
    "brackets need a space with one fidelity, got a space with none (a PipelineSpace has one as an "
    'attribute, epochs = IntegerFidelity(1, 100); from_configspace(cs, fidelities=("epochs",)) makes one of '
    "a hyperparameter)"
)


def space(**attributes: Any) -> neps.PipelineSpace:
    """A space of these attributes."""
    return neps.PipelineSpace.from_attributes(attributes)


def decisions(made: neps.PipelineSpace, seed: int = 0) -> list[str]:
    """The addresses that one sample decides."""
    return list(made.sample(seed)[0])
