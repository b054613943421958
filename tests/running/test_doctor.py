"""What the doctor finds when something is missing; machines that have everything differ."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata

import pytest

from cxkit.cli import main
from cxkit.running import doctor
from cxkit.running.kernels.forked import TemplateLost
from cxkit.running.sandbox.protection import UNPROTECTED, Protection


def found(subject):
    return next(finding for finding in doctor.examine() if finding.subject == subject)


@pytest.fixture(autouse=True)
def _no_template(monkeypatch):
    """The template takes seconds to come up, and its own tests are elsewhere."""
    monkeypatch.setattr(doctor.Template, "get", lambda: type("Ready", (), {"threads": 1}))
    monkeypatch.setattr(doctor, "broken_claims", lambda laid: {})
    monkeypatch.setattr(doctor, "open_to_strangers", lambda laid: doctor.UNPROTECTED_CLAIMS)


def test_every_subject_once():
    subjects = [finding.subject for finding in doctor.examine()]
    assert subjects == ["Python", "kernels", "sandbox", "memory", "room", "kernelspec", "PDF"]


def test_no_sandbox_is_bad_and_says_what_a_stranger_could_do(monkeypatch, capsys):
    nothing = Protection(None, {"namespaces": "not permitted", "bubblewrap": "bubblewrap is not installed"})
    monkeypatch.setattr(doctor, "find_protection", lambda: nothing)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert UNPROTECTED in said
    assert "namespaces: not permitted; bubblewrap: bubblewrap is not installed" in said
    assert "--accept-no-sandbox" in said
    assert "Tried just now: it could read your files, change your files, use the network." in said


def test_what_cannot_be_done_without_a_sandbox_either_is_not_claimed(monkeypatch):
    monkeypatch.setattr(doctor, "find_protection", lambda: Protection(None, {}))
    monkeypatch.setattr(doctor, "open_to_strangers", lambda laid: ("read your files",))
    said = found("sandbox").text
    assert "it could read your files, and for another reason not change your files, use the network." in said


def test_machine_without_a_kernel_says_that_nothing_was_tried(monkeypatch):
    def lost(laid):
        raise TemplateLost("no kernel")

    monkeypatch.setattr(doctor, "find_protection", lambda: Protection(None, {}))
    monkeypatch.setattr(doctor, "open_to_strangers", lost)
    assert "It could not be tried: no kernel" in found("sandbox").text


def test_second_best_sandbox_says_why_not_the_best(monkeypatch):
    monkeypatch.setattr(doctor, "find_protection", lambda: Protection("bubblewrap", {"namespaces": "not permitted"}))
    finding = found("sandbox")
    assert finding.state == "limited"
    assert finding.text.endswith("(namespaces: not permitted)")


def test_claim_that_does_not_hold_is_said_plainly(monkeypatch):
    monkeypatch.setattr(doctor, "broken_claims", lambda laid: {"see your environment": "it could"})
    finding = found("sandbox")
    assert finding.state == "limited"
    assert "does NOT hold that a notebook cannot see your environment (it could)" in finding.text


def test_trial_that_cannot_be_made_is_bad(monkeypatch):
    def lost(laid):
        raise TemplateLost("no kernel")

    monkeypatch.setattr(doctor, "broken_claims", lost)
    assert found("sandbox").state == "bad"


def test_sandbox_that_is_asked_for_by_name_is_the_one_reported():
    environment = os.environ | {"CXKIT_SANDBOX": "none"}
    command = [sys.executable, "-m", "cxkit.cli", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    assert "no  sandbox:     none: a stranger's notebook runs with all your rights" in done.stdout
    assert "Tried just now: it could read your files, change your files, use the network." in done.stdout


def test_template_that_does_not_come_up_means_ordinary_kernels(monkeypatch):
    def lost():
        raise TemplateLost("The template of the kernels did not come up. It said: no room")

    monkeypatch.setattr(doctor.Template, "get", lost)
    finding = found("kernels")
    assert finding.state == "limited"
    assert finding.text == "ordinary ones: The template of the kernels did not come up. It said: no room"


def test_template_with_threads_is_not_forked(monkeypatch):
    monkeypatch.setattr(doctor.Template, "get", lambda: type("Busy", (), {"threads": 3}))
    finding = found("kernels")
    assert finding.state == "limited"
    assert "has 3 threads" in finding.text


def test_missing_package_is_named(monkeypatch):
    present = metadata.version

    def version(name):
        if name in {"seaborn", "weasyprint"}:
            raise metadata.PackageNotFoundError(name)
        return present(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor.shutil, "which", lambda program: None)
    assert found("Python").state == "bad"
    assert found("Python").text.endswith("without seaborn")
    assert found("PDF").state == "limited"
    assert found("PDF").remedy.endswith("-m pip install weasyprint")


def test_little_memory_and_little_room_are_said(monkeypatch):
    import psutil

    memory = type("Memory", (), {"available": 1 << 20, "total": 1 << 33})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1 << 20}))
    assert found("memory").state == "bad"
    assert "0 contained runs at a time" in found("memory").text
    assert found("room").remedy == "Set TMPDIR to a folder with more room."


def test_kernelspec_is_installed_with_the_package():
    assert found("kernelspec").state == "good"


def test_a_path_without_python_is_no_fault_of_the_kernelspec(monkeypatch, tmp_path):
    """It says "python", for which everybody who starts it takes their own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found("kernelspec").state == "good"


LONG_REASON = """
import os, sys
from cxkit.running.sandbox import probe
def told_at_length(secret, bound):
    bound()
    os.write(3, probe.json.dumps({"leaks": ["do " + "x" * 9000]}).encode() + b"\\n")
probe._try_to_get_out = told_at_length
print(len(probe.main("namespaces")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")
def test_a_reason_of_any_length_comes_through():
    """A longer one than a read took in became a JSONDecodeError."""
    done = subprocess.run([sys.executable, "-c", LONG_REASON], capture_output=True, text=True, check=False)
    if "not permitted" in done.stderr:
        pytest.skip("this machine has no namespaces")
    assert int(done.stdout) > 9000, done.stderr
