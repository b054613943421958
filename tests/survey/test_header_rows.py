"""Rows of the header below the header are refused under their name, and never counted or told as wrong answers."""

from __future__ import annotations

import pytest

from cxkit.errors import SurveyError
from tests.survey.test_rows import instrument, read, write

THREE = instrument(items=3)
NAMES = "id,i1,i2,i3,unit"
TEXTS = "Interview number,I trust them,They listen to me,It takes effort: all in all,Where do you work?"
LINES = [f"r{n},{n % 5 + 1},{n % 4 + 2},{n % 3 + 1},Lab" for n in range(12)]


def refused(tmp_path, *lines, **options):
    with pytest.raises(SurveyError) as error:
        read(write(tmp_path, "\n".join(lines) + "\n"), THREE, {"id": "id"}, **options)
    return str(error.value)


@pytest.mark.parametrize("n_texts", [1, 2])
def test_question_texts_below_the_names(tmp_path, n_texts):
    words = refused(tmp_path, NAMES, *[TEXTS] * n_texts, *LINES)
    assert ("Row 2 holds question texts" if n_texts == 1 else "Rows 2, 3 hold question texts") in words
    assert "1 problem found" in words


@pytest.mark.parametrize("place", [0, 1, 6, 12])
def test_the_header_once_more_at_any_place(tmp_path, place):
    words = refused(tmp_path, NAMES, *LINES[:place], NAMES, *LINES[place:])
    assert f"Row {place + 2} repeats the header." in words
    assert "1 problem found" in words


def test_a_repeated_header_is_known_by_the_names_of_the_file(tmp_path):
    renamed = NAMES.replace("i1", "Q1").replace("i2", "Q2").replace("i3", "Q3")
    words = refused(tmp_path, renamed, *LINES[:4], renamed, *LINES[4:], rename={f"Q{n}": f"i{n}" for n in (1, 2, 3)})
    assert "Row 6 repeats the header." in words


def test_a_repeated_header_hides_no_unfinished_response(tmp_path):
    """The word "Finished" in the column Finished used to make the whole column unknown."""
    rows = [f"{line},{'False' if n < 2 else 'True'}" for n, line in enumerate(LINES)]
    assert "repeats the header" in refused(tmp_path, f"{NAMES},Finished", *rows, f"{NAMES},Finished")


def test_words_in_every_row_are_labels_that_the_instrument_lacks(tmp_path):
    words = refused(tmp_path, NAMES, *[f"r{n},never,always,never,Lab" for n in range(6)])
    assert "18 answers in words that are no label" in words


def test_a_first_row_without_answers_is_a_respondent(tmp_path):
    path = write(tmp_path, "\n".join([NAMES, "r99,NA,n/a,-,Lab", *LINES]) + "\n")
    assert read(path, THREE, {"id": "id"}).n == 13
