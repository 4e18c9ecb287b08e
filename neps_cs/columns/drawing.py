"""Many configs of a flat space drawn at once, column by column."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_never

from neps_cs.graph.records import ConstantRecord
from neps_cs.resolving.clauses import addressed
from neps_cs.resolving.masks import Codes, Mask, column_of, mask
from neps_cs.resolving.resolver import Resolver
from neps_cs.resolving.sites import ChoiceSite, ConstantSite, DecisionSite, NumberSite, Site, is_large
from neps_cs.scales import Floats
from neps_cs.values import object_array


class Column(NamedTuple):
    """What n configs have at one address, shape (n,), and where they have it: None for everywhere."""

    values: npt.NDArray[Any]
    active: Mask | None


def draws_columns(resolver: Resolver, *, use_prior: bool) -> bool:
    """Whether `drawn_columns` can: each attribute is a parameter of its own or comes from outside, no config
    that is drawn so is forbidden, and one uniform number can name every value."""
    if resolver.forbidding is not None and not resolver.all_legal:
        return False
    narrowed = resolver.narrowed
    sites = [narrowed.program.attribute(name) for name in narrowed.order]
    addresses = {site.address for site in sites}
    return len(addresses) == len(sites) and all(_is_flat(narrowed, s, use_prior) for s in sites)


def _is_flat(resolver: Resolver, site: Site, use_prior: bool) -> bool:
    match site:
        case NumberSite():
            return site.bounds == (None, None) and not is_large(site.record, use_prior=use_prior)
        case ChoiceSite():
            records = resolver.graph.records
            return all(isinstance(records[ref], ConstantRecord) for ref in site.branches.refs)
        case _:
            return site.address in resolver.fidelities or isinstance(site, ConstantSite)


def drawn_columns(
    resolver: Resolver, n: int, rng: np.random.Generator, *, use_prior: bool
) -> dict[str, Column]:
    """By address what n configs hold. The first of them are the same whatever n is."""
    narrowed = resolver.narrowed
    program, conditions = narrowed.program, narrowed.graph.conditions
    sites = {site.address: site for site in map(program.attribute, narrowed.order)}
    decisions = [s for s in sites.values() if isinstance(s, (NumberSite, ChoiceSite))]
    numbers = dict(zip((s.address for s in decisions), rng.random((n, len(decisions))).T, strict=True))
    codes, found = dict[str, Codes](), dict[str, Column]()
    for name in narrowed.order:
        site = program.attribute(name)
        condition = addressed(conditions.get(name), lambda parent: program.attribute(parent).address)
        active = None if condition is None else mask(condition, sites, codes)
        if isinstance(site, (NumberSite, ChoiceSite)):
            values, code = _quantiles(site, numbers[site.address], use_prior)
            found[site.address] = Column(values, active)
        else:
            code = np.zeros(n)
        codes[site.address] = code if active is None else column_of(code[active], active, n)
    return found


def _quantiles(site: DecisionSite, u: Floats, use_prior: bool) -> tuple[npt.NDArray[Any], Codes]:
    """The values of many u in [0, 1), and what conditions read of them."""
    match site:
        case NumberSite(record=record):
            if record.legal is None:
                values = site.distribution(*site.allowed, use_prior=use_prior).ppf(u)
            else:
                quantile = site.by_prior if use_prior else site.uniform
                values = np.array(list(map(quantile, u.tolist())))
            return values, values
        case ChoiceSite(values=names, every=every):
            places = np.array(every, dtype=np.intp)[site.distribution(every, use_prior=use_prior).ppf(u)]
            return object_array(names)[places], places.astype(float)
        case _:
            assert_never(site)
