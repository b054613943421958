"""Does everyone get the grade that was foreseen, from the release to the file for the learning management system?

    python benchmarks/whole_class.py [--students 300] [--jobs N] [--keep DIR]

A synthetic class goes the whole way: `cxkit release` gives each student other rows of a survey, a zip as Blackboard
makes it comes back, and `collect`, `mark`, `written`, `gradebook record`, `gradebook export`, `feedback` and `class`
follow. In it are model answers, answers that are right in another way, foreseen mistakes, near misses, results typed
in or copied from others, crashes, endless loops and floods, dead kernels, lies, blank, missing, broken, wrong,
doubled and late files; each question has another kind of answer: table, series, number, choice, figure, text. The
points of every question and the grade of every student are known beforehand. Printed is how many are not as foreseen,
the time of each step, and the most memory that the process of `cxkit mark` held; the exit status is 1 if any is not as
foreseen. With fewer students there is at least one of each kind.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import nbformat
import pandas as pd
from coursework import write_folder
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ID, DUE = "pulse", datetime(2026, 3, 1, 23, 59)
UNITS, ITEMS = "ABCD", ["q1", "q2", "q3"]
TOML = """\
id = "pulse"
title = "A synthetic pulse survey"
points = 14
[limits]
cell_seconds = 2
total_seconds = 40
memory_mb = 512
[late]
grace_minutes = 10
per_day = 0.1
at_most = 0.5
[files.survey_path]
file = "data/pulse.csv"
vary = "rows"
rows = 240
[parameters]
cutoff = 4.0
[[held_out]]
id = "a"
data_seed = 11
parameters = { cutoff = 3.0 }
[[held_out]]
id = "b"
data_seed = 13
[[questions]]
id = "means"
title = "The means of units and items"
points = 4
[[questions.answers]]
name = "unit_means"
type = "series"
points = 2
absolute = 0.00001
[[questions.answers]]
name = "profile"
type = "table"
points = 2
absolute = 0.00001
[[questions]]
id = "gap"
title = "How far are units apart?"
points = 3
[[questions.answers]]
name = "gap"
type = "number"
points = 2
absolute = 0.00001
partial = [{ absolute = 0.006, share = 0.5, feedback = "Close: do not round." }]
[[questions.answers]]
name = "highest"
type = "choice"
options = ["A", "B", "C", "D"]
points = 1
[[questions.mistakes]]
id = "medians"
points = 1
feedback = "These are medians."
[[questions]]
id = "share"
title = "How many are content?"
points = 2
[[questions.answers]]
name = "content"
type = "number"
points = 2
absolute = 0.00001
units = ["proportion", "percent"]
[[questions.mistakes]]
id = "counted"
points = 0.5
feedback = "This is how many, not which share."
[[questions]]
id = "picture"
title = "A picture of the units"
points = 2
[[questions.answers]]
name = "picture"
type = "figure"
points = 2
facts = { kind = "bar", n_bars = 4, xlabel = "unit", ylabel = "mean score" }
[[questions]]
id = "words"
title = "What does it mean?"
kind = "written"
points = 3
[[questions.rubric.criteria]]
id = "claim"
points = 3
text = "Says what the numbers carry"
"""
QUESTIONS = {one["id"]: one["points"] for one in tomllib.loads(TOML)["questions"] if one["id"] != "words"}
SETUP = (
    "import os\nimport numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nimport seaborn as sns\n\n"
    "data = pd.read_csv(survey_path)\ndata['score'] = data[['q1', 'q2', 'q3']].mean(axis=1)"
)
MODEL = {
    "means": "unit_means = data.groupby('unit')['score'].mean()\n"
    "profile = data.groupby('unit')[['q1', 'q2', 'q3']].mean()",
    "gap": "scores = data.groupby('unit')['score'].mean()\n"
    "gap = scores.max() - scores.min()\nhighest = scores.idxmax()",
    "share": "content = (data['score'] >= cutoff).mean()",
    "picture": "picture, axis = plt.subplots()\nheights = data.groupby('unit')['score'].mean()\n"
    "axis.bar(heights.index, heights)\naxis.set(xlabel='unit', ylabel='mean score')",
}
MISTAKES = {
    "medians": "scores = data.groupby('unit')['score'].median()\ngap = scores.max() - scores.min()\n"
    "highest = data.groupby('unit')['score'].mean().idxmax()",
    "counted": "content = int((data['score'] >= cutoff).sum())",
}
ANOTHER_WAY = {
    "means": "unit_means = {u: float(np.average(data.loc[data.unit == u, 'score'])) for u in 'DCBA'}\n"
    "unit_means = pd.Series(unit_means).sort_index()\n"
    "profile = data.pivot_table(index='unit', values=['q3', 'q1', 'q2'])[['q2', 'q3', 'q1']].sort_index(axis=1)",
    "gap": "gap = np.ptp([data.score[data.unit == u].mean() for u in 'ABCD'])\n"
    "highest = ' ' + max('ABCD', key=lambda u: data.score[data.unit == u].mean()).lower()",
    "share": "content = 100 * float(np.mean(data.score.to_numpy() >= cutoff))",
    "picture": "picture = sns.barplot(data, x='unit', y='score', order=list('DCBA'), errorbar=None)\n"
    "picture.set(ylabel='mean score', title='Units')",
}
FROM_SCRATCH = {
    "means": "import csv\nrows = list(csv.DictReader(open(survey_path)))\n"
    "of = lambda u, q: [int(r[q]) for r in rows if r['unit'] == u]\n"
    "profile = pd.DataFrame([[sum(of(u, q)) / len(of(u, q)) for q in ('q1', 'q2', 'q3')] for u in 'ABCD'],\n"
    "                       index=list('ABCD'), columns=['q1', 'q2', 'q3'])\n"
    "unit_means = profile.sum(axis=1) / 3",
    "gap": "by = sorted((sum(map(sum, zip(*(of(u, q) for q in ('q1', 'q2', 'q3'))))) / 3 / len(of(u, 'q1')), u)\n"
    "            for u in 'ABCD')\ngap = by[-1][0] - by[0][0]\nhighest = by[-1][1]",
    "share": "content = sum(int(r['q1']) + int(r['q2']) + int(r['q3']) >= 3 * cutoff for r in rows) / len(rows)",
    "picture": "plt.figure()\nfor u in 'ABCD':\n    plt.bar(u, unit_means[u])\n"
    "plt.xlabel('unit')\nplt.ylabel('mean score')\npicture = plt.gcf()",
}
WRONG = {
    "means": "unit_means = data.groupby('unit')['q1'].mean()\nprofile = data.groupby('unit')[['q1', 'q2']].mean()",
    "gap": "gap = data['score'].std()\nhighest = 'E'",
    "share": "content = (data['score'] > 0).mean()",
    "picture": "picture, axis = plt.subplots()\naxis.hist(data['score'], bins=4)",
}
TYPED = {  # the right results of the student's own data, without the work
    "means": "unit_means = pd.Series(UNIT_MEANS)\nprofile = pd.DataFrame(PROFILE)",
    "gap": "gap, highest = GAP, HIGHEST",
    "share": "content = CONTENT",
}
LIES = {
    "means": "class Any(pd.Series):\n    __eq__ = lambda s, o: True\nunit_means = Any([0.0] * 4, index=list('ABCD'))\n"
    "profile = pd.DataFrame({q: [float('nan')] * 4 for q in ('q1', 'q2', 'q3')}, index=list('ABCD'))",
    "gap": "class Lie(float):\n    __eq__ = __le__ = __ge__ = lambda s, o: True\n    __sub__ = lambda s, o: 0.0\n"
    "    __hash__ = float.__hash__\ngap, highest = Lie(0), HIGHEST",
    "share": "np.isclose = np.allclose = lambda *a, **k: True\ncontent = float('nan')",
}


@dataclass(frozen=True)
class Kind:
    """What a student of this kind hands in, and what it earns.

    `share` is how many of a hundred there are, `code` takes the place of the model's, `earns` are the points of the
    computed questions, `late` is the delay and `costs` what it costs, `file` what becomes of the file, `writes` whether
    the written answer is there, `copies` whether results are those of another student's data.
    """

    share: int
    code: Mapping[str, str] = field(default_factory=dict)
    earns: tuple[float, ...] = tuple(QUESTIONS.values())
    late: timedelta = timedelta(hours=-5)
    costs: float = 0.0
    file: str = "notebook"
    writes: bool = True
    copies: bool = False


KINDS = {
    "model": Kind(22),
    "in another way": Kind(9, ANOTHER_WAY),
    "from scratch": Kind(8, FROM_SCRATCH),
    "all in the last cell": Kind(3, {"means": "", "gap": "", "share": "", "picture": "\n".join(MODEL.values())}),
    "the mistake of medians": Kind(5, {"gap": MISTAKES["medians"]}, (4, 1, 2, 2)),
    "the mistake of counting": Kind(4, {"share": MISTAKES["counted"]}, (4, 3, 0.5, 2)),
    "rounded": Kind(3, {"gap": MODEL["gap"] + "\ngap = round(gap, 2)"}, (4, 2, 2, 2)),
    "wrong": Kind(3, WRONG, (0, 0, 0, 0)),
    "typed in": Kind(4, TYPED, (0, 0, 0, 2)),
    "copied from another": Kind(4, {**TYPED, "picture": "picture = None"}, (0, 0, 0, 0), copies=True),
    "a guess": Kind(2, {"gap": "gap, highest = 0, HIGHEST"}, (4, 0, 2, 2)),
    "crash in the first": Kind(3, {"means": "raise ValueError('no')"}, (0, 3, 2, 2)),
    "crash in the third": Kind(3, {"share": "content = undefined"}, (4, 3, 0, 2)),
    "endless": Kind(2, {"picture": "while True: pass"}, (4, 3, 2, 0)),
    "a flood of output": Kind(1, {"picture": "while True: print('x' * 1000)"}, (4, 3, 2, 0)),
    "dead kernel": Kind(2, {"share": "os._exit(3)"}, (4, 3, 0, 0)),
    "memory": Kind(1, {"picture": "hog = []\nwhile True: hog.append(bytearray(50 << 20))"}, (4, 3, 2, 0)),
    "a table of gigabytes": Kind(
        1, {"means": "unit_means = data.groupby('unit')['score'].mean()\nprofile = pd.DataFrame(np.zeros((10**8, 1)))"},
        (2, 3, 2, 2),
    ),
    "lies": Kind(2, {**LIES, "picture": "picture = 'bar'"}, (0, 0, 0, 0)),
    "blank": Kind(1, dict.fromkeys(QUESTIONS, ""), (0, 0, 0, 0), writes=False),
    "within the grace": Kind(1, late=timedelta(minutes=7)),
    "an hour late": Kind(3, late=timedelta(hours=1), costs=0.1),
    "three days late": Kind(2, {"gap": MISTAKES["medians"]}, (4, 1, 2, 2), timedelta(days=2, hours=5), 0.3),
    "a month late": Kind(1, late=timedelta(days=30), costs=0.5),
    "handed in again": Kind(3, late=timedelta(hours=30), costs=0.2, file="an earlier one as well"),
    "missing": Kind(2, {}, (0, 0, 0, 0), file="missing"),
    "broken": Kind(1, {}, (0, 0, 0, 0), file="broken"),
    "another assignment": Kind(1, {}, (0, 0, 0, 0), file="of another assignment"),
    "two files": Kind(1, {}, (0, 0, 0, 0), file="two"),
    "a pdf": Kind(1, {}, (0, 0, 0, 0), file="pdf"),
    "a link": Kind(1, {}, (0, 0, 0, 0), file="link"),
}  # fmt: skip


UNDECIDED = ("broken", "of another assignment", "two", "pdf", "link")
"""Files of which nobody can say yet what they are worth: left out of exports."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--jobs", type=int, help="submissions at a time (default: one a core)")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="a new folder that the course is left in, to look at")
    options = parser.parse_args()
    kinds = class_of(options.students)
    if options.keep is not None:
        options.keep.mkdir(parents=True)
        return Course(options.keep, kinds, options.jobs).run()
    with tempfile.TemporaryDirectory(prefix="cxkit-class-") as folder:
        return Course(Path(folder), kinds, options.jobs).run()


def class_of(students: int) -> dict[str, str]:
    """The kind of each student; at least one of each."""
    chance = random.Random(300)
    shares = [name for name, kind in KINDS.items() for _ in range(kind.share)]
    chosen = [*KINDS, *(shares[n % len(shares)] for n in range(max(0, students - len(KINDS))))]
    chance.shuffle(chosen)
    return {f"syn{number:03}": kind for number, kind in enumerate(chosen, 1)}


def most_memory(process: int) -> float:
    """The most memory in MB that a process has held so far; 0 where the system does not tell, or once it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


class Course:
    """A course in a folder of its own, carried out by the commands that an instructor gives."""

    def __init__(self, place: Path, kinds: Mapping[str, str], jobs: int | None) -> None:
        self.place, self.kinds, self.jobs = place, kinds, jobs
        self.seconds: dict[str, float] = {}
        self.megabytes: dict[str, float] = {}

    def cxkit(self, step: str, *words: str) -> str:
        """Run a command in the course's folder and note how long it took and what memory it held."""
        started = time.perf_counter()
        command = [sys.executable, "-m", "cxkit.cli", *words]
        said, told = self.place / "said.txt", self.place / "told.txt"
        with said.open("wb") as out, told.open("wb") as progress:
            running = subprocess.Popen(command, cwd=self.place, stdout=out, stderr=progress)
            while running.poll() is None:
                self.megabytes[step] = max(self.megabytes.get(step, 0.0), most_memory(running.pid))
                time.sleep(0.05)
        text = said.read_text(encoding="utf-8")
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - started
        if running.returncode:
            told_text = told.read_text(encoding="utf-8")
            raise SystemExit(f"cxkit {' '.join(words)} ended with {running.returncode}:\n{text}{told_text}")
        return text

    def run(self) -> int:
        roster = ("--roster", "roster.csv")
        jobs = () if self.jobs is None else ("--jobs", str(self.jobs))
        write_assignment(self.place / ID)
        (self.place / "roster.csv").write_text(
            "student,username\n" + "".join(f"{one},{one}\n" for one in self.kinds), encoding="utf-8"
        )
        self.cxkit("release", "release", ID, *roster, "-o", "release", *jobs)
        self.hand_in()
        self.cxkit("collect", "collect", "download.zip", *roster, "--assignment", ID,
                   "--due", DUE.strftime("%Y-%m-%d %H:%M"), "-o", "submissions")  # fmt: skip
        said = self.cxkit("mark", "mark", ID, "submissions", *roster, "-o", "marks", *jobs)
        self.cxkit("gradebook record", "gradebook", "record", ID, "marks", "--submissions", "submissions")
        self.cxkit("written", "written", "sheet", ID, "submissions", *roster, "--marker", "Example")
        given = self.fill_in(self.place / "written" / "words-Example.csv")
        self.cxkit("written", "written", "merge", ID, "written/words-Example.csv")
        self.cxkit("written", "written", "record", ID)
        self.cxkit("gradebook export", "gradebook", "export", "--to", "csv", *roster, "-o", "grades.csv")
        self.cxkit("gradebook export", "gradebook", "export", "--to", "canvas", *roster, "--assignment", ID,
                   "-o", "canvas.csv")  # fmt: skip
        book = ("--gradebook", "gradebook.db")
        self.cxkit("feedback", "feedback", ID, "marks", *roster, *book, "-o", "feedback")
        self.cxkit("class view", "class", ID, "marks", *roster, *book, "--submissions", "submissions",
                   "-o", "class.html")  # fmt: skip
        return self.report(said, given)

    # What students do

    def hand_in(self) -> None:
        """The zip that the system lets the instructor download."""
        release = self.place / "release" / ID
        with zipfile.ZipFile(self.place / "download.zip", "w") as archive:
            for student, name in self.kinds.items():
                kind = KINDS[name]
                own = release / student
                other = release / next(one for one in reversed(self.kinds) if one != student)
                released = nbformat.read(own / f"{ID}.ipynb", 4)
                facts = facts_of((other if kind.copies else own) / "data" / "pulse.csv")
                put = partial(self.put, archive, student, DUE + kind.late)
                notebook = worked(released, {**MODEL, **kind.code}, facts, student, write=kind.writes)
                FILES[kind.file](put, notebook, worked(released, WRONG, facts, student))

    def put(self, archive: zipfile.ZipFile, student: str, when: datetime, name: str, data: bytes, attributes: int = 0,
            earlier: timedelta = timedelta(0)) -> None:  # fmt: skip
        time_of = (when - earlier).strftime("%Y-%m-%d-%H-%M-%S")
        entry = zipfile.ZipInfo(f"Pulse_{student}_attempt_{time_of}_{name}")
        entry.external_attr = attributes << 16
        archive.writestr(entry, data)

    # What the marker does

    def fill_in(self, path: Path) -> dict[str, float]:
        """Points by the text, as a marker gives them who does not know whose it is; by student."""
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        claim = rows[0].index("claim [0-3]")
        given = {}
        for row in rows[1:]:
            text = row[rows[0].index("answer")]
            row[claim] = "0"
            if text:
                student = text.rsplit(" ", 1)[1]
                given[student] = foreseen_words(student)
                row[claim] = f"{given[student]:g}"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
        return given

    # Whether all came as foreseen

    def report(self, said: str, given: Mapping[str, float]) -> int:
        high: Counter[str] = Counter()
        low: Counter[str] = Counter()
        grades = {row["student"]: row for row in csv.DictReader((self.place / "grades.csv").open(encoding="utf-8"))}
        in_canvas = (self.place / "canvas.csv").read_text(encoding="utf-8")
        wrong_grades: list[str] = []
        for student, name in self.kinds.items():
            kind = KINDS[name]
            questions = json.loads((self.place / "marks" / f"{student}.json").read_text())["questions"]
            points = {one["question"]: one["points"] for one in questions}
            for question, foreseen in zip(QUESTIONS, kind.earns, strict=True):
                high[name] += points[question] > foreseen
                low[name] += points[question] < foreseen
            grade = (sum(kind.earns) + given.get(student, 0)) * (1 - kind.costs)
            wanted = "none" if kind.file in UNDECIDED else f"{grade:g}"
            exported = grades[student][ID] or "none"
            is_foreseen = exported == wanted
            if "none" not in (exported, wanted):
                is_foreseen = abs(float(exported) - grade) < 0.005
            if not is_foreseen or f"{student}," not in in_canvas:
                wrong_grades.append(f"{student} ({name}): {exported} for {wanted}")
        unread = [one for one, name in self.kinds.items() if (one in given) != has_words(name)]
        students = len(self.kinds)
        print(f"A class of {students}, {len(KINDS)} kinds of student")
        for step, seconds in self.seconds.items():
            print(f"  {step:17}{seconds:6.1f} s")
        print(f"  {60 * students / self.seconds['mark']:.0f} submissions marked a minute")
        print(f"  {self.megabytes['mark']:.0f} MB is the most that its process held")
        print(f"  questions marked too high: {high.total()}, too low: {low.total()}")
        for name in KINDS:
            if high[name] or low[name]:
                print(f"    {name}: {high[name]} too high, {low[name]} too low")
        print(f"  grades in the export that are not as foreseen: {len(wrong_grades)}")
        print("".join(f"    {one}\n" for one in wrong_grades), end="")
        print(f"  written answers that a marker did not get, or should not have: {len(unread)}")
        print("  " + said.strip().replace("\n", "\n  "))
        return int(bool(high.total() or low.total() or wrong_grades or unread))


def write_assignment(folder: Path) -> None:
    """The assignment as its author has it, on synthetic answers of 500 people."""
    chance = random.Random(5)
    lines = [["person", "unit", *ITEMS]]
    lines += [[str(n), UNITS[n % 4], *(str(min(5, max(1, round(chance.gauss(3.6, 1))))) for _ in ITEMS)]
              for n in range(500)]  # fmt: skip
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "pulse.csv").write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    cells = [
        new_markdown_cell("# A synthetic pulse survey"),
        new_code_cell('survey_path = "data/pulse.csv"\ncutoff = 4.0', metadata={"tags": ["parameters"]}),
        new_code_cell(SETUP),
        *(new_code_cell(f"# BEGIN SOLUTION\n{code}\n# END SOLUTION", metadata={"cxkit": {"question": question}})
          for question, code in MODEL.items()),
        new_markdown_cell("<!-- BEGIN SOLUTION -->\nCANARY: teal-88\n<!-- END SOLUTION -->",
                          metadata={"cxkit": {"question": "words", "role": "written"}}),
    ]  # fmt: skip
    write_folder(folder, TOML, MISTAKES, new_notebook(cells=cells))


def worked(
    released: nbformat.NotebookNode, code: Mapping[str, str], facts: Mapping[str, object], student: str, *,
    write: bool = True,
) -> nbformat.NotebookNode:  # fmt: skip
    """The released notebook with a student's work in it; no code for a question leaves its cell as it was."""
    notebook = nbformat.from_dict(json.loads(json.dumps(released)))
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and code.get(question):
            cell.source = code[question]
            for name, value in facts.items():
                cell.source = cell.source.replace(name, repr(value))
        elif question == "words" and write:
            cell.source = f"Units differ little, says {student}"
    return notebook


def facts_of(path: Path) -> dict[str, object]:
    """The right results, computed apart from cxkit."""
    data = pd.read_csv(path)
    score = data[ITEMS].mean(axis=1)
    means = score.groupby(data["unit"]).mean()
    return {
        "UNIT_MEANS": means.to_dict(),
        "PROFILE": data.groupby("unit")[ITEMS].mean().to_dict(),
        "GAP": float(means.max() - means.min()),
        "HIGHEST": str(means.idxmax()),
        "CONTENT": float((score >= 4.0).mean()),
    }


def foreseen_words(student: str) -> float:
    return float(int(student[-1]) % 4)


def has_words(name: str) -> bool:
    return KINDS[name].writes and KINDS[name].file in ("notebook", "an earlier one as well")


# --- what becomes of a file -------------------------------------------------------------------------------------------

Put = Callable[..., None]
LINK = 0o120777


def _bytes(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def _of_another(notebook: nbformat.NotebookNode) -> bytes:
    notebook.metadata["cxkit"] = {"assignment": "earlier"}
    return _bytes(notebook)


def _again(put: Put, notebook: nbformat.NotebookNode, wrong: nbformat.NotebookNode) -> None:
    put("pulse.ipynb", _bytes(wrong), earlier=timedelta(days=3))
    put("pulse.ipynb", _bytes(notebook))


def _two(put: Put, notebook: nbformat.NotebookNode, wrong: nbformat.NotebookNode) -> None:
    put("pulse.ipynb", _bytes(notebook))
    put("pulse-new.ipynb", _bytes(wrong))


FILES: dict[str, Callable[[Put, nbformat.NotebookNode, nbformat.NotebookNode], None]] = {
    "notebook": lambda put, notebook, wrong: put("pulse.ipynb", _bytes(notebook)),
    "an earlier one as well": _again,
    "missing": lambda put, notebook, wrong: None,
    "broken": lambda put, notebook, wrong: put("pulse.ipynb", _bytes(notebook)[:300]),
    "of another assignment": lambda put, notebook, wrong: put("pulse.ipynb", _of_another(notebook)),
    "two": _two,
    "pdf": lambda put, notebook, wrong: put("pulse.pdf", b"%PDF-1.4\n"),
    "link": lambda put, notebook, wrong: put("pulse.ipynb", b"/etc/passwd", LINK),
}


if __name__ == "__main__":
    sys.exit(main())
