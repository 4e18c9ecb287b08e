"""NePS's parameters with what ours say besides: what `to_neps` makes of those that need it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import neps

from neps_cs.distributions import ChoiceDistribution, NumberDistribution
from neps_cs.laws import number_law
from neps_cs.scales import Scale


class _Extras:
    """What a parameter of ours says beside what NePS has words for."""

    _default: Any
    _meta: Mapping[Any, Any] | None
    _distribution: Any

    @property
    def default(self) -> Any:
        """The value (of a choice: the index) in ConfigSpace's default configuration; None: its own rule."""
        return self._default

    @property
    def meta(self) -> Mapping[Any, Any] | None:
        """What ConfigSpace keeps beside the hyperparameter."""
        return self._meta

    @property
    def distribution(self) -> Any:
        """Normal, Beta or Weights: what a prior of NePS's stands for; without such a prior, what `sample`
        draws by. None: uniform."""
        return self._distribution


class Float(_Extras, neps.Float):
    """NePS's Float with more. On a log scale it is drawn as ours: NePS's rounding may miss the ends."""

    def __init__(
        self, *args: Any, default: Any = None, meta: Any = None, distribution: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._default, self._meta, self._distribution = default, meta, distribution

    def sample(self) -> float:
        """A value by the global generator of the module random, as NePS draws."""
        return _drawn(self, integer=False) if _is_ours(self) else super().sample()

    def centered_around(self, center: float, confidence: neps.ConfidenceLevel) -> neps.Float:
        """Near a value, drawn as this one."""
        return Float(**super().centered_around(center, confidence).get_attrs())


class Integer(_Extras, neps.Integer):
    """NePS's Integer with more. On a log scale it is drawn as ours: NePS never draws the upper end, and
    may draw what is below the lower one."""

    def __init__(
        self, *args: Any, default: Any = None, meta: Any = None, distribution: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._default, self._meta, self._distribution = default, meta, distribution

    def sample(self) -> int:
        """A value by the global generator of the module random, as NePS draws."""
        return int(_drawn(self, integer=True)) if _is_ours(self) else super().sample()

    def centered_around(self, center: int, confidence: neps.ConfidenceLevel) -> neps.Integer:
        """Near a value, drawn as this one."""
        return Integer(**super().centered_around(center, confidence).get_attrs())


def _is_ours(number: Float | Integer) -> bool:
    return number.log or (number.distribution is not None and not number.has_prior)


def _drawn(number: Float | Integer, *, integer: bool) -> float:
    scale = Scale(number.lower, number.upper, number.log, integer)
    law = number_law(scale, None if number.has_prior else number.distribution, None)
    return NumberDistribution(scale, law).quantile(random.random())


class Categorical(_Extras, neps.Categorical):
    """NePS's Categorical with more; `ordered` says that it is an Ordinal of ours, which is drawn as any
    other choice."""

    def __init__(
        self,
        *args: Any,
        default: Any = None,
        meta: Any = None,
        distribution: Any = None,
        ordered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._default, self._meta, self._distribution = default, meta, distribution
        self._ordered = ordered

    @property
    def ordered(self) -> bool:
        """Whether the choices have an order: the first is the least."""
        return self._ordered

    def sample(self) -> int:
        """An index by the global generator of the module random, as NePS draws."""
        if self._distribution is None or self.has_prior:
            return super().sample()
        return ChoiceDistribution(self._distribution.values).quantile(random.random())
