"""The generations of NePS that read flat spaces, and what each of them took for what.

Facts measured with neural-pipeline-search 0.11.1, 0.12.2, 0.13.0 and 0.17.0.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Generation:
    """The rules of one generation.

    | field | says |
    |---|---|
    | priors | the keys of a prior and of its confidence, the first one wins |
    | types | what may stand under `type`, in any case with `any_case` |
    | values | whether `{value: x}` is a constant |
    | bare | whether a number or a text alone is a constant |
    | rows | whether a tuple or a list is one: bounds or choices |
    | floats | whether scientific notation makes floats, `1e3` too |
    | number_text | whether other text may be a number: `"0.1"`, `1e+3` |
    | whole_floats | whether 1.0 may bound an integer |
    | truthy | whether `log` and `is_fidelity` may be anything, as Python's bool() reads it |
    | lax | whether single and equal choices, and priors outside their range pass |
    | strict_fidelity | whether a fidelity is >= 0, has no prior, and is the only one |
    | null | whether null stands for an absent prior, and a constant |
    | keeps_text | whether choices in scientific notation stay text |
    | extra | keys that choices and constants may have, and that mean nothing |
    """

    name: str
    priors: tuple[tuple[str, str], ...]
    types: Collection[str]
    any_case: bool
    values: bool
    bare: bool
    rows: bool
    floats: bool
    truthy: bool
    lax: bool
    strict_fidelity: bool
    null: bool
    number_text: bool = False
    whole_floats: bool = False
    keeps_text: bool = False
    extra: Collection[str] = ()


_OLD, _NEW = ("default", "default_confidence"), ("prior", "prior_confidence")
_CHOICES = ("cat", "categorical")
_CONSTANTS = ("const", "constant")

UP_TO_0_11 = Generation(
    "NePS up to 0.11", (_OLD,), ("int", "integer", "float", *_CHOICES, *_CONSTANTS),
    any_case=True, values=True, bare=False, rows=False, floats=True, truthy=True, lax=True,
    strict_fidelity=False, null=False, extra=("is_fidelity",),
)  # fmt: skip
OF_0_12 = Generation(
    "NePS 0.12", (_OLD,), ("int", "integer", "float", *_CHOICES),
    any_case=True, values=False, bare=True, rows=False, floats=True, truthy=False, lax=False,
    strict_fidelity=False, null=False,
)  # fmt: skip
SINCE_0_13 = Generation(
    "NePS 0.13 and later", (_NEW,), ("int", "integer", "float", "floating", *_CHOICES, *_CONSTANTS),
    any_case=False, values=True, bare=True, rows=True, floats=False, truthy=True, lax=False,
    strict_fidelity=True, null=True, whole_floats=True,
)  # fmt: skip
UNION = Generation(
    "no single version of NePS", (_NEW, _OLD), SINCE_0_13.types,
    any_case=True, values=True, bare=True, rows=True, floats=False, truthy=False, lax=False,
    strict_fidelity=False, null=True, number_text=True, whole_floats=True,
)  # fmt: skip
"""The words of all generations, for spaces that mix them; meanings are those of the newest."""

OBJECTS = replace(UNION, name="objects of NePS", lax=True, keeps_text=True, number_text=False)
"""For parameters that are objects: NePS has read them already."""

NEWEST_FIRST = (SINCE_0_13, OF_0_12, UP_TO_0_11)

_OLDER, _NEWER = (OF_0_12, UP_TO_0_11), (SINCE_0_13,)
NESTED = _OLDER
"""The space of a file whose arguments stand in groups: 0.12 read those."""

MARKS = {
    "search_space": (UP_TO_0_11,),
    "run_args": _OLDER,
    "run_pipeline": _OLDER,
    "loss_value_on_error": _OLDER,
    "searcher": _OLDER,
    "searcher_path": _OLDER,
    "searcher_kwargs": _OLDER,
    "pre_load_hooks": _OLDER,
    "development_stage_id": _OLDER,
    "task_id": _OLDER,
    "evaluate_pipeline": _NEWER,
    "objective_value_on_error": _NEWER,
    "objective_to_minimize_value_on_error": _NEWER,
    "optimizer": _NEWER,
    "sample_batch_size": _NEWER,
    "overwrite_root_directory": _NEWER,
    "evaluations_to_spend": _NEWER,
    "cost_to_spend": _NEWER,
    "fidelities_to_spend": _NEWER,
    "worker_id": _NEWER,
    "worker_evaluations_to_spend": _NEWER,
    "total_evaluations_to_spend": _NEWER,
    "worker_cost_to_spend": _NEWER,
    "total_cost_to_spend": _NEWER,
    "worker_fidelities_to_spend": _NEWER,
    "total_fidelities_to_spend": _NEWER,
}
"""Keys beside a space in a file → the generations whose `neps.run` had them as arguments."""
