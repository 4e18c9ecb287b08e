"""Fidelities: how much an evaluation may cost, set from outside by the optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from neps_cs.errors import refuse
from neps_cs.parameters import Float, Integer
from neps_cs.structure import Node


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Fidelity(Node):
    """How much an evaluation may cost (epochs, data): set from outside by the optimizer.

    `domain` is a Float or an Integer without a prior. A fidelity must be a direct attribute of
    the space and can't be resampled. Raises SpaceError for another domain or one with a prior.
    """

    domain: Float | Integer

    def __init__(self, domain: Float | Integer) -> None:
        if not isinstance(domain, (Float, Integer)):
            raise refuse("the domain of a fidelity must be a Float or an Integer", repr(domain), "Fidelity")
        for name in ("lower", "upper"):
            if isinstance(getattr(domain, name), Node):
                raise refuse("the bounds of a fidelity must be numbers", repr(domain), "Fidelity")
        if domain.step is not None:
            raise refuse("a fidelity can't have a step", f"step={domain.step}", "Fidelity")
        if domain.prior is not None:
            raise refuse("a fidelity can't have a prior", f"prior={domain.prior}", "Fidelity")
        object.__setattr__(self, "domain", domain)

    def __repr__(self) -> str:
        domain = repr(self.domain)
        if type(self) is Fidelity:
            return f"Fidelity({domain})"
        return f"{type(self).__name__}{domain.removeprefix(type(self.domain).__name__)}"

    @property
    def lower(self) -> float:
        """The least fidelity, inclusive."""
        return self.domain.lower  # type: ignore[return-value]

    @property
    def upper(self) -> float:
        """The full fidelity, inclusive."""
        return self.domain.upper  # type: ignore[return-value]

    @property
    def log(self) -> bool:
        """Whether the scale is logarithmic."""
        return self.domain.log

    def resample(self) -> NoReturn:
        """Not for a fidelity: raises SpaceError."""
        raise refuse("a fidelity can't be resampled", repr(self), type(self).__name__)


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class IntegerFidelity(Fidelity):
    """A fidelity of whole numbers in [lower, upper], both inclusive. Raises as Integer does."""

    def __init__(self, lower: int, upper: int, *, log: bool = False) -> None:
        Fidelity.__init__(self, Integer(lower, upper, log))


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class FloatFidelity(Fidelity):
    """A fidelity of real numbers in [lower, upper], both inclusive. Raises as Float does."""

    def __init__(self, lower: float, upper: float, *, log: bool = False) -> None:
        Fidelity.__init__(self, Float(lower, upper, log))
