"""Spaces as .pcs files: the inverse of `pcs.read` for what the format can say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from neps_cs.errors import ConversionError, Problem
from neps_cs.graph.native import NOTHING, Native
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.space import PipelineSpace, checked_space
from neps_cs.values import shown, unwrapped
from neps_cs_converters.configspace.beside import MARK
from neps_cs_converters.legacy.pcs_write_clauses import condition_lines, forbidden_lines
from neps_cs_converters.legacy.ranges import own_default

_TAKEN = frozenset("{}[](),|#\"'=\ufeff")
"""What has a meaning of its own in a file, so that no name can have it; choices may have some of it."""
_TAKEN_IN_CHOICES = frozenset("{}[],|#\"'\ufeff")


def write(space: PipelineSpace, *, new: bool) -> str:
    """A flat space as a .pcs file, in the new syntax or the classic one; `read` gives the space again.

    ConfigSpace's own readers read it too, where names and choices have only the characters that they know,
    no choice is empty, no constant is there, and conditions need no brackets and no second line. A default
    that is left out is written out, as the middle of the range; a constant number is a range of one point.

    Raises ConversionError listing all that the format can't say: structure, distributions, weights, steps,
    meta, fidelities, choices that are no texts; in the classic syntax ordinals, and conditions but for `in`.
    """
    checked_space(space, "write")
    problems = list[Problem](_beside(space))
    lines = [
        line for name, value in space.attributes.items() for line in _parameter(name, value, problems, new)
    ]
    limits = [
        line for n, c in space.conditions.items() for line in condition_lines(n, c, space, problems, new)
    ]
    clauses = [line for clause in space.forbidden for line in forbidden_lines(clause, space, problems, new)]
    if problems:
        raise ConversionError(problems)
    return "\n\n".join("\n".join(part) for part in (lines, limits, clauses) if part) + "\n"


def _beside(space: PipelineSpace) -> Iterator[Problem]:
    """What a space says beside its attributes."""
    graph, native = space.graph, space.graph.native
    seen: dict[int, str] = {}
    for root in graph.roots:
        if root.intermediate:
            yield Problem(
                "a .pcs file has no parameters that evaluate_pipeline does not receive", "", root.name
            )
        value = space.attributes[root.name]
        if (
            isinstance(value, (Float, Integer, Categorical, Ordinal))
            and seen.setdefault(id(value), root.name) != root.name
        ):
            rule = "a .pcs file has no parameter of two names"
            yield Problem(rule, f"the same object as {seen[id(value)]}", root.name)
    if graph.edits:
        yield Problem("a .pcs file holds no edits of a space", ", ".join(graph.edits), graph.name)
    yield from _native(native, graph.name)


def _native(native: Native, name: str) -> Iterator[Problem]:
    if native == NOTHING:
        return
    if native.meta:
        yield Problem("a .pcs file holds no meta", "that of the space", name)
    for key in native.constants:
        yield Problem("a .pcs file holds no meta", shown(native.constants[key]), key)
    for key, kind in native.kinds.items():
        yield Problem("a .pcs file holds ConfigSpace's own classes", kind, key)


def _parameter(name: str, value: Any, problems: list[Problem], new: bool) -> list[str]:
    said = len(problems)
    if not is_name(name):
        rule = "a name in a .pcs file must be one word without brackets, quotes and any of , | # ="
        problems.append(Problem(rule, repr(name), name))
    value = unwrapped(value)
    match value:
        case Float() | Integer():
            text = _number(name, value, problems, new)
        case Categorical(choices=tuple()) | Ordinal():
            text = _choice(name, value, problems, new)
        case bool():
            text = _refused(problems, name, value)
        case int() | float() if type(value) is int or (type(value) is float and math.isfinite(value)):
            kind, number = isinstance(value, int), repr(value)
            text = _line(name, f"[{number}, {number}] [{number}]", integer=kind, log=False, new=new)
        case _:
            text = _refused(problems, name, value)
    return [text] if len(problems) == said else []


def _refused(problems: list[Problem], name: str, value: Any) -> str:
    rule = "a .pcs file holds numbers, choices among texts, and constant numbers"
    if isinstance(value, str):
        rule += f" (Categorical(({value!r},)) has this one value)"
    problems.append(Problem(rule, shown(value)[:100], name))
    return ""


def _number(name: str, number: Float | Integer, problems: list[Problem], new: bool) -> str:
    for key in ("prior", "step", "log_base"):
        if getattr(number, key) is not None:
            problems.append(Problem(f"a .pcs file holds no {key}", f"{key}={getattr(number, key)!r}", name))
    _refuse_meta(name, number, problems)
    lower, upper = number.lower, number.upper
    if not isinstance(lower, (int, float)) or not isinstance(upper, (int, float)):
        problems.append(Problem("the bounds in a .pcs file must be numbers", repr(number), name))
        return ""
    if lower == upper:
        problems.append(Problem("a range of one point in a .pcs file is a constant", repr(number), name))
        return ""
    default = own_default(number) if number.default is None else number.default
    text = f"[{lower!r}, {upper!r}] [{default!r}]"
    return _line(name, text, integer=isinstance(number, Integer), log=number.log, new=new)


def _line(name: str, text: str, *, integer: bool, log: bool, new: bool) -> str:
    if new:
        return f"{name} {'integer' if integer else 'real'} {text}{' log' if log else ''}"
    return f"{name} {text}{'i' if integer else ''}{'l' if log else ''}"


def _choice(name: str, choice: Categorical | Ordinal, problems: list[Problem], new: bool) -> str:
    ordered, choices = isinstance(choice, Ordinal), choice.choices
    assert isinstance(choices, tuple), "matched"
    if ordered and not new:
        problems.append(Problem("a classic .pcs file holds no ordinals", repr(choice)[:100], name))
    if isinstance(choice, Categorical) and choice.prior is not None:
        problems.append(Problem("a .pcs file holds no prior", f"prior={choice.prior!r}", name))
    if choice.among is not None:
        problems.append(Problem("a .pcs file holds no closed choices", f"among={choice.among}", name))
    _refuse_meta(name, choice, problems)
    strange = [c for c in choices if not isinstance(c, str) or not is_choice(c)]
    if strange or choices == ("",):
        rule = "a choice in a .pcs file must be a text without brackets, quotes and any of , | #"
        problems.append(Problem(rule, ", ".join(map(shown, strange[:5])) or "''", name))
        return ""
    kind = "ordinal " if ordered else "categorical " if new else ""
    return f"{name} {kind}{{{', '.join(choices)}}} [{choices[choice.default or 0]}]"


def _refuse_meta(name: str, parameter: Any, problems: list[Problem]) -> None:
    own = {k: v for k, v in (parameter.meta or {}).items() if k != MARK}
    if own or parameter.meta == {}:
        problems.append(Problem("a .pcs file holds no meta", shown(own)[:100], name))


def is_name(text: str) -> bool:
    """Whether a parameter can be called so."""
    return is_word(text) and not set(text) & _TAKEN


def is_word(text: str) -> bool:
    """Whether a text is one word that shows."""
    return bool(text) and text.isprintable() and not any(map(str.isspace, text))


def is_choice(text: str) -> bool:
    """Whether a choice comes back as it is: space within is kept, space around it is not."""
    return (not text or text.isprintable()) and text == text.strip() and not set(text) & _TAKEN_IN_CHOICES
