"""The global random states, for checks that nothing uses them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def global_states() -> dict[str, object]:
    """The states of `random` and `numpy.random`, as values to compare."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {"random": random.getstate(), "numpy.random": (kind, np.asarray(keys).tolist(), *rest)}


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """The global states seeded, and put back afterwards."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
