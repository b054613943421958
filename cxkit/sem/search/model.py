"""What a model implies: means and covariances as a function of its parameters, with exact derivatives.

One group is held in RAM form: all variables v = (observed, latent) obey v = m + A v + e with cov(e) = S. With
E = (I - A)^-1 the implied covariance is F E S E' F', F picking the observed ones (McArdle & McDonald, 1984,
https://doi.org/10.1111/j.2044-8317.1984.tb00802.x). The derivative by any one entry of A or S is u v' + v u' for two
columns of X = [F E | F E S E']. Gradient, expected information and Hessian are therefore small matrix products in
which no p(p+1)/2-sized matrix is ever formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cxkit.sem.language.table import Row, Table


@dataclass(frozen=True)
class Implied:
    """Moments of one group at given parameter values, and what their derivatives are made of."""

    sigma: np.ndarray
    mu: np.ndarray
    x: np.ndarray
    eta: np.ndarray
    full: np.ndarray
    effects: np.ndarray
    mean_slope: np.ndarray


class GroupModel:
    """One group of the model: where each of its free rows sits in A, S, m, the thresholds and the scales.

    `positions` counts the rows that are free; `rows[k]` is the k-th, ordered A, S, m, thresholds, scales. `start_plan`
    and `group_rows` keep what follows from the model alone, filled by whoever needs it first.
    """

    def __init__(self, table: Table, group: int, ordered: Sequence[str] = ()) -> None:
        self.observed = table.variables.observed
        self.names = (*self.observed, *table.variables.latent)
        self.p, self.v = len(self.observed), len(self.names)
        self.ordered = tuple(ordered)
        # Ordered answers are modelled given their predictors, whose moments then count for nothing (Muthen, 1984).
        self.given = [i for i, name in enumerate(self.observed) if ordered and name in table.variables.exogenous]
        self.index = {name: i for i, name in enumerate(self.names)}
        self.all_rows = table.group_rows(group)
        self._place_rows()
        self._plan_derivatives()
        self.parameter = np.array([row.parameter for row in self.rows], dtype=int)
        self.basis, self.offset = table.basis[self.parameter], table.offset[self.parameter]
        self.start_plan: Any = None
        self.group_rows: dict[bool, Any] = {}
        self.fill(self.all_rows)

    def _place_rows(self) -> None:
        """Order the free rows by the matrix that they belong to, and note the cells that they fill."""
        buckets: dict[str, list[Row]] = {"A": [], "S": [], "M": [], "T": [], "D": []}
        for row in self.all_rows:
            if row.fixed is None:
                buckets[_matrix(row)].append(row)
        self.rows = [row for rows_of in buckets.values() for row in rows_of]
        a, s, m = (np.array([self.cell(r) for r in buckets[k]], dtype=int).reshape(-1, 2) for k in "ASM")
        self.na, self.ns, self.nm = len(a), len(s), len(m)
        self.nt, self.nd = len(buckets["T"]), len(buckets["D"])
        self.n_moment = self.na + self.ns + self.nm
        self.a, self.s, self.m = (a[:, 0], a[:, 1]), (s[:, 0], s[:, 1]), m[:, 0]

    def _plan_derivatives(self) -> None:
        """Name the columns u and v of X whose products u v' + v u' are the derivatives by the free rows of A, S, m."""
        (i, j), (k, low) = self.a, self.s
        zero = np.zeros(self.nm, dtype=int)
        self.ui = np.concatenate([i, k, self.m])
        self.vi = np.concatenate([self.v + j, low, zero])
        # A variance enters once, not twice, hence half of u u' + u u'.
        self.half = np.where(k == low, 0.5, 1.0)
        self.w = np.concatenate([np.ones(self.na), self.half, zero])
        self.ww = np.outer(self.w, self.w)
        self.both = np.concatenate([self.ui, self.vi])
        self.pairs = {
            "ji": np.ix_(j, i), "ij": np.ix_(i, j), "jj": np.ix_(j, j), "ii": np.ix_(i, i), "jl": np.ix_(j, low),
            "ik": np.ix_(i, k), "jk": np.ix_(j, k), "il": np.ix_(i, low), "jm": np.ix_(j, self.m),
        }  # fmt: skip
        self.identity = np.eye(self.v)
        # How the means turn with each row, but for loadings and paths: not at all, or one to one.
        self.flat_slope = np.concatenate([np.zeros(self.na + self.ns), np.ones(self.nm)])

    def cell(self, row: Row) -> tuple[int, int]:
        """Row and column that the parameter has in its matrix."""
        first = self.index[row.lhs]
        if row.op == "~1":
            return first, 0
        second = self.index[row.rhs]
        return (second, first) if row.op == "=~" else (first, second)

    def place(self, row: Row) -> tuple[Any, ...]:
        """What the parameter is in the model, whatever it is called: `f =~ x` and `x ~ f` share a place."""
        matrix = _matrix(row)
        if matrix in "TD":
            return matrix, row.lhs, row.rhs
        i, j = self.cell(row)
        return (matrix, max(i, j), min(i, j)) if matrix == "S" else (matrix, i, j)

    def constant(self, row: Row) -> float:
        """The value that a fixed entry of A, S or m has; 0 for thresholds and scales."""
        matrix = _matrix(row)
        if matrix in "TD":
            return 0.0
        i, j = self.cell(row)
        return float(self.m0[i] if matrix == "M" else (self.a0 if matrix == "A" else self.s0)[i, j])

    def fill(self, rows: Sequence[Row]) -> None:
        """Put the fixed values where they belong; called again when exogenous moments are known."""
        v = self.v
        self.a0, self.s0, self.m0 = np.zeros((v, v)), np.zeros((v, v)), np.zeros(v)
        for row in rows:
            if row.fixed is None or row.fixed == 0.0 or row.op in ("|", "~*~"):
                continue
            i, j = self.cell(row)
            if row.op == "~~":
                self.s0[i, j] = self.s0[j, i] = row.fixed
            elif row.op == "~1":
                self.m0[i] = row.fixed
            else:
                self.a0[i, j] = row.fixed
        self.s_full, self.m_full = self.s0.copy(), self.m0.copy()
        self.s0[np.ix_(self.given, self.given)] = 0.0
        self.m0[self.given] = 0.0

    def values(self, z: np.ndarray) -> np.ndarray:
        """Values of this group's free rows from the free parameters z."""
        return self.basis @ z + self.offset

    def matrices(
        self, theta: np.ndarray, s0: np.ndarray | None = None, m0: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A, S and m at the values of the free rows; leading axes of theta are kept (batches)."""
        lead, kind, v = theta.shape[:-1], theta.dtype, self.v
        na, ns = self.na, self.ns
        if not lead and kind.kind == "f":
            a, s, m = self.a0.copy(), self.s0.copy(), self.m0.copy()
            a[self.a] = theta[:na]
            s[self.s] = s[self.s[1], self.s[0]] = theta[na : na + ns]
            m[self.m] = theta[na + ns : self.n_moment]
            return a, s, m
        a = np.broadcast_to(self.a0, (*lead, v, v)).astype(kind)
        s = np.broadcast_to(self.s0 if s0 is None else s0, (*lead, v, v)).astype(kind)
        m = np.broadcast_to(self.m0 if m0 is None else m0, (*lead, v)).astype(kind)
        a[..., self.a[0], self.a[1]] = theta[..., :na]
        s[..., self.s[0], self.s[1]] = s[..., self.s[1], self.s[0]] = theta[..., na : na + ns]
        m[..., self.m] = theta[..., na + ns : self.n_moment]
        return a, s, m

    def full_moments(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Covariance and mean of all variables, observed and latent, and A; batches allowed."""
        a, s, m = self.matrices(theta)
        if self.given:
            s[..., self.given, :] = self.s_full[self.given]
            m[..., self.given] = self.m_full[self.given]
        effects = np.linalg.inv(np.eye(self.v) - a)
        return effects @ s @ np.swapaxes(effects, -1, -2), (effects @ m[..., None])[..., 0], a

    @cached_property
    def nilpotent(self) -> bool:
        """True where no latent depends on another variable, so that (I - A)^-1 is simply I + A."""
        mask = self.a0 != 0
        mask[self.a] = True
        return not np.any(mask @ mask)

    def implied(self, theta: np.ndarray) -> Implied:
        """Moments of the observed variables at the values of the free rows."""
        a, s, m = self.matrices(theta)
        effects = self.identity + a if self.nilpotent else np.linalg.inv(self.identity - a)
        full = effects @ s @ effects.T
        eta, p = effects @ m, self.p
        slope = self.flat_slope.copy()
        slope[: self.na] = eta[self.a[1]]
        x = np.concatenate([effects[:p], full[:p]], axis=1)
        return Implied(full[:p, :p], eta[:p], x, eta, full, effects, slope)

    def gradient(self, at: Implied, m: np.ndarray, weighted_gap: np.ndarray) -> np.ndarray:
        """Derivative of F = 1/2 [log det Sigma + tr(W T)] from m = W - W T W and weighted_gap = W (mean - mu)."""
        xmx = at.x.T @ m @ at.x
        return self.w * xmx[self.ui, self.vi] - at.mean_slope * (at.x.T @ weighted_gap)[self.ui]

    def crosses(self, product: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """u'Wu, v'Wv, u'Wv and v'Wu over all pairs of free rows, from X'WX for a symmetric W; a stack is last."""
        q = self.n_moment
        pairs = product.take(self.both, axis=0).take(self.both, axis=1)
        return pairs[:q, :q], pairs[q:, q:], pairs[:q, q:], pairs[q:, :q]

    def information(self, at: Implied, weight: np.ndarray, share: np.ndarray | None = None) -> np.ndarray:
        """Expected information of one answer, 1/2 tr(W dS W dS) + dmu' W dmu; a stack is averaged by `share`."""
        uu, vv, uv, vu = self.crosses(_stack_last(at.x.T @ weight @ at.x))
        out, slope = self.ww * _averaged(share, uu * vv + uv * vu), at.mean_slope
        return out + np.outer(slope, slope) * _averaged(share, uu) if slope.any() else out

    def hessian(
        self, at: Implied, weight: np.ndarray, wtw: np.ndarray, gap: np.ndarray, share: np.ndarray | None = None
    ) -> np.ndarray:
        """Second derivative of F = 1/2 [log det Sigma + tr(W T)] from wtw = W T W, T = S + gap gap'.

        A stack is averaged by `share`.
        """
        product, pulled = _stack_last(at.x.T @ weight @ at.x), _stack_last(at.x.T @ wtw @ at.x)
        uu, vv, uv, vu = self.crosses(product)
        nuu, nvv, nuv, nvu = self.crosses(pulled)
        second = uu * (nvv - vv) + nuu * vv + uv * (nvu - vu) + nuv * vu
        lean = product - pulled
        pull = ((weight @ gap[..., None])[..., 0] @ at.x).T
        out = self.ww * _averaged(share, second) + self._curvature(at, _averaged(share, lean), _averaged(share, pull))
        if at.mean_slope.any():
            out += self._mean_terms(at.mean_slope, (uu, vu), pull, share)
        return out

    def _mean_terms(
        self, slope: np.ndarray, crosses: tuple[np.ndarray, np.ndarray], pull: np.ndarray, share: np.ndarray | None
    ) -> np.ndarray:
        """What the means contribute to the Hessian, alone and together with the covariances."""
        uu, vu = crosses
        mixed = pull[self.ui][:, None] * vu + pull[self.vi][:, None] * uu
        mixed = np.outer(self.w, slope) * _averaged(share, mixed)
        return mixed + mixed.T + np.outer(slope, slope) * _averaged(share, uu)

    def bending(self, at: Implied, lean: np.ndarray, pull: np.ndarray) -> np.ndarray:
        """What the bending of the moments adds to the second derivative of F, from M = W - W T W and W gap."""
        return self._curvature(at, at.x.T @ lean @ at.x, pull @ at.x)

    def _curvature(self, at: Implied, lean: np.ndarray, pull: np.ndarray) -> np.ndarray:
        """1/2 tr(M d2 Sigma) - (W gap)' d2 mu, from X'MX and X'W gap: what the bending of the moments adds."""
        q, v, na, ns = self.n_moment, self.v, self.na, self.ns
        gmg, gmc, e, c, at_pair = lean[:v, :v], lean[:v, v:], at.effects, at.full, self.pairs
        i, j = self.a
        out = np.zeros((q, q))
        out[:na, :na] = c[at_pair["jj"]] * gmg[at_pair["ii"]]
        if not self.nilpotent:
            # Else no effect leads back from where a path ends to where it begins.
            reach, back = e[at_pair["ji"]], gmc[at_pair["ij"]]
            lead = reach.T * pull[i] * at.eta[j][:, None]
            out[:na, :na] += (reach * back).T + reach * back - lead - lead.T
        cross = e[at_pair["jl"]] * gmg[at_pair["ik"]] + e[at_pair["jk"]] * gmg[at_pair["il"]]
        out[:na, na : na + ns] = cross * self.half
        if self.nm:
            out[:na, na + ns :] = -e[at_pair["jm"]] * pull[i][:, None]
        out[na:, :na] = out[:na, na:].T
        return out

    def scores(self, at: Implied, weight: np.ndarray, deviations: np.ndarray) -> np.ndarray:
        """Derivative of each respondent's log-likelihood by the free rows: n x positions.

        `deviations` are answers minus mu, 0 where missing; `weight` is then 0 in those rows and columns.
        """
        y = deviations @ (weight @ at.x)
        constant = (at.x.T @ weight @ at.x)[self.ui, self.vi]
        return y[:, self.ui] * (self.w * y[:, self.vi] + at.mean_slope) - self.w * constant

    def covariance_jacobian(self, at: Implied, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Derivative of sigma[rows, columns] by the free rows of A, S, m."""
        u, v = at.x[:, self.ui], at.x[:, self.vi] * self.w
        return u[rows] * v[columns] + v[rows] * u[columns]

    def slope_jacobian(self, at: Implied, rows: np.ndarray, column: int) -> np.ndarray:
        """Derivative of the total effects of one predictor on `rows` by the free rows of A, S, m."""
        out = np.zeros((len(rows), self.n_moment))
        i, j = self.a
        out[:, : self.na] = at.effects[np.ix_(rows, i)] * at.effects[j, column]
        return out

    def mean_jacobian(self, at: Implied) -> np.ndarray:
        """Derivative of mu by the free rows of A, S, m."""
        return at.x[:, self.ui] * at.mean_slope


def _stack_last(stack: np.ndarray) -> np.ndarray:
    """The axis of a stack moved to the end, so that picking entries copies whole runs; a matrix is left as it is."""
    return stack if stack.ndim == 2 else np.ascontiguousarray(np.moveaxis(stack, 0, -1))


def _averaged(share: np.ndarray | None, values: np.ndarray) -> np.ndarray:
    """The average by `share` over the last axis, that of a stack; a single array is left as it is."""
    return values if share is None else values @ share


def _matrix(row: Row) -> str:
    return {"=~": "A", "~": "A", "~~": "S", "~1": "M", "|": "T", "~*~": "D"}[row.op]
