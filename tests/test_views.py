"""The files of a run: YAML that is written by a short way is what PyYAML writes, and reads."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from neps_cs.runtime.views import _simple_yaml, dump_yaml

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
    st.sampled_from(["x", "no", "Yes", "NULL", "True", "1e5", "_", "a_1", "0x1", "1_000", "12:30", "n", "~"]),
    st.just({}),
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    return (a == b and type(a) is type(b)) or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


@given(st.dictionaries(st.one_of(st.text(max_size=6), st.sampled_from(["x", "no", "y", "n", "a:b"])), PLAIN))
def test_the_short_way_is_pyyaml(data: dict[str, Any]) -> None:
    short = _simple_yaml(data)
    if short is not None:
        assert short == yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    read = yaml.safe_load(dump_yaml(data))
    assert list(read) == list(data)
    assert all(same(read[key], data[key]) for key in data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"x": 1e-05, "n": 10, "kind": "adam", "flag": True, "none": None, "extra": {}},
         "x: 1.0e-05\nn: 10\nkind: adam\nflag: true\nnone: null\nextra: {}\n"),
        ({"x": 1e300}, "x: 1.0e+300\n"),
        ({"x": 1.5e-7}, "x: 1.5e-07\n"),
        ({"x": "no"}, None),
        ({"no": 1}, None),
        ({"x": math.inf}, None),
        ({"x": "1e5"}, None),
        ({"model:0": 1}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_goes_the_short_way(data: dict[str, Any], text: str | None) -> None:
    assert _simple_yaml(data) == text
