"""A table with a row too many is tried before a release."""

from __future__ import annotations

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.coursework.release.proof import trials_of
from cxkit.errors import AssignmentError
from tests.coursework.in_order import in_order
from tests.coursework.small_assignment import TOML, cells, code, write_assignment

TABLES = """\
[[questions]]
id = "tables"
title = "Tables"
points = 3

[[questions.answers]]
name = "by_label"
type = "table"
points = 1

[[questions.answers]]
name = "by_key"
type = "table"
points = 1
key = ["who"]

[[questions.answers]]
name = "counted"
type = "table"
points = 1
any_order = true
{more}
[[questions]]
id = "words"
"""
MAKES = """\
# BEGIN SOLUTION
by_label = data[["x", "y"]].mul(factor).agg(["mean", "std"])
by_key = by_label.rename_axis("who").reset_index()
counted = data.nlargest(3, "x")[["x"]]
# END SOLUTION"""


def written(folder, more=""):
    own = [*cells()[:-1], code(MAKES, "tables"), cells()[-1]]
    toml = TOML.replace("points = 10", "points = 13").replace('[[questions]]\nid = "words"\n', TABLES.format(more=more))
    return write_assignment(folder, toml=toml, cells=own)


def test_every_table_is_tried_with_a_row_too_many(tmp_path):
    assignment = read_assignment(written(tmp_path))
    references = References(assignment, tmp_path / "cache")
    trials = trials_of(assignment)
    (tried,) = [trial for trial in trials if trial.what == "tables with a row too many"]
    with in_order(tmp_path):
        marks = mark_notebook(references, tried.notebook)
        full = mark_notebook(references, trials[0].notebook)
    assert {check.outcome for check in marks.questions[2].answers} == {"wrong"}
    assert tried.check(marks).holds
    failed = tried.check(full)
    assert (failed.holds, failed.found) == (False, "3 right")
    assert failed.reason.startswith("'by_label' of 'tables', 'by_key' of 'tables', 'counted' of 'tables': whoever")


def test_of_rows_in_any_order_none_is_a_further_one(tmp_path):
    with pytest.raises(AssignmentError, match="of rows in any order none can be told to be a further one"):
        read_assignment(written(tmp_path, more="further_rows = true\n"))
