"""Files that were put together by hand: rows of another delimiter, and remarks between the answers."""

from __future__ import annotations

import pytest

from cxkit.errors import SurveyError
from tests.survey.test_rows import instrument, read, write

TWO = instrument(items=2)
ROLES = {"id": "id", "unit": "unit"}
HEAD = "id,i1,i2,unit,comment"
ROWS = [f"{n},{n % 5 + 1},{n % 4 + 2},{'North' if n % 2 else 'South'},fine; in all" for n in range(1, 31)]


def refusal(tmp_path, *rows: str, **options) -> str:
    with pytest.raises(SurveyError) as refused:
        read(write(tmp_path, "\n".join(rows) + "\n"), TWO, ROLES, **options)
    return str(refused.value)


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
@pytest.mark.parametrize("first", [1, 20, 29])
def test_rows_of_another_delimiter_are_refused(tmp_path, sign, name, first):
    """They are the end of the file, all of it below the header, or its last row."""
    others = [row.replace(";", "").replace(",", sign) for row in ROWS[first:]]
    words = refusal(tmp_path, HEAD, *ROWS[:first], *others)
    n_rows = "1 row" if first == 29 else f"{len(others)} rows"
    assert f"{n_rows} separated by {name} in a file that is separated by commas." in words
    assert f"row {first + 2}: {others[0]}" in words
    assert "1 problem found" in words


def test_a_header_of_one_delimiter_above_rows_of_another(tmp_path):
    words = refusal(tmp_path, HEAD, *[row.replace(";", "").replace(",", ";") for row in ROWS])
    assert "30 rows separated by semicolons" in words


def test_decimal_commas_within_rows_of_semicolons(tmp_path):
    others = [f"{n};{n % 5 + 1};{n % 4 + 2};North;3,5" for n in range(31, 41)]
    assert "10 rows separated by semicolons" in refusal(tmp_path, HEAD, *ROWS, *others)


def test_a_text_that_holds_the_other_delimiter_is_none(tmp_path):
    """A row that stops early is read, and said."""
    survey = read(write(tmp_path, "\n".join([HEAD, *ROWS, "a; b; c; d; e"]) + "\n"), TWO)
    assert "1 row stops early (row 32); the rest counts as empty." in survey.notes


REMARK = "Notes: the rest is wave 2,,,,"


@pytest.mark.parametrize("gap", [[], [",,,,"]])
@pytest.mark.parametrize("place", [0, 1, 20])
def test_a_remark_between_the_answers_is_no_respondent(tmp_path, gap, place):
    path = write(tmp_path, "\n".join([HEAD, *ROWS[:place], *gap, REMARK, *ROWS[place:]]) + "\n")
    survey = read(path, TWO, ROLES)
    assert survey.n == 30
    assert [entry.text for entry in survey.ledger.left_out] == [
        f"1 row with a remark left out (row {place + len(gap) + 2}: one text between the answers, and no answer)"
    ]


def test_a_remark_is_no_unfinished_response(tmp_path):
    rows = [f"{row},1" for row in ROWS]
    path = write(tmp_path, "\n".join([f"{HEAD},Finished", *rows[:9], f"{REMARK},", *rows[9:]]) + "\n")
    assert [entry.what for entry in read(path, TWO, ROLES).ledger.left_out] == ["row with a remark"]


@pytest.mark.parametrize("row", ["31,,,,", ",,,North,", ",,,,see above; I gave up", ",,,Nord-Ost,"])
def test_a_respondent_without_answers_stays(tmp_path, row):
    """A number, a department or a comment alone: nobody is left out for having answered nothing."""
    units = [one.replace("South", "The shop in the south-west") for one in ROWS]
    path = write(tmp_path, "\n".join([HEAD, *units[:9], row, *units[9:]]) + "\n")
    assert read(path, TWO).n == 31


def test_a_remark_in_the_column_of_an_item_is_a_wrong_answer(tmp_path):
    assert "row 3, item i1: 'the rest is wave 2'" in refusal(
        tmp_path, HEAD, ROWS[0], ",the rest is wave 2,,,", *ROWS[1:]
    )
