"""Files in which an answer would change, or a person count twice or not at all, without a word."""

from __future__ import annotations

import csv
import io
import random
import time

import pytest

from cxkit.errors import SurveyError
from cxkit.survey.likeness import Features, is_unlike
from tests.survey.test_rows import instrument, read, write

TWO = instrument(items=2)
EIGHT = instrument(items=8)
ROLES = {"id": "id", "unit": "unit"}
HEAD = ["id", "unit", "level", *[f"i{n}" for n in range(1, 9)], "comment"]


def people(n: int = 24, seed: int = 1) -> list[list[str]]:
    """Rows of answers, some with commas inside a cell."""
    chance = random.Random(seed)
    rows = []
    for number in range(n):
        answers = [str(chance.randint(1, 5)) for _ in range(8)]
        comment = chance.choice(["", "ok,ok", "fine", 'I said "no"'])
        rows.append([f"R{number:03}", ["R, D", "Finance", "IT"][number % 3], "Staff", *answers, comment])
    return rows


def as_csv(rows: list[list[str]], head: list[str] | None = None) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head or HEAD, *rows])
    return text.getvalue()


class TestQuotationMarks:
    @pytest.mark.parametrize("cell", ['"2"7.1', '"1"0', '"2"x', '"2""3"4', '"2" 3', '"2"\t3'])
    def test_text_after_a_closing_mark_is_refused_with_its_row(self, tmp_path, cell):
        path = write(tmp_path, f"id,i1,i2\na,1,2\nb,{cell},3\nc,3,4\n")
        with pytest.raises(SurveyError, match=r"1 cell with text after the closing quotation mark.\s+row 3: "):
            read(path, TWO)

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_whatever_the_delimiter_and_the_line_end(self, tmp_path, separator, end):
        lines = ["id,i1,i2,c", 'a,1,2,"two', 'lines"', 'b,2,3,"a ""b"" c"', 'c,3,"1"0,x']
        text = end.join(lines).replace(",", separator) + end
        with pytest.raises(SurveyError, match="after the closing quotation mark.\n +row 4: "):
            read(write(tmp_path, text), instrument(items=2, high=10))

    def test_an_id_and_a_department(self, tmp_path):
        for line in ('"R_1"x"R_2",IT,3,4', 'R_1"","R, D"x,3,4'):
            with pytest.raises(SurveyError, match="row 2"):
                read(write(tmp_path, f"id,unit,i1,i2\n{line}\nR_3,IT,3,4\n"), TWO, ROLES)

    def test_marks_that_lose_nothing_are_read(self, tmp_path):
        text = 'id,unit,i1,i2\n"a" ,"R, ""D""",3,"4"\nb,5" pipe,"2" ,""\nc,"",1,2\nd," IT",1,"2"'
        survey = read(write(tmp_path, text), TWO, ROLES)
        assert survey.respondents["unit"].astype("object").fillna("").tolist() == ['R, "D"', "5 pipe", "", "IT"]
        assert survey.given["i1"].tolist() == [3, 2, 1, 1]

    @pytest.mark.parametrize("seed", range(3))
    def test_a_stray_mark_anywhere_is_refused_or_changes_nothing(self, tmp_path, seed):
        """A mark put in at any place of a row is refused, or answers and people stay what they are."""
        chance = random.Random(seed)
        whole = as_csv(people())
        truth = read(write(tmp_path, whole), EIGHT, ROLES)
        start = whole.index("R004")
        for _ in range(12):
            place = chance.randrange(start, whole.index("R007"))
            try:
                survey = read(write(tmp_path, f'{whole[:place]}"{whole[place:]}'), EIGHT, ROLES)
            except SurveyError:
                continue
            assert survey.given.equals(truth.given), whole[place - 9 : place + 9]
            assert survey.respondents["id"].tolist() == truth.respondents["id"].tolist()

    @pytest.mark.parametrize("comment", ['"ok,ok"', '"', 'ok"', 'ok,ok"'])
    def test_a_mark_that_swallows_one_person_is_told_as_that(self, tmp_path, comment):
        rows = people()
        line = ",".join(["R005", '"Finance', *rows[5][2:-1], comment])
        text = as_csv(rows[:5]) + line + "\n" + as_csv(rows[6:]).partition("\n")[2]
        with pytest.raises(SurveyError, match=r"1 row in which quotation marks join cells.\s+row 7: R005,"):
            read(write(tmp_path, text), EIGHT, ROLES)

    def test_a_short_row_with_commas_in_a_text_is_none(self, tmp_path):
        text = "id,comment,i1,i2\na,good,1,2\nb,,3,4\nc,so,2,2\n" + 'd,"fine, thanks, bye",1\n'
        survey = read(write(tmp_path, text), TWO, {"id": "id"})
        assert "1 row stops early (row 5); the rest counts as empty." in survey.notes


class TestALargeBrokenFile:
    def test_its_refusal_takes_time_by_the_row(self, tmp_path):
        """Comments of two lines without quotation marks: 2,000 rows took 11 s, and 4,000 four times as long."""
        lines = [f"R{n},{n % 5 + 1},{n % 4 + 1},{('one' + chr(10) + 'two') if n % 3 else 'x'}" for n in range(3_000)]
        path = write(tmp_path, "id,i1,i2,comment\n" + "\n".join(lines) + "\n")
        start = time.process_time()
        with pytest.raises(SurveyError, match="broken in two"):
            read(path, TWO)
        assert time.process_time() - start < 5

    def test_features_are_what_they_were(self):
        """The counted features answer as a comparison with every single cell does."""
        chance = random.Random(4)
        for _ in range(300):
            alphabet = chance.choice(["ab1", "12", "a b-", "R_0", "1.,"])
            cells = ["".join(chance.choices(alphabet, k=chance.randint(1, 3))) for _ in range(chance.randint(0, 4))]
            cell = chance.choice([*cells, "", "x9", "7"])
            beside = chance.choice([*cells, None, "zz"])
            assert Features(cells).lacks(cell, beside=beside) == is_unlike(cell, set(cells) - {beside})
            assert is_unlike(cell, cells) == _lacks_by_hand(cell, cells)


def _lacks_by_hand(cell: str, others: list[str]) -> bool:
    if not others or not cell:
        return bool(others)
    if all(other.strip("+-").replace(".", "").replace(",", "").isdigit() for other in [cell, *others]) and all(
        other.strip("+-")[0].isdigit() and other[-1].isdigit() and ".." not in other and ",," not in other
        and ".," not in other and ",." not in other
        for other in [cell, *others]
    ):  # fmt: skip
        return False

    def described(text: str) -> list[object]:
        signs = {sign for sign in text if not sign.isalnum() and not sign.isspace()}
        shortened = "".join("0" if s.isdigit() else s for n, s in enumerate(text)
                            if not (s.isdigit() and n and text[n - 1].isdigit()))  # fmt: skip
        return ["0" in shortened, any(map(str.isalpha, text)), " " in text, signs, len(shortened)]

    known = [described(other) for other in others]
    return any(
        all(other[place] == known[0][place] for other in known) and described(cell)[place] != known[0][place]
        for place in range(5)
    )
