"""One row for every student of the class: what was handed in, when, and if it cannot be marked, why."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from cxkit.coursework.collecting.adding import Adding
from cxkit.coursework.collecting.archives import FileRefused, Item, list_files, shown
from cxkit.coursework.collecting.choice import Candidate, Choice
from cxkit.coursework.collecting.collection import Collection, as_json, read_collection
from cxkit.coursework.collecting.contents import timestamp_of
from cxkit.coursework.collecting.layouts import Owner, owners
from cxkit.coursework.roster import Roster, folded
from cxkit.coursework.submissions import COLLECTION_FILE, Submission
from cxkit.errors import MarkingError
from cxkit.running.files import sha256_of, write_atomically


def collect(
    path: str | Path,
    roster: Roster,
    assignment_id: str,
    due: datetime | None = None,
    *,
    into: str | Path,
    replace: bool = False,
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
        Folder for the notebooks, `STUDENT.ipynb`, and `collection.json`. Nothing else is ever written. What was
        collected there before stays: this download adds to it.
    replace : bool
        Whether a student's notebook in this download takes the place of another one collected before. Students who
        are not in this download keep theirs in any case.

    Returns
    -------
    Collection
        One row for every student, whatever happened. The newest attempt counts where names tell it.

    Raises
    ------
    MarkingError
        If the path is no folder and no zip, or `into` holds another assignment or a damaged collection.
    """
    into = Path(into)
    if Path(path).is_dir() and into.resolve().is_relative_to(Path(path).resolve()):
        raise MarkingError(f"{into} lies in {path}, where the submissions are. Collect into another folder.")
    if due is not None and due.tzinfo is None:
        due = due.astimezone()
    before = _collected_before(into, assignment_id)
    items = list_files(path)
    of_students, unmatched = _by_student(items, roster, assignment_id)
    refused: list[tuple[str, str]] = [(shown(item.name), item.refusal) for item in items if item.refusal]
    adding = Adding(before, replace=replace, due_is_known=due is not None)
    for student in roster:
        files = _of_this_assignment(of_students.get(student.id, []), assignment_id)
        adding.add(Choice(student.id, files, assignment_id, due, into, refused))
    result = Collection(
        assignment=assignment_id, submissions=adding.rows, unmatched=tuple(unmatched), refused=tuple(refused),
        stayed=tuple(adding.stayed), replaced=tuple(adding.replaced),
    )  # fmt: skip
    write_atomically(into / COLLECTION_FILE, as_json(result))
    return result


def _collected_before(into: Path, assignment_id: str) -> dict[str, Submission]:
    """What lies in the folder already, by student."""
    if not (into / COLLECTION_FILE).is_file():
        # Put there by hand: no less somebody's work.
        files = [file for file in sorted(into.glob("*.ipynb")) if file.is_file() and not file.is_symlink()]
        return {file.stem: Submission(student=file.stem, path=file, sha256=sha256_of(file)) for file in files}
    before = read_collection(into)
    if before.assignment != assignment_id:
        raise MarkingError(
            f"{into} holds what was collected for '{before.assignment}', not for '{assignment_id}'. "
            "Collect into another folder (-o)."
        )
    return before.by_student


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
