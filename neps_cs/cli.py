"""The command `neps-cs`."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import click
from rich.console import Console

import neps_cs
from neps_cs.errors import NepsCsError
from neps_cs.files import write_atomically
from neps_cs.rendering import tree
from neps_cs.runtime.root import Unloaded
from neps_cs.storage import load_lacks

_DEMO_NEEDS = {"torch": "torch", "smac": "smac", "sklearn": "smac", "matplotlib": "plot"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(neps_cs.__version__, prog_name="neps-cs")
def main() -> None:
    """One search space, two faces: NePS Spaces and ConfigSpace."""


@main.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("neps_cs_demo"),
    show_default=True,
    help="Where the runs and the picture are saved; runs of an earlier demo there are replaced.",
)
@click.option(
    "--evaluations",
    type=click.IntRange(2, 1000),
    default=30,
    show_default=True,
    help="Each search gets the epochs of so many full evaluations.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same figures."
)
def demo(directory: Path, evaluations: int, seed: int) -> None:
    """Search a torch architecture space three ways, on handwritten digits."""
    missing = [name for name in _DEMO_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        extras = ",".join(dict.fromkeys(_DEMO_NEEDS[name] for name in missing))
        raise click.ClickException(
            f"the demo needs {', '.join(missing)}: pip install -c constraints.txt '.[{extras}]'"
        )
    show = importlib.import_module("neps_cs.demo.show")
    try:
        show.demo(directory, evaluations, seed, Console())
    except NepsCsError as e:
        raise click.ClickException(str(e)) from e


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Show the space in a FILE: of neps_cs, of any ConfigSpace (.json, .yaml, .pcs) or NePS (.yaml).

    Nothing is imported that the file names."""
    legacy = importlib.import_module("neps_cs_converters.legacy")
    console = Console()
    try:
        found = legacy.read(file, operators=Unloaded())
        lacks = load_lacks(file) if file.suffix.lower() == ".json" else ()
    except NepsCsError as e:
        raise click.ClickException(str(e)) from e
    console.print(tree(found.space))
    if found.notes:
        Console(stderr=True).print("\nRead as:\n", found.notes.table())
    if lacks:
        console.print("\nWhat ConfigSpace's part of the file does not say:\n")
        console.print(lacks.table())


_ROOT = click.argument("root", type=click.Path(path_type=Path))


@main.command()
@_ROOT
def status(root: Path) -> None:
    """Show how the run in ROOT stands: the number of trials in each state, and the best one."""
    try:
        neps_cs.status(root, print_summary=True)
    except NepsCsError as e:
        raise click.ClickException(str(e)) from e


@main.command()
@_ROOT
def rebuild(root: Path) -> None:
    """Write the files of the run in ROOT again from its store. Your own files are left alone."""
    try:
        count = neps_cs.rebuild(root)
    except NepsCsError as e:
        raise click.ClickException(str(e)) from e
    click.echo(f"{count} trials written again in {root}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    required=True,
    metavar="FORM",
    help="json, yaml, python, neps-yaml, pcs, pcs-new, or what an installed package adds.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
@click.option("--overwrite", is_flag=True, help="Replace the file of --output.")
@click.option("--max-depth", type=click.IntRange(1), help="Bound on nested uses of a recursive definition.")
def convert(file: Path, target: str, output: Path | None, overwrite: bool, max_depth: int | None) -> None:
    """Convert the space in a FILE: of neps_cs, of any ConfigSpace (.json, .yaml, .pcs) or NePS (.yaml).

    Nothing is imported that the file names. What could be read in more ways than one, and what the new form
    does not say, goes to the standard error.
    """
    if output is not None and output.exists() and not overwrite:
        raise click.ClickException(f"--output must be a new file, unless --overwrite is given, got {output}")
    module = importlib.import_module("neps_cs_converters.convert")
    texts = module.formats(texts=True)
    try:
        if target in module.formats() and target not in texts:
            raise click.ClickException(f"--to must be a text: one of {', '.join(texts)}, got {target!r}")
        found, made = module.converted(file, target, max_depth=max_depth, operators=Unloaded())
        if output is not None:
            write_atomically(output, made.value, sync=True)
    except NepsCsError as e:
        raise click.ClickException(str(e)) from e
    except OSError as e:
        raise click.ClickException(f"{output} can't be written: {e.strerror or e}") from e
    if output is None:
        click.echo(made.value, nl=False)
    console = Console(stderr=True)
    for title, notes in (("Read as", found.notes), ("Not said", made.notes)):
        if notes:
            console.print(f"\n{title}:\n", notes.table())
