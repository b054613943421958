"""What a scale of a draft leaves open: each question with the lines that correct the draft if the answer is the other.

A draft numbers the answers; wherever another scale could have been offered, the numbers would differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cxkit.survey.drafting.column import Column
from cxkit.survey.drafting.numbers import HIGHEST, USUAL_ENDS
from cxkit.survey.drafting.scale import Scale
from cxkit.survey.drafting.word_scales import MIDDLE, POLES, number_labels, places_of, wider
from cxkit.survey.drafting.wordings import ROWS
from cxkit.survey.labels import fold_label

Labels = Mapping[int, str]
_LEAST_BEFORE_GAP = 3
"""So many answers in a row make a scale of their own, behind which other numbers can mean something else."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question, and the lines for the scale's table if the answer is not what the draft took; `when` heads them."""

    question: str = ""
    when: str = ""
    instead: Mapping[str, object] = field(default_factory=dict)


def questions_of(scale: Scale, columns: Sequence[Column]) -> list[Ask]:
    """All that a scale leaves open, after the answers in the columns that have it."""
    shown = _shown(scale, columns)
    if scale.row is not None:
        return list(_on_words(scale, ROWS[scale.row], shown))
    asks = [*_on_range(scale, shown), *_on_zero(scale, shown, len(columns)), *_on_direction(scale, columns)]
    if scale.codes:
        asks.append(Ask(question="Is the first code the lowest answer?"))
    return asks


def _shown(scale: Scale, columns: Sequence[Column]) -> dict[int, int]:
    """Each number that was given to the number of columns with it."""
    shown: dict[int, int] = {}
    for column in columns:
        numbers = set(scale.numbers_of(column.filled.unique()).values())
        for number in numbers:
            if not np.isnan(number):
                shown[int(number)] = shown.get(int(number), 0) + 1
    return shown


def _on_words(scale: Scale, row: tuple[str, ...], shown: Collection[int]) -> Iterator[Ask]:
    """What nobody chose: answers that were taken in, and answers that were not."""
    known = places_of(row, map(fold_label, scale.labels.values())) or {}
    places = dict(zip(known.values(), scale.labels.values(), strict=True))
    seen = [label for number, label in scale.labels.items() if number in shown]
    if len(seen) < len(scale.labels) > 2:
        unseen = [label for number, label in scale.labels.items() if number not in shown]
        yield _on_taken_in(scale, dict(enumerate(seen, start=1)), unseen)
    for longer in wider(tuple(sorted(places)), row):
        others = number_labels(row, longer, places)
        added = [label for label in others.values() if label not in places.values()]
        is_middle = len(row) == POLES and set(longer) - set(places) == {MIDDLE}
        yield _on_left_out(scale, others, added, "a middle answer such as " if is_middle else "")


def _on_taken_in(scale: Scale, others: Labels, unseen: Sequence[str]) -> Ask:
    """The question on answers that are in the draft and not in the file; `others` is the scale without them."""
    here, there = _consequence(scale.labels, others), _consequence(others, scale.labels)
    was, are, them = ("was it", "It is", "it") if len(unseen) == 1 else ("were they", "They are", "them")
    return Ask(
        question=f"Nobody chose {_either(unseen)}: {was} offered? {are} counted in, as such scales have {them}, so "
        f"that {here}; if not offered, {there}.",
        when=f"If {_either(unseen)} could not be chosen",
        instead={"high": len(others), "labels": others},
    )


def _on_left_out(scale: Scale, others: Labels, added: Sequence[str], what: str) -> Ask:
    """The question on answers that such scales can have and that the draft has not; `others` is the scale with them."""
    here, there = _consequence(scale.labels, others), _consequence(others, scale.labels)
    was, are = ("was it", "It is") if len(added) == 1 else ("were they", "They are")
    return Ask(
        question=f"Nobody chose {what}{_either(added)}: {was} offered? {are} not counted in, so that {here}; if "
        f"offered, {there}.",
        when=f"If {_either(added)} could be chosen",
        instead={"high": len(others), "labels": others},
    )


def _either(names: Sequence[object]) -> str:
    """Names in quotation marks, the last after "or"; numbers as they are."""
    quoted = [f"'{name}'" if isinstance(name, str) else str(name) for name in names]
    return " or ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]


def mean_no_answer(codes: Sequence[object]) -> str:
    """The question whether codes mean "no answer", without its mark."""
    quoted = [f"'{code}'" if isinstance(code, str) else str(code) for code in codes]
    return f'{"do" if len(quoted) > 1 else "does"} {", ".join(quoted)} mean "no answer"'


def _consequence(labels: Labels, others: Labels) -> str:
    """What differs between two ways to number: the first label with another number, or the end of the scale."""
    numbers = {label: number for number, label in others.items()}
    for number, label in labels.items():
        if label in numbers and numbers[label] != number:
            return f"'{label}' is {number}"
    return f"the highest answer is {max(labels)}"


def _on_range(scale: Scale, shown: Collection[int]) -> Iterator[Ask]:
    """Whether the ends are right, and what the numbers that nobody chose mean."""
    given = set(shown)
    if scale.kind == "labels":  # whatever has a label was offered
        given |= set(scale.labels)
    unseen = sorted(set(range(scale.low, scale.high + 1)) - given)
    is_usual = scale.low <= 0 or scale.high in USUAL_ENDS or scale.kind == "labels"
    if not unseen and is_usual:
        return
    question = f"Could people answer from {scale.low} to {scale.high}, and no further?"
    if unseen:
        question += f" Nobody chose {_either(unseen)}."
    behind = _behind_gap(given, scale)
    if behind:
        before = sorted(given - set(behind))
        question += (
            f" Behind that gap, {mean_no_answer(behind)}? Or did the system give its own numbers to the next answers? "
            "As drafted they count as they are."
        )
        yield Ask(
            question=question,
            when=f"If {_either(behind)} can be chosen to give no answer",
            instead={**_up_to(before[-1], scale), "missing_codes": behind},
        )
        yield from _renumbered(sorted(given), scale)
        return
    yield Ask(question=question)
    top = {6: 5, 8: 7, 9: 7}.get(scale.high, scale.high)  # a number more than the usual scales have
    codes = list(range(top + 1, scale.high + 1))
    if codes and not unseen and scale.kind == "numbers" and scale.low >= 0:
        yield Ask(
            when=f"If {_either(codes)} can be chosen to give no answer",
            instead={**_up_to(top, scale), "missing_codes": codes},
        )


def _behind_gap(given: Collection[int], scale: Scale) -> list[int]:
    """The numbers behind the only gap among the answers, where a scale lies before it."""
    if scale.kind not in ("numbers", "labels"):  # the cells hold more than the numbers
        return []
    numbers = sorted(given)
    gaps = [place for place in range(1, len(numbers)) if numbers[place] - numbers[place - 1] > 1]
    if len(gaps) != 1 or gaps[0] < _LEAST_BEFORE_GAP or scale.low < 0 or scale.high == HIGHEST:
        return []
    return numbers[gaps[0] :]


def _up_to(high: int, scale: Scale) -> dict[str, object]:
    """The lines of a scale that ends before this one does."""
    lines: dict[str, object] = {"high": high}
    if scale.labels:
        lines["labels"] = {number: label for number, label in scale.labels.items() if number <= high}
    return lines


def _renumbered(given: Sequence[int], scale: Scale) -> Iterator[Ask]:
    """The same numbers as answers without a gap."""
    codes = {number: place for place, number in enumerate(given, start=scale.low)}
    lines: dict[str, object] = {"high": max(codes.values()), "codes": codes}
    if scale.labels:
        lines["labels"] = {codes[number]: label for number, label in scale.labels.items()}
    yield Ask(when="If these are the answers in a row, with numbers of the system", instead=lines)


def _on_zero(scale: Scale, shown: Mapping[int, int], columns: int) -> Iterator[Ask]:
    """Whether 0 is an answer: of the scales from 0, that to 10 alone is usual."""
    if scale.low != 0 or scale.high < 2 or 0 in scale.labels or 0 not in shown or scale.codes:
        return
    is_rare = columns > 2 and 2 * shown[0] < columns
    if scale.high < HIGHEST or is_rare:
        where = f" It stands in {shown[0]} of {columns} questions." if shown[0] < columns else ""
        yield Ask(
            question=f'Is 0 an answer, or does it mean "no answer"?{where} As drafted it is the lowest answer.',
            when='If 0 means "no answer"',
            instead={"low": 1, "missing_codes": [0]},
        )


def _on_direction(scale: Scale, columns: Sequence[Column]) -> Iterator[Ask]:
    """Whether a high number is the better answer, where the labels of the file deny it or do not tell."""
    if scale.low not in scale.labels or scale.high not in scale.labels or not scale.is_rating:
        return
    ends = f"{scale.low} is '{scale.labels[scale.low]}' and {scale.high} '{scale.labels[scale.high]}'"
    rises = _rises(scale.labels)
    if rises:
        return
    if rises is None:
        question = f'{ends}: is a high number the better answer? If not, say higher_is = "worse" in the dimensions.'
    else:
        question = (
            f"{ends}: the higher the number, the lower the answer, and scores follow the numbers. Say higher_is = "
            '"worse" in the dimensions where that is the worse answer, or turn the numbers round.'
        )
    yield Ask(question=question, when="To turn the numbers round", instead=_turned_round(scale, columns))


def _rises(labels: Labels) -> bool | None:
    """Whether words of one row rise with their numbers; None where no row has them all, or they go up and down."""
    folded = [fold_label(labels[number]) for number in sorted(labels)]
    for row in ROWS:
        places = places_of(row, folded)
        if places is not None and len(places) > 1:
            order = list(places.values())
            if order == sorted(order):
                return True
            if order == sorted(order, reverse=True):
                return False
    return None


def _turned_round(scale: Scale, columns: Sequence[Column]) -> dict[str, object]:
    """The labels from the other end, and what each cell then stands for."""
    both = scale.low + scale.high
    cells = {str(number): both - number for number in range(scale.low, scale.high + 1)}
    if scale.kind == "numbered":
        for column in columns:
            for cell, number in scale.numbers_of(column.filled.unique()).items():
                if not np.isnan(number):
                    cells[cell] = both - int(number)
    labels = {both - number: scale.labels[number] for number in sorted(scale.labels, reverse=True)}
    return {"labels": labels, "codes": dict(sorted(cells.items(), key=lambda entry: entry[1]))}
