"""Folders among the temporary files: what a killed process left goes, and what a living one has stays."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cxkit.running.temporary import OWNER, PREFIX, OwnFolder, clear_left, own_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")

HOLDER = (
    "import sys, tempfile\ntempfile.tempdir = sys.argv[1]\n"
    "from cxkit.running.temporary import OwnFolder\nfolder = OwnFolder('x-')\n"
    "(folder.path / 'inside').mkdir()\n(folder.path / 'inside' / 'file').write_text('x')\n"
    "print(folder.path, flush=True)\nsys.stdin.read()"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(place):
    """Another process that has a folder."""
    command = [sys.executable, "-c", HOLDER, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.folder = Path(process.stdout.readline().strip())
        yield process
        process.kill()


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(place, other):
    mine = OwnFolder("y-")
    assert clear_left() == 0
    assert (other.folder / "inside" / "file").is_file()
    other.kill()
    other.wait()
    assert (other.folder / "inside" / "file").is_file(), "a killed process clears nothing away"
    assert clear_left() == 1
    assert list(place.iterdir()) == [mine.path]
    mine.remove()
    mine.remove()
    assert list(place.iterdir()) == []


def test_only_folders_of_ones_own_with_the_file_of_an_owner_are_cleared(place):
    """Others may lay out such names: links, files, folders of an earlier version that are still in use."""
    outside = place / "outside"
    outside.mkdir()
    (outside / OWNER).touch()
    (place / f"{PREFIX}link").symlink_to(outside)
    (place / f"{PREFIX}earlier").mkdir()
    (place / f"{PREFIX}file").touch()
    linked = place / f"{PREFIX}owner-link"
    linked.mkdir()
    (linked / OWNER).symlink_to(outside / OWNER)
    before = sorted(place.rglob("*"))
    assert clear_left() == 0
    assert sorted(place.rglob("*")) == before


def test_a_folder_is_gone_after_its_block_whatever_happened_in_it(place):
    def broken():
        with own_folder("z-") as folder:
            assert folder.name.startswith(f"{PREFIX}z-")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert list(place.iterdir()) == []
