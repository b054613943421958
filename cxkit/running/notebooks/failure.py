"""What to tell a person whose notebook did not run through: which cell, which line, what it said, what is kept."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from cxkit.running.notebooks.notebook import tags

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAY_RAISE = "raises-exception"
"""The tag of cells whose exceptions are shown on purpose; nbclient goes on after them."""
# sys.exit(), sys.exit(0) and sys.exit(None) end a Python program with the status 0.
_CLEAN = {"", "0", "None"}
_LONGEST_WORDS = 2000
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SYNTAX_PLACE = re.compile(r" \((?:[\w-]+\.py|<[^>]*>), line \d+\)$")
_FRAME = re.compile(r"^\s*Cell In\s?\[(\d+)\], line (\d+)", re.MULTILINE)


def failed_cell(executed: NotebookNode) -> int | None:
    """The index of the first cell that failed, or None.

    A cell fails by an exception, by a display or anything else that shows one, and by a reply that says so without
    showing any, as a magic that does not exist gives. No failure are exceptions that the cell is tagged to raise, and
    SystemExit with the status 0.
    """
    return next((index for index, cell in enumerate(executed.cells) if _has_failed(cell)), None)


def _has_failed(cell: NotebookNode) -> bool:
    if cell.cell_type != "code" or MAY_RAISE in tags(cell):
        return False
    # Of all that papermill writes down, only this flag is set where it happens; its "completed" also stands on cells
    # that never ran, after a time-out.
    is_flagged = cell.metadata.get("papermill", {}).get("exception") is True
    return bool(_failures(cell)) or (is_flagged and ended_cleanly(cell) is None)


def _errors(cell: NotebookNode) -> list[Any]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _failures(cell: NotebookNode) -> list[Any]:
    return [error for error in _errors(cell) if not _is_clean_exit(error)]


def _is_clean_exit(error: Any) -> bool:
    return error.ename == "SystemExit" and error.evalue in _CLEAN


def ended_cleanly(cell: NotebookNode) -> Any | None:
    """The output by which a cell ended its notebook on purpose, with the status 0; None if it did not."""
    if cell.cell_type != "code" or MAY_RAISE in tags(cell):
        return None
    return next((error for error in _errors(cell) if _is_clean_exit(error)), None)


def describe_end(executed: NotebookNode) -> str:
    """Where a notebook ended itself, in words; empty if it went on to its last cell."""
    last = max((index for index, cell in enumerate(executed.cells) if cell.cell_type == "code"), default=-1)
    for index, cell in enumerate(executed.cells):
        if ended_cleanly(cell) is not None and index < last:
            return f"the notebook ended itself in {place_of(executed, index)}; the cells after it did not run."
    return ""


def place_of(executed: NotebookNode, index: int) -> str:
    """Where a cell stands in the notebook as its author sees it, without the cell that the run has added."""
    before = [cell for cell in executed.cells[: index + 1] if "injected-parameters" not in tags(cell)]
    total = sum("injected-parameters" not in tags(cell) for cell in executed.cells)
    if "injected-parameters" in tags(executed.cells[index]):
        return "the parameters set by the caller"
    code = sum(cell.cell_type == "code" for cell in before)
    return f"code cell {code} (cell {len(before)} of {total})"


def describe_exception(executed: NotebookNode, index: int, *, with_parameters: bool = False) -> str:
    """What the failing cell said: its line, the source of that line, the exception and its whole message.

    `with_parameters` adds those that the line names, with their values: whoever set one may not know the line.
    """
    cell = executed.cells[index]
    error = next(iter(_failures(cell)), None)
    if error is None:
        last_words = _last_words(cell)
        return (
            f"{place_of(executed, index)} failed{f':{chr(10)}{last_words}' if last_words else ' without saying why.'}"
        )
    message = _SYNTAX_PLACE.sub("", _ANSI.sub("", error.evalue).strip("\n"))
    said = f"{error.ename}: {message}" if message else error.ename
    line = failing_line(error, cell.execution_count)
    lines = cell.source.splitlines()
    if line is None or not 1 <= line <= len(lines):
        return f"{place_of(executed, index)} failed:\n{said}"
    return (
        f"{place_of(executed, index)} failed in line {line}:\n    {lines[line - 1].strip()}\n{said}"
        f"{_parameters_named(executed, cell.source, line) if with_parameters else ''}"
    )


def _last_words(cell: NotebookNode) -> str:
    """The end of what a cell wrote on standard error: where IPython's own commands say what was wrong with them."""
    text = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
    return _ANSI.sub("", text).strip()[-_LONGEST_WORDS:]


def _parameters_named(executed: NotebookNode, source: str, line: int) -> str:
    """The notebook's parameters in the statement of a line, with their values; nothing if there are none."""
    values = {name: value for cell in executed.cells if _sets_parameters(cell) for name, value in _set_in(cell.source)}
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except SyntaxError:  # a magic of IPython
        return ""
    around = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    if not around:
        return ""
    statement = min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id in values]
    names.sort(key=lambda node: (node.lineno, node.col_offset))
    found = [f"{name} = {shorten(values[name], 60)}" for name in dict.fromkeys(node.id for node in names)]
    return f"\nParameters in that line: {', '.join(found)}." if found else ""


def _sets_parameters(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool({"parameters", "injected-parameters"} & set(tags(cell)))


def _set_in(source: str) -> list[tuple[str, str]]:
    """Names and values of plain assignments, as they are written."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    plain = [node for node in body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    return [(node.targets[0].id, ast.unparse(node.value)) for node in plain if isinstance(node.targets[0], ast.Name)]


def failing_line(error: Any, execution_count: int | None) -> int | None:
    """The innermost line of this cell in the traceback, counted from 1; None if the traceback does not say."""
    text = _ANSI.sub("", "\n".join(error.traceback))
    frames = [(int(count), int(line)) for count, line in _FRAME.findall(text)]
    own = [line for count, line in frames if execution_count is None or count == execution_count]
    return own[-1] if own else None


def describe_timeout(executed: NotebookNode, index: int, timeout: float) -> str:
    """A cell that ran too long: which, and how to give it more time."""
    first = next((line.strip() for line in executed.cells[index].source.splitlines() if line.strip()), "")
    return (
        f"{place_of(executed, index)} ran longer than {timeout:g} s and was stopped:\n    {first}\n"
        "Give it more time with timeout=... (command line: --timeout), or look for an endless loop."
    )


def describe_death(executed: NotebookNode, index: int | None, last_words: str) -> str:
    """A kernel that went away: in which cell, and what its process wrote last."""
    where = "before the first cell" if index is None else f"in {place_of(executed, index)}"
    text = f"the kernel died {where}: out of memory, or a crash in compiled code."
    return f"{text} It last wrote:\n{last_words}" if last_words else text


def kept(partial: Path | None) -> str:
    """Where the notebook up to the failure is."""
    if partial is None:
        return "Nothing was kept, since no output was asked for."
    return f"The notebook up to there is kept in {partial}."
