"""Every index of careless responding that an instrument allows, for answers that were given or simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxkit.errors import counted
from cxkit.results.rounding import TWO_DIGITS
from cxkit.statistics.covariances import SINGULAR
from cxkit.survey import screening
from cxkit.survey.instrument import Dimension, Item
from cxkit.survey.survey import Survey

WITHIN = ("longstring_max", "longstring_mean", "irv", "even_odd", "synonyms", "antonyms", "person_total")
INDICES = (
    "longstring_max", "longstring_mean", "irv", "mahalanobis", "mahalanobis_p", "even_odd", "synonyms", "antonyms",
    "person_total", "identical",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the indices need to know of an instrument: its items in the order of asking, and their dimensions.

    `pairs` are the synonyms and the antonyms: positions of two items, a row a pair. They are chosen once, from the real
    answers, so that simulated respondents are judged on the same pairs.
    """

    items: tuple[Item, ...]
    dimensions: tuple[Dimension, ...]
    pairs: tuple[np.ndarray, np.ndarray]

    @property
    def keys(self) -> list[str]:
        """The keys of the items, in the order of asking."""
        return [item.key for item in self.items]


def compute_indices(values: np.ndarray, layout: Layout) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Compute every index that the answers allow, a row a respondent, and say why others are missing."""
    given = pd.DataFrame(values, columns=layout.keys)
    frame = pd.DataFrame({"answered": (~np.isnan(values)).sum(axis=1)})
    for name in WITHIN:
        frame[name] = np.nan
    scales = [item.scale for item in layout.items]
    together = screening.on_one_scale(values, scales)
    distance, notes = _distances(given)
    if together is None:
        notes += (
            "Items without ends of their scale cannot be compared within a respondent: only distances are given.",
        )
    else:
        if all(scale.points for scale in scales):
            frame["longstring_max"], frame["longstring_mean"] = screening.longstrings(values, scales)
        else:
            notes += ("Runs of one answer are counted on scales of whole numbers only.",)
        frame["irv"] = screening.individual_variability(together)
        frame["person_total"] = screening.person_total(together)
        notes += _consistency(together, layout, frame)
    frame = frame.assign(mahalanobis=distance[0], mahalanobis_p=distance[1], identical=screening.identical(values))
    return frame[["answered", *INDICES]], notes


def _consistency(together: np.ndarray, layout: Layout, frame: pd.DataFrame) -> tuple[str, ...]:
    """Fill in even-odd, synonyms and antonyms, and say which of them the instrument does not allow."""
    notes = []
    usable = [d for d in layout.dimensions if d.kind == "reflective" and len(d.items) > 1]
    first = layout.items[0].scale
    turned_round = (first.low or 0) + (first.high or 0) - together  # `together` is in units of the first item's scale
    is_reversed = [item.reversed for item in layout.items]
    turned = pd.DataFrame(np.where(is_reversed, turned_round, together), columns=layout.keys)
    frame["even_odd"] = screening.even_odd(turned, usable)
    if len(usable) < screening.FEWEST_POINTS:
        notes.append(
            f"Even-odd consistency needs {screening.FEWEST_POINTS} reflective dimensions of two items or more; "
            f"there {'is' if len(usable) == 1 else 'are'} {len(usable)}."
        )
    for name, pairs in zip(("synonyms", "antonyms"), layout.pairs, strict=True):
        frame[name] = screening.pair_consistency(together, pairs)
    return tuple(notes)


def lay_out(survey: Survey, keys: Sequence[str], synonym_r: float, antonym_r: float) -> tuple[Layout, tuple[str, ...]]:
    """The layout of a survey's items in this order, and which pairs of items it lacks."""
    items = tuple(survey.instrument.items[key] for key in keys)
    correlation = survey.given[list(keys)].corr().to_numpy()
    synonyms, antonyms = (screening.similar_pairs(correlation, r) for r in (synonym_r, antonym_r))
    comparable = all(item.scale.is_bounded for item in items)
    notes: tuple[str, ...] = ()
    if comparable:
        notes = _too_few_pairs("synonyms", len(synonyms), synonym_r) + _too_few_pairs(
            "antonyms", len(antonyms), antonym_r
        )
    return Layout(items=items, dimensions=survey.dimensions, pairs=(synonyms, antonyms)), notes


def _too_few_pairs(name: str, pairs: int, r: float) -> tuple[str, ...]:
    if pairs >= screening.FEWEST_POINTS:
        return ()
    correlate = "correlates" if pairs == 1 else "correlate"
    beyond = "above" if r > 0 else "below"
    return (
        f"No {name}: {counted(pairs, 'pair')} of items {correlate} {beyond} {TWO_DIGITS(r)}, and "
        f"{screening.FEWEST_POINTS} are needed.",
    )


def _distances(given: pd.DataFrame) -> tuple[tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
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


def distinct_rows(values: np.ndarray, copied: np.ndarray) -> np.ndarray:
    """The answers with one row of each set of copies; `copied` says which rows belong to a set."""
    seen: set[bytes] = set()
    keep = np.ones(len(values), dtype=bool)
    for row in np.flatnonzero(copied):
        answers = np.nan_to_num(values[row], nan=np.inf).tobytes()
        keep[row] = answers not in seen
        seen.add(answers)
    return np.asarray(values[keep])


def longest_set(identical: Sequence[float] | np.ndarray) -> int:
    """How many respondents the largest set of identical answers has; 0 where none could be compared."""
    sizes = np.asarray(identical, dtype="float64")
    return 0 if np.isnan(sizes).all() else int(np.nanmax(sizes))
