"""Files in which an answer would change, or a person count twice or not at all, without a word."""

from __future__ import annotations

import csv
import io
import random
import time
import warnings

import openpyxl
import pytest

from cxkit.errors import SurveyError
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.likeness import Features, is_unlike
from cxkit.survey.repeated import fold_id
from tests.survey.test_rows import ABOUT, instrument, read, write

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


class TestOnePersonTwice:
    """Whatever roles are named, or none: a person counted twice makes every standard error too small."""

    def notes(self, tmp_path, rows, roles=None, head=None):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            survey = read(write(tmp_path, as_csv(rows, head)), EIGHT, roles or {})
        warned = [str(warning.message) for warning in said]
        found = [note for note in survey.notes if "row" in note and "over several lines" not in note]
        for note in found:
            assert "without an id" in note or any(note in text for text in warned)
        return found

    def test_a_file_pasted_twice(self, tmp_path):
        rows = [row[1:] for row in people(60)]
        for roles in ({}, {"level": "level", "unit": "unit"}):
            assert self.notes(tmp_path, rows + rows, roles, HEAD[1:]) == [
                "60 rows equal an earlier row in all 11 columns (row 62 as row 2, row 63 as row 3, row 64 as row 4, "
                "...): pasted twice? They count as respondents; delete the copies."
            ]
            assert self.notes(tmp_path, rows, roles, HEAD[1:]) == []

    @pytest.mark.parametrize("n", [1, 5])
    def test_a_block_pasted_twice(self, tmp_path, n):
        for first in (0, 1):  # with the id as a column that is not used, and without
            rows = [row[first:] for row in people(60)]
            (note,) = self.notes(tmp_path, rows + rows[4 : 4 + n], {}, HEAD[first:])
            assert note.startswith(f"{n} row{'s equal' if n > 1 else ' equals'} an earlier row in all")

    def test_the_same_person_with_other_answers(self, tmp_path):
        for name in ("id", "ResponseId", "Response ID", "record_id", "id. Response ID"):
            again = ["R004", "IT", "Staff", *"51243512", "once more"]
            (note,) = self.notes(tmp_path, [*people(), again], {}, [name, *HEAD[1:]])
            assert note == (
                f"1 row has the '{name}' of an earlier row (row 26 as row 6) and counts as another respondent. If "
                f"'{name}' names people, read it as the id."
            )

    def test_waves_of_one_person_are_none(self, tmp_path):
        rows = [[*row, wave] for wave in "12" for row in people()]
        assert self.notes(tmp_path, rows, {"wave": "wave"}, [*HEAD, "wave"]) == []
        (note,) = self.notes(
            tmp_path, [*rows, ["R004", "", "", *"51243512", "", "2"]], {"wave": "wave"}, [*HEAD, "wave"]
        )
        assert "(row 50 as row 30)" in note

    @pytest.mark.parametrize("seed", range(8))
    def test_chance_is_no_copy(self, tmp_path, seed):
        """People who agree to everything, few items, few columns, many departments: equal rows are none of a paste."""
        chance = random.Random(seed)
        n_items = chance.randint(2, 8)
        rows = []
        for _ in range(chance.choice([30, 300])):
            mean = chance.choice([2, 4])
            answers = [str(min(5, max(1, round(chance.gauss(mean, 0.6))))) for _ in range(n_items)]
            rows.append([chance.choice(["Sales", "IT"]), *(["4"] * n_items if chance.random() < 0.2 else answers)])
        text = as_csv(rows, ["unit", *HEAD[3 : 3 + n_items]])
        assert not any("equal" in note for note in read(write(tmp_path, text), instrument(items=n_items)).notes)

    def test_departments_and_cases_are_no_people(self, tmp_path):
        for name in ("department_id", "case", "Team ID", "code"):
            rows = [[f"{n % 4}", *row[1:]] for n, row in enumerate(people())]
            assert self.notes(tmp_path, rows, {}, [name, *HEAD[1:]]) == []

    @pytest.mark.parametrize(("one", "other"), [
        ("R005", "r005"), ("R005", "R5"), ("5", "05"), ("5", "5.0"), ("5", "5,0"), ("5", "\uff15"), ("A-1", "A1"),
    ])  # fmt: skip
    def test_an_id_in_two_ways(self, tmp_path, one, other):
        rows = [[f"p{number}x", *row[1:]] for number, row in enumerate(people())]
        rows[3][0] = one
        (note,) = self.notes(tmp_path, [*rows, [other, *rows[3][1:]]], {"id": "id"})
        assert note == (
            "One id is written in more than one way (rows 5, 26): they differ only in capitals, width, zeros or "
            "punctuation, and count as different people."
        )
        assert self.notes(tmp_path, rows, {"id": "id"}) == []

    def test_other_ids_are_other_people(self):
        names = ["R_10", "R_1", "1.1", "11", "1-12", "11-2", "100", "1", "0", "10", "R_1aB", "1.5", "1.05"]
        assert len({fold_id(name) for name in names}) == len(names)

    def test_lost_ids_are_said(self, tmp_path):
        rows = people()
        for row, word in ((3, ""), (7, "NA"), (9, "null")):
            rows[row][0] = word
        assert self.notes(tmp_path, rows, {"id": "id"}) == [
            "3 respondents without an id (rows 5, 9, 11; 'NA' and 'null' count as no id): whether they answered twice "
            "cannot be checked."
        ]


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


CONTINUOUS = instrument_from(
    {
        **ABOUT,
        "scale": {"low": 1, "high": 5},
        "scales": {"minutes": {"continuous": True}, "share": {"low": 0, "high": 100, "continuous": True}},
        "dimension": [
            {"key": "d", "title": "D", "items": [{"key": "i1", "text": "One"}]},
            {"key": "w", "title": "W", "scale": "minutes", "items": [{"key": "W1", "text": "Minutes"}]},
            {"key": "p", "title": "P", "scale": "share", "items": [{"key": "P1", "text": "Share"}]},
        ],
    },
    where="m.toml",
)


class TestThousands:
    """27,100 is 27 thousand or 27.1: where the file cannot tell, neither is taken without a word."""

    def file(self, tmp_path, cells, *, column="W1"):
        others = {"i1": "3", "W1": "5", "P1": "50", "w": "1"}
        rows = [";".join({**others, column: cell}.values()) for cell in cells]
        return write(tmp_path, "i1;W1;P1;w\n" + "\n".join(rows) + "\n")

    def test_an_english_file_is_not_led_into_decimals(self, tmp_path):
        with pytest.raises(
            SurveyError, match="2 answers with a comma and three digits behind it.\n.*\n.*\n.*thousands"
        ):
            read(self.file(tmp_path, ["27,100", "3,250"]), CONTINUOUS)
        with pytest.raises(SurveyError, match="2 answers with a decimal comma"):
            read(self.file(tmp_path, ["27,100", "3,25"]), CONTINUOUS)
        with pytest.raises(SurveyError, match="1 answer with a decimal comma"):  # 4,125 as thousands is off the scale
            read(self.file(tmp_path, ["4,125"], column="P1"), CONTINUOUS)

    @pytest.mark.parametrize("column", ["W1", "w"])
    @pytest.mark.parametrize(("decimal", "cells"), [(",", ["27,100", "3,250", "4"]), (".", ["27.100", "3.250", "4"])])
    def test_three_digits_everywhere_are_named(self, tmp_path, decimal, cells, column):
        survey = read(self.file(tmp_path, cells, column=column), CONTINUOUS, {"weight": "w"}, decimal=decimal)
        (note,) = [note for note in survey.notes if note.startswith(f"{column}: ")]
        assert f"(row 2: '{cells[0]}' is read as 27.1). If the" in note

    @pytest.mark.parametrize("cells", [["27.100", "3.25"], ["0.125", "3.250"], ["27", "3"], ["1234.567"], ["01.250"]])
    @pytest.mark.parametrize("decimal", [",", "."])
    def test_numbers_that_are_plain_are_not(self, tmp_path, cells, decimal):
        cells = [cell.replace(".", decimal) for cell in cells]
        survey = read(self.file(tmp_path, cells), CONTINUOUS, decimal=decimal)
        assert not any(note.startswith("W1") for note in survey.notes)
        in_ends = read(self.file(tmp_path, [f"12{decimal}500"], column="P1"), CONTINUOUS, decimal=decimal)
        assert not any(note.startswith("P1") for note in in_ends.notes)

    @pytest.mark.parametrize(("column", "cells"), [
        ("W1", ["12,5", "12.5"]), ("W1", ["27.100"]), ("P1", ["1,5", "2.5"]), ("w", ["1.234"]), ("w", ["1,5", "2.5"]),
    ])  # fmt: skip
    def test_points_beside_commas_are_refused(self, tmp_path, column, cells):
        place = f"row {len(cells) + 1}, {column}: '{cells[-1]}'"
        with pytest.raises(
            SurveyError, match=f"1 number with a point in a file that is read with decimal=','.\n +{place}"
        ):
            read(self.file(tmp_path, cells, column=column), CONTINUOUS, {"weight": "w"}, decimal=",")

    def test_points_that_can_only_be_decimals_are_named(self, tmp_path):
        survey = read(self.file(tmp_path, ["12.5", "3.25"]), CONTINUOUS, decimal=",")
        assert survey.given["W1"].tolist() == [12.5, 3.25]
        assert any(note.startswith("W1: numbers with a decimal point, although") for note in survey.notes)

    @pytest.mark.parametrize(
        "cell", ["1.234,5", "1,234.5", "1,234,567", "1.234.567", "27 100", "1'234.5", "1\xa0234,5"]
    )
    @pytest.mark.parametrize("decimal", [",", "."])
    def test_marks_between_thousands_say_so(self, tmp_path, cell, decimal):
        with pytest.raises(SurveyError, match="1 answer with marks between thousands.*\n.*\n.*take the marks"):
            read(self.file(tmp_path, [cell]), CONTINUOUS, decimal=decimal)
        with pytest.raises(SurveyError, match="take the marks between thousands out of the file"):
            read(self.file(tmp_path, [cell], column="w"), CONTINUOUS, {"weight": "w"}, decimal=decimal)

    def test_weights_with_three_digits_after_a_comma(self, tmp_path):
        with pytest.raises(SurveyError, match="if the comma separates thousands, take it out"):
            read(self.file(tmp_path, ["1,234", "2,100"], column="w"), CONTINUOUS, {"weight": "w"})


class TestUnfinishedResponses:
    """Whatever the system: who did not finish is left out and counted, or the column that may say so is named."""

    def read(self, tmp_path, columns, *, behind=False, roles=None):
        """Ten rows, the first three with the first value; the columns stand before or behind the items."""
        rows, head = [], [*columns, "i1", "i2"] if not behind else ["i1", "i2", *columns]
        for n in range(10):
            said = [values[min(n // 3, 1)] if len(values) == 2 else values[n] for values in columns.values()]
            answers = [str(n % 5 + 1), str(n % 3 + 1)]
            rows.append([*answers, *said] if behind else [*said, *answers])
        return read(write(tmp_path, as_csv(rows, head)), TWO, roles or {})

    @pytest.mark.parametrize(("name", "values"), [
        ("Response Type", ("partial", "completed")), ("Submit Date (UTC)", ("", "2026-01-01 10:00")),
        ("Response Status", ("Partial", "Complete")), ("Completion Status", ("Disqualified", "Complete")),
        ("Datum Abgeschickt", ("", "2026-01-01")), ("Date de soumission", ("", "2026-01-01")),
        ("Fecha de envío", ("", "2026-01-01")), ("Fecha de envio", ("", "2026-01-01")), ("Date submitted", ("", "x")),
        ("submitdate. Datum Abgeschickt", ("", "2026-01-01")), ("Progress", ("38%", "100%")),
        ("Progress", ("38 %", "100")),
    ])  # fmt: skip
    def test_they_are_left_out(self, tmp_path, name, values):
        survey = self.read(tmp_path, {name: values})
        assert survey.n == 7
        assert survey.ledger.left_out[0].rows == (2, 3, 4)
        assert not any("looks as if" in note for note in survey.notes)

    @pytest.mark.parametrize(("name", "values"), [
        ("culture_complete", ("0", "2")), ("Status", ("Partial", "Complete")), ("State", ("in progress", "Completed")),
        ("submitted at", ("", "2026-01-01")), ("Umfrage beendet", ("n", "j")), ("completed?", ("N", "Y")),
    ])  # fmt: skip
    def test_a_column_that_looks_like_it_is_said(self, tmp_path, name, values):
        survey = self.read(tmp_path, {name: values})
        assert survey.n == 10
        (note,) = [note for note in survey.notes if "looks as if" in note]
        assert note.startswith(f"The column '{name}' ('{values[0]}', '{values[1]}') looks as if it said who finished")
        assert not any(
            "looks as if" in note for note in self.read(tmp_path, {name: values}, roles={"unit": name}).notes
        )

    @pytest.mark.parametrize(("name", "values"), [
        ("Completion time", ("2026-01-01", "2026-01-02")), ("Completion time", tuple(map(str, range(10)))),
        ("Status", ("employed", "retired")), ("School completed", ("primary", "secondary")),
        ("Response Type", ("email", "phone")), ("Training complete", ("yes", "yes")), ("Phase", ("plan", "complete")),
    ])  # fmt: skip
    def test_columns_of_the_study_are_none(self, tmp_path, name, values):
        survey = self.read(tmp_path, {name: values})
        assert survey.n == 10
        assert not any("looks as if" in note for note in survey.notes)

    def test_forms_of_redcap(self, tmp_path):
        ids = {"record_id": tuple(f"{n}" for n in range(10))}
        for states in (("0", "2"), ("1", "2"), ("", "2"), ("Incomplete", "Complete"), ("Unverified", "Complete")):
            survey = self.read(tmp_path, {**ids, "culture_complete": states}, behind=True, roles={"id": "record_id"})
            assert survey.n == 7
        stamp = {**ids, "culture_timestamp": ("[not completed]", "2026-01-01 10:00")}
        assert self.read(tmp_path, stamp).n == 7
        # A form that holds no item, before or behind them, does not count.
        assert self.read(tmp_path, {**ids, "consent_complete": ("0", "2")}).n == 10
        forms = {**ids, "culture_complete": ("2", "2"), "later_complete": ("0", "2")}
        assert self.read(tmp_path, forms, behind=True).n == 10


class TestSpreadsheets:
    """What a reader of a sheet sees and its cells do not hold."""

    ROWS = (["id", "unit", "i1", "i2"], *[[f"R{n}", "Sales", n % 5 + 1, n % 4 + 1] for n in range(8)])

    def book(self, tmp_path, change, rows=ROWS):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        change(book.active)
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    @pytest.mark.parametrize("area", ["B2:B6", "C2:D2", "B3:C4"])
    def test_merged_answers_and_departments_are_refused(self, tmp_path, area):
        path = self.book(tmp_path, lambda page: page.merge_cells(area))
        with pytest.raises(SurveyError, match=f"1 range of merged cells among the answers.*\n +{area}\n"):
            read(path, TWO, ROLES)

    def test_merged_cells_that_lose_nothing(self, tmp_path):
        def change(page):
            page.insert_rows(1)
            page["A1"] = "Title"
            page.merge_cells("A1:D1")
            page["F4"] = None
            page.merge_cells("F4:F6")

        assert read(self.book(tmp_path, change), TWO, ROLES, header_row=2).n == 8

    def test_hidden_rows_are_said(self, tmp_path):
        def change(page):
            for number in (3, 4):
                page.row_dimensions[number].hidden = True

        survey = read(self.book(tmp_path, change), TWO, ROLES)
        assert survey.notes == (
            "2 rows of the sheet 'Sheet' are hidden, as by a filter (rows 3, 4), and read as the others; delete what "
            "does not belong to the survey.",
        )
        assert read(self.book(tmp_path, lambda page: None), TWO, ROLES).notes == ()

    def test_a_hidden_sheet_is_not_taken_for_the_first(self, tmp_path):
        def change(page):
            old = page.parent.create_sheet("old", 0)
            old.append(["id", "unit", "i1", "i2"])
            old.append(["old", "Sales", 1, 1])
            old.sheet_state = "hidden"

        path = self.book(tmp_path, change)
        assert read(path, TWO, ROLES).n == 8
        assert "The sheet 'old' is hidden." in read(path, TWO, ROLES, sheet="old").notes

    def test_long_ids_keep_their_digits(self, tmp_path):
        long = ["12345678901234567", 12345678901234567, 1.2345678901234568e16]
        rows = [self.ROWS[0], *[[number, "IT", 2, 3] for number in long]]
        with pytest.raises(SurveyError, match="A spreadsheet keeps 15 digits of a number: store longer ids as text"):
            read(self.book(tmp_path, lambda page: None, rows), TWO, ROLES)
        found = read(self.book(tmp_path, lambda page: None, [*rows[:1], rows[3]]), TWO, ROLES)
        assert found.respondents["id"].tolist() == ["12345678901234570"]  # 16 digits are in the file

    def test_percentages_are_said(self, tmp_path):
        def change(page):
            page["E1"], page["E2"], page["D1"] = "W1", 0.125, "P1"
            page["E2"].number_format = "0.0%"

        survey = read(self.book(tmp_path, change), CONTINUOUS, ROLES)
        said = "Numbers of column E are shown as percentages and read as shares (E2, shown as 0.125 x 100 %)."
        assert said in survey.notes

    def test_a_number_beside_a_point_of_the_scale_is_shown_as_it_is(self, tmp_path):
        with pytest.raises(SurveyError, match="row 2, item i1: 4.0000000001"):
            read(write(tmp_path, "i1,i2\n4.0000000001,2\n"), TWO)


class TestSignsAndOptions:
    @pytest.mark.parametrize("sign", ["\u200b", "\xad", "\u2060", "\ufeff"])
    def test_signs_that_nobody_sees_change_no_answer_and_no_header(self, tmp_path, sign):
        text = f"{sign}{sign}id,i{sign}1,i2\na,1{sign},2\nb,{sign}3,4\n"
        assert read(write(tmp_path, text), TWO, {"id": "id"}).given.to_numpy().tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
    def test_utf_16_without_a_mark_says_the_way_out(self, tmp_path, name):
        path = write(tmp_path, "id,i1,i2\nä,1,2\nÖl,3,4\n".encode(name))
        with pytest.raises(SurveyError, match=f"encoding='{name}'"):
            read(path, TWO)
        assert read(path, TWO, encoding=name).n == 2

    def test_options_that_do_nothing_are_refused(self, tmp_path):
        path = write(tmp_path, "i1,i2\n1,2\n")
        with pytest.raises(SurveyError, match="decimal=';' must be '.' or ','"):
            read(path, TWO, decimal=";")
        with pytest.raises(SurveyError, match="a text file without sheets; leave sheet='Data' out"):
            read(path, TWO, sheet="Data")


def test_the_column_of_a_role_may_be_written_in_other_case(tmp_path):
    path = write(tmp_path, "ID,Job Level,i1,i2\na,x,1,2\n")
    assert read(path, TWO, {"id": "id", "level": "job level"}).respondents["level"].tolist() == ["x"]
    with pytest.raises(SurveyError, match="The id should stand in the column 'Id'"):
        read(write(tmp_path, "ID,id,i1,i2\na,x,1,2\n"), TWO, {"id": "Id"})


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
