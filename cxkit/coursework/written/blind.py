"""Who stands behind a code, and in which order answers are read: known to the instructor, not to markers."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.written.sheet import MarkingSheet
from cxkit.errors import MarkingError, reason_of
from cxkit.files import write_atomically

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment

SHEET_FILE, KEY_FILE = "sheet.db", "key.json"
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another


@dataclass(frozen=True, kw_only=True)
class Key:
    """What opens the blind.

    Attributes
    ----------
    seed : str
        Makes codes and order.
    students : mapping of (str, str) to str
        The student, by question and code; the version of an answer that counts has one code.
    versions : mapping of (str, str) to str
        SHA-256 of the submission from which the text was taken.
    """

    seed: str
    students: Mapping[tuple[str, str], str]
    versions: Mapping[tuple[str, str], str]


def open_sheet(folder: str | Path, assignment: Assignment) -> MarkingSheet:
    """The marking sheet in a folder, for `marking_panel(sheet, marker=...)`.

    Raises
    ------
    MarkingError
        If there is none; see `MarkingSheet`.
    """
    return MarkingSheet(Path(folder) / SHEET_FILE, assignment)


def make_sheet(
    folder: str | Path,
    assignment: Assignment,
    texts: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    *,
    seed: str | None = None,
) -> Key:
    """Make a marking sheet, or bring one up to date; marks that are there stay.

    Parameters
    ----------
    folder : str or Path
        For `sheet.db`, which markers need, and `key.json`, which they must not see.
    assignment : Assignment
    texts : mapping of str to mapping
        From `written_texts`.
    versions : mapping of str to str
        SHA-256 of each student's submission.
    seed : str, optional
        The same seed gives the same codes and order; drawn if not given. One that was used before stays.

    Returns
    -------
    Key
        A student who wrote something else since has a new code: marks of the earlier text do not count for the new.
        Students who are not in `texts` this time keep their codes and answers.
    """
    folder = Path(folder)
    before = read_key(folder) if (folder / KEY_FILE).is_file() else None
    seed = (before.seed if before else seed) or secrets.token_hex(16)
    staying = _staying(before, texts)
    students: dict[tuple[str, str], str] = {about: before.students[about] for about in staying} if before else {}
    of_version: dict[tuple[str, str], str] = {about: before.versions[about] for about in staying} if before else {}
    answers: dict[str, dict[str, tuple[int, str]]] = {}
    for question, by_student in texts.items():
        answers[question] = {}
        for student, text in by_student.items():
            taken = {*answers[question], *(code for of, code in staying if of == question)}
            code, place = _drawn(seed, question, student, text, taken)
            answers[question][code] = (place, text)
            students[question, code] = student
            of_version[question, code] = versions.get(student, "")
    key = Key(seed=seed, students=students, versions=of_version)
    # The key first: an answer in the sheet that nobody can be found for would be of no use.
    write_atomically(folder / KEY_FILE, _as_json(key)).chmod(0o600)
    with MarkingSheet(folder / SHEET_FILE, assignment, create=True) as sheet:
        for question, rows in answers.items():
            sheet.put_answers(question, rows, staying=[code for of, code in staying if of == question])
    return key


def _staying(before: Key | None, texts: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Question and code of answers whose students are not there this time: somebody may have marked them."""
    if before is None:
        return []
    return [(of, code) for (of, code), student in before.students.items() if student not in texts.get(of, {})]


def _drawn(seed: str, question: str, student: str, text: str, taken: Collection[str]) -> tuple[str, int]:
    """A code, and a place in the order; the place does not depend on when the answer came."""
    for attempt in range(100):
        said = "\0".join([seed, question, student, text, str(attempt)])
        number = int.from_bytes(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()[:12])
        code = "".join(_SIGNS[number // len(_SIGNS) ** n % len(_SIGNS)] for n in range(5))
        if code not in taken:
            return code, number % (1 << 40)
    raise MarkingError("No code is left: more answers than codes.")  # pragma: no cover


def read_key(folder: str | Path) -> Key:
    """The key in a folder.

    Raises
    ------
    MarkingError
        If there is none, or it is damaged.
    """
    path = Path(folder) / KEY_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            (str(one["question"]), str(one["code"]), str(one["student"]), str(one["version"])) for one in data["codes"]
        ]
        return Key(
            seed=str(data["seed"]),
            students={(question, code): student for question, code, student, _ in rows},
            versions={(question, code): version for question, code, _, version in rows},
        )
    except FileNotFoundError:
        raise MarkingError(f"There is no {KEY_FILE} in {folder}, which tells whose codes they are.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MarkingError(f"{path} is damaged: {reason_of(error)}.") from None


def _as_json(key: Key) -> str:
    codes = [
        {"question": question, "code": code, "student": student, "version": key.versions[question, code]}
        for (question, code), student in sorted(key.students.items())
    ]
    return json.dumps({"seed": key.seed, "codes": codes}, indent=1, ensure_ascii=False) + "\n"
