"""The page and its print are held against the notebook: whoever changes them and all hashes is found out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cxkit.running.pages import pdf
from cxkit.running.pages.pdf import Printer, write_pdf
from cxkit.running.pages.report import cxkit_version, report_html
from cxkit.running.provenance import page_check
from cxkit.running.provenance.page_check import Files, check_page, check_print
from cxkit.running.provenance.reasons import other_code
from cxkit.running.provenance.verification import Finding, Verification
from tests.running.building import code, executed_run, shown, stream, words


@pytest.fixture
def run(tmp_path):
    printed, table = stream("alpha = 0.25\n"), shown(text__html="<b>3.25")
    return executed_run(words("# Trust"), code("x", outputs=[printed]), code("y", outputs=[table]), folder=tmp_path)


@pytest.fixture
def check(run, tmp_path):
    """What is said of a page with this html."""

    def said(html, same_code=True):
        report = tmp_path / "a.html"
        report.write_text(html, encoding="utf-8", newline="")
        return check_page(Files.read(report), replace(run, executed=None), run.executed, "0.0.1", same_code=same_code)

    return said


def test_a_page_is_made_again_from_its_notebook(run, check):
    html = report_html(run)
    assert check(html) == check(html, same_code=False) == page_check.Checked()
    found = check(html.replace("0.25", "0.95"))
    assert "is not the page that cxkit makes of executed.ipynb, first in line" in found.change
    assert "0.95" in found.change
    found = check(html.replace("3.25", "9.99"), same_code=False)
    assert "does not show what this cxkit shows" in found.change
    assert found.kind == "words"


def test_other_code_may_set_a_page_otherwise_but_not_say_anything_else(run, check):
    html = report_html(run)
    styled = html.replace("</style>", "b {color: red}</style>").replace(f"cxkit {cxkit_version()}<", "cxkit 0.0.1<")
    assert check(styled).change
    found = check(styled, same_code=False)
    assert not found.change
    (told,) = found.not_compared
    assert told.startswith("how its page looks, which other code than this made: its words and numbers are the same")
    assert "--keep FOLDER" in told
    assert check(styled.replace("<b>", '<img src="data:image/png;base64,QUJD"><b>'), same_code=False).change
    assert check(styled.replace("</main>", "<p>alpha is .95</main>"), same_code=False).change


@pytest.mark.parametrize(
    "added",
    [
        "<script>document.title = 1</script>", '<iframe srcdoc="alpha = 0.99"></iframe>', '<input value="0.99">',
        '<input placeholder="0.99">', '<meta http-equiv="refresh" content="0; url=https://example.org">',
        '<form action="https://example.org"></form>', "<bdo dir=rtl></bdo>", "<template></template>",
        '<meter value="0.9"></meter>', "<sup></sup>", "<textarea></textarea>", '<ol start="99"></ol>', "<p hidden></p>",
    ],
)  # fmt: skip
def test_nothing_that_speaks_or_acts_passes_for_style(run, check, added):
    assert check(report_html(run).replace("</main>", f"{added}</main>"), same_code=False).kind == "words"


def test_a_crate_that_does_not_say_by_which_code_is_not_by_the_same():
    told = other_code(SimpleNamespace(code=None))
    assert told == "the crate does not say by which code of cxkit the report was made"


def test_what_was_chosen_for_a_page_is_told_to_be_so(run, check, tmp_path):
    html = report_html(run, title="Alpha is .95", badge="real", show_code=True)
    assert check(html) == page_check.Checked(
        not_compared=(
            "the title 'Alpha is .95', which was given with the run",
            "the label 'Real data', which was given with the run",
        )
    )
    told = Verification(report=tmp_path / "a.html", findings=(), compared=2, not_compared=("b",))
    assert (
        told.text
        == "a.html comes out the same; 2 tables, pictures, values and other outputs compared. Not compared: b."
    )
    assert told.as_data()["not_compared"] == ["b"]


def test_a_page_that_cannot_be_made_again_is_told(run, tmp_path):
    report = tmp_path / "a.html"
    report.write_text("x")
    for cells in ([{"cell_type": "code", "source": "", "outputs": [3]}], [{}], 3):
        found = check_page(Files.read(report), run, {"cells": cells}, "", same_code=True)
        assert "a.html cannot be made again from executed.ipynb: " in found.change


def test_a_forged_page_is_no_exit_0(tmp_path):
    found = Verification(report=tmp_path / "a.html", findings=(Finding("page", "a.html", "x"),), compared=2)
    assert not found.holds
    assert found.verdict == "does NOT come out the same: its page does not show what its notebook gives"


@pytest.mark.parametrize("name", ["WeasyPrint 70.0", "chromium", "A printer"])
def test_a_print_is_printed_again_where_its_printer_is(tmp_path, monkeypatch, name):
    """Its last line, which names its hash, can be made by anybody."""
    report, printer = tmp_path / "a.html", Printer(name=name, pdf=lambda html: b"%PDF-1.7\n" + html.encode())
    report.write_text("alpha = .4")
    monkeypatch.setattr(page_check, "find_printer", lambda: printer)
    left_out = () if name != "A printer" else ("the pages of a.pdf (A printer printed them)",)
    write_pdf("alpha = .4", tmp_path / "a.pdf", printer)
    assert check_print(Files.read(report)) == page_check.Checked(not_compared=left_out)
    forged = replace(printer, pdf=lambda html: b"%PDF-1.7\nalpha = .9")
    write_pdf("alpha = .4", tmp_path / "a.pdf", forged)
    assert pdf.read_imprint(tmp_path / "a.pdf") is not None
    found = check_print(Files.read(report))
    assert bool(found.change) is name.startswith("WeasyPrint")
    assert found.change or found.not_compared
    monkeypatch.setattr(page_check, "find_printer", lambda: replace(printer, name="WeasyPrint 1.0"))
    assert check_print(Files.read(report)).not_compared
