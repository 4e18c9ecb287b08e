"""One hyperparameter of a JSON document of ConfigSpace: a reader for each `type`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neps_cs.parameters import Categorical, Ordinal
from neps_cs.priors import Beta, Normal, Weights
from neps_cs.values import shown
from neps_cs_converters.legacy.draft import Draft, Positions, Where
from neps_cs_converters.legacy.numbers import nearly_whole, number_of, whole
from neps_cs_converters.legacy.ranges import DEVIATIONS, Range, add_number, bounds_of, log_normal

_BOUNDS = ("lower", "upper")
_WORD = re.compile(r"[a-z]+")
_WORDS = {"step": "q", "deviation": "sigma", "mean": "mu", "weight": "weights"}
"""What the language calls otherwise than the file."""

_SAME = 1e-9
"""Probabilities that differ by less were even, but for their rounding in the file."""


@dataclass(frozen=True)
class Row:
    """A hyperparameter as it is written. `old`: by ConfigSpace before 1.0. `path` is where it is."""

    draft: Draft
    name: str
    given: Mapping[str, Any]
    path: Where
    old: bool

    def at(self, key: str) -> Where:
        return (*self.path, key)

    @property
    def place(self) -> Where:
        return self.at("name")

    def place_of(self, rule: str) -> Where:
        """Where the row says what a rule of the language is about: the first key that it names."""
        words = _WORDS | {"default": self.default_key}
        keys = (words.get(word, word) for word in _WORD.findall(rule))
        own = sorted((key for key in keys if key in self.given), key=lambda key: key in _BOUNDS)
        return self.at(own[0]) if own else self.place

    def refuse(self, rule: str, key: str) -> None:
        got = f"{key}={shown(self.given[key])}" if key in self.given else f"no {key}"
        self.draft.problem(rule, f"{got} of {self.name!r}", self.at(key))

    def number(self, key: str, *, required: bool = True) -> float | None:
        """A finite number; where it is none, or is not there though it must be, that is a problem."""
        value = self.given.get(key)
        if value is None:
            if required:
                self.refuse(f"{key} must be a number", key)
            return None
        if isinstance(value, str):
            read = number_of(value.strip())
            if read is not None:
                self.draft.note(
                    self.at(key), f"{self.name}: {key} is the text {value!r}", f"the number {read}"
                )
            value = read
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
            self.refuse(f"{key} must be a finite number", key)
            return None
        return value

    def bound(self, key: str, *, integer: bool) -> float | None:
        """A number; of an integer a whole one, to which ConfigSpace 1.x rounds others."""
        number = self.number(key)
        return number if number is None or not integer else self._whole(key, number, rounds=True)

    def default(self, *, integer: bool, rounds: bool) -> float | None:
        """The default, None where there is none; of an integer a whole number, rounded if it `rounds`."""
        number = self.number(self.default_key, required=False)
        return (
            number if number is None or not integer else self._whole(self.default_key, number, rounds=rounds)
        )

    def _whole(self, key: str, number: float, *, rounds: bool) -> int | None:
        exact = nearly_whole(number)
        if exact is not None:
            return exact
        if not rounds:
            self.refuse(f"{key} must be a whole number", key)
            return None
        near = round(number)  # halves to even numbers, as ConfigSpace
        self.draft.note(self.at(key), f"{self.name}: {key}={number} of an integer", f"{near}")
        return near

    def flag(self, key: str) -> bool:
        value = self.given.get(key)
        if value not in (None, True, False) or isinstance(value, float):
            self.refuse(f"{key} must be true or false", key)
        return bool(value)

    def values(self, key: str) -> list[Any] | None:
        found = self.given.get(key)
        if not isinstance(found, list) or not found:
            self.refuse(f"{key} must be a list that is not empty", key)
            return None
        return found

    @property
    def default_key(self) -> str:
        """`default` up to 0.7, `default_value` later; the latter where both stand there."""
        given = self.given
        later = given.get("default_value") is not None or "default" not in given
        return "default_value" if later else "default"

    @property
    def meta(self) -> Mapping[Any, Any] | None:
        meta = self.given.get("meta")
        if meta is None or isinstance(meta, Mapping):
            return meta
        self.refuse("meta must be an object", "meta")
        return None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _uniform(row: Row, *, integer: bool) -> None:
    _add(row, integer, None, None)


def _beta(row: Row, *, integer: bool) -> None:
    alpha, beta = row.number("alpha"), row.number("beta")
    if alpha is not None and beta is not None:
        _add(row, integer, Beta(alpha, beta), None)


def _normal(row: Row, *, integer: bool) -> None:
    from neps_cs_converters.configspace.hyperparameters import deviation_of

    mu, sigma, log = row.number("mu"), row.number("sigma"), row.flag("log")
    if mu is None or sigma is None:
        return
    if not log:
        _add(row, integer, Normal(mu, sigma), mu)
    elif row.old:
        _note_log_normal(row, mu, sigma)
        _add(row, integer, log_normal(mu, sigma), mu)
    else:
        lower = row.number("lower")
        deviation = math.nan if lower is None else deviation_of(lower, sigma, log=True)
        if not 0 < deviation < math.inf:
            rule = "a normal with log must have a deviation > 0, which is |ln(lower + sigma)|"
            row.refuse(rule, "sigma")
            return
        _add(row, integer, Normal(mu, deviation), None, sigma)


def _note_log_normal(row: Row, mu: float, sigma: float) -> None:
    taken = f"mean and deviation of logarithms, as ConfigSpace before 1.0 did: median {math.exp(mu):.6g}"
    row.draft.note(row.at("mu"), f"{row.name}: mu={mu}, sigma={sigma} with log", taken)


def _add(
    row: Row, integer: bool, prior: Normal | Beta | None, mu: float | None, sigma: float | None = None
) -> None:
    """Add a number. `mu` is the mean of a normal that may lack bounds, on its own scale."""
    log, step = row.flag("log"), row.number("q", required=False)
    if integer and step is not None:
        step = _integer_step(row, step)
    normal = prior if isinstance(prior, Normal) and mu is not None else None
    default = row.default(integer=integer, rounds=row.old and normal is not None)  # 0.4 wrote the mean there
    free = [] if normal is None else [key for key in _BOUNDS if row.given.get(key) is None]
    lower, upper = (None if key in free else row.bound(key, integer=integer) for key in _BOUNDS)
    if normal is not None and mu is not None and free:
        low, high = bounds_of(normal, mu, log=log, integer=integer, step=step)
        low, high, default = _around(row, low, high, default, log=log, integer=integer)
        lower, upper = low if "lower" in free else lower, high if "upper" in free else upper
        row.draft.free.add(row.name)
        taken = f"{low:.6g} to {high:.6g}, {DEVIATIONS} deviations on either side: ranges have bounds here"
        found = "a normal without bounds" if len(free) == 2 else f"a normal without {free[0]}"
        row.draft.note(row.place, f"{row.name}: {found}", taken)
    if lower is None or upper is None:
        return
    if isinstance(prior, Normal) and row.old and default is not None and not lower <= default <= upper:
        near = min(upper, max(lower, default))
        row.draft.note(row.at(row.default_key), f"{row.name}: default {default} beyond the bounds", f"{near}")
        default = near
    given = Range(row.name, row.place, integer, lower, upper, log, default, prior, step, sigma, row.meta)
    add_number(row.draft, given)


def _around(
    row: Row, lower: float, upper: float, default: float | None, *, log: bool, integer: bool
) -> tuple[float, float, float | None]:
    """Bounds of ours around the file's default; without it where it can be none."""
    if default is None:
        return lower, upper, None
    if log and default < (1 if integer else 5e-324):
        taken = "no default: ConfigSpace 0.4 wrote the mean of the logarithms there"
        row.draft.note(row.at(row.default_key), f"{row.name}: default {default} with log", taken)
        return lower, upper, None
    if integer:
        return min(lower, math.floor(default)), max(upper, math.ceil(default)), default
    return min(lower, default), max(upper, default), default


def _integer_step(row: Row, step: float) -> int | None:
    exact = whole(step)
    if exact is None and 0 < step < 1:
        taken = "no step, as ConfigSpace did for whole numbers"
        row.draft.note(row.at("q"), f"{row.name}: q={step}", taken)
        return None
    if exact is None:
        row.refuse("q of an integer must be a whole number", "q")
    return None if exact == 1 else exact  # 1 leaves every whole number


def _categorical(row: Row) -> None:
    values = row.values("choices")
    if values is None:
        return
    weights = _weights(row, len(values))
    at = _default_position(row, values)
    own = 0 if weights is None else max(range(len(values)), key=weights.values.__getitem__)
    default = None if at == own else at
    row.draft.choice(row.name, Categorical, values, prior=weights, default=default, meta=row.meta)


def _weights(row: Row, size: int) -> Weights | None:
    key = "weights" if row.given.get("weights") is not None else "probabilities"
    given = row.given.get(key)
    if given is None:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != size:
        row.refuse(f"{key} must be a list with a number for each choice", key)
        return None
    weights = Weights(tuple(given))
    if key == "weights":
        return weights
    even = all(math.isclose(v, weights.values[0], rel_tol=_SAME) for v in weights.values)
    return None if even else weights


def _ordinal(row: Row) -> None:
    values = row.values("sequence")
    if values is not None:
        at = _default_position(row, values)
        row.draft.choice(row.name, Ordinal, values, default=at or None, meta=row.meta)


def _default_position(row: Row, values: list[Any]) -> int | None:
    key = row.default_key
    wanted = row.given.get(key)
    if wanted is None and None not in values:
        return None
    if key not in row.given:
        return None
    at = Positions(values).of(wanted)
    if at is None:
        row.refuse(f"the default must be one of {_some(values)}", key)
    return at


def _some(values: list[Any]) -> str:
    return f"{', '.join(map(shown, values[:8]))}{', …' if len(values) > 8 else ''}"


def _constant(row: Row) -> None:
    if "value" not in row.given:
        row.refuse("a constant must have a value", "value")
        return
    row.draft.constant(row.name, row.given["value"], row.meta)


_RANGE = frozenset({"lower", "upper", "log", "q", "default", "default_value"})
_CHOICE = frozenset({"default", "default_value"})

READERS: Mapping[str, tuple[Callable[[Row], None], frozenset[str]]] = {
    "uniform_float": (lambda row: _uniform(row, integer=False), _RANGE),
    "uniform_int": (lambda row: _uniform(row, integer=True), _RANGE),
    "normal_float": (lambda row: _normal(row, integer=False), _RANGE | {"mu", "sigma"}),
    "normal_int": (lambda row: _normal(row, integer=True), _RANGE | {"mu", "sigma"}),
    "beta_float": (lambda row: _beta(row, integer=False), _RANGE | {"alpha", "beta"}),
    "beta_int": (lambda row: _beta(row, integer=True), _RANGE | {"alpha", "beta"}),
    "categorical": (_categorical, _CHOICE | {"choices", "weights", "probabilities"}),
    "ordinal": (_ordinal, _CHOICE | {"sequence"}),
    "constant": (_constant, frozenset({"value"})),
    "unparametrized": (_constant, frozenset({"value"})),
}
"""By the `type` of a row: its reader, and the keys that it reads besides type, name and meta."""
