"""How well a model fits: every index by the name that lavaan's `fitMeasures` gives it.

Formulae: RMSEA, Steiger & Lind (1980), multiplied by the root of the number of groups; CFI and RNI, Bentler (1990) and
McDonald & Marsh (1990); robust CFI and RMSEA, Brosseau-Liard & Savalei (2014), with missing answers Zhang & Savalei
(2023), for ordered answers Savalei (2021); SRMR, Bentler (1995).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, chndtr, ndtr

from cxkit.sem.sample.chi_square import Corrected, FitTest
from cxkit.sem.sample.singular import root

LEVEL, CLOSE, NOT_CLOSE = 0.90, 0.05, 0.08
# The series for a chi-square of this size takes half a millisecond.
LONGEST_SERIES = 1e8
RMSEA = ("rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "rmsea.notclose.pvalue")


def _ratio(over: float, under: float, otherwise: float = float("nan")) -> float:
    return over / under if under else otherwise


def comparative(t: FitTest, b: FitTest) -> dict[str, float]:
    """Indices against the baseline model from unscaled chi-squares."""
    return _named_comparative(t.chisq, t.df, b.chisq, b.df, "")


def _named_comparative(x: float, df: float, x0: float, df0: float, suffix: str) -> dict[str, float]:
    tli = tucker_lewis(x, df, x0, df0)
    # With fewer baseline than model degrees of freedom lavaan gives no NFI and RFI.
    known = df <= df0
    return {
        f"cfi{suffix}": cfi(x, df, x0, df0),
        f"tli{suffix}": tli,
        f"nnfi{suffix}": tli,
        f"rfi{suffix}": relative_fit(x, df, x0, df0) if known else float("nan"),
        f"nfi{suffix}": _ratio(x0 - x, x0, 1.0) if known else float("nan"),
        f"pnfi{suffix}": _ratio(df, df0) * _ratio(x0 - x, x0) if df0 else float("nan"),
        f"ifi{suffix}": 1.0 if x0 < df else _ratio(x0 - x, x0 - df),
        f"rni{suffix}": _ratio((x0 - df0) - (x - df), x0 - df0, 1.0),
    }


def relative_fit(x: float, df: float, x0: float, df0: float) -> float:
    """Relative fit index (Bollen, 1986); 1 where the model fits worse per degree of freedom than the baseline.

    The formula is negative there. lavaan 0.6-14 gives 1, which is kept so that values can be compared (docs/sem.md).
    """
    if not (df and df0) or x0 / df0 < x / df:
        return 1.0
    return _ratio(x0 / df0 - x / df, x0 / df0)


def cfi(x: float, df: float, x0: float, df0: float, c: float = 1.0, c0: float = 1.0) -> float:
    """Comparative fit index; c and c0 are the corrections of the robust version."""
    if np.isnan(x + x0 + c + c0):
        return float("nan")
    over, under = max(x - c * df, 0.0), max(x - c * df, x0 - c0 * df0, 0.0)
    return 1 - over / under if under > 0 else 1.0


def tucker_lewis(x: float, df: float, x0: float, df0: float, c: float = 1.0, c0: float = 1.0) -> float:
    """Tucker-Lewis index (NNFI), not cut off at 1."""
    over, under = (x - c * df) * df0, (x0 - c0 * df0) * df
    return 1 - over / under if df > 0 and under != 0 else 1.0


def rmsea_point(x: float, df: float, n: float, groups: int, c: float = 1.0) -> float:
    """Root mean square error of approximation."""
    if df <= 0:
        return 0.0
    return float(np.sqrt(max(x / n / df - c / n, 0.0) * groups))


def noncentral_chi_square(x: float, df: float, noncentrality: float) -> float:
    """P(noncentral chi-square <= x).

    scipy's series has as many terms as the root of x, and gives NaN from about 1e12 on (least squares of answers in
    units of a thousandth). Beyond `LONGEST_SERIES` the normal approximation by Sankaran (1963, Biometrika 50, 199-204)
    takes its place, which agrees with the series within 1e-11 there.
    """
    if x <= LONGEST_SERIES:
        return float(chndtr(x, df, noncentrality))
    once, twice, thrice = (df + k * noncentrality for k in (1, 2, 3))
    h = 1 - 2 / 3 * (once / twice) * (thrice / twice)
    p = twice / once**2
    m = (h - 1) * (1 - 3 * h)
    centre = 1 + h * p * (h - 1 - 0.5 * (2 - h) * m * p)
    return float(ndtr(((x / once) ** h - centre) / (h * np.sqrt(2 * p) * (1 + 0.5 * m * p))))


def _noncentrality(x: float, df: float, probability: float) -> float:
    """The lambda with P(chi-square(df, lambda) <= x) = probability; 0 if even lambda = 0 lies below."""
    if (
        x <= 0 or noncentral_chi_square(x, df, 0.0) < probability
    ):  # an improper solution's scaled chi-square can be negative
        return 0.0
    high = max(x, 1.0) * 2 + 50
    while noncentral_chi_square(x, df, high) > probability:
        high *= 2
    return float(brentq(lambda lam: noncentral_chi_square(x, df, lam) - probability, 0.0, high, xtol=1e-9, rtol=1e-12))


def rmsea_block(x: float, df: float, n: float, groups: int, suffix: str) -> dict[str, float]:
    """RMSEA with its 90 % interval and the tests of close and of not-close fit."""
    out = {f"rmsea{suffix}": rmsea_point(x, df, n, groups)}
    return {**out, **_interval(x, df, n, groups, 1.0, suffix)}


def _interval(x: float, df: float, n: float, groups: int, c: float, suffix: str) -> dict[str, float]:
    if not df > 0 or not np.isfinite(x):
        missing = float("nan")
        low = 0.0 if np.isfinite(x) else missing
        values = (low, low, missing, missing)
    else:
        unit = c * groups / (n * df)
        tail = (1 - LEVEL) / 2
        bounds = [np.sqrt(_noncentrality(x, df, p) * unit) for p in (1 - tail, tail)]
        ps = [noncentral_chi_square(x, df, n * df / c * h0**2 / groups) for h0 in (CLOSE, NOT_CLOSE)]
        values = (*bounds, 1 - ps[0], ps[1])
    return {name + suffix: float(v) for name, v in zip(RMSEA[1:], values, strict=True)}


def robust_block(t: Corrected, b: Corrected | None, df: int, df0: int, n: float, groups: int) -> dict[str, float]:
    """CFI, TLI, RNI and RMSEA as they would be without the scaling of the test."""
    df = df if t.df is None else t.df
    out: dict[str, float] = {"rmsea.robust": rmsea_point(t.chisq, df, n, groups, t.c)}
    out |= _interval(t.scaled, df, n, groups, t.c_interval or t.c, ".robust")
    if b is None:
        out |= dict.fromkeys(("cfi.robust", "tli.robust", "nnfi.robust", "rni.robust"), float("nan"))
    else:
        tli = tucker_lewis(t.chisq, df, b.chisq, df0, t.c, b.c)
        excess = b.chisq - b.c * df0
        out |= {
            "cfi.robust": cfi(t.chisq, df, b.chisq, df0, t.c, b.c),
            "tli.robust": tli,
            "nnfi.robust": tli,
            "rni.robust": _ratio(excess - (t.chisq - t.c * df), excess, 1.0),
        }
    return out


def chisq_block(t: FitTest, b: FitTest) -> dict[str, float]:
    """Chi-squares of the model and of the baseline, plain and scaled."""
    out: dict[str, float] = {"chisq": t.chisq, "df": t.df, "pvalue": t.pvalue}
    if t.scaled is not None:
        out |= {
            "chisq.scaled": t.scaled,
            "df.scaled": _number(t.df_scaled),
            "pvalue.scaled": t.pvalue_scaled,
            "chisq.scaling.factor": _number(t.factor),
        }
    out |= {"baseline.chisq": b.chisq, "baseline.df": b.df, "baseline.pvalue": b.pvalue}
    if b.scaled is not None:
        out |= {
            "baseline.chisq.scaled": b.scaled,
            "baseline.df.scaled": _number(b.df_scaled),
            "baseline.pvalue.scaled": b.pvalue_scaled,
            "baseline.chisq.scaling.factor": _number(b.factor),
        }
    return out


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def comparative_scaled(t: FitTest, b: FitTest) -> dict[str, float]:
    """Indices against the baseline from scaled chi-squares."""
    if t.scaled is None or b.scaled is None:
        return {}
    return _named_comparative(t.scaled, _number(t.df_scaled), b.scaled, _number(b.df_scaled), ".scaled")


def likelihood_block(logl: float, unrestricted: float, npar: int, n: int, t: FitTest) -> dict[str, float]:
    """Log-likelihood and information criteria."""
    out = {
        "logl": logl,
        "unrestricted.logl": unrestricted,
        "aic": -2 * logl + 2 * npar,
        "bic": -2 * logl + npar * np.log(n),
        "ntotal": n,
        "bic2": -2 * logl + npar * np.log((n + 2) / 24),
    }
    if t.factor_h1 is not None:
        out |= {"scaling.factor.h1": t.factor_h1, "scaling.factor.h0": _number(t.factor_h0)}
    return out


def absolute_block(x: float, df: int, npar: int, n: float) -> dict[str, float]:
    """Hoelter's critical n, McDonald's fit index, expected cross-validation index."""
    perfect = df == 0 or x <= 0
    return {
        "cn_05": float("nan") if perfect else float(chdtri(df, 0.05)) / (x / n) + 1,
        "cn_01": float("nan") if perfect else float(chdtri(df, 0.01)) / (x / n) + 1,
        "mfi": float(np.exp(-0.5 * (x - df) / n)),
        "ecvi": x / n + 2 * npar / n,
    }


def goodness_block(gfi: float, size: int, df: int) -> dict[str, float]:
    """Goodness-of-fit index (Joreskog & Sorbom) and its adjusted and parsimonious versions.

    lavaan 0.7 calls them `gfi_lisrel` and `agfi_lisrel` and gives another index the name `gfi`; here both names mean
    the older one, so that `gfi` of an earlier analysis stays what it was.
    """
    agfi = 1 - size / df * (1 - gfi) if df > 0 else 1.0
    return {"gfi": gfi, "agfi": agfi, "pgfi": df / size * gfi, "gfi_lisrel": gfi, "agfi_lisrel": agfi}


def residual_block(s: np.ndarray, m: np.ndarray, sigma: np.ndarray, mu: np.ndarray, means: bool) -> dict[str, float]:
    """Root mean square residuals of one group, in the units of the answers and as correlations."""
    p = len(s)
    sd, sd_hat = root(s.diagonal()), root(sigma.diagonal())
    units = sd[:, None] * sd
    raw, gap = s - sigma, m - mu
    bentler, bentler_mean = raw / units, gap / sd
    bollen = s / units - sigma / (sd_hat[:, None] * sd_hat)
    mplus_mean = m / sd - mu / sd_hat
    spread, strict = bentler.diagonal(), _below(bollen, diagonal=0.0)
    sums = {
        "rmr": (_below(raw), gap @ gap, p * (p + 1) / 2),
        "srmr_bentler": (_below(bentler), bentler_mean @ bentler_mean, p * (p + 1) / 2),
        "crmr": (strict, bentler_mean @ bentler_mean, p * (p - 1) / 2),
        "srmr_mplus": (strict + spread @ spread, mplus_mean @ mplus_mean, p * (p + 1) / 2),
    }
    out = {}
    for name, (covariances, averages, size) in sums.items():
        out[f"{name}_nomean"] = float(np.sqrt(covariances / size)) if size else 0.0
        out[name] = float(np.sqrt((covariances + averages) / (size + p))) if means else out[f"{name}_nomean"]
    return out


def _below(symmetric: np.ndarray, diagonal: float = 1.0) -> float:
    """Sum of squares below the diagonal, and so many times those on it."""
    own = symmetric.diagonal()
    on = float(own @ own)
    return max(0.5 * (float(np.vdot(symmetric, symmetric)) - on), 0.0) + diagonal * on


def ordinal_residual_block(
    th: np.ndarray, corr: np.ndarray, units: np.ndarray, apart: np.ndarray, p: int
) -> dict[str, float]:
    """Root mean square residuals of thresholds and correlations of one group.

    `units` turns covariances into correlations; `apart` are differences of correlations, each side by its own
    standard deviations, which differ where variances of continuous items do not fit.
    """
    t, pairs = float(np.sum(th**2)), len(corr)
    out = {"srmr_mplus": float("nan"), "srmr_mplus_nomean": float("nan")}
    for name, values in (("rmr", corr), ("srmr_bentler", corr * units), ("crmr", apart)):
        c, size = float(np.sum(values**2)), pairs if name == "crmr" else pairs + p
        out |= {
            name: float(np.sqrt((c + t) / (size + len(th)))),
            f"{name}_nomean": float(np.sqrt(c / size)) if size else 0.0,
        }
    return out
