"""What an invariance ladder found: table, sentence, figure, and the evidence for whoever compares means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from matplotlib.axes import Axes

from cxkit.results import figures, tables
from cxkit.results.invariance import InvarianceEvidence
from cxkit.results.result import Result
from cxkit.results.tables import fixed
from cxkit.sem.fit import Fit
from cxkit.validation.invariance.models import in_words

THREE = fixed(3)
MARKS = {
    "thresholds": ("v", figures.SKY),
    "metric": ("o", figures.BLUE),
    "scalar": ("s", figures.ORANGE),
    "strict": ("D", figures.GREEN),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Invariance(Result):
    """The ladder of invariance, a row a fitted model.

    Attributes
    ----------
    evidence
        What `level_gap`, `group_profile` and `build_norm` take as `invariance=`.
    fits
        Dimension (or "together") to level to its last fit: all that the models estimated.
    notes
        Whom and what the analysis leaves out, and why.
    """

    evidence: InvarianceEvidence
    fits: Mapping[str, Mapping[str, Fit]]
    group_sizes: Mapping[str, int]
    notes: tuple[str, ...] = ()

    title: ClassVar[str] = "Measurement invariance"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "level", "freed", "chi_square", "df", "cfi", "d_cfi", "d_rmsea", "d_srmr", "d_p", "verdict",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"

    @property
    def table(self) -> pd.DataFrame:
        """The printed table; without the column of what was let go where nothing was."""
        shown = [name for name in self.shown if name != "freed" or (self.frame["freed"] != "").any()]
        return tables.printed(self.frame, shown)

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of the cut-offs, of partial invariance where there is any, and of the ladder's order."""
        partial = ["byrne1989"] if (self.frame["freed"] != "").any() else []
        ordered = ["wu2016"] if self.settings["ordinal"] else []
        return tuple(dict.fromkeys([*partial, *ordered, *self.verdicts.sources]))

    @property
    def text(self) -> str:
        """Which level each dimension reaches, what was let go for it, and what may be compared."""
        several = list(self.evidence.groups)
        names = f": {', '.join(several)}" if len(several) <= 6 else ""
        parts: dict[str, dict[str, list[str]]] = {}
        for unit in self.fits:
            reached = parts.setdefault(_meaning(self._level(unit)), {})
            reached.setdefault(self._reached(unit), []).append(self._title(unit))
        said = (f"{'; '.join(_said(*pair) for pair in who.items())}, so {meaning}." for meaning, who in parts.items())
        return f"By {self.evidence.by} ({len(several)} groups{names}): {' '.join(said)}"

    def _title(self, unit: str) -> str:
        return str(self.frame.loc[self.frame["unit"] == unit, "title"].iloc[0])

    def _level(self, unit: str) -> str:
        return self.evidence.levels[self._keys(unit)[0]]

    def _keys(self, unit: str) -> list[str]:
        """The dimensions of a model: itself, or all of them."""
        return [unit] if unit in self.evidence.levels else list(self.evidence.levels)

    def _reached(self, unit: str) -> str:
        freed = [text for key in self._keys(unit) for text in self.evidence.partial.get(key, ())]
        free = f" (let go: {', '.join(map(in_words, freed))}; compare without these items too)" if freed else ""
        return f"{'partial ' if freed else ''}{self._level(unit)} invariance{free}"

    @property
    def note(self) -> str:
        """Groups, rule, what is left out, and the usual line."""
        sizes = ", ".join(f"{name} (n = {n:,})" for name, n in list(self.group_sizes.items())[:8])
        more = f" and {len(self.group_sizes) - 8} more" if len(self.group_sizes) > 8 else ""
        return " ".join([f"Groups: {sizes}{more}.", _rule(self.settings), *self.notes, super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more dimensions."""
        return 7.0, 2.2 + 0.36 * max(len(self.fits), 2)

    @property
    def alt(self) -> str:
        """The fall of CFI at every level."""
        return f"Fall of CFI from level to level, a row a dimension, with a line at the cut-off. {self.text}"

    def draw(self, axes: Axes) -> None:
        """The fall of CFI at every level, a row a dimension; open marks where the level does not hold."""
        last = self.frame.drop_duplicates(["unit", "level"], keep="last").set_index(["unit", "level"])
        titles = self.frame.drop_duplicates("unit")["title"].tolist()
        heights = figures.rows(axes, titles)
        levels = [level for level in dict.fromkeys(self.frame["level"]) if level != "configural"]
        for shift, level in enumerate(levels):
            marker, colour = MARKS[level]
            for unit, height in zip(self.fits, heights, strict=True):
                if (unit, level) in last.index:
                    row = last.loc[(unit, level)]
                    face = colour if str(row["verdict"]).startswith("holds") else "white"
                    y = height + 0.12 * (len(levels) / 2 - shift)
                    axes.plot(-row["d_cfi"], y, marker, color=colour, markerfacecolor=face, markersize=7)
            axes.plot([], [], marker, color=colour, linestyle="none", label=level)
        limit = float(str(self.settings["cfi_limit"]))
        axes.axvline(limit, color=figures.GREY, linewidth=1, linestyle="--")
        axes.axvline(0, color=figures.GREY, linewidth=0.8)
        axes.set_xlabel(
            f"Fall of CFI against the level below (open: this level or one below fails)\n"
            f"dashed line: {THREE(limit)}, from which a level does not hold (Chen 2007)"
        )
        figures.legend_below(axes)


def _said(reached: str, titles: list[str]) -> str:
    who = ", ".join(titles) if len(titles) <= 4 else f"{len(titles)} dimensions ({', '.join(titles[:3])} and others)"
    if reached.startswith("none"):
        return f"the model of {who} does not hold in every group"
    return f"{who} {'reaches' if len(titles) == 1 else 'reach'} {reached}"


def _meaning(level: str) -> str:
    return {
        "none": "nothing may be compared",
        "configural": "neither means nor relations may be compared",
        "thresholds": "neither means nor relations may be compared",
        "metric": "relations may be compared, means may not",
        "scalar": "means may be compared",
        "strict": "means and variances may be compared",
    }[level]


def _rule(settings: Mapping[str, object]) -> str:
    limits = f"{THREE(float(str(settings['cfi_limit'])))}"
    kind = "small or unequal groups" if settings["rule"] == "small" else "equal groups"
    borrowed = " These cut-offs were found for continuous answers and are borrowed here." if settings["ordinal"] else ""
    return f"A level holds while CFI falls by less than {limits} (Chen's rule for {kind}).{borrowed}"
