"""A default configuration that no forbidden clause rules out: ConfigSpace takes no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import ConfigSpace as CS
import numpy as np

from neps_cs.errors import ConfigError, ConversionError
from neps_cs.forbidden import operands
from neps_cs.resolving.sites import ChoiceSite, NumberSite
from neps_cs.resolving.unroll import Entry
from neps_cs.resolving.walk import Config
from neps_cs.sampling.draw import uniform
from neps_cs.sampling.mutate import Forgetting
from neps_cs.sidecar import sequence_of
from neps_cs.space import PipelineSpace
from neps_cs.values import Plain

SEED = 0


def with_legal_default(
    space: PipelineSpace, entries: tuple[Entry, ...], cs: CS.ConfigurationSpace, max_depth: int | None
) -> tuple[Entry, ...]:
    """The entries with defaults that together are legal, near those of `cs`, in which they are not.

    First what the clauses read that hold is drawn anew, at a fixed seed; then what any clause reads; then
    all. Raises ConversionError with what rejected the draws.
    """
    own = dict(_defaults(entries, cs))
    legal = _found(space, own, max_depth)
    changed = {a: v for a, v in legal.items() if repr(own.get(a)) != repr(v)}
    return tuple(_with_default(e, changed[e.address]) if e.address in changed else e for e in entries)


def _defaults(entries: tuple[Entry, ...], cs: CS.ConfigurationSpace) -> Iterator[tuple[str, Plain]]:
    """The default of each hyperparameter, as a config holds it."""
    for entry in entries:
        if entry.address not in cs:
            continue
        hyperparameter = cs[entry.address]
        value = hyperparameter.default_value
        match entry.site:
            case ChoiceSite(values=values):
                position = list(sequence_of(hyperparameter)).index(value)
                yield entry.address, values[int(entry.allowed[position])]
            case NumberSite(record=record):
                lower, upper = entry.allowed
                number = int(value) if record.integer else float(value)
                yield entry.address, min(upper, max(lower, number))
            case _:
                pass


def _found(space: PipelineSpace, own: Config, max_depth: int | None) -> Config:
    resolver, error = space.resolver, ConfigError("no clauses")
    assert resolver.forbidding is not None, "there are clauses"
    clauses = resolver.forbidding.clauses
    held = {a for c in clauses if c.holds(own) for a in operands(c.addressed)}
    read = {a for c in clauses for a in operands(c.addressed)}
    for forgotten in (held, read, set(own)):
        kept = {a: v for a, v in own.items() if a not in forgotten}
        decide = Forgetting(kept, frozenset(forgotten), uniform(np.random.default_rng(SEED)))
        try:
            return resolver.resolve(decide, build=False, max_depth=max_depth, max_decisions=None).config
        except ConfigError as e:
            error = e
    raise ConversionError(error.problems)


def _with_default(entry: Entry, value: Plain) -> Entry:
    match entry.site:
        case ChoiceSite() as site:
            index = next(i for i, v in enumerate(site.values) if repr(v) == repr(value))
            return replace(entry, site=replace(site, record=replace(site.record, default=index)))
        case NumberSite() as site:
            record = replace(site.record, default=value)  # type: ignore[arg-type]
            return replace(entry, site=replace(site, record=record))
        case _:
            return entry
