"""One entry of the decision table ⇄ one hyperparameter. Inverses side by side.

| entry | hyperparameter |
|---|---|
| Float, Integer | UniformFloat, UniformInteger |
| the same with a prior | NormalFloat, NormalInteger around it, the prior as default |
| Categorical | Categorical, weights from the prior; over labels where ConfigSpace mixes up the values |
| Ordinal | Ordinal |
| a constant, a range of one point | Constant |

Sources: the deviations are NePS's (`ConfidenceLevel`), sigma on a log scale is turned by
ConfigSpace into |ln(lower + sigma)| / ln(upper / lower), so exp(s ln(upper/lower)) - lower goes in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ConfigSpace as CS
from ConfigSpace.hyperparameters import Hyperparameter
from typing_extensions import assert_never

from neps_cs.distributions import prior_weights
from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.records import FidelityRecord, NumberRecord
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.priors import Beta, ConfidenceLevel, Normal
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, FidelitySite, NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.values import Plain, is_plain, object_name, unique


def to_hyperparameter(entry: Entry, *, use_prior: bool) -> Hyperparameter[Any, Any]:
    """The hyperparameter of an entry. Raises ConversionError where ConfigSpace can't hold it."""
    site = entry.site
    try:
        match site:
            case NumberSite(record=record):
                return _number(entry, record, use_prior=use_prior)
            case FidelitySite(record=record):
                return _number(entry, _plain_number(record), use_prior=False)
            case ChoiceSite():
                return _choice(entry, site, use_prior=use_prior)
            case ConstantSite(value=value):
                return CS.Constant(entry.address, held_constant(value))
            case _:
                assert_never(site)
    except (ValueError, TypeError, OverflowError) as e:
        if isinstance(e, ConversionError):
            raise
        rule = "ConfigSpace must be able to hold the parameter (13 decimals, integers of 64 bits)"
        raise ConversionError(Problem(rule, f"{e}", entry.address)) from e


def _plain_number(record: FidelityRecord) -> NumberRecord:
    return NumberRecord(record.integer, record.lower, record.upper, record.log)


def _number(entry: Entry, record: NumberRecord, *, use_prior: bool) -> Hyperparameter[Any, Any]:
    lower, upper = entry.allowed
    if record.step is not None or record.lower_ref is not None or record.upper_ref is not None:
        rule = "a number with a step, or with bounds that are parameters, is no hyperparameter of ConfigSpace"
        raise ConversionError(Problem(rule, _described(record), entry.address))
    if lower == upper:
        return CS.Constant(entry.address, lower, meta=record.meta)
    common: dict[str, Any] = {"lower": lower, "upper": upper, "log": record.log, "meta": record.meta}
    integer, prior = record.integer, record.prior if use_prior else None
    if prior is None:
        uniform = CS.UniformIntegerHyperparameter if integer else CS.UniformFloatHyperparameter
        return uniform(entry.address, default_value=record.default, **common)
    if isinstance(prior, Beta):
        beta = CS.BetaIntegerHyperparameter if integer else CS.BetaFloatHyperparameter
        return beta(entry.address, prior.alpha, prior.beta, default_value=record.default, **common)
    normal = CS.NormalIntegerHyperparameter if integer else CS.NormalFloatHyperparameter
    mean = prior.mean if isinstance(prior, Normal) else prior
    default = mean if record.default is None and not isinstance(prior, Normal) else record.default
    return normal(entry.address, mu=mean, sigma=_sigma(record, prior), default_value=default, **common)


def _described(record: NumberRecord) -> str:
    return f"step={record.step}" if record.step is not None else "a bound that is a parameter"


def _sigma(record: NumberRecord, prior: float | Normal) -> float:
    if isinstance(prior, Normal):
        return math.exp(prior.deviation) - record.lower if record.log else prior.deviation
    assert record.confidence is not None, "a point has a confidence"
    if record.log:
        return math.exp(record.confidence.deviation * math.log(record.upper / record.lower)) - record.lower
    return record.confidence.deviation * (record.upper - record.lower)


def _choice(entry: Entry, site: ChoiceSite, *, use_prior: bool) -> Hyperparameter[Any, Any]:
    indices = [int(i) for i in entry.allowed]
    values = held_values([site.values[i] for i in indices], [site.branches.labels[i] for i in indices])
    record = site.record
    best = record.prior if isinstance(record.prior, int) else None
    wanted = best if record.default is None else record.default
    default = values[indices.index(wanted)] if wanted in indices else values[0]
    if record.ordered:
        return CS.OrdinalHyperparameter(entry.address, values, default_value=default, meta=record.meta)
    weights = [site.masses[i] for i in indices] if use_prior and record.prior is not None else None
    return CS.CategoricalHyperparameter(
        entry.address, values, default_value=default, weights=weights, meta=record.meta
    )


def held_constant(value: Plain) -> Plain:
    """The value itself, or its text where ConfigSpace can't hold it: its vector of None is NaN."""
    return "None" if value is None else held_values([value], [object_name(value)])[0]


def held_values(values: Sequence[Plain], labels: Sequence[str]) -> Sequence[Plain]:
    """The values themselves where ConfigSpace keeps and tells them apart, else the labels.

    It keeps its choices in a numpy array: numbers of several types become one (True and 2.5 are
    floats then), equal ones collide (1 and True), NaN equals nothing, and text loses NULs at its end.
    """
    if any(isinstance(v, str) and v.endswith("\0") for v in values):
        return list(unique(str(v).replace("\0", "\\0") for v in labels))
    kinds = {type(v) for v in values}
    mixed_numbers = len(kinds) > 1 and not kinds & {str, type(None)}
    collide = len(set(values)) < len(values) or any(v != v for v in values)
    return list(labels) if mixed_numbers or collide else list(values)


def from_hyperparameter(hyperparameter: Hyperparameter[Any, Any]) -> Any:
    """The attribute of a hyperparameter, plain values where it is a constant.

    Raises ConversionError for distributions that a prior with a confidence can't say.
    """
    match hyperparameter:
        case CS.UniformFloatHyperparameter() | CS.UniformIntegerHyperparameter():
            return _from_uniform(hyperparameter)
        case CS.NormalFloatHyperparameter() | CS.NormalIntegerHyperparameter():
            return _from_normal(hyperparameter)
        case CS.CategoricalHyperparameter():
            return _from_categorical(hyperparameter)
        case CS.OrdinalHyperparameter(sequence=sequence, default_value=default):
            at = _index(sequence, default)
            return Ordinal(tuple(sequence), default=at or None, meta=_meta(hyperparameter))
        case CS.Constant(value=value):
            if not is_plain(value):
                rule = "a Constant must hold a plain value"
                raise ConversionError(Problem(rule, repr(value), hyperparameter.name))
            return value
        case _:
            rule = "a hyperparameter must be uniform, normal, categorical, ordinal or constant to be read"
            raise ConversionError(Problem(rule, type(hyperparameter).__name__, hyperparameter.name))


def _meta(hyperparameter: Hyperparameter[Any, Any]) -> dict[Any, Any] | None:
    return dict(hyperparameter.meta) if hyperparameter.meta else None


def _from_uniform(hp: CS.UniformFloatHyperparameter | CS.UniformIntegerHyperparameter) -> Float | Integer:
    kind = Integer if isinstance(hp, CS.UniformIntegerHyperparameter) else Float
    own = type(hp)(hp.name, hp.lower, hp.upper, log=hp.log).default_value
    default = None if own == hp.default_value else hp.default_value
    return kind(hp.lower, hp.upper, hp.log, default=default, meta=_meta(hp))


def _from_normal(hp: CS.NormalFloatHyperparameter | CS.NormalIntegerHyperparameter) -> Float | Integer:
    kind = Integer if isinstance(hp, CS.NormalIntegerHyperparameter) else Float
    inside = hp.lower <= hp.mu <= hp.upper
    for confidence in ConfidenceLevel if inside else ():
        number = kind(hp.lower, hp.upper, hp.log, prior=hp.mu, prior_confidence=confidence)
        record = NumberRecord(kind is Integer, hp.lower, hp.upper, hp.log, confidence=confidence)
        if math.isclose(_sigma(record, hp.mu), hp.sigma, rel_tol=1e-12, abs_tol=1e-13):
            default = None if hp.default_value == number.prior else hp.default_value
            return kind(
                hp.lower, hp.upper, hp.log, prior=hp.mu, prior_confidence=confidence,
                default=default, meta=_meta(hp),
            )  # fmt: skip
    rule = "a normal hyperparameter must have the deviation of a confidence (0.4, 0.2 or 2/15 of the range)"
    raise ConversionError(Problem(rule, f"mu={hp.mu}, sigma={hp.sigma}", hp.name))


def _from_categorical(hp: CS.CategoricalHyperparameter) -> Categorical:
    choices, at = tuple(hp.choices), _index(hp.choices, hp.default_value)
    if hp.weights is None:
        return Categorical(choices, default=at or None, meta=_meta(hp))
    total = math.fsum(hp.weights)
    masses = [float(w) / total for w in hp.weights]
    best = max(range(len(choices)), key=masses.__getitem__)
    for confidence in ConfidenceLevel:
        expected = prior_weights(len(choices), best, confidence.weight)
        if all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(masses, expected, strict=True)):
            default = None if at == best else at
            return Categorical(choices, best, confidence, default, _meta(hp))
    rule = "weights must be those of a prior with a confidence (p + (1-p)/n and (1-p)/n)"
    raise ConversionError(Problem(rule, f"weights={list(hp.weights)}", hp.name))


def _index(values: Sequence[Any], value: Any) -> int:
    """Where a value stands, True and 1 apart."""
    same = [i for i, v in enumerate(values) if type(v) is type(value) and v == value]
    return same[0] if same else list(values).index(value)
