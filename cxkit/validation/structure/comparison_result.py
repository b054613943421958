"""What a comparison of structures says: which model is best, and what a construct above the dimensions costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import counted
from cxkit.results import figures
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import probability
from cxkit.results.thresholds import CFI_HU, RMSEA_HU, SRMR_HU
from cxkit.sem.after.comparison import NAMES as NAMES_OF_TESTS
from cxkit.validation.structure.confirmatory import THREE_DIGITS
from cxkit.validation.structure.fit import Variant, difference_source

SAME = {"bic": 0.01, "rmsea": 1e-6}
"""Models with as many degrees of freedom that differ by less than this differ by where their search ended."""
CLOSE = {"bic": 2.0, "rmsea": 0.0005}
"""A difference of BIC below 2 is weak evidence for either model (Raftery 1995, table 6); RMSEA is printed to .001."""

NOT_JUDGED = "not judged"
NOT_FITTED = "not fitted"
SAME_MODEL = (
    "With so few dimensions a second-order factor has as many degrees of freedom as correlated dimensions: its target "
    "coefficient of 1 is no finding."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class StructureComparison(Result):
    """Models of one instrument with their fit. `notes` say which model could not be fitted, and why.

    `kind` says which variant of chi-square and of the indices all rows show, `difference` by which test nested models
    were compared, `doubt` why incomplete answers leave the robust indices of a model without value.
    """

    kind: Variant
    difference: str = ""
    doubt: str = ""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Competing structures"
    cites: ClassVar[tuple[str, ...]] = ("marsh1985", "marsh2004")
    shown: ClassVar[tuple[str, ...]] = (
        "name", "chi_square", "df", "cfi", "rmsea", "rmsea_low..rmsea_high", "srmr", "bic", "target_coefficient",
        "verdict",
    )  # fmt: skip

    @property
    def references(self) -> tuple[str, ...]:
        """The sources; of the bifactor's flexibility only where there is one."""
        more = ["bonifay2017"] if "bifactor" in self.frame["model"].tolist() else []
        more += difference_source(self.difference)
        more += ["raftery1995"] if self._rivals()[1] and self._criterion == "bic" else []
        return tuple(dict.fromkeys([*super().references, *more]))

    @property
    def headings(self) -> Mapping[str, str]:
        """The variant of chi-square and indices."""
        return self.kind.headings

    @property
    def level(self) -> str:
        """The interval of RMSEA is one of 90 %, by custom."""
        return "90 %"

    @property
    def text(self) -> str:
        """Which model fits best and what that means, and what the construct above the dimensions costs."""
        return " ".join(filter(None, [self._best(), self._order(), self._flexible()]))

    def _best(self) -> str:
        usable = self._usable
        if usable.empty and self.doubt:
            return f"The models are not ranked by their fit: {self.doubt}."
        if usable.empty:
            return "No model gave a proper solution that could be tested."
        row = self._best_row
        judged = f"it is {row['verdict']} by {cite(CFI_HU.source)}"
        if row["verdict"] == NOT_JUDGED:
            judged = f"no cut-off was made for ordered answers ({cite('xia2019')})"
        name = "BIC" if self._criterion == "bic" else self.kind.name("RMSEA")
        found = f"Of {counted(len(usable), 'proper model')}, {row['name']} has the smallest {name}"
        if len(usable) == 1:
            found = f"There is one proper model, {row['name']}, and nothing to compare it with"
        return (
            f"{found} ({self.kind.name('CFI')} {CFI_HU.shown(row['cfi'], 3)}, {self.kind.name('RMSEA')} "
            f"{RMSEA_HU.shown(row['rmsea'], 3)}, SRMR {SRMR_HU.shown(row['srmr'], 3)}); {judged}.{self._ties()}"
        )

    @property
    def _usable(self) -> pd.DataFrame:
        fitted = self.frame.dropna(subset=["cfi"])
        return fitted[fitted["proper"].astype(bool) & (fitted["df"] > 0)]

    @property
    def _criterion(self) -> str:
        """By what models are ranked: BIC where there is a likelihood, else RMSEA.

        Of weighted answers the likelihood is a pseudo-likelihood, whose BIC does not choose as a BIC does (Lumley &
        Scott 2015, https://doi.org/10.1093/jssam/smu021).
        """
        return "bic" if self._usable["bic"].notna().all() and self.n_effective is None else "rmsea"

    @property
    def _best_row(self) -> pd.Series:
        """The best of the usable models; of equal ones the first."""
        usable, by = self._usable, self._criterion
        away = usable[by] - usable[by].min()
        return usable[away < SAME[by]].iloc[0]

    def _rivals(self) -> tuple[list[str], list[str]]:
        """The models that fit as well as the best one with its degrees of freedom, and others too close to it."""
        usable, by = self._usable, self._criterion
        if usable.empty:
            return [], []
        best = self._best_row
        others = usable.drop(index=best.name)
        away = others[by] - best[by]
        same = (away < SAME[by]) & (others["df"] == best["df"])
        close = ~same & (away < CLOSE[by])
        return others.loc[same, "name"].tolist(), others.loc[close, "name"].tolist()

    def _ties(self) -> str:
        same, close = self._rivals()
        said = ""
        if same:
            names = ", ".join(same)
            said += f" Equally good with as many degrees of freedom: {names}; these answers cannot tell them apart."
        if close and self._criterion == "bic":
            said += (
                f" Within {CLOSE['bic']:g} of its BIC, too close to prefer one ({cite('raftery1995')}): "
                f"{', '.join(close)}."
            )
        elif close:
            index = self.kind.name("RMSEA")
            said += f" With practically the same {index}, so that it ranks none first: {', '.join(close)}."
        return said

    def _order(self) -> str:
        row, first = self._row("second-order"), self._row("first-order")
        if row is None or first is None or not np.isfinite(row["target_coefficient"]):
            return ""
        if row["df"] == first["df"]:
            return "" if self._rivals()[0] else SAME_MODEL
        unscaled = ", from unscaled chi-squares" if self.kind.test else ""
        test = ""
        if np.isfinite(row["p_difference"]):
            test = (
                f" Its {NAMES_OF_TESTS[self.difference]} from correlated dimensions: p {_equals(row['p_difference'])}."
            )
        return (
            f"A second-order factor accounts for the correlations of the dimensions with a target coefficient of "
            f"{THREE_DIGITS(row['target_coefficient'])}{unscaled}; 1 would lose nothing ({cite('marsh1985')}).{test}"
        )

    def _flexible(self) -> str:
        if self._row("bifactor") is None:
            return ""
        return (
            f"That a bifactor model fits better proves little: it bends to almost any answers ({cite('bonifay2017')})."
        )

    def _row(self, model: str) -> pd.Series | None:
        rows = self.frame[(self.frame["model"] == model) & self.frame["cfi"].notna()]
        return None if rows.empty else rows.iloc[0]

    @property
    def note(self) -> str:
        """What was not fitted, what the target is, and the usual line."""
        target = ""
        if self.frame["target_coefficient"].notna().any():
            unscaled = ", from unscaled chi-squares" if self.kind.test else ""
            target = (
                f"Target: how much of the dimensions' correlations one factor above them keeps, 1 being all{unscaled}. "
            )
        return " ".join([*self.notes, target + self._usual_line])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis below."""
        return 7.0, 1.6 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """RMSEA with its interval, and CFI, of every model."""
        each = "; ".join(f"{row['name']}: {self._indices_of(row)}" for _, row in self.frame.iterrows())
        return f"{_capital(self.kind.name('RMSEA'))} of competing models with 90 % intervals. {each}."

    def _indices_of(self, row: pd.Series) -> str:
        if row["verdict"] == NOT_FITTED:
            return "not fitted"
        if not np.isfinite(row["rmsea"]):
            return "no value"
        interval = f"{THREE_DIGITS(row['rmsea_low'])} to {THREE_DIGITS(row['rmsea_high'])}"
        cfi = f"{self.kind.name('CFI')} {THREE_DIGITS(row['cfi'])}"
        return f"{self.kind.name('RMSEA')} {THREE_DIGITS(row['rmsea'])} ({interval}), {cfi}"

    def draw(self, axes: Axes) -> None:
        """RMSEA with its interval, a row a model; a line where the convention wants it to stay below."""
        heights = figures.rows(axes, [str(name).capitalize() for name in self.frame["name"]])
        rmsea, low, high = (self.frame[name].to_numpy(dtype=float) for name in ("rmsea", "rmsea_low", "rmsea_high"))
        figures.intervals(axes, heights, rmsea, low, high)
        limit = round(RMSEA_HU.bands[-1][0], 2)
        figures.reference_line(axes, limit, f"{limit:.2f}: good up to here ({cite(RMSEA_HU.source)})")
        ends = [limit, *high[np.isfinite(high)]]
        axes.set_xlim(0, 1.15 * max(ends))
        axes.set_xlabel(f"{_capital(self.kind.name('RMSEA'))}, with 90 % interval (smaller is better)")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _equals(p: float) -> str:
    shown = probability(p)
    return shown if shown.startswith("<") else f"= {shown}"
