"""Reports on paper: everything that the html shows, whole, the same bytes each time, nothing fetched."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.pages import pdf
from cxkit.running.pages.pdf import BROWSERS, find_printer, print_beside, read_imprint, without_chance, write_pdf
from cxkit.running.pages.report import report_html
from cxkit.running.plan import plan_run
from cxkit.running.run import run_notebook
from tests.running.building import code, executed_run, shown, stream, words

BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
A4 = (595.28, 841.89)
WIDE = 14


def picture(width: int, height: int, colour: str) -> str:
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def table(columns: int, rows: int) -> str:
    head = "".join(f"<th>column{j}</th>" for j in range(columns))
    body = "".join(
        "<tr>" + "".join(f"<td>{i}.{j:02}7654</td>" for j in range(columns)) + "</tr>" for i in range(1, rows + 1)
    )
    return f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def sample(folder: Path) -> str:
    return report_html(
        executed_run(
            words("# Leaders and *staff*\n\nWith $\\bar{x} = \\frac{1}{n} \\sum_{i=1}^n x_i$.\n\n## A long table"),
            code("t", outputs=[shown(text__html=table(4, 90))]),
            code("w", outputs=[shown(text__html=table(WIDE, 5))]),
            code("a", outputs=[shown(image__png=picture(500, 300, "red"), metadata={"alt": "Red"})]),
            code("b", outputs=[shown(image__png=picture(300, 4000, "blue"))]),
            code("c", outputs=[stream("printed by a cell\n")]),
            folder=folder,
        )
    )


@pytest.fixture(params=["weasyprint", "browser"])
def printer(request, monkeypatch):
    """Each way to print that this machine has."""
    if request.param == "weasyprint":
        pytest.importorskip("weasyprint")
    elif BROWSER is None:
        pytest.skip("no Chromium on this machine")
    else:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
    return find_printer()


def test_all_is_on_paper_whole_and_in_order(printer, tmp_path):
    html = sample(tmp_path)
    path = write_pdf(html, tmp_path / "a.pdf", printer)
    reader = PdfReader(path)
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert reader.metadata.title == "Leaders and staff"
    for wanted in ("A long table", "printed by a cell", "Where this report comes from", "column0", "<a&b>"):
        assert wanted in text
    cells = {f"{i}.{j:02}7654" for i in range(1, 91) for j in range(4)} | {
        f"{i}.{j:02}7654" for i in range(1, 6) for j in range(WIDE)
    }
    assert cells <= set(re.findall(r"\d+\.\d{6}", re.sub(r"(?<=\d)\n(?=\d)", "\n ", text)))
    assert text.count("column0") > 2  # the head of a long table comes again on its next page
    assert "Show the code" not in text
    pictures = {image.indirect_reference.idnum for page in reader.pages for image in page.images}  # pages share them
    assert len(pictures) == html.count("<img") == 2
    assert f"1 / {len(reader.pages)}" in text


def test_nothing_lies_beyond_the_page(printer, tmp_path):
    reader = PdfReader(write_pdf(sample(tmp_path), tmp_path / "a.pdf", printer))
    places, heights = [], []

    def word(text, current, matrix, *_font):
        if text.strip():
            places.append(current[0] * matrix[4] + current[2] * matrix[5] + current[4])

    def operation(operator, _operands, current, _matrix):
        if operator == b"Do":
            heights.append(abs(current[3]))

    for page in reader.pages:
        page.extract_text(visitor_text=word, visitor_operand_before=operation)
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        assert {round(width), round(height)} <= {round(side) for side in (*A4, 612, 792)}
        assert max(places) < width
        assert max(heights, default=0) < height


def test_numbers_that_a_browser_leaves_out_by_chance_make_no_difference():
    one = b"/ID (node00000007)>> /ID (node00000009)>> /Names [(node00000007) (node00000009)] /ModDate (D:20260301101500"
    other = (
        one.replace(b"node00000009", b"node00000012")
        .replace(b"node00000007", b"node00000008")
        .replace(b"1015", b"1116")
    )
    assert without_chance(one) == without_chance(other)
    assert len(without_chance(one)) == len(one)
    assert without_chance(one).startswith(b"/ID (node00000001)>> /ID (node00000002)>>")


def test_the_same_report_gives_the_same_bytes(printer, tmp_path):
    html = sample(tmp_path)
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    first = write_pdf(html, tmp_path / "a.pdf", printer).read_bytes()
    program = (
        "import sys\n"
        f"sys.modules.update({{}} if {printer.name.startswith('WeasyPrint')} else {{'weasyprint': None}})\n"
        "from cxkit.running.pages.pdf import write_pdf\n"
        "write_pdf(open('a.html', encoding='utf-8', newline='').read(), 'b.pdf')"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "b.pdf").read_bytes() == first
    assert write_pdf(html + " ", tmp_path / "c.pdf", printer).read_bytes() != first  # it knows its html


def test_nothing_is_fetched(printer, tmp_path):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def listen():
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                asked.append(1)
                connection.close()

        listener = threading.Thread(target=listen)
        listener.start()
        port = server.getsockname()[1]
        html = f"<html><head><title>T</title></head><body><img src='http://localhost:{port}/a.png'>text</body></html>"
        write_pdf(html, tmp_path / "a.pdf", printer)
        done.set()
        listener.join()
    assert asked == []
    assert "text" in PdfReader(tmp_path / "a.pdf").pages[0].extract_text()


def test_without_a_printer_nothing_is_run(write_notebook, monkeypatch):
    notebook = write_notebook("open('ran', 'w')")
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotebookError, match=r"(?s)WeasyPrint is not installed.*no Chromium.*-m pip install weasyprint"):
        run_notebook(notebook, output=["a.html", "a.pdf"])
    assert not Path("ran").exists()
    assert not Path("a.html").exists()


def test_a_browser_that_fails_is_reported(tmp_path, monkeypatch):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr(shutil, "which", lambda name: str(broken) if name == "chromium" else None)
    (tmp_path / "a.pdf").write_bytes(b"older")
    with pytest.raises(NotebookError, match=r"did not print the report \(exit 3\): no display"):
        write_pdf("<p>x</p>", tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == b"older"


def test_html_and_pdf_come_from_one_run(write_notebook, tmp_path, capsys):
    pytest.importorskip("weasyprint")
    write_notebook("with open('count', 'a') as file:\n    file.write('x')\nprint('number', x + 41)")
    assert main(["run", "lesson.ipynb", "-o", "a.html", "-o", "a.pdf", "-p", "x=2"]) == 0
    assert capsys.readouterr().out.splitlines() == ["a.html", "a.pdf"]
    assert Path("count").read_text(encoding="utf-8") == "x"
    assert "number 43" in Path("a.html").read_text(encoding="utf-8")
    assert "number 43" in PdfReader("a.pdf").pages[0].extract_text()
    digest = hashlib.sha256(Path("a.html").read_bytes()).hexdigest()
    assert read_imprint(Path("a.pdf")) == (find_printer().name, digest)


def test_a_print_of_the_same_report_is_kept(tmp_path, monkeypatch):
    pytest.importorskip("weasyprint")
    report = tmp_path / "a.html"
    report.write_text(sample(tmp_path), encoding="utf-8")
    target = print_beside(report)
    before = target.read_bytes()
    monkeypatch.setattr(pdf, "write_pdf", lambda *_: pytest.fail("printed again"))
    assert print_beside(report) == target
    monkeypatch.undo()
    report.write_text(report.read_text(encoding="utf-8").replace("printed by", "said by"), encoding="utf-8")
    assert print_beside(report).read_bytes() != before


def test_other_endings_are_refused(write_notebook):
    with pytest.raises(NotebookError, match=r"\.html, \.pdf or \.ipynb, not as 'a\.docx'"):
        plan_run(write_notebook("1"), output=["a.html", "a.docx"])
