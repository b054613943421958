"""Do dimensions correlate only because the same people answered the same questionnaire? Common method variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, OptionError, nearest
from cxkit.results import figures, tables
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, probability
from cxkit.results.weighted import effective_among, weights_at
from cxkit.sem.after.comparison import NAMES as NAMES_OF_TESTS
from cxkit.sem.after.comparison import default_method
from cxkit.sem.indices.variants import named
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import asked_for, moments
from cxkit.validation.structure.blueprints import (
    FULL_INFORMATION,
    Blueprint,
    Names,
    Plan,
    blueprint,
    plan,
    refuse_unusable,
)
from cxkit.validation.structure.fit import Variant, difference_source, variant
from cxkit.validation.validity.method_models import (
    BASELINE,
    EQUAL,
    FREE,
    HELD,
    MARKER,
    METHOD,
    TRAITS,
    UNMEASURED,
    Ladder,
    unmeasured,
)
from cxkit.validation.validity.method_models import (
    marker as marker_models,
)
from cxkit.validation.weighted_models import effective_of, with_weights

PLAIN = Variant(test="", indices="")
HARMAN = "Harman's single factor"
VERY_STRONG = 10.0
"""A fall of BIC beyond this is very strong evidence (Raftery 1995, table 6).

Of simulated surveys without method, falls beyond 2 are found in up to 10 of 100 and beyond 6 in up to 5.
"""
NO_P = (
    "That of an unmeasured method factor has no p: without method its loadings lie at 0, a boundary where nothing "
    "identifies them, and the difference has no chi-square distribution."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class CommonMethod(Result):
    """Three ways to look for common method variance, and what each can show. `notes` say what could not be fitted.

    `kind` says which variant of chi-square and CFI all rows show, `difference` by which test models were compared.
    """

    harman: float
    kind: Variant = PLAIN
    difference: str = "standard"

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Common method variance"
    cites: ClassVar[tuple[str, ...]] = ("podsakoff2003", "richardson2009", "raftery1995")
    shown: ClassVar[tuple[str, ...]] = (
        "technique", "model", "chi_square", "df", "cfi", "chi_square_difference", "df_difference", "p_value", "d_bic",
        "d_cfi", "d_rmsea", "method_share", "mean_correlation",
    )  # fmt: skip
    grouped: ClassVar[str] = "technique"

    @property
    def references(self) -> tuple[str, ...]:
        """The sources; of the marker technique only where it was used."""
        more = ["williams2010"] if MARKER in self.frame["technique"].tolist() else []
        return tuple(dict.fromkeys([*super().references, *more, *difference_source(self.difference)]))

    @property
    def headings(self) -> Mapping[str, str]:
        """The variant of chi-square and CFI."""
        changes = {f"d_{name.lower()}": named(self.kind.indices.capitalize(), f"Δ{name}") for name in ("CFI", "RMSEA")}
        return {**self.kind.headings, **changes}

    @property
    def text(self) -> str:
        """What each technique found, with what it cannot show."""
        harman = (
            f"Harman's test: the first component holds {self.harman:.0%} of the items' variance; this number is no "
            f"evidence for or against common method variance ({cite('podsakoff2003')})."
        )
        return " ".join(filter(None, [harman, self._unmeasured(), self._marker()]))

    @cached_property
    def better(self) -> pd.Series:
        """Row by row, whether a method factor fits better: by BIC where it is unmeasured, by its test with a marker.

        Without method all loadings of an unmeasured factor are 0, the boundary of its variance, and nothing identifies
        them one by one: chi-square differences have no chi-square distribution there, and p below .05 called 18 of 100
        surveys without method better. A marker identifies the loadings; its tests are one family (Holm).
        """
        models = self.frame["model"].isin([EQUAL, FREE])
        proper = self.frame["proper"].astype(bool)
        unmeasured = models & (self.frame["technique"] == UNMEASURED)
        found = unmeasured & proper & (self.frame["d_bic"] < -VERY_STRONG)
        if self.n_effective is not None:  # the likelihood of weighted answers is a pseudo-likelihood
            found[:] = False
        rows = self.frame.index[models & (self.frame["technique"] == MARKER)]
        found[rows] = holm(self.frame.loc[rows, "p_value"].to_numpy(dtype=float)) < FAMILY_ERROR
        return found & proper

    def _unmeasured(self) -> str:
        found = self._unmeasured_finding()
        return f"{found} Such a factor takes up whatever all items share, method or not ({cite('richardson2009')})."

    def _unmeasured_finding(self) -> str:
        """What BIC says of the proper models, and which have no verdict."""
        subject = "An unmeasured method factor"
        rows = [row for model in (FREE, EQUAL) if (row := self._row(UNMEASURED, model)) is not None]
        if not rows:
            return f"{subject} could not be fitted."
        improper = [row["model"] for row in rows if not row["proper"]]
        judged = [row for row in rows if row["proper"] and np.isfinite(row["d_bic"])]
        none = f" With {' and with '.join(improper)} its solution is improper: no verdict." if improper else ""
        if self.n_effective is not None:
            return f"{subject} has no verdict: weighted answers have no likelihood whose BIC could choose.{none}"
        if not judged:
            return f"{subject} has no verdict.{none}"
        better = [row for row in judged if self.better[row.name]]
        each = " and ".join(f"{_fall(row['d_bic'])} with {row['model']}" for row in better or judged)
        limit = f"a fall of more than {VERY_STRONG:g} is very strong evidence, {cite('raftery1995')}"
        if not better:
            return (
                f"{subject} is not shown to fit better: BIC {each} ({limit}); its share of the items' variance is not "
                f"determined.{none}"
            )
        own = better[0]
        return (
            f"{subject} fits better: BIC {each} ({limit}); it would explain {own['method_share']:.0%} of the items' "
            f"variance on average{self._moves(UNMEASURED, TRAITS, own)}.{none}"
        )

    def _moves(self, technique: str, base: str, own: pd.Series) -> str:
        """How far the mean correlation moves from that of the model without method, where both are proper."""
        first = self._row(technique, base)
        if first is None or not first["proper"]:
            return ""
        return f"; the dimensions' mean correlation goes {_from_to(first, own)}"

    def _marker(self) -> str:
        if self._row(MARKER, BASELINE) is None:
            return ""
        found = self._sentence(MARKER, BASELINE, "A method factor measured by the marker")
        held = self._row(MARKER, HELD)
        biased = ""
        if held is not None and held["proper"] and np.isfinite(held["p_value"]):
            does = "does" if held["p_value"] < 0.05 else "does not"
            biased = f" Holding the correlations as they were {does} fit worse: {self._p(held['p_value'])}."
        return (
            f"{found}{biased} This holds as far as the marker shares nothing but method with the dimensions "
            f"({cite('williams2010')})."
        )

    def _sentence(self, technique: str, base: str, subject: str) -> str:
        """Whether method measured by a marker fits better, by which model and test, and its share where it does."""
        rows = [row for model in (FREE, EQUAL) if (row := self._row(technique, model)) is not None]
        if not rows:
            return f"{subject} could not be fitted."
        improper = [row["model"] for row in rows if not row["proper"]]
        none = f" With {' and with '.join(improper)} its solution is improper: no verdict." if improper else ""
        judged = [row for row in rows if row["proper"]]
        if not judged:
            return f"{subject} has no verdict.{none}"
        better = [row for row in judged if self.better[row.name]]
        if not better:
            return self._no_better(judged, subject) + none
        own = better[0]
        return (
            f"{subject} with {self._tested(own)} fits better and explains {own['method_share']:.0%} of the items' "
            f"variance on average{self._moves(technique, base, own)}.{none}"
        )

    def _no_better(self, rows: list[pd.Series], subject: str) -> str:
        """That no test holds, or that there is none."""
        tested = [row for row in rows if np.isfinite(row["p_value"])]
        if not tested:
            return (
                f"{subject} has no difference test (see the note): its share of the items' variance is not determined."
            )
        each = " and ".join(f"with {self._tested(row)}" for row in reversed(tested))
        return f"{subject} fits no better {each}: its share of the items' variance is not determined."

    def _tested(self, row: pd.Series) -> str:
        return f"{row['model']} ({self._p(row['p_value'])})"

    def _p(self, value: float) -> str:
        p = probability(value)
        return f"{NAMES_OF_TESTS[self.difference]}, p {p if p[0] == '<' else f'= {p}'}"

    def _row(self, technique: str, model: str) -> pd.Series | None:
        """The row of a model that could be fitted."""
        rows = self.frame[(self.frame["technique"] == technique) & (self.frame["model"] == model)]
        return rows.iloc[0] if len(rows) else None

    @property
    def note(self) -> str:
        """What the columns mean, what was not fitted, and the usual line."""
        columns = (
            f"Method: share of the items' variance, where the method factor fits better ({self._rule}) and its "
            "solution is proper. Mean |r|: of the dimensions. Δχ²: from the model above of which it is a part, or "
            f"which is a part of it; {NAMES_OF_TESTS[self.difference]}. {NO_P} ΔBIC, ΔCFI, ΔRMSEA: from the model "
            "without method."
        )
        return " ".join([columns, super().note])

    @property
    def _rule(self) -> str:
        """By what a method factor is said to fit better."""
        by_bic = f"BIC lower by more than {VERY_STRONG:g}, {cite('raftery1995')}"
        if self._row(MARKER, BASELINE) is None:
            return by_bic
        return f"unmeasured: {by_bic}; marker: p of the difference, by Holm's method, below .05"

    @property
    def table(self) -> pd.DataFrame:
        """The models, improper ones marked."""
        proper = self.frame["proper"]
        mark = self.frame["model"].where(proper, self.frame["model"] + " (improper)")
        shown = self.frame.assign(model=mark, method_share=self._shares)
        return tables.printed(shown, self.shown, level=self.level, headings=self.headings)

    @property
    def _shares(self) -> pd.Series:
        """The shares of variance that are determined: method fits better, in a proper solution."""
        is_method = self.frame["model"].isin([EQUAL, FREE])
        return self.frame["method_share"].where(self.frame["proper"] & (self.better | ~is_method))

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for axis and legend."""
        return 7.4, 1.9 + 0.38 * max(len(self._drawn), 3)

    @property
    def _drawn(self) -> pd.DataFrame:
        """The proper models, those with a method factor not shown to fit better called so."""
        no_better = self.frame["model"].isin([EQUAL, FREE]) & ~self.better
        named = self.frame["model"].where(~no_better, self.frame["model"] + " (not shown to fit better)")
        drawn = self.frame.assign(model=named, method_share=self._shares)
        return drawn[drawn["mean_correlation"].notna() & drawn["proper"]]

    @property
    def alt(self) -> str:
        """The mean correlation of the dimensions under every model."""
        each = "; ".join(
            f"{r['technique']}, {r['model']}: {TWO_DIGITS(r['mean_correlation'])}" for _, r in self._drawn.iterrows()
        )
        return f"Mean size of the dimensions' correlations, with and without a method factor. {each or 'None'}."

    def draw(self, axes: Axes) -> None:
        """The mean correlation of the dimensions, and the method's share of variance, a row a model."""
        drawn = self._drawn
        heights = figures.rows(axes, (drawn["technique"] + ": " + drawn["model"]).str.capitalize().tolist())
        for name, marker, colour, label in (
            ("mean_correlation", "o", figures.BLUE, "mean correlation of the dimensions"),
            ("method_share", "D", figures.ORANGE, "share of variance due to method, where it fits better"),
        ):
            axes.plot(drawn[name], heights, linestyle="none", marker=marker, color=colour, label=label)
        axes.set_xlim(0, 1)
        figures.legend_below(axes)


def common_method(
    survey: Survey,
    *,
    marker: str | Sequence[str] | None = None,
    dimensions: Sequence[str] | None = None,
    estimator: str = "MLR",
    missing: str | None = None,
) -> CommonMethod:
    """How much of what the dimensions share could come from the way of asking?

    Harman's test is reported because reviewers ask for it, and labelled as what it is. An unmeasured method factor
    shows the most that method could explain; only a marker (items that theory says are unrelated to the dimensions)
    separates method from substance.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    marker
        The key of a dimension, or the keys of two items or more; None leaves the marker technique out.
    dimensions
        Keys of the dimensions whose correlations are in question; all others but the marker where None.
    estimator
        "MLR" or "ML".
    missing
        "fiml" or "listwise"; None is "fiml".

    Returns
    -------
    CommonMethod
        A row a model: technique, model, chi_square, df, cfi, rmsea, bic, chi_square_difference, df_difference, p_value
        (of the difference; NaN of an unmeasured method factor, where it has no chi-square distribution), d_bic, d_cfi
        and d_rmsea (changes from the model without method), method_share (mean squared standardised loading on the
        method factor), mean_correlation (mean size of the dimensions' correlations; both NaN where the solution is
        improper), proper (no negative variance, no correlation beyond 1), test and variant
        (which chi-square, and which CFI and RMSEA: "robust", "scaled" or "" for the plain ones; under MLR differences
        are scaled as in Satorra & Bentler 2001). `harman` is the share of the first principal component.

    Raises
    ------
    AnalysisError
        If there are fewer than two dimensions, the marker is unknown or has one item, or the answers cannot carry a
        model.

    Notes
    -----
    Agrees with R's `lavaan::cfa` and `lavTestLRT` on the models that the reference script spells out; the marker's
    models are those of Williams, Hartman & Cavazotte (2010). Harman: `prcomp(x, scale. = TRUE)`. An unmeasured method
    factor is said to fit better where its solution is proper and BIC falls by more than 10: at most 5 of 100 simulated
    surveys without method (`benchmarks/method_factors.py`).
    """
    if str(estimator).upper() not in FULL_INFORMATION:
        raise OptionError(f"common_method takes estimator='MLR' or 'ML', not '{estimator}'.")
    own = _marker_items(survey, marker)
    drawn = _drawn(survey, _substantive(survey, dimensions, own))
    keys = [*drawn.items, *own]
    items = {key: survey.instrument.items[key] for key in keys}
    how = plan(survey, items, estimator=estimator, missing=missing, ordered=False)
    refuse_unusable(survey, keys, how.missing)
    ladders = _ladders(survey, drawn, own, how)
    harman = _first_component(survey, list(drawn.items), how)
    first = {"technique": HARMAN, "model": "first component: no evidence", "method_share": harman, "proper": True}
    fitted = [fit for ladder in ladders for fit in ladder.fits.values()]
    kind = variant(fitted) if fitted else PLAIN
    complete = survey.answers[keys].notna().all(axis=1)
    n = fitted[0].n if fitted else int(complete.sum())
    return CommonMethod(
        frame=pd.DataFrame([first, *(row for ladder in ladders for row in ladder.rows(kind))]).reindex(columns=COLUMNS),
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_of(fitted[0]) if fitted else effective_among(survey, complete),
        settings={
            "marker": own, "dimensions": [d.key for d in drawn.dimensions], "estimator": how.estimator,
            "missing": how.missing,
        },
        data=survey.stamp,
        harman=harman,
        kind=kind,
        difference=default_method(fitted[0]) if fitted else "standard",
        notes=tuple(filter(None, [*drawn.notes, *how.reasons, *(r for ladder in ladders for r in ladder.remarks)])),
    )  # fmt: skip


COLUMNS = [
    "technique", "model", "chi_square", "df", "cfi", "rmsea", "bic", "chi_square_difference", "df_difference",
    "p_value", "d_bic", "d_cfi", "d_rmsea", "method_share", "mean_correlation", "proper", "test", "variant",
]  # fmt: skip


def _drawn(survey: Survey, dimensions: Sequence[str] | None) -> Blueprint:
    drawn = blueprint(survey, "first-order", dimensions)
    if len(drawn.dimensions) < 2:
        raise AnalysisError(
            "Common method variance is a question about how dimensions correlate: it needs two dimensions of two "
            "items or more, without the marker."
        )
    return drawn


def _fall(change: float) -> str:
    """How BIC changes, in words."""
    return f"{'falls' if change < 0 else 'rises'} by {abs(change):,.1f}"


def _from_to(base: pd.Series, other: pd.Series) -> str:
    return f"from {TWO_DIGITS(base['mean_correlation'])} to {TWO_DIGITS(other['mean_correlation'])}"


def _marker_items(survey: Survey, marker: str | Sequence[str] | None) -> list[str]:
    if marker is None:
        return []
    if isinstance(marker, str) and marker in survey.instrument.dimension_keys:
        own = survey.instrument.dimension(marker).item_keys
    else:
        own = [marker] if isinstance(marker, str) else list(marker)
        for key in own:
            if key not in survey.instrument.items:
                known = [*survey.instrument.dimension_keys, *survey.instrument.items]
                raise OptionError(f"marker= names '{key}', neither a dimension nor an item.{nearest(key, known)}")
    if len(own) < 2:
        raise AnalysisError(
            f"The marker {', '.join(own)} has one item. The technique needs a factor, which needs two items or more: "
            "with one, its own error cannot be told from method."
        )
    return own


def _substantive(survey: Survey, dimensions: Sequence[str] | None, own: list[str]) -> list[str]:
    """The dimensions in question, none of which may hold an item of the marker."""
    if dimensions is not None:
        keys = [dimension.key for dimension in asked_for(survey, dimensions)]
    else:
        keys = [d.key for d in survey.dimensions if not set(d.item_keys) & set(own)]
    shared = [key for key in keys if set(survey.instrument.dimension(key).item_keys) & set(own)]
    if shared:
        raise AnalysisError(
            f"The marker holds items of '{shared[0]}', whose correlations are in question: leave it out."
        )
    return keys


def _ladders(survey: Survey, drawn: Blueprint, own: list[str], how: Plan) -> list[Ladder]:
    names = Names.of([*drawn.items, *own, *(f.key for f in drawn.factors), METHOD])
    chosen = survey.answers[[*drawn.items, *own]]
    answers = chosen.set_axis([names.safe[key] for key in chosen.columns], axis=1)
    answers, weights = with_weights(answers, survey)
    if how.missing == "listwise":
        answers = answers.dropna()
    ladders = [
        Ladder(technique=technique, answers=answers, drawn=drawn, names=names, how=how, weights=weights)
        for technique in ((UNMEASURED, MARKER) if own else (UNMEASURED,))
    ]
    unmeasured(ladders[0])
    if own:
        marker_models(ladders[1], [names.safe[key] for key in own])
    return ladders


def _first_component(survey: Survey, keys: list[str], how: Plan) -> float:
    """Share of the first principal component, from complete respondents or from pairs of answers, as the models."""
    answers = survey.answers[keys]
    weights = weights_at(survey, answers.index)
    r = moments(answers, "complete" if how.missing == "listwise" else "pairwise", weights).correlation
    return float(np.linalg.eigvalsh(r)[-1] / len(r))
