"""Every model that is compared with lavaan: its syntax, data and options, under the name of its reference values.

The values were made by tests/reference/scripts/sem_*.R (lavaan 0.6-14) and stand, trimmed, in
tests/reference/sem_lavaan.json. `deviations` measures how far a fit is from them; the tests hold the deviations against
tolerances, and tools/sem_agreement.py writes them into docs/sem.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxkit import sem
from cxkit.sem.fit import Fit
from tests.sem import user_cases

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@cache
def references() -> Mapping[str, Any]:
    """All reference values by case."""
    files = [HERE.parent / "reference" / f"sem_{name}.json" for name in ("lavaan", "wider", "users")]
    return {k: v for file in files for k, v in json.loads(file.read_text(encoding="utf-8"))["results"].items()}


@cache
def optima() -> Mapping[str, Any]:
    """Estimates and errors at the optimum, where lavaan's default stopping rule leaves it short of that.

    lavaan stops where the relative change of its objective falls below 1e-10, which on flat objectives is up to 1e-4
    from the optimum. scripts/sem_tight.R goes on from there by Newton steps on lavaan's own gradient.
    """
    return json.loads((HERE.parent / "reference" / "sem_optima.json").read_text(encoding="utf-8"))["results"]  # type: ignore[no-any-return]


def expected(name: str) -> dict[str, Any]:
    """What lavaan says of a case: estimates and errors at the optimum, fit measures as its defaults give them."""
    return {**references()[name], **optima().get(name, {})}


@cache
def _csv(name: str) -> pd.DataFrame:
    path = HERE / "data" / f"{name}.csv"
    return pd.read_csv(path if path.exists() else ROOT / "datasets" / name / "data.csv")


def hs() -> pd.DataFrame:
    """Holzinger & Swineford (1939) with deterministic weights and clusters."""
    n = np.arange(1, 302)
    return _csv("hs1939").assign(w=0.5 + (n % 5) / 4, cl=n % 40)


def hs_holes() -> pd.DataFrame:
    """The same with answers taken out by a stated rule."""
    return _csv("hs1939_missing").assign(cl=np.arange(1, 302) % 40)


def hs_cut() -> pd.DataFrame:
    """The same with x1, x2 and x4 cut into four ordered categories."""
    data = hs()
    for name in ("x1", "x2", "x4"):
        cuts = data[name].quantile([0, 0.2, 0.5, 0.8, 1]).to_numpy()
        data[name] = pd.cut(data[name], cuts, include_lowest=True, labels=False) + 1
    return data


def bfi() -> pd.DataFrame:
    return _csv("bfi")


def bfi_complete() -> pd.DataFrame:
    return bfi().iloc[:, 1:26].dropna()


def bfi_gender() -> pd.DataFrame:
    return bfi()[[*BFI_ITEMS, "gender"]].dropna()


def bfi_an() -> pd.DataFrame:
    return bfi()[[f"{f}{i}" for f in "AN" for i in range(1, 6)] + ["gender"]].dropna()


def bfi_education() -> pd.DataFrame:
    return bfi()[lambda d: d["education"].notna()]


def bfi_few() -> pd.DataFrame:
    """Extraversion cut into two categories, openness into three."""
    items = [f"{f}{i}" for f in "EO" for i in range(1, 6)]
    data = bfi()[[*items, "education"]].dropna()
    two = {f"E{i}b": (data[f"E{i}"] > 3).astype(int) for i in range(1, 6)}
    three = {f"O{i}t": pd.cut(data[f"O{i}"], [0, 2, 4, 6], labels=False) for i in range(1, 6)}
    return data.assign(**two, **three)


def bfi_people() -> pd.DataFrame:
    """Agreeableness and neuroticism with gender and age (in centuries)."""
    data = bfi()[[f"{f}{i}" for f in "AN" for i in range(1, 6)] + ["gender", "age", "education"]].dropna()
    return data.assign(age=data["age"] / 100)


def lq() -> pd.DataFrame:
    """Leadership climate in companies, with deterministic weights."""
    data = _csv("lq2002")
    return data.assign(w=0.5 + (np.arange(1, len(data) + 1) % 7) / 4)


def customers() -> pd.DataFrame:
    return _csv("customersat")


def democracy() -> pd.DataFrame:
    return _csv("politicaldemocracy")


def media() -> pd.DataFrame:
    return _csv("tal_or")


def media_holes() -> pd.DataFrame:
    data = media().astype({"pmi": float, "reaction": float})
    data.loc[np.arange(3, 121, 9) - 1, "pmi"] = np.nan
    data.loc[np.arange(5, 121, 11) - 1, "reaction"] = np.nan
    return data


def attitude() -> pd.DataFrame:
    return _csv("attitude")


def datcat() -> pd.DataFrame:
    return _csv("datcat_simulated")


def wheaton() -> sem.Moments:
    """Covariances of Wheaton et al. (1977), n = 932."""
    names = ["anomia67", "powerless67", "anomia71", "powerless71", "education", "sei"]
    lower = [11.834, 6.947, 9.364, 6.819, 5.091, 12.532, 4.783, 5.028, 7.495, 9.986, -3.839, -3.889, -3.841, -3.625,
             9.610, -21.899, -18.831, -21.748, -18.775, 35.522, 450.288]  # fmt: skip
    cov = np.zeros((6, 6))
    cov[np.tril_indices(6)] = lower
    cov = cov + cov.T - np.diag(np.diag(cov))
    return sem.Moments(cov=pd.DataFrame(cov, index=names, columns=names), n=932)


def hs_moments() -> list[sem.Moments]:
    data, items = hs(), [f"x{i}" for i in range(1, 10)]
    parts = [data[data["school"] == school][items] for school in ("Pasteur", "Grant-White")]
    return [sem.Moments(cov=part.cov(), mean=part.mean(), n=len(part)) for part in parts]


def hs_moments_whole() -> sem.Moments:
    part = hs()[[f"x{i}" for i in range(1, 10)]]
    return sem.Moments(cov=part.cov(), n=len(part))


def hs_correlations() -> sem.Moments:
    return sem.Moments(**user_cases.correlations(hs(), [f"x{i}" for i in range(1, 10)]))


def panel() -> pd.DataFrame:
    return user_cases.panel(_csv("univbct"))


def panel_complete() -> pd.DataFrame:
    return panel().dropna()


BFI_ITEMS = [f"{f}{i}" for f in "ACENO" for i in range(1, 6)]
HS = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
ONE = "g =~ " + "+".join(f"x{i}" for i in range(1, 10))
B5 = "\n".join(f"{f}f =~ " + "+".join(f"{f}{i}" for i in range(1, 6)) for f in "ACENO")
A5 = "A =~ A1+A2+A3+A4+A5"
AN = A5 + "\nN =~ N1+N2+N3+N4+N5"
CS2 = "price =~ q2+q3+q4\neffect =~ q5+q6+q7+q8+q9+q10"
L2 = "direct =~ LEAD07+LEAD08+LEAD09+LEAD10+LEAD11\nsupport =~ LEAD01+LEAD02+LEAD03+LEAD04+LEAD05+LEAD06"
L3W = "fLEAD =~ LEAD01+LEAD02+LEAD03+LEAD04+LEAD05\nfTSIG =~ TSIG01+TSIG02+TSIG03"
L3 = L3W + "\nfHOST =~ HOSTIL01+HOSTIL02+HOSTIL03"
WHEATON = """
 ses =~ education + sei
 alien67 =~ anomia67 + powerless67
 alien71 =~ anomia71 + powerless71
 alien71 ~ alien67 + ses
 alien67 ~ ses
"""
WHEATON_FULL = WHEATON + " anomia67 ~~ anomia71\n powerless67 ~~ powerless71"
DEMOCRACY = """ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ p*ind60
dem65 ~ d*ind60 + q*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
ind := p*q
tot := d + p*q"""
DEMOCRACY_EQUAL = DEMOCRACY.replace("y1 + y2 + y3 + y4", "y1 + a*y2 + b*y3 + c*y4").replace(
    "y5 + y6 + y7 + y8", "y5 + a*y6 + b*y7 + c*y8"
)
MEDIATION = """pmi ~ a*cond
import ~ a2*cond
reaction ~ cp*cond + b*pmi + b2*import
pmi ~~ import
ab1 := a*b
ab2 := a2*b2
indirect := a*b + a2*b2
total := cp + a*b + a2*b2"""
MEDIATION_HOLES = MEDIATION[: MEDIATION.index("ab1")] + "ind := a*b + a2*b2\nratio := a*b/(cp + a*b)"
SIMPLE = "pmi ~ a*cond\nreaction ~ cp*cond + b*pmi\nab := a*b\ntotal := cp + a*b"
PATH = "pmi ~ cond\nreaction ~ pmi"
MIMIC = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~ ageyr + sex\ntextual ~ visual + ageyr"

LADDER = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
    "strict_means": ("loadings", "intercepts", "residuals", "means"),
}
ORDINAL_LADDER = {
    "configural": (),
    "thresholds": ("thresholds",),
    "thr_loadings": ("thresholds", "loadings"),
    "thr_load_int": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
Loader = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One model on one sample."""

    model: str
    data: Loader
    options: Mapping[str, Any] = field(default_factory=dict)

    def fit(self) -> Fit:
        return sem.sem(self.model, self.data(), **self.options)


def _cases() -> dict[str, Case]:
    out = {
        "hs_ml": Case(HS, hs),
        "hs_ml_stdlv": Case(HS, hs, {"std_lv": True}),
        "hs_ml_meanstructure": Case(HS, hs, {"meanstructure": True}),
        "hs_ml_expected_wishart": Case(HS, hs, {"likelihood": "wishart"}),
        "hs_ml_observed_info": Case(HS, hs, {"information": "observed"}),
        "hs_1factor": Case(ONE, hs),
        "hs_orthogonal": Case(HS, hs, {"orthogonal": True}),
        "hs_second_order": Case(HS + "\nG =~ visual+textual+speed", hs),
        "hs_bifactor": Case(HS + "\nG =~ " + ONE[5:], hs, {"orthogonal": True, "std_lv": True}),
        "bfi25_ml_listwise": Case(B5, bfi_complete),
        "bfi25_mlr_listwise": Case(B5, bfi_complete, {"estimator": "MLR"}),
        "customersat_2f_ml": Case(CS2, customers),
        "customersat_2f_mlr": Case(CS2, customers, {"estimator": "MLR"}),
        "customersat_1f_ml": Case("g =~ " + "+".join(f"q{i}" for i in range(1, 11)), customers),
        "lq2002_lead_2f_ml": Case(L2, lq),
        "lq2002_3f_mlr_noncluster": Case(L3, lq, {"estimator": "MLR"}),
        "lq2002_3f_cluster_robust": Case(L3, lq, {"cluster": "COMPID", "estimator": "MLR"}),
        "wheaton_cov_n932": Case(WHEATON_FULL, wheaton),
        "wheaton_no_residual_cov": Case(WHEATON, wheaton),
        "moments_groups": Case(HS, hs_moments, {"equal": "loadings"}),
        "politicaldemocracy_equal": Case(DEMOCRACY_EQUAL, democracy),
        "politicaldemocracy_free": Case(DEMOCRACY, democracy),
        "politicaldemocracy_mlr": Case(DEMOCRACY, democracy, {"estimator": "MLR"}),
        "talor_parallel_mediation": Case(MEDIATION, media),
        "talor_simple_mediation": Case(SIMPLE, media),
        "talor_parallel_mlr": Case(MEDIATION, media, {"estimator": "MLR"}),
        "customersat_sem": Case(CS2 + "\nq1 ~ price + effect", customers),
        "regression_path": Case("rating ~ complaints + learning + raises", attitude),
        "hs_missing_listwise": Case(HS, hs_holes),
        "hs_missing_fiml": Case(HS, hs_holes, {"missing": "fiml"}),
        "hs_missing_mlr_fiml": Case(HS, hs_holes, {"missing": "fiml", "estimator": "MLR"}),
        "bfi_AN_listwise": Case(AN, bfi),
        "bfi_AN_fiml": Case(AN, bfi, {"missing": "fiml"}),
        "bfi_AN_mlr_fiml": Case(AN, bfi, {"missing": "fiml", "estimator": "MLR"}),
        "bfi25_fiml": Case(B5, bfi, {"missing": "fiml"}),
        "fiml_fixed_x": Case(MEDIATION_HOLES, media_holes, {"missing": "fiml"}),
        "fiml_fixed_x_mlr": Case(PATH, media_holes, {"missing": "fiml", "estimator": "MLR"}),
        "path_means_mlr": Case(PATH, media, {"estimator": "MLR", "meanstructure": True}),
        "fixed_x_mlm": Case(PATH, media, {"estimator": "MLM"}),
        "random_x": Case(PATH, media, {"fixed_x": False}),
        "mimic_groups": Case(MIMIC, hs, {"group": "school"}),
        "mimic_mlr": Case(MIMIC, hs, {"estimator": "MLR"}),
        "weights_mlr": Case(L3W, lq, {"estimator": "MLR", "weights": "w"}),
        "weights_ml": Case(L3W, lq, {"estimator": "ML", "weights": "w"}),
        "weights_cluster": Case(L3W, lq, {"cluster": "COMPID", "weights": "w"}),
        "weights_groups_mlr": Case(
            HS, hs, {"weights": "w", "estimator": "MLR", "group": "school", "equal": LADDER["scalar"]}
        ),
        "cluster_fiml": Case(HS, hs_holes, {"cluster": "cl", "missing": "fiml", "estimator": "MLR"}),
        "cluster_groups": Case(HS, hs, {"cluster": "cl", "group": "school", "estimator": "MLR"}),
        "fiml_groups_mlr": Case(
            HS, hs_holes, {"missing": "fiml", "estimator": "MLR", "group": "school", "equal": LADDER["scalar"]}
        ),
        "fiml_groups_mlr_configural": Case(HS, hs_holes, {"missing": "fiml", "estimator": "MLR", "group": "school"}),
        "constraint_linear": Case(
            "ind60 =~ x1 + a*x2 + b*x3\ndem60 =~ y1 + y2 + y3 + y4\ndem60 ~ c*ind60\na == 2*c\nb - c == 0.5", democracy
        ),
        "single_indicator": Case("visual =~ x1+x2+x3\nage =~ ageyr\nvisual ~ age", hs),
        "two_indicator_equal": Case("visual =~ x1+x2+x3\ntextual =~ a*x4 + a*x5", hs, {"std_lv": True}),
        "latent_means_known": Case("visual =~ 1*x1+1*x2+1*x3\nx1 ~ 0*1\nx2 ~ 0*1\nx3 ~ 0*1\nvisual ~ 1", hs),
        "covariate_correlated": Case("visual =~ x1+x2+x3\nvisual ~ ageyr\nageyr ~~ sex", hs),
        "education_scalar": Case(A5, bfi_education, {"group": "education", "equal": LADDER["scalar"]}),
        "gls_groups": Case(HS, hs, {"estimator": "GLS", "group": "school", "equal": "loadings"}),
        "uls_groups": Case(HS, hs, {"estimator": "ULS", "group": "school"}),
        "ulsm": Case(HS, hs, {"estimator": "ULSM"}),
        "mlm_groups": Case(HS, hs, {"estimator": "MLM", "group": "school", "equal": "loadings"}),
        "mlmv_groups": Case(HS, hs, {"estimator": "MLMV", "group": "school", "equal": "loadings"}),
        "hs_school_partial_scalar_x3_x7": Case(
            HS, hs, {"group": "school", "equal": LADDER["scalar"], "free": ("x3 ~ 1", "x7 ~ 1")}
        ),
        "bfi5_wlsmv": Case(B5, bfi_complete, {"ordered": True}),
        "bfi5_wlsmv_stdlv": Case(B5, bfi_complete, {"ordered": True, "std_lv": True}),
        "bfi5_wlsm": Case(B5, bfi_complete, {"ordered": True, "estimator": "WLSM"}),
        "bfi5_dwls": Case(B5, bfi_complete, {"ordered": True, "estimator": "DWLS"}),
        "bfi5_ulsmv": Case(B5, bfi_complete, {"ordered": True, "estimator": "ULSMV"}),
        "bfi5_theta": Case(B5, bfi_complete, {"ordered": True, "parameterization": "theta"}),
        "bfi_agree_wlsmv": Case(A5, bfi_complete, {"ordered": True}),
        "bfi_agree_wls": Case(A5, bfi_complete, {"ordered": True, "estimator": "WLS"}),
        "customersat_2f_wlsmv": Case(CS2, customers, {"ordered": True}),
        "mixed_wlsmv": Case("visual =~ x1+x2+x3\ntextual =~ x4+x5+x6", hs_cut, {"ordered": ["x1", "x2", "x4"]}),
        "ordinal_sem": Case(AN + "\nA ~ N", bfi_an, {"ordered": True}),
        "ordinal_delta_groups": Case(A5, bfi_an, {"ordered": True, "group": "gender", "equal": "loadings"}),
    }
    out |= _more_cases() | _wider_cases() | _user_cases()
    for name in ("mlr", "mlm", "mlmv", "gls", "uls", "wls"):
        out[f"hs_{name}"] = Case(HS, hs, {"estimator": name.upper()})
    ladders = {
        "hs_school_ml": (HS, hs, "school", "ML"),
        "hs_school_mlr": (HS, hs, "school", "MLR"),
        "hs_sex_ml": (HS, hs, "sex", "ML"),
        "bfi_AN_gender_ml": (AN, bfi_an, "gender", "ML"),
        "bfi_AN_gender_mlr": (AN, bfi_an, "gender", "MLR"),
    }
    for name, (model, data, group, estimator) in ladders.items():
        for step, equal in LADDER.items():
            options = {"group": group, "equal": equal, "estimator": estimator}
            out[f"{name}.{step}"] = Case(model, data, options)
    ordinal = {
        "bfi_agree_gender": (A5, bfi_an, "gender"),
        "bfi_AN_gender": (AN, bfi_an, "gender"),
        "datCat_simulated": ("FU1 =~ u1+u2+u3+u4\nFU2 =~ u5+u6+u7+u8", datcat, "g"),
        "bfi25_gender": (B5, bfi_gender, "gender"),
    }
    for name, (model, data, group) in ordinal.items():
        for step, equal in ORDINAL_LADDER.items():
            options = {"group": group, "equal": equal, "ordered": True, "std_lv": True, "parameterization": "theta"}
            out[f"{name}.{step}"] = Case(model, data, options)
    return out


def _more_cases() -> dict[str, Case]:
    school = {"group": "school"}
    cross = "visual =~ x1+x2+x3+x9\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9\nx7 ~~ x8"
    growth = "i =~ 1*x1+1*x2+1*x3\ns =~ 0*x1+1*x2+2*x3\nx1~0*1\nx2~0*1\nx3~0*1\ni~1\ns~1\ns~~0*s\ni~~0*s"
    extraversion = "E =~ " + "+".join(f"E{i}b" for i in range(1, 6))
    few = extraversion + "\nO =~ " + "+".join(f"O{i}t" for i in range(1, 6))
    items = [f"A{i}" for i in range(1, 6)]
    mimic = A5 + "\nA ~ age + gender"
    regressions = {"group": "sex", "equal": ("loadings", "intercepts", "regressions", "residual_covariances")}
    latent = HS + "\ntextual ~ a*visual\nspeed ~ b*textual + c*visual\nind := a*b\ntot := c+a*b\nprop := ind/tot"
    return {
        "hs_lvcov_equal": Case(HS, hs, school | {"equal": ("loadings", "lv_variances", "lv_covariances")}),
        "hs_reg_equal": Case(HS + "\nspeed ~ visual+textual\nx1 ~~ x4", hs, regressions),
        "hs_crossloading_mlr": Case(cross, hs, {"estimator": "MLR"}),
        "hs_latent_mediation": Case(latent, hs),
        "hs_labels_groups": Case("visual =~ x1+c(a,a)*x2+c(b1,b2)*x3\nx1 ~~ c(v,v)*x1\nd := b1-b2", hs, school),
        "hs_group_constraint": Case("visual =~ x1+c(a1,a2)*x2+c(b1,b2)*x3+x4\na1 == a2\nb1 == 2*b2", hs, school),
        "growth": Case(growth, hs),
        "hs_stdlv_free1": Case(
            "visual =~ NA*x1+x2+x3\nvisual ~~ 1*visual\ntextual =~ x4+x5+x6", hs, {"estimator": "MLM"}
        ),
        "binary_wlsmv": Case(extraversion, bfi_few, {"ordered": True}),
        "binary_theta": Case(few, bfi_few, {"ordered": True, "parameterization": "theta"}),
        "binary_reg": Case(few + "\nO ~ E\nE1b ~~ E2b", bfi_few, {"ordered": True}),
        "ordinal_mixed_ml": Case("O =~ O1+O2t+O3t+O4+O5", bfi_few, {"ordered": ["O2t", "O3t"], "estimator": "WLSM"}),
        "hs_missing_group_strict": Case(
            HS, hs_holes, {"missing": "fiml", "group": "sex", "equal": LADDER["strict"]}
        ),
        "hs_mlr_expected": Case(HS, hs, {"estimator": "MLR", "information": "expected"}),
        "one_item_path_latent": Case(
            "visual =~ x1+x2+x3\nageyr ~ visual\nx9 ~ ageyr + visual", hs, {"meanstructure": True}
        ),
        "fixed_x_cov_groups_mlr": Case("x1 ~ x4 + x7\nx2 ~ x1 + x4\nx1 ~~ 0*x2", hs, school | {"estimator": "MLR"}),
        "dwls_cont": Case(HS, hs, {"estimator": "DWLS"}),
        "wlsmv_cont": Case(HS, hs, {"estimator": "WLSMV"}),
        "random_predictors": Case(HS + "\nvisual ~ ageyr + sex", hs, {"fixed_x": False}),
        "random_predictors_mlr": Case(
            "x1 ~ x2 + x3\nx4 ~ x1 + x5", hs, {"estimator": "MLR", "fixed_x": False, "meanstructure": True}
        ),
        "gls_predictors": Case(
            HS + "\nvisual ~ ageyr + sex\nspeed ~ visual + textual", hs, {"estimator": "GLS"}
        ),
        "uls_predictors": Case(HS + "\nvisual ~ ageyr", hs, {"estimator": "ULS"}),
        "fiml_predictors_mlr": Case(
            HS + "\nvisual ~ ageyr\nspeed ~ visual + sex", hs_holes, {"missing": "fiml", "estimator": "MLR"}
        ),
        "mlm_predictors": Case(HS + "\nvisual ~ ageyr", hs, {"estimator": "MLM"}),
        "wls_means": Case(HS, hs, {"estimator": "WLS", "meanstructure": True}),
        "mlmvs": Case(HS, hs, {"estimator": "MLMVS"}),
        "mimic_wlsmv": Case(mimic, bfi_people, {"ordered": items}),
        "mimic_theta": Case(mimic, bfi_people, {"ordered": items, "parameterization": "theta"}),
        "mimic_direct": Case(
            AN + "\nA ~ age + gender\nN ~ A + gender\nA1 ~ gender", bfi_people,
            {"ordered": items, "estimator": "WLSM"},
        ),
        "probit": Case("A1 ~ age + gender\nA3 ~ age", bfi_people, {"ordered": ["A1", "A3"]}),
        "mimic_ordered_groups": Case(A5 + "\nA ~ age", bfi_people, {"ordered": items, "group": "gender"}),
    }  # fmt: skip


def _wider_cases() -> dict[str, Case]:
    """What users write besides the usual models; values by scripts/sem_wider.R."""
    coded = (
        "visual =~ NA*x1+l1*x1+l2*x2+l3*x3\ntextual =~ x4+x5+x6\nl1+l2+l3==3\n"
        "x1~a1*1\nx2~a2*1\nx3~a3*1\na1+a2+a3==0\nvisual~NA*1"
    )
    coded_groups = (
        "visual =~ NA*x1+c(l1,l1)*x1+c(l2,l2)*x2+c(l3,l3)*x3\nl1+l2+l3==3\n"
        "x1~c(a1,a1)*1\nx2~c(a2,a2)*1\nx3~c(a3,a3)*1\na1+a2+a3==0\nvisual~NA*1"
    )
    bound = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~~ a*textual\na > 0"
    known_error = "visual =~ x1+x2+x3\nage =~ 1*ageyr\nageyr ~~ 0.2*ageyr\nvisual ~ age"
    omega = (
        "f =~ x1+b*x2+c*x3+x4\nx1~~e1*x1\nx2~~e2*x2\nx3~~e3*x3\nf~~v*f\n"
        "omega := (1+b+c)^2*v/((1+b+c)^2*v+e1+e2+e3)\nl := log(b)+exp(c)+sqrt(v)"
    )
    mimic = HS + "\nvisual + textual ~ sex + ageyr\nspeed ~ visual + sex\nx2 ~ sex"
    pair = {"group": "school", "estimator": "MLR"}
    fixed = "A =~ A2+A3+A4+A5\nA3 | -1.5*t1"
    return {
        "wide_effect_coding": Case(coded, hs),
        "wide_effect_coding_groups": Case(coded_groups, hs, {"group": "school"}),
        "wide_bound": Case(bound, hs),
        "wide_residual_label_groups": Case(HS + "\nx7 ~~ c(q,q)*x8", hs, pair),
        "wide_measured_with_error": Case(known_error, hs),
        "wide_feedback": Case("x1 ~ x4 + x2\nx2 ~ x7 + x1", hs),
        "wide_omega": Case(omega, hs),
        "wide_mimic_fiml": Case(mimic, hs_holes, {"missing": "fiml"}),
        "wide_threshold_fixed": Case(fixed, bfi_complete, {"ordered": True}),
        "wide_equal_loadings_ordered": Case("A =~ A1+q*A2+q*A3+A4+A5", bfi_complete, {"ordered": True}),
    }


def _user_cases() -> dict[str, Case]:
    loaders = (bfi_an, bfi_complete, bfi_people, democracy, hs, hs_correlations, hs_holes, hs_moments_whole, media,
               media_holes, panel, panel_complete)  # fmt: skip
    data = {loader.__name__: loader for loader in loaders}
    return {
        f"user_{name}": Case(model, data[source], options)
        for name, (model, source, options) in user_cases.specifications().items()
    }


CASES = _cases()


@dataclass
class Deviations:
    """Largest distance from lavaan per kind of quantity, where it lies, and what is missing."""

    largest: dict[str, float] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def note(self, kind: str, distance: float, where: str) -> None:
        if np.isnan(distance) or distance > self.largest.get(kind, -1.0):
            self.largest[kind], self.place[kind] = float(distance), where


INTERVAL = ("rmsea", "cfi", "tli", "srmr", "chisq", "df", "logl", "aic", "bic")
# Differences of squares of nearly equal numbers, and probabilities far in the tail: relative distances mean nothing.
ABSOLUTE_FLOOR = 1e-3


def deviations(fit: Fit, reference: Mapping[str, Any]) -> Deviations:
    """Distances of estimates (absolute, relative above 1), errors (relative), standardised values and fit measures."""
    found = Deviations()
    _rows(fit, reference["estimates"], found, standardised=False)
    if "standardized" in reference:
        _rows(fit, reference["standardized"], found, standardised=True)
    for name, value in reference["fit"].items():
        if value is None or (name.startswith(("rmr", "srmr", "crmr")) and abs(value) < 1e-5):
            continue
        if name not in fit.measures:
            found.missing.append(name)
            continue
        kind = "scaled and robust" if name.endswith((".scaled", ".robust")) or "scaling" in name else _family(name)
        found.note(kind, abs(fit.measures[name] - value) / max(abs(value), ABSOLUTE_FLOOR), name)
    return found


def _family(name: str) -> str:
    for family in ("rmsea", "cfi", "tli", "srmr", "chisq", "logl"):
        if name == family or name.startswith(f"{family}."):
            return {"chisq": "chi-square", "cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA, interval, p"}.get(
                family, family
            )
    return "other measures"


def _rows(fit: Fit, reference: Mapping[str, Any], found: Deviations, *, standardised: bool) -> None:
    table = fit.standardized if standardised else fit.estimates
    column, kinds = ("est_std", ("standardised", "standardised se")) if standardised else ("est", ("estimates", "se"))
    labels = list(fit.sample.labels)
    mine = {
        (_key(row.op, row.lhs, row.rhs), labels.index(row.group) + 1 if row.op != ":=" else 0): row
        for row in table.itertuples()
    }
    count = len(reference["lhs"])
    groups = reference.get("group", [1] * count)
    for k in range(count):
        op = reference["op"][k]
        if op in ("==", "<", ">"):
            continue
        key = (_key(op, reference["lhs"][k], reference["rhs"][k]), groups[k] if op != ":=" else 0)
        if key not in mine:
            found.missing.append(str(key))
            continue
        row, value, error = mine[key], reference["est"][k], reference["se"][k]
        where = " ".join(map(str, key[0])) + (f" group {key[1]}" if len(labels) > 1 else "")
        if value is not None:
            found.note(kinds[0], abs(getattr(row, column) - value) / max(1.0, abs(value)), where)
        if error:
            found.note(kinds[1], abs(row.se - error) / error, where)


def _key(op: str, lhs: str, rhs: str) -> tuple[str, str, str]:
    if op == "~~":
        return (min(lhs, rhs), op, max(lhs, rhs))
    return (lhs, op, "" if op in (":=", "~1") else rhs)
