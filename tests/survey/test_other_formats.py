"""A file that is not what its ending says is named, with what to do."""

from __future__ import annotations

import gzip
import io
import zipfile

import openpyxl
import pytest

import cxkit as cx
from cxkit.errors import SurveyError
from tests.survey.test_rows import instrument, read, write

PAGE = b"<html><table><tr><td>i1</td></tr><tr><td>3</td></tr></table></html>"
XML = b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook ' + (
    b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
)


def workbook() -> bytes:
    held = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["i1"])
    book.save(held)
    return held.getvalue()


def packed() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("answers.csv", "i1\n1\n")
    return held.getvalue()


CASES = {
    "page.xls": (PAGE, "It is a web page (html): open it in Excel or LibreOffice and save it as .xlsx."),
    "page.xlsx": (b"\xef\xbb\xbf\n<!DOCTYPE html><p>", "It is a web page (html)"),
    "page.csv": (PAGE, "It is a web page (html)"),
    "old.xls": (XML, "It is an XML table of Excel 2003"),
    "text.xls": (b"i1\ti2\n1\t2\n", "It is a text file: give it the ending .csv."),
    "text.xlsx": (b"i1,i2\n1,2\n", "It is a text file: give it the ending .csv."),
    "packed.csv": (packed(), "It is a packed folder (zip): unpack it first."),
    "packed.xlsx": (packed(), "is not an Excel file, whatever its ending. Save it again as .xlsx."),
    "sheet.csv": (workbook(), "It is an Excel file: give it its ending .xlsx."),
    "cut.xlsx": (workbook()[:-900], "is not an Excel file, whatever its ending. Save it again as .xlsx."),
    "gzip.csv": (gzip.compress(b"i1\n1\n" * 99, mtime=0), "It is packed (gzip): unpack it first."),
    "spss.csv": (b"$FL2@(#) SPSS\x00\x00", "It is a file of SPSS: give it the ending .sav."),
}


@pytest.mark.parametrize("name", CASES)
def test_what_it_is_and_what_to_do(tmp_path, name):
    content, words = CASES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SurveyError) as refused:
        cx.describe_file(tmp_path / name)
    assert words in str(refused.value)
    assert "Cfb" not in str(refused.value)


def test_an_answer_in_pointed_brackets_is_text(tmp_path):
    path = write(tmp_path, "comment,i1\n<table>,3\n<b>x,4\n")
    assert read(path, instrument(items=1)).n == 2


def test_a_question_of_several_lines_stands_on_one(tmp_path):
    answers = "".join(f"{n % 5 + 1},{n % 4 + 2}\n" for n in range(20))
    head = '"Thinking of your work:\n\n [It is\n quick]","Thinking of your work:\n\n [It is kind]"'
    described = cx.describe_file(write(tmp_path, f"{head}\n{answers}"))
    dimension = described.instrument.dimensions[0]
    assert dimension.title == "All items: Thinking of your work:"
    assert [item.text for item in dimension.items] == ["It is quick", "It is kind"]
    assert read(described.path, described.instrument).n == 20
