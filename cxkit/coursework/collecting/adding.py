"""A download is added to what was collected before: nobody's work goes because it is not in the download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as changed
from pathlib import Path

from cxkit.coursework.collecting.choice import Choice
from cxkit.coursework.collecting.decisions import DECISIONS_FILE
from cxkit.coursework.collecting.submission import Submission
from cxkit.files import write_atomically


class Adding:
    """Joins the rows of a download, student by student, with those of earlier downloads.

    Parameters
    ----------
    before : mapping of str to Submission
        What was collected earlier, by student.
    replace : bool
        Whether another notebook of the same student takes the place of the earlier one.

    Attributes
    ----------
    stayed, replaced : list of (str, str)
        See `Collection`.
    """

    def __init__(self, before: Mapping[str, Submission], *, replace: bool) -> None:
        self._before, self._replace = dict(before), replace
        self._rows: list[Submission] = []
        self.stayed: list[tuple[str, str]] = []
        self.replaced: list[tuple[str, str]] = []

    @property
    def rows(self) -> tuple[Submission, ...]:
        """Those of the roster in its order, then those of students who are not on it."""
        return (*self._rows, *self._before.values())

    def withdraw(self, student: str) -> None:
        """Let nothing of this student's count, as a person has decided."""
        old = self._before.pop(student, None)
        if old is not None and old.path is not None:
            old.path.unlink(missing_ok=True)
            self.replaced.append((student, f"{old.sha256[:12]} gave way to nothing, as {DECISIONS_FILE} says."))
        note = f"{DECISIONS_FILE} says that nothing counts."
        self._rows.append(Submission(student=student, path=None, status="withdrawn", note=note))

    def add(self, choice: Choice) -> None:
        """Take a student's file from the download, or keep what was collected before."""
        new = choice.made()
        old = self._before.pop(new.student, None)
        if old is not None and self._stays(old, new, replace=self._replace or choice.is_decided):
            self._rows.append(old)
            return
        if new.path is not None:
            _write_if_changed(new.path, choice.data)
            if old is not None and old.sha256 == new.sha256:
                new = _with_lateness_of(old, new)
        self._rows.append(new)

    def _stays(self, old: Submission, new: Submission, *, replace: bool) -> bool:
        """Whether the earlier row counts; notes why, or what falls."""
        if new.status == "missing" and old.status != "withdrawn":
            self.stayed += [(old.student, "")] * (old.status != "missing")
            return True
        if old.path is None or not old.path.is_file() or old.sha256 == new.sha256:
            return False
        if new.path is None:
            self.stayed.append((old.student, f"{new.status.replace('_', ' ')} now. {new.note}".strip()))
            return True
        if not replace:
            self.stayed.append(
                (old.student, f"another notebook ({new.sha256[:12]}) was handed in; --replace lets it count.")
            )
            return True
        self.replaced.append((old.student, f"{old.sha256[:12]} gave way to {new.sha256[:12]}."))
        return False


def _with_lateness_of(old: Submission, new: Submission) -> Submission:
    """The same notebook again: what was known of its lateness is not forgotten where this download does not tell."""
    is_told = new.late_is_known and new.late_seconds is not None
    if is_told or not old.late_is_known:
        return new
    note = "Its lateness is that of an earlier download." if old.late_seconds != 0 else ""
    note = " ".join(part for part in (new.note, note) if part)
    return changed(new, status=old.status, late_seconds=old.late_seconds, late_is_known=True, note=note)


def _write_if_changed(path: Path, data: bytes) -> None:
    if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data)
