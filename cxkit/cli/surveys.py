"""Commands on survey files: read one and say what is in it; those that the kit ships."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cxkit
from cxkit.cli.commands import add_command, local_path
from cxkit.errors import Problems, SurveyError

READING = {
    "missing_codes": [], "rename": {}, "header_row": 1, "delimiter": ",", "decimal": ".", "encoding": "utf-8",
    "sheet": None, "kind": "plain", "unfinished": "drop",
}  # fmt: skip
"""What ``check --read`` understands, with the usual values; `read_survey` says what each means."""


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_start(commands)
    _add_describe(commands)
    _add_check(commands)
    _add_datasets(commands)


def _add_start(commands: Any) -> None:
    parser = add_command(commands, "start", start_command, "make a study's folder from a survey file")
    parser.add_argument("folder", metavar="NAME", type=local_path, help="the new folder")
    parser.add_argument("--from", metavar="FILE", dest="data", type=local_path,
                        help="the file of answers, as it was exported (default: synthetic data)")  # fmt: skip
    _add_layout(parser)


def _add_layout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--read", metavar="NAME=VALUE", dest="reading", action="append", default=[],
        help="how to read the file, where needed; repeatable: " + ", ".join(LAYOUT),
    )  # fmt: skip


def start_command(options: argparse.Namespace) -> int:
    """``cxkit start``: a folder with the data, a draft of the instrument, and the notebooks."""
    from cxkit.study import start_study

    study = start_study(options.folder, options.data, **_layout(options.reading))
    print(study.described.text)
    print(f"{study.folder} is made. What to do next stands in {study.folder / 'README.md'}; to begin with:")
    print(shlex.join(["cd", str(study.folder)]))
    print(f"cxkit check data/{shlex.quote(study.described.path.name)} --instrument study.toml")
    for notebook in study.notebooks:
        print(f"cxkit run {notebook} -o {notebook}.html")
    print(*study.not_made, sep="\n", end="\n" * bool(study.not_made))
    return 0


def _add_describe(commands: Any) -> None:
    parser = add_command(commands, "describe", describe_command, "say what a survey file is, and draft its instrument")
    parser.add_argument(
        "data", metavar="DATA", type=local_path, help="the file of answers, as the survey system exports it"
    )
    parser.add_argument("-o", metavar="TOML", dest="output", type=local_path, help="write the draft here")
    _add_layout(parser)


LAYOUT = ("kind", "delimiter", "encoding", "sheet", "header_row")
"""What `cxkit describe --read` understands: how the file is written, not what its cells mean."""


def describe_command(options: argparse.Namespace) -> int:
    """``cxkit describe``: what a file is and what was asked, with a draft of the instrument."""
    described = cxkit.describe_file(options.data, **_layout(options.reading))
    print(described.text)
    if options.output is None:
        print("Add -o study.toml to write the draft.")
        return 0
    print(described.write(options.output))
    print(shlex.join(["cxkit", "check", str(options.data), "--instrument", str(options.output)]))
    return 0


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


def _add_datasets(commands: Any) -> None:
    parser = add_command(commands, "datasets", datasets_command, "list cxkit's data sets, or copy one out")
    parser.add_argument("name", metavar="NAME", nargs="?", help="copy this one")
    parser.add_argument("-o", metavar="FILE_OR_DIR", dest="output", type=local_path, default=Path(),
                        help="where the copy goes (default: NAME.csv)")  # fmt: skip


def datasets_command(options: argparse.Namespace) -> int:
    """``cxkit datasets``: names and titles; with a name, a copy to be read as a file of one's own, and how."""
    from cxkit.survey.datasets import copy_dataset, dataset_card, dataset_names

    if not options.name:
        names = dataset_names()
        width = max(map(len, names), default=0)
        for name in names:
            print(f"{name:<{width}}  {dataset_card(name).title}")
        return 0
    copy, card = copy_dataset(options.name, options.output), dataset_card(options.name)
    columns = {role: one if isinstance(one, str) else one["column"] for role, one in card.respondent.items()}
    roles = [f"-r {shlex.quote(f'{role}={column}')}" for role, column in columns.items()]
    print(copy)
    print(shlex.join(["cxkit", "check", str(copy), "--instrument", card.instrument]), *roles)
    return 0


def _layout(texts: Sequence[str]) -> dict[str, Any]:
    """How the file is written; what its cells mean is refused here."""
    reading = _reading(texts)
    beyond = [name for name in reading if name not in LAYOUT]
    if beyond:
        raise SurveyError(
            f"--read {beyond[0]}=...: only {', '.join(LAYOUT)} are taken here; the rest belongs in the draft."
        )
    return reading


def check_command(options: argparse.Namespace) -> int:
    """``cxkit check``: what is in a survey file, or everything that is wrong with it."""
    roles = _roles(options.roles)
    reading = _reading(options.reading)
    try:
        survey = cxkit.load_survey(options.data, instrument=options.instrument, respondent=roles or None, **reading)
    except SurveyError as error:
        raise SurveyError("\n".join([str(error), *_typed_here(str(error), reading)])) from None
    print(survey.text)
    for question in survey.instrument.open_questions:
        print(f"Open: {question}")
    return 0


def _typed_here(message: str, reading: dict[str, Any]) -> list[str]:
    """The options that a refusal advises in Python's form, as they are typed in a shell, here and for a notebook."""
    advised: dict[str, Any] = {}
    for name, rest in re.findall(rf"(?:as in|say|with) ({'|'.join(READING)})=(.*)", message):
        ends = [end for end in range(len(rest), 0, -1) if rest[end - 1] in "]}'\"0123456789"]
        value = next((value for end in ends if (value := _literal(rest[:end])) is not None), None)
        if value is not None and "<" not in str(value):  # "<column>" is to be filled in
            before = advised.get(name, reading.get(name))
            advised[name] = _added(before, value) if name == "missing_codes" else value
    if not advised:
        return []
    here = " ".join(f"--read {_quoted(f'{name}={value}')}" for name, value in advised.items())
    notebook = _quoted(f"reading={reading | advised}")
    return [f"To say so in a shell, add to cxkit check: {here}", f"and to cxkit run: -p {notebook}"]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None


def _added(before: Any, codes: Any) -> Any:
    """The codes behind those that were given or advised before, which typing the option again would otherwise lose."""
    if not before or isinstance(codes, dict) is not isinstance(before, dict):
        return codes
    if isinstance(codes, dict):
        return {name: [*before.get(name, []), *codes.get(name, [])] for name in {**before, **codes}}
    return [*before, *codes]


def _quoted(text: str) -> str:
    """The text as one word of a command: in double quotes, which Windows knows too, where nothing forbids them."""
    return shlex.quote(text) if set(text) & set('"$`\\!%') else f'"{text}"'


def _reading(texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {}
    from cxkit.running.notebooks.parameters import Parameter, kind_of, parse_parameters

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
