"""Do the members of a group agree enough to speak of the group's view?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.gaps.shown_groups import hidden_sentence, may_enter, rules_of_entry
from cxkit.results import figures, tables
from cxkit.results.accounting import account, whose_n
from cxkit.results.columns import find_column
from cxkit.results.options import check_choice, check_options, check_positive
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import RWG_LEBRETON, judge
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import ShownGroups, shown_by_dimension
from cxkit.survey.survey import Survey

STRONG = next(start for start, words in RWG_LEBRETON.bands if words == "strong agreement")


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
        return own.rename(columns={find_column(name).heading: plain for name, plain in self._names.items()})

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
        return " ".join([*hidden_sentence(self.hidden_groups, minimum), super().note, *whose_n(self.frame)])

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
    people = {key: may_enter(groups, by, found) for key, found in shown.items()}
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
    *rules, (reason, _) = rules_of_entry(groups, by, shown[largest], minimum)
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
