"""Sheets of LibreOffice (.ods) and of old or binary Excel files (.xls, .xlsb), by the extra python-calamine."""

from __future__ import annotations

from pathlib import Path

from cxkit.errors import SurveyError, nearest
from cxkit.survey.excel import Rows, cell_text, sheet_note
from cxkit.survey.other_formats import remedy_for_sheet

ENDINGS = {".ods", ".xls", ".xlsb"}


def rows_of_sheet(path: Path, sheet: str | int | None) -> tuple[Rows, list[str]]:
    """The rows of one sheet as text, and notes on what was read; the first visible sheet where none is named.

    Raises
    ------
    SurveyError
        If python-calamine is not installed, the file is damaged or locked, or there is no such sheet.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum
    except ImportError:
        raise SurveyError(
            f"{path.name}: sheets of this kind need python-calamine, which is not installed. Install it with: "
            "python -m pip install python-calamine (or save the sheet as .xlsx)."
        ) from None
    _refuse_text(path)
    try:
        book = CalamineWorkbook.from_path(path)
        seen = [page.name for page in book.sheets_metadata if page.visible == SheetVisibleEnum.Visible]
        name = _chosen(path.name, book.sheet_names, seen or book.sheet_names, sheet)
        cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise SurveyError(f"{path.name} cannot be read: {error}. Save it as .xlsx without a password.") from None
    rows = [[cell_text(cell) for cell in row] for row in cells]
    others = [one for one in book.sheet_names if one != name]
    return rows, [sheet_note(name, others, is_given=sheet is not None)] if others else []


def _refuse_text(path: Path) -> None:
    """Refuse pages and texts that programs export as .xls, since Excel opens them."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SurveyError(f"{path} cannot be opened: {error.strerror}.") from None
    remedy = remedy_for_sheet(raw)
    if remedy and not raw.startswith(b"PK"):
        raise SurveyError(f"{path.name} is not a sheet, whatever its ending. {remedy}")


def _chosen(source: str, names: list[str], seen: list[str], sheet: str | int | None) -> str:
    if not names:
        raise SurveyError(f"{source} has no sheet with cells.")
    if sheet is None:
        return seen[0]
    if isinstance(sheet, str) and sheet in names:
        return sheet
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return names[sheet]
    known = nearest(str(sheet), names)
    raise SurveyError(f"{source} has no sheet {sheet!r}.{known} The first is 0, or say its name.")
