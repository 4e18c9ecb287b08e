"""Worlds: what can be read as a space, and the formats that a space can be written in. An open registry.

A package adds a world by an entry point of the group `neps_cs.worlds` that names a `World`:

    [project.entry-points."neps_cs.worlds"]
    hyper = "hyper_neps_cs:WORLD"
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any, TypeAlias, TypeVar

from neps_cs.errors import ConversionError, NepsCsError, Problem
from neps_cs.losses import Losses
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.reading import Note, Notes, Read

GROUP = "neps_cs.worlds"

_LOG = logging.getLogger("neps_cs")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Converted:
    """What a space became, and notes on what it does not say."""

    value: Any
    notes: Notes = Notes()  # noqa: RUF009 (it never changes)


Write: TypeAlias = Callable[[PipelineSpace, "int | None"], Converted]


@dataclass(frozen=True)
class Format:
    """A form that a space can be written in.

    `write` gets a space and the bound on recursion (None: none was given), and raises ConversionError for
    what the form can't say. `is_text` says whether it gives a text, which a file can hold. `nearest` writes
    what comes nearest instead, with a note on everything that it changes, and refuses what nothing comes
    near; None: `write` is all there is.
    """

    write: Write
    is_text: bool = True
    nearest: Write | None = None


@dataclass(frozen=True)
class World:
    """What one package brings: formats by name, and a reader.

    `accepts` says whether `read` is for a thing; it gets anything and must not raise. `read` gives the
    space, and raises an error of neps_cs for what is none.
    """

    name: str
    formats: Mapping[str, Format] = field(default_factory=dict)
    accepts: Callable[[Any], bool] | None = None
    read: Callable[[Any], Read] | None = None


def as_notes(losses: Losses) -> Notes:
    """Losses of a translation as notes."""
    return Notes(Note(loss.address, loss.reason, loss.instead) for loss in losses)


class Registry:
    """The worlds that come with neps_cs, and those of entry points, which are loaded when they are needed.
    A name that is taken stays taken: no package can change what another one's format means."""

    def __init__(self, own: tuple[World, ...]) -> None:
        self._own = own

    def format(self, name: object, *, texts: bool = False) -> Format:
        """The format of a name; with `texts` of one that gives a text. Raises ConversionError, with near
        matches, for a name that is none."""
        found: dict[str, Format] = {}
        for world in self._worlds():
            found = {**world.formats, **found}
            if isinstance(name, str) and name in found and (found[name].is_text or not texts):
                return found[name]
        names = self._ordered(found, texts=texts)
        by_lower = {n.lower(): n for n in names}
        near = [by_lower[n] for n in difflib.get_close_matches(str(name)[:60].lower(), by_lower, n=2)]
        hint = f" (is it {' or '.join(near)}?)" if near else ""
        rule = f"to must be {'a text, ' if texts else ''}one of {', '.join(names)}{hint}"
        raise ConversionError(Problem(rule, repr(name), "convert"))

    def formats(self, *, texts: bool = False) -> tuple[str, ...]:
        """The names of all formats; those that are text only, with `texts`."""
        found: dict[str, Format] = {}
        for world in self._worlds():
            found = {**world.formats, **found}
        return self._ordered(found, texts=texts)

    def _ordered(self, found: Mapping[str, Format], *, texts: bool) -> tuple[str, ...]:
        """Our own first."""
        own = [name for world in self._own for name in world.formats]
        ordered = [*own, *(name for name in found if name not in own)]
        return tuple(name for name in ordered if found[name].is_text or not texts)

    def reader(self, thing: Any) -> Callable[[Any], Read] | None:
        """The reader of the first world that accepts a thing."""
        for world in self._worlds():
            if world.accepts is not None and world.read is not None and world.accepts(thing):
                return world.read
        return None

    def _worlds(self) -> Iterator[World]:
        yield from self._own
        for point in metadata.entry_points(group=GROUP):
            try:
                world = point.load()
                if not isinstance(world, World):
                    raise TypeError(f"it must name a World, got {world!r}")
                guarded = _guarded(world)
            except (Exception, SystemExit) as e:  # whatever another package does when it is imported
                _LOG.warning("the entry point %s = %s can't be loaded: %s", point.name, point.value, e)
                continue
            yield guarded


def _guarded(world: World) -> World:
    """The world of another package: what it raises is told as an error of ours that names it."""

    def accepts(thing: Any) -> bool:
        assert world.accepts is not None
        try:
            return bool(world.accepts(thing))
        except Exception as e:
            _LOG.warning(
                "the world %s can't say whether it reads this: %s: %s", world.name, type(e).__name__, e
            )
            return False

    def read(thing: Any) -> Read:
        assert world.read is not None
        return _made(Read, f"the world {world.name} must read what it accepts", lambda: world.read(thing))  # type: ignore[misc]

    def writing(name: str, form: Format, wrapped: Write) -> Write:
        rule = f"the world {world.name} must write {name}"

        def write(space: PipelineSpace, max_depth: int | None) -> Converted:
            made = _made(Converted, rule, lambda: wrapped(space, max_depth))
            if form.is_text and not isinstance(made.value, str):
                raise ConversionError(Problem(f"{rule} as a text", type(made.value).__name__, "convert"))
            return made

        return write

    def guarded(name: str, form: Format) -> Format:
        near = form.nearest
        return replace(
            form,
            write=writing(name, form, form.write),
            nearest=None if near is None else writing(name, form, near),
        )

    return World(
        world.name,
        {str(n): guarded(n, form) for n, form in world.formats.items()},
        None if world.accepts is None else accepts,
        None if world.read is None else read,
    )


def _made(kind: type[_T], rule: str, make: Callable[[], Any]) -> _T:
    try:
        made = make()
    except NepsCsError:
        raise
    except Exception as e:
        raise ConversionError(Problem(rule, f"{type(e).__name__}: {e}", "convert")) from e
    if not isinstance(made, kind):
        raise ConversionError(Problem(f"{rule} and return a {kind.__name__}", type(made).__name__, "convert"))
    return made
