"""What every analysis returns: one frozen object that holds the numbers and can say, show and save them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from cxkit import mime
from cxkit.errors import AnalysisError
from cxkit.results import declared, files, tables
from cxkit.results.columns import find_column
from cxkit.results.references import cite
from cxkit.results.thresholds import Verdicts
from cxkit.survey.people import refuse_several_sheets
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import DataStamp
from cxkit.survey.wording import without_stop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cxkit.results.figures import Picture


@dataclass(frozen=True, eq=False, kw_only=True)
class Result(ABC):
    """The outcome of one analysis.

    Attributes
    ----------
    frame
        Tidy and unrounded: a row a dimension, item, factor or group; snake_case columns; scalar cells.
    n, n_dropped
        How many respondents contributed, and how many were left out, for missing answers or by a rule.
    by_rule
        How many of those left out a rule leaves out, by the reason; the others lack answers.
    n_effective
        How many respondents of equal weight the n are worth (Kish); None where no weights are used.
    settings
        The options that produced the result.
    data
        Name and hash of the answers.
    notes
        What a reader must know beside: what was left out and why, how intervals were made. They stand before the line
        below the table.
    """

    frame: pd.DataFrame
    n: int
    n_dropped: int = 0
    by_rule: Mapping[str, int] = field(default_factory=dict)
    n_effective: float | None = None
    settings: Mapping[str, object]
    data: DataStamp
    verdicts: Verdicts = field(default_factory=Verdicts)
    notes: tuple[str, ...] = ()

    title: ClassVar[str]
    """Heading of the table."""
    cites: ClassVar[tuple[str, ...]] = ()
    """Keys into references.toml: where the method comes from."""
    shown: ClassVar[tuple[str, ...]] = ()
    """The columns of the printed table, in order; all of them where empty. `low..high` prints an interval."""
    uses_weights: ClassVar[bool] = False
    """Whether the numbers honour the respondents' weights, where the survey has some."""
    why_unweighted: ClassVar[str] = ""
    """Why they do not, as it is printed below the table."""
    sheets_of_one_person: ClassVar[str] = ""
    """Why several answer sheets of one person do no harm; where empty, a survey with such sheets is refused."""
    repeats_to: ClassVar[float] = declared.ABSOLUTE
    """How far its numbers may move at all from one processor to another: further where an iteration stops early."""
    grouped: ClassVar[str] = ""
    """The column whose equal neighbours are printed under one heading, where the page allows it."""

    def __init_subclass__(cls, **options: object) -> None:
        """Keep `dataclass` from giving every analysis a `repr` that prints the frames, and what is hidden in them."""
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """Refuse what would promise more precision than there is: no analysis may forget it.

        That is a weighted n beside no effective n, and answer sheets of the same people that were taken for those of
        different ones.

        Raises
        ------
        AnalysisError
            If people handed in several answer sheets and the analysis takes each sheet for another person.
        """
        if self.data.people is not None and not self.sheets_of_one_person:
            refuse_several_sheets(self.data.name, self.data.people, self.title)
        if self.uses_weights and self.data.has_weights and self.n_effective is None:
            raise TypeError(f"{type(self).__name__} uses weights: it needs n_effective=, as effective_among gives it.")

    @property
    @abstractmethod
    def text(self) -> str:
        """One or two sentences fit for a report, with the numbers that matter."""

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of the sources: of the method, then of the cut-offs that were applied."""
        return tuple(dict.fromkeys([*self.cites, *self.verdicts.sources]))

    @property
    def origin(self) -> str:
        """Who contributed and which data: the first half of the note, and what a picture's caption says."""
        parts = [f"n = {self.n:,}{self._left_out}.", f"Data: {self.data}."]
        if self.data.synthetic:
            parts.insert(0, "Synthetic data.")
        if self.data.has_weights:
            parts.append(self._about_weights)
        if self.data.withholds:
            parts.append(f"Answers of fewer than {MINIMUM_CELL} to only some items of a dimension are left out.")
        if self.data.people is not None and self.data.people.note:
            parts.append(self.data.people.note)
        return " ".join(parts)

    @property
    def _left_out(self) -> str:
        """How many do not contribute and why; a group below the smallest cell is not told by its size."""
        lacking = self.n_dropped - sum(self.by_rule.values())
        parts = [f", {lacking:,} dropped for missing answers"] if lacking else []
        for reason, count in self.by_rule.items():
            number = f"fewer than {MINIMUM_CELL}" if count < MINIMUM_CELL else f"{count:,}"
            parts.append(f", {number} left out: {reason}")
        return ";".join(part.removeprefix(",") if place else part for place, part in enumerate(parts))

    @property
    def _about_weights(self) -> str:
        if self.uses_weights:
            return f"Weighted (effective n = {self.n_effective:,.1f})."
        reason = f": {self.why_unweighted}" if self.why_unweighted else ""
        return f"Weights are not used{reason}."

    @property
    def note(self) -> str:
        """The notes, then the usual line: what stands below the table."""
        return " ".join([*self.notes, self._usual_line])

    @property
    def _usual_line(self) -> str:
        """Who contributed, which data, which sources."""
        if not self.references:
            return self.origin
        return f"{self.origin} Sources: {'; '.join(cite(key) for key in self.references)}."

    @property
    def table(self) -> pd.DataFrame:
        """The printed table: the shown columns, rounded and labelled, every cell a text."""
        return tables.printed(self.frame, self.shown, level=self.level, headings=self.headings)

    @property
    def headings(self) -> Mapping[str, str]:
        """Headings of this table by column, where the usual one does not say enough: the variant of an index."""
        return {}

    @property
    def level(self) -> str:
        """The confidence of the intervals, as it is printed: "95 %"."""
        return f"{100 * float(str(self.settings.get('confidence', 0.95))):g} %"

    def __str__(self) -> str:
        return f"{self.title}\n{tables.as_text(self.table)}\n{self.note}"

    def __repr__(self) -> str:
        """What is printed, for a notebook's file holds this too."""
        return str(self)

    def _repr_html_(self) -> str:
        group = find_column(self.grouped).heading if self.grouped else ""
        return tables.as_html(self.table, title=self.title, note=self.note, group=group)

    @property
    def declared_frame(self) -> pd.DataFrame:
        """The unrounded numbers that a report stands by; never a row a respondent."""
        return self.frame

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """The unrounded numbers for the report's maker; IPython adds table and text."""
        if not declared.is_asked():
            return {}
        return {mime.DECLARED: declared.declared_table(self.title, self.declared_frame, self.repeats_to)}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on the axes given, or on new ones.

        Raises
        ------
        AnalysisError
            If there is no figure for this result.
        """
        from cxkit.results import figures

        self._check_figure()
        with figures.style():
            axes = figures.new_axes(self.figure_size) if ax is None else ax
            self._draw_whole(axes)
            if ax is None:
                figures.finish(axes, {})
        return axes

    def _draw_whole(self, axes: Axes) -> None:
        from cxkit.results import figures

        self.draw(axes)
        if self.data.synthetic:
            figures.mark_synthetic(axes)

    @property
    def _item_wording(self) -> dict[str, str]:
        """The wording of the items that the result has a row for."""
        if not {"item", "text"} <= set(self.frame):
            return {}
        bare = self.frame.assign(text=[without_stop(str(text)) for text in self.frame["text"]])
        rows = tables.reversed_in_words(bare)[["item", "text"]].astype(str).drop_duplicates("item")
        return {item: text for item, text in rows.itertuples(index=False) if text != item}

    def picture(self) -> Picture:
        """The figure with its caption and its description for those who cannot see it, ready for a report."""
        from cxkit.results import figures

        with figures.style():
            axes = figures.detached_axes(self.figure_size)
            self._draw_whole(axes)
            key = figures.finish(axes, self._item_wording)
            caption = f"{self.title}. {self.origin}"
            return figures.Picture(png=figures.png(axes), alt=self.alt, caption=caption, key=key)

    @property
    def figure_size(self) -> tuple[float, float]:
        """Width and height of the figure in inches; taller with more rows."""
        return 7.0, 1.4 + 0.34 * max(len(self.frame), 3)

    @property
    def alt(self) -> str:
        """In words, what the picture shows."""
        return self.text

    def draw(self, axes: Axes) -> None:
        """Draw on these axes; analyses with a figure override it."""
        self._check_figure()

    def _check_figure(self) -> None:
        """Refuse before an empty figure is opened, which a notebook would show."""
        if type(self).draw is Result.draw:
            raise AnalysisError(f"There is no figure of '{self.title}'; its table is in .frame.")

    def write(self, path: str | Path) -> Path:
        """Save the table; the ending decides: .csv (unrounded), .md, .html, .tex, .xlsx, .docx.

        The file is written beside its place and then moved there: a failure leaves an older file as it was.
        """
        return files.write(self._written, Path(path))

    @property
    def _written(self) -> files.Written:
        return files.Written(
            frame=self.frame, table=self.table, title=self.title, note=self.note, page=self._repr_html_
        )
