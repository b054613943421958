"""What differential item functioning says: which items differ, for whom, and what would have been found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import counted
from cxkit.results import figures
from cxkit.results.accounting import whose_n
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, fixed
from cxkit.results.thresholds import DIF_JODOIN
from cxkit.validation.invariance.grouping import POWER

ADJUST_SOURCES = {"holm": "holm1979", "bh": "benjamini1995"}
MODERATE, LARGE = (start for start, _ in DIF_JODOIN.bands[1:])
_THREE = fixed(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemFunctioning(Result):
    """Differential item functioning, a row an item. `notes` says what is left out, and how the purification went."""

    asked: int
    """How many items there are, tested or not."""
    untested: tuple[str, ...] = ()
    """Which items are not tested, and why, in short: the text stands in reports without the note."""

    title: ClassVar[str] = "Differential item functioning"
    sheets_of_one_person: ClassVar[str] = "one in each group, and the note says what that does"
    cites: ClassVar[tuple[str, ...]] = ("swaminathan1990",)
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "p_uniform", "p_nonuniform", "p_adjusted", "r2_change", "log_odds", "kind", "effect",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of method, adjustment, effect size and cut-offs."""
        adjust = ADJUST_SOURCES.get(str(self.settings["adjust"]))
        effect = {"nagelkerke": "nagelkerke1991", "mcfadden": "mcfadden1974"}[str(self.settings["effect"])]
        own = [*self.cites, *([adjust] if adjust else []), effect]
        return tuple(dict.fromkeys([*own, *self.verdicts.sources]))

    @property
    def text(self) -> str:
        """How many items differ, which, and for whom they are easier to agree with."""
        flagged = ties.largest_first(self.frame[self.frame["flagged"]], "r2_change")
        tested = int(self.frame["p_value"].notna().sum())
        head = f"By {self.settings['by']}, {len(flagged)} of {counted(tested, 'item')} function differently"
        untested = self.asked - tested
        why = f": {'; '.join(self.untested)}" if self.untested else ""
        rest = f" {counted(untested, 'item')} could not be tested{why}." if untested else ""
        if flagged.empty:
            tiny = int((self.frame["p_adjusted"] < self._alpha).sum())
            verb = "is" if tiny == 1 else "are"
            told = f"{counted(tiny, 'difference')} can be told from chance but {verb} negligible"
            return f"{head} to a degree that matters{f'; {told}' if tiny else ''}.{rest}"
        shown = "; ".join(_described(row) for _, row in flagged.head(5).iterrows())
        return f"{head}: {shown}{_more(flagged, 5)}.{rest}"

    @property
    def _alpha(self) -> float:
        return float(str(self.settings["alpha"]))

    @property
    def note(self) -> str:
        """The rule, what is left out, and the usual line."""
        names = {"nagelkerke": "Nagelkerke's", "mcfadden": "McFadden's"}
        how = {
            "holm": "p adjusted by Holm's method",
            "bh": "p adjusted by Benjamini and Hochberg's method",
            "none": "p",
        }
        r2 = f"{names[str(self.settings['effect'])]} R²"
        size = f" and the group adds {_THREE(MODERATE)} or more to {r2}" if self.settings["criterion"] == "size" else ""
        rule = (
            f"An item functions differently if {how[str(self.settings['adjust'])]} is below {self._alpha:g}{size}. "
            f"Δ R²: {r2}."
        )
        own = whose_n(self.frame.groupby("title", sort=False)["n"].max().reset_index())
        return " ".join([rule, self._power, super().note, *own])

    @property
    def _power(self) -> str:
        """What would be found at the error rate used, of items that differ in the smallest group."""
        known = self.frame.dropna(subset="detectable_log_odds")
        if known.empty:
            return "In groups of this size and with these answers no difference would be told from chance."
        log_odds, r2 = float(known["detectable_log_odds"].median()), float(known["detectable_r2"].median())
        tests = int(str(self.settings["tests"])) if self.settings["adjust"] != "none" else 1
        found = (
            f"An item that the smallest group alone answers differently at the same sum score, which holds the item "
            f"itself, is told from chance in {POWER:.0%} of such surveys (p below {self._alpha:g}"
            f"{f' for {tests} items' if tests > 1 else ''}) if its "
            f"log odds of a higher answer differ by {TWO_DIGITS(log_odds)} (odds ratio "
            f"{TWO_DIGITS(float(np.exp(log_odds)))}, Δ R² about {_THREE(r2)}; median item)"
        )
        # Where the test finds less than the size asks for, the size decides.
        if self.settings["criterion"] == "size" and r2 < MODERATE:
            return f"{found}, so that here Δ R² of {_THREE(MODERATE)} decides."
        return f"{found}; smaller differences often go unnoticed."

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items."""
        return 7.0, 1.8 + 0.24 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The change of R² of every item."""
        known = self.frame.dropna(subset="r2_change")
        each = ", ".join(f"{row['item']} {_THREE(row['r2_change'])}" for _, row in known.iterrows())
        return f"What the group adds to R² of each item, with lines at {MODERATE} and {LARGE}: {each}. {self.text}"

    def draw(self, axes: Axes) -> None:
        """The change of R² of every item."""
        heights = figures.rows(axes, self.frame["item"].tolist())
        values = self.frame["r2_change"].to_numpy(dtype="float64")
        flagged = self.frame["flagged"].to_numpy(dtype=bool)
        axes.hlines(heights, 0, values, color="#BBBBBB", linewidth=1.5)
        axes.plot(values[~flagged], heights[~flagged], "o", color=figures.BLUE, label="functions alike")
        if flagged.any():
            label = "functions differently"
            axes.plot(values[flagged], heights[flagged], "X", color=figures.RED, markersize=8, label=label)
        for line in (MODERATE, LARGE):
            axes.axvline(line, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(-0.002, max(LARGE * 1.2, float(np.nanmax(values, initial=0.0)) * 1.08))
        axes.set_xlabel(
            f"What {self.settings['by']} adds to R² at the same score (n = {self.n:,})\n"
            f"dashed lines: moderate from {_THREE(MODERATE)}, large from {_THREE(LARGE)} ({cite(DIF_JODOIN.source)})"
        )
        figures.legend_below(axes)


def _described(row: pd.Series) -> str:
    return (
        f"{row['item']} ({row['kind']}, {row['effect']}, change of R² {_THREE(row['r2_change'])}; answered highest by "
        f"{row['highest']}, lowest by {row['lowest']})"
    )


def _more(frame: pd.DataFrame, shown: int) -> str:
    return f"; and {len(frame) - shown} more" if len(frame) > shown else ""
