"""The code of a submission as sequences that renaming, other numbers and other comments do not change."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from cxkit.running.notebooks.notebook import joined

# One tokeniser of our own for whole and broken code alike: Python's own stops at the first error, and cuts f-strings
# differently in 3.11 and 3.12, so that one missing bracket or a newer Python would change who resembles whom.
_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<text>[rRbBuUfF]{0,2}(?:
        \"{3}(?:\\.|(?!\"{3}).)*(?:\"{3}|\Z) | '{3}(?:\\.|(?!'{3}).)*(?:'{3}|\Z)
      | \"(?:\\.|[^\"\\\n])*(?:\"|(?=\n)|\Z) | '(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z) ))
  | (?P<number>0[xXbBoO][\da-fA-F_]+ | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?[jJ]?)
  | (?P<name>[^\W\d]\w*)
  | (?P<operator>\*\*=?|//=?|>>=?|<<=?|[-+*/%&|^@=!<>]=|:=|->|\.\.\.|[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)
_KEPT_NAMES = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_NOT_PYTHON = re.compile(
    r"\s*%%(?:bash|sh|html|javascript|js|latex|markdown|svg|perl|ruby|R|cmd|script|writefile)\b", re.IGNORECASE
)
_MAGIC = re.compile(r"^[ \t]*(?:[%!].*|[\w.]+\?{1,2}[ \t]*|\?.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a submission's code.

    Attributes
    ----------
    cell : int
        Which code cell, from 1.
    text : str
        As the student wrote it.
    """

    cell: int
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Code:
    """The code cells of one notebook, as written and in normal form.

    Attributes
    ----------
    lines : tuple of Line
        All of them, in order.
    tokens : array of uint64
        A stable number for each token: keywords, operators, attribute and argument names as they are; every other
        name alike, every number alike, every text alike; no comments.
    token_lines : array of int
        The index in `lines` at which each token begins.
    subtrees : frozenset of int
        Shapes of the statements and larger expressions, without names and values, from the cells that parse.
    unparsable : tuple of int
        The code cells (from 1) that are no valid Python: they have tokens, but no subtrees.
    cut : bool
        Whether there was more than `MOST_TOKENS`, so that its end was not compared.
    """

    lines: tuple[Line, ...]
    tokens: np.ndarray
    token_lines: np.ndarray
    subtrees: frozenset[int]
    unparsable: tuple[int, ...] = ()
    cut: bool = False


SMALLEST_SUBTREE = 10
"""Nodes. Below that a shape is a phrase of the language, such as a call with one argument, and says nothing."""

MOST_TOKENS = 50_000
"""A long notebook of coursework has 5,000. One that is padded to millions must not hold up the class."""

DEEPEST = 200
"""Levels of nesting that are followed in a student's expressions; beyond, a cell counts as unparsable."""


def read_code(notebook: Mapping[str, Any]) -> Code:
    """What does this notebook compute, apart from names, values and comments?

    Parameters
    ----------
    notebook : mapping
        A notebook as plain data. It may be a stranger's: whatever is not a code cell with a text is passed over.

    Returns
    -------
    Code
        Magics and shell lines are left out, and cells in other languages altogether.
    """
    lines: list[Line] = []
    tokens: list[int] = []
    places: list[int] = []
    subtrees: set[int] = set()
    unparsable: list[int] = []
    for number, source in enumerate(_code_cells(notebook), start=1):
        first = len(lines)
        lines.extend(Line(cell=number, text=text) for text in source.split("\n"))
        if _NOT_PYTHON.match(source):
            continue
        if len(tokens) > MOST_TOKENS:
            break
        python = _MAGIC.sub("", source)
        for token, line in islice(_tokens(python), MOST_TOKENS + 1):
            tokens.append(zlib.crc32(token.encode("utf-8", "replace")))
            places.append(first + line)
        try:
            subtrees |= _subtrees(python)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unparsable.append(number)
    return Code(
        lines=tuple(lines),
        tokens=np.array(tokens[:MOST_TOKENS], dtype=np.uint64),
        token_lines=np.array(places[:MOST_TOKENS], dtype=np.int64),
        subtrees=frozenset(subtrees),
        unparsable=tuple(unparsable),
        cut=len(tokens) > MOST_TOKENS,
    )


def _code_cells(notebook: Mapping[str, Any]) -> Iterator[str]:
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            if isinstance(source, str) or (isinstance(source, list) and all(isinstance(s, str) for s in source)):
                yield joined(source).replace("\r\n", "\n").replace("\r", "\n")


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    """Tokens in normal form, each with the line (from 0) on which it begins."""
    found = [match for match in _TOKEN.finditer(source) if match.lastgroup != "comment"]
    line, before, depth = 0, 0, 0
    for index, match in enumerate(found):
        text = match.group()
        line += source.count("\n", before, match.start())
        before = match.start()
        depth = max(0, depth + (text in "([{") - (text in ")]}")) if match.lastgroup == "operator" else depth
        if match.lastgroup == "name":
            previous = found[index - 1].group() if index else ""
            following = found[index + 1].group() if index + 1 < len(found) else ""
            # What belongs to a library cannot be renamed by who copies: attributes and names of arguments.
            kept = text in _KEPT_NAMES or previous == "." or (depth > 0 and following == "=")
            yield (text if kept else "name"), line
        else:
            yield {"text": "'text'", "number": "0"}.get(match.lastgroup or "", text), line


def _subtrees(source: str) -> set[int]:
    """The shapes of all subtrees of at least `SMALLEST_SUBTREE` nodes."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a student's invalid escape is no warning to the instructor
        tree = ast.parse(source)
    found: set[int] = set()
    for statement in tree.body:
        _shape(statement, found, 0)
    return found


def _shape(node: ast.AST, found: set[int], depth: int) -> tuple[int, int]:
    """A stable number for the shape of a subtree, and how many nodes it has."""
    if depth > DEEPEST:
        raise RecursionError
    size, parts = 1, [type(node).__name__, _fixed_name(node)]
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr_context):
            shape, nodes = _shape(child, found, depth + 1)
            parts.append(str(shape))
            size += nodes
    shape = zlib.crc32(" ".join(parts).encode("utf-8", "replace"))
    if size >= SMALLEST_SUBTREE:
        found.add(shape)
    return shape, size


def _fixed_name(node: ast.AST) -> str:
    """The name in a node that who copies cannot change without changing what the code does."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.keyword):
        return node.arg or ""
    if isinstance(node, ast.Name) and node.id in _KEPT_NAMES:
        return node.id
    return ""
