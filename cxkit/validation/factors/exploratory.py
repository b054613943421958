"""Which items belong to which factor? Exploratory factor analysis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import fill
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import CxkitWarning, OptionError, counted
from cxkit.results import figures, tables
from cxkit.results.columns import find_column
from cxkit.results.options import check_choice, check_positive, check_whole
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import LOADING_HOWARD, judge
from cxkit.survey.survey import Survey
from cxkit.survey.wording import wording
from cxkit.validation.correlations import Missing, Selection, handling, handling_note, select
from cxkit.validation.factors.associations import Correlation, item_correlations
from cxkit.validation.factors.extraction import (
    ROTATION_REPEATS_TO,
    SMALLEST_UNIQUENESS,
    Extraction,
    Rotated,
    Rotation,
    check_number,
    rotate,
    unrotated_loadings,
)
from cxkit.validation.factors.factor_correlations import FactorCorrelations

SMALLEST_PRINTED = 0.30
"""Smaller loadings are left blank in the printed table, as is usual; the frame holds them all."""

LOADS = LOADING_HOWARD.bands[-1][0]


@dataclass(frozen=True, eq=False, kw_only=True)
class FactorSolution(Result):
    """Loadings, factor correlations and variances; factors in the order of the variance that they explain.

    Attributes
    ----------
    loadings
        Items by factors: the weights of the factors in the items (pattern).
    phi
        Factors by factors: their correlations; the identity after varimax or no rotation.
    structure
        Items by factors: the correlations of items and factors, `loadings @ phi`.
    variance
        A row a factor: factor, ss_loadings, proportion (of all items' variance), cumulative, proportion_explained.
    """

    loadings: pd.DataFrame
    phi: pd.DataFrame
    structure: pd.DataFrame
    variance: pd.DataFrame

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Exploratory factor analysis: loadings"
    repeats_to: ClassVar[float] = ROTATION_REPEATS_TO

    @property
    def n_factors(self) -> int:
        """How many factors there are."""
        return self.loadings.shape[1]

    @property
    def correlations(self) -> FactorCorrelations:
        """How the factors correlate, as a table of its own; `phi` holds the numbers."""
        frame = self.phi.reset_index(drop=True)
        frame.insert(0, "factor", [find_column(str(name)).heading for name in self.phi.index])
        return FactorCorrelations(
            frame=frame, n=self.n, n_dropped=self.n_dropped, n_effective=self.n_effective, settings=self.settings,
            data=self.data,
        )  # fmt: skip

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of extraction, rotation and cut-off."""
        method = ("harman1966",) if self.settings["method"] == "minres" else ()
        turned = ("jennrich1966",) if self.settings["rotation"] == "oblimin" and self.n_factors > 1 else ()
        return tuple(dict.fromkeys([*method, *turned, *super().references]))

    @property
    def text(self) -> str:
        """What the factors explain, which items load on none, and how the factors correlate."""
        explained = self.variance["cumulative"].iloc[-1]
        how = (
            self.settings["method"]
            if self.n_factors == 1
            else f"{self.settings['method']}, {self.settings['rotation']}"
        )
        return " ".join(
            filter(
                None,
                [
                    f"{counted(self.n_factors, 'factor')} ({how}) {'explains' if self.n_factors == 1 else 'explain'} "
                    f"{explained:.0%} of the variance of {counted(len(self.frame), 'item')}.",
                    self._homeless(),
                    self._without_items(),
                    self._joined(),
                    self._correlated(),
                ],
            )
        )

    def _homeless(self) -> str:
        largest = self.loadings.abs().max(axis=1).to_numpy()
        without = self.frame.loc[largest < LOADS, "item"].tolist()
        where = "it" if self.n_factors == 1 else "a factor"
        if not without:
            return f"Every item loads {TWO_DIGITS(LOADS)} or more on {where}."
        verb = "loads" if len(without) == 1 else "load"
        where = "it" if self.n_factors == 1 else "every factor"
        return f"{', '.join(without)} {verb} below {TWO_DIGITS(LOADS)} on {where}."

    def _without_items(self) -> str:
        """Factors that no item loads on: one of them is no dimension, whatever the number of factors says."""
        weak = self.loadings.abs().max(axis=0) < LOADS
        names = [find_column(str(name)).heading for name in self.loadings.columns[weak.to_numpy()]]
        if not names or len(names) == self.n_factors:
            return ""
        verb = "has" if len(names) == 1 else "have"
        return f"{' and '.join(names)} {verb} no loading of {TWO_DIGITS(LOADS)} or more: look at one factor fewer."

    def _joined(self) -> str:
        """Which dimensions one factor holds together: all their items, two or more each, load most on it."""
        most = ties.rounded(self.loadings.abs()).argmax(axis=1)
        at: dict[int, list[str]] = {}
        for title, places in pd.Series(most).groupby(self.frame["title"].to_numpy(), sort=False):
            if len(places) > 1 and places.nunique() == 1:
                at.setdefault(int(places.iloc[0]), []).append(str(title))
        names = [find_column(str(name)).heading for name in self.loadings.columns]
        told = [f"all items of {' and '.join(titles)} on {names[k]}" for k, titles in at.items() if len(titles) > 1]
        return f"Not told apart: {'; '.join(told)} (largest loading of each item)." if told else ""

    def _correlated(self) -> str:
        if self.n_factors == 1 or self.settings["rotation"] in ("varimax", "quartimax", "none"):
            return ""
        r = self.phi.to_numpy()[np.tril_indices(self.n_factors, -1)]
        if len(r) == 1:
            return f"The factors correlate {TWO_DIGITS(r[0])}."
        return f"Factors correlate {TWO_DIGITS(r.min())} to {TWO_DIGITS(r.max())}."

    @property
    def note(self) -> str:
        """What is not printed, what is left out, and the usual line."""
        blank = f"Loadings below {TWO_DIGITS(SMALLEST_PRINTED)} in size are not printed."
        return " ".join([blank, super().note])

    @property
    def table(self) -> pd.DataFrame:
        """Items sorted by their main factor and the size of its loading; small loadings blank."""
        factors = list(self.loadings.columns)
        size = self.loadings.abs().max(axis=1).to_numpy()
        order = np.lexsort((-size, self.frame["main_factor"].to_numpy()))
        shown = ["item", "text", *factors, "communality"]
        printed = tables.printed(self.frame.iloc[order], shown)
        small = self.loadings.abs().to_numpy()[order] < SMALLEST_PRINTED
        first = shown.index(factors[0])
        for j in range(len(factors)):
            printed.iloc[:, first + j] = printed.iloc[:, first + j].mask(small[:, j], "")
        return printed

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items, wider with more factors."""
        return 5.6 + 0.62 * max(self.n_factors, 3), 1.3 + 0.27 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The items of each factor."""
        parts = []
        for number, name in enumerate(self.loadings.columns, start=1):
            own = ties.largest_first(self.frame[self.frame["main_factor"] == number], name, by_size=True)
            parts.append(
                f"factor {number}: "
                + (", ".join(f"{i} {TWO_DIGITS(v)}" for i, v in zip(own["item"], own[name], strict=True)) or "none")
            )
        return f"Heat map of the loadings of {len(self.frame)} items. Largest loading on {'; '.join(parts)}."

    def draw(self, axes: Axes) -> None:
        """Loadings as colours and numbers, items in the order of the instrument."""
        values = self.loadings.to_numpy()
        figures.heat_map(axes, values, np.vectorize(TWO_DIGITS, otypes=[object])(values), limit=1.0)
        labels = [wording(row["item"], turned=row["reversed"]) for _, row in self.frame.iterrows()]
        axes.set_yticks(np.arange(len(values)) + 0.5, labels, fontsize=9, rotation=0)
        axes.set_xticks(np.arange(self.n_factors) + 0.5, [find_column(name).heading for name in self.loadings.columns])
        self._mark_dimensions(axes)

    def _mark_dimensions(self, axes: Axes) -> None:
        """Lines between dimensions, and their names beside the map."""
        keys = self.frame["dimension"].to_numpy()
        edges = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1), len(keys)]
        for start, end in pairwise(edges):
            if start:
                axes.axhline(start, color=figures.GREY, linewidth=1)
            title = (
                fill(str(self.frame["title"].iloc[start]), 18)
                if end - start > 1
                else str(self.frame["title"].iloc[start])
            )
            axes.annotate(
                title, (1, (start + end) / 2), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", fontsize=8.5, color=figures.GREY, va="center", ha="left",
            )  # fmt: skip


def exploratory_factors(
    survey: Survey,
    *,
    n_factors: int,
    dimensions: Sequence[str] | None = None,
    method: Extraction = "minres",
    rotation: Rotation = "oblimin",
    missing: Missing = "fiml",
    correlation: Correlation = "pearson",
    tolerance: float = 1e-5,
) -> FactorSolution:
    """Which items belong to which factor, if nobody says beforehand where they should?

    No answer is ever filled in: correlations come from all answers given, from pairs of answers or from complete
    respondents, as `missing` says.

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part. Reversed items are turned round.
    n_factors
        How many factors; `parallel_analysis` suggests a number.
    dimensions
        Keys of the dimensions; all of them where None.
    method
        "minres" leaves the smallest residual correlations; "ml" is maximum likelihood; "pa" iterates principal axes and
        stops where psych does, short of minres, at which it would end.
    rotation
        "oblimin", "promax" and "geomin" let factors correlate, as dimensions of a culture do; "target" does too and
        turns them towards the instrument, where each item loads on its dimension's factor alone; "varimax" and
        "quartimax" forbid it; "none". One factor is never rotated.
    missing
        "fiml" uses all answers (the covariances that maximum likelihood gives them, by EM), "pairwise" for each pair of
        items the respondents who answered both, "complete" only those who answered every item. Polychoric correlations
        are taken pair by pair under "fiml" too.
    correlation
        "pearson" takes answers as numbers, "polychoric" the normal variables behind ordered answers.
    tolerance
        Where the rotation stops. The default is that of R's varimax and GPArotation. Theirs stop early: with 1e-10
        varimax loadings can change by .003, oblimin loadings by .00002.

    Returns
    -------
    FactorSolution
        A row an item: dimension, title, item, text, reversed, factor_1 to factor_k (loadings), communality, uniqueness,
        complexity (how many factors the item needs), main_factor (number). Each factor's loadings add up to a positive
        number; factors come in the order of the variance that they explain.

    Raises
    ------
    AnalysisError
        If there are too many factors for the items, an item is constant or follows from others, or there are no more
        respondents than items.

    Warns
    -----
    CxkitWarning
        If an item is explained wholly (a Heywood case), a rotation did not come to rest, or oblimin has several resting
        places.

    Notes
    -----
    Agrees with R's `psych::fa(x, nfactors, fm = "minres", rotate = "oblimin")` to 1e-5, with `fm = "ml"` and with
    `rotate = "varimax"` and `"promax"` alike, and "geomin", "quartimax", "target" and "pa" with `rotate = "geominQ"`,
    `"quartimax"`, `"targetQ"` and `fm = "pa"`; polychoric correlations are those of
    `lavaan::lavCor`; apart from Heywood cases, where programs differ. Oblimin is quartimin
    (gamma = 0) without Kaiser's weights, as in GPArotation; promax has power 4 and Kaiser's weights.
    """
    _check(n_factors, method, rotation, tolerance)
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)
    selection = select(survey, dimensions, items=1, analysis="factor analysis", weighted=True)
    check_number(n_factors, len(selection.item_keys))
    target = _structure_target(selection, n_factors) if rotation == "target" else None
    found = item_correlations(survey, selection, missing, correlation, analysis="Factor analysis")
    raw = unrotated_loadings(found.correlation, n_factors, method)
    rotated = _in_order(rotate(raw, rotation, tolerance, target))
    frame = _frame(selection, rotated)
    _warn_heywood(frame)
    return FactorSolution(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={
            "dimensions": [d.key for d in selection.dimensions], "n_factors": n_factors, "method": method,
            "rotation": rotation, "missing": handling(missing, correlation), "correlation": correlation,
            "tolerance": tolerance,
        },
        data=survey.stamp,
        verdicts=judge(LOADING_HOWARD, frame["item"], np.abs(rotated.loadings).max(axis=1)),
        **_tables_of(rotated, list(found.items)),
        variance=_variance(rotated),
        notes=(*selection.notes, *handling_note(found, missing, correlation)),
    )  # fmt: skip


def _check(n_factors: int, method: Extraction, rotation: Rotation, tolerance: float) -> None:
    check_choice("method", method, Extraction)
    check_choice("rotation", rotation, Rotation)
    check_whole("n_factors", n_factors, least=0)  # 0 is what parallel analysis may suggest: the answers refuse it
    check_positive("tolerance", tolerance, example=1e-5)


def _tables_of(rotated: Rotated, items: list[str]) -> dict[str, pd.DataFrame]:
    """Pattern, correlations of the factors and structure: correlations of items with factors."""
    names = [f"factor_{j + 1}" for j in range(rotated.loadings.shape[1])]
    return {
        "loadings": pd.DataFrame(rotated.loadings, index=items, columns=names),
        "phi": pd.DataFrame(rotated.phi, index=names, columns=names),
        "structure": pd.DataFrame(rotated.loadings @ rotated.phi, index=items, columns=names),
    }


def _structure_target(selection: Selection, n_factors: int) -> np.ndarray:
    """What the instrument says: an item may load on the factor of its dimension (NaN) and on no other (0)."""
    sizes = [len(dimension.items) for dimension in selection.dimensions]
    if n_factors != len(sizes):
        raise OptionError(
            f"rotation='target' turns the factors towards the {counted(len(sizes), 'dimension')} of the instrument; "
            f"n_factors={n_factors} must be the same number."
        )
    own = np.repeat(np.arange(n_factors), sizes)
    return np.where(own[:, np.newaxis] == np.arange(n_factors), np.nan, 0.0)


def _in_order(rotated: Rotated) -> Rotated:
    """The same factors by explained variance, each turned so that its loadings add up to a positive number."""
    signs = np.where(rotated.loadings.sum(axis=0) < 0, -1.0, 1.0)
    loadings, phi = rotated.loadings * signs, rotated.phi * np.outer(signs, signs)
    order = ties.order_of(-_explained(loadings, phi))
    return Rotated(loadings=loadings[:, order], phi=phi[np.ix_(order, order)])


def _explained(loadings: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """The variance that each factor explains, shared variance of correlated factors divided among them."""
    return np.asarray(np.diag(phi @ loadings.T @ loadings))


def _frame(selection: Selection, rotated: Rotated) -> pd.DataFrame:
    loadings = rotated.loadings
    communality = ((loadings @ rotated.phi) * loadings).sum(axis=1)
    squared = loadings**2
    columns = {f"factor_{j + 1}": loadings[:, j] for j in range(loadings.shape[1])}
    return selection.item_frame.assign(
        **columns,
        communality=communality,
        uniqueness=1 - communality,
        complexity=squared.sum(axis=1) ** 2 / (squared**2).sum(axis=1),
        main_factor=ties.rounded(np.abs(loadings)).argmax(axis=1) + 1,
    )


def _variance(rotated: Rotated) -> pd.DataFrame:
    explained = _explained(rotated.loadings, rotated.phi)
    proportion = explained / len(rotated.loadings)
    return pd.DataFrame(
        {
            "factor": np.arange(1, len(explained) + 1),
            "ss_loadings": explained,
            "proportion": proportion,
            "cumulative": proportion.cumsum(),
            "proportion_explained": explained / explained.sum(),
        }
    )


def _warn_heywood(frame: pd.DataFrame) -> None:
    """A uniqueness that stopped at its bound leaves a communality of nearly 1, or of more."""
    whole = frame[frame["uniqueness"] <= SMALLEST_UNIQUENESS + 1e-6]
    if len(whole):
        items = ", ".join(f"{row['item']} ({TWO_DIGITS(row['communality'])})" for _, row in whole.iterrows())
        warnings.warn(
            f"Heywood case: the factors explain all variance, or more, of {items} (communality in brackets). The "
            "solution is improper: try fewer factors, or look for items that say the same.",
            CxkitWarning,
            stacklevel=3,
        )
