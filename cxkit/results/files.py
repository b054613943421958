"""Results as files: one table in the format that the reader's program wants, whole or not at all."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, install_command, nearest
from cxkit.files import write_atomically
from cxkit.results.tables import as_latex, as_markdown
from cxkit.without_contents import without_contents

_NUMBER = re.compile(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a file holds of a result: numbers for csv and Excel, the printed table for text, the page for browsers."""

    frame: pd.DataFrame
    table: pd.DataFrame
    title: str
    note: str
    page: Callable[[], str]

    __repr__ = without_contents


def write(result: Written, path: Path) -> Path:
    """Save a result's table in the format of the path's ending, whole or not at all."""
    writers: dict[str, Callable[[Written], bytes]] = {
        ".csv": lambda r: _csv(r.frame),
        ".md": lambda r: as_markdown(r.table, title=r.title, note=r.note).encode(),
        ".html": lambda r: _html_page(r).encode(),
        ".tex": lambda r: as_latex(r.table, title=r.title, note=r.note).encode(),
        ".xlsx": _xlsx,
        ".docx": _docx,
    }
    writer = writers.get(path.suffix.casefold())
    if writer is None:
        raise AnalysisError(f"'{path.name}': tables are not written as '{path.suffix}'.{nearest(path.suffix, writers)}")
    if not path.parent.is_dir():
        raise AnalysisError(f"'{path}' cannot be written: there is no folder {path.parent}.")
    return write_atomically(path, writer(result), error=AnalysisError)


def _csv(frame: pd.DataFrame) -> bytes:
    """The frame as csv in which no text is a formula to a spreadsheet."""
    plain = frame.copy()
    for name in plain.columns:
        if not pd.api.types.is_numeric_dtype(plain[name]):
            plain[name] = plain[name].astype("object").map(_as_text)
    plain.columns = pd.Index([_as_text(name) for name in plain.columns])
    return plain.to_csv(index=False, lineterminator="\n").encode()


def _as_text(value: object) -> object:
    """A text that a spreadsheet would compute, after an apostrophe; signs alone, such as "=~", compute nothing.

    The signs are those of OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    if not isinstance(value, str):
        return value
    value = value.replace("\r\n", "\n").replace("\r", "\n")  # pandas does not quote a lone carriage return
    if not value.startswith(("=", "+", "-", "@", "\t", "\n")):
        return value
    if not any(map(str.isalnum, value)) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def _html_page(result: Written) -> str:
    title = html.escape(result.title)
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n{result.page()}\n'


def _xlsx(result: Written) -> bytes:
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise AnalysisError(f"Excel tables need XlsxWriter: {install_command('xlsxwriter')}") from None
    buffer = io.BytesIO()
    # Text stays text: a unit called "=A1" is no formula, one called "http://..." no link.
    plain = {"strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **plain})
    book.set_properties({"title": result.title, "created": pd.Timestamp(2000, 1, 1).to_pydatetime()})
    sheet = book.add_worksheet("Result")
    bold = book.add_format({"bold": True})
    sheet.write(0, 0, result.title, bold)
    for j, name in enumerate(result.frame.columns):
        sheet.write(2, j, name, bold)
        for i, value in enumerate(result.frame[name], start=3):
            if not pd.isna(value):
                number = value.item() if isinstance(value, np.generic) else value
                sheet.write(i, j, number if isinstance(number, int | float) and np.isfinite(number) else str(number))
    sheet.write(len(result.frame) + 4, 0, result.note)
    sheet.autofit()
    book.close()
    return buffer.getvalue()


def _docx(result: Written) -> bytes:
    try:
        import docx
    except ModuleNotFoundError:
        raise AnalysisError(f"Word tables need python-docx: {install_command('python-docx')}") from None
    document = docx.Document()
    document.add_paragraph(result.title, style="Caption")
    table = document.add_table(rows=1, cols=result.table.shape[1], style="Light List")
    for cell, heading in zip(table.rows[0].cells, result.table.columns, strict=True):
        cell.text = heading
    for row in result.table.to_numpy().tolist():
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = value
    document.add_paragraph(result.note)
    buffer = io.BytesIO()
    document.save(buffer)
    return _undated(buffer)


def _undated(archive: io.BytesIO) -> bytes:
    """The same zip archive without the time at which it was written, so that its bytes repeat."""
    undated = io.BytesIO()
    with ZipFile(archive) as old, ZipFile(undated, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = ZipInfo(name)  # dated 1980
            entry.compress_type = ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return undated.getvalue()
