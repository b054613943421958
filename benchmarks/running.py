"""How fast do a class's notebooks run, as ratios against papermill and nbgrader in one run?

    python benchmarks/running.py [--notebooks 30] [--rounds 3] [--nbgrader PYTHON]
    python benchmarks/running.py --flat 1000 [--plot PNG]

Thirty small course notebooks (pandas, numpy, seaborn). Every contender is a whole process, its start and warm-up
included, and they take turns, so that a change of the machine's speed meets all alike. nbgrader and cxkit together need
an environment of their own (`--nbgrader /path/to/its/python`); without it that peer is said to be absent. Printed:
seconds as median (minimum to maximum), ratios of medians with the range they could have, and the goal of each.

With `--flat`, whether the last of many contained runs costs what the first did.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

if "papermill" not in sys.argv:  # as every command of the kit does: nbformat then comes without its grammars
    from cxkit.late_grammars import load_grammars_late

    load_grammars_late()

import nbformat
from jupyter_core.paths import jupyter_data_dir
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

WORKERS, PAPERMILL_TRIES = 2, 3
GOALS = {
    "papermill, two processes": 6.0,
    "nbgrader, serial": 11.0,
    "nbgrader, two processes": 7.0,
}
GOAL_UNCHANGED, GOAL_FIRST_RESULT, GOAL_SANDBOX_MS = 4.0, 10.0, 60.0


def main() -> None:
    options = _options()
    if options.job:
        JOBS[options.job](Path(options.folder))
        return
    if options.flat:
        measure_flatness(options.flat, options.plot)
        return
    with tempfile.TemporaryDirectory(prefix="cxkit-bench-") as place:
        folder = write_class(Path(place) / "class", options.notebooks)
        compare_batches(folder, options)
    compare_starts(options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebooks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nbgrader", metavar="PYTHON", help="a Python with nbgrader and cxkit")
    parser.add_argument("--flat", type=int, default=0, help="only so many runs in a row: does their cost grow?")
    parser.add_argument("--plot", type=Path, help="where the picture of that goes")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


# --- the class --------------------------------------------------------------------------------------------------------


def lesson(seed: int) -> list[str]:
    """The cells of one small piece of coursework."""
    return [
        "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nimport seaborn as sns",
        f"rng = np.random.default_rng({seed})\n"
        "frame = pd.DataFrame({'unit': rng.integers(0, 4, 200), 'score': rng.normal(4, 1, 200)})",
        "means = frame.groupby('unit')['score'].mean()\nmeans",
        "sns.boxplot(frame, x='unit', y='score')\nplt.show()",
        "answer = round(float(means.max() - means.min()), 4)\nprint(answer)",
    ]


def write_class(folder: Path, count: int) -> Path:
    """As plain notebooks, and as an nbgrader course with one graded cell."""
    plain, course = folder / "plain", folder / "course"
    plain.mkdir(parents=True)
    for student in range(count):
        notebook = new_notebook(cells=[new_code_cell(source) for source in lesson(student)])
        nbformat.write(notebook, plain / f"s{student:02}.ipynb")
        target = course / "submitted" / f"s{student:02}" / "ps1"
        target.mkdir(parents=True)
        nbformat.write(graded(student), target / "ps1.ipynb")
    source = course / "source" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(graded(0), source / "ps1.ipynb")
    return folder


def graded(seed: int) -> nbformat.NotebookNode:
    """The same cells with nbgrader's metadata: one solution, one test of two points."""
    cells = [new_markdown_cell("# Coursework"), *map(new_code_cell, lesson(seed))]
    cells[-1].metadata.nbgrader = cell_metadata("answer", solution=True)
    test = new_code_cell("assert 0 < answer < 3", metadata={"nbgrader": cell_metadata("test", grade=True, points=2)})
    notebook = new_notebook(cells=[*cells, test])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def cell_metadata(name: str, *, solution: bool = False, grade: bool = False, points: int = 0) -> dict[str, object]:
    told = {"grade_id": name, "solution": solution, "grade": grade, "locked": grade, "schema_version": 3, "task": False}
    return {**told, "points": points} if grade else told


# --- the contenders: each is run by a process of its own --------------------------------------------------------------


def run_contained_class(folder: Path) -> None:
    from cxkit.running.isolation.contained import run_contained

    def one(path: Path) -> str:
        return run_contained(nbformat.read(path, 4)).ending

    with ThreadPoolExecutor(WORKERS) as pool:
        endings = list(pool.map(one, sorted((folder / "plain").glob("*.ipynb"))))
    assert set(endings) == {"completed"}, endings


def run_papermill_class(folder: Path) -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(papermill_one, sorted((folder / "plain").glob("*.ipynb"))))


def papermill_one(path: Path) -> None:
    """Two processes that start kernels side by side may choose one port: then the kernel dies, and is started again."""
    import papermill

    for left in reversed(range(PAPERMILL_TRIES)):
        with tempfile.TemporaryDirectory() as out:
            try:
                papermill.execute_notebook(path, Path(out) / path.name, kernel_name="python3", progress_bar=False)
            except RuntimeError:
                if not left:
                    raise
            else:
                return


JOBS: dict[str, Callable[[Path], None]] = {"contained": run_contained_class, "papermill": run_papermill_class}


def own_process(job: str, folder: Path) -> float:
    started = time.perf_counter()
    command = [sys.executable, __file__, "--job", job, "--folder", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{job} failed: {done.stderr[-2000:]}")
    return time.perf_counter() - started


class NbgraderCourse:
    """Copies of the course, one a process (its database takes one writer at a time), and a way to mark them."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.course, self.scores = python, folder / "course", {}

    def mark(self, processes: int, kernel: str) -> float:
        courses = [self.copy(part, processes, kernel) for part in range(processes)]
        started = time.perf_counter()
        running = [self.start(course, "autograde", "ps1") for course in courses]
        ended = [process.wait() for process in running]
        for course, code in zip(courses, ended, strict=True):
            if code:
                raise SystemExit(f"nbgrader failed: {(course / 'log').read_text()[-2000:]}")
        seconds = time.perf_counter() - started
        self.scores[processes, kernel] = sorted(score for course in courses for score in self.scores_of(course))
        for course in courses:
            shutil.rmtree(course)
        return seconds

    def copy(self, part: int, parts: int, kernel: str) -> Path:
        """A course with every `parts`-th student, released; that is not timed."""
        course = self.course.parent / f"copy-{part}-{os.getpid()}"
        shutil.copytree(self.course / "source", course / "source")
        for number, student in enumerate(sorted((self.course / "submitted").iterdir())):
            if number % parts == part:
                shutil.copytree(student, course / "submitted" / student.name)
        (course / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.course_id = 'bench'\nc.ExecutePreprocessor.kernel_name = {kernel!r}\n"
        )
        if self.start(course, "generate_assignment", "ps1").wait():
            raise SystemExit(f"nbgrader failed: {(course / 'log').read_text()[-2000:]}")
        return course

    def start(self, course: Path, *words: str) -> subprocess.Popen[bytes]:
        """One command of nbgrader, with a home of its own: two trip over the files that Jupyter keeps there."""
        home = course / "home"
        home.mkdir(exist_ok=True)
        place = {
            **os.environ,
            "PATH": f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "JUPYTER_PATH": jupyter_data_dir(),  # where a kernelspec may be installed
        }
        command = [self.python, "-m", "nbgrader", *words]
        with (course / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=course, stdout=log, stderr=log, env=place)

    def scores_of(self, course: Path) -> list[tuple[str, float]]:
        program = (
            "from nbgrader.api import Gradebook\nwith Gradebook('sqlite:///gradebook.db') as book:\n"
            "    for s in book.assignment_submissions('ps1'): print(s.student_id, s.score)"
        )
        told = subprocess.run([self.python, "-c", program], cwd=course, capture_output=True, text=True, check=True)
        return [(line.split()[0], float(line.split()[1])) for line in told.stdout.splitlines()]


def compare_batches(folder: Path, options: argparse.Namespace) -> None:
    contenders: dict[str, Callable[[], float]] = {
        "contained forks, two workers": partial(own_process, "contained", folder),
        "papermill, two processes": partial(own_process, "papermill", folder),
    }
    course = NbgraderCourse(options.nbgrader, folder) if options.nbgrader else None
    if course is not None:
        contenders["nbgrader, serial"] = partial(course.mark, 1, "python3")
        contenders["nbgrader, two processes"] = partial(course.mark, 2, "python3")
        contenders["nbgrader, serial, on cxkit's kernelspec"] = partial(course.mark, 1, "cxkit")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, contender in contenders.items():
            times[name].append(contender())
    ours = times["contained forks, two workers"]
    print(f"{options.notebooks} course notebooks, whole processes with their start, {options.rounds} rounds in turn")
    for name, seconds in times.items():
        against = f"   {ratio(seconds, ours)} times ours" if seconds is not ours else ""
        goal = f", goal {GOALS[name]:g}" if name in GOALS else ""
        print(f"  {name:42}{spread(seconds)} s{against}{goal}")
    if course is None:
        print("  nbgrader: absent (--nbgrader PYTHON)")
        return
    unchanged = ratio(times["nbgrader, serial"], times["nbgrader, serial, on cxkit's kernelspec"])
    equal = course.scores[1, "python3"] == course.scores[1, "cxkit"] == course.scores[2, "python3"]
    print(f"  nbgrader unchanged is {unchanged} times as fast on cxkit's kernelspec, goal {GOAL_UNCHANGED:g}")
    print(f"  its scores are equal: {equal}")


# --- starts, and what the sandbox costs -------------------------------------------------------------------------------


def compare_starts(rounds: int) -> None:
    """Kernel start to the first result, plain and forked in turn; open and contained runs in turn."""
    from cxkit.running.isolation.contained import run_contained
    from cxkit.running.kernels.forked import Template

    Template.get()
    first = "import numpy, pandas, seaborn\nprint(pandas.Series([1, 2]).mean())"
    plain, forked = [], []
    for _ in range(max(5, rounds)):
        plain.append(first_result("python3", first))
        forked.append(first_result("cxkit", first))
    print("kernel start to the first result of pandas and seaborn")
    print(f"  plain {spread(plain)} s, forked {spread(forked, 3)} s")
    print(f"  forked {ratio(plain, forked)} times as fast, goal {GOAL_FIRST_RESULT:g}")
    notebook = new_notebook(cells=[new_code_cell(source) for source in lesson(0)])
    extra, opened, contained = [], [], []
    for _ in range(20):
        opened.append(run_contained(notebook, policy="open").seconds)
        contained.append(run_contained(notebook).seconds)
        extra.append(1000 * (contained[-1] - opened[-1]))
    print(f"  a run, open {spread(opened, 3)} s, contained {spread(contained, 3)} s")
    print(f"  the sandbox adds {statistics.median(extra):.0f} ms (median of pairs), goal under {GOAL_SANDBOX_MS:g}")


def first_result(kernel: str, code: str) -> float:
    import nbclient

    notebook = new_notebook(cells=[new_code_cell(code)])
    client = nbclient.NotebookClient(notebook, kernel_name=kernel)
    client.create_kernel_manager()
    started = time.perf_counter()
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        return time.perf_counter() - started


def measure_flatness(runs: int, plot: Path | None) -> None:
    """Whether the thousandth run costs what the first did."""
    import psutil

    from cxkit.running.isolation.contained import run_contained
    from cxkit.running.kernels.forked import Template

    us, template = psutil.Process(), psutil.Process(Template.get().process.pid)
    notebook = new_notebook(cells=[new_code_cell("x = 1 + 1\nx")])
    rows = []
    for _ in range(runs):
        seconds = run_contained(notebook).seconds
        memory = (us.memory_info().rss + template.memory_info().rss) / 2**20
        rows.append((seconds, memory, us.num_fds() + template.num_fds(), len(us.children(recursive=True))))
    names = ("seconds a run", "memory, MiB", "open files", "processes")
    tenth = max(1, runs // 10)
    print(f"{runs} runs in a row: median of the first and of the last {tenth}")
    for place, name in enumerate(names):
        column = [row[place] for row in rows]
        print(f"  {name:16}{statistics.median(column[:tenth]):10.3f}{statistics.median(column[-tenth:]):10.3f}")
    if plot is not None:
        draw(rows, names, plot)


def draw(rows: Sequence[tuple[float, ...]], names: Sequence[str], plot: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(names), 1, figsize=(7, 8), sharex=True, layout="constrained")
    for place, (axis, name) in enumerate(zip(axes, names, strict=True)):
        axis.plot([row[place] for row in rows], ".", markersize=2, color="#20639b")
        axis.set_ylabel(name)
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("contained run")
    figure.savefig(plot, dpi=110, metadata={"Software": None})


def spread(values: Sequence[float], digits: int = 1) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    middle = statistics.median(slow) / statistics.median(fast)
    return f"{middle:.1f} ({min(slow) / max(fast):.1f} to {max(slow) / min(fast):.1f})"


if __name__ == "__main__":
    main()
