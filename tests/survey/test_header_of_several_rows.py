"""Headers of several rows: merged bands of a workbook, and SurveyMonkey in other languages than English."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import cxkit as cx
from cxkit.errors import SurveyError
from cxkit.survey.tables import read_table
from tests.survey.test_rows import EXPORTS, instrument, read, write

BAND = ["Nr", "Communication", None, "Unit"]
NAMES = [None, "i1", "i2", None]


def workbook(tmp_path: Path, *sheets: list[list[object]], merge: tuple[str, ...] = ()) -> Path:
    """The sheets; the last of them has a title and two rows of names, and areas that are merged."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        page = book.active if number == 0 else book.create_sheet()
        page.title = f"Page {number + 1}"
        for row in rows:
            page.append(row)
    for area in merge:
        page.merge_cells(area)
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


ANSWERS = [["Staff survey"], BAND, NAMES, *[[n, n % 5 + 1, n % 4 + 2, "North"] for n in range(1, 21)]]
MERGED = ("A1:D1", "A2:A3", "B2:C2", "D2:D3")
CODEBOOK = [["Variable", "Meaning"], ["1", "never"], ["5", "always"]]


def test_merged_cells_of_the_header_are_read_where_its_row_is_said(tmp_path):
    path = workbook(tmp_path, ANSWERS, merge=MERGED)
    described = cx.describe_file(path, header_row=3)
    assert [item.key for item in described.instrument.dimensions[0].items] == ["i1", "i2"]
    assert read(path, described.instrument).n == 20
    with pytest.raises(SurveyError) as refused:
        cx.describe_file(path)
    assert "if they belong to the header, whose last row is row 3, say header_row=3" in str(refused.value)


def test_merged_answers_are_refused_below_a_row_that_was_said(tmp_path):
    path = workbook(tmp_path, ANSWERS, merge=(*MERGED, "B9:B12"))
    with pytest.raises(SurveyError, match=r"1 range of merged cells among the answers.*\n +B9:B12\n"):
        cx.describe_file(path, header_row=3)


def test_a_refused_sheet_names_the_others(tmp_path):
    path = workbook(tmp_path, CODEBOOK, ANSWERS, merge=MERGED)
    assert read_table(path, known=()).notes == (
        "Read from sheet 'Page 1', one of 2. Say sheet='Page 2' to read another.",
    )
    first = workbook(tmp_path, [*ANSWERS], merge=MERGED)
    book = openpyxl.load_workbook(first)
    book.create_sheet("Codebook").append(["Variable"])
    book.save(first)
    with pytest.raises(SurveyError, match="This is the sheet 'Page 1'. Say sheet='Codebook' to read another"):
        cx.describe_file(first)


LANGUAGES = {
    "German": ("Befragten-ID,Collector-ID,Startdatum,Enddatum,IP-Adresse,E-Mail-Adresse,Vorname,Nachname,"
               "Benutzerdefinierte Daten 1", "Antwort", "Offene Beantwortung"),
    "French": ("ID du répondant,ID du collecteur,Date de début,Date de fin,Adresse IP,Adresse e-mail,Prénom,Nom,"
               "Données personnalisées 1", "Réponse", "Réponse ouverte"),
    "Spanish": ("Identificador del encuestado,Identificador del recopilador,Fecha de inicio,Fecha de finalización,"
                "Dirección IP,Correo,Nombre,Apellido,Datos", "Respuesta", "Respuesta abierta"),
    "Polish": ("Identyfikator respondenta,Identyfikator zbieracza,Data początkowa,Data końcowa,Adres IP,E-mail,Imię,"
               "Nazwisko,Dane", "Odpowiedź", "Odpowiedź otwarta"),
}  # fmt: skip


def translated(language: str) -> str:
    own, response, open_ended = LANGUAGES[language]
    text = (EXPORTS / "surveymonkey.csv").read_text(encoding="utf-8-sig")
    names = "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1"
    assert text.startswith(names)
    text = text.replace(names, own, 1).replace("Open-Ended Response", open_ended, 1)
    return text.replace(",Response,", f",{response},", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_surveymonkey_is_known_in_any_language(tmp_path, language):
    path = write(tmp_path, translated(language))
    table, english = read_table(path, known=()), read_table(EXPORTS / "surveymonkey.csv", known=())
    assert table.kind == "surveymonkey"
    assert [one.text for one in table.questions] == [one.text for one in english.questions]
    assert [one.is_own for one in table.questions] == [one.is_own for one in english.questions]
    assert table.cells.to_numpy().tolist() == english.cells.to_numpy().tolist()


def test_a_first_respondent_is_no_second_row_of_names(tmp_path):
    """Whoever tidied the file deleted the second row."""
    lines = translated("German").splitlines(keepends=True)
    path = write(tmp_path, lines[0] + "".join(lines[2:]))
    for kind in (None, "surveymonkey"):
        assert read_table(path, known=(), kind=kind).ledger.respondents == 60


def test_a_plain_table_of_two_numbers_and_two_dates_is_none(tmp_path):
    rows = "".join(f"{n},7,2026-01-0{n},2026-01-0{n},3,4\n" for n in range(1, 10))
    path = write(tmp_path, f"id,shop,begun,ended,i1,i2\n{rows}")
    assert read_table(path, known=()).kind == "plain"
    assert read(path, instrument(items=2)).n == 9
