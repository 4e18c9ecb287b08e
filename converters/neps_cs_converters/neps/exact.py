"""The very keys of a space object of NePS: its bounds may be written in other ways than ours (1 for 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import neps
from neps.space.neps_spaces.neps_space import NepsCompatConverter, resolve
from neps.space.neps_spaces.sampling import OnlyPredefinedValuesSampler


class _ByPath(OnlyPredefinedValuesSampler):
    """Gives a value by the path alone, whatever the domain's text."""

    def __call__(self, *, domain_obj: Any, current_path: str) -> Any:
        return self._predefined_samplings[current_path.rpartition("::")[0]]


def exact_keys(
    space: neps.PipelineSpace, written: Mapping[str, Any], fidelities: Mapping[str, float]
) -> dict[str, Any]:
    """The same config under the keys that NePS itself makes when it resolves the space."""
    values = {k.removeprefix("SAMPLING__").rpartition("::")[0]: v for k, v in written.items()}
    _, context = resolve(space, domain_sampler=_ByPath(values), environment_values=fidelities)
    config = NepsCompatConverter.to_neps_config(context)
    return {k: v for k, v in config.items() if k.startswith("SAMPLING__")}
