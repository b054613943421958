"""What a search for common method variance says: three techniques, and what each can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.results import figures, tables
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, probability
from cxkit.sem.after.comparison import NAMES as NAMES_OF_TESTS
from cxkit.sem.indices.variants import named
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm
from cxkit.validation.structure.fit import Variant, difference_source
from cxkit.validation.validity.method_models import BASELINE, EQUAL, FREE, HELD, MARKER, TRAITS, UNMEASURED

PLAIN = Variant(test="", indices="")
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
            worse = "fits worse" if held["p_value"] < 0.05 else "is not shown to fit worse"
            biased = f" Holding the correlations as they were {worse}: {self._p(held['p_value'])}."
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
        return f"{subject} is not shown to fit better {each}: its share of the items' variance is not determined."

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


def _fall(change: float) -> str:
    """How BIC changes, in words."""
    return f"{'falls' if change < 0 else 'rises'} by {abs(change):,.1f}"


def _from_to(base: pd.Series, other: pd.Series) -> str:
    return f"from {TWO_DIGITS(base['mean_correlation'])} to {TWO_DIGITS(other['mean_correlation'])}"
