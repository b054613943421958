"""Accidents of files that change nobody's answers but make two respondents or two groups out of one."""

from __future__ import annotations

import warnings

import pytest

from cxkit.errors import CxkitWarning, SurveyError
from cxkit.survey.likeness import clean_name, look_alikes
from tests.survey.test_rows import instrument, read, write

TWO = instrument(items=2)
ROLES = {"id": "id", "unit": "unit"}
UNITS = ["Sales", "IT & Ops", "Law"]
LINES = [f"R_{n:03},{n % 5 + 1},{n % 4 + 2},{UNITS[n % 3]}" for n in range(20)]
BODY = "id,i1,i2,unit\n" + "\n".join(LINES) + "\n"


class TestTheEndOfTheFile:
    def test_without_an_end_it_is_said(self, tmp_path):
        survey = read(write(tmp_path, BODY[:-1]), TWO, ROLES)
        assert "a.csv does not end with the end of a line: row 21 may be cut." in survey.notes
        assert not read(write(tmp_path, BODY), TWO, ROLES).notes

    def test_a_cell_that_is_the_beginning_of_others_is_a_warning(self, tmp_path):
        with pytest.warns(CxkitWarning, match="its last cell 'IT' is the beginning of 'IT & Ops' above"):
            read(write(tmp_path, BODY[: BODY.rindex(" & Ops")]), TWO, ROLES)


@pytest.mark.parametrize("place", range(1, len(LINES[4])))
def test_a_row_broken_anywhere_is_never_two_respondents_in_silence(tmp_path, place):
    line = LINES[4]
    path = write(tmp_path, BODY.replace(line, f"{line[:place]}\n{line[place:]}"))
    with pytest.raises(SurveyError, match="rows 6 and 7|row 6|row 7"):
        read(path, TWO, ROLES)


class TestNames:
    @pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\xad", "\u2060", '"'])
    def test_signs_that_nobody_sees_do_not_split_a_department(self, tmp_path, sign):
        path = write(tmp_path, BODY.replace("R_007,3,5,IT &", f"R_007{sign},3,5,I{sign}T &"))
        survey = read(path, TWO, ROLES)
        assert set(survey.respondents["unit"]) == set(UNITS)
        assert survey.respondents["id"].iloc[7] == "R_007"

    def test_blanks_are_one(self):
        assert clean_name("\x85 IT\xa0&\u2003Ops\u200b ") == "IT & Ops"
        assert clean_name('R&D "Lab"') == 'R&D "Lab"'

    def test_names_that_only_look_different_are_named(self, tmp_path):
        path = write(tmp_path, BODY.replace("R_001,2,3,IT & Ops", "R_001,2,3,it &ops"))
        with pytest.warns(CxkitWarning, match="unit names 'it &ops' and 'IT & Ops' differ only in how"):
            assert any("differ only" in note for note in read(path, TWO, ROLES).notes)

    def test_what_is_alike(self):
        assert look_alikes(["FÜHRUNGSKRAFT", "Führungskraft", "R&D", "R & D", "A-1", "A1"]) == [
            ("FÜHRUNGSKRAFT", "Führungskraft"), ("R&D", "R & D"), ("A-1", "A1"),
        ]  # fmt: skip
        assert not look_alikes(["1.1", "11", "C", "C+", "Level 1", "Level 11", "Müller", "Muller"])


class TestSurveySystems:
    HEAD = "Status,Finished,Progress,StartDate,id,i1,i2\n"

    def test_german(self, tmp_path):
        rows = "".join(f"IP-Adresse,Wahr,100,x,{n},3,4\n" for n in range(9))
        path = write(tmp_path, f"{self.HEAD}{rows}Umfragevorschau,Wahr,100,x,p,3,4\nIP-Adresse,Falsch,20,x,q,3,4\n")
        assert read(path, TWO, {"id": "id"}).n == 9

    def test_a_rare_word_of_a_language_nobody_knows_is_a_warning(self, tmp_path):
        rows = "".join(f"IP-cím,1,100,x,{n},3,4\n" for n in range(9))
        path = write(tmp_path, f"{self.HEAD}{rows}Előnézet,1,100,x,p,3,4\n")
        with pytest.warns(CxkitWarning, match="Status says .*'előnézet'.*previews or tests"):
            assert read(path, TWO, {"id": "id"}).n == 10

    def test_an_id_of_microsoft_forms_beside_an_own_one(self, tmp_path):
        path = write(tmp_path, "ID,id,i1,i2\n1,a,3,4\n2,b,3,4\n")
        assert read(path, TWO, {"id": "id"}).respondents["id"].tolist() == ["a", "b"]

    def test_the_first_line_of_excel(self, tmp_path):
        for first in ("sep=;", '"sep=;"'):
            survey = read(write(tmp_path, f"{first}\n" + BODY.replace(",", ";")), TWO, ROLES)
            assert survey.n == 20
            assert survey.given.index[0] == 3


def test_weights_with_a_decimal_comma_say_what_to_do(tmp_path):
    path = write(tmp_path, "id;i1;i2;w\na;1;2;0,5\nb;1;2;1,5\n")
    with pytest.raises(SurveyError, match=r"read the file with decimal=',' \(`--read decimal=,`\)"):
        read(path, TWO, {"weight": "w"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read(path, TWO, {"weight": "w"}, decimal=",").n == 2
