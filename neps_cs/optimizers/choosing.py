"""From what a user writes as `optimizer=` to an optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from neps_cs.errors import Problem, RunError, call_text, meant
from neps_cs.optimizers import elsewhere
from neps_cs.optimizers.base import Optimizer
from neps_cs.optimizers.draws import has_priors
from neps_cs.optimizers.makers import BY_NAME, complex_random_search, hyperband, priorband
from neps_cs.optimizers.rungs import read_rungs
from neps_cs.space import PipelineSpace

OptimizerChoice: TypeAlias = (
    "str | tuple[str | Callable[..., Optimizer], Mapping[str, Any]] | Mapping[str, Any]"
    " | Callable[..., Optimizer]"
)

_NEPS = "neps_"
_BRIDGE = "neps_cs_converters.neps.neps_optimizer"
_ELSEWHERE = (
    "bayesian_optimization", "cma_es", "ifbo", "moasha", "mo_hyperband", "neps_local_and_incumbent", "pibo",
    "primo",
)  # fmt: skip
_FORMS = (
    "optimizer must be a name, a tuple of name and arguments, a mapping with 'name' and arguments, or a "
    "callable that takes the space"
)


def make_optimizer(choice: OptimizerChoice, space: PipelineSpace, seed: int) -> tuple[Optimizer, str]:
    """The optimizer of a choice, and the reason for it as a text.

    A choice is "auto", a name, a tuple of a name or callable and keyword arguments, a mapping with
    "name" and keyword arguments, or a callable that takes the space and, where it has such a parameter,
    `seed`. Raises RunError for any other, and for arguments that the optimizer does not take.
    """
    if isinstance(choice, str) and choice == "auto":
        return _automatic(space, seed)
    maker, arguments = _parts(choice)
    if "seed" in arguments:
        rule = "the seed of an optimizer is that of the run: run(…, seed=…)"
        raise RunError(Problem(rule, f"seed={arguments['seed']!r} among the arguments", "optimizer"))
    try:
        signature = inspect.signature(maker)
        given = {**arguments, "seed": seed} if "seed" in signature.parameters else dict(arguments)
        signature.bind(space, **given)
    except TypeError as e:
        rule = "the optimizer must take the arguments given"
        raise RunError(Problem(rule, call_text(e, maker).removeprefix("got "), "optimizer")) from None
    made = maker(space, **given)
    if not isinstance(made, Optimizer):
        rule = "what makes the optimizer must give one: an object with name, info, space, observe and ask"
        raise RunError(Problem(rule, f"{made!r} of type {type(made).__name__}", "optimizer"))
    return made, "asked for"


def _parts(choice: object) -> tuple[Callable[..., Optimizer], Mapping[str, Any]]:
    """Who makes the optimizer, and with which arguments."""
    name: Any = choice
    arguments: Any = {}
    if isinstance(choice, Mapping):
        if "name" not in choice:
            raise RunError(Problem(_FORMS, f"a mapping without 'name': {dict(choice)!r}", "optimizer"))
        name, arguments = choice["name"], {k: v for k, v in choice.items() if k != "name"}
    elif isinstance(choice, (tuple, list)) and len(choice) == 2:
        name, arguments = choice
    maker = _named(name) if isinstance(name, str) else name
    theirs = elsewhere.adapted(maker, arguments) if isinstance(arguments, Mapping) else None
    if theirs is not None:
        return theirs, {}
    if not callable(maker) or not isinstance(arguments, Mapping):
        raise RunError(Problem(_FORMS, repr(choice), "optimizer"))
    if not all(isinstance(k, str) for k in arguments):
        raise RunError(Problem("the names of arguments must be texts", repr(dict(arguments)), "optimizer"))
    return maker, arguments


def _named(name: str) -> Callable[..., Optimizer]:
    found = BY_NAME.get(name) or BY_NAME.get(name.removeprefix(_NEPS)) or elsewhere.find(name)
    if found is not None:
        return found
    names = (*BY_NAME, *elsewhere.names())
    rule = f"optimizer must be 'auto' or one of {', '.join(names)}"
    if name in _ELSEWHERE:
        raise RunError(Problem(rule, f"{name!r}, which NePS has: {_BRIDGE}({name!r})", "optimizer"))
    raise RunError(Problem(rule, f"{name!r}{meant(name, names)}", "optimizer"))


def _automatic(space: PipelineSpace, seed: int) -> tuple[Optimizer, str]:
    """As NePS chooses for a PipelineSpace; a fidelity must leave room for at least two rungs."""
    priors = "with priors" if has_priors(space) else "without priors"
    try:
        n_rungs = len(read_rungs(space, 3, "auto").values)
    except RunError as e:
        n_rungs = 1 if space.resolver.fidelities else 0
        why = "no fidelity" if n_rungs == 0 else f"no fidelity for brackets ({e.problems[0].got})"
    else:
        why = "a fidelity" if n_rungs > 1 else "a fidelity too narrow for brackets (upper < 3 lower)"
    reason = f"{why}, {priors}"
    if n_rungs < 2:
        return complex_random_search(space, seed=seed), f"auto: complex_random_search, for {reason}"
    if has_priors(space):
        return priorband(space, seed=seed), f"auto: priorband, for {reason}"
    return hyperband(space, seed=seed), f"auto: hyperband, for {reason}"
