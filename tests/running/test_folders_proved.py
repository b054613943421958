"""A folder comes out the same only if everything in it that looks like a report is one."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cxkit import mime
from cxkit.running.pages.report import index_html, write_report
from cxkit.running.provenance import folder
from cxkit.running.provenance.crate import write_crate
from cxkit.running.provenance.folder import is_index
from cxkit.running.provenance.verify import reports_in, verify_report
from cxkit.running.run import find_session
from tests.running.building import code, executed_run, shown, words


@pytest.fixture
def crates():
    """Two reports with their crates; nothing was run for them."""
    for name in "ab":
        output = shown(text__plain="x")
        output["data"][mime.SESSION] = {
            "data": {"name": name, "n": 5, "synthetic": name == "b"},
            "summary": f"<{name}>",
        }
        run = executed_run(words(f"# Of {name}"), code("x", outputs=[output]), folder=Path())
        run.notebook.write_text("{}")
        run.__dict__["session"] = find_session(run.executed)
        report = write_report(run, f"out/{name}.html", badge="real")
        write_crate(run, report, ended=datetime(2026, 1, 1, tzinfo=UTC))
    return [Path("out/a.crate"), Path("out/b.crate")]


def entries():
    facts = {"a": ["lesson.ipynb", "a, n = 5"], "b": ["lesson.ipynb", "b, n = 5"]}
    told = {"failure": None}
    return [
        told
        | {"title": f"Of {name}", "link": f"{name}.html", "badge": badge, "facts": facts[name], "summary": f"<{name}>"}
        for name, badge in (("b", "synthetic"), ("a", "real"))
    ]


def test_pages_without_a_crate_are_told(crates):
    assert reports_in("out") == crates
    Path("out/forged.html").write_text("<h1>alpha = .99")
    (Path("out/half.crate")).mkdir()
    Path("out/half.html").write_text("x")
    assert reports_in("out") == [*crates, Path("out/forged.html"), Path("out/half.html")]


def test_an_index_is_left_out_if_it_lists_the_reports_and_says_nothing_else(crates):
    index = Path("out/index.html")
    index.write_text(index_html("Reports", entries()), encoding="utf-8")
    assert is_index(index, crates)
    assert reports_in("out") == crates
    whole = index.read_text(encoding="utf-8")
    for one, other in (
        ("n = 5", "n = 500"),
        ("&lt;a&gt;", "alpha = .99"),
        ("</body>", "<p>x</body>"),
        ("a.html", "c.html"),
    ):
        assert one in whole
        index.write_text(whole.replace(one, other, 1), encoding="utf-8")
        assert reports_in("out") == [*crates, index]
    index.write_bytes(b"\xff")
    assert not is_index(index, crates)


def test_an_index_that_lists_a_report_again_and_again_is_none_and_reads_it_no_more_than_once(crates, monkeypatch):
    """Each of a million links read the whole notebook of its crate."""
    read = []
    monkeypatch.setattr(folder, "read_executed", lambda crate: read.append(crate) or {"cells": [], "metadata": {}})
    index = Path("out/index.html")
    index.write_text('<h2><a href="a.html">' * 20_000, encoding="utf-8")
    assert not is_index(index, crates)
    assert len(read) <= len(crates)


def test_an_index_that_is_too_large_is_not_read(crates, monkeypatch, tmp_path):
    index = Path("out/index.html")
    index.touch()
    os.truncate(index, 24 << 30)  # it takes no room on the disk
    assert not is_index(index, crates)
    assert reports_in("out") == [*crates, index]


def test_a_crate_is_that_of_the_page_of_its_own_name(crates):
    shutil.copytree(crates[0], "out/evil.crate")
    Path("out/evil.html").write_text("forged")
    found = verify_report("out/evil.crate")
    assert found.report.name == "evil.html"
    assert "evil.html was changed after the run" in found.text
    assert not found.holds
