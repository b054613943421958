"""What an installed wheel can do, far from any clone: list its notebooks, run one, prove the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cxkit
from cxkit import shipped
from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.notebook import copy_shipped, find_notebook, shipped_notebooks
from cxkit.running.runs import read_runs

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ["01_validate_instrument", "02_benchmark", "03_organisational_gaps"]


def run(*command: object, folder: Path, **more: object) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True, check=False, **more)


def done(*command: object, folder: Path) -> str:
    finished = run(*command, folder=folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The bin folder of an environment with the wheel in it; the libraries are those of this environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip"]
    done(*pip, "wheel", "--quiet", "--no-build-isolation", "--no-deps", "-w", folder, ROOT, folder=folder)
    done(sys.executable, "-m", "venv", "--without-pip", folder / "env", folder=folder)
    python = folder / "env" / "bin" / "python"
    (wheel,) = folder.glob("cxkit-*.whl")
    done(*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=folder)
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (own,) = (folder / "env" / "lib").glob("python*/site-packages")
    # A path added this way comes after the environment's own, and its .pth files (the editable cxkit) are not read.
    (own / "libraries.pth").write_text(f"{here}\n", encoding="utf-8")
    return folder / "env" / "bin"


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
    assert done(installed / "cxkit", "verify", "gaps.html", folder=empty).startswith("gaps.html comes out the same: ")


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
