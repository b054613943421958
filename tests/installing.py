"""Environments with cxkit in them, as others have them, with the libraries of this one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip")


def run(*command: object, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a folder, without what tells Python of this environment."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=folder, env={**clean, **(env or {})}, capture_output=True, text=True, check=False)


def done(*command: object, folder: Path) -> str:
    """What a command printed that must succeed."""
    finished = run(*command, folder=folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def the_wheel(folder: Path) -> Path:
    """The wheel of these files, built once a session by whichever of pytest's workers comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("cxkit-*.whl")):
            done(*PIP, "wheel", "--quiet", "--no-build-isolation", "--no-deps", "-w", folder, ROOT, folder=folder)
    (wheel,) = folder.glob("cxkit-*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment with the wheel and the libraries of this one in it; its site-packages."""
    done(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder.parent)
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (own,) = (folder / "lib").glob("python*/site-packages")
    # Hard links cost nothing, and lie in the environment itself: the sandbox shows a notebook no other folder.
    if run("cp", "-al", f"{here}/.", own, folder=folder).returncode != 0:  # on another disk
        done("cp", "-a", f"{here}/.", own, folder=folder)
    for path in [*own.glob("cxkit*"), *own.glob("*cxkit*.pth")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    python = folder / "bin" / "python"
    done(*PIP, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=folder.parent)
    return own


def clone_with_an_environment(folder: Path, wheel: Path) -> Path:
    """What `git clone` and `make setup` give, of the files as they are now, committed or not."""
    listed = done("git", "ls-files", "-co", "--exclude-standard", "-z", folder=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git = ("git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "as it is"]):
        done(*git, *words, folder=folder)
    own = make_environment(folder.with_name("environment"), wheel)
    shutil.rmtree(own / "cxkit")  # the code is the clone's, as pip's --editable has it
    (own / "cxkit.pth").write_text(f"{folder}\n", encoding="utf-8")
    (folder / ".venv").symlink_to(own.parents[2])
    return folder
