"""One search space, two faces: NePS Spaces and ConfigSpace.

`import neps_cs as neps` runs a NePS Spaces snippet. Names are loaded when they are first used, so
that the import stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neps_cs_converters.configspace import (
        Loss as Loss,
        Translation as Translation,
        from_configspace as from_configspace,
        to_configspace as to_configspace,
    )

    from neps_cs.conditions import (
        And as And,
        Equals as Equals,
        Greater as Greater,
        In as In,
        Less as Less,
        NotEquals as NotEquals,
        Or as Or,
    )
    from neps_cs.errors import (
        ConfigError as ConfigError,
        ConversionError as ConversionError,
        EvaluationError as EvaluationError,
        FormatError as FormatError,
        NepsCsError as NepsCsError,
        RunError as RunError,
        SpaceError as SpaceError,
        StoreError as StoreError,
        TrustError as TrustError,
    )
    from neps_cs.optimizers import algorithms as algorithms
    from neps_cs.parameters import (
        Categorical as Categorical,
        ConfidenceLevel as ConfidenceLevel,
        Fidelity as Fidelity,
        Float as Float,
        FloatFidelity as FloatFidelity,
        Integer as Integer,
        IntegerFidelity as IntegerFidelity,
        Ordinal as Ordinal,
    )
    from neps_cs.rendering import format as format  # noqa: A004
    from neps_cs.runtime.load import (
        load_config as load_config,
        load_optimizer_info as load_optimizer_info,
        load_pipeline_space as load_pipeline_space,
    )
    from neps_cs.runtime.run import run as run
    from neps_cs.sidecar import Sidecar as Sidecar
    from neps_cs.space import PipelineSpace as PipelineSpace, equal as equal, resolve as resolve
    from neps_cs.structure import (
        ByName as ByName,
        Operation as Operation,
        Repeated as Repeated,
        Resample as Resample,
    )

__version__ = "0.1.0"

_MODULES = {
    "neps_cs_converters.configspace": ("Loss", "Translation", "from_configspace", "to_configspace"),
    "neps_cs.conditions": ("And", "Equals", "Greater", "In", "Less", "NotEquals", "Or"),
    "neps_cs.errors": (
        "ConfigError", "ConversionError", "EvaluationError", "FormatError", "NepsCsError", "RunError",
        "SpaceError", "StoreError", "TrustError",
    ),
    "neps_cs.optimizers": ("algorithms",),
    "neps_cs.parameters": (
        "Categorical", "ConfidenceLevel", "Fidelity", "Float", "FloatFidelity", "Integer",
        "IntegerFidelity", "Ordinal",
    ),
    "neps_cs.rendering": ("format",),
    "neps_cs.runtime.load": ("load_config", "load_optimizer_info", "load_pipeline_space"),
    "neps_cs.runtime.run": ("run",),
    "neps_cs.sidecar": ("Sidecar",),
    "neps_cs.space": ("PipelineSpace", "equal", "resolve"),
    "neps_cs.structure": ("ByName", "Operation", "Repeated", "Resample"),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neps_cs' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
