"""The models behind an invariance ladder: what is held equal at each level, and what may be let go."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from cxkit import sem, ties
from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit
from cxkit.sem.indices.variants import ROBUST, SCALED, index_variant, measure
from cxkit.validation.weighted_models import WEIGHT
from cxkit.without_contents import without_contents

Level = Literal["configural", "thresholds", "metric", "scalar", "strict"]
GROUP = "group of the respondent"
"""The column of the groups; a model's variables cannot have a name with spaces."""

CONTINUOUS: Mapping[str, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
ORDERED: Mapping[str, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
"""Ordered answers as Wu & Estabrook (2016): without equal thresholds, loadings have no common unit."""
BINARY: Mapping[str, tuple[str, ...]] = {level: ORDERED[level] for level in ("configural", "scalar", "strict")}
"""Items of two answers alone: equal thresholds, also with equal loadings, restrict nothing while the other parameters
are free, so that thresholds, loadings and intercepts are one step (Wu & Estabrook 2016)."""

FEWEST_EQUAL_THRESHOLDS = 2
"""Two equal thresholds give an item its origin and its unit; with fewer, its other parameters have no meaning."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is fitted at every level.

    Attributes
    ----------
    factors
        Dimension key to its items.
    data
        Items, `GROUP`, and `WEIGHT` where respondents have weights; respondents of the first group first.
    options
        What the fits take beside groups and equalities: estimator, missing.
    """

    factors: Mapping[str, tuple[str, ...]]
    data: pd.DataFrame
    groups: tuple[str, ...]
    ordinal: bool
    options: Mapping[str, str] = field(default_factory=dict)

    __repr__ = without_contents

    @property
    def items(self) -> tuple[str, ...]:
        """All items."""
        return tuple(item for items in self.factors.values() for item in items)

    @property
    def equalities(self) -> Mapping[str, tuple[str, ...]]:
        """Level to what is held equal."""
        if not self.ordinal:
            return CONTINUOUS
        return BINARY if set(self.binary) == set(self.items) else ORDERED

    @cached_property
    def binary(self) -> tuple[str, ...]:
        """The ordered items with two answers."""
        return tuple(item for item in self.items if self.ordinal and self.data[item].nunique() == 2)

    def factor(self, dimension: str) -> str:
        """The name of a dimension's factor, which must not be that of an item."""
        return f"{dimension}_factor" if dimension in self.items else dimension

    def dimension_of(self, item: str) -> str:
        """The dimension that an item belongs to."""
        return next(key for key, items in self.factors.items() if item in items)

    @property
    def parameters_per_group(self) -> int:
        """Free parameters of one group at the lowest level: loadings, intercepts or thresholds, and the rest."""
        return parameters_per_group(self.data[list(self.items)], factors=len(self.factors), ordinal=self.ordinal)


def parameters_per_group(answers: pd.DataFrame, *, factors: int, ordinal: bool) -> int:
    """Free parameters of one group at the configural level, for the answers to all items of the model."""
    items, between = answers.shape[1], factors * (factors - 1) // 2
    if not ordinal:
        return 3 * items + between
    thresholds = int((answers.nunique() - 1).sum())
    return thresholds + items + between


def fit_level(design: Design, level: str, freed: Sequence[str]) -> Fit:
    """The model at one level, with some parameters free all the same.

    Warnings of the model are kept on the fit and not given at each of a dozen fits.
    """
    ordinal = {"ordered": True, "parameterization": "theta"} if design.ordinal else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return sem.cfa(
            model_of(design, level, freed), design.data, group=GROUP, equal=design.equalities[level],
            free=[text for text in freed if _by_release(design, level, text)], std_lv=True,
            weights=WEIGHT if WEIGHT in design.data else None, **ordinal, **design.options,
        )  # fmt: skip


def _by_release(design: Design, level: str, text: str) -> bool:
    """Whether a parameter is freed by releasing an equality: it is held equal at this level, and not fixed."""
    kind = kind_of(text)
    return kind in design.equalities[level] and not (design.ordinal and kind in ("intercepts", "residuals"))


def kind_of(text: str) -> str:
    """Which kind of parameter "f =~ x", "x | t2", "x ~ 1" or "x ~~ x" is."""
    operator = text.split(" ")[1]
    return {"=~": "loadings", "|": "thresholds", "~": "intercepts", "~~": "residuals"}[operator]


def item_of(text: str) -> str:
    """The item whose parameter it is."""
    return text.rsplit(" ", 1)[1] if kind_of(text) == "loadings" else text.split(" ", maxsplit=1)[0]


def model_of(design: Design, level: str, freed: Sequence[str]) -> str:
    """The model in lavaan's language.

    Intercepts and residual variances of ordered answers are not equal parameters but fixed ones, 0 and 1. They are
    written out, so that they can be tested one by one, and freed in all groups but the first, which gives the unit.
    Of items with two answers a free residual variance undoes equal loadings as long as intercepts are free; a factor
    of such items alone then has no unit but its variance (Wu & Estabrook 2016).
    """
    lines = [f"{design.factor(key)} =~ {' + '.join(items)}" for key, items in design.factors.items()]
    equal = design.equalities[level]
    if design.ordinal and "intercepts" in equal:
        lines += [f"{item} ~ {_entries(design, 0, f'{item} ~ 1' in freed)}*1" for item in design.items]
    if "loadings" in equal and "intercepts" not in equal and design.binary:
        lines += [f"{item} ~~ {_entries(design, 1, True)}*{item}" for item in design.binary]
        names = [design.factor(key) for key, items in design.factors.items() if set(items) <= set(design.binary)]
        lines += [f"{name} ~~ {_entries(design, 1, False)}*{name}" for name in names]
    if design.ordinal and "residuals" in equal:
        lines += [f"{item} ~~ {_entries(design, 1, f'{item} ~~ {item}' in freed)}*{item}" for item in design.items]
    return "\n".join(lines)


def _testable(design: Design, kind: str) -> set[str]:
    """The items of which this kind of parameter can be tested: of two answers, not before the intercepts are equal."""
    return set(design.items) - (set(design.binary) if kind in ("thresholds", "loadings") else set())


def _entries(design: Design, value: int, is_free: bool) -> str:
    later = ["NA" if is_free else str(value)] * (len(design.groups) - 1)
    return f"c({', '.join([str(value), *later])})"


def release_candidates(design: Design, level: str, fit: Fit) -> pd.DataFrame:
    """What this level holds equal, by how much the fit would gain if it were let go: text, item, mi, p."""
    kind = design.equalities[level][-1]
    if design.ordinal and kind in ("intercepts", "residuals"):
        tests = fit.modification_indices().assign(p=np.nan)
    else:
        tests = fit.score_tests()
    texts = [_text(row.lhs, row.op, row.rhs) for row in tests.itertuples()]
    testable = _testable(design, kind)
    chosen = [kind == kind_of(text) and item_of(text) in testable for text in texts]
    table = tests.assign(text=texts).loc[np.array(chosen, dtype=bool)]  # an empty list would choose columns
    table = table.assign(item=[item_of(text) for text in table["text"]])
    # One parameter stands here once a group; the largest gain is the first.
    return ties.largest_first(table, "mi").drop_duplicates("text", ignore_index=True)


def _text(lhs: str, operator: str, rhs: str) -> str:
    return f"{lhs} ~ 1" if operator == "~1" else f"{lhs} {operator} {rhs}"


def in_words(text: str) -> str:
    """A parameter as a reader knows it: "loading of t3"."""
    kind, item = kind_of(text), item_of(text)
    if kind == "thresholds":
        return f"threshold {re.sub('[^0-9]', '', text.split(' ')[2])} of {item}"
    names = {"loadings": "loading", "intercepts": "intercept", "residuals": "residual variance"}
    return f"{names[kind]} of {item}"


def index_of(fit: Fit, name: str) -> float:
    """CFI or RMSEA as its estimator asks, in the variant of `index_kind`."""
    return measure(fit, name, index_kind(fit))


def index_kind(fit: Fit) -> str:
    """Scaled of ordered answers, robust of others under a scaled test, scaled where this one has no value."""
    return index_variant([fit], (SCALED,) if fit.settings["ordered"] else (ROBUST, SCALED))
