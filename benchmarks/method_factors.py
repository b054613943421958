"""How often does `common_method` say that a method factor fits better where there is none, and where there is one?

    python benchmarks/method_factors.py [--surveys 60]

Prints, of 100 surveys of three correlated dimensions of four items, how many an unmeasured method factor is said to fit
better in (by BIC), how many had p below .05 by the chi-square difference that the kit no longer tests (Holm's method
over both models), and how many a marker of three items finds (its test, by Holm's method).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from cxkit.statistics.multiplicity import holm
from tests.validation.building import survey_of

BLOCKS = {key: [f"{key}{i}" for i in range(1, 5)] for key in "abc"} | {"m": ["m1", "m2", "m3"]}
SKEWED = (0.6, 1.0, 1.4, 1.8, 2.2, 2.6)
EVEN = (-1.9, -1.1, -0.4, 0.4, 1.1, 1.9)
SETTINGS = [
    (300, 0.0, EVEN, 0.0), (150, 0.0, EVEN, 0.0), (600, 0.0, EVEN, 0.0), (300, 0.0, SKEWED, 0.0),
    (150, 0.2, EVEN, 0.0), (300, 0.0, EVEN, 0.6),
]  # fmt: skip
"""People, share of answers left out, cuts between seven answers, loading of method on the second half of the items."""


def survey(people: int, share: float, cuts: tuple[float, ...], method: float, rng: np.random.Generator) -> object:
    """Dimensions that correlate at .5, loadings of .7, and a marker that holds method alone."""
    factors = rng.multivariate_normal(np.zeros(3), 0.5 + 0.5 * np.eye(3), people)
    common = rng.standard_normal(people)
    answers = {}
    for k, items in enumerate(BLOCKS.values()):
        for i, item in enumerate(items):
            value = 0.7 * rng.standard_normal(people)
            value += 0.7 * factors[:, k] + method * common * (i > 1) if k < 3 else max(method, 0.7) * common
            answers[item] = np.digitize(value, cuts) + 1.0
    frame = pd.DataFrame(answers)
    return survey_of(frame.mask(rng.random(frame.shape) < share), BLOCKS)


def told(found: cx.Result) -> list[bool]:
    """Whether the unmeasured factor is told by BIC and by p, and the factor of the marker."""
    frame = found.frame
    unmeasured = frame["technique"] == "unmeasured method factor"
    tested = frame[unmeasured].dropna(subset="chi_square_difference")
    p = stats.chi2.sf(tested["chi_square_difference"], tested["df_difference"])
    return [found.better[unmeasured].any(), (holm(p) < 0.05).any(), found.better[~unmeasured].any()]


def main() -> None:
    """Print a line a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=60)
    surveys = parser.parse_args().surveys
    warnings.simplefilter("ignore", cx.CxkitWarning)
    rng = np.random.default_rng(1)
    print("people left out skewed method | of 100 surveys: by BIC, by p, by the marker")
    for people, share, cuts, method in SETTINGS:
        found = [told(cx.common_method(survey(people, share, cuts, method, rng), marker="m")) for _ in range(surveys)]
        rates = "  ".join(f"{100 * rate:5.1f}" for rate in np.mean(found, axis=0))
        print(f"{people:6} {share:8.0%} {cuts is SKEWED!s:>6} {method:6.1f} | {rates}", flush=True)


if __name__ == "__main__":
    main()
