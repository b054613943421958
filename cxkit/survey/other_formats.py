"""What a file is that does not hold what its ending says, and what to do with it."""

from __future__ import annotations

import re

_OLD_SHEET = b"\xd0\xcf\x11\xe0"
_SIGNS = (
    (_OLD_SHEET, "It is an old .xls file or protected with a password: open it in Excel and save it as .xlsx "
                            "without a password."),
    (b"\x1f\x8b", "It is packed (gzip): unpack it first."),
    (b"%PDF", "It is a PDF, which holds no table: export the survey again, as .csv or .xlsx."),
    (b"$FL", "It is a file of SPSS: give it the ending .sav."),
    (b"<stata_dta", "It is a file of Stata: give it the ending .dta."),
)  # fmt: skip
_WEB_PAGE = re.compile(rb"<(!doctype html|html|head|meta|table|body|style|div)\b", re.IGNORECASE)
_XML_OF_EXCEL = b"urn:schemas-microsoft-com:office:spreadsheet"
_BYTES_LOOKED_AT = 2_000


def is_web_page(raw: bytes) -> bool:
    """Whether a file is html or an XML table of Excel 2003, which programs export under the endings .xls and .csv."""
    start = raw[:_BYTES_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip()
    return _WEB_PAGE.match(start) is not None or (start.startswith(b"<?xml") and _is_markup(start))


def _is_markup(start: bytes) -> bool:
    return _XML_OF_EXCEL in start or _WEB_PAGE.search(start) is not None


def remedy_for(raw: bytes) -> str:
    """What a file is by its first bytes, in a sentence, and what to do; nothing where they do not tell.

    Parameters
    ----------
    raw
        The file, or its first few thousand bytes and its last.
    """
    for sign, remedy in _SIGNS:
        if raw.startswith(sign):
            return remedy
    if raw.startswith(b"PK\x03\x04"):
        return _of_archive(raw)
    if is_web_page(raw):
        kind = "an XML table of Excel 2003" if _XML_OF_EXCEL in raw[:_BYTES_LOOKED_AT] else "a web page (html)"
        return f"It is {kind}: open it in Excel or LibreOffice and save it as .xlsx."
    return ""


def remedy_for_sheet(raw: bytes) -> str:
    """What a file is that was taken for a sheet, and what to do; nothing where its first bytes are those of a sheet."""
    if raw and not raw.startswith(b"PK") and b"\x00" not in raw:
        return remedy_for(raw) or "It is a text file: give it the ending .csv."
    return "" if raw.startswith(_OLD_SHEET) else remedy_for(raw)


def _of_archive(raw: bytes) -> str:
    """What is packed in an archive, by the names of its parts, which stand in it as they are."""
    if b"application/vnd.oasis.opendocument.spreadsheet" in raw:
        return "It is a sheet of LibreOffice: give it the ending .ods."
    if b"xl/" in raw or b"[Content_Types].xml" in raw:
        return "It is an Excel file: give it its ending .xlsx."
    return "It is a packed folder (zip): unpack it first. If it is an Excel file, give it its ending .xlsx."
