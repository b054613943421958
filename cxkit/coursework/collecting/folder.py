"""Reads the folder in which submissions lie: one row for every student, whatever there is or is not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxkit.coursework.collecting.collection import read_collection
from cxkit.coursework.collecting.decisions import DECISIONS_FILE, NOTHING, read_decisions
from cxkit.coursework.collecting.submission import COLLECTION_FILE, Submission
from cxkit.coursework.people.roster import Roster
from cxkit.errors import MarkingError, Problems, nearest


def submissions_in(folder: str | Path, roster: Roster) -> tuple[Submission, ...]:
    """What lies in a folder: what `cxkit collect` put there, or `STUDENT/*.ipynb`, or `STUDENT.ipynb`.

    Parameters
    ----------
    folder : str or Path
    roster : Roster
        Every student of it gets a row, in its order.

    Returns
    -------
    tuple of Submission

    Raises
    ------
    MarkingError
        If the folder is not there, or holds something of people who are not in the roster, or `decisions.toml` is
        damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MarkingError(f"There is no folder {folder}. Put the submissions there, a folder for each student.")
    known = [student.id for student in roster]
    if (folder / COLLECTION_FILE).is_file():
        return _collected(folder, known)
    _refuse_strangers(folder, known)
    decisions = read_decisions(folder).files
    return tuple(_one(folder, student, decisions.get(student, "")) for student in known)


def _collected(folder: Path, known: Iterable[str]) -> tuple[Submission, ...]:
    rows = read_collection(folder).by_student
    without = [student for student in known if student not in rows]
    if without:
        raise MarkingError(
            f"{folder} was collected for another roster: {', '.join(without[:5])} had no row. "
            "Collect again: cxkit collect."
        )
    return tuple(rows[student] for student in known)


def _refuse_strangers(folder: Path, known: Iterable[str]) -> None:
    names = set(known)
    problems = Problems(str(folder))
    for path in sorted(folder.iterdir()):
        name = path.stem if path.suffix == ".ipynb" else path.name
        if name in names or path.name.startswith(".") or not (path.is_dir() or path.suffix == ".ipynb"):
            continue
        problems.add(f"'{path.name}' belongs to nobody in the roster.{nearest(name, names)}")
    if problems:
        problems.raise_as(MarkingError)


def _one(folder: Path, student: str, decision: str) -> Submission:
    if decision == NOTHING:
        note = f"{DECISIONS_FILE} says that nothing counts."
        return Submission(student=student, path=None, status="withdrawn", note=note)
    flat, own = folder / f"{student}.ipynb", folder / student
    found = [flat] if flat.is_file() else []
    if own.is_dir() and not own.is_symlink():
        found += sorted(path for path in own.glob("*.ipynb") if path.is_file())
    found = [path for path in found if decision in {path.name, f"{student}/{path.name}"}] or found
    if not found:
        return Submission(student=student, path=None, status="missing", note="Nothing was handed in.")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        return Submission(
            student=student, path=None, status="two_files", note=f"{len(found)} notebooks were handed in: {names}."
        )
    return Submission(student=student, path=found[0], late_is_known=False)
