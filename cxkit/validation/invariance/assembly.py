"""Rows, verdicts and warnings of the levels that were reached, put together as an `Invariance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxkit.results.accounting import account
from cxkit.results.invariance import InvarianceEvidence
from cxkit.results.thresholds import CHEN_SMALL, DIFFERENCE_HOLM, Verdict, Verdicts
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.invariance.designs import used_by
from cxkit.validation.invariance.grouping import Grouping
from cxkit.validation.invariance.judging import judged
from cxkit.validation.invariance.ladder import Climb, Rung
from cxkit.validation.invariance.models import Design, in_words, index_of
from cxkit.validation.invariance.result import Invariance
from cxkit.validation.weighted_models import effective_of

TOGETHER = "together"
TOGETHER_TITLE = "All dimensions in one model"
NAMED = 3


def assemble(
    survey: Survey,
    units: Mapping[str, Sequence[Dimension]],
    climbs: Mapping[str, tuple[Design, Climb]],
    grouped: Grouping,
    settings: dict[str, object],
    notes: Sequence[str],
) -> Invariance:
    """Put together what was found; `units` are the dimensions of each model."""
    rows: list[dict[str, object]] = []
    verdicts: list[Verdict] = []
    levels: dict[str, str] = {}
    partial: dict[str, tuple[str, ...]] = {}
    for unit, (design, climbed) in climbs.items():
        title = TOGETHER_TITLE if unit == TOGETHER else units[unit][0].title
        rows += [_row(unit, title, rung) for rung in climbed.rungs]
        verdicts += _verdicts(title, climbed)
        for key, items in design.factors.items():
            levels[key] = climbed.reached
            own = tuple(text for text in climbed.freed if set(items) & set(text.split(" ")))
            partial |= {key: own} if own else {}
    settings |= _rule_settings([climbed for _, climbed in climbs.values()])
    design, climbed = max(climbs.values(), key=lambda found: found[1].rungs[0].fit.n)
    return Invariance(
        frame=pd.DataFrame(rows),
        **account(used_by(survey, list(design.items), design.options), *grouped.rules),
        n_effective=effective_of(climbed.rungs[0].fit),
        settings=settings,
        data=survey.stamp,
        verdicts=Verdicts(tuple(verdicts)),
        evidence=InvarianceEvidence(
            by=grouped.name, groups=grouped.groups, levels=levels, partial=partial, instrument=survey.instrument.name,
            data=survey.stamp,
        ),
        fits={unit: {rung.level: rung.fit for rung in c.rungs} for unit, (_, c) in climbs.items()},
        group_sizes=largest_sizes(climbs),
        notes=(*notes, *_warnings(climbs)),
    )  # fmt: skip


def _rule_settings(climbs: Sequence[Climb]) -> dict[str, object]:
    """By which tests and cut-offs the levels were judged; without cut-offs, `cfi_limit` is None."""
    methods = (rung.below.method for climbed in climbs for rung in climbed.rungs if rung.below)
    cutoffs = [climbed.cutoffs for climbed in climbs if climbed.cutoffs is not None]
    small = any(one is CHEN_SMALL for one in cutoffs)
    return {
        "difference_tests": tuple(dict.fromkeys(methods)),
        "rule": ("small" if small else "large") if cutoffs else "difference",
        "cfi_limit": min((one.cfi.bands[-1][0] for one in cutoffs), default=None),
    }


def largest_sizes(climbs: Mapping[str, tuple[Design, Climb]]) -> dict[str, int]:
    """Respondents of every group in the model that has most of them; models differ by missing answers."""
    parts = [climbed.rungs[0].fit.sample.groups for _, climbed in climbs.values()]
    return {same[0].label: max(group.n for group in same) for same in zip(*parts, strict=True)}


def _warnings(climbs: Mapping[str, tuple[Design, Climb]]) -> list[str]:
    """What the fits warn of, once; that rare pairs of answers are uncertain in one sentence for all of them."""
    found = dict.fromkeys(w for _, c in climbs.values() for rung in c.rungs if rung.holds for w in rung.fit.warnings)
    rare = [w for w in found if "combinations of answers" in w]
    other = [w for w in found if w not in rare]
    more = [f"{len(other) - NAMED} further warnings are in .fits."] if len(other) > NAMED else []
    pairs = ["Some pairs of answers occur in nobody; the correlations of those items are uncertain."] if rare else []
    return [*pairs, *other[:NAMED], *more]


def _row(unit: str, title: str, rung: Rung) -> dict[str, object]:
    mark = ".scaled" if "chisq.scaled" in rung.fit.measures else ""
    below = rung.below
    return {
        "unit": unit,
        "title": title,
        "level": rung.level,
        "freed": ", ".join(map(in_words, rung.newly_freed)),
        "n": rung.fit.n,
        "chi_square": float(rung.fit.measures[f"chisq{mark}"]),
        "df": rung.fit.df,
        "p_value": float(rung.fit.measures[f"pvalue{mark}"]),
        "cfi": index_of(rung.fit, "cfi"),
        "rmsea": index_of(rung.fit, "rmsea"),
        "srmr": float(rung.fit.measures["srmr"]),
        **{f"d_{name}": rung.changes.get(name, np.nan) for name in ("cfi", "rmsea", "srmr")},
        "d_chi_square": below.chisq_diff if below else np.nan,
        "d_df": below.df_diff if below else np.nan,
        "d_p": below.p if below else np.nan,
        "d_p_adjusted": rung.p_adjusted,
        "score_test": rung.gain,
        "verdict": rung.verdict,
    }


def _verdicts(title: str, climbed: Climb) -> list[Verdict]:
    """What the difference test says of each level, and for continuous answers what Chen's cut-offs say."""
    out = []
    for rung in climbed.rungs:
        if not rung.changes:
            continue
        free = f", {', '.join(map(in_words, rung.newly_freed))} free" if rung.newly_freed else ""
        cutoffs = climbed.cutoffs
        changes = [pair for _, pair in judged(rung.level, rung.changes, cutoffs)] if cutoffs is not None else []
        for cutoff, value in [(DIFFERENCE_HOLM, rung.p_adjusted), *changes]:
            subject = f"{title}, {rung.level}{free}"
            out.append(Verdict(subject=subject, measure=cutoff.measure, value=value, verdict=cutoff.verdict(value),
                               source=cutoff.source))  # fmt: skip
    return out
