"""Who may have answered without reading the questions? A row a respondent, a flag an index; nobody is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, counted
from cxkit.results.options import check_options
from cxkit.survey import screening
from cxkit.survey.privacy import MINIMUM_CELL
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
from cxkit.validation.screening.respondents_result import Screening

FEWEST_TO_CALIBRATE = 20
"""Respondents with different answers: means and correlations of fewer say too little of how people answer."""


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
    needs at least three dimensions of two items and correlations three pairs of items: with fewer they are 1 or -1
    whatever was answered. Attentive answers are simulated as Cario & Nelson (1997) do. With fewer than 20 respondents
    who differ, no cut-off is calibrated. `benchmarks/false_flags.py` shows the false-flag rates on fresh surveys.
    """
    check_options(synonym_r=synonym_r, antonym_r=antonym_r, seed=seed)
    keys = screening.items_in_order(survey, order)
    rules = named_rules(cutoffs, len(keys))
    timed = np.full(survey.n, np.nan) if seconds is None else screening.seconds_by_row(survey, seconds)
    _refuse_nothing_to_screen(survey, keys)
    layout, lacking = lay_out(survey, keys, synonym_r, antonym_r)
    values = survey.given[keys].to_numpy(dtype="float64")
    frame, notes = compute_indices(values, layout)
    frame = _with_rows_and_times(frame, survey.given.index, timed)
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


def _refuse_nothing_to_screen(survey: Survey, keys: Sequence[str]) -> None:
    if not keys:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; nothing to screen.")
    if not survey.given[keys].notna().to_numpy().any():
        raise AnalysisError(f"Nobody answered an item of the dimensions of '{survey.name}'; there is nobody to screen.")


def _with_rows_and_times(frame: pd.DataFrame, rows: pd.Index, seconds: np.ndarray) -> pd.DataFrame:
    """The indices by row number, with the time in all and for each item that was answered."""
    frame = frame.set_index(rows)
    frame.insert(0, "row", rows)
    frame["seconds"] = seconds
    frame[SECONDS] = frame["seconds"] / frame["answered"].replace(0, np.nan)
    return frame


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
