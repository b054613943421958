"""Commands on survey files: read one and say what is in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import cxkit
from cxkit.cli.commands import add_command
from cxkit.errors import Problems, SurveyError

READING = {
    "missing_codes": [], "rename": {}, "header_row": 1, "delimiter": ",", "decimal": ".", "encoding": "utf-8",
    "sheet": None, "unfinished": "drop",
}  # fmt: skip
"""What ``check --read`` understands, with the usual values; `read_survey` says what each means."""


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_check(commands)


def _add_check(commands: Any) -> None:
    parser = add_command(commands, "check", check_command, "read a survey file and say what is in it or wrong with it")
    parser.add_argument("data", metavar="DATA", help="your file, or the name of a data set of the kit")
    parser.add_argument("--instrument", metavar="NAME_OR_TOML", help="what was asked")
    parser.add_argument(
        "-r", metavar="ROLE=COLUMN", dest="roles", action="append", default=[], help="e.g. level=position; repeatable"
    )
    parser.add_argument(
        "--read", metavar="NAME=VALUE", dest="reading", action="append", default=[],
        help="how to read the file, where needed; repeatable: " + ", ".join(READING),
    )  # fmt: skip


def check_command(options: argparse.Namespace) -> int:
    """``cxkit check``: what is in a survey file, or everything that is wrong with it."""
    roles = _roles(options.roles)
    reading = _reading(options.reading)
    survey = cxkit.load_survey(options.data, instrument=options.instrument, respondent=roles or None, **reading)
    print(survey.text)
    if survey.ledger is not None and survey.ledger.text not in survey.notes:
        print(survey.ledger.text)
    return 0


def _reading(texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {}
    from cxkit.running.parameters import Parameter, kind_of, parse_parameters

    usual: dict[str, Any] = dict(READING)
    if any(text.replace(" ", "").startswith("missing_codes={") for text in texts):
        usual["missing_codes"] = {}  # codes by item or dimension
    known = [Parameter(name=name, default=default, kind=kind_of(default)) for name, default in usual.items()]
    return parse_parameters(texts, known, where="--read")


def _roles(texts: Sequence[str]) -> dict[str, str]:
    problems = Problems("-r")
    roles: dict[str, str] = {}
    for text in texts:
        role, equals, column = text.partition("=")
        if not equals or not role or not column:
            problems.add(f"'{text}' is not of the form role=column")
        elif role in roles:
            problems.add(f"'{role}' is given twice")
        roles[role] = column
    if problems:
        problems.raise_as(SurveyError)
    return roles
