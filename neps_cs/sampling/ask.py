"""The decide-function that asks a person at the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from neps_cs.errors import ConfigError, Problem
from neps_cs.resolving.fitting import number_of
from neps_cs.resolving.sites import ChoiceSite, DecisionSite, NumberSite
from neps_cs.resolving.walk import Decide
from neps_cs.sampling.modes import mode
from neps_cs.sampling.replay import Replay


@dataclass(frozen=True)
class _Question:
    """What a person is asked. `suggestion` is what an empty line stands for; `answer` gives the
    decision that a line stands for, or the rule that it breaks."""

    lines: tuple[str, ...]
    prompt: str
    suggestion: float | None
    answer: Callable[[str], float | Problem]


def ask(read: Callable[[str], str] = input, write: Callable[[str], object] = click.echo) -> Decide:
    """Asks for each decision: a number in its range, or the number of a choice in the list shown.

    `read` takes the prompt and gives a line, `write` shows one. The suggestion in brackets, the
    prior's mode or else the default, is taken by an empty line. An answer that does not fit is
    met with the rule, and asked for again. Where only one value is possible it is shown and taken.

    The end of the input raises ConfigError with the decision that was left open; a
    KeyboardInterrupt passes through. Where a forbidden clause rules the answers out, that is said, and all
    is asked for again.
    """
    asked: set[str] = set()

    def decide(site: DecisionSite, allowed: tuple[float, ...]) -> float:
        if site.address in asked:
            write("These answers together are forbidden; from the start:")
            asked.clear()
        asked.add(site.address)
        only = _only(site, allowed)
        if only is not None:
            shown = only if isinstance(site, NumberSite) else site.values[int(only)]
            write(f"{site.address}: {shown!r}, the only value possible")
            return only
        if isinstance(site, NumberSite):
            return _answered(_number_question(site, allowed), site.address)
        return _answered(_choice_question(site, allowed), site.address)

    def _answered(question: _Question, address: str) -> float:
        for line in question.lines:
            write(line)
        while True:
            try:
                text = read(question.prompt).strip()
            except EOFError:
                rule = "every decision must be answered"
                raise ConfigError(Problem(rule, "the end of the input", address)) from None
            if not text and question.suggestion is not None:
                return question.suggestion
            found = question.answer(text)
            if not isinstance(found, Problem):
                return found
            write(str(found))

    return decide


def _only(site: DecisionSite, allowed: tuple[float, ...]) -> float | None:
    if not isinstance(site, NumberSite):
        return int(allowed[0]) if len(allowed) == 1 else None
    scale = site.record.scale(*allowed)
    return number_of(scale, scale.lower) if scale.lower == scale.top else None


def _number_question(site: NumberSite, allowed: tuple[float, ...]) -> _Question:
    record = site.record
    scale = record.scale(*allowed)
    kind = "a whole number" if record.integer else "a number"
    step = "" if record.step is None else f" in steps of {record.step}"
    log = " on a log scale" if record.log else ""
    suggestion = mode(site, allowed)
    if suggestion is None:
        suggestion = number_of(scale, record.default)
    shown = "" if suggestion is None else f" [{suggestion}]"
    prompt = f"{site.address}, {kind} from {scale.lower} to {scale.top}{step}{log}{shown}: "

    def answer(text: str) -> float | Problem:
        replay = Replay({site.address: _parsed(text)})
        found = replay(site, allowed)
        return replay.problems[0] if replay.problems else found

    return _Question((), prompt, suggestion, answer)


def _parsed(text: str) -> float | str:
    """A number as a person writes it; any other text as it is, for the message."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _choice_question(site: ChoiceSite, allowed: tuple[float, ...]) -> _Question:
    """The open branches, numbered from 1."""
    indices = tuple(int(i) for i in allowed)
    suggestion = mode(site, allowed)
    if suggestion is None and site.record.default in indices:
        suggestion = site.record.default
    shown = "" if suggestion is None else f" [{indices.index(int(suggestion)) + 1}]"
    lines = (f"{site.address}:", *(f"  {n}  {site.values[i]!r}" for n, i in enumerate(indices, start=1)))

    def answer(text: str) -> float | Problem:
        number = _parsed(text)
        if isinstance(number, int) and 1 <= number <= len(indices):
            return indices[number - 1]
        rule = f"the number of a choice from 1 to {len(indices)} is needed"
        return Problem(rule, repr(text), site.address)

    return _Question(lines, f"{site.address}, from 1 to {len(indices)}{shown}: ", suggestion, answer)
