"""A small assignment, written for one test: two computed questions on a varied file, and a written one."""

from __future__ import annotations

from pathlib import Path

import nbformat

ID = "small"
CANARY = "CANARY-small-51c7"

TOML = f"""\
id = "{ID}"
title = "A small assignment"
points = 10
expected_hours = 2

[limits]
cell_seconds = 20
total_seconds = 60

[late]
grace_minutes = 10
per_day = 0.1
at_most = 0.5

[files.data_path]
file = "data/scores.csv"
vary = "rows"
rows = 30

[parameters]
factor = 2

[[held_out]]
id = "a"
data_seed = 11
parameters = {{ factor = 3 }}

[[held_out]]
id = "b"
data_seed = 12

[[questions]]
id = "centre"
title = "Where is the centre?"
points = 4
read = "A book, chapter 1"

[[questions.answers]]
name = "average"
type = "number"
points = 3
absolute = 0.001
partial = [{{ absolute = 0.1, share = 0.5, feedback = "Close: do not round." }}]

[[questions.answers]]
name = "bigger"
type = "choice"
options = ["x", "y"]
points = 1

[[questions.mistakes]]
id = "median"
points = 1
feedback = "This is the median; the task asks for the mean."

[[questions]]
id = "spread"
title = "How wide is it?"
points = 2
after = ["centre"]

[[questions.answers]]
name = "spread"
type = "number"
points = 2
relative = 0.001

[[questions.mistakes]]
id = "variance"
points = 0
feedback = "This is the variance; take its root."

[[questions]]
id = "words"
title = "What does it mean?"
points = 4
kind = "written"

[[questions.rubric.criteria]]
id = "claim"
points = 4
text = "Says what the numbers carry"
levels = ["0: nothing", "4: all of it"]
"""

MISTAKES = {
    "median": "average = data['x'].median() * factor\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'",
    "variance": "return values.var()",
}


def code(source: str, question: str | list[str] = "", *tags: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    if question:
        cell.metadata.cxkit = {"question": question}
    if tags:
        cell.metadata.tags = list(tags)
    return cell


def written(source: str, question: str, **more: object) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_markdown_cell(source)
    cell.metadata.cxkit = {"question": question, "role": "written", **more}
    return cell


def cells() -> list[nbformat.NotebookNode]:
    return [
        nbformat.v4.new_markdown_cell("# A small assignment\n\nLeave `average`, `bigger` and `spread` behind."),
        code('data_path = "data/scores.csv"  # your data\nfactor = 2  # what to multiply with', "", "parameters"),
        code("import pandas as pd\n\ndata = pd.read_csv(data_path)"),
        code(
            "# BEGIN SOLUTION\n"
            f"# CANARY: {CANARY}\n"
            "average = data['x'].mean() * factor\n"
            "bigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'\n"
            "# END SOLUTION",
            "centre",
        ),
        code(
            "def spread_of(values):\n"
            "    # BEGIN SOLUTION\n"
            "    return values.std()\n"
            "    # END SOLUTION\n\n\n"
            "# BEGIN SOLUTION\n"
            "spread = spread_of(data['x']) * factor\n"
            "# END SOLUTION",
            "spread",
        ),
        written("<!-- BEGIN SOLUTION -->\nThe centre moves with the factor.\n<!-- END SOLUTION -->", "words"),
    ]


def rows(count: int = 60) -> str:
    """Synthetic numbers, all different."""
    lines = [f"{n},{(n * 37 % 101) / 7:.4f},{(n * 53 % 97) / 6:.4f}" for n in range(count)]
    return "\n".join(["id,x,y", *lines]) + "\n"


def write_assignment(
    folder: Path, *, toml: str = TOML, cells: list[nbformat.NotebookNode] | None = None, name: str = ID
) -> Path:
    """Write it into `folder/small`; give another toml or other cells to break it."""
    target = folder / name
    (target / "data").mkdir(parents=True)
    (target / "mistakes").mkdir()
    (target / "assignment.toml").write_text(toml, encoding="utf-8")
    (target / "data" / "scores.csv").write_text(rows(), encoding="utf-8")
    for mistake, text in MISTAKES.items():
        (target / "mistakes" / f"{mistake}.py").write_text(text + "\n", encoding="utf-8")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = cells if cells is not None else globals()["cells"]()
    nbformat.write(notebook, target / "source.ipynb")
    return target
