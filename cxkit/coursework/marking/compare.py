"""Is an answer right? Compared as data with the reference, whatever leads to the same result counting as the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cxkit.coursework.assignment.data import ANSWER_KINDS, Answer
from cxkit.coursework.marking.answers import Cell, Figure, Number, Refused, Series, Table, Text, Value
from cxkit.coursework.marking.closeness import folded, is_number, is_same, one_spaced, within
from cxkit.coursework.marking.collector import OPEN
from cxkit.coursework.marking.factor_columns import with_free_signs, with_matched_factors
from cxkit.coursework.marking.labels import is_counted, only_count
from cxkit.coursework.marking.pairing import pairings
from cxkit.errors import counted

_SHOWN = 3
_ANY = "*"


@dataclass(frozen=True)
class Verdict:
    """How an answer compares with one reference.

    Attributes
    ----------
    share : float
        Of the answer's points: 1 right, 0 wrong, between for what is close.
    reason : str
        One sentence for the student; empty where it is right.
    off, of : int
        How many values of a series or table are off, and of how many; 0 where values were not compared.
    """

    share: float
    reason: str = ""
    off: int = 0
    of: int = 0

    @property
    def is_right(self) -> bool:
        """Whether it earns all its points."""
        return self.share >= 1.0


RIGHT = Verdict(1.0)


def compare(answer: Answer, given: Value | None, reference: Value) -> Verdict:
    """How far is an answer right?

    Parameters
    ----------
    answer : Answer
        What was declared.
    given : Value or None
        What the student left; None for nothing.
    reference : Value
        What the model answer left with the same parameters.
    """
    if given is None:
        return Verdict(0.0, f"There is no variable `{answer.name}` at the end of this task.")
    if is_open(given):
        return Verdict(0.0, f"`{answer.name}` is still `None`: this task was left open.")
    if isinstance(given, Refused):
        return Verdict(0.0, f"`{answer.name}` is no answer: {given.reason}.")
    verdict = _COMPARED[answer.type](answer, given, reference)
    return verdict or Verdict(0.0, f"`{answer.name}` is not {ANSWER_KINDS[answer.type]}.")


def is_open(given: Value | None) -> bool:
    """Whether the variable still holds the `None` that it was released with."""
    return isinstance(given, Refused) and given.reason == OPEN


# --- numbers ----------------------------------------------------------------------------------------------------------


@dataclass
class _Closeness:
    """Numbers held against numbers with every tolerance of an answer, the answer's own first."""

    answer: Answer
    scales: tuple[float, ...] = (1.0,)
    failed: list[int] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tolerances = self.answer.tolerances
        self.failed = [0] * len(self.tolerances)

    def note(self, given: float, wanted: float, place: str = "") -> None:
        for k, tolerance in enumerate(self.tolerances):
            if not within(given, wanted, tolerance):
                self.failed[k] += 1
                if k == 0:
                    self.places.append(place)

    def verdict(self, reason: Callable[[], str], of: int = 0) -> Verdict:
        """By the narrowest tolerance that everything is within; `of` is how many values there are."""
        if not self.failed[0]:
            return RIGHT
        for failed, partial in zip(self.failed[1:], self.answer.partial, strict=True):
            if not failed:
                return Verdict(partial.share, partial.feedback, off=self.failed[0], of=of)
        return Verdict(0.0, reason(), off=self.failed[0], of=of)


def _scales(answer: Answer) -> tuple[float, ...]:
    """Factors that take a given answer to the reference's unit, which is the first of those declared."""
    if len(answer.units) < 2:
        return (1.0,)
    return (1.0, 0.01 if answer.units[0] == "proportion" else 100.0)


def _best(verdicts: Iterable[Verdict]) -> Verdict:
    """The first of those that earn the most; of these, one with the fewest values that are off."""
    best: Verdict | None = None
    for verdict in verdicts:
        if best is None or (verdict.share, -verdict.off) > (best.share, -best.off):
            best = verdict
        if best.is_right:
            break
    assert best is not None
    return best


def _compare_number(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if not isinstance(given, Number) or not isinstance(reference, Number):
        return None
    if given.value is None or reference.value is None:
        # Nothing equals a missing number, unless the model answer is missing as well.
        return RIGHT if given.value is reference.value else Verdict(0.0, f"`{answer.name}` is not a number (NaN).")
    verdicts = []
    for scale in _scales(answer):
        close = _Closeness(answer)
        close.note(given.value * scale, reference.value)
        verdicts.append(close.verdict(lambda: _off(answer.name, given, reference)))
    return _best(verdicts)


def _off(name: str, given: Number, reference: Number) -> str:
    assert given.value is not None
    assert reference.value is not None
    # Which way, and no distance: yours and the distance together are the right answer
    return f"`{name}` is {'too high' if given.value > reference.value else 'too low'}."


# --- texts and choices ------------------------------------------------------------------------------------------------


def _compare_text(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if not isinstance(given, Text) or not isinstance(reference, Text):
        return None
    right = {folded(text) for text in (reference.value, *answer.accept)}
    if folded(given.value) in right:
        return RIGHT
    return Verdict(0.0, f"`{answer.name}` is {_quoted(given.value)}, which is not right.")


def _compare_choice(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if isinstance(given, Text) and folded(given.value) not in {folded(option) for option in answer.options}:
        options = ", ".join(f'"{option}"' for option in answer.options)
        return Verdict(0.0, f"`{answer.name}` is {_quoted(given.value)}; it must be one of {options}.")
    return _compare_text(answer, given, reference)


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'


# --- series -----------------------------------------------------------------------------------------------------------


def _compare_series(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if not isinstance(given, Series) or not isinstance(reference, Series):
        return None
    labels = reference.labels or tuple(str(k) for k in range(len(reference.values)))
    by_place = given.labels is None
    if given.labels is not None and only_count(reference):
        by_place = answer.any_order or is_counted(given.labels)
    if by_place:
        if len(given.values) != len(labels):
            said = f"{counted(len(given.values), 'value')}; {len(labels)} are wanted."
            return Verdict(0.0, f"`{answer.name}` has {said}")
        return _by_place(answer, given.values, [one_spaced(label) for label in labels], reference.values)
    assert given.labels is not None
    own = [one_spaced(label) for label in given.labels]
    if len(set(own)) != len(own):
        return Verdict(0.0, f"`{answer.name}` has the same label more than once.")
    mine = dict(zip(own, given.values, strict=True))
    wanted = {one_spaced(label): value for label, value in zip(labels, reference.values, strict=True)}
    return _labels_differ(answer.name, mine.keys(), wanted.keys(), "label") or _best(
        _cells_compared(answer, mine, wanted, scale) for scale in _scales(answer)
    )


def _by_place(answer: Answer, given: Sequence[Cell], labels: Sequence[str], values: Sequence[Cell]) -> Verdict:
    """Values that nothing tells apart but where they stand, or nothing at all where any order will do."""
    wanted = dict(zip(labels, values, strict=True))
    orders: Iterable[list[int]] = [list(range(len(labels)))]
    if answer.any_order:
        orders = pairings({"": given}, {"": values}, answer.tolerances, _scales(answer), ())
    return _best(
        _cells_compared(answer, dict(zip(labels, (given[k] for k in order), strict=True)), wanted, scale)
        for order in orders
        for scale in _scales(answer)
    )


def _labels_differ(name: str, given: Any, wanted: Any, what: str, *, may_be_more: bool = False) -> Verdict | None:
    missing = [label for label in wanted if label not in given]
    if missing:
        return Verdict(0.0, f"`{name}` lacks the {_several(what, missing)}.")
    if may_be_more:
        return None
    extra = [label for label in given if label not in wanted]
    return Verdict(0.0, f"`{name}` has the {_several(what, extra)}, which nobody asked for.") if extra else None


def _several(what: str, labels: Sequence[str]) -> str:
    shown = ", ".join(f"'{label[:40]}'" for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return f"{what}{'s' if what and len(labels) > 1 else ''} {shown}{more}"


def _cells_compared(answer: Answer, given: dict[str, Cell], wanted: dict[str, Cell], scale: float) -> Verdict:
    """Cell by cell, where cells have names; numbers by tolerance, everything else by being equal."""
    close = _Closeness(answer)
    other: list[str] = []
    for place, value in wanted.items():
        mine = given[place]
        if is_number(value) and is_number(mine):
            close.note(float(mine) * scale, float(value), place)  # type: ignore[arg-type]
        elif not is_same(mine, value):
            other.append(place)
    if other:
        off = len(other) + close.failed[0]
        if all(is_number(wanted[place]) and isinstance(given[place], str) for place in other):
            which = _several("", other).strip()
            told = f"`{answer.name}` holds texts where numbers are wanted, at {which}."
            return Verdict(0.0, told, off=off, of=len(wanted))
        return Verdict(0.0, f"`{answer.name}` is not right at {_several('', other).strip()}.", off=off, of=len(wanted))

    def reason() -> str:
        head = f"{len(close.places)} of {counted(len(wanted), 'value')} of `{answer.name}`"
        are = "is" if len(close.places) == 1 else "are"
        which = _several("", close.places).strip()
        return f"{head} {are} not right: {which}."

    return close.verdict(reason, len(wanted))


# --- tables -----------------------------------------------------------------------------------------------------------


def _compare_table(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if not isinstance(given, Table) or not isinstance(reference, Table):
        return None
    mine, wanted = _columns(given), _columns(reference)
    columns = [one_spaced(c) for c in answer.columns] or list(wanted)
    keys = [one_spaced(key) for key in answer.key]
    # Further columns harm nobody: a table is right in the columns that are asked for
    unread = _unread(answer, given, {*keys, *columns}, reference)
    missing = unread or _doubled(answer.name, given, {*keys, *columns})
    missing = missing or _labels_differ(answer.name, mine.keys(), [*keys, *columns], "column", may_be_more=True)
    if missing:
        return missing
    columns = [column for column in columns if column not in keys]
    orders = _row_orders(answer, mine, wanted, given, reference, columns)
    if isinstance(orders, Verdict):
        return orders
    names = _row_names(keys, wanted, reference)
    flat_wanted = {f"{names[k]}, {c}": wanted[c][k] for c in columns for k in range(len(names))}

    def flat(rows: list[int]) -> dict[str, Cell]:
        cells = {column: [mine[column][k] for k in rows] for column in columns}
        cells = with_free_signs(answer, cells, wanted)
        cells = with_matched_factors(answer, cells, wanted)
        return {f"{names[k]}, {c}": cells[c][k] for c in columns for k in range(len(names))}

    return _best(
        _cells_compared(answer, flat_given, flat_wanted, scale)
        for flat_given in map(flat, orders)
        for scale in _scales(answer)
    )


def _unread(answer: Answer, given: Table, columns: Collection[str], reference: Table) -> Verdict | None:
    """Whether something that counts is of a type that is not read."""
    rows_count = not (answer.any_order or answer.key or only_count(reference))
    for what, name, reason in given.unread:
        if what == "column" and one_spaced(name) in columns:
            return Verdict(0.0, f"Of `{answer.name}`, the column '{name[:40]}' cannot be read: {reason}.")
        if what == "index" and rows_count:
            return Verdict(0.0, f"Of `{answer.name}`, the index cannot be read: {reason}.")
    return None


def _doubled(name: str, given: Table, columns: Collection[str]) -> Verdict | None:
    """Whether a column that counts is there more than once, so that nobody can say which is meant."""
    often = Counter(one_spaced(column) for column in given.columns)
    for column in given.columns:
        own = one_spaced(column)
        if own in columns and often[own] > 1:
            return Verdict(0.0, f"`{name}` has the {_several('column', [own])} more than once.")
    return None


def _columns(table: Table) -> dict[str, tuple[Cell, ...]]:
    return {one_spaced(column): cells for column, cells in zip(table.columns, table.cells, strict=True)}


def _row_names(keys: Sequence[str], wanted: dict[str, tuple[Cell, ...]], reference: Table) -> list[str]:
    if keys:
        return [" / ".join(str(wanted[key][k]) for key in keys) for k in range(len(reference.rows))]
    return [one_spaced(row) for row in reference.rows]


def _row_orders(
    answer: Answer,
    mine: dict[str, tuple[Cell, ...]],
    wanted: dict[str, tuple[Cell, ...]],
    given: Table,
    reference: Table,
    columns: Sequence[str],
) -> Iterable[list[int]] | Verdict:
    """For each row of the reference, the row of the given table that is meant; where any order will do, every guess."""
    keys = [one_spaced(key) for key in answer.key]
    names = _row_names(keys, wanted, reference)
    own = _row_names(keys, mine, given)
    if len(own) != len(names) and (answer.any_order or is_counted(own)):
        return Verdict(0.0, f"`{answer.name}` has {counted(len(own), 'row')}; {len(names)} are wanted.")
    if answer.any_order:
        factors = {one_spaced(column) for column in answer.factor_columns}
        telling = [column for column in columns if column not in factors]  # factors are matched by whole columns
        if not telling:
            return [list(range(len(names)))]
        ours, theirs = ({column: table[column] for column in telling} for table in (mine, wanted))
        turned = {one_spaced(column) for column in answer.sign_free}
        return pairings(ours, theirs, answer.tolerances, _scales(answer), turned)
    if own != names and not keys and is_counted(own) and only_count(reference):
        return [list(range(len(names)))]
    if len(set(own)) != len(own):
        return Verdict(0.0, f"`{answer.name}` has the same row more than once.")
    missing = _labels_differ(answer.name, own, names, "row", may_be_more=answer.further_rows)
    places = {name: place for place, name in enumerate(own)}
    return missing or [[places[name] for name in names]]


# --- figures ----------------------------------------------------------------------------------------------------------


def _compare_figure(answer: Answer, given: Value, reference: Value) -> Verdict | None:
    if not isinstance(given, Figure) or not isinstance(reference, Figure):
        return None
    wrong = []
    for name, wanted in answer.facts.items():
        mine = given.facts.get(name)
        if wanted == _ANY:
            right = mine not in (None, "", 0, False)
        elif isinstance(wanted, str):
            right = isinstance(mine, str) and folded(wanted) in folded(mine)
        else:
            right = mine is wanted or (is_number(mine) and not isinstance(wanted, bool) and mine == wanted)
        if not right:
            wrong.append(name)
    if not wrong:
        return RIGHT
    return Verdict(0.0, f"Of the first axes of the figure `{answer.name}`, {_facts_differ(wrong)}.")


def _facts_differ(wrong: Sequence[str]) -> str:
    """Which facts are not as they were asked for, all of them: there are few."""
    named = [f"'{name}' (of the whole figure)" if name == "n_axes" else f"'{name}'" for name in wrong]
    if len(named) == 1:
        return f"{named[0]} differs from the requested value"
    return f"{', '.join(named[:-1])} and {named[-1]} differ from the requested values"


_COMPARED: dict[str, Callable[[Answer, Value, Value], Verdict | None]] = {
    "number": _compare_number,
    "text": _compare_text,
    "choice": _compare_choice,
    "series": _compare_series,
    "table": _compare_table,
    "figure": _compare_figure,
}
