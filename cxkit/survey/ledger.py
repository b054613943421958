"""Where every row of a file went: into the header, out of the count for a stated reason, or to a respondent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cxkit.errors import counted

ROWS_NAMED = 5
ITEMS_NAMED = 8


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Rows that are no respondents, and why: `what` in the singular, `reason` for the sentence."""

    what: str
    rows: tuple[int, ...]
    reason: str = ""

    @property
    def text(self) -> str:
        """`2 previews left out (rows 4, 5: Status)`."""
        reason = f": {self.reason}" if self.reason else ""
        return f"{counted(len(self.rows), self.what)} left out ({named_rows(self.rows)}{reason})"


@dataclass(frozen=True, kw_only=True)
class RowLedger:
    """The rows of one file, each counted once.

    Attributes
    ----------
    source
        The file.
    rows
        How many rows it has, as a spreadsheet counts them.
    header
        Rows with column names, question texts or titles above them.
    empty
        Rows without a filled cell.
    left_out
        Rows that are no respondents, by reason.
    respondents
        How many rows count as respondents.
    has_last_line_end
        Whether a text file ends with the end of a line; one that was cut off does not.
    set_aside
        Items and how many of their cells hold a code or words for "no answer"; empty cells are not counted.
    """

    source: str
    rows: int
    header: tuple[int, ...]
    empty: int
    respondents: int
    left_out: tuple[LeftOut, ...] = ()
    has_last_line_end: bool = True
    set_aside: Mapping[str, int] = field(default_factory=dict)

    def without(self, *left_out: LeftOut) -> RowLedger:
        """The ledger after some of the respondents turned out to be none."""
        gone = sum(len(entry.rows) for entry in left_out)
        filled = tuple(entry for entry in left_out if entry.rows)
        return replace(self, respondents=self.respondents - gone, left_out=(*self.left_out, *filled))

    @property
    def accounted(self) -> int:
        """The sum of all entries; it equals `rows`."""
        return len(self.header) + self.empty + sum(len(entry.rows) for entry in self.left_out) + self.respondents

    @property
    def text(self) -> str:
        """The entries as one sentence."""
        parts = [counted(len(self.header), "header row")] if self.header else []
        if self.empty:
            parts.append(counted(self.empty, "empty row"))
        parts += [entry.text for entry in self.left_out]
        parts.append(counted(self.respondents, "respondent"))
        end = "" if self.has_last_line_end else " The last line has no line end: was the file cut off?"
        return f"{self.source} has {counted(self.rows, 'row')}: {', '.join(parts)}.{end}{self._aside}"

    @property
    def _aside(self) -> str:
        if not self.set_aside:
            return ""
        most = sorted(self.set_aside.items(), key=lambda entry: -entry[1])
        each = ", ".join(f"{item} {n:,}" for item, n in most[:ITEMS_NAMED])
        more = f" and {counted(len(most) - ITEMS_NAMED, 'more item')}" if len(most) > ITEMS_NAMED else ""
        cells = counted(sum(self.set_aside.values()), "cell")
        return f' Set aside for a code or words for "no answer": {cells} ({each}{more}).'


def named_rows(rows: Sequence[int]) -> str:
    """`row 4`, `rows 4, 5`; of many the first five."""
    shown = ", ".join(map(str, rows[:ROWS_NAMED])) + (", ..." if len(rows) > ROWS_NAMED else "")
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}"
