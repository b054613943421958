"""Install cxkit and the exact versions of constraints.txt into a virtual environment.

Called by `make` before anything is installed, so with the standard library alone, and in words that an old Python can
still read: it must be able to say that it is too old.
Uses uv where it can be fetched (seconds), pip otherwise (minutes); both check every file against its hash.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LINES_SHOWN = 8
SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
ROOT = Path(__file__).resolve().parent.parent
TOO_OLD = """cxkit needs Python 3.11 or newer; {} is {}.
Name another one: make PYTHON=/path/to/python3.12"""
NO_VENV = """cxkit: this Python cannot make virtual environments: its venv or ensurepip module is missing.
On Debian and Ubuntu: sudo apt install python3-venv. On Fedora: sudo dnf install python3. Then run make again."""
NO_PACKAGES = """cxkit: the packages could not be fetched or installed; the lines above say why.
Without a network they cannot be fetched at all. Behind a proxy set HTTPS_PROXY; if its certificate is refused, name it
with SSL_CERT_FILE and PIP_CERT; with a mirror of your own set PIP_INDEX_URL and UV_DEFAULT_INDEX. Then run make again:
what was fetched is kept."""


def with_system_certificates(environ: "dict[str, str]") -> "dict[str, str]":
    """The environment in which installers believe the certificates that the system believes.

    Proxies of companies open encrypted connections and close them again with a certificate of their own. The system
    knows it; the lists that uv and older versions of pip bring along do not.
    """
    chosen = dict(environ)
    chosen.setdefault("UV_SYSTEM_CERTS", "true")
    bundle = next((path for path in SYSTEM_CERTIFICATES if Path(path).is_file()), None)
    if bundle and not {"PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & set(environ):
        chosen["PIP_CERT"] = bundle
    return chosen


ENV = with_system_certificates(dict(os.environ))


def say(line: str) -> None:
    print(f"cxkit: {line}", flush=True)


def run(*command: object, quiet: bool = False) -> bool:
    """Run a command and tell whether it succeeded."""
    silence = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], stdout=silence, stderr=silence, cwd=ROOT, env=ENV) == 0


def run_quietly(*command: object) -> str:
    """Run a command and give what it said if it failed, else nothing."""
    words = [str(part) for part in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT, env=ENV)
    return "" if done.returncode == 0 else (done.stderr or done.stdout or f"exit status {done.returncode}").strip()


def last_lines(said: str) -> str:
    """The end of what a failed command said: the reason stands there."""
    return "\n".join(f"  {line}" for line in said.splitlines()[-LINES_SHOWN:])


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
    with installer_locked() as path:
        said = run_quietly(python, "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", path)
    if not said:
        uv = environment / "bin" / "uv"
        say(f"installing {count_locked()} locked packages, each checked against its hash")
        into = ("pip", "install", "--python", python)
        said = run_quietly(uv, *into, *locked) or run_quietly(uv, *into, *own)
        if not said:
            say(f"{count_installed(python)} packages are installed; .venv/bin/pip list names them")
            return True
    say(f"uv did not work here:\n{last_lines(said)}")
    say("installing with pip, which takes some minutes")
    install_with_pip = (python, "-m", "pip", "install", "--quiet", "--progress-bar", "on")
    return run(*install_with_pip, *locked) and run(*install_with_pip, *own)


@contextmanager
def installer_locked() -> "Iterator[str]":
    """The lines of constraints.txt that name uv and its hashes, as a file: it is checked like everything else."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("uv=="))
    end = next(place for place, line in enumerate(lines) if place > start and not line.endswith("\\"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uv.txt"
        path.write_text("\n".join(lines[start : end + 1]) + "\n", encoding="utf-8")
        yield str(path)


def count_locked() -> int:
    """How many packages constraints.txt names, some of them for other systems."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return sum("==" in line and not line.startswith((" ", "#")) for line in lines)


def count_installed(python: Path) -> int:
    """How many packages the environment has."""
    ask = "from importlib.metadata import distributions; print(len({d.metadata['Name'] for d in distributions()}))"
    return int(subprocess.check_output([str(python), "-c", ask], text=True))


if __name__ == "__main__":
    try:
        status = main(ROOT / sys.argv[1])
    except KeyboardInterrupt:
        say("interrupted; run make again to go on from here")
        status = 130
    raise SystemExit(status)
