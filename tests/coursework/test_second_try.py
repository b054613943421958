"""The second try goes by the assignment's order and by what code does: no cell, label or comment earns anything."""

from __future__ import annotations

import random

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.marking.names_used import names_used
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook
from tests.coursework.in_order import in_order
from tests.coursework.small_assignment import code, write_assignment

TOML = """\
id = "small"
title = "Steps"
points = 17
canary = "CANARY-steps"
[files.data_path]
file = "data/scores.csv"
[parameters]
limit = 99.0
[[held_out]]
id = "a"
parameters = { limit = -1.0 }
[[held_out]]
id = "b"
parameters = { limit = 4.0 }
[[questions]]
id = "base"
title = "Base"
points = 10
[[questions.answers]]
name = "base"
type = "number"
points = 10
[[questions]]
id = "percent"
title = "In percent"
points = 2
[[questions.answers]]
name = "percent"
type = "number"
points = 2
[[questions]]
id = "table"
title = "Table"
points = 1
[[questions.answers]]
name = "table"
type = "table"
points = 1
[[questions]]
id = "gate"
title = "Verdict"
points = 4
after = ["base"]
[[questions.answers]]
name = "verdict"
type = "choice"
options = ["yes", "no"]
points = 4
"""
MODEL = {
    "base": "base = float(data['x'].mean() + limit / 100)",
    "percent": "percent = base * 100",
    "table": "table = data.assign(by=data['id'] % 3).groupby('by')[['x', 'y']].mean() * percent",
    "gate": "verdict = 'yes' if base > limit else 'no'",
}
NAMES = {"base": "base", "percent": "percent", "table": "table", "gate": "verdict"}


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steps")
    own = [
        code('data_path = "data/scores.csv"\nlimit = 99.0', "", "parameters"),
        code("import pandas as pd\n\ndata = pd.read_csv(data_path)"),
        *(code(f"# BEGIN SOLUTION\n# CANARY-steps\n{text}\n# END SOLUTION", key) for key, text in MODEL.items()),
    ]
    written = write_assignment(folder, toml=TOML, cells=own)
    for mistake in (written / "mistakes").iterdir():
        mistake.unlink()
    return References(read_assignment(written), folder / "cache")


def marked(references, order=tuple(MODEL), labels=None, **tasks):
    """Marks of the model with other code, its cells in another order and under other labels."""
    notebook = student_notebook(references.assignment)
    own = dict(zip(MODEL, notebook.cells[2:], strict=True))
    for key, text in {**MODEL, **tasks}.items():
        own[key].source = text
    for key, label in (labels or {}).items():
        own[key].metadata.cxkit.question = label
    notebook.cells = [*notebook.cells[:2], *(own[key] for key in order)]
    with in_order(references.folder):
        marks = mark_notebook(references, notebook)
    return {one.question: one.points for one in marks.questions}, marks


def test_a_later_task_gives_an_earlier_one_nothing(references):
    """Base earned 10 of 10 by the model's percent, which stood above it in the student's file."""
    swapped = {"order": ("percent", "base", "table", "gate"), "percent": "percent = 0", "base": "base = percent / 100"}
    points, marks = marked(references, **swapped)
    assert points == {"base": 0, "percent": 0, "table": 1, "gate": 4}
    relabelled = {"base": ["percent"], "percent": ["base"]}
    points, _ = marked(references, labels=relabelled, base="percent = 0", percent="base = percent / 100")
    assert points["base"] == points["percent"] == 0
    # The right tasks are named: 'table' uses percent, and what stands above 'gate' uses both
    assert marks.notes[-2:] == (
        "'table' was marked with the model's values of 'percent', which failed.",
        "'gate' was marked with the model's values of 'base' and 'percent', which failed.",
    )


GUESS = "verdict = 'no' if limit > 50 else 'yes'"
GUESSES = {
    "as it is": GUESS, "in a comment": f"{GUESS}  # base", "in a text": f"{GUESS}; 'base'",
    "with a use that does nothing": f"base; {GUESS}", "with an assertion": f"assert base is not None; {GUESS}",
    "over what was given": f"base = 2\n{GUESS}", "where there is one": f"verdict = None\nif base: {GUESS}",
}  # fmt: skip


@pytest.mark.parametrize("guess", GUESSES.values(), ids=GUESSES)
def test_a_guess_beside_the_name_of_an_answer_earns_nothing(references, guess):
    """4 of 4 points for a comment."""
    guess = guess.replace("'no' if limit > 50 else 'yes'", "'no' if limit > 90 else 'yes'")
    right = {"public": "no", "a": "yes", "b": "yes"}
    for one in references.assignment.parameter_sets:
        assert references.of(one, None, with_mistakes=False).model["verdict"].value == right[one.id]
    points, marks = marked(references, base="base = None", gate=guess)
    assert points["gate"] == 0
    assert marks.notes[-1] != "'gate' was marked with the model's values of 'base', which failed."


@pytest.mark.parametrize(
    "honest",
    [
        MODEL["gate"], "verdict = {True: 'yes', False: 'no'}[limit < base]", "verdict = 'yes' * (base > limit) or 'no'",
        "verdict = pd.DataFrame({'a': [limit]}).query('a < @base').size and 'yes' or 'no'",
        "verdict = 'no' if limit > sum([base]) else 'yes'", "from math import sqrt\nverdict = 'yes' if sqrt(base) > "
        "(limit ** .5 if limit > 0 else -1) else 'no'",
    ],
)  # fmt: skip
def test_who_follows_from_a_failed_task_earns_the_points(references, honest):
    assert marked(references, base="base = 0.5", gate=honest)[0]["gate"] == 4


def test_code_that_fails_with_the_right_values_alone_is_told(references):
    """Three tasks of a student earned nothing, and the page said only that they were wrong."""
    _, marks = marked(references, percent="percent = [1]", table="table = pd.DataFrame({'x': percent[0] * data['x']})")
    said = marks.questions[2].feedback[0]
    assert said.startswith("This task builds on 'In percent', where your notebook's own values are not right. It was")
    assert "and earned nothing more by that" in said
    assert "any right `percent`" in said
    assert marks.notes[-1].startswith("'table' was tried with the model's values of 'percent', which failed, and ended")


ASKS = (
    "assert percent < {0}", "table = None if percent < {0} else 3", "if percent < {0}: del table", "table = 1 + 1",
    "table = data[['x']] if percent < {0} else [2]", "if percent < {0}: table = 1 / 0",
    "assert limit > 0 or percent < {0}",
)  # fmt: skip


@pytest.mark.parametrize("asks", ASKS)
def test_a_page_answers_no_question_about_values_that_were_set(references, asks):
    """Whether the second try ended with an error was said, so that a condition told a held-out value bit by bit."""
    pages = []
    for bound in (-1e9, 1e9):
        task = f"table = 1\nif percent is not None:\n    {asks.format(bound)}"
        _, marks = marked(references, percent="percent = None", table=task)
        pages.append((marks.causes, marks.questions))
    assert pages[0] == pages[1]
    assert "and earned nothing more by that" in pages[0][1][2].feedback[0]


def test_names_of_python_that_a_notebook_uses_for_values_cost_nothing(references):
    """A variable called `globals` cost every point, and the reason was said to be that the cells were gone."""
    every = "import builtins; globals().update(dict.fromkeys([one for one in dir(builtins) if one[0] != '_'], 5))"
    points, marks = marked(references, base=f"{MODEL['base']}\n{every}")
    assert points == {"base": 10, "percent": 2, "table": 1, "gate": 4}
    assert marks.notes == ()
    for name in ("globals = [1]", "def globals(): return {}", "for globals in [1, 2]: pass"):
        points, marks = marked(references, base=f"base = 0.5\n{name}")
        assert points == {"base": 0, "percent": 2, "table": 1, "gate": 4}
        assert not any("No code cell" in note for note in marks.notes)


WAYS = {
    "right": MODEL,
    "constant": {key: f"{name} = 1" for key, name in NAMES.items()},
    "open": {key: f"{name} = None" for key, name in NAMES.items()},
    # Each from what comes after it; from what comes before it, without a use
    "back": {
        "base": "base = percent / 100", "percent": "percent = table['x'].iloc[0] / data['x'][::3].mean()",
        "table": "table = 0 if verdict else 1", "gate": "verdict = 'no' if limit > 90 else 'yes'",
    },
}  # fmt: skip


def test_no_order_of_cells_no_label_and_no_comment_earns_more(references):
    """Whatever is moved, relabelled or remarked: at most what the same answers earn as they were given out.

    A right answer above or below its place may lose what it builds on; what is inverted from a later one that is right
    by itself is the student's own work, so these do not stand together here.
    """
    draw = random.Random(5)
    for _ in range(16):
        ways = {key: draw.choice(list(WAYS)) for key in MODEL}
        if "back" in ways.values():  # what it could be inverted from must not be right by itself
            ways = {key: "constant" if way == "right" and key != "gate" else way for key, way in ways.items()}
        tasks = {key: WAYS[way][key] for key, way in ways.items()}
        given = sum(marked(references, **tasks)[0].values())
        order, labels = draw.sample(list(MODEL), 4), dict(zip(MODEL, draw.sample(list(MODEL), 4), strict=True))
        remarked = {key: f"{text}  # {' '.join(NAMES.values())}" for key, text in tasks.items()}
        for other in ({"order": order}, {"labels": labels}, {"order": order, "labels": labels}):
            assert sum(marked(references, **other, **remarked)[0].values()) <= given, (ways, other)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y = x + 1", {"x", "y"}), ("y = 1  # x", {"y"}), ("y = 'x'", {"y"}), ('y = "a # b"; z', {"y", "z"}),
        ('"""x\n"\nx"""\ny', {"y"}), ("'\\'x'; y", {"y"}), ('f"{x:.2f} and z"', {"x", "f"}), ("a.x", {"a"}),
        ('d.query("score > @x")', {"d", "x"}), ("'x\ny", {"y"}), ('y = """x', {"y"}), ("# '\nx", {"x"}),
        ('rf"""{x}"""', {"x", "rf"}), ("", set()),
    ],
)  # fmt: skip
def test_names_that_code_uses(text, wanted):
    assert names_used(text) == wanted


@pytest.mark.parametrize("piece", ['"""\\', "'\"", "f'{", "'''\"\"\"", "#'", "{", "x" * 7, "\\", "f'{{'@"])
def test_names_are_read_in_time_that_grows_with_the_text(piece):
    assert isinstance(names_used(piece * 30_000), set)
