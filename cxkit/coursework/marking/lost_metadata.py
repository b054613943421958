"""Which cell of a student's notebook belongs to which question, where an editor has thrown the cells' metadata away?

Some editors and notebook services drop metadata and tags when they save, people copy cells into a new notebook, and an
export and import loses both. The text and the place of the cells are mostly still there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.regions import assigned
from cxkit.coursework.assignment.source import is_written, questions_of

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment

PARAMETERS = "parameters"
RELEASED_ID = "released_id"
"""In the metadata of a cell whose id was changed for the run: the id that it came with."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Cell = Mapping[str, Any]
_Label = tuple[tuple[str, ...], bool, bool]
"""The questions of a cell, whether it is a place to write, and whether it holds the parameters."""
_NAME = re.compile(r"[^\W\d]\w*")
_NO_TARGET = re.compile(r"\w\s*\(|\[")  # a call with keywords, a part of something
_ANNOTATION = re.compile(r"^(\s*\w+)\s*:.*")
_MOST_LINES, _LONGEST_LINE = 2_000, 500
_NONE: _Label = ((), False, False)


@dataclass(frozen=True)
class Recovered:
    """A notebook's cells with the metadata that they were released with.

    Attributes
    ----------
    cells : list of dict
        Copies; only metadata differ.
    count : int
        Cells whose metadata had been lost.
    parameters : str
        `"code"` where a code cell holds the parameters, else the kind of cell that does, or empty where none does.
    """

    cells: list[dict[str, Any]]
    count: int
    parameters: str


def recover(assignment: Assignment, released: Sequence[Cell], cells: Sequence[Cell]) -> Recovered:
    """Give cells the metadata back that they were released with: found by id, then by their text, then by their order.

    Parameters
    ----------
    assignment : Assignment
    released : sequence of cell
        Of the notebook that students were given.
    cells : sequence of cell
        The student's; what is malformed is left as it is. What a student does to metadata decides only when an answer
        is looked at, where parameters are set, and below which cell a failed task's right values are; which tasks these
        may reach is decided by the assignment's order (`follow_through`), so that nothing can be gained by it.
    """
    found = _Matching(assignment, released, cells).pairs()
    own = [{**cell, "metadata": dict(_metadata(cell))} for cell in cells]
    count = 0
    for place, target in found.items():
        if _label(released[place]) == _NONE or _label(own[target]) == _label(released[place]):
            continue
        count += 1
        own[target]["metadata"] |= {key: value for key, value in _metadata(released[place]).items() if key in _KEPT}
    kinds = [str(cell.get("cell_type")) for cell in own if PARAMETERS in _tags(cell)]
    return Recovered(cells=own, count=count, parameters="code" if "code" in kinds else "".join(kinds[:1]))


_KEPT = ("cxkit", "tags")


class _Matching:
    """Pairs released cells with the student's, the surest ways first."""

    def __init__(self, assignment: Assignment, released: Sequence[Cell], cells: Sequence[Cell]) -> None:
        self.released, self.cells = released, cells
        self.names = {question.id: {one.name for one in question.answers} for question in assignment.questions}
        self.parameters = {*assignment.public.values, *(file.parameter for file in assignment.files)}
        self.found: dict[int, int] = {}

    def pairs(self) -> dict[int, int]:
        """From the index of a released cell to that of the student's."""
        self._match(
            lambda one, other: _label(one) != _NONE and _label(one) == _label(other) and id_of(one) == id_of(other)
        )
        self._match(lambda one, other: _label(one) != _NONE and _label(one) == _label(other))
        self._match(lambda one, other: _is_free(other) and bool(id_of(one)) and id_of(one) == id_of(other))
        self._match(lambda one, other: _is_free(other) and _same_kind(one, other) and _text(one) == _text(other))
        self._match(lambda one, other: _is_free(other) and self._sets_the_same(one, other), last_first=True)
        self._match_by_order()
        return self.found

    def _match(self, fits: Callable[[Cell, Cell], bool], *, last_first: bool = False) -> None:
        for place, one in enumerate(self.released):
            if place in self.found:
                continue
            taken = set(self.found.values())
            places = [n for n, other in enumerate(self.cells) if n not in taken and fits(one, other)]
            if places:
                self.found[place] = places[-1 if last_first else 0]

    def _sets_the_same(self, one: Cell, other: Cell) -> bool:
        """Whether a cell sets every answer, or every parameter, that the released one leaves to be set."""
        if not _is_code(one) or not _is_code(other):
            return False
        wanted = self.parameters if PARAMETERS in _tags(one) else self._answers(one)
        return bool(wanted) and wanted <= names_set(_text(other))

    def _answers(self, one: Cell) -> set[str]:
        names = {name for key in questions_of(one) for name in self.names.get(key, ())}
        return names & assigned(_text(one))

    def _match_by_order(self) -> None:
        """Between two cells that are known: as many cells of a kind as were released there are these, in order.

        A cell with parameters must set one of them at least: whatever else stands first is not it.
        """
        known = dict(self.found)
        for low, high in _gaps(known, len(self.released)):
            begin, end = known.get(low, -1), known.get(high, len(self.cells))
            for is_kind in (_is_code, _is_prose):
                places = [
                    n for n in range(low + 1, high) if _label(self.released[n]) != _NONE and is_kind(self.released[n])
                ]
                targets = [n for n in range(begin + 1, end) if is_kind(self.cells[n]) and _is_free(self.cells[n])]
                targets = [n for n in targets if n not in self.found.values()]
                for place, target in zip(places, targets, strict=True) if len(places) == len(targets) else ():
                    has_parameters = PARAMETERS in _tags(self.released[place])
                    if not has_parameters or self.parameters & names_set(_text(self.cells[target])):
                        self.found[place] = target


def _gaps(known: Iterable[int], length: int) -> list[tuple[int, int]]:
    """Stretches of released cells between those that are known, by the indices of the two around them."""
    borders = [-1, *sorted(known), length]
    return [(low, high) for low, high in pairwise(borders) if high > low + 1]


def _metadata(cell: Cell) -> Mapping[str, Any]:
    metadata = cell.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _tags(cell: Cell) -> tuple[str, ...]:
    tags = _metadata(cell).get("tags", ())
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def _label(cell: Cell) -> _Label:
    if not isinstance(cell.get("metadata"), Mapping):
        return _NONE
    return questions_of(cell), is_written(cell), PARAMETERS in _tags(cell)


def _is_free(cell: Cell) -> bool:
    return _label(cell) == _NONE


def id_of(cell: Cell) -> str:
    """The id that a cell came with; notebook services keep it in the metadata."""
    metadata = _metadata(cell)
    candidates = (metadata.get(RELEASED_ID), metadata.get("id"), cell.get("id"))
    return next((one for one in candidates if isinstance(one, str) and _ID.fullmatch(one)), "")


def _text(cell: Cell) -> str:
    source = cell.get("source", "")
    return ("".join(map(str, source)) if isinstance(source, list) else str(source)).strip()


def _is_code(cell: Cell) -> bool:
    return cell.get("cell_type") == "code"


def _is_prose(cell: Cell) -> bool:
    return cell.get("cell_type") == "markdown"


def names_set(text: str) -> set[str]:
    """The names before a `=` in each line of a stranger's code.

    Not parsed: a parser of Python can be made to take any amount of memory by a text that is short.
    """
    names: set[str] = set()
    for line in text.splitlines()[:_MOST_LINES]:
        target, equals, value = line[:_LONGEST_LINE].partition("#")[0].partition("=")
        is_compared = value.startswith("=") or target.endswith(("!", "<", ">"))
        if equals and not is_compared and not _NO_TARGET.search(target):
            names |= set(_NAME.findall(_ANNOTATION.sub(r"\1", target)))
    return names


def _same_kind(one: Cell, other: Cell) -> bool:
    return one.get("cell_type") == other.get("cell_type")
