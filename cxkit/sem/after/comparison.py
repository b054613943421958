"""Does the more restricted of two nested models fit worse?

Plain chi-square difference; Satorra & Bentler (2001, https://doi.org/10.1007/BF02296192; 2010,
https://doi.org/10.1007/s11336-009-9135-y) where the test is scaled; Satorra (2000) where it is scaled and shifted.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cxkit.errors import ModelError
from cxkit.sem.after.nesting import NOT_NESTED, is_special_case
from cxkit.sem.after.same_sample import difference
from cxkit.sem.indices.fit_measures import rmsea_point
from cxkit.sem.indices.measured import Measured
from cxkit.sem.indices.variants import index_variant, measure, named
from cxkit.sem.inference.covariance import positive, test_of_fit, times
from cxkit.sem.options import check_choice
from cxkit.sem.sample.chi_square import FitTest, chi_square_tail
from cxkit.sem.sample.singular import inverse as inverse_of

# A search ends within this share of its chi-square, so that less is no sign that models are not nested.
NESTED_SLACK = 1e-6
# Smallest singular value of the derivatives of the moments (in units of the items' standard deviations), as a share of
# the largest, below which a parameter moves no moment where it is estimated.
WITHOUT_EFFECT = 1e-4
METHODS = ("default", "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")
NAMES = {
    "standard": "chi-square difference (standard)",
    "satorra.bentler.2001": "scaled chi-square difference (Satorra-Bentler 2001)",
    "satorra.bentler.2010": "scaled chi-square difference (Satorra-Bentler 2010)",
    "satorra.2000": "scaled and shifted chi-square difference (Satorra 2000)",
}
"""What each method gives, as sentences and tables name it."""
NO_EFFECT = (
    "what the freer model adds is estimated at 0, a boundary where it has no effect, so that both models are one"
)
"""Why there is no test where a freed parameter vanished."""
NO_DISTRIBUTION = (
    "under ULS, whose moments are not weighted, a difference has no chi-square distribution and depends on the items' "
    "units; estimator='ULSMV' or 'ULSM' tests it"
)
"""Why a plain difference under ULS has no p, as the model's own test has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Difference of two nested models.

    Attributes
    ----------
    frame
        One row per model, the less restricted first: df, aic, bic, chisq (unscaled, as in lavTestLRT), and on the
        second row chisq_diff, df_diff, p, rmsea_diff and the differences of CFI, RMSEA and SRMR (restricted minus
        free).
    chisq_diff, df_diff, p, method
        The test; p is NaN if both models have the same degrees of freedom.
    variant
        Which CFI and RMSEA `d_cfi` and `d_rmsea` are the differences of: "robust", "scaled" or "" for the plain ones.
        It is the first of these that both models have, as in `fit.text`.
    scaling_factor
        What the plain difference was divided by, where it was.
    no_p
        Why there is no p although the difference has a value; empty where there is one.
    added_factors
        Factors of the freer model alone that covary with no other: with loadings of 0, as in the restricted model, they
        are not identified, and p, which is lavaan's, does not have its meaning.
    vanished
        Whether the parameters that the freer model adds are estimated where they have no effect, such as equal loadings
        of a method factor at 0: both models are then one, on a boundary where no test has its distribution. p is NaN.
    """

    frame: pd.DataFrame
    chisq_diff: float
    df_diff: int
    p: float
    method: str
    scaling_factor: float
    d_cfi: float
    d_rmsea: float
    d_srmr: float
    variant: str = ""
    vanished: bool = False
    no_p: str = ""
    added_factors: tuple[str, ...] = ()

    @property
    def test_name(self) -> str:
        """The difference, named by its method: "scaled chi-square difference (Satorra-Bentler 2001)"."""
        return NAMES[self.method]

    @property
    def _other_method(self) -> str:
        """What to try where a correction is not positive; an improper solution has no other."""
        return " Use method='satorra.bentler.2010' or 'satorra.2000'." if "2001" in self.method else ""

    @property
    def _changes(self) -> str:
        """How the indices change; one that a model has no value of has no change."""
        values = {named(self.variant, "CFI"): self.d_cfi, named(self.variant, "RMSEA"): self.d_rmsea}
        values["SRMR"] = self.d_srmr
        known = [f"{name} = {_printed(value)}" for name, value in values.items() if np.isfinite(value)]
        absent = [name for name, value in values.items() if not np.isfinite(value)]
        if not known:
            return f"changes in {', '.join(absent[:-1])} and {absent[-1]} have no value"
        said = f"change in {', '.join(known)}"
        return f"{said} ({' and '.join(absent)}: no value)" if absent else said

    @property
    def text(self) -> str:
        """One sentence fit for a report."""
        if self.df_diff == 0:
            return f"The two models have the same degrees of freedom, so there is nothing to test; {self._changes}."
        if self.vanished:
            return f"There is nothing to test: {NO_EFFECT}; {self._changes}."
        if self.no_p:
            return (
                f"The {self.test_name} is {_printed(self.chisq_diff, 2)} on {degrees(self.df_diff)}, without p: "
                f"{self.no_p}; {self._changes}."
            )
        if np.isnan(self.p):
            return (
                f"The {self.test_name} on {degrees(self.df_diff)} cannot be computed: its "
                f"correction is not positive in these data.{self._other_method}"
            )
        p = "p < .001" if self.p < 0.001 else f"p = {self.p:.3f}"
        name = self.test_name[0].upper() + self.test_name[1:]
        return (
            f"{name} = {_printed(self.chisq_diff, 2)} on {degrees(self.df_diff)}, {p}; {self._changes}.{self._caution}"
        )

    @property
    def _caution(self) -> str:
        """That p is none where the restricted model lacks whole factors of the freer one."""
        if not self.added_factors:
            return ""
        names = ", ".join(f"'{name}'" for name in self.added_factors)
        has = f"{names} has" if len(self.added_factors) == 1 else f"{names} have"
        return (
            f" Not to be read as a test: in the restricted model {has} no loadings, a boundary where nothing identifies"
            " a factor, so that the difference has no chi-square distribution and p below .05 is frequent without any "
            "effect. Compare BIC in fit.measures."
        )

    @property
    def note(self) -> str:
        """Which variant each column of the table is, where there are several; empty where there is one."""
        if self.method == "standard" and not self.variant:
            return ""
        cfi, rmsea = named(self.variant, "CFI"), named(self.variant, "RMSEA")
        return f"chisq: unscaled; chisq_diff: {self.test_name}; d_cfi, d_rmsea: of {cfi} and {rmsea}."

    def __str__(self) -> str:
        table = self.frame.to_string(index=False, float_format=lambda v: f"{v:.3f}", na_rep="")
        return "\n\n".join(filter(None, [self.text, table, self.note]))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        table = self.frame.to_html(index=False, float_format=lambda v: f"{v:.3f}", na_rep="", border=0)
        note = f"\n<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<p>{html.escape(self.text)}</p>\n{table}{note}"


def _printed(value: float, digits: int = 3) -> str:
    """A number as printed, without the sign of what rounds to 0."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def degrees(df: int) -> str:
    """`1 degree of freedom`, `3 degrees of freedom`."""
    return f"{df} degree{'' if df == 1 else 's'} of freedom"


def compare(first: Measured, second: Measured, method: str = "default") -> Comparison:
    """Test the difference of two nested fits, whichever of them is the more restricted.

    Parameters
    ----------
    method
        "default" is the plain difference for ML, Satorra-Bentler 2001 for a scaled and Satorra 2000 for a scaled and
        shifted test; or name one: "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000".

    Notes
    -----
    Agrees with R's `lavTestLRT(fit1, fit2, method = )` of lavaan 0.6-14, but for p of a plain difference under ULS,
    and of two models neither of which is a special case of the other, which are left out here.
    """
    free, tight = (first, second) if first.df <= second.df else (second, first)
    _check(free, tight, method)
    chosen = default_method(free) if method == "default" else method
    plain = tight.deviance - free.deviance
    df = tight.df - free.df
    vanished = df > 0 and _vanished(free, plain)
    value, factor = (0.0, float("nan")) if vanished else _scaled(free, tight, chosen, plain)
    variant = index_variant([free, tight])
    gaps = {name: measure(tight, name, variant) - measure(free, name, variant) for name in ("cfi", "rmsea")}
    gaps["srmr"] = float(tight.measures["srmr"] - free.measures["srmr"])
    unweighted = chosen == "standard" and free.frame.estimator.discrepancy == "ULS" and df > 0 and not vanished
    no_p = NO_DISTRIBUTION if unweighted else ""
    if df > 0 and is_special_case(free, tight) is False:
        no_p = NOT_NESTED
    p = rmsea = float("nan")
    if not (vanished or no_p):
        p = chi_square_tail(value, df)
        rmsea = rmsea_point(value, df, first.frame.n, len(first.models)) if df else rmsea
    rows = [_row(free), _row(tight)]
    rows[1] |= {"chisq_diff": value, "df_diff": df, "p": p, "rmsea_diff": rmsea}
    rows[1] |= {f"d_{name}": gap for name, gap in gaps.items()}
    return Comparison(
        frame=pd.DataFrame(rows), chisq_diff=float(value), df_diff=df, p=p, method=chosen, scaling_factor=float(factor),
        d_cfi=gaps["cfi"], d_rmsea=gaps["rmsea"], d_srmr=gaps["srmr"], variant=variant, vanished=vanished,
        no_p=no_p, added_factors=_added_factors(free, tight) if df else (),
    )  # fmt: skip


def _row(fit: Measured) -> dict[str, float]:
    information = {name: fit.measures.get(name, np.nan) for name in ("aic", "bic")}
    return {"df": fit.df, **information, "chisq": fit.test.chisq}


def _scaled(free: Measured, tight: Measured, method: str, plain: float) -> tuple[float, float]:
    """A difference of chi-squares by this method, and the factor that divided it."""
    df = tight.df - free.df
    if df == 0:
        return (plain if abs(plain) > 1e-9 else 0.0), float("nan")
    if method == "satorra.2000":
        return _satorra_2000(free, tight, plain, df)
    if method == "standard":
        return plain, 1.0
    factor = (_factor_2001 if method == "satorra.bentler.2001" else _factor_2010)(free, tight, df)
    # A negative factor has no meaning; the 2010 version avoids it.
    return (plain / factor if factor > 0 else float("nan")), factor


def _added_factors(free: Measured, tight: Measured) -> tuple[str, ...]:
    """Factors with free loadings that the tight model lacks and that covary with no other latent variable.

    A factor that covaries may be one of two into which a factor was divided; its correlation of 1 is no such boundary.
    """
    latent = set(free.table.variables.latent)
    added = latent - set(tight.table.variables.latent)
    if not added or not set(tight.table.variables.latent) < latent:
        return ()
    rows = free.table.rows
    loads = {row.lhs for row in rows if row.op == "=~" and row.fixed is None}
    covaries: set[str] = set()
    for row in rows:
        if row.op in ("~~", "~") and row.lhs != row.rhs and row.fixed != 0:
            covaries |= {row.lhs, row.rhs}
    return tuple(name for name in free.table.variables.latent if name in added & loads - covaries)


def _vanished(free: Measured, plain: float) -> bool:
    """Whether the freer model fits no better, because a parameter of it moves no moment at its estimate.

    Equal method loadings k enter the moments as k * k, whose derivative at 0 is 0: a scaled difference is then one
    rounding over another.
    """
    if abs(plain) > NESTED_SLACK * max(1.0, free.deviance):
        return False
    rows = [j / units[:, None] for j, units in zip(free.frame.jacobians(), _units(free), strict=True)]
    sizes = np.linalg.svd(np.concatenate(rows), compute_uv=False)
    return len(sizes) < free.n_parameters or bool(sizes[-1] < WITHOUT_EFFECT * sizes[0])


def _units(fit: Measured) -> list[np.ndarray]:
    """Standard deviations (and their products) in which each group's moments are measured; 1 for ordered answers."""
    out = []
    for part, space in zip(fit.frame.objective.parts, fit.frame.spaces, strict=True):
        if part.data.ordinal is not None:
            out.append(np.ones(len(part.data.ordinal.statistics)))
            continue
        out.append(space.units(part.data.cov))
    return out


def fits_worse(free: Measured, tight: Measured) -> bool:
    """Whether the freer of two models fits worse, by more than rounding: not nested, or its end is no optimum."""
    return bool(free.deviance - tight.deviance > NESTED_SLACK * max(1.0, free.deviance))


def _check(free: Measured, tight: Measured, method: str) -> None:
    check_choice("compare() does not know method", method, METHODS)
    reason = difference(free, tight)
    if reason:
        raise ModelError(
            f"The two models cannot be compared: {reason}. Their chi-squares rest on different things; fit both to the "
            "same rows and items, with the same options."
        )
    if tight.df > free.df and fits_worse(free, tight):
        better, worse = (_likelihood_shown(fit) for fit in (tight, free))
        raise ModelError(
            f"The two models are not nested: the one with {degrees(tight.df)} fits better ({better}) than the one with "
            f"{free.df} ({worse.split()[-1]}), which no restriction of it can. "
            "Compare them by AIC or BIC in fit.measures. Or, if they are nested, the search for the freer one "
            "ended at a local optimum: give it starting values, as in start(0.3)*item."
        )
    if method not in ("default", "standard") and free.frame.estimator.test == "standard":
        raise ModelError(f"method='{method}' needs a scaled test; {free.frame.estimator.name} has none.")


def _likelihood_shown(fit: Measured) -> str:
    """`chi-square 12.34`, or the log-likelihood where incomplete answers leave chi-square without value."""
    if fit.sample.settled:
        return f"chi-square {fit.test.chisq:.2f}"
    return f"log-likelihood {fit.measures['logl']:.2f}"


def default_method(fit: Measured) -> str:
    """The method that belongs to the fit's test."""
    test = fit.frame.estimator.test
    if test == "standard":
        return "standard"
    return "satorra.bentler.2001" if test in ("satorra.bentler", "yuan.bentler.mplus") else "satorra.2000"


def _factor(fit: Measured) -> float:
    return 1.0 if fit.df == 0 else float(fit.test.factor or 1.0)


def _factor_2001(free: Measured, tight: Measured, df: int) -> float:
    if not free.sample.settled:
        return (_own_trace(free, free.test) - _own_trace(tight, tight.test)) / df
    return (tight.df * _factor(tight) - free.df * _factor(free)) / df


def _own_trace(fit: Measured, test: FitTest) -> float:
    """The model's part of df times the factor, tr(B1 A1^-1) - tr(B0 A0^-1): the first trace is the same for all models.

    Of incomplete answers without moments the first is not known, and in a difference of two models not needed.
    """
    return float("nan") if test.factor_h0 is None else test.factor_h0 * sum(len(model.rows) for model in fit.models)


def _factor_2010(free: Measured, tight: Measured, df: int) -> float:
    """As 2001, but the free model is judged at the estimates of the tight one."""
    frame = free.frame
    wanted = [[0.0 if value is None else value for value in own] for own in values_found(free, tight)]
    basis = np.concatenate([model.basis for model in free.models])
    offset = np.concatenate([model.offset for model in free.models])
    z = np.linalg.lstsq(basis, np.concatenate(wanted) - offset, rcond=None)[0]
    states = frame.objective.states(z)
    if states is None:
        return float("nan")
    kind = "hessian" if frame.estimator.information == "observed" else "information"
    # Away from its optimum the free model's matrix need not be positive definite.
    inverse = inverse_of(frame.objective.second(states, kind))
    there = replace(frame, states=states, bread_inverse=inverse)
    if not free.sample.settled:
        there_test = test_of_fit(there, 1.0, free.df, frame.n)
        return (_own_trace(free, there_test) - _own_trace(tight, tight.test)) / df
    factor = test_of_fit(there, 1.0, free.df, frame.n).factor if free.df else 1.0
    return (tight.df * _factor(tight) - free.df * float(factor or 1.0)) / df


def values_found(free: Measured, tight: Measured) -> list[list[float | None]]:
    """What one fit found, or fixed, of every row of each group of another; None where it has no such parameter."""
    known = {(row.group, *row.key): k for k, row in enumerate(tight.row_table.rows)}
    values = tight.row_table.plain(tight.solution.z)
    out: list[list[float | None]] = []
    for model in free.models:
        places = [
            known.get((row.group, *row.key), known.get((row.group, row.rhs, row.op, row.lhs))) for row in model.rows
        ]
        out.append([None if at is None else float(values[at]) for at in places])
    return out


def _satorra_2000(free: Measured, tight: Measured, plain: float, df: int) -> tuple[float, float]:
    """Scaled and shifted difference from the restrictions that lead from one model to the other."""
    if free.settings["missing"] == "fiml":
        raise ModelError("Satorra 2000 needs complete answers; use method='satorra.bentler.2001'.")
    frame = free.frame
    wide, narrow = frame.jacobians(), tight.frame.jacobians()
    if not np.isfinite(frame.bread_inverse).all():  # an improper solution: what rests on it stays empty
        return float("nan"), float("nan")
    path = np.linalg.lstsq(np.concatenate(wide), np.concatenate(narrow), rcond=None)[0]
    u, s, _ = np.linalg.svd(path)
    rank = int(np.sum(s > s[0] * 1e-9)) if s.size else 0
    a = u[:, rank:].T
    inverse = frame.bread_inverse
    core = inverse @ a.T @ np.linalg.pinv(a @ inverse @ a.T) @ a @ inverse
    levers = [times(v, j) for v, j in zip(frame.weights(), wide, strict=True)]
    inner = [
        f * lever.T @ gamma @ lever
        for f, lever, gamma in zip(frame.objective.shares, levers, frame.gammas(), strict=True)
    ]
    product = core @ np.sum(inner, axis=0)
    trace, square = float(np.trace(product)), float(np.vdot(product, product.T))
    scale = np.sqrt(df / positive(square))
    return float(plain * scale + df - scale * trace), float(1 / scale)
