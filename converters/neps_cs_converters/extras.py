"""Packages that an extra of neps_cs installs: where one is missing, the ImportError names the extra."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def needing(package: str, extra: str, name: str) -> Iterator[None]:
    """Where `package` itself is not installed, the ModuleNotFoundError says that `name` needs it, and what
    installs it. Others pass."""
    try:
        yield
    except ModuleNotFoundError as e:
        if e.name is None or e.name.partition(".")[0] != package:
            raise
        text = f"{name} needs the package {package}; install it with: pip install 'neps_cs[{extra}]'"
        raise ModuleNotFoundError(text, name=e.name) from e


def needs(package: str, extra: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function that imports `package` when it is called, as `needing` has it."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with needing(package, extra, function.__name__):
                return function(*args, **kwargs)

        return called

    return decorated
