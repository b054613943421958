"""How readable is the package? Import circles, density of expressions, comments and sizes, held against limits.

    python tools/house.py            # the figures, and what is beyond a limit
    python tools/house.py --check    # exit 1 if anything is beyond its limit (`make check` runs this)

Imports within functions and under `TYPE_CHECKING` count: a reader who follows them goes round in a circle all the same.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "cxkit"

LIMITS = {
    "import circles": 0,
    "comprehensions and conditional expressions per 100 lines": 10.0,
    "modules over 400 lines": 0,
    "functions over 40 lines": 1,
}
"""What there may be at most. Where the code stands above what we want, the limit is today's figure: it only falls."""

LEAST_COMMENTS = 1.5
"""Comment lines, per cent of lines of code, at least."""

INSTEAD = {
    "independence model": "baseline model",
    "groundwork": "cache",
    "heed": "raise_if_stopped, or what it does",
    "to be had": "available",
    "tells of other work": "belongs to a different batch",
    "is not as asked": "differs from the requested value",
    "at a time cannot be": "jobs must be between",
}
"""Words and phrases that the package does not use, with what it says (the glossary in CONTRIBUTING.md)."""

LONG_MODULE, LONG_FUNCTION = 400, 40
_PRAGMAS = ("fmt:", "noqa", "type:")
_DENSE = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was counted in one module."""

    lines: int
    code: int
    comments: int
    dense: int
    long_functions: tuple[str, ...]


def modules(root: Path = ROOT) -> dict[str, Path]:
    """The package's modules by their dotted names."""
    files = sorted((root / PACKAGE).rglob("*.py"))
    dotted = (".".join(path.relative_to(root).with_suffix("").parts) for path in files)
    return {name.removesuffix(".__init__"): path for name, path in zip(dotted, files, strict=True)}


def imports_of(name: str, tree: ast.AST, known: dict[str, Path]) -> set[str]:
    """Modules of the package that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else node.module)
    return {one for one in found if one in known and one != name}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or by others (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            place = stack.index(name)
            members, stack[place:] = stack[place:], []
            if len(members) > 1:
                found.append(sorted(members))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def import_graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Which module imports which."""
    known = modules(root)
    return {name: imports_of(name, ast.parse(path.read_text("utf-8")), known) for name, path in known.items()}


def _docstring_lines(node: ast.AST) -> int:
    body = getattr(node, "body", None)
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Module)) or not body:
        return 0
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return int(body[0].end_lineno - body[0].lineno + 1)


def _long_functions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 - _docstring_lines(node) > LONG_FUNCTION:
                yield node.name


def figures_of(path: Path) -> Figures:
    """Count one module."""
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    written = [line for line in source.splitlines() if line.strip()]
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not any(word in token.string for word in _PRAGMAS)
    ]
    return Figures(
        lines=len(source.splitlines()),
        code=len(written) - sum(_docstring_lines(node) for node in ast.walk(tree)),
        comments=len(comments),
        dense=sum(isinstance(node, _DENSE) for node in ast.walk(tree)),
        long_functions=tuple(_long_functions(tree)),
    )


def forbidden_words(root: Path = ROOT) -> list[str]:
    """Where the package uses a word that CONTRIBUTING.md replaces, in code, comments or messages."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, INSTEAD))})\b", re.IGNORECASE)
    found = []
    for path in modules(root).values():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for word in pattern.findall(line):
                where = f"{path.relative_to(root)}:{number}"
                found.append(f"{where} says '{word}'; say '{INSTEAD[word.lower()]}'")
    return found


def report(root: Path = ROOT) -> tuple[list[str], list[str]]:
    """The figures in lines, and what is beyond a limit."""
    counted = {name: figures_of(path) for name, path in modules(root).items()}
    code = sum(one.code for one in counted.values())
    comments = 100 * sum(one.comments for one in counted.values()) / code
    rounds = circles(import_graph(root))
    found: dict[str, float] = {
        "import circles": len(rounds),
        "comprehensions and conditional expressions per 100 lines": 100 * sum(o.dense for o in counted.values()) / code,
        "modules over 400 lines": sum(one.lines > LONG_MODULE for one in counted.values()),
        "functions over 40 lines": sum(len(one.long_functions) for one in counted.values()),
    }
    lines = [f"{len(counted)} modules, {code:,} lines of code"]
    lines += [f"{what}: {value:.3g} (at most {LIMITS[what]})" for what, value in found.items()]
    lines.append(f"comment lines: {comments:.2g} % (at least {LEAST_COMMENTS})")
    too_much = [what for what, value in found.items() if value > LIMITS[what]]
    beyond = [f"{what}: {found[what]:.3g}, and at most {LIMITS[what]}" for what in too_much]
    if comments < LEAST_COMMENTS:
        beyond.append(f"comment lines: {comments:.2g} %, and at least {LEAST_COMMENTS}")
    beyond += forbidden_words(root)
    beyond += [f"a circle: {' - '.join(one)}" for one in rounds]
    return lines, beyond


def main() -> int:
    """Print the figures."""
    lines, beyond = report()
    print("\n".join(lines))
    for one in beyond:
        print(f"beyond the limit: {one}", file=sys.stderr)
    return 1 if beyond and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
