"""One row for every student of the class: what was handed in, when, and if it cannot be marked, why."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

from cxkit.coursework.collecting.archives import FileRefused, Item, list_files, shown
from cxkit.coursework.collecting.choice import Candidate, Choice
from cxkit.coursework.collecting.contents import timestamp_of
from cxkit.coursework.collecting.layouts import Owner, owners
from cxkit.coursework.marks_folder import safe_name
from cxkit.coursework.roster import Roster, folded
from cxkit.coursework.submissions import COLLECTION_FILE, Status, Submission
from cxkit.errors import MarkingError, counted
from cxkit.running.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Everything that was handed in.

    Attributes
    ----------
    assignment : str
    submissions : tuple of Submission
        One for every student of the roster, in its order.
    unmatched : tuple of (str, str)
        Files that belong to nobody on the roster, or to several, and why.
    refused : tuple of (str, str)
        Files that were not read, and why.
    """

    assignment: str
    submissions: tuple[Submission, ...]
    unmatched: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

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
        for head, files in (("Of nobody on the roster", self.unmatched), ("Not read", self.refused)):
            lines += [f"{head}:"] * bool(files) + [f"  {name}: {why}" for name, why in files[:20]]
            lines += [f"  and {len(files) - 20} more"] * (len(files) > 20)
        return "\n".join(lines)


def collect(
    path: str | Path, roster: Roster, assignment_id: str, due: datetime | None = None, *, into: str | Path
) -> Collection:
    """Who handed in what?

    Parameters
    ----------
    path : str or Path
        A folder (with a folder or a file for each student, or nbgrader's `submitted/STUDENT/ASSIGNMENT/`), or the zip
        that Canvas, Moodle, Blackboard or Brightspace offers for download, as it is.
    roster : Roster
    assignment_id : str
    due : datetime, optional
        When it was due. Times in names have no zone; they are taken to be in that of `due`.
    into : str or Path
        Folder for the notebooks, `STUDENT.ipynb`, and `collection.json`. Nothing else is ever written. Notebooks of
        an earlier collection that are no longer there are removed.

    Returns
    -------
    Collection
        One row for every student, whatever happened. The newest attempt counts where names tell it.

    Raises
    ------
    MarkingError
        If the path is no folder and no zip.
    """
    into = Path(into)
    if Path(path).is_dir() and into.resolve().is_relative_to(Path(path).resolve()):
        raise MarkingError(f"{into} lies in {path}, where the submissions are. Collect into another folder.")
    if due is not None and due.tzinfo is None:
        due = due.astimezone()
    items = list_files(path)
    of_students, unmatched = _by_student(items, roster, assignment_id)
    refused: list[tuple[str, str]] = [(shown(item.name), item.refusal) for item in items if item.refusal]
    rows = []
    for student in roster:
        files = _of_this_assignment(of_students.get(student.id, []), assignment_id)
        rows.append(Choice(student.id, files, assignment_id, due, into, refused).made())
    _tidy(into, rows)
    result = Collection(
        assignment=assignment_id, submissions=tuple(rows), unmatched=tuple(unmatched), refused=tuple(refused)
    )
    write_atomically(into / COLLECTION_FILE, _as_json(result))
    return result


def _by_student(
    items: list[Item], roster: Roster, assignment_id: str
) -> tuple[dict[str, list[tuple[Item, Owner]]], list[tuple[str, str]]]:
    found: dict[str, list[tuple[Item, Owner]]] = defaultdict(list)
    unmatched = []
    for item, owner in zip(items, owners(items, roster, assignment_id), strict=True):
        if owner is not None and len(owner.students) == 1:
            found[min(owner.students)].append((item, owner))
        elif item.suffix in {".ipynb", ".zip"} or item.refusal or (owner and owner.students):
            several = sorted(owner.students) if owner else []
            why = f"could be of {', '.join(several)}" if several else "its name fits no student of the roster"
            unmatched.append((shown(item.name), why))
    return found, unmatched


def _of_this_assignment(files: list[tuple[Item, Owner]], assignment_id: str) -> list[Candidate]:
    """The student's files; those of `STUDENT/ASSIGNMENT/` alone where there is such a folder, with its time."""

    def inside(item: Item, owner: Owner) -> bool:
        rest = item.parts[owner.depth :]
        return owner.layout == "folder" and len(rest) > 1 and folded(rest[0]) == folded(assignment_id)

    tree = [(item, owner) for item, owner in files if inside(item, owner)]
    stamps = [item for item, owner in tree if item.parts[owner.depth + 1 :] == ("timestamp.txt",)]
    time = None
    if stamps:
        try:
            time = timestamp_of(stamps[0].read(1_000))
        except FileRefused:
            time = None
    return [Candidate(item=item, owner=owner, time=owner.time or time) for item, owner in tree or files]


def _tidy(into: Path, rows: Iterable[Submission]) -> None:
    """Remove notebooks of an earlier collection whose student has none now: they must not be marked by mistake."""
    into.mkdir(parents=True, exist_ok=True)
    before = into / COLLECTION_FILE
    if not before.is_file():
        return
    kept = {one.path for one in rows}
    for old in read_collection(into).submissions:
        if old.path is not None and old.path not in kept:
            old.path.unlink(missing_ok=True)


def _as_json(collection: Collection) -> str:
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
        pairs = {key: tuple((name, why) for name, why in data[key]) for key in ("unmatched", "refused")}
        return Collection(assignment=data["assignment"], submissions=rows, **pairs)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MarkingError(f"{file} is damaged ({error}). Collect again: cxkit collect.") from None
