"""Which variant of a fit measure is shown, and under which name.

A robust estimator has each measure several times: from the unscaled chi-square, from the scaled one (`cfi.scaled`), and
as an estimate of the population's value (`cfi.robust`; Brosseau-Liard & Savalei, 2014,
https://doi.org/10.1080/00273171.2014.933697). They differ, so a number without its variant cannot be checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxkit.sem.indices.measured import Measured

ROBUST, SCALED, PLAIN = "robust", "scaled", ""
LEADING = ("cfi", "rmsea")
"""Both must have a value in a variant for it to be shown: TLI and RMSEA's interval follow from the same numbers."""


def chi_square_variant(fit: Measured) -> str:
    """Which chi-square the estimator is judged by: "scaled", or "" for the plain one."""
    return SCALED if "chisq.scaled" in fit.measures else PLAIN


def index_variant(fits: Sequence[Measured], order: Sequence[str] = (ROBUST, SCALED)) -> str:
    """The first variant in which every one of these fits has CFI and RMSEA.

    One for all of them, because a difference between indices of two variants means nothing. Where a scaled test has
    neither variant, it is still not the unscaled one: its indices have no value then. A saturated model has none to
    show and does not decide. Where missing answers leave the robust indices without value (`Fit.doubt`), no other
    variant takes their place: the others are the more distorted by missing answers (Zhang & Savalei, 2023).
    """
    tested = [fit for fit in fits if fit.df > 0] or list(fits)
    if ROBUST in order and any(fit.doubt for fit in tested):
        return ROBUST
    for variant in order:
        if all(np.isfinite(fit.measures.get(f"{name}.{variant}", np.nan)) for fit in tested for name in LEADING):
            return variant
    return SCALED if any(chi_square_variant(fit) for fit in fits) else PLAIN


def measure(fit: Measured, name: str, variant: str) -> float:
    """CFI, TLI or RMSEA (with its interval) in a variant; of a saturated model the plain one, which fits exactly."""
    plain = float(fit.measures.get(name, np.nan))
    if not variant or fit.df == 0:
        return plain
    return float(fit.measures.get(f"{name}.{variant}", np.nan))


def named(variant: str, name: str) -> str:
    """The name of a measure in its variant: "robust CFI", "CFI"."""
    return f"{variant} {name}" if variant else name
