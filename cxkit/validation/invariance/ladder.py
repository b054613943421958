"""Climbing from configural to strict invariance, with a bounded and logged search for what must be let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from cxkit.errors import ModelError
from cxkit.results.invariance import LEVELS
from cxkit.results.thresholds import CFI_BENTLER, SRMR_HU, ChangeCutoffs
from cxkit.sem.after.comparison import Comparison, fits_worse
from cxkit.sem.after.nested import searched_from
from cxkit.sem.fit import Fit
from cxkit.validation.invariance.judging import (
    NO_DF,
    NOT_JUDGED,
    UNJUDGED_STRUCTURE,
    Family,
    chosen_cutoffs,
    difference,
    family_of,
    is_significant,
    verdict_of,
)
from cxkit.validation.invariance.models import (
    FEWEST_EQUAL_THRESHOLDS,
    Design,
    fit_level,
    index_of,
    item_of,
    kind_of,
    release_candidates,
)

SIGNIFICANT = 0.05
NO_STRUCTURE = "The levels above configural are shown without a test, as the structure itself does not hold."
FEWEST_EQUAL_ITEMS = 2
"""At least so many items of a dimension stay equal: with one, nothing tells which of two differing items differs."""
FEWEST_EQUAL_BINARY = 3
"""The same for items of two answers alone: two only give the factor its mean and its variance in the other groups."""


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
    p_adjusted: float = float("nan")
    gain: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Climb:
    """All rungs, and in sentences what kept the ladder from going on. `cutoffs` is None for ordered answers."""

    rungs: tuple[Rung, ...]
    cutoffs: ChangeCutoffs | None
    reached: str
    freed: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Every level of one design with nothing let go: what the report's tests are made of.

    Attributes
    ----------
    fits
        The levels that could be fitted, from the lowest.
    tests
        Level to the test against the level below.
    problem
        Why the ladder ends below its highest level, if it does.
    """

    design: Design
    first: Rung
    fits: Mapping[str, Fit]
    tests: Mapping[str, Comparison] = field(default_factory=dict)
    problem: str = ""

    @property
    def cutoffs(self) -> ChangeCutoffs | None:
        """Chen's cut-offs; none were derived for the estimators of ordered answers."""
        if self.design.ordinal:
            return None
        return chosen_cutoffs([group.n for group in self.first.fit.sample.groups])


def start(design: Design, *, up_to: str) -> Ladder:
    """Fit every level with nothing let go.

    Raises
    ------
    ModelError
        If the lowest level cannot be fitted.
    """
    levels = list(design.equalities)
    # A level that these items do not have is part of the next one (two answers: thresholds and metric in scalar).
    levels = [level for level in levels if LEVELS.index(level) <= LEVELS.index(up_to)]
    fits, problem = {levels[0]: fit_level(design, levels[0], ())}, ""
    try:
        for level in levels[1:]:
            fits[level] = fit_level(design, level, ())
    except ModelError as found:
        problem = f"The ladder ends below {level} invariance: {found}"
    for below, level in reversed(list(pairwise(fits))):
        fits[below] = _no_worse(fits[below], fits[level])
    tests = {}
    try:
        for below, level in pairwise(fits):
            tests[level] = difference(fits[below], fits[level])
    except ModelError as found:
        problem = f"The ladder ends below {level} invariance: {found}"
    kept = {level: fit for level, fit in fits.items() if level == levels[0] or level in tests}
    first = _lowest(design, fits[levels[0]])
    return Ladder(design=design, first=first, fits=kept, tests=tests, problem=problem)


def _no_worse(free: Fit, narrower: Fit) -> Fit:
    """The freer model, searched as well from the narrower one where it fits worse: it ended at a local optimum."""
    return searched_from(free, narrower) if fits_worse(free, narrower) else free


def one_family(ladders: Sequence[Ladder]) -> tuple[Family, list[dict[str, float]]]:
    """One error rate for all levels of all dimensions that are judged; and each ladder's adjusted p by level.

    A dimension whose structure does not hold is not judged further, so that its levels are no tests.
    """
    judged = [(number, level) for number, one in enumerate(ladders) if one.first.holds for level in one.tests]
    family = family_of([ladders[number].tests[level].p for number, level in judged])
    by_ladder: list[dict[str, float]] = [{} for _ in ladders]
    for (number, level), p in zip(judged, family.adjusted, strict=True):
        by_ladder[number][level] = p
    return family, by_ladder


def climb(ladder: Ladder, family: Family, adjusted: Mapping[str, float], *, share: float) -> Climb:
    """Judge every level, and where one does not hold look for the few parameters that keep it from holding."""
    climber = _Climber(ladder=ladder, family=family, adjusted=adjusted, share=share)
    rungs, notes, base = [ladder.first], [], ladder.first
    reached = [ladder.first.level] if ladder.first.holds else []
    for level in ladder.tests:
        try:
            tried = climber.level(level, base, is_open=bool(reached) and reached[-1] == rungs[-1].level)
        except ModelError as problem:
            notes.append(f"The ladder ends below {level} invariance: {problem}")
            break
        rungs += tried
        if tried[-1].holds:
            reached.append(level)
        base = tried[-1] if tried[-1].holds else tried[0]
    accepted = [rung for rung in rungs if rung.holds and rung.level in reached]
    ended = [ladder.problem] if ladder.problem and not notes else []
    below = [] if ladder.first.holds or len(rungs) == 1 else [_no_test(ladder.first)]
    return Climb(
        rungs=tuple(rungs),
        cutoffs=ladder.cutoffs,
        reached=reached[-1] if reached else "none",
        freed=accepted[-1].freed if accepted else (),
        notes=(*notes, *ended, *below, *_unjudged(rungs)),
    )


def _no_test(first: Rung) -> str:
    """Why no level above the lowest is tested."""
    if first.fit.doubt is None:
        return NO_STRUCTURE
    reason = first.fit.doubt.sentence
    return f"The levels above configural are shown without a test, as the structure is not judged: {reason}."


def _unjudged(rungs: Sequence[Rung]) -> list[str]:
    """Why a level has no p-value although it restricts something."""
    return [
        f"{rung.level} invariance cannot be judged. {rung.below.text}"
        for rung in rungs
        if rung.below and rung.below.df_diff > 0 and np.isnan(rung.below.p)
    ]


def _lowest(design: Design, fit: Fit) -> Rung:
    """The configural model: the same structure in every group, judged by its own fit where cut-offs were derived."""
    fits = index_of(fit, "cfi") >= CFI_BENTLER.bands[-1][0] and fit.measures["srmr"] < SRMR_HU.bands[-1][0]
    verdict, holds = "holds" if fits else "does not fit", bool(fits)
    if design.ordinal:
        # Cut-offs for CFI, RMSEA and SRMR come from maximum likelihood (Hu & Bentler 1999; Xia & Yang 2019).
        verdict, holds = UNJUDGED_STRUCTURE, True
    if fit.doubt:
        verdict, holds = NOT_JUDGED, False
    if fit.df == 0:
        verdict, holds = NO_DF, True
    if fit.sample.settled and not fit.measures["baseline.pvalue"] < SIGNIFICANT:
        # Against a baseline that fits as well, CFI is 1 whatever the model says.
        verdict, holds = "the items hardly correlate", False
    return Rung(level="configural", freed=(), newly_freed=(), fit=fit, below=None, changes={}, verdict=verdict,
                holds=holds)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Climber:
    """What judging a level takes."""

    ladder: Ladder
    family: Family
    adjusted: Mapping[str, float]
    share: float

    def level(self, level: str, base: Rung, *, is_open: bool) -> list[Rung]:
        """The rungs of one level: everything equal, then with one more parameter free at a time."""
        carried = _carried(level, base.freed)
        freed = (*base.freed, *carried)
        rungs = [self._rung(level, base, freed=freed, newly=carried, is_open=is_open)]
        while is_open and not rungs[-1].holds:
            found = self._next_release(level, rungs[-1])
            if found is None:
                break
            text, gain = found
            rung = self._rung(
                level, base, freed=(*rungs[-1].freed, text), newly=(text,), is_open=True, narrower=rungs[-1].fit
            )
            if not self._is_told_from_chance(rung.fit, rungs[-1].fit):
                break
            rungs.append(replace(rung, gain=gain))
        return rungs

    def _rung(
        self, level: str, base: Rung, *, freed: tuple[str, ...], newly: tuple[str, ...], is_open: bool,
        narrower: Fit | None = None,
    ) -> Rung:  # fmt: skip
        is_planned = not freed and not base.freed
        fit = self.ladder.fits[level] if is_planned else fit_level(self.ladder.design, level, freed)
        if narrower is not None:
            fit = _no_worse(fit, narrower)
        below = _no_worse(base.fit, fit)
        test = self.ladder.tests[level] if is_planned else difference(below, fit)
        p_adjusted = self.adjusted.get(level, float("nan")) if is_planned else self.family.later(test.p)
        changes = {
            "cfi": index_of(fit, "cfi") - index_of(below, "cfi"),
            "rmsea": index_of(fit, "rmsea") - index_of(below, "rmsea"),
            "srmr": float(fit.measures["srmr"] - below.measures["srmr"]),
        }
        holds, verdict = verdict_of(level, test, p_adjusted, changes, self.ladder.cutoffs, is_partial=bool(freed))
        return Rung(
            level=level, freed=freed, newly_freed=newly, fit=fit, below=test, changes=changes,
            verdict=verdict if is_open else "not reached", holds=holds and is_open, p_adjusted=p_adjusted,
        )  # fmt: skip

    def _is_told_from_chance(self, freer: Fit, tighter: Fit) -> bool:
        """Whether letting one parameter go improves the fit by more than chance, by the rule of the levels.

        Score tests of ordered answers are not scaled, so that their own p-values would say too much.
        """
        return is_significant(self.family.later(difference(freer, tighter).p))

    def _next_release(self, level: str, rung: Rung) -> tuple[str, float] | None:
        """The parameter whose release would gain most, if it is allowed; with its score test."""
        design = self.ladder.design
        for row in release_candidates(design, level, rung.fit).itertuples():
            if row.text not in rung.freed and _allowed(design, rung.freed, row.text, row.item, self.share):
                return row.text, float(row.mi)
        return None


def _carried(level: str, freed: Sequence[str]) -> tuple[str, ...]:
    """Where the loading differs, an equal intercept means nothing: it is let go as well."""
    if level != "scalar":
        return ()
    intercepts = [f"{item_of(text)} ~ 1" for text in freed if kind_of(text) == "loadings"]
    return tuple(text for text in intercepts if text not in freed)


def _allowed(design: Design, freed: Sequence[str], text: str, item: str, share: float) -> bool:
    items = design.factors[design.dimension_of(item)]
    already = {item_of(other) for other in freed} & set(items)
    fewest = FEWEST_EQUAL_BINARY if set(items) <= set(design.binary) else FEWEST_EQUAL_ITEMS
    most = min(int(share * len(items) + 1e-9), len(items) - fewest)
    if item not in already and len(already) >= most:
        return False
    return kind_of(text) != "thresholds" or _threshold_allowed(design, freed, item)


def _threshold_allowed(design: Design, freed: Sequence[str], item: str) -> bool:
    free = sum(kind_of(other) == "thresholds" and item_of(other) == item for other in freed)
    return design.data[item].nunique() - 1 - free > FEWEST_EQUAL_THRESHOLDS
