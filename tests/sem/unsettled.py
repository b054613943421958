"""Answers whose saturated model has no maximum, and all that a reader may see of models of them.

`python -m tests.sem.unsettled` prints it as JSON, for one processor to be held against another.
"""

from __future__ import annotations

import json
import warnings
from functools import cache

import numpy as np
import pandas as pd

from cxkit import sem
from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit

# So many people were there in the last of six waves; the search for the saturated model ends elsewhere for each kind of
# processor with 20, and with 12 only some kinds reach the singular matrix in time.
FEW = ((12, "ML"), (20, "MLR"))
CURVE = "i =~ 1*y0 + 1*y1 + 1*y2 + 1*y3 + 1*y4 + 1*y5\ns =~ 0*y0 + 1*y1 + 2*y2 + 3*y3 + 4*y4 + 5*y5"
ALIKE = "\n".join([CURVE, *(f"y{t} ~~ e*y{t}" for t in range(6))])


def late_wave(answered: int) -> pd.DataFrame:
    """Linear growth of 600 people, of whom few were there in the last wave."""
    rng = np.random.default_rng(9)
    level, slope, noise = rng.normal(-2.5, 0.8, 600), rng.normal(0.6, 0.2, 600), rng.normal(0, 0.6, (600, 6))
    time = np.arange(6)
    values = level[:, None] + slope[:, None] * time + noise
    seen = rng.random((600, 6)) < [0.8, 0.9, 0.94, 0.8, 0.6, 1.0]
    seen[:, 5] = False
    seen[:answered, 5] = True
    seen[: answered - 3, 0] = False
    return pd.DataFrame(np.where(seen, values, np.nan), columns=[f"y{t}" for t in range(6)])


@cache
def grown(answered: int, estimator: str = "ML", model: str = CURVE) -> Fit:
    """A growth curve of these waves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return sem.growth(model, late_wave(answered), missing="fiml", estimator=estimator)


def everything(answered: int, estimator: str) -> tuple[dict[str, float], list[str]]:
    """Numbers and sentences of a fit, and of its comparison with a narrower one."""
    fit, tight = grown(answered, estimator), grown(answered, estimator, ALIKE)
    found = {str(name): float(value) for name, value in fit.measures.items()}
    for table, column in ((fit.estimates, "est"), (fit.estimates, "se"), (fit.modification_indices(), "mi")):
        names = table["lhs"] + table["op"] + table["rhs"]
        found |= {f"{column} {name}": float(value) for name, value in zip(names, table[column], strict=True)}
    difference = fit.compare(tight)
    return found | {"p": difference.p}, [fit.text, fit.note, difference.text]


if __name__ == "__main__":
    print(json.dumps({f"{k} {name}": everything(k, name) for k, name in FEW}))
