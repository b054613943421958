"""Feldt's interval of alpha where answers are far from normal: told, with how often it holds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import ndtr

import cxkit as cx
from cxkit.statistics.alpha import alpha_from_covariance, feldt_interval
from cxkit.validation.reliability.normality import TOO_NARROW, spread_ratio
from tests.conftest import tiny_survey

FLOOR = (0.8, 1.3, 1.8, 2.3)
"""Cuts that leave 79 % of the answers in the lowest of five options."""
EVEN = (-1.5, -0.5, 0.5, 1.5)


def answers(rng: np.random.Generator, n: int, cuts: tuple[float, ...], items: int = 3) -> np.ndarray:
    latent = 0.7 * rng.normal(size=(n, 1)) + np.sqrt(1 - 0.49) * rng.normal(size=(n, items))
    return np.digitize(latent, cuts).astype(float) + 1


def alpha(values: np.ndarray) -> float:
    return alpha_from_covariance(np.cov(values.T))


def test_the_ratio_is_that_of_the_real_spread_of_alpha_to_the_one_of_normal_answers():
    rng = np.random.default_rng(2)
    samples = [answers(rng, 400, FLOOR) for _ in range(500)]
    alphas = np.array([alpha(own) for own in samples])
    # Of parallel items the normal standard error is (1 - alpha) sqrt(2 k / ((k - 1) n)): van Zyl et al. (2000), eq. 21.
    normal = (1 - alphas.mean()) * np.sqrt(2 * 3 / (2 * 400))
    assert np.median([spread_ratio(own) for own in samples]) == pytest.approx(alphas.std() / normal, rel=0.08)
    assert spread_ratio(rng.normal(size=(20_000, 1)) + rng.normal(size=(20_000, 3))) == pytest.approx(1, abs=0.03)


def test_the_interval_is_told_where_it_holds_too_rarely_and_nowhere_else():
    rng = np.random.default_rng(4)
    survey = tiny_survey(np.hstack([answers(rng, 300, EVEN), answers(rng, 300, FLOOR)]))
    note = " ".join(cx.cronbach_alpha(survey).notes)
    told = re.search(r"is larger for Dimension 2 \((1\.\d) times as large\).* a 95% interval holds in (\d+)% of", note)
    assert told
    assert 2 * ndtr(1.96 / float(told[1])) - 1 == pytest.approx(int(told[2]) / 100, abs=0.03)
    assert "Dimension 1" not in note
    assert "normal" not in " ".join(cx.cronbach_alpha(survey, interval="bootstrap", bootstraps=100).notes)
    truth = alpha(answers(rng, 400_000, FLOOR))
    ends = [feldt_interval(alpha(answers(rng, 300, FLOOR)), n=300, items=3) for _ in range(400)]
    held = np.mean([low <= truth <= high for low, high in ends])
    assert held < 0.9


def test_few_answers_and_those_without_error_have_no_ratio():
    assert np.isnan(spread_ratio(np.ones((20, 3))))
    with np.errstate(all="ignore"):
        assert not spread_ratio(np.tile(np.arange(40.0)[:, None], 3)) > TOO_NARROW
