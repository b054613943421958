"""Do the same people answer alike a second time? Test-retest reliability over waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.accounting import account
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_names, check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import RETEST_KOO, judge_intervals
from cxkit.results.weighted import refuse_weights
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import asked_for
from cxkit.validation.reliability.raters import intraclass_table, mean_squares

GOOD, GOOD_WORDS = RETEST_KOO.bands[2]


@dataclass(frozen=True, eq=False, kw_only=True)
class RetestReliability(Result):
    """Agreement of each dimension's score over waves, with the change that exceeds measurement error."""

    waves: tuple[str, ...]

    title: ClassVar[str] = "Test-retest reliability"
    sheets_of_one_person: ClassVar[str] = "they are what is compared"
    cites: ClassVar[tuple[str, ...]] = ("shrout1979", "devet2006")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "agreement", "ci_low..ci_high", "consistency", "change", "sem", "smallest_change",
    )  # fmt: skip

    @property
    def text(self) -> str:
        """The lowest agreement, with the smallest change that counts for one person."""
        row = self.frame.loc[ties.smallest(self.frame["agreement"])]
        lowest = "" if len(self.frame) == 1 else "lowest "
        level = RETEST_KOO.of_interval(row["agreement"], row["ci_low"], row["ci_high"])
        return (
            f"Over {len(self.waves)} waves ({', '.join(self.waves)}) the {lowest}agreement is that of {row['title']}: "
            f"ICC(2,1) = {RETEST_KOO.shown(row['agreement'])}{self._interval(row)}: {level} "
            f"({cite(RETEST_KOO.source)}). True change in the time between the waves counts as "
            f"error. One person's score there must change by more than "
            f"{TWO_DIGITS(row['smallest_change'])} before it can be told from measurement error."
        )

    def _interval(self, row: pd.Series) -> str:
        if not np.isfinite(row["ci_low"]):
            return ""
        low, high = RETEST_KOO.shown(row["ci_low"]), RETEST_KOO.shown(row["ci_high"])
        return f", {self.level} interval {low} to {high}"

    @property
    def note(self) -> str:
        """What the columns are, and the usual line."""
        columns = (
            "ICC(2,1) counts a shift of everybody between waves against agreement, ICC(3,1) does not. SEM: standard "
            "error of one score, shifts and true changes included; smallest change: 1.96 times √2 times SEM."
        )
        return " ".join([columns, super().note])

    @property
    def alt(self) -> str:
        """Every dimension's agreement."""
        each = "; ".join(
            f"{row['title']} {TWO_DIGITS(row['agreement'])}{self._interval(row)}" for _, row in self.frame.iterrows()
        )
        return f"Agreement over waves, ICC(2,1), with a line at {TWO_DIGITS(GOOD)}: {each}."

    def draw(self, axes: Axes) -> None:
        """Agreement with its interval, a row a dimension."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        value, low, high = (self.frame[name].to_numpy() for name in ("agreement", "ci_low", "ci_high"))
        figures.intervals(axes, heights, value, low, high)
        axes.axvline(GOOD, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(min(0.0, float(np.nanmin([value, low])) - 0.05), 1.0)
        axes.set_xlabel(
            f"Agreement over waves, ICC(2,1), with {self.level} interval\n"
            f"dashed line: {TWO_DIGITS(GOOD)}, {GOOD_WORDS} ({cite(RETEST_KOO.source)})"
        )


def retest_reliability(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    waves: Sequence[str] | None = None,
    answered: float = 0.5,
    confidence: float = 0.95,
) -> RetestReliability:
    """Do the same people get the same score when asked again?

    Only respondents with a score in every wave contribute, dimension by dimension. It is taken for granted that nothing
    has changed in between: true change counts as error.

    Parameters
    ----------
    survey
        The survey, read with the roles id and wave.
    dimensions
        Keys of the dimensions; all of them where None. Formative dimensions and single items take part.
    waves
        Which waves, the first one first; all of them where None and their names tell a time.
    answered
        The share of a dimension's items that must be answered for a score (0 to 1).
    confidence
        Probability of the interval.

    Returns
    -------
    RetestReliability
        A row a dimension: dimension, title, n, agreement (ICC(2,1)), ci_low, ci_high, consistency (ICC(3,1)), icc_1_1,
        icc_1_k, icc_2_k, icc_3_k, change (last wave minus first), sem and smallest_change (units of the answer
        scale).

    Raises
    ------
    AnalysisError
        If the survey knows no id or wave, has fewer than two waves, an id occurs twice in a wave, or fewer than five
        respondents have a score in every wave.

    Notes
    -----
    Agrees with R's `psych::ICC(x, lmer = FALSE)` of scores by respondent and wave. Smallest change: de Vet et al. 2006.
    """
    refuse_weights(
        survey,
        "Test-retest reliability",
        "its intervals are those of persons who count alike",
    )
    check_options(confidence=confidence, answered=answered)
    chosen = asked_for(survey, dimensions)
    if not chosen:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; there is no score.")
    names = _waves(survey, waves)
    table = _scores_by_wave(survey, names, answered)
    rows, left_out = of_each(chosen, lambda d: _row(d, table[d.key], names, confidence))
    frame = pd.DataFrame(list(rows.values()))
    return RetestReliability(
        frame=frame,
        **_taking_part(survey, table[frame.loc[frame["n"].idxmax(), "dimension"]], names),
        settings={
            "dimensions": [d.key for d in chosen], "waves": list(names), "answered": answered,
            "confidence": confidence,
        },
        data=survey.stamp,
        verdicts=judge_intervals(RETEST_KOO, frame["title"], frame["agreement"], frame["ci_low"], frame["ci_high"]),
        waves=names,
        notes=left_out,
    )  # fmt: skip


def _taking_part(survey: Survey, scores: pd.DataFrame, waves: tuple[str, ...]) -> dict[str, Any]:
    """Who contributes to a dimension, of all ids; whoever has no row in some wave did not take part in it."""
    rows = survey.role("id")[survey.role("wave").astype("str").isin(waves)].value_counts()
    everybody = pd.Index(survey.role("id").dropna().unique())
    present = rows.reindex(everybody, fill_value=0).to_numpy() == len(waves)
    complete = scores.reindex(index=everybody, columns=list(waves)).notna().all(axis=1).to_numpy()
    return account(complete | ~present, ("they did not take part in every wave", present))


def _waves(survey: Survey, wanted: Sequence[str] | None) -> tuple[str, ...]:
    waves = survey.role("wave")
    known = [str(name) for name in waves.cat.categories]
    if wanted is None:
        if len(known) > 1 and not waves.cat.ordered:
            raise AnalysisError(
                f"The names of the waves of '{survey.name}' do not tell which comes first: {', '.join(known)}. Name "
                f"them in their order: waves={known}, or the other way round."
            )
        chosen = known
    else:
        listed = [wanted] if isinstance(wanted, str) else wanted
        chosen = check_names("waves", [str(name) for name in listed], known, of=f"'{survey.name}' has no wave")
    if len(chosen) < 2:
        raise AnalysisError(f"Test-retest reliability needs two waves; '{survey.name}' offers {len(chosen)}.")
    return tuple(chosen)


def _scores_by_wave(survey: Survey, waves: tuple[str, ...], answered: float) -> pd.DataFrame:
    """A row a respondent; columns (dimension, wave)."""
    wave = survey.role("wave").astype("str")
    used = wave.isin(waves) & survey.role("id").notna()
    scores = survey.scores(answered=answered)[used]
    keys = pd.DataFrame({"id": survey.role("id")[used], "wave": wave[used]})
    twice = keys.duplicated()
    if twice.any():
        first = keys[twice].iloc[0]
        raise AnalysisError(
            f"{int(twice.sum()):,} rows of '{survey.name}' repeat a respondent within a wave, the first in row "
            f"{keys.index[twice][0]} (wave {first['wave']}). Each respondent may answer once in each wave."
        )
    return scores.set_index(pd.MultiIndex.from_frame(keys)).unstack("wave")


def _row(dimension: Dimension, table: pd.DataFrame, waves: tuple[str, ...], confidence: float) -> dict[str, object]:
    complete = table.reindex(columns=list(waves)).dropna().to_numpy(dtype="float64")
    if len(complete) < MINIMUM_CELL:
        raise AnalysisError(
            f"Test-retest reliability of '{dimension.title}': {counted(len(complete), 'respondent')} with a score in "
            f"every wave, and fewer than {MINIMUM_CELL} are neither enough nor safe to report. Choose waves=[...] "
            "that more share."
        )
    found = mean_squares(complete)
    if not found.objects > 0:
        raise AnalysisError(
            f"Test-retest reliability of '{dimension.title}' cannot be computed: all {len(complete):,} respondents "
            "have the same mean score."
        )
    table_of = intraclass_table(found, confidence).set_index("type")
    agreement = table_of.loc["ICC(2,1)"]
    error = np.sqrt(found.rest + max((found.raters - found.rest) / found.n, 0.0))
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "n": found.n,
        "agreement": agreement["icc"],
        "ci_low": agreement["ci_low"],
        "ci_high": agreement["ci_high"],
        "consistency": table_of.loc["ICC(3,1)", "icc"],
        "icc_1_1": table_of.loc["ICC(1,1)", "icc"],
        "icc_1_k": table_of.loc["ICC(1,k)", "icc"],
        "icc_2_k": table_of.loc["ICC(2,k)", "icc"],
        "icc_3_k": table_of.loc["ICC(3,k)", "icc"],
        "change": float(complete[:, -1].mean() - complete[:, 0].mean()),
        "sem": float(error),
        "smallest_change": float(1.96 * np.sqrt(2) * error),
    }
