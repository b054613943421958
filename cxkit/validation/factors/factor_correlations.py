"""How do the factors of an exploratory solution correlate? Their table, in the order of the loadings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.results import figures, tables
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.validation.factors.extraction import ROTATION_REPEATS_TO


@dataclass(frozen=True, eq=False, kw_only=True)
class FactorCorrelations(Result):
    """A row a factor: factor, and its correlation with each of them (factor_1, factor_2, ...)."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Exploratory factor analysis: how the factors correlate"
    repeats_to: ClassVar[float] = ROTATION_REPEATS_TO

    @property
    def values(self) -> np.ndarray:
        """The correlations alone: factors by factors."""
        return self.frame.drop(columns="factor").to_numpy(dtype="float64")

    @property
    def text(self) -> str:
        """The two factors that correlate most."""
        r = self.values
        if len(r) == 1:
            return "There is one factor, and so no correlation of factors."
        below = np.tril(np.abs(r), -1)
        if not below.any():
            return "The rotation keeps the factors uncorrelated."
        a, b = divmod(int(below.argmax()), len(r))
        return f"F{b + 1} and F{a + 1} correlate most, {TWO_DIGITS(float(r[a, b]))}."

    @property
    def table(self) -> pd.DataFrame:
        """The lower half: the upper one repeats it."""
        printed = tables.printed(self.frame)
        above = np.triu(np.ones(self.values.shape, dtype=bool), 1)
        printed.iloc[:, 1:] = printed.iloc[:, 1:].mask(above, "")
        return printed

    @property
    def figure_size(self) -> tuple[float, float]:
        """Square, growing with the factors."""
        side = 1.6 + 0.5 * max(len(self.frame), 3)
        return side + 1.0, side

    def draw(self, axes: Axes) -> None:
        """The correlations as colours and numbers."""
        r = self.values
        figures.heat_map(axes, r, np.vectorize(TWO_DIGITS, otypes=[object])(r), limit=1.0)
        places = np.arange(len(r)) + 0.5
        axes.set_yticks(places, self.frame["factor"], rotation=0)
        axes.set_xticks(places, self.frame["factor"])
