"""Parameters and fidelities: the domains from which values are chosen.

Each value checks itself once, when it is made. `lower` and `upper` are inclusive, and
`lower == upper` is a range of one point. `prior` is a value that is believed to be good (for
choices: its index), with a confidence of "low", "medium" or "high", or a distribution: `Normal` or
`Beta` for numbers, `Weights` for choices. `default` is the value in ConfigSpace's default
configuration (for choices: its index), and `meta` what ConfigSpace keeps beside a hyperparameter.
None means absent everywhere: a prior of 0 is a prior.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from neps_cs.distributions import Beta, Normal, Weights
from neps_cs.errors import refuse
from neps_cs.scales import Scale
from neps_cs.structure import ByName, Node, Resample, copied
from neps_cs.values import is_plain, plain_key


class ConfidenceLevel(enum.Enum):
    """How much to trust a prior. In the unit interval of the parameter's own scale the standard
    deviation is 1 / (10 p) with p = 0.25, 0.5, 0.75; a choice gets p + (1 - p) / n (from NePS)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def weight(self) -> float:
        """p: 0.25, 0.5 or 0.75."""
        return _CONFIDENCE_WEIGHTS[self.value]

    @property
    def deviation(self) -> float:
        """The standard deviation in the unit interval: 0.4, 0.2 or 2/15."""
        return 1 / (10 * self.weight)


_CONFIDENCE_WEIGHTS = {"low": 0.25, "medium": 0.5, "high": 0.75}
Confidence: TypeAlias = "ConfidenceLevel | str"
_DISTRIBUTIONS = (Normal, Beta, Weights)


def _confidence(prior: object, level: Confidence | None, kind: str) -> ConfidenceLevel | None:
    if level is None:
        return None if prior is None or isinstance(prior, _DISTRIBUTIONS) else ConfidenceLevel.LOW
    if prior is None:
        raise refuse("prior_confidence needs a prior", f"prior_confidence={level!r}, prior=None", kind)
    if isinstance(prior, _DISTRIBUTIONS):
        rule = "a prior that is a distribution has no prior_confidence"
        raise refuse(rule, f"prior={prior!r}, prior_confidence={level!r}", kind)
    try:
        return ConfidenceLevel(level.lower() if isinstance(level, str) else level)
    except (ValueError, AttributeError):
        rule = "prior_confidence must be 'low', 'medium' or 'high'"
        raise refuse(rule, f"prior_confidence={level!r}", kind) from None


def _float(name: str, value: object, kind: str) -> float:
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise refuse(f"{name} must be a number", f"{name}={value!r}", kind) from None
    if not math.isfinite(number):
        raise refuse(f"{name} must be finite", f"{name}={number}", kind)
    return number


def _integer(name: str, value: object, kind: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    number = _float(name, value, kind)
    if number != int(number):
        raise refuse(f"{name} must be a whole number", f"{name}={value!r}", kind)
    return int(value) if not isinstance(value, float) else int(number)  # type: ignore[call-overload]


def _flag(log: object, kind: str) -> bool:
    if log is not True and log is not False:
        raise refuse("log must be True or False", f"log={log!r}", kind)
    return bool(log)


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
        if name == "prior" and isinstance(value, _DISTRIBUTIONS):
            checked = _number_prior(value, log, kind)
        elif name in ("lower", "upper"):
            checked = _bound(read, name, value, kind)
        elif value is not None:
            checked = read(name, value, kind)
        object.__setattr__(number, name, checked)
    object.__setattr__(number, "log", _flag(log, kind))
    object.__setattr__(number, "log_base", None if log_base is None else _float("log_base", log_base, kind))
    object.__setattr__(number, "meta", _checked_meta(meta, kind))


def _number_prior(prior: Normal | Beta | Weights, log: object, kind: str) -> Normal | Beta:
    if isinstance(prior, Weights):
        raise refuse("Weights are a prior for choices", repr(prior), kind)
    if isinstance(prior, Normal) and log is True and prior.mean <= 0:
        raise refuse("mean > 0 must hold for log=True", repr(prior), kind)
    return prior


def _check_range(domain: Float | Integer, kind: str, floor: float) -> None:
    lower, upper, step = domain.lower, domain.upper, domain.step
    if step is not None and step <= 0:
        raise refuse("step > 0 must hold", f"step={step}", kind)
    base = domain.log_base
    if base is not None and not (math.isfinite(base) and base > 0 and base != 1):
        raise refuse("log_base must be positive, finite and not 1", f"log_base={base}", kind)
    if isinstance(lower, Node) or isinstance(upper, Node):
        return
    check_bounds(lower, upper, log=domain.log, floor=floor, kind=kind)
    for name in ("prior", "default"):
        value = getattr(domain, name)
        if isinstance(value, (int, float)) and not lower <= value <= upper:
            rule = f"lower <= {name} <= upper must hold"
            raise refuse(rule, f"{name}={value}, lower={lower}, upper={upper}", kind)
    scale = Scale(lower, upper, domain.log, isinstance(domain, Integer), step)
    if domain.default is not None and not scale.holds(domain.default):
        rule = "default must be one of lower, lower + step, … up to upper"
        raise refuse(rule, f"default={domain.default}, lower={lower}, step={step}", kind)


def check_bounds(lower: float, upper: float, *, log: bool, floor: float, kind: str) -> None:
    """Raise SpaceError unless the bounds make a range."""
    if lower > upper:
        raise refuse("lower < upper must hold", f"lower={lower}, upper={upper}", kind)
    if not math.isfinite(float(upper) - float(lower)):
        raise refuse("upper - lower must be finite", f"lower={lower}, upper={upper}", kind)
    if log and lower < floor:
        rule = "lower > 0 must hold for log=True" if floor < 1 else "lower >= 1 must hold for log=True"
        raise refuse(rule, f"lower={lower}", kind)


def _checked_meta(meta: object, kind: str) -> Mapping[Any, Any] | None:
    if meta is None:
        return None
    if not isinstance(meta, Mapping):
        raise refuse("meta must be a mapping", f"meta={meta!r}", kind)
    return dict(copied(meta))


class _Shown(Node):
    """repr as the call that makes the value: fields at their default are left out."""

    __slots__ = ()

    def __repr__(self) -> str:
        parts = []
        for name, default in _SHOWN[type(self).__name__].items():
            value = getattr(self, name)
            if default is ...:
                parts.append(repr(value))
            elif value is not default:
                text = repr(value.value) if isinstance(value, ConfidenceLevel) else repr(value)
                parts.append(f"{name}={text}")
        return f"{type(self).__name__}({', '.join(parts)})"


_NUMBER: dict[str, Any] = {
    "lower": ..., "upper": ..., "log": False, "log_base": None, "prior": None,
    "prior_confidence": None, "default": None, "meta": None, "step": None,
}  # fmt: skip
_SHOWN: dict[str, dict[str, Any]] = {
    "Float": _NUMBER,
    "Integer": _NUMBER,
    "Categorical": {"choices": ...} | {k: _NUMBER[k] for k in list(_NUMBER)[4:-1]} | {"among": None},
    "Ordinal": {"choices": ..., "default": None, "meta": None, "among": None},
    "Fidelity": {"domain": ...},
    "IntegerFidelity": {"lower": ..., "upper": ..., "log": False},
    "FloatFidelity": {"lower": ..., "upper": ..., "log": False},
}


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
        _fill(self, _float, given, log, log_base, meta)
        _check_range(self, "Float", 5e-324)
        object.__setattr__(self, "prior_confidence", _confidence(prior, prior_confidence, "Float"))


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
        _fill(self, _integer, given, log, log_base, meta)
        _check_range(self, "Integer", 1)
        object.__setattr__(self, "prior_confidence", _confidence(prior, prior_confidence, "Integer"))


def _check_distinct(choices: Sequence[object], kind: str) -> None:
    seen: dict[tuple[str, str], int] = {}
    for i, choice in enumerate(choices):
        if is_plain(choice):
            first = seen.setdefault(plain_key(choice), i)
            if first != i:
                raise refuse("choices must be distinct", f"{choice!r} at {first} and {i}", kind)


def _choice_prior(prior: object, size: int | None, kind: str) -> int | Weights | None:
    if isinstance(prior, (Normal, Beta)):
        raise refuse("the prior of a choice must be an index or Weights", f"prior={prior!r}", kind)
    if not isinstance(prior, Weights):
        return _checked_index("prior", prior, size, kind)
    if size is not None and len(prior.values) != size:
        got = f"{len(prior.values)} weights, len(choices)={size}"
        raise refuse("every choice must have one weight", got, kind)
    return prior


def _checked_index(name: str, value: object, size: int | None, kind: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(f"{name} must be the index of a choice", f"{name}={value!r}", kind)
    if value < 0 or (size is not None and value >= size):
        got = f"{name}={value}" if size is None else f"{name}={value}, len(choices)={size}"
        raise refuse(f"0 <= {name} < len(choices) must hold", got, kind)
    return int(value)


def _checked_among(parameter: Categorical | Ordinal, among: object, size: int | None) -> None:
    """Set `among`, None where all choices are open, and check that prior and default are open."""
    kind, prior = type(parameter).__name__, getattr(parameter, "prior", None)
    object.__setattr__(parameter, "among", None)
    if among is None:
        return
    if not isinstance(among, Sequence) or isinstance(among, (str, bytes)):
        raise refuse("among must be the indices of choices", f"among={among!r}", kind)
    open_ = sorted({i for a in among if (i := _checked_index("among", a, size, kind)) is not None})
    if not open_:
        raise refuse("among must leave a choice open", f"among={among!r}", kind)
    for name, index in (("prior", prior), ("default", parameter.default)):
        if isinstance(index, int) and index not in open_:
            raise refuse(f"{name} must be an open choice", f"{name}={index}, among={tuple(open_)}", kind)
    if isinstance(prior, Weights) and not any(v > 0 for i, v in enumerate(prior.values) if i in open_):
        raise refuse("an open choice must have a weight > 0", f"{prior!r}, among={tuple(open_)}", kind)
    if size is None or len(open_) < size:
        object.__setattr__(parameter, "among", tuple(open_))


def open_choices(parameter: Categorical | Ordinal) -> tuple[Any, ...]:
    """The choices that may be taken; none where a provider gives them."""
    choices = parameter.choices
    if isinstance(choices, Node):
        return ()
    return choices if parameter.among is None else tuple(choices[i] for i in parameter.among)


def _checked_choices(choices: object, kind: str) -> tuple[Any, ...]:
    if isinstance(choices, (str, bytes, Mapping)) or not isinstance(choices, Sequence):
        raise refuse("choices must be a tuple or a list", f"choices={choices!r}", kind)
    if not choices:
        raise refuse("choices must not be empty", f"choices={choices!r}", kind)
    copies = tuple(copied(c) for c in choices)
    _check_distinct(copies, kind)
    return copies


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
            checked = _checked_choices(choices, "Categorical")
            put(self, "choices", checked)
            size = len(checked)
        put(self, "prior", _choice_prior(prior, size, "Categorical"))
        put(self, "default", _checked_index("default", default, size, "Categorical"))
        put(self, "prior_confidence", _confidence(prior, prior_confidence, "Categorical"))
        put(self, "meta", _checked_meta(meta, "Categorical"))
        _checked_among(self, among, size)


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
        put, checked = object.__setattr__, _checked_choices(choices, "Ordinal")
        for choice in checked:
            if isinstance(choice, Node):
                raise refuse("the choices of an Ordinal must be values", repr(choice), "Ordinal")
        put(self, "choices", checked)
        put(self, "default", _checked_index("default", default, len(checked), "Ordinal"))
        put(self, "meta", _checked_meta(meta, "Ordinal"))
        _checked_among(self, among, len(checked))


_BOUNDS = (Float, Integer, Categorical, Ordinal, Resample, ByName)
Prior: TypeAlias = "float | Normal | Beta | Weights"
Number: TypeAlias = Float | Integer
Parameter: TypeAlias = Float | Integer | Categorical | Ordinal


@dataclass(frozen=True, eq=False, repr=False, slots=True, init=False)
class Fidelity(_Shown):
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
