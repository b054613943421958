"""What the note of a fit says of its numbers: why one has no value, and where lavaan's defaults have changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxkit.sem.indices.measured import Measured
from cxkit.sem.sample.coverage import pairs_apart

# Largest share of an item's variance that a factor explains; far above the square of rounding.
NO_VARIANCE = 1e-12

RESIDUAL = ("srmr", "crmr", "rmr")


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
    ordered, robust = bool(fit.settings["ordered"]), name.endswith(".robust")
    least_squares = fit.frame.estimator.discrepancy == "ULS"
    unscaled = {kind: _unscaled(measures, kind) for kind in ("", "baseline.")}
    reasons = (
        (fit.df == 0 and not name.startswith(("srmr", "baseline")), "the model has 0 degrees of freedom"),
        (
            not fit.sample.settled and (bool(fit.settings["weights"]) or not name.startswith(("gfi", "agfi", "pgfi"))),
            fit.doubt.reason if fit.doubt else "the means and covariances of all answers did not settle",
        ),
        (
            any(kind in name for kind in ("scal", "robust", "gfi")) and _has_pairs_apart(fit),
            "a pair of items that nobody answered together has no covariance of its own, on which this rests",
        ),
        (
            name.endswith("pvalue") and least_squares,
            "without weights the statistic has no chi-square distribution; see the scaled test of ULSMV",
        ),
        (name.startswith("srmr_mplus") and ordered, "defined for continuous answers only"),
        (
            name.startswith("baseline") and unscaled["baseline."],
            "the correction of the baseline model's test is not positive in these data",
        ),
        (
            _is_scaled(name) and unscaled[""],
            "the correction of the test is not positive at these estimates, which are then improper or nearly so",
        ),
        (
            _is_scaled(name) and unscaled["baseline."],
            "the correction of the baseline model's test is not positive in these data",
        ),
        (
            name.startswith(RESIDUAL) and _negative_implied(fit),
            "the model implies a negative variance of an item",
        ),
        (
            name.startswith(("gfi", "agfi", "pgfi")) and fit.settings["missing"] == "fiml",
            "a pair of items was answered together by one person, and so has no covariance of its own",
        ),
        (name.startswith(("nfi", "rfi")), "the model has more degrees of freedom than the baseline model"),
        (
            robust and ordered and bool(fit.table.variables.exogenous),
            "the correction of ordered items is not defined given predictors",
        ),
        (robust and fit.doubt is not None, fit.doubt.reason if fit.doubt else ""),
        (robust, "the correction cannot be computed from these answers"),
        (
            name.startswith(("baseline", "cfi", "tli", "nnfi", "ifi", "rni", "pnfi")),
            "the baseline model leaves nothing to compare with",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "these data do not determine it")
