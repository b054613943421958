"""Files of surveys as accidents leave them, and whether what is read of them is the truth or says why not.

A mutation is one accident: a file cut off, a stray quotation mark, a byte of another encoding, a foot row, a header
pasted again, another delimiter, a lost or an empty row; in a workbook rows and columns moved, merged or hidden, dates,
formulas without a value, a sheet before the first, a damaged archive.
"""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import process_time

import numpy as np
import openpyxl

from cxkit.errors import CxkitError
from cxkit.survey.drafting.describe import describe_file
from cxkit.survey.ledger import RowLedger
from cxkit.survey.reading import read_survey
from cxkit.survey.survey import Survey
from tests.survey.test_rows import EXPORTS, WORDS, instrument

ASKED = instrument(WORDS)
EXPORTED = {
    ".csv": ("google_forms_grid.csv", "google_forms_linear_scale.csv", "limesurvey_code_and_text.csv",
             "qualtrics_labels.csv", "qualtrics_values.csv", "surveymonkey.csv"),
    ".xlsx": ("microsoft_forms.xlsx",),
}  # fmt: skip
SECONDS = 10.0
TELLING = ("cut", "stop early", "stops early", "hidden", "pasted twice", "counts as a")

Mutate = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one file: "refused", "read", "told" (other answers, and a sentence why), or what is wrong."""

    seed: int
    name: str
    mutation: str
    verdict: str
    words: str = ""

    @property
    def is_fault(self) -> bool:
        return self.verdict not in {"refused", "read", "told"}


def attempt(seed: int, folder: Path) -> Outcome:
    """Mutate one export, read and describe it."""
    rng = random.Random(seed)
    ending = rng.choice(sorted(EXPORTED))
    name = rng.choice(EXPORTED[ending])
    mutate = rng.choice(WORKBOOK if ending == ".xlsx" else TEXT)
    path = folder / f"mutated{ending}"
    path.write_bytes(mutate((EXPORTS / name).read_bytes(), rng))
    begin = process_time()
    verdict, words = _judge(path, name, mutate)
    if process_time() - begin > SECONDS:
        verdict = "slow"
    return Outcome(seed=seed, name=name, mutation=mutate.__name__, verdict=verdict, words=words)


def _judge(path: Path, name: str, mutate: Mutate) -> tuple[str, str]:
    verdict, words = "read", ""
    for look in (_read, _describe):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = look(path, name, mutate)
        except CxkitError as refusal:
            found = "refused", str(refusal)
        except Exception as error:
            return "traceback", f"{look.__name__}: {type(error).__name__}: {error}"
        if look is _read:
            verdict, words = found
    return verdict, words


def _describe(path: Path, name: str, mutate: Mutate) -> tuple[str, str]:
    return "read", describe_file(path).text


def _read(path: Path, name: str, mutate: Mutate) -> tuple[str, str]:
    survey, wanted = read_survey(path, ASKED), _survey(name).given.to_numpy()
    ledger = _ledger(survey)
    if ledger.accounted != ledger.rows or ledger.respondents != survey.n:
        return "ledger", ledger.text
    found = survey.given.to_numpy()
    if found.shape == wanted.shape and np.array_equal(found, wanted, equal_nan=True):
        return "read", ""
    told = " ".join([ledger.text, *survey.notes])
    is_losing = mutate.__name__ in LOSING or (mutate is cut_off and ledger.has_last_line_end)  # cut between two rows
    if is_losing and _is_part(found, wanted):
        return "told", told  # rows that the file no longer has: the ledger counts those that it has
    if mutate.__name__ in CHANGING and found.shape == wanted.shape and _n_other(found, wanted) == 1:
        return "told", told  # the file itself says something else
    before = _survey(name)
    new = [note for note in survey.notes if note not in before.notes]
    others = ledger.left_out and [e.text for e in ledger.left_out] != [e.text for e in _ledger(before).left_out]
    if others or any(word in note for note in new for word in TELLING) or not ledger.has_last_line_end:
        return "told", told
    return ("changed" if len(found) == len(wanted) else "lost"), told


def _is_part(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether the rows that are there stand in the truth, in its order."""
    rows = iter(wanted.tolist())
    return all(any(_same(row, other) for other in rows) for row in found.tolist())


def _n_other(found: np.ndarray, wanted: np.ndarray) -> int:
    return int(((found != wanted) & ~(np.isnan(found) & np.isnan(wanted))).sum())


def _same(one: list[float], other: list[float]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


@cache
def _survey(name: str) -> Survey:
    """The export as it is."""
    return read_survey(EXPORTS / name, ASKED)


def _ledger(survey: Survey) -> RowLedger:
    assert survey.ledger is not None
    return survey.ledger


# Text files


def cut_off(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def cut_at_the_end_of_a_row(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(lines[: rng.randrange(4, len(lines))]) + b"\n"


def stray_quotation_marks(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 2])):
        place = rng.randrange(len(data))
        data = data[:place] + b'"' + data[place:]
    return data


def stray_byte(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([rng.choice([0x80, 0xE9, 0xFC, 0xFF, 0])]) + data[place:]


def foot_row(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    cells = rng.choice([b"", b"3.1", b"60"])
    lines.append(rng.choice([b"Mean", b"Mittelwert", b"n = 60"]) + (b"," + cells) * lines[0].count(b","))
    return b"\n".join(lines)


def header_again(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines)), lines[0])
    return b"\n".join(lines)


def other_encoding(data: bytes, rng: random.Random) -> bytes:
    name = rng.choice(["utf-16", "cp1252", "utf-8-sig", "latin-1"])
    return data.decode("utf-8-sig").encode(name, "replace")


def other_delimiter(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b",", rng.choice([b";", b"\t", b"|"]))


def lost_row(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[rng.randrange(1, len(lines))]
    return b"\n".join(lines)


def empty_row(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines)), b"")
    return b"\n".join(lines)


def doubled_row(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    place = rng.randrange(4, len(lines))
    lines.insert(place, lines[place])
    return b"\n".join(lines)


# Workbooks


def damaged_archive(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return rng.choice([data[:place], data[:place] + b"\x00" * 8 + data[place + 8 :]])


def damaged_part(data: bytes, rng: random.Random) -> bytes:
    """One of the parts within the archive is cut, emptied or gone."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen, how = rng.choice(names), rng.randrange(3)
        for name in names:
            part = old.read(name)
            if name == chosen and how == 0:
                continue
            if name == chosen:
                part = part[: rng.randrange(len(part) or 1)] if how == 1 else b""
            new.writestr(name, part)
    return out.getvalue()


def _edited(edit: Callable[[openpyxl.Workbook, random.Random], None]) -> Mutate:
    def mutate(data: bytes, rng: random.Random) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(data))
        edit(book, rng)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    mutate.__name__ = edit.__name__
    return mutate


def title_above(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    sheet.insert_rows(1, rng.choice([1, 2]))
    sheet["A1"] = "Customer survey, export of 1 March"


def merged_cells(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    row, column = rng.randrange(1, sheet.max_row), rng.randrange(1, sheet.max_column)
    sheet.merge_cells(start_row=row, end_row=row + rng.randrange(2), start_column=column, end_column=column + 1)


def hidden_row(book: openpyxl.Workbook, rng: random.Random) -> None:
    book.active.row_dimensions[rng.randrange(2, book.active.max_row)].hidden = True


def date_for_an_answer(book: openpyxl.Workbook, rng: random.Random) -> None:
    from datetime import datetime

    sheet = book.active
    sheet.cell(rng.randrange(2, sheet.max_row), rng.randrange(1, sheet.max_column + 1)).value = datetime(2026, 5, 3)


def formula(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    sheet.cell(rng.randrange(2, sheet.max_row), rng.randrange(1, sheet.max_column + 1)).value = "=A2"


def foot_below(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    sheet.append([rng.choice(["Mean", "Total", "n"]), *[rng.choice([3.2, None, 60])] * (sheet.max_column - 1)])


def sheet_before(book: openpyxl.Workbook, rng: random.Random) -> None:
    cover = book.create_sheet("Read me", 0)
    cover["A1"] = "Answers are in the next sheet."
    book.active = 0


def column_moved(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    sheet.insert_cols(rng.randrange(1, sheet.max_column))


def cell_shifted(book: openpyxl.Workbook, rng: random.Random) -> None:
    """One row stands a column to the right."""
    sheet = book.active
    sheet.move_range(f"A{(row := rng.randrange(2, sheet.max_row))}:X{row}", cols=1)


def row_lost(book: openpyxl.Workbook, rng: random.Random) -> None:
    book.active.delete_rows(rng.randrange(2, book.active.max_row))


def words_for_numbers(book: openpyxl.Workbook, rng: random.Random) -> None:
    sheet = book.active
    cell = sheet.cell(rng.randrange(2, sheet.max_row), sheet.max_column - rng.randrange(6))
    cell.value = rng.choice(["agree ", "AGREE", "5", 5, "6", 6, "Agre", "yes", True, "#REF!", "1,5"])


TEXT: list[Mutate] = [
    cut_off, cut_at_the_end_of_a_row, stray_quotation_marks, stray_byte, foot_row, header_again, other_encoding,
    other_delimiter, lost_row, empty_row, doubled_row,
]  # fmt: skip
WORKBOOK: list[Mutate] = [
    damaged_archive, damaged_part,
    *map(_edited, (title_above, merged_cells, hidden_row, date_for_an_answer, formula, foot_below, sheet_before,
                   column_moved, cell_shifted, row_lost, words_for_numbers)),
]  # fmt: skip
LOSING = {"cut_at_the_end_of_a_row", "lost_row", "row_lost"}
"""Rows are gone from the file itself, and nothing in it tells."""
CHANGING = {"words_for_numbers", "formula", "date_for_an_answer"}
"""One cell of the file says something else than in the truth."""
