"""What people really hand in: every file that can be read is read right, every other gets one error that says all."""

from __future__ import annotations

import datetime
import re
import warnings
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cxkit.errors import CxkitWarning, InstrumentError, SurveyError
from cxkit.survey.datasets import dataset_path
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.reading import read_survey
from cxkit.survey.shipped_instruments import instrument_path
from cxkit.survey.survey import Survey

ABOUT = {"name": "mini", "title": "Mini", "citation": "us", "licence": "CC0"}
WORDS = ["Strongly disagree", "Disagree", "Slightly disagree", "Neither", "Slightly agree", "Agree", "Strongly agree"]
SEVEN = {"low": 1, "high": 7, "labels": {str(i): word for i, word in enumerate(WORDS, 1)}, "missing_codes": [99]}
GOOD = "id,L1,L2,S1\na,1,2,3\nb,4,5,6\n"


def instrument(**scale: object) -> Instrument:
    return instrument_from(
        {
            **ABOUT,
            "scale": scale or SEVEN,
            "scales": {"ten": {"low": 0, "high": 10}},
            "dimension": [
                {"key": "loyalty", "title": "Loyalty", "items": [{"key": "L1", "text": "I stay."},
                                                                 {"key": "L2", "text": "I look elsewhere."}]},
                {"key": "speed", "title": "Speed", "items": [{"key": "S1", "text": "They are quick."}]},
            ],
            "single": [{"key": "NPS", "text": "Would you tell a friend?", "measure": "nps", "scale": "ten"}],
        },
        where="mini.toml",
    )  # fmt: skip


MINI = instrument()
PLAIN = instrument(low=1, high=7)


@pytest.fixture
def file(tmp_path):
    """Write a file and give its path."""

    def write(content: str | bytes, name: str = "a.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def workbook(tmp_path):
    """Write sheets of an Excel file and give its path."""

    def write(*sheets: list[list[object]], merge: str = "", name: str = "a.xlsx") -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for number, rows in enumerate(sheets, start=1):
            page = book.create_sheet(f"Sheet{number}")
            for row in rows:
                page.append(row)
        if merge:
            book.active.merge_cells(merge)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def refusal(path: str | Path, *arguments: object, asked: Instrument = MINI, **options: object) -> str:
    """The words with which a file is refused, without the folder it stands in."""
    with pytest.raises(SurveyError) as refused:
        read_survey(path, asked, *arguments, **options)
    return str(refused.value).replace(f"{Path(path).parent}/", "")


def answers(survey: Survey) -> list[list[float | None]]:
    given = survey.given.astype(object)
    return given.where(given.notna(), None).to_numpy().tolist()


class TestWhatIsRead:
    def test_a_plain_file(self, file):
        survey = read_survey(file(GOOD), MINI, {"id": "id"})
        assert survey.name == "a"
        assert list(survey.given) == ["L1", "L2", "S1"]
        assert answers(survey) == [[1, 2, 3], [4, 5, 6]]
        assert survey.given.index.tolist() == survey.respondents.index.tolist() == [2, 3]
        assert survey.respondents["id"].tolist() == ["a", "b"]
        assert survey.notes == ()

    def test_the_instrument_may_be_a_path(self, file):
        text = 'name="m"\ntitle="M"\ncitation="us"\nlicence="CC0"\n[scale]\nlow=1\nhigh=7\n' + (
            '[[dimension]]\nkey="d"\ntitle="D"\nitems=[{key="L1",text="?"}]\n'
        )
        assert answers(read_survey(file(GOOD), file(text, "m.toml"))) == [[1], [4]]
        with pytest.raises(InstrumentError, match="There is no instrument file"):
            read_survey(file(GOOD), "nowhere.toml")

    def test_the_instrument_may_be_the_name_of_a_shipped_one(self):
        by_name = read_survey(dataset_path("customersat"), "customersat")
        assert by_name.instrument == read_survey(dataset_path("customersat"), instrument_path("customersat")).instrument

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("culture", "cxkit ships no instrument 'culture'. Did you mean 'culture8'? For one"),
            (
                "customersatt",
                "cxkit ships no instrument 'customersatt'. Did you mean 'customersat'? For one of your own,",
            ),
            ("nothing like it", "cxkit ships no instrument 'nothing like it'. Known: bfi, bhr2000, culture8, "),
        ],
    )
    def test_an_instrument_of_an_unknown_name_has_the_nearest_offered(self, file, name, said):
        with pytest.raises(InstrumentError, match=re.escape(said)):
            read_survey(file(GOOD), name)

    @pytest.mark.parametrize(("separator", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
    def test_delimiters_are_found_and_said(self, file, separator, word):
        survey = read_survey(file(GOOD.replace(",", separator)), MINI)
        assert answers(survey) == [[1, 2, 3], [4, 5, 6]]
        assert survey.notes == (f"The columns are separated by {word}s.", "Columns not used: id.")

    def test_a_delimiter_of_ones_own(self, file):
        survey = read_survey(file(GOOD.replace(",", ":")), MINI, delimiter=":")
        assert answers(survey) == [[1, 2, 3], [4, 5, 6]]
        assert survey.notes[0] == "The columns are separated by the character ':'."

    def test_more_commas_in_a_comment_than_delimiters(self, file):
        survey = read_survey(file('L1;L2;S1;"this, that, and, the, other"\n1;2;3;"so\nlala"\n4;5;6;\n'), MINI)
        assert answers(survey) == [[1, 2, 3], [4, 5, 6]]
        assert survey.given.index.tolist() == [2, 3]  # rows as a spreadsheet counts them, not lines

    def test_names_that_are_not_those_of_the_items(self, file):
        path = file("q1;Q 2;S1\n1;2;3\n")
        assert answers(read_survey(path, MINI, rename={"q1": "L1", "Q 2": "L2"})) == [[1, 2, 3]]

    def test_case_and_blanks_in_column_names_do_not_matter(self, file):
        assert answers(read_survey(file("l1, L 2 ,s1\n1,2,3\n"), MINI)) == [[1, 2, 3]]

    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            ("\ufeff" + GOOD, None),
            ("\ufeff" + GOOD, "utf-8"),
            (GOOD.encode("utf-16"), None),
            (GOOD.encode("utf-16-be"), "utf-16-be"),
            (GOOD.replace("\n", "\r\n"), None),
            (GOOD.replace("\n", "\r"), None),
            (GOOD.rstrip("\n"), None),
            ("\n\n" + GOOD, None),
        ],
        ids=["mark", "mark with encoding", "utf-16", "utf-16-be", "windows", "old mac", "no last line", "blank lines"],
    )
    def test_marks_encodings_and_line_ends(self, file, content, encoding):
        survey = read_survey(file(content), MINI, {"id": "id"}, encoding=encoding)
        assert answers(survey) == [[1, 2, 3], [4, 5, 6]]
        assert survey.respondents["id"].tolist() == ["a", "b"]

    def test_latin_1_is_read_with_a_warning(self, file):
        path = file("id,L1,L2,S1\nJosé,1,2,3\n".encode("cp1252"))
        with pytest.warns(CxkitWarning) as warned:
            survey = read_survey(path, MINI, {"id": "id"})
        note = "a.csv is not UTF-8; it was read as Windows Latin-1 (encoding='cp1252'). Check names with accents."
        assert [str(w.message) for w in warned] == [note]
        assert survey.notes == (note,)
        assert survey.respondents["id"].tolist() == ["José"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read_survey(path, MINI, encoding="cp1252")

    def test_empty_rows_go_and_row_numbers_stay(self, file):
        survey = read_survey(file("id,L1,L2,S1\na,1,2,3\n,,,\n\nb,4,5,6\n"), MINI)
        assert survey.given.index.tolist() == [2, 5]

    def test_rows_that_stop_early_and_columns_without_a_name_are_noted(self, file):
        survey = read_survey(file("L1,L2,S1,\n1,2\n4\n1,2,3,x\n"), MINI)
        assert answers(survey) == [[1, 2, None], [4, None, None], [1, 2, 3]]
        assert survey.notes == (
            "2 rows stop early (rows 2, 3); the rest counts as empty.",
            "1 column without a name left out.",
        )

    def test_what_was_not_answered_by_whom(self, file):
        survey = read_survey(file("id,L1,L2,S1\na,,NA,n/a\nb,-,99,3\nc,nan,#N/A,.\n"), MINI)
        assert answers(survey) == [[None] * 3, [None, None, 3], [None] * 3]
        assert survey.notes == ("2 respondents answered no item.", "Nobody answered L1, L2.", "Columns not used: id.")

    def test_more_codes_for_no_answer(self, file):
        assert answers(read_survey(file("L1,L2,S1\n-1,0,3\n"), MINI, missing_codes=[0, -1])) == [[None, None, 3]]

    def test_decimal_commas_where_they_are_said(self, file):
        path = file("w;L1;L2;S1\n0,5;3,5;2;+1,25\n")
        survey = read_survey(path, instrument(low=1, high=7, continuous=True), {"weight": "w"}, decimal=",")
        assert answers(survey) == [[3.5, 2, 1.25]]
        assert survey.respondents["weight"].tolist() == [0.5]

    def test_decimal_points_on_a_whole_number_scale(self, file):
        assert answers(read_survey(file("L1,L2,S1\n1.0,2.,3e0\n"), MINI)) == [[1, 2, 3]]


class TestSingleItems:
    ONLY = instrument_from(
        {
            **ABOUT,
            "scale": {"low": 0, "high": 10},
            "single": [{"key": k, "text": f"{k}?", "measure": k.lower()} for k in ("NPS", "CSAT")],
        },
        where="single.toml",
    )

    def test_they_may_be_left_out(self, file):
        assert list(read_survey(file("NPS,L1,L2,S1\n10,1,2,3\n"), MINI).given) == ["L1", "L2", "S1", "NPS"]
        assert list(read_survey(file("CSAT\n10\n"), self.ONLY).given) == ["CSAT"]

    def test_but_not_all_of_them(self, file):
        assert refusal(file("a,b\n1,2\n"), asked=self.ONLY) == (
            "a.csv: 1 problem found.\n"
            "  2 of 2 items of 'mini' without a column.\n"
            "    NPS: no such column.\n"
            "    CSAT: no such column.\n"
            "    -> correct the names in the file, or say rename={'<column>': '<item>'}; not used yet: a, b."
        )


class TestAnswersInWords:
    def test_labels_alone_and_with_their_number(self, file):
        survey = read_survey(file("L1,L2,S1\nAgree,6 - Agree,AGREE \n6 (agree),6=Agree,strongly  agree\n"), MINI)
        assert answers(survey) == [[6, 6, 6], [6, 6, 7]]
        assert survey.notes == ("6 answers given as labels, read as their numbers.",)

    def test_a_number_with_the_label_of_another(self, file):
        assert "row 2, item L1: '5 - Agree'" in refusal(file("L1,L2,S1\n5 - Agree,1,1\n"))

    def test_a_label_counts_before_no_answer_does(self, file):
        often = instrument(low=0, high=2, labels={"0": "None", "1": "-", "2": "Many"})
        assert answers(read_survey(file("L1,L2,S1\nnone,-,NA\n"), often)) == [[0, 1, None]]

    def test_labels_without_letters(self, file):
        signs = instrument(low=1, high=3, labels={"1": "--", "2": "+", "3": "++"})
        assert answers(read_survey(file("L1,L2,S1\n++,+,--\n"), signs)) == [[3, 2, 1]]
        assert "row 2, item L1: '?'" in refusal(file("L1,L2,S1\n?,+,--\n"), asked=signs)

    def test_true_and_false_on_a_scale_of_zero_and_one(self, file):
        assert answers(read_survey(file("L1,L2,S1\nTRUE,False,1\n"), instrument(low=0, high=1))) == [[1, 0, 1]]

    def test_words_that_are_no_label(self, file):
        assert refusal(file("L1,L2,S1\nAgree,x,inf\n1,TRUE,Agre\n")) == (
            "a.csv: 1 problem found.\n"
            "  4 answers in words that are no label of 'mini'.\n"
            "    row 2, item L2: 'x'\n"
            "    row 3, item L2: 'TRUE'\n"
            "    row 2, item S1: 'inf'\n"
            "    row 3, item S1: 'Agre'\n"
            "    -> the labels are Strongly disagree, Disagree, Slightly disagree, Neither, Slightly agree, Agree, "
            "Strongly agree; if some mean \"no answer\", list them, as in missing_codes=['x', 'TRUE', 'inf', 'Agre']; "
            "otherwise correct the answers, or add [scale] labels to the instrument."
        )

    def test_words_where_the_scale_has_no_labels(self, file):
        assert refusal(file("L1,L2,S1\nAgree,1,1\n"), asked=PLAIN) == (
            "a.csv: 1 problem found.\n"
            "  1 answer in words that are no label of 'mini'.\n"
            "    row 2, item L1: 'Agree'\n"
            "    -> the answer scale has no labels; if 'Agree' means \"no answer\", say missing_codes=['Agree']; "
            "otherwise correct the answers, or add [scale] labels to the instrument."
        )


class TestNumbersThatAreNoAnswers:
    def test_off_the_scale(self, file):
        assert refusal(file("L1,L2,S1\n8,2,3\n1,0,8\n")) == (
            "a.csv: 1 problem found.\n"
            "  3 answers outside the scale of 'mini'.\n"
            "    row 2, item L1: 8 (scale 1-7)\n"
            "    row 3, item L2: 0 (scale 1-7)\n"
            "    row 3, item S1: 8 (scale 1-7)\n"
            "    -> was 1-7 the scale that people saw? If they could choose 0 or 8, correct low and high in the "
            'instrument; if 0, 8 mean "no answer", say missing_codes=[0, 8]; otherwise correct the answers in the file.'
        )
        assert 'if 9 means "no answer", say missing_codes=[9];' in refusal(file("L1,L2,S1\n9,2,3\n"))

    def test_more_than_five(self, file):
        content = "L1,L2,S1\n" + "".join(f"{value},{value},1\n" for value in range(10, 70, 10))
        assert refusal(file(content)) == (
            "a.csv: 1 problem found.\n"
            "  12 answers outside the scale of 'mini'.\n"
            "    row 2, item L1: 10 (scale 1-7)\n"
            "    row 3, item L1: 20 (scale 1-7)\n"
            "    row 4, item L1: 30 (scale 1-7)\n"
            "    row 5, item L1: 40 (scale 1-7)\n"
            "    row 6, item L1: 50 (scale 1-7)\n"
            "    and 7 more\n"
            "    -> they run from 10 to 60: does the instrument describe the scale that was used?"
        )

    def test_between_two_points(self, file):
        assert refusal(file("L1,L2,S1\n3.5,2,3\n")) == (
            "a.csv: 1 problem found.\n"
            "  1 answer between two points of the scale.\n"
            "    row 2, item L1: 3.5\n"
            "    -> the items take whole numbers; if these are averages, set continuous = true in the scale."
        )
        assert answers(read_survey(file("L1,L2,S1\n3.5,2,3\n"), instrument(low=1, high=7, continuous=True))) == [
            [3.5, 2, 3]
        ]

    def test_decimal_commas(self, file):
        assert refusal(file("L1;L2;S1\n3,5;2;-1,25\n")) == (
            "a.csv: 1 problem found.\n"
            "  2 answers with a decimal comma.\n"
            "    row 2, item L1: '3,5'\n"
            "    row 2, item S1: '-1,25'\n"
            "    -> read the file with decimal=','."
        )

    def test_codes_for_no_answer_that_are_none(self, file):
        wanted = 'must be a list of numbers or words, such as [99, "Don\'t know"].'
        message = f"a.csv: 1 problem found.\n  missing_codes={{}} {wanted}"
        for codes in (99, [""], True):
            assert refusal(file(GOOD), missing_codes=codes) == message.format(repr(codes))


class TestFilesThatAreNone:
    def test_missing_with_the_nearest_name(self, file):
        file(GOOD, "culture_2024.csv")
        path = file(GOOD, "notes.doc").with_name("culture2024.csv")
        assert refusal(path) == "There is no file culture2024.csv. Did you mean 'culture_2024.csv'?"

    def test_missing_with_its_folder(self, tmp_path):
        with pytest.raises(SurveyError) as refused:
            read_survey(tmp_path / "no" / "a.csv", MINI)
        assert str(refused.value) == (
            f"There is no file {tmp_path}/no/a.csv: the folder {tmp_path}/no does not exist either."
        )

    def test_a_folder(self, tmp_path):
        (tmp_path / "data").mkdir()
        assert refusal(tmp_path / "data") == "data is a folder, not a file. Name the file in it."

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "a.csv is empty (0 bytes). Export the survey again."),
            (" \n\t\n  ", "a.csv holds nothing but white space. Export the survey again."),
            (",,\n,,\n", "a.csv has no filled cells. Export the survey again."),
            ("id,L1,L2,S1\n", "a.csv has column names but no answers: nothing stands below row 1."),
            (
                b"PK\x03\x04\x00\x00\xff",
                "a.csv is not a text file: it holds zero bytes. It is a packed folder (zip): unpack it first. "
                "If it is an Excel file, give it its ending .xlsx.",
            ),
            (
                GOOD.encode("utf-16-le"),
                "a.csv is UTF-16 without a mark at its beginning: say encoding='utf-16-le'.",
            ),
            (
                'id,L1,L2,S1\na,1,2,3\n"b,4,5,6\nc,1,2,3\n',
                "a.csv: a quotation mark in row 3 is opened and never closed, so that all that follows would be one "
                "cell. Close or delete it.",
            ),
            (
                f"id,L1,L2,S1\n{'x' * 140_000},1,2,3\n",
                "a.csv cannot be read as csv: field larger than field limit (131072).",
            ),
        ],
        ids=["empty", "white space", "no cells", "header only", "zip", "utf-16", "quotation mark", "endless cell"],
    )
    def test_no_table(self, file, content, message):
        assert refusal(file(content)) == message

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"delimiter": ";"}, "a.csv is not separated by semicolons, but by commas. Leave delimiter out, or say "
                                 "delimiter=','."),
            ({"delimiter": "#"}, "a.csv is not separated by the character '#', but by commas. Leave delimiter out, or "
                                 "say delimiter=','."),
            ({"delimiter": ",,"}, "delimiter=',,' must be one character, neither a quotation mark nor the end of a "
                                  "line."),
            ({"delimiter": "\n"}, "delimiter='\\n' must be one character, neither a quotation mark nor the end of a "
                                  "line."),
            ({"encoding": "klingon"}, "'klingon' is not an encoding; 'utf-8' and 'cp1252' are the usual ones."),
            ({"encoding": "utf-16"}, "a.csv is not utf-16: byte 0x0a in line 3. Leave encoding out, or save the file "
                                     "as UTF-8."),
            ({"header_row": 0}, "header_row=0 must be a row of the file; the first is 1."),
            ({"header_row": 9}, "a.csv has 3 rows; header_row=9 is beyond them."),
        ],
    )  # fmt: skip
    def test_the_file_is_written_otherwise_than_said(self, file, options, message):
        assert refusal(file("id,L1,L2,S1\na,1,2,3\nbb,4,5,6\n"), **options) == message

    def test_one_column(self, file):
        assert refusal(file("id:L1:L2:S1\na:1:2:3\n")) == (
            "a.csv: 1 problem found.\n"
            "  There is only one column: 'id:L1:L2:S1'.\n"
            "    -> the first row must name the items, one a column; for columns separated otherwise than by comma, "
            "semicolon, tab or bar say delimiter='...'."
        )

    @pytest.mark.parametrize("name", ["a.doc", "a.json", "a.pdf"])
    def test_other_kinds_of_file(self, file, name):
        kind = name[1:]
        assert refusal(file(GOOD, name)) == (
            f"{name}: files of type '{kind}' cannot be read, only csv, tsv, txt, xlsx, xlsm, ods, xls, xlsb, sav, "
            "zsav, por and dta. Save it as .csv or .xlsx."
        )

    def test_a_file_that_may_not_be_opened(self, file, monkeypatch):
        path = file(GOOD)

        def refuse(_: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert refusal(path) == "a.csv cannot be opened: Permission denied."


class TestColumns:
    def test_unknown_names_with_the_nearest(self, file):
        assert refusal(file("id,Loyal1,L_2,S1\na,1,1,1\n"), {"id": "id"}) == (
            "a.csv: 1 problem found.\n"
            "  2 of 3 items of 'mini' without a column.\n"
            "    L1: no such column.\n"
            "    L2: no such column. Did you mean 'L_2'?\n"
            "    -> correct the names in the file, or say rename={'<column>': '<item>'}; not used yet: Loyal1, L_2."
        )

    def test_many_unused_columns_are_not_all_listed(self, file):
        names = [f"c{i}" for i in range(20)]
        message = refusal(file(",".join(names) + "\n" + ",".join("1" * 20) + "\n"))
        assert message.endswith("not used yet: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, ....")

    def test_names_used_twice_are_refused_where_an_item_needs_one(self, file):
        assert answers(read_survey(file("id,L1,L2,S1,Note,Note\na,1,2,3,,\n"), MINI)) == [[1, 2, 3]]
        assert refusal(file("id,L1,L1,L2,S1\na,1,1,1,1\n")) == (
            "a.csv: 1 problem found.\n"
            "  Item L1 could be the columns 'L1 (column 2)' and 'L1 (column 3)'.\n"
            "    -> rename all but one of them in the file, or say which in the instrument: "
            "column = 'L1 (column 2)' in L1."
        )
        assert "The unit should stand in the column 'Note'" in refusal(
            file("id,L1,L2,S1,Note,Note\na,1,2,3,,\n"), {"unit": "Note"}
        )

    def test_two_columns_for_one_item(self, file):
        assert refusal(file("L1,L 1,L2,S1\n1,1,1,1\n")) == (
            "a.csv: 1 problem found.\n"
            "  Item L1 could be the columns 'L1' and 'L 1'.\n"
            "    -> rename all but one of them in the file, or say which in the instrument: column = 'L1' in L1."
        )

    def test_renaming_to_a_name_in_use_or_from_one_that_is_not_there(self, file):
        assert refusal(file(GOOD), rename={"id": "L1"}) == (
            "a.csv: 1 problem found.\n"
            "  rename gives 1 name to more than one column.\n"
            "    'L1'\n"
            "    -> every column needs a name of its own."
        )
        assert refusal(file(GOOD), rename={"l22": "L2"}) == (
            "a.csv: 1 problem found.\n  rename: there is no column 'l22'. Did you mean 'L2'?"
        )

    def test_rows_longer_than_the_header(self, file):
        assert refusal(file("id,L1,L2,S1\na,1,2,3,4\nb,4,5,6,\nc,1,2,3,,5\n")) == (
            "a.csv: 1 problem found.\n"
            "  2 rows with more cells than the header has names (4).\n"
            "    row 2: 5 cells\n"
            "    row 4: 6 cells\n"
            "    -> a cell probably holds the delimiter without quotation marks round it."
        )

    def test_a_title_above_the_names(self, file):
        path = file("Survey of 2024\n\nid;L1;L2;S1\na;1;2;3\n")
        assert refusal(path) == (
            "a.csv: 1 problem found.\n"
            "  The item names stand in row 3, not in row 1: that is a title.\n"
            "    -> delete the rows above the item names, or read the file with header_row=3."
        )
        assert answers(read_survey(path, MINI, header_row=3)) == [[1, 2, 3]]


class TestRespondents:
    FORM = (
        "it takes a column name, or a table with column and, as needed, order (a list of different names) and labels "
        "(codes to names)."
    )
    FILE = "Pers,Job,Where,Wave 1,W,L1,L2,S1\n1,2,Team 10,1,0.5,1,2,3\n2,1,Team 9,1,2,4,5,6\n1,1,,2,1,1,1,1\n"

    def test_roles_get_their_types(self, file):
        roles = {"id": "Pers", "unit": "Where", "wave": "Wave 1", "weight": "W"}
        job = {"column": "Job", "order": ["Staff", "Head"], "labels": {1: "Staff", 2: "Head"}}
        survey = read_survey(file(self.FILE), MINI, {**roles, "level": job})
        people = survey.respondents
        assert people["id"].tolist() == ["1", "2", "1"]
        assert people["unit"].cat.categories.tolist() == ["Team 9", "Team 10"]
        assert not people["unit"].cat.ordered
        assert people["unit"].isna().tolist() == [False, False, True]
        assert people["wave"].cat.ordered
        assert people["level"].cat.ordered
        assert people["level"].astype("str").tolist() == ["Head", "Staff", "Staff"]
        assert people["level"].cat.categories.tolist() == ["Staff", "Head"]
        assert people["weight"].tolist() == [0.5, 2, 1]
        assert survey.notes == ()

    def test_not_stated(self, file):
        path = file("u,L1,L2,S1\nNA,1,2,3\nn/a,1,2,3\nEU,1,1,1\n")
        assert read_survey(path, MINI, {"unit": "u"}).respondents["unit"].isna().tolist() == [True, True, False]
        america = {"column": "u", "labels": {"NA": "North America", "EU": "Europe"}}
        named = read_survey(path, MINI, {"unit": america}).respondents["unit"]
        assert named.astype(object).where(named.notna(), None).tolist() == ["North America", None, "Europe"]

    def test_roles_and_columns_that_do_not_exist(self, file):
        assert refusal(file(self.FILE), {"lvl": "Job", "unit": "wheree", "level": {"col": "Job"}, "wave": 3}) == (
            "a.csv: 4 problems found.\n"
            "  'lvl' is not a respondent attribute. Did you mean 'level'?\n"
            "  The unit should stand in the column 'wheree'. Did you mean 'Where'?\n"
            f"  The level is described by {{'col': 'Job'}}; {self.FORM}\n"
            f"  The wave is described by 3; {self.FORM}"
        )
        assert refusal(file(GOOD), "id") == (
            "a.csv: 1 problem found.\n"
            "  respondent='id' must name a column for each role, such as {'level': 'Job level'}."
        )

    @pytest.mark.parametrize("wrong", [{"order": "ab"}, {"order": ["1", 1]}, {"labels": ["a"]}, {"column": 3}])
    def test_descriptions_of_the_wrong_form(self, file, wrong):
        assert self.FORM in refusal(file(self.FILE), {"level": {"column": "Job", **wrong}})

    def test_an_item_cannot_be_a_role(self, file):
        assert refusal(file(GOOD), {"level": "L1"}) == (
            "a.csv: 1 problem found.\n  The column 'L1' holds item L1; it cannot describe the respondents as well."
        )

    def test_values_without_a_label_or_outside_the_order(self, file):
        level = {"column": "Job", "labels": {"1": "Staff"}}
        unit = {"column": "Where", "order": ["Team 10"]}
        assert refusal(file(self.FILE), {"level": level, "unit": unit}) == (
            "a.csv: 2 problems found.\n"
            "  1 value of the level in column 'Job' without a label.\n"
            "    row 2: 2\n"
            "    -> add them to the labels of the level.\n"
            "  1 value of the unit in column 'Where' outside its order.\n"
            "    row 3: Team 9\n"
            "    -> the order names Team 10; name every value there."
        )

    def test_weights_that_are_none(self, file):
        message = "a.csv: 1 problem found.\n  column 'w': A weight must be a positive number; {}."
        for cells, found, *remedy in [
            (["1", "0", "x"], "2 cells are not, the first in row 3: '0'"),
            (["1", "", "2"], "1 cell is not, the first in row 3: empty"),
            (
                ["0,5", "1", "2"],
                "1 cell is not, the first in row 2: '0,5'",
                "read the file with decimal=',' (`--read decimal=,`).",
            ),
            (["inf", "-1", "nan"], "3 cells are not, the first in row 2: 'inf'"),
        ]:
            content = "w;L1;L2;S1\n" + "".join(f"{cell};1;1;1\n" for cell in cells)
            assert refusal(file(content), {"weight": "w"}) == "\n    -> ".join([message.format(found), *remedy])

    def test_respondents_who_answer_twice(self, file):
        assert refusal(file(self.FILE), {"id": "Pers"}) == (
            "a.csv: 1 problem found.\n"
            "  1 row of respondents who have answered before.\n"
            "    row 4: respondent 1, first seen in row 2\n"
            "    -> keep one row a respondent; name the wave if people answered several times."
        )
        assert read_survey(file(self.FILE), MINI, {"id": "Pers", "wave": "Wave 1"}).n == 3

    def test_respondents_who_answer_twice_in_a_wave(self, file):
        assert refusal(file("id,w,L1,L2,S1\na,1,1,1,1\na,2,1,1,1\na,2,1,1,1\n"), {"id": "id", "wave": "w"}) == (
            "a.csv: 1 problem found.\n"
            "  1 row of respondents who have answered before in the same wave.\n"
            "    row 4: respondent a, first seen in row 3\n"
            "    -> keep one row a respondent and wave."
        )

    def test_respondents_without_an_id_are_not_the_same_person(self, file):
        assert read_survey(file("id,L1,L2,S1\n,1,1,1\n,1,1,1\nNA,1,1,1\n"), MINI, {"id": "id"}).n == 3


def test_everything_at_once(file):
    path = file("id;lev;L1;L 1;L_2;S1\na;1;9;1;1;x\na;2;1;1;1;2,5\n")
    assert refusal(path, {"id": "id", "level": {"column": "lev", "order": ["1"]}, "team": "unit"}) == (
        "a.csv: 7 problems found.\n"
        "  'team' is not a respondent attribute. Known: id, level, function, unit, organisation, wave, weight.\n"
        "  Item L1 could be the columns 'L1' and 'L 1'.\n"
        "    -> rename all but one of them in the file, or say which in the instrument: column = 'L1' in L1.\n"
        "  1 of 3 items of 'mini' without a column.\n"
        "    L2: no such column. Did you mean 'L_2'?\n"
        "    -> correct the names in the file, or say rename={'<column>': '<item>'}; not used yet: L1, L 1, L_2.\n"
        "  1 answer in words that are no label of 'mini'.\n"
        "    row 2, item S1: 'x'\n"
        "    -> the labels are Strongly disagree, Disagree, Slightly disagree, Neither, Slightly agree, Agree, "
        "Strongly agree; if 'x' means \"no answer\", say missing_codes=['x']; otherwise correct the answers, or add "
        "[scale] labels to the instrument.\n"
        "  1 answer with a decimal comma.\n"
        "    row 3, item S1: '2,5'\n"
        "    -> read the file with decimal=','.\n"
        "  1 value of the level in column 'lev' outside its order.\n"
        "    row 3: 2\n"
        "    -> the order names 1; name every value there.\n"
        "  1 row of respondents who have answered before.\n"
        "    row 3: respondent a, first seen in row 2\n"
        "    -> keep one row a respondent; name the wave if people answered several times."
    )


class TestExcel:
    ROWS = (["id", "L1", "L2", "S1"], ["a", 1, 2.0, "3"], [None] * 4, ["b", "Agree", None, 6])

    def test_numbers_text_and_gaps(self, workbook):
        survey = read_survey(workbook(self.ROWS), MINI, {"id": "id"})
        assert answers(survey) == [[1, 2, 3], [6, None, 6]]
        assert survey.given.index.tolist() == [2, 4]
        assert survey.notes == ("1 answer given as labels, read as their numbers.",)

    def test_long_numbers_as_names(self, workbook):
        rows = [["id", "L1", "L2", "S1"], [123456789012, 1, 1, 1], [0.1, 1, 1, 1], ["007", 1, 1, 1], [7.0, 1, 1, 1]]
        with pytest.warns(CxkitWarning, match=r"One id is written in more than one way \(rows 4, 5\)"):
            people = read_survey(workbook(rows), MINI, {"id": "id"}).respondents
        assert people["id"].tolist() == ["123456789012", "0.1", "007", "7"]

    def test_a_merged_band_above_the_names(self, workbook):
        rows = [["You", "Our culture", None, None], *self.ROWS]
        path = workbook(rows, merge="B1:D1")
        assert refusal(path) == (
            "a.xlsx: 1 problem found.\n"
            "  The item names stand in row 2, not in row 1: that is a title with 2 empty or merged cells.\n"
            "    -> delete the rows above the item names, or read the file with header_row=2."
        )
        survey = read_survey(path, MINI, {"id": "id"}, header_row=2)
        assert survey.given.index.tolist() == [3, 5]

    def test_sheets(self, workbook):
        path = workbook(self.ROWS, [["L1", "L2", "S1"], [7, 7, 7]])
        assert read_survey(path, MINI).notes[0] == (
            "Read from sheet 'Sheet1', one of 2. Say sheet='Sheet2' to read another."
        )
        assert read_survey(path, MINI, sheet="Sheet2").notes[0] == "Read from sheet 'Sheet2', one of 2."
        assert answers(read_survey(path, MINI, sheet="Sheet2")) == [[7, 7, 7]]
        assert answers(read_survey(path, MINI, sheet=1)) == [[7, 7, 7]]
        assert refusal(path, sheet="Sheet 2") == "a.xlsx has no sheet 'Sheet 2'. Did you mean 'Sheet2'?"
        assert refusal(path, sheet=2) == "a.xlsx has 2 sheets; there is no sheet=2 (the first is 0)."

    def test_answers_in_another_sheet(self, workbook):
        assert refusal(workbook([["Read me"]], self.ROWS)) == (
            "a.xlsx: the item names stand in sheet 'Sheet2', not in the first sheet 'Sheet1'. "
            "Read the file with sheet='Sheet2'."
        )

    def test_an_empty_sheet(self, workbook):
        assert refusal(workbook([[]])) == "a.xlsx has no filled cells in sheet 'Sheet1'."
        assert refusal(workbook([[" "]], self.ROWS), sheet=0) == (
            "a.xlsx has no filled cells in sheet 'Sheet1'. Other sheets: Sheet2."
        )

    def test_truth_values_are_no_answers_on_a_scale_of_seven(self, workbook):
        path = workbook([["L1", "L2", "S1"], [True, 1, 1]])
        assert "row 2, item L1: 'TRUE'" in refusal(path)
        assert answers(read_survey(path, instrument(low=0, high=1))) == [[1, 1, 1]]

    def test_answers_that_became_dates(self, workbook):
        day = datetime.datetime(2024, 5, 3)
        assert refusal(workbook([["L1", "L2", "S1"], [day, 1, 1], [day.replace(hour=9), 1, 1]])) == (
            "a.xlsx: 1 problem found.\n"
            "  2 dates where an answer should be.\n"
            "    row 2, item L1: '2024-05-03'\n"
            "    row 3, item L1: '2024-05-03 09:00:00'\n"
            "    -> spreadsheets turn entries such as 3-5 into dates; type them again in cells of the format 'text'."
        )

    def test_dates_may_name_a_wave(self, workbook):
        path = workbook([["When", "L1", "L2", "S1"], [datetime.datetime(2024, 5, 3), 1, 1, 1]])
        assert read_survey(path, MINI, {"wave": "When"}).respondents["wave"].tolist() == ["2024-05-03"]

    def test_formulas_without_a_result(self, workbook):
        assert refusal(workbook([["L1", "L2", "S1"], ["=1+1", 1, 1], [1, "=B2", 1]])) == (
            "a.xlsx: 1 problem found.\n"
            "  2 formulas saved without a result.\n"
            "    cell A2\n"
            "    cell B3\n"
            "    -> open the file in Excel and save it again, or put values in place of the formulas."
        )

    def test_formulas_with_a_result(self, workbook, tmp_path):
        path = workbook([["L1", "L2", "S1"], ["=1+1", 1, 1]])
        calculated = tmp_path / "b.xlsx"
        with ZipFile(path) as old, ZipFile(calculated, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, re.sub(rb"<f>1\+1</f><v ?/?>(</v>)?", b"<f>1+1</f><v>2</v>", content))
        assert answers(read_survey(calculated, MINI)) == [[2, 1, 1]]

    def test_errors_of_formulas(self, workbook):
        assert "row 2, item L1: '#DIV/0!'" in refusal(workbook([["L1", "L2", "S1"], ["#DIV/0!", 1, 1]]))

    def test_no_excel_file(self, file, workbook):
        assert refusal(file(GOOD, "a.xlsx")) == (
            "a.xlsx is not an Excel file, whatever its ending. It is a text file: give it the ending .csv."
        )
        assert refusal(file(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx")) == (
            "a.xlsx is protected with a password or is an old .xls file. Open it in Excel and save it as .xlsx without "
            "a password."
        )
        whole = workbook(self.ROWS, name="b.xlsx").read_bytes()
        assert refusal(file(whole[: len(whole) // 2], "c.xlsx")) == (
            "c.xlsx is not an Excel file, whatever its ending. Save it again as .xlsx."
        )

    def test_a_damaged_sheet(self, workbook, tmp_path):
        path = workbook(self.ROWS)
        damaged = tmp_path / "b.xlsx"
        with ZipFile(path) as old, ZipFile(damaged, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
        assert refusal(damaged) == "b.xlsx: sheet 'Sheet1' is damaged. Open it in Excel and save it again."

    def test_the_size_that_a_sheet_claims_does_not_matter(self, workbook, tmp_path):
        path = workbook(self.ROWS)
        small = tmp_path / "b.xlsx"
        with ZipFile(path) as old, ZipFile(small, "w") as new:
            for name in old.namelist():
                new.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', old.read(name)))
        assert answers(read_survey(small, MINI)) == [[1, 2, 3], [6, None, 6]]


def test_csv_and_excel_give_the_same_survey(file, workbook):
    rng = np.random.default_rng(20240503)
    frame = pd.DataFrame(rng.integers(1, 8, (50, 3)).astype(float), columns=["L1", "L2", "S1"])
    frame = frame.mask(rng.random((50, 3)) < 0.1)
    rows = [list(frame), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]
    text = read_survey(file(frame.to_csv(index=False, na_rep="NA")), MINI)
    sheet = read_survey(workbook(rows), MINI)
    pd.testing.assert_frame_equal(text.given, sheet.given)
    assert text.hash == sheet.hash
