"""How many components leave the least behind? Velicer's minimum average partial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.options import check_choice
from cxkit.results.result import Result
from cxkit.results.rounding import fixed
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, handling, handling_note, select
from cxkit.validation.factors.associations import Correlation, item_correlations

THREE_DIGITS = fixed(3)
NO_VARIANCE = 1e-8


@dataclass(frozen=True, eq=False, kw_only=True)
class MinimumAveragePartial(Result):
    """Mean squared (and fourth-power) partial correlation after 0, 1, 2, ... components are taken out.

    `n_factors` is where the mean square is smallest (Velicer 1976), `n_factors_fourth` the mean fourth power (Velicer,
    Eaton & Fava 2000).
    """

    n_factors: int
    n_factors_fourth: int

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Minimum average partial: how many factors"
    cites: ClassVar[tuple[str, ...]] = ("velicer1976", "velicer2000")
    shown: ClassVar[tuple[str, ...]] = ("components", "squared", "fourth_power")

    @property
    def text(self) -> str:
        """Both numbers, with the smallest mean square."""
        least = self.frame["squared"].iloc[self.n_factors]
        return (
            f"The average squared partial correlation is smallest ({THREE_DIGITS(least)}) after "
            f"{counted(self.n_factors, 'component')}, the average fourth power after "
            f"{counted(self.n_factors_fourth, 'component')}."
        )

    @property
    def figure_size(self) -> tuple[float, float]:
        """The same for any number of items."""
        return 7.0, 3.8

    @property
    def alt(self) -> str:
        """The first averages."""
        first = "; ".join(
            f"{int(row['components'])}: {THREE_DIGITS(row['squared'])}" for _, row in self.frame.head(6).iterrows()
        )
        return f"Average squared partial correlation by number of components taken out. {first}. {self.text}"

    def draw(self, axes: Axes) -> None:
        """The averages by number of components; the smallest is marked."""
        number, squared = self.frame["components"].to_numpy(), self.frame["squared"].to_numpy()
        axes.plot(number, squared, "o-", color=figures.BLUE, mfc="white", linewidth=1.4)
        axes.plot(
            number[self.n_factors], squared[self.n_factors], "o", color=figures.BLUE, markersize=9,
            label=f"smallest: {self.n_factors}",
        )  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("Components taken out")
        axes.set_ylabel("Average squared partial correlation")
        figures.legend_below(axes)


def minimum_average_partial(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "fiml",
    correlation: Correlation = "pearson",
) -> MinimumAveragePartial:
    """How many components can be taken out before what is left is a matter of single items?

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "fiml" uses all answers (the covariances that maximum likelihood gives them, by EM), "pairwise" for each pair of
        items the respondents who answered both, "complete" only those who answered every item. Polychoric correlations
        are taken pair by pair under "fiml" too.
    correlation
        "pearson", or "polychoric" for ordered answers.

    Returns
    -------
    MinimumAveragePartial
        A row a number of components: components (from 0), squared, fourth_power (mean over all pairs of items); the
        numbers in `n_factors` and `n_factors_fourth`.

    Raises
    ------
    AnalysisError
        If an item is constant or follows from others, there are fewer than three items, or no more respondents than
        items.

    Notes
    -----
    Agrees with R's `psych::vss(r)$map`, which begins with one component.
    """
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)
    selection = select(survey, dimensions, items=1, analysis="the minimum average partial", weighted=True)
    found = item_correlations(survey, selection, missing, correlation, analysis="The minimum average partial")
    if len(found.items) < 3:
        raise AnalysisError(f"The minimum average partial needs three items; there are {len(found.items)}.")
    frame = average_partials(found.correlation)
    return MinimumAveragePartial(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={
            "dimensions": [d.key for d in selection.dimensions], "missing": handling(missing, correlation),
            "correlation": correlation,
        },
        data=survey.stamp,
        n_factors=int(ties.smallest(frame["squared"])),
        n_factors_fourth=int(ties.smallest(frame["fourth_power"])),
        notes=(*selection.notes, *handling_note(found, missing, correlation)),
    )  # fmt: skip


def average_partials(correlation: np.ndarray) -> pd.DataFrame:
    """Mean second and fourth powers of the correlations left by 0, 1, ... components, up to items - 2.

    It ends before a component without variance, or one that leaves nothing of an item.
    """
    values, vectors = np.linalg.eigh(correlation)
    k = len(correlation)
    left, rows = correlation.copy(), []
    off_diagonal = ~np.eye(k, dtype=bool)
    for m in range(k - 1):
        variance = np.diag(left)
        if variance.min() < NO_VARIANCE:
            break
        partial = (left / np.sqrt(np.outer(variance, variance)))[off_diagonal]
        rows.append((m, float(np.mean(partial**2)), float(np.mean(partial**4))))
        if values[-1 - m] <= 0:
            break
        left = left - values[-1 - m] * np.outer(vectors[:, -1 - m], vectors[:, -1 - m])
    return pd.DataFrame(rows, columns=["components", "squared", "fourth_power"])
