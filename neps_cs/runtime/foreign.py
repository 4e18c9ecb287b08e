"""What `run` accepts as a space: a PipelineSpace, or an object of a package that has a bridge.

The core knows the bridges by name only, and loads one when such an object arrives.
"""

from __future__ import annotations

import importlib
from typing import Any

from neps_cs.errors import Problem, RunError
from neps_cs.space import PipelineSpace

# package of the object's class → the function that reads it
READERS = {
    "ConfigSpace": "neps_cs_converters.configspace:flat_space",
    "neps": "neps_cs_converters.neps:from_neps",
}


def as_space(given: Any) -> PipelineSpace:
    """The space that was meant. Raises RunError for what is none, and as the bridge's function does."""
    if isinstance(given, PipelineSpace):
        return given
    if isinstance(given, type) and issubclass(given, PipelineSpace):
        rule = "pipeline_space must be made"
        raise RunError(Problem(rule, f"the class {given.__name__}, not {given.__name__}()", "run"))
    for base in type(given).__mro__:
        path = READERS.get(base.__module__.partition(".")[0])
        if path is not None:
            module, _, name = path.partition(":")
            space = getattr(importlib.import_module(module), name)(given)
            assert isinstance(space, PipelineSpace)
            return space
    rule = "pipeline_space must be a PipelineSpace or a ConfigurationSpace"
    raise RunError(Problem(rule, f"{given!r} of type {type(given).__name__}", "run"))
