"""Which files does a run rest on? Those that its parameters and its code name, data of the kit, and modules beside it.

Names may come from anybody's notebook: a word that happens to be the name of a folder lists nothing, and what is
hashed is bounded.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.errors import CxkitWarning
from cxkit.files import open_regular, sha256_of
from cxkit.running.kernels.modules import modules_beside
from cxkit.running.notebooks.defaults import Code
from cxkit.running.notebooks.notebook import joined, parameters_cell
from cxkit.running.provenance.places import told_path
from cxkit.shipped import datasets_folder

MOST_FILES = 5_000
"""Files of a folder that are hashed; one with more is no input of a report."""
_MOST_BYTES = 64 << 30
_LONGEST_NAME, _LONGEST_OF_KIT = 1000, 100
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_DATA, _INSTRUMENT = "the kit's data set ", "the kit's instrument "
NAMES_OF_KIT = (_DATA, _INSTRUMENT)
_READERS = frozenset({"load_survey", "read_survey", "load_instrument"})


@dataclass(frozen=True)
class Named:
    """What the code of a notebook names: texts, which may be files, and arguments of what reads surveys."""

    texts: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


def named_in(notebook: Mapping[str, Any]) -> Named:
    """Every text in the code of a notebook; a cell that is no plain Python has none.

    What the cell of parameters sets counts by the values of the parameters.
    """
    trees = list(_trees(notebook))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    variables = _variables(nodes)
    read: set[Any] = set()
    for call in nodes:
        if isinstance(call, ast.Call) and _name_of(call.func) in _READERS:
            for given in (*call.args, *(option.value for option in call.keywords)):
                name = given.id if isinstance(given, ast.Name) else ""
                read |= {given.value} if isinstance(given, ast.Constant) else variables.get(name, set())
    return Named(tuple(sorted(texts)), tuple(sorted(one for one in read if isinstance(one, str))))


def _trees(notebook: Mapping[str, Any]) -> Iterator[ast.AST]:
    parameters = parameters_cell(notebook)
    for number, cell in enumerate(notebook["cells"]):
        held = cell.get("metadata", {}).get("tags", [])
        if cell.get("cell_type") == "code" and number != parameters and "injected-parameters" not in held:
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                yield ast.parse(joined(cell["source"]))


def _variables(nodes: Iterable[ast.AST]) -> dict[str, set[Any]]:
    """Which constants the code gives to each name."""
    found: dict[str, set[Any]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                found.setdefault(_name_of(target), set()).add(node.value.value)
    return found


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def input_files(
    parameters: Mapping[str, Any],
    named: Named = Named(),
    modules: Mapping[str, Path] | None = None,
    told: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """The files that a run rests on, by the names under which its crate tells them.

    Parameters
    ----------
    parameters : mapping
        A file that a value names counts; a folder only where the value ends in a separator, with all that is in it.
    named : Named
        Of these texts only files count.
    modules : mapping, optional
        Files of modules beside the notebook, by name.
    told : mapping, optional
        The words that stand for paths outside the folder of the call, where they are known.
    """
    known = dict(told or {})
    found: dict[str, Path] = {}
    for name in sorted(set(named_inputs(parameters.values()))):
        shown = known.get(name) or told_path(name)
        found |= {shown: Path(name)} if Path(name).is_file() else _files_in(shown, Path(name))
    for name in named.texts:
        if is_file(name):
            found[known.get(name) or told_path(name)] = Path(name)
    values = [value for value in texts_of(parameters.values()) if not isinstance(value, Code)]
    for value in (*values, *named.read):
        found |= _of_the_kit(value)
    found |= modules or {}
    return dict(sorted(found.items()))


def modules_in(notebook: Path, folders: Iterable[Path], told: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The files of modules that a notebook imports from these folders, by the names under which a crate tells them.

    The words that stand for their paths are `told` where they are known.
    """
    known = told or {}
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(folders):
        is_outside = folder.is_absolute() and told_path(str(folder / "x")) == "x"
        for name, path in modules_beside(notebook, folder).items():
            found[known.get(str(path)) or (name if is_outside else told_path(str(path)))] = path
    return found


def inputs_of(files: Mapping[str, Path]) -> dict[str, str]:
    """The hash of each file, by name; one that cannot be read is left out, and fails where it is read."""
    found, left = {}, _MOST_BYTES
    for name, path in files.items():
        with suppress(OSError):
            with open_regular(path, most_bytes=left) as file:
                left -= os.fstat(file.fileno()).st_size
            found[name] = sha256_of(path)
    return found


def named_inputs(values: Iterable[Any]) -> Iterator[str]:
    """The texts among parameter values that name a file, or end in a separator and name a folder of bounded size."""
    for value in texts_of(values):
        if isinstance(value, Code):
            continue
        if is_file(value) or (value.endswith(_SEPARATORS) and is_bounded_folder(value)):
            yield value


_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def texts_of(values: Iterable[Any]) -> Iterator[str]:
    """Texts among values, in lists and dictionaries too."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def is_file(name: str) -> bool:
    """Whether a text is the name of a file that exists."""
    try:
        return 0 < len(name) < _LONGEST_NAME and "\0" not in name and Path(name).is_file()
    except (OSError, ValueError):  # text that no file system takes for a name
        return False


def is_bounded_folder(name: str) -> bool:
    """Whether a text names a folder that neither is nor holds the current one, with no more files than are hashed."""
    if not 0 < len(name) < _LONGEST_NAME or "\0" in name:
        return False
    try:
        folder = Path(name).resolve()
        if not folder.is_dir() or Path.cwd().resolve().is_relative_to(folder):
            return False
    except (OSError, RuntimeError):
        return False
    count = 0
    for _, folders, files in os.walk(folder):
        count += len(files) + len(folders)
        if count > MOST_FILES:
            warnings.warn(
                f"'{name}' holds more than {MOST_FILES:,} files: none is recorded.", CxkitWarning, stacklevel=2
            )
            return False
    return True


def _files_in(name: str, folder: Path) -> dict[str, Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"{name.rstrip('/')}/{path.relative_to(folder).as_posix()}": path for path in files}


def _of_the_kit(value: str) -> dict[str, Path]:
    """The files of the kit's data set of that name, with its instrument, and of the instrument of that name."""
    if len(value) > _LONGEST_OF_KIT or not _NAME.fullmatch(value):
        return {}
    folder, found = datasets_folder(), {}
    instrument = value
    if value != "instruments" and (folder / value).is_dir():
        found = _files_in(_DATA + value, folder / value)
        with suppress(OSError, ValueError):
            instrument = str(tomllib.loads((folder / value / "card.toml").read_text("utf-8")).get("instrument", ""))
    file = folder / "instruments" / f"{instrument}.toml"
    return {**found, _INSTRUMENT + instrument: file} if file.is_file() else found
