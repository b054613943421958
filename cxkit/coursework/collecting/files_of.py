"""Which files of a download are whose: as their paths tell, or as a person has decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from cxkit.coursework.collecting.archives import FileRefused, Item, shown, some_of
from cxkit.coursework.collecting.choice import Candidate
from cxkit.coursework.collecting.contents import timestamp_of
from cxkit.coursework.collecting.decisions import NOTHING
from cxkit.coursework.collecting.layouts import Owner, owners
from cxkit.coursework.people.csv_text import CsvText
from cxkit.coursework.people.roster import Roster, folded
from cxkit.errors import MarkingError, Problems, nearest

_Found = tuple[Item, Owner]


class FilesOf:
    """The files of a download by student.

    Attributes
    ----------
    unmatched : list of (str, str)
        Files that belong to nobody on the roster, or to several, and why.
    unclear : dict of str to list of str
        By student, files that could be theirs or another's.
    """

    def __init__(
        self, items: Sequence[Item], roster: Roster, assignment_id: str, worksheet: CsvText | None = None
    ) -> None:
        self._roster, self._assignment_id = roster, assignment_id
        self._all = list(zip(items, owners(items, roster, assignment_id, worksheet), strict=True))
        self._decided: dict[str, _Found] = {}
        self._of_students: dict[str, list[_Found]] = {}
        self.unmatched: list[tuple[str, str]] = []
        self.unclear: dict[str, list[str]] = {}
        self._divide()

    def decided(self, earlier: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
        """Apply decisions; all of them by student.

        Parameters
        ----------
        earlier, now : mapping of str to str
            Those of earlier collections, which may name files that are not in this download, and new ones.

        Raises
        ------
        MarkingError
            If a new one names nobody on the roster, or no file of this download.
        """
        problems = Problems("The decisions")
        for student, wanted in {**earlier, **now}.items():
            if student in now and student not in self._roster.by_id:
                problems.add(f"'{student}' is nobody of the roster.{nearest(student, self._roster.by_id)}")
            if wanted == NOTHING:
                continue
            found = self._named(student, wanted)
            if found is not None:
                self._decided[student] = found
            elif student in now:
                names = [shown(item.name) for item, _ in self._all]
                problems.add(f"no file of this download is called '{wanted}'.{nearest(wanted, names)}")
        if problems:
            problems.raise_as(MarkingError)
        self._divide()
        return {**earlier, **now}

    def _named(self, student: str, wanted: str) -> _Found | None:
        """The file that is called so: by its whole path, or by its own name among the student's."""
        whole = [(item, owner) for item, owner in self._all if wanted in {item.name, shown(item.name)}]
        own = [
            one for one in self._of_students.get(student, []) if wanted in {one[0].parts[-1], shown(one[0].parts[-1])}
        ]
        found = whole or own
        if len(found) != 1:
            return None
        item, owner = found[0]
        return item, owner or Owner(students=frozenset({student}), layout="flat", depth=1)

    def _divide(self) -> None:
        """Lay every file that is not decided to its student, or to those that nobody can be found for."""
        taken = {item.name for item, _ in self._decided.values()}
        self._of_students, unclear = defaultdict(list), defaultdict(list)
        self.unmatched = []
        for item, owner in self._all:
            several = sorted(owner.students) if owner else []
            doubt = owner.doubt if owner else ""
            if owner is not None and len(several) == 1 and not doubt:
                self._of_students[several[0]].append((item, owner))
            elif item.name not in taken and (several or (item.suffix in {".ipynb", ".zip"} and not item.refusal)):
                # What must not be read is told among the refused files, once.
                why = f"could be of {some_of(several)}" if several else "its name fits no student of the roster"
                why = doubt or why
                self.unmatched.append((shown(item.name), why))
                for student in several:
                    unclear[student].append(f"{shown(item.name)} {why}")
        self.unclear = dict(unclear)

    def student(self, student: str) -> tuple[list[Candidate], bool]:
        """A student's files, and whether a person has decided that they are these."""
        if student in self._decided:
            item, owner = self._decided[student]
            return [Candidate(item=item, owner=owner, time=owner.time)], True
        return _of_this_assignment(self._of_students.get(student, []), self._assignment_id), False


def _of_this_assignment(files: list[_Found], assignment_id: str) -> list[Candidate]:
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
