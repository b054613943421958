"""Which functions, units or levels see the organisation otherwise than the rest?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, counted
from cxkit.gaps.effect_sizes import TwoGroups, welch
from cxkit.results import figures
from cxkit.results.invariance import NOT_EXAMINED, HoldsEvidence, InvarianceEvidence, comparability
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.tables import HIDDEN, MISSING, TWO_DIGITS, whole
from cxkit.survey.privacy import MINIMUM_CELL, hidden_note, hide_small_cells
from cxkit.survey.survey import Survey, natural_order


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupProfile(Result):
    """Mean scores of groups by dimension, small groups hidden; `comparability` says whether they may be compared."""

    comparability: str = NOT_EXAMINED

    title: ClassVar[str] = "Scores by group"
    cites: ClassVar[tuple[str, ...]] = ("hundepool2012",)

    @property
    def table(self) -> pd.DataFrame:
        """Groups down, dimensions across: the form in which people read it."""
        means = self.frame.pivot(index="group", columns="title", values="mean")
        means = means.loc[self._groups, self._titles]
        hidden = self.frame.pivot(index="group", columns="title", values="hidden").loc[self._groups, self._titles]
        sizes = self.frame.groupby("group")["n"].max()
        printed = means.map(lambda value: MISSING if np.isnan(value) else TWO_DIGITS(value)).astype("object")
        printed = printed.mask(hidden.astype(bool), HIDDEN)
        printed.insert(0, "n", [HIDDEN if np.isnan(sizes[g]) else whole(sizes[g]) for g in self._groups])
        return printed.rename_axis(None, axis=1).rename_axis(str(self.settings["by"]).capitalize()).reset_index()

    @property
    def _groups(self) -> list[str]:
        return list(dict.fromkeys(self.frame["group"]))

    @property
    def _titles(self) -> list[str]:
        return list(dict.fromkeys(self.frame["title"]))

    @property
    def text(self) -> str:
        shown = self.frame[~self.frame["hidden"]]
        clear = shown[(shown["gap_low"] > 0) | (shown["gap_high"] < 0)]
        words = f"{counted(len(clear), 'cell')} of {len(shown)} shown can be told from the rest of the organisation"
        if len(clear):
            widest = clear.loc[clear["gap"].abs().idxmax()]
            side = "above" if widest["gap"] > 0 else "below"
            size = TWO_DIGITS(abs(widest["gap"]))
            words += f"; the widest is {widest['group']} on {widest['title']}, {size} points {side} it{_judged(widest)}"
        return f"{words}. {hidden_note(self.frame, minimum=int(str(self.settings['minimum'])), noun='cell')}".strip()

    @property
    def note(self) -> str:
        """Whether groups may be compared, and the usual line."""
        return f"{self.comparability} {super().note}"

    @property
    def figure_size(self) -> tuple[float, float]:
        """Wide enough for the dimensions, tall enough for the groups."""
        return 3.0 + 0.8 * max(len(self._titles), 3), 2.4 + 0.4 * len(self._groups)

    def draw(self, axes: Axes) -> None:
        favourable = self.frame.assign(
            gap=self.frame["gap"].where(self.frame["higher_is"] != "worse", -self.frame["gap"])
        )
        gaps = favourable.pivot(index="group", columns="title", values="gap").loc[self._groups, self._titles].to_numpy()
        means = self.table.iloc[:, 2:].to_numpy()
        limit = max(0.1, float(np.nanmax(np.abs(gaps), initial=0.0)))
        figures.heat_map(axes, np.nan_to_num(gaps), means, limit=limit)
        axes.set_xticks(np.arange(len(self._titles)) + 0.5, figures.wrapped(self._titles), rotation=35, ha="right")
        axes.set_yticks(np.arange(len(self._groups)) + 0.5, figures.wrapped(self._groups), rotation=0)
        against = (self.frame["higher_is"] == "worse").any()
        sides = "better than the rest, orange worse" if against else "above the rest, orange below"
        axes.set_xlabel(f"Mean score; blue {sides}")


def _judged(cell: pd.Series) -> str:
    """Whether a distance is favourable, where low scores are the good ones and the number alone misleads."""
    if cell["higher_is"] != "worse":
        return ""
    return ", which is unfavourable" if cell["gap"] > 0 else ", which is favourable"


def group_profile(
    survey: Survey,
    *,
    by: str = "function",
    answered: float = 0.5,
    minimum: int = MINIMUM_CELL,
    invariance: InvarianceEvidence | HoldsEvidence | None = None,
    override: str = "",
) -> GroupProfile:
    """How does each function (or unit, or level) score, and which can be told from the rest?

    Groups with fewer than `minimum` scores are hidden, and so is the next smallest where one hidden group could be
    worked out from the total. Respondents without a group or a score are left out.

    Parameters
    ----------
    survey
        The survey, usually of one organisation.
    by
        The role that makes the groups.
    answered
        The share of items that must be answered for a score.
    minimum
        The smallest group whose numbers are shown.
    invariance
        What `measurement_invariance(survey, by=...)` returned, or its evidence; the note says if there is none.
    override
        The reason for comparing means although the evidence speaks against it.

    Returns
    -------
    GroupProfile
        A row a group and dimension: n, mean, sd, gap (group minus all others) with gap_low and gap_high (Welch,
        adjusted for the number of shown groups by Bonferroni's inequality), hidden.

    Raises
    ------
    AnalysisError
        If the role is not known, there is only one group, or the evidence on measurement invariance does not allow
        comparing means and no reason is given.
    """
    check_options(answered=answered, minimum=minimum)
    groups = survey.role(by)
    names = sorted(groups.dropna().astype("str").unique(), key=natural_order)
    if isinstance(groups.dtype, pd.CategoricalDtype):
        names = [str(name) for name in groups.cat.categories if str(name) in set(names)]
    if len(names) < 2:
        raise AnalysisError(f"'{survey.name}' has {counted(len(names), by)}; a comparison takes two.")
    scores = survey.scores(answered=answered)[groups.notna()]
    members = groups[groups.notna()].astype("str").to_numpy()
    seen = [name for name in names if np.count_nonzero(members == name) >= minimum]
    allowed = comparability(survey, survey.dimensions, invariance, by=by, groups=seen, override=override)
    cells = [
        {
            "dimension": d.key,
            "title": d.title,
            "higher_is": d.higher_is,
            "group": name,
            **_cell(scores[d.key].to_numpy(), members == name, len(names)),
        }
        for name in names
        for d in survey.dimensions
    ]
    frame = hide_small_cells(pd.DataFrame(cells), minimum=minimum, group="dimension")
    return GroupProfile(
        frame=frame,
        n=len(scores),
        n_dropped=survey.n - len(scores),
        settings={"by": by, "answered": answered, "minimum": minimum, "override": override},
        data=survey.stamp,
        comparability=allowed,
    )


def _cell(scores: np.ndarray, inside: np.ndarray, families: int) -> dict[str, float]:
    """Mean of one group, and its distance from everybody else with an interval wide enough for all groups at once."""
    own, rest = scores[inside & ~np.isnan(scores)], scores[~inside & ~np.isnan(scores)]
    row = dict.fromkeys(("n", "mean", "sd", "gap", "gap_low", "gap_high"), np.nan) | {"n": len(own)}
    if min(len(own), len(rest)) < 2:
        return row
    groups = TwoGroups.of(own, rest)
    low, high, _ = welch(groups, confidence=1 - 0.05 / families)
    return row | {
        "mean": groups.mean[0], "sd": groups.sd[0], "gap": groups.difference, "gap_low": low, "gap_high": high,
    }  # fmt: skip
