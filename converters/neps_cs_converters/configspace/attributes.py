"""A hyperparameter as an attribute of a space: inverse of `to_hyperparameter`.

An open table leads from a class to its reader: `register` adds those of other libraries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import ConfigSpace as CS
import numpy as np
from ConfigSpace.hyperparameters import Hyperparameter

from neps_cs.codings import PLACES
from neps_cs.errors import ConversionError, Problem
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import Beta, Normal, Weights
from neps_cs.structure import Lazy
from neps_cs.values import is_plain, shown, unwrapped
from neps_cs_converters.configspace.hyperparameters import deviation_of, fits, held_values


class Read(NamedTuple):
    """An attribute, and what its hyperparameter says besides: see `neps_cs.graph.native.Native`."""

    attribute: Any
    as_is: bool = False
    sigma: float | None = None
    meta: dict[Any, Any] | None = None
    beyond: int | None = None


Reader: TypeAlias = Callable[[Any], Read]


def from_hyperparameter(hyperparameter: Hyperparameter[Any, Any]) -> Read:
    """The attribute of a hyperparameter, the value itself where it is a constant.

    Raises ConversionError for a class that is not in the table, and for a distribution that is none.
    """
    reader = _READERS.get(type(hyperparameter))
    if reader is None:
        rule = "a hyperparameter must be of ConfigSpace's own classes, or one of register_hyperparameter"
        raise ConversionError(Problem(rule, _path(type(hyperparameter)), hyperparameter.name))
    return reader(hyperparameter)


Writer: TypeAlias = Callable[[str, Any], Hyperparameter[Any, Any]]


class _Registered(NamedTuple):
    kind: type
    write: Writer


def register_hyperparameter(
    kind: type, read: Callable[[Any], Any], write: Callable[[str, Any], Hyperparameter[Any, Any]]
) -> None:
    """Teach the translation a hyperparameter class of another library.

    `read(hyperparameter)` gives the parameter (a Float, Integer, Categorical or Ordinal) that it stands
    for, `write(name, parameter)` the hyperparameter again, of this class and name, with the same bounds or
    choices: inverses. A space that is read remembers the class by its import path. Registering a class
    again replaces its functions. Raises ConversionError for ConfigSpace's own classes, what is no class of
    a hyperparameter, and functions that can't be called; the translation raises it, naming class and
    hyperparameter, where a function raises or gives something else.
    """
    if not isinstance(kind, type) or not issubclass(kind, Hyperparameter):
        raise ConversionError(Problem("kind must be a class of hyperparameters", repr(kind)))
    if kind in _OWN:
        raise ConversionError(Problem("ConfigSpace's own classes have their readers", kind.__name__))
    wrong = [(name, f) for name, f in (("read", read), ("write", write)) if not callable(f)]
    if wrong:
        raise ConversionError(Problem(f"{n} must be a function", repr(f), _path(kind)) for n, f in wrong)

    def reader(hp: Any) -> Read:
        with _blamed("read", kind, hp.name):
            attribute = read(hp)
        if not isinstance(attribute, (Float, Integer, Categorical, Ordinal)):
            rule = f"read of {_path(kind)} must give a Float, Integer, Categorical or Ordinal"
            raise ConversionError(Problem(rule, repr(attribute), hp.name))
        return Read(attribute)

    _READERS[kind] = reader
    _WRITERS[_path(kind)] = _Registered(kind, write)


@contextmanager
def _blamed(function: str, kind: type, name: str) -> Iterator[None]:
    """Raises ConversionError for whatever a registered function raises."""
    try:
        yield
    except Exception as e:
        rule = f"{function} of {_path(kind)} must not raise"
        raise ConversionError(Problem(rule, f"{type(e).__name__}: {e}", name)) from e


def write_registered(path: str, name: str, parameter: Any, values: Sequence[Any] | None) -> Any:
    """The hyperparameter of a registered class, by its import path, for a parameter. `values` are the
    choices, in order; None for a number, whose bounds are those of the parameter.

    Raises ConversionError for a class that is not registered, and for what `register_hyperparameter` says.
    """
    if path not in _WRITERS:
        rule = "the class of a hyperparameter must be registered by register_hyperparameter"
        raise ConversionError(Problem(rule, path, name))
    kind, write = _WRITERS[path]
    with _blamed("write", kind, name):
        made = write(name, parameter)
    if type(made) is not kind or made.name != name:
        rule = f"write of {path} must give a hyperparameter of this class and of the name that it is given"
        named = f" named {made.name!r}" if isinstance(made, Hyperparameter) else ""
        raise ConversionError(Problem(rule, f"a {type(made).__name__}{named}", name))
    with _blamed("write", kind, name):
        if values is None:
            what, expected = "bounds", [parameter.lower, parameter.upper]
            held = made.to_value(np.array([0.0, 1.0])).tolist()
            same = np.allclose(held, expected, rtol=1e-9, atol=10.0**-PLACES)
        else:
            what, expected = "choices", list(values)
            held = made.to_value(np.arange(min(made.size, len(values)), dtype=float)).tolist()
            same = made.size == len(values) and held == expected
    if not same:
        rule = f"write of {path} must give a hyperparameter with the {what} of its parameter"
        got = f"{made}, for {what} {', '.join(map(shown, expected))}"
        raise ConversionError(Problem(rule, got, name))
    return made


def kind_name(hyperparameter: Hyperparameter[Any, Any]) -> str | None:
    """The registered name of a hyperparameter's class; None for ConfigSpace's own."""
    kind = type(hyperparameter)
    return None if kind in _OWN else _path(kind)


def _path(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _meta(hp: Hyperparameter[Any, Any]) -> dict[Any, Any] | None:
    if hp.meta is not None and not isinstance(hp.meta, Mapping):
        raise ConversionError(Problem("meta must be a mapping", shown(hp.meta), hp.name))
    return None if hp.meta is None else dict(hp.meta)


def _uniform(kind: type[Float] | type[Integer]) -> Reader:
    def read(hp: Any) -> Read:
        middle = float(hp.to_value(np.array([0.5]))[0])
        own = round(middle) if kind is Integer else float(np.round(middle, PLACES))
        return _number(kind, hp, own, prior=None)

    return read


def _normal(kind: type[Float] | type[Integer]) -> Reader:
    def read(hp: Any) -> Read:
        deviation = deviation_of(hp.lower, hp.sigma, log=hp.log)
        if not deviation < math.inf:
            rule = "a normal hyperparameter must have a deviation (with log=True it is |ln(lower + sigma)|)"
            raise ConversionError(Problem(rule, f"sigma={hp.sigma}, lower={hp.lower}", hp.name))
        nearest = min(hp.upper, max(hp.lower, hp.mu))
        own = round(nearest) if kind is Integer else float(np.round(nearest, PLACES))
        narrow = deviation < _NARROW * (math.log(hp.upper / hp.lower) if hp.log else hp.upper - hp.lower)
        as_is = narrow or not hp.lower <= hp.mu <= hp.upper
        sigma = hp.sigma if hp.log or deviation != hp.sigma else None
        return _number(kind, hp, own, prior=Normal(hp.mu, deviation), as_is=as_is)._replace(sigma=sigma)

    return read


_NARROW = 1e-3
"""Such a part of the range: narrower normals, those outside too, may be more than ConfigSpace can compute."""


def _beta(kind: type[Float] | type[Integer]) -> Reader:
    def read(hp: Any) -> Read:
        own = type(hp)(hp.name, hp.alpha, hp.beta, hp.lower, hp.upper, log=hp.log).default_value
        return _number(kind, hp, own, prior=Beta(hp.alpha, hp.beta))

    return read


def _number(kind: Any, hp: Any, own: float, *, prior: Normal | Beta | None, as_is: bool = False) -> Read:
    """The Float or Integer of a hyperparameter; `own` is the default that ConfigSpace gives it."""
    default = None if own == hp.default_value else unwrapped(hp.default_value)
    inside = None if default is None else min(hp.upper, max(hp.lower, default))
    made = kind(hp.lower, hp.upper, hp.log, prior=prior, default=inside, meta=_meta(hp))
    as_is = as_is or not fits(hp.lower, hp.upper, integer=kind is Integer, log=hp.log)
    return Read(made, as_is, beyond=None if inside == default else default)


def _categorical(hp: Any) -> Read:
    values, at = [unwrapped(c) for c in hp.choices], _index(hp.choices, hp.default_value)
    weights = None if hp.weights is None else Weights(tuple(hp.weights))
    own = 0 if weights is None else int(np.argmax(hp.probabilities))
    default = None if at == own else at
    choices = tuple(map(_as_is, values))
    made = Categorical(choices, prior=weights, default=default, meta=_meta(hp))
    return Read(made, as_is=not _held(values))


def _ordinal(hp: Any) -> Read:
    values, at = [unwrapped(v) for v in hp.sequence], _index(hp.sequence, hp.default_value)
    made = Ordinal(tuple(map(_as_is, values)), default=at or None, meta=_meta(hp))
    return Read(made, as_is=not _held(values))


def _constant(hp: Any) -> Read:
    value = unwrapped(hp.value)
    as_is = value is None or not _held([value])
    return Read(_as_is(value), as_is=as_is, meta=_meta(hp))


def _as_is(value: Any) -> Any:
    """A value that resolves to itself: what the language would read as structure is wrapped in Lazy."""
    return value if is_plain(value) or callable(value) else Lazy(value)


def _held(values: Sequence[Any]) -> bool:
    """Whether a translation holds these very values without being told."""
    if not all(is_plain(v) for v in values):
        return False
    return list(held_values(values, ["?"] * len(values))) == list(values)


def _index(values: Sequence[Any], value: Any) -> int:
    """Where a value stands, True and 1 apart."""
    same = [i for i, v in enumerate(values) if type(v) is type(value) and v == value]
    return same[0] if same else list(values).index(value)


_WRITERS: dict[str, _Registered] = {}
"""By the path of a registered class."""

_OWN: dict[type, Reader] = {
    CS.UniformFloatHyperparameter: _uniform(Float),
    CS.UniformIntegerHyperparameter: _uniform(Integer),
    CS.NormalFloatHyperparameter: _normal(Float),
    CS.NormalIntegerHyperparameter: _normal(Integer),
    CS.BetaFloatHyperparameter: _beta(Float),
    CS.BetaIntegerHyperparameter: _beta(Integer),
    CS.CategoricalHyperparameter: _categorical,
    CS.OrdinalHyperparameter: _ordinal,
    CS.Constant: _constant,
}

_READERS = dict(_OWN)
