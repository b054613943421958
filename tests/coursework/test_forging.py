"""Attacks on marks: each fools checks that run in the student's process, and none earns a point here.

The checks that are fooled stand for those of graders that append their tests to the student's notebook. Attacks on the
machine itself are in tests/running/test_attacks.py.
"""

from __future__ import annotations

import json
import sys

import nbformat
import pytest

from cxkit.coursework.declarations import read_assignment
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook, read_submission
from cxkit.coursework.source import student_notebook
from cxkit.running.contained import run_contained
from cxkit.running.sandbox.limits import Limits
from tests.coursework.small_assignment import TOML, write_assignment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

CHECKS = """
import numpy as _np
_expected = pd.read_csv(data_path)["x"].mean() * factor
_spread = pd.read_csv(data_path)["x"].std() * factor
assert _np.isclose(average, _expected), "wrong mean"
assert abs(spread - _spread) < 1e-6, "wrong spread"
print("ALL", "CHECKS", "PASSED")
"""


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forging")
    toml = TOML.replace("cell_seconds = 20", "cell_seconds = 5").replace("total_seconds = 60", "total_seconds = 30")
    return References(read_assignment(write_assignment(folder, toml=toml)), folder / "cache")


def submission(references, attack, last=""):
    notebook = student_notebook(references.assignment)
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and question in ("centre", "spread"):
            cell.source = attack if question == "centre" else ""
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    return notebook


def fools_checks_in_the_process(references, notebook):
    """What a grader sees that appends its checks to the notebook and runs them where the student's code ran."""
    notebook = nbformat.from_dict(notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(CHECKS))
    data = references.assignment.files[0]
    run = run_contained(notebook, policy="open", inputs={data.relative: data.path}, limits=Limits(cell_seconds=10))
    said = "".join(out.get("text", "") for out in run.notebook.cells[-1].outputs if out.output_type == "stream")
    failed = any(out.output_type == "error" for out in run.notebook.cells[-1].outputs)
    return "ALL CHECKS PASSED" in said and not failed


HONEST = "average = data['x'].mean() * factor\nspread = data['x'].std() * factor"
WHOLE = HONEST + "\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
NOTHING = "average = spread = 0\n"
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
    "an object that equals everything": "class Any(float):\n"
    "    __eq__ = lambda s, o: True\n    __sub__ = __rsub__ = lambda s, o: 0.0\n    __hash__ = float.__hash__\n"
    "    __array_ufunc__ = None\n"
    "average = spread = Any(0)\nimport numpy\nnumpy.isclose = lambda a, b: a == b",
    "a number that lies about itself": "class Lie:\n    def __float__(self): return 0.0\n"
    "    def __sub__(self, other): return 0.0\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    "average = spread = Lie()\nimport numpy\nnumpy.isclose = lambda a, b: a == b",
    "the frame is read": "average = spread = 0\n"
    "class _Peek:\n"
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
def test_an_attack_that_fools_checks_in_the_process_earns_nothing(references, name):
    notebook = submission(references, ATTACKS[name])
    assert not fools_checks_in_the_process(references, submission(references, NOTHING)), "the checks are broken"
    assert fools_checks_in_the_process(references, notebook), "the attack itself is broken"
    marks = mark_notebook(references, notebook)
    assert {mark.question: mark.points for mark in marks.questions} == {"centre": 0, "spread": 0, "words": 0}


def test_an_honest_answer_passes_both(references):
    notebook = submission(references, WHOLE)
    assert fools_checks_in_the_process(references, notebook)
    assert mark_notebook(references, notebook).points == 6


COLLECTOR_ATTACKS = {
    "the collector is replaced": "import cxkit.coursework.marking.collector as c\n"
    "c.collect = lambda namespace, asked: PUBLIC_ANSWER",
    "the serialiser is patched": "import json\njson.dumps = lambda *a, **k: PUBLIC_ANSWER",
    "what is collected is written beforehand": "class _Fixed(dict):\n    pass\n_cxkit_collected = PUBLIC_ANSWER\n"
    "import builtins\nbuiltins.globals = lambda: {'_cxkit_collected': PUBLIC_ANSWER}",
    "open and print are patched": "import builtins\nbuiltins.open = builtins.print = lambda *a, **k: PUBLIC_ANSWER",
    "outputs are printed as a grader would": "print(PUBLIC_ANSWER)\nprint('score: 6/6')",
    "sys.modules is poisoned": "import sys, types\nfake = types.ModuleType('cxkit.coursework.marking.collector')\n"
    "fake.collect = lambda *a: PUBLIC_ANSWER\nsys.modules['cxkit.coursework.marking.collector'] = fake",
}


@pytest.mark.parametrize("name", COLLECTOR_ATTACKS)
def test_whoever_rules_the_kernel_still_does_not_know_the_answers(references, name):
    """Even with the right public answers in hand: on data that nobody has seen they are wrong."""
    model = references.of(references.assignment.public, None).model
    told = {
        key: {"kind": "number", "value": model[key].value} for key in ("average", "spread")
    } | {"bigger": {"kind": "text", "value": model["bigger"].value}}  # fmt: skip
    attack = f"PUBLIC_ANSWER = {json.dumps(told)!r}\n{COLLECTOR_ATTACKS[name]}"
    marks = mark_notebook(references, submission(references, attack))
    earned = {mark.question: mark.points for mark in marks.questions}
    assert earned["spread"] == 0
    assert earned["centre"] <= 1  # a choice between two may be hit; it is a point of four, and gates nothing


DENIALS = {
    "_exit": "import os\nos._exit(0)",
    "a signal to itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "an endless loop": "while True: pass",
    "endless output": "while True: print('x' * 1000)",
    "memory": "hog = []\nwhile True: hog.append(bytearray(50 << 20))",
    "a table of ten gigabytes": "import numpy as np\naverage = pd.DataFrame(np.zeros((10 ** 9, 1)))",
    "an answer that prints for ever": "class Long:\n    __repr__ = lambda self: 'x' * 10 ** 9\naverage = Long()",
    "an index that never ends": "class Endless(list):\n    def __iter__(self):\n        while True: yield 1\n"
    "average = Endless()",
}


@pytest.mark.parametrize("name", DENIALS)
def test_what_brings_a_run_to_its_end_costs_only_its_own_marks(references, name):
    notebook = submission(references, WHOLE, DENIALS[name])
    marks = {mark.question: mark.points for mark in mark_notebook(references, notebook).questions}
    assert marks["centre"] == 4  # answered before the attack, and collected right after its own cell
    honest = submission(references, WHOLE)
    assert mark_notebook(references, honest).points == 6  # and the next student's marks are what they are


def test_the_solution_and_held_out_data_are_not_there_to_be_read(references):
    search = (
        "import os\nfound = []\n"
        "wanted = ('source.ipynb', 'assignment.toml', 'released.json', 'small.json')\n"
        "for folder in (os.getcwd(), '/tmp', '/home', '/root', '/mnt', '/srv', '/var/tmp'):\n"
        "    for where, _, names in os.walk(folder):\n"
        "        found += [os.path.join(where, name) for name in names if name in wanted]\n"
        "bigger = ','.join(found) or 'none'\naverage = len(os.listdir('data'))"
    )
    marks = mark_notebook(references, submission(references, search))
    checks = {check.name: check.given for check in marks.questions[0].answers}
    assert checks == {"average": "1", "bigger": "none"}


def test_unicode_that_looks_alike_is_another_name(references):
    attack = "аverage = data['x'].mean() * factor\nbigger = 'x'"  # the first letter is a Cyrillic one
    marks = mark_notebook(references, submission(references, attack))
    assert marks.questions[0].answers[0].outcome == "missing"


def test_replayed_outputs_and_forged_metadata_count_for_nothing(references, tmp_path):
    notebook = submission(references, "")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="average = 7.0\nALL CHECKS PASSED\n")]
        cell.metadata["nbgrader"] = {"grade": True, "points": 100, "score": 100}
        cell.metadata["cxkit"] = {"question": "centre", "points": 100}
    notebook.metadata["cxkit"] = {"points": 100}
    nbformat.write(notebook, tmp_path / "work.ipynb")
    assert mark_notebook(references, read_submission(tmp_path / "work.ipynb")[0]).points == 0


def test_what_one_student_poisons_the_next_does_not_meet(references):
    poison = "import pandas, numpy\npandas.read_csv = None\nnumpy.mean = None\nimport builtins\nbuiltins.abs = None"
    mark_notebook(references, submission(references, poison))
    honest = submission(references, WHOLE)
    assert mark_notebook(references, honest).points == 6
