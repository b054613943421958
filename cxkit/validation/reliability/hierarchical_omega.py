"""May the answers to a whole questionnaire be added up? Omega hierarchical and explained common variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, OptionError
from cxkit.results import figures
from cxkit.results.options import check_choice, check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import ECV_REISE, OMEGA_HIERARCHICAL_REISE, Verdicts, judge
from cxkit.results.weighted import weights_at
from cxkit.statistics.alpha import alpha_from_covariance
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, Moments, Selection, handling, handling_note, select
from cxkit.validation.factors.associations import Correlation, item_correlations, used_answers
from cxkit.validation.factors.extraction import ROTATION_REPEATS_TO, most_factors
from cxkit.validation.reliability.schmid_leiman import GeneralAndGroup, bifactor, schmid_leiman, turned_to_general

HierarchicalMethod = Literal["schmid_leiman", "bifactor"]
ALL_ITEMS = "All items"
MOST_PAIRS = 0.80
"""Share of the pairs of items with the general factor alone in common from which ECV says little more (Reise et al.
2013)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class HierarchicalOmega(Result):
    """Where the variance of totals comes from: the whole instrument in the first row, then each group of items.

    Attributes
    ----------
    loadings
        A row an item: dimension, title, item, text, reversed, general, group_1 to group_k (loadings of standardised
        items), communality, uniqueness, share_general (of the communality), group (number of its main group factor).
    omega_total, omega_hierarchical
        Shares of the variance of the total of all items that all factors, and the general factor alone, explain.
    omega_limit
        What omega hierarchical would be with more and more items of the same kind: the general share of the reliable
        variance.
    ecv, puc
        Explained common variance: the general factor's share of what all factors explain. Percentage (0 to 1) of
        uncontaminated correlations: pairs of items that share the general factor only.
    """

    loadings: pd.DataFrame
    omega_total: float
    omega_hierarchical: float
    omega_limit: float
    ecv: float
    puc: float
    alpha: float

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Omega hierarchical: one total or several scores"
    repeats_to: ClassVar[float] = ROTATION_REPEATS_TO
    shown: ClassVar[tuple[str, ...]] = ("scale", "items", "omega_total", "omega_general", "omega_group", "ecv")

    @property
    def references(self) -> tuple[str, ...]:
        """Of the method, of the coefficients and of the cut-offs."""
        method = ("schmid1957",) if self.settings["method"] == "schmid_leiman" else ()
        return tuple(dict.fromkeys([*method, "zinbarg2005", *super().references]))

    @property
    def text(self) -> str:
        """How much of the total is the general factor, and what that allows."""
        hierarchical = OMEGA_HIERARCHICAL_REISE.shown(self.omega_hierarchical)
        return (
            f"Of the variance of the total, {self.omega_hierarchical:.0%} is due to one general factor (omega "
            f"hierarchical {hierarchical}) and {self.omega_total:.0%} to general and group "
            f"factors together (omega total {TWO_DIGITS(self.omega_total)}). The general factor makes up "
            f"{self.ecv:.0%} of the explained common variance (ECV); {self.puc:.0%} of the pairs of items share it "
            f"alone. {self._rule}"
        )

    @property
    def _rule(self) -> str:
        """Whether the total may be read as one factor: a rule of two numbers, or of one where most pairs share it."""
        dominant = OMEGA_HIERARCHICAL_REISE.bands[-1][0], ECV_REISE.bands[-1][0]
        asked = f"omega hierarchical of {TWO_DIGITS(dominant[0])}"
        may = self.omega_hierarchical >= dominant[0]
        if self.puc < MOST_PAIRS:
            asked = f"{asked} and, where fewer than {MOST_PAIRS:.0%} of the pairs share it alone, ECV of "
            asked += TWO_DIGITS(dominant[1])
            may = may and self.ecv >= dominant[1]
        verb = "may" if may else "may not"
        source = cite(OMEGA_HIERARCHICAL_REISE.source)
        return f"By the rule of {source} ({asked} or more) the total {verb} be read as one factor."

    @property
    def note(self) -> str:
        """How the factors were found, what is left out, and the usual line."""
        how = "bifactor model, maximum likelihood"
        if self.settings["method"] == "schmid_leiman":
            how = f"Schmid-Leiman, {self.settings['n_factors']} factors, minres and oblimin"
        return " ".join([f"Factors: {how}.", super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more groups, with room for the legend."""
        return 7.0, 1.9 + 0.42 * len(self.frame)

    @property
    def alt(self) -> str:
        """The three shares of every total."""
        each = [
            f"{row['scale']}: general {row['omega_general']:.0%}, group {row['omega_group']:.0%}, the rest "
            f"{1 - row['omega_total']:.0%}"
            for _, row in self.frame.iterrows()
        ]
        return f"Where the variance of each total comes from. {'; '.join(each)}."

    def draw(self, axes: Axes) -> None:
        """Bars of general, group and unexplained variance, each with its number."""
        heights = figures.rows(axes, [f"{row['scale']} ({row['items']})" for _, row in self.frame.iterrows()])
        left = np.zeros(len(heights))
        parts = (
            ("omega_general", "general factor", figures.BLUE, figures.ink_on(figures.BLUE), ""),
            ("omega_group", "group factors", figures.SKY, figures.ink_on(figures.SKY), "//"),
        )
        for key, name, colour, ink, hatch in parts:
            width = self.frame[key].to_numpy()
            axes.barh(heights, width, left=left, height=0.62, color=colour, hatch=hatch, edgecolor="white", label=name)
            for height, start, value in zip(heights, left, width, strict=True):
                if value >= 0.05:
                    axes.text(
                        start + value / 2, height, f"{value:.0%}", ha="center", va="center", color=ink, fontsize=9,
                        bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.0},
                    )  # fmt: skip
            left = left + width
        axes.barh(heights, 1 - left, left=left, height=0.62, color="#EEEEEE", edgecolor="white", label="the rest")
        axes.set_xlim(0, 1)
        axes.set_xlabel("Share of the variance of the total")
        figures.legend_below(axes)


def hierarchical_omega(
    survey: Survey,
    *,
    method: HierarchicalMethod = "schmid_leiman",
    n_factors: int | None = None,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "fiml",
    correlation: Literal["pearson", "polychoric"] = "pearson",
) -> HierarchicalOmega:
    """May the answers to all items be added up, and is anything left for the dimensions to say?

    The total is the sum of the answers for "bifactor", and of standardised answers for "schmid_leiman", as is usual.

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    method
        "schmid_leiman" explores: it needs no dimensions. "bifactor" confirms: a general factor and one a dimension,
        uncorrelated.
    n_factors
        Group factors of "schmid_leiman"; as many as dimensions where None, three with a single dimension.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "fiml" uses all answers: covariances, and the bifactor model, by maximum likelihood. "pairwise" uses for each
        pair of items the respondents who answered both ("schmid_leiman" only), "complete" only those who answered every
        item. Polychoric correlations are taken pair by pair under "fiml" too.
    correlation
        "polychoric" looks at the normal variables behind ordered answers, and at the reliability of their sum, which is
        not that of the answers ("schmid_leiman" only).

    Returns
    -------
    HierarchicalOmega
        First row: all items; then a row a group factor: scale, items, omega_total, omega_general, omega_group, ecv.
        The loadings are in `loadings`.

    Raises
    ------
    AnalysisError
        If there are too many factors for the items, an item is constant or follows from others, there are no more
        respondents than items, or the bifactor model cannot be estimated.

    Warns
    -----
    CxkitWarning
        If the general factor goes against some items, or a solution is improper.

    Notes
    -----
    "schmid_leiman" agrees with R's `psych::omega(x, nfactors)`, "bifactor" with `semTools::compRelSEM(fit)` of the
    model fitted with `std.lv = TRUE, orthogonal = TRUE`. Items belong to the group factor on
    which they load most, or in a bifactor model to their dimension.
    """
    _check(method, missing, correlation, n_factors)
    selection = select(survey, dimensions, items=1, analysis="omega hierarchical", weighted=True)
    found = item_correlations(survey, selection, missing, correlation, analysis="Omega hierarchical")
    wanted = _number_of_groups(method, n_factors, selection)
    if method == "bifactor":
        solution, spread = _of_bifactor(survey, selection, found, missing)
    else:
        solution, spread = schmid_leiman(found.correlation, wanted), np.ones(len(selection.item_keys))
    solution, key = turned_to_general(solution, selection.item_keys)
    covariance = found.correlation * np.outer(key * spread, key * spread)
    frame, group = _totals(solution, covariance, selection, method)
    return HierarchicalOmega(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={
            "dimensions": [d.key for d in selection.dimensions], "method": method, "n_factors": wanted,
            "missing": handling(missing, correlation), "correlation": correlation,
        },
        data=survey.stamp,
        verdicts=_verdicts(frame),
        loadings=_loadings(selection, solution, group),
        omega_total=float(frame["omega_total"].iloc[0]),
        omega_hierarchical=float(frame["omega_general"].iloc[0]),
        omega_limit=_limit(solution, spread, covariance),
        ecv=float(frame["ecv"].iloc[0]),
        puc=uncontaminated(group),
        alpha=alpha_from_covariance(covariance),
        notes=(*selection.notes, *handling_note(found, missing, correlation), *_two_factors_note(method, wanted)),
    )  # fmt: skip


def _two_factors_note(method: str, n_factors: int) -> tuple[str, ...]:
    """What `psych::omega` warns of: of two loadings on a general factor only the product is known."""
    if method != "schmid_leiman" or n_factors != 2:
        return ()
    return (
        "With two group factors the general factor is not identified: it needs three. Their loadings on it are set "
        "equal here (psych's option='equal'), and omega hierarchical depends on that. Proceed with caution.",
    )


def _check(method: str, missing: str, correlation: str, n_factors: int | None) -> None:
    check_choice("method", method, HierarchicalMethod)
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)
    if n_factors is not None:
        check_options(n_factors=n_factors)
    if method == "bifactor" and (missing == "pairwise" or correlation != "pearson" or n_factors is not None):
        raise OptionError(
            "method='bifactor' is fitted by maximum likelihood to answers as numbers, with a factor a dimension: leave "
            "correlation and n_factors as they are and take missing='fiml' or 'complete', or use "
            "method='schmid_leiman'."
        )


def _of_bifactor(
    survey: Survey, selection: Selection, found: Moments, missing: Missing
) -> tuple[GeneralAndGroup, np.ndarray]:
    """The bifactor model of the answers, and their standard deviations: its total is that of the raw answers."""
    used = used_answers(survey, selection, missing)
    return bifactor(used, selection, weights_at(survey, used.index)), np.sqrt(np.diag(found.covariance))


def _limit(solution: GeneralAndGroup, spread: np.ndarray, covariance: np.ndarray) -> float:
    """Omega hierarchical of a test of endless length: without unique variance (`omega.lim` of `psych::omega`)."""
    unique = float(solution.uniqueness @ spread**2)
    return float((solution.general @ spread) ** 2 / (covariance.sum() - unique))


def _number_of_groups(method: str, n_factors: int | None, selection: Selection) -> int:
    """How many group factors: a bifactor model has one a dimension, else as many as asked for.

    Where nothing is asked for, three for a single dimension, as in `psych::omega`.
    """
    dimensions = len(selection.dimensions)
    if method == "bifactor":
        return dimensions
    usual = dimensions if dimensions > 1 else 3
    wanted = usual if n_factors is None else n_factors
    _check_number(wanted, len(selection.item_keys))
    return wanted


def _check_number(n_factors: int, n_items: int) -> None:
    most = most_factors(n_items)
    if not 2 <= n_factors <= most:
        can = f"2 to {most} can" if most >= 2 else "no two can"
        raise AnalysisError(
            f"Omega hierarchical with n_factors={n_factors}: it needs two group factors, and of {n_items} items {can} "
            "be told apart. Use omega(survey) for one factor."
        )


def _totals(
    solution: GeneralAndGroup, covariance: np.ndarray, selection: Selection, method: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Shares of the variance of the total of all items and of each group's; and the group of every item."""
    spread = np.sqrt(np.diag(covariance))
    general, specific = solution.general * spread, solution.group * spread[:, np.newaxis]
    group, names = _groups(solution, selection, method)
    rows = []
    for j, name in enumerate(names):
        own = group == j
        if own.any():
            variance = covariance[np.ix_(own, own)].sum()
            rows.append(_shares(name, own, general[own].sum() ** 2, specific[own, j].sum() ** 2, variance, solution))
    of_groups = sum(specific[group == j, j].sum() ** 2 for j in range(len(names)))
    everything = np.ones(len(group), dtype=bool)
    whole = _shares(ALL_ITEMS, everything, general.sum() ** 2, of_groups, covariance.sum(), solution)
    if method == "schmid_leiman":  # items load on other group factors too: all that is not unique counts
        whole["omega_total"] = float(1 - solution.uniqueness @ spread**2 / covariance.sum())
    return pd.DataFrame([whole, *rows]), group


def _groups(solution: GeneralAndGroup, selection: Selection, method: str) -> tuple[np.ndarray, list[str]]:
    """The group of every item and the groups' names."""
    dimension = np.repeat(np.arange(len(selection.dimensions)), [len(d.items) for d in selection.dimensions])
    titles = [d.title for d in selection.dimensions]
    if method == "bifactor":
        return dimension, titles
    group = ties.rounded(np.abs(solution.group)).argmax(axis=1)
    names = []
    for j in range(solution.group.shape[1]):
        counts = np.bincount(dimension[group == j], minlength=len(titles))
        mostly = f", mostly {titles[counts.argmax()]}" if len(titles) > 1 and 2 * counts.max() > counts.sum() else ""
        names.append(f"Factor {j + 1}{mostly}")
    return group, names


def _shares(
    name: str, own: np.ndarray, general: float, specific: float, variance: float, solution: GeneralAndGroup
) -> dict[str, object]:
    return {
        "scale": name,
        "items": int(own.sum()),
        "omega_total": float((general + specific) / variance),
        "omega_general": float(general / variance),
        "omega_group": float(specific / variance),
        "ecv": _ecv(solution, own),
    }


def _ecv(solution: GeneralAndGroup, own: np.ndarray) -> float:
    general = (solution.general[own] ** 2).sum()
    return float(general / (general + (solution.group[own] ** 2).sum()))


def uncontaminated(group: np.ndarray) -> float:
    """Share of the pairs of items that belong to different groups, 0 to 1."""
    k = len(group)
    within = sum(size * (size - 1) / 2 for size in np.bincount(group))
    return float(1 - within / (k * (k - 1) / 2))


def _loadings(selection: Selection, solution: GeneralAndGroup, group: np.ndarray) -> pd.DataFrame:
    communality = 1 - solution.uniqueness
    columns = {f"group_{j + 1}": solution.group[:, j] for j in range(solution.group.shape[1])}
    return selection.item_frame.assign(
        general=solution.general,
        **columns,
        communality=communality,
        uniqueness=solution.uniqueness,
        share_general=solution.general**2 / communality,
        group=group + 1,
    )


def _verdicts(frame: pd.DataFrame) -> Verdicts:
    first = frame.iloc[0]
    return Verdicts(
        judge(OMEGA_HIERARCHICAL_REISE, [ALL_ITEMS], [first["omega_general"]]).items
        + judge(ECV_REISE, [ALL_ITEMS], [first["ecv"]]).items
    )
