"""Which functions, units or levels see the organisation otherwise than the rest?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.gaps.shown_groups import account_of_tables
from cxkit.results import figures
from cxkit.results.invariance import NOT_EXAMINED, HoldsEvidence, InvarianceEvidence, comparability
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, whole
from cxkit.results.scales import share_one_scale
from cxkit.results.tables import HIDDEN, MISSING
from cxkit.results.weighted import weights_at
from cxkit.statistics.effect_sizes import TwoGroups, simultaneous_interval, standardised_difference
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.statistics.permutations import PERMUTATIONS, SOURCES, MaxT, error_rate_note, permuted_tables
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL, cover_rows, hidden_note
from cxkit.survey.shared_suppression import (
    left_out_of_some,
    shown_by_dimension,
    unstated_note,
)
from cxkit.survey.survey import Survey, natural_order


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupProfile(Result):
    """Mean scores of groups by dimension, small groups hidden.

    `comparability` says whether they may be compared, `tests` how many comparisons share the error rate, `one_scale`
    whether points of all dimensions are the same unit.
    """

    comparability: str = NOT_EXAMINED
    tests: int = 0
    left_out_of_some: bool = False
    one_scale: bool = True

    title: ClassVar[str] = "Scores by group"
    uses_weights: ClassVar[bool] = True

    @property
    def references(self) -> tuple[str, ...]:
        """Of the hidden cells, the tests, and Hedges' g where it orders the gaps."""
        return ("hundepool2012", *SOURCES, *([] if self.one_scale else ["hedges1981"]))

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
        hidden = hidden_note(self.frame, minimum=int(str(self.settings["minimum"])), noun="cell")
        if shown.empty:
            return f"Nothing is shown. {hidden}"
        clear = shown[shown["p_adjusted"] < FAMILY_ERROR]
        words = (
            f"{counted(len(clear), 'cell')} of {len(shown)} shown can be told from the rest of the organisation"
            f"{', allowing for all of them' if self.tests > 1 else ''}"
        )
        if len(clear):
            # The widest of those told apart: another cell, of fewer people, may lie farther off and still be chance.
            words += f"; {'it is' if len(clear) == 1 else 'the widest of these is'} {self._widest(clear)}"
        return f"{words}. {hidden}".strip()

    @property
    def _unit(self) -> str:
        """The column by which distances on several dimensions compare: points, or SDs where the scales differ."""
        return "gap" if self.one_scale else "g"

    def _widest(self, clear: pd.DataFrame) -> str:
        """The cell farthest from the rest; one without any spread has no g and comes last."""
        widest = clear.loc[ties.largest(clear[self._unit].abs().fillna(-1.0))]
        side = "above" if widest["gap"] > 0 else "below"
        size = f"{TWO_DIGITS(abs(widest['gap']))} points {side} it"
        if not self.one_scale and not np.isnan(widest["g"]):
            size += f" (g = {TWO_DIGITS(widest['g'])}; in standard deviations, because the answer scales differ)"
        return f"{widest['group']} on {widest['title']}, {size}{_judged(widest)}"

    @property
    def note(self) -> str:
        """Whether groups may be compared, what the intervals allow for, and the usual line."""
        rate = error_rate_note(self.tests, self.settings, what="Intervals and p", found="any cell is told apart")
        parts = (self.comparability, rate, unstated_note(self.left_out_of_some), super().note)
        return " ".join(part for part in parts if part)

    @property
    def figure_size(self) -> tuple[float, float]:
        """Wide enough for the dimensions, tall enough for the groups."""
        return 3.0 + 0.8 * max(len(self._titles), 3), 2.4 + 0.4 * len(self._groups)

    def draw(self, axes: Axes) -> None:
        if self.frame["hidden"].all():
            figures.say_instead(axes, "Every gap is hidden.")
            return
        distance = self.frame[self._unit]
        favourable = self.frame.assign(distance=distance.where(self.frame["higher_is"] != "worse", -distance))
        gaps = favourable.pivot(index="group", columns="title", values="distance")
        gaps = gaps.loc[self._groups, self._titles].to_numpy()
        means = self.table.iloc[:, 2:].to_numpy()
        limit = max(0.1, float(np.nanmax(np.abs(gaps), initial=0.0)))
        figures.heat_map(axes, np.nan_to_num(gaps), means, limit=limit)
        axes.set_xticks(np.arange(len(self._titles)) + 0.5, figures.wrapped(self._titles), rotation=35, ha="right")
        axes.set_yticks(np.arange(len(self._groups)) + 0.5, figures.wrapped(self._groups), rotation=0)
        against = (self.frame["higher_is"] == "worse").any()
        sides = "better than the rest, orange worse" if against else "above the rest, orange below"
        depth = "" if self.one_scale else "\ncolour: distance in standard deviations, because the answer scales differ"
        axes.set_xlabel(f"Mean score; blue {sides}{depth}")


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
    permutations: int = PERMUTATIONS,
    seed: int = 1,
) -> GroupProfile:
    """How does each function (or unit, or level) score, and which can be told from the rest?

    Groups with fewer than `minimum` scores are hidden, and so are further ones where a hidden group could be worked
    out from the total or from another table of the same report (see `shown_groups`). Respondents without a group or a
    score are left out.

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
    permutations, seed
        How often people are permuted among the groups, and the seed of it.

    Returns
    -------
    GroupProfile
        A row a group and dimension: n, mean, sd, gap (group minus all others) with gap_low and gap_high and p_adjusted
        (5 % for all shown cells of all dimensions together), g (Hedges' g, which ranks and colours gaps where answer
        scales differ), hidden. Weighted means have design-based errors, as R's `svymean` gives them for each group.

    Raises
    ------
    AnalysisError
        If the role is not known, there is only one group, or the evidence on measurement invariance does not allow
        comparing means and no reason is given.

    Notes
    -----
    A gap counts in standard errors of its own, the larger of Welch's and the pooled one, and is told from chance where
    it lies further out than the widest one of the table does in 95 of 100 surveys whose people are permuted among the
    groups, with their scores on all dimensions (Westfall & Young 1993, single step; p with Phipson & Smyth's
    correction). It holds whatever the shape of the scores and however small a group, if groups do not differ at all;
    where only their means are equal it holds for large groups (Chung & Romano 2013), and groups that differ in spread
    or skew only are told apart more often, in over 10 of 100 simulated surveys (`benchmarks/error_rates.py`).
    """
    check_options(answered=answered, minimum=minimum, permutations=permutations, seed=seed)
    groups = survey.role(by)
    names = _names_in_order(survey, by)
    all_scores = survey.scores(answered=answered)
    stated = groups.notna()
    scores, members = all_scores[stated], groups[stated].astype("str").to_numpy()
    seen = [name for name in names if np.count_nonzero(members == name) >= minimum]
    allowed = comparability(survey, survey.dimensions, invariance, by=by, groups=seen, override=override)
    shown = shown_by_dimension(survey, all_scores, minimum=minimum)
    kept = pd.DataFrame({d.key: shown[d.key].kept[stated] for d in survey.dimensions}, index=scores.index)
    comparisons = _comparisons(survey, names, scores, members, kept)
    visible = [c.group not in shown[c.dimension.key].hidden[by] and len(c.own) >= minimum for c in comparisons]
    tests = _different_tests([c for c, is_shown in zip(comparisons, visible, strict=True) if is_shown])
    group_of = pd.Index(names).get_indexer(members)
    table = _table(survey, scores.where(kept), group_of, comparisons, visible, permutations, seed)
    frame = pd.DataFrame([c.row(table) for c in comparisons])
    return GroupProfile(
        frame=cover_rows(frame, ~np.array(visible)),
        **account_of_tables(survey, all_scores, by, groups, shown),
        settings={
            "by": by, "answered": answered, "minimum": minimum, "override": override, "permutations": permutations,
            "seed": seed,
        },
        data=survey.stamp,
        comparability=allowed,
        tests=tests,
        left_out_of_some=left_out_of_some(all_scores, shown),
        one_scale=share_one_scale((d.scale.low, d.scale.high) for d in survey.dimensions),
    )  # fmt: skip


def _names_in_order(survey: Survey, by: str) -> list[str]:
    """The groups in the order of their role, else in that in which people count."""
    groups = survey.role(by)
    present = groups.dropna().astype("str").unique()
    if isinstance(groups.dtype, pd.CategoricalDtype):
        names = [str(name) for name in groups.cat.categories if str(name) in set(present)]
    else:
        names = sorted(present, key=natural_order)
    if len(names) < 2:
        raise AnalysisError(f"'{survey.name}' has {counted(len(names), by)}; a comparison needs two.")
    return names


def _table(
    survey: Survey, scores: pd.DataFrame, group_of: np.ndarray, comparisons: list[_Comparison], visible: list[bool],
    permutations: int, seed: int,
) -> MaxT:  # fmt: skip
    """What chance alone does to the gaps of the shown cells: people change groups with all their scores."""
    possible = np.array(visible) & np.array([c.is_possible for c in comparisons])
    return permuted_tables(
        scores.to_numpy(dtype="float64"), group_of, possible.reshape(-1, scores.shape[1]),
        weights_at(survey, scores.index), permutations=permutations, seed=seed,
    )  # fmt: skip


@dataclass(frozen=True)
class _Comparison:
    """The scores of one group on one dimension, those of all others, and their weights."""

    dimension: Dimension
    group: str
    own: np.ndarray
    rest: np.ndarray
    weights: tuple[np.ndarray, np.ndarray] | None

    @classmethod
    def of(
        cls, survey: Survey, dimension: Dimension, group: str, scores: pd.Series, members: np.ndarray, kept: np.ndarray
    ) -> _Comparison:
        usable = kept & scores.notna().to_numpy()
        inside, outside = usable & (members == group), usable & (members != group)
        values, weights = scores.to_numpy(), None
        if survey.weights is not None:
            weight = survey.weights[scores.index].to_numpy()
            weights = (weight[inside], weight[outside])
        return cls(dimension, group, values[inside], values[outside], weights)

    @property
    def is_possible(self) -> bool:
        return min(len(self.own), len(self.rest)) >= 2

    def row(self, table: MaxT) -> dict[str, object]:
        """Mean of the group, and its distance from everybody else with an interval that holds for all cells at once."""
        names: dict[str, object] = {
            "dimension": self.dimension.key,
            "title": self.dimension.title,
            "higher_is": self.dimension.higher_is,
            "group": self.group,
        }
        numbers = dict.fromkeys(("n", "mean", "sd", "gap", "gap_low", "gap_high", "p_adjusted", "g"), np.nan)
        if not self.is_possible:
            return names | numbers | {"n": len(self.own)}
        groups = TwoGroups.of(self.own, self.rest, self.weights)
        low, high, p = simultaneous_interval(groups, table)
        return names | {
            "n": len(self.own),
            "mean": groups.mean[0],
            "sd": groups.sd[0],
            "gap": groups.difference,
            "gap_low": low,
            "gap_high": high,
            "p_adjusted": p,
            "g": standardised_difference(groups),
        }


def _comparisons(
    survey: Survey, names: list[str], scores: pd.DataFrame, members: np.ndarray, kept: pd.DataFrame
) -> list[_Comparison]:
    """Every group on every dimension, the groups one after the other."""
    return [
        _Comparison.of(survey, d, name, scores[d.key], members, kept[d.key].to_numpy())
        for name in names
        for d in survey.dimensions
    ]


def _different_tests(comparisons: list[_Comparison]) -> int:
    """How many tests the shown cells make; two groups that are each other's rest are compared once, not twice."""
    possible = [c for c in comparisons if c.is_possible]
    sides = [frozenset((c.own.tobytes(), c.rest.tobytes())) for c in possible]
    return len({(c.dimension.key, side) for c, side in zip(possible, sides, strict=True)})
