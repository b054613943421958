"""Do raters agree on whom or what they rate? Shrout and Fleiss' six intraclass correlations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit.errors import AnalysisError, OptionError, nearest
from cxkit.results import figures
from cxkit.results.options import check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import RETEST_KOO, judge_intervals
from cxkit.statistics.intraclass import MeanSquares, from_f, mean_squares, random_raters, stepped_up
from cxkit.survey.survey import SHORT_HASH, DataStamp

MEANINGS = {
    "ICC(1,1)": "one rating; every object has other raters",
    "ICC(2,1)": "one rating; agreement of raters drawn from many",
    "ICC(3,1)": "one rating; consistency of just these raters",
    "ICC(1,k)": "mean of all; every object has other raters",
    "ICC(2,k)": "mean of all; agreement of raters drawn from many",
    "ICC(3,k)": "mean of all; consistency of just these raters",
}


LONG_COLUMNS = 3
"""Of a long table: what was rated, by whom, and how."""


def intraclass_table(found: MeanSquares, confidence: float) -> pd.DataFrame:
    """The six coefficients: type, meaning, icc, ci_low, ci_high, f_value, df1, df2, p_value.

    Intervals are NaN where ratings of an object never differ.
    """
    n, k = found.n, found.k
    tail = (1 - confidence) / 2
    one_way, two_way = (n - 1, n * (k - 1)), (n - 1, (n - 1) * (k - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        f1, f3 = np.float64(found.objects) / found.within, np.float64(found.objects) / found.rest
    single1, single3 = from_f(f1, k, one_way, tail), from_f(f3, k, two_way, tail)
    single2 = random_raters(found, tail)
    singles = [(single1, f1, one_way), (single2, f3, two_way), (single3, f3, two_way)]
    means = [(tuple(stepped_up(v, k) for v in values), f, df) for values, f, df in singles]
    rows = [(*values, f, *df) for values, f, df in [*singles, *means]]
    frame = pd.DataFrame(rows, columns=["icc", "ci_low", "ci_high", "f_value", "df1", "df2"])
    frame.insert(0, "type", list(MEANINGS))
    frame.insert(1, "meaning", list(MEANINGS.values()))
    return frame.assign(p_value=stats.f.sf(frame["f_value"], frame["df1"], frame["df2"]))


@dataclass(frozen=True, eq=False, kw_only=True)
class RaterReliability(Result):
    """Six intraclass correlations: single ratings and means, of other raters, of a sample of raters, of just these."""

    n_raters: int

    title: ClassVar[str] = "Reliability of raters: intraclass correlations"
    cites: ClassVar[tuple[str, ...]] = ("shrout1979",)
    shown: ClassVar[tuple[str, ...]] = ("type", "meaning", "icc", "ci_low..ci_high")

    @property
    def text(self) -> str:
        """Agreement of one rating and of the mean of all."""
        one, mean = (self.frame.set_index("type").loc[key] for key in ("ICC(2,1)", "ICC(2,k)"))
        level = RETEST_KOO.of_interval(one["icc"], one["ci_low"], one["ci_high"])
        return (
            f"{self.n:,} objects were rated by {self.n_raters} raters each. One rating has a reliability of "
            f"{TWO_DIGITS(one['icc'])}{self._interval(one)} (ICC(2,1): {level}, "
            f"{cite(RETEST_KOO.source)}), the mean of all {self.n_raters} of {TWO_DIGITS(mean['icc'])}"
            f"{self._interval(mean)}."
        )

    def _interval(self, row: pd.Series) -> str:
        if not np.isfinite(row["ci_low"]):
            return ""
        return f", {self.level} interval {TWO_DIGITS(row['ci_low'])} to {TWO_DIGITS(row['ci_high'])}"

    @property
    def alt(self) -> str:
        """Every coefficient with its interval."""
        each = "; ".join(
            f"{row['type']} {TWO_DIGITS(row['icc'])}{self._interval(row)}" for _, row in self.frame.iterrows()
        )
        return f"Six intraclass correlations with intervals. {each}."

    def draw(self, axes: Axes) -> None:
        """Coefficients and intervals, a row each."""
        labels = [f"{row['type']}: {row['meaning']}" for _, row in self.frame.iterrows()]
        heights = figures.rows(axes, labels)
        icc, low, high = (self.frame[name].to_numpy() for name in ("icc", "ci_low", "ci_high"))
        figures.intervals(axes, heights, icc, low, high)
        axes.axvline(0, color=figures.GREY, linewidth=0.8)
        axes.set_xlim(min(-0.05, max(-1.0, float(np.nanmin([icc, low])) - 0.05)), 1.0)
        axes.set_xlabel(f"Intraclass correlation, with {self.level} interval")

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for labels of two lines."""
        return 7.0, 4.2


def rater_reliability(
    ratings: pd.DataFrame | np.ndarray,
    *,
    targets: str | None = None,
    raters: str | None = None,
    scores: str | None = None,
    confidence: float = 0.95,
    name: str = "ratings",
) -> RaterReliability:
    """Do raters agree on whom or what they rate?

    Objects without a rating from every rater are left out.

    Parameters
    ----------
    ratings
        A row an object, a column a rater; or, with the next three options, a row a rating.
    targets, raters, scores
        Of a long table: the columns that say what was rated, by whom, and how. A table that looks long is refused
        without them: its columns would count as raters.
    confidence
        Probability of the intervals.
    name
        What the ratings are called in notes.

    Returns
    -------
    RaterReliability
        A row a coefficient: type, meaning, icc, ci_low, ci_high, f_value, df1, df2, p_value. With raters drawn from
        many, ICC(2,1) is the one to report; with a mean of the same raters used later on, ICC(2,k).

    Raises
    ------
    AnalysisError
        If there are fewer than two raters or three objects with all ratings, ratings are no numbers, or all are alike.

    Notes
    -----
    Agrees with R's `psych::ICC(x, lmer = FALSE)` (Shrout & Fleiss 1979).
    """
    check_options(confidence=confidence)
    if (targets, raters, scores) != (None, None, None):
        ratings = wide_ratings(ratings, targets=targets, raters=raters, scores=scores)
    else:
        _refuse_long(ratings)
    values = _numbers(ratings)
    complete = values[~np.isnan(values).any(axis=1)]
    if values.shape[1] < 2 or len(complete) < 3:
        raise AnalysisError(
            f"Rater reliability needs two raters and three objects that all of them rated; there are {values.shape[1]} "
            f"and {len(complete):,}."
        )
    found = mean_squares(complete)
    if not found.objects > 0:
        raise AnalysisError(f"All {len(complete):,} objects have the same mean rating: there is nothing to agree on.")
    frame = intraclass_table(found, confidence)
    digest = hashlib.sha256(np.ascontiguousarray(complete + 0.0).tobytes()).hexdigest()[:SHORT_HASH]
    return RaterReliability(
        frame=frame,
        n=len(complete),
        n_dropped=len(values) - len(complete),
        settings={"confidence": confidence},
        data=DataStamp(name=name, hash=digest),
        verdicts=judge_intervals(RETEST_KOO, frame["type"], frame["icc"], frame["ci_low"], frame["ci_high"]),
        n_raters=values.shape[1],
    )


def wide_ratings(
    ratings: pd.DataFrame | np.ndarray, *, targets: str | None, raters: str | None, scores: str | None
) -> pd.DataFrame:
    """A long table as a wide one: a row an object, a column a rater.

    Raises
    ------
    OptionError
        If one of the three columns is not named, or does not occur.
    AnalysisError
        If a rater rated the same object twice.
    """
    if not isinstance(ratings, pd.DataFrame):
        raise OptionError("targets=, raters= and scores= name columns; give the ratings as a DataFrame.")
    columns = [str(column) for column in ratings.columns]
    for option, column in (("targets", targets), ("raters", raters), ("scores", scores)):
        if column not in columns:
            raise OptionError(f"{option}={column!r} is no column of the ratings.{nearest(str(column), columns)}")
    twice = ratings.duplicated([targets, raters])
    if twice.any():
        first = ratings.loc[twice].iloc[0]
        raise AnalysisError(
            f"{int(twice.sum()):,} rows repeat a rating, the first of '{first[targets]}' by '{first[raters]}'. "
            "Every rater may rate an object once."
        )
    return ratings.pivot(index=targets, columns=raters, values=scores)


def _refuse_long(ratings: pd.DataFrame | np.ndarray) -> None:
    """Refuse a table of three columns in which every value of one meets every value of another exactly once."""
    if not isinstance(ratings, pd.DataFrame) or ratings.shape[1] != LONG_COLUMNS:
        return
    for first, second in combinations(ratings.columns, 2):
        sizes = [ratings[column].nunique() for column in (first, second)]
        crossed = len(ratings) == sizes[0] * sizes[1] and not ratings.duplicated([first, second]).any()
        if crossed and min(sizes) > 1:
            third = next(column for column in ratings.columns if column not in (first, second))
            raise OptionError(
                f"The ratings look like a long table: every '{first}' occurs once with every '{second}'. Say which "
                f"column is what, such as targets='{first}', raters='{second}', scores='{third}'; or, if the columns "
                "are three raters, give ratings.to_numpy()."
            )


def _numbers(ratings: pd.DataFrame | np.ndarray) -> np.ndarray:
    try:
        values = np.asarray(ratings, dtype="float64")
    except (TypeError, ValueError) as error:
        raise AnalysisError(
            "Ratings must be numbers: a row an object, a column a rater. Of a long table (a row a rating) say "
            "targets='<column>', raters='<column>', scores='<column>'."
        ) from error
    if values.ndim != 2:
        raise AnalysisError("Ratings must be a table: a row an object, a column a rater.")
    return values
