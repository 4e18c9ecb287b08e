"""Rows of text as a table, for a Console and as plain text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def table_of(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A rich Table. What a cell says is no markup, and no control character of a terminal."""
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(c if c.isprintable() else repr(c)[1:-1]) for c in row))
    return table


def plain_table(table: Table) -> str:
    """The table as text without colours, at most 110 characters wide."""
    console = Console(file=io.StringIO(), width=110, color_system=None, legacy_windows=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().splitlines())
