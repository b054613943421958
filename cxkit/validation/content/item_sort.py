"""Can experts tell, by the definitions alone, to which dimension each item belongs?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results.options import check_options
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import Verdict, Verdicts
from cxkit.statistics.agreement import wilson_interval
from cxkit.validation.content.experts import OTHER, ExpertRatings
from cxkit.validation.content.indices import ExpertResult, by_chance, is_or_are, some_names


@dataclass(frozen=True, eq=False, kw_only=True)
class SubstantiveValidity(ExpertResult):
    """How experts sorted the items."""

    title: ClassVar[str] = "Substantive validity (item sort)"
    cites: ClassVar[tuple[str, ...]] = ("anderson1991", "howard2016b")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "experts", "p_sa", "ci_low..ci_high", "c_sv", "p_value", "taken_for",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"
    value: ClassVar[str] = "p_sa"
    axis: ClassVar[str] = "Share of experts who put the item into its dimension (p_sa)"
    marks: ClassVar[tuple[str, str]] = ("significantly more than half", "not significantly more than half")

    def passes(self) -> np.ndarray:
        return np.asarray(self.judged["p_value"] <= float(str(self.settings["alpha"])))

    @property
    def text(self) -> str:
        """How many items go where they should, and the lowest c_sv of those that do not."""
        short = self.judged[~self.passes()]
        good = len(self.judged) - len(short)
        items = counted(len(self.judged), "item")
        told = f"{good} of {items} {is_or_are(good)} put into the intended dimension by significantly more than half "
        told += "of the experts"
        if short.empty:
            return f"{told}."
        lowest = short.loc[ties.smallest(short["c_sv"])]
        other = f", mostly as '{lowest['taken_for']}'" if lowest["taken_for"] else ""
        return (
            f"{told}; not so {some_names(short['item'].tolist())}. The lowest c_sv is that of {lowest['item']} (p_sa "
            f"{TWO_DIGITS(lowest['p_sa'])}, c_sv {TWO_DIGITS(lowest['c_sv'])}{other})."
        )


def substantive_validity(
    ratings: ExpertRatings, *, alpha: float = 0.05, confidence: float = 0.95
) -> SubstantiveValidity:
    """Do experts who know the definitions put each item into the dimension that it was written for?

    Single items belong to no dimension and are not covered. An expert who passed over an item does not count for it;
    one who put it to none of the dimensions does count, as a miss.

    Parameters
    ----------
    ratings
        Judgements of the kind "assignment".
    alpha
        One-sided probability of finding more than half of the experts by chance.
    confidence
        Probability of the interval of p_sa.

    Returns
    -------
    SubstantiveValidity
        A row an item: dimension, title, item, text, reversed, experts, intended (how many put it into its dimension),
        p_sa
        (their share) with ci_low and ci_high (Wilson), c_sv (that number minus the largest number for any one other
        dimension, by experts: from -1 to 1), taken_for (that other dimension; "" if none) and p_value.

    Raises
    ------
    AnalysisError
        If the judgements are of another kind, of fewer than two experts, or the instrument has one dimension only.

    Notes
    -----
    p_sa, c_sv and the test that more than half of the experts hit the dimension: Anderson & Gerbing (1991). p_value
    equals R's `binom.test(intended, experts, .5, alternative = "greater")$p.value`. Anderson & Gerbing compare c_sv
    with a critical value made for two dimensions; with more, its outcome hangs on how the misses are spread (Howard &
    Melloy 2016). The verdict here rests on the number of hits alone. The norms of Colquitt et al. (2019) are not
    included.
    """
    check_options(alpha=alpha, confidence=confidence)
    given = ratings.need("assignment", "Substantive validity")
    if len(ratings.instrument.dimensions) < 2:
        raise AnalysisError(
            f"Substantive validity needs two dimensions to choose from; '{ratings.instrument.name}' has "
            f"{len(ratings.instrument.dimensions)}."
        )
    about = ratings.item_frame
    about = about[about["dimension"] != ""].reset_index(drop=True)
    if about.empty:
        raise AnalysisError(f"In '{ratings.name}' no item of a dimension was sorted, only single items.")
    titles = {d.key: d.title for d in ratings.instrument.dimensions}
    sorts = [_sorted(given.loc[row["item"]].dropna(), row["dimension"], titles) for _, row in about.iterrows()]
    frame = pd.concat([about, pd.DataFrame(sorts)], axis=1)
    low, high = wilson_interval(frame["intended"].to_numpy(), frame["experts"].to_numpy(), confidence)
    frame.insert(frame.columns.get_loc("p_sa") + 1, "ci_low", low)
    frame.insert(frame.columns.get_loc("ci_low") + 1, "ci_high", high)
    return SubstantiveValidity(
        frame=frame,
        n=int(given.notna().any().sum()),
        settings={"alpha": alpha, "confidence": confidence},
        data=ratings.stamp,
        verdicts=_sort_verdicts(frame, alpha),
    )


def _sorted(assigned: pd.Series, dimension: str, titles: dict[str, str]) -> dict[str, object]:
    """What the experts did with one item."""
    experts, intended = len(assigned), int((assigned == dimension).sum())
    others = assigned[~assigned.isin([dimension, OTHER])].value_counts()
    rival = int(others.iloc[0]) if len(others) else 0
    tied = sorted(titles[str(key)] for key in others.index[others == rival]) if rival else []
    return {
        "experts": experts,
        "intended": intended,
        "p_sa": intended / experts if experts else np.nan,
        "c_sv": (intended - rival) / experts if experts else np.nan,
        "taken_for": " or ".join(tied),
        "p_value": by_chance(intended, experts) if experts else np.nan,
    }


def _sort_verdicts(frame: pd.DataFrame, alpha: float) -> Verdicts:
    rows = frame[frame["experts"] > 0]
    return Verdicts(
        tuple(
            Verdict(
                subject=row["item"],
                measure="p_sa",
                value=float(row["p_sa"]),
                verdict="recognised" if row["p_value"] <= alpha else "not recognised by most",
                source="anderson1991",
            )
            for _, row in rows.iterrows()
        )
    )
