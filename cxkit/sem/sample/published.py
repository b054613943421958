"""Published covariances or correlations in place of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxkit.errors import ModelError, Problems, nearest
from cxkit.sem.sample.groups import GroupData, Sample
from cxkit.without_contents import without_contents

# How far from 1 the diagonal of printed correlations may be.
ROUNDED = 1e-4

# Cudeck (1989, https://doi.org/10.1037/0033-2909.105.2.317).
STANDARDISED = (
    "cor= without sd=: the correlations are analysed as if they were covariances. Estimates are those of standardised "
    "variables, but their standard errors (and chi-square, where parameters are held equal) are not. Give the standard "
    "deviations as sd=."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Published moments in place of answers: a covariance (or correlation and SDs), n and, if known, means.

    Parameters
    ----------
    cov, cor
        p x p table with variable names (DataFrame), or a matrix together with `names`. A covariance is taken to be
        computed with n - 1 and is rescaled by (n - 1)/n as `lavaan(sample.cov=)` does.
    n
        Number of respondents.
    mean, sd
        Means, and standard deviations that go with `cor`, in the same order (or a Series by name). With means the
        model has a mean structure, unless `meanstructure=False`, as `lavaan(sample.mean=)` does. Without `sd` all
        variables are standardised, which standard errors under ML do not know: fits then warn.
    """

    n: int
    cov: Any = None
    cor: Any = None
    sd: Any = None
    mean: Any = None
    names: Sequence[str] = ()

    __repr__ = without_contents

    def select(self, wanted: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Covariance and means of the wanted variables, in their order."""
        table = self.cov if self.cov is not None else self.cor
        if table is None:
            raise ModelError("Moments needs cov=, or cor= together with sd=.")
        names = [str(c) for c in (table.columns if hasattr(table, "columns") else self.names)]
        values = np.asarray(table, dtype=float)
        if values.shape != (len(names), len(names)):
            raise ModelError(
                f"Moments: the matrix is {' x '.join(map(str, values.shape))} but {len(names)} variables are named. "
                "Give a DataFrame with names, or names=[...] as well."
            )
        self._check(values, names, wanted)
        if self.cov is None:
            sd = self._along(self.sd, names, "sd") if self.sd is not None else np.ones(len(names))
            if not np.all(sd > 0):
                raise ModelError(f"Moments: standard deviations are positive; sd= holds {float(np.min(sd)):g}.")
            values = values * np.outer(sd, sd)
        pick = [names.index(name) for name in wanted]
        mean = None if self.mean is None else self._along(self.mean, names, "mean")[pick]
        return values[np.ix_(pick, pick)] * (self.n - 1) / self.n, mean

    def _along(self, values: Any, names: list[str], what: str) -> np.ndarray:
        picked = [values[name] for name in names] if hasattr(values, "keys") else values
        array = np.asarray(picked, dtype=float).ravel()
        if array.size != len(names):
            raise ModelError(f"Moments: {what} has {array.size} entries for {len(names)} variables.")
        return array

    def _check(self, values: np.ndarray, names: list[str], wanted: Sequence[str]) -> None:
        problems = Problems("Moments")
        if self.cov is not None and (self.cor is not None or self.sd is not None):
            problems.add("cov= together with cor= or sd=", remedy="give the covariances alone, or cor= with sd=")
        size = self.n if isinstance(self.n, int | float | np.number) else float("nan")
        if not (np.isfinite(size) and float(size).is_integer()):
            problems.add(f"n is {self.n!r}", remedy="n is the number of respondents, a whole number")
        elif size <= len(wanted):
            problems.add(f"{self.n} respondents for {len(wanted)} items", remedy="use fewer items")
        if self.cov is None and np.abs(np.diag(values) - 1).max(initial=0.0) > ROUNDED:
            largest = float(np.diag(values)[np.argmax(np.abs(np.diag(values) - 1))])
            problems.add(
                f"cor= has {largest:g} on its diagonal, where correlations have 1",
                remedy="covariances are given as cov=",
            )
        for name in wanted:
            if name not in names:
                problems.add(f"the model speaks of '{name}', which the matrix does not hold.{nearest(name, names)}")
        if not np.all(np.isfinite(values)):
            problems.add("the matrix has empty or infinite cells")
        elif np.max(np.abs(values - values.T)) > 1e-6 * np.max(np.abs(values)):
            problems.add("the matrix is not symmetric")
        elif np.linalg.eigvalsh(values)[0] <= 0:
            problems.add("the matrix is not positive definite", remedy="look for a misprint, or pairwise deletion")
        if problems:
            problems.raise_as(ModelError)


def read_moments(data: Moments | Sequence[Moments], names: Sequence[str]) -> Sample:
    """Moments in place of answers, one per group."""
    parts = [data] if isinstance(data, Moments) else list(data)
    groups, means = [], []
    for i, part in enumerate(parts):
        cov, mean = part.select(names)
        means.append(mean is not None)
        filled = np.zeros(len(names)) if mean is None else mean
        label = str(i + 1) if len(parts) > 1 else ""
        groups.append(GroupData(label=label, names=tuple(names), n=int(part.n), mean=filled, cov=cov))
    warnings = (STANDARDISED,) if any(part.cov is None and part.sd is None for part in parts) else ()
    return Sample(groups=tuple(groups), n_dropped=0, labels=tuple(g.label for g in groups), has_means=all(means),
                  warnings=warnings)  # fmt: skip
