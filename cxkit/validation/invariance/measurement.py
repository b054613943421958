"""Do groups answer the same questionnaire alike, so that their scores may be compared?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, CxkitError, OptionError
from cxkit.results.accounting import account
from cxkit.results.invariance import InvarianceEvidence
from cxkit.results.options import check_choice, check_options
from cxkit.results.thresholds import CHEN_SMALL, DIFFERENCE_HOLM, Verdict, Verdicts
from cxkit.results.weighted import refuse_weights
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.survey.instrument import Dimension
from cxkit.survey.people import refuse_several_sheets_in_a_group, same_people_note
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import select
from cxkit.validation.invariance.grouping import (
    Grouping,
    concealed_sizes,
    grouping,
    large_enough,
    power_note,
    smallest_group,
)
from cxkit.validation.invariance.judging import Family, judged
from cxkit.validation.invariance.ladder import Climb, Ladder, Rung, climb, one_family, start
from cxkit.validation.invariance.models import (
    CONTINUOUS,
    GROUP,
    ORDERED,
    Design,
    Level,
    in_words,
    index_of,
    parameters_per_group,
)
from cxkit.validation.invariance.ordered_answers import RareAnswers, two_answers_note, with_shared_categories
from cxkit.validation.invariance.result import Invariance
from cxkit.validation.invariance.shortage import Shortage, TooFewInGroups, explain
from cxkit.validation.structure.blueprints import FULL_INFORMATION, LEAST_SQUARES, LIKELIHOOD
from cxkit.validation.weighted_models import effective_of, estimator_for, with_weights

TOGETHER = "together"
TOGETHER_TITLE = "All dimensions in one model"
SHARE = 1 / 3
Handling = Literal["complete", "fiml", "pairwise"]
"""What happens to respondents with missing answers."""
NAMED = 3
WEIGHTS_AND_GROUPS = "weights of ordered answers are covered in one group only; ordinal=False takes them"
WITHOUT_DIFFERENCE = {"ULS": "ULSMV", "DWLS": "WLSMV"}
"""Their plain chi-square difference follows no chi-square distribution (Satorra 2000), and they have no scaled one."""


def measurement_invariance(
    survey: Survey,
    *,
    by: str | pd.Series = "level",
    groups: Sequence[str] | None = None,
    dimensions: Sequence[str] | None = None,
    together: bool = False,
    ordinal: bool = False,
    rare: RareAnswers = "refuse",
    estimator: str | None = None,
    missing: Handling | None = None,
    up_to: Level = "strict",
    share: float = SHARE,
    minimum: int | None = None,
) -> Invariance:
    """Do groups understand and use the items alike, so that their relations, or even their means, may be compared?

    Fits the same model in all groups at once and holds more and more of it equal: the structure (configural), the
    loadings (metric; with ordered answers the thresholds before them), the intercepts (scalar), the residual variances
    (strict). Each level is tested against the one below, at one error rate for all dimensions and levels of the result.
    Where one does not hold, the parameter whose release would improve the fit most is let go, one at a time and as long
    as the gain is more than chance at that error rate; every step is a row of the table. Means may be compared from
    scalar invariance on, also if it holds in part.

    Parameters
    ----------
    survey
        The survey; formative dimensions and those of fewer than three items do not take part.
    by
        A role (level, function, unit, organisation, wave), or a named Series with the survey's row numbers.
    groups
        Which of the groups; all where None.
    dimensions
        Keys of the dimensions; all of them where None.
    together
        One model of the whole instrument with correlated factors, instead of a model a dimension.
    ordinal
        Treat answers as ordered categories, by WLSMV on thresholds and polychoric correlations. The chi-square
        difference alone then decides, and the configural level is not judged: no cut-offs were derived for WLSMV.
        Items with two answers are tested from scalar invariance on (Wu & Estabrook 2016; docs/invariance.md).
    rare
        What to do with ordered answers that nobody in some group gave: "refuse", or "join" them with the neighbouring
        answer, in all groups; the notes then say which.
    estimator
        As in `sem.cfa`; MLR where None, which allows for answers that are not normal (WLSMV with `ordinal`). ULS and
        DWLS are refused: they have no test of a difference (ULSMV and WLSMV give the same estimates with one).
    missing
        "complete" uses respondents who answered every item of the model, "fiml" every answer (not with `ordinal`),
        "pairwise" every answer of ordered items. None is "pairwise" with `ordinal`, else "fiml" ("complete" under the
        estimators that need complete answers: all but ML and MLR).
    up_to
        The highest level to try.
    share
        The largest share of a dimension's items with any parameter let go; two items always stay equal.
    minimum
        The smallest group; None is six respondents for each item of a dimension (two for each parameter), at least 30.
        Smaller groups are left out if two remain and `groups` is None; the notes say so, and how small a shift of an
        item can be found. A group must also have more respondents than the model estimates parameters in it.

    Returns
    -------
    Invariance
        A row a model: unit (dimension key, or "together"), title, level, freed (what was let go in this row),
        n, chi_square, df, p_value, cfi, rmsea, srmr; against the level below d_cfi, d_rmsea, d_srmr, d_chi_square,
        d_df, d_p and d_p_adjusted (Holm's method over the result; it decides); score_test (of what was let go) and
        verdict. CFI and RMSEA are robust where the test is scaled, and scaled for ordered answers.

    Raises
    ------
    AnalysisError
        If there are fewer than two groups, one is too small (the message says which n would do), or no model could be
        fitted in any dimension.

    Notes
    -----
    Agrees with R's lavaan 0.6-14, `cfa(model, data, group =, group.equal =, estimator =)` and `lavTestLRT`, and for
    ordered answers with `semTools::measEq.syntax(ID.cat = "Wu.Estabrook.2016", ID.fac = "std.lv")`; the adjusted p with
    `p.adjust(p, "holm")`. A level of continuous answers does not hold if its scaled chi-square difference (Satorra &
    Bentler 2001) is significant and CFI falls by the cut-off of Chen (2007) for the sizes of the groups: CFI alone
    finds differences where there are none (docs/invariance.md), the test alone finds small ones in large groups. RMSEA
    and SRMR are named where they say otherwise. Ordered answers are judged by the scaled and shifted difference of
    Satorra (2000). The same people in several waves count as different people. The score tests, which choose what is
    let go, do not allow for answers that are not normal; the difference test then decides whether it is.
    """
    check_options(share=share, ordinal=ordinal, together=together)
    if minimum is not None:
        check_options(minimum=minimum)
    missing = missing or _default_missing(ordinal, estimator)
    _check(up_to, ordinal, missing, rare, estimator)
    options = _options(ordinal, estimator, missing)
    if ordinal:
        refuse_weights(survey, "Measurement invariance of ordered answers", WEIGHTS_AND_GROUPS)
    options["estimator"] = estimator_for(
        survey, options["estimator"], analysis="Measurement invariance", ordered=0, items=0
    )
    grouped = grouping(survey, by, groups)
    selection = select(
        survey, dimensions, items=3, analysis="measurement invariance", weighted=True, several_sheets=True
    )
    refuse_several_sheets_in_a_group(survey.name, survey.respondents, grouped.members, "Measurement invariance")
    largest = max(len(d.items) for d in selection.dimensions)
    answered, left_out = survey.answers[selection.item_keys].notna().any(axis=1), ""
    concealed = concealed_sizes(survey, grouped, answered)
    if groups is None:
        needed = smallest_group(minimum, largest)
        if not together:  # a model of one dimension: groups that it cannot be fitted in are left out, too
            needed = max(needed, *(_fewest(survey.items_of(d.key), ordinal) for d in selection.dimensions))
        grouped, left_out = large_enough(grouped, answered, needed)
    units = {TOGETHER: selection.dimensions} if together else {d.key: (d,) for d in selection.dimensions}
    notes, lost, ladders = [*selection.notes, *([left_out] if left_out else [])], [], {}
    for unit, members in units.items():
        try:
            design, remarks = _design(survey, members, grouped, ordinal, rare, options)
            needed = smallest_group(minimum, max(len(d.items) for d in members))
            _check_sizes(design, grouped, needed, survey.answers[list(design.items)])
            ladders[unit] = start(design, up_to=up_to)
            notes += [*remarks, *two_answers_note(design.items, design.binary)]
        except OptionError:
            raise
        except CxkitError as problem:
            if len(units) == 1:
                raise
            lost.append((members[0].title, problem))
    if not ladders:
        raise AnalysisError(f"No dimension of '{survey.name}' could be examined. {' '.join(_not_examined(lost))}")
    family, climbs = _climbed(ladders, share)
    for unit, (_, climbed) in climbs.items():
        notes += [f"{units[unit][0].title}: {_in_one_line(note)}" for note in climbed.notes]
    notes += _not_examined(lost)
    notes.append(power_note(_largest_sizes(climbs), tests=family.tests, concealed=concealed))
    settings: dict[str, object] = {
        "by": grouped.name, "groups": grouped.groups, "dimensions": [d.key for d in selection.dimensions],
        "together": together, "ordinal": ordinal, "rare": rare, **options, "up_to": up_to, "share": share,
        "minimum": minimum, "tests": family.tests, "error_rate": FAMILY_ERROR,
    }  # fmt: skip
    told = same_people_note(survey.respondents, grouped.members) + _told_once(notes)
    return replace(_result(survey, units, climbs, grouped, settings, told), concealed=concealed)


def _climbed(ladders: Mapping[str, Ladder], share: float) -> tuple[Family, dict[str, tuple[Design, Climb]]]:
    """All ladders, judged at one error rate."""
    family, adjusted = one_family([*ladders.values()])
    pairs = zip(ladders.items(), adjusted, strict=True)
    return family, {unit: (ladder.design, climb(ladder, family, own, share=share)) for (unit, ladder), own in pairs}


def _not_examined(lost: Sequence[tuple[str, CxkitError]]) -> list[str]:
    """A sentence for each reason, with all dimensions that it keeps out."""
    reasons: dict[object, list[tuple[str, CxkitError]]] = {}
    for title, problem in lost:
        alike = problem.shortage.kind if isinstance(problem, TooFewInGroups) else _in_one_line(problem)
        reasons.setdefault(alike, []).append((f"'{title}'", problem))
    sentences = []
    for own in reasons.values():
        shortages = [problem.shortage for _, problem in own if isinstance(problem, TooFewInGroups)]
        reason = explain(shortages) if shortages else _in_one_line(own[0][1])
        sentences.append(f"{', '.join(title for title, _ in own)} could not be examined: {reason}")
    return sentences


def _in_one_line(problem: object) -> str:
    return " ".join(str(problem).split())


def _check(up_to: str, ordinal: bool, missing: str, rare: str, estimator: str | None) -> None:
    check_choice("up_to", up_to, ORDERED if ordinal else CONTINUOUS)
    check_choice("missing", missing, Handling)
    check_choice("rare", rare, RareAnswers)
    if estimator is not None:
        known = LEAST_SQUARES if ordinal else (*LIKELIHOOD, *LEAST_SQUARES)
        check_choice("estimator", str(estimator).upper(), known)
        if str(estimator).upper() in WITHOUT_DIFFERENCE:
            raise OptionError(
                f"estimator='{estimator}' has no test of the difference of two levels, so that none can be judged: use "
                f"'{WITHOUT_DIFFERENCE[str(estimator).upper()]}', which gives the same estimates and a test."
            )
    if ordinal and missing == "fiml":
        raise OptionError("missing='fiml' is not for ordered answers: use 'pairwise' or 'complete'.")
    if missing == "pairwise" and not ordinal:
        raise OptionError("missing='pairwise' is for ordered answers: use 'fiml' or 'complete', or ordinal=True.")


def _default_missing(ordinal: bool, estimator: str | None) -> Handling:
    """Every answer, as far as the estimator can use it."""
    if ordinal:
        return "pairwise"
    return "fiml" if estimator is None or str(estimator).upper() in FULL_INFORMATION else "complete"


def _options(ordinal: bool, estimator: str | None, missing: str) -> dict[str, str]:
    chosen = str(estimator or ("WLSMV" if ordinal else "MLR")).upper()
    return {"estimator": chosen, "missing": "listwise" if missing == "complete" else missing}


def _design(
    survey: Survey, members: Sequence[Dimension], grouped: Grouping, ordinal: bool, rare: RareAnswers,
    options: Mapping[str, str],
) -> tuple[Design, list[str]]:  # fmt: skip
    """The answers of one model with their groups, in the order of the groups; and remarks on joined answers."""
    factors = {d.key: tuple(d.item_keys) for d in members}
    items = [item for keys in factors.values() for item in keys]
    answers = survey.answers[items].astype("float64")
    data = answers[_used(survey, items, options) & grouped.members.notna()]
    members_of = grouped.members[data.index]
    remarks: list[str] = []
    if ordinal:
        data, remarks = with_shared_categories(data, members_of, rare)
    data, _ = with_weights(data, survey)
    order = np.argsort([grouped.groups.index(name) for name in members_of], kind="stable")
    data = data.assign(**{GROUP: members_of.astype("object")}).iloc[order]
    return Design(factors=factors, data=data, groups=grouped.groups, ordinal=ordinal, options=options), remarks


def _used(survey: Survey, items: list[str], options: Mapping[str, str]) -> pd.Series:
    """Who gave the answers that a model of these items takes."""
    given = survey.answers[items].notna()
    return given.all(axis=1) if options["missing"] == "listwise" else given.any(axis=1)


def _fewest(answers: pd.DataFrame, ordinal: bool) -> int:
    """How many respondents a group needs so that the model of one dimension can be fitted in it at all."""
    return 1 + parameters_per_group(answers, factors=1, ordinal=ordinal)


def _check_sizes(design: Design, grouped: Grouping, minimum: int, answers: pd.DataFrame) -> None:
    counts = design.data[GROUP].value_counts()
    sizes = {name: int(counts.get(name, 0)) for name in grouped.groups}
    parameters = design.parameters_per_group
    needed = max(minimum, parameters + 1)
    if min(sizes.values()) >= needed:
        return
    below = {name: n for name, n in sizes.items() if n < needed}
    raise TooFewInGroups(
        Shortage(
            by=grouped.name, short=below, needed=needed, minimum=minimum, parameters=parameters,
            factors=len(design.factors), fit_in_two=sum(n > parameters for n in sizes.values()) >= 2,
            answered=_answered(design, grouped, below, answers), every="pairwise" if design.ordinal else "fiml",
        )
    )  # fmt: skip


def _answered(design: Design, grouped: Grouping, short: Mapping[str, int], answers: pd.DataFrame) -> dict[str, int]:
    """How many of the small groups answered at all, where complete answers alone make them small."""
    if design.options["missing"] != "listwise":
        return {}
    # Neither a group below the smallest cell nor a difference below it is told: the rest would follow.
    return {
        name: n
        for name, n in grouped.sizes(answers.notna().any(axis=1)).items()
        if short.get(name, 0) >= MINIMUM_CELL and n - short[name] >= MINIMUM_CELL
    }


def _told_once(notes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(notes))


def _result(
    survey: Survey,
    units: Mapping[str, Sequence[Dimension]],
    climbs: Mapping[str, tuple[Design, Climb]],
    grouped: Grouping,
    settings: dict[str, object],
    notes: Sequence[str],
) -> Invariance:
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
        **account(_used(survey, list(design.items), design.options), *grouped.rules),
        n_effective=effective_of(climbed.rungs[0].fit),
        settings=settings,
        data=survey.stamp,
        verdicts=Verdicts(tuple(verdicts)),
        evidence=InvarianceEvidence(
            by=grouped.name, groups=grouped.groups, levels=levels, partial=partial, instrument=survey.instrument.name,
            data=survey.stamp,
        ),
        fits={unit: {rung.level: rung.fit for rung in c.rungs} for unit, (_, c) in climbs.items()},
        group_sizes=_largest_sizes(climbs),
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


def _largest_sizes(climbs: Mapping[str, tuple[Design, Climb]]) -> dict[str, int]:
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
