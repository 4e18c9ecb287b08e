"""Pictures of searches. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path


def save_trajectories(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: Path,
    title: str = "",
    *,
    spent: str,
    objective: str,
) -> None:
    """Save a picture of the best objective against what was spent.

    `curves` maps a name to (spent so far, objective) of each evaluation in order; `spent` and
    `objective` name the axes. The file's ending decides the format.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for (name, (x, y)), style in zip(curves.items(), ("-", "--", "-.", ":") * len(curves), strict=False):
        axes.step(x, list(accumulate(y, min)), style, where="post", label=name, linewidth=1.8)
    axes.set_title(title)
    axes.set_xlabel(spent)
    axes.set_ylabel(f"best {objective}")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
