"""Models whose modification indices are compared, as whole tables, with those of lavaan.

In all of them a candidate shares a place with a free parameter, or groups, missing answers, order or the estimator make
a difference to the indices. scripts/sem_modification.R makes the values.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from cxkit import sem
from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit
from tests.sem.cases import HS, Case, bfi_people, democracy, hs, hs_holes, media

PATH = Path(__file__).parent.parent / "reference" / "sem_modification.json"
GENERAL = "\nG =~ " + "+".join(f"x{i}" for i in range(1, 10))
TWO = """visual =~ x1+x2+x3
textual =~ x4+x5+x6
visual + textual ~ ageyr + sex
x2 ~ sex
x5 ~ ageyr"""
DEMOCRACY = """ind60 =~ x1+x2+x3
dem60 =~ y1+a*y2+b*y3+c*y4
dem65 =~ y5+a*y6+b*y7+c*y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
y1~~y5
y2~~y4+y6
y3~~y7
y4~~y8
y6~~y8"""
GROWTH = """i =~ 1*t1+1*t2+1*t3+1*t4
s =~ 0*t1+1*t2+2*t3+3*t4
t1 ~ 0*1
t2 ~ 0*1
t3 ~ 0*1
t4 ~ 0*1
i ~ 1
s ~ 1
"""
LATENT_CHANGE = """y1 =~ 1*t1
y2 =~ 1*t2
y3 =~ 1*t3
y4 =~ 1*t4
y2 ~ 1*y1
y3 ~ 1*y2
y4 ~ 1*y3
d2 =~ 1*y2
d3 =~ 1*y3
d4 =~ 1*y4
d2 ~ b*y1
d3 ~ b*y2
d4 ~ b*y3
g =~ 1*d2+1*d3+1*d4
y1 ~~ g
d2 ~~ 0*d2
d3 ~~ 0*d3
d4 ~~ 0*d4
y2 ~~ 0*y2
y3 ~~ 0*y3
y4 ~~ 0*y4
t1 ~~ e*t1
t2 ~~ e*t2
t3 ~~ e*t3
t4 ~~ e*t4
y1 ~ 1
g ~ 1
t1 ~ 0*1
t2 ~ 0*1
t3 ~ 0*1
t4 ~ 0*1"""
CROSS_LAGGED = "\n".join(
    [
        "ru =~ 1*u1+1*u2+1*u3+1*u4\nrv =~ 1*v1+1*v2+1*v3+1*v4\nru ~~ 0*a1 + 0*b1\nrv ~~ 0*a1 + 0*b1",
        *(f"a{k} =~ 1*u{k}\nb{k} =~ 1*v{k}\nu{k} ~~ 0*u{k}\nv{k} ~~ 0*v{k}\na{k} ~~ b{k}" for k in range(1, 5)),
        *(f"a{k} ~ p*a{k - 1} + q*b{k - 1}\nb{k} ~ r*a{k - 1} + s*b{k - 1}" for k in (2, 3, 4)),
    ]
)
A5 = "A =~ A1+A2+A3+A4+A5"
ITEMS = [f"A{i}" for i in range(1, 6)]
SCALAR = ("loadings", "intercepts")


@cache
def reference() -> Mapping[str, Any]:
    """Everything that the script wrote."""
    return json.loads(PATH.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def growth_moments() -> sem.Moments:
    return _moments("growth")


def wave_moments() -> sem.Moments:
    return _moments("waves")


def _moments(name: str) -> sem.Moments:
    told = reference()["moments"][name]
    cov = pd.DataFrame(told["cov"], index=told["names"], columns=told["names"])
    return sem.Moments(cov=cov, mean=pd.Series(told["mean"], index=told["names"]), n=told["n"])


def _ordinal(*equal: str, **more: Any) -> dict[str, Any]:
    return {"ordered": ITEMS, "group": "gender", "equal": equal, "std_lv": True} | more


CASES = {
    "mimic": Case("visual =~ x1+x2+x3\nvisual ~ ageyr\nx2 ~ ageyr", hs),
    "two_by_two": Case(TWO, hs),
    "two_by_two_fiml": Case(TWO, hs_holes, {"missing": "fiml"}),
    "two_by_two_means": Case(TWO, hs, {"meanstructure": True}),
    "two_by_two_groups": Case(TWO, hs, {"group": "school", "equal": "loadings"}),
    "second_order": Case(HS + "\nG =~ visual+textual+speed\nG ~ ageyr\nx1 ~ ageyr", hs),
    "bifactor": Case(HS + GENERAL, hs, {"orthogonal": True, "std_lv": True}),
    "democracy": Case(DEMOCRACY, democracy),
    "path": Case("pmi ~ cond\nimport ~ cond + age\nreaction ~ pmi + import\npmi ~~ 0*import", media),
    "path_random": Case("pmi ~ cond\nreaction ~ pmi + age", media, {"fixed_x": False}),
    "regressions_latent": Case(HS + "\ntextual ~ visual\nspeed ~ textual\nx9 ~ x1", hs),
    "gls": Case(
        "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~ ageyr\ntextual ~ visual\nx2 ~ ageyr", hs,
        {"estimator": "GLS"},
    ),
    "uls": Case(HS, hs, {"estimator": "ULS"}),
    "wls": Case(HS, hs, {"estimator": "WLS"}),
    "mlr": Case(HS + "\nspeed ~ visual\nspeed ~ sex", hs, {"estimator": "MLR"}),
    "wishart": Case(HS, hs, {"likelihood": "wishart"}),
    "wishart_groups": Case(HS, hs, {"likelihood": "wishart", "group": "school", "equal": SCALAR}),
    "groups_scalar": Case(HS, hs, {"group": "school", "equal": SCALAR}),
    "gls_groups": Case(HS, hs, {"estimator": "GLS", "group": "school", "equal": "loadings"}),
    "fiml_groups": Case(HS, hs_holes, {"missing": "fiml", "group": "school", "equal": SCALAR}),
    "constraints": Case(
        "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6\na == 2*b\nc - d == 0.1", hs
    ),
    "growth": Case(GROWTH + "i ~ x1+x2\ns ~ x1+x2\nt1 ~ c1\nt2 ~ c2\nt3 ~ c3\nt4 ~ c4", growth_moments),
    "growth_plain": Case(GROWTH, growth_moments),
    "ri_clpm": Case(CROSS_LAGGED, wave_moments),
    "wlsmv": Case(A5 + "\nN =~ N1+N2+N3+N4+N5\nA ~ N", bfi_people, {"ordered": True}),
    "wlsmv_mimic": Case(A5 + "\nA ~ age + gender\nA1 ~ gender", bfi_people, {"ordered": ITEMS}),
    "wlsmv_mixed": Case(A5 + "\nN =~ N1+N2+N3", bfi_people, {"ordered": ITEMS, "estimator": "WLSM"}),
    "wlsmv_groups": Case(A5, bfi_people, _ordinal("thresholds", "loadings", parameterization="theta")),
    "wlsmv_groups_delta": Case(A5, bfi_people, _ordinal("thresholds", "loadings")),
    "wlsmv_groups_strict": Case(A5, bfi_people, _ordinal("thresholds", *SCALAR, "residuals")),
}  # fmt: skip

# lavaan's own extended model implies other moments than its fit here, so that its indices belong to neither.
WITHOUT_LAVAAN = {"latent_change": Case(LATENT_CHANGE, growth_moments)}


@cache
def fitted(name: str) -> Fit:
    """The fit of a case, made once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return (CASES | WITHOUT_LAVAAN)[name].fit()
