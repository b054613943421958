"""Do the members of a group agree enough to speak of the group's view?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.result import Result
from cxkit.results.thresholds import ICC1_LEBRETON, ICC2_LEBRETON, RWG_LEBRETON, Verdicts, judge
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey

STRONG = next(start for start, words in RWG_LEBRETON.bands if words == "strong agreement")


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupReliability(Result):
    """ICC(1) and ICC(2) by dimension."""

    title: ClassVar[str] = "How much groups differ: ICC(1) and ICC(2)"
    cites: ClassVar[tuple[str, ...]] = ("bliese2000",)
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "n_groups", "mean_group_size", "f_value", "p_value", "icc1", "ci_low..ci_high", "icc2",
    )  # fmt: skip

    @property
    def text(self) -> str:
        by = self.settings["by"]
        if self.frame["icc1"].isna().all():
            return f"Everybody scores the same, so that no difference lies between one {by} and another."
        low, high = self.frame["icc1"].clip(lower=0).min(), self.frame["icc1"].clip(lower=0).max()
        reliable = int((self.frame["icc2"] >= ICC2_LEBRETON.bands[-1][0]).sum())
        shares = f"{low:.0%}" if len(self.frame) == 1 else f"{low:.0%} to {high:.0%}"
        return (
            f"Which {by} people belong to explains {shares} of the variance of their scores (ICC(1)); the means of "
            f"{reliable} of {counted(len(self.frame), 'dimension')} are reliable enough to be compared "
            "(ICC(2) of .70 or more)."
        )

    def draw(self, axes: Axes) -> None:
        heights = figures.rows(axes, self.frame["title"].tolist())
        low, high = self.frame["ci_low"].to_numpy(), self.frame["ci_high"].to_numpy()
        figures.intervals(axes, heights, self.frame["icc1"].to_numpy(), low, high)
        for start, words in ICC1_LEBRETON.bands[1:]:
            figures.reference_line(axes, start, words)
        axes.set_xlim(float(np.nanmin(low, initial=0.0)) - 0.01, float(np.nanmax(high, initial=0.28)) + 0.02)
        axes.set_xlabel("ICC(1): share of variance between groups, with 95 % interval")


def group_reliability(survey: Survey, *, by: str = "unit", answered: float = 0.5) -> GroupReliability:
    """How much of the differences between people are differences between their groups, and are group means reliable?

    Respondents without a group or a score are left out of that dimension. The interval of ICC(1) inverts the F test
    at the mean group size; with very unequal groups it is approximate.

    Parameters
    ----------
    survey
        The survey.
    by
        The role that makes the groups: unit, organisation, function or level.
    answered
        The share of items that must be answered for a score, as in `Survey.scores`.

    Returns
    -------
    GroupReliability
        A row a dimension: n, n_groups, mean_group_size, ms_between, ms_within, df_between, df_within, f_value,
        p_value, icc1, ci_low, ci_high, icc2.

    Raises
    ------
    AnalysisError
        If the role is not known or there are fewer than two groups.

    Notes
    -----
    ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW) with the mean group size k, ICC(2) = (MSB - MSW) / MSB (Bliese 2000);
    equal to R's `multilevel::ICC1(aov(y ~ factor(g)))` and `ICC2`.
    """
    groups = survey.role(by)
    scores = survey.scores(answered=answered)
    rows = []
    for dimension in survey.dimensions:
        usable = scores[dimension.key].notna() & groups.notna()
        y, g = scores.loc[usable, dimension.key].to_numpy(), groups[usable].astype("str").to_numpy()
        rows.append({"dimension": dimension.key, "title": dimension.title, **_one_way(y, g, by, dimension)})
    frame = pd.DataFrame(rows)
    return GroupReliability(
        frame=frame,
        n=survey.n,
        n_dropped=survey.n - int(frame["n"].max()),
        settings={"by": by, "answered": answered},
        data=survey.stamp,
        verdicts=Verdicts(
            judge(ICC1_LEBRETON, frame["title"], frame["icc1"]).items
            + judge(ICC2_LEBRETON, frame["title"], frame["icc2"]).items
        ),
    )


def _one_way(y: np.ndarray, g: np.ndarray, by: str, dimension: Dimension) -> dict[str, float]:
    """One-way analysis of variance from sums, and the ICCs that follow from it."""
    names, member = np.unique(g, return_inverse=True)
    n, k = len(y), len(names)
    if k < 2 or n <= k:
        raise AnalysisError(
            f"'{dimension.title}' has {n} scores in {k} groups by {by}; it takes two groups and more people than "
            "groups."
        )
    sizes = np.bincount(member)
    means = np.bincount(member, weights=y) / sizes
    between = float(np.sum(sizes * (means - y.mean()) ** 2)) / (k - 1)
    within = float(np.sum((y - means[member]) ** 2)) / (n - k)
    size = n / k
    f = between / within if within > 0 else np.inf if between > 0 else np.nan
    low, high = (_icc1(f / stats.f.ppf(p, k - 1, n - k), size) for p in (0.975, 0.025))
    return {
        "n": n,
        "n_groups": k,
        "mean_group_size": size,
        "ms_between": between,
        "ms_within": within,
        "df_between": k - 1,
        "df_within": n - k,
        "f_value": f,
        "p_value": float(stats.f.sf(f, k - 1, n - k)),
        "icc1": _icc1(f, size),
        "ci_low": low,
        "ci_high": high,
        "icc2": 1 - 1 / f if f != 0 else -np.inf,
    }


def _icc1(f: float, size: float) -> float:
    return 1.0 if f == np.inf else float((f - 1) / (f + size - 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class WithinGroupAgreement(Result):
    """r*wg(J) by dimension; `groups` holds it for every group large enough to be shown."""

    groups: pd.DataFrame

    title: ClassVar[str] = "Agreement within groups: r*wg(J)"
    cites: ClassVar[tuple[str, ...]] = ("james1984",)
    shown: ClassVar[tuple[str, ...]] = (
        "title", "items", "n", "n_groups", "rwg_j", "median", "share_strong", "share_set_to_zero",
    )  # fmt: skip

    @property
    def text(self) -> str:
        strongest = self.frame.loc[self.frame["median"].idxmax()]
        weakest = self.frame.loc[self.frame["median"].idxmin()]
        by = self.settings["by"]
        if len(self.frame) == 1:
            return f"Within the same {by}, the median agreement on {strongest['title']} is {strongest['median']:.2f}."
        return (
            f"Within the same {by}, agreement is highest on {strongest['title']} (median {strongest['median']:.2f}) "
            f"and lowest on {weakest['title']} ({weakest['median']:.2f}), against answers given at random."
        )

    def draw(self, axes: Axes) -> None:
        heights = figures.rows(axes, self.frame["title"].tolist())
        for height, key in zip(heights, self.frame["dimension"], strict=True):
            values = self.groups.loc[self.groups["dimension"] == key, "rwg_j"].to_numpy()
            spread = np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else np.zeros(1)
            axes.plot(values, height + spread, ".", color=figures.SKY, markersize=5, alpha=0.8)
        axes.plot(self.frame["median"], heights, "D", color=figures.BLUE, markersize=7, label="median group")
        figures.reference_line(axes, STRONG, "strong agreement", to_the_left=True)
        axes.set_xlim(-0.03, 1.03)
        axes.set_xlabel("r*wg(J) of each group (dots) and of the middle one (diamond)")


def within_group_agreement(
    survey: Survey,
    *,
    by: str = "unit",
    null: Literal["uniform"] | float = "uniform",
    minimum: int = MINIMUM_CELL,
) -> WithinGroupAgreement:
    """Do the members of a group give the same answers, compared with answers given at random?

    Only respondents who answered every item of the dimension count; groups with fewer than `minimum` of them are left
    out. Dimensions on a continuous scale are left out, because random answers to them have no known variance.

    Parameters
    ----------
    survey
        The survey.
    by
        The role that makes the groups.
    null
        The variance of random answers: "uniform" for (A^2 - 1) / 12 on A answer options, or a number, such as 1.34
        for slightly skewed answers on five options (LeBreton & Senter 2008). Report more than one.
    minimum
        The smallest group that counts.

    Returns
    -------
    WithinGroupAgreement
        A row a dimension: items, n, n_groups, mean (`rwg_j`) and median over groups, the share of groups at .71 or
        more, and the share whose answers vary more than random ones and were set to 0. `groups`: a row a dimension
        and group.

    Raises
    ------
    AnalysisError
        If the role is not known, no dimension qualifies, or no group is large enough.

    Notes
    -----
    James, Demaree & Wolf (1984); equal to R's `multilevel::rwg.j(items, group, ranvar)`. Negative values are set to 0,
    as there; the table says how often.
    """
    groups = survey.role(by)
    table = pd.DataFrame([row for d in survey.dimensions for row in _group_rows(survey, d, groups, null, minimum)])
    if table.empty:
        raise AnalysisError(
            f"No dimension of '{survey.name}' has a {by} with {minimum} complete answers on a scale with options."
        )
    rows = [_agreement_row(survey, key, part) for key, part in table.groupby("dimension", sort=False)]
    frame = pd.DataFrame(rows)
    return WithinGroupAgreement(
        frame=frame,
        groups=table.drop(columns="exceeds_random"),
        n=survey.n,
        n_dropped=survey.n - int(frame["n"].max()),
        settings={"by": by, "null": null, "minimum": minimum},
        data=survey.stamp,
        verdicts=judge(RWG_LEBRETON, frame["title"], frame["median"]),
    )


def _group_rows(
    survey: Survey, dimension: Dimension, groups: pd.Series, null: str | float, minimum: int
) -> Iterator[dict[str, object]]:
    options = dimension.scale.points
    if options is None and null == "uniform":
        return
    random = (options**2 - 1) / 12 if null == "uniform" and options else float(null)
    items = survey.items_of(dimension.key)
    usable = items.notna().all(axis=1) & groups.notna()
    grouped = items[usable].groupby(groups[usable], observed=True)
    ratios = grouped.var().mean(axis=1) / random
    j = len(dimension.items)
    for (group, ratio), size in zip(ratios.items(), grouped.size(), strict=True):
        if size >= minimum:
            agreement = 0.0 if ratio > 1 else j * (1 - ratio) / (j * (1 - ratio) + ratio)
            yield {
                "dimension": dimension.key, "group": str(group), "n": int(size), "rwg_j": agreement,
                "exceeds_random": ratio > 1,
            }  # fmt: skip


def _agreement_row(survey: Survey, key: object, part: pd.DataFrame) -> dict[str, object]:
    dimension = survey.instrument.dimension(str(key))
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": len(dimension.items),
        "n": int(part["n"].sum()),
        "n_groups": len(part),
        "rwg_j": part["rwg_j"].mean(),
        "median": part["rwg_j"].median(),
        "share_strong": (part["rwg_j"] >= STRONG).mean(),
        "share_set_to_zero": part["exceeds_random"].mean(),
    }
