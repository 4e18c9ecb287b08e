"""A space, resolved by asking an Optuna trial for each decision.

| decision | what the trial is asked |
|---|---|
| Float, Integer, log or step | suggest_float, suggest_int: the value |
| with a prior | suggest_float in [0, 1]: the quantile of the prior |
| drawn bounds, log with step, grids of long decimals, integers beyond 2**53, gaps | the same, uniform |
| Categorical, Ordinal | suggest_categorical: the values; labels where Optuna can't hold or tell them apart |
| choices with a prior | suggest_float in [0, 1]: the place among the weights |
| only one value is possible | nothing |

The names are the addresses. Past `max_depth`, where only some branches are open, they stand behind the name:
Optuna's choices must stay as they are.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from typing_extensions import assert_never

from neps_cs.errors import ConfigError, Problem, RunError
from neps_cs.resolving.resolver import Pipeline, Resolver
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite, is_large
from neps_cs.resolving.walk import MAX_DEPTH, Config, Decide
from neps_cs.sampling.draw import checked_flag
from neps_cs.sampling.replay import Replay
from neps_cs.scales import Scale
from neps_cs.space import PipelineSpace, check_max_depth, checked_space
from neps_cs.values import Plain, shown
from neps_cs_converters.extras import needs

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import BaseTrial

Scalar: TypeAlias = "bool | int | float | str | None"
CONFIG_ATTRIBUTE = "neps_cs_config"
"""The user attribute of a trial that holds the config."""
_BELOW_ONE = 1 - 2**-53
_TOLERANCE = 1e-8
"""Optuna's own, of the number of a step."""


@dataclass(frozen=True)
class Question:
    """What a trial is asked for a decision: a name and a distribution of Optuna's. `decided` reads the
    answer, `answer` is its inverse."""

    name: str
    distribution: BaseDistribution
    decided: Callable[[Any], float]
    answer: Callable[[float], Scalar]


@needs("optuna", "optuna")
def suggest(
    trial: BaseTrial,
    space: PipelineSpace,
    *,
    use_priors: bool = True,
    max_depth: int | None = None,
    fidelity_values: Mapping[str, float] | None = None,
) -> tuple[Config, Pipeline]:
    """Config and pipeline of a space, each decision of which an Optuna trial makes.

    Args:
        trial: a Trial, or a FixedTrial or FrozenTrial, of which the same comes out again.
        space: the space. Conditions hold: what is inactive is not asked for.
        use_priors: numbers and choices with a prior are asked for by their quantiles, so that a sampler
            that knows of nothing draws by the prior. Else priors are left out, and `trial.params` has the
            values, as always with a sampler that visits all there is (GridSampler, BruteForceSampler).
        max_depth: nested uses of a recursive definition, past which only branches that end soonest are open;
            None: 100. A sampler that visits all there is needs it in a recursive space.
        fidelity_values: as in `neps.resolve`; fidelities that are not given are full.

    The config is kept as the trial's user attribute "neps_cs_config".

    Raises optuna.TrialPruned for a combination that a forbidden clause rules out, as a trial can't be asked
    twice for one decision; SpaceError, ConfigError for a wrong space or argument, and for values outside of
    what was asked, which a fixed or enqueued trial can have; RunError where a sampler
    that visits all there is finds no end.
    """
    from optuna import Study, TrialPruned
    from optuna.trial import BaseTrial, Trial

    if not isinstance(trial, BaseTrial):
        asks = ": ask it for one, study.ask(), or pass a function of one to study.optimize"
        got = f"a Study{asks}" if isinstance(trial, Study) else shown(trial)
        raise ConfigError(Problem("a trial of Optuna's is needed", got, "suggest"))
    resolver = checked_space(space, "suggest").resolver
    fidelities = resolver.checked_fidelities(fidelity_values)
    checked_flag("use_priors", use_priors, "suggest")
    exhaustive = isinstance(trial, Trial) and is_exhaustive(trial.study.sampler)
    depth = depth_of(max_depth, space, exhaustive, "suggest")
    try:
        config = asked(trial, resolver, use_priors=use_priors and not exhaustive, max_depth=depth)
    except RecursionError as e:
        raise too_many(str(e), "suggest") from e
    trial.set_user_attr(CONFIG_ATTRIBUTE, config)
    if resolver.forbidding is not None:
        try:
            resolver.forbidding.check(config)
        except ConfigError as e:
            raise TrialPruned(str(e)) from None
    return config, resolver.recorded(config, fidelities).pipeline


def is_exhaustive(sampler: BaseSampler) -> bool:
    """Whether a sampler visits all there is, and then stops the study."""
    from optuna.samplers import BruteForceSampler, GridSampler, PartialFixedSampler

    match sampler:
        case PartialFixedSampler(_base_sampler=base):
            return is_exhaustive(base)
        case _:
            return isinstance(sampler, (BruteForceSampler, GridSampler))


def depth_of(max_depth: int | None, space: PipelineSpace, exhaustive: bool, place: str) -> int:
    """The bound on recursion. Raises RunError where all there is must be visited and there is none."""
    if max_depth is not None:
        check_max_depth(max_depth, place)
        return max_depth
    recursive = space.resolver.recursion.recursive
    if exhaustive and recursive:
        names = ", ".join(r.name for r in space.graph.roots if r.ref in recursive) or space.graph.name
        rule = "a sampler that visits all there is needs an end: a space with a recursion needs max_depth=…"
        raise RunError(Problem(rule, f"a recursion in {names}", place))
    return MAX_DEPTH


def too_many(got: str, place: str) -> RunError:
    """The error for samplers that call themselves once for each decision of a trial."""
    rule = "the sampler must manage so many decisions in one trial (in a recursion max_depth=… bounds them)"
    return RunError(Problem(rule, got, place))


def asked(trial: BaseTrial, resolver: Resolver, *, use_priors: bool, max_depth: int = MAX_DEPTH) -> Config:
    """The config that a trial decides, which a clause may forbid."""

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        question = question_of(site, allowed, use_priors=use_priors)
        if isinstance(question, Question):
            return question.decided(_suggested(trial, question))
        return question

    return _resolved(resolver, decide, max_depth)


def answers(
    config: Mapping[str, Plain], resolver: Resolver, *, use_priors: bool, max_depth: int = MAX_DEPTH
) -> tuple[dict[str, Scalar], dict[str, BaseDistribution]]:
    """The params and distributions of the trial that would decide this config. Raises ConfigError where it
    is no config of the space."""
    held = Replay(config)
    params: dict[str, Scalar] = {}
    distributions: dict[str, BaseDistribution] = {}

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        decided = held(site, allowed)
        question = question_of(site, allowed, use_priors=use_priors)
        if isinstance(question, Question):
            params[question.name] = question.answer(decided)
            distributions[question.name] = question.distribution
        return decided

    _resolved(resolver, decide, max_depth)
    if held.problems:
        raise ConfigError(held.problems)
    return params, distributions


def _resolved(resolver: Resolver, decide: Decide, max_depth: int) -> Config:
    return resolver.narrowed.resolve(decide, build=False, max_depth=max_depth, legal=False).config


def _suggested(trial: BaseTrial, question: Question) -> Any:
    """The answer of a trial. Optuna only warns of one that is outside of the distribution."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    answer: Any
    match question.distribution:
        case FloatDistribution() as d:
            answer = trial.suggest_float(question.name, d.low, d.high, step=d.step, log=d.log)
        case IntDistribution() as d:
            answer = trial.suggest_int(question.name, d.low, d.high, step=d.step, log=d.log)
        case CategoricalDistribution() as d:
            return trial.suggest_categorical(question.name, d.choices)
        case other:
            raise AssertionError(f"no question has {other}")
    places = 0.0 if d.step is None else (answer - d.low) / d.step
    rounding = 4 * math.ulp(float(max(abs(d.low), abs(d.high)))) / (d.step or 1)
    if not d.low <= answer <= d.high or abs(places - round(places)) > _TOLERANCE + rounding:
        raise ConfigError(Problem(f"a trial must decide within {d}", shown(answer), question.name))
    return answer


def is_decimal(scale: Scale) -> bool:
    """Whether the top of a grid is lower + k step as decimal numbers. Optuna takes that for the upper end,
    and cuts off the last step, with a warning, where the float nearest to it is another number."""
    lower, top, step = (Decimal(str(x)) for x in (scale.lower, scale.top, scale.step or 1))
    return (top - lower) % step == 0


def question_of(site: DecisionSite, allowed: tuple[float, ...], *, use_priors: bool) -> Question | float:
    """What to ask for a site; the decision itself where only one is possible."""
    match site:
        case NumberSite():
            return _number_question(site, allowed, use_priors)
        case ChoiceSite():
            return _choice_question(site, tuple(int(i) for i in allowed), use_priors)
        case _:
            assert_never(site)


def _number_question(site: NumberSite, allowed: tuple[float, ...], use_priors: bool) -> Question | float:
    from optuna.distributions import FloatDistribution, IntDistribution

    record = site.record
    scale = record.scale(*allowed)
    if scale.lower == scale.top:
        return scale.grid(0) if scale.discrete else scale.lower
    by_prior = use_priors and record.prior is not None
    drawn = site.bounds != (None, None) or allowed != site.allowed
    if by_prior or drawn or record.legal is not None or (record.log and record.step is not None):
        return _quantile_question(site, allowed, by_prior)
    if not record.integer:
        if record.step is not None and not is_decimal(scale):
            return _quantile_question(site, allowed, by_prior)
        floats = FloatDistribution(scale.lower, scale.top, record.log, record.step)
        if record.step is None:
            return Question(site.address, floats, float, float)
        return Question(site.address, floats, lambda x: scale.grid(scale.index(x)), float)
    if is_large(record, use_prior=False) or max(abs(scale.lower), abs(scale.top)) > 2**53:
        return _quantile_question(site, allowed, by_prior)
    step = 1 if record.step is None else int(record.step)
    integers = IntDistribution(int(scale.lower), int(scale.top), record.log, step)
    return Question(site.address, integers, int, int)


def _quantile_question(site: NumberSite, allowed: tuple[float, ...], use_prior: bool) -> Question:
    def decided(u: float) -> float:
        return site.quantile(min(u, _BELOW_ONE), allowed, use_prior=use_prior)

    def answer(value: float) -> float:
        """The middle of the quantiles that decide a value, which grows with them."""
        start, end = (
            bisect(range(2**53), value, key=lambda k: decided(k / 2**53))
            for bisect in (bisect_left, bisect_right)
        )
        return max(start, (start + end - 1) / 2) / 2**53

    return Question(site.address, _unit(), decided, answer)


def _choice_question(site: ChoiceSite, allowed: tuple[int, ...], use_priors: bool) -> Question | float:
    from optuna.distributions import CategoricalDistribution

    if len(allowed) == 1:
        return allowed[0]
    if use_priors and site.record.prior is not None:
        weights = site.distribution(allowed, use_prior=True)

        def decided(u: float) -> float:
            return site.quantile(min(u, _BELOW_ONE), allowed, use_prior=True)

        def middle(index: float) -> float:
            place = allowed.index(int(index))
            return float(weights.cdf(place) - weights.pdf(place) / 2)

        return Question(site.address, _unit(), decided, middle)
    names = _names(site, allowed)
    places = dict(zip(names, allowed, strict=True))
    every = allowed == site.every
    shown = "" if every else f" of {', '.join(site.branches.labels[i] for i in allowed)}"
    return Question(
        site.address + shown, CategoricalDistribution(names), places.__getitem__,
        lambda index: names[allowed.index(int(index))],
    )  # fmt: skip


def _names(site: ChoiceSite, allowed: tuple[int, ...]) -> tuple[Scalar, ...]:
    """The values where Optuna can hold them and tells them apart (it takes 1, 1.0 and True for one), else
    labels."""
    values = tuple(site.values[i] for i in allowed)
    plain = all(v is None or isinstance(v, (bool, int, float, str)) for v in values)
    if plain and all(v == v for v in values) and len(set(values)) == len(values):
        return values
    labels = tuple(site.branches.labels[i] for i in allowed)
    return labels if len(set(labels)) == len(labels) else tuple(f"{i}: {site.values[i]!r}" for i in allowed)


def _unit() -> BaseDistribution:
    from optuna.distributions import FloatDistribution

    return FloatDistribution(0.0, 1.0)
