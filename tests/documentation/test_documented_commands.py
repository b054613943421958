"""Every command of README.md and docs/*.md runs as it stands there: in a clone, and beside an installed wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.documentation.commands import Shown, is_mention, shown_in
from tests.documentation.people import AFTER, BEFORE
from tests.installing import ROOT, clone_with_an_environment, done

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = [one for document in DOCUMENTS for one in shown_in(document, ROOT)]
IN_THE_COURSE = {"docs/after_marking.md", "docs/assignments.md", "docs/gradebook.md"}
"""Their commands go on in the folder of the course that README's make; those of others begin where README's do."""

PLACEHOLDER = "capitals or ... stand for what a reader puts there; README's commands show it filled in"
BENCHMARK = "takes minutes or hours; `make bench` or a person runs it"
CI = "takes minutes; .ci/run does it in a clean clone"
NETWORK = "fetches from the network; tests/test_setup.py holds what it is made of"
NOT_RUN = {
    "git clone <this repository> cxkit && cd cxkit": "the clone is made by the fixture",
    "make report": CI,
    "make test": CI,
    "make setup": NETWORK,
    "conda env create -f environment.yml": NETWORK,
    "python -m pip install weasyprint": NETWORK,
    "make lab": "opens JupyterLab, until somebody closes it",
    "cxkit doctor": "tries to break out of the sandbox for 15 s; tests/running/test_doctor.py does it",
    "cxkit report": CI,
    "cxkit report --pdf": "all reports take minutes; tests/running/test_pdf.py prints one",
    "cxkit run NOTEBOOK -p name=value -o report.html -o report.pdf": PLACEHOLDER,
    "cxkit run NOTEBOOK -o a.html -o a.pdf": PLACEHOLDER,
    "cxkit verify NAME.html": PLACEHOLDER,
    "cxkit verify NAME.html --rebuild": PLACEHOLDER,
    "cxkit describe ANSWERS -o study.toml": PLACEHOLDER,
    "cxkit check ... --read \"missing_codes=['Refused']\"": PLACEHOLDER,
    "cxkit run ... -p \"reading={'missing_codes': ['Refused']}\"": PLACEHOLDER,
    "python benchmarks/running.py --flat 1000 --plot docs/running_cost.png": BENCHMARK,
    "python benchmarks/invariance_rates.py": BENCHMARK,
    "python benchmarks/sem.py": BENCHMARK,
    'survey_path = "data/survey.csv"  # your data': "cells of an assignment; tests/coursework/test_source.py has such",
    "items = list(survey.columns)": "cells of an assignment; tests/coursework/test_source.py has such",
    "from dask_jobqueue import SLURMCluster": "needs a cluster with Slurm; the page says that it was not tried there",
}
"""What is no command to be run here, by its line (of Python the first), and why."""

BEGIN_PYTHON = {
    "docs/sem.md": """
import numpy as np, pandas as pd
draw = np.random.default_rng(1)
factors = draw.normal(size=(400, 2))
items = np.repeat(factors, 4, axis=1) + draw.normal(size=(400, 8))
answers = pd.DataFrame(items, columns=["l1", "l2", "l3", "l4", "t1", "t2", "t3", "t4"])
answers["country"] = np.repeat(["A", "B"], 200)
model = "loyalty =~ l1 + l2 + l3 + l4"
from cxkit import sem
""",
}
"""What the Python of a page takes for granted."""


@dataclass
class Reader:
    """Somebody who types what the documents show, section by section, and notes what fails."""

    start: Path
    course: Path
    folder: Path = field(init=False)
    variables: dict[str, str] = field(init=False)
    place: tuple[str, str] = ("", "")
    typed: set[tuple[Path, str]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def read(self, one: Shown) -> None:
        if (one.document, one.section) != self.place:
            self.place = (one.document, one.section)
            self.folder = self.course if one.document in IN_THE_COURSE else self.start
            self.variables = _plain_variables()
        if first_line(one) in NOT_RUN or (one.kind == "inline" and is_mention(one.text)):
            return
        if (self.folder, one.text) in self.typed:  # shown twice
            return
        self.typed.add((self.folder, one.text))
        self.people(BEFORE, one.text)
        if self.run(one):
            self.people(AFTER, one.text)

    def people(self, do: dict, command: str) -> None:
        for begin, act in do.items():
            if command.startswith(begin):
                try:
                    act(self.folder)
                except OSError as error:  # a command before it has failed
                    self.failed.append(f"{command}: what people do cannot be done: {error}")

    def run(self, one: Shown) -> bool:
        """As a reader's shell does: the next command begins in the folder and with the variables that this one left."""
        state = self.start.parent / "state"
        is_in_block = one.kind == "block" and one.document == "README.md"  # elsewhere .venv is taken to be active
        path = self.variables["PATH"] if is_in_block else f"{self.start / '.venv' / 'bin'}:{self.variables['PATH']}"
        if one.kind == "python":
            words = ["python", "-c", BEGIN_PYTHON.get(one.document, "") + one.text]
        else:
            after = f'status=$?; pwd > "{state}.pwd"; env -0 > "{state}.env"; exit $status'
            words = ["bash", "-c", f"{one.text}\n{after}"]
        environ = self.variables | {"PATH": path}
        ran = subprocess.run(["env", *words], cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            self.failed.append(f"{one.document}: {one.text}\n{ran.stdout[-1500:]}{ran.stderr[-1500:]}")
        if one.kind == "block":
            self.folder = Path(Path(f"{state}.pwd").read_text(encoding="utf-8").strip())
            entries = Path(f"{state}.env").read_text(encoding="utf-8").split("\0")
            self.variables = dict(entry.split("=", 1) for entry in entries if "=" in entry)
        return ran.returncode == 0


def _plain_variables() -> dict[str, str]:
    """The environment without what makes this test's own cxkit or Python found."""
    own = {str(Path(sys.prefix) / "bin"), str(Path(sys.executable).parent)}
    path = os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if entry not in own)
    left_out = {"PYTHONPATH", "VIRTUAL_ENV", "CXKIT_DEBUG"}
    return {name: value for name, value in os.environ.items() if name not in left_out} | {"PATH": path}


def first_line(one: Shown) -> str:
    return one.text.splitlines()[0]


def read_all(start: Path, shown: Iterable[Shown] = SHOWN) -> Reader:
    reader = Reader(start=start, course=start.parent / "my-course")
    for one in shown:
        reader.read(one)
    assert not reader.failed, "\n\n".join(reader.failed)
    return reader


def test_what_is_not_run_is_still_shown():
    assert set(NOT_RUN) - {first_line(one) for one in SHOWN} == set()
    assert len(SHOWN) > 60


@pytest.fixture(scope="module")
def clone(tmp_path_factory, wheel):
    folder = tmp_path_factory.mktemp("clone") / "cxkit"
    folder.mkdir()
    return clone_with_an_environment(folder, wheel)


def test_every_command_runs_in_a_clone_and_leaves_it_clean(clone):
    course = read_all(clone).course
    assert_clean(clone)
    own = _written_by_the_teacher(course)
    inside = {path.relative_to(course).as_posix() for path in course.rglob("*") if path.is_file()}
    personal = {name for name in inside - own if not name.startswith("COURSE/")}
    assert {"gradebook.db", "class.csv", "marks/s200.json", "written/key.json"} <= personal
    assert {"assignments/.course-secret", "assignments/hw1/released.json"} <= personal
    for name in personal:  # had somebody given the same commands in the clone
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes((course / name).read_bytes())
    (clone / "submissions" / "helper.py").write_text("import os\n", encoding="utf-8")
    assert_clean(clone)


def assert_clean(clone: Path) -> None:
    """Nothing that git would take in or that `make check` would find fault with."""
    assert done("git", "status", "--porcelain", folder=clone) == ""
    for words in (["check"], ["format", "--check"]):
        done(sys.executable, "-m", "ruff", *words, "--no-respect-gitignore", ".", folder=clone)


def _written_by_the_teacher(course: Path) -> set[str]:
    """The assignment itself: a teacher may want it in a repository."""
    kept = course / "assignments" / "hw1"
    own = [path for path in kept.rglob("*") if ".references" not in path.parts and path.name != "released.json"]
    return {path.relative_to(course).as_posix() for path in own}


@pytest.fixture
def empty(installed, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / ".venv").symlink_to(installed.parent)
    return folder


def test_every_command_runs_beside_an_installed_wheel_in_an_empty_folder(empty):
    read_all(empty)


PAGE = "# A page\n\n`cxkit mark` needs more; `cxkit notebooks` does not.\n\n```\ncxkit parameters 03  # all\n```\n"


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("", ""),
        ("Look with `cxkit nootebooks`.", "invalid choice: 'nootebooks'"),
        ("`.venv/bin/cxkit check nowhere.csv --instrument culture8` says more.", "There is no file nowhere.csv"),
        ("```\ncd .. && \\\n  cxkit run NOTEBOOK\n```\n", "NOTEBOOK"),
        ("```python\nimport cxkitt\n```\n", "No module named 'cxkitt'"),
        ("```text\ncxkit notebooks\n```\n", "a command in a block of text"),
        ("- so:\n  ```\n  cxkit notebooks\n  ```\n", "a block that is not read here"),
    ],
)
def test_a_new_command_that_does_not_run_is_told(empty, added, said):
    page = empty.parent / "page.md"
    page.write_text(f"{PAGE}\n{added}\n", encoding="utf-8")
    told = ""
    try:
        read_all(empty, shown_in(page, empty.parent))
    except AssertionError as error:
        told = str(error)
    assert said in told
    assert bool(said) == bool(told)
