"""Each student's own rows: the same on every machine, the file's own bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxkit.coursework.assignment.data import DataFile
from cxkit.coursework.assignment.data_variants import rows_in, student_seed, variant_bytes, write_variant
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.marking.running import data_for
from cxkit.errors import AssignmentError
from tests.coursework.small_assignment import TOML, write_assignment


def file_of(folder: Path, text: str | bytes, rows: int | None = 3) -> DataFile:
    path = folder / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return DataFile(parameter="p", path=path, relative="data.csv", vary="rows" if rows else "no", rows=rows)


LINES = "id,x\n" + "".join(f"{n},{n * n}\n" for n in range(10))
RECORDED = b"id,x\n0,0\n2,4\n8,64\n"
SEED = 222977697843258199


def test_a_seed_gives_the_same_bytes_for_ever(tmp_path: Path) -> None:
    file = file_of(tmp_path, LINES)
    # Recorded: marks given once must be found again by the next version of cxkit.
    assert variant_bytes(file, 11) == RECORDED
    assert write_variant(file, 11, tmp_path / "out" / "own.csv").read_bytes() == RECORDED


def test_rows_are_drawn_once_each_and_stay_in_order(tmp_path: Path) -> None:
    file = file_of(tmp_path, LINES, rows=7)
    for seed in (None, 0, 1, 2**63):
        header, *drawn = variant_bytes(file, seed).decode().splitlines()
        assert header == "id,x"
        assert len(set(drawn)) == 7
        assert drawn == sorted(drawn, key=lambda line: int(line.split(",")[0]))
        assert set(drawn) <= set(LINES.splitlines())


def test_seeds_differ_and_so_does_what_the_class_has_in_common(tmp_path: Path) -> None:
    file = file_of(tmp_path, "id\n" + "".join(f"{n}\n" for n in range(100)), rows=50)
    assert len({variant_bytes(file, seed) for seed in (None, 0, 1, 2, 3)}) == 5


def test_every_row_is_as_likely_as_another(tmp_path: Path) -> None:
    file = file_of(tmp_path, LINES, rows=5)
    counts = dict.fromkeys(range(10), 0)
    for seed in range(1000):
        for line in variant_bytes(file, seed).decode().splitlines()[1:]:
            counts[int(line.split(",")[0])] += 1
    # 1000 draws of 5 out of 10: mean 500, standard deviation 15.8
    assert all(abs(count - 500) < 4.5 * 15.8 for count in counts.values())


def test_cells_in_quotation_marks_and_ends_of_lines_stay_as_they_are(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfid,words\r\n1,"two\r\nlines, ""quoted"""\r\n2,b\r\n\r\n3,c'
    file = file_of(tmp_path, text, rows=2)
    assert rows_in(file.path) == 3
    wanted = [b'1,"two\r\nlines, ""quoted"""\r\n', b"2,b\r\n", b"3,c\r\n"]
    for seed in range(8):
        body = variant_bytes(file, seed).removeprefix(b"\xef\xbb\xbfid,words\r\n")
        assert body in {first + second for n, first in enumerate(wanted) for second in wanted[n + 1 :]}


def test_a_file_that_does_not_vary_is_copied(tmp_path: Path) -> None:
    assert variant_bytes(file_of(tmp_path, b"\x00\x01 any bytes", rows=None), 3) == b"\x00\x01 any bytes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LINES.encode("utf-16"), "is no csv file in UTF-8"),
        ("id,x\n", "has no rows below its header"),
        ('id\n"a\n', "a quotation mark is opened and never closed"),
        ("id\n1\n2\n", "has 2 rows; 3 cannot be drawn"),
    ],
)
def test_what_rows_cannot_be_drawn_from(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(AssignmentError, match=said):
        variant_bytes(file_of(tmp_path, text), 1)


def test_a_students_seed_depends_on_secret_assignment_and_student() -> None:
    seeds = {
        student_seed(secret, assignment, student)
        for secret in ("s", "t")
        for assignment in ("one", "two")
        for student in ("a", "b")
    }
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert student_seed("s", "one", "a") == SEED


def test_data_for_marking_follow_the_file_and_the_number_of_rows(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    before = data_for(read_assignment(folder), 11, tmp_path / "cache")["data/scores.csv"].read_bytes()
    survey = folder / "data" / "scores.csv"
    survey.write_text(survey.read_text().replace("0.0000", "9.9999"))
    changed = read_assignment(folder)
    after = data_for(changed, 11, tmp_path / "cache")["data/scores.csv"].read_bytes()
    assert after == variant_bytes(changed.files[0], 11)
    assert after != before
    fewer = read_assignment(write_assignment(tmp_path / "two", toml=TOML.replace("rows = 30", "rows = 20")))
    (folder / "assignment.toml").write_text((fewer.folder / "assignment.toml").read_text())
    assert (
        len(data_for(read_assignment(folder), 11, tmp_path / "cache")["data/scores.csv"].read_bytes().splitlines())
        == 21
    )
