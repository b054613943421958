"""One row for every student of the class: what was handed in, when, and if it cannot be marked, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from cxkit.coursework.collecting.adding import Adding
from cxkit.coursework.collecting.archives import list_files, shown, some_of
from cxkit.coursework.collecting.choice import Choice
from cxkit.coursework.collecting.collection import Collection, as_json, read_collection
from cxkit.coursework.collecting.decisions import NOTHING, Decisions, read_decisions, write_decisions
from cxkit.coursework.collecting.files_of import FilesOf
from cxkit.coursework.collecting.submission import COLLECTION_FILE, Submission
from cxkit.coursework.people.csv_text import read_csv_text
from cxkit.coursework.people.roster import Roster
from cxkit.errors import MarkingError, Problems, nearest
from cxkit.files import sha256_of, write_atomically

_MOST_KEPT = 500  # files in a list of `collection.json`


def collect(
    path: str | Path,
    roster: Roster,
    assignment_id: str,
    due: datetime | None = None,
    *,
    into: str | Path,
    replace: bool = False,
    decide: Mapping[str, str] | None = None,
    extend: Mapping[str, datetime] | None = None,
    worksheet: str | Path | None = None,
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
    decide : mapping of str to str, optional
        By student the file of this download that counts, where that is not clear, or `"nothing"`. Kept in
        `decisions.toml` in `into`, where further decisions may stand.
    extend : mapping of str to datetime, optional
        By student a deadline of their own, which counts in place of `due` in this and every later collecting. Kept in
        `decisions.toml` as well.
    worksheet : str or Path, optional
        Moodle's grading worksheet, in any language: when each handed in, which its zips do not tell.

    Returns
    -------
    Collection
        One row for every student, whatever happened. The newest attempt counts where names tell it.

    Raises
    ------
    MarkingError
        If the path is no folder and no zip, `into` holds another assignment or a damaged collection, or a decision
        names no file or no student, or an extension ends before `due`.
    """
    into, due = Path(into), _zoned(due)
    _refuse_within(into, Path(path))
    before = _collected_before(into, assignment_id)
    items = list_files(path)
    files_of = FilesOf(items, roster, assignment_id, None if worksheet is None else read_csv_text(worksheet))
    earlier = read_decisions(into)
    decisions = files_of.decided(earlier.files, decide or {})
    own_due = {**earlier.due, **_extensions(extend or {}, roster, due)}
    refused: list[tuple[str, str]] = [(shown(item.name), item.refusal) for item in items if item.refusal]
    adding = Adding(before, replace=replace)
    for student in roster:
        if decisions.get(student.id) == NOTHING:
            adding.withdraw(student.id)
            continue
        files, is_decided = files_of.student(student.id)
        unclear = some_of(files_of.unclear.get(student.id, ()))
        until = _later(own_due.get(student.id), due)
        choice = Choice(student.id, files, assignment_id, until, into, refused, is_decided=is_decided, unclear=unclear)
        adding.add(choice.extended() if student.id in own_due else choice)
    if decide or extend:
        write_decisions(into, Decisions(files=decisions, due=own_due))
    result = Collection(
        assignment=assignment_id, submissions=adding.rows, unmatched=_first(files_of.unmatched),
        refused=_first(refused), stayed=tuple(adding.stayed), replaced=tuple(adding.replaced),
    )  # fmt: skip
    write_atomically(into / COLLECTION_FILE, as_json(result))
    return result


def _refuse_within(into: Path, source: Path) -> None:
    """Refuse to collect into the folder that the submissions are in: the next collecting would find its own files."""
    if source.is_dir() and into.resolve().is_relative_to(source.resolve()):
        raise MarkingError(f"{into} lies in {source}, where the submissions are. Collect into another folder.")


def _zoned(due: datetime | None) -> datetime | None:
    """A deadline with its zone: that of this machine where it names none."""
    return due.astimezone() if due is not None and due.tzinfo is None else due


def _later(own: datetime | None, due: datetime | None) -> datetime | None:
    """A student's deadline: the whole class may have been given more time since an extension."""
    if own is None or due is None:
        return own or due
    return max(own, due)


def _extensions(extend: Mapping[str, datetime], roster: Roster, due: datetime | None) -> dict[str, datetime]:
    """New deadlines by student, each with its zone.

    A MarkingError names who is nobody of the roster, and who would have less time than the class.
    """
    problems = Problems("The extensions")
    found: dict[str, datetime] = {}
    for student, time in extend.items():
        own = time.astimezone() if time.tzinfo is None else time
        if student not in roster.by_id:
            problems.add(f"'{student}' is nobody of the roster.{nearest(student, roster.by_id)}")
        elif due is not None and own < due:
            problems.add(
                f"that of '{student}' ends {own:%Y-%m-%d %H:%M}, before the deadline of the class, {due:%Y-%m-%d %H:%M}"
            )
        found[student] = own
    if problems:
        problems.raise_as(MarkingError)
    return found


def _first(files: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """As many as somebody may read, and a last entry for the others: one student can send 50,000."""
    rest = len(files) - _MOST_KEPT
    others = [(f"{rest:,} more files", "not listed here")] if rest > 0 else []
    return (*files[:_MOST_KEPT], *others)


def _collected_before(into: Path, assignment_id: str) -> dict[str, Submission]:
    """What lies in the folder already, by student."""
    if not (into / COLLECTION_FILE).is_file():
        # Put there by hand: no less somebody's work.
        files = [file for file in sorted(into.glob("*.ipynb")) if file.is_file() and not file.is_symlink()]
        rows = [Submission(student=f.stem, path=f, sha256=sha256_of(f), late_is_known=False) for f in files]
        return {row.student: row for row in rows}
    before = read_collection(into)
    if before.assignment != assignment_id:
        raise MarkingError(
            f"{into} holds what was collected for '{before.assignment}', not for '{assignment_id}'. "
            "Collect into another folder (-o)."
        )
    return before.by_student
