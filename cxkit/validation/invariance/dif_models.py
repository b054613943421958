"""The regressions behind differential item functioning, for all items at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from cxkit.statistics.proportional_odds import (
    FARTHEST,
    Cells,
    OrderedLogits,
    fit_ordered_logits,
    information_at,
    null_loglik,
)
from cxkit.without_contents import without_contents


@dataclass(frozen=True, kw_only=True)
class ItemData:
    """One item of a dimension.

    Attributes
    ----------
    place
        The column of the item in `answers`.
    answers
        Respondents x items of the dimension, complete.
    group
        The number of each respondent's group.
    """

    dimension: str
    place: int
    answers: np.ndarray
    group: np.ndarray

    __repr__ = without_contents

    @property
    def n(self) -> int:
        """How many respondents take part."""
        return len(self.answers)


def cox_snell(gain: np.ndarray, n: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Explained share by Cox and Snell from the gain in log-likelihood over the empty model."""
    return -np.expm1(-2 * gain / n)


def nagelkerke(gain: np.ndarray, n: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Cox and Snell's share divided by the largest that it can reach."""
    return np.asarray(cox_snell(gain, n, null) / -np.expm1(2 * null / n))


def mcfadden(gain: np.ndarray, n: np.ndarray, null: np.ndarray) -> np.ndarray:
    """The gain as a share of the empty model's log-likelihood."""
    return np.asarray(-gain / null)


PSEUDO_R2: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "nagelkerke": nagelkerke,
    "mcfadden": mcfadden,
}


def compare_models(data: Sequence[ItemData], left_out: np.ndarray, groups: Sequence[str]) -> pd.DataFrame:
    """Score alone, score and group, score times group: a row an item, in the order of `data`.

    Items with the same number of different answers are fitted together.
    """
    tables = [_table(one, _sum_of(one, data, left_out), len(groups)) for one in data]
    widths = np.array([counts.shape[1] for counts, _, _ in tables])
    parts = []
    for width in np.unique(widths):
        which = np.flatnonzero(widths == width).tolist()
        part = _compared([tables[i] for i in which], np.array([data[i].n for i in which]), groups)
        names = {name: [getattr(data[i], name) for i in which] for name in ("dimension", "place")}
        parts.append(part.assign(**names, order=which))
    return pd.concat(parts).sort_values("order", ignore_index=True).drop(columns="order")


def _sum_of(one: ItemData, data: Sequence[ItemData], left_out: np.ndarray) -> np.ndarray:
    """The sum of the dimension's items, without those left out but always with the item itself."""
    out = {other.place for other, is_out in zip(data, left_out, strict=True) if is_out and
           other.dimension == one.dimension}  # fmt: skip
    kept = [place for place in range(one.answers.shape[1]) if place not in out or place == one.place]
    return np.asarray(one.answers[:, kept].sum(axis=1))


def _table(one: ItemData, total: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (cells x answers), the standardised sum and the group of every cell: people alike in both are one cell."""
    spread = total.std()
    # Rounded, so that sums of fractions that ought to be equal are.
    score, place = np.unique(
        np.round((total - total.mean()) / (spread if spread > 0 else 1.0), 10), return_inverse=True
    )
    _, answer = np.unique(one.answers[:, one.place], return_inverse=True)
    categories = int(answer.max()) + 1
    cell = place * groups + one.group
    counts = np.bincount(cell * categories + answer, minlength=len(score) * groups * categories)
    counts = counts.reshape(-1, categories).astype("float64")
    used = counts.any(axis=1)
    return counts[used], np.repeat(score, groups)[used], np.tile(np.arange(groups), len(score))[used]


def _compared(
    tables: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n: np.ndarray, groups: Sequence[str]
) -> pd.DataFrame:
    """Tests and effect sizes of items with the same number of answers."""
    counts, score, group = _padded(tables)
    dummies = (group[:, :, None] == np.arange(1, len(groups))).astype("float64")
    plain = score[:, :, None]
    models = [plain, np.concatenate([plain, dummies], 2), np.concatenate([plain, dummies, plain * dummies], 2)]
    alone, uniform, full = (fit_ordered_logits(Cells(counts=counts, predictors=x)) for x in models)
    null = null_loglik(counts)
    df = len(groups) - 1
    smallest = int(np.argmin(np.bincount(group.ravel(), counts.sum(axis=2).ravel(), minlength=len(groups))))
    gains = {name: fit.loglik - null for name, fit in (("alone", alone), ("uniform", uniform), ("full", full))}
    frame = pd.DataFrame({"n": n})
    for name, low, high, freedom in (
        ("_uniform", alone, uniform, df), ("_nonuniform", uniform, full, df), ("", alone, full, 2 * df),
    ):  # fmt: skip
        value = np.maximum(2 * (high.loglik - low.loglik), 0.0)
        frame[f"chi{name or '_square'}"] = value
        frame[f"p{name or '_value'}"] = chi2.sf(value, freedom)
    frame["df"] = 2 * df
    for name, share in PSEUDO_R2.items():
        base = share(gains["alone"], n, null)
        frame[name] = share(gains["full"], n, null) - base
        frame[f"{name}_uniform"] = share(gains["uniform"], n, null) - base
    frame["information"] = _information_on(smallest, Cells(counts=counts, predictors=models[1]), alone)
    return frame.assign(gain_alone=gains["alone"], null=null, **_directions(uniform, groups))


def _information_on(smallest: int, cells: Cells, alone: OrderedLogits) -> np.ndarray:
    """The information on a shift of the smallest group alone, at the same score, where no group is shifted.

    It times the squared shift is the noncentrality of the likelihood-ratio test: the information on the group effects
    less what cuts and score share with it (Schur complement). A slope that does not differ adds nothing.
    """
    groups = cells.predictors.shape[2] - 1
    theta = np.concatenate([alone.cuts, alone.slopes, np.zeros((len(alone.cuts), groups))], axis=1)
    full = information_at(cells, np.where(alone.converged[:, None], theta, 0.0))
    own, shared = full[:, -groups:, -groups:], full[:, :-groups, -groups:]
    rest = own - np.swapaxes(shared, 1, 2) @ np.linalg.pinv(full[:, :-groups, :-groups]) @ shared
    # The first group has no effect of its own: shifting it is shifting all others the other way.
    shifted = np.ones(groups) if smallest == 0 else (np.arange(1, groups + 1) == smallest).astype("float64")
    return np.where(alone.converged, np.einsum("jgh,g,h->j", rest, shifted, shifted), np.nan)


def detectable(frame: pd.DataFrame, *, alpha: float, power: float, effect: str) -> pd.DataFrame:
    """What would be found with this power at this error rate: log odds of a higher answer, and the change of R².

    Cohen (1988): the noncentrality that gives the power, for the joint test of uniform and non-uniform difference.
    """
    df = int(frame["df"].iloc[0])
    needed = noncentrality(df, alpha=alpha, power=power)
    n, null, alone = (frame[name].to_numpy(dtype="float64") for name in ("n", "null", "gain_alone"))
    share = PSEUDO_R2[effect]
    information = frame["information"].to_numpy(dtype="float64")
    # The gain in log-likelihood is half of the chi-square that it brings.
    r2 = share(alone + needed / 2, n, null) - share(alone, n, null)
    log_odds = np.sqrt(needed / np.where(information > 0, information, np.nan))
    # A difference as large as this makes all answers of a group the same, and no regression is found.
    is_found = log_odds < FARTHEST
    known = {
        "detectable_log_odds": np.where(is_found, log_odds, np.nan),
        "detectable_r2": np.where(is_found, r2, np.nan),
    }
    return pd.DataFrame(known, index=frame.index)


def noncentrality(df: int, *, alpha: float, power: float) -> float:
    """How far a chi-square test must be from its null for this power. R: `pwr`'s chi-square test, N w^2."""
    critical = chi2.isf(alpha, df)
    return float(brentq(lambda value: ncx2.sf(critical, df, value) - power, 1e-6, 4 * critical + 100))


def _padded(
    tables: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tables as arrays with an item a layer; cells that an item lacks hold nobody."""
    cells, categories = max(len(counts) for counts, _, _ in tables), tables[0][0].shape[1]
    counts = np.zeros((len(tables), cells, categories))
    score, group = np.zeros((len(tables), cells)), np.zeros((len(tables), cells), dtype="int64")
    for i, (own, own_score, own_group) in enumerate(tables):
        counts[i, : len(own)], score[i, : len(own)], group[i, : len(own)] = own, own_score, own_group
    return counts, score, group


def _directions(uniform: OrderedLogits, groups: Sequence[str]) -> dict[str, object]:
    """Which group answers highest and which lowest at the same score, and how far apart they are in log odds."""
    slopes = np.concatenate([np.zeros((len(uniform.slopes), 1)), uniform.slopes[:, 1:]], axis=1)
    known = uniform.converged
    filled = np.where(known[:, None], slopes, 0.0)
    return {
        "log_odds": np.where(known, filled.max(axis=1) - filled.min(axis=1), np.nan),
        "highest": [groups[i] if ok else "" for i, ok in zip(filled.argmax(axis=1), known, strict=True)],
        "lowest": [groups[i] if ok else "" for i, ok in zip(filled.argmin(axis=1), known, strict=True)],
    }
