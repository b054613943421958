"""Who may be seen: numbers that rest on a handful of people are hidden, and so is what would give them away.

People answer honestly as long as nobody can work out what they said. A table is safe only when its hidden rows cannot
be computed from the others and the total, so hiding one row nearly always means hiding a second.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from cxkit.errors import EXAMPLES_SHOWN, AnalysisError, nearest

MINIMUM_CELL = 5
"""Numbers of fewer respondents than this are not shown: the usual rule of employee surveys."""

Total = float | Mapping[Hashable, float]


def hide_small_cells(
    frame: pd.DataFrame,
    *,
    n: str = "n",
    minimum: int = MINIMUM_CELL,
    total_shown: bool = True,
    group: str | Sequence[str] | None = None,
    keep: Sequence[str] = (),
) -> pd.DataFrame:
    """Which rows of a table may be shown without giving anybody away?

    Hidden are all rows of fewer than `minimum` respondents (or of an unknown number). Where the total is shown, the
    next smallest row is hidden too while only one row is hidden (it would be the total minus the others), or while the
    hidden rows together hold fewer than `minimum` respondents. A family of one small row is hidden, and then its total
    must not be shown either.

    Parameters
    ----------
    frame
        A row a group of respondents; the rows of a family do not overlap and add up to its total.
    n
        The column with the number of respondents behind a row's numbers.
    minimum
        The smallest number of respondents whose numbers are shown.
    total_shown
        Whether readers can see the total, here or in another table. A gap of one group from "everyone else" shows it.
    group
        The column (or columns) whose values make families, such as the dimension; None if all rows are one family.
    keep
        Columns of whole numbers that are names and not findings, such as the number of a wave; text always stays.

    Returns
    -------
    DataFrame
        The same rows with a column `hidden`. In hidden rows every number is NaN and every truth value <NA>; whole
        numbers are floats throughout, so that the types do not depend on who is hidden. The argument is not changed.

    Raises
    ------
    AnalysisError
        If a column is missing, a number of respondents is negative, or the rows have been hidden before.

    Notes
    -----
    Primary and secondary suppression in a one-way table: Hundepool et al. (2012). For two-way tables hide along both
    margins, or publish one of them.
    """
    families = _families(frame, n, group, minimum)
    if "hidden" in frame:
        raise AnalysisError("The table has a column 'hidden' already; hide the small cells of the full table, once.")
    sizes = _sizes(frame, n)
    hidden = np.zeros(len(frame), dtype=bool)
    for _, rows in families:
        hidden[rows] = rows_to_hide(sizes[rows], minimum, total_shown=total_shown)
    return cover_rows(frame, hidden, keep=[*_columns(group), *keep])


def cover_rows(frame: pd.DataFrame, hidden: np.ndarray, *, keep: Sequence[str] = ()) -> pd.DataFrame:
    """The table with a column `hidden`, and without any number in the rows where that is true."""
    covered = {name: _covered(frame[name], hidden) for name in _findings(frame, set(keep))}
    return frame.assign(**covered, hidden=hidden)


def rows_to_hide(sizes: np.ndarray, minimum: int, *, total_shown: bool = True) -> np.ndarray:
    """The rows of one family to hide, given how many respondents stand behind each."""
    hidden = sizes < minimum
    if not total_shown or not hidden.any():
        return hidden
    for row in np.argsort(sizes, kind="stable"):
        if sizes[hidden].sum() >= minimum:  # never after one row: a row that is hidden alone is itself too small
            break
        hidden[row] = True
    return hidden


def hide_few(counts: np.ndarray, minimum: int = MINIMUM_CELL) -> np.ndarray:
    """Which of some counts of people that add up to a printed total are hidden: those of a few, and what tells them.

    A count of nobody exposes nobody, protects nobody, and is shown.
    """
    hidden = np.zeros(len(counts), dtype=bool)
    somebody = counts > 0
    hidden[somebody] = rows_to_hide(counts[somebody].astype("float64"), minimum)
    return hidden


def join_few(counts: Sequence[int], minimum: int = MINIMUM_CELL) -> list[int]:
    """Where ordered counts of people are cut into neighbours that are shown together, so that none counts a few.

    Returns the first position of each joined count. Those of few join what stands before them, and the first, which
    nothing stands before, what follows; counts of nobody stand alone.
    """
    starts: list[int] = []
    people = first = 0
    for place in reversed(range(len(counts))):
        people += counts[place]
        if place == 0 or people == 0 or people >= minimum:
            starts.insert(0, place)
            first, people = people, 0
    if not 0 < first < minimum:
        return starts
    later = [k for k, start in enumerate(starts) if k and counts[start]]
    return [0, *starts[later[0] + 1 :]] if later else [0]


def _findings(frame: pd.DataFrame, names: set[str]) -> list[str]:
    """The columns that say something about the respondents of a row: numbers and truth values."""
    return [c for c in frame if c not in names and c != "hidden" and pd.api.types.is_numeric_dtype(frame[c])]


def _covered(values: pd.Series, hidden: np.ndarray) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return values.astype("boolean").mask(hidden)
    return values.astype("float64").mask(hidden)


def audit_cells(
    frame: pd.DataFrame,
    *,
    total: Total | None = None,
    n: str = "n",
    minimum: int = MINIMUM_CELL,
    total_shown: bool = True,
    group: str | Sequence[str] | None = None,
    keep: Sequence[str] = (),
) -> None:
    """Can a reader of the printed table work out what is hidden in it?

    Looks only at what is printed: the visible rows, and the total if it is shown. It does not know how the rows were
    hidden, so that it finds the mistakes of any rule, `hide_small_cells` included.

    Parameters
    ----------
    frame
        A table with the columns `n` and `hidden`.
    total
        How many respondents the printed total has; with `group`, a mapping from family to number. None if only its
        mean is printed.
    n, minimum, total_shown, group, keep
        As for `hide_small_cells`.

    Raises
    ------
    AnalysisError
        Naming the rows: a visible row of too few respondents, a number left in a hidden row, a hidden row that is the
        total minus the visible ones, or hidden rows that are too few respondents together.
    """
    families = _families(frame, n, group, minimum)
    if "hidden" not in frame:
        raise AnalysisError("The table has no column 'hidden'; make it with hide_small_cells.")
    names = {*_columns(group), *keep}
    labels = _labels(frame, names)
    hidden = frame["hidden"].to_numpy(dtype=bool)
    sizes = frame[n].to_numpy(dtype="float64", na_value=np.nan)
    _refuse(labels[~hidden & ~(sizes >= minimum)], f"shown with fewer than {minimum} respondents")
    left = frame[_findings(frame, names)].notna().any(axis=1).to_numpy()
    _refuse(labels[hidden & left], "hidden, but with numbers left in the row")
    if not total_shown:
        return
    for family, rows in families:
        covered = labels[rows][hidden[rows]]
        if len(covered) == 1:
            _refuse(covered, "hidden alone: the total minus the visible rows gives it away")
        everyone = total.get(family) if isinstance(total, Mapping) else total
        if len(covered) and everyone is not None:
            together = everyone - sizes[rows][~hidden[rows]].sum()
            if together < minimum:
                _refuse(covered, f"hidden, but together only {together:g} respondents, whose mean the total gives away")


def hidden_note(frame: pd.DataFrame, *, minimum: int = MINIMUM_CELL, noun: str = "group") -> str:
    """How many rows are hidden and why, as a sentence for the note below a table; nothing if none is.

    >>> hidden_note(pd.DataFrame({"hidden": [True, True, False]}))
    '2 of 3 groups are hidden: fewer than 5 respondents, or needed to protect one that is.'
    """
    count, rows = int(frame["hidden"].sum()), len(frame)
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    return (
        f"{count:,} of {rows:,} {noun}{'s' if rows != 1 else ''} {verb} hidden: "
        f"fewer than {minimum} respondents, or needed to protect one that is."
    )


def _columns(group: str | Sequence[str] | None) -> list[str]:
    return [] if group is None else [group] if isinstance(group, str) else list(group)


def _families(
    frame: pd.DataFrame, n: str, group: str | Sequence[str] | None, minimum: int
) -> Iterator[tuple[Hashable, np.ndarray]]:
    """The families by name, each with the positions of its rows; None names the only one."""
    for column in [n, *_columns(group)]:
        if column not in frame:
            raise AnalysisError(f"The table has no column '{column}'.{nearest(column, frame.columns)}")
    if minimum < 1:
        raise AnalysisError(f"minimum={minimum} must be a number of respondents, at least 1.")
    if group is None:
        return iter([(None, np.arange(len(frame)))])
    by = _columns(group)
    positions = frame.groupby(by[0] if len(by) == 1 else by, sort=False, dropna=False, observed=True).indices
    return iter(positions.items())


def _sizes(frame: pd.DataFrame, n: str) -> np.ndarray:
    """Numbers of respondents; an unknown number counts as nobody."""
    sizes = frame[n].to_numpy(dtype="float64", na_value=np.nan, copy=True)
    if (sizes < 0).any():
        raise AnalysisError(f"The column '{n}' holds negative numbers; it must count respondents.")
    return np.nan_to_num(sizes, nan=0.0)


def _labels(frame: pd.DataFrame, names: set[str]) -> np.ndarray:
    """What to call a row in a message: its texts and names, else its place in the index."""
    columns = [c for c in frame if c in names or not pd.api.types.is_numeric_dtype(frame[c])]
    if not columns:
        return np.array([f"row {index}" for index in frame.index], dtype=object)
    return np.array([", ".join(map(str, row)) for row in frame[columns].to_numpy()], dtype=object)


def _refuse(labels: np.ndarray, what: str) -> None:
    """Raise if there are any such rows, naming them but never their numbers."""
    if not len(labels):
        return
    shown = "; ".join(f"'{label}'" for label in labels[:EXAMPLES_SHOWN])
    more = f" and {len(labels) - EXAMPLES_SHOWN} more" if len(labels) > EXAMPLES_SHOWN else ""
    raise AnalysisError(f"The table does not protect its respondents: {shown}{more} {what}. Do not publish it.")
