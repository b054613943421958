"""The estimators by name: which discrepancy each minimises, and how its errors and its test are computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """What an estimator's name stands for; words as in lavaan's options.

    `test_information` is what lavaan calls the second `observed.information`: "hessian" of the model, or "h1", the
    observed information of all moments at those that the model implies, which leaves out how the moments bend.
    """

    name: str
    discrepancy: str
    se: str
    test: str
    information: str = "expected"
    test_information: str = "hessian"


ESTIMATORS = {
    name: Estimator(name=name, discrepancy=d, se=se, test=test, information=information)
    for name, d, se, test, information in (
        ("ML", "ML", "standard", "standard", "expected"),
        ("MLR", "ML", "robust.huber.white", "yuan.bentler.mplus", "observed"),
        ("MLM", "ML", "robust.sem", "satorra.bentler", "expected"),
        ("MLMV", "ML", "robust.sem", "scaled.shifted", "expected"),
        ("MLMVS", "ML", "robust.sem", "mean.var.adjusted", "expected"),
        ("GLS", "GLS", "standard", "standard", "expected"),
        ("WLS", "WLS", "standard", "standard", "expected"),
        ("ULS", "ULS", "standard", "standard", "expected"),
        ("ULSM", "ULS", "robust.sem", "satorra.bentler", "expected"),
        ("ULSMV", "ULS", "robust.sem", "scaled.shifted", "expected"),
        ("DWLS", "DWLS", "standard", "standard", "expected"),
        ("WLSM", "DWLS", "robust.sem", "satorra.bentler", "expected"),
        ("WLSMV", "DWLS", "robust.sem", "scaled.shifted", "expected"),
        ("WLSMVS", "DWLS", "robust.sem", "mean.var.adjusted", "expected"),
    )
}
