"""A solved model together with its fit measures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from cxkit.sem.indices.baseline import baseline_test
from cxkit.sem.indices.corrections import Doubt, doubt, missing_answers
from cxkit.sem.indices.measures import all_measures
from cxkit.sem.sample.chi_square import Corrected
from cxkit.sem.solved import Solved


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(Solved):
    """What comparisons, variants and notes read: a solved model and how well it fits."""

    @property
    def _is_incomplete(self) -> bool:
        return self.df > 0 and self.settings["missing"] == "fiml"

    @cached_property
    def _as_if_complete(self) -> tuple[Corrected, Corrected | None]:
        """Chi-squares of model and baseline as if incomplete answers (FIML) were complete, for robust CFI and RMSEA."""
        return missing_answers(self)

    @cached_property
    def doubt(self) -> Doubt | None:
        """Why CFI, TLI and RMSEA of incomplete answers have no robust value; None where they have one."""
        if not self._is_incomplete:
            return None
        return doubt(self, *self._as_if_complete, baseline_test(self).df)

    @cached_property
    def measures(self) -> pd.Series:
        """All fit measures, by lavaan's names."""
        found = all_measures(self, self._as_if_complete if self._is_incomplete else None, self.doubt)
        return pd.Series(np.fromiter(found.values(), float, len(found)), index=_index_of(tuple(found)), name="value")


@lru_cache(maxsize=32)
def _index_of(names: tuple[str, ...]) -> pd.Index:
    """The index of measures, remembered: each estimator has the same ones every time."""
    return pd.Index(names)
