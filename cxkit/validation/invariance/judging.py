"""When does a level of invariance hold? One rule, and one error rate for all dimensions and levels of a report.

Continuous answers: a level does not hold where its chi-square difference is significant and CFI falls by Chen's (2007)
cut-off or more. The test keeps chance out, which CFI alone does not in small groups (docs/invariance.md tells how often
it finds differences where there are none); CFI keeps out what is significant and hardly matters in large ones.

Ordered answers: the scaled and shifted difference alone. No cut-off for CFI, RMSEA or SRMR was derived for WLSMV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxkit.errors import ModelError
from cxkit.results.thresholds import CHEN_LARGE, CHEN_SMALL, DIFFERENCE_HOLM, ChangeCutoffs, Cutoff
from cxkit.sem.after.comparison import Comparison
from cxkit.sem.fit import Fit
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm

SMALL_TOTAL = 300
UNEQUAL = 1.5
NO_DF = "cannot be tested (0 df)"
NOT_JUDGED = "cannot be judged"
UNJUDGED_STRUCTURE = "not judged"
"""The verdict on the configural level of ordered answers."""
DIFFERENCE_TESTS: Mapping[str, tuple[str, str]] = {
    "standard": ("chi-square difference test", ""),
    "satorra.bentler.2001": ("scaled chi-square difference test of Satorra & Bentler (2001)", "satorra2001"),
    "satorra.bentler.2010": ("scaled chi-square difference test of Satorra & Bentler (2010)", "satorra2010"),
    "satorra.2000": ("scaled and shifted (mean and variance adjusted) chi-square difference test of Satorra (2000)",
                     "satorra2000"),
}  # fmt: skip
"""What `compare()` calls a test, in words, and its source."""


def chosen_cutoffs(sizes: Sequence[int]) -> ChangeCutoffs:
    """Chen's cut-offs for these group sizes.

    The strict ones apply to 300 respondents or fewer, and to groups of unequal size. Chen gives no number for
    "unequal"; here it is more than 1.5 times as many in the largest group as in the smallest.
    """
    strict = sum(sizes) <= SMALL_TOTAL or max(sizes) > UNEQUAL * min(sizes)
    return CHEN_SMALL if strict else CHEN_LARGE


def difference(below: Fit, fit: Fit) -> Comparison:
    """The chi-square difference; by Satorra & Bentler (2010) where their test of 2001 comes out negative.

    Raises
    ------
    ModelError
        If the model that holds more equal has fewer degrees of freedom: then it is not a restriction of the other.
    """
    if fit.df < below.df:
        raise ModelError(
            f"it holds more equal and has fewer degrees of freedom ({fit.df}) than the model that it is compared with "
            f"({below.df}), so that the two are not nested and nothing can be tested."
        )
    found = below.compare(fit)
    if np.isnan(found.chisq_diff) and found.method == "satorra.bentler.2001":
        return below.compare(fit, "satorra.bentler.2010")
    return found


@dataclass(frozen=True, kw_only=True)
class Family:
    """The tests that share one error rate: each level of each dimension against the level below, nothing let go.

    Attributes
    ----------
    tests
        How many there are.
    adjusted
        Their p-values by Holm's method, in the order in which they were given; NaN where there is no test.
    """

    tests: int
    adjusted: tuple[float, ...]

    @property
    def multiplier(self) -> int:
        """What p is multiplied by once Holm's method has set aside all it rejects: for tests after a release."""
        return max(self.tests - sum(p < FAMILY_ERROR for p in self.adjusted), 1)

    def later(self, p: float) -> float:
        """The adjusted p of a test that the ladder comes to after a release.

        Such tests are made only where the family rejects, so that without any difference they cost no error.
        """
        return float(np.minimum(p * self.multiplier, 1.0))  # NaN stays NaN


def family_of(p_values: Sequence[float]) -> Family:
    """One error rate over these tests. R: `p.adjust(p, "holm")`."""
    values = np.array(p_values, dtype=float)
    return Family(tests=int(np.isfinite(values).sum()), adjusted=tuple(map(float, holm(values))))


def judged(level: str, changes: Mapping[str, float], cutoffs: ChangeCutoffs) -> list[tuple[str, tuple[Cutoff, float]]]:
    """Each index with its cut-off and how much worse it has become."""
    srmr = cutoffs.srmr_loadings if level in ("thresholds", "metric") else cutoffs.srmr
    return [
        ("cfi", (cutoffs.cfi, -changes["cfi"])),
        ("rmsea", (cutoffs.rmsea, changes["rmsea"])),
        ("srmr", (srmr, changes["srmr"])),
    ]


def verdict_of(
    level: str, test: Comparison, p_adjusted: float, changes: Mapping[str, float], cutoffs: ChangeCutoffs | None, *,
    is_partial: bool,
) -> tuple[bool, str]:  # fmt: skip
    """Whether the level holds, and the verdict in words; without cut-offs (ordered answers) the test decides alone."""
    if test.df_diff == 0:
        return True, NO_DF
    if np.isnan(p_adjusted):
        return False, NOT_JUDGED
    crossed = {"χ²": p_adjusted < FAMILY_ERROR}
    if cutoffs is not None:
        for name, (cutoff, value) in judged(level, changes, cutoffs):
            crossed[name.upper()] = bool(value >= cutoff.bands[-1][0])
    # An index that is not known cannot show that a significant difference is a small one.
    is_large = crossed.get("CFI", True) or np.isnan(changes["cfi"])
    holds = not (crossed["χ²"] and is_large)
    other = [name for name, is_crossed in crossed.items() if is_crossed == holds]
    word = "holds in part" if is_partial else "holds"
    return holds, f"{word if holds else 'does not hold'}{_against(other)}"


def _against(names: Sequence[str]) -> str:
    """Which of the figures say otherwise."""
    if not names:
        return ""
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"; {listed} disagree{'s' if len(names) == 1 else ''}"


def is_significant(p_adjusted: float) -> bool:
    """Whether the difference is told from chance at the error rate of the report."""
    return not np.isnan(p_adjusted) and p_adjusted < DIFFERENCE_HOLM.bands[-1][0]
