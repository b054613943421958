"""What an invariance ladder found: table, sentence, figure, and the evidence for whoever compares means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import counted
from cxkit.results import figures, tables
from cxkit.results.invariance import InvarianceEvidence
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import fixed
from cxkit.sem.fit import Fit
from cxkit.sem.indices.variants import chi_square_variant, named
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.validation.invariance.false_alarms import SIMULATED, false_alarms
from cxkit.validation.invariance.grouping import detectable_shift
from cxkit.validation.invariance.judging import DIFFERENCE_TESTS, NO_DF, NOT_JUDGED, UNJUDGED_STRUCTURE
from cxkit.validation.invariance.models import in_words, index_kind
from cxkit.validation.structure.fit import Variant

THREE = fixed(3)
MISSING_ANSWERS = {
    "fiml": "Every answer counts (full information maximum likelihood): n counts whoever answered an item.",
    "pairwise": "Every answer counts (pairs of ordered items): n counts whoever answered an item.",
    "listwise": "Only respondents who answered every item of a model count.",
}
SMALLEST_P = 0.001
"""Smaller p-values are drawn here."""
MEDIUM_SHIFT = 0.50
"""Groups in which a shift of this size (Cohen 1988: medium) may go unnoticed are told so in the sentence itself."""
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
    concealed
        The groups whose size is not printed, because that of a smaller one would follow.
    """

    evidence: InvarianceEvidence
    fits: Mapping[str, Mapping[str, Fit]]
    group_sizes: Mapping[str, int]
    concealed: frozenset[str] = frozenset()

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Measurement invariance"
    sheets_of_one_person: ClassVar[str] = "one in each group, and the note says what that does"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "level", "freed", "chi_square", "df", "cfi", "d_cfi", "d_rmsea", "d_srmr", "d_p_adjusted", "verdict",
    )  # fmt: skip
    shown_ordered: ClassVar[tuple[str, ...]] = (
        "title", "level", "freed", "chi_square", "df", "cfi", "rmsea", "d_chi_square", "d_df", "d_p_adjusted",
        "verdict",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"

    @property
    def table(self) -> pd.DataFrame:
        """The printed table; without the column of what was let go where nothing was."""
        columns = self.shown_ordered if self.settings["ordinal"] else self.shown
        shown = [name for name in columns if name != "freed" or (self.frame["freed"] != "").any()]
        return tables.printed(self.frame, shown, headings=self.headings)

    @property
    def headings(self) -> Mapping[str, str]:
        """Chi-square and indices with their variant; of models that differ in it the indices keep their bare names."""
        fits = [fit for levels in self.fits.values() for fit in levels.values()]
        kinds = {index_kind(fit) for fit in fits if fit.df > 0}
        kind = Variant(test=chi_square_variant(fits[0]), indices=kinds.pop() if len(kinds) == 1 else "")
        changes = {f"d_{name}": f"Δ {kind.name(name.upper())}" for name in ("cfi", "rmsea")}
        return {**kind.headings, **changes, "d_chi_square": named(kind.test.capitalize(), "Δ χ²")}

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of test and cut-offs, of partial invariance where there is any, and of the ladder's order."""
        partial = ["byrne1989"] if (self.frame["freed"] != "").any() else []
        ordered = ["wu2016", "xia2019"] if self.settings["ordinal"] else []
        tests = [source for _, source in self._tests if source]
        return tuple(dict.fromkeys([*partial, *ordered, *tests, *self.verdicts.sources]))

    @property
    def _tests(self) -> list[tuple[str, str]]:
        """The difference tests that were made: name and source."""
        return [DIFFERENCE_TESTS[name] for name in cast(tuple[str, ...], self.settings["difference_tests"])]

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
        found = f"By {self.evidence.by} ({len(several)} groups{names}): {' '.join(said)}"
        return " ".join([found, *self._disagreements(), *self._low_power(), *self._structure(), *self._untested()])

    def _disagreements(self) -> list[str]:
        """Which figures speak against levels that hold, on which the meanings above rest."""
        found: dict[str, list[str]] = {}
        for unit in self.fits:
            rows = self.frame[(self.frame["unit"] == unit) & self.frame["verdict"].str.startswith("holds")]
            # A level from which something was let go stands there twice; what it rests on is the last.
            for _, row in rows.drop_duplicates("level", keep="last").iterrows():
                _, _, other = str(row["verdict"]).partition("; ")
                if other:
                    found.setdefault(f"{other} that {row['level']} invariance holds", []).append(self._title(unit))
        if not found:
            return []
        each = "; ".join(f"{what} ({', '.join(titles)})" for what, titles in found.items())
        plain = each.replace("disagrees that", "does not agree that").replace("disagree that", "do not agree that")
        return [f"But {plain}."]

    def _low_power(self) -> list[str]:
        """That groups are too small to find a medium shift, where some level was tested and held."""
        tests = int(str(self.settings["tests"]))
        holds = any(level not in ("none", "configural") for level in self.evidence.levels.values())
        shift = detectable_shift([*self.group_sizes.values()], tests=tests) if tests and holds else 0.0
        if shift <= MEDIUM_SHIFT:
            return []
        return [
            f"That a level holds means that no difference was found: in groups this small, a shift of one item below "
            f"{shift:.2f} standard deviations would often go unnoticed."
        ]

    def _structure(self) -> list[str]:
        """The fit of the configural models of ordered answers, on which all levels rest and which nothing judges."""
        rows = self.frame[self.frame["verdict"] == UNJUDGED_STRUCTURE]
        if rows.empty:
            return []
        shown = [f"scaled {name.upper()} {_range(rows[name])}" for name in ("cfi", "rmsea") if rows[name].notna().any()]
        figures_of_fit = f" ({', '.join(shown)})" if shown else ""
        return [f"All this supposes that the structure itself fits every group, which no cut-off for ordered answers "
                f"judges{figures_of_fit}."]  # fmt: skip

    def _untested(self) -> list[str]:
        """Dimensions of three items, whose structure fits whatever they were answered."""
        rows = self.frame[(self.frame["level"] == "configural") & (self.frame["verdict"] == NO_DF)]
        titles = list(dict.fromkeys(rows["title"]))
        if not titles:
            return []
        has = "has" if len(titles) == 1 else "have"
        few = f"{', '.join(titles)} {has} too few items for that (0 degrees of freedom)"
        return [f"That the structure itself holds in every group is not tested: {few}."]

    def _title(self, unit: str) -> str:
        return str(self.frame.loc[self.frame["unit"] == unit, "title"].iloc[0])

    def _level(self, unit: str) -> str:
        return self.evidence.levels[self._keys(unit)[0]]

    def _keys(self, unit: str) -> list[str]:
        """The dimensions of a model: itself, or all of them."""
        return [unit] if unit in self.evidence.levels else list(self.evidence.levels)

    def _reached(self, unit: str) -> str:
        lowest = self.frame[self.frame["unit"] == unit].iloc[0]
        if lowest["verdict"] == NOT_JUDGED:
            return NOT_JUDGED
        freed = [text for key in self._keys(unit) for text in self.evidence.partial.get(key, ())]
        free = f" (let go: {', '.join(map(in_words, freed))}; compare without these items too)" if freed else ""
        return f"{'partial ' if freed else ''}{self._level(unit)} invariance{free}"

    @property
    def note(self) -> str:
        """Groups, rule, what is left out, and the usual line."""
        told = {name: "hidden" if name in self.concealed else f"= {n:,}" for name, n in self.group_sizes.items()}
        sizes = ", ".join(f"{name} (n {n})" for name, n in list(told.items())[:8])
        more = f" and {len(self.group_sizes) - 8} more" if len(self.group_sizes) > 8 else ""
        rule = _rule(self.settings, [name for name, _ in self._tests])
        largest = " (in the dimension with most answers)" if self.frame["n"].nunique() > 1 else ""
        simulated = false_alarms([*self.group_sizes.values()]) if self.settings["estimator"] == SIMULATED else ""
        parts = [
            f"Groups{largest}: {sizes}{more}.", MISSING_ANSWERS[str(self.settings["missing"])], rule, simulated,
            super().note,
        ]  # fmt: skip
        return " ".join(filter(None, parts))

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more dimensions."""
        return 7.0, 2.2 + 0.36 * max(len(self.fits), 2)

    @property
    def alt(self) -> str:
        """The p-value of every level."""
        return (
            f"Adjusted p of the chi-square difference of every level, a row a dimension, with a line at "
            f"{FAMILY_ERROR:g}. {self.text}"
        )

    def draw(self, axes: Axes) -> None:
        """The adjusted p of every level, a row a dimension; open marks where the level does not hold."""
        last = self.frame.drop_duplicates(["unit", "level"], keep="last").set_index(["unit", "level"])
        titles = self.frame.drop_duplicates("unit")["title"].tolist()
        heights = figures.rows(axes, titles)
        levels = [level for level in MARKS if level in set(self.frame["level"])]
        for shift, level in enumerate(levels):
            marker, colour = MARKS[level]
            for unit, height in zip(self.fits, heights, strict=True):
                if (unit, level) in last.index:
                    row = last.loc[(unit, level)]
                    holds = str(row["verdict"]).startswith(("holds", NO_DF))
                    y = height + 0.12 * (len(levels) / 2 - shift)
                    p = max(row["d_p_adjusted"], SMALLEST_P)
                    axes.plot(p, y, marker, color=colour, markerfacecolor=colour if holds else "white", markersize=7)
            axes.plot([], [], marker, color=colour, linestyle="none", label=level)
        axes.set_xscale("log")
        axes.set_xlim(SMALLEST_P / 1.5, 1.5)
        axes.set_xticks([0.001, 0.01, 0.05, 0.2, 1], ["≤ .001", ".01", ".05", ".2", "1"])
        axes.minorticks_off()
        axes.axvline(FAMILY_ERROR, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlabel(f"{self._axis}\n(open: this level or one below does not hold)")
        figures.legend_below(axes)

    @property
    def _axis(self) -> str:
        """What the marks show, and left of which line a level does not hold."""
        limit = self.settings["cfi_limit"]
        also = "" if limit is None else f"\nif CFI falls by {THREE(float(str(limit)))} or more too (Chen 2007)"
        return (
            f"p of the chi-square difference to the level below (Holm)\nleft of {FAMILY_ERROR:g} (dashed) a level "
            f"does not hold{also}"
        )


def _range(values: pd.Series) -> str:
    low, high = THREE(float(values.min())), THREE(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _said(reached: str, titles: list[str]) -> str:
    who = ", ".join(titles) if len(titles) <= 4 else f"{len(titles)} dimensions ({', '.join(titles[:3])} and others)"
    if reached == NOT_JUDGED:
        return f"the model of {who} {reached}"
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


def _rule(settings: Mapping[str, object], tests: Sequence[str]) -> str:
    """When a level holds, by which test and cut-offs."""
    test = " or, where that is negative, the ".join(tests) if tests else "chi-square difference test"
    count = int(str(settings["tests"]))
    if count == 0:
        return "No level was tested against one below."
    family = f"{FAMILY_ERROR:.0%} for all {counted(count, 'test')} of dimensions and levels together, by Holm's method"
    rule = f"A level does not hold if it fits worse than the level below by the {test} ({family})"
    if settings["cfi_limit"] is None:
        return (
            f"{rule}. No cut-offs for CFI, RMSEA and SRMR were derived for ordered answers under "
            f"{settings['estimator']} ({cite('xia2019')}), so these and the structure itself (configural) are shown "
            "and not judged. In large groups the test finds differences that hardly matter, too."
        )
    limit = THREE(float(str(settings["cfi_limit"])))
    kind = "small or unequal groups" if settings["rule"] == "small" else "equal groups"
    return f"{rule} and CFI falls by {limit} or more (Chen's rule for {kind})."
