"""The optimizers by name: each takes a space and gives an optimizer for it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from neps_cs.errors import Problem, RunError
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.random_search import RandomSearch
from neps_cs.space import PipelineSpace

OptimizerChoice: TypeAlias = "str | tuple[str, Mapping[str, Any]] | Callable[..., Optimizer]"


def random_search(space: PipelineSpace, *, seed: int = 0, use_priors: bool = False) -> Optimizer:
    """Independent draws at full fidelity: uniform, or by the priors with `use_priors`."""
    return RandomSearch(space, seed=seed, use_priors=use_priors)


BY_NAME: Mapping[str, Callable[..., Optimizer]] = {"random_search": random_search}


def make_optimizer(choice: OptimizerChoice, space: PipelineSpace, seed: int) -> tuple[Optimizer, str]:
    """The optimizer of a choice, and the reason for it as a text.

    A choice is "auto", a name, a tuple of a name and keyword arguments, or a callable that takes
    the space (and, where it has such a parameter, `seed`). Raises RunError for any other.
    """
    if choice == "auto":
        use_priors = any(getattr(r, "prior", None) is not None for r in space.graph.records)
        reason = "the space has priors" if use_priors else "the space has no priors"
        return random_search(space, seed=seed, use_priors=use_priors), f"auto: random_search, for {reason}"
    name, arguments = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, {})
    if isinstance(name, str):
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            rule = f"optimizer must be 'auto' or one of {', '.join(BY_NAME)}"
            raise RunError(Problem(rule, f"{name!r}{hint}", "optimizer"))
        name = BY_NAME[name]
    if not callable(name) or not isinstance(arguments, Mapping):
        rule = "optimizer must be a name, a tuple of name and arguments, or a callable"
        raise RunError(Problem(rule, repr(choice), "optimizer"))
    signature = inspect.signature(name)
    seeded = {"seed": seed} if "seed" in signature.parameters and "seed" not in arguments else {}
    try:
        signature.bind(space, **seeded, **arguments)
    except TypeError as e:
        rule = "the optimizer must take the arguments given"
        raise RunError(Problem(rule, str(e).removeprefix("got "), "optimizer")) from None
    return name(space, **seeded, **arguments), "asked for"
