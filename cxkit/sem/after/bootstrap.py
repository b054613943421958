"""How far would the estimates move with other respondents? Resampling with refits from warm starts.

Under maximum likelihood with complete answers all resamples are fitted at once, as one stack of small matrices; other
estimators refit one by one, over all cores.
"""

from __future__ import annotations

import html
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from cxkit.errors import ModelError
from cxkit.one_thread import in_one_thread
from cxkit.sem.options import check_choice, check_count, check_level
from cxkit.sem.search.discrepancy import MaximumLikelihood
from cxkit.sem.search.model import GroupModel
from cxkit.sem.solved import Solved

BLOCK = 250
MOST_STEPS = 60
MOST_LOST = 0.05
"""Share of resamples without an end, up to which the others stand for all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap:
    """Bootstrap distribution of all parameters.

    Attributes
    ----------
    frame
        lhs op rhs group label est se bias ci_low ci_high; `se` is the standard deviation over resamples.
    replicates
        resamples x parameters, in the order of the frame.
    n, n_failed
        Resamples that converged, and those that did not (left out).
    seed, ci, level
        How it was made: the same seed gives the same resamples on every machine and any number of cores.
    """

    frame: pd.DataFrame
    replicates: np.ndarray
    n: int
    n_failed: int
    seed: int
    ci: str
    level: float

    @property
    def text(self) -> str:
        """One sentence fit for a report."""
        failed = f" ({self.n_failed} did not converge)" if self.n_failed else ""
        told = f"{self.level:.0%} {self.ci} intervals from {self.n} bootstrap resamples{failed}, seed {self.seed}."
        if self.n_failed <= MOST_LOST * (self.n + self.n_failed):
            return told
        return f"{told} So many did not converge that the others do not stand for all: do not rely on the intervals."

    def __str__(self) -> str:
        return f"{self.frame.to_string(index=False, float_format=lambda v: f'{v:.3f}', na_rep='')}\n\n{self.text}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        table = self.frame.to_html(index=False, float_format=lambda v: f"{v:.3f}", na_rep="", border=0)
        return f"{table}\n<p>{html.escape(self.text)}</p>"


@in_one_thread
def bootstrap(
    fit: Solved, n: int = 1000, *, seed: int = 1, ci: str = "percentile", level: float = 0.95, progress: bool = False,
    workers: int | None = None,
) -> Bootstrap:  # fmt: skip
    """Resample respondents within groups and refit the model.

    Parameters
    ----------
    n
        Number of resamples.
    ci
        "percentile", or "bca": bias-corrected and accelerated (Efron, 1987), the acceleration from each respondent's
        influence on the estimate.
    workers
        Processes for estimators that refit one by one; default all cores.

    Notes
    -----
    As R's `sem(..., se = "bootstrap")` with `parameterEstimates(boot.ci.type = "perc")`; random numbers differ.
    """
    n, seed = check_count("n", n, 2), check_count("seed", seed, 0)
    workers = None if workers is None else check_count("workers", workers)
    _check(fit, ci, level)
    draws = _resamples(fit, n, seed)
    if _stackable(fit):
        z, good = _stacked(fit, draws, progress)
    else:
        z, good = _one_by_one(fit, draws, progress, workers)
    z = z[good]
    if len(z) < 2:
        raise ModelError(f"Only {len(z)} of {n} bootstrap resamples converged. The model is too large for these data.")
    point = fit.row_table.plain(fit.solution.z)
    replicates = fit.row_table.plain(z)
    with np.errstate(over="ignore", invalid="ignore"):  # a defined parameter may grow beyond all numbers
        low, high = _intervals(fit, point, replicates, ci, level)
        spread, bias = replicates.std(axis=0, ddof=1), replicates.mean(axis=0) - point
    columns = {"est": point, "se": spread, "bias": bias, "ci_low": low, "ci_high": high}
    frame = pd.DataFrame({**fit._row_names(), **columns})
    return Bootstrap(frame=frame, replicates=replicates, n=len(z), n_failed=n - len(z), seed=seed, ci=ci, level=level)


def _check(fit: Solved, ci: str, level: float) -> None:
    check_choice("bootstrap() does not know ci", ci, ("percentile", "bca"))
    check_level("level", level)
    if any(group.answers is None for group in fit.sample.groups):
        raise ModelError("The bootstrap needs the answers; this model was fitted to published moments.")
    if fit.settings["cluster"] or fit.settings["weights"]:
        raise ModelError(
            "The bootstrap of clustered or weighted answers is not covered; use the robust standard errors."
        )


def _resamples(fit: Solved, n: int, seed: int) -> list[np.ndarray]:
    """For each group an n x respondents table of drawn rows."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, group.n, size=(n, group.n), dtype=np.int32) for group in fit.sample.groups]


def _stackable(fit: Solved) -> bool:
    return all(isinstance(part, MaximumLikelihood) for part in fit.frame.objective.parts) and not fit.table.inequalities


def _stacked(fit: Solved, draws: list[np.ndarray], progress: bool) -> tuple[np.ndarray, np.ndarray]:
    count = len(draws[0])
    out, good = np.tile(fit.solution.z, (count, 1)), np.zeros(count, dtype=bool)
    for start in _steps(range(0, count, BLOCK), progress):
        block = slice(start, min(start + BLOCK, count))
        groups = [_StackedGroup(fit, g, rows[block]) for g, rows in enumerate(draws)]
        out[block], good[block] = _fisher(fit, groups)
    # The few resamples on which scoring crawls are searched with a line search, and once more by another method.
    for k in np.flatnonzero(~good):
        out[[k]], good[[k]] = _refit_all((fit, [rows[[k]] for rows in draws]))
    return out, good


def _steps(steps: Any, progress: bool) -> Any:
    if not progress:
        return steps
    from tqdm.auto import tqdm

    return tqdm(steps, desc="bootstrap")


class _StackedGroup:
    """Moments of one group in many resamples, and the discrepancy at as many parameter vectors."""

    def __init__(self, fit: Solved, group: int, rows: np.ndarray) -> None:
        part: Any = fit.frame.objective.parts[group]
        self.model: GroupModel = part.model
        self.means = part.means
        self.share = fit.frame.objective.shares[group]
        answers = part.data.centred
        size, p = answers.shape
        counts = np.stack([np.bincount(row, minlength=size) for row in rows]).astype(float) / size
        first = counts @ answers
        pairs = (answers[:, :, None] * answers[:, None, :]).reshape(size, p * p)
        self.mean = first + part.data.mean
        self.cov = (counts @ pairs).reshape(-1, p, p) - first[:, :, None] * first[:, None, :]
        self.s0, self.m0 = self._exogenous(len(rows))

    def _exogenous(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Fixed values; those taken from the data follow the resample."""
        s0, m0 = np.tile(self.model.s0, (count, 1, 1)), np.tile(self.model.m0, (count, 1))
        for row in self.model.all_rows:
            if row.exogenous:
                i, j = self.model.cell(row)
                if row.op == "~~":
                    s0[:, i, j] = s0[:, j, i] = self.cov[:, i, j]
                else:
                    m0[:, i] = self.mean[:, i]
        return s0, m0

    def evaluate(self, z: np.ndarray, on: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Discrepancy, gradient and expected information by z for the resamples `on`."""
        model = self.model
        theta = z @ model.basis.T + model.offset
        a, s, m = model.matrices(theta, self.s0[on], self.m0[on])
        effects = np.linalg.inv(np.eye(model.v) - a)
        full = effects @ s @ np.swapaxes(effects, 1, 2)
        eta = (effects @ m[:, :, None])[:, :, 0]
        p = model.p
        x = np.concatenate([effects[:, :p], full[:, :p]], axis=2)
        xt = np.swapaxes(x, 1, 2)
        sigma = full[:, :p, :p]
        with np.errstate(invalid="ignore"):
            sign, logdet = np.linalg.slogdet(sigma)
        weight = _inverses(sigma)
        scatter = self.cov[on]
        value = logdet + np.einsum("bij,bji->b", weight, scatter)
        q = len(model.ui)
        slope = np.concatenate([eta[:, model.a[1]], np.zeros((len(z), model.ns)), np.ones((len(z), model.nm))], axis=1)
        pull = np.zeros((len(z), q))
        lean = weight - weight @ scatter @ weight
        if self.means:
            gap = self.mean[on] - eta[:, :p]
            wd = (weight @ gap[:, :, None])[:, :, 0]
            value += np.einsum("bi,bi->b", wd, gap)
            lean = lean - wd[:, :, None] * wd[:, None, :]
            pull = slope * (xt @ wd[:, :, None])[:, model.ui, 0]
        gradient = model.w * (xt @ lean @ x)[:, model.ui, model.vi] - pull
        xwx = xt @ weight @ x
        u, v = xwx[:, model.ui], xwx[:, model.vi]
        uu, vv, uv = u[:, :, model.ui], v[:, :, model.vi], u[:, :, model.vi]
        information = np.outer(model.w, model.w) * (uu * vv + uv * np.swapaxes(uv, 1, 2))
        information += slope[:, :, None] * slope[:, None, :] * uu
        value = np.where(sign > 0, 0.5 * value, np.inf)
        k = model.basis
        return self.share * value, self.share * (gradient @ k), self.share * (k.T @ information @ k)


def _fisher(fit: Solved, groups: list[_StackedGroup]) -> tuple[np.ndarray, np.ndarray]:
    """Fisher scoring on all resamples at once; each leaves the stack when it has converged."""
    count = len(groups[0].cov)
    z = np.tile(fit.solution.z, (count, 1))
    good = np.zeros(count, dtype=bool)
    on = np.arange(count)
    best, length, step = np.full(count, np.inf), np.ones(count), np.zeros_like(z)
    for _ in range(MOST_STEPS):
        parts = [group.evaluate(z[on], on) for group in groups]
        value, gradient, information = (np.sum([part[k] for part in parts], axis=0) for k in range(3))
        worse = ~(value <= best[on] + 1e-10)
        back, forth = on[worse], on[~worse]
        length[back] /= 2
        z[back] -= step[back] * length[back, None]
        best[forth], length[forth] = value[~worse], 1.0
        try:
            move = -np.linalg.solve(information[~worse], gradient[~worse][:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            break
        decrement = -np.einsum("bi,bi->b", gradient[~worse], move)
        step[forth] = move
        z[forth] += move
        good[forth[decrement < 1e-12]] = True
        on = on[~good[on]]
        if not len(on):
            break
    return z, good


def _one_by_one(
    fit: Solved, draws: list[np.ndarray], progress: bool, workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    count = len(draws[0])
    cores = min(workers or os.cpu_count() or 1, count)
    pieces = np.array_split(np.arange(count), max(cores * 4, 1)) if cores > 1 else [np.arange(count)]
    jobs = [(fit, [rows[piece] for rows in draws]) for piece in pieces if len(piece)]
    if cores == 1:
        results = [_refit_all(job) for job in _steps(jobs, progress)]
    else:
        with ProcessPoolExecutor(cores) as pool:
            results = list(_steps(pool.map(_refit_all, jobs), progress))
    z = np.concatenate([part for part, _ in results])
    return z, np.concatenate([flags for _, flags in results])


@in_one_thread
def _refit_all(job: tuple[Solved, list[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    fit, draws = job
    out, good = np.tile(fit.solution.z, (len(draws[0]), 1)), np.zeros(len(draws[0]), dtype=bool)
    for k in range(len(out)):
        try:
            out[k] = _refit(fit, [rows[k] for rows in draws])
            good[k] = True
        except (ModelError, np.linalg.LinAlgError):
            continue
    return out, good


def _refit(fit: Solved, rows: list[np.ndarray]) -> np.ndarray:
    from cxkit.sem.ordinal.sample import with_ordinal
    from cxkit.sem.sample.answers import regroup
    from cxkit.sem.search.discrepancy import Objective
    from cxkit.sem.search.estimation import RESAMPLE, minimise
    from cxkit.sem.search.objectives import parts_for

    groups = tuple(regroup(group, part) for group, part in zip(fit.sample.groups, rows, strict=True))
    sample = replace(fit.sample, groups=groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if fit.settings["ordered"]:
            sample = with_ordinal(sample, fit.settings["ordered"], fit.table.variables.exogenous)
    for ours, theirs in zip(sample.groups, fit.sample.groups, strict=True):
        lost = [name for name, cuts in theirs.thresholds.items() if len(ours.thresholds[name]) != len(cuts)]
        if lost:
            raise ModelError(f"A category of '{lost[0]}' was drawn for nobody.")
    models = []
    for g, model in enumerate(fit.models):
        fresh = GroupModel(fit.table, g, fit.settings["ordered"])
        exogenous = [replace(row) for row in model.all_rows]
        for row in exogenous:
            if row.exogenous:
                i = groups[g].names.index(row.lhs)
                row.fixed = float(groups[g].cov[i, groups[g].names.index(row.rhs)] if row.rhs else groups[g].mean[i])
        fresh.fill(exogenous)
        models.append(fresh)
    objective = Objective(parts_for(models, fit.frame.spaces, sample, fit.frame.estimator, dict(fit.settings)))
    return minimise(objective, fit.solution.z, 1e-10, RESAMPLE).z


def _inverses(stack: np.ndarray) -> np.ndarray:
    """The inverse of every matrix; NaN where there is none, so that one resample does not end all others."""
    try:
        return np.linalg.inv(stack)
    except np.linalg.LinAlgError:
        out = np.full_like(stack, np.nan)
        for k, matrix in enumerate(stack):
            try:
                out[k] = np.linalg.inv(matrix)
            except np.linalg.LinAlgError:
                continue
        return out


def _intervals(
    fit: Solved, point: np.ndarray, replicates: np.ndarray, ci: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if ci == "percentile":
        low, high = np.quantile(replicates, tails, axis=0)
        return low, high
    share = np.clip((replicates < point).mean(axis=0), 0.5 / len(replicates), 1 - 0.5 / len(replicates))
    bias = ndtri(share)
    pull = _acceleration(fit)
    reach = bias + ndtri(tails)[:, None]
    at = ndtr(bias + reach / (1 - pull * reach))
    bounds = [[np.quantile(column, q) for column, q in zip(replicates.T, row, strict=True)] for row in at]
    still = replicates.std(axis=0) == 0
    return np.where(still, point, bounds[0]), np.where(still, point, bounds[1])


def _acceleration(fit: Solved) -> np.ndarray:
    """Skewness of the respondents' influence on each parameter, over 6; 0 where there are no casewise scores."""
    from cxkit.sem.inference.standardised import STEP

    parts = fit.frame.objective.parts
    if not all(hasattr(part, "scores") for part in parts):
        return np.zeros(len(fit.row_table.rows) + len(fit.table.definitions))
    pairs = zip(parts, fit.frame.states, strict=True)
    scores = np.concatenate([p.data.by_unit(p.scores(state)) @ p.model.basis for p, state in pairs])
    z = fit.solution.z
    jacobian = np.imag(fit.row_table.plain(z + 1j * STEP * np.eye(len(z)))) / STEP
    influence = scores @ fit.frame.bread_inverse @ jacobian
    largest = np.abs(influence).max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = influence / largest  # skewness has no unit, and squares of large units overflow
        square = (influence**2).sum(0)
        return np.where((largest > 0) & np.isfinite(largest), (influence**3).sum(0) / (6 * square**1.5), 0.0)
