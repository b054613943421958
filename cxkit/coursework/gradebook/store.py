"""A file to which entries are added and from which none is ever taken or changed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cxkit.errors import MarkingError
from cxkit.running.jobs.database import Database

Kind = Literal["assignment", "policy", "marks", "written", "override", "excuse", "lift"]
"""`lift` takes an override or excuse back; the other kinds say what is recorded."""

SCHEMA = 1
_APPLICATION = 0x63786B67  # "cxkg": tells our files from other SQLite files
_TABLES = """
CREATE TABLE entries (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    time       TEXT NOT NULL,
    kind       TEXT NOT NULL
               CHECK (kind IN ('assignment', 'policy', 'marks', 'written', 'override', 'excuse', 'lift')),
    assignment TEXT NOT NULL,
    student    TEXT NOT NULL,
    question   TEXT NOT NULL,
    points     REAL,
    out_of     REAL,
    marker     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    version    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    digest     TEXT NOT NULL
) STRICT;
CREATE INDEX by_student ON entries (assignment, student, kind, number);
CREATE TRIGGER never_changed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER never_removed BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    number : int
        In the order of recording; 0 until it is recorded.
    time : datetime
        When it was recorded, in UTC.
    kind : str
        See `Kind`.
    assignment, student, question : str
        What it is about; empty where it is about all.
    points, out_of : float or None
    marker : str
        A person, or the program and its version.
    reason : str
        Why, in words.
    version : str
        SHA-256 of the submission that was marked; empty where there was none.
    detail : mapping
        Everything else, as JSON data.
    """

    kind: Kind
    assignment: str = ""
    student: str = ""
    question: str = ""
    points: float | None = None
    out_of: float | None = None
    marker: str = ""
    reason: str = ""
    version: str = ""
    detail: Mapping[str, Any]
    number: int = 0
    time: datetime

    @property
    def digest(self) -> str:
        """The same for entries that say the same, whenever they were made."""
        numbers = [None if number is None else float(number) for number in (self.points, self.out_of)]
        said = [self.kind, self.assignment, self.student, self.question, *numbers, self.marker, self.reason,
                self.version, self.detail]  # fmt: skip
        return hashlib.sha256(_json(said).encode()).hexdigest()


def with_reasons_held(new: Iterable[Entry], held: Iterable[Entry]) -> list[Entry]:
    """Entries, each with the reason of the last one about the same where nothing but the reason would be new.

    A reason that is given for all who are recorded says nothing of those whose marks stay.
    """
    last = {(one.kind, one.assignment, one.student, one.question): one for one in held}
    made = []
    for entry in new:
        before = last.get((entry.kind, entry.assignment, entry.student, entry.question))
        same = entry if before is None else replace(entry, reason=before.reason)
        is_held = before is not None and same.digest == before.digest
        made.append(same if is_held else entry)
    return made


def _json(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Store(Database):
    """The entries of one file."""

    what = "gradebook"
    untouched = "Nothing was recorded."

    def __init__(self, path: str | Path) -> None:
        super().__init__(Path(path))

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA trusted_schema = OFF")
        if self._pragma("application_id") == 0:
            with self.writing():
                # Another process may have made the tables while this one waited.
                if self._pragma("application_id") == 0:
                    if self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                        raise MarkingError(f"{self.path} is the database of another program. Choose another file.")
                    for statement in _statements(_TABLES):
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                    self.connection.execute(f"PRAGMA user_version = {SCHEMA}")
        if self._pragma("application_id") != _APPLICATION:
            raise MarkingError(f"{self.path} is the database of another program. Choose another file.")
        version = self._pragma("user_version")
        if version != SCHEMA:
            raise MarkingError(
                f"{self.path} was written by {'a newer' if version > SCHEMA else 'an older'} version of cxkit "
                f"(format {version}, this one reads {SCHEMA}). Use that version."
            )

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])

    def add(self, entry: Entry) -> None:
        """Add an entry; only within `writing`."""
        self.connection.execute(
            "INSERT INTO entries (time, kind, assignment, student, question, points, out_of, marker, reason, version,"
            " detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.time.astimezone(UTC).isoformat(), entry.kind, entry.assignment, entry.student, entry.question,
             entry.points, entry.out_of, entry.marker, entry.reason, entry.version, _json(entry.detail), entry.digest),
        )  # fmt: skip

    def last_digest(self, entry: Entry, kinds: tuple[Kind, ...]) -> str | None:
        """Of the last entry of these kinds about the same thing, so that nothing is said twice in a row."""
        row = self.connection.execute(
            "SELECT digest FROM entries WHERE assignment = ? AND student = ? AND question = ?"
            f" AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY number DESC LIMIT 1",
            (entry.assignment, entry.student, entry.question, *kinds),
        ).fetchone()
        return row and str(row[0])

    def entries(self, assignment: str | None = None, student: str | None = None) -> list[Entry]:
        """Everything that happened, or what is about an assignment or a student, in the order of recording."""
        where = [
            f"{name} = ?" for name, value in (("assignment", assignment), ("student", student)) if value is not None
        ]
        rows = self.connection.execute(
            "SELECT number, time, kind, assignment, student, question, points, out_of, marker, reason, version, detail"
            f" FROM entries {'WHERE ' + ' AND '.join(where) if where else ''} ORDER BY number",
            [value for value in (assignment, student) if value is not None],
        )
        return [
            Entry(
                number=row[0], time=datetime.fromisoformat(row[1]), kind=row[2], assignment=row[3], student=row[4],
                question=row[5], points=row[6], out_of=row[7], marker=row[8], reason=row[9], version=row[10],
                detail=json.loads(row[11]),
            )
            for row in rows
        ]  # fmt: skip

    def check(self) -> None:
        """Is the file whole?

        Raises
        ------
        MarkingError
            If it is damaged, or an entry was changed by other means than this program.
        """
        try:
            found = self.connection.execute("PRAGMA integrity_check").fetchone()[0]
            changed = [
                entry.number
                for entry, (digest,) in zip(
                    self.entries(),
                    self.connection.execute("SELECT digest FROM entries ORDER BY number").fetchall(),
                    strict=True,
                )
                if entry.digest != digest
            ]
        except (sqlite3.DatabaseError, ValueError) as error:
            raise MarkingError(f"{self.path} is damaged: {error}. Restore it from a copy.") from None
        if found != "ok":
            raise MarkingError(f"{self.path} is damaged: {found}. Restore it from a copy.")
        if changed:
            raise MarkingError(f"{self.path}: entries {', '.join(map(str, changed[:10]))} were changed by other means.")


def _statements(script: str) -> Iterator[str]:
    """The statements one by one: `executescript` would end the transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
