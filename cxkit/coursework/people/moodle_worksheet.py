"""Moodle's grading worksheet: whose row it is and when the work was handed in, in the language of any site.

Headings and words are translated, their order is not: identifier, name and the like (missing while names are hidden
from markers), status, grade, maximum grade, whether it can be changed, last change of the submission, and the rest.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from cxkit.coursework.people.csv_text import CsvText, number_in

_IDENTIFIER = re.compile(r"(?P<word>[^\W\d][^\d]*?)\s*(?P<number>\d+)")
_TOKEN = re.compile(r"\d{1,2}[:.]\d\d(?!\d)|\d+|[^\W\d_]+")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d)")
_LANGUAGES = (
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "gener febrer marc abril maig juny juliol agost setembre octubre novembre desembre",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november desember",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
    "ledna unora brezna dubna kvetna cervna cervence srpna zari rijna listopadu prosince",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
)
_MONTHS = {name: number for names in _LANGUAGES for number, name in enumerate(names.split(), 1)}


@dataclass(frozen=True, kw_only=True)
class Worksheet:
    """Where things stand in a grading worksheet.

    Attributes
    ----------
    grade : int
        The column for points.
    most : float
        The points possible.
    name, email, handed_in : int or None
        Columns; names and addresses are missing while they are hidden from markers.
    numbers : tuple of str
        Moodle's number of each participant, by row; empty in the header and in empty rows.
    word : str
        What stands before the numbers: "Participant" in the site's language.
    """

    grade: int
    most: float
    name: int | None
    email: int | None
    handed_in: int | None
    numbers: tuple[str, ...]
    word: str


def worksheet_of(table: CsvText) -> Worksheet | None:
    """How this table is laid out, if it is a grading worksheet with points; None if it is not."""
    rows = [n for n in range(1, len(table.rows)) if any(cell.strip() for cell in table.rows[n])]
    participants = _participants(table, rows)
    most = _maximum(table, rows)
    if participants is None or most is None:
        return None
    word, numbers = participants
    column, points = most
    status = column - 2
    emails = [n for n in range(1, status) if any("@" in table.cell(row, n) for row in rows)]
    dated = [n for n in range(column + 1, len(table.header)) if any(time_of(table.cell(row, n)) for row in rows)]
    return Worksheet(
        grade=column - 1, most=points, name=1 if status > 1 and emails[:1] != [1] else None,
        email=emails[0] if emails else None, handed_in=_handed_in(table, column, dated), numbers=tuple(numbers),
        word=word,
    )  # fmt: skip


def _participants(table: CsvText, rows: list[int]) -> tuple[str, list[str]] | None:
    """The word before the participants' numbers, and these by row; None where a row has no such number."""
    words = set()
    numbers = [""] * len(table.rows)
    for row in rows:
        found = _IDENTIFIER.fullmatch(table.cell(row, 0).strip())
        if found is None:
            return None
        words.add(found["word"].strip())
        numbers[row] = found["number"]
    if len(words) != 1 or "" in words:
        return None
    return words.pop(), numbers


def _maximum(table: CsvText, rows: list[int]) -> tuple[int, float] | None:
    """The first column that has one number above 0 in all rows, after one that has numbers or nothing."""
    for column in range(3, len(table.header)):
        values = {number_in(table.cell(row, column)) for row in rows}
        before = [table.cell(row, column - 1).strip() for row in rows]
        only = values.pop() if len(values) == 1 else None
        if only and all(cell in {"", "-"} or number_in(cell) is not None for cell in before):
            return column, only
    return None


def _handed_in(table: CsvText, maximum: int, dated: list[int]) -> int | None:
    """The submission's last change: two columns after the maximum. The grade's, further on, is no time of theirs."""
    usual = maximum + 2
    if usual in dated or not dated:
        return usual if usual < len(table.header) else None
    return None


def time_of(text: str) -> datetime | None:
    """When this says: "Sunday, 1 March 2026, 10:15 AM", "Sonntag, 1. März 2026, 10:15". None if it cannot be told.

    Without a zone. Months as numbers are not read: in 3.2.2026 nobody knows which is the month.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    tokens = _TOKEN.findall(plain)
    clocks = [found for token in tokens if (found := _CLOCK.fullmatch(token))]
    years = [int(token) for token in tokens if token.isdigit() and len(token) == 4]
    days = [n for n, token in enumerate(tokens) if token.isdigit() and len(token) <= 2]
    months = [n for n, token in enumerate(tokens) if token in _MONTHS]
    if not (len(clocks) == len(years) == len(days) == 1 and months):
        return None
    month = min(months, key=lambda n: abs(n - days[0]))
    hour, minute = int(clocks[0][1]), int(clocks[0][2])
    if {"am", "pm"} & set(tokens):
        hour = hour % 12 + 12 * ("pm" in tokens)
    try:
        return datetime(years[0], _MONTHS[tokens[month]], int(tokens[days[0]]), hour, minute)
    except ValueError:
        return None
