"""Further files of a release: students get them, marked notebooks find them, and nothing leads nowhere."""

from __future__ import annotations

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import model_notebook
from cxkit.coursework.marking.fingerprint import fingerprint
from cxkit.coursework.marking.running import data_for, run_for_answers
from cxkit.coursework.release.folders import files_for
from cxkit.coursework.release.links import link_checks
from cxkit.errors import AssignmentError
from tests.coursework.small_assignment import TOML, cells, write_assignment

FILES = '\n[release]\nfiles = ["helper.py", "img/plan one.png"]\n'
PROSE = (
    "![plan](img/plan%20one.png) <img src='img/plan one.png'> [data](data/scores.csv#top) [far](https://a.example/a.png)"
    " [below](#task) ![own](attachment:x.png) [mail](mailto:a@a.example)\n\n`[code](no.png)`\n\n```\n![no](no.png)\n```"
)


def assignment_with(folder, toml=FILES, prose=PROSE):
    made = cells()
    made[0].source = prose
    made[2].source = "import pandas as pd\nfrom helper import read\n\ndata = read(data_path)"
    target = write_assignment(folder, toml=TOML.replace("[parameters]", f"{toml}\n[parameters]"), cells=made)
    (target / "img").mkdir()
    (target / "img" / "plan one.png").write_bytes(b"\x89PNG")
    (target / "helper.py").write_text("import pandas as pd\n\n\ndef read(path):\n    return pd.read_csv(path)\n")
    for name in ("notes.md", "proof.json"):
        (target / name).write_text("For me.\n")
    return target


def test_students_get_them_and_all_links_lead_somewhere(tmp_path):
    assignment = read_assignment(assignment_with(tmp_path))
    given = files_for(assignment, 7, None)
    assert given["img/plan one.png"] == b"\x89PNG"
    assert b"def read" in given["helper.py"]
    assert b"With it come `helper.py`, `img/plan one.png`" in given["INSTRUCTIONS.md"]
    (check,) = link_checks(assignment)
    assert (check.holds, check.found) == (True, "3 of 3")
    before = fingerprint(assignment)
    (assignment.folder / "helper.py").write_text("import pandas as pd\nread = pd.read_csv\n")
    assert fingerprint(assignment) != before


def test_what_leads_nowhere_refuses_the_release_by_name(tmp_path):
    (check,) = link_checks(read_assignment(assignment_with(tmp_path, toml="")))
    assert not check.holds
    assert "cell 1: img/plan one.png; cell 3: helper.py. Name them in [release] files" in check.reason
    other = read_assignment(write_assignment(tmp_path / "other"))
    assert link_checks(other) == []


@pytest.mark.parametrize(
    "name", ["source.ipynb", "notes.md", "mistakes/median.py", "assignment.toml", "../x", "no.png"]
)
def test_what_is_the_authors_own_or_not_there_is_refused(tmp_path, name):
    folder = assignment_with(tmp_path, toml=f'\n[release]\nfiles = ["{name}"]\n')
    (tmp_path / "x").write_text("outside")
    with pytest.raises(AssignmentError, match="for you alone|lies outside|there is no file 'no.png'"):
        read_assignment(folder)


def test_a_module_is_found_when_notebooks_are_marked(tmp_path):
    assignment = read_assignment(assignment_with(tmp_path))
    data = data_for(assignment, None, tmp_path / "data")
    left = run_for_answers(assignment, model_notebook(assignment), assignment.public, data)
    assert left.first_failure == ""
    assert set(left.at_end) == {"average", "bigger", "spread"}
