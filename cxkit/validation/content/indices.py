"""Do experts find the items essential and relevant, and can they tell to which dimension each belongs?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit.errors import counted, first_of
from cxkit.results import figures, rounding
from cxkit.results.options import check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import (
    ICVI_FEW_LYNN,
    ICVI_LYNN,
    KAPPA_POLIT,
    SCVI_POLIT,
    Cutoff,
    Verdict,
    Verdicts,
    judge,
)
from cxkit.statistics.agreement import wilson_interval
from cxkit.validation.content.experts import ExpertRatings

RELEVANT = 3
"""Ratings from this one on, of 1 to 4, call an item relevant (Lynn 1986)."""

FEW_EXPERTS = 5
"""Up to so many experts, all must call an item relevant (Lynn 1986)."""

NAMED = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpertResult(Result):
    """What all results on judgements of experts share: n counts experts, and an item is a row."""

    value: ClassVar[str]
    """The column that the figure shows."""
    axis: ClassVar[str]
    """Its name along the axis."""
    lowest: ClassVar[float] = 0.0
    """The smallest value that it can have."""
    marks: ClassVar[tuple[str, str]] = ("reaches the convention", "falls short")
    """What the two marks of the figure mean."""

    @property
    def origin(self) -> str:
        """Who judged, and where the judgements come from."""
        synthetic = "Synthetic data. " if self.data.synthetic else ""
        return f"{synthetic}n = {counted(self.n, 'expert')}. Judgements: {self.data}."

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items."""
        return 7.0, 1.6 + 0.27 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The value of every item."""
        values = (f"{r['item']} {TWO_DIGITS(r[self.value])}" for _, r in self.judged.iterrows())
        return f"{self.axis} of each item: {', '.join(values)}."

    @property
    def judged(self) -> pd.DataFrame:
        """The items that somebody judged."""
        return self.frame[self.frame["experts"] > 0]

    def passes(self) -> np.ndarray:
        """Whether each judged item reaches its convention."""
        raise NotImplementedError

    def draw(self, axes: Axes) -> None:
        """The value of each item, those that fall short by another mark."""
        heights = figures.rows(axes, self.judged["item"].tolist())
        values, good = self.judged[self.value].to_numpy(), self.passes()
        axes.hlines(heights, 0.0, values, color="#BBBBBB", linewidth=1.5)
        axes.plot(values[good], heights[good], "o", color=figures.BLUE, label=self.marks[0])
        if not good.all():
            axes.plot(values[~good], heights[~good], "X", color=figures.RED, markersize=8, label=self.marks[1])
        axes.set_xlim(self.lowest - 0.03, 1.03)
        axes.set_xlabel(self.axis)
        figures.legend_below(axes)


def critical_cvr(experts: int, *, alpha: float = 0.05) -> float:
    """The smallest content validity ratio that this many experts give by chance with a probability of at most alpha.

    By chance each expert calls an item essential with probability one half; one-sided. Exact, from the binomial
    distribution, as in Ayre & Scally (2014): the table printed by Lawshe (1975) has errors and is not used. NaN where
    even unanimity is not rare enough, which with alpha .05 means fewer than five experts. Equals R's
    `(2 * (qbinom(1 - alpha, n, .5) + 1) - n) / n`.

    >>> [critical_cvr(n) for n in (5, 8, 10, 15, 20, 40)]
    [1.0, 0.75, 0.8, 0.6, 0.5, 0.3]
    """
    needed = next((k for k in range(experts + 1) if by_chance(k, experts) <= alpha), None)
    return float("nan") if needed is None or experts < 1 else (2 * needed - experts) / experts


def by_chance(successes: float, trials: float) -> float:
    """The probability of at least so many successes in fair trials."""
    return float(stats.binom.sf(successes - 1, trials, 0.5))


def some_names(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    return first_of(names, NAMED)


@dataclass(frozen=True, eq=False, kw_only=True)
class ContentValidityRatio(ExpertResult):
    """Lawshe's ratio by item, with exact critical values."""

    title: ClassVar[str] = "Content validity ratio"
    cites: ClassVar[tuple[str, ...]] = ("lawshe1975", "ayre2014")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "experts", "essential", "cvr", "critical_cvr", "p_value",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"
    value: ClassVar[str] = "cvr"
    axis: ClassVar[str] = "Content validity ratio (−1: nobody, 1: all call the item essential)"
    lowest: ClassVar[float] = -1.0
    marks: ClassVar[tuple[str, str]] = ("more experts than chance explains", "not told from chance")

    def passes(self) -> np.ndarray:
        return np.asarray(self.judged["p_value"] <= float(str(self.settings["alpha"])))

    @property
    def text(self) -> str:
        """How many items more experts call essential than chance explains, which fall short, and the mean ratio."""
        short = self.judged.loc[~self.passes(), "item"].tolist()
        items = counted(len(self.judged), "item")
        beyond = (
            f"{len(self.judged) - len(short)} of {items} {is_or_are(len(self.judged) - len(short))} called essential"
        )
        told = f"{beyond} by more experts than chance explains"
        fall = f"; not so {some_names(short)}" if short else ""
        few = "" if self.judged["critical_cvr"].notna().all() else (
            " Where fewer than five experts judged an item, even unanimity can be chance."
        )  # fmt: skip
        return f"{told}{fall}. The mean ratio is {TWO_DIGITS(self.judged['cvr'].mean())}.{few}"

    @property
    def note(self) -> str:
        """The usual line, and what the critical value means."""
        alpha = f"{float(str(self.settings['alpha'])):g}"
        return f"Critical CVR: exact binomial, one-sided, {alpha} an item, not adjusted for many items. {super().note}"


def content_validity_ratio(ratings: ExpertRatings, *, alpha: float = 0.05) -> ContentValidityRatio:
    """Do more experts call an item essential than would if each tossed a coin?

    An expert who passed over an item does not count for that item: its ratio, critical value and p rest on those who
    judged it.

    Parameters
    ----------
    ratings
        Judgements of the kind "essential".
    alpha
        Probability, one-sided, of calling an item essential by chance.

    Returns
    -------
    ContentValidityRatio
        A row an item: dimension, title, item, text, reversed, experts (who judged it), essential (how many called it
        so), cvr ((essential - experts / 2) / (experts / 2), from -1 to 1), critical_cvr and p_value (exact, one-sided).

    Raises
    ------
    AnalysisError
        If the judgements are of another kind, or of fewer than two experts.

    Notes
    -----
    Lawshe (1975), with the exact critical values of Ayre & Scally (2014). p_value agrees with R's
    `binom.test(essential, experts, .5, alternative = "greater")$p.value`.
    """
    given = ratings.need("essential", "The content validity ratio")
    experts = given.notna().sum(axis=1).to_numpy()
    essential = given.sum(axis=1).to_numpy().astype("int64")
    check_options(alpha=alpha)
    with np.errstate(invalid="ignore", divide="ignore"):
        cvr = (2 * essential - experts) / experts
    critical = {int(n): critical_cvr(int(n), alpha=alpha) for n in np.unique(experts)}
    frame = ratings.item_frame.assign(
        experts=experts,
        essential=essential,
        cvr=cvr,
        critical_cvr=[critical[int(n)] for n in experts],
        p_value=[by_chance(k, n) if n else np.nan for k, n in zip(essential, experts, strict=True)],
    )
    return ContentValidityRatio(
        frame=frame,
        n=int(given.notna().any().sum()),
        settings={"alpha": alpha},
        data=ratings.stamp,
        verdicts=_cvr_verdicts(frame, alpha),
    )


def _cvr_verdicts(frame: pd.DataFrame, alpha: float) -> Verdicts:
    """Each item against the critical value of its own number of experts."""
    rows = frame[frame["experts"] > 0]
    return Verdicts(
        tuple(
            Verdict(
                subject=row["item"],
                measure=f"CVR, critical {TWO_DIGITS(row['critical_cvr'])}" if _known(row["critical_cvr"]) else "CVR",
                value=float(row["cvr"]),
                verdict=_cvr_words(row, alpha),
                source="ayre2014",
            )
            for _, row in rows.iterrows()
        )
    )


def _known(value: float) -> bool:
    return not math.isnan(value)


def _cvr_words(row: pd.Series, alpha: float) -> str:
    if not _known(row["critical_cvr"]):
        return "too few experts to tell from chance"
    return "essential beyond chance" if row["p_value"] <= alpha else "not told from chance"


@dataclass(frozen=True, eq=False, kw_only=True)
class ContentValidityIndex(ExpertResult):
    """I-CVI by item; `scales` holds S-CVI by dimension and over all items."""

    scales: pd.DataFrame

    title: ClassVar[str] = "Content validity index"
    cites: ClassVar[tuple[str, ...]] = ("lynn1986", "polit2006", "polit2007")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "experts", "relevant", "i_cvi", "ci_low..ci_high", "kappa",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"
    value: ClassVar[str] = "i_cvi"
    axis: ClassVar[str] = "Share of experts who call the item relevant (I-CVI)"

    def passes(self) -> np.ndarray:
        return _reaches_lynn(self.judged)

    @property
    def text(self) -> str:
        """The two scale indices, and which items fall short."""
        everything = self.scales.iloc[-1]
        short = self.judged.loc[~self.passes(), "item"].tolist()
        items = counted(len(self.judged), "item")
        fall = f"all {items} reach the I-CVI that their number of experts asks for"
        if short:
            verb = "falls" if len(short) == 1 else "fall"
            fall = f"{len(short)} of {items} {verb} short of the I-CVI that their number of experts asks for "
            fall += f"({some_names(short)})"
        return (
            f"S-CVI/Ave is {SCVI_POLIT.shown(everything['s_cvi_ave'])} (enough from "
            f"{TWO_DIGITS(SCVI_POLIT.bands[1][0])}, {cite(SCVI_POLIT.source)}); "
            f"{rounding.share(everything['s_cvi_ua'])} of the items are called relevant by everybody (S-CVI/UA "
            f"{TWO_DIGITS(everything['s_cvi_ua'])}). Item by item, {fall}."
        )


def content_validity_index(ratings: ExpertRatings, *, confidence: float = 0.95) -> ContentValidityIndex:
    """What share of the experts call an item relevant, and the items of a dimension together?

    Relevant is a rating of 3 or 4 on the scale from 1 to 4; ratings are counted, never averaged. An expert who passed
    over an item does not count for that item.

    Parameters
    ----------
    ratings
        Judgements of the kind "relevance".
    confidence
        Probability of the interval of I-CVI: with few experts it is wide, whatever the cut-off says.

    Returns
    -------
    ContentValidityIndex
        A row an item: dimension, title, item, text, reversed, experts, relevant (how many called it so), i_cvi with
        ci_low and ci_high (Wilson), p_chance (probability of just so many by tossing coins) and kappa
        ((i_cvi - p_chance) / (1 - p_chance)). `scales` has a row a dimension and one for all items: dimension, title,
        items, s_cvi_ave (mean I-CVI) and s_cvi_ua (share of items with universal agreement).

    Raises
    ------
    AnalysisError
        If the judgements are of another kind, or of fewer than two experts.

    Notes
    -----
    Lynn (1986); Polit & Beck (2006); the modified kappa is that of Polit, Beck & Owen (2007). p_chance equals R's
    `dbinom(relevant, experts, .5)`, the interval `prop.test(relevant, experts, correct = FALSE)$conf.int`. Two
    conventions stand side by side and need not agree: Lynn asks up to five experts for unanimity and more of them for
    .78; the kappa of four in five experts is "excellent" all the same.
    """
    check_options(confidence=confidence)
    given = ratings.need("relevance", "The content validity index")
    frame = _index_rows(ratings, given, confidence)
    scales = _scale_rows(frame)
    return ContentValidityIndex(
        frame=frame,
        scales=scales,
        n=int(given.notna().any().sum()),
        settings={"confidence": confidence},
        data=ratings.stamp,
        verdicts=_cvi_verdicts(frame, scales),
    )


def _index_rows(ratings: ExpertRatings, given: pd.DataFrame, confidence: float) -> pd.DataFrame:
    experts = given.notna().sum(axis=1).to_numpy()
    relevant = (given >= RELEVANT).sum(axis=1).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        i_cvi = np.where(experts > 0, relevant / experts, np.nan)
    chance = np.where(experts > 0, stats.binom.pmf(relevant, experts, 0.5), np.nan)
    low, high = wilson_interval(relevant, experts, confidence)
    return ratings.item_frame.assign(
        experts=experts,
        relevant=relevant,
        i_cvi=i_cvi,
        ci_low=low,
        ci_high=high,
        p_chance=chance,
        kappa=np.divide(i_cvi - chance, 1 - chance, out=np.full(len(chance), np.nan), where=chance < 1),
    )


def _scale_rows(frame: pd.DataFrame) -> pd.DataFrame:
    judged = frame[frame["experts"] > 0]
    groups = [(key, rows["title"].iloc[0], rows) for key, rows in judged.groupby("dimension", sort=False) if key]
    rows = [
        {
            "dimension": key,
            "title": title,
            "items": len(items),
            "s_cvi_ave": float(items["i_cvi"].mean()),
            "s_cvi_ua": float((items["relevant"] == items["experts"]).mean()),
        }
        for key, title, items in [*groups, ("", "All items", judged)]
    ]
    return pd.DataFrame(rows)


def _lynn(experts: float) -> Cutoff:
    return ICVI_FEW_LYNN if experts <= FEW_EXPERTS else ICVI_LYNN


def _reaches_lynn(judged: pd.DataFrame) -> np.ndarray:
    starts = np.array([_lynn(n).bands[-1][0] for n in judged["experts"]])
    return np.asarray(judged["i_cvi"].to_numpy() >= starts)


def _cvi_verdicts(frame: pd.DataFrame, scales: pd.DataFrame) -> Verdicts:
    judged = frame[frame["experts"] > 0]
    by_lynn = [judge(_lynn(r["experts"]), [r["item"]], [r["i_cvi"]]).items[0] for _, r in judged.iterrows()]
    return Verdicts(
        (
            *by_lynn,
            *judge(KAPPA_POLIT, judged["item"], judged["kappa"]).items,
            *judge(SCVI_POLIT, scales["title"], scales["s_cvi_ave"]).items,
        )
    )


def is_or_are(count: int) -> str:
    """The verb that goes with a count."""
    return "is" if count == 1 else "are"
