"""Do the members of a group agree enough to speak of the group's view?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures, tables
from cxkit.results.accounting import Rule, account, not_stated, too_few, whose_n
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice, check_options, check_positive
from cxkit.results.result import Result
from cxkit.results.tables import TWO_DIGITS
from cxkit.results.thresholds import ICC1_LEBRETON, ICC2_LEBRETON, RWG_LEBRETON, Verdicts, judge
from cxkit.statistics.intraclass import icc1, icc2
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm
from cxkit.statistics.unequal_spread import brown_forsythe
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import FEW_UNSTATED, ShownGroups, shown_by_dimension
from cxkit.survey.survey import Survey

STRONG = next(start for start, words in RWG_LEBRETON.bands if words == "strong agreement")


_INTERVALS = {"ICC(1)": ("ci_low", "ci_high"), "ICC(2)": ("icc2_low", "icc2_high")}


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupReliability(Result):
    """ICC(1) and ICC(2) by dimension; `hidden_groups` is how many groups were left out to protect their members.

    `notes` says which dimensions are left out, and why.
    """

    hidden_groups: int = 0
    notes: tuple[str, ...] = ()

    title: ClassVar[str] = "How much groups differ: ICC(1) and ICC(2)"
    cites: ClassVar[tuple[str, ...]] = (
        "bliese2000", "shrout1979", "mcgraw1996", "brown1974", "mehrotra1997", "holm1979",
    )  # fmt: skip
    why_unweighted: ClassVar[str] = "the mean squares are of the members who answered, each of whom counts once"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "n_groups", "mean_group_size", "f_value", "f_star", "p_adjusted", "icc1", "ci_low..ci_high",
        "icc2", "icc2_low..icc2_high",
    )  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """Both intervals by name: each stands beside its own coefficient."""
        ends = {f"{ends[0]}..{ends[1]}": f"{name}, {self.level} interval" for name, ends in _INTERVALS.items()}
        return tables.printed(self.frame, self.shown, level=self.level, headings=ends)

    @property
    def text(self) -> str:
        by = self.settings["by"]
        if self.frame["icc1"].isna().all():
            return f"Everybody scores the same, so that no difference lies between one {by} and another."
        known = self.frame[self.frame["icc1"].notna()]
        clear = known[known["p_adjusted"] < FAMILY_ERROR]
        return (
            f"The share of the variance of scores that lies between one {by} and another (ICC(1)) can be told from 0 "
            f"on {len(clear)} of {counted(len(known), 'dimension')}{', allowing for their number' * (len(known) > 1)}"
            f"{self._extent(known, clear)}; {self._reliable(known)}."
        )

    def _reliable(self, known: pd.DataFrame) -> str:
        """On how many dimensions means may be compared, as far as the intervals of ICC(2) tell."""
        enough = ICC2_LEBRETON.bands[-1][0]
        sure, never = int((known["icc2_low"] >= enough).sum()), int((known["icc2_high"] < enough).sum())
        left_open = len(known) - sure - never
        return (
            "the means are reliable enough to be compared (ICC(2) of .70 or more in the whole "
            f"{self.level} interval) on {sure} of {counted(len(known), 'dimension')}"
            + (f", not reliable enough on {never}" if never else "")
            + (f", and on {left_open} the interval leaves it open" if left_open else "")
        )

    def _extent(self, known: pd.DataFrame, clear: pd.DataFrame) -> str:
        """The largest share that is no chance; where all may be chance, how far the intervals reach."""
        if clear.empty:
            return f", and may be up to {known['ci_high'].max():.0%} (upper end of the {self.level} intervals)"
        most = clear.loc[ties.largest(clear["icc1"])]
        low, high = (max(float(most[end]), 0.0) for end in ("ci_low", "ci_high"))
        return f"; it is {most['icc1']:.0%} ({self.level} interval {low:.0%} to {high:.0%}) on {most['title']}" + (
            ", the largest of these" if len(clear) > 1 else ""
        )

    @property
    def note(self) -> str:
        """Which dimensions and groups had to be left out, and the usual line."""
        hidden = _hidden_sentence(self.hidden_groups, MINIMUM_CELL)
        told = [_SHARED_P] if len(self.frame) > 1 else []
        told.append(_UNEQUAL_SPREAD)
        told += [_NEGATIVE_ICC2] if (self.frame["icc2"] < 0).any() else []
        return " ".join([*self.notes, *told, *hidden, super().note, *whose_n(self.frame)])

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

    Respondents without a group or a score are left out of that dimension. So is everybody whom the tables of groups
    leave out, and every group that they may not show (see `shown_groups`): with the totals, mean squares over hidden
    groups give their means away, because sums of answers are whole numbers and few of them fit. The interval of ICC(1)
    inverts the F test at the mean group size; with very unequal groups it is approximate.

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
        p_value (of the analysis of variance); f_star, df1_star, df2_star, p_star (of Brown and Forsythe's test, which
        lets groups spread differently; p_value and p_star are of this dimension alone), p_adjusted (the larger of both
        by Holm's method over the dimensions: 5 % for all together), icc1, ci_low, ci_high (of this dimension alone),
        icc2, icc2_low, icc2_high (95 % interval, which decides whether means are called reliable).

    Raises
    ------
    AnalysisError
        If the role is not known or there are fewer than two groups.

    Notes
    -----
    ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW) with the mean group size k, ICC(2) = (MSB - MSW) / MSB (Bliese 2000);
    equal to R's `multilevel::ICC1(aov(y ~ factor(g)))` and `ICC2`. The interval of ICC(2) is that of the mean of k
    raters in a one-way model (Shrout & Fleiss 1979; McGraw & Wong 1996): 1 - 1/F with F divided by the quantiles of F;
    equal to `psych::ICC(x, lmer = FALSE)`'s row ICC1k. The plain F test finds differences that are none where small
    groups spread more widely than large ones; F* (Brown & Forsythe 1974, Mehrotra 1997) finds some where the few
    members of a group happen to give nearly the same skewed score. Asked together they keep the rate in both; of one
    small group that is both skewed and of wider spread it is 13 to 17 % (simulated).
    """
    check_options(answered=answered)
    groups = survey.role(by)
    scores = survey.scores(answered=answered)
    shown = shown_by_dimension(survey, scores)
    found, left_out = of_each(survey.dimensions, lambda d: _reliability_row(d, scores[d.key], groups, by, shown[d.key]))
    frame = pd.DataFrame([row for row, _ in found.values()])
    adjusted = holm(frame[["p_value", "p_star"]].max(axis=1, skipna=False).to_numpy(dtype="float64"))
    frame.insert(frame.columns.get_loc("p_star") + 1, "p_adjusted", adjusted)
    largest = frame.loc[frame["n"].idxmax(), "dimension"]
    return GroupReliability(
        frame=frame,
        **account(scores[largest].notna(), *_rules(groups, by, shown[largest], MINIMUM_CELL)),
        settings={"by": by, "answered": answered},
        data=survey.stamp,
        hidden_groups=max(hidden for _, hidden in found.values()),
        notes=left_out,
        verdicts=Verdicts(judge(ICC1_LEBRETON, frame["title"], frame["icc1"]).items + _by_interval(frame).items),
    )


def _by_interval(frame: pd.DataFrame) -> Verdicts:
    """Whether the means are reliable, by both ends of the interval of ICC(2); where these differ, it is left open."""
    cutoff = ICC2_LEBRETON
    rows = zip(judge(cutoff, frame["title"], frame["icc2"]), frame["icc2_low"], frame["icc2_high"], strict=True)
    return Verdicts(
        tuple(
            v if cutoff.verdict(low) == cutoff.verdict(high) else replace(v, verdict="left open by the interval")
            for v, low, high in rows
        )
    )


def _reliability_row(
    dimension: Dimension, scores: pd.Series, groups: pd.Series, by: str, shown: ShownGroups
) -> tuple[dict[str, object], int]:
    """One dimension, and how many groups are left out of it to protect their members."""
    scored = shown.kept & groups.notna()
    hidden = shown.hidden.get(by, frozenset()) if groups[scored].nunique() > 1 else frozenset()
    usable = scored & ~groups.astype("str").isin(hidden)
    if hidden and groups[usable].nunique() < 2:
        raise AnalysisError(_protected(dimension, by, len(hidden)))
    y, g = scores[usable].to_numpy(), groups[usable].astype("str").to_numpy()
    return {"dimension": dimension.key, "title": dimension.title, **_one_way(y, g, by, dimension)}, len(hidden)


_SHARED_P = "p is adjusted for the number of dimensions (Holm's method); each interval is of its dimension alone."
_UNEQUAL_SPREAD = (
    "ICC(1) is told from 0 where two tests do so: F, which assumes that scores spread alike in all groups, as the "
    "intervals of ICC(1) and ICC(2) do, and Brown and Forsythe's F*, which does not; p is the larger of both. Where a "
    "small group of skewed scores spreads more widely than large ones, that still happens too often."
)
_NEGATIVE_ICC2 = (
    "A negative ICC(2) (its values have no lower end) means that groups differ less than chance alone would make them: "
    "read it as no reliability."
)


def _hidden_sentence(hidden_groups: int, minimum: int) -> list[str]:
    """How many groups are in no number of the analysis, and why; nothing if all are."""
    if not hidden_groups:
        return []
    return [
        f"{counted(hidden_groups, 'group')} left out to protect their members, as in the tables of groups: fewer than "
        f"{minimum} people, or needed to protect a group that is."
    ]


def _may_enter(groups: pd.Series, by: str, shown: ShownGroups) -> pd.Series:
    """Who is in the tables of groups: other people in a second table would be the difference of the two."""
    return shown.kept & groups.notna() & ~groups.astype("str").isin(shown.hidden.get(by, frozenset()))


def _rules(groups: pd.Series, by: str, shown: ShownGroups, minimum: int) -> list[Rule]:
    """Why people with answers do not enter, each reason with who stays in."""
    return [
        (not_stated(by), groups.notna()),
        (FEW_UNSTATED, shown.kept),
        (too_few(minimum, protected=True), _may_enter(groups, by, shown)),
    ]


def _protected(dimension: Dimension, by: str, hidden: int) -> str:
    return (
        f"Of '{dimension.title}', fewer than two groups by {by} may be shown: {counted(hidden, 'group')} hidden to "
        f"protect their members. Join small groups to larger ones under '{by}', or choose another attribute."
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
    squares = np.bincount(member, weights=(y - means[member]) ** 2)
    between = float(np.sum(sizes * (means - y.mean()) ** 2)) / (k - 1)
    within = float(squares.sum()) / (n - k)
    size = n / k
    f = between / within if within > 0 else np.inf if between > 0 else np.nan
    star = brown_forsythe(means, squares / (sizes - 1), sizes)
    by_chance = [float(stats.f.ppf(p, k - 1, n - k)) for p in (0.975, 0.025)]
    low, high = (icc1(f / quantile, size) for quantile in by_chance)
    icc2_low, icc2_high = (icc2(f / quantile) for quantile in by_chance)
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
        "f_star": star.f,
        "df1_star": star.df1,
        "df2_star": star.df2,
        "p_star": star.p,
        "icc1": icc1(f, size),
        "ci_low": low,
        "ci_high": high,
        "icc2": icc2(f),
        "icc2_low": icc2_low,
        "icc2_high": icc2_high,
    }


@dataclass(frozen=True, eq=False, kw_only=True)
class WithinGroupAgreement(Result):
    """r_wg(J) and r*wg(J) by dimension; `groups` holds both for every group large enough to be shown.

    `hidden_groups` is how many groups were left out to protect their members.
    """

    groups: pd.DataFrame
    hidden_groups: int = 0

    title: ClassVar[str] = "Agreement within groups: r_wg(J) and r*wg(J)"
    cites: ClassVar[tuple[str, ...]] = ("james1984", "lindell1999")
    why_unweighted: ClassVar[str] = "agreement is among the members who answered, each of whom counts once"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "items", "n", "n_groups", "rwg_j", "rwg_j_median", "share_strong", "share_set_to_zero",
        "rwg_j_star", "rwg_j_star_median",
    )  # fmt: skip

    @property
    def _is_of_one_group(self) -> bool:
        """Whether there is nothing to take a mean, a median or a share over."""
        return bool((self.frame["n_groups"] == 1).all())

    @property
    def table(self) -> pd.DataFrame:
        """Means, medians and shares over the groups; of a single group its own values."""
        if not self._is_of_one_group:
            return super().table
        own = tables.printed(self.frame, ("title", "items", "n", "n_groups", "rwg_j", "rwg_j_star"))
        return own.rename(columns={tables.column(name).heading: plain for name, plain in self._names.items()})

    @property
    def text(self) -> str:
        if self._is_of_one_group:
            return self._of_one_group()
        name, column = self._compared
        strongest = self.frame.loc[ties.largest(self.frame[f"{column}_median"])]
        weakest = self.frame.loc[ties.smallest(self.frame[f"{column}_median"])]
        by = self.settings["by"]
        if len(self.frame) == 1:
            return (
                f"Within the same {by}, the median agreement on {strongest['title']} is r_wg(J) = "
                f"{TWO_DIGITS(strongest['rwg_j_median'])}, and r*wg(J) = "
                f"{TWO_DIGITS(strongest['rwg_j_star_median'])}, which does not rise with the number of items."
            )
        return (
            f"Within the same {by}, agreement is highest on {strongest['title']} (median {name} "
            f"{TWO_DIGITS(strongest[f'{column}_median'])}) and lowest on {weakest['title']} "
            f"({TWO_DIGITS(weakest[f'{column}_median'])}), against answers given at random. {self._other('_median')}"
        )

    @property
    def _compared(self) -> tuple[str, str]:
        """The index by which dimensions compare, and its column: r_wg(J) rises with the number of items."""
        return ("r_wg(J)", "rwg_j") if self.frame["items"].nunique() == 1 else ("r*wg(J)", "rwg_j_star")

    def _other(self, end: str) -> str:
        """The range of the index by which dimensions were not compared."""
        name, column, rises = "r_wg(J)", "rwg_j", "rises"
        if self._compared[1] == column:
            name, column, rises = "r*wg(J)", "rwg_j_star", "does not rise"
        values = self.frame[f"{column}{end}"]
        subject, lie = (f"The medians of {name}", "lie") if end else (name, "lies")
        return (
            f"{subject}, which {rises} with the number of items, {lie} between {TWO_DIGITS(values.min())} and "
            f"{TWO_DIGITS(values.max())}."
        )

    def _of_one_group(self) -> str:
        """The values of the only group by their own names."""
        group = self.groups["group"].iloc[0]
        start = f"In the only group by {self.settings['by']} that may be shown, '{group}', agreement "
        name, column = self._compared
        strongest = self.frame.loc[ties.largest(self.frame[column])]
        own, star = (strongest[index] for index in ("rwg_j", "rwg_j_star"))
        if len(self.frame) == 1:
            return (
                f"{start}on {strongest['title']} is r_wg(J) = {TWO_DIGITS(own)}, and r*wg(J) = {TWO_DIGITS(star)}, "
                "which does not rise with the number of items."
            )
        weakest = self.frame.loc[ties.smallest(self.frame[column])]
        return (
            f"{start}is highest on {strongest['title']} ({name} {TWO_DIGITS(strongest[column])}) and lowest on "
            f"{weakest['title']} ({TWO_DIGITS(weakest[column])}), against answers given at random. {self._other('')}"
        )

    @property
    def note(self) -> str:
        """How many groups had to be left out, and the usual line."""
        minimum = int(str(self.settings["minimum"]))
        return " ".join([*_hidden_sentence(self.hidden_groups, minimum), super().note, *whose_n(self.frame)])

    def draw(self, axes: Axes) -> None:
        heights = figures.rows(axes, self.frame["title"].tolist())
        looks = (("rwg_j", 0.18, figures.SKY, figures.BLUE), ("rwg_j_star", -0.18, figures.ORANGE, figures.RED))
        for column, offset, pale, strong in looks:
            for height, key in zip(heights, self.frame["dimension"], strict=True):
                values = self.groups.loc[self.groups["dimension"] == key, column].to_numpy()
                spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1)
                axes.plot(values, height + offset + spread, ".", color=pale, markersize=5, alpha=0.8)
            name = self._names[column]
            whose = name if self._is_of_one_group else f"{name}: median group"
            axes.plot(
                self.frame[f"{column}_median"], heights + offset, "D", color=strong, markersize=6,
                label=whose, linestyle="none",
            )  # fmt: skip
        figures.reference_line(axes, STRONG, "strong agreement by r_wg(J)", to_the_left=True)
        lowest = float(np.nanmin(self.groups["rwg_j_star"].to_numpy(), initial=0.0))
        axes.set_xlim(lowest - 0.03, 1.03)
        of_each = "Agreement of each group (dots) and of the median one (diamonds)"
        axes.set_xlabel("Agreement of the only group" if self._is_of_one_group else of_each)
        figures.legend_below(axes)

    _names: ClassVar[dict[str, str]] = {"rwg_j": "r_wg(J)", "rwg_j_star": "r*wg(J)"}


def within_group_agreement(
    survey: Survey,
    *,
    by: str = "unit",
    null: Literal["uniform"] | float = "uniform",
    minimum: int = MINIMUM_CELL,
) -> WithinGroupAgreement:
    """Do the members of a group give the same answers, compared with answers given at random?

    Only respondents who answered every item of the dimension count; groups with fewer than `minimum` of them are left
    out, and so are the people and groups that the tables of groups hide (see `shown_groups`). Dimensions on a
    continuous scale are left out, because random answers to them have no known variance.

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
        A row a dimension: items, n, n_groups; the mean and the median over groups of r_wg(J) (`rwg_j`,
        `rwg_j_median`) and of r*wg(J) (`rwg_j_star`, `rwg_j_star_median`); the share of groups whose r_wg(J) is .71
        or more; and the share whose answers vary more than random ones, so that r_wg(J) was set to 0. `groups`: a row
        a dimension and group with n, rwg_j and rwg_j_star.

    Raises
    ------
    AnalysisError
        If the role is not known, no dimension qualifies, or no group is large enough.

    Notes
    -----
    With the mean variance of the J items in a group, relative to that of random answers, as v:

    - r_wg(J) = J (1 - v) / (J (1 - v) + v), James, Demaree & Wolf (1984), which rises with the number of items;
      R's `multilevel::rwg.j(items, group, ranvar)`. Negative values are set to 0, as there; the table says how often.
    - r*wg(J) = 1 - v, Lindell, Brandt & Whitney (1999), which does not rise with it; R's
      `multilevel::rwg.j.lindell(items, group, ranvar)`. Negative values are kept, as there: the members of the group
      are further apart than random answers would be.
    """
    check_options(minimum=minimum)
    _check_null(null)
    groups = survey.role(by)
    shown = shown_by_dimension(survey, survey.scores(), minimum=minimum)
    people = {key: _may_enter(groups, by, found) for key, found in shown.items()}
    rows_of = (_group_rows(survey, d, groups[people[d.key]], null, minimum) for d in survey.dimensions)
    table = pd.DataFrame([row for rows in rows_of for row in rows])
    if table.empty:
        raise AnalysisError(
            f"No dimension of '{survey.name}' has a {by} with {minimum} complete answers on a scale with options, "
            "apart from groups hidden to protect their members."
        )
    rows = [_agreement_row(survey, key, part) for key, part in table.groupby("dimension", sort=False)]
    frame = pd.DataFrame(rows)
    return WithinGroupAgreement(
        frame=frame,
        groups=table,
        **account(*_who_agrees(survey, frame, table, groups, by, shown, minimum)),
        settings={"by": by, "null": null, "minimum": minimum},
        data=survey.stamp,
        hidden_groups=_most_hidden(survey, frame, table, groups),
        verdicts=judge(RWG_LEBRETON, frame["title"], frame["rwg_j_median"]),
    )


def _who_agrees(
    survey: Survey, frame: pd.DataFrame, table: pd.DataFrame, groups: pd.Series, by: str,
    shown: Mapping[str, ShownGroups], minimum: int,
) -> list[Any]:  # fmt: skip
    """Who answered every item of the dimension with most respondents, and the rules that leave some of them out."""
    largest = str(frame.loc[frame["n"].idxmax(), "dimension"])
    compared = table.loc[table["dimension"] == largest, "group"]
    complete = survey.items_of(largest).notna().all(axis=1)
    *rules, (reason, _) = _rules(groups, by, shown[largest], minimum)
    return [complete, *rules, (reason, groups.astype("str").isin(compared))]


def _most_hidden(survey: Survey, frame: pd.DataFrame, table: pd.DataFrame, groups: pd.Series) -> int:
    """The groups with complete answers that are not in the table, on the dimension that lacks most of them."""
    hidden = []
    for key in frame["dimension"]:
        complete = survey.items_of(key).notna().all(axis=1)
        hidden.append(groups[complete].nunique() - int((table["dimension"] == key).sum()))
    return max(hidden)


def _check_null(null: str | float) -> None:
    """Refuse a variance of random answers that is none."""
    if isinstance(null, str):
        check_choice("null", null, ("uniform",))
    else:
        check_positive("null", null, example=1.34)


def _group_rows(
    survey: Survey, dimension: Dimension, groups: pd.Series, null: str | float, minimum: int
) -> Iterator[dict[str, object]]:
    options = dimension.scale.points
    if options is None and null == "uniform":
        return
    random = (options**2 - 1) / 12 if null == "uniform" and options else float(null)
    items = survey.items_of(dimension.key).loc[groups.index].dropna()
    grouped = items.groupby(groups[items.index], observed=True)
    ratios = grouped.var().mean(axis=1) / random
    j = len(dimension.items)
    for (group, ratio), size in zip(ratios.items(), grouped.size(), strict=True):
        if size >= minimum:
            bounded = min(float(ratio), 1.0)  # James et al. define no negative agreement
            yield {
                "dimension": dimension.key,
                "group": str(group),
                "n": int(size),
                "rwg_j": j * (1 - bounded) / (j * (1 - bounded) + bounded),
                "rwg_j_star": 1 - float(ratio),
            }


def _agreement_row(survey: Survey, key: object, part: pd.DataFrame) -> dict[str, object]:
    dimension = survey.instrument.dimension(str(key))
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": len(dimension.items),
        "n": int(part["n"].sum()),
        "n_groups": len(part),
        "rwg_j": part["rwg_j"].mean(),
        "rwg_j_median": part["rwg_j"].median(),
        "share_strong": (part["rwg_j"] >= STRONG).mean(),
        "share_set_to_zero": (part["rwg_j_star"] < 0).mean(),
        "rwg_j_star": part["rwg_j_star"].mean(),
        "rwg_j_star_median": part["rwg_j_star"].median(),
    }
