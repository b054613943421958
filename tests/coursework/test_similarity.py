"""Similarity: what disguise does not change, what is no evidence, and that a class is compared in one go."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxkit.coursework.similarity import class_similarity, reused_answers
from cxkit.coursework.similarity.code import MOST_TOKENS, read_code
from cxkit.coursework.similarity.fingerprints import RUN, WINDOW, run_hashes, winnowed
from cxkit.coursework.similarity.passages import matched_passages
from tests.coursework.classes import STARTER, honest, notebook, sources

PINNED = [3504311047320158559, 30684875074237172, 16567619553095568383]
NOTHING = np.array([], dtype=np.uint64)


def code_of(*cells: str) -> Any:
    return read_code(notebook(*cells))


def renamed(text: str) -> str:
    """Other names, other numbers, other texts, comments and blank lines: what a disguise costs a minute."""
    text = re.sub(r"\b(items|survey)\b", lambda found: found.group() + "_of_mine", text)
    text = re.sub(r"'L1'", '"other"', text).replace(" = ", " = \\\n  ", 1).replace("\\\n  ", "")
    return "# my own work\n\n" + re.sub(r"\b[2-6]\b", "7", text) + "  # done"


@pytest.fixture(scope="module")
def class_of_40() -> dict[str, Any]:
    return {f"s{number:02d}": honest(number) for number in range(40)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("total = price * 3  # euros", "t=p*4"),
        ("f('a', axis=1)", 'g("something else", axis=0)'),
        ("x = f'{a} and {b}'", "x = 'plain'"),
        ("y = '''two\nlines'''", 'y = "one"'),
        ("z = 1_000.5e3 + 0xFF", "z = 2 + 3"),
        ("%matplotlib inline\n!pip list\nx = 1", "x = 1"),
        ("frame?\nx = 1", "x = 1"),
    ],
)
def test_a_disguise_leaves_the_tokens_alike(one, other):
    assert code_of(one).tokens.tolist() == code_of(other).tokens.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f.mean()", "f.median()"),
        ("f(axis=1)", "f(ddof=1)"),
        ("a + b", "a - b"),
        ("len(a)", "sum(a)"),
        ("if a: b", "while a: b"),
    ],
)
def test_what_a_disguise_cannot_change_tells_tokens_apart(one, other):
    assert code_of(one).tokens.tolist() != code_of(other).tokens.tolist()


def test_lines_are_those_that_the_student_wrote():
    code = code_of("a = 1\n\n# words\nb = '''x\ny'''\nc = 2", "d = 3")
    assert [(line.cell, line.text) for line in code.lines][:3] == [(1, "a = 1"), (1, ""), (1, "# words")]
    assert sorted(set(code.token_lines.tolist())) == [0, 3, 5, 6]
    assert code.lines[6].cell == 2


def test_cells_in_other_languages_and_broken_notebooks_are_passed_over():
    assert len(code_of("%%bash\nrm -rf x").tokens) == 0
    strange = {"cells": ["x", None, {"cell_type": "code", "source": 7}, {"cell_type": "code", "metadata": "no"}, 3]}
    assert len(read_code(strange).tokens) == 0
    assert len(read_code({"cells": None}).tokens) == 0


def test_code_that_does_not_parse_has_tokens_still():
    broken = code_of("x = (1 +\nfor in while", "y = 2", "(" * 5_000 + ")" * 5_000, "z = 'open\n\x00")
    assert broken.unparsable == (1, 3, 4)
    assert len(broken.tokens) > 20
    whole, cut = sources(honest(1)), sources(honest(1))
    cut[3] += "\nfor"
    pair = class_similarity({"a": notebook(*whole), "b": notebook(*cut)}).pairs[0]
    assert pair.structure is None
    assert pair.similarity == pair.tokens > 0.9


def test_a_padded_notebook_is_cut_and_named():
    padded = notebook(*["x = 1 + 2 + 3\n" * 4_000] * 3)
    result = class_similarity({"long": padded, "short": honest(1), "other": honest(2)})
    assert len(read_code(padded).tokens) == MOST_TOKENS
    assert result.cut == ("long",)


def test_runs_are_numbered_alike_everywhere():
    # Written down, so that a change of platform or numpy that would renumber them shows.
    tokens = np.arange(18, dtype=np.uint64)
    assert run_hashes(tokens).tolist() == PINNED
    assert len(run_hashes(tokens[:15])) == 0


@settings(max_examples=60, deadline=None)
@given(
    stretch=st.lists(st.integers(0, 5), min_size=RUN + WINDOW - 1, max_size=60),
    before=st.lists(st.integers(6, 9), max_size=40),
    after=st.lists(st.integers(6, 9), max_size=40),
)
def test_every_long_enough_stretch_is_found(stretch, before, after):
    alone = winnowed(run_hashes(np.array(stretch, dtype=np.uint64)))
    within = winnowed(run_hashes(np.array(before + stretch + after, dtype=np.uint64)))
    assert len(np.intersect1d(alone, within)) > 0


def test_renamed_reordered_and_partly_taken_work_stands_out(class_of_40):
    own = sources(class_of_40["s00"])
    entire = {
        **class_of_40,
        "renamed": notebook(own[0], *(renamed(cell) for cell in own[1:])),
        "reordered": notebook(own[0], *own[5:], *own[1:5]),
        "partly": notebook(*sources(class_of_40["s20"])[:5], *sources(class_of_40["s30"])[5:]),
    }
    result = class_similarity(entire, released=[notebook(STARTER)])
    listed = {(pair.left, pair.right): pair for pair in result.pairs}
    assert {("renamed", "s00"), ("reordered", "s00"), ("renamed", "reordered")} == set(list(listed)[:3])
    assert {("partly", "s20"), ("partly", "s30")} <= set(listed)
    assert all(pair.larger_than > 0.99 for pair in result.pairs)
    assert listed["renamed", "s00"].tokens > 0.99
    assert listed["reordered", "s00"].structure == listed["renamed", "s00"].structure > 0.9


def test_honest_classes_list_hardly_anybody(class_of_40):
    result = class_similarity(class_of_40, released=[notebook(STARTER)])
    assert len(result.all_similarities) == 40 * 39 / 2
    assert len(result.pairs) <= 3
    assert np.median(result.all_similarities) < 0.15


def test_what_was_released_and_what_the_model_has_is_no_evidence(class_of_40):
    solution = class_of_40["s00"]
    two = {"a": solution, "b": solution}
    assert class_similarity(two).pairs[0].similarity == 1.0
    for given_out in ({"released": [solution]}, {"model": [solution]}):
        result = class_similarity(two, **given_out)
        assert result.pairs == ()
        assert result.without_code == ("a", "b")


def test_fragments_that_many_have_are_no_evidence(class_of_40):
    shared = sources(honest(99))[1:]
    many = {
        name: notebook(*sources(book), *(shared if index < 12 else []))
        for index, (name, book) in enumerate(class_of_40.items())
    }
    assert len(class_similarity(many).pairs) <= 3
    few = {
        name: notebook(*sources(book), *(shared if index < 3 else []))
        for index, (name, book) in enumerate(class_of_40.items())
    }
    assert {("s00", "s01"), ("s00", "s02"), ("s01", "s02")} <= {(p.left, p.right) for p in class_similarity(few).pairs}


def test_three_equal_lines_are_not_everything():
    line = "result = frame.groupby('unit')[['a', 'b']].mean().sort_values('a', ascending=False).round(2)"
    result = class_similarity({"a": notebook(line), "b": notebook(line)})
    assert result.all_similarities[0] < 0.5


def test_matched_lines_are_the_lines_taken():
    taken = sources(honest(5))[1]
    left = code_of("first = 1", taken, "def f(u):\n    return u.shape[0] / 2")
    right = code_of(renamed(taken), "while True:\n    break")
    (passage,) = matched_passages(left, right, NOTHING)
    assert {left.lines[line].text for line in passage.left} >= set(taken.split("\n"))
    assert {left.lines[line].cell for line in passage.left} <= {2}
    assert {right.lines[line].cell for line in passage.right} == {1}


def test_passages_cross_and_use_each_token_once():
    parts = [sources(honest(seed))[1] for seed in (1, 2, 3)]
    left, right = code_of(parts[0], parts[2]), code_of(parts[2], parts[0], parts[0])
    passages = matched_passages(left, right, NOTHING)
    # The first part stands twice on the right, but there is only one on the left to match.
    assert 0.9 * len(left.tokens) <= sum(passage.tokens for passage in passages) <= len(left.tokens)
    again = matched_passages(left, right, np.unique(run_hashes(code_of(parts[0]).tokens)))
    assert sum(passage.tokens for passage in again) < sum(passage.tokens for passage in passages)


def test_order_of_students_does_not_matter_and_nothing_changes_from_run_to_run(class_of_40):
    names = list(class_of_40)
    random.Random(3).shuffle(names)
    one = class_similarity({name: class_of_40[name] for name in names})
    other = class_similarity(class_of_40)
    assert one.pairs == other.pairs
    assert one.all_similarities.tobytes() == other.all_similarities.tobytes()


def test_classes_of_none_one_and_two():
    for names in ((), ("a",), ("a", "b")):
        result = class_similarity({name: notebook("x = 1") for name in names})
        assert result.pairs == ()
        assert set(result.without_code) == set(names)


EXPECTED = {
    "ana": {"alpha": 0.8312, "factors": 3, "best": "care"},
    "ben": {"alpha": 0.7951, "factors": 3, "best": "loyalty"},
    "cem": {"alpha": 0.8044, "factors": 4, "best": "trust"},
}


def test_an_answer_from_anothers_data_is_pointed_out():
    given_answers = {
        "ana": {"alpha": 0.8312, "factors": 3},
        "ben": {"alpha": 0.831, "factors": 3, "best": "Loyalty"},
        "cem": {"alpha": 0.9, "unknown": 1},
    }
    (found,) = reused_answers(given_answers, EXPECTED)
    assert (found.student, found.other, found.answer, found.given) == ("ben", "ana", "alpha", "0.831")
    assert (found.own, found.others, found.fits) == ("0.7951", "0.8312", 1)


@pytest.mark.parametrize(
    ("answer", "value"),
    [("alpha", 0.8), ("factors", 3.0), ("alpha", float("nan")), ("alpha", float("inf")), ("alpha", True), ("best", "")],
)
def test_values_that_fit_everybody_or_nobody_point_at_nobody(answer, value):
    assert reused_answers({"ben": {answer: value}, "nobody": {answer: value}}, EXPECTED) == ()


def test_a_value_that_fits_many_points_at_nobody():
    expected = {f"s{number}": {"n": 240 if number else 239} for number in range(30)}
    assert reused_answers({"s0": {"n": 240}}, expected) == ()
    (found,) = reused_answers({"s1": {"n": 239}}, expected)
    assert found.other == "s0"
