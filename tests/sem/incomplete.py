"""Seeded answers with gaps at random, from 5 to 40 items: what the saturated moments are tried on.

`python -m tests.sem.incomplete FOLDER` writes them as csv for tests/reference/scripts/sem_saturated.R.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

# Items, respondents, share missing. Left out: where so few people answered that the likelihood has no maximum.
CASES = [
    (5, 100, 0.05), (5, 100, 0.4), (5, 500, 0.2), (12, 100, 0.2), (12, 200, 0.05), (12, 200, 0.3), (12, 200, 0.4),
    (20, 200, 0.2), (20, 500, 0.4),
]  # fmt: skip
# Too long for lavaan's EM at such a tolerance: held to be a maximum, not compared.
LARGE = [(12, 2000, 0.3), (40, 200, 0.05)]


def name_of(items: int, n: int, missing: float) -> str:
    """The case's name: p12_n200_m30."""
    return f"p{items}_n{n}_m{round(100 * missing)}"


def answers(items: int, n: int, missing: float) -> pd.DataFrame:
    """Items of correlated factors of four, with gaps at random; respondents without any answer are left out."""
    rng = np.random.default_rng([items, n, round(100 * missing)])
    factors = max(1, items // 4)
    shared = rng.standard_normal((n, 1))
    own = np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.standard_normal((n, factors))
    values = 0.7 * own[:, np.arange(items) * factors // items] + 0.7 * rng.standard_normal((n, items))
    values = np.round(3 + values, 3)
    values[rng.random(values.shape) < missing] = np.nan
    table = pd.DataFrame(values, columns=[f"v{k + 1}" for k in range(items)])
    return table.dropna(how="all").reset_index(drop=True)


if __name__ == "__main__":
    for case in CASES:
        answers(*case).to_csv(Path(sys.argv[1]) / f"{name_of(*case)}.csv", index=False)
