"""Which questions misbehave, each by a named rule with its source. A finding asks for a look; it proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cxkit.coursework.class_view.items import ClassStatistics, ItemStatistics
from cxkit.coursework.page.words import share_text

OURS = "rule of this kit"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a question deserves a look.

    Attributes
    ----------
    name : str
    says : str
        The rule in words, with its threshold.
    source : str
        Where the threshold is from.
    kind : {"fault", "teaching"}
        Something may be wrong with the question or its marking; or the class has not learnt something.
    finds : callable
        From a question and the class: what was found, in words, or nothing.
    """

    name: str
    says: str
    source: str
    kind: str
    finds: Callable[[ItemStatistics, ClassStatistics], str]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A question, the rule that it meets, and what was seen."""

    question: str
    rule: Rule
    seen: str


def misbehaving(statistics: ClassStatistics) -> tuple[Finding, ...]:
    """Which questions does a rule ask to look at?

    Parameters
    ----------
    statistics : ClassStatistics

    Returns
    -------
    tuple of Finding
        In the order of the questions. None are sought in a class of fewer than ten submissions.
    """
    return tuple(_findings(statistics))


def _findings(statistics: ClassStatistics) -> Iterator[Finding]:
    if len(statistics.students) < FEWEST:
        return
    for item in statistics.items:
        for rule in RULES:
            seen = rule.finds(item, statistics)
            if seen:
                yield Finding(question=item.question, rule=rule, seen=seen)


FEWEST = 10
NEGATIVE, WEAK = 0.0, 0.20
HARD, EASY = 0.30, 0.95
ALPHA_GAIN = 0.02
CRASHES, MISSING, MISTAKE = 0.10, 0.20, 0.25


def _negative(item: ItemStatistics, _: ClassStatistics) -> str:
    r = item.discrimination
    return f"its correlation with the rest is {signed(r)}{_between(item)}" if r is not None and r < NEGATIVE else ""


def _weak(item: ItemStatistics, _: ClassStatistics) -> str:
    r = item.discrimination
    # An easy question cannot tell people apart, and another rule says that it is easy.
    if r is None or not NEGATIVE <= r < WEAK or item.difficulty > EASY:
        return ""
    return f"its correlation with the rest is {signed(r)}{_between(item)}"


def _between(item: ItemStatistics) -> str:
    """The interval in words; a wide one says that the finding may be chance."""
    if item.interval is None:
        return ""
    low, high = item.interval
    chance = ", so it may be chance" if high >= WEAK else ""
    return f", 95 % interval {signed(low)} to {signed(high)}{chance}"


def _hard(item: ItemStatistics, _: ClassStatistics) -> str:
    return f"the class earned {share_text(item.difficulty)} of its points" if 0 < item.difficulty < HARD else ""


def _nobody(item: ItemStatistics, _: ClassStatistics) -> str:
    return "nobody earned a point" if item.none == 1 else ""


def _easy(item: ItemStatistics, _: ClassStatistics) -> str:
    return f"the class earned {share_text(item.difficulty)} of its points" if item.difficulty > EASY else ""


def _lowers_alpha(item: ItemStatistics, whole: ClassStatistics) -> str:
    if whole.alpha is None or item.alpha_without is None or item.alpha_without - whole.alpha < ALPHA_GAIN:
        return ""
    return f"alpha would be {signed(item.alpha_without)} instead of {signed(whole.alpha)}"


def _crashes(item: ItemStatistics, whole: ClassStatistics) -> str:
    count = sum(item.outcomes.get(outcome, 0) for outcome in ("crashed", "timed_out", "stopped"))
    n = len(whole.students)
    return f"{count} of {n} submissions crashed, ran out of time or were stopped here" if count > CRASHES * n else ""


def _missing(item: ItemStatistics, whole: ClassStatistics) -> str:
    count, n = item.outcomes.get("missing", 0), len(whole.students)
    return f"{count} of {n} submissions leave it out" if count > MISSING * n else ""


def _mistake(item: ItemStatistics, whole: ClassStatistics) -> str:
    n = len(whole.students)
    common = [f"'{name}' in {count} of {n}" for name, count in item.mistakes.items() if count > MISTAKE * n]
    return f"recognised {', '.join(common)} submissions" if common else ""


def signed(value: float) -> str:
    """A correlation as the page shows it: two places, a true minus sign."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


RULES: tuple[Rule, ...] = (
    Rule(
        name="works against the rest",
        says="The corrected item-total correlation is negative: who did well elsewhere did worse here. Often the key "
        "or a tolerance is wrong, or the text misleads the good students.",
        source="Crocker & Algina 1986, ch. 14",
        kind="fault",
        finds=_negative,
    ),
    Rule(
        name="hardly tells students apart",
        says=f"The corrected item-total correlation is from 0 to below {WEAK:.2f}, and the question is not easy.",
        source="Ebel & Frisbie 1991, ch. 13: below .20 poor",
        kind="fault",
        finds=_weak,
    ),
    Rule(
        name="lowers the reliability",
        says=f"Alpha without the question is higher by at least {ALPHA_GAIN:.2f}. It may measure something else, which "
        "can be meant.",
        source=f"Crocker & Algina 1986, ch. 7; the threshold is a {OURS}",
        kind="fault",
        finds=_lowers_alpha,
    ),
    Rule(
        name="nobody solved it",
        says="Not one submission earned a point. Look at the reference and the text before you look at the class.",
        source=OURS,
        kind="fault",
        finds=_nobody,
    ),
    Rule(
        name="hard",
        says=f"The mean share of points is below {HARD:.2f}.",
        source="Allen & Yen 1979, ch. 6: .30 to .70 tell most about differences",
        kind="teaching",
        finds=_hard,
    ),
    Rule(
        name="easy for all",
        says=f"The mean share of points is above {EASY:.2f}. No fault where the basics were to be secured; it tells "
        "nothing about differences.",
        source=OURS,
        kind="teaching",
        finds=_easy,
    ),
    Rule(
        name="stops many notebooks",
        says=f"More than {share_text(CRASHES)} of the submissions crashed, ran out of time or were stopped in it: "
        "limits or instructions may be at fault.",
        source=OURS,
        kind="fault",
        finds=_crashes,
    ),
    Rule(
        name="often left out",
        says=f"More than {share_text(MISSING)} of the submissions give no answer.",
        source=OURS,
        kind="teaching",
        finds=_missing,
    ),
    Rule(
        name="one mistake is common",
        says=f"The same foreseen mistake was recognised in more than {share_text(MISTAKE)} of the submissions.",
        source=OURS,
        kind="teaching",
        finds=_mistake,
    ),
)
