"""A parameter of a .pcs file, classic or new.

name {a, b} [a]             name categorical {a, b} [a]      name ordinal {a, b} [a]
name [0, 1] [0.5]           name real [0, 1] [0.5]
name [1, 8] [2]il           name integer [1, 8] [2] log
"""

from __future__ import annotations

import re

from neps_cs.parameters import Categorical, Ordinal
from neps_cs_converters.legacy.draft import Draft
from neps_cs_converters.legacy.numbers import nearly_whole, number_of
from neps_cs_converters.legacy.pcs_text import Line, SyntaxProblemError, Token
from neps_cs_converters.legacy.ranges import Range, add_number

TYPES = ("categorical", "ordinal", "integer", "real")
FORM = "name {a, b} [a], name [0, 1] [0.5]il or name type {…} or […] [default]"

_WORD = re.compile(r"[^\s{}\[\],|]+")
_IRACE = re.compile(r"""\s*[^\s"'{}\[\]]+\s+(?:"[^"]*"|'[^']*')\s+[rico](?:,log)?\s*\(""")
_SUFFIX, _TYPED_SUFFIX = re.compile(r"\s*(log|[il]+)"), re.compile(r"\s*(log)")


def is_irace(line: Line) -> bool:
    """Whether a line is of irace: `name "switch" r (0, 1)`."""
    return _IRACE.match(line.text) is not None


def read_parameter(line: Line, draft: Draft) -> None:
    """Add the parameter of a line to the draft. Raises SyntaxProblemError and SpaceError."""
    name = _WORD.search(line.text)
    opening = re.search(r"[{\[]", line.text)
    if name is None or opening is None or opening.start() < name.start():
        raise SyntaxProblemError(f"a parameter must be {FORM}", line.text.strip(), 1)
    title = line.part(name.start(), name.end())
    kind = line.part(name.end(), opening.start())
    if kind.text and kind.text not in TYPES:
        rule = f"the type of a parameter must be {', '.join(TYPES)}, or be left out"
        raise SyntaxProblemError(rule, repr(kind.text), kind.column)
    if not title.text:
        raise SyntaxProblemError("a parameter must have a name", line.text.strip(), title.column)
    if not draft.define(title.text, (line.number, title.column)):
        return
    if line.text[opening.start()] == "{":
        _read_choice(line, draft, title, kind, opening.start())
    else:
        _read_number(line, draft, title, kind, opening.start())


def _read_choice(line: Line, draft: Draft, title: Token, kind: Token, opening: int) -> None:
    if kind.text in ("integer", "real"):
        rule = f"the range of a parameter that is {kind.text} must be in [ ]"
        raise SyntaxProblemError(rule, "{", opening + 1)
    closing = line.closing(opening)
    default, end = _default(line, closing + 1)
    _leave_out(line, draft, end)
    choices = line.items(opening + 1, closing)
    if len(choices) == 1 and not choices[0].text:
        raise SyntaxProblemError("a parameter must have a choice", "{}", opening + 1)
    texts = [c.text for c in choices]
    twins = [c for i, c in enumerate(choices) if c.text in texts[:i]] if len(set(texts)) < len(texts) else []
    if twins:
        raise SyntaxProblemError("choices must be distinct", f"{twins[0].text!r} twice", twins[0].column)
    if default.text not in texts:
        rule = f"the default must be one of {', '.join(map(repr, texts[:8]))}{', …' if texts[8:] else ''}"
        raise SyntaxProblemError(rule, repr(default.text), default.column)
    make = Ordinal if kind.text == "ordinal" else Categorical
    draft.choice(title.text, make, list(texts), default=texts.index(default.text) or None)


def _read_number(line: Line, draft: Draft, title: Token, kind: Token, opening: int) -> None:
    if kind.text in ("categorical", "ordinal"):
        rule = f"the choices of a parameter that is {kind.text} must be in {{ }}"
        raise SyntaxProblemError(rule, "[", opening + 1)
    closing = line.closing(opening)
    bounds = line.items(opening + 1, closing)
    if len(bounds) != 2:
        rule = "a range must be [lower, upper]"
        raise SyntaxProblemError(rule, line.text[opening : closing + 1], opening + 1)
    default, end = _default(line, closing + 1)
    suffix = (_TYPED_SUFFIX if kind.text else _SUFFIX).match(line.text, end)
    letters = "" if suffix is None else suffix.group(1)
    _leave_out(line, draft, end if suffix is None else suffix.end())
    integer = kind.text == "integer" or "i" in letters
    lower, upper = (_bound(t, line, draft, integer=integer, typed=bool(kind.text)) for t in bounds)
    value = _number(default, integer=integer)
    if lower <= upper and not lower <= value <= upper:
        rule = "lower <= default <= upper must hold"
        got = f"default={value}, lower={lower}, upper={upper}"
        raise SyntaxProblemError(rule, got, default.column)
    if lower > upper:
        got = f"lower={lower}, upper={upper}"
        raise SyntaxProblemError("lower <= upper must hold", got, bounds[0].column)
    place = (line.number, title.column)
    add_number(draft, Range(title.text, place, integer, lower, upper, "l" in letters, value))


def _leave_out(line: Line, draft: Draft, start: int) -> None:
    """A note on what follows a parameter, which ConfigSpace leaves out in silence; a problem where it might
    be more than a word."""
    rest = line.part(start, len(line.text))
    if any(sign in rest.text for sign in "{}[]|"):
        raise SyntaxProblemError("nothing must follow the default", repr(rest.text), rest.column)
    if rest.text:
        taken = "left out, as ConfigSpace does: it follows the parameter"
        draft.note((line.number, rest.column), repr(rest.text[:80]), taken)


def _default(line: Line, start: int) -> tuple[Token, int]:
    """The default in brackets, and where the line goes on behind it."""
    space = len(line.text[start:]) - len(line.text[start:].lstrip())
    opening = start + space
    if line.text[opening : opening + 1] != "[":
        got = repr(line.text[opening:].strip()) if line.text[opening:] else "the end of the line"
        raise SyntaxProblemError("a default in [ ] must follow", got, opening + 1)
    closing = line.closing(opening)
    return line.part(opening + 1, closing), closing + 1


def _bound(token: Token, line: Line, draft: Draft, *, integer: bool, typed: bool) -> float:
    """A bound. Of an integer in the classic syntax ConfigSpace 1.x rounds it, halves to even numbers; behind
    the word `integer` no version does."""
    found = number_of(token.text)
    if typed or not integer or found is None or nearly_whole(found) is not None:
        return _number(token, integer=integer)
    draft.note((line.number, token.column), token.text, f"{round(found)}, as ConfigSpace 1.x rounds it")
    return round(found)


def _number(token: Token, *, integer: bool) -> float:
    found = number_of(token.text)
    if found is None:
        raise SyntaxProblemError("a bound or default must be a finite number", repr(token.text), token.column)
    if not integer:
        return float(found)
    exact = nearly_whole(found)
    if exact is None:
        rule = "the bounds and the default of an integer must be whole numbers"
        raise SyntaxProblemError(rule, token.text, token.column)
    return exact
