"""The set-up says a few lines, trusts the system's certificates, and shows why where it fails."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "setup_environment.py"
FAKE = """#!/bin/sh
echo "$0 $*" >> {log}
echo "UV_SYSTEM_CERTS=$UV_SYSTEM_CERTS" >> {log}
case "$*" in
  *"-c "*) echo 172; exit 0;;
  *uv*|*constraints.txt*|*"-e ."*) ;;
  *) exit 0;;
esac
for n in $(seq 172); do echo " + package-$n==1.0"; done
{ending}
"""


@pytest.fixture
def setup(tmp_path, capfd):
    """Run the set-up with installers that only say what real ones say; give its exit status, words, and their calls."""

    def run(uv_ending: str) -> tuple[int, str, str]:
        binaries, log = tmp_path / "env" / "bin", tmp_path / "log"
        binaries.mkdir(parents=True)
        for name, ending in (("python", "exit 0"), ("uv", uv_ending)):
            (binaries / name).write_text(FAKE.format(log=log, ending=ending), encoding="utf-8")
            (binaries / name).chmod(0o755)
        status = runpy.run_path(str(SCRIPT))["main"](tmp_path / "env")
        return status, capfd.readouterr().out, log.read_text(encoding="utf-8")

    return run


def test_it_is_quiet_and_sums_up(setup):
    status, said, calls = setup("exit 0")
    lines = said.splitlines()
    assert status == 0
    assert len(lines) == 5
    assert lines[3] == "cxkit: 172 packages are installed; .venv/bin/pip list names them"
    assert "package-" not in said
    assert "UV_SYSTEM_CERTS=true" in calls
    fetched = next(line for line in calls.splitlines() if "pip install" in line and "uv.txt" in line)
    assert "python -m pip install --require-hashes --no-deps -r " in fetched


def test_where_uv_fails_it_shows_why_and_goes_on_with_pip(setup):
    status, said, calls = setup("echo 'error: invalid peer certificate: UnknownIssuer' >&2; exit 2")
    assert status == 0
    assert "cxkit: uv did not work here:\n  error: invalid peer certificate: UnknownIssuer\n" in said
    assert "python -m pip install --quiet --progress-bar on --require-hashes" in calls


def test_certificates_that_somebody_chose_stay(monkeypatch, tmp_path):
    script = runpy.run_path(str(SCRIPT))
    chosen = {"UV_SYSTEM_CERTS": "false", "REQUESTS_CA_BUNDLE": "own.pem"}
    assert script["with_system_certificates"](chosen) == chosen
    bundle = next((path for path in script["SYSTEM_CERTIFICATES"] if os.path.isfile(path)), None)  # noqa: PTH113
    assert script["with_system_certificates"]({}).get("PIP_CERT") == bundle
