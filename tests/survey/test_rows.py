"""Every row of a file is accounted for: no respondent is lost, invented or split without a line that says so."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxkit.errors import CxkitWarning, SurveyError
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.reading import read_survey
from cxkit.survey.survey import Survey

EXPORTS = Path(__file__).parent / "exports"
ABOUT = {"name": "m", "title": "M", "citation": "us", "licence": "CC0"}
TEXTS = [
    "My order arrives when promised.", "Staff know the answer to my question.", "I often have to ask twice.",
    "Problems are solved at the first call.", "I would choose this shop again.", "I tell friends about this shop.",
    "I look at this shop first.", "I would miss this shop.",
]  # fmt: skip
WORDS = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"]
ITEMS = [f"i{n}" for n in range(1, 9)]
TRUTH = pd.read_csv(EXPORTS / "truth.csv")


def instrument(labels: list[str] | None = None, items: int = 8, **scale: object) -> Instrument:
    words = {str(n): word for n, word in enumerate(labels or [], start=1)}
    keys = [{"key": f"i{n}", "text": TEXTS[n - 1]} for n in range(1, items + 1)]
    return instrument_from(
        {
            **ABOUT,
            "scale": {"low": 1, "high": 5, "labels": words, **scale},
            "dimension": [{"key": "d", "title": "D", "items": keys}],
        },
        where="m.toml",
    )


PLAIN = instrument()


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, asked: Instrument = PLAIN, *arguments: object, **options: object) -> Survey:
    survey = read_survey(path, asked, *arguments, **options)
    assert survey.ledger.accounted == survey.ledger.rows
    assert survey.ledger.respondents == survey.n
    return survey


CODED = [f"A{n}" for n in range(1, 6)]
LIME = dict(zip([f"G{g}Q1[SQ00{n}]" for g in (1, 2) for n in (1, 2, 3, 4)], ITEMS, strict=True))
QUALTRICS = dict(zip([f"Q{g}_{n}" for g in (3, 4) for n in (1, 2, 3, 4)], ITEMS, strict=True))


class TestExports:
    """The same 60 answers out of every system; who is no respondent is left out and counted."""

    @pytest.mark.parametrize(
        ("file", "labels", "rename", "left_out"),
        [
            ("qualtrics_values.csv", None, QUALTRICS, ["2 preview or test answers", "1 unfinished response"]),
            ("qualtrics_labels.csv", WORDS, QUALTRICS, ["2 preview or test answers", "1 unfinished response"]),
            ("limesurvey_codes.csv", CODED, LIME, ["1 unfinished response"]),
            ("european_cp1252.csv", None, dict(zip([f"F{n}" for n in range(1, 9)], ITEMS, strict=True)), []),
        ],
    )
    def test_the_answers_are_the_truth(self, file, labels, rename, left_out):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CxkitWarning)
            survey = read(EXPORTS / file, instrument(labels), rename=rename)
        pd.testing.assert_frame_equal(survey.given.reset_index(drop=True), TRUTH.astype("float64"), check_names=False)
        assert [entry.text.partition(" left out")[0] for entry in survey.ledger.left_out] == left_out

    def test_code_and_text_of_limesurvey(self):
        names = pd.read_csv(EXPORTS / "limesurvey_code_and_text.csv", nrows=0).columns
        rename = {name: LIME[name.partition(".")[0]] for name in names if name.partition(".")[0] in LIME}
        survey = read(EXPORTS / "limesurvey_code_and_text.csv", instrument(WORDS), rename=rename)
        assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
        assert "1 unfinished response left out (row 62: submitdate. Date submitted is empty), 60 respondents." in (
            survey.ledger.text
        )

    def test_microsoft_forms(self):
        columns = {f"{TEXTS[0]}": "i1", **dict(zip(TEXTS[1:], ITEMS[1:], strict=True))}
        survey = read(EXPORTS / "microsoft_forms.xlsx", instrument(WORDS), rename=columns)
        assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)

    def test_unfinished_responses_are_kept_on_request_and_said(self):
        path = EXPORTS / "qualtrics_values.csv"
        survey = read(path, rename=QUALTRICS, unfinished="keep")
        assert survey.n == 61
        assert survey.ledger.text.startswith(
            "qualtrics_values.csv has 66 rows: 3 header rows, 2 preview or test answers left out (rows 4, 5: Status), "
            "61 respondents."
        )
        assert survey.notes[1] == "1 unfinished response kept (row 6: Finished does not say yes)."
        with pytest.raises(SurveyError, match="unfinished='kept' must be 'drop' or 'keep'. Did you mean 'keep'?"):
            read(path, rename=QUALTRICS, unfinished="kept")


class TestWhoIsNoRespondent:
    ONE = instrument(items=1)

    def rows(self, tmp_path, content: str, *arguments: object, **options: object) -> list[int]:
        return read(write(tmp_path, content), self.ONE, *arguments, **options).given.index.tolist()

    def test_columns_of_the_system(self, tmp_path):
        assert self.rows(tmp_path, "Status,Finished,i1\n0,1,5\n1,1,5\n8,1,5\n0,0,5\n16,True,4\n") == [2, 6]
        assert self.rows(tmp_path, "Status,i1\nIP Address,5\nSurvey Preview,5\n") == [2]
        assert self.rows(tmp_path, "Progress,i1\n100,5\n38,5\n") == [2]
        assert self.rows(tmp_path, "submitdate,i1\n2026-03-01,5\n,5\n") == [2]
        assert self.rows(tmp_path, "FINISHED,i1\n1,5\n0,5\n") == [2]

    def test_columns_of_the_study(self, tmp_path):
        assert self.rows(tmp_path, "Status,i1\n1,5\n2,5\n") == [2, 3]  # such as employment: 1 full time, 2 part time
        assert self.rows(tmp_path, "Progress,i1\n12,5\n38,5\n") == [2, 3]
        assert self.rows(tmp_path, "Finished,i1\nschool,5\ncollege,5\n") == [2, 3]
        assert self.rows(tmp_path, "Finished,i1\n1,5\n0,5\n", {"unit": "Finished"}) == [2, 3]

    def test_a_status_that_nobody_knows_counts_and_is_said(self, tmp_path):
        survey = read(write(tmp_path, "Status,Finished,i1\n0,1,5\nAperçu,1,5\n"), self.ONE)
        assert "Status says 'aperçu' in 1 row; these count as respondents." in survey.notes

    def test_nobody_left(self, tmp_path):
        with pytest.raises(SurveyError, match="No respondent is left: 2 unfinished responses left out"):
            read(write(tmp_path, "Finished,i1\nFalse,5\nFalse,5\n"), self.ONE)


class TestFootRows:
    BODY = "id,i1,i2\na,1,2\nb,5,4\nc,3,4\n"
    TWO = instrument(items=2)

    @pytest.mark.parametrize("foot", ["Mean,3,3.33\n", "Average,3.0,3.3\n,,\nSD,2,1.155\n", ",3,3.333\n", "N,3,3\n"])
    def test_they_are_left_out_and_said(self, tmp_path, foot):
        survey = read(write(tmp_path, self.BODY + foot), self.TWO)
        assert survey.given.to_numpy().tolist() == [[1, 2], [5, 4], [3, 4]]
        assert "foot row" in survey.ledger.text

    def test_means_of_answers_in_words(self, tmp_path):
        body = "id,i1,i2\na,Disagree,Agree\nb,Agree,Disagree\nc,Agree,Agree\n"
        assert read(write(tmp_path, f"{body}Mittelwert,3.33,3.33\n"), instrument(WORDS, items=2)).n == 3

    def test_with_decimal_commas(self, tmp_path):
        content = (self.BODY + "Mittelwert,3;3,33\n").replace("Mittelwert,", "Mittelwert;")
        content = content.replace("a,1,2", "a;1;2").replace("b,5,4", "b;5;4").replace("c,3,4", "c;3;4")
        assert read(write(tmp_path, content.replace("id,i1,i2", "id;i1;i2")), self.TWO, decimal=",").n == 3

    def test_respondents_are_none(self, tmp_path):
        """Neither three neutral answers nor a unit of that name; a row that only begins so is said."""
        assert read(write(tmp_path, self.BODY + "d,3,3\n"), self.TWO).n == 4
        assert read(write(tmp_path, "unit,i1,i2\nTotal,1,2\nTotal,3,4\nTotal,2,3\n"), self.TWO).n == 3
        with pytest.warns(CxkitWarning, match="Row 5 begins with 'Total' and counts as a respondent"):
            survey = read(write(tmp_path, self.BODY + "Total,5,5\n"), self.TWO)
        assert survey.n == 4
        assert survey.notes[0] == "Row 5 begins with 'Total' and counts as a respondent."

    MANY = "id,i1,i2,unit\n" + "".join(f"R_{n:03},{n % 5 + 1},{n % 4 + 2},Sales\n" for n in range(20))

    @pytest.mark.parametrize(
        "foot",
        [
            "Average score,3,4,\n", "Ø,3.0,3.5,\n", "SD,1,1,\n", "Minimum,1,2,\nMaximum,5,5,\n",
            "Durchschnittswert,3,4,\n", "Średnia,3,3.5,\n", "n = 20\n", "Exported 2026 by tool\n", ",3,4,\n",
            "\n\nHøyeste,5,5,\n",
        ],
    )  # fmt: skip
    def test_a_row_that_stands_apart_and_sums_up_is_none_whatever_its_word(self, tmp_path, foot):
        survey = read(write(tmp_path, self.MANY + foot), self.TWO, {"id": "id", "unit": "unit"})
        assert survey.n == 20
        assert "foot row" in survey.ledger.text

    @pytest.mark.parametrize("foot", ["Top box,1,4,\n", "Benchmark,4,5,\n", "Cél,2,5,\n", ",1,5,\n"])
    def test_a_row_that_only_stands_apart_counts_and_is_said(self, tmp_path, foot):
        with pytest.warns(CxkitWarning, match="Row 22 begins with '.*' and counts as a respondent. If it sums up"):
            assert read(write(tmp_path, self.MANY + foot), self.TWO, {"id": "id", "unit": "unit"}).n == 21

    @pytest.mark.parametrize("foot", ["Total,90,91,\n", "Moyenne,2.2,4.1,\n", "Ziel,4.5,4.5,\n"])
    def test_numbers_that_nobody_can_answer_are_refused_as_a_foot(self, tmp_path, foot):
        with pytest.raises(SurveyError, match="1 row at the end that no respondent can have given") as refused:
            read(write(tmp_path, self.MANY + foot), self.TWO, {"id": "id", "unit": "unit"})
        assert "continuous" not in str(refused.value)

    def test_in_the_column_of_the_department(self, tmp_path):
        body = "".join(f"{n % 5 + 1},{n % 4 + 2},{'Sales' if n % 2 else 'Law'}\n" for n in range(20))
        survey = read(write(tmp_path, f"i1,i2,unit\n{body}3,4,Average\n"), self.TWO, {"unit": "unit"})
        assert survey.n == 20

    def test_respondents_with_longer_numbers_or_no_department_stay(self, tmp_path):
        for row in ("R_1000,3,4,Sales\n", "R_1000,3,4,\n", "R_20,1,5,Sales\n"):
            assert read(write(tmp_path, self.MANY + row), self.TWO, {"id": "id", "unit": "unit"}).n == 21

    def test_weights_are_no_names(self, tmp_path):
        body = "".join(f"{n / 8 + 0.0625},{n % 5 + 1},{n % 4 + 2}\n" for n in range(20))
        assert read(write(tmp_path, f"w,i1,i2\n{body}2,3,4\n"), self.TWO, {"weight": "w"}).n == 21
        assert read(write(tmp_path, f"score,i1,i2\n{body}2,3,4\n"), self.TWO).n == 21

    def test_averages_on_a_continuous_scale(self, tmp_path):
        asked = instrument(items=2, continuous=True)
        body = "i1,i2\n1.25,2.5\n2.75,3.1\n4.1,2.2\n"
        assert read(write(tmp_path, f"{body}2.70,2.60\n"), asked).n == 3
        assert read(write(tmp_path, f"{body}2.71,2.60\n"), asked).n == 4


class TestQuotationMarks:
    BODY = "id,i1,i2,note\n" + "".join(f"{n},{n % 5 + 1},{n % 3 + 1},fine\n" for n in range(1, 21))
    TWO = instrument(items=2)

    def refusal(self, tmp_path, content: str) -> str:
        with pytest.raises(SurveyError) as refused:
            read(write(tmp_path, content), self.TWO)
        return str(refused.value)

    def test_rows_swallowed_by_a_pair_are_named(self, tmp_path):
        content = self.BODY.replace("3,4,1,fine", '3,4,1,"fine').replace("9,5,1,fine", '9,5,1,fine"')
        assert self.refusal(tmp_path, content) == (
            "a.csv: 1 problem found.\n"
            "  1 row in which quotation marks take other rows into a cell.\n"
            "    row 4, from line 4 to 10: 6 rows inside\n"
            "    -> delete the stray quotation mark there, or double it within a text."
        )

    def test_in_the_middle_of_a_row(self, tmp_path):
        content = self.BODY.replace("\n3,4,1,fine", '\n"3,4,1,fine').replace("\n4,5,2,fine", '\n4",5,2,fine')
        assert "row 4, from line 4 to 5: 1 row inside" in self.refusal(tmp_path, content)

    def test_comments_of_several_lines_stay(self, tmp_path):
        content = self.BODY.replace("3,4,1,fine", '3,4,1,"fine,\nbut, see, below\n\nbye"')
        survey = read(write(tmp_path, content), self.TWO)
        assert survey.n == 20
        assert survey.notes[0] == "1 row goes over several lines of the file (row 4)."

    def test_cells_that_they_join(self, tmp_path):
        """The answers would move one column to the left."""
        content = self.BODY.replace("note", "note,place").replace("fine", "fine,here")
        assert "row 4: " in self.refusal(tmp_path, content.replace("3,4,1,fine,here", '3,4,1,"fine,here"'))

    def test_a_row_broken_in_two(self, tmp_path):
        content = self.BODY.replace("note", "note,place").replace("fine", "fine,here")
        assert "rows 4 and 5" in self.refusal(tmp_path, content.replace("3,4,1,fine", "3,4,1,fi\nne"))

    def test_a_file_that_was_cut_off(self, tmp_path):
        cut = self.BODY[: self.BODY.index("15,1") + 4]
        assert self.refusal(tmp_path, cut) == (
            "a.csv: 1 problem found.\n"
            "  The file ends in row 16 after 2 of 4 cells, without the end of a line: it was cut off.\n"
            "    -> export or copy it again; if it is whole, end its last line."
        )
        with pytest.warns(CxkitWarning, match="its last cell 'fi' is the beginning of 'fine' above"):
            survey = read(write(tmp_path, self.BODY[:-3]), self.TWO)
        assert "was the file cut off?" in survey.ledger.text


class TestStrayBytes:
    BODY = "unit,i1\n" + "".join(f"{unit},{n}\n" for n, unit in enumerate(["Müller", "Süß", "Müller", "Süß"], start=1))
    ONE = instrument(items=1)

    def test_one_stray_byte_is_named_and_the_rest_is_utf8(self, tmp_path):
        content = self.BODY.encode() + b"M\xfcller,5\n"
        with pytest.warns(CxkitWarning) as warned:
            survey = read(write(tmp_path, content), self.ONE, {"unit": "unit"})
        note = "a.csv is UTF-8 but for 1 byte: row 6 (0xfc, read as 'ü'). Correct them in the file."
        assert [str(w.message) for w in warned] == [note]
        assert survey.notes == (note,)
        assert survey.respondents["unit"].value_counts().to_dict() == {"Müller": 3, "Süß": 2}

    def test_rows_are_counted_as_a_spreadsheet_does(self, tmp_path):
        content = 'unit,i1\n"Two\r\nlines",1\nMüller,2\n'.encode() + b"M\xfcller,5\n"
        with pytest.warns(CxkitWarning, match=r"row 4 \(0xfc"):
            read(write(tmp_path, content), self.ONE)

    def test_two_forms_of_an_accent_are_one_department(self, tmp_path):
        survey = read(write(tmp_path, "unit,i1\nMu\u0308ller,1\nMüller,2\n"), self.ONE, {"unit": "unit"})
        assert survey.respondents["unit"].tolist() == ["Müller", "Müller"]


def _file(rng: random.Random, n: int = 40) -> tuple[list[str], list[tuple[str, ...]]]:
    """Lines of a file, and the truth: id, unit and answers of every respondent."""
    units = ["Müller", "Süß", "Sales", "IT, Europe"]
    lines, truth = ["id,unit,i1,i2,i3,comment"], []
    for number in range(1, n + 1):
        unit = rng.choice(units)
        cells = [str(rng.randint(1, 5)) for _ in range(3)]
        comment = rng.choice(["", "good", "slow, but kind", "well"])
        quoted = [f'"{text}"' if "," in text else text for text in (unit, comment)]
        lines.append(",".join([f"p{number}", quoted[0], *cells, quoted[1]]))
        truth.append((f"p{number}", unit, *cells))
    return lines, truth


def _mutated(rng: random.Random, lines: list[str]) -> bytes:
    """The file with one to three accidents of the kinds that happen to exported files."""
    text = "\n".join(lines) + "\n"
    kinds = ["pair of quotes", "quote", "cut", "byte", "lost byte", "line end", "foot", "blank", "preview", "comma"]
    raw = text.encode()
    # A cut comes last: behind a whole line nobody could see it.
    for kind in sorted(rng.sample(kinds, rng.choice([1, 1, 1, 2, 3])), key="cut".__eq__):
        body = raw.index(b"\n") + 1
        place = rng.randrange(body, len(raw))
        if kind == "quote":
            raw = raw[:place] + b'"' + raw[place:]
        elif kind == "pair of quotes":
            other = min(len(raw), place + rng.choice([10, 40, 200, 600]))
            raw = raw[:place] + b'"' + raw[place:other] + b'"' + raw[other:]
        elif kind == "cut":
            raw = raw[: max(place - 1, body + 5)].rstrip(b"\n")
        elif kind == "byte":
            raw = raw[:place] + bytes([rng.choice([0xFC, 0xE9, 0x96])]) + raw[place:]
        elif kind == "lost byte":
            raw = raw[:place] + raw[place + 1 :]
        elif kind == "line end":
            raw = raw[:place] + b"\n" + raw[place:]
        elif kind == "foot":
            raw += b"Mean,,3.02,2.97,3.1,\n"
        elif kind == "blank":
            raw = raw[:body] + b",,,,,\n" + raw[body:]
        elif kind == "comma":
            raw = raw[:place] + b"," + raw[place:]
    return raw


def test_mutated_files_lose_nobody_without_a_line_that_says_so(tmp_path):
    """300 files with known truth: refused, or every difference from the truth has a line."""
    rng = random.Random(20260301)
    asked = instrument(items=3)
    refused = quiet = 0
    for _ in range(300):
        lines, truth = _file(rng)
        raw = _mutated(rng, lines)
        path = write(tmp_path, raw)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CxkitWarning)
            try:
                survey = read(path, asked, {"id": "id", "unit": "unit"})
            except SurveyError:
                refused += 1
                continue
        known, found = {row[0] for row in truth}, survey.respondents["id"].tolist()
        lost, strange = known - set(found), [one for one in found if one not in known]
        told = " ".join([*survey.notes, survey.ledger.text])
        assert len(strange) >= len(lost) or "cut off" in told, (told, raw)
        if len(found) > len(truth):
            assert "early" in told, (told, raw)
        assert len(known & set(found)) + len(strange) == len(found), (told, raw)
        right = {row[0]: [float(cell) for cell in row[2:]] for row in truth}
        for one, given in zip(found, survey.given.to_numpy(), strict=True):
            # A digit that was deleted is a blank cell; every other wrong answer must be told.
            wrong = one in right and any(b == b and a != b for a, b in zip(right[one], given, strict=True))  # noqa: PLR0124
            assert not wrong or "early" in told, (one, told, raw)
        quiet += survey.n == len(truth)
    assert refused > 70
    assert quiet > 70
