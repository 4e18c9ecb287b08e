"""A whole old NePS space: which generation it was written for, and the space that it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from neps_cs.errors import FormatError, Problem, SpaceError
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.neps_details import read_details
from neps_cs_converters.legacy.neps_entries import (
    ConstantEntry,
    Entry,
    NumberEntry,
    described,
    details_text,
    made,
    path_text,
    same,
    short,
)
from neps_cs_converters.legacy.neps_generations import (
    NEWEST_FIRST,
    OBJECTS,
    OF_0_12,
    SINCE_0_13,
    UNION,
    Generation,
)
from neps_cs_converters.legacy.neps_objects import is_parameter, read_object
from neps_cs_converters.legacy.neps_rules import Path, Reading
from neps_cs_converters.legacy.reading import Note, Notes, Read

Where: TypeAlias = Callable[[Path], str]

_MAX_ENTRIES = 10_000
MAX_VALUES, MAX_LEVELS = 200_000, 400


@dataclass(frozen=True)
class _Taken:
    """All entries by the rules of one generation."""

    rules: Generation
    entries: Mapping[str, Entry | None]
    readings: Mapping[str, Reading]

    @property
    def fits(self) -> bool:
        """Whether this generation reads all of it: the newest takes one fidelity only."""
        if any(entry is None for entry in self.entries.values()):
            return False
        fidelities = [e for e in self.entries.values() if isinstance(e, NumberEntry) and e.fidelity]
        return len(fidelities) <= 1 or not self.rules.strict_fidelity


def read_neps(
    entries: Mapping[Any, Any],
    where: Where = lambda path: path_text(path) or "the space",
    form: str = "NePS dict",
    possible: Sequence[Generation] = (SINCE_0_13, OF_0_12),
    marked: Sequence[Generation] = NEWEST_FIRST,
) -> Read:
    """The space of a mapping from names to what old NePS read.

    Args:
        entries: name → details, or a parameter.
        where: the place of a path into `entries`, for messages and notes.
        form: what the entries stand in.
        possible: the generations that could read such a thing at all, newest first.
        marked: those that other marks of the file show; they go first.

    Raises FormatError with everything that no generation reads.
    """
    _check_names(entries, where)
    every = [_taken(rules, entries) for rules in possible]
    fitting = [t for t in every if t.fits]
    chosen = next((t for t in fitting if t.rules in marked), fitting[0] if fitting else None)
    if chosen is None:
        chosen = _taken(UNION, entries)
        _check_all_read(chosen, where)
    notes = [*_mixed(chosen, where), *_notes(chosen, fitting or every, entries, where)]
    if not all(is_parameter(details) for details in entries.values()):
        form = f"{form}, {chosen.rules.name}"
    return Read(_space(chosen, where), form, Notes(notes))


def _taken(rules: Generation, entries: Mapping[str, Any]) -> _Taken:
    found: dict[str, Entry | None] = {}
    readings: dict[str, Reading] = {}
    for name, details in entries.items():
        readings[name] = reading = Reading(OBJECTS if is_parameter(details) else rules)
        read = read_object if is_parameter(details) else read_details
        found[name] = read(reading, details)
    return _Taken(rules, found, readings)


def _check_names(entries: Mapping[Any, Any], where: Where) -> None:
    if not entries:
        raise FormatError(Problem("a space must have a parameter", "none", where(())))
    if len(entries) > _MAX_ENTRIES:
        rule = f"a space must have at most {_MAX_ENTRIES:,} parameters"
        raise FormatError(Problem(rule, f"{len(entries):,}", where(())))
    limit = _too_large(entries)
    if limit is not None:
        raise FormatError(Problem(limit, "more", where(())))
    rule = (
        "the name of a parameter must be a text (YAML reads yes, no, on, off and numbers as such: quote them)"
    )
    problems = [Problem(rule, short(name), where((name,))) for name in entries if not isinstance(name, str)]
    if problems:
        raise FormatError(problems)


def _too_large(entries: Mapping[Any, Any]) -> str | None:
    """The limit that all mappings and lists together break, or none; each object counts once."""
    todo: list[tuple[Any, int]] = [(entries, 1)]
    seen = {id(entries)}
    count = 0
    while todo:
        inside, level = todo.pop()
        count += len(inside)
        if count > MAX_VALUES:
            return f"a space must hold at most {MAX_VALUES:,} values"
        if level > MAX_LEVELS:
            return f"a space must nest at most {MAX_LEVELS} levels deep"
        for value in inside.values() if isinstance(inside, Mapping) else inside:
            if isinstance(value, (dict, list, tuple)) and id(value) not in seen:
                seen.add(id(value))
                todo.append((value, level + 1))
    return None


def _check_all_read(taken: _Taken, where: Where) -> None:
    problems = [
        Problem(rule, got, where((name, *path)))
        for name, reading in taken.readings.items()
        for path, rule, got in reading.problems
    ]
    if problems:
        raise FormatError(problems)


def _mixed(chosen: _Taken, where: Where) -> list[Note]:
    notes = []
    if chosen.rules is UNION:
        taken = "the words of all versions together; what is not plain, as NePS 0.13 and later took it"
        notes.append(Note(where(()), "what no single version of NePS reads", taken))
    if not all(isinstance(entry, ConstantEntry) for entry in chosen.entries.values()):
        return notes
    found = f"nothing but constants: {', '.join(list(chosen.entries)[:6])}"
    if set(chosen.entries) <= {"path", "name"}:
        taken = (
            "constants, as NePS's readers of spaces did; its run imported a space from that file of Python"
        )
    else:
        taken = "constants: there is nothing to search. Is this the file of a space?"
    return [*notes, Note(where(()), found, taken)]


def _notes(chosen: _Taken, others: Sequence[_Taken], entries: Mapping[str, Any], where: Where) -> list[Note]:
    """What the reading noted, and where another generation took an entry for something else."""
    notes = []
    for name, reading in chosen.readings.items():
        notes += [Note(where((name, *path)), found, taken) for path, found, taken in reading.notes]
        mine = chosen.entries[name]
        assert mine is not None
        for other in others:
            theirs = other.entries[name]
            if theirs is not None and not same(theirs, mine):
                taken = f"{_described(mine)}, as {chosen.rules.name} took it; {other.rules.name} took "
                found = details_text(entries[name])
                notes.append(Note(where((name,)), found, f"{taken}{_described(theirs)}"))
                break
    return notes


def _described(entry: Entry) -> str:
    try:
        return described(entry)
    except SpaceError:
        return short(entry)


def _space(chosen: _Taken, where: Where) -> PipelineSpace:
    attributes: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in chosen.entries.items():
        assert entry is not None
        try:
            attributes[name] = made(entry)
        except SpaceError as e:
            problems += [Problem(p.rule, p.got, where((name,))) for p in e.problems]
    if problems:
        raise FormatError(problems)
    try:
        return PipelineSpace.from_attributes(attributes, intermediate=frozenset())
    except SpaceError as e:
        raise FormatError(Problem(p.rule, p.got, where((p.place,))) for p in e.problems) from e
