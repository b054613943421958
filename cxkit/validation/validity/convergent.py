"""Do the items of a dimension converge? Average variance extracted, composite reliability, loadings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import AVE_FORNELL, LOADING_HAIR, OMEGA_BAGOZZI, Verdicts, judge
from cxkit.sem.after.reliability import reliability
from cxkit.survey.survey import Survey
from cxkit.validation.structure.fit import FittedModel, fitted_model, poor_fit
from cxkit.validation.weighted_models import effective_of

ENOUGH = AVE_FORNELL.bands[-1][0]


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvergentValidity(Result):
    """What the items of each dimension have in common. `misfit`: that their model fits poorly."""

    misfit: str = ""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Convergent validity"
    cites: ClassVar[tuple[str, ...]] = ("fornell1981",)
    shown: ClassVar[tuple[str, ...]] = ("title", "items", "ave", "omega", "smallest_loading", "weakest", "mean_loading")

    @property
    def text(self) -> str:
        """How many dimensions explain half of their items' variance, and which do not."""
        low = self.frame[~(self.frame["ave"] >= ENOUGH)]
        verb = "explains" if len(self.frame) == 1 else "explain"
        explain = (
            f"{len(self.frame) - len(low)} of {counted(len(self.frame), 'dimension')} {verb} at least half of their "
            f"items' variance (AVE {TWO_DIGITS(ENOUGH)}, {cite(AVE_FORNELL.source)})"
        )
        less = ", ".join(f"{t} {AVE_FORNELL.shown(v)}" for t, v in zip(low["title"], low["ave"], strict=True))
        omega = self.frame["omega"]
        runs = f"runs from {TWO_DIGITS(omega.min())} to {TWO_DIGITS(omega.max())}"
        reliability = f"Composite reliability {runs if len(omega) > 1 else f'is {TWO_DIGITS(omega.iloc[0])}'}."
        caution = f" But {self.misfit}: the numbers describe the model more than the answers." if self.misfit else ""
        return f"{explain}{f'; less: {less}' if less else ''}. {reliability}{caution}"

    @property
    def note(self) -> str:
        """By which model reliability is told, what is left out, and the usual line."""
        model = (
            f"Composite reliability: omega of the model of correlated dimensions ({self.settings['estimator']}); the "
            "tables of omega rest on models of their own."
        )
        if self.settings.get("missing") == "fiml":
            model += (
                " Alpha in its frame is of the covariances that full information maximum likelihood gives all answers; "
                "that of cronbach_alpha is of pairs of items, and differs where answers are missing."
            )
        return " ".join([model, super().note])

    @property
    def headings(self) -> Mapping[str, str]:
        """Omega by the name of its model: it is that of no other table."""
        return {"omega": "Composite reliability"}

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for axis and legend."""
        return 7.0, 1.9 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """AVE and composite reliability of each dimension."""
        each = "; ".join(
            f"{r['title']} {TWO_DIGITS(r['ave'])} and {TWO_DIGITS(r['omega'])}" for _, r in self.frame.iterrows()
        )
        return f"Average variance extracted and composite reliability by dimension: {each}."

    def draw(self, axes: Axes) -> None:
        """Both numbers, a row a dimension, with a line at the cut-off of AVE."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        for name, marker, colour, label in (
            ("ave", "o", figures.BLUE, "average variance extracted"),
            ("omega", "D", figures.ORANGE, "composite reliability"),
        ):
            axes.plot(self.frame[name], heights, linestyle="none", marker=marker, color=colour, label=label)
        figures.reference_line(axes, ENOUGH, f"AVE {TWO_DIGITS(ENOUGH)} ({cite(AVE_FORNELL.source)})")
        axes.set_xlim(0, 1)
        figures.legend_below(axes)


def convergent_validity(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    estimator: str | None = None,
    missing: str | None = None,
    ordered: Sequence[str] | bool | None = None,
) -> ConvergentValidity:
    """Do the items of each dimension measure one thing, and with more signal than error?

    The numbers come from the model of correlated dimensions; where that model does not fit (`confirm_structure`), they
    describe a model and not the answers.

    Parameters
    ----------
    survey, dimensions, estimator, missing, ordered
        As for `confirm_structure`, which also says how missing answers are treated.

    Returns
    -------
    ConvergentValidity
        A row a dimension: dimension, title, items, ave (average variance extracted), omega (composite reliability of
        the sum score; of ordered answers on the scale of the answers), alpha, smallest_loading, weakest (its item),
        mean_loading (standardised).

    Raises
    ------
    AnalysisError, ModelError
        As `confirm_structure`.

    Notes
    -----
    Agrees with R's `semTools::AVE(fit)` and `compRelSEM(fit)` of semTools 0.5-6. AVE weights items by their variance;
    it equals the mean squared standardised loading only if these are equal.
    """
    found = fitted_model(survey, dimensions=dimensions, estimator=estimator, missing=missing, ordered=ordered)
    frame = convergence(found)
    return ConvergentValidity(
        frame=frame,
        n=found.fit.n,
        n_dropped=survey.n - found.fit.n,
        n_effective=effective_of(found.fit),
        settings={k: v for k, v in found.settings.items() if k != "model"},
        data=survey.stamp,
        verdicts=Verdicts(
            judge(AVE_FORNELL, frame["title"], frame["ave"]).items
            + judge(OMEGA_BAGOZZI, frame["title"], frame["omega"]).items
            + judge(LOADING_HAIR, frame["title"], frame["smallest_loading"]).items
        ),
        misfit=poor_fit(found.fit),
        notes=found.notes,
    )


def convergence(found: FittedModel) -> pd.DataFrame:
    """AVE, composite reliability and loadings of each dimension of a model of correlated dimensions."""
    if found.fit.doubt and found.fit.doubt.everything:
        raise AnalysisError(
            f"Average variance extracted compares with the variances of all answers, and {found.fit.doubt.reason}. "
            "Leave out the items that fewest answered, or use missing='listwise'."
        )
    key, title = found.blueprint.names.key, found.blueprint.title_of
    loadings = found.loadings.set_index("item").groupby("factor", sort=False)["loading"]
    rows = []
    for row in reliability(found.fit).frame.itertuples():
        own = loadings.get_group(key[row.factor])
        rows.append(
            {
                "dimension": key[row.factor],
                "title": title[key[row.factor]],
                "items": int(row.items),
                "ave": float(row.ave),
                "omega": float(row.omega),
                "alpha": float(row.alpha),
                "smallest_loading": float(own.min()),
                "weakest": str(ties.smallest(own)),
                "mean_loading": float(own.mean()),
            }
        )
    return pd.DataFrame(rows)
