"""Parameter configuration spaces: .pcs files, classic and new syntax, also mixed in one file.

| line | means |
|---|---|
| `name {a, b} [a]`, `name categorical {a, b} [a]` | a Categorical of texts |
| `name ordinal {a, b} [a]` | an Ordinal of texts |
| `name [0, 1] [0.5]`, `name real [0, 1] [0.5] log` | a Float; `l` or `log` for a log scale |
| `name [1, 8] [2]i`, `name integer [1, 8] [2] log` | an Integer |
| `child | parent in {a, b}`, `child | x == a && y > 3` | a condition; several lines for a child all hold |
| `{a=x, b=y}` | a forbidden combination |
| `{a <= b || c > 3}` | an advanced forbidden clause |

Sources: the manuals of SMAC 2 (chapter on .pcs files) and of AClib 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neps_cs.errors import FormatError, Problem
from neps_cs.parameters import Categorical, Ordinal
from neps_cs.storage import MAX_BYTES
from neps_cs.values import shown
from neps_cs_converters.legacy.draft import MAX_PARAMETERS, MAX_PROBLEMS, Draft, Where
from neps_cs_converters.legacy.pcs_conditions import read_condition
from neps_cs_converters.legacy.pcs_forbidden import read_forbidden
from neps_cs_converters.legacy.pcs_nearest import write_nearest
from neps_cs_converters.legacy.pcs_parameters import FORM, TYPES, is_irace, read_parameter
from neps_cs_converters.legacy.pcs_text import MAX_LINES, Line, SyntaxProblemError, lines_of
from neps_cs_converters.legacy.pcs_write import write
from neps_cs_converters.legacy.reading import Read

__all__ = ["read", "write", "write_nearest"]

MAX_LINE = 100_000
"""Characters of a line. The longest known one has 2,300."""

_IRACE = (
    "a .pcs file must hold parameters as ConfigSpace and SMAC write them; this is irace's format. Write "
    "'name \"switch\" r (0, 1)' as 'name real [0, 1] [default]'"
)


def read(text: str, place: str) -> Read:
    """The space of a .pcs file. Choices are texts, as they stand there; a range of one point is a constant.

    Conditions do not hold where their parent is inactive, those with != neither.

    Args:
        text: the whole file.
        place: the file's name, for messages.

    Raises FormatError with all that is wrong, each with line and column.
    """
    if len(text) > MAX_BYTES:
        raise FormatError(Problem(f"size <= {MAX_BYTES} bytes must hold", "more", _shown(place, (1, 1))))
    draft = Draft(lambda where: _shown(place, where))
    conditions, clauses, parameters = list[Line](), list[Line](), list[Line]()
    for line in _lines(text, place):
        if len(draft.problems) + len(draft.notes) >= MAX_PROBLEMS:
            draft.problem(
                f"a .pcs file must have fewer than {MAX_PROBLEMS:,} lines that are none",
                "more",
                (line.number, 1),
            )
            raise draft.error()
        if len(line.text) > MAX_LINE:
            draft.problem(f"a line must have at most {MAX_LINE:,} characters", "more", (line.number, 1))
        elif is_irace(line):
            raise FormatError(Problem(_IRACE, line.text.strip()[:80], _shown(place, (line.number, 1))))
        else:
            _sorted(line, parameters, conditions, clauses, draft)
    if len(parameters) > MAX_PARAMETERS:
        rule = f"a file must define at most {MAX_PARAMETERS:,} parameters"
        last = _shown(place, (parameters[MAX_PARAMETERS].number, 1))
        raise FormatError(Problem(rule, f"{len(parameters):,}", last))
    for line in parameters:
        _try(line, draft, lambda line=line: read_parameter(line, draft))  # type: ignore[misc]
    dialects = {_is_new(line) for line in parameters}
    draft.repeats = False in dialects
    known = _known(draft)
    for line in conditions:
        _try(line, draft, lambda line=line: read_condition(line, draft, known))  # type: ignore[misc]
    for line in clauses:
        _try(line, draft, lambda line=line: read_forbidden(line, draft, known))  # type: ignore[misc]
    form = ".pcs, old and new" if len(dialects) == 2 else ".pcs, new" if True in dialects else ".pcs"
    return draft.finished(form, None, inactive_differs=True)


def _lines(text: str, place: str) -> Iterator[Line]:
    try:
        yield from lines_of(text)
    except SyntaxProblemError as e:
        raise FormatError(Problem(e.rule, e.got, _shown(place, (MAX_LINES + 1, e.column)))) from e


def _shown(place: str, where: Where) -> str:
    line, column = where or (1, 1)
    return f"{place}, line {line}, column {column}"


def _sorted(
    line: Line, parameters: list[Line], conditions: list[Line], clauses: list[Line], draft: Draft
) -> None:
    """What a line is: known by its first bracket or bar."""
    text = line.text
    bracket = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=len(text))
    if 0 <= text.find("|") < bracket:
        conditions.append(line)
    elif text.lstrip().startswith("{"):
        clauses.append(line)
    elif bracket < len(text):
        parameters.append(line)
    else:
        _note_heading(line, draft)


def _note_heading(line: Line, draft: Draft) -> None:
    """A line without brackets: a heading such as `Conditionals:`, which ConfigSpace leaves out too."""
    words, place = line.text.split(), (line.number, len(line.text) - len(line.text.lstrip()) + 1)
    if any(sign in line.text for sign in "}]()=<>|,") or (len(words) > 1 and words[1] in TYPES):
        draft.problem(f"a parameter must be {FORM}", line.text.strip(), place)
    elif not line.text.endswith(":"):
        draft.note(place, shown(line.text.strip()[:80]), "left out, as ConfigSpace does: it has no brackets")


def _try(line: Line, draft: Draft, step: Callable[[], None]) -> None:
    start = len(line.text) - len(line.text.lstrip()) + 1
    try:
        with draft.checked((line.number, start)):
            step()
    except SyntaxProblemError as e:
        draft.problem(e.rule, e.got, (line.number, e.column))


def _known(draft: Draft) -> frozenset[str]:
    """Names and choices: words that are one, whatever signs they have."""
    known = set(draft.seen)
    for attribute in draft.attributes.values():
        if isinstance(attribute, (Categorical, Ordinal)):
            known.update(attribute.choices)  # type: ignore[arg-type]
    return frozenset(known - {""})


def _is_new(line: Line) -> bool:
    words = line.text.replace("{", " ").replace("[", " ").split()
    return len(words) > 1 and words[1] in TYPES
