"""Why a fit measure has no value: no number is left empty without its reason in the note of the fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

# Far below any variance in the unit of an answer, far above rounding.
NO_VARIANCE = 1e-12

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit


def absent_measures(fit: Fit, measures: Mapping[str, float]) -> str:
    """Sentences that name every measure without a value, those of one reason together; empty if all have one."""
    found: dict[str, list[str]] = {}
    for name, value in measures.items():
        if np.isnan(value):
            found.setdefault(_reason(fit, name), []).append(name)
    return " ".join(f"No value for {', '.join(names)}: {reason}." for reason, names in found.items())


def without_variance(fit: Fit) -> str:
    """A sentence about factors whose variance is 0, by which nothing can be standardised; empty if there are none."""
    flat: list[str] = []
    for model in fit.models:
        full, _, _ = model.full_moments(model.values(fit.solution.z))
        variances = np.diag(full)[model.p :]
        flat += [name for name, v in zip(model.names[model.p :], variances, strict=True) if abs(v) < NO_VARIANCE]
    if not flat:
        return ""
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(flat))
    return f"Without variance: {names}; what is standardised by it is left empty."


def _reason(fit: Fit, name: str) -> str:
    """The first reason that applies."""
    ordered, robust = bool(fit.settings["ordered"]), name.endswith(".robust")
    least_squares = fit.frame.estimator.discrepancy == "ULS"
    reasons = (
        (fit.df == 0 and not name.startswith(("srmr", "baseline")), "the model has 0 degrees of freedom"),
        (
            name.endswith("pvalue") and least_squares,
            "without weights the statistic has no chi-square distribution; see the scaled test of ULSMV",
        ),
        (name.startswith("srmr_mplus") and ordered, "defined for continuous answers only"),
        (name.startswith(("nfi", "rfi")), "the model has more degrees of freedom than the baseline model"),
        (
            robust and ordered and bool(fit.table.variables.exogenous),
            "the correction of ordered items is not defined given predictors",
        ),
        (robust, "the correction cannot be computed from these answers"),
        (
            name.startswith(("baseline", "cfi", "tli", "nnfi", "ifi", "rni", "pnfi")),
            "the baseline model leaves nothing to compare with",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "these data do not determine it")
