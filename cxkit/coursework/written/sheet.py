"""A marking sheet: answers under codes, and what each marker gave them, kept so that no save undoes another."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.written.panel_state import BlindAnswer, PanelMark
from cxkit.errors import MarkingError, Problems, nearest
from cxkit.running.jobs.database import Database

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment, Question

COMMENT = "comment"
Value = float | str | None
Place = tuple[str, str, str, str]
"""Question, code, marker, and the criterion or `comment`."""

_APPLICATION = 0x63786B77  # "cxkw"
_TABLES = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE answers (question TEXT NOT NULL, code TEXT NOT NULL, place INTEGER NOT NULL, text TEXT NOT NULL,"
    " current INTEGER NOT NULL, PRIMARY KEY (question, code)) STRICT",
    "CREATE TABLE cells (revision INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, question TEXT NOT NULL,"
    " code TEXT NOT NULL, marker TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL) STRICT",
    "CREATE INDEX by_cell ON cells (question, code, marker, field, revision)",
    "CREATE TRIGGER kept BEFORE UPDATE ON cells BEGIN SELECT RAISE(ABORT, 'marks are never changed'); END",
    "CREATE TRIGGER kept_too BEFORE DELETE ON cells BEGIN SELECT RAISE(ABORT, 'marks are never removed'); END",
    "CREATE TABLE bank (number INTEGER PRIMARY KEY, question TEXT NOT NULL, comment TEXT NOT NULL,"
    " UNIQUE (question, comment)) STRICT",
)


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One cell that two people changed to different things. Neither was undone: `theirs` stands until it is settled."""

    place: Place
    base: Value
    theirs: Value
    mine: Value

    def __str__(self) -> str:
        question, code, marker, field = self.place
        return (
            f"{question}, {code}, {field} ({marker}): it was {_said(self.base)}; the sheet has "
            f"{_said(self.theirs)} now, your file {_said(self.mine)}."
        )


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What came of bringing changes in: how many cells changed, and those that need a person."""

    changed: int = 0
    conflicts: tuple[Conflict, ...] = ()


def _said(value: Value) -> str:
    return "empty" if value in {None, ""} else f"'{value:g}'" if isinstance(value, float) else f"'{value}'"


class MarkingSheet(Database):
    """The written answers of an assignment and their marks, for the panel and for files.

    Every cell's values are kept in the order in which they came. A file or panel says from which revision it began;
    a cell is changed only if it still has the value of that revision (a three-way merge). Anything else is a conflict,
    which is named and changes nothing.

    Parameters
    ----------
    path : str or Path
        One file; see `open_sheet`.
    assignment : Assignment
        Its rubric checks every mark.

    Raises
    ------
    MarkingError
        If the file is not there, something else, damaged, or of another assignment.
    """

    what = "marking sheet"
    untouched = "Nothing was changed."

    def __init__(self, path: str | Path, assignment: Assignment, *, create: bool = False) -> None:
        self.assignment, self._create = assignment, create
        self._seen: dict[tuple[str, str, str], PanelMark] = {}
        if not create and not Path(path).is_file():
            raise MarkingError(f"There is no marking sheet {path}. Make it first: cxkit written sheet.")
        super().__init__(Path(path))

    def _prepare(self) -> None:
        if self._create:
            with self.writing():
                if not self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    for statement in _TABLES:
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                    self.connection.execute("INSERT INTO about VALUES ('assignment', ?)", (self.assignment.id,))
        if self.connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            raise MarkingError(f"{self.path} is not a marking sheet.")
        ((own,),) = self.connection.execute("SELECT value FROM about WHERE key = 'assignment'").fetchall()
        if own != self.assignment.id:
            raise MarkingError(f"{self.path} is of the assignment '{own}', not of '{self.assignment.id}'.")

    # What the panel asks for

    def questions(self) -> Sequence[Question]:
        """The written questions."""
        return [question for question in self.assignment.questions if question.kind == "written"]

    def answers(self, question: str) -> Sequence[BlindAnswer]:
        """The answers to a question, in the blind order; earlier versions of an answer are left out."""
        rows = self.connection.execute(
            "SELECT code, text FROM answers WHERE question = ? AND current ORDER BY place, code", (question,)
        )
        return [BlindAnswer(code=code, text=text) for code, text in rows]

    def mark(self, question: str, code: str, marker: str) -> PanelMark | None:
        """What this marker gave this answer so far."""
        values = self._values("question = ? AND code = ? AND marker = ?", (question, code, marker))
        mark = _as_mark({place[3]: value for place, value in values.items()}) if values else None
        self._seen[question, code, marker] = mark or PanelMark()
        return mark

    def others(self, question: str, code: str, marker: str) -> Mapping[str, PanelMark]:
        """What other markers gave it."""
        values = self._values("question = ? AND code = ? AND marker <> ?", (question, code, marker))
        by_marker: dict[str, dict[str, Value]] = {}
        for (_, _, who, field), value in values.items():
            by_marker.setdefault(who, {})[field] = value
        return {who: _as_mark(fields) for who, fields in sorted(by_marker.items())}

    def save(self, question: str, code: str, marker: str, mark: PanelMark) -> None:
        """Keep this mark: what differs from what was last read here.

        Raises
        ------
        MarkingError
            If a cell was changed elsewhere since it was read; the sheet keeps that, and the next reading shows it.
        """
        before = self._seen.get((question, code, marker), PanelMark())
        old, new = _as_fields(before), _as_fields(mark)
        changes = {
            (question, code, marker, field): (old.get(field), new.get(field))
            for field in {*old, *new}
            if old.get(field) != new.get(field)
        }
        done = self.merge(changes)
        self.mark(question, code, marker)
        if done.conflicts:
            raise MarkingError("Changed elsewhere meanwhile: " + " ".join(map(str, done.conflicts)))

    def bank(self, question: str) -> Sequence[str]:
        """Comments to choose from."""
        rows = self.connection.execute("SELECT comment FROM bank WHERE question = ? ORDER BY number", (question,))
        return [comment for (comment,) in rows]

    def add_to_bank(self, question: str, comment: str) -> None:
        """One more of them; one that is there already stays where it is."""
        with self.writing():
            self.connection.execute("INSERT OR IGNORE INTO bank (question, comment) VALUES (?, ?)", (question, comment))

    # What files need

    @property
    def revision(self) -> int:
        """The number of the last change."""
        return int(self.connection.execute("SELECT coalesce(max(revision), 0) FROM cells").fetchone()[0])

    def markers(self) -> list[str]:
        """Who has marked something."""
        return [who for (who,) in self.connection.execute("SELECT DISTINCT marker FROM cells ORDER BY marker")]

    def values(self, revision: int | None = None) -> dict[Place, Value]:
        """Every cell, now or as it was at a revision."""
        return self._values("revision <= ?", (self.revision if revision is None else revision,))

    def _values(self, where: str, parameters: Sequence[object]) -> dict[Place, Value]:
        rows = self.connection.execute(
            f"SELECT question, code, marker, field, value FROM cells WHERE {where} ORDER BY revision", tuple(parameters)
        )
        return {(question, code, marker, field): json.loads(value) for question, code, marker, field, value in rows}

    def merge(self, changes: Mapping[Place, tuple[Value, Value]], *, at: datetime | None = None) -> Merged:
        """Bring changes in, each from the value that it began with to the one that it shall have.

        Returns
        -------
        Merged
            Cells that have another value than the one a change began with are conflicts, unless they have the wanted
            one already.

        Raises
        ------
        MarkingError
            All problems at once: unknown questions, codes and criteria, points that a criterion does not have. Then
            nothing is changed.
        """
        self._check(changes)
        conflicts, changed = [], 0
        time = (at or datetime.now(UTC)).isoformat()
        with self.writing():
            now = self._values("revision >= 0", ())
            for place, (base, mine) in sorted(changes.items()):
                theirs = now.get(place)
                if _same(mine, base) or _same(mine, theirs):
                    continue
                if not _same(theirs, base):
                    conflicts.append(Conflict(place=place, base=base, theirs=theirs, mine=mine))
                    continue
                self.connection.execute(
                    "INSERT INTO cells (time, question, code, marker, field, value) VALUES (?, ?, ?, ?, ?, ?)",
                    (time, *place, json.dumps(mine, ensure_ascii=False, allow_nan=False)),
                )
                changed += 1
        return Merged(changed=changed, conflicts=tuple(conflicts))

    def _check(self, changes: Mapping[Place, tuple[Value, Value]]) -> None:
        problems = Problems(str(self.path))
        known = {question.id: question for question in self.questions()}
        codes = {(q, code) for q, code in self.connection.execute("SELECT question, code FROM answers")}
        for (question, code, marker, field), (_, value) in changes.items():
            where = f"{question}, {code}"
            if question not in known:
                problems.add(f"there is no written question '{question}'.{nearest(question, known)}")
            elif (question, code) not in codes:
                problems.add(f"{where}: no answer has this code")
            elif not marker.strip():
                problems.add(f"{where}: there is no marker")
            elif field != COMMENT:
                most = {criterion.id: criterion.points for criterion in known[question].rubric}
                if field not in most:
                    problems.add(f"{where}: the rubric has no criterion '{field}'.{nearest(field, most)}")
                elif value is not None and not (isinstance(value, float | int) and 0 <= value <= most[field]):
                    problems.add(f"{where}: {_said(value)} is not 0 to {most[field]:g} points for '{field}'")
        if problems:
            problems.raise_as(MarkingError)

    def put_answers(
        self, question: str, answers: Mapping[str, tuple[int, str]], *, staying: Collection[str] = ()
    ) -> None:
        """The current answers to a question: by code, their places and texts, and those whose codes are `staying`.

        All others stay in the file, but are not shown.
        """
        with self.writing():
            earlier = self.connection.execute("SELECT code FROM answers WHERE question = ?", (question,)).fetchall()
            self.connection.executemany(
                "UPDATE answers SET current = 0 WHERE question = ? AND code = ?",
                [(question, code) for (code,) in earlier if code not in staying],
            )
            self.connection.executemany(
                "INSERT INTO answers VALUES (?, ?, ?, ?, 1) ON CONFLICT (question, code)"
                " DO UPDATE SET current = 1, place = excluded.place",
                [(question, code, place, text) for code, (place, text) in answers.items()],
            )


def _same(one: Value, other: Value) -> bool:
    return (one in {None, ""} and other in {None, ""}) or one == other


def _as_mark(fields: Mapping[str, Value]) -> PanelMark:
    points = {field: float(value) for field, value in fields.items() if field != COMMENT and value not in {None, ""}}
    return PanelMark(points=points, comment=str(fields.get(COMMENT) or ""))


def _as_fields(mark: PanelMark) -> dict[str, Value]:
    return {**{field: float(value) for field, value in mark.points.items()}, COMMENT: mark.comment or None}
