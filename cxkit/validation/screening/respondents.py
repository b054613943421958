"""Who may have answered without reading the questions? A row a respondent, a flag an index; nobody is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, OptionError, counted, nearest
from cxkit.results import figures, rounding, tables
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.survey import screening
from cxkit.survey.privacy import MINIMUM_CELL, hide_few, join_few
from cxkit.survey.survey import Survey
from cxkit.validation.screening.attentive import fit_attentive
from cxkit.validation.screening.flag_rules import (
    FEWEST_COPIES,
    SECONDS,
    Calibration,
    FlagRule,
    calibrate,
    compared_values,
    flagged,
    named_rules,
)
from cxkit.validation.screening.indices import Layout, compute_indices, distinct_rows, lay_out, longest_set

FEWER = f"fewer than {MINIMUM_CELL}"
FEWEST_TO_CALIBRATE = 20
"""Respondents with different answers: means and correlations of fewer say too little of how people answer."""


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
    notes: tuple[str, ...] = ()

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
        return " ".join([*self.notes, self._how_calibrated, super().note])

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
            f" {self.copies:,} of {self.n:,} respondents gave exactly the same answers to all items, more than "
            "attentive people would: look for copied rows, test entries, one answer throughout, or one person who "
            "answered for many."
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


def screen_respondents(
    survey: Survey,
    *,
    seconds: pd.Series | Sequence[float] | None = None,
    order: Sequence[str] | None = None,
    synonym_r: float = 0.60,
    antonym_r: float = -0.60,
    cutoffs: Mapping[str, float | None] | None = None,
    seed: int = 1,
) -> Screening:
    """Who may have answered without reading the questions?

    Each index looks for another manner: long runs and low variability for one answer throughout; a large Mahalanobis
    distance, high variability and inconsistent answers for answering at random; identical answers for copied rows. None
    proves carelessness and attentive people are flagged too, so flags are counted and nobody is left out;
    `exclusion_effect` shows what leaving people out would change. Only the dimensions' items count, not single items.
    Answers are taken as they were given, except that the two halves of even-odd consistency take reversed items turned
    round. An index uses the answers that a respondent gave, and is missing where they are too few or all alike.

    Published cut-offs suit the questionnaires that they come from. Here each cut-off is calibrated for this survey:
    some 2,000 attentive respondents are simulated with the thresholds of its items, the correlations of its items and
    its missing answers, and all indices get one level, at most 5 %, at which 1 % have two flags or more.

    Parameters
    ----------
    survey
        The survey.
    seconds
        How long each respondent took for the questionnaire: a Series by the survey's row number or by respondent id,
        or a list in the survey's order. Below 2 seconds an item raises a flag (Huang et al. 2012): times cannot be
        simulated from answers, and have no false-flag rate.
    order
        The items in the order in which they were asked, for runs of one answer; the instrument's where None.
    synonym_r, antonym_r
        Pairs of items that correlate more than this (less, for antonyms) are expected to be answered alike (opposite).
    cutoffs
        Other cut-offs, by index, such as {"even_odd": 0.2}; None switches an index's flag off. `longstring_max` and
        `longstring_mean` (off unless named) are compared as shares of the number of items, `irv` by its distance from
        the median in median absolute deviations (MAD, scaled to standard deviations), the others as they are.
        Published ones: longstring_max 0.5 (Curran 2016), irv 3 (Leys et al. 2013), mahalanobis_p 0.001 (Tabachnick &
        Fidell 2013), even_odd 0.3 (Johnson 2005). They, too, are shown with their false-flag rate.
    seed
        Makes the simulation repeatable. Simulated answers go to respondents and items in their order: in another order
        of rows or columns they are other ones, as with another seed, and respondents close to a cut-off may change
        sides.

    Returns
    -------
    Screening
        A row a respondent, with the survey's row numbers as index, so that `survey.subset(s.frame["flag_count"] < 2)`
        leaves out who is flagged twice: row; answered (items); longstring_max and longstring_mean (items);
        irv (SD of the answers, in points of the scale); mahalanobis (squared distance), mahalanobis_p; even_odd,
        synonyms, antonyms, person_total (correlations within the respondent); identical (how many respondents gave
        exactly these answers; from ten answers on); seconds, seconds_per_item; judged (how many indices with a cut-off
        could be computed), flag_count (how many of them flag) and flagged_by (their names). `summary` has a row an
        index, with `false_flags`, the share of attentive respondents that it flags.

    Raises
    ------
    AnalysisError
        If there are no dimensions or no answers, an index or item is unknown, or times cannot be matched to people.

    Notes
    -----
    Longest run, variability, even-odd and pairs as reviewed by Meade & Craig (2012) and Curran (2016); equal to R's
    `rle(x)$lengths`, `sd(x)`, `mahalanobis(x, colMeans(X), cov(X))` and `cor` by row, and for complete answers to
    `psych::outlier(X)`. Someone who left items out is compared on the others, with as many degrees of freedom. Even-odd
    takes at least three dimensions of two items and correlations three pairs of items: with fewer they are 1 or -1
    whatever was answered. Attentive answers are simulated as Cario & Nelson (1997) do. With fewer than 20 respondents
    who differ, no cut-off is calibrated. `benchmarks/false_flags.py` shows the false-flag rates on fresh surveys.
    """
    check_options(synonym_r=synonym_r, antonym_r=antonym_r, seed=seed)
    keys = screening.items_in_order(survey, order)
    rules = named_rules(cutoffs, len(keys))
    timed = np.full(survey.n, np.nan) if seconds is None else screening.seconds_by_row(survey, seconds)
    if not keys:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; nothing to screen.")
    if not survey.given[keys].notna().to_numpy().any():
        raise AnalysisError(f"Nobody answered an item of the dimensions of '{survey.name}'; there is nobody to screen.")
    layout, lacking = lay_out(survey, keys, synonym_r, antonym_r)
    values = survey.given[keys].to_numpy(dtype="float64")
    frame, notes = compute_indices(values, layout)
    frame = frame.set_index(survey.given.index)
    frame.insert(0, "row", survey.given.index)
    frame["seconds"] = timed
    frame[SECONDS] = frame["seconds"] / frame["answered"].replace(0, np.nan)
    shown = rules if seconds is not None else tuple(rule for rule in rules if rule.index != SECONDS)
    calibration, copies, more = _calibrated(values[frame["answered"].to_numpy() > 0], layout, shown, seed)
    n = int((frame["answered"] > 0).sum())
    return Screening(
        frame=flagged(frame, calibration.rules),
        n=n,
        n_dropped=survey.n - n,
        settings={
            "order": None if order is None else list(keys),
            "synonym_r": synonym_r,
            "antonym_r": antonym_r,
            "cutoffs": {rule.index: rule.cutoff for rule in calibration.rules},
            "seed": seed,
        },
        data=survey.stamp,
        calibration=calibration,
        copies=copies,
        notes=(*notes, *lacking, *more),
    )


def _calibrated(
    values: np.ndarray, layout: Layout, rules: tuple[FlagRule, ...], seed: int
) -> tuple[Calibration, int, tuple[str, ...]]:
    """The rules with their cut-offs, the size of the largest implausible set of copies, and what there is to note.

    Copies that attentive people would not give are no evidence of how attentive people answer: of each such set one
    row is kept, and the cut-offs come from the rest.
    """
    sizes = screening.identical(values)
    largest = longest_set(sizes)
    calibration, by_chance = _simulated(values, layout, rules, seed)
    copied = sizes > by_chance
    if largest > len(values) / 2:  # a majority shapes means and correlations, and would explain itself
        copied |= sizes == largest
    if not (copied & (sizes >= MINIMUM_CELL)).any():
        return calibration, 0, _too_few(values)
    others = distinct_rows(values, copied)
    calibration, _ = _simulated(others, layout, rules, seed)
    return calibration, largest, _too_few(others)


def _too_few(values: np.ndarray) -> tuple[str, ...]:
    if len(values) >= FEWEST_TO_CALIBRATE:
        return ()
    return (
        f"{counted(len(values), 'respondent')} with different answers: too few to calibrate cut-offs "
        f"({FEWEST_TO_CALIBRATE} are needed), so that no index of the answers raises a flag, except copies.",
    )


def _simulated(values: np.ndarray, layout: Layout, rules: tuple[FlagRule, ...], seed: int) -> tuple[Calibration, float]:
    """The rules calibrated on attentive respondents, and the largest set of identical answers among those."""
    if len(values) < FEWEST_TO_CALIBRATE:
        copies = (replace(rule, cutoff=FEWEST_COPIES) if _finds_copies(rule) else rule for rule in rules)
        return Calibration(rules=tuple(copies)), 1.0
    surveys = [compute_indices(survey, layout)[0] for survey in fit_attentive(values).surveys(seed)]
    compared = {
        rule.index: np.concatenate([compared_values(rule, survey) for survey in surveys])
        for rule in rules
        if rule.index != SECONDS
    }
    largest = max(longest_set(survey["identical"]) for survey in surveys)
    return calibrate(rules, compared), float(largest)


def _finds_copies(rule: FlagRule) -> bool:
    return rule.index == "identical" and not rule.named
