"""Notebooks and parameters cells as papermill's users write them: the same outputs, the same end."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from cxkit.cli import main
from cxkit.errors import CxkitWarning, NotebookError
from cxkit.files import refuse_address, write_atomically
from cxkit.running.notebooks.defaults import Code
from cxkit.running.notebooks.notebook import language_of
from cxkit.running.notebooks.parameters import check_parameters, read_parameters
from cxkit.running.plan import plan_run
from cxkit.running.queue.batch import run_batch
from cxkit.running.queue.reports import report_all
from cxkit.running.queue.runs import PlannedRun
from cxkit.running.run import run_notebook
from tests.running.building import code, names_in, notebook_of
from tests.running.public_cells import CELLS
from tools import compare_with_papermill as compare


@pytest.mark.parametrize("style", CELLS)
def test_what_is_told_of_a_cell_is_what_python_makes_of_it(style):
    """Against Python itself: the names that the cell sets, and the values of those that are told as literal."""
    source, given = CELLS[style]
    known = read_parameters(notebook_of(code(source, "parameters")))
    plain = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
    made: dict[str, object] = {}
    exec(plain, made)  # ours, and trusted
    values = {name: value for name, value in made.items() if name[0] != "_" and type(value).__name__ not in _NO_VALUES}
    assert {one.name for one in known} >= set(values) - {"Path", "Optional", "List", "datetime", "timedelta"}
    for one in known:
        if not isinstance(one.default, Code):
            assert one.default == _as_plain(made[one.name]), one.name
    assert check_parameters(given, known) == given


_NO_VALUES = {"module", "function"}


def _as_plain(value):
    if isinstance(value, tuple | list):
        return [_as_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


EXITS = ["import sys\nsys.exit(0)", "raise SystemExit", "import sys\nsys.exit(None)", "exit()", "quit"]


def _planned(folder: Path, sources: dict[str, list[object]]) -> list[PlannedRun]:
    runs = []
    for name, cells in sources.items():
        nbformat.write(notebook_of(*cells), folder / f"{name}.ipynb")
        runs.append(PlannedRun(name=name, notebook=folder / f"{name}.ipynb"))
    return runs


def _printed(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout") for cell in cells
    ]


@pytest.mark.parametrize("policy", ["open", "contained"])
def test_a_notebook_may_end_itself_and_what_fails_says_why(tmp_path, policy):
    sources: dict[str, list[object]] = {f"exit-{n}": ["print(1)", end, "print(2)"] for n, end in enumerate(EXITS)}
    sources |= {
        "last": ["print(1)", "exit()"],
        "status-1": ["import sys\nsys.exit(1)", "print(2)"],
        "display": ["class A:\n    def _repr_html_(self):\n        raise ValueError('no table')\nA()", "print(2)"],
        "magic": ["%nosuch", "print(2)"],
        "cell-magic": ["%%nosuch\n1", "print(2)"],
        "bash": ["%%bash\nexit 3", "print(2)"],
        "meant": [code("1 / 0", "raises-exception"), code("exit(0)", "raises-exception")],
        "claim": ["print(2)"],
    }
    planned = _planned(tmp_path, sources)
    claimed = nbformat.read(tmp_path / "claim.ipynb", as_version=4)
    claimed.cells[0].metadata.papermill = {"exception": True}  # as an earlier failure left it
    nbformat.write(claimed, tmp_path / "claim.ipynb")
    result = run_batch(planned, output_folder=tmp_path / "out", policy=policy, accept_no_sandbox=True, to="ipynb")
    runs = {run.name: run for run in result.runs}
    for name in (name for name in runs if name.startswith("exit-")):
        note = "the notebook ended itself in code cell 2 (cell 2 of 3); the cells after it did not run."
        assert (runs[name].state, runs[name].note) == ("completed", note)
        assert _printed(tmp_path / "out" / f"{name}.ipynb") == ["1\n", "", ""]
        assert f"{name}: {note}" in result.text
    failed = {name: run.note.splitlines() for name, run in runs.items() if run.state == "failed"}
    assert sorted(failed) == ["bash", "cell-magic", "display", "magic", "status-1"]
    assert failed["magic"][-1] == "UsageError: Line magic function `%nosuch` not found."
    assert failed["cell-magic"][-1] == "UsageError: Cell magic `%%nosuch` not found."
    assert failed["display"][-1] == "ValueError: no table"
    assert "code cell 1 (cell 1 of 2) failed in line 3" in failed["display"][0]
    assert failed["bash"][-1].startswith("CalledProcessError: Command 'b'exit 3")
    assert (runs["last"].note, runs["meant"].note, runs["claim"].note) == ("", "", "")


def test_the_command_says_where_a_notebook_ended_itself(tmp_path, capsys):
    nbformat.write(notebook_of("print(1)", "exit()", "print(2)"), tmp_path / "short.ipynb")
    assert main(["run", "short.ipynb", "-o", "short.html"]) == 0
    told = "short.ipynb: the notebook ended itself in code cell 2 (cell 2 of 3); the cells after it did not run.\n"
    assert capsys.readouterr().err == f"cxkit: note: {told}"
    with pytest.warns(CxkitWarning, match="the notebook ended itself in code cell 2"):
        assert run_notebook("short.ipynb").executed is not None


ADDRESSES = ["s3://bucket/a.html", "gs://b/c", "https://example.org/a.html", "file:///tmp/a.html", "abfs:/x/y"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_no_file_of_this_machine(address, tmp_path, capsys):
    nbformat.write(notebook_of("open('ran', 'w')"), tmp_path / "a.ipynb")
    (tmp_path / "runs.toml").write_text('[[run]]\nnotebook = "a.ipynb"\nname = "a"\n', encoding="utf-8")
    said = "is an address, and cxkit reads and writes files of this machine only"
    commands = [
        ["run", "a.ipynb", "-o", address], ["batch", "runs.toml", "-o", address], ["report", "a.toml", "-o", address],
        ["tidy", address], ["mark", "assignment", "submissions", "-o", address], ["batch", address],
        ["release", "assignment", "-o", address], ["collect", address, "--roster", "r.csv", "--assignment", "a"],
    ]  # fmt: skip
    for command in commands:
        with pytest.raises(SystemExit) as stopped:
            main(command)
        assert stopped.value.code == 2
        assert (
            f"'{address}' is an address, and cxkit reads and writes files of this machine only"
            in capsys.readouterr().err
        )
    assert main(["run", address]) == 1
    assert said in capsys.readouterr().err
    with pytest.raises(NotebookError, match=said):
        run_notebook("a.ipynb", output=Path(address))
    for run in (run_batch, report_all):
        with pytest.raises(NotebookError, match=said):
            run("runs.toml", output_folder=Path(address))
    with pytest.raises(NotebookError, match=said):
        write_atomically(Path(address), "x")
    assert names_in(tmp_path) == ["a.ipynb", "runs.toml"]


@pytest.mark.parametrize("path", ["C:\\out\\a.html", "out/a:b.html", "a.html", "/tmp/x", "12:/x", "s3.html"])
def test_a_file_of_this_machine_is_no_address(path):
    refuse_address(path)


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "language": "R"}}, "R"), ({"kernelspec": {"name": "ir"}}, "R"),
        ({"kernelspec": {"name": "julia-1.10"}}, "Julia"), ({"language_info": {"name": "scala"}}, "scala"),
        ({"kernelspec": {"name": "bash"}, "language_info": {"name": "bash"}}, "bash"),
        ({"kernelspec": {"language": "sage"}}, "sage"), ({}, "python"), ({"kernelspec": None}, "python"),
        ({"kernelspec": {"name": "conda-env-r-py", "language": "python"}}, "python"), ([], "python"),
        ({"kernelspec": {"name": "python3"}, "language_info": []}, "python"), ({"kernelspec": {"name": 3}}, "python"),
        ({"language_info": {"name": "ipython"}}, "ipython"),
    ],
)  # fmt: skip
def test_a_notebook_of_another_language_is_refused_by_its_name(metadata, language, tmp_path):
    made = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "a.ipynb").write_text(json.dumps(made), encoding="utf-8")
    assert language_of(made) == language
    if language in ("python", "ipython"):
        plan_run("a.ipynb")
        return
    with pytest.raises(NotebookError, match=f"a.ipynb is written in {language}, and cxkit runs Python notebooks only"):
        plan_run("a.ipynb", output="a.html")


def test_every_small_notebook_is_recorded_as_it_stands():
    record = json.loads(compare.RECORD.read_text(encoding="utf-8"))
    stands = {name: compare.digest_of(small) for name, small in compare.cases().items()}
    assert {name: told[0] for name, told in record.items()} == stands, "run tools/compare_with_papermill.py"
