"""The environment that a report was made in, made again from its manifest, and the report run there.

What moved since then is told apart in this way: what comes out as it was with the libraries and the code of then, and
otherwise with today's, was moved by them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError
from cxkit.files import write_atomically
from cxkit.shipped import PACKAGE

_NOT_INSTALLED = {"python", "cxkit", "pip", "setuptools", "wheel"}
_RUN = (
    "import json, sys; from cxkit.running.run import run_notebook; "
    "run_notebook(sys.argv[1], json.loads(sys.argv[2]), output=sys.argv[3], timeout=float(sys.argv[4]), progress=False)"
)
_LINES_SHOWN = 6


@dataclass(frozen=True)
class Environment:
    """A made environment.

    Attributes
    ----------
    python : Path
        Its interpreter.
    text : str
        What it is, for a sentence.
    """

    python: Path
    text: str


def environment_of(manifest: Mapping[str, Any], commit: str | None = None) -> Environment:
    """Make the environment of a manifest, or find it made before.

    Parameters
    ----------
    manifest : mapping
        Of a crate.
    commit : str, optional
        The commit of cxkit to take, where the manifest names none or another is asked for.

    Raises
    ------
    NotebookError
        If this cxkit is no checkout, the commit is not in it, there is no such Python, or the libraries of then
        cannot be had.
    """
    wanted = commit or manifest.get("code", {}).get("commit")
    if not (PACKAGE.parent / ".git").exists():
        raise NotebookError(
            "To rebuild takes the code of then, and this cxkit is installed without its history. Clone cxkit, and call "
            "`cxkit verify --rebuild` there."
        )
    pins = [f"{name}=={version}" for name, version in manifest["versions"].items() if name not in _NOT_INSTALLED]
    python = _interpreter(manifest["versions"]["python"])
    tree = _tree_of(wanted)
    key = hashlib.sha256(json.dumps([str(python), pins, hashlib.sha256(tree).hexdigest()]).encode()).hexdigest()[:16]
    folder = _shelf() / key
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = (
        f"cxkit of commit {wanted[:10]}"
        if wanted
        else "the last commit of cxkit here, since the crate names none (--commit does)"
    )
    if not (folder / "ready").is_file():
        _make(folder, own, python, pins, tree)
    return Environment(own, f"Python {_version_of(own)}, {len(pins)} libraries as then, and {code}")


def run_there(environment: Environment, notebook: Path, given: Mapping[str, Any], timeout: float, into: Path) -> Path:
    """Run a notebook in that environment, where we are.

    Returns
    -------
    Path
        The crate of its report, in the folder `into`.

    Raises
    ------
    NotebookError
        If it does not run there.
    """
    report = into / "rebuilt.html"
    words = [str(environment.python), "-c", _RUN, str(notebook), json.dumps(dict(given)), str(report), str(timeout)]
    done = subprocess.run(words, env=_own_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotebookError(f"the notebook does not run there:\n{_last_lines(done.stderr)}")
    return report.with_suffix(".crate")


def _shelf() -> Path:
    """Where made environments are kept: the next report of the same versions finds its own."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "cxkit" / "environments"


def _interpreter(version: str) -> Path:
    """A Python of the same minor version, in which the libraries of then can be installed."""
    minor = ".".join(version.split(".")[:2])
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(getattr(sys, "_base_executable", None) or sys.executable)
    found = shutil.which(f"python{minor}")
    if found is None:
        raise NotebookError(
            f"The report was made by Python {version}, and there is no python{minor} here. Install it (python.org, or "
            f"`uv python install {minor}`), so that `python{minor}` is found."
        )
    return Path(found)


def _version_of(python: Path) -> str:
    asked = subprocess.run([str(python), "--version"], capture_output=True, text=True, check=True)
    return asked.stdout.split()[-1]


def _tree_of(commit: str | None) -> bytes:
    """The files of a commit of cxkit, or of the last one, as an archive."""
    command = ["git", "-C", str(PACKAGE.parent), "archive", "--format=tar", commit or "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise NotebookError("To rebuild takes git, which is not installed here.") from None
    except subprocess.CalledProcessError:
        raise NotebookError(
            f"The report was made by commit {commit} of cxkit, which is not in this clone. Fetch it: git fetch --all."
        ) from None


def _make(folder: Path, own: Path, python: Path, pins: list[str], tree: bytes) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _say(f"making the environment of then in {folder}, once")
    _do([str(python), "-m", "venv", *([] if _uv() is None else ["--without-pip"]), str(folder)])
    source = folder / "source"
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        archive.extractall(source, filter="data")
    (folder / "pins.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    installer = [str(own), "-m", "pip"] if _uv() is None else [str(_uv()), "pip"]
    where = [] if _uv() is None else ["--python", str(own)]
    pinned = str(folder / "pins.txt")
    _do([*installer, "install", *where, "--quiet", "-r", pinned, "-c", pinned, str(source)])
    write_atomically(folder / "ready", "")


def _uv() -> Path | None:
    """The fast installer, beside our Python or on the path."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    return None if found is None else Path(found)


def _do(command: list[str]) -> None:
    done = subprocess.run(command, env=_own_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotebookError(f"The environment of then cannot be made here:\n{_last_lines(done.stderr or done.stdout)}")


def _own_environment() -> dict[str, str]:
    """Ours, without what would lead to our own packages."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-_LINES_SHOWN:])


def _say(text: str) -> None:
    sys.stderr.write(f"cxkit: {text}\n")
    sys.stderr.flush()
