"""Judgements of experts are read either way round, and every problem of a file is told at once."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.validation.content.experts import OTHER, read_expert_ratings
from tests.conftest import tiny_instrument

INSTRUMENT = tiny_instrument(dimensions=2, items=2)
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def read(tmp_path, text, kind="relevance", **options):
    path = tmp_path / "panel.csv"
    path.write_text(text, encoding="utf-8")
    return read_expert_ratings(path, kind=kind, items=INSTRUMENT, **options)


def refused(tmp_path, text, kind="relevance"):
    with pytest.raises(cx.SurveyError) as error:
        read(tmp_path, text, kind)
    return str(error.value)


def test_both_ways_round_are_the_same(tmp_path):
    down = read(tmp_path, "item,ann,bob\nd1_1,4,3\nd1_2,1,\nd2_1,2,4\nd2_2,3,NA\n")
    across = read(tmp_path, "expert,d1_1,d1_2,d2_1,d2_2\nann,4,1,2,3\nbob,3,,4,-\n")
    pd.testing.assert_frame_equal(down.judgements, across.judgements, check_names=False)
    assert down.stamp.hash == across.stamp.hash
    assert down.experts == ["ann", "bob"]
    assert np.isnan(down.judgements.loc["d1_2", "bob"])


def test_experts_without_names_are_numbered(tmp_path):
    assert read(tmp_path, "d1_1,d1_2,d2_1,d2_2\n4,1,2,3\n3,2,4,1\n").experts == ["1", "2"]


def test_words_for_essential(tmp_path):
    text = "item,a,b,c,d\nd1_1,essential,Yes,1,TRUE\nd1_2,useful but not essential,no,0,Not necessary\nd2_1,1.0,n,y,\n"
    found = read(tmp_path, text, "essential").judgements
    assert found.loc["d1_1"].tolist() == [1, 1, 1, 1]
    assert found.loc["d1_2"].tolist() == [0, 0, 0, 0]
    assert found.loc["d2_1"].tolist()[:3] == [1, 0, 1]


def test_words_for_relevance(tmp_path):
    found = read(tmp_path, "item,a,b,c,d\nd1_1,Highly relevant,quite relevant,somewhat relevant,not relevant\n")
    assert found.judgements.loc["d1_1"].tolist() == [4, 3, 2, 1]


def test_dimensions_by_key_and_title_and_none(tmp_path):
    found = read(tmp_path, "item,a,b,c,d\nd1_1,d1,Dimension 1,dimension 2,none\n", "assignment").judgements
    assert found.loc["d1_1"].tolist() == ["d1", "d1", "d2", OTHER]


def test_what_is_not_used_or_not_judged_is_said(tmp_path):
    ratings = read(tmp_path, "item,text,a,b\nd1_1,Why?,4,4\nd1_2,How?,,\n")
    assert ratings.experts == ["a", "b"]
    assert ratings.notes == (
        "Columns not used: text.",
        "3 items of 'tiny' nobody judged: d1_2, d2_1, d2_2.",
    )
    assert str(ratings).startswith("panel: 2 experts on 2 items of 'Tiny' (kind: relevance), 50.0% of all judgements")


def test_missing_codes(tmp_path):
    ratings = read(tmp_path, "item,a,b\nd1_1,4,9\n", missing_codes=[9])
    assert ratings.judgements.isna().to_numpy().tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("kind", "cells", "codes", "named"),
    [
        ("relevance", "4,3", [3], "'3', which is a judgement of the kind 'relevance'"),
        ("relevance", "4,3", ["4.0", 9, "Highly relevant"], "'4', 'Highly relevant', which are judgements"),
        ("essential", "1,0", [0], "'0', which is a judgement of the kind 'essential'"),
        ("assignment", "d1,none", ["None"], "'None', which is a judgement of the kind 'assignment'"),
    ],
)
def test_a_missing_code_that_is_a_judgement_is_refused(tmp_path, kind, cells, codes, named):
    with pytest.raises(cx.SurveyError, match=f"missing_codes names {named}") as caught:
        read(tmp_path, f"item,a,b\nd1_1,{cells}\n", kind=kind, missing_codes=codes)
    assert "leave that out of missing_codes; where a cell shall not count, empty it in the file." in str(caught.value)


def test_an_excel_file(tmp_path):
    path = tmp_path / "panel.xlsx"
    pd.DataFrame({"item": ["d1_1", "d2_1"], "ann": [4, 2], "bob": [3, 1]}).to_excel(path, index=False)
    assert read_expert_ratings(path, kind="relevance", items=INSTRUMENT).judgements.to_numpy().tolist() == [
        [4, 3],
        [2, 1],
    ]


def test_every_problem_at_once(tmp_path):
    assert refused(tmp_path, "item,ann,bob\nd1_1,5,3\nd1_1,1,2\nd3_1,2,4\nd2_2,high,2.5\n") == (
        "panel.csv: 3 problems found.\n"
        "  1 name that no item of 'tiny' has.\n"
        "    row 4: 'd3_1'. Did you mean 'd2_1'?\n"
        "    -> correct the names, or leave these out of the file.\n"
        "  1 item more than once.\n"
        "    row 3: d1_1, first in row 2\n"
        "    -> keep one of each.\n"
        "  3 cells without a judgement of the kind 'relevance'.\n"
        "    row 2, expert ann: '5'\n"
        "    row 5, expert ann: 'high'\n"
        "    row 5, expert bob: '2.5'\n"
        "    -> this kind takes a whole number from 1 (not relevant) to 4 (highly relevant); correct the cells, or "
        "read the file with another kind=."
    )


def test_problems_of_a_file_with_experts_down(tmp_path):
    said = refused(tmp_path, "expert,d1_1,d9\nann,4,4\nann,7,1\n")
    assert "column 'd9': 'd9'." in said
    assert "row 3: ann, first in row 2" in said
    assert "row 3, item d1_1: '7'" in said


def test_a_misspelt_dimension_is_offered(tmp_path):
    said = refused(tmp_path, "item,a,b\nd1_1,Dimensoin 1,d1\n", "assignment")
    assert "row 2, expert a: 'Dimensoin 1' Did you mean 'Dimension 1'?" in said
    assert "this kind takes the key or title of a dimension, or none" in said


def test_neither_items_nor_a_column_of_them(tmp_path):
    said = refused(tmp_path, "question,ann\none,4\n")
    assert "Neither a column 'item' nor a column named as an item of 'tiny'." in said
    assert "name the column with the items' keys 'item', or the columns by the items (d1_1, d1_2, d2_1, ...)." in said


def test_an_unknown_kind_and_a_missing_file(tmp_path):
    with pytest.raises(cx.SurveyError, match=r"kind='relevant' is not known\. Did you mean 'relevance'\?"):
        read(tmp_path, "item,a\nd1_1,4\n", "relevant")
    with pytest.raises(cx.SurveyError, match="There is no file"):
        read_expert_ratings(tmp_path / "none.csv", kind="relevance", items=INSTRUMENT)


def test_the_hash_knows_kind_and_cells(tmp_path):
    one = read(tmp_path, "item,a,b\nd1_1,1,1\n")
    other_kind = read(tmp_path, "item,a,b\nd1_1,1,1\n", "essential")
    other_cell = read(tmp_path, "item,a,b\nd1_1,1,2\n")
    assert len({one.stamp.hash, other_kind.stamp.hash, other_cell.stamp.hash}) == 3


@pytest.mark.parametrize(
    ("name", "kind"), [("essential", "essential"), ("relevance", "relevance"), ("sort", "assignment")]
)
def test_the_examples_can_be_read_and_are_called_synthetic(name, kind):
    path = EXAMPLES / f"expert_{name}_synthetic.csv"
    ratings = read_expert_ratings(path, kind=kind, items="culture8", synthetic=True)
    assert (len(ratings.items), len(ratings.experts)) == (40, 9)
    assert "The judgements are synthetic." in str(ratings)
    assert "synthetic" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_examples_are_what_their_tool_writes():
    # If this fails: python tools/write_examples.py
    tool = runpy.run_path(str(EXAMPLES.parents[1] / "tools" / "write_examples.py"))
    rng = np.random.default_rng(tool["SEED"])
    files = {**tool["expert_files"](rng), "customer_audit_synthetic.csv": tool["audit_file"](rng)}
    assert {name: (EXAMPLES / name).read_text(encoding="utf-8") for name in files} == files
