"""What the demo prints: the space twice, the searches with a bar, the best of each, a picture."""

from __future__ import annotations

from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from neps_cs.demo.digits import DigitsSpace
from neps_cs.demo.searches import Search, search_configspace, search_pipeline_space, search_smac
from neps_cs.plotting import save_trajectories
from neps_cs.rendering import tree
from neps_cs.runtime.progress import bar

PICTURE = "trajectories.png"


def demo(directory: Path, evaluations: int, seed: int, console: Console) -> list[Search]:
    """Run the demo and save its runs and its picture below `directory`."""
    from neps_cs_converters.configspace import to_configspace

    space = DigitsSpace()
    translation = to_configspace(space)
    console.rule("The space as a tree")
    console.print(tree(space))
    console.rule("The same space as a ConfigurationSpace")
    console.print(str(translation.configspace).strip(), markup=False, highlight=False, soft_wrap=True)
    console.rule(f"Three searches, {evaluations * DigitsSpace.epochs.upper} epochs each, seed {seed}")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one order of additions, so the same figures each time
    try:
        found = _searched(directory, evaluations, seed, console)
    finally:
        torch.set_num_threads(threads)
    _show(found, console)
    picture = directory / PICTURE
    curves = {s.name: (s.spent, [100 * e for e in s.errors]) for s in found}
    title = f"Networks for the digits of scikit-learn, seed {seed}"
    save_trajectories(curves, picture, title, spent="epochs spent", objective="validation error in %")
    console.print(f"\nTrajectories: {picture}\nRuns: {directory}", soft_wrap=True, highlight=False)
    return found


def _searched(directory: Path, evaluations: int, seed: int, console: Console) -> list[Search]:
    full = DigitsSpace.epochs.upper
    with bar(console) as shown:
        first = shown.add_task("PipelineSpace", total=evaluations)
        second = shown.add_task("ConfigurationSpace", total=evaluations)
        third = shown.add_task("SMAC (epochs)", total=evaluations * full)
        return [
            search_pipeline_space(
                directory / "pipeline_space", evaluations, seed, lambda: shown.advance(first)
            ),
            search_configspace(directory / "configspace", evaluations, seed, lambda: shown.advance(second)),
            search_smac(
                directory / "smac", evaluations * full, seed, lambda epochs: shown.advance(third, epochs)
            ),
        ]


def _show(found: list[Search], console: Console) -> None:
    table = Table(title="The best of each search")
    for column in ("search", "evaluations", "epochs", "validation error"):
        table.add_column(column, justify="left" if column == "search" else "right")
    for search in found:
        error = f"{100 * search.errors[search.best]:.2f} %"
        table.add_row(search.name, str(len(search.errors)), f"{search.spent[-1]:g}", error)
    console.print(table)
    for search in found:
        console.print(f"\n{search.name}, its best config:", highlight=False)
        for address, value in search.configs[search.best].items():
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            console.print(f"  {address}: {shown}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        "\nThe first two draw from the same distribution, one by attributes, one by hyperparameters, "
        "so they differ by luck alone. SMAC starts with few epochs and learns from what it sees.",
        highlight=False,
    )
