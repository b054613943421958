"""A report of the first release: what moved since, and that nothing does with its own libraries and code.

It was made by ``cxkit run lesson.ipynb -o first.html`` at commit 725ccdf. Its executed.ipynb was put in form since, and
its manifest holds the hash of the file as it is here.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.provenance import rebuild
from cxkit.running.provenance.reading import read_manifest
from cxkit.running.provenance.verify import verify_report

FIRST_RELEASE = "725ccdf8"
KEPT = Path(__file__).with_name("first_release")


@pytest.fixture
def report(tmp_path):
    shutil.copytree(KEPT / "first.crate", tmp_path / "then" / "first.crate")
    return Path(shutil.copy(KEPT / "first.crate" / "first.html", tmp_path / "then"))


def test_the_environment_of_then_tells_what_moved_since(report, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    commit = full_commit()
    assert main(["verify", str(report), "--rebuild", "--commit", commit]) == 0
    said = capsys.readouterr().out
    now, then = said.split("first.html ")[1:]
    assert "does NOT come out the same" in now
    # Modification indices were wrong where a candidate shares a cell with a free parameter; r_wg(J) bore another's name
    assert "the value 'largest modification index' moved from 0.973" in now
    assert "the table 'Agreement within groups: r*wg(J)' is no longer there" in now
    assert "chi-square" not in now
    assert "Cronbach" not in now
    assert "  why: libraries or code, which moved all of this since" in now
    assert then.startswith("comes out the same with Python 3.")
    assert f"and cxkit of commit {FIRST_RELEASE}" in then
    assert list((tmp_path / "cache" / "cxkit" / "environments").iterdir())


def full_commit():
    done = subprocess.run(["git", "rev-parse", FIRST_RELEASE], cwd=KEPT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_commit_that_is_not_in_the_clone(report):
    with pytest.raises(NotebookError, match="which is not in this clone"):
        verify_report(report, rebuild=True, commit="0" * 40)


def test_an_installed_package_says_where_to_rebuild(report, monkeypatch, tmp_path):
    monkeypatch.setattr(rebuild, "PACKAGE", tmp_path / "site-packages" / "cxkit")
    with pytest.raises(NotebookError, match="Clone cxkit, and call"):
        verify_report(report, rebuild=True)


def test_another_python_is_named(report):
    manifest = read_manifest(report.with_suffix(".crate"))
    manifest = replace(manifest, versions={**manifest.versions, "python": "3.2.1"})
    with pytest.raises(NotebookError, match=r"made by Python 3\.2\.1, and there is no python3\.2 here"):
        rebuild.environment_of(manifest)
