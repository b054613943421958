"""What an installed wheel can do, far from any clone: list its notebooks, run one, prove the report."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pandas as pd
import pytest

import cxkit
from cxkit import shipped
from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.notebooks.notebook import copy_shipped, find_notebook, shipped_notebooks
from cxkit.running.queue.runs import read_runs
from tests.installing import done, run
from tests.running.building import notebook_of

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ["01_validate_instrument", "02_benchmark", "03_organisational_gaps"]


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_it_runs_as_a_module_and_is_the_wheel(installed, empty):
    assert done(installed / "python", "-m", "cxkit", "--version", folder=empty) == f"cxkit {cxkit.__version__}\n"
    where = done(installed / "python", "-c", "import cxkit; print(cxkit.__file__)", folder=empty)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_notebooks_are_listed_and_copied_out(installed, empty):
    lines = done(installed / "cxkit", "notebooks", folder=empty).splitlines()
    assert [line.split()[0] for line in lines] == NOTEBOOKS
    assert done(installed / "cxkit", "notebooks", "02", folder=empty) == "02_benchmark.ipynb\n"
    copied, source = empty / "02_benchmark.ipynb", ROOT / "notebooks" / "02_benchmark.ipynb"
    assert copied.read_bytes() == source.read_bytes()


def test_a_report_from_an_empty_folder_is_made_and_proved(installed, empty):
    """Its manifest holds the hash of the kit's data."""
    done(installed / "cxkit", "run", "03_organisational_gaps", "-o", "gaps.html", folder=empty)
    (crate,) = empty.glob("gaps.crate*")
    text = "\n".join(path.read_text(encoding="utf-8") for path in crate.rglob("*.json"))
    assert "the kit's data set culture_synthetic/data.csv" in text
    assert done(installed / "cxkit", "verify", "gaps.html", folder=empty).startswith("gaps.html comes out the same; ")


def test_what_is_called_datasets_in_site_packages_is_not_the_kits(monkeypatch, tmp_path):
    package = tmp_path / "cxkit"
    for folder in (package / "_datasets", tmp_path / "datasets" / "instruments", tmp_path / "notebooks"):
        folder.mkdir(parents=True)
    (tmp_path / "notebooks" / "somebody.ipynb").touch()
    monkeypatch.setattr(shipped, "PACKAGE", package)
    assert shipped.datasets_folder() == package / "_datasets"
    assert shipped.notebooks_folder() == package / "_notebooks"


def test_names_of_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [path.stem for path in shipped_notebooks()] == NOTEBOOKS
    assert find_notebook("03") == ROOT / "notebooks" / "03_organisational_gaps.ipynb"
    assert find_notebook("02_benchmark.ipynb").parent == ROOT / "notebooks"
    assert copy_shipped("02", "new/mine.ipynb") == Path("new/mine.ipynb")
    with pytest.raises(NotebookError, match="exists already; name another file"):
        copy_shipped("02", "new/mine.ipynb")
    with pytest.raises(NotebookError, match="cxkit has no notebook '02_benchmrk'. Did you mean '02_benchmark'?"):
        copy_shipped("02_benchmrk")
    assert find_notebook("new/mine") == Path("new/mine.ipynb")
    assert main(["notebooks", "03", "-o", "new"]) == 0
    assert json.loads(Path("new/03_organisational_gaps.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4


def test_paths_in_a_list_of_runs_are_relative_to_it(tmp_path, monkeypatch):
    study = tmp_path / "study"
    (study / "data").mkdir(parents=True)
    for name in ("mine.csv", "mine.toml"):
        (study / "data" / name).touch()
    (study / "runs.toml").write_text(
        '[[run]]\nnotebook = "03_organisational_gaps"\nname = "gaps"\ninputs = ["data/mine.csv"]\n'
        '[run.parameters]\nsurvey_path = "data/mine.csv"\ninstrument_path = "data/mine.toml"\n'
        'unit = "function"\nreading = { header_row = 2 }\n',
        encoding="utf-8",
    )
    for folder, prefix in ((study, ""), (tmp_path, "study/"), (study / "data", "../")):
        monkeypatch.chdir(folder)
        (planned,) = read_runs(os.path.relpath(study / "runs.toml"))
        assert planned.notebook == ROOT / "notebooks" / "03_organisational_gaps.ipynb"
        assert planned.inputs == (str(Path(f"{prefix}data/mine.csv")).replace("../data/", ""),)
        assert Path(planned.parameters["survey_path"]).samefile(study / "data" / "mine.csv")
        assert Path(planned.parameters["instrument_path"]).samefile(study / "data" / "mine.toml")
        assert planned.parameters["unit"] == "function"
        assert planned.parameters["reading"] == {"header_row": 2}


@pytest.fixture(scope="module")
def proved(installed, tmp_path_factory):
    """A folder with a report of a notebook that computes and draws, made by the installed package."""
    folder = tmp_path_factory.mktemp("proved")
    lesson = notebook_of(
        "survey_path = 'hs1939'",
        "import cxkit as cx, matplotlib.pyplot as plt\ncx.item_analysis(cx.load_survey(survey_path))",
        "plt.plot([1, 2]); plt.show()",
    )
    lesson.cells[0].metadata.tags = ["parameters"]
    nbformat.write(lesson, folder / "lesson.ipynb")
    done(installed / "cxkit", "run", "lesson.ipynb", "-o", "report.html", folder=folder)
    return folder


@pytest.fixture
def changed() -> Iterator[Callable[[Path, Callable[[str], str]], None]]:
    """Change a file of the package or the crate for one test."""
    before = {}

    def change(path: Path, how: Callable[[str], str]) -> None:
        before[path] = path.read_text(encoding="utf-8")
        path.write_text(how(before[path]), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != before[path]

    yield change
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def verified(installed, folder, *options, **variables):
    finished = run(installed / "cxkit", "verify", "report.html", *options, folder=folder, **variables)
    return finished.returncode, finished.stdout


def test_one_line_of_the_package_is_named_as_the_reason(installed, proved, changed):
    (module,) = installed.parent.rglob("site-packages/cxkit/gaps/levels.py")
    changed(module, lambda text: text + "# a line more\n")
    code, said = verified(installed, proved)
    assert code == 1
    assert said.startswith("report.html comes out the same, but not by the same code and versions")
    assert "  code: 1 file of cxkit's code changed since: cxkit/gaps/levels.py" in said
    assert verified(installed, proved, "--allow-versions")[0] == 0


def test_one_byte_of_the_data_of_the_package_is_named_as_the_reason(installed, proved, changed):
    (data,) = installed.parent.rglob("site-packages/cxkit/_datasets/hs1939/data.csv")
    changed(data, lambda text: text[::-1].replace("1", "2", 1)[::-1])
    code, said = verified(installed, proved)
    assert code == 1
    assert "  input: the kit's data set hs1939/data.csv has other contents" in said
    assert "  why: what else is otherwise (input" in said


def test_one_version_is_named_as_the_reason(installed, proved, changed):
    now = f'"pandas": "{pd.__version__}"'
    changed(proved / "report.crate" / "manifest.json", lambda text: text.replace(now, '"pandas": "2.0.0"'))
    code, said = verified(installed, proved)
    assert code == 1
    assert f"  version: pandas was 2.0.0 and is {pd.__version__}" in said


def test_a_settings_file_of_matplotlib_is_named_as_the_reason(installed, proved, tmp_path):
    """It changes what the notebook itself draws, and not what the kit draws."""
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: black\n")
    code, said = verified(installed, proved, env={"MPLCONFIGDIR": str(tmp_path)})
    assert code == 1
    assert said.startswith("report.html does NOT come out the same: pictures look different")
    assert "  picture: the picture in cell 3 looks different" in said
    assert "  note: a settings file of matplotlib set nothing, and sets axes.facecolor to black" in said


def test_another_processor_is_named_and_the_numbers_hold(installed, proved):
    """The oldest code of OpenBLAS for this kind of processor, which each newer one can run."""
    oldest = {"x86_64": "Prescott", "AMD64": "Prescott"}.get(platform.machine(), "ARMV8")
    code, said = verified(installed, proved, env={"OPENBLAS_CORETYPE": oldest})
    assert code == 0, said
    assert said.startswith("report.html comes out the same")
    assert "\n  note: linear algebra was openblas " in said
