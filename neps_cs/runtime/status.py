"""How a run stands: all its trials as a table, the counts and the best one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from neps_cs.runtime.load import described_space
from neps_cs.runtime.root import check_root, root_path
from neps_cs.runtime.store import Store
from neps_cs.runtime.views import best_so_far, short_rows, table, write_all


class Status(NamedTuple):
    """What `status` gives; it unpacks as NePS's pair.

    With pandas `full` is a DataFrame with the index `id`, and `short` a Series; without it a list of
    dicts, and a dict.
    """

    full: Any
    short: Any


def status(root_directory: str | Path, *, print_summary: bool = False) -> Status:
    """The trials of a run, read from its store.

    `full` has a row for each trial: `config.<address>`, `extra.<key>`, `objective_to_minimize`, `cost`,
    `err`, `state`, `evaluation_duration` (seconds), `evaluating_worker_id`, `time_sampled`,
    `time_started`, `time_end` (seconds since the epoch), and `previous_trial_id`. `short` holds
    `num_<state>` for each state that there is, `best_objective_to_minimize`, `best_config_id` and the
    best config. `print_summary` shows the latter on the terminal. Raises StoreError where there is no run.
    """
    root = root_path(root_directory)
    check_root(root)
    with Store.open(root) as store:
        trials = store.trials()
        name = described_space(store).graph.name if print_summary else ""
    head, rows = table(trials)
    short = dict(short_rows(trials, best_so_far(trials)))
    if print_summary:
        _print(name, root, short)
    if importlib.util.find_spec("pandas") is None:
        return Status([dict(zip(head, row, strict=True)) for row in rows], short)
    import pandas

    full = pandas.DataFrame(rows, columns=head).set_index("id")
    series = pandas.Series(short, name="value", dtype=object)
    series.index.name = "summary"
    return Status(full, series)


def _print(name: str, root: Path, short: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table("", "", title=f"{name} in {root}", show_header=False)
    for key, value in short.items():
        shown.add_row(str(key), str(value))
    Console().print(shown)


def rebuild(root_directory: str | Path) -> int:
    """Write every file of a run that people read again from its store; how many trials it has.

    Files of the user's in the folders of trials are left alone. Raises StoreError where there is no run,
    or a file can't be written.
    """
    root = root_path(root_directory)
    check_root(root)
    with Store.open(root) as store:
        return write_all(store)
