"""What a translation can't say on the other side, as rows for machines and a table for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rich.table import Table

from neps_cs.tables import plain_table, table_of


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
        return plain_table(self.table())

    def table(self) -> Table:
        """The rows as a rich Table, for a Console."""
        titles = "address", "kind", "reason", "in its place"
        return table_of(titles, ((x.address, x.kind.value, x.reason, x.instead) for x in self))
