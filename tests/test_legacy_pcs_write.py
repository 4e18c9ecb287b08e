"""Spaces written as .pcs, and read again by us and by ConfigSpace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legacy_pcs import CLASSIC, NEW, read_by_configspace, space

import neps_cs as neps
from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.errors import ConversionError, SpaceError
from neps_cs.forbidden import Clause, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.pcs import write
from neps_cs_converters.legacy.ranges import own_default


def test_text_that_is_written() -> None:
    made = PipelineSpace.from_attributes(
        {"a": Categorical(("x", "y"), default=1), "n": Integer(1, 9, log=True), "r": Float(0, 1), "k": 5},
        conditions={"n": And((Equals("a", "x"), In("r", (0.5, 0.25)))), "r": NotEquals("a", "x")},
        forbidden=[And((Equals("a", "y"), In("n", (2, 3))))],
    )
    assert write(made, new=False) == (
        "a {x, y} [y]\nn [1, 9] [3]il\nr [0.0, 1.0] [0.5]\nk [5, 5] [5]i\n\n"
        "n | a in {x}\nn | r in {0.5, 0.25}\nr | a in {y}\n\n{a=y, n=2}\n{a=y, n=3}\n"
    )
    assert write(made, new=True) == (
        "a categorical {x, y} [y]\nn integer [1, 9] [3] log\nr real [0.0, 1.0] [0.5]\n"
        "k integer [5, 5] [5]\n\n"
        "n | a == x && r in {0.5, 0.25}\nr | a != x\n\n{a=y, n=2}\n{a=y, n=3}\n"
    )


def test_everything_that_can_not_be_written_is_listed() -> None:
    shared = Float(0, 1)
    made = PipelineSpace.from_attributes(
        {
            "normal": Float(0, 1, prior=neps.Normal(0.5, 0.1)),
            "point": Integer(0, 9, prior=3),
            "weights": Categorical(("a", "b"), prior=neps.Weights((1, 2))),
            "step": Float(0, 1, step=0.25),
            "meta": Float(0, 1, meta={"a": 1}),
            "numbers": Categorical((1, 2)),
            "odd": Categorical(("a,b", " c")),
            "text": "constant",
            "flag": True,
            "order": Ordinal(("a", "b")),
            "two words": Float(0, 1),
            "one": shared,
            "other": shared,
            "budget": neps.IntegerFidelity(1, 9),
            "_hidden": Float(0, 1),
            "layers": neps.Repeated(2, shared.resample()),
        },
        conditions={"step": Greater("normal", 0.5)},
        forbidden=[Relation("step", "<", "meta")],
    )
    with pytest.raises(ConversionError) as e:
        write(made, new=False)
    assert {p.place for p in e.value.problems} == {*made.attributes, "Space"} - {"one"}
    assert len(e.value.problems) == 17
    with pytest.raises(ConversionError) as e:
        write(made, new=True)
    assert "order" not in {p.place for p in e.value.problems}


@pytest.mark.parametrize("condition", [NotEquals("b", "p", or_inactive=True), Greater("i", 2.5)])
def test_conditions_that_can_not_be_written(condition: Condition) -> None:
    attributes = {
        "a": Categorical(("x", "y")),
        "b": Categorical(("p", "q")),
        "i": Integer(1, 9),
        "r": Float(0, 1),
    }
    made = PipelineSpace.from_attributes(attributes, conditions={"b": Equals("a", "x"), "r": condition})
    with pytest.raises(ConversionError):
        write(made, new=True)


def test_write_takes_a_space() -> None:
    with pytest.raises(SpaceError):
        write({"a": 1}, new=True)  # type: ignore[arg-type]


WORDS = st.text(alphabet=st.sampled_from("abcxyz0189_-@.:;/?$%*+"), min_size=1, max_size=6)
"""What ConfigSpace's own readers know."""


NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9_:@.-]{0,6}", fullmatch=True), min_size=2, max_size=7, unique=True
)


@st.composite
def flat_spaces(draw: st.DrawFn, *, new: bool) -> PipelineSpace:
    names = draw(NAMES)
    attributes = {name: draw(parameters(new=new)) for name in names}
    conditions: dict[str, Condition] = {}
    for i, name in enumerate(names[1:], 1):
        if draw(st.booleans()):
            conditions[name] = draw(limits(names[:i], attributes, new=new))
    clauses: list[Clause] = []
    parts = [
        Equals(n, draw(values(attributes[n])))
        for n in draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    ]
    if len(parts) > 1:
        clauses.append(And(tuple(parts)))
    try:
        return PipelineSpace.from_attributes(
            attributes, conditions=conditions, forbidden=clauses, intermediate=frozenset()
        )
    except SpaceError:  # clauses that leave nothing
        return PipelineSpace.from_attributes(attributes, intermediate=frozenset())


@st.composite
def parameters(draw: st.DrawFn, *, new: bool) -> Any:
    kind = draw(st.sampled_from(("float", "integer", "choice", *(("ordinal",) if new else ()))))
    if kind in ("choice", "ordinal"):
        choices = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
        default = draw(st.sampled_from((None, *range(1, len(choices)))))
        return (Ordinal if kind == "ordinal" else Categorical)(choices, default=default)
    log = draw(st.booleans())
    if kind == "integer":
        low = draw(st.integers(1 if log else -100, 1000))
        high = draw(st.integers(low + 1, low + 2000))
        return _with_default(Integer, low, high, log, draw(st.sampled_from((None, low, high))))
    first = round(draw(st.floats(0.01 if log else -1e6, 1e6)), 6)
    wide = draw(st.floats(1.1, 1e3))
    upper = round(first * wide if log else first + wide, 6)
    return _with_default(Float, first, upper, log, draw(st.sampled_from((None, first, upper))))


def _with_default(
    kind: type[Float] | type[Integer], lower: float, upper: float, log: bool, default: float | None
) -> Any:
    """A default that would be taken anyway reads back as none."""
    plain = kind(lower, upper, log)
    return plain if default == own_default(plain) else kind(lower, upper, log, default=default)


@st.composite
def values(draw: st.DrawFn, parameter: Any) -> Any:
    if isinstance(parameter, (Categorical, Ordinal)):
        return draw(st.sampled_from(parameter.choices))  # type: ignore[arg-type]
    if isinstance(parameter, Integer):
        return draw(st.integers(parameter.lower, parameter.upper))  # type: ignore[arg-type]
    return draw(st.floats(parameter.lower, parameter.upper))  # type: ignore[arg-type]


@st.composite
def limits(draw: st.DrawFn, names: list[str], attributes: dict[str, Any], *, new: bool) -> Condition:
    parts = [
        draw(literals(n, attributes[n], new=new))
        for n in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    ]
    if len(parts) == 1:
        return parts[0]
    if new and draw(st.booleans()):
        return Or((And((parts[0], parts[1])), *parts[1:])) if draw(st.booleans()) else Or(tuple(parts))
    return And(tuple(parts))


@st.composite
def literals(draw: st.DrawFn, name: str, parameter: Any, *, new: bool) -> Condition:
    value = draw(values(parameter))
    several = (
        tuple(draw(st.lists(values(parameter), min_size=2, max_size=3, unique=True)))
        if _many(parameter)
        else ()
    )
    kinds: list[Condition] = [Equals(name, value), *([In(name, several)] if several else [])]
    if new:
        kinds.append(NotEquals(name, value))
    if new and not isinstance(parameter, Categorical):
        kinds += [Less(name, value), Greater(name, value)]
    return draw(st.sampled_from(kinds))


def _many(parameter: Any) -> bool:
    return not isinstance(parameter, (Categorical, Ordinal)) or len(parameter.choices) > 2  # type: ignore[arg-type]


def bare(made: PipelineSpace) -> PipelineSpace:
    """Without what is remembered of ConfigSpace's own form of conditions."""
    limits = dict(made.conditions)
    return PipelineSpace.from_attributes(
        dict(made.attributes), conditions=limits, forbidden=made.forbidden, intermediate=frozenset()
    )


LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(flat_spaces(new=True))
def test_law_what_is_written_new_is_read_again(made: PipelineSpace) -> None:
    text = write(made, new=True)
    assert neps.equal(bare(space(text)), made), text


@LAW
@given(flat_spaces(new=False))
def test_law_what_is_written_classic_is_read_again(made: PipelineSpace) -> None:
    text = write(made, new=False)
    assert neps.equal(bare(space(text)), made), text


def test_plain_twin_of_the_laws() -> None:
    made = space(NEW + "u | a in {x, y} && b == p\nr | i > 3 || o < 3\n{a=x, o=3}\n{r < u}\n")
    assert neps.equal(space(write(made, new=True)), made)
    classic = space(CLASSIC + "u | a in {x, y}\nu | b in {p}\n{a=x, b=q}\n")
    assert neps.equal(space(write(classic, new=False)), classic)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(flat_spaces(new=True))
def test_configspace_reads_parameters_that_are_written(made: PipelineSpace) -> None:
    free = PipelineSpace.from_attributes(dict(made.attributes), intermediate=frozenset())
    expected = neps.to_configspace(free).configspace
    for hyperparameter in expected.values():
        hyperparameter.meta = None  # it may say that a bound was rounded
    assert read_by_configspace(write(free, new=True), new=True) == expected
    if not any(isinstance(v, Ordinal) for v in free.attributes.values()):
        assert read_by_configspace(write(free, new=False), new=False) == expected


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (CLASSIC + "u | a in {x, y}\ni | a in {x}\ni | b in {p, q}\n{a=x, b=q}\n", False),
        (NEW + "u | a in {x, y} && b == p\nr | i > 3 || o < 3\ni | a != x\n{a=x, o=3}\n{b=q, i=9}\n", True),
    ],
)
def test_configspace_reads_conditions_and_clauses_that_are_written(text: str, new: bool) -> None:
    written = write(space(text), new=new)
    assert read_by_configspace(written, new=new) == read_by_configspace(text, new=new)


def test_conditions_are_written_without_brackets_at_which_configspace_stops_reading() -> None:
    either = Or((Equals("b", "p"), Greater("i", 3)))
    limits = {"r": Or((either, Less("i", 2))), "u": Or((And((Equals("a", "x"), either)), Equals("o", "3")))}
    made = space(NEW)
    made = PipelineSpace.from_attributes(
        dict(made.attributes), conditions=limits, intermediate=frozenset(), forbidden=()
    )
    text = write(made, new=True)
    assert text.splitlines()[-2:] == [
        "r | b == p || i > 3 || i < 2",
        "u | a == x && b == p || a == x && i > 3 || o == 3",
    ]
    theirs = read_by_configspace(text, new=True)
    assert neps.to_configspace(space(text)).configspace == theirs
    theirs.seed(0)
    for found in map(dict, theirs.sample_configuration(100)):
        first = found["b"] == "p" or found["i"] > 3
        assert ("r" in found) == (first or found["i"] < 2)
        assert ("u" in found) == ((found["a"] == "x" and first) or found["o"] == "3")


def test_a_condition_with_too_many_alternatives_is_refused() -> None:
    both = Or((Equals("b", "p"), Greater("i", 3)))
    made = PipelineSpace.from_attributes(
        dict(space(NEW).attributes), conditions={"u": Or((And((both,) * 11), Equals("a", "x")))},
        intermediate=frozenset(),
    )  # fmt: skip
    with pytest.raises(ConversionError, match="at most 1,000 alternatives"):
        write(made, new=True)
