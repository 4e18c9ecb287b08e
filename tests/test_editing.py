"""Editing a space at any address: what follows an edit, what stays, what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import Built, flat_spaces, gather, recursive_spaces, scale, spaces
from test_laws import DEPTH, SEEDS, Grammar, Net, check_configurations, check_lift, check_replay, exact
from test_messages import text_of

import neps_cs as neps
from neps_cs.graph.document import from_document, to_document
from neps_cs.graph.records import ChoiceRecord, NumberRecord
from neps_cs.resolving.locate import Locator
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite

ANY_SPACE = flat_spaces() | spaces() | recursive_spaces()


def space(**attributes: Any) -> neps.PipelineSpace:
    """A space of these attributes."""
    return neps.PipelineSpace.from_attributes(attributes)


def site_at(made: neps.PipelineSpace, address: str) -> DecisionSite:
    """The decision at an address."""
    return Locator(made.resolver.program, made.resolver.order).decision(address)


def configs(made: neps.PipelineSpace, n: int = 40, **options: Any) -> list[dict[str, Any]]:
    """Some configs of a space."""
    return [made.sample(seed, max_depth=DEPTH, **options)[0] for seed in range(n)]


def check_narrower(edited: neps.PipelineSpace, original: neps.PipelineSpace, seed: int) -> None:
    """Configs of the edited space are configs of the original, with the same pipelines; the laws hold."""
    for i in range(4):
        config, pipeline = edited.sample(seed + i, max_depth=DEPTH, use_priors=bool(i % 2))
        assert repr(neps.resolve(original, config)) == repr(pipeline)
    check_lift(edited)
    check_replay(edited, seed)
    check_configurations(edited, seed)
    assert neps.equal(neps.from_configspace(*neps.to_configspace(edited, max_depth=DEPTH)), edited)
    again = pickle.loads(pickle.dumps(edited))
    assert again == edited
    assert exact(again.sample(seed, max_depth=DEPTH)[0]) == exact(edited.sample(seed, max_depth=DEPTH)[0])


def drawn_address(data: st.DataObject, made: neps.PipelineSpace, seed: int) -> tuple[str, dict[str, Any]]:
    config, _ = made.sample(seed, max_depth=DEPTH)
    assume(config)
    assume("(-0.0, 0.0" not in repr(made))  # ConfigSpace loses the sign of a range that is zero
    return data.draw(st.sampled_from(sorted(config))), config


def edited(made: neps.PipelineSpace, edit: Callable[[], neps.PipelineSpace]) -> neps.PipelineSpace:
    """The edited space; a grammar whose definition could not end is not looked at."""
    try:
        return edit()
    except neps.SpaceError as e:
        assert "a grammar must be able to end" in str(e)
        assert made.resolver.recursion.recursive
        assume(False)
        raise


def is_alone(made: neps.PipelineSpace, address: str) -> bool:
    """Whether an edit at the address is of that decision alone, not of a definition."""
    ref = made.graph.root_of.get(address)
    return ref is None or not isinstance(made.graph.records[ref], (NumberRecord, ChoiceRecord))


@given(ANY_SPACE, SEEDS, st.data())
def test_a_fixed_decision_has_its_value(made: neps.PipelineSpace, seed: int, data: st.DataObject) -> None:
    before = copy.deepcopy(to_document(made.graph))
    address, config = drawn_address(data, made, seed)
    fixed = edited(made, lambda: made.fix(address, config[address]))
    if is_alone(made, address):
        assert repr(neps.resolve(fixed, config)) == repr(neps.resolve(made, config))
    for i in range(20):
        found, _ = fixed.sample(seed + i, max_depth=DEPTH)
        if address in found:
            assert exact({address: found[address]}) == exact({address: config[address]})
    assert fixed.fix(address, config[address]) == fixed
    assert to_document(made.graph) == before
    check_narrower(fixed, made, seed)


@given(ANY_SPACE, SEEDS, st.data())
def test_a_restricted_decision_stays_inside(made: neps.PipelineSpace, seed: int, data: st.DataObject) -> None:
    before = copy.deepcopy(to_document(made.graph))
    address, config = drawn_address(data, made, seed)
    value, site = config[address], site_at(made, address)
    bare = made if site.record.prior is None else made.with_prior(address, None)
    if isinstance(site, NumberSite):
        lower, upper = data.draw(st.sampled_from(((value, None), (None, value), (value, value))))
        narrow = edited(made, lambda: bare.restrict(address, lower=lower, upper=upper))
    else:
        more = data.draw(st.lists(st.sampled_from([site.values[i] for i in site.every]), max_size=2))
        narrow = edited(made, lambda: bare.restrict(address, choices=[value, *more]))
    if is_alone(made, address):
        assert repr(neps.resolve(narrow, config)) == repr(neps.resolve(made, config))
    for i in range(20):
        found, _ = narrow.sample(seed + i, max_depth=DEPTH)
        if address not in found:
            continue
        if isinstance(site, NumberSite):
            assert lower is None or found[address] >= lower
            assert upper is None or found[address] <= upper
        else:
            assert repr(found[address]) in {repr(v) for v in (value, *more)}
    assert to_document(made.graph) == before
    check_narrower(narrow, made, seed)
