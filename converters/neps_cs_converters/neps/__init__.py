"""The NePS package (`neural-pipeline-search` >= 0.16): spaces, configs, root directories and optimizers.

Names are loaded when they are first used: `read_root`, and configs of spaces of ours, need no NePS.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from neps_cs_converters.extras import needing

if TYPE_CHECKING:
    from neps_cs_converters.neps.configs import config_from_neps as config_from_neps
    from neps_cs_converters.neps.configs import config_to_neps as config_to_neps
    from neps_cs_converters.neps.folders import FoundTrial as FoundTrial
    from neps_cs_converters.neps.folders import Root as Root
    from neps_cs_converters.neps.folders import read_root as read_root
    from neps_cs_converters.neps.in_neps import as_neps_optimizer as as_neps_optimizer
    from neps_cs_converters.neps.optimizers import neps_optimizer as neps_optimizer
    from neps_cs_converters.neps.reading import from_neps as from_neps
    from neps_cs_converters.neps.writing import NearestSpace as NearestSpace
    from neps_cs_converters.neps.writing import to_neps as to_neps

_MODULES = {
    "configs": ("config_from_neps", "config_to_neps"),
    "folders": ("FoundTrial", "Root", "read_root"),
    "in_neps": ("as_neps_optimizer",),
    "optimizers": ("neps_optimizer",),
    "reading": ("from_neps",),
    "writing": ("NearestSpace", "to_neps"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needing("neps", "neps", name):
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
