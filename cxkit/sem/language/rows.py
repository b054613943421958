"""One row of a parameter table, and the options by which defaults are filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

EQUALITIES = (
    "loadings", "intercepts", "thresholds", "residuals", "residual_covariances",
    "lv_variances", "lv_covariances", "means", "regressions",
)  # fmt: skip


@dataclass(slots=True)
class Row:
    """`lhs op rhs` in one group; free when `fixed` is None. `exogenous` values are taken from the data."""

    lhs: str
    op: str
    rhs: str
    group: int
    fixed: float | None = None
    start: float | None = None
    label: str = ""
    user: bool = False
    exogenous: bool = False
    parameter: int = -1

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.lhs, self.op, self.rhs)


def loadings_by_factor(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The loadings among some rows, by factor and in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.op == "=~":
            found.setdefault(row.lhs, []).append(row)
    return found


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the defaults are filled in; the names are those of `sem.cfa`."""

    meanstructure: bool = False
    std_lv: bool = False
    orthogonal: bool = False
    fixed_x: bool = True
    equal: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict, hash=False)
    parameterization: str = "delta"
    growth: bool = False
