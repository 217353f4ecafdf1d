"""Which fields an import changes in records that are stored: in how many, and where in the file; never a value."""

from dataclasses import dataclass, field, replace

from data.row_runs import RowRuns

__all__ = ["Changes", "FieldChange"]


@dataclass(frozen=True, kw_only=True)
class FieldChange(RowRuns):
    """One field that differs in `records` records; in `lost` of them something that was there is no more."""

    field: str
    records: int
    lost: int = 0


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What differs in the updated records, the most frequent first.

    `unread` records lose something since its new cell was set aside, `emptied` since the file does not say it any more.
    """

    fields: tuple[FieldChange, ...] = ()
    unread: int = 0
    emptied: int = 0
    unread_rows: RowRuns = field(default_factory=RowRuns)
    emptied_rows: RowRuns = field(default_factory=RowRuns)

    def to_keep(self) -> "Changes":
        """The same with no more runs of rows than are kept with an import."""
        return replace(
            self,
            fields=tuple(each.to_keep() for each in self.fields),
            unread_rows=self.unread_rows.to_keep(),
            emptied_rows=self.emptied_rows.to_keep(),
        )
