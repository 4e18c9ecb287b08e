"""Optimizers: who proposes the next config. `neps.algorithms` holds them by name."""

from neps_cs.optimizers import algorithms as algorithms
