"""A chi-square test of fit, with its scaled companion, and the chi-square that robust indices rest on."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import chdtrc


@dataclass(frozen=True, kw_only=True)
class FitTest:
    """Chi-square of a model, and its scaled companion where the estimator has one."""

    chisq: float
    df: int
    scaled: float | None = None
    df_scaled: float | None = None
    factor: float | None = None
    shift: float = 0.0
    trace: float | None = None
    factor_h1: float | None = None
    factor_h0: float | None = None

    @property
    def pvalue(self) -> float:
        return chi_square_tail(self.chisq, self.df)

    @property
    def pvalue_scaled(self) -> float:
        return chi_square_tail(self.scaled, self.df_scaled)


def chi_square_tail(value: float | None, df: float | None) -> float:
    """P(chi-square > value); NaN without degrees of freedom."""
    if value is None or not df or df <= 0:
        return float("nan")
    return float(chdtrc(df, max(value, 0.0)))


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """Chi-square, its correction c and the scaled chi-square on which robust indices rest.

    `c_interval`, where it differs, is what lavaan 0.6-14 takes for the interval and the tests of RMSEA: under a scaled
    and shifted test it leaves out the shift there. `df`, where it differs, are the degrees of freedom they belong to.
    """

    chisq: float
    c: float
    scaled: float
    c_interval: float | None = None
    df: int | None = None
