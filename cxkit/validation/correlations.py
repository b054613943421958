"""How items vary together: which of them take part, their covariances, and what makes a matrix unusable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxkit.errors import EXAMPLES_SHOWN, AnalysisError, counted, first_of
from cxkit.results.options import check_choice, check_names
from cxkit.results.weighted import refuse_weights, weights_at
from cxkit.statistics.covariances import (
    SINGULAR,
    answered_together,
    complete_covariances,
    pairwise_covariances,
    weighted_covariances,
    with_unit_diagonal,
)
from cxkit.statistics.weighted import effective_n
from cxkit.survey.instrument import Dimension
from cxkit.survey.people import refuse_several_sheets
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.dependent_items import refuse_following, refuse_involved
from cxkit.without_contents import without_contents

Missing = Literal["complete", "pairwise", "fiml"]

REQUIRED = {"complete": "all of its items", "pairwise": "any of its items", "fiml": "any of its items"}
"""What a respondent must have answered to take part, as sentences say it."""


FORMATIVE_NAMED = 3
"""So many formative dimensions are named in a note."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The dimensions that an analysis covers, and in sentences why others are left out."""

    dimensions: tuple[Dimension, ...]
    notes: tuple[str, ...] = ()

    @property
    def item_keys(self) -> list[str]:
        """The items of the dimensions, in the order of the instrument."""
        return [key for dimension in self.dimensions for key in dimension.item_keys]

    @property
    def favourable(self) -> np.ndarray:
        """A sign an item: -1 in dimensions whose low scores are good, so that a total adds up what is favourable."""
        signs = [[-1.0 if d.higher_is == "worse" else 1.0] * len(d.items) for d in self.dimensions]
        return np.concatenate(signs)

    @property
    def item_frame(self) -> pd.DataFrame:
        """A row an item: dimension, title, item, text, reversed."""
        rows = [(d.key, d.title, item.key, item.text, item.reversed) for d in self.dimensions for item in d.items]
        return pd.DataFrame(rows, columns=["dimension", "title", "item", "text", "reversed"])


NO_WEIGHTED_FORM = "its estimates and tests are those of respondents who all count alike"
"""Why most analyses of covariances refuse weights; those that honour them call `select` with `weighted=True`."""


def select(
    survey: Survey, dimensions: Sequence[str] | None, *, items: int, analysis: str, weighted: bool = False,
    why_not: str = NO_WEIGHTED_FORM, several_sheets: bool = False,
) -> Selection:  # fmt: skip
    """The reflective dimensions with enough items.

    Parameters
    ----------
    survey
        The survey.
    dimensions
        Keys of the dimensions that were asked for; all of them where None.
    items
        How many items a dimension needs.
    analysis
        The name of the analysis, for the sentences.
    weighted
        Whether the analysis honours weights; if not, weighted answers are refused.
    why_not
        Why it does not, for the sentence.
    several_sheets
        Whether the analysis itself looks at answer sheets of the same people; if not, they are refused before anything
        is computed.

    Raises
    ------
    AnalysisError
        If people handed in several sheets, a dimension is unknown, none is left, or the respondents have weights that
        the analysis cannot honour.
    """
    asked = asked_for(survey, dimensions)
    if not several_sheets:
        refuse_several_sheets(survey.name, survey.people, analysis[:1].upper() + analysis[1:])
    if not weighted:
        refuse_weights(survey, analysis[:1].upper() + analysis[1:], why_not)
    reflective = [dimension for dimension in asked if dimension.kind == "reflective"]
    kept = [dimension for dimension in reflective if len(dimension.items) >= items]
    notes = [
        *formative_notes([dimension for dimension in asked if dimension.kind == "formative"], analysis),
        *(_too_short(dimension, items, analysis) for dimension in reflective if dimension not in kept),
    ]
    if not kept:
        raise AnalysisError(
            " ".join([f"No dimension of '{survey.name}' is left for {analysis}.", *notes, *_no_dimensions(survey)])
        )
    return Selection(dimensions=tuple(kept), notes=tuple(notes))


def asked_for(survey: Survey, dimensions: Sequence[str] | None) -> list[Dimension]:
    """The dimensions of those keys; all of them where None."""
    if dimensions is None:
        return list(survey.dimensions)
    instrument = survey.instrument
    keys = check_names(
        "dimensions", dimensions, instrument.dimension_keys, of=f"Instrument '{instrument.name}' has no dimension"
    )
    return [instrument.dimension(key) for key in keys]


def formative_notes(dimensions: Sequence[Dimension], analysis: str) -> list[str]:
    """Why formative dimensions are left out of an analysis, what that means, and what to do instead; none for none.

    One sentence for all of them: an audit has sixteen, and sixteen times the same reason is read by nobody.
    """
    if not dimensions:
        return []
    if len(dimensions) == 1:
        left, their = f"'{dimensions[0].title}' is left out: it is formative.", "Its"
    else:
        named = ", ".join(f"'{dimension.title}'" for dimension in dimensions[:FORMATIVE_NAMED])
        more = len(dimensions) - FORMATIVE_NAMED
        rest = f" and {more} more" if more > 0 else ""
        left, their = f"{len(dimensions)} dimensions are left out: they are formative ({named}{rest}).", "Their"
    return [
        f"{left} {their} items make the score up, as courses make up a menu, and need not go together; {analysis} "
        "takes items as signs of one thing behind them and would mislead. formative_profile says what can be said "
        "instead."
    ]


def _too_short(dimension: Dimension, items: int, analysis: str) -> str:
    return f"'{dimension.title}' is left out: {analysis} needs {items} items, and it has {len(dimension.items)}."


def _no_dimensions(survey: Survey) -> list[str]:
    return [] if survey.dimensions else ["The instrument has single items only."]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Covariances and correlations of items, with how many respondents stand behind them.

    `n` respondents gave at least one answer (or, with complete answers only, all of them); `n_complete` gave all.
    `n_pairs` is how many answered two items together: the harmonic mean over pairs of items, as errors go with 1/n.
    """

    items: tuple[str, ...]
    covariance: np.ndarray
    correlation: np.ndarray
    n: int
    n_complete: int
    effective: float
    effective_complete: float
    n_pairs: float
    is_weighted: bool = False

    __repr__ = without_contents

    @property
    def n_effective(self) -> float | None:
        """How many respondents of equal weight n are worth; None where no weights were used."""
        return self.effective if self.is_weighted else None


def moments(answers: pd.DataFrame, missing: Missing, weights: np.ndarray | None = None) -> Moments:
    """Covariances of the items, from complete rows, from each pair's own rows, or by maximum likelihood from all rows.

    Agrees with R's `cov(x, use = "complete.obs")` and `cov(x, use = "pairwise")`, and `cor` with the same `use`: a
    pairwise correlation takes its standard deviations from that pair's rows too. With weights, correlations agree with
    `psych::cor.wt(x, w)` and covariances with `survey::svyvar`. "fiml" is the saturated covariance matrix of
    `lavaan::cfa(..., missing = "fiml")` times n / (n - 1). `effective` and `effective_complete` are the
    numbers of respondents of equal weight that n and n_complete are worth.
    """
    check_choice("missing", missing, Missing)
    values = answers.to_numpy(dtype="float64")
    answered = ~np.isnan(values)
    complete = answered.all(axis=1)
    rows = complete if missing == "complete" else answered.any(axis=1)
    used = values if rows.all() else values[rows]
    own = None if weights is None else weights[rows]
    whole = bool(complete[rows].all())
    if missing == "fiml" and not whole:
        covariance, correlation = _likeliest(used, own, list(map(str, answers.columns)))
    elif own is not None:
        covariance, correlation = weighted_covariances(used, own)
    else:
        covariance, correlation = complete_covariances(used) if whole else pairwise_covariances(used)
    count = np.ones(len(values)) if weights is None else weights
    return Moments(
        items=tuple(map(str, answers.columns)),
        covariance=covariance,
        correlation=correlation,
        n=int(rows.sum()),
        n_complete=int(complete.sum()),
        effective=effective_n(count[rows]) if rows.any() else 0.0,
        effective_complete=effective_n(count[complete]) if complete.any() else 0.0,
        n_pairs=answered_together(~np.isnan(used), count[rows]),
        is_weighted=weights is not None,
    )


def handling_note(found: Moments, missing: Missing, correlation: str = "pearson") -> tuple[str, ...]:
    """How missing answers entered the correlations, in a sentence; none where nothing was missing or used."""
    polychoric = ("Polychoric correlations.",) if correlation == "polychoric" else ()
    if found.n_complete == found.n:
        return polychoric
    who = f"{found.n:,} respondents gave some answers, {found.n_complete:,} of them all."
    if missing == "fiml" and correlation == "pearson":
        return (f"Correlations by maximum likelihood from all answers given (EM): {who}",)
    return (*polychoric, f"Each correlation rests on the respondents who answered both items: {who}")


def handling(missing: Missing, correlation: str) -> Missing:
    """How missing answers enter: polychoric correlations take pairs of answers where others take all of them."""
    return "pairwise" if correlation == "polychoric" and missing == "fiml" else missing


def _likeliest(values: np.ndarray, weights: np.ndarray | None, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Covariances (divisor n - 1) and correlations that maximum likelihood gives all rows, where it gives any."""
    from cxkit.sem.sample.saturated_moments import moments_of_answers

    together = (~np.isnan(values)).T.astype("float64") @ ~np.isnan(values)
    # An item that nobody answered has no largest answer: the order of the two questions matters.
    if together.min() < 2 or not (np.nanmax(values, axis=0) > np.nanmin(values, axis=0)).all():
        return (
            pairwise_covariances(values) if weights is None else weighted_covariances(values, weights)
        )  # whose gaps the caller names
    found = moments_of_answers(values, weights)[1]
    if not found.converged:
        refuse_following("An analysis of all answers", values, names)
        raise AnalysisError(
            f"{len(values)} respondents are too few, or their answers too incomplete, to estimate the covariances of "
            f"{values.shape[1]} items by maximum likelihood. Use missing='pairwise', or fewer dimensions=[...]."
        )
    covariance = found.cov * len(values) / (len(values) - 1)
    sd = np.sqrt(np.diag(covariance))
    return covariance, with_unit_diagonal(covariance / np.outer(sd, sd), covariance)


def refuse_unsafe(n: int, *, analysis: str, title: str, answered: str) -> None:
    """Refuse what rests on so few respondents that a reader could work back to their answers.

    Parameters
    ----------
    n
        Respondents behind the numbers.
    analysis, title
        What is refused, and of which dimension or survey.
    answered
        What each of the respondents answered: "any of its items".

    Raises
    ------
    AnalysisError
        If they are fewer than `MINIMUM_CELL`.
    """
    if n == 0:
        raise AnalysisError(
            f"{analysis} of '{title}' cannot be computed: nobody answered {answered}. Leave that out with "
            "dimensions=[...]."
        )
    if n < MINIMUM_CELL:
        raise AnalysisError(
            f"{analysis} of '{title}' is not shown: {counted(n, 'respondent')} answered {answered}, and numbers of "
            f"fewer than {MINIMUM_CELL} would give their answers away. Ask more respondents, or leave that out with "
            "dimensions=[...]."
        )


def constant_items(answers: pd.DataFrame) -> list[str]:
    """Items to which everybody who answered gave the same answer, or nobody any."""
    lowest, highest = answers.min(), answers.max()
    return [str(key) for key in answers.columns if not lowest[key] < highest[key]]


def why_constant(answers: pd.DataFrame, items: Sequence[str]) -> str:
    """Of items that do not vary: which nobody answered, and which everybody answered alike."""
    unanswered = [key for key in items if answers[key].isna().all()]
    alike = [key for key in items if key not in unanswered]
    parts = [f"nobody answered {_named(unanswered)}"] if unanswered else []
    if alike:
        parts.append(f"these have one answer from everybody: {_named(alike)}")
    return "; ".join(parts)


def regular_correlations(survey: Survey, selection: Selection, missing: Missing, *, analysis: str) -> Moments:
    """Correlations that can be inverted.

    Raises
    ------
    AnalysisError
        If an item is constant, there are no more respondents than items or fewer than five, two items were never
        answered together, or an item follows from others; the message names the items.
    """
    answers = survey.answers[selection.item_keys]
    found = moments(answers, missing, weights_at(survey, answers.index))
    _refuse_too_few(survey, found, missing, analysis)
    used = answers.dropna() if missing == "complete" else answers
    _refuse_constant(survey, used, analysis)
    _refuse_unpaired(found, analysis)
    _refuse_singular(found, used, missing, analysis)
    return found


def _refuse_too_few(survey: Survey, found: Moments, missing: Missing, analysis: str) -> None:
    width = len(found.items)
    if width < 2:
        raise AnalysisError(f"{analysis} needs two items; '{survey.name}' has {width}.")
    if found.n > width:
        refuse_unsafe(found.n, analysis=analysis, title=survey.name, answered=REQUIRED[missing])
        if found.is_weighted and found.effective <= width:
            raise AnalysisError(
                f"{analysis} takes more respondents than items: by their weights the {found.n:,} respondents of "
                f"'{survey.name}' are worth only {found.effective:.1f} of equal weight, and there are "
                f"{counted(width, 'item')}. Look for weights that are far too large, or let every respondent count "
                "alike (weights = False in the notebook, survey.without_weights() in Python)."
            )
        return
    gave = "answered all of them" if missing == "complete" else "answered any of them"
    remedy = ""
    if missing == "complete" and len(survey) > width:
        remedy = " missing='pairwise' uses the incomplete answers too."
    raise AnalysisError(
        f"{analysis} takes more respondents than items: '{survey.name}' has {counted(width, 'item')}, and "
        f"{counted(found.n, 'respondent')} {gave}.{remedy} Or choose fewer dimensions=[...]."
    )


def _refuse_constant(survey: Survey, answers: pd.DataFrame, analysis: str) -> None:
    constant = constant_items(answers)
    if constant:
        raise AnalysisError(
            f"{analysis} cannot use items that do not vary; in '{survey.name}' {why_constant(answers, constant)}. "
            "Leave them out of the instrument, or ask more respondents."
        )


def _refuse_unpaired(found: Moments, analysis: str) -> None:
    gaps = np.argwhere(np.triu(~np.isfinite(found.correlation), 1))
    if len(gaps):
        pairs = [f"{found.items[i]} and {found.items[j]}" for i, j in gaps]
        raise AnalysisError(
            f"{analysis} needs a correlation of every two items, but these have none, because too few respondents "
            f"answered both or one of them did not vary: {_named(pairs)}."
        )


def _refuse_singular(found: Moments, answers: pd.DataFrame, missing: Missing, analysis: str) -> None:
    lowest = float(np.linalg.eigvalsh(found.correlation)[0])
    if lowest >= SINGULAR:
        return
    if missing == "pairwise" and lowest < -SINGULAR:
        refuse_following(analysis, answers.to_numpy(dtype="float64"), found.items)
        raise AnalysisError(
            f"{analysis} cannot use these pairwise correlations: they rest on different respondents and contradict one "
            f"another (smallest eigenvalue {lowest:.2g}). Use missing='fiml'."
        )
    refuse_involved(analysis, found.correlation, found.items)


def _named(names: list[str]) -> str:
    return first_of(names, 2 * EXAMPLES_SHOWN)
