"""What a translation can't say on the other side, as rows for machines and a table for people."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.table import Table
from rich.text import Text


class LossKind(str, Enum):
    """Why something has no counterpart."""

    PRIOR = "prior"
    STRUCTURE = "structure"
    VALUE = "value"
    NUMBER = "number"
    OBJECT = "object"
    FIDELITY = "fidelity"
    INTERMEDIATE = "intermediate"
    INACTIVE = "inactive"
    DEPTH = "depth"
    FORBIDDEN = "forbidden"
    UNTRANSLATED = "untranslated"


@dataclass(frozen=True)
class Loss:
    """What the other side can't say: where, why (a kind and a text), and what stands in its place."""

    address: str
    kind: LossKind
    reason: str
    instead: str


class Losses(tuple[Loss, ...]):
    """Rows in the order of the space. `str` of it is a plain table."""

    __slots__ = ()

    def __str__(self) -> str:
        if not self:
            return "no losses"
        console = Console(file=io.StringIO(), width=110, color_system=None, legacy_windows=False)
        console.print(self.table())
        assert isinstance(console.file, io.StringIO)
        return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().splitlines())

    def table(self) -> Table:
        """The rows as a rich Table, for a Console."""
        table = Table("address", "kind", "reason", "in its place", box=None, pad_edge=False)
        for loss in self:
            cells = (loss.address, loss.kind.value, loss.reason, loss.instead)
            # as Text: brackets in an address are no markup
            table.add_row(*(Text(c if c.isprintable() else repr(c)[1:-1]) for c in cells))
        return table
