"""Previews, tests and unfinished responses are no respondents, in whatever column and language a system says so."""

from __future__ import annotations

import pytest

import cxkit as cx
from cxkit.errors import CxkitWarning
from tests.survey.test_rows import instrument, read, write

TWO = instrument(items=2)
pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")

SOSCI = "CASE;SERIAL;REF;QUESTNNR;MODE;STARTED;i1;i2;STATUS;FINISHED"
MODES = ["interview"] * 6 + ["admin", "debug", "pretest"]


def sosci(*modes: str, status: str = "") -> str:
    rows = [f"{n};;;base;{mode};2026-03-02;{n % 5 + 1};{n % 4 + 2};{status};1" for n, mode in enumerate(modes)]
    return "\n".join([SOSCI, *rows]) + "\n"


def left_out(survey: cx.Survey) -> list[str]:
    return [entry.text for entry in survey.ledger.left_out]


def test_test_interviews_of_sosci(tmp_path):
    path = write(tmp_path, sosci(*MODES))
    assert left_out(read(path, TWO)) == ["3 preview or test answers left out (rows 8, 9, 10: MODE)"]
    assert left_out(read(path, TWO, {"id": "CASE"})) == left_out(read(path, TWO))  # its signs are claimed in part
    labelled = sosci(*MODES).replace("\n", "\nInterview number;a;b;c;Mode;d;e;f;g;h\n", 1)
    path = write(tmp_path, labelled.encode("utf-16"))
    assert left_out(read(path, TWO)) == ["3 preview or test answers left out (rows 9, 10, 11: MODE)"]


def test_a_mode_that_nobody_knows_counts_and_is_said(tmp_path):
    with pytest.warns(CxkitWarning, match="MODE says 'probe' in 1 row; these count as respondents"):
        assert read(write(tmp_path, sosci(*MODES[:6], "probe")), TWO).n == 7


def test_a_mode_of_the_study_and_remarks_of_sosci_leave_nobody_out(tmp_path):
    assert read(write(tmp_path, "mode,i1,i2\nadmin,1,2\ninterview,3,4\n"), TWO).n == 2
    assert read(write(tmp_path, sosci(*MODES[:6], status="1")), TWO).n == 6


OLD = "V1,V2,V3,V4,V5,V6,V7,V8,V9,V10,i1,i2\nResponseID,ResponseSet,Name,ExternalDataReference,EmailAddress,IPAddress,"
OLD += "Status,StartDate,EndDate,Finished,Agree?-Fast,Agree?-Kind\n"


def test_the_older_format_of_qualtrics_says_it_in_columns_of_numbers(tmp_path):
    rows = "".join(f"R_{n},s,,,,1.1.1.1,{n == 3:d},x,y,{n not in (1, 2):d},{n % 5 + 1},3\n" for n in range(8))
    assert left_out(read(write(tmp_path, OLD + rows), TWO)) == [
        "1 preview or test answer left out (row 6: Status)",
        "2 unfinished responses left out (rows 4, 5: V10 does not say yes)",
    ]


NEW = "StartDate,Status,Progress,Finished,ResponseId,DistributionChannel,i1,i2\n"


@pytest.mark.parametrize("words", [("Adresse IP", "Aperçu de l'enquête"), ("IP Address", "Survey Preview")])
def test_a_preview_is_known_by_its_channel_in_any_language(tmp_path, words):
    rows = [f"x,{words[n == 3]},100,1,R_{n},{'preview' if n == 3 else 'anonymous'},{n % 5 + 1},2" for n in range(8)]
    survey = read(write(tmp_path, NEW + "\n".join(rows) + "\n"), TWO)
    by = "Status" if words[0] == "IP Address" else "DistributionChannel"
    assert left_out(survey) == [f"1 preview or test answer left out (row 5: {by})"]


def test_a_channel_of_the_study_leaves_nobody_out(tmp_path):
    assert read(write(tmp_path, "DistributionChannel,i1,i2\npreview,1,2\nshop,3,4\n"), TWO).n == 2
