"""One entry of the decision table as a hyperparameter, and how that holds its values (`neps_cs.codings`).

| entry | hyperparameter |
|---|---|
| Float, Integer | UniformFloat, UniformInteger |
| the same with a point prior or Normal | NormalFloat, NormalInteger |
| the same with Beta | BetaFloat, BetaInteger |
| Integer or Float with a step, integers beyond 2**53 | UniformInteger, the index |
| numbers that ConfigSpace can't hold, or whose bounds are parameters; warped ones | UniformFloat on [0, 1] |
| Categorical | Categorical, weights from the prior; over labels where ConfigSpace mixes up the values |
| the same, warped | UniformFloat on [0, 1] |
| Ordinal | Ordinal |
| a constant, a range of one point | Constant |

Sources: the deviations are NePS's (`ConfidenceLevel`), sigma on a log scale is turned by
ConfigSpace into |ln(lower + sigma)| / ln(upper / lower), so exp(s ln(upper/lower)) - lower goes in.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import ConfigSpace as CS
import numpy as np
from ConfigSpace.hyperparameters import Hyperparameter
from ConfigSpace.hyperparameters.constant import CONSTANT_VECTOR_VALUE_YES
from ConfigSpace.hyperparameters.hp_components import TransformerSeq
from typing_extensions import assert_never

from neps_cs.codings import PLACES, Coding, Cut, Fixed, Grid, Held, Position, Spread, unit_of
from neps_cs.graph.native import Native
from neps_cs.graph.records import FidelityRecord, NumberRecord
from neps_cs.priors import Beta, Normal, Weights
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite, Site
from neps_cs.resolving.unroll import Entry
from neps_cs.values import Plain, object_array, object_name, unique

Priors: TypeAlias = Literal["native", "warped", "drop"]

_NARROW = 1e-9
"""Of what is narrower on a log scale, ConfigSpace's logarithms of the ends are alike, or nearly."""

_WHOLE = 2**53
"""Up to here floats, and so ConfigSpace's vectors, tell whole numbers apart."""


class Coded(NamedTuple):
    """A hyperparameter, and how it holds what a config says."""

    hyperparameter: Hyperparameter[Any, Any]
    coding: Coding


def to_hyperparameter(entry: Entry, priors: Priors, native: Native) -> Coded:
    """The hyperparameter of an entry. Raises ConversionError for a bound that is no number."""
    site = entry.site
    match site:
        case NumberSite():
            return _number(entry, site, priors, native)
        case FidelitySite(record=record):
            return _number(entry, NumberSite(entry.address, _plain_number(record)), priors, native)
        case ChoiceSite():
            return _choice(entry, site, priors, native)
        case ConstantSite(value=value):
            held = value if entry.address in native.values else held_constant(value)
            return _constant(entry.address, held, value, native.constants.get(entry.address))
        case _:
            assert_never(site)


def _plain_number(record: FidelityRecord) -> NumberRecord:
    return NumberRecord(record.integer, record.lower, record.upper, record.log)


def _constant(address: str, held: Any, value: Plain, meta: Any) -> Coded:
    constant = CS.Constant(address, held, meta=meta)
    if type(constant.to_value(np.ones(1))[0]) is not type(held):  # an IntEnum, a date of numpy's
        constant._transformer.__dict__["to_value"] = _Constantly(held)
    return Coded(constant, Fixed(value, held, float(CONSTANT_VECTOR_VALUE_YES)))


@dataclass(frozen=True)
class _Constantly:
    """The value of a Constant for vectors, as it is where ConfigSpace hands out another equal one."""

    value: Any

    def __call__(self, vectors: Any) -> Any:
        """An array of objects."""
        return object_array([self.value] * len(vectors))


def _number(entry: Entry, site: NumberSite, priors: Priors, native: Native) -> Coded:
    record, (lower, upper) = site.record, entry.allowed
    drawn = [_address(bound) for bound in site.bounds]
    if lower == upper:
        return _constant(entry.address, lower, lower, record.meta)
    prior = None if priors == "drop" else record.prior
    if drawn == [None, None] and (prior is None or priors == "native"):
        plain = record.step is None and fits(lower, upper, integer=record.integer, log=record.log)
        if plain or entry.address in native.values:
            hyperparameter = _held(entry, record, prior, native)
            if hyperparameter is not None:
                return Coded(hyperparameter, Held(hyperparameter, record.integer, lower, upper))
        scale = record.scale(lower, upper)
        if prior is None and scale.discrete and not record.log and scale.points <= _WHOLE:
            default = None if record.default is None else scale.index(record.default)
            index = CS.UniformIntegerHyperparameter(
                entry.address, 0, scale.points - 1, default_value=default, meta=record.meta
            )
            return Coded(index, Grid(index, scale))
    return _spread(entry, Spread(site, prior is not None, *drawn))


def fits(lower: float, upper: float, *, integer: bool, log: bool) -> bool:
    """Whether ConfigSpace holds the range: it rounds floats to 13 decimals, by way of 10**13 times them."""
    if log and upper - lower < _NARROW * lower:
        return False
    if integer:
        return max(abs(lower), abs(upper)) <= _WHOLE
    if max(abs(lower), abs(upper)) > 1e290:  # 10**13 times them is no float
        return False
    low, high = round(lower, PLACES), round(upper, PLACES)
    near = lower if log else upper - lower
    return low < high and max(abs(low - lower), abs(high - upper)) <= 1e-3 * near


def _held(
    entry: Entry, record: NumberRecord, prior: float | Normal | Beta | None, native: Native
) -> Hyperparameter[Any, Any] | None:
    """The number as ConfigSpace's own distributions say it; None where they can't. One that came from
    ConfigSpace is one of theirs, however little of it floats can tell."""
    (lower, upper), integer = entry.allowed, record.integer
    as_it_came = entry.address in native.values
    default = native.defaults.get(entry.address, record.default)
    common: dict[str, Any] = {"lower": lower, "upper": upper, "log": record.log, "meta": record.meta}
    common["default_value"] = default
    try:
        with warnings.catch_warnings():
            # a distribution that overflows is none
            warnings.simplefilter("ignore" if as_it_came else "error")
            if prior is None:
                uniform = CS.UniformIntegerHyperparameter if integer else CS.UniformFloatHyperparameter
                made: Any = uniform(entry.address, **common)
            elif isinstance(prior, Beta):
                beta = CS.BetaIntegerHyperparameter if integer else CS.BetaFloatHyperparameter
                made = beta(entry.address, prior.alpha, prior.beta, **common)
            else:
                normal = CS.NormalIntegerHyperparameter if integer else CS.NormalFloatHyperparameter
                mean = prior.mean if isinstance(prior, Normal) else prior
                sigma = _sigma(record, prior, native.sigmas.get(entry.address))
                made = normal(entry.address, mu=mean, sigma=sigma, **common)
    except (ValueError, OverflowError, RuntimeWarning):  # alpha < 1, say, or a sigma that rounds to 0
        return None
    # what came from ConfigSpace may have been given other bounds since
    moved = max(abs(made.lower - lower), abs(made.upper - upper))
    return None if as_it_came and moved > 1e-9 * (upper - lower) else made


def _sigma(record: NumberRecord, prior: float | Normal, given: float | None) -> float:
    """What ConfigSpace has to be given; `given` is what it was given, if it says the same deviation."""
    if isinstance(prior, Normal):
        deviation = prior.deviation
    else:
        assert record.confidence is not None, "a point has a confidence"
        width = math.log(record.upper / record.lower) if record.log else record.upper - record.lower
        deviation = record.confidence.deviation * width
    if given is not None and math.isclose(deviation_of(record.lower, given, log=record.log), deviation):
        return given
    return math.exp(deviation) - record.lower if record.log else deviation


_LEAST = 1e-290


def deviation_of(lower: float, sigma: float, *, log: bool) -> float:
    """The deviation that ConfigSpace takes sigma for: of values, or of their logarithms. Where that is 0,
    and all samples are one value, one that no float can tell from it; NaN where it has none."""
    if not log:
        return max(sigma, _LEAST)
    return max(abs(math.log(lower + sigma)), _LEAST) if lower + sigma > 0 else math.nan


def _spread(entry: Entry, coding: Spread) -> Coded:
    record, default = coding.site.record, None
    if coding.lower_at is None and coding.upper_at is None:
        mean = record.prior.mean if isinstance(record.prior, Normal) else record.prior
        wanted = mean if record.default is None and not isinstance(mean, Beta) else record.default
        if wanted is not None and (coding.use_prior or record.default is not None):
            inside = min(record.upper, max(record.lower, wanted))
            default = float(unit_of(coding.distribution, np.array(inside, dtype=float)))
    unit = CS.UniformFloatHyperparameter(entry.address, 0, 1, default_value=default, meta=record.meta)
    return Coded(unit, coding)


def _address(bound: Site | None) -> str | None:
    """Where a bound is drawn; None for a number, a constant's too."""
    if isinstance(bound, (NumberSite, ChoiceSite)):
        return bound.address
    assert bound is None or isinstance(bound, ConstantSite), "checked when the space was made"
    return None


def _choice(entry: Entry, site: ChoiceSite, priors: Priors, native: Native) -> Coded:
    indices = [int(i) for i in entry.allowed]
    choices = tuple(site.values[i] for i in indices)
    record = site.record
    if priors == "warped" and record.prior is not None and len(indices) > 1:
        cut = Cut(choices, tuple(site.masses[i] for i in indices))
        best = cut.units([choices[int(np.argmax(cut.masses))]], lambda _: ())[0]
        return Coded(
            CS.UniformFloatHyperparameter(entry.address, 0, 1, default_value=best, meta=record.meta), cut
        )
    if entry.address in native.values:
        held: Sequence[Any] = [written_choice(site, i) for i in indices]
    else:
        held = held_values(choices, [site.branches.labels[i] for i in indices])
    wanted = record.default if record.default in indices else None
    given: dict[str, Any] = {} if wanted is None else {"default_value": held[indices.index(wanted)]}
    if record.ordered:
        made: Any = CS.OrdinalHyperparameter(entry.address, held, meta=record.meta, **given)
    else:
        weights = _weights(site, indices) if priors == "native" else None
        made = CS.CategoricalHyperparameter(entry.address, held, weights=weights, meta=record.meta, **given)
    return Coded(_plain_valued(made, held), Position(entry.address, choices, tuple(held)))


def _weights(site: ChoiceSite, indices: Sequence[int]) -> list[float] | None:
    prior = site.record.prior
    if prior is None:
        return None
    if isinstance(prior, Weights) and len(indices) == len(prior.values):
        return list(prior.values)
    weights = [site.masses[i] for i in indices]
    return weights if any(weights) else None


def written_choice(site: ChoiceSite, i: int) -> Any:
    """The choice itself: only constants and Lazy stand for what is held as it is."""
    branch = site.branch(i)
    return branch.value if isinstance(branch, ConstantSite) else site.values[i]


def _plain_valued(
    hyperparameter: Hyperparameter[Any, Any], values: Sequence[Any]
) -> Hyperparameter[Any, Any]:
    """The hyperparameter with its values as they are. ConfigSpace keeps them in an array of numpy's, and
    hands numpy's scalars out: equal to the values, but neither of their type, nor always hashed alike. Where
    they are not equal (text that ends in NUL, dates), it looks for them there, and only what it hands out is
    another."""
    transformer = hyperparameter._transformer
    if isinstance(transformer, TransformerSeq) and isinstance(transformer.seq, np.ndarray):
        plain = TransformerSeq(seq=object_array(values))
        if list(transformer.seq) == list(values) and transformer.seq.dtype.kind not in "Mm":
            hyperparameter._transformer = plain
        else:
            transformer.__dict__["to_value"] = plain.to_value
    return hyperparameter


def held_constant(value: Plain) -> Plain:
    """The value itself, or its text where ConfigSpace can't hold it: its vector of None is NaN."""
    return "None" if value is None else held_values([value], [object_name(value)])[0]


def held_values(values: Sequence[Plain], labels: Sequence[str]) -> Sequence[Plain]:
    """The values themselves where ConfigSpace tells them apart, else the labels: equal ones collide (1
    and True), NaN equals nothing, integers beyond 2**53 among floats become floats, and text loses NULs at
    its end."""
    if any(isinstance(v, str) and v.endswith("\0") for v in values):
        return list(unique(str(v).replace("\0", "\\0") for v in labels))
    collide = len(set(values)) < len(values) or any(v != v for v in values)
    return list(labels) if collide or _rounded(values) else list(values)


def _rounded(values: Sequence[Plain]) -> bool:
    """Whether some are other numbers in an array of numpy's."""
    if not all(isinstance(v, (int, float)) for v in values):
        return False
    return bool(np.asarray(values).tolist() != list(values))
