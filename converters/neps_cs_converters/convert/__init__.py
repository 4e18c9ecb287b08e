"""`convert`: anything that can be read as a space, into any form that a space can be written in."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neps_cs.errors import ConversionError, FormatError, NepsCsError, Problem
from neps_cs.space import PipelineSpace, check_max_depth
from neps_cs_converters import legacy
from neps_cs_converters.convert.formats import WORLDS
from neps_cs_converters.convert.registry import Converted, Format, Registry, World, Write
from neps_cs_converters.legacy.files import SUFFIXES
from neps_cs_converters.legacy.reading import Note, Notes, Read

__all__ = ["Converted", "Format", "Note", "Notes", "Read", "World", "convert", "converted", "formats", "read"]

NEAREST = "nearest=True writes what comes nearest, and notes what it changes"
"""What the refusal of something that has a nearest form ends with."""

_LOG = logging.getLogger("neps_cs")
_REGISTRY = Registry(WORLDS)
_NO_OPERATORS: Mapping[str, Any] = MappingProxyType({})


def convert(
    thing: Any,
    to: str,
    *,
    max_depth: int | None = None,
    nearest: bool = False,
    trust: Collection[str] | str = (),
    operators: Mapping[str, Any] = _NO_OPERATORS,
) -> Any:
    """A space in another form.

    Args:
        thing: a PipelineSpace, a ConfigurationSpace, a PipelineSpace of the NePS package, a mapping from
            names to Optuna's distributions, whatever `from_legacy` reads, the path of a file that
            `save_space` wrote, or what the package of an entry point reads.
        to: the form. Texts are "json" (what `save_space` writes), "yaml" (the same as YAML), "python" (a
            module that defines the space), "neps-yaml" (what NePS 0.13 to 0.16 read), "pcs" and "pcs-new".
            Objects are "space", "configspace", "neps" and "optuna".
        max_depth: bound >= 1 on nested uses of a recursive definition, for forms that need one.
        nearest: write what comes nearest where "pcs", "pcs-new", "neps-yaml", "neps" or a form of another
            package can't say something. Each change is a note. Structure in "neps-yaml", and other things
            that nothing comes near, are refused all the same.
        trust, operators: as in `load_space`, for files that name objects.

    What a form does not say, and what reading was not sure of, is logged by the logger "neps_cs" as a
    warning; `neps_cs_converters.convert.converted` returns it.

    Raises ConversionError for another `to`, for what another package does wrong, and for what the form
    can't say, naming all of it, and saying whether `nearest=True` writes it; FormatError, StoreError and
    TrustError for what can't be read.
    """
    found, made = converted(thing, to, max_depth=max_depth, nearest=nearest, trust=trust, operators=operators)
    for note in [*found.notes, *made.notes]:
        _LOG.warning("%s: found %s, taken as %s", note.place, note.found, note.taken)
    return made.value


def converted(
    thing: Any,
    to: str,
    *,
    max_depth: int | None = None,
    nearest: bool = False,
    trust: Collection[str] | str = (),
    operators: Mapping[str, Any] = _NO_OPERATORS,
    texts: bool = False,
) -> tuple[Read, Converted]:
    """What was read, and what it became, each with its notes. See `convert`; with `texts` a form that is no
    text is refused."""
    if max_depth is not None:
        check_max_depth(max_depth, "convert")
    if not isinstance(nearest, bool):
        raise ConversionError(Problem("nearest must be True or False", f"nearest={nearest!r}", "convert"))
    target = _REGISTRY.format(to, texts=texts)
    found = read(thing, trust, operators)
    if nearest and target.nearest is not None:
        return found, _written(target.nearest, found.space, max_depth)
    try:
        return found, _written(target.write, found.space, max_depth)
    except ConversionError as e:
        if not _has_nearest(target, found.space, max_depth):
            raise
        raise ConversionError(e.problems, hint=NEAREST) from e


def _written(write: Write, space: PipelineSpace, max_depth: int | None) -> Converted:
    try:
        return write(space, max_depth)
    except RecursionError as e:
        rule = "lists and dicts must nest less deep to be written in this form"
        raise ConversionError(Problem(rule, str(e), "convert")) from e


def _has_nearest(target: Format, space: PipelineSpace, max_depth: int | None) -> bool:
    if target.nearest is None:
        return False
    try:
        _written(target.nearest, space, max_depth)
    except NepsCsError:
        return False
    return True


def read(thing: Any, trust: Collection[str] | str = (), operators: Mapping[str, Any] = _NO_OPERATORS) -> Read:
    """Whatever can be read as a space. Raises FormatError, StoreError and TrustError as `convert` does."""
    if isinstance(thing, (str, Path)) and str(thing).lower().endswith(SUFFIXES):
        return legacy.read(thing, trust, operators)
    if isinstance(thing, type) and issubclass(thing, PipelineSpace):
        got = f"the class {thing.__name__}, not {thing.__name__}()"
        raise FormatError(Problem("a space must be made", got, "convert"))
    reader = _REGISTRY.reader(thing)
    return legacy.read(thing) if reader is None else reader(thing)


def formats(*, texts: bool = False) -> tuple[str, ...]:
    """The names of all forms; with `texts` of those that a file can hold."""
    return _REGISTRY.formats(texts=texts)
