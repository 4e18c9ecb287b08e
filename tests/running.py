"""What tests of runs share: small spaces, and the trials of a root directory."""

from __future__ import annotations

from pathlib import Path

import neps_cs as neps
from neps_cs.runtime.store import Store
from neps_cs.trials import Trial


class Space(neps.PipelineSpace):
    x = neps.Float(0.0, 1.0)
    n = neps.Integer(1, 1000, log=True)


class FidelitySpace(Space):
    epochs = neps.IntegerFidelity(1, 9)


def trials(root: Path) -> list[Trial]:
    """Those of the store in the root directory, in the order of their ids."""
    with Store.open(root) as store:
        return store.trials()
