"""How reliable the scales of a fitted model are, and how distinct its factors.

Omega of congeneric items (McDonald, 1999); of ordered answers on the scale of the answers (Green & Yang, 2009,
https://doi.org/10.1007/s11336-008-9099-3); average variance extracted (Fornell & Larcker, 1981); heterotrait-monotrait
ratio (Henseler, Ringle & Sarstedt, 2015) and its geometric version HTMT2 (Roemer, Schuberth & Henseler, 2021).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, ModelError, counted, nearest
from cxkit.one_thread import in_one_thread
from cxkit.sem.after.categorical_omega import answer_covariances
from cxkit.sem.search.model import GroupModel
from cxkit.sem.solved import Solved


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Reliability of each factor.

    Attributes
    ----------
    frame
        One row per factor and group: factor group items alpha omega omega_implied ave. `omega` divides by the observed
        variance of the sum score, `omega_implied` by the one the model implies. For ordered answers both are on the
        scale of the answers and `omega_latent`, `alpha_latent` on that of the normal variables behind them. `ave` is
        missing for a factor one of whose items also loads on another: its variance then has no one owner. The sum is
        that of the answers as they are coded: with codes 1, 2, 4, 5, the step from 2 to 4 counts twice.
    htmt, htmt2
        Heterotrait-monotrait ratios of correlations by arithmetic means (Henseler et al., 2015) and by geometric means
        (Roemer et al., 2021); None with one factor.
    warnings
        Items that load on their factor against the others: alpha and omega of their sum then mean little.
    """

    frame: pd.DataFrame
    htmt: pd.DataFrame | None
    htmt2: pd.DataFrame | None
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One sentence fit for a report: omega of every factor, and what to know of it."""
        several = self.frame["group"].nunique() > 1
        each = [
            f"{row['factor']}{' in ' + str(row['group']) if several else ''} {row['omega']:.2f}"
            for _, row in self.frame.iterrows()
            if not np.isnan(row["omega"])
        ]
        lacking = len(self.frame) - len(each)
        said = f"Omega (share of the sum score's variance that its factor explains): {', '.join(each)}." if each else ""
        without = f"{counted(lacking, 'factor')} {'has' if lacking == 1 else 'have'} no omega." if lacking else ""
        return " ".join(part for part in (said, without, *self.warnings) if part)

    def __str__(self) -> str:
        return self.frame.to_string(index=False, float_format=lambda v: f"{v:.3f}", na_rep="")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.frame.to_html(index=False, float_format=lambda v: f"{v:.3f}", na_rep="", border=0, escape=True)


@in_one_thread
def reliability(fit: Solved) -> Reliability:
    """How reliable are the scales: omega, alpha, average variance extracted and HTMT of a measurement model?

    Notes
    -----
    Agrees with R's semTools 0.5-6: `compRelSEM(fit)`, `compRelSEM(fit, obs.var = FALSE)`, `compRelSEM(fit, tau.eq =
    TRUE)`, `AVE(fit)`, `htmt(model, data, htmt2 = FALSE)` for `htmt`, and `htmt(model, data)` for `htmt2`, as geometric
    means are semTools' default. Where the codes of ordered answers are not consecutive (an answer that nobody gave, or
    codes 1, 2, 4, 8), semTools numbers the answers anew; here alpha and omega are those of the sum of the codes.
    """
    if fit.settings["ordered"] and fit.table.variables.exogenous:
        raise ModelError("Reliability of ordered items is covered without predictors: fit the measurement model alone.")
    rows, found = [], []
    for g, model in enumerate(fit.models):
        for factor in fit.table.variables.latent:
            items = indicators(model, factor)
            if items and not _is_mixed(model, items):
                found += _reversed(fit, g, factor, items)
                label = {"factor": factor, "group": fit.sample.labels[g], "items": len(items)}
                rows.append(label | _factor_reliability(fit, g, factor, items))
    _tell_mixed(fit, any_left=bool(rows))
    if not fit.sample.settled:
        found.append("Whatever compares with the variances of all answers is left empty, as these did not settle.")
    table = pd.DataFrame(rows)
    htmt, htmt2 = (_htmt(fit, geometric=geometric) for geometric in (False, True))
    return Reliability(frame=table, htmt=htmt, htmt2=htmt2, warnings=tuple(found))


def _is_mixed(model: GroupModel, items: list[int]) -> bool:
    """Whether some items are ordered and others not: their sum has no scale for which a coefficient is defined."""
    return len({model.names[i] in model.ordered for i in items}) > 1


def _tell_mixed(fit: Solved, any_left: bool) -> None:
    model = fit.models[0]
    mixed = [name for name in fit.table.variables.latent if _is_mixed(model, indicators(model, name))]
    if mixed:
        found = f"Ordered and continuous items measure '{mixed[0]}' together, for whose sum no reliability is defined"
        if not any_left:
            raise ModelError(f"{found}. Treat all its items as ordered, or all as continuous.")
        warnings.warn(f"{found}: it is left out.", CxkitWarning, stacklevel=4)
    elif not any_left:
        raise ModelError("The model has no factor with observed items, so there is no scale whose reliability to give.")


def indicators(model: GroupModel, factor: str) -> list[int]:
    """Positions of the observed items that load on a factor."""
    rows = [row for row in model.all_rows if row.op == "=~" and row.lhs == factor]
    return [model.index[row.rhs] for row in rows if model.index[row.rhs] < model.p]


def _parts(fit: Solved, group: int) -> tuple[GroupModel, np.ndarray, np.ndarray, np.ndarray]:
    """Model, loadings (items by latent variables), latent covariances, implied covariance of one group."""
    model = fit.models[group]
    theta = model.values(fit.solution.z)
    a, _, _ = model.matrices(theta)
    full, _, _ = model.full_moments(theta)
    return model, a[: model.p, model.p :], full[model.p :, model.p :], full[: model.p, : model.p]


def _reversed(fit: Solved, group: int, factor: str, items: list[int]) -> list[str]:
    """Items of one factor that point in two directions cancel each other in a sum."""
    model, loadings, _, _ = _parts(fit, group)
    own = loadings[items, model.index[factor] - model.p]
    against = own < 0 if (own < 0).sum() <= len(own) / 2 else own > 0
    if not ((own < 0).any() and (own > 0).any()):
        return []
    names = ", ".join(f"'{model.observed[i]}'" for i, hit in zip(items, against, strict=True) if hit)
    where = f" in group '{fit.sample.labels[group]}'" if len(fit.models) > 1 else ""
    verb = "loads" if against.sum() == 1 else "load"
    return [
        f"{names} {verb} on '{factor}'{where} against its other items, so alpha and omega of their sum mean little. "
        "Turn reversed items round first (low + high - answer) and fit again."
    ]


def _crossed(loadings: np.ndarray, items: list[int]) -> bool:
    """Whether an item of the factor loads on another one too; as semTools, to five decimals."""
    return bool(((np.round(loadings[items], 5) != 0).sum(1) > 1).any())


def _factor_reliability(fit: Solved, group: int, factor: str, items: list[int]) -> dict[str, float]:
    model, loadings, phi, implied = _parts(fit, group)
    k = model.index[factor] - model.p
    lam = loadings[items, k]
    common = np.outer(lam, lam) * phi[k, k]
    crossed = _crossed(loadings, items)
    if model.names[items[0]] in model.ordered:
        found = _ordered_reliability(fit, group, items, common)
        return found | ({"ave": float("nan")} if crossed else {})
    data = fit.sample.groups[group]
    observed, expected = data.known_moments[0][np.ix_(items, items)], implied[np.ix_(items, items)]
    return {
        "alpha": _alpha(observed),
        "omega": float(common.sum() / observed.sum()),
        "omega_implied": float(common.sum() / expected.sum()),
        # Of the observed variance, as semTools: under ML the two agree, under FIML and equal residuals they do not.
        "ave": float("nan") if crossed else float(np.trace(common) / np.trace(observed)),
    }


def _alpha(cov: np.ndarray) -> float:
    k = len(cov)
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum())) if k > 1 else float("nan")


def _steps(answers: np.ndarray) -> np.ndarray:
    """From each answer that was given to the next higher one, in the codes that make up the sum."""
    return np.diff(np.unique(answers[~np.isnan(answers)]))


def _ordered_reliability(fit: Solved, group: int, items: list[int], common: np.ndarray) -> dict[str, float]:
    part: Any = fit.frame.objective.parts[group]
    data = part.data
    at = part.model.implied(part.model.values(fit.solution.z))
    scale = part.statistics.scales(part.model.values(fit.solution.z), at)[items]
    common = common * np.outer(scale, scale)
    implied_values, _ = part.statistics.implied(part.model.values(fit.solution.z))
    implied = np.eye(part.model.p)
    first = part.statistics.n_thresholds
    implied[part.statistics.r, part.statistics.c] = implied[part.statistics.c, part.statistics.r] = implied_values[
        first:
    ]
    thresholds = implied_values[: len(part.statistics.th_variable)]
    names = [data.names[i] for i in items]
    cuts = {name: thresholds[part.statistics.th_variable == i] for name, i in zip(names, items, strict=True)}
    answers = data.known_answers[:, items]
    observed = _covariances_of_pairs(answers, data.weights)
    block = data.cov[np.ix_(items, items)]
    ordered = [(cuts[name], _steps(column)) for name, column in zip(names, answers.T, strict=True)]
    true = _score_covariances(common, ordered)
    return {
        "alpha": _alpha(observed),
        "omega": float(true.sum() / _score_covariances(block, ordered, own=True).sum()),
        "omega_implied": float(true.sum() / _score_covariances(implied[np.ix_(items, items)], ordered, own=True).sum()),
        "ave": float(np.trace(common) / len(common)),
        "omega_latent": float(common.sum() / block.sum()),
        "alpha_latent": _alpha(block),
    }


def _covariances_of_pairs(answers: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Each from the rows that hold both items, with n - 1 of these; weighted where there are weights."""
    if weights is None:
        return pd.DataFrame(answers).cov().to_numpy()
    seen = (~np.isnan(answers)).astype(float)
    given, own = np.nan_to_num(answers), weights[:, None]
    totals, counts = seen.T @ (own * seen), seen.T @ seen
    means = (own * given).T @ seen / totals  # [i, j]: of item i, over the rows that also hold item j
    return np.asarray((given.T @ (own * given) / totals - means * means.T) * counts / (counts - 1))


def _score_covariances(corr: np.ndarray, scales: list[tuple[np.ndarray, np.ndarray]], own: bool = False) -> np.ndarray:
    """Covariances of the answers whose normal variables correlate by `corr`; `own` puts variances on the diagonal.

    `scales` holds the thresholds of every item and the steps of its answers there.
    """
    most = max(len(values) for values, _ in scales)
    padded, steps = np.full((len(scales), most), np.inf), np.zeros((len(scales), most))
    for place, (values, rises) in enumerate(scales):
        padded[place, : len(values)], steps[place, : len(values)] = values, rises
    if own:
        corr = corr - np.diag(np.diag(corr)) + np.eye(len(corr))
    return answer_covariances(padded, corr, steps)


def _htmt(fit: Solved, geometric: bool) -> Any:
    factors = [f for f in fit.table.variables.latent if indicators(fit.models[0], f)]
    if len(factors) < 2:
        return None
    tables = []
    for model, data in zip(fit.models, fit.sample.groups, strict=True):
        cov = data.known_moments[0]
        sd = np.sqrt(np.diag(cov))
        r = np.abs(cov / np.outer(sd, sd))
        sets = [indicators(model, f) for f in factors]
        tables.append(pd.DataFrame(_ratios(r, sets, geometric), index=factors, columns=factors))
    return tables[0] if len(tables) == 1 else dict(zip(fit.sample.labels, tables, strict=True))


def _ratios(r: np.ndarray, sets: list[list[int]], geometric: bool) -> np.ndarray:
    def middle(values: np.ndarray) -> float:
        if not len(values):
            return float("nan")
        if not geometric:
            return float(values.mean())
        with np.errstate(divide="ignore"):  # one correlation of 0 makes the geometric mean 0
            return float(np.exp(np.log(values).mean()))

    within = [middle(r[np.ix_(s, s)][np.tril_indices(len(s), -1)]) for s in sets]
    out = np.eye(len(sets))
    for a in range(len(sets)):
        for b in range(a):
            between = middle(r[np.ix_(sets[a], sets[b])].ravel())
            size = np.sqrt(within[a] * within[b])
            out[a, b] = out[b, a] = between / size if size else np.nan
    return out


@dataclass(frozen=True, kw_only=True)
class HigherOrderReliability:
    """Reliability of a second-order factor.

    Attributes
    ----------
    omega_l1
        Share of the variance of the sum of all items that the second-order factor explains.
    omega_l2
        Share of the variance of the sum of the first-order factors that it explains.
    omega_partial
        Share of the item sum's variance that it explains once the first-order specifics are set aside.
    """

    factor: str
    omega_l1: float
    omega_l2: float
    omega_partial: float


def higher_order_reliability(fit: Solved, factor: str) -> HigherOrderReliability:
    """How reliably do sum scores reflect a second-order factor?

    Notes
    -----
    Agrees with R's semTools 0.5-6: `reliabilityL2(fit, factor)`.
    """
    if len(fit.models) > 1:
        raise ModelError("Higher-order reliability is defined for a model of one group.")
    model = fit.models[0]
    latent = list(fit.table.variables.latent)
    if factor not in latent:
        raise ModelError(f"There is no factor '{factor}' in the model.{nearest(factor, latent)}")
    rows = [row for row in model.all_rows if row.op == "=~" and row.lhs == factor]
    first = [latent.index(row.rhs) for row in rows if row.rhs in latent]
    if not first:
        raise ModelError(f"'{factor}' has no first-order factors as indicators; use reliability() for it.")
    theta = model.values(fit.solution.z)
    a, s, _ = model.matrices(theta)
    full, _, _ = model.full_moments(theta)
    p, top = model.p, model.index[factor]
    second = np.array([a[p + k, top] for k in first])
    sums = a[:p, [p + k for k in first]].sum(0)
    psi = full[top, top]
    explained = float((sums @ second) ** 2 * psi)
    inner = full[np.ix_([p + k for k in first], [p + k for k in first])]
    items = sorted({i for k in first for i in indicators(model, latent[k])})
    residual = float(s[np.ix_(items, items)].sum())
    total = float(sums @ inner @ sums) + residual
    return HigherOrderReliability(
        factor=factor,
        omega_l1=explained / total,
        omega_l2=float(second.sum() ** 2 * psi / inner.sum()),
        omega_partial=explained / (explained + residual),
    )
