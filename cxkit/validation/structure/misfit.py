"""Where do the answers disagree with the model? Residual correlations and modification indices, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import chi2, norm

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures, tables
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, clear_of, fixed
from cxkit.results.thresholds import RESIDUAL_KLINE, judge
from cxkit.sem.indices.variants import chi_square_variant
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit
    from cxkit.validation.structure.blueprints import Blueprint

LARGE = RESIDUAL_KLINE.bands[-1][0]
ROWS_PRINTED = 10
NUMBERS_UP_TO = 15
"""With more items than this, the picture marks large residuals by their sign only: numbers would not be readable."""

PAIR, CROSS = "items share more", "also measures"
LESS = "items share less"
ONE_DIGIT = fixed(1)
WITHOUT_RESIDUALS = (
    "Residual correlations have no value, as the means and covariances of all answers, with which a model is compared, "
    "did not settle: too few people answered some items."
)
NAMED = 3
"""So many of the findings that stand out are named in the text; the frame holds all."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Misfit(Result):
    """Pairs of items and loadings of items on other factors, by how much the model would gain.

    Attributes
    ----------
    residuals
        Items by items: observed correlation minus the model's.
    reversed_items
        The items that are worded against their dimension.
    tested
        Whether modification indices have the chi-square distribution that a test takes: those of a scaled test are not
        scaled, as in lavaan, and are told as a description.
    """

    residuals: pd.DataFrame
    reversed_items: tuple[str, ...] = ()
    tested: bool = True

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Where the model does not fit"
    cites: ClassVar[tuple[str, ...]] = ("maccallum1992",)
    shown: ClassVar[tuple[str, ...]] = ("finding", "what", "mi", "epc", "residual_r", "z_value")

    @property
    def table(self) -> pd.DataFrame:
        """The largest few by index, and the largest residual where it is not among them; the frame holds all."""
        return tables.printed(self.frame.loc[self._printed], self.shown, level=self.level)

    @property
    def _printed(self) -> list[int]:
        rows = list(self.frame.index[:ROWS_PRINTED])
        sizes = self.frame["residual_r"].abs()
        if sizes.notna().any() and ties.largest(sizes) not in rows:
            rows.append(int(ties.largest(sizes)))
        return rows

    @property
    def text(self) -> str:
        """How many residuals are large, the largest, the largest index of a loading, and which are more than chance."""
        if self.frame["mi"].isna().all():
            return "The model has no degrees of freedom: it fits any answers, so nothing can be said of misfit."
        pairs = self.frame[self.frame["other_is_item"]]
        large = int((pairs["residual_r"].abs() >= LARGE).sum())
        counts = (
            f"{large:,} of {counted(len(pairs), 'pair')} of items correlate at least {TWO_DIGITS(LARGE)} more or less "
            f"than the model says ({cite(RESIDUAL_KLINE.source)})."
        )
        if self._lacks_residuals:
            counts = WITHOUT_RESIDUALS
        parts = [counts, self._pair(pairs), self._cross(self.frame[~self.frame["other_is_item"]])]
        caution = (
            f"A model changed after these numbers fits this sample by construction: look for a reason in the wording, "
            f"and confirm it with other respondents ({cite('maccallum1992')})."
        )
        return " ".join(filter(None, [*parts, caution]))

    @property
    def _lacks_residuals(self) -> bool:
        pairs = self.frame[self.frame["other_is_item"]]
        return len(pairs) > 0 and bool(pairs["residual_r"].isna().all())

    def _pair(self, rows: pd.DataFrame) -> str:
        if rows.empty or self._lacks_residuals:
            return ""
        row = rows.loc[ties.largest(rows["residual_r"].abs())]
        than = "more" if row["residual_r"] >= 0 else "less"
        z = f"z = {ONE_DIGIT(row['z_value'])}, " if np.isfinite(row["z_value"]) else ""
        return (
            f"The largest residual correlation: {row['what']} correlate {clear_of(abs(row['residual_r']), LARGE)} "
            f"{than} than the model allows ({z}modification index {ONE_DIGIT(row['mi'])}).{self._wording(row)} "
            f"{_beyond_chance(rows, row)}"
        )

    def _wording(self, row: pd.Series) -> str:
        if not {row["item"], row["other"]} <= set(self.reversed_items) or row["residual_r"] < 0:
            return ""
        return " Both are worded against their dimension: that, or careless answering, may be all they share."

    def _cross(self, rows: pd.DataFrame) -> str:
        if rows.empty:
            return ""
        row = rows.iloc[0]
        return (
            f"The largest modification index of a loading on another factor: {row['what']} ({ONE_DIGIT(row['mi'])}, "
            f"expected standardised loading {TWO_DIGITS(row['epc'])}). {self._beyond_candidates(rows)}"
        )

    def _beyond_candidates(self, rows: pd.DataFrame) -> str:
        """Whether the largest index of so many is more than chance; an index alone takes no account of their number."""
        candidates = counted(int(rows["mi"].notna().sum()), "candidate")
        if not self.tested:
            return (
                f"It is the largest of {candidates} and described here, not tested: under {self.settings['estimator']} "
                "the indices are not scaled."
            )
        adjusted = holm(chi2.sf(rows["mi"].to_numpy(dtype=float), 1))
        beyond = rows[adjusted < FAMILY_ERROR]
        stands = "stands" if len(beyond) == 1 else "stand"
        return (
            f"{len(beyond) or 'None'} of {candidates} {stands} out from chance once all are allowed for (χ² with 1 "
            f"degree of freedom, Holm, {FAMILY_ERROR:.0%}){_which(beyond, rows.iloc[0], _loading)}."
        )

    @property
    def note(self) -> str:
        """What the columns mean, and the usual line."""
        more = len(self.frame) - ROWS_PRINTED
        added = ", and the largest residual correlation" if len(self._printed) > ROWS_PRINTED else ""
        rest = f"The largest {ROWS_PRINTED} of {len(self.frame):,} by index{added}. " if more > 0 else ""
        turned = "Items marked (reversed) are turned round. " if self.reversed_items else ""
        return (
            f"{rest}{turned}Index: fall of chi-square if this were allowed. Expected: the standardised loading or "
            f"residual correlation it would get. Residual r: observed minus modelled correlation. {super().note}"
        )

    @property
    def figure_size(self) -> tuple[float, float]:
        """Square, growing with the items."""
        side = 2.2 + 0.34 * max(len(self.residuals), 4) if self._small else min(2.6 + 0.17 * len(self.residuals), 9.6)
        return side + 0.4, side

    @property
    def _small(self) -> bool:
        return len(self.residuals) <= NUMBERS_UP_TO

    @property
    def alt(self) -> str:
        """The largest residual correlations."""
        if self._lacks_residuals:
            return f"Empty heat map of {len(self.residuals)} items. {WITHOUT_RESIDUALS}"
        pairs = self.frame[self.frame["other_is_item"]]
        top = ties.largest_first(pairs, "residual_r", by_size=True).head(5)
        each = (f"{a} and {b} {TWO_DIGITS(r)}" for a, b, r in zip(top["item"], top["other"], top["residual_r"],
                                                                  strict=True))  # fmt: skip
        return f"Heat map of {len(self.residuals)} items' residual correlations. Largest: {'; '.join(each)}."

    def draw(self, axes: Axes) -> None:
        """Residual correlations as colours; numbers where there is room, else the sign of the large ones."""
        values = self.residuals.fillna(0.0).to_numpy()
        lower = np.tril(self.residuals.notna().to_numpy(), -1)
        words = TWO_DIGITS if self._small else _signs
        texts = np.where(lower, np.vectorize(words, otypes=[object])(values), "")
        figures.heat_map(axes, np.where(lower, values, 0.0), texts, limit=max(0.2, float(np.abs(values).max())))
        places = np.arange(len(values)) + 0.5
        size = 9 if self._small else 7
        axes.set_yticks(places, self.residuals.index, fontsize=size, rotation=0)
        axes.set_xticks(places, self.residuals.columns, fontsize=size, rotation=90)
        legend = "" if self._small else f"; + and − mark {TWO_DIGITS(LARGE)} or more in size"
        axes.set_xlabel(f"Observed minus modelled correlation{legend}")


def _beyond_chance(pairs: pd.DataFrame, named: pd.Series) -> str:
    """Which residuals stand out once all pairs are allowed for, by Holm over the two-sided tests of their z.

    The largest residual need not be among them: a residual varies less by chance where its items load strongly.
    """
    z = pairs["z_value"].to_numpy(dtype=float)
    if np.isnan(z).all():
        return ""
    adjusted = holm(2 * norm.sf(np.abs(z)))
    order = ties.order_of(-np.abs(z))
    beyond = pairs.iloc[order[adjusted[order] < FAMILY_ERROR]]
    tests = f"z tests of {counted(int((~np.isnan(z)).sum()), 'pair')}, Holm, {FAMILY_ERROR:.0%}"
    if beyond.empty:
        return f"None of the residual correlations stands out from chance once all pairs are allowed for ({tests})."
    return (
        f"{len(beyond):,} of the residual correlations {'stands' if len(beyond) == 1 else 'stand'} out from chance "
        f"once all pairs are allowed for ({tests}){_which(beyond, named, _residual)}."
    )


def _which(beyond: pd.DataFrame, named: pd.Series, say: Callable[[pd.Series], str]) -> str:
    """Whether the finding that the sentence before names is among those that stand out, and the first of the others."""
    if beyond.empty:
        return ""
    others = beyond.drop(index=named.name, errors="ignore")
    is_named = len(others) < len(beyond)
    shown = [say(row) for _, row in others.head(NAMED - is_named).iterrows()]
    more = len(others) - len(shown)
    listed = [*(["the largest"] if is_named else []), *shown, *([f"{more:,} more"] if more else [])]
    whole = " and ".join(filter(None, ["; ".join(listed[:-1]), listed[-1]]))
    return f": {whole}" if is_named else f": not the largest but {whole}"


def _residual(row: pd.Series) -> str:
    return f"{row['item']} with {row['other']} ({TWO_DIGITS(row['residual_r'])}, z = {ONE_DIGIT(row['z_value'])})"


def _loading(row: pd.Series) -> str:
    return f"{row['what']} ({ONE_DIGIT(row['mi'])})"


def _signs(value: float) -> str:
    return ("+" if value > 0 else "−") if abs(value) >= LARGE else ""


def misfit_of(structure: Result, fit: Fit, drawn: Blueprint) -> Misfit:
    """Compare what was observed with what the model says; see `find_misfit`.

    `drawn` is the model as drawn up from the instrument, `structure` the result that tells whose answers it is of.
    """
    residuals, z = _residuals(fit)
    changes = fit.modification_indices()
    names = drawn.names
    indices: dict[object, tuple[float, float]] = {
        frozenset((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs): (row.mi, row.sepc_all)
        for row in changes.itertuples()
    }
    rows = [*_pair_rows(drawn, residuals, z, indices), *_cross_rows(drawn, indices)]
    columns = ["finding", "item", "other", "other_is_item", "what", "mi", "epc", "residual_r", "z_value"]
    frame = ties.largest_first(pd.DataFrame(rows, columns=columns), "mi").reset_index(drop=True)
    keys = [names.key[name] for name in residuals.index]
    pairs = frame[frame["other_is_item"]]
    return Misfit(
        frame=frame,
        n=structure.n,
        n_dropped=structure.n_dropped,
        n_effective=structure.n_effective,
        settings=structure.settings,
        data=structure.data,
        verdicts=judge(
            RESIDUAL_KLINE, (pairs["item"] + " and " + pairs["other"]).tolist(), pairs["residual_r"].abs().tolist()
        ),
        residuals=residuals.set_axis(keys, axis=0).set_axis(keys, axis=1),
        tested=not chi_square_variant(fit),
        reversed_items=tuple(key for key, item in drawn.items.items() if item.reversed),
    )


def _residuals(fit: Fit) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not fit.sample.settled:
        names = list(fit.sample.groups[0].names)
        empty = pd.DataFrame(np.nan, index=names, columns=names)
        return empty, empty
    raw, standardised = (fit.residuals(kind) for kind in ("cor", "standardized"))
    if isinstance(raw, dict) or isinstance(standardised, dict):
        raise AnalysisError("Misfit is told for a model of one group.")
    return raw.cov, standardised.cov


def _pair_rows(
    drawn: Blueprint, residuals: pd.DataFrame, z: pd.DataFrame, indices: dict[object, tuple[float, float]]
) -> list[tuple[object, ...]]:
    key, items = drawn.names.key, drawn.items
    rows: list[tuple[object, ...]] = []
    for a, b in combinations(residuals.index, 2):
        residual = float(residuals.loc[a, b])
        mi, epc = indices.get(frozenset((a, b)), (np.nan, np.nan))
        what = f"{key[a]} {items[key[a]].quoted} and {key[b]} {items[key[b]].quoted}"
        change = epc if np.isnan(residual) else residual
        rows.append((PAIR if change >= 0 else LESS, key[a], key[b], True, what, mi, epc, residual, float(z.loc[a, b])))
    return rows


def _cross_rows(drawn: Blueprint, indices: dict[object, tuple[float, float]]) -> list[tuple[object, ...]]:
    key, title = drawn.names.key, drawn.title_of
    rows: list[tuple[object, ...]] = []
    for change, (mi, epc) in indices.items():
        if isinstance(change, frozenset) or not isinstance(change, tuple) or key.get(change[1]) not in drawn.items:
            continue
        factor, item = key[change[0]], key[change[1]]
        what = f"{item} {drawn.items[item].quoted} on '{title[factor]}'"
        rows.append((CROSS, item, factor, False, what, mi, epc, np.nan, np.nan))
    return rows
