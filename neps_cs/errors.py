"""Every exception of neps_cs. All derive from `NepsCsError`; those for wrong values are ValueErrors too.

A message has one form: the rule, the values that broke it, the place.
`lower < upper must hold, got lower=1.0, upper=0.0 @ MySpace.lr`
"""

from __future__ import annotations

import difflib
import dis
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar


class NepsCsError(Exception):
    """The root of all exceptions that neps_cs raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One broken rule: what must hold, what was there instead, and where."""

    rule: str
    got: str
    place: str = ""

    def __str__(self) -> str:
        text = f"{self.rule}, got {self.got}" if self.got else self.rule
        return f"{text} @ {self.place}" if self.place else text


_SHOWN = 30


class _ProblemError(NepsCsError):
    """Carries problems; its text is their list, cut short where it would fill screens, and what helps
    against all of them, where there is something."""

    def __init__(self, problems: Problem | Iterable[Problem] | str, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = Problem(problems, "")
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        shown = [str(p) for p in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            shown.append(f"… and {len(self.problems) - _SHOWN} more, all in `problems` of this error")
        self.hint = hint
        super().__init__("\n".join([*shown, hint] if hint else shown))

    def __reduce__(self) -> tuple[type[_ProblemError], tuple[tuple[Problem, ...], str]]:
        return type(self), (self.problems, self.hint)


class SpaceError(_ProblemError, ValueError):
    """A parameter, structure or space breaks a rule of the space language."""


class ConfigError(_ProblemError, ValueError):
    """A config does not fit its space: wrong type, out of range, missing or left over."""


class ConversionError(_ProblemError, ValueError):
    """Something has no counterpart on the other side. Lists every problem, not the first."""


class FormatError(_ProblemError, ValueError):
    """A file or document is not what it should be."""


class RunError(_ProblemError, ValueError):
    """A run can't start: its arguments, or the signature of evaluate_pipeline."""


class TrustError(_ProblemError):
    """A file names code that the caller did not allow to load."""


class StoreError(_ProblemError):
    """A root directory or a file holds something else, is damaged, or can't be read or written."""


class MissingSidecarWarning(UserWarning):
    """A ConfigurationSpace that was made from a space is read as a flat one: its side-car is not here."""


class EvaluationError(_ProblemError):
    """evaluate_pipeline failed or returned what can't be used."""


_E = TypeVar("_E", bound=_ProblemError)


def placed(error: _E, place: str) -> _E:
    """The same error with `place` put before the places it already has."""
    problems = [Problem(p.rule, p.got, f"{place}.{p.place}" if p.place else place) for p in error.problems]
    return type(error)(problems, error.hint)


_LONG = 100  # nobody misspells longer names, and looking for them takes long


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: `; did you mean 'lr'?`, or nothing where no
    other known name is near. Upper and lower case count as the same."""
    names = {k.lower(): k for k in known if k != name}
    near = difflib.get_close_matches(name.lower(), names, 1) if len(name) <= _LONG else []
    return f"; did you mean {names[near[0]]!r}?" if near else ""


_UNEXPECTED = re.compile(r"unexpected keyword argument '(.+?)'")


def call_text(error: Exception, function: Callable[..., object]) -> str:
    """The text of the error of a call of `function`; where an argument was not known, with the known one
    that was meant."""
    text = str(error)
    found = _UNEXPECTED.search(text)
    return text if found is None else f"{text}{meant(found[1], inspect.signature(function).parameters)}"


_ASSIGNMENTS = {"STORE_NAME", "STORE_GLOBAL", "STORE_FAST", "STORE_DEREF"}


def assigned_name(kind: str) -> str:
    """The place of a value that is being made: `Space.lr`, `lr`, or `kind` where no name follows.

    A value refuses wrong arguments before it has a name, so the name is read from the
    statement that makes it: the first frame outside neps_cs, and the assignment that comes
    right after its call. Runs on the way to an error only.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("neps_cs."):
        frame = frame.f_back
    if frame is None:
        return kind
    code, body = frame.f_code, frame.f_code.co_name
    owner = f"{body}." if "__qualname__" in frame.f_locals and "__module__" in frame.f_locals else ""
    following = (i for i in dis.get_instructions(code) if i.offset > frame.f_lasti)
    step = next((i for i in following if i.opname != "CACHE"), None)
    name = step.argval if step is not None and step.opname in _ASSIGNMENTS else kind
    return f"{owner}{name}"


def refuse(rule: str, got: str, kind: str) -> SpaceError:
    """The error of a value of type `kind` that breaks `rule` while it is made."""
    return SpaceError(Problem(rule, got, assigned_name(kind)))
