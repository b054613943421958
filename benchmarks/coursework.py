"""How fast is a class marked, against nbgrader in one run; and does everyone get the marks that were foreseen?

    python benchmarks/coursework.py [--notebooks 30] [--rounds 3] [--nbgrader PYTHON] [--students 300]

First thirty small course notebooks (pandas, numpy, seaborn): `cxkit mark` as a whole process, its start and the runs of
the model answer included, each submission run with the public and two held-out parameter sets; against one serial
`nbgrader autograde` of the same cells, which runs each once. Then a class of `--students`: model answers, answers that
are right in another way, foreseen mistakes, crashes, endless loops, dead kernels, results typed in, missing and
broken files. For each the marks are known beforehand; printed is how many are not as foreseen, and the time.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from running import NbgraderCourse, write_class

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
KINDS = {
    # kind: (cells, points of the two questions, how many of a hundred)
    "model": ((ANSWER, HIGHEST), (2, 1), 50),
    "in another way": (("answer = float(np.ptp(means.to_numpy()))",
                        "highest = ' ' + str(int(np.argmax(means.to_numpy()))) + ' '"), (2, 1), 10),
    "from scratch": (("by = {u: [s for v, s in zip(frame.unit, frame.score) if v == u] for u in range(4)}\n"
                      "ms = [sum(v) / len(v) for v in by.values()]\nanswer = max(ms) - min(ms)",
                      "highest = f'{ms.index(max(ms))}'"), (2, 1), 6),
    "foreseen mistake": ((MEDIANS, HIGHEST), (1, 0), 10),
    "wrong": (("answer = float(means.max())", HIGHEST), (0, 0), 4),
    "typed in": (("answer, highest = PUBLIC", ""), (0, 0), 4),
    "crash in the second": ((ANSWER, "highest = undefined"), (2, 0), 4),
    "crash in the first": (("raise ValueError", HIGHEST), (0, 0), 3),
    "endless": ((ANSWER, "while True: pass"), (2, 0), 2),
    "dead kernel": ((ANSWER, "import os\nos._exit(3)"), (2, 0), 2),
    "patched": (("answer = 0\nnp.isclose = lambda *a, **k: True", HIGHEST), (0, 0), 1),
    "blank": (("", ""), (0, 0), 1),
    "missing": (None, (0, 0), 2),
    "broken file": (None, (0, 0), 1),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebooks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nbgrader", metavar="PYTHON", help="a Python with nbgrader and cxkit")
    parser.add_argument("--students", type=int, default=0, help="size of the class whose marks are foreseen")
    options = parser.parse_args()
    compare_with_nbgrader(options)
    if options.students:
        mark_a_class(options.students)


def write_assignment(folder: Path) -> None:
    """The assignment as its author has it."""
    folder.mkdir(parents=True)
    (folder / "mistakes").mkdir()
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    (folder / "mistakes" / "medians.py").write_text(MEDIANS + "\n", encoding="utf-8")
    regions = [f"# BEGIN SOLUTION\n{source}\n# END SOLUTION" for source in (ANSWER, HIGHEST)]
    nbformat.write(notebook_of(*regions), folder / "source.ipynb")


def notebook_of(answer: str, highest: str) -> nbformat.NotebookNode:
    cells = [new_code_cell(source, metadata={"tags": [tag]} if tag else {}) for source, tag in SETUP]
    cells += [new_code_cell(source, metadata={"cxkit": {"question": question}})
              for source, question in ((answer, "range"), (highest, "highest"))]  # fmt: skip
    return new_notebook(cells=cells)


def mark(place: Path) -> tuple[float, str]:
    """Seconds of `cxkit mark`, a process of its own with nothing cached, and what it said."""
    shutil.rmtree(place / "marks", ignore_errors=True)
    command = [sys.executable, "-m", "cxkit.cli", "mark", str(place / "bench"), str(place / "in"),
               "--roster", str(place / "roster.csv"), "-o", str(place / "marks")]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, done.stdout


def write_submissions(place: Path, kinds: list[str], public: str = "(0.5, '1')") -> list[str]:
    """One student for each kind, by number; the names of the students."""
    names = [f"s{number:03}" for number in range(len(kinds))]
    (place / "in").mkdir(parents=True)
    for name, kind in zip(names, kinds, strict=True):
        cells = KINDS[kind][0]
        path = place / "in" / f"{name}.ipynb"
        if cells is not None:
            nbformat.write(notebook_of(*(cell.replace("PUBLIC", public) for cell in cells)), path)
        elif kind == "broken file":
            path.write_text("{", encoding="utf-8")
    (place / "roster.csv").write_text("student\n" + "".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


def compare_with_nbgrader(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="cxkit-bench-") as folder:
        place = Path(folder)
        write_assignment(place / "bench")
        write_submissions(place, ["model"] * options.notebooks)
        course = NbgraderCourse(options.nbgrader, write_class(place / "class", options.notebooks))
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(mark(place)[0])
            if options.nbgrader:
                theirs.append(course.mark(1, "python3"))
    print(f"{options.notebooks} submissions, seconds as median (minimum to maximum)")
    print(f"  cxkit mark, public and two held-out sets, two workers: {told(ours)}")
    if not theirs:
        print("  nbgrader is absent: no ratio. Give --nbgrader.")
        return
    ratio = statistics.median(theirs) / statistics.median(ours)
    spread = f"{min(theirs) / max(ours):.1f} to {max(theirs) / min(ours):.1f}"
    print(f"  nbgrader autograde, serial, one run each: {told(theirs)}")
    print(f"  ratio {ratio:.1f} ({spread}), goal {GOAL:g}")


def told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"


def mark_a_class(students: int) -> None:
    chance = random.Random(300)
    kinds = [kind for kind, (_, _, share) in KINDS.items() for _ in range(share)]
    chosen = [kinds[number % len(kinds)] for number in range(students)]
    chance.shuffle(chosen)
    with tempfile.TemporaryDirectory(prefix="cxkit-bench-") as folder:
        place = Path(folder)
        write_assignment(place / "bench")
        # The right public answers, for those who type them in.
        write_submissions(place, ["model"])
        mark(place)
        given = json.loads((place / "marks" / "s000.json").read_text())["questions"]
        public = f"({given[0]['answers'][0]['given']}, '{given[1]['answers'][0]['given']}')"
        shutil.rmtree(place / "in")
        names = write_submissions(place, chosen, public)
        seconds, said = mark(place)
        wrong: Counter[str] = Counter()
        passed = failed = 0
        for name, kind in zip(names, chosen, strict=True):
            questions = json.loads((place / "marks" / f"{name}.json").read_text())["questions"]
            for question, foreseen in zip(questions, KINDS[kind][1], strict=True):
                passed += question["points"] > foreseen
                failed += question["points"] < foreseen
                wrong[kind] += question["points"] != foreseen
    print(f"A class of {students}: {seconds:.0f} s, {60 * students / seconds:.0f} submissions a minute")
    print(f"  questions marked too high: {passed}, too low: {failed}")
    print("  not as foreseen: " + (", ".join(f"{kind} ({n})" for kind, n in wrong.items() if n) or "none"))
    print("  " + said.strip().replace("\n", "\n  "))


if __name__ == "__main__":
    main()
