"""Who may have answered without reading the questions? A row a respondent, a flag an index; nobody is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit.errors import AnalysisError, OptionError, counted, nearest
from cxkit.results import figures, tables
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.tables import TWO_DIGITS
from cxkit.survey import screening
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import SINGULAR
from cxkit.validation.screening.flag_rules import SHORTEST_RUN, FlagRule, chosen_rules, flagged


@dataclass(frozen=True, eq=False, kw_only=True)
class Screening(Result):
    """Indices of careless responding. `frame` is for the analyst alone; what is printed holds counts, no respondent.

    `notes` says which indices could not be computed, and why. `rules` are those that were applied.
    """

    rules: tuple[FlagRule, ...]
    notes: tuple[str, ...] = ()

    title: ClassVar[str] = "Screening for careless responding"
    cites: ClassVar[tuple[str, ...]] = ("curran2016", "dunn2018", "meade2012")
    shown: ClassVar[tuple[str, ...]] = ("index", "rule", "n", "median", "flagged", "share")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row an index that could be computed: its rule, for how many (n), its median, and how many it flags."""
        rows = [self._summarised(rule) for rule in self.rules if self.frame[rule.index].notna().any()]
        return pd.DataFrame(rows, columns=list(self.shown))

    def _summarised(self, rule: FlagRule) -> dict[str, object]:
        values = self.frame[rule.index].dropna()
        flagged = float(self.flagged_by(rule.index).sum()) if rule.cutoff is not None else np.nan
        return {
            "index": rule.heading,
            "rule": rule.words,
            "n": len(values),
            "median": float(values.median()) if len(values) >= MINIMUM_CELL else np.nan,
            "flagged": flagged,
            "share": flagged / len(values),
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
        applied = (rule.source for rule in self.rules if rule.source and computed[rule.index])
        return tuple(dict.fromkeys([*self.cites, *applied]))

    @property
    def table(self) -> pd.DataFrame:
        """Counts by index; the respondents themselves are in `frame`."""
        return tables.printed(self.summary, self.shown)

    @property
    def note(self) -> str:
        """Which indices are missing, then the usual line."""
        return " ".join([*self.notes, super().note])

    @cached_property
    def flag_counts(self) -> pd.Series:
        """How many respondents have no flag, one, two, and so on; of those who answered anything."""
        answered = self.frame.loc[self.frame["answered"] > 0, "flag_count"]
        most = int(answered.max()) if len(answered) else 0
        return answered.value_counts().reindex(range(most + 1), fill_value=0).rename("respondents")

    @property
    def text(self) -> str:
        """How many respondents have how many flags, and which indices raise most."""
        none, one = (int(self.flag_counts.get(k, 0)) for k in (0, 1))
        more = self.n - none - one
        raised = self.summary[self.summary["flagged"] > 0].sort_values("flagged", ascending=False, kind="stable")
        most = ""
        if len(raised):
            title = {rule.heading: rule.title for rule in self.rules}
            named = [f"{title[row['index']]} ({row['flagged']:,.0f})" for _, row in raised.head(3).iterrows()]
            most = f" Most flags come from {_listed(named)}."
        return (
            f"Of {counted(self.n, 'respondent')}, {none:,} ({tables.share(none / self.n)}) have no flag, {one:,} "
            f"({tables.share(one / self.n)}) one and {more:,} ({tables.share(more / self.n)}) two or more.{most} "
            "A flag is a reason to look, not to delete: nobody was left out."
        )

    @property
    def figure_size(self) -> tuple[float, float]:
        """The same for any number of respondents."""
        return 7.0, 1.4 + 0.34 * max(len(self.flag_counts), 3)

    @property
    def alt(self) -> str:
        """How many respondents for each number of flags."""
        each = ", ".join(f"{_flags(k)} {n:,}" for k, n in self.flag_counts.items())
        return f"Respondents by number of flags: {each}."

    def draw(self, axes: Axes) -> None:
        """The share of respondents with each number of flags."""
        counts = self.flag_counts
        heights = figures.rows(axes, [_flags(k) for k in counts.index])
        shares = counts.to_numpy() / max(self.n, 1)
        colours = [figures.BLUE if k < 2 else figures.RED for k in counts.index]
        axes.barh(heights, shares, color=colours, height=0.6)
        for height, share, n in zip(heights, shares, counts, strict=True):
            axes.annotate(
                f"{n:,} ({tables.share(share)})", (share, height), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=9,
            )  # fmt: skip
        axes.set_xlim(0, min(1.0, float(shares.max()) + 0.05) * 1.2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if value <= 1 else "")
        axes.set_xlabel("Share of respondents")


def _flags(count: object) -> str:
    number = int(str(count))
    return "no flag" if not number else counted(number, "flag")


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
) -> Screening:
    """Who may have answered without reading the questions?

    Each index looks for another manner: long runs and low variability for one answer throughout; a large Mahalanobis
    distance, high variability and inconsistent answers for answering at random. None proves carelessness and honest
    people are flagged too, so flags are counted and nobody is left out; `exclusion_effect` shows what leaving people
    out would change. Only the dimensions' items count, not single items. Answers are taken as they were given, except
    that the two halves of even-odd consistency take reversed items turned round. An index uses the answers that a
    respondent gave, and is missing where they are too few or all alike.

    Parameters
    ----------
    survey
        The survey.
    seconds
        How long each respondent took for the questionnaire: a Series by the survey's row number or by respondent id,
        or a list in the survey's order.
    order
        The items in the order in which they were asked, for runs of one answer; the instrument's where None.
    synonym_r, antonym_r
        Pairs of items that correlate more than this (less, for antonyms) are expected to be answered alike (opposite).
    cutoffs
        Other cut-offs, by index, such as {"even_odd": 0.2}; None switches an index's flag off. `longstring_max` and
        `longstring_mean` are compared as shares of the number of items (a run of fewer than ten items raises no flag,
        unless a cut-off is named here), `irv` by its distance from the median in
        median absolute deviations (MAD, scaled to standard deviations), the others as they are.

    Returns
    -------
    Screening
        A row a respondent, with the survey's row numbers as index, so that `survey.subset(s.frame["flag_count"] < 2)`
        leaves out who is flagged twice: row; answered (items); longstring_max and longstring_mean (items);
        irv (SD of the answers, in points of the scale); mahalanobis (squared distance), mahalanobis_p; even_odd,
        synonyms, antonyms, person_total (correlations within the respondent); seconds, seconds_per_item; judged (how
        many indices with a cut-off could be computed), flag_count (how many of them flag) and flagged_by (their names).

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
    whatever was answered.
    """
    rules = chosen_rules(cutoffs)
    check_options(synonym_r=synonym_r, antonym_r=antonym_r)
    keys = screening.items_in_order(survey, order)
    timed = np.full(survey.n, np.nan) if seconds is None else screening.seconds_by_row(survey, seconds)
    if not keys:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; nothing to screen.")
    if not survey.given[keys].notna().to_numpy().any():
        raise AnalysisError(f"Nobody answered an item of the dimensions of '{survey.name}'; there is nobody to screen.")
    frame, notes = _indices(survey, keys, (synonym_r, antonym_r))
    frame["seconds"] = timed
    frame["seconds_per_item"] = frame["seconds"] / frame["answered"].replace(0, np.nan)
    n = int((frame["answered"] > 0).sum())
    shown = rules if seconds is not None else tuple(rule for rule in rules if rule.index != "seconds_per_item")
    return Screening(
        frame=flagged(frame, shown, len(keys)),
        n=n,
        n_dropped=survey.n - n,
        settings={
            "order": None if order is None else list(keys),
            "synonym_r": synonym_r,
            "antonym_r": antonym_r,
            "cutoffs": {rule.index: rule.cutoff for rule in shown},
        },
        data=survey.stamp,
        rules=shown,
        notes=notes,
    )


def _indices(survey: Survey, keys: list[str], critical: tuple[float, float]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Every index that the answers allow, and why others are missing."""
    given = survey.given[keys]
    values = given.to_numpy(dtype="float64")
    frame = pd.DataFrame({"row": survey.given.index, "answered": (~np.isnan(values)).sum(axis=1)}, index=given.index)
    for name in _WITHIN:
        frame[name] = np.nan
    scales = [survey.instrument.items[key].scale for key in keys]
    together = screening.on_one_scale(values, scales)
    distance, notes = _distances(survey, given)
    if together is None:
        notes += (
            "Items without ends of their scale cannot be compared within a respondent: only distances are given.",
        )
    else:
        if len(keys) < SHORTEST_RUN:
            notes += (f"A run of one answer in {counted(len(keys), 'item')} is too short to raise a flag.",)
        if all(scale.points for scale in scales):
            frame["longstring_max"], frame["longstring_mean"] = screening.longstrings(values, scales)
        else:
            notes += ("Runs of one answer are counted on scales of whole numbers only.",)
        frame["irv"] = screening.individual_variability(together)
        frame["person_total"] = screening.person_total(together)
        notes += _consistency(survey, keys, together, critical, frame)
    return frame.assign(mahalanobis=distance[0], mahalanobis_p=distance[1])[[*frame.columns[:2], *_ORDERED]], notes


_WITHIN = ("longstring_max", "longstring_mean", "irv", "even_odd", "synonyms", "antonyms", "person_total")
_ORDERED = (
    "longstring_max", "longstring_mean", "irv", "mahalanobis", "mahalanobis_p", "even_odd", "synonyms", "antonyms",
    "person_total",
)  # fmt: skip


def _consistency(
    survey: Survey, keys: list[str], together: np.ndarray, critical: tuple[float, float], frame: pd.DataFrame
) -> tuple[str, ...]:
    """Fill in even-odd, synonyms and antonyms, and say which of them the instrument does not allow."""
    notes = []
    usable = [d for d in survey.dimensions if d.kind == "reflective" and len(d.items) > 1]
    turned = pd.DataFrame(
        np.where([survey.instrument.items[k].reversed for k in keys], _turned(survey, keys[0], together), together),
        columns=keys,
    )
    frame["even_odd"] = screening.even_odd(turned, usable)
    if len(usable) < screening.FEWEST_POINTS:
        notes.append(
            f"Even-odd consistency takes {screening.FEWEST_POINTS} reflective dimensions of two items or more; "
            f"there {'is' if len(usable) == 1 else 'are'} {len(usable)}."
        )
    correlation = survey.given[keys].corr().to_numpy()
    for name, r in zip(("synonyms", "antonyms"), critical, strict=True):
        pairs = screening.similar_pairs(correlation, r)
        frame[name] = screening.pair_consistency(together, pairs)
        if len(pairs) < screening.FEWEST_POINTS:
            beyond = "above" if r > 0 else "below"
            notes.append(
                f"No {name}: {counted(len(pairs), 'pair')} of items {'correlates' if len(pairs) == 1 else 'correlate'} "
                f"{beyond} {TWO_DIGITS(r)}, and {screening.FEWEST_POINTS} are needed."
            )
    return tuple(notes)


def _turned(survey: Survey, first: str, together: np.ndarray) -> np.ndarray:
    """All answers turned round, in the units of the first item's scale."""
    scale = survey.instrument.items[first].scale
    return (scale.low or 0) + (scale.high or 0) - together


def _distances(survey: Survey, given: pd.DataFrame) -> tuple[tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
    """Mahalanobis distances with p, over the items that vary; missing where the covariances cannot be inverted."""
    varying = [key for key in given if given[key].nunique() > 1]
    missing = np.full(len(given), np.nan)
    constant = [key for key in given if key not in varying]
    notes = (f"Mahalanobis distances leave out items that do not vary: {', '.join(constant[:5])}.",) if constant else ()
    answered = int(given[varying].notna().any(axis=1).sum()) if varying else 0
    if not varying or answered <= len(varying):
        why = f"{counted(len(varying), 'item')} that vary and {counted(answered, 'respondent')} who answered them"
        return (missing, missing), (*notes, f"No Mahalanobis distances: {why} are not enough for covariances.")
    part = given[varying]
    try:
        squared, df = screening.mahalanobis(
            part.to_numpy(dtype="float64"), part.mean().to_numpy(), _regular(part.cov().to_numpy())
        )
    except np.linalg.LinAlgError:
        return (missing, missing), (*notes, "No Mahalanobis distances: some items follow exactly from others, or the "
                                    "covariances of different respondents contradict one another.")  # fmt: skip
    return (squared, stats.chi2.sf(squared, np.maximum(df, 1))), notes


def _regular(covariance: np.ndarray) -> np.ndarray:
    """The same matrix if it can be inverted with some digits left; otherwise an error of its own kind."""
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        raise np.linalg.LinAlgError
    return covariance
