"""Do groups answer the same questionnaire alike, so that their scores may be compared?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from cxkit.errors import AnalysisError, CxkitError, OptionError
from cxkit.results.each_dimension import in_one_line
from cxkit.results.options import check_choice, check_options
from cxkit.results.weighted import refuse_weights
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.survey.instrument import Dimension
from cxkit.survey.people import refuse_several_sheets_in_a_group, same_people_note
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Selection, select
from cxkit.validation.invariance.assembly import TOGETHER, assemble, largest_sizes
from cxkit.validation.invariance.designs import design_of, fewest_for, refuse_small_groups
from cxkit.validation.invariance.grouping import (
    Grouping,
    concealed_sizes,
    grouping,
    large_enough,
    power_note,
    smallest_group,
)
from cxkit.validation.invariance.judging import Family
from cxkit.validation.invariance.ladder import Climb, Ladder, climb, one_family, start
from cxkit.validation.invariance.models import CONTINUOUS, ORDERED, Design, Level
from cxkit.validation.invariance.ordered_answers import RareAnswers, two_answers_note
from cxkit.validation.invariance.result import Invariance
from cxkit.validation.invariance.shortage import TooFewInGroups, explain
from cxkit.validation.structure.blueprints import FULL_INFORMATION, LEAST_SQUARES, LIKELIHOOD
from cxkit.validation.weighted_models import estimator_for

SHARE = 1 / 3
Handling = Literal["complete", "fiml", "pairwise"]
"""What happens to respondents with missing answers."""
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
    asked = _read(survey, ordinal, rare, estimator, missing, up_to, minimum)
    grouped = grouping(survey, by, groups)
    selection = _items_to_compare(survey, dimensions, grouped)
    units = {TOGETHER: selection.dimensions} if together else {d.key: (d,) for d in selection.dimensions}
    answered = survey.answers[selection.item_keys].notna().any(axis=1)
    concealed = concealed_sizes(survey, grouped, answered)
    notes = [*selection.notes]
    if groups is None:
        grouped, left_out = large_enough(grouped, answered, _smallest_usable(survey, units, asked))
        notes += filter(None, [left_out])
    ladders, remarks, lost = _started(survey, units, grouped, asked)
    family, climbs = _climbed(ladders, share)
    power = power_note(largest_sizes(climbs), tests=family.tests, concealed=concealed)
    notes += [*remarks, *_climb_notes(units, climbs), *_not_examined(lost), power]
    settings: dict[str, object] = {
        "by": grouped.name, "groups": grouped.groups, "dimensions": [d.key for d in selection.dimensions],
        "together": together, "ordinal": ordinal, "rare": rare, **asked.options, "up_to": up_to, "share": share,
        "minimum": minimum, "tests": family.tests, "error_rate": FAMILY_ERROR,
    }  # fmt: skip
    told = [*same_people_note(survey.respondents, grouped.members), *dict.fromkeys(notes)]
    return replace(assemble(survey, units, climbs, grouped, settings, told), concealed=concealed)


def _items_to_compare(survey: Survey, dimensions: Sequence[str] | None, grouped: Grouping) -> Selection:
    selection = select(
        survey, dimensions, items=3, analysis="measurement invariance", weighted=True, several_sheets=True
    )
    refuse_several_sheets_in_a_group(survey.name, survey.respondents, grouped.members, "Measurement invariance")
    return selection


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """How the models of all dimensions are to be fitted, and how far; `options` are those of `sem.cfa`."""

    ordinal: bool
    rare: RareAnswers
    options: Mapping[str, str]
    up_to: Level
    minimum: int | None


def _read(
    survey: Survey, ordinal: bool, rare: RareAnswers, estimator: str | None, missing: Handling | None, up_to: Level,
    minimum: int | None,
) -> _Asked:  # fmt: skip
    """The options of the models, once they fit each other and the survey."""
    if minimum is not None:
        check_options(minimum=minimum)
    missing = missing or _default_missing(ordinal, estimator)
    _check(up_to, ordinal, missing, rare, estimator)
    options = _options(survey, ordinal, estimator, missing)
    return _Asked(ordinal=ordinal, rare=rare, options=options, up_to=up_to, minimum=minimum)


def _smallest_usable(survey: Survey, units: Mapping[str, Sequence[Dimension]], asked: _Asked) -> int:
    """How many respondents a group needs to take part."""
    dimensions = [dimension for members in units.values() for dimension in members]
    needed = smallest_group(asked.minimum, max(len(d.items) for d in dimensions))
    if TOGETHER in units:
        return needed
    # Groups in which the model of one dimension cannot be fitted are left out, too.
    return max(needed, *(fewest_for(survey.items_of(d.key), asked.ordinal) for d in dimensions))


def _started(
    survey: Survey, units: Mapping[str, Sequence[Dimension]], grouped: Grouping, asked: _Asked
) -> tuple[dict[str, Ladder], list[str], list[tuple[str, CxkitError]]]:
    """The configural model of every unit, remarks on their answers, and which dimension has none, and why."""
    ladders: dict[str, Ladder] = {}
    notes: list[str] = []
    lost: list[tuple[str, CxkitError]] = []
    for unit, members in units.items():
        try:
            design, remarks = design_of(survey, members, grouped, asked.ordinal, asked.rare, asked.options)
            needed = smallest_group(asked.minimum, max(len(d.items) for d in members))
            refuse_small_groups(design, grouped, needed, survey.answers[list(design.items)])
            ladders[unit] = start(design, up_to=asked.up_to)
            notes += [*remarks, *two_answers_note(design.items, design.binary)]
        except OptionError:
            raise
        except CxkitError as problem:
            if len(units) == 1:
                raise
            lost.append((members[0].title, problem))
    if not ladders:
        raise AnalysisError(f"No dimension of '{survey.name}' could be examined. {' '.join(_not_examined(lost))}")
    return ladders, notes, lost


def _climbed(ladders: Mapping[str, Ladder], share: float) -> tuple[Family, dict[str, tuple[Design, Climb]]]:
    """All ladders, judged at one error rate."""
    family, adjusted = one_family([*ladders.values()])
    pairs = zip(ladders.items(), adjusted, strict=True)
    return family, {unit: (ladder.design, climb(ladder, family, own, share=share)) for (unit, ladder), own in pairs}


def _climb_notes(units: Mapping[str, Sequence[Dimension]], climbs: Mapping[str, tuple[Design, Climb]]) -> list[str]:
    notes = []
    for unit, (_, climbed) in climbs.items():
        notes += [f"{units[unit][0].title}: {in_one_line(note)}" for note in climbed.notes]
    return notes


def _not_examined(lost: Sequence[tuple[str, CxkitError]]) -> list[str]:
    """A sentence for each reason, with all dimensions that it keeps out."""
    reasons: dict[object, list[tuple[str, CxkitError]]] = {}
    for title, problem in lost:
        alike = problem.shortage.kind if isinstance(problem, TooFewInGroups) else in_one_line(problem)
        reasons.setdefault(alike, []).append((f"'{title}'", problem))
    sentences = []
    for own in reasons.values():
        shortages = [problem.shortage for _, problem in own if isinstance(problem, TooFewInGroups)]
        reason = explain(shortages) if shortages else in_one_line(own[0][1])
        sentences.append(f"{', '.join(title for title, _ in own)} could not be examined: {reason}")
    return sentences


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


def _options(survey: Survey, ordinal: bool, estimator: str | None, missing: str) -> dict[str, str]:
    """The options of `sem.cfa`; weights of ordered answers are refused, others choose an estimator that takes them."""
    if ordinal:
        refuse_weights(survey, "Measurement invariance of ordered answers", WEIGHTS_AND_GROUPS)
    chosen = str(estimator or ("WLSMV" if ordinal else "MLR")).upper()
    return {
        "estimator": estimator_for(survey, chosen, analysis="Measurement invariance", ordered=0, items=0),
        "missing": "listwise" if missing == "complete" else missing,
    }
