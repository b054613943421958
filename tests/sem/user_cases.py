"""Models as users write them, from lavaan's help pages, textbooks' kinds and public threads; with data at hand.

They hold what the other cases lack: growth and change of repeated measures, cross-lagged panels, higher orders with
covariates, several groups of each, every estimator on more than one kind of model. lavaan's values come from
tests/reference/scripts/sem_exported.R.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Specification = tuple[str, str, Mapping[str, Any]]
"""Model, the name of its data in `DATA`, options."""

HS = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
DEMOCRACY = "ind =~ x1+x2+x3\nd60 =~ y1+y2+y3+y4\nd65 =~ y5+y6+y7+y8"
GROWTH = "i =~ 1*js0+1*js1+1*js2\ns =~ 0*js0+1*js1+2*js2"
TWO_GROWTHS = GROWTH + "\nci =~ 1*co0+1*co1+1*co2\ncs =~ 0*co0+1*co1+2*co2"
# Manifest means 0 and latent means free, as lavaan's growth() does.
GROWTH_MEANS = "\njs0 + js1 + js2 ~ 0*1\ni + s ~ 1"
PANEL = "js1 ~ js0 + co0\nco1 ~ js0 + co0\njs2 ~ js1 + co1\nco2 ~ js1 + co1\njs1 ~~ co1\njs2 ~~ co2"
RANDOM_INTERCEPTS = """
rj =~ 1*js0 + 1*js1 + 1*js2
rc =~ 1*co0 + 1*co1 + 1*co2
wj0 =~ 1*js0
wj1 =~ 1*js1
wj2 =~ 1*js2
wc0 =~ 1*co0
wc1 =~ 1*co1
wc2 =~ 1*co2
js0 ~~ 0*js0
js1 ~~ 0*js1
js2 ~~ 0*js2
co0 ~~ 0*co0
co1 ~~ 0*co1
co2 ~~ 0*co2
wj1 ~ a*wj0 + b*wc0
wc1 ~ c*wj0 + d*wc0
wj2 ~ a*wj1 + b*wc1
wc2 ~ c*wj1 + d*wc1
wj0 ~~ wc0
wj1 ~~ wc1
wj2 ~~ wc2
rj ~~ rc
rj + rc ~~ 0*wj0 + 0*wc0
"""
CHANGE = "d =~ 1*js1\njs1 ~ 1*js0\njs1 ~~ 0*js1\njs0 ~~ js0\nd ~ js0\njs0 ~ 1\nd ~ 1\njs1 ~ 0*1"
SECOND_ORDER = HS + "\ng =~ visual + textual + speed"
BIFACTOR = "g =~ " + "+".join(f"x{k}" for k in range(1, 10)) + "\nvisual =~ x1+x2+x3\nspeed =~ x7+x8+x9"
AGREE, NEURO, EXTRA = (f"{f} =~ " + "+".join(f"{f}{k}" for k in range(1, 6)) for f in "ANE")
ITEMS = {f: [f"{f}{k}" for k in range(1, 6)] for f in "AN"}
MODERATED = "pmi ~ c(a1, a2)*cond\nreaction ~ c(b1, b2)*pmi + cond"
MODERATED += "\nfirst := a1*b1\nsecond := a2*b2\ndiff := first - second"
SERIAL = "pmi ~ a*cond\nimport ~ b*pmi + cond\nreaction ~ c*import + pmi + cond\nind := a*b*c"
SCHOOL = {"group": "school"}
SCALAR = ("loadings", "intercepts")


def panel(source: pd.DataFrame) -> pd.DataFrame:
    """univbct in one row a person: satisfaction and commitment at three occasions, some of them not answered."""
    wide = source.pivot_table(index="SUBNUM", columns="TIME", values=["JSAT", "COMMIT"])
    columns = {"JSAT": "js", "COMMIT": "co"}
    wide.columns = [f"{columns[name]}{time}" for name, time in wide.columns]
    people = source.groupby("SUBNUM")[["BTN", "COMPANY", "RANK"]].first()
    return wide.join(people).rename(columns={"RANK": "rank"}).assign(senior=lambda d: (d["rank"] > 15).astype(int))


def specifications() -> dict[str, Specification]:
    """Every model by name."""
    return _repeated() | _factors() | _paths() | _ordered() | _moments()


def _repeated() -> dict[str, Specification]:
    growth = GROWTH + GROWTH_MEANS
    fiml = {"missing": "fiml"}
    return {
        "growth_linear": (growth, "panel_complete", {}),
        "growth_mlr_fiml": (growth, "panel", {**fiml, "estimator": "MLR"}),
        "growth_equal_errors": (growth + "\njs0 ~~ e*js0\njs1 ~~ e*js1\njs2 ~~ e*js2", "panel", fiml),
        "growth_covariate": (growth + "\ni + s ~ rank", "panel_complete", {}),
        "growth_time_varying": (growth + "\njs0 ~ co0\njs1 ~ co1\njs2 ~ co2", "panel_complete", {}),
        "growth_free_shape": (growth.replace("2*js2", "js2"), "panel_complete", {}),
        "growth_groups": (growth, "panel_complete", {"group": "senior"}),
        "growth_groups_wishart": (growth, "panel_complete", {"group": "senior", "likelihood": "wishart"}),
        "growth_cluster": (growth, "panel_complete", {"cluster": "BTN"}),
        "growth_parallel": (
            TWO_GROWTHS + GROWTH_MEANS + "\nco0 + co1 + co2 ~ 0*1\nci + cs ~ 1\ns ~~ 0*s\ncs ~~ 0*cs"
            "\ns ~~ 0*i + 0*ci + 0*cs\ncs ~~ 0*i + 0*ci",
            "panel_complete",
            {},
        ),
        "panel_cross_lagged": (PANEL, "panel_complete", {}),
        "panel_cross_lagged_fiml": (PANEL, "panel", {**fiml, "fixed_x": False}),
        "panel_cross_lagged_groups": (PANEL, "panel_complete", {"group": "senior", "equal": "regressions"}),
        "panel_random_intercepts": (RANDOM_INTERCEPTS, "panel_complete", {}),
        "panel_random_intercepts_fiml": (RANDOM_INTERCEPTS, "panel", fiml),
        "change_score": (CHANGE, "panel_complete", {}),
        "change_score_covariate": (CHANGE + "\nd ~ rank\njs0 ~ rank", "panel_complete", {"estimator": "MLR"}),
    }


def _factors() -> dict[str, Specification]:
    lagged = "\n".join(f"y{k} ~~ y{k + 4}" for k in range(1, 5))
    return {
        "second_order_covariate": (SECOND_ORDER + "\ng ~ ageyr + sex", "hs", {}),
        "second_order_groups": (SECOND_ORDER, "hs", {**SCHOOL, "equal": "loadings"}),
        "second_order_fiml": (SECOND_ORDER, "hs_holes", {"missing": "fiml", "estimator": "MLR"}),
        "second_order_gls": (SECOND_ORDER, "hs", {"estimator": "GLS"}),
        "bifactor_partial": (BIFACTOR, "hs", {"orthogonal": True, "estimator": "MLR"}),
        "mimic_direct_effects": (HS + "\nvisual + textual ~ ageyr + sex\nx3 ~ sex\nx5 ~ ageyr", "hs", {}),
        "mimic_indicator": ("visual =~ x1+x2+x3\nvisual ~ ageyr\nx2 ~ ageyr", "hs", {}),
        "mimic_random_wishart": (
            HS + "\nvisual ~ ageyr",
            "hs",
            {"fixed_x": False, "likelihood": "wishart", "meanstructure": True},
        ),
        "mimic_groups_scalar": (HS + "\nvisual + speed ~ ageyr", "hs", {**SCHOOL, "equal": SCALAR}),
        "wishart_groups": (HS, "hs", {**SCHOOL, "likelihood": "wishart", "equal": "loadings"}),
        "democracy_longitudinal": (
            DEMOCRACY.replace("y1+y2+y3+y4", "y1+a*y2+b*y3+c*y4").replace("y5+y6+y7+y8", "y5+a*y6+b*y7+c*y8")
            + f"\n{lagged}\nd60 ~ ind\nd65 ~ ind + d60",
            "democracy",
            {"estimator": "MLM"},
        ),
        "democracy_uls": (DEMOCRACY + "\nd60 ~ ind\nd65 ~ ind + d60", "democracy", {"estimator": "ULS"}),
        "strict_wishart_mlr": (HS, "hs", {**SCHOOL, "equal": (*SCALAR, "residuals"), "estimator": "MLR"}),
        "gls_means_groups": (HS, "hs", {**SCHOOL, "estimator": "GLS", "equal": SCALAR, "meanstructure": True}),
        "wls_groups": ("visual =~ x1+x2+x3\nspeed =~ x7+x8+x9", "hs", {**SCHOOL, "estimator": "WLS"}),
        "tau_equivalent": ("A =~ a*A2+a*A3+a*A5\nN =~ n*N1+n*N2+n*N3", "bfi_an", {"std_lv": True}),
        "item_in_two_factors": ("A =~ A1+A2+A3+A4+A5\nN =~ N1+N2+N3+N4+A4", "bfi_an", {}),
        "fixed_reliability": ("f =~ 1*x1\nf ~~ f\nx1 ~~ 0.3*x1\nx4 ~ f\nx5 ~ f + x4", "hs", {}),
        "starting_values": ("visual =~ x1 + start(.5)*x2 + x3\ntextual =~ x4 + start(1.2)*x5 + x6", "hs", {}),
    }


def _paths() -> dict[str, Specification]:
    return {
        "moderated_mediation": (MODERATED, "media", {"group": "gender"}),
        "serial_mediation": (SERIAL, "media", {"estimator": "MLM"}),
        "serial_mediation_fiml": (SERIAL, "media_holes", {"missing": "fiml"}),
        "means_only": ("x1 ~ 1\nx4 ~ 1\nx1 ~~ x4", "hs", {}),
        "regression_groups": ("x1 ~ c(b,b)*x4 + x7", "hs", {**SCHOOL, "estimator": "MLR"}),
        "correlated_outcomes": ("x1 + x2 + x3 ~ ageyr + sex", "hs", {"fixed_x": False}),
        "weighted_groups": ("visual =~ x1+x2+x3\nx9 ~ visual", "hs", {**SCHOOL, "weights": "w", "estimator": "MLR"}),
    }


def _ordered() -> dict[str, Specification]:
    both = f"{AGREE}\n{NEURO}"
    return {
        "ordered_second_order": (f"{both}\n{EXTRA}\ng =~ A + N + E", "bfi_complete", {"ordered": True}),
        "ordered_groups_free": (AGREE, "bfi_an", {"ordered": True, "group": "gender"}),
        "ordered_dwls_groups": (AGREE, "bfi_an", {"ordered": True, "group": "gender", "estimator": "DWLS"}),
        "ordered_residual_covariances": (f"{both}\nN1 ~~ N2\nA1 ~~ N1", "bfi_an", {"ordered": True}),
        "ordered_uls": (AGREE, "bfi_an", {"ordered": True, "estimator": "ULSMV"}),
        "ordered_mixed_path": (
            f"{AGREE}\nN =~ N1+N2+N3\nN ~ A",
            "bfi_an",
            {"ordered": ITEMS["A"], "estimator": "WLSMV"},
        ),
        "ordered_theta_equal": ("A =~ A2 + q*A3 + q*A5", "bfi_an", {"ordered": True, "parameterization": "theta"}),
        "ordered_wlsm_mimic": (f"{AGREE}\nA ~ gender", "bfi_people", {"ordered": ITEMS["A"], "estimator": "WLSM"}),
    }


def _moments() -> dict[str, Specification]:
    return {
        "moments_correlations": (HS, "hs_correlations", {}),
        "moments_gls": (HS, "hs_moments_whole", {"estimator": "GLS"}),
    }


def correlations(data: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    """What a paper prints: correlations and standard deviations to three decimals."""
    part = data[names]
    return {"cor": part.corr().round(3), "sd": np.round(part.std(), 3), "n": len(part)}
