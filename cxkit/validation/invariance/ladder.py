"""Climbing from configural to strict invariance, with a bounded and logged search for what must be let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from cxkit.errors import ModelError
from cxkit.results.thresholds import (
    CFI_BENTLER,
    CHEN_LARGE,
    CHEN_SMALL,
    SRMR_HU,
    ChangeCutoffs,
    Cutoff,
)
from cxkit.sem.comparison import Comparison
from cxkit.sem.fit import Fit
from cxkit.validation.invariance.models import (
    FEWEST_EQUAL_THRESHOLDS,
    Design,
    fit_level,
    index_of,
    item_of,
    kind_of,
    release_candidates,
)

SMALL_TOTAL = 300
UNEQUAL = 1.5
SIGNIFICANT = 0.05
FEWEST_EQUAL_ITEMS = 2
"""At least so many items of a dimension stay equal: with one, nothing tells which of two differing items differs."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One fitted model: its level, what is free in it, how it compares with the model below, and the verdict."""

    level: str
    freed: tuple[str, ...]
    newly_freed: tuple[str, ...]
    fit: Fit
    below: Comparison | None
    changes: Mapping[str, float]
    verdict: str
    holds: bool
    gain: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Climb:
    """All rungs, and in sentences what kept the ladder from going on."""

    rungs: tuple[Rung, ...]
    cutoffs: ChangeCutoffs
    reached: str
    freed: tuple[str, ...]
    notes: tuple[str, ...] = ()


def chosen_cutoffs(sizes: Sequence[int]) -> ChangeCutoffs:
    """Chen's cut-offs for these group sizes.

    The strict ones apply to 300 respondents or fewer, and to groups of unequal size. Chen gives no number for
    "unequal"; here it is more than 1.5 times as many in the largest group as in the smallest.
    """
    strict = sum(sizes) <= SMALL_TOTAL or max(sizes) > UNEQUAL * min(sizes)
    return CHEN_SMALL if strict else CHEN_LARGE


def climb(design: Design, *, up_to: str, share: float) -> Climb:
    """Fit every level, and where one does not hold look for the few parameters that keep it from holding.

    Raises
    ------
    ModelError
        If the lowest level cannot be fitted.
    """
    levels = list(design.equalities)
    levels = levels[: levels.index(up_to) + 1]
    first = _lowest(fit_level(design, levels[0], ()))
    cutoffs = chosen_cutoffs([group.n for group in first.fit.sample.groups])
    rungs, notes, base = [first], [], first
    reached = [levels[0]] if first.holds else []
    for level in levels[1:]:
        try:
            tried = _level(
                design, level, base, cutoffs, share, is_open=bool(reached) and reached[-1] == rungs[-1].level
            )
        except ModelError as problem:
            notes.append(f"The ladder ends below {level} invariance: {problem}")
            break
        rungs += tried
        if tried[-1].holds:
            reached.append(level)
        base = tried[-1] if tried[-1].holds else tried[0]
    accepted = [rung for rung in rungs if rung.holds and rung.level in reached]
    return Climb(
        rungs=tuple(rungs),
        cutoffs=cutoffs,
        reached=reached[-1] if reached else "none",
        freed=accepted[-1].freed if accepted else (),
        notes=tuple(notes),
    )


def _lowest(fit: Fit) -> Rung:
    """The configural model: the same structure in every group, judged by its own fit."""
    fits = index_of(fit, "cfi") >= CFI_BENTLER.bands[-1][0] and fit.measures["srmr"] < SRMR_HU.bands[-1][0]
    verdict, holds = "holds" if fits else "does not fit", bool(fits)
    if fit.df == 0:
        verdict, holds = "cannot be tested (0 df)", True
    if not fit.measures["baseline.pvalue"] < SIGNIFICANT:
        # Against a baseline that fits as well, CFI is 1 whatever the model says.
        verdict, holds = "the items hardly correlate", False
    return Rung(level="configural", freed=(), newly_freed=(), fit=fit, below=None, changes={}, verdict=verdict,
                holds=holds)  # fmt: skip


def _level(
    design: Design, level: str, base: Rung, cutoffs: ChangeCutoffs, share: float, *, is_open: bool
) -> list[Rung]:
    """The rungs of one level: everything equal, then with one more parameter free at a time."""
    carried = _carried(design, level, base.freed)
    freed = (*base.freed, *carried)
    rungs = [_rung(design, level, base, cutoffs, freed=freed, newly=carried, is_open=is_open)]
    while is_open and not rungs[-1].holds:
        found = _next_release(design, level, rungs[-1], share)
        if found is None:
            break
        text, gain = found
        freed = (*rungs[-1].freed, text)
        rungs.append(_rung(design, level, base, cutoffs, freed=freed, newly=(text,), is_open=True, gain=gain))
    return rungs


def _carried(design: Design, level: str, freed: Sequence[str]) -> tuple[str, ...]:
    """Where the loading differs, an equal intercept means nothing: it is let go as well."""
    if level != "scalar":
        return ()
    intercepts = [f"{item_of(text)} ~ 1" for text in freed if kind_of(text) == "loadings"]
    return tuple(text for text in intercepts if text not in freed)


def _rung(
    design: Design,
    level: str,
    base: Rung,
    cutoffs: ChangeCutoffs,
    *,
    freed: tuple[str, ...],
    newly: tuple[str, ...],
    is_open: bool,
    gain: float = float("nan"),
) -> Rung:
    fit = fit_level(design, level, freed)
    changes = {
        "cfi": index_of(fit, "cfi") - index_of(base.fit, "cfi"),
        "rmsea": index_of(fit, "rmsea") - index_of(base.fit, "rmsea"),
        "srmr": float(fit.measures["srmr"] - base.fit.measures["srmr"]),
    }
    holds, verdict = _judged(level, changes, cutoffs, is_partial=bool(freed))
    return Rung(
        level=level, freed=freed, newly_freed=newly, fit=fit, below=_difference(base.fit, fit), changes=changes,
        verdict=verdict if is_open else "not reached", holds=holds and is_open, gain=gain,
    )  # fmt: skip


def _difference(below: Fit, fit: Fit) -> Comparison:
    """The chi-square difference; by Satorra & Bentler (2010) where their test of 2001 comes out negative."""
    found = below.compare(fit)
    if np.isnan(found.chisq_diff) and found.method == "satorra.bentler.2001":
        return below.compare(fit, "satorra.bentler.2010")
    return found


def _judged(level: str, changes: Mapping[str, float], cutoffs: ChangeCutoffs, *, is_partial: bool) -> tuple[bool, str]:
    """CFI decides; RMSEA and SRMR, which Chen proposed to supplement it, are named where they say otherwise."""
    if np.isnan(changes["cfi"]):
        return False, "cannot be judged"
    crossed = {name: bool(value >= cutoff.bands[-1][0]) for name, (cutoff, value) in judged(level, changes, cutoffs)}
    holds = not crossed["cfi"]
    other = [name.upper() for name in ("rmsea", "srmr") if crossed[name] == holds]
    against = f"; {' and '.join(other)} disagree{'s' if len(other) == 1 else ''}" if other else ""
    word = "holds in part" if is_partial else "holds"
    return holds, f"{word if holds else 'does not hold'}{against}"


def judged(level: str, changes: Mapping[str, float], cutoffs: ChangeCutoffs) -> list[tuple[str, tuple[Cutoff, float]]]:
    """Each index with its cut-off and how much worse it has become."""
    srmr = cutoffs.srmr_loadings if level in ("thresholds", "metric") else cutoffs.srmr
    return [
        ("cfi", (cutoffs.cfi, -changes["cfi"])),
        ("rmsea", (cutoffs.rmsea, changes["rmsea"])),
        ("srmr", (srmr, changes["srmr"])),
    ]


def _next_release(design: Design, level: str, rung: Rung, share: float) -> tuple[str, float] | None:
    """The parameter whose release would gain most, if it is allowed and its gain is not chance; with its score test."""
    for row in release_candidates(design, level, rung.fit).itertuples():
        if not row.mi > chi2.isf(SIGNIFICANT, 1):
            return None
        if row.text not in rung.freed and _allowed(design, rung.freed, row.text, row.item, share):
            return row.text, float(row.mi)
    return None


def _allowed(design: Design, freed: Sequence[str], text: str, item: str, share: float) -> bool:
    items = design.factors[design.dimension_of(item)]
    already = {item_of(other) for other in freed} & set(items)
    most = min(int(share * len(items) + 1e-9), len(items) - FEWEST_EQUAL_ITEMS)
    if item not in already and len(already) >= most:
        return False
    return kind_of(text) != "thresholds" or _threshold_allowed(design, freed, item)


def _threshold_allowed(design: Design, freed: Sequence[str], item: str) -> bool:
    free = sum(kind_of(other) == "thresholds" and item_of(other) == item for other in freed)
    return design.data[item].nunique() - 1 - free > FEWEST_EQUAL_THRESHOLDS
