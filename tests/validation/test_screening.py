"""Screening against R row by row and psych::outlier; the calls stand in tests/reference/scripts/screening.R."""

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.survey import screening as indices
from cxkit.validation.screening.attentive import fit_attentive
from cxkit.validation.screening.exclusion import exclusion_effect
from cxkit.validation.screening.flag_rules import RULES
from cxkit.validation.screening.indices import compute_indices, lay_out
from cxkit.validation.screening.respondents import screen_respondents
from tests.conftest import tiny_survey
from tests.validation.building import factor_answers, survey_of, with_gaps

ROUNDING = {"abs": 1e-11, "rel": 1e-11, "nan_ok": True}
SCALE = {"low": 1, "high": 5}
BLOCKS = {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"], "c": ["q7", "q8", "q9"], "d": ["q10", "q11", "q12"]}


def whole_answers(seed: int, *, n: int = 60, gaps: float = 0.0) -> np.ndarray:
    """Answers from 1 to 5 to twelve items in four dimensions."""
    answers = np.clip(np.round(factor_answers(seed, n=n, items=12, factors=4) + 3), 1, 5)
    return with_gaps(answers, seed, gaps) if gaps else answers


def four_blocks(answers: np.ndarray, **options: object):
    return survey_of(answers, BLOCKS, scale=SCALE, **options)


def computed(survey, *, order=None, synonym_r=0.60, antonym_r=-0.60) -> pd.DataFrame:
    """The indices alone, without cut-offs, which take a simulation each."""
    keys = indices.items_in_order(survey, order)
    return compute_indices(survey.given[keys].to_numpy(), lay_out(survey, keys, synonym_r, antonym_r)[0])[0]


# --- agreement ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        "longstring_max", "longstring_mean", "irv", "mahalanobis", "mahalanobis_p", "even_odd", "synonyms", "antonyms",
        "person_total",
    ],
)  # fmt: skip
def test_indices_equal_r_row_by_row(reference, shipped, index):
    # R, a row at a time: rle(row)$lengths; sd(row, na.rm = TRUE); mahalanobis(row[o], m[o], S[o, o]) with
    # S = cov(x, use = "pairwise"); 2r / (1 + r) of the halves; cor(row[p[, 1]], row[p[, 2]]);
    # cor(row, colMeans(x[-i, ]))
    wanted = np.array(reference("screening")["bfi"][index], dtype=float)
    found = computed(shipped("bfi"), synonym_r=0.40, antonym_r=-0.30)[index].to_numpy()[: len(wanted)]
    assert found == pytest.approx(wanted, **ROUNDING)


def test_distances_equal_psych_outlier(reference, shipped):
    # R: psych::outlier(x, plot = FALSE); sum(pchisq(D2, 10, lower.tail = FALSE) < .001)
    wanted = reference("screening")["customersat"]
    frame = computed(shipped("customersat"))
    assert frame["mahalanobis"].to_numpy()[:10] == pytest.approx(wanted["outlier_first10"], abs=1e-10)
    assert frame["mahalanobis"].max() == pytest.approx(wanted["outlier_max"], abs=1e-10)
    assert int((frame["mahalanobis_p"] < 0.001).sum()) == wanted["n_below_001"]
    assert frame["synonyms"].to_numpy()[:150] == pytest.approx(np.array(wanted["synonyms"], dtype=float), **ROUNDING)
    assert frame["longstring_max"].tolist()[:150] == wanted["longstring_max"]


def test_leaving_out_equals_psych_alpha_of_the_others(reference, shipped):
    # R: alpha(x[keep, ], check.keys = FALSE)$total$raw_alpha and the mean of rowMeans(x[keep, ])
    wanted = reference("screening")["exclusion"]
    survey = shipped("bfi")
    only = {rule.index: None for rule in RULES} | {"mahalanobis_p": 0.001}
    result = exclusion_effect(survey, screen_respondents(survey, cutoffs=only), flags=1)
    assert result.excluded == wanted["excluded"]
    for column in ("mean", "mean_kept", "alpha", "alpha_kept"):
        target = [dimension[column] for dimension in wanted["dimensions"]]
        assert result.frame[column].to_numpy() == pytest.approx(target, abs=1e-12), column
    d = wanted["dimensions"]
    standardised = [(one["mean_kept"] - one["mean"]) / one["sd"] for one in d]
    assert result.frame["mean_change_sd"].to_numpy() == pytest.approx(standardised, abs=1e-12)


# --- identities -----------------------------------------------------------------------------------------------------


def test_runs_by_hand():
    scale = survey_of(np.ones((1, 1)), scale=SCALE).instrument.items["q1"].scale
    gap = np.nan
    answers = np.array([[3, 3, 3, 4, 4, 1], [2, 2, gap, 2, 2, 2], [gap] * 6, [1, 2, 1, 2, 1, 2]], dtype=float)
    longest, mean = indices.longstrings(answers, [scale] * 6)
    assert longest == pytest.approx([3, 3, np.nan, 1], nan_ok=True)
    assert mean == pytest.approx([2, 2.5, np.nan, 1], nan_ok=True)


def test_runs_end_where_the_scale_changes():
    scales = [
        survey_of(np.ones((1, 1)), scale={"low": 1, "high": high}).instrument.items["q1"].scale for high in (5, 7)
    ]
    longest, mean = indices.longstrings(np.full((1, 4), 2.0), [scales[0], scales[0], scales[1], scales[1]])
    assert (longest[0], mean[0]) == (2, 2)


def test_the_order_of_asking_decides_on_runs_and_on_nothing_else():
    answers = whole_answers(1)
    asked = [f"q{i}" for i in (1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12)]
    by_instrument = computed(four_blocks(answers))
    as_asked = computed(four_blocks(answers), order=asked)
    runs = ["longstring_max", "longstring_mean"]
    assert not by_instrument[runs].equals(as_asked[runs])
    for index in ("irv", "mahalanobis", "even_odd", "person_total"):
        assert as_asked[index].to_numpy() == pytest.approx(by_instrument[index].to_numpy(), nan_ok=True, abs=1e-10)


@given(seed=st.integers(0, 10_000), order=st.permutations(range(60)))
def test_the_order_of_respondents_is_irrelevant(seed, order):
    answers = whole_answers(seed, gaps=0.1)
    straight = computed(four_blocks(answers), synonym_r=0.3, antonym_r=-0.1)
    shuffled = computed(four_blocks(answers[list(order)]), synonym_r=0.3, antonym_r=-0.1)
    numbers = list(straight.select_dtypes("number"))
    np.testing.assert_allclose(shuffled[numbers], straight[numbers].iloc[list(order)], atol=1e-8)


@given(seed=st.integers(0, 10_000))
def test_distances_of_complete_answers_sum_to_items_times_n_minus_one(seed):
    # The trace of S^-1 S (n - 1).
    frame = computed(four_blocks(whole_answers(seed)))
    assert frame["mahalanobis"].sum() == pytest.approx(12 * 59, rel=1e-9)


def test_reversing_an_item_and_its_answers_moves_even_odd_not_at_all():
    answers = whole_answers(3)
    backwards = answers.copy()
    backwards[:, 4] = 6 - backwards[:, 4]
    straight = computed(four_blocks(answers))
    turned = computed(four_blocks(backwards, reversed_items=["q5"]))
    for index in ("even_odd", "mahalanobis"):
        assert turned[index].to_numpy() == pytest.approx(straight[index].to_numpy(), abs=1e-10, nan_ok=True)
    assert not turned["irv"].equals(straight["irv"])


def test_another_scale_of_the_same_answers_changes_no_comparison_within_a_respondent():
    answers = whole_answers(4)
    scales = {"scales": {"wide": {"low": 0, "high": 8}}}
    wide = answers.copy()
    wide[:, 3:6] = (answers[:, 3:6] - 1) * 2
    described = four_blocks(answers)
    mixed = _with_scale(described, "b", wide, scales)
    for index in ("irv", "even_odd", "person_total"):
        same = computed(described)[index].to_numpy()
        assert computed(mixed)[index].to_numpy() == pytest.approx(same, abs=1e-12, nan_ok=True)


def _with_scale(survey, key, answers, scales):
    """The same dimensions, one of them on another scale."""
    from cxkit.survey.instrument_file import instrument_from
    from cxkit.survey.survey import Survey

    described = {
        "name": "mixed", "title": "Mixed", "citation": "made in a test", "licence": "CC0-1.0", "scale": SCALE, **scales,
        "dimension": [
            {
                "key": d.key, "title": d.title, "items": [{"key": i.key, "text": i.text} for i in d.items],
                **({"scale": "wide"} if d.key == key else {}),
            }
            for d in survey.dimensions
        ],
    }  # fmt: skip
    instrument = instrument_from(described, where="test")
    given = pd.DataFrame(answers, columns=list(instrument.items))
    return Survey(name="mixed", instrument=instrument, given=given, respondents=pd.DataFrame(index=given.index))


def test_spearman_brown_stops_at_minus_one():
    stepped = indices.stepped_up(np.array([0.5, 0.0, -0.2, -1 / 3, -0.9, -1.0, 1.0, np.nan]))
    assert stepped == pytest.approx([2 / 3, 0, -0.5, -1, -1, -1, 1, np.nan], nan_ok=True)


def test_patterns_come_by_frequency_whatever_the_order_of_rows():
    gap = np.nan
    answers = np.array([[1, 2, gap], [1, 1, 1], [3, gap, gap], [2, 2, 2], [2, 2, gap], [5, 5, 5]])
    kinds, which = indices.answer_patterns(answers)
    assert kinds.tolist() == [[True, True, True], [True, True, False], [True, False, False]]
    assert which.tolist() == [1, 0, 2, 0, 1, 0]


# --- what the synthetic survey's truth says of the flags ------------------------------------------------------------


def test_two_flags_find_the_careless_of_the_synthetic_survey(shipped):
    # A fact about the simulation and not about people: 6 % careless, half of them with one answer throughout and half
    # at random, whoever is careless being careless from beginning to end.
    survey = shipped("culture_synthetic")
    truth = pd.read_csv(Path("datasets/culture_synthetic/truth_respondents.csv")).set_index("respondent")
    manner = survey.role("id").map(truth["manner"])
    frame = screen_respondents(survey).frame
    twice = frame["flag_count"] >= 2
    found = {kind: float(twice[manner == kind].mean()) for kind in ("straightliner", "random", "careful")}
    careless = manner != "careful"
    assert float(twice[careless].mean()) == pytest.approx(0.960, abs=0.001)  # sensitivity, of 174
    assert float((~twice[~careless]).mean()) == pytest.approx(0.996, abs=0.001)  # specificity, of 2,670
    assert found == pytest.approx({"straightliner": 1.0, "random": 0.921, "careful": 0.004}, abs=0.001)
    assert (frame.loc[careless, "flag_count"] >= 1).all()
    assert float((frame.loc[~careless, "flag_count"] >= 1).mean()) == pytest.approx(0.101, abs=0.001)


# --- attentive people are flagged as often as the table says --------------------------------------------------------

HONEST = [
    (300, (5, 4), 5, {"spread": 0.6}),
    (300, (5, 4), 5, {"spread": 0.05}),  # flat means: the person-total correlation of half of them is below 0
    (250, (8, 5), 7, {"spread": 0.1, "missing": 0.10}),
    (400, (1, 6), 5, {"spread": 0.3}),
    (400, (4, 3), 5, {"spread": 0.3, "turned": (0, 4, 8)}),
    (300, (6, 4), 5, {"spread": 0.2, "lift": 1.2, "loading": 0.85}),
]


def honest(seed, n, shape, points, *, spread, missing=0.0, turned=(), lift=0.0, loading=0.7):
    """Attentive answers from a factor model, none of it taken from what calibrates the cut-offs."""
    rng = np.random.default_rng(seed)
    dimensions, each = shape
    items = dimensions * each
    factors = np.sqrt(0.4) * rng.standard_normal((n, 1)) + np.sqrt(0.6) * rng.standard_normal((n, dimensions))
    loadings = loading + rng.uniform(-0.1, 0.1, items)
    latent = np.repeat(factors, each, axis=1) * loadings + np.sqrt(1 - loadings**2) * rng.standard_normal((n, items))
    latent[:, list(turned)] *= -1
    answers = np.round((points + 1) / 2 + (latent + spread * rng.standard_normal(items) + lift) * points / 5)
    answers = with_gaps(np.clip(answers, 1, points), seed, missing)
    keys = [f"q{i}" for i in range(1, items + 1)]
    blocks = {f"d{d}": keys[d * each : (d + 1) * each] for d in range(dimensions)}
    reversed_items = [keys[i] for i in turned]
    return survey_of(answers, blocks, scale={"low": 1, "high": points}, reversed_items=reversed_items)


@pytest.mark.parametrize(("n", "shape", "points", "options"), HONEST)
def test_attentive_people_are_rarely_flagged(n, shape, points, options):
    # Two surveys of a kind; the intervals around 5 % and 1 % are three standard errors of so many people. The long
    # version, with ten surveys of eight kinds, is benchmarks/false_flags.py: 0.5 to 1.3 % have two flags.
    results = [screen_respondents(honest(seed, n, shape, points, **options)) for seed in (11, 12)]
    for index in {rule.index for result in results for rule in result.rules}:
        rate = np.mean([result.flagged_by(index).mean() for result in results])
        assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / (2 * n)), index
    counts = pd.concat([result.frame["flag_count"] for result in results])
    assert (counts >= 2).mean() <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / len(counts))
    assert (counts >= 1).mean() <= 0.20
    for result in results:
        found = result.calibration
        assert found.two_flags <= 0.01
        assert result.summary["false_flags"].dropna().le(0.05).all()
        assert not result.copies


def test_simulated_answers_keep_shares_and_correlations(shipped):
    answers = shipped("bfi").given.iloc[:, :25].to_numpy()
    model = fit_attentive(answers)
    simulated = np.vstack(list(replace(model, answered=np.ones((2_000, 25), dtype=bool)).surveys(3)))
    assert len(simulated) == 2_000
    real, made = pd.DataFrame(answers), pd.DataFrame(simulated)
    assert np.abs(real.mean() - made.mean()).max() < 4 * real.std().max() / np.sqrt(2_000)
    assert np.abs(real.corr() - made.corr()).to_numpy().max() < 4 / np.sqrt(2_000)


def test_latent_correlations_of_items_split_at_the_median():
    # r = 2 asin(rho) / pi (Sheppard 1899)
    latent = np.random.default_rng(4).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=2_000)
    answers = (latent > np.median(latent, axis=0)).astype(float)
    r = np.corrcoef(answers.T)[0, 1]
    assert fit_attentive(answers).latent[0, 1] == pytest.approx(np.sin(np.pi * r / 2), abs=1e-3)


def test_a_named_cutoff_is_shown_with_what_it_does_to_attentive_people():
    # Below zero, the person-total correlation accuses a third or more of attentive people where item means are flat.
    survey = honest(5, 300, (5, 4), 5, spread=0.05)
    named = screen_respondents(survey, cutoffs={"person_total": 0.0, "even_odd": 0.3})
    rates = named.summary.set_index("index")["false_flags"]
    assert rates["Person-total correlation"] == pytest.approx(named.flagged_by("person_total").mean(), abs=0.08)
    assert rates["Person-total correlation"] > 0.25
    rules = {rule.index: rule.words for rule in named.rules}
    assert rules["person_total"] == "below 0 (your cut-off)"
    assert rules["even_odd"] == "below 0.3 (Johnson 2005)"
    assert "johnson2005" in named.references


def test_the_same_seed_gives_the_same_cutoffs():
    survey = four_blocks(whole_answers(5, n=80))
    first, again, other = (screen_respondents(survey, seed=seed) for seed in (1, 1, 2))
    assert first.settings == again.settings
    assert first.settings["cutoffs"] != other.settings["cutoffs"]


# --- copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("copies", "n"), [(30, 35), (20, 60), (6, 200)])
@pytest.mark.parametrize("flat", [True, False])
def test_copied_rows_are_a_finding(copies, n, flat):
    answers = whole_answers(21, n=n)
    answers[:copies] = 3 if flat else answers[0]
    result = screen_respondents(four_blocks(answers))
    assert result.copies == copies
    assert f"equal one another in every item has {copies} of {n} respondents" in result.text
    assert result.flagged_by("identical")[:copies].all()
    assert result.flagged_by("identical").sum() == copies


def test_attentive_people_at_the_ceiling_are_no_copies():
    answers = np.clip(np.round(factor_answers(2, n=200, items=12, factors=1) + 6.2), 1, 5)
    survey = four_blocks(answers)
    assert (answers == 5).all(axis=1).sum() > 20
    result = screen_respondents(survey)
    assert not result.copies
    assert (result.frame["flag_count"] >= 2).mean() < 0.03


def test_a_few_identical_answers_to_few_items_say_nothing():
    found = indices.identical(np.array([[1.0] * 9] * 3))
    assert np.isnan(found).all()
    gap = np.nan
    rows = np.array([[1.0] * 11, [1.0] * 11, [1.0] * 10 + [gap], [1.0] * 10 + [gap], [2.0] * 11])
    assert indices.identical(rows).tolist() == [2, 2, 2, 2, 1]


def test_too_few_people_to_calibrate():
    result = screen_respondents(four_blocks(whole_answers(5, n=12)))
    assert "12 respondents with different answers: too few to calibrate cut-offs (20 are needed)" in result.note
    assert (result.frame["flag_count"] == 0).all()
    assert "No cut-off could be calibrated." in result.text


# --- flags ----------------------------------------------------------------------------------------------------------


def test_flags_by_hand():
    rng = np.random.default_rng(7)
    answers = whole_answers(5, n=80)
    answers[0] = 3
    answers[1] = rng.integers(1, 6, 12)
    result = screen_respondents(four_blocks(answers), seconds=[20.0, *[100.0] * 79])
    first = result.frame.iloc[0]
    assert first["flagged_by"].split(", ") == ["longstring_max", "irv", "seconds_per_item"]
    assert (first["longstring_max"], first["irv"], first["flag_count"]) == (12, 0, 3)
    assert first["seconds_per_item"] == pytest.approx(20 / 12)
    assert np.isnan(first["even_odd"])
    assert result.flagged_by("seconds_per_item").sum() == 1
    assert result.flag_counts.sum() == 80


def test_a_cutoff_can_be_changed_or_switched_off(shipped):
    survey = shipped("customersat")
    usual = screen_respondents(survey)
    none = screen_respondents(survey, cutoffs={rule.index: None for rule in RULES})
    assert (none.frame["flag_count"] == 0).all()
    assert (none.frame["judged"] == 0).all()
    lenient = screen_respondents(survey, cutoffs={"longstring_max": 1.0})
    everything_alike = (survey.given.nunique(axis=1) == 1).sum()
    assert lenient.flagged_by("longstring_max").sum() == everything_alike
    rules = {rule.index: rule for rule in lenient.rules}
    assert rules["longstring_max"].words == "at least 10 of 10 items (your cut-off)"
    half = screen_respondents(survey, cutoffs={"longstring_max": 0.5})
    assert half.rules[0].words == "at least 5 of 10 items (Curran 2016)"
    assert usual.rules[0].words.startswith("at least ")
    assert "Curran" not in usual.rules[0].words


def test_nobody_is_left_out_and_nothing_is_changed(shipped):
    survey = shipped("bfi")
    before = survey.given.copy()
    result = screen_respondents(survey)
    assert len(result.frame) == survey.n
    assert result.frame.index.equals(survey.given.index)
    pd.testing.assert_frame_equal(survey.given, before)
    assert len(survey.subset(result.frame["flag_count"] < 2)) == int((result.frame["flag_count"] < 2).sum())


def test_what_is_printed_holds_no_respondent(shipped, tmp_path):
    result = screen_respondents(shipped("bfi"))
    assert len(result.table) == 7
    assert list(result.table.columns) == ["Index", "Flagged when", "n", "Median", "Flagged", "Share", "False flags"]
    for ending in ("md", "html", "tex"):
        text = result.write(tmp_path / f"screening.{ending}").read_text(encoding="utf-8")
        assert text.count("\n") < 60


def test_a_run_is_long_if_attentive_people_hardly_have_it():
    answers = whole_answers(2)
    answers[0, :10] = 3  # of twelve items
    rule = screen_respondents(four_blocks(answers)).rules[0]
    assert 4 <= rule.cutoff * 12 <= 8
    few = screen_respondents(tiny_survey(answers[:, :3]))
    assert few.rules[0].words == "never: attentive people reach its end"
    assert not few.flagged_by("longstring_max").any()


# --- response times -------------------------------------------------------------------------------------------------


def test_times_are_matched_by_row_or_by_respondent():
    answers = whole_answers(6, n=6)[:, :6]
    survey = tiny_survey(answers, id=list("abcdef"))
    listed = screen_respondents(survey, seconds=[10, 20, 30, 40, 50, 60]).frame["seconds"]
    by_row = screen_respondents(survey, seconds=pd.Series([10, 20, 30, 40, 50, 60], index=survey.given.index))
    by_id = screen_respondents(survey, seconds=pd.Series([60, 50, 10], index=list("fea")))
    assert listed.tolist() == by_row.frame["seconds"].tolist() == [10, 20, 30, 40, 50, 60]
    assert by_id.frame["seconds"].fillna(-1).tolist() == [10, -1, -1, -1, 50, 60]


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        ([1.0, 2.0], "seconds holds 2 times for the 6 respondents of 'tiny'"),
        (pd.Series([1.0] * 6, index=range(10, 16)), "neither the row numbers of 'tiny' nor its respondents' ids"),
        ([1, 2, 3, -4, 5, 6], "row 3 holds '-4'"),
        (["1", "2", "three", "4", "5", "6"], "row 2 holds 'three'"),
    ],
)
def test_times_that_belong_to_nobody_are_refused(seconds, message):
    with pytest.raises((cx.AnalysisError, cx.OptionError), match=message):
        screen_respondents(tiny_survey(whole_answers(6, n=6)[:, :6], id=list("abcdef")), seconds=seconds)


# --- what cannot be computed ----------------------------------------------------------------------------------------


def test_indices_that_the_instrument_does_not_allow_are_missing_and_the_note_says_why(shipped):
    tests = screen_respondents(shipped("hs1939"))
    assert "Items without ends of their scale cannot be compared" in tests.note
    assert tests.frame[["irv", "even_odd", "person_total", "longstring_max"]].isna().all(axis=None)
    assert tests.frame["mahalanobis"].notna().all()
    assert len(tests.table) == 1
    two = screen_respondents(shipped("customersat"))
    assert "Even-odd consistency needs 3 reflective dimensions of two items or more; there are 2." in two.note
    assert "No antonyms: 0 pairs of items correlate below −0.60, and 3 are needed." in two.note


def test_items_that_follow_from_others_leave_the_distance_missing():
    answers = whole_answers(8)
    answers[:, 11] = answers[:, 0]
    result = screen_respondents(four_blocks(answers))
    assert result.frame["mahalanobis"].isna().all()
    assert "No Mahalanobis distances: some items follow exactly from others" in result.note
    assert result.frame["irv"].notna().all()


def test_constant_items_are_left_out_of_the_distance():
    answers = whole_answers(9)
    answers[:, 2] = 4
    result = screen_respondents(four_blocks(answers))
    assert "leave out items that do not vary: q3" in result.note
    assert result.frame["mahalanobis"].sum() == pytest.approx(11 * 59, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoffs": {"evenodd": 0.2}}, r"'evenodd', which is no index\. Did you mean 'even_odd'\?"),
        ({"cutoffs": {"irv": float("nan")}}, "irv=nan must be a number, or None"),
        ({"synonym_r": -0.6}, r"synonym_r=-0\.6 must lie between 0 and 1"),
        ({"antonym_r": 0.6}, r"antonym_r=0\.6 must lie between -1 and 0"),
        ({"order": ["q1", "q2"]}, "order leaves out q3, q4, q5, q6, q7"),
        ({"order": ["q1", "q1"]}, "order names q1 twice"),
        ({"order": ["x1"]}, "order names 'x1', which is no item of 'small'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises((cx.AnalysisError, cx.OptionError), match=message):
        screen_respondents(four_blocks(whole_answers(1)), **options)


def test_nobody_to_screen():
    with pytest.raises(cx.AnalysisError, match="Nobody answered an item of the dimensions of 'small'"):
        screen_respondents(four_blocks(np.full((20, 12), np.nan)))
    with pytest.raises(cx.OptionError, match=r"There is no index 'irvs'\. Did you mean 'irv'\?"):
        screen_respondents(four_blocks(whole_answers(1))).flagged_by("irvs")


# --- the effect of leaving people out -------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_largest_change_is_one_of_the_dimensions_shown(dimensions):
    # Seven flagged people answered one dimension wildly, which only three of them answered: it moves most, unseen
    answers = np.clip(np.round(factor_answers(4, n=60, items=12, factors=3) + 3), 1, 5)[:, : 4 * dimensions]
    answers[:7, 4:8] = [1, 5, 1, 5]
    answers[3:7, :4] = np.nan
    answers[:3, :4] = 5
    blocks = {key: [f"q{4 * k + i}" for i in range(1, 5)] for k, key in enumerate("abc"[:dimensions])}
    survey = survey_of(answers, blocks, scale=SCALE)
    screened = screen_respondents(survey)
    flags = pd.Series(np.where(np.arange(60) < 7, 2, 0), index=screened.frame.index)
    effect = exclusion_effect(survey, replace(screened, frame=screened.frame.assign(flag_count=flags)))
    assert effect.frame["hidden"].tolist() == [True, *[False] * (dimensions - 1)]
    if dimensions == 2:
        assert "Of the 1 of 2 dimensions that is shown, leaving them out would move the mean by 0." in effect.text
    else:
        assert "Of the 2 of 3 dimensions that are shown, leaving them out would move a dimension's mean" in effect.text


def test_a_difference_that_shows_a_few_peoples_answers_is_hidden(shipped):
    survey = shipped("bfi")
    only = {rule.index: None for rule in RULES} | {"longstring_max": 0.5}
    few = exclusion_effect(survey, screen_respondents(survey, cutoffs=only), flags=1)
    assert few.excluded == 4
    assert few.frame["hidden"].all()
    assert few.frame[["mean", "mean_kept", "alpha_kept", "mean_change"]].isna().all(axis=None)
    assert few.text == (
        "Fewer than 5 of 2,800 respondents have 1 flag or more; what leaving them out would change is hidden, because "
        "it would show their answers."
    )
    assert "5 dimensions hidden" in few.note
    assert "hidden" in str(few)
    assert few.picture().png.startswith(b"\x89PNG")


FLAG_COUNTS = [
    ([228, 9, 3], "Of 240 respondents, 228 (95%) have no flag and 12 (5%) one or more.",
     "no flag 228, 1 flag or more 12"),
    ([228, 3, 9], "Of 240 respondents, 231 (96%) have no flag or one and 9 (4%) two or more.",
     "no flag or 1 231, 2 flags or more 9"),
    ([237, 2, 1], "Of 240 respondents, fewer than 5 have a flag.", "any number of flags 240"),
    ([3, 100, 137], "Of 240 respondents, 103 (43%) have no flag or one and 137 (57%) two or more.",
     "no flag or 1 103, 2 flags or more 137"),
    ([3, 0, 237], "Of 240 respondents, fewer than 5 have no flag.", "any number of flags 240"),
    ([200, 20, 8, 7, 5], "Of 240 respondents, 200 (83%) have no flag, 20 (8%) one and 20 (8%) two or more.",
     "no flag 200, 1 flag 20, 2 flags 8, 3 flags 7, 4 flags or more 5"),
    ([200, 20, 8, 8, 4], "Of 240 respondents, 200 (83%) have no flag, 20 (8%) one and 20 (8%) two or more.",
     "no flag 200, 1 flag 20, 2 flags 8, 3 flags or more 12"),
    ([228, 12], "Of 240 respondents, 228 (95%) have no flag, 12 (5%) one and 0 (0%) two or more.",
     "no flag 228, 1 flag 12"),
    ([240], "Of 240 respondents, 240 (100%) have no flag, 0 (0%) one and 0 (0%) two or more.", "no flag 240"),
]  # fmt: skip


@pytest.fixture(scope="module")
def screened_240():
    return screen_respondents(four_blocks(whole_answers(4, n=240)), cutoffs={rule.index: 0.0 for rule in RULES})


@pytest.mark.parametrize(("people", "words", "drawn"), FLAG_COUNTS)
def test_one_to_four_people_with_so_many_flags_are_counted_with_others(screened_240, people, words, drawn):
    names = [rule.index for rule in RULES]
    counts = np.repeat(np.arange(len(people)), people)
    frame = screened_240.frame.assign(flag_count=counts, flagged_by=[", ".join(names[:k]) for k in counts])
    result = dataclasses.replace(screened_240, frame=frame)
    assert result.text.startswith(words)
    assert result.alt == f"Respondents by number of flags: {drawn}."
    assert result.picture().png.startswith(b"\x89PNG")
    for printed in (result.summary["flagged"], result.summary["share"] * result.summary["n"]):
        assert not printed.between(0.5, 4.5).any()


def test_an_index_that_flags_few_says_so_and_its_number_does_not_follow_from_others(screened_240):
    names = ["longstring_max"] * 3 + ["irv"] * 6 + ["mahalanobis_p"] * 20 + [""] * 211
    frame = screened_240.frame.assign(flag_count=[int(bool(name)) for name in names], flagged_by=names)
    table = dataclasses.replace(screened_240, frame=frame).table.set_index("Index")
    assert table.loc["Longest run of one answer", ["Flagged", "Share"]].tolist() == ["fewer than 5", "hidden"]
    # 29 people have one flag each: 29 - 20 - 6 would tell the three, so that the next rarest index is hidden as well.
    assert table.loc["Variability of the answers", ["Flagged", "Share"]].tolist() == ["hidden", "hidden"]
    assert table.loc["Mahalanobis distance (p)", "Flagged"] == "20"


def test_nobody_to_leave_out_changes_nothing(shipped):
    survey = shipped("bfi")
    result = exclusion_effect(survey, screen_respondents(survey), flags=9)
    assert result.text == "Nobody has 9 flags or more: there is nobody to leave out."
    assert (result.frame["mean_change"] == 0).all()
    assert (result.frame["alpha_change"] == 0).all()


def test_the_screening_must_be_of_the_same_answers(shipped):
    screened = screen_respondents(shipped("bfi"))
    with pytest.raises(cx.AnalysisError, match="The screening is of other answers"):
        exclusion_effect(shipped("customersat"), screened)
    with pytest.raises(cx.OptionError, match="flags=0 must be a whole number, at least 1"):
        exclusion_effect(shipped("bfi"), screened, flags=0)


def test_everybody_flagged():
    survey = four_blocks(whole_answers(1, n=40))
    everybody = screen_respondents(survey, seconds=[1.0] * 40)
    with pytest.raises(cx.AnalysisError, match="Everybody in 'small' has 1 flag or more"):
        exclusion_effect(survey, everybody, flags=1)


def test_words_and_pictures(shipped):
    survey = shipped("bfi")
    result = screen_respondents(survey)
    assert result.text == (
        "Of 2,800 respondents, 2,311 (83%) have no flag, 418 (15%) one and 71 (3%) two or more. Most flags come from "
        "Mahalanobis distance (p) (269), longest run of one answer (166) and variability of the answers (71). If "
        "everybody had answered attentively, about 27 (0.9%) would have two or more by chance. A flag is a reason to "
        "look, not to delete: nobody was left out."
    )
    assert result.alt == "Respondents by number of flags: no flag 2,311, 1 flag 418, 2 flags 62, 3 flags or more 9."
    assert "each index may flag 2.6%. Attentive with flags: 9.2% one or more, 0.9% two or more." in result.note
    assert result.picture().png.startswith(b"\x89PNG")
    assert json.dumps(dict(result.settings))
    effect = exclusion_effect(survey, result)
    assert effect.text == (
        "71 respondents of 2,800 (3%) have 2 flags or more. Leaving them out would move a dimension's mean by at most "
        "0.011 (Agreeableness: 4.65 to 4.66) and alpha by at most 0.009 (Neuroticism: 0.81 to 0.81)."
    )
    assert "Neuroticism: mean 3.16 and 3.15, α 0.81 and 0.81" in effect.alt
    assert effect.picture().png.startswith(b"\x89PNG")
    assert effect.note.startswith("Nobody is left out of any other analysis. n = 2,800.")


def test_of_few_people_nobody_is_judged_and_nobody_called_free_of_flags():
    found = screen_respondents(survey_of(np.random.default_rng(1).integers(1, 6, (9, 6)).astype(float)))
    assert not found.frame["judged"].any()
    assert found.text.startswith("None of 9 respondents could be judged: no index has both a cut-off and a value.")
    assert "have no flag" not in found.text
    assert found.alt == "Respondents by number of flags: none of 9 could be judged."
    _, axes = plt.subplots()
    found.draw(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["not judged"]
    plt.close()
