"""Incomplete answers whose saturated model has no maximum: nothing rests on where the search for it stopped.

Where it stops depends on the last bits of every step, and so on the processor. lavaan 0.6-14 warns there and gives a
chi-square all the same, as here before, where three kinds of processors gave 31.69, 22.83 and 20.90 of `late_wave(20)`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.errors import AnalysisError, CxkitWarning, ModelError
from cxkit.sem.sample.patterns import find_patterns
from cxkit.sem.sample.saturated_moments import WELL_CONDITIONED, saturated_moments
from cxkit.validation.correlations import _likeliest
from tests.processors import PROCESSORS
from tests.sem.cases import bfi
from tests.sem.unsettled import ALIKE, FEW, everything, grown, late_wave

KINDS = [own for own in PROCESSORS if own["OPENBLAS_CORETYPE"] in ("SkylakeX", "Haswell", "Sandybridge")][:2]
# What does not compare with the saturated model, or is no number of these answers.
STANDS = {
    "npar", "df", "df.scaled", "baseline.df", "baseline.df.scaled", "logl", "aic", "bic", "bic2", "ntotal",
    "scaling.factor.h0", "rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0", "gfi", "agfi", "pgfi", "gfi_lisrel",
    "agfi_lisrel",
}  # fmt: skip


@pytest.mark.skipif(not KINDS, reason="the kinds of processors are named for one family")
def test_every_processor_gives_the_same() -> None:
    command = [sys.executable, "-m", "tests.sem.unsettled"]
    running = [subprocess.Popen(command, env=os.environ | own, stdout=subprocess.PIPE, text=True) for own in KINDS]
    here = {f"{k} {name}": everything(k, name) for k, name in FEW}
    for process in running:
        there = json.loads(process.communicate()[0])
        for case, (numbers, sentences) in here.items():
            assert there[case][0] == pytest.approx(numbers, rel=1e-6, abs=1e-6, nan_ok=True), case
            assert there[case][1] == sentences


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_what_rests_on_the_saturated_model_has_no_value(estimator: str) -> None:
    fit = grown(20, estimator)
    known = fit.measures.index[fit.measures.notna()]
    assert set(known) <= STANDS
    assert {"logl", "aic", "bic", "df"} <= set(known)
    reason = "the means and covariances of all answers did not settle ('y5' was answered by 20 of 600 respondents)"
    assert fit.text == (
        f"{estimator} (16 degrees of freedom, n = 600): chi-square, robust CFI, TLI and RMSEA, and SRMR have no value: "
        f"{reason}."
    )
    assert reason in fit.note
    assert fit.estimates["se"].notna().all()
    assert fit.modification_indices()["mi"].notna().all()
    with pytest.raises(ModelError, match="which did not settle; fit.note says why"):
        fit.residuals()
    with pytest.warns(CxkitWarning, match="the variances of all answers is left empty, as these did not settle"):
        found = fit.reliability()
    assert found.frame[["alpha", "omega", "ave"]].isna().to_numpy().all()


def test_nested_models_are_compared_by_their_likelihoods() -> None:
    """R: anova(f, f0) of lavaan 0.6-14 takes the difference of two chi-squares; here that of the log-likelihoods."""
    free, tight = grown(20), grown(20, model=ALIKE)
    found = free.compare(tight)
    assert found.chisq_diff == pytest.approx(2 * (free.measures["logl"] - tight.measures["logl"]), abs=1e-8)
    assert (found.df_diff, np.isnan(found.d_srmr)) == (5, True)
    assert found.text.endswith("; changes in robust CFI, robust RMSEA and SRMR have no value.")


def test_the_scaled_difference_does_without_the_saturated_model() -> None:
    """Its trace is the same for both models: of answers that do have moments it makes no difference either."""
    from cxkit.sem.after import comparison

    data = bfi().sample(300, random_state=1)
    free, tight = (
        sem.cfa(f"A =~ {items}", data, missing="fiml", estimator="MLR")
        for items in ("A1 + A2 + A3 + A4 + A5", "A1 + a*A2 + a*A3 + a*A4 + a*A5")
    )
    own = (comparison._own_trace(free, free.test) - comparison._own_trace(tight, tight.test)) / (tight.df - free.df)
    assert own == pytest.approx(free.compare(tight).scaling_factor)
    assert np.isfinite(grown(20, "MLR").compare(grown(20, "MLR", ALIKE), "satorra.bentler.2010").p)


def test_where_the_search_was_last_far_from_singular() -> None:
    values = late_wave(20).dropna(how="all").to_numpy()
    found = saturated_moments(find_patterns(values))
    assert not found.converged
    sd = np.sqrt(np.diag(found.cov))
    roots = np.linalg.eigvalsh(found.cov / np.outer(sd, sd))
    assert roots[0] > 0.1 * WELL_CONDITIONED * roots[-1]


def test_an_item_of_no_more_answers_than_there_are_items_is_refused() -> None:
    with pytest.raises(ModelError, match="'y5' was answered by 6 of 600 respondents. Leave that out"):
        grown(6)


def test_correlations_of_all_answers_are_refused_in_words() -> None:
    with pytest.raises(AnalysisError, match="600 respondents are too few, or their answers too incomplete"):
        _likeliest(late_wave(20).to_numpy(), None, list(late_wave(20)))


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_reports_of_such_answers_say_so_and_show_no_nan() -> None:
    survey = cx.load_survey("hs1939")
    given = survey.given.copy()
    given.iloc[10:, given.columns.get_loc("x9")] = np.nan
    few = dataclasses.replace(survey, given=given)
    structure = cx.confirm_structure(few, missing="fiml")
    misfit, compared = cx.find_misfit(structure), cx.compare_structures(few, missing="fiml")
    reason = "did not settle ('x9' was answered by 10 of 301 respondents)"
    assert "The fit is not judged: chi-square, robust CFI, TLI and RMSEA, and SRMR have no value: " in structure.text
    assert reason in structure.text
    assert "Residual correlations have no value" in misfit.text
    assert misfit.frame["mi"].notna().any()
    assert "The models are not ranked by their fit" in compared.text
    for said in (
        structure.text,
        structure.note,
        misfit.text,
        misfit.alt,
        str(misfit.picture()),
        compared.text,
        compared.note,
    ):
        assert not re.search(r"\bnan\b", said)
    for refused in (cx.convergent_validity, cx.discriminant_validity):
        with pytest.raises(AnalysisError, match="compares with the variances of all answers, and the means and cov"):
            refused(few, missing="fiml")
