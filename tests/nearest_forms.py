"""Spaces and helpers for tests of nearest forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from strategies import flat_spaces, spaces

import neps_cs as neps
from neps_cs.conditions import And, Equals, Greater, Less, NotEquals
from neps_cs.errors import ConversionError, SpaceError
from neps_cs.forbidden import Clause, LessEqual, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs_converters.convert import converted

HINT = "nearest=True writes what comes nearest, and notes what it changes"
LAW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
PARAMETERS = (Float, Integer, Categorical, Ordinal)


def written(made: PipelineSpace, to: str, **options: Any) -> tuple[str, list[tuple[str, str, str]]]:
    """The nearest form, and its notes."""
    found = converted(made, to, nearest=True, **options)[1]
    return found.value, [(n.place, n.found, n.taken) for n in found.notes]


def refused(made: PipelineSpace, to: str, *, nearest: bool = False) -> list[str]:
    with pytest.raises(ConversionError) as caught:
        neps.convert(made, to, nearest=nearest)
    return str(caught.value).splitlines()


def is_sayable(made: PipelineSpace, to: str) -> bool:
    try:
        neps.convert(made, to)
    except ConversionError:
        return False
    return True


@st.composite
def clauses(draw: st.DrawFn, made: PipelineSpace) -> PipelineSpace:
    """The space with some forbidden clauses on it."""
    attributes = {n: v for n, v in made.attributes.items() if isinstance(v, (Float, Integer, Categorical))}
    found: list[Clause] = []
    for _ in range(draw(st.integers(0, 2)) if attributes else 0):
        parts: list[Clause] = []
        for name in draw(st.lists(st.sampled_from(sorted(attributes)), min_size=1, max_size=2, unique=True)):
            value = attributes[name]
            if isinstance(value, Categorical):
                label = draw(st.sampled_from(made.resolver.program.attribute(name).values))  # type: ignore[union-attr]
                parts.append(draw(st.sampled_from((Equals, NotEquals)))(name, label))
            else:
                kind = draw(st.sampled_from((Less, LessEqual, Greater)))
                parts.append(kind(name, draw(st.sampled_from((value.lower, value.upper)))))
        found.append(And(tuple(parts)))
        if len(attributes) > 1:
            one, other = draw(st.permutations(sorted(attributes)))[:2]
            found.append(Relation(one, draw(st.sampled_from(("<", "==", ">="))), other))
    try:
        return PipelineSpace.from_attributes(
            made.attributes, conditions=made.conditions, forbidden=found, name=made.graph.name
        )
    except SpaceError:  # they leave nothing, or can't be decided
        return made


ANY = flat_spaces().flatmap(clauses) | spaces(whole=True)
