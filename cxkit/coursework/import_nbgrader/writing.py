"""The files of the new assignment: its description, its source, and the notes on what is left to do."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from cxkit.coursework.assignment.regions import CellType, split
from cxkit.coursework.import_nbgrader.asserts import Asked
from cxkit.coursework.import_nbgrader.cells import Marked
from cxkit.coursework.import_nbgrader.course import Found
from cxkit.coursework.import_nbgrader.questions import Group
from cxkit.running.notebooks.defaults import Code
from cxkit.running.notebooks.notebook import parameters_cell
from cxkit.running.notebooks.parameters import Parameter
from cxkit.running.notebooks.tidy import tidy

_SCHEME = re.compile(
    r"^[ \t]*[=#]*[ \t]*BEGIN MARK SCHEME[ \t=#]*\n(.*?)^[ \t]*[=#]*[ \t]*END MARK SCHEME[ \t=#]*$\n?", re.M | re.S
)


def description(name: str, title: str, groups: Sequence[Group], parameters: Sequence[Parameter]) -> str:
    """assignment.toml, as far as nbgrader's files tell it."""
    lines = [
        f"# Imported from nbgrader. notes.md lists what is left to do.\nid = {_toml(name)}",
        f"title = {_toml(title)}",
        f"points = {sum(one.points for one in groups):.10g}",
    ]
    if parameters:
        lines.append("\n[parameters]")
        lines += [_parameter(one) for one in parameters]
    lines.append(
        "\n# A result that was typed in is found by running the notebook with other values or other rows:\n"
        "# [[held_out]]\n"
        '# id = "a"\n'
        "# parameters = { NAME = VALUE }"
    )
    for one in groups:
        lines.append(_question(one))
    return "\n".join(lines) + "\n"


def _parameter(one: Parameter) -> str:
    """The line that sets a parameter; a reminder where its default is computed, or nothing that TOML could write."""
    line = f"{one.name} = {_toml(one.default)}"
    try:
        tomllib.loads(line)
    except tomllib.TOMLDecodeError:  # None
        is_value = False
    else:
        is_value = not isinstance(one.default, Code)
    told = " ".join(repr(one.default).split())
    return line if is_value else f"# {one.name} = TODO: a value, here and in the notebook, which has {told}"


def _question(one: Group) -> str:
    lines = [
        "\n[[questions]]",
        f"id = {_toml(one.id)}",
        f"title = {_toml(one.title)}",
        f"points = {one.points:.10g}",
        f"kind = {_toml(one.kind)}",
    ]
    if one.kind == "written":
        lines += [
            "\n[[questions.rubric.criteria]]",
            'id = "all"',
            f"points = {one.points:.10g}",
            'text = "TODO: what is looked for"',
        ]
    for name, (asked, points) in one.asked.items():
        lines += ["\n[[questions.answers]]", f"name = {_toml(name)}", *_answer(asked, points)]
    return "\n".join(lines)


def _answer(asked: Asked, points: float) -> list[str]:
    lines = [f"type = {_toml(asked.type)}", f"points = {points:.10g}"]
    lines += [f"absolute = {asked.absolute:.10g}"] if asked.absolute else []
    lines += [f"relative = {asked.relative:.10g}"] if asked.relative else []
    lines += [f"options = {_toml(list(asked.options))}"] if asked.options else []
    return [f"{lines[0]}  # from: {asked.line}", *lines[1:]]


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def source_notebook(notebook: Mapping[str, Any], cells: Sequence[Marked], groups: Sequence[Group]) -> dict[str, Any]:
    """The notebook with cxkit's metadata, without tests."""
    owner = {cell.number: one for one in groups for cell in (*one.solutions, *one.tests)}
    made: list[dict[str, Any]] = []
    for cell, original in zip(cells, notebook["cells"], strict=True):
        one = owner.get(cell.number)
        if one is None:
            made.append(_plain(original, cell.source))
        elif cell.role == "tests":
            if one.made and cell is one.tests[-1]:
                made.append(_code(_calls(one), one.id))
        elif cell.role == "task":
            made += _task(original, cell, one)
        else:
            made.append(_solution(original, cell, one))
    if parameters_cell({"cells": made}) is None:
        made.insert(0, _code("# TODO: parameters, such as the path of the data: name = value", "", ["parameters"]))
    return tidy({**notebook, "cells": made})


def _plain(original: Mapping[str, Any], source: str, cxkit: Mapping[str, Any] | None = None) -> dict[str, Any]:
    metadata = {k: v for k, v in original["metadata"].items() if k not in ("nbgrader", "deletable", "editable")}
    if cxkit:
        metadata["cxkit"] = dict(cxkit)
    return {**original, "source": source, "metadata": metadata}


def _code(source: str, question: str, tags: Sequence[str] = ()) -> dict[str, Any]:
    metadata: dict[str, Any] = {"cxkit": {"question": question}} if question else {}
    if tags:
        metadata["tags"] = list(tags)
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def _calls(one: Group) -> str:
    lines = ["# These results are marked; leave this cell as it is."]
    return "\n".join([*lines, *(f"{name} = {expression}" for name, expression in one.made)])


def _solution(original: Mapping[str, Any], cell: Marked, one: Group) -> dict[str, Any]:
    kind: CellType = "code" if cell.cell_type == "code" else "markdown"
    pieces = split(cell.source, kind, lambda _: None)
    begin, end = _marks(kind)
    if any(piece.is_solution for piece in pieces):
        lines = []
        for piece in pieces:
            inner = [piece.indent + begin, *piece.lines, piece.indent + end] if piece.is_solution else [*piece.lines]
            lines += [] if piece.is_hidden_test else inner
        source = "\n".join(lines)
    else:  # to nbgrader all of it is the solution then
        source = "\n".join([begin, cell.source.rstrip("\n"), end])
    role = {"role": "written"} if one.kind == "written" else {}
    return _plain(original, source, {"question": one.id, **role})


def _marks(kind: CellType) -> tuple[str, str]:
    if kind == "code":
        return "# BEGIN SOLUTION", "# END SOLUTION"
    return "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"


def _task(original: Mapping[str, Any], cell: Marked, one: Group) -> list[dict[str, Any]]:
    """The text that asks, and below it a place for the answer, which nbgrader left to the student."""
    scheme = "\n".join(text.strip("\n") for text in _SCHEME.findall(cell.source + "\n"))
    begin, end = _marks("markdown")
    place = "\n".join([begin, scheme or "TODO: the model answer", end])
    metadata = {"cxkit": {"question": one.id, "role": "written"}}
    return [
        _plain(original, _SCHEME.sub("", cell.source + "\n").rstrip("\n")),
        {"cell_type": "markdown", "source": place, "metadata": metadata},
    ]


def notes(found: Found, groups: Sequence[Group], todo: Sequence[str], still: str) -> str:
    """notes.md: what became of nbgrader's cells, what is left to do, and the tests word for word."""
    rows = [
        f"| `{one.id}` | {one.kind} | {one.points:g} | {', '.join(f'`{name}`' for name in one.asked) or '-'} |"
        for one in groups
    ]
    tests = [
        f"Cell {cell.number} (`{cell.grade_id}`, {cell.points:g} points, question `{one.id}`):\n\n"
        f"```python\n{cell.source.rstrip()}\n```"
        for one in groups
        for cell in one.tests
    ]
    parts = [
        f"# Imported from nbgrader: {found.name}, {found.notebook.name}",
        "For the instructor only; nothing of this is released.",
        "## Left to do",
        "\n".join(f"- [ ] {line}" for line in todo),
        "## What was taken over",
        "\n".join(["| question | kind | points | answers |", "|---|---|---:|---|", *rows]),
        "## What cxkit says to it now",
        f"```\n{still}\n```" if still else "It can be read without a problem; `cxkit release --check` tries it out.",
        "## nbgrader's tests, word for word",
        "\n\n".join(tests) or "There were none.",
    ]
    return "\n\n".join(parts) + "\n"
