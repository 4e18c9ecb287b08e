"""What recursion means: where it ends, and what is refused because it can't."""

from __future__ import annotations

from typing import Any

from making import space
from strategies import gather

import neps_cs as neps


def test_recursion_ends_at_max_depth() -> None:
    """From the second nested use on only the branch that ends is open."""
    again = neps.Operation("t", (neps.ByName("tree").resample(),)).resample()
    made = space(tree=neps.Categorical(("end", again)))
    texts = [{made.sample(seed, max_depth=depth)[1]["tree"] for seed in range(60)} for depth in (1, 2, 3)]
    assert texts == [{"end"}, {"end", "t('end')"}, {"end", "t('end')", "t(t('end'))"}]


def test_a_grammar_that_grows_on_average_still_ends() -> None:
    tree = neps.ByName("tree").resample()
    grow = neps.Operation(gather, (tree, tree, tree)).resample()
    made = space(tree=neps.Categorical((neps.Float(0, 1).resample(), grow)))
    for seed in range(5):
        assert made.sample(seed)[0]


def test_nesting_may_be_deeper_than_pythons_stack() -> None:
    deep: Any = neps.Float(0, 1)
    for _ in range(3000):
        deep = neps.Categorical((deep,))
    assert len(space(x=deep).sample(0)[0]) == 3001
