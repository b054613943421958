"""What a screening of respondents says: numbers of flags, none of which tells of few people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import OptionError, counted, nearest
from cxkit.results import figures, rounding, tables
from cxkit.results.result import Result
from cxkit.survey.privacy import MINIMUM_CELL, hide_few, join_few
from cxkit.validation.screening.flag_rules import Calibration, FlagRule

FEWER = f"fewer than {MINIMUM_CELL}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Screening(Result):
    """Indices of careless responding. `frame` is for the analyst alone; what is printed holds counts, no respondent.

    Text, table, figure and `summary` hold no count of one to four flagged people, and none that would tell one: such
    numbers of flags are joined with others, and such an index is NaN and printed as "fewer than 5".

    `notes` says which indices could not be computed, and why. `calibration` holds the rules that were applied, and how
    often they flag simulated attentive respondents. `copies` is the size of the largest set of identical answers that
    attentive people would not give by chance, 0 if there is none.
    """

    calibration: Calibration
    copies: int = 0

    why_unweighted: ClassVar[str] = "every respondent is judged alone"
    title: ClassVar[str] = "Screening for careless responding"
    cites: ClassVar[tuple[str, ...]] = ("curran2016", "dunn2018", "meade2012")
    shown: ClassVar[tuple[str, ...]] = ("index", "rule", "n", "median", "flagged", "share", "false_flags")

    @property
    def rules(self) -> tuple[FlagRule, ...]:
        """The rules that were applied."""
        return self.calibration.rules

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row an index that could be computed: its rule, n, its median, how many it flags, and would."""
        rules = [rule for rule in self.rules if self.frame[rule.index].notna().any()]
        hidden = self._hidden_counts()
        return pd.DataFrame([self._summarised(rule, hidden) for rule in rules], columns=list(self.shown))

    def _counted_flags(self, rule: FlagRule) -> float:
        return float(self.flagged_by(rule.index).sum()) if rule.cutoff is not None else float("nan")

    def _hidden_counts(self) -> tuple[str, ...]:
        """The indices whose number of flagged respondents is not shown."""
        counts = np.nan_to_num([self._counted_flags(rule) for rule in self.rules])
        few = (counts > 0) & (counts < MINIMUM_CELL)
        # Where nobody has two flags, the indices add up to the number of flagged respondents.
        hidden = hide_few(counts) if len(self.flag_counts) < 3 else few
        return tuple(rule.index for rule, is_hidden in zip(self.rules, hidden, strict=True) if is_hidden)

    def _summarised(self, rule: FlagRule, hidden: tuple[str, ...]) -> dict[str, object]:
        values = self.frame[rule.index].dropna()
        flagged = float("nan") if rule.index in hidden else self._counted_flags(rule)
        return {
            "index": rule.heading,
            "rule": rule.words,
            "n": len(values),
            "median": float(values.median()) if len(values) >= MINIMUM_CELL else np.nan,
            "flagged": flagged,
            "share": flagged / len(values),
            "false_flags": rule.false_flags,
        }

    def flagged_by(self, index: str) -> pd.Series:
        """Which respondents one index flags, by row number."""
        known = [rule.index for rule in self.rules]
        if index not in known:
            raise OptionError(f"There is no index '{index}'.{nearest(index, known)}")
        return pd.Series([index in names for names in self.frame["flagged_by"].str.split(", ")], index=self.frame.index)

    @property
    def references(self) -> tuple[str, ...]:
        """Of the indices, then of the cut-offs that were applied."""
        computed = self.frame.notna().any()
        applied = (rule.source for rule in self.rules if rule.source and rule.is_published and computed[rule.index])
        simulated = ["cario1997"] if self.calibration.simulated else []
        return tuple(dict.fromkeys([*self.cites, *applied, *simulated]))

    @property
    def declared_frame(self) -> pd.DataFrame:
        """The counts by index: `frame` has a row a respondent, which no report may hold."""
        return self.summary

    @property
    def table(self) -> pd.DataFrame:
        """Counts by index; the respondents themselves are in `frame`."""
        printed = tables.printed(self.summary, self.shown)
        hidden = self._hidden_counts()
        for rule in self.rules:
            rows = (self.summary["index"] == rule.heading).to_numpy()
            if rule.index in hidden:
                few = self._counted_flags(rule) < MINIMUM_CELL
                printed.loc[rows, ["Flagged", "Share"]] = [FEWER if few else tables.HIDDEN, tables.HIDDEN]
        return printed

    @property
    def note(self) -> str:
        """Which indices are missing, then the usual line."""
        return " ".join([*self.notes, self._how_calibrated, self._usual_line])

    @property
    def _how_calibrated(self) -> str:
        """Where the cut-offs come from, and what they do to attentive people."""
        found = self.calibration
        if not found.simulated:
            return ""
        return (
            f"Cut-offs without a source are calibrated on {found.simulated:,} simulated attentive respondents with the "
            "means, thresholds and correlations of these answers and the same gaps (seed "
            f"{self.settings['seed']}), so that an index flags at most 5% of them and 1% get two flags or more: each "
            f"index may flag {rounding.share_exactly(found.level)}. Attentive with flags: "
            f"{rounding.share_exactly(found.any_flag)} one or more, {rounding.share_exactly(found.two_flags)} two or "
            "more."
        )

    @cached_property
    def flag_counts(self) -> pd.Series:
        """How many respondents have no flag, one, two, and so on; of those who answered anything."""
        answered = self.frame.loc[self.frame["answered"] > 0, "flag_count"]
        most = int(answered.max()) if len(answered) else 0
        return answered.value_counts().reindex(range(most + 1), fill_value=0).rename("respondents")

    @property
    def _joined_counts(self) -> list[tuple[int, int | None, int]]:
        """Numbers of flags from, to (None: and more) and of respondents; no count of one to four people among them.

        Two flags and more are one number first, as text and calibration have it, and then divided where that is safe.
        """
        counts = [int(count) for count in self.flag_counts]
        wide = [sum(counts[:1]), sum(counts[1:2]), sum(counts[2:])]
        starts = join_few(wide)
        if 2 in starts and len(counts) > 3:
            starts += [2 + k for k in join_few(counts[2:]) if k]
        ends = [start - 1 for start in starts[1:]]
        many = zip(starts, [*ends, None], strict=True)
        return [(low, high, sum(counts[low : None if high is None else high + 1])) for low, high in many]

    @property
    def _drawn_counts(self) -> list[tuple[int, int | None, int]]:
        """The joined counts up to the largest number of flags."""
        return [joined for joined in self._joined_counts if joined[0] < len(self.flag_counts)]

    @property
    def _is_judged(self) -> bool:
        """Whether any index with a cut-off could be computed of anybody; without one, no flag is no finding."""
        return bool((self.frame["judged"] > 0).any())

    @property
    def _flags_in_words(self) -> str:
        """How many respondents have no flag, one, and two or more, as far as that exposes no few of them."""
        everybody = f"Of {counted(self.n, 'respondent')}, "
        none = int(self.flag_counts.iloc[0])
        starts = [low for low, _, _ in self._joined_counts if low < 3]
        people = [sum(n for low, _, n in self._joined_counts if at <= low < end)
                  for at, end in zip(starts, [*starts[1:], np.inf], strict=True)]  # fmt: skip
        told = [f"{n:,} ({rounding.share(n / self.n)})" for n in people]
        match starts:
            case [0, 1, 2]:
                return f"{everybody}{told[0]} have no flag, {told[1]} one and {told[2]} two or more."
            case [0, 1]:
                return f"{everybody}{told[0]} have no flag and {told[1]} one or more."
            case [0, 2]:
                return f"{everybody}{told[0]} have no flag or one and {told[1]} two or more."
        if self.n < MINIMUM_CELL:
            return f"{FEWER.capitalize()} respondents answered: how many have flags is not shown."
        return f"{everybody}{FEWER} have {'a' if none >= MINIMUM_CELL else 'no'} flag."

    @property
    def text(self) -> str:
        """How many respondents have how many flags, and which indices raise most."""
        if not self._is_judged:
            return (
                f"None of {counted(self.n, 'respondent')} could be judged: no index has both a cut-off and a value. "
                "That nobody has a flag says nothing of how they answered; nobody was left out."
            )
        raised = self.summary[self.summary["flagged"] > 0].sort_values("flagged", ascending=False, kind="stable")
        most = ""
        if len(raised):
            title = {rule.heading: rule.title for rule in self.rules}
            named = [f"{title[row['index']]} ({row['flagged']:,.0f})" for _, row in raised.head(3).iterrows()]
            most = f" Most flags come from {_listed(named)}."
        advice = " A flag is a reason to look, not to delete: nobody was left out."
        return f"{self._flags_in_words}{most}{self._expected}{self._copied}{advice}"

    @property
    def _expected(self) -> str:
        """How many would have as many flags as were told last if everybody had been attentive."""
        found = self.calibration
        if not found.simulated:
            return " No cut-off could be calibrated."
        # Beside "12 one or more" belongs what chance gives of these, not of two or more
        joined = [low for low, _, _ in self._joined_counts if low < 3] == [0, 1]
        many, chance = ("one", found.any_flag) if joined else ("two", found.two_flags)
        return (
            f" If everybody had answered attentively, about {self.n * chance:,.0f} ({rounding.share_exactly(chance)}) "
            f"would have {many} or more by chance."
        )

    @property
    def _copied(self) -> str:
        if not self.copies:
            return ""
        return (
            f" The largest set of answer sheets that equal one another in every item has {self.copies:,} of {self.n:,} "
            "respondents, more than among attentive people: look for copied rows, test entries, one answer throughout, "
            "or one person who answered for many."
        )

    @property
    def figure_size(self) -> tuple[float, float]:
        """The same for any number of respondents."""
        return 7.0, 1.4 + 0.34 * max(len(self._drawn_counts), 3)

    @property
    def alt(self) -> str:
        """How many respondents for each number of flags."""
        if not self._is_judged:
            return f"Respondents by number of flags: none of {self.n:,} could be judged."
        each = ", ".join(f"{_flags(low, high)} {n:,}" for low, high, n in self._drawn_counts)
        return f"Respondents by number of flags: {each}."

    def draw(self, axes: Axes) -> None:
        """The share of respondents with each number of flags."""
        joined = self._drawn_counts
        names = [_flags(low, high) if self._is_judged else "not judged" for low, high, _ in joined]
        heights = figures.rows(axes, names)
        counts = np.array([n for _, _, n in joined])
        shares = counts / max(self.n, 1)
        colours = [figures.BLUE if low < 2 else figures.RED for low, _, _ in joined]
        if not self._is_judged:
            colours = [figures.GREY] * len(joined)
        axes.barh(heights, shares, color=colours, height=0.6)
        for height, share, n in zip(heights, shares, counts, strict=True):
            axes.annotate(
                f"{n:,} ({rounding.share(share)})", (share, height), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=9,
            )  # fmt: skip
        axes.set_xlim(0, min(1.0, float(shares.max()) + 0.05) * 1.2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if value <= 1 else "")
        axes.set_xlabel("Share of respondents")


def _flags(low: int, high: int | None) -> str:
    if high is None:
        return f"{counted(low, 'flag')} or more" if low else "any number of flags"
    if high > low:
        return f"{low or 'no flag'} {'or 1' if high == 1 else f'to {high} flags'}"
    return counted(low, "flag") if low else "no flag"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
