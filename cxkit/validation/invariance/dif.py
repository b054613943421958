"""Do people of different groups but the same standing answer an item differently? Differential item functioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.accounting import account, whose_n
from cxkit.results.options import check_choice, check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, fixed
from cxkit.results.thresholds import DIF_JODOIN, judge
from cxkit.statistics.multiplicity import benjamini_hochberg, holm
from cxkit.survey.instrument import Dimension
from cxkit.survey.people import refuse_several_sheets_in_a_group, same_people_note
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import select
from cxkit.validation.invariance.dif_models import PSEUDO_R2, ItemData, compare_models, detectable
from cxkit.validation.invariance.grouping import (
    FEWER_GROUPS,
    HOW_TO_COMPARE,
    POWER,
    Grouping,
    grouping,
    large_enough,
    smallest_group,
    too_small,
)
from cxkit.validation.invariance.ordered_answers import MOST_ANSWERS

Adjust = Literal["holm", "bh", "none"]
Effect = Literal["nagelkerke", "mcfadden"]
Criterion = Literal["size", "p"]
CRITERIA = ("size", "p")
ADJUSTMENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": np.copy,
}
ADJUST_SOURCES = {"holm": "holm1979", "bh": "benjamini1995"}
ROUNDS = 10
LIKELIHOOD_RATIOS = (
    "its likelihood-ratio tests are those of respondents who all count alike; measurement_invariance takes weights"
)
"""Why weighted answers are refused."""
MODERATE, LARGE = (start for start, _ in DIF_JODOIN.bands[1:])
_THREE = fixed(3)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """When an item counts as functioning differently."""

    alpha: float
    adjust: str
    effect: str
    criterion: str


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemFunctioning(Result):
    """Differential item functioning, a row an item. `notes` says what is left out, and how the purification went."""

    notes: tuple[str, ...] = ()
    asked: int
    """How many items there are, tested or not."""
    untested: tuple[str, ...] = ()
    """Which items are not tested, and why, in short: the text stands in reports without the note."""

    title: ClassVar[str] = "Differential item functioning"
    sheets_of_one_person: ClassVar[str] = "one in each group, and the note says what that does"
    cites: ClassVar[tuple[str, ...]] = ("swaminathan1990",)
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "p_uniform", "p_nonuniform", "p_adjusted", "r2_change", "log_odds", "kind", "effect",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of method, adjustment, effect size and cut-offs."""
        adjust = ADJUST_SOURCES.get(str(self.settings["adjust"]))
        effect = {"nagelkerke": "nagelkerke1991", "mcfadden": "mcfadden1974"}[str(self.settings["effect"])]
        own = [*self.cites, *([adjust] if adjust else []), effect]
        return tuple(dict.fromkeys([*own, *self.verdicts.sources]))

    @property
    def text(self) -> str:
        """How many items differ, which, and for whom they are easier to agree with."""
        flagged = ties.largest_first(self.frame[self.frame["flagged"]], "r2_change")
        tested = int(self.frame["p_value"].notna().sum())
        head = f"By {self.settings['by']}, {len(flagged)} of {counted(tested, 'item')} function differently"
        untested = self.asked - tested
        why = f": {'; '.join(self.untested)}" if self.untested else ""
        rest = f" {counted(untested, 'item')} could not be tested{why}." if untested else ""
        if flagged.empty:
            tiny = int((self.frame["p_adjusted"] < self._alpha).sum())
            verb = "is" if tiny == 1 else "are"
            told = f"{counted(tiny, 'difference')} can be told from chance but {verb} negligible"
            return f"{head} to a degree that matters{f'; {told}' if tiny else ''}.{rest}"
        shown = "; ".join(_described(row) for _, row in flagged.head(5).iterrows())
        return f"{head}: {shown}{_more(flagged, 5)}.{rest}"

    @property
    def _alpha(self) -> float:
        return float(str(self.settings["alpha"]))

    @property
    def note(self) -> str:
        """The rule, what is left out, and the usual line."""
        names = {"nagelkerke": "Nagelkerke's", "mcfadden": "McFadden's"}
        how = {
            "holm": "p adjusted by Holm's method",
            "bh": "p adjusted by Benjamini and Hochberg's method",
            "none": "p",
        }
        r2 = f"{names[str(self.settings['effect'])]} R²"
        size = f" and the group adds {_THREE(MODERATE)} or more to {r2}" if self.settings["criterion"] == "size" else ""
        rule = (
            f"An item functions differently if {how[str(self.settings['adjust'])]} is below {self._alpha:g}{size}. "
            f"Δ R²: {r2}."
        )
        own = whose_n(self.frame.groupby("title", sort=False)["n"].max().reset_index())
        return " ".join([rule, self._power, *self.notes, super().note, *own])

    @property
    def _power(self) -> str:
        """What would be found at the error rate used, of items that differ in the smallest group."""
        known = self.frame.dropna(subset="detectable_log_odds")
        if known.empty:
            return "In groups of this size and with these answers no difference would be told from chance."
        log_odds, r2 = float(known["detectable_log_odds"].median()), float(known["detectable_r2"].median())
        tests = int(str(self.settings["tests"])) if self.settings["adjust"] != "none" else 1
        found = (
            f"An item that the smallest group alone answers differently at the same sum score, which holds the item "
            f"itself, is told from chance in {POWER:.0%} of such surveys (p below {self._alpha:g}"
            f"{f' for {tests} items' if tests > 1 else ''}) if its "
            f"log odds of a higher answer differ by {TWO_DIGITS(log_odds)} (odds ratio "
            f"{TWO_DIGITS(float(np.exp(log_odds)))}, Δ R² about {_THREE(r2)}; median item)"
        )
        # Where the test finds less than the size asks for, the size decides.
        if self.settings["criterion"] == "size" and r2 < MODERATE:
            return f"{found}, so that here Δ R² of {_THREE(MODERATE)} decides."
        return f"{found}; smaller differences often go unnoticed."

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items."""
        return 7.0, 1.8 + 0.24 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The change of R² of every item."""
        known = self.frame.dropna(subset="r2_change")
        each = ", ".join(f"{row['item']} {_THREE(row['r2_change'])}" for _, row in known.iterrows())
        return f"What the group adds to R² of each item, with lines at {MODERATE} and {LARGE}: {each}. {self.text}"

    def draw(self, axes: Axes) -> None:
        """The change of R² of every item."""
        heights = figures.rows(axes, self.frame["item"].tolist())
        values = self.frame["r2_change"].to_numpy(dtype="float64")
        flagged = self.frame["flagged"].to_numpy(dtype=bool)
        axes.hlines(heights, 0, values, color="#BBBBBB", linewidth=1.5)
        axes.plot(values[~flagged], heights[~flagged], "o", color=figures.BLUE, label="functions alike")
        if flagged.any():
            label = "functions differently"
            axes.plot(values[flagged], heights[flagged], "X", color=figures.RED, markersize=8, label=label)
        for line in (MODERATE, LARGE):
            axes.axvline(line, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(-0.002, max(LARGE * 1.2, float(np.nanmax(values, initial=0.0)) * 1.08))
        axes.set_xlabel(
            f"What {self.settings['by']} adds to R² at the same score (n = {self.n:,})\n"
            f"dashed lines: moderate from {_THREE(MODERATE)}, large from {_THREE(LARGE)} ({cite(DIF_JODOIN.source)})"
        )
        figures.legend_below(axes)


def _described(row: pd.Series) -> str:
    return (
        f"{row['item']} ({row['kind']}, {row['effect']}, change of R² {_THREE(row['r2_change'])}; answered highest by "
        f"{row['highest']}, lowest by {row['lowest']})"
    )


def _more(frame: pd.DataFrame, shown: int) -> str:
    return f"; and {len(frame) - shown} more" if len(frame) > shown else ""


def differential_item_functioning(
    survey: Survey,
    *,
    by: str | pd.Series = "level",
    groups: Sequence[str] | None = None,
    dimensions: Sequence[str] | None = None,
    alpha: float = 0.01,
    adjust: Adjust = "holm",
    effect: Effect = "nagelkerke",
    criterion: Criterion = "size",
    purify: bool = True,
    minimum: int | None = None,
) -> ItemFunctioning:
    """Which items do people of one group answer higher than people of another who stand the same on the dimension?

    Three ordered logistic regressions an item: on the sum of the dimension's items; on the sum and the group (uniform
    difference); and on their product too (non-uniform: the difference changes along the dimension). Purification takes
    items that function differently out of the sum, except for the item's own regression, and starts again until the
    same items are found twice.

    Parameters
    ----------
    survey
        The survey; formative dimensions and those of fewer than three items do not take part. Used are respondents who
        answered every item of the dimension.
    by
        A role, or a named Series with the survey's row numbers. The first group is the one others are compared with.
    groups
        Which of the groups; all where None.
    dimensions
        Keys of the dimensions; all of them where None.
    alpha
        The p-value below which a difference counts, after the adjustment.
    adjust
        For the number of items: "holm", "bh" (Benjamini and Hochberg) or "none".
    effect
        Which pseudo R² measures the size. The cut-offs were proposed for Nagelkerke's.
    criterion
        When an item counts as functioning differently, and is taken out of the sum: with "size" if p is small enough
        and the effect is moderate or large, with "p" if p is small enough, as screenings often do.
    purify
        Whether to purify.
    minimum
        The smallest group; None is six respondents for each item of a dimension, at least 30. Smaller groups are left
        out if two remain and `groups` is None.

    Returns
    -------
    ItemFunctioning
        A row an item: dimension, title, item, text, reversed, n; chi_uniform, p_uniform, chi_nonuniform, p_nonuniform,
        chi_square, df and p_value (both together), p_adjusted; r2_change (of both, in the chosen R²), r2_uniform,
        nagelkerke and mcfadden (of both); log_odds (of a higher answer, highest minus lowest group, at the same
        score), highest, lowest; kind, effect, flagged, and in_sum (whether the item is part of the purified sum);
        detectable_log_odds and detectable_r2 (what would be found in 80 of 100 such surveys, if the smallest group
        alone differed, at alpha divided by the number of items; by alpha alone where `adjust` is "none").

    Raises
    ------
    AnalysisError
        If there are fewer than two groups, one is too small, or no item can be tested.

    Notes
    -----
    Likelihoods and coefficients agree with R's `MASS::polr(item ~ sum * group)`. Swaminathan & Rogers (1990), extended
    to ordered answers; cut-offs of Jodoin & Gierl (2001). With only few items a sum holds a good part of the item
    itself, which hides differences; compare with `measurement_invariance`.
    """
    rule = _Rule(alpha=alpha, adjust=adjust, effect=effect, criterion=criterion)
    _check(rule)
    check_options(purify=purify)
    if minimum is not None:
        check_options(minimum=minimum)
    grouped = grouping(survey, by, groups)
    selection = select(
        survey, dimensions, items=3, analysis="differential item functioning", why_not=LIKELIHOOD_RATIOS,
        several_sheets=True,
    )  # fmt: skip
    refuse_several_sheets_in_a_group(survey.name, survey.respondents, grouped.members, "Differential item functioning")
    notes, data = [*selection.notes, *same_people_note(survey.respondents, grouped.members)], []
    if groups is None:
        largest = max(len(d.items) for d in selection.dimensions)
        answered = survey.answers[selection.item_keys].notna().any(axis=1)
        grouped, left_out = large_enough(grouped, answered, smallest_group(minimum, largest))
        notes += [left_out] if left_out else []
    small: dict[str, list[str]] = {}
    for dimension in selection.dimensions:
        found, short, problem = _item_data(survey, dimension, grouped, smallest_group(minimum, len(dimension.items)))
        data += found
        notes += [problem] if problem else []
        if short:
            small.setdefault(short, []).append(f"'{dimension.title}'")
    notes += _too_small_notes(small, minimum)
    if not data:
        raise AnalysisError(f"No item can be tested by {grouped.name}. {' '.join(notes)}")
    found, rounds, settled = _purified(data, grouped, rule, purify=purify)
    frame = _with_words(survey, found)
    if frame["p_value"].isna().all():
        raise AnalysisError(f"No item can be tested by {grouped.name}. {' '.join([*notes, *_not_found(frame)])}")
    if purify and not settled:
        notes.append(f"The purification found no end within {ROUNDS} rounds; the last of them is shown.")
    largest = survey.items_of(max(data, key=lambda one: one.n).dimension)
    judged = frame.dropna(subset="r2_change")
    return ItemFunctioning(
        frame=frame,
        **account(largest.notna().all(axis=1), *grouped.rules),
        settings={
            "by": grouped.name, "groups": grouped.groups, "dimensions": [d.key for d in selection.dimensions],
            **asdict(rule), "purify": purify, "minimum": minimum, "rounds": rounds,
            "tests": int(frame["p_value"].notna().sum()),
        },
        data=survey.stamp,
        verdicts=judge(DIF_JODOIN, judged["item"], judged["r2_change"]),
        notes=(*notes, *_not_found(frame)),
        untested=_in_short(small, selection.dimensions, frame),
        asked=len(selection.item_keys),
    )  # fmt: skip


def _check(rule: _Rule) -> None:
    check_options(alpha=rule.alpha)
    for name, known in (("adjust", ADJUSTMENTS), ("effect", PSEUDO_R2), ("criterion", CRITERIA)):
        check_choice(name, getattr(rule, name), known)


def _too_small_notes(small: Mapping[str, Sequence[str]], minimum: int | None) -> list[str]:
    """One sentence on all dimensions whose groups are too small, and what to do about it."""
    if not small:
        return []
    listed = "; ".join(f"{', '.join(titles)} ({short})" for short, titles in small.items())
    how = f"{FEWER_GROUPS} collect more answers" if minimum == MINIMUM_CELL else HOW_TO_COMPARE
    return [
        "Not tested, as only respondents who answered every item of the dimension count, and groups of these are too "
        f"small: {listed}. In smaller groups only large differences are found. {how}."
    ]


def _item_data(
    survey: Survey, dimension: Dimension, grouped: Grouping, minimum: int
) -> tuple[list[ItemData], str, str]:
    """The items of one dimension with complete answers, which groups are too small, and which items are unfit."""
    answers = survey.items_of(dimension.key)
    used = answers.notna().all(axis=1) & grouped.members.notna()
    short = too_small(grouped.sizes(used), minimum)
    if short:
        return [], f"{short}; every group needs {minimum}", ""
    values = answers[used].to_numpy(dtype="float64")
    codes = grouped.members[used].map({name: i for i, name in enumerate(grouped.groups)}).to_numpy(dtype="int64")
    unfit = [key for key, column in zip(answers, values.T, strict=True) if not 2 <= _different(column) <= MOST_ANSWERS]
    fit = [place for place, key in enumerate(answers) if key not in unfit]
    problem = (
        f"Not tested in '{dimension.title}': {', '.join(unfit)} (between 2 and {MOST_ANSWERS} different answers are "
        "needed)." if unfit else ""
    )  # fmt: skip
    return [ItemData(dimension=dimension.key, place=place, answers=values, group=codes) for place in fit], "", problem


def _different(column: np.ndarray) -> int:
    return len(np.unique(column))


def _purified(
    data: Sequence[ItemData], grouped: Grouping, rule: _Rule, *, purify: bool
) -> tuple[pd.DataFrame, int, bool]:
    """The last table, how many rounds it took, and whether the same items were found twice."""
    left_out = np.zeros(len(data), dtype=bool)
    for round_number in range(1, ROUNDS + 1):
        frame = _tested(data, left_out, grouped.groups, rule)
        following = _left_out_next(data, frame)
        if not purify or (following == left_out).all():
            return frame, round_number, True
        left_out = following
    return frame, ROUNDS, False


def _left_out_next(data: Sequence[ItemData], frame: pd.DataFrame) -> np.ndarray:
    """The items to take out of the sums; at least two of a dimension stay, those that differ least."""
    left_out = frame["flagged"].to_numpy(dtype=bool, copy=True)
    keys = np.array([one.dimension for one in data])
    for key in dict.fromkeys(keys):
        own = np.flatnonzero(keys == key)
        staying = int((~left_out[own]).sum()) + data[own[0]].answers.shape[1] - len(own)
        order = own[ties.order_of(frame["r2_change"].to_numpy()[own])]
        for place in (i for i in order if left_out[i]):
            if staying >= 2:
                break
            left_out[place] = False
            staying += 1
    return left_out


def _tested(data: Sequence[ItemData], left_out: np.ndarray, groups: Sequence[str], rule: _Rule) -> pd.DataFrame:
    frame = compare_models(data, left_out, groups)
    p_adjusted = ADJUSTMENTS[rule.adjust](frame["p_value"].to_numpy(dtype="float64"))
    change = frame[rule.effect]
    uniform = frame[f"{rule.effect}_uniform"]
    flagged = (p_adjusted < rule.alpha) & ((change >= MODERATE) | (rule.criterion == "p"))
    crossing = frame["p_nonuniform"] < rule.alpha
    tests = 1 if rule.adjust == "none" else max(int(frame["p_value"].notna().sum()), 1)
    # One item that differs among many that do not has to pass the first step of Holm's method, and of BH's.
    found = detectable(frame, alpha=rule.alpha / tests, power=POWER, effect=rule.effect)
    return frame.assign(
        p_adjusted=p_adjusted,
        r2_change=change,
        r2_uniform=uniform,
        flagged=flagged,
        kind=np.where(flagged, np.where(crossing, "non-uniform", "uniform"), ""),
        effect=[DIF_JODOIN.verdict(value) for value in change],
        in_sum=~left_out,
        **found,
    )


def _with_words(survey: Survey, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with what a reader needs to recognise dimension and item."""
    owners = [survey.instrument.dimension(key) for key in frame["dimension"]]
    items = [owner.items[place] for owner, place in zip(owners, frame["place"], strict=True)]
    words = pd.DataFrame(
        {
            "dimension": frame["dimension"],
            "title": [owner.title for owner in owners],
            "item": [item.key for item in items],
            "text": [item.text for item in items],
            "reversed": [item.reversed for item in items],
        }
    )
    dropped = ["dimension", "place", "nagelkerke_uniform", "mcfadden_uniform", "information", "gain_alone", "null"]
    return pd.concat([words, frame.drop(columns=dropped)], axis=1)


def _in_short(
    small: Mapping[str, Sequence[str]], dimensions: Sequence[Dimension], frame: pd.DataFrame
) -> tuple[str, ...]:
    """Which items have no test: those of dimensions whose groups are too small, and the others one by one."""
    titles = [title for listed in small.values() for title in listed]
    tried = set(frame["item"])
    open_ones = [key for d in dimensions if f"'{d.title}'" not in titles for key in d.item_keys if key not in tried]
    lost = frame.loc[frame["p_value"].isna(), "item"].astype(str).tolist()
    reasons = (
        (f"those of {', '.join(titles)}", titles, "too few complete answers in a group"),
        (", ".join(open_ones), open_ones, f"not between 2 and {MOST_ANSWERS} different answers"),
        (", ".join(lost), lost, "no regression was found"),
    )
    return tuple(f"{which} ({why})" for which, keys, why in reasons if keys)


def _not_found(frame: pd.DataFrame) -> list[str]:
    lost = frame.loc[frame["p_value"].isna(), "item"].tolist()
    if not lost:
        return []
    why = "the answers follow from the sum, or in some group nearly all gave the same"
    return [f"No regression was found for {', '.join(map(str, lost))}: {why}."]
