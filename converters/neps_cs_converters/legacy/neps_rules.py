"""What reading one entry of an old NePS space needs everywhere: problems, notes, flags, priors."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from neps_cs.priors import ConfidenceLevel
from neps_cs.values import plain_key, unwrapped
from neps_cs_converters.legacy.neps_entries import short
from neps_cs_converters.legacy.neps_generations import Generation
from neps_cs_converters.legacy.neps_numbers import is_scientific, read_number

Path: TypeAlias = tuple[Any, ...]
Row: TypeAlias = tuple[Path, str, str]

_CONFIDENCES = ("low", "medium", "high")


def near(word: object, words: Collection[str]) -> str:
    """A hint at the word that was meant, or nothing."""
    found = difflib.get_close_matches(str(word)[:60].lower(), words, n=1) if isinstance(word, str) else []
    return f" (is it {found[0]}?)" if found else ""


def _level(given: Any) -> Any:
    return given.value if isinstance(given, ConfidenceLevel) else unwrapped(given)


@dataclass(frozen=True)
class GivenPrior:
    """A prior as it is written, under which key, and its confidence."""

    key: str
    value: Any
    confidence: str | None


@dataclass(frozen=True)
class Reading:
    """One entry by the rules of a generation.

    `problems` and `notes` hold rows: a path below the entry, and two texts (rule and got, found and taken).
    """

    rules: Generation
    problems: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)

    def refuse(self, path: Path, rule: str, got: str) -> None:
        """Add a problem."""
        self.problems.append((path, rule, got))

    def note(self, path: Path, found: str, taken: str) -> None:
        """Add a note."""
        self.notes.append((path, found, taken))

    def note_text(self, path: Path, value: object) -> None:
        """Note a text that looks like a number and stays one."""
        if not isinstance(value, str) or is_scientific(value, floats=self.rules.floats):
            return
        if read_number(value, floats=False):
            self.note(path, f"the text {short(value)}", "a text, as NePS took it, and not a number")

    def flag(self, details: Mapping[Any, Any], name: str) -> bool:
        """`log` or `is_fidelity`: False where it is not given."""
        value = unwrapped(details.get(name, False))
        if isinstance(value, bool):
            return value
        if not self.rules.truthy or not isinstance(value, (int, float, str, type(None))):
            self.refuse((name,), f"{name} must be true or false", short(value))
            return False
        taken = f"{str(bool(value)).lower()}: NePS took any value for true but 0, null and an empty text"
        self.note((name,), f"{name}: {short(value)}", taken)
        return bool(value)

    def prior(self, details: Mapping[Any, Any]) -> GivenPrior:
        """The prior; the first of the generation's keys wins."""
        key, prior, level, confidence = self.rules.priors[0][0], None, self.rules.priors[0][1], None
        for name, word in self.rules.priors:
            value, given = unwrapped(details.get(name)), _level(details.get(word))
            if value is not None and not isinstance(value, (bool, int, float, str)):
                self.refuse((name,), f"{name} must be a number, a text, true or false", short(value))
                continue
            if value is not None and prior is None:
                key, prior = name, value
            elif value is not None and plain_key(value) != plain_key(prior):
                self.note((), f"{key}: {short(prior)} and {name}: {short(value)}", f"the {key}")
            if given is not None and confidence is None:
                level, confidence = word, given
            elif given is not None and short(given) != short(confidence):
                self.note((), f"{level}: {short(confidence)} and {word}: {short(given)}", f"the {level}")
            for absent in (name, word):
                if absent in details and details[absent] is None and not self.rules.null:
                    self.refuse((absent,), f"{absent} must be given, or left out", "null")
        unread = prior is None and self.rules.null  # up to 0.12 a wrong one is wrong without a prior too
        known = confidence if confidence is None or unread else self._confidence((level,), confidence)
        if prior is None and known is not None:
            self.note((), f"the confidence {short(known)} without a prior", "no prior")
        return GivenPrior(key, prior, None if prior is None else known)

    def _confidence(self, path: Path, given: Any) -> str | None:
        if isinstance(given, str) and given in _CONFIDENCES:
            return given
        word = given.lower() if isinstance(given, str) and self.rules.null else given
        if isinstance(word, str) and word in _CONFIDENCES:
            taken = f"{word}; NePS read it, and failed when it sampled"
            self.note(path, f"the confidence {short(given)}", taken)
            return word
        rule = f"the confidence of a prior must be low, medium or high{near(given, _CONFIDENCES)}"
        self.refuse(path, rule, short(given))
        return None
