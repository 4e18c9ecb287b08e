"""What reading an old space gives: the space, and notes on what was not plain."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from neps_cs.space import PipelineSpace
from neps_cs.tables import plain_table, table_of


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
        return plain_table(self.table())

    def table(self) -> Table:
        """The notes as a rich Table, for a Console."""
        return table_of(("place", "found", "taken as"), ((n.place, n.found, n.taken) for n in self))


@dataclass(frozen=True, eq=False)
class Read:
    """A space that was read. `form` names the format, and its generation where that is known."""

    space: PipelineSpace
    form: str
    notes: Notes = Notes()  # noqa: RUF009 (it never changes)
