"""Surveys that break formulas: every analysis either computes, or refuses in words. Never a traceback, never "nan"."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.sem.sample.answers import SAMPLES
from cxkit.sem.sample.saturated_moments import RECENT
from cxkit.survey.survey import typed_role
from cxkit.validation.content.coders import coder_agreement
from cxkit.validation.content.formative import formative_profile
from cxkit.validation.factors.average_partial import minimum_average_partial
from cxkit.validation.factors.number_of_factors import number_of_factors
from cxkit.validation.invariance.dif import differential_item_functioning
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.items.distribution import answer_distribution
from cxkit.validation.reliability.hierarchical_omega import hierarchical_omega
from cxkit.validation.reliability.measurement_error import measurement_error
from cxkit.validation.reliability.omega import omega
from cxkit.validation.reliability.ordinal import ordinal_reliability
from cxkit.validation.reliability.raters import rater_reliability
from cxkit.validation.reliability.retest import retest_reliability
from cxkit.validation.reliability.split_half import split_half
from cxkit.validation.reliability.total_score import stratified_alpha
from cxkit.validation.reporting import report_standards
from cxkit.validation.screening.exclusion import exclusion_effect
from cxkit.validation.screening.little import little_mcar
from cxkit.validation.screening.missingness import missing_pattern
from cxkit.validation.screening.respondents import screen_respondents
from cxkit.validation.structure.comparison import compare_structures
from cxkit.validation.structure.confirmatory import confirm_structure
from cxkit.validation.structure.fit import FITS
from cxkit.validation.validity.common_method import common_method
from cxkit.validation.validity.convergent import convergent_validity
from cxkit.validation.validity.criterion import criterion_validity
from cxkit.validation.validity.discriminant import discriminant_validity
from tests.conftest import tiny_survey

N = 120
ROLES = {
    "level": ["Boss", "Staff", "Staff"] * (N // 3),
    "function": list("abcd") * (N // 4),
    "unit": list("uvwxyz") * (N // 6),
    "organisation": [str(i) for i in range(12)] * (N // 12),
}
STATED = cx.About(population="test", period="2026", selection="random draws")


def broken(kind: str) -> np.ndarray:
    rng = np.random.default_rng(1)
    answers = rng.integers(1, 6, (N, 6)).astype(float)
    match kind:
        case "constant":
            answers[:] = 3
        case "one dimension constant":
            answers[:, :3] = 3
        case "one item constant":
            answers[:, 0] = 3
        case "one dimension unanswered":
            answers[:, :3] = np.nan
        case "one item unanswered":
            answers[:, 0] = np.nan
        case "an item twice":
            answers[:, 1] = answers[:, 0]
        case "an item against another":
            answers[:, 0] = 6 - answers[:, 1]
        case "three people answered":
            answers[3:] = np.nan
        case "nobody answered":
            answers[:] = np.nan
        case "sparse":
            answers[rng.random(answers.shape) < 0.6] = np.nan
        case "groups without differences within":
            answers = np.repeat((np.arange(N) % 12 % 5 + 1.0)[:, None], 6, axis=1)
        case _:
            return barely_enough(kind, answers)
    return answers


def barely_enough(kind: str, answers: np.ndarray) -> np.ndarray:
    """Surveys in which every item was answered, but hardly anything can be computed from it."""
    match kind:
        case "never answered together":
            answers[: N // 2, :3], answers[N // 2 :, 3:] = np.nan, np.nan
        case "one person differs":
            answers[:] = 3
            answers[7] = [1, 2, 4, 5, 1, 2]
        case "only the two ends":
            answers = np.where(answers > 2, 5.0, 1.0)
        case "as many people as items":
            answers[6:] = np.nan
    return answers


KINDS = [
    "constant", "one dimension constant", "one item constant", "one dimension unanswered", "one item unanswered",
    "an item twice", "an item against another", "three people answered", "nobody answered", "sparse",
    "groups without differences within", "never answered together", "one person differs", "only the two ends",
    "as many people as items",
]  # fmt: skip


def formative(survey: cx.Survey) -> cx.Survey:
    """The same answers to dimensions that their items make up."""
    dimensions = tuple(replace(dimension, kind="formative") for dimension in survey.dimensions)
    return replace(survey, instrument=replace(survey.instrument, dimensions=dimensions))


def in_two_waves(survey: cx.Survey) -> cx.Survey:
    """The same answers, every two rows from one respondent."""
    row = pd.Series(range(survey.n), index=survey.given.index)
    roles = {"id": typed_role("id", row // 2), "wave": typed_role("wave", row % 2)}
    return replace(survey, respondents=survey.respondents.assign(**roles))


ANALYSES = {
    "screen_respondents": screen_respondents,
    "exclusion_effect": lambda s: exclusion_effect(s, screen_respondents(s), flags=1),
    "missing_pattern": missing_pattern,
    "little_mcar": little_mcar,
    "answer_distribution": answer_distribution,
    "coder_agreement": lambda s: coder_agreement(s.given, scale="ordinal", resamples=20),
    "formative_profile": lambda s: formative_profile(formative(s), draws=20),
    "formative_index": lambda s: formative_profile(formative(s), draws=20).index,
    "item_analysis": cx.item_analysis,
    "score_distribution": cx.score_distribution,
    "cronbach_alpha": cx.cronbach_alpha,
    "bootstrapped alpha": lambda s: cx.cronbach_alpha(s, interval="bootstrap", bootstraps=20),
    "omega": lambda s: omega(s, bootstraps=20),
    "ordinal_reliability": ordinal_reliability,
    "hierarchical_omega": lambda s: hierarchical_omega(s, n_factors=2),
    "bifactor": lambda s: hierarchical_omega(s, method="bifactor"),
    "stratified_alpha": stratified_alpha,
    "split_half": split_half,
    "measurement_error": measurement_error,
    "rater_reliability": lambda s: rater_reliability(s.given),
    "retest_reliability": lambda s: retest_reliability(in_two_waves(s)),
    "minimum_average_partial": minimum_average_partial,
    "number_of_factors": lambda s: number_of_factors(s, simulations=5, ordinal=True),
    "polychoric parallel analysis": lambda s: cx.parallel_analysis(s, correlation="polychoric", simulations=5),
    "sampling_adequacy": cx.sampling_adequacy,
    "parallel_analysis": lambda s: cx.parallel_analysis(s, seed=1, simulations=10),
    "exploratory_factors": lambda s: cx.exploratory_factors(s, n_factors=2),
    "dimension_scores": cx.dimension_scores,
    "build_norm": lambda s: cx.build_norm(s, leave_out="3"),
    "percentile_benchmark": lambda s: cx.percentile_benchmark(
        s.subset(organisation="3"), cx.build_norm(s, leave_out="3"), seed=1
    ),
    "group_reliability": cx.group_reliability,
    "within_group_agreement": cx.within_group_agreement,
    "level_gap": lambda s: cx.level_gap(s, leaders=["Boss"]),
    "group_profile": cx.group_profile,
    "confirm_structure": confirm_structure,
    "confirm_structure, ordered": lambda s: confirm_structure(s, ordered=True),
    "confirm_structure, bifactor": lambda s: confirm_structure(s, model="bifactor"),
    "misfit": lambda s: confirm_structure(s).misfit,
    "compare_structures": compare_structures,
    "convergent_validity": convergent_validity,
    "discriminant_validity": lambda s: discriminant_validity(s, bootstraps=10),
    "common_method": common_method,
    "criterion_validity": lambda s: criterion_validity(s, criterion="d2_3", repeats=2),
    "report_standards": report_standards,
    "measurement_invariance": lambda s: measurement_invariance(s, minimum=20),
    "measurement_invariance, ordered": lambda s: measurement_invariance(s, ordinal=True, rare="join", minimum=20),
    "measurement_invariance, incomplete": lambda s: measurement_invariance(s, missing="fiml", minimum=20),
    "measurement_invariance, together": lambda s: measurement_invariance(s, together=True, minimum=20),
    "differential_item_functioning": lambda s: differential_item_functioning(s, minimum=20),
    "differential_item_functioning, many groups": lambda s: differential_item_functioning(
        s, by="unit", criterion="p", minimum=5
    ),
}


@pytest.fixture(scope="module", autouse=True)
def fits_of_every_kind_stay():
    """In random order the fits of one survey would make room for those of another before the next analysis asks."""
    with pytest.MonkeyPatch.context() as patch:
        for kept in (FITS, RECENT, SAMPLES):
            patch.setattr(kept, "most", 20 * len(KINDS))
        yield
    for kept in (FITS, RECENT, SAMPLES):
        kept.clear()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("analysis", ANALYSES)
def test_an_answer_or_a_sentence(analysis, kind):
    survey = tiny_survey(broken(kind), about=STATED, **ROLES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)  # what it says is tested elsewhere; others stay errors
        try:
            result = ANALYSES[analysis](survey)
            shown = [str(result), result._repr_html_(), str(result.verdicts), result.text, result.alt]
            result.picture()
        except cx.CxkitError as refusal:
            shown = [str(refusal)]
    assert not any(re.search(r"\bnan\b", text) for text in shown)
    assert all(len(text) > 20 for text in shown[-1:])


# One row a respondent, experts and coders who rate things, and counts of what is missing: no answers of few to hide.
ABOUT_SINGLE_ROWS = {"screen_respondents", "rater_reliability", "coder_agreement", "missing_pattern", "little_mcar"}
COUNTS = {"reversed", "hidden", "answer", "place", "scale_low", "scale_high"}


@pytest.mark.parametrize("people", [1, 3, 4])
@pytest.mark.parametrize("analysis", sorted(ANALYSES.keys() - ABOUT_SINGLE_ROWS))
def test_nothing_is_shown_of_fewer_than_five_people(analysis, people):
    """Whatever an analysis is asked for: numbers that rest on so few are refused in words or hidden in the frame."""
    answers = np.full((N, 6), np.nan)
    answers[:people] = np.random.default_rng(people).integers(1, 6, (people, 6))
    survey = tiny_survey(answers, about=STATED, **ROLES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        try:
            frame = ANALYSES[analysis](survey).frame
        except cx.CxkitError:
            return
    assert not frame.drop(columns=[*COUNTS & {*frame}]).select_dtypes(["number", "bool"]).notna().any(axis=None)
