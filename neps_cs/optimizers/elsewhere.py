"""Optimizers that other packages bring: an open table of names, loaded when one is asked for.

Two sources, the first wins: `ELSEWHERE`, our own bridges, known by name only; and the entry points of the
group `neps_cs.optimizers`, by which any installed package adds its own:

    [project.entry-points."neps_cs.optimizers"]
    mine = "my_package.search:make"

`make(space, *, seed, ...)` gives an Optimizer.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from neps_cs.errors import Problem, RunError
from neps_cs.optimizers.base import Optimizer

GROUP = "neps_cs.optimizers"


class Place(NamedTuple):
    """Where an optimizer is made ("module:function"), and the extra of neps_cs that installs its package."""

    path: str
    extra: str


ELSEWHERE: Mapping[str, Place] = {
    "smac": Place("neps_cs_converters.smac:smac", "smac"),
    "optuna": Place("neps_cs_converters.optuna:optuna", "optuna"),
    "dehb": Place("neps_cs_converters.dehb:dehb", "dehb"),
}

# the package of a function that makes optimizers of another kind → what makes ours of it
ADAPTERS: Mapping[str, str] = {"neps": "neps_cs_converters.neps:neps_optimizer"}


def names() -> tuple[str, ...]:
    """The names that can be asked for, whether or not what they need is installed."""
    return tuple(dict.fromkeys((*ELSEWHERE, *(point.name for point in entry_points(group=GROUP)))))


def find(name: str) -> Callable[..., Optimizer] | None:
    """What makes the optimizer of a name; None for a name that nobody registered.

    Raises RunError where a package is missing, with the extra to install, and where an entry point names
    nothing that can be called.
    """
    place = ELSEWHERE.get(name)
    if place is not None:
        hint = f"; install it with: pip install 'neps_cs[{place.extra}]'"
        return _loaded(name, EntryPoint(name, place.path, GROUP), hint)
    point = next(iter(entry_points(group=GROUP, name=name)), None)
    return None if point is None else _loaded(name, point, "")


def adapted(maker: object, arguments: Mapping[str, object]) -> Callable[..., Optimizer] | None:
    """What makes our optimizer of one of another package, its arguments included; None where it is ours."""
    inner = maker
    while isinstance(inner, functools.partial):
        inner = inner.func
    path = ADAPTERS.get(str(getattr(inner, "__module__", "")).partition(".")[0])
    if path is None:
        return None
    module, _, name = path.partition(":")
    choice = (maker, arguments) if arguments else maker
    adapter: Callable[..., Optimizer] = getattr(importlib.import_module(module), name)(choice)
    return adapter


def _loaded(name: str, point: EntryPoint, hint: str) -> Callable[..., Optimizer]:
    module, _, _ = point.value.partition(":")
    rule = f"the optimizer {name!r} must be installed with all it needs"
    try:
        importlib.import_module(module.strip())
        made = point.load()
    except (ImportError, AttributeError) as e:
        raise RunError(Problem(rule, f"{type(e).__name__}: {e}{hint}", "optimizer")) from e
    if not callable(made):
        raise RunError(Problem(rule, f"{point.value}, which can't be called", "optimizer"))
    return made  # type: ignore[no-any-return]


def missing(name: str, error: ImportError) -> RunError:
    """The error of a bridge whose package is not there: it is imported when the optimizer is made."""
    extra = ELSEWHERE[name].extra
    rule = f"the optimizer {name!r} must be installed with all it needs"
    hint = f"install it with: pip install 'neps_cs[{extra}]'"
    return RunError(Problem(rule, f"{type(error).__name__}: {error}; {hint}", "optimizer"))
