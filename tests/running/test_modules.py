"""Modules beside a notebook are found wherever it is run from, as in Jupyter, and no other file of the folder is."""

from __future__ import annotations

import nbformat
import pytest

from cxkit.running.kernels import modules
from cxkit.running.kernels.modules import imported_names, module_files, modules_beside
from cxkit.running.queue.batch import run_batch
from cxkit.running.queue.runs import PlannedRun
from cxkit.running.run import run_notebook


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook in a folder below the current one, with a module, a package, and a file that it does not import."""
    folder = tmp_path / "study" / "notebooks"
    (folder / "tools").mkdir(parents=True)
    (folder / "beside.py").write_text("import further\nvalue = further.value\n")
    (folder / "further.py").write_text("value = 7\n")
    (folder / "tools" / "__init__.py").write_text("from .inner import twice\n")
    (folder / "tools" / "inner.py").write_text("def twice(x):\n    return 2 * x\n")
    (folder / "private.py").write_text("value = 'not asked for'\n")
    made = nbformat.v4.new_notebook()
    code = "import sys\nfrom beside import value\nimport tools as own, random\nassert own.twice(value) == 14\n"
    made.cells = [
        nbformat.v4.new_code_cell(code + "assert '' in sys.path and sys.path[0] != ''\nprint('found', value)")
    ]
    nbformat.write(made, folder / "n.ipynb")
    monkeypatch.chdir(tmp_path / "study")
    return folder / "n.ipynb"


def test_what_is_imported_by_name_and_no_other_file(notebook):
    assert sorted(modules_beside(notebook)) == ["beside.py", "further.py", "tools/__init__.py", "tools/inner.py"]
    (notebook.parent / "further.py").unlink()
    (notebook.parent / "further.py").symlink_to(notebook.parent / "private.py")
    assert "further.py" not in modules_beside(notebook)


def test_each_module_is_looked_for_once(notebook, monkeypatch):
    """In a package whose files import each other, each import once listed the whole folder: seconds a report."""
    for number in range(30):
        (notebook.parent / "tools" / f"part{number}.py").write_text("import tools\nimport beside\n")
    looked_for = []

    def counted(folder, name):
        looked_for.append(name)
        return module_files(folder, name)

    monkeypatch.setattr(modules, "module_files", counted)
    assert len(modules_beside(notebook)) == 34
    assert len(looked_for) == len(set(looked_for))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import a.b as c, d", {"a", "d"}), ("from e.f import g", {"e"}), ("  import h", {"h"}),
        ("from . import i", set()), ("# import j", set()), ("x = 'import k'", set()), ("import", set()),
    ],
)  # fmt: skip
def test_imports_are_read_by_lines(code, names):
    assert imported_names(code) == names


def test_found_in_run_batch_and_contained_batch(notebook, tmp_path):
    done = run_notebook("notebooks/n.ipynb")
    assert "found 7" in str(done.executed.cells)
    planned = [PlannedRun(name="n", notebook=notebook)]
    for policy in ("open", "contained"):
        result = run_batch(planned, output_folder=tmp_path / policy, policy=policy, accept_no_sandbox=True, to="ipynb")
        assert [one.note for one in result.runs if one.state != "completed"] == []
        assert "found 7" in (tmp_path / policy / "n.ipynb").read_text(encoding="utf-8")
    # What a module says counts for the result, so a changed one is run anew.
    (notebook.parent / "further.py").write_text("value = 8 - 1\n")
    again = run_batch(planned, output_folder=tmp_path / "open", policy="open", to="ipynb", resume=True)
    assert again.runs[0].fingerprint != result.runs[0].fingerprint
