"""Parameters: the domains from which values are chosen.

Each value checks itself once, when it is made. `lower` and `upper` are inclusive, and
`lower == upper` is a range of one point. `prior` is a value that is believed to be good (for
choices: its index), with a confidence of "low", "medium" or "high", or a distribution: `Normal` or
`Beta` for numbers, `Weights` for choices. `default` is the value in ConfigSpace's default
configuration (for choices: its index), and `meta` what ConfigSpace keeps beside a hyperparameter.
None means absent everywhere: a prior of 0 is a prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeAlias

from neps_cs.checks import (
    check_bounds,
    check_step,
    read_choices,
    read_flag,
    read_float,
    read_index,
    read_integer,
    read_meta,
)
from neps_cs.distributions import ChoiceDistribution, NumberDistribution, choice_weights
from neps_cs.errors import refuse
from neps_cs.laws import number_law
from neps_cs.priors import (
    DISTRIBUTIONS,
    Beta,
    Confidence,
    ConfidenceLevel,
    Normal,
    Weights,
    read_among,
    read_choice_prior,
    read_confidence,
    read_number_prior,
)
from neps_cs.scales import Scale
from neps_cs.structure import ByName, Lazy, Node, Resample


def _bound(read: Callable[[str, object, str], float], name: str, value: object, kind: str) -> float | Node:
    """A bound: a number, or a parameter that gives one, which is checked with the whole space."""
    if isinstance(value, _BOUNDS):
        return value
    if isinstance(value, Node):
        rule = f"{name} must be a number, or a parameter that gives one"
        raise refuse(rule, f"{name}={value!r}", kind)
    return read(name, value, kind)


def _fill(
    number: Float | Integer,
    read: Callable[[str, object, str], float],
    given: Mapping[str, Any],
    log: object,
    log_base: object,
    meta: object,
) -> None:
    """Set the fields of a number, each read and checked on its own."""
    kind = type(number).__name__
    for name, value in given.items():
        checked: Any = None
        if name == "prior" and isinstance(value, DISTRIBUTIONS):
            checked = read_number_prior(value, log, kind)
        elif name in ("lower", "upper"):
            checked = _bound(read, name, value, kind)
        elif value is not None:
            checked = read(name, value, kind)
        object.__setattr__(number, name, checked)
    object.__setattr__(number, "log", read_flag("log", log, kind))
    base = None if log_base is None else read_float("log_base", log_base, kind)
    object.__setattr__(number, "log_base", base)
    object.__setattr__(number, "meta", read_meta(meta, kind))


def _check_range(domain: Float | Integer, kind: str, floor: float) -> None:
    lower, upper, step = domain.lower, domain.upper, domain.step
    if step is not None and step <= 0:
        raise refuse("step > 0 must hold", f"step={step}", kind)
    base = domain.log_base
    if base is not None and not (base > 0 and base != 1):
        raise refuse("log_base must be positive, finite and not 1", f"log_base={base}", kind)
    if isinstance(lower, Node) or isinstance(upper, Node):
        return
    check_bounds(lower, upper, log=domain.log, floor=floor, kind=kind)
    check_step(lower, upper, step, kind)
    for name in ("prior", "default"):
        value = getattr(domain, name)
        if isinstance(value, (int, float)) and not lower <= value <= upper:
            rule = f"lower <= {name} <= upper must hold"
            raise refuse(rule, f"{name}={value}, lower={lower}, upper={upper}", kind)
    scale = Scale(lower, upper, domain.log, isinstance(domain, Integer), step)
    if domain.default is not None and not scale.holds(domain.default):
        rule = "default must be one of lower, lower + step, … up to upper"
        raise refuse(rule, f"default={domain.default}, lower={lower}, step={step}", kind)


class _Shown(Node):
    """repr as the call that makes the value: fields at their default are left out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self.described(repr)

    def described(self, show: Callable[[object], str]) -> str:
        """repr, with its bounds or choices as `show` has them."""
        parts = []
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.default is MISSING:
                parts.append(show(value))
            elif value is not field.default:
                text = repr(value.value) if isinstance(value, ConfidenceLevel) else repr(value)
                parts.append(f"{field.name}={text}")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Float(_Shown):
    """A real number in [lower, upper], uniform on a linear scale, or on a log scale with log=True.

    With `step` only lower, lower + step, … up to upper are values. A bound may be a parameter, or a
    reference to one: the number is drawn within the bounds that were drawn. `log_base` is kept for
    other tools and changes no distribution. Raises SpaceError where lower > upper, a bound is not
    finite, lower <= 0 with log=True, step <= 0, or prior or default lie outside.
    """

    lower: float | Node
    upper: float | Node
    log: bool = False
    log_base: float | None = None
    prior: float | Normal | Beta | None = None
    prior_confidence: ConfidenceLevel | None = None
    default: float | None = None
    meta: Mapping[Any, Any] | None = None
    step: float | None = None

    def __init__(
        self,
        lower: float | Node,
        upper: float | Node,
        log: bool = False,
        log_base: float | None = None,
        prior: float | Normal | Beta | None = None,
        prior_confidence: Confidence | None = None,
        default: float | None = None,
        meta: Mapping[Any, Any] | None = None,
        step: float | None = None,
    ) -> None:
        given = {"lower": lower, "upper": upper, "prior": prior, "default": default, "step": step}
        _fill(self, read_float, given, log, log_base, meta)
        _check_range(self, "Float", 5e-324)
        object.__setattr__(self, "prior_confidence", read_confidence(prior, prior_confidence, "Float"))

    def distribution(self, use_prior: bool = True) -> NumberDistribution:
        """How the number is drawn: its `pdf`, `cdf`, `ppf` and `sample`, over values of the parameter.

        With use_prior=False that of the same parameter without its prior. Raises SpaceError where a
        bound is a parameter: then it depends on the bounds that were drawn.
        """
        return _number_distribution(self, use_prior)


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Integer(_Shown):
    """A whole number in [lower, upper], both ends included, uniform or on a log scale.

    With log=True the mass of k is ln((k+1/2)/(k-1/2)) / ln((upper+1/2)/(lower-1/2)). `step` and
    bounds that are parameters as in Float. Raises SpaceError where lower > upper, a bound or step is
    no whole number, lower < 1 with log=True, step <= 0, or prior or default lie outside.
    """

    lower: int | Node
    upper: int | Node
    log: bool = False
    log_base: float | None = None
    prior: int | Normal | Beta | None = None
    prior_confidence: ConfidenceLevel | None = None
    default: int | None = None
    meta: Mapping[Any, Any] | None = None
    step: int | None = None

    def __init__(
        self,
        lower: float | Node,
        upper: float | Node,
        log: bool = False,
        log_base: float | None = None,
        prior: float | Normal | Beta | None = None,
        prior_confidence: Confidence | None = None,
        default: float | None = None,
        meta: Mapping[Any, Any] | None = None,
        step: float | None = None,
    ) -> None:
        given = {"lower": lower, "upper": upper, "prior": prior, "default": default, "step": step}
        _fill(self, read_integer, given, log, log_base, meta)
        _check_range(self, "Integer", 1)
        object.__setattr__(self, "prior_confidence", read_confidence(prior, prior_confidence, "Integer"))

    def distribution(self, use_prior: bool = True) -> NumberDistribution:
        """How the number is drawn: its `pdf` (masses), `cdf`, `ppf` and `sample`. See Float.distribution."""
        return _number_distribution(self, use_prior)


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Categorical(_Shown):
    """One of `choices`, which are handed over as written; only the chosen branch is resolved.

    A choice is any value, a parameter, a structure, or a tuple, list or dict of those. `choices`
    may also be a Categorical (or a reference to one) whose own choice gives the sequence to
    choose from. With a prior its choice has the mass p + (1-p)/n, the others (1-p)/n each;
    prior=Weights((…)) gives the masses themselves. `among` holds the indices of the choices that are
    open (None: all): closed ones are never taken, but keep their names and indices, and don't count
    in n.
    Raises SpaceError for no choices, equal plain choices, an index out of range, none that is open, or
    a prior or default that is closed.
    """

    choices: tuple[Any, ...] | Node
    prior: int | Weights | None = None
    prior_confidence: ConfidenceLevel | None = None
    default: int | None = None
    meta: Mapping[Any, Any] | None = None
    among: tuple[int, ...] | None = None

    def __init__(
        self,
        choices: Sequence[Any] | Node,
        prior: int | Weights | None = None,
        prior_confidence: Confidence | None = None,
        default: int | None = None,
        meta: Mapping[Any, Any] | None = None,
        among: Sequence[int] | None = None,
    ) -> None:
        put, size = object.__setattr__, None
        if isinstance(choices, Node):
            put(self, "choices", choices)
        else:
            checked = read_choices(choices, "Categorical")
            put(self, "choices", checked)
            size = len(checked)
        put(self, "prior", read_choice_prior(prior, size, "Categorical"))
        put(self, "default", read_index("default", default, size, "Categorical"))
        put(self, "prior_confidence", read_confidence(prior, prior_confidence, "Categorical"))
        put(self, "meta", read_meta(meta, "Categorical"))
        put(self, "among", read_among(among, size, prior, default, "Categorical"))

    def distribution(self, use_prior: bool = True) -> ChoiceDistribution:
        """How the choice is drawn: its `pdf` (masses), `cdf`, `ppf` and `sample`, over indices of choices.

        With use_prior=False every choice has the same mass. Raises SpaceError where another
        Categorical gives the choices: then it depends on what that one gave.
        """
        if not isinstance(self.choices, tuple):
            rule = "only a Categorical whose choices are written out has a distribution"
            raise refuse(rule, repr(self), "Categorical")
        prior, confidence = (self.prior, self.prior_confidence) if use_prior else (None, None)
        weight = confidence and confidence.weight
        return ChoiceDistribution(choice_weights(len(self.choices), prior, weight, self.among))


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Ordinal(_Shown):
    """One of `choices`, which have an order: the first is the least. Uniform over the choices.

    Choices are values, not structures. `among` as in Categorical. Raises SpaceError for no choices,
    equal ones, parameters or structures among them, none that is open, or a default out of range or
    closed.
    """

    choices: tuple[Any, ...]
    default: int | None = None
    meta: Mapping[Any, Any] | None = None
    among: tuple[int, ...] | None = None

    def __init__(
        self,
        choices: Sequence[Any],
        default: int | None = None,
        meta: Mapping[Any, Any] | None = None,
        among: Sequence[int] | None = None,
    ) -> None:
        put, checked = object.__setattr__, read_choices(choices, "Ordinal")
        for choice in checked:
            if isinstance(choice, Node) and not isinstance(choice, Lazy):
                raise refuse("the choices of an Ordinal must be values", repr(choice), "Ordinal")
        put(self, "choices", checked)
        put(self, "default", read_index("default", default, len(checked), "Ordinal"))
        put(self, "meta", read_meta(meta, "Ordinal"))
        put(self, "among", read_among(among, len(checked), None, default, "Ordinal"))

    def distribution(self, use_prior: bool = True) -> ChoiceDistribution:
        """How the choice is drawn, over indices of choices: an Ordinal has no prior, so always uniform."""
        return ChoiceDistribution(choice_weights(len(self.choices), None, None, self.among))


def open_choices(parameter: Categorical | Ordinal) -> tuple[Any, ...]:
    """The choices that may be taken; none where a provider gives them."""
    choices = parameter.choices
    if isinstance(choices, Node):
        return ()
    return choices if parameter.among is None else tuple(choices[i] for i in parameter.among)


def _number_distribution(number: Float | Integer, use_prior: bool) -> NumberDistribution:
    lower, upper, kind = number.lower, number.upper, type(number).__name__
    if isinstance(lower, Node) or isinstance(upper, Node):
        rule = "only a number whose bounds are numbers has a distribution"
        raise refuse(rule, repr(number), kind)
    scale = Scale(lower, upper, number.log, isinstance(number, Integer), number.step)
    if not use_prior:
        return NumberDistribution(scale)
    confidence = number.prior_confidence
    return NumberDistribution(scale, number_law(scale, number.prior, confidence and confidence.deviation))


_BOUNDS = (Float, Integer, Categorical, Ordinal, Resample, ByName)
Prior: TypeAlias = "float | Normal | Beta | Weights"
Number: TypeAlias = Float | Integer
Parameter: TypeAlias = Float | Integer | Categorical | Ordinal
