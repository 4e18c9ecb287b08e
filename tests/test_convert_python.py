"""`convert(…, to="python")`: a module that makes the space again, or none."""

from __future__ import annotations

import collections
import enum
import functools
import json
import keyword
import math
import random
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import space
from strategies import gather, spaces
from strategies_forbidden import with_clauses
from test_convert import Flat, executed, refused
from test_laws import WHOLE_LANGUAGE, Grammar, Net

import neps_cs as neps


class Opt(enum.Enum):
    ADAM = 1


@given(WHOLE_LANGUAGE)
def test_python_source_makes_the_space(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(
    [*keyword.kwlist, *keyword.softkwlist, "__x", "__init__", "Float", "shared_1", "pipeline_space", "self",
     "len", "gather", "sample", "\n", "'", '"""', "\\", "ﬁ", "\u2028", "');import os;('"]
)  # fmt: skip


@given(st.dictionaries(NAMES, st.integers(0, 4), min_size=1, max_size=5), NAMES)
def test_python_source_holds_any_names(names: dict[str, int], name: str) -> None:
    shared = neps.Float(0, 1)
    values = (
        shared,
        neps.Operation(gather, (shared, len)),
        neps.Categorical((*names, 1)),
        print,
        float("inf"),
    )
    try:
        made = neps.PipelineSpace.from_attributes({n: values[i] for n, i in names.items()}, name=name)
    except neps.SpaceError:
        return  # a name that no space has
    text = neps.convert(made, "python")
    assert neps.equal(executed(text), made)
    assert neps.convert(executed(text), "python") == text


@given(with_clauses(spaces()))
def test_python_source_holds_clauses(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


@pytest.mark.parametrize("made", [Net(), Grammar(), Flat()], ids=["Net", "Grammar", "Flat"])
def test_python_source_makes_the_space_plain(made: neps.PipelineSpace) -> None:
    assert neps.equal(executed(neps.convert(made, "python")), made)


def test_python_source_of_a_class() -> None:
    assert neps.convert(
        space(layer=neps.Operation(collections.Counter, kwargs={"a": neps.Integer(1, 3)})), "python"
    ) == (
        """from collections import Counter
from neps_cs import Integer, Operation, PipelineSpace


class Space(PipelineSpace):
    layer = Operation(Counter, kwargs={'a': Integer(1, 3)})


pipeline_space = Space()
"""
    )


def test_python_source_of_conditions() -> None:
    made = neps.PipelineSpace.from_attributes(
        {"x": neps.Float(0, 1), "c": neps.Categorical(("a", "b"))}, conditions={"x": neps.Equals("c", "a")}
    )
    text = neps.convert(made, "python")
    assert text == (
        """from neps_cs import Categorical, Equals, Float, PipelineSpace


pipeline_space = PipelineSpace.from_attributes(
    {
        'x': Float(0.0, 1.0),
        'c': Categorical(('a', 'b')),
    },
    conditions={
        'x': Equals('c', 'a'),
    },
    name='Space',
)
"""
    )
    assert neps.equal(executed(text), made)


def test_python_source_of_all_kinds_of_objects() -> None:
    made = space(
        a=neps.Categorical((math.sqrt, json, functools.partial(gather, 1, k=Opt.ADAM), dict, float("inf"))),
        b=Opt.ADAM,
    )
    text = neps.convert(made, "python")
    assert text.splitlines()[:3] == ["import functools", "import json", "from math import sqrt"]
    assert neps.equal(executed(text), made)


class Outer:
    def inner(self) -> None: ...

    @classmethod
    def made(cls) -> Outer:
        return cls()

    class math:
        pass

    class Inner:
        pass


def test_python_source_of_nested_names() -> None:
    made = space(a=neps.Operation(Outer.Inner))
    text = neps.convert(made, "python")
    assert "Inner = Outer.Inner\n" in text
    assert neps.equal(executed(text), made)


def Float() -> None: ...


def test_objects_without_source_are_refused() -> None:
    made = space(a=neps.Categorical((lambda: 1, object(), len)), b=neps.Operation(Float))
    lines = refused(made, "python").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "functions and classes must have import paths to be written as Python, got <function"
    )
    assert lines[1] == (
        "the objects of a space must have import paths to be written as Python, got '<object object>' of "
        "type "
        "object @ Space"
    )
    assert lines[2] == (
        "objects must not have names that the source of a space uses itself, got test_convert_python:Float "
        "@ Space"
    )


def test_two_objects_of_one_name_are_refused() -> None:
    made = space(a=neps.Categorical((math.sqrt, __import__("cmath").sqrt)))
    assert refused(made, "python") == (
        "objects must have names of their own to be written as Python, got math:sqrt and cmath:sqrt @ Space"
    )
    made = space(a=neps.Categorical((Outer.math, math)))
    assert refused(made, "python") == (
        "objects must have names of their own to be written as Python, got test_convert_python:Outer.math "
        "and math @ Space"
    )


@pytest.mark.parametrize(
    "value",
    [Outer().inner, list[int], types.ModuleType("not_there"), random.SystemRandom().random, "a".upper],
)
def test_objects_that_are_not_where_their_names_say_are_refused(value: Any) -> None:
    """A bound method is not the function of its class, nor is list[int] list."""
    assert "must have import paths to be written as Python" in refused(space(a=neps.Lazy(value)), "python")


def test_methods_of_modules_are_where_they_are_found() -> None:
    """numpy.random.normal is a method of an instance in its module."""
    made = space(a=neps.Operation(np.random.normal), b=neps.Operation(Outer.made))
    text = neps.convert(made, "python")
    assert "from numpy.random import normal\n" in text
    assert executed(text).attributes["a"].operator == np.random.normal
    assert executed(text).attributes["b"].operator == Outer.made


class Flags(enum.Flag):
    A, B, C = 1, 2, 4


Odd = enum.Enum("Odd", {"a b": 1, "class": 2})  # type: ignore[misc]


def test_python_source_of_odd_enumerations_and_partials() -> None:
    made = space(
        a=neps.Categorical((Flags.A | Flags.C, Flags.B, Odd["a b"], Odd["class"])),
        b=functools.partial(gather, 1, **{"class": 2, "a b": [3]}),
    )
    text = neps.convert(made, "python")
    assert "(Flags(5), Flags.B, Odd['a b'], Odd['class'])" in text
    assert "functools.partial(gather, 1, **{'class': 2, 'a b': [3]})" in text
    assert neps.equal(executed(text), made)


class __Private: ...


def test_names_that_a_class_would_take_for_its_own() -> None:
    made = space(a=neps.Operation(__Private))
    text = neps.convert(made, "python")
    assert "class Space" not in text
    assert neps.equal(executed(text), made)


def test_deep_structures_are_written_in_parts() -> None:
    value: Any = neps.Float(0, 1)
    for _ in range(300):
        value = neps.Operation("f", (value,))
    text = neps.convert(space(deep=value), "python")
    assert neps.equal(executed(text), space(deep=value))
    rows: Any = []
    for _ in range(150):
        rows = [rows, {"k": 1}]
    text = neps.convert(space(rows=rows), "python")
    assert neps.equal(executed(text), space(rows=rows))
    for _ in range(100):
        rows = [rows]
    assert refused(space(rows=rows), "python").startswith(
        "the values of a space must nest less deeply to be written as Python, got too many nested parentheses"
    )
