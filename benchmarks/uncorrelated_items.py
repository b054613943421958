"""How often is the test of `sampling_adequacy` wrong about items that do not correlate?

    python benchmarks/uncorrelated_items.py [--surveys 200]

Prints, for numbers of items and people and shares of answers left out at random, how many of 100 surveys of five-point
items without any correlation the test calls correlated (5 are promised), and what twice the difference of the
log-likelihoods without Bartlett's factor, and Bartlett's formula with everybody as n, would have said.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from cxkit.validation.correlations import moments
from cxkit.validation.factors.adequacy import bartlett, likelihood_ratio
from tests.validation.building import survey_of

SETTINGS = [(6, 200, 0.0), (6, 200, 0.1), (6, 200, 0.3), (6, 100, 0.3), (12, 100, 0.2), (15, 200, 0.3)]


def rates(items: int, people: int, share: float, surveys: int, rng: np.random.Generator) -> np.ndarray:
    """Shares of surveys called correlated: by the test, without its factor, by Bartlett's formula with everybody."""
    found = []
    df = items * (items - 1) // 2
    for _ in range(surveys):
        answers = np.digitize(rng.standard_normal((people, items)), (-1.2, -0.4, 0.4, 1.2)) + 1.0
        answers[rng.random(answers.shape) < share] = np.nan
        answers = answers[~np.isnan(answers).all(axis=1)]
        survey = survey_of(answers)
        plain = likelihood_ratio(answers, None, len(answers))
        everybody = bartlett(moments(survey.answers, "fiml").correlation, len(answers))[0]
        others = stats.chi2.sf([plain, everybody], df)
        found.append(np.array([cx.sampling_adequacy(survey).p_value, *others]) < 0.05)
    return np.mean(found, axis=0)


def main() -> None:
    """Print a line a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=200)
    surveys = parser.parse_args().surveys
    rng = np.random.default_rng(1)
    print("items people  left out | of 100 surveys: the test, without its factor, everybody as n")
    for items, people, share in SETTINGS:
        test, plain, everybody = 100 * rates(items, people, share, surveys, rng)
        print(f"{items:5} {people:6} {share:9.0%} | {test:5.1f} {plain:5.1f} {everybody:5.1f}", flush=True)


if __name__ == "__main__":
    main()
