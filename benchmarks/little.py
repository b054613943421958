"""How often has Little's test a small p where the gaps are chance, by how skewed the answers are?

python benchmarks/little.py [--surveys 60]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from tests.validation.building import survey_of

SETTINGS = [(150, 6, 0.1), (600, 12, 0.05), (1500, 12, 0.03), (150, 6, 0.3)]
SHIFTS = (0.0, 0.7, 1.0, 1.3, 2.0)
"""How far the cuts between five answers lie from the middle."""


def answers_of(people: int, items: int, share: float, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Five-point items of one factor, a share of them left out by chance."""
    cuts = 0.7 * np.array([-1.2, -0.4, 0.4, 1.2]) + shift
    latent = 0.8 * rng.standard_normal((people, 1)) + rng.standard_normal((people, items))
    answers = np.digitize(latent, cuts) + 1.0
    answers[rng.random(answers.shape) < share] = np.nan
    return answers


def main() -> None:
    """Print a line a setting and shift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=60)
    surveys = parser.parse_args().surveys
    rng = np.random.default_rng(3)
    print("people items left out | skewness | of 100 surveys: p below .05, said to be not by chance")
    for people, items, share in SETTINGS:
        for shift in SHIFTS:
            found = [cx.little_mcar(survey_of(answers_of(people, items, share, shift, rng))) for _ in range(surveys)]
            skewness = np.mean([result.skewness for result in found])
            small = np.mean([result.frame["p_value"].iloc[0] < 0.05 for result in found])
            said = np.mean(["not missing completely at random" in result.text for result in found])
            rates = f"{skewness:8.2f} | {100 * small:5.1f} {100 * said:5.1f}"
            print(f"{people:6} {items:5} {share:8.0%} | {rates}", flush=True)


if __name__ == "__main__":
    main()
