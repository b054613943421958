"""How fast is a class marked, against nbgrader in one run?

    python benchmarks/coursework.py [--notebooks 30] [--rounds 3] [--nbgrader PYTHON]

Thirty small course notebooks (pandas, numpy, seaborn): `cxkit mark` as a whole process, its start and the runs of the
model answer included, each submission run with the public and two held-out parameter sets; against one serial
`nbgrader autograde` of the same cells, which runs each once. Whether marks are right is shown by whole_class.py.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from running import NbgraderCourse, ratio, spread, write_class

GOAL = 4.0
TOML = """\
id = "bench"
title = "Means of units"
points = 3
[limits]
cell_seconds = 5
total_seconds = 40
[parameters]
seed = 1
[[held_out]]
id = "a"
parameters = { seed = 101 }
[[held_out]]
id = "b"
parameters = { seed = 102 }
[[questions]]
id = "range"
title = "How far are units apart?"
points = 2
[[questions.answers]]
name = "answer"
type = "number"
points = 2
absolute = 0.0001
[[questions.mistakes]]
id = "medians"
points = 1
feedback = "These are medians."
[[questions]]
id = "highest"
title = "Which one is highest?"
points = 1
after = ["range"]
[[questions.answers]]
name = "highest"
type = "text"
points = 1
"""
SETUP = [
    ("seed = 1", "parameters"),
    ("import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nimport seaborn as sns", ""),
    ("rng = np.random.default_rng(seed)\n"
     "frame = pd.DataFrame({'unit': rng.integers(0, 4, 200), 'score': rng.normal(4, 1, 200)})", ""),
    ("means = frame.groupby('unit')['score'].mean()\nmeans", ""),
    ("sns.boxplot(frame, x='unit', y='score')\nplt.show()", ""),
]  # fmt: skip
ANSWER, HIGHEST = "answer = round(float(means.max() - means.min()), 4)\nprint(answer)", "highest = str(means.idxmax())"
MEDIANS = "m = frame.groupby('unit')['score'].median()\nanswer = float(m.max() - m.min())"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebooks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nbgrader", metavar="PYTHON", help="a Python with nbgrader and cxkit")
    compare_with_nbgrader(parser.parse_args())


def write_assignment(folder: Path) -> None:
    """The assignment as its author has it."""
    regions = [f"# BEGIN SOLUTION\n{source}\n# END SOLUTION" for source in (ANSWER, HIGHEST)]
    write_folder(folder, TOML, {"medians": MEDIANS}, notebook_of(*regions))


def write_folder(folder: Path, toml: str, mistakes: Mapping[str, str], source: nbformat.NotebookNode) -> None:
    """A new assignment: its description, its planted mistakes by id, and its notebook."""
    (folder / "mistakes").mkdir(parents=True)
    (folder / "assignment.toml").write_text(toml, encoding="utf-8")
    for mistake, code in mistakes.items():
        (folder / "mistakes" / f"{mistake}.py").write_text(code + "\n", encoding="utf-8")
    nbformat.write(source, folder / "source.ipynb")


def notebook_of(answer: str, highest: str) -> nbformat.NotebookNode:
    cells = [new_code_cell(source, metadata={"tags": [tag]} if tag else {}) for source, tag in SETUP]
    cells += [new_code_cell(source, metadata={"cxkit": {"question": question}})
              for source, question in ((answer, "range"), (highest, "highest"))]  # fmt: skip
    return new_notebook(cells=cells)


def mark(place: Path) -> float:
    """Seconds of `cxkit mark`, a process of its own with nothing cached."""
    shutil.rmtree(place / "marks", ignore_errors=True)
    command = [sys.executable, "-m", "cxkit.cli", "mark", str(place / "bench"), str(place / "in"),
               "--roster", str(place / "roster.csv"), "-o", str(place / "marks")]  # fmt: skip
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def write_submissions(place: Path, count: int) -> None:
    """As many model answers."""
    names = [f"s{number:03}" for number in range(count)]
    (place / "in").mkdir(parents=True)
    for name in names:
        nbformat.write(notebook_of(ANSWER, HIGHEST), place / "in" / f"{name}.ipynb")
    (place / "roster.csv").write_text("student\n" + "".join(f"{name}\n" for name in names), encoding="utf-8")


def compare_with_nbgrader(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="cxkit-bench-") as folder:
        place = Path(folder)
        write_assignment(place / "bench")
        write_submissions(place, options.notebooks)
        course = NbgraderCourse(options.nbgrader, write_class(place / "class", options.notebooks))
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(mark(place))
            if options.nbgrader:
                theirs.append(course.mark(1, "python3"))
    print(f"{options.notebooks} submissions, seconds as median (minimum to maximum)")
    print(f"  cxkit mark, public and two held-out sets, two workers: {spread(ours)}")
    if not theirs:
        print("  nbgrader is absent: no ratio. Give --nbgrader.")
        return
    print(f"  nbgrader autograde, serial, one run each: {spread(theirs)}")
    print(f"  ratio {ratio(theirs, ours)}, goal {GOAL:g}")


if __name__ == "__main__":
    main()
