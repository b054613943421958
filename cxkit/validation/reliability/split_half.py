"""How much does reliability depend on how a dimension is split into halves? All splits, and Guttman's bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.accounting import whose_n
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice, check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.lower_bounds import greatest_lower_bound, guttman_bounds
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, moments, select
from cxkit.validation.reliability.usable import Usable, rows_behind, usable_answers


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitHalf(Result):
    """The reliability of every split into halves, summed up by dimension; `splits` holds all values."""

    splits: Mapping[str, np.ndarray]

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Split-half reliability and lower bounds"
    cites: ClassVar[tuple[str, ...]] = ("guttman1945", "woodhouse1977")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n_splits", "lowest", "mean", "lambda4", "alpha", "lambda2", "lambda6", "glb",
    )  # fmt: skip

    @property
    def text(self) -> str:
        """The dimension whose splits differ most."""
        width = self.frame["lambda4"] - self.frame["lowest"]
        row = self.frame.loc[ties.largest(width)]
        if (self.frame["n_splits"] == 1).all():  # dimensions of two items
            each = ", ".join(f"{row['title']} {TWO_DIGITS(row['mean'])}" for _, row in self.frame.iterrows())
            return f"There is one way to halve each dimension; the halves agree with a reliability of {each}."
        which = f"Of {row['title']}, the" if len(self.frame) == 1 else f"Splits differ most in {row['title']}: its"
        return (
            f"{which} halves agree with a reliability between {TWO_DIGITS(row['lowest'])} and "
            f"{TWO_DIGITS(row['lambda4'])}, {TWO_DIGITS(row['mean'])} on average over {int(row['n_splits']):,} splits. "
            f"{self._lowest_bound()}"
        )

    def _lowest_bound(self) -> str:
        row = self.frame.loc[ties.smallest(self.frame["lambda2"])]
        if len(self.frame) == 1:
            return f"Lambda 2 is {TWO_DIGITS(row['lambda2'])}."
        return f"The lowest lambda 2 is that of {row['title']} ({TWO_DIGITS(row['lambda2'])})."

    @property
    def note(self) -> str:
        """What the columns are, and the usual line."""
        sampled = self.frame.loc[self.frame["sampled"], "title"].tolist()
        drawn = (
            [f"Splits of {', '.join(sampled)} are a random sample, seed {self.settings['seed']}."] if sampled else []
        )
        says = "λ4 is the best split; GLB, the greatest lower bound, is too high in small samples."
        return " ".join([says, *drawn, super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis and the legend below."""
        return 7.0, 2.0 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """Every dimension's range."""
        each = [
            f"{row['title']}: {TWO_DIGITS(row['lowest'])} to {TWO_DIGITS(row['lambda4'])}, mean "
            f"{TWO_DIGITS(row['mean'])}, alpha {TWO_DIGITS(row['alpha'])}"
            for _, row in self.frame.iterrows()
        ]
        return f"Reliability over all splits into halves. {'; '.join(each)}."

    def draw(self, axes: Axes) -> None:
        """A line from the worst to the best split, a thick one for the middle 95 %, the mean, and alpha."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        f = self.frame
        axes.hlines(heights, f["lowest"], f["lambda4"], color=figures.BLUE, linewidth=1.2, label="all splits")
        axes.hlines(
            heights, f["quantile_low"], f["quantile_high"], color=figures.BLUE, linewidth=6, alpha=0.45,
            label="middle 95 %",
        )  # fmt: skip
        axes.plot(f["mean"], heights, "o", color=figures.BLUE, label="mean")
        axes.plot(f["alpha"], heights, "D", mfc="none", mec=figures.ORANGE, mew=1.6, markersize=9, label="alpha")
        axes.set_xlim(min(0.0, float(f["lowest"].min()) - 0.05), 1.0)
        axes.set_xlabel("Reliability of the sum of both halves")
        figures.legend_below(axes)


def split_half(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "pairwise",
    standardized: bool = False,
    most_splits: int = 20_000,
    seed: int = 1,
) -> SplitHalf:
    """How much does reliability depend on which half of the items is compared with which?

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None. Formative ones and those with one item are left out.
    missing
        "pairwise" takes each covariance from the respondents who answered both items, "complete" uses only those who
        answered every item of the dimension.
    standardized
        Whether items count alike (their correlations) instead of as they are added up (their covariances).
    most_splits
        A dimension with more splits than this (18 items or more) is judged by a random sample of so many.
    seed
        Of that sample.

    Returns
    -------
    SplitHalf
        A row a dimension: dimension, title, items, n, n_splits, sampled, lowest, mean, median, quantile_low and
        quantile_high (2.5 % and 97.5 % of the splits), lambda4 (the best split), alpha (lambda 3), lambda1, lambda2,
        lambda5, lambda6, glb (greatest lower bound). All splits' values are in `splits`.

    Raises
    ------
    AnalysisError
        If no dimension is left, a dimension is unknown, or one has fewer than five respondents or answers that do not
        vary.

    Notes
    -----
    Agrees with R's `psych::splitHalf(r, covar = TRUE, check.keys = FALSE)` for an even number of items, and `covar =
    FALSE` with `standardized`; of an odd number, psych 2.2.9 looks at half of the splits and here all are counted. A
    split's reliability is that of Guttman and Flanagan, 4 * covariance of the halves / variance of the sum. Bounds
    agree with `psych::guttman(r)`.
    """
    check_options(most_splits=most_splits, standardized=standardized, seed=seed)
    check_choice("missing", missing, Missing)
    selection = select(survey, dimensions, items=2, analysis="a split into halves", weighted=True)
    found, left_out = of_each(selection.dimensions, lambda d: _row(survey, d, missing, standardized, most_splits, seed))
    frame = pd.DataFrame([one.row for one in found.values()])
    rows = rows_behind(survey, [one.usable for one in found.values()], missing)
    dropped = [one.usable.note for one in found.values() if one.usable.note]
    own_n = whose_n(frame) if missing == "complete" else []
    return SplitHalf(
        frame=frame,
        n=len(rows),
        n_dropped=survey.n - len(rows),
        n_effective=effective_among(survey, rows),
        settings={
            "dimensions": [d.key for d in selection.dimensions], "missing": missing, "standardized": standardized,
            "most_splits": most_splits, "seed": seed,
        },
        data=survey.stamp,
        splits={key: one.splits for key, one in found.items()},
        notes=(*selection.notes, *left_out, *dropped, *own_n),
    )  # fmt: skip


class _Found(NamedTuple):
    """One dimension: its row, all its splits, and the answers behind them."""

    row: dict[str, object]
    splits: np.ndarray
    usable: Usable


def _row(
    survey: Survey, dimension: Dimension, missing: Missing, standardized: bool, most_splits: int, seed: int
) -> _Found:
    usable = usable_answers(survey, dimension, missing, items=2, analysis="Split-half reliability")
    found = moments(usable.answers, missing, weights_at(survey, usable.answers.index))
    matrix = found.covariance
    if standardized:  # as psych: not each pair's own standard deviations
        spread = np.sqrt(np.diag(found.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            matrix = found.covariance / np.outer(spread, spread)
    if not (np.isfinite(matrix).all() and matrix.sum() > 0):
        raise AnalysisError(
            f"'{dimension.title}' cannot be split into halves: among {counted(found.n, 'respondent')} with usable "
            "answers their sum does not vary, or no two answered the same two items."
        )
    k = len(matrix)
    sides, sampled = halves(k, most_splits, seed)
    values = split_reliabilities(matrix, sides)
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
    bounds = guttman_bounds(matrix)
    row: dict[str, object] = {
        "dimension": dimension.key, "title": dimension.title, "items": k, "n": found.n, "n_splits": len(values),
        "sampled": sampled, "lowest": values.min(), "mean": values.mean(), "median": median, "quantile_low": low,
        "quantile_high": high, "lambda4": values.max(), "alpha": bounds.lambda3, "lambda1": bounds.lambda1,
        "lambda2": bounds.lambda2, "lambda5": bounds.lambda5, "lambda6": bounds.lambda6,
        "glb": greatest_lower_bound(matrix),
    }  # fmt: skip
    return _Found(row=row, splits=values, usable=usable)


def halves(items: int, most_splits: int, seed: int) -> tuple[np.ndarray, bool]:
    """Which items are in the first half: (splits, items) of +1 and -1; and whether these are a random sample.

    Of an odd number of items the first half is the smaller one; of an even number the first item is always in it, so
    that no split is counted twice.
    """
    size, even = items // 2, items % 2 == 0
    count = comb(items, size) // (2 if even else 1)
    if count > most_splits:
        order = np.random.default_rng(seed).permuted(np.tile(np.arange(items), (most_splits, 1)), axis=1)
        return np.where(order < size, 1.0, -1.0), True
    sides = np.full((count, items), -1.0)
    chosen = combinations(range(1, items), size - 1) if even else combinations(range(items), size)
    picks = np.array(list(chosen), dtype=int).reshape(count, -1)
    np.put_along_axis(sides, picks, 1.0, axis=1)
    if even:
        sides[:, 0] = 1.0
    return sides, False


def split_reliabilities(covariance: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Of each split: 1 - variance of the difference of the halves / variance of their sum."""
    difference = np.einsum("si,si->s", sides @ covariance, sides)
    return np.asarray(1 - difference / covariance.sum())
