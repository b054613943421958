"""What was collected, as plain data and as the file that keeps it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from cxkit.coursework.collecting.submission import COLLECTION_FILE, Status, Submission, what_to_do
from cxkit.coursework.marks.folder import safe_name
from cxkit.errors import MarkingError, counted, reason_of

_PAIRS = ("unmatched", "refused", "stayed", "replaced")


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Everything that was handed in.

    Attributes
    ----------
    assignment : str
    submissions : tuple of Submission
        One for every student of the roster, in its order; then those who were collected before and are not on it.
    unmatched : tuple of (str, str)
        Files of the last download that belong to nobody on the roster, or to several, and why.
    refused : tuple of (str, str)
        Files of the last download that were not read, and why.
    stayed : tuple of (str, str)
        Students whose row is that of an earlier collection, and what the last download held in its place; empty where
        it held nothing of theirs.
    replaced : tuple of (str, str)
        Students whose notebook gave way to that of the last download, and both in words.
    """

    assignment: str
    submissions: tuple[Submission, ...]
    unmatched: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    stayed: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()

    @property
    def by_student(self) -> dict[str, Submission]:
        """Submissions by the students' ids."""
        return {one.student: one for one in self.submissions}

    @property
    def text(self) -> str:
        """How many of each status, and every file that needs a person."""
        counts = Counter(one.status for one in self.submissions)
        told = [f"{counts[status]} {status.replace('_', ' ')}" for status in get_args(Status) if counts[status]]
        lines = [f"{counted(len(self.submissions), 'student')}: {', '.join(told)}."]
        lines += [
            f"  {one.student}: {one.status.replace('_', ' ')}. {one.note}".rstrip()
            for one in self.submissions
            if one.note and one.status != "missing"
        ]
        missing = [one.student for one in self.submissions if one.status == "missing"]
        lines += [f"  missing: {', '.join(missing)}."] * bool(missing)
        for head, files in (("Of nobody on the roster", self.unmatched), ("Not read", self.refused)):
            lines += [f"{head}:"] * bool(files) + [f"  {name}: {why}" for name, why in files[:20]]
            lines += [f"  and {len(files) - 20} more"] * (len(files) > 20)
        return "\n".join([*lines, *self._told_of_earlier(), *what_to_do(self.submissions)])

    def _told_of_earlier(self) -> list[str]:
        """How this download stands beside what was collected before: everybody whose work it might have changed."""
        absent = sum(not why for _, why in self.stayed)
        others = [(student, why) for student, why in self.stayed if why]
        lines = []
        if absent:
            lines.append(f"{counted(absent, 'student')} not in this download: what was collected before stays.")
        if others:
            lines.append("What was collected before stays, although this download has something else:")
            lines += [f"  {student}: {why}" for student, why in others]
        if self.replaced:
            lines.append("Replaced:")
            lines += [f"  {student}: {why}" for student, why in self.replaced]
        return lines


def as_json(collection: Collection) -> str:
    """The text of `collection.json`."""
    data = asdict(collection)
    for row in data["submissions"]:
        row["path"] = row["path"].name if row["path"] else None
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def read_collection(folder: str | Path) -> Collection:
    """What `collect` wrote into a folder.

    Raises
    ------
    MarkingError
        If there is none, or it is damaged.
    """
    file = Path(folder) / COLLECTION_FILE
    if not file.is_file():
        raise MarkingError(f"There is no {COLLECTION_FILE} in {folder}. Collect the submissions first: cxkit collect.")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        rows = tuple(
            Submission(**{**row, "path": Path(folder) / safe_name(row["student"] + ".ipynb") if row["path"] else None})
            for row in data["submissions"]
        )
        pairs = {key: tuple((name, why) for name, why in data.get(key, ())) for key in _PAIRS}
        return Collection(assignment=data["assignment"], submissions=rows, **pairs)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MarkingError(
            f"{file} is damaged ({reason_of(error)}). Move {folder} away and collect everything again: cxkit collect."
        ) from None
