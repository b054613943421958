"""What the note of a fit says of its numbers: why one has no value, and where lavaan's defaults have changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxkit.sem.indices.measured import Measured
from cxkit.sem.sample.coverage import pairs_apart

# Largest share of an item's variance that a factor explains; far above the square of rounding.
NO_VARIANCE = 1e-12

RESIDUAL = ("srmr", "crmr", "rmr")
JORESKOG = ("gfi", "agfi", "pgfi")


def absent_measures(fit: Measured, measures: Mapping[str, float]) -> str:
    """Sentences that name every measure without a value, those of one reason together; empty if all have one."""
    found: dict[str, list[str]] = {}
    for name, value in measures.items():
        if np.isnan(value):
            found.setdefault(_reason(fit, name, measures), []).append(name)
    return " ".join(f"No value for {', '.join(names)}: {reason}." for reason, names in found.items())


def without_variance(fit: Measured) -> str:
    """A sentence about factors whose variance is 0, by which nothing can be standardised; empty if there are none."""
    flat: list[str] = []
    for model in fit.models:
        theta, p = model.values(fit.solution.z), model.p
        full = model.full_moments(theta)[0]
        effects = np.linalg.inv(np.eye(model.v) - model.matrices(theta)[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = effects[:p, p:] ** 2 * np.diag(full)[p:] / np.diag(full)[:p, None]
        explained = np.abs(np.nan_to_num(shares)).max(axis=0, initial=0.0)
        flat += [name for name, share in zip(model.names[p:], explained, strict=True) if share < NO_VARIANCE]
    if not flat:
        return ""
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(flat))
    return f"Without variance: {names}; what is standardised by it is left empty."


def changed_default(fit: Measured) -> str:
    """Whose default test this is, where lavaan changed its own; empty for all other estimators."""
    if fit.settings["estimator"] not in ("ULS", "DWLS") or fit.settings["ordered"]:
        return ""
    return (
        "Test and standard errors are the default of lavaan 0.6-14 for this estimator; since 0.6-21 lavaan reports "
        "Browne's residual test and robust errors instead."
    )


def without_distribution(fit: Measured) -> str:
    """That errors of plain ULS are no sampling errors; empty for all other estimators."""
    if fit.settings["estimator"] != "ULS":
        return ""
    return (
        "Standard errors, z and p of plain ULS rest on no distribution: its moments are not weighted, and the errors "
        "depend on the items' units. estimator='ULSMV' or 'ULSM' gives robust ones, for the same estimates."
    )


def _is_scaled(name: str) -> bool:
    return name.endswith((".scaled", ".robust", ".scaling.factor"))


def _unscaled(measures: Mapping[str, float], kind: str) -> bool:
    """Whether the test of the model or of the baseline should be scaled and has no correction."""
    return measures[f"{kind}df"] > 0 and bool(np.isnan(measures.get(f"{kind}chisq.scaling.factor", 1.0)))


def _negative_implied(fit: Measured) -> bool:
    sigmas = [model.implied(model.values(fit.solution.z)).sigma for model in fit.models]
    return any(bool((np.diag(sigma) < 0).any()) for sigma in sigmas)


def _has_pairs_apart(fit: Measured) -> bool:
    return fit.settings["missing"] == "fiml" and any(
        bool(pairs_apart(group.known_answers, group.names)) for group in fit.sample.groups
    )


def _reason(fit: Measured, name: str, measures: Mapping[str, float]) -> str:
    """The first reason that applies."""
    return (
        _reason_in_answers(fit, name)
        or _reason_in_tests(fit, name, measures)
        or _reason_in_measure(fit, name)
        or "these data do not determine it"
    )


def _reason_in_answers(fit: Measured, name: str) -> str:
    """Why nothing can be compared with the moments of the answers; empty if it can."""
    if fit.df == 0 and not name.startswith(("srmr", "baseline")):
        return "the model has 0 degrees of freedom"
    # Where nobody is weighted, GFI and its kin rest on pairwise moments, which need no search (`goodness_of_fit`).
    needs_settled = bool(fit.settings["weights"]) or not name.startswith(JORESKOG)
    if not fit.sample.settled and needs_settled:
        return fit.doubt.reason if fit.doubt else "the means and covariances of all answers did not settle"
    if any(kind in name for kind in ("scal", "robust", "gfi")) and _has_pairs_apart(fit):
        return "a pair of items that nobody answered together has no covariance of its own, on which this rests"
    return ""


def _reason_in_tests(fit: Measured, name: str, measures: Mapping[str, float]) -> str:
    """Why the test that a measure is made of has no distribution or no correction; empty if it has both."""
    if name.endswith("pvalue") and fit.frame.estimator.discrepancy == "ULS":
        return "without weights the statistic has no chi-square distribution; see the scaled test of ULSMV"
    if name.startswith("srmr_mplus") and fit.settings["ordered"]:
        return "defined for continuous answers only"
    baseline_unscaled = _unscaled(measures, "baseline.")
    not_positive = "the correction of the baseline model's test is not positive in these data"
    if name.startswith("baseline") and baseline_unscaled:
        return not_positive
    if _is_scaled(name) and _unscaled(measures, ""):
        return "the correction of the test is not positive at these estimates, which are then improper or nearly so"
    return not_positive if _is_scaled(name) and baseline_unscaled else ""


def _reason_in_measure(fit: Measured, name: str) -> str:
    """Why the formula of a measure has no value; empty if nothing is known of it."""
    if name.startswith(RESIDUAL) and _negative_implied(fit):
        return "the model implies a negative variance of an item"
    if name.startswith(JORESKOG) and fit.settings["missing"] == "fiml":
        return "a pair of items was answered together by one person, and so has no covariance of its own"
    if name.startswith(("nfi", "rfi")):
        return "the model has more degrees of freedom than the baseline model"
    if name.endswith(".robust"):
        return _reason_in_robust(fit)
    if name.startswith(("baseline", "cfi", "tli", "nnfi", "ifi", "rni", "pnfi")):
        return "the baseline model leaves nothing to compare with"
    return ""


def _reason_in_robust(fit: Measured) -> str:
    """Why a robust measure has no value."""
    if fit.settings["ordered"] and fit.table.variables.exogenous:
        return "the correction of ordered items is not defined given predictors"
    return fit.doubt.reason if fit.doubt else "the correction cannot be computed from these answers"
