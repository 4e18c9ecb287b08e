"""What genuine versions of NePS made of the same texts: recorded ones of 0.11.1, 0.12.2, 0.13.0 and 0.17.0,
and the installed one on generated mappings.

A list alone was given to the parser of entries, which reads it; `neps.run` never let one through.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neps_cs as neps
from neps_cs.fidelities import Fidelity
from neps_cs_converters.legacy import read

FACTS = json.loads((Path(__file__).parent / "legacy_neps_facts.json").read_text(encoding="utf-8"))
GENERATIONS = ("0.13 and later", "0.12", "up to 0.11")


def shown(value: Any) -> str:
    """An attribute as the records have it."""
    fidelity = isinstance(value, Fidelity)
    match value.domain if fidelity else value:
        case neps.Categorical(choices=choices, prior=prior, prior_confidence=level):
            assert isinstance(choices, tuple)
            found, prior = repr(list(choices)), None if prior is None else choices[prior]
        case neps.Float() | neps.Integer() as number:
            prior, level = number.prior, number.prior_confidence
            found = f"{number.lower!r}, {number.upper!r}{', log' * number.log}{', fidelity' * fidelity}"
        case _:
            return repr(value)
    kind = type(value.domain if fidelity else value).__name__
    return f"{kind}({found}{'' if prior is None else f', prior={prior!r} {level.value}'})"


@pytest.mark.parametrize("fact", FACTS, ids=[repr(fact["text"])[:70] for fact in FACTS])
def test_a_text_is_read_as_by_the_generation_that_we_name(fact: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_bytes(fact["text"].encode())
    readers = [g for g in GENERATIONS if g in fact]
    try:
        found = read(path)
    except neps.FormatError as e:
        assert not readers
        assert all(", line " in p.place for p in e.problems)  # noqa: PT017
        return
    if not readers:
        return
    # no mark stands beside the space in these texts: the newest reader decides
    assert found.form == f"NePS YAML, NePS {readers[0]}"
    mine = {name: shown(value) for name, value in found.space.attributes.items()}
    assert mine == fact[readers[0]]
    noted = " ".join(note.place for note in found.notes)
    for other in readers[1:]:
        assert all(name in noted for name, entry in fact[other].items() if entry != mine[name])


def test_the_records_are_of_all_kinds() -> None:
    assert len(FACTS) > 100
    assert all(sum(g in fact for fact in FACTS) > 10 for g in GENERATIONS)
    assert sum(not any(g in fact for g in GENERATIONS) for fact in FACTS) > 20


NUMBERS = st.sampled_from(
    [0, 1, 2, 10, -3, 0.0, 0.5, 1.0, 10.0, "1e-3", "1e3", "1E2", "-1e-3", "1.5e1", "0.1", "1", "1 e3"]
)
VALUES = NUMBERS | st.sampled_from([True, False, None, "adam", "sgd", ""])
PRIORS = st.fixed_dictionaries(
    {}, optional={"prior": VALUES, "prior_confidence": st.sampled_from(["low", "high"])}
)
NUMBER = st.fixed_dictionaries(
    {"lower": NUMBERS, "upper": NUMBERS},
    optional={
        "type": st.sampled_from(["int", "integer", "float", "floating", "Float", "cat", None]),
        "log": st.sampled_from([True, False, 1, None]),
        "is_fidelity": st.booleans(),
    },
)
CHOICE = st.fixed_dictionaries(
    {"choices": st.lists(VALUES, min_size=1, max_size=4)},
    optional={"type": st.sampled_from(["cat", "categorical", "Cat", "int"])},
)
CONSTANT = st.fixed_dictionaries({"value": VALUES}, optional={"type": st.sampled_from(["const", "constant"])})
ENTRIES = (
    st.builds(lambda entry, prior: {**entry, **prior}, NUMBER | CHOICE, PRIORS)
    | CONSTANT
    | st.tuples(NUMBERS, NUMBERS)
    | st.lists(NUMBERS | st.sampled_from(["adam", "sgd"]), min_size=2, max_size=3)
    | VALUES
)


@pytest.mark.peer
@given(entry=ENTRIES)
def test_a_mapping_that_the_installed_nep_reads_is_read_as_it_does(entry: Any) -> None:
    parsing = pytest.importorskip("neps.space.parsing")
    genuine = copy.deepcopy(entry)
    try:
        if isinstance(entry, (list, tuple)):
            genuine = parsing.as_parameter(genuine)
        theirs = parsing.convert_to_space({"x": genuine})
    except (ValueError, TypeError):
        return  # we read more
    found = read({"x": entry})
    assert found.form == "NePS dict, NePS 0.13 and later"
    # its parameters are read as objects: what is compared is the reading of words
    mine, other = (s.attributes["x"] for s in (found.space, read(theirs).space))
    assert shown(mine) == shown(other)
