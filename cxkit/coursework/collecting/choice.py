"""Which of a student's files counts, and what is wrong with it?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cxkit.coursework.collecting.archives import LARGEST_NOTEBOOK, MOST_NAMED, FileRefused, Item, shown, some_of
from cxkit.coursework.collecting.contents import NotANotebook, assignment_of
from cxkit.coursework.collecting.decisions import DECISIONS_FILE
from cxkit.coursework.collecting.layouts import Owner
from cxkit.coursework.collecting.submission import Status, Submission
from cxkit.coursework.marks.folder import safe_name

MOST_NOTEBOOKS = 50
"""Of one student. Of more none is read: all would be in memory at once, and a person must choose anyhow."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file of a student, with what its name tells."""

    item: Item
    owner: Owner
    time: datetime | None


class Choice:
    """Which of a student's files counts, and what is wrong with it.

    With `is_decided` a person has chosen the one file; `unclear` names files that could be of this student or another.
    """

    def __init__(
        self,
        student: str,
        files: list[Candidate],
        assignment_id: str,
        due: datetime | None,
        into: Path,
        refused: list[tuple[str, str]],
        *,
        is_decided: bool = False,
        unclear: str = "",
    ) -> None:
        self.row = Submission(student=student, path=None, status="missing")
        self.files, self.assignment_id, self.due, self.into = files, assignment_id, due, into
        self.refused = refused
        self.is_decided, self.unclear = is_decided, unclear
        self.notes: list[str] = []
        self.data = b""
        """The bytes of the notebook that counts, once `made` has chosen one."""

    def extended(self) -> Choice:
        """The same, with a note that the deadline is the student's own."""
        if self.due is not None:
            self.notes.append(f"By an extension due {self.due:%Y-%m-%d %H:%M}.")
        return self

    def made(self) -> Submission:
        """The student's row. Nothing is written: that is decided beside what was collected before."""
        if not self.files:
            return self._nothing()
        notebooks = [one for one in self.files if one.item.suffix == ".ipynb" and not one.item.refusal]
        if not notebooks:
            return self._nothing_readable()
        self.refused += [
            (
                shown(one.item.name),
                "a module beside a notebook: marking has the assignment's own alone",
            )
            for one in self.files
            if one.item.suffix == ".py" and not one.item.refusal
        ]
        notebooks = self._newest(notebooks)
        if len(notebooks) > MOST_NOTEBOOKS:
            return self._ended("two_files", f"Which one counts? {some_of(shown(one.item.name) for one in notebooks)}.")
        contents = self._read(notebooks)
        if not contents:
            return self._ended("refused")
        told = self._describe(contents)
        return self._chosen(contents, told) if told else self._ended("unreadable")

    def _describe(self, contents: dict[str, tuple[Candidate, bytes]]) -> dict[str, str]:
        """The assignment that each notebook says it is of."""
        told: dict[str, str] = {}
        for name, (_, data) in contents.items():
            try:
                told[name] = assignment_of(data)
            except NotANotebook as error:
                self.notes.append(f"{shown(name)}: {error}.")
        return told

    def _chosen(self, contents: dict[str, tuple[Candidate, bytes]], told: dict[str, str]) -> Submission:
        ours = {name for name, of in told.items() if of == self.assignment_id} or {
            n for n, of in told.items() if not of or self.is_decided
        }
        if not ours:
            others = some_of(f"{shown(name)} is of '{shown(of)}'" for name, of in told.items())
            return self._ended("wrong_assignment", f"{others}.")
        different = {hashlib.sha256(contents[name][1]).hexdigest(): name for name in sorted(ours, reverse=True)}
        if len(different) > 1:
            return self._ended("two_files", f"Which one counts? {some_of(map(shown, different.values()))}.")
        (digest, name), *_ = different.items()
        if self.is_decided:
            self.notes.append(f"{DECISIONS_FILE} says that {shown(name)} counts.")
        elif told[name] != self.assignment_id:
            self.notes.append("The notebook does not say of which assignment it is.")
        return self._accept(*contents[name], digest)

    def _nothing(self) -> Submission:
        if self.unclear:
            return self._ended("unclear_owner", f"Whose is it? {self.unclear}.")
        return self._ended("missing", "Nothing was handed in.")

    def _nothing_readable(self) -> Submission:
        stray = [one.item for one in self.files if one.item.parts[-1] != "timestamp.txt"]
        stray = [item for item in stray if item.refusal or not _is_receipt(item)]
        if not stray:
            return self._nothing()
        for item in stray:
            why = item.refusal or "not a notebook"
            self.notes.append(f"{shown(item.name)}: {why}.")
            if not item.refusal:
                self.refused.append((shown(item.name), why))
        return self._ended("refused")

    def _newest(self, files: list[Candidate]) -> list[Candidate]:
        """The files of the newest attempt, as far as names tell."""
        times = sorted({one.time for one in files if one.time is not None}, key=self._instant)
        if times and all(one.time is not None for one in files):
            if len(times) > 1:
                earlier = [one for one in files if one.time != times[-1]]
                self.notes.append(f"The newest of {len(times)} attempts, without {_names_of(earlier)}.")
            files = [one for one in files if one.time == times[-1]]
        newest: dict[str, int] = {}
        for one in files:
            newest[one.owner.stem] = max(newest.get(one.owner.stem, 0), one.owner.attempt)
        kept = [one for one in files if one.owner.layout != "canvas" or one.owner.attempt == newest[one.owner.stem]]
        if len(kept) < len(files):
            names = {one.item.name for one in kept}
            older = [one for one in files if one.item.name not in names]
            self.notes.append(f"The newest of several versions, without {_names_of(older)}.")
        return kept

    def _read(self, files: Iterable[Candidate]) -> dict[str, tuple[Candidate, bytes]]:
        contents = {}
        for one in files:
            try:
                contents[one.item.name] = (one, one.item.read(LARGEST_NOTEBOOK))
            except FileRefused as error:
                self.notes.append(f"{shown(one.item.name)}: {error}.")
                self.refused.append((shown(one.item.name), str(error)))
        return contents

    def _accept(self, one: Candidate, data: bytes, digest: str) -> Submission:
        target = self.into / f"{safe_name(self.row.student)}.ipynb"
        self.data = data
        late: float | None = 0.0
        # Canvas writes LATE into the names of all files that came after its own deadline, and of no others
        is_known = one.owner.layout == "canvas"
        if self.due is not None and one.time is not None:
            late, is_known = max(0.0, (self._instant(one.time) - self.due).total_seconds()), True
        if one.owner.late and not late:
            late = None
            self.notes.append("Late, says Canvas, which does not tell by how much.")
        if self.due is not None and one.time is None and not is_known:
            self.notes.append("When it was handed in is not known.")
        self.row = replace(self.row, path=target, late_seconds=late, late_is_known=is_known, sha256=digest)
        return self._ended("collected" if late == 0 else "late")

    def _instant(self, time: datetime) -> datetime:
        """A time with its zone: that of the deadline where the name has none."""
        if time.tzinfo is not None:
            return time
        return time.replace(tzinfo=self.due.tzinfo) if self.due else time.astimezone()

    def _ended(self, status: Status, note: str = "") -> Submission:
        notes, more = self.notes[:MOST_NAMED], len(self.notes) - MOST_NAMED
        if more > 0:
            notes.append(f"And {more:,} more such files.")
        return replace(self.row, status=status, note=" ".join([*notes, note]).strip())


def _names_of(files: Iterable[Candidate]) -> str:
    return some_of(shown(one.item.name) for one in files)


def _is_receipt(item: Item) -> bool:
    """Text that the system wrote itself: Blackboard's receipt, Moodle's typed text, Brightspace's index."""
    name = item.parts[-1]
    return (item.suffix == ".txt" and "_attempt_" in name) or name in {"index.html", "onlinetext.html"}
