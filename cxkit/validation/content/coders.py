"""Do people who sort the same things into categories, such as comments into themes, agree beyond chance?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit.errors import EXAMPLES_SHOWN, AnalysisError, counted
from cxkit.results import figures, rounding
from cxkit.results.options import check_choice, check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import KAPPA_LANDIS, KRIPPENDORFF, Verdicts, judge
from cxkit.statistics.agreement import (
    SCALES,
    Counts,
    Estimate,
    Scale,
    Weighting,
    agreement_weights,
    cohen_kappa,
    counted_codes,
    fleiss_kappa,
    gwet_coefficient,
    krippendorff_alpha,
    percent_agreement,
    resampled_alpha,
)
from cxkit.survey.survey import SHORT_HASH, DataStamp, natural_order
from cxkit.validation.content.weighting import quantiles

ALPHA = "Krippendorff's alpha"
KAPPA = "Cohen's kappa"
HIGH_AGREEMENT, LOW_KAPPA = 0.80, 0.40
"""Agreement from the first on with a kappa below the second: the paradox of one category that is nearly always used."""

_THREE = rounding.fixed(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class CoderAgreement(Result):
    """Coefficients of agreement. n counts units that two coders coded; the commonest code has the share `most_used`."""

    coders: int
    most_used: float

    title: ClassVar[str] = "Agreement of coders"
    cites: ClassVar[tuple[str, ...]] = (
        "cohen1960", "cohen1968", "fleiss1969", "fleiss1971", "gwet2008", "hayes2007",
    )  # fmt: skip
    shown: ClassVar[tuple[str, ...]] = ("coefficient", "weights", "value", "ci_low..ci_high")

    @property
    def origin(self) -> str:
        """How many units and coders."""
        left = f", {self.n_dropped:,} coded by fewer left out" if self.n_dropped else ""
        units = counted(self.n, "unit")
        who = "both coders" if self.coders == 2 else f"at least two of {self.coders} coders"
        synthetic = "Synthetic data. " if self.data.synthetic else ""
        return f"{synthetic}n = {units} that {who} coded{left}. Codes: {self.data}."

    @property
    def text(self) -> str:
        """Raw agreement, alpha, and a word where a kappa is low because one category rules."""
        rows = self.frame.set_index(["coefficient", "weights"])["value"]
        raw = float(rows["Percent agreement", ""])
        words = f"Coders give the same code in {rounding.share(raw)} of all pairs."
        alpha = self.frame[self.frame["coefficient"] == ALPHA].iloc[0]
        if np.isnan(alpha["value"]):
            return f"{words} There is no coefficient: all codes are the same, so that chance alone would agree as well."
        interval = "" if np.isnan(alpha["ci_low"]) else (
            f", {self.level} interval {KRIPPENDORFF.shown(alpha['ci_low'], 3)} to {_THREE(alpha['ci_high'])}"
        )  # fmt: skip
        verdict = f"{KRIPPENDORFF.verdict(alpha['value'])} ({cite(KRIPPENDORFF.source)})"
        below = KRIPPENDORFF.reaching_down(alpha["value"], alpha["ci_low"])
        value = KRIPPENDORFF.shown(alpha["value"], 3)
        words += f" {ALPHA} ({alpha['weights']}) is {value}{interval}: {verdict}{below}."
        kappa, ac1 = float(rows["Fleiss' kappa", ""]), float(rows["Gwet's AC1", ""])
        if raw >= HIGH_AGREEMENT and kappa < LOW_KAPPA:
            words += (
                f" Agreement is high and kappa low ({TWO_DIGITS(kappa)}) because one category takes "
                f"{rounding.share(self.most_used)} of all codes; Gwet's AC1 is {TWO_DIGITS(ac1)}. Say both."
            )
        return words

    @property
    def alt(self) -> str:
        """Every coefficient with its interval."""
        return f"Coefficients of agreement: {'; '.join(_words(row) for _, row in self.frame.iterrows())}."

    def draw(self, axes: Axes) -> None:
        """Each coefficient with its interval."""
        rows = self.frame.dropna(subset="value")
        heights = figures.rows(axes, [_name(row) for _, row in rows.iterrows()])
        figures.intervals(axes, heights, *(rows[name].to_numpy() for name in ("value", "ci_low", "ci_high")))
        lowest = float(np.nanmin(rows[["value", "ci_low"]].to_numpy(), initial=0.0))
        axes.set_xlim(lowest - 0.03, 1.03)
        axes.set_xlabel(f"Agreement (0: as by chance, 1: complete), with {self.level} interval")


def _name(row: pd.Series) -> str:
    return f"{row['coefficient']}, {row['weights']}" if row["weights"] else str(row["coefficient"])


def _words(row: pd.Series) -> str:
    if np.isnan(row["value"]):
        return f"{_name(row)} does not exist"
    interval = "" if np.isnan(row["ci_low"]) else f" ({TWO_DIGITS(row['ci_low'])} to {TWO_DIGITS(row['ci_high'])})"
    return f"{_name(row)} {TWO_DIGITS(row['value'])}{interval}"


def coder_agreement(
    codes: pd.DataFrame,
    *,
    scale: Scale = "nominal",
    categories: Sequence[object] | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 1,
    name: str = "codes",
    synthetic: bool = False,
) -> CoderAgreement:
    """How far do coders agree beyond chance, by the coefficients that journals ask for?

    A coder may leave units out (NaN or None). Cohen's kappa needs two coders and the units that both coded; the others
    take any number, agreement from units with two codes, and how common a category is from all of them.

    Parameters
    ----------
    codes
        A row a unit, a column a coder; cells are numbers or words.
    scale
        "nominal" for categories without order; "ordinal", "interval" or "ratio" add weighted coefficients, for which
        a near miss counts less than a far one.
    categories
        All categories that could be used, in order: needed for ordered words; those that occur, sorted, where None.
    confidence
        Probability of the intervals.
    resamples, seed
        How many samples of units the interval of Krippendorff's alpha rests on, and their seed.
    name, synthetic
        What to call the codes in results, and whether they are made up.

    Returns
    -------
    CoderAgreement
        A row a coefficient: coefficient, weights (how near misses count; "" where not at all), value, se, ci_low,
        ci_high. Cohen's kappa has a normal interval, Fleiss' kappa and Gwet's AC one from the t distribution (both cut
        off at 1), Krippendorff's alpha one from resampled units.

    Raises
    ------
    AnalysisError
        If there are fewer than two coders or no unit with two codes, a code is not among the categories, or words are
        said to be an interval or ratio scale.

    Notes
    -----
    Agrees with R's `psych::cohen.kappa(x)`, `irrCAC::fleiss.kappa.raw(x)`, `irrCAC::gwet.ac1.raw(x, weights)`, and in
    Krippendorff's alpha with Krippendorff's own example. Weighted kappa's interval follows Fleiss, Cohen & Everitt
    (1969), from which psych's differs.
    """
    check_choice("scale", scale, SCALES)
    check_options(confidence=confidence, resamples=resamples, seed=seed, synthetic=synthetic)
    if codes.shape[1] < 2:
        raise AnalysisError(f"Agreement needs two coders; '{name}' has {counted(codes.shape[1], 'column')}.")
    numbers, values = _numbered(codes, scale, categories, name)
    counts = counted_codes(numbers, values)
    if not counts.pairable.any():
        raise AnalysisError(f"In '{name}' no unit was coded by two coders, so nothing can be said of agreement.")
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [
            *_kappas(numbers, counts, scale, confidence),
            _alpha(counts, scale, confidence, resamples, rng),
        ]
    )
    return CoderAgreement(
        frame=frame,
        n=int(counts.pairable.sum()),
        n_dropped=len(codes) - int(counts.pairable.sum()),
        coders=codes.shape[1],
        most_used=float(counts.table.sum(axis=0).max() / counts.table.sum()),
        settings={"scale": scale, "confidence": confidence, "resamples": resamples, "seed": seed},
        data=_stamp(codes, name, synthetic),
        verdicts=_verdicts(frame),
    )


def _numbered(
    codes: pd.DataFrame, scale: Scale, categories: Sequence[object] | None, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """The codes as numbers, and the values of the categories: themselves if they are numbers, else their places."""
    cells = codes.to_numpy(dtype="object")
    given = ~pd.isna(cells)
    used = list(dict.fromkeys(cells[given]))
    listed = _in_order(used) if categories is None else list(categories)
    unknown = [str(code) for code in used if code not in listed]
    if unknown:
        shown = ", ".join(f"'{code}'" for code in unknown[:EXAMPLES_SHOWN])
        raise AnalysisError(f"In '{name}' {counted(len(unknown), 'code')} not among the categories: {shown}.")
    are_numbers = all(isinstance(c, int | float | np.integer | np.floating) for c in listed)
    if scale in ("interval", "ratio") and not are_numbers:
        raise AnalysisError(f"scale='{scale}' takes numbers; '{name}' holds words. Use 'ordinal' or 'nominal'.")
    if scale == "ordinal" and not are_numbers and categories is None:
        raise AnalysisError(f"'{name}' holds words; say their order: categories=['low', 'middle', 'high'].")
    values = np.asarray(listed, dtype="float64") if are_numbers else np.arange(len(listed), dtype="float64")
    value_of = dict(zip(listed, values, strict=True))
    numbers = np.full(cells.shape, np.nan)
    numbers[given] = [value_of[code] for code in cells[given]]
    return numbers, values


def _in_order(used: list[object]) -> list[object]:
    if all(isinstance(code, int | float | np.integer | np.floating) for code in used):
        return sorted(used, key=float)  # type: ignore[arg-type]
    return sorted(used, key=lambda code: natural_order(str(code)))


def _kappas(numbers: np.ndarray, counts: Counts, scale: Scale, confidence: float) -> list[dict[str, object]]:
    """Raw agreement and every coefficient but Krippendorff's, weighted ones where the categories have an order."""
    schemes: tuple[Weighting, ...] = ("identity",) if scale == "nominal" else ("identity", "linear", "quadratic")
    z = float(stats.norm.ppf((1 + confidence) / 2))
    t = float(stats.t.ppf((1 + confidence) / 2, len(counts.table) - 1)) if len(counts.table) > 1 else np.nan
    plain = agreement_weights(counts.values, "identity")
    rows = [_row("Percent agreement", "", Estimate(percent_agreement(counts, plain), np.nan), np.nan)]
    for scheme in schemes:
        weights, called = agreement_weights(counts.values, scheme), "" if scheme == "identity" else scheme
        if numbers.shape[1] == 2:
            rows.append(_row(KAPPA, called, cohen_kappa(numbers, counts.values, weights), z))
        if scheme == "identity":
            rows.append(_row("Fleiss' kappa", called, fleiss_kappa(counts, weights), t))
        gwet = "Gwet's AC2" if called else "Gwet's AC1"
        rows.append(_row(gwet, called, gwet_coefficient(counts, weights), t))
    return rows


def _row(coefficient: str, weights: str, found: Estimate, multiple: float) -> dict[str, object]:
    return {
        "coefficient": coefficient,
        "weights": weights,
        "value": found.value,
        "se": found.se,
        "ci_low": max(found.value - multiple * found.se, -1.0) if np.isfinite(multiple * found.se) else np.nan,
        "ci_high": min(found.value + multiple * found.se, 1.0) if np.isfinite(multiple * found.se) else np.nan,
    }


def _alpha(
    counts: Counts, scale: Scale, confidence: float, resamples: int, rng: np.random.Generator
) -> dict[str, object]:
    drawn = resampled_alpha(counts, scale, resamples=resamples, rng=rng)
    low, high = quantiles(drawn[:, None], confidence)
    known = drawn[~np.isnan(drawn)]
    return {
        "coefficient": ALPHA,
        "weights": scale,
        "value": krippendorff_alpha(counts, scale),
        "se": float(known.std(ddof=1)) if len(known) > 1 else np.nan,
        "ci_low": float(low[0]),
        "ci_high": float(high[0]),
    }


def _verdicts(frame: pd.DataFrame) -> Verdicts:
    kappas = frame[frame["coefficient"].isin([KAPPA, "Fleiss' kappa"])].dropna(subset="value")
    alpha = frame[frame["coefficient"] == ALPHA].dropna(subset="value")
    names = [_name(row) for _, row in kappas.iterrows()]
    return Verdicts(
        judge(KAPPA_LANDIS, names, kappas["value"]).items + judge(KRIPPENDORFF, alpha["weights"], alpha["value"]).items
    )


def _stamp(codes: pd.DataFrame, name: str, synthetic: bool) -> DataStamp:
    cells = [str(cell) for cell in [*codes.columns, *codes.to_numpy(dtype="object").ravel()]]
    digest = hashlib.sha256("\x1f".join(cells).encode()).hexdigest()[:SHORT_HASH]
    return DataStamp(name=name, hash=digest, synthetic=synthetic)
