"""One search space, two faces: NePS Spaces and ConfigSpace.

`import neps_cs as neps` runs a NePS Spaces snippet. Names are loaded when they are first used, so
that the import stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neps_cs.batch import Batch as Batch
    from neps_cs.batch import sample as sample
    from neps_cs.conditions import (
        And as And,
    )
    from neps_cs.conditions import (
        Equals as Equals,
    )
    from neps_cs.conditions import (
        Greater as Greater,
    )
    from neps_cs.conditions import (
        In as In,
    )
    from neps_cs.conditions import (
        Less as Less,
    )
    from neps_cs.conditions import (
        NotEquals as NotEquals,
    )
    from neps_cs.conditions import (
        Or as Or,
    )
    from neps_cs.counting import enumerate as enumerate  # noqa: A004
    from neps_cs.counting import size as size
    from neps_cs.errors import (
        ConfigError as ConfigError,
    )
    from neps_cs.errors import (
        ConversionError as ConversionError,
    )
    from neps_cs.errors import (
        EvaluationError as EvaluationError,
    )
    from neps_cs.errors import (
        FormatError as FormatError,
    )
    from neps_cs.errors import (
        MissingSidecarWarning as MissingSidecarWarning,
    )
    from neps_cs.errors import (
        NepsCsError as NepsCsError,
    )
    from neps_cs.errors import (
        RunError as RunError,
    )
    from neps_cs.errors import (
        SpaceError as SpaceError,
    )
    from neps_cs.errors import (
        StoreError as StoreError,
    )
    from neps_cs.errors import (
        TrustError as TrustError,
    )
    from neps_cs.fidelities import (
        Fidelity as Fidelity,
    )
    from neps_cs.fidelities import (
        FloatFidelity as FloatFidelity,
    )
    from neps_cs.fidelities import (
        IntegerFidelity as IntegerFidelity,
    )
    from neps_cs.forbidden import (
        GreaterEqual as GreaterEqual,
    )
    from neps_cs.forbidden import (
        LessEqual as LessEqual,
    )
    from neps_cs.forbidden import (
        Relation as Relation,
    )
    from neps_cs.losses import Loss as Loss
    from neps_cs.losses import Losses as Losses
    from neps_cs.losses import LossKind as LossKind
    from neps_cs.optimizers import algorithms as algorithms
    from neps_cs.parameters import (
        Categorical as Categorical,
    )
    from neps_cs.parameters import (
        Float as Float,
    )
    from neps_cs.parameters import (
        Integer as Integer,
    )
    from neps_cs.parameters import (
        Ordinal as Ordinal,
    )
    from neps_cs.priors import (
        Beta as Beta,
    )
    from neps_cs.priors import (
        ConfidenceLevel as ConfidenceLevel,
    )
    from neps_cs.priors import (
        Normal as Normal,
    )
    from neps_cs.priors import (
        Weights as Weights,
    )
    from neps_cs.rendering import format as format  # noqa: A004
    from neps_cs.runtime.asking import AskAndTell as AskAndTell
    from neps_cs.runtime.importing import (
        import_trials as import_trials,
    )
    from neps_cs.runtime.importing import (
        save_pipeline_results as save_pipeline_results,
    )
    from neps_cs.runtime.load import (
        create_config as create_config,
    )
    from neps_cs.runtime.load import (
        load_config as load_config,
    )
    from neps_cs.runtime.load import (
        load_optimizer_info as load_optimizer_info,
    )
    from neps_cs.runtime.load import (
        load_pipeline_space as load_pipeline_space,
    )
    from neps_cs.runtime.run import run as run
    from neps_cs.runtime.status import rebuild as rebuild
    from neps_cs.runtime.status import status as status
    from neps_cs.sidecar import Sidecar as Sidecar
    from neps_cs.space import PipelineSpace as PipelineSpace
    from neps_cs.space import equal as equal
    from neps_cs.space import resolve as resolve
    from neps_cs.storage import load_space as load_space
    from neps_cs.storage import save_space as save_space
    from neps_cs.structure import (
        ByName as ByName,
    )
    from neps_cs.structure import (
        Lazy as Lazy,
    )
    from neps_cs.structure import (
        Operation as Operation,
    )
    from neps_cs.structure import (
        Repeated as Repeated,
    )
    from neps_cs.structure import (
        Resample as Resample,
    )
    from neps_cs_converters.configspace import (
        Translation as Translation,
    )
    from neps_cs_converters.configspace import (
        from_configspace as from_configspace,
    )
    from neps_cs_converters.configspace import (
        to_configspace as to_configspace,
    )
    from neps_cs_converters.convert import convert as convert
    from neps_cs_converters.legacy import from_legacy as from_legacy

__version__ = "0.1.0"

_MODULES = {
    "neps_cs_converters.configspace": ("Translation", "from_configspace", "to_configspace"),
    "neps_cs_converters.convert": ("convert",),
    "neps_cs_converters.legacy": ("from_legacy",),
    "neps_cs.batch": ("Batch", "sample"),
    "neps_cs.conditions": ("And", "Equals", "Greater", "In", "Less", "NotEquals", "Or"),
    "neps_cs.counting": ("enumerate", "size"),
    "neps_cs.errors": (
        "ConfigError", "ConversionError", "EvaluationError", "FormatError", "MissingSidecarWarning",
        "NepsCsError", "RunError", "SpaceError", "StoreError", "TrustError",
    ),
    "neps_cs.fidelities": ("Fidelity", "FloatFidelity", "IntegerFidelity"),
    "neps_cs.forbidden": ("GreaterEqual", "LessEqual", "Relation"),
    "neps_cs.losses": ("Loss", "LossKind", "Losses"),
    "neps_cs.optimizers": ("algorithms",),
    "neps_cs.parameters": ("Categorical", "Float", "Integer", "Ordinal"),
    "neps_cs.priors": ("Beta", "ConfidenceLevel", "Normal", "Weights"),
    "neps_cs.rendering": ("format",),
    "neps_cs.runtime.asking": ("AskAndTell",),
    "neps_cs.runtime.importing": ("import_trials", "save_pipeline_results"),
    "neps_cs.runtime.load": ("create_config", "load_config", "load_optimizer_info", "load_pipeline_space"),
    "neps_cs.runtime.run": ("run",),
    "neps_cs.runtime.status": ("rebuild", "status"),
    "neps_cs.sidecar": ("Sidecar",),
    "neps_cs.space": ("PipelineSpace", "equal", "resolve"),
    "neps_cs.storage": ("load_space", "save_space"),
    "neps_cs.structure": ("ByName", "Lazy", "Operation", "Repeated", "Resample"),
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
