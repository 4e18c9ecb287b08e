"""What reading an old space gives: the space, and notes on what was not plain."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neps_cs.space import PipelineSpace


@dataclass(frozen=True)
class Note:
    """Something that could be read in more ways than one, or that has no counterpart today.

    `place` is a parameter's name, with file, line and column where they are known; `found` what stands
    there; `taken` how it was read, and why.
    """

    place: str
    found: str
    taken: str


class Notes(tuple[Note, ...]):
    """Notes in the order of the source. `str` of it is a plain table."""

    __slots__ = ()

    def __str__(self) -> str:
        if not self:
            return "nothing to note"
        console = Console(file=io.StringIO(), width=110, color_system=None, legacy_windows=False)
        console.print(self.table())
        assert isinstance(console.file, io.StringIO)
        return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().splitlines())

    def table(self) -> Table:
        """The notes as a rich Table, for a Console."""
        table = Table("place", "found", "taken as", box=None, pad_edge=False)
        for note in self:
            table.add_row(
                *(Text(c if c.isprintable() else repr(c)[1:-1]) for c in (note.place, note.found, note.taken))
            )
        return table


@dataclass(frozen=True, eq=False)
class Read:
    """A space that was read. `form` names the format, and its generation where that is known."""

    space: PipelineSpace
    form: str
    notes: Notes = Notes()  # noqa: RUF009 (it never changes)
