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
from dataclasses import dataclass
from pathlib import Path

from cxkit.errors import NotebookError, reason_of
from cxkit.files import read_regular, sha256_of, write_atomically
from cxkit.running.kernels.modules import modules_beside
from cxkit.running.provenance.again import Work
from cxkit.running.provenance.claims import COMMIT, Manifest
from cxkit.running.untrusted import printable
from cxkit.shipped import PACKAGE

NOT_INSTALLED = {"python", "cxkit", "pip", "setuptools", "wheel"}
_RUN = (
    "import json, sys; from cxkit.running.run import run_notebook; "
    "run_notebook(sys.argv[1], json.loads(sys.argv[2]), output=sys.argv[3], timeout=float(sys.argv[4]), progress=False)"
)
_LINES_SHOWN = 6
_READY = "ready"


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


def environment_of(manifest: Manifest, commit: str | None = None) -> Environment:
    """Make the environment of a manifest, or find it made before.

    Parameters
    ----------
    manifest : Manifest
        Of a crate: checked, since from its versions commands for the installer are made.
    commit : str, optional
        The commit of cxkit to take, where the manifest names none or another is asked for.

    Raises
    ------
    NotebookError
        If this cxkit is no checkout, the commit is none or not in it, there is no such Python, or the libraries of then
        cannot be had.
    """
    if commit is not None and not COMMIT.fullmatch(commit):
        raise NotebookError(f"'{printable(commit)}' is no commit: one has 7 to 40 digits of 0-9 and a-f.")
    wanted = commit or (manifest.code.commit if manifest.code is not None else None)
    if not (PACKAGE.parent / ".git").exists():
        raise NotebookError(
            "To rebuild takes the code of then, and this cxkit is installed without its history. Clone cxkit, and call "
            "`cxkit verify --rebuild` there."
        )
    pins = [f"{name}=={version}" for name, version in manifest.versions.items() if name not in NOT_INSTALLED]
    python = _interpreter(manifest.versions["python"])
    tree = _tree_of(wanted)
    key = hashlib.sha256(json.dumps([str(python), pins, hashlib.sha256(tree).hexdigest()]).encode()).hexdigest()[:16]
    folder = _shelf() / key
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = (
        f"cxkit of commit {wanted[:10]}"
        if wanted
        else "the last commit of cxkit here, since the crate names none (--commit does)"
    )
    try:
        if not _is_as_made(folder):
            _make(folder, own, python, pins, tree)
    except OSError as error:
        raise NotebookError(f"The environment of then cannot be kept in {folder}: {reason_of(error)}.") from None
    return Environment(own, f"Python {_version_of(own)}, {len(pins)} libraries as then, and {code}")


def run_there(environment: Environment, work: Work, timeout: float, into: Path) -> Path:
    """Run a notebook in that environment, where we are, with the modules that lay beside it.

    Returns
    -------
    Path
        The crate of its report, in the folder `into`.

    Raises
    ------
    NotebookError
        If it does not run there.
    """
    report, alone = into / "rebuilt.html", into / "work" / "notebook.ipynb"
    alone.parent.mkdir()
    shutil.copyfile(work.notebook, alone)  # modules in the crate's folder are not the notebook's
    for name, path in modules_beside(work.notebook, work.modules_in).items():
        (alone.parent / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, alone.parent / name)
    given = json.dumps(dict(work.values))
    # -P: where we are in a clone, its cxkit is that of today
    words = [str(environment.python), "-P", "-c", _RUN, str(alone), given, str(report), str(timeout)]
    # Compiled modules are kept apart: the environment stays as it was made, and what lies compiled in it is not used
    own = {**_own_environment(), "PYTHONPYCACHEPREFIX": str(into / "compiled")}
    done = subprocess.run(words, env=own, capture_output=True, text=True, check=False)
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
    command = ["git", "-C", str(PACKAGE.parent), "archive", "--format=tar", "--end-of-options", commit or "HEAD"]
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
    pinned = folder / "pins.txt"
    pinned.write_text("\n".join(pins) + "\n", encoding="utf-8")
    # Building a library runs code of whoever wrote it: a manifest may name any, so that only ready-made ones are taken
    _do([*_install(own), *_WHEELS, "-r", str(pinned), "-c", str(pinned), str(source)])
    write_atomically(folder / _READY, _hash_of_all(folder))


# cxkit is built from the clone; factor-analyzer, which it needs, is published as source alone
_WHEELS = ("--only-binary", ":all:", "--no-binary", "cxkit", "--no-binary", "factor-analyzer")


def _install(own: Path) -> list[str]:
    """The installer's command, for everything in files of its own."""
    uv = _uv()
    if uv is None:
        return [str(own), "-m", "pip", "install", "--quiet"]
    # Not linked to the files of uv's store: what changes one here would change it for every environment
    options = ["--quiet", "--link-mode", "copy"]
    return [str(uv), "pip", "install", "--python", str(own), *options]


def _is_as_made(folder: Path) -> bool:
    """Whether a kept environment still has every file as it was when it was made: a notebook may have changed some."""
    try:
        then = read_regular(folder / _READY, 1 << 10).decode("utf-8", "replace")
    except OSError:
        return False
    return then == _hash_of_all(folder)


def _hash_of_all(folder: Path) -> str:
    """The hash of every file and link beneath a folder, compiled ones too, without the record of this hash."""
    digest = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(place, name)
            if path.is_symlink():
                held = f"link to {path.readlink()}"
            elif path.is_dir() or path == folder / _READY:
                continue
            else:
                held = sha256_of(path)
            digest.update(f"{path.relative_to(folder).as_posix()}\0{held}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


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
