"""What comparable organisations score: a norm, and what must be known of it before it may be used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from pandas.core.groupby import SeriesGroupBy

from cxkit.errors import AnalysisError, OptionError, counted, nearest
from cxkit.results import figures
from cxkit.results.accounting import account, too_few
from cxkit.results.each_dimension import of_each
from cxkit.results.invariance import NOT_EXAMINED, HoldsEvidence, InvarianceEvidence, comparability
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.weighted import weights_at
from cxkit.statistics.random_effects import Groups, VarianceComponents, restricted_maximum_likelihood
from cxkit.statistics.weighted import mean_of
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import (
    FEW_UNSTATED,
    GROUPING_ROLES,
    ShownGroups,
    shown_by_dimension,
)
from cxkit.survey.survey import About, Survey

FEWEST_ORGANISATIONS = 10
"""Below this many organisations a percentile is a guess; the norm is refused."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Norm(Result):
    """How organisations score.

    `groups` and `components` hold, by dimension, what a percentile is computed from: of the organisations that tables
    of groups may show, without their names. `comparability` says whether means of organisations may be compared.
    """

    about: About
    groups: dict[str, Groups]
    components: dict[str, VarianceComponents]
    comparability: str = NOT_EXAMINED

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "The norm: how the other organisations score"
    cites: ClassVar[tuple[str, ...]] = ("goldstein1996",)
    shown: ClassVar[tuple[str, ...]] = ("title", "organisations", "n", "norm_mean", "norm_sd", "observed_sd", "icc1")

    @property
    def text(self) -> str:
        organisations = int(self.frame["organisations"].max())
        return (
            f"The norm holds {organisations:,} organisations with {self.n:,} respondents. Population: "
            f"{self.about.population}. Period: {self.about.period}. Selection: {self.about.selection.rstrip('.')}."
        )

    @property
    def note(self) -> str:
        """Whether groups may be compared, which dimensions are left out, and the usual line."""
        return " ".join([self.comparability, super().note])

    def draw(self, axes: Axes) -> None:
        heights = figures.rows(axes, self.frame["title"].tolist())
        for height, key in zip(heights, self.frame["dimension"], strict=True):
            means = np.sort(self.groups[key].means)
            axes.plot(means, np.full(len(means), height), "|", color=figures.BLUE, markersize=12, alpha=0.6)
        axes.set_xlabel("Mean score of each organisation in the norm (one stroke each)")


def build_norm(
    survey: Survey,
    *,
    by: str = "organisation",
    leave_out: str | None = None,
    answered: float = 0.5,
    minimum: int = MINIMUM_CELL,
    about: About | None = None,
    invariance: InvarianceEvidence | HoldsEvidence | None = None,
    override: str = "",
) -> Norm:
    """What do organisations score, and how much do they truly differ?

    Organisations with fewer than `minimum` scores on a dimension are left out of it. So is everybody whom the tables of
    groups leave out, and every organisation that they may not show (see `shown_groups`): the spread of all means,
    beside the means of all but one, is that one's mean.

    Parameters
    ----------
    survey
        Answers from many organisations.
    by
        The role that makes the organisations.
    leave_out
        The organisation that will be compared with the norm: nobody is measured against themselves.
    answered
        The share of items that must be answered for a score.
    minimum
        The smallest organisation that counts.
    about
        Population, period and selection, where the survey does not state them. They are required: a percentile
        means nothing without knowing among whom. "not known" is an answer.
    invariance
        What `measurement_invariance(survey, by=...)` returned, or its evidence; the note says if there is none.
    override
        The reason for comparing means although the evidence speaks against it.

    Returns
    -------
    Norm
        A row a dimension: organisations, n, norm_mean and norm_sd (of true means, by REML), observed_sd (of observed
        means, which includes chance), icc1.

    Raises
    ------
    AnalysisError
        If population, period or selection is not stated, `leave_out` does not occur, fewer than ten organisations
        remain, or the evidence on measurement invariance does not allow comparing means and no reason is given.
    """
    check_options(answered=answered, minimum=minimum)
    _refuse_one_organisation(survey, by, leave_out)
    about = _stated(survey, about or survey.about)
    organisation = _organisation_of_each(survey, by, leave_out)
    kept = organisation.notna() & (organisation != leave_out)
    sizes = organisation[kept].value_counts()
    names = sizes.index[sizes >= minimum]
    allowed = comparability(survey, survey.dimensions, invariance, by=by, groups=names, override=override)
    all_scores = survey.scores(answered=answered)
    shown = shown_by_dimension(survey, all_scores, minimum=minimum)
    scores = all_scores[kept]
    entering = scores.apply(lambda column: column.where(_may_enter(organisation, by, shown[str(column.name)])[kept]))
    groups, left_out = of_each(
        survey.dimensions,
        lambda d: _usable_groups(survey, d, entering[d.key], organisation, minimum, shown[d.key].hidden[by] & {*names}),
    )
    components = {key: restricted_maximum_likelihood(group) for key, group in groups.items()}
    stating = {key: found.kept[kept] for key, found in shown.items()}
    return Norm(
        frame=_norm_rows(survey, groups, components),
        **_taking_part(survey, scores, entering, stating, groups, minimum),
        settings={"by": by, "leave_out": leave_out, "answered": answered, "minimum": minimum, "override": override},
        data=survey.stamp,
        about=about,
        groups=groups,
        components=components,
        comparability=allowed,
        notes=left_out,
    )


def _refuse_one_organisation(survey: Survey, by: str, leave_out: str | None) -> None:
    """Say what it means that the data hold nobody to compare with."""
    if by not in GROUPING_ROLES:
        survey.role(by)  # says which there are
    if by not in survey.respondents:
        held = f"'{survey.name}' does not say whose {by} each answer belongs to, so it counts as one {by}"
    else:
        known = set(survey.role(by).dropna().astype("str"))
        if len(known - {leave_out}) > 1 or (leave_out is not None and leave_out not in known):
            return
        held = f"'{survey.name}' holds the answers of {counted(len(known), by)}"
    raise AnalysisError(
        f"{held}, and a percentile says where one stands among others: there is no norm to compare with. The scores "
        f"themselves need none. For a percentile, name data of at least {FEWEST_ORGANISATIONS} other {by}s "
        "(norm_data in the notebook; in Python, the survey of build_norm); or, if the file does hold several, the "
        f"column that tells them apart: respondent = {{'{by}': '<column>'}} (for the file of norm_data: "
        "norm_respondent)."
    )


def _organisation_of_each(survey: Survey, by: str, leave_out: str | None) -> pd.Series:
    """Whose respondents are whose, as text; the one to leave out must be among them."""
    organisation = survey.role(by).astype("str").where(survey.role(by).notna())
    known = organisation.dropna().unique()
    if leave_out is not None and leave_out not in set(known):
        raise OptionError(f"No {by} '{leave_out}' in '{survey.name}'.{nearest(leave_out, known)}")
    return organisation


def _may_enter(organisation: pd.Series, by: str, shown: ShownGroups) -> pd.Series:
    """Who is in the tables of groups, if these are large enough: others would be the difference of norm and tables."""
    return shown.kept & ~organisation.isin(shown.hidden[by])


def _norm_rows(
    survey: Survey, groups: Mapping[str, Groups], components: Mapping[str, VarianceComponents]
) -> pd.DataFrame:
    titles = {key: survey.instrument.dimension(key).title for key in groups}
    return pd.DataFrame([_norm_row(key, titles[key], groups[key], components[key]) for key in groups])


def _taking_part(
    survey: Survey,
    scores: pd.DataFrame,
    entering: pd.DataFrame,
    stating: dict[str, np.ndarray],
    groups: dict[str, Groups],
    minimum: int,
) -> dict[str, Any]:
    """Who contributes to the dimension with most respondents."""
    largest = max(groups, key=lambda key: groups[key].respondents)
    rules = ((FEW_UNSTATED, stating[largest]), (too_few(minimum, protected=True), entering[largest].notna()))
    amount = None if survey.weights is None else float(groups[largest].n)
    return {**account(scores[largest].notna(), *rules), "n_effective": amount}


def _usable_groups(
    survey: Survey, dimension: Dimension, scores: pd.Series, organisation: pd.Series, minimum: int,
    hidden: Collection[str],
) -> Groups:  # fmt: skip
    """The organisations of one dimension, if they are enough and people within them differ."""
    groups = _groups(survey, scores, organisation, minimum)
    found = len(groups.sizes)
    but = f", not counting {counted(len(hidden), 'organisation')} hidden to protect few people" if hidden else ""
    if found < FEWEST_ORGANISATIONS:
        raise AnalysisError(
            f"Only {counted(found, 'organisation')} with {minimum} or more scores on '{dimension.title}'{but}; "
            f"a norm needs at least {FEWEST_ORGANISATIONS}: among fewer, the rank of one says next to nothing. Name "
            "data of more organisations (norm_data in the notebook)."
        )
    if groups.ss_within == 0:
        raise AnalysisError(
            f"Within every organisation all scores on '{dimension.title}' are the same; there is no telling chance "
            "from difference. Are these the respondents' own answers?"
        )
    return groups


def _stated(survey: Survey, about: About) -> About:
    missing = [field for field in ("population", "period", "selection") if not getattr(about, field)]
    if missing:
        raise AnalysisError(
            f"The norm from '{survey.name}' does not state its {', '.join(missing)}. A percentile means nothing "
            "without knowing among whom: state population, period and selection (in the notebook, the parameters of "
            'these names; in Python, about=About(population="...", period="...", selection="...")), with "not known" '
            "where it is not."
        )
    return about


def _groups(survey: Survey, scores: pd.Series, organisation: pd.Series, minimum: int) -> Groups:
    scores = scores.dropna()
    grouped = scores.groupby(organisation[scores.index])
    table = pd.DataFrame({"n": grouped.size(), "mean": grouped.mean(), "variance": grouped.var()})
    table = table[table["n"] >= minimum]
    if survey.weights is not None:
        table = _weighted_table(survey, grouped, table)
    return Groups(
        sizes=table["n"].to_numpy(),
        means=table["mean"].to_numpy(),
        ss_within=float(((table["n"] - 1) * table["variance"]).sum()),
        respondents=int(grouped.size()[table.index].sum()),
    )


def _weighted_table(survey: Survey, grouped: SeriesGroupBy, table: pd.DataFrame) -> pd.DataFrame:
    """Weighted means and variances of the organisations, each as precise as its effective number of respondents."""
    rows = {}
    for name in table.index:
        scores = grouped.get_group(name)
        found = mean_of(scores.to_numpy(), weights_at(survey, scores.index))
        rows[name] = {"n": found.n_effective, "mean": found.mean, "variance": found.sd**2}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "mean", "variance"])


def _norm_row(key: str, title: str, groups: Groups, components: VarianceComponents) -> dict[str, object]:
    return {
        "dimension": key,
        "title": title,
        "organisations": len(groups.sizes),
        "n": groups.respondents,
        "norm_mean": components.mean,
        "norm_sd": components.between**0.5,
        "observed_sd": float(groups.means.std(ddof=1)),
        "icc1": components.between / (components.between + components.within),
    }
