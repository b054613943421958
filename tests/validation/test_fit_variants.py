"""No sentence, table or description mixes variants of fit measures without naming each."""

from __future__ import annotations

import dataclasses
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import cxkit as cx
from cxkit import sem
from cxkit.results.result import Result
from cxkit.sem.indices import corrections
from cxkit.statistics.multiplicity import holm
from cxkit.validation.structure.fit import Variant, fit_verdicts, index_variant, read_indices
from cxkit.validation.structure.misfit import Misfit
from tests.validation.building import factor_answers, survey_of, with_gaps

BLOCKS = {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]}
INDEX = re.compile(r"(\S*)\s?\b(CFI|TLI|RMSEA)\b(?= (?:of competing|[−\d(]))")
TEST = re.compile(r"(\S*)\s?χ²(?=\()")
WAYS = {
    "robust errors, gaps": ({"estimator": "MLR"}, True, "scaled", "robust"),
    "robust errors": ({"estimator": "MLR", "missing": "listwise"}, False, "scaled", "robust"),
    "plain errors, gaps": ({"estimator": "ML"}, True, "", "robust"),  # lavaan corrects the indices for what is missing
    "plain errors": ({"estimator": "ML", "missing": "listwise"}, False, "", ""),
    "ordered": ({"ordered": True}, False, "scaled", "scaled"),
}


def survey(*, gaps: bool) -> cx.Survey:
    rng = np.random.default_rng(11)
    between = 0.8 * rng.standard_normal((250, 1)) + factor_answers(11, n=250, items=6, factors=2)
    answers = np.clip(np.round(between / 1.3 + 3), 1, 5)
    return survey_of(with_gaps(answers, 3, 0.05) if gaps else answers, BLOCKS, scale={"low": 1, "high": 5})


def assert_named(said: str, test: str, indices: str) -> int:
    """Every measure that has a number beside it stands behind the word for its variant; how many there are."""
    found = [(before, name, indices) for before, name in INDEX.findall(said)]
    found += [(before, "χ²", test) for before in TEST.findall(said)]
    for before, name, wanted in found:
        word = before.strip("(;,").casefold()
        assert word == wanted or (not wanted and word not in ("scaled", "robust")), (before, name, said)
    return len(found)


def assert_headed(result: Result, test: str, indices: str) -> None:
    headings = list(result.table.columns)
    for kind, names in ((test, ("χ²", "Δχ²")), (indices, ("CFI", "TLI", "RMSEA"))):
        for name in names:
            own = [h for h in headings if h.split()[-1] == name]
            assert all(h == f"{kind.capitalize()} {name}".strip() for h in own), headings


@pytest.mark.parametrize("way", WAYS)
def test_sentences_tables_and_descriptions_name_the_variant(way):
    options, gaps, test, indices = WAYS[way]
    answers = survey(gaps=gaps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        structure = cx.confirm_structure(answers, **options)
        results = [cx.compare_structures(answers, models=["one-factor", "first-order"], **options)]
        if "ordered" not in options:
            results.append(cx.common_method(answers, **options))
    assert assert_named(structure.text, test, indices) == 4
    assert structure.variant == indices
    for measure in {v.measure for v in structure.verdicts} - {"SRMR"}:
        assert measure.startswith(indices)
        assert not (measure.startswith("robust") and not indices)
    assert assert_named(results[0].text, test, indices) >= 2
    assert assert_named(results[0].alt, test, indices) == 5
    for result in results:
        assert_headed(result, test, result.kind.indices)
        assert set(result.frame["test"].dropna()) == {test}
        assert set(result.frame["variant"].dropna()) == {result.kind.indices}
        assert result.kind.indices in (indices, test)  # scaled where a proper model has no robust ones


@pytest.mark.parametrize(
    ("options", "test", "indices"),
    [
        ({}, "Scaled", "robust"),
        ({"estimator": "ML", "missing": "complete"}, "", ""),
        ({"ordinal": True}, "Scaled", "scaled"),
    ],
)
def test_levels_of_invariance_name_the_variant(options, test, indices):
    answers = survey(gaps=False)
    by = pd.Series(np.arange(answers.n) % 2, index=answers.answers.index).map({0: "one", 1: "other"}).rename("half")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        found = cx.measurement_invariance(
            answers, by=by, dimensions=["a"], **options, rare="join" if options.get("ordinal") else "refuse"
        )
    headings = list(found.table.columns)
    for name, kind in (("χ²", test), ("CFI", indices.capitalize())):
        assert f"{kind} {name}".strip() in headings
    change = "Scaled Δ χ²" if options.get("ordinal") else f"Δ {indices} CFI".replace("  ", " ")
    assert change in headings


def test_the_difference_of_scaled_tests_is_named_by_its_method():
    found = cx.common_method(survey(gaps=False), missing="listwise")
    assert "Δχ²: from the model above" in found.note
    assert "scaled chi-square difference (Satorra-Bentler 2001)" in found.note
    assert "satorra2001" in found.references
    plain = cx.common_method(survey(gaps=False), missing="listwise", estimator="ML")
    assert "chi-square difference (standard)" in plain.note
    assert "satorra2001" not in plain.references


def fit_like(**measures: float) -> SimpleNamespace:
    """What a fit tells of itself, where its correction has no value."""
    empty = dict.fromkeys(("chisq.scaled", "pvalue.scaled", "cfi.scaled", "tli.scaled", "rmsea.scaled"), np.nan)
    plain = {"chisq": 12.0, "df": 8.0, "cfi": 0.98, "tli": 0.97, "rmsea": 0.05, "srmr": 0.04, "df.scaled": 8.0}
    return SimpleNamespace(measures=plain | empty | measures, df=8, settings={"ordered": []}, doubt=None)


def test_a_model_without_a_scaled_test_shows_no_unscaled_index_beside_the_empty_chi_square():
    kind = Variant(test="scaled", indices="robust")
    row = read_indices(fit_like(), kind)
    assert row[["chi_square", "p_value", "cfi", "tli", "rmsea"]].isna().all()
    assert row["srmr"] == 0.04
    assert len(fit_verdicts("improper", fit_like(), row, kind)) == 0
    assert index_variant([fit_like()]) == "scaled"


def test_models_side_by_side_have_one_variant():
    both = {"cfi.robust": 0.9, "rmsea.robust": 0.1, "cfi.scaled": 0.91, "rmsea.scaled": 0.09}
    only = {"cfi.scaled": 0.91, "rmsea.scaled": 0.09}
    assert index_variant([fit_like(**both)]) == "robust"
    assert index_variant([fit_like(**both), fit_like(**only)]) == "scaled"


# --- improper solutions -----------------------------------------------------------------------------------------------


def test_a_latent_variable_without_positive_variance_is_improper_and_no_error():
    answers = survey(gaps=False).answers
    model = "f =~ 1*q1 + q2 + q3\ng =~ q4 + q5 + q6"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        assert sem.cfa(model, answers).is_proper
        assert not sem.cfa(f"{model}\nf ~~ -0.1*f", answers).is_proper


def test_singular_moments_leave_the_correction_for_missing_answers_empty(monkeypatch):
    def singular(fit):
        raise np.linalg.LinAlgError("Matrix is not positive definite")

    monkeypatch.setattr(corrections, "_missing_answers", singular)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        found = cx.compare_structures(survey(gaps=True), models=["one-factor", "first-order"], estimator="MLR")
    assert set(found.frame["variant"]) == {"scaled"}
    assert "nan" not in found.text + found.frame.loc[0, "name"]


def test_an_improper_model_leaves_the_scaled_and_shifted_difference_empty():
    answers = survey(gaps=False).answers.astype(int)
    two, one = "f =~ q1 + q2 + q3\ng =~ q4 + q5 + q6", "f =~ q1 + q2 + q3 + q4 + q5 + q6"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        free, tight = (sem.cfa(model, answers, ordered=True) for model in (two, one))
    object.__setattr__(free.frame, "bread_inverse", np.full_like(free.frame.bread_inverse, np.nan))
    got = free.compare(tight)
    assert np.isnan(got.p)
    assert got.text.endswith("cannot be computed: its correction is not positive in these data.")


# --- misfit -----------------------------------------------------------------------------------------------------------


def misfit_like(*, tested: bool, mi: float) -> Misfit:
    pairs = [("items share more", f"q{k}", "q9", True, f"q{k}", 20.0 - k, 0.1, 0.05, 1.0) for k in range(12)]
    pairs += [("items share less", "q8", "q9", True, "the largest", 0.5, 0.1, -0.4, -2.0)]
    loads = [("also measures", f"q{k}", "b", False, f"q{k} on b", mi - k, 0.3, np.nan, np.nan) for k in range(6)]
    columns = ["finding", "item", "other", "other_is_item", "what", "mi", "epc", "residual_r", "z_value"]
    frame = pd.DataFrame(pairs + loads, columns=columns).sort_values("mi", ascending=False, ignore_index=True)
    return Misfit(
        frame=frame, n=100, settings={"estimator": "MLR"}, data=survey(gaps=False).stamp,
        residuals=pd.DataFrame(), tested=tested,
    )  # fmt: skip


def test_the_table_of_misfit_shows_the_largest_residual():
    found = misfit_like(tested=True, mi=30.0)
    assert len(found.table) == 11
    assert found.table["Where"].iloc[-1] == "the largest"
    assert "The largest 10 of 19 by index, and the largest residual correlation." in found.note


@pytest.mark.parametrize(("mi", "said"), [(7.0, "1 of"), (9.0, "4 of"), (5.0, "None of")])
def test_a_missed_loading_is_held_against_the_number_of_candidates(mi, said):
    """R: sum(p.adjust(pchisq(mi - 0:5, 1, lower.tail = FALSE), "holm") < .05); 5.0 alone would have p = .025."""
    text = misfit_like(tested=True, mi=mi).text
    assert f"{said} 6 candidates" in text
    named = {"1 of": ": the largest", "4 of": ": the largest; q1 on b (8.0); q2 on b (7.0) and 1 more"}
    assert f"Holm, 5%){named.get(said, '')}." in text
    assert "It is the largest of 6 candidates and described here, not tested" in misfit_like(tested=False, mi=mi).text


def random_misfit(seed: int) -> Misfit:
    """Six pairs of items whose largest residual need not have the largest z, and may have none."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2.5, size=6)
    z[rng.random(6) < 0.15] = np.nan
    residual = np.abs(rng.normal(scale=0.1, size=6)) * np.where(np.isnan(z), 1.0, np.sign(z))
    rows = [
        ("items share more", f"q{k}", f"p{k}", True, f"q{k} and p{k}", 9.0 - k, 0.1, residual[k], z[k])
        for k in range(6)
    ]
    columns = ["finding", "item", "other", "other_is_item", "what", "mi", "epc", "residual_r", "z_value"]
    return dataclasses.replace(misfit_like(tested=True, mi=5.0), frame=pd.DataFrame(rows, columns=columns))


@pytest.mark.parametrize("seed", range(60))
def test_the_text_names_just_the_residuals_that_stand_out(seed):
    found = random_misfit(seed)
    frame = found.frame
    p = 2 * norm.sf(frame["z_value"].abs())
    rejected = set(frame["item"][holm(p) < 0.05])
    largest = frame.loc[frame["residual_r"].abs().idxmax(), "item"]
    told = found.text.partition("Holm, 5%)")[2].partition(" A model changed")[0]
    named = set(re.findall(r"(q\d) with p\d", told)) | ({largest} if told.startswith(": the largest") else set())
    assert told.startswith(": not the largest but") == (bool(rejected) and largest not in rejected)
    assert named <= rejected
    assert len(named) == min(3, len(rejected))
    more = re.search(r"and (\d+) more", told)
    assert (int(more[1]) if more else 0) == len(rejected) - len(named)
