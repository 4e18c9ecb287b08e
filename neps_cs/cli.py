"""The command `neps-cs`."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

import neps_cs
from neps_cs.errors import ConversionError, NepsCsError
from neps_cs.files import write_atomically
from neps_cs.rendering import tree
from neps_cs.runtime.root import Unloaded
from neps_cs.storage import MAX_BYTES, load_lacks

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


class _Convert(click.Command):
    """With the forms that there are behind its help: packages may add some."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = importlib.import_module("neps_cs_converters.convert").formats(texts=True)
        with formatter.section("Forms"):
            formatter.write_text(", ".join(names))


@main.command(cls=_Convert)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, metavar="FORM", help="One of the forms below.")
@click.option(
    "--from",
    "kind",
    type=click.Choice(["json", "yaml", "pcs"], case_sensitive=False),
    help="What FILE is, where its ending does not say so.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
@click.option("--overwrite", is_flag=True, help="Replace the file of --output.")
@click.option("--max-depth", type=click.IntRange(1), help="Bound on nested uses of a recursive definition.")
@click.option("--nearest", is_flag=True, help="Where the form can't say something, write what comes nearest.")
def convert(
    file: Path,
    target: str,
    kind: str | None,
    output: Path | None,
    overwrite: bool,
    max_depth: int | None,
    nearest: bool,
) -> None:
    """Convert the space in a FILE: of neps_cs, of any ConfigSpace (.json, .yaml, .pcs) or NePS (.yaml).

    FILE is - for the standard input; then --from says what it is. Nothing is imported that the file names.
    What could be read in more ways than one, what the new form does not say, and what --nearest changes,
    goes to the standard error.
    """
    if output is not None and output.exists() and not overwrite:
        raise click.ClickException(f"--output must be a new file, unless --overwrite is given, got {output}")
    module = importlib.import_module("neps_cs_converters.convert")
    with _source(file, kind) as (path, told):
        try:
            found, made = module.converted(
                path, target, max_depth=max_depth, nearest=nearest, operators=Unloaded(), texts=True
            )
        except ConversionError as e:
            hint = e.hint.replace("nearest=True", "--nearest")
            raise click.ClickException(told(str(ConversionError(e.problems, hint)))) from e
        except NepsCsError as e:
            raise click.ClickException(told(str(e))) from e
        _write(made.value, output)
        console = Console(stderr=True)
        for title, notes in (("Read as", found.notes), ("Not said", made.notes)):
            if notes:
                named = module.Notes(replace(note, place=told(note.place)) for note in notes)
                console.print(f"\n{title}:\n", named.table())


@contextmanager
def _source(file: Path, kind: str | None) -> Iterator[tuple[Path, Callable[[str], str]]]:
    """A file whose ending says what it is, and what puts the name that was given in place of its own."""
    if kind is None:
        if str(file) == "-":
            raise click.ClickException("--from must say what the standard input is: json, yaml or pcs")
        yield file, str
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"space.{kind}"
        try:
            with click.open_file(str(file), "rb") as stream:
                path.write_bytes(stream.read(MAX_BYTES + 1))  # which is then refused as too much
        except (OSError, RuntimeError) as e:  # click finds no standard input where it is closed
            got = (isinstance(e, OSError) and e.strerror) or e
            raise click.ClickException(f"{file} can't be read: {got}") from e
        name = "standard input" if str(file) == "-" else str(file)
        yield path, lambda text: text.replace(str(path), name)


def _write(text: str, output: Path | None) -> None:
    """To a file, or to the standard output, in UTF-8; a terminal gets what it can show."""
    try:
        if output is not None:
            write_atomically(output, text, sync=True)
        elif sys.stdout.isatty():
            click.echo(text, nl=False)
        else:
            click.echo(text.encode("utf-8", "backslashreplace"), nl=False)
    except OSError as e:
        if e.errno == errno.EPIPE:  # who reads has enough, which click takes as the end
            raise
        raise click.ClickException(f"{output or 'the output'} can't be written: {e.strerror or e}") from e
