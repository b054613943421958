"""Attacks on marks: each gains something from a grader that works in the student's process, and nothing here.

The graders that are fooled are a few lines each, and stand for those that append their tests to the student's notebook,
collect results in it, or trust what a handed-in file says. Attacks on the machine are in tests/running/test_attacks.py.
"""

from __future__ import annotations

import base64
import json
import pickle
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.gradebook import Gradebook
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.running import data_for
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.running.isolation.contained import run_contained
from cxkit.running.sandbox.limits import Limits
from tests.coursework.small_assignment import TOML, write_assignment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

NAMES = ("average", "spread", "bigger")
HONEST = (
    "average = data['x'].mean() * factor\nspread = data['x'].std() * factor\n"
    "bigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
)
NOTHING = "average = spread = 0\nbigger = None\n"


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    return references_of(tmp_path_factory.mktemp("forging"), cell_seconds=5)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """For what goes on until it is ended: its time is its own, however busy the machine is (stopwatch.py)."""
    return references_of(tmp_path_factory.mktemp("hasty"), cell_seconds=2)


def references_of(folder, cell_seconds):
    toml = TOML.replace("cell_seconds = 20", f"cell_seconds = {cell_seconds}")
    toml = toml.replace("total_seconds = 60", "total_seconds = 30\nmemory_mb = 512")
    return References(read_assignment(write_assignment(folder, toml=toml)), folder / "cache")


def submission(references, attack, last=""):
    """The released notebook with this in place of the work."""
    notebook = student_notebook(references.assignment)
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and question in ("centre", "spread"):
            cell.source = attack if question == "centre" else ""
    if last:
        notebook.cells.append(new_code_cell(last))
    return notebook


def earned(references, notebook):
    return {mark.question: mark.points for mark in mark_notebook(references, notebook).questions}


NO_POINTS = {"centre": 0, "spread": 0, "words": 0}
ALL_POINTS = {"centre": 4, "spread": 2, "words": 0}


# --- graders that work in the student's process -----------------------------------------------------------------------


def run_openly(references, notebook, *last, cell_seconds=8):
    """The notebook and then the grader's cells, in an ordinary kernel; what the cells show and whether one failed."""
    notebook = nbformat.from_dict(notebook)
    notebook.cells += [new_code_cell(source) for source in last]
    limits = Limits(cell_seconds=cell_seconds, total_seconds=30)
    inputs = data_for(references.assignment, None, references.folder / "data")
    return run_contained(notebook, policy="open", inputs=inputs, limits=limits).notebook.cells


def printed(cells):
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs if output.output_type == "stream")


CHECKS = """
import numpy as _np
_expected = pd.read_csv(data_path)["x"].mean() * factor
_spread = pd.read_csv(data_path)["x"].std() * factor
assert _np.isclose(average, _expected), "wrong mean"
assert abs(spread - _spread) < 1e-6, "wrong spread"
print("ALL", "CHECKS", "PASSED")
"""


def passes_appended_checks(references, notebook):
    """A grader that appends its checks to the notebook and runs them where the student's code ran.

    It knows what the kernel sends, and not the one line that our client adds where an error's output is missing.
    """
    last = run_openly(references, notebook, CHECKS)[-1]
    failed = any(output.output_type == "error" and len(output.traceback) > 1 for output in last.outputs)
    return "ALL CHECKS PASSED" in printed([last]) and not failed


COLLECTING = """
import json
def _plain(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "values"):
        return value.values.tolist()
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value
_told = json.dumps({name: _plain(globals()[name]) for name in ("average", "spread", "bigger")}, default=repr)
with open("answers.json", "w") as _file:
    _file.write(_told)
print("ANSWERS", open("answers.json").read())
"""


def collected_in_the_process(references, notebook, **limits):
    """A grader that collects answers by the student's own Python; None if nothing came."""
    for line in printed(run_openly(references, notebook, COLLECTING, **limits)).splitlines():
        if line.startswith("ANSWERS {") and line.endswith("}"):
            return json.loads(line.partition(" ")[2])
    return None


def public_answers(references):
    """The right answers on the data that the student has."""
    model = references.of(references.assignment.public, None).model
    return {name: model[name].value for name in NAMES}


def is_right(references, answers):
    """Compared with the model, on the data that the student has and no other."""
    right = public_answers(references)
    return answers is not None and all(
        answers[name] == right[name] if isinstance(right[name], str) else abs(answers[name] - right[name]) < 1e-6
        for name in NAMES
    )


def test_honest_work_passes_all_of_them(references):
    notebook = submission(references, HONEST)
    assert passes_appended_checks(references, notebook)
    assert is_right(references, collected_in_the_process(references, notebook))
    assert earned(references, notebook) == ALL_POINTS


def test_no_work_passes_none_of_them(references):
    notebook = submission(references, NOTHING)
    assert not passes_appended_checks(references, notebook)
    assert not is_right(references, collected_in_the_process(references, notebook))
    assert earned(references, notebook) == NO_POINTS


# --- attacks on checks ------------------------------------------------------------------------------------------------

ATTACKS = {
    "numpy and abs are patched": NOTHING
    + "import numpy, builtins\nnumpy.isclose = lambda *a, **k: True\nbuiltins.abs = lambda x: 0",
    "pandas is patched": NOTHING + "pd.DataFrame.__getitem__ = lambda self, key: pd.Series([0.0, 0.0])",
    "assert is taken out": NOTHING + "import ast\n"
    "class _Drop(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node):\n        return ast.Pass()\n"
    "get_ipython().ast_transformers.append(_Drop())",
    "the input is rewritten": NOTHING + "get_ipython().input_transformers_post.append("
    'lambda lines: [\'print("ALL", "CHECKS", "PASSED")\\n\'] if any(\'_expected\' in l for l in lines) else lines)',
    "the kernel does not run what it is sent": NOTHING + "async def _pretend(code, silent=False, *a, **k):\n"
    "    print('ALL CHECKS PASSED')\n"
    "    return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\n"
    "get_ipython().kernel.do_execute = _pretend",
    "an object that equals everything": "class Any(float):\n"
    "    __eq__ = lambda s, o: True\n    __sub__ = __rsub__ = lambda s, o: 0.0\n    __hash__ = float.__hash__\n"
    "    __array_ufunc__ = None\n"
    "average = spread = Any(0)\nimport numpy\nnumpy.isclose = lambda a, b: a == b",
    "a number that lies about itself": "class Lie:\n    def __float__(self): return 0.0\n"
    "    def __sub__(self, other): return 0.0\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    "average = spread = Lie()\nimport numpy\nnumpy.isclose = lambda a, b: a == b",
    "the frame is read": NOTHING + "class _Peek:\n"
    "    def __array__(self, *a, **k):\n"
    "        import sys, numpy\n"
    "        frame = sys._getframe()\n"
    "        while frame is not None and '_expected' not in frame.f_globals: frame = frame.f_back\n"
    "        return numpy.asarray(frame.f_globals['_expected'])\n"
    "    def __rsub__(self, other): return 0\n    def __sub__(self, other): return 0\n"
    "average = spread = _Peek()",
    "the exit of an error is swallowed": NOTHING + "get_ipython().showtraceback = "
    "lambda *a, **k: print('ALL CHECKS PASSED')",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_that_fools_appended_checks_earns_nothing(references, name):
    notebook = submission(references, ATTACKS[name])
    assert passes_appended_checks(references, notebook), "the attack itself is broken"
    assert earned(references, notebook) == NO_POINTS


# --- attacks on what is collected -------------------------------------------------------------------------------------

# The kernel speaks JSON with its client as well, and must go on to.
FAKE_DUMPS = (
    "import json\n_dumps = json.dumps\n"
    "json.dumps = lambda it, *a, **k: TOLD if isinstance(it, dict) and 'average' in it else _dumps(it, *a, **k)\n"
)
COLLECTOR_ATTACKS = {
    "the serialiser is patched": FAKE_DUMPS,
    "the functions that collect are replaced": FAKE_DUMPS + "import cxkit.coursework.marking.collector as c\n"
    "c.collect = lambda namespace, asked: OURS",
    "the variables are others": "import builtins\nbuiltins.globals = lambda: json.loads(TOLD)\nimport json",
    "open gives another file": "import io\n_open = open\n"
    "open = lambda name, *a, **k: io.StringIO(TOLD) if name == 'answers.json' else _open(name, *a, **k)",
    "print prints something else": "import builtins, sys\n"
    "builtins.print = lambda *a, **k: sys.stdout.write('ANSWERS ' + TOLD + '\\n')",
    "results are printed as a grader prints them": "print('ANSWERS', TOLD)\nprint('score: 6/6')",
    "results are written beforehand": "import os\nwith open('answers.json', 'w') as f: f.write(TOLD)\n"
    "_open = open\nopen = lambda name, mode='r', *a, **k: _open(name if 'r' in mode else os.devnull, mode, *a, **k)",
    "modules are poisoned": "import sys, types\nfake = types.ModuleType('fake')\n"
    "fake.dumps = lambda *a, **k: TOLD\nfake.collect = lambda *a: OURS\n"
    "sys.modules['json'] = sys.modules['cxkit.coursework.marking.collector'] = fake",
    "answers are put in before each cell": "import json\n"
    "get_ipython().events.register('pre_run_cell', lambda *a: get_ipython().user_ns.update(json.loads(TOLD)))",
    "answers are typed in": "import json\nglobals().update(json.loads(TOLD))",
}


@pytest.mark.parametrize("name", COLLECTOR_ATTACKS)
def test_whoever_rules_the_kernel_still_does_not_know_the_answers(references, name):
    """The right answers on the public data are in hand; on data that nobody has seen they are wrong."""
    right = public_answers(references)
    ours = {key: {"kind": "text" if isinstance(value, str) else "number", "value": value}
            for key, value in right.items()}  # fmt: skip
    told = f"TOLD = {json.dumps(right)!r}\nOURS = {json.dumps(ours)!r}\n"
    notebook = submission(references, NOTHING + told + COLLECTOR_ATTACKS[name])
    assert is_right(references, collected_in_the_process(references, notebook)), "the attack itself is broken"
    assert earned(references, notebook) == NO_POINTS


def test_an_answer_that_runs_code_in_the_grader_is_never_unpickled(references, tmp_path):
    """Where results come back as a pickle, whoever loads them runs what the student wrote."""
    trap = tmp_path / "the grader ran the student's code"
    attack = (
        "import os, pickle, base64\nclass Trap:\n"
        f"    def __reduce__(self): return os.mkdir, ({str(trap)!r},)\n"
        "average = spread = Trap()\nbigger = 'x'\nprint(base64.b64encode(pickle.dumps(average)).decode())"
    )
    notebook = submission(references, attack)
    assert earned(references, notebook) == NO_POINTS
    assert not trap.exists()
    pickle.loads(base64.b64decode(printed(run_openly(references, notebook)).strip()))
    assert trap.is_dir(), "the attack itself is broken"


def test_marks_are_out_of_reach(references, tmp_path):
    with Gradebook(tmp_path / "gradebook.db"):
        pass
    marks = tmp_path / "syn1.json"
    marks.write_text("{}")
    attack = (
        f"import sqlite3\nopen({str(marks)!r}, 'w').write('full marks')\n"
        f"book = sqlite3.connect({str(tmp_path / 'gradebook.db')!r})\n"
        "with book: book.execute('CREATE TABLE planted (x)')"
    )
    for path in (tmp_path, marks, tmp_path / "gradebook.db"):
        path.chmod(0o777)
    before = (tmp_path / "gradebook.db").read_bytes()
    assert earned(references, submission(references, attack)) == NO_POINTS
    assert (marks.read_text(), (tmp_path / "gradebook.db").read_bytes()) == ("{}", before)
    run_openly(references, submission(references, attack))
    assert marks.read_text() == "full marks", "the attack itself is broken"
    assert (tmp_path / "gradebook.db").read_bytes() != before, "the attack itself is broken"


# --- attacks that end or swamp the run --------------------------------------------------------------------------------

DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
DENIALS = {
    "_exit": "import os\nos._exit(0)",
    "a signal to itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "an endless loop that cannot be interrupted": DEAF + "while True: pass",
    "endless output": DEAF + "while True: print('x' * 1000)",
    "an answer that prints for ever": "class Long:\n    __repr__ = lambda self: 'x' * 10 ** 8\naverage = Long()",
    "an answer that never ends": "class Endless:\n    def __iter__(self):\n        while True: yield from ()\n"
    "average = Endless()",
    "an answer that kills who looks at it": "import os\nclass Trap:\n"
    "    tolist = values = property(lambda self: os._exit(1))\naverage = Trap()",
    "a table of ten million numbers": "import numpy as np\naverage = pd.DataFrame(np.zeros((10 ** 7, 1)))",
}


@pytest.mark.parametrize("name", DENIALS)
def test_what_ends_a_run_costs_no_mark_that_was_earned_before(hasty, name):
    notebook = submission(hasty, HONEST, DENIALS[name])
    assert collected_in_the_process(hasty, notebook, cell_seconds=2) is None, "the attack itself is broken"
    assert earned(hasty, notebook)["centre"] == 4  # collected right after its own cell
    assert earned(hasty, submission(hasty, HONEST)) == ALL_POINTS  # the next student's are what they are


def test_memory_beyond_the_limit_is_not_to_be_had(references):
    """A gigabyte, where half a one is allowed."""
    attack = "hog = []\nfor _ in range(20): hog.append(bytearray(b'x') * (50 << 20))\nprint('TOOK', len(hog))"
    notebook = submission(references, HONEST, attack)
    assert "TOOK 20" in printed(run_openly(references, notebook)), "the attack itself is broken"
    inputs = data_for(references.assignment, None, references.folder / "data")
    contained = run_contained(notebook, inputs=inputs, limits=references.assignment.limits).notebook.cells
    assert "TOOK" not in printed(contained)
    assert earned(references, notebook)["centre"] == 4


def test_a_table_of_ten_gigabytes_is_refused_and_not_read(references):
    """Not shown at work: an ordinary collector would take the machine's memory."""
    attack = "import numpy as np\naverage = pd.DataFrame(np.broadcast_to(0.0, (10 ** 9, 1)), copy=False)"
    marks = mark_notebook(references, submission(references, HONEST.replace("average =", "right =") + "\n" + attack))
    assert marks.questions[0].points == 0
    assert earned(references, submission(references, HONEST, attack))["centre"] == 4


# --- attacks that read what is not theirs -----------------------------------------------------------------------------


def taking_over(path):
    """Run the solution that stands in somebody's notebook."""
    return (
        f"import json\nfor cell in json.load(open({str(path)!r}))['cells']:\n"
        "    code = ''.join(cell['source'])\n"
        "    if cell['cell_type'] == 'code' and ('average' in code or 'spread' in code): exec(code)"
    )


def test_the_solution_is_not_there_to_be_read(references):
    notebook = submission(references, NOTHING + taking_over(references.assignment.source))
    assert passes_appended_checks(references, notebook), "the attack itself is broken"
    assert earned(references, notebook) == NO_POINTS


def test_another_students_work_is_not_there_to_be_read(references, tmp_path):
    (tmp_path / "submissions").mkdir()
    nbformat.write(submission(references, HONEST), tmp_path / "submissions" / "syn1.ipynb")
    notebook = submission(references, NOTHING + taking_over(tmp_path / "submissions" / "syn1.ipynb"))
    assert passes_appended_checks(references, notebook), "the attack itself is broken"
    assert earned(references, notebook) == NO_POINTS


def test_held_out_data_and_cached_answers_are_not_there_to_be_read(references):
    right = public_answers(references)  # the cache holds something now
    search = (
        "import glob, os\nfound = []\n"
        f"for place in ({str(references.assignment.folder)!r}, {str(references.folder)!r}):\n"
        "    for name in glob.glob(place + '/**', recursive=True):\n"
        "        if os.path.isfile(name): found.append(open(name, errors='replace').read())\n"
        "told = ' '.join(found)\n"
        f"bigger = 'WORKED' if 'data_seed = 11' in told and {str(right['average'])!r} in told else 'nothing'\n"
        "print(bigger)"
    )
    notebook = submission(references, search)
    assert "WORKED" in printed(run_openly(references, notebook)), "the attack itself is broken"
    given = {check.name: check.given for check in mark_notebook(references, notebook).questions[0].answers}
    assert given["bigger"] == "nothing"


def test_the_work_folder_holds_the_data_and_nothing_else(references):
    look = "import os\naverage = len(os.listdir('data'))\nbigger = ' '.join(sorted(os.listdir()))"
    given = {check.name: check.given for check in
             mark_notebook(references, submission(references, look)).questions[0].answers}  # fmt: skip
    assert given == {"average": "1", "bigger": "data"}


# --- attacks on what a file says --------------------------------------------------------------------------------------


def points_by_metadata(cells):
    """A grader that gives what a cell's metadata promise if the cell ran without an error."""
    return sum(
        cell.metadata.get("nbgrader", {}).get("points", 0)
        for cell in cells
        if cell.cell_type == "code" and not any(output.output_type == "error" for output in cell.outputs)
    )


def test_replayed_outputs_and_forged_metadata_count_for_nothing(references, tmp_path):
    notebook = submission(references, NOTHING)
    for cell in notebook.cells:
        cell.id = "test-centre"
        cell.metadata["nbgrader"] = {"grade": True, "points": 100, "score": 100, "grade_id": "centre"}
        cell.metadata["cxkit"] = {"question": "centre", "points": 100}
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text=f"ALL CHECKS PASSED\nANSWERS {public_answers(references)}")]
    notebook.metadata["cxkit"] = {"points": 100}
    assert "ALL CHECKS PASSED" in printed(notebook.cells), "replaying works where outputs are believed"
    assert points_by_metadata(run_openly(references, notebook)) >= 100, "and forging where metadata are"
    (tmp_path / "work.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert mark_notebook(references, read_submission(tmp_path / "work.ipynb")[0]).points == 0


def test_letters_that_look_alike_pass_a_list_of_forbidden_words_and_are_held_all_the_same(references, tmp_path):
    secret = tmp_path / "solution.txt"
    secret.write_text("the model answer")
    # Full-width letters: Python reads them as `open`.
    attack = f"bigger = 'no'\nbigger = ｏｐｅｎ({str(secret)!r}).read()\nprint(bigger)"
    notebook = submission(references, attack)
    assert "open(" not in attack, "a list of words would find it"
    assert "the model answer" in printed(run_openly(references, notebook)), "the attack itself is broken"
    given = {check.name: check.given for check in mark_notebook(references, notebook).questions[0].answers}
    assert given["bigger"] == "no"


def test_a_name_with_a_letter_of_another_script_is_another_name(references):
    marks = mark_notebook(references, submission(references, HONEST.replace("average", "аverage")))  # a Cyrillic а
    assert marks.questions[0].answers[0].outcome == "missing"


@pytest.mark.parametrize(("first", "then"), [("x", "y"), ("y", "x")])
def test_two_tries_do_not_make_a_guess_certain(references, first, then):
    """The better of an answer after its task and at the end counted: of two options one is always right."""
    guesses = HONEST.splitlines()[:2]
    notebook = submission(references, "\n".join([*guesses, f"bigger = {first!r}"]), f"bigger = {then!r}")
    right = public_answers(references)["bigger"]
    (check,) = [one for one in mark_notebook(references, notebook).questions[0].answers if one.name == "bigger"]
    assert (check.outcome == "right") is (then == right and is_same_everywhere(references))
    if then != right:
        assert f"was {first} after its task and {then} at the end of the notebook; the last counts." in check.reason


def is_same_everywhere(references):
    """Whether the choice is the same with every parameter set."""
    sets = references.assignment.parameter_sets
    return len({references.of(one, one.data_seed).model["bigger"].value for one in sets}) == 1


# --- attacks on those who come after ----------------------------------------------------------------------------------


def test_what_one_student_poisons_the_next_does_not_meet(references):
    poison = "pd.read_csv = lambda *a, **k: pd.DataFrame({'x': [0.0, 1.0], 'y': [0.0, 1.0]})"
    honest = submission(references, HONEST)
    shared = submission(references, poison)  # a grader that runs one student after the other in one kernel
    shared.cells += nbformat.from_dict(honest).cells
    checks = CHECKS.replace("pd.read_csv(data_path)", "_true")
    true = "import csv\n_true = pd.DataFrame([{'x': float(r['x'])} for r in csv.DictReader(open(data_path))])"
    assert "PASSED" in printed(run_openly(references, honest, true, checks)), "the checks are broken"
    assert "PASSED" not in printed(run_openly(references, shared, true, checks)), "the attack itself is broken"
    mark_notebook(references, submission(references, poison))
    assert earned(references, honest) == ALL_POINTS
