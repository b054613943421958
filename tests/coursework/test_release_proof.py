"""`cxkit release` from the folder to the zip, with the sandbox and the marker that students' work meets."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.data_variants import student_seed
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.released import read_released
from cxkit.coursework.release.secret import FILE_NAME
from tests.conftest import KILLS
from tests.coursework.small_assignment import TOML, cells, code, write_assignment


def release(folder: Path, *options: str) -> int:
    return main(["release", str(folder), "-o", str(folder.parent / "out"), "--accept-no-sandbox", *options])


def test_an_assignment_in_order_is_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "course").mkdir()
    folder = write_assignment(tmp_path / "course")
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name\nanna,Anna\nben,Ben\n")
    assert release(folder, "--roster", str(roster), "--deadline", "2026-12-04T23:59") == 0
    said = capsys.readouterr().out
    assert "A new secret of the course is in" in said
    assert "ok  model answer on public, a, b (own data of student 2)" in said
    assert "ok  centre: median" in said
    assert "for 2 students" in said
    out = tmp_path / "course" / "out" / "small"
    assert sorted(path.name for path in out.iterdir()) == ["anna", "anna.zip", "ben", "ben.zip"]
    assert "4 December 2026, 23:59" in (out / "ben" / "INSTRUCTIONS.md").read_text()
    secret = (tmp_path / "course" / ".course-secret").read_text().strip()
    seeds = json.loads((folder / "released.json").read_text())["seeds"]
    assert seeds == {student: student_seed(secret, "small", student) for student in ("anna", "ben")}
    proof = json.loads((folder / "proof.json").read_text())
    assert proof["holds"]
    assert proof["protection"]


def test_each_broken_promise_is_told_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = cells()
    # Visible code that gives the spread away, and a choice that no data change.
    own.insert(5, code("spread = data['x'].std() * factor"))
    own[3].source = own[3].source.replace("'x' if data['x'].sum() > data['y'].sum() else 'y'", "'x'")
    folder = write_assignment(tmp_path, toml=TOML.replace('after = ["centre"]\n', ""), cells=own)
    # A mistake that is none.
    (folder / "mistakes" / "median.py").write_text("average = sum(data['x']) / len(data) * factor\nbigger = 'x'\n")
    assert release(folder, "--common") == 1
    said = capsys.readouterr()
    text = said.out + said.err
    assert "NO: released notebook as it is: 'spread' earns 2 points" in text
    assert "NO: centre: median: it earns 4 points instead of 1 point. recognised: none." in text
    assert "'bigger' of 'centre' is the same on every parameter set" in text
    assert "Nothing was released: " in text
    assert list((tmp_path / "out").iterdir()) == []
    assert not json.loads((folder / "proof.json").read_text())["holds"]
    assert not (folder / "released.json").exists()


def test_a_model_that_depends_on_chance_or_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    own = cells()
    own[2].source += "\nimport os"
    own[3].source = own[3].source.replace("* factor\nbigger", "* int.from_bytes(os.urandom(4), 'big')\nbigger")
    folder = write_assignment(tmp_path / "a", cells=own)
    assert release(folder, "--check") == 1
    assert "NO: model answer on public, a, b (common data): 'centre'" in capsys.readouterr().out
    own[3].source = own[3].source.replace("data['x'].mean()", "data['nothing'].mean()")
    (tmp_path / "b").mkdir()
    folder = write_assignment(tmp_path / "b", cells=own)
    assert release(folder, "--check") == 1
    assert "KeyError: 'nothing'" in capsys.readouterr().out


def test_check_writes_nothing_but_the_proof(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    folder = write_assignment(tmp_path / "course")
    before = {path.name for path in folder.iterdir()}
    assert release(folder, "--check") == 0
    assert {path.name for path in folder.iterdir()} - before == {"proof.json", ".references"}
    assert [path.name for path in folder.parent.iterdir()] == ["small"]
    assert read_assignment(folder).id == "small"


def test_misuse_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_assignment(tmp_path)
    assert release(folder) == 1
    assert "Give the class with --roster roster.csv, or say --common" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        release(folder, "--common", "--deadline", "tomorrow")
    assert "'tomorrow' is not a time; write it as 2026-03-01 23:59" in capsys.readouterr().err
    assert main(["release", str(folder), "-o", str(folder), "--common", "--accept-no-sandbox"]) == 1
    assert "lies in the assignment's own folder" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_at_any_moment_a_release_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Whatever is in the students' folder was proved, and the next try makes the same release."""
    command = [sys.executable, "-m", "cxkit.cli", "release", "small", "--roster", "roster.csv", "-o", "release"]
    chance, places = random.Random(3), []
    for name in ("killed", "undisturbed"):
        place = tmp_path / name
        if places:
            shutil.copytree(places[0], place)  # the same source, with the same ids of cells
        else:
            write_assignment(place)
        (place / "roster.csv").write_text("student\n" + "".join(f"syn{n:02}\n" for n in range(40)), encoding="utf-8")
        places.append(place)
    killed, undisturbed = places
    whole: set[str] = set()
    for _ in range(KILLS):
        process = subprocess.Popen(command, cwd=killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3 + 6 * chance.random())
        process.kill()
        process.wait()
        there = {path.relative_to(killed).as_posix() for path in killed.glob("release/small/**/*")}
        assert len(there) in (0, 40 * 6)  # of each: a folder, three files in it, their folder of data, a zip
        assert whole <= there
        whole = there
    assert subprocess.run(command, cwd=killed, capture_output=True, check=False).returncode == 0
    (undisturbed / FILE_NAME).write_bytes((killed / FILE_NAME).read_bytes())
    assert subprocess.run(command, cwd=undisturbed, capture_output=True, check=False).returncode == 0
    made = [
        {path.relative_to(place).as_posix(): path.read_bytes() for path in place.glob("release/small/**/*.*")
         if path.is_file()}
        for place in places
    ]  # fmt: skip
    assert len(made[0]) == 40 * 4
    assert made[0] == made[1]
    assert read_released(read_assignment(killed / "small")) == read_released(read_assignment(undisturbed / "small"))
