"""A reliability coefficient of each dimension, whatever it is called: its sentence, its picture, its table row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.results import figures
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, clear_of
from cxkit.results.thresholds import OMEGA_NUNNALLY
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing
from cxkit.validation.reliability.usable import Usable, usable_answers

ENOUGH, ENOUGH_WORDS = OMEGA_NUNNALLY.bands[1]
MARKERS = ((figures.ORANGE, "D"), (figures.GREEN, "s"), (figures.PURPLE, "^"))


@dataclass(frozen=True, eq=False, kw_only=True)
class DimensionReliability(Result):
    """A coefficient by dimension, with its interval and others beside it."""

    coefficient: ClassVar[str]
    """The column of the coefficient."""
    called: ClassVar[str]
    """What it is called in a sentence."""
    beside: ClassVar[Mapping[str, str]] = {}
    """Columns drawn beside it, with their names in the legend."""

    @property
    def text(self) -> str:
        """The range of the coefficient, and how many dimensions reach the usual cut-off."""
        values = self.frame[self.coefficient]
        lowest, highest = (self.frame.loc[i] for i in ties.ends(values))
        if len(self.frame) == 1:
            return f"{self.called} of {self._named(lowest)}."
        enough = int((values >= ENOUGH).sum())
        return (
            f"{self.called} runs from {self._named(lowest)} to {self._named(highest)}; {enough} of {len(values)} "
            f"dimensions reach {TWO_DIGITS(ENOUGH)} ({cite(OMEGA_NUNNALLY.source)})."
        )

    def _named(self, row: pd.Series) -> str:
        interval = ""
        if "ci_low" in row and np.isfinite(row["ci_low"]):
            interval = f", {self.level} interval {TWO_DIGITS(row['ci_low'])} to {TWO_DIGITS(row['ci_high'])}"
        return f"{row['title']} ({clear_of(row[self.coefficient], ENOUGH)}{interval})"

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis and the legend below, whatever the number of dimensions."""
        return 7.0, (2.0 if self.beside else 1.5) + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """Every dimension with its interval, and what is beside it."""
        each = []
        for _, row in self.frame.iterrows():
            others = [f"{name} {TWO_DIGITS(row[key])}" for key, name in self.beside.items() if np.isfinite(row[key])]
            each.append(", ".join([self._named(row), *others]))
        return f"{self.called} by dimension, with a line at {TWO_DIGITS(ENOUGH)}: {'; '.join(each)}."

    def draw(self, axes: Axes) -> None:
        """The coefficient with its interval, a row a dimension, and other coefficients as open marks."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        values = self.frame[self.coefficient].to_numpy()
        low, high = (self.frame[end].to_numpy() if end in self.frame else values for end in ("ci_low", "ci_high"))
        for (key, name), (colour, marker) in zip(self.beside.items(), MARKERS, strict=False):
            axes.plot(
                self.frame[key], heights, linestyle="none", marker=marker, markersize=8, mfc="none", mec=colour,
                mew=1.5, label=name,
            )  # fmt: skip
        figures.intervals(axes, heights, values, low, high, label=self.called)
        axes.axvline(ENOUGH, color=figures.GREY, linewidth=1, linestyle="--")
        drawn = self.frame[[self.coefficient, *self.beside]].to_numpy(dtype="float64")
        lowest = float(np.nanmin([np.nanmin(drawn), np.nanmin(np.append(low[np.isfinite(low)], 1.0))]))
        axes.set_xlim(min(0.0, lowest - 0.05), 1.0)
        interval = f", with {self.level} interval" if "ci_low" in self.frame else ""
        line = f"dashed line: {TWO_DIGITS(ENOUGH)}, {ENOUGH_WORDS} ({cite(OMEGA_NUNNALLY.source)})"
        axes.set_xlabel(f"{self.called}{interval}\n{line}")
        if self.beside:
            figures.legend_below(axes)


def answers_to_items(survey: Survey, dimension: Dimension, analysis: str, missing: Missing) -> Usable:
    """The answers to the items of a dimension that vary, at least three: of all who gave any, or of complete rows.

    Raises
    ------
    AnalysisError
        If there are fewer than five respondents or no more than items, or fewer than three items vary.
    """
    usable = usable_answers(survey, dimension, missing, items=3, analysis=analysis)
    answers = usable.answers.dropna(how="all")
    respondents, items = answers.shape
    if respondents <= items:
        gave = f"all of its {items} items" if missing == "complete" else f"any of its {items} items"
        raise AnalysisError(
            f"{analysis} of '{dimension.title}' takes more respondents than items: {respondents:,} answered {gave}."
        )
    return Usable(answers=answers, note=usable.note)


def contributors(survey: Survey, used: Iterable[Usable]) -> np.ndarray:
    """Which respondents stand behind at least one of the dimensions: a truth value a row of the survey."""
    counted = np.zeros(len(survey), dtype=bool)
    for usable in used:
        counted |= survey.answers.index.isin(usable.answers.index)
    return counted


def every_answer_note(used: Iterable[Usable], how: str) -> list[str]:
    """That incomplete respondents take part, and how; nothing where none does."""
    if not any(usable.answers.isna().to_numpy().any() for usable in used):
        return []
    return [f"Respondents with some answers take part with these ({how}); n counts them."]
