"""The command that asks what can be run here."""

from __future__ import annotations

import argparse
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command

_SIGNS = {"good": "ok", "limited": "note", "bad": "no"}


def add_to(commands: Any) -> None:
    """Add the command of this module."""
    add_command(commands, "doctor", doctor_command, "what can be run here, and how well is it protected?")


def doctor_command(options: argparse.Namespace) -> int:
    """``cxkit doctor``: what works, what does not, and what to do; exit 1 if something will be refused."""
    from cxkit.running.doctor import examine

    findings = examine()
    indent = " " * 19
    for finding in findings:
        print(f"{_SIGNS[finding.state]:>4}  {finding.subject + ':':<12} {finding.text}")
        if finding.remedy:
            print(f"{indent}-> {finding.remedy}")
    return EXIT_FAILED if any(finding.state == "bad" for finding in findings) else 0
