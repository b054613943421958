"""Install cxkit and the exact versions of constraints.txt into a virtual environment.

Called by `make` before anything is installed, so with the standard library alone, and in words that an old Python can
still read: it must be able to say that it is too old.
Uses uv where it can be fetched (seconds), pip otherwise (minutes); both check every file against its hash.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOO_OLD = """cxkit needs Python 3.11 or newer; {} is {}.
Name another one: make PYTHON=/path/to/python3.12"""
NO_VENV = """cxkit: this Python cannot make virtual environments: its venv or ensurepip module is missing.
On Debian and Ubuntu: sudo apt install python3-venv. On Fedora: sudo dnf install python3. Then run make again."""
NO_PACKAGES = """cxkit: the packages could not be fetched or installed; the lines above say why.
Without a network they cannot be fetched at all. Behind a proxy set HTTPS_PROXY; with a mirror of your own set
PIP_INDEX_URL and UV_DEFAULT_INDEX. Then run make again: what was fetched is kept."""


def say(line: str) -> None:
    print(f"cxkit: {line}", flush=True)


def run(*command: object, quiet: bool = False) -> bool:
    """Run a command and tell whether it succeeded."""
    silence = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], stdout=silence, stderr=silence, cwd=ROOT) == 0


def main(environment: Path) -> int:
    """Make the environment; the exit status for make."""
    if sys.version_info < (3, 11):
        print(TOO_OLD.format(sys.executable, sys.version.split()[0]))
        return 1
    started = time.monotonic()
    python = environment / "bin" / "python"
    say(f"setting up {environment.name} with Python {sys.version.split()[0]} (only once)")
    is_made = python.exists() and run(python, "-c", "import pip", quiet=True)
    if not is_made and not run(sys.executable, "-m", "venv", environment):
        print(NO_VENV)
        return 1
    if not install(environment, python):
        print(NO_PACKAGES)
        return 1
    (environment / "ready").touch()
    say(f"ready after {time.monotonic() - started:.0f} s")
    return 0


def install(environment: Path, python: Path) -> bool:
    """The locked packages, then cxkit itself, editable."""
    locked = ("--require-hashes", "--no-deps", "-r", "constraints.txt")
    own = ("--no-deps", "-e", ".")
    say("fetching the installer")
    if run(python, "-m", "pip", "install", "--quiet", "uv"):
        uv = environment / "bin" / "uv"
        say("installing the locked packages, each checked against its hash")
        into = ("--python", python)
        if run(uv, "pip", "install", *into, *locked) and run(uv, "pip", "install", "--quiet", *into, *own):
            return True
    say("uv did not work here; installing with pip, which takes some minutes")
    install_with_pip = (python, "-m", "pip", "install", "--progress-bar", "on")
    return run(*install_with_pip, *locked) and run(*install_with_pip, "--quiet", *own)


if __name__ == "__main__":
    try:
        status = main(ROOT / sys.argv[1])
    except KeyboardInterrupt:
        say("interrupted; run make again to go on from here")
        status = 130
    raise SystemExit(status)
