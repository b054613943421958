"""Courses in the shape that nbgrader gives them: cells of every kind, in its schema versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat


def cell(
    source: str, grade_id: str = "", *, kind: str = "code", version: int | None = 3, points: Any = None, **flags: bool
) -> nbformat.NotebookNode:
    """A cell with nbgrader's metadata; without grade_id one that nbgrader does not know."""
    made = nbformat.v4.new_code_cell(source) if kind == "code" else nbformat.v4.new_markdown_cell(source)
    if not grade_id:
        return made
    meta: dict[str, Any] = {"grade_id": grade_id, **flags}
    if version is not None:
        meta = {"grade": False, "solution": False, "locked": False} | meta | {"schema_version": version}
    if version in (2, 3, 4):
        meta["cell_type"] = made.cell_type
    if version in (3, 4):
        meta.setdefault("task", False)
    if points is not None:
        meta["points"] = points
    made.metadata.nbgrader = meta
    return made


def solution(source: str, grade_id: str, **more: Any) -> nbformat.NotebookNode:
    return cell(source, grade_id, solution=True, **more)


def checks(source: str, grade_id: str, points: Any, **more: Any) -> nbformat.NotebookNode:
    return cell(source, grade_id, grade=True, locked=True, points=points, **more)


def words(source: str, grade_id: str, points: Any, **more: Any) -> nbformat.NotebookNode:
    return cell(source, grade_id, kind="markdown", grade=True, solution=True, points=points, **more)


def hidden(lines: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{lines}\n### END HIDDEN TESTS"


def lesson(version: int | None = 3) -> list[nbformat.NotebookNode]:
    """A notebook with a cell of every kind."""
    v: dict[str, Any] = {"version": version}
    task = [] if version not in (3, 4) else [
        cell("## Draw\nDraw a sketch.\n=== BEGIN MARK SCHEME ===\nTwo axes.\n=== END MARK SCHEME ===", "draw",
             kind="markdown", locked=True, task=True, points=2, **v),
    ]  # fmt: skip
    return [
        cell("# Means and spreads\n\nAn exercise.", kind="markdown"),
        cell("import statistics\n\nvalues = [float(line) for line in open('values.csv')]"),
        cell("## The mean", kind="markdown"),
        solution("### BEGIN SOLUTION\nmean = sum(values) / len(values)\n### END SOLUTION", "mean", **v),
        checks(f"assert abs(mean - 2.5) < .01\n{hidden('assert mean > 0')}", "mean-test", 3, **v),
        cell("## A function (2 points)", kind="markdown"),
        solution("def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION", "square", **v),
        checks(hidden("assert square(3) == 9\nassert square(-2) == 4"), "square-1", 1, **v),
        checks("assert isinstance(square(1.5), float)", "square-2", 1, **v),
        cell("## In words", kind="markdown"),
        words("The mean is the centre of gravity.", "meaning", 4, **v),
        cell("whole = True  # all of it is the solution", "cell-0a1b2c3d4e", solution=True, grade=True, points=2, **v),
        *task,
    ]  # fmt: skip


def write_course(folder: Path, notebooks: dict[str, list[nbformat.NotebookNode]] | None = None) -> Path:
    """A course with `source/ps1/` and three submissions; one is of another assignment."""
    for name, own in (notebooks or {"ps1/lesson": lesson()}).items():
        write(folder / "source" / f"{name}.ipynb", own)
    (folder / "source" / "ps1" / "values.csv").write_text("1\n2\n3\n4\n")
    (folder / "source" / "ps1" / ".ipynb_checkpoints").mkdir()
    (folder / "source" / "ps1" / ".ipynb_checkpoints" / "old.csv").write_text("old")
    for student, name in (("anna", "ps1/lesson"), ("ben", "ps1/lesson"), ("anna", "ps2/other")):
        write(folder / "submitted" / student / f"{name}.ipynb", [cell("mean = 2.5")])
    return folder


def write(path: Path, own: list[nbformat.NotebookNode]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells = own
    nbformat.write(notebook, path)
    return path
