"""Who may have answered without reading? Indices of careless responding, and who left what out.

Only numbers are made here, on plain arrays with a row a respondent and NaN where nothing was answered; what they mean
and how they are shown is `cxkit.validation.screening.respondents` and `cxkit.validation.screening.missingness`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, OptionError, nearest
from cxkit.survey.instrument import AnswerScale, Dimension
from cxkit.survey.survey import Survey

FEWEST_POINTS = 3
"""A correlation of two points is 1 or -1 whatever was answered; three are the fewest that say anything."""

NO_VARIANCE = 1e-12
"""A sum of squares below this share of the numbers' own size is rounding, not variance."""

MOST_CELLS = 500_000
"""Numbers in a stack of covariance matrices (4 MB)."""


def items_in_order(survey: Survey, order: Sequence[str] | None) -> list[str]:
    """The items of the dimensions in the order in which they were asked; that of the instrument where None.

    Raises
    ------
    AnalysisError
        If an item of a dimension is not in the order, is there twice, or is unknown.
    """
    items = [key for dimension in survey.dimensions for key in dimension.item_keys]
    if order is None:
        return items
    asked = list(order)
    known = set(survey.instrument.items)
    for key in asked:
        if key not in known:
            raise OptionError(f"order names '{key}', which is no item of '{survey.instrument.name}'."
                                f"{nearest(str(key), known)}")  # fmt: skip
    doubled = sorted({key for key in asked if asked.count(key) > 1})
    left_out = [key for key in items if key not in asked]
    if doubled or left_out:
        what = f"names {', '.join(doubled[:5])} twice" if doubled else f"leaves out {', '.join(left_out[:5])}"
        raise OptionError(f"order {what}; it must name every item of the dimensions once, as they were asked.")
    return [key for key in asked if key in set(items)]  # single items have scales of their own


def on_one_scale(answers: np.ndarray, scales: Sequence[AnswerScale]) -> np.ndarray | None:
    """The answers in the units of the first item's scale; None if an item has no ends, and so nothing to compare by."""
    ends = np.array([(scale.low, scale.high) for scale in scales], dtype="float64")
    if not np.isfinite(ends).all():
        return None
    low, width = ends[:, 0], ends[:, 1] - ends[:, 0]
    if (low == low[0]).all() and (width == width[0]).all():
        return answers
    return np.asarray(low[0] + (answers - low) / width * width[0])


def longstrings(answers: np.ndarray, scales: Sequence[AnswerScale]) -> tuple[np.ndarray, np.ndarray]:
    """The longest and the mean run of equal answers in neighbouring items.

    A missing answer, or an item on another scale, ends a run; a respondent without answers has none (NaN).
    """
    n = len(answers)
    run, longest, runs = np.zeros(n), np.zeros(n), np.zeros(n)
    for j in range(answers.shape[1]):
        now = answers[:, j]
        given = ~np.isnan(now)
        same_scale = j > 0 and (scales[j].low, scales[j].high) == (scales[j - 1].low, scales[j - 1].high)
        goes_on = given & (now == answers[:, j - 1]) if same_scale else np.zeros(n, dtype=bool)
        run = np.where(goes_on, run + 1, given)
        runs += given & ~goes_on
        longest = np.maximum(longest, run)
    answered = (~np.isnan(answers)).sum(axis=1)
    nobody = answered == 0
    with np.errstate(invalid="ignore"):
        return np.where(nobody, np.nan, longest), answered / runs


def individual_variability(answers: np.ndarray) -> np.ndarray:
    """The standard deviation (n - 1) of each respondent's answers; NaN with fewer than two."""
    given = ~np.isnan(answers)
    n = given.sum(axis=1)
    filled = np.where(given, answers, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    squares = (np.where(given, answers - mean[:, None], 0.0) ** 2).sum(axis=1)
    return np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


def row_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The correlation of two rows of numbers, row by row, over the places that both hold.

    NaN with fewer than three such places, or where one of the rows does not vary.
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    n = both.sum(axis=1)

    def centred(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        filled = np.where(both, values, 0.0)
        away = np.where(both, filled - (filled.sum(axis=1) / np.maximum(n, 1))[:, None], 0.0)
        squares = (away**2).sum(axis=1)
        return away, squares, squares > NO_VARIANCE * np.maximum((filled**2).sum(axis=1), NO_VARIANCE)

    x, xx, x_varies = centred(first)
    y, yy, y_varies = centred(second)
    usable = (n >= FEWEST_POINTS) & x_varies & y_varies
    r = (x * y).sum(axis=1) / np.sqrt(np.where(usable, xx * yy, 1.0))
    return np.where(usable, np.clip(r, -1.0, 1.0), np.nan)


def even_odd(answers: pd.DataFrame, dimensions: Sequence[Dimension]) -> np.ndarray:
    """The correlation, over dimensions, of the means of even and of odd items, stepped up to full length.

    `answers` are turned round. Spearman-Brown (2r / (1 + r)) has no meaning below zero, where it falls without end:
    below -1 it is set to -1. A dimension counts for a respondent who answered an item of each half.
    """
    halves = [answers[d.item_keys].to_numpy(dtype="float64") for d in dimensions if len(d.item_keys) > 1]
    if len(halves) < FEWEST_POINTS:
        return np.full(len(answers), np.nan)
    odd = np.column_stack([_row_means(half[:, 0::2]) for half in halves])
    even = np.column_stack([_row_means(half[:, 1::2]) for half in halves])
    return stepped_up(row_correlations(odd, even))


def stepped_up(r: np.ndarray) -> np.ndarray:
    """Spearman-Brown for doubled length, no lower than -1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isnan(r), np.nan, np.maximum(2 * r / (1 + r), -1.0))


def _row_means(values: np.ndarray) -> np.ndarray:
    given = ~np.isnan(values)
    n = given.sum(axis=1)
    return np.where(n > 0, np.where(given, values, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)


def similar_pairs(correlation: np.ndarray, critical_r: float) -> np.ndarray:
    """Pairs of items (positions, one row a pair) that correlate at least so much; at most, if `critical_r` < 0."""
    first, second = np.triu_indices(len(correlation), 1)
    r = correlation[first, second]
    with np.errstate(invalid="ignore"):
        wanted = r > critical_r if critical_r > 0 else r < critical_r
    return np.column_stack([first[wanted], second[wanted]])


def pair_consistency(answers: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The correlation of the first with the second answers of the pairs; NaN with fewer than three pairs answered."""
    if len(pairs) < FEWEST_POINTS:
        return np.full(len(answers), np.nan)
    return row_correlations(answers[:, pairs[:, 0]], answers[:, pairs[:, 1]])


def person_total(answers: np.ndarray) -> np.ndarray:
    """The correlation of a respondent's answers with the items' means among everybody else."""
    given = ~np.isnan(answers)
    filled = np.where(given, answers, 0.0)
    others = given.sum(axis=0) - given
    sums = filled.sum(axis=0) - filled
    means = np.where(others > 0, sums / np.maximum(others, 1), np.nan)
    return row_correlations(answers, means)


FEWEST_FOR_COPIES = 10
"""With fewer items, attentive people often give the very same answers (five items of five points, all agreed to)."""


def identical(answers: np.ndarray) -> np.ndarray:
    """How many respondents, oneself included, gave exactly the same answers and left the same items out.

    NaN for fewer than ten answers: so few coincide among attentive people.
    """
    given = ~np.isnan(answers)
    rows = np.where(given, answers, np.inf)  # NaN equals nothing, infinity itself
    _, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return np.where(given.sum(axis=1) >= FEWEST_FOR_COPIES, counts[which.ravel()].astype("float64"), np.nan)


def answer_patterns(answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who answered which items: the patterns (a row a pattern, true where answered) and each respondent's pattern.

    In order of frequency, the same whatever the order of the respondents.
    """
    answered = ~np.isnan(answers)
    if not answered.size:
        return answered[:1], np.zeros(len(answered), dtype="int64")
    packed = np.ascontiguousarray(np.packbits(answered, axis=1))
    names = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()  # one comparison a row instead of one a cell
    _, first, which, counts = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    kinds = answered[first]
    order = np.lexsort([*(~kinds).T[::-1], -counts])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return kinds[order], place[which.ravel()]


def mahalanobis(answers: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances from the mean, and on how many answered items each rests.

    Someone who left items out is compared on the others alone. NaN without any answer.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not positive definite.
    """
    np.linalg.cholesky(covariance)  # every part of a positive definite matrix is positive definite too
    kinds, which = answer_patterns(answers)
    away = answers - mean
    squared = np.full(len(answers), np.nan)
    for members, seen in _answered_alike(which, kinds):
        where = np.nonzero(seen)[1].reshape(len(seen), -1)
        root = np.linalg.cholesky(covariance[where[:, :, None], where[:, None, :]])
        part = np.linalg.solve(root, away[members[:, :, None], where[:, None, :]].swapaxes(1, 2))
        squared[members] = (part**2).sum(axis=1)
    return squared, kinds.sum(axis=1)[which]


def _answered_alike(which: np.ndarray, kinds: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Patterns with equally many answers and respondents: each pattern's respondents, and the items that they answered.

    With many gaps nearly everybody is alone in their pattern; one call for a stack of them is many times as fast.
    """
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which, minlength=len(kinds)))[:-1])
    sizes = np.column_stack([kinds.sum(axis=1), [len(each) for each in members]])
    for answered, people in np.unique(sizes[sizes.all(axis=1)], axis=0):
        alike = np.flatnonzero((sizes == (answered, people)).all(axis=1))
        for part in np.array_split(alike, -(-len(alike) * answered**2 // MOST_CELLS)):
            yield np.array([members[k] for k in part]), kinds[part]


def seconds_by_row(survey: Survey, seconds: pd.Series | Sequence[float]) -> np.ndarray:
    """Response times in the survey's row order; NaN where unknown.

    Raises
    ------
    AnalysisError
        If it cannot be told which time belongs to whom, or a time is negative.
    """
    column = _aligned(survey, seconds)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    lost = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
    wrong = lost if len(lost) else np.flatnonzero(~((numbers >= 0) & np.isfinite(numbers)) & ~np.isnan(numbers))
    if len(wrong):
        raise AnalysisError(
            f"seconds must hold numbers of seconds; row {survey.given.index[wrong[0]]} holds '{column.iloc[wrong[0]]}' "
            f"({len(wrong):,} in all)."
        )
    return numbers


def _aligned(survey: Survey, seconds: pd.Series | Sequence[float]) -> pd.Series:
    rows = survey.given.index
    if not isinstance(seconds, pd.Series):
        if len(seconds) != survey.n:
            raise OptionError(
                f"seconds holds {len(seconds):,} times for the {survey.n:,} respondents of '{survey.name}'; give one "
                "each, in their order, or a Series by row number or respondent id."
            )
        return pd.Series(list(seconds), index=rows)
    if seconds.index.equals(rows):
        return seconds
    ids = survey.respondents.get("id")
    named = seconds.index.astype("str")
    if ids is None or not named.is_unique or not ids.isin(named).any():
        raise OptionError(
            f"seconds is a Series whose index is neither the row numbers of '{survey.name}' nor its respondents' ids. "
            "Index it by one of them, or give a plain list in the order of the survey."
        )
    return pd.Series(ids.map(pd.Series(seconds.to_numpy(), index=named)).to_numpy(), index=rows)
