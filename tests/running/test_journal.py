"""The journal: whole lines or none, one writer, nothing lost and nothing twice."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from cxkit.errors import NotebookError
from cxkit.running.jobs.journal import Journal

ABOUT = {"list": "runs.toml", "hash": "abc"}


def test_what_was_recorded_is_there_again(tmp_path):
    with Journal.open(tmp_path / "a" / "journal", about=ABOUT) as journal:
        journal.record("one", {"seconds": 1.5, "words": "é\n"})
        journal.record("two", [1])
        journal.record("one", {"seconds": 2})
    with Journal.open(tmp_path / "a" / "journal", about=ABOUT, resume=True) as again:
        assert again.finished == {"one": {"seconds": 2}, "two": [1]}
        assert journal.finished == again.finished


def test_finished_work_is_not_begun_anew_by_accident(tmp_path):
    with Journal.open(tmp_path / "journal", about=ABOUT) as journal:
        journal.record("one", 1)
    with pytest.raises(NotebookError, match=r"holds 1 finished run\. Go on from there with --resume"):
        Journal.open(tmp_path / "journal", about=ABOUT)


def test_a_journal_without_finished_work_is_no_obstacle(tmp_path):
    Journal.open(tmp_path / "journal", about=ABOUT).close()
    with Journal.open(tmp_path / "journal", about=ABOUT) as journal:
        assert journal.finished == {}


def test_other_work_is_refused_by_name(tmp_path):
    Journal.open(tmp_path / "journal", about=ABOUT).close()
    with pytest.raises(NotebookError, match=r"belongs to a different batch: hash differs\."):
        Journal.open(tmp_path / "journal", about={**ABOUT, "hash": "abd"}, resume=True)


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_line_cut_off_by_a_power_failure_is_dropped_and_the_next_one_is_whole(tmp_path, lost):
    path = tmp_path / "journal"
    with Journal.open(path, about=ABOUT) as journal:
        journal.record("one", 1)
        journal.record("two", 2)
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    with Journal.open(path, about=ABOUT, resume=True) as journal:
        assert journal.finished == {"one": 1}
        journal.record("two", 2)
    assert path.read_bytes() == content


def test_a_last_line_of_zeros_is_dropped(tmp_path):
    """What some file systems leave of a block that never reached the disk."""
    path = tmp_path / "journal"
    with Journal.open(path, about=ABOUT) as journal:
        journal.record("one", 1)
    with path.open("ab") as file:
        file.write(b"\0" * 30)
    with Journal.open(path, about=ABOUT, resume=True) as journal:
        assert journal.finished == {"one": 1}


def test_a_damaged_line_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "journal"
    with Journal.open(path, about=ABOUT) as journal:
        journal.record("one", 1)
        journal.record("two", 2)
    path.write_bytes(path.read_bytes().replace(b'"one"', b'"eno"'))
    with pytest.raises(NotebookError, match="line 2 is damaged, and lines follow it"):
        Journal.open(path, about=ABOUT, resume=True)


def test_two_processes_cannot_write_one_journal(tmp_path):
    journal = Journal.open(tmp_path / "journal", about=ABOUT)
    with pytest.raises(NotebookError, match="is being written by another process"):
        Journal.open(tmp_path / "journal", about=ABOUT, resume=True)
    journal.close()
    Journal.open(tmp_path / "journal", about=ABOUT, resume=True).close()


def test_a_full_disk_leaves_it_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    with Journal.open(path, about=ABOUT) as journal:
        journal.record("one", 1)
        content = path.read_bytes()
        whole = os.pwrite

        def full(descriptor, data, place):
            if len(data) > 10:
                return whole(descriptor, data[:10], place)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", lambda d, data, place: full(d, data[:10], place) if place == len(content) else
                          full(d, b"", place))  # fmt: skip
            with pytest.raises(NotebookError, match="No space left on device"):
                journal.record("two", 2)
        assert path.read_bytes() == content
        journal.record("two", 2)
    with Journal.open(path, about=ABOUT, resume=True) as journal:
        assert journal.finished == {"one": 1, "two": 2}


WRITER = """
import sys
from cxkit.running.jobs.journal import Journal
with Journal.open(sys.argv[1], about={}, resume=True) as journal:
    print("open", flush=True)
    for k in range(len(journal.finished), 100000):
        journal.record(str(k), "x" * (k % 5000))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_again_and_again_it_holds_a_beginning_of_the_work(tmp_path):
    path, before = tmp_path / "journal", 0
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "open\n"
        size = path.stat().st_size
        while path.stat().st_size < size + 20000:
            pass
        writer.kill()
        writer.communicate()
        with Journal.open(path, about={}, resume=True) as journal:
            assert journal.finished == {str(k): "x" * (k % 5000) for k in range(len(journal.finished))}
            assert len(journal.finished) > before
            before = len(journal.finished)
