"""Where a cell's solution begins and ends, and what stands in its place."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

CellType = Literal["code", "markdown"]

_MARKERS = {
    "code": re.compile(r"(?P<indent>[ \t]*)#+[ \t]*(?P<sense>BEGIN|END)[ \t]+(?P<what>SOLUTION|HIDDEN TESTS)[ \t]*"),
    "markdown": re.compile(
        r"(?P<indent>[ \t]*)(?:<!--|#+)[ \t]*(?P<sense>BEGIN|END)[ \t]+(?P<what>SOLUTION)[ \t]*(?:-->)?[ \t]*"
    ),
}
_ALMOST = {
    "code": re.compile(r"[ \t]*#+[ \t]*(begin|end)\b.{0,12}\bsol\w*", re.IGNORECASE),
    "markdown": re.compile(r"[ \t]*<!--[ \t]*(begin|end)\b.{0,12}\bsol\w*", re.IGNORECASE),
}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A run of lines of a cell.

    Attributes
    ----------
    lines : tuple of str
        Without their ends and without the markers.
    is_solution : bool
        Whether they stand between `BEGIN SOLUTION` and `END SOLUTION`.
    indent : str
        Of the marker that begins them.
    is_hidden_test : bool
        Whether they stand between nbgrader's `BEGIN HIDDEN TESTS` and `END HIDDEN TESTS`.
    """

    lines: tuple[str, ...]
    is_solution: bool = False
    indent: str = ""
    is_hidden_test: bool = False

    @property
    def text(self) -> str:
        """The lines as they stand."""
        return "\n".join(self.lines)


def split(source: str, cell_type: CellType, report: Callable[[str], None]) -> list[Piece]:
    """Which lines of this cell are its solution?

    Parameters
    ----------
    source : str
        The cell's text.
    cell_type : {"code", "markdown"}
        Code marks with `# BEGIN SOLUTION` and `# END SOLUTION`, markdown with `<!-- BEGIN SOLUTION -->` and so on.
    report : callable
        Is told of each problem, such as a region that never ends; the line is in the text.

    Returns
    -------
    list of Piece
        In order; joined they are the cell without its markers.
    """
    marker, almost = _MARKERS[cell_type], _ALMOST[cell_type]
    pieces: list[Piece] = []
    lines: list[str] = []
    began: re.Match[str] | None = None
    began_at = 0
    for number, line in enumerate(source.replace("\r\n", "\n").rstrip("\n").split("\n"), 1):
        match = marker.fullmatch(line)
        if match is None:
            if almost.match(line):
                meant = _written("BEGIN" if "begin" in line.lower() else "END", cell_type)
                report(f"line {number}, '{line.strip()}', looks like a mark of a solution but is none. "
                       f"Write {meant}, nothing else.")  # fmt: skip
            lines.append(line)
        elif match["sense"] == "BEGIN":
            if began is not None:
                report(f"line {number} begins a region within the one that began in line {began_at}. "
                       f"End that one first with {_written('END', cell_type, began['what'])}.")  # fmt: skip
                continue
            pieces.append(Piece(lines=tuple(lines)))
            lines, began, began_at = [], match, number
        elif began is None:
            report(f"line {number} ends a region that never began. Put {_written('BEGIN', cell_type, match['what'])} "
                   "above its first line.")  # fmt: skip
        elif began["what"] != match["what"]:
            report(f"line {number} says END {match['what']}, but line {began_at} began {began['what']}.")
        else:
            pieces.append(_region(lines, began))
            lines, began = [], None
    if began is not None:
        report(f"the region that begins in line {began_at} never ends. "
               f"Put {_written('END', cell_type, began['what'])} below its last line.")  # fmt: skip
        pieces.append(_region(lines, began))
    else:
        pieces.append(Piece(lines=tuple(lines)))
    return [piece for piece in pieces if piece.lines or piece.is_solution]


def _region(lines: Sequence[str], began: re.Match[str]) -> Piece:
    hidden = began["what"] == "HIDDEN TESTS"
    return Piece(lines=tuple(lines), is_solution=not hidden, is_hidden_test=hidden, indent=began["indent"])


def _written(sense: str, cell_type: CellType, what: str = "SOLUTION") -> str:
    return f"'# {sense} {what}'" if cell_type == "code" else f"'<!-- {sense} {what} -->'"


def blank(piece: Piece, answers: Sequence[str]) -> str:
    """What students find in the place of a solution.

    A region at the left margin that sets answers leaves each as `None`, so that an open task does not stop the
    next; any other, such as the body of a function, raises NotImplementedError.
    """
    left = [name for name in answers if name in assigned(piece.text)] if not piece.indent else []
    lines = ["# YOUR CODE HERE", *(f"{name} = None  # YOUR CODE" for name in left)]
    if not left:
        lines.append("raise NotImplementedError")
    return textwrap.indent("\n".join(lines), piece.indent)


def indented(code: str, indent: str) -> str:
    """Code that is written at the left margin, moved to where a region begins; `pass` where there is none."""
    return textwrap.indent(textwrap.dedent(code).strip("\n") or "pass", indent)


def assigned(code: str) -> set[str]:
    """The variables that this code sets outside functions and classes; empty if it is not Python."""
    try:
        tree = ast.parse(textwrap.dedent(code))
    except SyntaxError:
        return set()
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        waiting.extend(ast.iter_child_nodes(node))
    return names
